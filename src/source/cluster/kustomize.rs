//! kustomize, as far as it names what belongs together: `resources` followed from a `kustomization.yaml`, and the few
//! fields that change what they reach in a way that can be told without kustomize.
//!
//! Everything else (patches, generators, components, charts, bases elsewhere) is refused by name with the command that
//! does it: what kustomize makes is read as well, from standard input. Nothing outside of the tree is ever read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::envsubst::{self, Variables};
use super::substitution::{is_list, is_object};
use super::tree::{Tree, resolved};
use crate::model::{Problem, Spot};
use crate::source::document::{self, Document, Format};
use crate::source::nearest;
use crate::source::yaml::member;

/// What a kustomization makes of the objects that it reaches.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Changes {
    /// The namespace of them all.
    pub namespace: Option<String>,
    /// What their names begin with.
    pub prefix: String,
    /// What their names end with.
    pub suffix: String,
    /// Labels that they have besides their own.
    pub labels: BTreeMap<String, String>,
    /// Annotations that they have besides their own.
    pub annotations: BTreeMap<String, String>,
}

impl Changes {
    /// The texts that they put into every object.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let values = self.labels.values().chain(self.annotations.values());
        self.namespace.iter().chain([&self.prefix, &self.suffix]).chain(values).map(String::as_str)
    }

    /// These changes, and then those of a kustomization around.
    pub(crate) fn within(self, outer: &Changes) -> Changes {
        let mut all = Changes {
            namespace: outer.namespace.clone().or(self.namespace),
            prefix: format!("{}{}", outer.prefix, self.prefix),
            suffix: format!("{}{}", self.suffix, outer.suffix),
            ..self
        };
        all.labels.extend(outer.labels.clone());
        all.annotations.extend(outer.annotations.clone());
        all
    }

    /// The same with variables replaced in every value; what cannot be replaced stays as it is written.
    pub(crate) fn replaced(&self, variables: &Variables) -> Changes {
        let text = |text: &String| {
            let (replacements, _) = envsubst::expand(text, variables);
            let mut out = text.clone();
            for replacement in replacements.into_iter().rev() {
                out.replace_range(replacement.at, &replacement.text);
            }
            out
        };
        let all =
            |map: &BTreeMap<String, String>| map.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        Changes {
            namespace: self.namespace.as_ref().map(text),
            prefix: text(&self.prefix),
            suffix: text(&self.suffix),
            labels: all(&self.labels),
            annotations: all(&self.annotations),
        }
    }

    /// Makes the changes to an object, or to each object of a list.
    pub(crate) fn apply(&self, value: &mut Value) {
        if *self == Changes::default() {
            return;
        }
        if is_list(value) {
            let items = value.get_mut("items").and_then(Value::as_array_mut);
            items.into_iter().flatten().for_each(|item| self.apply(item));
            return;
        }
        if !is_object(value) {
            return;
        }
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
        // kustomize leaves the names of these alone, and the namespaces of what has none.
        let keeps_name = matches!(kind, "Namespace" | "CustomResourceDefinition" | "APIService");
        let keeps_namespace = keeps_name || matches!(kind, "ClusterRole" | "ClusterRoleBinding" | "StorageClass");
        let Some(map) = value.as_object_mut() else { return };
        let metadata = map.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        let Some(metadata) = metadata.as_object_mut() else { return };
        if let Some(Value::String(name)) = metadata.get_mut("name")
            && !keeps_name
        {
            *name = format!("{}{name}{}", self.prefix, self.suffix);
        }
        if let Some(namespace) = self.namespace.as_ref().filter(|_| !keeps_namespace) {
            metadata.insert("namespace".into(), Value::from(namespace.as_str()));
        }
        for (key, added) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if added.is_empty() {
                continue;
            }
            let own = metadata.entry(key).or_insert_with(|| Value::Object(Map::new()));
            let Some(own) = own.as_object_mut() else { continue };
            own.extend(added.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))));
        }
    }
}

