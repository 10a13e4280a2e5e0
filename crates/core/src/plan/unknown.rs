//! What a plan cannot know, because the token it was made with may not read it.
//!
//! A plan that leaves something out without a word is believed: "no changes" of a token that cannot read the record
//! hides every deletion. So each such gap is one sentence of the plan, whatever else it holds.

use super::inputs::Inputs;
use super::{Action, Goal, Plan};
use crate::kinds::KINDS;

/// The code of the refusal of an object that could not be read.
pub const UNREADABLE: &str = "unreadable";

/// What is not known, one sentence without a full stop each.
pub(super) fn unknown(inputs: &Inputs<'_>) -> Vec<String> {
    let mut unknown = Vec::new();
    if inputs.record.is_unknown() {
        unknown.push(match inputs.goal {
            Goal::Apply => {
                "what the stack owns: what left the directory and would be deleted, and what was changed \
                            outside"
                    .to_owned()
            }
            Goal::Destroy => "what the stack owns, and so what would be destroyed".to_owned(),
        });
    }
    if inputs.goal == Goal::Apply {
        let live = inputs.live;
        for facts in KINDS.iter().filter(|kind| live.is_unlisted(kind.name())).map(|kind| kind.facts()) {
            unknown.push(format!("which {} are there: {}", facts.plural, facts.unlisted));
        }
        if !live.seen_in_part.is_empty() {
            let kinds = live.seen_in_part.join(" and ");
            unknown.push(format!("whether there are more {kinds} than this token may read: a new one may exist"));
        }
    }
    match inputs.live.unreadable.len() {
        0 => {}
        1 => unknown.push("whether one object is there, which this token may not read".to_owned()),
        n => unknown.push(format!("whether {n} objects are there, which this token may not read")),
    }
    unknown
}

impl Plan {
    /// Whether an apply would refuse something, for all that is known.
    ///
    /// An object that could not be read by a token that cannot read the record either is not known: another token,
    /// which can apply, may well read it.
    #[must_use]
    pub fn refuses(&self) -> bool {
        let provisional = self.record.is_unknown();
        self.changes().any(|change| match &change.action {
            Action::Refuse(refusal) => !(provisional && refusal.code == UNREADABLE),
            _ => false,
        })
    }

    /// Whether an apply would do something: objects that are kept or left alone are nothing to do, and neither is an
    /// entry of the record that is only renewed.
    #[must_use]
    pub fn does_something(&self) -> bool {
        self.changes().any(|change| match change.action {
            Action::Create { .. }
            | Action::Update { .. }
            | Action::Replace { .. }
            | Action::Adopt { .. }
            | Action::Delete { .. }
            | Action::Release { .. }
            | Action::Forget { .. } => true,
            Action::Keep { .. } | Action::LeaveAlone | Action::Renew | Action::Refuse(_) => false,
        })
    }
}
