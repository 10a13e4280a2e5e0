//! Folders that manifests name by their titles, or not at all: then they are in the one of their namespace.
//!
//! As the operator looks a title up: whatever its case, at the root only, and `General` is the root. A folder that the
//! directory declares under that title is meant; where there is none, the title makes one.

use std::collections::{BTreeMap, BTreeSet};

use super::dashboard::set_parent;
use super::folders::title_problem;
use super::{Draft, FolderTitle, UidRule};
use crate::model::{DeclaredFolder, FolderPath, Parent, Problem, Spot};

/// Puts objects of manifests into the folders whose titles they name; makes those that nothing else declares.
///
/// `tree` are the folders of directories, `documents` those of documents.
pub(super) fn place(
    drafts: &mut [Draft],
    tree: &mut Vec<DeclaredFolder>,
    documents: &[DeclaredFolder],
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for draft in drafts {
        let Some(folder) = draft.manifest.as_ref().and_then(|manifest| manifest.folder.as_ref()) else { continue };
        match parent(folder, tree, documents) {
            Ok(parent) => set_parent(&mut draft.declared, parent, draft.inputs.is_empty()),
            Err(problem) => problems.push(*problem),
        }
    }
    problems
}

fn parent(
    folder: &FolderTitle,
    tree: &mut Vec<DeclaredFolder>,
    documents: &[DeclaredFolder],
) -> Result<Parent, Box<Problem>> {
    let title = super::uids::composed(&folder.title);
    let is_same = |other: &str| other.to_lowercase() == title.to_lowercase();
    if is_same("general") {
        return Ok(Parent::Root);
    }
    let at_root = |one: &&DeclaredFolder| one.parent == Parent::Root && is_same(&one.title);
    let known: Vec<&DeclaredFolder> = documents.iter().filter(at_root).chain(tree.iter().filter(at_root)).collect();
    match known.as_slice() {
        [] => {}
        [one] => {
            let by_uid = one.uid.clone().map(Parent::Uid);
            return Ok(one.path.clone().map(Parent::Path).or(by_uid).unwrap_or(Parent::Root));
        }
        several => {
            let problem = Problem::error(
                "ambiguous-folder",
                format!("the directory has {} folders `{title}` at the root", several.len()),
            );
            let places = several.iter().map(|one| Spot::bare(one.place.clone()));
            let problem = std::iter::once(folder.spot.clone()).chain(places).fold(problem, Problem::spot);
            return Err(Box::new(problem.help("name the folder by its uid: `folderUID`, or `folderRef`")));
        }
    }
    if let Some(problem) = title_problem(&title) {
        return Err(Box::new(problem.spot(folder.spot.clone())));
    }
    let Some(path) = FolderPath::new(vec![title.clone()]) else { return Ok(Parent::Root) };
    tree.push(DeclaredFolder {
        uid: None,
        path: Some(path.clone()),
        title,
        parent: Parent::Root,
        place: folder.spot.place.clone(),
        protect: false,
        by_title: true,
    });
    Ok(Parent::Path(path))
}

/// Which rules gave the objects of manifests their uids and their folders, once for all of them.
pub(super) fn notes(drafts: &[Draft]) -> Vec<String> {
    let mut rules: BTreeMap<UidRule, usize> = BTreeMap::new();
    let (mut titles, mut namespaces) = (BTreeSet::new(), BTreeSet::new());
    for manifest in drafts.iter().filter_map(|draft| draft.manifest.as_ref()) {
        *rules.entry(manifest.uid_rule).or_default() += 1;
        if let Some(folder) = &manifest.folder {
            let into = if folder.is_namespace { &mut namespaces } else { &mut titles };
            into.insert(format!("`{}`", folder.title));
        }
    }
    let mut notes = Vec::new();
    if !rules.is_empty() {
        let counts: Vec<String> = rules.iter().map(|(rule, count)| format!("{count} {}", words(*rule))).collect();
        notes.push(format!("uids of manifests: {}", counts.join(", ")));
    }
    let join = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    if !titles.is_empty() {
        notes.push(format!("folders of manifests, by title: {}", join(titles)));
    }
    if !namespaces.is_empty() {
        notes.push(format!("folders of manifests that name none, by namespace: {}", join(namespaces)));
    }
    notes
}

fn words(rule: UidRule) -> &'static str {
    match rule {
        UidRule::Spec => "by `spec.uid`",
        UidRule::Own => "by the object itself",
        UidRule::Cluster => "by `metadata.uid`",
        UidRule::Name => "from namespace, kind and name",
    }
}
