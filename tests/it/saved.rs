//! Saved plans: what was reviewed is what is applied, and nothing else.

use std::collections::BTreeMap;
use std::path::PathBuf;

use amgctl::sandbox::Version;
use amgctl::saved::{self, SavedPlan};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Ran, World, dashboard, every, on};

/// The version that the claims are made about that no version of Grafana changes.
const ONE: Version = Version::V12_4;

impl World {
    fn file(&self) -> PathBuf {
        self.home().join("plan.json")
    }

    /// Saves a plan, of which something is to be done.
    #[track_caller]
    fn save_plan(&self, more: &str) -> SavedPlan {
        self.plan_with(&format!("-out plan.json {more}")).exits(2);
        self.saved_plan()
    }

    fn saved_plan(&self) -> SavedPlan {
        SavedPlan::read(&std::fs::read_to_string(self.file()).unwrap()).unwrap()
    }

    fn apply_plan(&self, more: &str) -> Ran {
        self.amgctl(&format!("apply plan.json -input=false {more}"))
    }

    /// A dashboard's title as it is there.
    fn title(&self, uid: &str) -> Option<String> {
        self.live_dashboard(uid).map(|live| live["title"].as_str().unwrap().to_owned())
    }
}

/// Three dashboards, applied; then two of them changed and a fourth added.
fn changed(w: &World) {
    for uid in ["a", "b", "c"] {
        w.json(&format!("dashboards/{uid}.json"), &dashboard(uid, uid));
    }
    w.applied();
    w.json("dashboards/a.json", &dashboard("a", "A2"));
    w.json("dashboards/b.json", &dashboard("b", "B2"));
    w.json("dashboards/d.json", &dashboard("d", "d"));
}

#[test]
fn a_saved_plan_is_applied_without_a_question_and_once() {
    every(|w| {
        changed(w);
        let ran = w.plan_with("-out plan.json");
        ran.exits(2)
            .says("Plan: 1 to add, 2 to change, 0 to destroy.")
            .says("Saved the plan to plan.json (sha256:");
        w.apply_plan("").exits(0).says("1 added, 2 changed, 0 destroyed.");
        w.is_settled();
        w.apply_plan("").exits(4).says("this plan was applied already").writes_nothing();
    });
}

#[test]
fn a_saved_plan_is_shown_as_the_plan_was() {
    on(ONE, |w| {
        changed(w);
        let planned = w.plan_with("-out plan.json");
        let shown = w.amgctl("show plan.json");
        shown.exits(0).says("Plan of stack, by amgctl");
        assert_eq!(shown.out, planned.out);
        assert!(shown.asked.is_empty());
    });
}

#[test]
fn a_saved_plan_says_what_it_is_about() {
    on(ONE, |w| {
        changed(w);
        let mut command = w.command("plan stack -out plan.json");
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_SHA", "4f2a9c1d0e3b4f2a9c1d0e3b4f2a9c1d0e3b4f2a");
        w.run("plan", command).exits(0);
        let plan = w.saved_plan();
        assert_eq!(plan.commit, "4f2a9c1d0e3b4f2a9c1d0e3b4f2a9c1d0e3b4f2a");
        assert_eq!(plan.directory.path, "stack");
        assert_eq!(plan.recorded.len(), 2, "the two that are recorded and change");
        w.amgctl("show plan.json").exits(0).says("Plan of stack at 4f2a9c1d0e3b, by amgctl");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(w.file()).unwrap().permissions().mode() & 0o777, 0o600);
        }
    });
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/plan-1.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == saved::schema(), "run: cargo run -- schema plan > schemas/plan-1.json");
}

#[test]
fn a_directory_that_changed_refuses_the_whole_plan() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("");
        w.json("dashboards/c.json", &dashboard("c", "C2"));
        w.apply_plan("").exits(4).says("is not as it was when the plan was made").writes_nothing();
        w.json("dashboards/c.json", &dashboard("c", "c"));
        w.write("dashboards/README.md", "words");
        w.apply_plan("").exits(0);
    });
}

#[test]
fn a_plan_may_be_saved_in_its_own_directory() {
    on(ONE, |w| {
        changed(w);
        w.plan_with("-out stack/plan.json").exits(2);
        w.plan().exits(2).lacks("plan.json");
        w.amgctl("apply stack/plan.json").exits(0).says("1 added, 2 changed");
        w.is_settled();
    });
}

