//! The workspace as it will be once a plan is carried out: what the directory may refer to, and what goes. Pure.
//!
//! What a plan deletes, or gives another uid or name, explains no reference any more; without this the plan after it
//! would be an error.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::{Rules, Workspace};
use super::{Action, Change, Plan};
use crate::kinds::{self, KINDS};
use crate::model::{Address, Declared, KindName, Recorded, Target};

/// What can be referred to now and cannot be afterwards, each with what becomes of it, in words.
#[must_use]
pub fn leaving(plan: &Plan, live: &Workspace, declared: &[Declared]) -> BTreeMap<Target, String> {
    let changes: BTreeMap<&Address, &Change> = plan.changes().map(|c| (&c.address, c)).collect();
    let declared: BTreeMap<&Address, &Declared> = declared.iter().map(|d| (&d.address, d)).collect();
    let mut leaving = BTreeMap::new();
    let is_named = |kind: KindName| kinds::by_name(kind).facts().named;
    for (address, change) in &changes {
        if matches!(change.action, Action::Delete { .. }) && !is_named(address.kind) {
            leaving.insert(Target::new(address.kind, address.id()), format!("`{address}` is removed by this plan"));
        }
    }
    for kind in KINDS.iter().map(|kind| kind.name()).filter(|kind| is_named(*kind)) {
        let ours = declared.iter().filter(|(a, _)| a.kind == kind);
        let mut stays: BTreeSet<&str> = ours.flat_map(|(a, d)| [a.id(), d.name.as_str()]).collect();
        let mut gone: BTreeMap<&str, String> = BTreeMap::new();
        for one in live.all(kind) {
            let address = Address::live(kind, &one.uid);
            let change = address.as_ref().and_then(|a| changes.get(a));
            let wanted = address.as_ref().and_then(|a| declared.get(a)).filter(|d| d.name != one.title);
            match (change.map(|c| (&c.address, &c.action)), wanted) {
                (Some((address, Action::Delete { .. })), _) => {
                    let words = format!("`{address}` is removed by this plan");
                    gone.insert(&one.uid, words.clone());
                    gone.insert(&one.title, words);
                }
                (Some((address, action)), Some(wanted)) if action.writes() => {
                    let words = format!(
                        "`{address}` gets the name `{}` by this plan, and loses this one",
                        wanted.headline.title
                    );
                    gone.insert(&one.title, words);
                }
                _ => stays.extend([one.uid.as_str(), one.title.as_str()]),
            }
        }
        let gone = gone.into_iter().filter(|(name, _)| !stays.contains(name));
        leaving.extend(gone.map(|(name, words)| (Target::new(kind, name), words)));
    }
    leaving
}

/// Whether an object of the workspace goes with this change: one that the record has and the directory does not.
#[must_use]
pub fn removes(
    kind: KindName,
    uid: &str,
    declared: &[Declared],
    recorded: &BTreeMap<Address, Recorded>,
    rules: &Rules,
) -> bool {
    let Some(address) = Address::live(kind, uid) else { return false };
    declared.iter().all(|d| d.address != address)
        && recorded.get(&address).is_some_and(|r| goes(&address, r, rules))
}

/// Whether a recorded object that the directory does not declare any more is to be deleted, as far as the record tells:
/// it is no answer to an input any more.
fn goes(address: &Address, recorded: &Recorded, rules: &Rules) -> bool {
    let is_kept = recorded.protect && !rules.unprotect.contains(address);
    let is_released = rules.releases(address, recorded);
    !(is_kept || is_released)
}
