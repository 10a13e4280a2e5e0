//! Clashes of identity, found before anything is sent: names, titles and uids that the server would refuse, or worse,
//! take for another object's.
//!
//! A data source's name stands once in a workspace. On servers up to 11.2 a dashboard's title stands once in a folder; a
//! folder's once in the organisation, beside dashboards too, since 10.4 once in its place; 9.4 compares slugs
//! (facts: `titles-clash`, `folder-titles`). Who waits for whom and which rings there are is worked out in
//! `plan::labels`.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use super::labels::{Label, Labels, Verdict, settle as settle_labels};
use super::wanted::Wanted;
use super::{Action, Change, Refusal};
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::model::server::TitleRule;
use crate::model::slug::slug;
use crate::model::{Address, KindName, Uid};

type Wants<'w, 'a> = &'w BTreeMap<Address, Wanted<'a>>;
type Changes = BTreeMap<Address, Change>;

/// Refuses what clashes, and lets wait what only has to wait.
pub(super) fn settle(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, changes: &mut Changes) {
    uids(inputs, wanted, changes);
    names(inputs, wanted, changes);
    if inputs.server.titles != TitleRule::Free {
        beside_folders(inputs, wanted, changes);
        over_dashboards(inputs, wanted, changes);
        folder_titles(inputs, wanted, changes);
        titles(inputs, wanted, changes);
    }
}

/// One uid, one object: on some servers a folder and a dashboard share the space of uids (fact: `one-uid-two-kinds`).
fn uids(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, changes: &mut Changes) {
    for address in wanted.keys() {
        let taken = match address.kind {
            Dashboard::NAME => inputs
                .live
                .folders
                .iter()
                .flatten()
                .find(|f| f.uid == address.id())
                .map(|f| format!("the folder `{}`", f.title)),
            Folder::NAME => inputs
                .live
                .dashboards
                .iter()
                .flatten()
                .find(|d| d.uid == address.id())
                .map(|d| format!("the dashboard `{}`", d.title)),
            _ => None,
        };
        if let Some(other) = taken {
            refuse(changes, address, "uid-taken", format!("its uid belongs to {other}"), "give it another uid");
        }
    }
}

/// Names of data sources are unique in the workspace.
fn names(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, changes: &mut Changes) {
    let Some(live) = &inputs.live.datasources else { return };
    let label = |name: &str| (String::new(), name.to_owned());
    let now = live.iter().map(|d| (d.uid.as_str(), label(&d.name)));
    let labels = labels(Datasource::NAME, now, |w| label(w.name), wanted, changes);
    for (address, verdict) in verdicts(Datasource::NAME, labels) {
        match verdict {
            Verdict::Waits(on) => wait_for(changes, &address, on),
            Verdict::Twice(other) => {
                let reason =
                    format!("`datasource.{other}` takes that name too, and a name stands once in a workspace");
                refuse(changes, &address, "name-twice", reason, "give one of them another name");
            }
            Verdict::Taken(other) => {
                let reason = format!("the workspace has a data source of that name under the uid `{other}`");
                let hint = format!("write `uid: {other}` to use that one, or choose another name");
                refuse(changes, &address, "name-taken", reason, &hint);
            }
            Verdict::Ring(other) => {
                let reason = format!("it takes the name of `datasource.{other}`, which waits for its name in turn");
                refuse(changes, &address, "name-swap", reason, &in_two_steps("name"));
            }
        }
    }
}

/// Titles of folders: one in the organisation, since 10.4 one among its siblings.
fn folder_titles(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, changes: &mut Changes) {
    let label = |parent: Option<&str>, title: &str| {
        let place = if inputs.server.titles == TitleRule::ExactInFolder { parent } else { None };
        (place.unwrap_or_default().to_owned(), key(inputs, title))
    };
    let live: BTreeMap<&str, &str> =
        inputs.live.folders.iter().flatten().map(|f| (f.uid.as_str(), f.title.as_str())).collect();
    let now = inputs.live.folders.iter().flatten();
    let now = now.map(|f| (f.uid.as_str(), label(f.parent.as_deref(), &f.title)));
    let after = |w: &Wanted<'_>| label(w.parent.as_deref(), &w.headline.title);
    let labels = labels(Folder::NAME, now, after, wanted, changes);
    let version = &inputs.server.version;
    for (address, verdict) in verdicts(Folder::NAME, labels) {
        match verdict {
            Verdict::Waits(on) => wait_for(changes, &address, on),
            Verdict::Twice(other) => {
                let other = named(wanted, &live, &other);
                let reason =
                    format!("the folder `{other}` is that title too to Grafana {version}, which allows it once");
                refuse(changes, &address, "title-twice", reason, "give one of them another title");
            }
            Verdict::Taken(other) => {
                let title = named(wanted, &live, &other);
                let beside = is_beside(inputs, wanted, &address, &other);
                let reason = match beside {
                    true => format!("the folder `{title}` (uid `{other}`) has that title there already"),
                    false => format!(
                        "the folder `{title}` (uid `{other}`) has that title, and Grafana {version} allows it once"
                    ),
                };
                let hint =
                    format!("write `uid: {other}` in its `_folder.yaml` to use that one, or choose another title");
                refuse(changes, &address, "folder-title-taken", reason, &hint);
            }
            Verdict::Ring(other) => {
                let reason = format!(
                    "it and `folder.{other}` swap titles, which Grafana {version} does not allow in one step"
                );
                refuse(changes, &address, "title-swap", reason, &in_two_steps("title"));
            }
        }
    }
}

