//! What those who read the reports of machines ask of them, as far as their documents say so.
//!
//! No schema is copied into the repository. Each table names its source; a row is a path (`*` is each of a list), and what
//! stands there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::samples::{plan, problems, run, subject};
use crate::model::Problem;
use crate::render::reports::{Piece, Subject, Verb, format};

/// What stands at a path.
enum Is {
    Text,
    /// A number from 1.
    Number,
    Truth,
    OneOf(&'static [&'static str]),
    /// A list with something in it.
    Some,
}

/// Every value at a path; the test fails where one is missing.
fn at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    path.split('/').filter(|step| !step.is_empty()).fold(vec![value], |values, step| {
        values
            .into_iter()
            .flat_map(|value| match step {
                "*" => value.as_array().unwrap_or_else(|| panic!("{path}: no list: {value}")).iter().collect(),
                step => vec![value.get(step).unwrap_or_else(|| panic!("{path}: no `{step}` in {value}"))],
            })
            .collect()
    })
}

fn check(value: &Value, table: &[(&str, Is)]) {
    for (path, is) in table {
        for one in at(value, path) {
            let holds = match is {
                Is::Text => one.as_str().is_some_and(|text| !text.is_empty()),
                Is::Number => one.as_u64().is_some_and(|number| number >= 1),
                Is::Truth => one.is_boolean(),
                Is::OneOf(words) => one.as_str().is_some_and(|text| words.contains(&text)),
                Is::Some => one.as_array().is_some_and(|list| !list.is_empty()),
            };
            assert!(holds, "{path}: {one}");
        }
    }
}

/// Reports of a plan, of a run, of a directory with faults (one that stands in no file, one that is there twice), and of
/// one without.
fn each(name: &str, mut look: impl FnMut(&str)) {
    let (plan, run, mut problems) = (plan(), run(), problems());
    let twice = problems[0].clone();
    problems.extend([Problem::warning("nowhere", "it stands in no file"), twice]);
    for subject in [
        Subject { problems: &problems, exit: 4, ..subject(Verb::Plan, Some(&plan), None) },
        Subject { exit: 5, ..subject(Verb::Apply, Some(&plan), Some(&run)) },
        Subject { problems: &problems, exit: 3, ..subject(Verb::Validate, None, None) },
        subject(Verb::Validate, None, None),
    ] {
        let pieces = (format(name).unwrap().pieces)(&subject);
        let text = pieces.iter().find_map(|piece| match piece {
            Piece::File(text) | Piece::Artefact { name: "amgctl-code-quality.json", text } => Some(text),
            Piece::Artefact { .. } | Piece::Appended { .. } | Piece::Log(_) | Piece::Comment { .. } => None,
        });
        look(text.unwrap());
    }
}

fn all_differ(what: &str, texts: &[&str]) {
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len(), "{what}: {texts:#?}");
}

#[test]
fn sarif_has_what_its_standard_and_code_scanning_require() {
    // OASIS SARIF 2.1.0 (errata 01): §3.13.2, §3.13.4, §3.14.6, §3.18.2, §3.19.8, §3.20.14, §3.27.10, §3.27.11, §3.49.3;
    // docs.github.com, "SARIF support for code scanning": a description of each rule, at least one location of each result,
    // with a relative URI. Without a location GitHub refuses the file (github/codeql-action issue 2459).
    const TABLE: [(&str, Is); 18] = [
        ("$schema", Is::Text),
        ("version", Is::OneOf(&["2.1.0"])),
        ("runs", Is::Some),
        ("runs/*/tool/driver/name", Is::Text),
        ("runs/*/tool/driver/semanticVersion", Is::Text),
        ("runs/*/tool/driver/rules/*/id", Is::Text),
        ("runs/*/tool/driver/rules/*/shortDescription/text", Is::Text),
        ("runs/*/tool/driver/rules/*/fullDescription/text", Is::Text),
        ("runs/*/tool/driver/rules/*/help/text", Is::Text),
        ("runs/*/automationDetails/id", Is::Text),
        ("runs/*/columnKind", Is::OneOf(&["utf16CodeUnits", "unicodeCodePoints"])),
        ("runs/*/invocations/*/executionSuccessful", Is::Truth),
        ("runs/*/results/*/ruleId", Is::Text),
        ("runs/*/results/*/level", Is::OneOf(&["none", "note", "warning", "error"])),
        ("runs/*/results/*/message/text", Is::Text),
        ("runs/*/results/*/locations", Is::Some),
        ("runs/*/results/*/locations/*/physicalLocation/artifactLocation/uri", Is::Text),
        ("runs/*/results/*/partialFingerprints/amgctl~1v1", Is::Text),
    ];
    let mut seen = 0;
    each("sarif", |text| {
        // A path has `/` between its steps, and so has the name of our print.
        let log: Value = serde_json::from_str(&text.replace("\"amgctl/v1\"", "\"amgctl~1v1\"")).unwrap();
        check(&log, &TABLE);
        let rules = at(&log, "runs/*/tool/driver/rules/*/id");
        for result in at(&log, "runs/*/results/*") {
            seen += 1;
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index], &result["ruleId"]);
        }
        for uri in at(&log, "runs/*/results/*/locations/*/physicalLocation/artifactLocation/uri") {
            assert!(
                !uri.as_str().unwrap().starts_with(['/', '.']) && !uri.as_str().unwrap().contains(' '),
                "{uri}"
            );
        }
        for region in
            at(&log, "runs/*/results/*/locations/*/physicalLocation").iter().filter_map(|l| l.get("region"))
        {
            check(region, &[("startLine", Is::Number)]);
        }
        let prints = at(&log, "runs/*/results/*/partialFingerprints/amgctl~1v1");
        all_differ("prints", &prints.iter().filter_map(|print| print.as_str()).collect::<Vec<_>>());
        let id = at(&log, "runs/*/automationDetails/id")[0].as_str().unwrap();
        assert!(id.ends_with('/'), "what stands after the last `/` is a run's, and not the analysis' name: {id}");
    });
    assert!(seen > 10, "{seen}");
}

