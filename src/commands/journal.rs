//! What `bootstrap-identity`, `bootstrap-api-key`, `identity rotate` and `identity prune` have done so far: the summary of
//! a run that ends before its end, by a signal or by a failure.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::render::access::{Step, What};

/// The steps of a run, and what came of each.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    steps: Vec<(Step, Came)>,
    /// The command line that goes on.
    again: String,
    /// What is not known, in words of its own.
    doubts: Vec<String>,
}

/// What came of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Came {
    /// It was not begun.
    Waiting,
    /// It was begun, and what was made of it is deleted again at the end.
    Begun,
    /// It was sent, and no answer came yet.
    Sent,
    /// It is done.
    Done,
}

impl Journal {
    /// Nothing is done yet.
    #[must_use]
    pub fn new(steps: &[Step], again: String) -> Journal {
        let steps = steps.iter().map(|step| (step.clone(), Came::Waiting)).collect();
        Journal(Mutex::new(Entries { steps, again, doubts: Vec::new() }))
    }

    /// A step begins, of which nothing is left where the run ends before it is done.
    pub fn begins(&self, step: &Step) {
        self.is(step, Came::Begun);
    }

    /// A step is sent: from now on it may be done.
    pub fn sends(&self, step: &Step) {
        self.is(step, Came::Sent);
    }

    /// A step is done.
    pub fn did(&self, step: &Step) {
        self.is(step, Came::Done);
    }

    /// What is not known from now on, until the run says what became of it.
    pub fn doubts(&self, words: Option<String>) {
        self.state().doubts = words.into_iter().collect();
    }

    fn is(&self, step: &Step, came: Came) {
        for (_, of) in self.state().steps.iter_mut().filter(|(known, _)| known == step) {
            *of = came;
        }
    }

    /// The command line that goes on.
    #[must_use]
    pub fn again(&self) -> String {
        self.state().again.clone()
    }

    /// What was done, what is unknown, what was not done: a line each, as far as there is something to say.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let state = self.state();
        let of = |wanted: &[Came]| -> Vec<String> {
            let of = state.steps.iter().filter(|(_, came)| wanted.contains(came));
            of.map(|(step, _)| named(step)).collect()
        };
        let mut unknown = of(&[Came::Sent]);
        unknown.extend(state.doubts.iter().cloned());
        let mut lines = Vec::new();
        let parts =
            [("done", of(&[Came::Done])), ("unknown", unknown), ("not done", of(&[Came::Waiting, Came::Begun]))];
        for (title, items) in parts {
            if !items.is_empty() {
                lines.push(format!("{title}: {}", items.join("; ")));
            }
        }
        if !state.steps.iter().any(|(_, came)| *came != Came::Waiting) {
            lines.retain(|line| !line.starts_with("not done"));
            lines.push("nothing was done".into());
        }
        lines
    }

    /// The summary of a run that a signal ended.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = String::from("Interrupted.");
        for line in self.lines() {
            text.push_str(&format!("\n  {line}"));
        }
        text.push_str(&format!("\n  to go on: `{}`; it looks at what is there first", self.again()));
        text
    }

    fn state(&self) -> MutexGuard<'_, Entries> {
        // Every change of the state is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A step as a sentence names it.
fn named(step: &Step) -> String {
    let word = match step.what {
        What::Make => "made",
        What::Change => "changed",
        What::Delete => "deleted",
    };
    match step.name.is_empty() {
        true => format!("{} {word}", step.kind),
        false => format!("{} `{}` {word}", step.kind, step.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(what: What, kind: &'static str, name: &str) -> Step {
        Step { what, kind, name: name.into(), about: String::new() }
    }

    #[test]
    fn the_summary_says_what_is_done_unknown_and_not_done() {
        let steps =
            [step(What::Make, "token", ""), step(What::Make, "secret", "s"), step(What::Delete, "token", "old")];
        let journal = Journal::new(&steps, "amgctl identity rotate".into());
        assert_eq!(journal.lines(), ["nothing was done"]);
        journal.did(&steps[0]);
        journal.sends(&steps[1]);
        journal.doubts(Some("readers may get the token `new` already".into()));
        assert_eq!(
            journal.summary(),
            "Interrupted.\n  done: token made\n  unknown: secret `s` made; readers may get the token `new` already\n  \
             not done: token `old` deleted\n  to go on: `amgctl identity rotate`; it looks at what is there first"
        );
        journal.did(&steps[1]);
        journal.doubts(None);
        assert_eq!(journal.lines(), ["done: token made; secret `s` made", "not done: token `old` deleted"]);
    }
}