/// Whether another folder is, or will be, in the same place.
fn is_beside(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, address: &Address, other: &str) -> bool {
    let live = inputs.live.folders.iter().flatten().find(|f| f.uid == other);
    let parent = wanted.get(address).and_then(|w| w.parent.as_deref());
    live.is_none_or(|f| f.parent.as_deref() == parent)
}

fn named<'n>(wanted: &'n BTreeMap<Address, Wanted<'_>>, live: &BTreeMap<&str, &'n str>, uid: &str) -> &'n str {
    let ours = Uid::parse(uid).ok().and_then(|uid| wanted.get(&Address::new(Folder::NAME, uid)));
    ours.map(|w| w.headline.title.as_str()).or_else(|| live.get(uid).copied()).unwrap_or_default()
}

/// Titles of dashboards: one in a folder.
fn titles(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, changes: &mut Changes) {
    let label = |parent: Option<&str>, title: &str| (parent.unwrap_or_default().to_owned(), key(inputs, title));
    let now = inputs.live.dashboards.iter().flatten();
    let now = now.map(|d| (d.uid.as_str(), label(d.parent.as_deref(), &d.title)));
    let after = |w: &Wanted<'_>| label(w.parent.as_deref(), &w.headline.title);
    let labels = labels(Dashboard::NAME, now, after, wanted, changes);
    let version = &inputs.server.version;
    for (address, verdict) in verdicts(Dashboard::NAME, labels) {
        match verdict {
            Verdict::Waits(on) => wait_for(changes, &address, on),
            Verdict::Twice(other) => {
                let has = shared(inputs, wanted, &address, &other, " too");
                let reason = format!(
                    "`dashboard.{other}` in the same folder has {has}, and Grafana {version} allows it once"
                );
                refuse(changes, &address, "title-twice", reason, "give one of them another title");
            }
            Verdict::Taken(other) => {
                let has = shared(inputs, wanted, &address, &other, " already");
                let reason = format!("the dashboard `{other}` in that folder has {has}");
                let hint = format!("write `\"uid\": \"{other}\"` to use that one, or choose another title");
                refuse(changes, &address, "title-taken", reason, &hint);
            }
            Verdict::Ring(other) => {
                let reason = format!(
                    "it and `dashboard.{other}` swap titles, which Grafana {version} does not allow in one step"
                );
                refuse(changes, &address, "title-swap", reason, &in_two_steps("title"));
            }
        }
    }
}

/// What two dashboards share that this server does not tell apart: the whole title, or only what its slug keeps.
fn shared(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, address: &Address, other: &str, equal: &str) -> String {
    let ours = Uid::parse(other).ok().and_then(|uid| wanted.get(&Address::new(Dashboard::NAME, uid)));
    let live = inputs.live.dashboards.iter().flatten().find(|d| d.uid == other);
    let theirs = ours.map(|w| w.headline.title.as_str()).or_else(|| live.map(|d| d.title.as_str()));
    let theirs = theirs.unwrap_or_default().trim();
    let title = wanted.get(address).map_or("", |w| w.headline.title.trim());
    if theirs.is_empty() || theirs == title {
        format!("that title{equal}")
    } else {
        format!("the title `{theirs}`, which it does not tell from `{title}`")
    }
}

fn in_two_steps(what: &str) -> String {
    format!("give one of them a third {what}, apply, then the {what} it is to have, and apply again")
}

/// A title as this server compares it.
fn key(inputs: &Inputs<'_>, title: &str) -> String {
    if inputs.server.titles == TitleRule::Slug { slug(title) } else { title.trim().to_owned() }
}

