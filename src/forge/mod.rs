//! The one module that talks to forges: puts one comment at a pull request or merge request, and keeps it in place.
//!
//! What a forge answers is not trusted: an answer has bounds in time and bytes, and whatever it is, what comes of it is
//! [`Comment`] or [`Trouble`]. Which request it is about stands in variables of the CI, and in [`github`] and [`gitlab`].

pub mod github;
pub mod gitlab;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use serde_json::Value;

use crate::grafana::errors::chain;
use crate::grafana::provide_crypto;
use crate::model::Secret;

/// How long all requests of one comment may take.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer that is taken: a page of a hundred comments of the largest size.
const LARGEST_ANSWER: usize = 32 << 20;
/// How many pages of comments are looked through.
const PAGES: usize = 30;

/// What became of a comment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comment {
    /// It is new.
    Made,
    /// It stands where the last one stood.
    Replaced,
}

/// Why there is no comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The token may not comment: that of a fork's pull request.
    NotAllowed(u16),
    /// The forge did not answer as it should; how.
    Wrong(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NotAllowed(status) => write!(f, "the token may not comment ({status})"),
            Trouble::Wrong(words) => f.write_str(words),
        }
    }
}

/// A forge's API, spoken to with a token.
pub struct Forge {
    http: Client,
    api: String,
    header: (HeaderName, HeaderValue),
}

impl Forge {
    /// Makes a client for an API's URL; nothing is sent yet. `header` carries the token, after `before`.
    ///
    /// Plain `http` is spoken to loopback only; certificates are always checked; redirects are not followed, or the token
    /// would go where they lead.
    fn new(api: &str, header: HeaderName, before: &str, token: &Secret) -> Result<Forge, Trouble> {
        let wrong = |words: &str| Trouble::Wrong(format!("the URL of its API {words}"));
        let url = Url::parse(api).map_err(|_| wrong("is no URL"))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
            return Err(wrong("is not https"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(wrong("holds more than host and path"));
        }
        let mut value = HeaderValue::from_str(&format!("{before}{}", token.expose()))
            .map_err(|_| Trouble::Wrong("the token holds characters that no header may have".into()))?;
        value.set_sensitive(true);
        provide_crypto();
        let http = Client::builder()
            .user_agent(concat!("amgctl/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|e| {
                Trouble::Wrong(format!("the certificates of this machine could not be loaded: {}", chain(&e)))
            })?;
        Ok(Forge { http, api: api.trim_end_matches('/').to_owned(), header: (header, value) })
    }

    /// Sends a request; gives the answer's JSON where it is one of success.
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Trouble> {
        let wrong = |words: String| Trouble::Wrong(words);
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.api))
            .header(ACCEPT, "application/json")
            .header(self.header.0.clone(), self.header.1.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut answer = request.send().await.map_err(|e| wrong(format!("it cannot be reached: {}", chain(&e))))?;
        let status = answer.status().as_u16();
        match status {
            200 | 201 => {}
            401 | 403 | 404 => return Err(Trouble::NotAllowed(status)),
            _ => return Err(wrong(format!("it answered {status}"))),
        }
        let mut bytes = Vec::new();
        loop {
            let chunk = answer.chunk().await.map_err(|e| wrong(format!("its answer broke off: {}", chain(&e))))?;
            let Some(chunk) = chunk else { break };
            if bytes.len() + chunk.len() > LARGEST_ANSWER {
                return Err(wrong("its answer does not end".into()));
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes).map_err(|_| wrong(format!("it answered {status} with what is not JSON")))
    }

    /// Looks through pages of comments, the oldest first, for the one that is meant.
    async fn find(&self, path: &str, is_it: impl Fn(&Value) -> bool) -> Result<Option<u64>, Trouble> {
        for page in 1..=PAGES {
            let answer = self.send(Method::GET, &format!("{path}&per_page=100&page={page}"), None).await?;
            let Value::Array(comments) = answer else {
                return Err(Trouble::Wrong("it answered with what is not a list of comments".into()));
            };
            if let Some(found) = comments.iter().find(|comment| is_it(comment)) {
                return Ok(found.get("id").and_then(Value::as_u64));
            }
            if comments.len() < 100 {
                break;
            }
        }
        Ok(None)
    }
}

/// Gives it up after a time.
async fn within(
    patience: Duration,
    comment: impl Future<Output = Result<Comment, Trouble>>,
) -> Result<Comment, Trouble> {
    let late = || Trouble::Wrong(format!("it did not answer within {} s", patience.as_secs_f64()));
    tokio::time::timeout(patience, comment).await.unwrap_or_else(|_| Err(late()))
}

/// Whether a comment's text begins with the marker.
fn begins(comment: &Value, marker: &str) -> bool {
    comment.get("body").and_then(Value::as_str).is_some_and(|body| body.trim_start().starts_with(marker))
}

fn bearer() -> HeaderName {
    AUTHORIZATION
}
