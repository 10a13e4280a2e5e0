//! How two JSON values differ, by path: what every kind falls back on where it has no words of its own.
//!
//! Nothing is ever lost here: [`compare`] says something exactly when the values differ. Lists stand in [`lists`],
//! long texts in [`words`].

pub mod lists;
pub mod matching;
pub mod words;

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use crate::model::digest::{Numbers, is_wide_integer, same_value};
use crate::model::{Entry, Mark};

/// What stands for a value that is not there, where its absence must be said.
pub const ABSENT: &str = "(absent)";
/// The most characters a value takes in a line.
const SHORT: usize = 60;

/// Where in the two documents something stands, and what it is called there.
#[derive(Clone, Debug)]
pub struct At {
    /// What a reader calls it.
    pub label: String,
    join: &'static str,
    before: String,
    after: String,
}

impl At {
    /// The whole document.
    #[must_use]
    pub fn root() -> At {
        At { label: String::new(), join: "", before: String::new(), after: String::new() }
    }

    /// Two places named by their pointers, with a name of their own.
    #[must_use]
    pub fn places(label: impl Into<String>, before: impl Into<String>, after: impl Into<String>) -> At {
        At { label: label.into(), join: " ", before: before.into(), after: after.into() }
    }

    /// A field of it.
    #[must_use]
    pub fn key(&self, key: &str) -> At {
        let plain = !key.is_empty() && !key.contains(['.', ' ', '[', '"']);
        let label = match (plain, self.label.is_empty()) {
            (true, true) => key.to_owned(),
            (true, false) => format!("{}{}{key}", self.label, self.join),
            (false, _) => format!("{}[{}]", self.label, words::quoted(key)),
        };
        let token = key.replace('~', "~0").replace('/', "~1");
        At {
            label,
            join: ".",
            before: format!("{}/{token}", self.before),
            after: format!("{}/{token}", self.after),
        }
    }

    /// An item of it, by its places in the two lists; the other list's where it is in one only.
    #[must_use]
    pub fn item(&self, label: impl Into<String>, before: usize, after: usize) -> At {
        At {
            label: label.into(),
            join: ".",
            before: format!("{}/{before}", self.before),
            after: format!("{}/{after}", self.after),
        }
    }

    /// The same place under a name of its own, after which names of fields stand apart.
    #[must_use]
    pub fn named(&self, label: impl Into<String>) -> At {
        At { label: label.into(), join: " ", ..self.clone() }
    }

    /// The same place under a name of its own, after which names of fields follow a dot as before.
    #[must_use]
    pub fn called(&self, label: impl Into<String>) -> At {
        At { label: label.into(), ..self.clone() }
    }

    /// Its pointer: in the later document, except for what is only in the earlier one.
    #[must_use]
    pub fn pointer(&self, mark: Mark) -> String {
        match mark {
            Mark::Remove => self.before.clone(),
            Mark::Add | Mark::Change | Mark::Move => self.after.clone(),
        }
    }
}

/// Says how two values differ, one entry for each leaf or item that does; nothing exactly when they are the same.
pub fn compare(at: &At, before: Option<&Value>, after: Option<&Value>, numbers: Numbers, out: &mut Vec<Entry>) {
    match (before, after) {
        (None, None) => {}
        (Some(b), Some(a)) if same_value(b, a, numbers) => {}
        (Some(Value::Object(b)), Some(Value::Object(a))) => {
            for key in keys(b, a) {
                compare(&at.key(key), b.get(key), a.get(key), numbers, out);
            }
        }
        (Some(Value::Array(b)), Some(Value::Array(a))) => lists::compare(at, b, a, numbers, out),
        (None | Some(_), None | Some(_)) => out.push(leaf(at, before, after)),
    }
}

/// The keys of both objects, each once: those of the earlier one first.
pub fn keys<'v>(before: &'v Map<String, Value>, after: &'v Map<String, Value>) -> impl Iterator<Item = &'v String> {
    before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)))
}

