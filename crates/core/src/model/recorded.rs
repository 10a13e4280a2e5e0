//! What the registry says we last applied, and how much of that is known; the registry itself stands in
//! `registry`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Address, Digest, Fingerprint, FolderPath, Identity};

/// What is known of a stack's record: `T` is what the holder needs of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RecordState<T> {
    /// It is there.
    There(T),
    /// There is provably none yet: nothing in the workspace is ours.
    Absent,
    /// It could not be read, for this reason: every action is provisional.
    Unknown(String),
    /// `ownership: none`: what is live counts as recorded.
    Off,
}

impl<T> RecordState<T> {
    /// The record, where it is there.
    #[must_use]
    pub fn there(&self) -> Option<&T> {
        match self {
            RecordState::There(record) => Some(record),
            RecordState::Absent | RecordState::Unknown(_) | RecordState::Off => None,
        }
    }

    /// The same about something else of the record.
    #[must_use]
    pub fn map<'a, U>(&'a self, of: impl FnOnce(&'a T) -> U) -> RecordState<U> {
        match self {
            RecordState::There(record) => RecordState::There(of(record)),
            RecordState::Absent => RecordState::Absent,
            RecordState::Unknown(why) => RecordState::Unknown(why.clone()),
            RecordState::Off => RecordState::Off,
        }
    }

    /// Whether it could not be read.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, RecordState::Unknown(_))
    }
}

/// What a plan needs of a stack's record.
#[derive(Clone, Copy, Debug)]
pub struct Ledger<'a> {
    /// Counts the saves.
    pub serial: u64,
    /// The run that saved it.
    pub run: &'a str,
    /// What is ours.
    pub objects: &'a BTreeMap<Address, Recorded>,
    /// Which folder each directory stands for.
    pub bindings: &'a BTreeMap<FolderPath, String>,
}

impl<'a> RecordState<Ledger<'a>> {
    /// What is recorded of an address.
    #[must_use]
    pub fn recorded(&self, address: &Address) -> Option<&'a Recorded> {
        self.there().and_then(|ledger| ledger.objects.get(address))
    }
}

/// Which save of a record somebody read: compared as a whole, because a restored record reuses serials.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Stamp {
    /// Counts the saves.
    pub serial: u64,
    /// The run that saved it.
    pub run: String,
}

/// What the registry says of one object that is ours.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Recorded {
    /// The digest of the normal form last applied; none while a first create is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The revision of the canonical form that `digest` was taken under.
    #[serde(default = "first_revision", skip_serializing_if = "is_first_revision")]
    pub revision: u32,
    /// The incarnation and version that the server had after it; none while a first create is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// The uid of the folder it was put in; none at the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Its title when it was applied: for messages when neither directory nor workspace has it any more.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Keyed fingerprints of the secret values last sent, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, Fingerprint>,
    /// Keyed fingerprints of the values that came from elsewhere (`$__env{}`, `$__file{}`), by their JSON pointer in the
    /// normal form: they are never shown, wherever they stand by now. Records of earlier versions have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub elsewhere: BTreeMap<String, Fingerprint>,
    /// The file that declared it, relative to the directory.
    pub source: String,
    /// The digest of that file's bytes, where it names no uid: how it keeps its uid when it is renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// Whether it survives its removal from the directory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protect: bool,
    /// How it became ours.
    #[serde(default, skip_serializing_if = "Owned::is_created")]
    pub how: Owned,
    /// What was about to be written when the record was saved; cleared once confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

/// How an object became ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Owned {
    /// We made it: we may delete it.
    #[default]
    Created,
    /// It was there and was adopted: it is released, not deleted, unless that is asked for.
    Adopted,
}

/// A write that was written down before it was sent. It proves the object ours only if the object equals `digest`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The run that was about to write.
    pub run: String,
    /// The digest of what it was about to write.
    pub digest: Digest,
    /// The folder it was about to put it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Whether this is a replacement, deleted before it is created again: the next run finishes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
    /// The fingerprints of the secrets it was about to send.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, Fingerprint>,
    /// The fingerprints of the values from elsewhere that it was about to send.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub elsewhere: BTreeMap<String, Fingerprint>,
}

impl Owned {
    fn is_created(&self) -> bool {
        *self == Owned::Created
    }
}

fn first_revision() -> u32 {
    1
}

fn is_first_revision(revision: &u32) -> bool {
    *revision == first_revision()
}
