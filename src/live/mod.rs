//! Reads what the workspace has, with the fewest requests that the server allows. Reads only.
//!
//! On 12.x one list of metadata per kind says what there is and what is as it was recorded; only the rest is fetched.
//! On classic servers the search says what there is, and each declared or recorded object is read. Bodies are
//! normalised, digested and let go as they come; kept are those that differ from what the directory declares.

mod classic;
mod others;
mod resources;
mod runs;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use tokio::task::JoinSet;

use crate::grafana::access::Access;
use crate::grafana::{ApiError, Client, IN_FLIGHT};
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::kinds::{self, Live};
use crate::model::request::encode;
use crate::model::{
    Address, Found, KindName, LiveBody, NormalDigest, Recorded, Request, Response, Saved, Server, StackName, Uid,
};
use crate::plan::Workspace;
use crate::plan::inputs::{LiveName, LiveTitle};

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
        what: &'static str,
        /// The server's words.
        words: String,
    },
    /// The server failed.
    #[error("the workspace failed to answer for {what}: {words}")]
    Failed {
        /// What was to be read.
        what: &'static str,
        /// The server's words.
        words: String,
    },
}

/// What is asked of the workspace.
pub struct Questions<'a> {
    /// The stack.
    pub stack: &'a StackName,
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
            || (address.kind == Folder::NAME && self.folders.contains_key(address.id()))
    }

    /// Every data source or dashboard that is declared or recorded.
    fn of_kind(&self, kind: KindName) -> BTreeSet<&Address> {
        self.declared.keys().chain(self.recorded.keys()).filter(|a| a.kind == kind).collect()
    }
}

/// Reads the workspace.
pub async fn read(client: &Client, server: &Server, questions: &Questions<'_>) -> Result<Workspace, LiveError> {
    let mut workspace = Workspace::default();
    let datasources = datasources(client, server, questions);
    let rest = async {
        match &server.resources {
            Some(resources) => resources::read(client, server, resources, questions).await,
            None => classic::read(client, server, questions).await,
        }
    };
    let (datasources, rest) = tokio::join!(datasources, rest);
    let (names, found, unreadable) = datasources?;
    workspace.datasources = names;
    workspace.found.extend(found);
    workspace.unreadable.extend(unreadable);
    let mut rest = rest?;
    confirm_presence(client, server, questions, &mut rest).await?;
    workspace.folders = rest.folders;
    workspace.dashboards = rest.dashboards;
    workspace.found.extend(rest.found);
    workspace.unreadable.extend(rest.unreadable);
    workspace.seen_in_part = seen_in_part(questions.access);
    others::read(client, questions, &mut workspace).await?;
    runs::find(client, questions, &mut workspace).await?;
    name_the_savers(client, server, questions, &mut workspace).await?;
    Ok(workspace)
}

/// The kinds of which a list leaves out what this token may not read, without a word (fact: `lists-hide`).
///
/// Where the workspace does not say what the token may do, nothing is concluded: a list that may not be had at all is
/// noticed by its own answer.
fn seen_in_part(access: &Access) -> Vec<&'static str> {
    if !access.is_known() {
        return Vec::new();
    }
    let kinds = [(Dashboard::NAME, "dashboards:read"), (Folder::NAME, "folders:read")];
    let part = kinds.into_iter().filter(|(_, action)| !access.everywhere(action));
    part.map(|(kind, _)| kinds::by_name(kind).plural()).collect()
}

/// Folders and dashboards, as either way of reading gives them.
#[derive(Default)]
struct Tree {
    folders: Option<Vec<crate::model::LiveFolder>>,
    dashboards: Option<Vec<LiveTitle>>,
    found: BTreeMap<Address, Found>,
    unreadable: BTreeMap<Address, String>,
}

/// What is said of an object that a list has and no read finds.
const CONTRADICTED: &str = "a list has it, and a read says that it is not there";

