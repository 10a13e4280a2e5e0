//! `amgctl import`: what a workspace has as files, and into the stack.
//!
//! Everything is read first, then all files are written or none, then the ordinary way takes the objects into the record: a
//! plan that would change anything in the workspace is shown, and not carried out.

mod choice;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use self::choice::Skipped;
use super::connect::{self, connect};
use super::directory::{self, Sent};
use super::gather::{self, Besides, Gathered, Task, gather};
use super::run::{self, Approval, Audience, Order};
use super::{Exit, Failure, Session, saved, shown, typed};
use crate::apply::Event;
use crate::cli::import::{FileFormat, ImportArgs, Placeholders};
use crate::cli::{ReadingArgs, RulesArgs};
use crate::files::layout::{self, Directory, Folder, Object};
use crate::files::{Expected, Outcome, Refusal, Within, Writing, Written};
use crate::kinds::{self, Live};
use crate::live;
use crate::model::{Address, Guard, Key, Listed, RecordState, Severity, counted};
use crate::plan::{Adopt, Goal, Plan};
use crate::render::{self, document};
use crate::settings::{Settings, UsageError};
use crate::source::{self, FileSettings, LoadOptions};

/// Where data sources stand: what is in no folder has a directory of its own.
const UNFILED: &str = "datasources";

/// How many objects are named that are not imported for one reason.
const NAMED: usize = 10;

/// Where objects of a workspace go.
struct Found {
    settings: Settings,
    /// The folders of the workspace that can be read, by uid.
    folders: BTreeMap<String, Folder>,
    /// What was read of what was chosen.
    objects: BTreeMap<Address, Live>,
    skipped: Vec<Skipped>,
}

/// One file that is to be written.
struct Draft {
    path: String,
    text: String,
    /// The object that it holds.
    address: Option<Address>,
}

/// A secret that nobody can read back, and where its value goes.
struct Missing {
    path: String,
    key: String,
    /// What stands there; none where it is a comment.
    placeholder: Option<String>,
}

/// Runs it.
pub async fn import(args: ImportArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let terminal = session.terminal;
    let (addresses, directory) = typed_words(&args.what)?;
    if !args.all && args.folder.is_empty() && addresses.is_empty() {
        return Err(UsageError::new("nothing is named to import")
            .hint("name addresses, --folder FOLDER, or --all; `amgctl list --all` shows what there is")
            .into());
    }
    fs::create_dir_all(&directory)
        .map_err(|e| Failure::new(Exit::Error, format!("`{}` cannot be made: {e}", shown(&directory))))?;
    let mut found = find(&args, &addresses, &directory, session).await?;
    let (mut drafts, mut missing) = drafts(&found, args.format, args.secrets);
    // A folder that is not imported says nothing where something stands already.
    drafts.retain(|draft| draft.address.is_some() || !directory.join(&draft.path).exists());
    let mut refused = unreadable(&drafts)?;
    // Without its folder's file, a directory is another folder.
    for draft in &drafts {
        let holder = draft.path.rsplit_once('/').map(|(directory, _)| format!("{directory}/_folder.yaml"));
        if let Some((_, why)) = holder.and_then(|holder| refused.get(&holder).cloned()) {
            refused.entry(draft.path.clone()).or_insert((draft.address.clone(), why));
        }
    }
    drafts.retain(|draft| !refused.contains_key(&draft.path));
    missing.retain(|one| !refused.contains_key(&one.path));
    found.skipped.extend(refused.into_iter().map(|(path, (address, why))| {
        let what = address.map_or(path, |address| address.to_string());
        Skipped { what, why: format!("a file of it would be refused: {why}") }
    }));
    let written = match drafts.iter().all(|draft| draft.address.is_none()) {
        true => Vec::new(),
        false => write(&directory, &drafts, &found.settings, &args, terminal)?,
    };
    let imported: BTreeSet<Address> = drafts.iter().filter_map(|draft| draft.address.clone()).collect();
    let adopts = !args.no_adopt && (args.secrets.is_none() || missing.is_empty()) && !imported.is_empty();
    let adopted = match adopts {
        true => adopt(&args, &directory, &imported, session).await,
        false => Ok(Adopted::NotTried),
    };
    let told =
        Told { directory: &directory, written: &written, imported: &imported, missing: &missing, found: &found };
    match args.json {
        true => terminal.print(&told.document(adopted.as_ref().ok())),
        false => terminal.print(told.text(adopted.as_ref().ok(), args.no_adopt).trim_end()),
    }
    match adopted? {
        Adopted::Differs(plan) => {
            terminal.say(&render::human::plan(&plan, &terminal.err));
            Err(Failure::new(
                Exit::Conflict,
                "the files are written, and nothing is adopted: the plan above is not empty",
            )
            .hint(format!("correct the files, then `{}`", again(&found.settings))))
        }
        Adopted::All | Adopted::NotTried => Ok(Exit::Done),
    }
}

