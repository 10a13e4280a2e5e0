//! IAM policies: the least that each job needs (pure; fact: `least-actions`). Whom a role trusts stands in
//! [`super::github`].
//!
//! No condition of IAM narrows a token to one service account: whoever may make tokens is an admin of the workspace's
//! Grafana. The texts say so.

use serde_json::{Value, json};

use super::find;
use crate::aws;

/// What a policy is about. Empty parts become words in capitals, to be filled in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct About {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The region.
    pub region: String,
    /// The number of the account.
    pub account: String,
    /// The workspace's id.
    pub workspace: String,
    /// The secrets: that of the stored token, or those that data sources refer to.
    pub secrets: Vec<String>,
    /// The parameters that data sources refer to.
    pub parameters: Vec<String>,
    /// What manifests need besides.
    pub manifests: Manifests,
    /// The KMS key of the secrets and parameters: an ARN, an id, or `alias/…`.
    pub kms_key: Option<String>,
}

/// What the manifests of a directory need, besides secrets and parameters that they name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Manifests {
    /// The secrets whose tags they read.
    pub described: Vec<String>,
    /// Whether they find secrets by name or tags.
    pub find_secrets: bool,
    /// The paths below which they read all parameters.
    pub below: Vec<String>,
    /// The roles that their stores take on: what those read is theirs to be allowed.
    pub roles: Vec<String>,
}

/// The jobs that need a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Job {
    /// A plan with a token made for the run.
    Plan,
    /// An apply with a token made for the run.
    Apply,
    /// Making, storing and renewing a token.
    Bootstrap,
    /// Any run with the stored token.
    Reader,
    /// A plan with a stored token of a workspace that is named by its URL: on pull requests, that of a VIEWER.
    Viewer,
}

impl About {
    /// A part, or the word to be filled in where it is not known.
    pub(super) fn part<'a>(text: &'a str, else_: &'a str) -> &'a str {
        if text.is_empty() { else_ } else { text }
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            About::part(&self.partition, "aws"),
            About::part(&self.region, "REGION"),
            About::part(&self.account, "ACCOUNT"),
        )
    }

    fn workspace_arn(&self) -> String {
        self.arn("grafana", &format!("/workspaces/{}", About::part(&self.workspace, "WORKSPACE")))
    }

    fn secret_arn(&self, name: &str, ending: &str) -> String {
        if name.starts_with("arn:") {
            name.to_owned()
        } else {
            self.arn("secretsmanager", &format!("secret:{name}{ending}"))
        }
    }
}

impl About {
    /// The name of a secret or a parameter of another region than the policy's, as its ARN.
    #[must_use]
    pub fn in_region(&self, service: &str, region: Option<&str>, name: &str) -> String {
        let region = region.filter(|region| *region != self.region && !name.starts_with("arn:"));
        let there = |region: &str| About { region: region.to_owned(), ..self.clone() };
        match (region, service) {
            (None, _) => name.to_owned(),
            (Some(region), "secretsmanager") => there(region).secret_arn(name, "-??????"),
            (Some(region), _) => there(region).parameter_arn(name),
        }
    }

    fn parameter_arn(&self, name: &str) -> String {
        match name.starts_with("arn:") {
            true => name.to_owned(),
            false => self.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/'))),
        }
    }

    /// What no policy can be about, told by the flag that says it: nobody notices a policy that matches nothing.
    pub fn fault(&self) -> Option<String> {
        let wrong = |flag: &str, text: &str, what: &str| Some(format!("{flag} {text}: this is no {what}"));
        let arn = |text: &str| text.starts_with("arn:");
        if !self.workspace.is_empty() && !find::is_id(&self.workspace) {
            return wrong("--workspace", &self.workspace, "id of a workspace, nor its ARN or endpoint");
        }
        if !self.region.is_empty() && !aws::is_region(&self.region) {
            return wrong("--region", &self.region, "region");
        }
        let is_number = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        if !self.account.is_empty() && !is_number(&self.account) {
            return wrong("--account", &self.account, "number of an AWS account, which has 12 digits");
        }
        // Not only names that we would give: services name secrets as they like, `rds!db-…`.
        let of_name = |c: char| c.is_ascii_alphanumeric() || "/_+=.@!-".contains(c);
        if let Some(name) = self.secrets.iter().find(|n| !arn(n) && (n.is_empty() || !n.chars().all(of_name))) {
            return wrong("--secret", name, "name of a secret");
        }
        let of_path = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
        let path = |name: &&String| !name.is_empty() && name.chars().all(of_path);
        if let Some(name) = self.parameters.iter().find(|name| !arn(name) && !path(name)) {
            return wrong("--parameter", name, "path of a parameter");
        }
        let key = self.kms_key.as_deref().filter(|key| !arn(key) && !key.starts_with("alias/"));
        let of_key = |c: char| c.is_ascii_alphanumeric() || c == '-';
        match key.filter(|key| key.is_empty() || !key.chars().all(of_key)) {
            Some(key) => wrong("--kms-key", key, "id, alias or ARN of a key"),
            None => None,
        }
    }
}

