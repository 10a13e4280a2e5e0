//! What can go wrong with a call to AWS, in words for people, and told apart by what is known of its effect.
//!
//! Every error of the SDK becomes one of these in [`AwsError::of`]; nothing else of an SDK error is ever shown, because
//! it carries the whole answer, secrets included.

use std::error::Error;
use std::io;

use aws_sdk_grafana::error::{ProvideErrorMetadata, SdkError};
use serde_json::Value;
use thiserror::Error;

use crate::identity::policy;
use crate::model::Secret;

/// The regions in which Amazon Managed Grafana has an endpoint (AWS General Reference, November 2026).
pub const REGIONS: [&str; 10] = [
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
/// How much of somebody else's words is shown.
const LONGEST: usize = 400;

/// A call to AWS without a usable answer.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum AwsError {
    /// The chain of credentials ended without any.
    #[error("no AWS credentials were found{}", of_profile(profile.as_ref()))]
    NoCredentials {
        /// The profile that was typed.
        profile: Option<String>,
    },
    /// There are credentials, and their time is over: a session that ended, a token that expired.
    #[error("the AWS credentials{} have expired: {words}", of_profile(profile.as_ref()))]
    CredentialsExpired {
        /// The profile that was typed.
        profile: Option<String>,
        /// The words of whoever noticed.
        words: String,
    },
    /// The place where credentials should come from is at fault.
    #[error("the AWS credentials could not be got: {words}")]
    Credentials {
        /// The innermost cause.
        words: String,
    },
    /// AWS does not know the access key, or the secret key is not its own.
    #[error("AWS does not accept the credentials: {words}")]
    Refused {
        /// AWS's words.
        words: String,
    },
    /// Nothing says which region is meant.
    #[error("no AWS region is set")]
    NoRegion,
    /// AWS knows the caller, who may not do it.
    #[error("AWS does not allow `{action}`{}: {words}", on(resource.as_ref()))]
    Denied {
        /// The action as IAM names it.
        action: String,
        /// The ARN it was for, when known.
        resource: Option<String>,
        /// The ARN of the caller, when AWS told it.
        principal: Option<String>,
        /// AWS's words.
        words: String,
    },
    /// There is no such thing.
    #[error("AWS knows no {what}")]
    NotFound {
        /// What was looked for, with its name.
        what: String,
    },
    /// It is there, or busy, or another run is doing the same.
    #[error("AWS refused because of a conflict over {what}: {words}")]
    Conflict {
        /// What the call was about.
        what: String,
        /// AWS's words.
        words: String,
    },
    /// The name is taken.
    #[error("{what} exists already")]
    Exists {
        /// What was to be made, with its name.
        what: String,
    },
    /// A quota is used up.
    #[error("a quota of AWS is used up{}: {words}", in_brackets(code.as_ref()))]
    Quota {
        /// The quota's code, when told.
        code: Option<String>,
        /// AWS's words.
        words: String,
    },
    /// Too many calls, also after waiting.
    #[error("AWS takes no more calls of `{action}` just now: {words}")]
    Throttled {
        /// The action as IAM names it.
        action: String,
        /// AWS's words.
        words: String,
    },
    /// AWS takes what was sent for invalid.
    #[error("AWS takes the call for invalid: {words}{}", listed(fields))]
    Invalid {
        /// AWS's words.
        words: String,
        /// The fields at fault, each with what is wrong.
        fields: Vec<(String, String)>,
    },
    /// The secret is scheduled for deletion: it can be neither read nor written, and its name is taken.
    #[error("{what} is scheduled for deletion")]
    InDeletion {
        /// The secret, with its name.
        what: String,
    },
    /// The clock of this machine is too far from AWS's.
    #[error("AWS does not accept the time of this machine: {words}")]
    ClockSkew {
        /// AWS's words.
        words: String,
    },
    /// There is no Amazon Managed Grafana in the region.
    #[error("there is no Amazon Managed Grafana in the region `{region}`")]
    WrongRegion {
        /// The region that was asked.
        region: String,
    },
    /// The call never reached AWS: nothing was done.
    #[error("AWS could not be reached in the region `{region}`: {words}")]
    NotReached {
        /// The region that was asked.
        region: String,
        /// The innermost cause.
        words: String,
    },
    /// The answer did not come back, or told of a failure within AWS: a write may have been done.
    #[error("AWS's answer to `{action}` was lost: {words}")]
    Lost {
        /// The action as IAM names it.
        action: String,
        /// What is known.
        words: String,
    },
    /// AWS failed, or answered what none of the others is.
    #[error("AWS failed at `{action}`: {words}")]
    Internal {
        /// The action as IAM names it.
        action: String,
        /// AWS's words.
        words: String,
    },
}

