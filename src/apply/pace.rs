//! How many writes are in flight: four to begin with, fewer when the server is strained, more while it is not.
//!
//! Only writes are paced here, and every write passes here: so this is also where a run whose lease was not renewed in
//! time (a suspended one) is held up. The reads around them go at the pace of [`crate::grafana`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::registry::Moment;

/// How many writes are begun with; no server on SQLite gained beyond this (fact: `writers-gain`).
const BEGIN: usize = 4;
/// The most writes that are let in by default, on a server that stays easy: what is far away gains by it.
pub const WRITES: usize = 16;
/// How many easy writes in a row let one more in, before the server was ever strained and after.
const EASY: (usize, usize) = (4, 8);

/// The pace of the writes of a run, shared by its tasks.
pub struct Pace {
    state: Mutex<Load>,
    changed: Notify,
    most: usize,
}

struct Load {
    limit: usize,
    writing: usize,
    waiting: usize,
    easy: usize,
    strained: bool,
    closed: bool,
    /// When the lease was renewed, and for how long writes may begin after that; none when there is no lease to keep.
    renewed: Option<(Moment, Duration)>,
}

impl Load {
    fn is_open(&self) -> bool {
        self.writing < self.limit && self.renewed.is_none_or(|(renewed, length)| renewed.age() < length)
    }
}

/// The right to have one write in flight; ends when it is dropped.
pub struct Pass<'a>(&'a Pace);

/// One write that waits for its turn, for as long as this is held: also when the waiting is given up.
struct Waits<'a>(&'a Pace);

impl Waits<'_> {
    fn begin(pace: &Pace) -> Waits<'_> {
        pace.state().waiting += 1;
        Waits(pace)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

impl Pace {
    /// A pace of at most so many writes in flight.
    #[must_use]
    pub fn new(most: usize) -> Pace {
        let most = most.max(1);
        let state = Load {
            limit: most.min(BEGIN),
            writing: 0,
            waiting: 0,
            easy: 0,
            strained: false,
            closed: false,
            renewed: None,
        };
        Pace { state: Mutex::new(state), changed: Notify::new(), most }
    }

    /// How many changes are worth having under way: those that write and those that read back what they wrote.
    #[must_use]
    pub fn under_way(&self) -> usize {
        if self.most == 1 { 1 } else { 2 * self.state().limit }
    }

    /// Waits until one more write may begin; none when no more may.
    pub async fn enter(&self) -> Option<Pass<'_>> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Waiting begins before the state is looked at, so that no change of it is missed.
            changed.as_mut().enable();
            {
                let mut state = self.state();
                if state.closed {
                    return None;
                }
                if state.is_open() {
                    state.writing += 1;
                    return Some(Pass(self));
                }
            }
            let waits = Waits::begin(self);
            changed.await;
            drop(waits);
        }
    }

    /// How many writes wait for their turn: nothing was sent for them yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().waiting
    }

    /// The lease was renewed at a moment: writes may begin for so long after it.
    pub fn renewed(&self, at: Moment, length: Duration) {
        self.state().renewed = Some((at, length));
        self.changed.notify_waiters();
    }

    /// Lets no further write begin.
    pub fn close(&self) {
        self.state().closed = true;
        self.changed.notify_waiters();
    }

    /// A write met a server that answers wrongly or is busy: half as many from now on, at least one.
    pub fn strain(&self) {
        let mut state = self.state();
        state.easy = 0;
        state.strained = true;
        state.limit = (state.limit / 2).max(1);
    }

    /// A write went through at once.
    pub fn ease(&self) {
        let mut state = self.state();
        state.easy += 1;
        if state.easy >= if state.strained { EASY.1 } else { EASY.0 } {
            state.easy = 0;
            state.limit = (state.limit + 1).min(self.most);
            drop(state);
            self.changed.notify_waiters();
        }
    }

    fn state(&self) -> MutexGuard<'_, Load> {
        // Every change of the state is one assignment: a task that died in between left it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state().writing -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(pace: &Pace) -> usize {
        pace.state().limit
    }

    #[test]
    fn strain_halves_and_ease_restores() {
        let pace = Pace::new(6);
        assert_eq!(limit(&pace), 4);
        for _ in 0..EASY.0 {
            pace.ease();
        }
        assert_eq!(limit(&pace), 5);
        for _ in 0..3 {
            pace.strain();
        }
        assert_eq!(limit(&pace), 1);
        for _ in 0..EASY.1 * 9 {
            pace.ease();
        }
        assert_eq!(limit(&pace), 6);
        assert_eq!(limit(&Pace::new(1)), 1);
    }

    /// What comes of asking to begin a write, if anything comes of it at once.
    async fn at_once(pace: &Pace) -> Option<bool> {
        tokio::select! {
            biased;
            pass = pace.enter() => Some(pass.is_some()),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn a_run_that_did_not_renew_its_lease_begins_no_write_until_it_has() {
        let pace = Pace::new(4);
        assert_eq!(at_once(&pace).await, Some(true));
        let hour = Duration::from_secs(3600);
        pace.renewed(Moment::now(), Duration::ZERO);
        assert_eq!(at_once(&pace).await, None);
        pace.renewed(Moment::now(), hour);
        assert_eq!(at_once(&pace).await, Some(true));
        pace.renewed(Moment::before_a_sleep_of(hour), hour);
        assert_eq!(at_once(&pace).await, None);
        pace.close();
        assert_eq!(at_once(&pace).await, Some(false));
    }

    #[tokio::test]
    async fn a_write_that_gives_up_waiting_is_not_counted_as_waiting() {
        let pace = Pace::new(1);
        let first = pace.enter().await;
        assert_eq!((at_once(&pace).await, pace.waiting()), (None, 0));
        {
            let second = pace.enter();
            tokio::pin!(second);
            let waits = std::future::poll_fn(|context| {
                assert!(second.as_mut().poll(context).is_pending());
                std::task::Poll::Ready(pace.waiting())
            });
            assert_eq!(waits.await, 1);
        }
        assert_eq!(pace.waiting(), 0);
        drop(first);
    }

    #[tokio::test]
    async fn no_more_writes_than_the_limit_and_none_after_the_end() {
        let pace = Pace::new(1);
        let first = pace.enter().await;
        assert!(first.is_some());
        let second = pace.enter();
        tokio::pin!(second);
        tokio::select! {
            biased;
            _ = &mut second => panic!("two writes at once"),
            () = std::future::ready(()) => {}
        }
        drop(first);
        assert!(second.await.is_some());
        pace.close();
        assert!(pace.enter().await.is_none());
    }
}
