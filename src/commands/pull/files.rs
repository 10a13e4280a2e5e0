//! Files as they are to be: collected first, then all written, each beside its place and then put there.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::commands::{Exit, Failure, shown};

/// A file as it is to be.
pub enum Draft {
    /// It has these bytes; `before` is what it had, empty where it is new.
    Write { file: String, before: Vec<u8>, after: Vec<u8> },
    /// It goes.
    Remove { file: String, before: Vec<u8> },
}

impl Draft {
    /// The file, relative to the directory.
    pub fn file(&self) -> &str {
        match self {
            Draft::Write { file, .. } | Draft::Remove { file, .. } => file,
        }
    }

    /// Its bytes before and after; none where it is not there.
    pub fn sides(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        match self {
            Draft::Write { before, after, .. } => ((!before.is_empty()).then_some(before), Some(after)),
            Draft::Remove { before, .. } => (Some(before), None),
        }
    }
}

/// All files as they are to be, by their paths.
#[derive(Default)]
pub struct Drafts(BTreeMap<String, Draft>);

impl Drafts {
    /// Adds one; what a file had before the first one stays known.
    pub fn put(&mut self, draft: Draft) {
        let file = draft.file().to_owned();
        let first = self.original(&file);
        let draft = match (draft, first) {
            (Draft::Write { file, after, .. }, Some(before)) => Draft::Write { file, before, after },
            (draft, _) => draft,
        };
        self.0.insert(file, draft);
    }

    /// What a file had before it was drafted.
    pub fn original(&self, file: &str) -> Option<Vec<u8>> {
        match self.0.get(file)? {
            Draft::Write { before, .. } | Draft::Remove { before, .. } => Some(before.clone()),
        }
    }

    /// The bytes of a file as it is to be so far.
    pub fn current(&self, root: &Path, file: &str) -> Result<Vec<u8>, String> {
        match self.0.get(file) {
            Some(Draft::Write { after, .. }) => Ok(after.clone()),
            Some(Draft::Remove { .. }) => Err(format!("{file}: it is removed")),
            None => fs::read(root.join(file)).map_err(|error| format!("{file}: cannot be read: {error}")),
        }
    }

    /// Whether there is a file of this name, or is to be.
    pub fn is_taken(&self, root: &Path, file: &str) -> bool {
        self.0.contains_key(file) || root.join(file).symlink_metadata().is_ok()
    }

    /// How many files change.
    pub fn changed(&self) -> usize {
        self.0.len()
    }

    /// In the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = &Draft> {
        self.0.values()
    }

    /// Writes all of them: new contents beside their places first, so that a full or read-only disk changes nothing, then
    /// each into its place; what goes, goes last.
    pub fn write(self, root: &Path) -> Result<(), Failure> {
        let failed = |path: &Path, error: &dyn std::fmt::Display| {
            Failure::new(Exit::Error, format!("`{}` cannot be written: {error}", shown(path)))
                .hint("see to it, and run the command again: what was written already is not pulled twice")
        };
        let real = root.canonicalize().map_err(|error| failed(root, &error))?;
        let mut ready: Vec<(tempfile::NamedTempFile, PathBuf)> = Vec::new();
        let mut going = Vec::new();
        for draft in self.0.into_values() {
            let path = root.join(draft.file());
            match draft {
                Draft::Remove { before, .. } => going.push((path, before)),
                Draft::Write { before, after, .. } => {
                    // A link is followed to the file that it names, as long as that is in the directory.
                    let path = path.canonicalize().unwrap_or(path);
                    let parent = path.parent().unwrap_or(root).to_owned();
                    must_be_inside(&parent, &real)?;
                    fs::create_dir_all(&parent).map_err(|error| failed(&parent, &error))?;
                    let is_as_read = match before.is_empty() {
                        true => !path.exists(),
                        false => fs::read(&path).is_ok_and(|bytes| bytes == before),
                    };
                    if !is_as_read {
                        return Err(changed_meanwhile(&path));
                    }
                    let mut beside = tempfile::Builder::new()
                        .prefix(".amgctl-")
                        .tempfile_in(&parent)
                        .map_err(|error| failed(&path, &error))?;
                    beside.write_all(&after).map_err(|error| failed(&path, &error))?;
                    // A new file is as others are; one that was there keeps what it allows.
                    let permissions = permissions_of(&path);
                    if let Some(permissions) = permissions {
                        beside.as_file().set_permissions(permissions).map_err(|error| failed(&path, &error))?;
                    }
                    beside.as_file().sync_all().map_err(|error| failed(&path, &error))?;
                    ready.push((beside, path));
                }
            }
        }
        for (beside, path) in ready {
            beside.persist(&path).map_err(|error| failed(&path, &error.error))?;
        }
        for (path, before) in going {
            if fs::read(&path).is_ok_and(|bytes| bytes != before) {
                return Err(changed_meanwhile(&path));
            }
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
        Ok(())
    }
}

fn changed_meanwhile(path: &Path) -> Failure {
    Failure::new(Exit::Conflict, format!("`{}` changed while amgctl was running", shown(path)))
        .hint("run the command again")
}

/// Nothing is written where a link leads out of the directory.
fn must_be_inside(directory: &Path, root: &Path) -> Result<(), Failure> {
    let there = directory.ancestors().find_map(|one| one.canonicalize().ok());
    if there.is_some_and(|there| there.starts_with(root)) {
        return Ok(());
    }
    Err(Failure::new(Exit::Error, format!("`{}` leads out of the directory", shown(directory)))
        .hint("nothing is written behind links that lead elsewhere: replace the link by what it names"))
}

#[cfg(unix)]
fn permissions_of(path: &Path) -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(path.metadata().map_or_else(|_| fs::Permissions::from_mode(0o644), |found| found.permissions()))
}

#[cfg(not(unix))]
fn permissions_of(path: &Path) -> Option<fs::Permissions> {
    path.metadata().ok().map(|found| found.permissions())
}