/// A read that does not find what a list has just had is not believed at once: it is read again, and where it is still
/// not found, nothing is concluded.
async fn confirm_presence(
    client: &Client,
    server: &Server,
    questions: &Questions<'_>,
    tree: &mut Tree,
) -> Result<(), LiveError> {
    let folders = tree.folders.iter().flatten().map(|f| (Folder::NAME, f.uid.as_str()));
    let dashboards = tree.dashboards.iter().flatten().map(|d| (Dashboard::NAME, d.uid.as_str()));
    let missing: Vec<Address> = folders
        .chain(dashboards)
        .filter_map(|(kind, uid)| address(kind, uid))
        .filter(|a| questions.asks_for(a) && !tree.found.contains_key(a) && !tree.unreadable.contains_key(a))
        .collect();
    fetch(client, server, missing.clone(), |address, answer| tree.take(address, answer, server, questions)).await?;
    for address in missing {
        if !tree.found.contains_key(&address) {
            tree.unreadable.entry(address).or_insert_with(|| CONTRADICTED.into());
        }
    }
    Ok(())
}

type Datasources = (Option<Vec<LiveName>>, BTreeMap<Address, Found>, BTreeMap<Address, String>);

/// The workspace's data sources by name; none when this token may not list them.
pub async fn datasource_names(client: &Client, access: &Access) -> Result<Option<Vec<LiveName>>, LiveError> {
    // A token without the right gets an empty list, or a refusal (fact: `lists-hide`): neither proves absence.
    let may_list = access.everywhere("datasources:read");
    match ok(client.send(&Request::get("/api/datasources")).await?, "the list of data sources") {
        Ok(answer) if may_list => Ok(Some(names(&answer))),
        Ok(_) | Err(LiveError::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Which of these library panels are there, with their models; one that cannot be asked for counts as there (null).
pub async fn library_panels(
    client: &Client,
    uids: BTreeSet<String>,
) -> Result<BTreeMap<String, serde_json::Value>, LiveError> {
    let mut there = BTreeMap::new();
    for uid in uids {
        let answer = client.send(&Request::get(format!("/api/library-elements/{}", encode(&uid)))).await?;
        if answer.status != 404 {
            there.insert(uid, answer.json().pointer("/result/model").cloned().unwrap_or_default());
        }
    }
    Ok(there)
}

async fn datasources(
    client: &Client,
    server: &Server,
    questions: &Questions<'_>,
) -> Result<Datasources, LiveError> {
    let may_list = questions.access.everywhere("datasources:read");
    let names = datasource_names(client, questions.access).await?;
    let asked = questions.of_kind(Datasource::NAME);
    let listed = |address: &Address| names.as_ref().is_some_and(|n| n.iter().any(|d| d.uid == address.id()));
    // What the list proves absent and nobody recorded need not be asked for; what was recorded is asked a second way.
    let ask: Vec<Address> = asked
        .into_iter()
        .filter(|a| names.is_none() || listed(a) || questions.recorded.contains_key(a))
        .cloned()
        .collect();
    let mut found = BTreeMap::new();
    let mut unreadable = BTreeMap::new();
    let mut contradicted = Vec::new();
    let mut take = |address: Address, answer: &Response, contradicted: &mut Vec<Address>| {
        let kind = kinds::by_name(address.kind);
        match kind.found(answer, server) {
            Ok(Some(live)) => {
                found.insert(address.clone(), keep(&address, live));
            }
            Ok(None) if listed(&address) => contradicted.push(address),
            Ok(None) if may_list => {}
            Ok(None) => {
                unreadable.insert(address, "this token may not read data sources".into());
            }
            Err(words) => {
                unreadable.insert(address, words);
            }
        }
    };
    fetch(client, server, ask, |address, answer| take(address, answer, &mut contradicted)).await?;
    let again = std::mem::take(&mut contradicted);
    fetch(client, server, again, |address, answer| take(address, answer, &mut contradicted)).await?;
    unreadable.extend(contradicted.into_iter().map(|address| (address, CONTRADICTED.to_owned())));
    Ok((names, found, unreadable))
}

fn names(answer: &Response) -> Vec<LiveName> {
    let json = answer.json();
    let list = json.as_array().into_iter().flatten();
    list.map(|d| LiveName {
        uid: kinds::text(d, "/uid"),
        name: kinds::text(d, "/name"),
        kind: kinds::text(d, "/type"),
        is_default: d.get("isDefault") == Some(&serde_json::Value::Bool(true)),
    })
    .collect()
}

/// Reads several objects side by side and gives each answer to `take` as it comes, so that few are held at once.
async fn fetch(
    client: &Client,
    server: &Server,
    addresses: Vec<Address>,
    mut take: impl FnMut(Address, &Response),
) -> Result<(), LiveError> {
    let mut waiting = addresses.into_iter();
    let mut tasks = JoinSet::new();
    loop {
        while tasks.len() < 2 * IN_FLIGHT
            && let Some(address) = waiting.next()
        {
            let request = kinds::by_name(address.kind).read(&address.key, server);
            let client = client.clone();
            tasks.spawn(async move { (address, client.send(&request).await) });
        }
        let Some(joined) = tasks.join_next().await else { return Ok(()) };
        let (address, answer) = joined.map_err(|e| ApiError::Lost(e.to_string()))?;
        take(address, &answer?);
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

/// Normalises and digests a live object and keeps its body: data sources and folders, which are small.
fn keep(address: &Address, live: Live) -> Found {
    let normal = kinds::by_name(address.kind).normal(live.body);
    let digest = normal.digest();
    Found { body: LiveBody::Kept(digest, Box::new(normal.whole())), ..live.found }
}

impl Tree {
    /// Takes what an answer to a read of one folder or dashboard says.
    fn take(&mut self, address: Address, answer: &Response, server: &Server, questions: &Questions<'_>) {
        match kinds::by_name(address.kind).found(answer, server) {
            Ok(Some(live)) => {
                let found = match address.kind {
                    Folder::NAME => keep(&address, live),
                    _ => digest(&address, live, questions, server),
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
    let path = match address.kind {
        Dashboard::NAME => format!("/api/dashboards/uid/{}", address.key),
        Folder::NAME => format!("/api/folders/{}", address.key),
        _ => return None,
    };
    let answer = client.send(&Request::get(path)).await.ok().filter(|a| a.status == 200)?;
    let json = answer.json();
    let meta = json.get("meta").unwrap_or(&json);
    let saved = Saved { by: kinds::text(meta, "/updatedBy"), at: kinds::text(meta, "/updated") };
    (!saved.by.is_empty()).then_some(saved)
}

/// What a list says of every object of a kind, by uid; none where the server has no such list.
pub async fn listed(
    client: &Client,
    server: &Server,
    kind: KindName,
) -> Result<Option<BTreeMap<String, Live>>, LiveError> {
    match kinds::by_name(kind).listing(server) {
        Some(listing) => resources::listed(client, &listing).await.map(Some),
        None => Ok(None),
    }
}

/// Whether an object that a read did not find is in a list all the same: absence is believed when two ways agree.
pub async fn is_listed(client: &Client, server: &Server, address: &Address) -> Result<bool, LiveError> {
    if let Some(all) = listed(client, server, address.kind).await? {
        return Ok(all.contains_key(address.id()));
    }
    if address.kind == Datasource::NAME {
        let answer = ok(client.send(&Request::get("/api/datasources")).await?, "the list of data sources")?;
        return Ok(names(&answer).iter().any(|d| d.uid == address.id()));
    }
    classic::is_found(client, address).await
}

/// An answer that is needed: 403 and failures become errors that name what was asked.
fn ok(answer: Response, what: &'static str) -> Result<Response, LiveError> {
    match answer.status {
        200..=299 => Ok(answer),
        403 => Err(LiveError::Forbidden { what, words: answer.message() }),
        _ => Err(LiveError::Failed { what, words: answer.message() }),
    }
}

/// The address of a live object, where its uid is one that the directory could name.
fn address(kind: KindName, uid: &str) -> Option<Address> {
    Uid::parse(uid).ok().map(|uid| Address::new(kind, uid))
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
        Some(resources) => resources::any_in_folder(client, resources, uid).await,
        None => classic::any_in_folder(client, uid).await,
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
