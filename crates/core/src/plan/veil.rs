//! What of a data source came from elsewhere (`$__env{}`, `$__file{}`), and how its forms may be shown. Pure.
//!
//! A value from elsewhere is shown as it is written, whichever side of a difference it stands on and wherever it stands:
//! a list that grew, a placeholder that became a literal, a key of another name do not make it any less a secret. What
//! the directory says now is known as it is; what an earlier apply sent is known by the pointer and the keyed digest
//! that the record keeps ([`crate::model::Recorded::elsewhere`]).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::secret::conceal;
use crate::model::{Fingerprint, Recorded, Secret};

/// Stands for a live value where one from elsewhere stands, or stood, and it is not that one.
const ANOTHER: &str = "(another value)";
/// Stands for a live value of which it is not known where it came from.
const UNKNOWN: &str = "(not shown: where it came from is not known)";

/// The keyed digest of a text.
type Print = Box<dyn Fn(&str) -> Fingerprint + Send + Sync>;

/// What must not be shown of one data source.
pub struct Veil {
    /// What the directory says now, by its pointer in the normal form: the value, and how it is written.
    now: BTreeMap<String, (Secret, String)>,
    /// The values that the texts of `now` were put together from, as they are written.
    pieces: Vec<(Secret, String)>,
    /// What was sent before: where it stood, and its digest.
    once: Vec<(String, Fingerprint)>,
    print: Print,
    /// Nothing is known of what was sent before: no live value is shown that the directory does not say too.
    blind: bool,
}

impl Veil {
    /// The veil of an object: what the record keeps of it, by a keyed digest.
    #[must_use]
    pub fn new(recorded: Option<&Recorded>, print: Print) -> Veil {
        let pending = recorded.and_then(|r| r.pending.as_ref()).map(|p| &p.elsewhere);
        let once = recorded.map(|r| &r.elsewhere).into_iter().chain(pending).flatten();
        let once = once.map(|(pointer, print)| (pointer.clone(), print.clone())).collect();
        Veil { now: BTreeMap::new(), pieces: Vec::new(), once, print, blind: false }
    }

    /// Hides what the directory says too: its normal form with all values, the same as it is written, and the single
    /// values that its texts were put together from.
    #[must_use]
    pub fn over(mut self, value: &Value, written: &Value, pieces: Vec<(Secret, String)>) -> Veil {
        collect(value, written, String::new(), &mut self.now);
        self.pieces = pieces;
        self
    }

    /// Shows no live value that the directory does not say too: the record could not be read.
    #[must_use]
    pub fn blind(mut self) -> Veil {
        self.blind = true;
        self
    }

