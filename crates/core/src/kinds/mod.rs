//! The kinds of objects that amgctl keeps: one file (or folder) each, with everything Grafana-specific about it.
//!
//! Pure: a kind describes requests and reads answers; it sends nothing. Adding a kind is one file and one line in the
//! table below. Reading the user's files stands in `source`, sending in `grafana`.

pub mod dashboard;
pub mod datasource;
pub mod facts;
pub mod folder;
pub mod library_panel;
pub mod values;

use std::collections::BTreeSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub use facts::{Among, Clash, Facts, How, Listing, Objection, Rival, RivalPlace, UidSpace, Unique, When};

use crate::model::digest::Numbers;
use crate::model::{
    Address, Delta, Digest, Found, Guard, Headline, Identity, Key, KeyForm, KindName, Marks, NormalDigest, Picture,
    Problem, Request, Response, Saved, Server, Target,
};

/// Makes the table of kinds: [`KINDS`], and of each kind its `NAME`, which holds its place in the table.
macro_rules! table {
    ($($module:ident::$kind:ident is $name:literal by $keys:ident),+ $(,)?) => {
        /// Every kind, in the order in which objects are created: what is referred to comes first.
        pub static KINDS: &[&dyn Kind] = &[$(&$module::$kind),+];

        #[derive(Clone, Copy)]
        enum Rank { $($kind),+ }

        $(impl $module::$kind {
            /// Its name, as in addresses.
            pub const NAME: KindName = KindName::in_table($name, Rank::$kind as u8, KeyForm::$keys);
        })+
    };
}

table! {
    folder::Folder is "folder" by Uid,
    datasource::Datasource is "datasource" by Uid,
    library_panel::LibraryPanel is "library_panel" by Uid,
    dashboard::Dashboard is "dashboard" by Uid,
}

/// The kind whose objects hold others, and which directories stand for.
pub const CONTAINER: KindName = folder::Folder::NAME;

/// The kinds whose objects stand in folders, by name.
pub fn in_folders() -> impl Iterator<Item = &'static dyn Kind> {
    let mut kinds: Vec<&'static dyn Kind> = KINDS.iter().copied().filter(|kind| kind.facts().in_folder).collect();
    kinds.sort_by_key(|kind| kind.name());
    kinds.into_iter()
}

/// The kind of a name. There always is one: the table makes the names, each with its place in it.
#[must_use]
pub fn by_name(name: KindName) -> &'static dyn Kind {
    KINDS[name.rank()]
}

/// The kind whose name a user wrote, as in `dashboard.cpu`; none when there is no such kind.
#[must_use]
pub fn named(text: &str) -> Option<KindName> {
    KINDS.iter().map(|kind| kind.name()).find(|name| name.as_str() == text)
}

/// Reads an address as people and records write it: `dashboard.cpu`; none when it is none.
#[must_use]
pub fn address(text: &str) -> Option<Address> {
    Address::parse(text, named)
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        let text = String::deserialize(deserializer)?;
        let none = || D::Error::custom(format!("`{}` is not an address", text.escape_debug()));
        address(&text).ok_or_else(none)
    }
}

/// One sort of thing that Grafana keeps.
pub trait Kind: Sync {
    /// Its name, as in addresses.
    fn name(&self) -> KindName;

    /// What planner, executor and reader go by.
    fn facts(&self) -> &'static Facts;

    /// What a plan says of a body.
    fn headline(&self, body: &Value) -> Headline;

    /// The body of an object of which there is nothing to say but its title; none for kinds that say more.
    fn titled(&self, title: &str) -> Option<Value> {
        let _ = title;
        None
    }

    /// A live object as a file holds it: its body as the server gave it ([`Live::body`]), its uid with it, without what
    /// servers own; secrets are not in it. Its normal form is that of the live body.
    fn document(&self, key: &Key, body: &Value) -> Value;

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

