//! Manifests of the grafana-operator: what each declares, and where it says what is wrong.

use super::*;

/// A manifest with a selector for every instance.
fn manifest(kind: &str, metadata: &str, spec: &str) -> String {
    format!(
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: {kind}\nmetadata:\n  name: cpu\n{metadata}spec:\n  \
         instanceSelector: {{}}\n{spec}"
    )
}

fn board(metadata: &str, spec: &str) -> String {
    manifest("GrafanaDashboard", metadata, spec)
}

const CONTENT: &str = "  json: '{\"title\": \"T\", \"uid\": \"json\", \"panels\": []}'\n";

fn grafana(name: &str, labels: &str, spec: &str) -> String {
    format!(
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: Grafana\nmetadata: {{name: {name}, labels: {labels}}}\nspec: {spec}\n"
    )
}

const EXTERNAL: &str = "{external: {url: 'https://g'}}";

fn folders(directory: &Directory) -> Vec<String> {
    let of = |folder: &DeclaredFolder| {
        let uid = folder.uid.as_ref().map_or("-", Uid::as_str);
        format!("{} {uid} {:?}", folder.title, folder.parent)
    };
    directory.folders.iter().map(of).collect()
}

#[test]
fn a_dashboard_stands_in_its_manifest() {
    let text =
        board("", "  json: |\n    {\n      \"uid\": \"cpu\",\n      \"title\": \"CPU\", \"panels\": []\n    }\n");
    let root = directory(&[("a.yaml", text)]);
    let directory = loaded(root.path());
    expect(&lines(&directory.problems), "");
    assert_eq!(objects(&directory), ["dashboard.cpu in default"]);
    let declared = &directory.objects[0];
    assert_eq!(directory.body(declared).unwrap().text, r#"{"uid":"cpu","title":"CPU","panels":[]}"#);
    assert_eq!(directory.locate(declared, "/title").place.to_string(), "a.yaml:10:16");
}

#[test]
fn what_is_wrong_in_the_content_stands_where_it_is_written() {
    check(
        &[("a.yaml", board("", "  json: |\n    {\n      \"title\": \"CPU\",\n      \"panels\": 7\n    }\n"))],
        "error[dashboard] a.yaml:10:17: `panels` must be a list",
    );
}

#[test]
fn a_uid_is_the_manifests_then_the_contents_then_the_clusters_then_follows_from_the_name() {
    let none = "  json: '{\"title\": \"T\", \"uid\": \"\", \"panels\": []}'\n";
    let own = format!("  uid: spec\n{CONTENT}");
    let derived = uids::manifest_uid("default", "GrafanaDashboard", "cpu");
    for (metadata, spec, uid) in [
        ("  uid: meta\n", own.as_str(), "spec"),
        ("  uid: meta\n", CONTENT, "json"),
        ("  uid: meta\n", none, "meta"),
        ("", none, derived.as_str()),
    ] {
        let root = directory(&[("a.yaml", board(metadata, spec))]);
        let directory = loaded(root.path());
        expect(&lines(&directory.problems), "");
        assert_eq!(directory.objects[0].address.id(), uid);
    }
}

#[test]
fn a_content_in_a_config_map_has_the_places_of_its_file() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: boards}\ndata:\n  cpu.json: |\n    {\"title\": \"CPU\", \"panels\": 7}\n";
    let from = |name: &str, key: &str| board("", &format!("  configMapRef: {{name: {name}, key: {key}}}\n"));
    check(
        &[("a.yaml", from("boards", "cpu.json")), ("map.yaml", map.to_owned())],
        "error[dashboard] map.yaml:6:32: `panels` must be a list",
    );
    check(
        &[("a.yaml", from("boards", "mem.json")), ("map.yaml", map.to_owned())],
        "error[manifest] a.yaml:7:17 + map.yaml:4:1: the ConfigMap `boards` has no text `mem.json`",
    );
    check(
        &[("a.yaml", from("none", "cpu.json"))],
        "error[manifest] a.yaml:7:17: there is no ConfigMap `none` of the namespace `default` in the directory \
         -- add it to the directory, or write the content below `json`",
    );
}

