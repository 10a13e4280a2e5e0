//! Documents in texts of other documents: whatever the style that they are written in, a fault is shown where it stands.

use proptest::prelude::*;

use super::*;

/// How a text is written inside a ConfigMap.
#[derive(Clone, Copy, Debug)]
enum Style {
    Literal,
    Folded,
    Single,
    SingleFolded,
    Double,
    DoubleFolded,
    Json,
}

const STYLES: [Style; 7] = [
    Style::Literal,
    Style::Folded,
    Style::Single,
    Style::SingleFolded,
    Style::Double,
    Style::DoubleFolded,
    Style::Json,
];

fn indented(text: &str, by: usize) -> String {
    text.lines()
        .map(|line| if line.is_empty() { "\n".into() } else { format!("{}{line}\n", " ".repeat(by)) })
        .collect()
}

/// A ConfigMap with a text, and the name of its file.
fn config_map(text: &str, style: Style, indent: usize) -> (&'static str, String) {
    const HEAD: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {grafana_dashboard: \"1\"}}\ndata:\n";
    let escaped = serde_json::Value::String(text.to_owned()).to_string();
    let scalar = match style {
        Style::Literal => format!("|-\n{}", indented(text, 2 + indent)),
        Style::Folded => format!(">\n{}", indented(text, 2 + indent)),
        Style::Single => format!("'{}'", text.replace('\n', " ").replace('\'', "''")),
        Style::SingleFolded => format!("'{}'", indented(&text.replace('\'', "''"), 3 + indent).trim()),
        Style::Double => escaped,
        Style::DoubleFolded => {
            let lines: Vec<String> =
                text.lines().map(|line| serde_json::Value::String(line.to_owned()).to_string()).collect();
            let lines: Vec<&str> = lines.iter().map(|line| &line[1..line.len() - 1]).collect();
            format!("\"{}\"", indented(&lines.join("\n"), 3 + indent).trim())
        }
        Style::Json => {
            let head = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"grafana_dashboard": "1"}}, "data": {"#;
            return ("cm.json", format!("{head}\n \"a.json\": {escaped}}}}}\n"));
        }
    };
    ("cm.yaml", format!("{HEAD}  a.json: {scalar}\n"))
}

/// What stands in a file at the place of the only problem with a code, without the quote or the escape that it begins with.
fn at_problem(file: &str, text: &str, code: &str) -> String {
    let root = directory(&[(file, text)]);
    let problems = loaded(root.path()).problems;
    let found: Vec<&Problem> = problems.iter().filter(|problem| problem.code == code).collect();
    let [problem] = found[..] else { panic!("{}in\n{text}", lines(&problems)) };
    let place = &problem.spots[0].place;
    let line = text.lines().nth(place.line as usize - 1).unwrap();
    let rest: String = line.chars().skip(place.column as usize - 1).collect();
    rest.trim_start_matches(['\\', '"']).to_owned()
}

prop_compose! {
    fn members()(members in prop::collection::vec(("[a-z]{1,6}", "[ -~é\u{1f600}\t]{0,12}"), 0..6)) -> Vec<String> {
        let member = |(i, (key, value)): (usize, (String, String))| {
            format!("\"x{i}{key}\": {}", serde_json::Value::String(value))
        };
        members.into_iter().enumerate().map(member).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fault_in_a_text_is_shown_where_it_stands(
        before in members(),
        after in members(),
        style in prop::sample::select(&STYLES[..]),
        indent in 1_usize..5,
        windows in any::<bool>(),
    ) {
        let with = |planted: &str| {
            let mut all = vec!["\"title\": \"it's \\\"T\\\"\"".to_owned(), "\"panels\": []".to_owned()];
            all.extend(before.iter().cloned());
            all.push(planted.to_owned());
            all.extend(after.iter().map(|member| member.replace("\"x", "\"y")));
            let (file, text) = config_map(&format!("{{\n{}\n}}", all.join(",\n")), style, indent);
            (file, if windows { text.replace('\n', "\r\n") } else { text })
        };
        let (file, text) = with("\"rows\": \"§\"");
        prop_assert!(at_problem(file, &text, "dashboard").starts_with('§'), "{text}");
        let (file, text) = with("\"rows\": §");
        prop_assert!(at_problem(file, &text, "json").starts_with('§'), "{text}");
    }
}

#[test]
fn an_alias_is_named_with_the_place_of_its_value() {
    let text = "x-spare: &it 7\napiVersion: 1\ndatasources:\n- {name: x, type: loki, url: *it}\n";
    let root = directory(&[("a.yaml", text)]);
    let problems = loaded(root.path()).problems;
    let wrong = problems.iter().find(|problem| problem.message == "`url` must be a text").unwrap();
    let spot = &wrong.spots[0];
    assert_eq!(
        (spot.place.to_string(), spot.label.as_str()),
        ("a.yaml:4:30".into(), "its value stands at a.yaml:1:14")
    );
}

#[test]
fn a_text_that_is_an_alias_has_the_places_of_its_value() {
    let text = "x-board: &board |\n  {\"title\": 5, \"panels\": []}\napiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {grafana_dashboard: \"1\"}}\ndata: {a.json: *board}\n";
    assert!(at_problem("a.yaml", text, "title").starts_with("5,"));
}

#[test]
fn a_value_that_is_put_in_keeps_the_place_of_what_is_written() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {grafana_datasource: \"1\"}}\ndata:\n  a.yaml: \"apiVersion: 1\\ndatasources:\\n- {name: x, type: loki, access: $TOKEN}\"\n";
    assert!(at_problem("a.yaml", text, "datasource").starts_with("$TOKEN}"));
}

#[test]
fn what_may_not_be_shown_of_a_text_is_not_shown_where_it_stands_either() {
    let inner = "apiVersion: 1\ndatasources:\n- name: x\n  type: loki\n  jsonData: {}\n  password: hunter3\n  access: odd\n  secureJsonData: {a: hunter4}\n  basicAuthPassword: hunter5\n";
    let escaped = serde_json::Value::String(inner.into()).to_string();
    let head =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {grafana_datasource: \"1\"}}\ndata:\n  a.yaml: ";
    for scalar in [escaped, format!("|\n{}", indented(inner, 4))] {
        let root = directory(&[("a.yaml", format!("{head}{scalar}\n"))]);
        let problems = loaded(root.path()).problems;
        assert!(problems.len() > 2, "{}", lines(&problems));
        let shown = format!("{problems:?}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
