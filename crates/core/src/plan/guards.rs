//! What stops a plan as a whole, and what it says of the workspace around the stack.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::bind::Bindings;
use super::inputs::Inputs;
use super::{Action, Change, Drift, DriftKind, Goal, Plan, Refusal};
use crate::kinds::{self, KINDS, Kind};
use crate::model::{Address, KindName, Listed};

/// A plan that destroys more than it may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TooMany {
    /// How many objects it would destroy, replacements counted.
    pub destroys: usize,
    /// How many objects the stack has.
    pub of: usize,
    /// How many it may.
    pub allowed: usize,
}

/// The code of the refusal that stands in the place of what would overwrite drift when nobody is asked.
pub const DRIFT: &str = "drift";

/// The code of the refusal that stands in the place of what was reviewed and has moved since.
pub const MOVED: &str = "moved";

/// Refuses what would overwrite what was changed outside, because nobody is asked: what was deleted stays deleted.
///
/// What needs such an object stays planned: an apply skips it with the object's name, and a person who approves the drift
/// gets both.
pub(super) fn refuse_drift(stages: &mut [Vec<Change>]) {
    for change in stages.iter_mut().flatten() {
        let Some(what) = overwritten(change) else { continue };
        change.intent = None;
        change.action = Action::Refuse(Refusal {
            code: DRIFT.into(),
            reason: format!("{what}, and nobody is asked"),
            hint: hint(change.drift.as_ref()).into(),
        });
    }
}

/// Leaves what was changed outside as it is, because it is only to be reported.
///
/// What needs an object that was deleted outside cannot be done without it: that is refused.
pub(super) fn leave_drift(stages: &mut [Vec<Change>]) {
    let mut gone = BTreeSet::new();
    for change in stages.iter_mut().flatten() {
        let Some(what) = overwritten(change) else { continue };
        if matches!(&change.drift, Some(drift) if drift.what == DriftKind::Deleted) {
            gone.insert(change.address.clone());
        }
        change.intent = None;
        change.action = Action::Keep { because: format!("{what}, and changes made outside are only reported") };
    }
    for change in stages.iter_mut().flatten().filter(|change| change.action.writes()) {
        let Some(needed) = change.needs.iter().find(|needed| gone.contains(*needed)) else { continue };
        change.action = Action::Refuse(Refusal {
            code: DRIFT.into(),
            reason: format!("it needs `{needed}`, which was deleted outside and is not made again"),
            hint: hint(None).into(),
        });
        change.intent = None;
    }
}

/// What somebody else did to an object that this change would overwrite.
fn overwritten(change: &Change) -> Option<String> {
    let drift = change.drift.as_ref()?;
    let adopts = matches!(change.action, Action::Adopt { .. });
    let by = if drift.saved.by.is_empty() { String::new() } else { format!(" by {}", drift.saved.by) };
    let what = if drift.what == DriftKind::Deleted { "deleted" } else { "changed" };
    (change.action.writes() || adopts).then(|| format!("it was {what} outside{by}"))
}

fn hint(drift: Option<&Drift>) -> &'static str {
    match drift.map(|drift| &drift.what) {
        Some(DriftKind::Changed | DriftKind::Moved(_)) => {
            "look at the plan, then run apply at a terminal, or with --on-drift overwrite"
        }
        Some(DriftKind::Deleted) | None => {
            "to make it again, run apply at a terminal, or with --on-drift overwrite; else remove it from the directory"
        }
    }
}

/// The most objects that an apply destroys without being told to.
pub const MAX_DESTROY: usize = 10;

/// Whether a plan destroys too much: more than 10 objects, or more than 20 % of the stack's if that is at least 3.
///
/// A destroy is exempt: it asks for the stack's name.
#[must_use]
pub fn too_many(plan: &Plan, recorded: usize, max_destroy: Option<usize>) -> Option<TooMany> {
    if plan.goal == Goal::Destroy {
        return None;
    }
    let destroys = plan.changes().filter(|c| c.action.destroys()).count();
    let share = (recorded / 5).max(2);
    let allowed = max_destroy.unwrap_or(MAX_DESTROY.min(share));
    (destroys > allowed).then_some(TooMany { destroys, of: recorded, allowed })
}

