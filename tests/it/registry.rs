//! The record in the workspace: who may read it, damage, other stacks, the lease, weak tokens.

use std::sync::{Arc, Mutex};

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{
    Does, PLANTED, Proxy, World, dashboard, every, keeps_secrets, on, prometheus, saves_a_dashboard,
};

fn one(w: &World) {
    w.json("one.json", &dashboard("one", "One"));
}

/// Runs with another token.
fn as_token(w: &World, token: &str, arguments: &str) -> crate::support::Ran {
    let mut command = w.command(arguments);
    command.env("GRAFANA_TOKEN", token);
    w.run(arguments, command)
}

/// A second directory, `other`, that is the stack `other`.
fn other(w: &World, file: &str, value: &Value) {
    let directory = w.home().join("other");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("amgctl.yaml"), "stack: other\n").unwrap();
    std::fs::write(directory.join(file), value.to_string()).unwrap();
}

#[test]
fn the_record_is_for_admins_only() {
    every(|w| {
        one(w);
        w.applied();
        assert_eq!(w.read("/api/folders/amgctl/permissions"), Some(json!([])));
        let tokens = w.sandbox.running().tokens.clone();
        for token in [&tokens.viewer, &tokens.editor] {
            let (status, _) = w.send_as(Some(token), "GET", "/api/dashboards/uid/amgctl-demo", None);
            assert!(status == 403 || status == 404, "{status}");
            let (_, hits) = w.send_as(Some(token), "GET", "/api/search?limit=5000", None);
            assert!(!hits.to_string().contains("amgctl"), "{hits}");
        }
        assert_eq!(w.folder_of("amgctl-demo"), "amgctl");
    });
}

#[test]
fn permissions_that_somebody_gave_on_the_record_are_taken_away() {
    every(|w| {
        one(w);
        w.applied();
        let grant = json!({ "items": [{ "role": "Viewer", "permission": 1 }] });
        w.change("POST", "/api/folders/amgctl/permissions", &grant);
        w.json("two.json", &dashboard("two", "Two"));
        w.apply().exits(0);
        assert_eq!(w.read("/api/folders/amgctl/permissions"), Some(json!([])));
    });
}

#[test]
fn the_folder_of_the_record_is_closed_before_anything_is_in_it() {
    every(|w| {
        one(w);
        let asked = w.applied().asked;
        let at =
            |method: &str, path: &str| asked.iter().position(|r| r.method == method && r.path == path).unwrap();
        let save = asked.iter().position(|r| saves_a_dashboard(&r.method, &r.path)).unwrap();
        assert!(at("POST", "/api/folders/amgctl/permissions") < save);
    });
}

#[test]
fn a_damaged_record_stops_the_run_and_says_how_to_restore_it() {
    every(|w| {
        one(w);
        w.applied();
        w.json("two.json", &dashboard("two", "Two"));
        let damage = |text: &str, with: &str| {
            w.edit("amgctl-demo", |d| {
                let content = &mut d["panels"][1]["panels"][0]["options"]["content"];
                *content = content.as_str().unwrap().replace(text, with).into();
            });
        };
        damage("dashboard.one", "dashboard.two");
        for command in ["plan stack", "apply stack -auto-approve", "destroy stack -auto-approve", "unlock demo"] {
            w.amgctl(&format!(
                "{command} {}",
                if command.starts_with("unlock") { "--directory stack" } else { "" }
            ))
            .exits(1)
            .says("the record of stack `demo` is damaged")
            .says("history")
            .writes_nothing();
        }
        assert!(w.live_dashboard("two").is_none());
        damage("dashboard.two", "dashboard.one");
        w.apply().exits(0).says("1 added");
    });
}