/// Addresses, and the one word that is none: the directory.
fn typed_words(what: &[String]) -> Result<(Vec<Address>, PathBuf), UsageError> {
    let (mut addresses, mut directory) = (Vec::new(), None);
    for word in what {
        match kinds::address(word) {
            Some(address) => addresses.push(address),
            None if directory.is_none() => directory = Some(PathBuf::from(word)),
            None => {
                return Err(UsageError::new(format!(
                    "`{word}` is not an address, and a directory is named already"
                ))
                .hint("an address looks like dashboard.node-exporter"));
            }
        }
    }
    Ok((addresses, directory.unwrap_or_else(|| ".".into())))
}

/// The command that takes what was written into the stack.
fn again(settings: &Settings) -> String {
    format!("{} --adopt", typed::line("apply", settings, typed::About::default()))
}

/// Reads the directory, the record and the workspace.
async fn find(
    args: &ImportArgs,
    addresses: &[Address],
    directory: &Path,
    session: &Session<'_>,
) -> Result<Found, Failure> {
    let (mut settings, problems) = directory::settle(
        directory,
        ReadingArgs::default(),
        &args.workspace,
        &RulesArgs::default(),
        session.machine,
    )?;
    directory::tell(&problems, 1, Sent::Nothing, session.terminal)?;
    let options = directory::options(directory, settings.file.clone(), &settings.given, session.machine);
    let files = source::load(directory, &LoadOptions { survey: settings.survey.take(), ..options });
    // What cannot be read may declare what would be written a second time.
    directory::tell(&files.problems, files.files, Sent::Nothing, session.terminal)?;
    let waiting = session.terminal.waiting("reading the workspace");
    let connection = connect(&settings, false, session).await?;
    let (held, _) = gather::hold(&settings, &connection, None, &waiting, session).await?;
    if let (RecordState::Unknown(why), false) = (&held.record, args.no_adopt) {
        return Err(Failure::new(Exit::Auth, why.clone())
            .hint("use a token that may read the folder `amgctl`, or only write files: --no-adopt"));
    }
    let bound = gather::bind(Goal::Apply, &files, held.objects(), &settings, &connection).await?;
    let seen = gather::read(Goal::Destroy, &settings, &bound, &connection, &held).await?;
    let (client, server) = (&connection.client, &connection.server);
    let mut lists = live::everything(client, server, &connection.access).await.map_err(connect::live)?;
    let (mut skipped, mut folders, mut objects) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    skipped.extend(lists.iter().filter(|(_, list)| list.is_none()).map(|(kind, _)| {
        let plural = kinds::by_name(*kind).facts().plural;
        Skipped { what: plural.to_owned(), why: "this token may not list them".into() }
    }));
    let containers: Vec<Address> = lists
        .remove(&kinds::CONTAINER)
        .flatten()
        .into_iter()
        .flatten()
        .filter_map(|one| Address::live(kinds::CONTAINER, &one.uid))
        .filter(|address| !address.key.is_reserved())
        .collect();
    for (address, read) in live::bodies(client, server, containers).await.map_err(connect::live)? {
        match read {
            Ok(Some(live)) => {
                let uid = address.key.text().to_owned();
                let (title, parent) = (live.found.headline.title.clone(), live.found.parent.clone());
                folders.insert(uid.clone(), Folder { uid, title, parent });
                objects.insert(address, live);
            }
            Ok(None) => {}
            Err(why) => skipped.push(Skipped { what: address.to_string(), why }),
        }
    }
    let listed = lists.into_iter().flat_map(|(kind, list)| list.into_iter().flatten().map(move |one| (kind, one)));
    let listed: Vec<(crate::model::KindName, Listed)> = listed.collect();
    let mut chosen = choice::choose(args.all, &args.folder, addresses, &folders, &listed, &mut skipped)?;
    let declared = declared(&bound, &held);
    chosen.keep(
        |address| match (seen.others.get(address), declared.contains(address)) {
            (Some(stack), _) => Some(format!("it belongs to stack `{stack}`")),
            (None, true) => Some("the directory declares it already".into()),
            (None, false) => None,
        },
        &mut skipped,
    );
    let wanted: Vec<Address> =
        chosen.objects.iter().filter(|address| !objects.contains_key(*address)).cloned().collect();
    let read = live::bodies(client, server, wanted).await.map_err(connect::live)?;
    for (address, read) in read {
        match read {
            Ok(Some(live)) => drop(objects.insert(address, live)),
            Ok(None) => skipped.push(Skipped { what: address.to_string(), why: "it was deleted meanwhile".into() }),
            Err(why) => skipped.push(Skipped { what: address.to_string(), why }),
        }
    }
    objects.retain(|address, _| chosen.objects.contains(address));
    let refused: Vec<(Address, String)> =
        objects.iter().filter_map(|(address, live)| Some((address.clone(), refused(live)?))).collect();
    for (address, why) in refused {
        objects.remove(&address);
        skipped.push(Skipped { what: address.to_string(), why });
    }
    drop(waiting);
    Ok(Found { settings, folders, objects, skipped })
}