/// What the workspace has that is in no registry and not in the directory, as far as it was listed.
pub(super) fn foreign<'a>(
    inputs: &'a Inputs<'_>,
    bindings: &'a Bindings,
) -> impl Iterator<Item = (KindName, &'a Listed)> {
    let declared: BTreeSet<&Address> = inputs.declared.iter().map(|d| &d.address).collect();
    let is_foreign = move |kind: KindName, uid: &str| match Address::live(kind, uid) {
        Some(address) => {
            !declared.contains(&address)
                && inputs.record.recorded(&address).is_none()
                && !inputs.live.others.contains_key(&address)
                && !address.key.is_reserved()
        }
        None => true,
    };
    let is_bound = |kind: KindName, uid: &str| kind == kinds::CONTAINER && bindings.of_uid(uid).is_some();
    let listed = inputs.live.lists.iter().flat_map(|(kind, list)| list.iter().flatten().map(|one| (*kind, one)));
    listed.filter(move |(kind, one)| !is_bound(*kind, &one.uid) && is_foreign(*kind, &one.uid))
}

/// Counts it, by kind's plural name.
pub(super) fn unmanaged(inputs: &Inputs<'_>, bindings: &Bindings) -> Vec<(Cow<'static, str>, usize)> {
    let mut counts: BTreeMap<KindName, usize> = BTreeMap::new();
    for (kind, _) in foreign(inputs, bindings) {
        *counts.entry(kind).or_default() += 1;
    }
    counts.into_iter().map(|(kind, count)| (kinds::by_name(kind).facts().plural.into(), count)).collect()
}

/// Says when an object that becomes the default one of its kind takes that from one that this plan does not touch.
pub(super) fn default_taken(inputs: &Inputs<'_>, stages: &[Vec<Change>]) -> Option<String> {
    KINDS.iter().find_map(|kind| default_taken_of(inputs, *kind, stages))
}

fn default_taken_of(inputs: &Inputs<'_>, kind: &dyn Kind, stages: &[Vec<Change>]) -> Option<String> {
    let now = inputs.live.all(kind.name()).iter().find(|one| one.is_default)?;
    let becomes = stages.iter().flatten().find(|c| {
        c.address.kind == kind.name()
            && c.address.id() != now.uid
            && c.action.writes()
            && !matches!(c.action, Action::Delete { .. })
            && inputs.bodies.get(&c.address).is_some_and(|body| kind.goes_last(body))
    })?;
    let touched = stages.iter().flatten().any(|c| c.address.id() == now.uid && c.action.writes());
    let found = Address::live(kind.name(), &now.uid).and_then(|address| inputs.live.found.get(&address));
    let name = found.map_or(&now.title, |found| &found.headline.title);
    let singular = kind.facts().singular;
    (!touched).then(|| format!("`{}` becomes the default {singular}; \"{name}\" no longer is", becomes.address))
}

/// Whether an empty directory would take the whole stack down.
#[must_use]
pub fn empties_the_stack(inputs: &Inputs<'_>) -> bool {
    let recorded = inputs.record.there().is_some_and(|ledger| !ledger.objects.is_empty());
    inputs.goal == Goal::Apply
        && recorded
        && inputs.declared.is_empty()
        && inputs.folders.is_empty()
        && inputs.rules.left_alone.is_empty()
        && !inputs.rules.allow_empty
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::dashboard::Dashboard;
    use crate::model::{Headline, RecordState, StackName};
    use crate::plan::{Custody, Precondition};

    /// A plan that deletes so many objects.
    fn deletes(goal: Goal, count: usize) -> Plan {
        let delete = |n: usize| {
            let address = Address::live(Dashboard::NAME, &format!("d{n}")).unwrap();
            Change::new(address, "", Action::Delete { headline: Headline::default() }, Precondition::Nothing)
        };
        Plan {
            goal,
            workspace: String::new(),
            version: String::new(),
            stack: StackName::parse("demo").unwrap(),
            record: RecordState::Absent,
            stages: vec![(0..count).map(delete).collect()],
            unchanged: 0,
            unmanaged: Vec::new(),
            notices: Vec::new(),
            unknown: Vec::new(),
            bindings: Vec::new(),
            custody: Custody::default(),
        }
    }

    #[test]
    fn ten_are_too_many_of_a_large_stack_and_a_fifth_of_a_small_one_and_two_never() {
        for (recorded, most) in [(0, 2), (1, 2), (5, 2), (14, 2), (15, 3), (20, 4), (49, 9), (50, 10), (1000, 10)] {
            let check = |count| too_many(&deletes(Goal::Apply, count), recorded, None);
            assert_eq!(check(most), None, "{most} of {recorded}");
            let refused = TooMany { destroys: most + 1, of: recorded, allowed: most };
            assert_eq!(check(most + 1), Some(refused), "{} of {recorded}", most + 1);
        }
    }

    #[test]
    fn what_was_said_decides_and_a_destroy_asks_otherwise() {
        assert_eq!(too_many(&deletes(Goal::Apply, 40), 40, Some(40)), None);
        assert!(too_many(&deletes(Goal::Apply, 1), 40, Some(0)).is_some());
        assert_eq!(too_many(&deletes(Goal::Destroy, 40), 40, None), None);
    }
}
