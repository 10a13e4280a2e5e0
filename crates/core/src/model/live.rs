//! What the workspace has: each object's facts, without its body.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Digest, Headline, NormalDigest};

/// What the workspace has under one address.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which incarnation and version it is.
    pub identity: Identity,
    /// Its body, as far as it was read.
    pub body: LiveBody,
    /// The uid of the folder it is in; none at the root and for kinds that are in no folder.
    pub parent: Option<String>,
    /// What a plan says of it.
    pub headline: Headline,
    /// Who saved it last, and when, as far as the server says.
    pub saved: Saved,
    /// What forbids us to write it, if anything does.
    pub guard: Option<Guard>,
    /// The secret fields that the server says are set.
    pub secure_keys: BTreeSet<String>,
}

/// How much of a live object's body was read.
#[derive(Clone, Debug)]
pub enum LiveBody {
    /// Not at all: its identity is the recorded one, so it is what was recorded.
    Unread,
    /// It was read and let go, because it is what the directory declares or nobody asks for it.
    Digested(NormalDigest),
    /// It was read and is kept, because it differs from what the directory declares: its normal form.
    Kept(NormalDigest, Box<Value>),
}

impl LiveBody {
    /// The digest, if the body was read.
    #[must_use]
    pub fn digest(&self) -> Option<&NormalDigest> {
        match self {
            LiveBody::Unread => None,
            LiveBody::Digested(digest) | LiveBody::Kept(digest, _) => Some(digest),
        }
    }

    /// The normal form, if it was kept.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match self {
            LiveBody::Unread | LiveBody::Digested(_) => None,
            LiveBody::Kept(_, value) => Some(value),
        }
    }
}

/// Everything the server says of which object this is and at which version; compared as text.
///
/// All fields equal means: unchanged, the body need not be fetched. Anything else is a reason to read it, never
/// itself a sign of drift: on legacy storage `metadata_uid` follows from the name, and versions start again.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Row", into = "Row")]
pub struct Identity {
    /// When this incarnation was created, as the server writes it; empty where the kind has none (data sources).
    pub created: String,
    /// When it was last saved; empty where the server does not say.
    pub updated: String,
    /// The version that a write must carry: `dashboard.version`, `metadata.generation`, a data source's `version`.
    pub version: i64,
    /// `metadata.resourceVersion`, 12.x only.
    pub resource: String,
    /// `metadata.uid`, 12.x only.
    pub metadata_uid: String,
    /// The numeric id; empty where the server does not say. Tells incarnations apart, never used in a request.
    pub number: String,
}

/// An identity as it is recorded: a row without names, because a record holds one for every object and each plan
/// reads it. Version, created, updated (`=` when it is the same), resource version, `metadata.uid`, number.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Row(i64, String, String, String, String, String);

impl From<Row> for Identity {
    fn from(Row(version, created, updated, resource, metadata_uid, number): Row) -> Identity {
        let updated = if updated == "=" { created.clone() } else { updated };
        Identity { created, updated, version, resource, metadata_uid, number }
    }
}

impl From<Identity> for Row {
    fn from(identity: Identity) -> Row {
        let Identity { created, updated, version, resource, metadata_uid, number } = identity;
        let updated = if updated == created { "=".into() } else { updated };
        Row(version, created, updated, resource, metadata_uid, number)
    }
}

impl Identity {
    /// Whether everything the server says is the same.
    #[must_use]
    pub fn unchanged(&self, other: &Identity) -> bool {
        let Identity { created, updated, version, resource, metadata_uid, number } = self;
        *created == other.created
            && *updated == other.updated
            && *version == other.version
            && *resource == other.resource
            && *metadata_uid == other.metadata_uid
            && *number == other.number
    }

    /// Whether `other` is another object under the same uid: created at another time, or with another numeric id.
    ///
    /// Only what both sides say counts, so that an upgraded server that says more is not another incarnation.
    #[must_use]
    pub fn another_incarnation(&self, other: &Identity) -> bool {
        let said = |a: &str, b: &str| !a.is_empty() && !b.is_empty();
        (said(&self.created, &other.created) && !same_second(&self.created, &other.created))
            || (said(&self.number, &other.number) && self.number != other.number)
    }
}

