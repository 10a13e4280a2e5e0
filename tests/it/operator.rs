//! Manifests of the grafana-operator, applied without a cluster.

use serde_json::{Value, json};

use crate::support::{PLANTED, World, every, on, prometheus};
use amgctl::sandbox::Version;

/// A manifest for every instance.
fn manifest(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: monitoring\nspec:\n  \
         instanceSelector: {{}}\n{spec}"
    )
}

fn content(uid: &str, title: &str) -> String {
    format!("  json: |\n    {{\"uid\": \"{uid}\", \"title\": \"{title}\", \"panels\": []}}\n")
}

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: monitoring}\nstringData:\n  token: ";

fn datasource(uid: &str) -> String {
    manifest(
        "GrafanaDatasource",
        "prom",
        &format!(
            "{uid}  valuesFrom:\n    - targetPath: secureJsonData.httpHeaderValue1\n      valueFrom: {{secretKeyRef: {{name: keys, \
             key: token}}}}\n  datasource:\n    name: Prom\n    type: prometheus\n    access: proxy\n    url: \
             http://prometheus:9090\n    jsonData: {{httpHeaderName1: Authorization}}\n    secureJsonData: {{httpHeaderValue1: \
             'Bearer ${{token}}'}}\n"
        ),
    )
}

#[test]
fn a_dashboard_in_a_manifest_is_made_changed_and_deleted() {
    every(|w| {
        let of =
            |title: &str| manifest("GrafanaDashboard", "cpu", &(content("cpu", title) + "  folder: General\n"));
        w.write("cpu.yaml", &of("CPU"));
        w.plan().exits(2).says("+ dashboard.cpu");
        w.apply().exits(0).says("1 added");
        w.is_settled();

        w.write("cpu.yaml", &of("CPU load"));
        w.apply().exits(0).says("1 changed");
        assert_eq!(w.live_dashboard("cpu").unwrap()["title"], "CPU load");
        w.is_settled();

        w.destroy().exits(0).says("1 destroyed");
        assert!(w.live_dashboard("cpu").is_none());
    });
}

#[test]
fn a_tree_of_manifests_is_applied_with_its_secrets_and_folders() {
    every(|w| {
        w.write("secret.yaml", &format!("{SECRET}{PLANTED}\n"));
        w.write("prom.yaml", &datasource("  uid: prom\n"));
        w.write("ops.yaml", &manifest("GrafanaFolder", "ops", "  uid: ops\n  title: Ops\n"));
        w.write("a.yaml", &manifest("GrafanaDashboard", "a", &(content("a", "A") + "  folderRef: ops\n")));
        w.write("b.yaml", &manifest("GrafanaDashboard", "b", &content("b", "B")));
        w.write("c.yaml", &manifest("GrafanaDashboard", "c", &(content("c", "C") + "  folder: EKS\n")));
        w.plan()
            .exits(2)
            .says("uids of manifests: 1 by `spec.uid`, 3 by the object itself")
            .says("folders of manifests, by title: `EKS`")
            .says("folders of manifests that name none, by namespace: `monitoring`");
        w.apply().exits(0).says("7 added");
        assert_eq!(w.folder_of("a"), "ops");
        assert_eq!(w.folder_of("b"), w.folder_titled("monitoring").unwrap());
        assert_eq!(w.folder_of("c"), w.folder_titled("EKS").unwrap());
        assert_eq!(w.live_datasource("prom").unwrap()["secureJsonFields"]["httpHeaderValue1"], true);
        w.is_settled();

        w.write("secret.yaml", &format!("{SECRET}{PLANTED}-rotated\n"));
        w.plan().exits(2).says("Plan: 0 to add, 1 to change");
        w.apply().exits(0).says("1 changed");
        w.is_settled();
        w.destroy().exits(0).says("7 destroyed");
    });
}

#[test]
fn what_is_suspended_is_neither_changed_nor_deleted() {
    on(Version::V12_4, |w| {
        let of = |title: &str, more: &str| manifest("GrafanaDashboard", "cpu", &(content("cpu", title) + more));
        w.write("cpu.yaml", &of("CPU", ""));
        w.applied();
        w.write("cpu.yaml", &of("CPU load", "  suspend: true\n"));
        w.plan().exits(0).says("`spec.suspend` is set, so left as they are: `dashboard.cpu`");
        w.apply().exits(0);
        assert_eq!(w.live_dashboard("cpu").unwrap()["title"], "CPU");
        w.write("cpu.yaml", &of("CPU load", ""));
        w.apply().exits(0).says("1 changed");
        w.is_settled();
    });
}

