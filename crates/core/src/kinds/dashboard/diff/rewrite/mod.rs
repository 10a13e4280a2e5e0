//! What Grafana's front end changes by itself when a person saves an old dashboard in the browser.
//!
//! The older of two versions is brought to the newer one's form, as far as [`rules`] explain it; what then still
//! differs is what a person did. Recorded in `contracts/migrations`; this is no migration: what no rule explains is shown.

mod rules;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use self::rules::{FieldOf, came, changed, gone, is_built_in};
use super::matching::{in_order, matched};
use super::panels::{Panels, RULES, SAME_KEY};
use super::{At, words};
use crate::kinds::values::leaf;
use crate::model::digest::{Numbers, same_value};
use crate::model::{Entry, Mark, counted};

/// Which side was rewritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The later one.
    After,
    /// The earlier one: the workspace has the rewritten form, the directory the old one.
    Before,
}

/// A rewrite, and the old form with everything in it that the rewrite explains.
pub struct Rewrite {
    /// Which side was rewritten.
    pub side: Side,
    /// The older side, brought to the form of the newer one where that is explained.
    pub map: Map<String, Value>,
    schemas: (Option<Value>, Option<Value>),
    count: usize,
}

/// Finds a rewrite; none when the schema is the same or nothing is explained by it.
pub fn explained(before: &Map<String, Value>, after: &Map<String, Value>, numbers: Numbers) -> Option<Rewrite> {
    let schema = |map: &Map<String, Value>| match map.get("schemaVersion") {
        None => Some(0),
        Some(value) => value.as_i64(),
    };
    let (b, a) = (schema(before)?, schema(after)?);
    let (side, old, new) = match b.cmp(&a) {
        std::cmp::Ordering::Less => (Side::After, before, after),
        std::cmp::Ordering::Greater => (Side::Before, after, before),
        std::cmp::Ordering::Equal => return None,
    };
    if !are_one(old, new, numbers) {
        return None;
    }
    // Which data source stands for which name is the majority's word: the one that a person changed is not.
    let mut survey = Rewriter { numbers, count: 0, votes: BTreeMap::new(), sources: None };
    survey.dashboard(&mut old.clone(), new);
    let sources = survey.votes.into_iter().filter_map(|(name, votes)| {
        let (source, count) = votes.into_iter().max_by(|(x, n), (y, m)| n.cmp(m).then(y.cmp(x)))?;
        // Variables and built-in ones are no names: Grafana keeps them as they are. One voice is no majority.
        let is_name = !name.starts_with(['$', '-']);
        (is_name && count > 1).then_some((name, source))
    });
    let mut rewriter = Rewriter { numbers, count: 0, votes: BTreeMap::new(), sources: Some(sources.collect()) };
    let mut map = old.clone();
    rewriter.dashboard(&mut map, new);
    if rewriter.count == 0 {
        return None;
    }
    match new.get("schemaVersion") {
        Some(version) => map.insert("schemaVersion".into(), version.clone()),
        None => map.shift_remove("schemaVersion"),
    };
    let schemas = (before.get("schemaVersion").cloned(), after.get("schemaVersion").cloned());
    Some(Rewrite { side, map, schemas, count: rewriter.count })
}

impl Rewrite {
    /// What stands for everything that is explained.
    pub fn entry(&self) -> Entry {
        let (before, after) = (self.schemas.0.as_ref(), self.schemas.1.as_ref());
        let mut entry = leaf(&At::root().key("schemaVersion"), before, after);
        let to = entry.to.take().unwrap_or_else(|| "none".into());
        entry.from = Some(entry.from.unwrap_or_else(|| "none".into()));
        entry.to = Some(format!("{to}, and {} with it", counted(self.count, "field")));
        entry.mark = Mark::Change;
        entry
    }

    /// What a reader must know.
    pub fn note(&self) -> String {
        let text =
            |schema: &Option<Value>| schema.as_ref().map_or("none".to_owned(), |v| words::escaped(&v.to_string()));
        let (before, after) = (text(&self.schemas.0), text(&self.schemas.1));
        match self.side {
            Side::After => format!("saved by Grafana's editor: migrated to schema {after}"),
            Side::Before => {
                format!("saved by Grafana's editor: migrated to schema {before}; it would be put back to {after}")
            }
        }
    }
}