#[test]
fn a_folder_is_named_by_uid_by_reference_by_title_or_not_at_all() {
    let folder = manifest("GrafanaFolder", "", "  uid: the-folder\n  title: The Folder\n").replace("cpu", "ops");
    for (field, expected) in [
        ("  folderUID: elsewhere\n", "dashboard.json in #elsewhere"),
        ("  folderRef: ops\n", "dashboard.json in #the-folder"),
        ("  folder: the FOLDER\n", "dashboard.json in #the-folder"),
        ("  folder: general\n", "dashboard.json at the root"),
        ("  folder: a/b\n", "dashboard.json in a/b"),
        ("", "dashboard.json in default"),
    ] {
        let root =
            directory(&[("a.yaml", board("", &format!("{CONTENT}{field}"))), ("folder.yaml", folder.clone())]);
        let directory = loaded(root.path());
        expect(&lines(&directory.problems), "");
        assert_eq!(objects(&directory), [expected]);
    }
}

#[test]
fn folders_that_exclude_each_other_and_ones_that_are_not_there_are_errors() {
    check(
        &[("a.yaml", board("", &format!("{CONTENT}  folder: A\n  folderUID: b\n")))],
        "error[manifest] a.yaml:8:3 + a.yaml:9:3: `folder` and `folderUID` exclude each other -- keep one of them",
    );
    check(
        &[("a.yaml", board("", &format!("{CONTENT}  folderRef: none\n")))],
        "error[manifest] a.yaml:8:14: there is no `GrafanaFolder` `none` of the namespace `default` in the directory \
         -- add it to the directory, or name the folder by its uid",
    );
}

#[test]
fn folders_have_their_uids_titles_and_parents() {
    let root = directory(&[(
        "a.yaml",
        [
            manifest("GrafanaFolder", "", "  uid: top\n  title: Top\n").replace("cpu", "top"),
            manifest("GrafanaFolder", "", "  parentFolderRef: top\n").replace("cpu", "below"),
            manifest("GrafanaFolder", "", "  parentFolderUID: other\n  uid: x\n"),
        ]
        .join("---\n"),
    )]);
    let directory = loaded(root.path());
    expect(&lines(&directory.problems), "");
    let below = uids::manifest_uid("default", "GrafanaFolder", "below");
    assert_eq!(
        folders(&directory),
        [
            "Top top Root".to_owned(),
            format!("below {below} Uid(Uid(\"top\"))"),
            "cpu x Uid(Uid(\"other\"))".to_owned()
        ]
    );
}

#[test]
fn only_what_the_target_selects_is_declared() {
    let prod = grafana("prod", "{dashboards: prod}", EXTERNAL);
    let of = |selector: &str, more: &str| {
        board("", CONTENT).replace("instanceSelector: {}", &format!("instanceSelector: {selector}")) + more
    };
    let count = |files: &[(&str, String)]| {
        let root = directory(files);
        let directory = loaded(root.path());
        (directory.objects.len(), lines(&directory.problems))
    };
    let selected = of("{matchLabels: {dashboards: prod}}", "");
    assert_eq!(count(&[("a.yaml", selected.clone()), ("g.yaml", prod.clone())]), (1, String::new()));
    let (none, problems) = count(&[("a.yaml", of("{matchLabels: {dashboards: x}}", "")), ("g.yaml", prod.clone())]);
    assert_eq!(none, 0);
    expect(
        &problems,
        "warning[not-selected] a.yaml:6:3: this `GrafanaDashboard` selects no `Grafana` of the directory: `prod` has other \
         labels -- correct its `instanceSelector`, or name the file in `.amgctlignore`",
    );
    let elsewhere = selected.replace("  name: cpu\n", "  name: cpu\n  namespace: other\n");
    let (none, problems) = count(&[("a.yaml", elsewhere.clone()), ("g.yaml", prod.clone())]);
    assert_eq!(none, 0);
    expect(
        &problems,
        "warning[not-selected] a.yaml:7:3: this `GrafanaDashboard` is in the namespace `other` and the `Grafana` `prod` in \
         `default`: it has no `allowCrossNamespaceImport: true` -- correct its `instanceSelector`, or name the file in \
         `.amgctlignore`",
    );
    let crosses = elsewhere + "  allowCrossNamespaceImport: true\n";
    assert_eq!(count(&[("a.yaml", crosses), ("g.yaml", prod)]), (1, String::new()));
}