    /// An older normal form with everything in it that the server's own front end changed as somebody saved it, where it
    /// did: what then still differs from `after` is what that person changed.
    fn saved_by_editor(&self, before: &Value, after: &Value, numbers: Numbers) -> Option<Value> {
        let _ = (before, after, numbers);
        None
    }

    /// What is needed to draw how two normal forms differ, for kinds that look like something; a side that is not there is
    /// none.
    fn picture(&self, before: Option<&Value>, after: Option<&Value>, numbers: Numbers) -> Option<Picture> {
        let _ = (before, after, numbers);
        None
    }

    /// How to read one object.
    fn read(&self, key: &Key, server: &Server) -> Request;

    /// What an answer to [`Kind::read`] says: the object, or none when the server says that it is not there.
    ///
    /// Errors are answers that say neither, in words for people.
    fn found(&self, answer: &Response, server: &Server) -> Result<Option<Live>, String>;

    /// How to make an object that is not there; the server is to refuse it when it is.
    fn create(&self, wire: &Wire, server: &Server) -> Request;

    /// How to change an object from what was seen: one request or several, in order.
    fn update(&self, wire: &Wire, seen: &Live, server: &Server) -> Vec<Request>;

    /// How to remove an object that was seen, with whatever precondition the server takes.
    fn delete(&self, key: &Key, seen: &Identity, server: &Server) -> Request;

    /// What an answer to a write means.
    fn judge(&self, write: Write, key: &Key, answer: &Response) -> Verdict;

    /// How the server holds a write to what was seen of the object before it.
    fn hold(&self, write: Write, seen: &Identity, server: &Server) -> Hold;

    /// What the answer to a create or an update that was done says of the object that it left.
    fn said(&self, answer: &Response, server: &Server) -> Said;

    /// By how many versions such an update raises the object; none where that cannot be told.
    fn raises(&self, wire: &Wire, seen: &Live) -> Option<i64> {
        let _ = (wire, seen);
        Some(1)
    }

    /// Whether an answer to a delete proves by itself that the object is gone.
    fn says_gone(&self, answer: &Response) -> bool {
        let _ = answer;
        false
    }

    /// The digests by which what is live may have been planned, for such a write.
    fn contents(&self, normal: &Normal, write: Write) -> Vec<Digest> {
        let _ = write;
        vec![normal.digest().recorded()]
    }

    /// Whether what a create left is as intended, but for something that an update sets right.
    fn nearly(&self, normal: &Normal, intended: &Digest) -> bool {
        let _ = (normal, intended);
        false
    }

    /// How this server lists the objects of this kind.
    fn listing(&self, server: &Server) -> Listing;

    /// The page that shows an object in a browser, below the workspace's URL; none where it has none of its own.
    fn page(&self, key: &Key) -> Option<String> {
        let _ = key;
        None
    }

    /// The last `limit` versions of an object, where the server keeps a history.
    fn history(&self, key: &Key, limit: usize) -> Option<Request> {
        let _ = (key, limit);
        None
    }

    /// One version of an object, where the server keeps a history.
    fn past_version(&self, key: &Key, version: i64) -> Option<Request> {
        let _ = (key, version);
        None
    }

    /// Who made and who saved an object, by name, where the answer to [`Kind::read`] names them by numbers only.
    fn savers(&self, key: &Key) -> Option<Request> {
        let _ = key;
        None
    }

    /// Where this server lets a name of this kind stand once; none where it may repeat.
    fn unique(&self, server: &Server) -> Option<Unique> {
        let _ = server;
        None
    }

    /// The kinds whose names an object may not have on this server.
    fn rivals(&self, server: &Server) -> Vec<Rival> {
        let _ = server;
        Vec::new()
    }

    /// Why a name that clashes is refused.
    fn clash(&self, clash: &Clash<'_>) -> Objection {
        let Facts { singular, .. } = self.facts();
        let reason = format!("the {singular} `{}` has the name that it takes", clash.other);
        Objection::new("name-taken", reason, "give one of them another name")
    }

