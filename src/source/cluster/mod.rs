//! Kubernetes objects of a directory, and what they say together.
//!
//! A manifest rarely says all of itself: a dashboard names a ConfigMap, a data source a Secret, both the labels of a
//! `Grafana`. So the directory is looked through once before its documents are read ([`gather`]), for the objects that
//! others refer to. Where no manifest of the grafana-operator is in it, that first look finds so and costs one search
//! through the text of each file.
//!
//! What stands outside of the directory (contents, secrets) is fetched between [`super::survey`] and [`super::load`],
//! and comes in with [`super::LoadOptions`].

pub(crate) mod build;
pub mod content;
mod envsubst;
pub(crate) mod flux;
mod kustomize;
pub mod lock;
pub mod secrets;
pub(crate) mod select;
mod substitution;
pub(crate) mod target;
mod tree;
mod unused;
pub(crate) mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::document::{Document, Format, Parsed};
use super::text::SourceText;
use super::walk::{self, MAX_BYTES, STREAM};
use super::yaml::member;
use super::{LoadOptions, Stream, nearest};
use crate::model::{Problem, Secret, Spot};
use build::{Build, Rendered};
use tree::Tree;

/// The group of the grafana-operator's kinds.
pub(crate) const OPERATOR: &str = "grafana.integreatly.org";

/// The namespace of what names none.
pub(crate) const DEFAULT_NAMESPACE: &str = "default";

/// The secrets of a cluster: by namespace and name, each by its keys.
pub type Secrets = BTreeMap<(String, String), BTreeMap<String, Secret>>;

/// The ConfigMaps of a cluster: by namespace and name, each by its keys.
pub(crate) type ConfigMaps = BTreeMap<(String, String), BTreeMap<String, String>>;

/// Words of which a file has at least one that holds an object which others may refer to.
const WORDS: [&str; 5] = [OPERATOR, "ConfigMap", "Secret", "external-secrets.io", "toolkit.fluxcd.io"];

/// What tells an object of a cluster apart: its kind with the group, its namespace and its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct ObjectName {
    /// The group of its kind; empty for the core's.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; [`DEFAULT_NAMESPACE`] where it names none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectName {
    /// The name of the object that a value is; none where it is no object of a cluster, or has no name.
    pub(crate) fn of(value: &Value) -> Option<ObjectName> {
        let map = value.as_object()?;
        let version = text(map, "apiVersion");
        let (group, _) = version.split_once('/').unwrap_or(("", version));
        let metadata = map.get("metadata").and_then(Value::as_object)?;
        let namespace = Some(text(metadata, "namespace")).filter(|namespace| !namespace.is_empty());
        let name = ObjectName {
            group: group.to_owned(),
            kind: text(map, "kind").to_owned(),
            namespace: namespace.unwrap_or(DEFAULT_NAMESPACE).to_owned(),
            name: text(metadata, "name").to_owned(),
        };
        (!version.is_empty() && !name.kind.is_empty() && !name.name.is_empty()).then_some(name)
    }
}

/// An object of a cluster, as a file of the directory has it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    manifest: Arc<Manifest>,
    document: usize,
    /// Where it stands in its document, as a JSON pointer; empty where it is all of it.
    base: String,
}

/// A file with objects of a cluster.
struct Manifest {
    source: SourceText,
    documents: Vec<Parsed>,
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Manifest").field(&self.source.file).finish()
    }
}

impl Resource {
    /// Its value.
    pub(crate) fn value(&self) -> &Value {
        static NOTHING: Value = Value::Null;
        let parsed = self.manifest.documents.get(self.document);
        parsed.and_then(|parsed| parsed.value.pointer(&self.base)).unwrap_or(&NOTHING)
    }

