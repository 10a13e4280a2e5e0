//! Replays recordings of real Grafana servers against the embedded workspace and says where its answers differ.
//!
//! A recording (`fixtures/contracts/VERSION/TOPIC.json`) is what a real server answered, in order, from an empty
//! organisation. Masks in recorded bodies: `<time>` any RFC 3339 time, `<int>` any integer, `<id>` any text but the
//! empty one or any integer, `<text>` any text but the empty one, `<any>` anything; all else must be equal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use amgctl::sandbox::{Options, Running, Version, start};
use serde_json::Value;

use crate::support::{client_with, fact};

/// The topics that are replayed, in the order in which one server takes them.
const TOPICS: [&str; 9] =
    ["auth", "dashboards", "datasources", "discovery", "folders", "library", "registry", "resources", "search"];

/// Steps that are known to differ: version, topic, what the step says, and why.
const DIFFERENT: &[(&str, &str, &str, &str)] = &[];

#[tokio::test]
async fn grafana_9_4_answers_as_recorded() {
    replay(Version::V9_4).await;
}

#[tokio::test]
async fn grafana_10_1_answers_as_recorded() {
    replay(Version::V10_1).await;
}

#[tokio::test]
async fn grafana_10_4_answers_as_recorded() {
    replay(Version::V10_4).await;
}

#[tokio::test]
async fn grafana_12_4_upgraded_answers_as_recorded() {
    replay(Version::V12_4Upgraded).await;
}

#[tokio::test]
async fn grafana_12_4_answers_as_recorded() {
    replay(Version::V12_4).await;
}

async fn replay(version: Version) {
    let running = start(Options { version, ..Options::default() }).await.unwrap();
    let mut told = String::new();
    let mut steps = 0;
    for topic in TOPICS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/contracts")
            .join(version.name())
            .join(format!("{topic}.json"));
        let recording: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut server = Server::new(&running);
        let (mut equal, mut compared) = (0, 0);
        for step in recording["steps"].as_array().unwrap() {
            let found = server.step(step).await;
            let counts = usize::from(!step["response"].is_null());
            steps += counts;
            compared += counts;
            equal += counts * usize::from(found.is_empty());
            let said = step["say"].as_str().unwrap();
            let pinned = DIFFERENT.iter().any(|(v, t, s, _)| (*v, *t, *s) == (version.name(), topic, said));
            if pinned == found.is_empty() {
                let _ =
                    writeln!(told, "{topic}: {said}: {} {}", step["request"]["method"], step["request"]["path"]);
                found.iter().for_each(|f| told.push_str(&format!("    {f}\n")));
            }
        }
        fact("replay", &[&version.name(), &topic, &equal, &compared]);
    }
    assert!(steps > 250, "only {steps} steps");
    assert!(told.is_empty(), "Grafana {version}:\n{told}");
}

struct Server<'a> {
    running: &'a Running,
    client: reqwest::Client,
    captured: BTreeMap<String, String>,
}

/// An answer, taken apart.
struct Got {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
    json: Option<Value>,
}

