//! Clashes of identity, found before anything is sent: names, titles and uids that the server would refuse, or worse,
//! take for another object's.
//!
//! On servers up to 11.2 a title belongs to one dashboard of a folder (`grafana-api.md` 1.5), and to no folder: anywhere
//! up to 10.3, in that place since. Where the other one gives
//! its title up in the same plan, this one waits for it; where two swap theirs, both are refused.

use std::collections::BTreeMap;

use super::inputs::Inputs;
use super::wanted::Wanted;
use super::{Action, Change, Refusal};
use crate::model::server::TitleRule;
use crate::model::slug::slug;
use crate::model::{Address, KindName, Uid};

/// Refuses what clashes, and lets wait what only has to wait.
pub(super) fn settle(
    inputs: &Inputs<'_>,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &mut BTreeMap<Address, Change>,
) {
    uids(inputs, wanted, changes);
    names(inputs, wanted, changes);
    if inputs.server.titles != TitleRule::Free {
        titles(inputs, wanted, changes);
    }
}

/// One uid, one object: on some servers a folder and a dashboard share the space of uids (`contracts/README.md` 1).
fn uids(inputs: &Inputs<'_>, wanted: &BTreeMap<Address, Wanted<'_>>, changes: &mut BTreeMap<Address, Change>) {
    for address in wanted.keys() {
        let taken = match address.kind {
            KindName::DASHBOARD => inputs
                .live
                .folders
                .iter()
                .flatten()
                .find(|f| f.uid == address.uid.as_str())
                .map(|f| format!("the folder `{}`", f.title)),
            KindName::FOLDER => inputs
                .live
                .dashboards
                .iter()
                .flatten()
                .find(|d| d.uid == address.uid.as_str())
                .map(|d| format!("the dashboard `{}`", d.title)),
            _ => None,
        };
        if let Some(other) = taken {
            refuse(changes, address, "uid-taken", format!("its uid belongs to {other}"), "give it another uid");
        }
    }
}

/// Names of data sources are unique in the workspace.
fn names(inputs: &Inputs<'_>, wanted: &BTreeMap<Address, Wanted<'_>>, changes: &mut BTreeMap<Address, Change>) {
    let Some(live) = &inputs.live.datasources else { return };
    for (address, wanted) in wanted.iter().filter(|(a, _)| a.kind == KindName::DATASOURCE) {
        let Some(other) = live.iter().find(|d| d.name == wanted.headline.title && d.uid != address.uid.as_str())
        else {
            continue;
        };
        let theirs = Uid::parse(&other.uid).ok().map(|uid| Address::new(KindName::DATASOURCE, uid));
        if let Some(theirs) = theirs.filter(|a| gives_up(changes, wanted_name(inputs, a), a)) {
            wait_for(changes, address, theirs);
            continue;
        }
        refuse(
            changes,
            address,
            "name-taken",
            format!("the workspace has a data source of that name under the uid `{}`", other.uid),
            &format!("write `uid: {}` to use that one, or choose another name", other.uid),
        );
    }
}

fn wanted_name<'a>(inputs: &'a Inputs<'_>, address: &Address) -> Option<&'a str> {
    inputs.declared.iter().find(|d| d.address == *address).map(|d| d.headline.title.as_str())
}

/// Whether the plan takes the name or title from this object: by deleting or by renaming it.
fn gives_up(changes: &BTreeMap<Address, Change>, new_name: Option<&str>, address: &Address) -> bool {
    changes.get(address).is_some_and(|change| match &change.action {
        Action::Delete { .. } => true,
        Action::Update { .. } | Action::Replace { .. } => new_name.is_some(),
        _ => false,
    })
}

struct Place<'a> {
    parent: Option<&'a str>,
    title: String,
}

