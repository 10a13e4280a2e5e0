//! What something still uses is not deleted, for kinds of which a server deletes used ones without a word.
//!
//! The apply asks the server again just before each delete; this is what a reader sees beforehand.

use std::collections::BTreeMap;

use super::inputs::Inputs;
use super::wanted::Wanted;
use super::{Action, Change};
use crate::kinds;
use crate::model::Address;

/// Keeps what will still be used after the plan, and lets deletions wait for the writes that let go of them.
pub(super) fn order_or_refuse(
    inputs: &Inputs<'_>,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &mut BTreeMap<Address, Change>,
) {
    let is_deleted = |c: &Change| matches!(c.action, Action::Delete { .. });
    let asked = |address: &Address| kinds::by_name(address.kind).users(&address.key).is_some();
    let deleted: Vec<Address> =
        changes.iter().filter(|(a, c)| is_deleted(c) && asked(a)).map(|(a, _)| a.clone()).collect();
    for address in deleted {
        let found = left(inputs, wanted, changes, &address);
        let Some(change) = changes.get_mut(&address) else { continue };
        match found {
            Ok(letting_go) => change.needs.extend(letting_go),
            Err(because) => {
                change.drift = None;
                change.action = Action::Keep { because };
            }
        }
    }
}

/// The changes that let go of an object; errors say who will still use it.
fn left(
    inputs: &Inputs<'_>,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &BTreeMap<Address, Change>,
    address: &Address,
) -> Result<Vec<Address>, String> {
    let refers = |w: &Wanted<'_>| w.references.iter().any(|to| to.kind == address.kind && to.name == address.id());
    if let Some((user, _)) = wanted.iter().find(|(_, w)| refers(w)) {
        return Err(format!("`{user}` uses it"));
    }
    let users = match inputs.live.users.get(address) {
        Some(Ok(users)) => users,
        Some(Err(why)) => return Err(format!("who uses it could not be told: {why}")),
        None => return Err("who uses it could not be told".into()),
    };
    let lets_go = |user: &Address| changes.get(user).is_some_and(|c| c.action.writes());
    match users.iter().find(|user| !lets_go(user)) {
        Some(user) => Err(format!("`{user}` uses it, and this plan does not change that")),
        None => Ok(users.iter().cloned().collect()),
    }
}
