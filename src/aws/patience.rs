//! Saying what is waited for, where that takes long: nobody looks at a silent terminal for a minute.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Who says that something is waited for, after how long, and how long it is waited for at most.
#[derive(Clone)]
pub struct Patience {
    /// Says it.
    pub say: Arc<dyn Fn(&str) + Send + Sync>,
    /// How long nothing is said.
    pub silent_for: Duration,
    /// How long one attempt of a call may take.
    pub answer_within: Duration,
    /// How long credentials may take: a program may open a browser, and a service may be asked several times.
    pub given_within: Duration,
}

impl Patience {
    /// Says it after five seconds.
    #[must_use]
    pub fn saying(say: impl Fn(&str) + Send + Sync + 'static) -> Patience {
        Patience {
            say: Arc::new(say),
            silent_for: Duration::from_secs(5),
            answer_within: Duration::from_secs(15),
            given_within: Duration::from_secs(60),
        }
    }

    /// Waits for something, and says so once where it takes long.
    pub async fn watch<T>(&self, what: impl FnOnce() -> String, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(self.silent_for) => {}
        }
        (self.say)(&what());
        work.await
    }
}

impl Default for Patience {
    fn default() -> Patience {
        Patience::saying(|_| {})
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patience({:?})", self.silent_for)
    }
}
