//! `amgctl show`: a saved plan, as `plan` showed it, or for machines.

use super::{Exit, Failure, saved};
use crate::cli::ShowArgs;
use crate::render;
use crate::terminal::Terminal;

/// `amgctl show`.
pub fn show(args: &ShowArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let (saved, digest) = saved::read(&args.file, None)?;
    if args.format.json {
        terminal.print(&render::terraform::plan(&saved));
        return Ok(Exit::Done);
    }
    // What is said of where it came from is about the file: what was planned goes to stdout alone.
    terminal.say(&render::story::saved::about(&saved, &digest));
    terminal.print(render::human::plan(&saved.plan, &terminal.out).trim_end());
    Ok(Exit::Done)
}
