//! Texts before and after.

use serde_json::{Value, json};

use super::*;

fn read(text: &str, format: Format) -> Value {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    patch::read(body, format).expect("read")[0].plain()
}

fn site(pointer: &str) -> Site<'_> {
    Site { document: 0, text: None, pointer }
}

/// Edits a whole document so that it says `wanted`.
#[track_caller]
fn check(text: &str, format: Format, wanted: Value, expected: &str) {
    let declared = read(text, format);
    let edited = edit(text, format, &site(""), &declared, &wanted, Numbers::Exact).expect("edited");
    assert_eq!(edited.held, []);
    assert_eq!(edited.text, expected);
    assert!(same(&read(&edited.text, format), &wanted, Numbers::Exact));
}

#[track_caller]
fn json(text: &str, wanted: Value, expected: &str) {
    check(text, Format::Json, wanted, expected);
}

#[track_caller]
fn yaml(text: &str, wanted: Value, expected: &str) {
    check(text, Format::Yaml, wanted, expected);
}

#[test]
fn a_leaf_of_json_changes_alone() {
    json(
        "{\n  \"a\": 1.0,\n  \"b\": [1, 2e3]\n}\n",
        json!({"a": 2, "b": [1, 2e3]}),
        "{\n  \"a\": 2,\n  \"b\": [1, 2e3]\n}\n",
    );
    json("{\"a\":1,\"b\":\"x\"}", json!({"a": 1, "b": "y\n"}), "{\"a\":1,\"b\":\"y\\n\"}");
    json("\u{feff}{\r\n\t\"a\": 1\r\n}", json!({"a": null}), "\u{feff}{\r\n\t\"a\": null\r\n}");
    json("{\"a\": \"\\u003c\"}", json!({"a": ">"}), "{\"a\": \"\\u003e\"}");
    json("{\"a\": \"\\u00e4\"}", json!({"a": "ö"}), "{\"a\": \"\\u00f6\"}");
}

#[test]
fn members_of_json_come_and_go_on_their_own_lines() {
    let text = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n";
    json(text, json!({"a": 1, "c": 3}), "{\n  \"a\": 1,\n  \"c\": 3\n}\n");
    json(text, json!({"b": 2, "c": 3}), "{\n  \"b\": 2,\n  \"c\": 3\n}\n");
    json(text, json!({"a": 1, "b": 2}), "{\n  \"a\": 1,\n  \"b\": 2\n}\n");
    json(
        text,
        json!({"a": 1, "x": [1, {}], "b": 2, "c": 3}),
        "{\n  \"a\": 1,\n  \"x\": [\n    1,\n    {}\n  ],\n  \"b\": 2,\n  \"c\": 3\n}\n",
    );
    json(text, json!({}), "{}\n");
    json("{\"a\":1}", json!({"a": 1, "b": {"c": [1, 2]}}), "{\"a\":1,\"b\":{\"c\":[1,2]}}");
    json("{\n\t\"a\": []\n}", json!({"a": [{"b": 1}]}), "{\n\t\"a\": [\n\t\t{\n\t\t\t\"b\": 1\n\t\t}\n\t]\n}");
    json("{ \"a\": [1, 2] }", json!({"a": [1, 2, 3]}), "{ \"a\": [1, 2, 3] }");
}

#[test]
fn items_are_matched_by_what_names_them_and_move_with_their_text() {
    let text = "[\n  {\"id\": 1, \"t\": 1.0},\n  {\"id\": 2, \"t\": 2.0},\n  {\"id\": 3, \"t\": 3.0}\n]";
    json(
        text,
        json!([{"id": 3, "t": 3.0}, {"id": 1, "t": 1.0}, {"id": 2, "t": 5}]),
        "[\n  {\"id\": 3, \"t\": 3.0},\n  {\"id\": 1, \"t\": 1.0},\n  {\"id\": 2, \"t\": 5}\n]",
    );
    json(
        text,
        json!([{"id": 1, "t": 1}, {"id": 3, "t": 3}]),
        "[\n  {\"id\": 1, \"t\": 1.0},\n  {\"id\": 3, \"t\": 3.0}\n]",
    );
    json("[1, 2, 3, 4]", json!([1, 3, 9, 4]), "[1, 3, 9, 4]");
}