/// What a call was, for telling of it.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    action: &'static str,
    what: String,
    resource: Option<String>,
    region: &'a str,
    profile: Option<&'a str>,
    /// Whether AWS would do it twice when asked twice.
    unrepeatable: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(action: &'static str, what: impl Into<String>) -> Call<'a> {
        Call { action, what: what.into(), resource: None, region: "", profile: None, unrepeatable: false }
    }

    pub(super) fn from(mut self, region: &'a str, profile: Option<&'a str>) -> Call<'a> {
        self.region = region;
        self.profile = profile;
        self
    }

    pub(super) fn resource(mut self, arn: String) -> Call<'a> {
        self.resource = Some(arn);
        self
    }

    pub(super) fn about(mut self, what: String) -> Call<'a> {
        self.what = what;
        self
    }

    pub(super) fn unrepeatable(mut self) -> Call<'a> {
        self.unrepeatable = true;
        self
    }
}

impl AwsError {
    /// The error of the SDK as one of ours.
    pub(super) fn of<E>(error: &SdkError<E>, call: &Call<'_>) -> AwsError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let lost = |words: &str| AwsError::Lost { action: call.action.to_owned(), words: words.to_owned() };
        match error {
            SdkError::TimeoutError(_) => lost("none came within 10 s"),
            SdkError::DispatchFailure(_) => unreached(error, call),
            SdkError::ServiceError(answer) => {
                let raw = answer.raw();
                let body = raw.body().bytes().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
                let told = Told {
                    status: raw.status().as_u16(),
                    code: answer.err().code().unwrap_or_default(),
                    words: short(answer.err().message().unwrap_or_default()),
                    body: body.unwrap_or_default(),
                };
                told.error(call)
            }
            SdkError::ResponseError(answer) => {
                lost(&format!("it came with status {} and makes no sense", answer.raw().status().as_u16()))
            }
            // Ours alone: a value that was given is no value of this call.
            _ => AwsError::Invalid { words: short(&innermost(error).to_string()), fields: Vec::new() },
        }
    }

    /// The error that AWS tells of one thing among several.
    pub(super) fn of_code(code: &str, message: &str, call: &Call<'_>) -> AwsError {
        Told { status: 400, code, words: short(message), body: Value::Null }.error(call)
    }

    /// Whether the next thing asked for may well be given although this one was not.
    pub(super) fn is_of_one(&self) -> bool {
        matches!(
            self,
            AwsError::Denied { .. }
                | AwsError::NotFound { .. }
                | AwsError::Invalid { .. }
                | AwsError::InDeletion { .. }
        )
    }

    /// The same, without a value that was sent, should AWS repeat it.
    pub(super) fn without(self, value: &Secret) -> AwsError {
        match self {
            AwsError::Invalid { words, fields } if !value.expose().is_empty() => {
                let clean = |text: String| text.replace(value.expose(), "…");
                let fields = fields.into_iter().map(|(name, words)| (name, clean(words))).collect();
                AwsError::Invalid { words: clean(words), fields }
            }
            other => other,
        }
    }

