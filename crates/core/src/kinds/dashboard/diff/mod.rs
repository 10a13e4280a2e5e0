//! How two dashboards differ: panel by panel, query by query, in Grafana's own words.
//!
//! Panels stand in `panels` and `panel`, their places in `layout`, variables in `variables`; what a browser's
//! save changes by itself is told apart in `rewrite`. What has no words of its own is told by its path
//! ([`crate::kinds::values`]).

mod layout;
mod panel;
mod panels;
mod picture;
mod rewrite;
mod variables;

use serde_json::{Map, Value};

use crate::kinds::values::{At, compare, keys, leaf, lists, matching, short, words};
use crate::model::digest::{Numbers, same_value};
use crate::model::{Delta, Entry};

pub(in crate::kinds) use panel::compare as panel;
pub use picture::picture;

/// How two normal forms differ; empty exactly when they are equal.
#[must_use]
pub fn diff(before: &Value, after: &Value, numbers: Numbers) -> Delta {
    if same_value(before, after, numbers) {
        return Delta::default();
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return Delta {
            entries: vec![leaf(&At::root().named("dashboard"), Some(before), Some(after))],
            ..Delta::default()
        };
    };
    match rewrite::explained(old, new, numbers) {
        Some(rewrite) => {
            let mut delta = match rewrite.side {
                rewrite::Side::After => document(&rewrite.map, new, numbers),
                rewrite::Side::Before => document(old, &rewrite.map, numbers),
            };
            delta.entries.push(rewrite.entry());
            delta.notes.push(rewrite.note());
            delta
        }
        None => {
            let mut delta = document(old, new, numbers);
            if delta.entries.is_empty() {
                delta.entries.push(leaf(&At::root().named("dashboard"), Some(before), Some(after)));
            }
            delta
        }
    }
}

/// The older of two dashboards in the form that Grafana's editor gave it; none where the later one was not migrated.
pub fn saved_by_editor(before: &Value, after: &Value, numbers: Numbers) -> Option<Value> {
    let rewrite = rewrite::explained(before.as_object()?, after.as_object()?, numbers)?;
    (rewrite.side == rewrite::Side::After).then_some(Value::Object(rewrite.map))
}

fn document(before: &Map<String, Value>, after: &Map<String, Value>, numbers: Numbers) -> Delta {
    let panels = panels::Panels::new(before, after, numbers);
    let mut heading = Vec::new();
    let mut variables = variables::VariableChanges::default();
    let mut rest = Vec::new();
    for key in keys(before, after) {
        let (b, a) = (before.get(key), after.get(key));
        if let (Some(b), Some(a)) = (b, a)
            && same_value(b, a, numbers)
        {
            variables.count(key, a);
            continue;
        }
        let at = At::root().key(key);
        match key.as_str() {
            "panels" | "rows" => panels::shape(&at, b, a, &mut rest),
            "title" | "description" => compare(&at, b, a, numbers, &mut heading),
            "tags" => tags(&at, b, a, numbers, &mut heading),
            "templating" | "annotations" | "links" => variables.tell(key, &at, b, a, numbers),
            _ => compare(&at, b, a, numbers, &mut rest),
        }
    }
    let told = panels.changes();
    let unchanged = [panels.unchanged(), variables.unchanged()];
    let entries =
        [heading, told.changes, variables.entries, rest, told.moves].into_iter().flatten().collect::<Vec<Entry>>();
    let unchanged = unchanged.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
    Delta { entries, unchanged, notes: Vec::new() }
}

// Tags are names without an order that matters much; where only the order differs, that is said.
fn tags(at: &At, before: Option<&Value>, after: Option<&Value>, numbers: Numbers, out: &mut Vec<Entry>) {
    let (Some(Value::Array(b)), Some(Value::Array(a))) = (before, after) else {
        compare(at, before, after, numbers, out);
        return;
    };
    let text = |item: &Value| item.as_str().map(str::to_owned);
    if !b.iter().chain(a).all(Value::is_string) {
        compare(at, before, after, numbers, out);
        return;
    }
    let listing = lists::Listing {
        key: &text,
        name: &|item, _| format!("tag {}", words::quoted(item.as_str().unwrap_or_default())),
        told: &|_| String::new(),
        inside: &|at, b, a, out| compare(at, Some(b), Some(a), numbers, out),
        style: lists::Naming::Words,
        list: "tags".into(),
    };
    lists::list_changes(at, b, a, numbers, &listing, out);
}

/// A text field of an object; empty when it is none.
fn field<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A name in a label: in quotes, clipped.
fn name(text: &str) -> String {
    words::quoted(&words::clip(text, 48))
}

/// What a data source is called where it is used: `uid (type)`; none when it has a shape of its own.
fn datasource_text(value: &Value) -> Option<String> {
    match value {
        Value::String(name) if !name.is_empty() => Some(words::shown(name, 40)),
        Value::Object(map) if map.keys().all(|key| key == "uid" || key == "type") => {
            match (map.get("uid")?.as_str()?, map.get("type")) {
                ("", _) => None,
                (uid, None) => Some(words::shown(uid, 40)),
                (uid, Some(Value::String(kind))) if !kind.is_empty() => {
                    Some(format!("{} ({})", words::shown(uid, 40), words::shown(kind, 40)))
                }
                _ => None,
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) | Value::String(_) => {
            None
        }
    }
}

/// Says how two data sources in use differ: in one line where both are of the usual shape.
fn datasource(at: &At, before: Option<&Value>, after: Option<&Value>, numbers: Numbers, out: &mut Vec<Entry>) {
    let both_objects = matches!((before, after), (Some(Value::Object(_)), Some(Value::Object(_))));
    match (before.and_then(datasource_text), after.and_then(datasource_text)) {
        (Some(from), Some(to)) if from != to && both_objects => {
            let at = at.named(at.label.replace("datasource", "data source"));
            let mut entry = leaf(&at, before, after);
            (entry.from, entry.to) = (Some(from), Some(to));
            out.push(entry);
        }
        _ => compare(at, before, after, numbers, out),
    }
}

#[cfg(test)]
mod tests;