#[test]
fn scalars_of_yaml_keep_their_quotes_and_comments() {
    let text = "# top\na: 'x' # why\nb: \"y\"\nc: z   # plain\nd: 1\n";
    yaml(
        text,
        json!({"a": "it's", "b": "q\"", "c": "zz", "d": 2.5}),
        "# top\na: 'it''s' # why\nb: \"q\\\"\"\nc: zz   # plain\nd: 2.5\n",
    );
    yaml("a: x\n", json!({"a": "yes"}), "a: 'yes'\n");
    yaml("a: x\n", json!({"a": "1e3"}), "a: '1e3'\n");
    yaml("a: x\n", json!({"a": "l1\nl2\n"}), "a: |\n  l1\n  l2\n");
    yaml("a: |\n    l1\n    l2\nb: 1\n", json!({"a": "l1\nl3\n", "b": 1}), "a: |\n    l1\n    l3\nb: 1\n");
    yaml("a:\nb: 1\n", json!({"a": {"c": [1, "d"]}, "b": 1}), "a:\n  c:\n    - 1\n    - d\nb: 1\n");
    yaml("a: 1\r\nb: 2\r\n", json!({"a": 1, "b": 2, "c": {"d": 1}}), "a: 1\r\nb: 2\r\nc:\r\n  d: 1\r\n");
}

#[test]
fn entries_of_yaml_come_and_go() {
    let text = "a: 1 # one\n# about b\nb:\n  - x: 1\n    y: 2\n  # second\n  - x: 3\nc: 3\n";
    yaml(text, json!({"a": 1, "c": 3}), "a: 1 # one\nc: 3\n");
    yaml(text, json!({"a": 1, "b": [{"x": 3}], "c": 3}), "a: 1 # one\n# about b\nb:\n  # second\n  - x: 3\nc: 3\n");
    yaml(
        text,
        json!({"a": 1, "b": [{"x": 1, "y": 2, "z": "w"}, {"x": 3}, {"x": 4, "y": [5]}], "c": 3}),
        "a: 1 # one\n# about b\nb:\n  - x: 1\n    y: 2\n    z: w\n  # second\n  - x: 3\n  - x: 4\n    y:\n      - 5\nc: 3\n",
    );
    yaml(text, json!({"a": 1, "b": [], "c": 3}), "a: 1 # one\n# about b\nb: []\nc: 3\n");
    yaml("a:\n- 1\n- 2\nb: {x: 1, y: 2}", json!({"a": [1, 2, 3], "b": {"x": 1}}), "a:\n- 1\n- 2\n- 3\nb: {x: 1}");
    yaml("a:\n  - b: 1\n    c: 2\n", json!({"a": [{"c": 2}]}), "a:\n  - c: 2\n");
}

#[test]
fn what_came_from_elsewhere_is_held() {
    let held = |text: &str, declared: Value, wanted: Value| {
        let edited = edit(text, Format::Yaml, &site(""), &declared, &wanted, Numbers::Exact).expect("edited");
        let told = edited.held.iter().map(|h| (h.pointer.clone(), h.why, h.written.clone())).collect::<Vec<_>>();
        (edited.text, told)
    };
    let (text, told) = held("a: $__env{A}\nb: 1\n", json!({"a": "x", "b": 1}), json!({"a": "y", "b": 2}));
    assert_eq!(text, "a: $__env{A}\nb: 2\n");
    assert_eq!(told, [("/a".to_owned(), Why::Elsewhere, "$__env{A}".to_owned())]);
    let (text, told) = held(
        "a: &x {v: 1}\nb: *x\nc:\n  <<: *x\n  w: 1\n",
        json!({"a": {"v": 1}, "b": {"v": 1}, "c": {"v": 1, "w": 1}}),
        json!({"a": {"v": 2}, "b": {"v": 2}, "c": {"v": 2, "w": 2}}),
    );
    assert_eq!(text, "a: &x {v: 1}\nb: *x\nc:\n  <<: *x\n  w: 2\n");
    let whys: Vec<Why> = told.iter().map(|(_, why, _)| *why).collect();
    assert_eq!(whys, [Why::Anchor, Why::Alias, Why::MergeKey]);
}

