//! Puts changes into stages so that nothing is written before what it refers to.
//!
//! `needs` are hard: what they name failed, this is skipped. Other edges only order: the default data source is
//! written last of its kind, and data sources go after the dashboards that may still read them. Where such an edge
//! closes a ring it gives way; a ring of needs alone cannot be carried out, and is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use super::wanted::Wanted;
use super::{Action, Change, Refusal};
use crate::kinds;
use crate::model::{Address, KindName, Target};

/// Adds to each change what of the plan it needs, and refuses what needs something refused.
pub(super) fn link(
    inputs: &Inputs<'_>,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &mut BTreeMap<Address, Change>,
) {
    let named = wanted.iter().filter(|(a, _)| kinds::by_name(a.kind).facts().named);
    let names: BTreeMap<(KindName, &str), &Address> = named.map(|(a, w)| ((a.kind, w.name), a)).collect();
    let mut needs: Vec<(Address, Address)> = Vec::new();
    for (address, wanted) in wanted {
        if !changes.get(address).is_some_and(|c| c.action.writes()) {
            continue;
        }
        let folder = wanted.parent.as_deref().and_then(|uid| Address::live(kinds::CONTAINER, uid));
        let references = wanted.references.iter().filter_map(|Target { kind, name }| {
            let by_name = || names.get(&(*kind, name.as_str())).map(|a| (*a).clone());
            Address::live(*kind, name).filter(|a| changes.contains_key(a)).or_else(by_name)
        });
        for needed in folder.into_iter().chain(references) {
            needs.push((address.clone(), needed));
        }
    }
    for (address, needed) in needs {
        let makes = changes.get(&needed).is_some_and(|c| match &c.action {
            Action::Create { .. } => true,
            Action::Refuse(_) => !inputs.live.found.contains_key(&needed),
            _ => false,
        });
        if makes && let Some(change) = changes.get_mut(&address) {
            change.needs.insert(needed);
        }
    }
    refuse_dependents(changes);
}

fn refuse_dependents(changes: &mut BTreeMap<Address, Change>) {
    loop {
        let refused: BTreeSet<&Address> =
            changes.iter().filter(|(_, c)| matches!(c.action, Action::Refuse(_))).map(|(a, _)| a).collect();
        let dependents: Vec<(Address, Address)> = changes
            .iter()
            .filter(|(_, c)| c.action.writes())
            .filter_map(|(a, c)| c.needs.iter().find(|n| refused.contains(n)).map(|n| (a.clone(), n.clone())))
            .collect();
        if dependents.is_empty() {
            return;
        }
        for (address, needed) in dependents {
            if let Some(change) = changes.get_mut(&address) {
                change.intent = None;
                change.action = Action::Refuse(Refusal {
                    code: "needs-refused".into(),
                    reason: format!("it needs `{needed}`, which is refused"),
                    hint: format!("see `{needed}`"),
                });
            }
        }
    }
}

/// Leaves only the targets and what they need; says how many changes were left out. No target means all.
pub(super) fn keep_targets(targets: &BTreeSet<Address>, changes: &mut BTreeMap<Address, Change>) -> usize {
    if targets.is_empty() {
        return 0;
    }
    let mut keep: BTreeSet<Address> = BTreeSet::new();
    let mut open: Vec<Address> = targets.iter().cloned().collect();
    while let Some(address) = open.pop() {
        if let Some(change) = changes.get(&address)
            && keep.insert(address)
        {
            open.extend(change.needs.iter().cloned());
        }
    }
    let before = changes.len();
    changes.retain(|address, _| keep.contains(address));
    before - changes.len()
}

