//! Objects of manifests whose uid nothing names, found by their names.
//!
//! Under the operator such an object has the uid that its cluster made up for it, which stands in no file. So what is in a
//! workspace already is known by its name: a data source's, the title of a dashboard in its folder, the title of a folder
//! where it is. It is taken over with that uid where `--adopt` allows it, and never silently; from then on the record
//! knows it.

use std::collections::BTreeSet;

use super::loading::sort_problems;
use super::recorded::give_uid;
use super::{Bound, Declarations, FileSettings};
use crate::kinds;
use crate::kinds::folder::Folder;
use crate::model::{Address, Declared, DeclaredFolder, KindName, Parent, Problem, Reference, Spot, Uid, UidFrom};

/// An object as the record or the workspace knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedObject {
    /// What it is.
    pub address: Address,
    /// Its title or name.
    pub title: String,
    /// The uid of the folder it is in; none at the root, and for kinds that are in no folder.
    pub parent: Option<String>,
}

/// An object that is given the uid of a known one.
struct Found {
    kind: KindName,
    before: Address,
    known: NamedObject,
}

impl Bound {
    /// Gives those objects their recorded uids back whose names the record knows.
    #[must_use]
    pub fn recall(mut self, recorded: &[NamedObject], settings: &FileSettings) -> Bound {
        for folders in [true, false] {
            for found in find(&self.declarations, recorded, folders, &|_, _| true) {
                self.give(&found, settings);
            }
        }
        self
    }

    /// Gives those objects the uids of the workspace whose names it has, where that is allowed; else there is a problem.
    /// Says whether there was one, so that the workspace has to be read for it.
    #[must_use]
    pub fn find_by_name(
        mut self,
        live: &[NamedObject],
        settings: &FileSettings,
        allows: &dyn Fn(&Address) -> bool,
    ) -> (Bound, bool) {
        let mut is_found = false;
        for folders in [true, false] {
            let there = find(&self.declarations, live, folders, &|parent, known| is_in(parent, known, live));
            for found in there {
                if allows(&found.known.address) {
                    is_found = true;
                    self.give(&found, settings);
                } else {
                    let problem = not_ours(&self.declarations, &found);
                    self.problems.push(problem);
                }
            }
        }
        sort_problems(&mut self.problems);
        (self, is_found)
    }

    /// Whether an object of a kind is known by its name only, and not recorded.
    #[must_use]
    pub fn goes_by_name(&self, kind: KindName, is_recorded: impl Fn(&Address) -> bool) -> bool {
        let by_name = |declared: &Declared| {
            declared.address.kind == kind
                && declared.uid_from == UidFrom::Manifest
                && !is_recorded(&declared.address)
        };
        self.declarations.declared().any(by_name)
    }

    fn give(&mut self, found: &Found, settings: &FileSettings) {
        let declarations = &mut self.declarations;
        if found.kind == Folder::NAME {
            give_folder_uid(declarations, found, settings);
            return;
        }
        let all = declarations.declared();
        let body = all.filter(|declared| declared.address == found.before).map(|d| super::body_key(&d.body)).next();
        if let Some(body) = body {
            let problems = give_uid(declarations, settings, found.kind, &body, found.known.address.key.clone());
            self.problems.extend(problems);
            self.declarations.sort();
        }
    }
}

