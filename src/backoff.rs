//! How long is waited before something is tried again: longer each time up to a limit, and spread at random, so that
//! those who met do not meet again.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

/// The waits before the second attempt and those after it, as many as are asked for.
#[must_use]
pub fn waits(first: Duration, longest: Duration) -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(longest)
        .without_max_times()
        .with_jitter()
        .build()
}

/// Waits before one attempt, counted from 0: not before the first.
pub async fn rest(attempt: u32, first: Duration, longest: Duration) {
    if let Some(wait) = before(attempt, first, longest) {
        tokio::time::sleep(wait).await;
    }
}

fn before(attempt: u32, first: Duration, longest: Duration) -> Option<Duration> {
    // No wait grows any more after so many.
    let nth = attempt.checked_sub(1)?.min(32);
    waits(first, longest).nth(nth as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(1);

    #[test]
    fn nothing_is_waited_for_before_the_first_attempt() {
        assert_eq!(before(0, FIRST, LONGEST), None);
    }

    #[test]
    fn a_wait_doubles_up_to_the_limit_and_is_at_most_twice_as_long_by_chance() {
        for attempt in [1, 2, 3, 4, 5, 6, 7, 40, u32::MAX] {
            let least = LONGEST.min(FIRST * 2_u32.pow(attempt.min(8) - 1));
            let wait = before(attempt, FIRST, LONGEST).unwrap();
            assert!(wait >= least && wait <= least * 2, "attempt {attempt}: {wait:?}");
        }
    }
}
