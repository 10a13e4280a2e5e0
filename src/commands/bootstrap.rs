//! `amgctl bootstrap-identity` and `amgctl identity rotate`: service account, token, secret; shown, asked for, done.
//!
//! The order never changes: make, verify against the workspace, store, promote, delete the one before last of all. So
//! running again after any end mends what was left, and no working token is replaced by one that was not verified. What
//! is decided stands in [`crate::identity::rules`].

use std::sync::Arc;

use super::job::{self, Job, Next, Wanted};
use super::journal::Journal;
use super::seen::{Accounts, Inventory};
use super::{Exit, Failure, Session, holder, managed, steps};
use crate::aws::{Account, Role};
use crate::cli::StoredArgs;
use crate::identity::mint::{Minter, account, fit};
use crate::identity::rules::tokens::{self, Due, Surplus, Why};
use crate::identity::rules::{Settled, View};
use crate::identity::version::{Access, Version};
use crate::identity::{names, stored};
use crate::render::access::{Step, What, done, steps};
use crate::render::duration::left;
use crate::render::json;
use crate::settings::seconds;

/// How long a token that was verified is taken for good, in seconds.
const VERIFIED_FOR: i64 = 60;

/// `amgctl bootstrap-identity`, and `amgctl identity rotate` when it is asked for whatever the token has left.
pub async fn identity(args: &StoredArgs, wanted: Wanted<'_>, session: &Session<'_>) -> Result<Exit, Failure> {
    let command = match wanted {
        Wanted::Account | Wanted::Token { .. } => "bootstrap-identity",
        Wanted::Renewal => "identity rotate",
    };
    job::may_ask(&args.approval, session, command)?;
    let job = job::job(args, command, wanted, session).await?;
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
        .hint(format!("an API key is made for it by `{}`", job.line("bootstrap-api-key", job.asked.role))));
    }
    let seen =
        Inventory::look(&job.aws, &job.workspace, job.stack(), job.secret.as_deref(), Accounts::Read).await?;
    let decided = decide(&job, wanted, &seen)?;
    steps::tell_of_key(&job, &seen, session);
    let terminal = session.terminal;
    let told = |text: &str| if args.approval.json { terminal.say(text) } else { terminal.print(text) };
    told(&steps::head(&job));
    let journal = Arc::new(job.journal(&decided.steps, &decided.settled));
    if decided.steps.is_empty() {
        told(&nothing(&job, &decided));
    } else {
        told(&steps(&decided.steps, &terminal.out));
        session.tell_at_signal(journal.clone());
        if !args.approval.dry_run && !job::approved(&args.approval, session).await {
            told("Cancelled.");
            return Ok(Exit::Error);
        }
    }
    let outcome = match args.approval.dry_run || decided.steps.is_empty() {
        true => Outcome::of(&decided),
        false => {
            let outcome = carry_out(&job, &seen, &decided, &journal, session, &told).await;
            let outcome = outcome.map_err(|failure| job::broken_off(failure, &journal))?;
            told("\nBootstrap complete!");
            outcome
        }
    };
    if args.approval.json {
        terminal.print(&outcome.json(&job, &decided, args.approval.dry_run));
    }
    Ok(Exit::Done)
}

/// What is going to be done.
struct Decided<'a> {
    settled: Settled,
    /// The service account, where it is there.
    account: Option<Account>,
    due: Option<Due>,
    steps: Vec<Step>,
    /// Each step that deletes, with the token.
    surplus: Vec<(Step, Surplus<'a>)>,
    /// The token that readers get until now.
    stored: Option<NewToken>,
    /// When that ends, in seconds from now.
    left: i64,
    /// The tags that are set where no token is due.
    missing: Vec<(String, String)>,
}

