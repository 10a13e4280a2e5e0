//! Folders are deleted only when nothing is left in them: what the plan knows of what they hold.
//!
//! The apply asks the server again just before each delete; this is what a reader sees beforehand.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use super::wanted::Wanted;
use super::{Action, Change};
use crate::kinds::{self, Kind};
use crate::model::{Address, KindName, Listed};

/// Keeps folders that will not be empty, and lets deletions wait for what leaves them. Children come first.
pub(super) fn order_or_refuse(
    inputs: &Inputs<'_>,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &mut BTreeMap<Address, Change>,
) {
    let deleted: Vec<Address> = changes
        .iter()
        .filter(|(a, c)| {
            kinds::by_name(a.kind).facts().holds.is_some() && matches!(c.action, Action::Delete { .. })
        })
        .map(|(a, _)| a.clone())
        .collect();
    // A folder kept is content of the folder above it, so this is repeated until nothing changes: at most once a level.
    let mut open: BTreeSet<Address> = deleted.into_iter().collect();
    loop {
        let kept: Vec<(Address, String)> = open
            .iter()
            .filter_map(|a| left_in(inputs, wanted, changes, a).map(|because| (a.clone(), because)))
            .collect();
        if kept.is_empty() {
            break;
        }
        for (address, because) in kept {
            open.remove(&address);
            if let Some(change) = changes.get_mut(&address) {
                change.drift = None;
                change.action = Action::Keep { because };
            }
        }
    }
    for address in open {
        let leaving: Vec<Address> =
            inside(inputs, &address).filter(|a| changes.get(a).is_some_and(|c| c.action.writes())).collect();
        if let Some(change) = changes.get_mut(&address) {
            change.needs.extend(leaving);
        }
    }
}

/// What will be left in a folder after the plan, in words; none when it will be empty.
fn left_in(
    inputs: &Inputs<'_>,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &BTreeMap<Address, Change>,
    folder: &Address,
) -> Option<String> {
    if kinds::in_folders().any(|kind| inputs.live.is_unlisted(kind.name())) {
        return Some("what it holds could not be read".into());
    }
    let uid = folder.id();
    if let Some((guest, _)) = wanted.iter().find(|(_, w)| w.parent.as_deref() == Some(uid)) {
        return Some(format!("`{guest}` is declared to be in it"));
    }
    let stays = |kind: KindName, uid: &str| {
        let leaves = Address::live(kind, uid).and_then(|a| changes.get(&a)).is_some_and(|c| match &c.action {
            Action::Delete { .. } => true,
            Action::Update { moved, .. } | Action::Adopt { moved, .. } => moved.is_some(),
            _ => false,
        });
        !leaves
    };
    let named = |title: &str, uid: &str| if title.is_empty() { format!("`{uid}`") } else { format!("\"{title}\"") };
    let left: Vec<String> = kinds::in_folders()
        .flat_map(|kind| held(inputs, kind, uid).map(move |one| (kind, one)))
        .filter(|(kind, one)| stays(kind.name(), &one.uid))
        .map(|(kind, one)| format!("{} {}", kind.facts().singular, named(&one.title, &one.uid)))
        .collect();
    match left.as_slice() {
        [] => None,
        [one] => Some(format!("it holds {one}, which stays")),
        [first, rest @ ..] => Some(format!("it holds {first} and {} more, which stay", rest.len())),
    }
}

fn inside<'a>(inputs: &'a Inputs<'_>, folder: &'a Address) -> impl Iterator<Item = Address> + 'a {
    kinds::in_folders()
        .flat_map(|kind| held(inputs, kind, folder.id()).map(move |one| (kind, one)))
        .filter_map(|(kind, one)| Address::live(kind.name(), &one.uid))
}

/// What of a kind is in a folder, as the workspace is now.
fn held<'a>(
    inputs: &'a Inputs<'_>,
    kind: &dyn Kind,
    folder: &'a str,
) -> impl Iterator<Item = &'a Listed> + use<'a> {
    inputs.live.all(kind.name()).iter().filter(move |one| one.parent.as_deref() == Some(folder))
}
