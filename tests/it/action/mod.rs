//! The action as a workflow uses it: its steps are run as a runner would, with the program as a release has it, against the
//! embedded workspace and a forge that the test plays. The workflow is the one of docs/ci.md.

mod expression;
mod forge;
mod gitlab;
mod runner;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use amgctl::sandbox::Version;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Managed, dashboard};
use expression::{filled, holds};
use forge::Forge;
use runner::{Done, Event, Known, Runner};

/// The last commit of the pull request.
const HEAD: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
/// The commit that it was merged as.
const MERGED: &str = "cccccccccccccccccccccccccccccccccccccccc";
/// What the release for the runner that is played is called.
const ARCHIVE: &str = "amgctl-x86_64-unknown-linux-musl.tar.gz";
/// The artefact of the directory `stack`.
const ARTEFACT: &str = "amgctl-stack-82375707";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn action() -> Value {
    serde_yaml::from_str(&text("action.yml")).unwrap()
}

/// What Cargo.toml says of itself on the first line that begins so.
fn manifest(key: &str) -> String {
    let text = text("Cargo.toml");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = \""))).unwrap();
    line.trim_end_matches('"').to_owned()
}

/// `owner/name` of the repository.
fn repository() -> String {
    manifest("repository").strip_prefix("https://github.com/").unwrap().to_owned()
}

/// The workflow of docs/ci.md.
fn workflow() -> Value {
    let page = text("docs/ci.md");
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let uses = format!("uses: {}@", repository());
    serde_yaml::from_str(blocks.into_iter().find(|block| block.contains(&uses)).unwrap()).unwrap()
}

/// The jobs of the workflow that an event starts, each with what it gives the action.
fn jobs(event: &Event) -> Vec<(String, BTreeMap<String, String>)> {
    let workflow = workflow();
    assert!(workflow["on"].as_object().unwrap().contains_key(event.name), "the workflow is not for {}", event.name);
    let scope = Known { event, inputs: BTreeMap::new(), outputs: BTreeMap::new() };
    let mut found = Vec::new();
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        if !holds(job["if"].as_str().unwrap(), false, &scope) {
            continue;
        }
        let steps = job["steps"].as_array().unwrap().iter();
        for step in steps.filter(|step| step["uses"].as_str().unwrap().starts_with(&format!("{}@", repository()))) {
            let with = step["with"].as_object().unwrap().iter();
            let with = with.map(|(key, value)| (key.clone(), filled(value.as_str().unwrap(), &scope)));
            found.push((name.clone(), with.collect()));
        }
    }
    found
}

/// Runs the workflow's only job for an event, in the workspace of the test instead of the page's.
fn run(runner: &Runner<'_>, event: &Event, more: &[(&str, &str)]) -> Done {
    let (_, mut with) = jobs(event).pop().expect("a job is started");
    with.insert("directory".into(), "stack".into());
    with.insert("base-url".into(), format!("{}/releases", runner.forge.url));
    if with.contains_key("url") {
        with.insert("url".into(), format!("http://{}", runner.managed.cloud().workspaces[0].endpoint));
    }
    if with.contains_key("workspace") {
        with.insert("workspace".into(), runner.managed.id().into());
    }
    with.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    runner.job(&with, event)
}

/// A workspace as docs/ci.md has it: pull requests read the token of a Viewer, and whoever applies makes its own.
fn managed() -> Managed {
    let managed = Managed::new(Version::V12_4);
    managed.aws("bootstrap-identity stack --role viewer --secret amgctl/monitoring/viewer -auto-approve").exits(0);
    managed.world.json("dashboards/a.json", &dashboard("a", "A"));
    managed.world.json("dashboards/b.json", &dashboard("b", "B"));
    managed
}

