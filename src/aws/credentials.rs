//! Where the region and the credentials come from: what was typed, the environment, the profile, the machine.
//!
//! The order is the one of AWS's own command line. What is found is asked for once and kept while it lasts, so that
//! a failure is told as what it is, and no call waits for credentials within its own time limit.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::AwsError;

/// How much longer credentials must last to be used again.
const LONGER: Duration = Duration::from_secs(5 * 60);

/// The region: typed, else `AWS_REGION`, else the profile's, else that of the instance this runs on.
pub(super) async fn region(typed: Option<&str>, profile: Option<&str>) -> Option<Region> {
    if let Some(name) = typed {
        return Some(Region::new(name.to_owned()));
    }
    if let Some(region) = EnvironmentVariableRegionProvider::new().region().await {
        return Some(region);
    }
    let mut file = ProfileFileRegionProvider::builder();
    if let Some(name) = profile {
        file = file.profile_name(name);
    }
    if let Some(region) = file.build().region().await {
        return Some(region);
    }
    ImdsRegionProvider::builder().imds_client(instance()).build().region().await
}

/// The credentials that the chain finds; an error says why it finds none.
pub(super) async fn find(
    region: &Region,
    profile: Option<&str>,
    behaviour: BehaviorVersion,
    limits: TimeoutConfig,
) -> Result<Lasting, AwsError> {
    let machine =
        ProviderConfig::without_region().with_behavior_version(Some(behaviour)).with_timeout_config(limits);
    let mut chain =
        DefaultCredentialsChain::builder().configure(machine).region(region.clone()).imds_client(instance());
    if let Some(name) = profile {
        chain = chain.profile_name(name);
    }
    let chain = chain.build().await;
    match chain.provide_credentials().await {
        Ok(first) => Ok(Lasting { chain, newest: Mutex::new(first) }),
        Err(error) => Err(AwsError::without(&error, profile)),
    }
}

/// The service that tells an instance its role. Outside EC2 nobody answers at its address, which is to be noticed soon.
fn instance() -> imds::Client {
    imds::Client::builder()
        .connect_timeout(Duration::from_millis(500))
        .read_timeout(Duration::from_secs(1))
        .max_attempts(1)
        .build()
}

/// Credentials that were found, and where to get the next when they end.
pub(super) struct Lasting {
    chain: DefaultCredentialsChain,
    newest: Mutex<Credentials>,
}

impl Lasting {
    fn lasting(&self) -> Option<Credentials> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lasts = newest.expiry().is_none_or(|end| end > SystemTime::now() + LONGER);
        lasts.then_some(newest)
    }
}

impl fmt::Debug for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lasting(…)")
    }
}

impl ProvideCredentials for Lasting {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        if let Some(newest) = self.lasting() {
            return future::ProvideCredentials::ready(Ok(newest));
        }
        future::ProvideCredentials::new(async {
            let next = self.chain.provide_credentials().await?;
            *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = next.clone();
            Ok(next)
        })
    }
}
