//! What was saved by a run that the record knows: the stack's own, though it is not as it was recorded.
//!
//! A run that was cut off, or whose lease was ended while it wrote, has left in each dashboard's history which run it
//! was. Data sources and folders have no history: for them the digest that was written down beforehand has to do.
//!
//! The message is no signature: who reads a dashboard by the resource API and puts it back sends the message of the save
//! before along with it. It stands for a run only where no other version has it.

use super::{LiveError, Questions};
use crate::grafana::Client;
use crate::kinds;
use crate::model::Address;
use crate::plan::Workspace;
use crate::registry::store::RUN;

/// Finds the dashboards that differ from what is recorded, and were saved last by a run that the record knows.
pub(super) async fn find(
    client: &Client,
    questions: &Questions<'_>,
    workspace: &mut Workspace,
) -> Result<(), LiveError> {
    let changed: Vec<(Address, i64)> = workspace
        .found
        .iter()
        .filter(|(address, found)| {
            kinds::by_name(address.kind).past_version(&address.key, 1).is_some()
                && questions.recorded.get(address).is_some_and(|r| {
                    r.digest.is_some()
                        && found
                            .body
                            .digest()
                            .is_some_and(|d| Some(d.recorded()) != r.digest || found.parent != r.parent)
                })
        })
        .map(|(address, found)| (address.clone(), found.identity.version))
        .collect();
    for (address, version) in changed {
        let Some(message) = message(client, &address, version).await? else { continue };
        let is_own = message.strip_prefix(RUN).is_some_and(|run| questions.runs.contains(run));
        if is_own && !is_copied(client, &address, version, &message).await? {
            workspace.by_own_runs.insert(address);
        }
    }
    Ok(())
}

/// The message of one version; none where that is not told.
async fn message(client: &Client, address: &Address, version: i64) -> Result<Option<String>, LiveError> {
    let Some(request) = kinds::by_name(address.kind).past_version(&address.key, version) else { return Ok(None) };
    let answer = client.send(&request).await?;
    Ok((answer.status == 200).then(|| kinds::text(&answer.json(), "/message")))
}

/// Whether another version has that message too. The list tells the first version's message in the server's own words, so
/// the version before is read by itself.
async fn is_copied(client: &Client, address: &Address, version: i64, message: &str) -> Result<bool, LiveError> {
    if version > 1 && self::message(client, address, version - 1).await?.as_deref() == Some(message) {
        return Ok(true);
    }
    let Some(request) = kinds::by_name(address.kind).history(&address.key, 100) else { return Ok(true) };
    let answer = client.send(&request).await?;
    // A history that cannot be read proves nothing.
    let Some(past) = kinds::past(&answer) else { return Ok(true) };
    Ok(past.iter().any(|one| one.version != version && one.message == message))
}
