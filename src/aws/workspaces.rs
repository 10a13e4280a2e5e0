//! The control plane of Managed Grafana: workspaces, their service accounts, tokens and API keys.
//!
//! Reads are repeated by the SDK; what makes something new goes through [`super::once`].

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use aws_sdk_grafana::config::retry::RetryConfig;
use aws_sdk_grafana::primitives::DateTime;
use aws_sdk_grafana::types::{
    AuthenticationSummary, Role as TheirRole, ServiceAccountSummary, ServiceAccountTokenSummary,
    WorkspaceDescription, WorkspaceSummary,
};
use serde::Serialize;

use super::errors::Call;
use super::once::once;
use super::{Aws, AwsError};
use crate::model::Secret;

/// How many members a page of a list has at most.
const PAGE: i32 = 100;

/// What a service account or an API key may do in Grafana; `ADMIN` where AWS names it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Everything in the workspace.
    Admin,
    /// Write dashboards.
    Editor,
    /// Look.
    Viewer,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Admin => "ADMIN",
            Role::Editor => "EDITOR",
            Role::Viewer => "VIEWER",
        })
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        match &*text.to_ascii_uppercase() {
            "ADMIN" => Ok(Role::Admin),
            "EDITOR" => Ok(Role::Editor),
            "VIEWER" => Ok(Role::Viewer),
            _ => Err(format!("`{text}` is none of admin, editor, viewer")),
        }
    }
}

impl Role {
    fn theirs(self) -> TheirRole {
        match self {
            Role::Admin => TheirRole::Admin,
            Role::Editor => TheirRole::Editor,
            Role::Viewer => TheirRole::Viewer,
        }
    }
}

/// A workspace as the list of them tells it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Summary {
    /// `g-` and ten hexadecimal digits.
    pub id: String,
    /// Its name, which others may have too.
    pub name: Option<String>,
    /// The host, without a scheme.
    pub endpoint: String,
    /// `10.4`: major and minor.
    pub grafana_version: String,
    /// `ACTIVE`, and thirteen others.
    pub status: String,
    /// How people sign in: `AWS_SSO`, `SAML`.
    pub authentication: Vec<String>,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970.
    pub modified: i64,
}

/// A workspace as AWS describes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Workspace {
    /// `g-` and ten hexadecimal digits.
    pub id: String,
    /// Its name, which others may have too.
    pub name: Option<String>,
    /// What somebody wrote about it.
    pub description: Option<String>,
    /// Its ARN; none while the account is not known: AWS does not tell it, so it is built.
    pub arn: Option<String>,
    /// The host, without a scheme.
    pub endpoint: String,
    /// `10.4`: major and minor.
    pub grafana_version: String,
    /// `ACTIVE`, and thirteen others.
    pub status: String,
    /// Why it is `DEGRADED`.
    pub degraded_reason: Option<String>,
    /// How people sign in: `AWS_SSO`, `SAML`.
    pub authentication: Vec<String>,
    /// `CONFIGURED` or `NOT_CONFIGURED`, for SAML.
    pub saml_status: Option<String>,
    /// `SERVICE_MANAGED` or `CUSTOMER_MANAGED`.
    pub permission_type: Option<String>,
    /// `CURRENT_ACCOUNT` or `ORGANIZATION`.
    pub account_access: Option<String>,
    /// From where it can be reached; none where from everywhere.
    pub network_access: Option<NetworkAccess>,
    /// The network that its data sources are reached through; none where the public one.
    pub vpc: Option<Vpc>,
    /// `IPv4` or `DualStack`.
    pub ip_address_type: Option<String>,
    /// The services of AWS that it was given permissions for.
    pub data_sources: Vec<String>,
    /// The channels that it was given permissions for.
    pub notification_destinations: Vec<String>,
    /// The key that its data is encrypted with, where it is not AWS's own.
    pub kms_key: Option<String>,
    /// The Enterprise license, where it has one.
    pub license: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970.
    pub modified: i64,
}

impl Workspace {
    /// The workspace's URL.
    #[must_use]
    pub fn url(&self) -> String {
        url_of(&self.endpoint)
    }
}

impl Summary {
    /// The workspace's URL.
    #[must_use]
    pub fn url(&self) -> String {
        url_of(&self.endpoint)
    }
}

