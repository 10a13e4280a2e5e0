//! Plays a runner of GitHub Actions: the steps of the action, each with its variables and files, and what their log commands.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::expression::{Scope, filled, holds};
use super::forge::{Forge, TOKEN};
use crate::support::{Managed, PLANTED};

/// What started a workflow.
#[derive(Clone)]
pub struct Event {
    /// Its name, as `pull_request`.
    pub name: &'static str,
    /// What GitHub says of it.
    pub payload: Value,
    /// The ref.
    pub reference: String,
    /// The commit.
    pub commit: String,
}

impl Event {
    /// A pull request of a branch of this repository.
    pub fn pull_request() -> Event {
        let head = json!({ "ref": "change", "sha": super::HEAD, "repo": { "full_name": "acme/infra" } });
        let payload =
            json!({ "pull_request": { "number": 7, "title": "Change", "head": head }, "repository": repository() });
        Event { name: "pull_request", payload, reference: "refs/pull/7/merge".into(), commit: "a".repeat(40) }
    }

    /// A push to the default branch.
    pub fn push() -> Event {
        let payload = json!({ "repository": repository() });
        Event { name: "push", payload, reference: "refs/heads/main".into(), commit: super::MERGED.into() }
    }

    /// The clock, on the default branch.
    pub fn schedule() -> Event {
        Event { name: "schedule", ..Event::push() }
    }
}

fn repository() -> Value {
    json!({ "full_name": "acme/infra", "default_branch": "main" })
}

/// A job that ended.
#[derive(Default)]
pub struct Done {
    /// Whether a step failed.
    pub failed: bool,
    /// What was printed, both streams.
    pub log: String,
    /// The action's outputs.
    pub outputs: BTreeMap<String, String>,
    /// What was uploaded: name, file's name, bytes.
    pub artefacts: Vec<(String, String, Vec<u8>)>,
    /// The annotations, as they were printed.
    pub annotations: Vec<String>,
    /// Everything else that the log commanded.
    pub commands: Vec<String>,
    /// The job's summary.
    pub summary: String,
}

impl Done {
    /// Claims that no step failed.
    #[track_caller]
    pub fn succeeds(&self) -> &Done {
        assert!(!self.failed, "the job failed\n{}", self.log);
        self
    }

    /// Claims that a step failed.
    #[track_caller]
    pub fn fails(&self) -> &Done {
        assert!(self.failed, "the job did not fail\n{}", self.log);
        self
    }

    /// Claims that a text was printed.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Done {
        assert!(self.log.contains(text), "wanted `{text}`\n{}", self.log);
        self
    }

    /// The artefact of a name.
    #[track_caller]
    pub fn artefact(&self, name: &str) -> &[u8] {
        let found = self.artefacts.iter().find(|(of, ..)| of == name);
        &found.unwrap_or_else(|| panic!("no artefact {name}\n{}", self.log)).2
    }
}

/// A runner beside a forge and a workspace.
pub struct Runner<'a> {
    /// The workspace, and the checkout.
    pub managed: &'a Managed,
    /// The forge.
    pub forge: &'a Forge,
    /// More variables of the job.
    pub variables: Vec<(&'static str, String)>,
    work: tempfile::TempDir,
}

