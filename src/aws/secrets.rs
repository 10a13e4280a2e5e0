//! Secrets Manager: a secret's description, its value, its versions and their stages.
//!
//! Every write carries a token of its caller, so that a repeat is no second write. Which stage moves when is decided in
//! [`crate::identity`].

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::Tag;

use super::errors::Call;
use super::workspaces::seconds;
use super::{Aws, AwsError};
use crate::model::Secret;

/// How many values one call gives at most.
const BATCH: usize = 20;

/// A secret without its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretInfo {
    /// Its ARN, six random characters at its end.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// When it was scheduled for deletion: seconds since 1970. It can be neither read nor written then.
    pub deleted: Option<i64>,
    /// The key it is encrypted with, where it is not AWS's own.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What somebody wrote about it.
    pub description: Option<String>,
    /// The stages of each version that has some.
    pub stages: BTreeMap<String, Vec<String>>,
    /// Whether AWS rotates it.
    pub rotation: bool,
    /// When AWS rotates it next: seconds since 1970.
    pub next_rotation: Option<i64>,
}

impl SecretInfo {
    /// The version at a stage.
    #[must_use]
    pub fn version_at(&self, stage: &str) -> Option<&str> {
        let at = self.stages.iter().find(|(_, stages)| stages.iter().any(|s| s == stage));
        at.map(|(version, _)| version.as_str())
    }
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub struct SecretValue {
    /// The value.
    pub value: Secret,
    /// The id of the version.
    pub version: String,
    /// The secret's ARN.
    pub arn: String,
    /// The secret's name.
    pub name: String,
    /// The stages of this version.
    pub stages: Vec<String>,
    /// When the version was made: seconds since 1970.
    pub created: Option<i64>,
}

/// A version that was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretVersion {
    /// The secret's ARN.
    pub arn: String,
    /// The id of the version: the token that it was written with.
    pub version: String,
    /// Its stages.
    pub stages: Vec<String>,
}

impl Aws {
    /// What is known of a secret; none when there is none of this name or ARN.
    pub async fn describe_secret(&self, id: &str) -> Result<Option<SecretInfo>, AwsError> {
        let call = self.of_secret("secretsmanager:DescribeSecret", id);
        let answer = self.secrets.describe_secret().secret_id(id).send().await;
        let Some(of) = found(answer.map_err(|error| AwsError::of(&error, &call)))? else { return Ok(None) };
        let tags = of.tags.unwrap_or_default().into_iter();
        Ok(Some(SecretInfo {
            arn: of.arn.unwrap_or_default(),
            name: of.name.unwrap_or_default(),
            deleted: of.deleted_date.as_ref().map(seconds),
            kms_key: of.kms_key_id,
            tags: tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect(),
            description: of.description.filter(|text| !text.is_empty()),
            stages: of.version_ids_to_stages.unwrap_or_default().into_iter().collect(),
            rotation: of.rotation_enabled.unwrap_or_default(),
            next_rotation: of.next_rotation_date.as_ref().map(seconds),
        }))
    }

    /// A secret's value, `AWSCURRENT` unless a stage or a version is named; none when there is no such secret or no
    /// such version.
    pub async fn secret_value(
        &self,
        id: &str,
        stage: Option<&str>,
        version: Option<&str>,
    ) -> Result<Option<SecretValue>, AwsError> {
        let call = self.of_secret("secretsmanager:GetSecretValue", id);
        let asking = self.secrets.get_secret_value().secret_id(id);
        let asking = asking.set_version_stage(stage.map(str::to_owned)).set_version_id(version.map(str::to_owned));
        let answer = asking.send().await;
        let Some(of) = found(answer.map_err(|error| AwsError::of(&error, &call)))? else { return Ok(None) };
        Ok(Some(SecretValue {
            value: text_of(of.secret_string, of.secret_binary, id)?,
            version: of.version_id.unwrap_or_default(),
            arn: of.arn.unwrap_or_default(),
            name: of.name.unwrap_or_default(),
            stages: of.version_stages.unwrap_or_default(),
            created: of.created_date.as_ref().map(seconds),
        }))
    }

    /// The values of several secrets at `AWSCURRENT`, each under the id it was asked by. Twenty are asked for at once;
    /// one at a time where the caller may not do that.
    pub async fn secret_values(
        &self,
        ids: &[String],
    ) -> Result<BTreeMap<String, Result<SecretValue, AwsError>>, AwsError> {
        let ids: Vec<&String> = BTreeSet::from_iter(ids).into_iter().collect();
        let mut found = BTreeMap::new();
        let mut singly = ids.len() == 1;
        for batch in ids.chunks(BATCH) {
            if !singly {
                match self.batch(batch).await {
                    Ok(values) => found.extend(values),
                    Err(AwsError::Denied { action, .. }) if action == "secretsmanager:BatchGetSecretValue" => {
                        singly = true;
                    }
                    Err(error) => return Err(error),
                }
            }
            for id in batch {
                if !found.contains_key(*id) {
                    found.insert((*id).clone(), self.one_value(id).await?);
                }
            }
        }
        Ok(found)
    }

