//! Carries the reports of a run (`--report`) to files, to the CI and to forges. What they say stands in
//! [`crate::render::reports`].
//!
//! A forge that answers wrongly fails nothing: whoever needs the report reads why it is not there.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::{Exit, Failure, Session, origin, shown};
use crate::cli::ReportArgs;
use crate::forge::{Comment, PATIENCE, Trouble, github, gitlab};
use crate::model::{Problem, Secret};
use crate::plan::{Goal, Plan};
use crate::render::reports::{Destination, FORMATS, ForgeName, Format, Piece, Subject, Verb, format};
use crate::report::Report;
use crate::settings::{Choice, Settings};

/// The largest description of an event that is read.
const LARGEST_EVENT: u64 = 32 << 20;

/// The reports that were asked for.
pub struct Reporting {
    wanted: Vec<Wanted>,
}

struct Wanted {
    format: &'static Format,
    to: Option<PathBuf>,
}

/// What is known of a run for its reports, filled on the way: whatever ends it, they say how far it came.
pub struct Known {
    /// What was run.
    pub verb: Verb,
    /// The directory.
    pub directory: PathBuf,
    /// The stack's name.
    pub stack: String,
    /// The workspace as it was chosen.
    pub workspace: String,
    /// Where a browser finds it.
    pub base: Option<String>,
    /// What was said of the plan as a whole.
    pub remarks: Vec<String>,
    /// The plan.
    pub plan: Option<Plan>,
    /// What came of it.
    pub run: Option<Report>,
}

impl Known {
    /// Nothing yet, but what was typed.
    #[must_use]
    pub fn new(verb: Verb, directory: &Path) -> Known {
        Known {
            verb,
            directory: directory.to_owned(),
            stack: String::new(),
            workspace: String::new(),
            base: None,
            remarks: Vec::new(),
            plan: None,
            run: None,
        }
    }

    /// What is reported of it.
    #[must_use]
    pub fn subject<'a>(
        &'a self,
        exit: Exit,
        root: &'a str,
        problems: &'a [Problem],
        failure: &'a str,
    ) -> Subject<'a> {
        Subject {
            verb: self.verb,
            stack: &self.stack,
            workspace: &self.workspace,
            plan: self.plan.as_ref(),
            run: self.run.as_ref(),
            problems,
            remarks: &self.remarks,
            failure,
            exit: exit as u8,
            root,
            base: self.base.as_deref(),
        }
    }

    /// Takes in what was settled.
    pub fn settled(&mut self, goal: Goal, settings: &Settings) {
        self.verb = match (self.verb, goal) {
            (Verb::Plan, _) => Verb::Plan,
            (Verb::Validate, _) => Verb::Validate,
            (Verb::Apply | Verb::Destroy, Goal::Apply) => Verb::Apply,
            (Verb::Apply | Verb::Destroy, Goal::Destroy) => Verb::Destroy,
        };
        self.directory.clone_from(&settings.directory);
        self.stack = settings.stack.to_string();
        self.workspace = match &settings.workspace {
            Choice::Url(url) => url.trim_end_matches('/').to_owned(),
            Choice::Sandbox(_) => "sandbox".into(),
            Choice::Managed(managed) if managed.sandbox.is_some() => "sandbox".into(),
            Choice::Managed(managed) => managed.named.clone().unwrap_or_default(),
        };
    }
}

impl Reporting {
    /// Reads what was typed. Files are emptied, so that none is left of another run, and those that cannot be written are
    /// refused before anything is done.
    pub fn new(args: &ReportArgs) -> Result<Reporting, Failure> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for report in &args.report {
            let Some(format) = format(&report.format) else {
                let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
                return Err(Failure::new(
                    Exit::Usage,
                    format!("--report {}: there is no such format", report.format),
                )
                .hint(format!("formats are {}", names.join(", "))));
            };
            let name = format.name;
            match (format.to, &report.to) {
                (Destination::File, None) => {
                    return Err(Failure::new(Exit::Usage, format!("--report {name}: it needs a file"))
                        .hint(format!("write --report {name}=FILE")));
                }
                (Destination::Nothing, Some(_)) => {
                    return Err(Failure::new(Exit::Usage, format!("--report {name}: it takes no file")));
                }
                (Destination::File, Some(file)) => fs::write(file, "").map_err(|e| {
                    Failure::new(Exit::Error, format!("--report {name}: `{}` cannot be written: {e}", shown(file)))
                })?,
                (Destination::Directory | Destination::Nothing, _) => {}
            }
            if !wanted.iter().any(|other| other.format.name == name && other.to == report.to) {
                wanted.push(Wanted { format, to: report.to.clone() });
            }
        }
        Ok(Reporting { wanted })
    }

    /// Whether one of them draws what changes.
    #[must_use]
    pub fn draws(&self) -> bool {
        self.wanted.iter().any(|wanted| wanted.format.draws)
    }

    /// Makes the reports and carries them where they go.
    pub async fn give(&self, known: &Known, ended: &Result<Exit, Failure>, session: &Session<'_>) {
        if self.wanted.is_empty() {
            return;
        }
        let (exit, failure) = match ended {
            Ok(exit) => (*exit, String::new()),
            Err(failure) => (failure.exit, failure.in_words()),
        };
        let root = origin::path_in_repository(&known.directory, session);
        let problems = session.heard();
        let subject = known.subject(exit, &root, &problems, &failure);
        for wanted in &self.wanted {
            for piece in (wanted.format.pieces)(&subject) {
                carry(piece, wanted, session).await;
            }
        }
    }
}

