//! Dashboards: their shapes, uids, titles, inputs, and the text that is sent.

use super::*;

fn one(text: &str, expected: &str) {
    check(&[("a.json", text)], expected);
}

fn sent(name: &str, text: &str) -> String {
    let root = directory(&[(name, text)]);
    let declarations = loaded(root.path());
    declarations.body(&declarations.objects[0]).map_err(|problem| lines(&[*problem])).unwrap().text
}

#[test]
fn a_json_dashboard_is_sent_as_it_was_written() {
    let text = "{ \"id\": 7, \"title\": \"  T \\u00e9\", \"x\" : { \"b\": 1.0,  \"a\": \"\\u003c\" },\r\n \"version\": 3, \"iteration\": 9, \"uid\": \"u\", \"panels\": [ {\"id\": 1, \"version\": 2} ] }";
    assert_eq!(
        sent("a.json", text),
        "{\"uid\":\"u\",\"title\":\"T é\",\"x\":{ \"b\": 1.0,  \"a\": \"\\u003c\" },\"panels\":[ {\"id\": 1, \"version\": 2} ]}"
    );
}

#[test]
fn a_wrapped_dashboard_is_the_dashboard_alone() {
    let text = "{\"meta\": {\"folderUid\": \"f\", \"version\": 4}, \"dashboard\": {\"uid\": \"u\", \"title\": \"T\", \"rows\": []}}";
    assert_eq!(sent("a.json", text), "{\"uid\":\"u\",\"title\":\"T\",\"rows\":[]}");
    let root = directory(&[("Infra/a.json", text)]);
    assert_eq!(objects(&loaded(root.path())), ["dashboard.u in Infra"]);
}

#[test]
fn a_yaml_dashboard_is_sent_as_json() {
    let text = "panels:\n  - title: p\n    type: stat\ntitle: ' T '\nid: 4\n";
    assert_eq!(
        sent("a/b.yml", text),
        format!(
            "{{\"uid\":\"{}\",\"title\":\"T\",\"panels\":[{{\"title\":\"p\",\"type\":\"stat\"}}]}}",
            uids::dashboard_uid("a/b.yml", 0)
        )
    );
}

#[test]
fn a_resource_is_its_name_its_folder_and_its_spec() {
    let text = |folder: &str| {
        format!(
            "apiVersion: dashboard.grafana.app/v1beta1\nkind: Dashboard\nmetadata:\n  name: res\n  generation: 4\n{folder}spec:\n  uid: other\n  title: T\n  panels: []\n"
        )
    };
    assert_eq!(sent("a.yaml", &text("")), "{\"uid\":\"res\",\"title\":\"T\",\"panels\":[]}");
    for (annotation, expected) in [
        ("", "dashboard.res in Infra"),
        ("  annotations: {grafana.app/folder: team}\n", "dashboard.res in #team"),
        ("  annotations: {grafana.app/folder: ''}\n", "dashboard.res at the root"),
    ] {
        let root = directory(&[("Infra/a.yaml", text(annotation))]);
        assert_eq!(objects(&loaded(root.path())), [expected]);
    }
    check(
        &[("a.yaml", text("  annotations: {grafana.app/folder: Team A}\n").replace("  uid: other\n", ""))],
        "error[uid] a.yaml:6:37: a uid may not hold ` `: letters, digits, `-` and `_` only -- the annotation holds the uid of a folder, not its title",
    );
    check(
        &[("a.yaml", text(""))],
        "warning[not-kept] a.yaml:7:3: `uid` of the `spec` is not used: `other` is not `metadata.name` -- remove it; `metadata.name` is the uid of a resource",
    );
    check(
        &[("a.yaml", text("").replace("  name: res\n", ""))],
        "error[resource] a.yaml:4:3: a resource needs a `metadata.name`, which is its uid -- write `name` as a text below `metadata`",
    );
    check(
        &[("a.yaml", text("").replace("  title: T\n", "").replace("  uid: other\n", ""))],
        "error[title] a.yaml:7:3: this dashboard has no `title` -- add one: Grafana refuses a dashboard without it",
    );
}

