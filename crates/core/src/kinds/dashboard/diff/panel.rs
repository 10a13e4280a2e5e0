//! How two versions of one panel differ: queries, thresholds, overrides and settings by their names, the rest by path.
//!
//! Its place on the dashboard stands in [`super::layout`], the panels inside a row in [`super::panels`].

use serde_json::{Map, Value};

use super::{At, compare as by_path, datasource, datasource_text, field, keys, lists, name, panels, words};
use crate::kinds::values::leaf;
use crate::model::Entry;
use crate::model::digest::{Numbers, same_value};

/// The fields of a panel that a reader wants first, and in this order.
const FIRST: [&str; 9] =
    ["id", "title", "type", "description", "datasource", "targets", "fieldConfig", "transformations", "options"];

/// The fields in which the text of a query stands, depending on the data source.
const QUERY_TEXTS: [&str; 9] =
    ["expr", "query", "rawSql", "rawQuery", "expression", "queryText", "target", "logQuery", "statement"];

/// Says how two panels differ, but for their place and for the panels inside them.
pub fn compare(
    at: &At,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    numbers: Numbers,
    out: &mut Vec<Entry>,
) {
    let mut names: Vec<&String> = keys(before, after).filter(|key| *key != "gridPos").collect();
    names.sort_by_key(|key| FIRST.iter().position(|first| first == key).unwrap_or(FIRST.len()));
    for key in names {
        let (b, a) = (before.get(key), after.get(key));
        if let (Some(b), Some(a)) = (b, a)
            && same_value(b, a, numbers)
        {
            continue;
        }
        let here = at.key(key);
        match (key.as_str(), b, a) {
            ("panels", _, _) => panels::shape(&here, b, a, out),
            ("targets", Some(Value::Array(b)), Some(Value::Array(a))) => queries(&here, b, a, numbers, out),
            ("transformations", Some(Value::Array(b)), Some(Value::Array(a))) => {
                transformations(&here, b, a, numbers, out);
            }
            ("fieldConfig", Some(Value::Object(b)), Some(Value::Object(a))) => {
                field_config(&here, b, a, numbers, out)
            }
            ("datasource", _, _) => datasource(&here, b, a, numbers, out),
            _ => by_path(&here, b, a, numbers, out),
        }
    }
}

/// Whether two panels are the same but for their place and the panels inside them.
pub fn is_same(before: &Value, after: &Value, numbers: Numbers) -> bool {
    let (Value::Object(b), Value::Object(a)) = (before, after) else {
        return same_value(before, after, numbers);
    };
    keys(b, a).all(|key| match (key.as_str(), b.get(key), a.get(key)) {
        ("gridPos", _, _) | ("panels", Some(Value::Array(_)), Some(Value::Array(_))) => true,
        (_, Some(b), Some(a)) => same_value(b, a, numbers),
        (_, b, a) => b.is_none() && a.is_none(),
    })
}

fn queries(at: &At, before: &[Value], after: &[Value], numbers: Numbers, out: &mut Vec<Entry>) {
    let listing = lists::Listing {
        key: &|query| Some(field(query, "refId")).filter(|id| !id.is_empty()).map(str::to_owned),
        name: &|query, place| match field(query, "refId") {
            "" => format!("query {}", place + 1),
            id => format!("query {}", words::escaped(&words::clip(id, 24))),
        },
        told: &|query| {
            let text = QUERY_TEXTS.iter().map(|key| field(query, key)).find(|text| !text.is_empty());
            match text {
                Some(text) => words::shown(text, 60),
                None => query.get("datasource").and_then(datasource_text).unwrap_or_default(),
            }
        },
        inside: &|at, b, a, out| query(at, b, a, numbers, out),
        style: lists::Naming::Words,
        list: "queries".into(),
    };
    lists::list_changes(at, before, after, numbers, &listing, out);
}

