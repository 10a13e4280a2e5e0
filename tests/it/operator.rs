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
