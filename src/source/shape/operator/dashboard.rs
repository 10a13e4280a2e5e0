//! `GrafanaDashboard`: a dashboard whose content is a text of its own, and what its manifest says of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::content::{around, content, stands};
use super::fields::{COMMON, Manifest};
use super::{Form, MANIFEST_LEVEL};
use crate::kinds::dashboard::Dashboard;
use crate::model::{Declared, KindName, Place, Problem, Spot};
use crate::source::body::{Body, changed};
use crate::source::dashboard::DashboardForm;
use crate::source::document::Document;
use crate::source::envelope::FOLDER;
use crate::source::shape::dashboard::CLASSIC;
use crate::source::shape::keys::Fate::{Reported, Used};
use crate::source::shape::keys::{Level, Rest};
use crate::source::shape::{Declaration, Part, Site, Stands, as_warning};
use crate::source::{FileRef, Files};

static KEYS: [Level; 2] = [
    MANIFEST_LEVEL,
    Level {
        at: "/spec",
        name: "a `GrafanaDashboard`",
        keys: &[
            COMMON[0],
            COMMON[1],
            COMMON[2],
            COMMON[3],
            ("uid", Used),
            ("folder", Used),
            ("folderUID", Used),
            ("folderRef", Used),
            ("json", Used),
            ("gzipJson", Used),
            ("url", Used),
            ("urlAuthorization", Used),
            ("grafanaCom", Used),
            ("jsonnet", Used),
            ("jsonnetLib", Used),
            ("configMapRef", Used),
            ("oci", Used),
            ("contentCacheDuration", Used),
            ("datasources", Used),
            ("variables", Used),
            ("envs", Used),
            ("envFrom", Used),
            ("plugins", Reported("are not installed by this version: install them in the workspace")),
            ("publicSharing", Reported("is not kept by this version: share the dashboard in the workspace")),
        ],
        rest: Rest::Warned,
    },
];

pub(super) static DASHBOARD: ManifestDashboard = ManifestDashboard { inner: &CLASSIC };

/// A `GrafanaDashboard`.
#[derive(Debug)]
pub(super) struct ManifestDashboard {
    /// How its content is read.
    inner: &'static DashboardForm,
}

/// The part that is all of a content.
static WHOLE: Part = Part { form: &CLASSIC, base: String::new() };

impl Form for ManifestDashboard {
    fn kind(&self) -> KindName {
        Dashboard::NAME
    }

    fn levels(&self) -> &'static [Level] {
        &KEYS
    }

    fn read(&self, site: Site<'_, '_>, file: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>) {
        let Site { document, part } = site;
        let manifest = Manifest { document, base: &part.base, cluster: &file.reading.cluster };
        let mut problems = Vec::new();
        let around = match around(&manifest, &["folder", "folderUID", "folderRef"], &mut problems) {
            Ok(around) => around,
            Err(awaited) => return (awaited.map(Declaration::Awaited), problems),
        };
        let mut inner = around.content.document();
        if let Value::Object(value) = inner.value.to_mut() {
            value.insert("uid".into(), Value::String(around.uid.clone()));
        }
        set_variables(&manifest, &mut inner, &mut problems);
        check_answers(&manifest, &inner, &mut problems);
        let (declaration, found) =
            self.inner.read_answered(Site { document: &mut inner, part: &WHOLE }, file, around.answers.clone());
        problems.extend(found);
        let (draft, problems) = around.declare(declaration, &manifest, file, problems);
        (draft.map(Declaration::Object), problems)
    }

    fn pointer(&self, base: &str, inside: &str) -> String {
        match inside {
            FOLDER => format!("{base}/spec/folderUID"),
            _ => base.to_owned(),
        }
    }

    fn locate(&self, site: &Site<'_, '_>, inside: &str, files: &Files) -> Spot {
        let (document, base) = (&*site.document, &site.part.base);
        let manifest = Manifest { document, base, cluster: &files.reading.cluster };
        if inside == FOLDER {
            return manifest.folder_spot();
        }
        if inside == "/uid" && manifest.at("/spec/uid").is_some() {
            return document.spot(&format!("{base}/spec/uid"), "");
        }
        match content(&manifest) {
            Ok(content) => content.document().spot(&self.inner.pointer("", inside), ""),
            Err(_) => document.spot(base, ""),
        }
    }

    fn stands(&self, site: &Site<'_, '_>, files: &Files) -> Result<Stands, String> {
        let (document, base) = (&*site.document, &site.part.base);
        let text = stands(&Manifest { document, base, cluster: &files.reading.cluster })?;
        Ok(Stands { text: Some(text), pointer: self.inner.pointer("", "") })
    }

    fn body(&self, site: &Site<'_, '_>, declared: &Declared, files: &Files) -> Result<Body, Box<Problem>> {
        let document = &*site.document;
        let manifest = Manifest { document, base: &site.part.base, cluster: &files.reading.cluster };
        let Ok(content) = content(&manifest) else {
            return Err(Box::new(changed(declared)));
        };
        let mut inner = content.document();
        set_variables(&manifest, &mut inner, &mut Vec::new());
        self.inner.body(&Site { document: &mut inner, part: &WHOLE }, declared, files)
    }
}

