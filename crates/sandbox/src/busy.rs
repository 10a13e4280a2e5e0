//! A database that writers lock against each other, as SQLite under Grafana was measured to do
//! (facts: `untrue-412`, `untrue-500`, `untrue-401-403`): refusals that are not true.

use serde_json::json;

use super::answer::Answer;
use super::faults::{Busy, Faults, chance};
use super::request::Request;
use super::rules::{Locking, Rules};
use super::state::State;

/// How a request suffers.
pub(crate) enum Suffering {
    /// It is not done, and this is the answer.
    Refused(Answer),
    /// It is done, and this is the answer all the same.
    Done(Answer),
}

/// Whether and how this request suffers from `writers` writing at once; `n` tells one request from another.
pub(crate) fn suffer(
    faults: &Faults,
    rules: &Rules,
    state: &State,
    request: &Request,
    writers: usize,
    n: u64,
) -> Option<Suffering> {
    let path: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let (rate_alone, rate_each, kind) = match (request.method.as_str(), &path[..]) {
        ("POST", ["api", "dashboards", "db"]) if rules.locking != Locking::Creates && is_update(state, request) => {
            (0.0, 0.033, Kind::Mismatch)
        }
        ("POST", ["api", "folders"]) if rules.locking == Locking::Creates => (0.0, 0.007, Kind::LockedDone),
        ("POST", ["api", "datasources"]) => (0.0, 0.025, Kind::Locked),
        ("DELETE", ["api", "folders", _]) if rules.locking != Locking::Creates => (0.05, 0.4, Kind::FolderDelete),
        _ => return None,
    };
    #[allow(clippy::cast_precision_loss)]
    let rate = match faults.busy(request)? {
        Busy::Now => 1.0,
        Busy::Measured => (rate_alone + rate_each * writers.saturating_sub(1) as f64).min(0.9),
    };
    if chance(1, n) >= rate {
        return None;
    }
    let locked = || rules.error(500, "database is locked");
    Some(match kind {
        Kind::Mismatch => {
            let told = "The dashboard has been changed by someone else";
            Suffering::Refused(Answer::json(412, json!({ "message": told, "status": "version-mismatch" })))
        }
        Kind::LockedDone => Suffering::Done(locked()),
        Kind::Locked => Suffering::Refused(locked()),
        Kind::FolderDelete if n.is_multiple_of(2) => Suffering::Refused(locked()),
        Kind::FolderDelete => Suffering::Refused(match rules.locking {
            Locking::Unauthorized => rules.unauthorized("auth.unauthorized", "Unauthorized"),
            Locking::Denied | Locking::Creates => Answer::denied("folders:delete"),
        }),
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Mismatch,
    LockedDone,
    Locked,
    FolderDelete,
}

/// The dashboard that is saved is there already.
fn is_update(state: &State, request: &Request) -> bool {
    let dashboard = request.json().and_then(|body| body.get("dashboard"));
    dashboard.is_some_and(|d| state.dashboards.contains_key(d.text("uid")))
}
