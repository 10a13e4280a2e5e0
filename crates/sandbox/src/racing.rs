//! Saves that race: a server that looks at a dashboard's version first and stores a moment later, so that two saves of
//! one version are both accepted and the first is overwritten without a word (fact: `save-not-atomic`).
//!
//! The version is looked at when the request comes and the save is done after [`HELD`]; what was stored meanwhile is
//! overlooked at the rate that was measured for this server and this way of saving. What is stored then is counted on
//! from what is there. The first of all saves of a dashboard is not overlooked: its uid is unique in the database.

use std::time::Duration;

use super::faults::{Faults, chance};
use super::json::Json;
use super::request::Request;
use super::rules::{Rules, Storage};
use super::state::{Dashboard, State};

/// How long a save takes from the look at the version to the store.
pub(crate) const HELD: Duration = Duration::from_millis(4);

/// A save that may race, and what was stored when it came.
#[derive(Debug)]
pub(crate) struct Racing {
    uid: String,
    version: i64,
    resource_version: String,
    /// It meets the fault, should another save have come between.
    overlooks: bool,
}

/// Whether a request is a save of a dashboard that is there, on a server whose saves race.
///
/// `n` tells one request from another.
pub(crate) fn begin(faults: &Faults, rules: &Rules, state: &State, request: &Request, n: u64) -> Option<Racing> {
    let (uid, rate) = save(rules, request)?;
    let dashboard = state.dashboards.get(uid)?;
    let due = faults.races(request)?;
    Some(Racing {
        uid: uid.to_owned(),
        version: dashboard.about.version,
        resource_version: resource_version(rules, dashboard),
        overlooks: due || chance(2, n) < rate,
    })
}

impl Racing {
    /// The request as the server takes it: one that was right when it came is still right.
    pub(crate) fn settled(&self, rules: &Rules, state: &State, request: &Request) -> Option<Request> {
        let now = state.dashboards.get(&self.uid)?;
        if !self.overlooks || now.about.version == self.version {
            return None;
        }
        let mut body = request.any_json()?.clone();
        if is_classic(request) {
            let dashboard = member(&mut body, "dashboard")?;
            if dashboard.integer("version") != Some(self.version) {
                return None;
            }
            *member(dashboard, "version")? = now.about.version.into();
        } else {
            let metadata = member(&mut body, "metadata")?;
            if metadata.text("resourceVersion") != self.resource_version {
                return None;
            }
            *member(metadata, "resourceVersion")? = resource_version(rules, now).into();
        }
        Some(request.clone().with_body(body.to_text().as_bytes()))
    }
}

/// The uid that is saved, and how many of the pairs of saves that met were both accepted.
fn save<'a>(rules: &Rules, request: &'a Request) -> Option<(&'a str, f64)> {
    let path: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), &path[..]) {
        ("POST", ["api", "dashboards", "db"]) => {
            let uid = request.any_json()?.get("dashboard")?.text("uid");
            let rate = match rules.storage {
                Storage::Unified => 25.0 / 40.0,
                Storage::Adapter => 18.0 / 40.0,
                Storage::Table => 8.0 / 60.0,
            };
            Some((uid, rate))
        }
        ("PUT", ["apis", "dashboard.grafana.app", _, "namespaces", _, "dashboards", _])
            if rules.storage == Storage::Adapter =>
        {
            Some((request.segments.last()?, 5.0 / 40.0))
        }
        _ => None,
    }
}

fn is_classic(request: &Request) -> bool {
    request.method == "POST"
}

/// The old table behind the resource API has no resource versions of its own, and gives the version.
fn resource_version(rules: &Rules, dashboard: &Dashboard) -> String {
    match rules.storage {
        Storage::Adapter => dashboard.about.version.to_string(),
        Storage::Table | Storage::Unified => dashboard.about.resource_version.to_string(),
    }
}

fn member<'a>(json: &'a mut Json, key: &str) -> Option<&'a mut Json> {
    match json {
        Json::Object(members) => members.get_mut(key),
        _ => None,
    }
}
