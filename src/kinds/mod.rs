//! The kinds of objects that amgctl keeps: one file (or folder) each, with everything Grafana-specific about it.
//!
//! Pure: a kind describes requests and reads answers; it sends nothing. Adding a kind is one file and one line in
//! [`KINDS`]. Reading the user's files stands in [`crate::source`], sending in [`crate::grafana`](crate).

pub mod dashboard;
pub mod datasource;
pub mod folder;
pub mod values;

use serde_json::Value;

use crate::model::digest::Numbers;
use crate::model::{
    Delta, Found, Guard, Identity, KindName, NormalDigest, Problem, Request, Response, Saved, Server,
};

/// Every kind, in the order in which objects are created: what is referred to comes first.
pub static KINDS: &[&dyn Kind] = &[&folder::Folder, &datasource::Datasource, &dashboard::Dashboard];

/// The kind of a name.
///
/// Panics never: a [`KindName`] is only made of names in the table.
#[must_use]
pub fn by_name(name: KindName) -> &'static dyn Kind {
    KINDS.iter().find(|kind| kind.name() == name).copied().unwrap_or(&dashboard::Dashboard)
}

/// The kind whose name a user wrote, as in `dashboard.cpu`; none when there is no such kind.
#[must_use]
pub fn named(text: &str) -> Option<KindName> {
    KINDS.iter().map(|kind| kind.name()).find(|name| name.as_str() == text)
}

/// The place of a kind in the order of creation.
#[must_use]
pub fn rank(name: KindName) -> usize {
    KINDS.iter().position(|kind| kind.name() == name).unwrap_or(usize::MAX)
}

/// One sort of thing that Grafana keeps.
pub trait Kind: Sync {
    /// Its name, as in addresses.
    fn name(&self) -> KindName;

    /// What it is, in one line: help texts and README derive from it.
    fn about(&self) -> &'static str;

    /// Its name for several, in counts: `dashboards`, `data sources`.
    fn plural(&self) -> &'static str;

    /// THE place for normalisation: the form in which two bodies are compared, declared or live alike.
    ///
    /// `normal(normal(x).whole()) = normal(x)`.
    fn normal(&self, body: Value) -> Normal;

    /// A soft leaf as `server` stores it (a dashboard's `refresh`); other values as they are.
    fn as_stored(&self, pointer: &str, value: Value, server: &Server) -> Value;

    /// Why this server refuses an object for a soft leaf, if it does; other values are taken.
    fn refused(&self, pointer: &str, value: &Value, server: &Server) -> Option<Problem> {
        let _ = (pointer, value, server);
        None
    }

    /// How two normal forms ([`Normal::whole`]) differ, in the kind's own words; empty exactly when they are equal.
    fn diff(&self, before: &Value, after: &Value, numbers: Numbers) -> Delta;

    /// How to read one object.
    fn read(&self, uid: &str, server: &Server) -> Request;

    /// What an answer to [`Kind::read`] says: the object, or none when the server says that it is not there.
    ///
    /// Errors are answers that say neither, in words for people.
    fn found(&self, answer: &Response, server: &Server) -> Result<Option<Live>, String>;

    /// How to make an object that is not there; the server is to refuse it when it is.
    fn create(&self, wire: &Wire, server: &Server) -> Request;

    /// How to change an object from what was seen: one request or several, in order.
    fn update(&self, wire: &Wire, seen: &Found, server: &Server) -> Vec<Request>;

    /// How to remove an object that was seen, with whatever precondition the server takes.
    fn delete(&self, uid: &str, seen: &Identity, server: &Server) -> Request;

    /// What an answer to a write means.
    fn judge(&self, write: Write, uid: &str, answer: &Response) -> Verdict;
}

/// The form in which bodies are compared: the body without what servers own, soft leaves apart.
#[derive(Clone, PartialEq, Debug)]
pub struct Normal {
    /// The body, without its soft leaves.
    pub value: Value,
    /// Leaves at the top level that a server may rewrite as it stores them, by their JSON pointer, as `/refresh`.
    pub soft: Vec<(String, Value)>,
}

impl Normal {
    /// The digest, with soft leaves as they stand.
    #[must_use]
    pub fn digest(&self) -> NormalDigest {
        NormalDigest::of(&self.value, self.soft.clone())
    }

    /// The whole normal form, soft leaves put back: what is diffed and shown.
    #[must_use]
    pub fn whole(mut self) -> Value {
        if let Value::Object(map) = &mut self.value {
            for (pointer, value) in self.soft {
                map.insert(pointer.trim_start_matches('/').to_owned(), value);
            }
        }
        self.value
    }
}

/// A live object as it was read: its facts, and its raw body.
#[derive(Clone, Debug)]
pub struct Live {
    /// The facts, with `body` [`Unread`](crate::model::LiveBody::Unread): the caller digests and decides what to keep.
    pub found: Found,
    /// The body as the server gave it, in the shape that [`Kind::normal`] takes.
    pub body: Value,
}

