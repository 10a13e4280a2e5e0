//! The way from files to declarations: two threads read, one puts together, so the order is always the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::cluster::build::Rendered;
use super::cluster::content::{ContentRequests, Fetched};
use super::cluster::flux::Annotations;
use super::cluster::select::Applies;
use super::cluster::{Cluster, OPERATOR, ObjectName, objects_in};
use super::document::{self, Document, Format};
use super::faults::Faults;
use super::folders::{self, FolderFile, Tree};
use super::opened::OpenedFiles;
use super::shape::{self, Declaration, Reading, Seen, Site, as_warning, keys};
use super::text::SourceText;
use super::values::{Dollars, Values};
use super::{
    Declarations, Directory, Draft, FileRef, Files, Handling, Ignored, LoadOptions, Survey, UidRule,
    UnreadManifest, UnresolvedInput, UnselectedManifest, checks, cluster, dashboard, inputs, library_panel,
    mishaps, settings, titled, walk,
};
use crate::kinds::folder::Folder;
use crate::kinds::library_panel::LibraryPanel;
use crate::model::{Address, Declared, DeclaredFolder, Digest, Place, Problem, Severity, Spot, has_error};

/// How many files are read at a time.
const THREADS: usize = 2;

/// What one file gives.
#[derive(Default)]
struct FileYield {
    drafts: Vec<Draft>,
    folders: Vec<DeclaredFolder>,
    folder_handling: Vec<(Address, Handling)>,
    folder_file: Option<FolderFile>,
    ignored: Vec<Ignored>,
    problems: Vec<Problem>,
    /// The contents that are not here yet, each with where it is named.
    awaited: Vec<(Fetched, Spot)>,
    unread: Vec<UnreadManifest>,
    unselected: Vec<UnselectedManifest>,
    named_in_manifests: Vec<Address>,
    bytes: u64,
    /// The path and the digest of a file that says something.
    digest: Option<(Arc<str>, Digest)>,
}

/// Looks through a directory for what has to be fetched before it is read.
pub(crate) fn survey(root: &Path, options: &LoadOptions) -> Survey {
    survey_files(root, &walk(root, options).files, options)
}

fn survey_files(root: &Path, files: &[(Arc<str>, PathBuf)], options: &LoadOptions) -> Survey {
    let (cluster, faults) = cluster::gather(root, files, options);
    let quest = cluster.quest(&options.given, &options.environment);
    let target = cluster.target_address(&options.given, &options.environment);
    Survey { cluster: Arc::new(cluster), faults, secrets: Arc::new(quest), target }
}

fn walk(root: &Path, options: &LoadOptions) -> walk::Walked {
    match (&options.stream, &options.only) {
        (Some(_), _) => walk::stream(),
        (None, Some(name)) => walk::one(root, name),
        (None, None) => walk::walk(root, options.settings.follow_links.unwrap_or_default()),
    }
}

/// The cluster that was surveyed; gathered anew where variables of its texts come from Secrets.
fn with_secrets(
    surveyed: Survey,
    root: &Path,
    files: &[(Arc<str>, PathBuf)],
    options: &LoadOptions,
) -> (Cluster, Vec<Problem>) {
    let secrets = surveyed.secrets.resolve(&options.answers);
    let (secrets, mut problems) = secrets;
    let (mut cluster, faults) = if surveyed.cluster.build.secrets().next().is_some() {
        let mut options = options.clone();
        options.secrets.extend(secrets.clone());
        cluster::gather(root, files, &options)
    } else {
        (Arc::unwrap_or_clone(surveyed.cluster), surveyed.faults)
    };
    cluster.secrets.extend(secrets);
    problems.extend(faults);
    (cluster, problems)
}

