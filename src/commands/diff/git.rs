//! What git asks of an external diff: one file of a commit, told by its objects where both sides are documents of ours,
//! else line by line. It always ends well, because git stops at a driver that does not.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::side::Side;
use super::{Matching, compared, print};
use crate::commands::{Exit, Failure};
use crate::render::lines;
use crate::render::style::clean;
use crate::terminal::Terminal;

/// One side as git gives it.
struct Blob<'a> {
    file: &'a Path,
    /// Its bytes, or why they cannot be read.
    bytes: Result<Vec<u8>, String>,
    /// Whether it is a file, not the target of a link or the commit of a submodule.
    is_file: bool,
}

impl<'a> Blob<'a> {
    /// None where there is nothing: the file is new, or gone.
    fn of(file: &'a OsStr, hex: &OsStr, mode: &OsStr) -> Option<Blob<'a>> {
        let file = Path::new(file);
        if hex == "." && mode == "." || file == Path::new("/dev/null") {
            return None;
        }
        let is_file = mode.to_str().is_none_or(|mode| !mode.starts_with("120") && !mode.starts_with("160"));
        let bytes = if file.is_dir() { Ok(Vec::new()) } else { std::fs::read(file).map_err(|e| e.to_string()) };
        Some(Blob { file, bytes, is_file })
    }
}

/// Tells how a file differs.
pub fn diff(arguments: &[OsString], terminal: &Terminal) -> Result<Exit, Failure> {
    let name = |path: &OsStr| clean(&path.to_string_lossy()).into_owned();
    let (path, old, new) = match arguments {
        [path] => {
            terminal.print(&format!("* Unmerged path {}", name(path)));
            return Ok(Exit::Done);
        }
        // Of a file that was renamed the new name and what git makes of it follow.
        [path, old, old_hex, old_mode, new, new_hex, new_mode, renamed @ ..] if renamed.len() <= 2 => {
            let path = match renamed.first() {
                Some(to) => format!("{} → {}", name(path), name(to)),
                None => name(path),
            };
            (path, Blob::of(old, old_hex, old_mode), Blob::of(new, new_hex, new_mode))
        }
        _ => {
            return Err(Failure::new(Exit::Usage, "git gives seven arguments to a diff")
                .hint("run `git config diff.amgctl.command \"amgctl diff --git\"`, and let git call it"));
        }
    };
    for blob in [&old, &new].into_iter().flatten() {
        if let Err(why) = &blob.bytes {
            terminal.print(&format!("{path}: a side of it cannot be read: {}", clean(why)));
            return Ok(Exit::Done);
        }
    }
    if !tell_objects(&path, old.as_ref(), new.as_ref(), terminal) {
        let bytes = |blob: &Option<Blob<'_>>| blob.as_ref().and_then(|blob| blob.bytes.clone().ok());
        let (before, after) = (bytes(&old), bytes(&new));
        terminal.print(&lines::difference(&path, before.as_deref(), after.as_deref(), &terminal.out));
    }
    Ok(Exit::Done)
}

/// Tells what differs by objects; says whether that was possible, and all there is to tell.
fn tell_objects(path: &str, old: Option<&Blob<'_>>, new: Option<&Blob<'_>>, terminal: &Terminal) -> bool {
    let mut sides = Vec::new();
    for blob in [old, new] {
        let side = match blob {
            Some(blob) if !blob.is_file => return false,
            Some(blob) => Side::file(blob.file),
            None => Side::nothing(),
        };
        let is_ours = !side.items().is_empty() && side.errors().is_empty() && side.directory.awaited.is_empty();
        if blob.is_some() && !is_ours {
            return false;
        }
        sides.push(side);
    }
    let Ok(sides) = <[Side; 2]>::try_from(sides) else { return false };
    let names = [String::new(), String::new()];
    let Ok(mut comparison) = compared(&sides, Matching::OnlyOnes, names) else { return false };
    comparison.sides = vec![("diff", path.to_owned())];
    if comparison.differing.is_empty() {
        if !is_written_otherwise(old, new) {
            return false;
        }
        comparison.notes.push("it is only written in another way".into());
    } else if sides.iter().any(|side| !side.directory.ignored.is_empty()) {
        comparison.notes.push("it also holds documents that are not amgctl's, which are not compared".into());
    }
    print(&comparison, terminal);
    true
}

/// Whether two JSON texts say the same.
fn is_written_otherwise(old: Option<&Blob<'_>>, new: Option<&Blob<'_>>) -> bool {
    let value =
        |blob: Option<&Blob<'_>>| serde_json::from_slice::<serde_json::Value>(blob?.bytes.as_ref().ok()?).ok();
    value(old).is_some_and(|old| value(new) == Some(old))
}
