//! Where the region and the credentials come from: what was typed, the environment, the profile, the machine.
//!
//! The order is the one of AWS's own command line: a profile that was typed comes before keys in the environment, those
//! come before a profile that the environment names, then a role with the token of the job, then the default profile. A
//! source that is named is the end of the search: whoever's credentials are found further on are not those that were
//! meant. What is found is asked for once and kept while it lasts, so that a failure is told as what it is, and no call
//! waits for credentials within its own time limit.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_grafana::config::SharedHttpClient;

use super::listening::Heard;
use super::patience::Patience;
use super::profiles::{self, Source, Variables};
use super::{AwsError, is_region};
use crate::model::Secret;
use crate::render::style::clean;

/// How much longer credentials must last to be used again.
const LONGER: Duration = Duration::from_secs(5 * 60);

/// Where credentials are looked for.
pub(super) struct Search<'a> {
    /// The profile that was typed.
    pub typed: Option<&'a str>,
    /// What the environment says.
    pub variables: &'a Variables,
    /// Who says that something takes long.
    pub patience: &'a Patience,
    /// Who has to know what must not be shown.
    pub heard: &'a Arc<Heard>,
    /// How whoever hands them out is reached.
    pub http: &'a SharedHttpClient,
}

impl Search<'_> {
    /// The profile that is named, wherever.
    pub fn named(&self) -> Option<&str> {
        self.typed.or(self.variables.profile.as_deref())
    }

    /// The region: typed, else `AWS_REGION`, else the profile's, else that of the instance this runs on.
    pub async fn region(&self, typed: Option<&str>) -> Result<Option<Region>, AwsError> {
        let Some(region) = self.named_region(typed).await else { return Ok(None) };
        if is_region(region.as_ref()) {
            return Ok(Some(region));
        }
        Err(AwsError::Configuration {
            words: format!("`{}` is not an AWS region", clean(region.as_ref())),
            hint: "it looks like eu-west-1; see --region, AWS_REGION and `region` of the profile".into(),
        })
    }

    async fn named_region(&self, typed: Option<&str>) -> Option<Region> {
        if let Some(name) = typed {
            return Some(Region::new(name.to_owned()));
        }
        if let Some(region) = EnvironmentVariableRegionProvider::new().region().await {
            return Some(region);
        }
        let mut file = ProfileFileRegionProvider::builder();
        if let Some(name) = self.named() {
            file = file.profile_name(name);
        }
        if let Some(region) = file.build().region().await {
            return Some(region);
        }
        ImdsRegionProvider::builder().imds_client(self.instance()).build().region().await
    }

    /// The service that tells an instance its role. Outside EC2 nobody answers at its address, which is to be noticed
    /// soon.
    fn instance(&self) -> imds::Client {
        imds::Client::builder()
            .configure(&ProviderConfig::default().with_http_client(self.http.clone()))
            .connect_timeout(Duration::from_millis(500))
            .read_timeout(Duration::from_secs(1))
            .max_attempts(1)
            .build()
    }

    /// Whether the keys of the environment are taken.
    fn takes_keys(&self) -> bool {
        self.typed.is_none() && self.variables.key_id && self.variables.key_secret
    }

    /// The token of the job that a role is assumed with, where the environment names both and no profile is named.
    fn job_token(&self) -> Option<&Path> {
        let file = self.variables.token_file.as_deref().filter(|_| self.variables.role && self.named().is_none());
        file.map(Path::new)
    }

    /// Looks at AWS's own files, as far as they count. A profile that is named must be there, also beside keys.
    pub async fn find_profile(&self) -> Result<Source, AwsError> {
        // A secret of CI that is not set is an empty variable, and the keys of somebody else are next in the search.
        let half = match (self.variables.key_id, self.variables.key_secret) {
            (true, false) => Some("AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY"),
            (false, true) => Some("AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID"),
            _ => None,
        };
        if let Some(half) = half.filter(|_| self.typed.is_none()) {
            return Err(AwsError::Configuration {
                words: half.into(),
                hint: "set both, or neither: a profile, a role or this machine's own credentials then count".into(),
            });
        }
        if self.takes_keys() && self.named().is_none() {
            return Ok(Source::Keys);
        }
        if let Some(file) = self.job_token() {
            profiles::token(file, "AWS_WEB_IDENTITY_TOKEN_FILE")?;
            return Ok(Source::Token(file.to_owned()));
        }
        let found = profiles::find_profile(self.named(), self.variables).await?;
        Ok(if self.takes_keys() { Source::Keys } else { found })
    }

    /// The credentials that are found; an error says why there are none.
    pub async fn find(
        &self,
        source: Source,
        region: &Region,
        behaviour: BehaviorVersion,
        limits: TimeoutConfig,
    ) -> Result<Lasting, AwsError> {
        let machine = ProviderConfig::without_region()
            .with_behavior_version(Some(behaviour))
            .with_http_client(self.http.clone())
            .with_timeout_config(limits)
            .with_region(Some(region.clone()));
        let chain = self.chain(&source, &machine);
        let lasting = Lasting {
            chain: Arc::new(chain),
            what: waited_for(&source),
            newest: Mutex::new(None),
            patience: self.patience.clone(),
            heard: self.heard.clone(),
        };
        match lasting.next().await {
            Ok(_) => Ok(lasting),
            Err(Why::Said(error)) => {
                let hidden = self.heard.hidden();
                let hidden: Vec<&Secret> = hidden.iter().collect();
                Err(self.half(AwsError::without(&error, self.named(), &hidden)))
            }
            Err(Why::Known(error)) => Err(error),
        }
    }

    /// The places that are looked at, in AWS's order. A profile that names a source is the last of them.
    fn chain(&self, source: &Source, machine: &ProviderConfig) -> CredentialsProviderChain {
        if self.takes_keys() {
            let keys = EnvironmentVariableCredentialsProvider::new();
            return CredentialsProviderChain::first_try("Environment", keys);
        }
        self.hide_token(source);
        if self.job_token().is_some() {
            let token = WebIdentityTokenCredentialsProvider::builder().configure(machine).build();
            return CredentialsProviderChain::first_try("WebIdentityToken", token);
        }
        let mut profile = ProfileFileCredentialsProvider::builder().configure(machine);
        if let Some(name) = self.named() {
            profile = profile.profile_name(name);
        }
        let chain = CredentialsProviderChain::first_try("Profile", profile.build());
        if *source != Source::Nowhere {
            return chain;
        }
        let container = EcsCredentialsProvider::builder().configure(machine).build();
        let instance = ImdsCredentialsProvider::builder().configure(machine).imds_client(self.instance()).build();
        chain.or_else("Container", container).or_else("Instance", instance)
    }

    /// AWS repeats the token of a job in its refusals.
    fn hide_token(&self, source: &Source) {
        if let Source::Token(file) = source
            && let Ok(text) = std::fs::read_to_string(file)
        {
            self.heard.hide([Secret::new(text.trim().to_owned())]);
        }
    }

    /// Says what half of a role and its token is missing, where nothing else was found either.
    fn half(&self, error: AwsError) -> AwsError {
        let missing = match (&self.variables.token_file, self.variables.role) {
            (Some(_), false) => "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN",
            (None, true) => "AWS_ROLE_ARN is set without AWS_WEB_IDENTITY_TOKEN_FILE",
            _ => return error,
        };
        match error {
            AwsError::NoCredentials(words) if self.typed.is_none() => {
                AwsError::NoCredentials(format!("{words}; {missing}"))
            }
            other => other,
        }
    }
}

