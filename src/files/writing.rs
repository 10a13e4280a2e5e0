//! A set of files that is written whole or not at all.
//!
//! Each file is written beside its place first, into a hidden directory of its own under the root, so that a full disk is
//! found before anything was touched. Then all of them are synchronised, and renamed. Whatever fails until the last rename
//! is undone: nothing is half-written, and what was there before is there again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Within;
use crate::model::Digest;

/// How the directories begin in which files are written beside their places. Hidden, so that no plan reads them.
const BESIDE: &str = ".amgctl-writing-";

/// The file that a run holds locked in such a directory as long as it lives.
const LOCK: &str = "lock";

/// How many files are synchronised at once: a disk writes many as fast as one.
const AT_ONCE: usize = 16;

/// What stands in the place of a file before it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected {
    /// Nothing, or the very same bytes.
    Nothing,
    /// A file of this digest: the one that was read.
    File(Digest),
    /// Anything, which is lost.
    Anything,
}

/// What is to become of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It has other bytes now.
    Replaced,
    /// It had these bytes already, and is left as it is.
    Unchanged,
    /// It is gone.
    Removed,
}

/// One file, and what became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Where it is.
    pub path: Within,
    /// What became of it.
    pub outcome: Outcome,
}

/// A file that is not written, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The file.
    pub path: Within,
    /// Why.
    pub why: Why,
}

/// Why a file is not written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// There is another file in its place.
    OtherFile,
    /// The file in its place changed since it was read, or is gone.
    Changed,
    /// A symbolic link leads out of the directory.
    Outside,
    /// There is something else than a file in its place, or something else than a directory above it.
    NoFile,
    /// Another file of this set stands in its place.
    Twice,
}

impl Why {
    /// The reason, in words that follow the file's name.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Why::OtherFile => "is there already, with other contents",
            Why::Changed => "changed since it was read",
            Why::Outside => "is reached by a symbolic link that leads out of the directory",
            Why::NoFile => "cannot be a file: something else has its place",
            Why::Twice => "would be written twice",
        }
    }
}

/// What the machine refused.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be {what}")]
pub struct Fault {
    /// The file or directory.
    pub path: String,
    /// What was tried, as a participle: `written`.
    pub what: &'static str,
    /// What the machine said.
    #[source]
    pub error: io::Error,
}

/// A set of files that is being written.
pub struct Writing {
    root: PathBuf,
    beside: TempDir,
    // Held locked until the end: whoever finds the directory unlocked may remove it.
    _lock: File,
    steps: BTreeMap<PathBuf, Step>,
    done: Vec<Written>,
}

/// What is to be done in one place.
struct Step {
    path: Within,
    /// The file that goes there; none where it is removed.
    staged: Option<PathBuf>,
    expected: Expected,
    outcome: Outcome,
}

/// What a commit did until now, to undo it.
#[derive(Default)]
struct Undo {
    created: Vec<PathBuf>,
    replaced: Vec<(PathBuf, PathBuf)>,
    directories: Vec<PathBuf>,
}

impl Writing {
    /// Begins a set in a directory that is there. What killed runs left behind is removed.
    pub fn begin(root: &Path) -> Result<Writing, Fault> {
        let fault = |what| move |error| Fault { path: shown(root), what, error };
        let root = root.canonicalize().map_err(fault("opened"))?;
        sweep(&root);
        let beside = tempfile::Builder::new().prefix(BESIDE).tempdir_in(&root).map_err(fault("written to"))?;
        let lock = File::create(beside.path().join(LOCK)).map_err(fault("written to"))?;
        // A file system without locks has nothing swept, either.
        let _ = lock.try_lock();
        Ok(Writing { root, beside, _lock: lock, steps: BTreeMap::new(), done: Vec::new() })
    }

