//! What loading says of directories: files in, one line a problem out. One file per subject.

mod astray;
mod dashboards;
mod datasources;
mod embedded;
mod folders;
mod mutated;
mod opened;
mod operator;
mod renamed;
mod settings;
mod shapes;
mod text;
mod whole;

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::model::Severity;

/// Files in a directory of their own.
pub(super) fn directory<B: AsRef<[u8]>>(files: &[(&str, B)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        write(root.path(), path, bytes.as_ref());
    }
    root
}

pub(super) fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Loads a directory with its settings and `TOKEN=hunter2`.
pub(super) fn loaded(root: &Path) -> Directory {
    let (settings, problems) = read_settings(root);
    let environment: Environment = Arc::new(|name| (name == "TOKEN").then(|| "hunter2".to_owned()));
    let mut directory = load(root, &LoadOptions { environment, ..LoadOptions::new(settings) });
    directory.problems.splice(0..0, problems);
    directory
}

/// A directory bound to a workspace with these data sources, and all that is wrong with it by then.
pub(super) fn answered(directory: &Directory, workspace: &[KnownDatasource]) -> (Bound, Vec<Problem>) {
    let bound = Bound::unbound(directory).answer_inputs(workspace);
    let mut problems = directory.problems.clone();
    problems.extend(bound.problems.iter().cloned());
    loading::sort_problems(&mut problems);
    (bound, problems)
}

/// One line a problem: `error[json] a.json:1:2 + b.json:3:4: message -- help`.
pub(super) fn lines(problems: &[Problem]) -> String {
    let mut out = String::new();
    for problem in problems {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        let places: Vec<String> = problem.spots.iter().map(|spot| spot.place.to_string()).collect();
        out.push_str(&format!("{severity}[{}] {}: {}", problem.code, places.join(" + "), problem.message));
        for note in &problem.notes {
            out.push_str(&format!(" (note: {note})"));
        }
        if let Some(help) = &problem.help {
            out.push_str(&format!(" -- {help}"));
        }
        out.push('\n');
    }
    out
}

pub(super) fn expect(actual: &str, expected: &str) {
    let trimmed = |text: &str| text.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert!(trimmed(actual) == trimmed(expected), "\n<<<{}|{}>>>", expected.trim(), actual.trim());
}

/// Loads files and compares what is wrong with them.
pub(super) fn check<B: AsRef<[u8]>>(files: &[(&str, B)], expected: &str) {
    let root = directory(files);
    expect(&lines(&loaded(root.path()).problems), expected);
}

/// A dashboard with a title, a uid and no panels.
pub(super) fn dashboard(uid: &str) -> String {
    format!("{{\"uid\":\"{uid}\",\"title\":\"T {uid}\",\"panels\":[]}}")
}

/// The addresses of what was loaded, with the folder of each.
pub(super) fn objects(declarations: &Declarations) -> Vec<String> {
    let parent = |declared: &Declared| match &declared.parent {
        crate::model::Parent::None => String::new(),
        crate::model::Parent::Root => " at the root".to_owned(),
        crate::model::Parent::Path(path) => format!(" in {path}"),
        crate::model::Parent::Uid(uid) => format!(" in #{uid}"),
    };
    declarations.objects.iter().map(|declared| format!("{}{}", declared.address, parent(declared))).collect()
}