/// What following a kustomization reached.
#[derive(Default)]
pub(crate) struct Reached {
    /// The files, each with what is made of its objects.
    pub files: BTreeMap<Arc<str>, Changes>,
    /// The kustomizations that were followed, by the paths of their files.
    pub kustomizations: BTreeSet<Arc<str>>,
    /// What is wrong with them.
    pub problems: Vec<Problem>,
    /// The texts that they put into every object, each with its place.
    pub values: Vec<(String, Spot)>,
    /// What leaves open what they reach, each with its place: a name that could not be followed, a key that nobody knows,
    /// a list that is none. These problems are among the others.
    pub lost: Vec<Problem>,
}

/// Follows a directory: its kustomization, or where it has none, every YAML file in it and below, as Flux does.
pub(super) fn follow(tree: &Tree<'_>, directory: &str) -> Reached {
    let mut follower = Follower { tree, reached: Reached::default(), path: Vec::new(), seen: BTreeSet::new() };
    match tree.kustomization(directory) {
        Some(file) => follower.kustomization(directory, file, &Changes::default()),
        None => follower.all_below(directory),
    }
    follower.reached
}

struct Follower<'a> {
    tree: &'a Tree<'a>,
    reached: Reached,
    /// The directories that lead to this one.
    path: Vec<String>,
    /// Every directory that was followed.
    seen: BTreeSet<String>,
}

/// The fields that are followed, or that change nothing of ours.
const KNOWN: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "images",
    "replicas",
    "generatorOptions",
    "sortOptions",
    "buildMetadata",
    "crds",
    "openapi",
];

/// The fields that only kustomize can do.
const REFUSED: &[&str] = &[
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "replacements",
    "vars",
    "components",
    "generators",
    "transformers",
    "validators",
    "configMapGenerator",
    "secretGenerator",
    "helmCharts",
    "helmGlobals",
    "helmChartInflationGenerator",
    "configurations",
];