/// What the directory declares, by address: folders that are known by their paths as the record has them.
fn declared(bound: &source::Bound, held: &gather::Held) -> BTreeSet<Address> {
    let objects = bound.objects.iter().map(|one| one.address.clone());
    let folders = bound.folders.iter().filter_map(|folder| {
        let named = folder.uid.as_ref().map(|uid| uid.as_str().to_owned());
        let by_path = || held.record.there()?.bindings.get(folder.path.as_ref()?).cloned();
        Address::live(kinds::CONTAINER, &named.or_else(by_path)?)
    });
    objects.chain(folders).collect()
}

/// Why an object cannot be kept in a file, if it cannot.
fn refused(live: &Live) -> Option<String> {
    let has = |key: &str| match live.body.get(key) {
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
        _ => false,
    };
    match &live.found.guard {
        Some(Guard::Provisioned) => Some("the server provisions it from files of its own, or holds it read-only".into()),
        Some(Guard::ManagedBy(manager)) => Some(format!("the workspace says that `{manager}` manages it")),
        Some(Guard::SavedAsV2) => Some("it was saved in the v2 format, which this version does not read yet".into()),
        None if has("__inputs") || has("__elements") => Some(
            "it holds what an export asks for (`__inputs`, `__elements`), which a file would resolve: save it once without them".into(),
        ),
        None => None,
    }
}

/// The files, by path, and the secrets that are to be filled in.
fn drafts(found: &Found, format: FileFormat, secrets: Option<Placeholders>) -> (Vec<Draft>, Vec<Missing>) {
    let folders: Vec<Folder> = found.folders.values().cloned().collect();
    let directories = layout::directories(&folders);
    let (mut drafts, mut missing) = (Vec::new(), Vec::new());
    let needed = needed(found);
    for (uid, directory) in directories.iter().filter(|(uid, _)| needed.contains(uid.as_str())) {
        let Some(address) = Address::live(kinds::CONTAINER, uid) else { continue };
        let live = found.objects.get(&address);
        if let Some(text) = folder_file(&address.key, directory, live, &found.folders[uid]) {
            let path = format!("{}/_folder.yaml", directory.path);
            drafts.push(Draft { path, text, address: live.map(|_| address) });
        }
    }
    let others: Vec<(&Address, &Live)> =
        found.objects.iter().filter(|(address, _)| address.kind != kinds::CONTAINER).collect();
    let objects: Vec<Object> =
        others.iter().map(|(address, live)| object(address, live, &directories, format)).collect();
    for ((address, live), path) in others.into_iter().zip(layout::paths(&objects, &directories)) {
        let mut document = kinds::by_name(address.kind).document(&address.key, &live.body);
        let (comments, of_this) = with_secrets(address, live, &path, secrets, &mut document);
        missing.extend(of_this);
        let text = match path.ends_with(".json") {
            true => document::json(&document),
            false => document::yaml(&document, &comments),
        };
        drafts.push(Draft { path, text, address: Some(address.clone()) });
    }
    drafts.sort_by(|a, b| a.path.cmp(&b.path));
    (drafts, missing)
}