// Those whose uid nothing names and whose name one known object has that nothing else declares.
fn find(
    declarations: &Declarations,
    known: &[NamedObject],
    folders: bool,
    is_there: &dyn Fn(&Parent, &NamedObject) -> bool,
) -> Vec<Found> {
    let mut taken: BTreeSet<&Address> = declarations.declared().map(|declared| &declared.address).collect();
    let of_folders: Vec<(Address, &DeclaredFolder)> = declarations
        .folders
        .iter()
        .filter_map(|folder| Some((Address::new(Folder::NAME, folder.uid.clone()?), folder)))
        .collect();
    taken.extend(of_folders.iter().map(|(address, _)| address));
    let wanted: Vec<(&Address, &str, &Parent)> = if folders {
        let by_title = of_folders.iter().filter(|(_, folder)| folder.by_title);
        by_title.map(|(address, folder)| (address, folder.title.as_str(), &folder.parent)).collect()
    } else {
        let by_name = declarations.declared().filter(|declared| declared.uid_from == UidFrom::Manifest);
        by_name.map(|declared| (&declared.address, declared.name.as_str(), &declared.parent)).collect()
    };
    let is_known = |address: &Address| known.iter().any(|one| one.address == *address);
    let mut found = Vec::new();
    for (address, title, parent) in wanted.into_iter().filter(|(address, ..)| !is_known(address)) {
        let has_title = |other: &str| {
            let (other, title) = (other.trim(), title.trim());
            other == title || folders && other.to_lowercase() == title.to_lowercase()
        };
        let mut same = known.iter().filter(|one| {
            one.address.kind == address.kind
                && has_title(&one.title)
                && !taken.contains(&one.address)
                && is_there(parent, one)
        });
        // Of several nobody knows which is meant.
        if let (Some(one), None) = (same.next(), same.next()) {
            found.push(Found { kind: address.kind, before: address.clone(), known: one.clone() });
        }
    }
    found
}

// Whether an object of the workspace is in the folder that a parent stands for.
fn is_in(parent: &Parent, one: &NamedObject, live: &[NamedObject]) -> bool {
    match parent {
        Parent::None => true,
        Parent::Root => one.parent.is_none(),
        Parent::Uid(uid) => one.parent.as_deref() == Some(uid.as_str()),
        Parent::Path(path) => live.iter().any(|folder| {
            folder.address.kind == Folder::NAME
                && one.parent.as_deref() == Some(folder.address.id())
                && folder.title.trim().to_lowercase() == path.title().to_lowercase()
        }),
    }
}

fn give_folder_uid(declarations: &mut Declarations, found: &Found, settings: &FileSettings) {
    let (before, now) = (found.before.id(), found.known.address.id());
    let Ok(uid) = Uid::parse(now) else { return };
    let moved = |parent: &mut Parent| {
        if matches!(parent, Parent::Uid(uid) if uid.as_str() == before) {
            *parent = Parent::Uid(uid.clone());
        }
    };
    for folder in &mut declarations.folders {
        moved(&mut folder.parent);
        if folder.uid.as_ref().is_some_and(|uid| uid.as_str() == before) {
            folder.uid = Some(uid.clone());
            folder.protect |= settings.protects(&found.known.address);
        }
    }
    let open = declarations.unresolved.iter_mut().map(|open| &mut open.declared);
    for declared in declarations.objects.iter_mut().chain(open) {
        moved(&mut declared.parent);
        let refers = |reference: &&mut Reference| reference.to.kind == Folder::NAME && reference.to.name == before;
        for reference in declared.references.iter_mut().filter(refers) {
            now.clone_into(&mut reference.to.name);
        }
    }
}

// What to say of an object of the workspace that has the name and that nobody allowed to take over.
fn not_ours(declarations: &Declarations, found: &Found) -> Problem {
    let kind = kinds::by_name(found.kind).facts().singular;
    let (title, uid) = (&found.known.title, found.known.address.id());
    let declared = declarations.declared().find(|declared| declared.address == found.before);
    let folder = declarations.folders.iter().find(|folder| {
        found.kind == Folder::NAME && folder.uid.as_ref().is_some_and(|uid| uid.as_str() == found.before.id())
    });
    let spot = match (declared, folder) {
        (Some(declared), _) => Some(spot_of(declared)),
        (None, folder) => folder.map(|folder| Spot::bare(folder.place.clone())),
    };
    let problem =
        Problem::error("not-ours", format!("the workspace has the {kind} `{title}` already, and it is not ours"))
            .note(format!("its uid is `{uid}`; this manifest names none"))
            .help(format!(
                "take it over with `--adopt` (or `--adopt={}`), or give the manifest a `spec.uid`",
                found.known.address
            ));
    spot.into_iter().fold(problem, Problem::spot)
}

fn spot_of(declared: &Declared) -> Spot {
    Spot::bare(declared.place.clone())
}