#[test]
fn what_is_not_read_yet_says_so() {
    one(
        "{\"apiVersion\": \"dashboard.grafana.app/v2beta1\", \"kind\": \"Dashboard\", \"spec\": {}}",
        "error[not-supported] a.json:1:2: this is a dashboard in the v2 format, which this version does not read yet -- `GET /api/dashboards/uid/UID` of the workspace gives the classic form: save its answer instead, or name the file in `.amgctlignore`",
    );
    one(
        "{\"elements\": {}, \"layout\": {\"kind\": \"GridLayout\"}}",
        "error[not-supported] a.json:1:2: this is a dashboard in the v2 format, which this version does not read yet -- `GET /api/dashboards/uid/UID` of the workspace gives the classic form: save its answer instead, or name the file in `.amgctlignore`",
    );
    one(
        "{\"kind\": \"Dashboard\", \"spec\": {\"panels\": []}}",
        "error[not-supported] a.json:1:2: this is an envelope (`kind` and `spec`) without an `apiVersion`, which is not read -- keep only what stands in `spec`: the dashboard itself, with its `uid`; or add `apiVersion: dashboard.grafana.app/v1beta1`",
    );
    one(
        "{\"resource\": {\"apiVersion\": \"dashboard.grafana.app/v2\", \"kind\": \"Dashboard\"}}",
        "error[not-supported] a.json:1:15: this is a dashboard in the v2 format, which this version does not read yet -- `GET /api/dashboards/uid/UID` of the workspace gives the classic form: save its answer instead, or name the file in `.amgctlignore`",
    );
}

#[test]
fn uids_are_checked_where_they_stand() {
    for (uid, expected) in [
        (
            "\"a b\"",
            "error[uid] a.json:2:10: a uid may not hold ` `: letters, digits, `-` and `_` only -- choose another one; links to the dashboard hold its uid",
        ),
        (
            "\"12345678901234567890123456789012345678901\"",
            "error[uid] a.json:2:10: a uid has at most 40 characters, this one has 41 -- choose another one; links to the dashboard hold its uid",
        ),
        (
            "\"amgctl\"",
            "error[reserved-uid] a.json:2:10: the uid `amgctl` is kept for amgctl itself -- choose one that is not `amgctl` and does not begin with `amgctl-`",
        ),
        ("7", "error[uid] a.json:2:10: a uid must be a text -- put it in quotes"),
        ("\"Az_9-\"", ""),
        ("\"\"", ""),
        ("null", ""),
    ] {
        one(&format!("{{\"title\": \"T\", \"panels\": [],\n  \"uid\": {uid}}}"), expected);
    }
}

#[test]
fn titles_are_checked_where_they_stand() {
    one(
        "{\"panels\": [], \"title\": \" \"}",
        "error[title] a.json:1:25: a dashboard's title may not be empty -- write the title that people see",
    );
    one("{\"panels\": [], \"title\": 5}", "error[title] a.json:1:25: a title must be a text -- put it in quotes");
    one(
        "{\"panels\": []}",
        "error[title] a.json:1:1: this dashboard has no `title` -- add one: Grafana refuses a dashboard without it",
    );
    one(&format!("{{\"panels\": [], \"title\": \"{}\"}}", "é".repeat(189)), "");
    one(
        &format!("{{\"panels\": [], \"title\": \"{}\"}}", "é".repeat(190)),
        "error[title] a.json:1:25: this title has 190 characters, more than the 189 that Grafana takes -- make it shorter",
    );
    one(
        &format!("{{\"panels\": [], \"title\": \"T\", \"tags\": [\"ok\", \"{}\"]}}", "x".repeat(51)),
        "warning[tag] a.json:1:45: this tag has 51 characters; servers on MySQL or Postgres take 50 -- make it shorter",
    );
    one("{\"panels\": {}, \"title\": \"T\"}", "error[dashboard] a.json:1:12: `panels` must be a list");
    one("{\"panels\": [], \"title\": \"T\", \"refresh\": \"whatever\", \"schemaVersion\": \"x\"}", "");
}

