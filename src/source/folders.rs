//! Which folders a directory declares: its directories with dashboards in them, `_folder.yaml`, folder resources.
//!
//! A leading `dashboards/` is dropped from every path, so `dashboards/Infra` and `Infra` are one folder. A directory
//! that holds only data sources, or only dashboards that name another folder, is no folder. Neither is `General` at the
//! top: that is what Grafana and the tools that dump it call the root, until a `_folder.yaml` in it says otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::body::{Body, changed};
use super::datasource::unknown_key;
use super::document::Document;
use super::envelope::{self, FOLDER, FolderAt};
use super::shape::keys::Level;
use super::shape::{Declaration, Form, Site};
use super::{FileRef, Files, checked_uid, dashboard};
use crate::kinds::folder::{Folder, MAX_DEPTH};
use crate::model::{Declared, DeclaredFolder, FolderPath, KindName, Parent, Place, Problem, Spot, Uid};

/// What `_folder.yaml` says of its directory.
#[derive(Clone, Debug)]
pub(crate) struct FolderFile {
    /// The directory that it stands in, relative to the root; empty for the root.
    pub directory: String,
    /// The title, where it names one.
    pub title: Option<String>,
    /// The uid, where it names one.
    pub uid: Option<Uid>,
    /// Whether the folder survives its removal from the directory.
    pub protect: bool,
    /// Where the file stands.
    pub spot: Spot,
}

/// The name of the file that says more of a directory's folder.
pub(crate) const FILE: &str = "_folder.yaml";

/// What Grafana calls the root; most versions refuse a folder of that title, in any case (fact: `folder-titles`).
const GENERAL: &str = "General";

/// Reads a `_folder.yaml`.
pub(crate) fn read_file(document: &Document<'_>, file: &str) -> (Option<FolderFile>, Vec<Problem>) {
    const KEYS: [&str; 4] = ["title", "uid", "protect", "permissions"];
    let mut problems = Vec::new();
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
    let mut read = FolderFile { directory, title: None, uid: None, protect: false, spot: document.spot("", "") };
    let Some(map) = document.value.as_object() else {
        let problem = Problem::error("folder", "this file must be an object with `title`, `uid` or `protect`");
        return (None, vec![problem.spot(document.spot("", ""))]);
    };
    if is_root(&read.directory) {
        problems.push(
            Problem::error("folder", "the root of the tree of folders has no title, uid or protection of its own")
                .spot(document.spot("", ""))
                .help("move this file into the directory that it is meant for"),
        );
    }
    for (key, value) in map {
        let pointer = super::yaml::member("", key);
        let spot = || document.spot(&pointer, "");
        match (key.as_str(), value) {
            ("title", Value::String(title)) if !title.trim().is_empty() => {
                read.title = Some(super::uids::composed(title.trim()));
            }
            ("title", _) => {
                problems.push(Problem::error("folder", "`title` must be a text that is not empty").spot(spot()))
            }
            ("uid", Value::String(text)) => match checked_uid(text) {
                Ok(uid) => read.uid = Some(uid),
                Err(problem) => problems.push(problem.spot(spot())),
            },
            ("uid", _) => {
                problems.push(Problem::error("uid", "a uid must be a text").spot(spot()).help("put it in quotes"))
            }
            ("protect", Value::Bool(protect)) => read.protect = *protect,
            ("protect", _) => {
                problems.push(Problem::error("folder", "`protect` must be `true` or `false`").spot(spot()))
            }
            ("permissions", _) => problems.push(
                Problem::error("not-supported", "`permissions` of folders are not kept by this version yet")
                    .spot(document.key_spot(&pointer, ""))
                    .help("remove them here, and set them in the workspace"),
            ),
            _ => {
                problems.push(unknown_key("a folder", key, KEYS.into_iter()).spot(document.key_spot(&pointer, "")))
            }
        }
    }
    (Some(read), problems)
}

/// A folder as a document of its own: `metadata.name` is its uid; where it names no folder, it is at the root.
pub(crate) struct FolderForm {
    /// What it is, with its article.
    pub name: &'static str,
    /// Its keys.
    pub levels: &'static [Level],
    /// Where its body stands, as a JSON pointer of the object.
    pub body: &'static str,
    /// Where it names the folder that it is in.
    pub folder: FolderAt,
}