impl Follower<'_> {
    fn kustomization(&mut self, directory: &str, file: &str, outer: &Changes) {
        let Some(source) = self.tree.text(file) else { return };
        self.reached.kustomizations.insert(file.into());
        let (documents, faults) = document::read(&source, Format::Yaml);
        let is_readable = faults.is_empty();
        faults.into_iter().for_each(|fault| self.lose(fault));
        let Some(document) = documents.first() else {
            if is_readable {
                let problem = Problem::error("kustomization", "this kustomization is empty").at(source.whole());
                self.lose(problem.help("write `resources:` with what belongs to it; `resources: []` is nothing"));
            }
            return;
        };
        let Some(map) = document.value.as_object() else {
            self.lose(Problem::error("kustomization", "a kustomization is an object").spot(document.spot("", "")));
            return;
        };
        self.check(document, map, directory);
        let changes = self.changes(document, map).within(outer);
        self.path.push(directory.to_owned());
        for list in ["resources", "bases"] {
            if map.get(list).is_some_and(|value| !value.is_array() && !value.is_null()) {
                let problem = Problem::error("kustomization", format!("`{list}` is a list of paths"));
                let problem = problem.spot(document.spot(&member("", list), ""));
                self.lose(problem.help("begin each of them with `-`"));
            }
            let entries = map.get(list).and_then(Value::as_array).into_iter().flatten();
            for (i, entry) in entries.enumerate() {
                let pointer = member(&member("", list), &i.to_string());
                match entry.as_str() {
                    Some(entry) => {
                        if let Err(problem) = self.resource(directory, entry, &changes) {
                            self.lose(problem.spot(document.spot(&pointer, "")));
                        }
                    }
                    None => self.lose(
                        Problem::error("kustomization", "a resource is named by its path")
                            .spot(document.spot(&pointer, "")),
                    ),
                }
            }
        }
        self.path.pop();
    }

    // Reports what leaves open what is reached.
    fn lose(&mut self, problem: Problem) {
        self.reached.lost.push(problem.clone());
        self.reached.problems.push(problem);
    }

    // Says what of a kustomization is not read.
    fn check(&mut self, document: &Document<'_>, map: &Map<String, Value>, directory: &str) {
        let run = format!("run `kustomize build {} | amgctl plan -`", self.tree.shown(directory));
        let mut misspelt = Vec::new();
        let mut add = |problem: Problem, pointer: &str| {
            self.reached.problems.push(problem.spot(document.key_spot(pointer, "")));
        };
        if map.get("kind").is_some_and(|kind| kind == "Component") {
            add(Problem::error("kustomize", "components of kustomize are not read").help(run.clone()), "/kind");
        }
        for (key, value) in map {
            let pointer = member("", key);
            let is_empty = match value {
                Value::Null => true,
                Value::Array(items) => items.is_empty(),
                Value::Object(members) => members.is_empty(),
                Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
            };
            if REFUSED.contains(&key.as_str()) && !is_empty {
                let problem = Problem::error("kustomize", format!("`{key}` of a kustomization is not read"));
                add(problem.help(format!("{run}: kustomize does it, and amgctl reads what comes of it")), &pointer);
            } else if !REFUSED.contains(&key.as_str()) && !KNOWN.contains(&key.as_str()) {
                let message = format!("kustomize knows no field `{key}`");
                match nearest(key, KNOWN.iter().chain(REFUSED).copied()) {
                    // Whatever it was to name, or to make of it, is missing: that may be all there is.
                    Some(near) => {
                        let problem = Problem::error("unknown-key", message);
                        misspelt.push(
                            problem.help(format!("did you mean `{near}`?")).spot(document.key_spot(&pointer, "")),
                        );
                    }
                    None => add(Problem::warning("unknown-key", message), &pointer),
                }
            }
        }
        let labels = map.get("labels").and_then(Value::as_array).into_iter().flatten();
        for (i, entry) in labels.enumerate() {
            if entry.get("fields").and_then(Value::as_array).is_some_and(|fields| !fields.is_empty()) {
                let problem = Problem::error("kustomize", "`fields` of a kustomization's labels are not read");
                add(problem.help(run.clone()), &format!("/labels/{i}/fields"));
            }
        }
        misspelt.into_iter().for_each(|problem| self.lose(problem));
    }

    fn changes(&mut self, document: &Document<'_>, map: &Map<String, Value>) -> Changes {
        let mut text = |key: &str| match map.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()).filter(|text| !text.is_empty()),
            Some(_) => {
                let problem = Problem::error("kustomization", format!("`{key}` must be a text"));
                self.reached.problems.push(problem.spot(document.spot(&member("", key), "")));
                None
            }
        };
        let (namespace, prefix, suffix) = (text("namespace"), text("namePrefix"), text("nameSuffix"));
        let mut labels = texts(map.get("commonLabels"));
        for entry in map.get("labels").and_then(Value::as_array).into_iter().flatten() {
            labels.extend(texts(entry.get("pairs")));
        }
        let annotations = texts(map.get("commonAnnotations"));
        for key in ["namespace", "namePrefix", "nameSuffix", "commonLabels", "labels", "commonAnnotations"] {
            let all = map.get(key).map(|value| texts_below(value, member("", key))).unwrap_or_default();
            let spotted = all.into_iter().map(|(pointer, text)| (text, document.spot(&pointer, "")));
            self.reached.values.extend(spotted.filter(|(text, _)| envsubst::concerns(text)));
        }
        let (prefix, suffix) = (prefix.unwrap_or_default(), suffix.unwrap_or_default());
        Changes { namespace, prefix, suffix, labels, annotations }
    }

    // Follows one entry of `resources`.
    fn resource(&mut self, directory: &str, entry: &str, changes: &Changes) -> Result<(), Problem> {
        let fault = |message: String| Problem::error("kustomization", message);
        if is_remote(entry) {
            let run = format!("run `kustomize build {} | amgctl plan -`", self.tree.shown(directory));
            return Err(Problem::error(
                "kustomize",
                format!("`{entry}` is a base that stands elsewhere, which is not read"),
            )
            .help(format!("{run}, or put a copy into the tree")));
        }
        let Some(path) = resolved(directory, entry) else {
            return Err(fault(format!("`{entry}` leads out of what is read"))
                .help("point amgctl at a directory that holds all of it, as the root of the repository"));
        };
        if let Some(file) = self.tree.file(&path) {
            return self.file(file, entry, changes);
        }
        if let Some(file) = self.tree.kustomization(&path) {
            if self.path.contains(&path) {
                return Err(fault(format!("`{entry}` is a kustomization that leads here: they go in a circle")));
            }
            if !self.seen.insert(path.clone()) {
                return Err(self.twice(entry, directory));
            }
            self.kustomization(&path, file, changes);
            return Ok(());
        }
        Err(if self.tree.is_directory(&path) {
            fault(format!("the directory `{entry}` has no `kustomization.yaml`"))
                .help("name its files instead, or add one")
        } else {
            fault(format!("`{entry}` is not there, or is not read")).help(
                "what is read ends in `.yaml`, `.yml` or `.json`, is not hidden, and no ignore file or symbolic link \
                 keeps it away",
            )
        })
    }

    fn file(&mut self, file: Arc<str>, entry: &str, changes: &Changes) -> Result<(), Problem> {
        if self.reached.files.contains_key(&file) {
            return Err(self.twice(entry, self.path.last().map_or("", String::as_str)));
        }
        self.reached.files.insert(file, changes.clone());
        Ok(())
    }

    fn twice(&self, entry: &str, directory: &str) -> Problem {
        Problem::error("kustomization", format!("`{entry}` is reached a second time"))
            .note("what is reached twice is two sets of objects, which differ by their kustomizations")
            .help(format!("name it once, or run `kustomize build {} | amgctl plan -`", self.tree.shown(directory)))
    }

    // What Flux makes of a directory without a kustomization: all manifests, and kustomizations below it as bases.
    fn all_below(&mut self, directory: &str) {
        let tree = self.tree;
        let length = if directory.is_empty() { 0 } else { directory.len() + 1 };
        for file in tree.below(directory) {
            let above = file.match_indices('/').map(|(at, _)| &file[..at]).filter(|above| above.len() > length);
            let base = above.into_iter().find_map(|base| Some((base, tree.kustomization(base)?)));
            match base {
                Some((base, kustomization)) if self.seen.insert(base.to_owned()) => {
                    self.kustomization(base, kustomization, &Changes::default());
                }
                None if Format::of(file) == Some(Format::Yaml) => {
                    self.reached.files.entry(file.clone()).or_default();
                }
                Some(_) | None => {}
            }
        }
    }
}

// The texts of an object; numbers and flags as they are written, which kustomize refuses later than here.
fn texts(value: Option<&Value>) -> BTreeMap<String, String> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    members.map(|(key, value)| (key.clone(), text(value))).collect()
}

// Every text in a value, with its pointer.
fn texts_below(value: &Value, at: String) -> Vec<(String, String)> {
    let all =
        |found: Vec<(String, &Value)>| found.into_iter().flat_map(|(at, value)| texts_below(value, at)).collect();
    match value {
        Value::String(text) => vec![(at, text.clone())],
        Value::Array(items) => {
            all(items.iter().enumerate().map(|(i, item)| (member(&at, &i.to_string()), item)).collect())
        }
        Value::Object(map) => all(map.iter().map(|(key, value)| (member(&at, key), value)).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn is_remote(entry: &str) -> bool {
    entry.contains("://")
        || entry.starts_with("git@")
        || entry.starts_with("git::")
        || entry.starts_with("github.com/")
        || entry.contains("?ref=")
}

#[cfg(test)]
mod tests;
