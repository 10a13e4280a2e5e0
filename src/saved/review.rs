//! What a reviewed plan allows once it is carried out: what is planned anew is compared with it, object by object. Pure.
//!
//! A saved plan is never carried out by itself. The same directory and workspace are planned anew, and of that only what
//! stands in the saved plan is done: the same action, with the same content, on the same incarnation and version, by the
//! same entry of the record. So whatever a file claims, it can take something away from a plan and add nothing to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{SavedPlan, entry};
use crate::model::{Address, Digest, Fingerprint, Found, Identity, Observed, RecordState, Recorded, Saved};
use crate::plan::guards::MOVED;
use crate::plan::{Action, Change, Drift, DriftKind, Intent, Moved, Plan, Precondition, Refusal};

/// What the workspace has of an object by now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Which incarnation and version it is.
    pub identity: Identity,
    /// Who saved it, and when.
    pub saved: Saved,
}

impl Seen {
    /// What was found.
    #[must_use]
    pub fn of(found: &Found) -> Seen {
        Seen { identity: found.identity.clone(), saved: found.saved.clone() }
    }
}

/// What is there now.
#[derive(Clone, Copy)]
pub struct Now<'a> {
    /// The plan made anew.
    pub plan: &'a Plan,
    /// What the record has.
    pub recorded: &'a BTreeMap<Address, Recorded>,
    /// What the workspace has, of all that is declared or recorded.
    pub seen: &'a BTreeMap<Address, Seen>,
    /// The secrets of what is written, sealed under the saved plan's key; empty where it has none.
    pub sealed: &'a Sealed,
}

/// Secrets by the keyed digests of [`super::Seals`].
pub type Sealed = BTreeMap<Address, Fingerprint>;

/// What of a saved plan can still be done.
#[derive(Clone, PartialEq, Debug)]
pub struct Allowed {
    /// The plan made anew, without what was not reviewed. What was reviewed and has moved is refused in it.
    pub plan: Plan,
    /// What has moved.
    pub moved: BTreeSet<Address>,
}

/// Keeps of a plan made anew what a saved plan shows.
#[must_use]
pub fn allowed(saved: &SavedPlan, now: Now<'_>) -> Allowed {
    let fresh: BTreeMap<&Address, &Change> = now.plan.changes().map(|change| (&change.address, change)).collect();
    let shown: BTreeMap<&Address, &Change> = saved.plan.changes().map(|change| (&change.address, change)).collect();
    let mut moved: BTreeMap<Address, Change> = BTreeMap::new();
    for (address, change) in shown.iter().filter(|(_, change)| acts(change)) {
        if let Some(refused) = refused(saved, change, fresh.get(address).copied(), now) {
            moved.insert((*address).clone(), refused);
        }
    }
    // What acts and is not as it was reviewed has moved; what did not act when it was reviewed does not act now.
    let is_reviewed =
        |change: &Change| shown.get(&change.address).is_some_and(|reviewed| acts(reviewed) || !acts(change));
    let is_kept = |change: &&Change| is_reviewed(change) && !moved.contains_key(&change.address);
    let needed: BTreeSet<&Address> = now.plan.changes().filter(is_kept).flat_map(|change| &change.needs).collect();
    let mut left_out = Vec::new();
    let mut plan = now.plan.clone();
    let mut refusals = moved.clone();
    for stage in &mut plan.stages {
        stage.retain_mut(|change| {
            if let Some(refused) = refusals.remove(&change.address) {
                *change = Change { needs: std::mem::take(&mut change.needs), ..refused };
                return true;
            }
            if is_reviewed(change) {
                return true;
            }
            if !acts(change) {
                return false;
            }
            if needed.contains(&change.address) {
                refuse(change, "it is not in the saved plan, and what is in it needs it");
                return true;
            }
            left_out.push(format!("`{}`", change.address));
            false
        });
    }
    // What the plan made anew does not speak of any more.
    let rest: Vec<Change> = refusals.into_values().collect();
    match plan.stages.first_mut() {
        Some(first) => first.extend(rest),
        None if rest.is_empty() => {}
        None => plan.stages.push(rest),
    }
    plan.stages.retain(|stage| !stage.is_empty());
    if !left_out.is_empty() {
        let all = left_out.join(", ");
        plan.notices.push(format!("left as it is, because the saved plan does not show it: {all}"));
    }
    Allowed { plan, moved: moved.into_keys().collect() }
}

