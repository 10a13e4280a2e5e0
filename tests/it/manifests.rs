//! Real manifests of the grafana-operator: what becomes of each document, by its kind.
//!
//! Those of `fixtures/manifests` always; a whole collection too when it is `shared/corpus/manifests` beside the repository,
//! or AMGCTL_MANIFESTS names its directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use amgctl::model::{Problem, Severity};
use amgctl::source::{FileSettings, LoadOptions, load};

fn files_under(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_under(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") {
            found.push(path);
        }
    }
}

/// A document of a file, by its lines.
struct Document {
    kind: String,
    first: u32,
    last: u32,
}

/// The documents of the operator's kinds.
fn documents(text: &str) -> Vec<Document> {
    let mut all = vec![Document { kind: String::new(), first: 1, last: 0 }];
    let mut group = vec![false];
    for (i, line) in text.lines().enumerate() {
        let number = u32::try_from(i + 1).unwrap();
        if line.starts_with("---") {
            all.push(Document { kind: String::new(), first: number, last: number });
            group.push(false);
        }
        let document = all.last_mut().unwrap();
        document.last = number;
        if let Some(kind) = line.strip_prefix("kind:") {
            document.kind = kind.trim().trim_matches('"').to_owned();
        }
        *group.last_mut().unwrap() |= line.starts_with("apiVersion: grafana.integreatly.org/");
    }
    all.into_iter().zip(group).filter(|(_, is_operators)| *is_operators).map(|(document, _)| document).collect()
}

/// A text with a value for each variable of Flux: how many variables a tree has, and which, is another test's.
fn with_values(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, after)) if name.chars().all(|c| c.is_ascii_uppercase() || c == '_') && name.len() > 8 => {
                out.push_str(&format!("https://example.com/{name}"));
                rest = after;
            }
            _ => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out + rest
}

/// What becomes of each document of a file.
fn classes(text: &str) -> Vec<(String, String)> {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("a.yaml"), text).unwrap();
    let directory = load(root.path(), &LoadOptions::new(FileSettings::default()));
    let is_at = |document: &Document, line: u32| line == 0 || (document.first..=document.last).contains(&line);
    let of = |document: &Document, severity: Severity| -> Option<&Problem> {
        directory.problems.iter().find(|problem| {
            let place = problem.spots.first().map_or(0, |spot| spot.place.line);
            problem.severity == severity && is_at(document, place)
        })
    };
    let class = |document: &Document| {
        let objects = directory.objects.iter().chain(directory.unresolved.iter().map(|open| &open.declared));
        let mut lines = objects.map(|declared| declared.place.line);
        let mut folders =
            directory.folders.iter().filter(|folder| folder.uid.is_some()).map(|folder| folder.place.line);
        let mut awaited =
            directory.awaited.iter().flat_map(|(_, request)| &request.spots).map(|spot| spot.place.line);
        if let Some(problem) = of(document, Severity::Error) {
            return format!("refused: {}", problem.code);
        }
        if lines.any(|line| is_at(document, line)) || folders.any(|line| is_at(document, line)) {
            return "created".to_owned();
        }
        if awaited.any(|line| is_at(document, line)) {
            return "created, its content fetched".to_owned();
        }
        if document.kind == "Grafana" {
            return "a target".to_owned();
        }
        match of(document, Severity::Warning) {
            Some(problem) => format!("left out: {}", problem.code),
            None => "ignored".to_owned(),
        }
    };
    documents(text).iter().map(|document| (document.kind.clone(), class(document))).collect()
}

/// How many documents of each kind fall into each class, one line a kind and class.
fn table(directory: &Path) -> String {
    let mut files = Vec::new();
    files_under(directory, &mut files);
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for of in classes(&with_values(&text)) {
            if std::env::var_os("AMGCTL_MANIFESTS_LISTED").is_some() {
                println!("{}  {}  {}", file.display(), of.0, of.1);
            }
            *counts.entry(of).or_default() += 1;
        }
    }
    let lines = counts.iter().map(|((kind, class), count)| format!("{kind} {class} {count}\n"));
    lines.collect()
}

#[test]
fn every_document_of_the_committed_sample_has_its_class() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests");
    assert_eq!(table(&directory), SAMPLE);
}

#[test]
fn every_document_of_the_whole_collection_has_its_class() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/manifests");
    let directory = std::env::var_os("AMGCTL_MANIFESTS").map_or(beside, PathBuf::from);
    if !directory.is_dir() {
        println!("skipped: there is no collection of manifests beside the repository");
        return;
    }
    assert_eq!(table(&directory), WHOLE);
}

// Refused are instances in a cluster, kinds that are never read, a project of Jsonnet, and two faults of the operator's own
// examples: a data source without a type, and values whose Secret and ConfigMap are in another namespace or nowhere.
const SAMPLE: &str = "\
Grafana a target 3
Grafana refused: in-cluster 17
Grafana refused: several-targets 1
GrafanaAlertRuleGroup left out: not-kept 3
GrafanaContactPoint left out: not-kept 4
GrafanaDashboard created 8
GrafanaDashboard created, its content fetched 32
GrafanaDashboard refused: not-supported 1
GrafanaDatasource created 11
GrafanaDatasource refused: datasource 1
GrafanaDatasource refused: manifest 1
GrafanaFolder created 3
GrafanaManifest refused: not-supported 2
GrafanaMuteTiming left out: not-kept 1
GrafanaNotificationPolicy left out: not-kept 3
GrafanaNotificationPolicyRoute left out: not-kept 3
GrafanaNotificationTemplate left out: not-kept 1
GrafanaServiceAccount refused: not-supported 1
";

// Beside those, what is no YAML is a Helm template, the rest of whose file is ignored; three data sources have values for
// which their texts have no placeholder.
const WHOLE: &str = "\
Grafana a target 7
Grafana refused: in-cluster 35
Grafana refused: several-targets 1
Grafana refused: yaml 1
GrafanaAlertRuleGroup left out: not-kept 5
GrafanaContactPoint left out: not-kept 6
GrafanaDashboard created 13
GrafanaDashboard created, its content fetched 80
GrafanaDashboard ignored 7
GrafanaDashboard refused: not-supported 1
GrafanaDashboard refused: yaml 1
GrafanaDatasource created 21
GrafanaDatasource refused: datasource 1
GrafanaDatasource refused: manifest 4
GrafanaDatasource refused: yaml 3
GrafanaFolder created 5
GrafanaLibraryPanel created, its content fetched 1
GrafanaManifest refused: not-supported 2
GrafanaMuteTiming left out: not-kept 2
GrafanaNotificationPolicy left out: not-kept 5
GrafanaNotificationPolicyRoute left out: not-kept 4
GrafanaNotificationTemplate left out: not-kept 2
GrafanaServiceAccount refused: not-supported 2
";
