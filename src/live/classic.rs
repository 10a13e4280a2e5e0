//! Reading a server without `/apis`: the search says what there is, each asked object is read by its uid.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{LiveError, Questions, Tree, address, fetch, ok};
use crate::grafana::Client;
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::kinds::{self, number_text, text};
use crate::model::digest::REVISION;
use crate::model::{Address, Found, Headline, LiveBody, LiveFolder, Request, Saved, Server};
use crate::plan::inputs::LiveTitle;

/// How many hits a page of the search has; more is refused (fact: `search-page`).
const PAGE: usize = 5000;

pub(super) async fn read(client: &Client, server: &Server, questions: &Questions<'_>) -> Result<Tree, LiveError> {
    let (hits, dashboards) = tokio::join!(search(client, "dash-folder"), search(client, "dash-db"));
    let hits = hits?;
    let mut folders: Vec<LiveFolder> = hits
        .iter()
        .map(|hit| LiveFolder { uid: text(hit, "/uid"), title: text(hit, "/title"), parent: parent(hit) })
        .collect();
    let dashboards: Vec<LiveTitle> = dashboards?
        .iter()
        .map(|hit| LiveTitle { uid: text(hit, "/uid"), title: text(hit, "/title"), parent: parent(hit) })
        .collect();
    let listed = folders.iter().map(|f| (Folder::NAME, f.uid.as_str()));
    let listed = listed.chain(dashboards.iter().map(|d| (Dashboard::NAME, d.uid.as_str())));
    // A search lists what the token may read, without a word about the rest: what was recorded is read in any case.
    let mut ask: Vec<Address> =
        listed.filter_map(|(kind, uid)| address(kind, uid)).filter(|a| questions.asks_for(a)).collect();
    ask.extend(questions.recorded.keys().filter(|a| a.kind != Datasource::NAME).cloned());
    let mut tree = Tree::default();
    if server.nested_folders {
        // The hits do not say which folder a folder is in before 10.4: where folders nest, each is read for it.
        ask.extend(folders.iter().filter_map(|f| address(Folder::NAME, &f.uid)));
    } else {
        tree.found.extend(hits.iter().filter_map(|hit| as_recorded(hit, questions)));
    }
    ask.sort();
    ask.dedup();
    ask.retain(|address| !tree.found.contains_key(address));
    fetch(client, server, ask, |address, answer| tree.take(address, answer, server, questions)).await?;
    for folder in &mut folders {
        let found = address(Folder::NAME, &folder.uid).and_then(|a| tree.found.get(&a));
        folder.parent = found.map_or_else(|| folder.parent.take(), |f| f.parent.clone());
    }
    tree.folders = Some(folders);
    tree.dashboards = Some(dashboards);
    Ok(tree)
}

/// A folder for which nothing is to be done need not be read: the hit has the title that is declared and recorded, and
/// the recorded number.
fn as_recorded(hit: &Value, questions: &Questions<'_>) -> Option<(Address, Found)> {
    let (uid, title) = (text(hit, "/uid"), text(hit, "/title"));
    let address = address(Folder::NAME, &uid)?;
    let recorded = questions.recorded.get(&address)?;
    let identity = recorded.identity.clone()?;
    let normal = kinds::by_name(Folder::NAME).normal(json!({ "title": title }));
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

async fn search(client: &Client, sort_of_hit: &str) -> Result<Vec<Value>, LiveError> {
    let mut hits = Vec::new();
    for page in 1.. {
        let path = format!("/api/search?type={sort_of_hit}&limit={PAGE}&page={page}&sort=alpha-asc");
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

/// Whether the search finds an object.
pub(crate) async fn is_found(client: &Client, address: &Address) -> Result<bool, LiveError> {
    let sort = if address.kind == Folder::NAME { "dash-folder" } else { "dash-db" };
    Ok(search(client, sort).await?.iter().any(|hit| text(hit, "/uid") == address.id()))
}

/// Whether anything is in a folder, by the search: asked just before a folder is deleted.
pub(crate) async fn any_in_folder(client: &Client, uid: &str) -> Result<Option<String>, LiveError> {
    for (sort, what) in [("dash-db", "dashboard"), ("dash-folder", "folder")] {
        for hit in search(client, sort).await? {
            if parent(&hit).as_deref() == Some(uid) {
                return Ok(Some(format!("{what} `{}`", text(&hit, "/title"))));
            }
        }
    }
    Ok(None)
}
