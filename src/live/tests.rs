//! What reading comes to: answers of a server in, what is there and what was asked out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{LiveError, Questions, read};
use crate::grafana::Client;
use crate::grafana::access::Access;
use crate::grafana::bearer::Given;
use crate::kinds;
use crate::model::{Address, Owned, Recorded, Secret, Server, StackName};
use crate::plan::Workspace;
use crate::registry::Record;

/// Answers by path; everything else is not found. A search is `search dash-db`.
type Answers = BTreeMap<String, (u16, String)>;

/// Serves answers on loopback; what is asked is noted.
async fn serve(answers: Answers) -> (Client, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 8192];
            let n = stream.read(&mut bytes).await.unwrap();
            let head = String::from_utf8_lossy(&bytes[..n]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let path = match path.split_once("type=") {
                Some((_, rest)) => format!("search {}", rest.split('&').next().unwrap_or_default()),
                None => path.to_owned(),
            };
            let missing = (404, json!({ "message": "Not found" }).to_string());
            let (status, body) = answers.get(&path).unwrap_or(&missing);
            noted.lock().unwrap().push(path);
            let length = body.len();
            let head = "content-type: application/json\r\nconnection: close";
            let answer = format!("HTTP/1.1 {status} X\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let given = Given { secret: Secret::new("token".into()), hint: String::new() };
    (Client::new(&url, Arc::new(given)).unwrap(), asked)
}

/// A stack `demo` on a server without `/apis`, with this declared and recorded, and what the server answers.
#[derive(Default)]
struct Case {
    /// Addresses, with spaces between them.
    declared: &'static str,
    recorded: &'static str,
    /// Whose record becomes this stack's.
    taken_over: Option<&'static str>,
    /// Rights that the token lacks.
    lacks: &'static str,
    answers: Vec<(&'static str, u16, Value)>,
}

fn addresses(text: &str) -> impl Iterator<Item = Address> {
    text.split_whitespace().map(|text| kinds::address(text).unwrap())
}

fn stack(name: &str) -> StackName {
    StackName::parse(name).unwrap()
}

/// What is found, what could not be told, and how often what was asked.
async fn outcome(case: Case) -> String {
    let empty = [("/api/datasources", json!([])), ("search dash-db", json!([])), ("search dash-folder", json!([]))];
    let mut answers: Answers =
        empty.into_iter().map(|(path, body)| (path.to_owned(), (200, body.to_string()))).collect();
    answers
        .extend(case.answers.into_iter().map(|(path, status, body)| (path.to_owned(), (status, body.to_string()))));
    let (client, asked) = serve(answers).await;
    let rights = ["datasources:read", "dashboards:read", "folders:read"];
    let has = rights
        .into_iter()
        .filter(|right| !case.lacks.contains(right))
        .map(|right| (right.to_owned(), json!(["*"])));
    let access = Access::of(&Value::Object(has.collect()));
    let server = Server { resources: None, nested_folders: false, ..Server::latest() };
    let digest = |address: &Address| kinds::by_name(address.kind).normal(json!({})).digest();
    let (stack, old) = (stack("demo"), case.taken_over.map(stack));
    let recorded = |address: Address| {
        (
            address,
            Recorded {
                digest: Some(crate::model::Digest::of_bytes(b"")),
                how: Owned::Created,
                ..Recorded::default()
            },
        )
    };
    let questions = Questions {
        stack: &stack,
        taken_over: old.as_ref(),
        declared: &addresses(case.declared).map(|a| (a.clone(), digest(&a))).collect(),
        folders: &BTreeMap::new(),
        recorded: &addresses(case.recorded).map(recorded).collect(),
        made: &BTreeMap::new(),
        runs: &BTreeSet::new(),
        access: &access,
    };
    let read = read(&client, &server, &questions).await;
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    let told = match read {
        Ok(workspace) => words(&workspace),
        Err(LiveError::Api(error)) => format!("error: {error}"),
        Err(error) => format!("error: {error}"),
    };
    format!("{told}\nasked {}", asked.join(", "))
}

fn words(workspace: &Workspace) -> String {
    let mut lines = Vec::new();
    lines.extend(workspace.found.keys().map(|address| format!("found {address}")));
    lines.extend(workspace.unreadable.iter().map(|(address, why)| format!("unreadable {address}: {why}")));
    let unlisted = kinds::KINDS.iter().filter(|kind| workspace.is_unlisted(kind.name()));
    lines.extend(unlisted.map(|kind| format!("no list of {}", kind.facts().plural)));
    lines.extend(workspace.seen_in_part.iter().map(|plural| format!("not all {plural}")));
    lines.extend(workspace.others.iter().map(|(address, stack)| format!("of {stack}: {address}")));
    lines.extend(workspace.yielded.iter().map(|(address, stack)| format!("made by {stack}: {address}")));
    lines.extend(workspace.copies.iter().map(|(uid, stack)| format!("a copy of {stack}: {uid}")));
    lines.extend(workspace.damaged_others.iter().map(|name| format!("damaged {name}")));
    if lines.is_empty() { "nothing".into() } else { lines.join("\n") }
}

async fn check(case: Case, expected: &str) {
    let told = outcome(case).await;
    let trimmed = |text: &str| text.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert!(trimmed(&told) == trimmed(expected), "\n<<<{}|{}>>>", trimmed(expected), trimmed(&told));
}

fn hit(uid: &str, folder: &str) -> Value {
    json!({ "uid": uid, "title": uid, "folderUid": folder })
}

fn dashboard(uid: &str) -> Value {
    json!({ "meta": { "version": 1, "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z" },
        "dashboard": { "uid": uid, "title": uid, "version": 1 } })
}

const LISTS: &str = "/api/datasources, search dash-db, search dash-folder";

#[tokio::test]
async fn what_a_search_does_not_have_and_nobody_recorded_is_not_read() {
    check(Case { declared: "dashboard.a datasource.d", ..Case::default() }, &format!("nothing\nasked {LISTS}"))
        .await;
}

#[tokio::test]
async fn what_a_search_has_is_read_once_and_what_was_recorded_in_by_title() {
    let a = "/api/dashboards/uid/a";
    let listed = vec![("search dash-db", 200, json!([hit("a", ""), hit("foreign", "")])), (a, 200, dashboard("a"))];
    let expected = format!("found dashboard.a\nasked /api/dashboards/uid/a, {LISTS}");
    check(Case { declared: "dashboard.a", answers: listed, ..Case::default() }, &expected).await;
    // A search leaves out what the token may not read, without a word.
    let hidden = vec![(a, 200, dashboard("a"))];
    check(
        Case { declared: "dashboard.a", answers: hidden, recorded: "dashboard.a", ..Case::default() },
        &format!("found dashboard.a\nasked /api/dashboards/uid/a, /api/dashboards/uid/a/versions/1, {LISTS}"),
    )
    .await;
    check(
        Case { recorded: "dashboard.a", ..Case::default() },
        &format!("nothing\nasked /api/dashboards/uid/a, {LISTS}"),
    )
    .await;
}

#[tokio::test]
async fn a_list_and_a_read_that_contradict_each_other_prove_nothing() {
    let words = "a list contains it, but reading it says that it is not there";
    let answers = vec![("search dash-db", 200, json!([hit("a", "")]))];
    check(
        Case { declared: "dashboard.a", answers, ..Case::default() },
        &format!("unreadable dashboard.a: {words}\nasked /api/dashboards/uid/a, /api/dashboards/uid/a, {LISTS}"),
    )
    .await;
    let answers = vec![("/api/datasources", 200, json!([{ "uid": "d", "name": "D", "type": "loki" }]))];
    check(Case { declared: "datasource.d", answers, ..Case::default() }, &format!(
        "unreadable datasource.d: {words}\nasked /api/datasources, /api/datasources/uid/d, /api/datasources/uid/d, \
         search dash-db, search dash-folder"
    )).await;
}

#[tokio::test]
async fn what_may_not_be_read_is_not_taken_for_absent() {
    let refused = json!({ "message": "no rights" });
    let answers = vec![("/api/dashboards/uid/a", 403, refused.clone())];
    check(
        Case { recorded: "dashboard.a", answers, ..Case::default() },
        &format!("unreadable dashboard.a: no rights\nasked /api/dashboards/uid/a, {LISTS}"),
    )
    .await;
    let answers = vec![("/api/datasources", 403, refused.clone())];
    let read = "/api/datasources, /api/datasources/uid/d, search dash-db, search dash-folder";
    check(
        Case { declared: "datasource.d", answers, ..Case::default() },
        &format!("no list of data sources\nasked {read}"),
    )
    .await;
    // A token without the right gets an empty list.
    check(
        Case { declared: "datasource.d", lacks: "datasources:read", ..Case::default() },
        &format!(
            "unreadable datasource.d: this token may not read data sources\nno list of data sources\nasked {read}"
        ),
    )
    .await;
    check(Case { lacks: "folders:read", ..Case::default() }, &format!("not all folders\nasked {LISTS}")).await;
    let answers = vec![("search dash-db", 403, refused)];
    let told = outcome(Case { answers, ..Case::default() }).await;
    assert!(told.starts_with("error: this token may not read the search: no rights"), "{told}");
}

/// The records of these stacks in their folder, each with one folder `f` that it has made and a dashboard of its name.
fn records(stacks: &[&'static str], damage: &str) -> Vec<(&'static str, u16, Value)> {
    let mut answers = vec![
        ("search dash-db", 200, stacks.iter().map(|name| hit(&format!("amgctl-{name}"), "amgctl")).collect()),
        ("/api/folders/f", 200, json!({ "uid": "f", "title": "F", "createdBy": "the account" })),
    ];
    for name in stacks {
        let mut record = Record::new(stack(name), String::new(), "salt".into());
        let recorded = || Recorded {
            digest: Some(crate::model::Digest::of_bytes(b"")),
            how: Owned::Created,
            ..Recorded::default()
        };
        record.objects.extend(addresses("folder.f").map(|address| (address, recorded())));
        record.objects.extend(addresses(&format!("dashboard.{name}")).map(|address| (address, recorded())));
        let mut board = record.to_dashboard();
        if damage == *name {
            board["panels"] = json!([]);
        }
        let path: &'static str = Box::leak(format!("/api/dashboards/uid/amgctl-{name}").into_boxed_str());
        answers.push((path, 200, json!({ "meta": { "createdBy": "the account" }, "dashboard": board })));
    }
    answers
}

#[tokio::test]
async fn what_another_stack_recorded_is_its_own_and_a_damaged_record_says_nothing() {
    let one = "/api/dashboards/uid/amgctl-one";
    check(
        Case { answers: records(&["one"], ""), ..Case::default() },
        &format!("of one: dashboard.one\nof one: folder.f\nasked {one}, {LISTS}"),
    )
    .await;
    check(
        Case { answers: records(&["one"], "one"), ..Case::default() },
        &format!("damaged one\nasked {one}, {LISTS}"),
    )
    .await;
    // The own record is not another's.
    check(Case { answers: records(&["demo"], ""), ..Case::default() }, &format!("nothing\nasked {LISTS}")).await;
}

#[tokio::test]
async fn a_folder_that_two_stacks_made_is_let_go_of_and_one_that_is_taken_over_is_kept() {
    let recorded = "folder.f dashboard.one";
    let told = outcome(Case { recorded, answers: records(&["one"], ""), ..Case::default() }).await;
    assert!(told.contains("made by one: folder.f") && told.contains("of one: dashboard.one"), "{told}");
    // The record that becomes this stack's is nobody else's: what it made stays made by this stack.
    let told =
        outcome(Case { recorded, taken_over: Some("one"), answers: records(&["one"], ""), ..Case::default() })
            .await;
    assert!(!told.contains("made by") && !told.contains("of one"), "{told}");
    assert!(!told.contains("amgctl-one"), "{told}");
    let both = records(&["one", "two"], "");
    let told = outcome(Case { taken_over: Some("one"), answers: both, ..Case::default() }).await;
    assert!(told.contains("of two: dashboard.two") && !told.contains("of one"), "{told}");
}