#[test]
fn a_record_whose_panels_were_moved_in_the_browser_is_still_read() {
    every(|w| {
        one(w);
        w.applied();
        w.edit("amgctl-demo", |d| {
            let payload = d["panels"][1]["panels"][0].take();
            d["panels"] = json!([payload, { "type": "text", "id": 9, "title": "hello" }]);
        });
        w.is_settled();
        w.remove("one.json");
        w.json("two.json", &dashboard("two", "Two"));
        w.apply().exits(0).says("1 added, 0 changed, 1 destroyed");
    });
}

#[test]
fn a_record_that_was_deleted_leaves_everything_to_nobody() {
    every(|w| {
        one(w);
        w.applied();
        w.delete("/api/dashboards/uid/amgctl-demo");
        w.plan().exits(0).says("already there and equal, but not ours");
        w.destroy().exits(0).writes_nothing();
        assert!(w.live_dashboard("one").is_some());
        w.apply_with("--adopt").exits(0);
        w.is_settled();
    });
}

#[test]
fn a_record_restored_from_its_history_claims_nothing_that_others_made() {
    every(|w| {
        one(w);
        w.applied();
        let old = w.live_dashboard("amgctl-demo").unwrap();
        w.json("two.json", &dashboard("two", "Two"));
        w.remove("one.json");
        w.applied();
        // Somebody makes a dashboard of their own under the uid that was ours once, then restores the old record.
        w.save(&dashboard("one", "Theirs"), "");
        w.edit("amgctl-demo", |d| d["panels"] = old["panels"].clone());
        let before = w.live_dashboard("one");
        w.apply().says("already there and equal, but not ours");
        w.destroy();
        assert_eq!(w.live_dashboard("one"), before);
        assert!(w.live_dashboard("two").is_some());
    });
}

#[test]
fn two_stacks_of_one_workspace_do_not_touch_each_other() {
    every(|w| {
        one(w);
        w.applied();
        other(w, "two.json", &dashboard("two", "Two"));
        w.amgctl("apply other -auto-approve").exits(0).says("1 added, 0 changed, 0 destroyed");
        w.is_settled();
        w.amgctl("plan other -detailed-exitcode").exits(0);
        w.destroy().exits(0).says("1 destroyed");
        assert!(w.live_dashboard("two").is_some() && w.live_dashboard("amgctl-other").is_some());
        w.amgctl("plan other -detailed-exitcode").exits(0);
        w.amgctl("destroy other -auto-approve").exits(0);
        assert!(w.live_folder("amgctl").is_none());
    });
}

#[test]
fn two_stacks_share_the_folder_of_a_path_and_the_last_one_removes_it() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.applied();
        let directory = w.home().join("other/Infra");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("two.json"), dashboard("two", "Two").to_string()).unwrap();
        other(w, "root.json", &dashboard("three", "Three"));
        w.amgctl("apply other -auto-approve").exits(0).says("2 added");
        assert_eq!(w.folder_of("one"), w.folder_of("two"));
        w.destroy();
        assert!(!w.folder_of("two").is_empty(), "the folder stays while the other stack has something in it");
    });
}

#[test]
fn what_another_stack_recorded_is_never_changed_adopted_or_deleted() {
    every(|w| {
        one(w);
        w.applied();
        let mut theirs = dashboard("one", "One");
        theirs["panels"][0]["title"] = "another".into();
        other(w, "one.json", &theirs);
        let before = w.everything();
        w.amgctl("plan other -detailed-exitcode").exits(4).says("it belongs to stack `demo`");
        w.amgctl("apply other -auto-approve --adopt").exits(4).says("it belongs to stack `demo`").writes_nothing();
        // Nor when it is equal.
        other(w, "one.json", &dashboard("one", "One"));
        w.amgctl("apply other -auto-approve --adopt").exits(4).writes_nothing();
        assert_eq!(w.everything(), before);
    });
}

