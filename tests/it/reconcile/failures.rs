//! A round that fails ends nothing: it says why, and the next one begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use amgctl::sandbox::Version;

use super::Loop;
use crate::support::{Does, Proxy, World, dashboard, on};

/// Waits for a round that fails for this.
fn until_failed(run: &mut Loop, why: &str) {
    while !run.until("failed")["message"].as_str().unwrap().contains(why) {}
}

#[test]
fn a_fault_of_a_file_fails_the_round_with_its_place_until_it_is_mended() {
    let w = &World::new(Version::V12_4);
    w.json("one.json", &dashboard("one", "One"));
    let mut run = Loop::begin(w, "");
    run.until("succeeded");
    w.write("two.json", "{\n  \"title\": \"Two\",\n  \"panels\": [\n}");
    let failed = run.until("failed");
    assert_eq!((failed["metadata"]["code"].as_str(), failed["severity"].as_str()), (Some("3"), Some("error")));
    assert!(failed["message"].as_str().unwrap().contains("two.json:4:1"), "{failed}");
    run.until("failed");
    w.json("two.json", &dashboard("two", "Two"));
    run.until_of("created", "two");
    run.until("succeeded");
    w.remove("");
    until_failed(&mut run, "`stack` is no directory");
    w.write("amgctl.yaml", "stack: demo\n");
    until_failed(&mut run, "the directory declares nothing, and stack `demo` has 2 objects");
    w.json("one.json", &dashboard("one", "One"));
    w.json("two.json", &dashboard("two", "Two"));
    run.until("succeeded");
    run.stop();
    assert!(w.live_dashboard("one").is_some(), "nothing was deleted meanwhile");
}

#[test]
fn a_workspace_that_turns_the_token_away_fails_the_round_until_it_does_not() {
    on(Version::V12_4, |w| {
        w.json("one.json", &dashboard("one", "One"));
        let away = Arc::new(AtomicBool::new(true));
        let is_away = away.clone();
        let proxy = Proxy::before(&w.sandbox.running().url, move |_| {
            if is_away.load(Ordering::SeqCst) {
                Does::Answer(401, "application/json", r#"{"message":"Invalid API key"}"#.into(), None)
            } else {
                Does::Pass
            }
        });
        let mut run = Loop::begin_at(w, &proxy, "");
        for _ in 0..3 {
            let failed = run.until("failed");
            assert_eq!(failed["metadata"]["code"], "6", "{failed}");
        }
        away.store(false, Ordering::SeqCst);
        run.until_of("created", "one");
        run.until("succeeded");
        run.stop();
    });
}

#[test]
fn what_is_said_in_passing_is_said_once_and_not_in_each_round() {
    let w = &World::new(Version::V12_4);
    let mut with_input = dashboard("one", "One");
    with_input["panels"][0]["datasource"] = serde_json::json!({ "uid": "nowhere", "type": "prometheus" });
    w.json("one.json", &with_input);
    w.write("amgctl.yaml", "stack: demo\nunknown_references: warn\n");
    let mut run = Loop::begin(w, "");
    let note = run.until("note");
    assert!(note["message"].as_str().unwrap().contains("nowhere"), "{note}");
    for _ in 0..3 {
        run.until("succeeded");
    }
    let events = run.stop();
    let notes: Vec<_> = events.iter().filter(|event| event["reason"] == "note").collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
}
