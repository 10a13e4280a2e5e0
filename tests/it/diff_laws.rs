//! The laws of a dashboard's diff, over values of every shape and over real dashboards (`fixtures/diff`).

use std::path::{Path, PathBuf};

use amgctl::kinds::dashboard::diff::diff;
use amgctl::model::digest::{Numbers, same_value};
use amgctl::model::{Entry, Mark};
use amgctl::render::delta::lines;
use amgctl::render::style::Style;
use proptest::prelude::*;
use serde_json::{Value, json};

const REAL: [(&str, &str); 6] = [
    ("operator", include_str!("../../fixtures/diff/operator.json")),
    ("alloy-resources", include_str!("../../fixtures/diff/alloy-resources.json")),
    ("nginx", include_str!("../../fixtures/diff/nginx.json")),
    ("k8s-events", include_str!("../../fixtures/diff/k8s-events.json")),
    ("ksh", include_str!("../../fixtures/diff/ksh.json")),
    ("query-frontend", include_str!("../../fixtures/diff/query-frontend.json")),
];

fn real() -> Vec<(&'static str, Value)> {
    REAL.iter().map(|(name, text)| (*name, serde_json::from_str(text).unwrap())).collect()
}

/// Every pointer at a leaf (or empty list or object).
fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter()
                .for_each(|(k, v)| leaves(v, &format!("{at}/{}", k.replace('~', "~0").replace('/', "~1")), out));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{at}/{i}"), out));
        }
        _ => out.push(at.to_owned()),
    }
}

/// A value changed at one leaf: another value, another type, removed, or something added beside it.
fn edited(value: &Value, pointer: &str, how: usize) -> Value {
    let mut value = value.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", ""));
    let key = key.replace("~1", "/").replace("~0", "~");
    match how {
        0 => {
            let leaf = value.pointer_mut(pointer).unwrap();
            *leaf = match leaf.take() {
                Value::String(text) => Value::String(format!("{text}x")),
                Value::Number(n) => json!(n.as_f64().unwrap_or(0.0) + 1.0),
                Value::Bool(b) => Value::Bool(!b),
                Value::Null => json!(0),
                Value::Array(_) => json!([1]),
                Value::Object(_) => json!({ "a": 1 }),
            };
        }
        1 => {
            let leaf = value.pointer_mut(pointer).unwrap();
            *leaf = match leaf.take() {
                Value::String(_) => json!(7),
                Value::Number(n) => Value::String(n.to_string()),
                Value::Bool(b) => Value::String(b.to_string()),
                Value::Null => json!([]),
                Value::Array(_) => json!({}),
                Value::Object(_) => Value::Null,
            };
        }
        _ => match value.pointer_mut(parent).unwrap() {
            Value::Object(map) if how == 2 => {
                map.shift_remove(&key);
            }
            Value::Array(items) if how == 2 => {
                items.remove(key.parse().unwrap());
            }
            Value::Object(map) => {
                map.insert("brandNew".into(), json!("thing"));
            }
            Value::Array(items) => items.insert(key.parse().unwrap(), json!("thing")),
            _ => unreachable!(),
        },
    }
    value
}

fn assert_seen(name: &str, before: &Value, pointer: &str, how: usize) {
    let after = edited(before, pointer, how);
    // One more than 1e300 is 1e300.
    if same_value(before, &after, Numbers::Float) {
        return;
    }
    for (b, a) in [(before, &after), (&after, before)] {
        let delta = diff(b, a, Numbers::Float);
        let text = lines(&delta, 6, &Style { width: Some(80), ..Style::default() });
        assert!(!delta.is_empty(), "{name} {pointer} {how}: not seen");
        assert!(text.len() <= 6, "{name} {pointer} {how}: {text:#?}");
        assert!(is_named(b, a, pointer, &text.join("\n")), "{name} {pointer} {how}: not named in {text:#?}");
        assert_differs(&delta.entries, name, pointer);
    }
}

