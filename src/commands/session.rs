//! What a command is given, and what has to be undone however it ends: by itself, by a signal, by a fault of its own.
//!
//! Nothing is left behind: the token that was made for a run is deleted, the embedded workspace folded into its file.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use super::journal::Journal;
use super::origin::Checkout;
use super::{Exit, Failure};
use crate::aws::Embedded;
use crate::identity::mint::Minter;
use crate::model::{Problem, Secret};
use crate::render::duration::left;
use crate::report::Signal;
use crate::sandbox::{self, Options, Running, Tokens};
use crate::settings::{Machine, seconds};
use crate::terminal::Terminal;

/// How long undoing may take; what is left then ends by itself or stays as it is.
const UNDONE_WITHIN: Duration = Duration::from_secs(20);

/// What a command is given.
pub struct Session<'a> {
    /// The machine it runs on.
    pub machine: &'a Machine,
    /// Where it prints.
    pub terminal: &'a Terminal,
    state: Mutex<SessionState>,
}

#[derive(Default)]
struct SessionState {
    /// Who takes signals, where a command ends in a way of its own: the last one.
    routes: Vec<Box<dyn Fn(Signal) + Send>>,
    /// What was done until now, where a command wants that told when a signal ends it.
    journal: Option<Arc<Journal>>,
    /// Whether a signal ended the command.
    interrupted: bool,
    /// What makes the tokens of this run: one for each workspace that it makes any in.
    minters: Vec<Arc<Minter>>,
    sandbox: Option<Running>,
    /// What was reported of the directory.
    heard: Vec<Problem>,
    /// What git says of the directory.
    checkout: Option<Arc<Checkout>>,
}

/// How a command ended.
pub enum Ended {
    /// With a status.
    With(Exit),
    /// In a fault of its own; what it panicked with.
    Broken(Box<dyn Any + Send>),
}

/// Signals are taken by somebody as long as this lives.
pub struct Routed<'a>(&'a Session<'a>);