/// The stages: each change one stage after the last of what it waits for. Within a stage by kind, then by uid.
pub(super) fn stages(
    inputs: &Inputs<'_>,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    mut changes: BTreeMap<Address, Change>,
) -> Vec<Vec<Change>> {
    let goes_last = |address: &Address| {
        wanted.contains_key(address)
            && inputs.bodies.get(address).is_some_and(|body| kinds::by_name(address.kind).goes_last(body))
    };
    let writes = |which: &dyn Fn(&Address, &Change) -> bool| -> BTreeSet<Address> {
        let writes = changes.iter().filter(|(a, c)| c.action.writes() && which(a, c));
        writes.map(|(a, _)| a.clone()).collect()
    };
    let (mut needs, mut waits): (Edges, Edges) = (BTreeMap::new(), BTreeMap::new());
    let mut users: BTreeMap<KindName, BTreeSet<Address>> = BTreeMap::new();
    for (address, change) in &changes {
        needs.insert(address.clone(), change.needs.iter().filter(|n| changes.contains_key(n)).cloned().collect());
        let kind = address.kind;
        let mut after = if is_delete(change) {
            let uses = |a: &Address, _: &Change| kinds::by_name(a.kind).facts().uses.contains(&kind);
            users.entry(kind).or_insert_with(|| writes(&uses)).clone()
        } else if goes_last(address) {
            writes(&|a, c| a.kind == kind && !is_delete(c) && !goes_last(a))
        } else {
            BTreeSet::new()
        };
        after.remove(address);
        waits.insert(address.clone(), after);
    }
    let Arranged { mut stages, stuck } = arrange(needs, &waits);
    refuse_rings(&stuck, &mut changes);
    // What is refused needs no stage of its own order: it is told last.
    stages.extend((!stuck.is_empty()).then(|| stuck.into_keys().collect()));
    let mut take = |mut stage: Vec<Address>| -> Vec<Change> {
        stage.sort_by_key(|address| (address.kind.rank(), address.key.clone()));
        stage.iter().filter_map(|address| changes.remove(address)).collect()
    };
    stages.into_iter().map(&mut take).collect()
}

/// Of each, what comes before it.
type Edges = BTreeMap<Address, BTreeSet<Address>>;

/// What can be done in which order, and what cannot.
struct Arranged {
    stages: Vec<Vec<Address>>,
    /// What needs itself in the end, and what needs that; each with what it needs of these.
    stuck: Edges,
}

/// Puts everything into the first stage after all that it needs, and, where that closes no ring, after all that it waits
/// for.
fn arrange(mut needs: Edges, waits: &Edges) -> Arranged {
    let mut stages = Vec::new();
    let mut done: BTreeSet<Address> = BTreeSet::new();
    loop {
        let ready = |with_order: bool| -> Vec<Address> {
            let is_ready = |address: &Address, before: &BTreeSet<Address>| {
                before.is_subset(&done) && (!with_order || waits[address].is_subset(&done))
            };
            needs.iter().filter(|(a, before)| is_ready(a, before)).map(|(a, _)| a.clone()).collect()
        };
        let stage = match ready(true) {
            // An edge that only orders has closed a ring: what nothing but such edges holds back goes first.
            none if none.is_empty() => ready(false),
            some => some,
        };
        if stage.is_empty() {
            break;
        }
        for address in &stage {
            needs.remove(address);
            done.insert(address.clone());
        }
        stages.push(stage);
    }
    for before in needs.values_mut() {
        before.retain(|address| !done.contains(address));
    }
    Arranged { stages, stuck: needs }
}

/// Refuses what waits for itself, and what waits for that: none of it can begin. Each of `stuck` needs another of them,
/// or it would not be stuck, so none is left out.
fn refuse_rings(stuck: &Edges, changes: &mut BTreeMap<Address, Change>) {
    for (address, before) in stuck {
        let Some(change) = changes.get_mut(address).filter(|c| !matches!(c.action, Action::Refuse(_))) else {
            continue;
        };
        // From each the first that holds it back, until one comes again: that is the ring.
        let mut way = vec![address];
        let mut next = before.first();
        while let Some(at) = next.filter(|at| !way.contains(at)) {
            way.push(at);
            next = stuck.get(at).and_then(BTreeSet::first);
        }
        let way: Vec<String> = way[1..].iter().copied().chain(next).map(|a| format!("`{a}`")).collect();
        change.intent = None;
        change.action = Action::Refuse(Refusal {
            code: "ring".into(),
            reason: format!("it must wait for {}", way.join(", which waits for ")),
            hint: "make this change in two steps: first leave out one of them, apply, then add it, and apply again"
                .into(),
        });
    }
}

