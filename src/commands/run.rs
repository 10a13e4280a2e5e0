//! One run of an apply or a destroy: read, plan, guard, ask, carry out; planned anew where another run came first.
//!
//! What happens on the way is shown to an [`Audience`]: a terminal ([`super::apply`]), or whoever reads the events of a
//! loop ([`super::reconcile`]). What came of it is a value.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::audit::Log;
use super::gather::{Besides, Gathered, Task, gather};
use super::saved::{Kept, Reviewed};
use super::{Exit, Failure, Session, contained, holder, lease, origin, record};
use crate::apply::{self, Event, Holding, Tools, interrupt};
use crate::model::{Address, Problem, RecordState, StackName, counted};
use crate::plan::{Goal, OnDrift, Plan, guards};
use crate::registry::record::FOLDER;
use crate::registry::{Record, Store};
use crate::render::{self, style::Style};
use crate::report::{Finished, Outcome, Report, Signal, Stop};
use crate::settings::{Revisions, Settings};

/// What a run is to do.
pub struct Order {
    /// What it is for.
    pub goal: Goal,
    /// The settings.
    pub settings: Settings,
    /// What is wrong with `amgctl.yaml`.
    pub file_problems: Vec<Problem>,
    /// Whether somebody has to approve the plan.
    pub approval: Approval,
    /// What was approved before, in a file.
    pub reviewed: Option<Reviewed>,
    /// How long another run's lease is waited for.
    pub patience: Duration,
    /// The most writes in flight at once.
    pub parallelism: usize,
    /// The file that what is written is noted in.
    pub log: Option<PathBuf>,
}

/// Whether a plan is carried out without asking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Approval {
    /// Whatever is planned is approved; what was changed outside is dealt with as the settings say.
    Given,
    /// Somebody at the terminal is asked.
    Asked,
}

/// Who is shown what a run does.
pub trait Audience {
    /// It is known what is to be done; nothing was written. More than once where another run comes first.
    fn planned(&mut self, gathered: &Gathered);
    /// Something happened while the plan was carried out.
    fn happened(&mut self, plan: &Plan, event: Event<'_>);
    /// Nothing more happens.
    fn ended(&mut self);
}

/// A run that ended.
pub struct Ran {
    /// What it read and planned.
    pub gathered: Gathered,
    /// What came of it.
    pub outcome: Came,
}

/// What came of a run.
pub enum Came {
    /// There was nothing to write.
    Nothing,
    /// Nobody approved it.
    Cancelled,
    /// The plan was carried out.
    Carried(Report),
}

impl Ran {
    /// The status that it stands for.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match &self.outcome {
            Came::Nothing if self.gathered.plan.counts().refuse > 0 => Exit::Conflict,
            Came::Nothing => Exit::Done,
            Came::Cancelled => Exit::Error,
            Came::Carried(report) => status(report),
        }
    }
}

/// Runs once.
pub async fn run(order: Order, audience: &mut impl Audience, session: &Session<'_>) -> Result<Ran, Failure> {
    let Order { goal, mut settings, file_problems, approval, reviewed, patience, parallelism, log } = order;
    settings.access = settings.access.writing();
    settings.rules.on_drift = match approval {
        Approval::Given => settings.on_drift,
        Approval::Asked => OnDrift::Overwrite,
    };
    settings.revisions = match approval {
        Approval::Given if reviewed.is_none() => Revisions::PinnedOnly,
        // Somebody looks, or has looked, at what is written.
        Approval::Given | Approval::Asked => Revisions::Pinned,
    };
    let mut survey = settings.survey.take();
    let mut patience = lease::Patience::new(patience);
    let (mut connection, mut approved) = (None, None);
    loop {
        let task = Task {
            goal,
            settings: Settings { survey: survey.take(), ..settings.clone() },
            file_problems: file_problems.clone(),
            patience: Some(patience.left()),
            connection,
            besides: Besides::Nothing,
        };
        let mut gathered = match reviewed.as_ref().and_then(Reviewed::contained) {
            Some((plan, bodies)) => contained::gather(plan, bodies, task, session).await?,
            None => gather(task, session).await?,
        };
        session.sweep().await;
        may_write(&gathered)?;
        if let Some(failure) = other_origin(&gathered)
            && !gathered.settings.take_over
        {
            return Err(failure);
        }
        let kept = match &reviewed {
            Some(reviewed) => reviewed.keep(&mut gathered)?,
            None => Kept::Everything,
        };
        audience.planned(&gathered);
        if kept == Kept::TooLittle {
            return Ok(Ran { gathered, outcome: Came::Nothing });
        }
        let plan = &gathered.plan;
        let destroys_record = goal == Goal::Destroy && gathered.held.record.there().is_some();
        if !apply::writes_anything(plan) && !destroys_record && !plan.custody.must_be_saved() {
            return Ok(Ran { gathered, outcome: Came::Nothing });
        }
        if let Some(failure) = too_many(&gathered) {
            return Err(failure);
        }
        let anything = plan.does_something() || plan.custody.moves();
        let shown = render::human::plan(plan, &Style { verbose: true, ..Style::default() });
        let asks = approval == Approval::Asked && anything && is_asked_for(&shown, approved.as_deref());
        if asks && !agreed(&gathered, session).await {
            return Ok(Ran { gathered, outcome: Came::Cancelled });
        }
        let plan_file = reviewed.as_ref().map(|reviewed| reviewed.digest.clone()).unwrap_or_default();
        let run = record::random()?[..16].to_owned();
        let mut log = match &log {
            Some(path) => Some(Log::open(path, &run, &plan_file, &gathered, session).await?),
            None => None,
        };
        let way = Way { run, plan_file, parallelism, log: log.as_mut() };
        let report = carry_out(&mut gathered, way, audience, session).await?;
        if let Some(words) = log.and_then(|log| log.ended(&report)) {
            session.terminal.warn(&words);
        }
        if report.stop != Some(Stop::Raced) {
            return Ok(Ran { gathered, outcome: Came::Carried(report) });
        }
        patience.lose(&gathered.settings.stack)?;
        session.terminal.say("Another run took the lease first, and nothing was written: planning again.");
        (connection, approved) = (Some(gathered.connection), Some(shown));
    }
}

