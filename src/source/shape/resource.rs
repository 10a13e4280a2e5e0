//! Grafana's resources: `metadata` and `spec`, as Git Sync, `gcx` and `kubectl` write them.

use serde_json::Value;

use super::dashboard::BODY;
use super::keys::Fate::{self, LeftOut, Reported, Used};
use super::keys::{Level, Rest};
use super::library::carried_by;
use super::{Reading, Seen, Shape, group, library, only, text, unsupported};
use crate::source::dashboard::DashboardForm;
use crate::source::envelope::{self, FolderAt, Null, UidAt};
use crate::source::folders::FolderForm;
use crate::source::library_panel::LibraryForm;

const METADATA: &[(&str, Fate)] = &[
    ("name", Used),
    ("annotations", Used),
    ("labels", Used),
    ("namespace", LeftOut),
    ("uid", LeftOut),
    ("resourceVersion", LeftOut),
    ("generation", LeftOut),
    ("creationTimestamp", LeftOut),
    ("deletionTimestamp", LeftOut),
    ("managedFields", LeftOut),
    ("selfLink", LeftOut),
    ("finalizers", LeftOut),
    ("ownerReferences", LeftOut),
    ("generateName", Reported("is not used: `name` is the uid")),
];

const ANNOTATIONS: &[(&str, Fate)] = &[
    ("grafana.app/folder", Used),
    ("grafana.app/createdBy", LeftOut),
    ("grafana.app/updatedBy", LeftOut),
    ("grafana.app/updatedTimestamp", LeftOut),
    ("grafana.app/createdTimestamp", LeftOut),
    ("grafana.app/slug", LeftOut),
    ("grafana.app/saved-from-ui", LeftOut),
    ("grafana.app/fullpath", LeftOut),
    ("grafana.app/fullpathUIDs", LeftOut),
    ("grafana.app/managedBy", LeftOut),
    ("grafana.app/managerId", LeftOut),
    ("grafana.app/managerAllowsEdits", LeftOut),
    ("grafana.app/managerSuspended", LeftOut),
    ("grafana.app/sourcePath", LeftOut),
    ("grafana.app/sourceChecksum", LeftOut),
    ("grafana.app/sourceTimestamp", LeftOut),
    ("kubectl.kubernetes.io/last-applied-configuration", LeftOut),
    ("grafana.app/message", Reported("is not used: amgctl writes the message of a save itself")),
    ("grafana.app/grant-permissions", Reported("is not used: permissions are set in the workspace")),
];

const LABELS: &[(&str, Fate)] = &[("grafana.app/deprecatedInternalID", LeftOut)];

const RESOURCE_LEVEL: Level = Level {
    at: "",
    name: "a resource",
    keys: &[
        ("apiVersion", Used),
        ("kind", Used),
        ("metadata", Used),
        ("spec", Used),
        ("status", LeftOut),
        ("access", LeftOut),
    ],
    rest: Rest::Warned,
};
const METADATA_LEVEL: Level =
    Level { at: "/metadata", name: "the metadata of a resource", keys: METADATA, rest: Rest::Warned };
const ANNOTATIONS_LEVEL: Level =
    Level { at: "/metadata/annotations", name: "the annotation", keys: ANNOTATIONS, rest: Rest::NotKept };
const LABELS_LEVEL: Level = Level { at: "/metadata/labels", name: "the label", keys: LABELS, rest: Rest::NotKept };

/// A dashboard as a resource.
static DASHBOARD_KEYS: [Level; 5] = [
    RESOURCE_LEVEL,
    METADATA_LEVEL,
    ANNOTATIONS_LEVEL,
    LABELS_LEVEL,
    Level { at: "/spec", name: "a dashboard", keys: BODY, rest: Rest::Sent },
];

/// A folder as a resource.
static FOLDER_KEYS: [Level; 5] = [
    RESOURCE_LEVEL,
    METADATA_LEVEL,
    ANNOTATIONS_LEVEL,
    LABELS_LEVEL,
    Level {
        at: "/spec",
        name: "a folder",
        keys: &[
            ("title", Used),
            ("version", LeftOut),
            ("description", Reported("of a folder is not kept by this version")),
        ],
        rest: Rest::Warned,
    },
];

static DASHBOARD: DashboardForm = DashboardForm {
    name: "a dashboard as a resource",
    levels: &DASHBOARD_KEYS,
    body: "/spec",
    uid: UidAt::MetadataName,
    folder: Some(FOLDER_ANNOTATION),
    elements: &ELEMENTS,
    answers: None,
};

static ELEMENTS: LibraryForm = carried_by(&DASHBOARD);

static FOLDER: FolderForm =
    FolderForm { name: "a folder as a resource", levels: &FOLDER_KEYS, body: "/spec", folder: FOLDER_ANNOTATION };

const FOLDER_ANNOTATION: FolderAt =
    FolderAt { pointer: envelope::FOLDER, words: "the annotation", null: Null::IsWrong };

/// A dashboard as a resource, in the versions that hold the classic form.
pub(super) struct DashboardResource;

impl Shape for DashboardResource {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        // `DashboardWithAccessInfo` is what `GET …/dto` answers: the same, and who may do what.
        (group(map).0 == "dashboard.grafana.app"
            && matches!(text(map, "kind"), "Dashboard" | "DashboardWithAccessInfo"))
        .then(|| only(&DASHBOARD))
    }

    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        let mut spec = super::dashboard::sample();
        spec.as_object_mut().into_iter().for_each(|spec| drop(spec.shift_remove("uid")));
        vec![serde_json::json!({
            "apiVersion": "dashboard.grafana.app/v1", "kind": "Dashboard", "metadata": metadata(), "spec": spec,
        })]
    }
}

/// A folder as a resource; and every other kind of the two groups, which is refused.
pub(super) struct FolderResource;

impl Shape for FolderResource {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        let kind = text(map, "kind");
        match group(map).0 {
            "folder.grafana.app" if kind == "Folder" => Some(only(&FOLDER)),
            "dashboard.grafana.app" if kind == "LibraryPanel" => Some(Seen::Refused(unsupported(
                "this is a library panel as a resource, which is not read",
                library::FORM,
                "/kind",
            ))),
            group @ ("dashboard.grafana.app" | "folder.grafana.app") => Some(Seen::Refused(unsupported(
                format!("a `{kind}` of `{group}` is not read"),
                "dashboards have `kind: Dashboard`, folders have `kind: Folder`, one a document",
                "/kind",
            ))),
            group if group.ends_with(".grafana.app") || group.ends_with(".ext.grafana.com") => {
                Some(Seen::Reported(unsupported(
                    format!("a `{kind}` of `{group}` is not kept by this version"),
                    "keep it with another tool, and name the file in `.amgctlignore`",
                    "/kind",
                )))
            }
            _ => None,
        }
    }
    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        vec![sample_folder()]
    }
}

#[cfg(test)]
fn metadata() -> Value {
    serde_json::json!({ "name": "u", "annotations": { "grafana.app/folder": "g" } })
}

/// A folder.
#[cfg(test)]
pub(super) fn sample_folder() -> Value {
    serde_json::json!({
        "apiVersion": "folder.grafana.app/v1", "kind": "Folder", "metadata": metadata(), "spec": { "title": "F" },
    })
}
