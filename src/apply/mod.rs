//! Carries a plan out: stage by stage, with preconditions, a lease, and an honest ending.
//!
//! Nothing is decided here that the plan has decided; what one change takes stands in [`object`], what is told of it
//! in [`crate::report`]. One task, this one, writes the registry.

mod exchange;
pub mod holding;
pub mod interrupt;
pub mod object;
pub mod pace;
pub mod record;
pub mod seen;
mod stage;
mod verdict;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{Id, JoinError, JoinSet};

pub use holding::{Holding, holder};
pub use interrupt::Interrupt;
pub use object::{Bodies, Tools, Written};

use crate::kinds;
use crate::plan::guards::{DRIFT, MOVED};
use crate::plan::{Action, Change, DriftKind, Plan};
use crate::report::{Conflict, Finished, Outcome, Report, Stop};
use holding::{finish, keep, keep_to_lease, renewal, save, take_lease};
use object::{Answered, Confirmed};
use pace::Pace;

/// How long a run that is stopped at once listens for what ends by itself.
const AT_ONCE: Duration = Duration::from_millis(100);

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

/// What is deleted one at a time is done last, and apart.
fn split(stage: &[Change]) -> (Vec<&Change>, Vec<&Change>) {
    let is_alone = |c: &&Change| {
        matches!(c.action, Action::Delete { .. }) && kinds::by_name(c.address.kind).facts().deleted_alone
    };
    stage.iter().partition(|change| !is_alone(change))
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
    let mut answered_only = Vec::new();
    let mut listed = match report.stop.is_some() || interrupt.is_asked() {
        true => BTreeMap::new(),
        false => stage::before(tools, &queue.iter().copied().collect::<Vec<_>>()).await,
    };
    keep_to_lease(holding.as_deref(), pace);
    loop {
        while in_flight.len() < pace.under_way() && report.stop.is_none() && !interrupt.is_asked() {
            let Some(change) = queue.pop_front() else { break };
            if let Some(outcome) = without_writing(change, report) {
                report_outcome(change, outcome, Duration::ZERO, holding, report, tell);
                continue;
            }
            tell(Event::Started(change));
            let (tools, pace, own) = (Arc::clone(tools), Arc::clone(pace), change.clone());
            let listed = listed.remove(&change.address);
            let task = tasks.spawn(async move {
                let start = Instant::now();
                let answered = object::carry_out(&tools, &own, &pace, listed).await;
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
                    if let Answered::Done(confirmed) = &answered
                        && confirmed.said.is_some()
                    {
                        answered_only.push((change, confirmed.clone()));
                    }
                    report_outcome(change, answered, took, holding, report, tell);
                }
            }
            () = interrupt.changed() => {
                pace.close();
                if interrupt.is_now() {
                    // What waited for its turn has sent nothing, and ends by itself: it is not unknown.
                    while let Ok(Some(joined)) = tokio::time::timeout(AT_ONCE, tasks.join_next_with_id()).await {
                        let (id, answered, took) = ended(joined);
                        if let Some(change) = in_flight.remove(&id) {
                            report_outcome(change, answered, took, holding, report, tell);
                        }
                    }
                    tasks.shutdown().await;
                    for (_, change) in std::mem::take(&mut in_flight) {
                        let unknown = Answered::Ended(Outcome::Unknown { message: "stopped while it was sent".into() });
                        report_outcome(change, unknown, Duration::ZERO, holding, report, tell);
                    }
                } else if !told {
                    told = true;
                    tell(Event::Stopping { in_flight: in_flight.len().saturating_sub(pace.waiting()) });
                }
            }
            () = renewal(holding.as_deref()), if report.stop.is_none() => {
                if let Some(holding) = holding {
                    keep(holding, tools, report).await;
                }
                keep_to_lease(holding.as_deref(), pace);
            }
        }
    }
    report.not_started(queue.into_iter());
    if !interrupt.is_now() && !matches!(report.stop, Some(Stop::Unauthorised { .. })) {
        for (change, answered) in stage::after(tools, pace, answered_only).await {
            if let Some(holding) = holding {
                record::note(&mut holding.record, change, &answered);
            }
            if let Some(outcome) = answered.outcome() {
                report.amend(&change.address, outcome.clone());
            }
        }
    }
}

/// What came of the task of one change.
fn ended(joined: Result<(Id, (Answered, Duration)), JoinError>) -> (Id, Answered, Duration) {
    match joined {
        Ok((id, (answered, took))) => (id, answered, took),
        Err(error) => {
            let message = format!("this is a fault of amgctl itself: {error}");
            (error.id(), Answered::Ended(Outcome::Unknown { message }), Duration::ZERO)
        }
    }
}

/// What needs no request: told at once.
fn without_writing(change: &Change, report: &Report) -> Option<Answered> {
    match &change.action {
        Action::Refuse(refusal) => {
            let outcome = match &change.drift {
                Some(drift) if [DRIFT, MOVED].contains(&&*refusal.code) && drift.what != DriftKind::Deleted => {
                    Outcome::Conflict(Conflict::Saved {
                        by: drift.saved.by.clone(),
                        at: drift.saved.at.clone(),
                        version: drift.version,
                        planned: drift.recorded,
                    })
                }
                _ => Outcome::Refused { reason: format!("{}; {}", refusal.reason, refusal.hint) },
            };
            return Some(Answered::Ended(outcome));
        }
        Action::Keep { .. }
        | Action::LeaveAlone
        | Action::Release { .. }
        | Action::Forget { .. }
        | Action::Renew => {
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

fn report_outcome(
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
    let finished = report.add(change, outcome, took, note);
    if !quiet {
        tell(Event::Finished(finished));
    }
}

/// Whether carrying a plan out would write anything at all, the record included.
#[must_use]
pub fn writes_anything(plan: &Plan) -> bool {
    plan.changes().any(|c| {
        c.action.writes()
            || c.stale
            || matches!(
                c.action,
                Action::Adopt { .. } | Action::Release { .. } | Action::Forget { .. } | Action::Renew
            )
    })
}
