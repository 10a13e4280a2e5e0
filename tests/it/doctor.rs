//! `amgctl doctor`: one page that says whether this will work; it never stops at the first failure, and writes nothing.

use amgctl::sandbox::Version;
use serde_json::Value;

use crate::support::{Managed, PLANTED, Ran, World, dashboard, on, prometheus};

fn doctor(w: &World, variables: &[(&str, &str)]) -> (Ran, Value) {
    let mut command = w.command("doctor stack --json");
    command.envs(variables.iter().copied());
    let ran = w.run("doctor stack --json", command);
    ran.writes_nothing();
    let document = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}\n{ran}"));
    (ran, document)
}

#[track_caller]
fn check(document: &Value, name: &str, state: &str, words: &str) {
    let checks = document["checks"].as_array().unwrap();
    let one = checks.iter().find(|one| one["check"] == name).unwrap_or_else(|| panic!("no {name} in {document:#}"));
    assert_eq!(one["state"], state, "{one}");
    assert!(one["words"].as_str().unwrap().contains(words), "{one}");
    assert_eq!(one["hint"].is_string(), ["warning", "failed"].contains(&state), "{one}");
}

#[test]
fn what_works_is_said_of_each_thing_that_a_run_stands_on() {
    for version in [Version::V9_4, Version::V12_4] {
        on(version, |w| {
            w.json("cpu.json", &dashboard("cpu", "CPU"));
            w.json("amp.json", &prometheus("amp", "AMP"));
            let (ran, document) = doctor(w, &[]);
            ran.exits(0);
            check(&document, "registry", "ok", "has none yet");
            w.applied();
            let (ran, document) = doctor(w, &[("HTTPS_PROXY", &format!("http://me:{PLANTED}@proxy:3128"))]);
            ran.exits(0);
            assert_eq!(document["ok"], true);
            let checks = document["checks"].as_array().unwrap();
            assert_eq!(checks.len(), 12, "{document:#}");
            check(&document, "directory", "ok", "2 objects in 3 files");
            check(&document, "credentials", "ok", "GRAFANA_TOKEN");
            check(&document, "proxy", "ok", "not used for this machine");
            check(&document, "certificate", "ok", "on this machine");
            check(&document, "permissions", "ok", "may do everywhere");
            check(&document, "registry", "ok", "stack `demo` owns 2 objects");
            check(&document, "lease", "ok", "nobody");
            // The embedded workspace does not answer for them, which is said, and is no failure.
            check(&document, "plugins", "not-looked-at", "501");
            check(&document, "quota", "not-looked-at", "501");
        });
    }
}

#[test]
fn each_failure_is_told_with_what_could_not_be_looked_at_because_of_it() {
    on(Version::V12_4, |w| {
        w.json("cpu.json", &dashboard("cpu", "CPU"));
        w.json("amp.json", &prometheus("amp", "AMP"));
        w.applied();
        w.write("broken.json", "{");
        let (ran, document) = doctor(w, &[("GRAFANA_TOKEN", "glsa_nobodys")]);
        ran.exits(1);
        check(&document, "directory", "failed", "1 fault");
        check(&document, "credentials", "failed", "401");
        check(&document, "permissions", "not-looked-at", "because of credentials");
        check(&document, "lease", "not-looked-at", "because of credentials");
        let (ran, document) = doctor(w, &[("AMGCTL_URL", "http://127.0.0.1:1")]);
        ran.exits(1);
        check(&document, "workspace", "failed", "could not be reached");
        check(&document, "version", "not-looked-at", "because of workspace");
        let (ran, document) = doctor(w, &[("GRAFANA_TOKEN", &w.sandbox.running().tokens.viewer)]);
        ran.exits(1);
        check(&document, "permissions", "failed", "dashboards:write");
        check(&document, "registry", "failed", "may not read the folder");
        check(&document, "lease", "not-looked-at", "because of registry");
        let ran = w.amgctl("doctor stack");
        ran.exits(1).says("failed directory").says("hint: `amgctl validate stack`").says("This will not work yet:");
    });
}

#[test]
fn without_credentials_of_aws_the_rest_is_said_all_the_same() {
    let w = World::new(Version::V12_4);
    w.json("cpu.json", &dashboard("cpu", "CPU"));
    let mut command = w.command("doctor stack --workspace g-0000000000 --region eu-west-1 --json");
    command.env_remove("AMGCTL_URL");
    let ran = w.run("doctor without credentials", command);
    ran.exits(1);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    check(&document, "credentials", "failed", "credentials");
    check(&document, "workspace", "not-looked-at", "because of credentials");
    check(&document, "certificate", "not-looked-at", "because of workspace");
    check(&document, "directory", "ok", "1 object");
}

#[test]
fn of_a_managed_workspace_it_says_who_comes_in_and_what_is_missing_for_that() {
    let m = Managed::faulty(Version::V12_4, &[]);
    m.world.json("cpu.json", &dashboard("cpu", "CPU"));
    let document = |ran: &Ran| serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}\n{ran}"));
    let ran = m.aws("doctor stack --json");
    ran.exits(1);
    check(&document(&ran), "credentials", "failed", "no service account `amgctl-demo`");
    check(&document(&ran), "credentials", "failed", "arn:aws:");
    check(&document(&ran), "workspace", "ok", "ACTIVE");
    check(&document(&ran), "registry", "not-looked-at", "because of credentials");
    m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    let ran = m.aws("doctor stack --json");
    ran.exits(0);
    check(&document(&ran), "credentials", "ok", "a token made for the run");
    check(&document(&ran), "permissions", "ok", "may do everywhere");
}
