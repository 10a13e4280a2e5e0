//! Plays GitHub: the files of a release, comments, pull requests, runs and their artefacts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::runner::Done;
use crate::support::block_on;

/// The token that it takes.
pub const TOKEN: &str = "ghs_planted-token-of-the-job";

/// A forge on loopback.
pub struct Forge {
    /// Where it is.
    pub url: String,
    state: Arc<Mutex<State>>,
}

/// What it has.
#[derive(Default)]
pub struct State {
    /// The files of the release, by name.
    pub release: BTreeMap<String, Vec<u8>>,
    /// The comments of pull request 7.
    pub comments: Vec<Value>,
    /// The pull requests of every commit.
    pub pulls: Value,
    /// Runs: their ids, and what is told of them.
    pub runs: Vec<Value>,
    /// Artefacts: run, what is told of them, the archive.
    pub artefacts: Vec<(u64, Value, Vec<u8>)>,
    /// What was asked: method and path.
    pub asked: Vec<String>,
    /// What is answered instead of everything else below a path.
    pub instead: Option<(&'static str, u16, &'static str)>,
}

impl Forge {
    /// Starts one that has nothing.
    pub fn start() -> Forge {
        let state = Arc::new(Mutex::new(State { pulls: json!([]), ..State::default() }));
        let served = Arc::clone(&state);
        let app = axum::Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let (status, bytes) = served.lock().unwrap().answer(&method, &uri, token, &body);
            async move {
                Response::builder().status(StatusCode::from_u16(status).unwrap()).body(Body::from(bytes)).unwrap()
            }
        });
        let url = block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
            url
        });
        Forge { url, state }
    }

    /// What it has.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Keeps the artefacts of a job of a pull request, as GitHub does when a run ends.
    pub fn keep(&self, done: &Done, head: &str) {
        let mut state = self.state();
        let run = 100 + state.runs.len() as u64;
        state.runs.push(json!({
            "id": run, "event": "pull_request", "head_sha": head, "head_repository": { "id": 1 }, "repository": { "id": 1 },
        }));
        for (name, file, bytes) in &done.artefacts {
            let id = 1000 + state.artefacts.len() as u64;
            let told = json!({ "id": id, "name": name, "expired": false });
            state.artefacts.push((run, told, zip(file, bytes)));
        }
    }

    /// Merges pull request 7 as a commit.
    pub fn merge(&self, head: &str, commit: &str) {
        self.state().pulls = json!([{
            "number": 7, "title": "Change $(touch pwned)", "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": commit,
            "head": { "sha": head, "ref": "change", "repo": { "full_name": "Acme/infra" } },
        }]);
    }
}

impl State {
    fn answer(&mut self, method: &Method, uri: &Uri, token: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let path = uri.path();
        self.asked.push(format!("{method} {path}"));
        if let Some(name) = path.strip_prefix("/releases/") {
            assert!(token.is_empty(), "whoever serves files needs no token");
            return self.release.get(name).map_or((404, Vec::new()), |bytes| (200, bytes.clone()));
        }
        if let Some((_, status, text)) = self.instead.filter(|(below, ..)| path.starts_with(below)) {
            return (status, text.into());
        }
        if token != format!("Bearer {TOKEN}") {
            return (401, b"{}".to_vec());
        }
        let json = |status: u16, value: Value| (status, value.to_string().into_bytes());
        let query = uri.query().unwrap_or_default();
        let asked = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let Some(path) = path.strip_prefix("/repos/acme/infra/") else { return json(403, json!({})) };
        let parts: Vec<&str> = path.split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["issues", "7", "comments"]) => json(200, json!(self.comments)),
            ("POST", ["issues", "7", "comments"]) => {
                let text: Value = serde_json::from_slice(body).unwrap();
                let id = self.comments.len() + 1;
                self.comments
                    .push(json!({ "id": id, "body": text["body"], "user": { "type": "Bot", "login": "bot" } }));
                json(201, json!({}))
            }
            ("PATCH", ["issues", "comments", id]) => {
                let text: Value = serde_json::from_slice(body).unwrap();
                self.comments[id.parse::<usize>().unwrap() - 1]["body"] = text["body"].clone();
                json(200, json!({}))
            }
            ("GET", ["commits", _, "pulls"]) => json(200, self.pulls.clone()),
            ("GET", ["actions", "runs"]) => {
                let head = asked("head_sha").unwrap();
                let runs: Vec<&Value> = self.runs.iter().filter(|run| run["head_sha"] == head).collect();
                json(200, json!({ "workflow_runs": runs }))
            }
            ("GET", ["actions", "runs", run, "artifacts"]) => {
                let of_run = self
                    .artefacts
                    .iter()
                    .filter(|(of, told, _)| run.parse() == Ok(*of) && told["name"].as_str() == asked("name"));
                json(200, json!({ "artifacts": of_run.map(|(_, told, _)| told).collect::<Vec<_>>() }))
            }
            ("GET", ["actions", "artifacts", id, "zip"]) => {
                let found = self.artefacts.iter().find(|(_, told, _)| told["id"].as_u64() == id.parse().ok());
                found.map_or((404, Vec::new()), |(.., bytes)| (200, bytes.clone()))
            }
            _ => json(404, json!({})),
        }
    }
}

/// A zip archive of one file, not compressed.
fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    let size = u32::try_from(bytes.len()).unwrap();
    let length = u16::try_from(name.len()).unwrap();
    // Version, flags, method, time, date; what both headers have.
    let mut common = Vec::new();
    [20_u16, 0, 0, 0, 0x21].iter().for_each(|field| common.extend(field.to_le_bytes()));
    [sum.sum(), size, size].iter().for_each(|field| common.extend(field.to_le_bytes()));
    [length, 0].iter().for_each(|field| common.extend(field.to_le_bytes()));
    let mut archive = b"PK\x03\x04".to_vec();
    archive.extend(&common);
    archive.extend(name.as_bytes());
    archive.extend(bytes);
    let directory = u32::try_from(archive.len()).unwrap();
    archive.extend(b"PK\x01\x02\x14\x00");
    archive.extend(&common);
    archive.extend([0; 14]);
    archive.extend(name.as_bytes());
    let end = u32::try_from(archive.len()).unwrap();
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    archive.extend((end - directory).to_le_bytes());
    archive.extend(directory.to_le_bytes());
    archive.extend([0; 2]);
    archive
}