    /// Why the server cannot change what is live into what is wanted, if it cannot: it is deleted and made anew then.
    /// Both are normal forms ([`Normal::whole`]).
    fn cannot_become(&self, live: &Value, wanted: &Value) -> Option<String> {
        let _ = (live, wanted);
        None
    }

    /// Why this server does not move an object to a folder, or to the root, if it does not.
    fn cannot_move(&self, to: Option<&str>, server: &Server) -> Option<Objection> {
        let _ = (to, server);
        None
    }

    /// What an object of the workspace needs of others, as far as its body says it: by uid or by name, links in its texts
    /// among them.
    fn uses(&self, body: &Value) -> BTreeSet<Target> {
        let _ = body;
        BTreeSet::new()
    }

    /// The ids of the plugins that a body needs, without those that every Grafana has built in or replaces by itself.
    fn plugins(&self, body: &Value) -> BTreeSet<String> {
        let _ = body;
        BTreeSet::new()
    }

    /// How to ask who uses an object, for kinds whose objects must not be used by anything when they are deleted.
    fn users(&self, key: &Key) -> Option<Request> {
        let _ = key;
        None
    }

    /// What an answer to [`Kind::users`] says. Errors are words for people.
    fn used_by(&self, answer: &Response) -> Result<Vec<Address>, String> {
        let _ = answer;
        Ok(Vec::new())
    }

    /// Whether such a body takes something from others of its kind as it is saved, so that it is saved after them: there
    /// is one default among the data sources.
    fn goes_last(&self, normal: &Value) -> bool {
        let _ = normal;
        false
    }

    /// The digest of a normal form as it was before another object of this kind took something from it ([`Kind::goes_last`]).
    fn before_giving_way(&self, normal: &Value) -> Option<Digest> {
        let _ = normal;
        None
    }
}

/// How a server holds a write to what was seen before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// It compares and stores in one step: an edit in between is refused, and the answer is the whole truth.
    Swap,
    /// It compares, or does not, and stores in another step: what is there is read before and after.
    Loose,
}

/// What the answer to a write says of the object that it left behind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// As far as the answer says it: empty where it does not.
    pub identity: Identity,
    /// What was stored, where the answer holds all of it.
    pub content: Option<Content>,
}

/// A content, and the folder it is in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// Its recorded digest.
    pub digest: Digest,
    /// The uid of the folder; none at the root.
    pub parent: Option<String>,
}

/// Asks for a list without specs: 1/38 of the bytes (fact: `lists-without-specs`).
pub const METADATA: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

/// One version of an object's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Past {
    /// Its number.
    pub version: i64,
    /// Who saved it; empty where the server does not say it by name.
    pub by: String,
    /// The message of that save.
    pub message: String,
}

/// The versions in a history: a list, or since 12.x an object that holds one; none when the answer is neither.
#[must_use]
pub fn past(answer: &Response) -> Option<Vec<Past>> {
    let json = answer.json();
    let list = json.get("versions").unwrap_or(&json).as_array().filter(|_| answer.status == 200)?;
    let one = |entry: &Value| Past {
        version: entry.get("version").and_then(Value::as_i64).unwrap_or(0),
        by: text(entry, "/createdBy"),
        message: text(entry, "/message"),
    };
    Some(list.iter().map(one).collect())
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
    /// The body as the server gave it, in the shape that [`Kind::normal`] takes; null where it was not asked for.
    pub body: Value,
    /// What others put on it beside its content, where the server keeps that.
    pub marks: Marks,
}

impl Live {
    /// What the answer to a write says, where it is the whole object.
    #[must_use]
    pub fn said(self, kind: &dyn Kind) -> Said {
        let digest = kind.normal(self.body).digest().recorded();
        Said { identity: self.found.identity, content: Some(Content { digest, parent: self.found.parent }) }
    }
}

