//! What others did to our objects since the last apply: told first, because the reader must decide about it.

use super::delta;
use super::human::{folder, titled};
use super::style::{Style, Tone, clean, minute};
use crate::plan::{Action, Change, Drift, DriftKind, Plan};

/// What others did since the last apply: who, when, and what becomes of it.
#[must_use]
pub fn lines(plan: &Plan, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    for change in plan.changes() {
        let Some(drift) = &change.drift else {
            continue;
        };
        let sign = style.paint(Tone::Outside, "≈");
        lines.push(style.fit(&format!("  {sign} {}{}", change.address, titled(change))));
        lines.extend(style.wrapped("      ", 6, &format!("{}; {}", drifted(drift), answer(change))));
        if let Some(delta) = &drift.delta {
            lines.extend(delta::lines(delta, 6, style));
        }
    }
    if lines.is_empty() {
        return lines;
    }
    let mut out = vec![style.paint(Tone::Strong, "Changed outside amgctl since the last apply:"), String::new()];
    out.extend(lines);
    out.push(String::new());
    out
}

fn drifted(drift: &Drift) -> String {
    let by = clean(&drift.saved.by);
    let at = if drift.saved.at.is_empty() { String::new() } else { format!(", {}", minute(&drift.saved.at)) };
    match &drift.what {
        DriftKind::Changed if by.is_empty() => format!("saved as version {}{at}", drift.version),
        DriftKind::Changed => format!("{by} saved version {}{at}", drift.version),
        DriftKind::Deleted if by.is_empty() => format!("deleted{at}"),
        DriftKind::Deleted => format!("deleted by {by}{at}"),
        DriftKind::Moved(to) => {
            let who = if by.is_empty() { "moved".to_owned() } else { format!("{by} moved it") };
            format!("{who} to {}{at}", folder(to.as_ref()))
        }
    }
}

// What this plan does about it: the reader must decide.
fn answer(change: &Change) -> &'static str {
    match &change.action {
        Action::Create { .. } => "made again below",
        Action::Update { .. } | Action::Replace { .. } | Action::Adopt { .. } => "overwritten below",
        Action::Delete { .. } => "deleted below",
        Action::Release => "released below",
        Action::Forget { .. } => "forgotten below",
        Action::Keep { .. } | Action::LeaveAlone | Action::Renew => "left as it is",
        Action::Refuse(_) => "refused below",
    }
}
