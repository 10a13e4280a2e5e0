//! AWS: the control plane of Amazon Managed Grafana, Secrets Manager, parameters of Systems Manager, and who asks.
//!
//! The one module that uses the AWS SDKs. It knows calls and errors; what they are for is decided in
//! [`crate::identity`]. Sending again, counting and listening to AWS's clock happen in one place, [`Aws::send`].

mod errors;
mod listening;
mod parameters;
mod secrets;
mod workspaces;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::client::Client as Imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_grafana::config::http::HttpResponse;
use aws_sdk_grafana::error::{ProvideErrorMetadata, SdkError};
use backon::{BackoffBuilder, ExponentialBuilder};

pub use errors::AwsError;
use listening::{Heard, Listening};
pub use secrets::{SecretInfo, SecretValue};
pub use workspaces::{Account, Minted, NetworkAccess, Role, Summary, TokenInfo, Workspace};

use crate::model::Secret;

/// How often a call is sent in all.
const ATTEMPTS: usize = 4;
/// How long one attempt may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long the address that only instances of EC2 have is listened to.
const INSTANCE_WITHIN: Duration = Duration::from_millis(500);
/// The longest wait that AWS may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// How AWS is opened.
#[derive(Debug, Default)]
pub struct Options {
    /// The region, instead of that of AWS's own configuration.
    pub region: Option<String>,
    /// The profile of AWS's own configuration.
    pub profile: Option<String>,
    /// The AWS of the sandbox, instead of the real one.
    pub embedded: Option<Embedded>,
}

/// The AWS of the sandbox.
#[derive(Debug)]
pub struct Embedded {
    /// Where it is.
    pub url: String,
    /// The only region that it knows.
    pub region: String,
    /// Its key.
    pub access_key_id: String,
    /// The key's secret.
    pub secret_access_key: Secret,
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The number of the account.
    pub account: String,
    /// The principal.
    pub arn: String,
}

/// AWS in one region. Cheap to clone; clones share the counters and the clock.
#[derive(Clone)]
pub struct Aws {
    region: String,
    profile: Option<String>,
    heard: Arc<Heard>,
    grafana: aws_sdk_grafana::Client,
    secrets: aws_sdk_secretsmanager::Client,
    parameters: aws_sdk_ssm::Client,
    sts: aws_sdk_sts::Client,
}

/// A call as errors name it.
struct Call {
    /// The IAM action, as `grafana:DescribeWorkspace`.
    action: &'static str,
    /// What it is done to, as IAM names it.
    resource: String,
    /// Whether doing it twice is doing it once.
    repeatable: bool,
}

impl Aws {
    /// Reads AWS's own configuration; nothing is sent to AWS yet. Fails where no region is named.
    ///
    /// Credentials come from where every AWS tool has them: environment, profiles, SSO, web identity, container,
    /// instance, `credential_process`, chains of roles.
    pub async fn open(options: Options) -> Result<Aws, AwsError> {
        let heard = Arc::new(Heard::default());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_WITHIN)
            .operation_attempt_timeout(ANSWER_WITHIN)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .timeout_config(timeouts)
            // Repeats are ours to decide: making a token twice is not making it once.
            .retry_config(RetryConfig::disabled());
        if let Ok(name) = AppName::new("amgctl") {
            loader = loader.app_name(name);
        }
        let region = match &options.embedded {
            Some(embedded) => {
                let secret = embedded.secret_access_key.expose();
                let key = Credentials::new(&embedded.access_key_id, secret, None, None, "sandbox");
                loader = loader.credentials_provider(key).endpoint_url(&embedded.url);
                embedded.region.clone()
            }
            None => {
                let region = region(&options).await.ok_or(AwsError::NoRegion)?;
                let mut chain =
                    DefaultCredentialsChain::builder().imds_client(imds()).region(Region::new(region.clone()));
                if let Some(profile) = &options.profile {
                    chain = chain.profile_name(profile);
                    loader = loader.profile_name(profile);
                }
                loader = loader.credentials_provider(chain.build().await);
                region
            }
        };
        let config = loader.region(Region::new(region.clone())).load().await;
        Ok(Aws::of(&config, region, options.profile, heard))
    }

    fn of(config: &SdkConfig, region: String, profile: Option<String>, heard: Arc<Heard>) -> Aws {
        use {
            aws_sdk_grafana as grafana, aws_sdk_secretsmanager as secrets, aws_sdk_ssm as ssm, aws_sdk_sts as sts,
        };
        let listening = || Listening(heard.clone());
        let grafana = grafana::config::Builder::from(config).interceptor(listening()).build();
        let secrets = secrets::config::Builder::from(config).interceptor(listening()).build();
        let ssm = ssm::config::Builder::from(config).interceptor(listening()).build();
        let sts = sts::config::Builder::from(config).interceptor(listening()).build();
        Aws {
            region,
            profile,
            grafana: grafana::Client::from_conf(grafana),
            secrets: secrets::Client::from_conf(secrets),
            parameters: ssm::Client::from_conf(ssm),
            sts: sts::Client::from_conf(sts),
            heard,
        }
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// How many calls were sent, repeats included; those that fetch credentials apart.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.heard.calls()
    }

    /// AWS's clock as last heard: seconds since 1970; none before the first answer.
    #[must_use]
    pub fn time(&self) -> Option<i64> {
        self.heard.time()
    }

    /// Who asks.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        let call = Call { action: "sts:GetCallerIdentity", resource: "*".into(), repeatable: true };
        let who = self.send(&call, || self.sts.get_caller_identity().send()).await?;
        Ok(Caller { account: who.account.unwrap_or_default(), arn: who.arn.unwrap_or_default() })
    }

    /// Sends a call; again where it was surely not done (throttled, not reached), and where doing it twice is doing it
    /// once also after a lost answer. Waits as long as AWS asks for, else at random and longer each time.
    async fn send<T, E, F>(&self, call: &Call, attempt: impl Fn() -> F) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(5))
            .with_max_times(ATTEMPTS - 1)
            .with_jitter()
            .build();
        loop {
            let error = match attempt().await {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            let asked = errors::retry_after(&error);
            let error = AwsError::of(call, &self.region, self.profile.as_deref(), &error);
            let again = match &error {
                AwsError::Throttled(_) => true,
                AwsError::Lost(_) => call.repeatable,
                _ => false,
            };
            match waits.next() {
                Some(wait) if again => tokio::time::sleep(asked.unwrap_or(wait).min(LONGEST_WAIT)).await,
                _ => return Err(error),
            }
        }
    }
}

/// A client for the address that only instances of EC2 have, which elsewhere must not be waited for.
fn imds() -> Imds {
    Imds::builder()
        .max_attempts(1)
        .connect_timeout(INSTANCE_WITHIN)
        .read_timeout(INSTANCE_WITHIN)
        .operation_timeout(2 * INSTANCE_WITHIN)
        .build()
}

/// The region: named by the caller, the environment, the profile, or the instance.
async fn region(options: &Options) -> Option<String> {
    if let Some(region) = &options.region {
        return Some(region.clone());
    }
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .or_else(ImdsRegionProvider::builder().imds_client(imds()).build());
    chain.region().await.map(|region| region.to_string())
}
