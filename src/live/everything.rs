//! What a workspace has, whoever owns it; and whole objects as the server gives them, for whoever writes them into files.

use std::collections::BTreeMap;

use super::{LiveError, classic, fetch, pages, resources, whole_list};
use crate::grafana::Client;
use crate::grafana::access::Access;
use crate::kinds::{self, KINDS, Listing, Live};
use crate::model::{Address, KindName, Listed, Server};

/// The objects of every kind that this token may list; none of a kind where it may not. Lists of 12.x have no titles.
pub async fn everything(
    client: &Client,
    server: &Server,
    access: &Access,
) -> Result<BTreeMap<KindName, Option<Vec<Listed>>>, LiveError> {
    let mut all = BTreeMap::new();
    for kind in KINDS {
        let list = match kind.listing(server) {
            Listing::Whole { .. } => whole_list(client, server, *kind, access).await,
            Listing::Search(of) => classic::titled(client, of).await.map(Some),
            Listing::Resources { path, accept, item } => {
                resources::listed(client, &path, accept, item).await.map(|all| Some(listed(all)))
            }
            Listing::Pages { path, items, item } => {
                pages::all(client, *kind, path, items, item).await.map(|all| Some(listed(all)))
            }
        };
        let list = match list {
            Err(LiveError::Forbidden { .. }) => None,
            other => other?,
        };
        all.insert(kind.name(), list);
    }
    Ok(all)
}

fn listed(all: BTreeMap<String, Live>) -> Vec<Listed> {
    let one = |(uid, live): (String, Live)| Listed {
        uid,
        title: live.found.headline.title,
        parent: live.found.parent,
        ..Listed::default()
    };
    all.into_iter().map(one).collect()
}

/// These objects with their bodies as the server gives them; none where one is not there, words where it cannot be read.
pub async fn bodies(
    client: &Client,
    server: &Server,
    addresses: Vec<Address>,
) -> Result<BTreeMap<Address, Result<Option<Live>, String>>, LiveError> {
    let mut all = BTreeMap::new();
    fetch(client, server, addresses, |address: Address, answer| {
        let live = kinds::by_name(address.kind).found(answer, server);
        all.insert(address, live);
    })
    .await?;
    Ok(all)
}
