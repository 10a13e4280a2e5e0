//! Shapes: what is one of ours, what is near one, what becomes of every key, and what other tools leave in a directory.

use serde_json::{Value, json};

use super::super::shape::keys::{Fate, Level, Rest};
use super::super::shape::{self, Held, Part, Reading, SHAPES, Seen};
use super::*;

/// Everything that a document comes to: what is wrong with it, and what it declares.
fn outcome(document: &Value) -> (String, String) {
    let root = directory(&[("a.json", document.to_string())]);
    let directory = loaded(root.path());
    let loki =
        |uid: &str| KnownDatasource { uid: uid.into(), name: uid.into(), kind: "loki".into(), is_default: false };
    let (declarations, problems) = answered(&directory, &[loki("the-loki")]);
    let mut out = objects(&declarations).join("\n");
    for declared in &declarations.objects {
        let body = declarations.body(declared).map_err(|problem| lines(&[*problem])).unwrap();
        let secrets: Vec<&str> = declared.secrets.iter().map(|secret| secret.key.as_str()).collect();
        out.push_str(&format!("\n{} {secrets:?}", body.text));
    }
    for folder in &declarations.folders {
        out.push_str(&format!("\n{:?} {} {:?}", folder.uid, folder.title, folder.parent));
    }
    (lines(&problems), out)
}

fn body() -> Value {
    json!({
        "title": "T", "uid": "u", "panels": [{ "type": "text", "datasource": { "uid": "${DS_X}" } }],
        "__inputs": [{ "name": "DS_X", "type": "datasource", "pluginId": "loki" }],
    })
}

