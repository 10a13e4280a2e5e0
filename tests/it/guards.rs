//! What stops a run as a whole: protection, targets, too much to destroy, an empty directory, other origins.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{World, dashboard, every, on};

fn many(w: &World, count: usize) {
    for n in 0..count {
        w.json(&format!("d{n:02}.json"), &dashboard(&format!("d{n:02}"), &format!("D{n:02}")));
    }
}

fn without(w: &World, numbers: std::ops::Range<usize>) {
    for n in numbers {
        w.remove(&format!("d{n:02}.json"));
    }
}

fn count(w: &World) -> usize {
    w.everything().len()
}

/// Runs git in a directory.
fn git(directory: &std::path::Path, arguments: &[&str]) {
    let done = std::process::Command::new("git").arg("-C").arg(directory).args(arguments).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn more_than_ten_are_not_destroyed_unless_that_is_said() {
    every(|w| {
        many(w, 60);
        w.applied();
        without(w, 0..11);
        w.plan().exits(2).says("11 to destroy").says("--max-destroy");
        w.apply().exits(8).says("destroy 11 of the stack's 60 objects").says("--max-destroy 11").writes_nothing();
        assert_eq!(count(w), 60);
        w.apply_with("--max-destroy 10").exits(8).writes_nothing();
        w.apply_with("--max-destroy 11").exits(0).says("11 destroyed");
        assert_eq!(count(w), 49);
    });
}

#[test]
fn ten_of_many_are_destroyed() {
    every(|w| {
        many(w, 60);
        w.applied();
        without(w, 0..10);
        w.apply().exits(0).says("10 destroyed");
    });
}

#[test]
fn more_than_a_fifth_is_not_destroyed_if_that_is_three_or_more() {
    every(|w| {
        many(w, 14);
        w.applied();
        without(w, 0..3);
        w.apply().exits(8).says("destroy 3 of the stack's 14 objects").writes_nothing();
        assert_eq!(count(w), 14);
        w.json("d00.json", &dashboard("d00", "D00"));
        w.apply().exits(0).says("2 destroyed");
    });
}

#[test]
fn a_fifth_exactly_is_destroyed() {
    every(|w| {
        many(w, 15);
        w.applied();
        without(w, 0..3);
        w.apply().exits(0).says("3 destroyed");
    });
}

#[test]
fn the_settings_allow_more() {
    every(|w| {
        w.write("amgctl.yaml", "stack: demo\nmax_destroy: 4\n");
        many(w, 6);
        w.applied();
        without(w, 0..4);
        w.apply().exits(0).says("4 destroyed");
    });
}

#[test]
fn destroy_is_not_stopped_by_the_guard() {
    every(|w| {
        many(w, 12);
        w.applied();
        w.destroy().exits(0).says("12 destroyed");
        assert_eq!(count(w), 0);
    });
}

#[test]
fn an_empty_directory_destroys_nothing_unless_that_is_said() {
    every(|w| {
        many(w, 2);
        w.applied();
        without(w, 0..2);
        w.plan().exits(8);
        w.apply().exits(8).says("--allow-empty").writes_nothing();
        assert_eq!(count(w), 2);
        w.apply_with("--allow-empty").exits(0).says("2 destroyed");
        assert_eq!(count(w), 0);
    });
}

#[test]
fn a_directory_that_is_not_there_destroys_nothing() {
    every(|w| {
        many(w, 2);
        w.applied();
        w.amgctl("apply nowhere -auto-approve --stack demo")
            .exits(64)
            .says("there is no file or directory `nowhere`")
            .writes_nothing();
        assert_eq!(count(w), 2);
    });
}

#[test]
fn a_broken_file_writes_and_deletes_nothing() {
    every(|w| {
        many(w, 3);
        w.applied();
        w.write("d00.json", "{ \"uid\": \"d00\", \"title\": ");
        w.remove("d01.json");
        w.json("new.json", &dashboard("new", "New"));
        w.plan().exits(3).says("d00.json:");
        let ran = w.apply();
        ran.exits(3).says("d00.json:");
        assert!(ran.asked.is_empty(), "nothing is sent: {:?}", ran.asked);
        assert_eq!(count(w), 3);
    });
}

#[test]
fn every_broken_file_is_told_in_one_run() {
    every(|w| {
        w.write("a.json", "{ \"uid\": ");
        w.write("b.json", "{ \"panels\": [], \"uid\": \"x y\", \"title\": \"B\" }");
        w.json("c.json", &dashboard("twice", "C"));
        w.json("d.json", &dashboard("twice", "D"));
        let ran = w.plan();
        ran.exits(3).says("a.json:1").says("b.json:1").says("c.json").says("d.json");
        assert!(ran.asked.is_empty());
        w.amgctl("validate stack").exits(3).says("a.json:1").says("b.json:1");
    });
}

#[test]
fn a_protected_object_survives_its_removal_until_it_is_lifted() {
    every(|w| {
        w.write("amgctl.yaml", "stack: demo\nprotect: [dashboard.d00]\n");
        many(w, 3);
        w.applied();
        w.remove("d00.json");
        w.write("amgctl.yaml", "stack: demo\n");
        w.plan().says("dashboard.d00").says("protected").says("--unprotect=dashboard.d00");
        let ran = w.apply();
        ran.exits(0).says(&format!(
            "No changes. The workspace matches the directory (2 objects, {} requests, ",
            ran.asked.len()
        ));
        assert!(w.live_dashboard("d00").is_some());
        w.destroy().says("protected");
        assert_eq!(w.everything().into_keys().collect::<Vec<_>>(), ["dashboard.d00"], "the rest went on");
        w.amgctl("destroy stack -auto-approve --unprotect dashboard.d00").exits(0).says("1 destroyed");
        assert_eq!(count(w), 0);
    });
}

#[test]
fn a_protected_folder_and_a_protected_data_source_survive_too() {
    every(|w| {
        w.write("amgctl.yaml", "stack: demo\nprotect: [folder.*, datasource.prom]\n");
        w.write("Infra/_folder.yaml", "uid: infra\n");
        w.json("prom.json", &crate::support::prometheus("prom", "Prom"));
        w.json("one.json", &dashboard("one", "One"));
        w.applied();
        w.remove("Infra");
        w.remove("prom.json");
        w.apply().exits(0);
        assert!(w.live_folder("infra").is_some() && w.live_datasource("prom").is_some());
        w.apply_with("--unprotect folder.infra --unprotect datasource.prom").exits(0).says("2 destroyed");
        assert!(w.live_folder("infra").is_none() && w.live_datasource("prom").is_none());
    });
}

#[test]
fn protection_that_comes_later_counts_from_the_next_apply() {
    every(|w| {
        many(w, 3);
        w.applied();
        w.write("amgctl.yaml", "stack: demo\nprotect: [dashboard.d00]\n");
        w.apply().exits(0);
        w.remove("d00.json");
        w.write("amgctl.yaml", "stack: demo\n");
        w.apply().exits(0);
        assert!(w.live_dashboard("d00").is_some());
    });
}

#[test]
fn a_target_is_planned_with_what_it_needs_and_nothing_else() {
    every(|w| {
        w.json("prom.json", &crate::support::prometheus("prom", "Prom"));
        let mut one = dashboard("one", "One");
        one["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "prom" });
        w.json("Infra/one.json", &one);
        w.json("Infra/two.json", &dashboard("two", "Two"));
        w.plan_with("-target=dashboard.one").exits(2).says("Plan: 3 to add, 0 to change, 0 to destroy.");
        w.apply_with("-target=dashboard.one").exits(0).says("3 added");
        let made: Vec<String> = w.everything().into_keys().collect();
        assert!(made.contains(&"dashboard.one".into()) && !made.contains(&"dashboard.two".into()), "{made:?}");
        w.plan().exits(2).says("Plan: 1 to add, 0 to change, 0 to destroy.");
    });
}

#[test]
fn what_is_no_target_is_not_deleted() {
    every(|w| {
        many(w, 3);
        w.applied();
        w.remove("d00.json");
        let mut changed = dashboard("d01", "D01");
        changed["panels"][0]["title"] = "changed".into();
        w.json("d01.json", &changed);
        w.apply_with("--target dashboard.d01").exits(0).says("0 added, 1 changed, 0 destroyed");
        assert!(w.live_dashboard("d00").is_some());
        w.apply_with("--target dashboard.d00").exits(0).says("0 added, 0 changed, 1 destroyed");
        w.is_settled();
    });
}

#[test]
fn a_target_that_is_not_there_is_told() {
    every(|w| {
        many(w, 1);
        w.apply_with("--target dashboard.nothing").says("dashboard.nothing").writes_nothing();
        w.amgctl("plan stack --target nothing").exits(64).says("an address looks like");
    });
}

#[test]
fn another_origin_is_refused_until_it_takes_over() {
    every(|w| {
        w.write("amgctl.yaml", "stack: demo\norigin: github.com/acme/shop\n");
        many(w, 2);
        w.applied();
        w.write("amgctl.yaml", "stack: demo\norigin: github.com/acme/billing\n");
        w.remove("d00.json");
        w.plan().exits(2).says("github.com/acme/shop").says("apply will refuse without --take-over");
        w.plan_with("--take-over").exits(2).lacks("last applied from").lacks("apply will refuse");
        w.apply()
            .exits(8)
            .says("stack `demo` was last applied from github.com/acme/shop, this is github.com/acme/billing")
            .says("would delete 1 object")
            .writes_nothing();
        w.amgctl("destroy stack -auto-approve").exits(8).writes_nothing();
        assert_eq!(count(w), 2);
        w.apply_with("--take-over").exits(0).says("1 destroyed");
        w.is_settled();
        w.write("amgctl.yaml", "stack: demo\norigin: github.com/acme/shop\n");
        w.apply().exits(8).says("last applied from github.com/acme/billing").writes_nothing();
    });
}

#[test]
fn a_copy_of_the_directory_elsewhere_in_the_repository_is_another_origin() {
    every(|w| {
        git(w.home(), &["init", "-q"]);
        // The only remote counts, whatever its name.
        git(w.home(), &["remote", "add", "upstream", "git@github.com:acme/shop.git"]);
        many(w, 2);
        w.applied();
        let copy = w.home().join("copy");
        std::fs::create_dir(&copy).unwrap();
        std::fs::write(copy.join("amgctl.yaml"), "stack: demo\n").unwrap();
        std::fs::write(copy.join("x.json"), dashboard("x", "X").to_string()).unwrap();
        w.amgctl("apply copy -auto-approve --max-destroy 9")
            .exits(8)
            .says("--take-over")
            .says("write `origin: github.com/acme/shop (stack/)` in amgctl.yaml")
            .writes_nothing();
        assert_eq!(count(w), 2);
    });
}

#[test]
fn a_clone_of_the_repository_is_the_same_origin_and_the_remotes_secrets_stay_out() {
    every(|w| {
        many(w, 1);
        git(w.home(), &["init", "-q"]);
        let token = format!("https://ci:{}@github.com/acme/shop.git", crate::support::PLANTED);
        git(w.home(), &["remote", "add", "origin", &token]);
        w.applied();
        let record = w.live_dashboard("amgctl-demo").unwrap().to_string();
        assert!(record.contains("github.com/acme/shop") && !record.contains(crate::support::PLANTED));
        git(w.home(), &["remote", "set-url", "origin", "git@github.com:Acme/shop.git"]);
        w.json("d01.json", &dashboard("d01", "D01"));
        w.apply().exits(0).says("1 added");
        git(w.home(), &["remote", "set-url", "origin", "git@github.com:acme/billing.git"]);
        w.json("d02.json", &dashboard("d02", "D02"));
        w.apply().exits(8).writes_nothing();
    });
}

/// The same files, unpacked to another place, as a CI without git does for each build.
fn unpacked(w: &World, place: &str) -> std::path::PathBuf {
    let root = w.home().join(place);
    std::fs::create_dir_all(root.join("stack")).unwrap();
    for entry in std::fs::read_dir(w.directory()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, root.join("stack").join(path.file_name().unwrap())).unwrap();
    }
    root
}

/// Applies what was unpacked to a place, with the variables of a CI; `ROOT` stands for the place.
fn apply_unpacked(w: &World, place: &str, variables: &[(&str, &str)]) -> crate::support::Ran {
    let root = unpacked(w, place);
    let typed = format!("apply {place}/stack -auto-approve");
    let mut command = w.command(&typed);
    for (name, value) in variables {
        command.env(name, value.replace("ROOT", root.to_str().unwrap()));
    }
    w.run(&typed, command)
}

#[test]
fn where_there_is_no_git_and_no_word_of_the_ci_no_place_is_compared() {
    every(|w| {
        many(w, 1);
        apply_unpacked(w, "build/src1", &[]).exits(0).says("1 added");
        w.json("d01.json", &dashboard("d01", "D01"));
        let pipeline = [("CODEBUILD_BUILD_ID", "shop:2"), ("CODEBUILD_SRC_DIR", "ROOT")];
        apply_unpacked(w, "build/src2", &pipeline).exits(0).says("1 added");
        // What is known once is not forgotten by a build that knows nothing.
        git(w.home(), &["init", "-q"]);
        git(w.home(), &["remote", "add", "origin", "https://github.com/acme/shop"]);
        w.json("d02.json", &dashboard("d02", "D02"));
        w.apply().exits(0).says("1 added");
        std::fs::remove_dir_all(w.home().join(".git")).unwrap();
        w.json("d03.json", &dashboard("d03", "D03"));
        w.apply().exits(0).says("1 added");
        let github = |repository: &'static str| {
            [
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_SERVER_URL", "https://github.com"),
                ("GITHUB_REPOSITORY", repository),
                ("GITHUB_WORKSPACE", "ROOT"),
            ]
        };
        w.json("d04.json", &dashboard("d04", "D04"));
        apply_unpacked(w, "build/src3", &github("acme/billing"))
            .exits(8)
            .writes_nothing()
            .says("github.com/acme/shop");
        apply_unpacked(w, "build/src4", &github("ACME/shop")).exits(0).says("1 added");
    });
}

