//! The control plane of Amazon Managed Grafana: workspaces, service accounts, tokens, API keys, tags.
//!
//! Accounts and tokens are those of the workspace's own Grafana: what is made here opens that, and what is deleted here
//! or runs out is a 401 there. The accounts that the sandbox itself begins with are its own and not shown.

use serde_json::{Value, json};

use super::answers::{Exception, Outcome};
use super::serve::Call;
use super::{ACCOUNT, Hosted, REGION, lock, pages};
use crate::accounts::is_of_the_sandbox;
use crate::encoding::base64_url;
use crate::request::Request;
use crate::state::{Account, Key, Token};
use crate::{random, slug};

/// Tokens, accounts and keys that a workspace may have, each; what ran out counts until it is deleted (fact:
/// `token-limits`).
const QUOTA: usize = 100;
/// How many tags a workspace has at most.
const TAGS: usize = 50;
/// The longest life of a token or key, in seconds.
const LONGEST_LIFE: i64 = 2_592_000;

/// The actions that it answers.
pub(super) const ACTIONS: &[&str] = &[
    "ListWorkspaces",
    "DescribeWorkspace",
    "ListVersions",
    "DescribeWorkspaceConfiguration",
    "DescribeWorkspaceAuthentication",
    "ListWorkspaceServiceAccounts",
    "CreateWorkspaceServiceAccount",
    "DeleteWorkspaceServiceAccount",
    "ListWorkspaceServiceAccountTokens",
    "CreateWorkspaceServiceAccountToken",
    "DeleteWorkspaceServiceAccountToken",
    "CreateWorkspaceApiKey",
    "DeleteWorkspaceApiKey",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
];

/// The action that a method and a path stand for; empty where there is none.
pub(super) fn action(request: &Request) -> &'static str {
    let path: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), &path[..]) {
        ("GET", ["workspaces"]) => "ListWorkspaces",
        ("POST", ["workspaces"]) => "CreateWorkspace",
        ("GET", ["workspaces", _]) => "DescribeWorkspace",
        ("PUT", ["workspaces", _]) => "UpdateWorkspace",
        ("DELETE", ["workspaces", _]) => "DeleteWorkspace",
        ("GET", ["workspaces", _, "configuration"]) => "DescribeWorkspaceConfiguration",
        ("PUT", ["workspaces", _, "configuration"]) => "UpdateWorkspaceConfiguration",
        ("GET", ["workspaces", _, "authentication"]) => "DescribeWorkspaceAuthentication",
        ("POST", ["workspaces", _, "authentication"]) => "UpdateWorkspaceAuthentication",
        ("GET", ["workspaces", _, "permissions"]) => "ListPermissions",
        ("PATCH", ["workspaces", _, "permissions"]) => "UpdatePermissions",
        ("POST", ["workspaces", _, "licenses", _]) => "AssociateLicense",
        ("DELETE", ["workspaces", _, "licenses", _]) => "DisassociateLicense",
        ("GET", ["versions"]) => "ListVersions",
        ("POST", ["workspaces", _, "apikeys"]) => "CreateWorkspaceApiKey",
        ("DELETE", ["workspaces", _, "apikeys", _]) => "DeleteWorkspaceApiKey",
        ("GET", ["workspaces", _, "serviceaccounts"]) => "ListWorkspaceServiceAccounts",
        ("POST", ["workspaces", _, "serviceaccounts"]) => "CreateWorkspaceServiceAccount",
        ("DELETE", ["workspaces", _, "serviceaccounts", _]) => "DeleteWorkspaceServiceAccount",
        ("GET", ["workspaces", _, "serviceaccounts", _, "tokens"]) => "ListWorkspaceServiceAccountTokens",
        ("POST", ["workspaces", _, "serviceaccounts", _, "tokens"]) => "CreateWorkspaceServiceAccountToken",
        ("DELETE", ["workspaces", _, "serviceaccounts", _, "tokens", _]) => "DeleteWorkspaceServiceAccountToken",
        ("GET", ["tags", ..]) => "ListTagsForResource",
        ("POST", ["tags", ..]) => "TagResource",
        ("DELETE", ["tags", ..]) => "UntagResource",
        _ => "",
    }
}

