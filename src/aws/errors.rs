//! What can go wrong with a call to AWS, told apart by what a person has to do about it.
//!
//! An error of the SDK is never printed whole: its long form holds the answer's headers and body.

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_grafana::config::http::HttpResponse;
use aws_sdk_grafana::error::{ProvideErrorMetadata, SdkError};

use super::Call;
use crate::identity::policy;

/// Where credentials are looked for.
const NOWHERE: &str = "none in the environment, a profile, a container or an instance";

/// A call without a usable answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AwsError {
    /// No credentials were found anywhere; or why those that were cannot be used.
    #[error("there are no AWS credentials: {0}")]
    NoCredentials(String),
    /// The credentials ran out.
    #[error("the AWS credentials ran out: {words}")]
    CredentialsExpired {
        /// What was said.
        words: String,
        /// The profile, if one was named.
        profile: Option<String>,
    },
    /// AWS does not know the credentials, or their signature is not right.
    #[error("AWS does not accept the credentials: {0}")]
    NotAccepted(String),
    /// No region was named anywhere.
    #[error("no AWS region is named")]
    NoRegion,
    /// IAM does not allow it.
    #[error("AWS does not allow `{action}` on `{resource}`{}", .principal.as_ref().map(|p| format!(" to {p}")).unwrap_or_default())]
    Denied {
        /// The IAM action.
        action: String,
        /// What it would be done to.
        resource: String,
        /// Who asked, where AWS says so.
        principal: Option<String>,
    },
    /// It is not there.
    #[error("AWS has no such thing: {0}")]
    NotFound(String),
    /// There is one already, or the workspace is busy.
    #[error("AWS refused a conflict: {0}")]
    Conflict(String),
    /// A quota is used up.
    #[error("a quota of AWS is used up: {0}")]
    Quota(String),
    /// AWS wants fewer calls, and went on wanting.
    #[error("AWS is throttling: {0}")]
    Throttled(String),
    /// The call itself makes no sense to AWS.
    #[error("AWS does not take this: {0}")]
    Invalid(String),
    /// The clocks differ too much for a signature.
    #[error("the clock of this machine differs from AWS's: {0}")]
    ClockSkew(String),
    /// It never reached AWS: nothing was done.
    #[error("AWS could not be reached in region `{region}`: {words}")]
    NotReached {
        /// The region.
        region: String,
        /// Why.
        words: String,
    },
    /// It may have reached AWS; the answer is lost, or is an error of AWS's own. It may have been done.
    #[error("the answer of AWS was lost: {0}")]
    Lost(String),
}

impl AwsError {
    /// Tells an error of the SDK apart.
    pub(super) fn of<E>(
        call: &Call,
        region: &str,
        profile: Option<&str>,
        error: &SdkError<E, HttpResponse>,
    ) -> AwsError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(found) = credentials(error) {
            return without_credentials(found, profile);
        }
        match error {
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                let code = service.err().code().unwrap_or_default();
                let words = service.err().message().unwrap_or_default();
                of_service(call, profile, status, code, words)
            }
            SdkError::ConstructionFailure(_) => AwsError::Invalid(last(error)),
            SdkError::DispatchFailure(failure)
                if failure.as_connector_error().is_some_and(|e| never_connected(e)) =>
            {
                AwsError::NotReached { region: region.to_owned(), words: last(error) }
            }
            SdkError::DispatchFailure(failure) if failure.is_user() => AwsError::Invalid(last(error)),
            SdkError::TimeoutError(_) => AwsError::Lost("none came in time".into()),
            _ => AwsError::Lost(last(error)),
        }
    }

    /// What to do next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            AwsError::NoCredentials(_) => {
                "set AWS_PROFILE or give --profile, sign in with `aws sso login`, or in CI assume a role by web identity"
                    .into()
            }
            AwsError::CredentialsExpired { profile: Some(profile), .. } => {
                format!("sign in again: `aws sso login --profile {profile}`, or renew what the profile takes them from")
            }
            AwsError::CredentialsExpired { profile: None, .. } => {
                "sign in again: `aws sso login`, or renew what they are taken from".into()
            }
            AwsError::NotAccepted(_) => "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile".into(),
            AwsError::NoRegion => "give --region, set AWS_REGION, or write `region:` in amgctl.yaml".into(),
            AwsError::Denied { action, resource, .. } => {
                format!("this statement in the policy of the caller would do: {}", policy::statement(action, resource))
            }
            AwsError::ClockSkew(_) => "set the clock of this machine, as by NTP".into(),
            AwsError::NotReached { .. } => {
                "check the network and the region: Amazon Managed Grafana is not in every one".into()
            }
            AwsError::Throttled(_) | AwsError::Lost(_) => "try again".into(),
            AwsError::NotFound(_) | AwsError::Conflict(_) | AwsError::Quota(_) | AwsError::Invalid(_) => return None,
        };
        Some(text)
    }
}