struct Rewriter {
    numbers: Numbers,
    /// How many fields are explained.
    count: usize,
    /// What stands in the place of a data source's name (or of none), and how often.
    votes: BTreeMap<String, BTreeMap<String, usize>>,
    /// What the votes came to; none while they are counted.
    sources: Option<BTreeMap<String, String>>,
}

impl Rewriter {
    fn dashboard(&mut self, old: &mut Map<String, Value>, new: &Map<String, Value>) {
        if !new.contains_key("rows") && new.get("panels").is_some_and(Value::is_array) {
            self.rows(old, new);
        }
        self.object(FieldOf::Dashboard, old, new, None);
    }

    fn object(
        &mut self,
        place: FieldOf,
        old: &mut Map<String, Value>,
        new: &Map<String, Value>,
        source: Option<&Value>,
    ) {
        let source = new.get("datasource").filter(|_| place == FieldOf::Panel).or(source);
        let gone: Vec<String> = old
            .keys()
            .filter(|key| !new.contains_key(*key) && gone(place, key, &old[*key], new))
            .cloned()
            .collect();
        let context = old.clone();
        for key in gone {
            if let Some(value) = old.shift_remove(&key) {
                self.count += leaves(&value);
            }
        }
        let panels = source.filter(|_| place == FieldOf::Target);
        let is_row = place == FieldOf::Panel && new.get("type").and_then(Value::as_str) == Some("row");
        for (key, value) in new {
            match old.get_mut(key) {
                None if key == "datasource" && (is_row || self.is_source(None, value, panels)) => {
                    self.count += 1;
                    old.insert(key.clone(), value.clone());
                }
                None if came(place, key, value, &context) => {
                    self.count += leaves(value);
                    old.insert(key.clone(), value.clone());
                }
                None => {}
                Some(other) if same_value(other, value, self.numbers) => {}
                Some(other @ (Value::String(_) | Value::Null))
                    if key == "datasource" && self.is_source(Some(&*other), value, panels) =>
                {
                    self.count += 1;
                    *other = value.clone();
                }
                Some(other) => self.value(place, key, other, value, new, source),
            }
        }
    }

