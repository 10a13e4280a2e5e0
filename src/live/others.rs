//! The records of the other stacks: what they own is never touched. And whose a folder is that two stacks have recorded
//! as made by them: two runs that made it in the same moment, of which the server told neither.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{LiveError, Questions, send_all};
use crate::grafana::Client;
use crate::kinds;
use crate::model::request::encode;
use crate::model::{Address, Owned, Request};
use crate::plan::Workspace;
use crate::registry::record::{FOLDER, KEPT_AS, Record};
use crate::registry::shared::{Claim, made_it};

/// Reads the records of the other stacks.
pub(super) async fn read(
    client: &Client,
    questions: &Questions<'_>,
    workspace: &mut Workspace,
) -> Result<(), LiveError> {
    let own: Vec<String> = Some(questions.stack).into_iter().chain(questions.taken_over).map(Record::uid).collect();
    let uids: Vec<String> = workspace
        .all(KEPT_AS)
        .iter()
        .filter(|d| d.parent.as_deref() == Some(FOLDER) && !own.contains(&d.uid) && d.uid.starts_with("amgctl-"))
        .map(|d| d.uid.clone())
        .collect();
    for (uid, json) in side_by_side(client, uids).await? {
        let Some(name) = uid.strip_prefix("amgctl-") else { continue };
        match Record::of_dashboard(json.get("dashboard").unwrap_or(&Value::Null)) {
            // A copy says of another dashboard what that one says itself.
            Ok(record) if Record::uid(&record.stack) != uid => workspace.copies.push((uid, record.stack)),
            Ok(record) => read_saves(client, questions, workspace, &record, savers(&json)).await?,
            Err(_) => workspace.damaged_others.push(name.to_owned()),
        }
    }
    Ok(())
}

/// Reads the dashboards of records at the same time; the answers in the order of their uids. What a record holds stands
/// in no list, so each costs a read, but all of them together one wait.
async fn side_by_side(client: &Client, uids: Vec<String>) -> Result<BTreeMap<String, Value>, LiveError> {
    let requests = uids.into_iter().map(|uid| {
        let request = record(&uid);
        (uid, request)
    });
    let mut answers = BTreeMap::new();
    send_all(client, requests, |uid, answer| {
        if answer.status != 404 {
            answers.insert(uid, answer.json());
        }
    })
    .await?;
    Ok(answers)
}

async fn read_saves(
    client: &Client,
    questions: &Questions<'_>,
    workspace: &mut Workspace,
    theirs: &Record,
    accounts: Vec<String>,
) -> Result<(), LiveError> {
    for (address, entry) in &theirs.objects {
        let is_shared = kinds::by_name(address.kind).facts().shared;
        // What another stack is only about to make is nobody's yet: whoever comes first has made it, and a folder that
        // is there is used as it is.
        if is_shared && entry.digest.is_none() {
            continue;
        }
        let ours = questions.recorded.get(address).filter(|r| is_shared && r.how == Owned::Created);
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
    let Some(request) = kinds::by_name(folder.kind).savers(&folder.key) else { return Ok(String::new()) };
    let answer = client.send(&request).await?;
    Ok(kinds::text(&answer.json(), "/createdBy"))
}
