//! How a run ends when somebody ends it: signals, and kill -9 at every write.

use std::collections::BTreeMap;

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{Child, Does, PLANTED, Proxy, Ran, World, dashboard, every, keeps_secrets, on, prometheus};

/// Eight folders, and an apply that is held after two of them were made.
fn held(w: &World) -> (Proxy, Child) {
    for n in 0..8 {
        w.write(&format!("F{n}/_folder.yaml"), &format!("uid: f{n}\n"));
    }
    // The first writes are the record's folder, its permissions and the record.
    let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
        if seen.method == "POST" && seen.path == "/api/folders" && seen.write > 5 {
            Does::HoldBefore
        } else {
            Does::Pass
        }
    });
    let mut child = w.begin_at(&proxy, "apply stack -auto-approve");
    for _ in 0..4 {
        proxy.holds();
    }
    // What was made is read back while the next are held: it is done when it is told.
    for _ in 0..2 {
        child.wait_for("done");
    }
    (proxy, child)
}

fn ends(child: Child) -> Ran {
    let ran = child.ends();
    keeps_secrets(&ran);
    ran
}

#[test]
fn a_signal_lets_what_is_in_flight_finish_and_begins_nothing_new() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        every(|w| {
            let (proxy, mut child) = held(w);
            child.signal(signal);
            child.wait_for("in flight; press again to stop at once");
            proxy.release();
            let ran = ends(child);
            ran.exits(code).says("Apply interrupted. Resources: 6 added, 0 changed, 0 destroyed;");
            ran.says("2 not started").says("0 unknown");
            assert_eq!(w.everything().len(), 6);
            w.amgctl("unlock demo").says("Nobody holds a lease");
            w.apply().exits(0).says("2 added");
            w.is_settled();
        });
    }
}

#[test]
fn a_second_signal_stops_at_once_and_says_what_is_unknown() {
    every(|w| {
        let (_proxy, mut child) = held(w);
        child.signal("INT");
        child.wait_for("in flight; press again");
        child.signal("INT");
        // What is held is never released.
        let ran = ends(child);
        ran.exits(130).says("Apply interrupted. Resources: 2 added, 0 changed, 0 destroyed;");
        ran.says("2 not started").says("4 unknown");
        w.amgctl("unlock demo").says("Nobody holds a lease");
        w.apply().exits(0);
        assert_eq!(w.everything().len(), 8);
        w.is_settled();
        w.destroy().exits(0);
        assert!(w.everything().is_empty(), "what was unknown is ours");
    });
}

#[test]
fn the_second_signal_may_be_another_one() {
    on(Version::V12_4, |w| {
        let (_proxy, mut child) = held(w);
        child.signal("TERM");
        child.wait_for("in flight; press again");
        child.signal("INT");
        ends(child).exits(143);
    });
}

#[test]
fn a_signal_while_the_workspace_is_read_ends_it() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        on(Version::V12_4, |w| {
            w.json("one.json", &dashboard("one", "One"));
            let proxy = Proxy::before(&w.sandbox.running().url, |seen| {
                if seen.path == "/api/datasources" { Does::HoldBefore } else { Does::Pass }
            });
            for command in ["plan stack", "apply stack -auto-approve"] {
                let child = w.begin_at(&proxy, command);
                proxy.holds();
                child.signal(signal);
                ends(child).exits(code);
            }
            assert!(w.everything().is_empty());
        });
    }
}

#[test]
fn the_sandbox_ends_by_signal() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        on(Version::V12_4, |w| {
            let mut child = w.begin("sandbox --ephemeral --port 0");
            let ready: Value = serde_json::from_str(&child.wait_for("\"url\"")).unwrap();
            assert!(ready["url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
            assert_eq!(ready["version"], "12.4.0");
            for account in ["admin", "editor", "viewer"] {
                assert!(ready["tokens"][account].is_string());
            }
            child.signal(signal);
            child.ends().exits(code);
            assert!(!w.home().join(".amgctl").exists(), "it is ephemeral");
        });
    }
}

/// What others have in the workspace; nothing of it may ever change.
fn foreign(w: &World) -> BTreeMap<String, Value> {
    w.make_folder("theirs", "Theirs", "");
    w.save(&dashboard("guest", "Guest"), "theirs");
    w.save(&dashboard("loose", "Loose"), "");
    let mut first = prometheus("first", "First");
    first["isDefault"] = true.into();
    w.make_datasource(&first);
    w.everything()
}

fn datasource(w: &World, uid: &str, url: &str, secret: &str) {
    let mut datasource = prometheus(uid, &uid.to_uppercase());
    datasource["url"] = format!("http://{url}:9090").into();
    datasource["secureJsonData"] = json!({ "httpHeaderValue1": format!("{PLANTED}-{secret}") });
    w.json(&format!("{uid}.json"), &datasource);
}

fn titled(uid: &str, panel: &str) -> Value {
    let mut dashboard = dashboard(uid, &format!("T {uid}"));
    dashboard["panels"][0]["title"] = panel.into();
    dashboard
}

/// The stack as it was.
fn before(w: &World) {
    w.write("amgctl.yaml", "stack: demo\nmax_destroy: 20\n");
    w.write("A/_folder.yaml", "uid: a\ntitle: Old\n");
    w.json("A/changed.json", &titled("changed", "one"));
    w.json("A/moved.json", &titled("moved", "one"));
    w.json("A/removed.json", &titled("removed", "one"));
    w.json("Gone/gone.json", &titled("gone", "one"));
    datasource(w, "kept", "one", "1");
    datasource(w, "dropped", "one", "1");
}

