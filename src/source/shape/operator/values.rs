//! `valuesFrom`: values of Secrets and ConfigMaps in the texts of a data source.
//!
//! The operator puts a value where `${KEY}` or `$KEY` stands in the texts that a path leads to. Here a marker
//! (`$__secret{…}`) takes that place, which [`crate::source::values`] resolves as it does every value from elsewhere: so
//! what is shown, compared and sent of it follows the same rules. Where the operator says nothing although a path, a
//! placeholder or a key is not there, there is an error with both places.

use serde_json::Value;

use super::fields::Manifest;
use crate::model::Problem;
use crate::source::cluster::Lookup;
use crate::source::values::marker;
use crate::source::yaml::member;

/// One step of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Member(String),
    Item(usize),
    Every,
}

/// Puts a marker into the texts of the body at a pointer, for each value that `valuesFrom` names.
pub(super) fn put_markers(manifest: &Manifest<'_, '_>, value: &mut Value, body: &str, problems: &mut Vec<Problem>) {
    let entries = manifest.at("/spec/valuesFrom").and_then(Value::as_array).into_iter().flatten();
    for (i, entry) in entries.enumerate() {
        let at = format!("/spec/valuesFrom/{i}");
        let from = match source(entry) {
            Ok(from) => from,
            Err((pointer, message)) => {
                problems.push(manifest.error(&format!("{at}{pointer}"), message));
                continue;
            }
        };
        let missing = missing(manifest, &at, &from);
        // What is missing is an error already: a marker for it would be another one.
        let written = match &missing {
            None => marker(from.kind, &manifest.namespace(), from.name, from.key),
            Some(_) => String::new(),
        };
        problems.extend(missing);
        let path = entry.get("targetPath").and_then(Value::as_str).unwrap_or_default();
        if let Err(problem) = put_marker(manifest, value, body, path, from.key, &written) {
            problems.push(manifest.document_error(&format!("{at}/targetPath"), *problem));
        }
    }
}

/// What an entry takes its value from.
struct From<'e> {
    /// Where it says so, as a JSON pointer from the entry.
    pointer: &'static str,
    /// `Secret` or `ConfigMap`.
    kind: &'static str,
    name: &'e str,
    key: &'e str,
}

// What is wrong where there is no such value.
fn missing(manifest: &Manifest<'_, '_>, at: &str, from: &From<'_>) -> Option<Problem> {
    let From { pointer, kind, name, key } = from;
    let namespace = manifest.namespace();
    let error = |last: &str, message: String| manifest.error(&format!("{at}{pointer}/{last}"), message);
    match manifest.cluster.look_up(kind, &namespace, name, key) {
        Lookup::Value(_) | Lookup::NotFetched => None,
        Lookup::NoObject => {
            let message = format!("there is no {kind} `{name}` of the namespace `{namespace}` in the directory");
            let way = if *kind == "Secret" { ", or give its value with `--secret`" } else { "" };
            Some(error("name", message).help(format!("add it{way}")))
        }
        Lookup::NoKey(spot) => {
            let problem = error("key", format!("the {kind} `{name}` has no key `{key}`"));
            Some(spot.into_iter().fold(problem, Problem::spot))
        }
    }
}

// Puts a marker wherever the placeholder stands where a path leads.
fn put_marker(
    manifest: &Manifest<'_, '_>,
    value: &mut Value,
    body: &str,
    path: &str,
    key: &str,
    written: &str,
) -> Result<(), Box<Problem>> {
    let error = |message: String| Problem::error("manifest", message);
    let spot = |pointer: &str| manifest.document.spot(&format!("{}{pointer}", manifest.base), "");
    let Some(steps) = steps(path) else {
        let help = "write it as `secureJsonData.password` or `jsonData.list[0].name`";
        return Err(Box::new(error(format!("`{path}` is not a path that is read here")).help(help)));
    };
    let mut found = Vec::new();
    let reached = follow(value.pointer(body).unwrap_or(&Value::Null), &steps, body.to_owned(), &mut found);
    if found.is_empty() {
        let problem = error(format!("`{path}` leads to nothing in the data source"));
        return Err(Box::new(problem.spot(spot(&reached)).help("correct the path, or add what it leads to")));
    }
    let mut is_put = false;
    for pointer in &found {
        let Some(Value::String(text)) = value.pointer_mut(pointer) else {
            let problem = error(format!("`{path}` leads to a value that is no text"));
            return Err(Box::new(
                problem.spot(spot(pointer)).help(format!("write a text with `${{{key}}}` in it there")),
            ));
        };
        // As the operator has it: first the one form, then the other, wherever they stand.
        let (braced, plain) = (format!("${{{key}}}"), format!("${key}"));
        is_put |= text.contains(&braced) || text.contains(&plain);
        let parts: Vec<String> = text.split(&braced).map(|part| part.replace(&plain, written)).collect();
        *text = parts.join(written);
    }
    if is_put {
        return Ok(());
    }
    let problem = error(format!("there is no placeholder `${{{key}}}` where `{path}` leads"));
    let problem = found.iter().map(|pointer| spot(pointer)).fold(problem, Problem::spot);
    Err(Box::new(problem.help(format!("write `${{{key}}}` there: the value is put in its place"))))
}

