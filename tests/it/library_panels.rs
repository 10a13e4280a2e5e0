//! Library panels: files of their own, those that exports carry, and what shows them.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{World, dashboard, every, on};

fn panel(uid: &str, content: &str) -> Value {
    json!({ "uid": uid, "name": format!("Lib {uid}"), "kind": 1, "model": {
        "type": "text", "title": "T", "options": { "mode": "markdown", "content": content } } })
}

/// A dashboard that shows a library panel.
fn shows(uid: &str, title: &str, panel: &str) -> Value {
    let mut shows = dashboard(uid, title);
    shows["panels"] = json!([{ "id": 1, "gridPos": { "x": 0, "y": 0, "w": 6, "h": 4 },
        "libraryPanel": { "uid": panel, "name": format!("Lib {panel}") } }]);
    shows
}

/// The same as it is exported for sharing: it carries the panel.
fn carries(uid: &str, title: &str, panel: &Value) -> Value {
    let name = panel["uid"].as_str().unwrap();
    let mut export = shows(uid, title, name);
    export["__elements"] = json!({ name: panel });
    export
}

fn live(w: &World, uid: &str) -> Option<Value> {
    w.read(&format!("/api/library-elements/{uid}")).map(|mut answer| answer["result"].take())
}

#[test]
fn a_library_panel_is_made_changed_and_deleted_like_any_object() {
    every(|w| {
        w.json("Infra/lib.json", &panel("lib", "one"));
        w.json("Infra/shows.json", &shows("shows", "Shows", "lib"));
        w.plan().exits(2).says("+ library_panel.lib").says("Plan: 3 to add");
        let applied = w.apply();
        applied.exits(0).says("3 added");
        let told = |address: &str| applied.out.find(address).unwrap();
        assert!(told("library_panel.lib") < told("dashboard.shows"), "made before what shows it\n{applied}");
        assert_eq!(live(w, "lib").unwrap()["folderUid"], w.folder_titled("Infra").unwrap().as_str());
        w.is_settled();

        w.json("Infra/lib.json", &panel("lib", "two"));
        w.plan().exits(2).says("~ library_panel.lib").says("Plan: 0 to add, 1 to change");
        w.apply().exits(0).says("1 changed");
        let now = live(w, "lib").unwrap();
        assert_eq!((&now["version"], &now["model"]["options"]["content"]), (&json!(2), &json!("two")));
        w.is_settled();

        w.remove("Infra/lib.json");
        w.json("Infra/shows.json", &dashboard("shows", "Shows"));
        w.apply().exits(0).says("1 changed, 1 destroyed");
        assert_eq!(live(w, "lib"), None);
        w.is_settled();
    });
}

#[test]
fn what_people_changed_is_drift_and_a_stale_version_is_never_overwritten() {
    every(|w| {
        w.json("lib.json", &panel("lib", "one"));
        w.applied();
        let mut theirs = panel("lib", "theirs");
        theirs["version"] = json!(1);
        w.change("PATCH", "/api/library-elements/lib", &theirs);
        w.plan().exits(2).says("library_panel.lib").says("changed outside");
        w.apply_with("--on-drift overwrite").exits(0).says("1 changed");
        assert_eq!(live(w, "lib").unwrap()["model"]["options"]["content"], "one");
        w.is_settled();
    });
}

#[test]
fn what_exports_carry_is_one_object_in_the_folder_of_the_first_until_none_carries_it() {
    every(|w| {
        w.json("A/one.json", &carries("one", "One", &panel("lib", "x")));
        w.json("B/two.json", &carries("two", "Two", &panel("lib", "x")));
        w.apply().exits(0).says("5 added");
        assert_eq!(live(w, "lib").unwrap()["folderUid"], w.folder_titled("A").unwrap().as_str());
        w.is_settled();

        // The other one still carries it; where the server moves none, it stays where it is.
        w.json("A/one.json", &dashboard("one", "One"));
        w.apply().exits(0);
        assert!(live(w, "lib").is_some());
        w.is_settled();

        w.json("B/two.json", &dashboard("two", "Two"));
        w.apply().exits(0).says("1 destroyed");
        assert_eq!(live(w, "lib"), None);
        w.is_settled();
    });
}

