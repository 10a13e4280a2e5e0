//! Secrets that manifests refer to: fetched by the AWS identity of the run, once, and shown nowhere.

use amgctl::model::Secret;
use amgctl::sandbox::Version;
use serde_json::json;

use crate::support::{Managed, PLANTED, Ran, block_on};

/// A data source whose header is a key of the Secret `creds`.
const DATASOURCE: &str = "\
apiVersion: grafana.integreatly.org/v1beta1
kind: GrafanaDatasource
metadata: {name: amp, namespace: mon}
spec:
  instanceSelector: {}
  uid: amp
  valuesFrom:
    - targetPath: secureJsonData.httpHeaderValue1
      valueFrom:
        secretKeyRef: {name: creds, key: token}
  datasource:
    name: amp
    type: prometheus
    access: proxy
    url: http://amp.example
    jsonData: {httpHeaderName1: X-Token}
    secureJsonData: {httpHeaderValue1: 'Bearer ${token}'}
";

fn managed() -> Managed {
    let m = Managed::new(Version::V12_4);
    m.world.write("amp.yaml", DATASOURCE);
    m
}

/// Writes a store of AWS with these lines, and an ExternalSecret of it with these.
fn external(m: &Managed, store: &str, spec: &str) {
    let store = format!(
        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{name: aws}}\n\
         spec: {{provider: {{aws: {{region: us-east-1, {store}}}}}}}\n"
    );
    let external = format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: creds, namespace: mon}}\n\
         spec:\n  secretStoreRef: {{name: aws, kind: ClusterSecretStore}}\n{spec}\n"
    );
    m.world.write("external.yaml", &format!("{store}---\n{external}"));
}

const ONE: &str = "  data: [{secretKey: token, remoteRef: {key: prod/amp, property: auth.token}}]";

fn stores(m: &Managed, value: &str) {
    m.store("prod/amp", &json!({ "auth": { "token": value } }).to_string());
}

/// Applies, and plans again: nothing is left to do.
fn applies(m: &Managed) -> Ran {
    let ran = m.aws("apply stack -auto-approve --verbose");
    ran.exits(0).says("1 added");
    m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
    ran
}

#[test]
fn a_key_of_an_external_secret_is_fetched_once_and_seen_when_it_is_rotated() {
    let m = managed();
    stores(&m, &format!("{PLANTED}-1"));
    external(&m, "service: SecretsManager", ONE);
    let calls = m.calls(|| {
        m.aws("apply stack -auto-approve --verbose").exits(0).says("1 added");
    });
    assert_eq!((calls["GetSecretValue"], calls.get("AssumeRole")), (1, None));
    m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
    let value = Secret::new(json!({ "auth": { "token": format!("{PLANTED}-2") } }).to_string());
    block_on(m.client().put_secret("prod/amp", &value, &["AWSCURRENT"], &"9".repeat(32))).unwrap();
    let ran = m.aws("plan stack -detailed-exitcode --verbose");
    ran.exits(2).says("httpHeaderValue1").says("(sensitive value changed)").says("1 to change");
    m.aws("apply stack -auto-approve").exits(0).says("1 changed");
    m.aws("plan stack -detailed-exitcode").exits(0);
    for (path, value) in m.world.everything() {
        assert!(!value.to_string().contains(PLANTED), "{path} holds the value");
    }
}

#[test]
fn a_role_of_the_store_is_taken_on() {
    let m = managed();
    stores(&m, PLANTED);
    let role = "service: SecretsManager, additionalRoles: ['arn:aws:iam::123456789012:role/hop'], \
                role: 'arn:aws:iam::123456789012:role/reader', externalID: x";
    external(&m, role, ONE);
    let calls = m.calls(|| {
        m.aws("apply stack -auto-approve").exits(0).says("1 added");
    });
    assert_eq!((calls["AssumeRole"], calls["GetSecretValue"]), (2, 1));
    external(&m, "service: SecretsManager, role: 'arn:aws:iam::999999999999:role/other'", ONE);
    let ran = m.aws("plan stack");
    ran.exits(6).says("AWS does not allow `sts:AssumeRole` on `arn:aws:iam::999999999999:role/other`");
    ran.says("external.yaml:").says("amp.yaml:10:").says("Nothing was sent.");
}