impl<'a> Runner<'a> {
    /// A new one.
    pub fn new(managed: &'a Managed, forge: &'a Forge) -> Runner<'a> {
        Runner { managed, forge, variables: Vec::new(), work: tempfile::tempdir().unwrap() }
    }

    /// Where the runner keeps what lasts as long as a job.
    pub fn temporary(&self) -> PathBuf {
        self.work.path().join("temp")
    }

    /// Runs the action for an event.
    pub fn job(&self, with: &BTreeMap<String, String>, event: &Event) -> Done {
        let action = super::action();
        let declared = action["inputs"].as_object().unwrap();
        if let Some(unknown) = with.keys().find(|name| !declared.contains_key(*name)) {
            panic!("the action has no input {unknown}");
        }
        let mut scope = Known { event, inputs: BTreeMap::new(), outputs: BTreeMap::new() };
        for (name, input) in declared {
            let default = || filled(input["default"].as_str().unwrap(), &scope);
            let value = with.get(name).cloned().unwrap_or_else(default);
            scope.inputs.insert(name.clone(), value);
        }
        std::fs::create_dir_all(self.temporary()).unwrap();
        let mut done = Done::default();
        for (i, step) in action["runs"]["steps"].as_array().unwrap().iter().enumerate() {
            let runs = step["if"].as_str().map_or(!done.failed, |condition| holds(condition, done.failed, &scope));
            if !runs {
                continue;
            }
            match step["uses"].as_str() {
                Some(uses) => upload(uses, step, &scope, &mut done),
                None => self.step(i, step, &mut scope, &mut done),
            }
        }
        for (name, output) in action["outputs"].as_object().unwrap() {
            done.outputs.insert(name.clone(), filled(output["value"].as_str().unwrap(), &scope));
        }
        assert!(done.commands.is_empty(), "the log commands {:?}\n{}", done.commands, done.log);
        assert!(!done.log.contains(PLANTED) && !done.log.contains(TOKEN), "a secret was printed\n{}", done.log);
        done
    }

    fn step(&self, number: usize, step: &Value, scope: &mut Known<'_>, done: &mut Done) {
        let file = |name: &str| self.work.path().join(format!("{name}-{number}"));
        let written =
            ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH", "GITHUB_ENV"].map(|name| (name, file(name)));
        written.iter().for_each(|(_, path)| std::fs::write(path, "").unwrap());
        let event = file("event");
        std::fs::write(&event, scope.event.payload.to_string()).unwrap();
        let log = file("log");
        let (out, err) = both(&log);
        let script = file("script");
        std::fs::write(&script, step["run"].as_str().expect("a step runs or uses something")).unwrap();
        assert_eq!(step["shell"], "bash");
        // As the runner has it: https://docs.github.com/en/actions/reference/workflow-syntax-for-github-actions
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&script);
        command.env_clear().current_dir(self.managed.world.home()).stdin(Stdio::null()).stdout(out).stderr(err);
        for (name, value) in self.managed.command("").get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .env_remove("AMGCTL_WORKSPACE")
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", super::root())
            .env("GITHUB_API_URL", &self.forge.url)
            .env("GITHUB_EVENT_NAME", scope.event.name)
            .env("GITHUB_EVENT_PATH", &event)
            .env("GITHUB_REF", &scope.event.reference)
            .env("GITHUB_REPOSITORY", "acme/infra")
            .env("GITHUB_SERVER_URL", "https://github.com")
            .env("GITHUB_SHA", &scope.event.commit)
            .env("GITHUB_WORKSPACE", self.managed.world.home())
            .env("RUNNER_ARCH", "X64")
            .env("RUNNER_OS", "Linux")
            .env("RUNNER_TEMP", self.temporary());
        for (name, path) in &written {
            command.env(name, path);
        }
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, filled(value.as_str().unwrap(), &*scope));
        }
        let status = command.status().unwrap();
        done.failed |= !status.success();
        let printed = String::from_utf8(std::fs::read(&log).unwrap()).unwrap();
        let read = |name: &str| std::fs::read_to_string(file(name)).unwrap();
        let id = step["id"].as_str().unwrap_or_default();
        for line in read("GITHUB_OUTPUT").lines() {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("`{line}` is no output\n{printed}"));
            scope.outputs.insert(format!("{id}.{name}"), value.to_owned());
        }
        done.summary.push_str(&read("GITHUB_STEP_SUMMARY"));
        obey(&printed, done);
        done.log.push_str(&printed);
    }
}

/// One file for both streams, so that lines are in the order in which they were printed.
fn both(path: &Path) -> (File, File) {
    std::fs::write(path, "").unwrap();
    let file = File::options().append(true).open(path).unwrap();
    (file.try_clone().unwrap(), file)
}

/// Takes what a runner takes of a log as commands, in both of the forms that it knows.
fn obey(log: &str, done: &mut Done) {
    let mut stopped: Option<String> = None;
    for line in log.lines() {
        let line = line.trim();
        if let Some(word) = &stopped {
            if line == format!("::{word}::") {
                stopped = None;
            }
        } else if let Some(word) = line.strip_prefix("::stop-commands::") {
            assert!(word.len() >= 32, "`{word}` can be guessed");
            stopped = Some(word.to_owned());
        } else if ["::error", "::warning", "::notice"].iter().any(|level| line.starts_with(level)) {
            done.annotations.push(line.to_owned());
        } else if line.starts_with("::") || line.contains("##[") {
            done.commands.push(line.to_owned());
        }
    }
    assert!(stopped.is_none(), "commands are never taken again\n{log}");
}

fn upload(uses: &str, step: &Value, scope: &dyn Scope, done: &mut Done) {
    let commit = uses.strip_prefix("actions/upload-artifact@").unwrap_or_else(|| panic!("{uses} is not played"));
    assert!(commit.len() == 40, "{uses} can be moved to something else");
    let with = |name: &str| filled(step["with"][name].as_str().unwrap(), scope);
    let path = PathBuf::from(with("path"));
    let file = path.file_name().unwrap().to_str().unwrap().to_owned();
    done.artefacts.push((with("name"), file, std::fs::read(path).unwrap()));
}

/// What expressions of a job can name.
pub struct Known<'a> {
    /// What started it.
    pub event: &'a Event,
    /// Inputs by name.
    pub inputs: BTreeMap<String, String>,
    /// Outputs by step and name.
    pub outputs: BTreeMap<String, String>,
}

impl Scope for Known<'_> {
    fn value(&self, name: &str) -> String {
        let of_event = |path: &str| {
            let value = self.event.payload.pointer(&format!("/{}", path.replace('.', "/")));
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let parts: Vec<&str> = name.splitn(4, '.').collect();
        match parts.as_slice() {
            ["inputs", input] => self.inputs.get(*input).cloned().unwrap_or_default(),
            ["steps", step, "outputs", output] => {
                self.outputs.get(&format!("{step}.{output}")).cloned().unwrap_or_default()
            }
            ["github", "token"] => TOKEN.into(),
            ["github", "repository"] => "acme/infra".into(),
            ["github", "event_name"] => self.event.name.into(),
            ["github", "event", ..] => of_event(name.strip_prefix("github.event.").unwrap()),
            _ => panic!("`{name}` is not known here"),
        }
    }
}