/// Answers a call; a workspace may be shown as being changed.
pub(super) fn call(call: &Call<'_>, updating: bool) -> Outcome {
    let part = |n: usize| call.request.segments.get(n).map(String::as_str).unwrap_or_default();
    match call.action.as_str() {
        "ListWorkspaces" => {
            let all: Vec<Value> = call.cloud.workspaces.iter().map(|w| summary(w, call, updating)).collect();
            page(call, "workspaces", all, json!({}))
        }
        "DescribeWorkspace" => Ok(json!({ "workspace": describe(found(call)?, call, updating) })),
        "ListVersions" => versions(call),
        "DescribeWorkspaceConfiguration" => {
            let workspace = found(call)?;
            let text =
                json!({ "plugins": { "pluginAdminEnabled": false }, "unifiedAlerting": { "enabled": true } });
            Ok(json!({ "configuration": text.to_string(), "grafanaVersion": workspace.about.version }))
        }
        "DescribeWorkspaceAuthentication" => {
            found(call)?;
            Ok(json!({ "authentication": { "providers": ["AWS_SSO"], "awsSso": { "ssoClientId": "sandbox" } } }))
        }
        "ListWorkspaceServiceAccounts" => list_accounts(call, found(call)?),
        "CreateWorkspaceServiceAccount" => create_account(call, found(call)?),
        "DeleteWorkspaceServiceAccount" => delete_account(call, found(call)?, part(3)),
        "ListWorkspaceServiceAccountTokens" => list_tokens(call, found(call)?, part(3)),
        "CreateWorkspaceServiceAccountToken" => create_token(call, found(call)?, part(3)),
        "DeleteWorkspaceServiceAccountToken" => delete_token(found(call)?, part(3), part(5)),
        "CreateWorkspaceApiKey" => create_key(call, found(call)?),
        "DeleteWorkspaceApiKey" => delete_key(found(call)?, part(3)),
        "ListTagsForResource" | "TagResource" | "UntagResource" => tags(call),
        "" => Err(Exception::new(404, "UnknownOperationException", "there is no such operation")),
        other => Err(Exception::unknown(other)),
    }
}

fn found<'a>(call: &Call<'a>) -> Result<&'a Hosted, Exception> {
    let id = call.request.segments.get(1).map(String::as_str).unwrap_or_default();
    by_id(call, id)
}

fn by_id<'a>(call: &Call<'a>, id: &str) -> Result<&'a Hosted, Exception> {
    let is_id = id
        .strip_prefix("g-")
        .is_some_and(|rest| rest.len() == 10 && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    if !is_id {
        return Err(Exception::field("workspaceId", "must match g-[0-9a-f]{10}"));
    }
    let mut all = call.cloud.workspaces.iter();
    all.find(|w| w.about.id == id).ok_or_else(|| Exception::missing("workspace", id))
}

/// A page of a list: `maxResults` of 1 to 100, and where it goes on.
fn page(call: &Call<'_>, name: &str, items: Vec<Value>, besides: Value) -> Outcome {
    let size = match call.request.parameter("maxResults") {
        "" => 100,
        text => match text.parse::<usize>() {
            Ok(size @ 1..=100) => size,
            _ => return Err(Exception::field("maxResults", "must be from 1 to 100")),
        },
    };
    let (items, next) = pages::page(items, size, call.request.parameter("nextToken"))
        .ok_or_else(|| Exception::field("nextToken", "is no token of this list"))?;
    let mut body = besides;
    body[name] = items.into();
    if let Some(next) = next {
        body["nextToken"] = next.into();
    }
    Ok(body)
}

fn status(updating: bool) -> &'static str {
    if updating { "UPDATING" } else { "ACTIVE" }
}

