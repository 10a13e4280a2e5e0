//! What is told and noted of a dashboard without keeping its body: headline, references, variables.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::datasource::Datasource;
use super::super::library_panel::LibraryPanel;
use super::Dashboard;
use crate::model::{Headline, Reference, Target};

/// Data sources that every Grafana has, and words that stand for none: no references.
const BUILT_IN: [&str; 8] =
    ["", "default", "grafana", "__expr__", "-100", "-- Mixed --", "-- Dashboard --", "-- Grafana --"];
/// How many names a fact lists before it counts the rest.
const LISTED: usize = 6;

/// What a plan says of a dashboard: title, panels (rows not counted, collapsed ones opened), data sources, variables.
#[must_use]
pub fn headline(body: &Value) -> Headline {
    let title = body.get("title").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let mut panels = 0usize;
    each_panel(body, &mut |panel, _| {
        if panel.get("type").and_then(Value::as_str) != Some("row") {
            panels += 1;
        }
    });
    let mut facts = vec![("panels".into(), panels.to_string())];
    let mut seen = BTreeSet::new();
    let mut datasources: Vec<String> = Vec::new();
    each_datasource(body, &mut |name, _| {
        if !BUILT_IN.contains(&name) && seen.insert(name.to_owned()) {
            datasources.push(name.to_owned());
        }
    });
    if !datasources.is_empty() {
        facts.push(("data sources".into(), listed(&datasources)));
    }
    let variables: Vec<String> = variables(body).into_iter().map(str::to_owned).collect();
    if !variables.is_empty() {
        facts.push(("variables".into(), listed(&variables)));
    }
    Headline { title, facts }
}

/// What a dashboard refers to: each target once, in the order of the document.
///
/// Built-in data sources, expressions and the dashboard's own variables (`$ds`, `${ds}`, `[[ds]]`) are no references; a
/// variable that the dashboard does not have is one, because it stays what it is and no data source has that name.
#[must_use]
pub fn references(body: &Value) -> Vec<Reference> {
    let mut seen = BTreeSet::new();
    let mut references = Vec::new();
    let mut add = |to: Target, pointer: String| {
        if seen.insert(to.clone()) {
            references.push(Reference { to, pointer });
        }
    };
    each_panel(body, &mut |panel, pointer| {
        if let Some(uid) = panel.pointer("/libraryPanel/uid").and_then(Value::as_str)
            && !uid.is_empty()
        {
            add(Target::new(LibraryPanel::NAME, uid), format!("{pointer}/libraryPanel/uid"));
        }
    });
    let known: BTreeSet<&str> = variables(body).into_iter().collect();
    each_datasource(body, &mut |name, pointer| {
        let named = variables_in(name);
        let explained = !named.is_empty() && named.iter().all(|v| v.starts_with("__") || known.contains(v));
        if !BUILT_IN.contains(&name) && !explained {
            add(Target::new(Datasource::NAME, name), pointer);
        }
    });
    references
}

/// What a dashboard needs of others: what it refers to, and the dashboards that any of its texts links to by `/d/UID`.
#[must_use]
pub fn uses(body: &Value) -> BTreeSet<Target> {
    let mut uses: BTreeSet<Target> = references(body).into_iter().map(|reference| reference.to).collect();
    each_text(body, &mut |text| {
        uses.extend(linked(text).map(|uid| Target::new(Dashboard::NAME, uid)));
    });
    uses
}

fn each_text(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, look)),
        Value::Object(map) => map.values().for_each(|item| each_text(item, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The uids of the dashboards that a text links to: `/d/UID`, `/d/UID/a-slug?x=y`, `d/UID` at its beginning.
fn linked(text: &str) -> impl Iterator<Item = &str> {
    let first = text.strip_prefix("d/").into_iter();
    let rest = text.match_indices("/d/").map(|(at, found)| &text[at + found.len()..]);
    first
        .chain(rest)
        .map(|rest| {
            let end =
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
            &rest[..end]
        })
        .filter(|uid| !uid.is_empty())
}

/// The names of a dashboard's variables, in their order.
#[must_use]
pub fn variables(body: &Value) -> Vec<&str> {
    let list = body.pointer("/templating/list").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|variable| variable.get("name").and_then(Value::as_str)).collect()
}

/// The names in `${NAME}` where a data source is referred to by nothing else, with their JSON pointers.
#[must_use]
pub fn placeholders(body: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    each_datasource(body, &mut |text, pointer| {
        if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            found.push((name.to_owned(), pointer));
        }
    });
    found
}