fn decide<'a>(job: &'a Job, wanted: Wanted<'_>, seen: &'a Inventory) -> Result<Decided<'a>, Failure> {
    let view: View<'a> = seen.view(job.stack());
    let due = match wanted {
        Wanted::Account => None,
        Wanted::Token { .. } => view.renewal(tokens::Wanted::Lasting(job.renew_before), &job.asked),
        Wanted::Renewal => view.renewal(tokens::Wanted::New, &job.asked),
    };
    let settled = steps::settled(job, seen, due.is_some())?;
    let name = names::account(job.stack(), settled.role);
    let account = seen.holders.iter().map(|(account, _)| account).find(|account| account.name == name);
    let account = account.map(|account| fit(account.clone(), settled.role)).transpose().map_err(|e| {
        Failure::new(Exit::Guard, e.to_string())
            .hint("repair or delete it in the workspace's settings, then run again")
    })?;
    let mut steps = Vec::new();
    let step = |what, kind, name: String, about: String| Step { what, kind, name, about };
    // An account is made only for a token that is made: one that is there may be of another role.
    if account.is_none() && (due.is_some() || wanted == Wanted::Account) {
        let about = format!("{}; a billed user of the workspace", settled.role);
        steps.push(step(What::Make, "service account", name, about));
    }
    let tags = job.tags(&view, settled.format);
    let missing = if due.is_some() { Vec::new() } else { view.missing(tags) };
    if let (Some(due), Some(_)) = (&due, &job.secret) {
        let about = format!("lives {}; {}", left(seconds(job.ttl)), steps::because(due));
        // AWS is told its name only when it is made.
        steps.push(step(What::Make, "token", String::new(), about));
        steps.extend(steps::secret_steps(job, seen, &settled));
    } else {
        steps.extend(steps::tag_step(job, &missing));
    }
    let surplus: Vec<_> = view
        .tokens_to_go(due.as_ref(), job.overlap, holder::is_gone)
        .into_iter()
        .map(|s| (step(What::Delete, "token", s.token.name.clone(), steps::why(s.why).into()), s))
        .collect();
    steps.extend(surplus.iter().map(|(step, _)| step.clone()));
    let stored =
        view.stored().map(|(_, t)| NewToken { id: t.id.clone(), name: t.name.clone(), expires: t.expires });
    let left = stored.as_ref().map_or(0, |token| token.expires - job.aws.now());
    Ok(Decided { settled, account, due, steps, surplus, stored, left, missing })
}

fn nothing(job: &Job, decided: &Decided<'_>) -> String {
    let account = decided.account.as_ref().map(|a| a.name.as_str()).unwrap_or_default();
    match (&job.secret, &decided.stored) {
        (Some(secret), Some(_)) => {
            format!("No changes. The token in the secret `{secret}` is good for {}.", left(decided.left))
        }
        _ => format!("No changes. The service account `{account}` is there."),
    }
}

async fn carry_out(
    job: &Job,
    seen: &Inventory,
    decided: &Decided<'_>,
    journal: &Journal,
    session: &Session<'_>,
    told: &impl Fn(&str),
) -> Result<Outcome, Failure> {
    let style = &session.terminal.out;
    let of = |kinds: &'static [&'static str]| {
        decided.steps.iter().filter(move |s| kinds.contains(&s.kind) && s.what != What::Delete)
    };
    let did = |step: &Step| {
        journal.did(step);
        told(&done(step, style));
    };
    let refused = |error| managed::not_minted(error, &job.workspace, &job.settings);
    let mut outcome = Outcome::of(decided);
    let account = match (&decided.account, of(&["service account"]).next()) {
        (Some(account), _) => Some(account.clone()),
        (None, Some(step)) => {
            journal.sends(step);
            let role = decided.settled.role;
            let made = account(&job.aws, &job.workspace.id, job.stack(), role, true).await.map_err(refused)?;
            did(step);
            Some(made)
        }
        (None, None) => None,
    };
    if let Some(account) = &account {
        outcome.account = Some((account.id.clone(), account.name.clone()));
    }
    let view = seen.view(job.stack());
    let mut current = view.current().map(str::to_owned);
    if let (Some(_), Some(account)) = (&decided.due, account.filter(|_| job.secret.is_some())) {
        of(&["token"]).for_each(|step| journal.begins(step));
        let (token, version) = make(job, seen, account, &decided.settled, journal, session).await?;
        of(&["token", "role", "format", "workspace", "stack", "secret"]).for_each(did);
        outcome.token = Some(token);
        current = Some(version);
        if seen.info.is_some() {
            // After the promotion, so that a tag never says what is not so.
            let missing = view.missing(job.tags(&view, decided.settled.format));
            set_tags(job, seen, &missing).await.map_err(|failure| {
                failure.note(
                    "readers have the new token; only the secret's tags are not set, and the next run sets them",
                )
            })?;
        }
    } else if let Some(step) = of(&["secret"]).next() {
        journal.sends(step);
        set_tags(job, seen, &decided.missing).await?;
        did(step);
    }
    let in_secret = |why: Why| why != Why::RanOut;
    let mut holds = true;
    if let Some(secret) = &job.secret
        && decided.surplus.iter().any(|(_, surplus)| in_secret(surplus.why))
    {
        let again = Inventory::look(&job.aws, &job.workspace, job.stack(), Some(secret), Accounts::Read).await?;
        holds = again.view(job.stack()).still_holds(current.as_deref());
        if !holds {
            steps::tell_of_change(secret, session);
        }
    }
    for (step, surplus) in decided.surplus.iter().filter(|(_, surplus)| holds || !in_secret(surplus.why)) {
        journal.sends(step);
        let deleted = job.aws.delete_token(&job.workspace.id, &surplus.account.id, &surplus.token.id).await;
        deleted.map_err(|e| managed::failure(&e))?;
        did(step);
    }
    Ok(outcome)
}

