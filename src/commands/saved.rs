//! Saved plans as files: written beside and renamed, read with their digest compared, and held against what is there now.
//!
//! What a saved plan still allows is decided in [`crate::saved::review`]; what refuses it as a whole stands here.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::Path;

use super::gather::Gathered;
use super::{Exit, Failure, Session, directory, origin, record, shown};
use crate::kinds;
use crate::model::{Address, RecordState, Severity};
use crate::plan::Change;
use crate::saved::review::{Now, Sealed, allowed, differences};
use crate::saved::{self, Asked, FORMAT, SavedBody, SavedDirectory, SavedPlan, Seals};
use crate::settings::UsageError;

/// The most bytes of a saved plan that are read.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// How many differences from a reviewed plan are named.
const NAMED: usize = 20;

/// A plan that was approved in a file.
pub struct Reviewed {
    /// The plan.
    pub plan: Box<SavedPlan>,
    /// The digest of its file.
    pub digest: String,
    /// What it is good for.
    pub how: How,
}

/// What a plan in a file is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// It is carried out: what has moved since is refused.
    CarriedOut {
        /// Nothing is written where something has moved.
        all_or_nothing: bool,
    },
    /// A plan made anew is carried out where it is the same.
    Compared,
}

/// What of a plan is left once a saved one was held against it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// Everything that is to be carried out.
    Everything,
    /// Something has moved, and that means that nothing is carried out.
    TooLittle,
}

/// What is written, where a plan holds it.
pub type Held = Option<BTreeMap<Address, SavedBody>>;

/// Whether a path that was typed is a saved plan's, not a directory.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Writes a plan into a file; gives the file's digest.
pub fn write(path: &Path, gathered: &Gathered, bodies: Held, session: &Session<'_>) -> Result<String, Failure> {
    let failed = |why: String| Failure::new(Exit::Error, format!("the plan could not be saved: {why}"));
    let key = record::random()?;
    let text = saved_plan(gathered, bodies, key, session).text();
    // What is nested too deep to be read again is not written.
    SavedPlan::read(&text).map_err(|why| failed(format!("the file {why}")))?;
    let at = |why: std::io::Error| failed(format!("`{}`: {why}", shown(path)));
    write_beside(path, text.as_bytes()).map_err(at)?;
    Ok(saved::digest(text.as_bytes()))
}

/// A plan as if it had been saved and read: what has moved when it is carried out is refused.
pub fn in_hand(gathered: &Gathered, session: &Session<'_>) -> Result<Reviewed, Failure> {
    let plan = saved_plan(gathered, None, record::random()?, session);
    let digest = saved::digest(plan.text().as_bytes());
    Ok(Reviewed { plan: Box::new(plan), digest, how: How::CarriedOut { all_or_nothing: false } })
}

/// Refuses a path that no file can be renamed to, before anything is read.
pub fn may_be_written(path: &Path) -> Result<(), UsageError> {
    if path.as_os_str() == "-" {
        return Err(UsageError::new("--out -: a saved plan is a file").hint("name a file, as --out plan.json"));
    }
    if path.exists() && !path.is_file() {
        return Err(UsageError::new(format!("--out {}: this is not a regular file", path.display()))
            .hint("name a file, as --out plan.json"));
    }
    Ok(())
}

fn write_beside(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Only its owner reads a temporary file, and so it stays: a plan says much of a workspace.
    let mut beside = tempfile::Builder::new().prefix(".amgctl.plan.").tempfile_in(directory)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    #[cfg(unix)]
    std::fs::File::open(directory)?.sync_all()?;
    Ok(())
}

fn saved_plan(gathered: &Gathered, bodies: Held, key: String, session: &Session<'_>) -> SavedPlan {
    let settings = &gathered.settings;
    let mut plan = gathered.plan.clone();
    saved::without_lost_fingerprints(&mut plan);
    // Where the record is, its fingerprints tell as much, and their key stands in no file.
    let seals = match plan.record {
        RecordState::Absent | RecordState::Off => Some(Seals { of: sealed(&key, gathered), key }),
        RecordState::There(_) | RecordState::Unknown(_) => None,
    };
    SavedPlan {
        format: FORMAT,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        commit: origin::commit(&settings.directory, session),
        workspace: workspace(gathered),
        origin: gathered.held.origin.clone(),
        directory: SavedDirectory {
            path: settings.directory.to_string_lossy().into_owned(),
            digest: gathered.digest.clone(),
            objects: gathered.objects,
        },
        asked: Asked {
            rules: gathered.asked.clone(),
            take_over: settings.take_over,
            take_over_stack: settings.take_over_stack.clone(),
            lets_references_pass: settings.unknown_references == Severity::Warning,
        },
        recorded: saved::recorded(&plan, gathered.held.objects()),
        seals: seals.filter(|seals| !seals.of.is_empty()),
        plan,
        bodies,
    }
}

/// The secrets of what a plan writes, as a file may hold them. What cannot be read is left out, and so refused later.
fn sealed(key: &str, gathered: &Gathered) -> Sealed {
    let seal = |change: &Change| {
        let address = &change.address;
        kinds::by_name(address.kind).facts().secrets?;
        change.intent.as_ref()?;
        let written = (gathered.bodies)(address).ok()?;
        Some((address.clone(), saved::seal(key, address, &written.secrets)?))
    };
    gathered.plan.changes().filter_map(seal).collect()
}

/// The workspace as plans are compared by it: the embedded one is at another port each time.
fn workspace(gathered: &Gathered) -> String {
    match gathered.is_embedded() {
        true => "the embedded workspace".to_owned(),
        false => gathered.connection.client.url().to_owned(),
    }
}

