//! Directory to documents to [`crate::model::Declared`]: the only reader of the user's files.
//!
//! # What is read
//! Every `.json`, `.yaml` and `.yml` file that no ignore file hides (`walk`). What a document is, its shape says, not
//! its path: the table stands in `shape`. `amgctl.yaml` is the stack's settings ([`settings`]), `_folder.yaml` says
//! more of a directory's folder (`folders`).
//!
//! # What is ignored, and what is an error
//! A file that can be read and is no document of ours is ignored and listed. A file that cannot be read (no JSON, no
//! YAML, a template) is an error, because it may be ours: name it in `.amgctlignore` if it is not. What looks like
//! ours and is broken or not supported yet is an error. Faults inside a document that is not ours (a duplicate key in
//! a values file) are none of our business.
//!
//! # Memory
//! A document is read, checked, normalised and digested, its references noted, and let go; [`Declarations::body`]
//! reads it again for the changes that are shown or written. A file of several objects is read again once (`opened`).
//!
//! # Directory and workspace
//! A [`Directory`] is read once and never changes. For each workspace it becomes a [`Bound`]: recorded uids given back,
//! open inputs answered by that workspace's data sources, secrets fetched.

mod body;
mod bound;
mod checks;
pub(crate) mod cluster;
pub mod contained;
mod dashboard;
mod datasource;
mod document;
mod embedded;
mod envelope;
mod faults;
mod folders;
mod hidden;
mod inputs;
mod json;
mod library;
mod library_panel;
mod loading;
mod mishaps;
mod named;
mod numbers;
mod opened;
mod recorded;
mod references;
pub mod settings;
mod shape;
mod spans;
mod text;
mod titled;
mod titles;
mod values;
mod walk;
mod written;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use amgctl_core::uids::{self, folder_uid};
pub use body::Body;
pub use bound::{Bound, RecordedFile};
pub use checks::lint_against;
pub use cluster::target::{TargetAddress, TargetKey};
pub use cluster::variables::{NOT_SHOWN, parse_variable};
pub use cluster::{Secrets, content, lock, secrets};
pub use inputs::{Asks, Input};
pub use library::check_library_panels;
pub use named::NamedObject;
pub use references::{check_leaving, check_references};
pub use settings::{FileSettings, init_text, read_settings, settings_schema};
pub use titles::{folder_title_clashes, title_clashes};
pub use written::{WrittenAt, WrittenIn};

use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::model::{
    Address, BodyRef, Declared, DeclaredFolder, Digest, KindName, Problem, Secret, Spot, Target, TextRef, Uid,
    counted, has_error,
};
use document::Document;
use shape::Reading;

/// The kind whose objects answer the inputs of dashboards.
pub const ANSWERS: KindName = Datasource::NAME;

/// What people make in the browser, so that the directory has no file of it yet.
pub const MADE_IN_BROWSER: KindName = Dashboard::NAME;

/// The kind whose objects a search of this type names, where their lists have no titles.
pub const SEARCHED: (KindName, &str) = (Dashboard::NAME, "dash-db");

/// Looks a name of the environment up; the library itself never reads the environment.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What is piped in instead of a directory, or why it cannot be read.
pub type Stream = Result<Arc<[u8]>, String>;

/// Whether a directory as it was typed means what is piped in.
#[must_use]
pub fn is_stream(directory: &Path) -> bool {
    directory.as_os_str() == "-"
}

/// What loading depends on besides the files.
#[derive(Clone)]
pub struct LoadOptions {
    /// What `amgctl.yaml` says ([`read_settings`]).
    pub settings: FileSettings,
    /// The environment that `$__env{}` reads.
    pub environment: Environment,
    /// Secrets of the cluster that are known without the directory, its given values and answers.
    pub secrets: Secrets,
    /// What is read instead of the files of a directory: one file, of any number of documents.
    pub stream: Option<Stream>,
    /// The only file of the directory that is read, by its name there, whatever ignore files say; all of them otherwise.
    pub only: Option<Arc<str>>,
    /// Values that are given for keys of Secrets.
    pub given: Vec<secrets::Given>,
    /// What a survey of this directory found; without one the directory is surveyed when it is loaded.
    pub survey: Option<Survey>,
    /// What was fetched of what the survey wants; nothing without a network.
    pub answers: secrets::Answers,
    /// The contents that were fetched.
    pub contents: content::Contents,
}

impl LoadOptions {
    /// These settings, and an environment without a single variable.
    #[must_use]
    pub fn new(settings: FileSettings) -> LoadOptions {
        LoadOptions {
            settings,
            environment: Arc::new(|_| None),
            secrets: Secrets::new(),
            stream: None,
            only: None,
            given: Vec::new(),
            survey: None,
            answers: secrets::Answers::new(),
            contents: content::Contents::default(),
        }
    }
}

