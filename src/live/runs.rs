//! What was saved by a run that the record knows: the stack's own, though it is not as it was recorded.
//!
//! A run that was cut off, or whose lease was ended while it wrote, has left in each dashboard's history which run it
//! was. Data sources and folders have no history: for them the digest that was written down beforehand has to do.

use super::{LiveError, Questions};
use crate::grafana::Client;
use crate::kinds;
use crate::model::request::encode;
use crate::model::{Address, KindName, Request};
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
            address.kind == KindName::DASHBOARD
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
        let path = format!("/api/dashboards/uid/{}/versions/{version}", encode(address.uid.as_str()));
        let answer = client.send(&Request::get(path)).await?;
        let message = kinds::text(&answer.json(), "/message");
        if answer.status == 200 && message.strip_prefix(RUN).is_some_and(|run| questions.runs.contains(run)) {
            workspace.by_own_runs.insert(address);
        }
    }
    Ok(())
}
