//! How two versions of an object differ, in the words of its kind; made by [`crate::kinds`], shown by [`crate::render`].

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What happened to the thing a line of a delta is about. The sign is what a plan prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mark {
    /// `+` it is new.
    Add,
    /// `-` it goes.
    Remove,
    /// `~` it changes.
    Change,
    /// `→` it moves: only its place differs.
    Move,
}

impl Mark {
    /// The sign a plan prints before the line.
    #[must_use]
    pub fn sign(self) -> char {
        match self {
            Mark::Add => '+',
            Mark::Remove => '-',
            Mark::Change => '~',
            Mark::Move => '→',
        }
    }
}

/// One thing that differs: `~ panel "p99 latency" #12`, with what differs inside it below.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What happened to it.
    pub mark: Mark,
    /// What it is: `panel "p99 latency" #12`, `query A`, `threshold`, `jsonData.maxLines`.
    pub label: String,
    /// What it was, already put into words; none when it is new or when that is not worth saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Where in the document, as a JSON pointer: for machines, and for `--verbose`.
    pub pointer: String,
    /// What differs inside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Entry>,
    /// The values themselves, for `--verbose` and machines; none where an entry groups or counts others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Box<Whole>>,
}

/// The two values of an entry as they stand in the documents; none where it is absent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Whole {
    /// What it was.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub before: Option<Value>,
    /// What it becomes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub after: Option<Value>,
}

/// A value that is there, `null` too: what is absent is left out.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Entry {
    /// An entry that says only that something happened to something.
    #[must_use]
    pub fn new(mark: Mark, label: impl Into<String>, pointer: impl Into<String>) -> Entry {
        Entry {
            mark,
            label: label.into(),
            from: None,
            to: None,
            pointer: pointer.into(),
            inside: Vec::new(),
            whole: None,
        }
    }

    /// Says what it was and what it becomes.
    #[must_use]
    pub fn values(mut self, from: Option<String>, to: Option<String>) -> Entry {
        self.from = from;
        self.to = to;
        self
    }

    /// Keeps the values themselves.
    #[must_use]
    pub fn whole(mut self, before: Option<&Value>, after: Option<&Value>) -> Entry {
        self.whole = Some(Box::new(Whole { before: before.cloned(), after: after.cloned() }));
        self
    }

    /// Puts entries inside it.
    #[must_use]
    pub fn with(mut self, inside: Vec<Entry>) -> Entry {
        self.inside = inside;
        self
    }
}

/// All that differs between two versions of an object. Empty entries mean: nothing differs.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delta {
    /// What differs, in the order a reader wants it.
    pub entries: Vec<Entry>,
    /// What stayed, as `38 panels, 4 variables`; empty when that is not worth saying.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unchanged: String,
    /// What a reader must know to understand the entries, as that a browser rewrote the whole document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Delta {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Delta { entries, unchanged: _, notes: _ } = self;
        entries.is_empty()
    }
}
