//! The services asked without a network: what they answer to an action and its members.
//!
//! That signed requests get here, and what clients make of the answers, is what `tests/boto.py` and `tests/it` show.

use std::time::Duration;

use serde_json::{Value, json};

use super::answers::Outcome;
use super::serve::Call;
use super::service::Service;
use super::*;
use crate::request::Request;

/// An embedded AWS without workspaces, which is forgotten.
pub(super) fn cloud() -> Cloud {
    kept_in(None)
}

fn kept_in(file: Option<PathBuf>) -> Cloud {
    Cloud {
        workspaces: Vec::new(),
        clock: Clock::default(),
        faults: Faults::default(),
        log: None,
        calls: Mutex::default(),
        kept: Mutex::new(store::Kept::open(file).unwrap()),
    }
}

/// What the key that it begins with gets for an action.
pub(super) fn ask(cloud: &Cloud, service: Service, action: &str, body: Value) -> Outcome {
    let request = Request::at("POST", "/", "");
    let key = Some(lock(&cloud.kept).data.key.clone());
    let call = Call { cloud, service, action: action.to_owned(), key, request: &request, body };
    match service {
        Service::Grafana => grafana::call(&call, false),
        Service::Secrets => secrets::call(&call),
        Service::Parameters => parameters::call(&call),
        Service::Sts => sts::call(&call),
    }
}

/// The name of the exception that an action ends in.
pub(super) fn refusal(outcome: Outcome) -> &'static str {
    outcome.unwrap_err().code
}

#[test]
fn every_action_that_a_fault_can_name_is_answered() {
    for service in Service::ALL {
        for action in service.actions() {
            let code = ask(&cloud(), service, action, json!({})).err().map(|e| e.code);
            assert_ne!(code, Some("NotImplemented"), "{action}");
        }
    }
    assert_eq!(refusal(ask(&cloud(), Service::Secrets, "RotateSecret", json!({}))), "NotImplemented");
}

#[test]
fn what_it_keeps_is_there_the_next_time() {
    let directory = tempfile::tempdir().unwrap();
    let file = || Some(directory.path().join("aws.json"));
    let key = {
        let cloud = kept_in(file());
        ask(&cloud, Service::Secrets, "CreateSecret", json!({ "Name": "a", "SecretString": "v" })).unwrap();
        let parameter = json!({ "Name": "/p", "Value": "v", "Type": "String" });
        ask(&cloud, Service::Parameters, "PutParameter", parameter).unwrap();
        lock(&cloud.kept).data.key.id.clone()
    };
    let cloud = kept_in(file());
    assert_eq!(lock(&cloud.kept).data.key.id, key);
    assert_eq!(
        ask(&cloud, Service::Secrets, "GetSecretValue", json!({ "SecretId": "a" })).unwrap()["SecretString"],
        "v"
    );
    let parameter = ask(&cloud, Service::Parameters, "GetParameter", json!({ "Name": "/p" })).unwrap();
    assert_eq!(parameter["Parameter"]["Value"], "v");
}

#[test]
fn a_data_file_that_is_none_is_told_by_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("aws.json");
    std::fs::write(&file, "{").unwrap();
    let error = store::Kept::open(Some(file)).unwrap_err().to_string();
    assert!(error.contains("aws.json` is not a data file of the embedded AWS"), "{error}");
}

#[test]
fn a_secret_goes_when_its_time_has_come() {
    let cloud = cloud();
    ask(&cloud, Service::Secrets, "CreateSecret", json!({ "Name": "a", "SecretString": "v" })).unwrap();
    ask(&cloud, Service::Secrets, "DeleteSecret", json!({ "SecretId": "a", "RecoveryWindowInDays": 7 })).unwrap();
    let described = || ask(&cloud, Service::Secrets, "DescribeSecret", json!({ "SecretId": "a" }));
    cloud.clock.pass(Duration::from_secs(7 * 86_400 - 60));
    assert!(described().unwrap()["DeletedDate"].is_number());
    cloud.clock.pass(Duration::from_secs(120));
    assert_eq!(refusal(described()), "ResourceNotFoundException");
}

/// An embedded AWS with secrets of these names, each with itself as its value.
fn with_secrets(names: &[&str]) -> Cloud {
    let cloud = cloud();
    for name in names {
        let body = json!({ "Name": name, "SecretString": name, "Description": "Of The Team" });
        ask(&cloud, Service::Secrets, "CreateSecret", body).unwrap();
    }
    cloud
}

