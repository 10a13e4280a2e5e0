//! Texts that are odd, broken or hostile: each has an outcome.

use super::*;

/// What is wrong with a dashboard file of this text.
fn json(text: impl AsRef<[u8]>, expected: &str) {
    check(&[("a.json", text)], expected);
}

fn yaml(text: impl AsRef<[u8]>, expected: &str) {
    check(&[("a.yaml", text)], expected);
}

/// The value of `x` in a dashboard that has `x` as its panels' neighbour.
fn kept(name: &str, text: &str) -> String {
    let root = directory(&[(name, text)]);
    let declarations = loaded(root.path());
    let body = declarations.body(&declarations.objects[0]).map_err(|problem| lines(&[*problem])).unwrap();
    body.text
}

#[test]
fn broken_json_says_where_and_what_is_missing() {
    json(
        "{\n  \"title\": \"T\"\n  \"panels\": []\n}",
        r#"error[json] a.json:2:15: expected `,` or `}` after this value -- a comma is missing before "panels" on line 3"#,
    );
    json(
        "{\"panels\": [1, 2,], \"title\": \"T\"}",
        "error[json] a.json:1:17: trailing comma before `]` -- remove the comma",
    );
    json(
        "{\"panels\": [], \"title\": \"T\",}",
        "error[json] a.json:1:28: trailing comma before `}` -- remove the comma",
    );
    json(
        "{\"panels\": [], \"title\": NaN}",
        "error[json] a.json:1:25: `NaN` is not a value that JSON knows -- Grafana cannot keep it either: write `null`",
    );
    json(
        "{\"panels\": [], \"title\": True}",
        "error[json] a.json:1:25: `True` is not a value that JSON knows -- JSON writes `true`, `false` and `null` in small letters",
    );
    json("{\"panels\": [], 'title': 1}", r#"error[json] a.json:1:16: expected a key in double quotes, found `'`"#);
    json(
        "{\"panels\": [], \"title\": 'x'}",
        "error[json] a.json:1:25: expected a value -- JSON writes texts in double quotes",
    );
    json(
        "// hello\n{\"title\": \"T\", \"panels\": []}",
        "error[json] a.json:1:1: JSON has no comments -- remove it, or write this file as YAML",
    );
    json(
        "{\"panels\": [",
        "error[json] a.json:1:12: the file ends before this `[` is closed -- the file may have been cut short",
    );
    json("{\"panels\": \"abc\n\"}", r#"error[json] a.json:1:12: this text is never closed with a `"`"#);
    json(
        "{\"panels\": \"a\\qb\"}",
        r#"error[json] a.json:1:14: this is not an escape that JSON knows -- a backslash itself is written `\\`"#,
    );
    json(
        "{\"panels\": \"a\tb\"}",
        r#"error[json] a.json:1:14: a text may not hold the control character U+0009 as it is -- write it as `\u0009`"#,
    );
    json("{\"panels\" []}", "error[json] a.json:1:2: expected `:` after this key");
    json(
        "{\"panels\": [01]}",
        "error[json] a.json:1:13: `01` is not a number as JSON writes them -- leave out the leading zero",
    );
    json(
        "{\"panels\": [1.]}",
        "error[json] a.json:1:13: `1.` is not a number as JSON writes them -- write at least one digit after the point",
    );
    json("{\"panels\": [+1]}", "error[json] a.json:1:13: expected a value, found `+`");
    json(
        "{\"panels\": []} x",
        "error[json] a.json:1:16: expected nothing after the end of the document -- one JSON file holds one document; YAML can hold several, with `---` between them",
    );
    json(
        "",
        "error[json] a.json: this file is empty -- if this file is not for amgctl, name it in `.amgctlignore`",
    );
    json(
        "{{ toJson .Values }}",
        "error[json] a.json:1:2: expected a key in double quotes, found `{` -- if this is a template, render it first, as `helm template DIR` does; if it is not for amgctl, name it in a file `.amgctlignore`",
    );
    json(
        b"{\"panels\": [], \"title\": \"\xff\"}",
        "error[encoding] a.json:1:26: this file is not UTF-8 -- save it as UTF-8",
    );
    json(
        b"\xff\xfe{\0}\0",
        "error[encoding] a.json:1:1: this file is not UTF-8 -- it is UTF-16: save it as UTF-8 (in PowerShell: `Out-File -Encoding utf8`)",
    );
}

#[test]
fn duplicate_keys_are_refused_at_any_depth_with_both_places() {
    json(
        "{\n\"title\": \"T\",\n\"panels\": [{\"a\": {\"id\": 1,\n \"id\": 2}}]}",
        "error[duplicate-key] a.json:3:19 + a.json:4:2: the key `id` stands twice in one object -- keep one of them: Grafana would keep the last one without a word",
    );
    yaml(
        "title: T\npanels:\n  - id: 1\n    id: 2\n",
        "error[duplicate-key] a.yaml:3:5 + a.yaml:4:5: the key `id` stands twice in one object -- keep one of them: Grafana would keep the last one without a word",
    );
    yaml("title: T\nbase: &b {id: 1}\npanels:\n  - <<: *b\n    id: 2\n", "");
}

#[test]
fn faults_inside_what_is_not_ours_are_not_ours() {
    check(&[("values.json", "{\"a\": 1, \"a\": 2}"), ("values.yaml", "a: 1\na: 9007199254740993\n")], "");
}

#[test]
fn halves_of_pairs_are_refused_and_pairs_are_read() {
    json(
        "{\"panels\": [], \"title\": \"\\ud83d\"}",
        "error[lone-surrogate] a.json:1:26: half of a surrogate pair stands alone, which is no character -- write the whole pair, or the character itself",
    );
    json("{\"panels\": [], \"title\": \"\\ude00 \\ud83dx\"}", "error[lone-surrogate] a.json:1:26: half of a surrogate pair stands alone, which is no character -- write the whole pair, or the character itself
        error[lone-surrogate] a.json:1:33: half of a surrogate pair stands alone, which is no character -- write the whole pair, or the character itself");
    json("{\"panels\": [], \"title\": \"\\ud83d\\ude00\"}", "");
    yaml(
        "panels: []\ntitle: \"\\ud83d\"\n",
        "error[yaml] a.yaml:2:8: while parsing a quoted scalar, found high surrogate without following low surrogate",
    );
}

#[test]
fn numbers_that_grafana_cannot_keep_are_told() {
    json("{\"title\": \"T\", \"panels\": [9007199254740993, -9007199254740993, 9007199254740992]}", "warning[wide-number] a.json:1:27: `9007199254740993` has more digits than Grafana 12 can keep; it becomes `9007199254740992` -- write it as a text, if the panel can read one
        warning[wide-number] a.json:1:45: `-9007199254740993` has more digits than Grafana 12 can keep; it becomes `-9007199254740992` -- write it as a text, if the panel can read one");
    json(
        "{\"title\": \"T\", \"panels\": [100000000000000000001, 100000000000000000000, 1e21, 1.5e300]}",
        "warning[wide-number] a.json:1:27: `100000000000000000001` has more digits than Grafana 12 can keep; it becomes `100000000000000000000` -- write it as a text, if the panel can read one",
    );
    json(
        "{\"title\": \"T\", \"panels\": [1e400]}",
        "error[number] a.json:1:27: `1e400` is larger than any number that Grafana can keep -- the largest is about 1.8e308",
    );
    yaml("title: T\npanels: [9007199254740993, 100000000000000000001, 1e21]\n", "warning[wide-number] a.yaml:2:10: `9007199254740993` has more digits than Grafana 12 can keep; it becomes `9007199254740992` -- write it as a text, if the panel can read one
        warning[wide-number] a.yaml:2:28: `100000000000000000001` has more digits than Grafana 12 can keep; it becomes `100000000000000000000` -- write it as a text, if the panel can read one");
    yaml(
        "title: T\npanels: [1e400]\n",
        "error[number] a.yaml:2:10: value `1e400` is not a finite number -- Grafana cannot keep it: write `null`, or the text in quotes",
    );
    yaml(
        "title: T\npanels: [.inf]\n",
        "error[number] a.yaml:2:10: value `.inf` is not a finite number -- Grafana cannot keep it: write `null`, or the text in quotes",
    );
    yaml(
        "title: T\npanels: [.NaN]\n",
        "error[number] a.yaml:2:10: value `.NaN` is not a finite number -- Grafana cannot keep it: write `null`, or the text in quotes",
    );
}

#[test]
fn numbers_keep_their_spelling_in_json_and_their_value_in_yaml() {
    let text = "{\"title\": \"T\", \"panels\": [1.0, 1e3, 1E+21, 0.10000000000000001, -0, 1e-09]}";
    assert!(kept("a.json", text).contains("[1.0, 1e3, 1E+21, 0.10000000000000001, -0, 1e-09]"));
    let text = kept("a.yaml", "title: T\nuid: u\npanels: [1e3, 014, 1_000, yes, 0x10, ~, 2026-01-02]\n");
    assert!(text.contains("[1000.0,\"014\",\"1_000\",\"yes\",16,null,\"2026-01-02\"]"), "{text}");
}

#[test]
fn keys_of_yaml_are_texts_as_they_are_spelled() {
    let text = kept("a.yaml", "title: T\nuid: u\npanels: []\nx: {1: a, true: b, 1.50: c, 0x1: d}\n");
    assert!(text.contains("{\"1\":\"a\",\"true\":\"b\",\"1.50\":\"c\",\"0x1\":\"d\"}"), "{text}");
    yaml("title: T\npanels: []\nnull: x\n", "error[yaml] a.yaml:3:1: a key of an object must be a text");
    yaml("title: T\npanels: []\n? [a]\n: x\n", "error[yaml] a.yaml:3:3: a key of an object must be a text");
}

#[test]
fn characters_of_any_plane_arrive_as_they_are() {
    for title in ["⚡️ 😀", "e\u{301}", "日本", "a\u{a0}b"] {
        let text = kept("a.yaml", &format!("title: \"{title}\"\nuid: u\npanels: []\n"));
        assert!(text.contains(title), "{text}");
    }
}

#[test]
fn byte_order_marks_and_line_endings_are_read() {
    json("\u{feff}{\r\n\"title\": \"T\",\r\n\"panels\": []\r\n}\r\n", "");
    yaml("\u{feff}title: T\r\npanels: []\r\n", "");
    json(
        "\u{feff}{\r\n\"title\": \"T\",\r\n\"panels\": [,]\r\n}\r\n",
        "error[json] a.json:3:12: expected a value, found `,`",
    );
}

#[test]
fn bombs_do_not_go_off() {
    let deep = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    json(
        format!("{{\"panels\": {}}}", deep("[", "]", 100)),
        "error[json] a.json:1:111: objects and lists are nested more than 100 deep",
    );
    let deeper = "error[json] a.json:1:101: objects and lists are nested more than 100 deep -- if this file is not for amgctl, name it in `.amgctlignore`";
    json(deep("[", "]", 1_000_000), deeper);
    json("[".repeat(1_000_000), deeper);
    yaml(
        format!("panels: {}", deep("[", "]", 110)),
        "error[title] a.yaml:1:1: this dashboard has no `title` -- add one: Grafana refuses a dashboard without it
        error[yaml] a.yaml:1:109: objects and lists are nested more than 100 deep",
    );
    yaml(
        format!("panels: {}", deep("[", "]", 100_000)),
        "error[yaml] a.yaml:1:264: objects and lists are nested more than 100 deep",
    );
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..9 {
        bomb.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(",")));
    }
    yaml(
        bomb,
        "error[yaml] a.yaml:6:14: this document grows too large when its aliases are followed -- if this file is not for amgctl, name it in `.amgctlignore`",
    );
    yaml(
        "a: &x [*x]\n",
        "error[yaml] a.yaml:1:8: an alias may not stand inside its own anchor -- if this file is not for amgctl, name it in `.amgctlignore`",
    );
}

#[test]
fn yaml_holds_many_documents_and_empty_ones_do_not_count() {
    let root = directory(&[(
        "a.yaml",
        "---\n---\nuid: a\ntitle: A\npanels: []\n---\n\n---\nuid: b\ntitle: B\npanels: []\n...\n",
    )]);
    let declarations = loaded(root.path());
    assert_eq!(objects(&declarations), ["dashboard.a at the root", "dashboard.b at the root"]);
    assert_eq!(declarations.objects[1].place.to_string(), "a.yaml:9:1");
    for declared in &declarations.objects {
        assert!(declarations.body(declared).is_ok());
    }
}

#[test]
fn anchors_are_followed() {
    let text = kept("a.yaml", "uid: u\ntitle: &t T\npanels: [{title: *t, type: stat}]\n");
    assert!(text.contains("[{\"title\":\"T\",\"type\":\"stat\"}]"), "{text}");
    yaml(
        "a: *none\n",
        "error[yaml] a.yaml:1:4: no anchor has this name -- if this file is not for amgctl, name it in `.amgctlignore`",
    );
}

#[test]
fn tags_that_nobody_knows_are_refused() {
    yaml("title: T\npanels: !secret x\n", "error[yaml] a.yaml:2:17: unsupported tag `!secret`");
}

#[test]
fn broken_yaml_says_where() {
    yaml("title: T\npanels: [\n", "error[yaml] a.yaml:2:9: unclosed bracket '['");
    yaml(
        "title: T\n\tpanels: []\n",
        "error[yaml] a.yaml:1:8: while scanning a plain scalar, found a tab -- YAML is indented with blanks, not with tabs",
    );
    yaml(
        "{{ if .Values.x }}\npanels: []\n{{ end }}\n",
        "error[yaml] a.yaml:1:2: a key of an object must be a text -- if this is a template, render it first, as `helm template DIR` does; if it is not for amgctl, name it in a file `.amgctlignore`",
    );
    yaml(
        "title: {{ .Values.title }}\npanels: []\n",
        "error[yaml] a.yaml:1:9: a key of an object must be a text -- if this is a template, render it first, as `helm template DIR` does; if it is not for amgctl, name it in a file `.amgctlignore`",
    );
}

#[test]
fn large_files_are_refused_before_they_are_read() {
    let root = directory(&[("ok.json", dashboard("a"))]);
    let file = std::fs::File::create(root.path().join("big.json")).unwrap();
    file.set_len(walk::MAX_BYTES + 1).unwrap();
    expect(
        &lines(&loaded(root.path()).problems),
        "error[too-large] big.json: this file has 16777217 bytes, more than 16 MiB -- if it is not for amgctl, name it in `.amgctlignore`",
    );
}

#[test]
fn every_fault_of_every_file_is_told_in_one_run() {
    check(
        &[
            ("a.json", "{\"panels\": [], \"title\": \"A\", \"uid\": \"b d\", \"panels\": []}".to_owned()),
            ("b.json", "{".to_owned()),
            ("c.yaml", "title: ''\npanels: []\nuid: amgctl-x\n".to_owned()),
            ("d.json", dashboard("d")),
        ],
        "error[duplicate-key] a.json:1:2 + a.json:1:44: the key `panels` stands twice in one object -- keep one of them: Grafana would keep the last one without a word
        error[uid] a.json:1:37: a uid may not hold ` `: letters, digits, `-` and `_` only -- choose another one; links to the dashboard hold its uid
        error[json] b.json:1:1: the file ends before this `{` is closed -- the file may have been cut short; if this file is not for amgctl, name it in `.amgctlignore`
        error[title] c.yaml:1:8: a dashboard's title may not be empty -- write the title that people see
        error[reserved-uid] c.yaml:3:6: the uid `amgctl-x` is kept for amgctl itself -- choose one that is not `amgctl` and does not begin with `amgctl-`",
    );
}