/// The documents of each shape, with the tables of their keys, each from the pointer that it counts from.
fn samples() -> Vec<(Value, Vec<(String, &'static Level)>)> {
    let mut samples = Vec::new();
    for shape in SHAPES {
        for sample in shape.samples() {
            let (recognised, seen) = shape::recognised_by(&sample, &Reading::default()).unwrap();
            assert!(std::ptr::addr_eq(recognised, *shape), "another shape recognises {sample}");
            let Seen::Held(held) = seen else { panic!("{sample} holds nothing") };
            let mut tables: Vec<(String, &Level)> =
                shape.levels().iter().map(|level| (String::new(), level)).collect();
            for held in held {
                if let Held::Object(Part { form, base }) = held {
                    tables.extend(form.levels().iter().map(|level| (base.clone(), level)));
                }
            }
            samples.push((sample, tables));
        }
    }
    samples
}

/// A value for a key, so that it says something.
fn probe(key: &str) -> Value {
    match key {
        "orgId" | "folderId" | "id" | "version" | "iteration" | "schemaVersion" | "generation" => json!(7),
        "prune" | "overwrite" | "isDefault" | "basicAuth" | "withCredentials" | "isFolder" => json!(true),
        "correlations" | "finalizers" | "ownerReferences" | "managedFields" | "tags" | "rows" => json!(["probe"]),
        "deleteDatasources" => json!([{ "name": "x" }]),
        "inputs" => json!([{ "name": "DS_X", "value": "another" }]),
        "jsonData" | "secureJsonData" => json!({ "password": "probe" }),
        "secureJsonFields" => json!({ "password": true }),
        "annotations" => json!({ "grafana.app/folder": "f", "list": [] }),
        "labels" | "status" | "access" | "meta" | "binaryData" | "accessControl" => json!({ "team": "probe" }),
        "templating" => json!({ "list": [{ "name": "probe" }] }),
        "metadata" => json!({ "continue": "probe" }),
        _ => json!("probe"),
    }
}

fn with(document: &Value, at: &str, key: &str, value: Option<Value>) -> Value {
    let mut document = document.clone();
    if document.pointer(at).is_none() {
        let (above, last) = at.rsplit_once('/').unwrap();
        document.pointer_mut(above).unwrap()[last] = json!({});
    }
    let object = document.pointer_mut(at).and_then(Value::as_object_mut).unwrap();
    match value {
        Some(value) => drop(object.insert(key.to_owned(), value)),
        None => drop(object.shift_remove(key)),
    }
    document
}

/// Whether a problem names a key, with its line and column.
fn is_reported(problems: &str, code: &str, key: &str) -> bool {
    let mut lines = problems.lines();
    lines.any(|line| line.contains(&format!("[{code}] a.json:1:")) && line.contains(&format!("`{key}`")))
}

/// What is wrong with a line of a table; empty when it holds.
fn broken_line(sample: &Value, base: &str, level: &Level, key: &str, fate: Fate) -> String {
    let (problems, before) = outcome(sample);
    let at = format!("{base}{}", level.at);
    let has = sample.pointer(&at).is_some_and(|object| object.get(key).is_some());
    let value = match (has, fate) {
        (true, Fate::Used) => None,
        (true, Fate::Sent) => sample.pointer(&at).and_then(|object| object.get(key)).cloned(),
        _ => Some(probe(key)),
    };
    let changed = outcome(&with(sample, &at, key, value));
    let holds = match fate {
        Fate::Used => changed != (problems, before),
        Fate::Sent => changed.1.contains(&format!("\"{key}\":")),
        Fate::LeftOut => changed == (problems, before),
        Fate::Reported(why) => {
            is_reported(&changed.0, "not-kept", key) && changed.0.contains(why) && changed.1 == before
        }
    };
    if holds { String::new() } else { format!("{key} at `{at}` of {} is not {fate:?}: {changed:?}\n", level.name) }
}

/// The same of a key that no table has.
fn broken_rest(sample: &Value, base: &str, level: &Level) -> String {
    let before = outcome(sample);
    let at = format!("{base}{}", level.at);
    let after = outcome(&with(sample, &at, "zzUnknown", Some(json!("probe"))));
    // A key that is nearly one of them gets that one's name.
    let near = level.keys.iter().find(|(key, fate)| *fate == Fate::Used && key.len() > 3).map(|(key, _)| *key);
    let named = near.is_none_or(|key| {
        let (told, _) = outcome(&with(sample, &at, &format!("{key}s"), Some(json!("probe"))));
        told.contains(&format!("did you mean `{key}`?"))
    });
    let holds = match level.rest {
        Rest::Sent => after.1.contains("\"zzUnknown\":\"probe\""),
        Rest::LeftOut => after == before,
        Rest::NotKept => is_reported(&after.0, "not-kept", "zzUnknown") && after.1 == before.1,
        Rest::Warned => is_reported(&after.0, "unknown-key", "zzUnknown") && after.1 == before.1 && named,
        Rest::Refused => is_reported(&after.0, "unknown-key", "zzUnknown") && named,
    };
    if holds { String::new() } else { format!("unknown keys at `{at}` of {}: {after:?}\n", level.name) }
}

#[test]
fn every_key_of_every_shape_is_used_sent_left_out_or_reported() {
    let mut broken = String::new();
    let mut lines = 0;
    for (sample, tables) in samples() {
        let (problems, _) = outcome(&sample);
        assert_eq!(problems, "", "{sample}");
        for (base, level) in tables {
            for (key, fate) in level.keys {
                lines += 1;
                broken.push_str(&broken_line(&sample, &base, level, key, *fate));
            }
            broken.push_str(&broken_rest(&sample, &base, level));
        }
    }
    assert!(broken.is_empty(), "{broken}");
    assert!(lines > 100, "{lines} lines were looked at");
}

fn one(text: &str, expected: &str) {
    check(&[("a.json", text)], expected);
}

#[test]
fn an_alert_rule_a_schema_and_a_query_result_are_no_dashboards() {
    let root = directory(&[
        (
            "alerts/high.json",
            r#"{"id": 7, "uid": "r", "orgID": 1, "folderUID": "f", "ruleGroup": "api", "title": "High", "condition": "C",
            "data": [], "noDataState": "NoData", "annotations": {"summary": "errors"}, "labels": {}}"#,
        ),
        (
            "settings.schema.json",
            r#"{"title": "Settings", "type": "object", "annotations": {"readOnly": true}, "properties": {}}"#,
        ),
        ("result.json", r#"{"columns": [{"text": "t"}], "rows": [[1, 2]], "type": "table"}"#),
        ("titled.json", r#"{"title": "t", "columns": [], "rows": [[1, 2]]}"#),
        (
            "folder.json",
            r#"{"id": 3, "uid": "x", "title": "Ops", "url": "/dashboards/f/x/ops", "hasAcl": false, "version": 1}"#,
        ),
    ]);
    let declarations = loaded(root.path());
    assert_eq!((declarations.objects.len(), declarations.folders.len()), (0, 0));
    expect(
        &lines(&declarations.problems),
        "warning[not-kept] alerts/high.json:1:1: this is an alert rule: alerting is not kept yet -- name the file in `.amgctlignore`
        warning[not-kept] folder.json:1:1: this is a folder as Grafana's API gives it, which is not read -- a directory is a folder: put `title:` and `uid:` into a file `_folder.yaml` in it, and name this file in `.amgctlignore`
        warning[not-ours] titled.json:1:16: this looks like a dashboard, but a dashboard has no `columns`: it is left out -- if it is one, add `\"panels\": []` and `\"schemaVersion\"`; else name the file in `.amgctlignore`",
    );
}

#[test]
fn a_title_and_a_uid_are_a_dashboard() {
    let root = directory(&[
        ("a.json", r#"{"title": "Bare title", "uid": "z1"}"#),
        ("b.json", r#"{"title": "$name", "uid": "z2", "panels": [], "schemaVersion": 16}"#),
        (
            "c.json",
            r#"{"title": "Null panels", "uid": "z3", "panels": null, "templating": null, "annotations": null}"#,
        ),
        (
            "d.json",
            r#"{"title": "Tags", "uid": "z4", "tags": [], "links": [], "time": {"from": "now-1h", "to": "now"}}"#,
        ),
    ]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    assert_eq!(objects(&declarations), ["z1", "z2", "z3", "z4"].map(|uid| format!("dashboard.{uid} at the root")));
    one(
        r#"{"title": "T", "uid": "u", "panel": []}"#,
        "warning[not-ours] a.json:1:28: this looks like a dashboard, but a dashboard has no `panel`: it is left out -- did you mean `panels`? A file that is not for amgctl is named in `.amgctlignore`",
    );
}

#[test]
fn a_list_of_a_monitoring_tool_is_no_list_of_data_sources() {
    check(
        &[(
            "a.yaml",
            "- {name: shop, type: http, url: 'https://shop'}\n- {name: db, type: tcp, url: 'tcp://db'}\n",
        )],
        "warning[not-ours] a.yaml:1:16: this looks like a data source, but `http` is no type that Grafana has: it is left out -- if it is one, say more of it, as `access: proxy`; else name the file in `.amgctlignore`",
    );
    let root = directory(&[
        ("a.yaml", "- {name: a, type: loki, url: 'http://l'}\n- {name: b, type: acme-shop-datasource, uid: b}\n"),
        ("b.yaml", "{name: c, type: homemade, uid: c, access: proxy}\n"),
        ("package.json", "{\"name\": \"dash\", \"version\": \"1.0.0\", \"type\": \"module\", \"url\": \"x\"}"),
    ]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    assert_eq!(declarations.objects.len(), 3);
}

#[test]
fn the_body_of_a_save_decides_the_folder_and_answers_inputs() {
    let text = json!({
        "dashboard": body(), "folderUid": "team", "overwrite": true, "message": "m", "folderId": 3, "folderid": 1,
        "inputs": [{ "name": "DS_X", "type": "datasource", "pluginId": "loki", "value": "mine" }, { "name": "Y" }],
    });
    let root = directory(&[("Infra/a.json", text.to_string())]);
    let declarations = loaded(root.path());
    assert_eq!(objects(&declarations), ["dashboard.u in #team"]);
    assert!(declarations.body(&declarations.objects[0]).unwrap().text.contains("\"uid\":\"mine\""));
    let told = lines(&declarations.problems);
    for words in [
        "`overwrite` is not used: what somebody else changed is never overwritten unasked",
        "`message` is not used",
        "`folderId` is not used",
        "the body of a save has no key `folderid`",
        "this answer to an input is not used",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    assert_eq!(told.matches("warning[").count(), 5, "{told}");
}

#[test]
fn labels_and_annotations_of_a_resource_are_told() {
    let text = "apiVersion: dashboard.grafana.app/v1beta1\nkind: Dashboard\nmetadata:\n  name: u\n  labels: {team: shop, grafana.app/deprecatedInternalID: '7'}\n  annotations: {grafana.app/folder: f, owner: me, grafana.app/updatedBy: x}\nspec: {title: T, panels: []}\nstatus: {}\n";
    check(
        &[("a.yaml", text)],
        "warning[not-kept] a.yaml:5:12: the label `team` is not kept -- remove it, or leave it for other tools
        warning[not-kept] a.yaml:6:40: the annotation `owner` is not kept -- remove it, or leave it for other tools",
    );
}

#[test]
fn lists_of_resources_are_read_one_by_one() {
    let root = directory(&[(
        "all.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: folder.grafana.app/v1beta1\n  kind: Folder\n  metadata: {name: f}\n  spec: {title: Listed}\n- apiVersion: v1\n  kind: Service\n- apiVersion: dashboard.grafana.app/v1beta1\n  kind: Dashboard\n  metadata: {name: d, annotations: {grafana.app/folder: f}}\n  spec: {title: Board, panels: []}\n- apiVersion: dashboard.grafana.app/v1beta1\n  kind: Dashboard\n  metadata: {name: e}\n  spec: {title: Other, panels: []}\n",
    )]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    assert_eq!(objects(&declarations), ["dashboard.d in #f", "dashboard.e at the root"]);
    assert_eq!(declarations.folders[0].title, "Listed");
    let texts: Vec<String> = declarations.objects.iter().map(|d| declarations.body(d).unwrap().text).collect();
    assert_eq!(
        texts,
        ["{\"uid\":\"d\",\"title\":\"Board\",\"panels\":[]}", "{\"uid\":\"e\",\"title\":\"Other\",\"panels\":[]}"]
    );
    assert_eq!(declarations.locate(&declarations.objects[1], "/title").place.to_string(), "all.yaml:17:17");
    let items = r#"{"apiVersion": "dashboard.grafana.app/v1beta1", "kind": "DashboardList", "metadata": {"continue": "x"},
        "items": [{"metadata": {"name": "d"}, "spec": {"title": "T", "panels": [{"x": 1.0}]}}]}"#;
    one(
        items,
        "warning[not-kept] a.json:1:87: `continue` says that this is the first page of a longer list: the rest is not in this file -- remove it, or leave it for other tools",
    );
    let root = directory(&[("a.json", items)]);
    let declarations = loaded(root.path());
    assert!(
        declarations.body(&declarations.objects[0]).unwrap().text.contains("{\"x\": 1.0}"),
        "sent as it was written"
    );
    one(
        r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "dashboard.grafana.app/v2", "kind": "Dashboard"}]}"#,
        "error[not-supported] a.json:1:49: this is a dashboard in the v2 format, which this version does not read yet -- `GET /api/dashboards/uid/UID` of the workspace gives the classic form: save its answer instead, or name the file in `.amgctlignore`",
    );
}

#[test]
fn labelled_config_maps_are_read_with_places_in_their_file() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels: {grafana_dashboard: \"1\"}\ndata:\n  app.json: |-\n    {\"title\": \"App\",\n     \"uid\": \"cm\", \"panels\": []}\n  b.json: '{\"title\": \"B\", \"panels\": []}'\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ds, labels: {grafana_datasource: \"1\"}}\ndata:\n  ds.yaml: |-\n    apiVersion: 1\n    datasources: [{name: x, uid: x, type: loki, url: \"http://$TOKEN\"}]\n";
    let root = directory(&[("Team/cm.yaml", text)]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    let b = uids::dashboard_uid("Team/cm.yaml/b.json", 0);
    assert_eq!(
        objects(&declarations),
        [format!("dashboard.{b} in Team"), "dashboard.cm in Team".into(), "datasource.x".into()]
    );
    let place =
        |at: usize, pointer: &str| declarations.locate(&declarations.objects[at], pointer).place.to_string();
    assert_eq!((place(1, "/uid"), place(1, "/title")), ("Team/cm.yaml:9:13".into(), "Team/cm.yaml:8:15".into()));
    assert_eq!(place(0, "/title"), "Team/cm.yaml:10:22");
    assert_eq!(place(2, "/uid"), "Team/cm.yaml:18:34");
    let body = declarations.body(&declarations.objects[1]).unwrap();
    assert_eq!(body.text, "{\"uid\":\"cm\",\"title\":\"App\",\"panels\":[]}");
    assert_eq!(declarations.body(&declarations.objects[2]).unwrap().value["url"], "http://hunter2");
    let broken = text
        .replace("\"panels\": []}\n  b", "\"panels\": [}\n  b")
        .replace("grafana_datasource: \"1\"", "other: \"1\"");
    check(&[("cm.yaml", broken)], "error[json] cm.yaml:9:30: expected a value, found `}`");
    check(
        &[(
            "cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a.json: '{\"title\": \"B\", \"panels\": []}'\n",
        )],
        "error[not-supported] cm.yaml:5:3: this ConfigMap holds a dashboard (`a.json`) and has no label `grafana_dashboard`, so it is not read -- add the label `grafana_dashboard: \"1\"` to have it read, or read all such ConfigMaps with `--configmaps` (`configmaps: true` in amgctl.yaml); if it is not for amgctl, name the file in `.amgctlignore`",
    );
    check(
        &[(
            "s.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: x, labels: {grafana_datasource: \"1\"}}\nstringData: {}\n",
        )],
        "error[not-supported] s.yaml:2:1: this is a Secret with data sources for Grafana's sidecar, which is not read -- write the data sources as a provisioning file, with `$__env{NAME}` or `$__secretsmanager{…}` below `secureJsonData`",
    );
}

#[test]
fn several_dashboards_in_one_document_are_refused_with_the_way_out() {
    one(
        r#"[{"title": "L1", "uid": "l1", "panels": []}, {"title": "L2", "uid": "l2", "panels": []}]"#,
        "error[not-supported] a.json:1:2: this is a list of 2 dashboards, which is not read -- write each into a file of its own, or as a YAML document of its own, with `---` between them",
    );
    one(
        r#"{"grafanaDashboards": {"a.json": {"title": "A", "uid": "a", "schemaVersion": 14, "rows": []}}, "prometheusAlerts": {}}"#,
        "error[not-supported] a.json:1:24: this is an object with 1 dashboards by name, as a mixin renders them, which is not read -- render each into a file of its own: `jsonnet -J vendor -m DIRECTORY -e '(import \"mixin.libsonnet\").grafanaDashboards'`",
    );
    check(
        &[
            ("x/f.folder", r#"{"id": 3, "uid": "f", "title": "Ops"}"#),
            ("x/d.datasource", r#"{"name": "A", "type": "loki"}"#),
            ("x/b.dashboard", r#"{"meta": {}, "dashboard": {"title": "B"}}"#),
            ("x/other.folder", "no JSON"),
        ],
        "error[not-supported] x/b.dashboard: this is a dashboard as grafana-backup-tool keeps it, which is not read -- rename it so that it ends in `.json`, in the directory of its folder (`meta.folderTitle` names it); or name it in `.amgctlignore`
        error[not-supported] x/d.datasource: this is a data source as grafana-backup-tool keeps it, which is not read -- rename it so that it ends in `.json`; or name it in `.amgctlignore`
        error[not-supported] x/f.folder: this is a folder as grafana-backup-tool keeps it, which is not read -- make a directory for it, and put its `title:` and `uid:` into a file `_folder.yaml` there; or name it in `.amgctlignore`",
    );
}

#[test]
fn other_tools_envelopes_are_named_with_their_way_out() {
    check(
        &[(
            "r.yaml",
            "apiVersion: grizzly.grafana.com/v1alpha1\nkind: LibraryElement\nmetadata: {name: f}\n---\nkind: Dashboard\nmetadata: {name: d, project: p}\nspec: {panels: {}, layouts: []}\n",
        )],
        "error[not-supported] r.yaml:1:1: this is an envelope of Grizzly (`LibraryElement`), which is not read -- write it as Grafana's API gives it, one a file: `kind: 1` with `name`, `uid` and `model`; or name the file in `.amgctlignore`
        error[not-supported] r.yaml:5:1: this is a `Dashboard` of Perses, which Grafana does not read -- amgctl does not convert it: build the dashboard in Grafana and export that, or name the file in `.amgctlignore`",
    );
}

#[test]
fn envelopes_of_grizzly_are_read() {
    let envelope =
        |kind: &str, rest: &str| format!("apiVersion: grizzly.grafana.com/v1alpha1\nkind: {kind}\n{rest}\n");
    let text = [
        envelope("DashboardFolder", "metadata: {name: f}\nspec: {title: F, uid: f}"),
        envelope("Dashboard", "metadata: {name: d, folder: f}\nspec: {title: D, uid: d, panels: [], id: 7}"),
        envelope("Dashboard", "metadata: {name: e, folder: general}\nspec: {title: E, uid: x, panels: []}"),
        envelope(
            "Datasource",
            "metadata: {name: s}\nspec: {name: S, type: loki, access: proxy, url: \"http://l\"}",
        ),
    ];
    let root = directory(&[("g/all.yaml", text.join("---\n"))]);
    let loaded = loaded(root.path());
    expect(
        &lines(&loaded.problems),
        "warning[not-kept] g/all.yaml:14:18: `uid` of the `spec` is not used: `x` is not `metadata.name` -- remove it; `metadata.name` is the uid of a resource",
    );
    assert_eq!(objects(&loaded), ["dashboard.d in #f", "dashboard.e at the root", "datasource.s"]);
    let bodies: Vec<String> = loaded.objects.iter().map(|object| loaded.body(object).unwrap().text).collect();
    assert_eq!(bodies[0], r#"{"uid":"d","title":"D","panels":[]}"#);
    assert!(bodies[2].contains(r#""uid":"s""#), "{}", bodies[2]);
    let folder = &loaded.folders[0];
    assert_eq!((folder.uid.as_ref().unwrap().as_str(), folder.title.as_str(), loaded.folders.len()), ("f", "F", 1));
    check(
        &[("a.yaml", envelope("Dashboard", "spec: {title: 7, panels: []}"))],
        "error[resource] a.yaml:1:1: a resource needs a `metadata.name`, which is its uid -- write `name` as a text below `metadata`
        error[title] a.yaml:3:15: a title must be a text -- put it in quotes",
    );
}

#[test]
fn files_of_other_tools_that_cannot_be_ours_are_ignored() {
    let root = directory(&[
        ("cfn.yaml", "key: !Ref Foo\nother: !Sub \"x\"\n"),
        (
            "template.yaml",
            "AWSTemplateFormatVersion: \"2010-09-09\"\nResources:\n  X: {Type: AWS::Grafana::Workspace, Properties: {RoleArn: !GetAtt R.Arn}}\n",
        ),
        ("tab.yaml", "a:\tb\n"),
        ("indented.yaml", "a:\n\tb: 1\n"),
        ("dir.yaml", "%YAML 1.2\n---\na: 1\n"),
        (
            "tsconfig.json",
            "{\n  \"compilerOptions\": {\n    /* strict please */\n    \"strict\": true, // yes\n  }\n}\n",
        ),
        ("log.json", "{\"a\":1}\n{\"b\":2}\n"),
        ("cdk.json", "{\"app\": \"npx ts-node bin/x.ts\", \"context\": {}}"),
    ]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    assert_eq!(declarations.ignored.len(), 8, "{:?}", declarations.ignored);
    let words = declarations.nothing_taken(false).unwrap();
    assert!(words.starts_with("0 objects; 8 files ignored:\n  cdk.json  is no document of ours"), "{words}");
    // What may be ours is an error as before, with the way to leave it out.
    one(
        "{\"title\": \"T\", \"panels\": [], // mine\n}",
        "error[json] a.json:1:30: JSON has no comments -- remove it, or write this file as YAML",
    );
    check(
        &[("a.yaml", "title: T\nuid: !Ref X\n")],
        "error[yaml] a.yaml:2:11: unsupported tag `!Ref` -- if this file is not for amgctl, name it in `.amgctlignore`",
    );
    one(
        "{\"a\": ",
        "error[json] a.json:1:7: expected a value, but the file ends here -- if this file is not for amgctl, name it in `.amgctlignore`",
    );
}

#[test]
fn files_that_are_not_what_they_seem_are_named_for_what_they_are() {
    check(
        &[
            ("conflict.yaml", "title: T\n<<<<<<< HEAD\nuid: a\n=======\nuid: b\n>>>>>>> theirs\npanels: []\n"),
            ("lfs.json", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"),
            ("lfs.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"),
            ("sops.yaml", "name: A\ntype: loki\nurl: x\nuser: ENC[AES256_GCM,data:x]\nsops: {mac: x}\n"),
            ("wide.json", "{\0\"\0t\0\"\0:\0\"\0x\0\"\0}\0"),
        ],
        "error[merge-conflict] conflict.yaml:2:1: this file holds a merge conflict that nobody has resolved -- resolve it, and commit the result
        error[git-lfs] lfs.json: this is a pointer of Git LFS, not the file itself -- run `git lfs pull`; in CI, check out with LFS (`lfs: true` of actions/checkout)
        error[git-lfs] lfs.yaml: this is a pointer of Git LFS, not the file itself -- run `git lfs pull`; in CI, check out with LFS (`lfs: true` of actions/checkout)
        error[encrypted] sops.yaml:4:7: this file is encrypted with SOPS: its values would be sent as they stand -- decrypt it before amgctl runs, or keep the secrets elsewhere: `$__env{NAME}`, `$__secretsmanager{…}`
        error[encoding] wide.json: this file is UTF-16 without a byte order mark, or no text at all -- save it as UTF-8; if it is not for amgctl, name it in `.amgctlignore`",
    );
    one(
        "{\"title\": \"T\", \"panels\": [{\"title\": \"{{`{{job}}`}}\"}]}",
        "warning[helm-escape] a.json:1:37: this text has an escape of Helm, `{{``, which Grafana shows as it stands -- render the chart (`helm template`) and keep the dashboard that comes out of it",
    );
}

#[test]
fn a_variable_that_a_dashboard_does_not_have_is_an_unknown_data_source() {
    let text = r#"{"title": "T", "uid": "u", "panels": [{"id": 1, "datasource": {"uid": "${datasource_uid}"}},
        {"id": 2, "datasource": "$DS_FOO"}, {"id": 3, "datasource": {"uid": "${ds}"}}, {"id": 4, "datasource": {"uid": "__DS_UID__"}}],
        "templating": {"list": [{"name": "ds", "type": "datasource"}]}}"#;
    let root = directory(&[("a.json", text)]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    expect(
        &lines(&check_references(&declarations, None, None, None, Severity::Error)),
        "error[unknown-datasource] a.json:1:71: `${datasource_uid}` names a data source by a variable that this dashboard does not have -- add the variable, or write the data source's uid here; a placeholder is answered by `datasource_uid: UID` below `inputs:` in amgctl.yaml
        error[unknown-datasource] a.json:2:33: `$DS_FOO` names a data source by a variable that this dashboard does not have -- add the variable, or write the data source's uid here
        error[unknown-datasource] a.json:2:120: nothing here has the data source `__DS_UID__` -- declare it, or name one that is there",
    );
    let root = directory(&[("a.json", text), ("amgctl.yaml", "inputs: {datasource_uid: '$__env{TOKEN}'}\n")]);
    let declarations = loaded(root.path());
    assert!(declarations.body(&declarations.objects[0]).unwrap().text.contains("\"uid\": \"hunter2\""));
}

#[test]
fn data_sources_that_data_sources_name_are_checked_and_wait_for_nothing() {
    let text = "apiVersion: 1\ndatasources:\n- {name: t, uid: tempo, type: tempo, url: 'http://t', jsonData: {tracesToLogsV2: {datasourceUid: loki}, serviceMap: {datasourceUid: field-prmo}}}\n- {name: p, uid: field-prom, type: prometheus, url: 'http://p', jsonData: {exemplarTraceIdDestinations: [{datasourceUid: tempo, name: x}], alertmanagerUid: $TOKEN}}\n";
    let root = directory(&[("a.yaml", text)]);
    let declarations = loaded(root.path());
    expect(&lines(&declarations.problems), "");
    assert!(declarations.objects.iter().all(|declared| declared.references.is_empty()));
    let told = lines(&check_references(&declarations, Some(&[]), None, None, Severity::Error));
    expect(
        &told,
        "error[unknown-datasource] a.yaml:3:98: nothing here or in the workspace has the data source `loki` -- declare it, or name one that is there
        error[unknown-datasource] a.yaml:3:133: nothing here or in the workspace has the data source `field-prmo` -- did you mean `field-prom` (a.yaml:4:3)?
        error[unknown-datasource] a.yaml:4:157: nothing here or in the workspace has the data source `$TOKEN` -- `$TOKEN` must give the uid of a data source that is there",
    );
    assert!(!told.contains("hunter2"));
}

#[test]
fn inputs_of_the_settings_come_from_the_environment_or_are_refused() {
    let dashboard = body().to_string();
    let told = |inputs: &str| {
        let root =
            directory(&[("a.json", dashboard.clone()), ("amgctl.yaml", format!("inputs:\n  DS_X: {inputs}\n"))]);
        let declarations = loaded(root.path());
        let bodies: Vec<String> = declarations.objects.iter().map(|d| declarations.body(d).unwrap().text).collect();
        (lines(&declarations.problems), bodies.join("\n"))
    };
    let (problems, body) = told("$__env{TOKEN}-x");
    assert!(problems.is_empty() && body.contains("\"uid\":\"hunter2-x\""), "{problems}{body}");
    for (inputs, expected) in [
        (
            "$__env{NONE}",
            "error[unresolved-value] amgctl.yaml:2:9: the environment variable `NONE` is not set -- set it where amgctl runs",
        ),
        (
            "$__ssm{/a}",
            "error[secret-in-the-open] amgctl.yaml:2:9: a secret kept in AWS may not stand in a dashboard -- everybody who sees the dashboard can read it: write the uid of a data source, or a value",
        ),
        (
            "${var.ds}",
            "error[not-supported] amgctl.yaml:2:9: `${var.ds}` is a variable of amgctl, which this version does not have yet -- write the value itself, or `$__env{NAME}`",
        ),
    ] {
        expect(&told(inputs).0, expected);
    }
    check(
        &[("d.yaml", "name: A\nuid: a\ntype: loki\nurl: 'http://${var.host}'\nsecureJsonData:\n  password: ${var.p}\n")],
        "error[not-supported] d.yaml:4:6: `${var.host}` is a variable of amgctl, which this version does not have yet -- write the value itself, or `$__env{NAME}`
        error[not-supported] d.yaml:6:3: `${var.p}` is a variable of amgctl, which this version does not have yet -- write the value itself, or `$__env{NAME}`",
    );
}

#[test]
fn flags_and_the_organisation_are_read_as_provisioning_reads_them() {
    let text = |flag: &str| {
        format!("apiVersion: 1\ndatasources:\n- name: A\n  uid: a\n  type: loki\n  isDefault: {flag}\n")
    };
    let environment =
        |value: &'static str| -> Environment { Arc::new(move |name| (name == "X").then(|| value.to_owned())) };
    let read = |text: &str, environment: Environment| {
        let root = directory(&[("d.yaml", text)]);
        let declarations =
            load(root.path(), &LoadOptions { environment, ..LoadOptions::new(FileSettings::default()) });
        let body = declarations.objects.first().map(|declared| declarations.body(declared).unwrap().value);
        (lines(&declarations.problems), body.map(|body| body["isDefault"].clone()))
    };
    for (value, flag) in [("true", true), ("1", true), ("T", true), ("false", false), ("0", false), ("F", false)] {
        for written in ["$X", "${X}", "$__env{X}"] {
            assert_eq!(
                read(&text(written), environment(value)),
                (String::new(), Some(json!(flag))),
                "{written} {value}"
            );
        }
    }
    assert_eq!(read(&text("'true'"), environment("")).1, Some(json!(true)));
    expect(
        &read(&text("$X"), environment("yes")).0,
        "error[datasource] d.yaml:6:14: `isDefault` must be `true` or `false`",
    );
    let bare = "name: A\nuid: a\ntype: loki\nurl: x\nisDefault: $__env{X}\n";
    assert_eq!(read(bare, environment("true")).1, Some(json!(true)));
    let of = |org: &str| text("false") + &format!("  orgId: {org}\n");
    assert_eq!(read(&of("$X"), environment("1")).0, "");
    for (value, words) in [("2", "names another one"), ("x", "`orgId` must be a number")] {
        let told = read(&of("$X"), environment(value)).0;
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn secrets_that_would_be_lost_are_told() {
    check(
        &[(
            "d.yaml",
            "name: A\nuid: a\ntype: loki\nurl: x\nsecureJsonFields: {basicAuthPassword: true, password: hunter2}\nsecureJsonData: {access_key: hunter2}\n",
        )],
        "warning[secret-not-here] d.yaml:5:20: `basicAuthPassword` was set where this was exported, and its value is not in this file -- add `basicAuthPassword: $__env{NAME}` below `secureJsonData`, or remove it here
        error[secret-in-the-open] d.yaml:5:45: `secureJsonFields` says which secrets are set and holds none, so `password` would be lost -- put it below `secureJsonData`, as `password: $__env{NAME}`
        warning[unknown-secret] d.yaml:6:18: `access_key` is not what the plugin reads -- write `accessKey`",
    );
    check(
        &[(
            "d.yaml",
            "apiVersion: 1\ndatasources:\n- name: cw\n  uid: cw\n  type: cloudwatch\n  jsonData:\n    default_region: eu-west-1\n    custom_metrics_namespaces: Acme\n  secureJsonData:\n    access_key: AKIAEXAMPLE\n    secret_key: example\n",
        )],
        "warning[aws-datasource] d.yaml:7:21: `default_region` is not what the plugin reads -- write `defaultRegion`
        warning[aws-datasource] d.yaml:8:32: `custom_metrics_namespaces` is not what the plugin reads -- write `customMetricsNamespaces`
        warning[unknown-secret] d.yaml:10:5: `access_key` is not what the plugin reads -- write `accessKey`
        warning[unknown-secret] d.yaml:11:5: `secret_key` is not what the plugin reads -- write `secretKey`",
    );
}

#[test]
fn two_defaults_are_the_two_that_say_so() {
    let root = directory(&[(
        "ds.yaml",
        "apiVersion: 1\ndatasources:\n- {name: d1, type: prometheus, url: 'http://a', isDefault: true}\n- {name: d2, type: loki, url: 'http://b', isDefault: true}\n- {name: d1, type: tempo, url: 'http://c'}\n",
    )]);
    let told = lines(&loaded(root.path()).problems);
    assert!(
        told.contains("error[two-defaults] ds.yaml:3:60 + ds.yaml:4:54: two data sources are the default one"),
        "{told}"
    );
}

#[test]
fn a_title_is_refused_by_servers_that_are_named() {
    let root = directory(&[("T a/x.json", dashboard("x").replace("T x", "T a"))]);
    let declarations = loaded(root.path());
    let told = lines(&title_clashes(&declarations, crate::model::server::TitleRule::Exact));
    assert!(told.contains("Grafana up to 10.3 refuses a dashboard with the title of a folder, `T a`"), "{told}");
}
