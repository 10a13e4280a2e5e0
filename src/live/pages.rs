//! Reading kinds that are listed by pages of whole objects: asked for only where the directory or the record has one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{LiveError, Part, Questions, keep, ok};
use crate::grafana::Client;
use crate::kinds::{KINDS, Kind, Listing, Live};
use crate::model::{Address, Listed, Request, Server};

/// How many objects a page is asked for: what the API gives by itself (fact: `library-list-pages`).
const PAGE: usize = 100;

pub(super) async fn read(client: &Client, server: &Server, questions: &Questions<'_>) -> Result<Part, LiveError> {
    let mut part = Part::default();
    for kind in KINDS {
        let Listing::Pages { path, items, item } = kind.listing(server) else { continue };
        if questions.of_kind(kind.name()).is_empty() {
            continue;
        }
        let mut all = match all(client, *kind, path, items, item).await {
            Ok(all) => all,
            Err(LiveError::Forbidden { .. }) => {
                part.lists.insert(kind.name(), None);
                super::read_listed(client, server, questions, *kind, None, &mut part).await?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let listed = all.iter().map(|(uid, live)| Listed {
            uid: uid.clone(),
            title: live.found.headline.title.clone(),
            parent: live.found.parent.clone(),
            ..Listed::default()
        });
        part.lists.insert(kind.name(), Some(listed.collect()));
        let mut missing = Vec::new();
        for address in questions.of_kind(kind.name()) {
            match all.remove(address.id()) {
                Some(live) => drop(part.found.insert(address.clone(), keep(address, live))),
                // A list does not prove that something recorded is gone.
                None if questions.recorded.contains_key(address) => missing.push(address.clone()),
                None => {}
            }
        }
        super::fetch(client, server, missing, |address: Address, answer| {
            part.add(address, answer, server, questions)
        })
        .await?;
    }
    Ok(part)
}

/// Every object of a kind, by uid.
pub(super) async fn all(
    client: &Client,
    kind: &dyn Kind,
    path: &str,
    items: &str,
    item: fn(Value) -> Option<(String, Live)>,
) -> Result<BTreeMap<String, Live>, LiveError> {
    let what = format!("the {}", kind.facts().plural);
    let mut all = BTreeMap::new();
    for page in 1.. {
        let request = Request::get(format!("{path}&perPage={PAGE}&page={page}"));
        let mut json = ok(client.send(&request).await?, &what)?.json();
        let Some(Value::Array(found)) = json.pointer_mut(items).map(Value::take) else { break };
        let short = found.len() < PAGE;
        all.extend(found.into_iter().filter_map(item));
        if short {
            break;
        }
    }
    Ok(all)
}
