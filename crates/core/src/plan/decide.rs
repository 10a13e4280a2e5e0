//! From declared, live and recorded to a plan: works out which [`super::table`] row holds for each object, and puts
//! the parts of the plan together.

use std::collections::{BTreeMap, BTreeSet};

use super::bind::{Bindings, bind};
use super::claim::{Claim, claim, recorded_version};
use super::difference::{SentSecret, delta, drift, moved, same, secret_changes};
use super::inputs::Inputs;
use super::refusals::{
    Hold, damaged, forbidden, held, refuse_what_has_no_folder, refuse_what_the_server_refuses,
    refuse_without_folder,
};
use super::table::{Case, RecordSays, Row, Same, decide};
use super::wanted::{Paths, Wanted, wanted};
use super::{
    Action, Adopt, Change, Drift, DriftKind, Goal, Intent, OnDrift, Plan, Precondition, Refusal, SecretChange,
    clashes, contents, guards, order, unknown, users,
};
use crate::kinds::{self, Kind, Objection};
use crate::model::{
    Address, Entry, Fingerprint, Found, Mark, Observed, Owned, Place, Problem, RecordState, Recorded, Stamp,
};

/// Makes the plan. Problems are faults of the directory that show only beside the workspace.
pub fn plan(inputs: &Inputs<'_>) -> Result<Plan, Vec<Problem>> {
    let Staged { bindings, mut stages, unchanged, mut notices } = staged(inputs)?;
    match inputs.rules.on_drift {
        OnDrift::Overwrite => {}
        OnDrift::Refuse => guards::refuse_drift(&mut stages),
        OnDrift::Report => guards::leave_drift(&mut stages),
    }
    if let Some(old) = &inputs.custody.from_stack {
        notices.push(format!("the record of stack `{old}` becomes this stack's"));
    }
    notices.extend(inputs.custody.mended.iter().cloned());
    Ok(Plan {
        goal: inputs.goal,
        workspace: inputs.workspace.to_owned(),
        version: inputs.server.version.clone(),
        stack: inputs.stack.clone(),
        record: inputs.record.map(|ledger| Stamp { serial: ledger.serial, run: ledger.run.to_owned() }),
        unmanaged: guards::unmanaged(inputs, &bindings),
        stages,
        unchanged,
        notices,
        unknown: unknown::unknown(inputs),
        bindings: bindings.all,
        custody: inputs.custody.clone(),
    })
}

/// Whether the shortest refresh that the server takes has to be read before this can be planned: it decides how the
/// server stores a dashboard, and costs a large answer, so it is asked for only where one would be saved.
#[must_use]
pub fn asks_shortest_refresh(inputs: &Inputs<'_>) -> bool {
    let refreshes = |c: &Change| kinds::by_name(c.address.kind).facts().refreshes;
    let is_saved = |c: &Change| refreshes(c) && c.intent.is_some() && c.action.writes();
    !inputs.server.minimum_refresh_is_read
        && staged(inputs).is_ok_and(|staged| staged.stages.iter().flatten().any(is_saved))
}

/// What is to be done, in stages, before anything is left out for want of somebody to ask.
struct Staged {
    bindings: Bindings,
    stages: Vec<Vec<Change>>,
    unchanged: usize,
    notices: Vec<String>,
}

fn staged(inputs: &Inputs<'_>) -> Result<Staged, Vec<Problem>> {
    let destroying = inputs.goal == Goal::Destroy;
    let folders = if destroying { &[][..] } else { inputs.folders };
    let (bindings, problems) = bind(folders, inputs.live.list(kinds::CONTAINER), &inputs.record, inputs.server);
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
    refuse_what_the_server_refuses(inputs, &mut changes);
    // A folder that stays keeps its title, and what is refused stays where it is: each may settle more of the other.
    let mut settled = 0;
    loop {
        clashes::order_or_refuse(inputs, &wanted, &mut changes);
        contents::order_or_refuse(inputs, &wanted, &mut changes);
        users::order_or_refuse(inputs, &wanted, &mut changes);
        let now = changes.values().filter(|c| matches!(c.action, Action::Refuse(_) | Action::Keep { .. })).count();
        if now == settled {
            break;
        }
        settled = now;
    }
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
    notices.extend(left_as_they_are(inputs));
    if !unknown.is_empty() {
        notices.push(format!("neither the directory nor the record has the target {}", unknown.join(", ")));
    }
    if left_out > 0 {
        notices.push(format!(
            "only the targets and what they need are planned; {left_out} other changes are left out"
        ));
    }
    Ok(Staged { bindings, stages, unchanged, notices })
}

