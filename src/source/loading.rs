//! The way from files to declarations: two threads read, one puts together, so the order is always the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::dashboard::Form;
use super::document::{self, Document, Format};
use super::faults::Faults;
use super::folders::{self, FolderFile, Tree};
use super::shape::{Refusal, Shape, shape};
use super::text::SourceText;
use super::values::{Dollars, Values};
use super::{
    Declarations, Draft, FileRef, Ignored, KnownDatasource, LoadOptions, UnresolvedInput, checks, dashboard,
    datasource, inputs, settings, walk,
};
use crate::model::{Declared, DeclaredFolder, Digest, Place, Problem, Severity};

/// How many files are read at a time.
const THREADS: usize = 2;

/// What one file gives.
#[derive(Default)]
struct FileYield {
    drafts: Vec<Draft>,
    folders: Vec<DeclaredFolder>,
    folder_file: Option<FolderFile>,
    ignored: Vec<Ignored>,
    problems: Vec<Problem>,
    bytes: u64,
}

/// Reads a directory.
pub(crate) fn load(root: &Path, options: &LoadOptions) -> Declarations {
    let walked = walk::walk(root);
    let mut declarations = Declarations {
        root: root.to_owned(),
        objects: Vec::new(),
        folders: Vec::new(),
        ignored: walked.ignored,
        unresolved: Vec::new(),
        files: walked.files.len(),
        bytes: 0,
        problems: walked.problems,
        options: options.clone(),
        replacements: BTreeMap::new(),
        datasources: Vec::new(),
        fetched: BTreeMap::new(),
        opened: Arc::default(),
    };
    let mut drafts = Vec::new();
    let mut folder_files = Vec::new();
    let mut folder_documents = Vec::new();
    for part in read_all(&walked.files, root, options) {
        drafts.extend(part.drafts);
        folder_documents.extend(part.folders);
        folder_files.extend(part.folder_file);
        declarations.ignored.extend(part.ignored);
        declarations.problems.extend(part.problems);
        declarations.bytes += part.bytes;
    }
    let directories: BTreeSet<String> =
        drafts.iter().filter(|d| d.in_directory).map(|d| directory(&d.declared.body.file).to_owned()).collect();
    let tree = Tree::new(&directories, &folder_files);
    for draft in &mut drafts {
        if draft.in_directory {
            draft.declared.parent = tree.parent(directory(&draft.declared.body.file));
        }
        draft.declared.protect = options.settings.protects(&draft.declared.address);
    }
    declarations.problems.extend(tree.problems);
    declarations.folders = tree.folders;
    declarations.folders.extend(folder_documents);
    checks::protect_folders(&mut declarations);
    declarations.datasources = drafts.iter().filter_map(Draft::known).collect();
    for draft in drafts {
        if draft.inputs.is_empty() {
            declarations.objects.push(draft.declared);
        } else {
            declarations.resolve(draft.declared, draft.inputs);
        }
    }
    declarations.objects.sort_by(|a, b| a.address.cmp(&b.address).then_with(|| a.place.cmp(&b.place)));
    declarations.ignored.sort_by(|a, b| a.path.cmp(&b.path));
    let found = checks::check(&declarations);
    declarations.problems.extend(found);
    declarations.sort_problems();
    declarations
}

impl Declarations {
    /// Answers the inputs that were left open with the workspace's data sources, and the stack's own.
    ///
    /// What is answered becomes an object; the rest becomes problems that name the file, the input and the candidates.
    pub fn resolve_inputs(&mut self, workspace: &[KnownDatasource]) {
        let mut known = self.datasources.clone();
        known.extend(workspace.iter().filter(|d| !self.datasources.iter().any(|own| own.uid == d.uid)).cloned());
        for open in std::mem::take(&mut self.unresolved) {
            match inputs::answer(&open.inputs, &known) {
                Ok(answers) => self.finish(open.declared, answers),
                Err(unanswered) => {
                    let mut faults = Faults::default();
                    for one in &unanswered {
                        faults.error(|| inputs::problem(one).spot(self.locate(&open.declared, &one.input.pointer)));
                    }
                    self.problems.extend(faults.finish(&open.declared.body.file));
                }
            }
        }
        self.objects.sort_by(|a, b| a.address.cmp(&b.address).then_with(|| a.place.cmp(&b.place)));
        self.sort_problems();
    }

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

    fn resolve(&mut self, declared: Declared, inputs: Vec<inputs::Input>) {
        match inputs::answer(&inputs, &self.datasources) {
            Ok(answers) => self.finish(declared, answers),
            Err(_) => self.unresolved.push(UnresolvedInput { declared, inputs }),
        }
    }

    // Reads the body again with its inputs replaced, and makes an object of it.
    pub(crate) fn finish(&mut self, mut declared: Declared, answers: Vec<(String, String)>) {
        let key = declared.body.key();
        self.replacements.insert(key, answers);
        match self.body(&declared) {
            Ok(body) => {
                dashboard::finish(&mut declared, body.value);
                self.objects.push(declared);
            }
            Err(problem) => self.problems.push(*problem),
        }
    }

    pub(crate) fn sort_problems(&mut self) {
        self.problems.sort_by(|a, b| {
            let key = |p: &Problem| p.spots.first().map(|spot| spot.place.clone());
            key(a).cmp(&key(b)).then_with(|| a.severity.cmp(&b.severity)).then_with(|| a.message.cmp(&b.message))
        });
        self.problems.dedup();
    }
}

