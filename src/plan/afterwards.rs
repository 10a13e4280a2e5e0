//! The workspace as it will be once a plan is carried out: what the directory may refer to, and what goes. Pure.
//!
//! What a plan deletes, or gives another uid or name, explains no reference any more; without this the plan after it
//! would be an error.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::{Rules, Workspace};
use super::{Action, Change, Plan};
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::model::{Address, Declared, Owned, Recorded, Target, Uid};

/// What can be referred to now and cannot be afterwards, each with what becomes of it, in words.
#[must_use]
pub fn leaving(plan: &Plan, live: &Workspace, declared: &[Declared]) -> BTreeMap<Target, String> {
    let changes: BTreeMap<&Address, &Change> = plan.changes().map(|c| (&c.address, c)).collect();
    let declared: BTreeMap<&Address, &Declared> = declared.iter().map(|d| (&d.address, d)).collect();
    let mut leaving = BTreeMap::new();
    let mut stays: BTreeSet<&str> = declared
        .iter()
        .filter(|(a, _)| a.kind == Datasource::NAME)
        .flat_map(|(a, d)| [a.id(), d.name.as_str()])
        .collect();
    for one in live.datasources.iter().flatten() {
        let address = Uid::parse(&one.uid).ok().map(|uid| Address::new(Datasource::NAME, uid));
        let change = address.as_ref().and_then(|a| changes.get(a));
        let wanted = address.as_ref().and_then(|a| declared.get(a)).filter(|d| d.name != one.name);
        match (change.map(|c| &c.action), wanted) {
            (Some(Action::Delete { .. }), _) => {
                let words = format!("`datasource.{}` is removed by this plan", one.uid);
                leaving.insert(Target::Datasource(one.uid.clone()), words.clone());
                leaving.insert(Target::Datasource(one.name.clone()), words);
            }
            (Some(action), Some(wanted)) if action.writes() => {
                let words = format!(
                    "`datasource.{}` gets the name `{}` by this plan, and loses this one",
                    one.uid, wanted.headline.title
                );
                leaving.insert(Target::Datasource(one.name.clone()), words);
            }
            _ => stays.extend([one.uid.as_str(), one.name.as_str()]),
        }
    }
    for (address, change) in &changes {
        if let Some(uid) = address.key.uid().filter(|_| address.kind == Folder::NAME)
            && matches!(change.action, Action::Delete { .. })
        {
            let words = format!("`{address}` is removed by this plan");
            leaving.insert(Target::Folder(uid.clone()), words);
        }
    }
    leaving.retain(|target, _| match target {
        Target::Datasource(name) => !stays.contains(name.as_str()),
        Target::Folder(_) | Target::LibraryPanel(_) => true,
    });
    leaving
}

/// Whether a data source of the workspace goes with this change: one that the record has and the directory does not.
#[must_use]
pub fn removes(uid: &str, declared: &[Declared], recorded: &BTreeMap<Address, Recorded>, rules: &Rules) -> bool {
    let Ok(uid) = Uid::parse(uid) else { return false };
    let address = Address::new(Datasource::NAME, uid);
    declared.iter().all(|d| d.address != address)
        && recorded.get(&address).is_some_and(|r| goes(&address, r, rules))
}

/// Whether a recorded object that the directory does not declare any more is to be deleted, as far as the record tells:
/// it is no answer to an input any more.
fn goes(address: &Address, recorded: &Recorded, rules: &Rules) -> bool {
    let is_kept = recorded.protect && !rules.unprotect.contains(address);
    let is_released = recorded.how == Owned::Adopted && !rules.delete_adopted;
    !(is_kept || is_released)
}
