//! Reading a 12.x: lists of `/apis`, of metadata first.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{LiveError, Questions, Tree, address, digest, fetch, keep, ok};
use crate::grafana::Client;
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::kinds::{self, Listing, Live, METADATA, dashboard, folder, text};
use crate::model::request::encode;
use crate::model::server::Resources;
use crate::model::{Address, Found, Headline, Identity, LiveBody, LiveFolder, Request, Server};
use crate::plan::inputs::LiveTitle;

/// How many objects a page is asked for; a page also ends at about 2 MiB (fact: `lists-without-specs`).
const PAGE: usize = 500;

pub(super) async fn read(
    client: &Client,
    server: &Server,
    resources: &Resources,
    questions: &Questions<'_>,
) -> Result<Tree, LiveError> {
    let (folders, dashboards) =
        tokio::join!(folders(client, resources, questions), dashboards(client, server, resources, questions));
    let mut tree = dashboards?;
    let Folders { live, found, unsaid } = folders?;
    tree.folders = Some(live);
    tree.found.extend(found);
    fetch(client, server, unsaid, |address, answer| tree.take(address, answer, server, questions)).await?;
    confirm_absences(client, server, questions, &mut tree).await?;
    Ok(tree)
}

/// What the list of folders says.
#[derive(Default)]
struct Folders {
    live: Vec<LiveFolder>,
    found: BTreeMap<Address, Found>,
    /// Those whose version it does not say: on legacy storage the list has no generations.
    unsaid: Vec<Address>,
}

async fn folders(client: &Client, resources: &Resources, questions: &Questions<'_>) -> Result<Folders, LiveError> {
    let path = format!("/apis/folder.grafana.app/{}/namespaces/{}/folders", resources.folders, resources.namespace);
    let mut folders = Folders::default();
    list(client, &path, None, "the folders", |item| {
        let mut one = folder::resource(&item);
        let uid = text(&item, "/metadata/name");
        folders.live.push(LiveFolder {
            uid: uid.clone(),
            title: one.found.headline.title.clone(),
            parent: one.found.parent.clone(),
        });
        let Some(address) = address(Folder::NAME, &uid).filter(|a| questions.asks_for(a)) else { return };
        if item.pointer("/metadata/generation").is_none() {
            match as_recorded_but_for_its_version(&address, &one.found.identity, questions) {
                Some(version) => one.found.identity.version = version,
                None => return folders.unsaid.push(address),
            }
        }
        folders.found.insert(address.clone(), keep(&address, one));
    })
    .await?;
    Ok(folders)
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

async fn dashboards(
    client: &Client,
    server: &Server,
    resources: &Resources,
    questions: &Questions<'_>,
) -> Result<Tree, LiveError> {
    let path = format!(
        "/apis/dashboard.grafana.app/{}/namespaces/{}/dashboards",
        resources.dashboards, resources.namespace
    );
    let mut tree = Tree::default();
    let mut titles = Vec::new();
    let mut fetch_these = Vec::new();
    list(client, &path, Some(METADATA), "the dashboards", |item| {
        let uid = text(&item, "/metadata/name");
        titles.push(LiveTitle { uid: uid.clone(), title: String::new(), parent: kinds::resource_parent(&item) });
        let Some(address) = address(Dashboard::NAME, &uid).filter(|a| questions.asks_for(a)) else { return };
        match as_recorded(&address, &item, questions) {
            Some(found) => {
                tree.found.insert(address, found);
            }
            None => fetch_these.push(address),
        }
    })
    .await?;
    // Many single reads or the whole list: a page of the list costs as much as a read of all that it holds.
    if fetch_these.len() > 16 && fetch_these.len() * 4 > titles.len() {
        list(client, &path, None, "the dashboards", |item| {
            let uid = text(&item, "/metadata/name");
            let asked = address(Dashboard::NAME, &uid).filter(|a| questions.asks_for(a));
            if let Some(address) = asked {
                let found = digest(&address, dashboard::resource(item), questions, server);
                tree.found.insert(address, found);
            }
        })
        .await?;
    } else {
        fetch(client, server, fetch_these, |address, answer| tree.take(address, answer, server, questions)).await?;
    }
    tree.dashboards = Some(titles);
    Ok(tree)
}

/// What is as it was recorded need not be read, unless the directory wants something else of it.
fn as_recorded(address: &Address, item: &Value, questions: &Questions<'_>) -> Option<Found> {
    let recorded = questions.recorded.get(address)?;
    let identity = kinds::resource_identity(item);
    if recorded.pending.is_some()
        || recorded.revision != crate::model::digest::REVISION
        || !recorded.identity.as_ref()?.unchanged(&identity)
    {
        return None;
    }
    let wanted = questions.declared.get(address).map(crate::model::NormalDigest::recorded);
    if wanted.is_some_and(|w| Some(&w) != recorded.digest.as_ref()) {
        return None;
    }
    Some(Found {
        identity,
        body: LiveBody::Unread,
        parent: kinds::resource_parent(item),
        headline: Headline { title: recorded.title.clone(), facts: Vec::new() },
        saved: kinds::resource_saved(item),
        guard: kinds::resource_guard(item),
        secure_keys: std::collections::BTreeSet::new(),
    })
}

/// A list does not prove that something recorded is gone: it is read by its name.
async fn confirm_absences(
    client: &Client,
    server: &Server,
    questions: &Questions<'_>,
    tree: &mut Tree,
) -> Result<(), LiveError> {
    let missing: Vec<Address> = questions
        .recorded
        .keys()
        .filter(|a| a.kind != Datasource::NAME && !tree.found.contains_key(a) && !tree.unreadable.contains_key(a))
        .cloned()
        .collect();
    fetch(client, server, missing, |address, answer| tree.take(address, answer, server, questions)).await
}

/// Every item of a list, page by page, each let go after `each`.
async fn list(
    client: &Client,
    path: &str,
    accept: Option<&'static str>,
    what: &'static str,
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
pub(super) async fn listed(client: &Client, listing: &Listing) -> Result<BTreeMap<String, Live>, LiveError> {
    let mut all = BTreeMap::new();
    list(client, &listing.path, listing.accept, "what there is", |item| {
        let uid = text(&item, "/metadata/name");
        all.insert(uid, (listing.item)(item));
    })
    .await?;
    Ok(all)
}

/// Whether anything of this list is in a folder: asked just before a folder is deleted.
pub(crate) async fn any_in_folder(
    client: &Client,
    resources: &Resources,
    uid: &str,
) -> Result<Option<String>, LiveError> {
    let dashboards = format!(
        "/apis/dashboard.grafana.app/{}/namespaces/{}/dashboards",
        resources.dashboards, resources.namespace
    );
    let folders =
        format!("/apis/folder.grafana.app/{}/namespaces/{}/folders", resources.folders, resources.namespace);
    let mut inside = None;
    for (path, what) in [(dashboards, "dashboard"), (folders, "folder")] {
        list(client, &path, Some(METADATA), "what the folder holds", |item| {
            if kinds::resource_parent(&item).as_deref() == Some(uid) {
                inside.get_or_insert_with(|| format!("{what} `{}`", text(&item, "/metadata/name")));
            }
        })
        .await?;
    }
    Ok(inside)
}
