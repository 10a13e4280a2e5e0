//! Which files of a directory are read: the same ones on every machine.
//!
//! Only ignore files (`.gitignore`, `.amgctlignore`) at or below the directory count, in a git repository or not.
//! Hidden files are left out. Symbolic links are followed within the directory, or within the git checkout around it
//! where `amgctl.yaml` allows that; one that leads out is an error.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder};

use super::document::Format;
use super::settings::FollowLinks;
use super::{Ignored, Stream};
use crate::model::{Place, Problem};

/// Files above this are not read.
pub(crate) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The name of what is piped in, as a file's.
pub(crate) const STREAM: &str = "<stdin>";

/// The bytes of a file, which is the stream where there is one.
pub(crate) fn bytes(file: &Path, stream: Option<&Stream>) -> std::io::Result<Vec<u8>> {
    match stream {
        Some(Ok(bytes)) => Ok(bytes.to_vec()),
        Some(Err(why)) => Err(std::io::Error::other(why.clone())),
        None => std::fs::read(file),
    }
}

/// The only file of what is piped in; its faults are found where it is read.
pub(crate) fn stream() -> Walked {
    Walked { files: vec![(STREAM.into(), PathBuf::from(STREAM))], ignored: Vec::new(), problems: Vec::new() }
}

/// One file of a directory, by its name there.
pub(crate) fn one(root: &Path, name: &Arc<str>) -> Walked {
    let file = root.join(&**name);
    let mut walked = Walked { files: Vec::new(), ignored: Vec::new(), problems: Vec::new() };
    match file.metadata() {
        _ if Format::of(name).is_none() => {
            walked.ignored.push(Ignored { path: name.clone(), reason: NO_FORMAT.into() });
        }
        Ok(metadata) if metadata.len() > MAX_BYTES => walked.problems.push(too_large(name.clone(), metadata.len())),
        // What cannot be read is said where it is read.
        Ok(_) | Err(_) => walked.files.push((name.clone(), file)),
    }
    walked
}

fn too_large(path: Arc<str>, bytes: u64) -> Problem {
    Problem::error("too-large", format!("this file has {bytes} bytes, more than 16 MiB"))
        .at(Place::file(path))
        .help("if it is not for amgctl, name it in `.amgctlignore`")
}

/// Why a file is not read whose name does not say how it is written.
const NO_FORMAT: &str = "is neither `.json` nor `.yaml` nor `.yml`";

/// Why a pipe, a socket or a device is not read.
const NO_FILE: &str = "is no file: a pipe, a socket or a device";

/// Why a file is not read that an ignore file names.
pub(crate) const HIDDEN: &str = "is named in an ignore file";

/// What a walk finds.
pub(crate) struct Walked {
    /// The files to read: relative path with `/` between its parts, and where it is. Sorted by relative path.
    pub files: Vec<(Arc<str>, PathBuf)>,
    /// What is not read, and why.
    pub ignored: Vec<Ignored>,
    /// What is wrong with the tree itself.
    pub problems: Vec<Problem>,
}

/// Where a symbolic link may lead.
struct Bounds {
    /// The directory itself.
    root: PathBuf,
    /// The git checkout around it, if there is one.
    checkout: Option<PathBuf>,
    follow: FollowLinks,
}

/// What is to be made of a symbolic link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Link {
    Follow,
    /// It leads to a directory that the root is in.
    Around,
    /// It leads to another place of the git checkout, which is not allowed here.
    Beside,
    /// It leads out, or nowhere that is reviewed.
    Outside,
}

impl Bounds {
    fn of(root: &Path, follow: FollowLinks) -> Bounds {
        let checkout = root.ancestors().find(|above| above.join(".git").exists()).map(Path::to_owned);
        Bounds { root: root.to_owned(), checkout, follow }
    }