fn summary(workspace: &Hosted, call: &Call<'_>, updating: bool) -> Value {
    let about = &workspace.about;
    json!({
        "id": about.id, "name": about.name, "endpoint": about.endpoint, "grafanaVersion": about.version,
        "status": status(updating), "created": workspace.created, "modified": workspace.created, "description": "",
        "notificationDestinations": [], "authentication": { "providers": ["AWS_SSO"] }, "tags": tags_of(call, &about.id),
    })
}

fn describe(workspace: &Hosted, call: &Call<'_>, updating: bool) -> Value {
    let about = &workspace.about;
    let mut body = json!({
        "id": about.id, "name": about.name, "endpoint": about.endpoint, "grafanaVersion": about.version,
        "status": status(updating), "created": workspace.created, "modified": workspace.created, "description": "",
        "accountAccessType": "CURRENT_ACCOUNT", "permissionType": "CUSTOMER_MANAGED",
        "workspaceRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/sandbox-workspace"),
        "dataSources": ["CLOUDWATCH", "PROMETHEUS"], "notificationDestinations": [],
        "authentication": { "providers": ["AWS_SSO"] }, "ipAddressType": "IPv4", "tags": tags_of(call, &about.id),
    });
    if call.cloud.faults.turns_away() {
        body["networkAccessControl"] =
            json!({ "prefixListIds": ["pl-0123456789abcdef0"], "vpceIds": ["vpce-0123456789abcdef0"] });
    }
    body
}

fn versions(call: &Call<'_>) -> Outcome {
    const ALL: [&str; 4] = ["9.4", "10.4", "12.4", "13.2"];
    let id = call.request.parameter("workspace-id");
    let list: Vec<&str> = match id {
        "" => ALL.to_vec(),
        id => match by_id(call, id)?.about.version.as_str() {
            "9.4" => vec!["10.4"],
            "10.1" | "10.4" => vec!["12.4"],
            "12.4" => vec!["13.2"],
            _ => vec![],
        },
    };
    let list = list.into_iter().map(Value::from).collect();
    page(call, "grafanaVersions", list, json!({}))
}

fn list_accounts(call: &Call<'_>, workspace: &Hosted) -> Outcome {
    let all = workspace.shared.with(|_, state| {
        let ours = state.accounts.values().filter(|a| a.service && !is_of_the_sandbox(a));
        ours.map(|a| {
            json!({
                "id": a.id.to_string(), "name": a.name, "grafanaRole": a.role.to_uppercase(),
                // A text, as AWS has it.
                "isDisabled": a.disabled.to_string(),
            })
        })
        .collect()
    })?;
    page(call, "serviceAccounts", all, json!({ "workspaceId": workspace.about.id }))
}

/// A name of 1 to so many characters.
fn name(call: &Call<'_>, member: &str, longest: usize) -> Result<String, Exception> {
    let name = call.text(member);
    if name.is_empty() || name.chars().count() > longest {
        return Err(Exception::field(member, &format!("must have from 1 to {longest} characters")));
    }
    Ok(name.to_owned())
}

