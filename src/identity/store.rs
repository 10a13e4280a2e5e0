//! Putting a token into its secret: made with it, or laid beside what readers get and then promoted.
//!
//! Only what was verified is given here, so what readers get always works; AWS moves the label at once. What has to be
//! true of a version stands in its id ([`super::version`]); tags are for people, and written after the promotion.

use super::rules::{CURRENT, PENDING, current};
use super::{stored, version};
use crate::aws::{Aws, AwsError, SecretInfo, ToStore};
use crate::model::Secret;

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
) -> Result<(), AwsError> {
    let Some(there) = there else { return Ok(()) };
    aws.put_secret(&there.arn, to_store(value), &[PENDING], version).await
}

/// Gives a value that was laid beside to readers, or makes the secret with it. From here on they may have it.
///
/// Names the version that readers got when the secret was looked at, and fails where they get another one by now: a
/// promotion that arrives late finds that a later run has moved the label on, and changes nothing. (Where no version has
/// the label there is none to name, and AWS refuses as soon as one has it.) Where an answer is lost, the secret is looked
/// at.
pub async fn promote(
    aws: &Aws,
    make: &Make<'_>,
    there: Option<&SecretInfo>,
    value: &Secret,
    version: &str,
    tags: &[(String, String)],
) -> Result<(), NotStored> {
    let Some(there) = there else {
        return match aws
            .create_secret(make.name, to_store(value), make.kms_key, tags, &make.description, version)
            .await
        {
            Ok(()) => Ok(()),
            // AWS would have taken the same version with the same value: somebody else made the secret.
            Err(error @ AwsError::Conflict(_)) => Err(NotStored { error, perhaps: false }),
            Err(error) => readers_get_it(aws, make.name, version, error).await,
        };
    };
    match aws.move_stage(&there.arn, CURRENT, version, current(&there.stages)).await {
        Ok(()) => Ok(()),
        Err(error) => readers_get_it(aws, &there.arn, version, error).await,
    }
}

fn to_store(value: &Secret) -> ToStore {
    let inner = stored::read(value, None).ok().map(|stored| stored.token);
    ToStore { value: value.clone(), inner }
}

/// What became of a version whose promotion did not end well.
async fn readers_get_it(aws: &Aws, secret: &str, version: &str, error: AwsError) -> Result<(), NotStored> {
    match aws.describe_secret(secret).await {
        Ok(Some(info)) if current(&info.stages) == Some(version) => Ok(()),
        Ok(_) => Err(NotStored { perhaps: matches!(error, AwsError::Lost(_)), error }),
        Err(_) => Err(NotStored { error, perhaps: true }),
    }
}

/// How the versions of a secret begin that hold a token of ours.
#[must_use]
pub fn mark(aws: &Aws, secret: &str, there: Option<&SecretInfo>) -> String {
    version::mark(aws.region_of(secret), there.map_or(secret, |info| &info.name))
}

/// What is wrong with the name of a secret, if something is (fact: `secret-names`).
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
        return Some(format!("`{odd}` is not allowed in a name, only letters, digits and /_+=.@-"));
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
        for (bad, told) in [("amgctl-AbCdEf", "six characters"), ("", "1 to 512"), ("a b", "` ` is not allowed")] {
            assert!(name_fault(bad).unwrap().contains(told), "{bad}");
        }
    }
}