/// One entry for one value, whatever it holds.
#[must_use]
pub fn leaf(at: &At, before: Option<&Value>, after: Option<&Value>) -> Entry {
    let absent_if_hollow = |value: &Value| is_hollow(value).then(|| ABSENT.to_owned());
    let (mark, from, to) = match (before, after) {
        (Some(b), None) => (Mark::Remove, Some(short(b)), absent_if_hollow(b)),
        (None, Some(a)) => (Mark::Add, absent_if_hollow(a), Some(short(a))),
        (Some(b), Some(a)) => {
            let (from, to) = texts(b, a);
            (Mark::Change, Some(from), Some(to))
        }
        (None, None) => (Mark::Change, None, None),
    };
    Entry::new(mark, at.label.clone(), at.pointer(mark)).values(from, to).whole(before, after)
}

/// Whether a value says nothing: null, or empty.
#[must_use]
pub fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value in a few characters. Texts that could be taken for something else are in quotes.
#[must_use]
pub fn short(value: &Value) -> String {
    match value {
        Value::String(text) => words::shown(text, SHORT),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => {
            let mut text = String::new();
            let whole = write_clipped(value, SHORT, &mut text);
            if !whole {
                text = words::clip(&text, SHORT - 1);
                if !text.ends_with('…') {
                    text.push('…');
                }
            }
            text
        }
    }
}

// Compact JSON up to about `limit` characters, so that a large value costs no more than a small one.
fn write_clipped(value: &Value, limit: usize, out: &mut String) -> bool {
    if out.len() > limit * 4 {
        return false;
    }
    match value {
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                if !write_clipped(item, limit, out) {
                    return false;
                }
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                out.push_str(&words::quoted(&words::clip(key, limit)));
                out.push(':');
                if !write_clipped(item, limit, out) {
                    return false;
                }
            }
            out.push('}');
        }
        Value::String(text) => out.push_str(&words::quoted(&words::clip(text, limit))),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
    out.chars().count() <= limit
}

/// Two different values, put so that the difference can be seen.
#[must_use]
pub fn texts(before: &Value, after: &Value) -> (String, String) {
    let (from, to) = match (before, after) {
        (Value::String(b), Value::String(a)) => return words::change(b, a),
        (Value::String(b), _) => (words::quoted(&words::clip(b, SHORT)), short(after)),
        (_, Value::String(a)) => (short(before), words::quoted(&words::clip(a, SHORT))),
        _ => (short(before), short(after)),
    };
    if from == to {
        let (b, a) = (before.to_string(), after.to_string());
        return words::change(&b, &a);
    }
    (from, to)
}

/// A number that equal values share and different ones do not, as far as 64 bits can tell; blind to the order of keys.
#[must_use]
pub fn likeness(value: &Value, numbers: Numbers) -> u64 {
    let mut hash = DefaultHasher::new();
    match value {
        Value::Null => 0u8.hash(&mut hash),
        Value::Bool(b) => (1u8, b).hash(&mut hash),
        Value::Number(n) if numbers == Numbers::Exact && is_wide_integer(n) => (2u8, n.to_string()).hash(&mut hash),
        Value::Number(n) => {
            let float = n.as_f64().unwrap_or(f64::NAN);
            (3u8, if float == 0.0 { 0 } else { float.to_bits() }).hash(&mut hash);
        }
        Value::String(text) => (4u8, text).hash(&mut hash),
        Value::Array(items) => {
            5u8.hash(&mut hash);
            items.iter().for_each(|item| likeness(item, numbers).hash(&mut hash));
        }
        Value::Object(map) => {
            let sum = map.iter().fold(0u64, |sum, (key, item)| {
                let mut one = DefaultHasher::new();
                (key, likeness(item, numbers)).hash(&mut one);
                sum.wrapping_add(one.finish())
            });
            (6u8, map.len(), sum).hash(&mut hash);
        }
    }
    hash.finish()
}
