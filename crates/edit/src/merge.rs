//! Three versions of a value made one: what only one side changed is taken, what both changed is left and named.

use serde_json::{Map, Value};

use super::matching::{by_name, named, naming};
use super::{Numbers, below, same};

/// Two versions of a value with a common base, merged.
#[derive(Clone, PartialEq, Debug)]
pub struct Merged {
    /// Ours with everything of theirs that does not clash.
    pub value: Value,
    /// What both changed, each to something else, in the order of ours.
    pub clashes: Vec<Clash>,
}

/// What both sides changed, each to something else.
#[derive(Clone, PartialEq, Debug)]
pub struct Clash {
    /// Where, as a JSON pointer; items that something names are told by that: `/panels/id=3/title`.
    pub pointer: String,
    /// Where, in words: `panel "CPU" #3, query A, expr`.
    pub label: String,
    /// What it was; none where it was not there.
    pub base: Option<Value>,
    /// What it is here.
    pub ours: Option<Value>,
    /// What it is there.
    pub theirs: Option<Value>,
}

/// Merges. What clashes is as in `ours`.
#[must_use]
pub fn merge(base: &Value, ours: &Value, theirs: &Value, numbers: Numbers) -> Merged {
    let mut merger = Merger { numbers, clashes: Vec::new() };
    let value = merger.value(Some(base), Some(ours), Some(theirs), &At::default());
    Merged { value: value.unwrap_or(Value::Null), clashes: merger.clashes }
}

#[derive(Clone, Default)]
struct At {
    pointer: String,
    label: Vec<String>,
}

impl At {
    fn member(&self, key: &str) -> At {
        let mut label = self.label.clone();
        // What its items are called says more than the list's name.
        if !matches!(key, "panels" | "targets" | "list" | "templating" | "annotations") {
            label.push(key.to_owned());
        }
        At { pointer: below(&self.pointer, key), label }
    }

    fn item(&self, list: &str, name: &str, item: &Value) -> At {
        let mut label = self.label.clone();
        let text = |key: &str| item.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let value = item.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned));
        let value = value.unwrap_or_default();
        label.push(match (list, name) {
            ("panels", "id") => match text("title") {
                Some(title) => format!("panel \"{title}\" #{value}"),
                None => format!("panel #{value}"),
            },
            ("targets", "refId") => format!("query {value}"),
            ("list", "name") => format!("`{value}`"),
            _ => format!("{name} {value}"),
        });
        At { pointer: below(&self.pointer, &format!("{name}={value}")), label }
    }
}

struct Merger {
    numbers: Numbers,
    clashes: Vec<Clash>,
}

impl Merger {
    fn same(&self, a: Option<&Value>, b: Option<&Value>) -> bool {
        match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => same(a, b, self.numbers),
            _ => false,
        }
    }

    fn value(
        &mut self,
        base: Option<&Value>,
        ours: Option<&Value>,
        theirs: Option<&Value>,
        at: &At,
    ) -> Option<Value> {
        if self.same(base, theirs) || self.same(ours, theirs) {
            return ours.cloned();
        }
        if self.same(base, ours) {
            return theirs.cloned();
        }
        let nothing = Value::Object(Map::new());
        match (base, ours, theirs) {
            (None | Some(Value::Object(_)), Some(Value::Object(ours)), Some(Value::Object(theirs))) => {
                let base = base.unwrap_or(&nothing).as_object()?;
                Some(Value::Object(self.object(base, ours, theirs, at)))
            }
            (Some(Value::Array(base)), Some(Value::Array(ours)), Some(Value::Array(theirs))) => {
                match naming(&[base, ours, theirs]) {
                    Some(name) => Some(Value::Array(self.list(name, base, ours, theirs, at))),
                    None => self.clash(
                        at,
                        (
                            Some(&Value::Array(base.clone())),
                            Some(&Value::Array(ours.clone())),
                            Some(&Value::Array(theirs.clone())),
                        ),
                    ),
                }
            }
            _ => self.clash(at, (base, ours, theirs)),
        }
    }

    fn clash(
        &mut self,
        at: &At,
        (base, ours, theirs): (Option<&Value>, Option<&Value>, Option<&Value>),
    ) -> Option<Value> {
        let label = if at.label.is_empty() { "all of it".to_owned() } else { at.label.join(", ") };
        self.clashes.push(Clash {
            pointer: at.pointer.clone(),
            label,
            base: base.cloned(),
            ours: ours.cloned(),
            theirs: theirs.cloned(),
        });
        ours.cloned()
    }

    fn object(
        &mut self,
        base: &Map<String, Value>,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
        at: &At,
    ) -> Map<String, Value> {
        let mut merged: Vec<(String, Value)> = Vec::new();
        for (key, value) in ours {
            let value = self.value(base.get(key), Some(value), theirs.get(key), &at.member(key));
            merged.extend(value.map(|value| (key.clone(), value)));
        }
        let mut before: Option<&String> = None;
        for (key, value) in theirs {
            if !ours.contains_key(key)
                && let Some(value) = self.value(base.get(key), None, Some(value), &at.member(key))
            {
                let after = before.and_then(|before| merged.iter().position(|(known, _)| known == before));
                merged.insert(after.map_or(0, |after| after + 1), (key.clone(), value));
            }
            before = Some(key);
        }
        merged.into_iter().collect()
    }

    fn list(&mut self, name: &str, base: &[Value], ours: &[Value], theirs: &[Value], at: &At) -> Vec<Value> {
        let list = at.pointer.rsplit('/').next().unwrap_or_default().to_owned();
        let (of_base, of_ours, of_theirs) = (by_name(base, name), by_name(ours, name), by_name(theirs, name));
        let names = |items: &[Value]| items.iter().filter_map(|item| named(item, name)).collect::<Vec<_>>();
        // The order of the side that changed it; ours, where both did.
        let common = |items: &[Value]| {
            names(items)
                .into_iter()
                .filter(|key| of_base.contains_key(key) && of_ours.contains_key(key) && of_theirs.contains_key(key))
                .collect::<Vec<_>>()
        };
        let ours_moved = common(ours) != common(base);
        let (leading, following) = if ours_moved { (ours, theirs) } else { (theirs, ours) };
        let mut order = names(leading);
        let mut before: Option<String> = None;
        for key in names(following) {
            if !order.contains(&key) {
                let after = before.as_ref().and_then(|before| order.iter().position(|known| known == before));
                order.insert(after.map_or(0, |after| after + 1), key.clone());
            }
            before = Some(key);
        }
        let mut merged = Vec::new();
        for key in order {
            let of = |places: &std::collections::BTreeMap<String, usize>, items: &[Value]| {
                places.get(&key).and_then(|i| items.get(*i)).cloned()
            };
            let (b, o, t) = (of(&of_base, base), of(&of_ours, ours), of(&of_theirs, theirs));
            let Some(item) = o.as_ref().or(t.as_ref()) else { continue };
            let at = at.item(&list, name, item);
            merged.extend(self.value(b.as_ref(), o.as_ref(), t.as_ref(), &at));
        }
        merged
    }
}
