//! Getting to a workspace: the embedded one is started, a URL is spoken to with the token of the environment.

use super::sandbox::embedded;
use super::{Exit, Failure, Session, fetched, managed};
use crate::aws::{Patience, Workspace};
use std::sync::Arc;

use crate::grafana::access::Access;
use crate::grafana::bearer::{Bearer, Given, fault};
use crate::grafana::probe::{ProbeError, probe};
use crate::grafana::{AddressError, ApiError, Client, ClientOptions, is_same_server, is_this_machine};
use crate::identity::find::Named;
use crate::identity::stored::Stored;
use crate::live::LiveError;
use crate::model::{Secret, Server};
use crate::render::style::clean;
use crate::sandbox::Options;
use crate::settings::{Choice, Settings};
use crate::source::TargetAddress;

/// A workspace that was made out.
pub struct Connection {
    /// Sends.
    pub client: Client,
    /// Its rules.
    pub server: Server,
    /// What the token may do.
    pub access: Access,
    /// The workspace as people know it.
    pub name: String,
}

/// Connects, and finds out what this server is. Says whether AWS is going to be asked for something besides.
pub async fn connect(settings: &Settings, aws: bool, session: &Session<'_>) -> Result<Connection, Failure> {
    let mut entered = None;
    let (url, bearer, name): (String, Arc<dyn Bearer>, Option<String>) = match &settings.workspace {
        Choice::Url(url) => {
            if let Some(fault) = session.machine.faults.of_network() {
                return Err(Failure::new(Exit::Usage, fault).hint("set it anew, or unset it"));
            }
            (url.clone(), Arc::new(token(settings, session).await?), None)
        }
        Choice::Sandbox(version) => {
            let options = embedded("--sandbox", version, session.machine)?;
            let (url, tokens) = session.sandbox(Options { aws, ..options }).await?;
            let hint =
                "the data of the embedded workspace may be another one's; remove .amgctl and try again".into();
            let given = Given { secret: Secret::new(tokens.admin), hint };
            (url, Arc::new(given), Some("the embedded workspace".into()))
        }
        Choice::Managed(managed) => {
            let entry = managed::enter(managed, settings, session).await?;
            entered = Some(entry.workspace);
            (entry.url, entry.bearer, Some(entry.name))
        }
    };
    let client = Client::with(&url, bearer, &client_options(settings, &url, session))
        .map_err(|e| unusable(&e, Exit::Usage))?;
    let terminal = session.terminal.clone();
    let patience = Patience::saying(move |words| terminal.say(&format!("note: {}", clean(words))));
    let probed = patience.watch(|| format!("waiting for the workspace {}", client.url()), probe(&client)).await;
    let (mut server, access) = probed.map_err(|e| refused_by(e, entered.as_ref()))?;
    server.managed = entered.is_some() || is_managed(client.url());
    let name = name.unwrap_or_else(|| client.url().to_owned());
    Ok(Connection { client, server, access, name })
}

/// How the workspace is spoken to, as the `Grafana` of the directory says.
///
/// Its headers may open what stands before it: they go to its own server and to this machine, whose tunnels lead there,
/// and to nobody else.
fn client_options(settings: &Settings, url: &str, session: &Session<'_>) -> ClientOptions {
    let Some(target) = &settings.target else { return ClientOptions::default() };
    let is_for_it = target.url.as_ref().is_none_or(|own| is_same_server(own, url) || is_this_machine(url));
    if !is_for_it && !target.headers.is_empty() {
        session.terminal.say(&format!(
            "note: the `client.headers` of the `Grafana` `{}` are for {}, and are not sent to {url}",
            target.name,
            target.url.as_deref().unwrap_or_default(),
        ));
    }
    let headers = if is_for_it { target.headers.clone() } else { Vec::new() };
    ClientOptions { headers, timeout: target.timeout }
}

/// Whether a URL is that of a workspace of Amazon Managed Grafana.
pub fn is_managed(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or(url).split(['/', ':']).next().unwrap_or_default();
    let host = host.to_ascii_lowercase();
    host.contains(".grafana-workspace.")
        && [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|e| host.ends_with(e))
}

/// The token for a workspace that is named by its URL: from the environment, else from the secret of the settings.
async fn token(settings: &Settings, session: &Session<'_>) -> Result<Given, Failure> {
    let target = settings.target.as_ref().filter(|_| settings.target_is_workspace);
    let key_is_typed = target.and_then(|target| target.key.as_ref()).is_some_and(|key| key.is_given);
    // A secret that was typed is meant, whatever stands in the environment.
    if !settings.access.secret_is_typed
        && !key_is_typed
        && let Some(token) = session.machine.named("GRAFANA_TOKEN").map_err(|fault| {
            Failure::new(Exit::Auth, fault.message).hint("copy the token again, alone and on one line")
        })?
    {
        if let Some((what, instead)) = fault(&token) {
            return Err(Failure::new(Exit::Auth, format!("GRAFANA_TOKEN holds {what}")).hint(instead));
        }
        let hint = "make a new token for the service account, and put it in GRAFANA_TOKEN".into();
        return Ok(Given { secret: Secret::new(token), hint });
    }
    let Some(secret) = settings.access.secret.as_ref().filter(|_| settings.access.secret_is_typed || !key_is_typed)
    else {
        if let Some(target) = target {
            return token_of(target, settings, session).await;
        }
        return Err(Failure::new(Exit::Auth, "there is no token for the workspace")
            .hint("put a service-account token with the role Admin in GRAFANA_TOKEN")
            .lasting());
    };
    let aws = managed::aws(settings, session).await?;
    let stored = managed::read(&aws, settings, None, secret).await?;
    if let (Choice::Url(url), Some(other)) = (&settings.workspace, elsewhere(settings, &stored)) {
        return Err(Failure::new(
            Exit::Auth,
            format!("the secret `{secret}` holds a token for workspace {other}, which {url} is not"),
        )
        .note("it was sent nowhere")
        .hint("name that workspace, or another secret in `auth.secret`"));
    }
    managed::given(settings, secret, stored, aws.time(), session)
}

