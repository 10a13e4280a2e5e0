//! What a pipeline of GitLab takes: the note, the counts as a Terraform report, problems as a code-quality report.

use serde_json::{Value, json};

use super::findings::{Finding, findings};
use super::markdown;
use super::reports::{ForgeName, Piece, Subject, Verb};
use crate::model::Severity;
use crate::plan::Plan;

/// The report.
#[must_use]
pub fn pieces(subject: &Subject<'_>) -> Vec<Piece> {
    let counts = match (subject.verb, subject.plan) {
        (Verb::Validate, _) => None,
        // Zeros would read as a plan that does nothing; of counts that are not there GitLab says that there is no report.
        (Verb::Plan | Verb::Apply | Verb::Destroy, None) => Some(json!({})),
        (Verb::Plan | Verb::Apply | Verb::Destroy, Some(plan)) => Some(terraform(plan)),
    };
    let counts = counts.map(|counts| Piece::Artefact { name: "amgctl-terraform.json", text: lines(&counts) });
    let mut pieces: Vec<Piece> = counts.into_iter().collect();
    pieces.push(Piece::Artefact { name: "amgctl-code-quality.json", text: lines(&code_quality(subject)) });
    pieces.push(Piece::Comment {
        forge: ForgeName::Gitlab,
        marker: markdown::marker(subject),
        text: markdown::text(subject, markdown::GITLAB_NOTE),
    });
    pieces
}

fn lines(value: &Value) -> String {
    format!("{value:#}\n")
}

/// What `artifacts:reports:terraform` reads: what a merge request shows of a plan.
fn terraform(plan: &Plan) -> Value {
    let counts = plan.counts();
    json!({ "create": counts.add, "update": counts.change + counts.adopt, "delete": counts.destroy })
}

/// What `artifacts:reports:codequality` reads.
fn code_quality(subject: &Subject<'_>) -> Value {
    findings(subject).iter().map(|finding| remark(finding, subject)).collect()
}

fn remark(finding: &Finding<'_>, subject: &Subject<'_>) -> Value {
    let severity = match finding.severity {
        Severity::Error => "major",
        Severity::Warning => "minor",
    };
    let (path, line) = finding.file_and_line(subject);
    json!({
        "description": finding.message,
        "check_name": finding.code,
        "fingerprint": finding.print.as_str(),
        "severity": severity,
        "location": { "path": path, "lines": { "begin": line } },
    })
}
