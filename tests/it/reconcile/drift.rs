//! What rounds do about edits that are made behind their back, for each `on_drift`; what is not ours is never touched.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use super::{Loop, is_closing};
use crate::support::{World, dashboard, every, on, prometheus};

const ROUNDS: usize = 100;
const DASHBOARDS: usize = 5;

fn declare(w: &World, more: &str) {
    w.write("amgctl.yaml", &format!("stack: demo\n{more}"));
    w.write("Infra/_folder.yaml", "uid: infra\ntitle: Infra\n");
    w.json("amp.json", &prometheus("amp", "AMP"));
    for n in 0..DASHBOARDS {
        w.json(&format!("Infra/d{n}.json"), &dashboard(&format!("d{n}"), &format!("D{n}")));
    }
    w.save(&dashboard("theirs", "Theirs"), "");
    w.make_datasource(&prometheus("foreign", "Foreign"));
}

/// What nobody but their owner may have touched.
fn foreign(w: &World) -> Vec<Value> {
    vec![w.read("/api/dashboards/uid/theirs").unwrap(), w.live_datasource("foreign").unwrap()]
}

/// Somebody edits, moves or deletes something: the object, and the version that it has then.
fn meddle(w: &World, n: usize) -> (String, Option<i64>) {
    let uid = format!("d{}", n % DASHBOARDS);
    match n % 7 {
        5 => {
            w.edit_datasource("amp", |d| d["url"] = format!("http://elsewhere:{n}").into());
            ("amp".into(), None)
        }
        6 => {
            w.delete(&format!("/api/dashboards/uid/{uid}"));
            (uid, None)
        }
        _ => {
            w.edit(&uid, |d| d["panels"][0]["title"] = format!("edit {n}").into());
            let version = w.live_dashboard(&uid).unwrap()["version"].as_i64();
            (uid, version)
        }
    }
}

#[test]
fn edits_are_repaired_within_a_round_and_named_with_their_version() {
    on(Version::V12_4, |w| {
        declare(w, "on_drift: overwrite\n");
        let theirs = foreign(w);
        let mut run = Loop::begin(w, "");
        run.until("succeeded");
        let (mut rounds, mut edits) = (1, 0);
        while rounds < ROUNDS {
            let (name, version) = meddle(w, edits);
            edits += 1;
            // The round under way may have read the object before.
            let mut closed = 0;
            let named = loop {
                let event = run.next();
                match event["reason"].as_str().unwrap() {
                    "overwritten" => break event,
                    "succeeded" => closed += 1,
                    _ => panic!("{event}"),
                }
                assert!(closed <= 1, "a whole round has passed over the edit of {name}");
            };
            assert_eq!(named["involvedObject"]["name"], *name);
            assert_eq!(named["severity"], "info");
            if let Some(version) = version {
                assert_eq!(named["metadata"]["version"], version.to_string());
                assert!(named["message"].as_str().unwrap().starts_with(&format!("admin saved version {version}")));
                assert!(
                    named["message"].as_str().unwrap().ends_with(&format!("version {version} is in its history"))
                );
                let past = w.read(&format!("/api/dashboards/uid/{name}/versions/{version}")).unwrap();
                assert_eq!(past["data"]["panels"][0]["title"], format!("edit {}", edits - 1), "it can be restored");
            }
            run.until("succeeded");
            rounds += closed + 1;
        }
        assert!(edits >= ROUNDS / 3, "{edits} edits in {rounds} rounds");
        let events = run.stop();
        assert_eq!(events.iter().filter(|event| event["reason"] == "overwritten").count(), edits);
        assert!(events.iter().all(|event| event["severity"] == "info"));
        assert_eq!(foreign(w), theirs);
        w.is_settled();
    });
}

