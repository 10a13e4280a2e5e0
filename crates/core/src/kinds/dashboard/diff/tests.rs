//! How a diff reads, and what a save in the browser comes to. Its laws stand in `tests/it/diff_laws.rs`.

use serde_json::json;

use super::*;
use crate::render::delta::lines;
use crate::render::style::Style;

fn told(before: &Value, after: &Value) -> Vec<String> {
    lines(&diff(before, after, Numbers::Float), 0, &Style::default())
}

fn check(before: &Value, after: &Value, expected: &[&str]) {
    assert_eq!(told(before, after), expected);
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

fn rewrites() -> Vec<(&'static str, Value)> {
    macro_rules! all {
        ($($name:literal)*) => {
            vec![$(($name, include_str!(concat!("../../../../../../fixtures/diff/rewrites/schema", $name, ".json")))),*]
        };
    }
    all!("00" "14" "17" "18" "22" "25" "26" "27" "30" "31" "32" "34" "35" "36" "38" "39" "40" "41" "42")
        .into_iter()
        .map(|(name, text)| (name, serde_json::from_str(text).unwrap()))
        .collect()
}

fn normal(value: &Value) -> Value {
    use crate::kinds::Kind;
    crate::kinds::dashboard::Dashboard.normal(value.clone()).whole()
}

#[test]
fn a_save_in_the_browser_is_told_in_a_few_lines() {
    for (name, pair) in rewrites() {
        let (old, new) = (normal(&pair["before"]), normal(&pair["after"]));
        for (b, a) in [(&old, &new), (&new, &old)] {
            let text = told(b, a);
            println!("--- {name}\n{}", text.join("\n"));
            assert!(!text.is_empty() && text.len() <= 8, "{name}: {text:#?}");
            // A dashboard of that schema loses what its export added, and nothing else.
            let note = "saved by Grafana's editor: migrated to schema 42";
            assert!(name == "42" || text[0].starts_with(note), "{name}: {text:#?}");
        }
    }
}

#[test]
fn an_edit_made_with_such_a_save_is_shown() {
    for (name, pair) in rewrites() {
        let (old, new) = (normal(&pair["before"]), normal(&pair["after"]));
        let mut edited = new.clone();
        edited["title"] = json!("Another title");
        for (b, a) in [(&old, &edited), (&edited, &old)] {
            let text = told(b, a);
            assert!(text.iter().any(|line| line.contains("Another title")), "{name}: {text:#?}");
        }
        let mut all = Vec::new();
        leaves(&new, "", &mut all);
        for pointer in
            all.iter().filter(|p| p.ends_with("/expr") || p.ends_with("/rawSql") || p.ends_with("/title"))
        {
            if new.pointer(pointer).and_then(Value::as_str).is_none_or(str::is_empty) {
                continue;
            }
            let mut edited = new.clone();
            *edited.pointer_mut(pointer).unwrap() = json!("something else");
            let text = told(&old, &edited).join("\n");
            assert!(text.contains("something else"), "{name} {pointer}: {text}");
        }
    }
}

// Of what Grafana left as it was, every leaf changed by a person as well: each is told beside the rewrite.
#[test]
fn no_rule_hides_what_a_person_did() {
    let mut count = 0;
    for (name, pair) in rewrites() {
        let (old, new) = (normal(&pair["before"]), normal(&pair["after"]));
        let entries = |b: &Value, a: &Value| {
            let mut entries = diff(b, a, Numbers::Float).entries;
            entries.retain(|entry| entry.label != "schemaVersion");
            entries
        };
        let (there, back) = (entries(&old, &new), entries(&new, &old));
        let mut all = Vec::new();
        leaves(&new, "", &mut all);
        for pointer in all.into_iter().step_by(5) {
            let leaf = new.pointer(&pointer).unwrap();
            // In schema 25 copies of panels went, so that places are no longer those of the old form.
            let moved = name == "25" && pointer.starts_with("/panels/");
            if moved
                || pointer == "/schemaVersion"
                || old.pointer(&pointer).is_none_or(|value| !same_value(value, leaf, Numbers::Float))
            {
                continue;
            }
            let edited = edit(
                &new,
                &pointer,
                match leaf {
                    Value::String(text) => json!(format!("{text} edited")),
                    Value::Number(n) => json!(n.as_f64().unwrap() + 7.0),
                    Value::Bool(b) => json!(!b),
                    _ => json!("edited"),
                },
            );
            assert_ne!(entries(&old, &edited), there, "{name} {pointer}");
            assert_ne!(entries(&edited, &old), back, "{name} {pointer}");
            count += 1;
        }
    }
    assert!(count > 400, "{count}");
}

fn edit(value: &Value, pointer: &str, to: Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(pointer).unwrap() = to;
    value
}

fn board() -> Value {
    json!({
        "title": "Checkout", "tags": ["shop", "slo"], "refresh": "30s", "time": { "from": "now-6h", "to": "now" },
        "links": [{ "title": "Runbook", "url": "https://wiki/run" }],
        "panels": [
            { "id": 1, "type": "row", "title": "Latency", "collapsed": false, "gridPos": { "x": 0, "y": 0, "w": 24, "h": 1 } },
            { "id": 2, "type": "timeseries", "title": "p99", "description": "slow", "gridPos": { "x": 0, "y": 1, "w": 12, "h": 8 },
              "datasource": { "type": "prometheus", "uid": "amp" },
              "targets": [
                  { "refId": "A", "expr": "up", "legendFormat": "{{pod}}", "datasource": { "type": "prometheus", "uid": "amp" } },
                  { "refId": "B", "expr": "down" },
              ],
              "transformations": [{ "id": "organize", "options": { "renameByName": { "a": "b" } } }],
              "options": { "legend": { "calcs": ["mean"], "showLegend": true } },
              "fieldConfig": {
                  "defaults": {
                      "unit": "s", "custom": { "lineWidth": 1 },
                      "thresholds": { "mode": "absolute", "steps": [
                          { "color": "green", "value": null }, { "color": "orange", "value": 300 }, { "color": "red", "value": 500 },
                      ] },
                  },
                  "overrides": [{ "matcher": { "id": "byName", "options": "Value #A" },
                                  "properties": [{ "id": "custom.width", "value": 100 }] }],
              } },
            { "id": 3, "type": "stat", "title": "Errors", "gridPos": { "x": 12, "y": 1, "w": 12, "h": 8 } },
        ],
        "templating": { "list": [
            { "name": "region", "type": "custom", "query": "a,b", "current": { "text": "a", "value": "a", "selected": true },
              "options": [{ "text": "a", "value": "a", "selected": true }, { "text": "b", "value": "b", "selected": false }] },
            { "name": "cluster", "type": "query", "definition": "label_values(x)", "query": { "query": "label_values(x)" } },
        ] },
        "annotations": { "list": [{ "name": "Deploys", "enable": true, "expr": "deploys" }] },
    })
}

const UNCHANGED: &str = "(2 panels, 2 variables, 1 annotation unchanged)";
const ONE_LESS: &str = "(1 panel, 2 variables, 1 annotation unchanged)";

/// What is told of one edit of the panel `p99`.
fn check_panel(pointer: &str, to: Value, expected: &[&str]) {
    let before = board();
    let after = edit(&before, &format!("/panels/1{pointer}"), to);
    let mut lines = vec!["~ panel \"p99\" #2"];
    lines.extend(expected);
    lines.push(ONE_LESS);
    check(&before, &after, &lines);
}

#[test]
fn what_a_panel_shows_is_told_by_name() {
    check_panel("/targets/0/expr", json!("up == 1"), &["    ~ query A   up → up == 1"]);
    check_panel("/targets/0/legendFormat", json!("{{node}}"), &["    ~ query A legend   {{pod}} → {{node}}"]);
    check_panel("/targets/1/refId", json!("C"), &["    ~ query C refId   B → C"]);
    check_panel("/targets", json!([{ "refId": "B", "expr": "down" }]), &["    - query A   up"]);
    check_panel("/fieldConfig/defaults/unit", json!("ms"), &["    ~ unit   s → ms"]);
    check_panel("/fieldConfig/defaults/thresholds/steps/2/value", json!(800), &["    ~ threshold   red 500 → 800"]);
    check_panel(
        "/fieldConfig/defaults/thresholds/steps/2/color",
        json!("blue"),
        &["    ~ threshold   red 500 → blue"],
    );
    check_panel(
        "/fieldConfig/defaults/thresholds/steps/2/value",
        json!("800"),
        &["    ~ thresholds.steps[2].value   500 → \"800\""],
    );
    check_panel(
        "/fieldConfig/defaults/custom/lineWidth",
        json!(2),
        &["    ~ fieldConfig.defaults.custom.lineWidth   1 → 2"],
    );
    check_panel(
        "/fieldConfig/overrides/0/properties/0/value",
        json!(120),
        &["    ~ override \"Value #A\" custom.width   100 → 120"],
    );
    check_panel(
        "/transformations/0/options/renameByName/a",
        json!("c"),
        &["    ~ transformation organize options.renameByName.a   b → c"],
    );
    check_panel(
        "/options/legend/calcs",
        json!(["max", "mean"]),
        &["    ~ options.legend.calcs   [\"mean\"] → [\"max\",\"mean\"]"],
    );
    check_panel("/datasource/uid", json!("loki"), &["    ~ data source   amp (prometheus) → loki (prometheus)"]);
    check_panel("/type", json!("barchart"), &["    ~ type   timeseries → barchart"]);
    check_panel("/description", json!(null), &["    ~ description   \"slow\" → null"]);
}

#[test]
fn a_panel_that_is_renamed_stands_under_its_new_name() {
    let before = board();
    check(
        &before,
        &edit(&before, "/panels/2/title", json!("Faults")),
        &["~ panel \"Faults\" #3", "    ~ title   Errors → Faults", ONE_LESS],
    );
    check(
        &before,
        &edit(&before, "/panels/2/id", json!(9)),
        &["~ panel \"Errors\" #9", "    ~ id   3 → 9", ONE_LESS],
    );
}

#[test]
fn another_panel_of_the_same_number_is_no_change_of_the_old_one() {
    let before = board();
    let other = json!({ "id": 2, "type": "logs", "title": "Logs", "datasource": { "type": "loki", "uid": "loki" },
        "targets": [{ "refId": "A", "expr": "{a=\"b\"}" }], "gridPos": { "x": 0, "y": 1, "w": 12, "h": 8 } });
    check(
        &before,
        &edit(&before, "/panels/1", other),
        &[
            "+ panel \"Logs\" #2   (logs, loki) in row \"Latency\"",
            "- panel \"p99\" #2    (timeseries, amp)",
            ONE_LESS,
        ],
    );
}

#[test]
fn rows_and_places_are_told_apart_from_changes() {
    let before = board();
    let mut after = before.clone();
    let panels = after["panels"].as_array_mut().unwrap();
    let inside: Vec<Value> = panels.drain(1..).collect();
    panels[0]["panels"] = json!(inside);
    panels[0]["collapsed"] = json!(true);
    check(
        &before,
        &after,
        &[
            "~ row \"Latency\" #1",
            "    ~ collapsed   false → true",
            "→ panel \"p99\" #2      the top level → row \"Latency\" #1",
            "→ panel \"Errors\" #3   the top level → row \"Latency\" #1",
            UNCHANGED,
        ],
    );
    let mut after = before.clone();
    let panels = after["panels"].as_array_mut().unwrap();
    panels.swap(1, 2);
    panels[1]["gridPos"] = json!({ "x": 0, "y": 1, "w": 12, "h": 8 });
    panels[2]["gridPos"] = json!({ "x": 0, "y": 9, "w": 12, "h": 8 });
    check(
        &before,
        &after,
        &["→ panel \"Errors\" #3         x 12 → x 0", "→ panel \"p99\" #2 position   y 1 → y 9", UNCHANGED],
    );
    let mut after = before.clone();
    for panel in after["panels"].as_array_mut().unwrap() {
        panel["gridPos"]["y"] = json!(panel["gridPos"]["y"].as_i64().unwrap() + 4);
    }
    let new = json!({ "id": 8, "type": "stat", "title": "New", "gridPos": { "x": 0, "y": 0, "w": 24, "h": 4 } });
    after["panels"].as_array_mut().unwrap().insert(0, new);
    check(
        &before,
        &after,
        &["+ panel \"New\" #8   (stat) at the top", "→ layout           3 panels moved down by 4", UNCHANGED],
    );
    let mut after = before.clone();
    after["panels"].as_array_mut().unwrap().swap(1, 2);
    check(&before, &after, &["→ panel \"Errors\" #3   place 3 → place 2 in the list", UNCHANGED]);
    let after = edit(&before, "/panels/2/gridPos", json!({ "x": 0, "y": 9, "w": 24, "h": 8 }));
    check(
        &before,
        &after,
        &["→ panel \"Errors\" #3 position and size   x 12, y 1, 12 × 8 → x 0, y 9, 24 × 8", UNCHANGED],
    );
    let mut after = before.clone();
    after["panels"].as_array_mut().unwrap().insert(
        0,
        json!({ "id": 8, "type": "row", "title": "New", "panels": [
        { "id": 9, "type": "stat", "title": "One" }, { "id": 10, "type": "stat", "title": "Two" },
    ] }),
    );
    check(&before, &after, &["+ row \"New\" #8   with 2 panels at the top", UNCHANGED]);
    check(&after, &before, &["- row \"New\" #8   with 2 panels", UNCHANGED]);
}

#[test]
fn settings_variables_and_links_are_told_by_name() {
    let before = board();
    let told = |pointer: &str, to: Value, expected: &str, rest: &str| {
        check(&before, &edit(&before, pointer, to), &[expected, rest]);
    };
    let (less, plain) = ("(2 panels, 1 variable, 1 annotation unchanged)", UNCHANGED);
    told(
        "/templating/list/0/current",
        json!({ "text": "b", "value": "b", "selected": true }),
        "~ variable \"region\" default   a → b",
        less,
    );
    told("/templating/list/0/query", json!("a,b,c"), "~ variable \"region\" query   a,b → a,b,c", less);
    told(
        "/templating/list/0/options/1/selected",
        json!(true),
        "~ variable \"region\" options[b].selected   false → true",
        less,
    );
    told(
        "/templating/list/0/options",
        json!([{ "text": "a", "value": "a", "selected": true }]),
        "- variable \"region\" options[b]   {\"text\":\"b\",\"value\":\"b\",\"selected\":false}",
        less,
    );
    told(
        "/annotations/list/0/expr",
        json!("rollouts"),
        "~ annotation \"Deploys\" expr   deploys → rollouts",
        "(2 panels, 2 variables unchanged)",
    );
    told(
        "/links/0/url",
        json!("https://wiki/run2"),
        "~ link \"Runbook\" url   https://wiki/run → https://wiki/run2",
        plain,
    );
    told("/time/from", json!("now-1h"), "~ time.from   now-6h → now-1h", plain);
    told("/refresh", json!(false), "~ refresh   \"30s\" → false", plain);
    told("/tags", json!(["shop"]), "- tag \"slo\"", plain);
    told("/tags", json!(["slo", "shop"]), "→ tag \"slo\"   place 2 → place 1", plain);
}

#[test]
fn absence_null_and_nothing_are_three_things() {
    check(&json!({ "a": null }), &json!({}), &["- a   null → (absent)"]);
    check(&json!({}), &json!({ "a": [] }), &["+ a   (absent) → []"]);
    check(&json!({ "a": 1 }), &json!({ "a": "1" }), &["~ a   1 → \"1\""]);
    check(&json!({ "a": "" }), &json!({ "a": null }), &["~ a   \"\" → null"]);
    check(&json!({ "panels": [] }), &json!({}), &["- panels   [] → (absent)"]);
    check(
        &json!({ "panels": {} }),
        &json!({ "panels": [{ "id": "x" }] }),
        &["+ panel (no type, no title)   at the top", "~ panels                      {} → [{\"id\":\"x\"}]"],
    );
    check(&json!([]), &json!({}), &["~ dashboard   [] → {}"]);
}

#[test]
fn a_hostile_document_takes_no_longer_than_its_size() {
    let many = |n: usize, f: &dyn Fn(usize) -> Value| json!({ "panels": (0..n).map(f).collect::<Vec<_>>() });
    let long = |seed: usize| (0..3000).map(|i| format!("w{} ", (i * seed) % 977)).collect::<String>();
    let pairs = [
        (many(20_000, &|i| json!({ "type": i })), many(20_000, &|i| json!({ "type": format!("t{i}") }))),
        (many(20_000, &|i| json!({ "id": 1, "a": i })), many(20_000, &|i| json!({ "id": 1, "b": i }))),
        (
            many(40, &|i| json!({ "id": i, "content": long(i + 3) })),
            many(40, &|i| json!({ "id": i, "content": long(i + 5) })),
        ),
        (
            many(9_000, &|i| json!({ "id": i, "title": "x" })),
            many(9_000, &|i| json!({ "id": 9_000 - i, "title": "x" })),
        ),
    ];
    let start = std::time::Instant::now();
    for (before, after) in &pairs {
        assert!(!diff(before, after, Numbers::Float).is_empty());
        println!("{:?}", start.elapsed());
    }
    // Thousands of times what a real dashboard takes, in a build that is not optimised.
    assert!(start.elapsed().as_secs() < 60);
}
