//! What the tests stand on: a [`World`] with a home, a directory and a workspace of its own; the program run in it;
//! somebody in the browser; and a [`proxy`] that stops the program at a request.

mod browser;
mod fact;
mod managed;
mod objects;
mod proxy;
mod run;
mod world;

pub use fact::fact;
pub use managed::Managed;
pub use objects::{dashboard, prometheus};
pub use proxy::{Does, Proxy, Seen, saves_a_dashboard};
pub use run::{Child, Ran};
pub use world::{Sandbox, World, every, keeps_secrets, on};

use std::future::Future;
use std::sync::OnceLock;

/// Stands in every secret that a test plants: no output of any command may hold it.
pub const PLANTED: &str = "planted-3f9c";

/// Runs something to its end, on the threads that the workspaces are served by.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// Sends for all tests: one client, because each one reads the certificates of this machine.
pub fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| reqwest::Client::builder().no_proxy().build().unwrap()).clone()
}

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap())
}
