//! Reads what the workspace has, with the fewest requests that the server allows. Reads only.
//!
//! On 12.x one list of metadata per kind says what there is and what is as it was recorded; only the rest is fetched.
//! On classic servers the search says what there is, and each declared or recorded object is read. Bodies are
//! normalised, digested and let go as they come; kept are those that differ from what the directory declares.

mod classic;
mod everything;
mod others;
mod pages;
mod resources;
mod runs;
#[cfg(test)]
mod tests;
pub mod used;

pub use everything::{bodies, everything};

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use tokio::task::JoinSet;

use crate::grafana::access::Access;
use crate::grafana::{ApiError, Client, IN_FLIGHT};
use crate::kinds::{self, KINDS, Kind, Listing, Live};
use crate::model::request::encode;
use crate::model::{
    Address, Found, KindName, Listed, LiveBody, NormalDigest, Recorded, Request, Response, Saved, Server,
    StackName, Target,
};
use crate::plan::Workspace;

/// Why the workspace could not be read.
#[derive(Debug, Error)]
pub enum LiveError {
    /// No usable answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The token may not read what a plan cannot do without.
    #[error("this token may not read {what}: {words}")]
    Forbidden {
        /// What was to be read.
        what: String,
        /// The server's words.
        words: String,
    },
    /// The server failed.
    #[error("the workspace failed to answer for {what}: {words}")]
    Failed {
        /// What was to be read.
        what: String,
        /// The server's words.
        words: String,
    },
}

/// What is asked of the workspace.
pub struct Questions<'a> {
    /// The stack.
    pub stack: &'a StackName,
    /// The stack whose record becomes this one's: what it recorded is nobody else's.
    pub taken_over: Option<&'a StackName>,
    /// The digests of the declared data sources and dashboards, as this server stores them.
    pub declared: &'a BTreeMap<Address, NormalDigest>,
    /// The folders that the directory names or would make: their titles by uid.
    pub folders: &'a BTreeMap<String, String>,
    /// What is recorded.
    pub recorded: &'a BTreeMap<Address, Recorded>,
    /// Which run made the folders that are recorded as made.
    pub made: &'a BTreeMap<Address, String>,
    /// The runs that the record knows.
    pub runs: &'a BTreeSet<&'a str>,
    /// What the token may do.
    pub access: &'a Access,
}

impl Questions<'_> {
    /// Whether an object must be read: it is declared or recorded.
    fn asks_for(&self, address: &Address) -> bool {
        self.declared.contains_key(address)
            || self.recorded.contains_key(address)
            || (address.kind == kinds::CONTAINER && self.folders.contains_key(address.id()))
    }

    /// Every object of a kind that is declared or recorded; folders that are only declared left out.
    fn of_kind(&self, kind: KindName) -> BTreeSet<&Address> {
        self.declared.keys().chain(self.recorded.keys()).filter(|a| a.kind == kind).collect()
    }
}

/// Reads the workspace.
pub async fn read(client: &Client, server: &Server, questions: &Questions<'_>) -> Result<Workspace, LiveError> {
    let whole = whole_lists(client, server, questions);
    let rest = async {
        match &server.resources {
            Some(_) => resources::read(client, server, questions).await,
            None => classic::read(client, server, questions).await,
        }
    };
    let pages = pages::read(client, server, questions);
    let (whole, rest, pages) = tokio::join!(whole, rest, pages);
    let whole = whole?;
    let mut rest = rest?;
    confirm_presence(client, server, questions, &mut rest).await?;
    let mut workspace = Workspace::default();
    for part in [whole, rest, pages?] {
        workspace.lists.extend(part.lists);
        workspace.found.extend(part.found);
        workspace.unreadable.extend(part.unreadable);
    }
    workspace.seen_in_part = seen_in_part(server, questions.access);
    workspace.users = users(client, questions, &workspace).await?;
    others::read(client, questions, &mut workspace).await?;
    runs::find(client, questions, &mut workspace).await?;
    name_the_savers(client, server, questions, &mut workspace).await?;
    Ok(workspace)
}