    /// The outer error is one that every other secret would meet as well.
    async fn one_value(&self, id: &str) -> Result<Result<SecretValue, AwsError>, AwsError> {
        match self.secret_value(id, None, None).await {
            Ok(Some(value)) => Ok(Ok(value)),
            Ok(None) => Ok(Err(AwsError::NotFound { what: secret_named(id) })),
            Err(error) if error.is_of_one() => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    async fn batch(&self, ids: &[&String]) -> Result<BTreeMap<String, Result<SecretValue, AwsError>>, AwsError> {
        let call = self.call("secretsmanager:BatchGetSecretValue", "the secrets");
        let list: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        let asking = self.secrets.batch_get_secret_value().set_secret_id_list(Some(list));
        let mut pages = asking.into_paginator().send();
        let mut found = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of(&error, &call))?;
            for of in page.secret_values.unwrap_or_default() {
                let (arn, name) = (of.arn.unwrap_or_default(), of.name.unwrap_or_default());
                let Some(id) = ids.iter().find(|id| is_named(id, &arn, &name)) else { continue };
                let value = text_of(of.secret_string, of.secret_binary, id).map(|value| SecretValue {
                    value,
                    version: of.version_id.unwrap_or_default(),
                    arn,
                    name,
                    stages: of.version_stages.unwrap_or_default(),
                    created: of.created_date.as_ref().map(seconds),
                });
                found.insert((*id).clone(), value);
            }
            for of in page.errors.unwrap_or_default() {
                let named = of.secret_id.unwrap_or_default();
                let Some(id) = ids.iter().find(|id| is_named(id, &named, &named)) else { continue };
                let call = self.of_secret("secretsmanager:GetSecretValue", id);
                let (code, message) = (of.error_code.unwrap_or_default(), of.message.unwrap_or_default());
                found.insert((*id).clone(), Err(AwsError::of_code(&code, &message, &call)));
            }
        }
        Ok(found)
    }

    /// Makes a secret with its first version, which becomes `AWSCURRENT`. The token, 32 to 64 characters, becomes the
    /// version's id; the same token with the same value does nothing.
    pub async fn create_secret(
        &self,
        name: &str,
        value: &Secret,
        kms_key: Option<&str>,
        tags: &[(String, String)],
        description: &str,
        request_token: &str,
    ) -> Result<SecretVersion, AwsError> {
        let call = self.of_secret("secretsmanager:CreateSecret", name);
        let making = self.secrets.create_secret().name(name).secret_string(value.expose());
        let making = making.set_kms_key_id(kms_key.map(str::to_owned)).client_request_token(request_token);
        let making = making.set_description((!description.is_empty()).then(|| description.to_owned()));
        let made = making.set_tags(Some(theirs(tags))).send().await;
        let made = made.map_err(|error| AwsError::of(&error, &call).without(value))?;
        Ok(SecretVersion {
            arn: made.arn.unwrap_or_default(),
            version: made.version_id.unwrap_or_default(),
            stages: vec!["AWSCURRENT".to_owned()],
        })
    }

    /// Writes a new version at these stages; at `AWSCURRENT` when none is named. The token, 32 to 64 characters, becomes
    /// the version's id; the same token with the same value does nothing.
    pub async fn put_secret(
        &self,
        id: &str,
        value: &Secret,
        stages: &[&str],
        request_token: &str,
    ) -> Result<SecretVersion, AwsError> {
        let call = self.of_secret("secretsmanager:PutSecretValue", id);
        let putting = self.secrets.put_secret_value().secret_id(id).secret_string(value.expose());
        let stages = (!stages.is_empty()).then(|| stages.iter().map(|stage| (*stage).to_owned()).collect());
        let put = putting.set_version_stages(stages).client_request_token(request_token).send().await;
        let put = put.map_err(|error| AwsError::of(&error, &call).without(value))?;
        Ok(SecretVersion {
            arn: put.arn.unwrap_or_default(),
            version: put.version_id.unwrap_or_default(),
            stages: put.version_stages.unwrap_or_default(),
        })
    }

    /// Moves a stage to a version, from the version that has it; `AWSPREVIOUS` follows `AWSCURRENT` by itself.
    pub async fn move_stage(&self, id: &str, stage: &str, to: &str, from: Option<&str>) -> Result<(), AwsError> {
        let call = self.of_secret("secretsmanager:UpdateSecretVersionStage", id);
        let moving = self.secrets.update_secret_version_stage().secret_id(id).version_stage(stage);
        let moving = moving.move_to_version_id(to).set_remove_from_version_id(from.map(str::to_owned));
        moving.send().await.map(drop).map_err(|error| AwsError::of(&error, &call))
    }

    /// Sets these tags; others stay.
    pub async fn tag_secret(&self, id: &str, tags: &[(String, String)]) -> Result<(), AwsError> {
        let call = self.of_secret("secretsmanager:TagResource", id);
        let tagging = self.secrets.tag_resource().secret_id(id).set_tags(Some(theirs(tags)));
        tagging.send().await.map(drop).map_err(|error| AwsError::of(&error, &call))
    }

    fn of_secret(&self, action: &'static str, id: &str) -> Call<'_> {
        let arn = match id.starts_with("arn:") {
            true => id.to_owned(),
            // Six random characters follow a name, which nobody knows before the secret is there.
            false => format!(
                "arn:{}:secretsmanager:{}:{}:secret:{id}-??????",
                self.partition(),
                self.region(),
                self.account_or_any()
            ),
        };
        self.call(action, secret_named(id)).resource(arn)
    }
}

fn secret_named(id: &str) -> String {
    format!("secret `{id}`")
}

fn theirs(tags: &[(String, String)]) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn found<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(AwsError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a secret is the one that was asked for by its name, its ARN, or its ARN without the six random characters.
fn is_named(id: &str, arn: &str, name: &str) -> bool {
    let without_random = arn.len().checked_sub(7).and_then(|end| arn.get(..end));
    id == arn || id == name || (id.starts_with("arn:") && without_random == Some(id))
}

fn text_of(text: Option<String>, bytes: Option<Blob>, id: &str) -> Result<Secret, AwsError> {
    let text = text.or_else(|| String::from_utf8(bytes?.into_inner()).ok());
    text.map(Secret::new).ok_or_else(|| AwsError::Invalid {
        words: format!("{} holds bytes that are no text", secret_named(id)),
        fields: Vec::new(),
    })
}