fn query(at: &At, before: &Value, after: &Value, numbers: Numbers, out: &mut Vec<Entry>) {
    let (Value::Object(b), Value::Object(a)) = (before, after) else {
        by_path(at, Some(before), Some(after), numbers, out);
        return;
    };
    let text =
        QUERY_TEXTS.into_iter().find(|key| [b, a].iter().any(|side| side.get(*key).is_some_and(Value::is_string)));
    if let Some(text) = text {
        let here = at.key(text);
        by_path(&here.named(at.label.clone()), b.get(text), a.get(text), numbers, out);
    }
    for key in keys(b, a).filter(|key| Some(key.as_str()) != text) {
        let here = at.key(key);
        match key.as_str() {
            "datasource" => datasource(&here, b.get(key), a.get(key), numbers, out),
            "legendFormat" => {
                by_path(&here.named(format!("{} legend", at.label)), b.get(key), a.get(key), numbers, out);
            }
            _ => by_path(&here, b.get(key), a.get(key), numbers, out),
        }
    }
}

fn transformations(at: &At, before: &[Value], after: &[Value], numbers: Numbers, out: &mut Vec<Entry>) {
    let listing = lists::Listing {
        key: &|step| Some(field(step, "id")).filter(|id| !id.is_empty()).map(str::to_owned),
        name: &|step, place| match field(step, "id") {
            "" => format!("transformation {}", place + 1),
            id => format!("transformation {}", words::escaped(&words::clip(id, 40))),
        },
        told: &|step| step.get("options").map(super::short).unwrap_or_default(),
        inside: &|at, b, a, out| by_path(at, Some(b), Some(a), numbers, out),
        style: lists::Naming::Words,
        list: "transformations".into(),
    };
    lists::list_changes(at, before, after, numbers, &listing, out);
}

fn field_config(
    at: &At,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    numbers: Numbers,
    out: &mut Vec<Entry>,
) {
    for key in keys(before, after) {
        let here = at.key(key);
        match (key.as_str(), before.get(key), after.get(key)) {
            ("defaults", Some(Value::Object(b)), Some(Value::Object(a))) => defaults(&here, b, a, numbers, out),
            ("overrides", Some(Value::Array(b)), Some(Value::Array(a))) => overrides(&here, b, a, numbers, out),
            (_, b, a) => by_path(&here, b, a, numbers, out),
        }
    }
}

fn defaults(
    at: &At,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    numbers: Numbers,
    out: &mut Vec<Entry>,
) {
    for key in keys(before, after) {
        let here = at.key(key);
        match (key.as_str(), before.get(key), after.get(key)) {
            ("thresholds", Some(Value::Object(b)), Some(Value::Object(a))) => {
                for key in keys(b, a) {
                    let here = here.called("thresholds").key(key);
                    match (key.as_str(), b.get(key), a.get(key)) {
                        ("steps", Some(Value::Array(b)), Some(Value::Array(a))) => {
                            thresholds(&here, b, a, numbers, out);
                        }
                        (_, b, a) => by_path(&here, b, a, numbers, out),
                    }
                }
            }
            ("unit" | "decimals" | "min" | "max" | "noValue" | "displayName", b, a) => {
                by_path(&here.named(key.as_str()), b, a, numbers, out);
            }
            (_, b, a) => by_path(&here, b, a, numbers, out),
        }
    }
}

/// Thresholds: `red 500 → 800`, steps told by their colour and value.
fn thresholds(at: &At, before: &[Value], after: &[Value], numbers: Numbers, out: &mut Vec<Entry>) {
    if !before.iter().chain(after).all(|step| step_text(step).is_some()) {
        by_path(at, Some(&before.into()), Some(&after.into()), numbers, out);
        return;
    }
    let text = |step: &Value| step_text(step).unwrap_or_default();
    let by_value = {
        let values =
            |steps: &[Value]| steps.iter().map(|step| step.get("value").map(Value::to_string)).collect::<Vec<_>>();
        values(before) == values(after)
    };
    let listing = lists::Listing {
        key: &|step| {
            if by_value { step.get("value").map(Value::to_string) } else { Some(field(step, "color").to_owned()) }
        },
        name: &|_, _| "threshold".to_owned(),
        told: &text,
        inside: &|at, b, a, out| {
            let colours = (field(b, "color"), field(a, "color"));
            let mut entry = leaf(at, Some(b), Some(a));
            let value = |step: &Value| step.get("value").map_or("(absent)".to_owned(), Value::to_string);
            (entry.from, entry.to) = match colours {
                (b_colour, a_colour) if b_colour == a_colour => {
                    (Some(format!("{} {}", words::shown(b_colour, 24), value(b))), Some(value(a)))
                }
                _ if b.get("value") == a.get("value") => (Some(text(b)), Some(words::shown(colours.1, 24))),
                _ => (Some(text(b)), Some(text(a))),
            };
            if entry.from == entry.to {
                by_path(at, Some(b), Some(a), numbers, out);
            } else {
                out.push(entry);
            }
        },
        style: lists::Naming::Words,
        list: "thresholds".into(),
    };
    lists::list_changes(at, before, after, numbers, &listing, out);
}