#[test]
fn a_text_inside_a_text_is_edited_inside() {
    let inside = |text: &str, format: Format, expected: &str| {
        let at = Inside { pointer: "/spec/json", format: Format::Json, document: 0 };
        let site = Site { document: 0, text: Some(at), pointer: "" };
        let (declared, wanted) = (json!({"a": 1, "b": "x"}), json!({"a": 1, "b": "y'z\"", "c": 3}));
        let edited = edit(text, format, &site, &declared, &wanted, Numbers::Exact).expect("edited");
        assert_eq!(edited.text, expected);
    };
    inside(
        "spec:\n  json: >-\n    {\"a\": 1, \"b\": \"x\"}\nx: 1\n",
        Format::Yaml,
        "spec:\n  json: >-\n    {\"a\": 1, \"b\": \"y'z\\\"\", \"c\": 3}\nx: 1\n",
    );
    inside(
        "spec:\n  json: |\n    {\n      \"a\": 1,\n\n      \"b\": \"x\"\n    }\n  # next\n  other: 1\n",
        Format::Yaml,
        "spec:\n  json: |\n    {\n      \"a\": 1,\n\n      \"b\": \"y'z\\\"\",\n\n      \"c\": 3\n    }\n  # next\n  other: 1\n",
    );
    inside(
        "spec:\n  json: '{\"a\": 1, \"b\": \"x\"}'\n",
        Format::Yaml,
        "spec:\n  json: '{\"a\": 1, \"b\": \"y''z\\\"\", \"c\": 3}'\n",
    );
    inside(
        "{\"spec\": {\"json\": \"{\\\"a\\\": 1, \\\"b\\\": \\\"x\\\"}\"}}",
        Format::Json,
        "{\"spec\": {\"json\": \"{\\\"a\\\": 1, \\\"b\\\": \\\"y'z\\\\\\\"\\\", \\\"c\\\": 3}\"}}",
    );
    inside(
        "spec:\r\n  json: |-\r\n    {\"a\": 1,\r\n     \"b\": \"x\"}\r\n",
        Format::Yaml,
        "spec:\r\n  json: |-\r\n    {\"a\": 1,\r\n     \"b\": \"y'z\\\"\",\r\n     \"c\": 3}\r\n",
    );
}

#[test]
fn what_does_not_clash_is_merged() {
    let base = json!({"title": "t", "panels": [{"id": 1, "title": "A", "type": "x"}, {"id": 2, "title": "B"}]});
    let ours = json!({"title": "ours", "panels": [{"id": 1, "title": "A1", "type": "x"}, {"id": 3, "title": "C"}]});
    let theirs = json!({"title": "t", "tags": ["n"], "panels": [{"id": 2, "title": "B2"}, {"id": 1, "title": "A2", "type": "y"}]});
    let Merged { value, clashes } = merge(&base, &ours, &theirs, Numbers::Float);
    assert_eq!(
        value,
        json!({"title": "ours", "tags": ["n"], "panels": [{"id": 1, "title": "A1", "type": "y"}, {"id": 3, "title": "C"}]})
    );
    let told: Vec<(&str, &str)> = clashes.iter().map(|c| (c.pointer.as_str(), c.label.as_str())).collect();
    assert_eq!(told, [("/panels/id=2", "panel \"B2\" #2"), ("/panels/id=1/title", "panel \"A1\" #1, title")]);
}

#[test]
fn lists_at_the_indentation_of_their_key_are_read() {
    let text =
        "title: 'N' # t\npanels:\n- id: 1\n  title: one\n  options: &o {content: hello}\n- id: 2\n  options: *o\n";
    assert_eq!(crate::yaml::parse(text).map(|all| all.len()), Some(1));
}

/// Numbers without a clock and without a crate: the same ones each time.
struct Numbered(u64);

impl Numbered {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % n.max(1)
    }
}

fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| leaves(v, format!("{at}/{i}"), found)),
        Value::Object(map) => map.iter().for_each(|(k, v)| leaves(v, below(&at, k), found)),
        _ => found.push(at),
    }
}

fn dashboards() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/corpus"))];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).expect("a directory").flatten().map(|one| one.path()));
        } else if path.extension().is_some_and(|end| end == "json") {
            let text = std::fs::read_to_string(&path).expect("a text");
            let is_one = crate::json::parse(&text).is_some_and(|root| {
                let mut members = 0;
                if let crate::tree::Shape::Object(all, _) = &root.shape {
                    members = all.iter().map(|m| &m.name).collect::<std::collections::BTreeSet<_>>().len();
                    members = if members == all.len() { members } else { 0 };
                }
                members > 0
            });
            if is_one {
                found.push((path.display().to_string(), text));
            }
        }
    }
    found.sort();
    found
}

