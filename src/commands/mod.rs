//! The verbs: gather, decide, show, act. They put the pieces together and hold no rules of their own.

mod api_key;
mod apply;
mod audit;
mod bootstrap;
mod connect;
mod contained;
mod contents;
mod diff;
mod directory;
mod doctor;
mod drift;
mod exit;
mod fetched;
mod gather;
mod holder;
mod identity;
mod import;
mod job;
mod journal;
mod kept;
mod lease;
mod list;
mod managed;
mod needs;
mod origin;
mod pull;
mod reconcile;
mod record;
mod registry;
mod reporting;
mod run;
mod sandbox;
mod saved;
mod seen;
mod session;
mod setup;
mod show;
mod steps;
mod takeover;
mod typed;
mod workspace;

use std::path::{Path, PathBuf};
use std::pin::Pin;

pub use exit::{Exit, Failure};
use job::Wanted;
use session::{Ended, Session};

use crate::cli::{Cli, Command, SchemaOf};
use crate::render;
use crate::settings::Machine;
use crate::terminal::Terminal;

/// Runs a command to its end, and undoes what must not be left behind. Failures are told here; what is left to the
/// caller is the status.
///
/// The future is boxed for the compiler's sake: it is translated here, beside what it calls, and not once more in each
/// program that waits for it.
pub fn run<'a>(cli: Cli, machine: &'a Machine, terminal: &'a Terminal) -> Pin<Box<dyn Future<Output = Exit> + 'a>> {
    Box::pin(run_to_its_end(cli, machine, terminal))
}

async fn run_to_its_end(cli: Cli, machine: &Machine, terminal: &Terminal) -> Exit {
    // Whoever reads the lines of a loop reads nothing else.
    let keeping = matches!(cli.command, Command::Reconcile(_)).then(|| terminal.keeping());
    let events = events_of(&cli.command).map(|directory| terminal.of_events(&directory.to_string_lossy()));
    let terminal = events.as_ref().unwrap_or(terminal);
    terminal.event(&render::stream::version(env!("CARGO_PKG_VERSION")));
    let session = Session::new(machine, keeping.as_ref().unwrap_or(terminal));
    let command = async {
        match carry_out(cli.command, &session).await {
            Ok(exit) => exit,
            Err(failure) => {
                failure.tell(terminal);
                failure.exit
            }
        }
    };
    let ended = session.run(command).await;
    for words in keeping.iter().flat_map(Terminal::take_kept) {
        terminal.say(&words);
    }
    match ended {
        Ended::With(exit) => exit,
        Ended::Broken(panic) => std::panic::resume_unwind(panic),
    }
}

/// The directory of a command that prints events.
fn events_of(command: &Command) -> Option<PathBuf> {
    match command {
        Command::Plan(args) if args.output.json => Some(args.directory.directory.clone()),
        Command::Apply(args) if args.output.json => {
            let of_plan = || Some(saved::read(&args.path, None).ok()?.0.directory.path.into());
            let named = args.saved.directory.clone();
            Some(named.or_else(|| saved::is_file(&args.path).then(of_plan)?).unwrap_or_else(|| args.path.clone()))
        }
        Command::Destroy(args) if args.output.json => Some(args.directory.directory.clone()),
        _ => None,
    }
}

async fn carry_out(command: Command, session: &Session<'_>) -> Result<Exit, Failure> {
    let terminal = session.terminal;
    match command {
        Command::Init(args) => setup::init(&args, terminal),
        Command::Validate(args) => directory::validate(&args, session).await,
        Command::Plan(args) => apply::plan(args, session).await,
        Command::Apply(args) => apply::apply(args, session).await,
        Command::Destroy(args) => apply::destroy(args, session).await,
        Command::Show(args) => show::show(&args, session).await,
        Command::Drift(args) => drift::drift(args, session).await,
        Command::Import(args) => import::import(args, session).await,
        Command::List(args) => list::list(args, session).await,
        Command::Doctor(args) => doctor::doctor(args, session).await,
        Command::Pull(args) => pull::pull(args, session).await,
        Command::Diff(args) => diff::diff(args, session).await,
        Command::Reconcile(args) => reconcile::reconcile(args, session).await,
        Command::Unlock(args) => registry::unlock(args, session).await,
        Command::Forget(args) => registry::forget(args, session).await,
        Command::BootstrapIdentity(args) => {
            let renew_before = &args.renewal.renew_before;
            let wanted = if args.no_secret { Wanted::Account } else { Wanted::Token { renew_before } };
            bootstrap::identity(&args.stored, wanted, session).await
        }
        Command::BootstrapApiKey(args) => api_key::bootstrap(args, session).await,
        Command::Identity(args) => identity::run(args.command, session).await,
        Command::Workspace(args) => workspace::run(args.command, session).await,
        Command::Sandbox(args) => sandbox::serve(args, session).await,
        Command::Schema(args) => {
            let schema = match args.of {
                SchemaOf::Settings => crate::source::settings_schema(),
                SchemaOf::Plan => crate::saved::schema(),
            };
            terminal.print(schema.trim_end());
            Ok(Exit::Done)
        }
        Command::Completions(args) => {
            setup::completions(args.shell, terminal);
            Ok(Exit::Done)
        }
    }
}

/// The completions of a shell, as `amgctl completions SHELL` prints them.
#[must_use]
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut command = <Cli as clap::CommandFactory>::command();
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "amgctl", &mut text);
    text
}

/// A path as messages show it.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
