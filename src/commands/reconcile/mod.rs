//! `amgctl reconcile`: applies a directory again and again, until a signal ends it.
//!
//! Each round is an apply that asks nobody ([`super::run`]): everything is read anew, and a token that is made for it is
//! deleted at its end. Nothing but what was typed ends the loop by itself.

mod pull;
mod round;
mod schedule;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::directory::{must_exist, settle};
use super::{Exit, Failure, Session, shown};
use crate::cli::ReconcileArgs;
use crate::probes::{Answer, Answers, Probes};
use crate::random;
use crate::render::events::{EventSeverity, LoopEvent, Reason};
use crate::render::metrics;
use crate::report::rounds::{RoundResult, Rounds};
use crate::report::{Report, Signal};
use crate::source;
use round::{Pulled, Reconciler, RoundEnd, Voice};
use schedule::Schedule;

/// Where probes and metrics are answered, where nothing else is said.
const LISTEN: &str = "127.0.0.1:9484";
/// The same where somebody else has that port.
const LISTEN_ANYWHERE: &str = "127.0.0.1:0";
/// How long a round may go on before the process is no longer called healthy.
const STUCK: Duration = Duration::from_secs(60 * 60);
/// How long what is not to be cut off in the middle is waited for once a signal came: git, which would leave locks.
const LINGER: Duration = Duration::from_secs(10);

