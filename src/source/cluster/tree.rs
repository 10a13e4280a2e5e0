//! The files of a directory as kustomize and Flux see them: by paths from its root, kustomizations among them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::OPERATOR;
use crate::source::document::Format;
use crate::source::text::SourceText;
use crate::source::walk::{MAX_BYTES, STREAM};

/// The names that a kustomization's file may have.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What hides files of a repository from Flux.
const SOURCE_IGNORE: &str = ".sourceignore";

/// The files of a directory.
pub(super) struct Tree<'a> {
    root: &'a Path,
    files: BTreeMap<Arc<str>, PathBuf>,
    /// The texts of those that speak of a cluster.
    manifests: &'a BTreeMap<Arc<str>, SourceText>,
    /// The kustomizations, by their directories; the root's is empty.
    kustomizations: BTreeMap<String, String>,
}

impl<'a> Tree<'a> {
    /// The files that a walk found, with the texts of those that speak of a cluster.
    pub(super) fn new(
        root: &'a Path,
        files: &[(Arc<str>, PathBuf)],
        manifests: &'a BTreeMap<Arc<str>, SourceText>,
    ) -> Tree<'a> {
        let files: BTreeMap<Arc<str>, PathBuf> = files.iter().cloned().collect();
        let mut kustomizations = BTreeMap::new();
        for directory in directories(files.keys()) {
            let found = KUSTOMIZATIONS.iter().map(|name| joined(&directory, name)).find(|path| {
                // A file without an extension is not among those that are read.
                files.contains_key(path.as_str()) || path.ends_with(KUSTOMIZATIONS[2]) && is_inside(root, path)
            });
            if let Some(path) = found {
                kustomizations.insert(directory, path);
            }
        }
        Tree { root, files, manifests, kustomizations }
    }

    /// Whether it is what was piped in, and no directory.
    pub(super) fn is_stream(&self) -> bool {
        self.files.contains_key(STREAM)
    }

    /// The path of a file, if it is one of those that are read.
    pub(super) fn file(&self, path: &str) -> Option<Arc<str>> {
        self.files.get_key_value(path).map(|(path, _)| path.clone())
    }

    /// The files below a directory, sorted.
    pub(super) fn below(&self, directory: &str) -> impl Iterator<Item = &Arc<str>> {
        let below = if directory.is_empty() { String::new() } else { joined(directory, "") };
        self.files.keys().filter(move |file| file.starts_with(&below))
    }

    /// Whether a directory holds anything that is read.
    pub(super) fn is_directory(&self, path: &str) -> bool {
        path.is_empty() || self.below(path).next().is_some()
    }

    /// The path of the kustomization of a directory.
    pub(super) fn kustomization(&self, directory: &str) -> Option<&str> {
        self.kustomizations.get(directory).map(String::as_str)
    }

    /// The kustomizations, with their texts.
    pub(super) fn kustomizations(&self) -> impl Iterator<Item = (Arc<str>, SourceText)> {
        self.kustomizations.values().filter_map(|path| Some((path.as_str().into(), self.text(path)?)))
    }

    /// The text of a file that speaks of a cluster, or of a kustomization.
    pub(super) fn text(&self, path: &str) -> Option<SourceText> {
        if let Some(source) = self.manifests.get(path) {
            return Some(source.clone());
        }
        let file = self.root.join(path);
        let is_small = std::fs::metadata(&file).is_ok_and(|metadata| metadata.len() <= MAX_BYTES);
        let bytes = is_small.then(|| std::fs::read(&file).ok()).flatten()?;
        SourceText::new(path.into(), bytes).ok()
    }

    /// The YAML files that speak of a cluster.
    pub(super) fn manifests(&self) -> impl Iterator<Item = (&Arc<str>, &SourceText)> {
        self.manifests.iter().filter(|(file, _)| Format::of(file) == Some(Format::Yaml))
    }

    /// Whether a file holds a manifest of the grafana-operator, as far as its text tells: a definition of its kinds is none.
    pub(super) fn holds_operator(&self, file: &str) -> bool {
        let Some(source) = self.manifests.get(file) else { return false };
        let before = source.text.match_indices(OPERATOR).map(|(at, _)| &source.text[..at]);
        before.into_iter().any(|before| before.trim_end_matches(['"', '\'', ' ', ':']).ends_with("apiVersion"))
    }

    /// A directory as it is typed.
    pub(super) fn shown(&self, directory: &str) -> String {
        let path = if directory.is_empty() { self.root.to_owned() } else { self.root.join(directory) };
        path.display().to_string()
    }

    /// The directory that a path from the root of its repository names, if it is in the tree.
    ///
    /// The tree may be all of the repository or a directory of it; then the path begins with what leads there.
    pub(super) fn directory_of(&self, path: &str) -> Option<String> {
        let path = resolved("", path.trim_start_matches('/'))?;
        if self.is_directory(&path) {
            return Some(path);
        }
        let root = self.root.canonicalize().ok()?;
        let above: Vec<&str> = root.iter().filter_map(|part| part.to_str()).collect();
        let parts: Vec<&str> = path.split('/').collect();
        let leads_here = (1..=parts.len()).rev().filter(|count| above.ends_with(&parts[..*count]));
        leads_here.map(|count| parts[count..].join("/")).find(|rest| self.is_directory(rest))
    }

    /// Whether a path from the root of the repository is there, though nothing in it is read: an ignore file keeps it away.
    pub(super) fn is_kept_away(&self, path: &str) -> bool {
        let path = resolved("", path.trim_start_matches('/'));
        path.is_some_and(|path| !self.is_directory(&path) && self.root.join(path).exists())
    }

    /// The directory around the tree, as it is typed, that holds a directory of this path: at most the git checkout.
    pub(super) fn above(&self, path: &str) -> Option<String> {
        let path = resolved("", path.trim_start_matches('/'))?;
        let root = self.root.canonicalize().ok()?;
        let mut shown = PathBuf::from(self.root);
        for above in root.ancestors() {
            if above != root {
                shown.push("..");
                if above.join(&path).is_dir() {
                    return Some(shown.display().to_string());
                }
            }
            if above.join(".git").exists() {
                return None;
            }
        }
        None
    }

    /// The tree without what `.sourceignore` files hide from Flux; none where there is no such file.
    ///
    /// They are written as `.gitignore` files are, and one in a directory comes before those above it.
    pub(super) fn without_source_ignored(&self) -> Option<Tree<'a>> {
        let mut rules: BTreeMap<String, Gitignore> = BTreeMap::new();
        for directory in directories(self.files.keys()) {
            let file = self.root.join(&directory).join(SOURCE_IGNORE);
            let is_small = std::fs::metadata(&file).is_ok_and(|about| about.is_file() && about.len() <= MAX_BYTES);
            if !is_small || !is_inside(self.root, &joined(&directory, SOURCE_IGNORE)) {
                continue;
            }
            let mut builder = GitignoreBuilder::new(self.root.join(&directory));
            // A line that makes no sense hides nothing, as with Flux.
            let _ = builder.add(file);
            if let Ok(built) = builder.build() {
                rules.insert(directory, built);
            }
        }
        let is_hidden = |path: &str| {
            let above = path.rmatch_indices('/').map(|(at, _)| &path[..at]).chain([""]);
            let mut matching = above
                .filter_map(|directory| rules.get(directory))
                .map(|rules| rules.matched_path_or_any_parents(self.root.join(path), false));
            matching.find(|found| !found.is_none()).is_some_and(|found| found.is_ignore())
        };
        if rules.is_empty() {
            return None;
        }
        let files = self.files.iter().filter(|(path, _)| !is_hidden(path));
        let kustomizations = self.kustomizations.iter().filter(|(_, path)| !is_hidden(path));
        Some(Tree {
            root: self.root,
            files: files.map(|(path, file)| (path.clone(), file.clone())).collect(),
            manifests: self.manifests,
            kustomizations: kustomizations.map(|(at, path)| (at.clone(), path.clone())).collect(),
        })
    }

    /// The files that another tree has not.
    pub(super) fn files_not_in<'t>(&'t self, other: &'t Tree<'_>) -> impl Iterator<Item = &'t Arc<str>> {
        self.files.keys().filter(|file| !other.files.contains_key(*file))
    }

    /// Whether a directory has a kustomization at its root.
    pub(super) fn has_kustomization(root: &Path) -> bool {
        KUSTOMIZATIONS.iter().any(|name| root.join(name).is_file())
    }
}

// A link out of the tree is none of its files.
fn is_inside(root: &Path, path: &str) -> bool {
    let file = root.join(path);
    let inside = || Some(file.canonicalize().ok()?.starts_with(root.canonicalize().ok()?));
    file.is_file() && inside().unwrap_or(false)
}

// Every directory that leads to one of the files, the root among them.
fn directories<'f>(files: impl Iterator<Item = &'f Arc<str>>) -> std::collections::BTreeSet<String> {
    let mut all = std::collections::BTreeSet::from([String::new()]);
    for file in files {
        let above = file.match_indices('/').map(|(at, _)| file[..at].to_owned());
        all.extend(above);
    }
    all
}

/// A path below a directory of the tree; the root's is empty.
pub(super) fn joined(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// The path from the root of the tree that a path from one of its directories names; none where it leads out.
pub(super) fn resolved(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
