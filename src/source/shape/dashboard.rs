//! Dashboards in the classic form: by themselves, or inside `dashboard` as the API takes and gives them.
//!
//! Grafana takes nearly anything for a dashboard, so what is one is decided here, and strictly: an alert rule, a JSON
//! Schema or the answer of a query has a title, `annotations` or `rows`, too, and must not become an empty dashboard.

use serde_json::{Map, Value};

use super::keys::Fate::{self, LeftOut, Reported, Sent, Used};
use super::keys::{Level, Rest};
use super::library::carried_by;
use super::{Reading, Seen, Shape, only, others, text};
use crate::source::dashboard::DashboardForm;
use crate::source::envelope::{FolderAt, Null, UidAt};
use crate::source::library_panel::LibraryForm;

/// Keys of a dashboard that Grafana knows at the top level.
pub(super) const KEYS: [&str; 41] = [
    "__elements",
    "__inputs",
    "__requires",
    "annotations",
    "description",
    "editable",
    "fiscalYearStartMonth",
    "gnetId",
    "graphTooltip",
    "hideControls",
    "id",
    "iteration",
    "links",
    "liveNow",
    "nav",
    "originalTitle",
    "panels",
    "preload",
    "public",
    "refresh",
    "revision",
    "rows",
    "schemaVersion",
    "scopeMeta",
    "sharedCrosshair",
    "snapshot",
    "style",
    "system",
    "tags",
    "templating",
    "time",
    "timepicker",
    "timezone",
    "title",
    "uid",
    "usageTags",
    "variables",
    "version",
    "weekStart",
    "$$hashKey",
    "$schema",
];

/// The body of a dashboard, whatever it stands in.
pub(super) const BODY: &[(&str, Fate)] = &[
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

/// A dashboard by itself.
static CLASSIC_KEYS: [Level; 1] = [Level { at: "", name: "a dashboard", keys: BODY, rest: Rest::Sent }];

/// A dashboard as the API has it.
static WRAPPED_KEYS: [Level; 2] = [
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

pub(super) static CLASSIC: DashboardForm = DashboardForm {
    name: "a dashboard",
    levels: &CLASSIC_KEYS,
    body: "",
    uid: UidAt::Body,
    folder: None,
    elements: &CLASSIC_ELEMENTS,
    answers: None,
};

static CLASSIC_ELEMENTS: LibraryForm = carried_by(&CLASSIC);

static WRAPPED: DashboardForm = DashboardForm {
    name: "the body of a save",
    levels: &WRAPPED_KEYS,
    body: "/dashboard",
    uid: UidAt::Body,
    folder: Some(FolderAt { pointer: "/folderUid", words: "`folderUid`", null: Null::SaysNothing }),
    elements: &WRAPPED_ELEMENTS,
    answers: Some("/inputs"),
};

static WRAPPED_ELEMENTS: LibraryForm = carried_by(&WRAPPED);

/// A dashboard by itself.
pub(super) struct Classic;

impl Shape for Classic {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        value.as_object().filter(|map| is_dashboard(map)).map(|_| only(&CLASSIC))
    }

    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        vec![sample()]
    }
}

/// A dashboard with an input.
#[cfg(test)]
pub(super) fn sample() -> Value {
    serde_json::json!({
        "title": "T", "uid": "u", "panels": [{ "type": "text", "datasource": { "uid": "${DS_X}" } }],
        "__inputs": [{ "name": "DS_X", "type": "datasource", "pluginId": "loki" }],
    })
}

/// A dashboard inside `dashboard`: what `GET /api/dashboards/uid` answers, or what a save or an import takes.
pub(super) struct Wrapped;

impl Shape for Wrapped {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        const BESIDE: [&str; 6] = ["meta", "overwrite", "folderUid", "folderId", "inputs", "message"];
        let map = value.as_object()?;
        let inner = map.get("dashboard")?.as_object()?;
        if others::is_v2(inner) {
            return Some(Seen::Refused(others::v2("/dashboard")));
        }
        // Beside such keys even an empty dashboard is meant to be one: that it has no title is told.
        let beside = BESIDE.iter().any(|key| map.contains_key(*key)) && !map.contains_key("apiVersion");
        (beside || is_dashboard(inner) || alone(map, inner)).then(|| only(&WRAPPED))
    }

    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        vec![serde_json::json!({ "dashboard": sample() })]
    }
}

