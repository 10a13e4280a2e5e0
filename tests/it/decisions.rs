//! The decision table (declared × recorded × live), row by row, on every kind and every Grafana.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{World, dashboard, every, on, prometheus, saves_a_dashboard};

/// An object of one kind, in two forms, as the directory declares it and as somebody makes it in the browser.
struct Thing {
    kind: &'static str,
    file: &'static str,
}

const THINGS: [Thing; 3] = [
    Thing { kind: "dashboard", file: "thing.json" },
    Thing { kind: "datasource", file: "thing.json" },
    Thing { kind: "folder", file: "Thing/_folder.yaml" },
];

impl Thing {
    fn address(&self) -> String {
        format!("{}.thing", self.kind)
    }

    fn form(&self, form: &str) -> serde_json::Value {
        match self.kind {
            "dashboard" => {
                let mut dashboard = dashboard("thing", "Thing");
                dashboard["panels"][0]["title"] = form.into();
                dashboard
            }
            _ => {
                let mut datasource = prometheus("thing", "Thing");
                datasource["url"] = format!("http://{form}:9090").into();
                datasource
            }
        }
    }

    fn declare(&self, w: &World, form: &str) {
        match self.kind {
            "folder" => w.write(self.file, &format!("uid: thing\ntitle: {form}\n")),
            _ => w.json(self.file, &self.form(form)),
        }
    }

    fn undeclare(&self, w: &World) {
        w.remove(self.file);
    }

    /// What is live, in one word.
    fn live(&self, w: &World) -> Option<String> {
        let text = match self.kind {
            "dashboard" => w.live_dashboard("thing")?["panels"][0]["title"].clone(),
            "datasource" => w.live_datasource("thing")?["url"].clone(),
            _ => w.live_folder("thing")?["title"].clone(),
        };
        let text = text.as_str().unwrap();
        Some(text.trim_start_matches("http://").trim_end_matches(":9090").to_owned())
    }

    /// Its version.
    fn version(&self, w: &World) -> i64 {
        let version = match self.kind {
            "dashboard" => w.live_dashboard("thing").unwrap()["version"].clone(),
            "datasource" => w.live_datasource("thing").unwrap()["version"].clone(),
            _ => w.live_folder("thing").unwrap()["version"].clone(),
        };
        version.as_i64().unwrap()
    }

    fn make(&self, w: &World, form: &str) {
        match self.kind {
            "dashboard" => w.save(&self.form(form), ""),
            "datasource" => w.make_datasource(&self.form(form)),
            _ => w.make_folder("thing", form, ""),
        }
    }

    fn edit(&self, w: &World, form: &str) {
        match self.kind {
            "dashboard" => w.edit("thing", |d| d["panels"][0]["title"] = form.into()),
            "datasource" => w.edit_datasource("thing", |d| d["url"] = format!("http://{form}:9090").into()),
            _ => w.retitle_folder("thing", form),
        }
    }

    fn delete(&self, w: &World) {
        w.delete(&match self.kind {
            "dashboard" => "/api/dashboards/uid/thing".to_owned(),
            "datasource" => "/api/datasources/uid/thing".to_owned(),
            _ => "/api/folders/thing".to_owned(),
        });
    }
}

/// Makes a claim about each kind on every Grafana; about data sources, which are the same on all, on the oldest and the
/// newest. Each begins with one object that is ours and stays as it is, so
/// that the stack is never empty.
fn each(claim: impl Fn(&World, &Thing)) {
    for thing in THINGS {
        let same_on_all = thing.kind == "datasource";
        every(|w| {
            if same_on_all && !matches!(w.version, Version::V9_4 | Version::V12_4) {
                return;
            }
            // On 12.4 the first data source becomes the default one, whoever makes it and whatever they ask.
            w.make_datasource(&prometheus("first", "First"));
            w.json("Other/other.json", &dashboard("other", "Bystander"));
            w.applied();
            claim(w, &thing);
            assert!(w.live_dashboard("other").is_some(), "the object beside it is still there");
        });
    }
}

#[test]
fn declared_only_is_created() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.plan()
            .exits(2)
            .says("Plan: 1 to add, 0 to change, 0 to destroy.")
            .says(&format!("+ {}", thing.address()));
        w.apply().exits(0).says("Resources: 1 added, 0 changed, 0 destroyed.");
        assert_eq!(thing.live(w).as_deref(), Some("one"));
        w.is_settled();
    });
}

