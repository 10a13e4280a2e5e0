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
            vec![$(($name, include_str!(concat!("../../../../fixtures/diff/rewrites/schema", $name, ".json")))),*]
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

#[test]
fn dbg_show() {
    let stat = json!({ "id": 2, "type": "stat", "title": "p99", "datasource": { "type": "prometheus", "uid": "amp" },
        "fieldConfig": { "defaults": { "unit": "s", "thresholds": { "steps": [
            { "color": "green", "value": null }, { "color": "red", "value": 500 } ] } }, "overrides": [] } });
    check(&json!({ "panels": [stat] }), &json!({ "panels": [] }), &["- panel \"p99\" #2   (stat, amp)"]);
}
