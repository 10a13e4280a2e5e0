//! The module against answers written out by hand, on loopback: what is told of each, what is sent again, what is not.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Aws, AwsError, Embedded, Options, Role, ToStore};
use crate::model::Secret;

const WORKSPACE: &str = "g-0123456789";

/// What becomes of one request.
#[derive(Clone)]
enum Answer {
    Of(u16, &'static str, Value),
    /// The connection is closed in good order, without an answer.
    Closed,
    /// The connection is torn down, as a gateway that restarts does.
    Reset,
}

/// Something on loopback that gives its answers one after the other.
struct Scripted {
    aws: Aws,
    /// What was asked: the action of the two services that name it in a header, else method and path.
    asked: Arc<Mutex<Vec<String>>>,
    /// The regions that the requests were signed for.
    regions: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    async fn new(answers: &[Answer]) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let rest = Arc::new(Mutex::new(answers.iter().rev().cloned().collect::<Vec<_>>()));
        let regions: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = (asked.clone(), regions.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, heard.clone(), rest.clone()));
            }
        });
        Scripted { aws: open(url).await, asked, regions }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn open(url: String) -> Aws {
    open_with(url, super::Patience::default()).await
}

async fn open_with(url: String, patience: super::Patience) -> Aws {
    let embedded = Embedded {
        url,
        region: "eu-west-1".into(),
        access_key_id: "AKIAEXAMPLE".into(),
        secret_access_key: Secret::new("secret".into()),
    };
    Aws::open(Options { embedded: Some(embedded), patience, ..Options::default() }).await.unwrap()
}

type Heard = (Arc<Mutex<Vec<String>>>, Arc<Mutex<Vec<String>>>);

async fn serve(mut stream: TcpStream, heard: Heard, rest: Arc<Mutex<Vec<Answer>>>) {
    while let Some((asked, region)) = read(&mut stream).await {
        heard.0.lock().unwrap().push(asked);
        heard.1.lock().unwrap().push(region);
        let answer = rest.lock().unwrap().pop();
        match answer {
            Some(Answer::Of(status, code, body)) => {
                let body = body.to_string();
                let code = if code.is_empty() { String::new() } else { format!("x-amzn-errortype: {code}\r\n") };
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 0\r\n\
                     date: Thu, 01 Jan 1970 00:01:00 GMT\r\n{code}\r\n",
                    body.len()
                );
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
            Some(Answer::Reset) => return stream.set_zero_linger().unwrap(),
            Some(Answer::Closed) | None => return,
        }
    }
}

/// One request: what it asks for, and the region that it was signed for.
async fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")))?;
        Some(line[name.len() + 2..].to_owned())
    };
    let length: usize = header("content-length").map_or(0, |text| text.parse().unwrap());
    while bytes.len() < end + 4 + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    let line = head.lines().next().unwrap();
    let action = header("x-amz-target").and_then(|target| target.split_once('.').map(|(_, a)| a.to_owned()));
    // Credential=KEY/DAY/REGION/SERVICE/aws4_request
    let region = header("authorization").unwrap().split('/').nth(2).unwrap().to_owned();
    Some((action.unwrap_or_else(|| line.rsplit_once(' ').unwrap().0.to_owned()), region))
}

fn made() -> Answer {
    let token = json!({ "id": "7", "name": "n", "key": "glsa_key" });
    Answer::Of(200, "", json!({ "serviceAccountToken": token, "serviceAccountId": "3", "workspaceId": WORKSPACE }))
}

fn refused(status: u16, code: &'static str) -> Answer {
    Answer::Of(status, code, json!({ "message": "told" }))
}

async fn token(scripted: &Scripted) -> Result<super::Minted, AwsError> {
    scripted.aws.create_token(WORKSPACE, "3", "n", 900).await
}

fn described() -> Answer {
    let workspace = json!({
        "id": WORKSPACE, "endpoint": "e", "grafanaVersion": "12.4", "status": "ACTIVE", "created": 1, "modified": 1,
        "dataSources": [], "authentication": { "providers": ["AWS_SSO"] },
    });
    Answer::Of(200, "", json!({ "workspace": workspace }))
}