#[test]
fn what_moved_is_refused_with_who_and_when_and_the_rest_is_applied() {
    every(|w| {
        changed(w);
        w.save_plan("");
        w.edit("a", |live| live["title"] = "theirs".into());
        let ran = w.apply_plan("");
        ran.exits(5).says("dashboard.a").says("saved by admin").says("1 added, 1 changed");
        assert_eq!(w.title("a").unwrap(), "theirs");
        assert_eq!(w.title("b").unwrap(), "B2");
    });
}

#[test]
fn with_all_or_nothing_nothing_is_written_where_something_moved() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("");
        w.edit("a", |live| live["title"] = "theirs".into());
        w.apply_plan("-all-or-nothing").exits(4).says("saved by admin").writes_nothing();
        w.amgctl("apply stack -all-or-nothing").exits(64).says("belongs to saved plans");
    });
}

#[test]
fn where_all_has_moved_nothing_is_written() {
    on(ONE, |w| {
        w.json("dashboards/a.json", &dashboard("a", "a"));
        w.applied();
        w.json("dashboards/a.json", &dashboard("a", "A2"));
        w.save_plan("");
        w.edit("a", |live| live["title"] = "theirs".into());
        w.apply_plan("").exits(4).writes_nothing();
    });
}

#[test]
fn drift_that_a_saved_plan_shows_is_approved_by_it_and_later_drift_is_not() {
    every(|w| {
        changed(w);
        w.edit("a", |live| live["title"] = "theirs".into());
        w.save_plan("");
        w.edit("b", |live| live["title"] = "later".into());
        w.apply_plan("").exits(5);
        assert_eq!(w.title("a").unwrap(), "A2");
        assert_eq!(w.title("b").unwrap(), "later");
    });
}

#[test]
fn what_the_record_says_otherwise_by_now_is_refused() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("");
        // Another run applies one of them, from the same directory.
        w.apply_with("-target=dashboard.a").exits(0);
        let ran = w.apply_plan("");
        ran.exits(5).says("the record says of it has changed").says("1 added, 1 changed");
        w.is_settled();
    });
}

#[test]
fn what_is_made_and_what_is_deleted_meanwhile_is_refused() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("");
        w.save(&dashboard("d", "theirs"), "");
        w.delete("/api/dashboards/uid/a");
        let ran = w.apply_plan("");
        ran.exits(5).says("it was created by").says("was deleted since the plan").says("0 added, 1 changed");
        assert_eq!(w.title("d").unwrap(), "theirs");
        assert_eq!(w.title("a"), None);
    });
}

#[test]
fn what_the_plan_does_not_show_is_left_and_named() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("");
        w.edit("c", |live| live["title"] = "theirs".into());
        w.apply_plan("").exits(0).says("does not show it: `dashboard.c`");
        assert_eq!(w.title("c").unwrap(), "theirs");
    });
}

#[test]
fn a_plan_of_another_workspace_stack_or_format_is_refused() {
    on(ONE, |w| {
        changed(w);
        let plan = w.save_plan("");
        let write = |plan: &SavedPlan| std::fs::write(w.file(), plan.text()).unwrap();
        write(&SavedPlan { workspace: "https://grafana.example.com".into(), ..plan.clone() });
        w.apply_plan("").exits(4).says("the plan is for https://grafana.example.com").writes_nothing();
        w.save_plan("");
        w.apply_plan("-stack other").exits(4).says("the plan is for stack `demo`").writes_nothing();
        write(&SavedPlan { format: 2, ..plan.clone() });
        w.apply_plan("").exits(4).says("in format 2").writes_nothing();
        std::fs::write(w.file(), "{}").unwrap();
        w.apply_plan("").exits(4).says("is no saved plan").writes_nothing();
        w.amgctl("show nothing.json").exits(64).says("there is no file or directory `nothing.json`");
    });
}

#[test]
fn a_plan_that_is_cut_anywhere_is_refused() {
    on(ONE, |w| {
        changed(w);
        let text = w.save_plan("").text();
        for part in 1..12 {
            let mut cut = text.len() * part / 12;
            while !text.is_char_boundary(cut) {
                cut += 1;
            }
            std::fs::write(w.file(), &text[..cut]).unwrap();
            w.apply_plan("").exits(4).says("is cut off").writes_nothing();
        }
        std::fs::write(w.file(), b"\xff\xfe").unwrap();
        w.apply_plan("").exits(4).says("it is not text").writes_nothing();
    });
}

#[test]
fn a_digest_names_the_only_file_that_is_applied() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("");
        let digest = saved::digest(&std::fs::read(w.file()).unwrap());
        let other = saved::digest(b"other");
        w.apply_plan(&format!("-digest {other}")).exits(4).says("whose digest was given").writes_nothing();
        w.apply_plan("-digest sha256:12").exits(64).says("--digest sha256:12");
        w.apply_plan(&format!("-digest {digest}")).exits(0);
        w.apply_with(&format!("-digest {digest}")).exits(64);
    });
}