impl fmt::Debug for FolderForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Form for FolderForm {
    fn kind(&self) -> KindName {
        Folder::NAME
    }

    fn levels(&self) -> &'static [Level] {
        self.levels
    }

    fn read(&self, site: Site<'_, '_>, _: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>) {
        let Site { document, part } = site;
        let (document, base) = (&*document, &part.base);
        let mut problems = Vec::new();
        let (name, title_at) = (self.pointer(base, "/uid"), self.pointer(base, "/title"));
        let uid = match document.value.pointer(&name).and_then(Value::as_str).map(checked_uid) {
            Some(Ok(uid)) => Some(uid),
            Some(Err(problem)) => {
                problems.push(problem.spot(document.spot(&name, "")));
                None
            }
            None => {
                problems.push(
                    Problem::error("resource", "a resource needs a `metadata.name`, which is its uid")
                        .spot(document.spot(&format!("{base}/metadata"), "")),
                );
                None
            }
        };
        let parent = envelope::named_parent(document, base, self.folder, &mut problems).unwrap_or(Parent::Root);
        let title = document.value.pointer(&title_at).and_then(Value::as_str).unwrap_or_default().trim();
        if let Some(problem) = title_problem(title) {
            problems.push(problem.spot(document.spot(&title_at, "")));
        }
        let whole = document.is_whole_file() && base.is_empty();
        let place = if whole { Place::file(document.source.file.clone()) } else { document.place(base) };
        let folder = uid.filter(|_| problems.is_empty()).map(|uid| DeclaredFolder {
            uid: Some(uid),
            path: None,
            title: title.to_owned(),
            parent,
            place,
            protect: false,
            by_title: false,
        });
        (folder.map(Declaration::Folder), problems)
    }

    fn pointer(&self, base: &str, inside: &str) -> String {
        match inside {
            "/uid" => format!("{base}/metadata/name"),
            FOLDER => format!("{base}{}", self.folder.pointer),
            _ => format!("{base}{}{inside}", self.body),
        }
    }

    // A folder has no body to be read again: all that there is of it is declared.
    fn body(&self, _: &Site<'_, '_>, declared: &Declared, _: &Files) -> Result<Body, Box<Problem>> {
        Err(Box::new(changed(declared)))
    }
}

/// The folders that directories stand for.
pub(crate) struct Tree {
    /// The folders, parents first.
    pub folders: Vec<DeclaredFolder>,
    /// What is wrong with them.
    pub problems: Vec<Problem>,
    paths: BTreeMap<String, Option<FolderPath>>,
}

impl Tree {
    /// Makes the folders of the directories that hold dashboards (relative to the root, by file) and of folder files.
    pub(crate) fn new(dashboards: &BTreeSet<String>, files: &[FolderFile]) -> Tree {
        let mut tree = Tree { folders: Vec::new(), problems: Vec::new(), paths: BTreeMap::new() };
        let by_directory: BTreeMap<&str, &FolderFile> = files.iter().map(|f| (f.directory.as_str(), f)).collect();
        let mut by_path: BTreeMap<FolderPath, (DeclaredFolder, Option<&FolderFile>)> = BTreeMap::new();
        for directory in dashboards.iter().map(String::as_str).chain(by_directory.keys().copied()) {
            tree.add(directory, &by_directory, &mut by_path);
        }
        tree.folders = by_path.into_values().map(|(folder, _)| folder).collect();
        tree.folders.sort_by(|a, b| {
            let key =
                |folder: &DeclaredFolder| (folder.path.as_ref().map_or(0, FolderPath::depth), folder.path.clone());
            key(a).cmp(&key(b))
        });
        tree
    }

    /// Where the dashboards of a directory go.
    pub(crate) fn parent(&self, directory: &str) -> Parent {
        match self.paths.get(directory) {
            Some(Some(path)) => Parent::Path(path.clone()),
            Some(None) | None => Parent::Root,
        }
    }

