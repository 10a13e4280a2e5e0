//! What the embedded AWS keeps: its keys, secrets, parameters; in a file beside the workspace's, put in place at once.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::keys::Key;
use super::parameters::Parameter;
use super::secret::Stored;

/// Everything it keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Data {
    /// The key that it begins with.
    pub key: Key,
    /// Temporary keys.
    #[serde(default)]
    pub temporary: Vec<Key>,
    /// Secrets by name.
    #[serde(default)]
    pub secrets: BTreeMap<String, Stored>,
    /// Parameters by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// Tags of workspaces, by id.
    #[serde(default)]
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// The data, and where it is kept.
#[derive(Debug)]
pub(super) struct Kept {
    /// The data.
    pub data: Data,
    file: Option<PathBuf>,
}

impl Kept {
    /// Opens a file, or begins one; nothing is kept without one.
    pub(super) fn open(file: Option<PathBuf>) -> Result<Kept> {
        let fresh = || Data {
            key: Key::first(),
            temporary: Vec::new(),
            secrets: BTreeMap::new(),
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
        };
        let data = match file.as_ref().map(|path| (path, std::fs::read(path))) {
            None => fresh(),
            Some((path, Ok(text))) => serde_json::from_slice(&text)
                .with_context(|| format!("`{}` is not a data file of the embedded AWS", path.display()))?,
            Some((_, Err(error))) if error.kind() == std::io::ErrorKind::NotFound => fresh(),
            Some((path, Err(error))) => {
                return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
            }
        };
        let kept = Kept { data, file };
        kept.save()?;
        Ok(kept)
    }

    /// Writes it.
    pub(super) fn save(&self) -> Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
        let told = || format!("cannot write `{}`", path.display());
        let mut file = tempfile::NamedTempFile::new_in(directory).with_context(told)?;
        file.write_all(&serde_json::to_vec(&self.data)?).with_context(told)?;
        file.persist(path).with_context(told)?;
        Ok(())
    }
}