async fn carry(piece: Piece, wanted: &Wanted, session: &Session<'_>) {
    let Session { machine, terminal, .. } = session;
    let name = wanted.format.name;
    let warn = |words: String| terminal.warn(&format!("--report {name}: {words}"));
    match piece {
        Piece::File(text) => {
            let file = wanted.to.as_deref().unwrap_or(Path::new(name));
            if let Err(error) = fs::write(file, text) {
                warn(format!("`{}` cannot be written: {error}", shown(file)));
            }
        }
        Piece::Artefact { name, text } => {
            let directory = wanted.to.as_ref().unwrap_or(&machine.working_directory);
            let file = directory.join(name);
            let written = fs::create_dir_all(directory).and_then(|()| fs::write(&file, text));
            if let Err(error) = written {
                warn(format!("`{}` cannot be written: {error}", shown(&file)));
            }
        }
        Piece::Appended { variable, text } => {
            let Some(file) = machine.variable(variable) else {
                warn(format!("{variable} is not set, and names the file for a part of the report"));
                return;
            };
            let opened = fs::OpenOptions::new().append(true).create(true).open(&file);
            if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
                warn(format!("`{file}` of {variable} cannot be written: {error}"));
            }
        }
        Piece::Log(text) => terminal.say(text.trim_end()),
        Piece::Comment { forge: ForgeName::Github, marker, text } => {
            let event = machine.variable("GITHUB_EVENT_PATH").and_then(|file| read(Path::new(&file)));
            let variable = |name: &str| machine.variable(name);
            let Some(at) = github::pull_request(variable, event.as_deref()) else { return };
            let Some(token) = machine.variable("GITHUB_TOKEN").map(Secret::new) else {
                terminal.say(
                    "note: no comment at the pull request, since GITHUB_TOKEN is not set; the step summary has the report",
                );
                return;
            };
            match github::comment(&at, &token, &marker, &text, PATIENCE).await {
                Ok(Comment::Made | Comment::Replaced) => {}
                Err(trouble @ Trouble::NotAllowed(_)) => terminal.say(&format!(
                    "note: no comment at the pull request: {trouble}, as in those from forks; the step summary has the \
                     report"
                )),
                Err(trouble) => warn(format!("no comment at the pull request: GitHub's API: {trouble}")),
            }
        }
        Piece::Comment { forge: ForgeName::Gitlab, marker, text } => {
            let Some(at) = gitlab::merge_request(|name| machine.variable(name)) else { return };
            let Some(token) = machine.variable("GITLAB_TOKEN").map(Secret::new) else {
                terminal.say(
                    "note: no note at the merge request, since GITLAB_TOKEN is not set, and a job's own token may not \
                     write any; the artefacts have the report",
                );
                return;
            };
            match gitlab::comment(&at, &token, &marker, &text, PATIENCE).await {
                Ok(Comment::Made | Comment::Replaced) => {}
                Err(trouble @ Trouble::NotAllowed(_)) => terminal
                    .say(&format!("note: no note at the merge request: {trouble}; the artefacts have the report")),
                Err(trouble) => warn(format!("no note at the merge request: GitLab's API: {trouble}")),
            }
        }
    }
}

/// A file of the CI, where it can be read and is not larger than one.
fn read(file: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(file).ok()?.take(LARGEST_EVENT).read_to_string(&mut text).ok()?;
    Some(text)
}
