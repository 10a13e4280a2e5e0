//! How a run reads: one line for each change that is finished, and the closing words for every ending.
//!
//! What came of a run stands in [`crate::report`]; nothing here knows how a change was made.

use console::{measure_text_width, truncate_str};

use super::style::{Style, Tone, clean, minute};
use crate::model::{Address, counted};
use crate::plan::Goal;
use crate::report::{Act, Conflict, Finished, Outcome, Report, Tally};

/// The colour of what is done to an object.
#[must_use]
pub fn tone(act: Act) -> Tone {
    match act {
        Act::Add => Tone::Add,
        Act::Change | Act::Adopt => Tone::Change,
        Act::Replace | Act::Destroy => Tone::Remove,
        Act::Forget | Act::Keep => Tone::Dim,
    }
}

/// The longest title that a line shows whole.
const TITLE: usize = 40;

/// An object as the lines of a run name it: `"CPU usage"  dashboard.cpu`.
#[must_use]
pub fn named(title: &str, address: &Address) -> String {
    let title = clean(title);
    match title.trim() {
        "" => address.to_string(),
        title => format!("\"{}\"  {address}", truncate_str(title, TITLE, "…")),
    }
}

/// The width of the column of names, so that what came of each stands in one column.
#[must_use]
pub fn column<'a>(objects: impl Iterator<Item = (&'a str, &'a Address)>) -> usize {
    let widths = objects.map(|(title, address)| measure_text_width(&named(title, address)));
    widths.max().unwrap_or(0).clamp(20, 76)
}

/// The line of one change that is finished: `  + "CPU usage"  dashboard.cpu   done 0.1 s`.
#[must_use]
pub fn progress(finished: &Finished, column: usize, style: &Style) -> String {
    let address = named(&finished.title, &finished.address);
    let pad = " ".repeat(column.saturating_sub(measure_text_width(&address)));
    let sign = match finished.act {
        Some(act) => style.paint(tone(act), act.sign()),
        None => style.paint(Tone::Remove, "!"),
    };
    let head = format!("  {sign} {address}{pad}  ");
    let text = told(&finished.outcome, &finished.address, finished.took.as_secs_f64());
    let mut lines = style.wrapped(&head, (column + 6).min(34), &text);
    if let Some(note) = &finished.note {
        lines.extend(style.wrapped("      ", 6, &clean(note)));
    }
    lines.join("\n")
}

fn told(outcome: &Outcome, address: &Address, seconds: f64) -> String {
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
        Outcome::Conflict(Conflict::Made { by }) => format!("refused: it was made{} since the plan", whose(by)),
        Outcome::Conflict(Conflict::Deleted) => "refused: it was deleted since the plan".to_owned(),
        Outcome::Conflict(Conflict::Moved { by }) => {
            format!("refused: it was moved to another folder{} since the plan", whose(by))
        }
        Outcome::Conflict(Conflict::MovedSince { by }) => {
            format!("done, and moved to another folder{} meanwhile: it stays there", whose(by))
        }
        Outcome::Conflict(Conflict::MadeAgain) => {
            "done, but it had been deleted since the plan: it was made again".to_owned()
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
        Outcome::Refused { reason } => format!("refused: {}", clean(reason)),
        Outcome::Failed { message } => format!("failed: {}", clean(message)),
        Outcome::Skipped { because } => format!("skipped: {}", clean(because)),
        Outcome::Unknown { message } => format!("unknown: {}", clean(message)),
        Outcome::NotStarted => "not started".to_owned(),
    }
}

fn whose(by: &str) -> String {
    if by.is_empty() { String::new() } else { format!(" by {}", clean(by)) }
}

