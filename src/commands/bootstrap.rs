//! `amgctl bootstrap-identity` and `amgctl identity rotate`: service account, token, secret; shown, asked for, done.
//!
//! The order never changes: make, verify against the workspace, store, promote, delete the one before last of all. So
//! running again after any end mends what was left, and no working token is replaced by one that was not verified.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Exit, Failure, Session, connect, directory, holder, managed};
use crate::aws::{Account, Aws, AwsError, Role, SecretInfo, TokenInfo, Workspace};
use crate::cli::{
    ApprovalArgs, DirectoryArgs, ManagedArgs, RoleArg, RulesArgs, SecretFormat, StoredArgs, WorkspaceArgs,
};
use crate::identity::mint::{Minter, account, fit};
use crate::identity::rotation::{self, Due, Holding, Why};
use crate::identity::store::{self, Make, Whose, whose};
use crate::identity::{names, stored};
use crate::model::{Secret, StackName};
use crate::render::access::{Step, What, done, steps};
use crate::render::duration::left;
use crate::settings::{self, Choice, Managed, Settings, named_duration, seconds, token_life};

/// How long a token that was verified is taken for good, in seconds.
const VERIFIED_FOR: i64 = 60;
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
    /// How the secret looks.
    pub format: SecretFormat,
    /// Its KMS key, where it is new.
    pub kms_key: Option<String>,
    /// Its further tags.
    pub tags: Vec<(String, String)>,
}

impl Job {
    /// How the versions of the secret begin that hold a token of ours.
    pub fn mark(&self, info: Option<&SecretInfo>) -> String {
        store::mark(&self.aws, self.secret.as_deref().unwrap_or_default(), info)
    }

    /// The stack.
    pub fn stack(&self) -> &StackName {
        &self.settings.stack
    }
}

