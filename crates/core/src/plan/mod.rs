//! What is to be done, as a value: made by pure functions of declared, live and recorded; shown, then carried out.
//!
//! After a plan exists nobody decides anything.

pub mod afterwards;
pub mod bind;
mod claim;
pub mod clashes;
pub mod compare;
pub mod contents;
pub mod decide;
mod difference;
pub mod guards;
pub mod inputs;
mod labels;
pub mod order;
pub mod outside;
mod refusals;
pub mod table;
#[cfg(test)]
mod tests;
mod unknown;
pub mod used;
mod users;
pub mod veil;
mod wanted;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Address, BodyRef, Delta, Digest, FetchedContent, Fingerprint, FolderPath, Headline, Observed, Owned, Picture,
    Place, RecordState, Saved, StackName, Stamp,
};

pub use decide::{asks_shortest_refresh, plan};
pub use inputs::{Adopt, Custody, Inputs, OnDrift, Rules, Workspace};

/// All that is to be done, in stages.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What this plan is for.
    pub goal: Goal,
    /// The workspace as people know it: its URL or name.
    pub workspace: String,
    /// The Grafana version as the server says it; empty when it hides it.
    pub version: String,
    /// The stack.
    pub stack: StackName,
    /// What was known of the stack's record: which save of it this was planned against.
    pub record: RecordState<Stamp>,
    /// What is to be done: stage n+1 waits for stage n; within a stage the order is free. By kind, then by uid.
    pub stages: Vec<Vec<Change>>,
    /// Objects that are as the directory says.
    pub unchanged: usize,
    /// What the workspace has that is in no registry and not in the directory, counted by kind's plural name.
    pub unmanaged: Vec<(Cow<'static, str>, usize)>,
    /// What a reader should know, one sentence each.
    pub notices: Vec<String>,
    /// What is not known, because this token may not read it: one sentence each. With any, an empty plan proves nothing.
    pub unknown: Vec<String>,
    /// What the directory's folders stand for in the workspace: recorded so that they keep standing for it.
    pub bindings: Vec<bind::Binding>,
    /// What becomes of the record besides its entries.
    pub custody: Custody,
}

/// What a plan is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Goal {
    /// Make the workspace equal to the directory.
    Apply,
    /// Remove everything the registry proves ours.
    Destroy,
}

/// One address with one action.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What it is about.
    pub address: Address,
    /// Its title or name.
    pub title: String,
    /// What is to be done.
    pub action: Action,
    /// What somebody else did to it since the last apply, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// What must still be so when it is written.
    pub only_if: Precondition,
    /// What must have been done before it, of this plan.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<Address>,
    /// Where the directory declares it; none when it does not any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The file that declared it when it was last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_source: Option<String>,
    /// The folder it is in (or goes to), as titles; none at the root and for kinds that are in no folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<FolderPath>,
    /// What a reader should know of this change, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What of it was fetched, where its content stands in no file and is about to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<FetchedContent>,
    /// What is to be written and then recorded; none when nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Whether the record's entry for this address is about something else by now and is forgotten.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// What it looks like, where that was asked for and its kind looks like something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
}

impl Change {
    /// A change of which nothing else is said: nobody else did anything, it waits for nothing and writes nothing.
    #[must_use]
    pub fn new(address: Address, title: impl Into<String>, action: Action, only_if: Precondition) -> Change {
        Change {
            address,
            title: title.into(),
            action,
            drift: None,
            only_if,
            needs: BTreeSet::new(),
            place: None,
            recorded_source: None,
            folder: None,
            notes: Vec::new(),
            content: None,
            intent: None,
            stale: false,
            picture: None,
        }
    }
}

/// What is to be written for an object, and recorded of it once it is confirmed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The digest of the normal form, as the server is to store it.
    pub digest: Digest,
    /// The uid of the folder it goes into; none for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Secret fields to send, by key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<(String, SecretChange)>,
    /// Secret fields that the directory declares, sent now or before, by key: what is recorded of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fingerprints: BTreeMap<String, Fingerprint>,
    /// The values in it that come from elsewhere, by where they stand: what is recorded of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub elsewhere: BTreeMap<String, Fingerprint>,
    /// The file that declares it.
    pub source: String,
    /// The digest of that file's bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// Where its body is to be read again, and what its inputs were answered with; none for a folder, whose body is its
    /// title. What is read there and has not [`Intent::digest`] is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyRef>,
    /// Whether it survives its removal from the directory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protect: bool,
    /// How it becomes (or stays) ours.
    pub how: Owned,
}

/// What happens to one secret field of a data source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretChange {
    /// It is sent for the first time.
    Set,
    /// Its value differs from the one last sent.
    Change,
    /// Nobody knows which value is stored: it is sent again.
    Renew,
    /// It left the directory: an empty value is sent, which is how it loses its flag (fact: `secrets-kept`).
    Remove,
}

