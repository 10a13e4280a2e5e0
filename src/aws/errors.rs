//! What can go wrong with a call to AWS, told apart by what a person has to do about it.
//!
//! An error of the SDK is never printed whole: its long form holds the answer's headers and body.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_grafana::config::http::HttpResponse;
use aws_sdk_grafana::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;

use super::{Call, denials};
use crate::model::{Secret, hide};
use crate::render::style::clean;

/// The regions in which Amazon Managed Grafana is (AWS General Reference, November 2026).
const REGIONS: [&str; 10] = [
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
];
/// How many characters of somebody else's words are told.
const LONGEST: usize = 400;

/// A call without a usable answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AwsError {
    /// No credentials were found anywhere; or why those that were cannot be used.
    #[error("there are no AWS credentials: {0}")]
    NoCredentials(String),
    /// AWS's own configuration names what is not there, or is broken.
    #[error("AWS's own configuration cannot be used: {words}")]
    Configuration {
        /// What is wrong.
        words: String,
        /// What to do about it.
        hint: String,
    },
    /// AWS does not take the OIDC token of the job that a role is assumed with.
    #[error("AWS does not take the job's OIDC token: {words}")]
    IdentityToken {
        /// What was said.
        words: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The credentials ran out.
    #[error("the AWS credentials expired: {words}")]
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
    #[error("AWS does not allow `{action}` on `{resource}`{}{}", to(.principal.as_ref()), why(.reason.as_ref()))]
    Denied {
        /// The IAM action.
        action: String,
        /// What it would be done to.
        resource: String,
        /// Who asked, where AWS says so.
        principal: Option<String>,
        /// Why, where AWS says so: `no identity-based policy allows the … action`, an explicit deny and whose.
        reason: Option<String>,
    },
    /// What is asked for is encrypted with a KMS key that may not be used, or cannot be.
    #[error("the KMS key of `{of}` may not be used ({action}): {words}")]
    Key {
        /// The IAM action.
        action: &'static str,
        /// The secret or the parameter.
        of: String,
        /// What was said.
        words: String,
    },
    /// A secret that is kept up to date from another region, and changed there only.
    #[error("the secret `{secret}` is a replica, and is changed in its primary region only: {words}")]
    Replica {
        /// The secret.
        secret: String,
        /// What was said.
        words: String,
    },
    /// It is not there.
    #[error("AWS does not have it: {0}")]
    NotFound(String),
    /// There is one already, or the workspace is busy.
    #[error("AWS refused it because of a conflict: {0}")]
    Conflict(String),
    /// A quota is used up.
    #[error("a quota of AWS is used up: {0}")]
    Quota(String),
    /// AWS wants fewer calls, and went on wanting.
    #[error("AWS is throttling: {0}")]
    Throttled(String),
    /// Something refused it that is not AWS: a proxy, a server that was named by mistake.
    #[error("the answer (status {0}) did not come from AWS")]
    NotAws(u16),
    /// A secret is there, and is no text.
    #[error("the secret `{0}` holds binary data instead of text")]
    Bytes(String),
    /// The call itself makes no sense to AWS.
    #[error("AWS refused this as invalid: {0}")]
    Invalid(String),
    /// The secret is marked for deletion: it can be neither read nor written, and its name is taken.
    #[error("the secret `{secret}` is marked for deletion: {words}")]
    InDeletion {
        /// The secret.
        secret: String,
        /// What was said.
        words: String,
    },
    /// The clocks differ too much for a signature.
    #[error("the clock of this machine differs from AWS's: {0}")]
    ClockSkew(String),
    /// There is no Amazon Managed Grafana in the region.
    #[error("there is no Amazon Managed Grafana in region `{0}`")]
    WrongRegion(String),
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
        hidden: &[&Secret],
    ) -> AwsError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(found) = credentials(error) {
            return without_credentials(found, profile, hidden);
        }
        let last = |error: &dyn Error| last(error, hidden);
        let lost = |words: &str| AwsError::Lost(format!("{}: {words}", call.action));
        match error {
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                let code = service.err().code().unwrap_or_default();
                let words = short(service.err().message().unwrap_or_default(), hidden);
                of_service(call, profile, status, code, &words)
            }
            SdkError::ConstructionFailure(_) => AwsError::Invalid(format!("{}: {}", call.action, last(error))),
            SdkError::DispatchFailure(_) if never_connected(error) => {
                if call.action.starts_with("grafana:") && !REGIONS.contains(&region) {
                    return AwsError::WrongRegion(region.to_owned());
                }
                AwsError::NotReached { region: region.to_owned(), words: last(error) }
            }
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                AwsError::Invalid(format!("{}: {}", call.action, last(error)))
            }
            SdkError::TimeoutError(_) => lost("none came in time"),
            SdkError::ResponseError(answer) => {
                let status = answer.raw().status().as_u16();
                lost(&format!("it came with status {status}, and cannot be read"))
            }
            _ => lost(&last(error)),
        }
    }

    /// Why there are no credentials.
    pub(super) fn without(error: &CredentialsError, profile: Option<&str>, hidden: &[&Secret]) -> AwsError {
        without_credentials(error, profile, hidden)
    }

    /// Whether it concerns what was asked for alone: the next may well be given.
    #[must_use]
    pub fn is_of_one(&self) -> bool {
        matches!(
            self,
            AwsError::Denied { .. }
                | AwsError::Key { .. }
                | AwsError::Replica { .. }
                | AwsError::NotFound(_)
                | AwsError::Invalid(_)
                | AwsError::InDeletion { .. }
                | AwsError::Bytes(_)
        )
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
                "renew them: sign in again (`aws sso login`), or in CI assume the role again; what stands in \
                 AWS_SESSION_TOKEN ends by itself"
                    .into()
            }
            AwsError::NotAccepted(_) => "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile".into(),
            AwsError::NoRegion => "give --region, set AWS_REGION, or write `region:` in amgctl.yaml".into(),
            AwsError::Denied { action, resource, reason, .. } => denials::hint(action, resource, reason.as_deref()),
            AwsError::Key { action, of, words } => denials::key_hint(action, of, words),
            AwsError::Replica { secret, .. } => format!(
                "name it by its ARN in its primary region: `aws secretsmanager describe-secret --secret-id {secret} \
                 --query PrimaryRegion` says which that is"
            ),
            AwsError::Configuration { hint, .. } => hint.clone(),
            AwsError::IdentityToken { hint, .. } => (*hint).into(),
            AwsError::ClockSkew(_) => "set the clock of this machine, as by NTP".into(),
            AwsError::InDeletion { secret, .. } => {
                format!("restore it with `aws secretsmanager restore-secret --secret-id {secret}`, or name another")
            }
            AwsError::WrongRegion(_) => format!("it is in {}: give --region", REGIONS.join(", ")),
            AwsError::NotReached { .. } => {
                "check the network, the proxy settings, the region, and AWS_ENDPOINT_URL where it is set".into()
            }
            AwsError::NotAws(_) => {
                "something answers in AWS's place: check the proxy settings, and AWS_ENDPOINT_URL where it is set".into()
            }
            AwsError::Lost(_) => {
                "try again; if that does not help, check the proxy settings, and AWS_ENDPOINT_URL where it is set".into()
            }
            AwsError::Throttled(_) => "try again".into(),
            AwsError::Bytes(_) => "store it as a text".into(),
            AwsError::Conflict(_) => {
                "try again when no other change is in progress: a workspace that is being updated refuses as well".into()
            }
            AwsError::Quota(_) => "delete those that are no longer needed; AWS does not raise the quotas of a workspace".into(),
            AwsError::NotFound(_) | AwsError::Invalid(_) => return None,
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
    // Which of a run's many calls it was is half of what somebody needs to know.
    let of_call = || format!("{}: {}", call.action, told());
    let identity = call.action == "sts:AssumeRoleWithWebIdentity";
    match code {
        "AccessDeniedException" | "AccessDenied" => denials::denied(call, words),
        "ExpiredTokenException" | "ExpiredToken" if identity => ended(told()),
        "InvalidIdentityToken" | "IDPRejectedClaim" if identity && words.to_lowercase().contains("expired") => {
            ended(told())
        }
        "InvalidIdentityToken" | "IDPRejectedClaim" | "IDPCommunicationError" if identity => {
            AwsError::IdentityToken {
                words: told(),
                hint: "the role's account needs an IAM identity provider for the issuer of the token, with the audience \
                   that the token has (sts.amazonaws.com); where AWS could not ask the issuer, try again",
            }
        }
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
        | "MissingAuthenticationTokenException"
        | "InvalidIdentityToken" => AwsError::NotAccepted(told()),
        "ResourceNotFoundException" | "ParameterNotFound" | "ParameterVersionNotFound" => {
            AwsError::NotFound(told())
        }
        "ConflictException" | "ResourceExistsException" => AwsError::Conflict(of_call()),
        "InvalidRequestException" | "InvalidParameterException" if words.contains("replica secret") => {
            AwsError::Replica { secret: denials::subject(&call.resource), words: told() }
        }
        "InvalidRequestException" if words.contains("deletion") => {
            AwsError::InDeletion { secret: denials::subject(&call.resource), words: told() }
        }
        // Only a key of the customer's own can be shared, not the one that AWS keeps for an account.
        "InvalidRequestException" if words.contains("different AWS account") => {
            denials::key(call, "kms:Decrypt", &told())
        }
        // Secrets Manager and Parameter Store say so of the key of what they were asked for.
        "DecryptionFailure" | "InvalidKeyId" => denials::key(call, "kms:Decrypt", &told()),
        "EncryptionFailure" => denials::key(call, "kms:GenerateDataKey", &told()),
        _ if code.starts_with("KMS") => denials::key(call, "kms:Decrypt", &told()),
        "ServiceQuotaExceededException" | "LimitExceededException" => AwsError::Quota(of_call()),
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "PriorRequestNotComplete"
        | "SlowDown" => AwsError::Throttled(of_call()),
        _ => match status {
            402 => AwsError::Quota(of_call()),
            404 if !code.is_empty() => AwsError::NotFound(told()),
            409 => AwsError::Conflict(of_call()),
            429 => AwsError::Throttled(of_call()),
            // Without a code it is no answer of AWS's: a proxy's, for one.
            400..500 if code.is_empty() => AwsError::NotAws(status),
            // What AWS takes it answers as it says. Whether this was done nobody knows.
            200..400 if code.is_empty() => {
                AwsError::Lost(format!("{}: one with status {status} came that is not AWS's", call.action))
            }
            403 => denials::denied(call, words),
            400..500 => AwsError::Invalid(of_call()),
            _ => AwsError::Lost(of_call()),
        },
    }
}

