//! Plan, apply and plan again: what a directory becomes in a workspace.

use serde_json::json;

use crate::support::{World, dashboard, every, prometheus};

/// A data source, a dashboard that reads it in a folder, a dashboard at the root.
fn small(world: &World) {
    world.write(
        "datasources.yaml",
        "apiVersion: 1\ndatasources:\n  - name: Prom\n    uid: prom\n    type: prometheus\n    access: proxy\n    \
         url: http://prometheus:9090\n",
    );
    let mut cpu = dashboard("cpu", "CPU");
    cpu["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "prom" });
    world.json("dashboards/Infra/cpu.json", &cpu);
    world.json("dashboards/home.json", &dashboard("home", "Home"));
}

#[test]
fn first_apply_makes_everything_and_the_next_plan_is_empty() {
    every(|w| {
        small(w);
        w.plan().exits(2).says("Plan: 4 to add, 0 to change, 0 to destroy.");
        w.apply().exits(0).says("Apply complete! Resources: 4 added, 0 changed, 0 destroyed.");
        w.plan().exits(0).says("No changes. The workspace matches the directory");
        assert_eq!(w.live_datasource("prom").unwrap()["url"], "http://prometheus:9090");
        assert_eq!(w.live_dashboard("cpu").unwrap()["panels"][0]["datasource"]["uid"], "prom");
        assert_eq!(Some(w.folder_of("cpu")), w.folder_titled("Infra"));
        assert_eq!(w.folder_of("home"), "");
    });
}

#[test]
fn plan_asks_and_never_writes() {
    every(|w| {
        small(w);
        let asked = w.plan().asked;
        assert!(!asked.is_empty() && asked.iter().all(|r| r.method == "GET"), "{asked:?}");
        assert!(w.everything().is_empty());
        assert!(w.live_folder("amgctl").is_none());
    });
}

#[test]
fn an_apply_without_changes_writes_nothing_not_even_the_record() {
    every(|w| {
        small(w);
        w.applied();
        w.apply().exits(0).says("No changes.").writes_nothing();
    });
}

#[test]
fn the_working_directory_does_not_matter() {
    every(|w| {
        small(w);
        w.applied();
        let mut from_within = w.command("apply . -auto-approve");
        from_within.current_dir(w.directory());
        w.run("apply . -auto-approve", from_within).exits(0).says("No changes.").writes_nothing();
    });
}

#[test]
fn the_directory_is_the_working_directory_unless_it_is_named() {
    every(|w| {
        small(w);
        let mut from_within = w.command("apply -auto-approve");
        from_within.current_dir(w.directory());
        w.run("apply -auto-approve", from_within).exits(0).says("4 added");
        w.is_settled();
    });
}

#[test]
fn a_changed_file_changes_its_object_and_no_other() {
    every(|w| {
        small(w);
        w.applied();
        let others = |w: &World| {
            let mut all = w.everything();
            all.remove("dashboard.home").unwrap();
            all
        };
        let before = others(w);
        let mut home = dashboard("home", "Home");
        home["panels"][0]["title"] = "traffic".into();
        w.json("dashboards/home.json", &home);
        w.plan().exits(2).says("Plan: 0 to add, 1 to change, 0 to destroy.").says("~ dashboard.home");
        w.apply().exits(0).says("Resources: 0 added, 1 changed, 0 destroyed.");
        assert_eq!(w.live_dashboard("home").unwrap()["panels"][0]["title"], "traffic");
        assert_eq!(others(w), before);
        w.is_settled();
    });
}

#[test]
fn a_removed_file_deletes_its_object() {
    every(|w| {
        small(w);
        w.applied();
        w.remove("dashboards/home.json");
        w.plan().exits(2).says("Plan: 0 to add, 0 to change, 1 to destroy.").says("- dashboard.home");
        w.apply().exits(0).says("1 destroyed");
        assert!(w.live_dashboard("home").is_none());
        w.is_settled();
    });
}

#[test]
fn destroy_takes_everything_back_and_the_record_last() {
    every(|w| {
        w.make_folder("theirs", "Theirs", "");
        w.save(&dashboard("guest", "Guest"), "theirs");
        w.make_datasource(&prometheus("other", "Other"));
        let before = w.everything();
        small(w);
        w.applied();
        let ran = w.destroy();
        ran.exits(0).says("Destroy complete! Resources: 4 destroyed.");
        assert_eq!(w.everything(), before);
        assert!(w.live_dashboard("amgctl-demo").is_none() && w.live_folder("amgctl").is_none());
        let deletes: Vec<&str> =
            ran.asked.iter().filter(|r| r.method == "DELETE").map(|r| r.path.as_str()).collect();
        let [.., record, folder] = deletes.as_slice() else { panic!("{deletes:?}") };
        assert!(record.ends_with("/amgctl-demo"), "{record}");
        assert!(folder.ends_with("/folders/amgctl"), "{folder}");
    });
}

#[test]
fn destroy_of_nothing_is_done() {
    every(|w| {
        w.destroy().exits(0).writes_nothing();
    });
}

#[test]
fn the_embedded_workspace_keeps_its_data_between_runs() {
    every(|w| {
        small(w);
        let run = |arguments: &str| {
            let arguments = format!("{arguments} --sandbox={}", w.version);
            let mut command = w.command(&arguments);
            command.env_remove("AMGCTL_URL").env_remove("GRAFANA_TOKEN");
            w.run(&arguments, command)
        };
        run("plan stack -detailed-exitcode").exits(2).says("4 to add");
        run("apply stack -auto-approve").exits(0).says("4 added");
        assert!(w.home().join(".amgctl/sandbox.json").is_file());
        run("plan stack -detailed-exitcode").exits(0).says("No changes.");
        run("destroy stack -auto-approve").exits(0).says("4 destroyed");
        run("plan stack -detailed-exitcode").exits(2).says("4 to add");
    });
}

#[test]
fn sub_folders_are_made_parents_first() {
    every(|w| {
        if !w.has_sub_folders() {
            return;
        }
        w.json("A/B/C/deep.json", &dashboard("deep", "Deep"));
        w.apply().exits(0).says("4 added");
        let c = w.folder_of("deep");
        let b = w.live_folder(&c).unwrap()["parentUid"].as_str().unwrap().to_owned();
        let a = w.live_folder(&b).unwrap()["parentUid"].as_str().unwrap().to_owned();
        assert_eq!(w.live_folder(&a).unwrap()["title"], "A");
        w.is_settled();
        w.destroy().exits(0).says("4 destroyed");
        assert!(w.everything().is_empty());
    });
}

#[test]
fn sub_folders_are_refused_where_there_are_none_with_what_to_write_instead() {
    every(|w| {
        if w.has_sub_folders() {
            return;
        }
        w.json("A/B/deep.json", &dashboard("deep", "Deep"));
        w.json("top.json", &dashboard("top", "Top"));
        w.plan().says("no folders within folders").says("as `A - B`");
        w.apply().exits(5);
        assert!(w.live_dashboard("top").is_some() && w.live_dashboard("deep").is_none());
        w.rename("A/B", "A - B");
        w.remove("A");
        w.apply().exits(0);
        w.is_settled();
    });
}

#[test]
fn dashboard_without_uid_keeps_the_one_that_its_path_gives() {
    every(|w| {
        let mut nameless = dashboard("", "Nameless");
        nameless.as_object_mut().unwrap().remove("uid");
        w.json("nameless.json", &nameless);
        w.apply().exits(0).says("1 added");
        w.is_settled();
        w.rename("nameless.json", "moved/elsewhere.json");
        let uid = w.everything().into_keys().find(|k| k.starts_with("dashboard.")).unwrap();
        w.apply().exits(0);
        assert!(w.everything().contains_key(&uid), "the moved file kept its uid {uid}");
        w.is_settled();
    });
}

#[test]
fn a_moved_file_moves_its_dashboard_and_keeps_its_history() {
    every(|w| {
        w.json("From/one.json", &dashboard("one", "One"));
        w.json("From/two.json", &dashboard("two", "Two"));
        w.applied();
        let id = w.live_dashboard("one").unwrap()["id"].clone();
        let created = w.about("one")["created"].clone();
        w.rename("From/one.json", "To/one.json");
        w.plan()
            .exits(2)
            .says("Plan: 1 to add, 1 to change, 0 to destroy.")
            .says("dashboard.one")
            .says("From → To");
        w.apply().exits(0);
        assert_eq!(Some(w.folder_of("one")), w.folder_titled("To"));
        assert_eq!(
            (w.live_dashboard("one").unwrap()["id"].clone(), w.about("one")["created"].clone()),
            (id, created)
        );
        w.is_settled();
    });
}

#[test]
fn a_dashboard_moves_to_the_root_and_back() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.json("Infra/two.json", &dashboard("two", "Two"));
        w.applied();
        w.rename("Infra/one.json", "one.json");
        w.apply().exits(0).says("1 changed");
        assert_eq!(w.folder_of("one"), "");
        w.is_settled();
        w.rename("one.json", "Infra/one.json");
        w.apply().exits(0).says("1 changed");
        assert_eq!(Some(w.folder_of("one")), w.folder_titled("Infra"));
        w.is_settled();
    });
}