/// Whether something is done for a change that a reviewer has to know: an entry of the record that is only renewed is not.
fn acts(change: &Change) -> bool {
    match &change.action {
        Action::Create { .. }
        | Action::Update { .. }
        | Action::Replace { .. }
        | Action::Adopt { .. }
        | Action::Delete { .. }
        | Action::Release { .. }
        | Action::Forget { .. } => true,
        Action::Keep { .. } | Action::LeaveAlone | Action::Renew | Action::Refuse(_) => false,
    }
}

fn refuse(change: &mut Change, reason: &str) {
    change.intent = None;
    change.action = Action::Refuse(Refusal { code: MOVED.into(), reason: reason.to_owned(), hint: HINT.into() });
}

const HINT: &str = "plan again, and have that reviewed";

/// The change as a refusal, where it cannot be done as it was reviewed.
fn refused(saved: &SavedPlan, reviewed: &Change, fresh: Option<&Change>, now: Now<'_>) -> Option<Change> {
    let address = &reviewed.address;
    let (reason, drift) = match fresh {
        _ if saved.recorded.get(address) != now.recorded.get(address).map(entry).as_ref() => {
            (recorded_otherwise(saved.recorded.get(address), now.recorded.get(address)).to_owned(), None)
        }
        Some(fresh) if same_base(&reviewed.only_if, &fresh.only_if) => {
            (differs(saved, reviewed, fresh, now.sealed)?, None)
        }
        None if !has_moved(&reviewed.only_if, now.seen.get(address)) => {
            ("nothing is to be done for it any more".to_owned(), None)
        }
        fresh => moved(reviewed, fresh, now.seen.get(address)),
    };
    let mut change = fresh.unwrap_or(reviewed).clone();
    change.needs.clear();
    change.stale = false;
    change.drift = drift;
    refuse(&mut change, &reason);
    Some(change)
}

/// What became of an object's entry in the record since the plan, where it is another.
fn recorded_otherwise(planned: Option<&Digest>, now: Option<&Recorded>) -> &'static str {
    match (planned, now) {
        (Some(_), None) => {
            "the record has nothing of it any more: its entry, or the whole record, was removed since the plan"
        }
        (None, _) => "the record has it since the plan: another run has applied it",
        (Some(_), Some(_)) => "what the record says of it has changed since the plan: another run has applied it",
    }
}

/// Whether both were planned against the same.
fn same_base(reviewed: &Precondition, fresh: &Precondition) -> bool {
    match (reviewed, fresh) {
        (Precondition::Is(reviewed), Precondition::Is(fresh)) => {
            let Observed { identity, parent, digest } = reviewed;
            // A body that was not read, because nothing moved, has no digest where nothing is recorded of it.
            let same_content = match (digest, &fresh.digest) {
                (Some(reviewed), Some(fresh)) => reviewed == fresh,
                (None, _) | (_, None) => true,
            };
            identity.unchanged(&fresh.identity) && *parent == fresh.parent && same_content
        }
        (reviewed, fresh) => reviewed == fresh,
    }
}

/// Whether an object that a plan made anew does not speak of has moved.
fn has_moved(reviewed: &Precondition, seen: Option<&Seen>) -> bool {
    match (reviewed, seen) {
        (Precondition::Is(reviewed), Some(seen)) => !reviewed.identity.unchanged(&seen.identity),
        (Precondition::Is(_), None) | (Precondition::Absent, Some(_)) => true,
        (Precondition::Absent, None) | (Precondition::Nothing, _) => false,
    }
}

/// What somebody did to an object since the plan.
fn moved(reviewed: &Change, fresh: Option<&Change>, seen: Option<&Seen>) -> (String, Option<Drift>) {
    let Precondition::Is(planned) = &reviewed.only_if else {
        let by = seen.map(|seen| whose(&seen.saved)).unwrap_or_default();
        return (format!("it was created{by} since the plan"), None);
    };
    let Some(seen) = seen else { return ("it was deleted since the plan".into(), None) };
    let what = match fresh.and_then(|fresh| fresh.drift.as_ref()) {
        Some(Drift { what: DriftKind::Moved(to), .. }) => DriftKind::Moved(to.clone()),
        Some(_) | None => DriftKind::Changed,
    };
    let drift = Drift {
        what,
        saved: seen.saved.clone(),
        version: seen.identity.version,
        recorded: planned.identity.version,
        delta: fresh.and_then(|fresh| fresh.drift.as_ref()?.delta.clone()),
    };
    let (by, version) = (whose(&seen.saved), seen.identity.version);
    let reason = match planned.identity.version {
        planned if planned == version => format!("it was changed{by} since the plan (still version {version})"),
        planned => format!("it was saved{by} since the plan (version {version}, planned against {planned})"),
    };
    (reason, Some(drift))
}

