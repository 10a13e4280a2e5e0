//! The embedded workspace: Grafana's HTTP API on loopback, so that the program runs without a server at hand.
//!
//! It behaves as recordings of real servers say (`fixtures/contracts`), version by version; every difference between
//! versions has one name in `rules`. It knows nothing of the program, which reaches it over HTTP and in no other way.
//! Where it does not know what a server does it answers 501 and says so.

mod access;
mod accounts;
mod answer;
mod auth;
mod aws;
mod bind;
mod busy;
mod call;
mod clock;
mod conversion;
mod dashboards;
mod datasources;
mod discovery;
mod duration;
mod encoding;
mod faults;
mod folder_changes;
mod folders;
mod json;
mod json_text;
mod library;
mod pages;
mod patches;
mod permissions;
mod persist;
mod racing;
mod random;
mod records;
mod request;
mod resource_dashboards;
mod resource_folders;
mod resources;
mod routes;
mod rules;
mod save;
mod save_as_resource;
mod search;
mod seed;
mod server;
mod slug;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod tokens;
mod upgrade;
mod version;
mod versions;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use accounts::Tokens;
pub use aws::{Aws, Workspace};
pub use faults::{Fault, NotAFault};
pub use persist::MadeByAnother;
use rules::Rules;
pub use server::Logged;
pub use version::{UnknownVersion, Version};

/// How the embedded workspace is to be served.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The version of Grafana it answers as.
    pub version: Version,
    /// The port on loopback; 0 for any that is free.
    pub port: u16,
    /// The file it is kept in; nothing for one that is forgotten.
    pub data: Option<PathBuf>,
    /// How long every answer waits.
    pub latency: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// A directory of dashboards to begin with, whose sub-directories are folders.
    pub seed_dir: Option<PathBuf>,
    /// Every request is remembered, for [`Running::log`].
    pub log: bool,
    /// Tokens of a new data file, instead of random ones.
    pub tokens: Option<Tokens>,
    /// AWS is served as well, and a workspace of every version in it; the data of each in a file of its own.
    pub aws: bool,
}

/// A workspace that is being served; dropping it ends it at once, as killing its process would.
#[derive(Debug)]
pub struct Running {
    /// Where it is, as `http://127.0.0.1:PORT`.
    pub url: String,
    /// The version of Grafana it gives as its own.
    pub version: &'static str,
    /// The tokens of the accounts it began with.
    pub tokens: Tokens,
    main: Grafana,
    others: Vec<Grafana>,
    aws: Option<aws::Serving>,
    clock: clock::Clock,
    stop: watch::Sender<bool>,
}

/// One Grafana that is being served.
#[derive(Debug)]
struct Grafana {
    address: SocketAddr,
    shared: Arc<server::Shared>,
    serving: JoinHandle<()>,
}

/// Serves a workspace until it is shut down or dropped.
///
/// A data file of an older version is upgraded. Fails when it is damaged, in use, or of a version that this one does
/// not open, or when the port is taken.
pub async fn start(options: Options) -> Result<Running> {
    let clock = clock::Clock::default();
    let (stop, stopped) = watch::channel(false);
    let (main, tokens) = grafana(&options, &clock, &stopped).await?;
    let mut running = Running {
        url: format!("http://{}", main.address),
        version: main.shared.rules.grafana,
        tokens,
        main,
        others: Vec::new(),
        aws: None,
        clock,
        stop,
    };
    if options.aws {
        running.start_aws(options, &stopped).await?;
    }
    Ok(running)
}

/// Opens the data of one Grafana and serves it.
async fn grafana(
    options: &Options,
    clock: &clock::Clock,
    stopped: &watch::Receiver<bool>,
) -> Result<(Grafana, Tokens)> {
    let rules = Rules::of(options.version);
    let (mut store, mut state) = match &options.data {
        None => (None, state::State::default()),
        Some(path) => {
            let (store, state) = persist::Store::open(path, options.version)?;
            (Some(store), state)
        }
    };
    state.clock = clock.clone();
    state.begin(&rules, options.tokens.as_ref());
    if let Some(directory) = &options.seed_dir {
        seed::load(&rules, &mut state, directory)?;
    }
    if let Some(store) = &mut store {
        store.save(&mut state)?;
    }
    state.changed.clear();
    let tokens = state.tokens();
    let listener = TcpListener::bind(("127.0.0.1", options.port))
        .await
        .with_context(|| format!("cannot listen on port {} of loopback", options.port))?;
    let address = listener.local_addr()?;
    let faults = faults::Faults::new(options.faults.clone());
    let shared = Arc::new(server::Shared::new(rules, options.latency, faults, options.log, state, store));
    let serving = tokio::spawn(server::serve(listener, shared.clone(), stopped.clone()));
    Ok((Grafana { address, shared, serving }, tokens))
}

