//! `amgctl plan`, `apply` and `destroy`: gather, show, ask, carry out, tell.

use std::sync::Arc;
use std::time::Instant;

use super::gather::{Gathered, Task, gather};
use super::{Exit, Failure, Session, directory, holder, lease, origin, record};
use crate::apply::interrupt;
use crate::apply::{self, Event, Holding, Tools, Written};
use crate::cli::{ApplyArgs, DestroyArgs, PlanArgs, RulesArgs, RunArgs};
use crate::grafana::Client;
use crate::kinds;
use crate::model::{RecordState, Severity, counted};
use crate::plan::{Action, Goal, OnDrift, Plan, guards};
use crate::registry::record::FOLDER;
use crate::registry::{Record, Store};
use crate::render::{self, style::Style};
use crate::report::{Finished, Outcome, Report, Signal, Stop};
use crate::settings::{Choice, named_duration};
use crate::source;
use crate::terminal::Terminal;

/// `amgctl plan`.
pub async fn plan(args: PlanArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let (begun, terminal) = (Instant::now(), session.terminal);
    let goal = if args.destroy { Goal::Destroy } else { Goal::Apply };
    let (mut settings, problems) = directory::settle(
        &args.directory.directory,
        args.reading.clone(),
        &args.workspace,
        &args.rules,
        session.machine,
    )?;
    // What an apply at a terminal would overwrite is shown as that, whatever `amgctl.yaml` says of those that ask nobody.
    settings.rules.on_drift = args.rules.removal.on_drift.map_or(OnDrift::Overwrite, OnDrift::from);
    let task = Task { goal, settings, file_problems: problems, patience: None, connection: None };
    let gathered = gather(task, session).await?;
    if let Some(failure) = other_origin(&gathered).filter(|_| !gathered.settings.take_over) {
        terminal.say(&format!("warning: {}; apply will refuse without --take-over", failure.message));
    }
    show(&gathered, begun, terminal);
    if let Some(failure) = too_many(&gathered) {
        terminal.say(&format!("warning: {}; apply will refuse without --max-destroy", failure.message));
    }
    traffic(&gathered.connection.client, begun, terminal);
    let exit = planned(&gathered.plan, args.detailed_exitcode);
    if exit == Exit::Conflict {
        terminal.say(&format!("error: {}, and an apply would write nothing there", refused(&gathered.plan)));
    }
    Ok(exit)
}

/// The status that a plan ends with: it says what an apply of it would do.
///
/// What is refused is refused with or without `--detailed-exitcode`, or a pull request would pass its check and fail
/// once it is merged.
fn planned(plan: &Plan, detailed: bool) -> Exit {
    if plan.refuses() {
        return Exit::Conflict;
    }
    match detailed {
        true if !plan.unknown.is_empty() => Exit::Unknown,
        true if plan.does_something() || plan.custody.moves() => Exit::Changes,
        true | false => Exit::Done,
    }
}

fn refused(plan: &Plan) -> String {
    match plan.counts().refuse {
        1 => "1 object is refused".to_owned(),
        n => format!("{n} objects are refused"),
    }
}

/// Shows a plan.
fn show(gathered: &Gathered, begun: Instant, terminal: &Terminal) {
    let plan = &gathered.plan;
    let moves = plan.custody.moves();
    let worth_showing = plan.changes().any(|c| !matches!(c.action, Action::Renew))
        || !plan.notices.is_empty()
        || !plan.unknown.is_empty();
    if worth_showing || moves {
        terminal.print(render::human::plan(plan, &terminal.out).trim_end());
    }
    let is_as_declared = plan.counts().refuse == 0 && plan.counts().outside == 0;
    if !plan.does_something() && is_as_declared && !moves {
        let requests = usize::try_from(gathered.connection.client.traffic().requests).unwrap_or(usize::MAX);
        let seconds = begun.elapsed().as_secs_f64();
        terminal.print(&render::story::plan::no_changes(plan, gathered.objects, requests, seconds));
    }
}

/// `amgctl apply`.
pub async fn apply(args: ApplyArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    write(Goal::Apply, args, session).await
}

/// `amgctl destroy`.
pub async fn destroy(args: DestroyArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let DestroyArgs { directory, reading, workspace, rules, run } = args;
    let rules = RulesArgs { removal: rules, ..RulesArgs::default() };
    write(Goal::Destroy, ApplyArgs { directory, reading, workspace, rules, run }, session).await
}

