//! From declared, live and recorded to a plan: works out which [`super::table`] row holds for each object, and puts
//! the parts of the plan together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::bind::{Bindings, Bound, bind};
use super::inputs::{Inputs, Ownership};
use super::table::{Case, Record, Row, Same, decide};
use super::{
    Action, Change, Drift, DriftKind, Goal, Intent, Moved, Plan, Precondition, Refusal, RegistryState,
    SecretChange, clashes, contents, guards, order,
};
use crate::kinds;
use crate::kinds::datasource::{digest_if_not_asked_to_be_default, digest_if_still_default};
use crate::model::digest::{Numbers, REVISION};
use crate::model::{
    Address, Declared, Delta, Digest, Entry, Fingerprint, FolderPath, Found, Guard, Headline, Identity, KindName,
    Mark, NormalDigest, Owned, Place, Problem, Recorded, Target, Uid,
};

/// What the directory wants of one object, whatever its kind.
pub(super) struct Wanted<'a> {
    pub digest: NormalDigest,
    pub parent: Option<String>,
    pub headline: Headline,
    pub place: Place,
    pub content: Option<Digest>,
    pub protect: bool,
    pub secrets: Vec<&'a str>,
    pub references: Vec<&'a Target>,
    pub refused: Option<Refusal>,
    /// Its normal form, where it differs from what is live.
    pub body: Option<Value>,
    pub note: Option<String>,
    pub uid_is_derived: bool,
}

/// Makes the plan. Problems are faults of the directory that show only beside the workspace.
pub fn plan(inputs: &Inputs<'_>) -> Result<Plan, Vec<Problem>> {
    let destroying = inputs.goal == Goal::Destroy;
    let folders = if destroying { &[][..] } else { inputs.folders };
    let (bindings, problems) = bind(folders, inputs.live.folders.as_deref(), inputs.ownership, inputs.server);
    if !problems.is_empty() {
        return Err(problems);
    }
    let wanted = if destroying { BTreeMap::new() } else { wanted(inputs, &bindings) };
    let paths = Paths::new(inputs, &bindings);
    let mut unchanged = 0;
    let mut changes = BTreeMap::new();
    let all = addresses(inputs, &wanted);
    let unknown: Vec<String> =
        inputs.rules.targets.iter().filter(|t| !all.contains(t)).map(|t| format!("`{t}`")).collect();
    for address in all {
        match change(inputs, &address, wanted.get(&address), &paths) {
            Some(change) => {
                changes.insert(address, change);
            }
            None => unchanged += 1,
        }
    }
    refuse_without_folder(inputs, &bindings, &wanted, &mut changes);
    clashes::settle(inputs, &wanted, &mut changes);
    contents::settle(inputs, &wanted, &mut changes);
    refuse_what_has_no_folder(&bindings, &wanted, &mut changes);
    order::link(inputs, &wanted, &mut changes);
    let left_out = order::keep_targets(&inputs.rules.targets, &mut changes);
    let stages = order::stages(inputs, &wanted, changes);
    let mut notices = notices(inputs, &stages);
    let derived = stages.iter().flatten().filter(|c| {
        matches!(c.action, Action::Create { .. }) && wanted.get(&c.address).is_some_and(|w| w.uid_is_derived)
    });
    match derived.count() {
        0 => {}
        1 => notices.push("one new object's file names no uid: its uid follows from the path or name".into()),
        n => notices.push(format!("{n} new objects' files name no uid: theirs follow from the path or name")),
    }
    if !unknown.is_empty() {
        notices.push(format!("neither the directory nor the record has the target {}", unknown.join(", ")));
    }
    if left_out > 0 {
        notices.push(format!(
            "only the targets and what they need are planned; {left_out} other changes are left out"
        ));
    }
    Ok(Plan {
        goal: inputs.goal,
        workspace: inputs.workspace.to_owned(),
        version: inputs.server.version.clone(),
        stack: inputs.stack.clone(),
        registry: registry_state(inputs.ownership),
        unmanaged: guards::unmanaged(inputs, &bindings),
        stages,
        unchanged,
        notices,
        warnings: Vec::new(),
        bindings: bindings.all,
    })
}

fn registry_state(ownership: Ownership<'_>) -> RegistryState {
    match ownership {
        Ownership::Known { serial, run, .. } => RegistryState::Known { serial, run: run.to_owned() },
        Ownership::Absent => RegistryState::Absent,
        Ownership::Unknown(why) => RegistryState::Unknown { why: why.to_owned() },
        Ownership::Off => RegistryState::Off,
    }
}