/// Says which objects are left as they are, by the reason.
fn left_as_they_are(inputs: &Inputs<'_>) -> Vec<String> {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (address, why) in &inputs.rules.left_alone {
        by_reason.entry(why).or_default().push(format!("`{address}`"));
    }
    by_reason.into_iter().map(|(why, all)| format!("{why}, so left as they are: {}", all.join(", "))).collect()
}

fn addresses(inputs: &Inputs<'_>, wanted: &BTreeMap<Address, Wanted<'_>>) -> BTreeSet<Address> {
    let mut all: BTreeSet<Address> = wanted.keys().cloned().collect();
    if let Some(ledger) = inputs.record.there() {
        all.extend(ledger.objects.keys().cloned());
    }
    all
}

fn change(inputs: &Inputs<'_>, address: &Address, wanted: Option<&Wanted<'_>>, paths: &Paths) -> Option<Change> {
    if inputs.rules.left_alone.contains_key(address) {
        return None;
    }
    let live = inputs.live;
    let found = live.found.get(address);
    let claim = claim(inputs, address, found);
    let entry = inputs.record.recorded(address);
    let title = title(wanted, found, entry);
    let only_if = found.map_or(Precondition::Absent, |f| {
        Precondition::Is(Observed::of(f, claim.recorded.and_then(|r| r.digest.as_ref())))
    });
    let mut change = Change {
        place: wanted.map(|w| w.place.clone()),
        recorded_source: entry.map(|r| r.source.clone()),
        folder: paths.of(wanted.map_or_else(|| found.and_then(|f| f.parent.as_deref()), |w| w.parent.as_deref())),
        notes: wanted.and_then(|w| w.note.clone()).into_iter().collect(),
        stale: claim.stale,
        ..Change::new(address.clone(), title, Action::Renew, only_if)
    };
    if let Some(refusal) = forbidden(inputs, address, wanted, entry.is_some()) {
        change.action = Action::Refuse(refusal);
        change.stale = false;
        return Some(change);
    }
    let secrets = wanted.map(|w| secret_changes(inputs, address, w, found, &claim)).unwrap_or_default();
    let is_same = match (wanted, found) {
        (Some(wanted), Some(found)) => same(inputs, wanted, found, &claim, &secrets),
        _ => Same::No,
    };
    // What is not ours gets no secrets, so none of them makes it differ.
    let looks_same = match (wanted, found, claim.recorded) {
        (Some(wanted), Some(found), None) => same(inputs, wanted, found, &claim, &[]),
        _ => is_same,
    };
    let taken_from = match held(inputs, address, wanted.is_some(), looks_same, found, &claim) {
        Hold::Free => None,
        Hold::Taken(manager) => Some(manager),
        Hold::LeftAlone(why) => {
            change.action = Action::LeaveAlone;
            change.notes.push(why);
            return Some(change);
        }
        Hold::Refused(refusal) => {
            change.action = Action::Refuse(refusal);
            change.stale = false;
            return Some(change);
        }
    };
    let case = match (wanted, found) {
        (Some(_), Some(_)) => Case::Both(claim.record, if taken_from.is_some() { Same::No } else { is_same }),
        (Some(_), None) => Case::DeclaredOnly { recorded: claim.recorded.is_some() && !claim.replacing },
        (None, Some(_)) => Case::Undeclared(claim.record),
        (None, None) => Case::Gone,
    };
    if let Some(wanted) = wanted {
        change.intent = Some(intent(inputs, address, wanted, &claim, secrets));
    }
    let row = decide(case);
    let is_change = matches!(row, Row::Update | Row::UpdateOverDrift);
    if is_change && inputs.rules.create_only.contains(address) {
        return None;
    }
    if row == Row::Nothing {
        let out_of_date = claim.recorded.zip(wanted).is_some_and(|(r, w)| {
            r.source != source_of(&w.place)
                || (r.protect != w.protect && w.protect)
                // A secret that left the file and is not set any more is nobody's: one that somebody sets is theirs.
                || r.secrets.keys().any(|key| !w.secrets.contains(&key.as_str()))
                || change.intent.as_ref().is_some_and(|i| i.elsewhere != r.elsewhere)
        });
        if !out_of_date {
            return None;
        }
        change.action = Action::Renew;
        return Some(change);
    }
    if matches!(inputs.record, RecordState::Off) && row == Row::Renew {
        return None;
    }
    decide_action(inputs, row, &mut change, wanted, found, &claim, paths);
    // What is about to be written and stands in no file can be told by its digest alone.
    if let Some(fetched) = wanted.and_then(|wanted| wanted.fetched).filter(|_| change.action.writes()) {
        change.notes.push(format!("its content is {fetched}"));
        change.content = Some(fetched.clone());
    }
    if let Some(manager) = taken_from {
        take_over(&mut change.action, manager);
    }
    Some(change)
}

