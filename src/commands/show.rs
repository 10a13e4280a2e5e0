//! `amgctl show`: a saved plan, as `plan` showed it, or in another format.

use std::path::Path;

use super::reporting::{Known, Reporting};
use super::{Exit, Failure, Session, saved};
use crate::cli::{ShowArgs, ShowFormat};
use crate::render;
use crate::render::reports::Verb;

/// `amgctl show`.
pub async fn show(args: &ShowArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let terminal = session.terminal;
    let reporting = Reporting::new(&args.reports)?;
    let (saved, digest) = saved::read(&args.file, None)?;
    let ShowFormat { json, markdown, html } = args.format;
    let mut known = Known::new(Verb::Plan, Path::new(&saved.directory.path));
    known.stack = saved.plan.stack.to_string();
    known.workspace.clone_from(&saved.plan.workspace);
    if json {
        terminal.print(&render::terraform::plan(&saved));
    } else if !markdown && !html {
        // What is said of where it came from is about the file: what was planned goes to stdout alone.
        terminal.say(&render::story::saved::about(&saved, &digest));
        terminal.print(render::human::plan(&saved.plan, &terminal.out).trim_end());
    }
    known.plan = Some(saved.plan);
    if markdown || html {
        let subject = known.subject(Exit::Done, "", &[], "");
        let text = match html {
            true => render::html::page(&subject),
            false => render::markdown::text(&subject, render::markdown::GITHUB_COMMENT),
        };
        terminal.print_raw(text.as_bytes());
    }
    reporting.give(&known, &Ok(Exit::Done), session).await;
    Ok(Exit::Done)
}
