//! One document of a file: its value, and where each part of it stands.

use std::ops::Range;

use serde_json::Value;

use super::text::SourceText;
use super::{json, spans, yaml};
use crate::model::{Problem, Spot};

/// One document, with the text that it stands in.
pub(crate) struct Document<'a> {
    /// The file's text.
    pub source: &'a SourceText,
    /// Which document of the file this is, from 0; empty documents do not count.
    pub index: usize,
    /// The value.
    pub value: Value,
    positions: Positions,
}

enum Positions {
    Json,
    Yaml(yaml::Node),
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
    match format {
        Format::Json => {
            let (value, faults) = json::parse(source);
            let documents = value
                .into_iter()
                .map(|value| Document { source, index: 0, value, positions: Positions::Json })
                .collect();
            (documents, faults)
        }
        Format::Yaml => {
            let (values, faults) = yaml::parse(source);
            let documents = values
                .into_iter()
                .enumerate()
                .map(|(index, (value, node))| Document { source, index, value, positions: Positions::Yaml(node) })
                .collect();
            (documents, faults)
        }
    }
}

impl Document<'_> {
    /// The spot of the value at a pointer; of a path that ends early, where it ends.
    pub(crate) fn spot(&self, pointer: &str, label: &str) -> Spot {
        let (_, value) = self.locate(pointer);
        self.source.spot(value, label)
    }

    /// The spot of the key of the member at a pointer; of the value, where there is no key.
    pub(crate) fn key_spot(&self, pointer: &str, label: &str) -> Spot {
        let (key, value) = self.locate(pointer);
        self.source.spot(key.unwrap_or(value), label)
    }

    /// The part of the text that is the value at a pointer, for JSON; none for YAML.
    pub(crate) fn json_text(&self, pointer: &str) -> Option<(&str, Range<usize>)> {
        match self.positions {
            Positions::Json => Some((&self.source.text, self.locate(pointer).1)),
            Positions::Yaml(_) => None,
        }
    }

    fn locate(&self, pointer: &str) -> (Option<Range<usize>>, Range<usize>) {
        match &self.positions {
            Positions::Json => spans::locate(&self.source.text, pointer),
            Positions::Yaml(node) => yaml::locate(node, pointer),
        }
    }
}
