//! Getting to a workspace: the embedded one is started, a URL is spoken to with the token of the environment.

use super::{Exit, Failure, Session};
use std::sync::Arc;

use crate::grafana::access::Access;
use crate::grafana::bearer::Given;
use crate::grafana::probe::{ProbeError, probe};
use crate::grafana::{ApiError, Client};
use crate::live::LiveError;
use crate::model::{Secret, Server};
use crate::sandbox::{Options, Version};
use crate::settings::{Choice, Machine, Settings};

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

/// Connects, and finds out what this server is.
pub async fn connect(settings: &Settings, session: &Session<'_>) -> Result<Connection, Failure> {
    let (url, token, name) = match &settings.workspace {
        Choice::Url(url) => {
            let token = session.machine.variable("GRAFANA_TOKEN").ok_or_else(|| {
                Failure::new(Exit::Auth, "there is no token for the workspace")
                    .hint("put a service-account token with the role Admin in GRAFANA_TOKEN")
            })?;
            (url.clone(), token.trim().to_owned(), None)
        }
        Choice::Managed(_) => {
            return Err(Failure::new(Exit::Usage, "no workspace is named"));
        }
        Choice::Sandbox(version) => {
            let (url, tokens) = session.sandbox(embedded("--sandbox", version, session.machine)?).await?;
            (url, tokens.admin, Some("the embedded workspace".to_owned()))
        }
    };
    let client = Client::new(&url, Arc::new(Given(Secret::new(token))))
        .map_err(|e| Failure::new(Exit::Usage, e.to_string()))?;
    let (server, access) = probe(&client).await.map_err(refused)?;
    let name = name.unwrap_or_else(|| client.url().to_owned());
    Ok(Connection { client, server, access, name })
}

/// How the embedded workspace is to be served, its version as it was typed after a flag.
pub fn embedded(flag: &str, version: &str, machine: &Machine) -> Result<Options, Failure> {
    let version = match version {
        // Whoever made the file chose; a first run takes the default.
        "" => Version::that_made(&machine.sandbox_file())?.unwrap_or_default(),
        text => text.parse::<Version>().map_err(|e| Failure::new(Exit::Usage, format!("{flag} {text}: {e}")))?,
    };
    Ok(Options { version, data: Some(machine.sandbox_file()), ..Options::default() })
}

/// A workspace that could not be made out.
pub fn refused(error: ProbeError) -> Failure {
    match error {
        ProbeError::Api(error) => api(&error),
        ProbeError::Forbidden(_) => Failure::new(Exit::Auth, error.to_string()).hint(
            "use a token of a service account with the role Admin, from a network that may reach the workspace",
        ),
        ProbeError::NotGrafana(words) => api(&ApiError::NotGrafana(words)),
    }
}

/// A request without a usable answer.
pub fn api(error: &ApiError) -> Failure {
    let exit = if matches!(error, ApiError::Unauthorised(_)) { Exit::Auth } else { Exit::Error };
    let failure = Failure::new(exit, error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
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
