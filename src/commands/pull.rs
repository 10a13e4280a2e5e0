//! `amgctl pull`: what was changed in the workspace since the last apply comes back into the files.
//!
//! Gather as a plan does → what each object is to say ([`object`], pure) → edits of its file → all files at once
//! ([`files`]). Writes files only, never the workspace, never the record: the next plan finds both equal and renews it.

mod base;
mod files;
mod object;

use std::collections::{BTreeMap, BTreeSet};

use amgctl_edit::{Edited, Format, Held, Inside, Site, Unfit, Why};
use serde_json::{Map, Value};

use self::files::{Draft, Drafts};
use self::object::{Pulled, Versions};
use super::gather::{Besides, Gathered, Task, gather_with_live};
use super::{Exit, Failure, Session, connect, directory};
use crate::cli::{PullArgs, RulesArgs};
use crate::kinds;
use crate::live;
use crate::model::{Address, Declared, FolderPath, Found, Guard, Parent, RecordState, Recorded, Saved, counted};
use crate::plan::{Goal, OnDrift, Workspace};
use crate::render::{lines, style::clean};
use crate::source::{Bound, WrittenAt};

/// What is said of one object.
struct Line {
    /// What was done, as the sign of a plan.
    sign: char,
    address: String,
    /// What happened.
    words: String,
    /// What is below it, one a line.
    notes: Vec<String>,
    /// Whether something of it is left to the reader.
    is_left: bool,
}

/// What came of a pull.
#[derive(Default)]
struct Came {
    drafts: Drafts,
    lines: Vec<Line>,
    pulled: usize,
}

impl Came {
    fn left(&mut self, address: &Address, words: impl Into<String>, notes: Vec<String>) {
        self.lines.push(Line {
            sign: '!',
            address: address.to_string(),
            words: words.into(),
            notes,
            is_left: true,
        });
    }

    fn done(&mut self, sign: char, address: &Address, words: String, notes: Vec<String>, is_left: bool) {
        self.pulled += 1;
        self.lines.push(Line { sign, address: address.to_string(), words, notes, is_left });
    }
}

/// `amgctl pull`.
pub async fn pull(args: PullArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    directory::must_exist(&args.directory)?;
    let chosen = chosen(&args.addresses)?;
    let (mut settings, problems) = directory::settle(
        &args.directory,
        args.reading.clone(),
        &args.workspace,
        &RulesArgs::default(),
        session.machine,
    )?;
    settings.rules.on_drift = OnDrift::Overwrite;
    let task = Task {
        goal: Goal::Apply,
        settings,
        file_problems: problems,
        patience: None,
        connection: None,
        // No secret is fetched: none can be read back.
        besides: Besides::Outside,
    };
    let (gathered, live) = gather_with_live(task, session).await?;
    let Some(bound) = gathered.bound.clone() else {
        return Err(Failure::new(Exit::Error, "there is no directory to pull into"));
    };
    must_be_recorded(&gathered)?;
    let unknown = chosen.iter().find(|address| {
        bound.object(address).is_none() && !live.all(address.kind).iter().any(|one| one.uid == address.id())
    });
    if let Some(address) = unknown {
        return Err(Failure::new(Exit::Error, format!("neither the directory nor the workspace has `{address}`"))
            .hint("check the uid; without an address everything of the stack is pulled"));
    }
    let mut came = Came::default();
    for declared in &bound.objects {
        if chosen.is_empty() || chosen.contains(&declared.address) {
            one(declared, &args, &bound, &gathered, &live, session, &mut came).await?;
        }
    }
    if args.new || !chosen.is_empty() {
        new(&args, &chosen, &bound, &gathered, &live, &mut came).await?;
    }
    finish(&args, came, session)
}

fn chosen(typed: &[String]) -> Result<BTreeSet<Address>, Failure> {
    let read = |text: &String| {
        kinds::address(text).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("`{}` is no address", clean(text)))
                .hint("an address looks like dashboard.node-exporter; the directory is named with --directory DIR")
        })
    };
    typed.iter().map(read).collect()
}

