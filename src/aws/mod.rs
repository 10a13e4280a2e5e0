//! AWS: the control plane of Amazon Managed Grafana, Secrets Manager, parameters of Systems Manager, and who asks.
//!
//! The one module that uses the AWS SDKs. It knows calls and errors; what they are for is decided in
//! [`crate::identity`]. Sending again, counting and listening to AWS's clock happen in one place, `Aws::send`.

pub mod action;
mod arn;
mod credentials;
mod denials;
mod errors;
mod https;
mod listening;
mod pages;
mod parameters;
mod patience;
mod profiles;
mod roles;
mod secrets;
#[cfg(test)]
mod tests;
mod workspaces;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_grafana::config::http::HttpResponse;
use aws_sdk_grafana::error::{ProvideErrorMetadata, SdkError};

pub use arn::is_region;
pub use errors::AwsError;
pub use https::https_client;
use listening::{Heard, Listening};
pub use patience::Patience;
pub use profiles::Variables;
pub use roles::TakenRole;
pub use secrets::{SecretInfo, SecretValue, ToStore};
pub use workspaces::{Account, Minted, NetworkAccess, Role, Summary, TokenInfo, Workspace};

use crate::backoff;
use crate::model::Secret;
use crate::render::style::clean;

/// How often a call is sent in all.
const ATTEMPTS: usize = 4;
/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// The longest wait that AWS may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// How AWS is opened.
#[derive(Debug, Default)]
pub struct Options {
    /// The region, instead of that of AWS's own configuration.
    pub region: Option<String>,
    /// The profile of AWS's own configuration.
    pub profile: Option<String>,
    /// What the environment says of credentials.
    pub variables: Variables,
    /// The AWS of the sandbox, instead of the real one.
    pub embedded: Option<Embedded>,
    /// Who says that something takes long.
    pub patience: Patience,
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
    /// The profile that is named, wherever.
    profile: Option<String>,
    patience: Patience,
    heard: Arc<Heard>,
    /// What the clients are made of.
    config: SdkConfig,
    is_embedded: bool,
    grafana: aws_sdk_grafana::Client,
    secrets: aws_sdk_secretsmanager::Client,
    parameters: action::Client,
    parameters_below: action::Client,
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
    /// What it sends that nobody may see, should AWS repeat it.
    secrets: Vec<Secret>,
}

impl Call {
    /// A call that may be repeated, and sends no secret.
    fn new(action: &'static str, resource: impl Into<String>) -> Call {
        Call { action, resource: resource.into(), repeatable: true, secrets: Vec::new() }
    }

    /// The same call, which must not be repeated: doing it twice is doing it twice.
    fn once(self) -> Call {
        Call { repeatable: false, ..self }
    }
}

impl Aws {
    /// Finds the region and the credentials; fails where there are none. Of AWS's services only those that hand out
    /// credentials are asked.
    ///
    /// Credentials come from where every AWS tool has them: environment, profiles, SSO, web identity, container,
    /// instance, `credential_process`, chains of roles.
    pub async fn open(options: Options) -> Result<Aws, AwsError> {
        let heard = Arc::<Heard>::default();
        let config = match &options.embedded {
            Some(embedded) => {
                heard.hide([embedded.secret_access_key.clone()]);
                of_the_sandbox(embedded, &options.patience)
            }
            // Boxed: the chain's futures are nested deeper than the compiler looks.
            None => Box::pin(of_the_machine(&options, &heard)).await?,
        };
        let is_embedded = options.embedded.is_some();
        let profile = options.profile.or(options.variables.profile).filter(|_| !is_embedded);
        Ok(Aws::of(config, is_embedded, profile, options.patience, heard))
    }

    fn of(
        config: SdkConfig,
        is_embedded: bool,
        profile: Option<String>,
        patience: Patience,
        heard: Arc<Heard>,
    ) -> Aws {
        use {aws_sdk_grafana as grafana, aws_sdk_secretsmanager as secrets, aws_sdk_sts as sts};
        let listening = || Listening(heard.clone());
        let grafana = grafana::config::Builder::from(&config).interceptor(listening()).build();
        let secrets = secrets::config::Builder::from(&config).interceptor(listening()).build();
        let sts = sts::config::Builder::from(&config).interceptor(listening()).build();
        let action = |action| action::Client::new(action, config.clone()).heard_by(listening());
        Aws {
            region: config.region().map(Region::to_string).unwrap_or_default(),
            profile,
            patience,
            is_embedded,
            grafana: grafana::Client::from_conf(grafana),
            secrets: secrets::Client::from_conf(secrets),
            parameters: action(parameters::GET_PARAMETERS),
            parameters_below: action(parameters::GET_PARAMETERS_BY_PATH),
            sts: sts::Client::from_conf(sts),
            config,
            heard,
        }
    }

    /// The same with clients of another configuration.
    fn with(&self, config: SdkConfig) -> Aws {
        Aws::of(config, self.is_embedded, self.profile.clone(), self.patience.clone(), self.heard.clone())
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

    /// AWS's clock, and this machine's before AWS was heard: seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.time().unwrap_or_else(|| jiff::Timestamp::now().as_second())
    }

