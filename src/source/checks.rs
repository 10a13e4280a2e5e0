//! What can be wrong between documents: one uid twice, one name twice, two defaults.

use std::collections::BTreeMap;

use super::{Declarations, FileSettings};
use crate::kinds::datasource::Datasource;
use crate::kinds::datasource::lint::lint_for;
use crate::kinds::folder::Folder;
use crate::kinds::{self, UidSpace};
use crate::model::{Address, Declared, DeclaredFolder, KindName, Problem, Server, Spot};

/// Finds what is wrong between the documents of a directory.
pub(crate) fn check(declarations: &Declarations) -> Vec<Problem> {
    let mut problems = uids(declarations);
    problems.extend(names(declarations));
    problems.extend(defaults(declarations));
    problems.extend(super::titles::offline(declarations));
    problems
}

/// Marks the folders that the settings protect.
pub(crate) fn protect_folders(folders: &mut [DeclaredFolder], settings: &FileSettings) {
    for folder in folders {
        let uid = folder.uid.clone().or_else(|| folder.path.as_ref().map(super::folder_uid));
        if let Some(uid) = uid {
            folder.protect |= settings.protects(&Address::new(Folder::NAME, uid));
        }
    }
}

/// What is wrong with the data sources on one server: what only its version tells.
#[must_use]
pub fn lint_against(declarations: &Declarations, server: Option<&Server>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for declared in datasources(declarations) {
        let Some(read) = declarations.options(declared) else { continue };
        for finding in lint_for(&read.value, server) {
            let spot = declarations.locate(declared, &finding.pointer);
            problems.push(read.concealed(finding.problem).spot(spot));
        }
    }
    problems
}

// Everything that has a uid, with the spot that a message shows.
struct Holder<'a> {
    uid: String,
    kind: KindName,
    spot: Box<dyn Fn() -> Spot + 'a>,
}

fn holders(declarations: &Declarations) -> Vec<Holder<'_>> {
    // What several exports carry is one object; those whose inputs are open are compared once they are answered.
    let open = declarations.unresolved.iter().map(|open| &open.declared).filter(|declared| !declared.carried);
    let objects = declarations.objects.iter().chain(open).map(|declared| Holder {
        uid: declared.address.id().to_owned(),
        kind: declared.address.kind,
        spot: Box::new(move || declarations.locate(declared, "/uid")),
    });
    let folders = declarations.folders.iter().filter_map(|folder| {
        Some(Holder {
            uid: folder.uid.as_ref()?.to_string(),
            kind: Folder::NAME,
            spot: Box::new(move || Spot::bare(folder.place.clone())),
        })
    });
    objects.chain(folders).collect()
}

// Uids that are one to some database, and the uids of folders and dashboards, which are one to classic servers.
pub(crate) fn uids(declarations: &Declarations) -> Vec<Problem> {
    let mut by_uid: BTreeMap<(UidSpace, KindName, String), Vec<Holder<'_>>> = BTreeMap::new();
    for holder in holders(declarations) {
        let space = kinds::by_name(holder.kind).facts().uids;
        let of = if space == UidSpace::Tree { kinds::CONTAINER } else { holder.kind };
        by_uid.entry((space, of, holder.uid.to_ascii_lowercase())).or_default().push(holder);
    }
    let mut problems = Vec::new();
    for several in by_uid.into_values().filter(|holders| holders.len() > 1) {
        let mut spots: Vec<(Spot, &Holder<'_>)> = several.iter().map(|holder| ((holder.spot)(), holder)).collect();
        spots.sort_by(|a, b| a.0.place.cmp(&b.0.place));
        let uids: Vec<&str> = spots.iter().map(|(_, holder)| holder.uid.as_str()).collect();
        let same = uids.iter().all(|uid| *uid == uids[0]);
        let kinds: Vec<KindName> = spots.iter().map(|(_, holder)| holder.kind).collect();
        let message = if !same {
            format!(
                "the uids `{}` and `{}` differ in case only",
                uids[0],
                uids.iter().find(|u| **u != uids[0]).unwrap_or(&"")
            )
        } else if kinds.iter().any(|kind| *kind != kinds[0]) {
            format!("uid `{}` is used for a folder and for a dashboard", uids[0])
        } else if uids.len() == 2 {
            format!("uid `{}` is declared twice", uids[0])
        } else {
            format!("uid `{}` is declared {} times", uids[0], uids.len())
        };
        let mut problem = Problem::error("duplicate-uid", message);
        if !same {
            problem = problem.note("some databases of Grafana do not tell them apart");
        }
        for (i, (mut spot, _)) in spots.into_iter().enumerate() {
            spot.label = if i == 0 { "first here".into() } else { "and again here".into() };
            problem = problem.spot(spot);
        }
        problems.push(problem.help("give one of them another uid, or remove it from the directory"));
    }
    problems
}

fn datasources(declarations: &Declarations) -> impl Iterator<Item = &Declared> {
    declarations.objects.iter().filter(|declared| declared.address.kind == Datasource::NAME)
}

fn names(declarations: &Declarations) -> Vec<Problem> {
    let mut by_name: BTreeMap<String, Vec<&Declared>> = BTreeMap::new();
    for declared in datasources(declarations) {
        by_name.entry(declared.name.to_lowercase()).or_default().push(declared);
    }
    let mut problems = Vec::new();
    for mut several in by_name.into_values().filter(|several| several.len() > 1) {
        several.sort_by(|a, b| a.place.cmp(&b.place));
        let name = &several[0].headline.title;
        let mut problem = Problem::error("duplicate-name", format!("two data sources have the name `{name}`"));
        for (i, declared) in several.iter().enumerate() {
            let mut spot = declarations.locate(declared, "/name");
            spot.label = if i == 0 { "first here".into() } else { "and again here".into() };
            problem = problem.spot(spot);
        }
        problems
            .push(problem.help("names are unique in a workspace, whatever their case: give one of them another"));
    }
    problems
}

// A uid alone does not say it: two of one name without a uid have the same.
fn is_default(declarations: &Declarations, declared: &Declared) -> bool {
    declarations.options(declared).is_some_and(|read| read.value["isDefault"] == serde_json::json!(true))
}

fn defaults(declarations: &Declarations) -> Vec<Problem> {
    let uids: Vec<&str> =
        declarations.datasources.iter().filter(|d| d.is_default).map(|d| d.uid.as_str()).collect();
    if uids.len() < 2 {
        return Vec::new();
    }
    let mut several: Vec<&Declared> = datasources(declarations)
        .filter(|d| uids.contains(&d.address.id()) && is_default(declarations, d))
        .collect();
    several.sort_by(|a, b| a.place.cmp(&b.place));
    let count = if several.len() == 2 { "two".to_owned() } else { several.len().to_string() };
    let mut problem = Problem::error("two-defaults", format!("{count} data sources are the default one"));
    for (i, declared) in several.iter().enumerate() {
        let mut spot = declarations.locate(declared, "/isDefault");
        spot.label = if i == 0 { "first here".into() } else { "and again here".into() };
        problem = problem.spot(spot);
    }
    vec![problem.help("a workspace has one: take `isDefault: true` out of the others")]
}
