//! Getting to a workspace: the embedded one is started, a URL is spoken to with the token of the environment.

use super::{Exit, Failure};
use crate::grafana::access::Access;
use crate::grafana::probe::{ProbeError, probe};
use crate::grafana::{ApiError, Client};
use crate::live::LiveError;
use crate::model::{Secret, Server};
use crate::sandbox::{self, Options, Running, Version};
use crate::settings::{Choice, Machine};

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
    /// The embedded workspace, served as long as this lives.
    pub sandbox: Option<Running>,
}

/// Connects, and finds out what this server is.
pub async fn connect(choice: &Choice, machine: &Machine) -> Result<Connection, Failure> {
    let (url, token, sandbox) = match choice {
        Choice::Url(url) => {
            let token = machine.variable("GRAFANA_TOKEN").ok_or_else(|| {
                Failure::new(Exit::Auth, "there is no token for the workspace")
                    .hint("put a service-account token with the role Admin in GRAFANA_TOKEN")
            })?;
            (url.clone(), token.trim().to_owned(), None)
        }
        Choice::Sandbox(version) => {
            let running = start(version, machine).await?;
            (running.url.clone(), running.tokens.admin.clone(), Some(running))
        }
    };
    let client = Client::new(&url, Secret::new(token)).map_err(|e| Failure::new(Exit::Usage, e.to_string()))?;
    let (server, access) = probe(&client).await.map_err(refused)?;
    let name = if sandbox.is_some() { "the embedded workspace".into() } else { client.url().to_owned() };
    Ok(Connection { client, server, access, name, sandbox })
}

async fn start(version: &str, machine: &Machine) -> Result<Running, Failure> {
    let version = match version {
        // Whoever made the file chose; a first run takes the default.
        "" => Version::that_made(&machine.sandbox_file())?.unwrap_or_default(),
        text => text.parse::<Version>().map_err(|e| Failure::new(Exit::Usage, format!("--sandbox={text}: {e}")))?,
    };
    let options = Options { version, data: Some(machine.sandbox_file()), ..Options::default() };
    Ok(sandbox::start(options).await?)
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