fn addresses(inputs: &Inputs<'_>, wanted: &BTreeMap<Address, Wanted<'_>>) -> BTreeSet<Address> {
    let mut all: BTreeSet<Address> = wanted.keys().cloned().collect();
    if let Ownership::Known { objects, .. } = inputs.ownership {
        all.extend(objects.keys().cloned());
    }
    all
}

fn wanted<'a>(inputs: &'a Inputs<'a>, bindings: &Bindings) -> BTreeMap<Address, Wanted<'a>> {
    let mut all = BTreeMap::new();
    for binding in bindings.all.iter().filter(|b| b.how != Bound::Borrowed) {
        let Ok(uid) = Uid::parse(&binding.uid) else { continue };
        let body = kinds::by_name(KindName::FOLDER).normal(json!({ "title": binding.title }));
        all.insert(
            Address::new(KindName::FOLDER, uid),
            Wanted {
                digest: body.digest(),
                parent: binding.parent.clone(),
                headline: Headline { title: binding.title.clone(), facts: Vec::new() },
                place: binding.place.clone(),
                content: None,
                protect: binding.protect,
                secrets: Vec::new(),
                references: Vec::new(),
                refused: binding.refused.clone(),
                body: Some(body.whole()),
                note: binding.note.clone(),
                uid_is_derived: false,
            },
        );
    }
    for declared in inputs.declared {
        all.insert(declared.address.clone(), wanted_object(inputs, declared, bindings));
    }
    all
}

fn wanted_object<'a>(inputs: &'a Inputs<'a>, declared: &'a Declared, bindings: &Bindings) -> Wanted<'a> {
    let kind = kinds::by_name(declared.address.kind);
    let soft = declared.digest.soft.iter();
    let stored = |(pointer, value): &(String, Value)| {
        (pointer.clone(), kind.as_stored(pointer, value.clone(), inputs.server))
    };
    let digest = NormalDigest { soft: soft.map(stored).collect(), ..declared.digest.clone() };
    let mut body = inputs.bodies.get(&declared.address).cloned();
    if let Some(Value::Object(map)) = &mut body {
        for (pointer, value) in &digest.soft {
            map.insert(pointer.trim_start_matches('/').to_owned(), value.clone());
        }
    }
    Wanted {
        parent: bindings.uid_of(&declared.parent),
        digest,
        headline: declared.headline.clone(),
        place: declared.place.clone(),
        content: (declared.uid_from != crate::model::UidFrom::Document).then(|| declared.body.file_digest.clone()),
        protect: declared.protect,
        secrets: declared.secrets.iter().map(|s| s.key.as_str()).collect(),
        references: declared.references.iter().map(|r| &r.to).collect(),
        refused: None,
        body,
        note: None,
        uid_is_derived: declared.uid_from != crate::model::UidFrom::Document,
    }
}

/// Where every folder is, by uid, as titles: live ones and those this plan makes.
pub(super) struct Paths(BTreeMap<String, FolderPath>);

impl Paths {
    fn new(inputs: &Inputs<'_>, bindings: &Bindings) -> Paths {
        let mut above: BTreeMap<&str, (&str, Option<&str>)> = BTreeMap::new();
        for folder in inputs.live.folders.as_deref().unwrap_or_default() {
            above.insert(&folder.uid, (&folder.title, folder.parent.as_deref()));
        }
        for binding in &bindings.all {
            above.entry(&binding.uid).or_insert((&binding.title, binding.parent.as_deref()));
        }
        let path = |uid: &str| {
            let mut titles = Vec::new();
            let mut at = Some(uid);
            // Bounded: a server may hold a ring of folders, or a parent that is not there (point 8).
            while let Some((title, parent)) = at.and_then(|uid| above.get(uid)).filter(|_| titles.len() < 32) {
                titles.push((*title).to_owned());
                at = *parent;
            }
            titles.reverse();
            FolderPath::new(titles)
        };
        Paths(above.keys().filter_map(|uid| path(uid).map(|p| ((*uid).to_owned(), p))).collect())
    }

    pub(super) fn of(&self, uid: Option<&str>) -> Option<FolderPath> {
        let uid = uid?;
        self.0.get(uid).cloned().or_else(|| FolderPath::new(vec![format!("(folder {uid})")]))
    }
}