/// How long AWS asks to wait.
pub(super) fn retry_after<E>(error: &SdkError<E, HttpResponse>) -> Option<Duration> {
    let seconds: f64 = error.raw_response()?.headers().get("retry-after")?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn of_service(call: &Call, profile: Option<&str>, status: u16, code: &str, words: &str) -> AwsError {
    let told = || if words.is_empty() { format!("{code} ({status})") } else { words.to_owned() };
    match code {
        "AccessDeniedException" | "AccessDenied" => denied(call, words),
        "ExpiredTokenException" | "ExpiredToken" | "TokenRefreshRequired" => {
            AwsError::CredentialsExpired { words: told(), profile: profile.map(str::to_owned) }
        }
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => AwsError::ClockSkew(told()),
        "InvalidSignatureException" | "SignatureDoesNotMatch"
            if words.contains("Signature expired") || words.contains("not yet current") =>
        {
            AwsError::ClockSkew(told())
        }
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => AwsError::NotAccepted(told()),
        "ResourceNotFoundException" | "ParameterNotFound" | "ParameterVersionNotFound" => {
            AwsError::NotFound(told())
        }
        "ConflictException" | "ResourceExistsException" => AwsError::Conflict(told()),
        "ServiceQuotaExceededException" | "LimitExceededException" => AwsError::Quota(told()),
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            AwsError::Throttled(told())
        }
        _ => match status {
            402 => AwsError::Quota(told()),
            404 => AwsError::NotFound(told()),
            409 => AwsError::Conflict(told()),
            429 => AwsError::Throttled(told()),
            403 => denied(call, words),
            400..500 => AwsError::Invalid(told()),
            _ => AwsError::Lost(told()),
        },
    }
}

/// AWS says `User: ARN is not authorized to perform: ACTION on resource: ARN because …`.
fn denied(call: &Call, words: &str) -> AwsError {
    let after = |mark: &str| {
        let (_, rest) = words.split_once(mark)?;
        rest.split_whitespace().next().map(|w| w.trim_end_matches(['.', ',']).to_owned())
    };
    AwsError::Denied {
        action: after("not authorized to perform: ").unwrap_or_else(|| call.action.to_owned()),
        resource: after("on resource: ").unwrap_or_else(|| call.resource.clone()),
        principal: after("User: "),
    }
}

fn without_credentials(error: &CredentialsError, profile: Option<&str>) -> AwsError {
    let words = chain(error);
    let low = words.to_lowercase();
    match error {
        CredentialsError::CredentialsNotLoaded(_) => AwsError::NoCredentials(NOWHERE.into()),
        // The last place that is asked is the address that only instances of EC2 have.
        _ if low.contains("imds") => AwsError::NoCredentials(NOWHERE.into()),
        _ if low.contains("expired") || low.contains("sso") => {
            AwsError::CredentialsExpired { words, profile: profile.map(str::to_owned) }
        }
        _ => AwsError::NoCredentials(words),
    }
}

fn credentials<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref::<CredentialsError>() {
            return Some(found);
        }
        at = error.source();
    }
    None
}

fn never_connected(error: &aws_sdk_grafana::error::ConnectorError) -> bool {
    let words = chain(error).to_lowercase();
    error.is_io() && (words.contains("connect") || words.contains("dns"))
        || error.is_timeout() && words.contains("connect")
}

/// All the causes of an error, in the order in which they brought each other about.
fn chain(error: &dyn Error) -> String {
    let mut words = vec![error.to_string()];
    let mut at = error.source();
    while let Some(cause) = at {
        let text = cause.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        at = cause.source();
    }
    words.join(": ")
}

/// The last cause, which says most.
fn last(error: &dyn Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, code: &str, words: &str) -> AwsError {
        let resource = "arn:aws:grafana:eu-west-1:*:/workspaces/g-0123456789".to_owned();
        let call = Call { action: "grafana:DescribeWorkspace", resource, repeatable: true };
        of_service(&call, Some("prod"), status, code, words)
    }

    #[test]
    fn exceptions_are_told_apart_by_what_to_do() {
        assert!(matches!(of(402, "ServiceQuotaExceededException", "x"), AwsError::Quota(_)));
        assert!(matches!(of(429, "ThrottlingException", "x"), AwsError::Throttled(_)));
        assert!(matches!(of(404, "ResourceNotFoundException", "x"), AwsError::NotFound(_)));
        assert!(matches!(of(409, "ConflictException", "x"), AwsError::Conflict(_)));
        assert!(matches!(of(400, "ValidationException", "x"), AwsError::Invalid(_)));
        assert!(matches!(of(500, "InternalServerException", "x"), AwsError::Lost(_)));
        assert!(matches!(of(503, "", ""), AwsError::Lost(_)));
        assert!(matches!(of(403, "UnrecognizedClientException", "x"), AwsError::NotAccepted(_)));
        assert!(matches!(of(403, "InvalidSignatureException", "Signature expired: 1"), AwsError::ClockSkew(_)));
        let expired = of(403, "ExpiredTokenException", "The security token included in the request is expired");
        assert!(expired.hint().unwrap().contains("--profile prod"), "{expired:?}");
    }

    #[test]
    fn a_denial_names_action_resource_and_principal() {
        let told = "User: arn:aws:sts::111122223333:assumed-role/ci/run is not authorized to perform: \
                    grafana:CreateWorkspaceServiceAccountToken on resource: \
                    arn:aws:grafana:eu-west-1:111122223333:/workspaces/g-0123456789 because no identity-based policy \
                    allows the action";
        let error = of(403, "AccessDeniedException", told);
        assert_eq!(
            error.to_string(),
            "AWS does not allow `grafana:CreateWorkspaceServiceAccountToken` on \
             `arn:aws:grafana:eu-west-1:111122223333:/workspaces/g-0123456789` to \
             arn:aws:sts::111122223333:assumed-role/ci/run"
        );
        let bare = of(403, "AccessDeniedException", "");
        assert!(bare.hint().unwrap().contains("grafana:DescribeWorkspace"), "{bare:?}");
    }
}
