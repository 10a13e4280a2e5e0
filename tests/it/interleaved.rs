//! Runs that interleave, each at the moment that matters: who loses the race for the lease, whose lease is ended while it
//! writes, two stacks that make one folder, a record that two have held, one that is damaged while a run waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use amgctl::kinds;
use amgctl::model::{Owned, Pending};
use amgctl::registry::{Lease, Record};
use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{Child, Does, Proxy, World, dashboard, every, on, prometheus, saves_a_dashboard};

/// A second directory of the same stack from the same place.
fn second(w: &World, uids: &[&str]) {
    let directory = w.home().join("second");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("amgctl.yaml"), "stack: demo\norigin: here\n").unwrap();
    for uid in uids {
        std::fs::write(directory.join(format!("{uid}.json")), written_by("second", uid).to_string()).unwrap();
    }
}

/// A directory of another stack.
fn other(w: &World, file: &str, value: &Value) {
    let path = w.home().join("other").join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(w.home().join("other/amgctl.yaml"), "stack: other\n").unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

fn written_by(run: &str, uid: &str) -> Value {
    let mut dashboard = dashboard(uid, &format!("Dashboard {uid}"));
    dashboard["panels"][0]["title"] = run.into();
    dashboard
}

/// The stack `demo` from a place that the second directory is from as well, with one dashboard applied.
fn begun(w: &World) {
    w.write("amgctl.yaml", "stack: demo\norigin: here\n");
    w.json("one.json", &written_by("before", "one"));
    w.applied();
    w.json("one.json", &written_by("first", "one"));
}

/// Holds the save of the record that takes the lease: the first write of a run of a stack that was applied before.
fn before_the_lease(w: &World, arguments: &str) -> (Proxy, Child) {
    let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
        if seen.write == 1 && seen.is_write() { Does::HoldBefore } else { Does::Pass }
    });
    let child = w.begin_at(&proxy, &format!("apply stack -auto-approve {arguments}"));
    proxy.holds();
    (proxy, child)
}

/// Holds a run in the middle of its first write to an object, with the lease taken.
fn writing(w: &World, directory: &str) -> (Proxy, Child) {
    let proxy =
        Proxy::before(
            &w.sandbox.running().url,
            |seen| {
                if seen.saves_an_object() { Does::HoldBefore } else { Does::Pass }
            },
        );
    let child = w.begin_at(&proxy, &format!("apply {directory} -auto-approve -parallelism=1"));
    proxy.holds();
    (proxy, child)
}

#[test]
fn a_run_that_comes_second_to_the_lease_plans_anew_and_applies() {
    every(|w| {
        begun(w);
        let (proxy, first) = before_the_lease(w, "");
        second(w, &["one"]);
        w.amgctl("apply second -auto-approve").exits(0).says("1 changed");
        proxy.release();
        // What it had planned against is not there any more; what is, is its own stack's.
        let first = first.ends();
        first.exits(0).says("planning again").says("1 changed");
        assert_eq!(w.live_dashboard("one").unwrap()["panels"][0]["title"], "first");
        w.is_settled();
    });
}

#[test]
fn a_run_that_comes_second_waits_for_the_lease_as_long_as_is_said() {
    for version in [Version::V9_4, Version::V12_4, Version::V12_4Upgraded] {
        on(version, |w| {
            begun(w);
            second(w, &["one"]);
            let (hurried_at, hurried) = before_the_lease(w, "");
            let (patient_at, patient) = before_the_lease(w, "--lock-timeout 60s");
            let (holding, holder) = writing(w, "second");
            hurried_at.release();
            hurried.ends().exits(7).says("stack `demo` is being applied by").lacks("taken over");
            patient_at.release();
            holding.release();
            holder.ends().exits(0).says("1 changed");
            patient.ends().exits(0).says("planning again").says("1 changed");
            w.is_settled();
        });
    }
}

#[test]
fn a_run_whose_lease_is_ended_while_it_writes_does_not_write_beside_the_next_one() {
    every(|w| {
        begun(w);
        w.json("two.json", &written_by("first", "two"));
        second(w, &["one", "two"]);
        let (held, first) = writing(w, "stack");
        w.amgctl("unlock --directory stack").exits(0).says("is ended").says("notices within 15 seconds");
        // The next run reads the record until the first one must have noticed, by the server's clock.
        let (reads, later) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (read, is_later) = (reads.clone(), later.clone());
        let proxy = Proxy::before(&w.sandbox.running().url, move |seen| {
            read.fetch_add(usize::from(seen.path.ends_with("/amgctl-demo")), Ordering::SeqCst);
            assert!(!seen.is_write() || is_later.load(Ordering::SeqCst), "{} {}", seen.method, seen.path);
            if is_later.load(Ordering::SeqCst) { Does::Later(60) } else { Does::Pass }
        });
        let mut next = w.begin_at(&proxy, "apply second -auto-approve");
        next.until(|| reads.load(Ordering::SeqCst) >= 2);
        held.release();
        // It may finish what it begins within ten seconds; then it looks, and stops.
        first.ends().exits(7).says("another run has taken over the record");
        later.store(true, Ordering::SeqCst);
        next.ends().exits(0);
        for uid in ["one", "two"] {
            assert_eq!(w.live_dashboard(uid).unwrap()["panels"][0]["title"], "second", "{uid}");
        }
        w.amgctl("plan second -detailed-exitcode").exits(0);
    });
}

