//! How a save of the record becomes a lease, or loses it to another run. Pure: [`super::store`] does what it says.
//!
//! The record is a register that several runs save over. A server that compares and stores in one step makes one of them
//! the winner by its answer. The others check the version first and store a moment later, so that two saves of one
//! version may both be accepted (fact: `save-not-atomic`), and each run then reads its own save back. What tells them
//! apart is that the server counts what it stores: of all saves over version N exactly one is stored as N + 1. That
//! one has won, whenever and in whatever order they are read. A save that reads back later than that has overwritten
//! somebody: it is lost, and whoever finds its own save there puts the other's back, which the dashboard's history has.
//! So at most one run wins each version, without any assumption about time; that the record is read once more after a
//! moment ([`Step::Wait`]) is for a server that does not count.

/// How often a save is sent that turns out not to have been done.
const SAVES: usize = 5;
/// How often a run waits for its save to be put back by the one who overwrote it, each time twice as long.
const WAITS: u32 = 4;

/// What is stored, as far as the lease goes. Nothing is stored where all is zero and empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stamp {
    /// The server's version of the dashboard.
    pub version: i64,
    /// The record's serial.
    pub serial: u64,
    /// The run that saved it.
    pub run: String,
}

/// What to do next for a save.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Send the save, over the version that was read last ([`Attempt::seen`]).
    Save,
    /// Read what is stored.
    Read,
    /// Wait for so many times what a save takes, then read what is stored.
    Wait(u32),
    /// Ask the history what was stored as each of these versions.
    Ask {
        /// The first one.
        from: i64,
        /// The last one.
        to: i64,
    },
    /// Put back what was stored as this version, over what this run has stored; then the save is lost.
    PutBack(i64),
    /// The save is what counts.
    Held,
    /// Another run has the record, or nobody can tell.
    Lost,
    /// The server does not take it.
    Refused,
}

/// What a save is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// It takes the lease: it is read once more before it counts.
    Take,
    /// It keeps the lease: what follows it was done by somebody else.
    Keep,
    /// Nothing is done after it, as when the lease is given back: it counts whatever has followed it.
    End,
}

/// How far a save is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SaveState {
    /// The record was read; the save is not known to be stored.
    Read,
    /// It was stored, and seen to be.
    Saved,
    /// It is what counts: for a first save, the lease is held.
    Confirmed,
    /// Another run's save of the same version came first.
    Lost,
    /// Another run has saved over a record that was this run's: a lease that expired or was ended by hand.
    Taken,
}

/// One save of the record, from the sending to what it means.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What was stored when it was read last before the save.
    base: Stamp,
    serial: u64,
    run: String,
    purpose: Purpose,
    state: SaveState,
    /// The version that was saved over.
    over: i64,
    /// The history says that this save counts, whatever was stored since.
    is_first: bool,
    saves: usize,
    waits: u32,
    /// What this run has put back over its own save, which was lost.
    put_back: Option<Stamp>,
    /// What was read last.
    seen: Stamp,
}

/// Whose the stored record is, seen from a save.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    /// This save.
    Ours,
    /// What it was made from.
    Base,
    /// Another save made from the same.
    Rival,
    /// Something older: a save that came too late, which is about to be put right, or what a person restored.
    Older,
    /// Something that follows: another run has taken over.
    Later,
}

