//! What `bootstrap-identity`, `bootstrap-api-key` and `identity` have in common: what they are about, what they read
//! before they decide, how they say what was decided, how they put a value into the secret.

use std::time::Duration;

use super::journal::Journal;
use super::typed::{self, About};
use super::{Exit, Failure, Session, connect, directory, managed};
use crate::aws::{Aws, AwsError, Role, SecretInfo, Workspace};
use crate::cli::{
    ApprovalArgs, DirectoryArgs, ManagedArgs, RoleArg, RulesArgs, SecretFormat, StoredArgs, WorkspaceArgs,
};
use crate::identity::rules::tokens::{Due, Why, widens};
use crate::identity::rules::{self, Asked, Change, Clocks, Holder, Looked, Refusal, Says, Settled, Standing, View};
use crate::identity::store::{self, Make};
use crate::identity::version::{Access, Format, ROLES};
use crate::identity::{names, stored};
use crate::model::{Secret, StackName};
use crate::render::access::{Step, What};
use crate::render::duration::left;
use crate::render::json;
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
    verb: &'static str,
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
        return Err(Failure::new(Exit::Usage, "no secret is named that the token could be stored in").hint(
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

/// Whether the stack's service accounts and their tokens are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accounts {
    /// They are.
    Read,
    /// They are not: the workspace may have none.
    Unread,
}

/// What was read before anything is decided.
pub struct Seen {
    /// The stack's service accounts with their tokens.
    pub holders: Vec<Holder>,
    /// The secret.
    pub info: Option<SecretInfo>,
    named: bool,
    says: Option<Says>,
    at: Clocks,
    mark: String,
    workspace: String,
}

impl Seen {
    /// Reads: the tokens first, so that one that another run makes and promotes meanwhile is not known, and not deleted.
    pub async fn look(
        aws: &Aws,
        workspace: &Workspace,
        stack: &StackName,
        secret: Option<&str>,
        accounts: Accounts,
    ) -> Result<Seen, Failure> {
        let told = |e| managed::failure(&e);
        let mut holders = Vec::new();
        if accounts == Accounts::Read {
            let ours = ROLES.map(|role| names::account(stack, role));
            let all = aws.accounts(&workspace.id).await.map_err(told)?;
            for account in all.into_iter().filter(|a| ours.contains(&a.name)) {
                let tokens = aws.tokens(&workspace.id, &account.id).await.map_err(told)?;
                holders.push((account, tokens));
            }
        }
        let listed = aws.now();
        let info = match secret {
            Some(name) => aws.describe_secret(name).await.map_err(told)?,
            None => None,
        };
        let mut seen = Seen {
            mark: store::mark(aws, secret.unwrap_or_default(), info.as_ref()),
            named: secret.is_some(),
            holders,
            info,
            says: None,
            at: Clocks { tokens: listed, secret: aws.now() },
            workspace: workspace.id.clone(),
        };
        seen.read_value(aws, workspace, stack).await?;
        Ok(seen)
    }

    /// Reads the value of the current version, where its id says nothing: what somebody else put there, or an earlier
    /// release. Who may not read it goes by the tags.
    async fn read_value(&mut self, aws: &Aws, workspace: &Workspace, stack: &StackName) -> Result<(), Failure> {
        let Some(info) = self.info.as_ref().filter(|info| info.deleted.is_none()) else { return Ok(()) };
        if !self.view(stack).needs_value() {
            return Ok(());
        }
        let version = rules::current(&info.stages).map(str::to_owned);
        let value = match aws.secret_value(&info.arn, None, version.as_deref()).await {
            Ok(Some(value)) => value.value,
            Ok(None) | Err(AwsError::Denied { .. } | AwsError::Key { .. } | AwsError::Bytes(_)) => return Ok(()),
            Err(error) => return Err(managed::failure(&error)),
        };
        self.says = Some(stored::says(&value));
        // Only where the secret was made for this workspace is it tried there: another one's token is not sent to it.
        if self.view(stack).standing() == Standing::UnknownWorkspace(Some(workspace.id.clone()))
            && let Ok(stored) = stored::read(&value, None)
        {
            let url = managed::url(&workspace.endpoint)?;
            let opens = match connect::verify(&url, &stored.token, Some(workspace)).await {
                Ok(()) => true,
                Err(failure) if failure.exit == Exit::Auth => false,
                Err(failure) => return Err(failure),
            };
            self.says = self.says.take().map(|says| Says { opens, ..says });
        }
        Ok(())
    }

    /// What is decided from.
    pub fn view<'a>(&'a self, stack: &'a StackName) -> View<'a> {
        let secret = match (&self.info, self.named) {
            (Some(info), _) => Looked::There(info),
            (None, true) => Looked::Absent,
            (None, false) => Looked::No,
        };
        View {
            stack,
            workspace: &self.workspace,
            mark: &self.mark,
            holders: &self.holders,
            secret,
            says: self.says.as_ref(),
            at: self.at,
        }
    }
}

/// Why nothing is done, and what to do.
pub fn refused(refusal: &Refusal, job: &Job, seen: &Seen) -> Failure {
    let secret = job.secret.as_deref().unwrap_or_default();
    let here = &job.workspace.id;
    let guard = |words: String| Failure::new(Exit::Guard, format!("the secret `{secret}` {words}"));
    let of = |workspace: &str| {
        let about = About { workspace: Some(workspace), secret: Some(secret), role: None };
        typed::line(job.verb, &job.settings, about)
    };
    let standing = match refusal {
        Refusal::NotOurs(standing) => standing,
        Refusal::NoSuchArn => {
            return guard("does not exist".into())
                .hint("give a name to make a new one; an ARN names one that is there");
        }
        Refusal::UnknownRole => {
            let failure = guard("holds a token of which nothing says what it may do".into());
            return failure
                .note("a new one would get the role ADMIN, which may be more than its readers have")
                .hint(format!("say what it may do: `{} --role ROLE`", of(here)));
        }
    };
    match standing {
        Standing::Absent | Standing::Ours => guard("cannot be written".into()),
        Standing::InDeletion => guard("is going to be deleted".into()).hint(format!(
            "restore it with `aws secretsmanager restore-secret --secret-id {secret}`, or choose another name"
        )),
        Standing::OtherStack(stack) => guard(format!("belongs to stack `{stack}`")).hint(format!(
            "choose another name; or take it over with --adopt, and that stack loses its token: `{} --adopt`",
            of(here)
        )),
        Standing::OtherWorkspace(other) => guard(format!("belongs to workspace {other}, not to {here}"))
            .note("whoever reads it would then get a token that does not open that workspace")
            .hint(format!(
                "name that workspace: `{}`; or choose another secret; or move this one with --adopt: `{} --adopt`",
                of(other),
                of(here)
            )),
        Standing::UnknownWorkspace(described) => {
            let failure = guard(format!("does not say which workspace its token is for, and it may not be {here}"));
            let failure = match described {
                Some(of) => failure.note(format!("it was made for workspace {of}")),
                None => failure,
            };
            failure.hint(format!(
                "where it is for this workspace, or is to be: `{} --adopt`; its tag `{}` then says so",
                of(here),
                rules::WORKSPACE
            ))
        }
        Standing::Foreign => {
            let holds = seen.view(job.stack()).facts().workspace.filter(|of| of != here);
            let failure = guard("was not made by amgctl".into());
            let failure = match holds {
                Some(of) => failure.note(format!("it holds a token for workspace {of}")),
                None => failure,
            };
            failure.hint(
                "choose another name; or take it over with --adopt: its present value becomes the previous version",
            )
        }
    }
}

/// What is made of the secret, or why nothing is.
pub fn settled(job: &Job, seen: &Seen, due: bool) -> Result<Settled, Failure> {
    let by_arn = job.secret.as_deref().is_some_and(|secret| secret.starts_with("arn:"));
    if let (Some(info), Some(secret)) = (&seen.info, &job.secret)
        && let Some(primary) = info.primary.as_deref()
    {
        // Before anything is made: a token that cannot be stored is of no use to anybody.
        let there = info.arn.replacen(&format!(":{}:", job.aws.region_of(secret)), &format!(":{primary}:"), 1);
        let words =
            format!("the secret `{secret}` is a replica of one in region {primary}, and is changed there only");
        return Err(Failure::new(Exit::Guard, words).hint(format!("name that one by its ARN: --secret {there}")));
    }
    let settled = match seen.info {
        None if by_arn => Err(Refusal::NoSuchArn),
        Some(_) | None => seen.view(job.stack()).settle(&job.asked, due),
    };
    settled.map_err(|refusal| refused(&refusal, job, seen))
}

/// Tells of a key that counts for new secrets only.
pub fn tell_of_key(job: &Job, seen: &Seen, session: &Session<'_>) {
    if let (Some(key), Some(info)) = (&job.kms_key, &seen.info) {
        let has = info.kms_key.as_deref().unwrap_or("AWS's own key");
        let same = has == key || has.strip_suffix(key.as_str()).is_some_and(|rest| rest.ends_with([':', '/']));
        if !same {
            session.terminal.say(&format!(
                "note: the secret `{}` stays encrypted with {has}: --kms-key counts for a new one; change it with `aws \
                 secretsmanager update-secret --secret-id {} --kms-key-id {key}`",
                info.name, info.name
            ));
        }
    }
}

/// What becomes of the secret: what is different, each by its name, and a new version.
pub fn secret_steps(job: &Job, seen: &Seen, settled: &Settled) -> Vec<Step> {
    let name = seen.info.as_ref().map(|i| i.name.clone()).or_else(|| job.secret.clone()).unwrap_or_default();
    let step = |what, kind, about: String| Step { what, kind, name: name.clone(), about };
    let role = |role: Option<Role>| role.map_or_else(|| "unknown".to_owned(), |role| role.to_string());
    let format = |format: Option<Format>| format.map_or("unknown", Format::name);
    let mut steps = Vec::new();
    let mut taken = String::new();
    for change in &settled.changes {
        match change {
            Change::Role(before, after) => {
                let more = if widens(change) { ": more rights than before" } else { "" };
                let about = format!("{} -> {after}{more}; asked for by --role", role(*before));
                steps.push(step(What::Change, "role", about));
            }
            Change::Format(before, after) => {
                let about = format!("{} -> {}; asked for by --secret-format", format(*before), after.name());
                steps.push(step(What::Change, "format", about));
            }
            Change::FromWorkspace(before) => {
                let before = before.as_deref().unwrap_or("unknown");
                let about = format!(
                    "{before} -> {}: readers get a token of another workspace; asked for by --adopt",
                    job.workspace.id
                );
                steps.push(step(What::Change, "workspace", about));
            }
            Change::FromStack(before) => {
                let about = format!("{before} -> {}: that stack loses it; asked for by --adopt", job.stack());
                steps.push(step(What::Change, "stack", about));
                taken = "; taken over".into();
            }
            Change::TakenOver => taken = "; taken over".into(),
        }
    }
    let format = settled.format.name();
    steps.push(match seen.info {
        None => {
            step(What::Make, "secret", format!("{format}, {}", job.kms_key.as_deref().unwrap_or("AWS's own key")))
        }
        Some(_) => step(What::Change, "secret", format!("{format}, a new version{taken}")),
    });
    steps
}

/// The tags that are set where nothing else is due: what an earlier release did not set, what was cut off, what was asked.
pub fn tag_step(job: &Job, tags: &[(String, String)]) -> Option<Step> {
    let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
    let name = job.secret.clone().unwrap_or_default();
    (!keys.is_empty()).then(|| Step {
        what: What::Change,
        kind: "secret",
        name,
        about: format!("tags {}", keys.join(", ")),
    })
}

/// Why a token may go, in words.
pub fn why(why: Why) -> &'static str {
    match why {
        Why::RanOut => "ran out",
        Why::Superseded => "superseded",
        Why::MovedAway => "superseded: the secret is another workspace's now",
        Why::Unfinished => "left by a run that did not finish",
    }
}

