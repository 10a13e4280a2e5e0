//! The verbs: gather, decide, show, act. They put the pieces together and hold no rules of their own.

mod apply;
mod connect;
mod directory;
mod exit;
mod gather;
mod holder;
mod origin;
mod registry;
mod sandbox;
mod setup;

use std::path::Path;

pub use exit::{Exit, Failure};

use crate::cli::{Cli, Command};
use crate::plan::Goal;
use crate::settings::Machine;
use crate::terminal::Terminal;

/// Runs a command to its end. Failures are told here; what is left to the caller is the status.
pub async fn run(cli: Cli, machine: &Machine, terminal: &Terminal) -> Exit {
    let ended = match cli.command {
        Command::Init(args) => setup::init(&args, terminal),
        Command::Validate(args) => directory::validate(&args, machine, terminal),
        Command::Plan(args) => apply::plan(args, machine, terminal).await,
        Command::Apply(args) => apply::apply(Goal::Apply, args, machine, terminal).await,
        Command::Destroy(args) => apply::apply(Goal::Destroy, args, machine, terminal).await,
        Command::Unlock(args) => registry::unlock(args, machine, terminal).await,
        Command::Forget(args) => registry::forget(args, machine, terminal).await,
        Command::Sandbox(args) => sandbox::serve(args, machine, terminal).await,
        Command::Schema => {
            terminal.print(crate::source::settings_schema().trim_end());
            Ok(Exit::Done)
        }
        Command::Completions(args) => {
            setup::completions(args.shell, terminal);
            Ok(Exit::Done)
        }
    };
    match ended {
        Ok(exit) => exit,
        Err(failure) => {
            failure.tell(terminal);
            failure.exit
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