#[tokio::test]
async fn a_token_is_asked_for_once_however_its_answer_is_lost() {
    for answer in [Answer::Closed, Answer::Reset, refused(500, "InternalServerException"), refused(503, "")] {
        let scripted = Scripted::new(&[answer, made()]).await;
        let error = token(&scripted).await.unwrap_err();
        assert!(matches!(error, AwsError::Lost(_)), "{error:?}");
        assert_eq!(scripted.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_token_is_asked_for_again_when_it_was_surely_not_made() {
    let scripted = Scripted::new(&[refused(429, "ThrottlingException"), made()]).await;
    let minted = token(&scripted).await.unwrap();
    assert_eq!((&*minted.id, minted.key.expose()), ("7", "glsa_key"));
    assert_eq!(scripted.asked(), ["POST /workspaces/g-0123456789/serviceaccounts/3/tokens"; 2]);
    assert_eq!(scripted.aws.calls(), 2);
    assert_eq!(scripted.aws.time(), Some(60));
}

#[tokio::test]
async fn throttling_that_goes_on_is_told() {
    let scripted = Scripted::new(&vec![refused(429, "ThrottlingException"); 9]).await;
    assert!(matches!(token(&scripted).await.unwrap_err(), AwsError::Throttled(_)));
    assert_eq!(scripted.asked().len(), super::ATTEMPTS);
}

#[tokio::test]
async fn a_quota_is_told_at_once() {
    let scripted = Scripted::new(&[refused(402, "ServiceQuotaExceededException"), made()]).await;
    assert!(matches!(token(&scripted).await.unwrap_err(), AwsError::Quota(_)));
    assert_eq!(scripted.asked().len(), 1);
}

#[tokio::test]
async fn a_read_is_repeated_after_a_lost_answer() {
    for answer in [Answer::Closed, Answer::Reset, refused(500, "InternalServerException")] {
        let scripted = Scripted::new(&[answer, described()]).await;
        assert_eq!(scripted.aws.workspace(WORKSPACE).await.unwrap().grafana_version, "12.4");
        assert_eq!(scripted.asked().len(), 2);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_reached() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let aws = open(format!("http://{gone}")).await;
    let error = aws.create_token(WORKSPACE, "3", "n", 900).await.unwrap_err();
    assert!(matches!(&error, AwsError::NotReached { region, .. } if region == "eu-west-1"), "{error:?}");
}

#[tokio::test]
async fn a_region_without_managed_grafana_is_told_as_that() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let embedded = Embedded {
        url: format!("http://{gone}"),
        region: "eu-north-1".into(),
        access_key_id: "AKIAEXAMPLE".into(),
        secret_access_key: Secret::new("secret".into()),
    };
    let aws = Aws::open(Options { embedded: Some(embedded), ..Options::default() }).await.unwrap();
    let error = aws.workspaces().await.unwrap_err();
    assert_eq!(error, AwsError::WrongRegion("eu-north-1".into()));
    assert!(error.hint().unwrap().contains("eu-central-1"));
    let error = aws.describe_secret("s").await.unwrap_err();
    assert!(matches!(error, AwsError::NotReached { .. }), "{error:?}");
}

#[tokio::test]
async fn all_pages_are_read() {
    let account = |id: &str, role: &str| json!({ "id": id, "name": id, "isDisabled": "true", "grafanaRole": role });
    let page = |account: Value, next: Value| {
        Answer::Of(200, "", json!({ "serviceAccounts": [account], "workspaceId": WORKSPACE, "nextToken": next }))
    };
    let answers = [page(account("1", "ADMIN"), json!("more")), page(account("2", "EDITOR"), Value::Null)];
    let scripted = Scripted::new(&answers).await;
    let all = scripted.aws.accounts(WORKSPACE).await.unwrap();
    assert_eq!(all.iter().map(|a| (&*a.id, a.role)).collect::<Vec<_>>(), [("1", Role::Admin), ("2", Role::Editor)]);
    assert!(all.iter().all(|account| account.disabled));
    assert!(scripted.asked()[1].contains("nextToken=more"), "{:?}", scripted.asked());
}

#[tokio::test]
async fn pages_that_never_end_are_no_list() {
    let page = Answer::Of(200, "", json!({ "workspaces": [], "nextToken": "again" }));
    let scripted = Scripted::new(&[page.clone(), page]).await;
    assert_eq!(
        scripted.aws.workspaces().await.unwrap_err(),
        AwsError::Lost("grafana:ListWorkspaces: its pages never end".into())
    );
    assert_eq!(scripted.asked().len(), 2);
    let last = Answer::Of(200, "", json!({ "workspaces": [], "nextToken": "" }));
    assert_eq!(Scripted::new(&[last]).await.aws.workspaces().await, Ok(Vec::new()));
}

#[tokio::test]
async fn nothing_that_aws_says_of_a_workspace_moves_the_cursor() {
    let odd = "x\u{1b}]0;planted\u{7}\n";
    let answer = json!({ "workspace": {
        "id": WORKSPACE, "name": odd, "endpoint": odd, "status": odd, "grafanaVersion": odd, "created": 1, "modified": 1,
        "degradedWorkspaceReason": odd, "dataSources": [odd], "permissionType": odd,
        "authentication": { "providers": [odd] },
        "networkAccessControl": { "prefixListIds": [odd], "vpceIds": [odd] },
    }});
    let workspace = Scripted::new(&[Answer::Of(200, "", answer)]).await.aws.workspace(WORKSPACE).await.unwrap();
    let told = format!(
        "{}{}{}{}{}{}{}{}",
        workspace.name,
        workspace.endpoint,
        workspace.status,
        workspace.grafana_version,
        workspace.degraded_reason.unwrap(),
        workspace.permission_type,
        [workspace.data_sources, workspace.authentication].concat().concat(),
        workspace.network_access.unwrap().prefix_lists.concat(),
    );
    assert!(!told.contains(char::is_control), "{told:?}");
}

#[tokio::test]
async fn an_answer_that_describes_nothing_describes_no_workspace() {
    let empty = Answer::Of(200, "", json!({ "workspace": {} }));
    let error = Scripted::new(&[empty]).await.aws.workspace(WORKSPACE).await.unwrap_err();
    assert_eq!(error, AwsError::Lost("grafana:DescribeWorkspace: it describes no workspace".into()));
}

#[tokio::test]
async fn a_token_that_is_gone_is_deleted() {
    let scripted = Scripted::new(&[refused(404, "ResourceNotFoundException")]).await;
    assert_eq!(scripted.aws.delete_token(WORKSPACE, "3", "7").await, Ok(()));
    let scripted = Scripted::new(&[refused(403, "AccessDeniedException")]).await;
    assert!(scripted.aws.delete_token(WORKSPACE, "3", "7").await.is_err());
}

#[tokio::test]
async fn a_denial_says_which_statement_is_missing() {
    let told = "User: arn:aws:iam::1:user/a is not authorized to perform: \
                grafana:CreateWorkspaceServiceAccountToken on resource: arn:aws:grafana:eu-west-1:1:/workspaces/g-1";
    let scripted = Scripted::new(&[Answer::Of(403, "AccessDeniedException", json!({ "message": told }))]).await;
    let hint = token(&scripted).await.unwrap_err().hint().unwrap();
    let statement: Value = serde_json::from_str(&hint[hint.find('{').unwrap()..]).unwrap();
    assert_eq!(
        statement,
        json!({ "Effect": "Allow", "Action": "grafana:CreateWorkspaceServiceAccountToken",
                "Resource": "arn:aws:grafana:eu-west-1:1:/workspaces/g-1" })
    );
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_none() {
    let gone = || refused(400, "ResourceNotFoundException");
    let scripted = Scripted::new(&[gone(), gone()]).await;
    assert_eq!(scripted.aws.describe_secret("s").await, Ok(None));
    assert!(scripted.aws.secret_value("s", Some("AWSPENDING"), None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_replica_is_told_by_its_primary_region() {
    let of = |primary: &str| {
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:s-AbCdEf";
        Answer::Of(200, "", json!({ "ARN": arn, "Name": "s", "PrimaryRegion": primary }))
    };
    let scripted = Scripted::new(&[of("eu-central-1"), of("eu-west-1")]).await;
    let primary = async || scripted.aws.describe_secret("s").await.unwrap().unwrap().primary;
    assert_eq!(primary().await.as_deref(), Some("eu-central-1"));
    assert_eq!(primary().await, None, "the primary one names its own region");
}

#[tokio::test]
async fn a_secret_in_deletion_is_told_as_that() {
    let words = "You can't perform this operation on the secret because it was marked for deletion.";
    let scripted = Scripted::new(&[Answer::Of(400, "InvalidRequestException", json!({ "message": words }))]).await;
    let error = scripted.aws.secret_value("s", None, None).await.unwrap_err();
    assert!(matches!(error, AwsError::InDeletion { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("restore-secret"));
}

#[tokio::test]
async fn a_value_that_aws_repeats_in_its_refusal_is_not_told() {
    let token = "glsa_0123456789\"abcdefghijklmnop/qrstuvwxyz";
    let object = json!({ "token": token, "workspaceId": WORKSPACE }).to_string();
    let version = "0123456789abcdef0123456789abcdef";
    for value in [token, object.as_str()] {
        let escaped = json!(value).to_string();
        let far = "x".repeat(380);
        for words in [
            format!("Value '{value}' at 'secretString' failed to satisfy constraint"),
            format!("Value {escaped} failed"),
            format!("{far} {value} and so on"),
            format!("{far} {escaped} and so on"),
            format!("the token is {token}"),
            format!("{far} {}", &token[..20]),
        ] {
            for (status, code) in
                [(400, "ValidationException"), (500, "InternalServiceError"), (409, "X"), (403, "AccessDenied")]
            {
                let refusal = Answer::Of(status, code, json!({ "message": words }));
                let scripted = Scripted::new(&vec![refusal; 8]).await;
                let value = Secret::new(value.into());
                let value = || ToStore { value: value.clone(), inner: Some(Secret::new(token.into())) };
                let put = scripted.aws.put_secret("s", value(), &["AWSCURRENT"], version).await.unwrap_err();
                let made = scripted.aws.create_secret("s", value(), None, &[], "", version).await.unwrap_err();
                for error in [put, made] {
                    let told = format!("{error} {error:?} {:?}", error.hint());
                    assert!(!told.contains("glsa") && !told.contains("mnop"), "{status} {words}: {told}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_calls_are_signed_with_is_not_told_where_aws_repeats_it() {
    let words =
        "The Canonical String for this request should have been 'POST / x-amz-security-token:secret-0123456789'";
    let refusal = Answer::Of(403, "SignatureDoesNotMatch", json!({ "message": words }));
    let scripted = Scripted::new(&[refusal]).await;
    scripted.aws.heard.hide([Secret::new("secret-0123456789".into())]);
    let error = scripted.aws.workspaces().await.unwrap_err().to_string();
    assert!(error.contains("x-amz-security-token:…") && !error.contains("0123456789"), "{error}");
}

#[tokio::test]
async fn a_batch_that_one_secret_spoils_is_read_one_by_one() {
    let value = || Answer::Of(200, "", json!({ "ARN": "x", "SecretString": "one", "VersionId": "v" }));
    let spoiled = || refused(400, "DecryptionFailure");
    let scripted = Scripted::new(&[spoiled(), value(), spoiled()]).await;
    let values = scripted.aws.secret_values(&["a".into(), "b".into()]).await;
    assert!(values["a"].is_ok());
    assert!(matches!(&values["b"], Err(AwsError::Key { of, .. }) if of == "b"), "{values:?}");
}

#[tokio::test]
async fn a_batch_that_is_refused_as_a_whole_is_refused_for_each_of_it() {
    let ids = ["a".to_owned(), "b".into(), "c".into()];
    let scripted = Scripted::new(&vec![refused(400, "ThrottlingException"); 9]).await;
    let values = scripted.aws.secret_values(&ids).await;
    assert_eq!(values.len(), 3);
    for error in values.values() {
        let told = error.as_ref().unwrap_err().to_string();
        assert!(told.contains("secretsmanager:BatchGetSecretValue"), "{told}");
    }
    assert_eq!(scripted.asked().len(), super::ATTEMPTS, "nobody asks for each again");
    let names = ["/a".to_owned(), "/b".into()];
    let scripted = Scripted::new(&vec![refused(400, "ThrottlingException"); 9]).await;
    let values = scripted.aws.parameters(&names).await;
    assert!(values.len() == 2 && values.values().all(Result::is_err));
    assert_eq!(scripted.asked().len(), super::ATTEMPTS);
}

#[tokio::test]
async fn a_parameter_is_asked_for_in_the_region_that_its_arn_says() {
    let far = "arn:aws:ssm:eu-central-1:1:parameter/far".to_owned();
    let of = |name: &str, arn: &str| {
        Answer::Of(200, "", json!({ "Parameters": [{ "Name": name, "ARN": arn, "Value": "one" }] }))
    };
    let near = "arn:aws:ssm:eu-west-1:1:parameter/near";
    let scripted = Scripted::new(&[of("/far", &far), of("/near", near)]).await;
    let values = scripted.aws.parameters(&["/near".to_owned(), far.clone()]).await;
    assert!(values.values().all(Result::is_ok), "{values:?}");
    assert_eq!(*scripted.regions.lock().unwrap(), ["eu-central-1", "eu-west-1"]);
}

#[tokio::test]
async fn what_takes_long_is_said_with_its_call() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut aws = open(format!("http://{}", silent.local_addr().unwrap())).await;
    let heard = said.clone();
    aws.patience = super::Patience::saying(move |words| heard.lock().unwrap().push(words.to_owned()));
    aws.patience.silent_for = std::time::Duration::from_millis(20);
    let (_connection, ()) = tokio::select! {
        _ = aws.workspaces() => panic!("nobody answers"),
        both = async {
            let connection = silent.accept().await.unwrap();
            while said.lock().unwrap().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            (connection, ())
        } => both,
    };
    assert_eq!(*said.lock().unwrap(), ["waiting for AWS in region eu-west-1: grafana:ListWorkspaces"]);
}

#[tokio::test]
async fn what_never_answers_is_asked_twice_and_a_token_once() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let patience =
        super::Patience { answer_within: std::time::Duration::from_millis(50), ..super::Patience::default() };
    let aws = open_with(url, patience).await;
    let error = aws.workspaces().await.unwrap_err();
    assert_eq!(error, AwsError::Lost("grafana:ListWorkspaces: none came in time".into()));
    assert_eq!(aws.calls(), 2);
    let error = aws.create_token(WORKSPACE, "3", "n", 900).await.unwrap_err();
    assert!(matches!(error, AwsError::Lost(_)), "{error:?}");
    assert_eq!(aws.calls(), 3);
}

#[tokio::test]
async fn a_token_that_no_header_takes_is_none() {
    for key in ["", "a\u{1}b", "ü", "two words"] {
        let token = json!({ "id": "7", "name": "n", "key": key });
        let answer = json!({ "serviceAccountToken": token, "serviceAccountId": "3", "workspaceId": WORKSPACE });
        let error = token_error(answer).await;
        assert!(matches!(error, AwsError::Lost(_)), "{error:?}");
    }
}

async fn token_error(answer: Value) -> AwsError {
    let scripted = Scripted::new(&[Answer::Of(200, "", answer)]).await;
    token(&scripted).await.unwrap_err()
}

#[tokio::test]
async fn secrets_are_found_by_name_arn_and_arn_without_its_ending() {
    let arn = |name: &str| format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}-AbCdEf");
    let entry = |name: &str| json!({ "ARN": arn(name), "Name": name, "VersionId": "v", "SecretString": name });
    let answer = json!({ "SecretValues": [entry("a"), entry("b"), entry("c"), entry("c-d")] });
    let scripted = Scripted::new(&[Answer::Of(200, "", answer)]).await;
    let bare = "arn:aws:secretsmanager:eu-west-1:1:secret:c".to_owned();
    let ids = ["a".to_owned(), arn("b"), bare, "c-d".to_owned()];
    let values = scripted.aws.secret_values(&ids).await;
    let told: Vec<_> = ids.iter().map(|id| values[id].as_ref().unwrap().value.expose()).collect();
    assert_eq!(told, ["a", "b", "c", "c-d"]);
    assert_eq!(scripted.asked(), ["BatchGetSecretValue"]);
}

#[tokio::test]
async fn a_secret_is_asked_for_in_the_region_that_its_arn_says() {
    let value = || Answer::Of(200, "", json!({ "ARN": "x", "SecretString": "one", "VersionId": "v" }));
    let far = "arn:aws:secretsmanager:eu-central-1:1:secret:far-AbCdEf".to_owned();
    let scripted = Scripted::new(&[value(), value(), refused(400, "ResourceNotFoundException")]).await;
    let values = scripted.aws.secret_values(&["near".to_owned(), far.clone()]).await;
    assert!(values.values().all(Result::is_ok));
    assert!(scripted.aws.secret_value(&far, None, None).await.unwrap().is_none());
    let mut regions = scripted.regions.lock().unwrap().clone();
    regions[..2].sort();
    assert_eq!(regions, ["eu-central-1", "eu-west-1", "eu-central-1"]);
    assert_eq!((scripted.aws.region_of(&far), scripted.aws.region_of("near")), ("eu-central-1", "eu-west-1"));
    assert_eq!(scripted.aws.calls(), 3);
}

#[tokio::test]
async fn secrets_are_read_singly_where_batches_are_denied() {
    let value = |text: &str| Answer::Of(200, "", json!({ "ARN": "x", "SecretString": text, "VersionId": "v" }));
    let denied = || refused(400, "AccessDeniedException");
    let scripted = Scripted::new(&[denied(), value("one"), denied()]).await;
    let values = scripted.aws.secret_values(&["a".into(), "b".into()]).await;
    assert_eq!(values["a"].as_ref().unwrap().value.expose(), "one");
    assert!(matches!(values["b"], Err(AwsError::Denied { .. })));
    assert_eq!(scripted.asked(), ["BatchGetSecretValue", "GetSecretValue", "GetSecretValue"]);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_no_value() {
    let scripted = Scripted::new(&[Answer::Of(200, "", json!({ "ARN": "x", "SecretBinary": "/w==" }))]).await;
    let error = scripted.aws.secret_value("s", None, None).await.unwrap_err();
    assert_eq!(error, AwsError::Bytes("s".into()));
}

#[tokio::test]
async fn one_parameter_that_is_denied_denies_no_other() {
    let found = json!({ "Parameters": [{ "Name": "/a", "Selector": ":3", "Value": "one" }] });
    let denied = || refused(400, "AccessDeniedException");
    let scripted = Scripted::new(&[denied(), Answer::Of(200, "", found), denied()]).await;
    let values = scripted.aws.parameters(&["/a:3".into(), "/b".into()]).await;
    assert_eq!(values["/a:3"].as_ref().unwrap().expose(), "one");
    let Err(AwsError::Denied { resource, .. }) = &values["/b"] else { panic!("not denied") };
    assert_eq!(resource, "arn:aws:ssm:eu-west-1:*:parameter/b");
}

#[tokio::test]
async fn a_parameter_that_is_not_there_is_told_by_its_name() {
    let scripted = Scripted::new(&[Answer::Of(200, "", json!({ "InvalidParameters": ["/a"] }))]).await;
    let values = scripted.aws.parameters(&["/a".into()]).await;
    assert!(matches!(&values["/a"], Err(AwsError::NotFound(words)) if words.contains("/a")));
}

#[tokio::test]
async fn a_signed_action_goes_where_the_region_and_the_configuration_say() {
    let client = |change: &dyn Fn(&mut aws_types::sdk_config::Builder)| {
        let mut config = aws_config::SdkConfig::builder();
        change(&mut config);
        super::action::Client::new(super::parameters::GET_PARAMETERS, config.build())
    };
    for (region, fips, dual, expected) in [
        ("eu-west-1", false, false, "https://ssm.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", true, false, "https://ssm-fips.us-gov-west-1.amazonaws.com"),
        ("eu-west-1", false, true, "https://ssm.eu-west-1.api.aws"),
        ("cn-north-1", false, false, "https://ssm.cn-north-1.amazonaws.com.cn"),
    ] {
        let client = client(&|config| {
            config.set_use_fips(Some(fips)).set_use_dual_stack(Some(dual));
        });
        assert_eq!(client.endpoint(region), expected);
    }
    let elsewhere = client(&|config| {
        config.set_endpoint_url(Some("http://127.0.0.1:1".into()));
    });
    assert_eq!(elsewhere.endpoint("eu-west-1"), "http://127.0.0.1:1");
}

#[tokio::test]
async fn an_answer_without_parameters_names_each_as_missing_and_one_that_is_no_json_is_lost() {
    let names = ["/a".to_owned()];
    let scripted = Scripted::new(&[Answer::Of(200, "", json!({}))]).await;
    let values = scripted.aws.parameters(&names).await;
    assert!(matches!(values["/a"], Err(AwsError::NotFound(_))), "{values:?}");
    let scripted = Scripted::new(&vec![Answer::Of(200, "", json!([1])); super::ATTEMPTS]).await;
    let values = scripted.aws.parameters(&names).await;
    assert!(matches!(values["/a"], Err(AwsError::Lost(_))), "{values:?}");
}