    /// One of its values, by the JSON pointer from the object.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.value().pointer(pointer)
    }

    /// Where one of its members stands, by the JSON pointer from the object: the spot of its key.
    pub(crate) fn spot(&self, pointer: &str) -> Option<Spot> {
        let parsed = self.manifest.documents.get(self.document)?;
        let document = Document::kept(&self.manifest.source, self.document, parsed);
        Some(document.key_spot(&format!("{}{pointer}", self.base), ""))
    }

    /// A text in it as the text of a document, whose places are places of its file.
    pub(crate) fn text_at(&self, pointer: &str) -> Option<SourceText> {
        let parsed = self.manifest.documents.get(self.document)?;
        let document = Document::kept(&self.manifest.source, self.document, parsed);
        document.text_at(&format!("{}{pointer}", self.base))
    }
}

/// The objects of a cluster that a directory has, and what was fetched for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    /// Whether the directory has manifests of the operator, or is read as Flux would.
    pub is_used: bool,
    /// How the files of the directory are read.
    pub build: Build,
    resources: BTreeMap<ObjectName, Resource>,
    /// The ConfigMaps of the directory.
    pub configmaps: ConfigMaps,
    /// The Secrets that something refers to, with the keys that are referred to: of the directory, given and fetched.
    ///
    /// What is missing here was either reported ([`secrets::Quest::resolve`]) or not looked at, as without a network: who
    /// looks for a key says nothing of it again.
    pub secrets: Secrets,
    /// Who refers to Secrets.
    references: Vec<secrets::Reference>,
    /// The contents that were fetched.
    pub contents: content::Contents,
    /// The `Grafana` that the directory is applied to.
    pub target: select::Target,
    /// Every `Grafana`, those among them that have the name of another.
    grafanas: Vec<Resource>,
    /// What is to be said where the directory turns out to hold nothing of ours.
    pub astray: Vec<Problem>,
    /// The ConfigMaps that a content is read from, by namespace and name.
    content_maps: BTreeSet<(String, String)>,
}

/// What there is of a key of a Secret or a ConfigMap.
pub(crate) enum Lookup<'a> {
    /// Its value.
    Value(&'a str),
    /// A Secret's that is missing: that was reported, or it was not fetched in this run.
    NotFetched,
    /// There is no such object.
    NoObject,
    /// The object has no such key; where it stands.
    NoKey(Option<Spot>),
}