async fn write(goal: Goal, args: ApplyArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let ApplyArgs { directory, reading, workspace, rules, run } = args;
    let (begun, terminal) = (Instant::now(), session.terminal);
    let patience = named_duration("--lock-timeout", &run.lock_timeout)?;
    if source::is_stream(&directory.directory) && !run.auto_approve {
        return Err(Failure::new(Exit::Usage, "what is piped in leaves nobody to ask whether to go on")
            .hint("read the plan with `amgctl plan -`, then give --auto-approve"));
    }
    if !run.auto_approve {
        session.may_ask(run.input, &goal.to_string(), "read the plan")?;
    }
    let (mut settings, problems) =
        directory::settle(&directory.directory, reading, &workspace, &rules, session.machine)?;
    // A name that could not be read is a fault of the file, which is reported with its place below.
    if !problems.iter().any(|problem| problem.severity == Severity::Error) {
        settings.must_be_named()?;
    }
    settings.access = settings.access.writing();
    settings.rules.on_drift = if run.auto_approve { settings.on_drift } else { OnDrift::Overwrite };
    let mut patience = lease::Patience::new(patience);
    let (mut connection, mut approved) = (None, None);
    loop {
        let task = Task {
            goal,
            settings: settings.clone(),
            file_problems: problems.clone(),
            patience: Some(patience.left()),
            connection,
        };
        let mut gathered = gather(task, session).await?;
        session.sweep().await;
        may_write(&gathered)?;
        if let Some(failure) = other_origin(&gathered)
            && !gathered.settings.take_over
        {
            return Err(failure);
        }
        match go(&mut gathered, &run, begun, approved, session).await? {
            Ended::With(exit) => {
                traffic(&gathered.connection.client, begun, terminal);
                return Ok(exit);
            }
            Ended::Raced(plan) => {
                patience.lose(&gathered.settings.stack)?;
                terminal.say("Another run took the lease first, and nothing was written: planning again.");
                (connection, approved) = (Some(gathered.connection), Some(plan));
            }
        }
    }
}

/// How a plan ended that was shown.
enum Ended {
    /// With a status.
    With(Exit),
    /// Another run took the lease first: what was shown is planned anew.
    Raced(String),
}

async fn go(
    gathered: &mut Gathered,
    run: &RunArgs,
    begun: Instant,
    approved: Option<String>,
    session: &Session<'_>,
) -> Result<Ended, Failure> {
    let terminal = session.terminal;
    let goal = gathered.plan.goal;
    show(gathered, begun, terminal);
    let destroys_record = goal == Goal::Destroy && gathered.held.record.there().is_some();
    if !apply::writes_anything(&gathered.plan) && !destroys_record && !gathered.plan.custody.must_be_saved() {
        let refused = gathered.plan.counts().refuse > 0;
        return Ok(Ended::With(if refused { Exit::Conflict } else { Exit::Done }));
    }
    let anything = gathered.plan.does_something() || gathered.plan.custody.moves();
    if let Some(failure) = too_many(gathered) {
        return Err(failure);
    }
    let shown = render::human::plan(&gathered.plan, &Style { verbose: true, ..Style::default() });
    let asks = !run.auto_approve && anything && is_asked_for(&shown, approved.as_deref());
    if asks && !agreed(gathered, session).await {
        terminal.print(&format!("{} cancelled.", if goal == Goal::Destroy { "Destroy" } else { "Apply" }));
        return Ok(Ended::With(Exit::Error));
    }
    let report = carry_out(gathered, run, session).await?;
    if report.stop == Some(Stop::Raced) {
        return Ok(Ended::Raced(shown));
    }
    Ok(Ended::With(end(&report, gathered, terminal)))
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

async fn carry_out(gathered: &mut Gathered, run: &RunArgs, session: &Session<'_>) -> Result<Report, Failure> {
    let Session { machine, terminal, .. } = session;
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
            taken: gathered.held.taken.take(),
        }
    });
    let (bound, server) = (Arc::clone(&gathered.bound), gathered.connection.server.clone());
    let tools = Arc::new(Tools {
        client,
        server: gathered.connection.server.clone(),
        bodies: Arc::new(move |address| {
            let declared =
                bound.object(address).ok_or_else(|| format!("the directory does not declare `{address}`"))?;
            let body = bound.body(declared).map_err(|p| p.message)?;
            let kind = kinds::by_name(address.kind);
            Ok(Written {
                text: body.text,
                digest: kinds::stored(kind, &kind.normal(body.value).digest(), &server).recorded(),
                secrets: bound.secrets(declared).map_err(|p| p.message)?,
            })
        }),
        run: record::random()?[..16].to_owned(),
        salt: holding.as_ref().map(|h| h.record.salt.clone()).unwrap_or_default(),
    });
    let (asker, interrupt) = interrupt::channel();
    let _routed = session.route(move |signal| {
        asker.ask(signal);
    });
    let writes = gathered.plan.changes().filter(|c| c.action.writes()).count();
    let bar = terminal.counting(writes);
    let column = render::summary::column(gathered.plan.changes().map(|c| (c.title.as_str(), &c.address)));
    let mut report =
        apply::run(&gathered.plan, tools, holding.as_mut(), run.parallelism.max(1), interrupt, |event| {
            match event {
                Event::Started(change) => bar.at(&render::summary::named(&change.title, &change.address)),
                Event::Finished(finished) => {
                    bar.step();
                    // What was not done is told by name in the closing words.
                    if finished.outcome == Outcome::Done {
                        let line = render::summary::progress(finished, column, &terminal.out);
                        bar.around(|| terminal.print(&line));
                    }
                }
                Event::Stopping { in_flight } => bar.around(|| {
                    terminal
                        .say(&format!("  finishing {in_flight} requests in flight; press again to stop at once"));
                }),
            }
        })
        .await;
    drop(bar);
    for note in holding.map(|mut h| h.store.notes()).unwrap_or_default() {
        terminal.say(&format!("note: {note}"));
    }
    // A server's refusal may hold what it refuses.
    report.conceal(|address, words| match gathered.veils.get(address) {
        Some(veil) => veil.text(words),
        None => words.to_owned(),
    });
    Ok(report)
}