/// Reads a directory.
pub(crate) fn load(root: &Path, options: &LoadOptions) -> Directory {
    let mut walked = walk(root, options);
    let mut options = options.clone();
    let nothing = Cluster::default();
    let values = Values { environment: &options.environment, root, dollars: Dollars::Plain, cluster: &nothing };
    let (answers, faults) = inputs::resolved(&options.settings.inputs, &values);
    walked.problems.extend(
        faults.into_iter().map(|(name, problem)| problem.spot(settings::spot(root, &["inputs", name.as_str()]))),
    );
    options.settings.inputs = answers;
    let options = &options;
    let surveyed = options.survey.clone().unwrap_or_else(|| survey_files(root, &walked.files, options));
    let (mut cluster, wrong) = with_secrets(surveyed, root, &walked.files, options);
    cluster.contents = options.contents.clone();
    walked.problems.extend(wrong);
    let reading = options.settings.reading(cluster);
    let LoadOptions { settings, environment, .. } = options;
    let mut declarations = Declarations {
        objects: Vec::new(),
        folders: Vec::new(),
        notes: Vec::new(),
        unresolved: Vec::new(),
        datasources: Vec::new(),
        files: Arc::new(Files {
            root: root.to_owned(),
            environment: environment.clone(),
            reading: reading.clone(),
            stream: options.stream.clone(),
            opened: OpenedFiles::default(),
        }),
    };
    let (mut ignored, mut problems, mut bytes) = (walked.ignored, walked.problems, 0);
    let mut drafts = Vec::new();
    let mut folder_files = Vec::new();
    let mut folder_documents = Vec::new();
    let mut handling: BTreeMap<Address, Handling> = BTreeMap::new();
    let mut awaited = ContentRequests::default();
    let mut digests = String::new();
    let (mut unread, mut unselected, mut named_in_manifests) = (Vec::new(), Vec::new(), BTreeSet::new());
    for part in read_all(&walked.files, root, options, &reading) {
        drafts.extend(part.drafts);
        folder_documents.extend(part.folders);
        handling.extend(part.folder_handling);
        folder_files.extend(part.folder_file);
        ignored.extend(part.ignored);
        problems.extend(part.problems);
        for (fetched, spot) in part.awaited {
            awaited.add(&fetched, spot);
        }
        unread.extend(part.unread);
        unselected.extend(part.unselected);
        named_in_manifests.extend(part.named_in_manifests);
        bytes += part.bytes;
        if let Some((path, digest)) = part.digest {
            digests.push_str(&format!("{}  {path}\n", digest.as_str()));
        }
    }
    digests.push_str(&settings::digest(root).map(|digest| digest.as_str().to_owned()).unwrap_or_default());
    let directories: BTreeSet<String> =
        drafts.iter().filter(|d| d.in_directory).map(|d| directory(&d.declared.body.file).to_owned()).collect();
    let mut tree = Tree::new(&directories, &folder_files);
    problems.extend(titled::place(&mut drafts, &mut tree.folders, &folder_documents));
    declarations.notes = titled::notes(&drafts);
    for draft in &mut drafts {
        if draft.in_directory {
            draft.declared.parent = tree.parent(directory(&draft.declared.body.file));
        }
        draft.declared.protect = settings.protects(&draft.declared.address) || draft.handling.protect;
        if draft.handling != Handling::default() {
            handling.insert(draft.declared.address.clone(), std::mem::take(&mut draft.handling));
        }
    }
    problems.extend(tree.problems);
    declarations.folders = tree.folders;
    declarations.folders.extend(folder_documents);
    checks::protect_folders(&mut declarations.folders, settings);
    for folder in &mut declarations.folders {
        let address = folder.uid.as_ref().map(|uid| Address::new(Folder::NAME, uid.clone()));
        folder.protect |= address.and_then(|address| handling.get(&address)).is_some_and(|of| of.protect);
    }
    declarations.datasources = drafts.iter().filter_map(Draft::known).collect();
    for draft in drafts {
        if draft.inputs.is_empty() {
            declarations.objects.push(draft.declared);
        } else {
            problems.extend(declarations.resolve(draft.declared, draft.inputs));
        }
    }
    declarations.sort();
    problems.extend(library_panel::merge(&mut declarations));
    ignored.sort_by(|a, b| a.path.cmp(&b.path));
    problems.extend(checks::check(&declarations));
    let is_empty = declarations.declared().next().is_none()
        && declarations.folders.is_empty()
        && awaited.is_empty()
        && unread.is_empty();
    if is_empty && !has_error(&problems) {
        problems.extend(reading.cluster.astray.iter().cloned());
    }
    sort_problems(&mut problems);
    let mut problems = settings.judge(problems);
    reading.cluster.hide_headers(&mut problems);
    let settings = settings.clone();
    Directory {
        declarations,
        ignored,
        files: walked.files.len(),
        bytes,
        digest: Digest::of_bytes(digests.as_bytes()),
        problems,
        awaited,
        handling,
        unread,
        unselected,
        named_in_manifests,
        settings,
    }
}

impl Declarations {
    /// What `validate` says of the inputs that only the workspace can answer.
    #[must_use]
    pub fn unresolved_warnings(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for open in &self.unresolved {
            let mut faults = Faults::default();
            for one in inputs::answer(&open.inputs, &self.datasources).err().into_iter().flatten() {
                faults.warning(|| {
                    let problem = inputs::problem(&one).spot(self.locate(&open.declared, &one.input.pointer));
                    Problem { severity: Severity::Warning, ..problem }
                });
            }
            problems.extend(faults.finish(&open.declared.body.file));
        }
        problems
    }

