//! Two and three runs at once on a register that checks a version and stores a moment later, in every order.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// How a register takes a save.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Takes {
    /// It compares and stores in one step.
    AtOnce,
    /// It compares, and stores later, as the version after the one that is stored then.
    Counting,
    /// It compares, and stores later, as the version after the one that was sent; whoever waits waits long enough.
    NotCounting,
}

/// The record, as far as it matters here.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Record {
    serial: u64,
    run: String,
    lease: Option<String>,
    /// Who has written, in order.
    wrote: Vec<String>,
}

#[derive(Debug)]
struct Register {
    takes: Takes,
    stored: (i64, Record),
    history: Vec<(i64, Record)>,
}

impl Register {
    fn store(&mut self, over: i64, record: Record) {
        let version = if self.takes == Takes::NotCounting { over + 1 } else { self.stored.0 + 1 };
        self.history.push((version, record.clone()));
        self.stored = (version, record);
    }

    fn stamp(&self) -> Stamp {
        stamp(&self.stored)
    }

    /// The save that made the lease, by the record and what it may have overwritten.
    fn lease(&self) -> Option<Stamp> {
        self.stored.1.lease.as_ref()?;
        let before = |version| self.at(version).map(stamp);
        let (mut first, mut version) = (self.stamp(), self.stored.0);
        while let Some(earlier) = before(version - 1).filter(|earlier| is_rival(&first, earlier)) {
            version = earlier.version;
            first = earlier;
        }
        Some(first)
    }

    /// The last that was stored as a version.
    fn at(&self, version: i64) -> Option<&(i64, Record)> {
        self.history.iter().rev().find(|(v, _)| *v == version)
    }
}

fn stamp((version, record): &(i64, Record)) -> Stamp {
    Stamp { version: *version, serial: record.serial, run: record.run.clone() }
}

/// Leases that keep nobody off any more.
#[derive(Default)]
struct Over {
    /// The runs that have died.
    dead: Vec<String>,
    /// The saves whose lease has expired.
    expired: Vec<Stamp>,
}

impl Over {
    fn has(&self, lease: &Stamp) -> bool {
        self.dead.contains(&lease.run) || self.expired.contains(lease)
    }
}

/// What a run does next: one move, during which nothing else happens.
#[derive(Clone, Debug)]
enum Move {
    /// Look whether the stack is free, and begin.
    Look,
    Do(Step),
    /// A save that passed its check: store it.
    Land(i64, Record),
    /// Write to the workspace, so often still.
    Write(u8),
    End,
}

#[derive(Debug)]
struct Run {
    name: String,
    attempt: Attempt,
    saves: Record,
    next: Move,
    releasing: bool,
}

impl Run {
    fn new(name: &str) -> Run {
        Run {
            name: name.to_owned(),
            attempt: Attempt::new(Stamp::default(), name, Purpose::Take),
            saves: Record::default(),
            next: Move::Look,
            releasing: false,
        }
    }

    fn is_writing(&self) -> bool {
        matches!(self.next, Move::Write(_))
    }

    fn begin(&mut self, base: &(i64, Record), release: bool) {
        self.releasing = release;
        self.attempt = Attempt::new(stamp(base), &self.name, if release { Purpose::End } else { Purpose::Take });
        let mut wrote = base.1.wrote.clone();
        wrote.extend(release.then(|| self.name.clone()));
        self.saves = Record {
            serial: base.1.serial + 1,
            run: self.name.clone(),
            lease: (!release).then(|| self.name.clone()),
            wrote,
        };
        self.next = Move::Do(self.attempt.begin());
    }

    /// Makes one move. Whether it waits for something that others must do first.
    fn step(&mut self, register: &mut Register, landing: bool, over: &Over) -> bool {
        let next = std::mem::replace(&mut self.next, Move::End);
        self.next = match next {
            Move::Look if register.lease().is_some_and(|lease| !over.has(&lease)) => {
                self.next = Move::Look;
                return true;
            }
            Move::Look => {
                let base = register.stored.clone();
                self.begin(&base, false);
                return false;
            }
            Move::Do(Step::Save) => self.send(register, self.saves.clone()),
            Move::Do(Step::PutBack(version)) => {
                let record = register.at(version).map(|(_, record)| record.clone()).expect("it was asked for");
                self.send(register, record)
            }
            Move::Land(over, record) => {
                register.store(over, record);
                Move::Do(Step::Read)
            }
            Move::Do(Step::Read) => Move::Do(self.attempt.read(register.stamp())),
            Move::Do(Step::Wait(_)) if landing && register.takes == Takes::NotCounting => {
                self.next = Move::Do(Step::Wait(1));
                return true;
            }
            Move::Do(Step::Wait(_)) => Move::Do(Step::Read),
            Move::Do(Step::Ask { from, to }) => {
                let history: Vec<Stamp> = (from..=to).filter_map(|v| register.at(v)).map(stamp).collect();
                Move::Do(self.attempt.asked(&history))
            }
            Move::Do(Step::Held) if self.releasing => Move::End,
            Move::Do(Step::Held) => Move::Write(2),
            Move::Do(step @ (Step::Lost | Step::Refused)) => {
                assert!(!self.releasing, "{} could not give back what it held: {step:?}, {register:?}", self.name);
                Move::Look
            }
            Move::Write(0) => {
                // Its own record, whatever stands over it just now.
                let base = (self.attempt.seen().version, self.saves.clone());
                self.begin(&base, true);
                return false;
            }
            Move::Write(left) => Move::Write(left - 1),
            Move::End => Move::End,
        };
        false
    }