/// AWS tells the host alone; an AWS of our own on loopback tells a URL.
fn url_of(endpoint: &str) -> String {
    if endpoint.contains("://") { endpoint.to_owned() } else { format!("https://{endpoint}") }
}

/// From where a workspace can be reached: these and nowhere else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NetworkAccess {
    /// Ids of prefix lists.
    pub prefix_lists: Vec<String>,
    /// Ids of VPC endpoints.
    pub vpc_endpoints: Vec<String>,
}

/// The network that data sources are reached through.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Vpc {
    /// Ids of subnets.
    pub subnets: Vec<String>,
    /// Ids of security groups.
    pub security_groups: Vec<String>,
}

/// A service account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Account {
    /// Its id within the workspace.
    pub id: String,
    /// Its name, the only one of this name in the workspace.
    pub name: String,
    /// Its role; none where AWS names one that is none of ours.
    #[serde(serialize_with = "as_text")]
    pub role: Option<Role>,
    /// Whether it is switched off.
    pub disabled: bool,
}

fn as_text<S: serde::Serializer>(role: &Option<Role>, to: S) -> Result<S::Ok, S::Error> {
    role.map(|role| role.to_string()).serialize(to)
}

/// A token, without its key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TokenInfo {
    /// Its id within the workspace.
    pub id: String,
    /// Its name, the only one of this name in the workspace.
    pub name: String,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970. An expired token counts against the quota until it is deleted.
    pub expires: i64,
    /// Seconds since 1970; none where it never was.
    pub last_used: Option<i64>,
}

/// A token that was just made. Its key is told this once.
#[derive(Clone, Debug)]
pub struct Minted {
    /// Its id within the workspace.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What goes into the `Authorization` header.
    pub key: Secret,
}