impl fmt::Debug for LoadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadOptions").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A directory as it was read, once: what it declares, and everything that is wrong with it.
#[derive(Clone, Debug)]
pub struct Directory {
    declarations: Declarations,
    /// What was not read, and why; sorted by path.
    pub ignored: Vec<Ignored>,
    /// How many files were read.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
    /// The digest of those files that say something, `amgctl.yaml` among them, with their paths.
    pub digest: Digest,
    /// All faults and warnings, sorted by place.
    pub problems: Vec<Problem>,
    /// The contents that it names and that were not given ([`LoadOptions::contents`]): what they would be, is not
    /// declared.
    pub awaited: content::ContentRequests,
    /// What manifests, and what applies them, say of single objects besides what they are.
    handling: BTreeMap<Address, Handling>,
    /// Manifests that are left alone, and whose content was not asked for.
    unread: Vec<UnreadManifest>,
    /// Manifests that are for no target, or for another one.
    unselected: Vec<UnselectedManifest>,
    /// The objects of manifests whose uids are written there.
    named_in_manifests: BTreeSet<Address>,
    settings: FileSettings,
}

/// A manifest that is left alone, so that nobody asks for its content.
#[derive(Clone, Debug)]
struct UnreadManifest {
    file: Arc<str>,
    kind: KindName,
    /// Its uid, where that does not stand in its content.
    uid: Option<String>,
    why: String,
}

impl UnreadManifest {
    /// Whether an object that was applied from a file may be what it declares.
    fn may_be(&self, address: &Address, file: &str) -> bool {
        *self.file == *file && self.kind == address.kind && self.uid.as_ref().is_none_or(|uid| *uid == address.id())
    }
}

/// A manifest whose `instanceSelector`, or whose namespace, leads to no target of this run.
#[derive(Clone, Debug)]
struct UnselectedManifest {
    file: Arc<str>,
    kind: KindName,
    /// The uid that it would have; none where that stands in a content elsewhere.
    uid: Option<String>,
    spot: Spot,
    /// Why, as the rest of a sentence.
    reason: String,
}

/// What a directory declares, as far as uids and inputs are known: by the directory alone ([`Directory`]), or for one
/// workspace ([`Bound`]).
#[derive(Clone, Debug)]
pub struct Declarations {
    /// Dashboards and data sources, sorted by address.
    pub objects: Vec<Declared>,
    /// Folders: those of directories first, parents before children, then those of documents.
    pub folders: Vec<DeclaredFolder>,
    /// What a reader of a plan should know of the directory as a whole, one sentence each.
    pub notes: Vec<String>,
    /// Dashboards whose inputs need the workspace's data sources.
    pub unresolved: Vec<UnresolvedInput>,
    /// The declared data sources.
    datasources: Vec<KnownDatasource>,
    /// Where bodies are read again.
    files: Arc<Files>,
}

/// The files of a directory, to be read again.
struct Files {
    root: PathBuf,
    environment: Environment,
    reading: Reading,
    stream: Option<Stream>,
    opened: opened::OpenedFiles,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Declarations {
    /// The dashboard or data source that an address names.
    #[must_use]
    pub fn object(&self, address: &Address) -> Option<&Declared> {
        let at = self.objects.binary_search_by(|declared| declared.address.cmp(address)).ok()?;
        self.objects.get(at)
    }

    /// The titles of the folders that are named or would be made, by their uids.
    #[must_use]
    pub fn folder_titles(&self) -> BTreeMap<String, String> {
        let named = self.folders.iter().filter_map(|folder| {
            let uid = folder.uid.clone().or_else(|| folder.path.as_ref().map(folder_uid))?;
            Some((uid.as_str().to_owned(), folder.title.clone()))
        });
        named.collect()
    }

    /// Everything that an object refers to and that the directory does not declare.
    #[must_use]
    pub fn references_elsewhere(&self) -> BTreeSet<Target> {
        let references = self.objects.iter().flat_map(|declared| &declared.references);
        let is_own = |to: &Target| Address::live(to.kind, &to.name).is_some_and(|a| self.object(&a).is_some());
        references.map(|reference| &reference.to).filter(|to| !is_own(to)).cloned().collect()
    }

    /// Everything that is an object or is going to be one.
    fn declared(&self) -> impl Iterator<Item = &Declared> {
        self.objects.iter().chain(self.unresolved.iter().map(|open| &open.declared))
    }

    fn sort(&mut self) {
        self.objects.sort_by(|a, b| a.address.cmp(&b.address).then_with(|| a.place.cmp(&b.place)));
    }
}

impl Deref for Directory {
    type Target = Declarations;