    /// Answers the inputs of a dashboard with the directory's own data sources, where they can answer all.
    fn resolve(&mut self, declared: Declared, inputs: Vec<inputs::Input>) -> Option<Problem> {
        match inputs::answer(&inputs, &self.datasources) {
            Ok(answers) => self.finish(declared, answers),
            Err(_) => {
                self.unresolved.push(UnresolvedInput { declared, inputs });
                None
            }
        }
    }

    /// Reads a body again with its inputs answered, and makes an object of it.
    pub(super) fn finish(&mut self, mut declared: Declared, answers: Vec<(String, String)>) -> Option<Problem> {
        declared.body.answers = answers;
        match self.body(&declared) {
            Ok(body) => {
                match declared.address.kind {
                    LibraryPanel::NAME => library_panel::finish(&mut declared, body.value),
                    _ => dashboard::finish(&mut declared, body.value),
                }
                self.objects.push(declared);
                None
            }
            Err(problem) => Some(*problem),
        }
    }
}

/// Sorts problems by place, and leaves out what is said twice.
pub(super) fn sort_problems(problems: &mut Vec<Problem>) {
    problems.sort_by(|a, b| {
        let key = |p: &Problem| p.spots.first().map(|spot| spot.place.clone());
        key(a).cmp(&key(b)).then_with(|| a.severity.cmp(&b.severity)).then_with(|| a.message.cmp(&b.message))
    });
    problems.dedup();
}

/// Whether a file is one that `plan --out` wrote: its first key says so.
fn is_saved_plan(bytes: &[u8]) -> bool {
    let mut rest = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    b"{\"amgctlPlan\":".iter().all(|wanted| rest.next() == Some(*wanted))
}

/// The directory of a file; empty for the root.
pub(crate) fn directory(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn read_all(
    files: &[(Arc<str>, PathBuf)],
    root: &Path,
    options: &LoadOptions,
    reading: &Reading,
) -> Vec<FileYield> {
    let next = AtomicUsize::new(0);
    let parts: Mutex<BTreeMap<usize, FileYield>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(files.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((path, file)) = files.get(index) else { break };
                    let part = read_file(path.clone(), file, root, options, reading);
                    parts.lock().unwrap_or_else(PoisonError::into_inner).insert(index, part);
                }
            });
        }
    });
    parts.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

fn read_file(path: Arc<str>, file: &Path, root: &Path, options: &LoadOptions, reading: &Reading) -> FileYield {
    let mut out = FileYield::default();
    let name = path.rsplit('/').next().unwrap_or(&path);
    if let Some(problem) = misplaced(&path, name) {
        out.problems.push(problem);
        return out;
    }
    if &*path == settings::FILE {
        return out;
    }
    let build = &reading.cluster.build;
    if let Some(reason) = build.left_out(&path) {
        out.ignored.push(Ignored { path: path.clone(), reason: reason.to_owned() });
        return out;
    }
    let bytes = match walk::bytes(file, options.stream.as_ref()) {
        Ok(bytes) => bytes,
        Err(error) => {
            let problem = Problem::error("unreadable", format!("this file cannot be read: {error}"));
            out.problems.push(problem.at(Place::file(path)));
            return out;
        }
    };
    out.bytes = bytes.len() as u64;
    // A plan that was saved into its own directory must not change it.
    if is_saved_plan(&bytes) {
        out.ignored.push(Ignored { path, reason: "is a saved plan".into() });
        return out;
    }
    let reference = FileRef { path: path.clone(), digest: Digest::of_bytes(&bytes), root, options, reading };
    let source = match SourceText::new(path.clone(), bytes) {
        Ok(source) => source,
        Err(problem) => {
            out.problems.push(*problem);
            return out;
        }
    };
    if let Some(problem) = mishaps::find(&source) {
        out.problems.push(problem);
        return out;
    }
    let format = Format::of(&path).unwrap_or(Format::Json);
    let Rendered { source, documents, faults, problems } = build.read(&source, format);
    let documents = document::of(&source, documents);
    if documents.is_empty() {
        match (faults.is_empty(), cannot_be_ours(&source, format, reading)) {
            (true, _) => out.ignored.push(Ignored { path, reason: "holds no document".into() }),
            (false, true) => {
                let why = faults.last().map(|fault| fault.message.clone()).unwrap_or_default();
                out.ignored.push(Ignored { path, reason: format!("is no document of ours ({why})") });
            }
            (false, false) => out.problems.extend(faults.into_iter().map(|fault| or_ignored(&source, fault))),
        }
        return out;
    }
    let mut ours = false;
    let several = documents.len() > 1;
    for mut document in documents {
        ours |= read_document(&mut document, name, &reference, several, &mut out);
    }
    let says_something = !out.drafts.is_empty() || !out.folders.is_empty() || out.folder_file.is_some();
    if says_something || out.ignored.is_empty() {
        out.digest = Some((reference.path.clone(), reference.digest.clone()));
    }
    if ours {
        // What else is wrong where a variable is missing follows from that.
        let is_missing = |problem: &&Problem| problem.severity == Severity::Error;
        let missing: BTreeSet<Place> =
            problems.iter().filter(is_missing).flat_map(|p| &p.spots).map(|spot| spot.place.clone()).collect();
        out.problems.retain(|problem| problem.spots.first().is_none_or(|spot| !missing.contains(&spot.place)));
        out.problems.extend(faults.into_iter().chain(problems));
    }
    out
}

