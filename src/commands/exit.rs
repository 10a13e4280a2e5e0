//! How a command ends: the statuses, each with its number, and failures that are told once.

use crate::render::diagnostics::Diagnostic;
use crate::render::stream;
use crate::render::style::{Tone, clean};
use crate::sandbox::MadeByAnother;
use crate::settings::UsageError;
use crate::terminal::Terminal;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An error that none of the others is.
    Error = 1,
    /// There are changes (`--detailed-exitcode`).
    Changes = 2,
    /// The directory has faults.
    Faults = 3,
    /// A stale plan, drift or a conflict; nothing was written.
    Conflict = 4,
    /// Something was written, something was not.
    Partly = 5,
    /// The token is not accepted, or may not do it.
    Auth = 6,
    /// Another run holds the lease.
    Locked = 7,
    /// A guard refused.
    Guard = 8,
    /// The plan cannot know everything (`--detailed-exitcode`).
    Unknown = 9,
    /// What was typed makes no sense.
    Usage = 64,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

/// Why a command ended early.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The status.
    pub exit: Exit,
    /// What happened; empty when it was told already.
    pub message: String,
    /// Facts.
    pub notes: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// Whether it stays so as long as nothing else is typed: it is of no use to try again.
    pub lasts: bool,
}

impl Failure {
    /// A failure with this status and message.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), notes: Vec::new(), hint: None, lasts: exit == Exit::Usage }
    }

    /// One that was told already.
    #[must_use]
    pub fn told(exit: Exit) -> Failure {
        Failure::new(exit, "")
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Failure {
        self.notes.push(note.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// Says that it is of no use to try again with what was typed.
    #[must_use]
    pub fn lasting(mut self) -> Failure {
        self.lasts = true;
        self
    }

    /// All of it as one text; empty when it was told already.
    #[must_use]
    pub fn in_words(&self) -> String {
        let notes = self.notes.iter().map(|note| format!("note: {note}"));
        let hint = self.hint.iter().map(|hint| format!("hint: {hint}"));
        let lines = std::iter::once(self.message.clone()).chain(notes).chain(hint);
        lines.filter(|line| !line.is_empty()).map(|line| clean(&line).into_owned()).collect::<Vec<_>>().join("\n")
    }

    /// The same for machines.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::error(&self.message, &self.notes, self.hint.as_deref())
    }

    /// Prints it.
    pub fn tell(&self, terminal: &Terminal) {
        if self.message.is_empty() {
            return;
        }
        terminal.event(&stream::diagnostic(&self.diagnostic()));
        let style = &terminal.err;
        let mut lines =
            style.wrapped(&format!("{}: ", style.paint(Tone::Remove, "error")), 7, &clean(&self.message));
        for note in &self.notes {
            lines.extend(style.wrapped("  note: ", 8, &clean(note)));
        }
        if let Some(hint) = &self.hint {
            lines.extend(style.wrapped("  hint: ", 8, &clean(hint)));
        }
        terminal.say(&lines.join("\n"));
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Failure {
        Failure { hint: error.hint, ..Failure::new(Exit::Usage, error.message) }
    }
}

/// What goes wrong with the embedded workspace.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        let failure = Failure::new(Exit::Error, format!("{error:#}"));
        match error.downcast_ref::<MadeByAnother>() {
            Some(made) => failure.hint(made.hint()),
            None => failure,
        }
    }
}
