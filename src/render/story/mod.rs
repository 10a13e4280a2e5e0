//! What a plan or a run has to say, in which order and in which words, without its setting.
//!
//! A renderer sets a [`Story`] for its readers: [`super::human`] for a terminal, [`super::markdown`] for forges. It decides about lines, columns, colours
//! and escapes; what is said, and of what, stands here. Texts are raw: they may hold any character of a file's or a
//! server's, and are escaped by whoever sets them. How a plan becomes a story stands in [`plan`], how a run does in
//! [`run`].

pub mod diff;
pub mod drift;
pub mod plan;
pub mod run;
pub mod saved;

use std::borrow::Cow;

use crate::model::{Address, Delta, FolderPath};
use crate::report::Act;

/// Everything that is said, section by section.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Story<'p> {
    /// In order; a renderer puts something between two of them.
    pub sections: Vec<Section<'p>>,
}

/// What belongs together.
#[derive(Clone, PartialEq, Debug)]
pub enum Section<'p> {
    /// Where it happens: what it is, and its name.
    Head(Vec<(&'static str, String)>),
    /// Remarks that are all of one sort: `note`, `not known`, `provisional`.
    Remarks {
        /// The sort.
        sort: &'static str,
        /// One each.
        texts: Vec<String>,
    },
    /// Objects under a heading.
    Objects {
        /// The heading, a sentence.
        heading: &'static str,
        /// The objects.
        items: Vec<Item<'p>>,
    },
    /// A sentence that stands by itself.
    Sentence(String),
    /// The counts, in a form that scripts look for: never broken or cut.
    Counts(String),
    /// What became of objects, one line each.
    Outcomes(Vec<Done>),
    /// How a run ended.
    Ending {
        /// `Apply complete!`
        words: String,
        /// Whether all was done.
        is_good: bool,
        /// `Resources: 3 added, 0 changed, 0 destroyed.`
        counts: String,
    },
}

/// What stands before an object: what becomes of it, at a glance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// What is done to it.
    Act(Act),
    /// It is moved, and nothing else.
    Moved,
    /// Somebody else changed it.
    Outside,
    /// It is refused.
    Refused,
    /// Nothing is done to it.
    Nothing,
}

impl Sign {
    /// The sign as it is printed; README has the legend.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Sign::Act(act) => act.sign(),
            Sign::Moved => "→",
            Sign::Outside => "≈",
            Sign::Refused => "!",
            Sign::Nothing => "·",
        }
    }
}

/// One object, several of which the same is said, or a sentence about some.
#[derive(Clone, PartialEq, Debug)]
pub enum Item<'p> {
    /// One object.
    One(Box<ObjectItem<'p>>),
    /// Many, of each of which the same words would be said.
    Many {
        /// What becomes of each.
        sign: Sign,
        /// What they are, in the plural.
        kind: &'static str,
        /// The words.
        text: String,
        /// Their ids, in order.
        names: Vec<String>,
    },
    /// A sentence about objects that are not named.
    Sentence(String),
}

/// What is said of one object.
#[derive(Clone, PartialEq, Debug)]
pub struct ObjectItem<'p> {
    /// What becomes of it.
    pub sign: Sign,
    /// Its address.
    pub address: Address,
    /// Its title; empty where it has none.
    pub title: String,
    /// The folder it is in, where that is worth saying.
    pub folder: Option<String>,
    /// Words beside it, as `adopted`; empty for none.
    pub word: &'static str,
    /// The folders between which it is moved, where it is moved and nothing else.
    pub way: Option<String>,
    /// Whether that is not certain: `(provisional)`.
    pub is_provisional: bool,
    /// Where it stands in the directory, or why it is here.
    pub place: String,
    /// What there is to say of it, in order.
    pub parts: Vec<Part<'p>>,
}

/// A part of what is said of an object.
#[derive(Clone, PartialEq, Debug)]
pub enum Part<'p> {
    /// Its settings, by name.
    Settings(Vec<(Cow<'static, str>, String)>),
    /// What it consists of, in a sentence that may be cut.
    Contents(String),
    /// A sentence.
    Sentence(String),
    /// Why something must be so: a sentence.
    Because(String),
    /// What to do about it.
    Hint(String),
    /// It is moved as well: between which folders.
    Move(String),
    /// How it differs: the plan's own, which can be as large as its documents.
    Differences(&'p Delta),
}

/// What became of one object.
#[derive(Clone, PartialEq, Debug)]
pub struct Done {
    /// What was to be done.
    pub sign: Sign,
    /// Its address.
    pub address: Address,
    /// Its title; empty where it has none.
    pub title: String,
    /// What became of it.
    pub outcome: String,
    /// Whether it was done, and nothing came in between.
    pub is_done: bool,
    /// Where a browser shows it, below the workspace's URL; none where it is gone or has no page.
    pub page: Option<String>,
    /// What is to be known besides.
    pub note: Option<String>,
}

/// A folder as people read it.
pub(crate) fn folder(path: Option<&FolderPath>) -> String {
    path.map_or_else(|| "Dashboards (the root)".to_owned(), ToString::to_string)
}

/// `2026-11-20 16:02 UTC` of a time as servers write it; the text itself when it is none.
#[must_use]
pub fn minute(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..16)) {
        (Some(day), Some("T" | " "), Some(clock)) => {
            let zone = if time.ends_with('Z') { " UTC" } else { "" };
            format!("{day} {clock}{zone}")
        }
        _ => time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::minute;

    #[test]
    fn times_are_told_to_the_minute() {
        assert_eq!(minute("2026-11-20T16:02:11Z"), "2026-11-20 16:02 UTC");
        assert_eq!(minute("yesterday"), "yesterday");
        assert_eq!(minute("é026-11-20T"), "é026-11-20T");
    }
}