impl<'a> Session<'a> {
    /// A session in which nothing has happened yet.
    #[must_use]
    pub fn new(machine: &'a Machine, terminal: &'a Terminal) -> Session<'a> {
        Session { machine, terminal, state: Mutex::default() }
    }

    /// Runs a command until it ends, or until a signal ends it; then undoes what has to be undone.
    pub async fn run(&self, command: impl Future<Output = Exit>) -> Ended {
        let mut signals = Signals::new();
        let ended = self.watch(command, &mut signals).await;
        tokio::select! {
            () = self.undo() => {}
            () = tokio::time::sleep(UNDONE_WITHIN) => {}
            _ = signals.next() => {}
        }
        for minter in &self.minters() {
            for name in minter.left() {
                self.still_there(minter, &name, "AWS did not answer in time");
            }
        }
        let interrupted = self.state().interrupted;
        let journal = self.state().journal.take();
        if let Some(journal) = journal.filter(|_| interrupted) {
            self.terminal.say(&journal.summary());
        }
        ended
    }

    async fn watch(&self, command: impl Future<Output = Exit>, signals: &mut Signals) -> Ended {
        let mut guarded = pin!(unbroken(command));
        loop {
            tokio::select! {
                ended = &mut guarded => return ended.map_or_else(Ended::Broken, Ended::With),
                signal = signals.next() => {
                    let mut state = self.state();
                    match state.routes.last() {
                        Some(route) => route(signal),
                        None => {
                            state.interrupted = true;
                            return Ended::With(signal.into());
                        }
                    }
                }
            }
        }
    }

    /// What git says of a directory, asked once as long as it is that directory: one that a link names can become
    /// another. None where it cannot be found.
    #[must_use]
    pub fn checkout(&self, directory: &Path) -> Option<Arc<Checkout>> {
        let directory = directory.canonicalize().ok()?;
        let mut state = self.state();
        let known = state.checkout.as_ref().filter(|known| known.directory() == directory).cloned();
        Some(
            known.unwrap_or_else(|| state.checkout.insert(Arc::new(Checkout::of(directory, self.machine))).clone()),
        )
    }

    /// Remembers problems that were reported, for reports that are made at the end.
    pub fn hear(&self, problems: &[Problem]) {
        self.state().heard.extend_from_slice(problems);
    }

    /// The problems that were reported until now.
    #[must_use]
    pub fn heard(&self) -> Vec<Problem> {
        self.state().heard.clone()
    }

    /// Runs a part of a command that may break without ending the command: what it panicked with is the error.
    pub async fn guard<T>(&self, part: impl Future<Output = T>) -> Result<T, String> {
        unbroken(part).await.map_err(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
        })
    }

    /// Deletes the tokens that were made until now.
    async fn delete_tokens(&self) {
        for minter in &self.minters() {
            for (name, error) in minter.end().await {
                self.still_there(minter, &name, &error.to_string());
            }
        }
    }

    /// Ends a part of a command that stands for itself: its tokens are deleted, and nothing is kept of what made them.
    ///
    /// What cannot be deleted in time is told, and ends by itself.
    pub async fn end_part(&self) {
        let _ = tokio::time::timeout(UNDONE_WITHIN, self.delete_tokens()).await;
        for minter in std::mem::take(&mut self.state().minters) {
            for name in minter.left() {
                self.still_there(&minter, &name, "AWS did not answer in time");
            }
        }
    }

    async fn undo(&self) {
        self.delete_tokens().await;
        let sandbox = self.state().sandbox.take();
        if let Some(sandbox) = sandbox
            && let Err(error) = sandbox.shutdown().await
        {
            Failure::from(error).tell(self.terminal);
        }
    }

    /// Tells of a token that may be left behind, and what becomes of it.
    fn still_there(&self, minter: &Minter, name: &str, why: &str) {
        let within = left(seconds(minter.life()));
        self.terminal.warn(&format!(
            "the token `{name}` may not have been deleted: {why}; it ends by itself within {within}, \
             `amgctl identity status` shows it"
        ));
    }

    /// Lets somebody else decide what a signal means, as long as what is returned lives. Whoever came last is told.
    pub fn route(&self, to: impl Fn(Signal) + Send + 'static) -> Routed<'_> {
        self.state().routes.push(Box::new(to));
        Routed(self)
    }

    /// Tells what was done until then, where a signal ends the command.
    pub fn tell_at_signal(&self, journal: Arc<Journal>) {
        self.state().journal = Some(journal);
    }

    /// Waits for the first signal, which then ends nothing by itself.
    pub async fn signal(&self) -> Signal {
        let (sender, mut signals) = tokio::sync::mpsc::unbounded_channel();
        let _routed = self.route(move |signal| {
            let _ = sender.send(signal);
        });
        match signals.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }

    /// Refuses a run that would have to ask and has nobody to; says what to do before it is run again.
    pub fn may_ask(&self, input: bool, what: &str, first: &str) -> Result<(), Failure> {
        if self.terminal.can_ask && input {
            return Ok(());
        }
        Err(Failure::new(Exit::Usage, format!("{what} asks before it writes, and there is nobody to ask"))
            .hint(format!("{first}, then run again with --auto-approve")))
    }

    /// Asks for `yes`.
    pub async fn agrees(&self) -> bool {
        let question = "\nDo you want to perform these actions?\n  Only `yes` will be accepted to approve.\n\n  Enter a value: ";
        self.terminal.ask(question.into()).await.is_some_and(|answer| answer == "yes")
    }

    /// Keeps what makes the tokens of this run, so that it deletes them however the run ends.
    pub fn keep(&self, minter: Arc<Minter>) {
        self.state().minters.push(minter);
    }

    /// Deletes the tokens of the stack's killed runs that ran out, where this run makes its own.
    pub async fn sweep(&self) {
        for minter in &self.minters() {
            if let Err(error) = minter.sweep().await {
                self.terminal.warn(&format!("expired tokens could not be deleted: {error}"));
            }
        }
    }

    fn minters(&self) -> Vec<Arc<Minter>> {
        self.state().minters.clone()
    }

    /// Starts the embedded workspace, or gives the one that was started before: where it is, and its tokens.
    pub async fn sandbox(&self, options: Options) -> Result<(String, Tokens), Failure> {
        if let Some(running) = &self.state().sandbox {
            return Ok((running.url.clone(), running.tokens.clone()));
        }
        let running = sandbox::start(options).await?;
        let told = (running.url.clone(), running.tokens.clone());
        self.state().sandbox = Some(running);
        Ok(told)
    }

    /// The AWS of the embedded workspace, which is started where it was not.
    pub async fn embedded_aws(&self, options: Options) -> Result<Embedded, Failure> {
        self.sandbox(Options { aws: true, ..options }).await?;
        let state = self.state();
        let aws = state.sandbox.as_ref().and_then(Running::aws);
        let aws = aws.ok_or_else(|| Failure::new(Exit::Error, "the embedded workspace was started without AWS"))?;
        Ok(Embedded {
            url: aws.url.clone(),
            region: aws.region.to_owned(),
            access_key_id: aws.access_key_id.clone(),
            secret_access_key: Secret::new(aws.secret_access_key.clone()),
        })
    }

    /// The id of the embedded workspace in its AWS, where that was started.
    pub fn embedded_workspace(&self) -> Option<String> {
        let state = self.state();
        Some(state.sandbox.as_ref()?.aws()?.workspaces.first()?.id.clone())
    }

    fn state(&self) -> MutexGuard<'_, SessionState> {
        // Every change of the state is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Routed<'_> {
    fn drop(&mut self) {
        self.0.state().routes.pop();
    }
}