#[test]
fn there_and_equal_and_not_ours_is_left_alone_and_told() {
    each(|w, thing| {
        thing.make(w, "one");
        let version = thing.version(w);
        thing.declare(w, "one");
        w.plan().exits(0).says(&thing.address()).says("not ours");
        w.apply().exits(0).writes_nothing();
        thing.undeclare(w);
        w.apply().exits(0);
        assert_eq!((thing.live(w).as_deref(), thing.version(w)), (Some("one"), version));
    });
}

#[test]
fn there_and_equal_is_adopted_when_asked_and_released_when_it_leaves() {
    each(|w, thing| {
        thing.make(w, "one");
        let version = thing.version(w);
        thing.declare(w, "one");
        w.plan_with("--adopt").exits(2).says("1 to adopt").says("adopted as it is");
        w.apply_with("--adopt").exits(0);
        assert_eq!(thing.version(w), version, "nothing was written to it");
        w.is_settled();
        thing.undeclare(w);
        w.plan().exits(2).says("0 to destroy").says("released");
        w.apply().exits(0);
        assert_eq!(thing.live(w).as_deref(), Some("one"));
        w.is_settled();
    });
}

#[test]
fn adopted_one_is_deleted_when_that_is_asked_for() {
    each(|w, thing| {
        thing.make(w, "one");
        thing.declare(w, "one");
        w.apply_with("--adopt").exits(0);
        thing.undeclare(w);
        w.apply_with("--delete-adopted").exits(0).says("1 destroyed");
        assert_eq!(thing.live(w), None);
        w.is_settled();
    });
}

#[test]
fn adopted_one_survives_a_destroy() {
    each(|w, thing| {
        thing.make(w, "one");
        thing.declare(w, "one");
        w.apply_with("--adopt").exits(0);
        // The rest of the stack goes; `each` looks for it afterwards.
        let other = w.live_dashboard("other").unwrap();
        w.destroy().exits(0);
        assert_eq!(thing.live(w).as_deref(), Some("one"));
        assert!(w.live_dashboard("other").is_none());
        w.save(&json!({ "uid": "other", "title": other["title"] }), "");
    });
}

#[test]
fn there_and_different_and_not_ours_is_refused() {
    each(|w, thing| {
        thing.make(w, "theirs");
        let version = thing.version(w);
        thing.declare(w, "ours");
        w.plan().exits(4).says("1 refused").says("not ours").says(&format!("--adopt={}", thing.address()));
        w.apply().exits(4).writes_nothing();
        assert_eq!((thing.live(w).as_deref(), thing.version(w)), (Some("theirs"), version));
    });
}

#[test]
fn there_and_different_is_adopted_by_its_address() {
    each(|w, thing| {
        thing.make(w, "theirs");
        thing.declare(w, "ours");
        let adopt = format!("--adopt={}", thing.address());
        w.plan_with("--adopt=dashboard.another").exits(4).says("1 refused");
        w.plan_with(&adopt).exits(2).says("1 to adopt").lacks("refused");
        w.apply_with(&adopt).exits(0);
        assert_eq!(thing.live(w).as_deref(), Some("ours"));
        w.is_settled();
        thing.undeclare(w);
        w.apply().exits(0).says("1 forgotten");
        assert_eq!(thing.live(w).as_deref(), Some("ours"));
    });
}

#[test]
fn what_was_saved_back_as_it_was_only_renews_the_record() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.edit(w, "two");
        thing.edit(w, "one");
        let version = thing.version(w);
        w.plan().exits(0);
        let ran = w.apply();
        ran.exits(0);
        let writes = ran.writes();
        assert!(writes.iter().all(|r| saves_a_dashboard(&r.method, &r.path)), "only the record: {writes:?}");
        // A folder that a search shows as recorded need not be read, so nothing is found out of date.
        assert!(!writes.is_empty() || thing.kind == "folder");
        assert_eq!(thing.version(w), version);
        w.apply().exits(0).writes_nothing();
    });
}

#[test]
fn ours_and_as_we_left_it_is_updated() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.declare(w, "two");
        w.plan().exits(2).says("Plan: 0 to add, 1 to change, 0 to destroy.").lacks("outside");
        w.apply().exits(0).says("0 added, 1 changed, 0 destroyed");
        assert_eq!(thing.live(w).as_deref(), Some("two"));
        w.is_settled();
    });
}