impl Manifest<'_, '_> {
    /// Says of an object that was read from a content that it is its manifest's.
    pub(super) fn describe(&self, declared: &mut Declared, file: &FileRef<'_>) {
        declared.place = self.place(file);
        declared.body = file.body(self.document, self.base);
    }

    /// Where it stands: its file, where it is all of it.
    pub(super) fn place(&self, file: &FileRef<'_>) -> Place {
        let whole = self.document.is_whole_file() && self.base.is_empty();
        if whole { Place::file(file.path.clone()) } else { self.document.place(self.base) }
    }

    /// Where it names its folder.
    pub(super) fn folder_spot(&self) -> Spot {
        let fields = ["folderUID", "folderRef", "folder"];
        let named = fields.iter().map(|field| format!("/spec/{field}")).find(|at| self.at(at).is_some());
        self.document.spot(&format!("{}{}", self.base, named.unwrap_or_default()), "")
    }
}

// Warns of what nobody knows in the lists of a manifest.
pub(super) fn check_lists(manifest: &Manifest<'_, '_>, problems: &mut Vec<Problem>) {
    for (at, of, keys) in [
        ("/spec/datasources", "an answer to an input", &["inputName", "datasourceName"][..]),
        ("/spec/variables", "a variable of a manifest", &["name", "value"]),
        ("/spec/envs", "a value for Jsonnet", &["name", "value", "valueFrom"]),
        ("/spec/envFrom", "a value for Jsonnet", &["secretKeyRef", "configMapKeyRef"]),
        ("/spec/grafanaCom", "a dashboard of grafana.com", &["id", "revision"]),
        ("/spec/configMapRef", "a key of a ConfigMap", &["name", "key", "optional"]),
    ] {
        manifest.check_keys(at, of, keys, problems);
    }
    if manifest.at("/spec/folder").is_some_and(|folder| !folder.is_string() && !folder.is_null()) {
        problems.push(manifest.error("/spec/folder", "`folder` must be a text").help("write it in quotes"));
    }
}

/// What `datasources` answers the inputs of the content with.
pub(super) fn answers(manifest: &Manifest<'_, '_>, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::new();
    for (i, entry) in manifest.at("/spec/datasources").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let word = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (word("inputName"), word("datasourceName")) {
            (Some(name), Some(datasource)) => drop(answers.insert(name.to_owned(), datasource.to_owned())),
            _ => problems.push(
                manifest
                    .error(&format!("/spec/datasources/{i}"), "an answer to an input needs both of its names")
                    .help("write `inputName` (as `DS_PROMETHEUS`) and `datasourceName`"),
            ),
        }
    }
    answers
}

// Warns of an answer that the content does not ask for: the operator says nothing of it.
fn check_answers(manifest: &Manifest<'_, '_>, content: &Document<'_>, problems: &mut Vec<Problem>) {
    let entries = manifest.at("/spec/datasources").and_then(Value::as_array).into_iter().flatten();
    for (i, entry) in entries.enumerate() {
        let Some(name) = entry.get("inputName").and_then(Value::as_str) else { continue };
        if !holds(&content.value, &format!("${{{name}}}")) {
            let problem = manifest.error(
                &format!("/spec/datasources/{i}/inputName"),
                format!("the content has no `${{{name}}}`, so this answers nothing"),
            );
            problems.push(
                as_warning(Problem { code: "not-kept", ..problem }).help("correct the name, or remove the answer"),
            );
        }
    }
}

fn holds(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.contains(word),
        Value::Array(items) => items.iter().any(|item| holds(item, word)),
        Value::Object(map) => map.values().any(|item| holds(item, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Gives the variables of a dashboard the values that its manifest has for them, as the only ones to choose from.
fn set_variables(manifest: &Manifest<'_, '_>, content: &mut Document<'_>, problems: &mut Vec<Problem>) {
    let Some(wanted) = manifest.at("/spec/variables").and_then(Value::as_array) else { return };
    let mut values =
        content.value.pointer("/templating/list").and_then(Value::as_array).cloned().unwrap_or_default();
    for (i, variable) in wanted.iter().enumerate() {
        let word = |key: &str| variable.get(key).and_then(Value::as_str);
        let (Some(name), Some(value)) = (word("name"), word("value")) else {
            let message = "a variable needs a `name` and a `value`, both texts";
            problems.push(manifest.error(&format!("/spec/variables/{i}"), message));
            continue;
        };
        let named = values.iter_mut().filter(|of| of.get("name").and_then(Value::as_str) == Some(name));
        let mut is_there = false;
        for there in named.filter_map(Value::as_object_mut) {
            is_there = true;
            let choice = json!({ "selected": true, "text": value, "value": value });
            there.insert("current".into(), choice.clone());
            there.insert("options".into(), json!([choice]));
        }
        if !is_there {
            let message = format!("the content has no variable `{name}`, so its value is not used");
            let problem = manifest.error(&format!("/spec/variables/{i}/name"), message);
            problems
                .push(as_warning(Problem { code: "not-kept", ..problem }).help("correct the name, or remove it"));
        }
    }
    if let Some(list) = content.value.to_mut().pointer_mut("/templating/list") {
        *list = Value::Array(values);
        content.is_as_written = false;
    }
}
