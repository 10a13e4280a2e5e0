//! The one module that talks to AWS: the control plane of Managed Grafana, Secrets Manager, Parameter Store, STS.
//!
//! It knows calls, not their purpose: which token is made and deleted stands in [`crate::identity`]. Every call is told
//! in our own types and in [`AwsError`]; no type of the SDK leaves this module.

mod credentials;
mod errors;
mod heard;
mod once;
mod parameters;
mod secrets;
mod workspaces;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

pub use errors::{AwsError, REGIONS};
pub use secrets::{SecretInfo, SecretValue, SecretVersion};
pub use workspaces::{Account, Minted, NetworkAccess, Role, Summary, TokenInfo, Vpc, Workspace};

use crate::model::Secret;
use errors::Call;
use heard::Heard;

/// How long it may take until a connection stands.
const CONNECTED_WITHIN: Duration = Duration::from_secs(3);
/// How long one try may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Which AWS is meant, and as whom.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The region that was typed; without it the environment, the profile and the machine are asked.
    pub region: Option<String>,
    /// The profile that was typed; without it `AWS_PROFILE`, else `default`.
    pub profile: Option<String>,
    /// The sandbox's AWS in place of the real one: neither environment nor files are read then.
    pub embedded: Option<Embedded>,
}

/// An AWS of our own on loopback.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// Where all its services answer.
    pub url: String,
    /// Its region.
    pub region: String,
    /// The access key that it knows.
    pub access_key_id: String,
    /// The secret key to it.
    pub secret_access_key: Secret,
}

/// A way to AWS, in one region as one caller. Cheap to clone; clones share the connections and the counters.
#[derive(Clone)]
pub struct Aws {
    grafana: aws_sdk_grafana::Client,
    secrets: aws_sdk_secretsmanager::Client,
    parameters: aws_sdk_ssm::Client,
    sts: aws_sdk_sts::Client,
    region: Arc<str>,
    profile: Option<Arc<str>>,
    heard: Heard,
    /// The account's number, once it was told.
    account: Arc<OnceLock<String>>,
}

/// Who AWS takes us for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The account's number, twelve digits.
    pub account: String,
    /// The ARN of the user or the session.
    pub arn: String,
}

impl Aws {
    /// Finds the region and the credentials. Of AWS's services only those are called that hand out credentials.
    pub async fn open(options: Options) -> Result<Aws, AwsError> {
        let config = match &options.embedded {
            Some(embedded) => of_the_sandbox(embedded),
            None => of_the_machine(&options).await?,
        };
        let region: Arc<str> = config.region().map(Region::as_ref).unwrap_or_default().into();
        let heard = Heard::default();
        let grafana = aws_sdk_grafana::config::Builder::from(&config).interceptor(heard.clone()).build();
        let secrets = aws_sdk_secretsmanager::config::Builder::from(&config).interceptor(heard.clone()).build();
        let parameters = aws_sdk_ssm::config::Builder::from(&config).interceptor(heard.clone()).build();
        let sts = aws_sdk_sts::config::Builder::from(&config).interceptor(heard.clone()).build();
        Ok(Aws {
            grafana: aws_sdk_grafana::Client::from_conf(grafana),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets),
            parameters: aws_sdk_ssm::Client::from_conf(parameters),
            sts: aws_sdk_sts::Client::from_conf(sts),
            region,
            profile: options.profile.map(Into::into),
            heard,
            account: Arc::new(OnceLock::new()),
        })
    }

    /// The region, `eu-west-1` for one.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// How many calls were sent so far, repeats included; those for the credentials are not among them.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.heard.calls()
    }

    /// AWS's clock as last heard: seconds since 1970; none before the first answer.
    #[must_use]
    pub fn time(&self) -> Option<i64> {
        self.heard.time()
    }

    /// Who AWS takes us for; needs no permission.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        let call = self.call("sts:GetCallerIdentity", "the caller");
        let answer = self.sts.get_caller_identity().send().await.map_err(|error| AwsError::of(&error, &call))?;
        let caller = Caller { account: answer.account.unwrap_or_default(), arn: answer.arn.unwrap_or_default() };
        if !caller.account.is_empty() {
            // Another clone may have been told meanwhile, of the same account.
            let _ = self.account.set(caller.account.clone());
        }
        Ok(caller)
    }

    fn call(&self, action: &'static str, what: impl Into<String>) -> Call<'_> {
        Call::new(action, what).from(&self.region, self.profile.as_deref())
    }

    /// The account's number, or what stands for any of them in a policy.
    fn account_or_any(&self) -> &str {
        self.account.get().map_or("*", String::as_str)
    }

    fn partition(&self) -> &'static str {
        match &*self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

async fn of_the_machine(options: &Options) -> Result<SdkConfig, AwsError> {
    let profile = options.profile.as_deref();
    let region = credentials::region(options.region.as_deref(), profile).await.ok_or(AwsError::NoRegion)?;
    let machine =
        ProviderConfig::without_region().with_behavior_version(Some(behaviour())).with_timeout_config(limits());
    let credentials = credentials::credentials(Some(region.clone()), profile, machine).await?;
    let mut loading =
        aws_config::defaults(behaviour()).region(region).credentials_provider(credentials).timeout_config(limits());
    if let Some(name) = name() {
        loading = loading.app_name(name);
    }
    if let Some(profile) = profile {
        loading = loading.profile_name(profile);
    }
    Ok(loading.load().await)
}

fn of_the_sandbox(embedded: &Embedded) -> SdkConfig {
    let credentials =
        Credentials::new(&embedded.access_key_id, embedded.secret_access_key.expose(), None, None, "the sandbox");
    let mut building = SdkConfig::builder()
        .behavior_version(behaviour())
        .region(Region::new(embedded.region.clone()))
        .endpoint_url(&embedded.url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .timeout_config(limits());
    building.set_app_name(name());
    building.build()
}

/// Pinned, so that an update of the SDK changes neither retries nor time limits.
fn behaviour() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn limits() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECTED_WITHIN).operation_attempt_timeout(ANSWER_WITHIN).build()
}

/// What the user agent says of us, for those who read CloudTrail.
fn name() -> Option<AppName> {
    AppName::new("amgctl").ok()
}
