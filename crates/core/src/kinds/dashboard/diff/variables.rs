//! Variables, annotations and links of a dashboard, each by its name.

use serde_json::{Map, Value};

use super::{At, compare, datasource, datasource_text, field, keys, lists, name, short, words};
use crate::model::digest::{Numbers, same_value};
use crate::model::{Entry, counted};

/// Up to this many differences in the remembered options of a variable are told one by one.
const NAMED_OPTIONS: usize = 2;

/// What is said of them, and how many are the same.
#[derive(Default)]
pub struct VariableChanges {
    /// What differs.
    pub entries: Vec<Entry>,
    variables: usize,
    annotations: usize,
}

impl VariableChanges {
    /// Counts those of a field that is the same on both sides.
    pub fn count(&mut self, key: &str, value: &Value) {
        let count = value.get("list").and_then(Value::as_array).map_or(0, Vec::len);
        match key {
            "templating" => self.variables += count,
            "annotations" => self.annotations += count,
            _ => {}
        }
    }

    /// `4 variables, 2 annotations`: how many are the same.
    pub fn unchanged(&self) -> String {
        let parts = [(self.variables, "variable"), (self.annotations, "annotation")];
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, one)| counted(n, one)).collect::<Vec<_>>().join(", ")
    }

    /// Says how `templating`, `annotations` or `links` differ.
    pub fn tell(&mut self, key: &str, at: &At, before: Option<&Value>, after: Option<&Value>, numbers: Numbers) {
        match (key, before, after) {
            ("links", Some(Value::Array(b)), Some(Value::Array(a))) => {
                self.items(&LINKS, at, b, a, numbers);
            }
            ("templating" | "annotations", Some(Value::Object(b)), Some(Value::Object(a))) => {
                for field in keys(b, a) {
                    match (field.as_str(), b.get(field), a.get(field)) {
                        ("list", Some(Value::Array(b)), Some(Value::Array(a))) => {
                            let sort = if key == "templating" { &VARIABLES } else { &ANNOTATIONS };
                            let same = self.items(sort, &at.key(field), b, a, numbers);
                            if key == "templating" {
                                self.variables += same;
                            } else {
                                self.annotations += same;
                            }
                        }
                        (_, b, a) => compare(&at.key(field), b, a, numbers, &mut self.entries),
                    }
                }
            }
            (_, b, a) => compare(at, b, a, numbers, &mut self.entries),
        }
    }

    // Says how the lists differ, and returns how many items are the same.
    fn items(&mut self, sort: &Sort, at: &At, before: &[Value], after: &[Value], numbers: Numbers) -> usize {
        let differing = std::cell::Cell::new(0);
        let told_before = self.entries.len();
        let listing = lists::Listing {
            key: &|item| Some(field(item, sort.key)).filter(|name| !name.is_empty()).map(str::to_owned),
            name: &|item, place| match field(item, sort.key) {
                "" => format!("{} {}", sort.one, place + 1),
                text => format!("{} {}", sort.one, name(text)),
            },
            told: sort.told,
            inside: &|at, b, a, out| {
                differing.set(differing.get() + 1);
                item(at, b, a, numbers, out);
            },
            style: lists::Naming::Words,
            list: sort.many.to_owned(),
        };
        lists::list_changes(at, before, after, numbers, &listing, &mut self.entries);
        let added = self.entries[told_before..]
            .iter()
            .filter(|entry| entry.mark == crate::model::Mark::Add && entry.label.starts_with(sort.one))
            .filter(|entry| entry.pointer.rsplit_once('/').is_some_and(|(list, _)| list.ends_with(sort.list)))
            .count();
        after.len().saturating_sub(differing.get() + added)
    }
}

struct Sort {
    key: &'static str,
    one: &'static str,
    many: &'static str,
    list: &'static str,
    told: &'static dyn Fn(&Value) -> String,
}

const VARIABLES: Sort = Sort {
    key: "name",
    one: "variable",
    many: "variables",
    list: "/templating/list",
    told: &|variable| {
        let kind = field(variable, "type");
        let query = match variable.get("query") {
            Some(Value::String(query)) => words::shown(query, 48),
            Some(Value::Object(query)) => query.get("query").map(short).unwrap_or_default(),
            _ => String::new(),
        };
        [words::escaped(&words::clip(kind, 24)), query]
            .into_iter()
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    },
};

