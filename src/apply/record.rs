//! What a run writes into the record: intents before they are sent, and what came of them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::object::{Answered, Confirmed};
use crate::kinds;
use crate::model::digest::REVISION;
use crate::model::{Address, Owned, Pending, Recorded};
use crate::plan::bind::Bound;
use crate::plan::{Action, Change, Goal, Intent, Plan, Precondition};
use crate::registry::Record;
use crate::report::Outcome;

/// Writes down what is about to be written: it proves the object ours only if it is found as intended.
pub fn write_down(record: &mut Record, change: &Change, run: &str) {
    let replace = match &change.action {
        Action::Create { .. } | Action::Update { .. } | Action::Adopt { .. } => false,
        Action::Replace { .. } => true,
        Action::Delete { .. }
        | Action::Release { .. }
        | Action::Forget { .. }
        | Action::Keep { .. }
        | Action::LeaveAlone
        | Action::Renew
        | Action::Refuse(_) => return,
    };
    let Some(intent) = &change.intent else { return };
    if change.stale {
        record.objects.remove(&change.address);
    }
    let entry = record.objects.entry(change.address.clone()).or_insert_with(|| Recorded {
        digest: None,
        revision: REVISION,
        identity: None,
        parent: None,
        title: change.title.clone(),
        secrets: BTreeMap::new(),
        elsewhere: BTreeMap::new(),
        source: intent.source.clone(),
        content: intent.content.clone(),
        protect: intent.protect,
        how: intent.how,
        pending: None,
    });
    // What an earlier run wrote and never heard of was proved ours by the plan: it stays so, whatever comes of this one.
    if entry.digest.is_none()
        && let (Some(earlier), Precondition::Is(seen)) = (&entry.pending, &change.only_if)
    {
        // As it was seen: a server may have stored it a little otherwise than it was sent.
        entry.digest = Some(seen.digest.clone().unwrap_or_else(|| earlier.digest.clone()));
        entry.parent.clone_from(&earlier.parent);
        entry.identity = Some(seen.identity.clone());
    }
    entry.pending = Some(Pending {
        run: run.to_owned(),
        digest: intent.digest.clone(),
        parent: intent.parent.clone(),
        replace: replace || entry.pending.as_ref().is_some_and(|p| p.replace),
        secrets: intent.fingerprints.clone(),
        elsewhere: intent.elsewhere.clone(),
    });
}

/// Records what came of a change.
pub fn note(record: &mut Record, change: &Change, answered: &Answered) {
    match answered {
        Answered::Done(confirmed) => done(record, change, confirmed),
        Answered::Differs(confirmed, _) => {
            if let Some(intent) = &change.intent {
                let stored = Intent {
                    digest: confirmed.digest.clone().unwrap_or_else(|| intent.digest.clone()),
                    ..intent.clone()
                };
                enter(record, change, &stored, confirmed);
            }
        }
        Answered::Ended(Outcome::Unknown { .. }) | Answered::Halfway(_) | Answered::Unauthorised { .. } => {}
        Answered::Ended(
            Outcome::Done
            | Outcome::Conflict(_)
            | Outcome::Refused { .. }
            | Outcome::Failed { .. }
            | Outcome::Skipped { .. }
            | Outcome::NotStarted,
        ) => withdraw(record, change),
    }
}

fn done(record: &mut Record, change: &Change, confirmed: &Confirmed) {
    match &change.action {
        Action::Create { .. } if confirmed.borrowed => {
            record.objects.remove(&change.address);
        }
        Action::Create { .. } | Action::Update { .. } | Action::Replace { .. } | Action::Adopt { .. } => {
            if matches!(change.action, Action::Create { .. }) && kinds::by_name(change.address.kind).facts().shared
            {
                let run =
                    record.objects.get(&change.address).and_then(|r| r.pending.as_ref()).map(|p| p.run.clone());
                record.made.extend(run.map(|run| (change.address.clone(), run)));
            }
            if let Some(intent) = &change.intent {
                enter(record, change, intent, confirmed);
            }
        }
        Action::Renew => {
            if let (Some(intent), Precondition::Is(seen)) = (&change.intent, &change.only_if) {
                let mut kept = record.objects.get(&change.address).map(|r| r.secrets.clone()).unwrap_or_default();
                kept.retain(|key, _| intent.fingerprints.contains_key(key));
                let identity = Some(seen.identity.clone());
                let seen = Confirmed { identity, fingerprints: kept, ..Confirmed::default() };
                enter(record, change, intent, &seen);
            }
        }
        Action::Delete { .. } | Action::Release { .. } | Action::Forget { .. } => {
            record.objects.remove(&change.address);
        }
        Action::LeaveAlone | Action::Keep { .. } | Action::Refuse(_) => withdraw(record, change),
    }
}

fn enter(record: &mut Record, change: &Change, intent: &Intent, confirmed: &Confirmed) {
    let how = match record.objects.get(&change.address) {
        Some(entry) if entry.digest.is_some() && !change.stale && intent.how == Owned::Created => entry.how,
        _ => intent.how,
    };
    let how =
        if matches!(change.action, Action::Create { .. } | Action::Replace { .. }) { Owned::Created } else { how };
    record.objects.insert(
        change.address.clone(),
        Recorded {
            digest: Some(intent.digest.clone()),
            revision: REVISION,
            identity: confirmed.identity.clone(),
            parent: intent.parent.clone(),
            title: change.title.clone(),
            secrets: confirmed.fingerprints.clone(),
            elsewhere: intent.elsewhere.clone(),
            source: intent.source.clone(),
            content: intent.content.clone(),
            protect: intent.protect,
            how,
            pending: None,
        },
    );
}

