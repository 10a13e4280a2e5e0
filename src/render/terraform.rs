//! A saved plan in the format of Terraform's plans (`terraform show -json`), so that what reads those reads ours.
//!
//! Of that format this is a subset: `resource_changes` and `resource_drift`, each with actions, values before and after,
//! and which of them are secret. Of an object only its name, its folder and what differs is told, by JSON pointers. What
//! that format has no place for stands under `amgctl`: the plan as its file has it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::json;
use crate::kinds;
use crate::model::{Delta, Entry, Observed};
use crate::plan::{Action, Change, DriftKind, Plan, Precondition, SecretChange};
use crate::saved::SavedPlan;

/// The version of the format, as Terraform 1.7 and later write it.
const FORMAT: &str = "1.2";

/// What stands where a format wants the name of a provider.
pub(super) const PROVIDER: &str = "amgctl";

#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    resource_changes: Vec<ResourceChange>,
    resource_drift: Vec<ResourceChange>,
    complete: bool,
    applyable: bool,
    errored: bool,
    amgctl: &'a SavedPlan,
}

#[derive(Serialize)]
struct ResourceChange {
    address: String,
    mode: &'static str,
    r#type: &'static str,
    name: String,
    provider_name: &'static str,
    change: ChangeDocument,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct ChangeDocument {
    actions: &'static [&'static str],
    before: Value,
    after: Value,
    after_unknown: Value,
    before_sensitive: Value,
    after_sensitive: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    importing: Option<Value>,
}

/// The plan as a document, without a line's end.
#[must_use]
pub fn plan(saved: &SavedPlan) -> String {
    let plan = &saved.plan;
    json::text(&Document {
        format_version: FORMAT,
        resource_changes: plan.changes().map(resource_change).collect(),
        resource_drift: plan.changes().filter_map(resource_drift).collect(),
        complete: plan.unknown.is_empty() && !plan.record.is_unknown(),
        applyable: is_applyable(plan),
        errored: plan.refuses(),
        amgctl: saved,
    })
}

fn is_applyable(plan: &Plan) -> bool {
    !plan.record.is_unknown() && (plan.does_something() || plan.custody.moves())
}

/// What is done, in Terraform's words.
pub(super) fn actions(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Create { .. } => &["create"],
        Action::Update { .. } => &["update"],
        Action::Replace { .. } => &["delete", "create"],
        Action::Delete { .. } => &["delete"],
        Action::Adopt { .. } if action.writes() => &["update"],
        Action::Release { .. } | Action::Forget { .. } => &["forget"],
        Action::Adopt { .. } | Action::Keep { .. } | Action::LeaveAlone | Action::Renew | Action::Refuse(_) => {
            &["no-op"]
        }
    }
}

fn resource_change(change: &Change) -> ResourceChange {
    let (before, after) = match &change.action {
        Action::Create { .. } => (Value::Null, values(change, None, Side::After)),
        Action::Update { delta, .. } | Action::Adopt { delta, .. } | Action::Replace { delta, .. } => {
            (values(change, Some(delta), Side::Before), values(change, Some(delta), Side::After))
        }
        Action::Delete { .. } | Action::Release { .. } | Action::Forget { .. } => {
            (values(change, None, Side::Before), Value::Null)
        }
        Action::Keep { .. } | Action::LeaveAlone | Action::Renew | Action::Refuse(_) => {
            let same = values(change, None, Side::Before);
            (same.clone(), same)
        }
    };
    let action_reason = match &change.action {
        Action::Replace { .. } => Some("replace_because_cannot_update"),
        Action::Delete { .. } => Some("delete_because_no_resource_config"),
        _ => None,
    };
    let importing = matches!(change.action, Action::Adopt { .. }).then(|| json!({ "id": change.address.id() }));
    document(change, actions(&change.action), (before, after), action_reason, importing)
}

