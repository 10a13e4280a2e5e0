//! Reports of a plan or a run for those who are not at the terminal: what they are made of, and the table of their formats.
//!
//! A format is a pure function from a [`Subject`] to [`Piece`]s, in a file of its own. Pieces are carried to files and
//! forges by `commands`.

use super::story::{self, Story};
use super::{github, gitlab, html, junit, markdown, sarif};
use crate::model::{Problem, has_error};
use crate::plan::Plan;
use crate::report::Report;

/// What is reported: all that is known when a command ends, however it ended.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What was run.
    pub verb: Verb,
    /// The stack; empty where that is not known.
    pub stack: &'a str,
    /// The workspace as it was chosen: with the stack it tells the report apart from others. Empty where not known.
    pub workspace: &'a str,
    /// The plan; none where the command ended before it.
    pub plan: Option<&'a Plan>,
    /// What came of carrying it out; none where it was not.
    pub run: Option<&'a Report>,
    /// What was found wrong, as far as the command came.
    pub problems: &'a [Problem],
    /// What was said of the plan as a whole: warnings, one sentence each.
    pub remarks: &'a [String],
    /// Why the command ended early; empty where it did not, or said so by its problems.
    pub failure: &'a str,
    /// The status that the command ends with.
    pub exit: u8,
    /// Where the directory is in its repository: empty, or a path that ends with `/`.
    pub root: &'a str,
    /// Where a browser finds the workspace, without `/` at its end.
    pub base: Option<&'a str>,
}

/// What was run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// A plan.
    Plan,
    /// An apply.
    Apply,
    /// A destroy.
    Destroy,
    /// A validation: the directory alone.
    Validate,
}

impl Verb {
    /// As it is typed.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Verb::Plan => "plan",
            Verb::Apply => "apply",
            Verb::Destroy => "destroy",
            Verb::Validate => "validate",
        }
    }
}

impl<'a> Subject<'a> {
    /// What there is to say of it, in order; problems and failures are not in it.
    #[must_use]
    pub fn story(&self) -> Story<'a> {
        let Some(run) = self.run else {
            return self.plan.map(|plan| story::plan::of(plan, false)).unwrap_or_default();
        };
        let head = self.plan.map(story::plan::head);
        Story { sections: head.into_iter().chain(story::run::whole(run).sections).collect() }
    }

    /// What is said where nothing is counted: what did not come about, or how a validation ended.
    #[must_use]
    pub fn ending(&self) -> String {
        let none = match self.verb {
            Verb::Plan => "No plan was made",
            Verb::Apply => "Nothing was applied",
            Verb::Destroy => "Nothing was destroyed",
            Verb::Validate if self.exit == 0 => return "The directory is valid.".to_owned(),
            Verb::Validate if has_error(self.problems) => "The directory is not valid",
            Verb::Validate => "The directory was not validated",
        };
        format!("{none} (exit status {}).", self.exit)
    }

    /// A file of the directory as the repository names it.
    #[must_use]
    pub fn path(&self, file: &str) -> String {
        format!("{}{file}", self.root)
    }
}

/// A part of a report, and where it goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// The file that was typed.
    File(String),
    /// A file of this name in the directory that was typed, or in the working directory.
    Artefact {
        /// Its name.
        name: &'static str,
        /// What it holds.
        text: String,
    },
    /// Lines for the file that a variable of the CI names, after those that it has.
    Appended {
        /// The variable.
        variable: &'static str,
        /// The lines.
        text: String,
    },
    /// Lines that the CI reads in the log.
    Log(String),
    /// The one comment of this report at the pull request or merge request: made, or put in place of the last one.
    Comment {
        /// Whose.
        forge: ForgeName,
        /// How it begins, and no other comment does.
        marker: String,
        /// All of it.
        text: String,
    },
}

/// Where pull requests are discussed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForgeName {
    /// GitHub.
    Github,
    /// GitLab.
    Gitlab,
}

/// What is typed after a format's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination {
    /// A file.
    File,
    /// A directory, or nothing.
    Directory,
    /// Nothing.
    Nothing,
}

/// One format.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name as it is typed.
    pub name: &'static str,
    /// What is typed after it.
    pub to: Destination,
    /// Whether it draws: changes then carry what is needed for that.
    pub draws: bool,
    /// Makes the report.
    pub pieces: fn(&Subject<'_>) -> Vec<Piece>,
}

/// All of them.
pub const FORMATS: [Format; 6] = [
    Format { name: "markdown", to: Destination::File, draws: false, pieces: markdown::pieces },
    Format { name: "html", to: Destination::File, draws: true, pieces: html::pieces },
    Format { name: "junit", to: Destination::File, draws: false, pieces: junit::pieces },
    Format { name: "sarif", to: Destination::File, draws: false, pieces: sarif::pieces },
    Format { name: "github", to: Destination::Nothing, draws: false, pieces: github::pieces },
    Format { name: "gitlab", to: Destination::Directory, draws: false, pieces: gitlab::pieces },
];

/// The format of a name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