#[test]
fn an_object_forgotten_in_one_stack_may_be_adopted_by_another() {
    every(|w| {
        one(w);
        w.json("more.json", &dashboard("more", "More"));
        w.applied();
        other(w, "one.json", &dashboard("one", "One"));
        w.amgctl("forget dashboard.one --directory stack").exits(0).says("Forgot `dashboard.one`");
        w.remove("one.json");
        w.amgctl("apply other -auto-approve --adopt").exits(0);
        w.is_settled();
        w.destroy().exits(0);
        assert!(w.live_dashboard("one").is_some());
        w.amgctl("forget dashboard.nothing --directory other")
            .exits(1)
            .says("hint: `amgctl plan other --stack other --url http://127.0.0.1:")
            .says("` shows the addresses");
        w.amgctl("forget dashboard.one1 --directory other").exits(1).says("hint: it has `dashboard.one`");
        w.amgctl("forget nothing --directory other").exits(64);
    });
}

#[test]
fn while_another_stacks_record_is_damaged_nothing_is_adopted_or_deleted() {
    every(|w| {
        other(w, "theirs.json", &dashboard("theirs", "Theirs"));
        w.amgctl("apply other -auto-approve").exits(0);
        one(w);
        w.json("two.json", &dashboard("two", "Two"));
        w.applied();
        w.edit("amgctl-other", |d| d["panels"] = json!([]));
        w.remove("one.json");
        w.json("three.json", &dashboard("three", "Three"));
        w.apply()
            .exits(5)
            .says("the record of stack `other` cannot be read")
            .says("1 added, 0 changed, 0 destroyed");
        assert!(w.live_dashboard("one").is_some());
        w.json("theirs.json", &dashboard("theirs", "Theirs"));
        w.apply_with("--adopt").exits(4);
    });
}

/// Holds an apply in the middle of its first write, with the lease taken.
fn held(w: &World) -> (Proxy, crate::support::Child) {
    let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
        if seen.method == "DELETE" || (seen.saves_a_dashboard() && seen.write >= 4) {
            Does::HoldBefore
        } else {
            Does::Pass
        }
    });
    let child = w.begin_at(&proxy, "apply stack -auto-approve");
    proxy.holds();
    (proxy, child)
}

#[test]
fn of_two_applies_at_once_one_wins_and_the_other_says_who_holds_the_lease() {
    every(|w| {
        one(w);
        let (proxy, child) = held(w);
        w.amgctl("plan stack").exits(0);
        let second = w.apply();
        second.exits(7).says("stack `demo` is being applied by").says("since 20");
        // The command in the hint is a whole one: as it stands there, it ends that lease.
        second.says("`amgctl unlock --directory stack --stack demo --url http://127.0.0.1:");
        second.writes_nothing();
        w.destroy().exits(7).writes_nothing();
        proxy.release();
        child.ends().exits(0).says("1 added");
        w.is_settled();
    });
}

#[test]
fn the_holder_is_named_as_the_ci_knows_it() {
    every(|w| {
        one(w);
        let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
            if seen.saves_a_dashboard() && seen.write >= 4 { Does::HoldBefore } else { Does::Pass }
        });
        let mut command = w.command("apply stack -auto-approve");
        command.env("AMGCTL_URL", &proxy.url).env("GITHUB_REPOSITORY", "acme/infra").env("GITHUB_RUN_ID", "8812");
        let child = crate::support::Child::start("amgctl apply".into(), command);
        proxy.holds();
        w.apply().exits(7).says("github/acme/infra run 8812");
        proxy.release();
        child.ends().exits(0);
    });
}

#[test]
fn a_lease_is_waited_for_as_long_as_is_said() {
    every(|w| {
        one(w);
        let (proxy, first) = held(w);
        let second = w.begin("apply stack -auto-approve --lock-timeout 60s");
        // The second one has read the record that is held, and waits.
        while !w.sandbox.log().iter().rev().take(40).any(|r| r.path.ends_with("/amgctl-demo")) {
            std::thread::yield_now();
        }
        proxy.release();
        first.ends().exits(0).says("1 added");
        second.ends().exits(0).says("No changes.");
    });
}

