//! `amgctl bootstrap-api-key`: the stored access of workspaces before Grafana 12, which have API keys.
//!
//! AWS has no call that lists keys. What they are called, and which may go, is decided in
//! [`crate::identity::rules::keys`].

use std::sync::Arc;

use jiff::Timestamp;

use super::job::{self, Job, Next, Wanted};
use super::journal::Journal;
use super::seen::{Accounts, Inventory};
use super::{Exit, Failure, Session, managed, steps};
use crate::aws::{AwsError, SecretInfo, Workspace};
use crate::cli::ApiKeyArgs;
use crate::identity::rules::keys::{self, Waiting};
use crate::identity::rules::tokens::Due;
use crate::identity::rules::{self, Looked, Settled, View};
use crate::identity::version::Version;
use crate::identity::{names, stored};
use crate::model::Secret;
use crate::render::access::{Step, What, done, steps};
use crate::render::duration::left;
use crate::render::json;
use crate::settings::seconds;

/// How many lost answers a run bears with: each may have made a key.
const MOST_LOST: usize = 2;

/// The first part of a workspace's version.
pub fn major(workspace: &Workspace) -> Option<u32> {
    workspace.grafana_version.split('.').next()?.parse().ok()
}

/// `amgctl bootstrap-api-key`.
pub async fn bootstrap(args: ApiKeyArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let ApiKeyArgs { stored: args, renewal } = args;
    let verb = "bootstrap-api-key";
    job::may_ask(&args.approval, session, verb)?;
    let job = job::job(&args, verb, Wanted::Token { renew_before: &renewal.renew_before }, session).await?;
    let Some(secret) = job.secret.clone() else {
        return Err(Failure::new(Exit::Usage, "no secret is named to store the key in"));
    };
    if major(&job.workspace).is_none_or(|major| major >= 12) {
        return Err(Failure::new(
            Exit::Guard,
            format!(
                "workspace `{}` is Grafana {}, which has no API keys any more",
                managed::named(&job.workspace),
                job.workspace.grafana_version
            ),
        )
        .note(format!(
            "a key that is stored already is replaced by a token in the same secret: `{} --adopt`; whoever reads the \
             secret goes on reading it",
            job.line("bootstrap-identity", job.asked.role)
        ))
        .hint("use `amgctl bootstrap-identity`"));
    }
    let seen = Inventory::look(&job.aws, &job.workspace, job.stack(), Some(&secret), Accounts::Unread).await?;
    let decided = decide(&job, &secret, &seen).await?;
    steps::tell_of_key(&job, &seen, session);
    let terminal = session.terminal;
    let told = |text: &str| if args.approval.json { terminal.say(text) } else { terminal.print(text) };
    told(&steps::head(&job));
    let mut key = decided.key.clone().map(|name| (name, decided.ends));
    if decided.steps.is_empty() {
        told(&format!("No changes. The key in the secret `{secret}` is good for {}.", left(decided.left)));
    } else {
        told(&steps(&decided.steps, &terminal.out));
        if !args.approval.dry_run {
            let journal = Arc::new(job.journal(&decided.steps, &decided.settled));
            session.tell_at_signal(journal.clone());
            if !job::approved(&args.approval, session).await {
                told("Cancelled.");
                return Ok(Exit::Error);
            }
            let told_done = |step: &Step| told(&done(step, &terminal.out));
            let made = carry_out(&job, &seen, &decided, &journal, session, &told_done).await;
            key = made.map_err(|failure| job::broken_off(failure, &journal))?.or(key);
            told("\nBootstrap complete!");
        }
    }
    if args.approval.json {
        let key = match &decided.due {
            Some(_) if args.approval.dry_run => None,
            Some(_) | None => key,
        };
        let document = json::BootstrapKey {
            workspace: steps::of_workspace(&job.workspace, &job.aws),
            stack: job.stack().as_str(),
            key: json::MadeKey {
                name: key.as_ref().map(|(name, _)| name.as_str()),
                expires_at: key.as_ref().and_then(|(_, ends)| *ends).map(json::moment),
                role: decided.settled.role.to_string(),
            },
            secret: json::MadeSecret { name: &secret, format: decided.settled.format.name() },
            changes: json::changes(&decided.steps),
            dry_run: args.approval.dry_run,
        };
        terminal.print(&json::text(&document));
    }
    Ok(Exit::Done)
}

/// What is going to be done.
struct Decided {
    steps: Vec<Step>,
    settled: Settled,
    due: Option<Due>,
    /// The key that readers get until now.
    key: Option<String>,
    /// When that ends, in seconds since 1970, and from now.
    ends: Option<i64>,
    left: i64,
    /// The keys that were superseded.
    waiting: Waiting,
    /// The tags that are set where no key is due.
    missing: Vec<(String, String)>,
}