// Whether a file that cannot be read as it should be (comments, trailing commas, several values in JSON; tags and tabs in
// YAML) can be read by a more patient reader, and is nothing of ours: a template of CloudFormation, a `tsconfig.json`.
fn cannot_be_ours(source: &SourceText, format: Format, reading: &Reading) -> bool {
    let values = document::read_patiently(source, format);
    values.is_some_and(|values| {
        values.iter().all(|value| matches!(shape::recognise(value, reading), Seen::Foreign(_)))
    })
}

// Says how to leave a broken file out, unless it is surely one of ours.
fn or_ignored(source: &SourceText, fault: Problem) -> Problem {
    let way = "if this file is not for amgctl, name it in `.amgctlignore`";
    match fault.help.clone() {
        Some(help) if help.contains(".amgctlignore") => fault,
        _ if shape::mentions_ours(&source.text) => fault,
        Some(help) => fault.help(format!("{help}; {way}")),
        None => fault.help(way),
    }
}

// Files whose names mean something, at places where they mean nothing.
fn misplaced(path: &Arc<str>, name: &str) -> Option<Problem> {
    let at = Place::file(path.clone());
    match name {
        "amgctl.yaml" if name != &**path => Some(
            Problem::error("settings", "the settings of a stack stand at the root of its directory only")
                .at(at)
                .help("move it there, or apply that directory as a stack of its own and name it in `.amgctlignore` here"),
        ),
        "_folder.yml" | "_folder.json" => Some(
            Problem::error("folder", format!("a folder's file is called `{}`", folders::FILE)).at(at).help("rename it"),
        ),
        _ => None,
    }
}

// Takes one document in; says whether it is one of ours, so that its faults count.
fn read_document(
    document: &mut Document<'_>,
    name: &str,
    file: &FileRef<'_>,
    several: bool,
    out: &mut FileYield,
) -> bool {
    if name == folders::FILE {
        let (read, problems) = folders::read_file(document, &file.path);
        out.folder_file = read;
        out.problems.extend(problems);
        return true;
    }
    let reading = file.reading;
    out.unselected.extend(unselected(document, file));
    let (shape, seen) = shape::recognised_by(&document.value, reading).unzip();
    let held = match seen.unwrap_or_else(|| shape::recognise(&document.value, reading)) {
        Seen::Held(held) => held,
        Seen::Refused(refusal) => {
            out.problems.push(refusal.problem().spot(document.key_spot(&refusal.pointer, "")));
            return true;
        }
        Seen::Reported(refusal) => {
            out.problems.push(as_warning(refusal.problem().spot(document.key_spot(&refusal.pointer, ""))));
            let reason = refusal.message.strip_prefix("this file ").or(refusal.message.strip_prefix("this "));
            out.leave_out(document, file, several, reason.unwrap_or(&refusal.message));
            return false;
        }
        Seen::Foreign(reason) => {
            out.leave_out(document, file, several, &reason);
            return false;
        }
    };
    if let Some(shape) = shape {
        out.problems.extend(keys::report(document, "", shape.levels()));
        out.problems.extend(shape.check(document));
    }
    let around = annotated(&document.value);
    let problems = shape::each_object(document, &held, reading, &mut |site| out.add(site, file, &around));
    out.problems.extend(problems);
    true
}

