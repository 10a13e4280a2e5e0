//! Getting into a workspace of Amazon Managed Grafana: AWS, the workspace, a token that is made for the run or stored.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::sandbox::embedded;
use super::typed::{self, About};
use super::{Exit, Failure, Session};
use crate::aws::{self, Aws, AwsError, Options, Patience, Role, Summary, Variables, Workspace};
use crate::grafana::bearer::{Bearer, Given};
use crate::grafana::is_loopback;
use crate::identity::find::{FindError, Named, find};
use crate::identity::mint::{MintError, Minter, account};
use crate::identity::stored::{self, Stored};
use crate::identity::version;
use crate::render::style::clean;
use crate::render::table::rows;
use crate::settings::{Access, Choice, Creation, Machine, Managed, Settings};

/// A stored token that has less left than this is told of.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How the hosts end that workspaces have.
const HOSTS: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];

/// Where a workspace is, and how it is spoken to.
pub struct Entry {
    /// Its URL.
    pub url: String,
    /// Its tokens.
    pub bearer: Arc<dyn Bearer>,
    /// The workspace as people know it.
    pub name: String,
    /// The workspace itself.
    pub workspace: Workspace,
}

/// AWS as the settings of a run name it: the real one, or that of the sandbox.
pub async fn aws(settings: &Settings, session: &Session<'_>) -> Result<Aws, Failure> {
    let (sandbox, region) = match &settings.workspace {
        Choice::Url(_) => (None, None),
        Choice::Sandbox(version) => (Some(version.as_str()), None),
        Choice::Managed(managed) => {
            let named = Named::read(managed.named.as_deref());
            (managed.sandbox.as_deref(), named.region().map(str::to_owned))
        }
    };
    open(sandbox, region, &settings.access, session).await
}

/// Opens AWS: the one of the sandbox, or the real one.
pub async fn open(
    sandbox: Option<&str>,
    region: Option<String>,
    access: &Access,
    session: &Session<'_>,
) -> Result<Aws, Failure> {
    let embedded = match sandbox {
        None => None,
        Some(version) => {
            let options = embedded("--sandbox", version, session.machine)?;
            Some(session.embedded_aws(options).await?)
        }
    };
    let region = region.or_else(|| access.region.clone());
    if let Some(odd) = region.as_deref().filter(|region| !aws::is_region(region)) {
        return Err(
            Failure::new(Exit::Usage, format!("`{odd}` is not an AWS region")).hint("it looks like eu-west-1")
        );
    }
    if embedded.is_none()
        && let Some(fault) = session.machine.faults.of_aws()
    {
        // Keys are what is not accepted; everything else makes no sense.
        let is_key = ["AWS_ACCESS_KEY_ID ", "AWS_SECRET_ACCESS_KEY ", "AWS_SESSION_TOKEN "];
        let exit = if is_key.iter().any(|name| fault.starts_with(name)) { Exit::Auth } else { Exit::Usage };
        return Err(Failure::new(exit, fault).hint("set it anew, or unset it"));
    }
    let terminal = session.terminal.clone();
    let options = Options {
        region,
        profile: access.profile.clone(),
        variables: variables(session.machine),
        embedded,
        patience: Patience::saying(move |words| terminal.say(&format!("note: {}", clean(words)))),
    };
    Aws::open(options).await.map_err(|e| failure(&e))
}

