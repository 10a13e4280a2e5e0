//! `--report`: files, what CIs read, comments at forges that the tests play; and the page in a browser.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use amgctl::sandbox::Version;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use crate::support::{PLANTED, Ran, World, block_on, dashboard, keeps_secrets, prometheus};

/// What a forge was asked: the line, the token, the body.
type Asked = Arc<Mutex<Vec<(String, String, Value)>>>;

/// A forge on loopback.
struct Played {
    url: String,
    asked: Asked,
}

/// Plays a forge that answers like this.
fn play(answer: impl Fn(&str, &str) -> (u16, String) + Clone + Send + Sync + 'static) -> Played {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let app =
        axum::Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let token = ["authorization", "private-token"].iter().find_map(|name| headers.get(*name));
            let token = token.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            log.lock().unwrap().push((format!("{method} {}", uri.path()), token, body));
            let (status, text) = answer(method.as_str(), uri.path());
            async move {
                Response::builder().status(StatusCode::from_u16(status).unwrap()).body(Body::from(text)).unwrap()
            }
        });
    let url = block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        url
    });
    Played { url, asked }
}

/// One that takes every comment, with these there already.
fn taking(comments: Value) -> Played {
    play(move |method, path| match (method, path) {
        ("GET", "/user") => (200, json!({ "login": "ci", "id": 5 }).to_string()),
        ("GET", _) => (200, comments.to_string()),
        ("POST", _) => (201, "{}".into()),
        _ => (200, "{}".into()),
    })
}

impl Played {
    /// What was written: the line and the comment's text.
    fn writes(&self) -> Vec<(String, String)> {
        let asked = self.asked.lock().unwrap();
        let writes = asked.iter().filter(|(line, ..)| !line.starts_with("GET "));
        writes.map(|(line, _, body)| (line.clone(), body["body"].as_str().unwrap().to_owned())).collect()
    }
}

fn world() -> World {
    let world = World::new(Version::V12_4);
    world.json("datasources/prom.json", &prometheus("prom", "Prom"));
    world.json("dashboards/cpu.json", &dashboard("cpu", "CPU | `x` @all <!-- "));
    world
}