/// The files that amgctl itself would refuse, with the reason: what a workspace holds and no file may say.
fn unreadable(drafts: &[Draft]) -> Result<BTreeMap<String, (Option<Address>, String)>, Failure> {
    let fault = |e: std::io::Error| Failure::new(Exit::Error, format!("temporary files cannot be written: {e}"));
    let beside = tempfile::tempdir().map_err(fault)?;
    for draft in drafts {
        let place = beside.path().join(&draft.path);
        fs::create_dir_all(place.parent().unwrap_or(&place)).map_err(fault)?;
        fs::write(place, &draft.text).map_err(fault)?;
    }
    let mut options = LoadOptions::new(FileSettings::default());
    // Placeholders of secrets are given their values later.
    options.environment = std::sync::Arc::new(|_| Some("-".to_owned()));
    let read = source::load(beside.path(), &options);
    let mut refused = BTreeMap::new();
    for problem in read.problems.iter().filter(|problem| problem.severity == Severity::Error) {
        for spot in &problem.spots {
            if let Some(draft) = drafts.iter().find(|draft| *draft.path == *spot.place.file) {
                refused
                    .entry(draft.path.clone())
                    .or_insert_with(|| (draft.address.clone(), problem.message.clone()));
            }
        }
    }
    Ok(refused)
}

/// The folders that need a directory: those that were chosen, those that hold something, and what is above them.
fn needed(found: &Found) -> BTreeSet<&str> {
    let mut needed = BTreeSet::new();
    for (address, live) in &found.objects {
        let mut at = match address.kind == kinds::CONTAINER {
            true => Some(address.key.text()),
            false => live.found.parent.as_deref(),
        };
        while let Some(folder) = at.and_then(|uid| found.folders.get(uid)) {
            if !needed.insert(folder.uid.as_str()) {
                break;
            }
            at = folder.parent.as_deref();
        }
    }
    needed
}

/// What a folder's file says: what does not follow from its directory.
fn folder_file(key: &Key, directory: &Directory, live: Option<&Live>, folder: &Folder) -> Option<String> {
    let mut document = serde_json::Map::new();
    let kind = kinds::by_name(kinds::CONTAINER);
    let all = kind.document(key, &kind.titled(&folder.title)?);
    for (name, follows) in [("title", directory.has_title), ("uid", directory.has_uid || live.is_none())] {
        if let (false, Some(value)) = (follows, all.get(name)) {
            document.insert(name.to_owned(), value.clone());
        }
    }
    (!document.is_empty()).then(|| document::yaml(&Value::Object(document), &[]))
}

fn object(address: &Address, live: &Live, directories: &BTreeMap<String, Directory>, format: FileFormat) -> Object {
    let facts = kinds::by_name(address.kind).facts();
    let directory = match (facts.in_folder, &live.found.parent) {
        (false, _) => UNFILED.to_owned(),
        (true, None) => String::new(),
        (true, Some(parent)) => directories.get(parent).map_or_else(String::new, |at| at.path.clone()),
    };
    let yaml = format == FileFormat::Yaml || facts.secrets.is_some();
    Object {
        uid: address.key.text().to_owned(),
        title: live.found.headline.title.clone(),
        directory,
        ending: if yaml { ".yaml" } else { ".json" },
        otherwise: address.kind.as_str(),
    }
}

/// The secrets that the server says are set: as placeholders in the document, or as comments below it.
fn with_secrets(
    address: &Address,
    live: &Live,
    path: &str,
    secrets: Option<Placeholders>,
    document: &mut Value,
) -> (Vec<String>, Vec<Missing>) {
    let Some(member) = kinds::by_name(address.kind).facts().secrets else { return (Vec::new(), Vec::new()) };
    let keys = &live.found.secure_keys;
    if keys.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let named = |kind, key: &str| placeholder(kind, &live.found.headline.title, key);
    if let (Some(kind), Value::Object(map)) = (secrets, &mut *document) {
        let values = keys.iter().map(|key| (key.clone(), Value::String(named(kind, key))));
        map.insert(member.to_owned(), Value::Object(values.collect()));
    }
    let missing = keys.iter().map(|key| Missing {
        path: path.to_owned(),
        key: key.clone(),
        placeholder: secrets.map(|kind| named(kind, key)),
    });
    let comments = match secrets {
        Some(_) => Vec::new(),
        None => {
            let lines = keys.iter().map(|key| format!("  {key}: {}", named(Placeholders::Env, key)));
            [format!("{member}:")].into_iter().chain(lines).collect()
        }
    };
    (comments, missing.collect())
}

fn placeholder(kind: Placeholders, name: &str, key: &str) -> String {
    let plain = |text: &str, other: char| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { other }).collect()
    };
    match kind {
        Placeholders::Env => {
            format!("$__env{{{}_{}}}", plain(name, '_'), plain(key, '_')).to_uppercase().replace("$__ENV", "$__env")
        }
        Placeholders::Sm => format!("$__secretsmanager{{grafana/{}:{}}}", plain(name, '-'), key),
        Placeholders::Ssm => format!("$__ssm{{/grafana/{}/{}}}", plain(name, '-'), plain(key, '-')),
    }
}