/// What the record means for the object that is live: pending entries settled, other incarnations told.
struct Claim<'a> {
    record: Record,
    recorded: Option<&'a Recorded>,
    /// The entry is about something else by now.
    stale: bool,
    /// The secrets last sent are in doubt.
    secrets_unclear: bool,
    /// A replacement was cut off between its delete and its create.
    replacing: bool,
}

fn claim<'a>(inputs: &Inputs<'a>, address: &Address, found: Option<&Found>) -> Claim<'a> {
    let none =
        |stale| Claim { record: Record::No, recorded: None, stale, secrets_unclear: false, replacing: false };
    if matches!(inputs.ownership, Ownership::Off | Ownership::Unknown(_)) {
        return Claim { record: Record::AsLeft, ..none(false) };
    }
    let Some(recorded) = inputs.ownership.recorded(address) else { return none(false) };
    let replacing = recorded.pending.as_ref().is_some_and(|p| p.replace);
    let Some(found) = found else {
        // A first create that was never done is no deletion outside.
        return Claim { recorded: recorded.digest.as_ref().map(|_| recorded), replacing, ..none(false) };
    };
    let live = found.body.digest().map(NormalDigest::recorded);
    let as_first = |digest: &Digest| {
        address.kind == KindName::DATASOURCE
            && recorded.digest.is_none()
            && found.body.value().is_some_and(|v| digest_if_not_asked_to_be_default(v) == *digest)
    };
    let as_pending = recorded
        .pending
        .as_ref()
        .is_some_and(|p| (live.as_ref() == Some(&p.digest) || as_first(&p.digest)) && found.parent == p.parent);
    let other = recorded.identity.as_ref().is_some_and(|identity| identity.another_incarnation(&found.identity));
    if (other || recorded.digest.is_none()) && as_pending && (replacing || recorded.digest.is_none()) {
        return Claim {
            record: Record::AsLeftStale,
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
        None => Record::AsLeft,
        Some(_) if recorded.revision != REVISION && moved => Record::Unclear,
        Some(_) if recorded.revision != REVISION => Record::AsLeftStale,
        Some(live) if Some(live) == recorded.digest.as_ref() && found.parent == recorded.parent => {
            if moved || pending { Record::AsLeftStale } else { Record::AsLeft }
        }
        Some(_) if as_pending || gave_way(inputs, address, recorded, found) => Record::AsLeftStale,
        Some(_) => Record::Changed,
    };
    let version_moved = recorded.identity.as_ref().is_none_or(|i| i.version != found.identity.version);
    Claim { record, recorded: Some(recorded), stale: false, secrets_unclear: version_moved || pending, replacing }
}

/// Whether a data source is as it was left, but for no longer being the default one because another of ours became it.
fn gave_way(inputs: &Inputs<'_>, address: &Address, recorded: &Recorded, found: &Found) -> bool {
    let ours = |uid: &str| {
        let address = Uid::parse(uid).map(|uid| Address::new(KindName::DATASOURCE, uid));
        address.is_ok_and(|address| inputs.ownership.recorded(&address).is_some())
    };
    address.kind == KindName::DATASOURCE
        && inputs.live.datasources.iter().flatten().any(|d| d.is_default && ours(&d.uid))
        && found.body.value().is_some_and(|v| Some(digest_if_still_default(v)) == recorded.digest)
}

