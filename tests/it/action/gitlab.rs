//! The component of GitLab: the scripts of its jobs, run by `sh` as a runner would, against a GitLab that the test plays.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

use super::{MERGED, managed, text};
use crate::support::{Managed, block_on, dashboard};

const TOKEN: &str = "glpat-planted-token";

/// The component: its inputs and its jobs.
fn component() -> (Value, Value) {
    let text = text("templates/amgctl.yml");
    let (head, jobs) = text.split_once("\n---\n").unwrap();
    (serde_yaml::from_str(head).unwrap(), serde_yaml::from_str(jobs).unwrap())
}

/// Puts inputs in place of `$[[ inputs.NAME ]]`.
fn filled(text: &str, inputs: &BTreeMap<String, String>) -> String {
    let mut parts = text.split("$[[ inputs.");
    let mut filled = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" ]]").unwrap();
        filled.push_str(inputs.get(name).unwrap_or_else(|| panic!("there is no input {name}")));
        filled.push_str(rest);
    }
    filled
}

/// Answers of a GitLab by path; the token has to be given.
struct Played {
    url: String,
    answers: Arc<Mutex<BTreeMap<String, (u16, String)>>>,
}

impl Played {
    fn start() -> Played {
        let answers: Arc<Mutex<BTreeMap<String, (u16, String)>>> = Arc::default();
        let served = Arc::clone(&answers);
        let app = axum::Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
            let known = headers.get("private-token").is_some_and(|token| token == TOKEN);
            let found = served.lock().unwrap().get(uri.path()).cloned().filter(|_| known);
            let (status, text) = found.unwrap_or((404, "{}".into()));
            async move { (StatusCode::from_u16(status).unwrap(), text) }
        });
        let url = block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
            url
        });
        Played { url, answers }
    }

    fn answer(&self, path: &str, value: &Value) {
        self.answers.lock().unwrap().insert(format!("/projects/3/{path}"), (200, value.to_string()));
    }
}

/// Runs a job; gives whether it succeeded, and its log.
fn run(
    managed: &Managed,
    played: &Played,
    job: &str,
    more: &[(&str, &str)],
    variables: &[(&str, &str)],
) -> (bool, String) {
    let (head, jobs) = component();
    let mut inputs = BTreeMap::new();
    for (name, input) in head["spec"]["inputs"].as_object().unwrap() {
        inputs.insert(name.clone(), input["default"].as_str().unwrap().to_owned());
    }
    for (name, value) in [("directory", "stack"), ("workspace", managed.id())].iter().chain(more) {
        assert!(inputs.insert((*name).to_owned(), (*value).to_owned()).is_some(), "there is no input {name}");
    }
    let base = &jobs[".$[[ inputs.job-prefix ]]"];
    let job = &jobs[format!("$[[ inputs.job-prefix ]]-{job}")];
    assert_eq!(job["extends"], ".$[[ inputs.job-prefix ]]");
    let lines = |list: &Value| {
        let lines = list.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    };
    // As the runner has it: both parts are one script.
    let script = format!("set -e\n{}\n{}\n", lines(&base["before_script"]), lines(&job["script"]));
    assert!(!script.contains("$[["), "inputs reach scripts as variables only");
    let log = managed.world.home().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let mut command = Command::new("sh");
    command.arg("-c").arg(&script).env_clear().current_dir(managed.world.home()).stdin(Stdio::null());
    command.stdout(file.try_clone().unwrap()).stderr(file);
    for (name, value) in managed.command("").get_envs() {
        value.map(|value| command.env(name, value));
    }
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_amgctl")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    command
        .env_remove("AMGCTL_WORKSPACE")
        .env("PATH", format!("{}:{path}", program.display()))
        .env("GITLAB_CI", "true")
        .env("CI_PROJECT_URL", "https://gitlab.example.com/acme/infra")
        .env("CI_PROJECT_DIR", managed.world.home())
        .env("CI_API_V4_URL", &played.url)
        .env("CI_PROJECT_ID", "3")
        .env("CI_COMMIT_SHA", MERGED)
        .env("AMGCTL_AWS_TOKEN", "planted-token");
    for (name, value) in base["variables"].as_object().unwrap().iter().chain(job["variables"].as_object().unwrap())
    {
        command.env(name, filled(value.as_str().unwrap(), &inputs));
    }
    command.envs(variables.iter().copied());
    let status = command.status().unwrap();
    let said = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    assert!(!said.contains(TOKEN) && !said.contains("planted"), "{said}");
    (status.success(), said)
}