/// What changed since the last apply is known by the record alone.
fn must_be_recorded(gathered: &Gathered) -> Result<(), Failure> {
    match &gathered.held.record {
        RecordState::There(_) => Ok(()),
        RecordState::Absent => Err(Failure::new(
            Exit::Error,
            format!("nothing is recorded of stack `{}` in this workspace", gathered.settings.stack),
        )
        .hint("`amgctl apply` records what it applies; `amgctl import` writes files of what is there already")),
        RecordState::Unknown(why) => Err(Failure::new(
            Exit::Auth,
            "the stack's record cannot be read, so nobody knows what changed since the last apply",
        )
        .note(why.clone())
        .hint("use a token that may read the folder `amgctl`")),
        RecordState::Off => Err(Failure::new(
            Exit::Error,
            "with `ownership: none` nothing is recorded, so nobody knows what changed since the last apply",
        )
        .hint("`amgctl diff FILE ADDRESS` compares a file with what is live")),
    }
}

/// Pulls one object of the directory.
async fn one(
    declared: &Declared,
    args: &PullArgs,
    bound: &Bound,
    gathered: &Gathered,
    live: &Workspace,
    session: &Session<'_>,
    came: &mut Came,
) -> Result<(), Failure> {
    let address = &declared.address;
    // What nobody applied yet has not changed since.
    let Some(recorded) = gathered.held.objects().get(address) else { return Ok(()) };
    if live.unreadable.contains_key(address) {
        came.left(address, "it cannot be read", Vec::new());
        return Ok(());
    }
    let Some(found) = live.found.get(address) else {
        deleted(declared, args, bound, came);
        return Ok(());
    };
    let is_moved = kinds::by_name(address.kind).facts().in_folder && recorded.parent != found.parent;
    let is_changed = found.body.value().is_some()
        && found.body.digest().is_some_and(|digest| recorded.digest.as_ref() != Some(&digest.recorded()));
    if !is_moved && !is_changed {
        return Ok(());
    }
    if found.guard == Some(Guard::SavedAsV2) {
        came.left(
            address,
            format!("saved in the v2 format{}, which its file does not hold", by(&found.saved)),
            vec!["save it in the classic format, or restore the version before in its history".into()],
        );
        return Ok(());
    }
    let mut said = Vec::new();
    let mut is_left = false;
    let mut sign = None;
    if is_changed {
        match change(declared, recorded, found, args, bound, gathered, session, came).await? {
            Some((notes, left, edited)) => {
                said.extend(notes);
                is_left |= left;
                if edited {
                    sign = Some('~');
                }
            }
            None => {
                if !is_moved {
                    return Ok(());
                }
            }
        }
    }
    if is_moved {
        match moved(declared, found, bound, gathered, came) {
            // Its file is there already: the next apply records that.
            Ok(None) if sign.is_none() && said.is_empty() => return Ok(()),
            Ok(None) => {}
            Ok(Some(words)) => {
                said.push(words);
                sign = sign.or(Some('→'));
            }
            Err(words) => {
                said.push(words);
                is_left = true;
            }
        }
    }
    let words = format!("{}{}", quoted(&found.headline.title), by(&found.saved));
    match sign {
        Some(sign) => came.done(sign, address, words, said, is_left),
        None => came.left(address, words, said),
    }
    Ok(())
}