impl Cluster {
    /// An object by its kind, namespace and name.
    pub(crate) fn resource(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<&Resource> {
        let name = ObjectName {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        self.resources.get(&name)
    }

    /// What there is of a key of a Secret or a ConfigMap.
    pub(crate) fn look_up(&self, kind: &str, namespace: &str, name: &str, key: &str) -> Lookup<'_> {
        let of = (namespace.to_owned(), name.to_owned());
        if kind == "Secret" {
            let value = self.secrets.get(&of).and_then(|keys| keys.get(key));
            return value.map_or(Lookup::NotFetched, |value| Lookup::Value(value.expose()));
        }
        match self.configmaps.get(&of).map(|keys| keys.get(key)) {
            Some(Some(value)) => Lookup::Value(value),
            Some(None) => {
                let object = self.resource("", kind, namespace, name);
                let spot = |object: &Resource| object.spot("/data").filter(|_| object.at("/data").is_some());
                Lookup::NoKey(object.and_then(|object| spot(object).or_else(|| object.spot("/metadata/name"))))
            }
            None => Lookup::NoObject,
        }
    }

    /// Whether the content of a manifest is read from a ConfigMap.
    pub(crate) fn holds_content(&self, config_map: &Value) -> bool {
        let Some(ObjectName { namespace, name, .. }) = ObjectName::of(config_map) else { return false };
        // One whose name a manifest misspells is meant by it, too: what is said of the manifest is the cause.
        let is_meant = |(of, wanted): &(String, String)| {
            *of == namespace && self.near_config_map(of, wanted).is_some_and(|near| near == name)
        };
        self.content_maps.contains(&(namespace.clone(), name.clone())) || self.content_maps.iter().any(is_meant)
    }

    /// The ConfigMap that somebody may have meant by a name that none has.
    pub(crate) fn near_config_map(&self, namespace: &str, name: &str) -> Option<&str> {
        let names = self.configmaps.keys().filter(|(of, _)| of == namespace).map(|(_, name)| name.as_str());
        let is_there = self.configmaps.contains_key(&(namespace.to_owned(), name.to_owned()));
        nearest(name, names).filter(|_| !is_there)
    }

    /// All objects of a kind, by namespace and name.
    pub(crate) fn all(&self, group: &str, kind: &str) -> impl Iterator<Item = (&ObjectName, &Resource)> {
        self.resources.iter().filter(move |(name, _)| name.group == group && name.kind == kind)
    }
}

/// Looks through the files of a directory for objects that others refer to, and finds out how its files are read; with
/// what is wrong with what says so.
///
/// A file that cannot be read or parsed is passed over: reading the directory says what is wrong with it.
pub(crate) fn gather(root: &Path, files: &[(Arc<str>, PathBuf)], options: &LoadOptions) -> (Cluster, Vec<Problem>) {
    let mut manifests = BTreeMap::new();
    let mut is_used = false;
    let flux = options.settings.flux();
    // Where one file of a directory is read, the others may use what it does not.
    let names_count = options.only.is_none() && !(flux.files.is_empty() && flux.variables.is_empty());
    let mut names = unused::Names::new();
    for (path, file) in files {
        let Some(source) = read(path, file, options.stream.as_ref()) else { continue };
        is_used |= source.text.contains(OPERATOR);
        if names_count {
            names.insert(path.clone(), unused::names_in(&source.text));
        }
        if source.text.contains("apiVersion") && WORDS.iter().any(|word| source.text.contains(word)) {
            manifests.insert(path.clone(), source);
        }
    }
    if !is_used && flux.is_empty() {
        return (Cluster { astray: astray(root, files, &manifests), ..Cluster::default() }, Vec::new());
    }
    let tree = Tree::new(root, files, &manifests);
    let (build, mut problems) = build::find(&tree, options);
    if names_count {
        names.extend(tree.kustomizations().map(|(file, source)| (file, unused::names_in(&source.text))));
        problems.extend(unused::report(root, &flux, &build, &names));
    }
    let mut cluster = Cluster { is_used: true, build, contents: options.contents.clone(), ..Cluster::default() };
    for source in manifests.into_values() {
        cluster.add_file(&source);
    }
    cluster.add_values();
    for (of, value) in cluster.build.secret_values() {
        let keys = cluster.secrets.entry((of.namespace.clone(), of.name.clone())).or_default();
        keys.entry(of.key.clone()).or_insert_with(|| Secret::new(value.to_owned()));
    }
    for (of, keys) in &options.secrets {
        cluster.secrets.entry(of.clone()).or_default().extend(keys.clone());
    }
    let (target, faults) = cluster.choose_target(options.settings.target_grafana.as_deref());
    cluster.target = target;
    problems.extend(faults);
    (cluster, problems)
}

// What to say of a directory without a manifest of the operator, where nothing else of ours is in it either.
fn astray(root: &Path, files: &[(Arc<str>, PathBuf)], manifests: &BTreeMap<Arc<str>, SourceText>) -> Vec<Problem> {
    let is_flux = |source: &SourceText| source.text.contains(flux::GROUP);
    if files.iter().any(|(path, _)| &**path == STREAM)
        || !Tree::has_kustomization(root) && !manifests.values().any(is_flux)
    {
        return Vec::new();
    }
    build::astray(&Tree::new(root, files, manifests))
}

fn read(path: &Arc<str>, file: &Path, stream: Option<&Stream>) -> Option<SourceText> {
    let is_small = stream.is_some() || std::fs::metadata(file).is_ok_and(|metadata| metadata.len() <= MAX_BYTES);
    let bytes = is_small.then(|| walk::bytes(file, stream).ok()).flatten()?;
    SourceText::new(path.clone(), bytes).ok()
}

impl Cluster {
    fn add_file(&mut self, source: &SourceText) {
        let Rendered { source, documents, .. } =
            self.build.read(source, Format::of(&source.file).unwrap_or(Format::Json));
        // What is left out declares nothing; the secrets and variables of a cluster come from anywhere.
        let declares = self.build.left_out(&source.file).is_none();
        let is_suspended = self.build.handling(&source.file).suspended.is_some();
        let mut named: Vec<(ObjectName, usize, String)> = Vec::new();
        for (index, parsed) in documents.iter().enumerate() {
            for (name, base) in objects_in(&parsed.value) {
                let from = parsed.value.pointer(&format!("{base}/spec/configMapRef/name")).and_then(Value::as_str);
                if let Some(from) = from.filter(|_| name.group == OPERATOR) {
                    self.content_maps.insert((name.namespace.clone(), from.to_owned()));
                }
                named.push((name, index, base));
            }
        }
        let manifest = Arc::new(Manifest { source, documents });
        for (name, document, base) in named {
            let resource = Resource { manifest: Arc::clone(&manifest), document, base };
            let is_left_alone = || flux::Annotations::of(resource.value()).left_alone.is_some();
            if declares && !is_suspended && !is_left_alone() {
                self.references.extend(secrets::references(&name, &resource));
            }
            if (name.group.as_str(), name.kind.as_str()) == (OPERATOR, "Grafana") {
                self.grafanas.push(resource.clone());
            }
            // Most files hold nothing that another one refers to: they are let go.
            if is_referred_to(&name) && (declares || name.group != OPERATOR) {
                self.resources.entry(name).or_insert(resource);
            }
        }
    }

