//! `amgctl list`: what the stack owns, from the record and the workspace. The directory only says where each object is
//! declared, so its faults stop nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::connect::{self, connect};
use super::gather::{self, Held};
use super::{Exit, Failure, Session, directory, typed};
use crate::cli::{ListArgs, RulesArgs};
use crate::kinds;
use crate::live;
use crate::model::{Address, Listed, Place, RecordState, Recorded, Severity, counted};
use crate::plan::{Goal, Workspace};
use crate::render::list::{self, Owner, Row, There};
use crate::render::style::clean;
use crate::source::{self, Bound, LoadOptions};

/// Runs it.
pub async fn list(args: ListArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let terminal = session.terminal;
    directory::must_exist(&args.directory.directory)?;
    let (mut settings, problems) = directory::settle(
        &args.directory.directory,
        args.reading.clone(),
        &args.workspace,
        &RulesArgs::default(),
        session.machine,
    )?;
    // A stack whose name cannot be read would be another one: that of the directory's name.
    directory::tell(&problems, 1, directory::Sent::Nothing, terminal)?;
    if !settings.records {
        return Err(Failure::new(
            Exit::Error,
            "with `ownership: none` nothing is recorded, so the stack owns nothing",
        )
        .hint(format!("`{}` shows what it declares", typed::line("plan", &settings, typed::About::default())))
        .lasting());
    }
    let options = directory::options(&settings.directory, settings.file.clone(), &settings.given, session.machine);
    let options = LoadOptions { survey: settings.survey.take(), ..options };
    let files = source::load(&settings.directory, &options);
    let waiting = terminal.waiting("reading the workspace");
    let connection = connect(&settings, false, session).await?;
    let (mut held, mut custody) = gather::hold(&settings, &connection, None, &waiting, session).await?;
    if let RecordState::Unknown(why) = &held.record {
        return Err(Failure::new(Exit::Auth, why.clone()).hint(
            "use a token that may read the folder `amgctl`, as one of a service account with the role Admin",
        ));
    }
    let bound = gather::bind(Goal::Apply, &files, held.objects(), &settings, &connection).await?;
    let mut live = gather::read(Goal::Destroy, &settings, &bound, &connection, &held).await?;
    held.let_go(&live, &mut custody);
    live::name_savers(&connection.client, &connection.server, &mut live.found).await;
    let titles = match args.all {
        true => titles(&live, &connection).await?,
        false => BTreeMap::new(),
    };
    drop(waiting);
    let base = (!gather::is_embedded(&settings)).then(|| connection.client.url());
    let mut rows = own(&held, &bound, &live, base);
    if args.all {
        rows.extend(others(&held, &live, &titles, base));
    }
    let faults = files.problems.iter().chain(&bound.problems).filter(|p| p.severity == Severity::Error).count();
    if faults > 0 {
        terminal.warn(&format!(
            "the directory has {}, so where objects are declared may not be right: `amgctl validate` shows them",
            counted(faults, "fault")
        ));
    }
    if args.json {
        terminal.print(&list::document(&connection.name, settings.stack.as_str(), &rows));
        return Ok(Exit::Done);
    }
    match &held.record {
        RecordState::Absent => terminal.say(&format!(
            "Stack `{}` has no record in this workspace: nothing was applied to it yet.",
            settings.stack
        )),
        RecordState::There(_) | RecordState::Unknown(_) | RecordState::Off => {}
    }
    if !rows.is_empty() {
        terminal.print(&list::text(&rows, args.all, &terminal.out));
    }
    terminal.say(&format!("{} of stack `{}`.", counted(held.objects().len(), "object"), settings.stack));
    Ok(Exit::Done)
}

/// What the stack owns, by address.
fn own(held: &Held, bound: &Bound, live: &Workspace, base: Option<&str>) -> Vec<Row> {
    let places = places(held, bound);
    let row = |(address, entry): (&Address, &Recorded)| {
        let found = live.found.get(address);
        let there = match (found, live.unreadable.get(address)) {
            (Some(found), _) => There::Is { version: Some(found.identity.version), saved: found.saved.clone() },
            (None, Some(why)) => There::Unread(why.clone()),
            (None, None) => There::Gone,
        };
        let title = found.map(|found| &found.headline.title).filter(|title| !title.is_empty());
        Row {
            address: address.to_string(),
            title: title.unwrap_or(&entry.title).clone(),
            owner: Owner::Ours { how: entry.how, protect: entry.protect },
            place: places.get(address).cloned(),
            source: entry.source.clone(),
            url: found.and_then(|_| url(base, address)),
            there,
        }
    };
    held.objects().iter().map(row).collect()
}

/// Where the directory declares each object: folders that are known by their paths are those that the record binds.
fn places(held: &Held, bound: &Bound) -> BTreeMap<Address, Place> {
    let objects = bound.objects.iter().map(|one| (one.address.clone(), one.place.clone()));
    let folders = bound.folders.iter().filter_map(|folder| {
        let named = || folder.uid.as_ref().map(|uid| uid.as_str().to_owned());
        let by_path = || held.record.there()?.bindings.get(folder.path.as_ref()?).cloned();
        let address = Address::live(kinds::CONTAINER, &named().or_else(by_path)?)?;
        Some((address, folder.place.clone()))
    });
    objects.chain(folders).collect()
}

/// What is not the stack's: what another stack has recorded, then what nobody has, by address.
fn others(held: &Held, live: &Workspace, titles: &BTreeMap<String, String>, base: Option<&str>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (kind, list) in &live.lists {
        for Listed { uid, title, .. } in list.iter().flatten() {
            let address = Address::live(*kind, uid);
            let is_ours = address.as_ref().is_some_and(|address| held.objects().contains_key(address));
            if is_ours || address.as_ref().is_some_and(|address| address.key.is_reserved()) {
                continue;
            }
            let stack = address.as_ref().and_then(|address| live.others.get(address));
            let title = if title.is_empty() { titles.get(uid).cloned().unwrap_or_default() } else { title.clone() };
            let saved =
                address.as_ref().and_then(|address| live.found.get(address)).map(|found| found.saved.clone());
            let row = Row {
                address: address.as_ref().map_or_else(|| format!("{kind} {:?}", clean(uid)), ToString::to_string),
                title,
                owner: stack.map_or(Owner::Nobody, |stack| Owner::Stack(stack.to_string())),
                place: None,
                source: String::new(),
                there: There::Is { version: None, saved: saved.unwrap_or_default() },
                url: address.as_ref().and_then(|address| url(base, address)),
            };
            rows.push(row);
        }
    }
    let order = |row: &Row| (row.owner == Owner::Nobody, row.address.clone());
    rows.sort_by_key(order);
    rows
}

/// The titles that lists do not have, by uid.
async fn titles(live: &Workspace, connection: &connect::Connection) -> Result<BTreeMap<String, String>, Failure> {
    let (kind, of) = source::SEARCHED;
    let untitled: BTreeSet<&str> =
        live.all(kind).iter().filter(|one| one.title.is_empty()).map(|one| one.uid.as_str()).collect();
    if untitled.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = live::titled(&connection.client, of).await.map_err(connect::live)?;
    Ok(found
        .into_iter()
        .filter(|one| untitled.contains(one.uid.as_str()))
        .map(|one| (one.uid, one.title))
        .collect())
}

fn url(base: Option<&str>, address: &Address) -> Option<String> {
    Some(format!("{}{}", base?, kinds::by_name(address.kind).page(&address.key)?))
}
