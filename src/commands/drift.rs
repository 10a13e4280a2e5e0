//! `amgctl drift`: what others did to the stack's objects since the last apply, and what no stack manages. Reads only.

use std::collections::BTreeMap;
use std::time::Instant;

use super::connect;
use super::gather::{Besides, Gathered, Task, gather};
use super::run::other_origin;
use super::{Exit, Failure, Session, directory, typed};
use crate::cli::{DriftArgs, RulesArgs};
use crate::live;
use crate::model::{RecordState, Severity, counted};
use crate::plan::Goal;
use crate::plan::outside::Outside;
use crate::render::drift;
use crate::render::story::drift::Seen;
use crate::settings::Revisions;
use crate::source;

/// Runs it.
pub async fn drift(args: DriftArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let (begun, terminal) = (Instant::now(), session.terminal);
    directory::must_exist(&args.directory.directory)?;
    let (mut settings, problems) = directory::settle(
        &args.directory.directory,
        args.reading.clone(),
        &args.workspace,
        &RulesArgs::default(),
        session.machine,
    )?;
    settings.revisions = Revisions::Pinned;
    // What was deleted outside may be what others refer to, and a directory may be empty: nothing is written either way.
    settings.unknown_references = Severity::Warning;
    settings.rules.allow_empty = true;
    if !settings.records {
        return Err(Failure::new(
            Exit::Error,
            "with `ownership: none` nothing is recorded, so what others did cannot be told",
        )
        .hint(format!(
            "`{}` shows how directory and workspace differ",
            typed::line("plan", &settings, typed::About::default())
        ))
        .lasting());
    }
    let besides = Besides::Outside;
    let task =
        Task { goal: Goal::Apply, settings, file_problems: problems, patience: None, connection: None, besides };
    let mut gathered = gather(task, session).await?;
    let mut outside = gathered.outside.take().unwrap_or_default();
    if args.unmanaged {
        name(&mut outside, &gathered).await?;
    }
    let notes = notes(&gathered, &outside, args.unmanaged);
    let plan = &gathered.plan;
    let seen = Seen {
        workspace: &plan.workspace,
        version: &plan.version,
        stack: plan.stack.as_str(),
        outside: &outside,
        notes: &notes,
        unknown: &plan.unknown,
        lists_unmanaged: args.unmanaged,
    };
    let requests = usize::try_from(gathered.connection.client.traffic().requests).unwrap_or(usize::MAX);
    let took = format!("{}, {:.1} s", counted(requests, "request"), begun.elapsed().as_secs_f64());
    match args.json {
        true => terminal.print(&drift::document(&seen)),
        false => terminal.print(&drift::text(&seen, &took, &terminal.out)),
    }
    Ok(match args.detailed_exitcode {
        true if !plan.unknown.is_empty() => Exit::Unknown,
        true if !outside.drifted.is_empty() => Exit::Changes,
        true | false => Exit::Done,
    })
}

/// Adds the titles that lists do not have.
async fn name(outside: &mut Outside, gathered: &Gathered) -> Result<(), Failure> {
    let (kind, of) = source::SEARCHED;
    if !outside.unmanaged.iter().any(|one| one.kind == kind && one.title.is_empty()) {
        return Ok(());
    }
    let found = live::titled(&gathered.connection.client, of).await.map_err(connect::live)?;
    let titles: BTreeMap<String, String> = found.into_iter().map(|one| (one.uid, one.title)).collect();
    for one in outside.unmanaged.iter_mut().filter(|one| one.kind == kind && one.title.is_empty()) {
        if let Some(title) = titles.get(&one.uid) {
            one.title.clone_from(title);
        }
    }
    Ok(())
}

/// What a reader should know besides.
fn notes(gathered: &Gathered, outside: &Outside, lists_unmanaged: bool) -> Vec<String> {
    let mut notes = Vec::new();
    match &gathered.held.record {
        RecordState::Absent => notes.push(format!(
            "stack `{}` has no record in this workspace: nothing was applied to it yet, so nothing can have drifted",
            gathered.settings.stack
        )),
        RecordState::Unknown(_) | RecordState::There(_) | RecordState::Off => {}
    }
    notes.extend(other_origin(gathered).filter(|_| !gathered.settings.take_over).map(|failure| failure.message));
    if lists_unmanaged {
        let unlisted = outside.unlisted.iter().map(|plural| {
            format!("{plural} that no stack manages are not listed, because neither the directory nor the record has any")
        });
        notes.extend(unlisted);
    }
    notes
}
