//! Secrets Manager: its actions, and which secret one is about.
//!
//! What a secret is, and how labels move from version to version, is in [`super::secret`]; lists are in
//! [`super::secret_lists`].

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::answers::{Exception, Outcome};
use super::secret::{CURRENT, Content, Stored, Version};
use super::serve::Call;
use super::{ACCOUNT, REGION, lock, secret_lists};
use crate::encoding::from_base64;
use crate::random;

/// The longest value, in bytes.
const LONGEST: usize = 65_536;
/// How many labels one call gives.
const LABELS: usize = 20;
/// How many tags a secret has at most.
const TAGS: usize = 50;
const DAY: i64 = 86_400;

/// Secrets by name.
pub(super) type All = BTreeMap<String, Stored>;

/// There is no such secret.
pub(super) fn missing() -> Exception {
    Exception::new(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

/// A member makes no sense.
pub(super) fn parameter(message: impl Into<String>) -> Exception {
    Exception::new(400, "InvalidParameterException", message)
}

fn request(message: impl Into<String>) -> Exception {
    Exception::new(400, "InvalidRequestException", message)
}

/// The actions that it answers.
pub(super) const ACTIONS: &[&str] = &[
    "GetSecretValue",
    "BatchGetSecretValue",
    "DescribeSecret",
    "ListSecrets",
    "ListSecretVersionIds",
    "CreateSecret",
    "PutSecretValue",
    "UpdateSecret",
    "UpdateSecretVersionStage",
    "DeleteSecret",
    "RestoreSecret",
    "TagResource",
    "UntagResource",
];

/// Answers a call.
pub(super) fn call(call: &Call<'_>) -> Outcome {
    let mut kept = lock(&call.cloud.kept);
    let now = call.cloud.clock.now();
    // What was to be deleted by now is gone.
    kept.data.secrets.retain(|_, secret| secret.deleted.is_none_or(|(_, goes)| goes > now));
    let all = &mut kept.data.secrets;
    let outcome = match call.action.as_str() {
        "GetSecretValue" => return get(call, all),
        "BatchGetSecretValue" => return secret_lists::batch(call, all),
        "DescribeSecret" => return Ok(described(find(all, call.text("SecretId"))?, "VersionIdsToStages")),
        "ListSecrets" => return secret_lists::list(call, all),
        "ListSecretVersionIds" => return secret_lists::list_versions(call, all),
        "CreateSecret" => create(call, all, now),
        "PutSecretValue" => put(call, all, now),
        "UpdateSecret" => update(call, all, now),
        "UpdateSecretVersionStage" => move_label(call, all, now),
        "DeleteSecret" => delete(call, all, now),
        "RestoreSecret" => restore(call, all),
        "TagResource" | "UntagResource" => tag(call, all),
        other => Err(Exception::unknown(&format!("the action `{other}` of Secrets Manager"))),
    }?;
    kept.save().map_err(|e| call.service.failed(format!("{e:#}")))?;
    Ok(outcome)
}

/// By name, by ARN, or by an ARN without the characters that AWS adds.
pub(super) fn find<'a>(all: &'a All, id: &str) -> Result<&'a Stored, Exception> {
    if id.is_empty() {
        return Err(parameter("You must provide a value for the SecretId parameter."));
    }
    let by_arn = || all.values().find(|s| s.arn == id);
    let by_part = || all.values().find(|s| id.starts_with("arn:") && s.arn.strip_prefix(id).is_some_and(is_added));
    all.get(id).or_else(by_arn).or_else(by_part).ok_or_else(missing)
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

/// The secret is marked for deletion.
pub(super) fn marked() -> Exception {
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
    let length = match &content {
        Content::Text(text) => text.len(),
        Content::Bytes(bytes) => from_base64(bytes).ok_or_else(|| parameter("SecretBinary is not base 64."))?.len(),
    };
    if length > LONGEST {
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
    let mut secret = Stored {
        arn: new_arn(name),
        name: name.to_owned(),
        description: call.text("Description").to_owned(),
        kms_key: Some(call.text("KmsKeyId").to_owned()).filter(|key| !key.is_empty()),
        tags: tagged(BTreeMap::new(), tags(call)?)?,
        created: now,
        changed: now,
        deleted: None,
        versions: BTreeMap::new(),
    };
    let mut answer = told(&secret, &version);
    match value {
        Some(value) => secret.add(version, value, &[CURRENT.to_owned()], now)?,
        None => answer = json!({ "ARN": secret.arn, "Name": secret.name }),
    }
    all.insert(name.to_owned(), secret);
    Ok(answer)
}

/// The tags of a call. Keys have 1 to 128 characters, values 256 at most, and `aws:` is AWS's own (fact:
/// `secret-tags`).
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

/// Tags after others were added, of which there may be 50.
fn tagged(
    mut tags: BTreeMap<String, String>,
    added: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Exception> {
    tags.extend(added);
    if tags.len() > TAGS {
        return Err(Exception::new(400, "LimitExceededException", "A secret can have at most 50 tags."));
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
    let found = match id {
        "" => secret.labelled(stage).and_then(|id| secret.versions.get_key_value(id)),
        id => secret.versions.get_key_value(id),
    };
    let Some((version, held)) = found else {
        let what = if id.is_empty() { format!("staging label: {stage}") } else { format!("VersionId: {id}") };
        let told = format!("Secrets Manager can't find the specified secret value for {what}");
        return Err(Exception::new(400, "ResourceNotFoundException", told));
    };
    if !stage.is_empty() && !held.has(stage) {
        return Err(request("You provided a VersionStage that is not associated to the provided VersionId."));
    }
    Ok(value(secret, version, held))
}

/// A version with its value.
pub(super) fn value(secret: &Stored, version: &str, held: &Version) -> Value {
    let mut body = told(secret, version);
    body["VersionStages"] = json!(held.stages);
    body["CreatedDate"] = held.created.into();
    match &held.value {
        Content::Text(text) => body["SecretString"] = text.as_str().into(),
        Content::Bytes(bytes) => body["SecretBinary"] = bytes.as_str().into(),
    }
    body
}

/// What is said of a secret; its labels under a name that differs between the actions.
pub(super) fn described(secret: &Stored, stages_as: &str) -> Value {
    let stages: Map<String, Value> = secret
        .versions
        .iter()
        .filter(|(_, v)| !v.stages.is_empty())
        .map(|(id, v)| (id.clone(), json!(v.stages)))
        .collect();
    let tags: Vec<Value> = secret.tags.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
    let mut body = json!({
        "ARN": secret.arn, "Name": secret.name, "Description": secret.description, "CreatedDate": secret.created,
        "LastChangedDate": secret.changed, "Tags": tags,
    });
    body[stages_as] = stages.into();
    if let Some(key) = &secret.kms_key {
        body["KmsKeyId"] = key.as_str().into();
    }
    if let Some((at, _)) = secret.deleted {
        body["DeletedDate"] = at.into();
    }
    body
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
            let stages = if stages.is_empty() { vec![CURRENT.to_owned()] } else { stages };
            secret.add(version.clone(), value, &stages, now)?;
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
    secret.add(version.clone(), value, &[CURRENT.to_owned()], now)?;
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
    match secret.labelled(stage).map(str::to_owned) {
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
        _ => secret.label(stage, Some(to).filter(|to| !to.is_empty()))?,
    }
    secret.changed = now;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

fn delete(call: &Call<'_>, all: &mut All, now: i64) -> Outcome {
    let force = call.flag("ForceDeleteWithoutRecovery");
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
    if force {
        return delete_at_once(call, all, now);
    }
    let secret = live(all, call.text("SecretId"))?;
    let goes = now + days * DAY;
    secret.deleted = Some((now, goes));
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "DeletionDate": goes }))
}

/// One that is marked goes as well; one that is not there is no error, so that this can be repeated.
fn delete_at_once(call: &Call<'_>, all: &mut All, now: i64) -> Outcome {
    let id = call.text("SecretId");
    let found = match find(all, id) {
        Ok(secret) => Some((secret.arn.clone(), secret.name.clone())),
        Err(e) if e.code == missing().code => None,
        Err(e) => return Err(e),
    };
    let (arn, name) = found.unwrap_or_else(|| (new_arn(id), id.to_owned()));
    all.remove(&name);
    Ok(json!({ "ARN": arn, "Name": name, "DeletionDate": now }))
}

/// An ARN with the six characters that AWS adds to a name.
fn new_arn(name: &str) -> String {
    let added: String = random::short_uid().chars().take(6).collect();
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{added}")
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
        secret.tags = tagged(secret.tags.clone(), given)?;
    } else {
        for key in call.texts("TagKeys") {
            secret.tags.remove(&key);
        }
    }
    Ok(json!({}))
}