/// A text with one tab for each two blanks that a line begins with.
fn tabbed(text: &str) -> String {
    let line = |line: &str| {
        let rest = line.trim_start_matches(' ');
        format!("{}{rest}\n", "\t".repeat((line.len() - rest.len()) / 2))
    };
    text.lines().map(line).collect()
}

/// The ways in which a dashboard is written.
fn ways(text: &str) -> Vec<(Format, String, bool)> {
    let value: Value = serde_json::from_str(text).expect("JSON");
    let pretty = serde_json::to_string_pretty(&value).expect("text");
    let root = crate::json::parse("{}").expect("JSON");
    let manner = crate::render::Manner::of("a:\n  b: 1\n", Format::Yaml, &root);
    let yaml = manner.block(&value, "", crate::render::After::Key).trim_start().replace("\n  ", "\n");
    let inner = pretty.lines().map(|line| format!("    {line}\n")).collect::<String>();
    vec![
        (Format::Json, text.to_owned(), false),
        (Format::Json, format!("\u{feff}{}", text.replace("\r\n", "\n").replace('\n', "\r\n")), false),
        (Format::Json, value.to_string(), false),
        (Format::Json, tabbed(&pretty), false),
        (Format::Yaml, format!("{yaml}\n"), false),
        (Format::Yaml, format!("kind: x\nspec:\n  json: |\n{inner}  other: 1\n"), true),
        (Format::Yaml, format!("kind: x\nspec:\n  json: {}\n", Value::String(pretty)), true),
    ]
}

/// Changes one leaf in each way; the text outside of the leaf's lines stays.
fn one_leaf(text: &str, random: &mut Numbered) -> usize {
    let mut done = 0;
    for (format, text, is_inside) in ways(text) {
        let inside = Inside { pointer: "/spec/json", format: Format::Json, document: 0 };
        let whole = read(&text, format);
        let declared = match is_inside {
            true => serde_json::from_str(whole.pointer("/spec/json").and_then(Value::as_str).expect("a text"))
                .expect("JSON"),
            false => whole,
        };
        let mut found = Vec::new();
        leaves(&declared, String::new(), &mut found);
        if found.is_empty() {
            continue;
        }
        let pointer = &found[random.below(found.len())];
        let mut wanted: Value = declared.clone();
        let leaf = wanted.pointer_mut(pointer).expect("a leaf");
        *leaf = match random.below(6) {
            0 => json!(random.below(1000)),
            1 => json!(format!("rate(x{{a=\"{}\"}}[5m]) # it's", random.below(9))),
            2 => Value::Null,
            3 => json!(1.5),
            4 => json!(leaf != &json!(true)),
            _ => json!("yes"),
        };
        let site = Site { document: 0, text: is_inside.then_some(inside), pointer: "" };
        let edited = edit(&text, format, &site, &declared, &wanted, Numbers::Exact);
        let edited = edited.unwrap_or_else(|why| panic!("{why:?} at {pointer} of\n{text}"));
        assert_eq!(edited.held, [], "{pointer}");
        let after = read(&edited.text, format);
        let after = if is_inside {
            serde_json::from_str(after["spec"]["json"].as_str().expect("a text")).expect("JSON")
        } else {
            after
        };
        assert!(same(&after, &wanted, Numbers::Exact), "{pointer}");
        // Lines before and after are the same ones; of a leaf that was no block scalar, one line differs.
        let (old, new): (Vec<&str>, Vec<&str>) = (text.split('\n').collect(), edited.text.split('\n').collect());
        let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let behind = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
        let is_lined = format == Format::Yaml && !is_inside;
        let most = declared
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|_| is_lined)
            .map_or(1, |text| 1 + text.lines().count());
        assert!(old.len().saturating_sub(before + behind) <= most, "{pointer} of\n{text}\n---\n{}", edited.text);
        done += 1;
    }
    done
}

fn many(least: usize) {
    let mut random = Numbered(7);
    let all = dashboards();
    assert!(all.len() > 20, "{}", all.len());
    let mut done = 0;
    while done < least {
        for (_, text) in all.iter().filter(|(_, text)| least > 1000 || text.len() < 40_000) {
            done += one_leaf(text, &mut random);
        }
    }
    println!("{done} edits of {} dashboards", all.len());
}

#[test]
fn an_edit_of_a_leaf_changes_the_lines_of_that_leaf() {
    many(100);
}

#[test]
#[ignore = "minutes: scripts/proof has it"]
fn ten_thousand_edits_of_leaves_change_the_lines_of_those_leaves() {
    many(10_000);
}
