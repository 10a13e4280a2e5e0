//! The program: parse, run, exit. What it does stands in the library.

use std::process::ExitCode;
use std::sync::Arc;

use amgctl::cli::Cli;
use amgctl::cli::terraform::{explain, with_two_dashes};
use amgctl::commands::{self, Exit, Failure};
use amgctl::settings::variables::{self, Correction, Faults};
use amgctl::settings::{Machine, StandardInput};
use amgctl::terminal::{self, Look, Terminal};
use clap::Parser;

fn main() -> ExitCode {
    let faults = settle_environment();
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let look = Look {
        no_color_variable: set("NO_COLOR").is_some(),
        force: set("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
        ..Look::default()
    };
    let cli = match Cli::try_parse_from(with_two_dashes(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            if let Some((words, hint)) = explain(&error) {
                Failure::new(Exit::Usage, words).hint(hint).tell(&Terminal::new(look));
                return code(Exit::Usage);
            }
            let _ = error.print();
            let asked = matches!(
                error.kind(),
                clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
            );
            return code(if asked { Exit::Done } else { Exit::Usage });
        }
    };
    let terminal = Terminal::new(Look { no_color: cli.no_color, verbose: cli.verbose, ..look });
    let machine = Machine {
        variable: Arc::new(|name| std::env::var(name).ok()),
        faults,
        working_directory: std::env::current_dir().unwrap_or_default(),
        standard_input: StandardInput::new(terminal::piped),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal.say(&format!("error: this machine cannot start threads: {error}"));
            return code(Exit::Error);
        }
    };
    let exit = runtime.block_on(commands::run(cli, &machine, &terminal));
    runtime.shutdown_background();
    code(exit)
}

/// Takes off what stands around the values of variables, for every library that reads them; gives those that cannot be
/// used.
fn settle_environment() -> Faults {
    let (changes, faults) = variables::corrections(std::env::vars_os());
    for change in changes {
        // SAFETY: this is the first that `main` does. There is no other thread yet that could read the environment.
        unsafe {
            match change {
                Correction::Set(name, value) => std::env::set_var(name, value),
                Correction::Remove(name) => std::env::remove_var(name),
            }
        }
    }
    faults
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}
