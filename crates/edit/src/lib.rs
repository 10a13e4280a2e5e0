//! Edits values in texts of JSON and YAML: what does not change of a value does not change in its text.
//!
//! A text is parsed into a tree that knows where each part of it stands (`json`, `yaml`). What is declared and what
//! is wanted are compared along that tree (`patch`), and each difference becomes the replacement of a few bytes; a text
//! that stands inside another one is edited inside (`within`). The result is parsed again, and a text that does not say
//! what is wanted is never given out. Three versions of a value are merged in `merge`, items of lists matched by what
//! names them in `matching`.
//!
//! The parser is the one that reads the directory (`granit-parser`), so that nothing is read in two ways and a value that
//! came from elsewhere is known; the edits are byte ranges, and whatever the layout rules get wrong is caught by parsing the
//! result. Syntax trees of other crates were not measured against it.

mod json;
pub mod matching;
pub mod merge;
mod patch;
mod render;
mod tree;
mod within;
mod yaml;

#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;

pub use merge::{Clash, Merged, merge};

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML of one or more documents.
    Yaml,
}

/// How numbers are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Numbers {
    /// As 64-bit floats.
    Float,
    /// Integers exactly, the rest as floats.
    Exact,
}

/// Where the value stands that is edited.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Which document of the text, from 0; empty ones do not count.
    pub document: usize,
    /// The text in that document that it stands in, if it does.
    pub text: Option<Inside<'a>>,
    /// Its JSON pointer, in that text or in the document.
    pub pointer: &'a str,
}

/// A text that is a value of a document.
#[derive(Clone, Copy, Debug)]
pub struct Inside<'a> {
    /// The JSON pointer of the text.
    pub pointer: &'a str,
    /// How it is written.
    pub format: Format,
    /// Which document of it, from 0.
    pub document: usize,
}

/// What became of a text.
#[derive(Clone, PartialEq, Debug)]
pub struct Edited {
    /// The text with everything that could be edited.
    pub text: String,
    /// What could not be, in the order of the text. Their values are as they were.
    pub held: Vec<Held>,
}

/// A difference that the text cannot take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Where it is, as a JSON pointer in what is declared.
    pub pointer: String,
    /// Why.
    pub why: Why,
    /// Where it stands in the text, in bytes.
    pub at: Range<usize>,
    /// What is written there, its first line.
    pub written: String,
}

/// Why a text cannot take a difference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Why {
    /// What is written there is not the value itself, but says where it comes from.
    Elsewhere,
    /// It is an alias of a value that stands elsewhere.
    Alias,
    /// It has an anchor, and aliases that would change with it.
    Anchor,
    /// A merge key brought it.
    MergeKey,
    /// It has a tag.
    Tag,
}

/// Why a text was not edited at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// It could not be read.
    Unread,
    /// The value does not stand where it should.
    NotThere,
    /// It would not say what is wanted: its layout is none that edits are known for.
    Layout,
}

/// Edits a text so that the value at a site, which amounts to `declared`, amounts to `wanted`.
///
/// What a text says besides (its members that are not declared, comments, layout) stays. A value that is written in other
/// words than it is declared (it came from elsewhere) is left and is in [`Edited::held`] if it should change.
pub fn edit(
    text: &str,
    format: Format,
    site: &Site<'_>,
    declared: &Value,
    wanted: &Value,
    numbers: Numbers,
) -> Result<Edited, Unfit> {
    // A byte order mark is no part of what is read, and stays where it is.
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let edited = match &site.text {
        None => {
            patch::patch(body, format, site.document, site.pointer, declared, wanted, numbers)?.into_edited(body)
        }
        Some(inside) => within::patch(body, format, site, inside, declared, wanted, numbers)?,
    };
    let held = edited.held.into_iter().map(|held| {
        let at = held.at.start + mark.len()..held.at.end + mark.len();
        Held { at, ..held }
    });
    Ok(Edited { text: format!("{mark}{}", edited.text), held: held.collect() })
}

/// Whether two values are equal as a server stores them.
#[must_use]
pub fn same(a: &Value, b: &Value, numbers: Numbers) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b
                || match (numbers, a.is_f64() || b.is_f64()) {
                    (Numbers::Exact, false) => false,
                    (Numbers::Exact, true) | (Numbers::Float, _) => a.as_f64() == b.as_f64(),
                }
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, numbers))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b, numbers)))
        }
        _ => a == b,
    }
}

/// The JSON pointer of a member or an item.
#[must_use]
pub fn below(base: &str, part: &str) -> String {
    format!("{base}/{}", part.replace('~', "~0").replace('/', "~1"))
}

/// The parts of a JSON pointer.
fn parts(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"))
}
