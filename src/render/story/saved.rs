//! What there is to say of a saved plan besides the plan: what it was made from, by what.

use crate::render::style::clean;
use crate::saved::SavedPlan;

/// One line: `plan of grafana/ at 4f2a9c1d0e3b, by amgctl 0.1.0 (sha256:…)`.
#[must_use]
pub fn about(saved: &SavedPlan, digest: &str) -> String {
    let commit = match saved.commit.get(..12) {
        Some(short) => format!(" at {short}"),
        None if saved.commit.is_empty() => String::new(),
        None => format!(" at {}", saved.commit),
    };
    clean(&format!("Plan of {}{commit}, by amgctl {} ({digest}).", saved.directory.path, saved.tool)).into_owned()
}
