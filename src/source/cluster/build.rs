//! How the files of a directory become manifests: which are reached, and what is put into each, as kustomize and Flux
//! would do it. What says so is looked for in [`find`].

mod find;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::envsubst::{SecretKey, Variables};
use super::kustomize::Changes;
use super::{OPERATOR, substitution};
use crate::model::{Problem, Spot};
use crate::source::document::{self, Format, Parsed};
use crate::source::text::SourceText;

pub(super) use find::{astray, find};

/// How the files of a directory are read. By default each as it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Build {
    sets: Vec<Set>,
    /// The files that a set reaches.
    files: BTreeMap<Arc<str>, (usize, Changes)>,
    /// What is said of the files that no set reaches; none where every file belongs to the first set.
    others: Option<Others>,
    /// What may have been meant to be applied.
    left_open: Option<LeftOpen>,
}

/// Files that no Kustomization applies, where it is open whether one was meant to.
#[derive(Clone, Debug)]
struct LeftOpen {
    files: BTreeSet<Arc<str>>,
    /// Why that is open, as a sentence.
    why: String,
}

/// What is built together: everything that a Flux Kustomization applies, or all that is read.
#[derive(Clone, Debug, Default)]
struct Set {
    /// Its directory; empty for the root.
    directory: String,
    variables: Variables,
    /// Whether texts are looked through for variables.
    replaces: bool,
    /// Whether what leaves the directory is kept in the workspace.
    keeps: bool,
    handling: Handling,
    /// The Secrets that variables come from: namespace, name, and where that is said.
    secrets: Vec<(String, String, Spot)>,
}

/// Why files declare nothing.
#[derive(Clone, Debug)]
struct Others {
    /// Of files that no set reaches.
    reason: String,
    /// Of files that were followed.
    followed: BTreeMap<Arc<str>, String>,
}

/// What a Flux Kustomization says of all its objects.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Handling {
    /// The name of the Kustomization, where it is suspended.
    pub suspended: Option<String>,
    /// Whether objects may be replaced where they cannot be changed.
    pub replace: bool,
}

/// A file as it is read.
pub(crate) struct Rendered {
    /// Its text, variables replaced.
    pub source: SourceText,
    /// The documents of that text, changed as their kustomizations say.
    pub documents: Vec<Parsed>,
    /// What is wrong with the text.
    pub faults: Vec<Problem>,
    /// What is wrong with the variables in it.
    pub problems: Vec<Problem>,
}

impl Build {
    /// Reads the documents of a file.
    pub(crate) fn read(&self, source: &SourceText, format: Format) -> Rendered {
        let (documents, faults) = document::parse(source, format);
        let mut rendered = Rendered { source: source.clone(), documents, faults, problems: Vec::new() };
        let found = self.set(&source.file);
        if let Some((set, _)) = found.filter(|(set, _)| set.replaces) {
            let (edited, problems) =
                substitution::substitute(source, format, &rendered.documents, &set.variables, &is_ours);
            rendered.problems = problems;
            if let Some(edited) = edited {
                let (documents, faults) = document::parse(&edited, format);
                let note = "this text is read after its variables were replaced";
                rendered.faults = faults.into_iter().map(|fault| fault.note(note)).collect();
                (rendered.documents, rendered.source) = (documents, edited);
            }
            let changes = found.map(|(set, changes)| changes.replaced(&set.variables)).unwrap_or_default();
            rendered.documents.iter_mut().for_each(|parsed| changes.apply(&mut parsed.value));
            return rendered;
        }
        rendered.problems = substitution::left_as_written(source, format, &rendered.documents);
        if let Some((_, changes)) = found {
            rendered.documents.iter_mut().for_each(|parsed| changes.apply(&mut parsed.value));
        }
        rendered
    }

    fn set(&self, file: &str) -> Option<(&Set, &Changes)> {
        static NONE: LazyLock<Changes> = LazyLock::new(Changes::default);
        match self.files.get(file) {
            Some((set, changes)) => Some((self.sets.get(*set)?, changes)),
            None if self.others.is_none() => Some((self.sets.first()?, &NONE)),
            None => None,
        }
    }

    /// Why a file declares nothing, as the rest of a sentence; none where it is read for what it declares.
    pub(crate) fn left_out(&self, file: &str) -> Option<&str> {
        let others = self.others.as_ref()?;
        match others.followed.get(file) {
            Some(reason) => Some(reason),
            None if self.files.contains_key(file) => None,
            None => Some(&others.reason),
        }
    }

    /// Whether variables in a file count: it is read for what it declares, or says what else is read.
    pub(super) fn takes_variables(&self, file: &str) -> bool {
        self.left_out(file).is_none()
            || self.others.as_ref().is_some_and(|others| others.followed.contains_key(file))
    }

    /// What the Flux Kustomization around a file says of its objects.
    pub(crate) fn handling(&self, file: &str) -> Handling {
        self.set(file).map(|(set, _)| set.handling.clone()).unwrap_or_default()
    }

    /// Whether what is gone from a file is kept in the workspace: its Flux Kustomization does not prune.
    pub(crate) fn keeps(&self, file: &str) -> bool {
        if let Some((set, _)) = self.files.get(file) {
            return self.sets.get(*set).is_some_and(|set| set.keeps);
        }
        let around = |set: &&Set| set.directory.is_empty() || file.starts_with(&format!("{}/", set.directory));
        match self.sets.iter().filter(around).max_by_key(|set| set.directory.len()) {
            Some(innermost) => innermost.keeps,
            // It stood beside them all, in a base: kept where none of them would have deleted it.
            None => !self.sets.is_empty() && self.sets.iter().all(|set| set.keeps),
        }
    }

    /// Why what was applied from a file is left as it is: nothing applies the file now, and that may be a slip.
    pub(crate) fn left_open(&self, file: &str) -> Option<&str> {
        self.left_open.as_ref().filter(|open| open.files.contains(file)).map(|open| open.why.as_str())
    }

    /// The values that variables take from Secrets, where manifests refer to them.
    pub(super) fn secret_values(&self) -> impl Iterator<Item = (&SecretKey, &str)> {
        self.sets.iter().flat_map(|set| set.variables.secrets())
    }

    /// The Secrets that variables come from: namespace, name, and where that is said.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &(String, String, Spot)> {
        self.sets.iter().flat_map(|set| &set.secrets)
    }
}

// Whether a fault in the variables of an object is worth an error: what is for others, others find out.
fn is_ours(object: &Value) -> bool {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("apiVersion").split_once('/') {
        Some((group, _)) => {
            group == OPERATOR || group.ends_with("external-secrets.io") || group.ends_with(".grafana.app")
        }
        None => matches!(text("kind"), "ConfigMap" | "Secret"),
    }
}

#[cfg(test)]
mod tests;