/// Whether a text names what a pointer leads to: the panel by number or title and its query, or the setting.
fn is_named(before: &Value, after: &Value, pointer: &str, text: &str) -> bool {
    let parts: Vec<&str> = pointer.split('/').skip(1).collect();
    let setting = parts[0].replace("~1", "/").replace("~0", "~");
    let mut panel = String::new();
    let mut at = parts.iter();
    while let (Some(key @ &("panels" | "rows")), Some(place)) = (at.next(), at.next()) {
        panel.push_str(&format!("/{key}/{place}"));
    }
    let names: Vec<String> = [before, after]
        .iter()
        .filter_map(|side| side.pointer(&panel).filter(|_| !panel.is_empty()))
        .flat_map(|panel| [number(panel), title(panel)])
        .flatten()
        .collect();
    let is_there = |word: &str| text.contains(word);
    // What was added beside a leaf of the dashboard itself.
    if is_there("brandNew") && parts.len() == 1 {
        return true;
    }
    match setting.as_str() {
        "panels" | "rows" => {
            // A panel without a title has lost its number as well, or what stands among the panels is none.
            let is_nameless = pointer.ends_with("/id") || pointer.ends_with("/panels");
            let owner = if names.is_empty() || is_nameless {
                is_there("panel") || is_there("row")
            } else {
                names.iter().any(|n| is_there(n))
            };
            owner && (!pointer.contains("/targets/") || is_there("query") || is_there("targets"))
        }
        "templating" => is_there("variable") || is_there("templating"),
        "annotations" => is_there("annotation"),
        "links" => is_there("link"),
        "tags" => is_there("tag"),
        _ => is_there(&setting) || is_there("brandNew"),
    }
}

fn number(panel: &Value) -> Option<String> {
    panel.get("id").filter(|id| id.is_number()).map(|id| format!("#{id}"))
}

/// The beginning of a title, as far as nothing in it is escaped.
fn title(panel: &Value) -> Option<String> {
    let title = panel.get("title").and_then(Value::as_str)?;
    let plain: String = title.chars().take(10).take_while(|c| c.is_alphanumeric() || *c == ' ').collect();
    (!plain.trim().is_empty()).then(|| plain.trim().to_owned())
}

fn assert_differs(entries: &[Entry], name: &str, pointer: &str) {
    for entry in entries {
        assert!(entry.from.is_none() || entry.from != entry.to, "{name} {pointer}: {entry:?}");
        assert!(entry.mark != Mark::Change || entry.to.is_some() || !entry.inside.is_empty(), "{entry:?}");
        assert!(!entry.label.is_empty(), "{name} {pointer}: {entry:?}");
        assert_differs(&entry.inside, name, pointer);
    }
}

#[test]
fn every_change_of_a_leaf_is_seen_and_named() {
    let mut seed = 7usize;
    for (name, dashboard) in real() {
        let mut all = Vec::new();
        leaves(&dashboard, "", &mut all);
        for _ in 0..40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            assert_seen(name, &dashboard, &all[(seed >> 33) % all.len()], (seed >> 20) % 4);
        }
    }
}

/// What is told of two versions, without the line of what stayed. In a pipe: in a narrow window long names break lines.
fn told(before: &Value, after: &Value) -> Vec<String> {
    let mut text = lines(&diff(before, after, Numbers::Float), 6, &Style::default());
    text.retain(|line| !line.trim_start().starts_with('('));
    text
}

/// The pointers of all lists of panels, those in rows too.
fn lists_of_panels(dashboard: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for key in ["panels", "rows"] {
        for (i, item) in dashboard.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
            if item.get("panels").and_then(Value::as_array).is_some_and(|inside| !inside.is_empty()) {
                found.push(format!("/{key}/{i}/panels"));
            }
        }
    }
    found.extend(dashboard.get("panels").is_some_and(Value::is_array).then(|| "/panels".to_owned()));
    found
}