#[test]
fn a_stack_without_a_name_is_not_applied_to_a_workspace_in_earnest() {
    every(|w| {
        many(w, 1);
        w.remove("amgctl.yaml");
        w.plan().exits(2).says("stack");
        w.apply().exits(64).says("the stack has no name").says("--stack stack").writes_nothing();
        w.amgctl("apply stack -auto-approve --stack demo").exits(0);
    });
}

#[test]
fn a_folder_goes_with_the_record_that_is_taken_over() {
    every(|w| {
        w.write("amgctl.yaml", "stack: old\norigin: github.com/acme/shop\n");
        w.write("Infra/one.json", r#"{"uid":"one","title":"One","schemaVersion":39,"panels":[]}"#);
        w.apply().exits(0).says("2 added");
        w.write("amgctl.yaml", "stack: new\norigin: github.com/acme/shop\n");
        w.plan_with("--take-over-stack old").exits(2).lacks("made by stack");
        w.apply_with("--take-over-stack old").exits(0).says("0 added, 0 changed, 0 destroyed");
        w.is_settled();
        w.destroy().exits(0).says("2 destroyed");
        assert_eq!(w.folder_titled("Infra"), None);
    });
}

#[test]
fn a_stack_of_another_name_is_taken_over_with_its_record() {
    every(|w| {
        w.write("amgctl.yaml", "stack: old\norigin: github.com/acme/shop\n");
        w.write("one.json", r#"{"uid":"one","title":"One","schemaVersion":39,"panels":[]}"#);
        w.apply().exits(0);
        w.write("amgctl.yaml", "stack: new\norigin: github.com/acme/shop\n");
        w.plan().exits(4).says("it belongs to stack `old`");
        w.plan_with("--take-over-stack old").exits(2).says("the record of stack `old` becomes").lacks("No changes");
        w.apply_with("--take-over-stack other")
            .exits(1)
            .says("no record of a stack `other`")
            .says("hint: --take-over-stack names the stack as it was called")
            .writes_nothing();
        w.apply_with("--take-over-stack old").exits(0).says("0 added, 0 changed, 0 destroyed");
        w.is_settled();
        w.write("amgctl.yaml", "stack: old\norigin: github.com/acme/shop\n");
        w.plan().exits(4).says("it belongs to stack `new`");
        w.write("amgctl.yaml", "stack: new\norigin: github.com/acme/shop\n");
        w.destroy().exits(0).says("1 destroyed");
    });
}

/// Somebody's tool makes a dashboard and marks it as its own.
fn managed(w: &World, uid: &str, title: &str, kind: &str, id: &str) {
    let mut spec = dashboard(uid, title);
    spec.as_object_mut().unwrap().remove("uid");
    let annotations = json!({ "grafana.app/managedBy": kind, "grafana.app/managerId": id });
    let body = json!({ "metadata": { "name": uid, "annotations": annotations }, "spec": spec });
    w.change("POST", "/apis/dashboard.grafana.app/v0alpha1/namespaces/default/dashboards", &body);
}

fn manager_of(w: &World, uid: &str) -> Value {
    let path = format!("/apis/dashboard.grafana.app/v0alpha1/namespaces/default/dashboards/{uid}");
    w.read(&path).unwrap()["metadata"]["annotations"]["grafana.app/managedBy"].clone()
}

#[test]
fn what_files_provision_or_another_tool_manages_is_not_adopted_though_it_is_equal() {
    for version in [Version::V12_4, Version::V13] {
        on(version, |w| {
            managed(w, "one", "One", "classic-file-provisioning", "files");
            managed(w, "two", "Two", "kubectl", "gcx");
            w.json("one.json", &dashboard("one", "One"));
            w.json("two.json", &dashboard("two", "Two"));
            w.json("own.json", &dashboard("own", "Own"));
            w.plan_with("--adopt")
                .exits(2)
                .says("left alone")
                .says("the server provisions it from files of its own, or holds it read-only, so it is not adopted")
                .says("the workspace says that `kubectl:gcx` manages it, so it is not adopted")
                .lacks("to adopt");
            w.apply_with("--adopt").exits(0).says("1 added");
            w.is_settled();
            // Nothing of it is ours, so nothing of it is in the way.
            w.remove("one.json");
            w.apply().exits(0);
            w.destroy().exits(0).says("1 destroyed");
            assert!(w.live_dashboard("one").is_some() && w.live_dashboard("two").is_some());
        });
    }
}

#[test]
fn what_another_tool_took_from_us_is_let_go_of_by_forget() {
    on(Version::V12_4, |w| {
        w.json("one.json", &dashboard("one", "One"));
        w.json("own.json", &dashboard("own", "Own"));
        w.applied();
        let path = "/apis/dashboard.grafana.app/v0alpha1/namespaces/default/dashboards/one";
        let mut live = w.read(path).unwrap();
        live["metadata"]["annotations"]["grafana.app/managedBy"] = "terraform".into();
        w.change("PUT", path, &live);
        w.is_settled();
        w.remove("one.json");
        w.plan().exits(4).says("`terraform` manages it [managed]").says("`amgctl forget dashboard.one`");
        w.apply().exits(4).writes_nothing();
        w.amgctl("forget dashboard.one --directory stack").exits(0);
        w.is_settled();
        w.destroy().exits(0).says("1 destroyed");
        assert!(w.live_dashboard("one").is_some());
    });
}

#[test]
fn an_object_is_taken_from_another_tool_when_both_are_named() {
    on(Version::V12_4, |w| {
        managed(w, "one", "One", "kubectl", "gcx");
        managed(w, "two", "Theirs", "kubectl", "gcx");
        managed(w, "three", "Three", "repo", "main");
        w.json("one.json", &dashboard("one", "One"));
        w.json("two.json", &dashboard("two", "Two"));
        w.plan_with("--adopt").exits(4).says("--adopt=dashboard.two --take-from kubectl:gcx");
        w.plan_with("--take-from kubectl:gcx").exits(64);
        w.plan_with("--adopt --take-from kubectl:other")
            .exits(4)
            .says("is managed by `kubectl:other`")
            .says("1 refused");
        w.plan_with("--adopt --take-from kubectl:gcx").exits(2).says("2 to adopt").says("kubectl:gcx → amgctl");
        w.apply_with("--adopt --take-from kubectl:gcx").exits(0);
        assert_eq!((manager_of(w, "one"), manager_of(w, "two")), (Value::Null, Value::Null));
        assert_eq!(w.live_dashboard("two").unwrap()["title"], "Two");
        w.is_settled();
        w.json("one.json", &dashboard("one", "One more"));
        w.apply().exits(0).says("1 changed");
        // What the workspace keeps in step with a repository is not given up.
        w.json("three.json", &dashboard("three", "Other"));
        w.plan_with("--adopt --take-from repo:main").exits(4).says("take it out of that repository first");
    });
}
