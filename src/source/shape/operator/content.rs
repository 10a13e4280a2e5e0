//! The content of a manifest: a text of its own, from where its manifest says.

use super::fields::Manifest;
use crate::model::{Problem, Spot};
use crate::source::cluster::content::{Fetched, Given, KeyRef, source};
use crate::source::document::{self, Document, Format, Parsed};
use crate::source::spans::escaped;
use crate::source::text::SourceText;

/// A content that was read.
pub(super) struct Content {
    source: SourceText,
    parsed: Parsed,
    /// What it was fetched as, if it was.
    pub fetched: Option<String>,
}

/// Why there is no content.
pub(super) enum Missing {
    /// It is not here yet: what it is, and where it is named.
    Awaited(Box<(Fetched, Spot)>),
    /// What is wrong with it.
    Faults(Vec<Problem>),
}

impl Content {
    /// The document that it is.
    pub(super) fn document(&self) -> Document<'_> {
        Document::kept(&self.source, 0, &self.parsed)
    }
}

/// Reads the content of a manifest.
pub(super) fn content(manifest: &Manifest<'_, '_>) -> Result<Content, Missing> {
    let document = manifest.document;
    let from = source(document, &format!("{}/spec", manifest.base), &manifest.namespace());
    let from = from.map_err(Missing::Faults)?;
    let text = from.text(document, &manifest.cluster.contents, |key| config_map_text(key, manifest));
    let (source, fetched) = match (text, from.fetched()) {
        (Ok(Given::Text(source, fetched)), _) => (source, fetched),
        (Ok(Given::NotAskedFor), Some(fetched)) => {
            return Err(Missing::Awaited(Box::new((fetched.clone(), document.key_spot(&from.pointer, "")))));
        }
        (Ok(Given::NotAskedFor), None) => return Err(Missing::Faults(Vec::new())),
        (Err(problem), _) => return Err(Missing::Faults(vec![*problem])),
    };
    let (parsed, faults) = document::parse(&source, Format::Json);
    match parsed.into_iter().next() {
        Some(parsed) => Ok(Content { source, parsed, fetched }),
        None => Err(Missing::Faults(faults)),
    }
}

/// A text of a ConfigMap; places in it are places of the ConfigMap's file. A problem has not yet the place that names it.
fn config_map_text(at: &KeyRef, manifest: &Manifest<'_, '_>) -> Result<SourceText, Box<Problem>> {
    let KeyRef { namespace, name, key } = at;
    let missing = |message: String| Problem::error("manifest", message);
    let Some(config_map) = manifest.cluster.resource("", "ConfigMap", namespace, name) else {
        let message = format!("there is no ConfigMap `{name}` of the namespace `{namespace}` in the directory");
        return Err(Box::new(missing(message).help("add it to the directory, or write the content below `json`")));
    };
    config_map.text_at(&format!("/data/{}", escaped(key))).ok_or_else(|| {
        let problem = missing(format!("the ConfigMap `{name}` has no text `{key}`"));
        Box::new(match config_map.spot("/data") {
            Some(spot) => problem.spot(spot),
            None => problem,
        })
    })
}