#[test]
fn parameters_versions_tags_and_names_are_read() {
    let m = managed();
    crate::kept::put_parameter(&m, "/amg/token");
    external(&m, "service: ParameterStore", "  data: [{secretKey: token, remoteRef: {key: /amg/token}}]");
    applies(&m);
    external(
        &m,
        "service: ParameterStore",
        "  dataFrom: [{find: {path: /amg, name: {regexp: token}}, rewrite: [{regexp: {source: '.*/', target: ''}}]}]",
    );
    m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
    m.store("team/token", PLANTED);
    external(
        &m,
        "service: SecretsManager",
        "  dataFrom: [{find: {path: team, name: {regexp: token$}}, rewrite: [{regexp: {source: '.*/', target: ''}}]}]",
    );
    m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
    block_on(m.client().put_secret("team/token", &Secret::new("new".into()), &["AWSCURRENT"], &"9".repeat(32)))
        .unwrap();
    external(
        &m,
        "service: SecretsManager",
        "  data: [{secretKey: token, remoteRef: {key: team/token, version: AWSPREVIOUS}}]",
    );
    m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
    let id =
        format!("  data: [{{secretKey: token, remoteRef: {{key: team/token, version: uuid/{}}}}}]", "9".repeat(32));
    external(&m, "service: SecretsManager", &id);
    m.aws("plan stack -detailed-exitcode").exits(2).says("1 to change");
    block_on(m.client().tag_secret("team/token", &[("token".into(), PLANTED.into())])).unwrap();
    external(
        &m,
        "service: SecretsManager",
        "  data: [{secretKey: token, remoteRef: {key: team/token, metadataPolicy: Fetch, property: token}}]",
    );
    m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
}

#[test]
fn what_cannot_be_had_names_who_gives_it_and_who_refers_to_it() {
    let m = managed();
    external(&m, "service: SecretsManager", ONE);
    let ran = m.aws("apply stack -auto-approve");
    ran.exits(3)
        .says("there is no secret `prod/amp` in region us-east-1")
        .says("external.yaml:11:")
        .says("amp.yaml:10:");
    ran.says("Nothing was sent.");
    m.store("prod/amp", &json!({ "auth": { "password": PLANTED } }).to_string());
    m.aws("plan stack").exits(3).says("its JSON has no property `auth.token`").says("amp.yaml:10:");
    m.mark_for_deletion("prod/amp");
    m.aws("plan stack").exits(3).says("the secret `prod/amp` is marked for deletion");
    assert!(m.world.everything().is_empty());
    let denied = Managed::faulty(Version::V12_4, &["denied:GetSecretValue"]);
    denied.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    denied.world.write("amp.yaml", DATASOURCE);
    external(&denied, "service: SecretsManager", ONE);
    let ran = denied.aws("plan stack");
    ran.exits(6).says("AWS does not allow `secretsmanager:GetSecretValue`").says("external.yaml:11:");
    // Faults of the directory come first.
    denied.world.write("broken.json", "{\"panels\": [");
    denied.aws("plan stack").exits(3);
}

#[test]
fn a_given_value_wins_and_asks_nobody() {
    let m = managed();
    external(&m, "service: SecretsManager", ONE);
    let given = |arguments: &str| {
        let mut command = m.command(arguments);
        command.env("TOKEN", PLANTED);
        m.run(arguments, command)
    };
    let calls = m.calls(|| {
        given("apply stack -auto-approve --secret mon/creds.token=env:TOKEN").exits(0).says("1 added");
    });
    assert!(!calls.contains_key("GetSecretValue"));
    given("plan stack -detailed-exitcode --secret mon/creds.token=env:TOKEN").exits(0).says("No changes.");
    m.store("elsewhere", &json!({ "k": PLANTED }).to_string());
    given("plan stack -detailed-exitcode --secret mon/creds.token=sm:elsewhere#k").exits(0).says("No changes.");
    given("plan stack --secret mon/creds.token=env:NONE")
        .exits(3)
        .says("the environment variable `NONE` is not set");
    given("plan stack --secret mon/creds.token=planted-3f9c").exits(64).says("`mon/creds.token`");
    given("plan stack --secret mon/cred.token=env:TOKEN").says("nothing in the directory refers to what");
}

