//! One document of a file: its value, and where each part of it stands.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::embedded::Written;
use super::spans::{Located, Outline};
use super::text::SourceText;
use super::walk::STREAM;
use super::{json, yaml};
use crate::model::{Place, Problem, Spot};

/// One document, with the text that it stands in.
pub(crate) struct Document<'a> {
    /// The file's text.
    pub source: &'a SourceText,
    /// Which document of the file this is, from 0; empty documents do not count.
    pub index: usize,
    /// The value.
    pub value: Cow<'a, Value>,
    /// Where it stands, if not in the file itself but in a text of one of the file's documents.
    pub within: Option<Within>,
    /// Whether its value is what its text says.
    pub is_as_written: bool,
    positions: Cow<'a, Positions>,
    /// Where its places stand, where they are those of a part of another document.
    part: Option<PartOf>,
}

/// The part of a document that another one is made of.
#[derive(Clone)]
struct PartOf {
    /// Where the part stands, as a JSON pointer.
    base: String,
    /// What stands in the part's place in the new document, as a JSON pointer.
    at: &'static str,
}

/// The text that a document stands in.
pub(crate) struct Within {
    /// Which document of the file holds the text.
    pub document: usize,
    /// The JSON pointer of the text.
    pub pointer: String,
    /// The text's name, as a file's.
    pub name: String,
}

/// Where the parts of a value stand.
#[derive(Clone)]
pub(crate) enum Positions {
    Json(Arc<Outline>),
    Yaml(Arc<yaml::Node>),
}

/// A document without the text that it stands in.
pub(crate) struct Parsed {
    /// The value.
    pub value: Value,
    positions: Positions,
}

/// How a file is written, by its extension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// `.json`
    Json,
    /// `.yaml`, `.yml`
    Yaml,
}

impl Format {
    /// The format of a file by its name; none when it is none that is read.
    pub(crate) fn of(file: &str) -> Option<Format> {
        if file == STREAM {
            return Some(Format::Yaml);
        }
        let extension = file.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
        match extension.as_str() {
            "json" => Some(Format::Json),
            "yaml" | "yml" => Some(Format::Yaml),
            _ => None,
        }
    }
}

/// The documents of a file, and all that is wrong with its text.
pub(crate) fn read(source: &SourceText, format: Format) -> (Vec<Document<'_>>, Vec<Problem>) {
    let (documents, faults) = parse(source, format);
    (of(source, documents), faults)
}

/// The documents of a text that were parsed before, in order.
pub(crate) fn of(source: &SourceText, parsed: Vec<Parsed>) -> Vec<Document<'_>> {
    let parsed = parsed.into_iter().enumerate();
    let documents = parsed.map(|(index, Parsed { value, positions })| Document {
        source,
        index,
        value: Cow::Owned(value),
        within: None,
        is_as_written: true,
        positions: Cow::Owned(positions),
        part: None,
    });
    documents.collect()
}

/// The same, apart from the text.
pub(crate) fn parse(source: &SourceText, format: Format) -> (Vec<Parsed>, Vec<Problem>) {
    match format {
        Format::Json => {
            let (value, faults) = json::parse(source);
            let parsed = value.map(|value| Parsed { value, positions: Positions::Json(Arc::default()) });
            (parsed.into_iter().collect(), faults)
        }
        Format::Yaml => {
            let (values, faults) = yaml::parse(source);
            let parsed = values
                .into_iter()
                .map(|(value, node)| Parsed { value, positions: Positions::Yaml(Arc::new(node)) });
            (parsed.collect(), faults)
        }
    }
}

/// The values of a file, read with patience for what is not allowed: comments, commas too many and several values in
/// JSON; tags, directives and tabs in YAML. Only to find out whether a file could be ours; none when it cannot be read.
pub(crate) fn read_patiently(source: &SourceText, format: Format) -> Option<Vec<Value>> {
    match format {
        Format::Json => json::parse_patiently(source),
        Format::Yaml => yaml::parse_patiently(source),
    }
}

impl Parsed {
    /// Where the value at a pointer begins in the text.
    pub(crate) fn offset(&self, source: &SourceText, pointer: &str) -> usize {
        located(&self.positions, source, pointer).value.start
    }
}

