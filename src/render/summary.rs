//! How a run reads: one line for each change that is finished, and the closing words for every ending.
//!
//! The engine that carries a plan out fills in [`Run`]; nothing here knows how a change was made.

use super::style::{Style, Tone, clean, minute};
use crate::model::Address;
use crate::plan::{Action, Goal};

/// What a run came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    /// What it was for.
    pub goal: Goal,
    /// Whether it was stopped from outside before everything was tried.
    pub interrupted: bool,
    /// What became of each change, in the order in which they are to be told.
    pub outcomes: Vec<Outcome>,
}

/// What became of one change.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// What it was about.
    pub address: Address,
    /// What was to be done.
    pub act: Act,
    /// What came of it.
    pub result: Ended,
    /// How long it took.
    pub seconds: f64,
}

/// What is done to an object, as far as signs and counts tell it apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// It is made.
    Add,
    /// It is changed or moved.
    Change,
    /// It is deleted and made anew: counted as both.
    Replace,
    /// It is taken into the stack.
    Adopt,
    /// It is deleted.
    Destroy,
    /// It is forgotten or released: nothing is written to it.
    Forget,
}

/// What came of a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It was done.
    Done,
    /// Somebody changed the object since the plan was made; it was not touched.
    Conflict {
        /// Who saved it; empty when the server does not say.
        by: String,
        /// When, as the server writes it; empty when it does not say.
        at: String,
        /// The version it has now.
        version: i64,
        /// The version it was planned against.
        planned: i64,
    },
    /// The server would not do it.
    Failed {
        /// The server's own words.
        message: String,
    },
    /// It was not tried.
    Skipped {
        /// Why, as `needs folder.shop`.
        because: String,
    },
    /// Nobody knows whether it was done.
    Unknown,
    /// The run was stopped before its turn.
    NotStarted,
}

impl Act {
    /// What is done by an action; none when it does nothing that is counted.
    #[must_use]
    pub fn of(action: &Action) -> Option<Act> {
        match action {
            Action::Create { .. } => Some(Act::Add),
            Action::Update { .. } => Some(Act::Change),
            Action::Replace { .. } => Some(Act::Replace),
            Action::Adopt { .. } => Some(Act::Adopt),
            Action::Delete { .. } => Some(Act::Destroy),
            Action::Release | Action::Forget { .. } => Some(Act::Forget),
            Action::Keep { .. } | Action::LeaveAlone | Action::Renew | Action::Refuse(_) => None,
        }
    }

    /// The sign a plan prints before it.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Act::Add => "+",
            Act::Change => "~",
            Act::Replace => "-/+",
            Act::Adopt => "»",
            Act::Destroy => "-",
            Act::Forget => "·",
        }
    }

    /// The colour of its sign.
    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Act::Add => Tone::Add,
            Act::Change | Act::Adopt => Tone::Change,
            Act::Replace | Act::Destroy => Tone::Remove,
            Act::Forget => Tone::Dim,
        }
    }
}

/// The line of one change that is finished: `  + dashboard.cpu   done   0.1 s`.
#[must_use]
pub fn progress(outcome: &Outcome, style: &Style) -> String {
    let address = outcome.address.to_string();
    let pad = " ".repeat(28usize.saturating_sub(address.chars().count()));
    let sign = style.paint(outcome.act.tone(), outcome.act.sign());
    let head = format!("  {sign} {address}{pad}  ");
    let text = told(&outcome.result, outcome.seconds);
    style.wrapped(&head, 34, &text).join("\n")
}

fn told(result: &Ended, seconds: f64) -> String {
    match result {
        Ended::Done => format!("done   {seconds:.1} s"),
        Ended::Conflict { by, at, version, planned } => {
            let by = if by.is_empty() { String::new() } else { format!(" by {}", clean(by)) };
            let at = if at.is_empty() { String::new() } else { format!(", {}", minute(at)) };
            format!("refused: saved{by}{at} (version {version}, planned against {planned})")
        }
        Ended::Failed { message } => format!("failed: {}", clean(message)),
        Ended::Skipped { because } => format!("skipped: {}", clean(because)),
        Ended::Unknown => "unknown: the answer was lost, and reading it back did not settle it".to_owned(),
        Ended::NotStarted => "not started".to_owned(),
    }
}

/// How many changes ended how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Made.
    pub added: usize,
    /// Changed or moved.
    pub changed: usize,
    /// Deleted.
    pub destroyed: usize,
    /// Taken into the stack.
    pub adopted: usize,
    /// Forgotten or released.
    pub forgotten: usize,
    /// Refused by the server.
    pub failed: usize,
    /// Changed by somebody else, not touched.
    pub conflicts: usize,
    /// Not tried.
    pub skipped: usize,
    /// Not known.
    pub unknown: usize,
    /// Never begun.
    pub not_started: usize,
}

