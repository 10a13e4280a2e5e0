//! `amgctl.lock`: which revision of a dashboard of grafana.com is meant where a manifest leaves it open.
//!
//! `plan --upgrade` alone writes it; it is committed with the directory, so that everybody gets the same dashboards.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::model::{Place, Problem};
use crate::source::document::{self, Document, Format};
use crate::source::text::SourceText;
use crate::source::yaml::member;

/// The name of the file, at the root of the directory.
pub const LOCK_FILE: &str = "amgctl.lock";
/// The largest file that is read.
const LARGEST: u64 = 1 << 20;

/// The pinned revisions, by the numbers of the dashboards.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lock(pub BTreeMap<u64, Pin>);

/// A pinned revision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pin {
    /// Its number.
    pub revision: u64,
    /// SHA-256 of what grafana.com gave for it, in hexadecimal digits: another text under the same number is refused.
    pub sha256: String,
}

impl Lock {
    /// Reads the file of a directory; without it nothing is pinned.
    #[must_use]
    pub fn read(root: &Path) -> (Lock, Vec<Problem>) {
        let path = root.join(LOCK_FILE);
        let refused = |message: String| {
            let problem = Problem::error("lock", message).at(Place::file(LOCK_FILE));
            (Lock::default(), vec![problem.help("write it anew with `amgctl plan --upgrade`")])
        };
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (Lock::default(), Vec::new()),
            Err(error) => return refused(format!("this file cannot be read: {error}")),
            Ok(about) if !about.is_file() || about.len() > LARGEST => {
                return refused("this is no file of pins".into());
            }
            Ok(_) => {}
        }
        let source = match std::fs::read(&path) {
            Ok(bytes) => SourceText::new(LOCK_FILE.into(), bytes),
            Err(error) => return refused(format!("this file cannot be read: {error}")),
        };
        match source {
            Ok(source) => Lock::parse(&source),
            Err(problem) => (Lock::default(), vec![*problem]),
        }
    }

    fn parse(source: &SourceText) -> (Lock, Vec<Problem>) {
        let (documents, mut problems) = document::read(source, Format::Yaml);
        let mut lock = Lock::default();
        if let Some(document) = documents.first() {
            lock.read_document(document, &mut problems);
        }
        (lock, problems)
    }

    fn read_document(&mut self, document: &Document<'_>, problems: &mut Vec<Problem>) {
        const DASHBOARDS: &str = "/grafana.com";
        let mut report = |pointer: &str, message: &str| {
            let problem = Problem::error("lock", message).spot(document.spot(pointer, ""));
            problems.push(problem.help("write it anew with `amgctl plan --upgrade`"));
        };
        if document.value.get("version").and_then(Value::as_u64) != Some(1) {
            return report("/version", "this file was not written by this version of amgctl");
        }
        let pins = document.value.pointer(DASHBOARDS).and_then(Value::as_object).into_iter().flatten();
        for (id, pin) in pins {
            let pointer = member(DASHBOARDS, id);
            let revision = pin.get("revision").and_then(Value::as_u64).filter(|number| *number > 0);
            let digest = |text: &&str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let sha256 = pin.get("sha256").and_then(Value::as_str).filter(digest);
            match (id.parse(), revision, sha256) {
                (Ok(id), Some(revision), Some(sha256)) => {
                    self.0.insert(id, Pin { revision, sha256: sha256.to_ascii_lowercase() });
                }
                _ => report(&pointer, "this pins nothing: a dashboard's number has `revision` and `sha256`"),
            }
        }
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# The revisions of dashboards of grafana.com, written by `amgctl plan --upgrade`. Commit this file.\n\
             version: 1\ngrafana.com:",
        );
        for (id, Pin { revision, sha256 }) in &self.0 {
            text.push_str(&format!("\n  \"{id}\":\n    revision: {revision}\n    sha256: {sha256}"));
        }
        text.push_str(if self.0.is_empty() { " {}\n" } else { "\n" });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::{expect, lines};

    fn parse(text: &str) -> (Lock, String) {
        let source = SourceText::new(LOCK_FILE.into(), text.as_bytes().to_vec()).unwrap();
        let (lock, problems) = Lock::parse(&source);
        (lock, lines(&problems))
    }

    #[test]
    fn what_was_written_is_read_again() {
        let pin = |revision| Pin { revision, sha256: "0a".repeat(32) };
        for pins in [BTreeMap::new(), BTreeMap::from([(1860, pin(37)), (7, pin(1))])] {
            let lock = Lock(pins);
            assert_eq!(parse(&lock.text()), (lock, String::new()));
        }
    }

    #[test]
    fn a_directory_without_the_file_pins_nothing() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Lock::read(root.path()), (Lock::default(), Vec::new()));
        std::fs::create_dir(root.path().join(LOCK_FILE)).unwrap();
        assert_eq!(Lock::read(root.path()).1.len(), 1);
    }

    #[test]
    fn what_pins_nothing_is_placed() {
        let help = " -- write it anew with `amgctl plan --upgrade`";
        let (_, problems) = parse("version: 2\n");
        expect(
            &problems,
            &format!("error[lock] amgctl.lock:1:10: this file was not written by this version of amgctl{help}"),
        );
        let (lock, problems) = parse("version: 1\ngrafana.com:\n  \"7\": { revision: 1 }\n  x: 1\n");
        let message = "this pins nothing: a dashboard's number has `revision` and `sha256`";
        expect(
            &problems,
            &format!("error[lock] amgctl.lock:3:8: {message}{help}\nerror[lock] amgctl.lock:4:6: {message}{help}"),
        );
        assert_eq!(lock, Lock::default());
    }
}
