//! What came of a run: one outcome for each change, and what they amount to. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use super::interrupt::Signal;
use super::object::Answered;
use crate::model::Address;
use crate::plan::{Action, Change, Goal};

/// What came of one change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was done, and seen to be.
    Done,
    /// Somebody else changed it: it was not touched.
    Conflict {
        /// Who, as far as the server says.
        by: String,
        /// When.
        at: String,
        /// The version it has now.
        version: i64,
        /// The version it was planned against; none when it was planned as absent.
        planned: Option<i64>,
    },
    /// The plan already refused it.
    Refused {
        /// Why.
        reason: String,
        /// What to do instead.
        hint: String,
    },
    /// The server refused it, or failed.
    Failed {
        /// The server's own words.
        message: String,
    },
    /// It was not tried.
    Skipped {
        /// Why.
        because: String,
    },
    /// It may have been done or not.
    Unknown {
        /// What is known.
        message: String,
    },
    /// The run ended before it.
    NotStarted,
}

/// One change and what came of it.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it is about.
    pub address: Address,
    /// Its title.
    pub title: String,
    /// The sign and the words of its action: `+ create`.
    pub sign: &'static str,
    /// What it adds to the counts of a summary.
    pub counts_as: CountsAs,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// What a reader should know beyond the outcome.
    pub note: Option<String>,
}

/// In which count of a summary a change that was done stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CountsAs {
    /// One more object.
    Added,
    /// One object changed or moved.
    Changed,
    /// One object taken into the stack.
    Adopted,
    /// One object less.
    Destroyed,
    /// One object made anew.
    Replaced,
    /// One object forgotten or released: nothing is written to it.
    Forgotten,
    /// Nothing that a summary counts.
    Nothing,
}

/// Why a run ended before its plan did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The token is not accepted any more; the server's words.
    Unauthorised(String),
    /// Another run took over the record.
    LeaseLost,
    /// The record could not be saved.
    Registry(String),
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the plan was for.
    pub goal: Goal,
    /// Each change that ended or was not begun, in that order.
    pub finished: Vec<Finished>,
    /// What was not done: those that need it are skipped.
    pub failed: BTreeSet<Address>,
    /// Why the run ended early, if it did.
    pub stop: Option<Stop>,
    /// The signal that ended it, if one did.
    pub interrupted: Option<Signal>,
}

/// What a summary counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Objects made.
    pub added: usize,
    /// Objects changed, moved or adopted.
    pub changed: usize,
    /// Objects destroyed.
    pub destroyed: usize,
    /// Changes that the server refused or that the plan refused.
    pub failed: usize,
    /// Changes that met somebody else's.
    pub conflicts: usize,
    /// Changes that were not tried.
    pub skipped: usize,
    /// Changes that may have been done or not.
    pub unknown: usize,
    /// Changes that the run did not come to.
    pub not_started: usize,
}

impl Report {
    /// A report without anything in it yet.
    #[must_use]
    pub fn new(goal: Goal) -> Report {
        Report { goal, finished: Vec::new(), failed: BTreeSet::new(), stop: None, interrupted: None }
    }

    /// Takes what came of a change; gives it back as it is told, unless there is nothing to tell.
    pub(super) fn take(&mut self, change: &Change, answered: Answered, took: Duration) -> Option<&Finished> {
        let (outcome, note) = match answered {
            Answered::Done(confirmed) => (Outcome::Done, confirmed.note),
            Answered::Ended(outcome) | Answered::Halfway(outcome) | Answered::Differs(_, outcome) => {
                (outcome, None)
            }
            Answered::Unauthorised(words) => {
                self.stop.get_or_insert(Stop::Unauthorised(words));
                (Outcome::NotStarted, None)
            }
        };
        if outcome != Outcome::Done {
            self.failed.insert(change.address.clone());
        }
        let (sign, counts_as) = sign(&change.action);
        let quiet = matches!(change.action, Action::Keep { .. } | Action::LeaveAlone | Action::Renew);
        self.finished.push(Finished {
            address: change.address.clone(),
            title: change.title.clone(),
            sign,
            counts_as,
            outcome,
            took,
            note,
        });
        if quiet { None } else { self.finished.last() }
    }