/// The closing words of a run: every change that was not done by name, then the counts.
#[must_use]
pub fn summary(run: &Report, style: &Style) -> String {
    let tally = run.tally();
    let (open, stopped) = (
        tally.failed + tally.conflicts + tally.skipped + tally.unknown > 0
            || (tally.not_started > 0 && run.interrupted.is_none())
            || run.stop.is_some(),
        run.interrupted.is_some(),
    );
    let mut lines = Vec::new();
    let column = column(run.finished.iter().map(|f| (f.title.as_str(), &f.address)));
    for finished in &run.finished {
        if !matches!(finished.outcome, Outcome::Done | Outcome::NotStarted) {
            lines.push(progress(finished, column, style));
        }
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    let verb = match run.goal {
        Goal::Apply => "Apply",
        Goal::Destroy => "Destroy",
    };
    let (word, tone) = match (stopped, open) {
        (true, _) => ("interrupted.", Tone::Remove),
        (false, true) => ("incomplete!", Tone::Remove),
        (false, false) => ("complete!", Tone::Add),
    };
    let ending = style.paint(tone, &format!("{verb} {word}"));
    let counts = counts(run.goal, &tally, stopped, open);
    lines.extend(style.wrapped(&format!("{ending} "), 2, &format!("Resources: {counts}.")));
    let mut text = lines.join("\n");
    text.push('\n');
    text
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::dashboard::Dashboard;
    use std::time::Duration;

    use crate::model::{KindName, Uid};
    use crate::report::Signal;

    const PIPE: Style = Style { colour: false, width: None, verbose: false };

    fn outcome(kind: KindName, uid: &str, act: Act, outcome: Outcome) -> Finished {
        Finished {
            address: Address::new(kind, Uid::parse(uid).unwrap()),
            title: String::new(),
            act: Some(act),
            outcome,
            took: Duration::from_millis(120),
            note: None,
        }
    }

    fn board(uid: &str, act: Act, outcome: Outcome) -> Finished {
        self::outcome(Dashboard::NAME, uid, act, outcome)
    }

    fn check(goal: Goal, interrupted: bool, outcomes: Vec<Finished>, expected: &str) {
        let interrupted = interrupted.then_some(Signal::Interrupt);
        let run = Report { finished: outcomes, interrupted, ..Report::new(goal) };
        let text = summary(&run, &Style { width: Some(80), ..PIPE });
        assert!(text.lines().all(|line| console::measure_text_width(line) <= 80), "{text}");
        assert_eq!(text, expected);
    }

    #[test]
    fn a_change_that_is_done_takes_one_line() {
        let line = progress(&board("old-latency", Act::Destroy, Outcome::Done), 28, &PIPE);
        assert_eq!(line, "  - dashboard.old-latency         done 0.1 s");
    }

    #[test]
    fn an_object_is_named_by_its_title_beside_its_address() {
        let named = |title: &str| Finished { title: title.into(), ..board("G8wLrJIZk", Act::Add, Outcome::Done) };
        let line = |finished: &Finished| progress(finished, 20, &PIPE);
        assert_eq!(
            line(&named("Istio Mesh Dashboard")),
            r#"  + "Istio Mesh Dashboard"  dashboard.G8wLrJIZk  done 0.1 s"#
        );
        assert_eq!(line(&named(" ")), "  + dashboard.G8wLrJIZk   done 0.1 s");
        assert!(!line(&named("a\u{1b}[31m\nb")).contains(['\u{1b}', '\n']));
        let long = "監視".repeat(60);
        let found = [named(&long), named("CPU")];
        let column = column(found.iter().map(|f| (f.title.as_str(), &f.address)));
        let ends = found.iter().map(|f| console::measure_text_width(&progress(f, column, &PIPE)));
        assert_eq!(ends.clone().max(), ends.min(), "what came of each stands in one column");
    }

    #[test]
    fn a_complete_apply_is_told_in_terraforms_words() {
        let done = |act| board("a", act, Outcome::Done);
        check(
            Goal::Apply,
            false,
            vec![done(Act::Add), done(Act::Change), done(Act::Replace)],
            "Apply complete! Resources: 2 added, 1 changed, 1 destroyed.\n",
        );
        check(Goal::Destroy, false, vec![done(Act::Destroy)], "Destroy complete! Resources: 1 destroyed.\n");
        check(
            Goal::Apply,
            false,
            vec![done(Act::Adopt), done(Act::Forget)],
            "Apply complete! Resources: 0 added, 0 changed, 0 destroyed. 1 adopted, 1\n  forgotten.\n",
        );
    }

    #[test]
    fn an_incomplete_apply_names_what_was_not_done() {
        let conflict = Outcome::Conflict(Conflict::Saved {
            by: "ana@example.com".into(),
            at: "2026-11-20T16:02:11Z".into(),
            version: 18,
            planned: 17,
        });
        check(
            Goal::Apply,
            false,
            vec![
                board("cpu", Act::Add, Outcome::Done),
                board("checkout", Act::Change, conflict),
                board("disk", Act::Add, Outcome::Failed { message: "Dashboard title cannot be empty".into() }),
                board("net", Act::Add, Outcome::Skipped { because: "datasource.amp failed".into() }),
                board("lost", Act::Add, Outcome::Unknown { message: "its answer was lost".into() }),
            ],
            "  ~ dashboard.checkout    refused: saved by ana@example.com, 2026-11-20 16:02\n                          \
             UTC (version 18, planned against 17)\n  \
             + dashboard.disk        failed: Dashboard title cannot be empty\n  \
             + dashboard.net         skipped: datasource.amp failed\n  \
             + dashboard.lost        unknown: its answer was lost\n\n\
             Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed; 1 failed, 1\n  \
             conflict, 1 skipped, 1 unknown.\n",
        );
    }

    #[test]
    fn an_interrupted_apply_counts_what_was_not_started() {
        check(
            Goal::Apply,
            true,
            vec![board("a", Act::Add, Outcome::Done), board("b", Act::Add, Outcome::NotStarted)],
            "Apply interrupted. Resources: 1 added, 0 changed, 0 destroyed; 0 failed, 0\n  \
             conflicts, 0 skipped, 1 not started, 0 unknown.\n",
        );
    }
}
