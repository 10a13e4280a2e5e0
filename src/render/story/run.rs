//! What a run has to say: what became of each change, and the closing words for every ending.

use super::{Done, Section, Sign, Story, minute};
use crate::model::{Address, counted};
use crate::plan::Goal;
use crate::report::{Conflict, Finished, Outcome, Report, Tally};

/// What became of one change.
#[must_use]
pub fn finished(finished: &Finished) -> Done {
    Done {
        sign: finished.act.map_or(Sign::Refused, Sign::Act),
        address: finished.address.clone(),
        title: finished.title.clone(),
        outcome: outcome(&finished.outcome, &finished.address, finished.took.as_secs_f64()),
        is_done: finished.outcome == Outcome::Done,
        page: finished.link(""),
        note: finished.note.clone(),
    }
}

/// The end of a run: every change that was not done, then the counts.
#[must_use]
pub fn of(run: &Report) -> Story<'static> {
    told(run, |finished| !matches!(finished.outcome, Outcome::Done | Outcome::NotStarted))
}

/// All of a run: every change and what became of it, then the counts.
#[must_use]
pub fn whole(run: &Report) -> Story<'static> {
    told(run, |_| true)
}

fn told(run: &Report, is_told: impl Fn(&Finished) -> bool) -> Story<'static> {
    let outcomes: Vec<Done> = run.finished.iter().filter(|f| is_told(f)).map(finished).collect();
    let told = (!outcomes.is_empty()).then_some(Section::Outcomes(outcomes));
    let (words, is_good, counts) = close(run);
    Story { sections: told.into_iter().chain([Section::Ending { words, is_good, counts }]).collect() }
}

/// The closing words in one line: `Apply complete! Resources: 3 added, 0 changed, 0 destroyed.`
#[must_use]
pub fn ending(run: &Report) -> String {
    let (words, _, counts) = close(run);
    format!("{words} {counts}")
}

/// How a run ended, whether that is good, and the counts.
fn close(run: &Report) -> (String, bool, String) {
    let tally = run.tally();
    let is_open = tally.failed + tally.conflicts + tally.skipped + tally.unknown > 0
        || (tally.not_started > 0 && run.interrupted.is_none())
        || run.stop.is_some();
    let is_stopped = run.interrupted.is_some();
    let verb = match run.goal {
        Goal::Apply => "Apply",
        Goal::Destroy => "Destroy",
    };
    let word = match (is_stopped, is_open) {
        (true, _) => "interrupted.",
        (false, true) => "incomplete!",
        (false, false) => "complete!",
    };
    let counts = format!("Resources: {}.", counts(run.goal, &tally, is_stopped, is_open));
    (format!("{verb} {word}"), !is_stopped && !is_open, counts)
}

fn outcome(outcome: &Outcome, address: &Address, seconds: f64) -> String {
    match outcome {
        Outcome::Done if seconds < 0.05 => "done".to_owned(),
        Outcome::Done => format!("done {seconds:.1} s"),
        Outcome::Conflict(Conflict::Saved { by, at, version, planned }) if version == planned => {
            let at = if at.is_empty() { String::new() } else { format!(", {}", minute(at)) };
            format!("refused: changed{}{at} since the plan (still version {version}: saved without one)", whose(by))
        }
        Outcome::Conflict(Conflict::Saved { by, at, version, planned }) => {
            let at = if at.is_empty() { String::new() } else { format!(", {}", minute(at)) };
            format!("refused: saved{}{at} (version {version}, planned against {planned})", whose(by))
        }
        Outcome::Conflict(Conflict::Made { by }) => format!("refused: it was created{} since the plan", whose(by)),
        Outcome::Conflict(Conflict::Deleted) => "refused: it was deleted since the plan".to_owned(),
        Outcome::Conflict(Conflict::Moved { by }) => {
            format!("refused: it was moved to another folder{} since the plan", whose(by))
        }
        Outcome::Conflict(Conflict::MovedSince { by }) => {
            format!("done, and moved to another folder{} meanwhile: it stays there", whose(by))
        }
        Outcome::Conflict(Conflict::MadeAgain) => {
            "done, but it had been deleted since the plan: it was created again".to_owned()
        }
        Outcome::Conflict(Conflict::Since { by, at }) => {
            let at = if at.is_empty() { String::new() } else { format!(", {}", minute(at)) };
            format!("done, then saved{}{at}: that edit is kept, and the next plan shows it", whose(by))
        }
        Outcome::Conflict(Conflict::Overwrote { version: Some(version), by }) => format!(
            "done, but overwrote version {version} of {address}; it is in the history (saved{} since the plan)",
            whose(by)
        ),
        Outcome::Conflict(Conflict::Overwrote { version: None, by }) => {
            format!("done, but overwrote another {address}, made{} since the plan", whose(by))
        }
        Outcome::Refused { reason } => format!("refused: {reason}"),
        Outcome::Failed { message } => format!("failed: {message}"),
        Outcome::Skipped { because } => format!("skipped: {because}"),
        Outcome::Unknown { message } => format!("unknown: {message}"),
        Outcome::NotStarted => "not started".to_owned(),
    }
}

fn whose(by: &str) -> String {
    if by.is_empty() { String::new() } else { format!(" by {by}") }
}

fn counts(goal: Goal, tally: &Tally, stopped: bool, open: bool) -> String {
    let mut done = match goal {
        Goal::Apply => vec![
            format!("{} added", tally.added),
            format!("{} changed", tally.changed),
            format!("{} destroyed", tally.destroyed),
        ],
        Goal::Destroy => vec![format!("{} destroyed", tally.destroyed)],
    };
    let more: Vec<String> = [(tally.adopted, "adopted"), (tally.forgotten, "forgotten"), (tally.kept, "kept")]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !stopped && !open {
        // The first sentence is Terraform's, to the letter.
        let more = if more.is_empty() { String::new() } else { format!(". {}", more.join(", ")) };
        return format!("{}{more}", done.join(", "));
    }
    done.extend(more);
    let mut rest = vec![
        format!("{} failed", tally.failed),
        counted(tally.conflicts, "conflict"),
        format!("{} skipped", tally.skipped),
    ];
    if stopped || tally.not_started > 0 {
        rest.push(format!("{} not started", tally.not_started));
    }
    rest.push(format!("{} unknown", tally.unknown));
    format!("{}; {}", done.join(", "), rest.join(", "))
}