#[test]
fn one_uid_twice_names_both_places() {
    check(
        &[("a.json", dashboard("u")), ("b/c.json", dashboard("u"))],
        "error[duplicate-uid] a.json:1:8 + b/c.json:1:8: uid `u` is declared twice -- give one of them another uid, or remove it from the directory",
    );
    check(&[("a.json", dashboard("u")), ("b.json", dashboard("U")), ("c.json", dashboard("u"))], "error[duplicate-uid] a.json:1:8 + b.json:1:8 + c.json:1:8: the uids `u` and `U` differ in case only (note: some databases of Grafana do not tell them apart) -- give one of them another uid, or remove it from the directory
        warning[duplicate-title] a.json:1:20 + c.json:1:20: 2 dashboards in one folder have the title `T u` (note: Grafana up to 11.2 refuses that) -- give one of them another title, or another folder");
    check(
        &[("a.json", "{\"title\":\"A\",\"panels\":[]}"), ("a.yaml", "title: B\npanels: []\n")],
        "error[duplicate-uid] a.json:1:1 + a.yaml:1:1: uid `a-d77fdd4c57b43114` is declared twice -- give one of them another uid, or remove it from the directory",
    );
    check(
        &[("x/a.json", dashboard("u").as_str()), ("x/_folder.yaml", "uid: u\n")],
        "error[duplicate-uid] x/_folder.yaml + x/a.json:1:8: uid `u` is used for a folder and for a dashboard -- give one of them another uid, or remove it from the directory",
    );
    check(&[("a.json", dashboard("u").as_str()), ("d.yaml", "name: d\nuid: u\ntype: loki\nurl: http://l\n")], "");
}

#[test]
fn one_title_twice_in_a_folder_is_a_warning() {
    let text = |uid: &str| dashboard(uid).replace(&format!("T {uid}"), "Same");
    check(
        &[("a.json", text("a")), ("b.json", text("b")), ("x/c.json", text("c"))],
        "warning[duplicate-title] a.json:1:20 + b.json:1:20: 2 dashboards in one folder have the title `Same` (note: Grafana up to 11.2 refuses that) -- give one of them another title, or another folder",
    );
}

#[test]
fn titles_clash_by_the_rule_of_the_server() {
    use crate::model::server::TitleRule;
    let text = |uid: &str, title: &str| format!("{{\"uid\":\"{uid}\",\"title\":\"{title}\",\"panels\":[]}}");
    let root = directory(&[
        ("a.json", text("a", "CPU (all)")),
        ("b.json", text("b", "cpu all")),
        ("Infra/c.json", text("c", "Infra")),
        ("Infra/d.json", text("d", "CPU (all)")),
    ]);
    let declarations = loaded(root.path());
    expect(&lines(&title_clashes(&declarations, TitleRule::Free)), "");
    expect(
        &lines(&title_clashes(&declarations, TitleRule::Exact)),
        "error[duplicate-title] Infra/c.json:1:20 + Infra: Grafana up to 10.3 refuses a dashboard with the title of a folder, `Infra` -- give one of them another title",
    );
    expect(&lines(&title_clashes(&declarations, TitleRule::Slug)), "error[duplicate-title] a.json:1:20 + b.json:1:20: the titles `CPU (all)` and `cpu all` are the same to Grafana up to 9.5, and stand in one folder -- give one of them another title, or another folder
        error[duplicate-title] Infra/c.json:1:20 + Infra: Grafana up to 9.5 refuses a dashboard with the title of a folder, `Infra` -- give one of them another title");
}

const EXPORT: &str = r#"{"__inputs": [
  {"name": "DS_PROM", "type": "datasource", "pluginId": "prometheus"},
  {"name": "DS_UNUSED", "type": "datasource", "pluginId": "mysql"},
  {"name": "DS_EXPRESSION", "type": "datasource", "pluginId": "__expr__"},
  {"name": "VAR_PREFIX", "type": "constant", "value": "collectd."}],
 "title": "T", "uid": "u",
 "panels": [{"datasource": {"type": "prometheus", "uid": "${DS_PROM}"}, "targets": [
   {"expr": "${VAR_PREFIX}up{a=\"${x}\"} \u0024{DS_PROM}", "datasource": {"uid": "${DS_EXPRESSION}"}}]}]}"#;

