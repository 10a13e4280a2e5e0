//! `amgctl plan`, `apply` and `destroy`: gather, show, ask, carry out, tell.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::gather::{Besides, Gathered, Task, gather};
use super::reporting::{Known, Reporting};
use super::run::{self, Approval, Audience, Came, Order, other_origin, too_many};
use super::saved::{How, Reviewed};
use super::{Exit, Failure, Session, contained, directory, saved, typed};
use crate::apply::Event;
use crate::cli::{
    ApplyArgs, DestroyArgs, PlanArgs, ReadingArgs, RulesArgs, RunArgs, SaveArgs, SavedArgs, WorkspaceArgs,
};
use crate::grafana::Client;
use crate::model::{RecordState, Severity, has_error};
use crate::plan::{Action, Goal, OnDrift, Plan, Rules};
use crate::render;
use crate::render::reports::Verb;
use crate::report::{Outcome, Report};
use crate::saved::Asked;
use crate::settings::{Revisions, UsageError, named_duration};
use crate::source::settings::Ownership;
use crate::source::{self, FileSettings};
use crate::terminal::{Terminal, Waiting};

/// `amgctl plan`.
pub async fn plan(args: PlanArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let reporting = Reporting::new(&args.reports)?;
    let mut known = Known::new(Verb::Plan, &args.directory.directory);
    let ended = make_plan(args, reporting.draws(), &mut known, session).await;
    reporting.give(&known, &ended, session).await;
    ended
}

async fn make_plan(args: PlanArgs, draws: bool, known: &mut Known, session: &Session<'_>) -> Result<Exit, Failure> {
    let (begun, terminal) = (Instant::now(), session.terminal);
    directory::must_exist(&args.directory.directory)?;
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
    settings.rules.pictures = draws || args.save.out.is_some();
    settings.revisions = if args.upgrade { Revisions::Newest } else { Revisions::Pinned };
    known.settled(goal, &settings);
    let besides = Besides::Nothing;
    let task = Task { goal, settings, file_problems: problems, patience: None, connection: None, besides };
    if let Some(path) = &args.save.out {
        saved::may_be_written(path)?;
    }
    let gathered = gather(task, session).await?;
    let taken_over = other_origin(&gathered).filter(|_| !gathered.settings.take_over);
    let guards = [(taken_over, "--take-over"), (too_many(&gathered), "--max-destroy")];
    show(&gathered, begun, terminal);
    let mut refused_by_guard = None;
    for (failure, flag) in guards.into_iter().filter_map(|(failure, flag)| Some((failure?, flag))) {
        if gathered.settings.file.is_strict() {
            refused_by_guard.get_or_insert(failure);
        } else {
            let remark = format!("{}; apply will refuse without {flag}", failure.message);
            terminal.warn(&remark);
            known.remarks.push(remark);
        }
    }
    if let Some(path) = &args.save.out {
        let reading = Some(&args.reading).filter(|_| !args.save.self_contained);
        let again = typed::again(reading, &args.workspace);
        save(path, &args.save, &again, &gathered, session)?;
    }
    traffic(&gathered.connection.client, begun, terminal);
    known.base = open_at(&gathered).map(str::to_owned);
    let plan = known.plan.insert(gathered.plan);
    if let Some(failure) = refused_by_guard {
        return Err(failure);
    }
    let exit = planned(plan, args.detailed_exitcode);
    if exit == Exit::Conflict {
        terminal.say(&format!("error: {}, and an apply would write nothing there", refused(plan)));
    }
    Ok(exit)
}