/// What is waited for while credentials are asked for.
fn waited_for(source: &Source) -> String {
    match source {
        Source::Process { profile, .. } => format!("the `credential_process` of the profile `{}`", clean(profile)),
        Source::Session => "AWS's sign-in service, for the credentials of the session".into(),
        Source::Token(_) => "AWS's token service, for the role of the job".into(),
        Source::Keys | Source::Nowhere => "whoever hands out AWS credentials here".into(),
    }
}

/// Why there are no credentials.
enum Why {
    /// In the words of the chain.
    Said(CredentialsError),
    /// Told apart already.
    Known(AwsError),
}

/// Credentials that were found, and where to get the next when they end.
pub(super) struct Lasting {
    chain: Arc<CredentialsProviderChain>,
    what: String,
    newest: Mutex<Option<Credentials>>,
    patience: Patience,
    heard: Arc<Heard>,
}

impl Lasting {
    fn lasting(&self) -> Option<Credentials> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let lasts = newest.expiry().is_none_or(|end| end > SystemTime::now() + LONGER);
        lasts.then_some(newest)
    }

    /// Asks for credentials, not for ever, and says what is waited for.
    async fn next(&self) -> Result<Credentials, Why> {
        let chain = self.chain.clone();
        // On a task of its own: what signs a request for a role panics over characters that no header takes, and the
        // SDK signs with whatever a program gives it.
        let mut asking = tokio::spawn(async move { chain.provide_credentials().await });
        let within = self.patience.given_within;
        let what = || format!("waiting for {}; given up after {} s", self.what, within.as_secs());
        let asked = self.patience.watch(what, tokio::time::timeout(within, &mut asking)).await;
        let found = match asked {
            Ok(Ok(found)) => found.map_err(Why::Said)?,
            Ok(Err(_)) => return Err(Why::Known(unusable("they contain characters that no key has"))),
            Err(_) => {
                asking.abort();
                return Err(Why::Known(AwsError::Configuration {
                    words: format!("{} gave none within {} s", self.what, within.as_secs()),
                    hint: "see what it waits for by running it by hand: it runs without a terminal here".into(),
                }));
            }
        };
        let found = usable(found).map_err(Why::Known)?;
        let secrets = [Some(found.secret_access_key()), found.session_token()];
        self.heard.hide(secrets.into_iter().flatten().map(|text| Secret::new(text.to_owned())));
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }
}

