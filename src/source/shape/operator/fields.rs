//! What the operator's kinds have in common: which instances they are for, their uid, the folder they are in.

use serde_json::Value;

use crate::model::{Parent, Problem, Uid, UidFrom};
use crate::source::cluster::select::selector_faults;
use crate::source::cluster::{Cluster, OPERATOR, ObjectName, Resource};
use crate::source::datasource::unknown_key;
use crate::source::document::Document;
use crate::source::shape::as_warning;
use crate::source::shape::keys::Fate::{self, Used};
use crate::source::uids::manifest_uid;
use crate::source::yaml::member;
use crate::source::{FolderTitle, UidRule, checked_uid};

/// Fields that every kind has.
pub(super) const COMMON: [(&str, Fate); 4] =
    [("instanceSelector", Used), ("allowCrossNamespaceImport", Used), ("resyncPeriod", Used), ("suspend", Used)];

/// What a manifest says besides its object, in the document that it stands in.
pub(super) struct Manifest<'a, 'd> {
    /// The document.
    pub document: &'a Document<'d>,
    /// Where the manifest stands in it, as a JSON pointer.
    pub base: &'a str,
    /// The cluster that it is of.
    pub cluster: &'a Cluster,
}

impl Manifest<'_, '_> {
    /// Its value.
    pub(super) fn value(&self) -> &Value {
        static NOTHING: Value = Value::Null;
        self.document.value.pointer(self.base).unwrap_or(&NOTHING)
    }