#[test]
fn a_grafana_with_its_url_and_key_is_the_workspace() {
    on(Version::V12_4, |w| {
        let running = w.sandbox.running();
        w.write(
            "grafana.yaml",
            &format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: key}}\nstringData: {{token: {}}}\n---\napiVersion: \
                 grafana.integreatly.org/v1beta1\nkind: Grafana\nmetadata: {{name: amg}}\nspec:\n  external:\n    url: {}\n    \
                 apiKey: {{name: key, key: token}}\n",
                running.tokens.admin, running.url
            ),
        );
        let board = manifest("GrafanaDashboard", "cpu", &(content("cpu", "CPU") + "  folder: General\n"));
        w.write("cpu.yaml", &board.replace("  namespace: monitoring\n", ""));
        let run = |arguments: &str| {
            let mut command = w.command(arguments);
            command.env_remove("AMGCTL_URL").env_remove("GRAFANA_TOKEN");
            w.run(arguments, command)
        };
        run("apply stack -auto-approve").exits(0).says("1 added");
        run("plan stack -detailed-exitcode").exits(0).says("No changes.");
        // Where the workspace is named otherwise, its key is not needed.
        w.write(
            "grafana.yaml",
            &std::fs::read_to_string(w.directory().join("grafana.yaml"))
                .unwrap()
                .replace("name: key}", "name: other}"),
        );
        run("plan stack").exits(6).says("there is no token for the `Grafana` `amg`");
        w.is_settled();
    });
}

/// A workspace as the operator leaves it for manifests without uids: uids are those of its cluster.
fn as_the_operator_makes_it(w: &World) {
    let prom = json!({ "jsonData": { "httpHeaderName1": "Authorization" }, "secureJsonData": { "httpHeaderValue1": "Bearer x" } });
    let mut datasource = prometheus("8d1f9a52-0c55-4a3e-9c44-6f0f0c1f2a10", "Prom");
    for key in ["jsonData", "secureJsonData"] {
        datasource[key] = prom[key].clone();
    }
    w.make_datasource(&datasource);
    w.make_folder("fe11d0aa-0000-4000-8000-000000000001", "Ops", "");
    w.make_folder("monitoring-by-operator", "Monitoring", "");
    let board = |uid: &str, title: &str| json!({ "uid": uid, "title": title, "panels": [] });
    w.save(&board("a", "A"), "fe11d0aa-0000-4000-8000-000000000001");
    w.save(&board("0a5e6c1e-0000-4000-8000-000000000002", "B"), "monitoring-by-operator");
}

#[test]
fn what_the_operator_made_is_adopted_with_the_uids_of_its_cluster() {
    every(|w| {
        as_the_operator_makes_it(w);
        let before: Vec<Value> = ["dash-db", "dash-folder"]
            .map(|kind| w.read(&format!("/api/search?type={kind}&limit=100")).unwrap())
            .into();
        w.write("secret.yaml", &format!("{SECRET}{PLANTED}\n"));
        w.write("prom.yaml", &datasource(""));
        w.write("ops.yaml", &manifest("GrafanaFolder", "ops", "  title: Ops\n"));
        w.write("a.yaml", &manifest("GrafanaDashboard", "a", &(content("a", "A") + "  folderRef: ops\n")));
        w.write("b.yaml", &manifest("GrafanaDashboard", "b", &content("", "B")));
        w.plan()
            .exits(3)
            .says("the workspace has the data source `Prom` already, and it is not ours")
            .says("take it over with `--adopt` (or `--adopt=datasource.8d1f9a52-0c55-4a3e-9c44-6f0f0c1f2a10`)");
        w.plan_with("--adopt").exits(2).says("Plan: 0 to add, 0 to change, 0 to destroy. 4 to adopt.");
        w.apply_with("--adopt").exits(0).says("4 adopted");
        w.is_settled();
        let after: Vec<Value> = ["dash-db", "dash-folder"]
            .map(|kind| w.read(&format!("/api/search?type={kind}&limit=100")).unwrap())
            .into();
        let names = |lists: &[Value]| -> Vec<String> {
            let all = lists.iter().flat_map(|list| list.as_array().unwrap());
            let mut names: Vec<String> = all
                .filter(|one| !one["uid"].as_str().unwrap().starts_with("amgctl"))
                .map(|one| format!("{} {} {} {}", one["id"], one["uid"], one["title"], one["folderUid"]))
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&after), names(&before), "nothing was deleted, made again or renamed");
        // From then on the record knows them.
        w.write(
            "b.yaml",
            &manifest("GrafanaDashboard", "b", &content("", "B").replace("[]", "[{\"type\": \"text\"}]")),
        );
        w.plan()
            .exits(2)
            .says("~ dashboard.0a5e6c1e-0000-4000-8000-000000000002")
            .says("Plan: 0 to add, 1 to change");
    });
}

