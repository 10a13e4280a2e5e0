//! What the registry remembers of files: a uid stays bound to its path, or follows a file that was only renamed.
//!
//! Only uids that were derived are bound; a uid that stands in a document is what the document says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Declarations, Directory, FileSettings, RecordedFile, UnselectedManifest, checks};
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::model::{Address, Declared, Digest, Key, KindName, Place, Problem, Severity, UidFrom};

/// An object that the registry remembers.
struct Remembered<'a> {
    key: &'a Key,
    digest: Option<&'a Digest>,
}

/// Gives uids back to the files that had them, and says what is wrong with the directory beside the record.
pub(super) fn bind(
    directory: &Directory,
    declarations: &mut Declarations,
    recorded: &[RecordedFile],
) -> Vec<Problem> {
    let mut binding = Binding { directory, declarations, problems: Vec::new() };
    for kind in [Dashboard::NAME, Datasource::NAME] {
        let mut by_path: BTreeMap<&str, Vec<Remembered<'_>>> = BTreeMap::new();
        for (address, path, digest) in recorded.iter().filter(|(address, _, _)| address.kind == kind) {
            by_path.entry(path).or_default().push(Remembered { key: &address.key, digest: digest.as_ref() });
        }
        binding.bind(kind, &by_path);
    }
    binding.changed_manifests(recorded);
    binding.silent_files(recorded);
    binding.declarations.sort();
    let mut problems = binding.problems;
    problems.extend(checks::uids(declarations));
    problems.retain(|problem| !directory.problems.contains(problem));
    problems
}

struct Binding<'a> {
    directory: &'a Directory,
    declarations: &'a mut Declarations,
    problems: Vec<Problem>,
}

impl Binding<'_> {
    fn bind(&mut self, kind: KindName, by_path: &BTreeMap<&str, Vec<Remembered<'_>>>) {
        let taken: BTreeSet<Key> = self
            .declarations
            .declared()
            .filter(|d| d.address.kind == kind && d.uid_from == UidFrom::Document)
            .map(|d| d.address.key.clone())
            .collect();
        let mut files: BTreeMap<String, usize> = BTreeMap::new();
        let mut digests: BTreeMap<Digest, usize> = BTreeMap::new();
        for declared in self.declarations.declared().filter(|d| d.address.kind == kind) {
            *files.entry(declared.body.file.to_string()).or_default() += 1;
            if declared.uid_from != UidFrom::Document && !by_path.contains_key(&*declared.body.file) {
                *digests.entry(declared.body.file_digest.clone()).or_default() += 1;
            }
        }
        // Files that are gone, by what they held: exactly one of a digest can have been renamed.
        let mut gone: BTreeMap<&Digest, Vec<&Key>> = BTreeMap::new();
        for (path, remembered) in by_path {
            if !files.contains_key(*path) && !self.root().join(path).exists() {
                for one in remembered {
                    if let Some(digest) = one.digest {
                        gone.entry(digest).or_default().push(one.key);
                    }
                }
            }
        }
        let mut bound: Vec<(super::BodyKey, Key)> = Vec::new();
        let derived = |d: &&Declared| d.address.kind == kind && d.uid_from != UidFrom::Document;
        for declared in self.declarations.declared().filter(derived) {
            let alone = files.get(&*declared.body.file) == Some(&1);
            let uid = match by_path.get(&*declared.body.file).map(Vec::as_slice) {
                Some([one]) if alone => Some(one.key),
                Some(_) => None,
                None => match gone.get(&declared.body.file_digest).map(Vec::as_slice) {
                    Some([uid]) if alone && digests.get(&declared.body.file_digest) == Some(&1) => Some(*uid),
                    _ => None,
                },
            };
            if let Some(uid) = uid.filter(|uid| !taken.contains(uid) && **uid != declared.address.key) {
                bound.push((super::body_key(&declared.body), uid.clone()));
            }
        }
        for (key, uid) in bound {
            self.rename(kind, &key, uid);
        }
    }

    fn rename(&mut self, kind: KindName, key: &super::BodyKey, uid: Key) {
        self.problems.extend(give_uid(self.declarations, &self.directory.settings, kind, key, uid));
    }

    // Manifests of which something was changed that the operator lets nobody change: the object that was applied from
    // them would be taken for one that left.
    fn changed_manifests(&mut self, recorded: &[RecordedFile]) {
        let folders = self.declarations.folders.iter().filter_map(|folder| {
            let address = Address::new(Folder::NAME, folder.uid.clone()?);
            Some((address, &folder.place))
        });
        let objects = self.declarations.declared().map(|declared| (declared.address.clone(), &declared.place));
        let declared: BTreeMap<Address, &Place> = objects.chain(folders).collect();
        let known: BTreeSet<&Address> = recorded.iter().map(|(address, ..)| address).collect();
        let mut leaving: BTreeMap<(&str, KindName), Vec<&Address>> = BTreeMap::new();
        for (address, path, _) in recorded.iter().filter(|(address, ..)| !declared.contains_key(address)) {
            leaving.entry((path, address.kind)).or_default().push(address);
        }
        let mut problems = Vec::new();
        for ((path, kind), all) in leaving {
            let unselected = self.directory.unselected.iter().filter(|one| *one.file == *path && one.kind == kind);
            let unselected: Vec<&UnselectedManifest> = unselected.collect();
            let is_it = |one: &UnselectedManifest, address: &Address| match &one.uid {
                Some(uid) => *uid == address.id(),
                None => all.len() == 1 && unselected.len() == 1,
            };
            let coming: Vec<(&Address, &&Place)> = declared
                .iter()
                .filter(|(address, place)| {
                    address.kind == kind
                        && *place.file == *path
                        && !known.contains(address)
                        && self.directory.named_in_manifests.contains(address)
                })
                .collect();
            for address in &all {
                if let Some(one) = unselected.iter().find(|one| is_it(one, address)) {
                    problems.push(selects_no_more(address, one));
                } else if let ([_], [(now, place)]) = (all.as_slice(), coming.as_slice()) {
                    problems.push(has_another_uid(address, now, place));
                }
            }
        }
        self.problems.extend(problems);
    }

    // Files that are remembered, are still there, and yield nothing without a fault that says why.
    fn silent_files(&mut self, recorded: &[RecordedFile]) {
        let yielding: BTreeSet<String> = self.declarations.declared().map(|d| d.body.file.to_string()).collect();
        let faulty: BTreeSet<String> = self
            .directory
            .problems
            .iter()
            .chain(&self.problems)
            .filter(|problem| problem.severity == Severity::Error)
            .flat_map(|problem| problem.spots.iter().map(|spot| spot.place.file.to_string()))
            .collect();
        let mut told = BTreeSet::new();
        let build = &self.declarations.files.reading.cluster.build;
        for (address, path, _) in recorded.iter().filter(|(address, _, _)| address.kind != Folder::NAME) {
            // What a kustomization names no more has left the directory, wherever its file is.
            let has_left = build.left_out(path).is_some();
            if has_left
                || yielding.contains(path)
                || faulty.contains(path)
                || !self.root().join(path).is_file()
                || self.directory.unread.iter().any(|one| one.may_be(address, path))
                || !told.insert(path)
            {
                continue;
            }
            let why = self.directory.ignored.iter().find(|ignored| covers(&ignored.path, path));
            let mut problem = Problem::error(
                "recorded-source",
                format!("`{address}` was applied from this file, and now it yields nothing"),
            )
            .at(Place::file(path.as_str()));
            if let Some(ignored) = why {
                problem = problem.note(format!("`{}` {}", ignored.path, ignored.reason));
            }
            self.problems.push(problem.help("delete the file if the object is to go, or let it be read again"));
        }
    }

    fn root(&self) -> &Path {
        &self.declarations.files.root
    }
}