/// The variables that a text names: `$name`, `${name}`, `${name:format}`, `${name.field}`, `[[name]]`.
#[must_use]
pub fn variables_in(text: &str) -> Vec<&str> {
    let word = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '[']) {
        let tail = &rest[at..];
        let (name, length) = if let Some(inner) = tail.strip_prefix("${") {
            let close = inner.find('}').unwrap_or(inner.len());
            let name = &inner[..close];
            (&name[..name.find([':', '.']).unwrap_or(name.len())], 2 + close)
        } else if let Some(inner) = tail.strip_prefix("[[") {
            let close = inner.find("]]").unwrap_or(inner.len());
            let name = &inner[..close];
            (&name[..name.find([':', '.']).unwrap_or(name.len())], 2 + close)
        } else if let Some(inner) = tail.strip_prefix('$') {
            (&inner[..word(inner)], 1 + word(inner))
        } else {
            ("", 1)
        };
        if !name.is_empty() {
            found.push(name);
        }
        rest = &tail[length..];
    }
    found
}

/// The panels that are library panels: the uid in the library, the panel's JSON pointer, and the panel as it stands here.
#[must_use]
pub fn library_panels(body: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    each_panel(body, &mut |panel, pointer| {
        if let Some(uid) = panel.pointer("/libraryPanel/uid").and_then(Value::as_str) {
            found.push((uid.to_owned(), pointer.to_owned(), panel.clone()));
        }
    });
    found
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Panels that need no plugin: rows are none, and the others Grafana's editor replaces by what it has as it opens them.
const NEED_NONE: [&str; 8] = [
    "row",
    "graph",
    "singlestat",
    "grafana-singlestat-panel",
    "table-old",
    "grafana-piechart-panel",
    "grafana-worldmap-panel",
    "natel-discrete-panel",
];

/// The ids of the panel plugins that a dashboard needs. One from the library says nothing of it here.
pub fn plugins(body: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    each_panel(body, &mut |panel, _| {
        let plugin = panel.get("type").and_then(Value::as_str).unwrap_or_default();
        if !plugin.is_empty() && panel.get("libraryPanel").is_none() && !NEED_NONE.contains(&plugin) {
            all.insert(plugin.to_owned());
        }
    });
    all
}

// Every panel with its pointer: of `panels`, of collapsed rows, and of the `rows` of old dashboards.
fn each_panel(body: &Value, look: &mut impl FnMut(&Value, &str)) {
    panels_of(body, "", look);
    for (i, row) in body.get("rows").and_then(Value::as_array).into_iter().flatten().enumerate() {
        panels_of(row, &format!("/rows/{i}"), look);
    }
}

fn panels_of(owner: &Value, base: &str, look: &mut impl FnMut(&Value, &str)) {
    for (i, panel) in owner.get("panels").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let pointer = format!("{base}/panels/{i}");
        look(panel, &pointer);
        panels_of(panel, &pointer, look);
    }
}

// Every text by which a data source is named, with its pointer: panels, their queries, annotations, variables.
fn each_datasource(body: &Value, look: &mut impl FnMut(&str, String)) {
    each_panel(body, &mut |panel, pointer| {
        references_of(panel, pointer, look);
        for (i, target) in panel.get("targets").and_then(Value::as_array).into_iter().flatten().enumerate() {
            references_of(target, &format!("{pointer}/targets/{i}"), look);
        }
    });
    for list in ["annotations", "templating"] {
        let items = body.pointer(&format!("/{list}/list")).and_then(Value::as_array);
        for (i, item) in items.into_iter().flatten().enumerate() {
            references_of(item, &format!("/{list}/list/{i}"), look);
        }
    }
}

