//! `amgctl identity status`, `prune` and `policy`: what access there is, what of it may go, what it needs in AWS.

use super::bootstrap;
use super::job::{self, Wanted};
use super::journal::Journal;
use super::seen::{Accounts, Inventory};
use super::steps::why;
use super::typed::{self, About as Typed};
use super::{Exit, Failure, Session, connect, managed, needs, steps};
use crate::aws::{Aws, Workspace};
use crate::cli::{DirectoryArgs, IdentityCommand, ManagedArgs, PolicyArgs, PolicyMode, PruneArgs, StatusArgs};
use crate::identity::find::Named;
use crate::identity::github::{self, Jobs};
use crate::identity::names::{Purpose, purpose};
use crate::identity::policy::{self, About, Job};
use crate::identity::rules::tokens::Why;
use crate::identity::rules::{Standing, View};
use crate::model::counted;
use crate::render::access::{Step, What, done, steps};
use crate::render::duration::left;
use crate::render::json;
use crate::render::table::rows;
use crate::settings::{Settings, named_duration, seconds};

/// `amgctl identity`.
pub async fn run(command: IdentityCommand, session: &Session<'_>) -> Result<Exit, Failure> {
    match command {
        IdentityCommand::Status(args) => status(args, session).await,
        IdentityCommand::Rotate(args) => bootstrap::identity(&args, Wanted::Renewal, session).await,
        IdentityCommand::Prune(args) => prune(args, session).await,
        IdentityCommand::Policy(args) => print_policy(&args, session),
    }
}

/// What access there is.
struct There {
    settings: Settings,
    aws: Aws,
    workspace: Workspace,
    /// The name of the secret.
    secret: Option<String>,
    seen: Inventory,
}

impl There {
    async fn look(
        directory: &DirectoryArgs,
        managed: &ManagedArgs,
        secret: Option<String>,
        session: &Session<'_>,
    ) -> Result<There, Failure> {
        let (settings, managed) = job::settle(directory, managed, session)?;
        let aws = managed::aws(&settings, session).await?;
        let workspace = managed::workspace(&aws, &managed, session).await?;
        let secret = secret.or_else(|| settings.access.secret.clone());
        let seen = Inventory::look(&aws, &workspace, &settings.stack, secret.as_deref(), Accounts::Read).await?;
        Ok(There { settings, aws, workspace, secret, seen })
    }

    fn view(&self) -> View<'_> {
        self.seen.view(&self.settings.stack)
    }

    /// When the token in the secret ends: the token's own word, or that of its version for an API key.
    fn ends(&self) -> Option<i64> {
        self.view().stored().map(|(_, token)| token.expires).or_else(|| self.view().key_ends())
    }

    /// A whole command line about the same.
    fn line(&self, verb: &str) -> String {
        let about = Typed { workspace: Some(&self.workspace.id), secret: self.secret.as_deref(), role: None };
        typed::line(verb, &self.settings, about)
    }
}

/// `amgctl identity status`.
async fn status(args: StatusArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let under = args.fail_under.as_deref().map(|text| named_duration("--fail-under", text)).transpose()?;
    let there = There::look(&args.directory, &args.managed, args.secret, session).await?;
    let caller = there.aws.caller().await.map_err(|e| managed::failure(&e))?;
    let opens = match (&there.secret, &there.seen.info) {
        (Some(name), Some(_)) => Some(opens(&there, name).await),
        _ => None,
    };
    let left_now = there.ends().map(|end| end - there.aws.now());
    let terminal = session.terminal;
    if args.json {
        terminal.print(&status_json(&there, &caller, left_now, opens.as_ref()));
    } else {
        terminal.print(&status_text(&there, &caller, left_now, opens.as_ref()));
    }
    let broken = matches!(opens, Some(Err(_)));
    let due = under.is_some_and(|under| broken || left_now.is_none_or(|left| left < seconds(under)));
    Ok(if due { Exit::Changes } else { Exit::Done })
}