    /// What to try next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let login = |profile: &Option<String>| match profile {
            Some(name) => format!("aws sso login --profile {name}"),
            None => "aws sso login".to_owned(),
        };
        Some(match self {
            AwsError::NoCredentials { profile: Some(name) } => format!(
                "see whether `{name}` is in ~/.aws/config and says where its credentials come from: `aws configure \
                 list --profile {name}`"
            ),
            AwsError::NoCredentials { profile: None } => {
                "give --profile or set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; in CI let the \
                 job assume a role"
                    .into()
            }
            AwsError::CredentialsExpired { profile, .. } => format!("sign in again: `{}`", login(profile)),
            AwsError::Credentials { .. } => {
                "see what the AWS command line says to `aws sts get-caller-identity` with the same profile".into()
            }
            AwsError::Refused { .. } => {
                "see whether the access key is still there and active, and whose it is: `aws sts get-caller-identity`"
                    .into()
            }
            AwsError::NoRegion => {
                "give --region, set AWS_REGION, or put `region = …` into the profile in ~/.aws/config".into()
            }
            AwsError::Denied { words, .. } if words.contains("explicit deny") => {
                "a policy denies it explicitly; no further permission helps, only whoever owns that policy".into()
            }
            AwsError::Denied { action, resource, .. } => {
                let resource = resource.as_deref().unwrap_or("*");
                format!("this statement in the caller's policy allows it: {}", policy::statement_for(action, resource))
            }
            AwsError::NotFound { .. } => "look at the id, the region and the account".into(),
            AwsError::Conflict { .. } => {
                "wait until the workspace is ACTIVE and no other run is at it, then try again".into()
            }
            AwsError::Exists { .. } => return None,
            AwsError::Quota { .. } => {
                "delete what is no longer used (expired tokens count until they are deleted), or ask AWS for more".into()
            }
            AwsError::Throttled { .. } => "try again in a minute; the limit is one for the whole account".into(),
            AwsError::Invalid { .. } => return None,
            AwsError::InDeletion { .. } => {
                "bring it back with `aws secretsmanager restore-secret --secret-id …`, or choose another name".into()
            }
            AwsError::ClockSkew { .. } => "set the clock of this machine (NTP)".into(),
            AwsError::WrongRegion { .. } => format!("it is in {}: give --region", REGIONS.join(", ")),
            AwsError::NotReached { .. } => {
                "check the region, the network, the proxy settings, and AWS_ENDPOINT_URL if it is set".into()
            }
            AwsError::Lost { .. } => "try again; what was to be made may be there already, and is looked for first".into(),
            AwsError::Internal { .. } => return None,
        })
    }
}

/// What AWS answered.
struct Told<'a> {
    status: u16,
    code: &'a str,
    words: String,
    body: Value,
}