/// `amgctl reconcile`.
pub async fn reconcile(args: ReconcileArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let schedule = Schedule::read(&args.rounds)?;
    let directory = &args.directory.directory;
    must_exist(directory)?;
    if source::is_stream(directory) && !args.rounds.once {
        return Err(Failure::new(Exit::Usage, "what is piped in can be read once, and a loop reads in each round")
            .hint("give a directory, or --once"));
    }
    let (settings, _) = settle(directory, args.reading.clone(), &args.workspace, &args.rules, session.machine)?;
    if args.rounds.pull {
        pull::is_possible(directory, session.machine).await?;
    }
    let (sender, mut signals) = watch::channel(None);
    let _routed = session.route(move |signal| {
        sender.send_replace(Some(signal));
    });
    let view = Arc::new(Mutex::new(View::new(settings.stack.to_string())));
    let probes = listen(&args, &view).await?;
    let (stack, revision) = (settings.stack.to_string(), String::new());
    let voice = Voice { session, stack, instance: instance(session), revision };
    let mut rounds = Reconciler { args: &args, session, voice, said: BTreeSet::new(), reached: false };
    rounds.voice.tell(&started(&args, schedule, probes.as_ref()));
    let last = if args.rounds.once { Some(1) } else { args.rounds.rounds };
    for number in 1_u64.. {
        look(&view).begun = Some(Instant::now());
        let ended = one(&mut rounds, &mut signals).await;
        session.end_part().await;
        let ended = match ended {
            Some(ended) => ended?,
            None => break,
        };
        let (round, exit, closing) = match ended {
            RoundEnd::Whole { round, exit, closing } => (round, exit, closing),
            RoundEnd::Stopped(signal, report) => return Ok(stopped(&rounds.voice, signal, &report)),
        };
        let failures = {
            let mut view = look(&view);
            view.totals.take(&round);
            view.stack.clone_from(&rounds.voice.stack);
            (view.begun, view.last) = (None, Some(round.result));
            view.totals.failed_in_a_row
        };
        // Whoever reads this finds it counted.
        rounds.voice.tell(&closing);
        if last == Some(number) {
            return Ok(exit);
        }
        let wait = schedule.wait(round.result, failures, random::chance());
        tokio::select! {
            biased;
            () = asked(&mut signals) => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    // What the round that was broken off has said until then.
    rounds.note(session.terminal.take_kept());
    rounds.voice.tell(&LoopEvent::of_stack(
        EventSeverity::Info,
        Reason::Stopped,
        "a signal ended the loop between two writes",
    ));
    Ok(Exit::Done)
}

/// One round; none where a signal ended it before anything was written.
async fn one(rounds: &mut Reconciler<'_>, signals: &mut Signals) -> Option<Result<RoundEnd, Failure>> {
    let pulled = match rounds.args.rounds.pull {
        true => {
            let mut pull = pin!(rounds.pull());
            tokio::select! {
                biased;
                pulled = &mut pull => pulled,
                () = asked(signals) => {
                    // Where it is cut off it leaves its locks.
                    let _ = tokio::time::timeout(LINGER, pull).await;
                    return None;
                }
            }
        }
        false => Pulled::Not,
    };
    let (session, begun) = (rounds.session, Instant::now());
    let ended = tokio::select! {
        biased;
        ended = session.guard(rounds.round(pulled)) => ended,
        () = asked(signals) => return None,
    };
    Some(ended.unwrap_or_else(|words| Ok(rounds.broken(&words, begun.elapsed()))))
}

type Signals = watch::Receiver<Option<Signal>>;

/// Waits for a signal; one that came before counts.
async fn asked(signals: &mut Signals) {
    if signals.wait_for(Option::is_some).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Tells of a round that a signal ended, and gives the status: what was in flight came to its end, unless somebody asked
/// twice.
fn stopped(voice: &Voice<'_>, signal: Signal, report: &Report) -> Exit {
    let tally = report.tally();
    let words = format!("a signal ended the loop: {}; {} not started", report.in_words(true), tally.not_started);
    voice.tell(&LoopEvent::of_stack(EventSeverity::Info, Reason::Stopped, words));
    if tally.unknown > 0 { signal.into() } else { Exit::Done }
}

fn started(args: &ReconcileArgs, schedule: Schedule, probes: Option<&Probes>) -> LoopEvent {
    let listen = probes.map(|probes| format!("http://{}", probes.address)).unwrap_or_default();
    let often = match args.rounds.interval.as_str() {
        _ if args.rounds.once => "once".to_owned(),
        typed if schedule.is_typed(typed) => format!("every {typed}"),
        typed => format!("every {} s, which is the shortest (--interval {typed})", schedule.interval.as_secs()),
    };
    let words = format!("reconciles `{}` {often}", shown(&args.directory.directory));
    LoopEvent::of_stack(EventSeverity::Info, Reason::Started, words)
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("intervalSeconds", schedule.interval.as_secs_f64().to_string())
        .with("listen", listen)
}

/// The name of this process among those that reconcile: the pod's or the machine's, and its number there.
fn instance(session: &Session<'_>) -> String {
    let host = session.machine.variable("HOSTNAME").unwrap_or_else(|| "amgctl".into());
    format!("{host}-{}", std::process::id())
}

/// What is known of the loop by whoever asks.
struct View {
    totals: Rounds,
    stack: String,
    /// When the round under way began.
    begun: Option<Instant>,
    /// What came of the last one.
    last: Option<RoundResult>,
}

impl View {
    fn new(stack: String) -> View {
        View { totals: Rounds::new(), stack, begun: None, last: None }
    }
}

fn look(view: &Mutex<View>) -> MutexGuard<'_, View> {
    // Every change of it is whole.
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens where it was said; else on loopback, unless there is one round only.
async fn listen(args: &ReconcileArgs, view: &Arc<Mutex<View>>) -> Result<Option<Probes>, Failure> {
    let seen = Arc::clone(view);
    let answers: Answers = Arc::new(move |path| answer(&look(&seen), path));
    let address = match args.rounds.listen.as_deref() {
        None if args.rounds.once => return Ok(None),
        None => {
            let probes = match Probes::listen(LISTEN, Arc::clone(&answers)).await {
                Ok(probes) => Ok(probes),
                Err(_) => Probes::listen(LISTEN_ANYWHERE, answers).await,
            };
            return probes.map(Some).map_err(|error| not_listening("this machine", &error));
        }
        // As Go's servers have it.
        Some(port) if port.starts_with(':') => format!("0.0.0.0{port}"),
        Some(address) => address.to_owned(),
    };
    Probes::listen(&address, answers).await.map(Some).map_err(|error| not_listening(&address, &error))
}

fn not_listening(address: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("--listen: {address} cannot be listened at: {error}"))
        .hint("give another one, as 127.0.0.1:9484, or 0.0.0.0:9484 for probes from outside")
}

fn answer(view: &View, path: &str) -> Option<Answer> {
    const TEXT: &str = "text/plain; charset=utf-8";
    let text = |status: u16, body: String| Some(Answer { status, content: TEXT, body: format!("{body}\n") });
    match path {
        "/healthz" => match view.begun.map(|begun| begun.elapsed()).filter(|took| *took > STUCK) {
            None => text(200, "ok".into()),
            Some(took) => text(503, format!("the round under way began {} minutes ago", took.as_secs() / 60)),
        },
        "/readyz" => match view.last {
            Some(RoundResult::Succeeded) => text(200, "ok".into()),
            Some(RoundResult::Waiting) => text(200, "ok: another run is at work on the stack".into()),
            Some(RoundResult::Failed(code)) => text(503, format!("the last round failed with {code}")),
            None => text(503, "no round has ended yet".into()),
        },
        "/metrics" => {
            let body = metrics::text(&view.totals, env!("CARGO_PKG_VERSION"), &view.stack);
            Some(Answer { status: 200, content: metrics::CONTENT_TYPE, body })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(view: &View, path: &str) -> Option<u16> {
        answer(view, path).map(|answer| answer.status)
    }

    #[test]
    fn a_loop_is_ready_once_a_round_ended_well_and_healthy_as_long_as_none_hangs() {
        let mut view = View::new("demo".into());
        assert_eq!((status(&view, "/readyz"), status(&view, "/healthz")), (Some(503), Some(200)));
        for (last, ready) in
            [(RoundResult::Succeeded, 200), (RoundResult::Failed(4), 503), (RoundResult::Waiting, 200)]
        {
            view.last = Some(last);
            assert_eq!(status(&view, "/readyz"), Some(ready), "{last:?}");
        }
        view.begun = Some(Instant::now());
        assert_eq!(status(&view, "/healthz"), Some(200));
        if let Some(long_ago) = Instant::now().checked_sub(STUCK * 2) {
            view.begun = Some(long_ago);
            assert_eq!(status(&view, "/healthz"), Some(503));
        }
        assert_eq!((status(&view, "/metrics"), status(&view, "/")), (Some(200), None));
    }
}
