//! What is wrong, where, and what to do: one shape for every fault found in a directory or a plan.
//!
//! Rendering stands in [`crate::render`]; a problem carries the offending line itself, so that showing it needs no file.

use super::Place;

/// How bad a problem is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Nothing may be written while one of these stands.
    Error,
    /// Worth knowing; nothing is stopped by it.
    Warning,
}

/// A place that a problem points at, with the line's text and what to say below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spot {
    /// Where.
    pub place: Place,
    /// The text of that line (clipped around the column when the line is long), if it could be had.
    pub line_text: Option<String>,
    /// How many characters to underline, from the place's column; at least 1 when there is a line.
    pub width: usize,
    /// How many characters were clipped from the front of `line_text`.
    pub clipped: usize,
    /// What to say at the underline; may be empty.
    pub label: String,
}

/// Whether one of some problems is an error.
#[must_use]
pub fn has_error<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> bool {
    problems.into_iter().any(|problem| problem.severity == Severity::Error)
}

impl Spot {
    /// A spot without the line's text.
    #[must_use]
    pub fn bare(place: Place) -> Spot {
        Spot { place, line_text: None, width: 0, clipped: 0, label: String::new() }
    }

    /// The same without the line's text, which may hold a secret.
    #[must_use]
    pub fn without_line(self) -> Spot {
        Spot { line_text: None, width: 0, clipped: 0, ..self }
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// A short stable name, as `duplicate-uid`; shown in brackets.
    pub code: &'static str,
    /// What happened: lower case, names in backticks, no full stop.
    pub message: String,
    /// Where: the first is the place itself, further ones explain it.
    pub spots: Vec<Spot>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// What to do next.
    pub help: Option<String>,
}

impl Problem {
    /// An error without a place yet.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            code,
            message: message.into(),
            spots: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// A warning without a place yet.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(code, message) }
    }

    /// Adds a place, without its line.
    #[must_use]
    pub fn at(mut self, place: Place) -> Problem {
        self.spots.push(Spot::bare(place));
        self
    }

    /// Adds a spot.
    #[must_use]
    pub fn spot(mut self, spot: Spot) -> Problem {
        self.spots.push(spot);
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Problem {
        self.notes.push(note.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }
}
