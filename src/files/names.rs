//! Names of files and directories from titles: the same ones on every machine, and taken by every file system.
//!
//! Titles are anything that somebody typed into a browser: slashes, `CON`, three hundred characters, only dots, two that
//! are equal but for their case. Windows, macOS and Linux disagree about most of them, so the strictest of them counts
//! everywhere: a checkout on any of them is the same directory.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

/// How long the part of a name that comes from a title is, in bytes: with a uid and an extension it stays below the 143
/// bytes that encrypted home directories take.
const LONGEST: usize = 90;

/// How a title becomes a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spelling {
    /// As it stands, as far as that is safe: a directory's name is the title of its folder.
    AsWritten,
    /// Letters and digits in lower case, everything else as `-`.
    Slug,
}

/// One object that is to have a name in a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Named<'a> {
    /// Its title.
    pub title: &'a str,
    /// What tells it apart from others of one title: its uid.
    pub uid: &'a str,
    /// How the title is written.
    pub spelling: Spelling,
    /// The end of the name, as `.json`; empty for directories.
    pub ending: &'a str,
    /// The name where nothing is left of the title.
    pub otherwise: &'a str,
}

/// The names of everything that stands in one directory, in the order in which it was given.
///
/// No two are equal on any file system, and none is one of `taken`. A name depends on what stands beside it, never on
/// the order: whatever would have one name has its uid appended, each of them.
#[must_use]
pub fn assign(named: &[Named<'_>], taken: &[&str]) -> Vec<String> {
    let plain = named.iter().map(|one| (stem(one), one.ending));
    let mut names: Vec<String> = plain.map(|(stem, ending)| format!("{stem}{ending}")).collect();
    for round in 0.. {
        let mut seen: BTreeMap<String, usize> = taken.iter().map(|name| (folded(name), 1)).collect();
        for name in &names {
            *seen.entry(folded(name)).or_default() += 1;
        }
        let clashes: Vec<bool> = names.iter().map(|name| seen[&folded(name)] > 1).collect();
        // Whoever gives one uid twice gets one name twice; there is no more to tell them apart by.
        if round == ROUNDS || !clashes.contains(&true) {
            break;
        }
        for ((name, one), _) in names.iter_mut().zip(named).zip(clashes).filter(|(_, clashes)| *clashes) {
            *name = format!("{}-{}{}", stem(one), apart(one.uid, round), one.ending);
        }
    }
    names
}

/// How often a clash is resolved: by the uid, then by digests of it, where uids differ in their case only or where a
/// title looks like another's title and uid.
const ROUNDS: usize = 4;

// What is appended to a name that another one has, too.
fn apart(uid: &str, round: usize) -> String {
    match round {
        0 => safe(uid),
        _ => hex::encode(&Sha256::digest(format!("{round}\0{uid}").as_bytes())[..8]),
    }
}

fn stem(named: &Named<'_>) -> String {
    let name = match named.spelling {
        Spelling::AsWritten => safe(named.title),
        Spelling::Slug => slug(named.title),
    };
    match &*name {
        "" => named.otherwise.to_owned(),
        name if is_reserved(name) => format!("_{name}"),
        name => name.to_owned(),
    }
}

/// A title as a name, as it stands as far as every file system takes it; empty where nothing is left.
fn safe(title: &str) -> String {
    let replaced: String = title.nfc().map(|c| if is_unsafe(c) { '-' } else { c }).collect();
    // A leading dot hides a file, a leading dash is a flag, `~` a home; Windows drops dots and blanks at the end.
    let start = replaced.trim_start_matches(|c: char| c.is_whitespace() || ".-~".contains(c));
    cut(start).trim_end_matches(|c: char| c.is_whitespace() || ".-".contains(c)).to_owned()
}

fn slug(title: &str) -> String {
    let mut slug = String::new();
    let lower: String = title.nfkc().collect::<String>().to_lowercase();
    for c in lower.nfc() {
        match c {
            // Signs that letters are written with in many scripts count as a part of the letter.
            c if c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    cut(&slug).trim_matches('-').to_owned()
}

// The beginning of a name, between two characters.
fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST)]
}

fn is_unsafe(c: char) -> bool {
    // Beside what file systems refuse: what is invisible, or turns the direction of a line around.
    let invisible = matches!(c, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || invisible || "<>:\"/\\|?*".contains(c)
}

/// Whether Windows takes a name for a device, with any extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_uppercase();
    let is_port = |name: &str| {
        let digit = name.strip_prefix("COM").or_else(|| name.strip_prefix("LPT"));
        digit.is_some_and(|digit| {
            matches!(digit.chars().next(), Some('0'..='9' | '¹' | '²' | '³')) && digit.chars().count() == 1
        })
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&&*stem) || is_port(&stem)
}

/// A name as a file system that tells the fewest names apart sees it. Some that one tells apart are one here, never the
/// other way round.
fn folded(name: &str) -> String {
    name.nfkc().collect::<String>().to_lowercase().to_uppercase().to_lowercase().nfkc().collect()
}
