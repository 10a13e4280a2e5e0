//! What the directory says: the facts of each object that a plan needs, without its body.
//!
//! A body is read, checked, normalised and digested, its references noted, and let go (`source`); it is read
//! again, by its [`BodyRef`], only for the changes that are shown or written.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::place::{read_shared, write_shared};
use super::{Address, Digest, FolderPath, KindName, NormalDigest, Place, Uid};

/// What the directory says of one data source or dashboard (folders: [`DeclaredFolder`]).
#[derive(Clone, Debug)]
pub struct Declared {
    /// What it is called.
    pub address: Address,
    /// Where it stands.
    pub place: Place,
    /// What "equal" means for it.
    pub digest: NormalDigest,
    /// Where in the tree of folders it belongs.
    pub parent: Parent,
    /// What a plan says of it without its body.
    pub headline: Headline,
    /// Its title or name as the server is to have it. Never shown: where it came from elsewhere, the headline has it as
    /// it is written.
    pub name: String,
    /// What it refers to, each target once, in the order of the document.
    pub references: Vec<Reference>,
    /// What it names and can be written without: checked as references are, but nothing waits for it.
    pub mentions: Vec<Reference>,
    /// Its secret fields, by name; values are fetched only when they are needed.
    pub secrets: Vec<DeclaredSecret>,
    /// Where its body can be read again.
    pub body: BodyRef,
    /// How its uid came about.
    pub uid_from: UidFrom,
    /// Whether it is to survive its removal from the directory.
    pub protect: bool,
    /// Whether another document carries it along, which is not where it is kept: one that the workspace has already, and
    /// that is not ours, is used as it is.
    pub carried: bool,
    /// What its body was fetched as, where the directory only names it: its digest and where it came from.
    pub fetched: Option<FetchedContent>,
}

/// A content that stands in no file of the directory: what it is can be told by its digest alone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FetchedContent {
    /// SHA-256 of the bytes as they came, in hexadecimal.
    pub sha256: Digest,
    /// Where it came from.
    pub from: String,
}

impl std::fmt::Display for FetchedContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sha256 {} from {}", self.sha256.short(), self.from)
    }
}

/// Where an object belongs in the tree of folders.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Parent {
    /// Objects of this kind are in no folder (data sources).
    None,
    /// The root, which Grafana shows as *Dashboards* or *General*.
    Root,
    /// The folder that stands for a directory: bound to a uid by the plan.
    Path(FolderPath),
    /// A folder named by its uid in the document.
    Uid(Uid),
}

/// How the uid of an object came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UidFrom {
    /// It stands in the document.
    Document,
    /// It was derived from the file's path (`docs/uids.md`).
    Path,
    /// It was derived from the object's name (`docs/uids.md`).
    Name,
    /// It was derived from namespace, kind and name of its manifest (`docs/uids.md`).
    Manifest,
}

/// A folder that the directory declares: by being a directory with dashboards in it, by `_folder.yaml`, or by a
/// `folder.grafana.app` document.
#[derive(Clone, Debug)]
pub struct DeclaredFolder {
    /// Its uid, where the directory names one; otherwise it is bound by its path.
    pub uid: Option<Uid>,
    /// Its path in the directory; none for a `folder.grafana.app` document.
    pub path: Option<FolderPath>,
    /// Its title, trimmed.
    pub title: String,
    /// The folder above: [`Parent::Root`], [`Parent::Path`] or [`Parent::Uid`].
    pub parent: Parent,
    /// Where it is declared: its directory, its `_folder.yaml`, its document.
    pub place: Place,
    /// Whether it is to survive its removal from the directory.
    pub protect: bool,
    /// Whether nothing names its uid but a manifest its title, by which it is found in any letter case.
    pub by_title: bool,
}

impl DeclaredFolder {
    /// Whether a folder of this title is the one that is meant.
    #[must_use]
    pub fn has_title(&self, title: &str) -> bool {
        title == self.title || self.by_title && title.to_lowercase() == self.title.to_lowercase()
    }
}

/// What a plan says of an object without its body: a title, and a few facts in the order they are shown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Headline {
    /// The object's title or name.
    pub title: String,
    /// Facts as `("panels", "12")`, `("data sources", "amp-prod, loki")`, `("variables", "region, cluster")`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<(Cow<'static, str>, String)>,
}

/// One thing an object refers to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// What.
    pub to: Target,
    /// Where in the document, as a JSON pointer; the place in the file is looked up when a message needs it.
    pub pointer: String,
}

/// What a reference points at. Variables (`$ds`, `${ds}`), built-in data sources and expressions are no references.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Target {
    /// The kind of object.
    pub kind: KindName,
    /// Its uid; or its name, where objects of that kind are referred to by that too (data sources in old dashboards).
    pub name: String,
}

impl Target {
    /// Puts kind and uid or name together.
    #[must_use]
    pub fn new(kind: KindName, name: impl Into<String>) -> Target {
        Target { kind, name: name.into() }
    }
}

/// A secret field of a declared object. The value is not held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeclaredSecret {
    /// The key in `secureJsonData`.
    pub key: String,
    /// Where it stands.
    pub place: Place,
    /// Where in AWS it is kept, if it is.
    pub kept: Option<Kept>,
    /// How it is written, where that says only where the value comes from: `$__env{NAME}`. None where the value itself
    /// stands in the document, or a part of it.
    pub written: Option<String>,
}

/// A secret kept in AWS, as a document refers to it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kept {
    /// In Secrets Manager.
    Secret {
        /// Its name or ARN.
        id: String,
        /// The key in its JSON; empty for all of it.
        key: String,
        /// The label of the version; empty for the current one.
        stage: String,
    },
    /// A parameter of Systems Manager, by its name.
    Parameter(String),
}

impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Kept::Secret { id, key, .. } if key.is_empty() => write!(f, "the secret `{id}`"),
            Kept::Secret { id, key, .. } => write!(f, "the key `{key}` of the secret `{id}`"),
            Kept::Parameter(name) => write!(f, "the parameter `{name}`"),
        }
    }
}

/// Where a body can be read again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BodyRef {
    /// The file, relative to the directory, with `/` between its parts.
    #[serde(serialize_with = "write_shared", deserialize_with = "read_shared")]
    #[schemars(with = "String")]
    pub file: Arc<str>,
    /// Which document of the file, from 0.
    pub document: usize,
    /// The text of that document that the object stands in, where it stands in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextRef>,
    /// The JSON pointer of the object, in that text or in the document.
    pub pointer: String,
    /// SHA-256 of the file's bytes as they were read; a file that changed since is an error, not a surprise.
    pub file_digest: super::Digest,
    /// What the inputs of an exported dashboard are answered with, by their names: the placeholders are replaced when
    /// the body is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<(String, String)>,
}

#[cfg(test)]
impl BodyRef {
    /// The whole of a file that nobody reads: for tests.
    pub(crate) fn file(file: &str) -> BodyRef {
        BodyRef {
            file: file.into(),
            document: 0,
            text: None,
            pointer: String::new(),
            file_digest: super::Digest::of_bytes(b""),
            answers: Vec::new(),
        }
    }
}

/// A document inside a text of another one, as in a ConfigMap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextRef {
    /// The JSON pointer of the text.
    pub pointer: String,
    /// Which document of the text, from 0.
    pub document: usize,
}
