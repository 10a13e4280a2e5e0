//! `amgctl bootstrap-api-key`: the stored access of workspaces before Grafana 12, which have API keys.
//!
//! AWS has no call that lists keys. So a key is named after the version of the secret that holds it, and a version after
//! the one before it: what a run that was cut off may have made has a name that the next run knows.

use std::iter::successors;

use jiff::Timestamp;
use serde_json::json;

use super::bootstrap::{self, Job, Wanted};
use super::{Exit, Failure, Session, managed};
use crate::aws::{AwsError, SecretInfo, Workspace};
use crate::cli::{ApiKeyArgs, RoleArg, StoredArgs};
use crate::identity::rotation::{self, PENDING, labelled};
use crate::identity::{names, store, stored};
use crate::model::{Digest, Secret};
use crate::render::access::{Step, What, done, steps};
use crate::render::duration::left;
use crate::settings::seconds;

/// How many runs in a row that did not finish are cleaned up after.
const LONGEST_CHAIN: usize = 16;
/// How many versions the tag of previous ones names at most: a tag has 256 characters, a version 32, another's up to 64.
const MOST_PREVIOUS: usize = 6;

/// The first part of a workspace's version.
pub fn major(workspace: &Workspace) -> Option<u32> {
    workspace.grafana_version.split('.').next()?.parse().ok()
}

/// `amgctl bootstrap-api-key`.
pub async fn bootstrap(args: ApiKeyArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let ApiKeyArgs { stored: args, renewal } = args;
    bootstrap::may_ask(&args.approval, session, "bootstrap-api-key")?;
    let job = bootstrap::job(&args, Wanted::Token { renew_before: &renewal.renew_before }, session).await?;
    let Some(secret) = job.secret.clone() else {
        return Err(Failure::new(Exit::Usage, "no secret is named that the key could be stored in"));
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
            "a key that is stored already is replaced by a token in the same secret: `amgctl bootstrap-identity --secret \
             {secret} --adopt`; whoever reads the secret goes on reading it"
        ))
        .hint("use `amgctl bootstrap-identity`"));
    }
    let info = bootstrap::describe(&job, &secret, args.secret.adopt).await?;
    let decided = decide(&job, &secret, info.as_ref()).await?;
    let mut expires = decided.expires.filter(|_| decided.next.is_none());
    let terminal = session.terminal;
    let told = |text: &str| if args.approval.json { terminal.say(text) } else { terminal.print(text) };
    told(&bootstrap::head(&job));
    if decided.steps.is_empty() {
        told(&format!("No changes. The key in the secret `{secret}` is good for {}.", left(decided.left)));
    } else {
        told(&steps(&decided.steps, &terminal.out));
        if !args.approval.dry_run {
            if !bootstrap::approved(&args.approval, session).await {
                told("Cancelled.");
                return Ok(Exit::Error);
            }
            expires = carry_out(&job, &args, &secret, info.as_ref(), &decided).await?.or(expires);
            decided.steps.iter().for_each(|step| told(&done(step, &terminal.out)));
            told("\nBootstrap complete!");
        }
    }
    if args.approval.json {
        let value = json!({
            "workspace": bootstrap::workspace_json(&job), "stack": job.stack().as_str(),
            "key": {
                "name": decided.next.as_ref().map_or(&decided.key, |next| &next.key),
                "expiresAt": expires.map(moment),
            },
            "secret": { "name": secret, "format": bootstrap::format_name(job.format) },
            "changes": bootstrap::changes(&decided.steps), "dryRun": args.approval.dry_run,
        });
        terminal.print(&format!("{value:#}"));
    }
    Ok(Exit::Done)
}

/// What is going to be done.
struct Decided {
    steps: Vec<Step>,
    /// The key that is to be made.
    next: Option<Next>,
    /// The key that readers get until now.
    key: String,
    /// How long that is good for, in seconds.
    left: i64,
    /// When it ends, in seconds since 1970.
    expires: Option<i64>,
    /// The versions whose keys have been superseded for long enough.
    old: Vec<String>,
    /// The versions whose keys are still to be deleted later on.
    later: Vec<String>,
}