/// Credentials that a request can be signed with: without what stands around them, and refused over anything within.
fn usable(found: Credentials) -> Result<Credentials, AwsError> {
    let token = found.session_token().map(str::trim).filter(|token| !token.is_empty());
    let parts = [
        ("access key id", Some(found.access_key_id().trim())),
        ("secret access key", Some(found.secret_access_key().trim())),
        ("session token", token),
    ];
    for (name, part) in parts {
        let Some(part) = part else { continue };
        if part.is_empty() {
            return Err(unusable(&format!("the {name} is empty")));
        }
        if let Some(fault) = profiles::odd(part) {
            return Err(unusable(&format!("the {name} holds {fault}, which no key contains")));
        }
    }
    let [(_, id), (_, secret), _] = parts;
    let (id, secret) = (id.unwrap_or_default(), secret.unwrap_or_default());
    if (id, secret, token) == (found.access_key_id(), found.secret_access_key(), found.session_token()) {
        return Ok(found);
    }
    Ok(Credentials::new(id, secret, token.map(str::to_owned), found.expiry(), "amgctl"))
}

fn unusable(words: &str) -> AwsError {
    AwsError::Configuration {
        words: format!("the AWS credentials cannot be used: {words}"),
        hint: "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or what the profile takes them from"
            .into(),
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
            self.next().await.map_err(|why| match why {
                Why::Said(error) => error,
                Why::Known(error) => CredentialsError::invalid_configuration(error),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_trimmed_and_refused_over_what_no_header_takes() {
        let of = |id: &str, secret: &str, token: Option<&str>| {
            let found = usable(Credentials::new(id, secret, token.map(str::to_owned), None, "test"));
            found.map(|c| [c.access_key_id().to_owned(), c.secret_access_key().to_owned()].join(" "))
        };
        assert_eq!(of("AKIA\n", " secret\r\n", Some("t\n")), Ok("AKIA secret".into()));
        for (id, secret, token) in [
            ("AK\u{1}IA", "s", None),
            ("AKIA", "s\u{7f}s", None),
            ("AKIA", "s", Some("t\nt")),
            ("AKIÄ", "s", None),
            ("AK IA", "s", None),
            ("\n", "s", None),
        ] {
            let error = of(id, secret, token).unwrap_err();
            assert!(error.to_string().contains("the AWS credentials cannot be used"), "{error}");
        }
    }

    #[derive(Debug)]
    struct Never;

    impl ProvideCredentials for Never {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(std::future::pending())
        }
    }

    #[tokio::test]
    async fn credentials_that_never_come_are_given_up() {
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = said.clone();
        let mut patience = Patience::saying(move |words| heard.lock().unwrap().push(words.to_owned()));
        patience.silent_for = Duration::from_millis(5);
        patience.given_within = Duration::from_millis(20);
        let source = Source::Process { profile: "p".into(), roles: false };
        let lasting = Lasting {
            chain: Arc::new(CredentialsProviderChain::first_try("x", Never)),
            what: waited_for(&source),
            newest: Mutex::new(None),
            patience,
            heard: Arc::default(),
        };
        let Err(Why::Known(error)) = lasting.next().await else { panic!("something came") };
        let told = error.to_string();
        assert!(told.contains("the `credential_process` of the profile `p` gave none within"), "{told}");
        assert_eq!(said.lock().unwrap().len(), 1);
    }
}