fn change(inputs: &Inputs<'_>, address: &Address, wanted: Option<&Wanted<'_>>, paths: &Paths) -> Option<Change> {
    let live = inputs.live;
    let found = live.found.get(address);
    let claim = claim(inputs, address, found);
    let entry = inputs.ownership.recorded(address);
    let title = title(wanted, found, entry);
    let mut change = Change {
        address: address.clone(),
        title,
        action: Action::Renew,
        drift: None,
        only_if: found.map_or(Precondition::Absent, |f| Precondition::Is(f.identity.clone())),
        needs: BTreeSet::new(),
        place: wanted.map(|w| w.place.clone()),
        recorded_source: entry.map(|r| r.source.clone()),
        folder: paths.of(wanted.map_or_else(|| found.and_then(|f| f.parent.as_deref()), |w| w.parent.as_deref())),
        notes: wanted.and_then(|w| w.note.clone()).into_iter().collect(),
        intent: None,
        stale: claim.stale,
    };
    if let Some(refusal) = forbidden(inputs, address, wanted, found, entry.is_some()) {
        change.action = Action::Refuse(refusal);
        change.stale = false;
        return Some(change);
    }
    let secrets = wanted.map(|w| secret_changes(inputs, address, w, found, &claim)).unwrap_or_default();
    let case = match (wanted, found) {
        (Some(wanted), Some(found)) => Case::Both(claim.record, same(inputs, wanted, found, &claim, &secrets)),
        (Some(_), None) => Case::DeclaredOnly { recorded: claim.recorded.is_some() && !claim.replacing },
        (None, Some(_)) => Case::Undeclared(claim.record),
        (None, None) => Case::Gone,
    };
    if let Some(wanted) = wanted {
        change.intent = Some(intent(inputs, address, wanted, &claim, secrets));
    }
    let row = decide(case);
    if row == Row::Nothing {
        let out_of_date = claim.recorded.is_some_and(|r| {
            wanted.is_some_and(|w| r.source != source_of(&w.place) || (r.protect != w.protect && w.protect))
        });
        if !out_of_date {
            return None;
        }
        change.action = Action::Renew;
        return Some(change);
    }
    if matches!(inputs.ownership, Ownership::Off) && row == Row::Renew {
        return None;
    }
    act(inputs, row, &mut change, wanted, found, &claim, paths);
    Some(change)
}

/// Fills in the action that a row stands for.
fn act(
    inputs: &Inputs<'_>,
    row: Row,
    change: &mut Change,
    wanted: Option<&Wanted<'_>>,
    found: Option<&Found>,
    claim: &Claim<'_>,
    paths: &Paths,
) {
    let adopt = inputs.rules.adopt.allows(&change.address);
    match (row, wanted, found) {
        (Row::Create | Row::CreateAgain, Some(wanted), _) => {
            change.action = Action::Create { headline: wanted.headline.clone() };
            if wanted.uid_is_derived {
                change
                    .notes
                    .push("its file names no uid: this one follows from the file's path or its name".into());
            }
            if let Some(intent) = &mut change.intent {
                intent.how = Owned::Created;
            }
            if row == Row::CreateAgain {
                change.drift = Some(Drift {
                    what: DriftKind::Deleted,
                    saved: crate::model::Saved::default(),
                    version: recorded_version(claim),
                    recorded: recorded_version(claim),
                    delta: None,
                });
            }
            if claim.replacing {
                change.notes.push("a replacement was cut off before it was made again".into());
            }
        }
        (Row::AdoptOrLeave | Row::AdoptOrRefuse, Some(wanted), Some(found)) => {
            adopt_or_not(inputs, row, change, wanted, found, adopt, paths);
        }
        (Row::Update | Row::UpdateOverDrift, Some(wanted), Some(found)) => {
            if row == Row::UpdateOverDrift {
                change.drift = Some(drift(inputs, change, wanted, found, claim, paths));
            }
            if claim.record == Record::Unclear {
                change.notes.push("another version of amgctl recorded it: who changed it cannot be told".into());
            }
            change.action = update(inputs, change, wanted, found, paths);
        }
        (Row::Delete | Row::DeleteOverDrift, _, Some(found)) => {
            if row == Row::DeleteOverDrift {
                change.drift = Some(Drift {
                    what: DriftKind::Changed,
                    saved: found.saved.clone(),
                    version: found.identity.version,
                    recorded: recorded_version(claim),
                    delta: None,
                });
            }
            change.action = delete(inputs, change, found, claim);
        }
        (Row::Forget, _, Some(_)) if claim.stale => {
            change.action = Action::Forget { because: "another object has taken its uid".into() };
        }
        (Row::Forget, _, _) => {
            change.action = Action::Forget { because: "it is no longer in the workspace".into() };
        }
        _ => change.action = Action::Renew,
    }
}

