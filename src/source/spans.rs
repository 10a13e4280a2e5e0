//! Where the parts of a JSON text stand, for texts that [`super::json`] has read without a fault.
//!
//! Used only when a message needs a place, or when a body is taken apart to be sent byte for byte.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// One member of an object: its key, and where key and value stand.
pub(crate) struct Member {
    /// The key, unescaped.
    pub name: String,
    /// Where the key stands, quotes included.
    pub key: Range<usize>,
    /// Where the value stands.
    pub value: Range<usize>,
}

/// Where the whole value of a text stands.
pub(crate) fn whole(text: &str) -> Range<usize> {
    let start = blanks(text.as_bytes(), 0);
    start..text.trim_end().len().max(start)
}

/// The members of the object that stands at `at`, in their order; empty when there is no object.
pub(crate) fn members(text: &str, at: &Range<usize>) -> Vec<Member> {
    let bytes = text.as_bytes();
    let mut members = Vec::new();
    if bytes.get(at.start) != Some(&b'{') {
        return members;
    }
    let mut i = blanks(bytes, at.start + 1);
    while bytes.get(i) == Some(&b'"') {
        let key = i..skip_string(bytes, i);
        let start = blanks(bytes, blanks(bytes, key.end) + 1);
        let value = start..skip_value(bytes, start);
        let name = serde_json::from_str(text.get(key.clone()).unwrap_or_default()).unwrap_or_default();
        i = blanks(bytes, value.end);
        members.push(Member { name, key, value });
        if bytes.get(i) == Some(&b',') {
            i = blanks(bytes, i + 1);
        }
    }
    members
}

/// The items of the list that stands at `at`.
pub(crate) fn items(text: &str, at: &Range<usize>) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut items = Vec::new();
    if bytes.get(at.start) != Some(&b'[') {
        return items;
    }
    let mut i = blanks(bytes, at.start + 1);
    while i < at.end && bytes.get(i).is_some_and(|b| *b != b']') {
        let item = i..skip_value(bytes, i);
        i = blanks(bytes, item.end);
        items.push(item);
        if bytes.get(i) == Some(&b',') {
            i = blanks(bytes, i + 1);
        }
    }
    items
}

/// Where a value stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Located {
    /// Its key, if it is in an object.
    pub key: Option<Range<usize>>,
    /// The value; its alias, if it is one.
    pub value: Range<usize>,
    /// The value of an alias.
    pub defined: Option<Range<usize>>,
}

/// What was found of a text: its objects and lists are taken apart once, however many places are asked for.
#[derive(Default)]
pub(crate) struct Outline {
    parts: Mutex<BTreeMap<usize, Arc<Parts>>>,
}

/// An object or a list, taken apart.
enum Parts {
    Object(Vec<Member>),
    List(Vec<Range<usize>>),
    Neither,
}

impl Outline {
    /// Where the value of a JSON pointer stands; of a path that ends early, where it ends.
    pub(crate) fn locate(&self, text: &str, pointer: &str) -> Located {
        let mut key = None;
        let mut at = whole(text);
        for part in parts(pointer) {
            let next = match &*self.parts(text, &at) {
                Parts::Object(members) => {
                    members.iter().find(|m| m.name == part).map(|m| (Some(m.key.clone()), m.value.clone()))
                }
                Parts::List(items) => {
                    part.parse().ok().and_then(|i: usize| items.get(i).cloned()).map(|item| (None, item))
                }
                Parts::Neither => None,
            };
            match next {
                Some((k, v)) => (key, at) = (k, v),
                None => break,
            }
        }
        Located { key, value: at, defined: None }
    }

    fn parts(&self, text: &str, at: &Range<usize>) -> Arc<Parts> {
        let mut known = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let take_apart = || match text.as_bytes().get(at.start) {
            Some(b'{') => Parts::Object(members(text, at)),
            Some(b'[') => Parts::List(items(text, at)),
            _ => Parts::Neither,
        };
        Arc::clone(known.entry(at.start).or_insert_with(|| Arc::new(take_apart())))
    }
}

/// Where the brace or bracket at `open` is closed (the end of the text when it is not).
pub(crate) fn closing(text: &str, open: usize) -> usize {
    let mut depth = 0usize;
    let mut in_text = false;
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return i;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The unescaped parts of a JSON pointer.
pub(crate) fn parts(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"))
}

/// A key as a part of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Every text that is a value below `at` (keys are left out), as ranges with their quotes.
pub(crate) fn texts(text: &str, at: &Range<usize>) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut i = at.start;
    while i < at.end {
        if bytes[i] != b'"' {
            i += 1;
            continue;
        }
        let end = skip_string(bytes, i);
        if bytes.get(blanks(bytes, end)) != Some(&b':') {
            found.push(i..end);
        }
        i = end;
    }
    found
}

fn blanks(bytes: &[u8], mut i: usize) -> usize {
    while bytes.get(i).is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
        i += 1;
    }
    i
}

/// The end of the text that begins at `i`, its closing quote included.
pub(crate) fn skip_string(bytes: &[u8], mut i: usize) -> usize {
    i += 1;
    while let Some(byte) = bytes.get(i) {
        match byte {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    bytes.len()
}

fn skip_value(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        Some(b'"') => skip_string(bytes, start),
        Some(b'{' | b'[') => {
            let mut depth = 0usize;
            let mut i = start;
            while let Some(byte) = bytes.get(i) {
                match byte {
                    b'"' => {
                        i = skip_string(bytes, i);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return i + 1;
                        }
                    }
                    _ => {}
                }
                i += 1;
            }
            bytes.len()
        }
        _ => {
            let mut i = start;
            while bytes.get(i).is_some_and(|b| !matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r')) {
                i += 1;
            }
            i
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_to_their_values() {
        let text = r#" {"a": [1, {"b/c": "x\"y"}], "d": {}} "#;
        let at = |pointer: &str| text[Outline::default().locate(text, pointer).value].to_owned();
        assert_eq!(at("/a/1/b~1c"), r#""x\"y""#);
        assert_eq!(at("/a/0"), "1");
        assert_eq!(at("/d"), "{}");
        assert_eq!(at("/d/none"), "{}");
        assert_eq!(at(""), text.trim());
        assert_eq!(texts(text, &whole(text)).len(), 1);
    }

    #[test]
    fn a_list_is_taken_apart_once_whatever_is_asked_of_it() {
        let text = r#"{"datasources": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}"#;
        let outline = Outline::default();
        let names: Vec<_> = (0..3)
            .map(|i| text[outline.locate(text, &format!("/datasources/{i}/name")).value].to_owned())
            .collect();
        assert_eq!(names, [r#""a""#, r#""b""#, r#""c""#]);
        let known = |outline: &Outline| outline.parts.lock().unwrap().len();
        assert_eq!(known(&outline), 5, "the object, its list, and the three objects in that");
        outline.locate(text, "/datasources/1/name");
        assert_eq!(known(&outline), 5);
    }
}