#[test]
fn a_renamed_directory_is_a_new_folder_moves_and_a_deleted_one() {
    every(|w| {
        w.json("Old/one.json", &dashboard("one", "One"));
        w.json("Old/two.json", &dashboard("two", "Two"));
        w.applied();
        let id = w.live_dashboard("one").unwrap()["id"].clone();
        w.rename("Old", "New");
        w.plan().exits(2).says("Plan: 1 to add, 2 to change, 1 to destroy.");
        w.apply().exits(0).says("1 added, 2 changed, 1 destroyed");
        assert!(w.folder_titled("Old").is_none());
        assert_eq!(Some(w.folder_of("one")), w.folder_titled("New"));
        assert_eq!(w.live_dashboard("one").unwrap()["id"], id);
        w.is_settled();
    });
}

#[test]
fn a_retitled_dashboard_stays_the_same_one() {
    every(|w| {
        w.json("one.json", &dashboard("one", "One"));
        w.applied();
        let id = w.live_dashboard("one").unwrap()["id"].clone();
        w.json("one.json", &dashboard("one", "Eins"));
        w.plan().exits(2).says("Plan: 0 to add, 1 to change, 0 to destroy.");
        w.apply().exits(0);
        let live = w.live_dashboard("one").unwrap();
        assert_eq!((&live["title"], &live["id"]), (&json!("Eins"), &id));
        w.is_settled();
    });
}

#[test]
fn a_dashboard_with_the_title_of_its_folder_is_refused_before_anything_is_sent() {
    every(|w| {
        w.json("Infra/infra.json", &dashboard("infra", "Infra"));
        if w.minds_titles_of_all_folders() {
            w.plan().exits(4).says("the folder `Infra` has that title").says("1 refused");
            w.apply().exits(5).lacks("name cannot be the same");
            assert!(w.live_dashboard("infra").is_none());
        } else {
            w.apply().exits(0);
            w.is_settled();
        }
    });
}

#[test]
fn a_dashboard_beside_a_folder_of_its_title_is_refused_on_old_servers() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.json("infra.json", &dashboard("infra", "Infra"));
        if w.has_unique_titles() {
            w.plan().exits(4).says("the folder `Infra` has that title").says("1 refused");
            w.apply().exits(5).lacks("name cannot be the same");
            assert!(w.live_dashboard("infra").is_none());
        } else {
            w.apply().exits(0);
            w.is_settled();
        }
    });
}
