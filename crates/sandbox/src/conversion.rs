//! Dashboards at other versions of the resource API than they are stored at, as far as it is known: those without
//! panels, which only get the defaults. Everything else is a large migration of Grafana's own, and is not done here.

use serde_json::json;

use super::json::Json;

/// The dashboard at that version; nothing where it is not known.
pub(crate) fn convert(spec: &Json, version: &str) -> Option<Json> {
    match version {
        "v1beta1" | "v1" => migrated(spec),
        "v2beta1" => second(&migrated(spec)?),
        _ => None,
    }
}

/// The dashboard with the defaults of schema version 42; nothing if it has panels.
pub(crate) fn migrated(spec: &Json) -> Option<Json> {
    let plain = spec.get("panels").is_none_or(|p| p.items().is_empty())
        && spec.get("rows").is_none()
        && spec.integer("schemaVersion").is_none_or(|v| v >= 36)
        && spec.get("templating").is_none_or(|t| t.get("list").is_none_or(|l| l.items().is_empty()))
        && spec.get("annotations").is_none_or(|t| t.get("list").is_none_or(|l| l.items().is_empty()));
    if !plain {
        return None;
    }
    let Json::Object(mut members) = spec.clone() else {
        return None;
    };
    let built_in = json!({ "list": [{
        "builtIn": 1, "datasource": { "type": "grafana", "uid": "-- Grafana --" }, "enable": true, "hide": true,
        "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts", "type": "dashboard",
    }]});
    members.insert("annotations".to_owned(), built_in.into());
    let defaults = json!({
        "editable": true, "fiscalYearStartMonth": 0, "graphTooltip": 0, "links": [], "panels": [], "refresh": "",
        "tags": [], "templating": { "list": [] }, "time": { "from": "now-6h", "to": "now" }, "timepicker": {},
        "timezone": "", "weekStart": "",
    });
    if let serde_json::Value::Object(defaults) = defaults {
        for (key, value) in defaults {
            members.entry(key).or_insert_with(|| value.into());
        }
    }
    members.insert("schemaVersion".to_owned(), 42.into());
    for transient in ["__inputs", "__elements", "__requires", "iteration", "meta", "nav", "pulldowns"] {
        members.remove(transient);
    }
    Some(Json::Object(members))
}

/// A migrated dashboard without panels in the form of the second schema, whose fields are a closed set.
fn second(spec: &Json) -> Option<Json> {
    let time = spec.get("time")?;
    let sync = match spec.integer("graphTooltip") {
        Some(1) => "Crosshair",
        Some(2) => "Tooltip",
        _ => "Off",
    };
    let tags = spec.get("tags").cloned().unwrap_or(Json::Array(Vec::new()));
    let links = spec.get("links").filter(|l| l.items().is_empty())?.clone();
    let body = Json::from(json!({
        "annotations": [{ "kind": "AnnotationQuery", "spec": {
            "query": { "kind": "DataQuery", "group": "grafana", "version": "v0",
                       "datasource": { "name": "-- Grafana --" }, "spec": {} },
            "enable": true, "hide": true, "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts",
            "builtIn": true, "legacyOptions": { "type": "dashboard" },
        }}],
        "cursorSync": sync, "editable": spec.flag("editable"), "elements": {},
        "layout": { "kind": "GridLayout", "spec": { "items": [] } }, "liveNow": spec.flag("liveNow"),
        "preload": spec.flag("preload"), "title": spec.text("title"), "variables": [],
        "timeSettings": {
            "timezone": spec.text("timezone"), "from": time.text("from"), "to": time.text("to"),
            "autoRefresh": spec.text("refresh"),
            "autoRefreshIntervals": ["5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h", "2h", "1d"],
            "hideTimepicker": false, "fiscalYearStartMonth": spec.integer("fiscalYearStartMonth").unwrap_or(0),
        },
    }));
    match body {
        Json::Object(mut members) => {
            members.insert("tags".to_owned(), tags);
            members.insert("links".to_owned(), links);
            Some(Json::Object(members))
        }
        _ => None,
    }
}
