//! What the record means for the object that is live: pending entries settled, other incarnations told apart.
//!
//! The cases it leads to stand in [`super::table`].

use super::inputs::Inputs;
use super::table::RecordSays;
use crate::kinds::{self, Normal};
use crate::model::digest::REVISION;
use crate::model::{Address, Digest, Found, NormalDigest, RecordState, Recorded};

/// What the record means for the object that is live: pending entries settled, other incarnations told.
pub(super) struct Claim<'a> {
    pub(super) record: RecordSays,
    pub(super) recorded: Option<&'a Recorded>,
    /// The entry is about something else by now.
    pub(super) stale: bool,
    /// The secrets last sent are in doubt.
    pub(super) secrets_unclear: bool,
    /// A replacement was cut off between its delete and its create.
    pub(super) replacing: bool,
}

pub(super) fn claim<'a>(inputs: &Inputs<'a>, address: &Address, found: Option<&Found>) -> Claim<'a> {
    let none =
        |stale| Claim { record: RecordSays::No, recorded: None, stale, secrets_unclear: false, replacing: false };
    if matches!(inputs.record, RecordState::Off | RecordState::Unknown(_)) {
        return Claim { record: RecordSays::AsLeft, ..none(false) };
    }
    let Some(recorded) = inputs.record.recorded(address) else { return none(false) };
    let replacing = recorded.pending.as_ref().is_some_and(|p| p.replace);
    let Some(found) = found else {
        // A first create that was never done is no deletion outside.
        return Claim { recorded: recorded.digest.as_ref().map(|_| recorded), replacing, ..none(false) };
    };
    let kind = kinds::by_name(address.kind);
    let live = found.body.digest().map(NormalDigest::recorded);
    let as_first = |digest: &Digest| {
        recorded.digest.is_none()
            && found
                .body
                .value()
                .is_some_and(|value| kind.nearly(&Normal { value: value.clone(), soft: Vec::new() }, digest))
    };
    let as_pending = recorded
        .pending
        .as_ref()
        .is_some_and(|p| (live.as_ref() == Some(&p.digest) || as_first(&p.digest)) && found.parent == p.parent);
    let other = recorded.identity.as_ref().is_some_and(|identity| identity.another_incarnation(&found.identity));
    if (other || recorded.digest.is_none()) && as_pending && (replacing || recorded.digest.is_none()) {
        return Claim {
            record: RecordSays::AsLeftStale,
            recorded: Some(recorded),
            stale: false,
            secrets_unclear: true,
            replacing,
        };
    }
    if other || recorded.digest.is_none() {
        return none(true);
    }
    let moved = recorded.identity.as_ref().is_none_or(|identity| !identity.unchanged(&found.identity));
    let pending = recorded.pending.is_some();
    let record = match &live {
        // Not read: its identity is the recorded one.
        None => RecordSays::AsLeft,
        Some(_) if recorded.revision != REVISION && moved => RecordSays::Unclear,
        Some(_) if recorded.revision != REVISION => RecordSays::AsLeftStale,
        Some(live) if Some(live) == recorded.digest.as_ref() && found.parent == recorded.parent => {
            if moved || pending { RecordSays::AsLeftStale } else { RecordSays::AsLeft }
        }
        Some(_) if as_pending || gave_way(inputs, address, recorded, found) => RecordSays::AsLeftStale,
        // A run of this stack's own that was cut off or overtaken: nobody else has changed it.
        Some(_) if inputs.live.by_own_runs.contains(address) => RecordSays::AsLeftStale,
        Some(_) => RecordSays::Changed,
    };
    let version_moved = recorded.identity.as_ref().is_none_or(|i| i.version != found.identity.version);
    Claim { record, recorded: Some(recorded), stale: false, secrets_unclear: version_moved || pending, replacing }
}

/// Whether an object is as it was left, but for what another of ours of its kind has taken from it: a data source that is
/// the default one no longer.
pub(super) fn gave_way(inputs: &Inputs<'_>, address: &Address, recorded: &Recorded, found: &Found) -> bool {
    let is_ours =
        |uid: &str| Address::live(address.kind, uid).is_some_and(|a| inputs.record.recorded(&a).is_some());
    let kind = kinds::by_name(address.kind);
    inputs.live.all(address.kind).iter().any(|one| one.is_default && is_ours(&one.uid))
        && found
            .body
            .value()
            .and_then(|value| kind.before_giving_way(value))
            .is_some_and(|was| Some(was) == recorded.digest)
}

pub(super) fn recorded_version(claim: &Claim<'_>) -> i64 {
    claim.recorded.and_then(|r| r.identity.as_ref()).map_or(0, |i| i.version)
}
