//! How the entries of a delta read: a sign, what it is, what it was and becomes, aligned among neighbours.

use std::collections::{BTreeMap, BTreeSet};

use console::measure_text_width;

use super::style::{Style, Tone, clean};
use crate::model::{Delta, Entry, Mark};

/// Labels up to this width are aligned with their neighbours.
const COLUMN: usize = 28;
/// The most entries told of one object, and inside one entry; `--verbose` tells all.
const TOLD: usize = 40;
/// The most entries told inside one entry.
const TOLD_INSIDE: usize = 12;

/// The lines of a delta, after so many blanks.
#[must_use]
pub fn lines(delta: &Delta, indent: usize, style: &Style) -> Vec<String> {
    let mut out = Vec::new();
    for note in &delta.notes {
        out.extend(style.wrapped(&" ".repeat(indent), indent + 2, &clean(note)));
    }
    let (own, shared) = if style.verbose { (delta.entries.clone(), Vec::new()) } else { shared(&delta.entries) };
    entries(&own, indent, TOLD, style, &mut out);
    entries(&shared, indent, TOLD, style, &mut out);
    if !delta.unchanged.is_empty() {
        let text = format!("({} unchanged)", clean(&delta.unchanged));
        out.push(style.fit(&format!("{}{}", " ".repeat(indent), style.paint(Tone::Dim, &text))));
    }
    out
}

/// What more than this many panels share is told once.
const SHARED: usize = 3;

// What happened alike inside many entries, as a data source that became another everywhere, is told once with a count.
fn shared(entries: &[Entry]) -> (Vec<Entry>, Vec<Entry>) {
    let mut groups: BTreeMap<Alike<'_>, (usize, BTreeSet<usize>)> = BTreeMap::new();
    for (parent, entry) in entries.iter().enumerate() {
        for one in &entry.inside {
            if let Some(alike) = alike(one) {
                let (times, parents) = groups.entry(alike).or_default();
                *times += 1;
                parents.insert(parent);
            }
        }
    }
    groups.retain(|_, (_, parents)| parents.len() > SHARED);
    if groups.is_empty() {
        return (entries.to_vec(), Vec::new());
    }
    let is_shared = |one: &Entry| alike(one).is_some_and(|alike| groups.contains_key(&alike));
    let own = entries
        .iter()
        .filter(|entry| entry.inside.is_empty() || !entry.inside.iter().all(is_shared))
        .map(|entry| Entry {
            inside: entry.inside.iter().filter(|one| !is_shared(one)).cloned().collect(),
            ..entry.clone()
        })
        .collect();
    let mut told: Vec<_> = groups.into_iter().collect();
    told.sort_by_key(|(_, (times, _))| std::cmp::Reverse(*times));
    let told = told.into_iter().map(|(alike, (times, parents))| {
        let (sign, label, from, to) = alike;
        let mark =
            [Mark::Add, Mark::Remove, Mark::Change].into_iter().find(|m| m.sign() == sign).unwrap_or(Mark::Move);
        let places = if times > parents.len() { format!("{times} times in ") } else { "in ".to_owned() };
        Entry::new(mark, format!("{label} ({places}{} panels)", parents.len()), "")
            .values(from.map(str::to_owned), to.map(str::to_owned))
    });
    (own, told.collect())
}

type Alike<'e> = (char, &'e str, Option<&'e str>, Option<&'e str>);

fn alike(entry: &Entry) -> Option<Alike<'_>> {
    if !entry.inside.is_empty() || (entry.from.is_none() && entry.to.is_none()) {
        return None;
    }
    let is_source = entry.label == "data source"
        || (entry.label.starts_with("query ") && entry.label.ends_with(" data source"));
    let label = if is_source { "data source" } else { entry.label.as_str() };
    Some((entry.mark.sign(), label, entry.from.as_deref(), entry.to.as_deref()))
}

fn entries(entries: &[Entry], indent: usize, most: usize, style: &Style, out: &mut Vec<String>) {
    let told = if style.verbose || entries.len() <= most + 1 { entries.len() } else { most };
    let column = entries[..told]
        .iter()
        .filter(|entry| entry.from.is_some() || entry.to.is_some())
        .map(|entry| measure_text_width(&clean(&entry.label)))
        .filter(|width| *width <= COLUMN)
        .max()
        .unwrap_or(0);
    for entry in &entries[..told] {
        entry_lines(entry, indent, column, style, out);
        self::entries(&entry.inside, indent + 4, TOLD_INSIDE, style, out);
    }
    if told < entries.len() {
        let text = format!("… and {} more differences (--verbose shows all)", entries.len() - told);
        out.push(style.fit(&format!("{}{}", " ".repeat(indent), style.paint(Tone::Dim, &text))));
    }
}

fn entry_lines(entry: &Entry, indent: usize, column: usize, style: &Style, out: &mut Vec<String>) {
    let tone = match entry.mark {
        Mark::Add => Tone::Add,
        Mark::Remove => Tone::Remove,
        Mark::Change | Mark::Move => Tone::Change,
    };
    let sign = style.paint(tone, &entry.mark.sign().to_string());
    let label = clean(&entry.label);
    let blanks = " ".repeat(indent);
    let pad = " ".repeat(column.saturating_sub(measure_text_width(&label)) + 3);
    let from = entry.from.as_deref().map(clean);
    let to = entry.to.as_deref().map(clean);
    let head = format!("{blanks}{sign} {label}");
    match (from, to) {
        (None, None) => out.push(style.fit(&head)),
        (Some(from), Some(to)) => {
            let line = format!("{head}{pad}{from} → {to}");
            if style.fits(&line) {
                out.push(line);
            } else {
                // What does not fit side by side stands one below the other, so that neither is cut off by the other.
                let below = " ".repeat(indent + 4);
                let beside = format!("{head}{pad}{from}");
                if style.fits(&beside) {
                    out.push(beside);
                } else {
                    out.push(style.fit(&head));
                    out.push(style.fit(&format!("{below}  {from}")));
                }
                out.push(style.fit(&format!("{below}→ {to}")));
            }
        }
        (Some(text), None) | (None, Some(text)) => {
            let line = format!("{head}{pad}{text}");
            if style.fits(&line) {
                out.push(line);
            } else {
                out.push(style.fit(&head));
                out.push(style.fit(&format!("{}{text}", " ".repeat(indent + 6))));
            }
        }
    }
    if style.verbose {
        verbose(entry, indent + 6, style, out);
    }
}

// Where it stands, and the whole values: for machines' eyes and for doubts. Never cut.
fn verbose(entry: &Entry, indent: usize, style: &Style, out: &mut Vec<String>) {
    let blanks = " ".repeat(indent);
    if !entry.pointer.is_empty() {
        out.push(format!("{blanks}{}", style.paint(Tone::Dim, &format!("at {}", clean(&entry.pointer)))));
    }
    let Some(whole) = &entry.whole else {
        return;
    };
    for (sign, tone, value) in [('-', Tone::Remove, &whole.before), ('+', Tone::Add, &whole.after)] {
        if let Some(value) = value {
            let sign = style.paint(tone, &sign.to_string());
            out.push(format!("{blanks}{sign} {}", clean(&value.to_string())));
        }
    }
}
