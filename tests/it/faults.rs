//! What a server does wrong: answers that are lost, refusals that are not true, a busy database.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{Does, Proxy, Ran, World, dashboard, every, on, prometheus};

/// A dashboard whose panel says how often it was changed.
fn numbered(n: usize, turn: usize) -> Value {
    let mut dashboard = dashboard(&format!("d{n:02}"), &format!("D{n:02}"));
    dashboard["panels"][0]["title"] = format!("turn {turn}").into();
    dashboard
}

fn declare(w: &World, turn: usize) {
    w.write("amgctl.yaml", "stack: demo\nmax_destroy: 50\n");
    for n in 0..3 {
        w.json(&format!("Infra/d{n:02}.json"), &numbered(n, turn));
    }
    w.write("Team/_folder.yaml", &format!("uid: team\ntitle: Team {turn}\n"));
    let mut prom = prometheus("prom", "Prom");
    prom["url"] = format!("http://turn-{turn}:9090").into();
    w.json("prom.json", &prom);
}

/// Claims that the workspace is exactly as declared in this turn, every object once.
#[track_caller]
fn is_declared(w: &World, turn: usize, ran: &Ran) {
    let mut all: Vec<String> = w.everything().into_keys().collect();
    let infra = w.folder_titled("Infra").unwrap_or_default();
    all.retain(|address| *address != format!("folder.{infra}"));
    assert_eq!(all, ["dashboard.d00", "dashboard.d01", "dashboard.d02", "datasource.prom", "folder.team"], "{ran}");
    for n in 0..3 {
        let live = w.live_dashboard(&format!("d{n:02}")).unwrap();
        assert_eq!(live["panels"][0]["title"], format!("turn {turn}"), "{ran}");
        assert_eq!(w.folder_of(&format!("d{n:02}")), infra);
    }
    assert_eq!(w.live_folder("team").unwrap()["title"], format!("Team {turn}"), "{ran}");
    assert_eq!(w.live_datasource("prom").unwrap()["url"], format!("http://turn-{turn}:9090"), "{ran}");
}

/// Everything that a fault may do to one request of three applies: makes, changes and destroys.
fn survives(version: Version, fault: &str) {
    let w = World::faulty(version, &[fault]);
    for turn in 1..=2 {
        declare(&w, turn);
        let ran = w.apply();
        assert!(ran.code == 0, "{fault} on {version}:\n{ran}");
        ran.lacks("conflict");
        is_declared(&w, turn, &ran);
    }
    w.is_settled();
    let ran = w.destroy();
    assert!(ran.code == 0 && w.everything().is_empty(), "{fault} on {version}:\n{ran}");
}

/// How many writes three applies without a fault send, and how many reads before the first.
fn requests(version: Version) -> usize {
    let w = World::new(version);
    let mut writes = 0;
    for turn in 1..=2 {
        declare(&w, turn);
        writes += w.applied().writes().len();
    }
    let ran = w.destroy();
    ran.exits(0);
    writes + ran.writes().len()
}

/// Every ninth write, so that each fault meets others of them; all of them with AMGCTL_TEST_EVERY_REQUEST.
fn at_many_writes(faults: &[&str]) {
    let all = std::env::var_os("AMGCTL_TEST_EVERY_REQUEST").is_some();
    for version in [Version::V9_4, Version::V12_4] {
        let writes = requests(version);
        assert!(writes > 20, "{writes}");
        for (i, fault) in faults.iter().enumerate() {
            for n in (1..=writes).filter(|n| all || (n + 3 * i) % 9 == 0) {
                survives(version, &format!("{fault}:write@{n}"));
            }
        }
    }
}

#[test]
fn a_write_whose_answer_was_lost_is_looked_for_before_it_is_sent_again() {
    at_many_writes(&["cut-after", "cut-after", "cut-after"]);
}

#[test]
fn a_write_that_never_arrived_is_sent_again() {
    at_many_writes(&["cut-before"]);
}

#[test]
fn a_500_that_was_done_is_done_and_one_that_was_not_is_sent_again() {
    at_many_writes(&["500-after", "500"]);
}

#[test]
fn a_gateways_answer_is_a_question() {
    at_many_writes(&["502-after", "503", "504-after"]);
}

#[test]
fn reads_that_fail_once_are_read_again() {
    for version in Version::all() {
        for fault in ["cut-before", "502", "503"] {
            for n in (1..30).step_by(9) {
                let fault = format!("{fault}:read@{n}");
                let w = World::faulty(version, &[&fault]);
                for turn in 1..=2 {
                    declare(&w, turn);
                    w.apply().exits(0);
                    w.is_settled();
                }
                is_declared(&w, 2, &w.plan());
            }
        }
    }
}

#[test]
fn a_server_that_asks_for_a_moment_gets_it() {
    for fault in ["429:write@4=1s", "429:read@3=1s"] {
        every(|w| {
            let slowed = World::faulty(w.version, &[fault]);
            declare(&slowed, 1);
            let begun = std::time::Instant::now();
            let ran = slowed.apply();
            ran.exits(0);
            assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "it waited as long as it was asked to");
            is_declared(&slowed, 1, &ran);
        });
    }
}

