//! What says how the files of a directory are read, from the first of these that there is: the Flux Kustomizations of
//! the file that was named; those in the directory that reach a manifest of the grafana-operator; a `kustomization.yaml`
//! at its root that does; variables alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::super::envsubst::{self, Unset, Variables};
use super::super::flux::{self, Kustomization};
use super::super::kustomize::{self, Reached};
use super::super::tree::Tree;
use super::super::{Secrets, objects_in, secrets, substitution, texts, variables};
use super::{Build, Handling, LeftOpen, Others, Set};
use crate::model::{Problem, Spot};
use crate::source::LoadOptions;
use crate::source::document::{self, Document, Format};

/// Why a file declares nothing that was followed.
const FOLLOWED: &str = "says what else is read";

/// How to leave a Kustomization alone that is not about the workspace.
const LEAVE_OUT: &str =
    "if it is for other things, name its file in `.amgctlignore`, or the one to follow by `--from-flux FILE`";

/// How many levels of Kustomizations that apply others are looked through.
const ROUNDS: usize = 4;

/// What to say where a directory turns out to hold nothing of ours: where the things are that its Flux Kustomizations
/// apply, or what the kustomization at its root names.
pub(in super::super) fn astray(tree: &Tree<'_>) -> Vec<Problem> {
    let (secrets, typed) = (Secrets::new(), Vec::new());
    let mut finder = Finder { tree, source: tree, secrets: &secrets, lenient: false, typed, problems: Vec::new() };
    let InTree { all, .. } = finder.kustomizations_in_tree(None);
    if all.is_empty() && tree.kustomization("").is_some() {
        let reached = kustomize::follow(tree, "");
        return if reached.files.is_empty() { nothing_reached(reached.lost) } else { Vec::new() };
    }
    let (applied, elsewhere) = finder.applied(all);
    finder.problems.extend(lost(&applied));
    let elsewhere = elsewhere.iter().map(|found| finder.is_elsewhere(&found.by));
    elsewhere.chain(finder.problems.clone()).collect()
}

/// Finds out how the files of a directory are read, and what is wrong with what says so.
pub(in super::super) fn find(tree: &Tree<'_>, options: &LoadOptions) -> (Build, Vec<Problem>) {
    let flux = options.settings.flux();
    let (typed, problems) = flux.typed();
    let hidden = tree.without_source_ignored();
    let source = hidden.as_ref().unwrap_or(tree);
    let mut finder = Finder { tree, source, secrets: &options.secrets, lenient: flux.lenient, typed, problems };
    let build = match flux.from {
        Some(named) => finder.named(&named),
        None => finder.in_tree(),
    };
    (build, finder.problems)
}

struct Finder<'a> {
    tree: &'a Tree<'a>,
    /// The tree as Flux has it.
    source: &'a Tree<'a>,
    /// The Secrets that are not in the tree.
    secrets: &'a Secrets,
    /// Whether a variable without a value is empty.
    lenient: bool,
    /// The variables that were typed.
    typed: Vec<(String, String)>,
    problems: Vec<Problem>,
}

/// A Flux Kustomization, and what of it is not done here.
struct Found {
    by: Kustomization,
    unread: Vec<Problem>,
}

/// The Flux Kustomizations of the tree.
struct InTree {
    all: Vec<Found>,
    /// What is wrong with them.
    faults: Vec<Problem>,
    /// The files that they stand in.
    followed: BTreeMap<Arc<str>, String>,
    /// Whether what was found before replaces nothing in those.
    is_raw: bool,
}

/// A Flux Kustomization with what it reaches.
struct Applied {
    found: Found,
    directory: String,
    reached: Reached,
}

