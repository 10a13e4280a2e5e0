//! What `bootstrap-identity`, `bootstrap-api-key` and `identity` are about, settled before anything is asked, and how they
//! put a value into the secret. What they read before they decide is in [`super::seen`], what they say of that in
//! [`super::steps`].

use std::time::Duration;

use super::journal::Journal;
use super::seen::Inventory;
use super::typed::{self, About};
use super::{Exit, Failure, Session, connect, directory, managed};
use crate::aws::{Aws, AwsError, Role, Workspace};
use crate::cli::{
    ApprovalArgs, DirectoryArgs, ManagedArgs, RoleArg, RulesArgs, SecretFormat, StoredArgs, WorkspaceArgs,
};
use crate::identity::rules::{self, Asked, Settled, View};
use crate::identity::store::{self, Make};
use crate::identity::stored;
use crate::identity::version::Format;
use crate::model::{Secret, StackName};
use crate::render::access::Step;
use crate::settings::{self, Choice, Managed, Settings, named_duration, seconds, token_life};

/// How many tags a secret may get: AWS allows 50, and amgctl has five of its own.
const TAGS: usize = 45;

/// What is wanted of a bootstrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted<'a> {
    /// The service account and nothing else.
    Account,
    /// A stored token, renewed where it has less left than was typed.
    Token {
        /// `7d`.
        renew_before: &'a str,
    },
    /// A new stored token, whatever the present one has left.
    Renewal,
}

/// What a bootstrap is about, settled before anything is asked.
pub struct Job {
    /// The settings of the directory.
    pub settings: Settings,
    /// AWS.
    pub aws: Aws,
    /// The workspace.
    pub workspace: Workspace,
    /// The secret's name or ARN; none where nothing is stored.
    pub secret: Option<String>,
    /// The life of the token.
    pub ttl: Duration,
    /// A token with less left is renewed, in seconds.
    pub renew_before: i64,
    /// How long a superseded one stays, in seconds.
    pub overlap: i64,
    /// What may be different from what is there.
    pub asked: Asked,
    /// The KMS key of the secret, where it is new.
    pub kms_key: Option<String>,
    /// Its further tags.
    pub tags: Vec<(String, String)>,
    /// The command that goes on after this one: a rotation that was cut off goes on as a rotation.
    pub verb: &'static str,
}

impl Job {
    /// The stack.
    pub fn stack(&self) -> &StackName {
        &self.settings.stack
    }

    /// A whole command line about the same.
    pub fn line(&self, verb: &str, role: Option<Role>) -> String {
        let about = About { workspace: Some(&self.workspace.id), secret: self.secret.as_deref(), role };
        let line = typed::line(verb, &self.settings, about);
        if self.secret.is_none() { format!("{line} --no-secret") } else { line }
    }

    /// What this run's steps come to.
    pub fn journal(&self, steps: &[Step], settled: &Settled) -> Journal {
        let mut again = self.line(self.verb, Some(settled.role));
        if self.asked.format.is_some() {
            again.push_str(&format!(" --secret-format {}", settled.format.name()));
        }
        if self.asked.adopt {
            again.push_str(" --adopt");
        }
        Journal::new(steps, again)
    }

    /// The tags that the secret is to have.
    pub fn tags(&self, view: &View<'_>, format: Format) -> Vec<(String, String)> {
        let mut tags = view.tags(format);
        tags.extend(self.tags.iter().cloned());
        tags
    }
}

/// Settles what a bootstrap is about, and finds the workspace.
pub async fn job(
    args: &StoredArgs,
    verb: &'static str,
    wanted: Wanted<'_>,
    session: &Session<'_>,
) -> Result<Job, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let (settings, managed) = settle(&args.directory, &args.managed, session)?;
    let secret = match wanted {
        Wanted::Account => None,
        Wanted::Token { .. } | Wanted::Renewal => Some(secret(args, &settings)?),
    };
    let ttl = token_life("--ttl", &args.token.ttl)?;
    let overlap = named_duration("--overlap", &args.token.overlap)?;
    let renew_before = match wanted {
        Wanted::Token { renew_before } => {
            let length = named_duration("--renew-before", renew_before)?;
            if length >= ttl {
                return Err(usage(format!("--renew-before {renew_before} is not less than the token's life"))
                    .hint("every run would renew it; give a longer --ttl or a shorter --renew-before"));
            }
            length
        }
        Wanted::Account | Wanted::Renewal => Duration::ZERO,
    };
    let tags = tags(&args.secret.tag)?;
    let aws = managed::aws(&settings, session).await?;
    let workspace = managed::workspace(&aws, &managed, session).await?;
    // Nothing is made for a workspace that no token can be sent to.
    managed::url(&workspace.endpoint)?;
    let asked = Asked {
        role: args.token.role.map(role),
        format: args.secret.secret_format.map(format),
        adopt: args.secret.adopt,
    };
    Ok(Job {
        settings,
        aws,
        workspace,
        secret,
        ttl,
        renew_before: seconds(renew_before),
        overlap: seconds(overlap),
        asked,
        kms_key: args.secret.kms_key.clone(),
        tags,
        verb,
    })
}