/// Fills in the action that a row stands for.
fn decide_action(
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
            if inputs.rules.pictures && wanted.body.is_some() {
                let kind = kinds::by_name(change.address.kind);
                change.picture = kind.picture(None, wanted.body.as_ref(), inputs.server.numbers);
            }
            change.action = Action::Create { headline: wanted.headline.clone() };
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
                change.notes.push("a replacement was cut off before it was created again".into());
            }
        }
        (Row::AdoptOrLeave | Row::AdoptOrRefuse, Some(wanted), Some(found)) => {
            adopt_or_not(inputs, row, change, wanted, found, adopt, paths);
        }
        (Row::Update | Row::UpdateOverDrift, Some(wanted), Some(found)) => {
            if row == Row::UpdateOverDrift {
                change.drift = Some(drift(inputs, change, wanted, found, claim, paths));
            }
            if claim.record == RecordSays::Unclear {
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

/// Says in the plan that another tool loses an object. The save that follows drops its mark: the server keeps none that
/// is not sent (fact: `refresh-minimum`).
fn take_over(action: &mut Action, manager: &str) {
    if let Action::Update { delta, .. } | Action::Adopt { delta, .. } | Action::Replace { delta, .. } = action {
        let entry = Entry::new(Mark::Change, "managed by", "");
        delta.entries.push(entry.values(Some(manager.to_owned()), Some("amgctl".into())));
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
    // What is only carried along is not taken from somebody by a flag that means the whole directory.
    let is_named = matches!(inputs.rules.adopt, Adopt::These(_));
    let adopt = adopt && (is_named || row == Row::AdoptOrLeave || !wanted.carried);
    if !adopt {
        change.intent = None;
        change.action = if row == Row::AdoptOrLeave {
            Action::LeaveAlone
        } else if wanted.carried {
            change.notes.push(format!(
                "the workspace has another {} of this uid, which is not ours: it is used as it is",
                kinds::by_name(change.address.kind).facts().singular
            ));
            Action::LeaveAlone
        } else {
            Action::Refuse(Refusal {
                code: "not-ours".into(),
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
    if let Some(refused) = refused_move(inputs, kinds::by_name(change.address.kind), wanted, moved.as_ref()) {
        change.intent = None;
        change.action = refused;
        return;
    }
    let delta = delta(inputs, change, wanted, found);
    change.action = Action::Adopt { delta, moved };
}

/// The refusal of a move that the server does not make.
fn refused_move(
    inputs: &Inputs<'_>,
    kind: &dyn Kind,
    wanted: &Wanted<'_>,
    moved: Option<&super::Moved>,
) -> Option<Action> {
    let Objection { code, reason, hint } =
        moved.and_then(|_| kind.cannot_move(wanted.parent.as_deref(), inputs.server))?;
    Some(Action::Refuse(Refusal { code: code.into(), reason, hint }))
}

fn update(inputs: &Inputs<'_>, change: &mut Change, wanted: &Wanted<'_>, found: &Found, paths: &Paths) -> Action {
    let kind = kinds::by_name(change.address.kind);
    let moved = moved(wanted, found, paths);
    if let Some(objection) = refused_move(inputs, kind, wanted, moved.as_ref()) {
        return objection;
    }
    let delta = delta(inputs, change, wanted, found);
    let because = wanted.body.as_ref().zip(found.body.value()).and_then(|(to, from)| kind.cannot_become(from, to));
    if let Some(because) = because {
        let missing: Vec<&String> =
            found.secure_keys.iter().filter(|k| !wanted.secrets.contains(&k.as_str())).collect();
        if !inputs.rules.replace.contains(&change.address) {
            return Action::Refuse(Refusal {
                code: "needs-replacement".into(),
                reason: because,
                hint: format!("delete it and make it anew with --replace={}, or keep the value", change.address),
            });
        }
        if let Some(key) = missing.first() {
            let secrets = kind.facts().secrets.unwrap_or_default();
            return Action::Refuse(Refusal {
                code: "replacement-loses-secret".into(),
                reason: format!("{because}; the secret `{key}` is set there and would be lost"),
                hint: format!("give `{secrets}.{key}` a value in the directory first"),
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
    if inputs.rules.releases(&change.address, recorded) {
        change.drift = None;
        let because = match recorded.how {
            Owned::Adopted => "adopted once, so it is forgotten and left in the workspace",
            Owned::Created => "what applies it prunes nothing, so it is forgotten and left in the workspace",
        };
        return Action::Release { because: because.to_owned() };
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

fn intent(
    inputs: &Inputs<'_>,
    address: &Address,
    wanted: &Wanted<'_>,
    claim: &Claim<'_>,
    secrets: Vec<SentSecret>,
) -> Intent {
    let fingerprints: BTreeMap<String, Fingerprint> = inputs.fingerprints.get(address).cloned().unwrap_or_default();
    Intent {
        digest: wanted.digest.recorded(),
        parent: wanted.parent.clone(),
        secrets,
        fingerprints,
        elsewhere: inputs.elsewhere.get(address).cloned().unwrap_or_default(),
        source: source_of(&wanted.place),
        content: wanted.content.clone(),
        body: wanted.body_ref.cloned(),
        protect: wanted.protect
            || claim.recorded.is_some_and(|r| r.protect && !inputs.rules.unprotect.contains(address)),
        how: claim.recorded.map_or(Owned::Created, |r| r.how),
    }
}

fn source_of(place: &Place) -> String {
    place.file.to_string()
}

fn notices(inputs: &Inputs<'_>, stages: &[Vec<Change>]) -> Vec<String> {
    let mut notices = Vec::new();
    for stack in &inputs.live.damaged_others {
        notices
            .push(format!("the record of stack `{stack}` cannot be read: nothing is adopted or deleted meanwhile"));
    }
    for (uid, stack) in &inputs.live.copies {
        notices.push(format!("the dashboard `{uid}` is a copy of the record of stack `{stack}`: it says nothing"));
    }
    for (address, stack) in &inputs.live.yielded {
        notices.push(format!("`{address}` was made by stack `{stack}` at the same moment: it is used as it is"));
    }
    notices.extend(guards::default_taken(inputs, stages));
    let managers: BTreeSet<&str> = inputs.live.found.values().filter_map(|f| f.guard.as_ref()?.manager()).collect();
    for manager in inputs.rules.take_from.iter().filter(|m| !managers.contains(m.as_str())) {
        notices.push(format!("nothing that the directory declares is managed by `{manager}`"));
    }
    notices
}