    fn send(&mut self, register: &mut Register, record: Record) -> Move {
        let over = self.attempt.seen().version;
        if register.stored.0 != over {
            return Move::Do(Step::Read);
        }
        if register.takes == Takes::AtOnce {
            register.store(over, record);
            return Move::Do(self.attempt.answered(register.stamp()));
        }
        Move::Land(over, record)
    }
}

/// Runs so many applies in an order, and then by turns until all have ended.
///
/// One of them may die at a move.
fn interleave(takes: Takes, runs: usize, order: &[u8], death: Option<(usize, usize)>) -> Register {
    let mut register = Register { takes, stored: (0, Record::default()), history: Vec::new() };
    let mut all: Vec<Run> = ["a", "b", "c"][..runs].iter().map(|name| Run::new(name)).collect();
    let mut moves = 0;
    let mut over = Over::default();
    let turns = (0..).map(|n: usize| n % runs);
    for next in order.iter().map(|n| usize::from(*n) % runs).chain(turns) {
        if let Some((at, who)) = death
            && at == moves
        {
            // What it has sent is still done.
            if let Move::Land(over, record) = all[who].next.clone() {
                register.store(over, record);
            }
            all[who].next = Move::End;
            over.dead.push(all[who].name.clone());
        }
        // Where nobody does anything any more, time passes until the lease that they wait for has expired. That is so only
        // where one died: it had overwritten a lease, and its run gave up before that was put back.
        if death.is_some() && all.iter().all(|run| matches!(run.next, Move::Look | Move::End)) {
            over.expired.extend(register.lease());
        }
        let landing = all.iter().enumerate().any(|(i, r)| i != next && matches!(r.next, Move::Land(..)));
        all[next].step(&mut register, landing, &over);
        let writing: Vec<&str> = all.iter().filter(|r| r.is_writing()).map(|r| r.name.as_str()).collect();
        assert!(writing.len() <= 1, "{writing:?} write at once: {register:?}");
        moves += 1;
        if all.iter().all(|run| matches!(run.next, Move::End)) {
            return register;
        }
        assert!(moves < 5000, "they never end: {all:?} {register:?}");
    }
    register
}

fn all_wrote_one_after_another(takes: Takes, runs: usize, order: &[u8]) {
    let register = interleave(takes, runs, order, None);
    let (_, record) = &register.stored;
    assert_eq!(record.lease, None, "somebody's lease is left: {register:?}");
    let wrote: BTreeSet<&String> = record.wrote.iter().collect();
    assert_eq!((record.wrote.len(), wrote.len()), (runs, runs), "what was recorded is lost: {register:?}");
}

#[test]
fn a_lease_that_was_put_back_after_its_run_gave_it_up_expires() {
    // The first dies with its save under way; the second overwrites the third's, and puts it back when that has given up.
    let order = [0, 0, 1, 1, 2, 2, 2, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2];
    interleave(Takes::Counting, 3, &order, Some((4, 0)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn of_two_runs_one_writes_at_a_time_and_nothing_recorded_is_lost(
        order in prop::collection::vec(0_u8..2, 0..80),
    ) {
        for takes in [Takes::AtOnce, Takes::Counting, Takes::NotCounting] {
            all_wrote_one_after_another(takes, 2, &order);
        }
    }

    #[test]
    fn of_three_runs_one_writes_at_a_time_and_nothing_recorded_is_lost(
        order in prop::collection::vec(0_u8..3, 0..120),
    ) {
        for takes in [Takes::AtOnce, Takes::Counting, Takes::NotCounting] {
            all_wrote_one_after_another(takes, 3, &order);
        }
    }

    #[test]
    fn where_one_of_three_dies_no_two_of_the_others_write_at_once_and_all_go_on(
        order in prop::collection::vec(0_u8..3, 0..120),
        at in 0_usize..100,
        who in 0_usize..3,
    ) {
        for takes in [Takes::AtOnce, Takes::Counting] {
            interleave(takes, 3, &order, Some((at, who)));
        }
    }
}