#[test]
fn code_quality_has_what_gitlab_requires() {
    // docs.gitlab.com/ci/testing/code_quality, "Code Quality report format". Of equal fingerprints GitLab shows the first.
    const TABLE: [(&str, Is); 6] = [
        ("*/description", Is::Text),
        ("*/check_name", Is::Text),
        ("*/fingerprint", Is::Text),
        ("*/severity", Is::OneOf(&["info", "minor", "major", "critical", "blocker"])),
        ("*/location/path", Is::Text),
        ("*/location/lines/begin", Is::Number),
    ];
    let mut seen = 0;
    each("gitlab", |text| {
        let report: Value = serde_json::from_str(text).unwrap();
        check(&report, &TABLE);
        for path in at(&report, "*/location/path") {
            assert!(
                !path.as_str().unwrap().starts_with(['/', '.']),
                "relative to the repository, without `./`: {path}"
            );
        }
        let prints: Vec<&str> = at(&report, "*/fingerprint").iter().filter_map(|print| print.as_str()).collect();
        all_differ("prints", &prints);
        seen += prints.len();
    });
    assert!(seen > 10, "{seen}");
}

#[test]
fn junit_has_what_gitlab_and_jenkins_read() {
    // docs.gitlab.com/ci/testing/unit_test_reports: `classname`, `name` and `time` of each case, of equal names the first;
    // Jenkins (junit plugin): counts that are true, and a case in each suite, or the file is a failure.
    each("junit", |text| {
        let attribute = |tag: &str, name: &str| -> String {
            let found = tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
            found.unwrap_or_else(|| panic!("no {name} in {tag}")).0.to_owned()
        };
        let tags: Vec<&str> = text.split('<').filter_map(|part| Some(part.split_once('>')?.0)).collect();
        let of = |name: &str| -> Vec<&str> {
            tags.iter().copied().filter(|tag| tag.split([' ', '/']).next() == Some(name)).collect()
        };
        let cases = of("testcase");
        assert!(!cases.is_empty());
        for (suites, time) in [(of("testsuites"), "time"), (of("testsuite"), "time")] {
            assert_eq!(suites.len(), 1);
            assert_eq!(attribute(suites[0], "tests"), cases.len().to_string());
            assert_eq!(attribute(suites[0], "failures"), of("failure").len().to_string());
            assert_eq!(attribute(suites[0], "skipped"), of("skipped").len().to_string());
            attribute(suites[0], time).parse::<f64>().unwrap();
        }
        assert!(!attribute(of("testsuite")[0], "name").is_empty());
        for case in &cases {
            assert!(!attribute(case, "classname").is_empty(), "{case}");
            attribute(case, "time").parse::<f64>().unwrap();
        }
        for tag in of("failure").iter().chain(&of("skipped")) {
            assert!(!attribute(tag, "message").is_empty(), "{tag}");
        }
        let names: Vec<String> =
            cases.iter().map(|case| attribute(case, "classname") + " " + &attribute(case, "name")).collect();
        all_differ("names", &names.iter().map(String::as_str).collect::<Vec<_>>());
    });
}
