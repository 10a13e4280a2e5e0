//! Problems, refusals and what was changed outside as SARIF 2.1.0, which code scanning reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::reports::{Piece, Subject};
use super::story::plan::drifted;
use super::story::run;
use crate::model::{Digest, Place, Severity};
use crate::plan::{Action, Plan};
use crate::report::Outcome;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as a file.
#[must_use]
pub fn pieces(subject: &Subject<'_>) -> Vec<Piece> {
    vec![Piece::File(format!("{:#}\n", log(subject)))]
}

/// One result.
struct Finding<'a> {
    code: &'a str,
    level: &'static str,
    message: String,
    places: Vec<&'a Place>,
}

fn log(subject: &Subject<'_>) -> Value {
    let findings = findings(subject);
    let mut rules: BTreeMap<&str, usize> = findings.iter().map(|finding| (finding.code, 0)).collect();
    for (n, at) in rules.values_mut().enumerate() {
        *at = n;
    }
    let described: Vec<Value> = rules.keys().map(|code| json!({ "id": code })).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &rules, subject)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "amgctl",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": described,
            } },
            "automationDetails": { "id": format!("amgctl/{}/{}", subject.verb.text(), subject.stack) },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": subject.exit == 0, "exitCode": subject.exit }],
            "results": results,
        }],
    })
}

fn result(finding: &Finding<'_>, rules: &BTreeMap<&str, usize>, subject: &Subject<'_>) -> Value {
    let mut locations: Vec<Value> = finding.places.iter().map(|place| location(place, subject)).collect();
    let related = locations.split_off(locations.len().min(1));
    let path = finding.places.first().map(|place| subject.path(&place.file)).unwrap_or_default();
    // Lines above it come and go.
    let print = Digest::of_bytes(format!("{}\n{path}\n{}", finding.code, finding.message).as_bytes());
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": rules.get(finding.code),
        "level": finding.level,
        "message": { "text": finding.message },
        "locations": locations,
        "partialFingerprints": { "amgctl/v1": print.as_str() },
    });
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

fn location(place: &Place, subject: &Subject<'_>) -> Value {
    let mut physical =
        json!({ "artifactLocation": { "uri": uri(&subject.path(&place.file)), "uriBaseId": "%SRCROOT%" } });
    if place.line > 0 {
        physical["region"] = json!({ "startLine": place.line });
        if place.column > 0 {
            physical["region"]["startColumn"] = json!(place.column);
        }
    }
    json!({ "physicalLocation": physical })
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let part =
        |part: &str| percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string();
    let plain = |text: String| text.replace("%2E", ".").replace("%2D", "-").replace("%5F", "_").replace("%7E", "~");
    path.split('/').map(|one| plain(part(one))).collect::<Vec<_>>().join("/")
}

fn findings<'a>(subject: &Subject<'a>) -> Vec<Finding<'a>> {
    let mut all = Vec::new();
    for problem in subject.problems {
        let level = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let help = problem.help.iter().map(|help| format!("\nhelp: {help}"));
        let notes = problem.notes.iter().map(|note| format!("\nnote: {note}"));
        let message = std::iter::once(problem.message.clone()).chain(notes).chain(help).collect();
        let places = problem.spots.iter().map(|spot| &spot.place).collect();
        all.push(Finding { code: problem.code, level, message, places });
    }
    for change in subject.plan.into_iter().flat_map(Plan::changes) {
        let places = || change.place.iter().collect::<Vec<_>>();
        if let Action::Refuse(refusal) = &change.action {
            let message = format!("{} is refused: {}\nhint: {}", change.address, refusal.reason, refusal.hint);
            all.push(Finding { code: &refusal.code, level: "error", message, places: places() });
        }
        if let Some(drift) = &change.drift {
            let message = format!("{} was changed outside amgctl: {}", change.address, drifted(drift));
            all.push(Finding { code: "drift", level: "warning", message, places: places() });
        }
    }
    for finished in subject.run.into_iter().flat_map(|run| &run.finished) {
        if finished.outcome != Outcome::Done {
            let message = format!("{}: {}", finished.address, run::finished(finished).outcome);
            let declared = subject.plan.into_iter().flat_map(Plan::changes).find(|c| c.address == finished.address);
            let places = declared.and_then(|change| change.place.as_ref()).into_iter().collect();
            all.push(Finding { code: "not-applied", level: "error", message, places });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_uris() {
        assert_eq!(uri("grafana/a b/é#?.json"), "grafana/a%20b/%C3%A9%23%3F.json");
        assert_eq!(uri("x_y-z.yaml"), "x_y-z.yaml");
    }
}