/// Who uses what the record has and the directory does not, where nothing may when it is deleted.
async fn users(
    client: &Client,
    questions: &Questions<'_>,
    workspace: &Workspace,
) -> Result<BTreeMap<Address, Result<BTreeSet<Address>, String>>, LiveError> {
    let leaves = |a: &&Address| !questions.declared.contains_key(a) && workspace.found.contains_key(a);
    let leaving = questions.recorded.keys().filter(leaves);
    let requests = leaving.filter_map(|a| Some((a.clone(), kinds::by_name(a.kind).users(&a.key)?)));
    let mut users = BTreeMap::new();
    send_all(client, requests, |address: Address, answer| {
        let found = named_users(kinds::by_name(address.kind), answer);
        users.insert(address, found);
    })
    .await?;
    Ok(users)
}

fn named_users(kind: &dyn Kind, answer: &Response) -> Result<BTreeSet<Address>, String> {
    Ok(kind.used_by(answer)?.into_iter().collect())
}

/// Who uses an object; none for kinds that may be deleted whoever uses them.
pub async fn users_of(
    client: &Client,
    address: &Address,
) -> Result<Option<Result<BTreeSet<Address>, String>>, LiveError> {
    let kind = kinds::by_name(address.kind);
    let Some(request) = kind.users(&address.key) else { return Ok(None) };
    let answer = client.send(&request).await?;
    Ok(Some(named_users(kind, &answer)))
}

/// The kinds of which a list leaves out what this token may not read, without a word (fact: `lists-hide`).
///
/// Where the workspace does not say what the token may do, nothing is concluded: a list that may not be had at all is
/// noticed by its own answer.
fn seen_in_part(server: &Server, access: &Access) -> Vec<&'static str> {
    if !access.is_known() {
        return Vec::new();
    }
    let hides = |kind: &&dyn Kind| {
        let listed = matches!(kind.listing(server), Listing::Resources { .. } | Listing::Search(_));
        listed && !access.everywhere(kind.facts().right)
    };
    kinds::in_folders().filter(hides).map(|kind| kind.facts().plural).collect()
}

/// What lists and reads of some kinds say.
#[derive(Default)]
struct Part {
    lists: BTreeMap<KindName, Option<Vec<Listed>>>,
    found: BTreeMap<Address, Found>,
    unreadable: BTreeMap<Address, String>,
}

/// What is said of an object that a list has and no read finds.
const CONTRADICTED: &str = "a list contains it, but reading it says that it is not there";

/// A read that does not find what a list has just had is not believed at once: it is read again, and where it is still
/// not found, nothing is concluded.
async fn confirm_presence(
    client: &Client,
    server: &Server,
    questions: &Questions<'_>,
    part: &mut Part,
) -> Result<(), LiveError> {
    let listed =
        part.lists.iter().flat_map(|(kind, list)| list.iter().flatten().map(|one| (*kind, one.uid.as_str())));
    let missing: Vec<Address> = listed
        .filter_map(|(kind, uid)| Address::live(kind, uid))
        .filter(|a| questions.asks_for(a) && !part.found.contains_key(a) && !part.unreadable.contains_key(a))
        .collect();
    fetch(client, server, missing.clone(), |address, answer| part.add(address, answer, server, questions)).await?;
    for address in missing {
        if !part.found.contains_key(&address) {
            part.unreadable.entry(address).or_insert_with(|| CONTRADICTED.into());
        }
    }
    Ok(())
}

/// What the search says of every object of a type, with its title and folder: lists of 12.x have no titles.
pub async fn titled(client: &Client, of: &str) -> Result<Vec<Listed>, LiveError> {
    classic::titled(client, of).await
}