#[test]
fn inputs_are_answered_by_the_only_data_source_of_their_type() {
    let root =
        directory(&[("a.json", EXPORT), ("d.yaml", "name: P\nuid: prom\ntype: prometheus\nurl: http://p\n")]);
    let declarations = loaded(root.path());
    assert_eq!(objects(&declarations), ["dashboard.u at the root", "datasource.prom"]);
    assert!(declarations.unresolved.is_empty());
    let body = declarations.body(&declarations.objects[0]).unwrap();
    assert!(
        body.text.contains(
            r#""panels":[{"datasource": {"type": "prometheus", "uid": "prom"}, "targets": [
   {"expr": "collectd.up{a=\"${x}\"} prom", "datasource": {"uid": "__expr__"}}]}]"#
        ),
        "{}",
        body.text
    );
    assert!(body.text.contains(r#""pluginId": "mysql"}"#));
    let read: serde_json::Value = serde_json::from_str(&body.text).unwrap();
    assert_eq!(read, body.value);
    let references: Vec<_> = declarations.objects[0].references.iter().map(|r| &r.to).collect();
    assert_eq!(references, [&crate::model::Target::new(crate::source::ANSWERS, "prom")]);
}

#[test]
fn inputs_are_answered_by_the_settings_first() {
    let root = directory(&[
        ("a.json", EXPORT),
        ("amgctl.yaml", "inputs: {DS_PROM: 'By name', VAR_PREFIX: x}\n"),
        (
            "d.yaml",
            "- {name: By name, uid: one, type: prometheus, url: 'http://p'}\n- {name: Q, uid: two, type: prometheus, url: 'http://q'}\n",
        ),
    ]);
    let declarations = loaded(root.path());
    let text = declarations.body(&declarations.objects[0]).unwrap().text;
    assert!(text.contains("\"uid\": \"one\"") && text.contains("\"expr\": \"xup"), "{text}");
}

#[test]
fn inputs_without_an_answer_wait_for_the_workspace() {
    let known = |uid: &str| KnownDatasource {
        uid: uid.into(),
        name: format!("Name {uid}"),
        kind: "grafana-amazonprometheus-datasource".into(),
        is_default: false,
    };
    let root = directory(&[("a.json", EXPORT)]);
    let open = || loaded(root.path());
    assert!(open().objects.is_empty());
    expect(
        &lines(&open().unresolved_warnings()),
        "warning[unresolved-input] a.json:2:3: the input `DS_PROM` asks for a data source of type `prometheus`, and there is none -- add `DS_PROM: UID` below `inputs:` in amgctl.yaml, or declare such a data source",
    );
    let told = |workspace: &[KnownDatasource]| lines(&answered(&open(), workspace).1);
    expect(
        &told(&[]),
        "error[unresolved-input] a.json:2:3: the input `DS_PROM` asks for a data source of type `prometheus`, and there is none -- add `DS_PROM: UID` below `inputs:` in amgctl.yaml, or declare such a data source",
    );
    expect(
        &told(&[known("a"), known("b")]),
        "error[ambiguous-input] a.json:2:3: the input `DS_PROM` asks for a data source of type `prometheus`, and there are 2 (note: it could be `a` (Name a), `b` (Name b)) -- say which: add `DS_PROM: UID` below `inputs:` in amgctl.yaml",
    );
    let (bound, problems) = answered(&open(), &[known("a")]);
    assert_eq!(objects(&bound), ["dashboard.u at the root"]);
    assert!(problems.is_empty());
    assert!(bound.body(&bound.objects[0]).unwrap().text.contains("\"uid\": \"a\""));
}

#[test]
fn input_names_need_not_be_identifiers() {
    let text = r#"{"__inputs": [{"name": "DS_AMAZON_CLOUDWATCH US-EAST-2", "type": "datasource", "pluginId": "cloudwatch"}],
      "title": "T", "panels": [{"datasource": "${DS_AMAZON_CLOUDWATCH US-EAST-2}"}]}"#;
    let root = directory(&[
        ("a.json", text),
        ("d.json", r#"{"name": "CW", "uid": "cw", "type": "cloudwatch", "access": "proxy"}"#),
    ]);
    let declarations = loaded(root.path());
    assert!(declarations.body(&declarations.objects[0]).unwrap().text.contains("{\"datasource\": \"cw\"}"));
}

#[test]
fn placeholders_that_nothing_explains_are_errors() {
    let text = |more: &str| {
        format!("{{\"title\": \"T\", {more}\n\"panels\": [{{\"datasource\": \"${{DS_PROMETEUS}}\"}}]}}")
    };
    one(
        &text(""),
        "error[unresolved-input] a.json:2:27: `${DS_PROMETEUS}` is neither an input nor a variable of this dashboard -- add `DS_PROMETEUS: UID` below `inputs:` in amgctl.yaml, or write the data source's uid here",
    );
    one(
        &text("\"__inputs\": [{\"name\": \"DS_PROMETHEUS\", \"type\": \"datasource\", \"pluginId\": \"x\"}],"),
        "error[unresolved-input] a.json:2:27: `${DS_PROMETEUS}` is neither an input nor a variable of this dashboard -- did you mean `${DS_PROMETHEUS}`? Or add `DS_PROMETEUS: UID` below `inputs:` in amgctl.yaml",
    );
    one(&text("\"templating\": {\"list\": [{\"name\": \"DS_PROMETEUS\", \"type\": \"datasource\"}]},"), "");
    check(&[("a.json", text("").as_str()), ("amgctl.yaml", "inputs: {DS_PROMETEUS: prom}\n")], "");
}

#[test]
fn references_that_nothing_explains_are_named_once() {
    let panel = |uid: &str, title: &str, reference: &str| {
        format!(
            "{{\"uid\":\"{uid}\",\"title\":\"{title}\",\n\"panels\":[{{\"datasource\":{reference},\"libraryPanel\":{{\"uid\":\"lib\"}}}}]}}"
        )
    };
    let root = directory(&[
        ("a.json", panel("a", "A", "{\"uid\":\"prom-eu\"}")),
        ("b.json", panel("b", "B", "\"prom-eu\"")),
        ("c.json", panel("c", "C", "\"Named\"")),
        ("d.yaml", "- {name: Named, uid: prom-eu1, type: prometheus, url: 'http://p'}\n".into()),
        ("e.yaml", "apiVersion: dashboard.grafana.app/v1\nkind: Dashboard\nmetadata:\n  name: e\n  annotations:\n    grafana.app/folder: team\nspec: {title: E, panels: []}\n".into()),
    ]);
    let declarations = loaded(root.path());
    expect(&lines(&check_references(&declarations, None, None, None, Severity::Warning)), "warning[unknown-datasource] a.json:2:32: nothing here has the data source `prom-eu` (note: it is also named in `b.json`) -- did you mean `prom-eu1` (d.yaml:1:3)?
        warning[unknown-library-panel] a.json:2:65: nothing here has the library panel `lib` (note: it is also named in `b.json`, `c.json`) -- keep it in a file of its own, export the dashboard for sharing, or unlink the panel before the export
        warning[unknown-folder] e.yaml:6:25: nothing here has a folder with the uid `team` -- name a folder that is there, or leave the annotation out");
    let live =
        [KnownDatasource { uid: "prom-eu".into(), name: "x".into(), kind: "prometheus".into(), is_default: false }];
    let folders =
        [crate::model::Listed { uid: "teams".into(), title: "Teams".into(), ..crate::model::Listed::default() }];
    let panels = std::collections::BTreeSet::from(["lib".to_owned()]);
    expect(
        &lines(&check_references(&declarations, Some(&live), Some(&folders), Some(&panels), Severity::Error)),
        "error[unknown-folder] e.yaml:6:25: nothing here or in the workspace has a folder with the uid `team` -- did you mean `teams`?",
    );
}

#[test]
fn a_file_that_changed_is_not_read_twice() {
    let root = directory(&[("a.json", dashboard("u"))]);
    let declarations = loaded(root.path());
    write(root.path(), "a.json", dashboard("u ").as_bytes());
    let problem = declarations.body(&declarations.objects[0]).err().unwrap();
    expect(
        &lines(&[*problem]),
        "error[file-changed] a.json: this file changed while amgctl was running -- run the command again",
    );
}

#[test]
fn parts_of_a_body_are_found_again() {
    let root = directory(&[(
        "a.json",
        "{\"meta\":{},\n\"dashboard\":{\"uid\":\"u\",\n\"title\":\"T\",\"panels\":[\n{\"id\":4}]}}",
    )]);
    let declarations = loaded(root.path());
    let place = |pointer: &str| declarations.locate(&declarations.objects[0], pointer).place.to_string();
    assert_eq!(place("/panels/0/id"), "a.json:4:7");
    assert_eq!(place("/panels/7"), "a.json:3:22");
    assert_eq!(place(""), "a.json:2:13");
}
