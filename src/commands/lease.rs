//! Waiting for the stack to be free: another run's lease, one that was ended by hand, one whose run has gone.

use std::time::{Duration, Instant};

use super::connect::Connection;
use super::{Exit, Failure, holder, record, typed};
use crate::model::{RecordState, StackName};
use crate::registry::store::GRACE;
use crate::registry::{Lease, Record, Store};
use crate::settings::Settings;
use crate::terminal::Waiting;

/// How often the record is read while it is another run's.
const EVERY: Duration = Duration::from_secs(1);

/// The record of a stack that is free.
pub struct Free {
    /// What is known of it.
    pub record: RecordState<Box<Record>>,
    /// What had to be put right in it, one sentence each: the record is saved even where nothing else is to be done.
    pub mended: Vec<String>,
}

/// Reads the record again and again until no other run holds the stack, as long as there is patience.
pub async fn when_free(
    patience: Duration,
    settings: &Settings,
    connection: &Connection,
    store: &mut Store,
    waiting: &Waiting,
) -> Result<Free, Failure> {
    let begun = Instant::now();
    loop {
        let mut found = record::read(settings, connection, store).await?;
        if found.is_unknown() && !connection.access.is_known() {
            // The workspace does not say what the token may do: making the folder of the record proves it.
            if store.secure_folder().await.is_ok() {
                found = record::read(settings, connection, store).await?;
            }
        }
        let mut mended = Vec::new();
        let Some(held) = held(&mut found, &mut mended, settings, store).await else {
            return Ok(Free { record: found, mended });
        };
        // A lease that was ended by hand is over in a moment: that is waited for in any case.
        let enough = if held.ends_soon { patience.max(GRACE + EVERY) } else { patience };
        if begun.elapsed() >= enough {
            return Err(held.failure);
        }
        waiting.at(held.waiting);
        tokio::time::sleep(EVERY.min(enough)).await;
    }
}

/// How long other runs are waited for: from the first time that one came first.
pub struct Patience {
    whole: Duration,
    since: Option<Instant>,
    lost: usize,
}

/// How often a run without patience plans anew when another one came first and nobody holds the lease any more.
const RACES: usize = 5;

impl Patience {
    /// Patience of so long.
    #[must_use]
    pub fn new(whole: Duration) -> Patience {
        Patience { whole, since: None, lost: 0 }
    }

    /// How much of it is left.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.whole.saturating_sub(self.since.map_or(Duration::ZERO, |since| since.elapsed()))
    }

    /// Another run came first: an error once that has been so too often for a run without patience.
    pub fn lose(&mut self, stack: &StackName) -> Result<(), Failure> {
        self.since.get_or_insert_with(Instant::now);
        self.lost += 1;
        if self.lost > RACES && self.left().is_zero() {
            return Err(Failure::new(
                Exit::Locked,
                format!("other runs of stack `{stack}` have come first each time"),
            )
            .hint("wait for them with --lock-timeout 10m"));
        }
        Ok(())
    }
}

/// What keeps this run from the stack.
struct Obstacle {
    failure: Failure,
    waiting: &'static str,
    /// It is over after [`GRACE`] at the latest.
    ends_soon: bool,
}

/// Another run that holds the stack, or may still write to it. What a run left that has gone is put right.
async fn held(
    registry: &mut RecordState<Box<Record>>,
    mended: &mut Vec<String>,
    settings: &Settings,
    store: &Store,
) -> Option<Obstacle> {
    let RecordState::There(record) = registry else { return None };
    let stack = &settings.stack;
    let holds = |lease: &Lease| is_held(lease, store);
    let by = |lease: &Lease| Obstacle {
        failure: locked(settings, stack, lease),
        waiting: "waiting for another run's lease",
        ends_soon: false,
    };
    if let Some(lease) = &record.lease {
        if holds(lease) {
            return Some(by(lease));
        }
        // Whose save was accepted beside another's puts that back; this one may have ended before it could.
        let rival = store.rival().await?;
        if let Some(theirs) = rival.lease.as_ref().filter(|theirs| holds(theirs)) {
            return Some(by(theirs));
        }
        mended.push(format!(
            "two runs held the lease at once and were cut off (`{}` and `{}`): what both were about to write is taken \
             into the record",
            record.run, rival.run
        ));
        record.take_in(&rival);
        return None;
    }
    let ended = record.ended.as_ref().filter(|lease| !holder::is_dead(&lease.process))?;
    store.is_younger(GRACE).then(|| Obstacle {
        failure: Failure::new(
            Exit::Locked,
            format!(
                "the lease of {} on stack `{stack}` was ended a moment ago, and that run may still write",
                ended.holder
            ),
        )
        .hint(format!("try again in {} seconds", GRACE.as_secs())),
        waiting: "waiting until the run whose lease was ended has noticed",
        ends_soon: true,
    })
}

/// Whether a lease still keeps others off: it has not expired, and its run is not known to be dead.
#[must_use]
pub fn is_held(lease: &Lease, store: &Store) -> bool {
    store.holds(lease) && !holder::is_dead(&lease.process)
}

/// Somebody else is applying.
#[must_use]
pub fn locked(settings: &Settings, stack: &StackName, lease: &Lease) -> Failure {
    let settings = Settings { stack: stack.clone(), ..settings.clone() };
    let unlock = typed::line("unlock", &settings, typed::About::default());
    Failure::new(
        Exit::Locked,
        format!("stack `{stack}` is being applied by {} (run {}) since {}", lease.holder, lease.run, lease.since),
    )
    .hint(format!("wait with --lock-timeout 10m; if that run is dead, `{unlock}` ends its lease"))
}