fn whose(saved: &Saved) -> String {
    let by = if saved.by.is_empty() { String::new() } else { format!(" by {}", saved.by) };
    let at = if saved.at.is_empty() { String::new() } else { format!(", {},", saved.at) };
    format!("{by}{at}")
}

/// How a change made anew differs from the reviewed one of the same object at the same version; none where it does not.
fn differs(saved: &SavedPlan, reviewed: &Change, fresh: &Change, sealed: &Sealed) -> Option<String> {
    if let (Action::Refuse(refusal), false) = (&fresh.action, matches!(reviewed.action, Action::Refuse(_))) {
        return Some(refusal.reason.clone());
    }
    if let Some(words) = other_action(&reviewed.action, &fresh.action) {
        return Some(words);
    }
    // What is only told of a change may be told otherwise; everything that is written, or decides whether, is compared.
    let Change {
        address,
        title,
        action: _,
        drift,
        only_if: _,
        needs: _,
        place: _,
        recorded_source: _,
        folder: _,
        notes: _,
        content: _,
        intent,
        stale,
        picture: _,
    } = fresh;
    if reviewed.drift.is_none() && drift.is_some() {
        return Some("somebody changed it outside, which the plan does not show".into());
    }
    if *title != reviewed.title {
        return Some("its title is another one than in the plan".into());
    }
    if *stale != reviewed.stale {
        return Some("the record is about another object by now".into());
    }
    match (&reviewed.intent, intent) {
        (None, None) => None,
        (Some(reviewed), Some(fresh)) => other_intent(saved, reviewed, fresh)
            .or_else(|| has_other_secrets(saved, address, sealed).then(|| OTHER_SECRET.to_owned())),
        (Some(_), None) | (None, Some(_)) => Some("what is to be written is not what was planned".into()),
    }
}

/// What is said where a secret is not what it was.
pub const OTHER_SECRET: &str = "a secret of it has another value than when it was planned";

/// Whether secrets have other values than when a plan was made that had no record to tell by. A plan that could not read
/// the record knows of no secret; one that lost its seals is refused for all that has secrets.
fn has_other_secrets(saved: &SavedPlan, address: &Address, sealed: &Sealed) -> bool {
    let without_record = matches!(saved.plan.record, RecordState::Absent | RecordState::Off);
    let planned = saved.seals.as_ref().and_then(|seals| seals.of.get(address));
    without_record && planned != sealed.get(address)
}

fn other_intent(saved: &SavedPlan, reviewed: &Intent, fresh: &Intent) -> Option<String> {
    let Intent { digest, parent, secrets, fingerprints, elsewhere, source: _, content: _, body: _, protect, how } =
        fresh;
    if *digest != reviewed.digest {
        return Some("what is to be written is not what was planned".into());
    }
    if *parent != reviewed.parent {
        return Some("it is to go into another folder than was planned".into());
    }
    // Without a record there is no key that outlives a run, so its fingerprints are not in the plan: seals are.
    let is_keyed = matches!(saved.plan.record, RecordState::There(_));
    if is_keyed && (*fingerprints != reviewed.fingerprints || *elsewhere != reviewed.elsewhere) {
        return Some(OTHER_SECRET.to_owned());
    }
    if *secrets != reviewed.secrets && !saved.plan.record.is_unknown() {
        return Some("other secrets of it are to be sent than were planned".into());
    }
    (*protect != reviewed.protect || *how != reviewed.how)
        .then(|| "it would become another object of the stack than was planned".into())
}

/// How an action differs from the reviewed one.
fn other_action(reviewed: &Action, fresh: &Action) -> Option<String> {
    let moves = |a: &Option<Moved>, b: &Option<Moved>| a == b;
    let same = match (reviewed, fresh) {
        (Action::Create { .. }, Action::Create { .. })
        | (Action::Delete { .. }, Action::Delete { .. })
        | (Action::Release { .. }, Action::Release { .. })
        | (Action::Forget { .. }, Action::Forget { .. })
        | (Action::Renew, Action::Renew)
        | (Action::Keep { .. }, Action::Keep { .. })
        | (Action::LeaveAlone, Action::LeaveAlone) => true,
        (Action::Update { delta, moved }, Action::Update { delta: now, moved: to })
        | (Action::Adopt { delta, moved }, Action::Adopt { delta: now, moved: to }) => {
            if delta != now {
                return Some(format!("it is to be {} otherwise than was planned", done(fresh)));
            }
            moves(moved, to)
        }
        (Action::Replace { delta, .. }, Action::Replace { delta: now, .. }) => delta == now,
        (Action::Refuse(reviewed), Action::Refuse(now)) => reviewed.code == now.code,
        _ => false,
    };
    (!same).then(|| format!("it was to be {}, and is to be {} now", done(reviewed), done(fresh)))
}