#[test]
fn a_forged_plan_adds_nothing_to_what_the_directory_says() {
    on(ONE, |w| {
        changed(w);
        w.save(&dashboard("foreign", "theirs"), "");
        let plan = w.save_plan("");
        // Deletes what is not the stack's; writes another body; approves an edit that nobody saw.
        let mut forged: Value = serde_json::from_str(&plan.text()).unwrap();
        let stage = forged["plan"]["stages"][0].as_array_mut().unwrap();
        let mut delete = stage[0].clone();
        delete["address"] = "dashboard.foreign".into();
        delete["action"] = json!({ "do": "delete", "headline": { "title": "theirs" } });
        delete["intent"].take();
        stage.push(delete);
        for change in stage.iter_mut().filter(|change| change["address"] == "dashboard.a") {
            change["intent"]["digest"] = "0".repeat(64).into();
        }
        std::fs::write(w.file(), forged.to_string()).unwrap();
        w.apply_plan("").exits(5).says("1 added, 1 changed, 0 destroyed");
        assert_eq!(w.title("foreign").unwrap(), "theirs");
        assert_eq!(w.title("a").unwrap(), "a");
    });
}

#[test]
fn a_saved_plan_keeps_what_was_allowed_and_takes_no_flag_that_decides() {
    on(ONE, |w| {
        w.save(&dashboard("a", "theirs"), "");
        w.json("dashboards/a.json", &dashboard("a", "A2"));
        w.save_plan("-adopt");
        w.apply_plan("-adopt").exits(64).says("takes no flag that decides");
        w.apply_plan("").exits(0).says("1 adopted");
        w.is_settled();
    });
}

#[test]
fn too_many_deletions_are_refused_for_saved_plans_too() {
    on(ONE, |w| {
        for n in 0..12 {
            w.json(&format!("dashboards/{n}.json"), &dashboard(&format!("d{n}"), &format!("D{n}")));
        }
        w.applied();
        (1..12).for_each(|n| w.remove(&format!("dashboards/{n}.json")));
        w.save_plan("");
        w.apply_plan("").exits(8).says("--max-destroy 11").writes_nothing();
        w.apply_plan("-max-destroy 11").exits(0).says("11 destroyed");
    });
}

#[test]
fn a_plan_to_destroy_is_saved_and_applied() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("-destroy");
        w.apply_plan("").exits(0).says("Destroy complete! Resources: 3 destroyed.");
        assert!(w.everything().is_empty());
    });
}

#[test]
fn a_reviewed_plan_goes_on_where_the_plan_made_anew_is_the_same() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("");
        // A merge changes files that say nothing of the plan's objects otherwise.
        w.write("dashboards/b.json", &serde_json::to_string(&dashboard("b", "B2")).unwrap());
        w.amgctl("apply stack -reviewed plan.json -input=false").exits(0).says("1 added, 2 changed");
        w.is_settled();
    });
}

#[test]
fn a_reviewed_plan_that_differs_ends_with_the_difference() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("");
        w.json("dashboards/e.json", &dashboard("e", "e"));
        w.json("dashboards/b.json", &dashboard("b", "B3"));
        w.remove("dashboards/d.json");
        let ran = w.amgctl("apply stack -reviewed plan.json -input=false");
        ran.exits(4).says("is not what was reviewed").says("`dashboard.e` is to be created");
        ran.says("`dashboard.b`:").says("`dashboard.d` was to be created, and is not any more").writes_nothing();
    });
}

#[test]
fn a_provisional_plan_is_reviewed_and_not_applied() {
    on(ONE, |w| {
        changed(w);
        let mut command = w.command("plan stack -out plan.json");
        command.env("GRAFANA_TOKEN", &w.sandbox.running().tokens.viewer);
        w.run("plan", command).exits(0).says("provisional").says("--reviewed plan.json");
        w.apply_plan("").exits(4).says("is provisional").writes_nothing();
        w.amgctl("apply stack -reviewed plan.json -input=false").exits(0).says("1 added, 2 changed");
        w.is_settled();
    });
}

