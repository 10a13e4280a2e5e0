//! Folders: borrowed, bound, renamed, kept when they hold what is not ours; clashes of titles and uids.

use crate::support::{World, dashboard, every, on};

#[test]
fn an_existing_folder_of_the_path_is_used_and_never_ours() {
    every(|w| {
        w.make_folder("theirs", "Infra", "");
        let folder = w.live_folder("theirs").unwrap();
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.plan().exits(2).says("Plan: 1 to add, 0 to change, 0 to destroy.");
        w.apply().exits(0);
        assert_eq!(w.folder_of("one"), "theirs");
        w.is_settled();
        w.remove("Infra");
        w.json("two.json", &dashboard("two", "Two"));
        w.apply().exits(0).says("1 added, 0 changed, 1 destroyed");
        assert_eq!(w.live_folder("theirs").unwrap(), folder);
        w.destroy().exits(0);
        assert_eq!(w.live_folder("theirs").unwrap(), folder);
    });
}

#[test]
fn a_folder_that_holds_what_is_not_ours_stays_and_the_plan_names_it() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.json("two.json", &dashboard("two", "Two"));
        w.applied();
        let infra = w.folder_titled("Infra").unwrap();
        w.save(&dashboard("guest", "Guest"), &infra);
        w.remove("Infra");
        let plan = w.plan();
        plan.exits(2).says("0 to add, 0 to change, 1 to destroy.").says("kept: it holds dashboard");
        assert!(plan.out.contains("Guest") || plan.out.contains("guest"), "the guest is named\n{plan}");
        w.apply().exits(0).says("1 destroyed");
        assert_eq!(w.folder_of("guest"), infra);
        assert!(w.live_dashboard("one").is_none());
        // The guest leaves: the folder is still known to be ours.
        w.delete("/api/dashboards/uid/guest");
        w.apply().exits(0).says("1 destroyed");
        assert!(w.live_folder(&infra).is_none());
        w.is_settled();
    });
}

#[test]
fn destroy_leaves_a_folder_with_guests_and_says_so() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.applied();
        let infra = w.folder_titled("Infra").unwrap();
        w.save(&dashboard("guest", "Guest"), &infra);
        w.destroy().says("kept: it holds dashboard").says("1 destroyed");
        assert_eq!(w.folder_of("guest"), infra);
        assert!(w.live_dashboard("one").is_none());
        w.delete("/api/dashboards/uid/guest");
        w.destroy().exits(0).says("1 destroyed");
        assert!(w.everything().is_empty() && w.live_folder("amgctl").is_none());
    });
}

#[test]
fn a_sub_folder_of_somebody_keeps_the_folder_above() {
    every(|w| {
        if !w.has_sub_folders() {
            return;
        }
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.json("two.json", &dashboard("two", "Two"));
        w.applied();
        let infra = w.folder_titled("Infra").unwrap();
        w.make_folder("theirs", "Theirs", &infra);
        w.remove("Infra");
        w.plan().exits(2).says("kept: it holds folder \"Theirs\"");
        w.apply().exits(0);
        assert_eq!(w.live_folder("theirs").unwrap()["parentUid"], infra.as_str());
    });
}

#[test]
fn a_folder_put_in_just_before_its_parents_delete_is_found_there() {
    // The plan does not know of the guest: it comes between plan and delete. See `endings` for the way to stop there.
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.json("two.json", &dashboard("two", "Two"));
        w.applied();
        let infra = w.folder_titled("Infra").unwrap();
        w.remove("Infra");
        // The dashboard's delete is held; meanwhile somebody saves a guest into the folder.
        let proxy = crate::support::Proxy::before(&w.sandbox.running().url, |seen| {
            if seen.method == "DELETE" && seen.path.ends_with("/one") {
                crate::support::Does::HoldBefore
            } else {
                crate::support::Does::Pass
            }
        });
        let child = w.begin_at(&proxy, "apply stack -auto-approve");
        proxy.holds();
        w.save(&dashboard("guest", "Guest"), &infra);
        proxy.release();
        child.ends().exits(5).says("skipped").says("1 destroyed");
        assert_eq!(w.folder_of("guest"), infra);
    });
}

#[test]
fn a_folder_that_somebody_renamed_stays_bound() {
    every(|w| {
        w.make_folder("theirs", "Infra", "");
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.applied();
        w.retitle_folder("theirs", "Infrastructure");
        w.plan().exits(0);
        w.apply().exits(0);
        assert_eq!(w.folder_of("one"), "theirs");
        assert_eq!(w.live_folder("theirs").unwrap()["title"], "Infrastructure");
        assert!(w.folder_titled("Infra").is_none());
    });
}

