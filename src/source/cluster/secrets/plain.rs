//! `v1` Secrets of the directory: `data` in base 64, and `stringData` over it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Keys;
use super::fields::{At, Fault, SECRET};
use super::value::from_base64;
use crate::model::{Secret, Spot};
use crate::source::cluster::{self, Resource};

/// Reads one text of a Secret.
type Read = fn(&str) -> Result<String, &'static str>;

/// The members of a Secret with its texts, later ones over earlier ones, and how each is read.
const MEMBERS: [(&str, Read); 2] = [("data", decoded), ("stringData", as_written)];

/// All texts of a Secret that can be read; none of one that is encrypted.
pub(in crate::source::cluster) fn texts(secret: &Value) -> BTreeMap<String, Secret> {
    let of = |(member, read): (&str, Read)| {
        let texts = cluster::texts(secret.get(member).filter(|_| !is_encrypted(secret)));
        texts.filter_map(move |(key, text)| Some((key.clone(), Secret::new(read(text).ok()?))))
    };
    MEMBERS.into_iter().flat_map(of).collect()
}

/// The values of the keys of a Secret that are asked for; of those that cannot be read, what is wrong.
pub(super) fn values(resource: &Resource, asked: &Keys) -> (BTreeMap<String, Secret>, Vec<Fault>) {
    let (mut values, mut faults) = (BTreeMap::new(), Vec::new());
    let whole = At::new(resource, "");
    if is_encrypted(whole.value()) {
        faults.push(encrypted(whole.get("sops").hidden_spot()));
        return (values, faults);
    }
    for (member, read) in MEMBERS {
        let all = whole.get(member);
        for key in all.keys().into_iter().filter(|key| asked.holds(key)) {
            let at = all.get(key);
            let text = at.value().as_str().ok_or("is not text: write it in quotes");
            match text.and_then(read) {
                Ok(text) => drop(values.insert(key.to_owned(), Secret::new(text))),
                Err(why) => faults.push(Fault {
                    spot: Box::new(at.hidden_spot()),
                    message: format!("`{member}.{key}` of this Secret {why}"),
                    help: "write base 64 into `data`, or the text itself into `stringData`".into(),
                    code: SECRET,
                }),
            }
        }
    }
    (values, faults)
}

/// The names of all keys of a Secret.
pub(super) fn keys(resource: &Resource) -> Vec<String> {
    let whole = At::new(resource, "");
    let mut keys: Vec<String> =
        MEMBERS.iter().flat_map(|(member, _)| whole.get(member).keys()).map(str::to_owned).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn decoded(text: &str) -> Result<String, &'static str> {
    let bytes = from_base64(text).ok_or("is not base64")?;
    String::from_utf8(bytes).map_err(|_| "is not text once it is decoded")
}

fn as_written(text: &str) -> Result<String, &'static str> {
    Ok(text.to_owned())
}

// Whether SOPS encrypted its texts.
fn is_encrypted(secret: &Value) -> bool {
    secret.get("sops").is_some_and(Value::is_object)
}

fn encrypted(spot: Spot) -> Fault {
    Fault {
        spot: Box::new(spot),
        message: "this Secret is encrypted with SOPS, which is not undone here".into(),
        help: "decrypt it first (`sops decrypt FILE`), or give its values to the run: \
               `--secret NAMESPACE/NAME.KEY=env:VARIABLE`"
            .into(),
        code: SECRET,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_texts_of_a_secret_are_those_that_a_cluster_would_have() {
        let check = |secret: Value, expected: &[(&str, &str)]| {
            let found = texts(&secret);
            let found: Vec<(&str, &str)> = found.iter().map(|(key, text)| (key.as_str(), text.expose())).collect();
            assert_eq!(found, expected, "{secret}");
        };
        check(json!({ "data": { "a": "b25l" }, "stringData": { "b": "two" } }), &[("a", "one"), ("b", "two")]);
        check(json!({ "data": { "a": "b25l" }, "stringData": { "a": "two" } }), &[("a", "two")]);
        check(json!({ "data": { "a": "b2\n5l\n" } }), &[("a", "one")]);
        check(json!({ "data": { "a": "?", "b": 1 } }), &[]);
        check(json!({ "stringData": { "a": "ENC[AES256_GCM,data:x]" }, "sops": {} }), &[]);
    }
}