#[test]
fn a_provisional_review_does_not_approve_what_it_could_not_see() {
    on(ONE, |w| {
        changed(w);
        w.remove("dashboards/c.json");
        let mut command = w.command("plan stack -out plan.json");
        command.env("GRAFANA_TOKEN", &w.sandbox.running().tokens.viewer);
        w.run("plan", command).exits(0).says("provisional");
        let ran = w.amgctl("apply stack -reviewed plan.json -input=false");
        ran.exits(4).says("`dashboard.c` is to be deleted: the reviewed plan does not show it").writes_nothing();
    });
}

#[test]
fn no_secret_is_in_a_saved_plan_and_another_value_refuses_its_data_source() {
    on(ONE, |w| {
        let source = |url: &str| {
            format!(
                "apiVersion: 1\ndatasources:\n  - name: Prom\n    uid: prom\n    type: prometheus\n    url: {url}\n    \
                 basicAuth: true\n    basicAuthUser: u\n    secureJsonData:\n      basicAuthPassword: $__env{{PW}}\n    \
                 jsonData:\n      httpHeaderName1: $__env{{NAME}}\n"
            )
        };
        let with = |password: &str, arguments: &str| {
            let mut command = w.command(arguments);
            command.env("PW", password).env("NAME", "planted-elsewhere");
            w.run(arguments, command)
        };
        w.write("datasources.yaml", &source("http://one:9090"));
        with("planted-first", "plan stack -out plan.json").exits(0);
        with("planted-first", "apply plan.json").exits(0);
        w.write("datasources.yaml", &source("http://two:9090"));
        with("planted-second", "plan stack -out plan.json").exits(0);
        let text = std::fs::read_to_string(w.file()).unwrap();
        assert!(!text.contains("planted"), "{text}");
        let shown = w.amgctl("show plan.json -json");
        assert!(!shown.out.contains("planted"), "{shown}");
        with("planted-third", "apply plan.json").exits(4).says("a secret of it has another value");
        with("planted-second", "apply plan.json").exits(0).says("1 changed");
    });
}

#[test]
fn a_plan_of_a_first_apply_notices_another_value_of_a_secret() {
    for ownership in ["", "ownership: none\n"] {
        on(ONE, |w| {
            w.write("amgctl.yaml", &format!("stack: demo\n{ownership}"));
            w.json("dashboards/a.json", &dashboard("a", "a"));
            w.write(
                "datasources.yaml",
                "apiVersion: 1\ndatasources:\n  - name: Prom\n    uid: prom\n    type: prometheus\n    url: http://p:9090\n    \
                 basicAuth: true\n    basicAuthUser: u\n    secureJsonData:\n      basicAuthPassword: $__env{PW}\n",
            );
            let with = |password: &str, arguments: &str| {
                let mut command = w.command(arguments);
                command.env("PW", password);
                w.run(arguments, command)
            };
            with("planted-first", "plan stack -out plan.json").exits(0);
            assert!(!std::fs::read_to_string(w.file()).unwrap().contains("planted"));
            let other = "a secret of it has another value";
            with("planted-other", "apply stack -reviewed plan.json").exits(4).says(other).writes_nothing();
            with("planted-other", "apply plan.json -all-or-nothing").exits(4).says(other).writes_nothing();
            // Whoever takes the seals out of a file makes of it one that says nothing of secrets.
            let whole = w.saved_plan();
            std::fs::write(w.file(), SavedPlan { seals: None, ..whole }.text()).unwrap();
            with("planted-first", "apply plan.json -all-or-nothing").exits(4).says(other).writes_nothing();
            let digest = save_contained(w, &|arguments| with("planted-first", arguments));
            let apply = format!("apply plan.json -digest {digest}");
            with("planted-other", &format!("{apply} -all-or-nothing")).exits(4).says(other).writes_nothing();
            with("planted-other", &apply).exits(5).says(other).says("1 added");
            assert!(w.live_datasource("prom").is_none());
        });
    }
}

#[test]
fn a_plan_of_a_first_apply_is_applied_where_its_secrets_are_the_same() {
    on(ONE, |w| {
        w.write(
            "datasources.yaml",
            "apiVersion: 1\ndatasources:\n  - name: Prom\n    uid: prom\n    type: prometheus\n    url: http://p:9090\n    \
             secureJsonData:\n      httpHeaderValue1: $__env{PW}\n    jsonData:\n      httpHeaderName1: X\n",
        );
        let with = |password: &str, arguments: &str| {
            let mut command = w.command(arguments);
            command.env("PW", password);
            w.run(arguments, command)
        };
        with("planted", "plan stack -out plan.json").exits(0);
        let key = w.saved_plan().seals.unwrap().key;
        with("planted", "apply plan.json").exits(0).says("1 added");
        with("planted", "plan stack -detailed-exitcode -out next.json").exits(0).says("No changes.");
        let next = std::fs::read_to_string(w.home().join("next.json")).unwrap();
        assert!(!next.contains(&key) && SavedPlan::read(&next).unwrap().seals.is_none(), "{next}");
    });
}