/// The policy of a job.
#[must_use]
pub fn policy(job: Job, about: &About) -> Value {
    let mut statements = Vec::new();
    let mut allow = |sid: &str, actions: &[&str], resource: Value| {
        statements.push(json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource }));
    };
    let workspace = || json!(about.workspace_arn());
    let named = |ending: &str| -> Value {
        let names = if about.secrets.is_empty() { vec!["SECRET".to_owned()] } else { about.secrets.clone() };
        names.iter().map(|name| about.secret_arn(name, ending)).collect()
    };
    // Names have no resource of their own: a list is of the whole account.
    if job != Job::Viewer {
        allow("FindWorkspace", &["grafana:ListWorkspaces"], json!("*"));
    }
    match job {
        Job::Plan | Job::Apply => {
            let mut actions = vec![
                "grafana:DescribeWorkspace",
                "grafana:ListWorkspaceServiceAccounts",
                "grafana:CreateWorkspaceServiceAccountToken",
                "grafana:DeleteWorkspaceServiceAccountToken",
                // Looks for what a lost answer left, and for what ran out.
                "grafana:ListWorkspaceServiceAccountTokens",
            ];
            actions.sort_unstable();
            allow("MakesTheCallerAdminOfThisGrafana", &actions, workspace());
        }
        Job::Bootstrap => {
            allow(
                "MakesTheCallerAdminOfThisGrafana",
                &[
                    "grafana:CreateWorkspaceApiKey",
                    "grafana:CreateWorkspaceServiceAccount",
                    "grafana:CreateWorkspaceServiceAccountToken",
                    "grafana:DeleteWorkspaceApiKey",
                    "grafana:DeleteWorkspaceServiceAccountToken",
                    "grafana:DescribeWorkspace",
                    "grafana:ListWorkspaceServiceAccountTokens",
                    "grafana:ListWorkspaceServiceAccounts",
                ],
                workspace(),
            );
            allow(
                "KeepTheSecret",
                &[
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:TagResource",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                named("-??????"),
            );
            allow("MakeTheSecret", &["secretsmanager:CreateSecret", "secretsmanager:TagResource"], named("*"));
        }
        Job::Reader => {
            allow("FindEndpoint", &["grafana:DescribeWorkspace"], workspace());
            allow("ReadTheToken", &["secretsmanager:GetSecretValue"], named("-??????"));
        }
        Job::Viewer => allow("ReadTheToken", &["secretsmanager:GetSecretValue"], named("-??????")),
    }
    if matches!(job, Job::Plan | Job::Apply) && !about.secrets.is_empty() {
        allow("ReadSecrets", &["secretsmanager:GetSecretValue"], named("-??????"));
        allow("ReadSecretsInBatches", &["secretsmanager:BatchGetSecretValue"], json!("*"));
    }
    if !about.parameters.is_empty() {
        let parameters: Value = about.parameters.iter().map(|name| about.parameter_arn(name)).collect();
        allow("ReadParameters", &["ssm:GetParameters"], parameters);
    }
    let Manifests { described, find_secrets, below, roles } = &about.manifests;
    if !described.is_empty() {
        let secrets: Value = described.iter().map(|name| about.secret_arn(name, "-??????")).collect();
        allow("ReadTags", &["secretsmanager:DescribeSecret"], secrets);
    }
    if *find_secrets {
        let actions =
            ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "secretsmanager:ListSecrets"];
        allow("FindSecrets", &actions, json!("*"));
    }
    if !below.is_empty() {
        let paths: Value = below.iter().map(|path| format!("{}*", about.parameter_arn(path))).collect();
        allow("ReadParametersBelow", &["ssm:GetParametersByPath"], paths);
    }
    if !roles.is_empty() {
        allow("TakeOnRoles", &["sts:AssumeRole"], json!(roles));
    }
    if let Some(key) = &about.kms_key {
        let actions: &[&str] =
            if job == Job::Bootstrap { &["kms:Decrypt", "kms:GenerateDataKey"] } else { &["kms:Decrypt"] };
        statements.push(use_of_key(key, actions, job, about));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The key, through the services that keep what it encrypts and in no other way.
fn use_of_key(key: &str, actions: &[&str], job: Job, about: &About) -> Value {
    let region = About::part(&about.region, "REGION");
    let mut services = Vec::new();
    if !about.secrets.is_empty()
        || matches!(job, Job::Bootstrap | Job::Reader | Job::Viewer)
        || about.parameters.is_empty()
    {
        services.push(format!("secretsmanager.{region}.amazonaws.com"));
    }
    if !about.parameters.is_empty() {
        services.push(format!("ssm.{region}.amazonaws.com"));
    }
    let mut condition = json!({ "StringEquals": { "kms:ViaService": services } });
    let resource = match key {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        alias if alias.starts_with("alias/") => {
            // An alias is no resource of IAM's; which keys bear it is a condition.
            condition["ForAnyValue:StringEquals"] = json!({ "kms:ResourceAliases": alias });
            about.arn("kms", "key/*")
        }
        id => about.arn("kms", &format!("key/{id}")),
    };
    json!({
        "Sid": "UseTheKey", "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition,
    })
}

/// What a policy means, in a sentence.
#[must_use]
pub fn meaning(job: Job) -> &'static str {
    match job {
        Job::Plan | Job::Apply | Job::Bootstrap => {
            "whoever may make tokens is an admin of this workspace's Grafana: IAM cannot narrow it to one service account"
        }
        Job::Reader | Job::Viewer => "whoever reads the secret may do in this workspace what the stored token may",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> About {
        About {
            region: "eu-west-1".into(),
            account: "111122223333".into(),
            workspace: "g-0123456789".into(),
            secrets: vec!["amgctl/prod".into()],
            ..About::default()
        }
    }

    fn actions(job: Job, about: &About) -> Vec<String> {
        let policy = policy(job, about);
        let statements = policy["Statement"].as_array().unwrap().clone();
        let all = statements.iter().flat_map(|s| s["Action"].as_array().unwrap().clone());
        all.map(|a| a.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_run_may_make_and_delete_tokens_and_no_more() {
        let without = About { secrets: Vec::new(), ..about() };
        assert_eq!(
            policy(Job::Apply, &without),
            json!({
                "Version": "2012-10-17",
                "Statement": [
                    { "Sid": "FindWorkspace", "Effect": "Allow", "Action": ["grafana:ListWorkspaces"], "Resource": "*" },
                    {
                        "Sid": "MakesTheCallerAdminOfThisGrafana", "Effect": "Allow",
                        "Action": [
                            "grafana:CreateWorkspaceServiceAccountToken", "grafana:DeleteWorkspaceServiceAccountToken",
                            "grafana:DescribeWorkspace", "grafana:ListWorkspaceServiceAccountTokens",
                            "grafana:ListWorkspaceServiceAccounts",
                        ],
                        "Resource": "arn:aws:grafana:eu-west-1:111122223333:/workspaces/g-0123456789",
                    },
                ],
            })
        );
        let with = About { parameters: vec!["/amg/db".into()], kms_key: Some("arn:aws:kms:x".into()), ..about() };
        let all = actions(Job::Apply, &with);
        for action in ["secretsmanager:GetSecretValue", "ssm:GetParameters", "kms:Decrypt"] {
            assert!(all.iter().any(|a| a == action), "{action}");
        }
        assert!(!all.iter().any(|a| a == "kms:GenerateDataKey"));
    }

    #[test]
    fn a_key_is_used_through_its_services_only() {
        let use_of = |key: &str, about: About| {
            let all = policy(Job::Apply, &About { kms_key: Some(key.into()), ..about })["Statement"].clone();
            all.as_array().unwrap().last().unwrap().clone()
        };
        assert_eq!(
            use_of("alias/grafana", About { parameters: vec!["/amg/db".into()], ..about() }),
            json!({
                "Sid": "UseTheKey", "Effect": "Allow", "Action": ["kms:Decrypt"],
                "Resource": "arn:aws:kms:eu-west-1:111122223333:key/*",
                "Condition": {
                    "StringEquals": { "kms:ViaService": [
                        "secretsmanager.eu-west-1.amazonaws.com", "ssm.eu-west-1.amazonaws.com",
                    ] },
                    "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/grafana" },
                },
            })
        );
        let by_id = use_of("0f0e0d0c", about());
        assert_eq!(by_id["Resource"], "arn:aws:kms:eu-west-1:111122223333:key/0f0e0d0c");
        assert_eq!(
            by_id["Condition"]["StringEquals"]["kms:ViaService"],
            json!(["secretsmanager.eu-west-1.amazonaws.com"])
        );
        assert_eq!(use_of("arn:aws:kms:eu-west-1:9:key/1", about())["Resource"], "arn:aws:kms:eu-west-1:9:key/1");
    }

    #[test]
    fn a_parameter_may_be_named_by_its_arn() {
        let arn = "arn:aws:ssm:eu-west-1:9:parameter/amg/db";
        let about = About { parameters: vec![arn.into(), "/amg/x".into()], ..about() };
        let policy = policy(Job::Apply, &about);
        let statement = policy["Statement"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(statement["Resource"], json!([arn, "arn:aws:ssm:eu-west-1:111122223333:parameter/amg/x"]));
    }

    #[test]
    fn what_manifests_need_is_allowed() {
        let manifests = Manifests {
            described: vec!["prod/db".into()],
            find_secrets: true,
            below: vec!["/team".into()],
            roles: vec!["arn:aws:iam::9:role/reader".into()],
        };
        let about = About { manifests, ..about() };
        let all = actions(Job::Apply, &about);
        for action in [
            "secretsmanager:DescribeSecret",
            "secretsmanager:ListSecrets",
            "ssm:GetParametersByPath",
            "sts:AssumeRole",
        ] {
            assert!(all.iter().any(|a| a == action), "{action}");
        }
        let there = |service, region, name| about.in_region(service, Some(region), name);
        assert_eq!(there("secretsmanager", "eu-west-1", "db"), "db");
        assert_eq!(
            there("secretsmanager", "us-east-1", "db"),
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-??????"
        );
        assert_eq!(there("ssm", "us-east-1", "/a"), "arn:aws:ssm:us-east-1:111122223333:parameter/a");
        assert_eq!(there("ssm", "us-east-1", "arn:x"), "arn:x");
    }

    #[test]
    fn a_reader_makes_nothing() {
        let all = actions(Job::Reader, &about());
        assert_eq!(all, ["grafana:ListWorkspaces", "grafana:DescribeWorkspace", "secretsmanager:GetSecretValue"]);
        let policy = policy(Job::Reader, &about());
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:amgctl/prod-??????";
        assert_eq!(policy["Statement"][2]["Resource"], json!([arn]));
    }

    #[test]
    fn what_is_not_known_is_to_be_filled_in() {
        let text = policy(Job::Bootstrap, &About::default()).to_string();
        assert!(text.contains("arn:aws:grafana:REGION:ACCOUNT:/workspaces/WORKSPACE"), "{text}");
        assert!(text.contains("arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET-??????"), "{text}");
    }

    #[test]
    fn a_viewer_reads_its_token_and_nothing_else() {
        assert_eq!(actions(Job::Viewer, &about()), ["secretsmanager:GetSecretValue"]);
        let with_key = About { kms_key: Some("alias/grafana".into()), ..about() };
        assert_eq!(actions(Job::Viewer, &with_key), ["secretsmanager:GetSecretValue", "kms:Decrypt"]);
        let services =
            &policy(Job::Viewer, &with_key)["Statement"][1]["Condition"]["StringEquals"]["kms:ViaService"];
        assert_eq!(*services, json!(["secretsmanager.eu-west-1.amazonaws.com"]));
    }
}