#[test]
fn a_record_damaged_while_a_run_waits_says_how_to_restore_it_and_writes_nothing() {
    every(|w| {
        begun(w);
        let (proxy, first) = before_the_lease(w, "");
        w.edit("amgctl-demo", |d| {
            let content = &mut d["panels"][1]["panels"][0]["options"]["content"];
            *content = content.as_str().unwrap().replace("dashboard.one", "dashboard.two").into();
        });
        let before = w.everything();
        proxy.release();
        let ran = first.ends();
        ran.exits(1).says("the record of stack `demo` is damaged").says("history").lacks("apply again");
        assert_eq!(w.everything(), before);
    });
}

#[test]
fn two_stacks_that_make_a_folder_in_the_same_moment_share_it_without_hands() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        other(w, "Infra/two.json", &dashboard("two", "Two"));
        let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
            if seen.path == "/api/folders" && seen.body.contains("Infra") { Does::HoldBefore } else { Does::Pass }
        });
        let first = w.begin_at(&proxy, "apply stack -auto-approve");
        proxy.holds();
        w.amgctl("apply other -auto-approve").exits(0).says("2 added");
        proxy.release();
        first.ends().exits(0);
        shared_by_both(w);
    });
}

/// Both stacks have recorded the folder as made by them: the server answered neither that it was there.
fn recorded_by_both(w: &World, mut second: impl FnMut(&World)) {
    w.json("Infra/one.json", &dashboard("one", "One"));
    other(w, "Infra/two.json", &dashboard("two", "Two"));
    let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
        let is_it = seen.path == "/api/folders" && seen.body.contains("Infra");
        let locked = r#"{"message":"database is locked"}"#;
        if is_it { Does::HoldAnswer(500, "application/json", locked) } else { Does::Pass }
    });
    let first = w.begin_at(&proxy, "apply stack -auto-approve");
    proxy.holds();
    second(w);
    proxy.release();
    first.ends().exits(0);
}

/// Claims that one folder holds what both stacks declare, that neither is stuck, and that it is removed in the end.
#[track_caller]
fn shared_by_both(w: &World) {
    assert_eq!(w.folder_of("one"), w.folder_of("two"));
    for _ in 0..2 {
        w.amgctl("plan stack -detailed-exitcode").exits(0).says("No changes.");
        w.amgctl("plan other -detailed-exitcode").exits(0).says("No changes.");
        w.apply().exits(0);
        w.amgctl("apply other -auto-approve").exits(0);
    }
    // Whoever owns it keeps it while the other has something in it.
    let folder = w.folder_of("two");
    w.destroy();
    assert!(w.live_dashboard("two").is_some() && w.live_folder(&folder).is_some());
    w.amgctl("plan other -detailed-exitcode").exits(0).says("No changes.");
    w.amgctl("destroy other -auto-approve").exits(0);
    assert!(w.live_dashboard("two").is_none());
    w.destroy();
    assert!(w.live_folder(&folder).is_none());
}

#[test]
fn a_folder_that_two_stacks_of_one_account_have_recorded_is_settled_without_hands() {
    every(|w| {
        recorded_by_both(w, |w| {
            w.amgctl("apply other -auto-approve").exits(0).says("2 added");
        });
        let plans = [w.amgctl("plan stack"), w.amgctl("plan other")];
        let lets_go = plans.iter().filter(|plan| plan.out.contains("at the same moment: it is used as it is"));
        assert_eq!(lets_go.count(), 1, "exactly one of them lets go: {plans:?}");
        shared_by_both(w);
    });
}