/// Edits the file of an object that was changed; gives what is said of it, whether something is left, and whether
/// something was edited. None where nothing is to be said.
#[allow(clippy::too_many_arguments, reason = "all of it is what was gathered")]
async fn change(
    declared: &Declared,
    recorded: &Recorded,
    found: &Found,
    args: &PullArgs,
    bound: &Bound,
    gathered: &Gathered,
    session: &Session<'_>,
    came: &mut Came,
) -> Result<Option<(Vec<String>, bool, bool)>, Failure> {
    let kind = kinds::by_name(declared.address.kind);
    let server = &gathered.connection.server;
    let Some(theirs) = found.body.value() else { return Ok(None) };
    let at = match bound.written_at(declared) {
        Ok(at) => at,
        Err(why) => return Ok(Some((vec![why], true, false))),
    };
    let body = match bound.body(declared) {
        Ok(body) => body,
        Err(problem) => return Ok(Some((vec![problem.message.clone()], true, false))),
    };
    let is_untouched = recorded.digest.as_ref() == Some(&kinds::stored(kind, &declared.digest, server).recorded());
    let ours = kind.normal(body.value).whole();
    let base = match is_untouched {
        true => Some(ours.clone()),
        false => base::find(declared, recorded, bound, gathered, session).await?,
    };
    let versions = Versions { base: base.as_ref(), ours: &ours, theirs };
    let Pulled { wanted, clashes, migrated } = match object::merge(kind, &versions, !args.accept_migration, server)
    {
        Some(pulled) => pulled,
        None => {
            let file = format!("{}/{}", args.directory.display(), at.file);
            return Ok(Some((
                vec![
                    format!(
                        "`{}` was changed as well, and what was applied last is found neither in git nor in Grafana's history",
                        at.file
                    ),
                    format!(
                        "`amgctl diff {} {}` shows both; bring one into the other",
                        clean(&file),
                        declared.address
                    ),
                ],
                true,
                false,
            )));
        }
    };
    let mut notes = Vec::new();
    if migrated && !args.accept_migration {
        notes.push("Grafana's editor migrated it to a newer schema, which stays out of the file: the next apply puts the old one back (--accept-migration takes it over)".to_owned());
    }
    notes.extend(clashes.iter().map(object::told));
    let bytes = match came.drafts.current(&args.directory, &at.file) {
        Ok(bytes) => bytes,
        Err(why) => return Ok(Some((vec![why], true, false))),
    };
    let mut is_left = !clashes.is_empty();
    let mut is_edited = false;
    match edit(&bytes, &at, &ours, &wanted, server) {
        Ok(Edited { text, held }) => {
            let text = text.into_bytes();
            if held.is_empty() && says_otherwise(declared, bound, &text, &wanted, server) {
                return Ok(Some((vec![unfit(Unfit::Layout, &at)], true, false)));
            }
            is_left |= !held.is_empty();
            notes.extend(held.iter().map(|held| kept(held, &at, &bytes)));
            if text != bytes {
                is_edited = true;
                came.drafts.put(Draft::Write { file: at.file.to_string(), before: bytes, after: text });
            }
        }
        Err(why) => {
            notes.push(unfit(why, &at));
            is_left = true;
        }
    }
    // Nothing of it is news: what differs is the migration alone.
    if !is_edited && !is_left && !migrated {
        return Ok(None);
    }
    if is_edited {
        notes.insert(0, at.file.to_string());
    }
    Ok(Some((notes, is_left, is_edited)))
}

fn edit(
    bytes: &[u8],
    at: &WrittenAt,
    ours: &Value,
    wanted: &Value,
    server: &crate::model::Server,
) -> Result<Edited, Unfit> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unfit::Unread)?;
    let format = |is_yaml: bool| if is_yaml { Format::Yaml } else { Format::Json };
    let site = Site {
        document: at.document,
        text: at.text.as_ref().map(|text| Inside {
            pointer: &text.pointer,
            format: format(text.is_yaml),
            document: text.document,
        }),
        pointer: &at.pointer,
    };
    amgctl_edit::edit(text, format(at.is_yaml), &site, ours, wanted, object::numbers(server.numbers))
}

/// Whether the file would not say what is wanted, by the reader of the directory.
fn says_otherwise(
    declared: &Declared,
    bound: &Bound,
    text: &[u8],
    wanted: &Value,
    server: &crate::model::Server,
) -> bool {
    let kind = kinds::by_name(declared.address.kind);
    let Ok(body) = bound.body_of(declared, text.to_vec()) else { return true };
    !amgctl_edit::same(&kind.normal(body.value).whole(), wanted, object::numbers(server.numbers))
}