/// What is to be done with one object. Each holds what it needs and no more.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// Make it.
    Create {
        /// What a new object is told by.
        headline: Headline,
    },
    /// Change it, move it, or both.
    Update {
        /// What differs; empty when it only moves.
        delta: Delta,
        /// From where to where, when it moves.
        moved: Option<Moved>,
    },
    /// Delete it and make it anew, because the server cannot change it into what is declared.
    Replace {
        /// What differs.
        delta: Delta,
        /// Why it cannot be changed in place.
        because: String,
    },
    /// Take an unowned object into the stack, changing it where it differs.
    Adopt {
        /// What differs; empty when it is equal.
        delta: Delta,
        /// From where to where, when it moves.
        moved: Option<Moved>,
    },
    /// Remove it.
    Delete {
        /// What it is told by.
        headline: Headline,
    },
    /// Forget an object and leave it where it is: it was adopted, or what applies it deletes nothing.
    Release {
        /// Why.
        because: String,
    },
    /// Forget an object that is not there, or no longer ours.
    Forget {
        /// Why.
        because: String,
    },
    /// Leave it: it is protected, or holds what is not ours.
    Keep {
        /// Why.
        because: String,
    },
    /// It is there, equal to the directory, and not ours: left alone.
    LeaveAlone,
    /// Renew the record of an object that is as declared: nothing is written but the registry.
    Renew,
    /// Not possible, or not allowed: nothing is written for it.
    Refuse(Refusal),
}

/// Why something is not done, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// A short stable name, as `not-ours`.
    pub code: Cow<'static, str>,
    /// What stands in the way, one sentence without a full stop.
    pub reason: String,
    /// What to write or do instead.
    pub hint: String,
}

/// From where to where an object moves; the root is none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// The folder it is in, as titles.
    pub from: Option<FolderPath>,
    /// The folder it goes to, as titles.
    pub to: Option<FolderPath>,
}

/// What somebody else did to an object since the last apply.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// What happened.
    pub what: DriftKind,
    /// Who saved it, and when, as far as the server says.
    pub saved: Saved,
    /// The version it has now, as people see it in Grafana's history.
    pub version: i64,
    /// The version it had after the last apply.
    pub recorded: i64,
    /// What was changed, where that can be told: when the directory is as it was at the last apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Delta>,
}

/// What happened outside.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DriftKind {
    /// It was changed: how the live form differs from what the directory now says is in the change's delta.
    Changed,
    /// It was deleted.
    Deleted,
    /// It was moved to another folder.
    Moved(Option<FolderPath>),
}

/// What must still be so when a change is written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Precondition {
    /// Nothing is sent for it, or nothing is asked.
    Nothing,
    /// There is nothing of that uid.
    Absent,
    /// It is this incarnation, at this version, in this folder, with this content.
    Is(Observed),
}

impl Action {
    /// Whether carrying this out writes to the object itself.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Action::Create { .. } | Action::Update { .. } | Action::Replace { .. } | Action::Delete { .. } => true,
            Action::Adopt { delta, moved } => !delta.is_empty() || moved.is_some(),
            Action::Release { .. }
            | Action::Forget { .. }
            | Action::Keep { .. }
            | Action::LeaveAlone
            | Action::Renew
            | Action::Refuse(_) => false,
        }
    }

    /// Whether carrying this out removes an object, replacements included.
    #[must_use]
    pub fn destroys(&self) -> bool {
        matches!(self, Action::Delete { .. } | Action::Replace { .. })
    }
}

impl Plan {
    /// Every change, stage by stage.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.stages.iter().flatten()
    }

    /// How many are added, changed and destroyed, in Terraform's words; replacements count as one of each.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in self.changes() {
            match &change.action {
                Action::Create { .. } => counts.add += 1,
                Action::Update { .. } => counts.change += 1,
                Action::Adopt { .. } => counts.adopt += 1,
                Action::Replace { .. } => {
                    counts.add += 1;
                    counts.destroy += 1;
                }
                Action::Delete { .. } => counts.destroy += 1,
                Action::Refuse(_) => counts.refuse += 1,
                Action::Release { .. } | Action::Forget { .. } => counts.forget += 1,
                Action::Keep { .. } => counts.keep += 1,
                Action::LeaveAlone | Action::Renew => {}
            }
            if change.drift.is_some() {
                counts.outside += 1;
            }
        }
        counts
    }
}

/// How many changes of which sort a plan holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Objects to make.
    pub add: usize,
    /// Objects to change or move.
    pub change: usize,
    /// Objects to destroy.
    pub destroy: usize,
    /// Objects to adopt.
    pub adopt: usize,
    /// Entries to forget or release.
    pub forget: usize,
    /// Objects that left the directory and stay: protected ones, folders that hold something.
    pub keep: usize,
    /// Objects for which nothing can be done.
    pub refuse: usize,
    /// Objects that somebody else changed.
    pub outside: usize,
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Goal::Apply => "apply",
            Goal::Destroy => "destroy",
        })
    }
}
