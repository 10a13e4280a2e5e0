//! The grafana-operator's kinds: what each declares, by the operator's own rules for uids and folders.
//!
//! What an object is written in is read by the form of its kind ([`DashboardForm`] and the others): here stands only
//! what the operator's manifests say around it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::dashboard::CLASSIC;
use super::keys::Fate::{LeftOut, Used};
use super::keys::{Level, Rest};
use super::{Declaration, Form, Part, Reading, Seen, Shape, Site, group, only, text, unsupported};
use crate::kinds::dashboard::Dashboard;
use crate::model::{Declared, KindName, Parent, Place, Problem, Severity, Spot, UidFrom};
use crate::source::body::{Body, changed};
use crate::source::cluster::content::{self, Fetched, Given, KeyRef};
use crate::source::cluster::{OPERATOR, ObjectName};
use crate::source::dashboard::{DashboardForm, set_parent};
use crate::source::document::{self, Document, Format, Parsed};
use crate::source::envelope::FOLDER;
use crate::source::spans::escaped;
use crate::source::text::SourceText;
use crate::source::uids::manifest_uid;
use crate::source::{FileRef, Files, checked_uid};

const RESOURCE_LEVEL: Level = Level {
    at: "",
    name: "a manifest",
    keys: &[("apiVersion", Used), ("kind", Used), ("metadata", Used), ("spec", Used), ("status", LeftOut)],
    rest: Rest::Warned,
};

const DASHBOARD_LEVEL: Level = Level {
    at: "/spec",
    name: "a `GrafanaDashboard`",
    keys: &[
        ("instanceSelector", Used),
        ("allowCrossNamespaceImport", Used),
        ("resyncPeriod", Used),
        ("suspend", Used),
        ("uid", Used),
        ("json", Used),
        ("gzipJson", Used),
        ("url", Used),
        ("urlAuthorization", Used),
        ("contentCacheDuration", Used),
        ("grafanaCom", Used),
        ("configMapRef", Used),
        ("jsonnet", Used),
        ("envs", Used),
        ("envFrom", Used),
        ("jsonnetLib", Used),
        ("oci", Used),
        ("folderUID", Used),
    ],
    rest: Rest::Warned,
};

static DASHBOARD_KEYS: [Level; 2] = [RESOURCE_LEVEL, DASHBOARD_LEVEL];

/// A manifest of the grafana-operator.
pub(super) struct Operator;

impl Shape for Operator {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        if group(map).0 != OPERATOR {
            return None;
        }
        Some(match text(map, "kind") {
            // What others refer to: it is in the cluster ([`crate::source::cluster`]).
            "Grafana" => Seen::Held(Vec::new()),
            "GrafanaDashboard" => only(&DASHBOARD),
            kind => Seen::Refused(unsupported(
                format!("this is a grafana-operator manifest (`{kind}`), which this version does not read yet"),
                "it comes in a later version; until then name the file in `.amgctlignore`",
                "/apiVersion",
            )),
        })
    }
}

static DASHBOARD: OperatorDashboard = OperatorDashboard { inner: &CLASSIC };

/// A `GrafanaDashboard`.
#[derive(Debug)]
struct OperatorDashboard {
    /// How its content is read.
    inner: &'static DashboardForm,
}

/// The content of a manifest: a text of its own.
struct Content {
    source: SourceText,
    parsed: Vec<Parsed>,
    /// What it was fetched as, if it was.
    fetched: Option<String>,
}

/// Why there is no content.
enum Missing {
    /// It is not here yet.
    Awaited(Box<(Fetched, Spot)>),
    /// What is wrong with it.
    Faults(Vec<Problem>),
}

impl Content {
    fn document(&self) -> Option<Document<'_>> {
        self.parsed.first().map(|parsed| Document::kept(&self.source, 0, parsed))
    }
}

/// The part that is all of a content.
static WHOLE: Part = Part { form: &CLASSIC, base: String::new() };

impl OperatorDashboard {
    // The content of a manifest.
    fn content(&self, document: &Document<'_>, base: &str, reading: &Reading) -> Result<Content, Missing> {
        let namespace = document.value.pointer(base).and_then(ObjectName::of).map(|name| name.namespace);
        let from = content::source(document, &format!("{base}/spec"), &namespace.unwrap_or_default());
        let from = from.map_err(Missing::Faults)?;
        let text = from.text(document, &reading.cluster.contents, |key| config_map_text(key, reading));
        let (source, fetched) = match (text, from.fetched()) {
            (Ok(Given::Text(source, fetched)), _) => (source, fetched),
            (Ok(Given::NotAskedFor), Some(fetched)) => {
                return Err(Missing::Awaited(Box::new((fetched.clone(), document.key_spot(&from.pointer, "")))));
            }
            (Ok(Given::NotAskedFor), None) => return Err(Missing::Faults(Vec::new())),
            (Err(problem), _) => return Err(Missing::Faults(vec![*problem])),
        };
        let (parsed, faults) = document::parse(&source, Format::Json);
        if parsed.is_empty() { Err(Missing::Faults(faults)) } else { Ok(Content { source, parsed, fetched }) }
    }
}

impl Form for OperatorDashboard {
    fn kind(&self) -> KindName {
        Dashboard::NAME
    }

