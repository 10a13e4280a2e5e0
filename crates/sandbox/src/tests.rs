//! The embedded workspace as a client sees it: what survives, what is refused, what goes wrong on request.

use serde_json::{Value, json};

use super::*;

struct Client {
    running: Running,
    http: reqwest::Client,
}

impl Client {
    async fn of(options: Options) -> Client {
        // Refused where it was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Client { running: start(options).await.unwrap(), http }
    }

    async fn try_send(&self, method: &str, path: &str, body: Option<Value>) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}{path}", self.running.url);
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.running.tokens.admin);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let answer = self.try_send(method, path, body).await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn save(&self, uid: &str, text: &str) -> (u16, Value) {
        let dashboard = json!({ "uid": uid, "title": format!("Title of {uid}"), "text": text });
        self.send("POST", "/api/dashboards/db", Some(json!({ "dashboard": dashboard, "overwrite": true }))).await
    }

    async fn status(&self, path: &str) -> u16 {
        self.send("GET", path, None).await.0
    }
}

fn version(version: Version) -> Options {
    Options { version, ..Options::default() }
}

fn kept(directory: &tempfile::TempDir) -> Options {
    Options { data: Some(directory.path().join("below/sandbox.json")), ..Options::default() }
}

fn faulty(which: Version, fault: &str) -> Options {
    Options { faults: vec![fault.parse().unwrap()], ..version(which) }
}

const LIST: &str = "/apis/dashboard.grafana.app/v0alpha1/namespaces/default/dashboards";

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let client = Client::of(kept(&directory)).await;
    let tokens = client.running.tokens.clone();
    assert_eq!(client.save("a", "one").await.0, 200);
    assert_eq!(client.save("a", "two").await.1["version"], 2);
    assert_eq!(client.save("b", "gone").await.0, 200);
    client.send("DELETE", "/api/dashboards/uid/b", None).await;
    let before = client.send("GET", "/api/dashboards/uid/a", None).await;
    drop(client);

    let client = Client::of(kept(&directory)).await;
    assert_eq!(client.running.tokens, tokens);
    assert_eq!(client.send("GET", "/api/dashboards/uid/a", None).await, before);
    assert_eq!(client.status("/api/dashboards/uid/b").await, 404);
    let versions = client.send("GET", "/api/dashboards/uid/a/versions", None).await.1;
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_line_cut_short_is_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let client = Client::of(kept(&directory)).await;
    client.save("a", "one").await;
    client.save("b", "cut short").await;
    drop(client);
    let journal = directory.path().join("below/sandbox.json.journal");
    let text = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, &text[..text.len() - 10]).unwrap();

    let client = Client::of(kept(&directory)).await;
    assert_eq!(client.status("/api/dashboards/uid/a").await, 200);
    assert_eq!(client.status("/api/dashboards/uid/b").await, 404);
}

#[tokio::test]
async fn shutdown_folds_everything_into_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let client = Client::of(kept(&directory)).await;
    client.save("a", "one").await;
    let Client { running, http } = client;
    drop(http);
    running.shutdown().await.unwrap();
    assert_eq!(std::fs::metadata(directory.path().join("below/sandbox.json.journal")).unwrap().len(), 0);
    let client = Client::of(kept(&directory)).await;
    assert_eq!(client.status("/api/dashboards/uid/a").await, 200);
}

#[tokio::test]
async fn a_data_file_is_served_once_and_by_its_version() {
    let directory = tempfile::tempdir().unwrap();
    let first = start(kept(&directory)).await.unwrap();
    let told = start(kept(&directory)).await.unwrap_err().to_string();
    assert!(told.contains("is in use: another process serves this embedded workspace"), "{told}");
    drop(first);
    let other = Options { version: Version::V9_4, ..kept(&directory) };
    let told = start(other).await.unwrap_err().to_string();
    assert!(told.contains("was made by Grafana 12.4, not 9.4"), "{told}");
}

#[tokio::test]
async fn a_list_ends_its_pages_by_size() {
    let client = Client::of(version(Version::V12_4)).await;
    let text = "x".repeat(900_000);
    for uid in ["a", "b", "c", "d"] {
        client.save(uid, &text).await;
    }
    let first = client.send("GET", &format!("{LIST}?limit=500"), None).await.1;
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = client.send("GET", &format!("{LIST}?limit=500&continue={token}"), None).await.1;
    assert_eq!(second["items"][0]["metadata"]["name"], "d");
    assert_eq!(second["metadata"]["continue"], Value::Null);
}

