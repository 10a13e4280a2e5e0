//! How a run is asked to stop: first no new writes, then at once.

use tokio::sync::watch;

use crate::report::Signal;

/// What a run listens to; the other end is an [`Asker`].
#[derive(Clone)]
pub struct Interrupt(watch::Receiver<Asked>);

/// Asks a run to stop.
pub struct Asker(watch::Sender<Asked>);

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Asked {
    times: u32,
    first: Option<Signal>,
}

/// Makes both ends.
#[must_use]
pub fn channel() -> (Asker, Interrupt) {
    let (sender, receiver) = watch::channel(Asked::default());
    (Asker(sender), Interrupt(receiver))
}

impl Asker {
    /// Asks once more: the first time for no new writes, the second to stop at once. Gives how often it was asked.
    pub fn ask(&self, signal: Signal) -> u32 {
        let mut times = 0;
        self.0.send_modify(|state| {
            state.times += 1;
            state.first = state.first.or(Some(signal));
            times = state.times;
        });
        times
    }
}

impl Interrupt {
    /// Whether no new writes may begin.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.borrow().times > 0
    }

    /// Whether not even those in flight are waited for.
    #[must_use]
    pub fn is_now(&self) -> bool {
        self.0.borrow().times > 1
    }

    /// The signal that asked first.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        self.0.borrow().first
    }

    /// Waits until somebody asks (again); for ever when nobody can any more.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