/// Nothing was written: a first create is forgotten, anything else is as it was recorded before.
fn withdraw(record: &mut Record, change: &Change) {
    let Some(entry) = record.objects.get_mut(&change.address) else { return };
    if change.stale || entry.digest.is_none() {
        record.objects.remove(&change.address);
    } else if entry.pending.as_ref().is_none_or(|p| !p.replace) {
        entry.pending = None;
    }
}

/// Records which folder each directory stands for: those that are there after the run.
pub fn bindings(record: &mut Record, plan: &Plan, done: &BTreeSet<&Address>) {
    if plan.goal == Goal::Destroy {
        record.bindings.clear();
        return;
    }
    let mut bound = BTreeMap::new();
    for binding in plan.bindings.iter().filter(|b| b.refused.is_none()) {
        let Some(path) = &binding.path else { continue };
        let ours = Address::live(kinds::CONTAINER, &binding.uid);
        let there = binding.how == Bound::Borrowed
            || ours.is_some_and(|a| record.objects.contains_key(&a) || done.contains(&a));
        if there {
            bound.insert(path.clone(), binding.uid.clone());
        }
    }
    record.bindings = bound;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;
    use crate::model::{Digest, Headline, Identity, StackName};

    fn change(action: Action) -> Change {
        let cpu = kinds::address("dashboard.cpu").unwrap();
        Change {
            intent: Some(Intent {
                digest: Digest::of_bytes(b"new"),
                parent: None,
                secrets: Vec::new(),
                fingerprints: BTreeMap::new(),
                elsewhere: BTreeMap::new(),
                source: "cpu.json".into(),
                content: None,
                body: None,
                protect: false,
                how: Owned::Created,
            }),
            ..Change::new(cpu, "CPU", action, Precondition::Absent)
        }
    }

    fn record() -> Record {
        Record::new(StackName::parse("demo").unwrap(), String::new(), "00".into())
    }

    fn create() -> Action {
        Action::Create { headline: Headline::default() }
    }

    #[test]
    fn a_create_is_written_down_first_and_withdrawn_when_it_is_refused() {
        let (mut record, change) = (record(), change(create()));
        write_down(&mut record, &change, "run");
        let entry = &record.objects[&change.address];
        assert!(entry.digest.is_none() && entry.pending.is_some());
        note(&mut record, &change, &Answered::Ended(Outcome::Failed { message: "no".into() }));
        assert!(record.objects.is_empty());
    }

    #[test]
    fn what_is_unknown_stays_pending() {
        let (mut record, change) = (record(), change(create()));
        write_down(&mut record, &change, "run");
        note(&mut record, &change, &Answered::Ended(Outcome::Unknown { message: "lost".into() }));
        assert!(record.objects[&change.address].pending.is_some());
    }

    #[test]
    fn what_an_earlier_run_wrote_unheard_stays_ours_when_this_one_is_refused() {
        let (mut record, created) = (record(), change(create()));
        write_down(&mut record, &created, "first");
        note(&mut record, &created, &Answered::Ended(Outcome::Unknown { message: "lost".into() }));
        let update = Change {
            only_if: Precondition::Is(crate::model::Observed::default()),
            ..change(Action::Update { delta: crate::model::Delta::default(), moved: None })
        };
        write_down(&mut record, &update, "second");
        note(&mut record, &update, &Answered::Ended(Outcome::Failed { message: "no".into() }));
        let entry = &record.objects[&created.address];
        assert!(entry.pending.is_none());
        assert_eq!(entry.digest, Some(Digest::of_bytes(b"new")));
    }

    #[test]
    fn a_confirmed_create_is_ours_and_a_deleted_one_is_forgotten() {
        let (mut record, created) = (record(), change(create()));
        write_down(&mut record, &created, "run");
        let identity = Identity { version: 1, ..Identity::default() };
        let confirmed = Confirmed { identity: Some(identity), ..Confirmed::default() };
        note(&mut record, &created, &Answered::Done(confirmed));
        let entry = &record.objects[&created.address];
        assert_eq!(entry.how, Owned::Created);
        assert!(entry.pending.is_none() && entry.digest.is_some());
        note(
            &mut record,
            &change(Action::Delete { headline: Headline::default() }),
            &Answered::Done(Confirmed::default()),
        );
        assert!(record.objects.is_empty());
    }

    #[test]
    fn a_failed_update_leaves_the_record_as_it_was() {
        let mut record = record();
        let update = change(Action::Update { delta: crate::model::Delta::default(), moved: None });
        note(&mut record, &change(create()), &Answered::Done(Confirmed::default()));
        let before = record.objects.clone();
        write_down(&mut record, &update, "run");
        note(&mut record, &update, &Answered::Ended(Outcome::Conflict(crate::report::Conflict::Deleted)));
        assert_eq!(record.objects, before);
    }
}