impl Finder<'_> {
    // The Flux Kustomizations of a file that was named, and no others.
    fn named(&mut self, file: &Path) -> Build {
        let source = match variables::read(file) {
            Ok(source) => source,
            Err(problem) => {
                self.problems.push(*problem);
                return Build::default();
            }
        };
        let (documents, faults) = document::read(&source, Format::of(&source.file).unwrap_or(Format::Yaml));
        self.problems.extend(faults);
        let (all, wrong) = kustomizations(&documents);
        let is_right = wrong.is_empty();
        self.problems.extend(wrong);
        if all.is_empty() && is_right {
            self.problems.push(
                Problem::error("flux", "this file holds no Flux Kustomization").at(source.whole()).help(
                    "name the file with `apiVersion: kustomize.toolkit.fluxcd.io/v1` and `kind: Kustomization`",
                ),
            );
        }
        if all.is_empty() {
            return Build::default();
        }
        if self.tree.is_stream() {
            return self.around_stream(&all, &documents);
        }
        let (applied, elsewhere) = self.applied(all);
        for Found { by, .. } in elsewhere {
            let help = format!("run amgctl on a checkout of {}, or on that directory of it", by.from());
            self.problems.push(self.no_directory(&by).help(help));
        }
        self.flux(applied, BTreeMap::new(), &documents)
    }

    fn in_tree(&mut self) -> Build {
        if self.tree.is_stream() {
            return self.everything();
        }
        let before = self.problems.len();
        let mut build = None;
        // A Kustomization may stand in a file that another one applies, with its variables: each round sees one level more.
        for _ in 0..ROUNDS {
            let InTree { all, faults, followed, is_raw } = self.kustomizations_in_tree(build.as_ref());
            if build.is_some() && is_raw {
                break;
            }
            let (applied, elsewhere) = self.applied(all);
            let (stray, others) = self.stray(&applied, elsewhere);
            let governs = |applied: &Applied| self.is_used(&applied.reached) || self.withholds(applied);
            let is_wrong = !faults.is_empty() || !stray.is_empty();
            if !is_wrong && !applied.iter().any(governs) {
                break;
            }
            self.problems.truncate(before);
            self.problems.extend(faults.into_iter().chain(stray));
            let mut found = self.flux(applied, followed, &[]);
            found.left_open = self.left_open(&found, &others);
            build = Some(found);
        }
        if let Some(build) = build {
            return build;
        }
        let Some(file) = self.tree.kustomization("") else { return self.everything() };
        let reached = kustomize::follow(self.tree, "");
        // Where something that it names is not here, that may be all of ours; where it names nothing, nothing is ours.
        if !self.is_used(&reached) && reached.lost.is_empty() && !reached.files.is_empty() {
            return self.everything();
        }
        let followed = reached.kustomizations.iter().map(|file| (file.clone(), FOLLOWED.to_owned())).collect();
        let set = self.set(None, "", &[]);
        self.check_values(&reached.values, &set);
        self.problems.extend(match self.is_used(&reached) {
            true => reached.problems,
            false if reached.lost.is_empty() => reached.problems,
            false => nothing_reached(reached.lost),
        });
        Build {
            sets: vec![set],
            files: reached.files.into_iter().map(|(file, changes)| (file, (0, changes))).collect(),
            others: Some(Others { reason: format!("is not among the resources of `{file}`"), followed }),
            left_open: None,
        }
    }

    // What is piped in was built before: of a Kustomization only its variables and what becomes of its objects count.
    fn around_stream(&mut self, all: &[Found], beside: &[Document<'_>]) -> Build {
        if let [_, second, ..] = all {
            self.problems.push(
                Problem::error("flux", "this file holds several Flux Kustomizations, and one thing is piped in")
                    .spot(second.by.spot.clone())
                    .help("keep the one that it was built from"),
            );
        }
        let set = self.set(all.first().map(|found| &found.by), "", beside);
        Build { sets: vec![set], ..Build::default() }
    }

    // The Flux Kustomizations of the tree, their files as what was found before makes them.
    fn kustomizations_in_tree(&self, build: Option<&Build>) -> InTree {
        let mut found = InTree { all: Vec::new(), faults: Vec::new(), followed: BTreeMap::new(), is_raw: true };
        for (file, source) in self.tree.manifests().filter(|(_, source)| source.text.contains(flux::FLUX)) {
            let (all, faults) = match build {
                None => kustomizations(&document::read(source, Format::Yaml).0),
                Some(build) => {
                    let rendered = build.read(source, Format::Yaml);
                    found.is_raw &= rendered.source.text == source.text;
                    kustomizations(&document::of(&rendered.source, rendered.documents))
                }
            };
            found.faults.extend(faults);
            if !all.is_empty() {
                found.followed.insert(file.clone(), FOLLOWED.to_owned());
                found.all.extend(all);
            }
        }
        found
    }

    // Every file, with the variables that were typed.
    fn everything(&mut self) -> Build {
        let set = self.set(None, "", &[]);
        if set.replaces { Build { sets: vec![set], ..Build::default() } } else { Build::default() }
    }

    // What Kustomizations apply; those whose directory is not in the tree come second.
    fn applied(&self, all: Vec<Found>) -> (Vec<Applied>, Vec<Found>) {
        let (mut applied, mut elsewhere) = (Vec::new(), Vec::new());
        for found in all {
            match self.source.directory_of(&found.by.path) {
                Some(directory) => {
                    let reached = kustomize::follow(self.source, &directory);
                    applied.push(Applied { found, directory, reached });
                }
                None => elsewhere.push(found),
            }
        }
        (applied, elsewhere)
    }

    // What Kustomizations of the tree apply and is not in it: their objects would count as gone. Those of another source
    // than what is here come second: theirs stands elsewhere. What an ignore file keeps away is nobody's business.
    fn stray(&self, applied: &[Applied], elsewhere: Vec<Found>) -> (Vec<Problem>, Vec<Kustomization>) {
        let here: Vec<&(String, String)> = applied.iter().map(|applied| &applied.found.by.source).collect();
        let is_named = |source: &(String, String)| !source.1.is_empty();
        let is_other = |by: &Kustomization| {
            is_named(&by.source) && here.iter().any(|source| is_named(source)) && !here.contains(&&by.source)
        };
        let stray = elsewhere.into_iter().map(|found| found.by).filter(|by| !self.tree.is_kept_away(&by.path));
        let (others, stray): (Vec<Kustomization>, Vec<Kustomization>) = stray.partition(is_other);
        let problem = |by: &Kustomization| {
            let run = match self.tree.above(&by.path) {
                Some(above) => format!("run amgctl on `{above}`, which has it"),
                None => format!("correct the path, or run amgctl on a checkout of {}", by.from()),
            };
            self.no_directory(by).help(format!("{run}; {LEAVE_OUT}"))
        };
        (stray.iter().map(problem).collect(), others)
    }

    // The files whose manifests no Kustomization applies, where one names a source that is not here and a path that is not
    // here either: both may be slips, and what was applied from such a file would count as gone. A file below what is
    // applied, or beside a kustomization that is, was left out by somebody.
    fn left_open(&self, build: &Build, others: &[Kustomization]) -> Option<LeftOpen> {
        let by = others.first()?;
        let followed = build.others.as_ref().map(|others| &others.followed)?;
        let is_governed = |file: &str| {
            let above = file.rmatch_indices('/').map(|(at, _)| &file[..at]).chain([""]);
            above.into_iter().any(|directory| {
                let is_applied = build.sets.iter().any(|set| set.directory == directory);
                is_applied || self.tree.kustomization(directory).is_some_and(|file| followed.contains_key(file))
            })
        };
        let files = self.tree.manifests().map(|(file, _)| file);
        let files = files.filter(|file| !build.files.contains_key(*file) && !followed.contains_key(*file));
        let files = files.filter(|file| self.tree.holds_operator(file) && !is_governed(file));
        let why = format!(
            "no Flux Kustomization here applies their files, and `{}` ({}) applies `{}` of {}, which is not here (correct \
             that Kustomization; to have these deleted, delete their files)",
            by.name,
            by.path_spot.place,
            by.path,
            by.from()
        );
        Some(LeftOpen { files: files.cloned().collect(), why })
    }

    fn no_directory(&self, by: &Kustomization) -> Problem {
        let message = format!("there is no directory `{}` in `{}`", by.path, self.tree.shown(""));
        Problem::error("flux", message).spot(by.path_spot.clone())
    }

    // Whether a Kustomization says that manifests of the operator are not applied: it applies nothing, or not what stands
    // in its directory.
    fn withholds(&self, applied: &Applied) -> bool {
        applied.reached.files.is_empty()
            || self.source.below(&applied.directory).any(|file| self.tree.holds_operator(file))
    }

    // What to say of a Kustomization whose directory is not in the tree: where it is, and what to run.
    fn is_elsewhere(&self, by: &Kustomization) -> Problem {
        let file = self.tree.shown(&by.path_spot.place.file);
        let run = match self.tree.above(&by.path) {
            Some(above) => format!("run `amgctl plan {above} --from-flux {file}`"),
            None => format!("run `amgctl plan CHECKOUT --from-flux {file}` on a checkout of {}", by.from()),
        };
        let message = format!(
            "the Flux Kustomization `{}` applies `{}`, which is not in `{}`",
            by.name,
            by.path,
            self.tree.shown("")
        );
        Problem::error("flux", message).spot(by.path_spot.clone()).help(run)
    }

    fn flux(
        &mut self,
        applied: Vec<Applied>,
        mut followed: BTreeMap<Arc<str>, String>,
        beside: &[Document<'_>],
    ) -> Build {
        let mut build = Build::default();
        let mut names = Vec::new();
        let hidden = self.tree.files_not_in(self.source);
        followed.extend(hidden.map(|file| (file.clone(), "is hidden from Flux by a `.sourceignore`".to_owned())));
        for Applied { found: Found { by, unread }, directory, reached } in applied {
            followed.extend(reached.kustomizations.iter().map(|file| (file.clone(), FOLLOWED.to_owned())));
            // What is not done of a Kustomization of other things is nobody's business here; what leaves open what it
            // reaches is: it may be ours that is missing.
            let is_used = self.is_used(&reached);
            if is_used {
                self.problems.extend(unread.into_iter().chain(reached.problems));
                names.push(format!("`{}`", by.name));
            } else {
                self.problems.extend(nothing_of_ours(reached.lost));
            }
            let number = build.sets.len();
            let set = self.set(Some(&by), &directory, beside);
            if is_used {
                let own = by.changes.texts().filter(|text| envsubst::concerns(text));
                let own: Vec<(String, Spot)> = own.map(|text| (text.to_owned(), by.spot.clone())).collect();
                self.check_values(&reached.values, &set);
                self.check_values(&own, &set);
            }
            build.sets.push(set);
            for (file, changes) in reached.files {
                if build.files.contains_key(&file) {
                    if self.tree.holds_operator(&file) {
                        self.problems.push(
                            Problem::error("flux", format!("`{file}` is applied by two Flux Kustomizations"))
                                .spot(by.spot.clone())
                                .help("choose one of them with `--from-flux FILE`"),
                        );
                    }
                    continue;
                }
                build.files.insert(file, (number, changes.within(&by.changes)));
            }
        }
        let reason = match names.as_slice() {
            [] => "is in no directory that Flux applies".to_owned(),
            [one] => format!("is not among what the Flux Kustomization {one} applies"),
            several => format!("is not among what the Flux Kustomizations {} apply", several.join(", ")),
        };
        build.others = Some(Others { reason, followed });
        build
    }

    // Whether something that is reached speaks of the grafana-operator.
    fn is_used(&self, reached: &Reached) -> bool {
        reached.files.keys().any(|file| self.tree.holds_operator(file))
    }

    // The variables and the rest of what a Kustomization says of its files.
    fn set(&mut self, by: Option<&Kustomization>, directory: &str, beside: &[Document<'_>]) -> Set {
        let mut variables = Variables::new(if self.lenient { Unset::Empty } else { Unset::Fault });
        let mut secrets = Vec::new();
        for (by, from) in by.iter().flat_map(|by| by.substitute_from.iter().map(move |from| (by, from))) {
            if from.is_secret {
                secrets.push((by.namespace.clone(), from.name.clone(), from.spot.clone()));
            }
            match self.values(beside, from.is_secret, &by.namespace, &from.name) {
                Some(values) => {
                    for (name, value) in values {
                        let is_usable = match from.is_secret {
                            true => variables.set_secret(&name, &value, &by.namespace, &from.name),
                            false => variables.set(&name, &value),
                        };
                        self.check_name(is_usable, &name, &from.spot);
                    }
                }
                None if from.optional => {}
                None => variables.missing.push(from.shown()),
            }
        }
        for (by, (name, value)) in by.iter().flat_map(|by| by.substitute.iter().map(move |pair| (by, pair))) {
            let is_usable = variables.set(name, value);
            self.check_name(is_usable, name, &by.spot);
        }
        for (name, value) in &self.typed {
            variables.set(name, value);
        }
        let always = by.is_some_and(|by| by.always) || !variables.missing.is_empty();
        Set {
            directory: directory.to_owned(),
            replaces: !variables.is_empty() || always,
            variables,
            keeps: by.is_some_and(|by| !by.prune),
            handling: Handling {
                suspended: by.filter(|by| by.suspend).map(|by| by.name.clone()),
                replace: by.is_some_and(|by| by.force),
            },
            secrets,
        }
    }

    // Reports what stays unreplaced in what kustomizations put into every object.
    fn check_values(&mut self, values: &[(String, Spot)], set: &Set) {
        for (text, spot) in values {
            if set.replaces {
                self.problems.extend(substitution::faults_in(text, spot, &set.variables));
            } else {
                let problem =
                    Problem::warning("variable", format!("`{text}` stays as it is written: no variable is given"));
                self.problems.push(problem.spot(spot.clone()).help(
                    "give it a value by `--var NAME=VALUE`, or name the file of the Flux Kustomization by `--from-flux`",
                ));
            }
        }
    }

    fn check_name(&mut self, is_usable: bool, name: &str, spot: &Spot) {
        if !is_usable {
            self.problems.extend(variables::check(name).err().map(|problem| problem.spot(spot.clone())));
        }
    }

    // The texts of a ConfigMap or a Secret: of the one that was named beside the Kustomization, or that stands in the
    // tree; of Secrets also of those that were fetched or typed.
    fn values(
        &self,
        beside: &[Document<'_>],
        is_secret: bool,
        namespace: &str,
        name: &str,
    ) -> Option<Vec<(String, String)>> {
        let kind = if is_secret { "Secret" } else { "ConfigMap" };
        let values_in = |value: &Value| {
            objects_in(value).into_iter().find_map(|(found, base)| {
                let here = if has_namespace(value, &base) { found.namespace.as_str() } else { namespace };
                let is_it = found.group.is_empty() && found.kind == kind && found.name == name && here == namespace;
                let object = value.pointer(&base).filter(|_| is_it)?;
                Some(texts_of(object, is_secret))
            })
        };
        let mut values = beside.iter().find_map(|document| values_in(&document.value));
        if values.is_none() {
            let candidates = self.tree.manifests().filter(|(_, source)| source.text.contains(name));
            values = candidates.filter(|(_, source)| source.text.contains(kind)).find_map(|(_, source)| {
                let (documents, _) = document::parse(source, Format::Yaml);
                documents.iter().find_map(|parsed| values_in(&parsed.value))
            });
        }
        let fetched = self.secrets.get(&(namespace.to_owned(), name.to_owned())).filter(|_| is_secret);
        if let Some(fetched) = fetched {
            let fetched = fetched.iter().map(|(key, secret)| (key.clone(), secret.expose().to_owned()));
            values.get_or_insert_default().extend(fetched);
        }
        values
    }
}

// What Kustomizations name that reach nothing at all, because all of it is missing. What kustomize would fetch is left
// out: that is how clusters get other things.
fn lost(applied: &[Applied]) -> Vec<Problem> {
    let empty = applied.iter().filter(|applied| applied.reached.files.is_empty());
    let lost = empty.flat_map(|applied| &applied.reached.lost).filter(|problem| problem.code == "kustomization");
    nothing_reached(lost.cloned().collect())
}

// The problems of a kustomization that reaches no manifest because of them.
fn nothing_reached(lost: Vec<Problem>) -> Vec<Problem> {
    let way = "to have every file read as it stands, name the kustomization in `.amgctlignore`";
    lost.into_iter().map(|problem| unreached(problem, way)).collect()
}

// The same of what a Flux Kustomization applies.
fn nothing_of_ours(lost: Vec<Problem>) -> Vec<Problem> {
    lost.into_iter().map(|problem| unreached(problem, LEAVE_OUT)).collect()
}

fn unreached(problem: Problem, way: &str) -> Problem {
    let help = problem.help.clone().map_or_else(|| way.to_owned(), |help| format!("{help}; {way}"));
    problem.note("so no manifest of the grafana-operator is reached from here").help(help)
}

fn has_namespace(value: &Value, base: &str) -> bool {
    value.pointer(&format!("{base}/metadata/namespace")).is_some_and(Value::is_string)
}

fn texts_of(object: &Value, is_secret: bool) -> Vec<(String, String)> {
    if is_secret {
        return secrets::texts(object).into_iter().map(|(key, secret)| (key, secret.expose().to_owned())).collect();
    }
    texts(object.get("data")).map(|(key, text)| (key.clone(), text.to_owned())).collect()
}

// The Flux Kustomizations of a file, and what is wrong with them.
fn kustomizations(documents: &[Document<'_>]) -> (Vec<Found>, Vec<Problem>) {
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for document in documents {
        for base in bases(&document.value) {
            let Some(read) = flux::read(document, &base) else { continue };
            all.extend(read.says.map(|by| Found { by, unread: read.unread }));
            faults.extend(read.faults);
        }
    }
    (all, faults)
}

// Where the objects of a document stand, those without a name too.
fn bases(value: &Value) -> Vec<String> {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match value.get("items").and_then(Value::as_array).filter(|_| is_list) {
        Some(items) => (0..items.len()).map(|i| format!("/items/{i}")).collect(),
        None => vec![String::new()],
    }
}

impl Kustomization {
    // Its source, in words.
    fn from(&self) -> String {
        match (self.source.0.as_str(), self.source.1.as_str()) {
            ("", _) | (_, "") => "its source".to_owned(),
            (kind, name) => format!("the {kind} `{name}`"),
        }
    }
}

impl flux::SubstituteFrom {
    fn shown(&self) -> String {
        format!("{} `{}`", if self.is_secret { "Secret" } else { "ConfigMap" }, self.name)
    }
}