/// Whether somebody at a terminal has to approve a plan: whoever has approved these very words is not asked again.
fn is_asked_for(shown: &str, approved: Option<&str>) -> bool {
    approved != Some(shown)
}

/// Asks: an apply for `yes`, a destroy for the stack's name.
async fn agreed(gathered: &Gathered, session: &Session<'_>) -> bool {
    let stack = gathered.settings.stack.as_str();
    match gathered.plan.goal {
        Goal::Apply => session.agrees().await,
        Goal::Destroy => {
            let question = format!(
                "\nDo you really want to destroy the stack `{stack}`? There is no undo.\n  Enter the stack's name to \
                 approve: "
            );
            session.terminal.ask(question).await.is_some_and(|answer| answer == stack)
        }
    }
}

/// How a plan is carried out.
struct Way<'a> {
    /// The run.
    run: String,
    /// The digest of the saved plan; empty where there is none.
    plan_file: String,
    /// The most writes in flight at once.
    parallelism: usize,
    /// What it is noted in.
    log: Option<&'a mut Log>,
}

async fn carry_out(
    gathered: &mut Gathered,
    way: Way<'_>,
    audience: &mut impl Audience,
    session: &Session<'_>,
) -> Result<Report, Failure> {
    let Session { machine, terminal, .. } = session;
    let Way { run, plan_file, parallelism, mut log } = way;
    let client = gathered.connection.client.clone();
    let record = match &gathered.held.record {
        RecordState::There(record) => Some((**record).clone()),
        RecordState::Absent => {
            let salt = gathered.held.salt.clone();
            Some(Record::new(gathered.settings.stack.clone(), gathered.held.origin.clone(), salt))
        }
        RecordState::Unknown(_) | RecordState::Off => None,
    };
    let store = std::mem::replace(
        &mut gathered.held.store,
        Store::new(client.clone(), &gathered.connection.server, gathered.settings.stack.clone()),
    );
    let mut holding = record.map(|mut record| {
        if !gathered.held.origin.is_empty() {
            record.origin.clone_from(&gathered.held.origin);
        }
        Holding {
            store,
            record,
            holder: apply::holder(|name| machine.variable(name), &gathered.settings.stack),
            process: holder::me(),
            plan_file,
            taken: gathered.held.taken.take(),
        }
    });
    let tools = Arc::new(Tools {
        client,
        server: gathered.connection.server.clone(),
        bodies: Arc::clone(&gathered.bodies),
        run,
        salt: holding.as_ref().map(|h| h.record.salt.clone()).unwrap_or_default(),
    });
    let (asker, interrupt) = interrupt::channel();
    let _routed = session.route(move |signal| {
        asker.ask(signal);
    });
    let plan = &gathered.plan;
    // A server's refusal may hold what it refuses.
    let conceal = |address: &Address, words: &str| match gathered.veils.get(address) {
        Some(veil) => veil.text(words),
        None => words.to_owned(),
    };
    let tell = |event: Event<'_>| {
        let concealed;
        let event = match event {
            Event::Finished(finished) => {
                concealed = finished.concealed(conceal);
                Event::Finished(&concealed)
            }
            event => event,
        };
        if let Some(log) = &mut log {
            log.happened(plan, &event);
        }
        audience.happened(plan, event);
    };
    let mut report = apply::run(plan, tools, holding.as_mut(), parallelism.max(1), interrupt, tell).await;
    audience.ended();
    for note in holding.map(|mut h| h.store.notes()).unwrap_or_default() {
        terminal.say(&format!("note: {note}"));
    }
    report.conceal(conceal);
    Ok(report)
}