    /// Whether there is nothing to hide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.now.is_empty() && self.pieces.is_empty() && self.once.is_empty() && !self.blind
    }

    /// What is to be recorded: where values from elsewhere stand now, and their digests.
    #[must_use]
    pub fn prints(&self) -> BTreeMap<String, Fingerprint> {
        self.now.iter().map(|(pointer, (value, _))| (pointer.clone(), (self.print)(value.expose()))).collect()
    }

    /// The directory's form as it may be shown.
    #[must_use]
    pub fn declared(&self, value: &Value) -> Value {
        self.shown(value, String::new())
    }

    /// The live form as it may be shown, beside the directory's (null where there is none).
    #[must_use]
    pub fn live(&self, live: &Value, declared: &Value) -> Value {
        self.beside(live, Some(declared), &[], String::new())
    }

    /// A text for people, as a server's refusal, without any value that the directory says now.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let whole = self.now.values();
        let hidden: Vec<(&str, &str)> =
            whole.chain(&self.pieces).map(|(value, written)| (value.expose(), written.as_str())).collect();
        conceal(text, &hidden)
    }

    fn shown(&self, value: &Value, pointer: String) -> Value {
        match (self.now.get(&pointer), value) {
            (Some((_, written)), _) => Value::String(written.clone()),
            (None, Value::Object(map)) => {
                map.iter().map(|(key, item)| (key.clone(), self.shown(item, member(&pointer, key)))).collect()
            }
            (None, Value::Array(items)) => {
                items.iter().enumerate().map(|(i, item)| self.shown(item, format!("{pointer}/{i}"))).collect()
            }
            (None, Value::String(text)) => Value::String(self.leaf(text)),
            (None, Value::Null | Value::Bool(_) | Value::Number(_)) => value.clone(),
        }
    }

    /// `among` are the items of the list that `live` is one of: where one of them is the value from elsewhere, it is no
    /// matter at which place.
    fn beside(&self, live: &Value, declared: Option<&Value>, among: &[Value], pointer: String) -> Value {
        let leaf = live.as_str().map(|text| self.leaf(text));
        let is_known = leaf.is_some() && leaf.as_deref() != live.as_str();
        let elsewhere = |value: &Secret| among.iter().any(|item| item.as_str() == Some(value.expose()));
        if let Some((value, written)) = self.now.get(&pointer)
            && (live.as_str() == Some(value.expose()) || !elsewhere(value))
        {
            return match leaf {
                _ if live.as_str() == Some(value.expose()) => Value::String(written.clone()),
                Some(leaf) if is_known && self.is_value(live) => Value::String(leaf),
                _ => Value::String(ANOTHER.into()),
            };
        }
        let same = declared == Some(live);
        let moved =
            |print: &Fingerprint| among.iter().filter_map(Value::as_str).any(|text| (self.print)(text) == *print);
        if !same && !is_known && self.once.iter().any(|(at, print)| *at == pointer && !moved(print)) {
            return Value::String(ANOTHER.into());
        }
        match live {
            Value::Object(map) => map
                .iter()
                .map(|(key, item)| {
                    let beside = declared.and_then(|d| d.get(key));
                    (key.clone(), self.beside(item, beside, &[], member(&pointer, key)))
                })
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(i, item)| {
                    self.beside(item, declared.and_then(|d| d.get(i)), items, format!("{pointer}/{i}"))
                })
                .collect(),
            Value::String(text) if self.blind && !same && !is_known && !text.is_empty() => {
                Value::String(UNKNOWN.into())
            }
            Value::String(_) => Value::String(leaf.unwrap_or_default()),
            Value::Null | Value::Bool(_) | Value::Number(_) => live.clone(),
        }
    }

    /// A text wherever it stands: the same on both sides, so that what is equal stays equal.
    fn leaf(&self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        if let Some((_, written)) = self.now.values().chain(&self.pieces).find(|(value, _)| value.expose() == text)
        {
            return written.clone();
        }
        if !self.once.is_empty() {
            let print = (self.print)(text);
            let mut known: Vec<&str> = self.once.iter().map(|(_, print)| print.0.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            if let Some(place) = known.iter().position(|other| *other == print.0) {
                return match known.len() {
                    1 => "(a value from elsewhere)".into(),
                    _ => format!("(value {} from elsewhere)", place + 1),
                };
            }
        }
        let pieces: Vec<(&str, &str)> =
            self.pieces.iter().map(|(value, written)| (value.expose(), written.as_str())).collect();
        conceal(text, &pieces)
    }

    /// Whether a live value is, as a whole, one from elsewhere.
    fn is_value(&self, live: &Value) -> bool {
        let Some(text) = live.as_str() else { return false };
        let now = self.now.values().chain(&self.pieces).any(|(value, _)| value.expose() == text);
        now || self.once.iter().any(|(_, print)| *print == (self.print)(text))
    }
}

// Where the two forms differ, a value came from elsewhere.
fn collect(value: &Value, written: &Value, pointer: String, out: &mut BTreeMap<String, (Secret, String)>) {
    match (value, written) {
        (Value::Object(values), Value::Object(writtens)) => {
            for (key, value) in values {
                if let Some(written) = writtens.get(key) {
                    collect(value, written, member(&pointer, key), out);
                }
            }
        }
        (Value::Array(values), Value::Array(writtens)) => {
            for (i, (value, written)) in values.iter().zip(writtens).enumerate() {
                collect(value, written, format!("{pointer}/{i}"), out);
            }
        }
        (Value::String(value), Value::String(written)) if value != written => {
            out.insert(pointer, (Secret::new(value.clone()), written.clone()));
        }
        _ => {}
    }
}