// `{"dashboard": {"rows": []}}`: nothing beside it, and nothing in it that a dashboard does not have.
fn alone(map: &Map<String, Value>, inner: &Map<String, Value>) -> bool {
    map.len() == 1 && inner.keys().any(|key| telling(inner, key)) && all_known(inner)
}

/// Whether an object is a dashboard.
pub(super) fn is_dashboard(map: &Map<String, Value>) -> bool {
    if map.contains_key("apiVersion") || others::named(map).is_some() {
        return false;
    }
    let told = map.keys().filter(|key| telling(map, key)).count();
    let known = all_known(map);
    if text(map, "title").is_empty() {
        // Without a title: told as a dashboard that lacks it, where nothing else comes to mind.
        return has_panels(map) || told >= 2 || (known && map.get("panels").is_some_and(Value::is_array));
    }
    if told > 0 {
        // An empty list of rows says little beside keys that no dashboard has.
        let no_rows = map.get("rows").is_some_and(|rows| rows.as_array().is_some_and(Vec::is_empty));
        return known || told > 1 || !no_rows;
    }
    // `{"title": …, "uid": …}` is what Grafana takes for one; with an `id` and nothing else it may be a folder as well.
    known && (!text(map, "uid").is_empty() && !bare_id(map) || map.contains_key("panels"))
}

/// Whether a key says that an object is a dashboard, by its name and the type of its value.
fn telling(map: &Map<String, Value>, key: &str) -> bool {
    let Some(value) = map.get(key) else { return false };
    let has = |inner: &str| value.get(inner).is_some_and(|v| v.is_array() || v.is_null());
    let null = value.is_null() && map.contains_key("title");
    match key {
        "panels" | "rows" => {
            null || value.as_array().is_some_and(|items| items.iter().all(|item| is_panel(item, key)))
        }
        "templating" => null || has("list") || value.as_object().is_some_and(Map::is_empty),
        "annotations" => null || has("list"),
        "timepicker" => value.is_object(),
        "time" => value.get("from").is_some() && value.get("to").is_some(),
        "schemaVersion" => value.is_i64() || value.is_u64(),
        "__inputs" | "__requires" => value.is_array(),
        _ => false,
    }
}

fn is_panel(item: &Value, of: &str) -> bool {
    let Some(item) = item.as_object() else { return false };
    match of {
        "rows" => ["panels", "collapse", "showTitle", "height"].iter().any(|key| item.contains_key(*key)),
        _ => ["type", "gridPos", "targets", "id", "title", "datasource", "libraryPanel", "panels"]
            .iter()
            .any(|key| item.contains_key(*key)),
    }
}

// At least one panel that looks like one of Grafana's.
fn has_panels(map: &Map<String, Value>) -> bool {
    ["panels", "rows"].iter().any(|key| {
        let items = map.get(*key).and_then(Value::as_array);
        items.is_some_and(|items| !items.is_empty()) && telling(map, key)
    })
}

fn all_known(map: &Map<String, Value>) -> bool {
    map.keys().all(|key| KEYS.contains(&key.as_str()))
}

// As the list of folders gives one: `{"id": 4, "uid": "x", "title": "Ops"}`.
fn bare_id(map: &Map<String, Value>) -> bool {
    map.get("id").is_some_and(Value::is_number)
        && map.keys().all(|key| ["id", "uid", "title"].contains(&key.as_str()))
}

/// Whether an object that is no dashboard was perhaps meant to be one.
pub(super) fn is_near(map: &Map<String, Value>) -> bool {
    const NAMES: [&str; 6] = ["panels", "templating", "annotations", "timepicker", "schemaVersion", "rows"];
    let titled = !text(map, "title").is_empty();
    let named = NAMES.iter().filter(|key| map.contains_key(**key)).count();
    (titled && (named > 0 || !text(map, "uid").is_empty())) || named > 1
}