impl Told<'_> {
    fn error(self, call: &Call<'_>) -> AwsError {
        let code = self.code.rsplit('#').next().unwrap_or_default();
        let words = match (&*self.words, code) {
            ("", "") => format!("status {}", self.status),
            ("", code) => code.to_owned(),
            (words, _) => words.to_owned(),
        };
        let action = call.action.to_owned();
        let what = call.what.clone();
        match code {
            "ExpiredTokenException" | "ExpiredToken" | "TokenRefreshRequired" => {
                AwsError::CredentialsExpired { profile: call.profile.map(str::to_owned), words }
            }
            "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => AwsError::ClockSkew { words },
            "SignatureDoesNotMatch" | "InvalidSignatureException"
                if words.contains("Signature expired") || words.contains("not yet current") =>
            {
                AwsError::ClockSkew { words }
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "InvalidIdentityToken"
            | "OptInRequired" => AwsError::Refused { words },
            "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" => {
                denied(&words, call)
            }
            "DecryptionFailure" | "EncryptionFailure" | "InvalidKeyId" => AwsError::Denied {
                action: if code == "EncryptionFailure" { "kms:GenerateDataKey" } else { "kms:Decrypt" }.into(),
                resource: None,
                principal: None,
                words,
            },
            "ResourceNotFoundException" | "ParameterNotFound" | "NotFoundException" => AwsError::NotFound { what },
            "ResourceExistsException" => AwsError::Exists { what },
            "ConflictException" => AwsError::Conflict { what, words },
            "ServiceQuotaExceededException" | "LimitExceededException" => {
                AwsError::Quota { code: self.member("quotaCode"), words }
            }
            "InvalidRequestException" if words.contains("deletion") || words.contains("was deleted") => {
                AwsError::InDeletion { what }
            }
            "ValidationException"
            | "ValidationError"
            | "InvalidParameterException"
            | "InvalidRequestException"
            | "PreconditionNotMetException" => AwsError::Invalid { words, fields: self.fields() },
            "ThrottlingException" | "Throttling" | "ThrottledException" | "TooManyRequestsException" => {
                AwsError::Throttled { action, words }
            }
            _ if self.status == 402 => AwsError::Quota { code: self.member("quotaCode"), words },
            _ if self.status == 429 => AwsError::Throttled { action, words },
            _ if self.status >= 500 && call.unrepeatable => {
                AwsError::Lost { action, words: format!("{words} (status {})", self.status) }
            }
            "" => {
                AwsError::Internal { action, words: format!("{words} (status {}, not in AWS's form)", self.status) }
            }
            code if words == code => {
                AwsError::Internal { action, words: format!("{words} (status {})", self.status) }
            }
            code => AwsError::Internal { action, words: format!("{words} ({code}, status {})", self.status) },
        }
    }

    fn member(&self, name: &str) -> Option<String> {
        self.body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(short)
    }

    fn fields(&self) -> Vec<(String, String)> {
        let list = self.body.get("fieldList").and_then(Value::as_array);
        let text = |field: &Value, name: &str| short(field.get(name).and_then(Value::as_str).unwrap_or_default());
        list.into_iter().flatten().map(|field| (text(field, "name"), text(field, "message"))).collect()
    }
}

/// AWS tells who may not do what on what, and why, in one sentence; that of a key instead of a secret among them.
fn denied(words: &str, call: &Call<'_>) -> AwsError {
    let after = |mark: &str| {
        let rest = words.split_once(mark)?.1;
        let word = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
        (!word.is_empty()).then(|| word.to_owned())
    };
    let of_key = words.contains("Access to KMS is not allowed");
    let action =
        after("to perform: ").unwrap_or_else(|| if of_key { "kms:Decrypt" } else { call.action }.to_owned());
    let resource = after("on resource: ").filter(|arn| arn.starts_with("arn:"));
    AwsError::Denied {
        // A resource that AWS names belongs to the action that AWS names.
        resource: resource.or_else(|| call.resource.clone().filter(|_| action == call.action)),
        action,
        principal: after("User: "),
        words: words.to_owned(),
    }
}

fn unreached<E>(error: &SdkError<E>, call: &Call<'_>) -> AwsError
where
    E: Error + 'static,
{
    let mut connect = false;
    let mut at: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = at {
        if let Some(credentials) = one.downcast_ref::<aws_credential_types::provider::error::CredentialsError>() {
            return super::credentials::why(credentials, call.profile);
        }
        connect |= one.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|e| e.is_connect());
        connect |= one.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
        at = one.source();
    }
    let words = short(&innermost(error).to_string());
    if !connect {
        return AwsError::Lost { action: call.action.to_owned(), words };
    }
    let region = call.region.to_owned();
    if call.action.starts_with("grafana:") && !region.is_empty() && !REGIONS.contains(&&*region) {
        return AwsError::WrongRegion { region };
    }
    AwsError::NotReached { region, words }
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at
}

/// Somebody else's words as they may stand in a line: one line, not too long.
pub(super) fn short(words: &str) -> String {
    let line: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn of_profile(profile: Option<&String>) -> String {
    profile.map(|name| format!(" for the profile `{name}`")).unwrap_or_default()
}

fn on(resource: Option<&String>) -> String {
    resource.map(|arn| format!(" on `{arn}`")).unwrap_or_default()
}

fn in_brackets(code: Option<&String>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}

fn listed(fields: &[(String, String)]) -> String {
    fields.iter().map(|(name, words)| format!("; `{name}`: {words}")).collect()
}