#[test]
fn our_folder_that_somebody_renamed_is_drift_and_stays_the_same_one() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.applied();
        let infra = w.folder_titled("Infra").unwrap();
        w.retitle_folder(&infra, "Infrastructure");
        w.plan().exits(2).says(&format!("≈ folder.{infra}")).says("0 to add, 1 to change, 0 to destroy.");
        w.apply().exits(4);
        assert_eq!(w.live_folder(&infra).unwrap()["title"], "Infrastructure");
        w.apply_with("--on-drift overwrite").exits(0);
        assert_eq!(w.live_folder(&infra).unwrap()["title"], "Infra");
        assert_eq!(w.folder_of("one"), infra);
        w.is_settled();
    });
}

#[test]
fn two_folders_of_the_path_are_an_error_with_their_uids() {
    on(amgctl::sandbox::Version::V12_4, |w| {
        w.make_folder("first", "Infra", "");
        w.make_folder("second", "Infra", "");
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.plan().exits(3).says("the workspace has 2 folders").says("`first`").says("`second`").says("_folder.yaml");
        w.apply().exits(3).writes_nothing();
        // As the message says: `uid: …` in a `_folder.yaml`.
        w.write("Infra/_folder.yaml", "uid: second\n");
        w.plan().exits(2).says("not ours");
        w.apply().exits(0);
        assert_eq!(w.folder_of("one"), "second");
        w.is_settled();
    });
}

#[test]
fn a_uid_in_the_folder_file_renames_in_place() {
    every(|w| {
        w.write("Infra/_folder.yaml", "uid: infra\n");
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.applied();
        assert_eq!(w.live_folder("infra").unwrap()["title"], "Infra");
        let id = w.live_folder("infra").unwrap()["id"].clone();
        w.rename("Infra", "Platform");
        w.plan().exits(2).says("~ folder.infra").says("Plan: 0 to add, 1 to change, 0 to destroy.");
        w.apply().exits(0);
        let folder = w.live_folder("infra").unwrap();
        assert_eq!((&folder["title"], &folder["id"]), (&"Platform".into(), &id));
        assert_eq!(w.folder_of("one"), "infra");
        w.is_settled();
    });
}

#[test]
fn a_title_in_the_folder_file_wins_over_the_directorys_name() {
    every(|w| {
        w.write("infra/_folder.yaml", "title: Infra & Co\n");
        w.json("infra/one.json", &dashboard("one", "One"));
        w.applied();
        assert_eq!(Some(w.folder_of("one")), w.folder_titled("Infra & Co"));
        w.is_settled();
    });
}

#[test]
fn a_folder_moves_with_all_that_is_in_it() {
    every(|w| {
        if !w.has_sub_folders() {
            return;
        }
        w.write("A/Sub/_folder.yaml", "uid: sub\n");
        w.json("A/Sub/one.json", &dashboard("one", "One"));
        w.json("B/two.json", &dashboard("two", "Two"));
        w.json("A/three.json", &dashboard("three", "Three"));
        w.applied();
        let id = w.live_dashboard("one").unwrap()["id"].clone();
        w.rename("A/Sub", "B/Sub");
        w.plan().exits(2).says("folder.sub").says("Plan: 0 to add, 1 to change, 0 to destroy.");
        w.apply().exits(0).says("0 added, 1 changed, 0 destroyed");
        assert_eq!(w.live_folder("sub").unwrap()["parentUid"].as_str(), w.folder_titled("B").as_deref());
        assert_eq!((w.folder_of("one").as_str(), &w.live_dashboard("one").unwrap()["id"]), ("sub", &id));
        w.is_settled();
    });
}

#[test]
fn a_dashboard_that_somebody_moved_is_drift() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        w.applied();
        w.make_folder("theirs", "Theirs", "");
        let one = w.live_dashboard("one").unwrap();
        w.save(&one, "theirs");
        w.plan().exits(2).says("≈ dashboard.one").says("Theirs");
        w.apply().exits(4);
        assert_eq!(w.folder_of("one"), "theirs");
        w.apply_with("--on-drift overwrite").exits(0);
        assert_eq!(Some(w.folder_of("one")), w.folder_titled("Infra"));
        w.is_settled();
    });
}

#[test]
fn the_uid_of_a_folder_is_no_uid_for_a_dashboard() {
    every(|w| {
        w.make_folder("shared", "Theirs", "");
        w.save(&dashboard("guest", "Guest"), "shared");
        let before = w.everything();
        w.json("one.json", &dashboard("shared", "One"));
        w.plan().exits(4).says("its uid belongs to the folder `Theirs`");
        w.apply().exits(4).writes_nothing();
        assert_eq!(w.everything(), before);
    });
}