#[tokio::test]
async fn an_empty_list_of_metadata_has_null_for_items() {
    let client = Client::of(version(Version::V12_4)).await;
    let accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
    let request =
        client.http.get(format!("{}{LIST}", client.running.url)).bearer_auth(&client.running.tokens.viewer);
    let body: Value = request.header("Accept", accept).send().await.unwrap().json().await.unwrap();
    assert_eq!((&body["kind"], &body["items"]), (&json!("PartialObjectMetadataList"), &Value::Null));
}

#[tokio::test]
async fn twenty_versions_are_kept() {
    let client = Client::of(version(Version::V9_4)).await;
    for i in 0..25 {
        client.save("a", &i.to_string()).await;
    }
    let versions = client.send("GET", "/api/dashboards/uid/a/versions", None).await.1;
    let versions: Vec<_> = versions.as_array().unwrap().iter().map(|v| v["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, (6..=25).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_body_too_large_is_refused() {
    let client = Client::of(version(Version::V12_4)).await;
    let (status, body) = client.save("a", &"x".repeat(17 << 20)).await;
    assert_eq!((status, &body["message"]), (413, &json!("Dashboard is too large, max is 16 MB")));
}

#[tokio::test]
async fn a_connection_is_cut_before_or_after() {
    for (fault, there) in [("cut-before:write@1", 404), ("cut-after:write@1", 200), ("502-after:write@1", 200)] {
        let client = Client::of(faulty(Version::V12_4, fault)).await;
        let body = json!({ "dashboard": { "uid": "a", "title": "A" } });
        let answer = client.try_send("POST", "/api/dashboards/db", Some(body)).await;
        assert!(answer.is_err() || answer.unwrap().status() == 502, "{fault}");
        assert_eq!(client.status("/api/dashboards/uid/a").await, there, "{fault}");
    }
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    let client = Client::of(faulty(Version::V12_4, "429@1=3s")).await;
    let answer = client.try_send("GET", "/api/org", None).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "3"));
    assert!(answer.headers().contains_key("date"));
    assert_eq!(client.status("/api/org").await, 200);
}

#[tokio::test]
async fn a_busy_database_refuses_what_it_should_not() {
    let client = Client::of(faulty(Version::V9_4, "busy@1")).await;
    assert_eq!(client.save("a", "one").await.0, 200);
    assert_eq!(client.save("a", "two").await.0, 412);
    assert_eq!(client.send("GET", "/api/dashboards/uid/a", None).await.1["dashboard"]["text"], "one");
    assert_eq!(client.save("a", "two").await.0, 200);

    let client = Client::of(faulty(Version::V12_4, "busy@1-2")).await;
    let folder = json!({ "uid": "f", "title": "F" });
    assert_eq!(client.send("POST", "/api/folders", Some(folder)).await.0, 500);
    assert_eq!(client.status("/api/folders/f").await, 200);
    let source = json!({ "uid": "d", "name": "D", "type": "loki", "access": "proxy" });
    assert_eq!(client.send("POST", "/api/datasources", Some(source)).await.0, 500);
    assert_eq!(client.status("/api/datasources/uid/d").await, 404);
}

#[tokio::test]
async fn requests_are_counted_and_remembered() {
    let client = Client::of(Options { log: true, ..Options::default() }).await;
    client.save("a", "one").await;
    client.status("/api/org?x=1").await;
    assert_eq!(client.running.requests(), Requests { reads: 1, writes: 1 });
    let last = client.running.log().pop().unwrap();
    assert_eq!((last.method.as_str(), last.path.as_str(), last.status), ("GET", "/api/org", Some(200)));
}

