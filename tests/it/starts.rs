//! Two and three applies of one stack started together, on servers that accept two saves of one version: one writes at a
//! time, each ends with a word that is true, and no run is stuck afterwards.
//!
//! Each run is held before the save of the record that takes the lease; once all have come so far, they are let go on
//! together.
//!
//! A sample is part of the suite; all 200 starts are run by `scripts/proof`, and by
//! `cargo test --test it starts:: -- --ignored --nocapture`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use amgctl::sandbox::Version;
use serde_json::json;

use crate::support::{Child, Does, Proxy, Ran, Sandbox, World, dashboard, fact, prometheus, saves_a_dashboard};

/// When which run wrote to an object; the record and its folder count for nothing.
type Writes = Arc<Mutex<Vec<(usize, Instant)>>>;

/// A world whose server is as racy as the real one was measured to be, with the stack's directories: each run applies
/// another state of the same objects.
fn racy(version: Version, runs: usize) -> World {
    let sandbox = Sandbox::with(version, &["racy-saves"], Duration::ZERO);
    let w = World::with(version, sandbox);
    // One more, for what comes between two starts.
    for run in 0..=runs {
        let directory = w.home().join(format!("run{run}"));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("amgctl.yaml"), "stack: demo\norigin: here\n").unwrap();
        let mut one = dashboard("one", "One");
        one["panels"][0]["title"] = json!(format!("by run {run}"));
        std::fs::write(directory.join("one.json"), one.to_string()).unwrap();
        for n in 0..2 {
            let mut source = prometheus(&format!("p{n}"), &format!("P{n}"));
            source["jsonData"] = json!({ "timeInterval": format!("{}s", 10 + run) });
            std::fs::write(directory.join(format!("p{n}.json")), source.to_string()).unwrap();
        }
    }
    w
}

/// Starts so many applies together and waits for their ends.
fn start(w: &World, runs: usize, arguments: &str) -> (Vec<Ran>, Writes) {
    let writes = Writes::default();
    let proxies: Vec<Proxy> = (0..runs)
        .map(|run| {
            let noted = writes.clone();
            let saved = AtomicBool::new(false);
            Proxy::before(&w.sandbox.running().url, move |seen| {
                let of_the_record = seen.body.contains("amgctl-demo") || seen.path.contains("amgctl");
                let makes_its_folder = seen.path == "/api/folders" && seen.body.contains("\"amgctl\"");
                if seen.is_write() && !of_the_record && !makes_its_folder {
                    noted.lock().unwrap().push((run, Instant::now()));
                }
                let takes_the_lease = saves_a_dashboard(seen.method, seen.path) && of_the_record;
                if takes_the_lease && !saved.swap(true, Ordering::SeqCst) { Does::HoldBefore } else { Does::Pass }
            })
        })
        .collect();
    let mut children: Vec<Child> = proxies
        .iter()
        .enumerate()
        .map(|(run, proxy)| w.begin_at(proxy, &format!("apply run{run} -auto-approve {arguments}")))
        .collect();
    for (child, proxy) in children.iter_mut().zip(&proxies) {
        assert!(child.is_held_by(proxy), "a run ended before it took the lease");
    }
    proxies.iter().for_each(Proxy::release);
    (children.into_iter().map(Child::ends).collect(), writes)
}

/// Claims that no run wrote between the first and the last write of another.
#[track_caller]
fn one_at_a_time(writes: &Writes, ran: &[Ran]) {
    let mut writes = writes.lock().unwrap().clone();
    writes.sort_by_key(|(_, at)| *at);
    let mut order: Vec<usize> = writes.iter().map(|(run, _)| *run).collect();
    order.dedup();
    let mut once = order.clone();
    once.sort_unstable();
    once.dedup();
    assert!(once.len() == order.len(), "two runs wrote at once: {order:?}\n{ran:?}");
}

/// Starts so many applies together, so often, each time from what the ones before have left.
fn starts(version: Version, runs: usize, times: usize, arguments: &str) -> Tally {
    let w = racy(version, runs);
    let mut tally = Tally::default();
    for _ in 0..times {
        let (ran, writes) = start(&w, runs, arguments);
        one_at_a_time(&writes, &ran);
        for ran in &ran {
            match ran.code {
                0 => tally.done += 1,
                7 => tally.locked += 1,
                _ => panic!("an apply among {runs} ended so: {ran}"),
            }
            tally.lost += usize::from(ran.err.contains("planning anew"));
            tally.overwritten += usize::from(ran.err.contains("this run came first"));
        }
        assert!(ran.iter().any(|r| r.code == 0), "nobody came through: {ran:?}");
        // Nothing is stuck: the next apply of any of them does what it is asked to.
        w.amgctl(&format!("apply run{runs} -auto-approve")).exits(0);
        w.amgctl(&format!("plan run{runs} -detailed-exitcode")).exits(0);
        tally.starts += 1;
    }
    tally
}

#[derive(Default, Debug)]
struct Tally {
    starts: usize,
    done: usize,
    locked: usize,
    /// Runs that found another one's save before theirs.
    lost: usize,
    /// Runs whose save was overwritten by one that was accepted as well.
    overwritten: usize,
}

#[test]
fn of_applies_started_together_one_writes_at_a_time_and_none_is_stuck() {
    for (version, runs) in [(Version::V9_4, 2), (Version::V12_4Upgraded, 3), (Version::V12_4, 2)] {
        starts(version, runs, 3, "");
    }
}

#[test]
fn of_applies_started_together_those_that_wait_all_come_through() {
    for (version, runs) in [(Version::V10_1, 2), (Version::V12_4Upgraded, 2)] {
        let tally = starts(version, runs, 2, "--lock-timeout 120s");
        assert_eq!((tally.done, tally.locked), (2 * runs, 0), "{tally:?}");
    }
}

#[test]
#[ignore = "all 200 starts take minutes: scripts/proof runs them"]
fn two_hundred_starts_of_two_and_three_applies() {
    for version in Version::all() {
        for runs in [2, 3] {
            let begun = Instant::now();
            let tally = starts(version, runs, 200 / 12 + 1, "");
            println!("{version} {runs} at once: {tally:?} in {:.0} s", begun.elapsed().as_secs_f64());
            fact(
                "starts",
                &[
                    &version.name(),
                    &runs,
                    &tally.starts,
                    &tally.done,
                    &tally.locked,
                    &tally.lost,
                    &tally.overwritten,
                ],
            );
        }
    }
}