#[test]
fn drift_is_shown_and_an_unattended_apply_leaves_it() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.edit(w, "theirs");
        let version = thing.version(w);
        w.plan()
            .exits(2)
            .says("Changed outside amgctl since the last apply:")
            .says(&format!("≈ {}", thing.address()))
            .says("1 changed outside.")
            .lacks("nobody is asked");
        w.plan_with("--on-drift overwrite").exits(2).lacks("nobody is asked");
        // What an apply that asks nobody would do.
        w.plan_with("--on-drift refuse").exits(4).says("and nobody is asked [drift]").says("0 to change");
        w.apply().exits(4).says("changed outside").says("--on-drift overwrite").writes_nothing();
        assert_eq!((thing.live(w).as_deref(), thing.version(w)), (Some("theirs"), version));
    });
}

#[test]
fn drift_names_who_and_when() {
    for thing in THINGS.iter().filter(|t| t.kind != "datasource") {
        every(|w| {
            thing.declare(w, "one");
            w.applied();
            thing.edit(w, "theirs");
            w.plan()
                .exits(2)
                .says("admin saved version")
                .says(&jiff::Timestamp::now().to_string()[..11].replace('T', " "));
        });
    }
}

#[test]
fn drift_is_overwritten_when_that_is_said() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.edit(w, "theirs");
        w.apply_with("--on-drift overwrite").exits(0).says("1 changed");
        assert_eq!(thing.live(w).as_deref(), Some("one"));
        w.is_settled();
    });
}

#[test]
fn drift_is_overwritten_when_the_settings_say_so() {
    each(|w, thing| {
        w.write("amgctl.yaml", "stack: demo\non_drift: overwrite\n");
        thing.declare(w, "one");
        w.applied();
        thing.edit(w, "theirs");
        thing.declare(w, "two");
        w.apply().exits(0).says("1 changed");
        assert_eq!(thing.live(w).as_deref(), Some("two"));
        w.is_settled();
    });
}

#[test]
fn drift_stops_its_own_object_and_no_other() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.edit(w, "theirs");
        w.json("more.json", &dashboard("more", "More"));
        w.apply().exits(5).says("Apply incomplete! Resources: 1 added");
        assert_eq!(thing.live(w).as_deref(), Some("theirs"));
        assert!(w.live_dashboard("more").is_some());
    });
}

#[test]
fn drift_is_left_and_the_run_succeeds_where_it_is_only_reported() {
    each(|w, thing| {
        w.write("amgctl.yaml", "stack: demo\non_drift: report\n");
        thing.declare(w, "one");
        w.applied();
        thing.edit(w, "theirs");
        w.plan_with("--on-drift report")
            .exits(0)
            .says("and changes made outside are only reported")
            .lacks("No changes");
        w.apply().exits(0).says(&format!("≈ {}", thing.address())).says("left as it is").writes_nothing();
        assert_eq!(thing.live(w).as_deref(), Some("theirs"));
        // Everything else is done.
        w.json("more.json", &dashboard("more", "More"));
        w.apply().exits(0).says("1 added").says("1 kept");
        thing.delete(w);
        w.apply().exits(0).says("deleted").writes_nothing();
        assert_eq!(thing.live(w), None);
        w.apply_with("--on-drift overwrite").exits(0).says("1 added");
        assert_eq!(thing.live(w).as_deref(), Some("one"));
        w.is_settled();
    });
}

#[test]
fn the_edit_that_the_directory_asks_for_is_no_drift() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.edit(w, "two");
        thing.declare(w, "two");
        w.plan().exits(0);
        w.apply().exits(0);
        w.is_settled();
        w.apply().exits(0).writes_nothing();
    });
}

#[test]
fn deleted_outside_is_shown_and_stays_deleted_until_somebody_says_so() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.delete(w);
        w.plan()
            .exits(2)
            .says("Changed outside amgctl since the last apply:")
            .says("deleted")
            .says("Plan: 1 to add, 0 to change, 0 to destroy. 1 changed outside.");
        // What an apply that asks nobody would do, and does.
        w.plan_with("--on-drift refuse").exits(4).says("it was deleted outside, and nobody is asked [drift]");
        w.apply().exits(4).says("it was deleted outside").says("--on-drift overwrite").writes_nothing();
        assert_eq!(thing.live(w), None);
        w.json("more.json", &dashboard("more", "More"));
        w.apply().exits(5).says("Resources: 1 added");
        assert_eq!(thing.live(w), None);
        w.apply_with("--on-drift overwrite").exits(0).says("1 added");
        assert_eq!(thing.live(w).as_deref(), Some("one"));
        w.is_settled();
    });
}

