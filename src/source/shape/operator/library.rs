//! `GrafanaLibraryPanel`: a library panel whose content is a text of its own.
//!
//! The content is the panel itself, with the name of the library panel beside its options: the operator sends all of it as
//! the model. One that is written as Grafana's API gives it (`kind`, `name` and `model`) is taken as what it is.

use serde_json::{Value, json};

use super::content::{around, content, stands};
use super::fields::{COMMON, Manifest};
use super::{Form, MANIFEST_LEVEL};
use crate::kinds::library_panel::LibraryPanel;
use crate::model::{Declared, KindName, Problem, Spot};
use crate::source::body::{Body, changed};
use crate::source::document::Document;
use crate::source::envelope::FOLDER;
use crate::source::inputs;
use crate::source::library_panel::is_library_panel;
use crate::source::shape::keys::Fate::{Reported, Used};
use crate::source::shape::keys::{Level, Rest};
use crate::source::shape::library::LIBRARY;
use crate::source::shape::{Declaration, Part, Site, Stands};
use crate::source::{FileRef, Files};

static KEYS: [Level; 2] = [
    MANIFEST_LEVEL,
    Level {
        at: "/spec",
        name: "a `GrafanaLibraryPanel`",
        keys: &[
            COMMON[0],
            COMMON[1],
            COMMON[2],
            COMMON[3],
            ("uid", Used),
            ("folderUID", Used),
            ("folderRef", Used),
            ("json", Used),
            ("gzipJson", Used),
            ("url", Used),
            ("urlAuthorization", Used),
            ("jsonnet", Used),
            ("jsonnetLib", Used),
            ("configMapRef", Used),
            ("oci", Used),
            ("contentCacheDuration", Used),
            ("datasources", Used),
            ("envs", Used),
            ("envFrom", Used),
            ("plugins", Reported("are not installed by this version: install them in the workspace")),
        ],
        rest: Rest::Warned,
    },
];

pub(super) static LIBRARY_PANEL: ManifestLibraryPanel = ManifestLibraryPanel;

/// A `GrafanaLibraryPanel`.
#[derive(Debug)]
pub(super) struct ManifestLibraryPanel;

/// The part that is all of a content.
static WHOLE: Part = Part { form: &LIBRARY, base: String::new() };

impl Form for ManifestLibraryPanel {
    fn kind(&self) -> KindName {
        LibraryPanel::NAME
    }

    fn levels(&self) -> &'static [Level] {
        &KEYS
    }

    fn read(&self, site: Site<'_, '_>, file: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>) {
        let Site { document, part } = site;
        let manifest = Manifest { document, base: &part.base, cluster: &file.reading.cluster };
        let mut problems = Vec::new();
        let around = match around(&manifest, &["folderUID", "folderRef"], &mut problems) {
            Ok(around) => around,
            Err(awaited) => return (awaited.map(Declaration::Awaited), problems),
        };
        let answers: Vec<(String, String)> = around.answers.clone().into_iter().collect();
        let outer = around.content.document();
        let mut inner = element(&outer, &around.uid);
        inputs::replace(inner.value.to_mut(), &answers);
        let (declaration, found) = LIBRARY.read(Site { document: &mut inner, part: &WHOLE }, file);
        problems.extend(found);
        let (draft, problems) = around.declare(declaration, &manifest, file, problems);
        let draft = draft.map(|mut draft| {
            draft.declared.body.answers = answers;
            Declaration::Object(draft)
        });
        (draft, problems)
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
        match content(&manifest) {
            Ok(content) => element(&content.document(), "").spot(inside, ""),
            Err(_) => document.spot(base, ""),
        }
    }

    fn stands(&self, site: &Site<'_, '_>, files: &Files) -> Result<Stands, String> {
        let (document, base) = (&*site.document, &site.part.base);
        let text = stands(&Manifest { document, base, cluster: &files.reading.cluster })?;
        Ok(Stands { text: Some(text), pointer: String::new() })
    }

    fn body(&self, site: &Site<'_, '_>, declared: &Declared, files: &Files) -> Result<Body, Box<Problem>> {
        let document = &*site.document;
        let manifest = Manifest { document, base: &site.part.base, cluster: &files.reading.cluster };
        let Ok(content) = content(&manifest) else {
            return Err(Box::new(changed(declared)));
        };
        let outer = content.document();
        let mut inner = element(&outer, declared.address.id());
        LIBRARY.body(&Site { document: &mut inner, part: &WHOLE }, declared, files)
    }
}

/// A content as Grafana's API has library panels, with the places of the content.
fn element<'a>(content: &'a Document<'_>, uid: &str) -> Document<'a> {
    if is_library_panel(&content.value) {
        let mut value = content.value.clone().into_owned();
        value["uid"] = Value::String(uid.to_owned());
        return content.view("", "", value);
    }
    let name = content.value.get("name").or(content.value.get("title")).cloned().unwrap_or_default();
    let value = json!({ "uid": uid, "name": name, "kind": 1, "model": &*content.value });
    content.view("", "/model", value)
}