async fn set_tags(job: &Job, seen: &Inventory, tags: &[(String, String)]) -> Result<(), Failure> {
    match &seen.info {
        Some(info) if !tags.is_empty() => {
            job.aws.tag_secret(&info.arn, tags).await.map_err(|e| managed::failure(&e))
        }
        Some(_) | None => Ok(()),
    }
}

/// Makes a token, verifies it, stores it, promotes it; gives the version that holds it as well.
async fn make(
    job: &Job,
    seen: &Inventory,
    account: Account,
    settled: &Settled,
    journal: &Journal,
    session: &Session<'_>,
) -> Result<(NewToken, String), Failure> {
    let stack = job.stack();
    let view = seen.view(stack);
    let (aws, workspace) = (job.aws.clone(), job.workspace.id.clone());
    let minter = Arc::new(Minter::new(aws, workspace, account, stack.clone(), job.ttl));
    session.keep(minter.clone());
    let process = holder::mark();
    let life = seconds(job.ttl);
    let named = |now: i64, random: &str| {
        let made = (Access::Token, settled.role, settled.format);
        let version = Version::new(view.mark, made, &job.workspace.id, now + life, random);
        names::stored_token(stack, now, &version.id(), &process)
    };
    let token = minter
        .make(job.ttl, named)
        .await
        .map_err(|error| managed::not_minted(error, &job.workspace, &job.settings))?;
    let Some(names::Purpose::Stored { version, .. }) = names::purpose(stack, &token.name) else {
        return Err(Failure::new(Exit::Error, format!("AWS made a token of another name: `{}`", token.name)));
    };
    job::verify(job, &token.key).await?;
    let expires = job.aws.now() + life;
    let about = stored::About {
        stack: stack.to_string(),
        token_id: token.id.clone(),
        name: token.name.clone(),
        account_id: minter.account().id.clone(),
        workspace_id: job.workspace.id.clone(),
        endpoint: job.workspace.endpoint.clone(),
        region: job.aws.region().to_owned(),
        expires: Some(expires),
        version: None,
    };
    let value = job::value(settled.format, &token.key, &about);
    let verified = job.aws.now();
    let last = async || {
        // A run beside this one takes a token that is long not stored for one that nobody is going to store.
        if job.aws.now() > verified + VERIFIED_FOR {
            job::verify(job, &token.key).await?;
        }
        minter.release(&token);
        journal.doubts(Some(format!(
            "readers of the secret may have the new token `{}` already, so it was not deleted",
            token.name
        )));
        Ok(())
    };
    let tags = job.tags(&view, settled.format);
    let next = Next { value: &value, version: &version, tags: &tags };
    if let Err((failure, perhaps)) = job::put(job, seen, &next, last).await {
        if !perhaps {
            journal.doubts(None);
            minter.take_back(&token);
        }
        return Err(failure);
    }
    journal.doubts(None);
    Ok((NewToken { id: token.id, name: token.name, expires }, version))
}

/// A token as it may be told.
#[derive(Clone)]
struct NewToken {
    id: String,
    name: String,
    expires: i64,
}

/// What is there at the end.
struct Outcome {
    account: Option<(String, String)>,
    role: Role,
    token: Option<NewToken>,
}

impl Outcome {
    fn of(decided: &Decided<'_>) -> Outcome {
        Outcome {
            account: decided.account.as_ref().map(|a| (a.id.clone(), a.name.clone())),
            role: decided.settled.role,
            token: decided.stored.clone(),
        }
    }

    fn json(&self, job: &Job, decided: &Decided<'_>, dry_run: bool) -> String {
        let token = self.token.as_ref().map(|t| json::MadeToken {
            id: &t.id,
            name: &t.name,
            expires_at: json::moment(t.expires),
        });
        let account = self.account.as_ref();
        let account = account.map(|(id, name)| json::MadeAccount { id, name, role: self.role.to_string() });
        let format = decided.settled.format.name();
        json::text(&json::Bootstrap {
            workspace: steps::of_workspace(&job.workspace, &job.aws),
            stack: job.stack().as_str(),
            account,
            token,
            secret: job.secret.as_ref().map(|name| json::MadeSecret { name, format }),
            changes: json::changes(&decided.steps),
            dry_run,
        })
    }
}
