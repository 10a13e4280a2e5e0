//! Folders are deleted only when nothing is left in them: what the plan knows of what they hold.
//!
//! The apply asks the server again just before each delete; this is what a reader sees beforehand.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use super::wanted::Wanted;
use super::{Action, Change};
use crate::kinds::dashboard::Dashboard;
use crate::kinds::folder::Folder;
use crate::model::{Address, KindName, Uid};

/// Keeps folders that will not be empty, and lets deletions wait for what leaves them. Children come first.
pub(super) fn settle(
    inputs: &Inputs<'_>,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &mut BTreeMap<Address, Change>,
) {
    let deleted: Vec<Address> = changes
        .iter()
        .filter(|(a, c)| a.kind == Folder::NAME && matches!(c.action, Action::Delete { .. }))
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
    let (Some(dashboards), Some(folders)) = (&inputs.live.dashboards, &inputs.live.folders) else {
        return Some("what it holds could not be read".into());
    };
    let uid = folder.id();
    if let Some((guest, _)) = wanted.iter().find(|(_, w)| w.parent.as_deref() == Some(uid)) {
        return Some(format!("`{guest}` is declared to be in it"));
    }
    let stays = |kind: KindName, uid: &str| {
        let address = Uid::parse(uid).ok().map(|uid| Address::new(kind, uid));
        let leaves = address.and_then(|a| changes.get(&a)).is_some_and(|c| match &c.action {
            Action::Delete { .. } => true,
            Action::Update { moved, .. } | Action::Adopt { moved, .. } => moved.is_some(),
            _ => false,
        });
        !leaves
    };
    let named = |title: &str, uid: &str| if title.is_empty() { format!("`{uid}`") } else { format!("\"{title}\"") };
    let mut left: Vec<String> = dashboards
        .iter()
        .filter(|d| d.parent.as_deref() == Some(uid) && stays(Dashboard::NAME, &d.uid))
        .map(|d| format!("dashboard {}", named(&d.title, &d.uid)))
        .collect();
    left.extend(
        folders
            .iter()
            .filter(|f| f.parent.as_deref() == Some(uid) && stays(Folder::NAME, &f.uid))
            .map(|f| format!("folder {}", named(&f.title, &f.uid))),
    );
    match left.as_slice() {
        [] => None,
        [one] => Some(format!("it holds {one}, which stays")),
        [first, rest @ ..] => Some(format!("it holds {first} and {} more, which stay", rest.len())),
    }
}

fn inside<'a>(inputs: &'a Inputs<'_>, folder: &'a Address) -> impl Iterator<Item = Address> + 'a {
    let uid = folder.id();
    let dashboards = inputs.live.dashboards.iter().flatten().filter(move |d| d.parent.as_deref() == Some(uid));
    let folders = inputs.live.folders.iter().flatten().filter(move |f| f.parent.as_deref() == Some(uid));
    dashboards
        .map(|d| (Dashboard::NAME, d.uid.as_str()))
        .chain(folders.map(|f| (Folder::NAME, f.uid.as_str())))
        .filter_map(|(kind, uid)| Uid::parse(uid).ok().map(|uid| Address::new(kind, uid)))
}
