//! A file beside the object of a workspace: what the workspace has that the file does not say, and the other way round.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::side::{Item, Side, load_file};
use super::{no_document, readable, told, unread, unshown};
use crate::cli::{DiffArgs, ReadingArgs, RulesArgs};
use crate::commands::connect::{self, Connection, connect};
use crate::commands::directory::{self, Sent};
use crate::commands::{Exit, Failure, Session, gather, shown};
use crate::kinds;
use crate::live;
use crate::model::{Address, Declared, Delta, Found, Guard, Problem, RecordState};
use crate::plan::Goal;
use crate::plan::Workspace;
use crate::plan::compare::{DeclaredForm, Keyed, sides};
use crate::render::story::diff::{Comparison, Difference};

/// Which side was typed first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    FileFirst,
    LiveFirst,
}

/// Reads both sides and puts them beside each other.
pub async fn compare(
    file: &Path,
    address: &Address,
    order: Order,
    args: &DiffArgs,
    session: &Session<'_>,
) -> Result<Comparison, Failure> {
    let (settings, problems) = directory::settle(
        &args.directory,
        ReadingArgs::default(),
        &args.workspace,
        &RulesArgs::default(),
        session.machine,
    )?;
    directory::tell(&problems, 1, Sent::Nothing, session.terminal)?;
    let options = directory::options(&args.directory, settings.file.clone(), &settings.given, session.machine);
    let read = load_file(file, options);
    let mut side = Side { bound: crate::source::Bound::unbound(&read), directory: read };
    readable(&side, session.terminal)?;
    let connection = connect(&settings, false, session).await?;
    if !side.bound.unresolved.is_empty() {
        let nothing = BTreeMap::new();
        side.bound = gather::bind(Goal::Apply, &side.directory, &nothing, &settings, &connection).await?;
        directory::tell(&side.bound.problems, side.directory.files, Sent::Reads, session.terminal)?;
    }
    let items = side.items();
    if items.is_empty() {
        return Err(no_document(&side, file));
    }
    let item = chosen(&items, address, file)?;
    let found = live::one(&connection.client, &connection.server, address).await.map_err(connect::live)?;
    let Some(found) = found else {
        return Err(Failure::new(Exit::Error, format!("the workspace has no `{address}`"))
            .hint("check the uid and the workspace; `amgctl plan` lists what would be created"));
    };
    let mut notes = Vec::new();
    if item.declared.is_some_and(|declared| !declared.secrets.is_empty()) || !found.secure_keys.is_empty() {
        notes.push("secret values cannot be read back from a workspace, so they are not compared".to_owned());
    }
    if found.guard == Some(Guard::SavedAsV2) {
        notes.push("the workspace has it in the v2 format, of which the classic form shows a part".to_owned());
    }
    let delta = delta(&side, item, found, &connection, order).map_err(|problem| unread(&problem))?;
    let (first, second) = (shown(file), format!("{address} of {}", connection.name));
    let names = match order {
        Order::FileFirst => vec![("from", first), ("to", second)],
        Order::LiveFirst => vec![("from", second), ("to", first)],
    };
    let same = usize::from(delta.is_empty());
    let difference = Difference::Changed { delta, moved: None };
    let differing = if same == 1 { Vec::new() } else { vec![told(item, difference)] };
    Ok(Comparison { sides: names, differing, same, notes })
}

/// The object of the file that is meant: the one of that address, else the only one of its kind.
fn chosen<'i, 'a>(
    items: &'i BTreeMap<Address, Item<'a>>,
    address: &Address,
    file: &Path,
) -> Result<&'i Item<'a>, Failure> {
    if let Some(item) = items.get(address) {
        return Ok(item);
    }
    let mut same = items.values().filter(|item| item.address.kind == address.kind);
    match (same.next(), same.next()) {
        (Some(item), None) => Ok(item),
        _ => {
            let all: Vec<String> = items.keys().map(|address| format!("`{address}`")).collect();
            Err(Failure::new(Exit::Error, format!("`{}` does not hold `{address}`", shown(file)))
                .hint(format!("it holds {}", all.join(", "))))
        }
    }
}

/// How the file's object and the live one differ, as both may be shown.
fn delta(
    side: &Side,
    item: &Item<'_>,
    found: Found,
    connection: &Connection,
    order: Order,
) -> Result<Delta, Box<Problem>> {
    let kind = kinds::by_name(item.address.kind);
    let numbers = connection.server.numbers;
    let live = found.body.value().cloned().unwrap_or_default();
    let (declared, live) = match item.declared {
        None => (side.shown(item)?, live),
        Some(declared) => {
            let wanted = kinds::stored(kind, &declared.digest, &connection.server);
            if found.body.digest().is_some_and(|digest| wanted.equals(digest, numbers)) {
                return Ok(Delta::default());
            }
            forms(side, declared, found)?
        }
    };
    let (before, after) = match order {
        Order::FileFirst => (&declared, &live),
        Order::LiveFirst => (&live, &declared),
    };
    let mut delta = kind.diff(before, after, numbers);
    if delta.is_empty() && item.declared.is_some() {
        delta.entries.push(unshown());
    }
    Ok(delta)
}

/// Both forms as a plan would show them: values from elsewhere stand as they are written.
fn forms(side: &Side, declared: &Declared, found: Found) -> Result<(Value, Value), Box<Problem>> {
    let address = &declared.address;
    let live = Workspace { found: [(address.clone(), found)].into(), ..Workspace::default() };
    let keyed = Keyed { record: &RecordState::Off, salt: "" };
    let both = sides(std::slice::from_ref(declared), &[address].into(), live, keyed, false, |declared| {
        let body = side.bound.body(declared)?;
        // Nothing that a workspace gives back is a secret.
        Ok(DeclaredForm { value: body.value, shown: body.shown, pieces: body.pieces, secrets: Ok(Vec::new()) })
    })?;
    let shown = both.shown.get(address).or_else(|| both.live.found.get(address)?.body.value());
    Ok((both.declared.get(address).cloned().unwrap_or_default(), shown.cloned().unwrap_or_default()))
}
