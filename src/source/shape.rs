//! What a document is, told by its shape and never by its path.
//!
//! The table, first match wins; `docs/format.md` says the same for users:
//!
//! | shape | is |
//! |---|---|
//! | `apiVersion: dashboard.grafana.app/v0…` or `v1…`, `kind: Dashboard` | a dashboard |
//! | the same with `v2…`; an object with `elements` and `layout` | a v2 dashboard: refused, not read yet |
//! | `apiVersion: folder.grafana.app/…`, `kind: Folder` | a folder |
//! | `apiVersion: grafana.integreatly.org/…` | a grafana-operator manifest: refused, not read yet |
//! | `apiVersion: grizzly.grafana.com/…`, or `kind: Dashboard` with `spec`, or `{resource: …}` around one of these | another tool's envelope: refused |
//! | `apiVersion: 1` with `datasources`, `deleteDatasources` or `prune` | Grafana's provisioning file for data sources |
//! | `datasources` as a list of objects with `name` and `type`, without `apiVersion` | the same, broken: refused |
//! | `dashboard` as an object that looks like a dashboard (beside `meta` or not) | a dashboard, wrapped |
//! | `panels`, `rows` or `schemaVersion`; or `title` with `templating`, `timepicker` or `annotations` | a dashboard |
//! | `name` and `type` as texts with `access`, `url`, `jsonData`, `secureJsonData`, `isDefault`, `basicAuth` or `uid`, and no `model` | a data source |
//! | a list with such data sources | data sources |
//! | everything else | no document of ours: ignored, and listed with the reason |

use serde_json::{Map, Value};

/// What a document is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// A dashboard, at a JSON pointer of the document.
    Dashboard {
        /// Where the dashboard itself is: empty, or `/dashboard`.
        base: &'static str,
    },
    /// A dashboard as a resource: `metadata` and `spec`.
    DashboardResource,
    /// A folder as a resource.
    FolderResource,
    /// Grafana's provisioning file for data sources.
    Provisioning,
    /// One data source.
    Datasource,
    /// A list of data sources.
    Datasources,
    /// It looks like ours, and is not read: the reason and what to do.
    Refused(Refusal),
    /// No document of ours, with the reason.
    Foreign(String),
}

/// Why a document that looks like ours is not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    /// The problem's code.
    pub code: &'static str,
    /// What it is.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The member that gives it away, as a JSON pointer.
    pub pointer: &'static str,
}

/// Says what a document is.
pub(crate) fn shape(value: &Value) -> Shape {
    match value {
        Value::Object(map) => object(map),
        Value::Array(items) if items.iter().any(|item| item.as_object().is_some_and(is_datasource)) => {
            Shape::Datasources
        }
        Value::Array(_) => Shape::Foreign("is a list, but not of data sources".into()),
        _ => Shape::Foreign("is neither an object nor a list".into()),
    }
}

fn object(map: &Map<String, Value>) -> Shape {
    if let Some(version) = map.get("apiVersion") {
        return match version {
            Value::String(text) if text != "1" => resource(map, text),
            _ => provisioning(map),
        };
    }
    if let Some(Value::Object(inner)) = map.get("resource")
        && let Some(Value::String(version)) = inner.get("apiVersion")
        && version.contains(".grafana.app/")
    {
        return Shape::Refused(if version.starts_with("dashboard.grafana.app/v2") {
            v2("/resource/apiVersion")
        } else {
            envelope("an object of another tool, with the resource inside `resource`", "/resource")
        });
    }
    if text(map, "kind") == "Dashboard" && map.get("spec").is_some_and(Value::is_object) {
        return Shape::Refused(envelope("an envelope (`kind` and `spec`) without an `apiVersion`", "/kind"));
    }
    if map.get("datasources").and_then(Value::as_array).is_some_and(|items| {
        items.iter().any(|item| item.get("name").is_some_and(Value::is_string) && item.get("type").is_some())
    }) {
        return Shape::Refused(Refusal {
            code: "provisioning",
            message: "this file provisions data sources but does not say `apiVersion: 1`".into(),
            help: "add `apiVersion: 1` as its first line".into(),
            pointer: "/datasources",
        });
    }
    if let Some(Value::Object(inner)) = map.get("dashboard") {
        if is_v2(inner) {
            return Shape::Refused(v2("/dashboard"));
        }
        if is_dashboard(inner) || map.get("meta").is_some_and(Value::is_object) {
            return Shape::Dashboard { base: "/dashboard" };
        }
    }
    if is_v2(map) {
        return Shape::Refused(v2("/elements"));
    }
    if is_dashboard(map) {
        return Shape::Dashboard { base: "" };
    }
    if is_datasource(map) {
        return Shape::Datasource;
    }
    Shape::Foreign(match map.keys().take(3).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ") {
        keys if keys.is_empty() => "is an empty object".into(),
        keys => format!("is no document of ours (an object with {keys})"),
    })
}