#[test]
fn a_loop_goes_on_with_what_was_adopted() {
    on(Version::V12_4, |w| {
        as_the_operator_makes_it(w);
        w.write("secret.yaml", &format!("{SECRET}{PLANTED}\n"));
        w.write("prom.yaml", &datasource(""));
        w.write("b.yaml", &manifest("GrafanaDashboard", "b", &content("", "B")));
        let uid = "0a5e6c1e-0000-4000-8000-000000000002";
        // Without a word nothing is taken over, round after round.
        let refused = w.amgctl("reconcile stack --interval 0s --rounds 1");
        refused.writes_nothing().says("it is not ours");
        w.apply_with("--adopt").exits(0).says("adopted");
        w.amgctl("reconcile stack --interval 0s --rounds 3").exits(0).writes_nothing();
        w.edit(uid, |dashboard| dashboard["title"] = "Edited".into());
        let repaired = w.amgctl("reconcile stack --interval 0s --rounds 2 --on-drift overwrite");
        repaired.exits(0).says("\"reason\":\"overwritten\"").says(uid);
        assert_eq!(
            w.live_dashboard(uid).unwrap()["title"],
            "B",
            "it is repaired under the uid that it was adopted with"
        );
        w.remove("b.yaml");
        w.amgctl("reconcile stack --interval 0s --rounds 1").exits(0);
        assert!(w.live_dashboard(uid).is_some(), "what was adopted is released, not deleted");
    });
}

#[test]
fn a_changed_selector_or_uid_is_no_silent_deletion() {
    on(Version::V12_4, |w| {
        let target = |labels: &str| {
            format!(
                "apiVersion: grafana.integreatly.org/v1beta1\nkind: Grafana\nmetadata: {{name: amg, namespace: monitoring, labels: \
                 {{{labels}}}}}\nspec: {{external: {{url: 'https://grafana.example.com'}}}}\n"
            )
        };
        let board = |uid: &str, selector: &str| {
            let text =
                manifest("GrafanaDashboard", uid, &(content(uid, &format!("T {uid}")) + "  folder: General\n"));
            text.replace("instanceSelector: {}", &format!("instanceSelector: {selector}"))
        };
        let selects = "{matchLabels: {team: sre}}";
        w.write("grafana.yaml", &target("team: sre"));
        w.write("two.yaml", &format!("{}---\n{}", board("a", selects), board("b", selects)));
        w.applied();
        // A typing error in the selector would delete the dashboard, as would other labels of the `Grafana`.
        w.write("two.yaml", &format!("{}---\n{}", board("a", selects), board("b", "{matchLabels: {team: ser}}")));
        w.plan()
            .exits(3)
            .says("[immutable]")
            .says("`dashboard.b` was applied from this manifest")
            .says("two.yaml:");
        w.write("grafana.yaml", &target("team: web"));
        w.plan().exits(3).says("`dashboard.a` was applied from this manifest").says("the labels of the `Grafana`");
        w.write("grafana.yaml", &target("team: sre"));
        // What is removed altogether goes without a word.
        w.write("two.yaml", &board("a", selects));
        w.plan().exits(2).says("- dashboard.b").lacks("[immutable]");
        w.applied();
        w.write("two.yaml", &board("c", selects));
        w.plan()
            .exits(2)
            .says("- dashboard.a")
            .says("+ dashboard.c")
            .says("the uid of this manifest was `a` and is `c`")
            .says("amgctl forget dashboard.a");
        w.plan_with("--strict").exits(3);
    });
}

