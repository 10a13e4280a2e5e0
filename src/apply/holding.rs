//! The record and its lease in the hands of a run: taken before the first write, renewed while it writes, given back.
//!
//! What a save of the record means for the lease is decided in [`crate::registry::lease`]; what a change leaves in the
//! record in [`super::record`].

use std::time::Duration;

use super::object::{self, Tools};
use super::pace::Pace;
use super::record;
use crate::grafana::ApiError;
use crate::model::StackName;
use crate::plan::{Goal, Plan};
use crate::registry::lease::Purpose;
use crate::registry::store::{CHECK, HOLD, LEASE};
use crate::registry::{Lease, Moment, Record, RunNote, SaveError, Store};
use crate::report::{Report, Stop};

/// The registry as an apply holds it: the record it started from and where it is saved.
pub struct Holding {
    /// Reads and saves.
    pub store: Store,
    /// What is recorded, kept up to date as changes are confirmed.
    pub record: Record,
    /// Who applies, in words.
    pub holder: String,
    /// The process that applies, as [`Lease::process`] has it.
    pub process: String,
    /// The record of a stack that is taken over: removed once this one is saved.
    pub taken: Option<Store>,
    /// The digest of the saved plan that is carried out; empty where there is none.
    pub plan_file: String,
}

/// Writes down who applies and what is about to be written, before anything is.
pub(super) async fn take_lease(plan: &Plan, holding: &mut Holding, tools: &Tools) -> Result<(), Stop> {
    let since = tools.now();
    holding.record.lease = Some(Lease {
        run: tools.run.clone(),
        holder: holding.holder.clone(),
        since,
        seconds: i64::try_from(LEASE.as_secs()).unwrap_or(300),
        process: holding.process.clone(),
    });
    holding.record.ended = None;
    for change in plan.changes() {
        record::write_down(&mut holding.record, change, &tools.run);
    }
    holding.store.secure_folder().await.map_err(|e| stop(&e))?;
    holding.store.save(&mut holding.record, &tools.run, Purpose::Take).await.map_err(|e| match e {
        SaveError::Lost => Stop::Raced,
        e => stop(&e),
    })?;
    match holding.taken.take() {
        Some(mut store) => store.remove().await.map_err(|e| stop(&e)),
        None => Ok(()),
    }
}

pub(super) async fn save(holding: &mut Holding, tools: &Tools, report: &mut Report) {
    if let Err(error) = holding.store.save(&mut holding.record, &tools.run, Purpose::Keep).await {
        report.stop = Some(stop(&error));
    }
}

/// Keeps the lease: looks whether the record is still this run's, and saves it anew once a third of the lease is over.
pub(super) async fn keep(holding: &mut Holding, tools: &Tools, report: &mut Report) {
    if holding.store.saved().is_none_or(|saved| saved.age() >= LEASE / 3) {
        return save(holding, tools, report).await;
    }
    match holding.store.check().await {
        Ok(()) => {}
        Err(error @ (SaveError::Lost | SaveError::Damaged(_))) => report.stop = Some(stop(&error)),
        // What the reads of the changes meet as well; a lease that cannot be looked at lets no write begin.
        Err(SaveError::Api(_) | SaveError::Forbidden(_) | SaveError::Refused(_)) => {}
    }
}

