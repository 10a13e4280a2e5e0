//! `amgctl identity status`, `prune` and `policy`: what access there is, what of it may go, what it needs in AWS.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::bootstrap::{self, Wanted, why};
use super::{Exit, Failure, Session, connect, holder, managed};
use crate::aws::{Account, Aws, Role, SecretInfo, TokenInfo, Workspace};
use crate::cli::{DirectoryArgs, IdentityCommand, ManagedArgs, PolicyArgs, PolicyMode, PruneArgs, StatusArgs};
use crate::identity::find::Named;
use crate::identity::github::{self, Jobs};
use crate::identity::names::{self, Purpose, purpose};
use crate::identity::policy::{self, About, Job};
use crate::identity::rotation::{self, Holding};
use crate::identity::store;
use crate::render::access::{Step, What, done, steps};
use crate::render::duration::left;
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
    /// The stack's service accounts with their tokens.
    accounts: Vec<(Account, Vec<TokenInfo>)>,
    /// The name of the secret, and the secret.
    secret: Option<(String, Option<SecretInfo>)>,
    /// How the versions of the secret begin that hold a token of ours.
    mark: String,
}

impl There {
    async fn look(
        directory: &DirectoryArgs,
        managed: &ManagedArgs,
        secret: Option<String>,
        session: &Session<'_>,
    ) -> Result<There, Failure> {
        let (settings, managed) = bootstrap::settle(directory, managed, session)?;
        let aws = managed::aws(&settings, session).await?;
        let workspace = managed::workspace(&aws, &managed, session).await?;
        let told = |e| managed::failure(&e);
        let ours = [Role::Admin, Role::Editor, Role::Viewer].map(|role| names::account(&settings.stack, role));
        let all = aws.accounts(&workspace.id).await.map_err(told)?;
        let mut accounts = Vec::new();
        for account in all.into_iter().filter(|a| ours.contains(&a.name)) {
            let tokens = aws.tokens(&workspace.id, &account.id).await.map_err(told)?;
            accounts.push((account, tokens));
        }
        // After the tokens: one that a run makes and promotes meanwhile is then not known, and not deleted.
        let secret = match secret.or_else(|| settings.access.secret.clone()) {
            Some(name) => Some((name.clone(), aws.describe_secret(&name).await.map_err(told)?)),
            None => None,
        };
        let (name, info) = secret.as_ref().map_or(("", None), |(name, info)| (name, info.as_ref()));
        let mark = store::mark(&aws, name, info);
        Ok(There { settings, aws, workspace, accounts, secret, mark })
    }

    fn holding<'a>(&'a self, tokens: &'a [TokenInfo]) -> Holding<'a, 'a> {
        let labels = self.secret.as_ref().map(|(_, info)| store::labels(info.as_ref()));
        let (stack, mark) = (&self.settings.stack, self.mark.as_str());
        Holding { stack, tokens, mark, labels, now: self.aws.now() }
    }

    /// The token that readers of the secret get.
    fn stored(&self) -> Option<&TokenInfo> {
        self.accounts.iter().find_map(|(_, tokens)| self.holding(tokens).stored())
    }

    /// When the token in the secret ends: the token's own word, or that of the secret's tag for an API key.
    fn ends(&self) -> Option<i64> {
        let tagged = || {
            let (_, info) = self.secret.as_ref()?;
            let info = info.as_ref().filter(|info| store::tells_of_current(info))?;
            store::moment(info, store::EXPIRES)
        };
        self.stored().map(|token| token.expires).or_else(tagged)
    }
}

/// `amgctl identity status`.
async fn status(args: StatusArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let under = args.fail_under.as_deref().map(|text| named_duration("--fail-under", text)).transpose();
    let under = under.map_err(|message| Failure::new(Exit::Usage, message))?;
    let there = There::look(&args.directory, &args.managed, args.secret, session).await?;
    let caller = there.aws.caller().await.map_err(|e| managed::failure(&e))?;
    let opens = match &there.secret {
        Some((name, Some(_))) => Some(opens(&there, name).await),
        _ => None,
    };
    let left_now = there.ends().map(|end| end - there.aws.now());
    let terminal = session.terminal;
    if args.json {
        terminal.print(&format!("{:#}", status_json(&there, &caller, left_now, opens.as_ref())));
    } else {
        terminal.print(&status_text(&there, &caller, left_now, opens.as_ref()));
    }
    let broken = matches!(opens, Some(Err(_)));
    let due = under.is_some_and(|under| broken || left_now.is_none_or(|left| left < seconds(under)));
    Ok(if due { Exit::Changes } else { Exit::Done })
}