    fn value(
        &mut self,
        place: FieldOf,
        key: &str,
        old: &mut Value,
        new: &Value,
        around: &Map<String, Value>,
        source: Option<&Value>,
    ) {
        if changed(place, key, old, new, around) {
            self.count += 1;
            *old = new.clone();
            return;
        }
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => self.object(place.inside(key), old, new, source),
            (Value::Array(old), Value::Array(new)) => self.list(place.inside(key), old, new, source),
            _ => {}
        }
    }

    fn list(&mut self, place: FieldOf, old: &mut Vec<Value>, new: &[Value], source: Option<&Value>) {
        if old.iter().chain(new).any(|item| !item.is_object()) {
            return;
        }
        let rules = if place == FieldOf::Panel { &RULES } else { &SAME_KEY };
        let found = {
            let (before, after): (Vec<&Value>, Vec<&Value>) = (old.iter().collect(), new.iter().collect());
            matched(&before, &after, self.numbers, rules)
        };
        for &(i, j) in &found.pairs {
            if let (Value::Object(old), Value::Object(new)) = (&mut old[i], &new[j]) {
                self.object(place, old, new, source);
            }
        }
        // Panels are sorted by their places; copies that a repeated panel left behind are dropped.
        let sorted = in_order(&found.pairs).len() < found.pairs.len() && place == FieldOf::Panel && is_sorted(new);
        self.count += usize::from(sorted);
        let mut order: Vec<Result<usize, usize>> = if sorted {
            found.pairs.iter().map(|pair| Ok(pair.0)).collect()
        } else {
            let mut kept: Vec<usize> = found.pairs.iter().map(|pair| pair.0).collect();
            kept.sort_unstable();
            kept.into_iter().map(Ok).collect()
        };
        for i in found.removed {
            if place == FieldOf::Panel && old[i].get("repeatPanelId").is_some_and(Value::is_number) {
                self.count += leaves(&old[i]);
                continue;
            }
            let after = (0..i).rev().find_map(|p| order.iter().position(|o| *o == Ok(p)));
            order.insert(after.map_or(0, |at| at + 1), Ok(i));
        }
        for j in found.added {
            if place == FieldOf::Annotation && is_built_in(&new[j]) {
                self.count += leaves(&new[j]);
                let pair =
                    |j: usize| found.pairs.iter().find(|pair| pair.1 == j).map(|pair| Ok(pair.0)).unwrap_or(Err(j));
                let after = (0..j).rev().find_map(|p| order.iter().position(|o| *o == pair(p)));
                order.insert(after.map_or(0, |at| at + 1), Err(j));
            }
        }
        let items = std::mem::take(old);
        *old = order.into_iter().map(|place| place.map_or_else(|j| new[j].clone(), |i| items[i].clone())).collect();
    }

    // Before schema 16 panels stood in rows; now rows stand among the panels.
    fn rows(&mut self, old: &mut Map<String, Value>, new: &Map<String, Value>) {
        let Some(Value::Array(rows)) = old.get("rows") else {
            return;
        };
        let titles: Vec<Value> = rows.iter().map(|row| row.get("title").cloned().unwrap_or_default()).collect();
        let mut pool: Vec<Value> = Vec::new();
        for panel in old.get("panels").and_then(Value::as_array).into_iter().flatten() {
            let mut panel = panel.clone();
            let nested = panel.as_object_mut().and_then(|map| map.get_mut("panels")).and_then(Value::as_array_mut);
            let nested = nested.map(std::mem::take).unwrap_or_default();
            pool.push(panel);
            pool.extend(nested);
        }
        pool.extend(rows.iter().filter_map(|row| row.get("panels")?.as_array()).flatten().cloned());
        let (Some(Value::Array(panels)), true) = (new.get("panels"), pool.iter().all(Value::is_object)) else {
            return;
        };
        let flat: Vec<&Value> = panels
            .iter()
            .flat_map(|panel| {
                let nested = panel.get("panels").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                std::iter::once(panel).chain(nested)
            })
            .collect();
        let found = matched(&pool.iter().collect::<Vec<_>>(), &flat, self.numbers, &RULES);
        let of: BTreeMap<usize, usize> = found.pairs.iter().map(|&(i, j)| (j, i)).collect();
        let mut out: Vec<Value> = Vec::new();
        let mut j = 0;
        for panel in panels {
            let nested = panel.get("panels").and_then(Value::as_array).map_or(0, Vec::len);
            let mut item = of.get(&j).map(|i| pool[*i].clone());
            if item.is_none()
                && panel.get("type") == Some(&json!("row"))
                && panel.get("title").is_some_and(|t| titles.contains(t))
            {
                self.count += 1;
                item = Some(panel.clone());
            }
            let inside: Vec<Value> =
                (j + 1..=j + nested).filter_map(|j| of.get(&j)).map(|i| pool[*i].clone()).collect();
            match &mut item {
                Some(Value::Object(map)) if panel.get("panels").is_some() => {
                    map.insert("panels".into(), Value::Array(inside));
                    out.extend(item);
                }
                _ => {
                    out.extend(item);
                    out.extend(inside);
                }
            }
            j += nested + 1;
        }
        out.extend(found.removed.into_iter().map(|i| pool[i].clone()));
        self.count += rows.len();
        old.shift_remove("rows");
        old.insert("panels".into(), Value::Array(out));
    }

    // A name (or none) became a reference: explained where the reference says the name again, or as everywhere else.
    fn is_source(&mut self, old: Option<&Value>, new: &Value, around: Option<&Value>) -> bool {
        let (Value::Object(map), name) = (new, old.and_then(Value::as_str).unwrap_or_default()) else {
            return false;
        };
        let uid = map.get("uid").and_then(Value::as_str).unwrap_or_default();
        let text = new.to_string();
        match &self.sources {
            Some(sources) => {
                sources.get(name) == Some(&text)
                    || (!name.is_empty() && uid == name)
                    || (name.is_empty() && around == Some(new))
            }
            None => {
                *self.votes.entry(name.to_owned()).or_default().entry(text).or_default() += 1;
                true
            }
        }
    }
}

// Whether these are two versions of one dashboard at all: half of the panels of the smaller one are in the other.
fn are_one(old: &Map<String, Value>, new: &Map<String, Value>, numbers: Numbers) -> bool {
    let (known, smaller) = Panels::new(old, new, numbers).sizes();
    2 * known >= smaller
}

fn is_sorted(panels: &[Value]) -> bool {
    let place = |panel: &Value| {
        let at = |key: &str| panel.pointer(key).and_then(Value::as_i64).unwrap_or(0);
        (at("/gridPos/y"), at("/gridPos/x"))
    };
    panels.windows(2).all(|two| place(&two[0]) <= place(&two[1]))
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(leaves).sum::<usize>().max(1),
        Value::Object(map) => map.values().map(leaves).sum::<usize>().max(1),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}
