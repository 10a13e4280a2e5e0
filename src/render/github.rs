//! What a job of GitHub Actions reads: a step summary, outputs, annotations at lines of files, and the comment.
//!
//! A text from elsewhere can neither end a workflow command nor begin another one: line ends are escaped.

use std::fmt::Write as _;

use super::findings::{Finding, findings};
use super::markdown;
use super::reports::{ForgeName, Piece, Subject, Verb};
use super::style::clean;
use crate::model::Severity;
use crate::plan::Plan;

/// How many annotations of a level GitHub shows of one step; more are dropped.
const SHOWN: usize = 10;

/// The report.
#[must_use]
pub fn pieces(subject: &Subject<'_>) -> Vec<Piece> {
    let [summary, comment] = markdown::texts(subject, [markdown::GITHUB_SUMMARY, markdown::GITHUB_COMMENT]);
    let mut pieces = vec![
        Piece::Appended { variable: "GITHUB_STEP_SUMMARY", text: summary + "\n" },
        Piece::Appended { variable: "GITHUB_OUTPUT", text: outputs(subject) },
        Piece::Comment { forge: ForgeName::Github, marker: markdown::marker(subject), text: comment },
    ];
    let annotations = annotations(subject);
    if !annotations.is_empty() {
        pieces.push(Piece::Log(annotations));
    }
    pieces
}

/// The outputs of the step: numbers only, so that nothing in them can begin another one.
fn outputs(subject: &Subject<'_>) -> String {
    // Nothing was planned, so nothing is counted.
    if subject.verb == Verb::Validate {
        return format!("exitcode={}\n", subject.exit);
    }
    let counts = subject.plan.map(Plan::counts).unwrap_or_default();
    let mut text = String::new();
    for (name, number) in [
        ("adds", counts.add),
        ("changes", counts.change),
        ("destroys", counts.destroy),
        ("adopts", counts.adopt),
        ("refused", counts.refuse),
        ("drift", counts.outside),
        ("exitcode", usize::from(subject.exit)),
    ] {
        let _ = writeln!(text, "{name}={number}");
    }
    text
}

/// What was found, each where the directory has it; the first of each level.
fn annotations(subject: &Subject<'_>) -> String {
    let all = findings(subject);
    let mut text = String::new();
    for severity in [Severity::Error, Severity::Warning] {
        for finding in all.iter().filter(|finding| finding.severity == severity).take(SHOWN) {
            text.push_str(&command(finding, subject));
        }
    }
    text
}

fn command(finding: &Finding<'_>, subject: &Subject<'_>) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = Vec::new();
    if let Some(place) = finding.places.first().filter(|place| !place.file.is_empty()) {
        properties.push(format!("file={}", property(&subject.path(&place.file))));
        for (name, number) in [("line", place.line), ("col", place.column)] {
            if number > 0 {
                properties.push(format!("{name}={number}"));
            }
        }
    }
    properties.push(format!("title={}", property(&format!("amgctl: {}", finding.code))));
    let text = finding.text();
    let message: Vec<_> = text.lines().map(clean).collect();
    format!("::{level} {}::{}\n", properties.join(","), data(&message.join("\n")))
}

/// The text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value among its properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Place, Problem};

    fn subject(problems: &[Problem]) -> Subject<'_> {
        Subject {
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
        }
    }

    fn check(problem: Problem, expected: &str) {
        assert_eq!(annotations(&subject(&[problem])), expected);
    }

    #[test]
    fn a_problem_is_annotated_where_the_repository_has_it() {
        check(
            Problem::error("unknown-field", "what is `titel`?")
                .at(Place::at("a, b.yaml", 3, 7))
                .help("write `title`"),
            "::error file=grafana/a%2C b.yaml,line=3,col=7,title=amgctl%3A unknown-field::what is \
             `titel`?%0Ahelp: write `title`\n",
        );
        check(
            Problem::warning("x", "100%").at(Place::file("a.json")),
            "::warning file=grafana/a.json,title=amgctl%3A x::100%25\n",
        );
        check(Problem::warning("x", "nowhere"), "::warning title=amgctl%3A x::nowhere\n");
    }

    #[test]
    fn no_text_begins_another_command() {
        check(
            Problem::error("x", "a\n::set-output name=a::b\r\u{1b}[31m").at(Place::file("f\n::stop::")),
            "::error file=grafana/f%0A%3A%3Astop%3A%3A,title=amgctl%3A x::a%0A::set-output name=a::b\\r\\u{1b}[31m\n",
        );
    }

    #[test]
    fn as_many_annotations_as_github_shows_and_errors_first() {
        let one = |n: usize| {
            if n.is_multiple_of(2) {
                Problem::error("e", n.to_string())
            } else {
                Problem::warning("w", n.to_string())
            }
        };
        let many: Vec<Problem> = (0..50).map(one).collect();
        let text = annotations(&subject(&many));
        let levels: Vec<bool> = text.lines().map(|line| line.starts_with("::error")).collect();
        assert_eq!(levels, [vec![true; 10], vec![false; 10]].concat());
    }

    #[test]
    fn outputs_are_numbers() {
        assert_eq!(
            outputs(&subject(&[])),
            "adds=0\nchanges=0\ndestroys=0\nadopts=0\nrefused=0\ndrift=0\nexitcode=3\n"
        );
    }
}