#[test]
fn removed_from_the_directory_is_deleted() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.undeclare(w);
        w.plan()
            .exits(2)
            .says("Plan: 0 to add, 0 to change, 1 to destroy.")
            .says(&format!("- {}", thing.address()));
        w.apply().exits(0).says("0 added, 0 changed, 1 destroyed");
        assert_eq!(thing.live(w), None);
        w.is_settled();
    });
}

#[test]
fn removed_and_changed_outside_is_left_until_somebody_says_so() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.edit(w, "theirs");
        thing.undeclare(w);
        w.plan().exits(2).says(&format!("≈ {}", thing.address())).says("1 to destroy. 1 changed outside.");
        w.apply().exits(4).writes_nothing();
        assert_eq!(thing.live(w).as_deref(), Some("theirs"));
        w.apply_with("--on-drift overwrite").exits(0).says("1 destroyed");
        assert_eq!(thing.live(w), None);
        w.is_settled();
    });
}

#[test]
fn another_incarnation_is_not_ours() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.delete(w);
        thing.make(w, "theirs");
        w.plan().exits(4).says("not ours").says("1 refused").lacks("1 to change");
        w.apply().exits(4);
        assert_eq!(thing.live(w).as_deref(), Some("theirs"));
        thing.undeclare(w);
        w.apply().exits(0);
        assert_eq!(thing.live(w).as_deref(), Some("theirs"), "what others made is not deleted");
        w.is_settled();
    });
}

#[test]
fn another_incarnation_is_not_ours_though_it_is_equal() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.delete(w);
        thing.make(w, "one");
        w.plan().says("not ours");
        w.apply().exits(0);
        thing.undeclare(w);
        w.apply().exits(0);
        assert_eq!(thing.live(w).as_deref(), Some("one"), "what others made is not deleted");
        w.is_settled();
    });
}

#[test]
fn removed_and_deleted_outside_is_forgotten() {
    each(|w, thing| {
        thing.declare(w, "one");
        w.applied();
        thing.delete(w);
        thing.undeclare(w);
        w.plan().exits(2).says("1 to forget").says("no longer in the workspace");
        let ran = w.apply();
        ran.exits(0).says("0 destroyed. 1 forgotten");
        assert!(
            ran.writes().iter().all(|r| saves_a_dashboard(&r.method, &r.path)),
            "only the record: {:?}",
            ran.writes()
        );
        w.is_settled();
    });
}

#[test]
fn what_is_not_ours_is_counted() {
    every(|w| {
        w.make_folder("f1", "F1", "");
        w.make_folder("f2", "F2", "");
        w.save(&dashboard("d1", "D1"), "f1");
        w.make_datasource(&prometheus("p1", "P1"));
        let before = w.everything();
        w.json("one.json", &dashboard("one", "One"));
        w.plan().exits(2).says("Not ours, left alone: 1 dashboard, 1 data source, 2 folders.");
        w.applied();
        w.remove("one.json");
        w.json("two.json", &dashboard("two", "Two"));
        w.applied();
        let mut after = w.everything();
        after.remove("dashboard.two").unwrap();
        assert_eq!(after, before);
    });
}

#[test]
fn a_refresh_that_the_server_refuses_is_told_in_the_plan() {
    on(Version::V13, |w| {
        let with = |refresh: Value| {
            let mut one = dashboard("one", "One");
            one["refresh"] = refresh;
            w.json("one.json", &one);
        };
        w.json("two.json", &dashboard("two", "Two"));
        for refresh in ["1s", "soon"] {
            with(refresh.into());
            w.plan()
                .exits(4)
                .says(&format!(
                    "its `refresh` is \"{refresh}\", and this workspace refuses what is shorter than 5s [refresh]"
                ))
                .says("hint: write \"5s\" or longer, or leave it out")
                .says("1 to add");
        }
        w.apply().exits(5).says("1 added").says("1 refused");
        for refresh in [json!("auto"), json!(""), json!(false), json!("5s"), json!("1m")] {
            with(refresh);
            w.apply().exits(0);
            w.is_settled();
        }
    });
}

#[test]
fn a_short_refresh_that_other_servers_raise_is_no_fault_there() {
    for version in Version::all().filter(|v| *v != Version::V13) {
        on(version, |w| {
            let mut one = dashboard("one", "One");
            one["refresh"] = "1s".into();
            w.json("one.json", &one);
            w.applied();
            w.is_settled();
        });
    }
}