#[test]
fn a_run_that_waits_for_a_lease_reads_the_record_and_nothing_else_and_warns_once() {
    for version in [Version::V9_4, Version::V12_4] {
        on(version, |w| {
            one(w);
            // A reference that leads nowhere, to be warned of when the rest is read.
            let mut refers = dashboard("refers", "Refers");
            refers["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "nowhere" });
            w.json("refers.json", &refers);
            w.write("amgctl.yaml", "stack: demo\nunknown_references: warn\n");
            let (proxy, first) = held(w);
            let asked = Arc::new(Mutex::new(Vec::new()));
            let noted = asked.clone();
            let seen = Proxy::before(&w.sandbox.running().url, move |seen| {
                noted.lock().unwrap().push(seen.path.to_owned());
                Does::Pass
            });
            let second = w.begin_at(&seen, "apply stack -auto-approve --lock-timeout 60s");
            let is_record = |path: &String| path.ends_with("/amgctl-demo");
            while asked.lock().unwrap().iter().filter(|path| is_record(path)).count() < 3 {
                std::thread::yield_now();
            }
            let waiting = asked.lock().unwrap().clone();
            let begun = waiting.iter().position(is_record).unwrap();
            assert!(waiting[begun..].iter().all(is_record), "{waiting:?}");
            proxy.release();
            first.ends().exits(0).says("2 added");
            let second = second.ends();
            second.exits(0).says("No changes.");
            assert_eq!(second.err.matches("warning[").count(), 1, "{second}");
        });
    }
}

#[test]
fn a_lease_is_ended_early_by_unlock_and_the_first_run_stops() {
    every(|w| {
        for n in 0..3 {
            w.json(&format!("d{n}.json"), &dashboard(&format!("d{n}"), &format!("D{n}")));
        }
        let (proxy, first) = held(w);
        w.amgctl("unlock --directory stack").exits(0).says("is ended");
        w.amgctl("unlock demo").exits(0).says("Nobody holds a lease on stack `demo`");
        proxy.release();
        first.ends().exits(7).says("another run has taken over");
        // What the first one had in flight is found and kept.
        w.apply().exits(0);
        w.is_settled();
    });
}

#[test]
fn what_cannot_be_unlocked_says_what_to_do() {
    every(|w| {
        w.amgctl("unlock demo").exits(1).says("no record of stack `demo`").says("hint: check the stack's name");
        one(w);
        let (held, first) = held(w);
        let full = r#"{"message":"the disk is full"}"#;
        let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
            if seen.is_write() { Does::Answer(400, "application/json", full.into(), None) } else { Does::Pass }
        });
        let ran = w.begin_at(&proxy, "unlock demo").ends();
        ran.exits(1).says("the workspace refused the record: the disk is full").says("hint: try again");
        held.release();
        first.ends().exits(0);
    });
}

#[test]
fn a_lease_that_ran_out_by_the_servers_clock_is_nobodys() {
    every(|w| {
        one(w);
        let (proxy, first) = held(w);
        // The clock that counts is the server's: it is an hour later there.
        let later = Proxy::before(&w.sandbox.running().url, |_| Does::Later(3600));
        let mut command = w.command("apply stack -auto-approve");
        command.env("AMGCTL_URL", &later.url);
        let second = crate::support::Child::start("amgctl apply".into(), command).ends();
        second.exits(0);
        proxy.release();
        assert_ne!(first.ends().code, 0);
        w.is_settled();
    });
}

#[test]
fn without_ownership_nothing_is_recorded_or_deleted() {
    every(|w| {
        w.write("amgctl.yaml", "stack: demo\nownership: none\n");
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.json("two.json", &dashboard("two", "Two"));
        w.json("prom.json", &prometheus("prom", "Prom"));
        w.apply().exits(0).says("4 added");
        assert!(w.live_folder("amgctl").is_none());
        w.plan().exits(0);
        w.edit("two", |d| d["panels"][0]["title"] = "theirs".into());
        w.plan().exits(2).says("1 to change").lacks("outside");
        w.apply().exits(0).says("1 changed");
        assert_eq!(w.live_dashboard("two").unwrap()["panels"][0]["title"], "load");
        w.remove("two.json");
        w.apply().exits(0);
        assert!(w.live_dashboard("two").is_some());
        w.destroy().writes_nothing();
    });
}

