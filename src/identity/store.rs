//! Putting a token into its secret: made with it, or laid beside what readers get and then promoted.
//!
//! Only what was verified is given here, so what readers get always works; AWS moves the label at once.

use super::rotation::{self, CURRENT, Labels, PENDING, current};
use crate::aws::{Aws, AwsError, SecretInfo};
use crate::model::Secret;

/// The tag that says whose a secret is.
pub const STACK: &str = "amgctl:stack";
/// The tag that says how its value looks.
pub const FORMAT: &str = "amgctl:format";
/// The tag that says when an API key ends; nothing else does.
pub const EXPIRES: &str = "amgctl:expires";
/// The tag that says when the present version was promoted.
pub const PROMOTED: &str = "amgctl:promoted";
/// The tag that names the versions whose API keys are still to be deleted, with a space between them.
pub const PREVIOUS: &str = "amgctl:previous";

/// What a new secret is made with.
#[derive(Clone, Debug)]
pub struct Make<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its KMS key; AWS's own where none is named.
    pub kms_key: Option<&'a str>,
    /// What it is for.
    pub description: String,
}

/// Why readers do not get a token.
#[derive(Debug)]
pub struct NotStored {
    /// What AWS said.
    pub error: AwsError,
    /// Whether readers may get it all the same.
    pub perhaps: bool,
}

/// Lays a value beside the one that readers get. Where there is no secret yet, there is nothing to lay it beside.
///
/// Doing it twice is doing it once: the version is named by the caller.
pub async fn lay_beside(
    aws: &Aws,
    there: Option<&SecretInfo>,
    value: &Secret,
    version: &str,
    tags: &[(String, String)],
) -> Result<(), AwsError> {
    let Some(there) = there else { return Ok(()) };
    aws.put_secret(&there.arn, value, &[PENDING], version).await?;
    aws.tag_secret(&there.arn, tags).await
}

/// Gives a value that was laid beside to readers, or makes the secret with it. From here on they may have it.
///
/// Fails where readers get another one by now than the one that was there before. Where an answer is lost, the secret is
/// looked at.
pub async fn promote(
    aws: &Aws,
    make: &Make<'_>,
    there: Option<&SecretInfo>,
    value: &Secret,
    version: &str,
    tags: &[(String, String)],
) -> Result<(), NotStored> {
    let Some(there) = there else {
        return match aws.create_secret(make.name, value, make.kms_key, tags, &make.description, version).await {
            Ok(()) => Ok(()),
            // AWS would have taken the same version with the same value: somebody else made the secret.
            Err(error @ AwsError::Conflict(_)) => Err(NotStored { error, perhaps: false }),
            Err(error) => look(aws, make.name, version, error).await,
        };
    };
    match aws.move_stage(&there.arn, CURRENT, version, current(&there.stages)).await {
        Ok(()) => Ok(()),
        Err(error) => look(aws, &there.arn, version, error).await,
    }
}

/// What became of a version whose promotion did not end well.
async fn look(aws: &Aws, secret: &str, version: &str, error: AwsError) -> Result<(), NotStored> {
    match aws.describe_secret(secret).await {
        Ok(Some(info)) if current(&info.stages) == Some(version) => Ok(()),
        Ok(_) => Err(NotStored { perhaps: matches!(error, AwsError::Lost(_)), error }),
        Err(_) => Err(NotStored { error, perhaps: true }),
    }
}

/// What a secret is to a stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    /// There is none.
    Nobodys,
    /// This stack's.
    Ours,
    /// Another stack's.
    Other(String),
    /// Somebody's, and no stack's.
    Foreign,
    /// It is going to be deleted.
    InDeletion,
}

/// Whose a secret is.
#[must_use]
pub fn whose(there: Option<&SecretInfo>, stack: &str) -> Whose {
    let Some(info) = there else { return Whose::Nobodys };
    if info.deleted.is_some() {
        return Whose::InDeletion;
    }
    match info.tags.get(STACK) {
        Some(of) if of == stack => Whose::Ours,
        Some(of) => Whose::Other(of.clone()),
        None => Whose::Foreign,
    }
}

/// The labels of the versions of a secret that was looked for: no version of one that is not there is in use.
#[must_use]
pub fn labels(there: Option<&SecretInfo>) -> &Labels {
    static NONE: Labels = Labels::new();
    there.map_or(&NONE, |info| &info.stages)
}

/// How the versions of a secret begin that hold a token of ours.
#[must_use]
pub fn mark(aws: &Aws, secret: &str, there: Option<&SecretInfo>) -> String {
    rotation::mark(aws.region_of(secret), there.map_or(secret, |info| &info.name))
}

/// The versions whose API keys are still to be deleted.
#[must_use]
pub fn previous(info: &SecretInfo) -> Vec<&str> {
    info.tags.get(PREVIOUS).map(|text| text.split(' ').collect()).unwrap_or_default()
}

/// Whether the tags tell of the version that readers get.
///
/// They are set before a version is promoted. Where a run ends in between, the version that they call a previous one is
/// still what readers get.
#[must_use]
pub fn tells_of_current(info: &SecretInfo) -> bool {
    current(&info.stages).is_none_or(|current| !previous(info).contains(&current))
}

/// A moment that a tag says, in seconds since 1970.
#[must_use]
pub fn moment(info: &SecretInfo, tag: &str) -> Option<i64> {
    info.tags.get(tag)?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// What is wrong with the name of a secret, if something is (`amg.md` 8).
#[must_use]
pub fn name_fault(name: &str) -> Option<String> {
    if name.starts_with("arn:") {
        return None;
    }
    if name.is_empty() || name.len() > 512 {
        return Some("a name has 1 to 512 characters".into());
    }
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || "/_+=.@-".contains(*c));
    if let Some(odd) = name.chars().find(odd) {
        return Some(format!("`{odd}` is no character of a name: there are letters, digits and /_+=.@-"));
    }
    let ending = name.rsplit_once('-').map(|(_, ending)| ending);
    if ending.is_some_and(|e| e.len() == 6 && e.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Some(
            "it ends in a hyphen and six characters, as the ARNs of secrets do, and AWS may take it for one".into(),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_aws_takes_for_others_are_refused() {
        for good in [
            "amgctl/prod",
            "a",
            "a-b",
            "grafana-api-key",
            "team/token-1",
            "arn:aws:secretsmanager:x:1:secret:a-AbCdEf",
        ] {
            assert_eq!(name_fault(good), None, "{good}");
        }
        for (bad, told) in [("amgctl-AbCdEf", "six characters"), ("", "1 to 512"), ("a b", "` ` is no character")] {
            assert!(name_fault(bad).unwrap().contains(told), "{bad}");
        }
    }
}
