//! Several loops of one stack: the lease in the workspace lets one apply at a time, and outlives none of them for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use amgctl::sandbox::Version;

use super::{Loop, is_closing};
use crate::support::{Does, Proxy, World, dashboard, on};

const VERSIONS: [Version; 3] = [Version::V9_4, Version::V12_4, Version::V12_4Upgraded];

/// A loop that is held in the middle of its first write to an object, with the lease taken.
fn held(w: &World) -> (Proxy, Loop) {
    w.write("amgctl.yaml", "stack: demo\non_drift: overwrite\n");
    w.json("one.json", &dashboard("one", "One"));
    w.json("two.json", &dashboard("two", "Two"));
    let proxy =
        Proxy::before(
            &w.sandbox.running().url,
            |seen| {
                if seen.saves_an_object() { Does::HoldBefore } else { Does::Pass }
            },
        );
    let run = Loop::begin_at(w, &proxy, "--parallelism 1");
    proxy.holds();
    (proxy, run)
}

#[test]
fn while_one_applies_the_others_wait_and_then_find_nothing_to_do() {
    for version in VERSIONS {
        on(version, |w| {
            let (proxy, mut first) = held(w);
            let mut second = Loop::begin(w, "");
            for _ in 0..3 {
                let waiting = second.next();
                assert_eq!(
                    (waiting["reason"].as_str(), waiting["severity"].as_str()),
                    (Some("waiting"), Some("info"))
                );
                assert!(waiting["message"].as_str().unwrap().contains("is being applied by"), "{waiting}");
            }
            assert_eq!(second.asks("/readyz").0, 200);
            proxy.release();
            first.until("succeeded");
            second.until("succeeded");
            // Both find an edit; one of them repairs it.
            w.edit("one", |d| d["title"] = "Mine".into());
            for run in [&mut first, &mut second] {
                while !is_closing(&run.next()) {}
                run.until("succeeded");
            }
            let (first, second) = (first.stop(), second.stop());
            let created = first.iter().filter(|event| event["reason"] == "created").count();
            assert_eq!(created, 2);
            assert!(second.iter().all(|event| event["reason"] != "created"));
            assert_eq!(w.live_dashboard("one").unwrap()["title"], "One");
            w.is_settled();
        });
    }
}

#[test]
fn another_one_takes_over_from_one_that_was_killed() {
    for version in VERSIONS {
        on(version, |w| {
            let (proxy, first) = held(w);
            let mut second = Loop::begin(w, "");
            second.until("waiting");
            first.child.signal("KILL");
            proxy.release();
            second.until("succeeded");
            second.stop();
            w.is_settled();
        });
    }
}

#[test]
fn another_one_takes_over_when_the_lease_ends_of_one_that_cannot_be_seen() {
    on(Version::V12_4, |w| {
        let (proxy, first) = held(w);
        // It is still there, as far as anybody here can tell, and renews nothing.
        first.child.signal("STOP");
        let later = Arc::new(AtomicBool::new(false));
        let is_later = later.clone();
        let clock = Proxy::before(&w.sandbox.running().url, move |_| {
            if is_later.load(Ordering::SeqCst) { Does::Later(3600) } else { Does::Pass }
        });
        let mut second = Loop::begin_at(w, &clock, "");
        for _ in 0..3 {
            assert_eq!(second.next()["reason"], "waiting");
        }
        later.store(true, Ordering::SeqCst);
        second.until("succeeded");
        first.child.signal("KILL");
        drop(proxy);
        second.until("succeeded");
        second.stop();
        w.is_settled();
    });
}
