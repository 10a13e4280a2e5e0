//! `amgctl diff`: how two files, two directories, or a file and a live object differ.
//!
//! In files objects are the same by their addresses; in two single files the only object of a kind is the other one's only
//! object of that kind, whatever their uids. What git gives stands in [`git`].

mod git;
mod live;
mod side;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use side::{Item, Side};

use super::directory::{self, Sent};
use super::{Exit, Failure, Session, contents, shown};
use crate::cli::DiffArgs;
use crate::kinds;
use crate::model::digest::Numbers;
use crate::model::{Address, Delta, Entry, Mark, Parent, Problem, Secret};
use crate::render::human;
use crate::render::story;
use crate::render::story::diff::{Compared, Comparison, Difference};
use crate::terminal::Terminal;

/// What was typed as one side.
enum Typed {
    File(PathBuf),
    Directory(PathBuf),
    Address(Address),
}

impl Typed {
    /// A path that exists, else an address.
    fn of(text: &OsString) -> Result<Typed, Failure> {
        let path = Path::new(text);
        if path.is_dir() {
            return Ok(Typed::Directory(path.to_owned()));
        }
        if path.exists() {
            return Ok(Typed::File(path.to_owned()));
        }
        let address = text.to_str().and_then(kinds::address);
        address.map(Typed::Address).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("`{}` is neither a path that exists nor an address", shown(path)))
                .hint("an address looks like dashboard.node-exporter")
        })
    }
}

/// Runs it.
pub async fn diff(args: DiffArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    if args.git {
        return git::diff(&args.what, session.terminal);
    }
    let [first, second] = args.what.as_slice() else {
        return Err(Failure::new(Exit::Usage, "two things are compared")
            .hint("name two files, two directories, or a file and an address"));
    };
    let comparison = match (Typed::of(first)?, Typed::of(second)?) {
        (Typed::File(a), Typed::File(b)) => {
            let sides = [Side::file(&a), Side::file(&b)];
            for (side, file) in sides.iter().zip([&a, &b]) {
                readable(side, session.terminal)?;
                if side.items().is_empty() {
                    return Err(no_document(side, file));
                }
            }
            compared(&sides, Matching::OnlyOnes, [shown(&a), shown(&b)])?
        }
        (Typed::Directory(a), Typed::Directory(b)) => {
            let sides = [Side::directory(&a), Side::directory(&b)];
            for side in &sides {
                readable(side, session.terminal)?;
            }
            compared(&sides, Matching::Addresses, [shown(&a), shown(&b)])?
        }
        (Typed::File(file), Typed::Address(address)) => {
            live::compare(&file, &address, live::Order::FileFirst, &args, session).await?
        }
        (Typed::Address(address), Typed::File(file)) => {
            live::compare(&file, &address, live::Order::LiveFirst, &args, session).await?
        }
        (Typed::File(_), Typed::Directory(_)) | (Typed::Directory(_), Typed::File(_)) => {
            return Err(Failure::new(Exit::Usage, "a file and a directory are not compared")
                .hint("name two files, or two directories"));
        }
        (Typed::Address(_), _) | (_, Typed::Address(_)) => {
            return Err(Failure::new(Exit::Usage, "an object of the workspace is compared with a file")
                .hint("`amgctl plan` compares a whole directory with the workspace"));
        }
    };
    print(&comparison, session.terminal);
    let is_told = args.detailed_exitcode && !comparison.differing.is_empty();
    Ok(if is_told { Exit::Changes } else { Exit::Done })
}

fn print(comparison: &Comparison, terminal: &Terminal) {
    terminal.print(human::set(&story::diff::of(comparison), 0, &terminal.out).trim_end());
}

/// Reports what is wrong with a side; ends the command when that is an error.
fn readable(side: &Side, terminal: &Terminal) -> Result<(), Failure> {
    directory::tell(&side.errors(), side.directory.files, Sent::Nothing, terminal)?;
    if let Some(words) = contents::not_asked_for(&side.directory) {
        terminal.say(&words);
    }
    Ok(())
}

fn no_document(side: &Side, file: &Path) -> Failure {
    let failure = Failure::new(Exit::Error, format!("`{}` holds no document of amgctl", shown(file)));
    let reasons = side.directory.ignored.iter().map(|ignored| format!("it {}", ignored.reason));
    reasons.fold(failure, Failure::note)
}

/// Which object of one side is which of the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Matching {
    /// The one of that address.
    Addresses,
    /// That, else the only one of its kind that is left.
    OnlyOnes,
}