/// How many requests came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// Those that only read.
    pub reads: usize,
    /// Those that change something, or try to.
    pub writes: usize,
}

impl Running {
    async fn start_aws(&mut self, options: Options, stopped: &watch::Receiver<bool>) -> Result<()> {
        let beside =
            |name: &str| options.data.as_ref().map(|path| path.with_file_name(format!("sandbox-{name}.json")));
        let hosted = |version: Version, grafana: &Grafana| {
            let (id, name, version) = aws::name(version, grafana.shared.rules.grafana);
            (Workspace { id, name, version, endpoint: grafana.address.to_string() }, grafana.shared.clone())
        };
        let mut workspaces = vec![hosted(options.version, &self.main)];
        for version in Version::all().filter(|version| *version != options.version) {
            let own = Options {
                version,
                data: beside(version.name()),
                latency: options.latency,
                faults: options.faults.clone(),
                log: options.log,
                ..Options::default()
            };
            let (other, _) = grafana(&own, &self.clock, stopped).await?;
            workspaces.push(hosted(version, &other));
            self.others.push(other);
        }
        let (clock, faults) = (self.clock.clone(), options.faults.clone());
        self.aws = Some(aws::start(workspaces, beside("aws"), faults, options.log, clock, stopped.clone()).await?);
        Ok(())
    }

    /// One line of JSON: where it is, its version, its tokens; AWS, as the variables that point any client at it, and
    /// the workspaces that it has.
    pub fn ready_line(&self) -> String {
        let Tokens { admin, editor, viewer } = &self.tokens;
        let mut line = serde_json::json!({
            "url": self.url, "version": self.version,
            "tokens": { "admin": admin, "editor": editor, "viewer": viewer },
        });
        if let Some(aws) = self.aws() {
            line["aws"] = serde_json::json!({
                "AWS_ENDPOINT_URL": aws.url, "AWS_REGION": aws.region, "AWS_DEFAULT_REGION": aws.region,
                "AWS_ACCESS_KEY_ID": aws.access_key_id, "AWS_SECRET_ACCESS_KEY": aws.secret_access_key,
            });
            line["workspaces"] = aws
                .workspaces
                .iter()
                .map(|w| {
                    serde_json::json!({
                        "id": w.id, "name": w.name, "version": w.version, "endpoint": w.endpoint, "status": "ACTIVE",
                    })
                })
                .collect();
        }
        line.to_string()
    }

    /// AWS, if [`Options::aws`] is on.
    pub fn aws(&self) -> Option<&Aws> {
        self.aws.as_ref().map(|serving| &serving.about)
    }

    /// How many calls came to AWS until now, by action.
    pub fn aws_calls(&self) -> BTreeMap<String, usize> {
        self.aws.as_ref().map(aws::Serving::calls).unwrap_or_default()
    }

    /// What was asked of AWS and answered until now, if [`Options::log`] is on; paths are `aws:` and the action.
    pub fn aws_log(&self) -> Vec<Logged> {
        self.aws.as_ref().map(aws::Serving::log).unwrap_or_default()
    }

    /// Moves its clock on: tokens and what is marked for deletion run out by it.
    pub fn pass(&self, length: Duration) {
        self.clock.pass(length);
    }

    /// How many requests came to its Grafana until now.
    pub fn requests(&self) -> Requests {
        Requests {
            reads: self.main.shared.reads.load(Ordering::Relaxed),
            writes: self.main.shared.writes.load(Ordering::Relaxed),
        }
    }

    /// What was asked and answered until now, if [`Options::log`] is on.
    pub fn log(&self) -> Vec<Logged> {
        let lines = self.main.shared.log.as_ref().map(|log| log.lock());
        lines.map_or_else(Vec::new, |lines| lines.unwrap_or_else(std::sync::PoisonError::into_inner).clone())
    }

    /// Stops accepting, lets requests under way finish, and folds everything into the data files.
    pub async fn shutdown(mut self) -> Result<()> {
        let _ = self.stop.send(true);
        if let Some(aws) = self.aws.take() {
            aws.end().await;
        }
        for grafana in self.others.iter_mut().chain([&mut self.main]) {
            (&mut grafana.serving).await.context("the embedded workspace broke down")?;
            grafana.shared.close(true)?;
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(aws) = &self.aws {
            aws.abort();
        }
        for grafana in self.others.iter().chain([&self.main]) {
            grafana.serving.abort();
            // Letting go without folding cannot fail.
            let _ = grafana.shared.close(false);
        }
    }
}