fn references_of(owner: &Value, base: &str, look: &mut impl FnMut(&str, String)) {
    match owner.get("datasource") {
        Some(Value::String(name)) => look(name, format!("{base}/datasource")),
        Some(Value::Object(reference)) => {
            if let Some(Value::String(uid)) = reference.get("uid") {
                look(uid, format!("{base}/datasource/uid"));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn panels_need_their_plugins_and_rows_and_what_is_replaced_need_none() {
        let of = |kind: &str| json!({ "type": kind });
        let body = json!({
            "panels": [of("timeseries"), { "type": "row", "panels": [of("acme-panel")] }, of("graph"),
                { "type": "x", "libraryPanel": { "uid": "a" } }, {}],
            "rows": [{ "panels": [of("table")] }],
        });
        assert_eq!(plugins(&body).into_iter().collect::<Vec<_>>(), ["acme-panel", "table", "timeseries"]);
    }

    #[test]
    fn variables_are_found_in_every_spelling() {
        for (text, expected) in [
            ("$ds", vec!["ds"]),
            ("${ds}", vec!["ds"]),
            ("${ds:raw}-${b.c}", vec!["ds", "b"]),
            ("[[ds]]", vec!["ds"]),
            ("prom-$env-$zone", vec!["env", "zone"]),
            ("${never closed", vec!["never closed"]),
            ("5 $ a[1]", vec![]),
            ("$", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(variables_in(text), expected, "{text}");
        }
    }

    #[test]
    fn a_variable_that_the_dashboard_does_not_have_is_a_reference_that_nothing_explains() {
        let panel = |name: &str| json!({ "type": "x", "datasource": { "uid": name } });
        let body = json!({
            "panels": [panel("${ds}"), panel("$ds"), panel("[[ds]]"), panel("${none}"), panel("$DS_FOO"), panel("[[x]]"),
                panel("a-$ds-${other}"), panel("${__data.x}")],
            "templating": { "list": [{ "name": "ds" }] },
        });
        let told: Vec<String> = references(&body).iter().map(|r| format!("{} {}", r.to.kind, r.to.name)).collect();
        let expected = ["${none}", "$DS_FOO", "[[x]]", "a-$ds-${other}"].map(|t| format!("datasource {t}"));
        assert_eq!(told, expected);
    }

    #[test]
    fn links_to_dashboards_are_found_in_any_text() {
        for (text, expected) in [
            ("/d/abc", vec!["abc"]),
            ("https://g.example/d/a-b_1/slug?var-x=1", vec!["a-b_1"]),
            ("see [one](/d/one) and [two](d/two) or /grafana/d/three?x", vec!["one", "three"]),
            ("d/rel/slug", vec!["rel"]),
            ("/d/", vec![]),
            ("/d/${uid}", vec![]),
            ("/dashboard/db/old", vec![]),
        ] {
            assert_eq!(linked(text).collect::<Vec<_>>(), expected, "{text}");
        }
        let body = json!({ "links": [{ "url": "/d/x/y" }], "panels": [{ "datasource": "prom",
            "fieldConfig": { "defaults": { "links": [{ "url": "/d/z" }] } } }] });
        let told: Vec<String> = uses(&body).iter().map(|to| format!("{}.{}", to.kind, to.name)).collect();
        assert_eq!(told, ["dashboard.x", "dashboard.z", "datasource.prom"]);
    }

    #[test]
    fn every_place_that_names_a_data_source_is_a_reference() {
        let body = json!({
            "title": " T ",
            "panels": [
                { "type": "row", "panels": [{ "type": "stat", "datasource": "old-name" }] },
                { "type": "graph", "datasource": { "type": "x", "uid": "-- Mixed --" }, "targets": [
                    { "datasource": { "uid": "a" } }, { "datasource": { "uid": "a" } }, { "datasource": { "uid": "__expr__" } },
                ] },
                { "type": "x", "datasource": null, "libraryPanel": { "uid": "lib" } },
                { "type": "x", "datasource": "${ds}" },
                { "type": "x", "datasource": "[[ds]]" },
            ],
            "rows": [{ "panels": [{ "type": "x", "datasource": "rowed" }] }],
            "annotations": { "list": [{ "datasource": "-- Grafana --" }, { "datasource": { "uid": "ann" } }] },
            "templating": { "list": [{ "name": "ds", "type": "datasource" }, { "name": "q", "datasource": { "uid": "var" } }] },
        });
        let told: Vec<String> =
            references(&body).iter().map(|r| format!("{} {} {}", r.to.kind, r.to.name, r.pointer)).collect();
        assert_eq!(
            told,
            [
                "library_panel lib /panels/2/libraryPanel/uid",
                "datasource old-name /panels/0/panels/0/datasource",
                "datasource a /panels/1/targets/0/datasource/uid",
                "datasource rowed /rows/0/panels/0/datasource",
                "datasource ann /annotations/list/1/datasource/uid",
                "datasource var /templating/list/1/datasource/uid",
            ]
        );
        let headline = headline(&body);
        assert_eq!(headline.title, "T");
        assert_eq!(
            headline.facts,
            [
                ("panels".into(), "6".to_owned()),
                ("data sources".into(), "old-name, a, ${ds}, [[ds]], rowed, ann and 1 more".to_owned()),
                ("variables".into(), "ds, q".to_owned()),
            ]
        );
    }
}