impl Run {
    /// Counts the outcomes.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for outcome in &self.outcomes {
            match (&outcome.result, outcome.act) {
                (Ended::Done, Act::Add) => tally.added += 1,
                (Ended::Done, Act::Change) => tally.changed += 1,
                (Ended::Done, Act::Replace) => {
                    tally.added += 1;
                    tally.destroyed += 1;
                }
                (Ended::Done, Act::Adopt) => tally.adopted += 1,
                (Ended::Done, Act::Destroy) => tally.destroyed += 1,
                (Ended::Done, Act::Forget) => tally.forgotten += 1,
                (Ended::Conflict { .. }, _) => tally.conflicts += 1,
                (Ended::Failed { .. }, _) => tally.failed += 1,
                (Ended::Skipped { .. }, _) => tally.skipped += 1,
                (Ended::Unknown, _) => tally.unknown += 1,
                (Ended::NotStarted, _) => tally.not_started += 1,
            }
        }
        tally
    }
}

/// The closing words of a run: every change that was not done by name, then the counts.
#[must_use]
pub fn summary(run: &Run, style: &Style) -> String {
    let tally = run.tally();
    let (open, stopped) = (
        tally.failed + tally.conflicts + tally.skipped + tally.unknown > 0
            || (tally.not_started > 0 && !run.interrupted),
        run.interrupted,
    );
    let mut lines = Vec::new();
    for outcome in &run.outcomes {
        if !matches!(outcome.result, Ended::Done | Ended::NotStarted) {
            lines.push(progress(outcome, style));
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
    for (count, word) in [(tally.adopted, "adopted"), (tally.forgotten, "forgotten")] {
        if count > 0 {
            done.push(format!("{count} {word}"));
        }
    }
    if !stopped && !open {
        return done.join(", ");
    }
    let conflicts = if tally.conflicts == 1 { "conflict" } else { "conflicts" };
    let mut rest = vec![
        format!("{} failed", tally.failed),
        format!("{} {conflicts}", tally.conflicts),
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
    use crate::model::{KindName, Uid};

    const PIPE: Style = Style { colour: false, width: None, verbose: false };

    fn outcome(kind: KindName, uid: &str, act: Act, result: Ended) -> Outcome {
        Outcome { address: Address::new(kind, Uid::parse(uid).unwrap()), act, result, seconds: 0.12 }
    }

    fn board(uid: &str, act: Act, result: Ended) -> Outcome {
        outcome(KindName::DASHBOARD, uid, act, result)
    }

    fn check(goal: Goal, interrupted: bool, outcomes: Vec<Outcome>, expected: &str) {
        let text = summary(&Run { goal, interrupted, outcomes }, &Style { width: Some(80), ..PIPE });
        assert!(text.lines().all(|line| console::measure_text_width(line) <= 80), "{text}");
        assert_eq!(text, expected);
    }

    #[test]
    fn a_change_that_is_done_takes_one_line() {
        let line = progress(&board("old-latency", Act::Destroy, Ended::Done), &PIPE);
        assert_eq!(line, "  - dashboard.old-latency         done   0.1 s");
    }

    #[test]
    fn a_complete_apply_is_told_in_terraforms_words() {
        let done = |act| board("a", act, Ended::Done);
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
            "Apply complete! Resources: 0 added, 0 changed, 0 destroyed, 1 adopted, 1\n  forgotten.\n",
        );
    }

    #[test]
    fn an_incomplete_apply_names_what_was_not_done() {
        let conflict = Ended::Conflict {
            by: "ana@example.com".into(),
            at: "2026-11-20T16:02:11Z".into(),
            version: 18,
            planned: 17,
        };
        check(
            Goal::Apply,
            false,
            vec![
                board("cpu", Act::Add, Ended::Done),
                board("checkout", Act::Change, conflict),
                board("disk", Act::Add, Ended::Failed { message: "Dashboard title cannot be empty".into() }),
                board("net", Act::Add, Ended::Skipped { because: "datasource.amp failed".into() }),
                board("lost", Act::Add, Ended::Unknown),
            ],
            "  ~ dashboard.checkout            refused: saved by ana@example.com, 2026-11-20\n                                  \
             16:02 UTC (version 18, planned against 17)\n  \
             + dashboard.disk                failed: Dashboard title cannot be empty\n  \
             + dashboard.net                 skipped: datasource.amp failed\n  \
             + dashboard.lost                unknown: the answer was lost, and reading it\n                                  \
             back did not settle it\n\n\
             Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed; 1 failed, 1\n  \
             conflict, 1 skipped, 1 unknown.\n",
        );
    }

    #[test]
    fn an_interrupted_apply_counts_what_was_not_started() {
        check(
            Goal::Apply,
            true,
            vec![board("a", Act::Add, Ended::Done), board("b", Act::Add, Ended::NotStarted)],
            "Apply interrupted. Resources: 1 added, 0 changed, 0 destroyed; 0 failed, 0\n  \
             conflicts, 0 skipped, 1 not started, 0 unknown.\n",
        );
    }
}