#[test]
fn a_library_panel_that_the_operator_made_is_adopted() {
    every(|w| {
        let panel = |uid: &str| {
            let spec =
                "  json: |\n    {\"title\": \"CPU\", \"type\": \"text\", \"options\": {\"content\": \"x\"}}\n";
            manifest("GrafanaLibraryPanel", "cpu", &format!("{uid}{spec}  folderUID: general\n"))
        };
        // As the operator makes it: with the uid of its cluster, under the title as its name.
        w.write("cpu.yaml", &panel("  uid: 8d1f9a52-0c55-4a3e-9c44-6f0f0c1f2a10\n"));
        w.applied();
        w.amgctl("forget library_panel.8d1f9a52-0c55-4a3e-9c44-6f0f0c1f2a10 --directory stack");
        for file in [panel("  uid: 8d1f9a52-0c55-4a3e-9c44-6f0f0c1f2a10\n"), panel("")] {
            w.write("cpu.yaml", &file);
            w.plan().lacks("+ library_panel");
            w.plan_with("--adopt").says("8d1f9a52-0c55-4a3e-9c44-6f0f0c1f2a10").lacks("+ library_panel");
        }
    });
}

#[test]
fn the_content_of_what_is_suspended_is_not_fetched() {
    on(Version::V12_4, |w| {
        let of = |content: &str, more: &str| {
            manifest("GrafanaDashboard", "cpu", &format!("{content}{more}  folder: General\n"))
        };
        w.write("cpu.yaml", &of(&content("cpu", "CPU"), ""));
        w.applied();
        // Nothing listens there: asking would be an error.
        let elsewhere = "  url: https://127.0.0.1:9/cpu.json\n";
        w.write("cpu.yaml", &of(elsewhere, ""));
        w.plan().exits(3).says("https://127.0.0.1:9/cpu.json");
        for more in ["  suspend: true\n", "  uid: cpu\n  suspend: true\n"] {
            w.write("cpu.yaml", &of(elsewhere, more));
            w.plan().exits(0).says("`spec.suspend` is set, so left as they are: `dashboard.cpu`");
            w.apply().exits(0);
            assert!(w.live_dashboard("cpu").is_some());
        }
        let annotated = of(elsewhere, "").replace(
            "metadata:\n",
            "metadata:\n  annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}\n",
        );
        w.write("cpu.yaml", &annotated);
        w.plan().exits(0).says("so left as they are: `dashboard.cpu`");
        // And nothing is made of it where it was never applied.
        w.destroy().exits(0);
        w.plan().exits(0).says("No changes.");
    });
}

#[test]
fn a_push_secret_beside_manifests_has_a_hint() {
    on(Version::V12_4, |w| {
        let push = "apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nmetadata: {name: p}\nspec: {}\n";
        w.write("push.yaml", push);
        w.plan().exits(0).lacks("PushSecret`,");
        w.write("cpu.yaml", &manifest("GrafanaDashboard", "cpu", &(content("cpu", "CPU") + "  folder: General\n")));
        w.plan().exits(2).says("this is a `PushSecret`").says("amgctl bootstrap-identity").says("push.yaml:2");
    });
}

#[test]
fn annotations_of_a_config_map_hold_for_the_dashboards_in_it() {
    on(Version::V12_4, |w| {
        let map = |title: &str, annotations: &str| {
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: boards\n  labels: {{grafana_dashboard: '1'}}\n{annotations}data:\n  \
                 cpu.json: '{{\"uid\": \"cpu\", \"title\": \"{title}\", \"panels\": []}}'\n"
            )
        };
        let annotation = |of: &str| format!("  annotations: {{kustomize.toolkit.fluxcd.io/{of}}}\n");
        w.write("map.yaml", &map("CPU", ""));
        w.applied();
        w.write("map.yaml", &map("CPU load", &annotation("ssa: IfNotPresent")));
        w.plan().exits(0);
        w.write("map.yaml", &map("CPU load", &annotation("reconcile: disabled")));
        w.plan().exits(0).says("so left as they are: `dashboard.cpu`");
        w.write("map.yaml", &map("CPU load", &annotation("prune: disabled")));
        w.applied();
        w.remove("map.yaml");
        w.apply_with("--allow-empty").exits(0);
        assert!(w.live_dashboard("cpu").is_some(), "it is kept");
    });
}