/// The token of a `Grafana` of the directory.
async fn token_of(target: &TargetAddress, settings: &Settings, session: &Session<'_>) -> Result<Given, Failure> {
    let Some(key) = &target.key else {
        let words = format!("there is no token for the `Grafana` `{}`: it has no `apiKey`", target.name);
        return Err(Failure::new(Exit::Auth, words).hint(
            "put a service-account token with the role Admin in GRAFANA_TOKEN, or name the workspace otherwise",
        ));
    };
    let token = fetched::token(key, settings, session).await.map_err(|failure| Failure {
        message: format!("there is no token for the `Grafana` `{}`: it would be {key}", target.name),
        ..failure
    })?;
    if let Some((what, instead)) = fault(token.expose().trim()) {
        return Err(Failure::new(Exit::Auth, format!("{key} holds {what}")).hint(instead));
    }
    let hint = format!("make a new token for the service account, and put it into {key}");
    Ok(Given { secret: Secret::new(token.expose().trim().to_owned()), hint })
}

/// The workspace that a stored token is for, where the URL names another one of Amazon Managed Grafana. An address of
/// one's own, a tunnel or a proxy, says nothing.
fn elsewhere(settings: &Settings, stored: &Stored) -> Option<String> {
    let Choice::Url(url) = &settings.workspace else { return None };
    match Named::read(Some(url)) {
        Named::Id(id, _) => stored.about.elsewhere(&id),
        Named::Loopback(_) | Named::Name(_) | Named::Any => None,
    }
}

/// Makes sure that a token opens a workspace.
pub async fn verify(url: &str, token: &Secret, workspace: Option<&Workspace>) -> Result<(), Failure> {
    let given = Given { secret: token.clone(), hint: "run the command again".into() };
    let client = Client::new(url, Arc::new(given)).map_err(|e| unusable(&e, Exit::Error))?;
    probe(&client).await.map(drop).map_err(|e| refused_by(e, workspace))
}

/// A workspace of Amazon Managed Grafana that could not be made out.
pub fn refused_by(error: ProbeError, workspace: Option<&Workspace>) -> Failure {
    match (error, workspace) {
        (ProbeError::TurnedAway(_), Some(workspace)) => managed::turned_away(workspace),
        (error, _) => refused(error),
    }
}

/// A workspace that could not be made out.
pub fn refused(error: ProbeError) -> Failure {
    match error {
        ProbeError::Api(error) => api(&error),
        ProbeError::TurnedAway(_) => {
            Failure::new(Exit::Auth, error.to_string()).hint("run from a network that may reach the workspace")
        }
        ProbeError::Forbidden(_) => Failure::new(Exit::Auth, error.to_string()).hint(
            "use a token of a service account with the role Admin, from a network that may reach the workspace",
        ),
        ProbeError::NotGrafana(words) => api(&ApiError::NotGrafana(words)),
    }
}

/// An address that nothing is sent to.
fn unusable(error: &AddressError, exit: Exit) -> Failure {
    Failure::new(exit, error.to_string()).hint(error.hint())
}

/// A request without a usable answer.
pub fn api(error: &ApiError) -> Failure {
    let exit = if matches!(error, ApiError::Unauthorised(_)) { Exit::Auth } else { Exit::Error };
    Failure::new(exit, error.to_string()).hint(error.hint())
}

/// A workspace that could not be read.
pub fn live(error: LiveError) -> Failure {
    match error {
        LiveError::Api(error) => api(&error),
        LiveError::Forbidden { .. } => {
            Failure::new(Exit::Auth, error.to_string()).hint("use a token of a service account with the role Admin")
        }
        LiveError::Failed { .. } => Failure::new(Exit::Error, error.to_string()).hint("try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_managed;

    #[test]
    fn a_managed_workspace_is_known_by_its_host() {
        for url in [
            "https://g-0123456789.grafana-workspace.eu-west-1.amazonaws.com",
            "https://G-0123456789.grafana-workspace.eu-west-1.amazonaws.com:443/",
            "https://g-0123456789.grafana-workspace.cn-north-1.amazonaws.com.cn",
        ] {
            assert!(is_managed(url), "{url}");
        }
        for url in [
            "https://grafana.example.com",
            "http://127.0.0.1:3000",
            "https://ec2-1-2-3-4.eu-west-1.compute.amazonaws.com",
            "https://g-1.grafana-workspace.eu-west-1.amazonaws.com.example.com",
            "https://example.com/g-1.grafana-workspace.eu-west-1.amazonaws.com",
        ] {
            assert!(!is_managed(url), "{url}");
        }
    }
}
