//! Secrets Manager: secrets, their versions and labels (`amg.md` 8).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answers::{Exception, Outcome};
use super::serve::Call;
use super::{ACCOUNT, REGION, lock};
use crate::sandbox::random;

/// The label of what readers get.
const CURRENT: &str = "AWSCURRENT";
/// The label of what readers got before.
const PREVIOUS: &str = "AWSPREVIOUS";
/// The longest value, in bytes.
const LONGEST: usize = 65_536;
/// How many secrets one call reads.
const BATCH: usize = 20;
/// How many labels one version has at most.
const LABELS: usize = 20;
const DAY: i64 = 86_400;

/// A secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    arn: String,
    name: String,
    description: String,
    kms_key: Option<String>,
    tags: BTreeMap<String, String>,
    created: i64,
    changed: i64,
    /// When it was marked for deletion, and when it goes.
    deleted: Option<(i64, i64)>,
    versions: BTreeMap<String, Version>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Version {
    value: Content,
    stages: Vec<String>,
    created: i64,
}

/// A text, or bytes in base 64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Content {
    Text(String),
    Bytes(String),
}

type All = BTreeMap<String, Stored>;

fn missing() -> Exception {
    Exception::new(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

fn parameter(message: impl Into<String>) -> Exception {
    Exception::new(400, "InvalidParameterException", message)
}

fn request(message: impl Into<String>) -> Exception {
    Exception::new(400, "InvalidRequestException", message)
}

/// Answers a call.
pub fn call(call: &Call<'_>) -> Outcome {
    let mut kept = lock(&call.cloud.kept);
    let now = call.cloud.clock.now();
    // What was to be deleted by now is gone.
    kept.data.secrets.retain(|_, secret| secret.deleted.is_none_or(|(_, goes)| goes > now));
    let all = &mut kept.data.secrets;
    let outcome = match call.action.as_str() {
        "GetSecretValue" => return get(call, all),
        "BatchGetSecretValue" => return batch(call, all),
        "DescribeSecret" => return Ok(described(find(all, call.text("SecretId"))?)),
        "ListSecrets" => return list(call, all),
        "ListSecretVersionIds" => return list_versions(call, all),
        "CreateSecret" => create(call, all, now),
        "PutSecretValue" => put(call, all, now),
        "UpdateSecret" => update(call, all, now),
        "UpdateSecretVersionStage" => move_label(call, all, now),
        "DeleteSecret" => delete(call, all, now),
        "RestoreSecret" => restore(call, all),
        "TagResource" | "UntagResource" => tag(call, all),
        other => Err(Exception::unknown(&format!("the action `{other}` of Secrets Manager"))),
    }?;
    kept.save().map_err(|e| Exception::new(500, "InternalServiceError", format!("{e:#}")))?;
    Ok(outcome)
}

/// By name, by ARN, or by an ARN without the characters that AWS adds.
fn find<'a>(all: &'a All, id: &str) -> Result<&'a Stored, Exception> {
    if id.is_empty() {
        return Err(parameter("You must provide a value for the SecretId parameter."));
    }
    let by_arn =
        |s: &&Stored| s.arn == id || (id.starts_with("arn:") && s.arn.strip_prefix(id).is_some_and(is_added));
    all.get(id).or_else(|| all.values().find(by_arn)).ok_or_else(missing)
}

fn is_added(rest: &str) -> bool {
    rest.len() == 7 && rest.starts_with('-')
}

/// One that is not marked for deletion, to be changed.
fn live<'a>(all: &'a mut All, id: &str) -> Result<&'a mut Stored, Exception> {
    let name = find(all, id)?.name.clone();
    let secret = all.get_mut(&name).ok_or_else(missing)?;
    match secret.deleted {
        Some(_) => Err(marked()),
        None => Ok(secret),
    }
}

fn marked() -> Exception {
    request("You can't perform this operation on the secret because it was marked for deletion.")
}

fn content(call: &Call<'_>) -> Result<Option<Content>, Exception> {
    let (text, bytes) = (call.text("SecretString"), call.text("SecretBinary"));
    let content = match (text, bytes) {
        ("", "") => return Ok(None),
        (text, "") => Content::Text(text.to_owned()),
        ("", bytes) => Content::Bytes(bytes.to_owned()),
        _ => return Err(parameter("You can't specify both SecretString and SecretBinary.")),
    };
    let (Content::Text(held) | Content::Bytes(held)) = &content;
    if held.len() > LONGEST {
        return Err(parameter("The secret value can't be longer than 65536 bytes."));
    }
    Ok(Some(content))
}