/// Where a browser sees what was applied; none for the embedded workspace, which ends with the run.
fn open_at(gathered: &Gathered) -> Option<&str> {
    match &gathered.settings.workspace {
        Choice::Sandbox(_) => None,
        Choice::Managed(managed) if managed.sandbox.is_some() => None,
        Choice::Url(_) | Choice::Managed(_) => Some(gathered.connection.client.url()),
    }
}

/// The closing words, and the status that they stand for.
fn end(report: &Report, gathered: &Gathered, terminal: &Terminal) -> Exit {
    terminal.print("");
    terminal.print(render::summary::summary(report, &terminal.out).trim_end());
    if let (Goal::Apply, Some(url)) = (report.goal, open_at(gathered)) {
        terminal.print(url);
    }
    let stack = &gathered.settings.stack;
    if let Some(stop) = &report.stop {
        let failure = match stop {
            Stop::Unauthorised { words, hint } => Failure::new(
                Exit::Auth,
                format!("Grafana refused the token in the middle of the run (401, {words})"),
            )
            .note("what was done is kept: apply again when the token works")
            .hint(hint.as_str()),
            Stop::Forbidden(words) => {
                Failure::new(Exit::Auth, format!("this token may not save the record: {words}"))
                    .hint("use a token of a service account with the role Admin")
            }
            Stop::Raced | Stop::LeaseLost => {
                Failure::new(Exit::Locked, format!("another run has taken over the record of stack `{stack}`"))
                    .hint("wait for it, then plan again")
            }
            Stop::Damaged(why) => record::damaged(stack, why).note(
                "somebody changed it during this run: what was written since it was saved last is not recorded",
            ),
            Stop::Registry(words) => {
                Failure::new(Exit::Error, format!("what was done could not be recorded: {words}"))
                    .hint("apply again: what was written is found and recorded")
            }
        };
        failure.tell(terminal);
    }
    status(report)
}

/// The first that applies, in the order of the README's table.
fn status(report: &Report) -> Exit {
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
fn other_origin(gathered: &Gathered) -> Option<Failure> {
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

fn too_many(gathered: &Gathered) -> Option<Failure> {
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

fn traffic(client: &Client, begun: Instant, terminal: &Terminal) {
    if terminal.err.verbose {
        let traffic = client.traffic();
        terminal.say(&format!(
            "{} requests, {} bytes, {} retries, {:.1} s",
            traffic.requests,
            traffic.bytes,
            traffic.retries,
            begun.elapsed().as_secs_f64()
        ));
    }
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