#[test]
fn the_component_plans_applies_what_was_reviewed_and_finds_drift() {
    let (managed, played) = (managed(), Played::start());
    let with_token = [("GITLAB_TOKEN", TOKEN)];
    let url = format!("http://{}", managed.cloud().workspaces[0].endpoint);
    let viewer = [("workspace", ""), ("url", &*url), ("plan-args", "--secret amgctl/monitoring/viewer")];
    let (succeeded, said) = run(&managed, &played, "plan", &viewer, &[]);
    assert!(succeeded && said.contains("2 to add"), "{said}");
    let read = |name: &str| std::fs::read_to_string(managed.world.home().join(name)).unwrap();
    assert!(read("amgctl-plan.html").contains("dashboard.a"));
    assert_eq!(serde_json::from_str::<Value>(&read("amgctl-terraform.json")).unwrap()["create"], 2);
    assert_eq!(read("amgctl-code-quality.json").trim(), "[]");

    let request = json!([{ "iid": 8, "state": "merged", "source_project_id": 3, "target_project_id": 3, "merge_commit_sha": MERGED,
        "sha": "bbbb", "title": "$(touch pwned)" }]);
    played.answer(&format!("repository/commits/{MERGED}/merge_requests"), &request);
    let pipelines = json!([{ "id": 20, "source": "merge_request_event" }, { "id": 21, "source": "push" }]);
    played.answer("merge_requests/8/pipelines", &pipelines);
    played.answer(
        "pipelines/20/jobs",
        &json!([{ "id": 30, "name": "amgctl-plan", "artifacts_file": { "size": 1 } }]),
    );
    played.answer("jobs/30/artifacts/amgctl-plan.json", &serde_json::from_str(&read("amgctl-plan.json")).unwrap());

    // Something else than was reviewed.
    managed.world.json("dashboards/c.json", &dashboard("c", "C"));
    let (succeeded, said) = run(&managed, &played, "apply", &[], &with_token);
    assert!(!succeeded && said.contains("`dashboard.c` is to be created"), "{said}");
    managed.world.remove("dashboards/c.json");
    let (succeeded, said) = run(&managed, &played, "apply", &[], &with_token);
    assert!(
        succeeded && said.contains("the reviewed plan is that of merge request 8") && said.contains("2 added"),
        "{said}"
    );

    let (succeeded, said) = run(&managed, &played, "drift", &[], &[]);
    assert!(succeeded, "{said}");
    managed.world.edit("a", |live| live["title"] = "by hand".into());
    let (succeeded, said) = run(&managed, &played, "drift", &[], &[]);
    assert!(!succeeded && said.contains("dashboard.a"), "{said}");
    assert!(!managed.world.home().join("pwned").exists());
}

#[test]
fn the_component_says_why_nothing_was_reviewed() {
    let (managed, played) = (managed(), Played::start());
    let required = [("require-review", "true")];
    let (succeeded, said) = run(&managed, &played, "apply", &required, &[]);
    assert!(!succeeded && said.contains("GITLAB_TOKEN is not set"), "{said}");
    // A GitLab that does not answer is no way around a review.
    let with_token = [("GITLAB_TOKEN", TOKEN)];
    let (succeeded, said) = run(&managed, &played, "apply", &[], &with_token);
    assert!(!succeeded && !said.contains("by the guards"), "{said}");
    played.answer(&format!("repository/commits/{MERGED}/merge_requests"), &json!([]));
    let (succeeded, said) = run(&managed, &played, "apply", &required, &with_token);
    assert!(!succeeded && said.contains("no merge request of this project was merged as this commit"), "{said}");
    assert!(managed.world.read("/api/dashboards/uid/a").is_none());
    let (succeeded, said) = run(&managed, &played, "apply", &required, &[("REVIEW", "no")]);
    assert!(succeeded && said.contains("this pipeline was started by hand") && said.contains("2 added"), "{said}");
}
