//! Data sources: Grafana's provisioning files, and bare ones, alone or in a list.
//!
//! An object with a name, a type and a URL is many things; it is a data source when it says more that only a data source
//! says, or when its type is one that Grafana has.

use serde_json::{Map, Value};

use crate::model::Problem;
use crate::source::datasource::{DatasourceForm, unknown_key};
use crate::source::document::Document;
use crate::source::envelope::UidAt;
use crate::source::values::Dollars;

use super::keys::Fate::{LeftOut, Used};
use super::keys::{Level, Rest};
use super::{Reading, Refusal, Seen, Shape, object, only, text};

/// A provisioning file for data sources. Keys that begin with `x-` are for anchors.
static PROVISIONING_KEYS: [Level; 1] = [Level {
    at: "",
    name: "a provisioning file",
    keys: &[("apiVersion", Used), ("datasources", Used), ("deleteDatasources", Used), ("prune", Used)],
    rest: Rest::Refused,
}];

/// A data source.
pub(super) static KEYS: [Level; 1] = [Level {
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

static PROVISIONED: DatasourceForm = DatasourceForm {
    name: "a data source of a provisioning file",
    levels: &KEYS,
    body: "",
    uid: UidAt::Body,
    dollars: Dollars::Provisioning,
};

static BARE: DatasourceForm =
    DatasourceForm { name: "a data source", levels: &KEYS, body: "", uid: UidAt::Body, dollars: Dollars::Plain };

/// Grafana's provisioning file for data sources.
pub(super) struct Provisioning;

impl Shape for Provisioning {
    fn levels(&self) -> &'static [Level] {
        &PROVISIONING_KEYS
    }

    fn check(&self, document: &Document<'_>) -> Vec<Problem> {
        check_file(document)
    }

    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        const OURS: [&str; 3] = ["datasources", "deleteDatasources", "prune"];
        let map = value.as_object()?;
        match map.get("apiVersion") {
            None => {
                let items = map.get("datasources")?.as_array()?;
                let any = items.iter().filter_map(Value::as_object).any(|item| {
                    !text(item, "name").is_empty() && (is_datasource(item) || is_type(text(item, "type")))
                });
                any.then(|| {
                    Seen::Refused(Refusal {
                        code: "provisioning",
                        message: "this file provisions data sources but does not say `apiVersion: 1`".into(),
                        help: "add `apiVersion: 1` as its first line".into(),
                        pointer: "/datasources".into(),
                    })
                })
            }
            Some(Value::String(version)) if version != "1" => None,
            Some(_) if OURS.iter().any(|key| map.contains_key(*key)) => {
                let count = map.get("datasources").and_then(Value::as_array).map_or(0, Vec::len);
                let entry = |i| object(&PROVISIONED, format!("/datasources/{i}"));
                Some(Seen::Held((0..count).map(entry).collect()))
            }
            Some(_) => None,
        }
    }

    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        let source = serde_json::json!({ "name": "A", "uid": "a", "type": "loki", "url": "http://l" });
        vec![serde_json::json!({ "apiVersion": 1, "datasources": [source] })]
    }
}

/// A data source by itself.
pub(super) struct Bare;

impl Shape for Bare {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        value.as_object().filter(|map| is_datasource(map)).map(|_| only(&BARE))
    }
}

/// A list of data sources.
pub(super) struct Many;

impl Shape for Many {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let items = value.as_array()?;
        items
            .iter()
            .any(|item| item.as_object().is_some_and(is_datasource))
            .then(|| Seen::Held((0..items.len()).map(|i| object(&BARE, format!("/{i}"))).collect()))
    }
}

/// Whether an object is a data source.
pub(super) fn is_datasource(map: &Map<String, Value>) -> bool {
    looks_like_one(map) && (says_more(map) || is_type(text(map, "type")))
}

/// Whether an object has what a data source has, whatever its type.
pub(super) fn looks_like_one(map: &Map<String, Value>) -> bool {
    const TELLING: [&str; 9] = [
        "access",
        "url",
        "jsonData",
        "secureJsonData",
        "secureJsonFields",
        "isDefault",
        "basicAuth",
        "uid",
        "orgId",
    ];
    map.get("name").is_some_and(Value::is_string)
        && !text(map, "type").is_empty()
        && TELLING.iter().any(|key| map.contains_key(*key))
        && !map.contains_key("model")
        && !map.contains_key("settings")
        && !map.contains_key("apiVersion")
        && !is_package(map)
}

// What only a data source says of itself.
fn says_more(map: &Map<String, Value>) -> bool {
    let object = |key: &str| map.get(key).is_some_and(Value::is_object);
    matches!(text(map, "access"), "proxy" | "direct" | "server" | "client")
        || object("jsonData")
        || object("secureJsonData")
        || object("secureJsonFields")
        || ["isDefault", "basicAuth", "withCredentials", "typeLogoUrl"].iter().any(|key| map.contains_key(*key))
}

// A `package.json`.
fn is_package(map: &Map<String, Value>) -> bool {
    matches!(text(map, "type"), "module" | "commonjs")
        || (map.get("version").is_some_and(Value::is_string)
            && ["dependencies", "devDependencies", "scripts", "main"].iter().any(|key| map.contains_key(*key)))
}

/// Whether a type is a plugin for data sources: one of Grafana's own, or one named as plugins are.
pub(super) fn is_type(kind: &str) -> bool {
    const CORE: [&str; 26] = [
        "alertmanager",
        "azuremonitor",
        "cloudwatch",
        "cloud-monitoring",
        "dashboard",
        "elasticsearch",
        "grafana-azure-monitor-datasource",
        "graphite",
        "influxdb",
        "jaeger",
        "loki",
        "mixed",
        "mssql",
        "mysql",
        "opentsdb",
        "parca",
        "phlare",
        "postgres",
        "prometheus",
        "pyroscope",
        "stackdriver",
        "tempo",
        "testdata",
        "zipkin",
        "timestream",
        "xray",
    ];
    CORE.contains(&kind) || kind.ends_with("-datasource")
}

fn check_file(document: &Document<'_>) -> Vec<Problem> {
    const KEYS: [&str; 4] = ["apiVersion", "datasources", "deleteDatasources", "prune"];
    let mut problems = Vec::new();
    for (key, value) in document.value.as_object().into_iter().flatten() {
        let pointer = crate::source::yaml::member("", key);
        match (key.as_str(), value) {
            ("deleteDatasources", Value::Array(list)) if list.is_empty() => {}
            ("deleteDatasources", Value::Null) | ("prune", Value::Bool(false) | Value::Null) => {}
            ("deleteDatasources" | "prune", _) => problems.push(
                Problem::error(
                    "not-supported",
                    format!("`{key}` is not obeyed: only what this stack owns is ever deleted"),
                )
                .spot(document.key_spot(&pointer, ""))
                .help("remove it; a data source that leaves the directory is deleted by the next apply"),
            ),
            ("datasources", Value::Array(_) | Value::Null) => {}
            ("datasources", _) => {
                problems.push(
                    Problem::error("datasource", "`datasources` must be a list").spot(document.spot(&pointer, "")),
                );
            }
            // Anchors are often kept below keys of this sort.
            _ if KEYS.contains(&key.as_str()) || key.starts_with("x-") => {}
            _ => problems.push(
                unknown_key("a provisioning file", key, KEYS.into_iter()).spot(document.key_spot(&pointer, "")),
            ),
        }
    }
    problems
}
