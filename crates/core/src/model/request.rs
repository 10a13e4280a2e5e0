//! One request and its answer as values: kinds describe requests, `grafana` is the only one to send them.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Secret, hide};

/// What a request does, which decides how it is paced, retried and allowed: plan mode sends reads only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// A read.
    Get,
    /// A write that makes or saves.
    Post,
    /// A write that replaces.
    Put,
    /// A write that replaces a part.
    Patch,
    /// A write that removes.
    Delete,
}

impl Method {
    /// Whether this changes nothing on the server.
    #[must_use]
    pub fn is_read(self) -> bool {
        self == Method::Get
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        })
    }
}

/// A request to a workspace. Its `Debug` leaves the body out: bodies of data sources hold secrets.
#[derive(Clone)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// Path and query below the workspace's URL, already percent-encoded.
    pub path: String,
    /// The JSON text to send.
    pub body: Option<String>,
    /// The `Accept` header, where it is not plain JSON.
    pub accept: Option<&'static str>,
    /// What of the body nobody may see, should the answer repeat it.
    pub secrets: Vec<Secret>,
}

impl Request {
    /// A read of a path.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Request {
        Request { method: Method::Get, path: path.into(), body: None, accept: None, secrets: Vec::new() }
    }

    /// A write with a JSON text as its body.
    #[must_use]
    pub fn write(method: Method, path: impl Into<String>, body: impl Into<String>) -> Request {
        Request { method, path: path.into(), body: Some(body.into()), accept: None, secrets: Vec::new() }
    }

    /// A removal.
    #[must_use]
    pub fn delete(path: impl Into<String>) -> Request {
        Request { method: Method::Delete, path: path.into(), body: None, accept: None, secrets: Vec::new() }
    }
}

impl Request {
    /// Says what of the body nobody may see.
    #[must_use]
    pub fn hiding(self, secrets: impl IntoIterator<Item = Secret>) -> Request {
        Request { secrets: secrets.into_iter().collect(), ..self }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// An answer of a workspace, whatever its status.
#[derive(Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The same without secrets, where it is a refusal: whoever refuses may repeat what it was sent, and its words are
    /// shown.
    #[must_use]
    pub fn hiding(self, secrets: &[&Secret]) -> Response {
        if self.status < 400 || self.body.is_empty() {
            return self;
        }
        let body = hide(&String::from_utf8_lossy(&self.body), secrets).into_bytes();
        Response { body, ..self }
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Whether these are words of Grafana's own: an object with a message, or a status of the resource API.
    #[must_use]
    pub fn is_grafanas(&self) -> bool {
        let json = self.json();
        let text = |key: &str| json.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        text("message") || text("status")
    }

    /// The server's own words: `message` of its body, else the beginning of the body, else the status.
    #[must_use]
    pub fn message(&self) -> String {
        let json = self.json();
        match json.get("message").and_then(Value::as_str) {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => format!("status {} without a message", self.status),
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} ({} bytes)", self.status, self.body.len())
    }
}

/// Percent-encodes one segment of a path or one value of a query.
#[must_use]
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
