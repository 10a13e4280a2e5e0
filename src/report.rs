//! What came of a run: one outcome for each change, and what they amount to. Pure.
//!
//! Filled by [`crate::apply`], told by [`crate::render::summary`]; statuses follow from it in `commands`.

pub mod doctor;
pub mod rounds;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::kinds;
use crate::model::Address;
use crate::plan::{Action, Change, Goal};

/// What came of a run.
#[derive(Clone, PartialEq, Debug)]
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

/// One change and what came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Finished {
    /// What it is about.
    pub address: Address,
    /// Its title or name; empty where nobody knows one.
    pub title: String,
    /// What was to be done; none where nothing is counted.
    pub act: Option<Act>,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// What a reader should know beyond the outcome.
    pub note: Option<String>,
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
    /// It left the directory and stays.
    Keep,
}

/// What came of one change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was done, and seen to be.
    Done,
    /// Somebody else changed the object since the plan was made: it was not touched.
    Conflict(Conflict),
    /// The plan already refused it.
    Refused {
        /// Why, and what to do instead.
        reason: String,
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

/// What somebody else did to an object since the plan was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Conflict {
    /// It was saved.
    Saved {
        /// Who; empty when the server does not say.
        by: String,
        /// When, as the server writes it; empty when it does not say.
        at: String,
        /// The version it has now.
        version: i64,
        /// The version it was planned against.
        planned: i64,
    },
    /// Something of that uid was made.
    Made {
        /// Who; empty when the server does not say.
        by: String,
    },
    /// It was moved to another folder.
    Moved {
        /// Who; empty when the server does not say.
        by: String,
    },
    /// It was deleted.
    Deleted,
    /// It was written by this run as planned, and somebody moved it to another folder meanwhile.
    MovedSince {
        /// Who; empty when the server does not say.
        by: String,
    },
    /// It was deleted, and made again by this run: the server takes a save over what is gone.
    MadeAgain,
    /// It was written by this run as planned, and somebody saved it since.
    Since {
        /// Who; empty when the server does not say.
        by: String,
        /// When, as the server writes it; empty when it does not say.
        at: String,
    },
    /// It was written by this run as planned, over something that somebody saved since the plan: the server let both.
    Overwrote {
        /// The version that is lost but for the history; none where it was another object under this uid.
        version: Option<i64>,
        /// Who saved it; empty when the server does not say.
        by: String,
    },
}

impl Conflict {
    /// Whether this run wrote the object all the same.
    #[must_use]
    pub fn wrote(&self) -> bool {
        match self {
            Conflict::Since { .. }
            | Conflict::Overwrote { .. }
            | Conflict::MadeAgain
            | Conflict::MovedSince { .. } => true,
            Conflict::Saved { .. } | Conflict::Made { .. } | Conflict::Moved { .. } | Conflict::Deleted => false,
        }
    }
}

/// Why a run ended before its plan did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The token is not accepted any more.
    Unauthorised {
        /// The server's words.
        words: String,
        /// What to do, which depends on where the token came from.
        hint: String,
    },
    /// The token may not keep the record; the server's words.
    Forbidden(String),
    /// Another run took the lease first: nothing was written.
    Raced,
    /// Another run took over the record.
    LeaseLost,
    /// Somebody made the record unreadable; how.
    Damaged(String),
    /// The record could not be saved.
    Registry(String),
}

/// A signal that stops a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
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
    /// Left where they are although they left the directory.
    pub kept: usize,
    /// Refused by the plan or by the server.
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
            Action::Release { .. } | Action::Forget { .. } => Some(Act::Forget),
            Action::Keep { .. } => Some(Act::Keep),
            Action::LeaveAlone | Action::Renew | Action::Refuse(_) => None,
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
            Act::Forget | Act::Keep => "·",
        }
    }
}

impl Finished {
    /// The same with its words put through `conceal`, which takes out what must not be shown of the object.
    #[must_use]
    pub fn concealed(&self, conceal: impl Fn(&Address, &str) -> String) -> Finished {
        let mut finished = self.clone();
        let words = match &mut finished.outcome {
            Outcome::Refused { reason: words }
            | Outcome::Failed { message: words }
            | Outcome::Skipped { because: words }
            | Outcome::Unknown { message: words } => Some(words),
            Outcome::Done | Outcome::Conflict(_) | Outcome::NotStarted => None,
        };
        for words in words.into_iter().chain(&mut finished.note) {
            *words = conceal(&finished.address, words);
        }
        finished
    }

