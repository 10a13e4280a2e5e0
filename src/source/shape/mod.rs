//! What a document is, told by its shape and never by its path.
//!
//! One file a family of shapes, one line each in [`SHAPES`]; the first that recognises a document says what becomes of
//! it. All that is known of a shape stands in its file: how it is recognised, which objects it holds and how they are
//! written ([`Form`]), which keys it has and what becomes of each ([`keys`]), a sample of it. `docs/format.md` says the
//! same for users.

mod containers;
mod dashboard;
mod datasource;
mod grizzly;
pub(crate) mod keys;
mod library;
mod operator;
mod others;
mod resource;

pub(crate) use operator::manifest_identity;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::body::Body;
use super::cluster::Cluster;
use super::cluster::content::Fetched;
use super::datasource::Options;
use super::document::{self, Document, Format};
use super::{Draft, FileRef, Files};
use crate::model::{BodyRef, Declared, DeclaredFolder, Kept, KindName, Problem, Secret, Spot};

/// Every shape, in the order in which they are asked.
pub(crate) static SHAPES: &[&dyn Shape] = &[
    &others::Sops,
    &containers::List,
    &containers::ConfigMap,
    &others::V2,
    &resource::DashboardResource,
    &resource::FolderResource,
    &operator::Operator,
    &operator::Target,
    &grizzly::Grizzly,
    &others::PushSecret,
    &others::Perses,
    &library::Library,
    &others::Envelope,
    &datasource::Provisioning,
    &others::GrafanaFile,
    &dashboard::Wrapped,
    &others::GrafanaObject,
    &dashboard::Classic,
    &datasource::Bare,
    &datasource::Many,
    &others::Collection,
    &others::Near,
];

/// One shape of document.
pub(crate) trait Shape: Sync {
    /// The keys of what stands around its objects, level by level, and what becomes of each.
    fn levels(&self) -> &'static [keys::Level] {
        &[]
    }

    /// What is wrong with a document of this shape besides the objects in it.
    fn check(&self, _: &Document<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// What becomes of a document, if it has this shape.
    fn recognise(&self, value: &Value, reading: &Reading) -> Option<Seen>;

    /// Documents of this shape without a fault, each with objects of every form that it has; none where nothing of the
    /// shape is read. A test walks their keys.
    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        Vec::new()
    }
}

/// What shapes know besides the document: what of a directory is read, as the settings say, and the objects of a cluster in
/// it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// Dashboards in ConfigMaps without a label, too.
    pub configmaps: bool,
    /// The objects of a cluster that the directory has.
    pub cluster: Arc<Cluster>,
}

/// What becomes of a document.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// What it holds, in order.
    Held(Vec<Held>),
    /// It looks like ours, and is not read: an error.
    Refused(Refusal),
    /// It speaks of Grafana, or is near one of ours, and is left out: a warning.
    Reported(Refusal),
    /// No document of ours, with the reason.
    Foreign(String),
}

/// What a document holds.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    /// An object, at its place in the document.
    Object(Part),
    /// A text that is a document of its own.
    Text(Text),
}

impl Held {
    /// The same, where the document is itself a part of another one.
    fn below(self, base: &str) -> Held {
        match self {
            Held::Object(part) => Held::Object(Part { base: format!("{base}{}", part.base), ..part }),
            Held::Text(text) => Held::Text(Text { pointer: format!("{base}{}", text.pointer), ..text }),
        }
    }
}

impl Seen {
    /// Whether it holds more than one object, as far as is known without reading its texts.
    pub(crate) fn holds_several(&self) -> bool {
        match self {
            Seen::Held(held) => held.len() > 1 || held.iter().any(|held| matches!(held, Held::Text(_))),
            Seen::Refused(_) | Seen::Reported(_) | Seen::Foreign(_) => false,
        }
    }
}

/// One object of a document.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// How it is written.
    pub form: &'static dyn Form,
    /// Where it stands, as a JSON pointer of the document.
    pub base: String,
}

/// How one object is written: what reads it, now and again, and where its parts stand.
///
/// The forms of one kind differ in what stands around the body, so each is a value of its kind's type
/// ([`super::dashboard::DashboardForm`], [`super::datasource::DatasourceForm`], [`super::folders::FolderForm`],
/// [`super::library_panel::LibraryForm`]).
pub(crate) trait Form: fmt::Debug + Sync {
    /// The kind that it declares.
    fn kind(&self) -> KindName;