    // The texts of ConfigMaps that stand in the directory.
    fn add_values(&mut self) {
        for (name, resource) in &self.resources {
            if (name.group.as_str(), name.kind.as_str()) == ("", "ConfigMap") {
                let key = (name.namespace.clone(), name.name.clone());
                let texts = texts(resource.at("/data")).map(|(key, text)| (key.clone(), text.to_owned()));
                self.configmaps.entry(key).or_default().extend(texts);
            }
        }
    }

    /// What gives values to the Secrets that are referred to.
    pub(crate) fn quest(&self, given: &[secrets::Given], environment: &super::Environment) -> secrets::Quest {
        // A Secret that is missing altogether is reported where its variables are used.
        let of_variables = self.build.secrets().map(|(namespace, name, spot)| secrets::Reference {
            namespace: namespace.clone(),
            name: name.clone(),
            key: None,
            is_optional: true,
            spot: spot.clone(),
            of: None,
        });
        // Where the target is suspended, nothing of it is looked at.
        let own = if self.is_target_suspended() { &[][..] } else { &self.references };
        let references = own.iter().cloned().chain(of_variables).collect();
        secrets::Quest::new(self, references, given, environment).without_use_of(self.target_key().as_ref())
    }
}

// Whether objects of this kind are referred to by others, so that they are kept.
fn is_referred_to(name: &ObjectName) -> bool {
    match name.group.as_str() {
        "" => matches!(name.kind.as_str(), "ConfigMap" | "Secret"),
        OPERATOR => matches!(name.kind.as_str(), "Grafana" | "GrafanaFolder"),
        group => group.ends_with("external-secrets.io") || group.ends_with("toolkit.fluxcd.io"),
    }
}

// The objects of a document: itself, or the items of a list, each with where it stands.
pub(crate) fn objects_in(value: &Value) -> Vec<(ObjectName, String)> {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match value.get("items").and_then(Value::as_array).filter(|_| is_list) {
        Some(items) => items
            .iter()
            .enumerate()
            .filter_map(|(i, item)| Some((ObjectName::of(item)?, member("/items", &i.to_string()))))
            .collect(),
        None => ObjectName::of(value).map(|name| (name, String::new())).into_iter().collect(),
    }
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = (&String, &str)> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(key, value)| Some((key, value.as_str()?)))
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}
