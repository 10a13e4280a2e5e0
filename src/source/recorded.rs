//! What the registry remembers of files: a uid stays bound to its path, or follows a file that was only renamed.
//!
//! Only uids that were derived are bound; a uid that stands in a document is what the document says.

use std::collections::{BTreeMap, BTreeSet};

use super::Declarations;
use super::checks;
use crate::model::{Address, Declared, Digest, KindName, Place, Problem, Severity, Uid, UidFrom};

/// An object that the registry remembers.
struct Remembered<'a> {
    uid: &'a Uid,
    digest: Option<&'a Digest>,
}

impl Declarations {
    /// Gives uids back to the files that had them: `recorded` holds each object's address, source path and file digest.
    ///
    /// A recorded file that is still there and yields nothing any more becomes an error, so that it is never taken for
    /// a removal. Call it once, after [`load`](super::load).
    pub fn bind_recorded(&mut self, recorded: &[(Address, String, Option<Digest>)]) {
        for kind in [KindName::DASHBOARD, KindName::DATASOURCE] {
            let mut by_path: BTreeMap<&str, Vec<Remembered<'_>>> = BTreeMap::new();
            for (address, path, digest) in recorded.iter().filter(|(address, _, _)| address.kind == kind) {
                by_path.entry(path).or_default().push(Remembered { uid: &address.uid, digest: digest.as_ref() });
            }
            self.bind(kind, &by_path);
        }
        self.silent_files(recorded);
        self.objects.sort_by(|a, b| a.address.cmp(&b.address).then_with(|| a.place.cmp(&b.place)));
        let again = checks::uids(self);
        self.problems.extend(again);
        self.sort_problems();
    }

    fn bind(&mut self, kind: KindName, by_path: &BTreeMap<&str, Vec<Remembered<'_>>>) {
        let taken: BTreeSet<Uid> = self
            .declared()
            .filter(|d| d.address.kind == kind && d.uid_from == UidFrom::Document)
            .map(|d| d.address.uid.clone())
            .collect();
        let mut files: BTreeMap<String, usize> = BTreeMap::new();
        let mut digests: BTreeMap<Digest, usize> = BTreeMap::new();
        for declared in self.declared().filter(|d| d.address.kind == kind) {
            *files.entry(declared.body.file.to_string()).or_default() += 1;
            if declared.uid_from != UidFrom::Document && !by_path.contains_key(&*declared.body.file) {
                *digests.entry(declared.body.file_digest.clone()).or_default() += 1;
            }
        }
        // Files that are gone, by what they held: exactly one of a digest can have been renamed.
        let mut gone: BTreeMap<&Digest, Vec<&Uid>> = BTreeMap::new();
        for (path, remembered) in by_path {
            if !files.contains_key(*path) && !self.root.join(path).exists() {
                for one in remembered {
                    if let Some(digest) = one.digest {
                        gone.entry(digest).or_default().push(one.uid);
                    }
                }
            }
        }
        let mut bound: Vec<(super::BodyKey, Uid)> = Vec::new();
        for declared in self.declared().filter(|d| d.address.kind == kind && d.uid_from != UidFrom::Document) {
            let alone = files.get(&*declared.body.file) == Some(&1);
            let uid = match by_path.get(&*declared.body.file).map(Vec::as_slice) {
                Some([one]) if alone => Some(one.uid),
                Some(_) => None,
                None => match gone.get(&declared.body.file_digest).map(Vec::as_slice) {
                    Some([uid]) if alone && digests.get(&declared.body.file_digest) == Some(&1) => Some(*uid),
                    _ => None,
                },
            };
            if let Some(uid) = uid.filter(|uid| !taken.contains(uid) && **uid != declared.address.uid) {
                bound.push((declared.body.key(), uid.clone()));
            }
        }
        for (key, uid) in bound {
            self.rename(kind, &key, uid);
        }
    }

    // Gives an object another uid, wherever this one was used already.
    fn rename(&mut self, kind: KindName, key: &super::BodyKey, uid: Uid) {
        let settings = self.options.settings.clone();
        let Some(declared) = self.declared_mut().find(|d| d.address.kind == kind && d.body.key() == *key) else {
            return;
        };
        let before = std::mem::replace(&mut declared.address.uid, uid.clone());
        declared.protect = settings.protects(&declared.address);
        if kind != KindName::DATASOURCE {
            return;
        }
        for known in self.datasources.iter_mut().filter(|known| known.uid == before.as_str()) {
            known.uid = uid.to_string();
        }
        // Dashboards whose inputs were answered with it are read again.
        let answered: Vec<super::BodyKey> = self
            .replacements
            .iter()
            .filter(|(_, answers)| answers.iter().any(|(_, answer)| *answer == before.as_str()))
            .map(|(key, _)| key.clone())
            .collect();
        for key in answered {
            let mut answers = self.replacements.remove(&key).unwrap_or_default();
            for (_, answer) in answers.iter_mut().filter(|(_, answer)| *answer == before.as_str()) {
                *answer = uid.to_string();
            }
            if let Some(at) = self.objects.iter().position(|declared| declared.body.key() == key) {
                let declared = self.objects.remove(at);
                self.finish(declared, answers);
            }
        }
    }

    // Files that are remembered, are still there, and yield nothing without a fault that says why.
    fn silent_files(&mut self, recorded: &[(Address, String, Option<Digest>)]) {
        let yielding: BTreeSet<String> = self.declared().map(|d| d.body.file.to_string()).collect();
        let faulty: BTreeSet<String> = self
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .flat_map(|problem| problem.spots.iter().map(|spot| spot.place.file.to_string()))
            .collect();
        let mut told = BTreeSet::new();
        for (address, path, _) in recorded.iter().filter(|(address, _, _)| address.kind != KindName::FOLDER) {
            if yielding.contains(path)
                || faulty.contains(path)
                || !self.root.join(path).is_file()
                || !told.insert(path)
            {
                continue;
            }
            let why = self.ignored.iter().find(|ignored| covers(&ignored.path, path));
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

    fn declared(&self) -> impl Iterator<Item = &Declared> {
        self.objects.iter().chain(self.unresolved.iter().map(|open| &open.declared))
    }

    fn declared_mut(&mut self) -> impl Iterator<Item = &mut Declared> {
        self.objects.iter_mut().chain(self.unresolved.iter_mut().map(|open| &mut open.declared))
    }
}

// Whether an ignored path is a file, or a directory above it.
fn covers(ignored: &str, path: &str) -> bool {
    ignored == path || (ignored.ends_with('/') && path.starts_with(ignored))
}