#[test]
fn the_uid_of_a_dashboard_is_no_uid_for_a_folder() {
    every(|w| {
        w.save(&dashboard("shared", "Theirs"), "");
        let before = w.everything();
        w.write("Infra/_folder.yaml", "uid: shared\n");
        w.plan().exits(4).says("its uid belongs to the dashboard");
        w.apply().exits(4).writes_nothing();
        assert_eq!(w.everything(), before);
    });
}

#[test]
fn the_title_of_another_dashboard_in_the_folder_is_taken_on_old_servers_only() {
    every(|w| {
        w.make_folder("infra", "Infra", "");
        w.save(&dashboard("theirs", "CPU!"), "infra");
        // Equal slugs, where slugs are compared; else equal titles.
        let title = if w.compares_slugs() { "cpu" } else { "CPU!" };
        w.json("Infra/cpu.json", &dashboard("cpu", title));
        if w.has_unique_titles() {
            let before = w.everything();
            w.plan().exits(4).says("`theirs` in that folder has").says("\"uid\": \"theirs\"");
            w.apply().exits(4).writes_nothing();
            assert_eq!(w.everything(), before);
        } else {
            w.apply().exits(0).says("1 added");
            w.is_settled();
        }
    });
}

#[test]
fn the_title_that_another_of_the_directory_gives_up_is_waited_for() {
    every(|w| {
        w.json("a.json", &dashboard("a", "First"));
        w.json("b.json", &dashboard("b", "Second"));
        w.applied();
        w.json("a.json", &dashboard("a", "Third"));
        w.json("b.json", &dashboard("b", "First"));
        w.apply().exits(0).says("2 changed");
        assert_eq!(w.live_dashboard("b").unwrap()["title"], "First");
        w.is_settled();
    });
}

#[test]
fn a_swap_of_titles_is_refused_on_old_servers_with_the_way_in_two_steps() {
    every(|w| {
        w.json("a.json", &dashboard("a", "First"));
        w.json("b.json", &dashboard("b", "Second"));
        w.applied();
        w.json("a.json", &dashboard("a", "Second"));
        w.json("b.json", &dashboard("b", "First"));
        if w.has_unique_titles() {
            w.plan().exits(4).says("swap titles").says("2 refused");
            w.apply().exits(4).writes_nothing();
            // The two steps.
            w.json("a.json", &dashboard("a", "Third"));
            w.apply().exits(0);
            w.json("a.json", &dashboard("a", "Second"));
        }
        w.apply().exits(0);
        assert_eq!(w.live_dashboard("a").unwrap()["title"], "Second");
        assert_eq!(w.live_dashboard("b").unwrap()["title"], "First");
        w.is_settled();
    });
}

#[test]
fn a_folder_with_the_title_of_a_dashboard_at_the_root_is_refused_on_old_servers() {
    every(|w| {
        w.save(&dashboard("theirs", "Infra"), "");
        w.json("Infra/one.json", &dashboard("one", "One"));
        if w.has_unique_titles() {
            w.plan().exits(4).says("2 refused");
            w.apply().exits(4).writes_nothing();
        } else {
            w.apply().exits(0);
            w.is_settled();
        }
    });
}

#[test]
fn another_title_with_the_slug_of_a_folder_is_no_new_folder_on_old_servers() {
    every(|w| {
        w.make_folder("theirs", "infra", "");
        w.json("Infra!/one.json", &dashboard("one", "One"));
        if w.compares_slugs() {
            w.plan().exits(4).says("has that title there already").says("uid: theirs");
            w.apply().exits(4).writes_nothing();
        } else {
            w.apply().exits(0).says("2 added");
            assert_ne!(w.folder_of("one"), "theirs");
            w.is_settled();
        }
    });
}

#[test]
fn the_registrys_folder_may_not_be_declared() {
    every(|w: &World| {
        w.json("amgctl/one.json", &dashboard("one", "One"));
        let ran = w.apply();
        assert!(ran.code != 0 && w.live_dashboard("one").is_none(), "{ran}");
        ran.writes_nothing();
        w.remove("amgctl");
        w.json("one.json", &dashboard("amgctl-demo", "One"));
        w.apply().exits(3).writes_nothing();
    });
}

#[test]
fn a_second_folder_of_one_title_is_not_made_by_mistake() {
    every(|w| {
        w.make_folder("theirs", "Infra", "");
        w.write("Infra/_folder.yaml", "uid: ours\n");
        w.plan().exits(4).says("(uid `theirs`) has that title there already").says("uid: theirs");
        w.apply().exits(4).writes_nothing();
    });
}