/// The OIDC token of a job lives for minutes, and is no session that anybody could sign in to.
fn ended(words: String) -> AwsError {
    AwsError::IdentityToken {
        words,
        hint: "it lives for minutes: get a new one right before the run, by running the job again or moving the step \
               that writes AWS_WEB_IDENTITY_TOKEN_FILE next to it",
    }
}

fn to(principal: Option<&String>) -> String {
    principal.map(|arn| format!(" to {arn}")).unwrap_or_default()
}

fn why(reason: Option<&String>) -> String {
    reason.map(|words| format!(": {words}")).unwrap_or_default()
}

fn without_credentials(error: &CredentialsError, profile: Option<&str>, hidden: &[&Secret]) -> AwsError {
    if let Some(refused) = refused_role(error, profile, hidden) {
        return refused;
    }
    let words = chain(error, hidden);
    let low = words.to_lowercase();
    let says = |marks: &[&str]| marks.iter().any(|mark| low.contains(mark));
    match error {
        CredentialsError::CredentialsNotLoaded(_) => AwsError::NoCredentials(nowhere(profile)),
        // What the files say is at fault, not a session.
        CredentialsError::InvalidConfiguration(_) => AwsError::NoCredentials(words),
        // The last place that is asked is the address that only instances of EC2 have.
        _ if says(&["imds"]) => AwsError::NoCredentials(nowhere(profile)),
        // The service that hands out credentials for a session says `UnauthorizedException` of one that ended.
        _ if says(&["expired", "sso token", "unauthorizedexception"]) => {
            AwsError::CredentialsExpired { words, profile: profile.map(str::to_owned) }
        }
        _ => AwsError::NoCredentials(words),
    }
}