impl Aws {
    /// All workspaces of the account in this region.
    pub async fn workspaces(&self) -> Result<Vec<Summary>, AwsError> {
        let call = self.call("grafana:ListWorkspaces", "the list of workspaces");
        let mut pages = self.grafana.list_workspaces().into_paginator().page_size(PAGE).send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            all.extend(page.map_err(|error| AwsError::of(&error, &call))?.workspaces.into_iter().map(summary));
        }
        Ok(all)
    }

    /// One workspace. The account may ask five times a second, so whoever asks keeps the answer.
    pub async fn workspace(&self, id: &str) -> Result<Workspace, AwsError> {
        let call = self.of_workspace("grafana:DescribeWorkspace", id);
        let answer = self.grafana.describe_workspace().workspace_id(id).send().await;
        match answer.map_err(|error| AwsError::of(&error, &call))?.workspace {
            Some(workspace) => Ok(self.description(workspace)),
            None => Err(AwsError::NotFound { what: format!("workspace `{id}`") }),
        }
    }

    /// The versions that a workspace can be brought to, or that a new one can have. Calls on `DescribeWorkspace` too.
    pub async fn versions(&self, id: Option<&str>) -> Result<Vec<String>, AwsError> {
        let call = match id {
            Some(id) => self.of_workspace("grafana:ListVersions", id),
            None => self.call("grafana:ListVersions", "the list of versions"),
        };
        let listing = self.grafana.list_versions().set_workspace_id(id.map(str::to_owned));
        let mut pages = listing.into_paginator().page_size(PAGE).send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            all.extend(page.map_err(|error| AwsError::of(&error, &call))?.grafana_versions.unwrap_or_default());
        }
        Ok(all)
    }

    /// All service accounts of a workspace.
    pub async fn accounts(&self, workspace: &str) -> Result<Vec<Account>, AwsError> {
        let call = self.of_workspace("grafana:ListWorkspaceServiceAccounts", workspace);
        let listing = self.grafana.list_workspace_service_accounts().workspace_id(workspace);
        let mut pages = listing.into_paginator().page_size(PAGE).send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of(&error, &call))?;
            all.extend(page.service_accounts.into_iter().map(account));
        }
        Ok(all)
    }

    /// Makes a service account. After [`AwsError::Lost`] it may be there: look in [`Aws::accounts`] for its name.
    pub async fn create_account(&self, workspace: &str, name: &str, role: Role) -> Result<Account, AwsError> {
        let call = self.of_workspace("grafana:CreateWorkspaceServiceAccount", workspace).unrepeatable();
        let call = call.about(format!("the service account `{name}`"));
        let made = once(|| {
            let making = self.grafana.create_workspace_service_account().workspace_id(workspace).name(name);
            making.grafana_role(role.theirs()).customize().config_override(no_repeats()).send()
        });
        let made = made.await.map_err(|error| AwsError::of(&error, &call))?;
        Ok(Account { id: made.id, name: made.name, role: made.grafana_role.as_str().parse().ok(), disabled: false })
    }

    /// All tokens of a service account, expired ones included.
    pub async fn tokens(&self, workspace: &str, account: &str) -> Result<Vec<TokenInfo>, AwsError> {
        let call = self.of_workspace("grafana:ListWorkspaceServiceAccountTokens", workspace);
        let call = call.about(format!("the service account `{account}` in workspace `{workspace}`"));
        let listing = self.grafana.list_workspace_service_account_tokens().workspace_id(workspace);
        let mut pages = listing.service_account_id(account).into_paginator().page_size(PAGE).send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of(&error, &call))?;
            all.extend(page.service_account_tokens.into_iter().map(token));
        }
        Ok(all)
    }

    /// Makes a token that lasts so many seconds, 30 days at most. After [`AwsError::Lost`] it may be there, and nobody
    /// has its key: look in [`Aws::tokens`] for its name and delete it.
    pub async fn create_token(
        &self,
        workspace: &str,
        account: &str,
        name: &str,
        seconds: u32,
    ) -> Result<Minted, AwsError> {
        let action = "grafana:CreateWorkspaceServiceAccountToken";
        let call = self.of_workspace(action, workspace).unrepeatable();
        let call = call.about(format!("the service account `{account}` in workspace `{workspace}`"));
        let made = once(|| {
            let making = self.grafana.create_workspace_service_account_token().workspace_id(workspace);
            let making = making.service_account_id(account).name(name).seconds_to_live(lifetime(seconds));
            making.customize().config_override(no_repeats()).send()
        });
        let made = made.await.map_err(|error| AwsError::of(&error, &call))?;
        match made.service_account_token {
            Some(token) => Ok(Minted { id: token.id, name: token.name, key: Secret::new(token.key) }),
            None => Err(AwsError::Lost { action: action.to_owned(), words: "it holds no token".to_owned() }),
        }
    }

    /// Deletes a token; one that is gone already counts as deleted.
    pub async fn delete_token(&self, workspace: &str, account: &str, token: &str) -> Result<(), AwsError> {
        let call = self.of_workspace("grafana:DeleteWorkspaceServiceAccountToken", workspace);
        let deleting = self.grafana.delete_workspace_service_account_token().workspace_id(workspace);
        let answer = deleting.service_account_id(account).token_id(token).send().await;
        gone(answer.map(drop).map_err(|error| AwsError::of(&error, &call)))
    }

    /// Makes an API key that lasts so many seconds, 30 days at most; workspaces up to 10.4 have them.
    pub async fn create_api_key(
        &self,
        workspace: &str,
        name: &str,
        role: Role,
        seconds: u32,
    ) -> Result<Secret, AwsError> {
        let call = self.of_workspace("grafana:CreateWorkspaceApiKey", workspace).unrepeatable();
        let call = call.about(format!("the API key `{name}`"));
        let made = once(|| {
            let making = self.grafana.create_workspace_api_key().workspace_id(workspace).key_name(name);
            let making = making.key_role(role.to_string()).seconds_to_live(lifetime(seconds));
            making.customize().config_override(no_repeats()).send()
        });
        Ok(Secret::new(made.await.map_err(|error| AwsError::of(&error, &call))?.key))
    }

    /// Deletes an API key; one that is gone already counts as deleted.
    pub async fn delete_api_key(&self, workspace: &str, name: &str) -> Result<(), AwsError> {
        let call = self.of_workspace("grafana:DeleteWorkspaceApiKey", workspace);
        let answer = self.grafana.delete_workspace_api_key().workspace_id(workspace).key_name(name).send().await;
        gone(answer.map(drop).map_err(|error| AwsError::of(&error, &call)))
    }

    fn of_workspace(&self, action: &'static str, id: &str) -> Call<'_> {
        self.call(action, format!("workspace `{id}`")).resource(self.arn(self.account_or_any(), id))
    }

    fn arn(&self, account: &str, id: &str) -> String {
        format!("arn:{}:grafana:{}:{account}:/workspaces/{id}", self.partition(), self.region())
    }

    fn description(&self, of: WorkspaceDescription) -> Workspace {
        // The role that a workspace runs as is one of its own account: arn:aws:iam::123456789012:role/….
        let role = of.workspace_role_arn.as_deref().and_then(|arn| arn.split(':').nth(4));
        let account = self.account.get().map(String::as_str).or(role).filter(|number| !number.is_empty());

        Workspace {
            arn: account.map(|account| self.arn(account, &of.id)),
            id: of.id,
            name: of.name,
            description: of.description.filter(|text| !text.is_empty()),
            endpoint: of.endpoint,
            grafana_version: of.grafana_version,
            status: of.status.as_str().to_owned(),
            degraded_reason: of.degraded_workspace_reason.filter(|text| !text.is_empty()),
            saml_status: of
                .authentication
                .as_ref()
                .and_then(|a| a.saml_configuration_status.as_ref())
                .map(|s| s.as_str().to_owned()),
            authentication: providers(of.authentication),
            permission_type: of.permission_type.map(|kind| kind.as_str().to_owned()),
            account_access: of.account_access_type.map(|kind| kind.as_str().to_owned()),
            network_access: of.network_access_control.map(|access| NetworkAccess {
                prefix_lists: access.prefix_list_ids,
                vpc_endpoints: access.vpce_ids,
            }),
            vpc: of
                .vpc_configuration
                .map(|vpc| Vpc { subnets: vpc.subnet_ids, security_groups: vpc.security_group_ids }),
            ip_address_type: of.ip_address_type.map(|kind| kind.as_str().to_owned()),
            data_sources: of.data_sources.iter().map(|source| source.as_str().to_owned()).collect(),
            notification_destinations: of
                .notification_destinations
                .unwrap_or_default()
                .iter()
                .map(|channel| channel.as_str().to_owned())
                .collect(),
            kms_key: of.kms_key_id,
            license: of.license_type.map(|kind| kind.as_str().to_owned()),
            tags: of.tags.unwrap_or_default().into_iter().collect(),
            created: seconds(&of.created),
            modified: seconds(&of.modified),
        }
    }
}