#[test]
fn two_exports_that_carry_unlike_panels_of_one_uid_are_an_error_with_both_places() {
    on(Version::V12_4, |w| {
        w.json("a.json", &carries("one", "One", &panel("lib", "x")));
        w.json("b.json", &carries("two", "Two", &panel("lib", "y")));
        w.plan()
            .exits(3)
            .says("error[library-panel-differs]: the library panel `lib` is not the same in two files")
            .says("a.json:")
            .says("b.json:");
    });
}

#[test]
fn one_that_is_somebodys_is_used_as_it_is_where_an_export_carries_it() {
    every(|w| {
        let mut theirs = panel("lib", "theirs");
        theirs["folderUid"] = json!("");
        w.change("POST", "/api/library-elements", &theirs);
        w.json("one.json", &carries("one", "One", &panel("lib", "x")));
        w.plan().exits(2).says("library_panel.lib").says("which is not ours: it is used as it is");
        w.apply().exits(0).says("1 added");
        assert_eq!(live(w, "lib").unwrap()["model"]["options"]["content"], "theirs");
        w.destroy().exits(0);
        assert!(live(w, "lib").is_some(), "it was never ours");
        // A file of its own claims it: that is refused until it is adopted.
        w.json("one.json", &dashboard("one", "One"));
        w.json("lib.json", &panel("lib", "x"));
        w.plan().says("--adopt=library_panel.lib");
        w.apply_with("--adopt=library_panel.lib").exits(0);
        assert_eq!(live(w, "lib").unwrap()["model"]["options"]["content"], "x");
    });
}

#[test]
fn one_that_a_dashboard_of_somebody_shows_is_kept_and_the_plan_names_it() {
    every(|w| {
        w.json("lib.json", &panel("lib", "one"));
        w.applied();
        w.save(&shows("guest", "Guest", "lib"), "");
        w.remove("lib.json");
        w.json("other.json", &dashboard("other", "Other"));
        w.plan().exits(2).says("kept: `dashboard.guest` uses it");
        w.apply().exits(0).says("1 added");
        assert!(live(w, "lib").is_some());
        w.destroy().says("kept: `dashboard.guest` uses it");
        w.delete("/api/dashboards/uid/guest");
        w.destroy().exits(0).says("1 destroyed");
        assert_eq!(live(w, "lib"), None);
    });
}

#[test]
fn a_move_is_done_where_the_server_moves_it_and_refused_where_it_only_says_so() {
    every(|w| {
        w.json("A/lib.json", &panel("lib", "one"));
        w.json("A/one.json", &dashboard("one", "One"));
        w.json("B/two.json", &dashboard("two", "Two"));
        w.applied();
        w.rename("A/lib.json", "B/lib.json");
        let b = w.folder_titled("B").unwrap();
        if w.has_unique_titles() {
            w.apply().exits(0);
            assert_eq!(live(w, "lib").unwrap()["folderUid"], b.as_str());
            w.is_settled();
        } else {
            w.plan().says("says that it moves a library panel, and does not");
            assert_ne!(live(w, "lib").unwrap()["folderUid"], b.as_str());
        }
    });
}

#[test]
fn the_inputs_of_an_export_are_answered_in_the_panels_that_it_carries() {
    on(Version::V12_4, |w| {
        w.json(
            "source.json",
            &json!({ "uid": "prom", "name": "Prom", "type": "prometheus", "url": "http://p", "access": "proxy" }),
        );
        let mut lib = panel("lib", "x");
        lib["model"]["datasource"] = json!({ "type": "prometheus", "uid": "${DS_PROM}" });
        let mut export = carries("one", "One", &lib);
        export["__inputs"] =
            json!([{ "name": "DS_PROM", "label": "p", "type": "datasource", "pluginId": "prometheus" }]);
        w.json("one.json", &export);
        w.apply().exits(0).says("3 added");
        assert_eq!(live(w, "lib").unwrap()["model"]["datasource"]["uid"], "prom");
        w.is_settled();
    });
}

#[test]
fn nothing_is_asked_about_library_panels_where_there_are_none() {
    every(|w| {
        w.json("one.json", &dashboard("one", "One"));
        let ran = w.apply();
        ran.exits(0);
        assert!(!ran.asked.iter().any(|l| l.path.contains("library-elements")), "{ran}");
    });
}
