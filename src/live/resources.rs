//! Reading a 12.x: lists of `/apis`, of metadata first.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::Value;

use super::{LiveError, Part, Questions, digest, fetch, keep, ok};
use crate::grafana::Client;
use crate::kinds::{self, KINDS, Kind, Listing, Live, METADATA, text};
use crate::model::request::encode;
use crate::model::{Address, Found, Headline, Identity, Listed, Request, Server};

/// How many objects a page is asked for; a page also ends at about 2 MiB (fact: `lists-without-specs`).
const PAGE: usize = 500;

pub(super) async fn read(client: &Client, server: &Server, questions: &Questions<'_>) -> Result<Part, LiveError> {
    let kinds = KINDS.iter().filter(|kind| matches!(kind.listing(server), Listing::Resources { .. }));
    let parts = join_all(kinds.map(|kind| read_kind(client, server, *kind, questions)));
    let mut all = Part::default();
    for part in parts.await {
        let part: Part = part?;
        all.lists.extend(part.lists);
        all.found.extend(part.found);
        all.unreadable.extend(part.unreadable);
    }
    confirm_absences(client, server, questions, &mut all).await?;
    Ok(all)
}

async fn read_kind(
    client: &Client,
    server: &Server,
    kind: &'static dyn Kind,
    questions: &Questions<'_>,
) -> Result<Part, LiveError> {
    let Listing::Resources { path, accept, item } = kind.listing(server) else { return Ok(Part::default()) };
    let what = format!("the {}", kind.facts().plural);
    let mut part = Part::default();
    let mut listed = Vec::new();
    // Those of which the list does not say enough.
    let mut unsaid = Vec::new();
    list(client, &path, accept, &what, |object| {
        let uid = text(&object, "/metadata/name");
        let tells_version = object.pointer("/metadata/generation").is_some();
        let mut one = item(object);
        listed.push(Listed {
            uid: uid.clone(),
            title: one.found.headline.title.clone(),
            parent: one.found.parent.clone(),
            ..Listed::default()
        });
        let Some(address) = Address::live(kind.name(), &uid).filter(|a| questions.asks_for(a)) else { return };
        if accept.is_some() {
            match as_recorded(&address, one.found, questions) {
                Some(found) => drop(part.found.insert(address, found)),
                None => unsaid.push(address),
            }
            return;
        }
        // On legacy storage the list has no generations.
        if !tells_version {
            match as_recorded_but_for_its_version(&address, &one.found.identity, questions) {
                Some(version) => one.found.identity.version = version,
                None => return unsaid.push(address),
            }
        }
        part.found.insert(address.clone(), keep(&address, one));
    })
    .await?;
    // Many single reads or the whole list: a page of the list costs as much as a read of all that it holds.
    if accept.is_some() && unsaid.len() > 16 && unsaid.len() * 4 > listed.len() {
        list(client, &path, None, &what, |object| {
            let uid = text(&object, "/metadata/name");
            if let Some(address) = Address::live(kind.name(), &uid).filter(|a| questions.asks_for(a)) {
                let found = digest(&address, item(object), questions, server);
                part.found.insert(address, found);
            }
        })
        .await?;
    } else {
        fetch(client, server, unsaid, |address, answer| part.add(address, answer, server, questions)).await?;
    }
    part.lists.insert(kind.name(), Some(listed));
    Ok(part)
}

/// The recorded version, where everything else that is known of the object is as it was recorded.
fn as_recorded_but_for_its_version(
    address: &Address,
    identity: &Identity,
    questions: &Questions<'_>,
) -> Option<i64> {
    let recorded = questions.recorded.get(address)?.identity.as_ref()?;
    recorded.unchanged(&Identity { version: recorded.version, ..identity.clone() }).then_some(recorded.version)
}

/// What is as it was recorded need not be read, unless the directory wants something else of it.
fn as_recorded(address: &Address, listed: Found, questions: &Questions<'_>) -> Option<Found> {
    let recorded = questions.recorded.get(address)?;
    if recorded.pending.is_some()
        || recorded.revision != crate::model::digest::REVISION
        || !recorded.identity.as_ref()?.unchanged(&listed.identity)
    {
        return None;
    }
    let wanted = questions.declared.get(address).map(crate::model::NormalDigest::recorded);
    if wanted.is_some_and(|w| Some(&w) != recorded.digest.as_ref()) {
        return None;
    }
    Some(Found { headline: Headline { title: recorded.title.clone(), facts: Vec::new() }, ..listed })
}

/// A list does not prove that something recorded is gone: it is read by its name.
async fn confirm_absences(
    client: &Client,
    server: &Server,
    questions: &Questions<'_>,
    all: &mut Part,
) -> Result<(), LiveError> {
    let missing: Vec<Address> = questions
        .recorded
        .keys()
        .filter(|a| {
            all.lists.contains_key(&a.kind) && !all.found.contains_key(a) && !all.unreadable.contains_key(a)
        })
        .cloned()
        .collect();
    fetch(client, server, missing, |address, answer| all.add(address, answer, server, questions)).await
}

/// Every item of a list, page by page, each let go after `each`.
pub(super) async fn list(
    client: &Client,
    path: &str,
    accept: Option<&'static str>,
    what: &str,
    mut each: impl FnMut(Value),
) -> Result<(), LiveError> {
    let mut token = String::new();
    loop {
        let after = if token.is_empty() { String::new() } else { format!("&continue={}", encode(&token)) };
        let mut request = Request::get(format!("{path}?limit={PAGE}{after}"));
        request.accept = accept;
        let answer = ok(client.send(&request).await?, what)?;
        let mut json = answer.json();
        if let Some(Value::Array(items)) = json.get_mut("items").map(Value::take) {
            items.into_iter().for_each(&mut each);
        }
        token = text(&json, "/metadata/continue");
        if token.is_empty() {
            return Ok(());
        }
    }
}

/// What a list says of every object of a kind, by uid.
pub(super) async fn listed(
    client: &Client,
    path: &str,
    accept: Option<&'static str>,
    item: fn(Value) -> Live,
) -> Result<BTreeMap<String, Live>, LiveError> {
    let mut all = BTreeMap::new();
    list(client, path, accept, "what there is", |object| {
        let uid = text(&object, "/metadata/name");
        all.insert(uid, item(object));
    })
    .await?;
    Ok(all)
}

/// Whether anything of this list is in a folder: asked just before a folder is deleted.
pub(crate) async fn any_in_folder(
    client: &Client,
    server: &Server,
    uid: &str,
) -> Result<Option<String>, LiveError> {
    let mut inside = None;
    for kind in kinds::in_folders() {
        let Listing::Resources { path, .. } = kind.listing(server) else { continue };
        list(client, &path, Some(METADATA), "what the folder holds", |item| {
            if kinds::resource_parent(&item).as_deref() == Some(uid) {
                inside.get_or_insert_with(|| {
                    format!("{} `{}`", kind.facts().singular, text(&item, "/metadata/name"))
                });
            }
        })
        .await?;
    }
    Ok(inside)
}