    fn add<'a>(
        &mut self,
        directory: &str,
        files: &BTreeMap<&str, &'a FolderFile>,
        by_path: &mut BTreeMap<FolderPath, (DeclaredFolder, Option<&'a FolderFile>)>,
    ) -> Option<FolderPath> {
        if let Some(path) = self.paths.get(directory) {
            return path.clone();
        }
        let file = files.get(directory).copied();
        if is_root(directory) || (is_general(directory) && file.is_none()) {
            self.paths.insert(directory.to_owned(), None);
            return None;
        }
        let (above, name) = directory.rsplit_once('/').unwrap_or(("", directory));
        let above = self.add(above, files, by_path);
        let title = file.and_then(|f| f.title.clone()).unwrap_or_else(|| super::uids::composed(name.trim()));
        let place = match file {
            Some(file) => Place::file(file.spot.place.file.clone()),
            None => Place::file(Arc::<str>::from(directory)),
        };
        let mut titles = above.as_ref().map(|path| path.titles().to_vec()).unwrap_or_default();
        titles.push(title.clone());
        if file.is_none() && title.eq_ignore_ascii_case(GENERAL) {
            self.problems.push(
                Problem::error("title", "a folder called `General` is refused by most versions of Grafana")
                    .at(place.clone())
                    .note("`General` is Grafana's name for the root; as a directory at the top it stands for that")
                    .help(
                        "rename the directory, or write `title: General` into a `_folder.yaml` in it where the \
                         workspace allows such a folder (Grafana 12)",
                    ),
            );
        }
        if let Some(problem) = title_problem(&title) {
            self.problems.push(match file.filter(|file| file.title.is_some()) {
                Some(file) => problem.spot(file.spot.clone()),
                None => problem
                    .at(place.clone())
                    .help("rename the directory, or give its folder a title in `_folder.yaml`"),
            });
        }
        let path = FolderPath::new(titles);
        self.paths.insert(directory.to_owned(), path.clone());
        let path = path?;
        if path.depth() == MAX_DEPTH + 1 {
            self.problems.push(
                Problem::error(
                    "folder-depth",
                    format!("this folder is {} deep, and Grafana takes {MAX_DEPTH}", path.depth()),
                )
                .at(place.clone())
                .note(format!("its path is {path}"))
                .help("move its dashboards up; a leading `dashboards/` does not count"),
            );
        }
        let parent = above.map_or(Parent::Root, Parent::Path);
        let folder = DeclaredFolder {
            uid: file.and_then(|f| f.uid.clone()),
            path: Some(path.clone()),
            title,
            parent,
            place,
            protect: file.is_some_and(|f| f.protect),
            by_title: false,
        };
        match by_path.get_mut(&path) {
            None => {
                by_path.insert(path.clone(), (folder, file));
            }
            Some((known, said)) => match (said.as_ref(), file) {
                (Some(first), Some(second)) => self.problems.push(
                    Problem::error("duplicate-folder", format!("two files speak of the folder {path}"))
                        .spot(first.spot.clone())
                        .spot(second.spot.clone())
                        .help("keep one of them, or give one of them another title"),
                ),
                (None, Some(_)) => (*known, *said) = (folder, file),
                (_, None) => {}
            },
        }
        Some(path)
    }
}

// Whether a directory stands for the root of the tree of folders.
fn is_root(directory: &str) -> bool {
    directory.is_empty() || directory == "dashboards"
}

// Whether a directory has the name that Grafana gives the root, at the top.
fn is_general(directory: &str) -> bool {
    directory.strip_prefix("dashboards/").unwrap_or(directory).eq_ignore_ascii_case(GENERAL)
}

pub(crate) fn title_problem(title: &str) -> Option<Problem> {
    let length = title.chars().count();
    if title.is_empty() {
        Some(Problem::error("title", "a folder's title may not be empty"))
    } else if length > dashboard::MAX_TITLE {
        Some(Problem::error(
            "title",
            format!(
                "this title has {length} characters, more than the {} that Grafana takes",
                dashboard::MAX_TITLE
            ),
        ))
    } else {
        None
    }
}
