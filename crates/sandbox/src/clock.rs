//! The clock of the embedded workspace: the machine's, and however far it was moved on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A clock. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        jiff::Timestamp::now().as_second() + self.0.load(Ordering::Relaxed)
    }

    /// Moves it on.
    pub(crate) fn pass(&self, length: Duration) {
        let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}