    /// Writes a file beside its place; it is put there by [`Writing::commit`]. Says what will become of it, or why it is not
    /// written.
    pub fn add(
        &mut self,
        path: &Within,
        bytes: &[u8],
        expected: Expected,
    ) -> Result<Result<Outcome, Refusal>, Fault> {
        let (place, there) = match self.look(path)? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let outcome = match (&there, &expected) {
            (Some(digest), _) if *digest == Digest::of_bytes(bytes) => Outcome::Unchanged,
            (None, Expected::Nothing | Expected::Anything) => Outcome::Created,
            (Some(_), Expected::Anything) => Outcome::Replaced,
            (Some(digest), Expected::File(read)) if digest == read => Outcome::Replaced,
            (Some(_), Expected::Nothing) => return Ok(Err(Refusal { path: path.clone(), why: Why::OtherFile })),
            (_, Expected::File(_)) => return Ok(Err(Refusal { path: path.clone(), why: Why::Changed })),
        };
        if outcome == Outcome::Unchanged {
            self.done.push(Written { path: path.clone(), outcome });
            return Ok(Ok(outcome));
        }
        let staged = self.beside.path().join(self.steps.len().to_string());
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&staged)?;
            file.write_all(bytes)?;
            match fs::metadata(&place) {
                Ok(there) => file.set_permissions(there.permissions()),
                Err(_) => Ok(()),
            }
        };
        write().map_err(|error| Fault { path: path.to_string(), what: "written", error })?;
        // What was seen is what is replaced, whatever was allowed.
        let expected = match (expected, there) {
            (Expected::Anything, Some(digest)) => Expected::File(digest),
            (Expected::Anything, None) => Expected::Nothing,
            (expected, _) => expected,
        };
        self.steps.insert(place, Step { path: path.clone(), staged: Some(staged), expected, outcome });
        Ok(Ok(outcome))
    }

    /// Removes a file of this digest when the set is committed.
    pub fn remove(&mut self, path: &Within, read: Digest) -> Result<Result<Outcome, Refusal>, Fault> {
        let (place, there) = match self.look(path)? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if there.as_ref() != Some(&read) {
            return Ok(Err(Refusal { path: path.clone(), why: Why::Changed }));
        }
        let outcome = Outcome::Removed;
        self.steps
            .insert(place, Step { path: path.clone(), staged: None, expected: Expected::File(read), outcome });
        Ok(Ok(outcome))
    }

    /// Puts every file into its place, or none. What changed in between is a refusal; all that was done is undone then.
    ///
    /// Gives what became of each file, in the order of their paths.
    pub fn commit(mut self) -> Result<Result<Vec<Written>, Refusal>, Fault> {
        self.synchronise()?;
        let mut undo = Undo::default();
        let beside = self.beside.path().join("before");
        let placed = fs::create_dir(&beside)
            .map_err(|error| Fault { path: shown(&self.root), what: "written to", error })
            .and_then(|()| self.place(&beside, &mut undo));
        match placed {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => {
                undo.back();
                return Ok(Err(refusal));
            }
            Err(fault) => {
                undo.back();
                return Err(fault);
            }
        }
        let directories = self.steps.keys().filter_map(|place| place.parent());
        directories.collect::<std::collections::BTreeSet<_>>().into_iter().for_each(synchronise_directory);
        let steps = std::mem::take(&mut self.steps).into_values();
        self.done.extend(steps.map(|step| Written { path: step.path, outcome: step.outcome }));
        self.done.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Ok(self.done))
    }

    /// Where a file is, through links within the directory, and the digest of what is there.
    fn look(&self, path: &Within) -> Result<Result<(PathBuf, Option<Digest>), Refusal>, Fault> {
        let refused = |why| Ok(Err(Refusal { path: path.clone(), why }));
        let place = match resolve(&self.root, path) {
            Ok(place) => place,
            Err(why) => return refused(why),
        };
        if self.steps.contains_key(&place) {
            return refused(Why::Twice);
        }
        match digest(&place) {
            Ok(there) => Ok(Ok((place, there))),
            Err(Some(error)) => Err(Fault { path: path.to_string(), what: "read", error }),
            Err(None) => refused(Why::NoFile),
        }
    }

    fn synchronise(&self) -> Result<(), Fault> {
        let staged: Vec<(&Within, &Path)> =
            self.steps.values().filter_map(|step| Some((&step.path, step.staged.as_deref()?))).collect();
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            while let Some((path, file)) = staged.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                let synchronised = OpenOptions::new().write(true).open(file).and_then(|file| file.sync_all());
                // A read-only mode that the file takes over is no reason to fail: what cannot be opened is not synchronised.
                if let Err(error) = synchronised
                    && error.kind() != io::ErrorKind::PermissionDenied
                {
                    return Err(Fault { path: path.to_string(), what: "written", error });
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..AT_ONCE.min(staged.len())).map(|_| scope.spawn(work)).collect();
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }

    fn place(&self, before: &Path, undo: &mut Undo) -> Result<Result<(), Refusal>, Fault> {
        for (place, step) in &self.steps {
            let fault = |what| move |error| Fault { path: step.path.to_string(), what, error };
            let refused = |why| Ok(Err(Refusal { path: step.path.clone(), why }));
            if let Some(directory) = place.parent() {
                undo.create_directories(directory).map_err(fault("written"))?;
            }
            // Directories that were made, or swapped, since it was looked at.
            match resolve(&self.root, &step.path) {
                Ok(now) if now == *place => {}
                Ok(_) | Err(_) => return refused(Why::Outside),
            }
            let there = digest(place).map_err(|_| ());
            match (&step.expected, there) {
                (Expected::Nothing, Ok(None)) => {}
                (Expected::File(read), Ok(Some(there))) if *read == there => {
                    let kept = before.join(undo.replaced.len().to_string());
                    fs::hard_link(place, &kept)
                        .or_else(|_| fs::copy(place, &kept).map(|_| ()))
                        .map_err(fault("kept until the end"))?;
                    undo.replaced.push((place.clone(), kept));
                }
                (Expected::Nothing, _) => return refused(Why::OtherFile),
                (_, _) => return refused(Why::Changed),
            }
            match &step.staged {
                Some(staged) => fs::rename(staged, place).map_err(fault("written"))?,
                None => fs::remove_file(place).map_err(fault("removed"))?,
            }
            if step.outcome == Outcome::Created {
                undo.created.push(place.clone());
            }
        }
        Ok(Ok(()))
    }
}