/// Saves a plan, and says how it is applied: with the flags that have to be given `again`.
fn save(
    path: &Path,
    args: &SaveArgs,
    again: &str,
    gathered: &Gathered,
    session: &Session<'_>,
) -> Result<(), Failure> {
    let bodies = match &gathered.bound {
        Some(bound) if args.self_contained => Some(contained::bodies(&gathered.plan, bound)?),
        Some(_) | None => None,
    };
    let digest = saved::write(path, gathered, bodies, session)?;
    let name = path.display();
    let next = match gathered.plan.record.is_unknown() {
        true => format!("it is provisional: `amgctl apply DIR --reviewed {name}{again}` plans anew and compares"),
        false => format!("`amgctl apply {name} --digest {digest}{again}` applies it"),
    };
    session.terminal.say(&format!("Saved the plan to {name} ({digest}).\n  {next}"));
    Ok(())
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
    render::stream::plan(plan).iter().for_each(|line| terminal.event(line));
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
    let reporting = Reporting::new(&args.run.reports)?;
    let mut known = Known::new(Verb::Apply, &args.path);
    let ended = carry_out(args, &mut known, session).await;
    reporting.give(&known, &ended, session).await;
    ended
}

async fn carry_out(args: ApplyArgs, known: &mut Known, session: &Session<'_>) -> Result<Exit, Failure> {
    let ApplyArgs { path: target, reading, workspace, rules, run, saved, output: _ } = args;
    directory::must_exist(&target)?;
    if !source::is_stream(&target) && saved::is_file(&target) {
        let order = of_file(&target, reading, &workspace, &rules, &run, &saved, session)?;
        return write(order, known, session).await;
    }
    let only_of_files = [("--directory", saved.directory.is_some()), ("--all-or-nothing", saved.all_or_nothing)];
    if let Some((flag, _)) = only_of_files.into_iter().find(|(_, typed)| *typed) {
        return Err(UsageError::new(format!("{flag} belongs to saved plans, and `{}` is none", target.display()))
            .hint("`amgctl apply FILE` applies what `amgctl plan --out FILE` saved")
            .into());
    }
    let reviewed = match &saved.reviewed {
        Some(path) => {
            let (plan, digest) = saved::read(path, saved.digest.as_deref())?;
            Some(Reviewed { plan, digest, how: How::Compared })
        }
        None if saved.digest.is_some() => {
            return Err(UsageError::new("--digest is a saved plan's, and none is named").into());
        }
        None => None,
    };
    let approval = if reviewed.is_some() { Approval::Given } else { approval(&run) };
    let (workspace, rules, run) = (&workspace, &rules, &run);
    let typed = Typed { goal: Goal::Apply, directory: target, reading, workspace, rules, run, approval };
    let mut order = order(typed, session)?;
    if reviewed.is_some() {
        // As its plan was made: what it shows of changes made outside is approved with it.
        order.settings.on_drift = rules.removal.on_drift.map_or(OnDrift::Overwrite, OnDrift::from);
    }
    order.reviewed = reviewed;
    write(order, known, session).await
}

/// What a saved plan orders: the same directory is planned anew by the same rules, and held against it.
fn of_file(
    file: &Path,
    reading: ReadingArgs,
    workspace: &WorkspaceArgs,
    rules: &RulesArgs,
    run: &RunArgs,
    typed: &SavedArgs,
    session: &Session<'_>,
) -> Result<Order, Failure> {
    let max_destroy = rules.max_destroy;
    if *rules != (RulesArgs { max_destroy, ..RulesArgs::default() }) {
        return Err(UsageError::new(
            "a saved plan has decided already: it takes no flag that decides, but --max-destroy",
        )
        .hint("give the flags to `amgctl plan --out`")
        .into());
    }
    if typed.reviewed.is_some() {
        return Err(UsageError::new(
            "--reviewed compares a directory's plan with a saved one, and this is a saved one",
        )
        .hint("name the directory, or leave --reviewed out")
        .into());
    }
    let (plan, digest) = saved::read(file, typed.digest.as_deref())?;
    if plan.bodies.is_some() {
        return of_contained(
            Reviewed { plan, digest, how: how(typed) },
            max_destroy,
            workspace,
            run,
            typed,
            session,
        );
    }
    let directory = typed.directory.clone().unwrap_or_else(|| PathBuf::from(&plan.directory.path));
    if typed.directory.is_none() && !source::is_stream(&directory) && !directory.is_dir() {
        let words = format!("the plan was made from the directory `{}`, which is not here", directory.display());
        return Err(Failure::new(Exit::Error, words)
            .hint("run this where the plan was made, or name the directory with --directory")
            .lasting());
    }
    let goal = plan.plan.goal;
    let typed_of_it = Typed { goal, directory, reading, workspace, rules, run, approval: Approval::Given };
    let mut order = order(typed_of_it, session)?;
    let Asked { rules, take_over, take_over_stack, lets_references_pass } = plan.asked.clone();
    let settings = &mut order.settings;
    settings.on_drift = rules.on_drift;
    settings.rules = Rules { max_destroy: max_destroy.or(rules.max_destroy), ..rules };
    settings.take_over = take_over;
    settings.take_over_stack = take_over_stack;
    settings.unknown_references = if lets_references_pass { Severity::Warning } else { Severity::Error };
    order.reviewed = Some(Reviewed { plan, digest, how: how(typed) });
    Ok(order)
}