/// What somebody else did to an object, as Terraform tells it.
fn resource_drift(change: &Change) -> Option<ResourceChange> {
    let drift = change.drift.as_ref()?;
    let before = values(change, None, Side::Before);
    Some(match &drift.what {
        DriftKind::Deleted => document(change, &["delete"], (before, Value::Null), None, None),
        DriftKind::Changed | DriftKind::Moved(_) => {
            let after = match &drift.delta {
                Some(delta) => values(change, Some(delta), Side::After),
                None => before.clone(),
            };
            document(change, &["update"], (before, after), None, None)
        }
    })
}

fn document(
    change: &Change,
    actions: &'static [&'static str],
    (before, after): (Value, Value),
    action_reason: Option<&'static str>,
    importing: Option<Value>,
) -> ResourceChange {
    let secret = |value: &Value| if value.is_null() { Value::Bool(false) } else { sensitive(change) };
    ResourceChange {
        address: change.address.to_string(),
        mode: "managed",
        r#type: change.address.kind.as_str(),
        name: name(change),
        provider_name: PROVIDER,
        change: ChangeDocument {
            actions,
            before_sensitive: secret(&before),
            after_sensitive: secret(&after),
            after_unknown: if after.is_null() { Value::Bool(false) } else { json!({}) },
            before,
            after,
            importing,
        },
        action_reason,
    }
}

/// What tells the object apart from others of its kind.
pub(super) fn name(change: &Change) -> String {
    match change.address.id() {
        "" => change.address.kind.as_str().to_owned(),
        id => id.to_owned(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// An object, as far as it is told: its name, its folder, and what differs by JSON pointers.
fn values(change: &Change, delta: Option<&Delta>, side: Side) -> Value {
    let mut object = Map::new();
    object.insert("uid".into(), change.address.id().into());
    object.insert("title".into(), change.title.clone().into());
    if kinds::by_name(change.address.kind).facts().in_folder {
        let moved = match &change.action {
            Action::Update { moved: Some(moved), .. } | Action::Adopt { moved: Some(moved), .. } => Some(moved),
            _ => None,
        };
        let folder = match (moved, side) {
            (Some(moved), Side::Before) => moved.from.as_ref(),
            (Some(moved), Side::After) => moved.to.as_ref(),
            (None, _) => change.folder.as_ref(),
        };
        object.insert("folder".into(), folder.map(ToString::to_string).into());
    }
    if let (Side::Before, Precondition::Is(Observed { identity, .. })) = (side, &change.only_if) {
        object.insert("version".into(), identity.version.into());
    }
    if let (Side::After, Some(intent)) = (side, &change.intent) {
        object.insert("digest".into(), intent.digest.as_str().into());
    }
    let mut differs = BTreeMap::new();
    collect(delta.map_or(&[][..], |delta| &delta.entries), side, &mut differs);
    if !differs.is_empty() {
        object.insert("values".into(), Value::Object(differs.into_iter().collect()));
    }
    if !secrets(change).is_empty() {
        // Their values are nobody's to see; that they are there is.
        let keys = secrets(change).into_iter().map(|key| (key.to_owned(), Value::Null));
        object.insert("secrets".into(), Value::Object(keys.collect()));
    }
    Value::Object(object)
}

fn collect(entries: &[Entry], side: Side, into: &mut BTreeMap<String, Value>) {
    for entry in entries {
        if let Some(whole) = &entry.whole {
            let value = match side {
                Side::Before => &whole.before,
                Side::After => &whole.after,
            };
            into.extend(value.clone().map(|value| (entry.pointer.clone(), value)));
        }
        collect(&entry.inside, side, into);
    }
}

fn secrets(change: &Change) -> Vec<&str> {
    let Some(intent) = &change.intent else { return Vec::new() };
    let kept = intent.secrets.iter().filter(|(_, what)| *what != SecretChange::Remove).map(|(key, _)| key.as_str());
    let mut keys: Vec<&str> = kept.chain(intent.fingerprints.keys().map(String::as_str)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn sensitive(change: &Change) -> Value {
    let keys: Map<String, Value> =
        secrets(change).into_iter().map(|key| (key.to_owned(), Value::Bool(true))).collect();
    if keys.is_empty() { json!({}) } else { json!({ "secrets": keys }) }
}