/// A forge with a release, which holds the program as this test was built with it.
fn released() -> Forge {
    static RELEASE: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    let forge = Forge::start();
    forge.state().release = RELEASE
        .get_or_init(|| {
            let into = tempfile::tempdir().unwrap();
            let (program, dist) = (into.path().join("amgctl"), into.path().join("dist"));
            // Without what debuggers need it is packed in a third of the time.
            let stripped = Command::new("strip").arg("-o").arg(&program).arg(env!("CARGO_BIN_EXE_amgctl")).status();
            if !stripped.is_ok_and(|status| status.success()) {
                std::fs::copy(env!("CARGO_BIN_EXE_amgctl"), &program).unwrap();
            }
            let bash = |script: &str, arguments: &[&Path]| {
                let status = Command::new("bash").arg(root().join(script)).args(arguments).status().unwrap();
                assert!(status.success(), "{script}");
            };
            bash("scripts/release/pack.sh", &[Path::new("x86_64-unknown-linux-musl"), &program, &dist]);
            bash("scripts/release/checksums.sh", &[&dist]);
            let files = std::fs::read_dir(&dist).unwrap().map(|file| file.unwrap().path());
            files.map(|file| (name_of(&file), std::fs::read(&file).unwrap())).collect()
        })
        .clone();
    forge
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn title(managed: &Managed, uid: &str) -> String {
    let read = managed.world.read(&format!("/api/dashboards/uid/{uid}")).unwrap();
    read["dashboard"]["title"].as_str().unwrap().to_owned()
}

#[test]
fn one_workflow_plans_applies_what_was_reviewed_and_finds_drift() {
    let (managed, forge) = (managed(), released());
    let runner = Runner::new(&managed, &forge);
    let world = &managed.world;

    // The first push has no pull request.
    run(&runner, &Event::push(), &[]).succeeds().says("no pull request was merged as this commit");
    world.json("dashboards/a.json", &dashboard("a", "A2"));
    world.json("dashboards/c.json", &dashboard("c", "C"));

    // The pull request: a comment, a page, the plan.
    let planned = run(&runner, &Event::pull_request(), &[]);
    planned.succeeds().says("1 to add, 1 to change").says("installed amgctl ");
    let counts =
        ["adds", "changes", "destroys", "drift", "exitcode", "command"].map(|name| &*planned.outputs[name]);
    assert_eq!(counts, ["1", "1", "0", "0", "9", "plan"]);
    let comment = |n: usize| forge.state().comments[n]["body"].as_str().unwrap().to_owned();
    assert!(comment(0).contains("dashboard.a") && planned.summary.contains("dashboard.a"), "{}", comment(0));
    let page = String::from_utf8(planned.artefact(&format!("{ARTEFACT}-page")).to_vec()).unwrap();
    assert!(page.contains("<svg") && page.contains("dashboard.c"), "{page}");
    let digest = hex::encode(Sha256::digest(planned.artefact(ARTEFACT)));
    assert_eq!(planned.outputs["digest"], format!("sha256:{digest}"));
    assert_eq!(title(&managed, "a"), "A", "a plan writes nothing");

    // A push to it with a fault: annotated where it is, and the one comment says so.
    world.write("dashboards/d.json", r#"{"uid": "a b", "title": "D", "panels": []}"#);
    let broken = run(&runner, &Event::pull_request(), &[]);
    broken.fails();
    let annotation =
        broken.annotations.iter().find(|line| line.starts_with("::error file=stack/dashboards/d.json,line=1"));
    assert!(annotation.is_some(), "{:?}\n{}", broken.annotations, broken.log);
    assert!(forge.state().comments.len() == 1 && comment(0).contains("d.json"), "{}", comment(0));

    // The fault is mended, and it is merged.
    world.remove("dashboards/d.json");
    let planned = run(&runner, &Event::pull_request(), &[]);
    forge.keep(planned.succeeds(), HEAD);
    forge.merge(HEAD, MERGED);
    let applied = run(&runner, &Event::push(), &[]);
    applied.succeeds().says("the reviewed plan is that of pull request 7").says("1 added, 1 changed");
    assert_eq!((&*applied.outputs["reviewed"], &*applied.outputs["exitcode"]), ("7", "0"));
    assert_eq!(title(&managed, "a"), "A2");

    // At night.
    run(&runner, &Event::schedule(), &[]).succeeds().says("the workspace is as the directory says");
    world.edit("b", |live| live["title"] = "by hand".into());
    let drift = run(&runner, &Event::schedule(), &[]);
    drift.fails().says("dashboard.b").says("changed by hand, or merged and not applied");
    assert_eq!((&*drift.outputs["exitcode"], &*drift.outputs["drift"]), ("2", "1"));
    assert_eq!(title(&managed, "b"), "by hand");
}

#[test]
fn what_was_not_reviewed_is_not_applied() {
    let (managed, forge) = (managed(), released());
    let runner = Runner::new(&managed, &forge);
    let planned = run(&runner, &Event::pull_request(), &[]);
    forge.keep(planned.succeeds(), HEAD);
    forge.merge(HEAD, MERGED);
    managed.world.json("dashboards/c.json", &dashboard("c", "C"));
    let applied = run(&runner, &Event::push(), &[]);
    applied.fails().says("`dashboard.c` is to be created").says("not applied as reviewed");
    assert_eq!(applied.outputs["exitcode"], "4");
    assert!(managed.world.read("/api/dashboards/uid/a").is_none());

    // Nor with a review that is required; what somebody starts by hand is another matter.
    let by_hand = Event { name: "workflow_dispatch", ..Event::push() };
    let asked = [("command", "apply"), ("require-review", "true")];
    run(&runner, &by_hand, &asked).fails().says("nothing is applied: there is no reviewed plan");

    // A forge that does not answer, or answers with something else, is no way around a review.
    for (below, status, text) in [
        ("/repos/acme/infra/commits/", 403, "{}"),
        ("/repos/acme/infra/commits/", 200, "{}"),
        ("/repos/acme/infra/commits/", 200, "<html>"),
        ("/repos/acme/infra/actions/runs", 404, "{}"),
        ("/repos/acme/infra/actions/runs", 200, "{}"),
        ("/repos/acme/infra/actions/artifacts", 410, "{}"),
        ("/repos/acme/infra/actions/artifacts", 200, "no archive"),
    ] {
        forge.state().instead = Some((below, status, text));
        let applied = run(&runner, &Event::push(), &[]);
        applied.fails();
        assert!(managed.world.read("/api/dashboards/uid/a").is_none(), "{below} {status} {text}\n{}", applied.log);
    }
    forge.state().instead = None;

    // What there is to say where there is none; with `require-review` nothing is applied then.
    let none = |why: &str| {
        let applied = run(&runner, &Event::push(), &[("require-review", "true")]);
        applied.fails().says(why).says("nothing is applied: there is no reviewed plan");
        assert!(managed.world.read("/api/dashboards/uid/a").is_none());
    };
    forge.state().artefacts[0].1["expired"] = true.into();
    none("of pull request 7 has expired");
    forge.state().artefacts[0].1["expired"] = false.into();
    forge.state().runs[0]["head_repository"]["id"] = 2.into();
    none(&format!("pull request 7 has no artefact {ARTEFACT} at its last commit"));
    forge.state().runs[0]["head_repository"]["id"] = 1.into();
    forge.state().runs[0]["event"] = "push".into();
    none("has no artefact");
    forge.state().runs[0]["event"] = "pull_request".into();
    forge.state().pulls[0]["head"]["repo"]["full_name"] = "stranger/infra".into();
    none("pull request 7 is from a fork, whose plan is not trusted");
    forge.state().pulls[0]["merge_commit_sha"] = "d".repeat(40).into();
    none("no pull request was merged as this commit");
    // Without it the guards of an apply are all there is.
    let applied = run(&runner, &by_hand, &[("command", "apply")]);
    applied.succeeds().says("by the guards of an apply").says("3 added");
}

#[test]
fn titles_branches_and_texts_are_never_commands() {
    let (managed, forge) = (managed(), released());
    let mut runner = Runner::new(&managed, &forge);
    let hostile =
        "$(touch pwned) `touch pwned` \"; touch pwned; ' && touch pwned | x ${{ github.token }} %0A::error::x";
    let command =
        "::set-output name=plan::/etc/passwd\n::add-mask::a\n##[add-mask]b\n::stop-commands::x\n::error::forged";
    let mut live = dashboard("a", hostile);
    live["panels"][0]["title"] = hostile.into();
    live["description"] = command.into();
    managed.world.json("dashboards/a.json", &live);
    managed.world.json("dashboards/$(touch pwned).json", &dashboard("c", command));
    runner.variables = vec![("GITHUB_HEAD_REF", hostile.into()), ("GITHUB_ACTOR", hostile.into())];
    let mut event = Event::pull_request();
    event.payload["pull_request"]["title"] = hostile.into();
    event.payload["pull_request"]["body"] = command.into();
    event.payload["pull_request"]["head"]["ref"] = hostile.into();
    event.payload["repository"]["default_branch"] = hostile.into();
    let planned =
        run(&runner, &event, &[("args", "--secret amgctl/monitoring/viewer --target $(touch${IFS}pwned)")]);
    planned.fails();
    let planned = run(&runner, &event, &[]);
    planned.succeeds();
    assert!(planned.annotations.iter().all(|line| !line.contains("forged")), "{:?}", planned.annotations);
    assert_eq!(
        planned.artefacts.iter().map(|(_, file, _)| &**file).collect::<Vec<_>>(),
        ["plan.json", "plan.html"]
    );
    forge.keep(&planned, HEAD);
    forge.merge(HEAD, MERGED);
    run(&runner, &Event::push(), &[]).succeeds().says("the reviewed plan is that of pull request 7");
    assert_eq!(title(&managed, "a"), hostile);
    managed.world.edit("a", |live| live["description"] = format!("{command}\n{command}").into());
    run(&runner, &Event::schedule(), &[]).fails();
    let mut folders = vec![managed.world.home().to_owned(), runner.temporary()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            assert_ne!(entry.file_name(), "pwned", "{:?}", entry.path());
            folders.extend(entry.file_type().unwrap().is_dir().then(|| entry.path()));
        }
    }
}

#[test]
fn what_is_not_wanted_is_left_out() {
    let (managed, forge) = (managed(), released());
    let runner = Runner::new(&managed, &forge);
    let off = [("comment", "false"), ("summary", "false"), ("page", "false"), ("artifact", "mine")];
    let planned = run(&runner, &Event::pull_request(), &off);
    planned.succeeds();
    assert!(forge.state().comments.is_empty() && planned.summary.is_empty());
    assert_eq!(planned.artefacts.iter().map(|(name, ..)| &**name).collect::<Vec<_>>(), ["mine"]);
    run(&runner, &Event::pull_request(), &[("page", "yes")]).fails().says("the input page is true or false");
    run(&runner, &Event::pull_request(), &[("command", "destroy")]).fails().says("the input command is");
    // One argument a line may hold spaces.
    let args = "--secret\namgctl/monitoring/viewer\n--target\ndashboard.a b\n";
    run(&runner, &Event::pull_request(), &[("args", args)]).fails().says("dashboard.a b");
}

#[test]
fn an_archive_that_is_not_what_its_checksum_says_is_refused() {
    let managed = Managed::faulty(Version::V12_4, &[]);
    let forge = Forge::start();
    let check = |files: &[(&str, &[u8])], says: &str| {
        forge.state().release = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        let runner = Runner::new(&managed, &forge);
        let done = run(&runner, &Event::push(), &[]);
        done.fails().says(says);
        assert!(!runner.temporary().join("amgctl-0.1.0-x86_64-unknown-linux-musl").exists(), "it was installed");
        assert!(forge.state().asked.iter().all(|asked| asked.starts_with("GET /releases/")), "no other step runs");
    };
    let sum = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let line = |bytes: &[u8], name: &str| format!("{}  {name}\n", sum(bytes));
    let good = line(b"archive", ARCHIVE);
    check(&[(ARCHIVE, b"tampered"), ("SHA256SUMS", good.as_bytes())], "is not what SHA256SUMS says");
    check(&[(ARCHIVE, b"archive")], "SHA256SUMS of version 0.1.0 could not be downloaded");
    check(&[("SHA256SUMS", good.as_bytes())], &format!("{ARCHIVE} of version 0.1.0 could not be downloaded"));
    let none = "SHA256SUMS has no checksum";
    check(&[(ARCHIVE, b"archive"), ("SHA256SUMS", b"")], none);
    check(&[(ARCHIVE, b"archive"), ("SHA256SUMS", b"<html>")], none);
    check(&[(ARCHIVE, b"archive"), ("SHA256SUMS", line(b"archive", &format!("not-{ARCHIVE}")).as_bytes())], none);
    check(&[(ARCHIVE, b"archive"), ("SHA256SUMS", format!("{good}{}", line(b"x", ARCHIVE)).as_bytes())], none);
    // What is whole and holds no program.
    let done = {
        forge.state().release = BTreeMap::from([
            (ARCHIVE.into(), b"archive".to_vec()),
            ("SHA256SUMS".into(), good.clone().into_bytes()),
        ]);
        run(&Runner::new(&managed, &forge), &Event::push(), &[])
    };
    done.fails();
}

#[test]
fn inputs_that_are_none_are_refused() {
    let managed = Managed::faulty(Version::V12_4, &[]);
    let forge = Forge::start();
    let runner = Runner::new(&managed, &forge);
    for (input, value, says) in [
        ("base-url", "http://releases.example.com", "is not https"),
        ("base-url", "file:///etc", "is not https"),
        ("repository", "acme", "is not OWNER/NAME"),
        ("repository", "a/b/../c", "is not OWNER/NAME"),
        ("version", "1.0.0/../../x", "neither latest nor a version"),
        ("version", "main", "neither latest nor a version"),
        ("artifact", "../x", "the input artifact has other characters"),
    ] {
        run(&runner, &Event::push(), &[(input, value)]).fails().says(says);
    }
    assert!(forge.state().asked.is_empty());
}

#[test]
fn the_event_decides_what_is_run() {
    let decide = |name: &str, reference: &str| {
        let work = tempfile::tempdir().unwrap();
        let (event, output) = (work.path().join("event"), work.path().join("output"));
        std::fs::write(&event, json!({ "repository": { "default_branch": "main" } }).to_string()).unwrap();
        let status = Command::new("bash")
            .arg(root().join("scripts/action/decide.sh"))
            .env("GITHUB_EVENT_NAME", name)
            .env("GITHUB_EVENT_PATH", &event)
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_REF", reference)
            .env("RUNNER_TEMP", work.path())
            .envs([
                ("INPUT_COMMAND", "auto"),
                ("INPUT_DIRECTORY", "stack"),
                ("INPUT_STACK", ""),
                ("INPUT_ARTIFACT", ""),
            ])
            .output()
            .unwrap()
            .status;
        let text = std::fs::read_to_string(&output).unwrap_or_default();
        status.success().then(|| {
            assert!(text.contains(&format!("\nartifact={ARTEFACT}\n")), "{text}");
            assert_eq!(text.ends_with("review=yes\n"), text.starts_with("command=apply\n"), "{text}");
            text.lines().next().unwrap().to_owned()
        })
    };
    for (name, reference, command) in [
        ("pull_request", "refs/pull/7/merge", "plan"),
        ("push", "refs/heads/main", "apply"),
        ("push", "refs/heads/other", "plan"),
        ("push", "refs/heads/main/x", "plan"),
        ("push", "refs/tags/main", "plan"),
        ("schedule", "refs/heads/main", "drift"),
        ("workflow_dispatch", "refs/heads/main", "plan"),
        ("merge_group", "refs/heads/gh-readonly-queue/main/x", "plan"),
    ] {
        assert_eq!(decide(name, reference), Some(format!("command={command}")), "{name} {reference}");
    }
    assert_eq!(decide("pull_request_target", "refs/heads/main"), None);
    assert_eq!(decide("workflow_run", "refs/heads/main"), None);
}

#[test]
fn the_workflow_of_the_page_starts_one_job_an_event() {
    let names = |event: &Event| jobs(event).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&Event::pull_request()), ["plan"]);
    assert_eq!(names(&Event::push()), ["apply"]);
    assert_eq!(names(&Event::schedule()), ["apply"]);
    let mut fork = Event::pull_request();
    fork.payload["pull_request"]["head"]["repo"]["full_name"] = "stranger/infra".into();
    assert!(names(&fork).is_empty(), "a fork gets no credentials");
    let event = Event { name: "workflow_dispatch", ..Event::push() };
    assert_eq!(jobs(&event)[0].1["command"], "auto");
}

