//! The only writer to stdout and stderr, and the only reader of stdin.
//!
//! stdout is the asked-for data, stderr the rest. A reader that went away (`amgctl plan | head`) is no error.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::Problem;
use crate::render::diagnostics::Diagnostic;
use crate::render::stream::{self, Line};
use crate::render::style::Style;

/// Where a run prints.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// How texts on stdout look.
    pub out: Style,
    /// How texts on stderr look.
    pub err: Style,
    /// Whether somebody can be asked: stdin and stdout are terminals.
    pub can_ask: bool,
    progress: bool,
    /// What would go to stderr, where that is kept until somebody takes it.
    kept: Option<Arc<Mutex<Vec<String>>>>,
    /// Whether stdout holds lines of JSON and nothing else; the directory that their files are in.
    events: Option<Arc<str>>,
}

/// What decides how texts look, besides the terminal itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// `--no-color`.
    pub no_color: bool,
    /// `NO_COLOR` is set to something.
    pub no_color_variable: bool,
    /// `CLICOLOR_FORCE` is set to something but 0.
    pub force: bool,
    /// `--verbose`.
    pub verbose: bool,
}

/// Reads all that is piped in, at most 16 MiB; the error says why there is nothing to read.
pub fn piped() -> Result<Vec<u8>, String> {
    /// As much as a file may have.
    const MAX_BYTES: u64 = 16 * 1024 * 1024;
    if io::stdin().is_terminal() {
        return Err("nothing is piped in".into());
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES { Err("it has more than 16 MiB".into()) } else { Ok(bytes) }
}

impl Terminal {
    /// Looks at the terminal once.
    #[must_use]
    pub fn new(look: Look) -> Terminal {
        let style = |is_terminal: bool, width: Option<u16>| Style {
            colour: !look.no_color && (look.force || (is_terminal && !look.no_color_variable)),
            width: width.filter(|_| is_terminal).map(usize::from),
            verbose: look.verbose,
        };
        let (stdout, stderr) = (console::Term::stdout(), console::Term::stderr());
        let width = |term: &console::Term| term.size_checked().map(|(_, columns)| columns);
        Terminal {
            out: style(stdout.is_term(), width(&stdout)),
            err: style(stderr.is_term(), width(&stderr)),
            can_ask: stdout.is_term() && io::stdin().is_terminal(),
            progress: stderr.is_term(),
            kept: None,
            events: None,
        }
    }

    /// The same for a run whose stdout holds lines of JSON and nothing else: what people read goes to stderr, and nobody is
    /// asked. `directory` is the one that files are in, as it was typed.
    #[must_use]
    pub fn of_events(&self, directory: &str) -> Terminal {
        Terminal { out: self.err, can_ask: false, events: Some(directory.into()), ..self.clone() }
    }

    /// Prints an event where stdout holds events.
    pub fn event(&self, line: &Line) {
        if self.events.is_some() {
            write(&mut io::stdout().lock(), &line.text(&jiff::Timestamp::now().to_string()));
        }
    }

    /// Tells machines of problems, where stdout holds events.
    pub fn problem_events(&self, problems: &[Problem]) {
        let Some(directory) = &self.events else { return };
        for problem in problems {
            self.event(&stream::diagnostic(&Diagnostic::of(problem, directory)));
        }
    }

    /// The same for a run whose stdout is read by machines: what goes to stderr is kept, plain and unbroken, until it is
    /// taken, and nobody is asked.
    #[must_use]
    pub fn keeping(&self) -> Terminal {
        let plain = Style { verbose: self.err.verbose, ..Style::default() };
        Terminal {
            out: plain,
            err: plain,
            can_ask: false,
            progress: false,
            kept: Some(Arc::default()),
            events: None,
        }
    }

    /// Takes what was kept since it was taken last.
    #[must_use]
    pub fn take_kept(&self) -> Vec<String> {
        let Some(kept) = &self.kept else { return Vec::new() };
        // Every change of it is one push.
        std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Prints asked-for data, with a line's end.
    pub fn print(&self, text: &str) {
        match self.events {
            Some(_) => self.say(text),
            None => write(&mut io::stdout().lock(), text),
        }
    }

    /// Prints a document for machines, with a line's end.
    pub fn print_document(&self, text: &str) {
        write(&mut io::stdout().lock(), text);
    }

    /// Prints asked-for data as it is.
    pub fn print_raw(&self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
    }

    /// Prints anything else.
    pub fn say(&self, text: &str) {
        match &self.kept {
            Some(kept) => kept.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned()),
            None => write(&mut io::stderr().lock(), text),
        }
    }

    /// Warns, machines too.
    pub fn warn(&self, text: &str) {
        self.event(&stream::diagnostic(&Diagnostic::warning(text)));
        self.say(&format!("warning: {text}"));
    }

    /// Asks for a line; none when there is nobody to ask. Signals are taken meanwhile.
    pub async fn ask(&self, question: String) -> Option<String> {
        if !self.can_ask {
            return None;
        }
        let own = self.clone();
        let mut open = OpenLine(true);
        // A line is waited for on a thread that nobody waits for when the program ends.
        let answer = tokio::task::spawn_blocking(move || own.line(&question)).await.ok().flatten();
        open.0 = answer.is_none();
        answer
    }

    fn line(&self, question: &str) -> Option<String> {
        let mut stdout = io::stdout().lock();
        let _ = write!(stdout, "{question}").and_then(|()| stdout.flush());
        drop(stdout);
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }

    /// Shows that something takes its time: on a terminal only, and gone when it is dropped.
    #[must_use]
    pub fn waiting(&self, what: &str) -> Waiting {
        let bar = ProgressBar::with_draw_target(None, self.target());
        bar.set_style(ProgressStyle::default_spinner());
        bar.set_message(what.to_owned());
        if self.progress {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Waiting(bar)
    }

    /// Shows how far a run of so many changes is.
    #[must_use]
    pub fn counting(&self, of: usize) -> Waiting {
        let bar = ProgressBar::with_draw_target(Some(of as u64), self.target());
        if let Ok(style) = ProgressStyle::with_template("  {bar:24} {pos}/{len}  {msg}") {
            bar.set_style(style);
        }
        Waiting(bar)
    }

    fn target(&self) -> ProgressDrawTarget {
        if self.progress { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
    }
}

/// A line on stdout that is ended when nobody ends it: a question after which stdin or the run ended.
struct OpenLine(bool);

impl Drop for OpenLine {
    fn drop(&mut self) {
        if self.0 {
            write(&mut io::stdout().lock(), "");
        }
    }
}

/// Something that takes its time.
pub struct Waiting(ProgressBar);

impl Waiting {
    /// One more is done.
    pub fn step(&self) {
        self.0.inc(1);
    }

    /// What is under way now.
    pub fn at(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    /// Prints while this is shown, without a trace of it in between.
    pub fn around(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn write(stream: &mut impl Write, text: &str) {
    // A closed pipe is no failure of ours, and there is nobody left to tell.
    let _ = writeln!(stream, "{text}").and_then(|()| stream.flush());
}