    fn levels(&self) -> &'static [Level] {
        &DASHBOARD_KEYS
    }

    fn read(&self, site: Site<'_, '_>, file: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>) {
        let Site { document, part } = site;
        let (document, base) = (&*document, part.base.as_str());
        let content = match self.content(document, base, file.reading) {
            Ok(content) => content,
            Err(Missing::Awaited(awaited)) => return (Some(Declaration::Awaited(awaited)), Vec::new()),
            Err(Missing::Faults(problems)) => return (None, problems),
        };
        let Some(mut inner) = content.document() else { return (None, Vec::new()) };
        let mut problems = Vec::new();
        let Some((uid, uid_from)) = uid(document, base, inner.value.get("uid"), &mut problems) else {
            return (None, problems);
        };
        if let Value::Object(value) = inner.value.to_mut() {
            value.insert("uid".into(), Value::String(uid));
        }
        let (declaration, found) =
            self.inner.read_answered(Site { document: &mut inner, part: &WHOLE }, file, BTreeMap::new());
        problems.extend(found);
        let Some(Declaration::Object(mut draft)) = declaration else { return (None, problems) };
        let whole = document.is_whole_file() && base.is_empty();
        let declared = &mut draft.declared;
        declared.place = if whole { Place::file(file.path.clone()) } else { document.place(base) };
        declared.body = file.body(document, base);
        declared.uid_from = uid_from;
        declared.fetched.clone_from(&content.fetched);
        set_parent(declared, Parent::Root, draft.inputs.is_empty());
        draft.in_directory = false;
        let is_broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        ((!is_broken).then_some(Declaration::Object(draft)), problems)
    }

    fn pointer(&self, base: &str, inside: &str) -> String {
        match inside {
            FOLDER => format!("{base}/spec/folderUID"),
            _ => base.to_owned(),
        }
    }

    fn locate(&self, site: &Site<'_, '_>, inside: &str, files: &Files) -> Spot {
        let base = &site.part.base;
        let content = self.content(site.document, base, &files.reading).ok();
        match content.as_ref().and_then(Content::document) {
            Some(inner) if inside != FOLDER => inner.spot(&self.inner.pointer("", inside), ""),
            _ => site.document.spot(&self.pointer(base, inside), ""),
        }
    }

    fn body(&self, site: &Site<'_, '_>, declared: &Declared, files: &Files) -> Result<Body, Box<Problem>> {
        let content = self.content(site.document, &site.part.base, &files.reading).ok();
        let inner = content.as_ref().and_then(Content::document);
        let Some(mut inner) = inner else { return Err(Box::new(changed(declared))) };
        self.inner.body(&Site { document: &mut inner, part: &WHOLE }, declared, files)
    }
}

/// A text of a ConfigMap; places in it are places of the ConfigMap's file. A problem has not yet the place that names it.
fn config_map_text(at: &KeyRef, reading: &Reading) -> Result<SourceText, Box<Problem>> {
    let KeyRef { namespace, name, key } = at;
    let missing = |message: String| Problem::error("manifest", message);
    let Some(config_map) = reading.cluster.resource("", "ConfigMap", namespace, name) else {
        let message = format!("there is no ConfigMap `{name}` of the namespace `{namespace}` in the directory");
        return Err(Box::new(missing(message).help("add it to the directory, or write the content below `json`")));
    };
    config_map.text_at(&format!("/data/{}", escaped(key))).ok_or_else(|| {
        let problem = missing(format!("the ConfigMap `{name}` has no text `{key}`"));
        Box::new(match config_map.spot("/data") {
            Some(spot) => problem.spot(spot),
            None => problem,
        })
    })
}

/// The uid of a manifest's object, by the operator's rule (`docs/uids.md`): `spec.uid`, what its content says, the uid
/// that the cluster gave it; where there is none, one that follows from namespace, kind and name.
fn uid(
    document: &Document<'_>,
    base: &str,
    content: Option<&Value>,
    problems: &mut Vec<Problem>,
) -> Option<(String, UidFrom)> {
    let manifest = document.value.pointer(base).unwrap_or(&Value::Null);
    for pointer in ["/spec/uid", "", "/metadata/uid"] {
        let value = if pointer.is_empty() { content } else { manifest.pointer(pointer) };
        let Some(text) = value.and_then(Value::as_str).filter(|text| !text.is_empty()) else { continue };
        match checked_uid(text) {
            Ok(uid) => return Some((uid.to_string(), UidFrom::Document)),
            // What is wrong with the uid in the content, its own form says where it stands.
            Err(_) if pointer.is_empty() => return Some((text.to_owned(), UidFrom::Document)),
            Err(problem) => {
                problems.push(problem.spot(document.spot(&format!("{base}{pointer}"), "")));
                return None;
            }
        }
    }
    let Some(name) = ObjectName::of(manifest) else {
        problems.push(
            Problem::error("manifest", "a manifest needs a `metadata.name`")
                .spot(document.spot(&format!("{base}/metadata"), "")),
        );
        return None;
    };
    Some((manifest_uid(&name.namespace, &name.kind, &name.name).to_string(), UidFrom::Manifest))
}
