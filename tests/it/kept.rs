//! Secrets of data sources that AWS keeps: fetched once a run, told apart by their fingerprints.

use amgctl::model::Secret;
use amgctl::sandbox::Version;
use serde_json::json;

use crate::support::{Managed, PLANTED, block_on, dashboard, prometheus};

fn managed() -> Managed {
    Managed::new(Version::V12_4)
}

fn datasource(m: &Managed, uid: &str, reference: &str) {
    let mut datasource = prometheus(uid, uid);
    datasource["secureJsonData"] = json!({ "httpHeaderValue1": reference });
    m.world.json(&format!("{uid}.json"), &datasource);
}

#[test]
fn a_secret_is_fetched_sent_and_seen_when_it_is_rotated() {
    let m = managed();
    m.store("amp", &json!({ "header": format!("{PLANTED}-1") }).to_string());
    datasource(&m, "amp", "$__secretsmanager{amp:header}");
    let calls = m.calls(|| {
        m.aws("apply stack -auto-approve").exits(0).says("1 added");
    });
    assert_eq!(calls["GetSecretValue"], 1);
    m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
    let value = Secret::new(json!({ "header": format!("{PLANTED}-2") }).to_string());
    block_on(m.client().put_secret("amp", &value, &["AWSCURRENT"], &"9".repeat(32))).unwrap();
    let ran = m.aws("plan stack -detailed-exitcode");
    ran.exits(2).says("httpHeaderValue1").says("(sensitive value changed)").says("1 to change");
    m.aws("apply stack -auto-approve").exits(0).says("1 changed");
    m.aws("plan stack -detailed-exitcode").exits(0);
}

#[test]
fn many_are_fetched_in_batches_and_each_once() {
    let m = managed();
    for n in 0..25 {
        m.store(&format!("{}s{n}", "x".repeat(n)), &format!("{PLANTED}-{n}"));
        datasource(&m, &format!("ds{n}"), &format!("$__secretsmanager{{{}s{n}}}", "x".repeat(n)));
        datasource(&m, &format!("again{n}"), &format!("$__secretsmanager{{{}s{n}}}", "x".repeat(n)));
    }
    let calls = m.calls(|| {
        m.aws("apply stack -auto-approve").exits(0).says("50 added");
    });
    assert_eq!((calls.get("BatchGetSecretValue"), calls.get("GetSecretValue")), (Some(&2), None));
    let denied = Managed::faulty(Version::V12_4, &["denied:BatchGetSecretValue"]);
    denied.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    for name in ["a", "bb"] {
        denied.store(name, PLANTED);
        datasource(&denied, name, &format!("$__secretsmanager{{{name}}}"));
    }
    let calls = denied.calls(|| {
        denied.aws("apply stack -auto-approve").exits(0).says("2 added");
    });
    assert_eq!(calls["GetSecretValue"], 2, "where a batch is not allowed they are read one by one");
}

#[test]
fn versions_arns_and_parameters_are_read() {
    let m = managed();
    m.store("amp", &format!("{PLANTED}-old"));
    block_on(m.client().put_secret("amp", &Secret::new(PLANTED.into()), &["AWSCURRENT"], &"9".repeat(32))).unwrap();
    let arn = block_on(m.client().describe_secret("amp")).unwrap().unwrap().arn;
    put_parameter(&m, "/amg/db/password");
    datasource(&m, "current", "$__secretsmanager{amp}");
    datasource(&m, "previous", "$__secretsmanager{amp::AWSPREVIOUS}");
    datasource(&m, "by-arn", &format!("$__secretsmanager{{{arn}:::}}"));
    datasource(&m, "parameter", "$__ssm{/amg/db/password}");
    m.aws("apply stack -auto-approve").exits(0).says("4 added");
    m.aws("plan stack -detailed-exitcode").exits(0);
}

#[test]
fn a_secret_in_its_deletion_window_is_told_with_how_to_restore_it() {
    let m = managed();
    for name in ["amp", "other"] {
        m.store(name, PLANTED);
    }
    datasource(&m, "amp", "$__secretsmanager{amp}");
    datasource(&m, "other", "$__secretsmanager{other}");
    m.mark_for_deletion("amp");
    let ran = m.aws("apply stack -auto-approve");
    ran.exits(3).says("amp.json:").says("the secret `amp` is marked for deletion").says("Nothing was written.");
    ran.says("`aws secretsmanager restore-secret --secret-id amp`").lacks("other.json:");
    let ran = m.aws("plan stack --secret amp");
    ran.exits(6).says("the secret `amp` is marked for deletion").says("restore-secret --secret-id amp`");
}

pub fn put_parameter(m: &Managed, name: &str) {
    use amgctl::aws::action::{Action, Client};
    let cloud = m.cloud();
    let key =
        aws_credential_types::Credentials::new(&cloud.access_key_id, &cloud.secret_access_key, None, None, "test");
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .http_client(amgctl::aws::https_client())
        .endpoint_url(&cloud.url)
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(key))
        .build();
    let put = Action { service: "SSM", host: "ssm", target: "AmazonSSM.PutParameter", name: "PutParameter" };
    let input = json!({ "Name": name, "Value": PLANTED, "Type": "SecureString" });
    block_on(Client::new(put, config).send(cloud.region, input)).unwrap();
}

