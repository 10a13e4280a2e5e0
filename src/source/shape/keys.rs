//! Every key of every shape, and what becomes of it: used, sent as it is written, left out because it is the server's
//! own, or reported. What stands in no table is reported, too, with the nearest name that does; but the body of a
//! dashboard is sent whole.
//!
//! A test walks these tables and holds every line.

use serde_json::{Map, Value};

use crate::model::Problem;
use crate::source::datasource::unknown_key;
use crate::source::document::Document;
use crate::source::yaml::member;

use super::as_warning;

/// What becomes of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It decides something, or is checked, or sent.
    Used,
    /// It is sent as it is written.
    Sent,
    /// It is the server's own, or another tool's book-keeping: left out, as `docs/format.md` says.
    LeftOut,
    /// It is reported, with these words behind its name, unless it is empty.
    Reported(&'static str),
}

use Fate::{LeftOut, Reported, Sent, Used};

/// What becomes of the keys of one object of a shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    /// Where the object stands, as a JSON pointer; `*` stands for each item of a list.
    pub at: &'static str,
    /// What it is, with its article: `a resource`.
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [(&'static str, Fate)],
    /// What becomes of a key that is not listed.
    pub rest: Rest,
}

/// What becomes of a key that no table lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    /// It is sent as it is written.
    Sent,
    /// It is left out, and a warning names the nearest key that is known.
    Warned,
    /// It is left out, and a warning says so: names are free here.
    NotKept,
    /// It is another tool's own, and left out.
    LeftOut,
    /// It is an error: something may be missing that somebody meant.
    Refused,
}

/// Warns of the keys of a shape that are reported, and of those that nobody knows, with the nearest one that is known.
///
/// Levels whose unknown keys are errors are left to their readers, which check the values, too.
pub(crate) fn report(document: &Document<'_>, base: &str, levels: &[Level]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for level in levels.iter().filter(|level| level.rest != Rest::Refused) {
        let base = format!("{base}{}", level.at);
        if let Some(Value::Object(object)) = document.value.pointer(&base) {
            problems.extend(report_level(document, &base, level, object));
        }
    }
    problems
}

fn report_level(document: &Document<'_>, base: &str, level: &Level, object: &Map<String, Value>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let known = || level.keys.iter().filter(|(_, fate)| matches!(fate, Used | Sent)).map(|(key, _)| *key);
    for (key, value) in object {
        let spot = || document.key_spot(&member(base, key), "");
        match (fate(level, key), level.rest) {
            (Some(Used | Sent | LeftOut), _) | (None, Rest::Sent | Rest::LeftOut | Rest::Refused) => {}
            (None, Rest::NotKept) => problems.push(
                Problem::warning("not-kept", format!("{} `{key}` is not kept", level.name))
                    .spot(spot())
                    .help("remove it, or leave it for other tools"),
            ),
            (Some(Reported(_)), _) if is_empty(value) => {}
            (Some(Reported(why)), _) => problems.push(
                Problem::warning("not-kept", format!("`{key}` {why}"))
                    .spot(spot())
                    .help("remove it, or leave it for other tools"),
            ),
            (None, Rest::Warned) => {
                problems
                    .push(as_warning(unknown_key(level.name, key, known())).note("it is left out").spot(spot()));
            }
        }
    }
    problems
}

/// What becomes of a key; none when the level does not list it.
pub(crate) fn fate(level: &Level, key: &str) -> Option<Fate> {
    level.keys.iter().find(|(known, _)| *known == key).map(|(_, fate)| *fate)
}

/// Whether a value says nothing.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) => false,
    }
}

/// The body of a dashboard, whatever it stands in.
const BODY: &[(&str, Fate)] = &[
    ("id", LeftOut),
    ("version", LeftOut),
    ("iteration", LeftOut),
    ("uid", Used),
    ("title", Used),
    ("__inputs", Used),
    ("panels", Sent),
    ("rows", Sent),
    ("templating", Sent),
    ("annotations", Sent),
    ("tags", Sent),
    ("schemaVersion", Sent),
];

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

/// A dashboard by itself.
pub(crate) static CLASSIC: [Level; 1] = [Level { at: "", name: "a dashboard", keys: BODY, rest: Rest::Sent }];

