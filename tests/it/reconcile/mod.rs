//! `amgctl reconcile`: rounds that repair or report, until a signal ends them.

mod drift;
mod endings;
mod failures;
mod probes;
mod pull;
mod replicas;
mod rounds;

use serde_json::Value;

use crate::support::{Child, PLANTED, Proxy, World};

/// A loop that runs, and what it says.
struct Loop {
    child: Child,
    started: Value,
}

impl Loop {
    /// One that waits for a moment only between its rounds.
    fn begin(w: &World, more: &str) -> Loop {
        Loop::of(w.begin(&Loop::line(more)))
    }

    /// The same with a proxy before the workspace.
    fn begin_at(w: &World, proxy: &Proxy, more: &str) -> Loop {
        Loop::of(w.begin_at(proxy, &Loop::line(more)))
    }

    fn line(more: &str) -> String {
        format!("reconcile stack --rounds 100000 --interval 10ms --retry-interval 10ms --listen 127.0.0.1:0 {more}")
    }

    fn of(child: Child) -> Loop {
        let mut own = Loop { child, started: Value::Null };
        own.started = own.until("started");
        own
    }

    /// Its next event.
    #[track_caller]
    fn next(&mut self) -> Value {
        event(&self.child.wait_for("\"reportingController\""))
    }

    /// Its next event of this reason.
    #[track_caller]
    fn until(&mut self, reason: &str) -> Value {
        loop {
            let event = self.next();
            if event["reason"] == reason {
                return event;
            }
        }
    }

    /// Its next event of this reason about this object.
    #[track_caller]
    fn until_of(&mut self, reason: &str, name: &str) -> Value {
        loop {
            let event = self.until(reason);
            if event["involvedObject"]["name"] == name {
                return event;
            }
        }
    }

    /// Where its probes and metrics are.
    fn url(&self) -> String {
        self.started["metadata"]["listen"].as_str().unwrap().to_owned()
    }

    /// What a path answers: the status and the text.
    fn asks(&self, path: &str) -> (u16, String) {
        let (status, body) = crate::support::send(&self.url(), None, "GET", path, None);
        (status, body.as_str().map_or_else(|| body.to_string(), str::to_owned))
    }

    /// Ends it with a signal; everything that it said.
    #[track_caller]
    fn stop(self) -> Vec<Value> {
        self.child.signal("TERM");
        self.ends(0)
    }

    /// Waits for its end; everything that it said. Nothing but events stands on stdout, and nothing on stderr.
    #[track_caller]
    fn ends(self, code: i32) -> Vec<Value> {
        let ran = self.child.ends();
        ran.exits(code).lacks(PLANTED).lacks("glsa_");
        assert!(ran.err.is_empty(), "{ran}");
        let events: Vec<Value> = ran.out.lines().map(event).collect();
        if code == 0 {
            assert_eq!(events.last().unwrap()["reason"], "stopped", "{ran}");
        }
        events
    }
}

/// A line as an event, which has Flux's fields.
#[track_caller]
fn event(line: &str) -> Value {
    let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    for field in ["severity", "timestamp", "message", "reason", "reportingController", "reportingInstance"] {
        assert!(event[field].is_string(), "no {field}: {line}");
    }
    assert!(event["involvedObject"]["kind"].is_string() && event["involvedObject"]["name"].is_string(), "{line}");
    assert!(event["metadata"].as_object().unwrap().values().all(Value::is_string), "{line}");
    assert!(["info", "error"].contains(&event["severity"].as_str().unwrap()), "{line}");
    event
}

fn is_closing(event: &Value) -> bool {
    event["involvedObject"]["kind"] == "Stack"
        && ["succeeded", "failed", "waiting"].contains(&event["reason"].as_str().unwrap())
}