/// Why a run ended before its plan did, as a failure.
#[must_use]
pub fn stopped(stop: &Stop, stack: &StackName) -> Failure {
    match stop {
        Stop::Unauthorised { words, hint } => {
            Failure::new(Exit::Auth, format!("Grafana refused the token in the middle of the run (401, {words})"))
                .note("what was done is kept: apply again when the token works")
                .hint(hint.as_str())
        }
        Stop::Forbidden(words) => Failure::new(Exit::Auth, format!("this token may not save the record: {words}"))
            .hint("use a token of a service account with the role Admin"),
        Stop::Raced | Stop::LeaseLost => {
            Failure::new(Exit::Locked, format!("another run has taken over the record of stack `{stack}`"))
                .hint("wait for it, then plan again")
        }
        Stop::Damaged(why) => record::damaged(stack, why)
            .note("somebody changed it during this run: what was written since it was saved last is not recorded"),
        Stop::Registry(words) => Failure::new(Exit::Error, format!("what was done could not be recorded: {words}"))
            .hint("apply again: what was written is found and recorded"),
    }
}

/// The first that applies, in the order of the README's table.
#[must_use]
pub fn status(report: &Report) -> Exit {
    match report.interrupted {
        Some(Signal::Interrupt) => return Exit::Interrupted,
        Some(Signal::Terminate) => return Exit::Terminated,
        None => {}
    }
    match &report.stop {
        Some(Stop::Unauthorised { .. } | Stop::Forbidden(_)) => return Exit::Auth,
        Some(Stop::Raced | Stop::LeaseLost) => return Exit::Locked,
        Some(Stop::Registry(_) | Stop::Damaged(_)) if !report.wrote() => return Exit::Error,
        Some(Stop::Registry(_) | Stop::Damaged(_)) => return Exit::Partly,
        None => {}
    }
    if report.is_complete() {
        return Exit::Done;
    }
    if report.wrote() {
        return Exit::Partly;
    }
    let conflict = |f: &Finished| matches!(f.outcome, Outcome::Conflict(_) | Outcome::Refused { .. });
    if report.finished.iter().any(conflict) { Exit::Conflict } else { Exit::Error }
}

/// Another place that applied this stack before, if this is another one.
#[must_use]
pub fn other_origin(gathered: &Gathered) -> Option<Failure> {
    let RecordState::There(record) = &gathered.held.record else { return None };
    // Where one of the two is not known there is nothing to compare: no git, and a CI that does not say.
    if record.objects.is_empty() || origin::same(&record.origin, &gathered.held.origin) != Some(false) {
        return None;
    }
    let theirs = gathered.plan.counts().destroy;
    let failure = Failure::new(
        Exit::Guard,
        format!(
            "stack `{}` was last applied from {}, this is {}",
            record.stack, record.origin, gathered.held.origin
        ),
    );
    let failure = if theirs > 0 {
        failure.note(format!("this run would delete {} that the other place made", counted(theirs, "object")))
    } else {
        failure
    };
    Some(failure.hint(format!(
        "if the stack moved here, run this once more with --take-over; if it is the same place under another address, \
         write `origin: {}` in amgctl.yaml; if these are two stacks, give this one another name there",
        record.origin
    )))
}

/// A plan that destroys more than it may.
#[must_use]
pub fn too_many(gathered: &Gathered) -> Option<Failure> {
    let RecordState::There(record) = &gathered.held.record else { return None };
    let too_many = guards::too_many(&gathered.plan, record.objects.len(), gathered.settings.rules.max_destroy)?;
    Some(
        Failure::new(
            Exit::Guard,
            format!("this would destroy {} of the stack's {}", too_many.destroys, counted(too_many.of, "object")),
        )
        .hint(format!("if that is meant, run again with --max-destroy {}", too_many.destroys)),
    )
}

/// What must be so before anything is written: the token provably reads and writes the registry.
fn may_write(gathered: &Gathered) -> Result<(), Failure> {
    let access = &gathered.connection.access;
    let words = match &gathered.held.record {
        RecordState::Unknown(why) => why.clone(),
        RecordState::Off => return Ok(()),
        RecordState::There(_) if !access.in_folder("dashboards:write", FOLDER) => {
            "this token may not write in the folder `amgctl`".into()
        }
        RecordState::Absent
            if !access.everywhere("folders:create") && !access.in_folder("dashboards:create", FOLDER) =>
        {
            "this token may not make the folder `amgctl`".into()
        }
        RecordState::There(_) | RecordState::Absent => return Ok(()),
    };
    Err(Failure::new(Exit::Auth, format!("{words}; nothing was written"))
        .hint("use a token of a service account with the role Admin; `amgctl plan` works with less"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_is_made_anew_is_asked_for_again_only_where_it_differs() {
        assert!(is_asked_for("+ dashboard.one", None));
        assert!(!is_asked_for("+ dashboard.one", Some("+ dashboard.one")));
        assert!(is_asked_for("~ dashboard.one", Some("+ dashboard.one")));
    }
}
