//! How many writes are in flight: four to begin with, fewer when the server is strained, more again when it is not.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many writes are begun with; no server on SQLite gained beyond this (`contracts/README.md` 25).
const BEGIN: usize = 4;
/// The most writes that are let in by default, on a server that stays easy: what is far away gains by it.
pub const WRITES: usize = 16;
/// How many easy writes in a row let one more in.
const EASY: usize = 8;

/// The pace of one group of writes, shared by its tasks.
pub struct Pace {
    limit: AtomicUsize,
    most: usize,
    easy: AtomicUsize,
}

impl Pace {
    /// A pace of at most so many writes in flight.
    #[must_use]
    pub fn new(most: usize) -> Pace {
        let most = most.max(1);
        Pace { limit: AtomicUsize::new(most.min(BEGIN)), most, easy: AtomicUsize::new(0) }
    }

    /// How many may be in flight now.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// A write met a server that answers wrongly or is busy: half as many from now on, at least one.
    pub fn strain(&self) {
        self.easy.store(0, Ordering::Relaxed);
        let _ = self.limit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |limit| Some((limit / 2).max(1)));
    }

    /// A write went through at once.
    pub fn ease(&self) {
        if self.easy.fetch_add(1, Ordering::Relaxed) + 1 >= EASY {
            self.easy.store(0, Ordering::Relaxed);
            let most = self.most;
            let _ = self
                .limit
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |limit| (limit < most).then_some(limit + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strain_halves_and_ease_restores() {
        let pace = Pace::new(6);
        assert_eq!(pace.limit(), 4);
        pace.strain();
        pace.strain();
        pace.strain();
        assert_eq!(pace.limit(), 1);
        for _ in 0..EASY * 9 {
            pace.ease();
        }
        assert_eq!(pace.limit(), 6);
        assert_eq!(Pace::new(1).limit(), 1);
    }
}