/// Saves a plan that holds what it writes; gives the digest.
#[track_caller]
fn save_contained(w: &World, with: &dyn Fn(&str) -> Ran) -> String {
    let ran = with("plan stack -out plan.json -self-contained");
    ran.exits(0);
    assert!(w.saved_plan().bodies.is_some());
    saved::digest(&std::fs::read(w.file()).unwrap())
}

#[test]
fn a_plan_that_holds_its_bodies_needs_no_directory_and_its_digest() {
    every(|w| {
        changed(w);
        w.json("dashboards/Infra/e.json", &dashboard("e", "e"));
        w.remove("dashboards/c.json");
        let digest = save_contained(w, &|arguments| w.amgctl(arguments));
        std::fs::rename(w.directory(), w.home().join("elsewhere")).unwrap();
        w.apply_plan("").exits(64).says("its digest must be given").writes_nothing();
        w.apply_plan(&format!("-digest {digest}")).exits(0).says("3 added, 2 changed, 1 destroyed.");
        w.apply_plan(&format!("-digest {digest}")).exits(4).says("applied already").writes_nothing();
        std::fs::rename(w.home().join("elsewhere"), w.directory()).unwrap();
        w.is_settled();
    });
}

#[test]
fn a_plan_that_holds_its_bodies_refuses_what_moved() {
    on(ONE, |w| {
        changed(w);
        let digest = save_contained(w, &|arguments| w.amgctl(arguments));
        w.edit("a", |live| live["title"] = "theirs".into());
        w.save(&dashboard("d", "theirs"), "");
        let ran = w.apply_plan(&format!("-digest {digest}"));
        ran.exits(5).says("saved by").says("created by").says("0 added, 1 changed");
        assert_eq!((w.title("a").unwrap().as_str(), w.title("d").unwrap().as_str()), ("theirs", "theirs"));
    });
}

#[test]
fn a_plan_that_holds_its_bodies_touches_only_what_is_the_stacks() {
    on(ONE, |w| {
        changed(w);
        w.save(&dashboard("foreign", "theirs"), "");
        w.json("dashboards/foreign.json", &dashboard("foreign", "ours"));
        save_contained(w, &|arguments| w.amgctl(&format!("{arguments} -adopt=dashboard.foreign")));
        let mut forged: Value = serde_json::from_str(&w.saved_plan().text()).unwrap();
        let stage = forged["plan"]["stages"][0].as_array_mut().unwrap();
        for change in stage.iter_mut().filter(|change| change["address"] == "dashboard.foreign") {
            change["action"] = json!({ "do": "delete", "headline": { "title": "theirs" } });
        }
        // Another body under the digest that was planned.
        forged["bodies"]["dashboard.b"]["text"] = dashboard("b", "forged").to_string().into();
        std::fs::write(w.file(), forged.to_string()).unwrap();
        let digest = saved::digest(&std::fs::read(w.file()).unwrap());
        let ran = w.apply_plan(&format!("-digest {digest}"));
        ran.exits(5)
            .says("the record of the stack does not have it")
            .says("its body is not the one that was planned");
        assert_eq!((w.title("foreign").unwrap().as_str(), w.title("b").unwrap().as_str()), ("theirs", "b"));
    });
}

