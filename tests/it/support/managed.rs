//! A world whose workspace is one of Amazon Managed Grafana: the embedded AWS, and the program with its credentials.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use amgctl::aws::{Aws, Embedded, Options, SecretInfo};
use amgctl::model::Secret;
use amgctl::sandbox::Version;
use serde_json::Value;

use super::block_on;
use super::run::{Child, Ran};
use super::world::{Sandbox, World, keeps_secrets};

/// A world with AWS.
pub struct Managed {
    /// The world; its sandbox serves AWS as well.
    pub world: World,
}

impl Managed {
    /// One where nothing goes wrong, and the stack's service account is there.
    pub fn new(version: Version) -> Managed {
        let managed = Managed::faulty(version, &[]);
        managed.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
        managed
    }

    /// One where something goes wrong, as `--fault` has it; there is no service account yet.
    pub fn faulty(version: Version, faults: &[&str]) -> Managed {
        Managed { world: World::with(version, Sandbox::with_aws(version, faults, Duration::ZERO)) }
    }

    /// The embedded AWS.
    pub fn cloud(&self) -> &amgctl::sandbox::Aws {
        self.world.sandbox.running().aws().unwrap()
    }

    /// Marks a secret for deletion, which only AWS's own client does.
    pub fn mark_for_deletion(&self, secret: &str) {
        use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
        let cloud = self.cloud();
        let key = Credentials::new(&cloud.access_key_id, &cloud.secret_access_key, None, None, "test");
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(amgctl::aws::https_client())
            .endpoint_url(&cloud.url)
            .region(Region::new(cloud.region))
            .credentials_provider(key)
            .build();
        let client = aws_sdk_secretsmanager::Client::from_conf(config);
        block_on(client.delete_secret().secret_id(secret).send()).unwrap();
    }

    /// The workspace's id.
    pub fn id(&self) -> &str {
        &self.cloud().workspaces[0].id
    }