#[tokio::test]
async fn a_directory_is_somebody_elses() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("Infra/Linux")).unwrap();
    std::fs::write(directory.path().join("top.json"), r#"{"uid":"top","title":"Top"}"#).unwrap();
    let inner = r#"{"meta":{},"dashboard":{"id":7,"uid":"node","title":"Node"}}"#;
    std::fs::write(directory.path().join("Infra/Linux/node.json"), inner).unwrap();
    for (which, title, level) in [(Version::V12_4, "Linux", 1), (Version::V9_4, "Infra / Linux", 0)] {
        let seeded = Options { seed_dir: Some(directory.path().to_owned()), ..version(which) };
        let client = Client::of(seeded).await;
        let node = client.send("GET", "/api/dashboards/uid/node", None).await.1;
        assert_eq!((&node["meta"]["folderTitle"], &node["meta"]["createdBy"]), (&json!(title), &json!("admin")));
        let folder = format!("/api/folders/{}", node["meta"]["folderUid"].as_str().unwrap());
        let parents = client.send("GET", &folder, None).await.1["parents"].clone();
        assert_eq!(parents.as_array().map_or(0, Vec::len), level);
    }
}

#[tokio::test]
async fn the_ready_line_is_one_line_of_json() {
    let running = start(Options::default()).await.unwrap();
    let line: Value = serde_json::from_str(&running.ready_line()).unwrap();
    assert!(!running.ready_line().contains('\n'));
    assert_eq!((&line["url"], &line["version"]), (&json!(running.url), &json!("12.4.0")));
    assert!(line["tokens"]["viewer"].as_str().unwrap().starts_with("glsa_"));
}

#[tokio::test]
async fn aws_and_every_workspace_are_the_same_the_next_time() {
    let directory = tempfile::tempdir().unwrap();
    let with_aws = || Options { aws: true, ..kept(&directory) };
    let mut lines = Vec::new();
    for _ in 0..2 {
        let running = start(with_aws()).await.unwrap();
        let mut line: Value = serde_json::from_str(&running.ready_line()).unwrap();
        running.shutdown().await.unwrap();
        let aws = line["aws"].as_object().unwrap();
        let variables: Vec<&str> = aws.keys().map(String::as_str).collect();
        let region = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        let key = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        assert_eq!(variables, [&["AWS_ENDPOINT_URL"][..], &region, &key].concat());
        // Where they listen is another place each time.
        for place in ["/url", "/aws/AWS_ENDPOINT_URL"] {
            *line.pointer_mut(place).unwrap() = Value::Null;
        }
        for workspace in line["workspaces"].as_array_mut().unwrap() {
            let endpoint = workspace.as_object_mut().unwrap().remove("endpoint").unwrap();
            assert!(endpoint.as_str().unwrap().starts_with("127.0.0.1:"), "an endpoint has no scheme: {endpoint}");
        }
        lines.push(line);
    }
    assert_eq!(lines[0], lines[1]);
    let versions = lines[0]["workspaces"].as_array().unwrap().iter().map(|w| w["version"].as_str().unwrap());
    assert_eq!(versions.collect::<std::collections::BTreeSet<_>>().len(), 5);
    let beside = directory.path().join("below");
    for name in ["sandbox.json", "sandbox-aws.json", "sandbox-9.4.json"] {
        assert!(beside.join(name).exists(), "{name}");
    }
}

/// What a 12.4 and a 13 make of one request, each after the same that came before.
async fn both(before: &[(&str, &str, Value)], request: (&str, &str, Value)) -> [(u16, Value); 2] {
    let mut answers = Vec::new();
    for which in [Version::V12_4, Version::V13] {
        let client = Client::of(version(which)).await;
        for (method, path, body) in before {
            let (status, told) = client.send(method, path, Some(body.clone())).await;
            assert!(status < 300, "{method} {path}: {status} {told}");
        }
        let (method, path, body) = &request;
        answers.push(client.send(method, path, Some(body.clone())).await);
    }
    answers.try_into().unwrap()
}

const SAVE: &str = "/api/dashboards/db";

fn save_of(dashboard: Value) -> (&'static str, &'static str, Value) {
    ("POST", SAVE, json!({ "dashboard": dashboard, "folderUid": "", "overwrite": false }))
}