/// The stack as it is to be: everything that can happen to an object happens.
fn after(w: &World) {
    w.write("A/_folder.yaml", "uid: a\ntitle: New\n");
    w.json("A/changed.json", &titled("changed", "two"));
    w.rename("A/moved.json", "B/moved.json");
    w.remove("A/removed.json");
    w.remove("Gone");
    w.json("A/added.json", &titled("added", "two"));
    datasource(w, "kept", "two", "2");
    w.remove("dropped.json");
    datasource(w, "new", "two", "2");
}

/// Claims that the workspace is as the directory says, and that nothing foreign changed.
fn is_as_after(w: &World, foreign: &BTreeMap<String, Value>) {
    let mut all = w.everything();
    for (address, object) in foreign {
        assert_eq!(all.remove(address).as_ref(), Some(object), "{address} is somebody's and has changed");
    }
    let mut left: Vec<String> = all.into_keys().collect();
    left.retain(|a| a != "folder.a" && !a.starts_with("folder.b-"));
    assert_eq!(
        left,
        ["dashboard.added", "dashboard.changed", "dashboard.moved", "datasource.kept", "datasource.new"]
    );
    assert_eq!(w.live_folder("a").unwrap()["title"], "New");
    assert_eq!(w.live_dashboard("changed").unwrap()["panels"][0]["title"], "two");
    assert_eq!(Some(w.folder_of("moved")), w.folder_titled("B"));
    assert_eq!(w.live_datasource("kept").unwrap()["url"], "http://two:9090");
    w.is_settled();
}

/// How many writes the apply from [`before`] to [`after`] sends.
fn writes(version: Version) -> usize {
    let w = World::new(version);
    let foreign = foreign(&w);
    before(&w);
    w.applied();
    after(&w);
    let ran = w.apply();
    ran.exits(0);
    is_as_after(&w, &foreign);
    ran.writes().len()
}

/// Kills an apply at its n-th write, runs again, and looks at everything.
fn killed_at(version: Version, n: usize, does: fn() -> Does) {
    on(version, |w| {
        let foreign = foreign(w);
        before(w);
        w.applied();
        after(w);
        let proxy = Proxy::before(&w.sandbox.running().url, move |seen| {
            if seen.is_write() && seen.write == n { does() } else { Does::Pass }
        });
        let child = w.begin_at(&proxy, "apply stack -auto-approve");
        proxy.holds();
        child.signal("KILL");
        child.ends().exits(137);
        drop(proxy);
        let again = w.apply();
        assert!(again.code == 0, "killed at write {n}, then:\n{again}");
        is_as_after(w, &foreign);
        w.destroy().exits(0);
        assert_eq!(w.everything(), foreign, "killed at write {n}");
    });
}

fn killed_everywhere(version: Version, step: usize) {
    let writes = writes(version);
    assert!(writes >= 14, "{writes}");
    for n in (1..=writes).step_by(step) {
        killed_at(version, n, || Does::HoldBefore);
        killed_at(version, n, || Does::HoldAfter);
    }
}

#[test]
fn killed_at_any_write_the_next_run_repairs_on_9_4() {
    killed_everywhere(Version::V9_4, 1);
}

#[test]
fn killed_at_any_write_the_next_run_repairs_on_12_4() {
    killed_everywhere(Version::V12_4, 1);
}

#[test]
fn killed_at_some_writes_the_next_run_repairs_elsewhere() {
    for version in Version::all().filter(|v| !matches!(v, Version::V9_4 | Version::V12_4)) {
        killed_everywhere(version, 7);
    }
}

#[test]
fn killed_at_any_write_of_the_first_apply_the_next_run_repairs() {
    for version in Version::all() {
        let step = if version == Version::V12_4 { 1 } else { 4 };
        let mut n = 1;
        loop {
            for does in [|| Does::HoldBefore, || Does::HoldAfter] {
                let w = World::new(version);
                before(&w);
                let proxy = Proxy::before(&w.sandbox.running().url, move |seen| {
                    if seen.is_write() && seen.write == n { does() } else { Does::Pass }
                });
                let mut child = w.begin_at(&proxy, "apply stack -auto-approve");
                if !child.is_held_by(&proxy) {
                    assert!(n > 10, "only {n} writes");
                    break;
                }
                child.signal("KILL");
                child.ends().exits(137);
                drop(proxy);
                let again = w.apply();
                assert!(again.code == 0, "killed at write {n} on {version}, then:\n{again}");
                assert_eq!(w.everything().len(), 8, "killed at write {n} on {version}");
                w.is_settled();
                w.destroy().exits(0);
                assert!(w.everything().is_empty(), "killed at write {n} on {version}");
            }
            n += step;
            if n > 16 {
                break;
            }
        }
    }
}

#[test]
fn killed_in_the_middle_the_embedded_workspace_is_still_readable() {
    on(Version::V12_4, |w| {
        for n in 0..40 {
            w.json(&format!("d{n:02}.json"), &dashboard(&format!("d{n:02}"), &format!("D{n:02}")));
        }
        let arguments = "apply stack -auto-approve --sandbox";
        let mut command = w.command(arguments);
        command.env_remove("AMGCTL_URL").env_remove("GRAFANA_TOKEN");
        let mut child = Child::start(arguments.into(), command);
        child.wait_for("dashboard.d");
        child.wait_for("done");
        child.signal("KILL");
        child.ends();
        let run = |arguments: &str| {
            let mut command = w.command(arguments);
            command.env_remove("AMGCTL_URL").env_remove("GRAFANA_TOKEN");
            w.run(arguments, command)
        };
        run("apply stack -auto-approve --sandbox").exits(0);
        run("plan stack -detailed-exitcode --sandbox").exits(0);
        run("destroy stack -auto-approve --sandbox").exits(0).says("40 destroyed");
    });
}
