//! `GrafanaDatasource`: a data source, and the values of Secrets and ConfigMaps that its texts have placeholders for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{COMMON, Manifest};
use super::values::put_markers;
use super::{Form, MANIFEST_LEVEL};
use crate::kinds::datasource::Datasource;
use crate::model::{Declared, Kept, KindName, Problem, Secret, Spot, has_error};
use crate::source::body::Body;
use crate::source::datasource::{DatasourceForm, Options};
use crate::source::document::Document;
use crate::source::envelope::UidAt;
use crate::source::shape::datasource::KEYS as BODY_KEYS;
use crate::source::shape::keys::Fate::{LeftOut, Reported, Used};
use crate::source::shape::keys::{Level, Rest};
use crate::source::shape::{Declaration, Part, Site};
use crate::source::values::Dollars;
use crate::source::{FileRef, Files, ManifestDraft};

/// Where the data source stands in its manifest.
const BODY: &str = "/spec/datasource";

static KEYS: [Level; 3] = [
    MANIFEST_LEVEL,
    Level {
        at: "/spec",
        name: "a `GrafanaDatasource`",
        keys: &[
            COMMON[0],
            COMMON[1],
            COMMON[2],
            COMMON[3],
            ("uid", Used),
            ("datasource", Used),
            ("valuesFrom", Used),
            ("plugins", Reported("are not installed by this version: install them in the workspace")),
        ],
        rest: Rest::Warned,
    },
    BODY_LEVEL,
];

/// The data source itself, as the operator has it: what it does not know, a cluster takes away.
const BODY_LEVEL: Level = Level {
    at: BODY,
    name: "a data source",
    keys: &[
        ("uid", Used),
        ("name", Used),
        ("type", Used),
        ("url", Used),
        ("access", Used),
        ("database", Used),
        ("user", Used),
        ("isDefault", Used),
        ("basicAuth", Used),
        ("basicAuthUser", Used),
        ("jsonData", Used),
        ("secureJsonData", Used),
        ("editable", LeftOut),
        ("orgId", Reported("is not used: a workspace has one organisation")),
        ("id", LeftOut),
        ("version", LeftOut),
        ("readOnly", LeftOut),
    ],
    rest: Rest::Warned,
};

static INNER: DatasourceForm = DatasourceForm {
    name: "a `GrafanaDatasource`",
    levels: &[BODY_LEVEL],
    body: BODY,
    uid: UidAt::Body,
    dollars: Dollars::Manifest,
};

/// The part that is all of a manifest.
static WHOLE: Part = Part { form: &INNER, base: String::new() };

pub(super) static DATASOURCE: ManifestDatasource = ManifestDatasource;

/// A `GrafanaDatasource`.
#[derive(Debug)]
pub(super) struct ManifestDatasource;

impl Form for ManifestDatasource {
    fn kind(&self) -> KindName {
        Datasource::NAME
    }

    fn levels(&self) -> &'static [Level] {
        &KEYS
    }

    fn read(&self, site: Site<'_, '_>, file: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>) {
        let Site { document, part } = site;
        let manifest = Manifest { document, base: &part.base, cluster: &file.reading.cluster };
        let mut problems = manifest.check();
        manifest.check_keys(
            "/spec/valuesFrom",
            "a value from elsewhere",
            &["targetPath", "valueFrom"],
            &mut problems,
        );
        if !manifest.at(BODY).is_some_and(Value::is_object) {
            problems
                .push(manifest.error("/spec", "a `GrafanaDatasource` needs a `datasource`, which is an object"));
            return (None, problems);
        }
        let Some((uid, uid_from, uid_rule)) = manifest.uid(manifest.at("/spec/datasource/uid"), &mut problems)
        else {
            return (None, problems);
        };
        let mut inner = plain(&manifest, &mut problems);
        if let Some(body) = inner.value.to_mut().pointer_mut(BODY).and_then(Value::as_object_mut) {
            body.insert("uid".into(), Value::String(uid));
        }
        let (declaration, found) = INNER.read(Site { document: &mut inner, part: &WHOLE }, file);
        problems.extend(found);
        let Some(Declaration::Object(mut draft)) = declaration else { return (None, problems) };
        if has_error(&problems) {
            return (None, problems);
        }
        manifest.describe(&mut draft.declared, file);
        draft.declared.place = document.place(&part.base);
        draft.declared.uid_from = uid_from;
        draft.manifest = Some(ManifestDraft { uid_rule, folder: None });
        (Some(Declaration::Object(draft)), problems)
    }

    fn pointer(&self, base: &str, inside: &str) -> String {
        format!("{base}{BODY}{inside}")
    }

    fn locate(&self, site: &Site<'_, '_>, inside: &str, _: &Files) -> Spot {
        let base = &site.part.base;
        let own = format!("{base}/spec/uid");
        match inside {
            "/uid" if site.document.value.pointer(&own).is_some() => site.document.spot(&own, ""),
            _ => site.document.spot(&self.pointer(base, inside), ""),
        }
    }

    fn body(&self, site: &Site<'_, '_>, declared: &Declared, files: &Files) -> Result<Body, Box<Problem>> {
        let mut inner = plain(&manifest(site, files), &mut Vec::new());
        INNER.body(&Site { document: &mut inner, part: &WHOLE }, declared, files)
    }

    fn secrets(
        &self,
        site: &Site<'_, '_>,
        files: &Files,
        fetched: &BTreeMap<Kept, Secret>,
    ) -> Result<Vec<(String, Secret)>, Box<Problem>> {
        let mut inner = plain(&manifest(site, files), &mut Vec::new());
        INNER.secrets(&Site { document: &mut inner, part: &WHOLE }, files, fetched)
    }

    fn options(&self, site: &Site<'_, '_>, files: &Files) -> Option<Options> {
        let mut inner = plain(&manifest(site, files), &mut Vec::new());
        INNER.options(&Site { document: &mut inner, part: &WHOLE }, files)
    }
}

fn manifest<'a, 'd>(site: &'a Site<'_, 'd>, files: &'a Files) -> Manifest<'a, 'd> {
    Manifest { document: site.document, base: &site.part.base, cluster: &files.reading.cluster }
}

/// The manifest as a document of its own, with a marker for each value from elsewhere, and without what is not used.
fn plain<'a>(manifest: &Manifest<'a, '_>, problems: &mut Vec<Problem>) -> Document<'a> {
    let mut value = manifest.value().clone();
    if let Some(body) = value.pointer_mut(BODY).and_then(Value::as_object_mut) {
        body.shift_remove("orgId");
        let known = |key: &str| BODY_KEYS[0].keys.iter().any(|(known, _)| *known == key);
        body.retain(|key, _| known(key));
    }
    put_markers(manifest, &mut value, BODY, problems);
    manifest.document.view(manifest.base, "", value)
}