    /// Its keys, level by level, and what becomes of each.
    fn levels(&self) -> &'static [keys::Level];

    /// Reads an object into what it declares, and says what is wrong with it.
    fn read(&self, site: Site<'_, '_>, file: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>);

    /// Where a part of the object's body stands, as a pointer of the document, from the pointer of the object.
    fn pointer(&self, base: &str, inside: &str) -> String;

    /// The spot of a part of the object's body; in the text that the body stands in, where that is not the document's.
    fn locate(&self, site: &Site<'_, '_>, inside: &str, _: &Files) -> Spot {
        site.document.spot(&self.pointer(&site.part.base, inside), "")
    }

    /// Where the body itself stands, to be edited; or why it stands in no text of the directory, as a sentence.
    fn stands(&self, site: &Site<'_, '_>, _: &Files) -> Result<Stands, String> {
        Ok(Stands { text: None, pointer: self.pointer(&site.part.base, "") })
    }

    /// Reads the body again, to be shown and sent.
    fn body(&self, site: &Site<'_, '_>, declared: &Declared, files: &Files) -> Result<Body, Box<Problem>>;

    /// The objects that one carries along: the library panels of an exported dashboard.
    fn carried(&self, base: &str, value: &Value) -> Vec<Part> {
        let _ = (base, value);
        Vec::new()
    }

    /// Reads the secret values again, to be sent; those kept in AWS are among the fetched ones.
    fn secrets(
        &self,
        _: &Site<'_, '_>,
        _: &Files,
        _: &BTreeMap<Kept, Secret>,
    ) -> Result<Vec<(String, Secret)>, Box<Problem>> {
        Ok(Vec::new())
    }

    /// Reads a data source again, before it is brought into its normal form; none of other kinds.
    fn options(&self, _: &Site<'_, '_>, _: &Files) -> Option<Options> {
        None
    }
}

/// Where the body of an object stands in its document.
pub(crate) struct Stands {
    /// The JSON pointer of the text of JSON that it stands in, where it stands in one.
    pub text: Option<String>,
    /// Its JSON pointer, in that text or in the document.
    pub pointer: String,
}

/// What an object declares.
pub(crate) enum Declaration {
    /// An object.
    Object(Box<Draft>),
    /// A folder.
    Folder(DeclaredFolder),
    /// An object whose content is not here yet: what it is, and where it is named.
    Awaited(Box<(Fetched, Spot)>),
}

/// A text of a document that is a document of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Text {
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
    /// Its name, as a file's.
    pub name: String,
}

/// Why a document that looks like ours is not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    /// The problem's code.
    pub code: &'static str,
    /// What it is.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The member that gives it away, as a JSON pointer.
    pub pointer: String,
}

impl Refusal {
    /// The error, without a place.
    pub(crate) fn problem(&self) -> Problem {
        Problem::error(self.code, self.message.clone()).help(self.help.clone())
    }
}

/// What is not read yet, or never.
fn unsupported(message: impl Into<String>, help: impl Into<String>, pointer: impl Into<String>) -> Refusal {
    Refusal { code: "not-supported", message: message.into(), help: help.into(), pointer: pointer.into() }
}

/// Says what a document is.
pub(crate) fn recognise(value: &Value, reading: &Reading) -> Seen {
    recognised_by(value, reading).map_or_else(|| Seen::Foreign(foreign(value)), |(_, seen)| seen)
}

/// The shape that recognises a document, and what it says of it.
pub(crate) fn recognised_by(value: &Value, reading: &Reading) -> Option<(&'static dyn Shape, Seen)> {
    let (shape, seen) =
        SHAPES.iter().find_map(|shape| shape.recognise(value, reading).map(|seen| (*shape, seen)))?;
    Some(match seen {
        Seen::Held(held) => (shape, Seen::Held(with_carried(value, held))),
        seen => (shape, seen),
    })
}