fn resource(map: &Map<String, Value>, version: &str) -> Shape {
    let kind = text(map, "kind");
    let (group, number) = version.split_once('/').unwrap_or(("", version));
    match (group, kind) {
        ("dashboard.grafana.app", "Dashboard") if number.starts_with("v2") => Shape::Refused(v2("/apiVersion")),
        ("dashboard.grafana.app", "Dashboard") => Shape::DashboardResource,
        ("folder.grafana.app", "Folder") => Shape::FolderResource,
        ("dashboard.grafana.app" | "folder.grafana.app", _) => Shape::Refused(Refusal {
            code: "not-supported",
            message: format!("a `{kind}` of `{group}` is not read"),
            help: "dashboards have `kind: Dashboard`, folders have `kind: Folder`, one a document".into(),
            pointer: "/kind",
        }),
        ("grafana.integreatly.org", _) => Shape::Refused(Refusal {
            code: "not-supported",
            message: format!(
                "this is a grafana-operator manifest (`{kind}`), which this version does not read yet"
            ),
            help: "it comes in a later version; until then name the file in `.amgctlignore`".into(),
            pointer: "/apiVersion",
        }),
        ("grizzly.grafana.com", _) => Shape::Refused(envelope("an envelope of Grizzly", "/apiVersion")),
        _ if kind.is_empty() => Shape::Foreign(format!("is no document of ours (its `apiVersion` is `{version}`)")),
        _ => Shape::Foreign(format!("is a `{kind}` of `{version}`, which is not for Grafana")),
    }
}

fn provisioning(map: &Map<String, Value>) -> Shape {
    const OURS: [&str; 3] = ["datasources", "deleteDatasources", "prune"];
    const OTHERS: [(&str, &str); 8] = [
        ("providers", "tells a Grafana where to find dashboards"),
        ("apps", "provisions plugins"),
        ("groups", "provisions alerting, which is not kept yet"),
        ("contactPoints", "provisions alerting, which is not kept yet"),
        ("policies", "provisions alerting, which is not kept yet"),
        ("templates", "provisions alerting, which is not kept yet"),
        ("muteTimes", "provisions alerting, which is not kept yet"),
        ("deleteRules", "provisions alerting, which is not kept yet"),
    ];
    if OURS.iter().any(|key| map.contains_key(*key)) {
        return Shape::Provisioning;
    }
    if let Some((_, reason)) = OTHERS.iter().find(|(key, _)| map.contains_key(*key)) {
        return Shape::Foreign((*reason).into());
    }
    match map.keys().find(|key| strsim::damerau_levenshtein(key, "datasources") <= 3) {
        Some(key) => Shape::Refused(Refusal {
            code: "provisioning",
            message: format!("a provisioning file has no key `{key}`"),
            help: "did you mean `datasources`?".into(),
            pointer: "",
        }),
        None => Shape::Foreign("is a provisioning file without data sources".into()),
    }
}

fn is_dashboard(map: &Map<String, Value>) -> bool {
    let has = |key: &str| map.contains_key(key);
    has("panels")
        || has("rows")
        || has("schemaVersion")
        || (has("title") && (has("templating") || has("timepicker") || has("annotations")))
}

fn is_v2(map: &Map<String, Value>) -> bool {
    map.get("elements").is_some_and(Value::is_object) && map.get("layout").is_some_and(Value::is_object)
}

