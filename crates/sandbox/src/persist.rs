//! Keeps the workspace in a file: a snapshot, written whole and put in place at once, and beside it a journal to which
//! every change is appended before it is answered. What was answered survives the end of the process, however it ends.
//!
//! A line of the journal that was cut short was never answered and is left out. One process at a time: the file beside
//! the snapshot that ends in `.lock` is held while it is open.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::state::{Key, State};
use super::upgrade::upgrade;
use super::version::Version;

/// The journal is folded into the snapshot beyond this many bytes.
const JOURNAL_LIMIT: u64 = 256 * 1024 * 1024;

/// The open data file.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    version: Version,
    journal: File,
    sequence: u64,
    lock: File,
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    /// What this file is, for whoever opens it.
    about: String,
    /// The version of Grafana it was made by.
    grafana: String,
    /// The last change it holds.
    sequence: u64,
    things: Vec<Thing>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    sequence: u64,
    things: Vec<Thing>,
}

/// A key with its value; none when it was removed.
#[derive(Serialize, Deserialize)]
struct Thing(Key, Option<Box<RawValue>>);

impl Store {
    /// Opens a data file, or begins one; one of an older version is upgraded, as that Grafana upgrades its database.
    ///
    /// Refuses one that another process serves, and one that this version does not open.
    pub(crate) fn open(path: &Path, version: Version) -> Result<(Store, State)> {
        let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory).with_context(|| format!("cannot create `{}`", directory.display()))?;
        let lock = lock(path)?;
        let mut state = State::default();
        let mut sequence = 0;
        let mut made_by = version.name().to_owned();
        if let Some(snapshot) = read_snapshot(path)? {
            sequence = snapshot.sequence;
            made_by = snapshot.grafana;
            apply(&mut state, snapshot.things).with_context(|| format!("in `{}`", path.display()))?;
        }
        let journal_path = beside(path, "journal");
        let journal_text = match std::fs::read(&journal_path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => {
                return Err(e).with_context(|| format!("cannot read `{}`", journal_path.display()));
            }
        };
        for line in read_journal(&journal_path, &journal_text)? {
            if line.sequence > sequence {
                sequence = line.sequence;
                apply(&mut state, line.things).with_context(|| format!("in `{}`", journal_path.display()))?;
            }
        }
        let other = made_by != version.name();
        if other {
            adopt(path, &made_by, version, &mut state)?;
        }
        let journal = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&journal_path)
            .with_context(|| format!("cannot write `{}`", journal_path.display()))?;
        let mut store = Store { path: path.to_owned(), version, journal, sequence, lock };
        if other || !journal_text.is_empty() || !path.exists() {
            store.snapshot(&state)?;
        }
        Ok((store, state))
    }

    /// Writes what changed; when this returns, it will be there after any end of the process.
    pub(crate) fn save(&mut self, state: &mut State) -> Result<()> {
        if state.changed.is_empty() {
            return Ok(());
        }
        let changed = std::mem::take(&mut state.changed);
        self.sequence += 1;
        let mut line = serde_json::to_vec(&Line { sequence: self.sequence, things: things(state, &changed)? })?;
        line.push(b'\n');
        self.journal.write_all(&line).with_context(|| format!("cannot write beside `{}`", self.path.display()))?;
        if self.journal.metadata().is_ok_and(|m| m.len() > JOURNAL_LIMIT) {
            self.snapshot(state)?;
        }
        Ok(())
    }

    /// Writes everything into the data file and empties the journal.
    pub(crate) fn snapshot(&mut self, state: &State) -> Result<()> {
        let snapshot = Snapshot {
            about: "the data of amgctl's embedded workspace; changes since stand in the file `.journal` beside it"
                .into(),
            grafana: self.version.name().to_owned(),
            sequence: self.sequence,
            things: things(state, &every_key(state))?,
        };
        let directory = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let told = || format!("cannot write `{}`", self.path.display());
        let mut file = tempfile::NamedTempFile::new_in(directory).with_context(told)?;
        let mut writer = BufWriter::new(file.as_file_mut());
        serde_json::to_writer(&mut writer, &snapshot).with_context(told)?;
        writer.flush().with_context(told)?;
        drop(writer);
        file.persist(&self.path).with_context(told)?;
        // A crash between these two lines leaves lines that the snapshot holds already; their sequence tells.
        self.journal.set_len(0).with_context(told)
    }
}

/// Which version made a data file; none when there is no file, or when it names none that is served.
pub(crate) fn made_by(path: &Path) -> Result<Option<Version>> {
    Ok(read_snapshot(path)?.and_then(|snapshot| snapshot.grafana.parse().ok()))
}

