//! Reading a directory for a command, and `amgctl validate`, which is that and nothing else.

use std::path::Path;

use super::connect::is_managed;
use super::reporting::{Known, Reporting};
use super::{Exit, Failure, Session, contents, shown};
use crate::cli::{ReadingArgs, RulesArgs, ValidateArgs, WorkspaceArgs};
use crate::model::{Problem, Severity, counted, has_error};
use crate::render::diagnostics::Diagnostic;
use crate::render::reports::Verb;
use crate::render::{self, problems::Look};
use crate::settings::{Machine, Settings, UsageError, over_file, typed_secrets, with_environment};
use crate::source::secrets::Given;
use crate::source::{self, Directory, FileSettings, LoadOptions, TargetKey};
use crate::terminal::Terminal;

/// Reads `amgctl.yaml`. Its faults come with those of the directory.
pub fn settings(directory: &Path) -> Result<(FileSettings, Vec<Problem>), Failure> {
    // What is piped in has no settings of its own: they are typed.
    if source::is_stream(directory) {
        return Ok((FileSettings::default(), Vec::new()));
    }
    if !directory.is_dir() {
        let hint = if directory.is_file() {
            "name the directory of dashboards, data sources and folders; only `apply` and `show` take a saved plan"
        } else {
            "name the directory of dashboards, data sources and folders"
        };
        return Err(Failure::new(Exit::Error, format!("`{}` is no directory", shown(directory)))
            .hint(hint)
            .lasting());
    }
    Ok(source::read_settings(directory))
}

/// Refuses a path that was typed and that nothing is at, before anybody is asked anything.
pub fn must_exist(path: &Path) -> Result<(), UsageError> {
    if source::is_stream(path) || path.symlink_metadata().is_ok() {
        return Ok(());
    }
    Err(UsageError::new(format!("there is no file or directory `{}`", shown(path)))
        .hint("name the directory of dashboards, data sources and folders, or a saved plan where one is taken"))
}

/// How the directory is read, where nothing was fetched for it.
#[must_use]
pub fn options(directory: &Path, file: FileSettings, given: &[Given], machine: &Machine) -> LoadOptions {
    let stream = source::is_stream(directory).then(|| machine.standard_input.bytes());
    let environment = machine.variable.clone();
    LoadOptions { environment, stream, given: given.to_vec(), ..LoadOptions::new(file) }
}

/// Tells problems, errors first by place; ends the command when one is an error.
pub fn tell(problems: &[Problem], files: usize, sent: Sent, terminal: &Terminal) -> Result<(), Failure> {
    if problems.is_empty() {
        return Ok(());
    }
    terminal.problem_events(problems);
    let look = Look { styled: terminal.err.colour, width: terminal.err.width.unwrap_or(Look::plain().width) };
    let kept = match sent {
        Sent::Nothing => "Nothing was sent.",
        Sent::Reads => "Nothing was written.",
    };
    let closing = render::problems::closing(problems, files, kept);
    terminal.say(&format!("{}\n\n{closing}", render::problems::problems(problems, look).trim_end_matches('\n')));
    let fatal = has_error(problems);
    if fatal { Err(Failure::told(Exit::Faults)) } else { Ok(()) }
}

/// Reports problems of a directory on the way to a plan, as they are found.
pub struct Reports<'a> {
    /// Where.
    pub session: &'a Session<'a>,
    /// How many files were read.
    pub files: usize,
    /// It is planned once more: only what ends the run is reported again.
    pub again: bool,
}

impl Reports<'_> {
    /// Reports what was found; ends the command when one is an error.
    pub fn report(&self, problems: impl IntoIterator<Item = Problem>, sent: Sent) -> Result<(), Failure> {
        let is_new = |problem: &Problem| !self.again || problem.severity == Severity::Error;
        let problems: Vec<Problem> = problems.into_iter().filter(is_new).collect();
        self.session.hear(&problems);
        tell(&problems, self.files, sent, self.session.terminal)
    }

    /// Reports references that lead nowhere, and how they can pass.
    pub fn report_references(&self, problems: Vec<Problem>) -> Result<(), Failure> {
        let is_unknown = |p: &Problem| p.severity == Severity::Error && p.code.starts_with("unknown-");
        let unknown = problems.iter().any(is_unknown);
        let reported = self.report(problems, Sent::Reads);
        if unknown {
            self.session
                .terminal
                .say("  (--unknown-references=warn, or `unknown_references: warn` in amgctl.yaml, lets them pass)");
        }
        reported
    }

    /// Reports what ends the command, with the status that it ends with.
    pub fn end(&self, problems: Vec<Problem>, exit: Exit) -> Failure {
        let _ = self.report(problems, Sent::Reads);
        Failure::told(exit)
    }
}

/// Whether anything was sent to a workspace when problems are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// Not even a read.
    Nothing,
    /// Reads.
    Reads,
}

/// `amgctl validate`.
pub async fn validate(args: &ValidateArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let reporting = Reporting::new(&args.reports)?;
    let mut known = Known::new(Verb::Validate, &args.directory.directory);
    let mut diagnostics = Vec::new();
    let ended = validated(args, session, &mut known, &mut diagnostics).await;
    if args.json {
        if let Err(failure) = &ended
            && !failure.message.is_empty()
        {
            diagnostics.push(failure.diagnostic());
        }
        session.terminal.print_document(&render::diagnostics::validated(&diagnostics));
    }
    reporting.give(&known, &ended, session).await;
    ended
}

