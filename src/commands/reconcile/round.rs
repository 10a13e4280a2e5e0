//! One round of a loop: the directory is brought up to date and read, and applied without asking; what came of it is told
//! in events and added up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::pull::{self, NotPulled};
use crate::apply;
use crate::cli::ReconcileArgs;
use crate::commands::gather::Gathered;
use crate::commands::run::{self, Approval, Audience, Came, Order, Ran, run};
use crate::commands::{Exit, Failure, Session, directory};
use crate::model::{Address, counted, has_error};
use crate::plan::{Change, Goal, Plan};
use crate::render::events::{self, EventSeverity, LoopEvent, Reason, Teller};
use crate::report::rounds::{Drifted, Round, RoundResult};
use crate::report::{Outcome, Report, Signal, Tally};

/// What the rounds of a loop have in common.
pub struct Reconciler<'a> {
    /// What was typed.
    pub args: &'a ReconcileArgs,
    /// The session.
    pub session: &'a Session<'a>,
    /// Who tells.
    pub voice: Voice<'a>,
    /// What was said in passing in the last round: it is not said again in each.
    pub said: BTreeSet<String>,
    /// Whether a workspace was reached in any round: from then on nothing is a fault of what was typed.
    pub reached: bool,
}

/// Tells events, in the name of a stack.
pub struct Voice<'a> {
    /// The session, whose terminal it speaks through.
    pub session: &'a Session<'a>,
    /// The stack.
    pub stack: String,
    /// The process.
    pub instance: String,
    /// The commit of the directory, as far as it is known.
    pub revision: String,
}

/// Whether the directory was brought up to date before a round.
pub enum Pulled {
    /// Nobody asked for it.
    Not,
    /// It was.
    UpToDate,
    /// It was not, and is what it was before.
    LastState,
    /// It is in between.
    Halfway(Failure),
}

/// How a round ended.
pub enum RoundEnd {
    /// It came to its end.
    Whole {
        /// What came of it.
        round: Round,
        /// The status that an apply would have ended with.
        exit: Exit,
        /// What is left to be told.
        closing: LoopEvent,
    },
    /// A signal ended it in the middle.
    Stopped(Signal, Report),
}

impl Voice<'_> {
    /// Tells an event, now.
    pub fn tell(&self, event: &LoopEvent) {
        let timestamp = Timestamp::now().to_string();
        let teller = Teller {
            stack: &self.stack,
            instance: &self.instance,
            revision: &self.revision,
            timestamp: &timestamp,
        };
        self.session.terminal.print(&event.line(&teller));
    }
}

/// Tells each change as it is done.
struct Live<'a, 'b>(&'a mut Voice<'b>);

impl Audience for Live<'_, '_> {
    fn planned(&mut self, gathered: &Gathered) {
        self.0.stack = gathered.settings.stack.to_string();
    }

    fn happened(&mut self, plan: &Plan, event: apply::Event<'_>) {
        let event = match event {
            apply::Event::Started(_) => None,
            // A server's refusal may hold what it refuses: what was not done is told once that is taken out.
            apply::Event::Finished(finished) if finished.outcome != Outcome::Done => None,
            apply::Event::Finished(finished) => {
                let change = plan.changes().find(|change| change.address == finished.address);
                change.and_then(|change| events::finished(change, finished))
            }
            apply::Event::Stopping { in_flight } => {
                let words = format!("finishing {}", counted(in_flight, "write"));
                Some(LoopEvent::of_stack(EventSeverity::Info, Reason::Stopping, words))
            }
        };
        event.iter().for_each(|event| self.0.tell(event));
    }

    fn ended(&mut self) {}
}

