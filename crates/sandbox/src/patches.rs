//! Patches of resources: merge patches (RFC 7386) and JSON patches (RFC 6902).

use super::json::Json;

/// A patch that cannot be applied, and why.
#[derive(Debug, PartialEq)]
pub(crate) struct Unfit(pub String);

/// Merges a patch into a value: what is null in it goes, what is an object is merged in turn.
pub(crate) fn merge(into: &mut Json, patch: &Json) {
    let Json::Object(changes) = patch else {
        *into = patch.clone();
        return;
    };
    if !matches!(into, Json::Object(_)) {
        *into = Json::object([]);
    }
    let Json::Object(members) = into else { return };
    for (key, change) in changes {
        match change {
            Json::Null => drop(members.remove(key)),
            change => merge(members.entry(key.clone()).or_insert(Json::Null), change),
        }
    }
}

/// Applies the operations of a JSON patch, in order.
pub(crate) fn apply(to: &mut Json, patch: &Json) -> Result<(), Unfit> {
    let Json::Array(operations) = patch else {
        return Err(Unfit("the patch is not a list of operations".to_owned()));
    };
    for operation in operations {
        let path = operation.text("path");
        let value = operation.get("value").cloned().unwrap_or(Json::Null);
        match operation.text("op") {
            "add" => add(to, path, value)?,
            "replace" => *find(to, path)? = value,
            "remove" => drop(remove(to, path)?),
            "test" if *find(to, path)? == value => {}
            "test" => return Err(Unfit(format!("testing value {path} failed: test failed"))),
            "move" => {
                let value = remove(to, operation.text("from"))?;
                add(to, path, value)?;
            }
            "copy" => {
                let value = find(to, operation.text("from"))?.clone();
                add(to, path, value)?;
            }
            other => return Err(Unfit(format!("Unexpected kind: {other}"))),
        }
    }
    Ok(())
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

fn missing(path: &str) -> Unfit {
    Unfit(format!("{path} is missing: missing value"))
}

fn find<'j>(value: &'j mut Json, path: &str) -> Result<&'j mut Json, Unfit> {
    parts(path).iter().try_fold(value, |value, part| step(value, part)).ok_or_else(|| missing(path))
}

fn step<'j>(value: &'j mut Json, part: &str) -> Option<&'j mut Json> {
    match value {
        Json::Object(members) => members.get_mut(part),
        Json::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Raw(_) => None,
    }
}

fn within(path: &str) -> (String, String) {
    let (above, last) = path.rsplit_once('/').unwrap_or(("", path));
    (above.to_owned(), parts(&format!("/{last}")).pop().unwrap_or_default())
}

fn add(to: &mut Json, path: &str, value: Json) -> Result<(), Unfit> {
    if path.is_empty() {
        *to = value;
        return Ok(());
    }
    let (above, last) = within(path);
    match find(to, &above)? {
        Json::Object(members) => drop(members.insert(last, value)),
        Json::Array(items) => match last.parse::<usize>() {
            Ok(at) if at <= items.len() => items.insert(at, value),
            _ if last == "-" => items.push(value),
            _ => return Err(missing(path)),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Raw(_) => return Err(missing(path)),
    }
    Ok(())
}

fn remove(from: &mut Json, path: &str) -> Result<Json, Unfit> {
    let (above, last) = within(path);
    match find(from, &above)? {
        Json::Object(members) => members.remove(&last).ok_or_else(|| missing(path)),
        Json::Array(items) => match last.parse::<usize>() {
            Ok(at) if at < items.len() => Ok(items.remove(at)),
            _ => Err(missing(path)),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Raw(_) => Err(missing(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Json {
        Json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_merge_patch_takes_away_what_is_null() {
        let mut value = read(r#"{"a":{"b":1,"c":2},"d":[1]}"#);
        merge(&mut value, &read(r#"{"a":{"b":null,"e":3},"d":4}"#));
        assert_eq!(value, read(r#"{"a":{"c":2,"e":3},"d":4}"#));
    }

    #[test]
    fn a_json_patch_is_applied_in_order() {
        let mut value = read(r#"{"a":[1,2],"b/c":{}}"#);
        let patch = r#"[{"op":"add","path":"/a/1","value":9},{"op":"add","path":"/b~1c/d","value":1},
            {"op":"remove","path":"/a/0"},{"op":"test","path":"/a/0","value":9},{"op":"replace","path":"/a/1","value":3}]"#;
        assert_eq!(apply(&mut value, &read(patch)), Ok(()));
        assert_eq!(value, read(r#"{"a":[9,3],"b/c":{"d":1}}"#));
        assert!(apply(&mut value, &read(r#"[{"op":"remove","path":"/none"}]"#)).is_err());
        assert!(apply(&mut value, &read(r#"[{"op":"test","path":"/a/0","value":1}]"#)).is_err());
    }
}
