//! One list before a stage and one after it, for all its objects: where a server has such a list, it stands for reading
//! each object by itself.
//!
//! Before: it tells which objects are as they were planned against, and what others put on them. After: it confirms what
//! the writes' own answers said, and gives the identities that the next plan will see.

use std::collections::{BTreeMap, BTreeSet};

use super::Tools;
use super::object::{Answered, Confirmed, read_again};
use super::pace::Pace;
use super::seen::still;
use crate::kinds::{self, Hold, Live, Write};
use crate::live;
use crate::model::{Address, KindName, Observed};
use crate::plan::{Action, Change, Precondition};
use crate::report::Outcome;

/// From how many objects on a list is read instead: a page of it is about as much work for the server.
const LIST_FROM: usize = 4;

/// What lists say of the objects that a stage is about to change. What cannot be listed is read by itself later.
pub async fn before(tools: &Tools, changes: &[&Change]) -> BTreeMap<Address, Live> {
    // Only where the server will compare once more as it stores does a list stand for reading the content.
    let swapped = |change: &&&Change| {
        let write = match &change.action {
            Action::Update { .. } | Action::Adopt { .. } if change.action.writes() => Write::Update,
            Action::Delete { .. } => Write::Delete,
            _ => return false,
        };
        let Precondition::Is(planned) = &change.only_if else { return false };
        kinds::by_name(change.address.kind).hold(write, &planned.identity, &tools.server) == Hold::Swap
    };
    list(tools, changes.iter().filter(swapped).map(|c| &c.address)).await
}

async fn list<'a>(tools: &Tools, addresses: impl Iterator<Item = &'a Address>) -> BTreeMap<Address, Live> {
    let mut wanted: BTreeMap<KindName, BTreeSet<&Address>> = BTreeMap::new();
    for address in addresses {
        wanted.entry(address.kind).or_default().insert(address);
    }
    let mut found = BTreeMap::new();
    for (kind, addresses) in wanted.into_iter().filter(|(_, addresses)| addresses.len() >= LIST_FROM) {
        let Ok(Some(mut all)) = live::listed(&tools.client, &tools.server, kind).await else { continue };
        found.extend(addresses.into_iter().filter_map(|a| Some((a.clone(), all.remove(a.id())?))));
    }
    found
}

/// What a list says after a stage of the changes that were settled by their answers: each with what is to be recorded
/// now, or with what came of it after all.
pub async fn after<'a>(
    tools: &Tools,
    pace: &Pace,
    answered: Vec<(&'a Change, Confirmed)>,
) -> Vec<(&'a Change, Answered)> {
    let listed = list(tools, answered.iter().map(|(change, _)| &change.address)).await;
    let mut settled = Vec::new();
    for (change, confirmed) in answered {
        let kind = kinds::by_name(change.address.kind);
        let identity = listed.get(&change.address).zip(confirmed.said.as_ref()).and_then(|(live, said)| {
            let content = said.content.as_ref();
            let wrote = Observed {
                identity: said.identity.clone(),
                parent: content.and_then(|c| c.parent.clone()),
                digest: content.map(|c| c.digest.clone()),
            };
            let body = (!live.body.is_null()).then(|| kind.normal(live.body.clone()).digest().recorded());
            let seen =
                Observed { identity: live.found.identity.clone(), parent: live.found.parent.clone(), digest: body };
            still(&wrote, &seen)
        });
        settled.push(match identity {
            Some(identity) => {
                let confirmed = Confirmed { identity: Some(identity), said: None, ..confirmed };
                (change, Answered::Done(confirmed))
            }
            None => match read_again(tools, change, pace, &confirmed).await {
                // The answer said that it was done; that nothing can be read now takes nothing back.
                Answered::Ended(Outcome::Unknown { .. }) | Answered::Unauthorised { .. } => {
                    (change, Answered::Done(Confirmed { said: None, ..confirmed }))
                }
                answered => (change, answered),
            },
        });
    }
    settled
}
