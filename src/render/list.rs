//! `amgctl list` as people and machines read it (pure): one line for each object.

use serde::Serialize;

use super::story::minute;
use super::style::{Style, Tone, clean};
use super::{json, table};
use crate::model::{Owned, Place, Saved};

/// One object.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Its address; a kind and a uid where that is none that amgctl takes.
    pub address: String,
    /// Its title or name; empty where nobody says.
    pub title: String,
    /// Whose it is.
    pub owner: Owner,
    /// Where the directory declares it; none where it does not.
    pub place: Option<Place>,
    /// The file that declared it when it was last applied; empty for what is not this stack's.
    pub source: String,
    /// What the workspace has of it.
    pub there: There,
    /// Where a browser shows it; none where it is gone, has no page, or the workspace has no address that stays.
    pub url: Option<String>,
}

/// Whose an object is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Owner {
    /// This stack's, and how it came to be.
    Ours {
        /// How it became ours.
        how: Owned,
        /// Whether it survives its removal from the directory.
        protect: bool,
    },
    /// Another stack's.
    Stack(String),
    /// Nobody's.
    Nobody,
}

/// What the workspace has of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum There {
    /// It is there; the version and who saved it, as far as that was read.
    Is {
        /// The version; none where it was not read.
        version: Option<i64>,
        /// Who saved it last, and when.
        saved: Saved,
    },
    /// It was deleted.
    Gone,
    /// It could not be read; why.
    Unread(String),
}

/// All rows as a table. `owners` says whether there are others' among them.
#[must_use]
pub fn text(rows: &[Row], owners: bool, style: &Style) -> String {
    let lines: Vec<[String; 7]> = rows.iter().map(line).collect();
    let text = if owners {
        let cells: Vec<[&str; 7]> = lines.iter().map(|line| line.each_ref().map(String::as_str)).collect();
        table::table(["OBJECT", "TITLE", "OWNER", "DECLARED IN", "VERSION", "LAST SAVED", "URL"], &cells)
    } else {
        let cells: Vec<[&str; 6]> = lines
            .iter()
            .map(|[object, title, _, place, version, saved, url]| {
                [object, title, place, version, saved, url].map(String::as_str)
            })
            .collect();
        table::table(["OBJECT", "TITLE", "DECLARED IN", "VERSION", "LAST SAVED", "URL"], &cells)
    };
    match text.split_once('\n') {
        Some((head, rest)) => format!("{}\n{rest}", style.paint(Tone::Dim, head)),
        None => text,
    }
}

fn line(row: &Row) -> [String; 7] {
    let Row { address, title, owner, place, source, there, url } = row;
    let owner = match owner {
        Owner::Ours { .. } => "this stack".to_owned(),
        Owner::Stack(stack) => format!("stack {stack}"),
        Owner::Nobody => "nobody".to_owned(),
    };
    let place = match place {
        Some(place) => place.to_string(),
        None if source.is_empty() => String::new(),
        None => format!("not any more (was in {source})"),
    };
    let (version, saved) = match there {
        There::Is { version, saved } => {
            let at = if saved.at.is_empty() { String::new() } else { minute(&saved.at) };
            let by = if saved.by.is_empty() { String::new() } else { format!(" by {}", saved.by) };
            (version.map(|version| version.to_string()).unwrap_or_default(), format!("{at}{by}").trim().to_owned())
        }
        There::Gone => (String::new(), "not in the workspace".to_owned()),
        There::Unread(why) => (String::new(), format!("not read: {why}")),
    };
    let url = url.clone().unwrap_or_default();
    [address.clone(), title.clone(), owner, place, version, saved, url].map(|cell| clean(&cell).into_owned())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    workspace: &'a str,
    stack: &'a str,
    objects: Vec<One<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'a> {
    address: &'a str,
    title: &'a str,
    owner: &'static str,
    stack: Option<&'a str>,
    adopted: Option<bool>,
    protected: Option<bool>,
    place: Option<&'a Place>,
    file: Option<&'a str>,
    state: &'static str,
    version: Option<i64>,
    saved_by: Option<&'a str>,
    saved_at: Option<&'a str>,
    url: Option<&'a str>,
}

/// The same for machines.
#[must_use]
pub fn document(workspace: &str, stack: &str, rows: &[Row]) -> String {
    json::text(&Document { workspace, stack, objects: rows.iter().map(|row| one(row, stack)).collect() })
}

fn one<'a>(row: &'a Row, own: &'a str) -> One<'a> {
    let said = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    let (owner, stack, how) = match &row.owner {
        Owner::Ours { how, protect } => ("this-stack", Some(own), Some((*how == Owned::Adopted, *protect))),
        Owner::Stack(stack) => ("other-stack", Some(stack.as_str()), None),
        Owner::Nobody => ("nobody", None, None),
    };
    let (state, version, saved) = match &row.there {
        There::Is { version, saved } => ("there", *version, Some(saved)),
        There::Gone => ("gone", None, None),
        There::Unread(_) => ("unread", None, None),
    };
    One {
        address: &row.address,
        title: &row.title,
        owner,
        stack,
        adopted: how.map(|(adopted, _)| adopted),
        protected: how.map(|(_, protected)| protected),
        place: row.place.as_ref(),
        file: said(&row.source),
        state,
        version,
        saved_by: saved.and_then(|saved| said(&saved.by)),
        saved_at: saved.and_then(|saved| said(&saved.at)),
        url: row.url.as_deref(),
    }
}