/// Whether the stored token opens the workspace; what was said where it does not.
async fn opens(there: &There, secret: &str) -> Result<(), String> {
    let stored = managed::read(&there.aws, &there.settings, Some(&there.workspace), secret);
    let stored = stored.await.map_err(|failure| failure.message)?;
    let url = managed::url(&there.workspace.endpoint).map_err(|failure| failure.message)?;
    connect::verify(&url, &stored.token, Some(&there.workspace)).await.map_err(|failure| failure.message)
}

fn status_text(
    there: &There,
    caller: &crate::aws::Caller,
    left_now: Option<i64>,
    opens: Option<&Result<(), String>>,
) -> String {
    let mut text = format!(
        "AWS        {} (account {})\nworkspace  {}\nstack      {}\n",
        caller.arn,
        caller.account,
        managed::title(&there.workspace, there.aws.region()),
        there.settings.stack
    );
    // An API key has none.
    if there.seen.holders.is_empty() && !matches!(opens, Some(Ok(()))) {
        let make = there.line("bootstrap-identity");
        text.push_str(&format!("\nThe stack has no service account here; `{make}` makes it.\n"));
    }
    let stored = there.view().stored().map(|(_, token)| token.id.as_str());
    for (account, tokens) in &there.seen.holders {
        let disabled = if account.disabled { ", disabled" } else { "" };
        let count = counted(tokens.len(), "token");
        text.push_str(&format!("\nservice account {} ({}{disabled}), {count}\n", account.name, account.role));
        let mut told = Vec::new();
        for token in tokens {
            let use_ = match purpose(&there.settings.stack, &token.name) {
                _ if stored == Some(token.id.as_str()) => "stored",
                Some(Purpose::Run) => "of a run",
                Some(Purpose::Stored { .. }) => "not in use",
                None => "somebody's",
            };
            let ends = match token.expires - there.aws.now() {
                seconds if seconds <= 0 => format!("ran out {} ago", left(-seconds)),
                seconds => format!("ends in {}", left(seconds)),
            };
            told.push([use_.to_owned(), ends, token.name.clone()]);
        }
        let told: Vec<_> = told.iter().map(|[use_, ends, name]| [&**use_, &**ends, &**name]).collect();
        for line in rows(&told).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if let Some(name) = &there.secret {
        let told = match (&there.seen.info, left_now, opens) {
            (None, _, _) => "does not exist".into(),
            (_, _, Some(Err(words))) => format!("holds a token that does not work: {words}"),
            (_, Some(seconds), _) if seconds <= 0 => format!("holds a token that expired {} ago", left(-seconds)),
            (_, Some(seconds), _) => format!("holds a token that works and ends in {}", left(seconds)),
            (_, None, _) => "holds a token that works, and nothing says when it ends".into(),
        };
        text.push_str(&format!("\nThe secret `{name}` {told}.\n"));
    }
    text.trim_end().to_owned()
}

fn status_json(
    there: &There,
    caller: &crate::aws::Caller,
    left_now: Option<i64>,
    opens: Option<&Result<(), String>>,
) -> String {
    let stored = there.view().stored().map(|(_, token)| token.id.clone());
    let accounts = there.seen.holders.iter().map(|(account, tokens)| {
        let tokens = tokens.iter().map(|t| json::Token {
            id: &t.id,
            name: &t.name,
            created_at: json::moment(t.created),
            expires_at: json::moment(t.expires),
            last_used_at: t.last_used.map(json::moment),
            stored: stored.as_ref() == Some(&t.id),
        });
        json::Account {
            id: &account.id,
            name: &account.name,
            role: account.role.to_string(),
            disabled: account.disabled,
            tokens: tokens.collect(),
        }
    });
    let facts = there.view().facts();
    let secret = there.secret.as_ref().map(|name| json::StatusOfSecret {
        name,
        exists: there.seen.info.is_some(),
        seconds_left: left_now,
        workspace: facts.workspace.as_deref(),
        role: facts.role.map(|role| role.to_string()),
        format: facts.format.as_ref().map(|format| format.name()),
        expires_at: there.ends().map(json::moment),
        works: opens.map(Result::is_ok),
    });
    json::text(&json::Status {
        caller: json::Caller { account: &caller.account, arn: &caller.arn },
        workspace: steps::of_workspace(&there.workspace, &there.aws),
        stack: there.settings.stack.as_str(),
        accounts: accounts.collect(),
        secret,
    })
}

/// `amgctl identity prune`.
async fn prune(args: PruneArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    job::may_ask(&args.approval, session, "identity prune")?;
    let overlap = named_duration("--overlap", &args.overlap)?;
    let there = There::look(&args.directory, &args.managed, args.secret, session).await?;
    let view = there.view();
    let surplus = view.surplus(seconds(overlap));
    let planned: Vec<Step> = surplus
        .iter()
        .map(|s| Step { what: What::Delete, kind: "token", name: s.token.name.clone(), about: why(s.why).into() })
        .collect();
    let terminal = session.terminal;
    let told = |text: &str| if args.approval.json { terminal.say(text) } else { terminal.print(text) };
    if planned.is_empty() {
        told("No changes. No token of the stack expired or was superseded.");
    } else {
        told(&steps(&planned, &terminal.out));
    }
    tell_of_kept(&there, session);
    if !planned.is_empty() && !args.approval.dry_run {
        let journal = std::sync::Arc::new(Journal::new(&planned, there.line("identity prune")));
        session.tell_at_signal(journal.clone());
        if !job::approved(&args.approval, session).await {
            told("Cancelled.");
            return Ok(Exit::Error);
        }
        let mut holds = true;
        if let Some(secret) = there.secret.as_ref().filter(|_| surplus.iter().any(|s| s.why != Why::RanOut)) {
            let stack = &there.settings.stack;
            let again = Inventory::look(&there.aws, &there.workspace, stack, Some(secret), Accounts::Read).await?;
            holds = again.view(stack).still_holds(view.current());
            if !holds {
                steps::tell_of_change(secret, session);
            }
        }
        for (surplus, step) in surplus.iter().zip(&planned).filter(|(s, _)| holds || s.why == Why::RanOut) {
            journal.sends(step);
            let deleted = there.aws.delete_token(&there.workspace.id, &surplus.account.id, &surplus.token.id);
            deleted.await.map_err(|e| job::broken_off(managed::failure(&e), &journal))?;
            journal.did(step);
            told(&done(step, &terminal.out));
        }
    }
    if args.approval.json {
        let document = json::Prune { changes: json::changes(&planned), dry_run: args.approval.dry_run };
        terminal.print(&json::text(&document));
    }
    Ok(Exit::Done)
}

/// Says why tokens stay that somebody may have expected to go.
fn tell_of_kept(there: &There, session: &Session<'_>) {
    let view = there.view();
    let Some(secret) = there.secret.as_ref().filter(|_| view.kept() > 0) else { return };
    let words = match view.standing() {
        Standing::Ours if view.reader_is_served() => return,
        Standing::Ours => format!(
            "readers of the secret `{secret}` get a token that does not work, so none that works is deleted: `{}` stores \
             a new one",
            there.line("bootstrap-identity")
        ),
        Standing::OtherWorkspace(_) => return,
        Standing::Absent => format!("the secret `{secret}` is not there, so nothing says which tokens are in use"),
        Standing::InDeletion => format!("the secret `{secret}` may be restored, so the tokens in it stay"),
        Standing::OtherStack(stack) => format!("the secret `{secret}` belongs to stack `{stack}`"),
        Standing::UnknownWorkspace(_) | Standing::Foreign => {
            format!("the secret `{secret}` does not say that it is of this stack and workspace")
        }
    };
    session.terminal.say(&format!("note: {words}"));
}

/// `amgctl identity policy`: asks nobody anything.
fn print_policy(args: &PolicyArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let mut about = About {
        partition: String::new(),
        region: args.region.clone().unwrap_or_default(),
        account: args.account.clone().unwrap_or_default(),
        workspace: args.workspace.clone().unwrap_or_default(),
        secrets: args.secret.clone(),
        parameters: args.parameter.clone(),
        manifests: policy::Manifests::default(),
        kms_key: args.kms_key.clone(),
    };
    if let Some(arn) = args.workspace.as_deref().and_then(|text| text.strip_prefix("arn:")) {
        // arn:PARTITION:grafana:REGION:ACCOUNT:/workspaces/ID
        let parts: Vec<&str> = arn.splitn(5, ':').collect();
        let (Named::Id(id, _), [partition, _, region, account, _]) =
            (Named::read(args.workspace.as_deref()), &parts[..])
        else {
            return Err(Failure::new(Exit::Usage, format!("`arn:{arn}` is not the ARN of a workspace"))
                .hint("it looks like arn:aws:grafana:eu-west-1:111122223333:/workspaces/g-0123456789"));
        };
        about.partition = (*partition).to_owned();
        about.region = (*region).to_owned();
        about.account = (*account).to_owned();
        about.workspace = id;
    } else if let Named::Id(id, region) = Named::read(args.workspace.as_deref()) {
        about.region = region.unwrap_or(about.region);
        about.workspace = id;
    }
    if let Some(directory) = &args.directory {
        needs::add(&mut about, directory, session)?;
    }
    if let Some(fault) = about.fault() {
        let failure = Failure::new(Exit::Usage, fault.clone());
        return Err(match fault.starts_with("--workspace") {
            true => failure.hint("`amgctl workspace list` shows the ids"),
            false => failure,
        });
    }
    let terminal = session.terminal;
    if let Some(repository) = &args.github {
        return print_roles(repository, &about, args, session);
    }
    let job = match args.mode {
        PolicyMode::Plan => Job::Plan,
        PolicyMode::Apply => Job::Apply,
        PolicyMode::Bootstrap => Job::Bootstrap,
        PolicyMode::Reader => Job::Reader,
        PolicyMode::Viewer => Job::Viewer,
    };
    terminal.print(&format!("{:#}", policy::policy(job, &about)));
    terminal.say(&format!("note: {}", policy::meaning(job)));
    Ok(Exit::Done)
}

/// The roles of a repository of GitHub.
fn print_roles(typed: &str, about: &About, args: &PolicyArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let named = github::Named::read(typed, args.github_ids.as_deref()).map_err(|message| {
        usage(message).hint("write it as OWNER/REPOSITORY:BRANCH, numbers as --github-ids OWNER-ID/REPOSITORY-ID")
    })?;
    let apply = match (&args.environment, &named.branch) {
        (Some(name), _) => match github::environment_fault(name) {
            Some(fault) => return Err(usage(fault)),
            None => Jobs::Environment(name.clone()),
        },
        (None, Some(branch)) if args.any => {
            return Err(usage(format!("--any trusts every branch, and `{branch}` is named")));
        }
        (None, Some(branch)) => Jobs::Branch(branch.clone()),
        (None, None) if args.any => Jobs::All,
        (None, None) => {
            return Err(usage(format!("--github {typed} names no branch, and every one would be trusted")).hint(format!(
                "name the one that applies: {typed}:main; or --environment NAME; or --any for every branch, tag and \
                 pull request"
            )));
        }
    };
    let viewer = args.viewer_secret.clone().unwrap_or_default();
    let of_viewer = About { secrets: args.viewer_secret.iter().cloned().collect(), ..About::default() };
    if let Some(fault) = of_viewer.fault() {
        return Err(usage(fault.replace("--secret", "--viewer-secret")));
    }
    let terminal = session.terminal;
    terminal.print(&format!("{:#}", github::roles(about, &named.repository, &apply, &viewer)));
    for note in github::notes(&named.repository, &named, &apply, &viewer) {
        terminal.say(&note);
    }
    terminal.say(&format!("note: {}", policy::meaning(Job::Apply)));
    Ok(Exit::Done)
}