    fn deref(&self) -> &Declarations {
        &self.declarations
    }
}

impl Directory {
    /// What manifests, and what applies them, say of single objects besides what they are.
    #[must_use]
    pub fn handling(&self) -> &BTreeMap<Address, Handling> {
        &self.handling
    }

    /// Whether what was applied from a file is kept in the workspace once it has left the directory: what applies that
    /// file prunes nothing.
    #[must_use]
    pub fn keeps_what_leaves(&self, file: &str) -> bool {
        self.declarations.files.reading.cluster.build.keeps(file)
    }

    /// Why an object that was applied from a file is left as it is, where its manifest says so and was not read for what
    /// it declares.
    #[must_use]
    pub fn left_unread(&self, address: &Address, file: &str) -> Option<&str> {
        if self.declared().any(|declared| declared.address == *address) {
            return None;
        }
        self.unread.iter().find(|one| one.may_be(address, file)).map(|one| one.why.as_str())
    }

    /// Why an object that was applied from a file is left as it is, where nothing says any more that the file is applied and
    /// that may be a slip.
    #[must_use]
    pub fn left_open(&self, address: &Address, file: &str) -> Option<&str> {
        let is_declared = self.declared().any(|declared| declared.address == *address);
        self.declarations.files.reading.cluster.build.left_open(file).filter(|_| !is_declared)
    }

    /// The text of a key of a ConfigMap of the directory.
    #[must_use]
    pub fn config_map(&self, at: &content::KeyRef) -> Option<String> {
        let maps = &self.declarations.files.reading.cluster.configmaps;
        maps.get(&(at.namespace.clone(), at.name.clone()))?.get(&at.key).cloned()
    }

    /// The value of a key of a Secret of the directory, or of one that was fetched.
    #[must_use]
    pub fn secret(&self, at: &content::KeyRef) -> Option<Secret> {
        let secrets = &self.declarations.files.reading.cluster.secrets;
        secrets.get(&(at.namespace.clone(), at.name.clone()))?.get(&at.key).cloned()
    }

    /// What to say where files were looked at and nothing of ours was in them; none where there is an object or an error.
    ///
    /// With `listed` only the first line, because the files are listed anyway.
    #[must_use]
    pub fn nothing_taken(&self, listed: bool) -> Option<String> {
        /// How many ignored files are named without `--verbose`.
        const NAMED: usize = 20;
        let taken = self.objects.len() + self.unresolved.len() + self.folders.len() + self.unread.len();
        if taken > 0 || has_error(&self.problems) {
            return None;
        }
        let ignored: Vec<&Ignored> = self.ignored.iter().collect();
        if ignored.is_empty() {
            return Some(match self.files {
                0 => "0 objects: the directory holds no file that ends in `.json`, `.yaml` or `.yml`".into(),
                files => format!("0 objects: nothing in {} declares one", counted(files, "file")),
            });
        }
        let mut words = format!("0 objects; {} ignored:", counted(ignored.len(), "file"));
        if !listed {
            for one in ignored.iter().take(NAMED) {
                words.push_str(&format!("\n  {}  {}", one.path, one.reason));
            }
            if let Some(more @ 1..) = ignored.len().checked_sub(NAMED) {
                words.push_str(&format!("\n  and {more} more (--verbose lists them all)"));
            }
        }
        Some(words)
    }

    /// How many of the files that were read hold nothing of ours at all.
    #[must_use]
    pub fn files_left_out(&self) -> usize {
        let mut of_use: std::collections::BTreeSet<&str> =
            self.declared().map(|declared| &*declared.body.file).collect();
        of_use.extend(self.folders.iter().map(|folder| &*folder.place.file));
        let read = |ignored: &&Ignored| {
            document::Format::of(&ignored.path).is_some()
                && ignored.reason != walk::HIDDEN
                && !of_use.contains(&*ignored.path)
        };
        self.ignored
            .iter()
            .filter(read)
            .map(|ignored| &*ignored.path)
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    }
}

/// A file or directory that was not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ignored {
    /// The path relative to the directory; ends with `/` for a directory.
    pub path: Arc<str>,
    /// Why, as the rest of a sentence that begins with the path.
    pub reason: String,
}

/// A dashboard that is not an object yet: its inputs need the workspace's data sources.
#[derive(Clone, Debug)]
pub struct UnresolvedInput {
    /// What it will be; digest, references and headline are not filled yet.
    pub declared: Declared,
    /// Its inputs.
    pub inputs: Vec<Input>,
}

/// A data source as far as an input or a reference needs to know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownDatasource {
    /// Its uid.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Its plugin type.
    pub kind: String,
    /// Whether it is the default one.
    pub is_default: bool,
}

/// Which object of which text of which document of which file a body is.
type BodyKey = (Arc<str>, usize, Option<TextRef>, String);

fn body_key(body: &BodyRef) -> BodyKey {
    (body.file.clone(), body.document, body.text.clone(), body.pointer.clone())
}

