//! Where the region and the credentials come from: what was typed, the environment, the profile, the machine.
//!
//! The order is the one of AWS's own command line. What is found is asked for once and kept while it lasts, so that
//! a failure is told as what it is, and no call waits for credentials within its own time limit.

use std::error::Error;
use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;

use super::errors::{AwsError, Call, short};

/// How much longer credentials must last to be used again.
const LASTING: Duration = Duration::from_secs(5 * 60);

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
pub(super) async fn credentials(
    region: Option<Region>,
    profile: Option<&str>,
    machine: ProviderConfig,
) -> Result<Kept, AwsError> {
    let mut chain = DefaultCredentialsChain::builder().configure(machine).region(region).imds_client(instance());
    if let Some(name) = profile {
        chain = chain.profile_name(name);
    }
    let chain = chain.build().await;
    match chain.provide_credentials().await {
        Ok(first) => Ok(Kept { chain, newest: Mutex::new(first) }),
        Err(error) => Err(why(&error, profile)),
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
pub(super) struct Kept {
    chain: DefaultCredentialsChain,
    newest: Mutex<Credentials>,
}

impl Kept {
    fn lasting(&self) -> Option<Credentials> {
        let newest = self.newest.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let lasts = newest.expiry().is_none_or(|end| end > SystemTime::now() + LASTING);
        lasts.then_some(newest)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(…)")
    }
}

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        if let Some(newest) = self.lasting() {
            return future::ProvideCredentials::ready(Ok(newest));
        }
        future::ProvideCredentials::new(async {
            let next = self.chain.provide_credentials().await?;
            *self.newest.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = next.clone();
            Ok(next)
        })
    }
}

/// Why there are no credentials, in words for people.
pub(super) fn why(error: &CredentialsError, profile: Option<&str>) -> AwsError {
    let profile = profile.map(str::to_owned);
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return AwsError::NoCredentials { profile };
    }
    let mut words = error.to_string();
    let mut at: &dyn Error = error;
    let mut signed_out = false;
    while let Some(source) = at.source() {
        at = source;
        if let Some(refused) = refused_role(at) {
            return refused;
        }
        let text = at.to_string();
        signed_out |= text.contains("SSO token") || text.contains("UnauthorizedException");
        words = text;
    }
    let words = short(&words);
    if signed_out {
        return AwsError::CredentialsExpired { profile, words };
    }
    AwsError::Credentials { words }
}

/// What STS said when a role was to be assumed.
fn refused_role(error: &(dyn Error + 'static)) -> Option<AwsError> {
    if let Some(error) = error.downcast_ref::<SdkError<AssumeRoleError>>() {
        return of_role(error, "sts:AssumeRole");
    }
    let error = error.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError>>()?;
    of_role(error, "sts:AssumeRoleWithWebIdentity")
}

fn of_role<E>(error: &SdkError<E>, action: &'static str) -> Option<AwsError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    error.as_service_error()?;
    Some(AwsError::of(error, &Call::new(action, "the role to assume")))
}
