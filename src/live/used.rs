//! Reads what may use what a plan takes away: one list with bodies where there is one and it is the shorter way, else
//! each by its uid. Never an error: what could not be read is given with the reason.

use std::collections::BTreeSet;

use super::{fetch, resources};
use crate::grafana::Client;
use crate::kinds::{self, Kind, Listing, Live, text};
use crate::model::{Address, Server};
use crate::plan::used::{User, Users};

/// The most objects that are read for one plan.
const MOST: usize = 2000;
/// So many are read one by one, however long a list is.
const FEW: usize = 16;

/// Reads the candidates, each let go as soon as it was looked at.
pub async fn read(client: &Client, server: &Server, candidates: &BTreeSet<Address>) -> Users {
    let mut users = Users::default();
    let beyond = candidates.iter().skip(MOST);
    users.unread.extend(beyond.map(|a| (a.clone(), format!("only {MOST} are looked at"))));
    let mut left: BTreeSet<Address> = candidates.iter().take(MOST).cloned().collect();
    let kinds: BTreeSet<_> = left.iter().map(|address| address.kind).collect();
    for kind in kinds.into_iter().map(kinds::by_name) {
        let of_kind = left.iter().filter(|address| address.kind == kind.name()).count();
        if let Listing::Resources { path, item, .. } = kind.listing(server)
            && of_kind > FEW
        {
            // What the list fails to give is read one by one, and says why.
            let what = format!("the {}", kind.facts().plural);
            let _ = resources::list(client, &path, None, &what, |object| {
                let address = Address::live(kind.name(), &text(&object, "/metadata/name"));
                if let Some(address) = address.filter(|address| left.remove(address)) {
                    users.read.push(user(kind, address, item(object)));
                }
            })
            .await;
        }
    }
    let asked: Vec<Address> = left.iter().cloned().collect();
    let ended = fetch(client, server, asked, |address: Address, answer| {
        left.remove(&address);
        let kind = kinds::by_name(address.kind);
        match kind.found(answer, server) {
            Ok(Some(live)) => users.read.push(user(kind, address, live)),
            Ok(None) => {}
            Err(words) => users.unread.push((address, words)),
        }
    })
    .await;
    if let Err(error) = ended {
        users.unread.extend(left.into_iter().map(|address| (address, error.to_string())));
    }
    users.read.sort_by(|a, b| a.address.cmp(&b.address));
    users.unread.sort();
    users
}

fn user(kind: &dyn Kind, address: Address, live: Live) -> User {
    let Live { found, body, .. } = live;
    // Lists of the resource API have the title in the body alone.
    let title = if found.headline.title.is_empty() { kind.headline(&body).title } else { found.headline.title };
    User { address, title, uses: kind.uses(&body) }
}
