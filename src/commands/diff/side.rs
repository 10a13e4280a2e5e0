//! One side of a comparison: what a file or a directory declares, and its bodies as they may be shown.
//!
//! Values from elsewhere are compared as they are written: both sides stand in files, and neither variables nor AWS are
//! asked what they stand for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::kinds;
use crate::model::{Address, Declared, Parent, Place, Problem, Secret, Severity, UidFrom};
use crate::source::{self, Bound, Directory, LoadOptions};

/// What a file or a directory declares.
pub struct Side {
    /// As it was read.
    pub directory: Directory,
    /// The same with values for the secrets that are kept in AWS: how they are written.
    pub bound: Bound,
}

/// One object of a side.
pub struct Item<'a> {
    /// What it is called.
    pub address: Address,
    /// Its title or name.
    pub title: &'a str,
    /// Where it stands.
    pub place: &'a Place,
    /// The folder it belongs in.
    pub parent: &'a Parent,
    /// Whether its uid stands in its document.
    pub has_written_uid: bool,
    /// The object; none for a folder, which is its title.
    pub declared: Option<&'a Declared>,
    /// Whether its inputs are open, so that its digest says nothing.
    pub is_open: bool,
}

/// How a directory is read whose values from elsewhere are to be compared as they are written.
pub fn as_written(directory: &Path) -> LoadOptions {
    let settings =
        if directory.is_dir() { source::read_settings(directory).0 } else { source::FileSettings::default() };
    LoadOptions { environment: Arc::new(|name| Some(format!("$__env{{{name}}}"))), ..LoadOptions::new(settings) }
}

impl Side {
    /// Reads a directory.
    pub fn directory(root: &Path) -> Side {
        Side::of(source::load(root, &as_written(root)))
    }

    /// Reads one file.
    pub fn file(file: &Path) -> Side {
        let options = LoadOptions { settings: source::FileSettings::default(), ..as_written(Path::new("")) };
        Side::of(load_file(file, options))
    }

    /// A side that has nothing.
    pub fn nothing() -> Side {
        let options = LoadOptions { stream: Some(Ok(Arc::from([]))), ..as_written(Path::new("")) };
        Side::of(source::load(Path::new(""), &options))
    }

    fn of(directory: Directory) -> Side {
        let kept = directory.objects.iter().flat_map(|object| &object.secrets).filter_map(|one| one.kept.clone());
        let values = kept.map(|kept| (kept.clone(), Secret::new(format!("{kept:?}")))).collect();
        let bound = Bound::unbound(&directory).with_secrets(values);
        Side { directory, bound }
    }

    /// What is wrong with it.
    pub fn errors(&self) -> Vec<Problem> {
        self.directory.problems.iter().filter(|problem| problem.severity == Severity::Error).cloned().collect()
    }

    /// Its objects, by address.
    pub fn items(&self) -> BTreeMap<Address, Item<'_>> {
        let objects = self.bound.objects.iter().map(|declared| (declared, false));
        let open = self.bound.unresolved.iter().map(|open| (&open.declared, true));
        let objects = objects.chain(open).map(|(declared, is_open)| Item {
            address: declared.address.clone(),
            title: &declared.headline.title,
            place: &declared.place,
            parent: &declared.parent,
            has_written_uid: declared.uid_from == UidFrom::Document,
            declared: Some(declared),
            is_open,
        });
        let folders = self.bound.folders.iter().filter_map(|folder| {
            let uid = folder.uid.clone().or_else(|| folder.path.as_ref().map(source::folder_uid))?;
            Some(Item {
                address: Address::new(kinds::CONTAINER, uid),
                title: &folder.title,
                place: &folder.place,
                parent: &folder.parent,
                has_written_uid: folder.uid.is_some(),
                declared: None,
                is_open: false,
            })
        });
        objects.chain(folders).map(|item| (item.address.clone(), item)).collect()
    }

    /// The normal form of an object as it may be shown.
    pub fn shown(&self, item: &Item<'_>) -> Result<Value, Box<Problem>> {
        let kind = kinds::by_name(item.address.kind);
        let body = match item.declared {
            Some(declared) => self.bound.body(declared)?.shown,
            None => kind.titled(item.title).unwrap_or_default(),
        };
        Ok(kind.normal(body).whole())
    }

    /// The secrets of an object, by key, to be told apart and never shown.
    pub fn secrets(&self, item: &Item<'_>) -> Result<BTreeMap<String, Secret>, Box<Problem>> {
        match item.declared.filter(|declared| !declared.secrets.is_empty()) {
            Some(declared) => Ok(self.bound.secrets(declared)?.into_iter().collect()),
            None => Ok(BTreeMap::new()),
        }
    }
}

/// Reads one file, wherever it is, as a directory that has nothing else.
pub fn load_file(file: &Path, options: LoadOptions) -> Directory {
    let root = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    source::load(root, &LoadOptions { only: Some(name.into()), ..options })
}