/// The version that a call names, or a new one.
fn version_of(call: &Call<'_>) -> Result<String, Exception> {
    match call.text("ClientRequestToken") {
        "" => Ok(random::uuid()),
        token if (32..=64).contains(&token.len()) => Ok(token.to_owned()),
        _ => Err(parameter("ClientRequestToken must have from 32 to 64 characters.")),
    }
}

fn told(secret: &Stored, version: &str) -> Value {
    json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": version })
}

fn create(call: &Call<'_>, all: &mut All, now: i64) -> Outcome {
    let name = call.text("Name");
    let letters = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if name.is_empty() || name.len() > 512 || !name.chars().all(letters) {
        return Err(Exception::new(
            400,
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ));
    }
    let (value, version) = (content(call)?, version_of(call)?);
    if let Some(there) = all.get(name) {
        if there.deleted.is_some() {
            let told =
                "You can't create this secret because a secret with this name is already scheduled for deletion.";
            return Err(request(told));
        }
        let same = there.versions.get(&version).is_some_and(|v| Some(&v.value) == value.as_ref());
        if same {
            return Ok(told(there, &version));
        }
        let told = format!("The operation failed because the secret {name} already exists.");
        return Err(Exception::new(400, "ResourceExistsException", told));
    }
    let added: String = random::short_uid().chars().take(6).collect();
    let mut secret = Stored {
        arn: format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{added}"),
        name: name.to_owned(),
        description: call.text("Description").to_owned(),
        kms_key: Some(call.text("KmsKeyId").to_owned()).filter(|key| !key.is_empty()),
        tags: tags(call)?,
        created: now,
        changed: now,
        deleted: None,
        versions: BTreeMap::new(),
    };
    let mut answer = told(&secret, &version);
    match value {
        Some(value) => {
            let stages = vec![CURRENT.to_owned()];
            secret.versions.insert(version, Version { value, stages, created: now });
        }
        None => answer = json!({ "ARN": secret.arn, "Name": secret.name }),
    }
    all.insert(name.to_owned(), secret);
    Ok(answer)
}

/// The tags of a call. Keys have 1 to 128 characters, values 256 at most, and `aws:` is AWS's own (`amg.md` 8).
fn tags(call: &Call<'_>) -> Result<BTreeMap<String, String>, Exception> {
    let text = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut tags = BTreeMap::new();
    for tag in call.body.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        let (key, value) = (text(tag, "Key"), text(tag, "Value"));
        let odd = key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256;
        let own = |text: &str| text.to_ascii_lowercase().starts_with("aws:");
        if odd || own(&key) || own(&value) || tags.insert(key, value).is_some() {
            return Err(parameter("A tag's key or value isn't valid, or a key is there twice."));
        }
    }
    Ok(tags)
}

fn get(call: &Call<'_>, all: &All) -> Outcome {
    let secret = find(all, call.text("SecretId"))?;
    if secret.deleted.is_some() {
        return Err(marked());
    }
    let (id, stage) = (call.text("VersionId"), call.text("VersionStage"));
    let stage = if id.is_empty() && stage.is_empty() { CURRENT } else { stage };
    let found = secret.versions.iter().find(|(version, v)| {
        (id.is_empty() || *version == id) && (stage.is_empty() || v.stages.iter().any(|s| s == stage))
    });
    match found {
        Some((version, v)) => Ok(value(secret, version, v)),
        None => {
            let what = if id.is_empty() { format!("staging label: {stage}") } else { format!("VersionId: {id}") };
            let told = format!("Secrets Manager can't find the specified secret value for {what}");
            Err(Exception::new(400, "ResourceNotFoundException", told))
        }
    }
}

fn value(secret: &Stored, version: &str, held: &Version) -> Value {
    let mut body = told(secret, version);
    body["VersionStages"] = json!(held.stages);
    body["CreatedDate"] = held.created.into();
    match &held.value {
        Content::Text(text) => body["SecretString"] = text.as_str().into(),
        Content::Bytes(bytes) => body["SecretBinary"] = bytes.as_str().into(),
    }
    body
}

fn batch(call: &Call<'_>, all: &All) -> Outcome {
    let ids = call.texts("SecretIdList");
    let filters = call.body.get("Filters").and_then(Value::as_array).filter(|f| !f.is_empty());
    let ids = match (ids.is_empty(), filters) {
        (false, None) if ids.len() <= BATCH => ids,
        (false, None) => return Err(parameter("SecretIdList must have at most 20 members.")),
        (true, Some(_)) => all.values().filter(|s| is_meant(call, s)).map(|s| s.name.clone()).collect(),
        _ => return Err(parameter("You must include either Filters or SecretIdList, and not both.")),
    };
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        let found = find(all, &id).and_then(|secret| {
            let current = secret.versions.iter().find(|(_, v)| v.stages.iter().any(|s| s == CURRENT));
            match current {
                _ if secret.deleted.is_some() => Err(marked()),
                Some((version, held)) => Ok(value(secret, version, held)),
                None => Err(missing()),
            }
        });
        match found {
            Ok(value) => values.push(value),
            Err(e) => errors.push(json!({ "SecretId": id, "ErrorCode": e.code, "Message": e.message })),
        }
    }
    Ok(json!({ "SecretValues": values, "Errors": errors }))
}