/// Why a value was left, and what to do.
fn kept(held: &Held, at: &WrittenAt, bytes: &[u8]) -> String {
    let line = 1 + bytes[..held.at.start.min(bytes.len())].iter().filter(|byte| **byte == b'\n').count();
    let written = clean(&held.written).into_owned();
    let why = match held.why {
        Why::Elsewhere => {
            format!("comes from elsewhere (`{written}`): change it there, or write the value in its place")
        }
        Why::Alias => {
            format!("is the alias `{written}`: change what it stands for, or write the value in its place")
        }
        Why::Anchor => "has an anchor, whose aliases would change as well: change it by hand".to_owned(),
        Why::MergeKey => {
            "comes with a merge key (`<<`): change what is merged, or write the value beside it".to_owned()
        }
        Why::Tag => format!("has a tag (`{written}`): change it by hand"),
    };
    let pointer = if held.pointer.is_empty() { "all of it".to_owned() } else { clean(&held.pointer).into_owned() };
    format!("{}:{line}: left as it is: {pointer} {why}", at.file)
}

fn unfit(why: Unfit, at: &WrittenAt) -> String {
    match why {
        Unfit::Unread | Unfit::NotThere => {
            format!("{}: what it declares does not stand in it as it is sent: change it by hand", at.file)
        }
        Unfit::Layout => format!("{}: this layout cannot be edited without loss: change it by hand", at.file),
    }
}

/// An object that others deleted.
fn deleted(declared: &Declared, args: &PullArgs, bound: &Bound, came: &mut Came) {
    let address = &declared.address;
    if !args.deleted {
        let notes = vec!["--deleted removes its file; the next apply would make it again".to_owned()];
        return came.left(address, "was deleted in the workspace", notes);
    }
    match bound.written_at(declared) {
        Ok(at) if at.is_file => match came.drafts.current(&args.directory, &at.file) {
            Ok(before) => {
                came.drafts.put(Draft::Remove { file: at.file.to_string(), before });
                came.done('-', address, "was deleted in the workspace".into(), vec![at.file.to_string()], false);
            }
            Err(why) => came.left(address, "was deleted in the workspace", vec![why]),
        },
        Ok(at) => came.left(
            address,
            "was deleted in the workspace",
            vec![
                format!("{}: remove it there: the file holds more than this object", declared.place.file.as_ref())
                    .replace(declared.place.file.as_ref(), &at.file),
            ],
        ),
        Err(why) => came.left(address, "was deleted in the workspace", vec![why]),
    }
}

/// Moves the file of an object that was moved to another folder; says so, or why not. None where it is there already.
fn moved(
    declared: &Declared,
    found: &Found,
    bound: &Bound,
    gathered: &Gathered,
    came: &mut Came,
) -> Result<Option<String>, String> {
    let path = match &found.parent {
        None => None,
        Some(uid) => Some(folder_path(uid, bound, gathered).ok_or_else(|| {
            format!("was moved to the folder `{}`, which no directory of the stack stands for: make one, or move it back", clean(uid))
        })?),
    };
    let name = path.as_ref().map_or_else(|| "the root".to_owned(), |path| quoted(&path.titles().join(" / ")));
    if !matches!(declared.parent, Parent::Root | Parent::Path(_)) {
        return Err(format!("was moved to {name}: change the folder that its document names"));
    }
    let at = bound.written_at(declared).map_err(|why| format!("was moved to {name}: {why}"))?;
    if !at.is_file {
        return Err(format!("was moved to {name}: move it out of {}, which holds more than this object", at.file));
    }
    let directory = directory_of(path.as_ref(), &at.file, bound).ok_or_else(|| {
        format!("was moved to {name}, whose title is no name of a directory: move the file by hand")
    })?;
    let file = at.file.rsplit('/').next().unwrap_or_default();
    let to = if directory.is_empty() { file.to_owned() } else { format!("{directory}/{file}") };
    if to == *at.file {
        return Ok(None);
    }
    let root = &gathered.settings.directory;
    if came.drafts.is_taken(root, &to) {
        return Err(format!("was moved to {name}, where there is a `{to}` already: move the file by hand"));
    }
    let uid_is_written = matches!(declared.uid_from, crate::model::UidFrom::Document);
    let bytes = came.drafts.current(root, &at.file)?;
    let before = came.drafts.original(&at.file).unwrap_or_else(|| bytes.clone());
    came.drafts.put(Draft::Remove { file: at.file.to_string(), before });
    came.drafts.put(Draft::Write { file: to.clone(), before: Vec::new(), after: bytes });
    let hint = if uid_is_written { "" } else { " (its uid stays: the record knows the file by its content)" };
    Ok(Some(format!("{} → {to}: moved to {name}{hint}", at.file)))
}