impl Server<'_> {
    fn new(running: &Running) -> Server<'_> {
        let client = client_with(|builder| builder.redirect(reqwest::redirect::Policy::none()));
        Server { running, client, captured: BTreeMap::new() }
    }

    /// Sends a step's request; what is different from its response, line by line.
    async fn step(&mut self, step: &Value) -> Vec<String> {
        let mut got = self.send(&step["request"]).await;
        let want = &step["response"];
        if want.is_null() {
            return Vec::new();
        }
        for (name, path) in step["capture"].as_object().into_iter().flatten() {
            let value = got.json.as_ref().and_then(|j| look(j, path.as_str().unwrap()));
            match value {
                Some(Value::String(text)) => drop(self.captured.insert(name.clone(), text.clone())),
                Some(value) => drop(self.captured.insert(name.clone(), value.to_string())),
                None => {}
            }
        }
        let mut found = Vec::new();
        if want["status"] != got.status {
            found.push(format!("status: want {}, got {} {:.200}", want["status"], got.status, got.text));
        } else if let Some(json) = want.get("json") {
            if want["unordered"] == true
                && let (Some(want), Some(Value::Array(items))) = (json.as_array(), &mut got.json)
            {
                *items = arrange(want, std::mem::take(items));
            }
            match &got.json {
                Some(body) => differences(json, body, "$", &mut found),
                None => found.push("body is not JSON".to_owned()),
            }
        } else if let Some(selected) = want["selected"].as_object() {
            let absent = Value::from("(absent)");
            for (path, value) in selected {
                let at = got.json.as_ref().and_then(|j| look(j, path)).unwrap_or(&absent);
                differences(value, at, path, &mut found);
            }
        } else if let Some(text) = want["text"].as_str()
            && text != "<any>"
            && text != got.text
        {
            found.push(format!("body: want {text:?}, got {:?}", got.text));
        }
        let squeezed: String = got.text.split_whitespace().collect();
        for text in want["contains"].as_array().into_iter().flatten() {
            if !squeezed.contains(text.as_str().unwrap()) {
                found.push(format!("the answer's text lacks {text}"));
            }
        }
        for (name, value) in want["headers"].as_object().into_iter().flatten() {
            let has = got.headers.get(name).map_or("", |v| v.to_str().unwrap());
            differences(value, &Value::from(has), &format!("header {name}"), &mut found);
        }
        found
    }

    async fn send(&self, request: &Value) -> Got {
        let text = |key: &str| request[key].as_str().map(|t| self.fill(t));
        let method = request["method"].as_str().unwrap().parse().unwrap();
        let url = format!("{}{}", self.running.url, text("path").unwrap());
        let mut sent = self.client.request(method, url).header("Accept", "application/json");
        if let Some(credentials) = self.credentials(request["as"].as_str().unwrap_or("admin")) {
            sent = sent.header("Authorization", credentials);
        }
        let body = match request.get("json") {
            Some(json) => Some(self.fill(&json.to_string())),
            None => text("text"),
        };
        if let Some(body) = body {
            if request["headers"]["Content-Type"].is_null() {
                sent = sent.header("Content-Type", "application/json");
            }
            sent = sent.body(body);
        }
        let mut headers = reqwest::header::HeaderMap::new();
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            let name: reqwest::header::HeaderName = name.parse().unwrap();
            headers.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        let answer = sent.headers(headers).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let json = serde_json::from_str(&text).ok();
        Got { status, headers, text, json }
    }

    fn credentials(&self, role: &str) -> Option<String> {
        let tokens = &self.running.tokens;
        Some(match role {
            "none" => return None,
            "malformed" => "Bearer not-a-token".to_owned(),
            "unknown" => format!("Bearer glsa_{}_00000000", "A".repeat(32)),
            "basic" => "Basic YWRtaW46YWRtaW4=".to_owned(),
            "admin" => format!("Bearer {}", tokens.admin),
            "editor" => format!("Bearer {}", tokens.editor),
            "viewer" => format!("Bearer {}", tokens.viewer),
            other => panic!("no role {other}"),
        })
    }

    /// Puts captured values in: `"{{int:name}}"` as a number, `{{name}}` as text.
    fn fill(&self, text: &str) -> String {
        self.captured.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("\"{{{{int:{name}}}}}\""), value).replace(&format!("{{{{{name}}}}}"), value)
        })
    }
}

fn look<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        value => value.get(part),
    })
}

/// The items in the order of those wanted, as far as they match.
fn arrange(want: &[Value], mut rest: Vec<Value>) -> Vec<Value> {
    let mut out = Vec::new();
    for w in want {
        let at = rest.iter().position(|g| {
            let mut found = Vec::new();
            differences(w, g, "$", &mut found);
            found.is_empty()
        });
        out.extend(at.map(|at| rest.remove(at)));
    }
    out.extend(rest);
    out
}

fn differences(want: &Value, got: &Value, path: &str, found: &mut Vec<String>) {
    let differ = |found: &mut Vec<String>| found.push(format!("{path}: want {want:.160}, got {got:.160}"));
    match (want, got) {
        (Value::String(mask), _) if mask.starts_with('<') && is_mask(mask) => {
            if !masked(mask, got) {
                differ(found);
            }
        }
        (Value::Object(want), Value::Object(got)) => {
            for (key, value) in want {
                match got.get(key) {
                    Some(got) => differences(value, got, &format!("{path}.{key}"), found),
                    None => found.push(format!("{path}.{key}: missing, want {value:.160}")),
                }
            }
            for (key, value) in got.iter().filter(|(key, _)| !want.contains_key(*key)) {
                found.push(format!("{path}.{key}: not in the recording, got {value:.160}"));
            }
        }
        (Value::Array(want), Value::Array(got)) => {
            if want.len() != got.len() {
                found.push(format!("{path}: {} items recorded, got {}", want.len(), got.len()));
            }
            for (i, (want, got)) in want.iter().zip(got).enumerate() {
                differences(want, got, &format!("{path}[{i}]"), found);
            }
        }
        (Value::Number(w), Value::Number(g)) => {
            let whole = |n: &serde_json::Number| n.as_i64().is_some() || n.as_u64().is_some();
            let equal = if whole(w) && whole(g) { w == g } else { w.as_f64() == g.as_f64() };
            if !equal {
                differ(found);
            }
        }
        (want, got) if want == got => {}
        _ => differ(found),
    }
}

fn is_mask(text: &str) -> bool {
    matches!(text, "<any>" | "<time>" | "<int>" | "<id>" | "<text>")
}

fn masked(mask: &str, got: &Value) -> bool {
    let whole = got.is_i64() || got.is_u64();
    match mask {
        "<any>" => true,
        "<int>" => whole,
        "<id>" => whole || got.as_str().is_some_and(|t| !t.is_empty()),
        "<text>" => got.as_str().is_some_and(|t| !t.is_empty()),
        _ => got.as_str().is_some_and(|t| t.parse::<jiff::Timestamp>().is_ok() && t.contains('T')),
    }
}
