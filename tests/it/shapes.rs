//! What a directory is taken for, as the person at the terminal sees it: nothing is read and left out without a word.

use amgctl::sandbox::Version;
use serde_json::json;

use crate::support::{World, dashboard};

#[test]
fn a_directory_of_which_nothing_was_taken_says_so() {
    let world = World::new(Version::V12_4);
    world.write("amgctl.yaml", "stack: demo\n");
    world.write("values.yaml", "grafana:\n  enabled: true\n");
    world.write("notes.txt", "x");
    for command in ["validate stack", "plan stack"] {
        let ran = world.amgctl(command);
        ran.exits(0).says("0 objects; 2 files ignored:").says("values.yaml is no document of ours");
    }
    world.amgctl("validate stack --verbose").exits(0).says("0 objects; 2 files ignored:").says("ignored notes.txt");
    world.write(
        "alerts/high.json",
        &json!({ "title": "High", "condition": "C", "data": [], "uid": "r" }).to_string(),
    );
    world
        .amgctl("plan stack")
        .exits(0)
        .says("this is an alert rule: alerting is not kept yet")
        .says("3 files ignored");
    world.json("one.json", &dashboard("one", "One"));
    world.amgctl("validate stack").exits(0).lacks("0 objects").says("2 of them are ignored");
}

#[test]
fn one_open_input_of_many_exports_is_told_once_with_every_place() {
    let world = World::new(Version::V12_4);
    for n in 0..60 {
        let mut board = dashboard(&format!("b{n}"), &format!("Board {n}"));
        board["__inputs"] = json!([{ "name": "DS_X", "type": "datasource", "pluginId": "acme-shop-datasource" }]);
        board["links"] = json!([{ "title": "${DS_X}" }]);
        world.json(&format!("b{n}.json"), &board);
    }
    let ran = world.amgctl("plan stack");
    ran.exits(3).says("the same in 60 places").says("1 error in");
    assert_eq!(ran.err.matches("error[unresolved-input]").count(), 1, "{ran}");
    assert!((0..60).all(|n| ran.err.contains(&format!(" b{n}.json:"))), "{ran}");
}

#[test]
fn a_list_and_a_config_map_are_applied_and_planned_as_empty() {
    let world = World::new(Version::V12_4);
    world.write(
        "all.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: folder.grafana.app/v1beta1\n  kind: Folder\n  metadata: {name: f}\n  spec: {title: Listed}\n- apiVersion: dashboard.grafana.app/v1beta1\n  kind: Dashboard\n  metadata: {name: d, annotations: {grafana.app/folder: f}}\n  spec: {title: Board, panels: []}\n",
    );
    world.write(
        "cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {grafana_dashboard: \"1\"}}\ndata:\n  a.json: |-\n    {\"title\": \"A\", \"uid\": \"cm\", \"panels\": []}\n  b.json: |-\n    {\"title\": \"B\", \"panels\": []}\n",
    );
    world.apply().exits(0).says("4 added");
    world.plan().exits(0).says("No changes.");
}

#[test]
fn data_sources_that_name_each_other_are_made_in_one_run() {
    let world = World::new(Version::V12_4);
    let source = |uid: &str, kind: &str, options| json!({ "uid": uid, "name": uid, "type": kind, "url": "http://x", "jsonData": options });
    world.json("t.json", &source("tempo", "tempo", json!({ "tracesToLogsV2": { "datasourceUid": "loki" } })));
    world.json("l.json", &source("loki", "loki", json!({ "derivedFields": [{ "datasourceUid": "tempo" }] })));
    world.apply().exits(0).says("2 added");
    world.plan().exits(0).says("No changes.");
    world
        .json("t.json", &source("tempo", "tempo", json!({ "tracesToMetrics": { "datasourceUid": "prometheus" } })));
    world.plan().exits(3).says("nothing here or in the workspace has the data source `prometheus`");
}

#[test]
fn config_maps_without_the_label_are_read_where_a_flag_or_the_settings_say_so() {
    let world = World::new(Version::V12_4);
    world.write(
        "cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a.json: '{\"title\": \"A\", \"uid\": \"cm\", \"panels\": []}'\n  nginx.conf: server {}\n",
    );
    world
        .amgctl("validate stack")
        .exits(3)
        .says("this ConfigMap holds a dashboard (`a.json`) and has no label `grafana_dashboard`")
        .says("`--configmaps` (`configmaps: true` in amgctl.yaml)");
    world.amgctl("validate stack --configmaps").exits(0).says("1 object in").lacks("nginx.conf");
    world.write("amgctl.yaml", "stack: demo\nconfigmaps: true\n");
    world.amgctl("validate stack --configmaps=false").exits(3);
    world.apply().exits(0).says("1 added");
    world.plan().exits(0).says("No changes.");
    // A dashboard that cannot be read any more is a fault, not a removal.
    world.write(
        "cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a.json: '{\"title\": \"A\", \"uid\": \"cm\", \"panels\": [],}'\n",
    );
    world.plan().exits(3).says("trailing comma");
}

#[test]
fn a_list_may_hold_config_maps_beside_other_objects() {
    let world = World::new(Version::V12_4);
    world.write(
        "all.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: x, labels: {grafana_dashboard: \"1\"}}\n  data:\n    a.json: |-\n      {\"title\": \"A\", \"uid\": \"cm\", \"panels\": []}\n- apiVersion: folder.grafana.app/v1beta1\n  kind: Folder\n  metadata: {name: f}\n  spec: {title: Listed}\n- apiVersion: dashboard.grafana.app/v1beta1\n  kind: Dashboard\n  metadata: {name: d, annotations: {grafana.app/folder: f}}\n  spec: {title: Board, panels: []}\n",
    );
    world.apply().exits(0).says("3 added");
    world.plan().exits(0).says("No changes.");
}

#[test]
fn envelopes_of_grizzly_are_applied_and_planned_as_empty() {
    let world = World::new(Version::V12_4);
    world.write(
        "all.yaml",
        "apiVersion: grizzly.grafana.com/v1alpha1\nkind: DashboardFolder\nmetadata: {name: f}\nspec: {title: Grr}\n---\napiVersion: grizzly.grafana.com/v1alpha1\nkind: Dashboard\nmetadata: {name: d, folder: f}\nspec: {title: Board, uid: d, schemaVersion: 17}\n---\napiVersion: grizzly.grafana.com/v1alpha1\nkind: Datasource\nmetadata: {name: s}\nspec: {access: proxy, name: S, type: prometheus, url: \"http://x\"}\n",
    );
    world.apply().exits(0).says("3 added");
    world.plan().exits(0).says("No changes.");
}