/// The settings of a command that is about Amazon Managed Grafana and nothing else.
pub fn settle(
    directory: &DirectoryArgs,
    managed: &ManagedArgs,
    session: &Session<'_>,
) -> Result<(Settings, Managed), Failure> {
    let (mut file, problems) = directory::settings(&directory.directory)?;
    directory::tell(&problems, 1, directory::Sent::Nothing, session.terminal)?;
    file.url = None;
    let mut managed = managed.clone();
    if managed.stack.is_none() {
        managed.stack = session.machine.named("AMGCTL_STACK")?;
    }
    if managed.workspace.is_none() && managed.sandbox.is_none() {
        managed.workspace = session.machine.named("AMGCTL_WORKSPACE")?;
    }
    let args = WorkspaceArgs { managed, ..WorkspaceArgs::default() };
    let mut settings = Settings::settle(directory.directory.clone(), file.clone(), &args, &RulesArgs::default())?;
    // The embedded workspace is entered through its AWS, as any other.
    let managed = settings::managed(&file, &args.managed)?;
    settings.workspace = Choice::Managed(managed.clone());
    settings.must_be_named()?;
    Ok((settings, managed))
}

fn secret(args: &StoredArgs, settings: &Settings) -> Result<String, Failure> {
    let Some(name) = args.secret.secret.clone().or_else(|| settings.access.secret.clone()) else {
        return Err(Failure::new(Exit::Usage, "no secret is named to store the token in").hint(
            "give --secret NAME, as amgctl/prod; `bootstrap-identity --no-secret` makes the service account only",
        ));
    };
    match store::name_fault(&name) {
        Some(fault) => Err(Failure::new(Exit::Usage, format!("`{name}` cannot be the name of a secret: {fault}"))
            .hint("choose another name, as amgctl/prod")),
        None => Ok(name),
    }
}

/// The tags as they were typed. What AWS would refuse is refused here, before a token is made.
fn tags(typed: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for text in typed {
        let refused = |why: &str| Err(Failure::new(Exit::Usage, format!("--tag {text}: {why}")));
        let (key, value) = match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => (key, value),
            Some(_) | None => return refused("this is no tag").map_err(|f| f.hint("write it as KEY=VALUE")),
        };
        if key.starts_with("amgctl:") {
            return refused("keys that begin with `amgctl:` are amgctl's own");
        }
        if [key, value].iter().any(|text| text.to_ascii_lowercase().starts_with("aws:")) {
            return refused("keys and values that begin with `aws:` are AWS's own");
        }
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return refused("a key has 128 characters at most, a value 256");
        }
        if tags.iter().any(|(other, _)| other == key) {
            return refused("there is another tag of this key");
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    if tags.len() > TAGS {
        return Err(Failure::new(Exit::Usage, format!("there are {} tags; {TAGS} are possible", tags.len())));
    }
    Ok(tags)
}

/// Refuses a run that would have to ask and has nobody to.
pub fn may_ask(approval: &ApprovalArgs, session: &Session<'_>, what: &str) -> Result<(), Failure> {
    if approval.auto_approve || approval.dry_run {
        return Ok(());
    }
    session.may_ask(approval.input, what, "look with --dry-run")
}

/// Asks, unless nobody wants to be asked.
pub async fn approved(approval: &ApprovalArgs, session: &Session<'_>) -> bool {
    approval.auto_approve || session.agrees().await
}

/// What a token may do, as AWS names it.
pub fn role(role: RoleArg) -> Role {
    match role {
        RoleArg::Admin => Role::Admin,
        RoleArg::Editor => Role::Editor,
        RoleArg::Viewer => Role::Viewer,
    }
}

fn format(format: SecretFormat) -> Format {
    match format {
        SecretFormat::Json => Format::Json,
        SecretFormat::Plain => Format::Plain,
    }
}

/// What is stored.
pub fn value(format: Format, token: &Secret, about: &stored::About) -> Secret {
    match format {
        Format::Json => stored::object(token, about),
        Format::Plain => token.clone(),
    }
}

/// Makes sure that a token opens the workspace, before anything is replaced by it.
pub async fn verify(job: &Job, token: &Secret) -> Result<(), Failure> {
    connect::verify(&managed::url(&job.workspace.endpoint)?, token, Some(&job.workspace)).await
}

/// A value that is going to be what readers get.
pub struct Next<'a> {
    /// The value.
    pub value: &'a Secret,
    /// The version that it is stored as.
    pub version: &'a str,
    /// The tags that a new secret is made with.
    pub tags: &'a [(String, String)],
}

/// Puts a value into the secret; says whether readers may have it although it failed.
///
/// The last step before readers may have it is the caller's: where that fails, they never get it.
pub async fn put(
    job: &Job,
    seen: &Inventory,
    next: &Next<'_>,
    last: impl AsyncFnOnce() -> Result<(), Failure>,
) -> Result<(), (Failure, bool)> {
    let make = Make {
        name: job.secret.as_deref().unwrap_or_default(),
        kms_key: job.kms_key.as_deref(),
        description: rules::description(job.stack(), &job.workspace.id),
    };
    let info = seen.info.as_ref();
    let laid = store::lay_beside(&job.aws, info, next.value, next.version).await;
    laid.map_err(|error| (managed::failure(&error), false))?;
    last().await.map_err(|failure| (failure, false))?;
    store::promote(&job.aws, &make, info, next.value, next.version, next.tags).await.map_err(|not| {
        let failure = managed::failure(&not.error);
        let beside = matches!(not.error, AwsError::Invalid(_) | AwsError::Conflict(_));
        let failure = if beside {
            failure
                .note("another run may have written the secret meanwhile; what it holds was not replaced")
                .hint("run the command again: it reads the secret again")
        } else {
            failure
        };
        (failure, not.perhaps)
    })
}

/// A run that failed on its way: what it did until then.
pub fn broken_off(failure: Failure, journal: &Journal) -> Failure {
    let failure = journal.lines().into_iter().fold(failure, Failure::note);
    match failure.hint {
        Some(_) => failure,
        None => failure.hint(format!("to go on: `{}`", journal.again())),
    }
}