/// What a directory needs from outside before it can be read whole. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Survey {
    cluster: Arc<cluster::Cluster>,
    faults: Vec<Problem>,
    /// The Secrets that its manifests refer to.
    pub secrets: Arc<secrets::Quest>,
    /// How the `Grafana` is reached that it is applied to, where it has one.
    pub target: Option<TargetAddress>,
}

/// Looks through a directory for what has to be fetched before it is read. Never fails: what is wrong is found by
/// [`load`], which looks through nothing again where it is given what this found.
#[must_use]
pub fn survey(root: &Path, options: &LoadOptions) -> Survey {
    loading::survey(root, options)
}

/// Reads a directory. Never fails: what is wrong is in [`Directory::problems`].
#[must_use]
pub fn load(root: &Path, options: &LoadOptions) -> Directory {
    loading::load(root, options)
}

/// The file that a document is read from, with what reading it depends on.
struct FileRef<'a> {
    path: Arc<str>,
    digest: Digest,
    root: &'a Path,
    options: &'a LoadOptions,
    reading: &'a Reading,
}

impl FileRef<'_> {
    /// Where the object at a pointer of a document is read again.
    fn body(&self, document: &Document<'_>, pointer: &str) -> BodyRef {
        let (text, number) = match &document.within {
            Some(within) => {
                let text = TextRef { pointer: within.pointer.clone(), document: document.index };
                (Some(text), within.document)
            }
            None => (None, document.index),
        };
        BodyRef {
            file: self.path.clone(),
            document: number,
            text,
            pointer: pointer.to_owned(),
            file_digest: self.digest.clone(),
            answers: Vec::new(),
        }
    }
}

/// What a manifest, and what applies it, says of an object besides what it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Handling {
    /// It is neither made nor changed nor deleted, and why: the beginning of a sentence.
    pub left_alone: Option<String>,
    /// It is made where it is missing, and never changed.
    pub create_only: bool,
    /// It may be replaced where it cannot be changed.
    pub replace: bool,
    /// It stays in the workspace when it leaves the directory.
    pub protect: bool,
}

/// An object as one file gives it, before it is put into the tree of folders.
struct Draft {
    declared: Declared,
    handling: Handling,
    /// Whether its directory decides its folder.
    in_directory: bool,
    /// The inputs of a dashboard that something refers to.
    inputs: Vec<Input>,
    /// A data source's plugin type.
    kind: String,
    /// Whether it is a default data source.
    is_default: bool,
    /// What its manifest says of it, where it stands in one.
    manifest: Option<ManifestDraft>,
}

/// What a manifest of the grafana-operator says of its object, before it is put into the tree of folders.
struct ManifestDraft {
    /// Which rule gave it its uid.
    uid_rule: UidRule,
    /// The folder that it is in, where it names it by its title or not at all.
    folder: Option<FolderTitle>,
}

/// A folder by its title.
#[derive(Clone)]
pub(crate) struct FolderTitle {
    /// The title.
    title: String,
    /// Where it stands.
    spot: Spot,
    /// Whether nothing names it, so that it is that of the namespace.
    is_namespace: bool,
}

/// Which rule gave the object of a manifest its uid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum UidRule {
    /// `spec.uid`.
    Spec,
    /// What the object itself says.
    Own,
    /// `metadata.uid`.
    Cluster,
    /// Namespace, kind and name.
    Name,
}

fn declare(declared: Declared) -> Draft {
    Draft {
        declared,
        handling: Handling::default(),
        in_directory: false,
        inputs: Vec::new(),
        kind: String::new(),
        is_default: false,
        manifest: None,
    }
}

impl Draft {
    fn known(&self) -> Option<KnownDatasource> {
        (self.declared.address.kind == Datasource::NAME).then(|| KnownDatasource {
            uid: self.declared.address.id().to_owned(),
            name: self.declared.headline.title.clone(),
            kind: self.kind.clone(),
            is_default: self.is_default,
        })
    }
}

/// A uid that a document may have, or what is wrong with it.
fn checked_uid(text: &str) -> Result<Uid, Problem> {
    let uid = Uid::parse(text).map_err(|message| {
        Problem::error("uid", message).help("choose another one; links to the dashboard hold its uid")
    })?;
    if uid.is_reserved() {
        return Err(Problem::error("reserved-uid", format!("the uid `{uid}` is kept for amgctl itself"))
            .help("choose one that is not `amgctl` and does not begin with `amgctl-`"));
    }
    Ok(uid)
}

/// The known name that somebody may have meant, if one is near enough.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known
        .map(|name| (strsim::jaro_winkler(&word.to_lowercase(), &name.to_lowercase()), name))
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    near.filter(|(likeness, _)| *likeness >= 0.84).map(|(_, name)| name)
}