fn is_datasource(map: &Map<String, Value>) -> bool {
    const TELLING: [&str; 7] = ["access", "url", "jsonData", "secureJsonData", "isDefault", "basicAuth", "uid"];
    map.get("name").is_some_and(Value::is_string)
        && map.get("type").is_some_and(Value::is_string)
        && TELLING.iter().any(|key| map.contains_key(*key))
        && !map.contains_key("model")
        && !map.contains_key("settings")
}

fn v2(pointer: &'static str) -> Refusal {
    Refusal {
        code: "not-supported",
        message: "this is a dashboard in the v2 format, which this version does not read yet".into(),
        help: "export it in the classic format (Export > Classic), or name the file in `.amgctlignore`".into(),
        pointer,
    }
}

fn envelope(what: &str, pointer: &'static str) -> Refusal {
    Refusal {
        code: "not-supported",
        message: format!("this is {what}, which is not read"),
        help: "keep only what is inside: the dashboard itself, with its `uid`".into(),
        pointer,
    }
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_told_by_their_shape() {
        for (value, expected) in [
            (json!({ "panels": [] }), "Dashboard { base: \"\" }"),
            (json!({ "schemaVersion": 30 }), "Dashboard { base: \"\" }"),
            (json!({ "title": "x", "templating": {} }), "Dashboard { base: \"\" }"),
            (json!({ "meta": {}, "dashboard": {} }), "Dashboard { base: \"/dashboard\" }"),
            (json!({ "dashboard": { "rows": [] } }), "Dashboard { base: \"/dashboard\" }"),
            (json!({ "apiVersion": "dashboard.grafana.app/v1beta1", "kind": "Dashboard" }), "DashboardResource"),
            (json!({ "apiVersion": "folder.grafana.app/v1", "kind": "Folder" }), "FolderResource"),
            (json!({ "apiVersion": 1, "datasources": [] }), "Provisioning"),
            (json!({ "apiVersion": "1", "prune": true }), "Provisioning"),
            (json!({ "name": "a", "type": "loki", "url": "x" }), "Datasource"),
            (json!([{ "name": "a", "type": "loki", "uid": "x" }]), "Datasources"),
        ] {
            assert_eq!(format!("{:?}", shape(&value)), expected, "{value}");
        }
    }

    #[test]
    fn what_looks_like_ours_and_is_not_read_is_refused() {
        for value in [
            json!({ "apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "spec": {} }),
            json!({ "elements": {}, "layout": { "kind": "GridLayout" } }),
            json!({ "dashboard": { "elements": {}, "layout": {} }, "meta": {} }),
            json!({ "apiVersion": "grafana.integreatly.org/v1beta1", "kind": "GrafanaDashboard" }),
            json!({ "apiVersion": "grizzly.grafana.com/v1alpha1", "kind": "Dashboard", "spec": {} }),
            json!({ "kind": "Dashboard", "spec": {} }),
            json!({ "resource": { "apiVersion": "dashboard.grafana.app/v1", "kind": "Dashboard" } }),
            json!({ "datasources": [{ "name": "a", "type": "b" }] }),
            json!({ "apiVersion": 1, "datasource": [] }),
            json!({ "apiVersion": "dashboard.grafana.app/v1", "kind": "DashboardList" }),
        ] {
            assert!(matches!(shape(&value), Shape::Refused(_)), "{value}: {:?}", shape(&value));
        }
    }

    #[test]
    fn what_is_not_for_us_is_left_alone() {
        for value in [
            json!({ "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [] }),
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "x.json": "{}" } }),
            json!({ "apiVersion": 1, "providers": [] }),
            json!({ "name": "web", "type": "module", "version": "1.0.0", "dependencies": {} }),
            json!({ "grafana": { "datasources": { "datasources.yaml": { "apiVersion": 1 } } } }),
            json!({ "name": "oncall", "type": "email", "uid": "x", "settings": {} }),
            json!({ "name": "element", "type": "stat", "uid": "x", "model": {} }),
            json!({ "on": "push", "jobs": {} }),
            json!([1, 2]),
            json!([]),
            json!("text"),
            json!({}),
        ] {
            assert!(matches!(shape(&value), Shape::Foreign(_)), "{value}: {:?}", shape(&value));
        }
    }
}
