//! What forbids to write an object, whatever the table says of it.
//!
//! Clashes of names and titles stand in [`super::clashes`].

use std::collections::BTreeMap;

use super::bind::Bindings;
use super::inputs::Inputs;
use super::wanted::Wanted;
use super::{Action, Change, Refusal};
use crate::kinds;
use crate::model::{Address, Found, Guard, KindName};

/// What forbids any write to this address, whatever the table says.
pub(super) fn forbidden(
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

pub(super) fn damaged(inputs: &Inputs<'_>) -> Refusal {
    Refusal {
        code: "damaged-record",
        reason: format!(
            "the record of stack `{}` cannot be read, so nobody knows what is that stack's",
            inputs.live.damaged_others.join("`, `")
        ),
        hint: "restore it from that dashboard's history, then plan again".into(),
    }
}

/// What this server would refuse is not sent: it is told in the plan.
pub(super) fn refuse_what_the_server_refuses(inputs: &Inputs<'_>, changes: &mut BTreeMap<Address, Change>) {
    for declared in inputs.declared {
        let kind = kinds::by_name(declared.address.kind);
        let mut soft = declared.digest.soft.iter();
        let Some(problem) = soft.find_map(|(pointer, value)| kind.refused(pointer, value, inputs.server)) else {
            continue;
        };
        let written = |c: &&mut Change| c.action.writes() && !matches!(c.action, Action::Delete { .. });
        if let Some(change) = changes.get_mut(&declared.address).filter(written) {
            change.intent = None;
            change.action = Action::Refuse(Refusal {
                code: problem.code,
                reason: problem.message,
                hint: problem.help.unwrap_or_default(),
            });
        }
    }
}

/// A folder named by its uid must be there: some servers put what is in a missing one at the root, others leave it
/// dangling (`contracts/README.md` 8).
pub(super) fn refuse_without_folder(
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
pub(super) fn refuse_what_has_no_folder(
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
