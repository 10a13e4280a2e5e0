//! Forges that answer as they should, and as they should not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;

use super::github::{self, PullRequest, pull_request};
use super::gitlab::{self, MergeRequest, merge_request};
use super::*;

const MARK: &str = "<!-- amgctl plan shop -->";
const PLANTED: &str = "planted-3f9c";

type Seen = Arc<Mutex<Vec<String>>>;

/// Serves a forge; gives its URL, and what it was asked.
async fn serve(answer: impl Fn(&str, &str) -> (u16, Body) + Clone + Send + Sync + 'static) -> (String, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let app = axum::Router::new().fallback(move |method: Method, uri: Uri, body: Bytes| {
        let line = format!("{method} {uri} {}", String::from_utf8_lossy(&body));
        log.lock().unwrap().push(line.trim().to_owned());
        let (status, body) = answer(method.as_str(), uri.path());
        async move { Response::builder().status(StatusCode::from_u16(status).unwrap()).body(body).unwrap() }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, seen)
}

fn at(api: &str) -> PullRequest {
    PullRequest { api: api.into(), repository: "acme/infra".into(), number: 7 }
}

fn token() -> Secret {
    Secret::new(PLANTED.into())
}

/// What comes of a comment at GitHub, and what it was asked.
async fn github(
    answer: impl Fn(&str, &str) -> (u16, Body) + Clone + Send + Sync + 'static,
) -> (Result<Comment, Trouble>, Vec<String>) {
    let (url, seen) = serve(answer).await;
    let text = format!("{MARK}\ntext");
    let came = github::comment(&at(&url), &token(), MARK, &text, Duration::from_millis(700)).await;
    let seen = seen.lock().unwrap().clone();
    (came, seen)
}

fn comments(list: &serde_json::Value) -> impl Fn(&str, &str) -> (u16, Body) + Clone + Send + Sync + 'static {
    let list = list.to_string();
    move |method, path| match (method, path) {
        ("GET", "/user") => (403, "{}".into()),
        ("GET", _) => (200, list.clone().into()),
        ("POST", _) => (201, "{}".into()),
        _ => (200, "{}".into()),
    }
}

#[tokio::test]
async fn the_first_comment_is_made_and_the_next_one_stands_in_its_place() {
    let (came, seen) = github(comments(&json!([{ "id": 1, "body": "hello", "user": { "type": "Bot" } }]))).await;
    assert_eq!(came, Ok(Comment::Made));
    assert_eq!(seen[1], "GET /repos/acme/infra/issues/7/comments?sort=created&per_page=100&page=1");
    assert!(
        seen[2].starts_with("POST /repos/acme/infra/issues/7/comments {\"body\":\"<!-- amgctl plan"),
        "{seen:?}"
    );
    let ours = json!([
        { "id": 1, "body": MARK, "user": { "type": "User", "login": "mallory" } },
        { "id": 2, "body": format!("{MARK}\nold"), "user": { "type": "Bot" } },
    ]);
    let (came, seen) = github(comments(&ours)).await;
    assert_eq!(came, Ok(Comment::Replaced));
    assert!(seen[2].starts_with("PATCH /repos/acme/infra/issues/comments/2 "), "{seen:?}");
}

#[tokio::test]
async fn a_comment_that_somebody_else_wrote_with_the_marker_is_left_alone() {
    let theirs = json!([{ "id": 1, "body": MARK, "user": { "type": "User", "login": "mallory" } }]);
    let (came, seen) = github(comments(&theirs)).await;
    assert_eq!(came, Ok(Comment::Made));
    assert!(!seen.iter().any(|line| line.starts_with("PATCH")), "{seen:?}");
}

