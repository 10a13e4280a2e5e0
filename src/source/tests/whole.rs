//! Whole directories: real dashboards, the example of the quick start, and bytes that nobody wrote.

use proptest::prelude::*;

use super::*;
use crate::kinds;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// What is sent means what was digested, and what was digested is what the file says.
fn bodies_are_what_was_digested(declarations: &Declarations) {
    for declared in &declarations.objects {
        let body = declarations.body(declared).map_err(|problem| lines(&[*problem])).unwrap();
        let kind = kinds::by_name(declared.address.kind);
        let sent: serde_json::Value = serde_json::from_str(&body.text).unwrap();
        assert_eq!(sent["uid"], declared.address.id());
        assert_eq!(kind.normal(sent).digest(), declared.digest, "{}", declared.address);
        assert_eq!(kind.normal(body.value).digest(), declared.digest, "{}", declared.address);
    }
}

#[test]
fn the_example_is_without_a_fault() {
    let declarations = loaded(&fixture("example"));
    expect(&lines(&declarations.problems), "");
    assert!(declarations.unresolved.is_empty());
    expect(&lines(&check_references(&declarations, None, None, None, Severity::Error)), "");
    expect(&lines(&lint_against(&declarations, Some(&crate::model::Server::latest()))), "");
    assert_eq!((declarations.objects.len(), declarations.folders.len()), (38, 10));
    let depth =
        declarations.folders.iter().filter_map(|f| f.path.as_ref()).map(crate::model::FolderPath::depth).max();
    assert_eq!(depth, Some(3));
    let referred = declarations.objects.iter().flat_map(|d| &d.references);
    assert!(referred.filter(|r| r.to.kind == crate::source::ANSWERS).count() > 10);
    bodies_are_what_was_digested(&declarations);
}

