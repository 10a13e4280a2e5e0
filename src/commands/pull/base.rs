//! What was applied last: the body whose digest is the recorded one, looked for where bodies are kept.
//!
//! In this order: the file in git's history, the dashboard's versions in Grafana. A digest decides, never a date.

use serde_json::Value;

use crate::commands::gather::Gathered;
use crate::commands::{Failure, Session, connect};
use crate::kinds;
use crate::model::{Declared, Recorded};
use crate::source::Bound;

/// How many commits of a file are looked at.
const COMMITS: usize = 50;

/// Finds it; none where it is kept nowhere any more.
pub async fn find(
    declared: &Declared,
    recorded: &Recorded,
    bound: &Bound,
    gathered: &Gathered,
    session: &Session<'_>,
) -> Result<Option<Value>, Failure> {
    if let Some(base) = in_git(declared, recorded, bound, gathered, session) {
        return Ok(Some(base));
    }
    in_workspace(declared, recorded, gathered).await
}

fn in_git(
    declared: &Declared,
    recorded: &Recorded,
    bound: &Bound,
    gathered: &Gathered,
    session: &Session<'_>,
) -> Option<Value> {
    let checkout = session.checkout(&gathered.settings.directory)?;
    let file = &*declared.body.file;
    checkout.commits_of(file, COMMITS).iter().find_map(|commit| {
        let body = bound.body_of(declared, checkout.file_at(commit, file)?).ok()?;
        applied(body.value, declared, recorded, gathered)
    })
}

async fn in_workspace(
    declared: &Declared,
    recorded: &Recorded,
    gathered: &Gathered,
) -> Result<Option<Value>, Failure> {
    let kind = kinds::by_name(declared.address.kind);
    let Some(version) = recorded.identity.as_ref().map(|identity| identity.version) else { return Ok(None) };
    let Some(request) = kind.past_version(&declared.address.key, version) else { return Ok(None) };
    let answer = gathered.connection.client.send(&request).await.map_err(|error| connect::live(error.into()))?;
    if answer.status != 200 {
        return Ok(None);
    }
    let Some(body) = answer.json().get("data").cloned() else { return Ok(None) };
    Ok(applied(body, declared, recorded, gathered))
}

/// The normal form of a body, if it is what was applied last.
fn applied(body: Value, declared: &Declared, recorded: &Recorded, gathered: &Gathered) -> Option<Value> {
    let kind = kinds::by_name(declared.address.kind);
    let normal = kind.normal(body);
    let digest = kinds::stored(kind, &normal.digest(), &gathered.connection.server).recorded();
    (recorded.digest.as_ref() == Some(&digest)).then(|| normal.whole())
}
