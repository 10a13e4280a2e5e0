//! The services asked without a network: what they answer to an action and its members.
//!
//! That signed requests get here, and what clients make of the answers, is what `tests/boto.py` and `tests/it` show.

use std::time::Duration;

use serde_json::{Value, json};

use super::answers::Outcome;
use super::serve::Call;
use super::service::Service;
use super::*;
use crate::sandbox::request::Request;

/// An embedded AWS without workspaces, which is forgotten.
pub fn cloud() -> Cloud {
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
pub fn ask(cloud: &Cloud, service: Service, action: &str, body: Value) -> Outcome {
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
pub fn refusal(outcome: Outcome) -> &'static str {
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
