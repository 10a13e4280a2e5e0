//! The records of the other stacks: what they own is never touched. And whose a folder is that two stacks have recorded
//! as made by them: two runs that made it in the same moment, of which the server told neither.

use serde_json::Value;

use super::{LiveError, Questions};
use crate::grafana::Client;
use crate::kinds;
use crate::model::request::encode;
use crate::model::{Address, KindName, Owned, Request};
use crate::plan::Workspace;
use crate::registry::record::{FOLDER, Record};
use crate::registry::shared::{Claim, made_it};

/// Reads the records of the other stacks.
pub(super) async fn read(
    client: &Client,
    questions: &Questions<'_>,
    workspace: &mut Workspace,
) -> Result<(), LiveError> {
    let own = Record::uid(questions.stack);
    let uids: Vec<String> = workspace
        .dashboards
        .iter()
        .flatten()
        .filter(|d| d.parent.as_deref() == Some(FOLDER) && d.uid != own)
        .map(|d| d.uid.clone())
        .collect();
    for uid in uids {
        let Some(name) = uid.strip_prefix("amgctl-") else { continue };
        let answer = client.send(&record(&uid)).await?;
        if answer.status == 404 {
            continue;
        }
        let json = answer.json();
        match Record::of_dashboard(json.get("dashboard").unwrap_or(&Value::Null)) {
            // A copy says of another dashboard what that one says itself.
            Ok(record) if Record::uid(&record.stack) != uid => workspace.copies.push((uid, record.stack)),
            Ok(record) => take(client, questions, workspace, &record, savers(&json)).await?,
            Err(_) => workspace.damaged_others.push(name.to_owned()),
        }
    }
    Ok(())
}

async fn take(
    client: &Client,
    questions: &Questions<'_>,
    workspace: &mut Workspace,
    theirs: &Record,
    accounts: Vec<String>,
) -> Result<(), LiveError> {
    for (address, entry) in &theirs.objects {
        let is_folder = address.kind == KindName::FOLDER;
        // What another stack is only about to make is nobody's yet: whoever comes first has made it, and a folder that
        // is there is used as it is.
        if is_folder && entry.digest.is_none() {
            continue;
        }
        let ours = questions.recorded.get(address).filter(|r| is_folder && r.how == Owned::Created);
        if let Some(ours) = ours.filter(|_| entry.how == Owned::Created) {
            let is_only_meant = ours.digest.is_none();
            let claim = |stack, run: Option<&String>, accounts| Claim {
                stack,
                run: run.cloned().unwrap_or_default(),
                accounts,
            };
            let by = creator(client, address).await?;
            let own = client.send(&record(&Record::uid(questions.stack))).await?;
            let ours = claim(questions.stack, questions.made.get(address), savers(&own.json()));
            let theirs = claim(&theirs.stack, theirs.made.get(address), accounts.clone());
            if !is_only_meant && made_it(&ours, &theirs, &by) {
                continue;
            }
            workspace.yielded.insert(address.clone(), theirs.stack.clone());
        }
        workspace.others.insert(address.clone(), theirs.stack.clone());
    }
    Ok(())
}

fn record(uid: &str) -> Request {
    Request::get(format!("/api/dashboards/uid/{}", encode(uid)))
}

/// Who made and who saved a dashboard, by name.
fn savers(json: &Value) -> Vec<String> {
    ["/meta/createdBy", "/meta/updatedBy"].map(|pointer| kinds::text(json, pointer)).into()
}

/// Who made a folder, by name; empty where the server does not say.
async fn creator(client: &Client, folder: &Address) -> Result<String, LiveError> {
    let answer = client.send(&Request::get(format!("/api/folders/{}", folder.uid))).await?;
    Ok(kinds::text(&answer.json(), "/createdBy"))
}