fn nowhere(profile: Option<&str>) -> String {
    match profile {
        Some(name) => format!("the profile `{name}` names none, nor has this machine any of its own"),
        None => "none in the environment, a profile, a container or an instance".to_owned(),
    }
}

/// What AWS said when a role was to be assumed: the chain tells its code alone.
fn refused_role(error: &CredentialsError, profile: Option<&str>, hidden: &[&Secret]) -> Option<AwsError> {
    fn told<E>(
        error: &SdkError<E, HttpResponse>,
        action: &'static str,
        profile: Option<&str>,
        hidden: &[&Secret],
    ) -> Option<AwsError>
    where
        E: ProvideErrorMetadata,
    {
        let SdkError::ServiceError(service) = error else { return None };
        let call = Call::new(action, "*");
        let words = short(service.err().message().unwrap_or_default(), hidden);
        let code = service.err().code().unwrap_or_default();
        Some(of_service(&call, profile, service.raw().status().as_u16(), code, &words))
    }
    let mut at: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = at {
        if let Some(error) = error.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>() {
            return told(error, "sts:AssumeRole", profile, hidden);
        }
        if let Some(error) = error.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>() {
            return told(error, "sts:AssumeRoleWithWebIdentity", profile, hidden);
        }
        at = error.source();
    }
    None
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

/// Whether there never was a connection, so that nothing can have been done. One that broke later is not that.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut at = Some(error);
    while let Some(error) = at {
        if error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|e| e.is_connect())
            || error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused)
        {
            return true;
        }
        at = error.source();
    }
    false
}