#[test]
fn values_from_elsewhere_are_fetched_again_and_are_in_no_plan() {
    on(ONE, |w| {
        let source = |url: &str, password: &str| {
            format!(
                "apiVersion: 1\ndatasources:\n  - name: Prom\n    uid: prom\n    type: prometheus\n    url: {url}\n    \
                 basicAuth: true\n    basicAuthUser: $USERNAME\n    secureJsonData:\n      \
                 basicAuthPassword: {password}\n"
            )
        };
        let with = |password: &str, arguments: &str| {
            let mut command = w.command(arguments);
            command.env("PW", password).env("USERNAME", "planted-user");
            w.run(arguments, command)
        };
        w.write("datasources.yaml", &source("http://one:9090", "$__env{PW}"));
        with("planted-first", "apply stack -auto-approve").exits(0);
        w.write("datasources.yaml", &source("http://two:9090", "$__env{PW}"));
        let digest = save_contained(w, &|arguments| with("planted-first", arguments));
        let text = std::fs::read_to_string(w.file()).unwrap();
        assert!(!text.contains("planted") && text.contains("$__env{PW}"), "{text}");
        w.rename("datasources.yaml", "datasources.txt");
        let apply = format!("apply plan.json -digest {digest}");
        with("planted-other", &apply).exits(4).says("a secret of it has another value").writes_nothing();
        w.amgctl(&apply).exits(4).says("is not set").writes_nothing();
        with("planted-first", &apply).exits(0).says("1 changed");
        assert_eq!(w.live_datasource("prom").unwrap()["basicAuthUser"], "planted-user");
        w.rename("datasources.txt", "datasources.yaml");
        with("planted-first", "plan stack -detailed-exitcode").exits(0).says("No changes.");
        // What stands in the directory itself may not stand in a file that travels.
        for literal in ["hunter2", "prefix-$__env{PW}", "$__file{secret.txt}"] {
            w.write("secret.txt", "planted-file");
            w.write("datasources.yaml", &source("http://three:9090", literal));
            let ran = with("planted-first", "plan stack -out other.json -self-contained");
            ran.exits(1).says("`datasource.prom` cannot be in a self-contained plan");
            assert!(!w.home().join("other.json").exists(), "{literal}");
        }
    });
}

#[test]
fn every_saved_plan_is_valid_by_the_published_schema() {
    on(ONE, |w| {
        changed(w);
        w.write(
            "datasources.yaml",
            "apiVersion: 1\ndatasources:\n  - name: Prom\n    uid: prom\n    type: prometheus\n    url: http://p:9090\n    \
             secureJsonData:\n      httpHeaderValue1: $__env{PATH}\n",
        );
        w.json("dashboards/Infra/Linux/e.json", &dashboard("e", "e"));
        w.remove("dashboards/c.json");
        w.edit("b", |live| live["title"] = "theirs".into());
        w.save(&dashboard("d", "theirs"), "");
        let schema: Value = serde_json::from_str(&saved::schema()).unwrap();
        for more in ["", "-self-contained", "-adopt=dashboard.d", "-destroy", "-target=dashboard.a"] {
            w.plan_with(&format!("-out plan.json {more}"));
            let plan: Value = serde_json::from_str(&std::fs::read_to_string(w.file()).unwrap()).unwrap();
            assert_eq!(faults(&schema, &schema, &plan, ""), Vec::<String>::new(), "{more}");
            assert_eq!(w.saved_plan().text(), std::fs::read_to_string(w.file()).unwrap(), "it comes back whole");
            // The schema says something.
            let mut broken = plan.clone();
            broken["plan"]["stages"] = json!("none");
            assert!(!faults(&schema, &schema, &broken, "").is_empty());
        }
    });
}

/// A file that is kept as it was written: what it says is read for as long as its format is.
#[test]
fn the_golden_plan_is_valid_and_shown() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/saved/plan-1.json");
    let text = std::fs::read_to_string(path).unwrap();
    let schema: Value = serde_json::from_str(&saved::schema()).unwrap();
    assert_eq!(faults(&schema, &schema, &serde_json::from_str(&text).unwrap(), ""), Vec::<String>::new());
    let plan = SavedPlan::read(&text).unwrap();
    assert!(plan.text() == text, "it comes back as it was written");
    on(ONE, |w| {
        let ran = w.amgctl(&format!("show {path}"));
        ran.exits(0).says("~ datasource.prom").says("+ dashboard.new").says("- dashboard.old");
        ran.says("Plan: 1 to add, 2 to change, 1 to destroy.");
    });
}

/// Every string of a value, by its pointer.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inside) in map {
                leaves(inside, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, inside)| leaves(inside, &format!("{at}/{n}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(at.to_owned()),
    }
}

#[test]
fn no_file_breaks_what_shows_it_or_writes_to_the_terminal() {
    use amgctl::render::{self, style::Style};
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/saved/plan-1.json");
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut pointers = Vec::new();
    leaves(&golden, "", &mut pointers);
    let mut read = 0;
    for pointer in pointers {
        let evil = "\u{1b}]0;x\u{7}\u{1b}[31m\r\n\u{202e}`|<!--](@x)";
        for other in [json!(evil), json!(""), json!(null), json!(i64::MAX), json!(-1), json!([]), json!({})] {
            let mut broken = golden.clone();
            *broken.pointer_mut(&pointer).unwrap() = other;
            let Ok(plan) = SavedPlan::read(&broken.to_string()) else { continue };
            read += 1;
            let texts = [
                render::human::plan(&plan.plan, &Style { verbose: true, ..Style::default() }),
                render::story::saved::about(&plan, "sha256:0"),
            ];
            for text in texts {
                assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{pointer}: {text:?}");
            }
            let _ = render::terraform::plan(&plan);
            render::stream::plan(&plan.plan).iter().for_each(|line| assert!(!line.text("").contains('\n')));
        }
    }
    assert!(read > 100, "{read}");
    let deep = format!("{{\"amgctlPlan\":1,\"x\":{}", "[".repeat(100_000));
    assert!(SavedPlan::read(&deep).is_err());
}