// Servers write the same moment with and without fractions (`…:05Z`, `…:05.123Z`), and the older API in the server's own
// time zone (`…:05+02:00`); the second is what all keep.
fn same_second(a: &str, b: &str) -> bool {
    let second = |time: &str| time.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second);
    match (second(a), second(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a.get(..19).unwrap_or(a) == b.get(..19).unwrap_or(b),
    }
}

/// An incarnation with a content: which object was seen, at which version, in which folder, and what was in it.
///
/// This is what a plan is made against, and what the server has is compared with it before and after each write: a
/// version alone proves nothing (a data source's PUT without a version stores version 1 again, a dashboard made anew
/// begins at 1, a folder's move changes none; facts: `datasource-versions`, `move-and-version`,
/// `version-starts-again`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Which incarnation and version.
    pub identity: Identity,
    /// The uid of the folder it is in; none at the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The recorded digest of its content; none where it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

impl Observed {
    /// What was found, with the content that is recorded of it where the body was not read because nothing moved.
    #[must_use]
    pub fn of(found: &Found, recorded: Option<&Digest>) -> Observed {
        Observed {
            identity: found.identity.clone(),
            parent: found.parent.clone(),
            digest: found.body.digest().map(NormalDigest::recorded).or_else(|| recorded.cloned()),
        }
    }
}

/// What others put on a resource of `/apis` beside its content: a PUT that leaves it out removes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Marks {
    /// Labels, the server's number of the object among them.
    pub labels: BTreeMap<String, String>,
    /// Annotations, without those that the server writes itself.
    pub annotations: BTreeMap<String, String>,
}

/// Who saved an object last, and when; empty where the server does not say.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// Login or name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
}

/// Why an object may not be written by us, whoever owns it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Guard {
    /// Provisioned from files on the server, or read-only.
    Provisioned,
    /// Managed by another tool, by its kind and, where it says one, its identity: `kubectl:gcx`, `repo:main`.
    ManagedBy(String),
    /// Saved in the v2 format, which the classic form shows with losses.
    SavedAsV2,
}

impl Guard {
    /// The tool that manages it, as `kubectl:gcx`, if one does.
    #[must_use]
    pub fn manager(&self) -> Option<&str> {
        match self {
            Guard::ManagedBy(manager) => Some(manager),
            Guard::Provisioned | Guard::SavedAsV2 => None,
        }
    }
}

/// One limit of a workspace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    /// What of, in the server's words.
    pub of: String,
    /// The most there may be; negative for no limit.
    pub limit: i64,
    /// How many there are.
    pub used: i64,
}

/// What a list of the workspace says of one object, ours or not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listed {
    /// Its uid or name, of any shape a server allows.
    pub uid: String,
    /// Its title or name; empty where the list does not say (metadata-only lists of 12.x).
    pub title: String,
    /// The uid of the folder it is in; none at the root and for kinds that are in no folder.
    pub parent: Option<String>,
    /// The plugin that it is of; empty where there is none.
    pub plugin: String,
    /// Whether it is the default one of its kind.
    pub is_default: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_a_second_are_no_other_incarnation() {
        let a = Identity { created: "2026-01-02T03:04:05Z".into(), ..Identity::default() };
        let b = Identity { created: "2026-01-02T03:04:05.123Z".into(), number: "7".into(), ..Identity::default() };
        assert!(!a.another_incarnation(&b));
        assert!(!a.unchanged(&b));
        let elsewhere = Identity { created: "2026-01-02T05:04:05.9+02:00".into(), ..Identity::default() };
        assert!(!a.another_incarnation(&elsewhere));
        let later = Identity { created: "2026-01-02T03:04:06Z".into(), ..Identity::default() };
        assert!(a.another_incarnation(&later));
        let c = Identity { number: "8".into(), ..Identity::default() };
        assert!(b.another_incarnation(&c));
    }
}