fn member(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::kinds::datasource::diff::diff;
    use crate::model::digest::Numbers;

    const X: &str = "planted-in-x";

    fn print() -> Print {
        Box::new(|text| Fingerprint(crate::model::Digest::of_bytes(text.as_bytes()).as_str().to_owned()))
    }

    fn recorded(elsewhere: &[(&str, &str)]) -> Recorded {
        let elsewhere = elsewhere.iter().map(|(at, text)| ((*at).to_owned(), print()(text))).collect();
        Recorded { elsewhere, ..Recorded::default() }
    }

    /// What a difference shows, from live to declared, given how the directory writes it and what was recorded.
    fn shows(live: &Value, value: &Value, written: &Value, once: &[(&str, &str)]) -> String {
        let veil = Veil::new(Some(&recorded(once)), print()).over(value, written, Vec::new());
        let delta = diff(&veil.live(live, value), &veil.declared(value), Numbers::Float);
        format!("{delta:?}")
    }

    #[test]
    fn a_list_that_grew_before_the_placeholder_shows_no_value() {
        let of = |x: &str| json!({ "jsonData": { "list": ["zero", "first", x, "third"] } });
        let live = json!({ "jsonData": { "list": ["first", X, "third"] } });
        let told = shows(&live, &of(X), &of("$__env{X}"), &[("/jsonData/list/1", X)]);
        assert!(!told.contains(X) && told.contains("zero") && told.contains("$__env{X}"), "{told}");
    }

    #[test]
    fn a_placeholder_that_became_a_literal_shows_no_live_value() {
        let live = json!({ "jsonData": { "list": ["first", X, "third"] } });
        for literal in ["literal", X] {
            let value = json!({ "jsonData": { "list": ["first", "new", literal, "third"] } });
            let told = shows(&live, &value, &value, &[("/jsonData/list/1", X)]);
            assert!(!told.contains(X) && told.contains("new"), "{told}");
        }
    }

    #[test]
    fn a_value_that_somebody_edited_is_not_shown_where_one_from_elsewhere_stands_or_stood() {
        let live = json!({ "url": format!("http://{X}/edited") });
        let value = json!({ "url": format!("http://{X}/") });
        let told = shows(&live, &value, &json!({ "url": "http://$__env{X}/" }), &[]);
        assert!(!told.contains(X) && told.contains(ANOTHER), "{told}");
        let literal = json!({ "url": "http://literal/" });
        let told = shows(&live, &literal, &literal, &[("/url", "http://old/")]);
        assert!(!told.contains(X) && told.contains("http://literal/"), "{told}");
    }

    #[test]
    fn what_did_not_come_from_elsewhere_is_shown_and_what_is_equal_stays_equal() {
        let live = json!({ "url": "http://a", "user": X });
        let value = json!({ "url": "http://b", "user": X });
        let told = shows(&live, &value, &json!({ "url": "http://b", "user": "$__env{X}" }), &[]);
        assert!(told.contains("http://a") && told.contains("http://b") && !told.contains("user"), "{told}");
        // The literal that the placeholder became, applied already: nothing differs.
        let told = shows(&value, &value, &value, &[("/url", "http://old/")]);
        assert!(told.contains("entries: []"), "{told}");
    }

    #[test]
    fn without_the_record_no_live_value_is_shown_that_the_directory_does_not_say() {
        let veil = Veil::new(None, print()).blind();
        let (live, value) = (json!({ "url": X, "name": "a" }), json!({ "url": "http://b", "name": "a" }));
        assert_eq!(veil.live(&live, &value), json!({ "url": UNKNOWN, "name": "a" }));
    }

    #[test]
    fn a_piece_of_a_text_is_hidden_in_other_texts_and_in_the_words_of_a_server() {
        let value = json!({ "url": format!("http://{X}:9090") });
        let pieces = vec![(Secret::new(X.into()), "$__env{X}".to_owned())];
        let veil = Veil::new(None, print()).over(&value, &json!({ "url": "http://$__env{X}:9090" }), pieces);
        let live = json!({ "jsonData": { "other": format!("tcp://{X}") } });
        assert_eq!(veil.live(&live, &value), json!({ "jsonData": { "other": "tcp://$__env{X}" } }));
        assert_eq!(veil.text(&format!("invalid URL http://{X}:9090")), "invalid URL http://$__env{X}:9090");
    }

    proptest! {
        /// Wherever the planted value stands, before and after, as a placeholder or as a literal: it is shown nowhere.
        #[test]
        fn a_value_from_elsewhere_is_shown_nowhere(
            before in proptest::collection::vec(0_u8..4, 0..6),
            after in proptest::collection::vec(0_u8..5, 0..6),
        ) {
            let text = |n: u8, placeholder: &str| match n {
                0 => X.to_owned(),
                4 => placeholder.to_owned(),
                n => format!("plain-{n}"),
            };
            let once: Vec<(String, &str)> = before
                .iter()
                .enumerate()
                .filter(|(_, n)| **n == 0)
                .map(|(i, _)| (format!("/jsonData/list/{i}"), X))
                .collect();
            let once: Vec<(&str, &str)> = once.iter().map(|(at, x)| (at.as_str(), *x)).collect();
            let of = |all: &[u8], placeholder: &str| -> Value {
                let list: Vec<String> = all.iter().map(|n| text(*n, placeholder)).collect();
                json!({ "jsonData": { "list": list } })
            };
            // A literal of the value that nothing recorded or wrote as a placeholder is only a text of the directory.
            prop_assume!(!once.is_empty() || after.contains(&4));
            let (live, value, written) = (of(&before, X), of(&after, X), of(&after, "$__env{X}"));
            let told = shows(&live, &value, &written, &once);
            prop_assert!(!told.contains(X), "{}", told);
        }
    }
}
