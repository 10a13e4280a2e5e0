//! `amgctl import`: what a workspace has becomes files and belongs to the stack; nothing in the workspace is changed.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{World, dashboard, on, prometheus};

/// A workspace that people filled by hand, titles that no file may have among them.
fn fill(w: &World) {
    w.change("POST", "/api/folders", &json!({ "uid": "infra", "title": "Infra / prod" }));
    w.change("POST", "/api/folders", &json!({ "uid": "con", "title": "CON" }));
    if w.has_sub_folders() {
        w.change("POST", "/api/folders", &json!({ "uid": "linux", "title": "Linux", "parentUid": "infra" }));
        w.save(&dashboard("node", "Node \u{1f680}"), "linux");
    }
    for (uid, title, folder) in [
        ("root", "../../x", ""),
        ("cpu", "CPU", "infra"),
        ("dots", "...", "con"),
        ("long", &*"long ".repeat(40), "infra"),
    ] {
        w.save(&dashboard(uid, title), folder);
    }
    let mut amp = prometheus("amp", "AMP: prod # 1");
    amp["basicAuth"] = json!(true);
    amp["basicAuthUser"] = json!("yes");
    amp["jsonData"] = json!({ "httpMethod": "POST", "timeInterval": "15s" });
    amp["secureJsonData"] = json!({ "basicAuthPassword": "planted" });
    w.change("POST", "/api/datasources", &amp);
    let model = json!({ "type": "text", "title": "Shared", "options": { "content": "x" } });
    w.change(
        "POST",
        "/api/library-elements",
        &json!({ "uid": "shared", "name": "Shared", "kind": 1, "model": model, "folderUid": "infra" }),
    );
}

/// Every file of the directory, with its text.
fn files(w: &World) -> Vec<(String, String)> {
    fn below(root: &std::path::Path, at: &std::path::Path, all: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => below(root, &entry, all),
                false => {
                    let path = entry.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                    all.push((path, std::fs::read_to_string(&entry).unwrap()));
                }
            }
        }
    }
    let mut all = Vec::new();
    below(&w.directory(), &w.directory(), &mut all);
    all.sort();
    all
}

#[test]
fn a_workspace_becomes_a_directory_and_the_next_plan_is_empty() {
    for version in [Version::V9_4, Version::V10_4, Version::V12_4] {
        on(version, |w| {
            fill(w);
            std::fs::remove_dir_all(w.directory()).ok();
            let ran = w.amgctl("import --all stack --stack demo");
            ran.exits(0)
                .says(
                    "Stack `demo` owns them now, and nothing in the workspace was changed: the next plan is empty.",
                )
                .says("datasources/amp-prod-1.yaml: basicAuthPassword")
                .says("1 data source")
                .says("dashboard.long: a file of it would be refused: this title has")
                .says("1 library panel");
            for uid in ["cpu", "root", "dots"] {
                assert_eq!(w.live_dashboard(uid).unwrap()["version"], 1, "{uid} was written");
            }
            assert!(ran.writes().len() <= 4, "the record's folder and the record: {:?}", ran.writes());
            w.plan().exits(0).says("No changes.");
            let before = files(w);
            let named: Vec<&str> = before.iter().map(|(path, _)| path.as_str()).collect();
            for expected in [
                "_CON/_folder.yaml",
                "_CON/dashboard.json",
                "Infra - prod/_folder.yaml",
                "Infra - prod/cpu.json",
                "x.json",
            ] {
                assert!(named.contains(&expected), "{expected} is not among {named:?}");
            }
            let cpu = &before.iter().find(|(path, _)| path == "Infra - prod/cpu.json").unwrap().1;
            let cpu: Value = serde_json::from_str(cpu).unwrap();
            assert!(cpu["uid"] == "cpu" && cpu.get("id").is_none() && cpu.get("version").is_none(), "{cpu}");
            w.amgctl("import --all stack")
                .exits(0)
                .says("Nothing to import")
                .says("declares it already")
                .writes_nothing();
            assert_eq!(files(w), before);
            w.amgctl("destroy stack --auto-approve").exits(0);
            w.applied();
            w.plan().exits(0).says("No changes.");
        });
    }
}

#[test]
fn what_is_named_is_imported_with_its_folders_and_files_in_the_way_are_not_overwritten() {
    on(Version::V12_4, |w| {
        fill(w);
        std::fs::remove_dir_all(w.directory()).ok();
        w.amgctl("import stack").exits(64).says("nothing is named to import");
        w.amgctl("import dashboard.nowhere stack").exits(1).says("the workspace has no `dashboard.nowhere`");
        w.amgctl("import --folder nowhere stack").exits(1).says("the workspace has no folder `nowhere`");
        w.write("Infra - prod/Linux/node.json", "{\"title\": \"mine\"");
        w.remove("Infra - prod/Linux/node.json");
        w.write("Infra - prod/Linux/node.json", "{}");
        let before = files(w);
        let ran = w.amgctl("import dashboard.node stack --stack demo");
        ran.exits(1)
            .says("`Infra - prod/Linux/node.json` is there already, with other contents")
            .says("--force")
            .writes_nothing();
        assert_eq!(files(w), before);
        w.amgctl("import dashboard.node stack --stack demo --force --no-adopt")
            .exits(0)
            .says("Not adopted yet")
            .writes_nothing();
        let named: Vec<String> =
            files(w).into_iter().map(|(path, _)| path).filter(|path| path.contains("Infra")).collect();
        assert_eq!(
            named,
            ["Infra - prod/Linux/_folder.yaml", "Infra - prod/Linux/node.json", "Infra - prod/_folder.yaml"]
        );
        w.amgctl("apply stack --adopt --auto-approve").exits(0).says("0 added, 0 changed, 0 destroyed");
        let ran = w.amgctl("import --folder infra datasource.amp stack --secrets sm --json");
        let told: Value = serde_json::from_str(&ran.exits(0).out).unwrap();
        assert_eq!(told["secrets"][0]["placeholder"], "$__secretsmanager{grafana/AMP--prod---1:basicAuthPassword}");
        assert_eq!(told["adopted"], false);
        assert!(told["imported"].as_array().unwrap().contains(&json!("library_panel.shared")), "{told}");
    });
}
