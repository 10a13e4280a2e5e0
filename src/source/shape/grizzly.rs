//! Grizzly's envelopes: `metadata.name` is the uid, `spec` the object as Grafana's API has it.
//!
//! Grizzly makes the name the uid of all three kinds, and puts a dashboard into the folder of `metadata.folder`.

use serde_json::Value;

use super::dashboard::BODY;
use super::keys::Fate::{LeftOut, Used};
use super::keys::{Level, Rest};
use super::library::carried_by;
use super::{Reading, Seen, Shape, datasource, group, library, only, others, text, unsupported};
use crate::source::dashboard::DashboardForm;
use crate::source::datasource::DatasourceForm;
use crate::source::envelope::{FolderAt, Null, UidAt};
use crate::source::folders::FolderForm;
use crate::source::library_panel::LibraryForm;
use crate::source::values::Dollars;

const ENVELOPE_LEVEL: Level = Level {
    at: "",
    name: "an envelope of Grizzly",
    keys: &[("apiVersion", Used), ("kind", Used), ("metadata", Used), ("spec", Used)],
    rest: Rest::Warned,
};

const METADATA_LEVEL: Level =
    Level { at: "/metadata", name: "the metadata of an envelope", keys: &[("name", Used)], rest: Rest::Warned };

static DASHBOARD_KEYS: [Level; 3] = [
    ENVELOPE_LEVEL,
    Level { keys: &[("name", Used), ("folder", Used)], ..METADATA_LEVEL },
    Level { at: "/spec", name: "a dashboard", keys: BODY, rest: Rest::Sent },
];

static FOLDER_KEYS: [Level; 3] = [
    ENVELOPE_LEVEL,
    METADATA_LEVEL,
    Level {
        at: "/spec",
        name: "a folder",
        keys: &[
            ("title", Used),
            ("parentUid", Used),
            ("uid", LeftOut),
            ("id", LeftOut),
            ("orgId", LeftOut),
            ("url", LeftOut),
            ("parents", LeftOut),
            ("hasAcl", LeftOut),
            ("canAdmin", LeftOut),
            ("canDelete", LeftOut),
            ("canEdit", LeftOut),
            ("canSave", LeftOut),
            ("accessControl", LeftOut),
            ("created", LeftOut),
            ("createdBy", LeftOut),
            ("updated", LeftOut),
            ("updatedBy", LeftOut),
            ("version", LeftOut),
        ],
        rest: Rest::Warned,
    },
];

static DATASOURCE_KEYS: [Level; 3] = [ENVELOPE_LEVEL, METADATA_LEVEL, Level { at: "/spec", ..datasource::KEYS[0] }];

static DASHBOARD: DashboardForm = DashboardForm {
    name: "a dashboard in an envelope of Grizzly",
    levels: &DASHBOARD_KEYS,
    body: "/spec",
    uid: UidAt::MetadataName,
    folder: Some(FolderAt { pointer: "/metadata/folder", words: "`folder`", null: Null::SaysNothing }),
    elements: &ELEMENTS,
    answers: None,
};

static ELEMENTS: LibraryForm = carried_by(&DASHBOARD);

static FOLDER: FolderForm = FolderForm {
    name: "a folder in an envelope of Grizzly",
    levels: &FOLDER_KEYS,
    body: "/spec",
    folder: FolderAt { pointer: "/spec/parentUid", words: "`parentUid`", null: Null::SaysNothing },
};

static DATASOURCE: DatasourceForm = DatasourceForm {
    name: "a data source in an envelope of Grizzly",
    levels: &DATASOURCE_KEYS,
    body: "/spec",
    uid: UidAt::MetadataName,
    dollars: Dollars::Plain,
};

/// An envelope of Grizzly.
pub(super) struct Grizzly;

impl Shape for Grizzly {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        if group(map).0 != "grizzly.grafana.com" {
            return None;
        }
        Some(match text(map, "kind") {
            "Dashboard" if map.get("spec").and_then(Value::as_object).is_some_and(others::is_v2) => {
                Seen::Refused(others::v2("/spec"))
            }
            "Dashboard" => only(&DASHBOARD),
            "DashboardFolder" => only(&FOLDER),
            "Datasource" => only(&DATASOURCE),
            kind => Seen::Refused(unsupported(
                format!("this is an envelope of Grizzly (`{kind}`), which is not read"),
                match kind {
                    "LibraryElement" => library::FORM,
                    _ => "this kind is not kept by this version: name the file in `.amgctlignore`",
                },
                "/apiVersion",
            )),
        })
    }

    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        use serde_json::json;

        let mut board = super::dashboard::sample();
        board.as_object_mut().into_iter().for_each(|board| drop(board.shift_remove("uid")));
        let sample = |kind: &str, metadata: Value, spec: Value| {
            json!({
                "apiVersion": "grizzly.grafana.com/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec,
            })
        };
        vec![
            sample("Dashboard", json!({ "name": "u", "folder": "g" }), board),
            sample("DashboardFolder", json!({ "name": "u" }), json!({ "title": "F", "parentUid": "g" })),
            sample("Datasource", json!({ "name": "a" }), json!({ "name": "A", "type": "loki", "url": "http://l" })),
        ]
    }
}