fn is_delete(change: &Change) -> bool {
    matches!(change.action, Action::Delete { .. })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kinds::dashboard::Dashboard;
    use crate::model::Headline;
    use crate::plan::Precondition;

    fn address(n: usize) -> Address {
        Address::live(Dashboard::NAME, &format!("d{n}")).unwrap()
    }

    fn edges(of: usize, edges: &[(usize, usize)]) -> Edges {
        let before = |n| edges.iter().filter(move |(a, _)| *a == n).map(|(_, b)| address(*b)).collect();
        (0..of).map(|n| (address(n), before(n))).collect()
    }

    fn change(n: usize) -> (Address, Change) {
        let create = Action::Create { headline: Headline::default() };
        let change = Change::new(address(n), "", create, Precondition::Absent);
        (address(n), change)
    }

    #[test]
    fn a_ring_is_refused_whole_with_what_waits_for_it_and_each_is_told_why() {
        let needs = edges(5, &[(0, 1), (1, 2), (2, 0), (3, 0)]);
        let Arranged { stages, stuck } = arrange(needs, &edges(5, &[]));
        assert_eq!(stages, [[address(4)]]);
        let mut changes: BTreeMap<Address, Change> = (0..5).map(change).collect();
        refuse_rings(&stuck, &mut changes);
        let reason = |n| match &changes[&address(n)].action {
            Action::Refuse(refusal) => refusal.reason.clone(),
            _ => "not refused".to_owned(),
        };
        let ring = "`dashboard.d1`, which waits for `dashboard.d2`, which waits for `dashboard.d0`";
        assert_eq!(reason(0), format!("it must wait for {ring}"));
        assert!(reason(3).starts_with("it must wait for `dashboard.d0`"));
        assert_eq!(reason(4), "not refused");
    }

    proptest! {
        /// Whatever needs and waits for whatever: all of it is in a stage after what it needs, or it needs a ring and is
        /// refused with a reason; nothing is lost, nothing comes twice.
        #[test]
        fn everything_has_its_stage_or_is_refused(
            of in 1_usize..8,
            needs in proptest::collection::vec((0_usize..8, 0_usize..8), 0..14),
            waits in proptest::collection::vec((0_usize..8, 0_usize..8), 0..10),
        ) {
            let within = |all: &[(usize, usize)]| -> Vec<(usize, usize)> {
                all.iter().copied().filter(|(a, b)| *a < of && *b < of).collect()
            };
            let needs = edges(of, &within(&needs));
            let Arranged { stages, stuck } = arrange(needs.clone(), &edges(of, &within(&waits)));
            let mut done: BTreeSet<&Address> = BTreeSet::new();
            for stage in &stages {
                for address in stage {
                    prop_assert!(needs[address].iter().all(|before| done.contains(before)), "{address} comes too early");
                }
                for address in stage {
                    prop_assert!(done.insert(address), "{address} comes twice");
                }
            }
            prop_assert_eq!(done.len() + stuck.len(), of);
            for (address, before) in &stuck {
                prop_assert!(!done.contains(address));
                prop_assert!(before.iter().any(|b| stuck.contains_key(b)), "{} could go on", address);
            }
            let mut changes: BTreeMap<Address, Change> = (0..of).map(change).collect();
            refuse_rings(&stuck, &mut changes);
            for (address, change) in &changes {
                let is_refused = matches!(&change.action, Action::Refuse(refusal) if !refusal.reason.is_empty());
                prop_assert_eq!(is_refused, stuck.contains_key(address), "{}", address);
            }
        }
    }
}
