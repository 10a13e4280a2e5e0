//! How what is wanted differs from what is live: body, folder, secrets; and what others did to it.
//!
//! In which words two bodies differ is the kind's business ([`crate::kinds`]).

use super::claim::{Claim, recorded_version};
use super::inputs::Inputs;
use super::table::Same;
use super::wanted::{Paths, Wanted};
use super::{Change, Drift, DriftKind, Moved, SecretChange};
use crate::kinds;
use crate::model::{Address, Delta, Entry, Found, Guard, Mark, NormalDigest, RecordState};

pub(super) fn same(
    inputs: &Inputs<'_>,
    wanted: &Wanted<'_>,
    found: &Found,
    claim: &Claim<'_>,
    secrets: &[SentSecret],
) -> Same {
    let body = match (found.body.digest(), claim.recorded) {
        (Some(live), _) => live.equals(&wanted.digest, inputs.server.numbers),
        (None, Some(recorded)) => recorded.digest.as_ref() == Some(&wanted.digest.recorded()),
        (None, None) => false,
    };
    if body && wanted.parent == found.parent && secrets.is_empty() { Same::Yes } else { Same::No }
}

pub(super) type SentSecret = (String, SecretChange);

pub(super) fn secret_changes(
    inputs: &Inputs<'_>,
    address: &Address,
    wanted: &Wanted<'_>,
    found: Option<&Found>,
    claim: &Claim<'_>,
) -> Vec<SentSecret> {
    let all = |what| wanted.secrets.iter().map(|key| ((*key).to_owned(), what)).collect::<Vec<SentSecret>>();
    let Some(found) = found else { return all(SecretChange::Set) };
    match inputs.record {
        RecordState::Off if inputs.rules.send_secrets => return all(SecretChange::Renew),
        RecordState::Off | RecordState::Unknown(_) => return Vec::new(),
        RecordState::There(_) | RecordState::Absent => {}
    }
    let Some(recorded) = claim.recorded else {
        let adopting = inputs.rules.adopt.allows(address);
        return if adopting { all(SecretChange::Set) } else { Vec::new() };
    };
    let prints = inputs.fingerprints.get(address);
    let mut changes = Vec::new();
    for key in &wanted.secrets {
        let declared = prints.and_then(|p| p.get(*key));
        let change = match (recorded.secrets.get(*key), declared) {
            (None, _) => Some(SecretChange::Set),
            (Some(_), _) if !found.secure_keys.contains(*key) => Some(SecretChange::Set),
            (Some(was), Some(is)) if was != is => Some(SecretChange::Change),
            _ if claim.secrets_unclear => Some(SecretChange::Renew),
            _ => None,
        };
        changes.extend(change.map(|c| ((*key).to_owned(), c)));
    }
    for key in recorded.secrets.keys().filter(|k| !wanted.secrets.contains(&k.as_str())) {
        if found.secure_keys.contains(key) {
            changes.push((key.clone(), SecretChange::Remove));
        }
    }
    changes
}

pub(super) fn moved(wanted: &Wanted<'_>, found: &Found, paths: &Paths) -> Option<Moved> {
    (wanted.parent != found.parent)
        .then(|| Moved { from: paths.of(found.parent.as_deref()), to: paths.of(wanted.parent.as_deref()) })
}

pub(super) fn delta(inputs: &Inputs<'_>, change: &mut Change, wanted: &Wanted<'_>, found: &Found) -> Delta {
    let kind = kinds::by_name(change.address.kind);
    // What was not read is as it was recorded and as it is declared, or it would have been read.
    let differs = found.body.digest().is_some_and(|d| !d.equals(&wanted.digest, inputs.server.numbers));
    let titled = kind.titled(&found.headline.title);
    let live = inputs.shown_live(&change.address, found).or(titled.as_ref());
    let mut delta = match (&wanted.body, live, differs) {
        (_, _, false) => Delta::default(),
        (Some(wanted), Some(live), true) => kind.diff(live, wanted, inputs.server.numbers),
        _ => Delta { notes: vec!["it differs; its body was not kept".into()], ..Delta::default() },
    };
    if inputs.rules.pictures && differs && wanted.body.is_some() && live.is_some() {
        change.picture = kind.picture(live, wanted.body.as_ref(), inputs.server.numbers);
    }
    if differs && delta.is_empty() && delta.notes.is_empty() {
        delta.entries.push(unshown());
    }
    let secrets = kind.facts().secrets.unwrap_or_default();
    for (key, what) in change.intent.iter().flat_map(|i| &i.secrets) {
        let (mark, words) = match what {
            SecretChange::Set => (Mark::Add, "(sensitive value set)"),
            SecretChange::Change => (Mark::Change, "(sensitive value changed)"),
            SecretChange::Renew => (Mark::Change, "(sensitive value sent again: it may have been changed outside)"),
            SecretChange::Remove => (Mark::Remove, "(sensitive value removed)"),
        };
        delta.entries.push(
            Entry::new(mark, format!("{secrets}.{key}"), format!("/{secrets}/{key}"))
                .values(None, Some(words.into())),
        );
    }
    if found.guard == Some(Guard::SavedAsV2) {
        delta.notes.push("it was saved in the v2 format; what only that format can say will be lost".into());
    }
    delta
}

/// What stands for a difference of which nothing may be shown: it is a change all the same.
pub(super) fn unshown() -> Entry {
    Entry::new(Mark::Change, "a value that is not shown", "").values(None, Some("(changed)".into()))
}

pub(super) fn drift(
    inputs: &Inputs<'_>,
    change: &Change,
    wanted: &Wanted<'_>,
    found: &Found,
    claim: &Claim<'_>,
    paths: &Paths,
) -> Drift {
    let recorded = claim.recorded;
    let body_as_left = recorded.is_some_and(|r| r.digest == found.body.digest().map(NormalDigest::recorded));
    let what = if body_as_left && recorded.is_some_and(|r| r.parent != found.parent) {
        DriftKind::Moved(paths.of(found.parent.as_deref()))
    } else {
        DriftKind::Changed
    };
    // The recorded body is not kept anywhere; while the directory still says what was recorded, it stands in for it.
    let same_as_recorded = recorded.is_some_and(|r| r.digest.as_ref() == Some(&wanted.digest.recorded()));
    let delta = match (&wanted.body, inputs.shown_live(&change.address, found)) {
        (Some(wanted), Some(live)) if same_as_recorded && what == DriftKind::Changed => {
            Some(kinds::by_name(change.address.kind).diff(wanted, live, inputs.server.numbers))
        }
        _ => None,
    };
    let version = found.identity.version;
    Drift { what, saved: found.saved.clone(), version, recorded: recorded_version(claim), delta }
}
