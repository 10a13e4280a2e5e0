//! What planner, executor and reader go by, instead of the names of kinds: facts of a kind as plain data, and what names
//! its objects may not share. Pure.
//!
//! A fact is here because something outside of the kinds asks for it. What takes more than a word to answer is a
//! function of [`Kind`](super::Kind).

use serde_json::Value;

use super::Live;
use crate::model::{Address, KindName, Listed, Server};

/// The facts of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// One of it, in sentences: `data source`.
    pub singular: &'static str,
    /// Several of it, in counts: `data sources`.
    pub plural: &'static str,
    /// How many levels deep its objects hold others; none for a kind whose objects hold nothing.
    ///
    /// One kind has it: that which directories stand for ([`super::CONTAINER`]).
    pub holds: Option<usize>,
    /// Whether its objects are in folders. What is in none is told as a list of settings.
    pub in_folder: bool,
    /// Whether its uids are told apart from those of other kinds.
    pub uids: UidSpace,
    /// Whether others refer to its objects by their names as well as by their uids.
    pub named: bool,
    /// The kinds that its objects refer to: theirs are deleted after all writes of this kind, which may let go of them.
    pub uses: &'static [KindName],
    /// Whether one that somebody else has made in the same moment is used as it is, and not a conflict.
    pub shared: bool,
    /// Whether its objects are deleted one at a time: side by side, servers answer with refusals that are not true
    /// (fact: `untrue-401-403`).
    pub deleted_alone: bool,
    /// The member of a body that holds its secrets, for kinds that have any: values of such a body may come from
    /// elsewhere, and are not shown.
    pub secrets: Option<&'static str>,
    /// Whether bodies are so small that those that were read are kept, whatever they are.
    pub small: bool,
    /// Whether the server stores a leaf of it by its shortest refresh, which then has to be read.
    pub refreshes: bool,
    /// What a token may have to do, everywhere, to see all of them: `dashboards:read`.
    pub right: &'static str,
    /// What a plan says where no list of them could be had.
    pub unlisted: &'static str,
}

/// Whose uids are told apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum UidSpace {
    /// The kind's own.
    Own,
    /// Those of all that stands in the tree of folders: one space on some servers (fact: `one-uid-two-kinds`).
    Tree,
}

/// How a server lists the objects of a kind.
#[derive(Clone, Debug)]
pub enum Listing {
    /// A list of `/apis`, page by page: it tells version and folder of every object.
    Resources {
        /// Its path.
        path: String,
        /// The `Accept` header that leaves the contents out, where that is worth it.
        accept: Option<&'static str>,
        /// What an item says; its body is null where contents are left out.
        item: fn(Value) -> Live,
    },
    /// The search, for hits of this type.
    Search(&'static str),
    /// Pages of whole objects, asked for only where the directory or the record has one.
    Pages {
        /// Its path, with a query.
        path: &'static str,
        /// Where in an answer its objects stand, as a JSON pointer.
        items: &'static str,
        /// What an item says, by its uid; none when it is none of the kind.
        item: fn(Value) -> Option<(String, Live)>,
    },
    /// One answer that holds all of them; a token without the kind's right gets an empty one, or a refusal
    /// (fact: `lists-hide`).
    Whole {
        /// Its path.
        path: &'static str,
        /// What an entry says.
        entry: fn(&Value) -> Listed,
    },
}

/// Where a server lets a name stand once, and how it compares two.
#[derive(Clone, Copy, Debug)]
pub struct Unique {
    /// Among which objects of the kind.
    pub among: Among,
    /// What of a name is compared.
    pub key: fn(&str) -> String,
}

/// Among which objects of a kind a name stands once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Among {
    /// All of the workspace.
    Workspace,
    /// Those of one folder.
    Folder,
}

/// A kind whose names an object may not have on a server.
#[derive(Clone, Copy, Debug)]
pub struct Rival {
    /// The kind.
    pub kind: KindName,
    /// Where its objects count.
    pub place: RivalPlace,
    /// At which time.
    pub when: When,
}

/// Where the objects of a rival kind count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RivalPlace {
    /// Wherever they are.
    Anywhere,
    /// At the root.
    Root,
    /// In the folder that the object is, or is to be, in.
    SameFolder,
}

/// Which objects of a rival kind count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Those that are there now, wherever they will be.
    Now,
    /// Those that will be there after the plan.
    Afterwards,
}

/// Two objects that cannot have one name, as far as a sentence about it needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Clash<'a> {
    /// What is the matter.
    pub how: How,
    /// The object's own name or title, as it may be shown.
    pub own: &'a str,
    /// The uid of the other one.
    pub other: &'a str,
    /// The name or title of the other one, as far as it is known and may be shown.
    pub theirs: &'a str,
    /// Whether the other one is, or will be, in the same folder.
    pub beside: bool,
    /// The other one, where the directory declares it.
    pub declared: Option<&'a Address>,
    /// The server.
    pub server: &'a Server,
}

/// What is the matter with two names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// Both take it.
    Twice,
    /// The other one has it and keeps it.
    Taken,
    /// Each waits for the other's.
    Ring,
    /// The other one is of a rival kind.
    Rival(RivalPlace),
}

/// Why something is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Objection {
    /// The code.
    pub code: &'static str,
    /// The reason.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

impl Objection {
    /// Puts the three together.
    pub(crate) fn new(code: &'static str, reason: String, hint: impl Into<String>) -> Objection {
        Objection { code, reason, hint: hint.into() }
    }
}

/// How two objects swap names or titles in two applies.
pub(crate) fn in_two_steps(what: &str) -> String {
    format!("give one of them a third {what}, apply, then the {what} it is to have, and apply again")
}
