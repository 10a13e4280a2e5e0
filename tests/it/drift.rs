//! `amgctl drift`: what others did since the last apply, by whom and when; nothing is written.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{PLANTED, dashboard, on, prometheus};

#[test]
fn what_others_did_is_told_and_what_the_directory_did_is_not() {
    for version in [Version::V9_4, Version::V12_4] {
        on(version, |w| {
            w.write("Infra/_folder.yaml", "uid: infra\ntitle: Infra\n");
            for uid in ["changed", "moved", "deleted", "file", "both"] {
                w.json(&format!("{uid}.json"), &dashboard(uid, &uid.to_uppercase()));
            }
            w.json("Infra/amp.json", &prometheus("amp", "AMP"));
            w.amgctl("drift stack -detailed-exitcode").exits(0).says("has no record in this workspace");
            w.applied();
            let calm = w.amgctl("drift stack -detailed-exitcode");
            calm.exits(0).says("No drift. Nothing was changed outside (7 objects,").writes_nothing();

            w.save(&dashboard("theirs", "Theirs \u{1b}[31m"), "");
            w.json("file.json", &dashboard("file", "Another title"));
            w.json("both.json", &dashboard("both", "Both titles"));
            for uid in ["changed", "both"] {
                w.edit(uid, |dashboard| dashboard["panels"][0]["title"] = json!("by hand"));
            }
            let moved = json!({ "dashboard": w.live_dashboard("moved").unwrap(), "folderUid": "infra" });
            w.change("POST", "/api/dashboards/db", &moved);
            w.delete("/api/dashboards/uid/deleted");
            w.edit_datasource("amp", |datasource| datasource["url"] = json!("http://by-hand"));
            let ran = w.amgctl("drift stack");
            ran.exits(0)
                .says("admin saved version 2")
                .says("declared in changed.json")
                .says("by hand")
                .says("~ url")
                .says("declared in both.json, which was changed too")
                .says("moved it to Infra")
                .says("Not managed by any stack: 1 dashboard (--unmanaged lists them).")
                .says("Drift: 3 changed, 1 moved, 1 deleted outside.")
                .lacks("dashboard.file")
                .writes_nothing();
            w.amgctl("drift stack --detailed-exitcode").exits(2);
            let listed = w.amgctl("drift stack --unmanaged");
            listed.says("dashboard.theirs \"Theirs").says("amgctl import dashboard.theirs").lacks("\u{1b}[31m");
            let ran = w.amgctl("drift stack --json --unmanaged");
            ran.exits(0).writes_nothing();
            let document: Value = serde_json::from_str(&ran.out).unwrap();
            let drift = document["drift"].as_array().unwrap();
            let told: Vec<String> = drift
                .iter()
                .map(|one| ["address", "what", "fileIs"].map(|key| one[key].as_str().unwrap()).join(" "))
                .collect();
            let wanted = [
                "dashboard.both changed changed",
                "dashboard.changed changed as-applied",
                "dashboard.deleted deleted as-applied",
                "dashboard.moved moved as-applied",
                "datasource.amp changed as-applied",
            ];
            assert_eq!(told, wanted, "{ran}");
            assert_eq!(document["unmanaged"], json!({ "dashboard": 1 }));
            assert_eq!(document["unmanagedObjects"][0]["import"], "amgctl import dashboard.theirs");

            // What the files say by now too is no drift, and neither is what is gone from both.
            w.json("changed.json", &w.live_dashboard("changed").unwrap());
            w.remove("deleted.json");
            let ran = w.amgctl("drift stack");
            ran.says("the directory says the same by now").says("Drift: 2 changed, 1 moved, 0 deleted outside.");
        });
    }
}

#[test]
fn a_token_that_may_not_read_the_record_knows_of_no_drift_and_says_so() {
    on(Version::V12_4, |w| {
        w.json("cpu.json", &dashboard("cpu", "CPU"));
        w.applied();
        w.delete("/api/dashboards/uid/cpu");
        let mut command = w.command("drift stack -detailed-exitcode");
        command.env("GRAFANA_TOKEN", &w.sandbox.running().tokens.viewer);
        let ran = w.run("drift as a viewer", command);
        ran.exits(9)
            .says("not known: what the stack owns")
            .says("No drift that this token can see")
            .lacks("Not managed");
        w.write("amgctl.yaml", "stack: demo\nownership: none\n");
        w.amgctl("drift stack").exits(1).says("nothing is recorded").writes_nothing();
    });
}

#[test]
fn a_secret_is_never_shown_and_never_asked_for() {
    on(Version::V12_4, |w| {
        let mut amp = prometheus("amp", "AMP");
        amp["basicAuth"] = json!(true);
        amp["basicAuthUser"] = json!("me");
        amp["secureJsonData"] = json!({ "basicAuthPassword": PLANTED });
        w.json("amp.json", &amp);
        w.applied();
        w.edit_datasource("amp", |datasource| {
            datasource["secureJsonData"] = json!({ "basicAuthPassword": "other" })
        });
        w.amgctl("drift stack -detailed-exitcode")
            .exits(2)
            .says("its secrets may have been changed")
            .writes_nothing();
    });
}