fn adopt_or_not(
    inputs: &Inputs<'_>,
    row: Row,
    change: &mut Change,
    wanted: &Wanted<'_>,
    found: &Found,
    adopt: bool,
    paths: &Paths,
) {
    if !adopt {
        change.intent = None;
        change.action = if row == Row::AdoptOrLeave {
            Action::LeaveAlone
        } else {
            Action::Refuse(Refusal {
                code: "not-ours",
                reason: format!("the workspace has another {} of this uid, which is not ours", change.address.kind),
                hint: format!("take it over with --adopt={}, or give the file another uid", change.address),
            })
        };
        return;
    }
    if !inputs.live.damaged_others.is_empty() {
        change.intent = None;
        change.action = Action::Refuse(damaged(inputs));
        return;
    }
    if let Some(intent) = &mut change.intent {
        intent.how = Owned::Adopted;
    }
    let moved = moved(wanted, found, paths);
    let delta = delta(inputs, change, wanted, found);
    change.action = Action::Adopt { delta, moved };
}

fn update(inputs: &Inputs<'_>, change: &mut Change, wanted: &Wanted<'_>, found: &Found, paths: &Paths) -> Action {
    let moved = moved(wanted, found, paths);
    let delta = delta(inputs, change, wanted, found);
    if let Some(because) = needs_replacement(change.address.kind, wanted, found) {
        let missing: Vec<&String> =
            found.secure_keys.iter().filter(|k| !wanted.secrets.contains(&k.as_str())).collect();
        if !inputs.rules.replace.contains(&change.address) {
            return Action::Refuse(Refusal {
                code: "needs-replacement",
                reason: because,
                hint: format!("delete it and make it anew with --replace={}, or keep the value", change.address),
            });
        }
        if let Some(key) = missing.first() {
            return Action::Refuse(Refusal {
                code: "replacement-loses-secret",
                reason: format!("{because}; the secret `{key}` is set there and would be lost"),
                hint: format!("give `secureJsonData.{key}` a value in the directory first"),
            });
        }
        if let Some(intent) = &mut change.intent {
            intent.secrets = wanted.secrets.iter().map(|key| ((*key).to_owned(), SecretChange::Set)).collect();
        }
        return Action::Replace { delta, because };
    }
    Action::Update { delta, moved }
}

fn delete(inputs: &Inputs<'_>, change: &mut Change, found: &Found, claim: &Claim<'_>) -> Action {
    let Some(recorded) = claim.recorded else {
        return Action::Forget { because: "it is not ours".into() };
    };
    if recorded.protect && !inputs.rules.unprotect.contains(&change.address) {
        change.drift = None;
        return Action::Keep { because: format!("it is protected; --unprotect={} lifts that", change.address) };
    }
    if recorded.how == Owned::Adopted && !inputs.rules.delete_adopted {
        change.drift = None;
        return Action::Release;
    }
    if !inputs.live.damaged_others.is_empty() {
        return Action::Refuse(damaged(inputs));
    }
    Action::Delete { headline: found.headline.clone() }
}

fn title(wanted: Option<&Wanted<'_>>, found: Option<&Found>, entry: Option<&Recorded>) -> String {
    wanted
        .map(|w| w.headline.title.clone())
        .or_else(|| found.map(|f| f.headline.title.clone()))
        .filter(|t| !t.is_empty())
        .or_else(|| entry.map(|e| e.title.clone()))
        .unwrap_or_default()
}

/// What forbids any write to this address, whatever the table says.
fn forbidden(
    inputs: &Inputs<'_>,
    address: &Address,
    wanted: Option<&Wanted<'_>>,
    found: Option<&Found>,
    recorded: bool,
) -> Option<Refusal> {
    if let Some(refusal) = wanted.and_then(|w| w.refused.clone()) {
        return Some(refusal);
    }
    if let Some(why) = inputs.live.unreadable.get(address) {
        return Some(Refusal {
            code: "unreadable",
            reason: format!("whether it is there could not be told: {why}"),
            hint: "use a token that may read it".into(),
        });
    }
    if let Some(stack) = inputs.live.others.get(address) {
        return Some(if recorded {
            Refusal {
                code: "two-stacks",
                reason: format!("stack `{stack}` has recorded it too"),
                hint: format!("`amgctl forget {address}` in the stack that is not to keep it"),
            }
        } else {
            Refusal {
                code: "other-stack",
                reason: format!("it belongs to stack `{stack}`"),
                hint: "remove it from this directory, or from that one".into(),
            }
        });
    }
    let guard = found?.guard.as_ref()?;
    let equal = wanted.is_some_and(|w| {
        found.is_some_and(|f| f.body.digest().is_none_or(|d| d.equals(&w.digest, inputs.server.numbers)))
    });
    match guard {
        Guard::SavedAsV2 => None,
        _ if equal => None,
        Guard::Provisioned => Some(Refusal {
            code: "provisioned",
            reason: "the server provisions it from files of its own, or holds it read-only".into(),
            hint: "change it there, or give this one another uid".into(),
        }),
        Guard::ManagedBy(manager) => Some(Refusal {
            code: "managed",
            reason: format!("the workspace says that `{manager}` manages it"),
            hint: "take it out of that tool first, or give this one another uid".into(),
        }),
    }
}