fn role(call: &Call<'_>, member: &str) -> Result<&'static str, Exception> {
    match call.text(member) {
        "ADMIN" => Ok("Admin"),
        "EDITOR" => Ok("Editor"),
        "VIEWER" => Ok("Viewer"),
        _ => Err(Exception::field(member, "must be one of ADMIN, EDITOR, VIEWER")),
    }
}

fn life(call: &Call<'_>) -> Result<i64, Exception> {
    match call.number("secondsToLive") {
        Some(seconds @ 1..=LONGEST_LIFE) => Ok(seconds),
        _ => Err(Exception::field("secondsToLive", "must be from 1 to 2592000")),
    }
}

fn create_account(call: &Call<'_>, workspace: &Hosted) -> Outcome {
    let (name, role) = (name(call, "name", 128)?, role(call, "grafanaRole")?);
    let id = &workspace.about.id;
    let made = workspace.shared.with(|rules, state| {
        let all = state.accounts.values().filter(|a| a.service);
        let login = slug::slug(&name, slug::Slugs::Hyphens);
        if all.clone().any(|a| a.name == name || slug::slug(&a.name, slug::Slugs::Hyphens) == login) {
            let told = format!("service account {name} already exists");
            return Err(Exception::conflict("serviceAccount", &name, told));
        }
        if all.filter(|a| !is_of_the_sandbox(a)).count() >= QUOTA {
            return Err(Exception::quota(
                "workspace",
                id,
                "the workspace has 100 service accounts, which is the limit",
            ));
        }
        Ok(state.add_account(rules, &name, role, true))
    })??;
    Ok(json!({
        "id": made.to_string(), "name": name, "grafanaRole": role.to_uppercase(), "workspaceId": id,
    }))
}

fn account<'a>(state: &'a crate::state::State, id: &str) -> Result<&'a Account, Exception> {
    let ours = |a: &&Account| a.service && !is_of_the_sandbox(a) && a.id.to_string() == id;
    state.accounts.values().find(ours).ok_or_else(|| Exception::missing("serviceAccount", id))
}

fn delete_account(_: &Call<'_>, workspace: &Hosted, id: &str) -> Outcome {
    workspace.shared.with(|_, state| {
        let number = account(state, id)?.id;
        let tokens: Vec<i64> = state.tokens.values().filter(|t| t.account == Some(number)).map(|t| t.id).collect();
        for token in tokens {
            state.tokens.remove(&token);
            state.touch(Key::Token(token));
        }
        state.accounts.remove(&number);
        state.touch(Key::Account(number));
        Ok(json!({ "serviceAccountId": id, "workspaceId": workspace.about.id }))
    })?
}

fn list_tokens(call: &Call<'_>, workspace: &Hosted, id: &str) -> Outcome {
    let all = workspace.shared.with(|_, state| {
        let number = account(state, id)?.id;
        let of = state.tokens.values().filter(|t| t.account == Some(number));
        Ok::<Vec<Value>, Exception>(of.map(token).collect())
    })??;
    page(call, "serviceAccountTokens", all, json!({ "serviceAccountId": id, "workspaceId": workspace.about.id }))
}

fn token(token: &Token) -> Value {
    json!({
        "id": token.id.to_string(), "name": token.name, "createdAt": token.created,
        // One without an end was not made by AWS.
        "expiresAt": token.expires.unwrap_or(token.created + LONGEST_LIFE),
    })
}

fn create_token(call: &Call<'_>, workspace: &Hosted, id: &str) -> Outcome {
    let (name, life) = (name(call, "name", 128)?, life(call)?);
    let workspace_id = &workspace.about.id;
    let (number, key) = workspace.shared.with(|_, state| {
        let account = account(state, id)?;
        let (number, role) = (account.id, account.role.clone());
        if state.tokens.values().any(|t| t.name == name) {
            let told = "service account token with given name already exists in the organization";
            return Err(Exception::conflict("serviceAccountToken", &name, told));
        }
        let counted = |t: &&Token| {
            let of = t.account.and_then(|id| state.accounts.get(&id));
            of.is_some_and(|a| !is_of_the_sandbox(a))
        };
        if state.tokens.values().filter(counted).count() >= QUOTA {
            let told = "the workspace has 100 service account tokens, which is the limit";
            return Err(Exception::quota("workspace", workspace_id, told));
        }
        let key = random::token();
        Ok((state.add_token(Some(number), &name, &role, key.clone(), Some(life)), key))
    })??;
    Ok(json!({
        "serviceAccountToken": { "id": number.to_string(), "name": name, "key": key },
        "serviceAccountId": id, "workspaceId": workspace_id,
    }))
}

