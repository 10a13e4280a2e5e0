//! Reading a server without `/apis`: the search says what there is, each asked object is read by its uid.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;

use super::{LiveError, Part, Questions, fetch, ok};
use crate::grafana::Client;
use crate::kinds::{self, KINDS, Kind, Listing, number_text, text};
use crate::model::digest::REVISION;
use crate::model::{Address, Found, Headline, KindName, Listed, LiveBody, Request, Saved, Server};

/// How many hits a page of the search has; more is refused (fact: `search-page`).
const PAGE: usize = 5000;

pub(super) async fn read(client: &Client, server: &Server, questions: &Questions<'_>) -> Result<Part, LiveError> {
    let searched: Vec<(KindName, &str)> = KINDS.iter().filter_map(|kind| search_of(server, *kind)).collect();
    let hits = join_all(searched.iter().map(|(_, of)| search(client, of)));
    let mut part = Part::default();
    let mut ask: Vec<Address> = Vec::new();
    for ((kind, _), hits) in searched.iter().zip(hits.await) {
        let hits: Vec<Value> = hits?;
        let all = || hits.iter().filter_map(|hit| Address::live(*kind, &text(hit, "/uid")));
        ask.extend(all().filter(|a| questions.asks_for(a)));
        // The hits do not say which folder a folder is in before 10.4: where folders nest, each is read for it.
        match *kind == kinds::CONTAINER {
            true if server.nested_folders => ask.extend(all()),
            true => part.found.extend(hits.iter().filter_map(|hit| as_recorded(hit, questions))),
            false => {}
        }
        let listed = hits.iter().map(|hit| Listed {
            uid: text(hit, "/uid"),
            title: text(hit, "/title"),
            parent: parent(hit),
            ..Listed::default()
        });
        part.lists.insert(*kind, Some(listed.collect()));
    }
    // A search lists what the token may read, without a word about the rest: what was recorded is read in any case.
    let is_searched = |a: &&Address| searched.iter().any(|(kind, _)| a.kind == *kind);
    ask.extend(questions.recorded.keys().filter(is_searched).cloned());
    ask.sort();
    ask.dedup();
    ask.retain(|address| !part.found.contains_key(address));
    fetch(client, server, ask, |address, answer| part.add(address, answer, server, questions)).await?;
    for folder in part.lists.get_mut(&kinds::CONTAINER).into_iter().flatten().flatten() {
        let found = Address::live(kinds::CONTAINER, &folder.uid).and_then(|a| part.found.get(&a));
        folder.parent = found.map_or_else(|| folder.parent.take(), |f| f.parent.clone());
    }
    Ok(part)
}

/// The type of a kind's hits, where the search lists it.
fn search_of(server: &Server, kind: &dyn Kind) -> Option<(KindName, &'static str)> {
    match kind.listing(server) {
        Listing::Search(of) => Some((kind.name(), of)),
        Listing::Resources { .. } | Listing::Pages { .. } | Listing::Whole { .. } => None,
    }
}

/// A folder for which nothing is to be done need not be read: the hit has the title that is declared and recorded, and
/// the recorded number.
fn as_recorded(hit: &Value, questions: &Questions<'_>) -> Option<(Address, Found)> {
    let (uid, title) = (text(hit, "/uid"), text(hit, "/title"));
    let address = Address::live(kinds::CONTAINER, &uid)?;
    let recorded = questions.recorded.get(&address)?;
    let identity = recorded.identity.clone()?;
    let kind = kinds::by_name(kinds::CONTAINER);
    let normal = kind.normal(kind.titled(&title)?);
    let same = questions.folders.get(&uid) == Some(&title)
        && recorded.digest == Some(normal.digest().recorded())
        && recorded.revision == REVISION
        && recorded.pending.is_none()
        && recorded.parent.is_none()
        && identity.number == number_text(hit, "/id");
    same.then(|| {
        let found = Found {
            identity,
            body: LiveBody::Digested(normal.digest()),
            parent: None,
            headline: Headline { title, facts: Vec::new() },
            saved: Saved::default(),
            guard: None,
            secure_keys: BTreeSet::new(),
        };
        (address, found)
    })
}

fn parent(hit: &Value) -> Option<String> {
    let uid = text(hit, "/folderUid");
    (!uid.is_empty()).then_some(uid)
}

async fn search(client: &Client, of: &str) -> Result<Vec<Value>, LiveError> {
    let mut hits = Vec::new();
    for page in 1.. {
        let path = format!("/api/search?type={of}&limit={PAGE}&page={page}&sort=alpha-asc");
        let answer = ok(client.send(&Request::get(path)).await?, "the search")?;
        let Value::Array(items) = answer.json() else { break };
        let short = items.len() < PAGE;
        hits.extend(items);
        if short {
            break;
        }
    }
    Ok(hits)
}

/// What the search says of every object of a type: lists of 12.x have no titles.
pub(crate) async fn titled(client: &Client, of: &str) -> Result<Vec<Listed>, LiveError> {
    let listed = |hit: &Value| Listed {
        uid: text(hit, "/uid"),
        title: text(hit, "/title"),
        parent: parent(hit),
        ..Listed::default()
    };
    Ok(search(client, of).await?.iter().map(listed).collect())
}

/// Whether the search finds an object among the hits of a type.
pub(crate) async fn is_found(client: &Client, of: &str, uid: &str) -> Result<bool, LiveError> {
    Ok(search(client, of).await?.iter().any(|hit| text(hit, "/uid") == uid))
}

/// Whether anything is in a folder, by the search: asked just before a folder is deleted.
pub(crate) async fn any_in_folder(
    client: &Client,
    server: &Server,
    uid: &str,
) -> Result<Option<String>, LiveError> {
    for kind in kinds::in_folders() {
        let Some((_, of)) = search_of(server, kind) else { continue };
        for hit in search(client, of).await? {
            if parent(&hit).as_deref() == Some(uid) {
                return Ok(Some(format!("{} `{}`", kind.facts().singular, text(&hit, "/title"))));
            }
        }
    }
    Ok(None)
}