/// Writes all files, or none.
fn write(
    root: &Path,
    drafts: &[Draft],
    settings: &Settings,
    args: &ImportArgs,
    terminal: &crate::terminal::Terminal,
) -> Result<Vec<Written>, Failure> {
    let fault = |fault: crate::files::Fault| {
        let why = std::error::Error::source(&fault).map(ToString::to_string).unwrap_or_default();
        Failure::new(Exit::Error, format!("{fault}: {why}; nothing was written"))
    };
    let waiting = terminal.waiting("writing files");
    let mut writing = Writing::begin(root).map_err(fault)?;
    let expected = || if args.force { Expected::Anything } else { Expected::Nothing };
    let mut refused: Vec<Refusal> = Vec::new();
    let settings_file = (!root.join("amgctl.yaml").exists()).then(|| {
        let (url, workspace) = (args.workspace.url.as_deref(), args.workspace.managed.workspace.as_deref());
        ("amgctl.yaml".to_owned(), source::init_text(&settings.stack, url, workspace))
    });
    let schema =
        settings_file.is_some().then(|| (source::settings::SCHEMA_FILE.to_owned(), source::settings_schema()));
    let own = settings_file.into_iter().chain(schema);
    let all = own.chain(drafts.iter().map(|draft| (draft.path.clone(), draft.text.clone())));
    for (path, text) in all {
        let Some(within) = Within::parse(&path) else { continue };
        if let Err(refusal) = writing.add(&within, text.as_bytes(), expected()).map_err(fault)? {
            refused.push(refusal);
        }
    }
    let written = match refused.is_empty() {
        true => writing.commit().map_err(fault)?,
        false => Err(refused.remove(0)),
    };
    drop(waiting);
    written.map_err(|first| {
        let all = [first].into_iter().chain(refused);
        let failure = Failure::new(Exit::Error, "nothing was written: files are in the way");
        all.fold(failure, |failure, one| failure.note(format!("`{}` {}", one.path, one.why.words())))
            .hint("look at them; --force overwrites those that are there with other contents")
    })
}

/// What became of taking the objects into the stack.
enum Adopted {
    /// It was not to be tried.
    NotTried,
    /// The stack owns them, and the next plan is empty.
    All,
    /// Something would be changed, so nothing was done.
    Differs(Box<Plan>),
}

/// Takes the objects into the record, where nothing in the workspace would change.
async fn adopt(
    args: &ImportArgs,
    directory: &Path,
    imported: &BTreeSet<Address>,
    session: &Session<'_>,
) -> Result<Adopted, Failure> {
    let settle = || -> Result<_, Failure> {
        let (mut settings, problems) = directory::settle(
            directory,
            ReadingArgs::default(),
            &args.workspace,
            &RulesArgs::default(),
            session.machine,
        )?;
        settings.rules.adopt = Adopt::These(imported.clone());
        settings.access = settings.access.writing();
        Ok((settings, problems))
    };
    let (settings, file_problems) = settle()?;
    let besides = Besides::Nothing;
    let task = Task { goal: Goal::Apply, settings, file_problems, patience: None, connection: None, besides };
    let gathered = gather(task, session).await?;
    // What was refused, and what would be written: neither is what was just read.
    if gathered.plan.refuses() || gathered.plan.changes().any(|change| changes(&change.action)) {
        return Ok(Adopted::Differs(Box::new(gathered.plan)));
    }
    // What moves from now on is refused: only what this plan shows is carried out.
    let reviewed = saved::in_hand(&gathered, session)?;
    drop(gathered);
    let (settings, file_problems) = settle()?;
    let order = Order {
        goal: Goal::Apply,
        settings,
        file_problems,
        approval: Approval::Given,
        reviewed: Some(reviewed),
        patience: std::time::Duration::ZERO,
        parallelism: 4,
        log: None,
    };
    let ran = run::run(order, &mut Quiet, session).await?;
    match ran.exit() {
        Exit::Done => Ok(Adopted::All),
        _ => Ok(Adopted::Differs(Box::new(ran.gathered.plan))),
    }
}

