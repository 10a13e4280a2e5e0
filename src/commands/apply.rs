//! `amgctl plan`, `apply` and `destroy`: gather, show, ask, carry out, tell.

use std::time::Instant;

use super::gather::{Gathered, Task, gather};
use super::run::{self, Approval, Audience, Came, Order, other_origin, too_many};
use super::{Exit, Failure, Session, directory};
use crate::apply::Event;
use crate::cli::{ApplyArgs, DestroyArgs, PlanArgs, RulesArgs};
use crate::grafana::Client;
use crate::model::Severity;
use crate::plan::{Action, Goal, OnDrift, Plan};
use crate::render;
use crate::report::{Outcome, Report};
use crate::settings::{Choice, Revisions, named_duration};
use crate::source;
use crate::terminal::{Terminal, Waiting};

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
    settings.revisions = if args.upgrade { Revisions::Newest } else { Revisions::Pinned };
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
    let (settings, file_problems) =
        directory::settle(&directory.directory, reading, &workspace, &rules, session.machine)?;
    // A name that could not be read is a fault of the file, which is reported with its place below.
    if !file_problems.iter().any(|problem| problem.severity == Severity::Error) {
        settings.must_be_named()?;
    }
    let approval = if run.auto_approve { Approval::Given } else { Approval::Asked };
    let order = Order { goal, settings, file_problems, approval, patience, parallelism: run.parallelism };
    let mut shown = Shown { begun, terminal, bar: None, column: 0 };
    let ran = run::run(order, &mut shown, session).await?;
    match &ran.outcome {
        Came::Nothing => {}
        Came::Cancelled => {
            terminal.print(&format!("{} cancelled.", if goal == Goal::Destroy { "Destroy" } else { "Apply" }));
        }
        Came::Carried(report) => close(report, &ran.gathered, terminal),
    }
    traffic(&ran.gathered.connection.client, begun, terminal);
    Ok(ran.exit())
}

/// A run as somebody at a terminal sees it.
struct Shown<'a> {
    begun: Instant,
    terminal: &'a Terminal,
    /// How far it is, while something is written.
    bar: Option<Waiting>,
    column: usize,
}

impl Audience for Shown<'_> {
    fn planned(&mut self, gathered: &Gathered) {
        show(gathered, self.begun, self.terminal);
    }

    fn happened(&mut self, plan: &Plan, event: Event<'_>) {
        let terminal = self.terminal;
        let bar = self.bar.get_or_insert_with(|| {
            self.column = render::summary::column(plan.changes().map(|c| (c.title.as_str(), &c.address)));
            terminal.counting(plan.changes().filter(|c| c.action.writes()).count())
        });
        match event {
            Event::Started(change) => bar.at(&render::summary::named(&change.title, &change.address)),
            Event::Finished(finished) => {
                bar.step();
                // What was not done is told by name in the closing words.
                if finished.outcome == Outcome::Done {
                    let line = render::summary::progress(finished, self.column, &terminal.out);
                    bar.around(|| terminal.print(&line));
                }
            }
            Event::Stopping { in_flight } => bar.around(|| {
                terminal.say(&format!("  finishing {in_flight} requests in flight; press again to stop at once"));
            }),
        }
    }

    fn ended(&mut self) {
        self.bar = None;
    }
}

/// Where a browser sees what was applied; none for the embedded workspace, which ends with the run.
fn open_at(gathered: &Gathered) -> Option<&str> {
    match &gathered.settings.workspace {
        Choice::Sandbox(_) => None,
        Choice::Managed(managed) if managed.sandbox.is_some() => None,
        Choice::Url(_) | Choice::Managed(_) => Some(gathered.connection.client.url()),
    }
}

/// The closing words.
fn close(report: &Report, gathered: &Gathered, terminal: &Terminal) {
    terminal.print("");
    terminal.print(render::summary::summary(report, &terminal.out).trim_end());
    if let (Goal::Apply, Some(url)) = (report.goal, open_at(gathered)) {
        terminal.print(url);
    }
    if let Some(stop) = &report.stop {
        run::stopped(stop, &gathered.settings.stack).tell(terminal);
    }
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