#[test]
fn connections_that_are_refused_are_made_again() {
    every(|w| {
        let refusing = World::faulty(w.version, &["refuse@1-2"]);
        declare(&refusing, 1);
        let ran = refusing.apply();
        ran.exits(0);
        is_declared(&refusing, 1, &ran);
    });
}

#[test]
fn a_server_that_stays_down_ends_the_run_with_what_is_known() {
    every(|w| {
        let saves = std::sync::atomic::AtomicUsize::new(0);
        let proxy = Proxy::before(&w.sandbox.running().url, move |seen| {
            let first = || saves.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            match seen.saves_a_dashboard() && !first() {
                true => Does::Answer(502, "text/plain", "Bad Gateway".into(), None),
                false => Does::Pass,
            }
        });
        declare(w, 1);
        let ran = w.begin_at(&proxy, "apply stack -auto-approve").ends();
        // Not even the record can be saved after that, so nothing more is tried.
        ran.exits(5)
            .says("Apply incomplete! Resources: 3 added")
            .says("3 not started")
            .says("could not be recorded");
        assert!(w.live_dashboard("d00").is_none());
    });
}

#[test]
fn one_object_that_the_server_refuses_does_not_stop_the_others() {
    every(|w| {
        let told = r#"{"message":"the plugin does not like it"}"#;
        let proxy = Proxy::before(&w.sandbox.running().url, |seen| match (seen.method, seen.path) {
            ("POST", "/api/datasources") => Does::Answer(400, "application/json", told.into(), None),
            _ => Does::Pass,
        });
        w.json("broken.json", &prometheus("broken", "Broken"));
        let mut needs = dashboard("needs", "Needs");
        needs["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "broken" });
        w.json("needs.json", &needs);
        w.json("one.json", &dashboard("one", "One"));
        let ran = w.begin_at(&proxy, "apply stack -auto-approve").ends();
        ran.exits(5).says("datasource.broken").says("failed: the plugin does not like it");
        ran.says("dashboard.needs").says("skipped").says("1 added").says("1 failed").says("1 skipped");
        assert!(w.live_dashboard("one").is_some() && w.live_dashboard("needs").is_none());
        w.apply().exits(0).says("2 added");
        w.is_settled();
    });
}

/// Somebody saves `d01` while its update is held: before the server has it, or before its answer is read.
fn somebody_saves(w: &World, held: Does) -> Ran {
    declare(w, 1);
    w.applied();
    for n in 0..3 {
        w.json(&format!("Infra/d{n:02}.json"), &numbered(n, 2));
    }
    let proxy =
        Proxy::before(
            &w.sandbox.running().url,
            move |seen| {
                if seen.saves_an_object() { held.clone() } else { Does::Pass }
            },
        );
    let child = w.begin_at(&proxy, "apply stack -auto-approve");
    for _ in 0..3 {
        proxy.holds();
    }
    let mut theirs = w.live_dashboard("d01").unwrap();
    theirs["panels"][0]["title"] = "theirs".into();
    w.save(&theirs, &w.folder_titled("Infra").unwrap());
    proxy.release();
    child.ends()
}

#[test]
fn somebody_who_saves_in_the_middle_keeps_the_edit_and_is_named() {
    for held in [Does::HoldBefore, Does::HoldAfter] {
        every(|w| {
            let ran = somebody_saves(w, held.clone());
            ran.exits(5).says("dashboard.d01").says("saved by admin").says("2 changed").says("1 conflict");
            assert_eq!(w.live_dashboard("d01").unwrap()["panels"][0]["title"], "theirs");
            assert_eq!(w.live_dashboard("d00").unwrap()["panels"][0]["title"], "turn 2");
            // It is drift from then on, and stays until somebody decides.
            w.plan().exits(2).says("≈ dashboard.d01");
            w.apply().exits(4);
            assert_eq!(w.live_dashboard("d01").unwrap()["panels"][0]["title"], "theirs");
            w.apply_with("--on-drift overwrite").exits(0);
            w.is_settled();
        });
    }
}

#[test]
fn twenty_applies_of_twenty_objects_are_complete_in_a_busy_database() {
    on(Version::V9_4, |w| {
        let w = World::faulty(w.version, &["busy"]);
        for turn in 1..=20 {
            for n in 0..20 {
                w.json(&format!("d{n:02}.json"), &numbered(n, turn));
            }
            let ran = w.apply();
            let told = if turn == 1 { "20 added, 0 changed" } else { "0 added, 20 changed" };
            ran.exits(0).says(told).lacks("conflict");
        }
        for n in 0..20 {
            let live = w.live_dashboard(&format!("d{n:02}")).unwrap();
            assert_eq!(
                (&live["version"], &live["panels"][0]["title"]),
                (&json!(20), &json!("turn 20")),
                "none twice"
            );
        }
        w.is_settled();
    });
}

#[test]
fn folders_and_data_sources_are_made_and_deleted_in_a_busy_database() {
    for version in Version::all() {
        let w = World::faulty(version, &["busy"]);
        for n in 0..12 {
            w.write(&format!("F{n}/_folder.yaml"), &format!("uid: f{n}\n"));
            w.json(&format!("p{n}.json"), &prometheus(&format!("p{n}"), &format!("P{n}")));
        }
        w.apply().exits(0).says("24 added");
        w.is_settled();
        w.destroy().exits(0).says("24 destroyed");
        assert!(w.everything().is_empty());
    }
}