/// The path of the directory that a live folder is bound to.
fn folder_path(uid: &str, bound: &Bound, gathered: &Gathered) -> Option<FolderPath> {
    let of_plan = gathered.plan.bindings.iter().find(|binding| binding.uid == uid).and_then(|b| b.path.clone());
    let of_directory = || {
        bound
            .folders
            .iter()
            .find(|f| f.uid.as_ref().is_some_and(|u| u.as_str() == uid))
            .and_then(|f| f.path.clone())
    };
    let of_record = || {
        let record = gathered.held.record.there()?;
        record.bindings.iter().find(|(_, known)| *known == uid).map(|(path, _)| path.clone())
    };
    of_plan.or_else(of_directory).or_else(of_record)
}

/// The directory of a folder: the one that other files of it are in, else one of its titles.
fn directory_of(path: Option<&FolderPath>, beside: &str, bound: &Bound) -> Option<String> {
    let parent_of = |file: &str| file.rsplit_once('/').map_or(String::new(), |(directory, _)| directory.to_owned());
    let wanted = path.map_or(Parent::Root, |path| Parent::Path(path.clone()));
    let is_there = |one: &&Declared| one.parent == wanted && one.place.line == 0 && *one.body.file != *beside;
    if let Some(one) = bound.objects.iter().find(is_there) {
        return Some(parent_of(&one.body.file));
    }
    let first = beside.split_once('/').map(|(first, _)| first).filter(|first| *first == "dashboards");
    let titles = path.map(FolderPath::titles).unwrap_or_default();
    let is_name = |title: &String| {
        !title.starts_with('.')
            && !title.ends_with(['.', ' '])
            && title.len() <= 120
            && !title
                .chars()
                .any(|c| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|'))
    };
    titles.iter().all(is_name).then(|| {
        first.into_iter().map(ToOwned::to_owned).chain(titles.iter().cloned()).collect::<Vec<_>>().join("/")
    })
}

/// Writes files for dashboards that others made in folders of the stack.
async fn new(
    args: &PullArgs,
    chosen: &BTreeSet<Address>,
    bound: &Bound,
    gathered: &Gathered,
    live: &Workspace,
    came: &mut Came,
) -> Result<(), Failure> {
    let kind = kinds::by_name(crate::source::MADE_IN_BROWSER);
    let mut titles: BTreeMap<String, usize> = BTreeMap::new();
    for one in live.all(kind.name()) {
        let Some(address) = Address::live(kind.name(), &one.uid) else { continue };
        let is_known = bound.object(&address).is_some() || gathered.held.objects().contains_key(&address);
        let is_reserved = one.uid == "amgctl" || one.uid.starts_with("amgctl-");
        let is_asked = if chosen.is_empty() { args.new } else { chosen.contains(&address) };
        if is_known || is_reserved || live.others.contains_key(&address) || !is_asked {
            continue;
        }
        let Some(path) = one.parent.as_ref().and_then(|uid| folder_path(uid, bound, gathered)) else {
            if chosen.contains(&address) {
                came.left(
                    &address,
                    "is in no folder of the stack",
                    vec![format!("`amgctl import {address}` writes a file for it")],
                );
            }
            continue;
        };
        let client = &gathered.connection.client;
        let found = live::one(client, &gathered.connection.server, &address).await.map_err(connect::live)?;
        let Some(found) = found else { continue };
        if let Some(why) = foreign(&found) {
            came.left(&address, why, Vec::new());
            continue;
        }
        let Some(Value::Object(body)) = found.body.value() else { continue };
        let mut whole = Map::new();
        whole.insert("uid".into(), Value::String(one.uid.clone()));
        whole.extend(body.clone());
        let mut text = serde_json::to_string_pretty(&Value::Object(whole)).unwrap_or_default();
        text.push('\n');
        let beside = bound.objects.first().map_or("", |one| &one.body.file);
        let Some(directory) = directory_of(Some(&path), beside, bound) else {
            came.left(&address, "is in a folder whose title is no name of a directory", Vec::new());
            continue;
        };
        let name = file_name(&found.headline.title, &one.uid);
        let mut file = format!("{directory}/{name}.json");
        let count = titles.entry(file.to_lowercase()).or_default();
        *count += 1;
        if *count > 1 || came.drafts.is_taken(&gathered.settings.directory, &file) {
            file = format!("{directory}/{name}-{}.json", one.uid);
        }
        if came.drafts.is_taken(&gathered.settings.directory, &file) {
            came.left(&address, "is new", vec![format!("`{file}` is there already, and is another object's")]);
            continue;
        }
        let words = format!("{}{}", quoted(&found.headline.title), by(&found.saved));
        came.drafts.put(Draft::Write { file: file.clone(), before: Vec::new(), after: text.into_bytes() });
        came.done(
            '+',
            &address,
            words,
            vec![file, format!("`amgctl apply --adopt={address}` makes it the stack's")],
            false,
        );
    }
    Ok(())
}

/// Why an object is not to be taken in, if it is not.
fn foreign(found: &Found) -> Option<String> {
    Some(match found.guard.as_ref()? {
        Guard::Provisioned => "is provisioned by files of the server, so no file is written for it".into(),
        Guard::ManagedBy(manager) => format!("is managed by `{}`, so no file is written for it", clean(manager)),
        Guard::SavedAsV2 => "is in the v2 format, which files of the stack do not hold".into(),
    })
}

/// A name of a file from a title: what every file system takes.
fn file_name(title: &str, uid: &str) -> String {
    let slug = title.to_lowercase();
    let parts = slug.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let name: String = parts.collect::<Vec<_>>().join("-").chars().take(80).collect();
    const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];
    let is_reserved = RESERVED.contains(&name.as_str())
        || name.len() == 4 && (name.starts_with("com") || name.starts_with("lpt"));
    if name.is_empty() || is_reserved { format!("dashboard-{uid}") } else { name }
}