fn located(positions: &Positions, source: &SourceText, pointer: &str) -> Located {
    match positions {
        Positions::Json(outline) => outline.locate(&source.text, pointer),
        Positions::Yaml(node) => yaml::locate(node, pointer),
    }
}

impl<'a> Document<'a> {
    /// A document that stays where it is kept, which may be asked for again.
    pub(crate) fn kept(source: &'a SourceText, index: usize, parsed: &'a Parsed) -> Document<'a> {
        let (value, positions) = (Cow::Borrowed(&parsed.value), Cow::Borrowed(&parsed.positions));
        Document { source, index, value, within: None, is_as_written: true, positions, part: None }
    }

    /// A document of its own that is made of the part at a pointer, which stands at `at` in it. Its places are those of
    /// the part.
    pub(crate) fn view(&self, base: &str, at: &'static str, value: Value) -> Document<'_> {
        Document {
            source: self.source,
            index: self.index,
            value: Cow::Owned(value),
            within: None,
            is_as_written: false,
            positions: Cow::Borrowed(&*self.positions),
            part: Some(PartOf { base: base.to_owned(), at }),
        }
    }

    /// The place of the value at a pointer.
    pub(crate) fn place(&self, pointer: &str) -> Place {
        self.source.place(self.locate(pointer).value.start)
    }

    /// The path that a uid is derived from: the file's, and below it the name of the text.
    pub(crate) fn path(&self) -> String {
        match &self.within {
            Some(within) => format!("{}/{}", self.source.file, within.name),
            None => self.source.file.to_string(),
        }
    }

    /// Whether it is all that its file holds, as far as is known without looking at what follows.
    pub(crate) fn is_whole_file(&self) -> bool {
        self.index == 0 && self.within.is_none()
    }

    /// The text at a pointer, as the text of a document of its own; places in it are places in this file.
    pub(crate) fn text_at(&self, pointer: &str) -> Option<SourceText> {
        let text = self.value.pointer(pointer)?.as_str()?;
        let Located { value, defined, .. } = self.locate(pointer);
        let written = match *self.positions {
            Positions::Json(_) => Written::in_json(&self.source.text, &value, text),
            Positions::Yaml(_) => Written::in_yaml(&self.source.text, &defined.unwrap_or(value), text),
        };
        Some(self.source.inner(text, written, self.key_spot(pointer, "")))
    }

    /// The spot of the value at a pointer; of a path that ends early, where it ends.
    pub(crate) fn spot(&self, pointer: &str, label: &str) -> Spot {
        let located = self.locate(pointer);
        self.source.spot(located.value.clone(), self.label(&located, label))
    }

    /// The spot of the key of the member at a pointer; of the value, where there is no key.
    pub(crate) fn key_spot(&self, pointer: &str, label: &str) -> Spot {
        let located = self.locate(pointer);
        self.source.spot(located.key.clone().unwrap_or(located.value.clone()), self.label(&located, label))
    }

    // An alias stands at one place and its value at another: both are named.
    fn label(&self, located: &Located, label: &str) -> String {
        match &located.defined {
            Some(defined) if label.is_empty() => {
                format!("its value stands at {}", self.source.place(defined.start))
            }
            Some(_) | None => label.to_owned(),
        }
    }

    /// The part of the text that is the value at a pointer, for JSON; none for YAML.
    pub(crate) fn json_text(&self, pointer: &str) -> Option<(&str, Range<usize>)> {
        match *self.positions {
            Positions::Json(_) if self.is_as_written => {
                Some((self.source.text.as_str(), self.locate(pointer).value))
            }
            Positions::Json(_) | Positions::Yaml(_) => None,
        }
    }

    fn locate(&self, pointer: &str) -> Located {
        if let Some(PartOf { base, at }) = &self.part {
            let below = pointer.strip_prefix(at).filter(|below| below.is_empty() || below.starts_with('/'));
            return located(&self.positions, self.source, &format!("{base}{}", below.unwrap_or(pointer)));
        }
        located(&self.positions, self.source, pointer)
    }
}