#[tokio::test]
async fn a_13_tells_a_conflict_otherwise_than_a_12_4() {
    let first = save_of(json!({ "uid": "a", "title": "A" }));
    let [old, new] = both(&[first], save_of(json!({ "uid": "a", "title": "B", "version": 7 }))).await;
    assert_eq!((old.0, old.1["status"].as_str()), (412, Some("version-mismatch")));
    assert_eq!(new, (409, json!({ "message": "Dashboard already exists. Use overwrite flag to update." })));
}

#[tokio::test]
async fn a_13_refuses_what_a_12_4_mends() {
    for (dashboard, on_12, on_13, told) in [
        (json!({ "uid": "a", "title": "A", "refresh": "1s" }), 200, 400, "Dashboard refresh interval is too low"),
        (json!({ "uid": "a", "title": "A", "version": "1" }), 200, 400, "spec.version has unsupported type"),
        (json!({ "uid": "a", "title": "A", "version": 1.5 }), 200, 400, "spec.version is not an integer"),
        (json!({ "uid": "a" }), 400, 400, "Dashboard spec is missing required title property"),
        (
            json!({ "uid": "a", "title": "A", "elements": {}, "layout": {} }),
            200,
            400,
            "dashboard appears to be in v2",
        ),
        (json!({ "uid": "a", "title": "A", "id": 99 }), 404, 200, ""),
        (json!({ "title": "A", "id": 99 }), 404, 404, "Dashboard not found"),
    ] {
        let [old, new] = both(&[], save_of(dashboard.clone())).await;
        assert_eq!((old.0, new.0), (on_12, on_13), "{dashboard}: {old:?} {new:?}");
        assert!(new.1["message"].as_str().unwrap_or_default().starts_with(told), "{dashboard}: {new:?}");
    }
}

#[tokio::test]
async fn a_13_keeps_the_title_as_it_is_and_drops_byte_order_marks() {
    for (which, title, text) in [(Version::V12_4, "A", "\u{feff}x"), (Version::V13, " A ", "x")] {
        let client = Client::of(version(which)).await;
        let dashboard = json!({ "uid": "a", "title": " A ", "description": "\u{feff}x" });
        assert_eq!(client.send("POST", SAVE, Some(json!({ "dashboard": dashboard }))).await.0, 200);
        let stored = client.send("GET", "/api/dashboards/uid/a", None).await.1;
        assert_eq!(stored["dashboard"]["title"], title, "{which}");
        assert_eq!(stored["dashboard"]["description"], text, "{which}");
    }
}

#[tokio::test]
async fn a_13_does_not_save_over_what_another_tool_manages() {
    let managed = json!({
        "metadata": { "name": "a", "annotations": { "grafana.app/managedBy": "kubectl", "grafana.app/managerId": "x" } },
        "spec": { "title": "A" },
    });
    let saved = save_of(json!({ "uid": "a", "title": "B", "version": 1 }));
    let [old, new] = both(&[("POST", LIST, managed.clone())], saved).await;
    assert_eq!((old.0, new.0, &new.1["message"]), (200, 400, &json!("Cannot save provisioned dashboard")));
    let mut other = managed.clone();
    other["metadata"]["annotations"]["grafana.app/managedBy"] = "terraform".into();
    let path = format!("{LIST}/a");
    let [old, new] = both(&[("POST", LIST, managed)], ("PUT", &path, other)).await;
    assert_eq!((old.0, new.0), (200, 403), "{new:?}");
}

#[tokio::test]
async fn a_13_has_no_numbers_counts_in_the_plural_and_refuses_general() {
    let prometheus = json!({ "name": "p", "uid": "p", "type": "prometheus", "access": "proxy", "url": "http://p" });
    let made = ("POST", "/api/datasources", prometheus.clone());
    let [old, new] = both(std::slice::from_ref(&made), ("GET", "/api/datasources/1", Value::Null)).await;
    assert_eq!((old.0, new.0), (200, 404));
    let mut renamed = prometheus;
    renamed["uid"] = "q".into();
    let [old, new] = both(&[made], ("PUT", "/api/datasources/uid/p", renamed)).await;
    assert_eq!((old.0, new.0), (500, 400));
    let folder = |uid: &str, parent: &str| {
        ("POST", "/api/folders", json!({ "uid": uid, "title": uid, "parentUid": parent }))
    };
    let below = [folder("a", ""), folder("b", "a")];
    let [old, new] = both(&below, ("GET", "/api/folders/a/counts", Value::Null)).await;
    assert_eq!((&old.1["folder"], &new.1["folders"]), (&json!(1), &json!(1)));
    assert!(new.1.get("folder").is_none() && new.1.get("dashboard").is_none(), "{new:?}");
    let [old, new] = both(&[], ("POST", "/api/folders", json!({ "title": "general" }))).await;
    assert_eq!((old.0, new.0), (200, 400));
    let deep = [folder("a", ""), folder("b", "a"), folder("c", "b"), folder("d", "c"), folder("e", "d")];
    let [old, new] = both(&deep, folder("f", "e")).await;
    assert_eq!((old.0, new.0), (500, 400), "{new:?}");
}

