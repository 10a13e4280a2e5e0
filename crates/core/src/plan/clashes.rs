//! Objection of identity, found before anything is sent: names, titles and uids that the server would refuse, or worse,
//! take for another object's.
//!
//! Where a name stands once, and how it is compared, the kind says ([`Kind::unique`], [`Kind::rivals`]). Who waits for
//! whom and which rings there are is worked out in `plan::labels`.
//!
//! [`Kind::unique`]: crate::kinds::Kind::unique
//! [`Kind::rivals`]: crate::kinds::Kind::rivals

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use super::labels::{Label, Labels, Verdict, verdicts as of_labels};
use super::wanted::Wanted;
use super::{Action, Change, Refusal};
use crate::kinds::{Among, Clash, How, KINDS, Kind, Objection, Rival, RivalPlace, UidSpace, Unique, When};
use crate::model::{Address, KindName, Listed};

type Wants<'w, 'a> = &'w BTreeMap<Address, Wanted<'a>>;
type Changes = BTreeMap<Address, Change>;

/// Refuses what clashes, and lets wait what only has to wait.
pub(super) fn order_or_refuse(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, changes: &mut Changes) {
    uids(inputs, wanted, changes);
    for kind in KINDS {
        for rival in kind.rivals(inputs.server) {
            rivals(inputs, *kind, rival, wanted, changes);
        }
    }
    for kind in KINDS {
        if let Some(unique) = kind.unique(inputs.server) {
            names(inputs, *kind, unique, wanted, changes);
        }
    }
}

/// One uid, one object: on some servers a folder and a dashboard share the space of uids (fact: `one-uid-two-kinds`).
fn uids(inputs: &Inputs<'_>, wanted: Wants<'_, '_>, changes: &mut Changes) {
    let shares = |kind: &&&dyn Kind| kind.facts().uids == UidSpace::Tree;
    for other in KINDS.iter().filter(shares) {
        let there: BTreeMap<&str, &Listed> =
            inputs.live.all(other.name()).iter().map(|one| (one.uid.as_str(), one)).collect();
        for kind in KINDS.iter().filter(shares).filter(|kind| kind.name() != other.name()) {
            for address in wanted.keys().filter(|a| a.kind == kind.name()) {
                let Some(one) = there.get(address.id()) else { continue };
                let reason = format!("its uid belongs to the {} `{}`", other.facts().singular, one.title);
                refuse(
                    changes,
                    address,
                    Objection { code: "uid-taken", reason, hint: "give it another uid".into() },
                );
            }
        }
    }
}

/// Names that stand once among the objects of a kind.
fn names(inputs: &Inputs<'_>, kind: &dyn Kind, unique: Unique, wanted: Wants<'_, '_>, changes: &mut Changes) {
    let label = |parent: Option<&str>, name: &str| {
        let place = if unique.among == Among::Folder { parent } else { None };
        (place.unwrap_or_default().to_owned(), (unique.key)(name))
    };
    let live = inputs.live.all(kind.name());
    let now = live.iter().map(|one| (one.uid.as_str(), label(one.parent.as_deref(), &one.title)));
    let after = |w: &Wanted<'_>| label(w.parent.as_deref(), w.name);
    let labels = labels(kind.name(), now, after, wanted, changes);
    for (address, verdict) in verdicts(kind.name(), labels) {
        let (how, other) = match verdict {
            Verdict::Waits(on) => {
                wait_for(changes, &address, on);
                continue;
            }
            Verdict::Twice(other) => (How::Twice, other),
            Verdict::Taken(other) => (How::Taken, other),
            Verdict::Ring(other) => (How::Ring, other),
        };
        let clash = clash(inputs, wanted, how, &address, kind.name(), &other);
        refuse(changes, &address, kind.clash(&clash));
    }
}

/// What a sentence about a clash needs to know of both objects.
fn clash<'c>(
    inputs: &'c Inputs<'_>,
    wanted: &'c BTreeMap<Address, Wanted<'_>>,
    how: How,
    address: &Address,
    of: KindName,
    other: &'c str,
) -> Clash<'c> {
    let declared = Address::live(of, other).and_then(|a| wanted.get_key_value(&a));
    let live = inputs.live.all(of).iter().find(|one| one.uid == other);
    let own = wanted.get(address);
    let title = declared.map(|(_, w)| w.headline.title.as_str());
    Clash {
        how,
        own: own.map_or("", |w| w.headline.title.as_str()),
        other,
        theirs: title.or_else(|| live.map(|one| one.title.as_str())).unwrap_or_default(),
        beside: live.is_none_or(|one| one.parent.as_deref() == own.and_then(|w| w.parent.as_deref())),
        declared: declared.map(|(address, _)| address),
        server: inputs.server,
    }
}