#[test]
fn a_plan_without_a_record_is_held_to_what_the_workspace_has() {
    on(ONE, |w| {
        w.write("amgctl.yaml", "stack: demo\nownership: none\n");
        changed(w);
        w.save_plan("");
        w.edit("a", |live| live["title"] = "theirs".into());
        w.apply_plan("").exits(5).says("saved by").says("1 added, 1 changed");
        w.apply_plan("").exits(4).writes_nothing();
        assert_eq!(w.title("a").unwrap(), "theirs");
    });
}

#[test]
fn a_plan_whose_directory_is_elsewhere_is_told_where() {
    on(ONE, |w| {
        changed(w);
        w.save_plan("");
        std::fs::rename(w.directory(), w.home().join("moved")).unwrap();
        w.apply_plan("").exits(1).says("made from the directory `stack`, which is not here").writes_nothing();
        w.apply_plan("-directory moved").exits(0);
    });
}

#[test]
fn a_saved_plan_says_with_which_flags_it_is_applied() {
    on(ONE, |w| {
        changed(w);
        let ran = w.amgctl("plan stack --stack other --var A=b --out plan.json");
        ran.says(" --var 'A=…' --stack other").says("applies it");
    });
}

#[test]
fn a_file_that_is_not_there_is_said_before_anybody_is_asked() {
    on(ONE, |w| {
        for command in ["apply nope.json", "apply nope.json -auto-approve", "plan nope.json", "destroy nope.json"] {
            w.amgctl(command).exits(64).says("there is no file or directory `nope.json`").lacks("--auto-approve");
        }
        w.amgctl("validate nope.json").exits(64).says("there is no file or directory `nope.json`");
        w.amgctl("show nope.json").exits(64).says("there is no file or directory `nope.json`");
    });
}

#[test]
fn with_strict_a_plan_that_an_apply_would_refuse_is_an_error() {
    on(ONE, |w| {
        for n in 0..12 {
            w.json(&format!("dashboards/{n}.json"), &dashboard(&format!("d{n}"), &format!("D{n}")));
        }
        w.applied();
        (1..12).for_each(|n| w.remove(&format!("dashboards/{n}.json")));
        w.plan().exits(2).says("warning: this would destroy 11");
        w.plan_with("-strict").exits(8).says("error: this would destroy 11");
    });
}

/// What is wrong with a value by a JSON Schema, as far as the schema of saved plans goes.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    const KNOWN: [&str; 22] = [
        "$schema",
        "$defs",
        "$ref",
        "title",
        "description",
        "type",
        "format",
        "minimum",
        "maximum",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "prefixItems",
        "minItems",
        "maxItems",
        "uniqueItems",
        "oneOf",
        "anyOf",
        "enum",
        "const",
        "default",
    ];
    let Some(object) = schema.as_object() else {
        return if schema == &json!(false) { vec![format!("{at}: not allowed")] } else { Vec::new() };
    };
    let mut found = Vec::new();
    for key in object.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
        found.push(format!("{at}: the test does not know `{key}`"));
    }
    if let Some(path) = object.get("$ref").and_then(Value::as_str) {
        found.extend(faults(root, root.pointer(path.trim_start_matches('#')).unwrap(), value, at));
    }
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    };
    let kinds: Vec<&str> = match object.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind)) {
        found.push(format!("{at}: no {kinds:?}"));
    }
    if object.get("const").is_some_and(|only| only != value)
        || object.get("enum").is_some_and(|all| !all.as_array().unwrap().contains(value))
    {
        found.push(format!("{at}: none of the values"));
    }
    for (key, only_one) in [("oneOf", true), ("anyOf", false)] {
        let Some(all) = object.get(key).and_then(Value::as_array) else { continue };
        let fitting = all.iter().filter(|one| faults(root, one, value, at).is_empty()).count();
        if fitting == 0 || (only_one && fitting > 1) {
            found.push(format!("{at}: {fitting} of {key} fit"));
        }
    }
    if let Some(map) = value.as_object() {
        for key in object.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !map.contains_key(key.as_str().unwrap()) {
                found.push(format!("{at}: without {key}"));
            }
        }
        let known = object.get("properties").and_then(Value::as_object);
        for (key, inside) in map {
            let at = format!("{at}/{key}");
            match (known.and_then(|known| known.get(key)), object.get("additionalProperties")) {
                (Some(schema), _) | (None, Some(schema)) => found.extend(faults(root, schema, inside, &at)),
                (None, None) => {}
            }
        }
    }
    for (n, inside) in value.as_array().into_iter().flatten().enumerate() {
        let prefix = object.get("prefixItems").and_then(|all| all.get(n));
        if let Some(schema) = prefix.or_else(|| object.get("items")) {
            found.extend(faults(root, schema, inside, &format!("{at}/{n}")));
        }
    }
    found
}

