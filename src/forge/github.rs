//! Comments at pull requests of GitHub, of this host or of one's own.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Comment, Forge, Trouble, bearer, begins, within};
use crate::model::Secret;

/// A pull request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PullRequest {
    /// Where the API is.
    pub api: String,
    /// `owner/name`.
    pub repository: String,
    /// Its number.
    pub number: u64,
}

/// The pull request that a job runs for, by the variables of GitHub Actions and the event that started it; none where it
/// runs for none.
#[must_use]
pub fn pull_request(variable: impl Fn(&str) -> Option<String>, event: Option<&str>) -> Option<PullRequest> {
    let event: Value = event.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let of_event = event.pointer("/pull_request/number").and_then(Value::as_u64);
    // A comment at a pull request is one at an issue, which says that it is one.
    let of_issue = || event.pointer("/issue/pull_request").and(event.pointer("/issue/number"))?.as_u64();
    let of_ref = || variable("GITHUB_REF")?.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok();
    let number = of_event.or_else(of_issue).or_else(of_ref)?;
    let repository = variable("GITHUB_REPOSITORY")?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name != "."
            && name != ".."
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let (owner, name) = repository.split_once('/')?;
    let api = variable("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".into());
    (is_name(owner) && is_name(name)).then(|| PullRequest { api, repository: repository.clone(), number })
}

/// Puts a comment at a pull request, in place of the one that begins with the marker and is of the same author.
///
/// Others may write the marker too, and change what they wrote: theirs are left alone.
pub async fn comment(
    at: &PullRequest,
    token: &Secret,
    marker: &str,
    text: &str,
    patience: Duration,
) -> Result<Comment, Trouble> {
    let forge = Forge::new(&at.api, bearer(), "Bearer ", token)?;
    within(patience, async {
        let comments = format!("/repos/{}/issues", at.repository);
        // A job's own token is nobody whom the API knows: it writes as a bot.
        let me = match forge.send(Method::GET, "/user", None).await {
            Ok(user) => user.get("login").and_then(Value::as_str).map(str::to_owned),
            Err(Trouble::NotAllowed(_)) => None,
            Err(trouble) => return Err(trouble),
        };
        let is_ours = |comment: &Value| {
            let user = |key: &str| comment.pointer(&format!("/user/{key}")).and_then(Value::as_str);
            begins(comment, marker)
                && match &me {
                    Some(me) => user("login") == Some(me),
                    None => user("type") == Some("Bot"),
                }
        };
        let list = format!("{comments}/{}/comments?sort=created", at.number);
        let body = json!({ "body": text });
        if let Some(id) = forge.find(&list, is_ours).await? {
            match forge.send(Method::PATCH, &format!("{comments}/comments/{id}"), Some(&body)).await {
                Ok(_) => return Ok(Comment::Replaced),
                // Another app's, or gone meanwhile.
                Err(Trouble::NotAllowed(_)) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        forge.send(Method::POST, &format!("{comments}/{}/comments", at.number), Some(&body)).await?;
        Ok(Comment::Made)
    })
    .await
}