#[test]
fn one_of_several_targets_is_chosen_by_its_name() {
    let files = [
        ("a.yaml", board("", CONTENT).replace("instanceSelector: {}", "instanceSelector: {matchLabels: {e: a}}")),
        ("b.yaml", board("", "  uid: b\n  json: '{\"title\": \"B\", \"panels\": []}'\n").replace("cpu", "b")),
        ("g.yaml", grafana("first", "{e: a}", EXTERNAL) + "---\n" + &grafana("second", "{e: b}", EXTERNAL)),
    ];
    let root = directory(&files);
    expect(
        &lines(&loaded(root.path()).problems),
        "error[several-targets] g.yaml:3:12 + g.yaml:8:12: the directory is for 2 targets: `first`, `second` \
         -- choose one with `--target-grafana NAME` (`target_grafana:` in amgctl.yaml)",
    );
    for (target, expected) in [
        ("first", &["dashboard.b in default", "dashboard.json in default"][..]),
        ("default/second", &["dashboard.b in default"]),
    ] {
        write(root.path(), "amgctl.yaml", format!("target_grafana: {target}\n").as_bytes());
        let directory = loaded(root.path());
        expect(&lines(&directory.problems), "");
        assert_eq!(objects(&directory), expected);
    }
    write(root.path(), "amgctl.yaml", b"target_grafana: third\n");
    expect(
        &lines(&loaded(root.path()).problems),
        "error[target] g.yaml:3:12 + g.yaml:8:12: there is no `Grafana` `third` in the directory -- it has `first`, `second`",
    );
}

#[test]
fn an_instance_in_a_cluster_is_refused_until_it_is_bound() {
    let root = directory(&[("g.yaml", grafana("dev", "{}", "{config: {}}"))]);
    expect(
        &lines(&loaded(root.path()).problems),
        "error[in-cluster] g.yaml:3:12: the `Grafana` `dev` runs in a cluster: it has no `external` \
         -- bind it to a workspace with `--target-grafana dev --workspace WORKSPACE`, or remove it from the directory",
    );
    write(root.path(), "amgctl.yaml", b"target_grafana: dev\n");
    expect(&lines(&loaded(root.path()).problems), "");
}

#[test]
fn what_is_suspended_is_declared_as_such() {
    let root = directory(&[
        ("a.yaml", board("", &format!("{CONTENT}  suspend: true\n"))),
        ("f.yaml", manifest("GrafanaFolder", "", "  uid: f\n  suspend: true\n")),
    ]);
    let directory = loaded(root.path());
    expect(&lines(&directory.problems), "");
    let alone: Vec<String> = directory
        .handling()
        .iter()
        .filter(|(_, handling)| handling.left_alone.is_some())
        .map(|(address, _)| address.to_string())
        .collect();
    assert_eq!(alone, ["dashboard.json", "folder.f"]);
}

#[test]
fn answers_variables_and_unknown_fields_have_their_places() {
    let content = r#"{"title": "T", "uid": "u", "panels": [{"type": "text", "datasource": "${DS_A}"}],
      "templating": {"list": [{"name": "DS_A", "type": "datasource"}, {"name": "env", "type": "custom"}]}}"#;
    let spec = format!(
        "  json: |\n    {content}\n  datasources:\n    - {{inputName: DS_A, datasourceName: Prom}}\n    - {{inputName: DS_B, \
         datasourceName: Prom}}\n  variables:\n    - {{name: env, value: prod}}\n  foldr: x\n"
    );
    let root = directory(&[("a.yaml", board("", &spec))]);
    let directory = loaded(root.path());
    expect(
        &lines(&directory.problems),
        "warning[not-kept] a.yaml:12:19: the content has no `${DS_B}`, so this answers nothing -- correct the name, or remove \
         the answer
         warning[unknown-key] a.yaml:15:3: a `GrafanaDashboard` has no key `foldr` (note: it is left out) -- did you mean \
         `folder`?",
    );
    let body = directory.body(&directory.objects[0]).unwrap();
    assert_eq!(body.value["panels"][0]["datasource"], "Prom");
    assert_eq!(body.value["templating"]["list"][1]["current"]["value"], "prod");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body.text).unwrap(), body.value);
    write(root.path(), "amgctl.yaml", b"strict: true\n");
    assert!(loaded(root.path()).problems.iter().all(|problem| problem.severity == Severity::Error));
}

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {token: s3cr3t, name: inner}\n";