/// The same with what its objects carry along, each before the object that carries it: reading that takes it apart.
fn with_carried(value: &Value, held: Vec<Held>) -> Vec<Held> {
    let mut all = Vec::with_capacity(held.len());
    for held in held {
        if let Held::Object(part) = &held {
            all.extend(part.form.carried(&part.base, value).into_iter().map(Held::Object));
        }
        all.push(held);
    }
    all
}

/// One object of a file: the document that it stands in, and where there.
pub(crate) struct Site<'a, 'd> {
    /// The document; one of its own, where the object stands in a text of the file's document.
    pub document: &'a mut Document<'d>,
    /// Where the object stands.
    pub part: &'a Part,
}

/// Calls `look` with each object of a document, in order; gives what is wrong with the texts that hold them.
pub(crate) fn each_object(
    document: &mut Document<'_>,
    held: &[Held],
    reading: &Reading,
    look: &mut dyn FnMut(Site<'_, '_>),
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for held in held {
        match held {
            Held::Object(part) => look(Site { document, part }),
            Held::Text(text) => problems.extend(each_in_text(document, text, reading, look)),
        }
    }
    problems
}

/// Calls `look` with the object that a body is read again from, if it is still there.
pub(crate) fn one_object(
    document: &mut Document<'_>,
    body: &BodyRef,
    reading: &Reading,
    look: &mut dyn FnMut(Site<'_, '_>),
) {
    let Seen::Held(held) = recognise(&document.value, reading) else { return };
    for held in &held {
        match (held, &body.text) {
            (Held::Object(part), None) if part.base == body.pointer => look(Site { document, part }),
            (Held::Text(text), Some(within)) if text.pointer == within.pointer => {
                each_in_text(document, text, reading, &mut |site| {
                    if site.document.index == within.document && site.part.base == body.pointer {
                        look(site);
                    }
                });
            }
            (Held::Object(_) | Held::Text(_), _) => {}
        }
    }
}

fn each_in_text(
    document: &Document<'_>,
    text: &Text,
    reading: &Reading,
    look: &mut dyn FnMut(Site<'_, '_>),
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(source) = document.text_at(&text.pointer) else { return problems };
    let (inner, faults) = document::read(&source, Format::of(&text.name).unwrap_or(Format::Json));
    let mut ours = inner.is_empty();
    for mut inner in inner {
        inner.within = Some(document::Within {
            document: document.index,
            pointer: text.pointer.clone(),
            name: text.name.clone(),
        });
        let at = |refusal: &Refusal| refusal.problem().spot(inner.key_spot(&refusal.pointer, ""));
        let (shape, seen) = recognised_by(&inner.value, reading).unzip();
        match seen.unwrap_or_else(|| Seen::Foreign(foreign(&inner.value))) {
            Seen::Held(held) => {
                ours |= held.is_empty();
                problems.extend(shape.into_iter().flat_map(|shape| shape.check(&inner)));
                for held in &held {
                    // A document in a text of a document in a text: nobody writes it, so nothing of it is read.
                    if let Held::Object(part) = held {
                        ours = true;
                        look(Site { document: &mut inner, part });
                    }
                }
            }
            Seen::Refused(refusal) => problems.push(at(&refusal)),
            Seen::Reported(refusal) => problems.push(as_warning(at(&refusal))),
            Seen::Foreign(reason) => problems.push(
                Problem::warning("not-kept", format!("`{}` {reason}", text.name))
                    .spot(inner.spot("", ""))
                    .help("it is left out; take it out of this ConfigMap, or name the file in `.amgctlignore`"),
            ),
        }
    }
    if ours {
        problems.extend(faults);
    }
    problems
}

/// Whether a text that cannot be read speaks of what only documents of ours have.
pub(crate) fn mentions_ours(text: &str) -> bool {
    const OURS: [&str; 5] = ["panels", "schemaVersion", "datasources", "templating", "grafana.app"];
    OURS.iter().any(|word| text.contains(word))
}

/// The same problem, as a warning.
pub(crate) fn as_warning(problem: Problem) -> Problem {
    Problem { severity: crate::model::Severity::Warning, ..problem }
}