#[test]
fn odd_dashboards_load_or_are_refused_with_a_reason() {
    let declarations = loaded(&fixture("corpus"));
    expect(&lines(&declarations.problems), "error[duplicate-key] Azure__ARO-HCP/maestro-agent.json:22:3 + Azure__ARO-HCP/maestro-agent.json:23:3: the key `links` stands twice in one object -- keep one of them: Grafana would keep the last one without a word
        error[duplicate-uid] confluentinc__jmx-monitoring-stacks/confluent-platform-kraft.json:2053:10 + confluentinc__jmx-monitoring-stacks/confluent-platform.json:2310:10: uid `JiqnBMNnz` is declared twice -- give one of them another uid, or remove it from the directory
        error[unresolved-input] fluxcd__flux2/cluster.json:22:21: `${DS_PROMETHEUS}` is neither an input nor a variable of this dashboard -- add `DS_PROMETHEUS: UID` below `inputs:` in amgctl.yaml, or write the data source's uid here
        error[title] grafana__gcx/valid.json:7:13: this dashboard has no `title` -- add one: Grafana refuses a dashboard without it
        error[duplicate-uid] grafana__grizzly/dashboard-with-envelope.json:5:13 + grafana__grizzly/dashboard-without-envelope.json:135:10: uid `test-dashboard` is declared twice -- give one of them another uid, or remove it from the directory
        warning[duplicate-title] grafana__grizzly/dashboard-with-envelope.json:140:14 + grafana__grizzly/dashboard-without-envelope.json:134:12: 2 dashboards in one folder have the title `Test dashboard` (note: Grafana up to 11.2 refuses that) -- give one of them another title, or another folder
        error[not-supported] rknightion__tailscale2otel/dashboard_good.json:2:3: this is a dashboard in the v2 format, which this version does not read yet -- `GET /api/dashboards/uid/UID` of the workspace gives the classic form: save its answer instead, or name the file in `.amgctlignore`");
    let open: std::collections::BTreeSet<&str> =
        declarations.unresolved.iter().map(|open| &*open.declared.body.file).collect();
    expect(
        &open.into_iter().collect::<Vec<_>>().join("\n"),
        "aws-observability__aws-observability-accelerator/amp-alerts-and-recording-rules.json
        confluentinc__jmx-monitoring-stacks/OTel_kafkametrics.json
        confluentinc__jmx-monitoring-stacks/confluent-platform-kraft.json
        confluentinc__jmx-monitoring-stacks/confluent-platform.json
        confluentinc__jmx-monitoring-stacks/kraft.json
        endurance1968__evcc-grafana-dashboards/VM_EVCC_Today.json
        rfmoz__grafana-dashboards/node-exporter-full-old.json",
    );
    assert_eq!(declarations.objects.len(), 24);
    bodies_are_what_was_digested(&declarations);
}

#[test]
fn every_input_of_the_odd_dashboards_can_be_answered() {
    let known = |kind: &str| KnownDatasource {
        uid: format!("the-{kind}"),
        name: kind.into(),
        kind: kind.into(),
        is_default: false,
    };
    let workspace = ["prometheus", "cloudwatch", "victoriametrics-metrics-datasource"].map(known);
    let (declarations, _) = answered(&loaded(&fixture("corpus")), &workspace);
    assert_eq!((declarations.objects.len(), declarations.problems.len()), (38, 0));
    bodies_are_what_was_digested(&declarations);
    for declared in &declarations.objects {
        let text = declarations.body(declared).unwrap().text;
        let variables =
            text.contains("\"DS_PROMETHEUS\",\n") || declared.headline.facts.iter().any(|(_, f)| f.contains("DS_"));
        assert!(variables || !text.contains("${DS_"), "{}", declared.place);
    }
}

#[test]
fn two_loads_say_the_same() {
    let told = || format!("{:?}", loaded(&fixture("corpus")));
    assert_eq!(told(), told());
}

#[test]
fn one_problem_looks_as_in_a_terminal() {
    let root = directory(&[
        ("dashboards/cpu.yaml", "title: CPU\npanels: []\nuid: cpu-usage\n"),
        ("dashboards/old/copy.json", "{\n  \"title\": \"CPU\",\n  \"uid\": \"cpu-usage\", \"panels\": []\n}\n"),
        ("dashboards/shop.json", "{\n  \"title\": \"Shop\"\n  \"panels\": []\n}\n"),
    ]);
    let declarations = loaded(root.path());
    let look = crate::render::problems::Look::plain();
    let mut text = crate::render::problems::problems(&declarations.problems, look);
    text.push_str(&crate::render::problems::closing(
        &declarations.problems,
        declarations.files,
        "Nothing was sent.",
    ));
    assert_eq!(
        text,
        "\
error[duplicate-uid]: uid `cpu-usage` is declared twice
 --> dashboards/cpu.yaml:3:6
  |
3 | uid: cpu-usage
  |      ^^^^^^^^^ first here
  |
 ::: dashboards/old/copy.json:3:10
  |
3 |   \"uid\": \"cpu-usage\", \"panels\": []
  |          ----------- and again here
  |
  = help: give one of them another uid, or remove it from the directory

error[json]: expected `,` or `}` after this value
 --> dashboards/shop.json:2:18
  |
2 |   \"title\": \"Shop\"
  |                  ^ here
  |
  = help: a comma is missing before \"panels\" on line 3

2 errors in 3 files. Nothing was sent."
    );
}

/// Words that documents are made of, so that chance makes something like them.
fn scraps() -> impl Strategy<Value = String> {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "'",
        "\n",
        "  ",
        "- ",
        "panels",
        "title",
        "uid",
        "datasources",
        "apiVersion",
        "1",
        "1e400",
        "9007199254740993",
        "-0",
        "null",
        "true",
        "name",
        "type",
        "secureJsonData",
        "jsonData",
        "url",
        "${DS_X}",
        "$__env{",
        "__inputs",
        "\\ud83d",
        "\\u0041",
        "&a",
        "*a",
        "<<",
        "|",
        "---",
        "é",
        "\u{feff}",
        "\r\n",
        "\t",
        "#",
        "!x",
        "metadata",
        "spec",
        "dashboard.grafana.app/v1",
        "kind",
        "Dashboard",
        "elements",
        "layout",
        "tags",
        "rows",
        "x: y",
        "\"a\": {",
        "\"b\": [",
        "dashboard",
        "meta",
        "{{",
        "}}",
        ".inf",
        "stack",
        "inputs",
        "protect",
        "permissions",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..40).prop_map(|words| words.concat())
}

