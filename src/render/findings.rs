//! What is wrong, refused, changed outside or not done, one remark each with its place: what annotations, code quality and
//! code scanning have in common.

use std::collections::HashMap;

use super::reports::Subject;
use super::story::plan::drifted;
use super::story::run;
use crate::model::{Digest, Place, Severity};
use crate::plan::{Action, Change, Plan};
use crate::report::Outcome;

/// The file that stands for those that a remark has none of: forges take no remark without a file.
const NOWHERE: &str = "amgctl.yaml";

/// One remark.
pub struct Finding<'a> {
    /// Its short stable name, as `duplicate-uid`.
    pub code: &'a str,
    /// How bad it is.
    pub severity: Severity,
    /// What it says, in one line where nothing else is asked for.
    pub message: String,
    /// What else helps: `note: …`, `help: …`, `hint: …`, in lines of their own.
    pub more: String,
    /// Where: the first is the place itself, further ones explain it. May be empty.
    pub places: Vec<&'a Place>,
    /// What tells it from others: the same for the same remark where lines above it come and go, and no two of a report
    /// have the same.
    pub print: Digest,
}

impl Finding<'_> {
    /// All that it says.
    pub fn text(&self) -> String {
        format!("{}{}", self.message, self.more)
    }

    /// The file that it is about as the repository names it, and the line, from 1.
    pub fn file_and_line(&self, subject: &Subject<'_>) -> (String, u32) {
        match self.places.first().filter(|place| !place.file.is_empty()) {
            Some(place) => (subject.path(&place.file), place.line.max(1)),
            None => (subject.path(NOWHERE), 1),
        }
    }
}

/// All of them: problems first, then what the plan says of each object, then what was not done.
#[must_use]
pub fn findings<'a>(subject: &Subject<'a>) -> Vec<Finding<'a>> {
    let mut all = Vec::new();
    let mut add = |code, severity, message, more, places| {
        let print = Digest::of_bytes(&[]);
        all.push(Finding { code, severity, message, more, places, print });
    };
    for problem in subject.problems {
        let notes = problem.notes.iter().map(|note| format!("\nnote: {note}"));
        let more = notes.chain(problem.help.iter().map(|help| format!("\nhelp: {help}"))).collect();
        let places = problem.spots.iter().map(|spot| &spot.place).collect();
        add(problem.code, problem.severity, problem.message.clone(), more, places);
    }
    let mut changes = HashMap::new();
    for change in subject.plan.into_iter().flat_map(Plan::changes) {
        changes.insert(&change.address, change);
        if let Action::Refuse(refusal) = &change.action {
            let message = format!("{} is refused: {}", change.address, refusal.reason);
            let more = if refusal.hint.is_empty() { String::new() } else { format!("\nhint: {}", refusal.hint) };
            add(&*refusal.code, Severity::Error, message, more, places(change));
        }
        if let Some(drift) = &change.drift {
            let message = format!("{} was changed outside amgctl: {}", change.address, drifted(drift));
            add("drift", Severity::Warning, message, String::new(), places(change));
        }
    }
    for finished in subject.run.into_iter().flat_map(|run| &run.finished) {
        if finished.outcome != Outcome::Done {
            let message = format!("{}: {}", finished.address, run::finished(finished).outcome);
            let places = changes.get(&finished.address).map(|change| places(change)).unwrap_or_default();
            add("not-applied", Severity::Error, message, String::new(), places);
        }
    }
    print(&mut all, subject);
    all
}

fn places(change: &Change) -> Vec<&Place> {
    change.place.iter().collect()
}

// GitLab shows one of those that have the same print, so equal remarks of a file are numbered.
fn print(all: &mut [Finding<'_>], subject: &Subject<'_>) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for finding in all {
        let (path, _) = finding.file_and_line(subject);
        let mut text = format!("{}\n{path}\n{}", finding.code, finding.message);
        let before = times.entry(text.clone()).or_default();
        if *before > 0 {
            text = format!("{text}\n{before}");
        }
        *before += 1;
        finding.print = Digest::of_bytes(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Problem;
    use crate::render::reports::Verb;

    fn prints(problems: &[Problem]) -> Vec<String> {
        let subject = Subject {
            verb: Verb::Plan,
            stack: "shop",
            workspace: "shop",
            plan: None,
            run: None,
            problems,
            remarks: &[],
            failure: "",
            exit: 3,
            root: "grafana/",
            base: None,
        };
        findings(&subject).iter().map(|finding| finding.print.as_str().to_owned()).collect()
    }

    fn at(line: u32) -> Problem {
        Problem::error("unknown-field", "what is `titel`?").at(Place::at("a.yaml", line, 7))
    }

    #[test]
    fn a_print_stays_when_lines_move_and_when_the_advice_is_worded_anew() {
        assert_eq!(prints(&[at(3)]), prints(&[at(9).help("write `title`")]));
        assert_ne!(prints(&[at(3)]), prints(&[Problem::warning("x", "y")]));
    }

    #[test]
    fn no_two_remarks_have_the_same_print() {
        let all = prints(&[at(3), at(5), at(9)]);
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), 3, "{all:?}");
    }
}