/// Settles what a bootstrap is about, and finds the workspace.
pub async fn job(args: &StoredArgs, wanted: Wanted<'_>, session: &Session<'_>) -> Result<Job, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let (settings, managed) = settle(&args.directory, &args.managed, session)?;
    let secret = match wanted {
        Wanted::Account => None,
        Wanted::Token { .. } | Wanted::Renewal => Some(secret(args, &settings)?),
    };
    let ttl = token_life("--ttl", &args.token.ttl).map_err(usage)?;
    let overlap = named_duration("--overlap", &args.token.overlap).map_err(usage)?;
    let renew_before = match wanted {
        Wanted::Token { renew_before } => {
            let length = named_duration("--renew-before", renew_before).map_err(usage)?;
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
    Ok(Job {
        settings,
        aws,
        workspace,
        secret,
        ttl,
        renew_before: seconds(renew_before),
        overlap: seconds(overlap),
        format: args.secret.secret_format,
        kms_key: args.secret.kms_key.clone(),
        tags,
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
    let usage = |message: String| Failure::new(Exit::Usage, message);
    if managed.stack.is_none() {
        managed.stack = session.machine.named("AMGCTL_STACK").map_err(usage)?;
    }
    if managed.workspace.is_none() && managed.sandbox.is_none() {
        managed.workspace = session.machine.named("AMGCTL_WORKSPACE").map_err(usage)?;
    }
    let args = WorkspaceArgs { managed, ..WorkspaceArgs::default() };
    let mut settings =
        Settings::settle(directory.directory.clone(), file.clone(), &args, &RulesArgs::default()).map_err(usage)?;
    // The embedded workspace is entered through its AWS, as any other.
    let managed = settings::managed(&file, &args.managed).map_err(usage)?;
    settings.workspace = Choice::Managed(managed.clone());
    super::gather::must_be_named(&settings)?;
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

/// `amgctl bootstrap-identity`, and `amgctl identity rotate` when it is asked for whatever the token has left.
pub async fn identity(args: &StoredArgs, wanted: Wanted<'_>, session: &Session<'_>) -> Result<Exit, Failure> {
    let command = match wanted {
        Wanted::Account | Wanted::Token { .. } => "bootstrap-identity",
        Wanted::Renewal => "identity rotate",
    };
    may_ask(&args.approval, session, command)?;
    let job = job(args, wanted, session).await?;
    let major = super::api_key::major(&job.workspace);
    if major.is_some_and(|major| major < 9) {
        return Err(Failure::new(
            Exit::Guard,
            format!(
                "workspace `{}` is Grafana {}, which has no service accounts",
                managed::named(&job.workspace),
                job.workspace.grafana_version
            ),
        )
        .hint("`amgctl bootstrap-api-key` makes an API key for it"));
    }
    let role = role(args.token.role);
    let name = names::account(job.stack(), role);
    let accounts = job.aws.accounts(&job.workspace.id).await.map_err(|e| managed::failure(&e))?;
    let there = accounts.into_iter().find(|a| a.name == name);
    let there = there.map(|a| fit(a, role)).transpose().map_err(|e| {
        Failure::new(Exit::Guard, e.to_string())
            .hint("mend or delete it in the workspace's settings, then run again")
    })?;
    // Before the secret: a token that another run makes and promotes meanwhile is then not known, and not deleted.
    let tokens = match &there {
        Some(account) => job.aws.tokens(&job.workspace.id, &account.id).await.map_err(|e| managed::failure(&e))?,
        None => Vec::new(),
    };
    let info = match &job.secret {
        Some(secret) => describe(&job, secret, args.secret.adopt).await?,
        None => None,
    };
    let decided = decide(&job, args, wanted, there.as_ref(), &tokens, info.as_ref());
    let before = Before { account: there, info };
    let terminal = session.terminal;
    let told = |text: &str| if args.approval.json { terminal.say(text) } else { terminal.print(text) };
    told(&head(&job));
    if decided.steps.is_empty() {
        told(&nothing(&job, &before, &decided));
    } else {
        told(&steps(&decided.steps, &terminal.out));
        if !args.approval.dry_run && !approved(&args.approval, session).await {
            told("Cancelled.");
            return Ok(Exit::Error);
        }
    }
    let outcome = match args.approval.dry_run || decided.steps.is_empty() {
        true => Outcome::of(&before, &decided),
        false => {
            let outcome = carry_out(&job, role, &before, &decided, session, &told).await?;
            told("\nBootstrap complete!");
            outcome
        }
    };
    if args.approval.json {
        terminal.print(&outcome.json(&job, &decided, args.approval.dry_run));
    }
    Ok(Exit::Done)
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

/// The secret as it is, if it may be written.
pub async fn describe(job: &Job, secret: &str, adopt: bool) -> Result<Option<SecretInfo>, Failure> {
    let info = job.aws.describe_secret(secret).await.map_err(|e| managed::failure(&e))?;
    let refused = |words: String| Err(Failure::new(Exit::Guard, format!("the secret `{secret}` {words}")));
    if let Some((info, primary)) = info.as_ref().and_then(|info| Some((info, info.primary.as_deref()?))) {
        // Before anything is made: a token that cannot be stored is of no use to anybody.
        let there = info.arn.replacen(&format!(":{}:", job.aws.region_of(secret)), &format!(":{primary}:"), 1);
        return refused(format!("is a replica of one in region {primary}, and is changed there only"))
            .map_err(|f| f.hint(format!("name that one by its ARN: --secret {there}")));
    }
    match whose(info.as_ref(), job.stack().as_str()) {
        Whose::InDeletion => refused("is going to be deleted".into()).map_err(|f| {
            f.hint(format!(
                "restore it with `aws secretsmanager restore-secret --secret-id {secret}`, or choose another name"
            ))
        }),
        Whose::Nobodys if secret.starts_with("arn:") => refused("does not exist".into())
            .map_err(|f| f.hint("give a name to make a new one; an ARN names one that is there")),
        Whose::Nobodys | Whose::Ours => Ok(info),
        Whose::Other(_) | Whose::Foreign if adopt => Ok(info),
        Whose::Other(stack) => refused(format!("belongs to stack `{stack}`")).map_err(|f| {
            f.hint("choose another name; or take it over with --adopt, and that stack loses its token")
        }),
        Whose::Foreign => refused("was not made by amgctl".into()).map_err(|f| {
            f.hint(
                "choose another name; or take it over with --adopt: its present value becomes the previous version",
            )
        }),
    }
}

/// What was there before.
struct Before {
    account: Option<Account>,
    info: Option<SecretInfo>,
}

/// What is going to be done.
struct Decided<'a> {
    steps: Vec<Step>,
    due: Option<Due>,
    surplus: Vec<&'a TokenInfo>,
    mark: String,
    /// The token that readers get until now.
    stored: Option<&'a TokenInfo>,
}

fn decide<'a>(
    job: &Job,
    args: &StoredArgs,
    wanted: Wanted<'_>,
    account: Option<&Account>,
    tokens: &'a [TokenInfo],
    info: Option<&SecretInfo>,
) -> Decided<'a> {
    let secret = info.map(|i| i.name.as_str()).or(job.secret.as_deref()).unwrap_or_default();
    let mark = job.mark(info);
    let labels = job.secret.as_ref().map(|_| store::labels(info));
    let holding = Holding { stack: job.stack(), tokens, mark: &mark, labels, now: job.aws.now() };
    let format = format_name(job.format);
    let other_format = info.is_some_and(|i| i.tags.get(store::FORMAT).is_some_and(|f| f != format));
    let due = match &job.secret {
        None => None,
        Some(_) => holding
            .due(job.renew_before)
            .or_else(|| other_format.then_some(Due::Format))
            .or_else(|| (wanted == Wanted::Renewal).then_some(Due::Asked)),
    };
    let mut steps = Vec::new();
    let step = |what, kind, name: String, about: String| Step { what, kind, name, about };
    if account.is_none() {
        let role = role(args.token.role);
        let about = format!("{role}; a billed user of the workspace");
        steps.push(step(What::Make, "service account", names::account(job.stack(), role), about));
    }
    if let (Some(due), Some(_)) = (&due, &job.secret) {
        // AWS is told its name only when it is made.
        steps.push(step(
            What::Make,
            "token",
            String::new(),
            format!("lives {}; {}", left(seconds(job.ttl)), because(due)),
        ));
        steps.push(secret_step(job, secret, info));
    }
    let surplus = holding.surplus(job.overlap, holder::is_gone);
    for surplus in &surplus {
        steps.push(step(What::Delete, "token", surplus.token.name.clone(), why(surplus.why).into()));
    }
    let surplus = surplus.into_iter().map(|s| s.token).collect();
    Decided { steps, due, surplus, stored: holding.stored(), mark }
}

/// What becomes of the secret.
pub fn secret_step(job: &Job, name: &str, info: Option<&SecretInfo>) -> Step {
    let format = format_name(job.format);
    let (what, about) = match info {
        None => (What::Make, format!("{format}, {}", job.kms_key.as_deref().unwrap_or("AWS's own key"))),
        Some(info) => match whose(Some(info), job.stack().as_str()) {
            Whose::Ours => (What::Change, format!("{format}, a new version")),
            Whose::Nobodys | Whose::Other(_) | Whose::Foreign | Whose::InDeletion => {
                (What::Change, format!("{format}, a new version; taken over"))
            }
        },
    };
    Step { what, kind: "secret", name: name.to_owned(), about }
}

/// Why a token may go, in words.
pub fn why(why: Why) -> &'static str {
    match why {
        Why::RanOut => "ran out",
        Why::Superseded => "superseded",
        Why::Unfinished => "left by a run that did not finish",
    }
}

fn because(due: &Due) -> String {
    match due {
        Due::First => "the secret has none yet".into(),
        Due::NotOurs => "the secret holds something else".into(),
        Due::Gone => "the stored one was deleted".into(),
        Due::RanOut(since) => format!("the stored one ran out {} ago", left(*since)),
        Due::Soon(seconds) => format!("the stored one has {} left", left(*seconds)),
        Due::Format => "the secret is to look otherwise".into(),
        Due::Asked => "asked for".into(),
    }
}

/// How a secret looks, as its tag says it.
pub fn format_name(format: SecretFormat) -> &'static str {
    match format {
        SecretFormat::Json => "json",
        SecretFormat::Plain => "plain",
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

/// The workspace and the stack, as a plan begins.
pub fn head(job: &Job) -> String {
    let title = managed::title(&job.workspace, job.aws.region());
    format!("workspace  {title}\nstack      {}\n", job.stack())
}

fn nothing(job: &Job, before: &Before, decided: &Decided<'_>) -> String {
    let account = before.account.as_ref().map(|a| a.name.as_str()).unwrap_or_default();
    match (&job.secret, decided.stored) {
        (Some(secret), Some(token)) => format!(
            "No changes. The token in the secret `{secret}` is good for {}.",
            left(token.expires - job.aws.now())
        ),
        _ => format!("No changes. The service account `{account}` is there."),
    }
}

async fn carry_out(
    job: &Job,
    role: Role,
    before: &Before,
    decided: &Decided<'_>,
    session: &Session<'_>,
    told: &impl Fn(&str),
) -> Result<Outcome, Failure> {
    let style = &session.terminal.out;
    let of = |kind: &'static str| decided.steps.iter().filter(move |s| s.kind == kind && s.what != What::Delete);
    let refused = |error| managed::not_minted(error, &job.workspace, &job.settings);
    let account = match &before.account {
        Some(account) => account.clone(),
        None => {
            let made = account(&job.aws, &job.workspace.id, job.stack(), role, true).await.map_err(refused)?;
            of("service account").for_each(|step| told(&done(step, style)));
            made
        }
    };
    let mut outcome = Outcome::of(before, decided);
    outcome.account = Some((account.id.clone(), account.name.clone()));
    if let (Some(_), Some(secret)) = (&decided.due, &job.secret) {
        let token = make(job, secret, account, before, decided, session).await?;
        of("token").chain(of("secret")).for_each(|step| told(&done(step, style)));
        outcome.token = Some(token);
    }
    let Some((account, _)) = &outcome.account else { return Ok(outcome) };
    // The one that was just superseded stays for the overlap, unless there is none.
    let superseded = decided.stored.filter(|_| decided.due.is_some() && job.overlap == 0);
    for token in decided.surplus.iter().copied().chain(superseded) {
        job.aws.delete_token(&job.workspace.id, account, &token.id).await.map_err(|e| managed::failure(&e))?;
        let step = Step { what: What::Delete, kind: "token", name: token.name.clone(), about: String::new() };
        told(&done(&step, style));
    }
    Ok(outcome)
}

/// Makes a token, verifies it, stores it, promotes it.
async fn make(
    job: &Job,
    secret: &str,
    account: Account,
    before: &Before,
    decided: &Decided<'_>,
    session: &Session<'_>,
) -> Result<Told, Failure> {
    let stack = job.stack();
    let (aws, workspace) = (job.aws.clone(), job.workspace.id.clone());
    let minter = Arc::new(Minter::new(aws, workspace, account, stack.clone(), job.ttl));
    session.keep(minter.clone());
    let process = holder::mark();
    let named = |now: i64, random: &str| {
        names::stored_token(stack, now, &rotation::version(&decided.mark, random), &process)
    };
    let token = minter
        .make(job.ttl, named)
        .await
        .map_err(|error| managed::not_minted(error, &job.workspace, &job.settings))?;
    let Some(names::Purpose::Stored { version, .. }) = names::purpose(stack, &token.name) else {
        return Err(Failure::new(Exit::Error, format!("AWS made a token of another name: `{}`", token.name)));
    };
    verify(job, &token.key).await?;
    let expires = job.aws.now() + seconds(job.ttl);
    let about = stored::About {
        stack: stack.to_string(),
        token_id: token.id.clone(),
        name: token.name.clone(),
        account_id: minter.account().id.clone(),
        workspace_id: job.workspace.id.clone(),
        endpoint: job.workspace.endpoint.clone(),
        region: job.aws.region().to_owned(),
        expires: Some(expires),
    };
    let value = value(job.format, &token.key, &about);
    let verified = job.aws.now();
    let last = async || {
        // A run beside this one takes a token that is long not stored for one that nobody is going to store.
        if job.aws.now() > verified + VERIFIED_FOR {
            verify(job, &token.key).await?;
        }
        minter.release(&token);
        Ok(())
    };
    let kept = put(job, secret, before.info.as_ref(), &value, &version, Vec::new(), last).await;
    if let Err((failure, perhaps)) = kept {
        if perhaps {
            return Err(failure.note("the new token may be in the secret already, so it was not deleted"));
        }
        minter.take_back(&token);
        return Err(failure);
    }
    Ok(Told { id: token.id, name: token.name, expires })
}

/// What is stored.
pub fn value(format: SecretFormat, token: &Secret, about: &stored::About) -> Secret {
    match format {
        SecretFormat::Json => stored::object(token, about),
        SecretFormat::Plain => token.clone(),
    }
}

/// Makes sure that a token opens the workspace, before anything is replaced by it.
pub async fn verify(job: &Job, token: &Secret) -> Result<(), Failure> {
    connect::verify(&managed::url(&job.workspace.endpoint)?, token, Some(&job.workspace)).await
}

/// Puts a value into the secret; says whether readers may have it although it failed.
///
/// The last step before readers may have it is the caller's: where that fails, they never get it.
pub async fn put(
    job: &Job,
    secret: &str,
    info: Option<&SecretInfo>,
    value: &Secret,
    version: &str,
    more: Vec<(String, String)>,
    last: impl AsyncFnOnce() -> Result<(), Failure>,
) -> Result<(), (Failure, bool)> {
    let stack = job.stack();
    let make = Make {
        name: secret,
        kms_key: job.kms_key.as_deref(),
        description: format!("amgctl: token of stack {stack} for workspace {}", job.workspace.id),
    };
    let mut tags = vec![
        (store::STACK.to_owned(), stack.to_string()),
        (store::FORMAT.to_owned(), format_name(job.format).to_owned()),
    ];
    tags.extend(more);
    tags.extend(job.tags.iter().cloned());
    let laid = store::lay_beside(&job.aws, info, value, version, &tags).await;
    laid.map_err(|error| (managed::failure(&error), false))?;
    last().await.map_err(|failure| (failure, false))?;
    store::promote(&job.aws, &make, info, value, version, &tags).await.map_err(|not| {
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

/// A token as it may be told.
#[derive(Clone)]
struct Told {
    id: String,
    name: String,
    expires: i64,
}

/// What is there at the end.
struct Outcome {
    account: Option<(String, String)>,
    token: Option<Told>,
}

impl Outcome {
    fn of(before: &Before, decided: &Decided<'_>) -> Outcome {
        Outcome {
            account: before.account.as_ref().map(|a| (a.id.clone(), a.name.clone())),
            token: decided.stored.map(|t| Told { id: t.id.clone(), name: t.name.clone(), expires: t.expires }),
        }
    }

    fn json(&self, job: &Job, decided: &Decided<'_>, dry_run: bool) -> String {
        let token = self.token.as_ref().map(|t| {
            let expires = Timestamp::from_second(t.expires).map(|m| m.to_string()).unwrap_or_default();
            json!({ "id": t.id, "name": t.name, "expiresAt": expires })
        });
        let account = self.account.as_ref().map(|(id, name)| json!({ "id": id, "name": name }));
        let secret = job.secret.as_ref().map(|name| json!({ "name": name, "format": format_name(job.format) }));
        let changes = changes(&decided.steps);
        let value = json!({
            "workspace": workspace_json(job), "stack": job.stack().as_str(), "account": account, "token": token,
            "secret": secret, "changes": changes, "dryRun": dry_run,
        });
        format!("{value:#}")
    }
}

/// Steps as JSON.
pub fn changes(steps: &[Step]) -> Vec<Value> {
    let word = |what| match what {
        What::Make => "create",
        What::Change => "update",
        What::Delete => "delete",
    };
    steps
        .iter()
        .map(|s| {
            let name = Some(&s.name).filter(|name| !name.is_empty());
            json!({ "action": word(s.what), "kind": s.kind, "name": name, "about": s.about })
        })
        .collect()
}

/// The workspace as JSON.
pub fn workspace_json(job: &Job) -> Value {
    json!({
        "id": job.workspace.id, "name": job.workspace.name, "endpoint": job.workspace.endpoint,
        "grafanaVersion": job.workspace.grafana_version, "region": job.aws.region(),
    })
}