#[test]
fn a_folder_that_two_stacks_have_recorded_is_kept_by_the_one_whose_account_made_it() {
    every(|w| {
        let made = w.change("POST", "/api/serviceaccounts", &json!({ "name": "theirs", "role": "Admin" }));
        let path = format!("/api/serviceaccounts/{}/tokens", made["id"]);
        let token = w.change("POST", &path, &json!({ "name": "theirs" }))["key"].as_str().unwrap().to_owned();
        let as_them = |w: &World, arguments: &str| {
            let mut command = w.command(arguments);
            command.env("GRAFANA_TOKEN", &token);
            w.run(arguments, command)
        };
        recorded_by_both(w, |w| {
            as_them(w, "apply other -auto-approve").exits(0).says("2 added");
        });
        w.amgctl("plan stack").says("was made by stack `other` at the same moment");
        as_them(w, "plan other").exits(0).lacks("at the same moment");
        let folder = w.folder_of("two");
        w.destroy().exits(0);
        assert!(w.live_folder(&folder).is_some());
        as_them(w, "destroy other -auto-approve").exits(0);
        assert!(w.live_folder(&folder).is_none());
    });
}

#[test]
fn what_a_run_that_the_record_knows_has_saved_is_not_outside() {
    every(|w| {
        w.json("one.json", &written_by("first", "one"));
        w.applied();
        // A second run, which has left no message at this dashboard yet.
        w.json("two.json", &written_by("first", "two"));
        w.applied();
        let record = Record::of_dashboard(&w.live_dashboard("amgctl-demo").unwrap()).unwrap();
        let saved_by = |run: &str| {
            let mut saved = w.live_dashboard("one").unwrap();
            saved["panels"][0]["title"] = "what that run has made of it".into();
            let message = format!("amgctl run {run}");
            let body = json!({ "dashboard": saved, "overwrite": false, "message": message });
            w.change("POST", "/api/dashboards/db", &body);
        };
        saved_by(&record.runs[0].run);
        w.plan().exits(2).lacks("outside").says("1 to change");
        w.apply().exits(0).says("1 changed");
        // A run of another stack, or a message that somebody typed, is somebody else's.
        saved_by("0123456789abcdef");
        w.plan().says("outside");
        w.apply().exits(4).writes_nothing();
    });
}

#[test]
fn what_two_runs_left_that_held_the_lease_at_once_is_taken_in_by_the_next() {
    every(|w| {
        w.json("one.json", &written_by("first", "one"));
        w.applied();
        let read = || Record::of_dashboard(&w.live_dashboard("amgctl-demo").unwrap()).unwrap();
        let before = read();
        w.json("new.json", &dashboard("new", "New"));
        w.applied();
        let after = read();
        // As two runs leave it whose saves were both accepted, and who were killed before either could say more: one has
        // made `new`, the other has overwritten what it had written down.
        let lease = |run: &str| Lease {
            run: run.into(),
            holder: format!("ci {run}"),
            since: "2026-01-02T03:04:05Z".into(),
            seconds: 0,
            process: String::new(),
        };
        let address = kinds::address("dashboard.new").unwrap();
        let mut entry = after.objects[&address].clone();
        entry.pending = Some(Pending {
            run: "1111".into(),
            digest: entry.digest.clone().unwrap(),
            parent: None,
            replace: false,
            secrets: entry.secrets.clone(),
            elsewhere: entry.elsewhere.clone(),
        });
        (entry.digest, entry.identity, entry.how) = (None, None, Owned::Created);
        let base = Record { serial: after.serial + 1, ..before };
        let mut earlier = Record { run: "1111".into(), lease: Some(lease("1111")), ..base.clone() };
        earlier.objects.insert(address, entry);
        let later = Record { run: "2222".into(), lease: Some(lease("2222")), ..base };
        w.save(&earlier.to_dashboard(), "amgctl");
        w.save(&later.to_dashboard(), "amgctl");
        w.apply().exits(0).says("two runs held the lease at once and were cut off (`2222` and `1111`)");
        w.plan().exits(0).says("No changes.").lacks("not ours");
        w.destroy().exits(0).says("2 destroyed");
    });
}

#[test]
fn a_copy_of_the_record_is_told_and_says_nothing() {
    every(|w| {
        w.json("one.json", &written_by("first", "one"));
        w.applied();
        let mut copy = w.live_dashboard("amgctl-demo").unwrap();
        copy["id"] = Value::Null;
        copy["uid"] = "amgctl-demo2".into();
        copy["title"] = "amgctl: demo, a copy".into();
        w.save(&copy, "amgctl");
        w.plan().exits(0).says("the dashboard `amgctl-demo2` is a copy of the record of stack `demo`");
        w.json("one.json", &written_by("again", "one"));
        w.apply().exits(0).says("1 changed");
        other(w, "two.json", &dashboard("two", "Two"));
        w.amgctl("apply other -auto-approve").exits(0).says("1 added");
    });
}