/// Reads a saved plan. `digest` is what was typed of it: another file is refused.
pub fn read(path: &Path, digest: Option<&str>) -> Result<(Box<SavedPlan>, String), Failure> {
    let named = shown(path);
    let wanted = digest
        .map(|text| saved::parse_digest(text).map_err(|why| UsageError::new(format!("--digest {text}: {why}"))))
        .transpose()?;
    directory::must_exist(path)?;
    let unreadable = |why: String| Failure::new(Exit::Error, format!("`{named}` cannot be read: {why}")).lasting();
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|why| unreadable(why.to_string()))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|why| unreadable(why.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(format!("it has more than {} MiB", MAX_BYTES / 1024 / 1024)));
    }
    let digest = saved::digest(&bytes);
    if let Some(wanted) = wanted.filter(|wanted| *wanted != digest) {
        return Err(refused(format!("`{named}` is not the plan whose digest was given"))
            .note(format!("it is {digest}"))
            .note(format!("wanted is {wanted}"))
            .hint("get the file again from where it was reviewed, or plan again"));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| refused(format!("`{named}` is not a saved plan: it is not text")))?;
    let plan = SavedPlan::read(&text).map_err(|why| {
        refused(format!("`{named}` {why}")).hint("plan again, with this amgctl: `amgctl plan --out`")
    })?;
    Ok((Box::new(plan), digest))
}

/// A saved plan that is not carried out.
fn refused(words: impl Into<String>) -> Failure {
    Failure::new(Exit::Conflict, words).lasting()
}

impl Reviewed {
    /// The plan and its bodies, where it is carried out and holds them.
    pub fn contained(&self) -> Option<(&SavedPlan, &BTreeMap<Address, SavedBody>)> {
        match self.how {
            How::CarriedOut { .. } => Some((&*self.plan, self.plan.bodies.as_ref()?)),
            How::Compared => None,
        }
    }

    /// Holds it against what was planned anew: leaves in there what may be carried out.
    pub fn keep(&self, gathered: &mut Gathered) -> Result<Kept, Failure> {
        match self.how {
            How::CarriedOut { all_or_nothing } => {
                self.still_stands(gathered)?;
                let sealed = &self.sealed(gathered);
                let (plan, recorded) = (&gathered.plan, gathered.held.objects());
                let now = Now { plan, recorded, seen: &gathered.seen, sealed };
                let left = allowed(&self.plan, now);
                gathered.plan = left.plan;
                Ok(if all_or_nothing && !left.moved.is_empty() { Kept::TooLittle } else { Kept::Everything })
            }
            How::Compared => {
                self.is_for(gathered)?;
                let found = differences(&self.plan, &gathered.plan, &self.sealed(gathered));
                if found.is_empty() {
                    return Ok(Kept::Everything);
                }
                let failure = refused("what is to be done is not what was reviewed; nothing was written");
                let failure = found.iter().take(NAMED).fold(failure, Failure::note);
                let failure = match found.len().checked_sub(NAMED) {
                    None | Some(0) => failure,
                    Some(more) => failure.note(format!("and {more} more")),
                };
                Err(failure.hint("plan again, and have that reviewed"))
            }
        }
    }

    /// The secrets as they are now, under the plan's own key.
    fn sealed(&self, gathered: &Gathered) -> Sealed {
        match (&self.plan.seals, &self.plan.plan.record) {
            (Some(seals), _) => sealed(&seals.key, gathered),
            // Whatever has secrets is told by that it has a seal.
            (None, RecordState::Absent | RecordState::Off) => sealed("", gathered),
            (None, RecordState::There(_) | RecordState::Unknown(_)) => Sealed::new(),
        }
    }

    /// Whether it is for this workspace and this stack.
    fn is_for(&self, gathered: &Gathered) -> Result<(), Failure> {
        let (saved, now) = (&self.plan, workspace(gathered));
        if saved.workspace != now {
            return Err(refused(format!("the plan is for {}, and this is {now}", saved.workspace))
                .hint("name that workspace, by the flags that the plan was made with"));
        }
        let stack = &gathered.settings.stack;
        if saved.plan.stack != *stack {
            return Err(refused(format!("the plan is for stack `{}`, and this is `{stack}`", saved.plan.stack))
                .hint(format!("give --stack {}, as for the plan", saved.plan.stack)));
        }
        Ok(())
    }

    /// Whether anything of it may be carried out at all.
    fn still_stands(&self, gathered: &Gathered) -> Result<(), Failure> {
        let saved = &self.plan;
        self.is_for(gathered)?;
        if saved.plan.record.is_unknown() {
            return Err(refused("this plan is provisional: whoever made it could not read the stack's record")
                .hint("apply the directory with --reviewed and this file: it plans anew, and goes on where that is the same"));
        }
        if let RecordState::There(record) = &gathered.held.record
            && let Some(run) = record.runs.iter().find(|run| run.plan == self.digest)
        {
            return Err(refused(format!(
                "this plan was applied already, by {} at {}: {}",
                run.by, run.at, run.what
            ))
            .hint("plan again: what is still to be done is in the next plan"));
        }
        if saved.directory.digest != gathered.digest {
            return Err(refused(format!(
                "the directory `{}` is not as it was when the plan was made: nothing was written",
                shown(&gathered.settings.directory)
            ))
            .note(match saved.commit.as_str() {
                "" => "its files have another digest".to_owned(),
                commit => format!("its files have another digest; the plan was made at commit {commit}"),
            })
            .hint("plan again, or check out what the plan was made from"));
        }
        if gathered.plan.custody.moves() && !saved.plan.custody.moves() {
            return Err(refused("the record would change hands, which the plan does not show").hint("plan again"));
        }
        Ok(())
    }
}
