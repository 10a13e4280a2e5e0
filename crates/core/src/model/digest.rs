//! Digests of normal forms: what "equal" means, in 32 bytes.
//!
//! The canonical form is JSON with sorted keys, no blanks, and every number as a 64-bit float in its shortest spelling,
//! so that `1`, `1.0` and `1e0` are one number, as they are to Grafana's own front end. Where a classic server keeps
//! integers that a float cannot hold, a second, exact digest tells them apart.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

use super::{Address, Secret};

/// The revision of the canonical form. Under another revision a recorded digest proves nothing.
pub const REVISION: u32 = 1;

/// SHA-256 of a canonical form, as 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Digest {
        Digest(hex::encode(Sha256::digest(bytes)))
    }

    /// The digest of a value's canonical form, numbers as 64-bit floats.
    #[must_use]
    pub fn of_value(value: &Value) -> Digest {
        let mut hash = Sha256::new();
        write_canonical(value, Numbers::Float, &mut |bytes| hash.update(bytes));
        Digest(hex::encode(hash.finalize()))
    }

    /// The hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

/// What a normal form amounts to: its digest, and what of it depends on the server that stores it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NormalDigest {
    /// Of the form with numbers as floats, without the leaves in `soft`.
    pub float: Digest,
    /// Of the form with integers exact, where that differs from `float`: there are integers beyond 2^53.
    pub exact: Option<Digest>,
    /// Leaves that a server may rewrite as it stores them (a dashboard's `refresh`), by their JSON pointer.
    pub soft: Vec<(String, Value)>,
}

impl NormalDigest {
    /// Takes the digest of a normal form whose soft leaves have been taken out of it.
    #[must_use]
    pub fn of(value: &Value, soft: Vec<(String, Value)>) -> NormalDigest {
        let float = Digest::of_value(value);
        let exact = has_wide_integer(value).then(|| {
            let mut hash = Sha256::new();
            write_canonical(value, Numbers::Exact, &mut |bytes| hash.update(bytes));
            Digest(hex::encode(hash.finalize()))
        });
        NormalDigest { float, exact, soft }
    }

    /// The one digest that is recorded, and compared where numbers are floats: soft leaves included.
    #[must_use]
    pub fn recorded(&self) -> Digest {
        if self.soft.is_empty() {
            return self.float.clone();
        }
        let mut hash = Sha256::new();
        hash.update(self.float.0.as_bytes());
        for (pointer, value) in &self.soft {
            hash.update(pointer.as_bytes());
            hash.update([0]);
            write_canonical(value, Numbers::Float, &mut |bytes| hash.update(bytes));
        }
        Digest(hex::encode(hash.finalize()))
    }

    /// Whether both stand for the same thing on a server that keeps numbers as it got them (`literal`) or as floats.
    #[must_use]
    pub fn equals(&self, other: &NormalDigest, numbers: Numbers) -> bool {
        let exact = |d: &NormalDigest| d.exact.clone().unwrap_or_else(|| d.float.clone());
        self.soft == other.soft
            && match numbers {
                Numbers::Float => self.float == other.float,
                Numbers::Exact => exact(self) == exact(other),
            }
    }
}

/// How numbers are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Numbers {
    /// As 64-bit floats, which is how 12.x stores them (fact: `numbers-as-floats`).
    Float,
    /// Integers exactly, the rest as floats: servers up to 11 keep each literal's spelling.
    Exact,
}

/// A keyed digest of a secret value: HMAC-SHA-256 under the registry's own salt, as hexadecimal digits.
///
/// Without the salt it says nothing about the value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl Fingerprint {
    /// The keyed fingerprint of one secret value of one object.
    #[must_use]
    pub fn of(salt: &str, address: &Address, key: &str, value: &Secret) -> Fingerprint {
        // HMAC takes a key of any length, so this never fails; an empty text is no fingerprint of anything.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt.as_bytes()) else {
            return Fingerprint(String::new());
        };
        for part in [address.to_string().as_str(), key, value.expose()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Fingerprint(hex::encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

/// Whether two numbers are the same under a rule.
#[must_use]
pub fn same_number(a: &Number, b: &Number, numbers: Numbers) -> bool {
    number_text(a, numbers) == number_text(b, numbers)
}

/// Whether two values are the same under a rule for numbers; object keys in any order.
#[must_use]
pub fn same_value(a: &Value, b: &Value, numbers: Numbers) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b, numbers),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b, numbers))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same_value(v, w, numbers)))
        }
        _ => a == b,
    }
}

