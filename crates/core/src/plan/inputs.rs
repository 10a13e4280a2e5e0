//! What a plan is made of: the workspace as it was read, what is known of the record, and what the user allows.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Goal;
use crate::model::{
    Address, Declared, DeclaredFolder, Fingerprint, Found, KindName, Ledger, Listed, Owned, RecordState, Recorded,
    Server, StackName,
};

/// Everything that a plan follows from. The same inputs give the same plan, to the byte.
pub struct Inputs<'a> {
    /// What the plan is for.
    pub goal: Goal,
    /// The workspace as people know it.
    pub workspace: &'a str,
    /// The stack.
    pub stack: &'a StackName,
    /// The server's rules.
    pub server: &'a Server,
    /// The directory's data sources and dashboards.
    pub declared: &'a [Declared],
    /// The normal forms of those declared objects that differ from what is live, as they may be shown: what is diffed.
    pub bodies: &'a BTreeMap<Address, serde_json::Value>,
    /// The directory's folders, parents first.
    pub folders: &'a [DeclaredFolder],
    /// Keyed fingerprints of the declared secret values, where the registry's salt is known.
    pub fingerprints: &'a BTreeMap<Address, BTreeMap<String, Fingerprint>>,
    /// Keyed fingerprints of the values that come from elsewhere, by where they stand ([`super::veil`]).
    pub elsewhere: &'a BTreeMap<Address, BTreeMap<String, Fingerprint>>,
    /// The live forms that may not be shown as they are, as they may be shown.
    pub shown: &'a BTreeMap<Address, serde_json::Value>,
    /// What the workspace has.
    pub live: &'a Workspace,
    /// What is known of the stack's record.
    pub record: RecordState<Ledger<'a>>,
    /// What becomes of the record itself, as far as that is known before anything is planned.
    pub custody: &'a Custody,
    /// What the user allows and asks.
    pub rules: &'a Rules,
}

/// What becomes of the stack's record besides its entries.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Custody {
    /// It was applied from another place before, and becomes this place's.
    pub from_elsewhere: bool,
    /// It was another stack's record, and becomes this one's.
    pub from_stack: Option<StackName>,
    /// What had to be put right in it when it was read, one sentence each.
    pub mended: Vec<String>,
    /// What it holds and another stack has made in the same moment: let go of.
    pub let_go: BTreeSet<Address>,
}

impl Custody {
    /// Whether the record changes hands.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.from_elsewhere || self.from_stack.is_some()
    }

    /// Whether the record has to be saved even where nothing else is to be done.
    #[must_use]
    pub fn must_be_saved(&self) -> bool {
        self.moves() || !self.mended.is_empty() || !self.let_go.is_empty()
    }
}

/// The workspace as it was read.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// Those declared or recorded objects that exist.
    pub found: BTreeMap<Address, Found>,
    /// Those declared or recorded objects of which it could not be told whether they exist, with the reason.
    pub unreadable: BTreeMap<Address, String>,
    /// What lists say of every object, by kind; none where they could not be had ([`Workspace::list`]).
    pub lists: BTreeMap<KindName, Option<Vec<Listed>>>,
    /// The plural names of the kinds of which this token may provably read only some: what is not found may be there.
    pub seen_in_part: Vec<&'static str>,
    /// Who uses what the record has and the directory does not, for kinds of which that must be nobody when they are
    /// deleted; or why that could not be told.
    pub users: BTreeMap<Address, Result<BTreeSet<Address>, String>>,
    /// What another stack of this workspace has recorded as its own.
    pub others: BTreeMap<Address, StackName>,
    /// Copies of a stack's record under other uids: they say nothing, and whose record they copy.
    pub copies: Vec<(String, StackName)>,
    /// Folders that this stack has recorded as made by it, and that the other stack has made: let go of.
    pub yielded: BTreeMap<Address, StackName>,
    /// Dashboards that are not as they were recorded, because a run that the record knows has saved them since.
    pub by_own_runs: BTreeSet<Address>,
    /// Other stacks whose record could not be read: while there are any, nothing is adopted or deleted.
    pub damaged_others: Vec<String>,
}

impl Workspace {
    /// Every object of a kind, ours or not, as far as this token may see them; none when they could not be listed, or
    /// nobody asked for them.
    #[must_use]
    pub fn list(&self, kind: KindName) -> Option<&[Listed]> {
        self.lists.get(&kind)?.as_deref()
    }

    /// The same; empty when there is no list.
    #[must_use]
    pub fn all(&self, kind: KindName) -> &[Listed] {
        self.list(kind).unwrap_or_default()
    }

    /// Whether the objects of a kind were to be listed and could not be.
    #[must_use]
    pub fn is_unlisted(&self, kind: KindName) -> bool {
        self.lists.get(&kind).is_some_and(Option::is_none)
    }
}

/// What the user allows and asks.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Rules {
    /// What may be adopted.
    pub adopt: Adopt,
    /// The tools that objects may be taken from, as the server names them: `kubectl:gcx`.
    pub take_from: BTreeSet<String>,
    /// Only these and what they need; empty means everything.
    pub targets: BTreeSet<Address>,
    /// Objects that may be deleted and made anew where they cannot be changed in place.
    pub replace: BTreeSet<Address>,
    /// Objects whose protection is lifted.
    pub unprotect: BTreeSet<Address>,
    /// Delete adopted objects instead of releasing them.
    pub delete_adopted: bool,
    /// Objects that are released when they leave the directory, whoever made them.
    pub release: BTreeSet<Address>,
    /// Objects that are neither made nor changed nor deleted, each with the reason: the beginning of a sentence.
    pub left_alone: BTreeMap<Address, String>,
    /// Objects that are made where they are missing, and never changed.
    pub create_only: BTreeSet<Address>,
    /// Send secrets also where nobody knows whether they changed (`ownership: none`).
    pub send_secrets: bool,
    /// How many objects may be destroyed, where the user says.
    pub max_destroy: Option<usize>,
    /// An empty directory may take the whole stack down.
    pub allow_empty: bool,
    /// What becomes of what was changed outside.
    pub on_drift: OnDrift,
    /// Whether changes carry what is needed to draw them.
    #[serde(skip)]
    pub pictures: bool,
}

/// What becomes of what somebody else changed since the last apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnDrift {
    /// It is overwritten: whoever is shown the plan agrees to that, or has said so before.
    #[default]
    Overwrite,
    /// It stays as it is, and the run is not a success.
    Refuse,
    /// It stays as it is, and the run is a success.
    Report,
}

impl Rules {
    /// Whether an object that leaves the directory is released: forgotten, and left in the workspace.
    #[must_use]
    pub fn releases(&self, address: &Address, recorded: &Recorded) -> bool {
        (recorded.how == Owned::Adopted && !self.delete_adopted) || self.release.contains(address)
    }
}

/// What may be adopted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Adopt {
    /// Nothing.
    #[default]
    Nothing,
    /// Whatever the directory declares.
    Everything,
    /// These.
    These(BTreeSet<Address>),
}

impl Adopt {
    /// Whether this object may be adopted.
    #[must_use]
    pub fn allows(&self, address: &Address) -> bool {
        match self {
            Adopt::Nothing => false,
            Adopt::Everything => true,
            Adopt::These(these) => these.contains(address),
        }
    }
}

impl<'a> Inputs<'a> {
    /// The live form of an object as it may be shown, where it was kept.
    pub(super) fn shown_live(&self, address: &Address, found: &'a Found) -> Option<&'a serde_json::Value> {
        self.shown.get(address).or_else(|| found.body.value())
    }
}
