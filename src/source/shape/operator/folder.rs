//! `GrafanaFolder`: a folder, at the root or in another one.

use super::fields::{COMMON, Manifest};
use super::{Form, MANIFEST_LEVEL};
use crate::kinds::folder::Folder;
use crate::model::{Declared, DeclaredFolder, KindName, Parent, Problem, Uid, UidFrom, has_error};
use crate::source::body::{Body, changed};
use crate::source::envelope::FOLDER as PARENT;
use crate::source::folders::title_problem;
use crate::source::shape::keys::Fate::{Reported, Used};
use crate::source::shape::keys::{Level, Rest};
use crate::source::shape::{Declaration, Site};
use crate::source::{FileRef, Files};

static KEYS: [Level; 2] = [
    MANIFEST_LEVEL,
    Level {
        at: "/spec",
        name: "a `GrafanaFolder`",
        keys: &[
            COMMON[0],
            COMMON[1],
            COMMON[2],
            COMMON[3],
            ("uid", Used),
            ("title", Used),
            ("parentFolderUID", Used),
            ("parentFolderRef", Used),
            (
                "permissions",
                Reported("of folders are not kept yet, and come in a later version: set them in the workspace"),
            ),
        ],
        rest: Rest::Warned,
    },
];

pub(super) static FOLDER: ManifestFolder = ManifestFolder;

/// A `GrafanaFolder`.
#[derive(Debug)]
pub(super) struct ManifestFolder;

impl Form for ManifestFolder {
    fn kind(&self) -> KindName {
        Folder::NAME
    }

    fn levels(&self) -> &'static [Level] {
        &KEYS
    }

    fn read(&self, site: Site<'_, '_>, file: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>) {
        let Site { document, part } = site;
        let manifest = Manifest { document, base: &part.base, cluster: &file.reading.cluster };
        let mut problems = manifest.check();
        manifest.check_only_one(&["parentFolderUID", "parentFolderRef"], &mut problems);
        let uid = manifest.uid(None, &mut problems).and_then(|(uid, from, _)| Some((Uid::parse(&uid).ok()?, from)));
        let parent = manifest.parent(["parentFolderUID", "parentFolderRef"], &mut problems).unwrap_or(Parent::Root);
        let title = manifest.text("/spec/title").or(manifest.text("/metadata/name")).unwrap_or_default().trim();
        if let Some(problem) = title_problem(title) {
            problems.push(problem.spot(document.spot(&format!("{}/spec/title", part.base), "")));
        }
        let Some((uid, uid_from)) = uid else { return (None, problems) };
        if has_error(&problems) {
            return (None, problems);
        }
        let folder = DeclaredFolder {
            uid: Some(uid),
            path: None,
            title: title.to_owned(),
            parent,
            place: manifest.place(file),
            protect: false,
            by_title: uid_from == UidFrom::Manifest,
        };
        (Some(Declaration::Folder(folder)), problems)
    }

    fn pointer(&self, base: &str, inside: &str) -> String {
        match inside {
            PARENT => format!("{base}/spec/parentFolderUID"),
            _ => format!("{base}/spec{inside}"),
        }
    }

    // A folder has no body to be read again: all that there is of it is declared.
    fn body(&self, _: &Site<'_, '_>, declared: &Declared, _: &Files) -> Result<Body, Box<Problem>> {
        Err(Box::new(changed(declared)))
    }
}
