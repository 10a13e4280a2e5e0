//! What came of the rounds of a loop, added up: what its metrics are made of. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Tally;

/// The upper bounds of the durations that rounds are counted by, in seconds.
pub const BUCKETS: [f64; 9] = [0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0];

/// One round that ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Round {
    /// What came of it.
    pub result: RoundResult,
    /// How long it took.
    pub took: Duration,
    /// When it ended, in seconds since 1970.
    pub at: i64,
    /// What was done; nothing where it ended before.
    pub tally: Tally,
    /// What was found changed outside.
    pub drift: Drifted,
    /// How many objects the directory declares; none where that was not found out.
    pub objects: Option<usize>,
    /// How many requests the workspace answered.
    pub requests: u64,
    /// Whether the directory could not be brought up to date first.
    pub pull_failed: bool,
}

/// What came of a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RoundResult {
    /// The workspace is as the directory says, but for drift that is only reported.
    Succeeded,
    /// Another run holds the stack: it is at work.
    Waiting,
    /// It is not; the status that an apply would have ended with.
    Failed(u8),
}

/// How many objects were found changed outside, and what became of the changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Drifted {
    /// They were overwritten.
    pub overwritten: usize,
    /// They stay, and the round fails.
    pub refused: usize,
    /// They stay, and the round succeeds.
    pub reported: usize,
}

/// All rounds until now.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Rounds {
    /// How many succeeded.
    pub succeeded: u64,
    /// How many found another run at work.
    pub waiting: u64,
    /// How many failed, by the status that an apply would have ended with.
    pub failed: BTreeMap<u8, u64>,
    /// How many failed since the last that did not.
    pub failed_in_a_row: u64,
    /// How many took no longer than each of [`BUCKETS`].
    pub within: [u64; BUCKETS.len()],
    /// How long all of them took, in seconds.
    pub seconds: f64,
    /// What was done, by what it is called.
    pub changes: BTreeMap<&'static str, u64>,
    /// What was found changed outside, by what became of it.
    pub drift: BTreeMap<&'static str, u64>,
    /// How many objects the last round that read the workspace found changed outside and left so.
    pub drifted_now: usize,
    /// How often the directory could not be brought up to date.
    pub pulls_failed: u64,
    /// How many requests the workspace answered.
    pub requests: u64,
    /// How many objects the directory declares.
    pub objects: usize,
    /// When the last round ended, in seconds since 1970.
    pub last: Option<i64>,
    /// When the last one that succeeded did.
    pub last_success: Option<i64>,
}

impl Drifted {
    /// How many objects are still as somebody else left them.
    #[must_use]
    pub fn left(&self) -> usize {
        self.refused + self.reported
    }
}

impl Rounds {
    /// None so far; what can be counted is counted from 0, so that rates see the first one.
    #[must_use]
    pub fn new() -> Rounds {
        let zeros = |words: &[&'static str]| words.iter().map(|word| (*word, 0)).collect();
        Rounds {
            changes: zeros(&["added", "changed", "destroyed", "adopted", "forgotten"]),
            drift: zeros(&["overwritten", "refused", "reported"]),
            ..Rounds::default()
        }
    }

    /// How many ended.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.succeeded + self.waiting + self.failed.values().sum::<u64>()
    }

    /// Takes one that ended.
    pub fn take(&mut self, round: &Round) {
        let Round { result, took, at, tally, drift, objects, requests, pull_failed } = *round;
        match result {
            RoundResult::Succeeded => {
                self.succeeded += 1;
                self.last_success = Some(at);
            }
            RoundResult::Waiting => self.waiting += 1,
            RoundResult::Failed(status) => *self.failed.entry(status).or_default() += 1,
        }
        self.failed_in_a_row = match result {
            RoundResult::Succeeded | RoundResult::Waiting => 0,
            RoundResult::Failed(_) => self.failed_in_a_row + 1,
        };
        let seconds = took.as_secs_f64();
        self.seconds += seconds;
        for (count, _) in self.within.iter_mut().zip(BUCKETS).filter(|(_, bound)| seconds <= *bound) {
            *count += 1;
        }
        for (word, count) in [
            ("added", tally.added),
            ("changed", tally.changed),
            ("destroyed", tally.destroyed),
            ("adopted", tally.adopted),
            ("forgotten", tally.forgotten),
        ] {
            add(&mut self.changes, word, count);
        }
        for (word, count) in
            [("overwritten", drift.overwritten), ("refused", drift.refused), ("reported", drift.reported)]
        {
            add(&mut self.drift, word, count);
        }
        if let Some(objects) = objects {
            self.objects = objects;
            self.drifted_now = drift.left();
        }
        self.requests += requests;
        self.pulls_failed += u64::from(pull_failed);
        self.last = Some(at);
    }
}

fn add(counts: &mut BTreeMap<&'static str, u64>, word: &'static str, count: usize) {
    *counts.entry(word).or_default() += u64::try_from(count).unwrap_or(u64::MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(result: RoundResult, seconds: u64, at: i64) -> Round {
        Round {
            result,
            took: Duration::from_secs(seconds),
            at,
            tally: Tally { changed: 2, ..Tally::default() },
            drift: Drifted { overwritten: 1, reported: 1, ..Drifted::default() },
            objects: Some(7),
            requests: 13,
            pull_failed: false,
        }
    }

    #[test]
    fn rounds_add_up() {
        let mut rounds = Rounds::new();
        rounds.take(&round(RoundResult::Succeeded, 1, 100));
        rounds.take(&round(RoundResult::Failed(4), 2, 200));
        rounds.take(&round(RoundResult::Failed(6), 9000, 300));
        assert_eq!((rounds.ended(), rounds.failed_in_a_row), (3, 2));
        assert_eq!((rounds.last, rounds.last_success), (Some(300), Some(100)));
        assert_eq!(rounds.within, [0, 0, 1, 2, 2, 2, 2, 2, 2], "what takes longer than all bounds is in none");
        assert_eq!((rounds.changes["changed"], rounds.drift["overwritten"], rounds.requests), (6, 3, 39));
        rounds.take(&round(RoundResult::Waiting, 0, 400));
        assert_eq!((rounds.failed_in_a_row, rounds.last_success), (0, Some(100)));
    }

    #[test]
    fn a_round_that_read_nothing_says_nothing_of_objects_and_drift() {
        let mut rounds = Rounds::new();
        rounds.take(&round(RoundResult::Succeeded, 1, 100));
        let nothing = Round { objects: None, drift: Drifted::default(), ..round(RoundResult::Failed(1), 1, 200) };
        rounds.take(&nothing);
        assert_eq!((rounds.objects, rounds.drifted_now), (7, 1));
    }
}