/// Whether a number is an integer that a 64-bit float cannot hold, as `9007199254740993`.
#[must_use]
pub fn is_wide_integer(number: &Number) -> bool {
    number
        .as_i64()
        .map_or_else(|| number.as_u64().is_some_and(|n| float_of_u64(n) != Some(n)), |n| float_of_i64(n) != Some(n))
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "losing digits is what is asked about"
)]
fn float_of_i64(n: i64) -> Option<i64> {
    let back = n as f64;
    (back < 9.3e18).then_some(back as i64)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as above")]
fn float_of_u64(n: u64) -> Option<u64> {
    let back = n as f64;
    (back < 1.8446744073709552e19).then_some(back as u64)
}

fn has_wide_integer(value: &Value) -> bool {
    match value {
        Value::Number(n) => is_wide_integer(n),
        Value::Array(items) => items.iter().any(has_wide_integer),
        Value::Object(map) => map.values().any(has_wide_integer),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn number_text(number: &Number, numbers: Numbers) -> String {
    if numbers == Numbers::Exact && is_wide_integer(number) {
        return number.to_string();
    }
    match number.as_f64() {
        Some(0.0) => "0".into(),
        Some(float) => Number::from_f64(float).map_or_else(|| number.to_string(), |n| n.to_string()),
        None => number.to_string(),
    }
}

fn write_canonical(value: &Value, numbers: Numbers, out: &mut impl FnMut(&[u8])) {
    match value {
        Value::Null => out(b"null"),
        Value::Bool(true) => out(b"true"),
        Value::Bool(false) => out(b"false"),
        Value::Number(n) => out(number_text(n, numbers).as_bytes()),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out(b"[");
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out(b",");
                }
                write_canonical(item, numbers, out);
            }
            out(b"]");
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out(b"{");
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out(b",");
                }
                write_text(key, out);
                out(b":");
                write_canonical(&map[key], numbers, out);
            }
            out(b"}");
        }
    }
}

// Length before bytes: no escaping, and still no two different texts give the same bytes.
fn write_text(text: &str, out: &mut impl FnMut(&[u8])) {
    out(text.len().to_string().as_bytes());
    out(b"\"");
    out(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn spellings_of_one_number_are_one_digest() {
        let one = Digest::of_value(&value("[1, 1000, 0.0]"));
        assert_eq!(one, Digest::of_value(&value("[1.0, 1e3, -0.0]")));
        assert_ne!(one, Digest::of_value(&value("[1, 1001, 0]")));
    }

    #[test]
    fn order_of_keys_does_not_count_and_order_of_items_does() {
        assert_eq!(Digest::of_value(&value(r#"{"a":1,"b":2}"#)), Digest::of_value(&value(r#"{"b":2,"a":1}"#)));
        assert_ne!(Digest::of_value(&json!([1, 2])), Digest::of_value(&json!([2, 1])));
    }

    #[test]
    fn wide_integers_differ_only_where_the_server_keeps_them() {
        let a = NormalDigest::of(&value("[9007199254740993]"), vec![]);
        let b = NormalDigest::of(&value("[9007199254740992]"), vec![]);
        assert!(a.equals(&b, Numbers::Float));
        assert!(!a.equals(&b, Numbers::Exact));
        assert_eq!(a.recorded(), b.recorded());
    }

    #[test]
    fn absent_and_null_differ() {
        assert_ne!(Digest::of_value(&json!({})), Digest::of_value(&json!({"a": null})));
    }

    #[test]
    fn soft_leaves_count() {
        let a = NormalDigest::of(&json!({}), vec![("/refresh".into(), json!("5s"))]);
        let b = NormalDigest::of(&json!({}), vec![("/refresh".into(), json!("10s"))]);
        assert_ne!(a.recorded(), b.recorded());
        assert!(!a.equals(&b, Numbers::Float));
    }
}