    /// Where a browser shows the object, below the workspace's URL; none where it is gone, or its kind has no page.
    #[must_use]
    pub fn link(&self, base: &str) -> Option<String> {
        let is_there = matches!(self.act, Some(Act::Add | Act::Change | Act::Replace | Act::Adopt));
        let is_done = match &self.outcome {
            Outcome::Done => true,
            Outcome::Conflict(conflict) => !matches!(conflict, Conflict::Deleted),
            Outcome::Refused { .. }
            | Outcome::Failed { .. }
            | Outcome::Skipped { .. }
            | Outcome::Unknown { .. }
            | Outcome::NotStarted => false,
        };
        if !is_there || !is_done {
            return None;
        }
        let page = kinds::by_name(self.address.kind).page(&self.address.key)?;
        Some(format!("{}{page}", base.trim_end_matches('/')))
    }
}

impl Report {
    /// Puts the words about each object through `conceal`, which takes out what must not be shown of it.
    pub fn conceal(&mut self, conceal: impl Fn(&Address, &str) -> String) {
        for finished in &mut self.finished {
            *finished = finished.concealed(&conceal);
        }
    }

    /// A report without anything in it yet.
    #[must_use]
    pub fn new(goal: Goal) -> Report {
        Report { goal, finished: Vec::new(), failed: BTreeSet::new(), stop: None, interrupted: None }
    }

    /// Takes what came of a change.
    pub fn add(&mut self, change: &Change, outcome: Outcome, took: Duration, note: Option<String>) -> &Finished {
        if outcome != Outcome::Done {
            self.failed.insert(change.address.clone());
        }
        let act = Act::of(&change.action);
        let (address, title) = (change.address.clone(), change.title.clone());
        self.finished.push(Finished { address, title, act, outcome, took, note });
        &self.finished[self.finished.len() - 1]
    }

    /// Takes back what was said of a change: it was done, and is no longer as it was.
    pub fn amend(&mut self, address: &Address, outcome: Outcome) {
        self.failed.insert(address.clone());
        if let Some(finished) = self.finished.iter_mut().find(|f| f.address == *address) {
            finished.outcome = outcome;
        }
    }

    /// Takes changes that the run did not come to.
    pub fn not_started<'a>(&mut self, changes: impl Iterator<Item = &'a Change>) {
        for change in changes.filter(|c| c.action.writes()) {
            self.add(change, Outcome::NotStarted, Duration::ZERO, None);
        }
    }

    /// What was done.
    #[must_use]
    pub fn done(&self) -> BTreeSet<&Address> {
        self.finished.iter().filter(|f| f.outcome == Outcome::Done).map(|f| &f.address).collect()
    }

    /// How many changes ended how.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for finished in &self.finished {
            match (&finished.outcome, finished.act) {
                (Outcome::Done, Some(Act::Add)) => tally.added += 1,
                (Outcome::Done, Some(Act::Change)) => tally.changed += 1,
                (Outcome::Done, Some(Act::Replace)) => {
                    tally.added += 1;
                    tally.destroyed += 1;
                }
                (Outcome::Done, Some(Act::Adopt)) => tally.adopted += 1,
                (Outcome::Done, Some(Act::Destroy)) => tally.destroyed += 1,
                (Outcome::Done, Some(Act::Forget)) => tally.forgotten += 1,
                (Outcome::Done, Some(Act::Keep)) => tally.kept += 1,
                (Outcome::Done, None) => {}
                (Outcome::Conflict(_), _) => tally.conflicts += 1,
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
        let Report { goal: _, finished, failed: _, stop, interrupted } = self;
        finished.iter().all(|f| f.outcome == Outcome::Done) && stop.is_none() && interrupted.is_none()
    }

    /// Whether anything was written, for all that is known.
    #[must_use]
    pub fn wrote(&self) -> bool {
        let tally = self.tally();
        let over = |f: &Finished| matches!(&f.outcome, Outcome::Conflict(conflict) if conflict.wrote());
        tally.added + tally.changed + tally.destroyed + tally.adopted + tally.unknown > 0
            || self.finished.iter().any(over)
    }

    /// The run in a few words, for the record's history.
    #[must_use]
    pub fn in_words(&self, interrupted: bool) -> String {
        let tally = self.tally();
        let ending = match (interrupted, self.is_complete()) {
            (true, _) => ", interrupted",
            (false, true) => "",
            (false, false) => ", incomplete",
        };
        format!("{} added, {} changed, {} destroyed{ending}", tally.added, tally.changed, tally.destroyed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::dashboard::Dashboard;

    #[test]
    fn what_was_written_and_then_changed_by_somebody_counts_as_written() {
        let wrote = |conflict| {
            let uid = crate::model::Uid::parse("cpu").unwrap();
            let address = Address::new(Dashboard::NAME, uid);
            let outcome = Outcome::Conflict(conflict);
            let act = Some(Act::Change);
            let finished =
                vec![Finished { address, title: String::new(), act, outcome, took: Duration::ZERO, note: None }];
            Report { finished, ..Report::new(Goal::Apply) }.wrote()
        };
        assert!(wrote(Conflict::Since { by: String::new(), at: String::new() }));
        assert!(wrote(Conflict::Overwrote { version: Some(5), by: String::new() }));
        assert!(!wrote(Conflict::Deleted));
    }
}