impl Reconciler<'_> {
    /// Brings the directory up to date; tells where that failed.
    pub async fn pull(&self) -> Pulled {
        let pulled = pull::pull(&self.args.directory.directory, self.session.machine).await;
        let Err(NotPulled { words, is_halfway }) = pulled else { return Pulled::UpToDate };
        let then =
            if is_halfway { "the files are in between, so nothing is applied" } else { "the last state is used" };
        let words = format!("git pull failed, {then}: {words}");
        self.voice.tell(&LoopEvent::of_stack(EventSeverity::Error, Reason::PullFailed, &*words));
        if is_halfway {
            return Pulled::Halfway(Failure::new(Exit::Error, words).hint("look at `git status` there"));
        }
        Pulled::LastState
    }

    /// Runs one round. Fails where what was typed makes no sense, as long as no workspace was reached.
    pub async fn round(&mut self, pulled: Pulled) -> Result<RoundEnd, Failure> {
        let begun = Instant::now();
        let pull_failed = matches!(pulled, Pulled::LastState | Pulled::Halfway(_));
        self.voice.revision = pull::revision(&self.args.directory.directory, self.session.machine).await;
        let came = match pulled {
            Pulled::Halfway(failure) => Err(failure),
            Pulled::Not | Pulled::UpToDate | Pulled::LastState => self.apply().await,
        };
        let mut kept = self.session.terminal.take_kept();
        let mut round = Round { pull_failed, ..nothing(begun.elapsed()) };
        let (closing, exit) = match came {
            Ok(ran) => {
                self.reached = true;
                if let Came::Carried(report) = &ran.outcome {
                    kept.extend(notes(report));
                }
                self.note(kept);
                round.drift = self.outcomes(&ran);
                if let Came::Carried(report) = &ran.outcome {
                    if let Some(signal) = report.interrupted {
                        return Ok(RoundEnd::Stopped(signal, report.clone()));
                    }
                    round.tally = report.tally();
                }
                round.objects = Some(ran.gathered.objects);
                round.requests = ran.gathered.connection.client.traffic().requests;
                (self.closing(&ran, &round, begun.elapsed()), ran.exit())
            }
            Err(failure) if failure.lasts && !self.reached => {
                kept.iter().for_each(|words| self.session.terminal.say(words));
                return Err(failure);
            }
            Err(failure) => {
                let words = failure.in_words();
                // What has a place in a file was said already.
                let words = if words.is_empty() { kept.join("\n") } else { words };
                if !failure.message.is_empty() {
                    self.note(kept);
                }
                match failure.exit {
                    // What it hints at is for somebody who waits at a terminal.
                    Exit::Locked => {
                        let waiting = LoopEvent::of_stack(EventSeverity::Info, Reason::Waiting, failure.message);
                        (waiting, Exit::Locked)
                    }
                    exit => (
                        LoopEvent::of_stack(EventSeverity::Error, Reason::Failed, words).with("code", code(exit)),
                        exit,
                    ),
                }
            }
        };
        round.result = match (exit, closing.reason) {
            (Exit::Done, _) => RoundResult::Succeeded,
            (_, Reason::Waiting) => RoundResult::Waiting,
            (exit, _) => RoundResult::Failed(exit as u8),
        };
        (round.took, round.at) = (begun.elapsed(), Timestamp::now().as_second());
        let closing = closing.with("seconds", format!("{:.3}", round.took.as_secs_f64()));
        Ok(RoundEnd::Whole { round, exit, closing })
    }

    /// A round that ended in a fault of the program's own.
    pub fn broken(&self, words: &str, took: Duration) -> RoundEnd {
        let words = format!("this is a fault of amgctl itself: {words}");
        let closing =
            LoopEvent::of_stack(EventSeverity::Error, Reason::Failed, words).with("code", code(Exit::Error));
        let round = Round { result: RoundResult::Failed(Exit::Error as u8), ..nothing(took) };
        RoundEnd::Whole { round, exit: Exit::Error, closing }
    }

    /// Reads the directory anew and applies it.
    async fn apply(&mut self) -> Result<Ran, Failure> {
        let ReconcileArgs { directory, reading, workspace, rules, rounds } = self.args;
        let session = self.session;
        let (settings, file_problems) =
            directory::settle(&directory.directory, reading.clone(), workspace, rules, session.machine)?;
        if !has_error(&file_problems) {
            settings.must_be_named()?;
        }
        let order = Order {
            reviewed: None,
            log: None,
            goal: Goal::Apply,
            settings,
            file_problems,
            approval: Approval::Given,
            patience: Duration::ZERO,
            parallelism: rounds.parallelism,
        };
        run(order, &mut Live(&mut self.voice), session).await
    }

    /// Tells what of a run was not told while it went on, and counts what was changed outside.
    fn outcomes(&self, ran: &Ran) -> Drifted {
        let plan = &ran.gathered.plan;
        let mut drift = Drifted::default();
        for event in plan.changes().filter_map(events::left) {
            drift.reported += 1;
            self.voice.tell(&event);
        }
        match &ran.outcome {
            Came::Nothing | Came::Cancelled => {
                for change in plan.changes() {
                    drift.refused += usize::from(events::is_drift(change));
                    events::refused(change).iter().for_each(|event| self.voice.tell(event));
                }
            }
            Came::Carried(report) => {
                let changes: BTreeMap<&Address, &Change> = plan.changes().map(|c| (&c.address, c)).collect();
                for finished in &report.finished {
                    let Some(change) = changes.get(&finished.address) else { continue };
                    if finished.outcome == Outcome::Done {
                        drift.overwritten += usize::from(change.drift.is_some() && change.action.writes());
                        continue;
                    }
                    drift.refused += usize::from(events::is_drift(change));
                    events::finished(change, finished).iter().for_each(|event| self.voice.tell(event));
                }
            }
        }
        drift
    }

    /// The last event of a round that read the workspace.
    fn closing(&self, ran: &Ran, round: &Round, took: Duration) -> LoopEvent {
        let (exit, Ran { gathered, outcome }) = (ran.exit(), ran);
        let requests = usize::try_from(round.requests).unwrap_or(usize::MAX);
        let compared = format!(
            "{}, {}, {:.1} s",
            counted(gathered.objects, "object"),
            counted(requests, "request"),
            took.as_secs_f64()
        );
        let mut words = match outcome {
            Came::Nothing | Came::Cancelled => format!("nothing written ({compared})"),
            Came::Carried(report) => format!("{} ({compared})", report.in_words(false)),
        };
        let left = round.drift.left();
        if left > 0 {
            words.push_str(&format!("; {} changed outside and left so", counted(left, "object")));
        }
        if let Came::Carried(Report { stop: Some(stop), .. }) = outcome {
            words = format!("{}\n{words}", run::stopped(stop, &gathered.settings.stack).in_words());
        }
        let (severity, reason) = match exit {
            Exit::Done => (EventSeverity::Info, Reason::Succeeded),
            _ => (EventSeverity::Error, Reason::Failed),
        };
        let code = if exit == Exit::Done { String::new() } else { code(exit) };
        LoopEvent::of_stack(severity, reason, words)
            .with("code", code)
            .with("workspace", &*gathered.connection.name)
            .with("requests", round.requests.to_string())
    }

    /// Tells what was said in passing and was not said in the round before.
    pub fn note(&mut self, kept: Vec<String>) {
        let said: BTreeSet<String> = kept.into_iter().collect();
        for words in said.difference(&self.said) {
            self.voice.tell(&LoopEvent::of_stack(EventSeverity::Info, Reason::Note, words.as_str()));
        }
        self.said = said;
    }
}

fn code(exit: Exit) -> String {
    (exit as u8).to_string()
}

/// What a reader should know of changes beyond what came of them.
fn notes(report: &Report) -> impl Iterator<Item = String> {
    report.finished.iter().filter_map(|finished| Some(format!("{}: {}", finished.address, finished.note.as_ref()?)))
}

/// A round of which nothing is known yet.
fn nothing(took: Duration) -> Round {
    Round {
        result: RoundResult::Succeeded,
        took,
        at: Timestamp::now().as_second(),
        tally: Tally::default(),
        drift: Drifted::default(),
        objects: None,
        requests: 0,
        pull_failed: false,
    }
}