fn names(body: &Value, list: &str) -> Vec<String> {
    let items = body[list].as_array().unwrap().iter();
    items.map(|item| item["Name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn secrets_are_chosen_by_beginnings_and_by_what_does_not_begin_so() {
    let cloud = with_secrets(&["prod/a", "prod/b", "test/a"]);
    let chosen = |filters: Value| {
        let listed = ask(&cloud, Service::Secrets, "ListSecrets", json!({ "Filters": filters.clone() })).unwrap();
        let read = ask(&cloud, Service::Secrets, "BatchGetSecretValue", json!({ "Filters": filters })).unwrap();
        assert_eq!(names(&listed, "SecretList"), names(&read, "SecretValues"));
        names(&listed, "SecretList")
    };
    assert_eq!(chosen(json!([{ "Key": "name", "Values": ["prod/"] }])), ["prod/a", "prod/b"]);
    assert_eq!(chosen(json!([{ "Key": "name", "Values": ["!prod/"] }])), ["test/a"]);
    assert_eq!(chosen(json!([{ "Key": "name", "Values": ["PROD/"] }])), [""; 0]);
    assert_eq!(chosen(json!([{ "Key": "description", "Values": ["of the"] }])).len(), 3);
    let both = json!([{ "Key": "all", "Values": ["prod"] }, { "Key": "name", "Values": ["prod/b", "test"] }]);
    assert_eq!(chosen(both), ["prod/b"]);
    let wrong = json!({ "Filters": [{ "Key": "colour", "Values": ["red"] }] });
    assert_eq!(refusal(ask(&cloud, Service::Secrets, "ListSecrets", wrong)), "InvalidParameterException");
}

#[test]
fn a_batch_by_filters_goes_on_after_twenty() {
    let all: Vec<String> = (0..25).map(|n| format!("s{n:02}")).collect();
    let cloud = with_secrets(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let mut body = json!({ "Filters": [{ "Key": "name", "Values": ["s"] }] });
    let first = ask(&cloud, Service::Secrets, "BatchGetSecretValue", body.clone()).unwrap();
    body["NextToken"] = first["NextToken"].clone();
    let second = ask(&cloud, Service::Secrets, "BatchGetSecretValue", body.clone()).unwrap();
    assert_eq!((names(&first, "SecretValues").len(), names(&second, "SecretValues").len()), (20, 5));
    assert!(second.get("NextToken").is_none());
    body["NextToken"] = "x".into();
    let refused = refusal(ask(&cloud, Service::Secrets, "BatchGetSecretValue", body));
    assert_eq!(refused, "InvalidNextTokenException");
}

#[test]
fn deleting_at_once_can_be_repeated_and_takes_what_is_marked() {
    let cloud = with_secrets(&["a"]);
    ask(&cloud, Service::Secrets, "DeleteSecret", json!({ "SecretId": "a" })).unwrap();
    let again = ask(&cloud, Service::Secrets, "DeleteSecret", json!({ "SecretId": "a" }));
    assert_eq!(refusal(again), "InvalidRequestException");
    let at_once = json!({ "SecretId": "a", "ForceDeleteWithoutRecovery": true });
    for _ in 0..2 {
        let gone = ask(&cloud, Service::Secrets, "DeleteSecret", at_once.clone()).unwrap();
        assert_eq!(gone["Name"], "a");
    }
    ask(&cloud, Service::Secrets, "CreateSecret", json!({ "Name": "a", "SecretString": "v" })).unwrap();
}

#[test]
fn a_whole_arn_means_one_secret_though_another_is_named_like_its_ending() {
    let cloud = with_secrets(&["a"]);
    let described =
        |id: &Value| ask(&cloud, Service::Secrets, "DescribeSecret", json!({ "SecretId": id })).unwrap();
    let arn = described(&"a".into())["ARN"].clone();
    let longer = arn.as_str().unwrap().rsplit_once(':').unwrap().1;
    ask(&cloud, Service::Secrets, "CreateSecret", json!({ "Name": longer, "SecretString": "v" })).unwrap();
    assert_eq!(described(&arn)["Name"], "a");
    assert_eq!(described(&longer.into())["Name"], longer);
}

#[test]
fn a_value_has_65536_bytes_at_most_however_it_is_sent() {
    let cloud = cloud();
    let create = |name: &str, member: &str, value: String| {
        let mut body = json!({ "Name": name });
        body[member] = value.into();
        ask(&cloud, Service::Secrets, "CreateSecret", body)
    };
    assert_eq!(create("a", "SecretString", "x".repeat(65_536)).err().map(|e| e.code), None);
    assert_eq!(refusal(create("b", "SecretString", "x".repeat(65_537))), "InvalidParameterException");
    // Four letters of base 64 are three bytes.
    assert_eq!(create("c", "SecretBinary", "AAAA".repeat(21_845)).err().map(|e| e.code), None);
    assert_eq!(refusal(create("d", "SecretBinary", "AAAA".repeat(21_846))), "InvalidParameterException");
}

#[test]
fn a_label_that_a_version_has_not_is_told_apart_from_a_version_that_is_not_there() {
    let cloud = cloud();
    let one = "1".repeat(32);
    let body = json!({ "Name": "a", "SecretString": "v", "ClientRequestToken": one });
    ask(&cloud, Service::Secrets, "CreateSecret", body).unwrap();
    let get = |version: &str, stage: &str| {
        let body = json!({ "SecretId": "a", "VersionId": version, "VersionStage": stage });
        ask(&cloud, Service::Secrets, "GetSecretValue", body).map(|_| ()).map_err(|e| e.code)
    };
    assert_eq!(get(&one, "AWSCURRENT"), Ok(()));
    assert_eq!(get(&one, "AWSPENDING"), Err("InvalidRequestException"));
    assert_eq!(get(&"2".repeat(32), ""), Err("ResourceNotFoundException"));
    assert_eq!(get("", "AWSPENDING"), Err("ResourceNotFoundException"));
}

/// What a put of a parameter gives.
fn put(cloud: &Cloud, name: &str, value: &str, besides: Value) -> Outcome {
    let mut body = json!({ "Name": name, "Value": value, "Type": "String", "Overwrite": true });
    for (member, value) in besides.as_object().into_iter().flatten() {
        body[member] = value.clone();
    }
    ask(cloud, Service::Parameters, "PutParameter", body)
}

/// The value of a parameter, or the name of the exception.
fn value(cloud: &Cloud, name: &str) -> String {
    match ask(cloud, Service::Parameters, "GetParameter", json!({ "Name": name })) {
        Ok(body) => body["Parameter"]["Value"].as_str().unwrap().to_owned(),
        Err(e) => e.code.to_owned(),
    }
}

#[test]
fn a_parameter_is_found_by_name_arn_version_and_label() {
    let cloud = cloud();
    put(&cloud, "/a/b", "one", json!({})).unwrap();
    put(&cloud, "/a/b", "two", json!({})).unwrap();
    put(&cloud, "plain", "bare", json!({})).unwrap();
    let body = json!({ "Name": "/a/b", "ParameterVersion": 1, "Labels": ["stable", "1st", "aws-x"] });
    let labelled = ask(&cloud, Service::Parameters, "LabelParameterVersion", body).unwrap();
    assert_eq!(labelled["InvalidLabels"], json!(["1st", "aws-x"]));
    for (name, held) in [
        ("/a/b", "two"),
        ("/a/b:1", "one"),
        ("/a/b:stable", "one"),
        ("arn:aws:ssm:us-east-1:123456789012:parameter/a/b:2", "two"),
        ("arn:aws:ssm:us-east-1:123456789012:parameter/plain", "bare"),
        ("/plain", "ParameterNotFound"),
        ("/a/b:3", "ParameterVersionNotFound"),
        ("/a/b:0", "ParameterVersionNotFound"),
        ("/a/b:other", "ParameterVersionNotFound"),
    ] {
        assert_eq!(value(&cloud, name), held, "{name}");
    }
}

#[test]
fn the_oldest_of_a_hundred_versions_goes_unless_it_has_a_label() {
    let cloud = cloud();
    for n in 1..=101 {
        put(&cloud, "/p", &n.to_string(), json!({})).unwrap();
    }
    assert_eq!([value(&cloud, "/p:1"), value(&cloud, "/p:2")], ["ParameterVersionNotFound", "2"]);
    let body = json!({ "Name": "/p", "ParameterVersion": 2, "Labels": ["kept"] });
    ask(&cloud, Service::Parameters, "LabelParameterVersion", body).unwrap();
    assert_eq!(refusal(put(&cloud, "/p", "102", json!({}))), "ParameterMaxVersionLimitExceeded");
    assert_eq!(value(&cloud, "/p"), "101");
}

#[test]
fn a_parameter_that_cannot_be_is_refused() {
    let cloud = cloud();
    let code = |name: &str, value: &str, besides| put(&cloud, name, value, besides).err().map(|e| e.code);
    assert_eq!(code("/a", &"x".repeat(4_096), json!({})), None);
    assert_eq!(code("/a", &"x".repeat(4_097), json!({})), Some("ValidationException"));
    assert_eq!(code("/a", &"x".repeat(4_097), json!({ "Tier": "Advanced" })), None);
    assert_eq!(code("/a", "x", json!({ "Tier": "Standard" })), Some("ValidationException"));
    assert_eq!(code("/a", "x", json!({ "Overwrite": false })), Some("ParameterAlreadyExists"));
    assert_eq!(code("a/b", "x", json!({})), Some("ValidationException"));
    assert_eq!(code("/aws/b", "x", json!({})), Some("ValidationException"));
    assert_eq!(code("/b", "x", json!({ "Type": "" })), Some("ValidationException"));
    assert_eq!(code(&"/x".repeat(15), "x", json!({})), None);
    assert_eq!(code(&"/x".repeat(16), "x", json!({})), Some("HierarchyLevelLimitExceededException"));
}

#[test]
fn parameters_are_listed_by_path_and_filter_a_page_at_a_time() {
    let cloud = cloud();
    for n in 0..12 {
        put(&cloud, &format!("/a/p{n:02}"), "x", json!({})).unwrap();
    }
    put(&cloud, "/a/deep/er", "x", json!({ "Type": "SecureString" })).unwrap();
    let by_path = |besides: Value| {
        let mut body = json!({ "Path": "/a" });
        for (member, value) in besides.as_object().into_iter().flatten() {
            body[member] = value.clone();
        }
        ask(&cloud, Service::Parameters, "GetParametersByPath", body)
    };
    let first = by_path(json!({})).unwrap();
    let second = by_path(json!({ "NextToken": first["NextToken"] })).unwrap();
    assert_eq!(
        (names(&first, "Parameters").len(), names(&second, "Parameters")),
        (10, vec!["/a/p10".into(), "/a/p11".into()])
    );
    let secure = json!({ "Recursive": true, "ParameterFilters": [{ "Key": "Type", "Values": ["SecureString"] }] });
    assert_eq!(names(&by_path(secure).unwrap(), "Parameters"), ["/a/deep/er"]);
    assert_eq!(refusal(by_path(json!({ "NextToken": "x" }))), "InvalidNextToken");
    assert_eq!(refusal(by_path(json!({ "ParameterFilters": [{ "Key": "Name" }] }))), "InvalidFilterKey");
    let described = json!({ "ParameterFilters": [{ "Key": "Name", "Option": "BeginsWith", "Values": ["/a/p0"] }] });
    let described = ask(&cloud, Service::Parameters, "DescribeParameters", described).unwrap();
    assert_eq!(names(&described, "Parameters").len(), 10);
    assert!(described["Parameters"][0].get("Value").is_none());
}

#[test]
fn the_documentation_names_every_action_and_every_workspace() {
    let told = include_str!("../../../../docs/sandbox.md");
    for service in Service::ALL {
        for action in service.actions() {
            assert!(told.contains(&format!("`{action}`")), "{action} is not in docs/sandbox.md");
        }
    }
    for version in Version::all() {
        let (id, name, played) = super::name(version, crate::rules::Rules::of(version).grafana);
        let line = told.lines().find(|line| line.starts_with(&format!("| `{id}` | `{name}` | ")));
        let shown = line.unwrap_or_else(|| panic!("{id} {name} is not in docs/sandbox.md"));
        assert!(shown.contains(played.split('.').next().unwrap()), "{shown}");
    }
}

#[test]
fn a_role_is_assumed_for_as_long_as_was_asked() {
    let cloud = cloud();
    let role = format!("arn:aws:iam::{ACCOUNT}:role/ci");
    let body = json!({ "RoleArn": role, "RoleSessionName": "run", "DurationSeconds": "900" });
    let assumed = ask(&cloud, Service::Sts, "AssumeRole", body).unwrap();
    let text = |name: &str| assumed["Credentials"][name].as_str().unwrap().to_owned();
    let (id, token) = (text("AccessKeyId"), text("SessionToken"));
    let asks = |service| signature::known(&cloud, service, &id, &token).map(|key| key.arn).map_err(|e| e.code);
    assert_eq!(asks(Service::Grafana), Ok("arn:aws:sts::123456789012:assumed-role/ci/run".to_owned()));
    cloud.clock.pass(Duration::from_secs(900));
    assert_eq!(asks(Service::Grafana), Err("ExpiredTokenException"));
    assert_eq!(asks(Service::Sts), Err("ExpiredToken"));
    let foreign = json!({ "RoleArn": "arn:aws:iam::999999999999:role/ci", "RoleSessionName": "run" });
    assert_eq!(refusal(ask(&cloud, Service::Sts, "AssumeRole", foreign)), "AccessDenied");
}