impl Undo {
    fn create_directories(&mut self, directory: &Path) -> io::Result<()> {
        if directory.is_dir() {
            return Ok(());
        }
        if let Some(above) = directory.parent() {
            self.create_directories(above)?;
        }
        fs::create_dir(directory)?;
        self.directories.push(directory.to_owned());
        Ok(())
    }

    // What cannot be undone stays: the failure that led here is the one to report.
    fn back(self) {
        for place in self.created.iter().rev() {
            let _ = fs::remove_file(place);
        }
        for (place, kept) in self.replaced.iter().rev() {
            let _ = fs::rename(kept, place);
        }
        for directory in self.directories.iter().rev() {
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Where a path leads from a root without links in it, which it may not leave: links within it are followed.
fn resolve(root: &Path, path: &Within) -> Result<PathBuf, Why> {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    let mut place = root.to_owned();
    for (at, part) in parts.iter().enumerate() {
        place.push(part);
        match place.symlink_metadata() {
            Ok(there) if there.is_symlink() => {
                place = place.canonicalize().map_err(|_| Why::Outside)?;
                if !place.starts_with(root) {
                    return Err(Why::Outside);
                }
            }
            Ok(there) if at + 1 < parts.len() && !there.is_dir() => return Err(Why::NoFile),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(place)
}

/// The digest of a file; none where there is none. An error without words: it is no file.
fn digest(place: &Path) -> Result<Option<Digest>, Option<io::Error>> {
    match fs::symlink_metadata(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Some(error)),
        Ok(there) if !there.is_file() => return Err(None),
        Ok(_) => {}
    }
    fs::read(place).map(|bytes| Some(Digest::of_bytes(&bytes))).map_err(Some)
}

/// Removes what killed runs left behind in a directory.
fn sweep(root: &Path) {
    let left = fs::read_dir(root).into_iter().flatten().flatten();
    for entry in left.filter(|entry| entry.file_name().to_string_lossy().starts_with(BESIDE)) {
        let lock = entry.file_type().is_ok_and(|kind| kind.is_dir()).then(|| File::open(entry.path().join(LOCK)));
        if let Some(Ok(lock)) = lock
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(unix)]
fn synchronise_directory(directory: &Path) {
    // Not every file system can; the files themselves are on the disk.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
}

#[cfg(not(unix))]
fn synchronise_directory(_: &Path) {}

fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".into() } else { path.display().to_string() }
}