#[test]
fn what_a_run_for_another_data_source_needs_is_all_that_is_fetched() {
    let m = managed();
    stores(&m, PLANTED);
    external(&m, "service: SecretsManager", ONE);
    let other = DATASOURCE.replace("uid: amp", "uid: other").replace("name: amp", "name: other");
    m.world.write("other.yaml", &other.replace("name: creds, key: token", "name: plain, key: token"));
    m.world.write(
        "plain.yaml",
        &format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: plain, namespace: mon}}\nstringData: {{token: {PLANTED}}}\n"),
    );
    let fetched = |arguments: &str| {
        let calls = m.calls(|| {
            m.aws(arguments).exits(0);
        });
        calls.get("GetSecretValue").copied().unwrap_or_default()
    };
    assert_eq!(fetched("apply stack -auto-approve -target datasource.other"), 0);
    assert_eq!(fetched("plan stack -target datasource.amp"), 1);
    assert_eq!(fetched("plan stack"), 1);
    m.aws("apply stack -auto-approve").exits(0).says("1 added");
    m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
}

#[test]
fn validate_fetches_nothing_and_says_so_once() {
    let m = managed();
    external(&m, "service: SecretsManager", ONE);
    let calls = m.calls(|| {
        let ran = m.world.amgctl("validate stack");
        ran.exits(0).says("note: 1 value in AWS was not looked at");
    });
    assert!(calls.values().all(|count| *count == 0));
    m.world
        .amgctl("validate stack --secret mon/creds.token=file:/nowhere")
        .exits(3)
        .says("`/nowhere` cannot be read");
    m.world.amgctl("validate stack --secret amgctl/prod").exits(64);
    m.world.write("external.yaml", "");
    m.world
        .amgctl("validate stack")
        .exits(3)
        .says("the Secret `mon/creds` is not in the directory")
        .says("amp.yaml:10:");
}

#[test]
fn what_nothing_refers_to_is_not_fetched() {
    let m = managed();
    m.world.write("amp.yaml", &DATASOURCE.replace("name: creds, key: token", "name: plain, key: token"));
    m.world.write("plain.yaml", &format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: plain, namespace: mon}}\nstringData: {{token: {PLANTED}}}\n"
    ));
    external(&m, "service: SecretsManager", ONE);
    let calls = m.calls(|| drop(applies(&m)));
    assert!(!calls.contains_key("GetSecretValue"));
}

#[test]
fn the_service_account_of_a_store_is_not_used_and_a_note_says_so() {
    let m = managed();
    stores(&m, PLANTED);
    external(&m, "service: SecretsManager, auth: {jwt: {serviceAccountRef: {name: sa}}}", ONE);
    applies(&m).says("note: the service account of the ClusterSecretStore `aws` (`auth.jwt`) is not used");
}

#[test]
fn the_policy_of_a_directory_names_what_its_manifests_need() {
    let m = managed();
    external(&m, "service: SecretsManager, role: 'arn:aws:iam::123456789012:role/reader'", ONE);
    let workspace = "arn:aws:grafana:us-east-1:123456789012:/workspaces/g-0123456789";
    let policy = || m.world.amgctl(&format!("identity policy --workspace {workspace} --directory stack"));
    policy().exits(0).says("sts:AssumeRole").says("arn:aws:iam::123456789012:role/reader").lacks("prod/amp");
    external(&m, "service: SecretsManager", ONE);
    policy().exits(0).says("secret:prod/amp-??????").lacks("sts:AssumeRole");
    external(&m, "service: SecretsManager", "  data: [{secretKey: token, remoteRef: {key: '*'}}]");
    policy().exits(64).says("`*` in the directory is not the name of one thing");
}