/// Names that the objects of a kind may not have because objects of another kind have them.
fn rivals(inputs: &Inputs<'_>, kind: &dyn Kind, rival: Rival, wanted: Wants<'_, '_>, changes: &mut Changes) {
    let Some(unique) = kind.unique(inputs.server) else { return };
    let place = |parent: Option<&str>| match rival.place {
        RivalPlace::SameFolder => parent.map(str::to_owned),
        RivalPlace::Anywhere | RivalPlace::Root => None,
    };
    let theirs = match rival.when {
        When::Now => inputs.live.all(rival.kind).iter().map(Standing::of).collect(),
        When::Afterwards => afterwards(inputs, rival.kind, wanted, changes),
    };
    let counts = |one: &Standing<'_>| rival.place != RivalPlace::Root || one.parent.is_none();
    let taken: BTreeMap<(Option<String>, String), Standing<'_>> =
        theirs.into_iter().filter(counts).map(|one| ((place(one.parent), (unique.key)(one.title)), one)).collect();
    for (address, own) in wanted.iter().filter(|(a, _)| a.kind == kind.name()) {
        let here = (place(own.parent.as_deref()), (unique.key)(&own.headline.title));
        let Some(other) = taken.get(&here) else { continue };
        let clash = Clash {
            theirs: other.title,
            ..clash(inputs, wanted, How::Rival(rival.place), address, rival.kind, other.uid)
        };
        refuse(changes, address, kind.clash(&clash));
    }
}

/// Where an object is, and what it is called there.
struct Standing<'a> {
    uid: &'a str,
    parent: Option<&'a str>,
    title: &'a str,
}

impl<'a> Standing<'a> {
    fn of(one: &'a Listed) -> Standing<'a> {
        Standing { uid: &one.uid, parent: one.parent.as_deref(), title: &one.title }
    }
}

/// The objects of a kind as they will be: those of the workspace that stay as they are, and the directory's.
fn afterwards<'a>(
    inputs: &Inputs<'a>,
    kind: KindName,
    wanted: &'a BTreeMap<Address, Wanted<'_>>,
    changes: &Changes,
) -> Vec<Standing<'a>> {
    let stays = |one: &&Listed| {
        Address::live(kind, &one.uid).is_none_or(|a| {
            !wanted.contains_key(&a) && !changes.get(&a).is_some_and(|c| matches!(c.action, Action::Delete { .. }))
        })
    };
    let live = inputs.live.all(kind).iter().filter(stays).map(Standing::of);
    let ours = wanted.iter().filter(|(a, _)| a.kind == kind);
    let ours = ours.map(|(a, w)| Standing { uid: a.id(), parent: w.parent.as_deref(), title: &w.headline.title });
    live.chain(ours).collect()
}

/// What every object of a kind is called before and after: what is live and stays, and what the plan changes.
fn labels<'l>(
    kind: KindName,
    now: impl Iterator<Item = (&'l str, Label)>,
    after: impl Fn(&Wanted<'_>) -> Label,
    wanted: Wants<'_, '_>,
    changes: &Changes,
) -> BTreeMap<String, Labels> {
    let mut labels: BTreeMap<String, Labels> = now
        .map(|(uid, label)| (uid.to_owned(), Labels { before: Some(label.clone()), after: Some(label) }))
        .collect();
    for (address, change) in changes.iter().filter(|(a, c)| a.kind == kind && c.action.writes()) {
        let one = labels.entry(address.id().to_owned()).or_default();
        one.after = match &change.action {
            Action::Delete { .. } => None,
            _ => wanted.get(address).map(&after),
        };
    }
    labels
}

fn verdicts(kind: KindName, labels: BTreeMap<String, Labels>) -> impl Iterator<Item = (Address, Verdict)> {
    // Only what the plan writes takes a label, and that has a uid that can be declared.
    let address = move |uid: &str| Address::live(kind, uid);
    of_labels(labels).into_iter().filter_map(move |(uid, verdict)| address(&uid).map(|a| (a, verdict)))
}

fn wait_for(changes: &mut Changes, address: &Address, others: BTreeSet<String>) {
    if let Some(change) = changes.get_mut(address) {
        change.needs.extend(others.iter().filter_map(|uid| Address::live(address.kind, uid)));
    }
}

fn refuse(changes: &mut Changes, address: &Address, objection: Objection) {
    let Some(change) = changes.get_mut(address) else { return };
    if change.action.writes() {
        let Objection { code, reason, hint } = objection;
        change.intent = None;
        change.action = Action::Refuse(Refusal { code: code.into(), reason, hint });
    }
}