struct Next {
    version: String,
    key: String,
    /// The versions of runs that did not finish: each may have left a key.
    unfinished: Vec<String>,
}

async fn decide(job: &Job, secret: &str, info: Option<&SecretInfo>) -> Result<Decided, Failure> {
    let name = info.map_or(secret, |i| i.name.as_str());
    let mark = job.mark(info);
    let current = info.and_then(|i| rotation::current(&i.stages));
    let ours = current.filter(|version| version.starts_with(&mark));
    let tag = |key: &str| info.and_then(|i| i.tags.get(key)).map(String::as_str);
    let expires = info.and_then(|i| store::moment(i, store::EXPIRES));
    let left_now = expires.map_or(0, |end| end - job.aws.now());
    let told = info.is_none_or(store::tells_of_current);
    let because = match (current, ours) {
        (None, _) => Some("the secret has none yet".to_owned()),
        (Some(_), None) => Some("the secret holds something else".into()),
        (Some(_), Some(_)) if !told => Some("a run before this one did not finish".into()),
        (Some(_), Some(_)) if left_now <= 0 => Some("the stored one ran out".into()),
        (Some(_), Some(_)) if left_now <= job.renew_before => {
            Some(format!("the stored one has {} left", left(left_now)))
        }
        (Some(_), Some(_)) if tag(store::FORMAT).is_some_and(|f| f != bootstrap::format_name(job.format)) => {
            Some("the secret is to look otherwise".into())
        }
        (Some(_), Some(_)) if !works(job, secret).await? => Some("the stored one was deleted".into()),
        (Some(_), Some(_)) => None,
    };
    let next = because.as_ref().map(|_| {
        let pending = info.and_then(|i| labelled(&i.stages, PENDING)).filter(|p| Some(*p) != current);
        next(job, &mark, current.unwrap_or_default(), pending)
    });
    let promoted = info.and_then(|i| store::moment(i, store::PROMOTED));
    let settled = told && promoted.is_some_and(|at| at + job.overlap <= job.aws.now());
    let previous = info.map(store::previous).unwrap_or_default().into_iter();
    let previous = previous.filter(|version| version.starts_with(&mark) && Some(*version) != current);
    let (old, later): (Vec<String>, Vec<String>) = previous.map(str::to_owned).partition(|_| settled);
    let mut steps = Vec::new();
    let step = |what, kind, name: String, about: String| Step { what, kind, name, about };
    if let (Some(next), Some(because)) = (&next, because) {
        steps.push(step(What::Make, "API key", next.key.clone(), because));
        steps.push(bootstrap::secret_step(job, name, info));
    }
    for version in &old {
        steps.push(step(What::Delete, "API key", names::key(job.stack(), version), "superseded".into()));
    }
    let key = ours.map(|version| names::key(job.stack(), version)).unwrap_or_default();
    Ok(Decided { steps, next, key, left: left_now, expires, old, later })
}

/// The version after the one that readers get, and those that runs may have made of which readers never got one.
fn next(job: &Job, mark: &str, current: &str, pending: Option<&str>) -> Next {
    let after = |last: &str| {
        let seed = format!("{}/{current}/{last}", job.workspace.id);
        rotation::version(mark, Digest::of_bytes(seed.as_bytes()).as_str())
    };
    let chain: Vec<String> = successors(Some(after("")), |last| Some(after(last))).take(LONGEST_CHAIN).collect();
    let unfinished = pending.and_then(|pending| chain.iter().position(|version| version == pending));
    let unfinished = unfinished.map(|end| chain[..=end].to_vec()).unwrap_or_default();
    let version = after(pending.unwrap_or_default());
    Next { key: names::key(job.stack(), &version), version, unfinished }
}

