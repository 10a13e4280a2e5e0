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
    let alike = if style.verbose { Shared::default() } else { Shared::of(&delta.entries) };
    let own: Vec<&Entry> = delta.entries.iter().filter(|entry| !alike.is_all_of(entry)).collect();
    let told = alike.told();
    entries(&own, &alike, indent, TOLD, style, &mut out);
    entries(&told.iter().collect::<Vec<_>>(), &Shared::default(), indent, TOLD, style, &mut out);
    if !delta.unchanged.is_empty() {
        let text = format!("({} unchanged)", clean(&delta.unchanged));
        out.push(style.fit(&format!("{}{}", " ".repeat(indent), style.paint(Tone::Dim, &text))));
    }
    out
}

/// What more than this many panels share is told once.
const SHARED: usize = 3;

/// What happened alike inside many entries, as a data source that became another everywhere: told once with a count.
#[derive(Default)]
struct Shared<'e> {
    /// How many times, and in how many entries.
    times: BTreeMap<Alike<'e>, (usize, usize)>,
}

impl<'e> Shared<'e> {
    fn of(entries: &'e [Entry]) -> Shared<'e> {
        let mut groups: BTreeMap<Alike<'e>, (usize, BTreeSet<usize>)> = BTreeMap::new();
        for (parent, entry) in entries.iter().enumerate() {
            for alike in entry.inside.iter().filter_map(alike) {
                let (times, parents) = groups.entry(alike).or_default();
                *times += 1;
                parents.insert(parent);
            }
        }
        groups.retain(|_, (_, parents)| parents.len() > SHARED);
        Shared {
            times: groups.into_iter().map(|(alike, (times, parents))| (alike, (times, parents.len()))).collect(),
        }
    }

    fn has(&self, entry: &Entry) -> bool {
        !self.times.is_empty() && alike(entry).is_some_and(|alike| self.times.contains_key(&alike))
    }

    /// Whether nothing is left to tell of an entry by itself.
    fn is_all_of(&self, entry: &Entry) -> bool {
        !entry.inside.is_empty() && entry.inside.iter().all(|one| self.has(one))
    }

    /// What is told once, the most frequent first.
    fn told(&self) -> Vec<Entry> {
        let mut all: Vec<_> = self.times.iter().collect();
        all.sort_by_key(|(_, (times, _))| std::cmp::Reverse(*times));
        let told = all.into_iter().map(|((sign, label, from, to), (times, parents))| {
            let mark = [Mark::Add, Mark::Remove, Mark::Change].into_iter().find(|m| m.sign() == *sign);
            let places = if times > parents { format!("{times} times in ") } else { "in ".to_owned() };
            Entry::new(mark.unwrap_or(Mark::Move), format!("{label} ({places}{parents} panels)"), "")
                .values(from.map(str::to_owned), to.map(str::to_owned))
        });
        told.collect()
    }
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

/// Entries, without what is told once of those inside them.
fn entries(
    entries: &[&Entry],
    alike: &Shared<'_>,
    indent: usize,
    most: usize,
    style: &Style,
    out: &mut Vec<String>,
) {
    let told = if style.verbose || entries.len() <= most + 1 { entries.len() } else { most };
    let column = entries[..told]
        .iter()
        .filter(|entry| entry.from.is_some() || entry.to.is_some())
        .map(|entry| width(&clean(&entry.label)))
        .filter(|width| *width <= COLUMN)
        .max()
        .unwrap_or(0);
    for entry in &entries[..told] {
        entry_lines(entry, indent, column, style, out);
        let inside: Vec<&Entry> = entry.inside.iter().filter(|one| !alike.has(one)).collect();
        self::entries(&inside, &Shared::default(), indent + 4, TOLD_INSIDE, style, out);
    }
    if told < entries.len() {
        let text = format!("… and {} more differences (--verbose shows all)", entries.len() - told);
        out.push(style.fit(&format!("{}{}", " ".repeat(indent), style.paint(Tone::Dim, &text))));
    }
}

/// How many columns a clean text takes.
fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { measure_text_width(text) }
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
    let pad = " ".repeat(column.saturating_sub(width(&label)) + 3);
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
