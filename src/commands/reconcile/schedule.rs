//! When the next round of a loop begins. Pure: chance is given.

use std::time::Duration;

use crate::cli::LoopArgs;
use crate::report::rounds::RoundResult;
use crate::settings::{UsageError, named_duration};

/// The shortest wait of a loop that nobody counts the rounds of: what asks without a pause is a load on the workspace.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// By how much a wait is longer or shorter by chance, so that loops that were started together do not stay together.
const JITTER: f64 = 0.1;
/// How often a wait is doubled at most.
const DOUBLINGS: u32 = 16;

/// How long is waited after a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// After one that succeeded.
    pub interval: Duration,
    /// After one that failed, the first time.
    pub retry: Duration,
}

impl Schedule {
    /// Reads what was typed; what is shorter than [`SHORTEST`] is that long, unless the rounds are counted.
    pub fn read(args: &LoopArgs) -> Result<Schedule, UsageError> {
        let shortest = if args.rounds.is_some() { Duration::ZERO } else { SHORTEST };
        Ok(Schedule {
            interval: named_duration("--interval", &args.interval)?.max(shortest),
            retry: named_duration("--retry-interval", &args.retry_interval)?.max(shortest),
        })
    }

    /// Whether the interval is as long as it was typed.
    #[must_use]
    pub fn is_typed(&self, typed: &str) -> bool {
        named_duration("--interval", typed).is_ok_and(|typed| typed == self.interval)
    }

    /// How long is waited after a round, where so many in a row have failed; `chance` is from 0 to 1.
    ///
    /// After failures longer each time, never longer than the interval. Where another run holds the stack it is looked again soon:
    /// that run may have died.
    #[must_use]
    pub fn wait(&self, last: RoundResult, failures: u64, chance: f64) -> Duration {
        let wait = match last {
            RoundResult::Succeeded => self.interval,
            RoundResult::Waiting => self.retry.min(self.interval),
            RoundResult::Failed(_) => {
                let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(DOUBLINGS).min(DOUBLINGS);
                self.retry.saturating_mul(1 << doublings).min(self.interval)
            }
        };
        wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule { interval: Duration::from_secs(600), retry: Duration::from_secs(60) };

    #[test]
    fn failures_are_tried_again_soon_then_less_and_less_often() {
        let waits: Vec<u64> =
            [1, 2, 3, 4, 5, u64::MAX].map(|n| SCHEDULE.wait(RoundResult::Failed(1), n, 0.5).as_secs()).into();
        assert_eq!(waits, [60, 120, 240, 480, 600, 600]);
        assert_eq!(SCHEDULE.wait(RoundResult::Succeeded, 0, 0.5).as_secs(), 600);
        assert_eq!(SCHEDULE.wait(RoundResult::Waiting, 0, 0.5).as_secs(), 60);
        let impatient = Schedule { interval: Duration::from_secs(5), ..SCHEDULE };
        assert_eq!(
            impatient.wait(RoundResult::Failed(1), 1, 0.5).as_secs(),
            5,
            "never longer than after a success"
        );
        assert_eq!(impatient.wait(RoundResult::Waiting, 0, 0.5).as_secs(), 5);
    }

    #[test]
    fn a_loop_without_an_end_never_asks_without_a_pause() {
        let read = |interval: &str, rounds| {
            let args = LoopArgs {
                interval: interval.into(),
                retry_interval: "10ms".into(),
                pull: false,
                listen: None,
                once: false,
                rounds,
                parallelism: 1,
            };
            Schedule::read(&args).map(|read| (read.interval.as_millis(), read.retry.as_millis())).unwrap()
        };
        assert_eq!(read("0s", None), (1000, 1000));
        assert_eq!(read("2s", None), (2000, 1000));
        assert_eq!(read("0s", Some(3)), (0, 10));
    }

    #[test]
    fn chance_moves_a_wait_by_a_tenth_at_most() {
        for (chance, seconds) in [(0.0, 540), (0.5, 600), (1.0, 660), (7.0, 660), (-1.0, 540)] {
            assert_eq!(SCHEDULE.wait(RoundResult::Succeeded, 0, chance).as_millis().div_ceil(1000), seconds);
        }
        let none = Schedule { interval: Duration::ZERO, retry: Duration::ZERO };
        assert_eq!(none.wait(RoundResult::Failed(1), 3, 1.0), Duration::ZERO);
    }
}