/// Whether the filters of a call mean a secret: each of them, by the beginning of what it names.
fn is_meant(call: &Call<'_>, secret: &Stored) -> bool {
    let filters = call.body.get("Filters").and_then(Value::as_array);
    filters.into_iter().flatten().all(|filter| {
        let values: Vec<&str> = filter
            .get("Values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let begins = |text: &str| values.iter().any(|v| text.starts_with(v));
        match filter.get("Key").and_then(Value::as_str) {
            Some("name") => begins(&secret.name),
            Some("description") => begins(&secret.description),
            Some("tag-key") => secret.tags.keys().any(|k| begins(k)),
            Some("tag-value") => secret.tags.values().any(|v| begins(v)),
            _ => begins(&secret.name) || begins(&secret.description),
        }
    })
}

fn described(secret: &Stored) -> Value {
    let stages: Map<String, Value> = secret
        .versions
        .iter()
        .filter(|(_, v)| !v.stages.is_empty())
        .map(|(id, v)| (id.clone(), json!(v.stages)))
        .collect();
    let tags: Vec<Value> = secret.tags.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
    let mut body = json!({
        "ARN": secret.arn, "Name": secret.name, "Description": secret.description, "CreatedDate": secret.created,
        "LastChangedDate": secret.changed, "Tags": tags, "VersionIdsToStages": stages,
    });
    if let Some(key) = &secret.kms_key {
        body["KmsKeyId"] = key.as_str().into();
    }
    if let Some((at, _)) = secret.deleted {
        body["DeletedDate"] = at.into();
    }
    body
}

fn list(call: &Call<'_>, all: &All) -> Outcome {
    let size = match call.number("MaxResults") {
        None => 100,
        Some(size @ 1..=100) => usize::try_from(size).unwrap_or(100),
        Some(_) => return Err(parameter("MaxResults must be from 1 to 100.")),
    };
    let begin: usize = match call.text("NextToken") {
        "" => 0,
        text => text.parse().map_err(|_| Exception::new(400, "InvalidNextTokenException", "Invalid NextToken."))?,
    };
    let planned = call.body.get("IncludePlannedDeletion").and_then(Value::as_bool).unwrap_or(false);
    let meant: Vec<&Stored> =
        all.values().filter(|s| (planned || s.deleted.is_none()) && is_meant(call, s)).collect();
    let shown: Vec<Value> = meant.iter().skip(begin).take(size).map(|s| described(s)).collect();
    let mut body = json!({ "SecretList": shown });
    if begin + size < meant.len() {
        body["NextToken"] = (begin + size).to_string().into();
    }
    Ok(body)
}

fn list_versions(call: &Call<'_>, all: &All) -> Outcome {
    let secret = find(all, call.text("SecretId"))?;
    let every = call.body.get("IncludeDeprecated").and_then(Value::as_bool).unwrap_or(false);
    let versions: Vec<Value> = secret
        .versions
        .iter()
        .filter(|(_, v)| every || !v.stages.is_empty())
        .map(|(id, v)| json!({ "VersionId": id, "VersionStages": v.stages, "CreatedDate": v.created }))
        .collect();
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "Versions": versions }))
}

/// Gives a label to a version, which takes it from the one that has it; what was current becomes the previous one.
fn label(secret: &mut Stored, stage: &str, to: Option<&str>) {
    let from = secret.versions.iter().find(|(_, v)| v.stages.iter().any(|s| s == stage)).map(|(id, _)| id.clone());
    if from.as_deref() == to {
        return;
    }
    for version in secret.versions.values_mut() {
        version.stages.retain(|s| s != stage);
    }
    if let Some(version) = to.and_then(|to| secret.versions.get_mut(to)) {
        version.stages.push(stage.to_owned());
    }
    if stage == CURRENT
        && let Some(from) = from
    {
        label(secret, PREVIOUS, Some(&from));
    }
}

