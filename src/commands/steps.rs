//! What was decided about a secret and what opens the workspace, as steps and in words; and why nothing is done.

use super::job::Job;
use super::seen::Inventory;
use super::typed::{self, About};
use super::{Exit, Failure, Session, managed};
use crate::aws::{Aws, Role, Workspace};
use crate::identity::rules::tokens::{Due, Why, widens};
use crate::identity::rules::{self, Difference, Refusal, Settled, Standing};
use crate::identity::version::{Access, Format};
use crate::render::access::{Step, What};
use crate::render::duration::left;
use crate::render::json;

/// Why nothing is done, and what to do.
pub fn refused(refusal: &Refusal, job: &Job, seen: &Inventory) -> Failure {
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
pub fn settled(job: &Job, seen: &Inventory, due: bool) -> Result<Settled, Failure> {
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
pub fn tell_of_key(job: &Job, seen: &Inventory, session: &Session<'_>) {
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
pub fn secret_steps(job: &Job, seen: &Inventory, settled: &Settled) -> Vec<Step> {
    let name = seen.info.as_ref().map(|i| i.name.clone()).or_else(|| job.secret.clone()).unwrap_or_default();
    let step = |what, kind, about: String| Step { what, kind, name: name.clone(), about };
    let role = |role: Option<Role>| role.map_or_else(|| "unknown".to_owned(), |role| role.to_string());
    let format = |format: Option<Format>| format.map_or("unknown", Format::name);
    let mut steps = Vec::new();
    let mut taken = String::new();
    for change in &settled.changes {
        match change {
            Difference::Role(before, after) => {
                let more = if widens(change) { ": more rights than before" } else { "" };
                let about = format!("{} -> {after}{more}; asked for by --role", role(*before));
                steps.push(step(What::Change, "role", about));
            }
            Difference::Format(before, after) => {
                let about = format!("{} -> {}; asked for by --secret-format", format(*before), after.name());
                steps.push(step(What::Change, "format", about));
            }
            Difference::FromWorkspace(before) => {
                let before = before.as_deref().unwrap_or("unknown");
                let about = format!(
                    "{before} -> {}: readers get a token of another workspace; asked for by --adopt",
                    job.workspace.id
                );
                steps.push(step(What::Change, "workspace", about));
            }
            Difference::FromStack(before) => {
                let about = format!("{before} -> {}: that stack loses it; asked for by --adopt", job.stack());
                steps.push(step(What::Change, "stack", about));
                taken = "; taken over".into();
            }
            Difference::TakenOver => taken = "; taken over".into(),
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
        Due::RanOut(since) => format!("the stored one expired {} ago", left(*since)),
        Due::Soon(seconds) => format!("the stored one has {} left", left(*seconds)),
        Due::Change => "the stored one is to be another".into(),
        Due::Unfinished => "a run before this one did not finish".into(),
        Due::Asked => "asked for".into(),
    }
}

/// The workspace and the stack, as a plan begins.
pub fn head(job: &Job) -> String {
    let title = managed::title(&job.workspace, job.aws.region());
    format!("workspace  {title}\nstack      {}\n", job.stack())
}

/// Tells that nothing is deleted after all: somebody changed the secret meanwhile, or what readers get.
pub fn tell_of_change(secret: &str, session: &Session<'_>) {
    session.terminal.say(&format!(
        "note: what readers of the secret `{secret}` get changed meanwhile, so nothing that was in it is deleted; run the \
         command again"
    ));
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
