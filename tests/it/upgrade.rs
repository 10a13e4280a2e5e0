//! Upgrades in place: what was applied to an older Grafana is what a newer one has, and nothing is to do.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::client_with;

/// A home with the directory `stack` in it, and the embedded workspace's data file.
struct Home(tempfile::TempDir);

impl Home {
    /// One whose stack has folders, data sources with a secret, and as many dashboards as asked for.
    fn with(dashboards: usize, nested: bool) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        home.write("stack/amgctl.yaml", "stack: demo\n");
        home.write(
            "stack/datasources.yaml",
            "apiVersion: 1\ndatasources:\n\
             - {name: Prom, uid: prom, type: prometheus, url: 'http://p', isDefault: true, secureJsonData: {password: x}}\n\
             - {name: Postgres, uid: pg, type: postgres, url: 'pg:5432'}\n",
        );
        for n in 0..dashboards {
            let folder = ["Infra", if nested { "Infra/Linux" } else { "Apps" }][n % 2];
            let mut dashboard = json!({
                "uid": format!("d{n}"), "title": format!("Dashboard {n}"), "schemaVersion": 36, "refresh": "1s",
                "panels": [{ "id": 1, "type": "stat", "title": "s", "max": 1.0, "datasource": { "uid": "prom" } }],
            });
            if n == 0 {
                dashboard["panels"][0]["max"] = 9_007_199_254_740_993_i64.into();
            }
            home.write(&format!("stack/{folder}/d{n}.json"), &dashboard.to_string());
        }
        home
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs `amgctl` here; its status, and all that it said.
    fn amgctl(&self, arguments: &str) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_amgctl"))
            .env_clear()
            .current_dir(self.0.path())
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap_or(-1), told)
    }

    #[track_caller]
    fn exits(&self, code: i32, arguments: &str) -> String {
        let (got, told) = self.amgctl(arguments);
        assert!(got == code, "`{arguments}` exits with {got}, not {code}\n{told}");
        told
    }

    /// Claims that there is nothing to do on this version, and that an apply writes nothing but what it knows.
    #[track_caller]
    fn is_settled_on(&self, version: &str) {
        let told = self.exits(0, &format!("plan stack --sandbox={version} -detailed-exitcode"));
        assert!(told.contains("No changes."), "{told}");
        assert!(told.contains("`9007199254740993` has more digits than Grafana 12 can keep"), "{told}");
    }

    /// What a dashboard is, by the older API of the data file's own version.
    async fn dashboard(&self, version: &str, uid: &str) -> Value {
        let options = amgctl::sandbox::Options {
            version: version.parse().unwrap(),
            data: Some(self.0.path().join(".amgctl/sandbox.json")),
            ..Default::default()
        };
        let running = amgctl::sandbox::start(options).await.unwrap();
        let client = client_with(|builder| builder);
        let read = client.get(format!("{}/api/dashboards/uid/{uid}", running.url));
        let text = read.bearer_auth(&running.tokens.admin).send().await.unwrap().text().await.unwrap();
        running.shutdown().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

/// Applies on the first version and goes through the others: nothing is to do on any of them, and then what is
/// changed is changed alone, and what is destroyed is gone.
fn upgraded(dashboards: usize, versions: &[&str]) {
    let home = Home::with(dashboards, versions[0] == "10.4");
    let first = versions[0];
    home.exits(0, &format!("apply stack --sandbox={first} -auto-approve"));
    for version in versions {
        home.is_settled_on(version);
    }
    // The record is renewed, once, without a change.
    let told = home.exits(0, "apply stack --sandbox -auto-approve");
    assert!(told.contains("0 added, 0 changed, 0 destroyed") || told.contains("No changes."), "{told}");
    let told = home.exits(0, "apply stack --sandbox -auto-approve --verbose");
    assert!(told.contains("No changes."), "{told}");
    home.write("stack/datasources.yaml", "apiVersion: 1\ndatasources:\n- {name: Prom, uid: prom, type: prometheus, url: 'http://q', isDefault: true, secureJsonData: {password: x}}\n- {name: Postgres, uid: pg, type: postgres, url: 'pg:5432'}\n");
    home.write("stack/Infra/d0.json", r#"{"uid":"d0","title":"Dashboard 0","panels":[]}"#);
    let told = home.exits(0, "apply stack --sandbox -auto-approve");
    assert!(told.contains("0 added, 2 changed, 0 destroyed"), "{told}");
    let told = home.exits(0, "plan stack --sandbox -detailed-exitcode");
    assert!(told.contains("No changes."), "{told}");
    if versions.last() == Some(&"12.4") {
        lets_go_of_folders_that_count_what_was_moved(&home);
        return;
    }
    let told = home.exits(0, "destroy stack --sandbox -auto-approve");
    let objects = dashboards + 4;
    assert!(told.contains(&format!("{objects} destroyed")), "{told}");
}

/// A 12.4 that moved its database says "not empty" of the folders that held dashboards then, for ever: a destroy says
/// why and what to do, and the record lets go of them when asked.
fn lets_go_of_folders_that_count_what_was_moved(home: &Home) {
    let destroy = "destroy stack --sandbox -auto-approve";
    let told = home.exits(5, destroy);
    assert!(told.contains("this workspace was moved from an older Grafana"), "{told}");
    assert!(told.contains("docs/servers.md"), "{told}");
    // Again is no help: nothing is destroyed, and the words are the same.
    let (_, told) = home.amgctl(destroy);
    assert!(told.contains("Destroy incomplete! Resources: 0 destroyed; "), "{told}");
    let ways: std::collections::BTreeSet<&str> =
        told.split('`').filter_map(|part| part.strip_prefix("amgctl forget ")).collect();
    assert!(!ways.is_empty(), "{told}");
    for address in ways {
        home.exits(0, &format!("forget {address} --directory stack --sandbox"));
    }
    home.exits(0, destroy);
}

#[test]
fn an_upgrade_from_9_4_by_10_4_to_12_4_on_legacy_storage_plans_nothing() {
    upgraded(12, &["9.4", "10.4", "12.4-upgraded"]);
}

#[test]
fn an_upgrade_from_9_4_or_10_1_straight_to_12_4_plans_nothing() {
    upgraded(12, &["9.4", "12.4-upgraded"]);
    upgraded(12, &["10.1", "12.4-upgraded"]);
}

#[test]
fn a_nested_10_4_upgraded_plans_nothing() {
    upgraded(12, &["10.4", "12.4-upgraded"]);
}

#[test]
fn a_small_database_moved_to_unified_storage_plans_nothing() {
    upgraded(4, &["9.4", "12.4"]);
    upgraded(4, &["10.4", "12.4"]);
}

#[test]
fn an_upgrade_to_13_plans_nothing_whatever_the_size() {
    upgraded(12, &["12.4", "13"]);
    upgraded(12, &["9.4", "12.4-upgraded", "13"]);
}

#[tokio::test]
async fn an_upgrade_keeps_versions_and_times_and_reads_numbers_as_floats() {
    let home = Home::with(2, false);
    home.exits(0, "apply stack --sandbox=9.4 -auto-approve");
    let before = home.dashboard("9.4", "d0").await;
    for version in ["12.4-upgraded", "13"] {
        let after = home.dashboard(version, "d0").await;
        for field in ["created", "updated", "version", "folderUid"] {
            assert_eq!(after["meta"][field], before["meta"][field], "{field}");
        }
        for field in ["id", "uid", "version", "title"] {
            assert_eq!(after["dashboard"][field], before["dashboard"][field], "{field}");
        }
        assert_eq!(after["dashboard"]["panels"][0]["max"].to_string(), "9007199254740992");
    }
    assert_eq!(before["dashboard"]["panels"][0]["max"].to_string(), "9007199254740993");
}

#[test]
fn a_downgrade_is_refused_with_a_reason_and_the_data_is_as_it_was() {
    let home = Home::with(2, false);
    home.exits(0, "apply stack --sandbox=12.4 -auto-approve");
    let told = home.exits(1, "plan stack --sandbox=9.4");
    assert!(
        told.contains("was made by Grafana 12.4, not 9.4: a Grafana does not open the database of a newer one")
    );
    assert!(told.contains("hint: serve it as 12.4, or use another file"), "{told}");
    home.is_settled_on("12.4");
    // Without a version, whoever made the file chose.
    home.is_settled_on("");
}

#[test]
fn a_large_database_is_not_taken_for_one_in_unified_storage() {
    let home = Home::with(12, false);
    home.exits(0, "apply stack --sandbox=9.4 -auto-approve");
    let told = home.exits(1, "plan stack --sandbox=12.4");
    assert!(told.contains("in the older storage: that is `12.4-upgraded`"), "{told}");
    home.is_settled_on("9.4");
}