async fn decide(job: &Job, secret: &str, seen: &Inventory) -> Result<Decided, Failure> {
    let view = seen.view(job.stack());
    let mut due = view.key_renewal(job.renew_before, &job.asked);
    if view.asks_whether_the_key_works(due.as_ref()) && !works(job, secret).await? {
        due = Some(Due::Gone);
    }
    let settled = steps::settled(job, seen, due.is_some())?;
    let ends = view.key_ends();
    let waiting = view.waiting_keys(job.overlap);
    let mut steps = Vec::new();
    let missing = if due.is_some() { Vec::new() } else { view.missing(job.tags(&view, settled.format)) };
    if let Some(due) = &due {
        // Its name is known only when it is made: another run may take it first.
        let about = format!("lives {}; {}", left(seconds(job.ttl)), steps::because(due));
        steps.push(Step { what: What::Make, kind: "API key", name: String::new(), about });
        steps.extend(steps::secret_steps(job, seen, &settled));
    } else {
        steps.extend(steps::tag_step(job, &missing));
    }
    steps.extend(view.keys_to_go(due.as_ref(), job.overlap).iter().map(|part| deletion(job, part)));
    let key = view.current_key().map(|part| names::key(job.stack(), &part));
    let left = ends.map_or(0, |end| end - job.aws.now());
    Ok(Decided { steps, settled, due, key, ends, left, waiting, missing })
}

fn deletion(job: &Job, part: &str) -> Step {
    let name = names::key(job.stack(), part);
    Step { what: What::Delete, kind: "API key", name, about: "superseded".into() }
}

