//! What a round costs and reads: as much as a plan, and everything anew.

use amgctl::model::Secret;
use amgctl::sandbox::Version;
use serde_json::json;

use super::{Loop, event};
use crate::support::{Managed, PLANTED, World, block_on, dashboard, every, prometheus};

/// What AWS's guide makes: data sources, a folder, dashboards.
fn as_in_the_guide(w: &World) {
    for n in 0..3 {
        w.json(&format!("p{n}.json"), &prometheus(&format!("p{n}"), &format!("P{n}")));
    }
    w.write("Observability Accelerator/_folder.yaml", "uid: accelerator\n");
    for n in 0..9 {
        let dashboard = dashboard(&format!("d{n}"), &format!("D{n}"));
        w.json(&format!("Observability Accelerator/d{n}.json"), &dashboard);
    }
}

#[test]
fn a_round_without_changes_asks_what_a_plan_asks_and_writes_nothing() {
    every(|w| {
        as_in_the_guide(w);
        w.applied();
        let plan = w.plan().asked.len();
        let ran = w.amgctl("reconcile stack --interval 0s --rounds 3");
        ran.exits(0).writes_nothing();
        let rounds: Vec<_> = ran.out.lines().map(event).filter(|event| event["reason"] == "succeeded").collect();
        assert_eq!(rounds.len(), 3);
        for round in rounds {
            assert_eq!(round["metadata"]["requests"], plan.to_string());
        }
        assert!(plan <= 30, "{plan} reads a round");
        assert_eq!(ran.asked.len(), plan * 3);
    });
}

#[test]
fn the_directory_is_read_anew_in_each_round() {
    let w = &World::new(Version::V12_4);
    w.json("one.json", &dashboard("one", "One"));
    let mut run = Loop::begin(w, "");
    let event = run.until("created");
    assert_eq!(event["metadata"]["source"], "one.json");
    w.json("two.json", &dashboard("two", "Two"));
    run.until_of("created", "two");
    w.remove("one.json");
    run.until_of("deleted", "one");
    w.write("amgctl.yaml", "stack: demo\nprotect: [dashboard.two]\n");
    // The round under way may have read them before.
    run.until("succeeded");
    run.until("succeeded");
    w.remove("two.json");
    w.json("three.json", &dashboard("three", "Three"));
    run.until_of("created", "three");
    run.stop();
    assert!(w.live_dashboard("two").is_some(), "the settings are read anew, too");
}

#[test]
fn a_rotated_secret_is_sent_and_no_token_is_left() {
    let m = Managed::new(Version::V12_4);
    let mut datasource = prometheus("amp", "AMP");
    datasource["secureJsonData"] = json!({ "httpHeaderValue1": "$__secretsmanager{amp}" });
    m.world.json("amp.json", &datasource);
    m.store("amp", &format!("{PLANTED}-1"));
    let mut run = Loop::of(m.begin(&Loop::line("")));
    run.until_of("created", "amp");
    run.until("succeeded");
    run.until("succeeded");
    let value = Secret::new(format!("{PLANTED}-2"));
    block_on(m.client().put_secret("amp", &value, &["AWSCURRENT"], &"9".repeat(32))).unwrap();
    run.until_of("updated", "amp");
    run.until("succeeded");
    let events = run.stop();
    let updates = events.iter().filter(|event| event["reason"] == "updated").count();
    assert_eq!(updates, 1, "a rotation is one change");
    assert_eq!(m.tokens(), [""; 0], "each round deletes its token");
}

#[test]
fn one_round_is_an_apply_with_its_status() {
    let w = &World::new(Version::V12_4);
    w.json("one.json", &dashboard("one", "One"));
    let ran = w.amgctl("reconcile stack --once");
    ran.exits(0);
    let reasons: Vec<_> = ran.out.lines().map(|line| event(line)["reason"].clone()).collect();
    assert_eq!(reasons, ["started", "created", "succeeded"]);
    assert!(!ran.out.contains("\"listen\""), "nobody probes one round: {}", ran.out);
    w.edit("one", |d| d["title"] = "Mine".into());
    w.amgctl("reconcile stack --once").exits(4).writes_nothing();
    w.amgctl("reconcile stack --once --on-drift report").exits(0).writes_nothing();
    w.amgctl("reconcile stack --once --on-drift overwrite").exits(0);
    w.is_settled();
}