/// Every object of a kind that is listed in one answer; none when this token may not list them.
///
/// A token without the right gets an empty list, or a refusal (fact: `lists-hide`): neither proves absence.
pub async fn whole_list(
    client: &Client,
    server: &Server,
    kind: &'static dyn Kind,
    access: &Access,
) -> Result<Option<Vec<Listed>>, LiveError> {
    let Listing::Whole { path, entry } = kind.listing(server) else { return Ok(None) };
    let may_list = access.everywhere(kind.facts().right);
    match ok(client.send(&Request::get(path)).await?, &format!("the list of {}", kind.facts().plural)) {
        Ok(answer) if may_list => Ok(Some(entries(&answer, entry))),
        Ok(_) | Err(LiveError::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One object as it is, with its body; none where the workspace has none.
pub async fn one(client: &Client, server: &Server, address: &Address) -> Result<Option<Found>, LiveError> {
    let kind = kinds::by_name(address.kind);
    let what = format!("`{address}`");
    let answer = client.send(&kind.read(&address.key, server)).await?;
    if answer.status == 403 {
        return Err(LiveError::Forbidden { what, words: answer.message() });
    }
    let found = kind.found(&answer, server).map_err(|words| LiveError::Failed { what, words })?;
    Ok(found.map(|live| keep(address, live)))
}

/// Which of these objects are there, with their bodies, for kinds that are not listed for every plan; one that cannot be
/// asked for counts as there (null).
pub async fn referred(
    client: &Client,
    server: &Server,
    targets: BTreeSet<Target>,
) -> Result<BTreeMap<Target, serde_json::Value>, LiveError> {
    let mut there = BTreeMap::new();
    for target in targets {
        let kind = kinds::by_name(target.kind);
        let Some(address) = Address::live(target.kind, &target.name) else { continue };
        if !matches!(kind.listing(server), Listing::Pages { .. }) {
            continue;
        }
        let answer = client.send(&kind.read(&address.key, server)).await?;
        if answer.status != 404 {
            let found = kind.found(&answer, server).ok().flatten();
            there.insert(target, found.map(|live| live.body).unwrap_or_default());
        }
    }
    Ok(there)
}

/// The kinds whose objects are listed in one answer.
async fn whole_lists(client: &Client, server: &Server, questions: &Questions<'_>) -> Result<Part, LiveError> {
    let mut part = Part::default();
    for kind in KINDS.iter().filter(|kind| matches!(kind.listing(server), Listing::Whole { .. })) {
        let list = whole_list(client, server, *kind, questions.access).await?;
        read_listed(client, server, questions, *kind, list.as_deref(), &mut part).await?;
        part.lists.insert(kind.name(), list);
    }
    Ok(part)
}

/// Reads those objects of a kind that are declared or recorded, beside a list that says which are there; with no list,
/// each is asked for.
async fn read_listed(
    client: &Client,
    server: &Server,
    questions: &Questions<'_>,
    kind: &'static dyn Kind,
    list: Option<&[Listed]>,
    part: &mut Part,
) -> Result<(), LiveError> {
    let may_list = questions.access.everywhere(kind.facts().right);
    let uids: Option<BTreeSet<&str>> = list.map(|list| list.iter().map(|one| one.uid.as_str()).collect());
    let listed = |address: &Address| uids.as_ref().is_some_and(|uids| uids.contains(address.id()));
    // What the list proves absent and nobody recorded need not be asked for; what was recorded is asked a second way.
    let ask: Vec<Address> = questions
        .of_kind(kind.name())
        .into_iter()
        .filter(|a| list.is_none() || listed(a) || questions.recorded.contains_key(a))
        .cloned()
        .collect();
    let mut contradicted = Vec::new();
    let mut take =
        |address: Address, answer: &Response, contradicted: &mut Vec<Address>| match kind.found(answer, server) {
            Ok(Some(live)) => {
                part.found.insert(address.clone(), keep(&address, live));
            }
            Ok(None) if listed(&address) => contradicted.push(address),
            Ok(None) if may_list => {}
            Ok(None) => {
                let why = format!("this token may not read {}", kind.facts().plural);
                part.unreadable.insert(address, why);
            }
            Err(words) => {
                part.unreadable.insert(address, words);
            }
        };
    fetch(client, server, ask, |address, answer| take(address, answer, &mut contradicted)).await?;
    let again = std::mem::take(&mut contradicted);
    fetch(client, server, again, |address, answer| take(address, answer, &mut contradicted)).await?;
    part.unreadable.extend(contradicted.into_iter().map(|address| (address, CONTRADICTED.to_owned())));
    Ok(())
}

fn entries(answer: &Response, entry: fn(&serde_json::Value) -> Listed) -> Vec<Listed> {
    let json = answer.json();
    json.as_array().into_iter().flatten().map(entry).collect()
}

/// Reads several objects side by side and gives each answer to `take` as it comes.
async fn fetch(
    client: &Client,
    server: &Server,
    addresses: Vec<Address>,
    take: impl FnMut(Address, &Response),
) -> Result<(), LiveError> {
    let read = |address: Address| {
        let request = kinds::by_name(address.kind).read(&address.key, server);
        (address, request)
    };
    send_all(client, addresses.into_iter().map(read), take).await
}

/// Sends several reads side by side and gives each answer to `take` as it comes, so that few are held at once.
async fn send_all<K: Send + 'static>(
    client: &Client,
    mut requests: impl Iterator<Item = (K, Request)>,
    mut take: impl FnMut(K, &Response),
) -> Result<(), LiveError> {
    let mut tasks = JoinSet::new();
    loop {
        while tasks.len() < 2 * IN_FLIGHT
            && let Some((of, request)) = requests.next()
        {
            let client = client.clone();
            tasks.spawn(async move { (of, client.send(&request).await) });
        }
        let Some(joined) = tasks.join_next().await else { return Ok(()) };
        let (of, answer) = joined.map_err(|e| ApiError::Lost(e.to_string()))?;
        take(of, &answer?);
    }
}

/// Normalises and digests a live object, keeping its body only if it differs from what is declared.
fn digest(address: &Address, live: Live, questions: &Questions<'_>, server: &Server) -> Found {
    let kind = kinds::by_name(address.kind);
    let normal = kind.normal(live.body);
    let digest = normal.digest();
    let keep = questions.declared.get(address).is_some_and(|declared| !declared.equals(&digest, server.numbers));
    let body = if keep { LiveBody::Kept(digest, Box::new(normal.whole())) } else { LiveBody::Digested(digest) };
    Found { body, ..live.found }
}

/// Normalises and digests a live object and keeps its body, for kinds whose bodies are small.
fn keep(address: &Address, live: Live) -> Found {
    let normal = kinds::by_name(address.kind).normal(live.body);
    let digest = normal.digest();
    Found { body: LiveBody::Kept(digest, Box::new(normal.whole())), ..live.found }
}

impl Part {
    /// Takes what an answer to a read of one object says.
    fn add(&mut self, address: Address, answer: &Response, server: &Server, questions: &Questions<'_>) {
        match kinds::by_name(address.kind).found(answer, server) {
            Ok(Some(live)) => {
                let found = match kinds::by_name(address.kind).facts().small {
                    true => keep(&address, live),
                    false => digest(&address, live, questions, server),
                };
                self.found.insert(address, found);
            }
            Ok(None) => {}
            Err(words) => {
                self.unreadable.insert(address, words);
            }
        }
    }
}

/// `/apis` names who saved an object by a number; for what was changed outside, the older API says who that is.
async fn name_the_savers(
    client: &Client,
    server: &Server,
    questions: &Questions<'_>,
    workspace: &mut Workspace,
) -> Result<(), LiveError> {
    if server.resources.is_none() {
        return Ok(());
    }
    let changed: Vec<Address> = workspace
        .found
        .iter()
        .filter(|(address, found)| {
            questions.recorded.get(address).is_some_and(|r| {
                found.body.digest().is_some_and(|d| Some(d.recorded()) != r.digest || found.parent != r.parent)
            })
        })
        .map(|(address, _)| address.clone())
        .collect();
    let mut tasks = JoinSet::new();
    for address in changed {
        let (client, server) = (client.clone(), server.clone());
        tasks.spawn(async move {
            let saved = saver(&client, &server, &address).await;
            (address, saved)
        });
    }
    while let Some(joined) = tasks.join_next().await {
        let Ok((address, Some(saved))) = joined else { continue };
        if let Some(found) = workspace.found.get_mut(&address) {
            found.saved = saved;
        }
    }
    Ok(())
}

/// Who saved an object last, by name, where `/apis` says only a number; none where that is not needed or not said.
pub async fn saver(client: &Client, server: &Server, address: &Address) -> Option<Saved> {
    server.resources.as_ref()?;
    let request = kinds::by_name(address.kind).savers(&address.key)?;
    let answer = client.send(&request).await.ok().filter(|a| a.status == 200)?;
    let json = answer.json();
    let meta = json.get("meta").unwrap_or(&json);
    let saved = Saved { by: kinds::text(meta, "/updatedBy"), at: kinds::text(meta, "/updated") };
    (!saved.by.is_empty()).then_some(saved)
}

/// Names those who saved these objects, where `/apis` says only a number: one read for each of them, whatever they saved.
/// Whom the server does not name keeps the number.
pub async fn name_savers(client: &Client, server: &Server, found: &mut BTreeMap<Address, Found>) {
    if server.resources.is_none() {
        return;
    }
    let is_number = |by: &str| by.contains(':');
    let mut numbers: BTreeMap<String, Address> = BTreeMap::new();
    for (address, found) in found.iter().filter(|(_, found)| is_number(&found.saved.by)) {
        numbers.entry(found.saved.by.clone()).or_insert_with(|| address.clone());
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (number, address) in numbers {
        if let Some(saved) = saver(client, server, &address).await {
            names.insert(number, saved.by);
        }
    }
    for found in found.values_mut() {
        if let Some(name) = names.get(&found.saved.by) {
            found.saved.by.clone_from(name);
        }
    }
}

/// What a list says of every object of a kind, by uid; none where the server has no list that tells versions.
pub async fn listed(
    client: &Client,
    server: &Server,
    kind: KindName,
) -> Result<Option<BTreeMap<String, Live>>, LiveError> {
    match kinds::by_name(kind).listing(server) {
        Listing::Resources { path, accept, item } => resources::listed(client, &path, accept, item).await.map(Some),
        Listing::Search(_) | Listing::Pages { .. } | Listing::Whole { .. } => Ok(None),
    }
}

/// Whether an object that a read did not find is in a list all the same: absence is believed when two ways agree.
pub async fn is_listed(client: &Client, server: &Server, address: &Address) -> Result<bool, LiveError> {
    let kind = kinds::by_name(address.kind);
    match kind.listing(server) {
        Listing::Resources { path, accept, item } => {
            Ok(resources::listed(client, &path, accept, item).await?.contains_key(address.id()))
        }
        Listing::Search(of) => classic::is_found(client, of, address.id()).await,
        Listing::Pages { path, items, item } => {
            Ok(pages::all(client, kind, path, items, item).await?.contains_key(address.id()))
        }
        Listing::Whole { path, entry } => {
            let what = format!("the list of {}", kind.facts().plural);
            let answer = ok(client.send(&Request::get(path)).await?, &what)?;
            Ok(entries(&answer, entry).iter().any(|one| one.uid == address.id()))
        }
    }
}

/// An answer that is needed: 403 and failures become errors that name what was asked.
fn ok(answer: Response, what: &str) -> Result<Response, LiveError> {
    let what = || what.to_owned();
    match answer.status {
        200..=299 => Ok(answer),
        403 => Err(LiveError::Forbidden { what: what(), words: answer.message() }),
        _ => Err(LiveError::Failed { what: what(), words: answer.message() }),
    }
}

/// What is in a folder, by the server's authoritative word. None is empty.
pub async fn inside_folder(client: &Client, server: &Server, uid: &str) -> Result<Option<String>, LiveError> {
    match listed_inside(client, server, uid).await? {
        None => counted_inside(client, uid).await,
        inside => Ok(inside),
    }
}

/// Which dashboard or folder is in a folder, by lists.
pub async fn listed_inside(client: &Client, server: &Server, uid: &str) -> Result<Option<String>, LiveError> {
    match &server.resources {
        Some(_) => resources::any_in_folder(client, server, uid).await,
        None => classic::any_in_folder(client, server, uid).await,
    }
}

/// What is in a folder, by counting, where lists have shown nothing: asked just before the folder is deleted.
pub async fn counted_inside(client: &Client, uid: &str) -> Result<Option<String>, LiveError> {
    // Library panels and alert rules: counted by the server since 10.1, listed before. What cannot be read counts as
    // something inside.
    let counts = client.send(&Request::get(format!("/api/folders/{}/counts", encode(uid)))).await?;
    if counts.status == 200 {
        let json = counts.json();
        let full = json.as_object().into_iter().flatten().find(|(_, n)| n.as_u64().is_none_or(|n| n > 0));
        return Ok(full.map(|(what, n)| format!("{n} of `{what}`")));
    }
    library_panels_inside(client, uid).await
}

async fn library_panels_inside(client: &Client, uid: &str) -> Result<Option<String>, LiveError> {
    let answer = client.send(&Request::get("/api/library-elements?perPage=10000")).await?;
    let json = ok(answer, "the library panels")?.json();
    let elements = json.pointer("/result/elements").and_then(serde_json::Value::as_array).into_iter().flatten();
    let inside =
        elements.filter(|e| kinds::text(e, "/folderUid") == uid || kinds::text(e, "/meta/folderUid") == uid);
    Ok(inside.map(|e| format!("library panel `{}`", kinds::text(e, "/name"))).next())
}