#[test]
fn sub_folders_of_equal_titles_stand_in_different_folders() {
    every(|w: &World| {
        if !w.has_sub_folders() {
            return;
        }
        w.json("A/Same/one.json", &dashboard("one", "One"));
        w.json("B/Same/two.json", &dashboard("two", "Same"));
        w.json("Same/three.json", &dashboard("three", "Three"));
        w.apply().exits(0).says("8 added");
        assert_ne!(w.folder_of("one"), w.folder_of("two"));
        w.is_settled();
    });
}

#[test]
fn a_refresh_that_the_server_keeps_is_no_difference() {
    every(|w: &World| {
        let mut board = dashboard("auto", "Auto");
        board["refresh"] = "auto".into();
        w.json("auto.json", &board);
        w.apply().exits(0);
        w.is_settled();
    });
}

fn two_named_folders(w: &World, a: &str, b: &str) {
    w.write("a/_folder.yaml", &format!("uid: a\ntitle: \"{a}\"\n"));
    w.write("b/_folder.yaml", &format!("uid: b\ntitle: \"{b}\"\n"));
}

#[test]
fn folders_beside_each_other_that_this_server_takes_for_one_are_refused_in_the_plan() {
    every(|w| {
        for (a, b) in
            [("A-B", "A B"), ("Infra", "infra"), ("\u{dc}ber / X", "uber-x"), ("\u{dc}ber / X", "ueber-x")]
        {
            two_named_folders(w, a, b);
            w.json("a/one.json", &dashboard("one", "One"));
            let one_slug = w.compares_slugs() && b != "uber-x";
            if one_slug {
                w.plan().exits(4).says("[title-twice]").says("0 to add");
                w.apply().exits(4).writes_nothing();
            } else {
                w.apply().exits(0);
                w.is_settled();
                w.destroy().exits(0);
            }
        }
        // Directories without a file of their own, too.
        for file in ["a", "b"] {
            w.remove(file);
        }
        w.json("A-B/one.json", &dashboard("one", "One"));
        w.json("A B/two.json", &dashboard("two", "Two"));
        if w.compares_slugs() {
            w.plan().exits(4).says("[title-twice]").says("0 to add");
            w.apply().exits(4).writes_nothing();
        } else {
            w.apply().exits(0).says("4 added");
            w.is_settled();
        }
    });
}

#[test]
fn a_swap_of_folder_titles_is_refused_on_old_servers_with_the_way_in_two_steps() {
    every(|w| {
        two_named_folders(w, "One", "Two");
        w.applied();
        two_named_folders(w, "Two", "One");
        if w.has_unique_titles() {
            w.plan().exits(4).says("swap titles").says("give one of them a third title, apply").says("2 refused");
            w.apply().exits(4).writes_nothing();
            two_named_folders(w, "Two", "Three");
            w.apply().exits(0);
            two_named_folders(w, "Two", "One");
        }
        w.apply().exits(0);
        assert_eq!(w.live_folder("a").unwrap()["title"], "Two");
        assert_eq!(w.live_folder("b").unwrap()["title"], "One");
        w.is_settled();
    });
}

#[test]
fn folder_titles_that_are_passed_on_in_a_row_change_in_one_apply() {
    every(|w| {
        two_named_folders(w, "One", "Two");
        w.applied();
        two_named_folders(w, "Two", "Three");
        w.write("c/_folder.yaml", "uid: c\ntitle: One\n");
        w.apply().exits(0).says("1 added, 2 changed");
        for (uid, title) in [("a", "Two"), ("b", "Three"), ("c", "One")] {
            assert_eq!(w.live_folder(uid).unwrap()["title"], title);
        }
        w.is_settled();
    });
}

#[test]
fn a_directory_that_changes_by_letter_case_only_is_renamed_where_it_is() {
    every(|w| {
        w.json("Infra/one.json", &dashboard("one", "One"));
        if w.has_sub_folders() {
            w.json("Infra/Linux/two.json", &dashboard("two", "Two"));
        }
        w.applied();
        let uid = w.folder_of("one");
        w.rename("Infra", "infra-for-now");
        w.rename("infra-for-now", "infra");
        w.plan().exits(2).says("0 to add, 1 to change, 0 to destroy.").says("keeps its uid");
        w.apply().exits(0).says("0 added, 1 changed, 0 destroyed");
        assert_eq!(w.live_folder(&uid).unwrap()["title"], "infra");
        assert_eq!(w.folder_of("one"), uid);
        w.is_settled();
    });
}