/// Whether the stored key still opens the workspace.
async fn works(job: &Job, secret: &str) -> Result<bool, Failure> {
    let stored = managed::read(&job.aws, secret, None).await?;
    match bootstrap::verify(job, &stored.token).await {
        Ok(()) => Ok(true),
        Err(failure) if failure.exit == Exit::Auth => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Makes the key that is to be made, deletes what may go; says when the new one ends, in seconds since 1970.
async fn carry_out(
    job: &Job,
    args: &StoredArgs,
    secret: &str,
    info: Option<&SecretInfo>,
    decided: &Decided,
) -> Result<Option<i64>, Failure> {
    let mut ends = None;
    let delete =
        async |name: &str| job.aws.delete_api_key(&job.workspace.id, name).await.map_err(|e| managed::failure(&e));
    let mut previous: Vec<String> = decided.old.iter().chain(&decided.later).cloned().collect();
    if let Some(next) = &decided.next {
        let key = make(job, args.token.role, &next.key, secret, info).await?;
        if let Err(failure) = bootstrap::verify(job, &key).await {
            delete(&next.key).await?;
            return Err(failure);
        }
        let expires = job.aws.now() + seconds(job.ttl);
        ends = Some(expires);
        let about = stored::About {
            stack: job.stack().to_string(),
            name: next.key.clone(),
            workspace_id: job.workspace.id.clone(),
            endpoint: job.workspace.endpoint.clone(),
            region: job.aws.region().to_owned(),
            expires: Some(expires),
            ..stored::About::default()
        };
        let value = bootstrap::value(job.format, &key, &about);
        let mut tags =
            vec![(store::EXPIRES.to_owned(), moment(expires)), (store::PROMOTED.to_owned(), moment(job.aws.now()))];
        previous.extend(info.and_then(|i| rotation::current(&i.stages)).map(str::to_owned));
        tags.extend(info.map(|_| tag_of(&previous)));
        // A run beside this one may have taken the key for one that nobody has.
        let last = async || bootstrap::verify(job, &key).await;
        if let Err((failure, perhaps)) = bootstrap::put(job, secret, info, &value, &next.version, tags, last).await
        {
            if !perhaps {
                delete(&next.key).await?;
            }
            return Err(failure);
        }
        for version in &next.unfinished {
            delete(&names::key(job.stack(), version)).await?;
        }
    }
    let (old, later) = match decided.next {
        // The one that was just superseded stays for the overlap, unless there is none.
        Some(_) if job.overlap == 0 => (previous, Vec::new()),
        Some(_) => previous.into_iter().partition(|version| decided.old.contains(version)),
        None => (decided.old.clone(), decided.later.clone()),
    };
    for version in &old {
        delete(&names::key(job.stack(), version)).await?;
    }
    if let Some(info) = info.filter(|_| !old.is_empty()) {
        job.aws.tag_secret(&info.arn, &[tag_of(&later)]).await.map_err(|e| managed::failure(&e))?;
    }
    Ok(ends)
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// The tag that names versions; no more of them than a tag has room for.
fn tag_of(versions: &[String]) -> (String, String) {
    let rest = versions.len().saturating_sub(MOST_PREVIOUS);
    let text = if versions.is_empty() { "none".to_owned() } else { versions[rest..].join(" ") };
    (store::PREVIOUS.to_owned(), text)
}

/// Makes a key; one of that name is what a run left that did not finish, and nobody has it.
///
/// Unless the secret changed since it was looked at: then a run beside this one has it.
async fn make(
    job: &Job,
    role: RoleArg,
    name: &str,
    secret: &str,
    info: Option<&SecretInfo>,
) -> Result<Secret, Failure> {
    let role = bootstrap::role(role);
    let seconds = u32::try_from(job.ttl.as_secs()).unwrap_or(u32::MAX);
    let told = |error: AwsError| managed::failure(&error);
    match job.aws.create_api_key(&job.workspace.id, name, role, seconds).await {
        Err(AwsError::Conflict(_) | AwsError::Lost(_)) => {
            let now = job.aws.describe_secret(secret).await.map_err(told)?;
            if now.as_ref().map(|i| &i.stages) != info.map(|i| &i.stages) {
                return Err(Failure::new(Exit::Error, format!("another run is writing the secret `{secret}`"))
                    .hint("run the command again when that one has ended"));
            }
            job.aws.delete_api_key(&job.workspace.id, name).await.map_err(told)?;
            job.aws.create_api_key(&job.workspace.id, name, role, seconds).await.map_err(told)
        }
        made => made.map_err(told),
    }
}