/// Polls a future that may panic.
async fn unbroken<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

impl From<Signal> for Exit {
    fn from(signal: Signal) -> Exit {
        match signal {
            Signal::Interrupt => Exit::Interrupted,
            Signal::Terminate => Exit::Terminated,
        }
    }
}

/// The signals that end a program.
#[cfg(unix)]
struct Signals(Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Signals {
    fn new() -> Signals {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt());
        Signals(interrupt.and_then(|i| Ok((i, signal(SignalKind::terminate())?))).ok())
    }

    async fn next(&mut self) -> Signal {
        let Some((interrupt, terminate)) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
        }
    }
}

/// The signal that ends a program.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Signals {
        Signals
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{Aws, Options as AwsOptions, Role};
    use crate::identity::mint::account;
    use crate::model::StackName;
    use crate::terminal::Look;

    /// A command that makes a token for each of two connections and then does what it is given to; the tokens that are left.
    async fn left_by(then: impl FnOnce() -> Exit) -> (Ended, usize) {
        let machine = Machine {
            variable: Arc::new(|_| None),
            faults: crate::settings::variables::Faults::default(),
            ..Machine::bare(std::path::PathBuf::new())
        };
        let terminal = Terminal::new(Look::default());
        let session = Session::new(&machine, &terminal);
        // Served beside the session, which would end it with everything else.
        let other = Session::new(&machine, &terminal);
        let embedded = other.embedded_aws(Options::default()).await.unwrap();
        let workspace = other.embedded_workspace().unwrap();
        let aws = Aws::open(AwsOptions { embedded: Some(embedded), ..AwsOptions::default() }).await.unwrap();
        let stack = StackName::parse("shop").unwrap();
        let account = account(&aws, &workspace, &stack, Role::Admin, true).await.unwrap();
        let life = Duration::from_secs(900);
        let minter = || Arc::new(Minter::new(aws.clone(), workspace.clone(), account.clone(), stack.clone(), life));
        let ended = session
            .run(async {
                for minter in [minter(), minter()] {
                    session.keep(minter.clone());
                    minter.begin().await.unwrap();
                }
                assert_eq!(aws.tokens(&workspace, &account.id).await.unwrap().len(), 2);
                then()
            })
            .await;
        (ended, aws.tokens(&workspace, &account.id).await.unwrap().len())
    }

    #[tokio::test]
    async fn every_token_is_deleted_when_the_command_ends_and_when_it_panics() {
        let (ended, left) = left_by(|| Exit::Done).await;
        assert!(matches!(ended, Ended::With(Exit::Done)));
        assert_eq!(left, 0);
        let (ended, left) = left_by(|| panic!("a fault of the command")).await;
        let Ended::Broken(panic) = ended else { panic!("it ended well") };
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"a fault of the command"));
        assert_eq!(left, 0);
    }

    #[tokio::test]
    async fn a_part_that_breaks_says_what_it_panicked_with_and_ends_nothing_else() {
        let machine = Machine::bare(std::path::PathBuf::new());
        let terminal = Terminal::new(Look::default());
        let session = Session::new(&machine, &terminal);
        assert_eq!(session.guard(async { 5 }).await, Ok(5));
        assert_eq!(session.guard(async { panic!("a {}", "text") }).await, Err::<(), _>("a text".to_owned()));
        assert_eq!(session.guard(async { panic!("a word") }).await, Err::<(), _>("a word".to_owned()));
    }

    #[tokio::test]
    async fn whoever_came_last_is_told_of_a_signal_and_then_whoever_was_before() {
        let machine = Machine::bare(std::path::PathBuf::new());
        let terminal = Terminal::new(Look::default());
        let session = Session::new(&machine, &terminal);
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = |name: &'static str| {
            let told = told.clone();
            move |_| told.lock().unwrap().push(name)
        };
        let signal = || (session.state().routes.last().unwrap())(Signal::Terminate);
        let _outer = session.route(tell("outer"));
        let inner = session.route(tell("inner"));
        signal();
        drop(inner);
        signal();
        assert_eq!(*told.lock().unwrap(), ["inner", "outer"]);
    }
}