#[test]
fn a_viewer_plans_what_can_be_known_and_is_told_the_rest_once() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.json("two.json", &dashboard("two", "Two"));
        w.json("prom.json", &prometheus("prom", "Prom"));
        w.applied();
        w.remove("two.json");
        let mut changed = dashboard("one", "One");
        changed["panels"][0]["title"] = "changed".into();
        w.json("Infra/one.json", &changed);
        let viewer = w.sandbox.running().tokens.viewer.clone();
        let plan = as_token(w, &viewer, "plan stack -detailed-exitcode");
        plan.exits(9).writes_nothing();
        plan.says("not known: what the stack owns: what left the directory and would be deleted");
        plan.says("provisional").says("dashboard.one").says("0 to destroy").lacks("dashboard.two");
        assert_eq!(plan.out.matches("this plan cannot be applied").count(), 1, "{plan}");
        let before = w.everything();
        for command in ["apply stack -auto-approve --adopt --on-drift overwrite", "destroy stack -auto-approve"] {
            as_token(w, &viewer, command).exits(6).says("nothing was written").writes_nothing();
        }
        assert_eq!(w.everything(), before);
    });
}

#[test]
fn a_plan_that_finds_nothing_with_a_weak_token_claims_nothing() {
    every(|w| {
        w.json("one.json", &dashboard("one", "One"));
        w.json("two.json", &dashboard("two", "Two"));
        w.applied();
        // What is left is as it is live; that the other one would be deleted, this token cannot know.
        w.remove("two.json");
        w.plan().exits(2).says("1 to destroy");
        let viewer = w.sandbox.running().tokens.viewer.clone();
        for (arguments, status) in [("plan stack -detailed-exitcode", 9), ("plan stack", 0)] {
            let plan = as_token(w, &viewer, arguments);
            plan.exits(status).writes_nothing().lacks("No changes").lacks("matches the directory");
            plan.says("not known: what the stack owns: what left the directory and would be deleted");
            plan.says("Nothing to do that this token can see");
        }
        let plan = as_token(w, &viewer, "plan stack -destroy -detailed-exitcode");
        plan.exits(9).says("not known: what the stack owns, and so what would be destroyed").lacks("No changes");
    });
}

#[test]
fn a_viewer_of_an_empty_workspace_writes_nothing() {
    every(|w| {
        one(w);
        let tokens = w.sandbox.running().tokens.clone();
        as_token(w, &tokens.viewer, "apply stack -auto-approve").exits(6).writes_nothing();
        assert!(w.everything().is_empty());
    });
}

#[test]
fn an_editor_cannot_apply_where_the_record_is() {
    every(|w| {
        one(w);
        w.applied();
        w.json("two.json", &dashboard("two", "Two"));
        let editor = w.sandbox.running().tokens.editor.clone();
        as_token(w, &editor, "apply stack -auto-approve").exits(6).says("nothing was written").writes_nothing();
        as_token(w, &editor, "unlock demo").exits(6).writes_nothing();
    });
}

#[test]
fn a_token_that_is_refused_is_one_message_and_few_requests() {
    every(|w| {
        one(w);
        for command in ["plan stack", "apply stack -auto-approve", "destroy stack -auto-approve", "unlock demo"] {
            let ran = as_token(w, &format!("glsa_{PLANTED}_wrong"), command);
            ran.exits(6).says("refused the token").says("401");
            assert!(ran.asked.len() <= 3, "{:?}", ran.asked);
            assert_eq!(ran.err.matches("error").count(), 1, "{ran}");
        }
        let mut command = w.command("plan stack");
        command.env_remove("GRAFANA_TOKEN");
        let ran = w.run("plan stack", command);
        ran.exits(6).says("GRAFANA_TOKEN");
        assert!(ran.asked.is_empty());
    });
}

