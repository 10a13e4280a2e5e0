//! The contents of dashboards that a directory only names: fetched between a first look at it and the reading that counts.

use std::path::{Path, PathBuf};

use super::{Exit, Failure};
use crate::fetch::{self, Pins, Reach, Sources, UrlMap};
use crate::model::{Problem, counted};
use crate::settings::{Machine, Revisions};
use crate::source::content::{ContentRequest, ContentRequests, Wanted};
use crate::source::lock::{LOCK_FILE, Lock};
use crate::source::{self, Directory, LoadOptions};

/// How far contents are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asking {
    /// On this machine: nothing is sent.
    This,
    /// Wherever they are.
    Everywhere(Revisions),
}

/// Reads a directory with the contents that it names, each fetched once. Where it names none, it is read once.
///
/// What is wrong with a content is in [`Directory::problems`].
pub async fn load(
    root: &Path,
    options: LoadOptions,
    asking: Asking,
    machine: &Machine,
) -> Result<Directory, Failure> {
    let first = source::load(root, &options);
    if first.awaited.is_empty() {
        return Ok(first);
    }
    // What is piped in stands where it is piped in.
    let beside = if options.stream.is_some() { Path::new(".") } else { root };
    let (lock, mut problems) = Lock::read(beside);
    let (reach, revisions) = match asking {
        Asking::This => (Reach::Machine, Revisions::Pinned),
        Asking::Everywhere(revisions) => (Reach::Network, revisions),
    };
    let sources = Sources {
        root: beside,
        map: url_map(beside, &options)?,
        reach,
        cache: cache(machine),
        path: machine.variable("PATH").map(Into::into),
        lock: &lock,
        pins: if revisions == Revisions::Newest { Pins::Renewed } else { Pins::Kept },
        config_map: &|key| first.config_map(key),
        secret: &|key| first.secret(key),
    };
    if reach == Reach::Network
        && let Some(why) = machine.faults.of_network()
    {
        return Err(Failure::new(Exit::Usage, why).hint("set it anew, or unset it"));
    }
    let fetched = fetch::fetch(&first.awaited, &sources).await;
    match revisions {
        Revisions::Newest => pin(beside, &lock, &renewed(&first.awaited, &lock, &fetched.pins))?,
        Revisions::Pinned | Revisions::PinnedOnly => {
            problems.extend(unpinned(&first.awaited, &lock, &fetched.pins, revisions));
        }
    }
    problems.extend(unencrypted(&first.awaited, &sources.map));
    let mut directory = source::load(root, &LoadOptions { contents: fetched.contents, ..options });
    directory.problems.extend(problems);
    if reach == Reach::Network {
        directory.problems.extend(missing(&directory.awaited));
    }
    Ok(directory)
}

/// What to say where contents were not asked for; none where all were.
#[must_use]
pub fn not_asked_for(directory: &Directory) -> Option<String> {
    let contents = directory.awaited.len();
    let were = if contents == 1 { "was" } else { "were" };
    (contents > 0).then(|| {
        format!(
            "note: {} elsewhere {were} not looked at: a plan fetches them, and --url-map reads them from a directory",
            counted(contents, "content")
        )
    })
}

fn url_map(root: &Path, options: &LoadOptions) -> Result<UrlMap, Failure> {
    let mut map = UrlMap::default();
    for (prefix, directory) in &options.settings.url_map {
        let usage = |why| Failure::new(Exit::Usage, format!("url_map: {why}"));
        map.add(prefix, directory, root).map_err(usage)?;
    }
    Ok(map)
}

/// Where copies are kept between runs; nowhere on a machine without a home.
fn cache(machine: &Machine) -> Option<PathBuf> {
    let named = machine.variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || Some(PathBuf::from(machine.variable("HOME").or_else(|| machine.variable("USERPROFILE"))?));
    Some(named.or_else(|| Some(home()?.join(".cache")))?.join("amgctl").join("contents"))
}

/// The revisions that are pinned from now on: those that were taken, and the old one of what could not be had.
fn renewed(requests: &ContentRequests, before: &Lock, taken: &Lock) -> Lock {
    let open = requests.iter().filter_map(|(wanted, _)| match wanted {
        Wanted::GrafanaCom { id, revision: None } => Some(id),
        Wanted::GrafanaCom { .. } | Wanted::Url { .. } | Wanted::Jsonnet { .. } => None,
    });
    Lock(open.filter_map(|id| Some((*id, taken.0.get(id).or(before.0.get(id))?.clone()))).collect())
}

/// Writes the pinned revisions, where they are other ones than before.
fn pin(root: &Path, before: &Lock, after: &Lock) -> Result<(), Failure> {
    if before == after || after.0.is_empty() && !root.join(LOCK_FILE).exists() {
        return Ok(());
    }
    write_beside(root, &after.text())
        .map_err(|why| Failure::new(Exit::Error, format!("`{LOCK_FILE}` could not be written: {why}")))
}

fn write_beside(root: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut beside = tempfile::Builder::new().prefix(".amgctl.lock.").tempfile_in(root)?;
    beside.write_all(text.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // It is a file as any other of the directory, which others read, too.
        beside.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    beside.persist(root.join(LOCK_FILE))?;
    Ok(())
}

/// What is wrong with dashboards of grafana.com whose revision nobody pinned.
fn unpinned(requests: &ContentRequests, lock: &Lock, taken: &Lock, revisions: Revisions) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (wanted, request) in requests.iter() {
        let &Wanted::GrafanaCom { id, revision: None } = wanted else { continue };
        let Some(pin) = taken.0.get(&id).filter(|_| !lock.0.contains_key(&id)) else { continue };
        let words = format!("{wanted} is pinned to no revision: {} is the newest today", pin.revision);
        let problem = match revisions {
            Revisions::PinnedOnly => Problem::error("unpinned", words),
            Revisions::Pinned | Revisions::Newest => Problem::warning("unpinned", words),
        };
        let problem = request.spots.iter().cloned().fold(problem, Problem::spot);
        let help =
            format!("write `revision: {}`, or run `amgctl plan --upgrade` and commit {LOCK_FILE}", pin.revision);
        problems.push(problem.help(help));
    }
    problems
}

/// What must not be taken for a removal: a content that nobody asked for, which cannot be.
fn missing(awaited: &ContentRequests) -> Vec<Problem> {
    let one = |(wanted, request): (&Wanted, &ContentRequest)| {
        let problem = Problem::error("content", format!("{wanted} was not fetched"));
        request.spots.iter().cloned().fold(problem, Problem::spot).help("run the command again")
    };
    awaited.iter().map(one).collect()
}

/// Warns of contents that anybody on the way can change.
fn unencrypted(requests: &ContentRequests, map: &UrlMap) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (wanted, request) in requests.iter() {
        let Wanted::Url { url, .. } = wanted else { continue };
        if !fetch::is_unencrypted(url, map) {
            continue;
        }
        let problem =
            Problem::warning("unencrypted", "this content is fetched without TLS: who is on the way can change it");
        let problem = request.spots.iter().cloned().fold(problem, Problem::spot);
        problems.push(problem.help("name it by `https://`"));
    }
    problems
}
