//! What a workspace has and how much more fits in: its plugins and its limits, for `amgctl doctor`. Reads only; what it
//! does not say is said in words.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Client;
use crate::model::{Limit, Request};

/// A plugin that comes with every Grafana: a list without it leaves out those.
const ALWAYS: &str = "text";

/// The ids of the plugins that the workspace has. Errors are words for people.
pub async fn plugins(client: &Client) -> Result<BTreeSet<String>, String> {
    let all = list(client, "/api/plugins").await?;
    let ids: BTreeSet<String> =
        all.iter().filter_map(|one| one.get("id").and_then(Value::as_str)).map(str::to_owned).collect();
    match ids.contains(ALWAYS) {
        true => Ok(ids),
        false => Err("the workspace does not list the plugins that come with it".into()),
    }
}

/// The limits of the organisation. Errors are words for people.
pub async fn limits(client: &Client) -> Result<Vec<Limit>, String> {
    let all = list(client, "/api/org/quotas").await?;
    let limit = |one: &Value| {
        let number = |key: &str| one.get(key).and_then(Value::as_i64);
        let of = one.get("target").and_then(Value::as_str)?.to_owned();
        Some(Limit { of, limit: number("limit")?, used: number("used")? })
    };
    Ok(all.iter().filter_map(limit).collect())
}

async fn list(client: &Client, path: &str) -> Result<Vec<Value>, String> {
    let answer = client.send(&Request::get(path)).await.map_err(|error| error.to_string())?;
    match (answer.status, answer.json()) {
        (200, Value::Array(all)) => Ok(all),
        (200, _) => Err(format!("the workspace answers `{path}` with something else than a list")),
        (status, _) => Err(format!("the workspace does not say ({status} for `{path}`)")),
    }
}