/// An action as the rest of a sentence: `it is to be …`.
fn done(action: &Action) -> &'static str {
    match action {
        Action::Create { .. } => "created",
        Action::Update { .. } => "changed",
        Action::Replace { .. } => "replaced",
        Action::Adopt { .. } => "adopted",
        Action::Delete { .. } => "deleted",
        Action::Release { .. } => "released",
        Action::Forget { .. } => "forgotten",
        Action::Keep { .. } => "kept",
        Action::LeaveAlone => "left alone",
        Action::Renew => "recorded anew",
        Action::Refuse(_) => "refused",
    }
}

/// How a plan made anew differs from a reviewed one that is not applied itself, one sentence each; empty where it is the
/// same.
///
/// What is compared is what reviewers saw: actions, differences, digests of what is written. Versions and the record may
/// have moved, as long as nothing of that is another.
#[must_use]
pub fn differences(saved: &SavedPlan, fresh: &Plan, sealed: &Sealed) -> Vec<String> {
    let worth = |change: &&Change| acts(change);
    let reviewed: BTreeMap<&Address, &Change> =
        saved.plan.changes().filter(worth).map(|change| (&change.address, change)).collect();
    let mut rest = reviewed.clone();
    let mut found = Vec::new();
    if fresh.goal != saved.plan.goal {
        found.push(format!("it is a plan to {}, and the reviewed one is to {}", fresh.goal, saved.plan.goal));
    }
    if fresh.custody.moves() && (!saved.asked.take_over && saved.asked.take_over_stack.is_none()) {
        found.push("the record would become this stack's, which the reviewed plan does not show".into());
    }
    for change in fresh.changes().filter(worth) {
        let address = &change.address;
        let Some(reviewed) = rest.remove(address) else {
            found
                .push(format!("`{address}` is to be {}: the reviewed plan does not show it", done(&change.action)));
            continue;
        };
        // Whoever may not read the record cannot tell an adoption from a change.
        let as_shown = match (&reviewed.action, &change.action) {
            (Action::Update { delta, moved }, Action::Adopt { delta: now, moved: to })
                if saved.plan.record.is_unknown() && delta == now && moved == to =>
            {
                Change { action: reviewed.action.clone(), ..change.clone() }
            }
            _ => change.clone(),
        };
        let as_shown = if saved.plan.record.is_unknown() {
            let how = reviewed.intent.as_ref().map(|intent| (intent.how, intent.protect));
            let intent = as_shown.intent.map(|intent| match how {
                Some((how, protect)) => Intent { how, protect, ..intent },
                None => intent,
            });
            Change { intent, stale: reviewed.stale, ..as_shown }
        } else {
            as_shown
        };
        found.extend(differs(saved, reviewed, &as_shown, sealed).map(|words| format!("`{address}`: {words}")));
    }
    for (address, change) in rest {
        found.push(format!("`{address}` was to be {}, and is not any more", done(&change.action)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Delta, Entry, Headline, Mark, Owned, StackName, Stamp};
    use crate::plan::{Custody, Goal, Rules};
    use crate::saved::{Asked, FORMAT, SavedDirectory, recorded};

    fn address(uid: &str) -> Address {
        crate::kinds::address(&format!("dashboard.{uid}")).unwrap()
    }

    fn change(uid: &str, action: Action, version: i64) -> Change {
        let digest = Some(Digest::of_bytes(b"live"));
        let identity = Identity { version, ..Identity::default() };
        let is = Precondition::Is(Observed { identity, parent: None, digest });
        Change::new(address(uid), uid, action, is)
    }

    fn update(to: &str) -> Action {
        let entry = Entry::new(Mark::Change, "title", "/title").values(None, Some(to.into()));
        Action::Update { delta: Delta { entries: vec![entry], ..Delta::default() }, moved: None }
    }

    fn plan(changes: Vec<Change>) -> Plan {
        Plan {
            goal: Goal::Apply,
            workspace: String::new(),
            version: String::new(),
            stack: StackName::parse("demo").unwrap(),
            record: RecordState::There(Stamp { serial: 1, run: "r".into() }),
            stages: vec![changes],
            unchanged: 0,
            unmanaged: Vec::new(),
            notices: Vec::new(),
            unknown: Vec::new(),
            bindings: Vec::new(),
            custody: Custody::default(),
        }
    }

    fn objects() -> BTreeMap<Address, Recorded> {
        ["a", "b"].map(|uid| (address(uid), Recorded { how: Owned::Created, ..Recorded::default() })).into()
    }

    fn saved(changes: Vec<Change>) -> SavedPlan {
        let plan = plan(changes);
        SavedPlan {
            format: FORMAT,
            tool: String::new(),
            commit: String::new(),
            workspace: String::new(),
            origin: String::new(),
            directory: SavedDirectory { path: ".".into(), digest: Digest::of_bytes(b""), objects: 0 },
            asked: Asked {
                rules: Rules::default(),
                take_over: false,
                take_over_stack: None,
                lets_references_pass: false,
            },
            recorded: recorded(&plan, &objects()),
            seals: None,
            plan,
            bodies: None,
        }
    }

    /// What is left of a reviewed plan: `address word`, and `!` before what is refused.
    fn check(reviewed: Vec<Change>, fresh: Vec<Change>, expected: &[&str]) {
        let (saved, fresh) = (saved(reviewed), plan(fresh));
        let seen = fresh.changes().filter_map(|change| match &change.only_if {
            Precondition::Is(seen) => {
                let saved = Saved { by: "ana".into(), at: String::new() };
                Some((change.address.clone(), Seen { identity: seen.identity.clone(), saved }))
            }
            Precondition::Absent | Precondition::Nothing => None,
        });
        let now = Now { plan: &fresh, recorded: &objects(), seen: &seen.collect(), sealed: &Sealed::new() };
        let left = allowed(&saved, now).plan;
        let told: Vec<String> = left
            .changes()
            .map(|change| match &change.action {
                Action::Refuse(refusal) => format!("! {}: {}", change.address, refusal.reason),
                action => format!("{} {}", change.address, done(action)),
            })
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_was_reviewed_is_done_and_nothing_else() {
        let delete = || Action::Delete { headline: Headline::default() };
        check(vec![change("a", update("x"), 1)], vec![change("a", update("x"), 1)], &["dashboard.a changed"]);
        check(
            vec![change("a", update("x"), 1)],
            vec![change("a", update("x"), 1), change("b", delete(), 1)],
            &["dashboard.a changed"],
        );
        check(
            vec![change("a", update("x"), 1)],
            vec![change("a", update("y"), 1)],
            &["! dashboard.a: it is to be changed otherwise than was planned"],
        );
        check(
            vec![change("a", update("x"), 1)],
            vec![change("a", delete(), 1)],
            &["! dashboard.a: it was to be changed, and is to be deleted now"],
        );
        check(
            vec![change("a", update("x"), 1)],
            vec![change("a", update("x"), 2)],
            &["! dashboard.a: it was saved by ana since the plan (version 2, planned against 1)"],
        );
        check(vec![change("a", update("x"), 1)], vec![], &["! dashboard.a: it was deleted since the plan"]);
    }

    #[test]
    fn what_became_of_an_entry_is_said_as_it_is() {
        let (digest, recorded) = (Digest::of_bytes(b"entry"), Recorded::default());
        assert!(recorded_otherwise(Some(&digest), None).contains("the whole record, was removed"));
        assert!(recorded_otherwise(None, Some(&recorded)).contains("another run"));
        assert!(recorded_otherwise(Some(&digest), Some(&recorded)).contains("has changed"));
    }

    #[test]
    fn what_did_nothing_when_it_was_reviewed_does_nothing_now() {
        let keep = || Action::Keep { because: "it is protected".into() };
        check(vec![change("a", Action::Renew, 1)], vec![change("a", update("x"), 1)], &[]);
        check(vec![change("a", keep(), 1)], vec![change("a", update("x"), 1)], &[]);
        check(vec![change("a", keep(), 1)], vec![change("a", Action::Renew, 1)], &["dashboard.a recorded anew"]);
    }

    #[test]
    fn what_is_reviewed_and_needs_what_is_not_is_not_left_to_fail() {
        let create = || Action::Create { headline: Headline::default() };
        let new = |uid: &str| Change { only_if: Precondition::Absent, ..change(uid, create(), 0) };
        let needing = Change { needs: [address("d")].into(), ..new("c") };
        check(
            vec![needing.clone()],
            vec![new("d"), needing],
            &["! dashboard.d: it is not in the saved plan, and what is in it needs it", "dashboard.c created"],
        );
    }
}