fn quoted(title: &str) -> String {
    format!("\"{}\"", clean(title))
}

fn by(saved: &Saved) -> String {
    let Saved { by, at } = saved;
    match (by.is_empty(), at.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(", saved {}", clean(at)),
        (false, true) => format!(", saved by {}", clean(by)),
        (false, false) => format!(", saved by {}, {}", clean(by), clean(at)),
    }
}

/// Writes the files, or prints what would be written, and says what came of it.
fn finish(args: &PullArgs, came: Came, session: &Session<'_>) -> Result<Exit, Failure> {
    let terminal = session.terminal;
    let Came { drafts, lines, pulled } = came;
    let files = drafts.changed();
    if args.dry_run {
        for draft in drafts.iter() {
            let (before, after) = draft.sides();
            terminal.print(&lines::difference(draft.file(), before, after, &terminal.out));
        }
    } else {
        drafts.write(&args.directory)?;
    }
    let say = |text: &str| if args.dry_run { terminal.say(text) } else { terminal.print(text) };
    for line in &lines {
        say(&format!("{} {}  {}", line.sign, line.address, line.words));
        line.notes.iter().for_each(|note| say(&format!("    {note}")));
    }
    let left = lines.iter().filter(|line| line.is_left).count();
    let rest =
        if left == 0 { String::new() } else { format!("; {} left to you, marked above", counted(left, "object")) };
    let summary = match (pulled, args.dry_run) {
        (0, _) if left == 0 => "Nothing to pull: what changed outside is in the files.".to_owned(),
        (0, _) => format!("Nothing was pulled{rest}."),
        (_, true) => format!("Would pull {} into {}{rest}.", counted(pulled, "object"), counted(files, "file")),
        (_, false) => format!("Pulled {} into {}{rest}.", counted(pulled, "object"), counted(files, "file")),
    };
    say(&summary);
    Ok(if left == 0 { Exit::Done } else { Exit::Conflict })
}