fn how(typed: &SavedArgs) -> How {
    How::CarriedOut { all_or_nothing: typed.all_or_nothing }
}

/// What a saved plan orders that holds what it writes: no directory is read.
fn of_contained(
    reviewed: Reviewed,
    max_destroy: Option<usize>,
    workspace: &WorkspaceArgs,
    run: &RunArgs,
    typed: &SavedArgs,
    session: &Session<'_>,
) -> Result<Order, Failure> {
    if typed.digest.is_none() {
        return Err(UsageError::new(
            "this plan holds what it writes, and is trusted for that: its digest must be given",
        )
        .hint("give --digest as `amgctl plan --out` printed it, got by another way than the file")
        .into());
    }
    if typed.directory.is_some() {
        return Err(UsageError::new("this plan holds what it writes: no --directory is read").into());
    }
    let saved = &*reviewed.plan;
    let file = FileSettings {
        stack: Some(saved.plan.stack.clone()),
        origin: Some(saved.origin.clone()).filter(|origin| !origin.is_empty()),
        ownership: matches!(saved.plan.record, RecordState::Off).then_some(Ownership::None),
        ..FileSettings::default()
    };
    let mut settings = directory::settle_alone(file, workspace, session.machine)?;
    let rules = saved.asked.rules.clone();
    settings.on_drift = rules.on_drift;
    settings.rules = Rules { max_destroy: max_destroy.or(rules.max_destroy), ..rules };
    settings.take_over = saved.asked.take_over;
    settings.take_over_stack.clone_from(&saved.asked.take_over_stack);
    Ok(Order {
        goal: saved.plan.goal,
        settings,
        file_problems: Vec::new(),
        approval: Approval::Given,
        patience: named_duration("--lock-timeout", &run.lock_timeout)?,
        parallelism: run.parallelism,
        log: run.log.clone(),
        reviewed: Some(reviewed),
    })
}

/// `amgctl destroy`.
pub async fn destroy(args: DestroyArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let DestroyArgs { directory, reading, workspace, rules, run, output: _ } = args;
    let rules = RulesArgs { removal: rules, ..RulesArgs::default() };
    let (directory, approval) = (directory.directory, approval(&run));
    let (workspace, rules, run) = (&workspace, &rules, &run);
    let reporting = Reporting::new(&run.reports)?;
    let mut known = Known::new(Verb::Destroy, &directory);
    let typed = Typed { goal: Goal::Destroy, directory, reading, workspace, rules, run, approval };
    let ended = match order(typed, session) {
        Ok(order) => write(order, &mut known, session).await,
        Err(failure) => Err(failure),
    };
    reporting.give(&known, &ended, session).await;
    ended
}

/// What was typed of a run that writes.
struct Typed<'a> {
    goal: Goal,
    directory: PathBuf,
    reading: ReadingArgs,
    workspace: &'a WorkspaceArgs,
    rules: &'a RulesArgs,
    run: &'a RunArgs,
    approval: Approval,
}

