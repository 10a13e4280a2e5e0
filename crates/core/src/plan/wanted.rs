//! What the directory wants of each object, whatever its kind, and where every folder is. Pure.
//!
//! What is to be done about it is decided in [`super::decide`].

use std::collections::BTreeMap;

use serde_json::Value;

use super::Refusal;
use super::bind::{Bindings, Bound};
use super::inputs::Inputs;
use crate::kinds::{self, Normal};
use crate::model::{
    Address, BodyRef, Declared, Digest, FetchedContent, FolderPath, Headline, NormalDigest, Place, Target, Uid,
    UidFrom,
};

/// What the directory wants of one object, whatever its kind.
pub(super) struct Wanted<'a> {
    pub digest: NormalDigest,
    pub parent: Option<String>,
    pub headline: Headline,
    /// Its title or name as the server is to have it; never shown.
    pub name: &'a str,
    pub place: Place,
    pub content: Option<Digest>,
    /// Where its body is read again; none for a folder.
    pub body_ref: Option<&'a BodyRef>,
    pub protect: bool,
    /// One that is there and not ours is used as it is ([`Declared::carried`]).
    pub carried: bool,
    /// What its body was fetched as ([`Declared::fetched`]).
    pub fetched: Option<&'a FetchedContent>,
    pub secrets: Vec<&'a str>,
    pub references: Vec<&'a Target>,
    pub refused: Option<Refusal>,
    /// Its normal form, where it differs from what is live.
    pub body: Option<Value>,
    pub note: Option<String>,
    pub uid_is_derived: bool,
}

pub(super) fn wanted<'a>(inputs: &'a Inputs<'a>, bindings: &'a Bindings) -> BTreeMap<Address, Wanted<'a>> {
    let mut all = BTreeMap::new();
    let container = kinds::by_name(kinds::CONTAINER);
    for binding in bindings.all.iter().filter(|b| b.how != Bound::Borrowed) {
        let Ok(uid) = Uid::parse(&binding.uid) else { continue };
        let Some(body) = container.titled(&binding.title).map(|body| container.normal(body)) else { continue };
        all.insert(
            Address::new(kinds::CONTAINER, uid),
            Wanted {
                digest: body.digest(),
                parent: binding.parent.clone(),
                headline: Headline { title: binding.title.clone(), facts: Vec::new() },
                name: &binding.title,
                place: binding.place.clone(),
                content: None,
                body_ref: None,
                protect: binding.protect,
                carried: false,
                fetched: None,
                secrets: Vec::new(),
                references: Vec::new(),
                refused: binding.refused.clone(),
                body: Some(body.whole()),
                note: binding.note.clone(),
                uid_is_derived: false,
            },
        );
    }
    for declared in inputs.declared {
        all.insert(declared.address.clone(), wanted_object(inputs, declared, bindings));
    }
    all
}

pub(super) fn wanted_object<'a>(inputs: &'a Inputs<'a>, declared: &'a Declared, bindings: &Bindings) -> Wanted<'a> {
    let kind = kinds::by_name(declared.address.kind);
    let digest = kinds::stored(kind, &declared.digest, inputs.server);
    let body = inputs.bodies.get(&declared.address).cloned();
    let body = body.map(|value| Normal { value, soft: digest.soft.clone() }.whole());
    let (parent, note) = parent(inputs, declared, bindings);
    Wanted {
        parent,
        digest,
        headline: declared.headline.clone(),
        name: &declared.name,
        place: declared.place.clone(),
        content: (declared.uid_from != UidFrom::Document).then(|| declared.body.file_digest.clone()),
        body_ref: Some(&declared.body),
        protect: declared.protect,
        carried: declared.carried,
        fetched: declared.fetched.as_ref(),
        secrets: declared.secrets.iter().map(|s| s.key.as_str()).collect(),
        references: declared.references.iter().map(|r| &r.to).collect(),
        refused: None,
        body,
        note,
        uid_is_derived: matches!(declared.uid_from, UidFrom::Path | UidFrom::Name),
    }
}

/// The uid of the folder that an object is to be in. What is only carried along stays where it is when the server does not
/// move it: which export comes first is no reason to refuse anything.
fn parent(inputs: &Inputs<'_>, declared: &Declared, bindings: &Bindings) -> (Option<String>, Option<String>) {
    let parent = bindings.uid_of(&declared.parent);
    let there = inputs.live.found.get(&declared.address).filter(|_| declared.carried);
    let kind = kinds::by_name(declared.address.kind);
    match there {
        Some(found) if found.parent != parent && kind.cannot_move(parent.as_deref(), inputs.server).is_some() => {
            let note = format!("it stays in its folder: this server does not move a {}", kind.facts().singular);
            (found.parent.clone(), Some(note))
        }
        _ => (parent, None),
    }
}

/// Where every folder is, by uid, as titles: live ones and those this plan makes.
pub(super) struct Paths(BTreeMap<String, FolderPath>);

impl Paths {
    pub(super) fn new(inputs: &Inputs<'_>, bindings: &Bindings) -> Paths {
        let mut above: BTreeMap<&str, (&str, Option<&str>)> = BTreeMap::new();
        for folder in inputs.live.all(kinds::CONTAINER) {
            above.insert(&folder.uid, (&folder.title, folder.parent.as_deref()));
        }
        for binding in &bindings.all {
            above.entry(&binding.uid).or_insert((&binding.title, binding.parent.as_deref()));
        }
        let path = |uid: &str| {
            let mut titles = Vec::new();
            let mut at = Some(uid);
            // Bounded: a server may hold a ring of folders, or a parent that is not there (fact:
            // `parent-not-checked`).
            while let Some((title, parent)) = at.and_then(|uid| above.get(uid)).filter(|_| titles.len() < 32) {
                titles.push((*title).to_owned());
                at = *parent;
            }
            titles.reverse();
            FolderPath::new(titles)
        };
        Paths(above.keys().filter_map(|uid| path(uid).map(|p| ((*uid).to_owned(), p))).collect())
    }

    pub(super) fn of(&self, uid: Option<&str>) -> Option<FolderPath> {
        let uid = uid?;
        self.0.get(uid).cloned().or_else(|| FolderPath::new(vec![format!("(folder {uid})")]))
    }
}