/// Objects of every sort of value.
fn values() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-9_007_199_254_740_992_i64..9_007_199_254_740_992).prop_map(|n| json!(n)),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| json!(f)),
        "[ -~éß日😀\\n\\t\\\\\"]{0,12}".prop_map(Value::String),
    ];
    let value = leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::btree_map("[a-z$/~.é ]{0,6}", inner, 0..5).prop_map(|map| json!(map)),
        ]
    });
    proptest::collection::btree_map("[a-z0-9]{1,6}", value, 1..5).prop_map(|map| json!(map))
}

fn load_bytes(bytes: &[u8]) {
    let names = ["a.json", "a.yaml", "amgctl.yaml", "x/_folder.yaml"];
    let root = directory(&names.map(|name| (name, bytes)));
    let directory = loaded(root.path());
    let _ = directory.unresolved_warnings();
    let (declarations, problems) = answered(&directory, &[]);
    for declared in &declarations.objects {
        let _ = declarations.body(declared);
    }
    let _ = check_references(&declarations, None, None, None, Severity::Error);
    let _ = title_clashes(&declarations, crate::model::server::TitleRule::Slug);
    let look = crate::render::problems::Look { styled: true, width: 80 };
    let _ = crate::render::problems::problems(&problems, look);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        load_bytes(&bytes);
    }

    #[test]
    fn no_words_are_too_odd(text in scraps()) {
        load_bytes(text.as_bytes());
    }

    #[test]
    fn no_change_of_a_document_is_too_odd(at in 0usize..400, byte in any::<u8>(), cut in 0usize..20) {
        let text = r#"{"__inputs":[{"name":"DS_X","type":"datasource","pluginId":"loki"}],"title":"T é","uid":"u",
            "panels":[{"datasource":{"uid":"${DS_X}"},"x":[1.5e3,null,true,"\ud83d\ude00"]}],
            "templating":{"list":[{"name":"a","datasource":"b"}]},"tags":["a"]}"#;
        let mut bytes = text.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.drain(at..(at + cut).min(text.len()));
        load_bytes(&bytes);
    }

    #[test]
    fn values_are_the_same_in_every_spelling(value in values()) {
        let documents = |name: &str, text: String| {
            let source = crate::source::text::SourceText::new(name.into(), text.into_bytes()).unwrap();
            let (documents, faults) = document::read(&source, document::Format::of(name).unwrap());
            let told = lines(&faults);
            (documents.into_iter().map(|document| document.value.into_owned()).collect::<Vec<_>>(), told)
        };
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert_eq!(&documents("a.json", text.clone()), &(vec![value.clone()], String::new()));
            let (read, told) = documents("a.yaml", text);
            prop_assert_eq!(told, "");
            prop_assert!(crate::model::digest::same_value(&read[0], &value, crate::model::digest::Numbers::Exact));
        }
    }

    #[test]
    fn json_is_read_as_everybody_reads_it(text in scraps()) {
        let Ok(source) = crate::source::text::SourceText::new("a.json".into(), text.clone().into_bytes()) else { return Ok(()) };
        let (value, faults) = json::parse(&source);
        let ours = value.filter(|_| faults.iter().all(|fault| fault.severity != Severity::Error));
        let theirs = serde_json::from_str::<serde_json::Value>(&source.text).ok();
        match (ours, theirs) {
            (Some(ours), theirs) => prop_assert_eq!(Some(ours), theirs),
            (None, Some(_)) => prop_assert!(
                faults.iter().all(|fault| ["duplicate-key", "lone-surrogate", "number"].contains(&fault.code)),
                "{:?}", faults
            ),
            (None, None) => {}
        }
    }
}