fn selects_no_more(address: &Address, manifest: &UnselectedManifest) -> Problem {
    let message = format!("`{address}` was applied from this manifest, which now {}", manifest.reason);
    Problem::error("immutable", message)
        .spot(manifest.spot.clone())
        .note("the operator lets nobody change `instanceSelector`; here the object would be deleted")
        .help("write it as it was (or the labels of the `Grafana`); if the object is to go, remove the manifest")
}

fn has_another_uid(before: &Address, now: &Address, place: &Place) -> Problem {
    let message =
        format!("the uid of this manifest was `{}` and is `{}`: the object is made anew", before.id(), now.id());
    Problem::warning("immutable", message)
        .at(place.clone())
        .note("the operator lets nobody change a uid; links to the old one, and its versions, go with it")
        .help(format!("write the uid as it was, or keep the old object, too: `amgctl forget {before}`"))
}

/// Gives an object another uid, wherever this one was used already.
pub(super) fn give_uid(
    declarations: &mut Declarations,
    settings: &FileSettings,
    kind: KindName,
    key: &super::BodyKey,
    uid: Key,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let objects = declarations.objects.iter_mut();
    let mut all = objects.chain(declarations.unresolved.iter_mut().map(|open| &mut open.declared));
    let Some(declared) = all.find(|d| d.address.kind == kind && super::body_key(&d.body) == *key) else {
        return problems;
    };
    let before = std::mem::replace(&mut declared.address.key, uid.clone());
    declared.protect = settings.protects(&declared.address);
    if kind != Datasource::NAME {
        return problems;
    }
    for known in declarations.datasources.iter_mut().filter(|known| known.uid == before.text()) {
        uid.text().clone_into(&mut known.uid);
    }
    // Dashboards whose inputs were answered with it are read again.
    let answered = |declared: &Declared| declared.body.answers.iter().any(|(_, answer)| *answer == before.text());
    while let Some(at) = declarations.objects.iter().position(answered) {
        let declared = declarations.objects.remove(at);
        let mut answers = declared.body.answers.clone();
        for (_, answer) in answers.iter_mut().filter(|(_, answer)| *answer == before.text()) {
            uid.text().clone_into(answer);
        }
        problems.extend(declarations.finish(declared, answers));
    }
    problems
}

// Whether an ignored path is a file, or a directory above it.
fn covers(ignored: &str, path: &str) -> bool {
    ignored == path || (ignored.ends_with('/') && path.starts_with(ignored))
}
