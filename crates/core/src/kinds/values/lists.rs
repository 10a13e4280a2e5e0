//! How two lists differ: items matched by what names them, then by likeness; added, removed and moved ones one line each.

use std::collections::HashMap;

use serde_json::Value;

use super::matching::{Key, Matched, Rules, matched, moved};
use super::{At, leaf, likeness, short, words};
use crate::model::digest::{Numbers, same_value};
use crate::model::{Entry, Mark};

/// Up to this many moved items are named; more are counted.
const NAMED_MOVES: usize = 3;
/// Lists of plain values are shown whole up to this many characters.
const WHOLE: usize = 48;

/// Says how two items differ.
pub type Inside<'l> = &'l dyn Fn(&At, &Value, &Value, &mut Vec<Entry>);

/// How a field of an item is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Naming {
    /// As a path: `links[2].url`.
    Path,
    /// As words: `link "Runbook" url`.
    Words,
}

/// How the items of one sort of list are told.
pub struct Listing<'l> {
    /// What names an item.
    pub key: Key<'l>,
    /// What an item is called, given its place in its list.
    pub name: &'l dyn Fn(&Value, usize) -> String,
    /// What a new or removed item is told by.
    pub told: &'l dyn Fn(&Value) -> String,
    /// Says how two matched items that are not the same differ.
    pub inside: Inside<'l>,
    /// Whether items are told by words of their own, or as the path they are at.
    pub style: Naming,
    /// What the list is called, for what is said of all of it.
    pub list: String,
}

/// Says how two lists differ that nothing is known of.
pub fn compare(at: &At, before: &[Value], after: &[Value], numbers: Numbers, out: &mut Vec<Entry>) {
    if before.iter().chain(after).all(is_plain) {
        plain(at, before, after, numbers, out);
        return;
    }
    let key_name = key_of(before, after);
    let list = at.label.clone();
    let listing = Listing {
        key: &|item| key_name.and_then(|key| scalar_text(item.get(key)?)),
        name: &|item, place| match key_name.and_then(|key| scalar_text(item.get(key)?)) {
            Some(text) if !text.is_empty() => format!("{list}[{}]", words::escaped(&words::clip(&text, 40))),
            _ => format!("{list}[{place}]"),
        },
        told: &short,
        inside: &|at, b, a, out| super::compare(at, Some(b), Some(a), numbers, out),
        style: Naming::Path,
        list: list.clone(),
    };
    list_changes(at, before, after, numbers, &listing, out);
}

/// Says how two lists differ, in the words of a listing; nothing exactly when they are the same.
pub fn list_changes(
    at: &At,
    before: &[Value],
    after: &[Value],
    numbers: Numbers,
    listing: &Listing<'_>,
    out: &mut Vec<Entry>,
) {
    let old: Vec<&Value> = before.iter().collect();
    let new: Vec<&Value> = after.iter().collect();
    let rules = Rules {
        key: listing.key,
        weak: &[],
        veto: &|_, _| false,
        by_place: &|b, a| std::mem::discriminant(b) == std::mem::discriminant(a),
    };
    let Matched { pairs, removed, added } = matched(&old, &new, numbers, &rules);
    for &(i, j) in &pairs {
        if !same_value(old[i], new[j], numbers) {
            let told = out.len();
            let here = at.item((listing.name)(new[j], j), i, j);
            let here = if listing.style == Naming::Words { here.named(here.label.clone()) } else { here };
            (listing.inside)(&here, old[i], new[j], out);
            if out.len() == told {
                out.push(leaf(&here, Some(old[i]), Some(new[j])));
            }
        }
    }
    for i in removed {
        out.push(entry(Mark::Remove, &at.item("", i, i), old[i], i, listing));
    }
    for j in added {
        out.push(entry(Mark::Add, &at.item("", j, j), new[j], j, listing));
    }
    let moves = moved(&pairs);
    if moves.len() <= NAMED_MOVES {
        for ((i, j), from, to) in moves {
            let here = at.item((listing.name)(new[j], j), i, j);
            out.push(
                Entry::new(Mark::Move, here.label.clone(), here.pointer(Mark::Move))
                    .values(Some(format!("place {from}")), Some(format!("place {to}"))),
            );
        }
    } else {
        let text = format!("{} of {} in another order", moves.len(), pairs.len());
        out.push(Entry::new(Mark::Move, listing.list.clone(), at.pointer(Mark::Move)).values(None, Some(text)));
    }
}

