//! The embedded workspace: Grafana's HTTP API on loopback, so that the program runs without a server at hand.
//!
//! It behaves as recordings of real servers say (`fixtures/contracts`), version by version; every difference between
//! versions has one name in `rules`. The rest of the program reaches it over HTTP and in no other way. Where it does
//! not know what a server does it answers 501 and says so.

mod access;
mod accounts;
mod answer;
mod auth;
mod bind;
mod busy;
mod call;
mod conversion;
mod dashboards;
mod datasources;
mod discovery;
mod duration;
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

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use accounts::Tokens;
pub use faults::{Fault, NotAFault};
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
    shared: Arc<server::Shared>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// Serves a workspace until it is shut down or dropped.
///
/// A data file of an older version is upgraded. Fails when it is damaged, in use, or of a version that this one does
/// not open, or when the port is taken.
pub async fn start(options: Options) -> Result<Running> {
    let rules = Rules::of(options.version);
    let (mut store, mut state) = match &options.data {
        None => (None, state::State::default()),
        Some(path) => {
            let (store, state) = persist::Store::open(path, options.version)?;
            (Some(store), state)
        }
    };
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
    let url = format!("http://{}", listener.local_addr()?);
    let shared = Arc::new(server::Shared::new(
        rules,
        options.latency,
        faults::Faults::new(options.faults),
        options.log,
        state,
        store,
    ));
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(server::serve(listener, shared.clone(), stopped));
    Ok(Running { url, version: rules.grafana, tokens, shared, stop, serving })
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
    /// One line of JSON: where it is, its version, its tokens.
    pub fn ready_line(&self) -> String {
        let Tokens { admin, editor, viewer } = &self.tokens;
        serde_json::json!({
            "url": self.url, "version": self.version,
            "tokens": { "admin": admin, "editor": editor, "viewer": viewer },
        })
        .to_string()
    }

    /// How many requests came until now.
    pub fn requests(&self) -> Requests {
        Requests {
            reads: self.shared.reads.load(Ordering::Relaxed),
            writes: self.shared.writes.load(Ordering::Relaxed),
        }
    }

    /// What was asked and answered until now, if [`Options::log`] is on.
    pub fn log(&self) -> Vec<Logged> {
        let lines = self.shared.log.as_ref().map(|log| log.lock());
        lines.map_or_else(Vec::new, |lines| lines.unwrap_or_else(std::sync::PoisonError::into_inner).clone())
    }

    /// Stops accepting, lets requests under way finish, and folds everything into the data file.
    pub async fn shutdown(mut self) -> Result<()> {
        let _ = self.stop.send(true);
        (&mut self.serving).await.context("the embedded workspace broke down")?;
        self.shared.close(true)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
        // Letting go without folding cannot fail.
        let _ = self.shared.close(false);
    }
}
