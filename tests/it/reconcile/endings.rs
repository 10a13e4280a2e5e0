//! How a loop ends: by a signal, after what is in flight; by itself only where what was typed makes no sense.

use amgctl::sandbox::Version;

use super::Loop;
use crate::support::{Does, Managed, Proxy, World, dashboard, every};

#[test]
fn a_signal_between_two_rounds_ends_the_loop_at_once() {
    let w = &World::new(Version::V12_4);
    for signal in ["INT", "TERM"] {
        let mut run = Loop::of(w.begin("reconcile stack --interval 1h --listen 127.0.0.1:0"));
        run.until("succeeded");
        run.child.signal(signal);
        run.ends(0);
    }
}

#[test]
fn a_signal_while_the_workspace_is_read_ends_the_loop_at_once() {
    let w = &World::new(Version::V12_4);
    let proxy = Proxy::before(&w.sandbox.running().url, |_| Does::HoldBefore);
    let run = Loop::begin_at(w, &proxy, "");
    proxy.holds();
    run.stop();
}

#[test]
fn a_signal_while_something_is_written_ends_the_loop_after_it() {
    every(|w| {
        for n in 0..4 {
            w.json(&format!("d{n}.json"), &dashboard(&format!("d{n}"), &format!("D{n}")));
        }
        let hold = |seen: &crate::support::Seen<'_>| {
            if seen.saves_an_object() { Does::HoldBefore } else { Does::Pass }
        };
        let proxy = Proxy::before(&w.sandbox.running().url, hold);
        let mut run = Loop::begin_at(w, &proxy, "--parallelism 1");
        proxy.holds();
        run.child.signal("TERM");
        run.until("stopping");
        proxy.release();
        let events = run.ends(0);
        let last = events.last().unwrap()["message"].as_str().unwrap().to_owned();
        assert!(last.contains("added, 0 changed, 0 destroyed, interrupted"), "{last}");
        assert!(events.iter().all(|event| event["reason"] != "unknown"), "{events:?}");
        w.amgctl("unlock demo").says("Nobody holds a lease");
        w.apply().exits(0);
        w.is_settled();
    });
}

#[test]
fn what_was_typed_and_makes_no_sense_ends_the_loop_before_its_first_round() {
    let w = &World::new(Version::V12_4);
    w.json("one.json", &dashboard("one", "One"));
    for (more, code, says) in [
        ("nowhere", 64, "there is no file or directory `nowhere`"),
        ("stack/one.json --stack demo", 1, "`stack/one.json` is no directory"),
        ("stack --interval soon", 64, "--interval: `soon`"),
        ("stack --retry-interval 1mo", 64, "--retry-interval"),
        ("stack --listen nowhere", 64, "--listen: nowhere"),
        ("stack --pull", 64, "cannot be pulled"),
        ("stack --target nothing", 64, "--target"),
        ("stack --url http://grafana.example.com", 64, "http"),
        ("- --stack demo", 64, "what is piped in can be read once"),
        ("stack --once --rounds 2", 64, "cannot be used with"),
    ] {
        let ran = w.amgctl(&format!("reconcile {more}"));
        ran.exits(code).says(says).writes_nothing();
        assert!(!ran.out.contains("\"failed\""), "{ran}");
    }
    let mut command = w.command("reconcile stack");
    command.env_remove("GRAFANA_TOKEN");
    w.run("reconcile stack, without a token", command).exits(6).says("there is no token for the workspace");
    let m = Managed::new(Version::V12_4);
    m.aws("reconcile stack --workspace no-such").exits(1).says("no-such");
}
