//! The control plane of Amazon Managed Grafana: workspaces, service accounts, their tokens, API keys.

use std::fmt;

use super::pages::Pages;
use super::{Aws, AwsError, Call};
use crate::model::Secret;
use crate::render::style::clean;

/// How many items a page has at most.
const PAGE: i32 = 100;

/// What a service account or an API key may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Everything; data sources need it.
    Admin,
    /// Dashboards and folders.
    Editor,
    /// Read.
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

impl Role {
    fn of(text: &str) -> Role {
        match text {
            "ADMIN" => Role::Admin,
            "EDITOR" => Role::Editor,
            _ => Role::Viewer,
        }
    }

    fn sent(self) -> aws_sdk_grafana::types::Role {
        aws_sdk_grafana::types::Role::from(self.to_string().as_str())
    }
}

/// A workspace as a list shows it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// `g-` and ten hexadecimal digits.
    pub id: String,
    /// Its name, not necessarily the only one of its kind; empty where it has none.
    pub name: String,
    /// Its host, without a scheme.
    pub endpoint: String,
    /// `ACTIVE`, `CREATING`, … as AWS spells it.
    pub status: String,
    /// `12.4`: major and minor only.
    pub grafana_version: String,
}

/// A workspace.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Workspace {
    /// `g-` and ten hexadecimal digits.
    pub id: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// Its host, without a scheme.
    pub endpoint: String,
    /// `ACTIVE`, `CREATING`, … as AWS spells it.
    pub status: String,
    /// Why it is degraded, where it is.
    pub degraded_reason: Option<String>,
    /// `12.4`: major and minor only.
    pub grafana_version: String,
    /// How people sign in: `AWS_SSO`, `SAML`.
    pub authentication: Vec<String>,
    /// Who manages the permissions of its role: `CUSTOMER_MANAGED`, `SERVICE_MANAGED`.
    pub permission_type: String,
    /// Who may come in, where that is restricted.
    pub network_access: Option<NetworkAccess>,
    /// The AWS services that it was given as data sources.
    pub data_sources: Vec<String>,
}

/// Who may come in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NetworkAccess {
    /// Ids of prefix lists.
    pub prefix_lists: Vec<String>,
    /// Ids of VPC endpoints.
    pub vpc_endpoints: Vec<String>,
}

/// A service account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its number, as a text.
    pub id: String,
    /// Its name, the only one in its workspace.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether its tokens are refused.
    pub disabled: bool,
}

/// A token without its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenInfo {
    /// Its number, as a text.
    pub id: String,
    /// Its name, the only one in its workspace.
    pub name: String,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// When it ends, in seconds since 1970. AWS keeps and counts it beyond that.
    pub expires: i64,
    /// When it was last used, where it was.
    pub last_used: Option<i64>,
}

/// A token that was just made.
#[derive(Clone, Debug)]
pub struct Minted {
    /// Its number, as a text.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The token itself, which AWS tells only once.
    pub key: Secret,
}

impl Aws {
    /// All workspaces of the region.
    pub async fn workspaces(&self) -> Result<Vec<Summary>, AwsError> {
        let call = Call::new("grafana:ListWorkspaces", "*");
        let (mut all, mut pages) = (Vec::new(), Pages::of(&call));
        loop {
            let page = self
                .send(&call, || {
                    self.grafana.list_workspaces().max_results(PAGE).set_next_token(pages.next.clone()).send()
                })
                .await?;
            all.extend(page.workspaces().iter().map(|w| Summary {
                id: cleaned(w.id()),
                name: cleaned(w.name().unwrap_or_default()),
                endpoint: cleaned(w.endpoint()),
                status: cleaned(w.status().as_str()),
                grafana_version: cleaned(w.grafana_version()),
            }));
            if !pages.turn(page.next_token)? {
                return Ok(all);
            }
        }
    }