const ANNOTATIONS: Sort = Sort {
    key: "name",
    one: "annotation",
    many: "annotations",
    list: "/annotations/list",
    told: &|annotation| {
        let source = annotation.get("datasource").and_then(datasource_text).unwrap_or_default();
        let query = words::shown(field(annotation, "expr"), 48);
        if field(annotation, "expr").is_empty() { source } else { query }
    },
};

const LINKS: Sort = Sort {
    key: "title",
    one: "link",
    many: "links",
    list: "/links",
    told: &|link| match field(link, "url") {
        "" => words::escaped(&words::clip(field(link, "type"), 24)),
        url => words::shown(url, 60),
    },
};

fn item(at: &At, before: &Value, after: &Value, numbers: Numbers, out: &mut Vec<Entry>) {
    let (Value::Object(b), Value::Object(a)) = (before, after) else {
        compare(at, Some(before), Some(after), numbers, out);
        return;
    };
    for key in keys(b, a) {
        let here = at.key(key);
        match (key.as_str(), b.get(key), a.get(key)) {
            ("datasource", old, new) => datasource(&here, old, new, numbers, out),
            ("current", Some(Value::Object(old)), Some(Value::Object(new))) => {
                current(&here.named(format!("{} default", at.label)), old, new, numbers, out);
            }
            ("options", Some(Value::Array(_)), Some(Value::Array(_))) => {
                options(&here, b.get(key), a.get(key), numbers, out);
            }
            ("definition", Some(old), Some(new)) if repeats(old, new, b.get("query"), a.get("query")) => {}
            (_, old, new) => compare(&here, old, new, numbers, out),
        }
    }
}

// `definition` says again what `query` says: where both change alike, once is enough.
fn repeats(old: &Value, new: &Value, old_query: Option<&Value>, new_query: Option<&Value>) -> bool {
    let text = |query: Option<&Value>| match query {
        Some(Value::Object(query)) => query.get("query").cloned(),
        other => other.cloned(),
    };
    old != new && text(old_query).as_ref() == Some(old) && text(new_query).as_ref() == Some(new)
}

// What is chosen: the shown text where that tells it, every field otherwise.
fn current(
    at: &At,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    numbers: Numbers,
    out: &mut Vec<Entry>,
) {
    let usual =
        |map: &Map<String, Value>| map.keys().all(|key| matches!(key.as_str(), "text" | "value" | "selected"));
    let chosen = |map: &Map<String, Value>| match (map.get("text"), map.get("value")) {
        (Some(text @ (Value::String(_) | Value::Array(_))), Some(_)) => Some(short(text)),
        _ => None,
    };
    match (chosen(before), chosen(after)) {
        (Some(from), Some(to)) if from != to && usual(before) && usual(after) => {
            let whole = (Value::Object(before.clone()), Value::Object(after.clone()));
            let mut entry = crate::kinds::values::leaf(at, Some(&whole.0), Some(&whole.1));
            (entry.from, entry.to) = (Some(from), Some(to));
            out.push(entry);
        }
        _ => {
            for key in keys(before, after) {
                compare(&at.key(key), before.get(key), after.get(key), numbers, out);
            }
        }
    }
}

// Grafana remembers the last options it found; that they differ is worth a line, not a page.
fn options(at: &At, before: Option<&Value>, after: Option<&Value>, numbers: Numbers, out: &mut Vec<Entry>) {
    if let (Some(b), Some(a)) = (before, after)
        && same_value(b, a, numbers)
    {
        return;
    }
    let mut entries = Vec::new();
    compare(at, before, after, numbers, &mut entries);
    if entries.len() <= NAMED_OPTIONS {
        out.extend(entries);
        return;
    }
    let mut entry = crate::kinds::values::leaf(at, before, after);
    let count = |value: Option<&Value>| value.and_then(Value::as_array).map_or(0, Vec::len);
    let (from, to) = (count(before), count(after));
    let text = counted(entries.len(), "difference");
    (entry.from, entry.to) = if from == to {
        (None, Some(format!("{text} among the {to} remembered options")))
    } else {
        (Some(format!("{from} remembered options")), Some(format!("{to} ({text})")))
    };
    out.push(entry);
}