fn no_repeats() -> aws_sdk_grafana::config::Builder {
    aws_sdk_grafana::config::Builder::new().retry_config(RetryConfig::disabled())
}

fn gone(deleted: Result<(), AwsError>) -> Result<(), AwsError> {
    match deleted {
        Err(AwsError::NotFound { .. }) => Ok(()),
        other => other,
    }
}

/// AWS refuses what is too long itself, with words better than ours.
fn lifetime(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

pub(super) fn seconds(time: &DateTime) -> i64 {
    time.secs()
}

fn providers(authentication: Option<AuthenticationSummary>) -> Vec<String> {
    let providers = authentication.map(|summary| summary.providers).unwrap_or_default();
    providers.iter().map(|provider| provider.as_str().to_owned()).collect()
}

fn summary(of: WorkspaceSummary) -> Summary {
    Summary {
        id: of.id,
        name: of.name,
        endpoint: of.endpoint,
        grafana_version: of.grafana_version,
        status: of.status.as_str().to_owned(),
        authentication: providers(of.authentication),
        created: seconds(&of.created),
        modified: seconds(&of.modified),
    }
}

fn account(of: ServiceAccountSummary) -> Account {
    Account {
        id: of.id,
        name: of.name,
        role: of.grafana_role.as_str().parse().ok(),
        // A text in AWS's model, of all things.
        disabled: of.is_disabled.eq_ignore_ascii_case("true"),
    }
}

fn token(of: ServiceAccountTokenSummary) -> TokenInfo {
    TokenInfo {
        id: of.id,
        name: of.name,
        created: seconds(&of.created_at),
        expires: seconds(&of.expires_at),
        last_used: of.last_used_at.as_ref().map(seconds),
    }
}