    /// Takes changes that the run did not come to.
    pub(super) fn not_started<'a>(&mut self, changes: impl Iterator<Item = &'a Change>) {
        for change in changes.filter(|c| c.action.writes()) {
            let (sign, counts_as) = sign(&change.action);
            self.failed.insert(change.address.clone());
            self.finished.push(Finished {
                address: change.address.clone(),
                title: change.title.clone(),
                sign,
                counts_as,
                outcome: Outcome::NotStarted,
                took: Duration::ZERO,
                note: None,
            });
        }
    }

    /// What was done.
    #[must_use]
    pub fn done(&self) -> BTreeSet<&Address> {
        self.finished.iter().filter(|f| f.outcome == Outcome::Done).map(|f| &f.address).collect()
    }

    /// What a summary counts.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for finished in &self.finished {
            match (&finished.outcome, finished.counts_as) {
                (Outcome::Done, CountsAs::Added) => tally.added += 1,
                (Outcome::Done, CountsAs::Changed | CountsAs::Adopted) => tally.changed += 1,
                (Outcome::Done, CountsAs::Destroyed) => tally.destroyed += 1,
                (Outcome::Done, CountsAs::Replaced) => {
                    tally.added += 1;
                    tally.destroyed += 1;
                }
                (Outcome::Done, CountsAs::Forgotten | CountsAs::Nothing) => {}
                (Outcome::Conflict { .. }, _) => tally.conflicts += 1,
                (Outcome::Refused { .. } | Outcome::Failed { .. }, _) => tally.failed += 1,
                (Outcome::Skipped { .. }, _) => tally.skipped += 1,
                (Outcome::Unknown { .. }, _) => tally.unknown += 1,
                (Outcome::NotStarted, _) => tally.not_started += 1,
            }
        }
        tally
    }

    /// Whether everything planned was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let Tally { added: _, changed: _, destroyed: _, failed, conflicts, skipped, unknown, not_started } =
            self.tally();
        failed + conflicts + skipped + unknown + not_started == 0
            && self.stop.is_none()
            && self.interrupted.is_none()
    }

    /// Whether anything was written, for all that is known.
    #[must_use]
    pub fn wrote(&self) -> bool {
        let tally = self.tally();
        tally.added + tally.changed + tally.destroyed + tally.unknown > 0
    }

    /// The run in a few words, for the record's history.
    #[must_use]
    pub fn in_words(&self, interrupted: bool) -> String {
        let tally = self.tally();
        let ending = if interrupted {
            ", interrupted"
        } else if self.is_complete() {
            ""
        } else {
            ", incomplete"
        };
        format!("{} added, {} changed, {} destroyed{ending}", tally.added, tally.changed, tally.destroyed)
    }
}

fn sign(action: &Action) -> (&'static str, CountsAs) {
    match action {
        Action::Create { .. } => ("+", CountsAs::Added),
        Action::Update { delta, moved } if delta.is_empty() && moved.is_some() => ("→", CountsAs::Changed),
        Action::Update { .. } => ("~", CountsAs::Changed),
        Action::Adopt { .. } => ("»", CountsAs::Adopted),
        Action::Replace { .. } => ("-/+", CountsAs::Replaced),
        Action::Delete { .. } => ("-", CountsAs::Destroyed),
        Action::Release | Action::Forget { .. } => ("·", CountsAs::Forgotten),
        Action::Keep { .. } | Action::LeaveAlone | Action::Renew => ("=", CountsAs::Nothing),
        Action::Refuse(_) => ("!", CountsAs::Nothing),
    }
}