/// The laws of one dashboard besides those of its leaves; how many comparisons that were, or what was told otherwise.
fn laws(dashboard: &Value) -> Result<usize, String> {
    let mut count = 1;
    let same = told(dashboard, &turned(dashboard));
    if !same.is_empty() {
        return Err(format!("permuted keys: {same:#?}"));
    }
    let lists = lists_of_panels(dashboard);
    let panels_of = |list: &String| dashboard.pointer(list).and_then(Value::as_array).unwrap();
    // Of two that are alike in all nobody can tell which one moved.
    let all: Vec<&Value> = lists.iter().flat_map(panels_of).collect();
    let has_twins = (1..all.len()).any(|at| all[..at].contains(&all[at]));
    for list in lists.iter().filter(|_| !has_twins) {
        let panels = panels_of(list);
        for at in 0..panels.len() {
            let moved = |to: usize, on_the_grid: bool| {
                let mut after = dashboard.clone();
                let panels = after.pointer_mut(list).and_then(Value::as_array_mut).unwrap();
                let mut panel = panels.remove(at);
                if let Some(place) = panel.get_mut("gridPos").filter(|place| place.is_object() && on_the_grid) {
                    place["x"] = json!((place["x"].as_f64().unwrap_or(0.0) + 3.0) % 24.0);
                    place["y"] = json!(place["y"].as_f64().unwrap_or(0.0) + 100.0);
                }
                panels.insert(to, panel);
                after
            };
            for after in
                [moved(at, true), moved(0, true), moved(panels.len() - 1, true), moved(panels.len() - 1, false)]
            {
                count += 1;
                let text = told(dashboard, &after);
                if text.len() > 1 || text.is_empty() != same_value(dashboard, &after, Numbers::Float) {
                    return Err(format!("{list}/{at} moved: {text:#?}"));
                }
            }
        }
    }
    for height in [1, 8] {
        count += 1;
        let text = told(dashboard, &with_a_panel_on_top(dashboard, height));
        let adds = text.iter().filter(|line| line.trim_start().starts_with('+')).count();
        if adds != 1 || text.len() > 2 {
            return Err(format!("a panel on top: {text:#?}"));
        }
    }
    Ok(count)
}

/// The dashboard with a panel of its full width on top, and everything else below it, as the editor does that.
fn with_a_panel_on_top(dashboard: &Value, height: i64) -> Value {
    let mut after = dashboard.clone();
    let old = dashboard.get("panels").is_none_or(|p| p.as_array().is_some_and(Vec::is_empty));
    let rows = after.get_mut("rows").and_then(Value::as_array_mut).filter(|_| old);
    if let Some(panels) = rows.and_then(|rows| rows.first_mut()?.get_mut("panels")?.as_array_mut()) {
        panels.insert(0, json!({ "id": 900_001, "type": "stat", "title": "On top", "span": 12 }));
        return after;
    }
    let place = json!({ "x": 0, "y": 0, "w": 24, "h": height });
    let new = json!({ "id": 900_001, "type": "stat", "title": "On top", "gridPos": place });
    let Some(Value::Array(panels)) = after.get_mut("panels") else {
        after["panels"] = json!([new]);
        return after;
    };
    for panel in panels.iter_mut() {
        if let Some(place) = panel.get_mut("gridPos").filter(|place| place.is_object()) {
            place["y"] = json!(place["y"].as_i64().unwrap_or(0) + height);
        }
    }
    panels.insert(0, new);
    after
}

#[test]
fn what_moves_is_one_line_and_what_stays_is_none() {
    for (name, dashboard) in real() {
        laws(&dashboard).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("panels".to_owned()),
        Just("rows".into()),
        Just("id".into()),
        Just("title".into()),
        Just("type".into()),
        Just("targets".into()),
        Just("gridPos".into()),
        Just("templating".into()),
        Just("list".into()),
        Just("name".into()),
        Just("tags".into()),
        Just("schemaVersion".into()),
        Just("datasource".into()),
        Just("fieldConfig".into()),
        Just("defaults".into()),
        Just("thresholds".into()),
        Just("steps".into()),
        Just("refId".into()),
        Just("current".into()),
        Just("options".into()),
        Just("y".into()),
        Just("uid".into()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-2i64..20).prop_map(Value::from),
        prop_oneof![Just(1.0), Just(-0.0), Just(9_007_199_254_740_993.0)].prop_map(Value::from),
        prop_oneof![Just("row"), Just("a"), Just("1"), Just(""), Just(" "), Just("(absent)")].prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::vec((key.clone(), inner), 0..7).prop_map(|items| items.into_iter().collect()),
        ]
    })
}