fn delete_token(workspace: &Hosted, id: &str, token: &str) -> Outcome {
    workspace.shared.with(|_, state| {
        let number = account(state, id)?.id;
        let there = state.tokens.values().find(|t| t.account == Some(number) && t.id.to_string() == token);
        let there = there.map(|t| t.id).ok_or_else(|| Exception::missing("serviceAccountToken", token))?;
        state.tokens.remove(&there);
        state.touch(Key::Token(there));
        Ok(json!({ "tokenId": token, "serviceAccountId": id, "workspaceId": workspace.about.id }))
    })?
}

fn create_key(call: &Call<'_>, workspace: &Hosted) -> Outcome {
    let (name, role, life) = (name(call, "keyName", 100)?, role(call, "keyRole")?, life(call)?);
    let id = &workspace.about.id;
    let key = workspace.shared.with(|rules, state| {
        if !rules.accounts.api_keys {
            return Err(Exception::validation(format!(
                "API keys are not supported for workspaces of Grafana version {}; use service accounts",
                workspace.about.version
            )));
        }
        let keys = state.tokens.values().filter(|t| t.account.is_none());
        if keys.clone().any(|t| t.name == name) {
            return Err(Exception::conflict("apiKey", &name, format!("API key {name} already exists")));
        }
        if keys.count() >= QUOTA {
            return Err(Exception::quota("workspace", id, "the workspace has 100 API keys, which is the limit"));
        }
        let secret = json!({ "k": random::short_uid(), "n": name, "id": 1 }).to_string();
        let key = base64_url(secret.as_bytes());
        state.add_token(None, &name, role, key.clone(), Some(life));
        Ok(key)
    })??;
    Ok(json!({ "keyName": name, "key": key, "workspaceId": id }))
}

fn delete_key(workspace: &Hosted, name: &str) -> Outcome {
    workspace.shared.with(|_, state| {
        let there = state.tokens.values().find(|t| t.account.is_none() && t.name == name).map(|t| t.id);
        let there = there.ok_or_else(|| Exception::missing("apiKey", name))?;
        state.tokens.remove(&there);
        state.touch(Key::Token(there));
        Ok(json!({ "keyName": name, "workspaceId": workspace.about.id }))
    })?
}

fn tags_of(call: &Call<'_>, id: &str) -> Value {
    let kept = lock(&call.cloud.kept);
    kept.data.tags.get(id).map_or_else(|| json!({}), |tags| json!(tags))
}

fn tags(call: &Call<'_>) -> Outcome {
    let arn = call.request.segments.get(1..).unwrap_or_default().join("/");
    let prefix = format!("arn:aws:grafana:{REGION}:{ACCOUNT}:/workspaces/");
    let Some(id) = arn.strip_prefix(&prefix) else {
        return Err(Exception::field("resourceArn", "is not the ARN of a workspace of this account and region"));
    };
    by_id(call, id)?;
    let mut kept = lock(&call.cloud.kept);
    let tags = kept.data.tags.entry(id.to_owned()).or_default();
    match call.action.as_str() {
        "TagResource" => {
            let mut all = tags.clone();
            for (key, value) in call.body.get("tags").and_then(Value::as_object).into_iter().flatten() {
                let value = value.as_str().unwrap_or_default();
                if key.is_empty() || key.len() > 128 || value.len() > 256 || key.starts_with("aws:") {
                    return Err(Exception::field(
                        "tags",
                        "keys have from 1 to 128 characters and do not begin with aws:, values have up to 256",
                    ));
                }
                all.insert(key.clone(), value.to_owned());
            }
            if all.len() > TAGS {
                return Err(Exception::field("tags", "a workspace has at most 50 tags"));
            }
            *tags = all;
        }
        "UntagResource" => {
            for key in call.request.parameters("tagKeys") {
                tags.remove(key);
            }
        }
        _ => return Ok(json!({ "tags": tags })),
    }
    kept.save().map_err(|e| Exception::new(500, "InternalServerException", format!("{e:#}")))?;
    Ok(json!({}))
}
