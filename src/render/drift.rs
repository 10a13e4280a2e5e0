//! `amgctl drift` as people and machines read it (pure). What is said stands in [`super::story::drift`].

use std::collections::BTreeMap;

use serde::Serialize;

use super::story::drift::{Seen, happened, per_kind};
use super::style::{Style, Tone, clean};
use super::{human, json, story, table};
use crate::model::{Delta, Place};
use crate::plan::outside::{Drifted, OwnFile, Unmanaged, What};

/// All of it for a terminal. `took` is what it cost: `12 requests, 0.4 s`.
#[must_use]
pub fn text(seen: &Seen<'_>, took: &str, style: &Style) -> String {
    let mut story = story::drift::of(seen, took);
    if !seen.lists_unmanaged || seen.outside.unmanaged.is_empty() {
        return human::set(&story, 0, style).trim_end().to_owned();
    }
    let closing = story::Story { sections: story.sections.pop().into_iter().collect() };
    let (above, below) = (human::set(&story, 0, style), human::set(&closing, 0, style));
    format!("{}\n\n{}\n\n{}", above.trim_end(), list(&seen.outside.unmanaged, style), below.trim_end())
}

/// What is not ours, one line each, with the command that takes it into the directory.
fn list(unmanaged: &[Unmanaged], style: &Style) -> String {
    let lines: Vec<[String; 4]> = unmanaged
        .iter()
        .map(|one| {
            let name = match &one.address {
                Some(address) => address.to_string(),
                None => format!("{} {:?}", one.kind, clean(&one.uid)),
            };
            let folder =
                one.folder.as_ref().map(|path| format!("in {}", clean(&path.to_string()))).unwrap_or_default();
            let title = if one.title.is_empty() { String::new() } else { format!("\"{}\"", clean(&one.title)) };
            [name, title, folder, import(one).unwrap_or_else(|| "amgctl takes no uid of this form".to_owned())]
        })
        .collect();
    let rows: Vec<[&str; 4]> = lines.iter().map(|[a, b, c, d]| [a.as_str(), b, c, d]).collect();
    let text = table::table(["OBJECT", "TITLE", "FOLDER", "TAKE IT INTO THE DIRECTORY"], &rows);
    match text.split_once('\n') {
        Some((head, rest)) => format!("{}\n{rest}", style.paint(Tone::Dim, head)),
        None => text,
    }
}

/// The command that takes an object into the directory.
fn import(one: &Unmanaged) -> Option<String> {
    one.address.as_ref().map(|address| format!("amgctl import {address}"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    workspace: &'a str,
    grafana_version: &'a str,
    stack: &'a str,
    recorded: usize,
    drift: Vec<One<'a>>,
    also_in_directory: Vec<String>,
    left_to_others: Vec<String>,
    notes: &'a [String],
    unknown: &'a [String],
    unmanaged: BTreeMap<&'a str, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmanaged_objects: Option<Vec<Foreign<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'a> {
    address: String,
    title: &'a str,
    what: &'static str,
    words: String,
    by: Option<&'a str>,
    at: Option<&'a str>,
    version: i64,
    applied_version: i64,
    from_folder: Option<String>,
    to_folder: Option<String>,
    file: &'a str,
    place: Option<&'a Place>,
    file_is: &'static str,
    differences: Option<&'a Delta>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Foreign<'a> {
    address: Option<String>,
    kind: &'a str,
    uid: &'a str,
    title: &'a str,
    folder: Option<String>,
    import: Option<String>,
}

/// The same for machines.
#[must_use]
pub fn document(seen: &Seen<'_>) -> String {
    let outside = seen.outside;
    let names = |all: &[crate::model::Address]| all.iter().map(ToString::to_string).collect();
    json::text(&Document {
        workspace: seen.workspace,
        grafana_version: seen.version,
        stack: seen.stack,
        recorded: outside.recorded,
        drift: outside.drifted.iter().map(one).collect(),
        also_in_directory: names(&outside.taken_over),
        left_to_others: names(&outside.left_to_others),
        notes: seen.notes,
        unknown: seen.unknown,
        unmanaged: per_kind(&outside.unmanaged).into_iter().map(|(kind, n)| (kind.name().as_str(), n)).collect(),
        unmanaged_objects: seen.lists_unmanaged.then(|| outside.unmanaged.iter().map(foreign).collect()),
    })
}

fn foreign(one: &Unmanaged) -> Foreign<'_> {
    let Unmanaged { kind, uid, title, folder, address } = one;
    Foreign {
        address: address.as_ref().map(ToString::to_string),
        kind: kind.as_str(),
        uid,
        title,
        folder: folder.as_ref().map(ToString::to_string),
        import: import(one),
    }
}

fn one(one: &Drifted) -> One<'_> {
    let said = |text: &'_ String| !text.is_empty();
    let path = |path: &Option<crate::model::FolderPath>| story::folder(path.as_ref());
    One {
        address: one.address.to_string(),
        title: &one.title,
        what: match one.what {
            What::Changed => "changed",
            What::Moved => "moved",
            What::Deleted => "deleted",
            What::MadeAgain => "made-again",
            What::SecretsUnclear => "secrets-unclear",
            What::Unclear => "unclear",
        },
        words: happened(one),
        by: Some(&one.saved.by).filter(|text| said(text)).map(String::as_str),
        at: Some(&one.saved.at).filter(|text| said(text)).map(String::as_str),
        version: one.version,
        applied_version: one.recorded,
        from_folder: one.moved.as_ref().map(|moved| path(&moved.from)),
        to_folder: one.moved.as_ref().map(|moved| path(&moved.to)),
        file: &one.source,
        place: one.place.as_ref(),
        file_is: match one.file {
            OwnFile::AsApplied => "as-applied",
            OwnFile::Changed => "changed",
            OwnFile::Gone => "gone",
        },
        differences: one.delta.as_ref(),
    }
}