/// What happens between a plan and its apply.
#[derive(Clone, Copy, Debug)]
enum Between {
    /// Somebody edits a file.
    File(usize),
    /// Somebody edits it back.
    Back(usize),
    /// Somebody saves an object.
    Object(usize),
    /// Somebody deletes an object.
    Deleted(usize),
    /// Another run of the stack applies one object, from what the directory says then.
    Run(usize),
    /// The plan is applied.
    Applied,
}

const UIDS: [&str; 4] = ["a", "b", "c", "d"];

fn between() -> impl Strategy<Value = Between> {
    let one = 0..UIDS.len();
    prop_oneof![
        one.clone().prop_map(Between::File),
        one.clone().prop_map(Between::Back),
        one.clone().prop_map(Between::Object),
        one.clone().prop_map(Between::Deleted),
        one.prop_map(Between::Run),
        Just(Between::Applied),
    ]
}

/// Each dashboard that is there, with its version and title.
fn stands(w: &World) -> BTreeMap<String, (i64, String)> {
    let all = UIDS.iter().filter_map(|uid| {
        let live = w.live_dashboard(uid)?;
        Some(((*uid).to_owned(), (live["version"].as_i64().unwrap(), live["title"].as_str().unwrap().to_owned())))
    });
    all.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn in_no_order_is_anything_written_whose_body_or_base_was_not_reviewed(
        steps in proptest::collection::vec(between(), 1..6)
    ) {
        let w = World::new(ONE);
        changed(&w);
        let planned = stands(&w);
        let plan = w.save_plan("");
        let reviewed: BTreeMap<&str, &str> = [("a", "A2"), ("b", "B2"), ("d", "d")].into();
        let mut edited: BTreeMap<usize, bool> = BTreeMap::new();
        let mut applied = 0;
        for step in steps.into_iter().chain([Between::Applied, Between::Applied]) {
            match step {
                Between::File(n) => {
                    w.json(&format!("dashboards/{}.json", UIDS[n]), &dashboard(UIDS[n], "edited"));
                    edited.insert(n, true);
                }
                Between::Back(n) => {
                    let title = reviewed.get(UIDS[n]).copied().unwrap_or(UIDS[n]);
                    w.json(&format!("dashboards/{}.json", UIDS[n]), &dashboard(UIDS[n], title));
                    edited.insert(n, false);
                }
                Between::Object(n) => {
                    let title = format!("theirs {}", stands(&w).len());
                    w.save(&dashboard(UIDS[n], &title), "");
                }
                Between::Deleted(n) => {
                    w.send("DELETE", &format!("/api/dashboards/uid/{}", UIDS[n]), None);
                }
                Between::Run(n) => {
                    w.apply_with(&format!("-target=dashboard.{} -on-drift=overwrite", UIDS[n]));
                }
                Between::Applied => {
                    let before = stands(&w);
                    let ran = w.apply_plan("");
                    let after = stands(&w);
                    for uid in UIDS {
                        let (was, is) = (before.get(uid), after.get(uid));
                        if was == is {
                            continue;
                        }
                        prop_assert!(!edited.values().any(|edited| *edited), "the directory was edited: {ran}");
                        prop_assert_eq!(applied, 0, "{}", &ran);
                        prop_assert_eq!(was, planned.get(uid), "{} was not planned against that: {}", uid, &ran);
                        let is = is.map(|(_, title)| title.as_str());
                        prop_assert_eq!(is, reviewed.get(uid).copied(), "{} was not reviewed: {}", uid, &ran);
                    }
                    let wrote = before != after;
                    prop_assert!(!wrote || [0, 5].contains(&ran.code), "{}", &ran);
                    prop_assert!(wrote || ran.code != 5, "{}", &ran);
                    applied += usize::from(wrote);
                }
            }
        }
        prop_assert_eq!(plan, w.saved_plan());
    }
}
