//! The rules by which a difference counts as Grafana's own: each a pure question about one field.
//!
//! Only what says nothing (null, empty, a default) or is known from the recordings is explained; a value that a person
//! chose never is.

use serde_json::{Map, Value};

use crate::kinds::values::is_hollow;

/// In what a field stands, as far as rules differ by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldOf {
    /// The dashboard itself.
    Dashboard,
    /// A panel or row.
    Panel,
    /// A query.
    Target,
    /// A variable.
    Variable,
    /// An annotation query.
    Annotation,
    /// `templating` or `annotations`: what holds a list of them.
    Templating,
    /// See [`FieldOf::Templating`].
    Annotations,
    /// A reference to a data source.
    Source,
    /// `timepicker`.
    TimePicker,
    /// Anything else.
    Other,
}

impl FieldOf {
    /// In what a field of a field stands; for lists: in what a field of an item does.
    pub fn inside(self, key: &str) -> FieldOf {
        match (self, key) {
            (FieldOf::Dashboard | FieldOf::Panel, "panels") => FieldOf::Panel,
            (FieldOf::Panel, "targets") => FieldOf::Target,
            (FieldOf::Dashboard, "templating") => FieldOf::Templating,
            (FieldOf::Dashboard, "annotations") => FieldOf::Annotations,
            (FieldOf::Dashboard, "timepicker") => FieldOf::TimePicker,
            (FieldOf::Templating, "list") => FieldOf::Variable,
            (FieldOf::Annotations, "list") => FieldOf::Annotation,
            (_, "datasource") => FieldOf::Source,
            _ => FieldOf::Other,
        }
    }
}

/// Panel types that are gone, and what Grafana puts in their place.
const SUCCESSORS: [(&str, &str); 11] = [
    ("graph", "timeseries"),
    ("graph", "barchart"),
    ("graph", "bargauge"),
    ("graph", "histogram"),
    ("singlestat", "stat"),
    ("singlestat", "gauge"),
    ("grafana-singlestat-panel", "stat"),
    ("table-old", "table"),
    ("grafana-piechart-panel", "piechart"),
    ("grafana-worldmap-panel", "geomap"),
    ("natel-discrete-panel", "state-timeline"),
];

/// Whether this is the annotation query that every dashboard has, as Grafana adds it.
pub fn is_built_in(annotation: &Value) -> bool {
    let Some(map) = annotation.as_object() else {
        return false;
    };
    map.iter().all(|(key, value)| match key.as_str() {
        "builtIn" => value.as_f64() == Some(1.0),
        "enable" | "hide" => *value == Value::Bool(true),
        "iconColor" => value == "rgba(0, 211, 255, 1)",
        "name" => value == "Annotations & Alerts",
        "type" => value == "dashboard",
        "datasource" => value.get("uid").is_some_and(|uid| uid == "-- Grafana --"),
        _ => false,
    })
}

/// Whether Grafana drops such a field by itself.
pub fn gone(place: FieldOf, key: &str, value: &Value, new: &Map<String, Value>) -> bool {
    if is_hollow(value) || (*value == Value::Bool(false) && place != FieldOf::Other) {
        return true;
    }
    match place {
        FieldOf::Dashboard => matches!(
            key,
            "style"
                | "hideControls"
                | "__inputs"
                | "__elements"
                | "__requires"
                | "gnetId"
                | "sharedCrosshair"
                | "variables"
        ),
        FieldOf::Panel => matches!(
            key,
            "scopedVars"
                | "repeatIteration"
                | "repeatPanelId"
                | "repeatByRow"
                | "span"
                | "editable"
                | "isNew"
                | "error"
        ),
        FieldOf::Variable => matches!(key, "index" | "error"),
        FieldOf::TimePicker => key == "time_options",
        FieldOf::Other => key == "displayMode" && new.contains_key("cellOptions"),
        FieldOf::Target | FieldOf::Annotation | FieldOf::Templating | FieldOf::Annotations | FieldOf::Source => {
            false
        }
    }
}

/// Whether Grafana adds such a field by itself, to what had these fields.
pub fn came(place: FieldOf, key: &str, value: &Value, old: &Map<String, Value>) -> bool {
    if is_hollow(value) {
        return true;
    }
    let is_zero = value.as_f64() == Some(0.0);
    match (place, key) {
        (FieldOf::Dashboard, "fiscalYearStartMonth" | "graphTooltip") => is_zero,
        (FieldOf::Dashboard, "editable") => *value == Value::Bool(true),
        (FieldOf::Dashboard, "time") => {
            value.get("from").and_then(Value::as_str) == Some("now-6h")
                && value.get("to").and_then(Value::as_str) == Some("now")
        }
        (FieldOf::Dashboard, "templating") => value.pointer("/list").is_some_and(is_hollow),
        (FieldOf::Dashboard, "annotations") => match value.pointer("/list").and_then(Value::as_array) {
            Some(list) => list.iter().all(is_built_in),
            None => false,
        },
        (FieldOf::Panel, "id" | "gridPos") => true,
        (FieldOf::Panel, "collapsed") => *value == Value::Bool(false),
        (FieldOf::Panel, "autoMigrateFrom") => old.get("type") == Some(value),
        (FieldOf::Panel, "targets") => value.as_array().is_some_and(|targets| {
            targets.iter().all(|target| {
                target.as_object().is_some_and(|t| t.keys().all(|key| key == "datasource" || key == "refId"))
            })
        }),
        (FieldOf::Target, "refId") => true,
        (FieldOf::Variable, "refresh") => true,
        (FieldOf::Source, "type") => old.contains_key("uid"),
        (FieldOf::Other, "showLegend") => {
            let hidden = old.get("displayMode").and_then(Value::as_str) == Some("hidden");
            *value == Value::Bool(!hidden)
        }
        (FieldOf::Other, "cellOptions") => value.get("type") == old.get("displayMode"),
        _ => false,
    }
}

/// Whether Grafana puts one value in the place of another by itself.
pub fn changed(place: FieldOf, key: &str, old: &Value, new: &Value, around: &Map<String, Value>) -> bool {
    match (place, key) {
        (FieldOf::Dashboard, "schemaVersion") => false,
        (FieldOf::Dashboard, "refresh") => *old == Value::Bool(false) && is_hollow(new),
        // Only while one is the other's successor: the new panel says what it was.
        (FieldOf::Panel, "type") => {
            around.get("autoMigrateFrom") == Some(old)
                && SUCCESSORS.iter().any(|(from, to)| old.as_str() == Some(from) && new.as_str() == Some(to))
        }
        (FieldOf::Variable, "refresh") => {
            around.get("type").and_then(Value::as_str) == Some("datasource")
                && old.as_f64() == Some(1.0)
                && new.as_f64() == Some(0.0)
        }
        (FieldOf::Other, "displayMode") => {
            old.as_str() == Some("hidden") && new.as_str() == Some("list") && around.get("showLegend").is_some()
        }
        _ => false,
    }
}