/// Whether something in the workspace is changed: adopting what is equal changes the record alone.
fn changes(action: &crate::plan::Action) -> bool {
    use crate::plan::Action;
    match action {
        Action::Adopt { delta, moved } => !delta.is_empty() || moved.is_some(),
        other => other.writes(),
    }
}

/// Shows nothing: the plan changes nothing in the workspace.
struct Quiet;

impl Audience for Quiet {
    fn planned(&mut self, _: &Gathered) {}
    fn happened(&mut self, _: &Plan, _: Event<'_>) {}
    fn ended(&mut self) {}
}

/// What is said at the end.
struct Told<'a> {
    directory: &'a Path,
    written: &'a [Written],
    imported: &'a BTreeSet<Address>,
    missing: &'a [Missing],
    found: &'a Found,
}

impl Told<'_> {
    fn text(&self, adopted: Option<&Adopted>, no_adopt: bool) -> String {
        let mut text = String::new();
        let new = self.written.iter().filter(|one| one.outcome != Outcome::Unchanged).count();
        let same = self.written.len() - new;
        let unchanged = if same > 0 { format!(" ({} as they were)", counted(same, "file")) } else { String::new() };
        text.push_str(&match self.imported.is_empty() {
            true => "Nothing to import, and nothing was written.\n".to_owned(),
            false => {
                let (files, to) = (counted(new, "file"), shown(self.directory));
                format!("Wrote {files} to {to}{unchanged}: {}.\n", self.objects())
            }
        });
        if !self.found.skipped.is_empty() {
            text.push_str("\nNot imported:\n");
            let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for Skipped { what, why } in &self.found.skipped {
                by_reason.entry(why).or_default().push(what);
            }
            for (why, all) in by_reason {
                let more = all.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(" and {more} more (--json lists them)") } else { String::new() };
                let named = all[..all.len().min(NAMED)].join(", ");
                text.push_str(&format!(
                    "  {}{more}: {}\n",
                    render::style::clean(&named),
                    render::style::clean(why)
                ));
            }
        }
        if !self.missing.is_empty() {
            text.push_str("\nSecrets cannot be read back. They stay as they are in the workspace");
            text.push_str(if self.missing.iter().all(|one| one.placeholder.is_none()) {
                "; to keep them in the directory, too, remove the `#` of these and give them values:\n"
            } else {
                " until these have values:\n"
            });
            for Missing { path, key, placeholder } in self.missing {
                let from = placeholder.as_ref().map(|from| format!(" ({from})")).unwrap_or_default();
                text.push_str(&format!("  {path}: {key}{from}\n"));
            }
        }
        let stack = &self.found.settings.stack;
        match adopted {
            Some(Adopted::All) => text.push_str(&format!(
                "\nStack `{stack}` owns them now, and nothing in the workspace was changed: the next plan is empty.\n"
            )),
            Some(Adopted::NotTried) if !self.imported.is_empty() => {
                let first = if no_adopt { "" } else { "give the secrets values, then " };
                text.push_str(&format!("\nNot adopted yet: {first}`{}`.\n", again(&self.found.settings)));
            }
            Some(Adopted::NotTried | Adopted::Differs(_)) | None => {}
        }
        text
    }

    /// How many of each kind.
    fn objects(&self) -> String {
        let mut of: BTreeMap<&str, usize> = BTreeMap::new();
        for address in self.imported {
            *of.entry(kinds::by_name(address.kind).facts().singular).or_default() += 1;
        }
        of.into_iter().map(|(singular, n)| counted(n, singular)).collect::<Vec<_>>().join(", ")
    }

    fn document(&self, adopted: Option<&Adopted>) -> String {
        let files = self.written.iter().map(|one| {
            serde_json::json!({ "path": one.path.as_str(), "outcome": match one.outcome {
                Outcome::Created => "created",
                Outcome::Replaced => "replaced",
                Outcome::Unchanged => "unchanged",
                Outcome::Removed => "removed",
            } })
        });
        let skipped = self.found.skipped.iter().map(|one| serde_json::json!({ "what": one.what, "why": one.why }));
        let secrets = self
            .missing
            .iter()
            .map(|one| serde_json::json!({ "path": one.path, "key": one.key, "placeholder": one.placeholder }));
        let value = serde_json::json!({
            "stack": self.found.settings.stack.as_str(),
            "imported": self.imported.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "files": files.collect::<Vec<_>>(),
            "skipped": skipped.collect::<Vec<_>>(),
            "secrets": secrets.collect::<Vec<_>>(),
            "adopted": matches!(adopted, Some(Adopted::All)),
        });
        document::json(&value)
    }
}