/// Whether the stored token opens the workspace; what was said where it does not.
async fn opens(there: &There, secret: &str) -> Result<(), String> {
    let stored = managed::read(&there.aws, secret, there.settings.access.key.as_deref());
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
    if there.accounts.is_empty() && !matches!(opens, Some(Ok(()))) {
        text.push_str("\nThe stack has no service account here; `amgctl bootstrap-identity` makes it.\n");
    }
    let stored = there.stored().map(|token| token.id.as_str());
    for (account, tokens) in &there.accounts {
        let disabled = if account.disabled { ", disabled" } else { "" };
        let count = if tokens.len() == 1 { "1 token".to_owned() } else { format!("{} tokens", tokens.len()) };
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
    if let Some((name, info)) = &there.secret {
        let told = match (info, left_now, opens) {
            (None, _, _) => "does not exist".into(),
            (_, _, Some(Err(words))) => format!("holds a token that does not work: {words}"),
            (_, Some(seconds), _) if seconds <= 0 => format!("holds a token that ran out {} ago", left(-seconds)),
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
) -> Value {
    let moment = |seconds: i64| Timestamp::from_second(seconds).map(|m| m.to_string()).unwrap_or_default();
    let stored = there.stored().map(|token| token.id.clone());
    let accounts: Vec<Value> = there
        .accounts
        .iter()
        .map(|(account, tokens)| {
            let tokens: Vec<Value> = tokens
                .iter()
                .map(|t| {
                    json!({
                        "id": t.id, "name": t.name, "createdAt": moment(t.created), "expiresAt": moment(t.expires),
                        "lastUsedAt": t.last_used.map(moment), "stored": stored.as_ref() == Some(&t.id),
                    })
                })
                .collect();
            json!({
                "id": account.id, "name": account.name, "role": account.role.to_string(),
                "disabled": account.disabled, "tokens": tokens,
            })
        })
        .collect();
    let secret = there.secret.as_ref().map(|(name, info)| {
        json!({
            "name": name, "exists": info.is_some(), "secondsLeft": left_now,
            "expiresAt": there.ends().map(moment), "works": opens.map(Result::is_ok),
        })
    });
    json!({
        "caller": { "account": caller.account, "arn": caller.arn },
        "workspace": {
            "id": there.workspace.id, "name": there.workspace.name, "endpoint": there.workspace.endpoint,
            "grafanaVersion": there.workspace.grafana_version, "region": there.aws.region(),
        },
        "stack": there.settings.stack.as_str(), "accounts": accounts, "secret": secret,
    })
}

/// `amgctl identity prune`.
async fn prune(args: PruneArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    bootstrap::may_ask(&args.approval, session, "identity prune")?;
    let overlap = named_duration("--overlap", &args.overlap).map_err(|m| Failure::new(Exit::Usage, m))?;
    let overlap = seconds(overlap);
    let there = There::look(&args.directory, &args.managed, args.secret, session).await?;
    let surplus: Vec<(&Account, rotation::Surplus<'_>)> = there
        .accounts
        .iter()
        .flat_map(|(account, tokens)| {
            there.holding(tokens).surplus(overlap, holder::is_gone).into_iter().map(move |s| (account, s))
        })
        .collect();
    let planned: Vec<Step> = surplus
        .iter()
        .map(|(_, s)| Step {
            what: What::Delete,
            kind: "token",
            name: s.token.name.clone(),
            about: why(s.why).into(),
        })
        .collect();
    let terminal = session.terminal;
    let told = |text: &str| if args.approval.json { terminal.say(text) } else { terminal.print(text) };
    if planned.is_empty() {
        told("No changes. No token of the stack ran out or was superseded.");
    } else {
        told(&steps(&planned, &terminal.out));
        if !args.approval.dry_run {
            if !bootstrap::approved(&args.approval, session).await {
                told("Cancelled.");
                return Ok(Exit::Error);
            }
            for ((account, surplus), step) in surplus.iter().zip(&planned) {
                let deleted = there.aws.delete_token(&there.workspace.id, &account.id, &surplus.token.id);
                deleted.await.map_err(|e| managed::failure(&e))?;
                told(&done(step, &terminal.out));
            }
        }
    }
    if args.approval.json {
        let value = json!({ "changes": bootstrap::changes(&planned), "dryRun": args.approval.dry_run });
        terminal.print(&format!("{value:#}"));
    }
    Ok(Exit::Done)
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
        kms_key: args.kms_key.clone(),
    };
    if let Some(arn) = args.workspace.as_deref().and_then(|text| text.strip_prefix("arn:")) {
        // arn:PARTITION:grafana:REGION:ACCOUNT:/workspaces/ID
        let parts: Vec<&str> = arn.splitn(5, ':').collect();
        let (Named::Id(id, _), [partition, _, region, account, _]) =
            (Named::read(args.workspace.as_deref()), &parts[..])
        else {
            return Err(Failure::new(Exit::Usage, format!("`arn:{arn}` is no ARN of a workspace"))
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
