//! `--pull`: each round begins with what is in git, and where that cannot be had, with what was there before.

use std::process::Command;

use amgctl::sandbox::Version;

use super::Loop;
use crate::support::{World, dashboard};

fn git(w: &World, directory: &str, arguments: &str) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=ana", "-c", "user.email=ana@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments.split_whitespace())
        .current_dir(w.home().join(directory))
        .env("HOME", w.home())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A checkout of the stack, and another one that commits are pushed from.
fn clones(w: &World) {
    w.json("one.json", &dashboard("one", "One"));
    git(w, "stack", "init -q");
    git(w, "stack", "add .");
    git(w, "stack", "commit -q -m one");
    git(w, "", "clone -q --bare stack origin.git");
    git(w, "", "clone -q origin.git other");
    w.remove("");
    git(w, "", "clone -q origin.git stack");
}

/// Somebody commits and pushes a dashboard; the commit.
fn push(w: &World, uid: &str) -> String {
    w.json(&format!("../other/{uid}.json"), &dashboard(uid, uid));
    git(w, "other", "add .");
    git(w, "other", &format!("commit -q -m {uid}"));
    git(w, "other", "push -q");
    git(w, "other", "rev-parse HEAD")
}

#[test]
fn what_is_pushed_is_applied_and_a_pull_that_fails_keeps_the_last_state() {
    let w = &World::new(Version::V12_4);
    clones(w);
    let mut run = Loop::begin(w, "--pull --on-drift overwrite");
    run.until_of("created", "one");
    let commit = push(w, "two");
    assert_eq!(run.until_of("created", "two")["metadata"]["revision"], commit);

    std::fs::rename(w.home().join("origin.git"), w.home().join("gone.git")).unwrap();
    let failed = run.until("pull-failed");
    assert!(
        failed["message"].as_str().unwrap().starts_with("git pull failed, the last state is used: "),
        "{failed}"
    );
    assert_eq!(
        (failed["severity"].as_str(), failed["metadata"]["revision"].as_str()),
        (Some("error"), Some(&*commit))
    );
    run.until("succeeded");
    // What is there is still kept as it is.
    w.edit("one", |d| d["title"] = "Mine".into());
    run.until_of("overwritten", "one");
    run.until("succeeded");
    run.until("succeeded");
    let (_, metrics) = run.asks("/metrics");
    assert!(!metrics.contains("amgctl_pull_failures_total 0"), "{metrics}");

    std::fs::rename(w.home().join("gone.git"), w.home().join("origin.git")).unwrap();
    push(w, "three");
    run.until_of("created", "three");
    run.stop();
    git(w, "stack", "status");
    assert!(!w.directory().join(".git/index.lock").exists());
}

#[test]
fn a_history_that_was_rewritten_is_no_fast_forward_and_changes_nothing() {
    let w = &World::new(Version::V12_4);
    clones(w);
    let mut run = Loop::begin(w, "--pull");
    run.until("succeeded");
    w.json("../other/one.json", &dashboard("one", "Another"));
    git(w, "other", "commit -q -a --amend -m another");
    git(w, "other", "push -q --force");
    run.until("pull-failed");
    run.until("succeeded");
    run.stop();
    assert_eq!(w.live_dashboard("one").unwrap()["title"], "One");
}