/// What was typed, settled.
fn order(typed: Typed<'_>, session: &Session<'_>) -> Result<Order, Failure> {
    let Typed { goal, directory, reading, workspace, rules, run, approval } = typed;
    let patience = named_duration("--lock-timeout", &run.lock_timeout)?;
    directory::must_exist(&directory)?;
    if approval == Approval::Asked {
        if source::is_stream(&directory) {
            return Err(Failure::new(Exit::Usage, "what is piped in leaves nobody to ask whether to go on")
                .hint("read the plan with `amgctl plan -`, then give --auto-approve"));
        }
        session.may_ask(run.input, &goal.to_string(), "read the plan")?;
    }
    let (settings, file_problems) = directory::settle(&directory, reading, workspace, rules, session.machine)?;
    // A name that could not be read is a fault of the file, which is reported with its place below.
    if !has_error(&file_problems) {
        settings.must_be_named()?;
    }
    let parallelism = run.parallelism;
    Ok(Order {
        goal,
        settings,
        file_problems,
        approval,
        reviewed: None,
        patience,
        parallelism,
        log: run.log.clone(),
    })
}

fn approval(run: &RunArgs) -> Approval {
    if run.auto_approve { Approval::Given } else { Approval::Asked }
}

async fn write(order: Order, known: &mut Known, session: &Session<'_>) -> Result<Exit, Failure> {
    known.settled(order.goal, &order.settings);
    let (begun, terminal, goal) = (Instant::now(), session.terminal, order.goal);
    let mut shown = Shown { begun, terminal, bar: None, column: 0, base: None };
    let ran = run::run(order, &mut shown, session).await?;
    match &ran.outcome {
        Came::Nothing => terminal.event(&render::stream::nothing_done(goal)),
        Came::Cancelled => {
            terminal.print(&format!("{} cancelled.", if goal == Goal::Destroy { "Destroy" } else { "Apply" }));
        }
        Came::Carried(report) => close(report, &ran.gathered, terminal),
    }
    traffic(&ran.gathered.connection.client, begun, terminal);
    let exit = ran.exit();
    known.base = open_at(&ran.gathered).map(str::to_owned);
    known.plan = Some(ran.gathered.plan);
    if let Came::Carried(report) = ran.outcome {
        known.run = Some(report);
    }
    Ok(exit)
}

/// A run as somebody at a terminal sees it.
struct Shown<'a> {
    begun: Instant,
    terminal: &'a Terminal,
    /// How far it is, while something is written.
    bar: Option<Waiting>,
    column: usize,
    /// Where a browser sees the workspace.
    base: Option<String>,
}

impl Audience for Shown<'_> {
    fn planned(&mut self, gathered: &Gathered) {
        self.base = open_at(gathered).map(str::to_owned);
        show(gathered, self.begun, self.terminal);
    }

    fn happened(&mut self, plan: &Plan, event: Event<'_>) {
        let terminal = self.terminal;
        let bar = self.bar.get_or_insert_with(|| {
            self.column = render::summary::column(plan.changes().map(|c| (c.title.as_str(), &c.address)));
            terminal.counting(plan.changes().filter(|c| c.action.writes()).count())
        });
        match event {
            Event::Started(change) => {
                render::stream::started(change).iter().for_each(|line| terminal.event(line));
                bar.at(&render::summary::named(&change.title, &change.address));
            }
            Event::Finished(finished) => {
                let link = self.base.as_deref().and_then(|base| finished.link(base));
                render::stream::finished(finished, link.as_deref()).iter().for_each(|line| terminal.event(line));
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
    (!gathered.is_embedded()).then(|| gathered.connection.client.url())
}

/// The closing words.
fn close(report: &Report, gathered: &Gathered, terminal: &Terminal) {
    terminal.event(&render::stream::summary(report));
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