#[test]
fn what_cannot_be_had_is_told_with_its_place_and_nothing_is_written() {
    let m = managed();
    m.store("amp", &json!({ "header": PLANTED }).to_string());
    datasource(&m, "missing", "$__secretsmanager{nope:header}");
    datasource(&m, "no-key", "$__secretsmanager{amp:password}");
    datasource(&m, "no-parameter", "$__ssm{/nope}");
    let ran = m.aws("apply stack -auto-approve");
    ran.exits(3).says("there is no secret `nope` in region us-east-1").says("missing.json:");
    ran.says("there is no such key").says("the secret's JSON has the keys `header`").says("no-key.json:");
    ran.says("there is no parameter `/nope`").says("no-parameter.json:").says("Nothing was written.");
    assert!(m.world.everything().is_empty());
    assert_eq!(m.tokens().len(), 0);
    let denied = Managed::faulty(Version::V12_4, &["denied:GetSecretValue"]);
    denied.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    datasource(&denied, "amp", "$__secretsmanager{amp:header}");
    let ran = denied.aws("plan stack");
    ran.exits(6).says("AWS does not allow `secretsmanager:GetSecretValue`").says("amp.json:");
    ran.says(r#""Resource":"arn:aws:secretsmanager:us-east-1:123456789012:secret:amp-??????""#);
    // What the directory names and is not there comes first, as in the table of the exit codes.
    datasource(&denied, "parameter", "$__ssm{/nope}");
    denied.aws("plan stack").exits(3).says("amp.json:").says("parameter.json:");
}

#[test]
fn a_batch_that_is_refused_as_a_whole_names_files_and_secrets() {
    for (fault, exit, words) in [
        ("throttle:BatchGetSecretValue", 1, "AWS is throttling: secretsmanager:BatchGetSecretValue: Rate exceeded"),
        ("500:BatchGetSecretValue", 1, "the answer of AWS was lost: secretsmanager:BatchGetSecretValue"),
        ("throttle:GetParameters", 1, "AWS is throttling: ssm:GetParameters"),
        ("expired:BatchGetSecretValue", 6, "the AWS credentials expired"),
    ] {
        let m = Managed::faulty(Version::V12_4, &[fault]);
        m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
        for n in ["one", "two"] {
            let name = if fault.ends_with("GetParameters") {
                format!("$__ssm{{/{n}}}")
            } else {
                format!("$__secretsmanager{{{n}}}")
            };
            datasource(&m, n, &name);
        }
        let ran = m.aws("apply stack -auto-approve");
        ran.exits(exit).says("2 secrets could not be read:").says(words);
        ran.says("one.json:").says("two.json:").says("Nothing was written.");
        let slash = if fault.ends_with("GetParameters") { "the parameter `/" } else { "the secret `" };
        ran.says(&format!("{slash}one`")).says(&format!("{slash}two`"));
        assert!(m.world.everything().is_empty());
    }
}

#[test]
fn a_number_in_a_secret_is_sent_as_it_is_written() {
    let m = managed();
    m.store("amp", r#"{ "version": 1.10, "account": 12345678901234567890123 }"#);
    datasource(&m, "version", "$__secretsmanager{amp:version}");
    datasource(&m, "account", "$__secretsmanager{amp:account}");
    m.aws("apply stack -auto-approve").exits(0).says("2 added");
    let value = |n: &str| Secret::new(format!(r#"{{ "version": "{n}", "account": "12345678901234567890123" }}"#));
    let put = |value: &Secret, n: &str| {
        block_on(m.client().put_secret("amp", value, &["AWSCURRENT"], &n.repeat(32))).unwrap();
    };
    put(&value("1.10"), "8");
    m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
    put(&value("1.1"), "9");
    m.aws("plan stack -detailed-exitcode").exits(2).says("1 to change");
}

#[test]
fn only_what_is_planned_is_fetched() {
    let m = managed();
    m.store("amp", PLANTED);
    datasource(&m, "amp", "$__secretsmanager{amp}");
    datasource(&m, "other", "$__secretsmanager{nope}");
    let mut one = dashboard("one", "One");
    one["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "amp" });
    m.world.json("one.json", &one);
    m.world.json("two.json", &dashboard("two", "Two"));
    let calls = m.calls(|| {
        m.aws("plan stack --target dashboard.two").exits(0).says("1 to add");
    });
    assert!(!calls.contains_key("GetSecretValue"));
    m.aws("apply stack -auto-approve --target dashboard.one").exits(0).says("2 added");
    m.aws("plan stack").exits(3).says("`nope`");
    let ran = m.world.amgctl("validate stack");
    ran.exits(0);
}

#[test]
fn the_sandbox_keeps_secrets_of_its_own() {
    let w = crate::support::World::new(Version::V12_4);
    w.json("amp.json", &{
        let mut datasource = prometheus("amp", "amp");
        datasource["secureJsonData"] = json!({ "httpHeaderValue1": "$__secretsmanager{amgctl/demo:token}" });
        datasource
    });
    let run = |arguments: &str| {
        let mut command = w.command(arguments);
        command.env_remove("AMGCTL_URL").env_remove("GRAFANA_TOKEN");
        w.run(arguments, command)
    };
    run("plan stack --sandbox").exits(3).says("there is no secret `amgctl/demo`");
    run("bootstrap-identity stack --sandbox --secret amgctl/demo -auto-approve").exits(0);
    run("apply stack --sandbox -auto-approve").exits(0).says("1 added");
    run("plan stack --sandbox -detailed-exitcode").exits(0);
}