    /// A value that says something, by its JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        let says_nothing = |value: &&Value| value.is_null() || value.as_str() == Some("");
        self.value().pointer(pointer).filter(|value| !says_nothing(value))
    }

    /// A text that is not empty.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer).and_then(Value::as_str)
    }

    /// A problem at a value of it.
    pub(super) fn error(&self, pointer: &str, message: impl Into<String>) -> Problem {
        Problem::error("manifest", message).spot(self.document.spot(&format!("{}{pointer}", self.base), ""))
    }

    /// The same problem, at a value of it first.
    pub(super) fn document_error(&self, pointer: &str, problem: Problem) -> Problem {
        let spot = self.document.spot(&format!("{}{pointer}", self.base), "");
        let spots = std::iter::once(spot).chain(problem.spots.clone()).collect();
        Problem { spots, ..problem }
    }

    /// What it is called in its cluster; none where it has no name.
    pub(super) fn name(&self) -> Option<ObjectName> {
        ObjectName::of(self.value())
    }

    /// The namespace that it is in.
    pub(super) fn namespace(&self) -> String {
        self.name().map(|name| name.namespace).unwrap_or_default()
    }

    /// What is wrong with the fields that every kind has.
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.text("/metadata/name").is_none() {
            problems.push(self.error("/metadata", "a manifest needs a `metadata.name`"));
        }
        match self.value().pointer("/spec/instanceSelector") {
            None | Some(Value::Null) => problems.push(
                self.error("/spec", "this manifest has no `instanceSelector`")
                    .help("write `instanceSelector: {}` for every instance"),
            ),
            Some(selector) => {
                for (pointer, message) in selector_faults(selector) {
                    problems.push(self.error(&format!("/spec/instanceSelector{pointer}"), message));
                }
            }
        }
        for key in ["suspend", "allowCrossNamespaceImport"] {
            let pointer = format!("/spec/{key}");
            if self.at(&pointer).is_some_and(|value| !value.is_boolean()) {
                problems.push(self.error(&pointer, format!("`{key}` must be `true` or `false`")));
            }
        }
        if self.at("/spec/resyncPeriod").is_some_and(|value| value.as_str().is_none_or(|text| !is_duration(text))) {
            problems.push(
                self.error("/spec/resyncPeriod", "`resyncPeriod` is a length of time, as `10m`")
                    .help("write `10m`"),
            );
        }
        problems
    }

    /// Warns of the keys of an object, or of each object of a list, that nobody knows.
    pub(super) fn check_keys(&self, pointer: &str, of: &str, known: &[&str], problems: &mut Vec<Problem>) {
        let mut check = |pointer: &str, value: &Value| {
            for (key, _) in
                value.as_object().into_iter().flatten().filter(|(key, _)| !known.contains(&key.as_str()))
            {
                let spot = self.document.key_spot(&member(&format!("{}{pointer}", self.base), key), "");
                problems.push(
                    as_warning(unknown_key(of, key, known.iter().copied())).note("it is left out").spot(spot),
                );
            }
        };
        match self.at(pointer) {
            Some(Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    check(&format!("{pointer}/{i}"), item);
                }
            }
            Some(value) => check(pointer, value),
            None => {}
        }
    }

    /// Its uid: `spec.uid`, then what the object itself says, then the one that the cluster gave it; where there is none,
    /// one that follows from namespace, kind and name (`docs/uids.md`).
    pub(super) fn uid(
        &self,
        own: Option<&Value>,
        problems: &mut Vec<Problem>,
    ) -> Option<(String, UidFrom, UidRule)> {
        if let Some(text) = self.text("/spec/uid") {
            return self.checked("/spec/uid", text, UidRule::Spec, problems);
        }
        // What is wrong with the uid of the object itself, its own form says where it stands.
        if let Some(text) = own.and_then(Value::as_str).filter(|text| !text.is_empty()) {
            return Some((text.to_owned(), UidFrom::Document, UidRule::Own));
        }
        if let Some(text) = self.text("/metadata/uid") {
            return self.checked("/metadata/uid", text, UidRule::Cluster, problems);
        }
        let name = self.name()?;
        Some((derived(&name).to_string(), UidFrom::Manifest, UidRule::Name))
    }

    fn checked(
        &self,
        pointer: &str,
        text: &str,
        rule: UidRule,
        problems: &mut Vec<Problem>,
    ) -> Option<(String, UidFrom, UidRule)> {
        match checked_uid(text) {
            Ok(uid) => Some((uid.to_string(), UidFrom::Document, rule)),
            Err(problem) => {
                problems.push(problem.spot(self.document.spot(&format!("{}{pointer}", self.base), "")));
                None
            }
        }
    }

    /// The folder that it names by one of some fields; none where it names none.
    ///
    /// `fields` are that of the uid, and that of a `GrafanaFolder` of the same namespace.
    pub(super) fn parent(&self, fields: [&str; 2], problems: &mut Vec<Problem>) -> Option<Parent> {
        let [by_uid, by_ref] = fields;
        if let Some(text) = self.text(&format!("/spec/{by_uid}")) {
            if text == "general" {
                return Some(Parent::Root);
            }
            return match Uid::parse(text) {
                Ok(uid) => Some(Parent::Uid(uid)),
                Err(message) => {
                    let problem = self.error(&format!("/spec/{by_uid}"), message);
                    problems.push(problem.help(format!("`{by_uid}` holds the uid of a folder, not its title")));
                    None
                }
            };
        }
        let name = self.text(&format!("/spec/{by_ref}"))?;
        let namespace = self.namespace();
        match self.cluster.resource(OPERATOR, "GrafanaFolder", &namespace, name).and_then(uid_of_folder) {
            Some(uid) => Some(Parent::Uid(uid)),
            None => {
                let message =
                    format!("there is no `GrafanaFolder` `{name}` of the namespace `{namespace}` in the directory");
                problems.push(
                    self.error(&format!("/spec/{by_ref}"), message)
                        .help("add it to the directory, or name the folder by its uid"),
                );
                None
            }
        }
    }

    /// What is wrong where a manifest has more than one of some fields.
    pub(super) fn check_only_one(&self, fields: &[&str], problems: &mut Vec<Problem>) {
        let named: Vec<&str> =
            fields.iter().filter(|field| self.at(&format!("/spec/{field}")).is_some()).copied().collect();
        if named.len() < 2 {
            return;
        }
        let all: Vec<String> = named.iter().map(|field| format!("`{field}`")).collect();
        let problem = Problem::error("manifest", format!("{} exclude each other", all.join(" and ")));
        let spot = |field: &&str| self.document.key_spot(&format!("{}/spec/{field}", self.base), "");
        problems.push(named.iter().map(spot).fold(problem, Problem::spot).help("keep one of them"));
    }

    /// The title of the folder that it is in, where it names none by its uid: `folder`, else the namespace.
    pub(super) fn folder_title(&self) -> FolderTitle {
        let pointer = format!("{}/spec/folder", self.base);
        match self.text("/spec/folder") {
            Some(title) => FolderTitle {
                title: title.trim().to_owned(),
                spot: self.document.spot(&pointer, ""),
                is_namespace: false,
            },
            None => FolderTitle {
                title: self.namespace(),
                spot: self.document.spot(&format!("{}/metadata", self.base), ""),
                is_namespace: true,
            },
        }
    }
}

/// The uid that follows from what an object is called in its cluster.
pub(super) fn derived(name: &ObjectName) -> Uid {
    manifest_uid(&name.namespace, &name.kind, &name.name)
}

/// The uid of a `GrafanaFolder`.
pub(super) fn uid_of_folder(folder: &Resource) -> Option<Uid> {
    let word = |pointer: &str| folder.at(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    match word("/spec/uid").or(word("/metadata/uid")) {
        Some(text) => Uid::parse(text).ok(),
        None => ObjectName::of(folder.value()).map(|name| derived(&name)),
    }
}

/// Whether a text is a length of time as Go writes it: `10m`, `1h30m`, `1.5s`.
fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 8] = ["ns", "us", "\u{b5}s", "\u{3bc}s", "ms", "s", "m", "h"];
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let unit = &rest[digits..];
        let length = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        if rest[..digits].parse::<f64>().is_err() || !UNITS.contains(&&unit[..length]) {
            return false;
        }
        rest = &unit[length..];
    }
    !text.is_empty()
}
