//! `GrafanaLibraryPanel`: a library panel whose content is a text of its own.
//!
//! The content is the panel itself, with the name of the library panel beside its options: the operator sends all of it as
//! the model. One that is written as Grafana's API gives it (`kind`, `name` and `model`) is taken as what it is.

use serde_json::{Value, json};

use super::content::{Missing, content};
use super::dashboard::{answers, check_lists};
use super::fields::{COMMON, Manifest};
use super::{Form, MANIFEST_LEVEL};
use crate::kinds::library_panel::LibraryPanel;
use crate::model::{Declared, KindName, Parent, Problem, Severity, Spot};
use crate::source::body::{Body, changed};
use crate::source::dashboard::set_parent;
use crate::source::document::Document;
use crate::source::envelope::FOLDER;
use crate::source::inputs;
use crate::source::library_panel::is_library_panel;
use crate::source::shape::keys::Fate::{Reported, Used};
use crate::source::shape::keys::{Level, Rest};
use crate::source::shape::library::LIBRARY;
use crate::source::shape::{Declaration, Part, Site};
use crate::source::{FileRef, Files, ManifestDraft};

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
        let mut problems = manifest.check();
        manifest.check_only_one(&["folderUID", "folderRef"], &mut problems);
        check_lists(&manifest, &mut problems);
        let answers = answers(&manifest, &mut problems);
        let parent = manifest.parent(["folderUID", "folderRef"], &mut problems);
        let content = match content(&manifest) {
            Ok(content) => content,
            Err(Missing::Awaited(awaited)) => return (Some(Declaration::Awaited(awaited)), problems),
            Err(Missing::Faults(faults)) => {
                problems.extend(faults);
                return (None, problems);
            }
        };
        let Some((uid, uid_from, uid_rule)) = manifest.uid(content.document().value.get("uid"), &mut problems)
        else {
            return (None, problems);
        };
        let outer = content.document();
        let mut inner = element(&outer, &uid);
        inputs::replace(inner.value.to_mut(), &answers.clone().into_iter().collect::<Vec<_>>());
        let (declaration, found) = LIBRARY.read(Site { document: &mut inner, part: &WHOLE }, file);
        problems.extend(found);
        let Some(Declaration::Object(mut draft)) = declaration else { return (None, problems) };
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            return (None, problems);
        }
        let folder = parent.is_none().then(|| manifest.folder_title());
        manifest.describe(&mut draft.declared, file);
        draft.declared.fetched.clone_from(&content.fetched);
        draft.declared.body.answers = answers.into_iter().collect();
        draft.declared.uid_from = uid_from;
        set_parent(&mut draft.declared, parent.unwrap_or(Parent::Root), true);
        draft.in_directory = false;
        draft.manifest = Some(ManifestDraft { uid_rule, folder });
        (Some(Declaration::Object(draft)), problems)
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
