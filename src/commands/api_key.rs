//! `amgctl bootstrap-api-key`: the stored access of workspaces before Grafana 12, which have API keys.
//!
//! AWS has no call that lists keys. So a key is named after the version of the secret that holds it, and a version after
//! the one before it: what a run that was cut off may have made has a name that the next run knows.

use jiff::Timestamp;
use serde_json::json;

use super::bootstrap::{self, Job, Wanted};
use super::{Exit, Failure, Session, managed};
use crate::aws::{AwsError, Role, SecretInfo, Workspace};
use crate::cli::{ApiKeyArgs, RoleArg, StoredArgs};
use crate::identity::rotation::{self, PENDING, labelled};
use crate::identity::{names, store, stored};
use crate::model::{Digest, Secret};
use crate::render::access::{Step, What, done, steps};
use crate::render::duration::left;

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
    /// The version whose key has been superseded for long enough.
    old: Option<String>,
}

struct Next {
    version: String,
    key: String,
}

async fn decide(job: &Job, secret: &str, info: Option<&SecretInfo>) -> Result<Decided, Failure> {
    let name = info.map_or(secret, |i| i.name.as_str());
    let mark = rotation::mark(job.aws.region(), name);
    let current = info.and_then(|i| rotation::current(&i.stages));
    let ours = current.filter(|version| version.starts_with(&mark));
    let tag = |key: &str| info.and_then(|i| i.tags.get(key)).map(String::as_str);
    let expires = tag(store::EXPIRES).and_then(|text| text.parse::<Timestamp>().ok()).map(Timestamp::as_second);
    let left_now = expires.map_or(0, |end| end - job.now());
    let because = match (current, ours) {
        (None, _) => Some("the secret has none yet".to_owned()),
        (Some(_), None) => Some("the secret holds something else".into()),
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
        let seed = format!("{}/{}/{}", job.workspace.id, current.unwrap_or_default(), pending.unwrap_or_default());
        let version = rotation::version(&mark, Digest::of_bytes(seed.as_bytes()).as_str());
        Next { key: names::key(job.stack(), &version), version }
    });
    let promoted = tag(store::PROMOTED).and_then(|text| text.parse::<Timestamp>().ok()).map(Timestamp::as_second);
    let old = tag(store::PREVIOUS)
        .filter(|version| version.starts_with(&mark) && promoted.is_some_and(|at| at + job.overlap <= job.now()))
        .map(str::to_owned);
    let mut steps = Vec::new();
    let step = |what, kind, name: String, about: String| Step { what, kind, name, about };
    if let (Some(next), Some(because)) = (&next, because) {
        steps.push(step(What::Make, "API key", next.key.clone(), because));
        steps.push(bootstrap::secret_step(job, name, info));
    }
    if let Some(version) = &old {
        steps.push(step(What::Delete, "API key", names::key(job.stack(), version), "superseded".into()));
    }
    let key = ours.map(|version| names::key(job.stack(), version)).unwrap_or_default();
    Ok(Decided { steps, next, key, left: left_now, expires, old })
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
    if let Some(next) = &decided.next {
        let key = make(job, args.token.role, &next.key).await.map_err(|e| managed::failure(&e))?;
        if let Err(failure) = bootstrap::verify(job, &key).await {
            delete(&next.key).await?;
            return Err(failure);
        }
        let expires = job.now() + i64::try_from(job.ttl.as_secs()).unwrap_or(0);
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
            vec![(store::EXPIRES.to_owned(), moment(expires)), (store::PROMOTED.to_owned(), moment(job.now()))];
        if let Some(current) = info.and_then(|i| rotation::current(&i.stages)) {
            tags.push((store::PREVIOUS.to_owned(), current.to_owned()));
        }
        if let Err((failure, perhaps)) = bootstrap::put(job, secret, info, &value, &next.version, tags).await {
            if !perhaps {
                delete(&next.key).await?;
            }
            return Err(failure);
        }
    }
    if let Some(version) = &decided.old {
        delete(&names::key(job.stack(), version)).await?;
        if decided.next.is_none()
            && let Some(info) = info
        {
            let none = [(store::PREVIOUS.to_owned(), "none".to_owned())];
            job.aws.tag_secret(&info.arn, &none).await.map_err(|e| managed::failure(&e))?;
        }
    }
    // The one that was just superseded stays for the overlap, unless there is none.
    if decided.next.is_some() && job.overlap == 0 && !decided.key.is_empty() {
        delete(&decided.key).await?;
    }
    Ok(ends)
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// Makes a key; one of that name is what a run left that did not finish, and nobody has it.
async fn make(job: &Job, role: RoleArg, name: &str) -> Result<Secret, AwsError> {
    let role = match role {
        RoleArg::Admin => Role::Admin,
        RoleArg::Editor => Role::Editor,
        RoleArg::Viewer => Role::Viewer,
    };
    let seconds = u32::try_from(job.ttl.as_secs()).unwrap_or(u32::MAX);
    match job.aws.create_api_key(&job.workspace.id, name, role, seconds).await {
        Err(AwsError::Conflict(_) | AwsError::Lost(_)) => {
            job.aws.delete_api_key(&job.workspace.id, name).await?;
            job.aws.create_api_key(&job.workspace.id, name, role, seconds).await
        }
        made => made,
    }
}