#[test]
fn a_404_that_a_list_contradicts_is_not_believed() {
    every(|w| {
        w.json("prom.json", &prometheus("prom", "Prom"));
        w.json("one.json", &written_by("first", "one"));
        w.applied();
        w.remove("prom.json");
        w.json("one.json", &written_by("again", "one"));
        let untrue = |times: usize| {
            let left = [AtomicUsize::new(times), AtomicUsize::new(times)];
            let gone = r#"{"message":"not found"}"#;
            Proxy::before(&w.sandbox.running().url, move |seen| {
                let of =
                    ["/api/datasources/uid/prom", "dashboards/uid/one"].iter().position(|p| seen.path.ends_with(p));
                let of = of.or_else(|| seen.path.ends_with("/dashboards/one").then_some(1));
                let strikes = of.filter(|_| !seen.is_write()).is_some_and(|of| {
                    left[of].fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
                });
                if strikes { Does::Answer(404, "application/json", gone.into(), None) } else { Does::Pass }
            })
        };
        let once = untrue(1);
        w.begin_at(&once, "plan stack -detailed-exitcode").ends().exits(2).says("1 to change").says("1 to destroy");
        let always = untrue(usize::MAX);
        w.begin_at(&always, "plan stack")
            .ends()
            .says("a list contains it, but reading it says that it is not there");
        w.begin_at(&always, "apply stack -auto-approve").ends();
        // Nothing was forgotten, made again or deleted.
        w.apply().exits(0).says("0 added, 1 changed, 1 destroyed");
    });
}

#[test]
fn the_record_keeps_its_number_and_on_unified_storage_its_answers_are_believed() {
    every(|w| {
        w.json("one.json", &written_by("first", "one"));
        let is_record = |path: &str| path.ends_with("/amgctl-demo");
        let first = w.applied();
        let about =
            || (w.live_dashboard("amgctl-demo").unwrap()["id"].clone(), w.about("amgctl-demo")["created"].clone());
        let before = about();
        w.json("one.json", &written_by("again", "one"));
        let ran = w.applied();
        assert_eq!(about(), before);
        let reads = ran.asked.iter().filter(|r| r.method == "GET" && is_record(&r.path)).count();
        let saves = ran.asked.iter().filter(|r| saves_a_dashboard(&r.method, &r.path)).count() - 1;
        match w.version {
            Version::V12_4 | Version::V13 => assert_eq!((reads, saves), (1, 2), "{:?}", ran.asked),
            // Each save is read back, and the first once more before anything is written.
            _ => assert_eq!((reads, saves), (4, 2), "{:?}", ran.asked),
        }
        let by_resource = first.asked.iter().any(|r| r.method == "POST" && r.path.starts_with("/apis/"));
        assert_eq!(by_resource, !matches!(w.version, Version::V9_4 | Version::V10_1 | Version::V10_4));
    });
}

#[test]
fn what_the_directory_says_otherwise_after_the_plan_is_not_sent() {
    on(Version::V12_4, |w| {
        w.write("amgctl.yaml", "stack: demo\norigin: here\n");
        w.json("one.json", &written_by("first", "one"));
        w.json("two.json", &written_by("first", "two"));
        w.write("url.txt", "http://first");
        w.write("key.txt", "first");
        let source = "type: prometheus\naccess: proxy\n";
        w.write("a.yaml", &format!("name: A\nuid: a\n{source}url: $__file{{url.txt}}\n"));
        w.write(
            "b.yaml",
            &format!("name: B\nuid: b\n{source}url: http://b\nsecureJsonData:\n  key: $__file{{key.txt}}\n"),
        );
        w.applied();
        for dashboard in ["one", "two"] {
            w.json(&format!("{dashboard}.json"), &written_by("second", dashboard));
        }
        w.write("url.txt", "http://second");
        w.write("key.txt", "second");
        let (proxy, run) = before_the_lease(w, "");
        // The plan is made: a dashboard's file, a value in a data source's body and a secret change once more.
        w.json("two.json", &written_by("third", "two"));
        w.write("url.txt", "http://third");
        w.write("key.txt", "third");
        proxy.release();
        run.ends()
            .exits(5)
            .says("1 changed")
            .says("this file changed while amgctl was running")
            .says("what the directory says of it changed while amgctl was running");
        assert_eq!(w.live_dashboard("one").unwrap()["panels"][0]["title"], "second");
        assert_eq!(w.live_dashboard("two").unwrap()["panels"][0]["title"], "first");
        assert_eq!(w.live_datasource("a").unwrap()["url"], "http://first");
        w.amgctl("apply stack -auto-approve").exits(0).says("3 changed");
        assert_eq!(w.live_datasource("a").unwrap()["url"], "http://third");
        w.amgctl("plan stack").exits(0).says("No changes");
    });
}
