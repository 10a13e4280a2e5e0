//! SecretStore and ClusterSecretStore: which service of AWS values come from, in which region, with which roles.
//!
//! What a store says of who asks (`auth.jwt`) belongs to a cluster: here the AWS identity of the run asks, and takes on
//! the store's roles.

use super::fields::{At, Fault};
use super::wanted::{Access, Role};
use crate::source::cluster::Resource;

/// A service that keeps values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Service {
    /// Secrets Manager.
    SecretsManager,
    /// The parameters of Systems Manager.
    ParameterStore,
}

/// A store of AWS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Store {
    /// Its service.
    pub service: Service,
    /// Region and roles.
    pub access: Access,
    /// What stands before every key.
    pub prefix: String,
    /// Whether it names a service account of a cluster, which is not used.
    pub names_account: bool,
}

/// What to do where a store cannot be read.
const INSTEAD: &str = "give the values to the run instead: `--secret NAMESPACE/NAME.KEY=env:VARIABLE` (or `file:PATH`, \
                       `sm:ID#PROPERTY`, `ssm:NAME`)";

/// Reads a store.
pub(super) fn read(resource: &Resource) -> Result<Store, Fault> {
    let spec = At::new(resource, "/spec");
    spec.only(&["provider", "controller", "conditions", "refreshInterval", "retrySettings"])?;
    let provider = spec.get("provider");
    let aws = provider.get("aws");
    if !aws.value().is_object() {
        let other = provider.keys().first().map_or("none", |name| *name).to_owned();
        let at = if other == "none" { provider } else { provider.get(&other) };
        return Err(at.fault(format!("the provider of this store is `{other}`, and only `aws` is read"), INSTEAD));
    }
    aws.only(&[
        "service",
        "region",
        "role",
        "prefix",
        "auth",
        "externalID",
        "additionalRoles",
        "sessionTags",
        "transitiveTagKeys",
        "secretsManager",
    ])?;
    let service = match &*aws.needed("service")? {
        "SecretsManager" => Service::SecretsManager,
        "ParameterStore" => Service::ParameterStore,
        other => {
            let message = format!("`service: {other}` is not read: only `SecretsManager` and `ParameterStore` are");
            return Err(aws.get("service").fault(message, INSTEAD));
        }
    };
    let auth = aws.get("auth");
    auth.only(&["secretRef", "jwt"])?;
    let keys = auth.get("secretRef");
    if keys.is_set() {
        return Err(keys.fault(
            "this store reads with AWS keys from a Secret (`auth.secretRef`), which are not used: the AWS identity of the run reads",
            format!("remove `auth.secretRef` and let that identity read, or take on `role`; or {INSTEAD}"),
        ));
    }
    let mut roles = Vec::new();
    for (i, role) in aws.items("additionalRoles")?.iter().enumerate() {
        let Some(arn) = role.value().as_str() else {
            return Err(role.fault(format!("`additionalRoles/{i}` must be a text"), "write the ARN of a role"));
        };
        roles.push(Role { arn: arn.to_owned(), ..Role::default() });
    }
    if let Some(arn) = aws.text("role")? {
        roles.push(Role {
            arn,
            external_id: aws.text("externalID")?,
            tags: tags(&aws)?,
            passed_on: texts(&aws, "transitiveTagKeys")?,
        });
    }
    Ok(Store {
        service,
        access: Access { region: aws.text("region")?, roles },
        prefix: aws.text("prefix")?.unwrap_or_default(),
        names_account: auth.get("jwt").is_set(),
    })
}

fn tags(aws: &At<'_>) -> Result<Vec<(String, String)>, Fault> {
    aws.items("sessionTags")?
        .iter()
        .map(|tag| Ok((tag.needed("key")?, tag.text("value")?.unwrap_or_default())))
        .collect()
}

fn texts(aws: &At<'_>, key: &str) -> Result<Vec<String>, Fault> {
    let text = |item: At<'_>| {
        let text = item.value().as_str().map(str::to_owned);
        text.ok_or_else(|| item.fault(format!("`{key}` holds texts only"), "write it in quotes"))
    };
    aws.items(key)?.into_iter().map(text).collect()
}
