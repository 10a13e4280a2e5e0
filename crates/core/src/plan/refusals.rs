//! What forbids to write an object, whatever the table says of it.
//!
//! Clashes of names and titles stand in [`super::clashes`].

use std::collections::BTreeMap;

use super::bind::Bindings;
use super::claim::Claim;
use super::inputs::Inputs;
use super::table::Same;
use super::unknown::UNREADABLE;
use super::wanted::Wanted;
use super::{Action, Change, Refusal};
use crate::kinds;
use crate::model::{Address, Found, Guard};

/// What forbids any write to this address, whatever the table says.
pub(super) fn forbidden(
    inputs: &Inputs<'_>,
    address: &Address,
    wanted: Option<&Wanted<'_>>,
    recorded: bool,
) -> Option<Refusal> {
    if let Some(refusal) = wanted.and_then(|w| w.refused.clone()) {
        return Some(refusal);
    }
    if let Some(why) = inputs.live.unreadable.get(address) {
        return Some(Refusal {
            code: UNREADABLE.into(),
            reason: format!("whether it is there could not be told: {why}"),
            hint: "use a token that may read it".into(),
        });
    }
    if let Some(stack) = inputs.live.others.get(address) {
        return Some(if recorded {
            Refusal {
                code: "two-stacks".into(),
                reason: format!("stack `{stack}` has recorded it too"),
                hint: format!("`amgctl forget {address}` in the stack that is not to keep it"),
            }
        } else {
            Refusal {
                code: "other-stack".into(),
                reason: format!("it belongs to stack `{stack}`"),
                hint: "remove it from this directory, or from that one".into(),
            }
        });
    }
    None
}

/// What the hold of somebody else on a live object means: of the server's own files, or of another tool.
pub(super) enum Hold<'a> {
    /// Nothing: nobody holds it, or nothing is written to it.
    Free,
    /// It is taken from this manager, as `kubectl:gcx`, because the user says so.
    Taken(&'a str),
    /// It is as the directory says, and stays theirs: why it is not adopted.
    LeftAlone(String),
    /// Nothing may be written to it.
    Refused(Refusal),
}

/// Whether an object that files provision or another tool manages may be written. One that is equal is not adopted
/// either: it could never be changed or removed afterwards.
pub(super) fn held<'a>(
    inputs: &Inputs<'_>,
    address: &Address,
    is_wanted: bool,
    same: Same,
    found: Option<&'a Found>,
    claim: &Claim<'_>,
) -> Hold<'a> {
    let Some(guard) = found.and_then(|f| f.guard.as_ref()).filter(|g| **g != Guard::SavedAsV2) else {
        return Hold::Free;
    };
    let ours = claim.recorded;
    let forgotten = || format!("let go of it: `amgctl forget {address}` leaves it where it is");
    let (code, reason, elsewhere) = match guard {
        Guard::SavedAsV2 => return Hold::Free,
        Guard::Provisioned => (
            "provisioned",
            "the server provisions it from files of its own, or holds it read-only".to_owned(),
            "change it there, or give this one another uid".to_owned(),
        ),
        Guard::ManagedBy(manager) => (
            "managed",
            format!("the workspace says that `{manager}` manages it"),
            match may_be_taken_from(manager) {
                Ok(()) => format!(
                    "take it over with --adopt={address} --take-from {manager}, or give this one another uid"
                ),
                Err(why) => format!("{why}, or give this one another uid"),
            },
        ),
    };
    if !is_wanted {
        let stays = ours.is_none_or(|r| {
            let keeps = r.protect && !inputs.rules.unprotect.contains(address);
            keeps || inputs.rules.releases(address, r)
        });
        let refused = Refusal { code: code.into(), reason, hint: forgotten() };
        return if stays { Hold::Free } else { Hold::Refused(refused) };
    }
    if let Some(manager) = guard.manager().filter(|m| inputs.rules.take_from.contains(*m)) {
        return match may_be_taken_from(manager) {
            Ok(()) if ours.is_some() || inputs.rules.adopt.allows(address) => Hold::Taken(manager),
            Ok(()) => Hold::Free,
            Err(why) => Hold::Refused(Refusal {
                code: code.into(),
                reason,
                hint: format!("{why}, or give this one another uid"),
            }),
        };
    }
    match (same, ours) {
        (Same::Yes, Some(_)) => Hold::Free,
        (Same::Yes, None) => Hold::LeftAlone(format!("{reason}, so it is not adopted")),
        (Same::No, Some(_)) => {
            let hint = format!("{elsewhere}; or {}", forgotten());
            Hold::Refused(Refusal { code: code.into(), reason, hint })
        }
        (Same::No, None) => Hold::Refused(Refusal { code: code.into(), reason, hint: elsewhere }),
    }
}

/// Whether the server lets an object be taken from a manager: what a tool marked so yields, what the server keeps in
/// step with a repository or a plugin is refused, or comes back (fact: `managers-yield`).
fn may_be_taken_from(manager: &str) -> Result<(), &'static str> {
    match manager.split(':').next().unwrap_or_default() {
        "kubectl" | "terraform" => Ok(()),
        "repo" => Err("the workspace keeps it in step with a repository: take it out of that repository first"),
        "plugin" => Err("a plugin brings it along"),
        _ => Err("take it out of that tool first"),
    }
}

pub(super) fn damaged(inputs: &Inputs<'_>) -> Refusal {
    Refusal {
        code: "damaged-record".into(),
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
                code: problem.code.into(),
                reason: problem.message,
                hint: problem.help.unwrap_or_default(),
            });
        }
    }
}

/// A folder named by its uid must be there: some servers put what is in a missing one at the root, others leave it
/// dangling (fact: `parent-not-checked`).
pub(super) fn refuse_without_folder(
    inputs: &Inputs<'_>,
    bindings: &Bindings,
    wanted: &BTreeMap<Address, Wanted<'_>>,
    changes: &mut BTreeMap<Address, Change>,
) {
    let Some(live) = inputs.live.list(kinds::CONTAINER) else { return };
    for (address, wanted) in wanted {
        let Some(uid) = wanted.parent.as_deref() else { continue };
        if bindings.of_uid(uid).is_some() || live.iter().any(|f| f.uid == uid) {
            continue;
        }
        if let Some(change) = changes.get_mut(address).filter(|c| c.action.writes()) {
            change.intent = None;
            change.action = Action::Refuse(Refusal {
                code: "no-folder".into(),
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
    for (address, wanted) in wanted.iter().filter(|(a, _)| a.kind != kinds::CONTAINER) {
        let Some(binding) = wanted.parent.as_deref().and_then(|uid| bindings.of_uid(uid)) else { continue };
        let Some(refusal) = &binding.refused else { continue };
        if let Some(change) = changes.get_mut(address).filter(|c| c.action.writes()) {
            change.intent = None;
            change.action = Action::Refuse(Refusal {
                code: "folder-refused".into(),
                reason: format!("its folder cannot be: {}", refusal.reason),
                hint: refusal.hint.clone(),
            });
        }
    }
}