    /// Who asks.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        let call = Call::new("sts:GetCallerIdentity", "*");
        let who = self.send(&call, || self.sts.get_caller_identity().send()).await?;
        let told = |text: Option<String>| clean(&text.unwrap_or_default()).into_owned();
        Ok(Caller { account: told(who.account), arn: told(who.arn) })
    }

    /// An ARN of any account: whose it is AWS has not told.
    fn arn(&self, service: &str, resource: &str) -> String {
        let partition = match &*self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:{service}:{}:*:{resource}", self.region)
    }

    /// Sends a call; again where it was surely not done (throttled, not reached), and where doing it twice is doing it
    /// once also after a lost answer. Waits as long as AWS asks for, else at random and longer each time; says so where
    /// it takes long.
    async fn send<T, E, F>(&self, call: &Call, attempt: impl Fn() -> F) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let what = || format!("waiting for AWS in region {}: {}", self.region, call.action);
        // Boxed: commands nest futures deeper than the compiler looks.
        self.patience.watch(what, Box::pin(self.repeat(call, attempt))).await
    }

    async fn repeat<T, E, F>(&self, call: &Call, attempt: impl Fn() -> F) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut waits = backoff::waits(Duration::from_millis(100), Duration::from_secs(5)).take(ATTEMPTS - 1);
        let (mut unreached, mut late) = (false, false);
        loop {
            let error = match attempt().await {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            let asked = errors::retry_after(&error);
            let is_late = matches!(error, SdkError::TimeoutError(_));
            let hidden = self.heard.hidden();
            let hidden: Vec<&Secret> = call.secrets.iter().chain(&hidden).collect();
            let error = AwsError::of(call, &self.region, self.profile.as_deref(), &error, &hidden);
            let again = match &error {
                AwsError::Throttled(_) => true,
                // The SDK has heard AWS's clock by now, and signs by it.
                AwsError::ClockSkew(_) => true,
                // What does not answer twice does not answer the third time either.
                AwsError::Lost(_) if is_late => call.repeatable && !std::mem::replace(&mut late, true),
                AwsError::Lost(_) => call.repeatable,
                // A resolver's hiccup passes; a proxy or a region that is not there does not.
                AwsError::NotReached { .. } => !std::mem::replace(&mut unreached, true),
                _ => false,
            };
            match waits.next() {
                Some(wait) if again => tokio::time::sleep(asked.unwrap_or(wait).min(LONGEST_WAIT)).await,
                _ => return Err(error),
            }
        }
    }
}

async fn of_the_machine(options: &Options, heard: &Arc<Heard>) -> Result<SdkConfig, AwsError> {
    let http = https_client();
    let search = credentials::Search {
        typed: options.profile.as_deref(),
        variables: &options.variables,
        patience: &options.patience,
        heard,
        http: &http,
    };
    // Before the region: it may stand in a profile that is not there.
    let source = search.find_profile().await?;
    let region = match search.region(options.region.as_deref()).await? {
        Some(region) => region,
        None => {
            // Files that are broken hide the region that may stand in them.
            profiles::find_profile(search.named(), &options.variables).await?;
            return Err(AwsError::NoRegion);
        }
    };
    let credentials = search.find(source, &region, behaviour(), limits(&options.patience)).await?;
    let mut loader = aws_config::defaults(behaviour())
        .http_client(http.clone())
        .region(region)
        .credentials_provider(credentials)
        .timeout_config(limits(&options.patience))
        .retry_config(no_repeats());
    if let Some(name) = name() {
        loader = loader.app_name(name);
    }
    if let Some(profile) = search.named() {
        loader = loader.profile_name(profile);
    }
    Ok(loader.load().await)
}

/// Nothing of the machine's own configuration counts: neither its environment nor its files are read.
fn of_the_sandbox(embedded: &Embedded, patience: &Patience) -> SdkConfig {
    let secret = embedded.secret_access_key.expose();
    let key = Credentials::new(&embedded.access_key_id, secret, None, None, "sandbox");
    let mut config = SdkConfig::builder()
        .behavior_version(behaviour())
        .http_client(https::loopback_client())
        .region(Region::new(embedded.region.clone()))
        .endpoint_url(&embedded.url)
        .credentials_provider(SharedCredentialsProvider::new(key))
        .timeout_config(limits(patience))
        .retry_config(no_repeats());
    config.set_app_name(name());
    config.build()
}

/// Pinned, so that an update of the SDK changes neither retries nor time limits.
fn behaviour() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn limits(patience: &Patience) -> TimeoutConfig {
    let within = patience.answer_within;
    TimeoutConfig::builder().connect_timeout(CONNECT_WITHIN).operation_attempt_timeout(within).build()
}

/// Repeats are ours to decide: making a token twice is not making it once.
fn no_repeats() -> RetryConfig {
    RetryConfig::disabled()
}

/// What CloudTrail tells of the caller.
fn name() -> Option<AppName> {
    AppName::new("amgctl").ok()
}
