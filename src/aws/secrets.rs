//! Secrets Manager: describing, reading and writing secrets.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Region;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, Tag};

use super::pages::Pages;
use super::{Aws, AwsError, Call, is_region};
use crate::model::Secret;

/// How many secrets one call reads at most.
const BATCH: usize = 20;
/// How many secrets are read of those that are found.
const FOUND: usize = 500;

/// A secret without its value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SecretInfo {
    /// Its ARN, with the six characters that AWS adds.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What it is for, in words.
    pub description: String,
    /// When anything of it was last changed, labels as well, in seconds since 1970; none where AWS does not say.
    pub changed: Option<i64>,
    /// When it was marked for deletion, in seconds since 1970.
    pub deleted: Option<i64>,
    /// The region that it is changed in, where it is a replica of a secret there.
    pub primary: Option<String>,
    /// Its KMS key, where it is not AWS's own.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The labels of its versions.
    pub stages: BTreeMap<String, Vec<String>>,
}

/// The value of one version of a secret.
#[derive(Clone, Debug)]
pub struct SecretValue {
    /// The value.
    pub value: Secret,
    /// The version.
    pub version: String,
}

/// A value that is to be stored.
#[derive(Clone, Debug)]
pub struct ToStore {
    /// The value.
    pub value: Secret,
    /// The secret that stands in it, where it holds more: what AWS says is told without it, too.
    pub inner: Option<Secret>,
}

impl From<&Secret> for ToStore {
    fn from(value: &Secret) -> ToStore {
        ToStore { value: value.clone(), inner: None }
    }
}

