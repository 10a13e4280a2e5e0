//! Notes at merge requests of GitLab, of this host or of one's own.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderName;
use serde_json::{Value, json};

use super::{Comment, Forge, Trouble, begins, within};
use crate::model::Secret;

/// A merge request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MergeRequest {
    /// Where the API is.
    pub api: String,
    /// The number of its project.
    pub project: u64,
    /// Its number in the project.
    pub number: u64,
}

/// The merge request that a pipeline runs for, by the variables of GitLab; none where it runs for none.
#[must_use]
pub fn merge_request(variable: impl Fn(&str) -> Option<String>) -> Option<MergeRequest> {
    let number = |name: &str| variable(name)?.parse().ok();
    Some(MergeRequest {
        api: variable("CI_API_V4_URL")?,
        project: number("CI_PROJECT_ID")?,
        number: number("CI_MERGE_REQUEST_IID")?,
    })
}

/// Puts a note at a merge request, in place of the one that begins with the marker and is of the same author.
pub async fn comment(
    at: &MergeRequest,
    token: &Secret,
    marker: &str,
    text: &str,
    patience: Duration,
) -> Result<Comment, Trouble> {
    let forge = Forge::new(&at.api, HeaderName::from_static("private-token"), "", token)?;
    within(patience, async {
        let me = forge.send(Method::GET, "/user", None).await?.get("id").and_then(Value::as_u64);
        let is_ours = |note: &Value| {
            let author = note.pointer("/author/id").and_then(Value::as_u64);
            begins(note, marker) && author.is_some() && author == me
        };
        let notes = format!("/projects/{}/merge_requests/{}/notes", at.project, at.number);
        let body = json!({ "body": text });
        if let Some(id) = forge.find(&format!("{notes}?sort=asc&order_by=created_at"), is_ours).await? {
            match forge.send(Method::PUT, &format!("{notes}/{id}"), Some(&body)).await {
                Ok(_) => return Ok(Comment::Replaced),
                // Gone meanwhile.
                Err(Trouble::NotAllowed(_)) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        forge.send(Method::POST, &notes, Some(&body)).await?;
        Ok(Comment::Made)
    })
    .await
}
