//! Manifests of the grafana-operator: what each declares, and where it says what is wrong.

use super::*;

fn manifest(metadata: &str, spec: &str) -> String {
    format!(
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata:\n  name: cpu\n{metadata}spec:\n  \
         instanceSelector: {{}}\n{spec}"
    )
}

#[test]
fn a_dashboard_stands_in_its_manifest() {
    let root = directory(&[(
        "a.yaml",
        manifest(
            "",
            "  json: |\n    {\n      \"uid\": \"cpu\",\n      \"title\": \"CPU\", \"panels\": []\n    }\n",
        ),
    )]);
    let directory = loaded(root.path());
    expect(&lines(&directory.problems), "");
    assert_eq!(objects(&directory), ["dashboard.cpu at the root"]);
    let declared = &directory.objects[0];
    assert_eq!(directory.body(declared).unwrap().text, r#"{"uid":"cpu","title":"CPU","panels":[]}"#);
    assert_eq!(directory.locate(declared, "/title").place.to_string(), "a.yaml:10:16");
}

#[test]
fn what_is_wrong_in_the_content_stands_where_it_is_written() {
    check(
        &[("a.yaml", manifest("", "  json: |\n    {\n      \"title\": \"CPU\",\n      \"panels\": 7\n    }\n"))],
        "error[dashboard] a.yaml:10:17: `panels` must be a list",
    );
}

#[test]
fn a_uid_is_the_manifests_then_the_contents_then_the_clusters_then_follows_from_the_name() {
    for (metadata, spec, uid) in [
        ("  uid: meta\n", "  uid: spec\n  json: '{\"title\": \"T\", \"uid\": \"json\", \"panels\": []}'\n", "spec"),
        ("  uid: meta\n", "  json: '{\"title\": \"T\", \"uid\": \"json\", \"panels\": []}'\n", "json"),
        ("  uid: meta\n", "  json: '{\"title\": \"T\", \"uid\": \"\", \"panels\": []}'\n", "meta"),
        (
            "",
            "  json: '{\"title\": \"T\", \"panels\": []}'\n",
            uids::manifest_uid("default", "GrafanaDashboard", "cpu").as_str(),
        ),
    ] {
        let root = directory(&[("a.yaml", manifest(metadata, spec))]);
        let directory = loaded(root.path());
        expect(&lines(&directory.problems), "");
        assert_eq!(directory.objects[0].address.id(), uid);
    }
}

#[test]
fn a_content_in_a_config_map_has_the_places_of_its_file() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: boards}\ndata:\n  cpu.json: |\n    {\"title\": \"CPU\", \"panels\": 7}\n";
    let from = |name: &str, key: &str| manifest("", &format!("  configMapRef: {{name: {name}, key: {key}}}\n"));
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
