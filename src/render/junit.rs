//! A plan or a run as a JUnit report: a test case for each object and each fault, failed where something was refused or
//! not done.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::html::escape;
use super::human;
use super::reports::{Piece, Subject};
use super::story::{self, Item, Section};
use super::style::{Style, clean};
use crate::model::Severity;
use crate::plan::Action;
use crate::report::Outcome;

const PLAIN: Style = Style { colour: false, width: None, verbose: false };

/// The report as a file.
#[must_use]
pub fn pieces(subject: &Subject<'_>) -> Vec<Piece> {
    vec![Piece::File(text(subject))]
}

/// One test case.
struct Case {
    class: String,
    name: String,
    seconds: f64,
    ended: Ended,
    /// What there is to say of it.
    out: String,
}

enum Ended {
    Well,
    Failed(String),
    Skipped(String),
}

fn text(subject: &Subject<'_>) -> String {
    let cases = unlike(cases(subject));
    let count = |is: fn(&Ended) -> bool| cases.iter().filter(|case| is(&case.ended)).count();
    let (failed, skipped) =
        (count(|ended| matches!(ended, Ended::Failed(_))), count(|ended| matches!(ended, Ended::Skipped(_))));
    let seconds: f64 = cases.iter().map(|case| case.seconds).sum();
    let counts = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\"", cases.len());
    let name = attribute(&format!("amgctl {} {}", subject.verb.text(), subject.stack));
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts} time=\"{seconds:.3}\">\n  <testsuite \
         name=\"{name}\" {counts} time=\"{seconds:.3}\">\n"
    );
    for case in &cases {
        let Case { class, name, seconds, ended, out: said } = case;
        let _ = write!(
            out,
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{seconds:.3}\"",
            attribute(class),
            attribute(name)
        );
        match ended {
            Ended::Well if said.is_empty() => {
                out.push_str("/>\n");
                continue;
            }
            Ended::Well => out.push_str(">\n"),
            Ended::Failed(why) => {
                let first = why.lines().next().unwrap_or_default();
                let _ =
                    writeln!(out, ">\n      <failure message=\"{}\">{}</failure>", attribute(first), lines(why));
            }
            Ended::Skipped(why) => {
                let _ = writeln!(out, ">\n      <skipped message=\"{}\"/>", attribute(why));
            }
        }
        if !said.is_empty() {
            let _ = writeln!(out, "      <system-out>{}</system-out>", lines(said));
        }
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn cases(subject: &Subject<'_>) -> Vec<Case> {
    let mut cases = Vec::new();
    let well = |class: &str, name: String, out: String| Case {
        class: class.into(),
        name,
        seconds: 0.0,
        ended: Ended::Well,
        out,
    };
    for problem in subject.problems {
        let place = problem.spots.first().map(|spot| subject.path(&spot.place.to_string())).unwrap_or_default();
        let mut why = problem.message.clone();
        if !place.is_empty() {
            let _ = write!(why, "\nat {place}");
        }
        if let Some(help) = &problem.help {
            let _ = write!(why, "\nhelp: {help}");
        }
        let name = format!("{} {place}", problem.code).trim_end().to_owned();
        cases.push(match problem.severity {
            Severity::Error => Case { ended: Ended::Failed(why), ..well("directory", name, String::new()) },
            Severity::Warning => well("directory", name, why),
        });
    }
    if !subject.failure.is_empty() {
        let ended = Ended::Failed(subject.failure.to_owned());
        cases.push(Case { ended, ..well("amgctl", subject.verb.text().to_owned(), String::new()) });
    }
    match (subject.run, subject.plan) {
        (Some(run), _) => {
            for finished in &run.finished {
                let outcome = story::run::finished(finished).outcome;
                let ended = match &finished.outcome {
                    Outcome::Done => Ended::Well,
                    Outcome::Skipped { .. } | Outcome::NotStarted => Ended::Skipped(outcome),
                    Outcome::Conflict(_)
                    | Outcome::Refused { .. }
                    | Outcome::Failed { .. }
                    | Outcome::Unknown { .. } => Ended::Failed(outcome),
                };
                cases.push(Case {
                    class: finished.address.kind.to_string(),
                    name: finished.address.to_string(),
                    seconds: finished.took.as_secs_f64(),
                    ended,
                    out: finished.note.clone().unwrap_or_default(),
                });
            }
        }
        (None, Some(plan)) => {
            let story = story::plan::of(plan, true);
            let mut said = HashMap::new();
            for section in &story.sections {
                if let Section::Objects { items, .. } = section {
                    for item in items {
                        if let Item::One(told) = item {
                            let text: &mut String = said.entry(&told.address).or_default();
                            for line in human::block(item, &PLAIN) {
                                let _ = writeln!(text, "{}", line.trim_end());
                            }
                        }
                    }
                }
            }
            for change in plan.changes() {
                let ended = match &change.action {
                    Action::Refuse(refusal) => {
                        Ended::Failed(format!("{} [{}]\nhint: {}", refusal.reason, refusal.code, refusal.hint))
                    }
                    _ => Ended::Well,
                };
                let out = said.get(&change.address).map(|text| text.trim_end().to_owned()).unwrap_or_default();
                let class = change.address.kind.to_string();
                cases.push(Case { ended, ..well(&class, change.address.to_string(), out) });
            }
        }
        (None, None) => {}
    }
    // A suite without cases is a failure to Jenkins, and to others as if nothing had been looked at.
    if cases.is_empty() {
        cases.push(well("amgctl", subject.verb.text().to_owned(), subject.ending()));
    }
    cases
}

/// Cases of which no two have the same name: GitLab shows one of those that have.
fn unlike(mut cases: Vec<Case>) -> Vec<Case> {
    let mut times: HashMap<(String, String), usize> = HashMap::new();
    for case in &mut cases {
        let time = times.entry((case.class.clone(), case.name.clone())).or_default();
        *time += 1;
        if *time > 1 {
            case.name = format!("{} ({time})", case.name);
        }
    }
    cases
}

/// A text as it may stand in an attribute: one line of characters that XML has.
fn attribute(text: &str) -> String {
    escape(&clean(text)).into_owned()
}

/// Lines as they may stand between tags.
fn lines(text: &str) -> String {
    text.lines().map(|line| escape(&clean(line)).into_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_has_no_character_for_is_written_out() {
        assert_eq!(attribute("a\u{0}\"<b>&\u{1b}\n"), "a\\u{0}&quot;&lt;b&gt;&amp;\\u{1b}\\n");
        assert_eq!(lines("]]>\n<x>"), "]]&gt;\n&lt;x&gt;");
    }
}