/// Whether the stored key still opens the workspace.
async fn works(job: &Job, secret: &str) -> Result<bool, Failure> {
    let stored = managed::read(&job.aws, &job.settings, Some(&job.workspace), secret).await?;
    match job::verify(job, &stored.token).await {
        Ok(()) => Ok(true),
        Err(failure) if failure.exit == Exit::Auth => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Makes the key that is to be made, deletes what may go; gives the new one's name, and when it ends.
async fn carry_out(
    job: &Job,
    seen: &Inventory,
    decided: &Decided,
    journal: &Journal,
    session: &Session<'_>,
    told: &impl Fn(&Step),
) -> Result<Option<(String, Option<i64>)>, Failure> {
    let view = seen.view(job.stack());
    let did = |step: &Step| {
        journal.did(step);
        told(step);
    };
    let mut current = view.current().map(str::to_owned);
    let mut waiting = decided.waiting.clone();
    let mut made = None;
    if decided.due.is_some() {
        let kept = decided.steps.iter().filter(|step| step.what != What::Delete);
        kept.clone().filter(|step| step.kind == "API key").for_each(|step| journal.begins(step));
        let stored = store(job, seen, decided, journal).await?;
        let name = names::key(job.stack(), &stored.version.key());
        for step in kept {
            journal.did(step);
            // Only now it has a name.
            let name = if step.kind == "API key" { &name } else { &step.name };
            told(&Step { name: name.clone(), ..step.clone() });
        }
        waiting =
            waiting.renewed(&stored.version.key(), stored.superseded, job.overlap == 0 || seen.info.is_none());
        current = Some(stored.version.id());
        made = Some((name, Some(stored.version.ends)));
    } else if let (Some(step), Some(info)) = (decided.steps.iter().find(|step| step.kind == "secret"), &seen.info) {
        journal.sends(step);
        job.aws.tag_secret(&info.arn, &decided.missing).await.map_err(|e| managed::failure(&e))?;
        did(step);
    }
    let named = job.secret.as_deref().unwrap_or_default();
    if !waiting.old.is_empty()
        && let Some(now) = holds(job, named, current.as_deref(), session).await?
    {
        for part in &waiting.old {
            let step = deletion(job, part);
            journal.sends(&step);
            delete(job, &step.name).await?;
            did(&step);
        }
        let now = View { secret: Looked::There(&now), ..view };
        let tag = keys::tag(&now.still_waiting(&waiting.old));
        job.aws.tag_secret(named, &[tag]).await.map_err(|e| managed::failure(&e))?;
    }
    Ok(made)
}

/// The secret as it is now, where readers still get the key that was looked at or promoted, and it works.
async fn holds(
    job: &Job,
    secret: &str,
    expected: Option<&str>,
    session: &Session<'_>,
) -> Result<Option<SecretInfo>, Failure> {
    let info = job.aws.describe_secret(secret).await.map_err(|e| managed::failure(&e))?;
    let now = info.as_ref().and_then(|info| rules::current(&info.stages));
    let holds = now == expected && works(job, secret).await?;
    if !holds {
        steps::tell_of_change(secret, session);
    }
    Ok(info.filter(|_| holds))
}

async fn delete(job: &Job, name: &str) -> Result<(), Failure> {
    job.aws.delete_api_key(&job.workspace.id, name).await.map_err(|e| managed::failure(&e))
}

/// A key that readers have now.
struct Kept {
    version: Version,
    /// What names the keys that it supersedes.
    superseded: Vec<String>,
}

/// Makes a key, verifies it, stores it, promotes it.
async fn store(job: &Job, seen: &Inventory, decided: &Decided, journal: &Journal) -> Result<Kept, Failure> {
    let view = seen.view(job.stack());
    let ends = job.aws.now() + seconds(job.ttl);
    let (version, key, passed) = make(job, seen, &decided.settled, ends).await?;
    let name = names::key(job.stack(), &version.key());
    journal.doubts(Some(format!("the API key `{name}` may be there; the next run takes another, and deletes it")));
    // What goes wrong from here on may leave it: it is this run's own, and nobody has it.
    let take_back = async |failure: Failure| match delete(job, &name).await {
        Ok(()) => {
            journal.doubts(None);
            failure
        }
        Err(not) => failure.note(format!("the API key `{name}` was not deleted: {}", not.message)),
    };
    if let Err(failure) = job::verify(job, &key).await {
        return Err(take_back(failure).await);
    }
    let about = stored::About {
        stack: job.stack().to_string(),
        name: name.clone(),
        workspace_id: job.workspace.id.clone(),
        endpoint: job.workspace.endpoint.clone(),
        region: job.aws.region().to_owned(),
        expires: Some(version.ends),
        ..stored::About::default()
    };
    let value = job::value(decided.settled.format, &key, &about);
    let superseded = view.superseded_keys(job.overlap, &passed);
    let mut tags = vec![keys::tag(&superseded)];
    if let Some(info) = &seen.info
        && let Err(error) = job.aws.tag_secret(&info.arn, &tags).await
    {
        return Err(take_back(managed::failure(&error)).await);
    }
    tags.extend(job.tags(&view, decided.settled.format));
    tags.push((keys::EXPIRES.to_owned(), Timestamp::from_second(version.ends).unwrap_or_default().to_string()));
    let id = version.id();
    let last = async || {
        // A run beside this one that is of an earlier release may have taken the key for one that nobody has.
        job::verify(job, &key).await?;
        journal.doubts(Some(format!("readers of the secret may have the new API key `{name}` already")));
        Ok(())
    };
    let next = Next { value: &value, version: &id, tags: &tags };
    if let Err((failure, perhaps)) = job::put(job, seen, &next, last).await {
        return Err(if perhaps { failure } else { take_back(failure).await });
    }
    journal.doubts(None);
    if let Some(info) = &seen.info {
        let missing = view.missing(tags.split_off(1));
        job.aws.tag_secret(&info.arn, &missing).await.map_err(|e| {
            managed::failure(&e).note("readers have the new key; only the secret's tags are not set")
        })?;
    }
    Ok(Kept { version, superseded })
}

/// Makes a key of the first name that nobody took; gives what names those that were passed by as well.
async fn make(
    job: &Job,
    seen: &Inventory,
    settled: &Settled,
    ends: i64,
) -> Result<(Version, Secret, Vec<String>), Failure> {
    let life = u32::try_from(job.ttl.as_secs()).unwrap_or(u32::MAX);
    let mut passed = Vec::new();
    let mut lost = 0;
    for version in seen.view(job.stack()).next_keys(settled.role, settled.format, ends) {
        let name = names::key(job.stack(), &version.key());
        match job.aws.create_api_key(&job.workspace.id, &name, settled.role, life).await {
            Ok(key) => return Ok((version, key, passed)),
            // Another run made it: one that was cut off, or one that is under way.
            Err(AwsError::Conflict(_)) => passed.push(version.key()),
            Err(error @ AwsError::Lost(_)) => {
                lost += 1;
                if lost > MOST_LOST {
                    return Err(managed::failure(&error)
                        .note(format!("API keys whose names begin with `amgctl-{}-` may be left", job.stack())));
                }
                passed.push(version.key());
            }
            Err(error) => return Err(managed::failure(&error)),
        }
    }
    Err(Failure::new(
        Exit::Error,
        format!("the names of {} API keys are taken by runs that did not finish", passed.len()),
    )
    .hint(
        "delete API keys that are no longer needed in the workspace's settings, whose names begin with `amgctl-`",
    ))
}
