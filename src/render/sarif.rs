//! Problems, refusals and what was changed outside as SARIF 2.1.0, which code scanning reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::findings::{Finding, findings};
use super::reports::{Piece, Subject};
use crate::model::{Place, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as a file.
#[must_use]
pub fn pieces(subject: &Subject<'_>) -> Vec<Piece> {
    vec![Piece::File(format!("{:#}\n", log(subject)))]
}

fn log(subject: &Subject<'_>) -> Value {
    let findings = findings(subject);
    let mut rules: BTreeMap<&str, usize> = findings.iter().map(|finding| (finding.code, 0)).collect();
    for (n, at) in rules.values_mut().enumerate() {
        *at = n;
    }
    let described: Vec<Value> = rules.keys().map(|code| rule(code)).collect();
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
            "automationDetails": { "id": automation(subject) },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": subject.exit == 0, "exitCode": subject.exit }],
            "results": results,
        }],
    })
}

/// What tells this analysis from others of the same commit. What stands after the last `/` tells runs apart, so nothing does.
fn automation(subject: &Subject<'_>) -> String {
    let parts = ["amgctl", subject.verb.text(), subject.stack];
    parts.iter().filter(|part| !part.is_empty()).fold(String::new(), |id, part| format!("{id}{part}/"))
}

/// A rule as GitHub's code scanning wants it described. Codes are words already.
fn rule(code: &str) -> Value {
    let words = json!({ "text": code.replace('-', " ") });
    json!({ "id": code, "shortDescription": words, "fullDescription": words, "help": words })
}

fn result(finding: &Finding<'_>, rules: &BTreeMap<&str, usize>, subject: &Subject<'_>) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let with_files = finding.places.iter().filter(|place| !place.file.is_empty());
    let mut locations: Vec<Value> = with_files.map(|place| location(place, subject)).collect();
    let related = locations.split_off(locations.len().min(1));
    // GitHub refuses the whole file for one result without a location.
    if locations.is_empty() {
        let (path, line) = finding.file_and_line(subject);
        locations.push(physical(&path, json!({ "startLine": line })));
    }
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": rules.get(finding.code),
        "level": level,
        "message": { "text": finding.text() },
        "locations": locations,
        "partialFingerprints": { "amgctl/v1": finding.print.as_str() },
    });
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

fn location(place: &Place, subject: &Subject<'_>) -> Value {
    let mut region = Value::Null;
    if place.line > 0 {
        region = json!({ "startLine": place.line });
        if place.column > 0 {
            region["startColumn"] = json!(place.column);
        }
    }
    physical(&subject.path(&place.file), region)
}

fn physical(path: &str, region: Value) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" } });
    if !region.is_null() {
        physical["region"] = region;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_uris() {
        assert_eq!(uri("grafana/a b/é#?.json"), "grafana/a%20b/%C3%A9%23%3F.json");
        assert_eq!(uri("x_y-z.yaml"), "x_y-z.yaml");
    }
}
