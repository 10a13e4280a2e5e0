//! The IAM documents: what a run needs from AWS and nothing beyond it, and which CI job may take the role.
//!
//! Pure: values in, JSON out. What is done with the permissions stands in [`crate::identity`].

use std::str::FromStr;

use serde_json::{Value, json};

/// What whoever prints a document with tokens in it says with it.
pub const MINTING_IS_ADMIN: &str = "whoever may create tokens is an admin of that workspace: IAM cannot narrow a token \
                                    to one service account, so one can be made for an account that is ADMIN. Where \
                                    that is too much, hand out a stored token of a lesser account (mode `reader`), or \
                                    keep separate workspaces";

/// What whoever prints a trust policy says with it.
pub const SUBJECT: &str = "a repository that was made or renamed after 18 June 2026 has numbers in its name there: take \
                           the prefix that GitHub shows in the repository's settings, under Actions, OIDC";

/// What a caller is to be able to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Plan with a token of minutes. Making one needs as much as applying does.
    Plan,
    /// Apply with a token of minutes.
    Apply,
    /// Make the service account and keep a token in Secrets Manager.
    Bootstrap,
    /// Use the token that is kept in Secrets Manager; make none.
    Reader,
}

impl Mode {
    /// All of them, in the order of what they allow being told.
    pub const ALL: [Mode; 4] = [Mode::Plan, Mode::Apply, Mode::Bootstrap, Mode::Reader];

    /// Its name, as it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mode::Plan => "plan",
            Mode::Apply => "apply",
            Mode::Bootstrap => "bootstrap",
            Mode::Reader => "reader",
        }
    }

    /// Whether it lets its holder make tokens, which is to say become admin ([`MINTING_IS_ADMIN`]).
    #[must_use]
    pub fn mints(self) -> bool {
        match self {
            Mode::Plan | Mode::Apply | Mode::Bootstrap => true,
            Mode::Reader => false,
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Mode, String> {
        let known = || Mode::ALL.map(Mode::name).join(", ");
        Mode::ALL
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or_else(|| format!("`{text}` is none of {}", known()))
    }
}

/// What the permissions are for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// The workspace's region.
    pub region: &'a str,
    /// The workspace's account.
    pub account: &'a str,
    /// The workspace's id; without one all of the account and region.
    pub workspace: Option<&'a str>,
    /// The secret that keeps the token: its name or ARN.
    pub secret: Option<&'a str>,
    /// The key that secrets and parameters are encrypted with, where it is not AWS's own: an ARN, an id or `alias/…`.
    pub kms_key: Option<&'a str>,
    /// Secrets that values in the stack are read from: names or ARNs.
    pub values: &'a [String],
    /// Parameters that values in the stack are read from: names, paths ending in `*`, or ARNs.
    pub parameters: &'a [String],
    /// Whether API keys are made as well, which workspaces up to 10.4 have.
    pub api_keys: bool,
}