// A step of the usual shape: a colour, and the number from which it holds.
fn step_text(step: &Value) -> Option<String> {
    let map = step.as_object().filter(|map| map.keys().all(|key| key == "color" || key == "value"))?;
    let colour = words::shown(map.get("color")?.as_str()?, 24);
    match map.get("value") {
        None | Some(Value::Null) => Some(format!("{colour} (base)")),
        Some(Value::Number(n)) => Some(format!("{colour} {n}")),
        Some(Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => None,
    }
}

fn overrides(at: &At, before: &[Value], after: &[Value], numbers: Numbers, out: &mut Vec<Entry>) {
    let label = |rule: &Value, place: usize| {
        let matcher = rule.get("matcher");
        let kind = matcher.map(|m| field(m, "id")).unwrap_or_default();
        let what = matcher.and_then(|m| m.get("options"));
        match (kind, what) {
            ("", _) => format!("override {}", place + 1),
            ("byName", Some(Value::String(text))) => format!("override {}", name(text)),
            (kind, Some(what)) => {
                format!("override {} {}", words::shown(kind, 24), words::clip(&super::short(what), 40))
            }
            (kind, None) => format!("override {}", words::shown(kind, 24)),
        }
    };
    let told = |rule: &Value| match rule.get("properties").and_then(Value::as_array) {
        Some(properties) => {
            let ids: Vec<&str> = properties.iter().map(|property| field(property, "id")).collect();
            words::clip(&words::escaped(&ids.join(", ")), 60)
        }
        None => super::short(rule),
    };
    let listing = lists::Listing {
        key: &|rule| rule.get("matcher").map(Value::to_string),
        name: &label,
        told: &told,
        inside: &|at, b, a, out| {
            let (Value::Object(old), Value::Object(new)) = (b, a) else {
                by_path(at, Some(b), Some(a), numbers, out);
                return;
            };
            for key in keys(old, new) {
                match (key.as_str(), old.get(key), new.get(key)) {
                    ("properties", Some(Value::Array(b)), Some(Value::Array(a))) => {
                        properties(&at.key(key), &at.label, b, a, numbers, out);
                    }
                    (_, b, a) => by_path(&at.key(key), b, a, numbers, out),
                }
            }
        },
        style: lists::Naming::Words,
        list: "overrides".into(),
    };
    lists::list_changes(at, before, after, numbers, &listing, out);
}

fn properties(at: &At, rule: &str, before: &[Value], after: &[Value], numbers: Numbers, out: &mut Vec<Entry>) {
    let listing = lists::Listing {
        key: &|property| Some(field(property, "id")).filter(|id| !id.is_empty()).map(str::to_owned),
        name: &|property, place| match field(property, "id") {
            "" => format!("{rule} property {}", place + 1),
            id => format!("{rule} {}", words::shown(id, 40)),
        },
        told: &|property| property.get("value").map(super::short).unwrap_or_default(),
        inside: &|at, b, a, out| match (b.as_object(), a.as_object()) {
            (Some(b), Some(a)) => {
                for key in keys(b, a) {
                    let here = if key == "value" { at.key(key).named(at.label.clone()) } else { at.key(key) };
                    by_path(&here, b.get(key), a.get(key), numbers, out);
                }
            }
            _ => by_path(at, Some(b), Some(a), numbers, out),
        },
        style: lists::Naming::Words,
        list: format!("{rule} properties"),
    };
    lists::list_changes(at, before, after, numbers, &listing, out);
}