#[test]
fn the_repository_and_the_version_are_what_cargo_toml_says() {
    let (repository, version) = (repository(), manifest("version"));
    assert_eq!(action()["inputs"]["repository"]["default"], repository);
    let image = format!("ghcr.io/{repository}:{version}");
    assert!(text("templates/amgctl.yml").contains(&format!("default: {image}-git\n")));
    assert!(
        text("Cargo.toml").contains(
            r#"pkg-url = "{ repo }/releases/download/v{ version }/{ name }-{ target }{ archive-suffix }""#
        )
    );
    let mut named = 0;
    for page in ["README.md", "docs/ci.md", "docs/review.md", "docs/reconcile.md"] {
        for (i, line) in text(page).lines().enumerate() {
            assert!(!line.contains("cargo install"), "{page}:{}: no job compiles", i + 1);
            for (before, after) in [("uses: ", "@v"), ("github.com/", "/releases/download/v"), ("ghcr.io/", ":")] {
                let Some((_, rest)) = line.split_once(&format!("{before}{repository}{after}")) else { continue };
                assert!(rest.starts_with(&version), "{page}:{}: {line}", i + 1);
                named += 1;
            }
            assert!(
                !line.contains("/amgctl@")
                    || line.contains(&format!("{repository}@"))
                    || line.contains("component"),
                "{page}:{}",
                i + 1
            );
        }
    }
    assert!(named >= 6, "{named}");
}

#[test]
fn every_action_of_others_is_one_commit() {
    let mut files = vec![PathBuf::from("action.yml")];
    let workflows = std::fs::read_dir(root().join(".github/workflows")).unwrap();
    files.extend(workflows.map(|file| Path::new(".github/workflows").join(file.unwrap().file_name())));
    let mut seen = 0;
    for file in files {
        for (i, line) in text(file.to_str().unwrap()).lines().enumerate() {
            let Some((_, uses)) = line.split_once("uses: ") else { continue };
            let commit = uses.split_once('@').map(|(_, rest)| rest.split(' ').next().unwrap()).unwrap();
            let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_commit && uses.contains(" # v"), "{}:{}: {uses}", file.display(), i + 1);
            seen += 1;
        }
    }
    assert!(seen > 5);
}