impl Aws {
    /// A secret without its value; none where there is none.
    pub async fn describe_secret(&self, id: &str) -> Result<Option<SecretInfo>, AwsError> {
        let call = self.secret_call("secretsmanager:DescribeSecret", id);
        match self.send(&call, || self.secrets_of(id).describe_secret().secret_id(id).send()).await {
            Ok(info) => Ok(Some(SecretInfo {
                arn: info.arn().unwrap_or_default().to_owned(),
                name: info.name().unwrap_or_default().to_owned(),
                description: info.description().unwrap_or_default().to_owned(),
                changed: info.last_changed_date().map(|date| date.secs()),
                deleted: info.deleted_date().map(|date| date.secs()),
                primary: info.primary_region().filter(|region| *region != self.region_of(id)).map(str::to_owned),
                kms_key: info.kms_key_id().map(str::to_owned),
                tags: info
                    .tags()
                    .iter()
                    .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
                    .collect(),
                stages: info.version_ids_to_stages.unwrap_or_default().into_iter().collect(),
            })),
            Err(AwsError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The value that has a label, or of a version, or the current one; none where there is none.
    pub async fn secret_value(
        &self,
        id: &str,
        stage: Option<&str>,
        version: Option<&str>,
    ) -> Result<Option<SecretValue>, AwsError> {
        let call = self.secret_call("secretsmanager:GetSecretValue", id);
        let (stage, version) = (stage.map(str::to_owned), version.map(str::to_owned));
        let answer = self
            .send(&call, || {
                let request = self.secrets_of(id).get_secret_value().secret_id(id);
                request.set_version_stage(stage.clone()).set_version_id(version.clone()).send()
            })
            .await;
        match answer {
            Ok(found) => value(id, found.secret_string, found.secret_binary, found.version_id).map(Some),
            Err(AwsError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The current values of several secrets, in as few calls as there can be: by the id that was given. Each that cannot
    /// be read has the reason in its place, also where a whole batch could not.
    ///
    /// Reading in batches is an IAM action of its own; where it is not allowed, or one secret spoils a batch, they are
    /// read one by one.
    pub async fn secret_values(&self, ids: &[String]) -> BTreeMap<String, Result<SecretValue, AwsError>> {
        let mut values = BTreeMap::new();
        let mut regions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for id in ids {
            regions.entry(self.region_of(id)).or_default().push(id.clone());
        }
        for batch in regions.values().flat_map(|ids| ids.chunks(BATCH)) {
            let found = match batch {
                [_] => BTreeMap::new(),
                several => match self.batch(several).await {
                    Ok(found) => found,
                    Err(error) if error.is_of_one() => BTreeMap::new(),
                    Err(error) => several.iter().map(|id| (id.clone(), Err(error.clone()))).collect(),
                },
            };
            // What a batch refuses is asked for by itself: its own answer says why, in full.
            self.fill(&mut values, found, batch).await;
        }
        values
    }

    /// The current values of all secrets of this region whose names begin so, with these tags, and whose name is meant; by
    /// name. One that cannot be read, or more than 500, is an error of all.
    pub async fn find_secrets(
        &self,
        beginning: Option<&str>,
        tags: &[(String, String)],
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, Secret>, AwsError> {
        let filter = |key, value: &str| Filter::builder().key(key).values(value).build();
        let by_tag = |(key, value): &(String, String)| {
            [filter(FilterNameStringType::TagKey, key), filter(FilterNameStringType::TagValue, value)]
        };
        let by_name = beginning.map(|beginning| filter(FilterNameStringType::Name, beginning));
        let filters: Vec<Filter> = by_name.into_iter().chain(tags.iter().flat_map(by_tag)).collect();
        let call = Call::new("secretsmanager:ListSecrets", "*");
        let (mut names, mut pages) = (Vec::new(), Pages::of(&call));
        loop {
            let page = self
                .send(&call, || {
                    let request = self.secrets.list_secrets().max_results(100);
                    request.set_filters(Some(filters.clone())).set_next_token(pages.next.clone()).send()
                })
                .await?;
            names.extend(
                page.secret_list()
                    .iter()
                    .filter_map(|secret| secret.name())
                    .filter(|name| is_meant(name))
                    .map(str::to_owned),
            );
            if !pages.turn(page.next_token)? {
                break;
            }
        }
        if names.len() > FOUND {
            let words = format!("{}: {} secrets are found, and {FOUND} are read at most", call.action, names.len());
            return Err(AwsError::Invalid(words));
        }
        let values = self.secret_values(&names).await;
        values.into_iter().map(|(name, value)| Ok((name, value?.value))).collect()
    }

    /// Adds what was found, and asks for the rest one by one until something fails that would fail for all.
    async fn fill(
        &self,
        values: &mut BTreeMap<String, Result<SecretValue, AwsError>>,
        found: BTreeMap<String, Result<SecretValue, AwsError>>,
        ids: &[String],
    ) {
        values.extend(found);
        let mut all: Option<AwsError> = None;
        for id in ids {
            if values.contains_key(id) {
                continue;
            }
            let value = match &all {
                Some(error) => Err(error.clone()),
                None => self.current_value(id).await,
            };
            all = value.as_ref().err().filter(|error| !error.is_of_one()).cloned();
            values.insert(id.clone(), value);
        }
    }

    /// One value.
    async fn current_value(&self, id: &str) -> Result<SecretValue, AwsError> {
        let missing = || AwsError::NotFound(format!("there is no secret `{id}` in region {}", self.region_of(id)));
        self.secret_value(id, None, None).await?.ok_or_else(missing)
    }

    /// Values of one region, as far as they can be read together.
    async fn batch(&self, ids: &[String]) -> Result<BTreeMap<String, Result<SecretValue, AwsError>>, AwsError> {
        let call = Call::new("secretsmanager:BatchGetSecretValue", "*");
        let secrets = self.secrets_of(ids.first().map(String::as_str).unwrap_or_default());
        let answer = self
            .send(&call, || secrets.batch_get_secret_value().set_secret_id_list(Some(ids.to_vec())).send())
            .await?;
        let mut values: BTreeMap<String, Result<SecretValue, AwsError>> = BTreeMap::new();
        for found in answer.secret_values.unwrap_or_default() {
            let (arn, name) = (found.arn.unwrap_or_default(), found.name.unwrap_or_default());
            // An ARN may be given without the hyphen and the six characters that AWS adds.
            let bare = arn.len().checked_sub(7).and_then(|end| arn.get(..end)).unwrap_or_default();
            let meant = |id: &&String| **id == name || **id == arn || **id == bare;
            let meant: Vec<String> = ids.iter().filter(meant).cloned().collect();
            let value = value(&arn, found.secret_string, found.secret_binary, found.version_id);
            values.extend(meant.into_iter().map(|id| (id, value.clone())));
        }
        Ok(values)
    }

    /// Makes a secret whose first version readers get.
    pub async fn create_secret(
        &self,
        name: &str,
        value: impl Into<ToStore>,
        kms_key: Option<&str>,
        tags: &[(String, String)],
        description: &str,
        version: &str,
    ) -> Result<(), AwsError> {
        let value = value.into();
        let call = self.secret_call("secretsmanager:CreateSecret", name).sending(&value);
        let kms_key = kms_key.map(str::to_owned);
        self.send(&call, || {
            let request = self.secrets.create_secret().name(name).description(description);
            let request = request.secret_string(value.value.expose()).client_request_token(version);
            request.set_kms_key_id(kms_key.clone()).set_tags(Some(tagged(tags))).send()
        })
        .await
        .map(drop)
    }

    /// Stores a value as a version with these labels.
    pub async fn put_secret(
        &self,
        id: &str,
        value: impl Into<ToStore>,
        stages: &[&str],
        version: &str,
    ) -> Result<(), AwsError> {
        let value = value.into();
        let call = self.secret_call("secretsmanager:PutSecretValue", id).sending(&value);
        let stages: Vec<String> = stages.iter().map(|s| (*s).to_owned()).collect();
        self.send(&call, || {
            let request = self.secrets_of(id).put_secret_value().secret_id(id).secret_string(value.value.expose());
            request.client_request_token(version).set_version_stages(Some(stages.clone())).send()
        })
        .await
        .map(drop)
    }

    /// Moves a label to a version, from the one that has it.
    pub async fn move_stage(&self, id: &str, stage: &str, to: &str, from: Option<&str>) -> Result<(), AwsError> {
        let call = self.secret_call("secretsmanager:UpdateSecretVersionStage", id);
        let from = from.map(str::to_owned);
        self.send(&call, || {
            let request = self.secrets_of(id).update_secret_version_stage().secret_id(id).version_stage(stage);
            request.move_to_version_id(to).set_remove_from_version_id(from.clone()).send()
        })
        .await
        .map(drop)
    }

    /// Sets tags.
    pub async fn tag_secret(&self, id: &str, tags: &[(String, String)]) -> Result<(), AwsError> {
        let call = self.secret_call("secretsmanager:TagResource", id);
        self.send(&call, || self.secrets_of(id).tag_resource().secret_id(id).set_tags(Some(tagged(tags))).send())
            .await
            .map(drop)
    }

    /// The region that a secret or a parameter is in: an ARN says it.
    #[must_use]
    pub fn region_of<'a>(&'a self, id: &'a str) -> &'a str {
        // arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME
        let mut parts = id.split(':');
        match (parts.next(), parts.nth(1), parts.next()) {
            (Some("arn"), Some("secretsmanager" | "ssm"), Some(region)) if is_region(region) => region,
            _ => &self.region,
        }
    }

    /// Secrets Manager where a secret is.
    fn secrets_of(&self, id: &str) -> Client {
        let region = self.region_of(id);
        if region == self.region {
            return self.secrets.clone();
        }
        Client::from_conf(self.secrets.config().to_builder().region(Region::new(region.to_owned())).build())
    }

    fn secret_call(&self, action: &'static str, id: &str) -> Call {
        let resource = if id.starts_with("arn:") {
            id.to_owned()
        } else {
            self.arn("secretsmanager", &format!("secret:{id}-??????"))
        };
        // Writes name their version, so that doing one twice is doing it once.
        Call::new(action, resource)
    }
}

impl Call {
    /// The same call, of which nobody may see the value, nor the secret in it.
    fn sending(self, value: &ToStore) -> Call {
        Call { secrets: std::iter::once(&value.value).chain(&value.inner).cloned().collect(), ..self }
    }
}

fn value(
    id: &str,
    text: Option<String>,
    binary: Option<Blob>,
    version: Option<String>,
) -> Result<SecretValue, AwsError> {
    let text = text.or_else(|| String::from_utf8(binary?.into_inner()).ok());
    let text = text.ok_or_else(|| AwsError::Bytes(id.to_owned()))?;
    Ok(SecretValue { value: Secret::new(text), version: version.unwrap_or_default() })
}

fn tagged(tags: &[(String, String)]) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
