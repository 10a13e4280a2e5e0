//! Parameters of Systems Manager: put, get by name and by path, delete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answers::{Exception, Outcome};
use super::serve::Call;
use super::{ACCOUNT, REGION, lock};
use crate::sandbox::slug::base64_url;

/// How many names one call takes.
const BATCH: usize = 10;

/// A parameter: its values, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parameter {
    kind: String,
    versions: Vec<(String, i64)>,
}

/// The actions that it answers.
pub const ACTIONS: &[&str] =
    &["PutParameter", "GetParameter", "GetParameters", "GetParametersByPath", "DeleteParameter"];

/// Answers a call.
pub fn call(call: &Call<'_>) -> Outcome {
    let mut kept = lock(&call.cloud.kept);
    let all = &mut kept.data.parameters;
    let decrypted = call.body.get("WithDecryption").and_then(Value::as_bool).unwrap_or(false);
    let outcome = match call.action.as_str() {
        "PutParameter" => put(call, all),
        "GetParameter" => match shown(all, call.text("Name"), decrypted) {
            Some(found) => return Ok(json!({ "Parameter": found })),
            None => return Err(Exception::new(400, "ParameterNotFound", "")),
        },
        "GetParameters" => {
            let names = call.texts("Names");
            if names.is_empty() || names.len() > BATCH {
                return Err(Exception::new(400, "ValidationException", "Names must have from 1 to 10 members"));
            }
            let (mut found, mut invalid) = (Vec::new(), Vec::new());
            for name in names {
                match shown(all, &name, decrypted) {
                    Some(parameter) => found.push(parameter),
                    None => invalid.push(name),
                }
            }
            return Ok(json!({ "Parameters": found, "InvalidParameters": invalid }));
        }
        "GetParametersByPath" => {
            let path = format!("{}/", call.text("Path").trim_end_matches('/'));
            let deep = call.body.get("Recursive").and_then(Value::as_bool).unwrap_or(false);
            let below = |name: &&String| name.strip_prefix(&path).is_some_and(|rest| deep || !rest.contains('/'));
            let names: Vec<String> = all.keys().filter(below).cloned().collect();
            let found: Vec<Value> = names.iter().filter_map(|name| shown(all, name, decrypted)).collect();
            return Ok(json!({ "Parameters": found }));
        }
        "DeleteParameter" => match all.remove(call.text("Name")) {
            Some(_) => Ok(json!({})),
            None => Err(Exception::new(400, "ParameterNotFound", "")),
        },
        other => Err(Exception::unknown(&format!("the action `{other}` of Systems Manager"))),
    }?;
    kept.save().map_err(|e| call.service.failed(format!("{e:#}")))?;
    Ok(outcome)
}

fn put(call: &Call<'_>, all: &mut BTreeMap<String, Parameter>) -> Outcome {
    let (name, value, kind) = (call.text("Name"), call.text("Value"), call.text("Type"));
    let wrong = |message: &str| Exception::new(400, "ValidationException", message);
    if name.is_empty() || name.len() > 2048 || (name.contains('/') && !name.starts_with('/')) {
        return Err(wrong("Parameter name must be a fully qualified name."));
    }
    if value.is_empty() || value.len() > 8192 {
        return Err(wrong("Value must have from 1 to 8192 characters"));
    }
    let overwrite = call.body.get("Overwrite").and_then(Value::as_bool).unwrap_or(false);
    let now = call.cloud.clock.now();
    match all.get_mut(name) {
        Some(_) if !overwrite => Err(Exception::new(
            400,
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        )),
        Some(there) => {
            there.versions.push((value.to_owned(), now));
            if !kind.is_empty() {
                kind.clone_into(&mut there.kind);
            }
            Ok(json!({ "Version": there.versions.len(), "Tier": "Standard" }))
        }
        None if !matches!(kind, "String" | "StringList" | "SecureString") => {
            Err(wrong("A parameter type is required when you create a parameter."))
        }
        None => {
            let parameter = Parameter { kind: kind.to_owned(), versions: vec![(value.to_owned(), now)] };
            all.insert(name.to_owned(), parameter);
            Ok(json!({ "Version": 1, "Tier": "Standard" }))
        }
    }
}

/// A parameter by its name, its ARN, or a name with a version: `/path:3`.
fn shown(all: &BTreeMap<String, Parameter>, asked: &str, decrypted: bool) -> Option<Value> {
    let prefix = format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter");
    let name = asked.strip_prefix(&prefix).unwrap_or(asked);
    let (name, selector) = match name.split_once(':') {
        Some((name, version)) => (name, Some(version)),
        None => (name, None),
    };
    let found = all.get(name).or_else(|| all.get(name.trim_start_matches('/')))?;
    let number = match selector {
        Some(version) => version.parse::<usize>().ok()?,
        None => found.versions.len(),
    };
    let (value, at) = found.versions.get(number.checked_sub(1)?)?;
    let value = if found.kind == "SecureString" && !decrypted {
        // What the real one gives is encrypted; whoever reads this sees that it is not the value.
        base64_url(format!("encrypted {} bytes", value.len()).as_bytes())
    } else {
        value.clone()
    };
    let path = name.trim_start_matches('/');
    let mut shown = json!({
        "Name": name, "Type": found.kind, "Value": value, "Version": number, "LastModifiedDate": at,
        "ARN": format!("{prefix}/{path}"), "DataType": "text",
    });
    if let Some(selector) = selector {
        shown["Selector"] = format!(":{selector}").into();
    }
    Some(shown)
}
