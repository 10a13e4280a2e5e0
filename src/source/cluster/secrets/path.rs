//! Paths of `remoteRef.property` as gjson has them, as far as manifests use them: `a.b`, `a.0`, `a.#`, `a.#.b`.
//!
//! The value is walked as it is written: a number keeps its digits, an object its blanks, and of two keys of one name the
//! first is found. What gjson knows besides (queries, modifiers, pipes, wildcards) is refused by name, never guessed at.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The most parts of a path: each is looked for in the text of the one before.
const DEEPEST: usize = 64;

/// Why a path gives nothing; no word of it is a value's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Miss {
    /// There is no such member.
    Absent,
    /// The value is no JSON.
    NotJson,
    /// The path has a part that is not supported.
    Unsupported(String),
}

/// The JSON at a path, as it is written; the whole path is tried as one key first.
pub(super) fn find(json: &str, path: &str) -> Result<String, Miss> {
    let root: &RawValue = serde_json::from_str(json).map_err(|_| Miss::NotJson)?;
    if let Some(value) = member(root.get(), path) {
        return Ok(value.get().to_owned());
    }
    walk(root.get(), &parts(path)?).ok_or(Miss::Absent)
}

/// The members of an object in order, as they are written; none of anything else.
pub(super) fn members(json: &str) -> Option<Vec<(String, &RawValue)>> {
    serde_json::from_str::<Members<'_>>(json).ok().map(|members| members.0)
}

/// The parts of a path. A backslash takes the next character as it is.
fn parts(path: &str) -> Result<Vec<String>, Miss> {
    let unsupported = |what: &str| Err(Miss::Unsupported(what.to_owned()));
    let mut parts = vec![String::new()];
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        let part = parts.last_mut().expect("there is a first part, and none is removed");
        match letter {
            '\\' => part.extend(letters.next()),
            '.' => parts.push(String::new()),
            '|' => return unsupported("a pipe (`|`)"),
            '*' | '?' => return unsupported("a wildcard (`*`, `?`)"),
            '(' if part == "#" => return unsupported("a query (`#(…)`)"),
            '@' if part.is_empty() => return unsupported("a modifier (`@…`)"),
            '!' if part.is_empty() => return unsupported("a literal (`!…`)"),
            '{' | '[' if part.is_empty() => return unsupported("a list of paths (`{…}`, `[…]`)"),
            letter => part.push(letter),
        }
    }
    if parts.len() > DEEPEST {
        return unsupported(&format!("more than {DEEPEST} parts"));
    }
    Ok(parts)
}

fn walk(json: &str, parts: &[String]) -> Option<String> {
    let Some((part, rest)) = parts.split_first() else { return Some(json.to_owned()) };
    if json.starts_with('{') {
        return walk(member(json, part)?.get(), rest);
    }
    let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    if part != "#" {
        return walk(items.get(part.parse::<usize>().ok()?)?.get(), rest);
    }
    if rest.is_empty() {
        return Some(items.len().to_string());
    }
    let found: Vec<String> = items.iter().filter_map(|item| walk(item.get(), rest)).collect();
    Some(format!("[{}]", found.join(",")))
}

fn member<'a>(json: &'a str, key: &str) -> Option<&'a RawValue> {
    members(json)?.into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// The members of an object in order, twice the same key included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRIENDS: &str = r#"{
        "name": {"first": "Tom", "last": "Anderson"}, "age": 37, "a.b": "literal", "a": {"b": "nested"},
        "friends": [{"first": "Dale", "nets": ["ig", "fb"]}, {"first": "Roger"}, {"last": "Craig", "nets": []}],
        "twice": 1, "twice": 2, "fav.movie": {"x": true}, "w|p": "pipe", "@type": "t", "": "nameless"
    }"#;

    #[test]
    fn paths_are_walked_as_gjson_walks_them() {
        for (path, expected) in [
            ("age", "37"),
            ("name.last", r#""Anderson""#),
            ("a.b", r#""literal""#),
            (r"a\.b", r#""literal""#),
            (r"fav\.movie.x", "true"),
            ("friends.0.first", r#""Dale""#),
            ("friends.1", r#"{"first": "Roger"}"#),
            ("friends.#", "3"),
            ("friends.#.first", r#"["Dale","Roger"]"#),
            ("friends.#.nets.#", "[2,0]"),
            ("friends.#.nets.0", r#"["ig"]"#),
            ("friends.#.none", "[]"),
            ("twice", "1"),
            ("w|p", r#""pipe""#),
            ("@type", r#""t""#),
            ("", r#""nameless""#),
        ] {
            assert_eq!(find(FRIENDS, path).as_deref(), Ok(expected), "{path}");
        }
        assert_eq!(find(r#"[{"a": 1}, 2]"#, "0.a").as_deref(), Ok("1"));
    }

    #[test]
    fn what_is_not_there_is_absent_and_what_is_not_read_is_named() {
        for path in ["none", "name.first.x", "friends.9", "friends.-1", "friends.x", "age.0", "name.#"] {
            assert_eq!(find(FRIENDS, path), Err(Miss::Absent), "{path}");
        }
        for (path, what) in [
            ("friends.#(last==\"Craig\").first", "a query (`#(…)`)"),
            ("friends.@reverse", "a modifier (`@…`)"),
            ("name.f*", "a wildcard (`*`, `?`)"),
            ("name|first", "a pipe (`|`)"),
            ("{age,name}", "a list of paths (`{…}`, `[…]`)"),
            ("!1", "a literal (`!…`)"),
        ] {
            assert_eq!(find(FRIENDS, path), Err(Miss::Unsupported(what.into())), "{path}");
        }
        assert_eq!(find("hunter2", "a"), Err(Miss::NotJson));
        assert_eq!(find(r#"{"a": 1"#, "a"), Err(Miss::NotJson));
        assert_eq!(find("3", "a"), Err(Miss::Absent));
    }

    proptest! {
        #[test]
        fn no_path_and_no_value_panics(json in "\\PC{0,60}", path in "[-\\\\.#a0|@(\"]{0,20}") {
            let _ = find(&json, &path);
            let _ = find(FRIENDS, &path);
        }
    }

    #[test]
    fn a_value_nested_beyond_reason_is_no_json_and_no_end_of_the_program() {
        let deep = "[".repeat(100_000);
        assert_eq!(find(&deep, "0.0"), Err(Miss::NotJson));
        let closed = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let path = |parts: usize| vec!["0"; parts].join(".");
        assert_eq!(find(&closed, &path(65)), Err(Miss::Unsupported("more than 64 parts".into())));
        assert!(find(&closed, &path(64)).unwrap().starts_with("[[["));
    }
}