#[tokio::test]
async fn a_token_that_may_not_comment_is_told_from_a_forge_that_answers_wrongly() {
    let (came, _) = github(|_, _| (403, "{}".into())).await;
    assert_eq!(came, Err(Trouble::NotAllowed(403)));
    for (status, body) in [(500, "{}"), (200, "<html>login</html>"), (200, "{}"), (302, ""), (200, "[1,null,{}")] {
        let (came, _) = github(move |_, path| match path {
            "/user" => (403, "{}".into()),
            _ => (status, body.into()),
        })
        .await;
        assert!(matches!(came, Err(Trouble::Wrong(_))), "{status} {body}: {came:?}");
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_and_one_that_never_comes_are_given_up() {
    let endless =
        || Body::from_stream(futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 16])));
    let (came, _) = github(move |_, _| (200, endless())).await;
    assert!(matches!(came, Err(Trouble::Wrong(_))), "{came:?}");
    let silent = || Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let (came, _) = github(move |_, _| (200, silent())).await;
    assert_eq!(came, Err(Trouble::Wrong("it did not answer within 0.7 s".into())));
}

#[tokio::test]
async fn a_note_of_gitlab_is_kept_in_place_by_its_author() {
    let (url, seen) = serve(|method, path| match (method, path) {
        ("GET", "/user") => (200, r#"{"id":5}"#.into()),
        ("GET", _) => {
            let list = json!([{ "id": 1, "body": MARK, "author": { "id": 4 } }, { "id": 9, "body": MARK, "author": { "id": 5 } }]);
            (200, list.to_string().into())
        }
        _ => (200, "{}".into()),
    })
    .await;
    let at = MergeRequest { api: url, project: 3, number: 8 };
    let came = gitlab::comment(&at, &token(), MARK, MARK, Duration::from_secs(5)).await;
    assert_eq!(came, Ok(Comment::Replaced));
    let seen = seen.lock().unwrap();
    assert!(seen[2].starts_with("PUT /projects/3/merge_requests/8/notes/9 "), "{seen:?}");
}

#[tokio::test]
async fn a_token_goes_to_https_only_and_stands_in_no_message() {
    for api in ["http://example.com", "ftp://localhost", "nonsense", "https://u:p@example.com"] {
        let came = github::comment(&at(api), &token(), MARK, "", PATIENCE).await;
        assert!(matches!(&came, Err(Trouble::Wrong(words)) if !words.contains(PLANTED)), "{api}: {came:?}");
    }
    let broken = Secret::new(format!("{PLANTED}\n"));
    let came = github::comment(&at("https://example.com"), &broken, MARK, "", PATIENCE).await;
    assert!(matches!(&came, Err(Trouble::Wrong(words)) if !words.contains(PLANTED)), "{came:?}");
}

/// The number of the pull request by an event and a ref.
fn check(event: Option<&str>, reference: &str, expected: Option<u64>) {
    let variable = |name: &str| match name {
        "GITHUB_REPOSITORY" => Some("acme/infra".to_owned()),
        "GITHUB_REF" => Some(reference.to_owned()),
        _ => None,
    };
    assert_eq!(pull_request(variable, event).map(|pull| pull.number), expected, "{event:?} {reference}");
}

#[test]
fn the_pull_request_stands_in_the_event_or_in_the_ref() {
    check(Some(r#"{"pull_request":{"number":12}}"#), "refs/pull/12/merge", Some(12));
    check(Some(r#"{"issue":{"number":13,"pull_request":{}}}"#), "refs/heads/main", Some(13));
    check(Some(r#"{"issue":{"number":13}}"#), "refs/heads/main", None);
    check(Some("nonsense"), "refs/pull/14/head", Some(14));
    check(None, "refs/heads/main", None);
    check(Some(r#"{"pull_request":{"number":-1}}"#), "refs/pull/x/merge", None);
}

#[test]
fn hostile_variables_lead_to_no_request() {
    for repository in ["acme", "acme/../../x", "a/b?c", "", "a/..", "a b/c", "é/x"] {
        let variable = |name: &str| match name {
            "GITHUB_REPOSITORY" => Some(repository.to_owned()),
            _ => Some("refs/pull/1/merge".to_owned()),
        };
        assert_eq!(pull_request(variable, None), None, "{repository}");
    }
    assert_eq!(merge_request(|_| Some("../1".into())), None);
}