/// What is to be sent for one object.
#[derive(Clone)]
pub struct Wire {
    /// What tells it apart.
    pub key: Key,
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

/// What an answer to a read of one object holds; none when the server says that it is not there. A 404 without a word
/// of Grafana's is a proxy's, and says nothing.
pub(crate) fn present(answer: &Response) -> Result<Option<Value>, String> {
    match answer.status {
        200 => Ok(Some(answer.json())),
        404 if answer.is_grafanas() => Ok(None),
        _ => Err(answer.message()),
    }
}

/// What any kind makes of an answer that is neither a success nor one of its own refusals.
pub(crate) fn judge_common(write: Write, answer: &Response) -> Verdict {
    match answer.status {
        200..=299 => Verdict::Done,
        401 => Verdict::Unauthorised,
        403 => Verdict::Forbidden,
        404 if write == Write::Create && answer.is_grafanas() => Verdict::Refused(answer.message()),
        404 if write == Write::Create => Verdict::Unknown,
        404 => Verdict::Gone,
        429 | 503 => Verdict::Busy,
        500 | 502 | 504 => Verdict::Unknown,
        // Only Grafana's own words refuse something for good: a proxy's may stand before a write that was done.
        _ if answer.is_grafanas() => Verdict::Refused(answer.message()),
        _ => Verdict::Unknown,
    }
}

/// Whether an answer to a save is for the object that was sent: an empty one, or one that names none, says nothing.
pub(crate) fn judge_saved(said: &str, uid: &str) -> Verdict {
    match said {
        _ if said == uid => Verdict::Done,
        "" => Verdict::Unknown,
        other => Verdict::Refused(format!("the server saved `{other}` instead")),
    }
}

/// Text of a JSON field; empty when it is none.
#[must_use]
pub fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A number or text of a JSON field as text; empty when it is neither.
#[must_use]
pub fn number_text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::Number(n)) => n.to_string(),
        Some(Value::String(s)) => s.clone(),
        _ => String::new(),
    }
}

/// What the metadata of a resource of `/apis` says of identity.
#[must_use]
pub fn resource_identity(object: &Value) -> Identity {
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
#[must_use]
pub fn resource_parent(object: &Value) -> Option<String> {
    let parent = text(object, "/metadata/annotations/grafana.app~1folder");
    (!parent.is_empty()).then_some(parent)
}

/// What others put on a resource of `/apis`: a PUT has to send it again. What the server writes itself, and what holds
/// for one save only, is left out.
pub(crate) fn resource_marks(object: &Value) -> Marks {
    const OWN: [&str; 9] = [
        "createdBy",
        "updatedBy",
        "updatedTimestamp",
        "folder",
        "folderTitle",
        "folderUrl",
        "message",
        "grant-permissions",
        "saved-from-ui",
    ];
    let texts = |pointer: &str| {
        let members = object.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
        members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
    };
    let own = |key: &str| key.strip_prefix("grafana.app/").is_some_and(|rest| OWN.contains(&rest));
    Marks {
        labels: texts("/metadata/labels").collect(),
        annotations: texts("/metadata/annotations").filter(|(key, _)| !own(key)).collect(),
    }
}

/// Whether an object lives in unified storage: its resource version is a moment in microseconds or larger, not a small
/// counter, nor a moment in milliseconds, which legacy storage gives folders.
#[must_use]
pub fn on_unified_storage(identity: &Identity) -> bool {
    identity.resource.len() >= 16
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_for_its_kind() {
        for (place, kind) in KINDS.iter().enumerate() {
            assert_eq!(kind.name().rank(), place);
            assert_eq!(by_name(kind.name()).name(), kind.name());
            assert_eq!(named(kind.name().as_str()), Some(kind.name()));
            assert_eq!(kind.facts().holds.is_some(), kind.name() == CONTAINER, "one kind holds the others");
        }
        assert_eq!(named("panel"), None);
    }
}
