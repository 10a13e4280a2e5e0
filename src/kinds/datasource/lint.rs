//! What people get wrong in the settings of AWS data sources (`amg.md` 4): found before anything is sent.

use serde_json::Value;

use crate::model::Problem;

/// One thing that looks wrong, and the member it is about.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The problem, without a place.
    pub problem: Problem,
    /// The member, as a JSON pointer.
    pub pointer: String,
}

/// Looks at a data source; `major` is the workspace's Grafana version, where it is known.
#[must_use]
pub fn lint(body: &Value, major: Option<u32>) -> Vec<Finding> {
    let _ = (body, major);
    Vec::new()
}