    /// One workspace.
    pub async fn workspace(&self, id: &str) -> Result<Workspace, AwsError> {
        let call = self.on("grafana:DescribeWorkspace", id);
        let answer = self.send(&call, || self.grafana.describe_workspace().workspace_id(id).send()).await?;
        // What is missing in an answer, the SDK makes up.
        let Some(w) = answer.workspace.filter(|w| !w.id().is_empty()) else {
            return Err(AwsError::Lost(format!("{}: it describes no workspace", call.action)));
        };
        Ok(Workspace {
            id: cleaned(w.id()),
            name: cleaned(w.name().unwrap_or_default()),
            endpoint: cleaned(w.endpoint()),
            status: cleaned(w.status().as_str()),
            degraded_reason: w.degraded_workspace_reason().map(cleaned),
            grafana_version: cleaned(w.grafana_version()),
            authentication: w
                .authentication()
                .map(|a| a.providers().iter().map(|p| cleaned(p.as_str())).collect())
                .unwrap_or_default(),
            permission_type: w.permission_type().map(|p| cleaned(p.as_str())).unwrap_or_default(),
            network_access: w.network_access_control().map(|access| NetworkAccess {
                prefix_lists: access.prefix_list_ids().iter().map(|id| cleaned(id)).collect(),
                vpc_endpoints: access.vpce_ids().iter().map(|id| cleaned(id)).collect(),
            }),
            data_sources: w.data_sources().iter().map(|d| cleaned(d.as_str())).collect(),
        })
    }

    /// The versions that a workspace can be upgraded to.
    pub async fn upgrades(&self, workspace: &str) -> Result<Vec<String>, AwsError> {
        let call = self.on("grafana:ListVersions", workspace);
        let (mut all, mut pages) = (Vec::new(), Pages::of(&call));
        loop {
            let page = self
                .send(&call, || {
                    let request = self.grafana.list_versions().workspace_id(workspace);
                    request.max_results(PAGE).set_next_token(pages.next.clone()).send()
                })
                .await?;
            all.extend(page.grafana_versions().iter().map(|version| cleaned(version)));
            if !pages.turn(page.next_token)? {
                return Ok(all);
            }
        }
    }

    /// All service accounts of a workspace.
    pub async fn accounts(&self, workspace: &str) -> Result<Vec<Account>, AwsError> {
        let call = self.on("grafana:ListWorkspaceServiceAccounts", workspace);
        let (mut all, mut pages) = (Vec::new(), Pages::of(&call));
        loop {
            let page = self
                .send(&call, || {
                    let request = self.grafana.list_workspace_service_accounts().workspace_id(workspace);
                    request.max_results(PAGE).set_next_token(pages.next.clone()).send()
                })
                .await?;
            all.extend(page.service_accounts().iter().map(|a| Account {
                id: a.id().to_owned(),
                name: cleaned(a.name()),
                role: Role::of(a.grafana_role().as_str()),
                // A text, not a truth value.
                disabled: a.is_disabled().eq_ignore_ascii_case("true"),
            }));
            if !pages.turn(page.next_token)? {
                return Ok(all);
            }
        }
    }

    /// Makes a service account. Not repeated: a lost answer may mean that it is there.
    pub async fn create_account(&self, workspace: &str, name: &str, role: Role) -> Result<Account, AwsError> {
        let call = self.on("grafana:CreateWorkspaceServiceAccount", workspace).once();
        let made = self
            .send(&call, || {
                let request = self.grafana.create_workspace_service_account().workspace_id(workspace);
                request.name(name).grafana_role(role.sent()).send()
            })
            .await?;
        Ok(Account { id: made.id, name: made.name, role, disabled: false })
    }

