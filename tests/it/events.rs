//! What machines read of a plan and a run: Terraform's stream, its plan format, its validation, the log; and that tools which
//! read Terraform's text read ours.

use std::collections::BTreeSet;

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{Managed, PLANTED, Ran, World, dashboard, on};

const ONE: Version = Version::V12_4;

/// The events on stdout, which holds nothing else.
#[track_caller]
fn events(ran: &Ran) -> Vec<Value> {
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines[0]["type"], "version", "{ran}");
    for line in &lines {
        for key in ["@level", "@message", "@module", "@timestamp", "type"] {
            assert!(line[key].is_string(), "{key}: {line}");
        }
        line["@timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }
    lines
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

fn two(w: &World) {
    for uid in ["a", "b"] {
        w.json(&format!("dashboards/{uid}.json"), &dashboard(uid, uid));
    }
    w.applied();
    w.json("dashboards/a.json", &dashboard("a", "A2"));
    w.remove("dashboards/b.json");
    w.json("dashboards/c.json", &dashboard("c", "c"));
}

#[test]
fn a_plan_is_a_stream_of_terraforms_events() {
    on(ONE, |w| {
        two(w);
        w.edit("a", |live| live["title"] = "theirs".into());
        let ran = w.plan_with("-json");
        let events = events(ran.exits(2));
        let planned: BTreeSet<(String, String)> = of(&events, "planned_change")
            .iter()
            .map(|event| {
                let change = &event["change"];
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                (text(&change["resource"]["addr"]), text(&change["action"]))
            })
            .collect();
        let wanted = [("dashboard.a", "update"), ("dashboard.b", "delete"), ("dashboard.c", "create")];
        assert_eq!(planned, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
        let drift = of(&events, "resource_drift");
        assert_eq!(drift[0]["change"]["resource"]["resource_type"], "dashboard");
        let summary = of(&events, "change_summary");
        assert_eq!(
            summary[0]["changes"],
            json!({ "add": 1, "change": 1, "import": 0, "remove": 1, "operation": "plan" })
        );
        assert!(ran.err.contains("Plan: 1 to add, 1 to change, 1 to destroy."), "people read stderr");
    });
}

#[test]
fn an_apply_is_a_stream_that_ends_with_what_came_of_it() {
    on(ONE, |w| {
        two(w);
        w.edit("a", |live| live["title"] = "theirs".into());
        let ran = w.apply_with("-json");
        let events = events(ran.exits(5));
        let done = of(&events, "apply_complete");
        assert_eq!(done.len(), 2);
        let made = done.iter().find(|event| event["hook"]["action"] == "create").unwrap();
        assert!(made["amgctl"]["url"].as_str().unwrap().ends_with("/d/c"), "{made}");
        assert_eq!(of(&events, "apply_start").len(), 2);
        let wrong = of(&events, "diagnostic");
        assert!(wrong.iter().any(|event| event["diagnostic"]["address"] == "dashboard.a"), "{ran}");
        let last = events.iter().rev().find(|event| event["type"] == "change_summary").unwrap();
        assert_eq!(last["changes"]["operation"], "apply");
        assert_eq!((&last["changes"]["add"], &last["changes"]["remove"]), (&json!(1), &json!(1)));
        assert_eq!(last["amgctl"]["complete"], false);
    });
}

#[test]
fn events_ask_nobody() {
    on(ONE, |w| {
        two(w);
        let ran = w.amgctl("apply stack -json");
        let events = events(ran.exits(64).writes_nothing());
        let summary = events.last().unwrap()["diagnostic"]["summary"].as_str().unwrap();
        assert!(summary.contains("nobody to ask"), "{summary}");
        w.amgctl("destroy stack -json").exits(64);
        let ran = w.amgctl("destroy stack -json -auto-approve");
        let events = self::events(ran.exits(0));
        assert_eq!(events.last().unwrap()["changes"]["operation"], "destroy");
    });
}

#[test]
fn a_fault_of_a_file_is_a_diagnostic_with_file_and_range() {
    on(ONE, |w| {
        w.write("dashboards/a.json", "{\n  \"uid\": \"a b\",\n  \"title\": \"A\",\n  \"panels\": []\n}");
        let ran = w.amgctl("plan stack -json");
        let events = events(ran.exits(3));
        let fault = &of(&events, "diagnostic")[0]["diagnostic"];
        assert_eq!(fault["severity"], "error");
        assert_eq!(fault["range"]["filename"], "stack/dashboards/a.json");
        assert_eq!(fault["range"]["start"]["line"], 2);
        assert!(fault["snippet"]["code"].as_str().unwrap().contains("\"a b\""));

        let ran = w.amgctl("validate stack -json");
        ran.exits(3);
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((&told["valid"], &told["error_count"]), (&json!(false), &json!(1)));
        assert_eq!(told["format_version"], "1.0");
        assert_eq!(told["diagnostics"][0], *fault);

        w.json("dashboards/a.json", &dashboard("a", "A"));
        let ran = w.amgctl("validate stack -json");
        ran.exits(0);
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(told["valid"], true);
        let ran = w.amgctl("validate nowhere -json");
        ran.exits(64);
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(told["valid"], false);
    });
}

#[test]
fn a_saved_plan_is_shown_in_terraforms_format() {
    on(ONE, |w| {
        two(w);
        w.edit("a", |live| live["title"] = "theirs".into());
        w.plan_with("-out plan.json").exits(2);
        let ran = w.amgctl("show -json plan.json");
        ran.exits(0);
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(told["format_version"], "1.2");
        let change = |address: &str| {
            let all = told["resource_changes"].as_array().unwrap();
            all.iter().find(|one| one["address"] == address).unwrap()["change"].clone()
        };
        assert_eq!(change("dashboard.b")["actions"], json!(["delete"]));
        assert_eq!(change("dashboard.b")["after"], Value::Null);
        assert_eq!(change("dashboard.c")["before"], Value::Null);
        let update = change("dashboard.a");
        assert_eq!(update["actions"], json!(["update"]));
        assert_eq!(update["before"]["values"]["/title"], "theirs");
        assert_eq!(update["after"]["values"]["/title"], "A2");
        assert_eq!(told["resource_drift"][0]["address"], "dashboard.a");
        assert_eq!(told["amgctl"]["amgctlPlan"], 1);
    });
}

/// What tfcmt looks for in the text of Terraform, and how it decides: its `terraform/parser.go`.
#[test]
fn tfcmts_patterns_classify_the_text() {
    // Plan: `(?m)^(Plan: \d|No changes.)`, with changes to destroy `(?m)([1-9][0-9]* to destroy.)`, none `(?m)^(No changes.)`.
    let has_counts = |text: &str| {
        text.lines().any(|line| {
            line.strip_prefix("Plan: ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                || line.starts_with("No changes.")
        })
    };
    let destroys = |text: &str| {
        text.match_indices(" to destroy.").any(|(at, _)| {
            let digits: String = text[..at].chars().rev().take_while(char::is_ascii_digit).collect();
            digits.chars().any(|c| c != '0')
        })
    };
    let nothing = |text: &str| text.lines().any(|line| line.starts_with("No changes."));
    let applied = |text: &str| text.lines().any(|line| line.starts_with("Apply complete!"));
    on(ONE, |w| {
        w.json("dashboards/a.json", &dashboard("a", "a"));
        let plan = w.plan().out;
        assert!(has_counts(&plan) && !destroys(&plan) && !nothing(&plan), "{plan}");
        assert!(applied(&w.applied().out));
        let plan = w.plan().out;
        assert!(has_counts(&plan) && nothing(&plan) && !destroys(&plan), "{plan}");
        w.remove("dashboards/a.json");
        w.json("dashboards/b.json", &dashboard("b", "b"));
        let plan = w.plan().out;
        assert!(has_counts(&plan) && destroys(&plan), "{plan}");
        w.save(&dashboard("b", "theirs"), "");
        // A plan that refuses is a failure by its status.
        w.plan().exits(4);
    });
}

#[test]
fn the_log_says_who_wrote_what_with_digests_before_and_after() {
    on(ONE, |w| {
        two(w);
        let mut command = w.command("apply stack -auto-approve -log audit.jsonl");
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_SHA", "4f2a9c1d0e3b").env("GITHUB_REPOSITORY", "a/b");
        command.env("GITHUB_RUN_ID", "7");
        w.run("apply", command).exits(0);
        let log = || -> Vec<Value> {
            let text = std::fs::read_to_string(w.home().join("audit.jsonl")).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let lines = log();
        assert_eq!((&lines[0]["event"], &lines[4]["event"]), (&json!("start"), &json!("end")), "{lines:?}");
        assert_eq!(lines[0]["commit"], "4f2a9c1d0e3b");
        assert_eq!(lines[0]["holder"], "github/a/b run 7");
        assert_eq!(lines[0]["who"]["kind"], "grafana");
        assert!(lines.iter().all(|line| line["run"] == lines[0]["run"] && line["time"].is_string()));
        let change = |address: &str| lines.iter().find(|line| line["address"] == address).unwrap();
        let update = change("dashboard.a");
        assert_eq!((&update["action"], &update["outcome"]), (&json!("update"), &json!("done")));
        assert!(update["before"].is_string() && update["after"].is_string() && update["before"] != update["after"]);
        assert!(change("dashboard.b")["after"].is_null() && change("dashboard.c")["before"].is_null());
        // Another run adds to it; one that writes nothing does not.
        w.apply_with("-log audit.jsonl").exits(0);
        assert_eq!(log().len(), 5);
        w.amgctl("destroy stack -auto-approve -log audit.jsonl").exits(0);
        assert_eq!(log().last().unwrap()["event"], "end");
        w.json("dashboards/d.json", &dashboard("d", "d"));
        w.apply_with("-log nowhere/audit.jsonl").exits(1).says("cannot be written").writes_nothing();
    });
}

#[test]
fn with_credentials_of_aws_the_log_names_the_caller_and_holds_no_token() {
    let m = Managed::new(ONE);
    m.world.json("dashboards/a.json", &dashboard("a", "A"));
    m.aws("apply stack -auto-approve -log audit.jsonl").exits(0);
    let text = std::fs::read_to_string(m.world.home().join("audit.jsonl")).unwrap();
    let start: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let who = &start["who"];
    assert_eq!((&who["kind"], &who["account"]), (&json!("aws"), &json!("123456789012")), "{start}");
    assert!(who["arn"].as_str().unwrap().starts_with("arn:aws:"), "{start}");
    // The token was made for the run: whose it is says nothing.
    assert!(who.get("login").is_none() && !text.contains("glsa_"), "{text}");
    assert!(text.lines().count() == 3 && text.contains("dashboard.a"), "{text}");
}

#[test]
fn no_secret_is_in_anything_that_machines_read() {
    let w = World::new(ONE);
    let write = |url: &str| {
        w.write(
            "datasources.yaml",
            &format!(
                "apiVersion: 1\ndatasources:\n  - name: Prom\n    uid: prom\n    type: prometheus\n    url: {url}\n    \
                 basicAuth: true\n    basicAuthUser: u\n    secureJsonData:\n      basicAuthPassword: $__env{{PW}}\n    \
                 jsonData:\n      customQueryParameters: $__env{{QUERY}}\n"
            ),
        );
    };
    let run = |arguments: &str| {
        let mut command = w.command(arguments);
        command.env("PW", format!("{PLANTED}-password")).env("QUERY", format!("{PLANTED}-query"));
        // It looks at what is printed itself.
        w.run(arguments, command)
    };
    write("http://one:9090");
    run("plan stack -json -out plan.json");
    run("apply stack -json -auto-approve -log audit.jsonl");
    run("apply plan.json -json -log audit.jsonl");
    write("http://two:9090");
    run("plan stack -json -out plan.json");
    run("show -json plan.json");
    run("show -verbose plan.json");
    run("apply plan.json -json -log audit.jsonl");
    for entry in std::fs::read_dir(w.home()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains(PLANTED), "{}: {text}", path.display());
        }
    }
}