fn damaged(inputs: &Inputs<'_>) -> Refusal {
    Refusal {
        code: "damaged-record",
        reason: format!(
            "the record of stack `{}` cannot be read, so nobody knows what is that stack's",
            inputs.live.damaged_others.join("`, `")
        ),
        hint: "restore it from that dashboard's history, then plan again".into(),
    }
}

fn same(inputs: &Inputs<'_>, wanted: &Wanted<'_>, found: &Found, claim: &Claim<'_>, secrets: &[Sent]) -> Same {
    let body = match (found.body.digest(), claim.recorded) {
        (Some(live), _) => live.equals(&wanted.digest, inputs.server.numbers),
        (None, Some(recorded)) => recorded.digest.as_ref() == Some(&wanted.digest.recorded()),
        (None, None) => false,
    };
    if body && wanted.parent == found.parent && secrets.is_empty() { Same::Yes } else { Same::No }
}

type Sent = (String, SecretChange);

fn secret_changes(
    inputs: &Inputs<'_>,
    address: &Address,
    wanted: &Wanted<'_>,
    found: Option<&Found>,
    claim: &Claim<'_>,
) -> Vec<Sent> {
    let all = |what| wanted.secrets.iter().map(|key| ((*key).to_owned(), what)).collect::<Vec<Sent>>();
    let Some(found) = found else { return all(SecretChange::Set) };
    match inputs.ownership {
        Ownership::Off if inputs.rules.send_secrets => return all(SecretChange::Renew),
        Ownership::Off | Ownership::Unknown(_) => return Vec::new(),
        Ownership::Known { .. } | Ownership::Absent => {}
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

fn intent(
    inputs: &Inputs<'_>,
    address: &Address,
    wanted: &Wanted<'_>,
    claim: &Claim<'_>,
    secrets: Vec<Sent>,
) -> Intent {
    let fingerprints: BTreeMap<String, Fingerprint> = inputs.fingerprints.get(address).cloned().unwrap_or_default();
    Intent {
        digest: wanted.digest.recorded(),
        parent: wanted.parent.clone(),
        secrets,
        fingerprints,
        source: source_of(&wanted.place),
        content: wanted.content.clone(),
        protect: wanted.protect
            || claim.recorded.is_some_and(|r| r.protect && !inputs.rules.unprotect.contains(address)),
        how: claim.recorded.map_or(Owned::Created, |r| r.how),
    }
}

fn source_of(place: &Place) -> String {
    place.file.to_string()
}

fn moved(wanted: &Wanted<'_>, found: &Found, paths: &Paths) -> Option<Moved> {
    (wanted.parent != found.parent)
        .then(|| Moved { from: paths.of(found.parent.as_deref()), to: paths.of(wanted.parent.as_deref()) })
}

fn delta(inputs: &Inputs<'_>, change: &mut Change, wanted: &Wanted<'_>, found: &Found) -> Delta {
    let kind = kinds::by_name(change.address.kind);
    // What was not read is as it was recorded and as it is declared, or it would have been read.
    let differs = found.body.digest().is_some_and(|d| !d.equals(&wanted.digest, inputs.server.numbers));
    let mut delta = match (&wanted.body, found.body.value(), differs) {
        (_, _, false) => Delta::default(),
        (Some(wanted), Some(live), true) => kind.diff(live, wanted, inputs.server.numbers),
        (Some(wanted), None, true) if change.address.kind == KindName::FOLDER => {
            kind.diff(&json!({ "title": found.headline.title }), wanted, Numbers::Float)
        }
        _ => Delta { notes: vec!["it differs; its body was not kept".into()], ..Delta::default() },
    };
    for (key, what) in change.intent.iter().flat_map(|i| &i.secrets) {
        let (mark, words) = match what {
            SecretChange::Set => (Mark::Add, "(sensitive value set)"),
            SecretChange::Change => (Mark::Change, "(sensitive value changed)"),
            SecretChange::Renew => (Mark::Change, "(sensitive value sent again: it may have been changed outside)"),
            SecretChange::Remove => (Mark::Remove, "(sensitive value removed)"),
        };
        delta.entries.push(
            Entry::new(mark, format!("secureJsonData.{key}"), format!("/secureJsonData/{key}"))
                .values(None, Some(words.into())),
        );
    }
    if found.guard == Some(Guard::SavedAsV2) {
        delta.notes.push("it was saved in the v2 format; what only that format can say will be lost".into());
    }
    delta
}

fn drift(
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
    let delta = match (&wanted.body, found.body.value()) {
        (Some(wanted), Some(live)) if same_as_recorded && what == DriftKind::Changed => {
            Some(kinds::by_name(change.address.kind).diff(wanted, live, inputs.server.numbers))
        }
        _ => None,
    };
    let version = found.identity.version;
    Drift { what, saved: found.saved.clone(), version, recorded: recorded_version(claim), delta }
}

fn recorded_version(claim: &Claim<'_>) -> i64 {
    claim.recorded.and_then(|r| r.identity.as_ref()).map_or(0, |i| i.version)
}

/// Why the server cannot change what is live into what is wanted, if it cannot: an empty `url` or `basicAuthUser` is
/// ignored by a save (`contracts/README.md` 15).
fn needs_replacement(kind: KindName, wanted: &Wanted<'_>, found: &Found) -> Option<String> {
    if kind != KindName::DATASOURCE {
        return None;
    }
    let (wanted, live) = (wanted.body.as_ref()?, found.body.value()?);
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    ["url", "basicAuthUser"]
        .into_iter()
        .find(|key| text(wanted, key).is_empty() && !text(live, key).is_empty())
        .map(|key| format!("Grafana cannot clear `{key}` of a data source"))
}

/// A folder named by its uid must be there: some servers put what is in a missing one at the root, others leave it
/// dangling (`contracts/README.md` 8).
fn refuse_without_folder(
    inputs: &Inputs<'_>,
    bindings: &Bindings,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &mut BTreeMap<Address, Change>,
) {
    let Some(live) = &inputs.live.folders else { return };
    for (address, wanted) in wanted {
        let Some(uid) = wanted.parent.as_deref() else { continue };
        if bindings.of_uid(uid).is_some() || live.iter().any(|f| f.uid == uid) {
            continue;
        }
        if let Some(change) = changes.get_mut(address).filter(|c| c.action.writes()) {
            change.intent = None;
            change.action = Action::Refuse(Refusal {
                code: "no-folder",
                reason: format!("neither the directory nor the workspace has the folder `{uid}`"),
                hint: "declare that folder, or name another one".into(),
            });
        }
    }
}

/// A dashboard whose folder cannot be made cannot be put there either.
fn refuse_what_has_no_folder(
    bindings: &Bindings,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &mut BTreeMap<Address, Change>,
) {
    for (address, wanted) in wanted.iter().filter(|(a, _)| a.kind != KindName::FOLDER) {
        let Some(binding) = wanted.parent.as_deref().and_then(|uid| bindings.of_uid(uid)) else { continue };
        let Some(refusal) = &binding.refused else { continue };
        if let Some(change) = changes.get_mut(address).filter(|c| c.action.writes()) {
            change.intent = None;
            change.action = Action::Refuse(Refusal {
                code: "folder-refused",
                reason: format!("its folder cannot be: {}", refusal.reason),
                hint: refusal.hint.clone(),
            });
        }
    }
}

fn notices(inputs: &Inputs<'_>, stages: &[Vec<Change>]) -> Vec<String> {
    let mut notices = Vec::new();
    for stack in &inputs.live.damaged_others {
        notices
            .push(format!("the record of stack `{stack}` cannot be read: nothing is adopted or deleted meanwhile"));
    }
    if inputs.live.datasources.is_none() {
        notices.push("this token may not list data sources: what is there of them is not known".into());
    }
    if inputs.live.folders.is_none() {
        notices.push("the folders could not be listed: which ones are there is not known".into());
    }
    notices.extend(guards::default_datasource(inputs, stages));
    notices
}

/// The identity that a change was planned against, if it was.
#[must_use]
pub fn planned_identity(change: &Change) -> Option<&Identity> {
    match &change.only_if {
        Precondition::Is(identity) => Some(identity),
        Precondition::Absent | Precondition::Nothing => None,
    }
}