/// Why one is made, in words.
pub fn because(due: &Due) -> String {
    match due {
        Due::First => "the secret has none yet".into(),
        Due::NotOurs => "the secret holds something else".into(),
        Due::Elsewhere => "the stored one is another workspace's".into(),
        Due::Access(Access::Key) => "the secret holds an API key".into(),
        Due::Access(Access::Token) => "the secret holds a token of a service account".into(),
        Due::Gone => "the stored one was deleted".into(),
        Due::Disabled => "the service account of the stored one is disabled".into(),
        Due::RanOut(since) => format!("the stored one ran out {} ago", left(*since)),
        Due::Soon(seconds) => format!("the stored one has {} left", left(*seconds)),
        Due::Change => "the stored one is to be another".into(),
        Due::Unfinished => "a run before this one did not finish".into(),
        Due::Asked => "asked for".into(),
    }
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

/// The workspace and the stack, as a plan begins.
pub fn head(job: &Job) -> String {
    let title = managed::title(&job.workspace, job.aws.region());
    format!("workspace  {title}\nstack      {}\n", job.stack())
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
    seen: &Seen,
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
                .hint("run the command again: it looks at the secret anew")
        } else {
            failure
        };
        (failure, not.perhaps)
    })
}

/// Tells that nothing is deleted after all: somebody changed the secret meanwhile, or what readers get.
pub fn tell_of_change(secret: &str, session: &Session<'_>) {
    session.terminal.say(&format!(
        "note: what readers of the secret `{secret}` get changed meanwhile, so nothing that was in it is deleted; run the \
         command again"
    ));
}

/// A run that failed on its way: what it did until then.
pub fn broken_off(failure: Failure, journal: &Journal) -> Failure {
    let failure = journal.lines().into_iter().fold(failure, Failure::note);
    match failure.hint {
        Some(_) => failure,
        None => failure.hint(format!("to go on: `{}`", journal.again())),
    }
}

/// The workspace, as documents have it.
pub fn of_workspace<'a>(workspace: &'a Workspace, aws: &'a Aws) -> json::OfWorkspace<'a> {
    json::OfWorkspace {
        id: &workspace.id,
        name: &workspace.name,
        endpoint: &workspace.endpoint,
        grafana_version: &workspace.grafana_version,
        region: aws.region(),
    }
}