/// Puts two sides beside each other.
fn compared(sides: &[Side; 2], matching: Matching, names: [String; 2]) -> Result<Comparison, Failure> {
    let [a, b] = sides;
    let (mut before, after) = (a.items(), b.items());
    let [first, second] = names;
    let mut comparison = Comparison { sides: vec![("from", first), ("to", second)], ..Comparison::default() };
    for (address, item) in &after {
        let old = before.remove(address).or_else(|| match matching {
            Matching::Addresses => None,
            Matching::OnlyOnes => only_one(&mut before, &after, item),
        });
        let difference = match old {
            Some(old) => changed(a, &old, b, item).map_err(|problem| unread(&problem))?,
            None => Some(Difference::Added),
        };
        match difference {
            Some(difference) => comparison.differing.push(told(item, difference)),
            None => comparison.same += 1,
        }
    }
    comparison.differing.extend(before.values().map(|item| told(item, Difference::Removed)));
    comparison.differing.sort_by(|a, b| a.address.cmp(&b.address));
    Ok(comparison)
}

/// The only object of a kind that is left on the first side, where the second has one of that kind as well.
fn only_one<'a>(
    before: &mut BTreeMap<Address, Item<'a>>,
    after: &BTreeMap<Address, Item<'_>>,
    item: &Item<'_>,
) -> Option<Item<'a>> {
    let kind = item.address.kind;
    let mut left = before.keys().filter(|address| address.kind == kind && !after.contains_key(*address));
    let (Some(one), None) = (left.next().cloned(), left.next()) else { return None };
    let news = after.keys().filter(|address| address.kind == kind).count();
    let olds = before.keys().filter(|address| address.kind == kind).count();
    (news == 1 && olds == 1).then(|| before.remove(&one)).flatten()
}

fn told(item: &Item<'_>, difference: Difference) -> Compared {
    let (title, place) = (item.title.to_owned(), item.place.to_string());
    Compared { address: item.address.clone(), title, place, difference }
}

/// How two forms of an object differ; none where they do not.
fn changed(a: &Side, old: &Item<'_>, b: &Side, new: &Item<'_>) -> Result<Option<Difference>, Box<Problem>> {
    let kind = kinds::by_name(new.address.kind);
    let is_equal = match (old.declared, new.declared) {
        (Some(x), Some(y)) => !old.is_open && !new.is_open && x.digest.equals(&y.digest, Numbers::Exact),
        (None, _) | (_, None) => old.title == new.title,
    };
    let mut delta = Delta::default();
    if !is_equal {
        delta = kind.diff(&a.shown(old)?, &b.shown(new)?, Numbers::Exact);
        if delta.is_empty() && !old.is_open && !new.is_open {
            delta.entries.push(unshown());
        }
    }
    if old.address != new.address && old.has_written_uid && new.has_written_uid {
        let (from, to) = (old.address.id().to_owned(), new.address.id().to_owned());
        delta.entries.insert(0, Entry::new(Mark::Change, "uid", "/uid").values(Some(from), Some(to)));
    }
    let key = kind.facts().secrets.unwrap_or_default();
    delta.entries.extend(secrets(key, &a.secrets(old)?, &b.secrets(new)?));
    let moved = (old.parent != new.parent).then(|| (folder(old.parent), folder(new.parent)));
    let differs = !delta.is_empty() || moved.is_some();
    Ok(differs.then_some(Difference::Changed { delta, moved }))
}

/// What stands for a difference of which nothing may be shown.
fn unshown() -> Entry {
    Entry::new(Mark::Change, "a value that is not shown", "").values(None, Some("(changed)".into()))
}

/// Which secrets differ, without a word of what they are.
fn secrets(
    of: &str,
    before: &BTreeMap<String, Secret>,
    after: &BTreeMap<String, Secret>,
) -> impl Iterator<Item = Entry> {
    let entry = |key: &str, mark: Mark, words: &str| {
        Entry::new(mark, format!("{of}.{key}"), format!("/{of}/{key}")).values(None, Some(words.to_owned()))
    };
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let gone: Vec<Entry> = gone.map(|key| entry(key, Mark::Remove, "(sensitive value removed)")).collect();
    let rest = after.iter().filter_map(|(key, value)| match before.get(key) {
        None => Some(entry(key, Mark::Add, "(sensitive value set)")),
        Some(old) if old.expose() == value.expose() => None,
        Some(_) => Some(entry(key, Mark::Change, "(sensitive value changed)")),
    });
    let rest: Vec<Entry> = rest.collect();
    rest.into_iter().chain(gone)
}

fn folder(parent: &Parent) -> String {
    match parent {
        Parent::None | Parent::Root => story::folder(None),
        Parent::Path(path) => story::folder(Some(path)),
        Parent::Uid(uid) => format!("the folder `{uid}`"),
    }
}

/// A file that changed meanwhile, or a value in it that cannot be made out.
fn unread(problem: &Problem) -> Failure {
    let failure = Failure::new(Exit::Faults, problem.message.as_str());
    let failure = problem.spots.iter().fold(failure, |failure, spot| failure.note(format!("at {}", spot.place)));
    match &problem.help {
        Some(help) => failure.hint(help.as_str()),
        None => failure,
    }
}