fn datasource(spec: &str) -> String {
    manifest("GrafanaDatasource", "", spec)
}

#[test]
fn a_data_source_takes_its_values_from_secrets() {
    let text = datasource(
        "  valuesFrom:\n    - targetPath: secureJsonData.httpHeaderValue1\n      valueFrom: {secretKeyRef: {name: keys, key: token}}\n    \
         - targetPath: jsonData.list[1].name\n      valueFrom: {secretKeyRef: {name: keys, key: name}}\n  datasource:\n    \
         name: Prom\n    type: prometheus\n    access: proxy\n    orgId: 7\n    url: http://p\n    jsonData: {list: [{name: a}, \
         {name: 'x-$name'}]}\n    secureJsonData: {httpHeaderValue1: 'Bearer ${token}'}\n",
    );
    let root = directory(&[("a.yaml", text), ("s.yaml", SECRET.to_owned())]);
    let directory = loaded(root.path());
    expect(
        &lines(&directory.problems),
        "warning[not-kept] a.yaml:16:5: `orgId` is not used: a workspace has one organisation -- remove it, or leave it for \
         other tools",
    );
    let declared = &directory.objects[0];
    assert_eq!(
        declared.address.id(),
        uids::manifest_uid("default", "GrafanaDatasource", "cpu").as_str(),
        "no name gives it its uid"
    );
    let body = directory.body(declared).unwrap();
    assert_eq!(body.value["jsonData"]["list"][1]["name"], "x-inner");
    assert_eq!(body.shown["jsonData"]["list"][1]["name"], "x-$__secret{default/keys/name}");
    let secrets = Bound::unbound(&directory).secrets(declared).unwrap();
    assert_eq!((secrets[0].0.as_str(), secrets[0].1.expose()), ("httpHeaderValue1", "Bearer s3cr3t"));
}

#[test]
fn a_value_without_path_placeholder_or_key_is_an_error_with_both_places() {
    let from = |path: &str, name: &str, key: &str| {
        datasource(&format!(
            "  valuesFrom:\n    - targetPath: {path}\n      valueFrom: {{secretKeyRef: {{name: {name}, key: {key}}}}}\n  \
             datasource: {{name: P, type: prometheus, url: http://p, jsonData: {{a: x, n: 1}}}}\n"
        ))
    };
    for (text, expected) in [
        (
            from("jsonData.b", "keys", "token"),
            "error[manifest] a.yaml:8:19 + a.yaml:10:68: `jsonData.b` leads to nothing in the data source \
             -- correct the path, or add what it leads to",
        ),
        (
            from("jsonData.a", "keys", "token"),
            "error[manifest] a.yaml:8:19 + a.yaml:10:72: there is no placeholder `${token}` where `jsonData.a` leads \
             -- write `${token}` there: the value is put in its place",
        ),
        (
            from("jsonData.n", "keys", "token"),
            "error[manifest] a.yaml:8:19 + a.yaml:10:78: `jsonData.n` leads to a value that is no text \
             -- write a text with `${token}` in it there",
        ),
    ] {
        check(&[("a.yaml", text), ("s.yaml", SECRET.to_owned())], expected);
    }
    for (name, key) in [("keys", "none"), ("none", "token")] {
        let root = directory(&[("a.yaml", from("jsonData.a", name, key)), ("s.yaml", SECRET.to_owned())]);
        let problems = lines(&loaded(root.path()).problems);
        assert!(problems.contains("a.yaml:9:") && problems.contains(&format!("{name}`")), "{problems}");
    }
}

