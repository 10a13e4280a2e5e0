//! Carries a plan out: stage by stage, with preconditions, a lease, and an honest ending.
//!
//! Nothing is decided here that the plan has decided; what one change takes stands in [`object`], what is told of it
//! in [`crate::report`]. One task, this one, writes the registry.

pub mod interrupt;
pub mod object;
pub mod pace;
pub mod record;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{Id, JoinError, JoinSet};

pub use interrupt::Interrupt;
pub use object::{Tools, Written};

use crate::grafana::ApiError;
use crate::model::{KindName, StackName};
use crate::plan::guards::DRIFT;
use crate::plan::{Action, Change, Goal, Plan};
use crate::registry::store::LEASE;
use crate::registry::{Lease, Moment, Record, RunNote, SaveError, Store};
use crate::report::{Conflict, Finished, Outcome, Report, Stop};
use object::{Answered, Confirmed};
use pace::Pace;

/// How long a run that is stopped at once listens for what ends by itself.
const AT_ONCE: Duration = Duration::from_millis(100);

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
    pub taken: Option<(Store, Record)>,
}

/// What happens while a plan is carried out, for whoever shows it.
pub enum Event<'a> {
    /// A change was begun.
    Started(&'a Change),
    /// A change ended.
    Finished(&'a Finished),
    /// The user asked to stop: what is in flight is waited for.
    Stopping {
        /// How many changes are in flight.
        in_flight: usize,
    },
}

/// Carries out a plan. Without a holding (`ownership: none`) nothing is recorded.
pub async fn run(
    plan: &Plan,
    tools: Arc<Tools>,
    mut holding: Option<&mut Holding>,
    parallelism: usize,
    mut interrupt: Interrupt,
    mut tell: impl FnMut(Event<'_>),
) -> Report {
    let mut report = Report::new(plan.goal);
    if let Some(holding) = &mut holding
        && let Err(stop) = take_lease(plan, holding, &tools).await
    {
        report.stop = Some(stop);
        report.not_started(plan.changes());
        return report;
    }
    // One pace for the whole run: what was learnt of the server in one stage holds in the next.
    let pace = Arc::new(Pace::new(parallelism));
    let one = Arc::new(Pace::new(1));
    let last = plan.stages.len().saturating_sub(1);
    for (number, stage) in plan.stages.iter().enumerate() {
        let (together, alone) = split(stage);
        for (group, pace) in [(together, &pace), (alone, &one)] {
            run_group(group, &tools, &mut holding, pace, &mut interrupt, &mut report, &mut tell).await;
        }
        if let Some(holding) = &mut holding
            && number < last
            && report.stop.is_none()
            && !interrupt.is_asked()
        {
            save(holding, &tools, &mut report).await;
        }
    }
    if let Some(holding) = holding {
        finish(plan, holding, &tools, &mut report, interrupt.is_asked()).await;
    }
    report.interrupted = interrupt.signal();
    report
}

/// Folders are deleted one at a time: in parallel, servers answer with refusals that are not true (point 23).
fn split(stage: &[Change]) -> (Vec<&Change>, Vec<&Change>) {
    stage.iter().partition(|c| !(c.address.kind == KindName::FOLDER && matches!(c.action, Action::Delete { .. })))
}

async fn run_group(
    group: Vec<&Change>,
    tools: &Arc<Tools>,
    holding: &mut Option<&mut Holding>,
    pace: &Arc<Pace>,
    interrupt: &mut Interrupt,
    report: &mut Report,
    tell: &mut impl FnMut(Event<'_>),
) {
    let mut queue: VecDeque<&Change> = group.into();
    let mut tasks: JoinSet<(Answered, Duration)> = JoinSet::new();
    let mut in_flight: HashMap<Id, &Change> = HashMap::new();
    let mut told = false;
    keep_to_lease(holding.as_deref(), pace);
    loop {
        while in_flight.len() < pace.under_way() && report.stop.is_none() && !interrupt.is_asked() {
            let Some(change) = queue.pop_front() else { break };
            if let Some(outcome) = without_writing(change, report) {
                settle(change, outcome, Duration::ZERO, holding, report, tell);
                continue;
            }
            tell(Event::Started(change));
            let (tools, pace, own) = (Arc::clone(tools), Arc::clone(pace), change.clone());
            let task = tasks.spawn(async move {
                let start = Instant::now();
                let answered = object::carry_out(&tools, &own, &pace).await;
                (answered, start.elapsed())
            });
            in_flight.insert(task.id(), change);
        }
        if report.stop.is_some() || interrupt.is_asked() {
            pace.close();
        }
        if in_flight.is_empty() {
            break;
        }
        tokio::select! {
            Some(joined) = tasks.join_next_with_id() => {
                let (id, answered, took) = ended(joined);
                if let Some(change) = in_flight.remove(&id) {
                    settle(change, answered, took, holding, report, tell);
                }
            }
            () = interrupt.changed() => {
                pace.close();
                if interrupt.is_now() {
                    // What waited for its turn has sent nothing, and ends by itself: it is not unknown.
                    while let Ok(Some(joined)) = tokio::time::timeout(AT_ONCE, tasks.join_next_with_id()).await {
                        let (id, answered, took) = ended(joined);
                        if let Some(change) = in_flight.remove(&id) {
                            settle(change, answered, took, holding, report, tell);
                        }
                    }
                    tasks.shutdown().await;
                    for (_, change) in std::mem::take(&mut in_flight) {
                        let unknown = Answered::Ended(Outcome::Unknown { message: "stopped while it was sent".into() });
                        settle(change, unknown, Duration::ZERO, holding, report, tell);
                    }
                } else if !told {
                    told = true;
                    tell(Event::Stopping { in_flight: in_flight.len().saturating_sub(pace.waiting()) });
                }
            }
            () = renewal(holding.as_deref()), if report.stop.is_none() => {
                if let Some(holding) = holding {
                    save(holding, tools, report).await;
                }
                keep_to_lease(holding.as_deref(), pace);
            }
        }
    }
    report.not_started(queue.into_iter());
}

/// What came of the task of one change.
fn ended(joined: Result<(Id, (Answered, Duration)), JoinError>) -> (Id, Answered, Duration) {
    match joined {
        Ok((id, (answered, took))) => (id, answered, took),
        Err(error) => {
            let message = format!("it ended in a fault of amgctl's own: {error}");
            (error.id(), Answered::Ended(Outcome::Unknown { message }), Duration::ZERO)
        }
    }
}

/// Tells the writes how long the lease lets them begin: a holder that has not renewed it within two thirds of its
/// length writes nothing before it has.
fn keep_to_lease(holding: Option<&Holding>, pace: &Pace) {
    if let Some(saved) = holding.and_then(|h| h.store.saved()) {
        pace.renewed(saved, LEASE * 2 / 3);
    }
}

/// Waits until the lease is due to be renewed; for ever without one.
async fn renewal(holding: Option<&Holding>) {
    match holding.and_then(|h| h.store.saved()) {
        Some(saved) => due(saved).await,
        None => std::future::pending().await,
    }
}

/// Waits until a third of the lease has passed since it was saved.
///
/// Looks every second: a timer stands still while the machine sleeps, and what was due meanwhile is due at once.
async fn due(saved: Moment) {
    while let Some(left) = (LEASE / 3).checked_sub(saved.age()) {
        tokio::time::sleep(left.min(Duration::from_secs(1))).await;
    }
}

/// What needs no request: told at once.
fn without_writing(change: &Change, report: &Report) -> Option<Answered> {
    match &change.action {
        Action::Refuse(refusal) => {
            let outcome = match &change.drift {
                Some(drift) if refusal.code == DRIFT => Outcome::Conflict(Conflict::Saved {
                    by: drift.saved.by.clone(),
                    at: drift.saved.at.clone(),
                    version: drift.version,
                    planned: drift.recorded,
                }),
                _ => Outcome::Refused { reason: format!("{}; {}", refusal.reason, refusal.hint) },
            };
            return Some(Answered::Ended(outcome));
        }
        Action::Keep { .. } | Action::LeaveAlone | Action::Release | Action::Forget { .. } | Action::Renew => {
            return Some(Answered::Done(Confirmed::default()));
        }
        Action::Create { .. }
        | Action::Update { .. }
        | Action::Replace { .. }
        | Action::Adopt { .. }
        | Action::Delete { .. } => {}
    }
    let failed = change.needs.iter().find(|needed| report.failed.contains(*needed))?;
    Some(Answered::Ended(Outcome::Skipped { because: format!("it needs `{failed}`, which was not done") }))
}

fn settle(
    change: &Change,
    answered: Answered,
    took: Duration,
    holding: &mut Option<&mut Holding>,
    report: &mut Report,
    tell: &mut impl FnMut(Event<'_>),
) {
    if let Some(holding) = holding {
        record::note(&mut holding.record, change, &answered);
    }
    let (outcome, note) = match answered {
        Answered::Done(confirmed) => (Outcome::Done, confirmed.note),
        Answered::Ended(outcome) | Answered::Halfway(outcome) | Answered::Differs(_, outcome) => (outcome, None),
        Answered::Unauthorised { refused, wrote } => {
            report.stop.get_or_insert(Stop::Unauthorised { words: refused.words, hint: refused.hint });
            let unread = || Outcome::Unknown { message: "the token was refused before it was read back".into() };
            (if wrote { unread() } else { Outcome::NotStarted }, None)
        }
    };
    let quiet = matches!(change.action, Action::Keep { .. } | Action::LeaveAlone | Action::Renew);
    let finished = report.take(change, outcome, took, note);
    if !quiet {
        tell(Event::Finished(finished));
    }
}

/// Writes down who applies and what is about to be written, before anything is.
async fn take_lease(plan: &Plan, holding: &mut Holding, tools: &Tools) -> Result<(), Stop> {
    let since = tools.now();
    holding.record.lease = Some(Lease {
        run: tools.run.clone(),
        holder: holding.holder.clone(),
        since,
        seconds: i64::try_from(LEASE.as_secs()).unwrap_or(300),
        process: holding.process.clone(),
    });
    for change in plan.changes() {
        record::write_down(&mut holding.record, change, &tools.run);
    }
    holding.store.secure_folder().await.map_err(|e| stop(&e))?;
    holding.store.save(&mut holding.record, &tools.run).await.map_err(|e| stop(&e))?;
    match holding.taken.take() {
        Some((mut store, record)) => store.remove(&record).await.map_err(|e| stop(&e)),
        None => Ok(()),
    }
}

async fn save(holding: &mut Holding, tools: &Tools, report: &mut Report) {
    if let Err(error) = holding.store.save(&mut holding.record, &tools.run).await {
        report.stop = Some(stop(&error));
    }
}

/// Releases the lease and records what was done; a destroy that left nothing removes the record as well.
async fn finish(plan: &Plan, holding: &mut Holding, tools: &Tools, report: &mut Report, interrupted: bool) {
    if matches!(report.stop, Some(Stop::LeaseLost | Stop::Unauthorised { .. })) {
        return;
    }
    holding.record.lease = None;
    record::bindings(&mut holding.record, plan, &report.done());
    holding.record.note(RunNote {
        at: tools.now(),
        by: holding.holder.clone(),
        what: report.in_words(interrupted),
    });
    let nothing_left = plan.goal == Goal::Destroy && holding.record.objects.is_empty();
    let saved = if nothing_left {
        let removed = holding.store.remove(&holding.record).await;
        if removed.is_ok() {
            object::remove_registry_folder(tools).await;
        }
        removed
    } else {
        holding.store.save(&mut holding.record, &tools.run).await
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
        SaveError::Api(ApiError::Unauthorised(refused)) => {
            Stop::Unauthorised { words: refused.words.clone(), hint: refused.hint.clone() }
        }
        SaveError::Api(api) => Stop::Registry(api.to_string()),
        SaveError::Forbidden(words) => Stop::Forbidden(words.clone()),
        SaveError::Refused(words) => Stop::Registry(format!("the workspace does not take the record: {words}")),
    }
}

/// Whether carrying a plan out would write anything at all, the record included.
#[must_use]
pub fn writes_anything(plan: &Plan) -> bool {
    plan.changes().any(|c| {
        c.action.writes()
            || c.stale
            || matches!(c.action, Action::Adopt { .. } | Action::Release | Action::Forget { .. } | Action::Renew)
    })
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
        due(Moment::before_a_sleep_of(LEASE)).await;
    }

    #[tokio::test]
    async fn a_fresh_lease_is_not_due() {
        tokio::select! {
            biased;
            () = due(Moment::now()) => panic!("it is due"),
            () = std::future::ready(()) => {}
        }
    }
}