/// Releases the lease and records what was done; a destroy that left nothing removes the record as well.
pub(super) async fn finish(
    plan: &Plan,
    holding: &mut Holding,
    tools: &Tools,
    report: &mut Report,
    interrupted: bool,
) {
    if matches!(report.stop, Some(Stop::Raced | Stop::LeaseLost | Stop::Damaged(_) | Stop::Unauthorised { .. })) {
        return;
    }
    holding.record.lease = None;
    record::bindings(&mut holding.record, plan, &report.done());
    let Record { made, objects, .. } = &mut holding.record;
    made.retain(|address, _| objects.contains_key(address));
    holding.record.note(RunNote {
        run: tools.run.clone(),
        at: tools.now(),
        by: holding.holder.clone(),
        what: report.in_words(interrupted),
        plan: holding.plan_file.clone(),
    });
    let nothing_left = plan.goal == Goal::Destroy && holding.record.objects.is_empty();
    let saved = if nothing_left {
        let removed = holding.store.remove().await;
        if removed.is_ok() {
            object::remove_registry_folder(tools).await;
        }
        removed
    } else {
        holding.store.save(&mut holding.record, &tools.run, Purpose::End).await
    };
    if let Err(error) = saved
        && report.stop.is_none()
    {
        report.stop = Some(stop(&error));
    }
}

fn stop(error: &SaveError) -> Stop {
    match error {
        SaveError::Lost => Stop::LeaseLost,
        SaveError::Damaged(why) => Stop::Damaged(why.clone()),
        SaveError::Api(ApiError::Unauthorised(refused)) => {
            Stop::Unauthorised { words: refused.words.clone(), hint: refused.hint.clone() }
        }
        SaveError::Api(api) => Stop::Registry(api.to_string()),
        SaveError::Forbidden(words) => Stop::Forbidden(words.clone()),
        SaveError::Refused(words) => Stop::Registry(format!("the workspace refused the record: {words}")),
    }
}

/// Tells the writes how long the lease lets them begin: a holder that has not seen for [`HOLD`] that the record is
/// still its own writes nothing before it has.
pub(super) fn keep_to_lease(holding: Option<&Holding>, pace: &Pace) {
    if let Some(held) = holding.and_then(|h| h.store.held()) {
        pace.renewed(held, HOLD);
    }
}

/// Waits until the lease is due to be looked after; for ever without one.
pub(super) async fn renewal(holding: Option<&Holding>) {
    match holding.and_then(|h| h.store.looked()) {
        Some(looked) => due(looked, CHECK).await,
        None => std::future::pending().await,
    }
}

/// Waits until so long has passed since a moment.
///
/// Looks every second: a timer stands still while the machine sleeps, and what was due meanwhile is due at once.
async fn due(since: Moment, length: Duration) {
    while let Some(left) = length.checked_sub(since.age()).filter(|left| !left.is_zero()) {
        tokio::time::sleep(left.min(Duration::from_secs(1))).await;
    }
}

/// Who is applying, as a lease names it: from what the environment of a CI says, else user and machine.
#[must_use]
pub fn holder(variable: impl Fn(&str) -> Option<String>, stack: &StackName) -> String {
    if let (Some(repository), Some(run)) = (variable("GITHUB_REPOSITORY"), variable("GITHUB_RUN_ID")) {
        return format!("github/{repository} run {run}");
    }
    if let (Some(project), Some(job)) = (variable("CI_PROJECT_PATH"), variable("CI_JOB_ID")) {
        return format!("gitlab/{project} job {job}");
    }
    if let Some(build) = variable("CODEBUILD_BUILD_ID") {
        return format!("codebuild/{build}");
    }
    let user = variable("USER").or_else(|| variable("LOGNAME")).or_else(|| variable("USERNAME"));
    let machine = variable("HOSTNAME").or_else(|| variable("COMPUTERNAME"));
    match (user, machine) {
        (Some(user), Some(machine)) => format!("{user}@{machine}"),
        (Some(user), None) => user,
        (None, Some(machine)) => machine,
        (None, None) => format!("somebody applying {stack}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lease_is_due_at_once_when_the_machine_slept() {
        let due = due(Moment::before_a_sleep_of(CHECK), CHECK);
        tokio::time::timeout(CHECK / 2, due).await.expect("it is due before the next look at the clock");
    }

    #[tokio::test]
    async fn a_fresh_lease_is_not_due() {
        tokio::select! {
            biased;
            () = due(Moment::now(), CHECK) => panic!("it is due"),
            () = std::future::ready(()) => {}
        }
    }
}