fn put(call: &Call<'_>, all: &mut All, now: i64) -> Outcome {
    let (value, version) = (content(call)?, version_of(call)?);
    let Some(value) = value else { return Err(parameter("You must provide either SecretString or SecretBinary.")) };
    let stages = call.texts("VersionStages");
    if stages.len() > LABELS {
        return Err(parameter("VersionStages must have at most 20 members."));
    }
    let secret = live(all, call.text("SecretId"))?;
    match secret.versions.get(&version) {
        Some(there) if there.value != value => {
            let told = "You can't use ClientRequestToken of an existing version with a different value.";
            return Err(Exception::new(400, "ResourceExistsException", told));
        }
        Some(_) => {}
        None => {
            secret.versions.insert(version.clone(), Version { value, stages: Vec::new(), created: now });
            let stages = if stages.is_empty() { vec![CURRENT.to_owned()] } else { stages };
            for stage in stages {
                label(secret, &stage, Some(&version));
            }
            secret.changed = now;
        }
    }
    let mut answer = told(secret, &version);
    answer["VersionStages"] = json!(secret.versions.get(&version).map(|v| v.stages.clone()).unwrap_or_default());
    Ok(answer)
}

fn update(call: &Call<'_>, all: &mut All, now: i64) -> Outcome {
    let (value, version) = (content(call)?, version_of(call)?);
    let secret = live(all, call.text("SecretId"))?;
    if let Some(description) = call.body.get("Description").and_then(Value::as_str) {
        description.clone_into(&mut secret.description);
    }
    if let Some(key) = call.body.get("KmsKeyId").and_then(Value::as_str) {
        secret.kms_key = Some(key.to_owned());
    }
    secret.changed = now;
    let Some(value) = value else { return Ok(json!({ "ARN": secret.arn, "Name": secret.name })) };
    if secret.versions.contains_key(&version) {
        return Err(Exception::new(
            400,
            "ResourceExistsException",
            "A resource with the ID you requested already exists.",
        ));
    }
    secret.versions.insert(version.clone(), Version { value, stages: Vec::new(), created: now });
    label(secret, CURRENT, Some(&version));
    Ok(told(secret, &version))
}

fn move_label(call: &Call<'_>, all: &mut All, now: i64) -> Outcome {
    let (stage, to, from) =
        (call.text("VersionStage"), call.text("MoveToVersionId"), call.text("RemoveFromVersionId"));
    if stage.is_empty() {
        return Err(parameter("You must provide a value for the VersionStage parameter."));
    }
    let secret = live(all, call.text("SecretId"))?;
    for id in [to, from].into_iter().filter(|id| !id.is_empty()) {
        if !secret.versions.contains_key(id) {
            let told = format!("Secrets Manager can't find the specified secret value for VersionId: {id}");
            return Err(Exception::new(400, "ResourceNotFoundException", told));
        }
    }
    let has = secret.versions.iter().find(|(_, v)| v.stages.iter().any(|s| s == stage)).map(|(id, _)| id.clone());
    match &has {
        Some(has) if !to.is_empty() && has == to => {}
        Some(has) if has != from => {
            return Err(parameter(format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version \
                 {has}, so you must explicitly reference that version in RemoveFromVersionId."
            )));
        }
        None if !from.is_empty() => {
            return Err(parameter(format!("Staging label {stage} is not attached to version {from}.")));
        }
        _ if to.is_empty() && stage == CURRENT => {
            return Err(parameter(
                "You can't remove the staging label AWSCURRENT from a version without moving it.",
            ));
        }
        _ => label(secret, stage, Some(to).filter(|to| !to.is_empty())),
    }
    secret.changed = now;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

fn delete(call: &Call<'_>, all: &mut All, now: i64) -> Outcome {
    let force = call.body.get("ForceDeleteWithoutRecovery").and_then(Value::as_bool).unwrap_or(false);
    let days = call.number("RecoveryWindowInDays");
    if force && days.is_some() {
        return Err(parameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    let days = days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(parameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
    }
    let secret = live(all, call.text("SecretId"))?;
    let goes = if force { now } else { now + days * DAY };
    let answer = json!({ "ARN": secret.arn, "Name": secret.name, "DeletionDate": goes });
    secret.deleted = Some((now, goes));
    if force {
        let name = secret.name.clone();
        all.remove(&name);
    }
    Ok(answer)
}

fn restore(call: &Call<'_>, all: &mut All) -> Outcome {
    let name = find(all, call.text("SecretId"))?.name.clone();
    let secret = all.get_mut(&name).ok_or_else(missing)?;
    secret.deleted = None;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

fn tag(call: &Call<'_>, all: &mut All) -> Outcome {
    let given = tags(call)?;
    let secret = live(all, call.text("SecretId"))?;
    if call.action == "TagResource" {
        secret.tags.extend(given);
    } else {
        for key in call.texts("TagKeys") {
            secret.tags.remove(&key);
        }
    }
    Ok(json!({}))
}