fn foreign(value: &Value) -> String {
    let map = match value {
        Value::Object(map) => map,
        Value::Array(_) => return "is a list, but not of data sources".into(),
        _ => return "is neither an object nor a list".into(),
    };
    let kind = text(map, "kind");
    if let Some(Value::String(version)) = map.get("apiVersion") {
        if matches!(kind, "Secret" | "ExternalSecret" | "SecretStore" | "ClusterSecretStore") {
            let article = if kind.starts_with('E') { "an" } else { "a" };
            return format!("is {article} `{kind}`: only what a manifest for Grafana refers to is read of it");
        }
        return if kind.is_empty() {
            format!("is no document of ours (its `apiVersion` is `{version}`)")
        } else {
            format!("is a `{kind}` of `{version}`, which is not for Grafana")
        };
    }
    match map.keys().take(3).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ") {
        keys if keys.is_empty() => "is an empty object".into(),
        keys => format!("is no document of ours (an object with {keys})"),
    }
}

/// The group and version of a resource: both empty when the document says none.
fn group(map: &Map<String, Value>) -> (&str, &str) {
    let version = text(map, "apiVersion");
    version.split_once('/').unwrap_or(("", version))
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn only(form: &'static dyn Form) -> Seen {
    Seen::Held(vec![object(form, String::new())])
}

fn object(form: &'static dyn Form, base: String) -> Held {
    Held::Object(Part { form, base })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn recognise(value: &Value) -> Seen {
        super::recognise(value, &Reading::default())
    }

    #[test]
    fn what_sops_encrypted_is_refused_where_it_is_ours() {
        let sops = json!({ "mac": "ENC[x]", "version": "3.8.1" });
        let ours = recognise(&json!({ "panels": "ENC[x]", "schemaVersion": "ENC[x]", "title": "x", "sops": sops }));
        assert!(matches!(ours, Seen::Refused(refusal) if refusal.message.contains("SOPS")));
        assert!(matches!(
            recognise(&json!({ "kind": "Secret", "apiVersion": "v1", "sops": sops })),
            Seen::Foreign(_)
        ));
        assert!(matches!(recognise(&json!({ "panels": [], "title": "x", "sops": "mine" })), Seen::Held(_)));
    }

    #[test]
    fn documents_are_told_by_their_shape() {
        for (value, expected) in [
            (json!({ "panels": [] }), "a dashboard"),
            (json!({ "schemaVersion": 30, "title": "x" }), "a dashboard"),
            (json!({ "title": "x", "templating": {} }), "a dashboard"),
            (json!({ "title": "x", "uid": "y" }), "a dashboard"),
            (
                json!({ "title": "x", "uid": "y", "tags": [], "links": [], "time": { "from": "a", "to": "b" } }),
                "a dashboard",
            ),
            (
                json!({ "title": "x", "uid": "y", "panels": null, "templating": null, "annotations": null }),
                "a dashboard",
            ),
            (json!({ "title": "x", "annotations": { "list": [] }, "mine": 1 }), "a dashboard"),
            (json!({ "rows": [{ "panels": [] }] }), "a dashboard"),
            (json!({ "meta": {}, "dashboard": {} }), "the body of a save"),
            (json!({ "dashboard": { "rows": [] } }), "the body of a save"),
            (json!({ "dashboard": { "title": "x" }, "folderUid": "f", "overwrite": true }), "the body of a save"),
            (
                json!({ "apiVersion": "dashboard.grafana.app/v1beta1", "kind": "Dashboard" }),
                "a dashboard as a resource",
            ),
            (json!({ "apiVersion": "folder.grafana.app/v1", "kind": "Folder" }), "a folder as a resource"),
            (json!({ "apiVersion": 1, "datasources": [] }), ""),
            (json!({ "apiVersion": "1", "datasources": [{}] }), "a data source of a provisioning file"),
            (json!({ "name": "a", "type": "loki", "url": "x" }), "a data source"),
            (json!({ "name": "a", "type": "http", "url": "x", "access": "proxy" }), "a data source"),
            (json!([{ "name": "a", "type": "loki", "uid": "x" }]), "a data source"),
        ] {
            let Seen::Held(held) = recognise(&value) else { panic!("{value}: {:?}", recognise(&value)) };
            let form = |held: &Held| match held {
                Held::Object(part) => format!("{:?}", part.form),
                Held::Text(text) => text.name.clone(),
            };
            let forms: Vec<String> = held.iter().map(form).collect();
            assert_eq!(forms.join(", "), expected, "{value}");
        }
    }

    #[test]
    fn what_looks_like_ours_and_is_not_read_is_refused() {
        for value in [
            json!({ "apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "spec": {} }),
            json!({ "elements": {}, "layout": { "kind": "GridLayout" } }),
            json!({ "dashboard": { "elements": {}, "layout": {} }, "meta": {} }),
            json!({ "apiVersion": "grafana.integreatly.org/v1beta1", "kind": "GrafanaManifest" }),
            json!({ "apiVersion": "grizzly.grafana.com/v1alpha1", "kind": "LibraryElement", "spec": {} }),
            json!({ "kind": "Dashboard", "spec": {} }),
            json!({ "kind": "Dashboard", "metadata": { "project": "p" }, "spec": { "layouts": [], "panels": {} } }),
            json!({ "resource": { "apiVersion": "dashboard.grafana.app/v1", "kind": "Dashboard" } }),
            json!({ "datasources": [{ "name": "a", "type": "loki" }] }),
            json!({ "apiVersion": 1, "datasource": [] }),
            json!({ "apiVersion": "dashboard.grafana.app/v1", "kind": "Snapshot" }),
            json!([{ "title": "a", "panels": [] }, { "title": "b", "panels": [] }]),
            json!({ "a.json": { "title": "a", "rows": [], "schemaVersion": 14 } }),
            json!({ "grafanaDashboards": { "a.json": { "title": "a", "schemaVersion": 14 } }, "prometheusAlerts": {} }),
        ] {
            assert!(matches!(recognise(&value), Seen::Refused(_)), "{value}: {:?}", recognise(&value));
        }
    }

    #[test]
    fn what_is_near_ours_or_of_grafana_and_left_out_is_reported() {
        for value in [
            json!({ "title": "High", "condition": "C", "data": [], "ruleGroup": "g", "annotations": { "summary": "x" } }),
            json!([{ "title": "High", "condition": "C", "data": [], "uid": "u" }]),
            json!({ "apiVersion": 1, "groups": [] }),
            json!({ "apiVersion": 1, "providers": [] }),
            json!({ "title": "x", "annotations": { "a": 1 }, "other": 2 }),
            json!({ "title": "x", "uid": "y", "panel": [] }),
            json!({ "title": "x", "rows": [[1, 2]], "columns": [] }),
            json!({ "uid": "f", "title": "Ops", "url": "/dashboards/f/f/ops", "hasAcl": false }),
            json!({ "id": 3, "uid": "f", "title": "Ops" }),
            json!({ "name": "oncall", "type": "email", "uid": "x", "settings": {} }),
            json!({ "name": "element", "type": "stat", "uid": "x", "model": {} }),
            json!({ "name": "site", "type": "http", "url": "https://x" }),
            json!([{ "name": "site", "type": "http", "url": "https://x" }]),
        ] {
            assert!(matches!(recognise(&value), Seen::Reported(_)), "{value}: {:?}", recognise(&value));
        }
    }

    #[test]
    fn what_is_not_for_us_is_left_alone() {
        for value in [
            json!({ "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [] }),
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "x.json": "{}" } }),
            json!({ "apiVersion": "v1", "kind": "List", "items": [{ "apiVersion": "v1", "kind": "Service" }] }),
            json!({ "name": "web", "type": "module", "version": "1.0.0", "dependencies": {} }),
            json!({ "name": "web", "type": "module", "version": "1.0.0", "url": "x" }),
            json!({ "grafana": { "datasources": { "datasources.yaml": { "apiVersion": 1 } } } }),
            json!({ "datasources": [{ "name": "a", "type": "http" }] }),
            json!({ "title": "Settings", "type": "object", "annotations": { "readOnly": true }, "properties": {} }),
            json!({ "schemaVersion": 2, "mediaType": "x", "config": {}, "layers": [] }),
            json!({ "rows": [[1]], "columns": [] }),
            json!({ "title": "A page", "description": "of text", "tags": ["x"] }),
            json!({ "on": "push", "jobs": {} }),
            json!([1, 2]),
            json!([]),
            json!("text"),
            json!({}),
        ] {
            assert!(matches!(recognise(&value), Seen::Foreign(_)), "{value}: {:?}", recognise(&value));
        }
    }
}