/// What the environment says of credentials.
fn variables(machine: &Machine) -> Variables {
    let home = machine.variable("HOME").or_else(|| machine.variable("USERPROFILE"));
    let file = |variable: &str, name: &str| {
        let own = || Some(Path::new(home.as_deref()?).join(".aws").join(name));
        machine.variable(variable).map(PathBuf::from).or_else(own)
    };
    let files = [file("AWS_CONFIG_FILE", "config"), file("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
    Variables {
        profile: machine.variable("AWS_PROFILE"),
        key_id: machine.variable("AWS_ACCESS_KEY_ID").is_some(),
        key_secret: machine.variable("AWS_SECRET_ACCESS_KEY").is_some(),
        token_file: machine.variable("AWS_WEB_IDENTITY_TOKEN_FILE"),
        role: machine.variable("AWS_ROLE_ARN").is_some(),
        files: files.into_iter().flatten().collect(),
    }
}

/// Finds the workspace and gets a token for it.
pub async fn enter(managed: &Managed, settings: &Settings, session: &Session<'_>) -> Result<Entry, Failure> {
    let aws = aws(settings, session).await.map_err(|failure| unnamed(managed, failure))?;
    let workspace = workspace(&aws, managed, session).await.map_err(|failure| unnamed(managed, failure))?;
    let url = url(&workspace.endpoint)?;
    let bearer: Arc<dyn Bearer> = match &settings.access.secret {
        Some(secret) => {
            let stored = read(&aws, settings, Some(&workspace), secret).await?;
            Arc::new(given(settings, secret, stored, aws.time(), session)?)
        }
        None => minted(&aws, &workspace, settings, session).await?,
    };
    // The plan says the version itself, as the workspace's own Grafana gives it.
    let name = format!("{} ({}, {})", named(&workspace), workspace.id, aws.region());
    Ok(Entry { url, bearer, name, workspace })
}

/// The workspace that is meant, ready to be spoken to; of the sandbox, where none is named, its own.
pub async fn workspace(aws: &Aws, managed: &Managed, session: &Session<'_>) -> Result<Workspace, Failure> {
    let own = || managed.sandbox.as_ref().and_then(|_| session.embedded_workspace());
    let named = managed.named.clone().or_else(own);
    find(aws, &Named::read(named.as_deref()), managed.wait).await.map_err(|e| not_found(e, aws.region()))
}

/// A workspace as people know it.
#[must_use]
pub fn title(workspace: &Workspace, region: &str) -> String {
    let Workspace { id, grafana_version, .. } = workspace;
    format!("{} ({id}, Grafana {grafana_version}, {region})", named(workspace))
}

/// Its name, or its id where it has none.
#[must_use]
pub fn named(workspace: &Workspace) -> &str {
    if workspace.name.is_empty() { &workspace.id } else { &workspace.name }
}

/// The address of a workspace: AWS gives a host without a scheme.
///
/// A token opens all of a workspace, so it is sent to Amazon's hosts and to loopback only, whatever answered as AWS.
pub fn url(endpoint: &str) -> Result<String, Failure> {
    let (host, port) = endpoint.split_once(':').unwrap_or((endpoint, "443"));
    let plain = |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if plain(host) && port.parse::<u16>().is_ok() {
        if is_loopback(host) {
            return Ok(format!("http://{endpoint}"));
        }
        if HOSTS.iter().any(|ending| host.ends_with(ending)) {
            return Ok(format!("https://{endpoint}"));
        }
    }
    let told = if endpoint.is_empty() { "no address".to_owned() } else { format!("the address `{endpoint}`") };
    Err(Failure::new(Exit::Error, format!("AWS gives the workspace {told}, which is none of Amazon's"))
        .note("no token is sent there")
        .hint(
            "check AWS_ENDPOINT_URL; a Grafana that is not Amazon's is named by --url, its token by GRAFANA_TOKEN",
        ))
}

/// The token that a secret holds. One that is for another workspace than this is refused: it is sent nowhere.
pub async fn read(
    aws: &Aws,
    settings: &Settings,
    workspace: Option<&Workspace>,
    secret: &str,
) -> Result<Stored, Failure> {
    let here = workspace.map(|workspace| workspace.id.as_str());
    let line = |verb: &str, workspace: Option<&str>| {
        typed::line(verb, settings, About { workspace, secret: Some(secret), role: None })
    };
    let value = aws.secret_value(secret, None, None).await.map_err(|error| match error {
        // As if it were not there: there is no token to get in with.
        AwsError::InDeletion { .. } | AwsError::Bytes(_) => Failure { exit: Exit::Auth, ..failure(&error) },
        error => failure(&error),
    })?;
    let Some(value) = value else {
        return Err(Failure::new(
            Exit::Auth,
            format!("there is no secret `{secret}` in region {}", aws.region_of(secret)),
        )
        .hint(format!(
            "make it with `{}`, or correct `auth.secret`; one of another region or account is named by its ARN",
            line("bootstrap-identity", here)
        )));
    };
    let mut stored = stored::read(&value.value, settings.access.key.as_deref()).map_err(|words| {
        Failure::new(Exit::Auth, format!("the secret `{secret}` holds no token: {words}")).hint(format!(
            "name the token's key in `auth.key`, or store one with `{}`",
            line("bootstrap-identity", here)
        ))
    })?;
    stored.about.at(&value.version);
    if let (Some(here), Some(other)) = (here, here.and_then(|here| stored.about.elsewhere(here))) {
        return Err(Failure::new(
            Exit::Auth,
            format!("the secret `{secret}` holds a token for workspace {other}, not for {here}"),
        )
        .note("it was sent nowhere")
        .hint(format!(
            "name workspace {other} with --workspace, or another secret in `auth.secret`; `{}` says what there is; a \
             secret is moved to another workspace by `bootstrap-identity --adopt` only",
            line("identity status", Some(&other))
        )));
    }
    Ok(stored)
}

/// A stored token to send with; one that ran out is refused here, one that is going to is told of.
pub fn given(
    settings: &Settings,
    secret: &str,
    stored: Stored,
    now: Option<i64>,
    session: &Session<'_>,
) -> Result<Given, Failure> {
    let about = About {
        workspace: Some(&stored.about.workspace_id),
        secret: Some(secret),
        role: stored.about.version.as_ref().map(|version| version.role),
    };
    let verb = match &stored.about.version {
        Some(version) if version.access == version::Access::Key => "bootstrap-api-key",
        Some(_) | None => "identity rotate",
    };
    let renew = typed::line(verb, settings, about);
    if let (Some(expires), Some(now)) = (stored.about.expires, now) {
        let left = expires - now;
        let at = Timestamp::from_second(expires).unwrap_or_default();
        if left <= 0 {
            return Err(Failure::new(Exit::Auth, format!("the token in the secret `{secret}` expired at {at}"))
                .hint(format!("renew it: `{renew}`")));
        }
        if u64::try_from(left).is_ok_and(|left| left < SOON.as_secs()) {
            let told = crate::render::duration::left(left);
            let words = format!("the token in the secret `{secret}` ends in {told}");
            if settings.file.is_strict() {
                return Err(Failure::new(Exit::Auth, words).hint(format!("renew it: `{renew}`")));
            }
            session.terminal.warn(&format!("{words}; `{renew}`"));
        }
    }
    Ok(Given { secret: stored.token, hint: format!("renew the token in the secret `{secret}`: `{renew}`") })
}

async fn minted(
    aws: &Aws,
    workspace: &Workspace,
    settings: &Settings,
    session: &Session<'_>,
) -> Result<Arc<Minter>, Failure> {
    let (stack, access) = (&settings.stack, &settings.access);
    let told = |error: MintError| not_minted(error, workspace, settings);
    let account = match account(aws, &workspace.id, stack, Role::Admin, false).await {
        Err(MintError::NoAccount(name)) if access.create_account == Creation::Now => {
            // Nobody is asked before it is there: what is to be approved cannot be read without it.
            session.terminal.say(&format!(
                "note: the service account `{name}` is made (ADMIN; a billed user of the workspace), as \
                 `identity.create` in amgctl.yaml says"
            ));
            account(aws, &workspace.id, stack, Role::Admin, true).await
        }
        other => other,
    };
    let account = account.map_err(told)?;
    let minter = Arc::new(Minter::new(aws.clone(), workspace.id.clone(), account, stack.clone(), access.token_ttl));
    // Kept before anything is made, so that what is made is deleted however this ends.
    session.keep(minter.clone());
    minter.begin().await.map_err(|error| not_minted(error, workspace, settings))?;
    Ok(minter)
}

/// A token that could not be made.
pub fn not_minted(error: MintError, workspace: &Workspace, settings: &Settings) -> Failure {
    let told = error.to_string();
    let about = About { workspace: Some(&workspace.id), ..About::default() };
    let make = format!("{} --no-secret", typed::line("bootstrap-identity", settings, about));
    match error {
        MintError::Aws(error) => failure(&error),
        MintError::NoAccount(name) if settings.access.create_account == Creation::ByApply => Failure::new(
            Exit::Auth,
            format!("{told}, and a run that only reads makes none"),
        )
        .note(format!(
            "`amgctl apply` would make it (`identity.create` in amgctl.yaml): `{name}`, ADMIN, a billed user of \
                     the workspace {}",
            workspace.id
        ))
        .hint(format!(
            "apply; or make it now with `{make}`; or read with a \
                     stored token: --secret NAME"
        )),
        MintError::NoAccount(_) => Failure::new(Exit::Auth, told)
            .note(format!("the workspace is {}; a service account is a billed user of it", workspace.id))
            .hint(format!(
                "make it once with `{make}`, or let runs make it with `identity: {{ create: true }}` in amgctl.yaml"
            )),
        MintError::Unfit { .. } => {
            Failure::new(Exit::Auth, told).hint(format!("enable it, or delete it and run `{make}`"))
        }
        MintError::Full { .. } => Failure::new(Exit::Auth, told)
            .hint("delete tokens that are no longer needed in the workspace's settings under service accounts"),
        MintError::Random(_) => Failure::new(Exit::Error, told),
    }
}

/// The status that a failure of AWS stands for.
#[must_use]
pub fn status(error: &AwsError) -> Exit {
    match error {
        AwsError::NoCredentials(_)
        | AwsError::Configuration { .. }
        | AwsError::IdentityToken { .. }
        | AwsError::Key { .. }
        | AwsError::CredentialsExpired { .. }
        | AwsError::NotAccepted(_)
        | AwsError::NoRegion
        | AwsError::Denied { .. }
        | AwsError::ClockSkew(_)
        | AwsError::WrongRegion(_)
        | AwsError::NotReached { .. }
        | AwsError::Quota(_) => Exit::Auth,
        AwsError::Replica { .. }
        | AwsError::NotFound(_)
        | AwsError::Conflict(_)
        | AwsError::Throttled(_)
        | AwsError::NotAws(_)
        | AwsError::Bytes(_)
        | AwsError::Invalid(_)
        | AwsError::InDeletion { .. }
        | AwsError::Lost(_) => Exit::Error,
    }
}

/// A failure of AWS, with the status that it stands for.
#[must_use]
pub fn failure(error: &AwsError) -> Failure {
    let failure = Failure::new(status(error), error.to_string());
    let failure = match error {
        AwsError::Configuration { .. } | AwsError::NoRegion => failure.lasting(),
        _ => failure,
    };
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Where nobody named a workspace, AWS was asked only for want of anything else.
fn unnamed(managed: &Managed, failure: Failure) -> Failure {
    if managed.named.is_some() || managed.sandbox.is_some() {
        return failure;
    }
    failure.note(
        "no workspace was named, so AWS was asked; there are also --workspace for one of several, --url for any \
         Grafana (its token in GRAFANA_TOKEN), and --sandbox to try it out",
    )
}

/// A workspace that was not found, or cannot be spoken to now.
pub fn not_found(error: FindError, region: &str) -> Failure {
    let told = error.to_string();
    let listed = |all: &[Summary], failure: Failure| {
        let all: Vec<_> =
            all.iter().map(|w| [&*w.id, &*w.name, "Grafana", &*w.grafana_version, &*w.status]).collect();
        rows(&all).lines().fold(failure, Failure::note)
    };
    match error {
        FindError::Aws(AwsError::NotFound(_)) => {
            Failure::new(Exit::Error, format!("region {region} has no workspace of this id"))
                .hint("`amgctl workspace list` shows those that there are; --region names another region")
                .lasting()
        }
        FindError::Aws(error) => failure(&error),
        FindError::None(_, all) => listed(&all, Failure::new(Exit::Error, told))
            .hint("name one with --workspace, or another region with --region")
            .lasting(),
        FindError::Several(_, all) => {
            listed(&all, Failure::new(Exit::Usage, told)).hint("name one by its id: --workspace ID")
        }
        FindError::NotActive { passing: true, .. } => {
            Failure::new(Exit::Error, told).hint("wait for it, or longer, with --wait=DURATION; or try again later")
        }
        FindError::NotActive { id, .. } => {
            Failure::new(Exit::Error, told).hint(format!("see what AWS says of it: `amgctl workspace show {id}`"))
        }
    }
}

/// A workspace that turned its callers away before Grafana saw them: the only ones that may come in are these.
#[must_use]
pub fn turned_away(workspace: &Workspace) -> Failure {
    let failure = Failure::new(
        Exit::Auth,
        "the workspace's network access control refused this machine (403, before Grafana saw the token)",
    );
    match &workspace.network_access {
        Some(access) => failure
            .note(format!("prefix lists that may come in: {}", listed(&access.prefix_lists)))
            .note(format!("VPC endpoints that may come in: {}", listed(&access.vpc_endpoints)))
            .hint(
                "run from one of these networks, or add this machine's public address to one of the prefix lists",
            ),
        None => failure.hint("run from a network that may reach the workspace; AWS says nothing of a restriction"),
    }
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_no_scheme_of_its_own() {
        let host = "g-0123456789.grafana-workspace.eu-west-1.amazonaws.com";
        assert_eq!(url(host), Ok(format!("https://{host}")));
        assert_eq!(url("127.0.0.1:4321"), Ok("http://127.0.0.1:4321".into()));
        assert_eq!(url("localhost:4321"), Ok("http://localhost:4321".into()));
    }

    #[test]
    fn a_token_is_sent_to_amazon_and_to_loopback_only() {
        let host = "g-0123456789.grafana-workspace.eu-west-1.amazonaws.com";
        for endpoint in [
            String::new(),
            "grafana.example.com".into(),
            "amazonaws.com.example.com".into(),
            format!("{host}.example.com"),
            format!("https://{host}"),
            format!("{host}/d/abc"),
            format!("somebody@{host}"),
            format!("grafana.example.com/{host}"),
            format!("grafana.example.com#{host}"),
            format!("grafana.example.com\\{host}"),
            format!("{host}:https"),
            "127.0.0.1:4321/path".into(),
            "127.0.0.1:4321@grafana.example.com".into(),
        ] {
            let failure = url(&endpoint).expect_err(&endpoint);
            assert_eq!(failure.exit, Exit::Error, "{endpoint}");
        }
    }
}