impl Drop for Store {
    fn drop(&mut self) {
        // Closing the file lets the lock go too, but not while a child process that was being started still shares it.
        let _ = self.lock.unlock();
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn lock(path: &Path) -> Result<File> {
    let lock_path = beside(path, "lock");
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .with_context(|| format!("cannot open `{}`", lock_path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!(
            "`{}` is in use: another process serves this embedded workspace; stop it, or use its address with `--url`",
            path.display()
        ),
        Err(TryLockError::Error(e)) => Err(e).with_context(|| format!("cannot lock `{}`", lock_path.display())),
    }
}

fn read_snapshot(path: &Path) -> Result<Option<Snapshot>> {
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .with_context(|| format!("`{}` is not a data file of the embedded workspace", path.display()))
            .map(Some),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot read `{}`", path.display())),
    }
}

/// A file that another version made, and this one cannot serve.
#[derive(Debug)]
pub struct MadeByAnother {
    file: String,
    by: String,
    version: Version,
    because: String,
}

impl MadeByAnother {
    /// What to do instead.
    #[must_use]
    pub fn hint(&self) -> String {
        format!("serve it as {}, or use another file", self.by)
    }
}

impl std::fmt::Display for MadeByAnother {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let MadeByAnother { file, by, version, because } = self;
        write!(f, "`{file}` was made by Grafana {by}, not {version}: {because}")
    }
}

impl std::error::Error for MadeByAnother {}

/// Turns what another version kept into what this one keeps, if it does.
fn adopt(path: &Path, made_by: &str, version: Version, state: &mut State) -> Result<()> {
    let because = match made_by.parse() {
        Ok(from) => match upgrade(state, from, version) {
            Ok(()) => return Ok(()),
            Err(because) => because,
        },
        Err(_) => "that version is not known here".to_owned(),
    };
    Err(MadeByAnother { file: path.display().to_string(), by: made_by.to_owned(), version, because }.into())
}

fn read_journal(path: &Path, text: &[u8]) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut pieces = text.split_inclusive(|b| *b == b'\n').peekable();
    while let Some(piece) = pieces.next() {
        match serde_json::from_slice(piece) {
            Ok(line) if piece.ends_with(b"\n") => lines.push(line),
            _ if pieces.peek().is_none() => break,
            Ok(_) => break,
            Err(e) => return Err(e).with_context(|| format!("`{}` is damaged", path.display())),
        }
    }
    Ok(lines)
}

fn every_key(state: &State) -> BTreeSet<Key> {
    let mut keys = BTreeSet::from([Key::Counters]);
    keys.extend(state.folders.keys().cloned().map(Key::Folder));
    keys.extend(state.library.keys().cloned().map(Key::LibraryElement));
    keys.extend(state.datasources.keys().copied().map(Key::Datasource));
    keys.extend(state.accounts.keys().copied().map(Key::Account));
    keys.extend(state.tokens.keys().copied().map(Key::Token));
    for (uid, dashboard) in &state.dashboards {
        keys.insert(Key::Dashboard(uid.clone()));
        keys.extend(dashboard.revisions.iter().map(|r| Key::Revision(uid.clone(), r.id)));
    }
    keys
}

fn things(state: &State, keys: &BTreeSet<Key>) -> Result<Vec<Thing>> {
    fn raw<T: Serialize>(value: Option<&T>) -> Result<Option<Box<RawValue>>> {
        Ok(value.map(serde_json::value::to_raw_value).transpose()?)
    }
    keys.iter()
        .map(|key| {
            let value = match key {
                Key::Counters => raw(Some(&state.counters)),
                Key::Folder(uid) => raw(state.folders.get(uid)),
                Key::Dashboard(uid) => raw(state.dashboards.get(uid)),
                Key::Revision(uid, id) => {
                    raw(state.dashboards.get(uid).and_then(|d| d.revisions.iter().find(|r| r.id == *id)))
                }
                Key::Datasource(id) => raw(state.datasources.get(id)),
                Key::Account(id) => raw(state.accounts.get(id)),
                Key::Token(id) => raw(state.tokens.get(id)),
                Key::LibraryElement(uid) => raw(state.library.get(uid)),
            };
            Ok(Thing(key.clone(), value?))
        })
        .collect()
}

/// Puts things into the state; dashboards come before their revisions, as keys are ordered.
fn apply(state: &mut State, mut things: Vec<Thing>) -> Result<()> {
    fn read<T: for<'de> Deserialize<'de>>(value: &RawValue) -> Result<T> {
        Ok(serde_json::from_str(value.get())?)
    }
    things.sort_by(|a, b| a.0.cmp(&b.0));
    for Thing(key, value) in things {
        match (key, value) {
            (Key::Counters, Some(value)) => state.counters = read(&value)?,
            (Key::Counters, None) => {}
            (Key::Folder(uid), Some(value)) => drop(state.folders.insert(uid, read(&value)?)),
            (Key::Folder(uid), None) => drop(state.folders.remove(&uid)),
            (Key::Dashboard(uid), Some(value)) => {
                let mut dashboard: super::state::Dashboard = read(&value)?;
                if let Some(known) = state.dashboards.remove(&uid) {
                    dashboard.revisions = known.revisions;
                    dashboard.spec = known.spec;
                }
                state.dashboards.insert(uid, dashboard);
            }
            (Key::Dashboard(uid), None) => drop(state.dashboards.remove(&uid)),
            (Key::Revision(uid, id), value) => {
                let Some(dashboard) = state.dashboards.get_mut(&uid) else {
                    continue;
                };
                dashboard.revisions.retain(|r| r.id != id);
                if let Some(value) = value {
                    dashboard.revisions.push(read(&value)?);
                    dashboard.revisions.sort_by_key(|r| r.id);
                }
                dashboard.spec = dashboard.revisions.last().map(|r| r.spec.clone()).unwrap_or_default();
            }
            (Key::Datasource(id), Some(value)) => drop(state.datasources.insert(id, read(&value)?)),
            (Key::Datasource(id), None) => drop(state.datasources.remove(&id)),
            (Key::Account(id), Some(value)) => drop(state.accounts.insert(id, read(&value)?)),
            (Key::Account(id), None) => drop(state.accounts.remove(&id)),
            (Key::Token(id), Some(value)) => drop(state.tokens.insert(id, read(&value)?)),
            (Key::Token(id), None) => drop(state.tokens.remove(&id)),
            (Key::LibraryElement(uid), Some(value)) => drop(state.library.insert(uid, read(&value)?)),
            (Key::LibraryElement(uid), None) => drop(state.library.remove(&uid)),
        }
    }
    Ok(())
}