fn entry(mark: Mark, at: &At, item: &Value, place: usize, listing: &Listing<'_>) -> Entry {
    let text = Some((listing.told)(item)).filter(|text| !text.is_empty());
    let entry = Entry::new(mark, (listing.name)(item, place), at.pointer(mark));
    match mark {
        Mark::Remove => entry.values(text, None).whole(Some(item), None),
        Mark::Add | Mark::Change | Mark::Move => entry.values(None, text).whole(None, Some(item)),
    }
}

// Short lists whole; of long ones what came and what went, or the first place where the order differs.
fn plain(at: &At, before: &[Value], after: &[Value], numbers: Numbers, out: &mut Vec<Entry>) {
    let brief = |items: &[Value]| {
        let text = Value::Array(items.to_vec());
        let text = if items.len() <= 12 { text.to_string() } else { return None };
        (text.chars().count() <= WHOLE).then_some(text)
    };
    if let (Some(from), Some(to)) = (brief(before), brief(after)) {
        let (from, to) = (words::escaped(&from), words::escaped(&to));
        let pointer = at.pointer(Mark::Change);
        let whole = (Value::Array(before.to_vec()), Value::Array(after.to_vec()));
        out.push(
            Entry::new(Mark::Change, at.label.clone(), pointer)
                .values(Some(from), Some(to))
                .whole(Some(&whole.0), Some(&whole.1)),
        );
        return;
    }
    let differing: Vec<usize> = if before.len() == after.len() {
        (0..before.len()).filter(|i| !same_value(&before[*i], &after[*i], numbers)).collect()
    } else {
        Vec::new()
    };
    if let [place] = differing[..] {
        let here = at.item(format!("{}[{place}]", at.label), place, place);
        out.push(leaf(&here, Some(&before[place]), Some(&after[place])));
        return;
    }
    let told = out.len();
    let mut counts: HashMap<u64, i64> = HashMap::new();
    for item in after {
        *counts.entry(likeness(item, numbers)).or_default() += 1;
    }
    let mut gone: Vec<usize> = Vec::new();
    for (i, item) in before.iter().enumerate() {
        let count = counts.entry(likeness(item, numbers)).or_default();
        *count -= 1;
        if *count < 0 {
            gone.push(i);
        }
    }
    let mut came: Vec<usize> = Vec::new();
    for (j, item) in after.iter().enumerate().rev() {
        let count = counts.entry(likeness(item, numbers)).or_default();
        if *count > 0 {
            *count -= 1;
            came.push(j);
        }
    }
    came.reverse();
    several(Mark::Remove, at, before, &gone, out);
    several(Mark::Add, at, after, &came, out);
    if out.len() == told {
        let place = before.iter().zip(after).take_while(|(b, a)| same_value(b, a, numbers)).count();
        let next = |items: &[Value]| items.get(place).map_or_else(String::new, short);
        let texts = (next(before), next(after));
        let (from, to) = (format!("… {} …", texts.0), format!("… {} …", texts.1));
        out.push(
            Entry::new(Mark::Move, format!("{} order", at.label), at.pointer(Mark::Move))
                .values(Some(from), Some(to)),
        );
    }
}

fn several(mark: Mark, at: &At, items: &[Value], places: &[usize], out: &mut Vec<Entry>) {
    if places.len() <= NAMED_MOVES {
        for &place in places {
            let here = at.item(format!("{}[{place}]", at.label), place, place);
            let (before, after) =
                if mark == Mark::Remove { (Some(&items[place]), None) } else { (None, Some(&items[place])) };
            out.push(leaf(&here, before, after));
        }
        return;
    }
    let first: Vec<String> = places.iter().take(NAMED_MOVES).map(|place| short(&items[*place])).collect();
    let text = format!("{} items: {}, …", places.len(), first.join(", "));
    let entry = Entry::new(mark, at.label.clone(), at.pointer(mark));
    out.push(if mark == Mark::Remove { entry.values(Some(text), None) } else { entry.values(None, Some(text)) });
}

fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

// The first of the usual names that every item has, and has for itself.
fn key_of(before: &[Value], after: &[Value]) -> Option<&'static str> {
    ["id", "refId", "name", "uid", "key", "title", "matcher", "text", "field", "value"].into_iter().find(|key| {
        [before, after].into_iter().all(|items| {
            let mut seen = std::collections::HashSet::new();
            items.iter().all(|item| item.get(key).and_then(scalar_text).is_some_and(|text| seen.insert(text)))
        })
    })
}

/// A text, number or truth value as text; none for everything else.
#[must_use]
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
