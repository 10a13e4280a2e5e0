//! What a loop says of itself over HTTP.

use amgctl::sandbox::Version;

use super::Loop;
use crate::support::{Does, Proxy, World, dashboard};

#[test]
fn a_loop_is_ready_after_its_first_round_and_counts_what_it_does() {
    let w = &World::new(Version::V12_4);
    w.json("one.json", &dashboard("one", "One"));
    let proxy = Proxy::before(&w.sandbox.running().url, |_| Does::HoldBefore);
    let mut run = Loop::begin_at(w, &proxy, "--on-drift overwrite");
    proxy.holds();
    assert_eq!(run.asks("/healthz"), (200, "ok\n".into()));
    assert_eq!(run.asks("/readyz"), (503, "no round has ended yet\n".into()));
    proxy.release();
    run.until("succeeded");
    w.edit("one", |d| d["title"] = "Mine".into());
    run.until("overwritten");
    run.until("succeeded");
    run.until("succeeded");
    assert_eq!(run.asks("/readyz"), (200, "ok\n".into()));
    let (status, text) = run.asks("/metrics");
    assert_eq!(status, 200);
    for line in [
        "amgctl_changes_total{action=\"added\"} 1",
        "amgctl_changes_total{action=\"changed\"} 1",
        "amgctl_drift_total{outcome=\"overwritten\"} 1",
        "amgctl_rounds_total{result=\"failed\"} 0",
        "amgctl_consecutive_failures 0",
        "amgctl_objects 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let value = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.split(' ').next_back().unwrap().parse().unwrap()
    };
    let age = jiff::Timestamp::now().as_second() as f64 - value("amgctl_last_success_timestamp_seconds");
    assert!((0.0..60.0).contains(&age), "{age}");
    assert!(value("amgctl_round_duration_seconds_count") >= 3.0);
    assert_eq!(run.asks("/").0, 404);
    run.stop();
}

#[test]
fn where_the_port_is_taken_another_one_is_and_the_first_event_names_it() {
    let w = &World::new(Version::V12_4);
    let loops: Vec<Loop> = (0..2).map(|_| Loop::of(w.begin("reconcile stack --interval 1h"))).collect();
    let urls: Vec<String> = loops.iter().map(Loop::url).collect();
    assert!(urls.iter().all(|url| url.starts_with("http://127.0.0.1:")) && urls[0] != urls[1], "{urls:?}");
    for run in loops {
        assert_eq!(run.asks("/healthz").0, 200);
        run.stop();
    }
}