    /// What is to be made of a link to this path, which has no link in it any more.
    fn link_to(&self, target: &Path) -> Link {
        if target.starts_with(&self.root) {
            return Link::Follow;
        }
        let Some(inside) = self.checkout.as_ref().and_then(|checkout| target.strip_prefix(checkout).ok()) else {
            return Link::Outside;
        };
        // What git keeps for itself (remotes with their tokens among it) is in no review.
        if inside.components().any(|part| part.as_os_str() == ".git") {
            return Link::Outside;
        }
        match self.follow {
            FollowLinks::Directory => Link::Beside,
            FollowLinks::Repository if self.root.starts_with(target) => Link::Around,
            FollowLinks::Repository => Link::Follow,
        }
    }
}

/// Walks through a directory.
pub(crate) fn walk(root: &Path, follow: FollowLinks) -> Walked {
    let mut walked = Walked { files: Vec::new(), ignored: Vec::new(), problems: Vec::new() };
    let Ok(canonical) = root.canonicalize() else {
        walked.problems.push(
            Problem::error("directory", format!("there is no directory `{}`", root.display()))
                .help("name the directory that holds the dashboards and data sources"),
        );
        return walked;
    };
    if !canonical.is_dir() {
        walked.problems.push(
            Problem::error("directory", format!("`{}` is a file, not a directory", root.display()))
                .help("name the directory that holds it"),
        );
        return walked;
    }
    let outside = Arc::new(Mutex::new(Vec::new()));
    let seen = {
        let outside = Arc::clone(&outside);
        let bounds = Bounds::of(&canonical, follow);
        let entries = builder(root, true).filter_entry(move |entry| is_followed(entry, &bounds, &outside)).build();
        collect(root, entries, &mut walked)
    };
    for (path, link) in outside.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let Some(relative) = relative(root, path) else { continue };
        walked.problems.push(refused(*link, follow).at(Place::file(relative)));
    }
    note_ignored(root, &seen, &mut walked);
    walked.files.sort();
    walked.ignored.sort_by(|a, b| a.path.cmp(&b.path));
    walked
}

fn builder(root: &Path, obey: bool) -> WalkBuilder {
    let mut builder = WalkBuilder::new(root);
    builder
        .standard_filters(false)
        .hidden(true)
        .git_ignore(obey)
        .require_git(false)
        .follow_links(obey)
        .sort_by_file_name(OsStr::cmp);
    if obey {
        builder.add_custom_ignore_filename(".amgctlignore");
    }
    builder
}

fn is_followed(entry: &DirEntry, bounds: &Bounds, outside: &Mutex<Vec<(PathBuf, Link)>>) -> bool {
    if entry.depth() == 0 || !entry.path_is_symlink() {
        return true;
    }
    let link = entry.path().canonicalize().map_or(Link::Outside, |target| bounds.link_to(&target));
    if link != Link::Follow {
        outside.lock().unwrap_or_else(PoisonError::into_inner).push((entry.path().to_owned(), link));
    }
    link == Link::Follow
}

fn refused(link: Link, follow: FollowLinks) -> Problem {
    let out = match follow {
        FollowLinks::Directory => "this symbolic link leads out of the directory",
        FollowLinks::Repository => "this symbolic link leads out of the git checkout",
    };
    match link {
        Link::Around => Problem::error("symlink", "this symbolic link leads to a directory that it is in")
            .help("let it lead to the directory that is shared, not to one around both"),
        Link::Beside => Problem::error("symlink", out)
            .note("it leads to another place of the same git checkout, which may be reviewed elsewhere")
            .help(
                "write `follow_links: repository` in amgctl.yaml to allow such links, put a copy into the directory, \
                 or name the link in `.amgctlignore`",
            ),
        Link::Outside | Link::Follow => Problem::error("symlink", out)
            .note("what is outside is not reviewed with the directory")
            .help("put a copy into the directory, or name the link in `.amgctlignore`"),
    }
}

