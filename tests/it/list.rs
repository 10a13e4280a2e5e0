//! `amgctl list`: what the stack owns, whatever state its directory is in.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{World, dashboard, on, prometheus};

fn rows(w: &World, more: &str) -> Vec<Value> {
    let ran = w.amgctl(&format!("list stack --json {more}"));
    ran.exits(0).writes_nothing();
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    document["objects"].as_array().unwrap().clone()
}

fn row<'a>(rows: &'a [Value], address: &str) -> &'a Value {
    rows.iter().find(|row| row["address"] == address).unwrap_or_else(|| panic!("no {address} in {rows:#?}"))
}

#[test]
fn what_the_stack_owns_is_listed_with_where_it_is_declared_and_who_saved_it() {
    for version in [Version::V9_4, Version::V12_4] {
        on(version, |w| {
            w.write("Infra/_folder.yaml", "uid: infra\ntitle: Infra\n");
            w.json("Infra/cpu.json", &dashboard("cpu", "CPU"));
            w.json("mem.json", &dashboard("mem", "Memory"));
            w.json("amp.json", &prometheus("amp", "AMP"));
            w.amgctl("list stack").exits(0).says("has no record in this workspace");
            w.applied();
            w.edit("cpu", |dashboard| dashboard["panels"][0]["title"] = json!("by hand"));
            w.delete("/api/dashboards/uid/mem");
            w.save(&dashboard("theirs", "Theirs"), "");
            // A directory with a fault, from which a file has gone: the record and the workspace are enough.
            w.write("broken.json", "{");
            w.remove("amp.json");
            let ran = w.amgctl("list stack");
            ran.exits(0)
                .says("the directory has 1 fault")
                .says("dashboard.cpu CPU Infra/cpu.json")
                .says("by admin")
                .says("not any more (was in amp.json)")
                .says("not in the workspace")
                .says("4 objects of stack `demo`.")
                .lacks("theirs")
                .writes_nothing();
            let own = rows(w, "");
            assert_eq!(own.len(), 4);
            let cpu = row(&own, "dashboard.cpu");
            assert_eq!(
                (&cpu["version"], &cpu["savedBy"], &cpu["state"]),
                (&json!(2), &json!("admin"), &json!("there"))
            );
            assert!(cpu["url"].as_str().unwrap().ends_with("/d/cpu"), "{cpu}");
            assert_eq!(row(&own, "folder.infra")["place"]["file"], "Infra/_folder.yaml");
            assert_eq!(row(&own, "dashboard.mem")["state"], "gone");
            let all = rows(w, "--all");
            assert_eq!(row(&all, "dashboard.theirs")["owner"], "nobody");
            assert_eq!(row(&all, "dashboard.theirs")["title"], "Theirs");
            assert!(
                all.iter()
                    .all(|row| row["address"] != "dashboard.amgctl-demo" && row["address"] != "folder.amgctl")
            );
        });
    }
}

#[test]
fn who_saved_is_named_with_one_read_for_each_of_them() {
    on(Version::V12_4, |w| {
        for n in 0..20 {
            w.json(&format!("d{n}.json"), &dashboard(&format!("d{n}"), &format!("D{n}")));
        }
        w.applied();
        let ran = w.amgctl("list stack");
        ran.exits(0).lacks("user:").lacks("service-account:");
        assert!(ran.asked.len() < 15, "{} reads\n{ran}", ran.asked.len());
    });
}
