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

use serde_json::Value;

/// Stands in every secret that a test plants: no output of any command may hold it.
pub const PLANTED: &str = "planted-3f9c";

/// Runs something to its end, on the threads that the workspaces are served by.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// Sends for all tests: one client, because each one reads the certificates of this machine.
pub fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| client_with(|builder| builder)).clone()
}

/// A client of its own kind, which reaches loopback whatever the environment says of proxies.
pub fn client_with(kind: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
    amgctl::grafana::provide_crypto();
    kind(reqwest::Client::builder().no_proxy()).build().unwrap()
}

/// Sends a request with a token, or as the user; gives the status, and the body as JSON or else as a text.
pub fn send(url: &str, token: Option<&str>, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let mut request = client().request(method.parse().unwrap(), format!("{url}{path}"));
    request = match token {
        Some(token) => request.bearer_auth(token),
        None => request.basic_auth("admin", Some("admin")),
    };
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    block_on(async {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    })
}

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap())
}
