//! `amgctl init` and `amgctl completions`: what is written or printed once.

use std::fs;

use super::{Exit, Failure, shown};
use crate::cli::InitArgs;
use crate::model::StackName;
use crate::source;
use crate::terminal::Terminal;

/// Writes `amgctl.yaml` and its schema; overwrites nothing.
pub fn init(args: &InitArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let directory = &args.directory.directory;
    let stack = match &args.stack {
        Some(name) => {
            StackName::parse(name).map_err(|why| Failure::new(Exit::Usage, format!("--stack {name}: {why}")))?
        }
        None => {
            let full = directory
                .canonicalize()
                .map_err(|e| Failure::new(Exit::Error, format!("`{}` cannot be opened: {e}", shown(directory))))?;
            StackName::from_directory(&full.file_name().unwrap_or_default().to_string_lossy())
        }
    };
    let settings = directory.join("amgctl.yaml");
    if settings.exists() {
        return Err(Failure::new(Exit::Error, format!("`{}` is there already", shown(&settings)))
            .hint("edit it, or remove it first"));
    }
    let schema = directory.join(source::settings::SCHEMA_FILE);
    let text = source::init_text(&stack, args.url.as_deref(), args.workspace.as_deref());
    for (path, text) in [(&settings, text), (&schema, source::settings_schema())] {
        fs::write(path, text)
            .map_err(|e| Failure::new(Exit::Error, format!("`{}` cannot be written: {e}", shown(path))))?;
    }
    terminal.print(&format!("wrote {} (stack `{stack}`) and {}", shown(&settings), shown(&schema)));
    Ok(Exit::Done)
}

/// Prints the completions of a shell.
pub fn completions(shell: clap_complete::Shell, terminal: &Terminal) {
    terminal.print_raw(&super::completions(shell));
}