/// The directory of a file; empty for the root.
pub(crate) fn directory(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn read_all(files: &[(Arc<str>, std::path::PathBuf)], root: &Path, options: &LoadOptions) -> Vec<FileYield> {
    let next = AtomicUsize::new(0);
    let parts: Mutex<BTreeMap<usize, FileYield>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(files.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((path, file)) = files.get(index) else { break };
                    let part = read_file(path.clone(), file, root, options);
                    parts.lock().unwrap_or_else(PoisonError::into_inner).insert(index, part);
                }
            });
        }
    });
    parts.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

fn read_file(path: Arc<str>, file: &Path, root: &Path, options: &LoadOptions) -> FileYield {
    let mut out = FileYield::default();
    let name = path.rsplit('/').next().unwrap_or(&path);
    if let Some(problem) = misplaced(&path, name) {
        out.problems.push(problem);
        return out;
    }
    if &*path == settings::FILE {
        return out;
    }
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            let problem = Problem::error("unreadable", format!("this file cannot be read: {error}"));
            out.problems.push(problem.at(Place::file(path)));
            return out;
        }
    };
    out.bytes = bytes.len() as u64;
    let reference = FileRef { path: path.clone(), digest: Digest::of_bytes(&bytes), root, options };
    let source = match SourceText::new(path.clone(), bytes) {
        Ok(source) => source,
        Err(problem) => {
            out.problems.push(*problem);
            return out;
        }
    };
    let format = Format::of(&path).unwrap_or(Format::Json);
    let (documents, faults) = document::read(&source, format);
    if documents.is_empty() {
        if faults.is_empty() {
            out.ignored.push(Ignored { path, reason: "holds no document".into() });
        }
        out.problems.extend(faults);
        return out;
    }
    let mut ours = false;
    let several = documents.len() > 1;
    for mut document in documents {
        ours |= read_document(&mut document, name, &reference, several, &mut out);
    }
    if ours {
        out.problems.extend(faults);
    }
    out
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
    let shape = shape(&document.value);
    match &shape {
        Shape::Dashboard { base } => out.take(dashboard::read(document, Form::Classic(base), file)),
        Shape::DashboardResource => out.take(dashboard::read(document, Form::Resource, file)),
        Shape::FolderResource => {
            let (folder, problems) = folders::read_resource(document);
            out.folders.extend(folder);
            out.problems.extend(problems);
        }
        Shape::Provisioning => provisioning(document, file, out),
        Shape::Datasource => {
            let values = values(file, Dollars::Plain);
            out.take(datasource::read(document, "", 0, file, &values));
        }
        Shape::Datasources => {
            let values = values(file, Dollars::Plain);
            for item in 0..document.value.as_array().map_or(0, Vec::len) {
                out.take(datasource::read(document, &format!("/{item}"), item, file, &values));
            }
        }
        Shape::Refused(Refusal { code, message, help, pointer }) => out
            .problems
            .push(Problem::error(code, message.clone()).spot(document.key_spot(pointer, "")).help(help.clone())),
        Shape::Foreign(reason) => {
            let reason =
                if several { format!("{reason} (document {})", document.index + 1) } else { reason.clone() };
            out.ignored.push(Ignored { path: file.path.clone(), reason });
            return false;
        }
    }
    true
}

fn provisioning(document: &Document<'_>, file: &FileRef<'_>, out: &mut FileYield) {
    const KEYS: [&str; 4] = ["apiVersion", "datasources", "deleteDatasources", "prune"];
    for (key, value) in document.value.as_object().into_iter().flatten() {
        let pointer = super::yaml::member("", key);
        match (key.as_str(), value) {
            ("deleteDatasources", Value::Array(list)) if list.is_empty() => {}
            ("deleteDatasources", Value::Null) | ("prune", Value::Bool(false) | Value::Null) => {}
            ("deleteDatasources" | "prune", _) => out.problems.push(
                Problem::error(
                    "not-supported",
                    format!("`{key}` is not obeyed: only what this stack owns is ever deleted"),
                )
                .spot(document.key_spot(&pointer, ""))
                .help("remove it; a data source that leaves the directory is deleted by the next apply"),
            ),
            ("datasources", Value::Array(_) | Value::Null) => {}
            ("datasources", _) => {
                out.problems.push(
                    Problem::error("datasource", "`datasources` must be a list").spot(document.spot(&pointer, "")),
                );
            }
            // Anchors are often kept below keys of this sort.
            _ if KEYS.contains(&key.as_str()) || key.starts_with("x-") => {}
            _ => out.problems.push(
                datasource::unknown_key("a provisioning file", key, KEYS.into_iter())
                    .spot(document.key_spot(&pointer, "")),
            ),
        }
    }
    let values = values(file, Dollars::Provisioning);
    for item in 0..document.value.get("datasources").and_then(Value::as_array).map_or(0, Vec::len) {
        out.take(datasource::read(document, &format!("/datasources/{item}"), item, file, &values));
    }
}

fn values<'a>(file: &FileRef<'a>, dollars: Dollars) -> Values<'a> {
    Values { environment: &file.options.environment, root: file.root, dollars }
}

impl FileYield {
    fn take(&mut self, (draft, problems): (Option<Draft>, Vec<Problem>)) {
        self.drafts.extend(draft);
        self.problems.extend(problems);
    }
}