#[test]
fn edits_are_left_and_fail_each_round_where_drift_is_refused() {
    on(Version::V12_4, |w| {
        declare(w, "");
        let theirs = foreign(w);
        let mut run = Loop::begin(w, "");
        run.until("succeeded");
        let edited = left_alone(w, &mut run, |event, closing| {
            assert_eq!((&event["severity"], &closing["reason"]), (&json!("error"), &json!("failed")));
            assert_eq!(closing["metadata"]["code"], "4");
            assert!(event["message"].as_str().unwrap().contains("and nobody is asked"), "{event}");
        });
        assert_eq!(run.asks("/readyz"), (503, "the last round failed with 4\n".into()));
        run.stop();
        assert_eq!(foreign(w), theirs);
        w.plan().exits(2).says(&format!("{edited} changed outside."));
    });
}

#[test]
fn edits_are_left_and_reported_and_each_round_succeeds_where_drift_is_reported() {
    on(Version::V12_4, |w| {
        declare(w, "on_drift: report\n");
        let theirs = foreign(w);
        let mut run = Loop::begin(w, "");
        run.until("succeeded");
        let edited = left_alone(w, &mut run, |event, closing| {
            assert_eq!((&event["severity"], &closing["reason"]), (&json!("info"), &json!("succeeded")));
            assert!(event["message"].as_str().unwrap().ends_with("left as it is"), "{event}");
        });
        let (_, metrics) = run.asks("/metrics");
        assert!(metrics.contains(&format!("\namgctl_drifted_objects {edited}\n")), "{metrics}");
        run.stop();
        assert_eq!(foreign(w), theirs);
        w.plan().exits(2).says(&format!("{edited} changed outside."));
    });
}

/// Edits now and then until so many rounds have passed: each edit is told in each round, none is repaired, and what the
/// directory wants besides is done. Gives how many objects were edited.
fn left_alone(w: &World, run: &mut Loop, claim: impl Fn(&Value, &Value)) -> usize {
    let mut rounds = 0;
    for n in 0..DASHBOARDS {
        let uid = format!("d{n}");
        w.edit(&uid, |d| d["panels"][0]["title"] = "edited".into());
        let version = w.live_dashboard(&uid).unwrap()["version"].to_string();
        w.json(&format!("more{n}.json"), &dashboard(&format!("more{n}"), &format!("More {n}")));
        run.until_of("created", &format!("more{n}"));
        // The rounds that began after the edit tell of it, and of those before.
        while !is_closing(&run.next()) {}
        for _ in 0..ROUNDS / DASHBOARDS {
            let mut told = Vec::new();
            let closing = loop {
                let event = run.next();
                if is_closing(&event) {
                    break event;
                }
                assert_eq!(event["reason"], "drift", "{event}");
                told.push(event);
            };
            told.iter().for_each(|event| claim(event, &closing));
            assert_eq!(told.len(), n + 1, "{told:?}");
            assert!(
                told.iter().any(|e| e["involvedObject"]["name"] == *uid && e["metadata"]["version"] == *version)
            );
            rounds += 1;
        }
    }
    assert!(rounds >= ROUNDS);
    for n in 0..DASHBOARDS {
        assert_eq!(w.live_dashboard(&format!("d{n}")).unwrap()["panels"][0]["title"], "edited");
    }
    DASHBOARDS
}

#[test]
fn every_server_is_repaired() {
    every(|w| {
        declare(w, "");
        let theirs = foreign(w);
        let mut run = Loop::begin(w, "--on-drift overwrite");
        run.until("succeeded");
        w.edit("d1", |d| d["title"] = "Mine now".into());
        let event = run.until("overwritten");
        assert_eq!(
            event["involvedObject"],
            json!({ "kind": "dashboard", "namespace": "demo", "name": "d1",
            "apiVersion": "amgctl/v1" })
        );
        run.until("succeeded");
        w.delete("/api/dashboards/uid/d2");
        let event = run.until("overwritten");
        assert!(event["message"].as_str().unwrap().ends_with("it was made again"), "{event}");
        run.until("succeeded");
        run.stop();
        assert_eq!(foreign(w), theirs);
        w.is_settled();
    });
}