/// The smallest statement that allows one action on one resource.
#[must_use]
pub fn statement_for(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

/// The policy of a caller that does this and nothing else.
#[must_use]
pub fn document(mode: Mode, scope: &Scope<'_>) -> Value {
    let workspace = scope.workspace_arn();
    let mut statements = Vec::new();
    let mut grafana = vec!["grafana:DescribeWorkspace"];
    if mode.mints() {
        grafana.extend([
            "grafana:ListWorkspaceServiceAccounts",
            "grafana:ListWorkspaceServiceAccountTokens",
            "grafana:CreateWorkspaceServiceAccountToken",
            "grafana:DeleteWorkspaceServiceAccountToken",
        ]);
    }
    if mode == Mode::Bootstrap {
        grafana.push("grafana:CreateWorkspaceServiceAccount");
        if scope.api_keys {
            grafana.extend(["grafana:CreateWorkspaceApiKey", "grafana:DeleteWorkspaceApiKey"]);
        }
    }
    statements.push(statement("Workspace", &grafana, json!(workspace)));
    if mode == Mode::Bootstrap || scope.workspace.is_none() {
        // Listing knows no resource.
        statements.push(statement("FindByName", &["grafana:ListWorkspaces"], json!("*")));
    }
    if let Some(secret) = scope.secret {
        match mode {
            // The token is made anew for each run.
            Mode::Plan | Mode::Apply => {}
            Mode::Reader => statements.push(statement(
                "Token",
                &["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                json!(scope.secret_arn(secret)),
            )),
            Mode::Bootstrap => statements.push(statement(
                "Token",
                &[
                    "secretsmanager:CreateSecret",
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:TagResource",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                json!(scope.secret_arn(secret)),
            )),
        }
    }
    let values: Vec<String> = scope.values.iter().map(|id| scope.secret_arn(id)).collect();
    if !values.is_empty() {
        statements.push(statement("Values", &["secretsmanager:GetSecretValue"], json!(values)));
    }
    if values.len() > 1 {
        // It knows no resource either, and gives nothing without the permission for each of the secrets.
        statements.push(statement("ValuesAtOnce", &["secretsmanager:BatchGetSecretValue"], json!("*")));
    }
    let parameters: Vec<String> = scope.parameters.iter().map(|name| scope.parameter_arn(name)).collect();
    if !parameters.is_empty() {
        statements.push(statement("Parameters", &["ssm:GetParameters"], json!(parameters)));
    }
    statements.extend(scope.key(mode));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Which jobs of a repository on GitHub may take a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Job<'a> {
    /// Those that run on a branch.
    Branch(&'a str),
    /// Those that run on a tag.
    Tag(&'a str),
    /// Those that run in an environment, whose own rules then apply as well.
    Environment(&'a str),
    /// Those of pull requests; anybody who can open one from within the repository can change what they do.
    PullRequest,
}

/// The trust policy of a role that a job on GitHub takes with its own identity, so that no key of AWS lies there.
///
/// The account needs GitHub's identity provider, once. A name may hold `*`. The repository is told as GitHub tells it to
/// AWS: `ORG/REPO`, or with the numbers of both where it was made or renamed after 18 June 2026 ([`SUBJECT`]).
#[must_use]
pub fn trust(partition: &str, account: &str, repository: &str, job: Job<'_>) -> Value {
    const ISSUER: &str = "token.actions.githubusercontent.com";
    let subject = match job {
        Job::Branch(name) => format!("repo:{repository}:ref:refs/heads/{name}"),
        Job::Tag(name) => format!("repo:{repository}:ref:refs/tags/{name}"),
        Job::Environment(name) => format!("repo:{repository}:environment:{name}"),
        Job::PullRequest => format!("repo:{repository}:pull_request"),
    };
    let audience = format!("{ISSUER}:aud");
    let claim = format!("{ISSUER}:sub");
    let condition = if subject.contains(['*', '?']) {
        json!({ "StringEquals": { audience: "sts.amazonaws.com" }, "StringLike": { claim: subject } })
    } else {
        json!({ "StringEquals": { audience: "sts.amazonaws.com", claim: subject } })
    };
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:{partition}:iam::{account}:oidc-provider/{ISSUER}") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }],
    })
}

impl Scope<'_> {
    fn workspace_arn(&self) -> String {
        let id = self.workspace.unwrap_or("*");
        format!("arn:{}:grafana:{}:{}:/workspaces/{id}", self.partition, self.region, self.account)
    }

    /// Six characters follow a secret's name in its ARN, which nobody knows before it is made.
    fn secret_arn(&self, id: &str) -> String {
        if id.starts_with("arn:") {
            return id.to_owned();
        }
        format!("arn:{}:secretsmanager:{}:{}:secret:{id}-??????", self.partition, self.region, self.account)
    }

    fn parameter_arn(&self, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        let name = name.trim_start_matches('/');
        format!("arn:{}:ssm:{}:{}:parameter/{name}", self.partition, self.region, self.account)
    }

    /// The key, through the services that use it and no other way.
    fn key(&self, mode: Mode) -> Option<Value> {
        let key = self.kms_key?;
        let writes = mode == Mode::Bootstrap && self.secret.is_some();
        let reads = mode == Mode::Reader && self.secret.is_some();
        let mut services = Vec::new();
        if writes || reads || !self.values.is_empty() {
            services.push(format!("secretsmanager.{}.amazonaws.com", self.region));
        }
        if !self.parameters.is_empty() {
            services.push(format!("ssm.{}.amazonaws.com", self.region));
        }
        if services.is_empty() {
            return None;
        }
        let actions: &[&str] = if writes { &["kms:Decrypt", "kms:GenerateDataKey"] } else { &["kms:Decrypt"] };
        let keys = |id: &str| format!("arn:{}:kms:{}:{}:key/{id}", self.partition, self.region, self.account);
        let mut condition = json!({ "StringEquals": { "kms:ViaService": services } });
        let resource = match key {
            arn if arn.starts_with("arn:") => arn.to_owned(),
            alias if alias.starts_with("alias/") => {
                // An alias is no resource of IAM's; which keys bear it is a condition.
                condition["ForAnyValue:StringEquals"] = json!({ "kms:ResourceAliases": alias });
                keys("*")
            }
            id => keys(id),
        };
        let mut statement = statement("Key", actions, json!(resource));
        statement["Condition"] = condition;
        Some(statement)
    }
}

fn statement(id: &str, actions: &[&str], resource: Value) -> Value {
    json!({ "Sid": id, "Effect": "Allow", "Action": actions, "Resource": resource })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope<'_> = Scope {
        partition: "aws",
        region: "eu-west-1",
        account: "123456789012",
        workspace: Some("g-0123456789"),
        secret: Some("amgctl/prod"),
        kms_key: None,
        values: &[],
        parameters: &[],
        api_keys: false,
    };
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/0f0e0d0c";

    #[track_caller]
    fn check(mode: Mode, scope: &Scope<'_>, expected: Value) {
        assert_eq!(document(mode, scope), json!({ "Version": "2012-10-17", "Statement": expected }));
    }

    #[test]
    fn a_reader_makes_no_token() {
        let expected = json!([
            { "Sid": "Workspace", "Effect": "Allow", "Action": ["grafana:DescribeWorkspace"],
              "Resource": "arn:aws:grafana:eu-west-1:123456789012:/workspaces/g-0123456789" },
            { "Sid": "Token", "Effect": "Allow",
              "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
              "Resource": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:amgctl/prod-??????" },
        ]);
        check(Mode::Reader, &SCOPE, expected);
        assert!(!Mode::Reader.mints());
    }

    #[test]
    fn planning_and_applying_need_the_same_and_no_secret() {
        let expected = json!([
            { "Sid": "Workspace", "Effect": "Allow",
              "Action": ["grafana:DescribeWorkspace", "grafana:ListWorkspaceServiceAccounts",
                         "grafana:ListWorkspaceServiceAccountTokens", "grafana:CreateWorkspaceServiceAccountToken",
                         "grafana:DeleteWorkspaceServiceAccountToken"],
              "Resource": "arn:aws:grafana:eu-west-1:123456789012:/workspaces/g-0123456789" },
        ]);
        check(Mode::Plan, &Scope { kms_key: Some(KEY), ..SCOPE }, expected.clone());
        check(Mode::Apply, &SCOPE, expected);
        assert!(Mode::Plan.mints() && Mode::Apply.mints());
    }

    #[test]
    fn bootstrap_makes_the_account_and_the_secret() {
        let expected = json!([
            { "Sid": "Workspace", "Effect": "Allow",
              "Action": ["grafana:DescribeWorkspace", "grafana:ListWorkspaceServiceAccounts",
                         "grafana:ListWorkspaceServiceAccountTokens", "grafana:CreateWorkspaceServiceAccountToken",
                         "grafana:DeleteWorkspaceServiceAccountToken", "grafana:CreateWorkspaceServiceAccount",
                         "grafana:CreateWorkspaceApiKey", "grafana:DeleteWorkspaceApiKey"],
              "Resource": "arn:aws:grafana:eu-west-1:123456789012:/workspaces/g-0123456789" },
            { "Sid": "FindByName", "Effect": "Allow", "Action": ["grafana:ListWorkspaces"], "Resource": "*" },
            { "Sid": "Token", "Effect": "Allow",
              "Action": ["secretsmanager:CreateSecret", "secretsmanager:DescribeSecret",
                         "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue",
                         "secretsmanager:TagResource", "secretsmanager:UpdateSecretVersionStage"],
              "Resource": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:amgctl/prod-??????" },
            { "Sid": "Key", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": KEY,
              "Condition": { "StringEquals": { "kms:ViaService": ["secretsmanager.eu-west-1.amazonaws.com"] } } },
        ]);
        check(Mode::Bootstrap, &Scope { kms_key: Some(KEY), api_keys: true, ..SCOPE }, expected);
    }

    #[test]
    fn values_are_read_where_they_are_and_nowhere_else() {
        let values =
            ["grafana/postgres".to_owned(), "arn:aws:secretsmanager:eu-west-1:9:secret:x-AbCdEf".to_owned()];
        let parameters = ["/grafana/prod/*".to_owned(), "plain".to_owned()];
        let scope = Scope {
            secret: None,
            values: &values,
            parameters: &parameters,
            kms_key: Some("alias/grafana"),
            ..SCOPE
        };
        let document = document(Mode::Apply, &scope);
        let expected = json!([
            { "Sid": "Values", "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"],
              "Resource": ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:grafana/postgres-??????",
                           "arn:aws:secretsmanager:eu-west-1:9:secret:x-AbCdEf"] },
            { "Sid": "ValuesAtOnce", "Effect": "Allow", "Action": ["secretsmanager:BatchGetSecretValue"],
              "Resource": "*" },
            { "Sid": "Parameters", "Effect": "Allow", "Action": ["ssm:GetParameters"],
              "Resource": ["arn:aws:ssm:eu-west-1:123456789012:parameter/grafana/prod/*",
                           "arn:aws:ssm:eu-west-1:123456789012:parameter/plain"] },
            { "Sid": "Key", "Effect": "Allow", "Action": ["kms:Decrypt"],
              "Resource": "arn:aws:kms:eu-west-1:123456789012:key/*",
              "Condition": {
                "StringEquals": { "kms:ViaService": ["secretsmanager.eu-west-1.amazonaws.com",
                                                     "ssm.eu-west-1.amazonaws.com"] },
                "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/grafana" } } },
        ]);
        assert_eq!(document["Statement"].as_array().unwrap()[1..], *expected.as_array().unwrap());
    }

    #[test]
    fn without_an_id_the_workspace_is_looked_for() {
        let scope = Scope { workspace: None, secret: None, partition: "aws-cn", ..SCOPE };
        let expected = json!([
            { "Sid": "Workspace", "Effect": "Allow", "Action": ["grafana:DescribeWorkspace"],
              "Resource": "arn:aws-cn:grafana:eu-west-1:123456789012:/workspaces/*" },
            { "Sid": "FindByName", "Effect": "Allow", "Action": ["grafana:ListWorkspaces"], "Resource": "*" },
        ]);
        check(Mode::Reader, &scope, expected);
    }

    #[test]
    fn a_role_is_for_the_jobs_of_one_branch() {
        let expected = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {
                    "Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": { "StringEquals": {
                    "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                    "token.actions.githubusercontent.com:sub": "repo:acme/grafana:ref:refs/heads/main" } },
            }],
        });
        assert_eq!(trust("aws", "123456789012", "acme/grafana", Job::Branch("main")), expected);
    }

    #[test]
    fn the_subject_names_the_kind_of_job() {
        #[track_caller]
        fn check(job: Job<'_>, operator: &str, subject: &str) {
            let condition = trust("aws", "1", "acme/grafana", job)["Statement"][0]["Condition"].clone();
            assert_eq!(condition[operator]["token.actions.githubusercontent.com:sub"], subject);
            assert_eq!(condition["StringEquals"]["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com");
        }
        check(Job::Tag("v*"), "StringLike", "repo:acme/grafana:ref:refs/tags/v*");
        check(Job::Environment("prod"), "StringEquals", "repo:acme/grafana:environment:prod");
        check(Job::PullRequest, "StringEquals", "repo:acme/grafana:pull_request");
    }

    #[test]
    fn a_mode_is_told_by_its_name() {
        assert_eq!("bootstrap".parse(), Ok(Mode::Bootstrap));
        assert_eq!("admin".parse::<Mode>(), Err("`admin` is none of plan, apply, bootstrap, reader".to_owned()));
    }
}