fn turned(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(turned).collect(),
        Value::Object(map) => map.iter().rev().map(|(k, v)| (k.clone(), turned(v))).collect(),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_diff_is_empty_exactly_when_nothing_differs(a in json_value(), b in json_value()) {
        for numbers in [Numbers::Float, Numbers::Exact] {
            let delta = diff(&a, &b, numbers);
            prop_assert_eq!(delta.is_empty(), same_value(&a, &b, numbers));
            prop_assert!(diff(&a, &a, numbers).is_empty());
            prop_assert!(diff(&a, &turned(&a), numbers).is_empty());
            assert_differs(&delta.entries, "", "");
        }
    }

    #[test]
    fn a_change_anywhere_in_any_value_is_seen(a in json_value(), at in any::<prop::sample::Index>(), how in 0usize..2) {
        let mut all = Vec::new();
        leaves(&a, "", &mut all);
        let b = edited(&a, &all[at.index(all.len())], how);
        prop_assert_eq!(diff(&a, &b, Numbers::Float).is_empty(), same_value(&a, &b, Numbers::Float));
    }
}

/// The files of dashboards below `AMGCTL_CORPUS`.
fn corpus() -> Vec<PathBuf> {
    let root = std::env::var_os("AMGCTL_CORPUS").expect("AMGCTL_CORPUS names a directory of dashboards");
    let mut files: Vec<_> = ignore::Walk::new(root)
        .filter_map(Result::ok)
        .map(ignore::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    files
}

/// A dashboard, out of what an API answers with it where it stands in that; and the text of its file.
fn read(file: &Path) -> Option<(String, Value)> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut dashboard: Value = serde_json::from_str(&text).ok()?;
    if let Some(inside) = dashboard.get_mut("dashboard").filter(|inside| inside.is_object()) {
        dashboard = inside.take();
    }
    Some((text, dashboard))
}

/// The other laws, on every dashboard below `AMGCTL_CORPUS`.
#[test]
#[ignore = "needs AMGCTL_CORPUS, a directory of dashboards"]
fn every_move_of_a_corpus_is_one_line() {
    let files = corpus();
    let (mut total, mut missed) = (0, 0);
    for file in &files {
        let Some((_, dashboard)) = read(file) else { continue };
        match laws(&dashboard) {
            Ok(count) => total += count,
            Err(why) => {
                missed += 1;
                println!("{}: {why}", file.display());
            }
        }
    }
    crate::support::fact("moves", &[&files.len(), &total, &missed]);
    assert_eq!(missed, 0, "moves took more lines than one");
}

/// Every leaf of every dashboard below `AMGCTL_CORPUS`, changed in every way: `cargo test -- --ignored every_leaf`.
#[test]
#[ignore = "minutes; needs AMGCTL_CORPUS, a directory of dashboards"]
fn every_leaf_of_a_corpus_is_seen_and_named() {
    let files = corpus();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let (total, missed) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let Some((text, dashboard)) = read(file) else { continue };
                    let mut all = Vec::new();
                    leaves(&dashboard, "", &mut all);
                    // Of the largest, each leaf in one way: every comparison reads the whole.
                    let every = text.len() < 60_000;
                    let start = std::time::Instant::now();
                    let mut count = 0;
                    for (i, pointer) in all.iter().enumerate() {
                        for how in (0..4).filter(|how| every || how == &(i % 4)) {
                            let seen = std::panic::AssertUnwindSafe(|| {
                                assert_seen(&file.display().to_string(), &dashboard, pointer, how);
                            });
                            count += 1;
                            if std::panic::catch_unwind(seen).is_err() {
                                missed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                            }
                        }
                    }
                    total.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
                    println!("{} {} leaves, {count} changes, {:?}", file.display(), all.len(), start.elapsed());
                }
            });
        }
    });
    let (total, missed) = (total.into_inner(), missed.into_inner());
    crate::support::fact("leaves", &[&files.len(), &total, &missed]);
    assert_eq!(missed, 0, "changes were not seen, or took too many lines");
}
