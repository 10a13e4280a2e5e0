//! How a run is set in a terminal: one line for each change that is finished, and the closing words.
//!
//! What is said stands in [`super::story::run`].

use console::{measure_text_width, truncate_str};

use super::human;
use super::story::{Done, run};
use super::style::{Style, clean};
use crate::model::Address;
use crate::report::{Finished, Report};

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
    line(&run::finished(finished), column, style)
}

pub(super) fn line(done: &Done, column: usize, style: &Style) -> String {
    let address = named(&done.title, &done.address);
    let pad = " ".repeat(column.saturating_sub(measure_text_width(&address)));
    let head = format!("  {} {address}{pad}  ", human::sign(done.sign, style));
    let mut lines = style.wrapped(&head, (column + 6).min(34), &clean(&done.outcome));
    if let Some(note) = &done.note {
        lines.extend(style.wrapped("      ", 6, &clean(note)));
    }
    lines.join("\n")
}

/// The closing words of a run: every change that was not done by name, then the counts.
#[must_use]
pub fn summary(report: &Report, style: &Style) -> String {
    let column = column(report.finished.iter().map(|f| (f.title.as_str(), &f.address)));
    human::set(&run::of(report), column, style)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::dashboard::Dashboard;
    use std::time::Duration;

    use crate::model::{KindName, Uid};
    use crate::plan::Goal;
    use crate::report::{Act, Conflict, Outcome, Signal};

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