#[tokio::test]
async fn a_13_serves_folders_and_dashboards_at_v1() {
    let client = Client::of(version(Version::V13)).await;
    let groups = client.send("GET", "/apis/dashboard.grafana.app", None).await.1;
    let names: Vec<_> = groups["versions"].as_array().unwrap().iter().map(|v| v["version"].clone()).collect();
    assert_eq!(names, ["v2", "v2beta1", "v2alpha1", "v0alpha1", "v1", "v1beta1"]);
    let folders = client.send("GET", "/apis/folder.grafana.app/v1/namespaces/default/folders", None).await;
    assert_eq!((folders.0, &folders.1["apiVersion"]), (200, &json!("folder.grafana.app/v1")));
    let old = Client::of(version(Version::V12_4)).await;
    assert_ne!(old.status("/apis/folder.grafana.app/v1/namespaces/default/folders").await, 200);
}

/// How many pairs of saves of one version were both accepted, of 40 that were sent together.
async fn both_accepted(client: &Client, by_resource: bool) -> usize {
    let uid = if by_resource { "by-resource" } else { "classic" };
    let classic = |version: i64, text: &str| {
        let dashboard = json!({ "uid": uid, "title": uid, "version": version, "text": text });
        ("POST", "/api/dashboards/db".to_owned(), json!({ "dashboard": dashboard, "overwrite": false }))
    };
    let (_, made) = client.send("POST", "/api/dashboards/db", Some(classic(0, "first").2)).await;
    assert_eq!(made["version"], 1, "{made}");
    let mut both = 0;
    for n in 0..40 {
        let (_, now) = client.send("GET", &format!("/api/dashboards/uid/{uid}"), None).await;
        let version = now["dashboard"]["version"].as_i64().unwrap();
        let object = client.send("GET", &format!("{LIST}/{uid}"), None).await.1;
        let save = |text: String| match by_resource {
            true => {
                let mut object = object.clone();
                object["spec"]["text"] = text.into();
                ("PUT", format!("{LIST}/{uid}"), object)
            }
            false => classic(version, &text),
        };
        let (a, b) = (save(format!("a{n}")), save(format!("b{n}")));
        let (a, b) = tokio::join!(client.send(a.0, &a.1, Some(a.2)), client.send(b.0, &b.1, Some(b.2)));
        let accepted = usize::from(a.0 == 200) + usize::from(b.0 == 200);
        let (_, now) = client.send("GET", &format!("/api/dashboards/uid/{uid}"), None).await;
        // The server counts what it stores, whatever the saves said.
        assert_eq!(now["dashboard"]["version"].as_i64().unwrap(), version + i64::try_from(accepted).unwrap());
        both += usize::from(accepted == 2);
    }
    both
}

#[tokio::test]
async fn racy_saves_are_both_accepted_at_the_rates_that_were_measured() {
    let rate =
        async |which, by_resource| both_accepted(&Client::of(faulty(which, "racy-saves")).await, by_resource).await;
    assert!((1..=16).contains(&rate(Version::V9_4, false).await));
    assert!((8..=34).contains(&rate(Version::V12_4, false).await));
    assert!((5..=30).contains(&rate(Version::V12_4Upgraded, false).await));
    assert!((1..=15).contains(&rate(Version::V12_4Upgraded, true).await));
    assert_eq!(rate(Version::V12_4, true).await, 0, "unified storage compares and stores in one step");
    let without = Client::of(version(Version::V9_4)).await;
    assert_eq!(both_accepted(&without, false).await, 0);
}