/// All the causes of an error, in the order in which they brought each other about.
fn chain(error: &dyn Error, hidden: &[&Secret]) -> String {
    let mut words = vec![error.to_string()];
    let mut at = error.source();
    while let Some(cause) = at {
        let text = cause.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        at = cause.source();
    }
    short(&words.join(": "), hidden)
}

/// The last cause, which says most.
fn last(error: &dyn Error, hidden: &[&Secret]) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    short(&at.to_string(), hidden)
}

/// Somebody else's words as they may stand in a message: without secrets, one line, not too long. Everything that AWS, a
/// proxy or a program says passes here.
fn short(words: &str, hidden: &[&Secret]) -> String {
    let line = hide(words, hidden).split_whitespace().collect::<Vec<_>>().join(" ");
    let line = clean(&line).into_owned();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, code: &str, words: &str) -> AwsError {
        let call = Call::new("grafana:DescribeWorkspace", "arn:aws:grafana:eu-west-1:*:/workspaces/g-0123456789");
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
             arn:aws:sts::111122223333:assumed-role/ci/run: no identity-based policy allows the action"
        );
        let bare = of(403, "AccessDeniedException", "");
        assert!(bare.hint().unwrap().contains("grafana:DescribeWorkspace"), "{bare:?}");
    }

    #[test]
    fn what_is_common_of_secrets_is_told_with_its_cause() {
        let of = |code: &str, words: &str| {
            let call =
                Call::new("secretsmanager:PutSecretValue", "arn:aws:secretsmanager:eu-west-1:*:secret:a/b-??????");
            let error = of_service(&call, None, 400, code, words);
            (error.to_string(), error.hint().unwrap())
        };
        let marked = "You can't perform this operation on the secret because it was marked for deletion.";
        let taken =
            "You can't create this secret because a secret with this name is already scheduled for deletion.";
        for words in [marked, taken] {
            let (told, hint) = of("InvalidRequestException", words);
            assert!(told.starts_with("the secret `a/b` is marked for deletion: "), "{told}");
            assert!(hint.contains("restore-secret --secret-id a/b`"), "{hint}");
        }
        let replica = "Operation not permitted on a replica secret. Call must be made in primary secret's region.";
        let (told, hint) = of("InvalidParameterException", replica);
        assert!(told.starts_with("the secret `a/b` is a replica"), "{told}");
        assert!(hint.contains("--secret-id a/b --query PrimaryRegion`"), "{hint}");
        let shared = "You can't access a secret from a different AWS account if you encrypt the secret with the default \
                      KMS service key.";
        let (told, hint) = of("InvalidRequestException", shared);
        assert!(told.starts_with("the KMS key of `a/b` may not be used"), "{told}");
        assert!(hint.contains("customer managed key"), "{hint}");
        let (told, _) = of("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text.");
        assert!(told.contains("(kms:Decrypt)"), "{told}");
        let (told, _) = of("EncryptionFailure", "");
        assert!(told.contains("(kms:GenerateDataKey)"), "{told}");
    }

    #[test]
    fn the_token_of_a_job_is_no_session_to_sign_in_to() {
        let of = |code: &str, words: &str| {
            let meta = aws_sdk_sts::error::ErrorMetadata::builder().code(code).message(words).build();
            let raw = HttpResponse::new(400.try_into().unwrap(), "".into());
            let refused = SdkError::service_error(AssumeRoleWithWebIdentityError::generic(meta), raw);
            let error = AwsError::without(&CredentialsError::provider_error(refused), None, &[]);
            assert!(matches!(error, AwsError::IdentityToken { .. }), "{error:?}");
            error.hint().unwrap()
        };
        let words =
            "Token expired: current date/time 1764300000 must be before the expiration date/time 1764299000";
        for hint in [of("ExpiredTokenException", words), of("InvalidIdentityToken", "Token is expired")] {
            assert!(hint.contains("right before the run") && !hint.contains("sso"), "{hint}");
        }
        let nobody =
            "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com";
        assert!(of("InvalidIdentityToken", nobody).contains("identity provider"));
    }

    #[test]
    fn what_is_throttled_or_lost_is_told_by_its_call() {
        for (status, code) in
            [(429, "ThrottlingException"), (500, "InternalServerException"), (503, ""), (409, "X")]
        {
            let told = of(status, code, "words").to_string();
            assert!(told.contains(": grafana:DescribeWorkspace: words"), "{told}");
        }
    }

    #[test]
    fn a_session_that_ended_is_told_apart_from_a_profile_that_is_wrong() {
        let expired = CredentialsError::provider_error("the SSO token has expired and cannot be refreshed");
        let error = AwsError::without(&expired, Some("prod"), &[]);
        assert!(error.hint().unwrap().contains("aws sso login --profile prod"), "{error:?}");
        let ended = CredentialsError::provider_error("UnauthorizedException: Session token not found or invalid");
        assert!(matches!(AwsError::without(&ended, None, &[]), AwsError::CredentialsExpired { .. }));
        let wrong = CredentialsError::invalid_configuration("profile `prod` has invalid SSO config");
        assert!(matches!(AwsError::without(&wrong, Some("prod"), &[]), AwsError::NoCredentials(_)));
    }

    #[test]
    fn a_profile_that_is_not_there_is_named() {
        let error = AwsError::without(&CredentialsError::not_loaded("x"), Some("prdo"), &[]);
        assert!(error.to_string().contains("`prdo`"), "{error}");
    }

    #[test]
    fn a_role_that_may_not_be_assumed_is_told_as_a_denial() {
        let told = "User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on resource: \
                    arn:aws:iam::1:role/ci";
        let meta = aws_sdk_sts::error::ErrorMetadata::builder().code("AccessDenied").message(told).build();
        let raw = HttpResponse::new(403.try_into().unwrap(), "".into());
        let refused = SdkError::service_error(AssumeRoleError::generic(meta), raw);
        let error = AwsError::without(&CredentialsError::provider_error(refused), None, &[]);
        let AwsError::Denied { action, resource, .. } = &error else { panic!("{error:?}") };
        assert_eq!((&**action, &**resource), ("sts:AssumeRole", "arn:aws:iam::1:role/ci"));
    }

    #[test]
    fn a_role_that_does_not_trust_the_job_is_not_answered_with_a_statement_of_the_job() {
        let told = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        let meta = aws_sdk_sts::error::ErrorMetadata::builder().code("AccessDenied").message(told).build();
        let raw = HttpResponse::new(403.try_into().unwrap(), "".into());
        let refused = SdkError::service_error(AssumeRoleWithWebIdentityError::generic(meta), raw);
        let error = AwsError::without(&CredentialsError::provider_error(refused), None, &[]);
        assert!(error.hint().unwrap().contains("trust policy"), "{error:?}");
    }

    #[test]
    fn what_a_proxy_answers_is_not_taken_for_aws() {
        for status in [403, 404] {
            let error = of(status, "", "");
            assert_eq!(error, AwsError::NotAws(status));
            assert!(error.hint().unwrap().contains("AWS_ENDPOINT_URL"));
        }
        // It may have been done all the same, so that it counts as an answer that was lost.
        let lost = "grafana:DescribeWorkspace: one with status 200 came that is not AWS's";
        assert_eq!(of(200, "", ""), AwsError::Lost(lost.into()));
    }

    #[test]
    fn words_of_others_are_one_short_line() {
        assert_eq!(short("a\n  b\u{1b}[31m", &[]), "a b\\u{1b}[31m");
        assert_eq!(short(&"ä".repeat(500), &[]).chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_secret_is_hidden_before_words_are_cut() {
        let secret = Secret::new("hunter2-hunter2-hunter2".into());
        for before in (LONGEST - 30)..=LONGEST {
            let told = short(&format!("{}hunter2-hunter2-hunter2 and more", "x".repeat(before)), &[&secret]);
            assert!(!told.contains("hunt"), "{told}");
        }
    }
}
