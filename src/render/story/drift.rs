//! What `amgctl drift` has to say: what others did since the last apply, and what is not ours.

use super::plan::drifted;
use super::{Item, ObjectItem, Part, Section, Sign, Story, folder};
use crate::kinds::{KINDS, Kind};
use crate::model::{Address, counted};
use crate::plan::outside::{Drifted, Outside, OwnFile, Unmanaged, What};
use crate::plan::{Drift, DriftKind};

/// What is known of a stack's drift.
pub struct Seen<'a> {
    /// The workspace as people know it.
    pub workspace: &'a str,
    /// The Grafana version as the server says it; empty when it hides it.
    pub version: &'a str,
    /// The stack.
    pub stack: &'a str,
    /// What others did.
    pub outside: &'a Outside,
    /// What a reader should know besides, one sentence each.
    pub notes: &'a [String],
    /// What is not known, one sentence each.
    pub unknown: &'a [String],
    /// Whether what is not ours is listed below.
    pub lists_unmanaged: bool,
}

/// All of it but the list of what is not ours, in which the closing words are the last section.
#[must_use]
pub fn of<'a>(seen: &Seen<'a>, took: &str) -> Story<'a> {
    let version = if seen.version.is_empty() { String::new() } else { format!(" (Grafana {})", seen.version) };
    let head = vec![("workspace", format!("{}{version}", seen.workspace)), ("stack", seen.stack.to_owned())];
    let mut sections = vec![Section::Head(head)];
    let items: Vec<Item<'a>> = seen.outside.drifted.iter().map(|one| Item::One(Box::new(item(one)))).collect();
    if !items.is_empty() {
        sections.push(Section::Objects { heading: "Changed outside amgctl since the last apply:", items });
    }
    let notes: Vec<String> = seen.notes.iter().cloned().chain(remarks(seen.outside)).collect();
    for (sort, texts) in [("note", notes), ("not known", seen.unknown.to_vec())] {
        if !texts.is_empty() {
            sections.push(Section::Remarks { sort, texts });
        }
    }
    sections.extend(unmanaged(seen).map(Section::Sentence));
    let is_known = seen.unknown.is_empty();
    sections.push(match (seen.outside.drifted.is_empty(), is_known) {
        (false, _) => Section::Counts(counts(&seen.outside.drifted)),
        (true, false) => {
            Section::Sentence(format!("No drift that this token can see ({took}); what is not known stands above."))
        }
        (true, true) => {
            let compared = counted(seen.outside.recorded, "object");
            Section::Sentence(format!("No drift. Nothing was changed outside ({compared}, {took})."))
        }
    });
    Story { sections }
}

fn item(one: &Drifted) -> ObjectItem<'_> {
    let mut parts = vec![Part::Sentence(format!("{}; {}", happened(one), declared(one)))];
    if one.delta.is_none()
        && one.what == What::Changed
        && let Some(why) = untold(one.file)
    {
        parts.push(Part::Sentence(why.to_owned()));
    }
    parts.extend(one.delta.as_ref().map(Part::Differences));
    ObjectItem {
        sign: Sign::Outside,
        address: one.address.clone(),
        title: one.title.clone(),
        folder: None,
        word: "",
        way: None,
        is_provisional: false,
        place: String::new(),
        parts,
    }
}

/// What others did to an object, who and when.
#[must_use]
pub fn happened(one: &Drifted) -> String {
    let told = |what| {
        let (saved, version, recorded) = (one.saved.clone(), one.version, one.recorded);
        drifted(&Drift { what, saved, version, recorded, delta: None })
    };
    let to = one.moved.as_ref().map(|moved| &moved.to);
    match one.what {
        What::Changed => match to {
            None => told(DriftKind::Changed),
            Some(to) => format!("{}, and moved it to {}", told(DriftKind::Changed), folder(to.as_ref())),
        },
        What::Moved => told(DriftKind::Moved(to.cloned().flatten())),
        What::Deleted => told(DriftKind::Deleted),
        What::MadeAgain => {
            format!("deleted, and another object has its uid by now: {}", told(DriftKind::Changed))
        }
        What::SecretsUnclear => {
            format!(
                "{}; all that can be read is as it was applied, so its secrets may have been changed",
                told(DriftKind::Changed)
            )
        }
        What::Unclear => format!(
            "{}; another version of amgctl recorded it, so what was changed cannot be told",
            told(DriftKind::Changed)
        ),
    }
}

fn declared(one: &Drifted) -> String {
    match (&one.place, one.file) {
        (None, _) | (_, OwnFile::Gone) => {
            format!("the directory does not declare it any more (it was in {})", one.source)
        }
        (Some(place), OwnFile::AsApplied) => format!("declared in {place}"),
        (Some(place), OwnFile::Changed) => format!("declared in {place}, which was changed too"),
    }
}

/// Why it is not said what was changed.
fn untold(file: OwnFile) -> Option<&'static str> {
    match file {
        OwnFile::AsApplied => None,
        OwnFile::Changed => Some(
            "what was applied is kept nowhere, and the file does not say it any more: `amgctl plan` shows how file and \
             workspace differ",
        ),
        OwnFile::Gone => Some("what was applied is kept nowhere, so what was changed cannot be told"),
    }
}

fn remarks(outside: &Outside) -> Vec<String> {
    let named = |all: &[Address]| all.iter().map(|address| format!("`{address}`")).collect::<Vec<_>>().join(", ");
    let mut remarks = Vec::new();
    if !outside.taken_over.is_empty() {
        remarks.push(format!(
            "changed outside, and the directory says the same by now, so the next apply only renews the record: {}",
            named(&outside.taken_over)
        ));
    }
    if !outside.left_to_others.is_empty() {
        remarks.push(format!(
            "changed outside, which is as it should be, because manifests say that they are only made: {}",
            named(&outside.left_to_others)
        ));
    }
    remarks
}

fn unmanaged(seen: &Seen<'_>) -> Option<String> {
    let counted: Vec<String> =
        per_kind(&seen.outside.unmanaged).into_iter().map(|(kind, n)| counted(n, kind.facts().singular)).collect();
    let hint = if seen.lists_unmanaged { ", listed below" } else { " (--unmanaged lists them)" };
    (!counted.is_empty()).then(|| format!("Not managed by any stack: {}{hint}.", counted.join(", ")))
}

/// How many there are of each kind, in the order in which kinds are created.
#[must_use]
pub fn per_kind(unmanaged: &[Unmanaged]) -> Vec<(&'static dyn Kind, usize)> {
    let count = |kind: &'static dyn Kind| (kind, unmanaged.iter().filter(|one| one.kind == kind.name()).count());
    KINDS.iter().map(|kind| count(*kind)).filter(|(_, count)| *count > 0).collect()
}

/// `Drift: 1 changed, 0 moved, 2 deleted outside.`
#[must_use]
pub fn counts(drifted: &[Drifted]) -> String {
    let count = |of: fn(What) -> bool| drifted.iter().filter(|one| of(one.what)).count();
    let changed = count(|what| matches!(what, What::Changed | What::SecretsUnclear | What::Unclear));
    let moved = count(|what| what == What::Moved);
    let deleted = count(|what| matches!(what, What::Deleted | What::MadeAgain));
    format!("Drift: {changed} changed, {moved} moved, {deleted} deleted outside.")
}