#[test]
fn an_expired_token_is_said_to_be_expired() {
    every(|w| {
        one(w);
        let made = w.change("POST", "/api/serviceaccounts", &json!({ "name": "short", "role": "Admin" }));
        let path = format!("/api/serviceaccounts/{}/tokens", made["id"]);
        let made = w.change("POST", &path, &json!({ "name": "short", "secondsToLive": 1 }));
        let token = made["key"].as_str().unwrap();
        while w.send_as(Some(token), "GET", "/api/org", None).0 == 200 {
            std::thread::yield_now();
        }
        as_token(w, token, "plan stack").exits(6).says("401").says("xpired");
    });
}

/// Applies 20 dashboards with a token that dies at the tenth write; how often it was refused.
fn token_dies(w: &World, arguments: &str) -> usize {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    for n in 0..20 {
        w.json(&format!("d{n:02}.json"), &dashboard(&format!("d{n:02}"), &format!("D{n:02}")));
    }
    let (dead, refused) = (AtomicBool::new(false), std::sync::Arc::new(AtomicUsize::new(0)));
    let count = refused.clone();
    let proxy = Proxy::before(&w.sandbox.running().url, move |seen| {
        if seen.is_write() && seen.write > 9 {
            dead.store(true, Ordering::SeqCst);
        }
        if !dead.load(Ordering::SeqCst) {
            return Does::Pass;
        }
        count.fetch_add(1, Ordering::SeqCst);
        Does::Answer(401, "application/json", r#"{"message":"Expired API key"}"#.into(), None)
    });
    let ran = w.begin_at(&proxy, &format!("apply stack -auto-approve {arguments}")).ends();
    keeps_secrets(&ran);
    ran.exits(6).says("401").says("not started");
    assert_eq!(ran.err.matches("error:").count(), 1, "{ran}");
    refused.load(Ordering::SeqCst)
}

#[test]
fn a_token_that_dies_in_the_middle_stops_the_run_and_what_was_done_is_kept() {
    every(|w| {
        let refused = token_dies(w, "-parallelism=4");
        // What was under way when it died, and one question for all of it.
        assert!(refused <= 12, "{refused} refusals");
        // The lease was not released: nobody could. It is this machine's and its holder is dead, so nobody waits.
        w.apply().exits(0);
        w.is_settled();
        assert_eq!(w.everything().len(), 20);
    });
}

#[test]
fn a_token_that_dies_is_asked_for_once() {
    every(|w| {
        assert_eq!(token_dies(w, "-parallelism=1"), 2, "the write, and the question whether that is true");
    });
}

#[test]
fn two_stacks_that_apply_at_once_for_the_first_time_both_end_complete() {
    every(|w| {
        for n in 0..6 {
            w.json(&format!("Infra/a{n}.json"), &dashboard(&format!("a{n}"), &format!("A{n}")));
            other(w, &format!("b{n}.json"), &dashboard(&format!("b{n}"), &format!("B{n}")));
        }
        // Neither finds a folder of records, so both make it.
        let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
            if seen.write == 1 && seen.is_write() { Does::HoldBefore } else { Does::Pass }
        });
        let first = w.begin_at(&proxy, "apply stack -auto-approve");
        proxy.holds();
        w.begin("apply other -auto-approve").ends().exits(0).says("6 added, 0 changed, 0 destroyed");
        proxy.release();
        first.ends().exits(0).says("7 added, 0 changed, 0 destroyed");
        w.is_settled();
        w.amgctl("plan other -detailed-exitcode").exits(0).says("No changes.");
        assert!(w.live_dashboard("amgctl-demo").is_some() && w.live_dashboard("amgctl-other").is_some());
        assert_eq!(w.read("/api/folders/amgctl/permissions"), Some(json!([])));
    });
}
