//! The embedded AWS: the control plane of Amazon Managed Grafana, Secrets Manager, parameters of Systems Manager, and
//! STS, as far as a workspace and its access need them.
//!
//! It has an address of its own and speaks the protocols of the real ones (REST with JSON, JSON 1.1, the query protocol),
//! so that any AWS client drives it. Codes, bodies and limits are those that AWS documents; requests are signed, and the
//! signatures checked. What it does not know it answers 501 and says so.

mod answers;
mod grafana;
mod keys;
mod pages;
mod parameters;
mod secret;
mod secret_lists;
mod secrets;
mod serve;
mod service;
mod signature;
mod store;
mod sts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::clock::Clock;
use super::faults::{Fault, Faults};
use super::server::{Logged, Shared};
use super::version::Version;
pub(super) use service::action;

/// The region that it is.
pub(crate) const REGION: &str = "us-east-1";
/// The number of its account.
pub(crate) const ACCOUNT: &str = "123456789012";

/// The embedded AWS, as whoever wants to reach it needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aws {
    /// Where it is, as `http://127.0.0.1:PORT`.
    pub url: String,
    /// The only region that it knows.
    pub region: &'static str,
    /// Its key.
    pub access_key_id: String,
    /// The key's secret.
    pub secret_access_key: String,
    /// The workspaces that it began with; the one of the version that was asked for comes first.
    pub workspaces: Vec<Workspace>,
}

/// A workspace of the embedded AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// `g-` and ten hexadecimal digits, the same each time.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version, major and minor.
    pub version: String,
    /// Its host, without a scheme.
    pub endpoint: String,
}

/// A workspace with the Grafana that it is.
#[derive(Debug)]
struct Hosted {
    about: Workspace,
    created: i64,
    shared: Arc<Shared>,
}

/// What the connections of the embedded AWS share.
#[derive(Debug)]
struct Cloud {
    workspaces: Vec<Hosted>,
    clock: Clock,
    faults: Faults,
    log: Option<Mutex<Vec<Logged>>>,
    calls: Mutex<BTreeMap<String, usize>>,
    kept: Mutex<store::Kept>,
}

/// The embedded AWS while it is served.
#[derive(Debug)]
pub(super) struct Serving {
    pub about: Aws,
    cloud: Arc<Cloud>,
    serving: JoinHandle<()>,
}

/// The id and the name of the workspace that plays a version.
pub(super) fn name(version: Version, grafana: &str) -> (String, String, String) {
    let number = match version {
        Version::V9_4 => "0000000094",
        Version::V10_1 => "0000000101",
        Version::V10_4 => "0000000104",
        Version::V12_4 => "0000000124",
        Version::V12_4Upgraded => "000000124a",
        Version::V13 => "0000000132",
    };
    let mut parts = match version {
        // It is played by a 10.1, and is none.
        Version::V10_4 => "10.4".split('.'),
        _ => grafana.split('.'),
    };
    let played = format!("{}.{}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (format!("g-{number}"), format!("grafana-{}", version.name().replace('.', "-")), played)
}

/// Serves it until it is told to stop.
pub(super) async fn start(
    workspaces: Vec<(Workspace, Arc<Shared>)>,
    data: Option<PathBuf>,
    faults: Vec<Fault>,
    log: bool,
    clock: Clock,
    stop: watch::Receiver<bool>,
) -> Result<Serving> {
    let kept = store::Kept::open(data)?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen on loopback for AWS")?;
    let key = kept.data.key.clone();
    let about = Aws {
        url: format!("http://{}", listener.local_addr()?),
        region: REGION,
        access_key_id: key.id,
        secret_access_key: key.secret,
        workspaces: workspaces.iter().map(|(about, _)| about.clone()).collect(),
    };
    let created = clock.now();
    let workspaces = workspaces.into_iter().map(|(about, shared)| Hosted { about, created, shared }).collect();
    let cloud = Arc::new(Cloud {
        workspaces,
        clock,
        faults: Faults::new(faults),
        log: log.then(Mutex::default),
        calls: Mutex::default(),
        kept: Mutex::new(kept),
    });
    let serving = tokio::spawn(serve::serve(listener, cloud.clone(), stop));
    Ok(Serving { about, cloud, serving })
}

impl Serving {
    /// What was asked and answered until now, the action as the path.
    pub(crate) fn log(&self) -> Vec<Logged> {
        self.cloud.log.as_ref().map_or_else(Vec::new, |log| lock(log).clone())
    }

    /// How many calls came, by action.
    pub(crate) fn calls(&self) -> BTreeMap<String, usize> {
        lock(&self.cloud.calls).clone()
    }

    /// Waits until the last call is answered.
    pub(crate) async fn end(self) {
        let _ = self.serving.await;
    }

    /// Ends it at once.
    pub(crate) fn abort(&self) {
        self.serving.abort();
    }
}

/// A lock that a panic in another handler does not keep shut: no change is half done when a handler can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