impl Attempt {
    /// A save by `run` of what was read as `base`.
    #[must_use]
    pub fn new(base: Stamp, run: &str, purpose: Purpose) -> Attempt {
        Attempt {
            serial: base.serial + 1,
            run: run.to_owned(),
            purpose,
            state: SaveState::Read,
            over: base.version,
            is_first: false,
            saves: 0,
            waits: 0,
            put_back: None,
            seen: base.clone(),
            base,
        }
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> SaveState {
        self.state
    }

    /// What was read last.
    #[must_use]
    pub fn seen(&self) -> &Stamp {
        &self.seen
    }

    /// Whether another run's save of the same version was accepted too, and overwrote this one.
    #[must_use]
    pub fn was_overwritten(&self) -> bool {
        self.is_first || self.waits > 0
    }

    /// What to do first.
    #[must_use]
    pub fn begin(&mut self) -> Step {
        self.saves = 1;
        Step::Save
    }

    /// What the server's own answer shows, where it compares and stores in one step: nothing is left to ask.
    #[must_use]
    pub fn answered(&mut self, stored: Stamp) -> Step {
        let first = stored.version == self.over + 1;
        self.seen = stored;
        if self.whose() == Whose::Ours && first { self.held() } else { Step::Read }
    }

    /// What is stored now.
    #[must_use]
    pub fn read(&mut self, stored: Stamp) -> Step {
        self.seen = stored;
        if let Some(put) = self.put_back.clone() {
            return self.read_after(put);
        }
        match self.whose() {
            Whose::Ours if self.is_first || self.seen.version <= self.over + 1 => self.stored(),
            Whose::Ours | Whose::Rival if !self.is_first => self.ask(),
            Whose::Ours | Whose::Rival => self.wait(true),
            // It was stored and is not any more: somebody restored what had been before.
            Whose::Base if self.state != SaveState::Read => self.lost(SaveState::Lost),
            Whose::Base => self.save(),
            Whose::Older => self.wait(self.overwrote_ours()),
            Whose::Later if self.purpose == Purpose::End => self.ask(),
            Whose::Later => self.lost(SaveState::Taken),
        }
    }

    /// What the history says was stored as the versions that were asked for; what it does not say is left out.
    #[must_use]
    pub fn asked(&mut self, history: &[Stamp]) -> Step {
        let complete = (self.over + 1..self.seen.version).all(|v| history.iter().any(|s| s.version == v));
        if self.whose() == Whose::Later {
            let counts = history.iter().filter(|s| s.serial == self.serial).min_by_key(|s| s.version);
            return if counts.is_some_and(|s| self.is_ours(s)) { self.held() } else { self.lost(SaveState::Taken) };
        }
        // The highest serial, because a save that came late overwrote more than one; of equal ones the first stored.
        let counts = history
            .iter()
            .chain([&self.seen])
            .max_by(|a, b| a.serial.cmp(&b.serial).then(b.version.cmp(&a.version)))
            .filter(|_| complete)
            .cloned();
        let Some(counts) = counts else { return self.lost(SaveState::Lost) };
        if let Some(put) = &self.put_back {
            // It came so late that it overwrote what followed from it.
            let same = same_save(put, &counts);
            return if same { Step::Lost } else { self.put_back(counts) };
        }
        let ours_is_stored = self.whose() == Whose::Ours;
        match self.is_ours(&counts) {
            true => {
                self.is_first = true;
                if ours_is_stored { self.stored() } else { self.wait(true) }
            }
            false if ours_is_stored => self.put_back(counts),
            false => self.lost(SaveState::Lost),
        }
    }

    /// What is stored after another run's record was put back.
    fn read_after(&mut self, put: Stamp) -> Step {
        if same_save(&put, &self.seen) && self.seen.version > self.over + 1 {
            return self.ask();
        }
        // It was not done; where anything else is stored, somebody has put it right.
        if self.whose() == Whose::Ours && self.saves < SAVES { self.put_back(put) } else { Step::Lost }
    }

    fn put_back(&mut self, counts: Stamp) -> Step {
        self.state = SaveState::Lost;
        self.saves += 1;
        self.over = self.seen.version;
        let version = counts.version;
        self.put_back = Some(counts);
        Step::PutBack(version)
    }

    fn is_ours(&self, stamp: &Stamp) -> bool {
        stamp.serial == self.serial && stamp.run == self.run
    }

    fn whose(&self) -> Whose {
        let Stamp { version: _, serial, run } = &self.seen;
        match serial.cmp(&self.serial) {
            std::cmp::Ordering::Equal if self.is_ours(&self.seen) => Whose::Ours,
            std::cmp::Ordering::Equal => Whose::Rival,
            std::cmp::Ordering::Greater => Whose::Later,
            std::cmp::Ordering::Less if *serial == self.base.serial && *run == self.base.run => Whose::Base,
            std::cmp::Ordering::Less => Whose::Older,
        }
    }

    /// Whether what is stored is a save that this run has won against, or an older one of its own.
    fn overwrote_ours(&self) -> bool {
        self.seen.run == self.run || self.base.run == self.run && self.seen.serial == self.base.serial
    }

    fn stored(&mut self) -> Step {
        match (self.state, self.purpose) {
            (SaveState::Read, Purpose::Take) => {
                self.state = SaveState::Saved;
                Step::Wait(1)
            }
            _ => self.held(),
        }
    }

    fn held(&mut self) -> Step {
        self.state = SaveState::Confirmed;
        Step::Held
    }

    fn lost(&mut self, state: SaveState) -> Step {
        self.state = state;
        Step::Lost
    }

    fn ask(&mut self) -> Step {
        let (from, to) = (self.over + 1, self.seen.version - 1);
        if from <= to { Step::Ask { from, to } } else { self.asked(&[]) }
    }

    /// Waits for what is stored to be put right by whoever stored it. Who has ended meanwhile cannot: then this run's
    /// own goes over it, where it is this run's to mend.
    fn wait(&mut self, may_mend: bool) -> Step {
        if self.waits < WAITS {
            self.waits += 1;
            return Step::Wait(1 << self.waits);
        }
        if may_mend { self.save() } else { self.lost(SaveState::Lost) }
    }

    fn save(&mut self) -> Step {
        if self.saves >= SAVES {
            return Step::Refused;
        }
        self.saves += 1;
        self.over = self.seen.version;
        Step::Save
    }
}

/// Whether what was stored as the version before another is its rival: two saves of one version were accepted, and the
/// earlier one counts. A run that died in between has not put it back.
#[must_use]
pub fn is_rival(stored: &Stamp, before: &Stamp) -> bool {
    before.version + 1 == stored.version && before.serial == stored.serial && before.run != stored.run
}

fn same_save(a: &Stamp, b: &Stamp) -> bool {
    a.serial == b.serial && a.run == b.run
}

#[cfg(test)]
mod tests;