    /// All tokens of a service account, those that ran out included.
    pub async fn tokens(&self, workspace: &str, account: &str) -> Result<Vec<TokenInfo>, AwsError> {
        let call = self.on("grafana:ListWorkspaceServiceAccountTokens", workspace);
        let (mut all, mut pages) = (Vec::new(), Pages::of(&call));
        loop {
            let page = self
                .send(&call, || {
                    let request = self.grafana.list_workspace_service_account_tokens().workspace_id(workspace);
                    request.service_account_id(account).max_results(PAGE).set_next_token(pages.next.clone()).send()
                })
                .await?;
            all.extend(page.service_account_tokens().iter().map(|t| TokenInfo {
                id: t.id().to_owned(),
                name: cleaned(t.name()),
                created: t.created_at().secs(),
                expires: t.expires_at().secs(),
                last_used: t.last_used_at().map(|at| at.secs()),
            }));
            if !pages.turn(page.next_token)? {
                return Ok(all);
            }
        }
    }

    /// Makes a token that lives so many seconds, 30 days at most. Not repeated: a lost answer may mean that it is there,
    /// and then nobody has its key.
    pub async fn create_token(
        &self,
        workspace: &str,
        account: &str,
        name: &str,
        seconds: u32,
    ) -> Result<Minted, AwsError> {
        let call = self.on("grafana:CreateWorkspaceServiceAccountToken", workspace).once();
        let life = i32::try_from(seconds).unwrap_or(i32::MAX);
        let made = self
            .send(&call, || {
                let request = self.grafana.create_workspace_service_account_token().workspace_id(workspace);
                request.service_account_id(account).name(name).seconds_to_live(life).send()
            })
            .await?;
        let Some(token) = made.service_account_token else {
            return Err(AwsError::Lost(format!("{}: it holds no token", call.action)));
        };
        Ok(Minted { id: token.id, name: token.name, key: key(&call, token.key)? })
    }

    /// Deletes a token; one that is not there is deleted.
    pub async fn delete_token(&self, workspace: &str, account: &str, token: &str) -> Result<(), AwsError> {
        let call = self.on("grafana:DeleteWorkspaceServiceAccountToken", workspace);
        let deleted = self
            .send(&call, || {
                let request = self.grafana.delete_workspace_service_account_token().workspace_id(workspace);
                request.service_account_id(account).token_id(token).send()
            })
            .await;
        gone(deleted.map(drop))
    }

    /// Makes an API key that lives so many seconds, 30 days at most. Not repeated.
    pub async fn create_api_key(
        &self,
        workspace: &str,
        name: &str,
        role: Role,
        seconds: u32,
    ) -> Result<Secret, AwsError> {
        let call = self.on("grafana:CreateWorkspaceApiKey", workspace).once();
        let life = i32::try_from(seconds).unwrap_or(i32::MAX);
        let made = self
            .send(&call, || {
                let request = self.grafana.create_workspace_api_key().workspace_id(workspace);
                request.key_name(name).key_role(role.to_string()).seconds_to_live(life).send()
            })
            .await?;
        key(&call, made.key)
    }

    /// Deletes an API key; one that is not there is deleted.
    pub async fn delete_api_key(&self, workspace: &str, name: &str) -> Result<(), AwsError> {
        let call = self.on("grafana:DeleteWorkspaceApiKey", workspace);
        let deleted = self
            .send(&call, || self.grafana.delete_workspace_api_key().workspace_id(workspace).key_name(name).send())
            .await;
        gone(deleted.map(drop))
    }

    fn on(&self, action: &'static str, workspace: &str) -> Call {
        Call::new(action, self.arn("grafana", &format!("/workspaces/{workspace}")))
    }
}

/// A token as AWS gives it. It is sent in a header, which takes nothing but plain characters.
fn key(call: &Call, text: String) -> Result<Secret, AwsError> {
    let text = text.trim();
    match !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(Secret::new(text.to_owned())),
        false => Err(AwsError::Lost(format!("{}: its token is none", call.action))),
    }
}

/// A name or a word of AWS's as it may stand in a line: nothing in it moves the cursor.
fn cleaned(text: &str) -> String {
    clean(text).into_owned()
}

fn gone(deleted: Result<(), AwsError>) -> Result<(), AwsError> {
    match deleted {
        Err(AwsError::NotFound(_)) => Ok(()),
        other => other,
    }
}