/// What every object of a kind is called before and after: what is live and stays, and what the plan changes.
fn labels<'l>(
    kind: KindName,
    now: impl Iterator<Item = (&'l str, Label)>,
    after: impl Fn(&Wanted<'_>) -> Label,
    wanted: Wants<'_, '_>,
    changes: &Changes,
) -> BTreeMap<String, Labels> {
    let mut labels: BTreeMap<String, Labels> = now
        .map(|(uid, label)| (uid.to_owned(), Labels { before: Some(label.clone()), after: Some(label) }))
        .collect();
    for (address, change) in changes.iter().filter(|(a, c)| a.kind == kind && c.action.writes()) {
        let one = labels.entry(address.id().to_owned()).or_default();
        one.after = match &change.action {
            Action::Delete { .. } => None,
            _ => wanted.get(address).map(&after),
        };
    }
    labels
}

fn verdicts(kind: KindName, labels: BTreeMap<String, Labels>) -> impl Iterator<Item = (Address, Verdict)> {
    // Only what the plan writes takes a label, and that has a uid that can be declared.
    settle_labels(labels)
        .into_iter()
        .filter_map(move |(uid, verdict)| Uid::parse(&uid).ok().map(|uid| (Address::new(kind, uid), verdict)))
}

/// Where a title is told apart from those of the other kind: everywhere (`None`), or in one folder since 10.4.
fn place<'p>(inputs: &Inputs<'_>, parent: Option<&'p str>) -> Option<&'p str> {
    if inputs.server.titles == TitleRule::ExactInFolder { parent } else { None }
}

/// A dashboard may not have the title of a folder, wherever that folder is; since 10.4 of a folder in its place.
fn beside_folders(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, changes: &mut Changes) {
    let titles: BTreeMap<(Option<String>, String), String> = all_folder_titles(inputs, wanted, changes)
        .into_iter()
        .map(|(parent, title)| ((place(inputs, parent).map(str::to_owned), key(inputs, title)), title.to_owned()))
        .collect();
    for (address, dashboard) in wanted.iter().filter(|(a, _)| a.kind == Dashboard::NAME) {
        let here = place(inputs, dashboard.parent.as_deref()).map(str::to_owned);
        if let Some(folder) = titles.get(&(here, key(inputs, &dashboard.headline.title))) {
            let reason = format!(
                "the folder `{folder}` has that title, and Grafana {} allows it once",
                inputs.server.version
            );
            refuse(changes, address, "title-of-folder", reason, "give the dashboard another title");
        }
    }
}

/// A folder that takes the title of a dashboard at the root, or where it is to be, is refused, wherever that dashboard
/// will be afterwards.
fn over_dashboards(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, changes: &mut Changes) {
    let dashboards = inputs.live.dashboards.iter().flatten();
    let taken: BTreeMap<(Option<&str>, String), &str> =
        dashboards.map(|d| ((d.parent.as_deref(), key(inputs, &d.title)), d.uid.as_str())).collect();
    for (address, folder) in wanted.iter().filter(|(a, _)| a.kind == Folder::NAME) {
        let place = place(inputs, folder.parent.as_deref());
        let Some(uid) = taken.get(&(place, key(inputs, &folder.headline.title))) else { continue };
        let ours = Uid::parse(uid).ok().map(|uid| Address::new(Dashboard::NAME, uid));
        let hint = match ours.filter(|a| wanted.contains_key(a)) {
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
fn all_folder_titles<'a>(
    inputs: &Inputs<'a>,
    wanted: &'a BTreeMap<Address, Wanted<'_>>,
    changes: &Changes,
) -> Vec<(Option<&'a str>, &'a str)> {
    let stays = |uid: &str| {
        let address = Uid::parse(uid).ok().map(|uid| Address::new(Folder::NAME, uid));
        address.is_none_or(|a| {
            !wanted.contains_key(&a) && !changes.get(&a).is_some_and(|c| matches!(c.action, Action::Delete { .. }))
        })
    };
    let live = inputs.live.folders.iter().flatten().filter(|f| stays(&f.uid));
    let live = live.map(|f| (f.parent.as_deref(), f.title.as_str()));
    let ours = wanted.iter().filter(|(a, _)| a.kind == Folder::NAME);
    let ours = ours.map(|(_, w)| (w.parent.as_deref(), w.headline.title.as_str()));
    live.chain(ours).collect()
}

fn wait_for(changes: &mut Changes, address: &Address, others: BTreeSet<String>) {
    if let Some(change) = changes.get_mut(address) {
        let others = others.into_iter().filter_map(|uid| Uid::parse(&uid).ok());
        change.needs.extend(others.map(|uid| Address::new(address.kind, uid)));
    }
}

fn refuse(changes: &mut Changes, address: &Address, code: &'static str, reason: String, hint: &str) {
    let Some(change) = changes.get_mut(address) else { return };
    if change.action.writes() {
        change.intent = None;
        change.action = Action::Refuse(Refusal { code: code.into(), reason, hint: hint.to_owned() });
    }
}
