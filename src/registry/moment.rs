//! When something happened, by two clocks of this machine, so that a machine that slept knows how long it was.
//!
//! The monotonic clock runs on while a process is stopped and stands still while the machine sleeps; the wall clock runs
//! on in both, and can be set. Whichever says that more time has passed is believed: too much costs one save of the
//! record, too little would let a run write after its lease. Leases themselves count by the server's clock alone.

use std::time::{Duration, Instant, SystemTime};

/// A moment in the past.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    /// This moment.
    #[must_use]
    pub fn now() -> Moment {
        Moment { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// How long ago it was. A wall clock that was set back counts for nothing.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.monotonic.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}

#[cfg(test)]
impl Moment {
    /// A moment so long ago by the wall clock, of a machine that slept since.
    pub(crate) fn before_a_sleep_of(length: Duration) -> Moment {
        let now = Moment::now();
        Moment { wall: now.wall - length, ..now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_sleep_of_the_machine_counts() {
        assert!(Moment::before_a_sleep_of(HOUR).age() >= HOUR);
    }

    #[test]
    fn a_stop_of_the_process_counts_whatever_the_wall_clock_says() {
        let now = Moment::now();
        // As after a stop of an hour and a clock that was set back by two.
        let Some(monotonic) = now.monotonic.checked_sub(HOUR) else { return };
        assert!(Moment { monotonic, wall: now.wall + HOUR }.age() >= HOUR);
    }

    #[test]
    fn a_wall_clock_that_is_set_back_makes_nothing_younger_than_it_is() {
        let now = Moment::now();
        assert!(Moment { wall: now.wall + HOUR, ..now }.age() < HOUR);
    }
}