/// Runs a command as a job of GitHub Actions does; gives what it wrote for the runner.
fn in_actions(world: &World, typed: &str, forge: &Played, token: Option<&str>) -> (Ran, String, String) {
    let file = |name: &str, text: &str| {
        let path = world.home().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (summary, output) = (file("summary", "before\n"), file("output", ""));
    let event = file("event.json", r#"{"pull_request":{"number":7}}"#);
    let mut command = world.command(typed);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", world.home())
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_OUTPUT", &output)
        .env("GITHUB_EVENT_PATH", &event)
        .env("GITHUB_REPOSITORY", "acme/infra")
        .env("GITHUB_API_URL", &forge.url);
    if let Some(token) = token {
        command.env("GITHUB_TOKEN", token);
    }
    let ran = world.run(typed, command);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    (ran, read(&summary), read(&output))
}

const TOKEN: &str = "planted-3f9c-github";

#[test]
fn a_pull_request_gets_summary_outputs_and_one_comment_that_is_kept_in_place() {
    let world = world();
    let typed = "plan stack --detailed-exitcode --report github";
    let forge = taking(json!([]));
    let (ran, summary, output) = in_actions(&world, typed, &forge, Some(TOKEN));
    ran.exits(2).writes_nothing().lacks("warning");
    assert!(
        summary.starts_with("before\n<!-- amgctl plan demo/") && summary.contains("dashboard.cpu"),
        "{summary}"
    );
    assert_eq!(output, "adds=2\nchanges=0\ndestroys=0\nadopts=0\nrefused=0\ndrift=0\nexitcode=2\n");
    let writes = forge.writes();
    assert_eq!((writes.len(), &*writes[0].0), (1, "POST /repos/acme/infra/issues/7/comments"));
    assert!(writes[0].1.contains("Plan: 2 to add"), "{writes:?}");
    assert_eq!(forge.asked.lock().unwrap()[0].1, format!("Bearer {TOKEN}"));
    // What stands there is replaced, whatever has happened since.
    let there = json!([{ "id": 3, "body": writes[0].1, "user": { "login": "ci" } }]);
    world.applied();
    let forge = taking(there);
    let (ran, ..) = in_actions(&world, typed, &forge, Some(TOKEN));
    ran.exits(0).says("No changes.");
    let writes = forge.writes();
    assert_eq!((writes.len(), &*writes[0].0), (1, "PATCH /repos/acme/infra/issues/comments/3"));
    assert!(writes[0].1.contains("Plan: 0 to add"), "{writes:?}");
}

#[test]
fn a_forge_that_answers_wrongly_and_a_token_that_may_not_comment_fail_nothing() {
    let world = world();
    let typed = "plan stack --report github";
    for (status, text) in [(500, "{}"), (200, "<html>"), (302, ""), (200, "[[[[")] {
        let forge = play(move |_, _| (status, text.into()));
        let (ran, summary, _) = in_actions(&world, typed, &forge, Some(TOKEN));
        ran.exits(0).says("warning: --report github: no comment at the pull request: GitHub's API");
        assert!(summary.contains("dashboard.cpu"), "{summary}");
    }
    let forge = play(|_, _| (403, "{}".into()));
    let (ran, ..) = in_actions(&world, typed, &forge, Some(TOKEN));
    ran.exits(0).says("the token may not comment (403), as in those from forks").lacks("warning");
    let (ran, summary, _) = in_actions(&world, typed, &forge, None);
    ran.exits(0).says("GITHUB_TOKEN is not set; the step summary has the report").lacks("warning");
    assert!(summary.contains("dashboard.cpu"), "{summary}");
    let gone = Played { url: "http://127.0.0.1:9".into(), asked: Asked::default() };
    let (ran, ..) = in_actions(&world, typed, &gone, Some(TOKEN));
    ran.exits(0)
        .says("warning: --report github: no comment at the pull request: GitHub's API: it cannot be reached");
}

#[test]
fn faults_of_a_directory_are_annotated_where_the_repository_has_them() {
    let world = world();
    world.write("datasources/bad.yaml", "apiVersion: 1\ndatasources:\n  - name: A\n    typ: loki\n");
    let forge = taking(json!([]));
    let (ran, summary, output) = in_actions(&world, "plan stack --report github", &forge, Some(TOKEN));
    ran.exits(3).says("::error file=stack/datasources/bad.yaml,line=");
    assert!(output.ends_with("exitcode=3\n"), "{output}");
    assert!(summary.contains("No plan was made (exit status 3)") && summary.contains("bad.yaml"), "{summary}");
    assert_eq!(forge.writes().len(), 1, "whoever reads the pull request sees that there is no plan");
}

#[test]
fn a_directory_alone_is_reported_like_a_plan() {
    let world = world();
    let read = |name: &str| std::fs::read_to_string(world.home().join(name)).unwrap();
    let forge = taking(json!([]));
    let typed = "validate stack --report github --report sarif=r.sarif --report junit=r.xml --report gitlab=.";
    let (ran, summary, output) = in_actions(&world, typed, &forge, Some(TOKEN));
    ran.exits(0).says("The directory is valid");
    assert!(summary.contains("The directory is valid.") && output.ends_with("exitcode=0\n"), "{summary}{output}");
    assert!(read("r.xml").contains("failures=\"0\"") && !world.home().join("amgctl-terraform.json").exists());
    world.write("datasources/bad.yaml", "apiVersion: 1\ndatasources:\n  - name: A\n    typ: loki\n");
    let (ran, summary, output) = in_actions(&world, typed, &forge, Some(TOKEN));
    ran.exits(3).writes_nothing().says("::error file=stack/datasources/bad.yaml,line=");
    assert!(summary.contains("The directory is not valid (exit status 3)") && output.ends_with("exitcode=3\n"));
    assert!(forge.writes().iter().all(|(_, text)| text.contains("<!-- amgctl validate ")), "{:?}", forge.writes());
    let sarif: Value = serde_json::from_str(&read("r.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["invocations"][0]["exitCode"], 3, "{sarif}");
    assert!(read("amgctl-code-quality.json").contains("stack/datasources/bad.yaml"));
}

#[test]
fn a_merge_request_gets_artefacts_always_and_a_note_with_a_token() {
    let world = world();
    let forge = taking(json!([]));
    let typed = "plan stack --report gitlab=artefacts";
    let run = |token: Option<&str>| {
        let mut command = world.command(typed);
        command.env("CI_API_V4_URL", &forge.url).env("CI_PROJECT_ID", "3").env("CI_MERGE_REQUEST_IID", "8");
        if let Some(token) = token {
            command.env("GITLAB_TOKEN", token);
        }
        world.run(typed, command)
    };
    run(None).exits(0).says("GITLAB_TOKEN is not set");
    assert!(forge.writes().is_empty());
    let read = |name: &str| -> Value {
        let text = std::fs::read_to_string(world.home().join("artefacts").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(read("amgctl-terraform.json"), json!({ "create": 2, "update": 0, "delete": 0 }));
    assert_eq!(read("amgctl-code-quality.json"), json!([]));
    run(Some(TOKEN)).exits(0).lacks("GITLAB_TOKEN");
    assert_eq!(forge.writes()[0].0, "POST /projects/3/merge_requests/8/notes");
}

#[test]
fn files_are_written_for_plans_and_runs_and_hold_no_secret() {
    let world = World::new(Version::V12_4);
    let mut source = prometheus("prom", "Prom");
    source["secureJsonData"] = json!({ "httpHeaderValue1": PLANTED });
    source["jsonData"] = json!({ "httpHeaderName1": "X-Key" });
    world.json("datasources/prom.json", &source);
    world.json("dashboards/cpu.json", &dashboard("cpu", "CPU"));
    let reports =
        "--report markdown=r.md --report html=r.html --report junit=r.xml --report sarif=r.sarif --report gitlab=.";
    let read = |name: &str| {
        let text = std::fs::read_to_string(world.home().join(name)).unwrap();
        assert!(!text.contains(PLANTED), "{name} holds a secret\n{text}");
        text
    };
    let files = ["r.md", "r.html", "r.xml", "r.sarif", "amgctl-terraform.json", "amgctl-code-quality.json"];
    world.amgctl(&format!("plan stack {reports}")).exits(0);
    assert!(files.map(read)[..3].iter().all(|text| text.contains("dashboard.cpu")));
    let ran = world.apply_with(reports);
    ran.exits(0);
    keeps_secrets(&ran);
    let [markdown, html, junit, ..] = files.map(read);
    let link = format!("{}/d/cpu", world.sandbox.running().url);
    assert!(markdown.contains("Apply complete! Resources: 2 added") && markdown.contains(&link), "{markdown}");
    assert!(html.contains(&link) && junit.contains("name=\"dashboard.cpu\""), "{html}\n{junit}");
    world.amgctl(&format!("destroy stack -auto-approve {reports}")).exits(0);
    assert!(files.map(read)[0].contains("2 destroyed"));
}

#[test]
fn what_cannot_be_written_or_makes_no_sense_is_refused_before_anything_is_done() {
    let world = world();
    world
        .amgctl("plan stack --report nonsense")
        .exits(64)
        .says("formats are markdown, html, junit, sarif, github, gitlab");
    world.amgctl("plan stack --report markdown").exits(64).says("write --report markdown=FILE");
    world.amgctl("plan stack --report github=x").exits(64);
    let ran = world.apply_with("--report html=nowhere/page.html");
    ran.exits(1).says("`nowhere/page.html` cannot be written");
    assert!(ran.asked.is_empty(), "{ran}");
}

#[test]
fn a_report_of_the_last_run_is_not_left_behind_by_one_that_fails() {
    let world = world();
    world.amgctl("plan stack --report markdown=r.md").exits(0);
    let mut command = world.command("plan stack --report markdown=r.md");
    command.env("GRAFANA_TOKEN", "wrong");
    world.run("plan", command).exits(6);
    let text = std::fs::read_to_string(world.home().join("r.md")).unwrap();
    assert!(text.contains("No plan was made (exit status 6)") && !text.contains("dashboard.cpu"), "{text}");
}

/// The browser, where this machine has one.
fn browser() -> Option<&'static str> {
    let is_there = |name: &&str| {
        Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(is_there)
}

/// What a page is once its script ran, and what the browser's console says.
fn opened(browser: &str, page: &Path, profile: &Path) -> (String, String) {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    let console: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    (String::from_utf8_lossy(&output.stdout).into_owned(), console.join("\n"))
}

#[test]
fn the_page_runs_in_a_browser_without_an_error() {
    let Some(browser) = browser() else {
        println!("skipped: there is no Chromium on this machine");
        return;
    };
    let world = world();
    world.applied();
    let mut changed = dashboard("cpu", "<script>alert(1)</script>");
    changed["panels"] = json!([{ "id": 1, "type": "stat", "title": "</title><img src=x onerror=alert(1)>",
        "gridPos": { "x": 0, "y": 0, "w": 12, "h": 8 }, "targets": [{ "refId": "A", "expr": "</pre><script>x" }] }]);
    world.json("dashboards/cpu.json", &changed);
    world.json("dashboards/new.json", &dashboard("new", "New"));
    world.amgctl("plan stack --report html=page.html").exits(0);
    let profile = world.home().join("profile");
    let (page, console) = opened(browser, &world.home().join("page.html"), &profile);
    assert!(console.is_empty(), "{console}");
    assert!(page.contains("class=\"scripted\"") && page.contains("<svg "), "{page}");
    assert!(page.contains("2 of 2 shown") && !page.contains("<img"), "{page}");
    // The console is heard: what the policy forbids is told there.
    let forbidden = std::fs::read_to_string(world.home().join("page.html")).unwrap();
    let forbidden =
        forbidden.replace("</main>", "<img src=\"http://127.0.0.1:9/x\"><script>alert(2)</script></main>");
    let file = world.home().join("forbidden.html");
    std::fs::write(&file, forbidden).unwrap();
    let (_, console) = opened(browser, &file, &profile);
    assert!(console.contains("Content Security Policy"), "{console}");
}