/// A dashboard as the API has it.
pub(crate) static WRAPPED: [Level; 2] = [
    Level {
        at: "",
        name: "the body of a save",
        keys: &[
            ("dashboard", Used),
            ("folderUid", Used),
            ("inputs", Used),
            ("meta", LeftOut),
            ("isFolder", LeftOut),
            ("userId", LeftOut),
            (
                "folderId",
                Reported(
                    "is not used: the number of a folder differs from workspace to workspace; write `folderUid`",
                ),
            ),
            ("overwrite", Reported("is not used: what somebody else changed is never overwritten unasked")),
            ("message", Reported("is not used: amgctl writes the message of a save itself")),
            ("path", Reported("is not used: the dashboard is the one in `dashboard`")),
            ("pluginId", Reported("is not used: the dashboard is the one in `dashboard`")),
            ("updatedAt", Reported("is not used: the server keeps the time of a save itself")),
        ],
        rest: Rest::Warned,
    },
    Level { at: "/dashboard", name: "a dashboard", keys: BODY, rest: Rest::Sent },
];

/// A dashboard as a resource.
pub(crate) static DASHBOARD_RESOURCE: [Level; 5] = [
    RESOURCE_LEVEL,
    METADATA_LEVEL,
    ANNOTATIONS_LEVEL,
    LABELS_LEVEL,
    Level { at: "/spec", name: "a dashboard", keys: BODY, rest: Rest::Sent },
];

/// A folder as a resource.
pub(crate) static FOLDER_RESOURCE: [Level; 5] = [
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

/// A provisioning file for data sources. Keys that begin with `x-` are for anchors.
pub(crate) static PROVISIONING: [Level; 2] = [
    Level {
        at: "",
        name: "a provisioning file",
        keys: &[("apiVersion", Used), ("datasources", Used), ("deleteDatasources", Used), ("prune", Used)],
        rest: Rest::Refused,
    },
    Level { at: "/datasources/*", ..DATASOURCE[0] },
];

/// A data source.
pub(crate) static DATASOURCE: [Level; 1] = [Level {
    at: "",
    name: "a data source",
    keys: &[
        ("uid", Used),
        ("name", Used),
        ("type", Used),
        ("access", Used),
        ("url", Used),
        ("user", Used),
        ("database", Used),
        ("basicAuth", Used),
        ("basicAuthUser", Used),
        ("withCredentials", Used),
        ("isDefault", Used),
        ("jsonData", Used),
        ("secureJsonData", Used),
        ("secureJsonFields", Used),
        ("orgId", Used),
        ("correlations", Used),
        ("password", Used),
        ("basicAuthPassword", Used),
        ("id", LeftOut),
        ("version", LeftOut),
        ("editable", LeftOut),
        ("readOnly", LeftOut),
        ("typeName", LeftOut),
        ("typeLogoUrl", LeftOut),
        ("accessControl", LeftOut),
        ("apiVersion", LeftOut),
    ],
    rest: Rest::Refused,
}];

/// A list of objects as `kubectl get` or Grafana's API writes it.
pub(crate) static LIST: [Level; 2] = [
    Level {
        at: "",
        name: "a list",
        keys: &[("apiVersion", Used), ("kind", Used), ("items", Used), ("metadata", Used)],
        rest: Rest::Warned,
    },
    Level {
        at: "/metadata",
        name: "a list",
        keys: &[
            ("resourceVersion", LeftOut),
            ("selfLink", LeftOut),
            ("remainingItemCount", LeftOut),
            (
                "continue",
                Reported("says that this is the first page of a longer list: the rest is not in this file"),
            ),
        ],
        rest: Rest::Warned,
    },
];

/// A ConfigMap with dashboards or data sources.
pub(crate) static CONFIG_MAP: [Level; 2] = [
    Level {
        at: "",
        name: "a ConfigMap",
        keys: &[
            ("apiVersion", Used),
            ("kind", Used),
            ("metadata", Used),
            ("data", Used),
            ("immutable", LeftOut),
            ("binaryData", Reported("is not read: put the texts into `data`")),
        ],
        rest: Rest::Warned,
    },
    Level {
        at: "/metadata/annotations",
        name: "a ConfigMap",
        keys: &[
            ("grafana_folder", Reported("is not used: a dashboard's folder is its file's directory")),
            ("k8s-sidecar-target-directory", Reported("is not used: a dashboard's folder is its file's directory")),
        ],
        rest: Rest::LeftOut,
    },
];