fn titles(inputs: &Inputs<'_>, wanted: &BTreeMap<Address, Wanted<'_>>, changes: &mut BTreeMap<Address, Change>) {
    let key =
        |title: &str| if inputs.server.titles == TitleRule::Slug { slug(title) } else { title.trim().to_owned() };
    let places: BTreeMap<&Address, Place<'_>> = wanted
        .iter()
        .filter(|(a, _)| a.kind == KindName::DASHBOARD)
        .map(|(a, w)| (a, Place { parent: w.parent.as_deref(), title: key(&w.headline.title) }))
        .collect();
    let folders = folder_titles(inputs, wanted, changes);
    let mut waits: Vec<(Address, Address)> = Vec::new();
    for (address, place) in &places {
        if !changes.get(*address).is_some_and(|c| c.action.writes()) {
            continue;
        }
        if let Some((other, _)) =
            places.iter().find(|(a, p)| a != &address && p.parent == place.parent && p.title == place.title)
        {
            let reason = format!(
                "`{other}` in the same folder has that title too, and Grafana {} allows it once",
                inputs.server.version
            );
            refuse(changes, address, "title-twice", reason, "give one of them another title");
            continue;
        }
        let here =
            |parent: Option<&str>| inputs.server.titles != TitleRule::ExactInFolder || parent == place.parent;
        if let Some((_, folder)) = folders.iter().find(|(p, title)| here(*p) && key(title) == place.title) {
            let reason = format!(
                "the folder `{folder}` has that title, and Grafana {} allows it once",
                inputs.server.version
            );
            refuse(changes, address, "title-of-folder", reason, "give the dashboard another title");
            continue;
        }
        let there = inputs.live.dashboards.iter().flatten().find(|d| {
            d.uid != address.uid.as_str() && d.parent.as_deref() == place.parent && key(&d.title) == place.title
        });
        let Some(there) = there else { continue };
        let theirs = Uid::parse(&there.uid).ok().map(|uid| Address::new(KindName::DASHBOARD, uid));
        let leaves = theirs.as_ref().is_some_and(|a| {
            changes.get(a).is_some_and(|c| matches!(c.action, Action::Delete { .. }))
                || (places.get(a).is_some_and(|p| p.parent != place.parent || p.title != place.title)
                    && changes.get(a).is_some_and(|c| c.action.writes()))
        });
        match theirs {
            Some(theirs) if leaves => waits.push(((*address).clone(), theirs)),
            _ => refuse(
                changes,
                address,
                "title-taken",
                format!("the dashboard `{}` in that folder has that title already", there.uid),
                &format!("write `\"uid\": \"{}\"` to use that one, or choose another title", there.uid),
            ),
        }
    }
    folders_over_dashboards(inputs, wanted, &places, changes, key);
    let waits_for: BTreeMap<Address, Address> = waits.iter().cloned().collect();
    for (address, theirs) in waits {
        if in_ring(&waits_for, &address) {
            let reason = format!(
                "it and `{theirs}` swap titles, which Grafana {} does not allow in one step",
                inputs.server.version
            );
            refuse(
                changes,
                &address,
                "title-swap",
                reason,
                "give one of them a third title, apply, then the title it is to have, and apply again",
            );
        } else {
            wait_for(changes, &address, theirs);
        }
    }
}

/// A folder that takes the title of a dashboard at the root, or where it is to be, is refused, wherever that dashboard
/// will be afterwards.
fn folders_over_dashboards(
    inputs: &Inputs<'_>,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    places: &BTreeMap<&Address, Place<'_>>,
    changes: &mut BTreeMap<Address, Change>,
    key: impl Fn(&str) -> String,
) {
    let dashboards = inputs.live.dashboards.iter().flatten();
    let taken: BTreeMap<(Option<&str>, String), &str> =
        dashboards.map(|d| ((d.parent.as_deref(), key(&d.title)), d.uid.as_str())).collect();
    for (address, folder) in wanted.iter().filter(|(a, _)| a.kind == KindName::FOLDER) {
        let place = if inputs.server.titles == TitleRule::ExactInFolder { folder.parent.as_deref() } else { None };
        let Some(uid) = taken.get(&(place, key(&folder.headline.title))) else { continue };
        let ours = Uid::parse(uid).ok().map(|uid| Address::new(KindName::DASHBOARD, uid));
        let hint = match ours.filter(|a| places.contains_key(a)) {
            Some(ours) => format!("give `{ours}` another title, apply, and apply again"),
            None => "give the directory another name, or a `title:` in its `_folder.yaml`".into(),
        };
        let reason = format!(
            "the dashboard `{uid}`{} has that title, and Grafana {} allows it once",
            if place.is_none() { " at the root" } else { " in that folder" },
            inputs.server.version
        );
        refuse(changes, address, "title-of-dashboard", reason, &hint);
    }
}

/// The titles of all folders as they will be, with the folders they are in: those of the workspace that stay as they
/// are, and the directory's.
fn folder_titles<'a>(
    inputs: &Inputs<'a>,
    wanted: &'a BTreeMap<Address, Wanted<'_>>,
    changes: &BTreeMap<Address, Change>,
) -> Vec<(Option<&'a str>, &'a str)> {
    let stays = |uid: &str| {
        let address = Uid::parse(uid).ok().map(|uid| Address::new(KindName::FOLDER, uid));
        address.is_none_or(|a| {
            !wanted.contains_key(&a) && !changes.get(&a).is_some_and(|c| matches!(c.action, Action::Delete { .. }))
        })
    };
    let live = inputs.live.folders.iter().flatten().filter(|f| stays(&f.uid));
    let live = live.map(|f| (f.parent.as_deref(), f.title.as_str()));
    let ours = wanted.iter().filter(|(a, _)| a.kind == KindName::FOLDER);
    let ours = ours.map(|(_, w)| (w.parent.as_deref(), w.headline.title.as_str()));
    live.chain(ours).collect()
}

fn in_ring(waits_for: &BTreeMap<Address, Address>, start: &Address) -> bool {
    let mut at = start;
    for _ in 0..=waits_for.len() {
        match waits_for.get(at) {
            Some(next) if next == start => return true,
            Some(next) => at = next,
            None => return false,
        }
    }
    false
}

fn wait_for(changes: &mut BTreeMap<Address, Change>, address: &Address, other: Address) {
    if let Some(change) = changes.get_mut(address) {
        change.needs.insert(other);
    }
}

fn refuse(
    changes: &mut BTreeMap<Address, Change>,
    address: &Address,
    code: &'static str,
    reason: String,
    hint: &str,
) {
    let Some(change) = changes.get_mut(address) else { return };
    if change.action.writes() {
        change.intent = None;
        change.action = Action::Refuse(Refusal { code, reason, hint: hint.to_owned() });
    }
}