// Takes the files of a walk in; gives every path that was seen.
fn collect(root: &Path, entries: ignore::Walk, walked: &mut Walked) -> BTreeSet<PathBuf> {
    let mut seen = BTreeSet::new();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                walked.problems.push(unreadable(root, &error));
                continue;
            }
        };
        seen.insert(entry.path().to_owned());
        let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else { continue };
        let Some(path) = relative(root, entry.path()) else {
            walked.problems.push(
                Problem::error("file-name", format!("the name of `{}` is not UTF-8", entry.path().display()))
                    .help("rename it: uids and messages are made of names"),
            );
            continue;
        };
        if !kind.is_file() {
            // To open one may wait for ever.
            walked.ignored.push(Ignored { path, reason: NO_FILE.into() });
            continue;
        }
        if let Some(problem) = backup(&path, entry.path()) {
            walked.problems.push(problem.at(Place::file(path)));
            continue;
        }
        if Format::of(&path).is_none() {
            walked.ignored.push(Ignored { path, reason: NO_FORMAT.into() });
            continue;
        }
        match entry.metadata() {
            Ok(metadata) if metadata.len() > MAX_BYTES => walked.problems.push(too_large(path, metadata.len())),
            _ => walked.files.push((path, entry.path().to_owned())),
        }
    }
    seen
}

// A file of grafana-backup-tool: JSON under a name of its own, in a directory named by the time of the backup.
fn backup(path: &str, file: &Path) -> Option<Problem> {
    let (what, key, help) = match path.rsplit_once('.')?.1 {
        "dashboard" => (
            "a dashboard",
            "dashboard",
            "rename it so that it ends in `.json`, in the directory of its folder (`meta.folderTitle` names it)",
        ),
        "datasource" => ("a data source", "type", "rename it so that it ends in `.json`"),
        "folder" => (
            "a folder",
            "title",
            "make a directory for it, and put its `title:` and `uid:` into a file `_folder.yaml` there",
        ),
        _ => return None,
    };
    if file.metadata().ok()?.len() > MAX_BYTES {
        return None;
    }
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    value.get(key)?;
    Some(
        Problem::error(
            "not-supported",
            format!("this is {what} as grafana-backup-tool keeps it, which is not read"),
        )
        .help(format!("{help}; or name it in `.amgctlignore`")),
    )
}

// What ignore files hide, found by a second look at the directories that were visited and no others.
fn note_ignored(root: &Path, seen: &BTreeSet<PathBuf>, walked: &mut Walked) {
    let visited = seen.clone();
    let found = Arc::new(Mutex::new(Vec::new()));
    let hidden = Arc::clone(&found);
    let entries = builder(root, false)
        .filter_entry(move |entry| {
            if visited.contains(entry.path()) || entry.path_is_symlink() {
                return true;
            }
            let directory = entry.file_type().is_some_and(|kind| kind.is_dir());
            hidden.lock().unwrap_or_else(PoisonError::into_inner).push((entry.path().to_owned(), directory));
            false
        })
        .build();
    entries.for_each(drop);
    for (path, directory) in found.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        if let Some(path) = relative(root, &path) {
            let path = if directory { format!("{path}/").into() } else { path };
            walked.ignored.push(Ignored { path, reason: HIDDEN.into() });
        }
    }
}

fn unreadable(root: &Path, error: &ignore::Error) -> Problem {
    let path = match error {
        ignore::Error::WithDepth { err, .. } => return unreadable(root, err),
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    };
    let message = match (error, error.io_error()) {
        (ignore::Error::Loop { .. }, _) => "this symbolic link leads to a directory that it is in".to_owned(),
        (_, Some(io)) if io.kind() == std::io::ErrorKind::NotFound => "this symbolic link leads nowhere".to_owned(),
        (_, Some(io)) => format!("this cannot be read: {io}"),
        (_, None) => error.to_string(),
    };
    let problem = Problem::error("unreadable", message).help("mend it, or name it in `.amgctlignore`");
    match path.and_then(|path| relative(root, path)) {
        Some(path) => problem.at(Place::file(path)),
        None => problem,
    }
}

/// A path relative to the root with `/` between its parts; none when a part is not UTF-8.
pub(crate) fn relative(root: &Path, path: &Path) -> Option<Arc<str>> {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/").into())
}
