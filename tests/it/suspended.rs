//! A run that was stopped for longer than its lease, and goes on after another run has taken over and applied.
//!
//! The program is stopped with SIGSTOP while a proxy holds one of its writes; that the lease ran out is told to the other
//! run by the server's clock. A run that is stopped for so long in earnest writes nothing before it has renewed its lease
//! (`src/apply/pace.rs`); here it is stopped for a moment, so these tests hold what protects even then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Child, Does, Proxy, Ran, World, dashboard, every, saves_a_dashboard};

/// A dashboard that says who wrote it.
fn by(uid: &str, who: &str) -> Value {
    let mut dashboard = dashboard(uid, &format!("Dashboard {uid}"));
    dashboard["panels"][0]["title"] = who.into();
    dashboard
}

/// What a run sent after it was let go on: method and path, but for reads.
type Sent = Arc<Mutex<Vec<(String, String)>>>;

/// What came of the two runs.
struct Ended {
    first: Ran,
    sent: Vec<(String, String)>,
    before: std::collections::BTreeMap<String, Value>,
}

/// Stops the first run at the write that `at` names, lets the second apply its directory, and lets the first go on.
fn taken_over(w: &World, at: fn(&str, &str, usize) -> bool) -> Ended {
    let (stopped, sent) = (Arc::new(AtomicBool::new(false)), Sent::default());
    let (goes_on, noted) = (stopped.clone(), sent.clone());
    let proxy = Proxy::before(&w.sandbox.running().url, move |seen| {
        if goes_on.load(Ordering::SeqCst) {
            if seen.is_write() {
                noted.lock().unwrap().push((seen.method.to_owned(), seen.path.to_owned()));
            }
            return Does::Pass;
        }
        if at(seen.method, seen.path, seen.write) { Does::HoldBefore } else { Does::Pass }
    });
    let first = w.begin_at(&proxy, "apply stack -auto-approve -parallelism=1 --max-destroy 9");
    proxy.holds();
    first.signal("STOP");
    stopped.store(true, Ordering::SeqCst);

    let later = Proxy::before(&w.sandbox.running().url, |_| Does::Later(3600));
    let mut command = w.command("apply second -auto-approve");
    command.env("AMGCTL_URL", &later.url);
    Child::start("amgctl apply second".into(), command).ends().exits(0);
    w.amgctl("plan second -detailed-exitcode").exits(0).says("No changes.");

    let before = w.everything();
    proxy.release();
    first.signal("CONT");
    let first = first.ends();
    let sent = sent.lock().unwrap().clone();
    Ended { first, sent, before }
}

/// What the second run applies: the same stack from the same origin, in another state.
fn second(w: &World, dashboards: &[&str]) {
    let directory = w.home().join("second");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("amgctl.yaml"), "stack: demo\norigin: here\n").unwrap();
    for uid in dashboards {
        std::fs::write(directory.join(format!("{uid}.json")), by(uid, "the second run").to_string()).unwrap();
    }
}

/// Claims that what the second run left is as it left it, to the byte, and that it is still all its own.
#[track_caller]
fn second_is_kept(w: &World, ended: &Ended) {
    let after = w.everything();
    for (address, object) in &ended.before {
        assert_eq!(after.get(address), Some(object), "{address}\n{}", ended.first);
    }
    w.amgctl("plan second -detailed-exitcode").exits(0).says("No changes.");
    w.amgctl("apply second -auto-approve").exits(0).writes_nothing();
}

#[test]
fn a_run_that_was_stopped_past_its_lease_writes_nothing_more() {
    every(|w| {
        w.write("amgctl.yaml", "stack: demo\norigin: here\n");
        for uid in ["kept", "gone", "stays"] {
            w.json(&format!("{uid}.json"), &by(uid, "both"));
        }
        w.applied();
        // Folders come first, in a stage of their own: the run is stopped in that.
        w.json("Infra/one.json", &by("one", "the first run"));
        w.json("Infra/kept.json", &by("kept", "the first run"));
        w.remove("kept.json");
        w.remove("gone.json");
        second(w, &["kept", "gone", "stays", "two"]);
        let ended = taken_over(w, |method, path, _| method == "POST" && path == "/api/folders");
        ended.first.exits(7).says("another run has taken over the record of stack `demo`").says("not started");
        // What was in flight came to be; after it the run asked for its record once more, which was refused.
        let only = ended.sent.iter().all(|(method, path)| saves_a_dashboard(method, path));
        assert!(only && ended.sent.len() <= 1, "{:?}\n{}", ended.sent, ended.first);
        assert!(w.live_dashboard("one").is_none());
        second_is_kept(w, &ended);
    });
}

#[test]
fn a_run_that_goes_on_in_the_middle_of_a_stage_overwrites_and_deletes_nothing_of_the_other() {
    every(|w| {
        w.write("amgctl.yaml", "stack: demo\norigin: here\n");
        let shared = ["a", "b", "c", "d"];
        for uid in shared {
            w.json(&format!("{uid}.json"), &by(uid, "both"));
        }
        w.applied();
        // Changed, changed, removed, removed; and one that both make.
        for uid in ["a", "b", "new"] {
            w.json(&format!("{uid}.json"), &by(uid, "the first run"));
        }
        w.remove("c.json");
        w.remove("d.json");
        second(w, &["a", "b", "c", "d", "new"]);
        // The record's save is the first write.
        let ended = taken_over(w, |method, path, write| saves_a_dashboard(method, path) && write >= 2);
        ended.first.exits(7).says("another run has taken over the record of stack `demo`");
        for uid in ["a", "b", "c", "d", "new"] {
            let live = w.live_dashboard(uid).unwrap();
            assert_eq!(live["panels"][0]["title"], json!("the second run"), "{uid}\n{}", ended.first);
        }
        second_is_kept(w, &ended);
    });
}