// What an entry takes its value from; or where in it something is wrong, and what.
fn source(entry: &Value) -> Result<From<'_>, (&'static str, &'static str)> {
    let of = |pointer: &str| entry.pointer(pointer).filter(|value| value.is_object());
    let (secret, map) = (of("/valueFrom/secretKeyRef"), of("/valueFrom/configMapKeyRef"));
    let (pointer, kind, from) = match (secret, map) {
        (Some(from), None) => ("/valueFrom/secretKeyRef", "Secret", from),
        (None, Some(from)) => ("/valueFrom/configMapKeyRef", "ConfigMap", from),
        _ => return Err(("/valueFrom", "a value comes from one place: `secretKeyRef` or `configMapKeyRef`")),
    };
    let word = |key: &str| from.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (word("name"), word("key")) {
        (Some(name), Some(key)) => Ok(From { pointer, kind, name, key }),
        _ => Err((pointer, "a reference needs a `name` and a `key`")),
    }
}

/// The steps of a path as `valuesFrom` has them: `jsonData.list[0].name`, `jsonData['a.b']`, `jsonData.list[*].name`.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path.trim().trim_start_matches('$');
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = match inside.chars().next()? {
                quote @ ('\'' | '"') => {
                    let (name, after) = inside[1..].split_once(quote)?;
                    (Step::Member(name.to_owned()), after.strip_prefix(']')?)
                }
                _ => {
                    let (index, after) = inside.split_once(']')?;
                    let step = if index == "*" { Step::Every } else { Step::Item(index.parse().ok()?) };
                    (step, after)
                }
            };
            steps.push(step);
            rest = after;
            continue;
        }
        rest = if steps.is_empty() { rest.strip_prefix('.').unwrap_or(rest) } else { rest.strip_prefix('.')? };
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        match &rest[..end] {
            "" => return None,
            "*" => steps.push(Step::Every),
            name => steps.push(Step::Member(name.to_owned())),
        }
        rest = &rest[end..];
    }
    (!steps.is_empty()).then_some(steps)
}

/// Notes the pointers that steps lead to; gives the one that they come as far as.
fn follow(value: &Value, steps: &[Step], pointer: String, found: &mut Vec<String>) -> String {
    let Some((step, rest)) = steps.split_first() else {
        found.push(pointer.clone());
        return pointer;
    };
    let next: Vec<(String, &Value)> = match (step, value) {
        (Step::Member(name), Value::Object(map)) => {
            map.get(name).map(|value| (member(&pointer, name), value)).into_iter().collect()
        }
        (Step::Item(i), Value::Array(items)) => {
            items.get(*i).map(|value| (format!("{pointer}/{i}"), value)).into_iter().collect()
        }
        (Step::Every, Value::Array(items)) => {
            items.iter().enumerate().map(|(i, value)| (format!("{pointer}/{i}"), value)).collect()
        }
        (Step::Every, Value::Object(map)) => {
            map.iter().map(|(name, value)| (member(&pointer, name), value)).collect()
        }
        _ => Vec::new(),
    };
    let reached = next.into_iter().map(|(pointer, value)| follow(value, rest, pointer, found));
    reached.max_by_key(String::len).unwrap_or(pointer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_members_indexes_and_names_in_quotes() {
        let member = |name: &str| Step::Member(name.to_owned());
        for (path, expected) in [
            ("url", Some(vec![member("url")])),
            ("secureJsonData.password", Some(vec![member("secureJsonData"), member("password")])),
            (
                "jsonData.list[1].name",
                Some(vec![member("jsonData"), member("list"), Step::Item(1), member("name")]),
            ),
            ("$.jsonData['a.b']", Some(vec![member("jsonData"), member("a.b")])),
            ("jsonData.list[*]", Some(vec![member("jsonData"), member("list"), Step::Every])),
            ("", None),
            ("a..b", None),
            ("a[x]", None),
            ("a[0", None),
            ("a['b", None),
            ("a[0]b", None),
            ("a[", None),
        ] {
            assert_eq!(steps(path), expected, "{path}");
        }
    }
}