    /// The program with the credentials of AWS, and with no other way into a workspace.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = self.without_credentials(arguments);
        let cloud = self.cloud();
        command
            .env("AWS_ENDPOINT_URL", &cloud.url)
            .env("AWS_REGION", cloud.region)
            .env("AWS_ACCESS_KEY_ID", &cloud.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &cloud.secret_access_key)
            .env("AMGCTL_WORKSPACE", self.id());
        command
    }

    /// The program without any way into AWS.
    pub fn without_credentials(&self, arguments: &str) -> Command {
        let mut command = self.world.command(arguments);
        command
            .env_remove("AMGCTL_URL")
            .env_remove("GRAFANA_TOKEN")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", self.world.home().join("no-config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.world.home().join("no-credentials"))
            .env("RUST_LOG", "trace")
            .env("AMGCTL_LOG", "trace");
        command
    }

    /// Runs `amgctl` with the credentials of AWS to its end.
    pub fn aws(&self, arguments: &str) -> Ran {
        self.run(arguments, self.command(arguments))
    }

    /// Runs a command to its end; it never shows a token or a key.
    pub fn run(&self, typed: &str, command: Command) -> Ran {
        let ran = self.world.run(typed, command);
        self.keeps_quiet(&ran);
        ran
    }

    /// Claims that no token and no key of AWS was shown.
    #[track_caller]
    pub fn keeps_quiet(&self, ran: &Ran) {
        keeps_secrets(ran);
        for secret in ["glsa_", &self.cloud().secret_access_key] {
            ran.lacks(secret);
        }
    }

    /// Starts `amgctl` with the credentials of AWS.
    pub fn begin(&self, arguments: &str) -> Child {
        Child::start(format!("amgctl {arguments}"), self.command(arguments))
    }

    /// Which actions of AWS something calls, and how often.
    pub fn calls(&self, act: impl FnOnce()) -> BTreeMap<String, usize> {
        let before = self.world.sandbox.running().aws_calls();
        act();
        let mut after = self.world.sandbox.running().aws_calls();
        for (action, count) in before {
            *after.get_mut(&action).unwrap() -= count;
        }
        after.retain(|_, count| *count > 0);
        after
    }

    /// How many calls came to AWS until now.
    pub fn all_calls(&self) -> usize {
        self.world.sandbox.running().aws_calls().values().sum()
    }

    /// The names of the stack's tokens, with the role of their account.
    pub fn tokens(&self) -> Vec<String> {
        let mut names = Vec::new();
        let all = self.world.read("/api/serviceaccounts/search?perpage=1000").unwrap();
        for account in all["serviceAccounts"].as_array().unwrap() {
            if account["name"].as_str().unwrap().starts_with("contract-") {
                continue;
            }
            let tokens = self.world.read(&format!("/api/serviceaccounts/{}/tokens", account["id"])).unwrap();
            names.extend(tokens.as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned()));
        }
        names
    }

    /// The names of the service accounts.
    pub fn accounts(&self) -> Vec<String> {
        let all = self.world.read("/api/serviceaccounts/search?perpage=1000").unwrap();
        let names =
            all["serviceAccounts"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap().to_owned());
        names.filter(|name| !name.starts_with("contract-")).collect()
    }

    /// AWS, for what a test arranges or looks at.
    pub fn client(&self) -> Aws {
        let cloud = self.cloud();
        let embedded = Embedded {
            url: cloud.url.clone(),
            region: cloud.region.to_owned(),
            access_key_id: cloud.access_key_id.clone(),
            secret_access_key: Secret::new(cloud.secret_access_key.clone()),
        };
        block_on(Aws::open(Options { embedded: Some(embedded), ..Options::default() })).unwrap()
    }

    /// Stores a secret.
    pub fn store(&self, name: &str, value: &str) {
        let version = format!("{:0>32}", name.len());
        let value = Secret::new(value.into());
        block_on(self.client().create_secret(name, &value, None, &[], "", &version)).unwrap();
    }

    /// What readers of a secret get; nothing when there is none.
    pub fn stored(&self, name: &str) -> Option<String> {
        let value = block_on(self.client().secret_value(name, None, None)).unwrap()?;
        Some(value.value.expose().to_owned())
    }

    /// What readers of a secret get, as JSON.
    #[track_caller]
    pub fn stored_json(&self, name: &str) -> Value {
        serde_json::from_str(&self.stored(name).expect("there is no such secret")).unwrap()
    }

    /// A secret without its value.
    #[track_caller]
    pub fn described(&self, name: &str) -> SecretInfo {
        block_on(self.client().describe_secret(name)).unwrap().expect("there is no such secret")
    }

    /// The version of a secret that has a label.
    pub fn labelled(&self, name: &str, label: &str) -> Option<String> {
        let labels = self.described(name).stages;
        labels.into_iter().find(|(_, of)| of.iter().any(|l| l == label)).map(|(version, _)| version)
    }

    /// Whether a version waits for its promotion.
    pub fn pending(&self, name: &str) -> bool {
        let labels = self.described(name).stages;
        labels.values().any(|of| of.iter().all(|label| label == "AWSPENDING"))
    }

    /// Lets a version that waits for its promotion wait no more, as somebody does by hand.
    pub fn unpend(&self, name: &str) {
        let current = self.labelled(name, "AWSCURRENT").unwrap();
        self.move_label(name, "AWSPENDING", &current);
    }

    /// Moves a label to a version, as somebody does by hand.
    pub fn move_label(&self, name: &str, label: &str, to: &str) {
        let from = self.labelled(name, label);
        block_on(self.client().move_stage(name, label, to, from.as_deref())).unwrap();
    }

    /// Deletes a token by its name, as somebody does by hand.
    #[track_caller]
    pub fn delete_token(&self, name: &str) {
        let client = self.client();
        for account in block_on(client.accounts(self.id())).unwrap() {
            for token in block_on(client.tokens(self.id(), &account.id)).unwrap() {
                if token.name == name {
                    block_on(client.delete_token(self.id(), &account.id, &token.id)).unwrap();
                    return;
                }
            }
        }
        panic!("there is no token `{name}`");
    }

    /// Whether a token opens the workspace.
    pub fn opens(&self, token: &str) -> bool {
        self.world.send_as(Some(token), "GET", "/api/org", None).0 == 200
    }

    /// Lets time pass, in seconds.
    pub fn pass(&self, seconds: u64) {
        self.world.sandbox.running().pass(Duration::from_secs(seconds));
    }
}