#[test]
fn a_library_panel_is_the_panel_with_its_name() {
    let content = "  json: '{\"uid\": \"lib\", \"name\": \"Shared\", \"type\": \"text\", \"options\": {\"content\": \"x\"}}'\n";
    let root = directory(&[("a.yaml", manifest("GrafanaLibraryPanel", "", &format!("{content}  folderUID: f\n")))]);
    let directory = loaded(root.path());
    expect(&lines(&directory.problems), "");
    assert_eq!(objects(&directory), ["library_panel.lib in #f"]);
    let declared = &directory.objects[0];
    let body = directory.body(declared).unwrap();
    assert_eq!((&body.value["name"], &body.value["model"]["options"]["content"]), (&"Shared".into(), &"x".into()));
    assert_eq!(directory.locate(declared, "/model/type").place.to_string(), "a.yaml:7:51");
}

#[test]
fn kinds_that_come_and_kinds_that_do_not_are_named() {
    for (kind, expected) in [
        (
            "GrafanaMuteTiming",
            "warning[not-kept] a.yaml:2:1: this is a `GrafanaMuteTiming`: alerting is not kept yet, and comes in a later \
             version -- until then keep it with the operator, and name the file in `.amgctlignore`",
        ),
        (
            "GrafanaServiceAccount",
            "error[not-supported] a.yaml:2:1: this is a `GrafanaServiceAccount`: its tokens would be written to Secrets of a \
             cluster -- amgctl makes its own with `amgctl bootstrap-identity`; name the file in `.amgctlignore`",
        ),
        (
            "GrafanaDashbord",
            "error[not-supported] a.yaml:2:1: the grafana-operator has no kind `GrafanaDashbord` -- correct it, or name the \
             file in `.amgctlignore`",
        ),
    ] {
        check(&[("a.yaml", manifest(kind, "", ""))], expected);
    }
    check(
        &[("a.yaml", "apiVersion: integreatly.org/v1alpha1\nkind: GrafanaDashboard\nmetadata: {name: a}\n")],
        "error[not-supported] a.yaml:1:1: this is a `GrafanaDashboard` of grafana-operator 4, which is not read -- write it \
         as version 5 has it (`grafana.integreatly.org/v1beta1`), or name the file in `.amgctlignore`",
    );
    check(
        &[("a.yaml", board("", CONTENT).replace("  instanceSelector: {}\n", "  resyncPeriod: 10x\n"))],
        "error[manifest] a.yaml:6:3: this manifest has no `instanceSelector` -- write `instanceSelector: {}` for every \
         instance
         error[manifest] a.yaml:6:17: `resyncPeriod` is a length of time, as `10m` -- write `10m`",
    );
}

#[test]
fn a_misspelt_key_for_secrets_is_an_error_that_does_not_show_them() {
    let source = |key: &str| {
        manifest(
            "GrafanaDatasource",
            "",
            &format!("  datasource: {{name: A, type: loki, url: 'http://l', {key}: {{password: hunter2}}}}\n"),
        )
    };
    for key in ["secureJsonDta", "SecureJsonData", "secureJson"] {
        let root = directory(&[("a.yaml", source(key))]);
        let problems = loaded(root.path()).problems;
        assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
        let lines = lines(&problems);
        let expected = format!("has no key `{key}` -- did you mean `secureJsonData`?");
        assert!(lines.contains("error[unknown-key] a.yaml:7:") && lines.contains(&expected), "{lines}");
    }
    let text = manifest(
        "GrafanaDatasource",
        "",
        "  valueFrom: []\n  datasource: {name: A, type: loki, url: 'http://l'}\n",
    );
    check(
        &[("a.yaml", text)],
        "error[unknown-key] a.yaml:7:3: a `GrafanaDatasource` has no key `valueFrom` -- did you mean `valuesFrom`?",
    );
}

#[test]
fn a_folder_that_is_no_text_is_an_error_as_for_the_cluster() {
    let root = directory(&[(
        "a.yaml",
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata: {name: a}\nspec:\n  \
         instanceSelector: {}\n  folder: 12\n  json: '{\"uid\": \"a\", \"title\": \"A\", \"panels\": []}'\n",
    )]);
    let all = loaded(root.path()).problems;
    assert!(all.iter().any(|p| p.message == "`folder` must be a text"), "{all:?}");
}