/// What is to be sent for one object.
#[derive(Clone)]
pub struct Wire {
    /// Its uid.
    pub uid: String,
    /// The JSON text of the body: a dashboard or data source as it is to be stored, without secrets.
    pub text: String,
    /// The folder it goes into; none for the root and for kinds that are in no folder.
    pub parent: Option<String>,
    /// Secret values to send, by key; an empty text removes one.
    pub secrets: Vec<(String, crate::model::Secret)>,
    /// What the workspace's history is to say of this save.
    pub message: String,
}

/// What an answer to a write means. Refusals in the middle of a run are questions: they are checked by a read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It was done.
    Done,
    /// Somebody else changed it, says the server.
    ChangedByOther,
    /// Something of that uid is there already, says the server.
    Exists,
    /// It is not there, says the server.
    Gone,
    /// This token may not do that.
    Forbidden,
    /// The token is not accepted.
    Unauthorised,
    /// Nobody knows whether it was done (500, a lost answer).
    Unknown,
    /// The server is busy: later.
    Busy,
    /// The server will not take it, whatever the state: its words.
    Refused(String),
}

/// Which write an answer is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Write {
    /// [`Kind::create`].
    Create,
    /// [`Kind::update`].
    Update,
    /// [`Kind::delete`].
    Delete,
}

/// A digest as `server` stores what it stands for: its soft leaves rewritten as the kind says.
#[must_use]
pub fn stored(kind: &dyn Kind, digest: &NormalDigest, server: &Server) -> NormalDigest {
    let soft = digest.soft.iter().map(|(p, v)| (p.clone(), kind.as_stored(p, v.clone(), server)));
    NormalDigest { soft: soft.collect(), ..digest.clone() }
}

/// What an answer to a read of one object holds; none when the server says that it is not there.
pub(crate) fn present(answer: &Response) -> Result<Option<Value>, String> {
    match answer.status {
        200 => Ok(Some(answer.json())),
        404 => Ok(None),
        _ => Err(answer.message()),
    }
}

/// What any kind makes of an answer that is neither a success nor one of its own refusals.
pub(crate) fn judge_common(write: Write, answer: &Response) -> Verdict {
    match answer.status {
        200..=299 => Verdict::Done,
        401 => Verdict::Unauthorised,
        403 => Verdict::Forbidden,
        404 if write == Write::Create => Verdict::Refused(answer.message()),
        404 => Verdict::Gone,
        429 | 503 => Verdict::Busy,
        500 | 502 | 504 => Verdict::Unknown,
        _ => Verdict::Refused(answer.message()),
    }
}

/// Text of a JSON field; empty when it is none.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A number or text of a JSON field as text; empty when it is neither.
pub(crate) fn number_text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::Number(n)) => n.to_string(),
        Some(Value::String(s)) => s.clone(),
        _ => String::new(),
    }
}

/// What the metadata of a resource of `/apis` says of identity.
pub(crate) fn resource_identity(object: &Value) -> Identity {
    let created = text(object, "/metadata/creationTimestamp");
    let updated = text(object, "/metadata/annotations/grafana.app~1updatedTimestamp");
    Identity {
        updated: if updated.is_empty() { created.clone() } else { updated },
        created,
        version: object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0),
        resource: text(object, "/metadata/resourceVersion"),
        metadata_uid: text(object, "/metadata/uid"),
        number: text(object, "/metadata/labels/grafana.app~1deprecatedInternalID"),
    }
}

/// Who saved a resource of `/apis` last, as the server names them there (`user:…`, `service-account:…`).
pub(crate) fn resource_saved(object: &Value) -> Saved {
    let by = text(object, "/metadata/annotations/grafana.app~1updatedBy");
    Saved {
        by: if by.is_empty() { text(object, "/metadata/annotations/grafana.app~1createdBy") } else { by },
        at: resource_identity(object).updated,
    }
}

/// The folder of a resource of `/apis`; none at the root.
pub(crate) fn resource_parent(object: &Value) -> Option<String> {
    let parent = text(object, "/metadata/annotations/grafana.app~1folder");
    (!parent.is_empty()).then_some(parent)
}

/// What manages a resource of `/apis`, if anything that does not allow edits.
pub(crate) fn resource_guard(object: &Value) -> Option<Guard> {
    let manager = text(object, "/metadata/annotations/grafana.app~1managedBy");
    if manager.is_empty() || text(object, "/metadata/annotations/grafana.app~1managerAllowsEdits") == "true" {
        return None;
    }
    if manager == "classic-file-provisioning" {
        return Some(Guard::Provisioned);
    }
    let identity = text(object, "/metadata/annotations/grafana.app~1managerId");
    Some(Guard::ManagedBy(if identity.is_empty() { manager } else { format!("{manager}:{identity}") }))
}