/// Validates; what is wrong in the directory is noted for machines.
async fn validated(
    args: &ValidateArgs,
    session: &Session<'_>,
    known: &mut Known,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Exit, Failure> {
    let Session { machine, terminal, .. } = *session;
    must_exist(&args.directory.directory)?;
    let directory = &args.directory.directory;
    let (file, mut problems) = settings(directory)?;
    known.stack = file.stack.as_ref().map(ToString::to_string).unwrap_or_default();
    let (stored, given) = typed_secrets(&args.secret)?;
    if let Some(stored) = stored {
        return Err(UsageError::new(format!("--secret {stored}: nothing is read with a stored token here"))
            .hint("values for manifests are written NAMESPACE/NAME.KEY=env:VARIABLE")
            .into());
    }
    let file = over_file(args.reading.clone(), file)?;
    let options = options(directory, file.clone(), &given, machine);
    let survey = source::survey(directory, &options);
    let elsewhere = survey.secrets.wanted().len();
    let options = LoadOptions { survey: Some(survey), ..options };
    let declarations = contents::load(directory, options, contents::Asking::This, machine).await?;
    if elsewhere > 0 {
        let were = if elsewhere == 1 { "was" } else { "were" };
        let values = counted(elsewhere, "value");
        terminal
            .say(&format!("note: {values} in AWS {were} not looked at: a plan fetches what manifests refer to"));
    }
    problems.extend(declarations.problems.iter().cloned());
    problems.extend(declarations.unresolved_warnings());
    problems.extend(source::check_references(&declarations, None, None, None, Severity::Warning));
    problems.extend(source::lint_against(&declarations, None));
    problems.extend(source::folder_title_clashes(&declarations));
    let problems = file.judge(problems);
    session.hear(&problems);
    let typed = directory.to_string_lossy();
    diagnostics.extend(problems.iter().map(|problem| Diagnostic::of(problem, &typed)));
    ignored(&declarations, terminal);
    if let Some(words) = contents::not_asked_for(&declarations) {
        terminal.say(&words);
    }
    tell(&problems, declarations.files, Sent::Nothing, terminal)?;
    let warnings = problems.len();
    let warned = if warnings == 0 { String::new() } else { format!(", {}", counted(warnings, "warning")) };
    let objects = declarations.objects.len() + declarations.unresolved.len() + declarations.folders.len();
    let left_out = match declarations.files_left_out() {
        0 => String::new(),
        1 => "; 1 of them is ignored (--verbose says why)".into(),
        n => format!("; {n} of them are ignored (--verbose says why)"),
    };
    let valid = format!(
        "The directory is valid: {} in {}{warned}{left_out}.",
        counted(objects, "object"),
        counted(declarations.files, "file")
    );
    if args.json {
        terminal.say(&valid)
    } else {
        terminal.print(&valid)
    }
    Ok(Exit::Done)
}

/// Lists what was not read, with `--verbose`; and says so without it when nothing else was taken.
pub fn ignored(declarations: &Directory, terminal: &Terminal) {
    if let Some(words) = declarations.nothing_taken(terminal.err.verbose) {
        terminal.say(&words);
    }
    if terminal.err.verbose {
        for ignored in &declarations.ignored {
            terminal.say(&format!("ignored  {}  {}", ignored.path, ignored.reason));
        }
    }
}

/// Whether nothing but the directory's own manifests can say which workspace is meant.
fn names_no_workspace(typed: &WorkspaceArgs, file: &FileSettings) -> bool {
    let managed = &typed.managed;
    let is_typed = typed.url.is_some() || managed.workspace.is_some() || managed.sandbox.is_some();
    !is_typed && file.url.is_none() && file.workspace.is_none()
}

/// Settles the settings of a command that reads no directory: `file` says what one would.
pub fn settle_alone(file: FileSettings, workspace: &WorkspaceArgs, machine: &Machine) -> Result<Settings, Failure> {
    let workspace = with_environment(workspace, machine)?;
    Ok(Settings::settle(".".into(), file, &workspace, &RulesArgs::default())?)
}

/// Reads `amgctl.yaml` and settles the settings of a command.
pub fn settle(
    directory: &Path,
    reading: ReadingArgs,
    workspace: &WorkspaceArgs,
    rules: &RulesArgs,
    machine: &Machine,
) -> Result<(Settings, Vec<Problem>), Failure> {
    let (file, problems) = settings(directory)?;
    let mut reading = reading;
    if reading.origin.is_none() {
        reading.origin = machine.named("AMGCTL_ORIGIN")?;
    }
    let workspace = with_environment(workspace, machine)?;
    let mut file = over_file(reading, file)?;
    let (_, given) = typed_secrets(&workspace.secret)?;
    let survey = source::survey(directory, &options(directory, file.clone(), &given, machine));
    let target = survey.target.clone();
    let url = target.as_ref().and_then(|target| target.url.clone());
    let url = url.filter(|_| names_no_workspace(&workspace, &file));
    let target_is_workspace = url.is_some();
    if let Some(url) = url {
        // A workspace of AWS is entered without a token of its own: one is made for the run.
        let key = target.as_ref().and_then(|target| target.key.as_ref());
        let is_entered = is_managed(&url) && !key.is_some_and(TargetKey::is_at_hand);
        let named = if is_entered { &mut file.workspace } else { &mut file.url };
        *named = Some(url);
    }
    let settings = Settings::settle(directory.to_owned(), file, &workspace, rules)?;
    Ok((Settings { target, target_is_workspace, survey: Some(survey), ..settings }, problems))
}
