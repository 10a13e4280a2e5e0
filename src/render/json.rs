//! What machines read: one type for each document, whose fields are the document's, in this order.
//!
//! Times are RFC 3339, lengths of time seconds. What is not known, or not there, is `null`.

use serde::Serialize;

use super::access::{Step, What};

/// A document as it is printed: indented, without a line's end.
#[must_use]
pub fn text(document: &impl Serialize) -> String {
    // Documents are made of texts, numbers and lists, which JSON can always say.
    serde_json::to_string_pretty(document).unwrap_or_default()
}

/// A document in one line, without its end.
#[must_use]
pub fn line(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// A moment, in seconds since 1970; empty where no calendar has it.
#[must_use]
pub fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|moment| moment.to_string()).unwrap_or_default()
}

/// One workspace of `workspace list`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct ListedWorkspace<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name; not unique.
    pub name: &'a str,
    /// Its status, in AWS's words.
    pub status: &'a str,
    /// The version of Grafana.
    pub grafana_version: &'a str,
    /// Its host, without a scheme.
    pub endpoint: &'a str,
}

/// `workspace show`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct ShownWorkspace<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its region.
    pub region: &'a str,
    /// Its status, in AWS's words.
    pub status: &'a str,
    /// Why it is degraded.
    pub degraded_reason: Option<&'a str>,
    /// The version of Grafana.
    pub grafana_version: &'a str,
    /// The versions that it can be upgraded to.
    pub upgrades: &'a [String],
    /// Its host, without a scheme.
    pub endpoint: &'a str,
    /// How people sign in.
    pub authentication: &'a [String],
    /// Who makes its role.
    pub permission_type: &'a str,
    /// Who may come in; none for everybody.
    pub network_access: Option<NetworkAccess<'a>>,
    /// The services of AWS that it may read.
    pub data_sources: &'a [String],
}

/// Who may come in.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct NetworkAccess<'a> {
    /// The prefix lists.
    pub prefix_lists: &'a [String],
    /// The VPC endpoints.
    pub vpc_endpoints: &'a [String],
}

/// The workspace that a document is about.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct OfWorkspace<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its host, without a scheme.
    pub endpoint: &'a str,
    /// The version of Grafana.
    pub grafana_version: &'a str,
    /// Its region.
    pub region: &'a str,
}

/// `identity status`.
#[derive(Serialize, Debug)]
pub struct Status<'a> {
    /// Who asks.
    pub caller: Caller<'a>,
    /// The workspace.
    pub workspace: OfWorkspace<'a>,
    /// The stack.
    pub stack: &'a str,
    /// The stack's service accounts.
    pub accounts: Vec<Account<'a>>,
    /// The secret that was asked for.
    pub secret: Option<StatusOfSecret<'a>>,
}

/// Who asks.
#[derive(Serialize, Debug)]
pub struct Caller<'a> {
    /// The AWS account.
    pub account: &'a str,
    /// The ARN.
    pub arn: &'a str,
}

/// A service account.
#[derive(Serialize, Debug)]
pub struct Account<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its role.
    pub role: String,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Its tokens, never their text.
    pub tokens: Vec<Token<'a>>,
}

/// A token, without its text.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Token<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// When it was made.
    pub created_at: String,
    /// When it ends.
    pub expires_at: String,
    /// When it was used last.
    pub last_used_at: Option<String>,
    /// Whether it is the one in the secret.
    pub stored: bool,
}

/// What is known of a secret.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct StatusOfSecret<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is there.
    pub exists: bool,
    /// How long its token lives.
    pub seconds_left: Option<i64>,
    /// The workspace that it is for.
    pub workspace: Option<&'a str>,
    /// What its token may do.
    pub role: Option<String>,
    /// How the token is written in it.
    pub format: Option<&'a str>,
    /// When its token ends.
    pub expires_at: Option<String>,
    /// Whether the workspace takes its token.
    pub works: Option<bool>,
}

/// `identity prune`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Prune<'a> {
    /// What is deleted.
    pub changes: Vec<JsonStep<'a>>,
    /// Whether nothing is.
    pub dry_run: bool,
}

/// `bootstrap-identity`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Bootstrap<'a> {
    /// The workspace.
    pub workspace: OfWorkspace<'a>,
    /// The stack.
    pub stack: &'a str,
    /// The service account.
    pub account: Option<MadeAccount<'a>>,
    /// The token that readers get now.
    pub token: Option<MadeToken<'a>>,
    /// The secret.
    pub secret: Option<MadeSecret<'a>>,
    /// What is done.
    pub changes: Vec<JsonStep<'a>>,
    /// Whether nothing is.
    pub dry_run: bool,
}

/// `bootstrap-api-key`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct BootstrapKey<'a> {
    /// The workspace.
    pub workspace: OfWorkspace<'a>,
    /// The stack.
    pub stack: &'a str,
    /// The key that readers get now.
    pub key: MadeKey<'a>,
    /// The secret.
    pub secret: MadeSecret<'a>,
    /// What is done.
    pub changes: Vec<JsonStep<'a>>,
    /// Whether nothing is.
    pub dry_run: bool,
}

/// The stack's service account.
#[derive(Serialize, Debug)]
pub struct MadeAccount<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its role.
    pub role: String,
}

/// A stored token, without its text.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct MadeToken<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// When it ends.
    pub expires_at: String,
}

/// A stored API key, without its text.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct MadeKey<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// When it ends.
    pub expires_at: Option<String>,
    /// Its role.
    pub role: String,
}

/// Where it is stored.
#[derive(Serialize, Debug)]
pub struct MadeSecret<'a> {
    /// Its name.
    pub name: &'a str,
    /// How it is written there.
    pub format: &'a str,
}

/// One step.
#[derive(Serialize, Debug)]
pub struct JsonStep<'a> {
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// What it is: `service account`, `token`, `secret`.
    pub kind: &'static str,
    /// Its name, where that is known beforehand.
    pub name: Option<&'a str>,
    /// What there is to say of it.
    pub about: &'a str,
}

/// Steps, as documents list them.
#[must_use]
pub fn changes(steps: &[Step]) -> Vec<JsonStep<'_>> {
    let action = |what| match what {
        What::Make => "create",
        What::Change => "update",
        What::Delete => "delete",
    };
    steps
        .iter()
        .map(|step| JsonStep {
            action: action(step.what),
            kind: step.kind,
            name: Some(step.name.as_str()).filter(|name| !name.is_empty()),
            about: &step.about,
        })
        .collect()
}
