//! What a pipeline of GitLab takes: the note, the counts as a Terraform report, problems as a code-quality report.

use serde_json::{Value, json};

use super::markdown;
use super::reports::{ForgeName, Piece, Subject};
use super::story::plan::drifted;
use crate::model::{Digest, Place, Severity};
use crate::plan::{Action, Plan};

/// The report.
#[must_use]
pub fn pieces(subject: &Subject<'_>) -> Vec<Piece> {
    vec![
        Piece::Artefact { name: "amgctl-terraform.json", text: lines(&terraform(subject)) },
        Piece::Artefact { name: "amgctl-code-quality.json", text: lines(&code_quality(subject)) },
        Piece::Comment {
            forge: ForgeName::Gitlab,
            marker: markdown::marker(subject),
            text: markdown::text(subject, markdown::GITLAB_NOTE),
        },
    ]
}

fn lines(value: &Value) -> String {
    format!("{value:#}\n")
}

/// What `artifacts:reports:terraform` reads: what a merge request shows of a plan.
fn terraform(subject: &Subject<'_>) -> Value {
    let counts = subject.plan.map(Plan::counts).unwrap_or_default();
    json!({ "create": counts.add, "update": counts.change + counts.adopt, "delete": counts.destroy })
}

/// What `artifacts:reports:codequality` reads.
fn code_quality(subject: &Subject<'_>) -> Value {
    let mut all = Vec::new();
    for problem in subject.problems {
        let severity = match problem.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
        };
        let place = problem.spots.first().map(|spot| &spot.place);
        all.push(remark(subject, problem.code, severity, place, &problem.message));
    }
    for change in subject.plan.into_iter().flat_map(Plan::changes) {
        if let Action::Refuse(refusal) = &change.action {
            let message = format!("{} is refused: {}", change.address, refusal.reason);
            all.push(remark(subject, &refusal.code, "major", change.place.as_ref(), &message));
        }
        if let Some(drift) = &change.drift {
            let message = format!("{} was changed outside amgctl: {}", change.address, drifted(drift));
            all.push(remark(subject, "drift", "minor", change.place.as_ref(), &message));
        }
    }
    Value::Array(all)
}

fn remark(subject: &Subject<'_>, code: &str, severity: &str, place: Option<&Place>, message: &str) -> Value {
    let path = place.map_or_else(|| subject.path("amgctl.yaml"), |place| subject.path(&place.file));
    let line = place.map_or(1, |place| place.line.max(1));
    // The same remark keeps its print where lines above it come and go.
    let print = Digest::of_bytes(format!("{code}\n{path}\n{message}").as_bytes());
    json!({
        "description": message,
        "check_name": code,
        "fingerprint": print.as_str(),
        "severity": severity,
        "location": { "path": path, "lines": { "begin": line } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Problem;
    use crate::render::reports::Verb;

    #[test]
    fn problems_become_a_code_quality_report_whose_prints_stay_when_lines_move() {
        let at = |line| [Problem::error("unknown-field", "what is `titel`?").at(Place::at("a.yaml", line, 7))];
        let report = |problems: &[Problem]| {
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
            code_quality(&subject)[0].clone()
        };
        let (one, other) = (report(&at(3)), report(&at(9)));
        assert_eq!(one["location"], json!({ "path": "grafana/a.yaml", "lines": { "begin": 3 } }));
        assert_eq!(one["fingerprint"], other["fingerprint"]);
        assert_ne!(one["fingerprint"], report(&[Problem::warning("x", "y")])["fingerprint"]);
    }
}
