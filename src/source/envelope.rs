//! What stands around the body of an object in some forms: its uid as `metadata.name`, and the folder that it names.

use serde_json::Value;

use super::checked_uid;
use super::document::Document;
use super::yaml::member;
use crate::model::{Parent, Problem, Uid, UidFrom};

/// Where a resource names its folder; where it stands in other forms, they say ([`FolderAt`]).
pub(crate) const FOLDER: &str = "/metadata/annotations/grafana.app~1folder";

/// Where the uid of an object stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum UidAt {
    /// In its body, as `uid`.
    Body,
    /// Beside it, as `metadata.name`.
    MetadataName,
}

impl UidAt {
    /// The pointer of the uid, from that of the object and that of its body.
    pub(crate) fn pointer(self, base: &str, body: &str) -> String {
        match self {
            UidAt::Body => format!("{base}{body}/uid"),
            UidAt::MetadataName => format!("{base}/metadata/name"),
        }
    }
}

/// Where an object names the folder that it is in, by its uid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FolderAt {
    /// The JSON pointer of the uid, from that of the object.
    pub pointer: &'static str,
    /// What a message calls it.
    pub words: &'static str,
    /// What null is there.
    pub null: Null,
}

/// What a null is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Null {
    /// As if it were not there.
    SaysNothing,
    /// An error.
    IsWrong,
}

/// The uid that `metadata.name` is, of the object at a pointer.
pub(crate) fn named_uid(
    document: &Document<'_>,
    base: &str,
    problems: &mut Vec<Problem>,
) -> Option<(Uid, UidFrom)> {
    let at = format!("{base}/metadata/name");
    let Some(name) = document.value.pointer(&at).and_then(Value::as_str) else {
        problems.push(
            Problem::error("resource", "a resource needs a `metadata.name`, which is its uid")
                .spot(document.spot(&format!("{base}/metadata"), ""))
                .help("write `name` as a text below `metadata`"),
        );
        return None;
    };
    match checked_uid(name) {
        Ok(uid) => Some((uid, UidFrom::Document)),
        Err(problem) => {
            problems.push(problem.spot(document.spot(&at, "")));
            None
        }
    }
}

/// What to say of another uid in the body at a pointer, which is not used.
pub(crate) fn other_uid(document: &Document<'_>, body: &str, value: &Value, uid: &Uid) -> Option<Problem> {
    let inner =
        value.get("uid").and_then(Value::as_str).filter(|inner| !inner.is_empty() && uid.as_str() != *inner)?;
    Some(
        Problem::warning("not-kept", format!("`uid` of the `spec` is not used: `{inner}` is not `metadata.name`"))
            .spot(document.key_spot(&member(body, "uid"), ""))
            .help("remove it; `metadata.name` is the uid of a resource"),
    )
}

/// The folder that an object names; none where it names none. Empty and `general` are the root.
pub(crate) fn named_parent(
    document: &Document<'_>,
    base: &str,
    folder: FolderAt,
    problems: &mut Vec<Problem>,
) -> Option<Parent> {
    let at = format!("{base}{}", folder.pointer);
    let value = document.value.pointer(&at)?;
    match value {
        Value::String(text) if text.is_empty() || text == "general" => Some(Parent::Root),
        Value::String(text) => match Uid::parse(text) {
            Ok(uid) => Some(Parent::Uid(uid)),
            Err(message) => {
                problems.push(
                    Problem::error("uid", message)
                        .spot(document.spot(&at, ""))
                        .help(format!("{} holds the uid of a folder, not its title", folder.words)),
                );
                None
            }
        },
        Value::Null if folder.null == Null::SaysNothing => None,
        _ => {
            problems.push(Problem::error("uid", "a uid must be a text").spot(document.spot(&at, "")));
            None
        }
    }
}