// The manifests of a document that are not for the target of this run.
fn unselected(document: &Document<'_>, file: &FileRef<'_>) -> Vec<UnselectedManifest> {
    let found = objects_in(&document.value).into_iter().filter(|(name, _)| name.group == OPERATOR);
    let one = |(name, base): (ObjectName, String)| {
        let manifest = document.value.pointer(&base)?;
        let (Applies::Elsewhere(reason) | Applies::Nowhere(reason)) = file.reading.cluster.applies(manifest) else {
            return None;
        };
        let (kind, uid) = shape::manifest_identity(&name, manifest)?;
        let spot = document.key_spot(&format!("{base}/spec/instanceSelector"), "");
        Some(UnselectedManifest { file: file.path.clone(), kind, uid, spot, reason })
    };
    found.filter_map(one).collect()
}

fn is_operators(object: &Value) -> bool {
    ObjectName::of(object).is_some_and(|name| name.group == OPERATOR)
}

// The objects of a document whose annotations say something, by their pointers.
fn annotated(value: &Value) -> Vec<(String, Annotations)> {
    let all = objects_in(value).into_iter().filter_map(|(_, base)| {
        let annotations = Annotations::of(value.pointer(&base)?);
        Some((base, annotations))
    });
    all.filter(|(_, annotations)| *annotations != Annotations::default()).collect()
}

// What the manifest of an object says of it, and what applies its file. `around` are the annotations of the objects of its
// document: what a text of a ConfigMap is goes by those of the ConfigMap.
fn handling(site: &Site<'_, '_>, file: &FileRef<'_>, around: &[(String, Annotations)]) -> Handling {
    let object = site.document.value.pointer(&site.part.base).filter(|_| site.document.within.is_none());
    let annotations = match &site.document.within {
        None => object.map(Annotations::of).unwrap_or_default(),
        Some(within) => {
            let holds = |(base, _): &&(String, Annotations)| within.pointer.starts_with(&format!("{base}/data/"));
            around.iter().find(holds).map(|(_, annotations)| annotations.clone()).unwrap_or_default()
        }
    };
    let around = file.reading.cluster.build.handling(&file.path);
    let is_suspended = object
        .is_some_and(|object| is_operators(object) && file.reading.cluster.applies(object) == Applies::Suspended);
    let left_alone = match around.suspended {
        Some(name) => Some(format!("the Flux Kustomization `{name}` is suspended")),
        None if is_suspended => Some("`spec.suspend` is set".to_owned()),
        None => annotations.left_alone.map(str::to_owned),
    };
    Handling {
        left_alone,
        create_only: annotations.create_only,
        replace: annotations.replace || around.replace,
        protect: annotations.keep,
    }
}

impl FileYield {
    // Takes one object in.
    fn add(&mut self, site: Site<'_, '_>, file: &FileRef<'_>, around: &[(String, Annotations)]) {
        let form = site.part.form;
        self.problems.extend(keys::report(site.document, &site.part.base, form.levels()));
        let handling = handling(&site, file, around);
        let manifest = site.document.value.pointer(&site.part.base).filter(|object| is_operators(object));
        let uid =
            manifest.and_then(|manifest| manifest.pointer("/spec/uid")).and_then(Value::as_str).map(str::to_owned);
        let (declaration, problems) = form.read(site, file);
        match declaration {
            Some(Declaration::Object(draft)) => {
                if draft.manifest.as_ref().is_some_and(|of| matches!(of.uid_rule, UidRule::Spec | UidRule::Own)) {
                    self.named_in_manifests.push(draft.declared.address.clone());
                }
                self.drafts.push(Draft { handling, ..*draft });
            }
            Some(Declaration::Folder(folder)) => {
                let address = folder.uid.as_ref().map(|uid| Address::new(Folder::NAME, uid.clone()));
                self.named_in_manifests.extend(address.clone().filter(|_| uid.is_some()));
                self.folder_handling.extend(address.map(|address| (address, handling)));
                self.folders.push(folder);
            }
            Some(Declaration::Awaited(awaited)) => match handling.left_alone {
                Some(why) => {
                    self.unread.push(UnreadManifest { file: file.path.clone(), kind: form.kind(), uid, why });
                }
                None => self.awaited.push(*awaited),
            },
            None => {}
        }
        self.problems.extend(problems);
    }

    // Notes a document that is none of ours.
    fn leave_out(&mut self, document: &Document<'_>, file: &FileRef<'_>, several: bool, reason: &str) {
        let reason =
            if several { format!("{reason} (document {})", document.index + 1) } else { reason.to_owned() };
        self.ignored.push(Ignored { path: file.path.clone(), reason });
    }
}
