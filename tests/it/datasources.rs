//! Data sources: secrets that nobody can read back, what a save cannot clear, the default one, names.

use serde_json::{Value, json};

use crate::support::{PLANTED, World, dashboard, every, prometheus};

fn secret(n: usize) -> String {
    format!("{PLANTED}-{n}")
}

/// A data source with these secrets.
fn with(secrets: &Value) -> Value {
    let mut datasource = prometheus("prom", "Prom");
    datasource["basicAuth"] = true.into();
    datasource["basicAuthUser"] = "ci".into();
    datasource["secureJsonData"] = secrets.clone();
    datasource
}

fn declare(w: &World, secrets: &Value) {
    w.json("prom.json", &with(secrets));
}

fn flags(w: &World) -> Vec<String> {
    let live = w.live_datasource("prom").unwrap();
    let flags = live["secureJsonFields"].as_object().cloned().unwrap_or_default();
    flags.into_iter().filter(|(_, set)| set == true).map(|(key, _)| key).collect()
}

/// Begins with a default data source of somebody: on 12.4 the first one becomes the default, whatever is asked.
fn each(claim: impl Fn(&World)) {
    every(|w| {
        w.make_datasource(&json!({
            "uid": "first", "name": "First", "type": "prometheus", "access": "proxy", "url": "http://first:9090",
            "isDefault": true,
        }));
        claim(w);
    });
}

#[test]
fn secrets_are_set_and_then_unchanged() {
    each(|w| {
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.plan().exits(2);
        w.apply().exits(0).says("1 added");
        assert_eq!(flags(w), ["basicAuthPassword"]);
        w.is_settled();
        w.apply().exits(0).writes_nothing();
    });
}

#[test]
fn a_changed_secret_is_sent_and_never_shown() {
    each(|w| {
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.applied();
        declare(w, &json!({ "basicAuthPassword": secret(2) }));
        w.plan().exits(2).says("secureJsonData.basicAuthPassword").says("(sensitive value changed)");
        w.apply().exits(0).says("1 changed");
        w.is_settled();
    });
}

#[test]
fn a_secret_that_left_the_file_loses_its_flag() {
    each(|w| {
        declare(w, &json!({ "basicAuthPassword": secret(1), "httpHeaderValue1": secret(2) }));
        w.applied();
        assert_eq!(flags(w).len(), 2);
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.plan().exits(2).says("secureJsonData.httpHeaderValue1").says("(sensitive value removed)");
        w.apply().exits(0).says("1 changed");
        assert_eq!(flags(w), ["basicAuthPassword"]);
        w.is_settled();
    });
}

#[test]
fn secrets_that_people_set_are_left_to_them() {
    each(|w| {
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.applied();
        w.edit_datasource("prom", |d| d["secureJsonData"] = json!({ "httpHeaderValue1": secret(3) }));
        assert_eq!(flags(w).len(), 2);
        w.apply_with("--on-drift overwrite").exits(0);
        assert_eq!(flags(w).len(), 2);
        w.is_settled();
    });
}

#[test]
fn secrets_that_may_have_been_changed_outside_are_sent_again() {
    each(|w| {
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.applied();
        // Nothing that can be seen was changed but the version.
        w.edit_datasource("prom", |d| d["secureJsonData"] = json!({ "basicAuthPassword": secret(9) }));
        w.plan().exits(2).says("(sensitive value sent again: it may have been changed outside)");
        w.apply().exits(0).says("1 changed");
        w.is_settled();
    });
}

#[test]
fn adopting_sends_the_declared_secrets_once() {
    each(|w| {
        w.make_datasource(&with(&json!({ "basicAuthPassword": secret(7) })));
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.plan_with("--adopt").exits(2).says("1 to adopt").says("(sensitive value set)");
        let version = w.live_datasource("prom").unwrap()["version"].as_i64().unwrap();
        w.apply_with("--adopt").exits(0);
        assert_eq!(w.live_datasource("prom").unwrap()["version"], version + 1);
        w.is_settled();
    });
}

#[test]
fn values_from_the_environment_are_shown_as_written() {
    each(|w| {
        w.write(
            "datasources.yaml",
            "apiVersion: 1\ndatasources:\n  - name: Prom\n    uid: prom\n    type: prometheus\n    access: proxy\n    \
             url: $__env{PROM_URL}\n    secureJsonData:\n      httpHeaderValue1: $__env{PROM_SECRET}\n",
        );
        let run = |arguments: &str, host: &str| {
            let mut command = w.command(arguments);
            command.env("PROM_URL", format!("http://{host}-{PLANTED}:9090")).env("PROM_SECRET", secret(1));
            w.run(arguments, command)
        };
        run("plan stack -detailed-exitcode", "a").exits(2).says("$__env{PROM_URL}");
        run("apply stack -auto-approve", "a").exits(0);
        assert_eq!(w.live_datasource("prom").unwrap()["url"], format!("http://a-{PLANTED}:9090"));
        run("plan stack -detailed-exitcode", "a").exits(0);
        run("plan stack -detailed-exitcode --verbose", "b").exits(2).says("$__env{PROM_URL}");
        run("apply stack -auto-approve --verbose", "b").exits(0);
        assert_eq!(w.live_datasource("prom").unwrap()["url"], format!("http://b-{PLANTED}:9090"));
        // Without the variable nothing is sent.
        w.plan().exits(3).says("PROM_URL");
    });
}

#[test]
fn a_url_that_cannot_be_cleared_is_refused_and_replaced_when_that_is_said() {
    each(|w| {
        let mut loki = json!({
            "uid": "td", "name": "TestData", "type": "grafana-testdata-datasource", "access": "proxy",
            "url": "http://somewhere", "secureJsonData": { "token": secret(1) },
        });
        w.json("td.json", &loki);
        w.json("one.json", &dashboard("one", "One"));
        w.applied();
        let id = w.live_datasource("td").unwrap()["id"].clone();
        loki.as_object_mut().unwrap().remove("url");
        w.json("td.json", &loki);
        w.plan().exits(4).says("Grafana cannot clear `url`").says("--replace=datasource.td");
        w.apply().exits(4).writes_nothing();
        w.apply_with("--replace=datasource.td").exits(0).says("1 added, 0 changed, 1 destroyed");
        let live = w.live_datasource("td").unwrap();
        assert_ne!(live["id"], id);
        assert_eq!((&live["url"], &live["secureJsonFields"]["token"]), (&json!(""), &json!(true)));
        w.is_settled();
    });
}

#[test]
fn a_replacement_that_would_lose_a_secret_is_refused() {
    each(|w| {
        let mut td = json!({
            "uid": "td", "name": "TestData", "type": "grafana-testdata-datasource", "access": "proxy",
            "url": "http://somewhere",
        });
        w.json("td.json", &td);
        w.applied();
        w.edit_datasource("td", |d| d["secureJsonData"] = json!({ "token": secret(1) }));
        w.apply().exits(0);
        td.as_object_mut().unwrap().remove("url");
        w.json("td.json", &td);
        let before = w.live_datasource("td");
        w.apply_with("--replace=datasource.td").exits(4).says("the secret `token` is set there").writes_nothing();
        assert_eq!(w.live_datasource("td"), before);
    });
}

#[test]
fn a_basic_auth_user_that_is_cleared_is_refused() {
    each(|w| {
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.applied();
        w.json("prom.json", &prometheus("prom", "Prom"));
        w.plan().exits(4).says("Grafana cannot clear `basicAuthUser`");
        w.apply().exits(4).writes_nothing();
    });
}

#[test]
fn a_name_under_another_uid_is_refused_with_what_to_write() {
    each(|w| {
        w.make_datasource(&prometheus("theirs", "Prom"));
        declare(w, &json!({}));
        w.plan().exits(4).says("a data source of that name under the uid `theirs`").says("uid: theirs");
        w.apply().exits(4).writes_nothing();
    });
}

#[test]
fn the_default_data_source_changes_and_the_plan_says_whose_it_was() {
    each(|w| {
        let mut prom = prometheus("prom", "Prom");
        prom["isDefault"] = true.into();
        w.json("prom.json", &prom);
        w.plan().exits(2).says("`datasource.prom` becomes the default data source; \"First\" no longer is");
        w.apply().exits(0);
        assert_eq!(w.live_datasource("prom").unwrap()["isDefault"], true);
        assert_eq!(w.live_datasource("first").unwrap()["isDefault"], false);
        w.is_settled();
    });
}

#[test]
fn the_default_passes_from_one_of_ours_to_another_in_one_apply() {
    each(|w| {
        let set = |a: bool, b: bool| {
            for (uid, is_default) in [("a", a), ("b", b)] {
                let mut datasource = prometheus(uid, &uid.to_uppercase());
                datasource["isDefault"] = is_default.into();
                w.json(&format!("{uid}.json"), &datasource);
            }
        };
        set(true, false);
        w.applied();
        w.is_settled();
        set(false, true);
        w.apply().exits(0).says("2 changed");
        assert_eq!(w.live_datasource("b").unwrap()["isDefault"], true);
        assert_eq!(w.live_datasource("a").unwrap()["isDefault"], false);
        w.is_settled();
        set(true, false);
        w.apply().exits(0);
        w.is_settled();
    });
}

#[test]
fn the_first_data_source_of_a_workspace_ends_as_declared() {
    // On 12.4 it is made the default one, whatever was asked.
    every(|w| {
        w.json("prom.json", &prometheus("prom", "Prom"));
        w.apply().exits(0);
        w.is_settled();
    });
}

#[test]
fn a_data_source_is_deleted_after_the_dashboards_that_read_it() {
    each(|w| {
        w.json("prom.json", &prometheus("prom", "Prom"));
        let mut one = dashboard("one", "One");
        one["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "prom" });
        w.json("one.json", &one);
        w.applied();
        let ran = w.destroy();
        ran.exits(0);
        let at = |end: &str| ran.asked.iter().position(|r| r.method == "DELETE" && r.path.ends_with(end)).unwrap();
        assert!(at("/one") < at("/prom"));
    });
}

#[test]
fn a_reference_that_leads_nowhere_is_an_error_unless_that_is_said() {
    each(|w| {
        let mut one = dashboard("one", "One");
        one["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "nowhere" });
        w.json("one.json", &one);
        w.plan().exits(3).says("nowhere").says("one.json:");
        w.apply().exits(3).writes_nothing();
        w.apply_with("--unknown-references=warn").exits(0).says("nowhere");
        w.write("amgctl.yaml", "stack: demo\nunknown_references: warn\n");
        w.plan().exits(0);
    });
}

#[test]
fn without_ownership_secrets_are_sent_on_create_and_when_that_is_said() {
    each(|w| {
        w.write("amgctl.yaml", "stack: demo\nownership: none\n");
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.apply().exits(0).says("1 added");
        assert_eq!(flags(w), ["basicAuthPassword"]);
        declare(w, &json!({ "basicAuthPassword": secret(2) }));
        w.is_settled();
        let version = w.live_datasource("prom").unwrap()["version"].as_i64().unwrap();
        w.apply_with("--send-secrets").exits(0).says("1 changed");
        assert_eq!(w.live_datasource("prom").unwrap()["version"], version + 1);
    });
}

#[test]
fn no_secret_is_in_the_record() {
    each(|w| {
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.applied();
        let record = w.live_dashboard("amgctl-demo").unwrap().to_string();
        assert!(record.contains("datasource.prom") && !record.contains(PLANTED));
    });
}

/// Every file below a directory, but for those of the stack itself.
fn files_beside_the_stack(directory: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.ends_with("stack") => {}
            path if path.is_dir() => files_beside_the_stack(&path, found),
            path => found.push(path),
        }
    }
}

#[test]
fn a_secret_and_the_token_are_in_no_output_at_any_verbosity_and_in_no_file() {
    each(|w| {
        let commands = [
            "validate stack",
            "plan stack",
            "apply stack -auto-approve",
            "plan stack -detailed-exitcode",
            "forget datasource.prom --directory stack",
            "apply stack -auto-approve --adopt",
            "unlock demo",
            "destroy stack -auto-approve",
        ];
        for turn in 1..=2 {
            declare(w, &json!({ "basicAuthPassword": secret(turn), "httpHeaderValue1": secret(turn + 2) }));
            for command in commands {
                for more in ["", " --verbose", " --no-color -v"] {
                    // What it prints is looked through by `World::run`; so are its refusals, as of an unlock of nothing.
                    w.amgctl(&format!("{command}{more}"));
                }
            }
        }
        let mut files = Vec::new();
        files_beside_the_stack(w.home(), &mut files);
        for file in files {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            assert!(!text.contains(PLANTED), "{} holds a secret", file.display());
        }
        // The search can fail: where the secrets are declared, they are found.
        let declared =
            std::fs::read_dir(w.directory()).unwrap().map(|e| std::fs::read_to_string(e.unwrap().path()));
        assert!(declared.flatten().any(|text| text.contains(PLANTED)));
    });
}

#[test]
fn an_empty_value_from_elsewhere_is_an_error_with_its_place_and_nothing_is_sent() {
    each(|w| {
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.applied();
        let version = w.live_datasource("prom").unwrap()["version"].clone();
        w.write("empty.txt", "\n");
        w.write(".amgctlignore", "*.txt\n");
        let broken = [
            ("basicAuthPassword", "$__env{CI_SECRET}", "the environment variable `CI_SECRET` is empty"),
            ("basicAuthPassword", "x-$__env{CI_SECRET}", "the environment variable `CI_SECRET` is empty"),
            ("basicAuthPassword", "$__file{empty.txt}", "the file `empty.txt` is empty"),
        ];
        for (key, value, words) in broken {
            declare(w, &json!({ key: value }));
            for arguments in ["validate stack", "plan stack", "apply stack -auto-approve"] {
                let mut command = w.command(arguments);
                command.env("CI_SECRET", "");
                w.run(arguments, command).exits(3).says(words).says("prom.json:").writes_nothing();
            }
        }
        let mut datasource = with(&json!({ "basicAuthPassword": secret(1) }));
        datasource["url"] = "http://$__env{CI_SECRET}:9090".into();
        w.json("prom.json", &datasource);
        let mut command = w.command("apply stack -auto-approve");
        command.env("CI_SECRET", " \n");
        w.run("apply", command).exits(3).says("the environment variable `CI_SECRET` is empty").writes_nothing();
        assert_eq!(w.live_datasource("prom").unwrap()["version"], version);
        assert_eq!(flags(w), ["basicAuthPassword"]);
    });
}

#[test]
fn a_secret_that_is_written_empty_is_not_set_here() {
    each(|w| {
        // Grafana's own samples have keys with empty texts.
        declare(w, &json!({ "basicAuthPassword": "", "httpHeaderValue1": secret(2) }));
        w.applied();
        assert_eq!(flags(w), ["httpHeaderValue1"]);
        w.is_settled();
        // What people set is left to them.
        w.edit_datasource("prom", |d| d["secureJsonData"] = json!({ "basicAuthPassword": secret(3) }));
        w.apply_with("--on-drift overwrite").exits(0);
        assert_eq!(flags(w).len(), 2);
        w.is_settled();
        // What was ours is removed, and the plan says so.
        declare(w, &json!({ "httpHeaderValue1": "" }));
        w.plan().exits(2).says("secureJsonData.httpHeaderValue1").says("(sensitive value removed)");
        w.apply().exits(0).says("1 changed");
        assert_eq!(flags(w), ["basicAuthPassword"]);
        w.is_settled();
    });
}

#[test]
fn a_secret_that_somebody_took_away_and_that_left_the_file_is_no_longer_ours() {
    each(|w| {
        declare(w, &json!({ "basicAuthPassword": secret(1) }));
        w.applied();
        w.edit_datasource("prom", |d| d["secureJsonData"] = json!({ "basicAuthPassword": "" }));
        declare(w, &json!({}));
        w.apply_with("--on-drift overwrite").exits(0);
        w.edit_datasource("prom", |d| d["secureJsonData"] = json!({ "basicAuthPassword": secret(9) }));
        w.apply_with("--on-drift overwrite").exits(0);
        assert_eq!(flags(w), ["basicAuthPassword"], "theirs stays");
        w.is_settled();
    });
}

fn named(w: &World, names: &[(&str, &str)]) {
    for (uid, name) in names {
        w.json(&format!("{uid}.json"), &prometheus(uid, name));
    }
}

fn names(w: &World, uids: &[&str]) -> Vec<String> {
    uids.iter().map(|uid| w.live_datasource(uid).unwrap()["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn names_that_go_round_in_a_ring_are_refused_with_the_way_in_two_steps() {
    each(|w| {
        named(w, &[("a", "A"), ("b", "B"), ("c", "C")]);
        w.applied();
        for ring in [&[("a", "B"), ("b", "A"), ("c", "C")][..], &[("a", "B"), ("b", "C"), ("c", "A")]] {
            named(w, ring);
            w.plan().exits(4).says("[name-swap]").says("give one of them a third name, apply");
            w.apply().exits(4).writes_nothing();
        }
        // In two steps, as the plan says.
        named(w, &[("a", "B"), ("b", "third"), ("c", "C")]);
        w.apply().exits(0).says("2 changed");
        named(w, &[("a", "B"), ("b", "A"), ("c", "C")]);
        w.apply().exits(0).says("1 changed");
        assert_eq!(names(w, &["a", "b", "c"]), ["B", "A", "C"]);
        w.is_settled();
    });
}

#[test]
fn names_that_are_passed_on_in_a_row_change_in_one_apply() {
    each(|w| {
        named(w, &[("a", "A"), ("b", "B"), ("c", "C")]);
        w.applied();
        named(w, &[("a", "B"), ("b", "C"), ("c", "D"), ("d", "A")]);
        w.apply().exits(0).says("1 added, 3 changed, 0 destroyed");
        assert_eq!(names(w, &["a", "b", "c", "d"]), ["B", "C", "D", "A"]);
        w.is_settled();
        // Letter case alone is a change of name like any other.
        named(w, &[("c", "d")]);
        w.apply().exits(0).says("1 changed");
        assert_eq!(names(w, &["c"]), ["d"]);
        w.is_settled();
    });
}

#[test]
fn another_uid_under_the_same_name_waits_for_the_old_one_to_go() {
    each(|w| {
        named(w, &[("old", "Prom")]);
        w.json("one.json", &dashboard("one", "One"));
        w.applied();
        w.remove("old.json");
        named(w, &[("new", "Prom")]);
        let mut one = dashboard("one", "One");
        one["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "new" });
        w.json("one.json", &one);
        w.apply().exits(0).says("1 added, 1 changed, 1 destroyed");
        assert!(w.live_datasource("old").is_none());
        w.is_settled();
    });
}

/// A data source whose list holds a value from elsewhere, and what the program says of it with this value of `X`.
fn listing(w: &World, list: &Value) {
    let mut datasource = prometheus("prom", "Prom");
    datasource["jsonData"] = json!({ "list": list });
    w.json("prom.json", &datasource);
}

fn with_x(w: &World, arguments: &str, value: &str) -> crate::support::Ran {
    let mut command = w.command(arguments);
    command.env("X", value);
    // `World::run` looks for the planted value in all that is printed.
    w.run(arguments, command)
}

#[test]
fn a_value_from_elsewhere_is_shown_nowhere_however_the_file_changes() {
    each(|w| {
        let x = format!("x-{PLANTED}");
        let plan = "plan stack -detailed-exitcode --verbose";
        listing(w, &json!(["first", "$__env{X}", "third"]));
        with_x(w, "apply stack -auto-approve --verbose", &x).exits(0);
        with_x(w, plan, &x).exits(0);
        // An element before it, another order, another place, a literal in its place, nothing in its place.
        for list in [
            json!(["zero", "first", "$__env{X}", "third"]),
            json!(["third", "$__env{X}", "first"]),
            json!(["first", "literal", "third"]),
            json!(["zero", "first", "literal", "third"]),
            json!(["first", "third"]),
            json!([{ "a": "first" }, { "a": "$__env{X}" }]),
        ] {
            listing(w, &list);
            with_x(w, plan, &x).exits(2).says("prom.json");
        }
        let mut moved = prometheus("prom", "Prom");
        moved["jsonData"] = json!({ "other": "$__env{X}" });
        w.json("prom.json", &moved);
        with_x(w, plan, &x).exits(2).says("$__env{X}");
        w.json("prom.json", &prometheus("prom", "Prom"));
        w.plan_with("--verbose").exits(2).says("jsonData.list");
        // Another value than the one that was sent; the literal is shown, the old value is not.
        listing(w, &json!(["first", "literal", "third"]));
        w.apply_with("--verbose").exits(0).says("literal");
        w.is_settled();
        w.plan_with("--verbose").exits(0);
    });
}

#[test]
fn a_value_from_elsewhere_is_not_shown_when_the_object_is_edited_adopted_removed_or_refused() {
    each(|w| {
        let x = format!("http://x-{PLANTED}:9090");
        let mut datasource = prometheus("prom", "Prom");
        datasource["url"] = "$__env{X}".into();
        w.json("prom.json", &datasource);
        w.json("other.json", &dashboard("other", "Other"));
        with_x(w, "apply stack -auto-approve --verbose", &x).exits(0);
        // Somebody edits around it, and the value itself.
        w.edit_datasource("prom", |d| d["jsonData"] = json!({ "copy": x, "timeout": 7 }));
        with_x(w, "plan stack -detailed-exitcode --verbose", &x).exits(2).says("jsonData.timeout");
        w.edit_datasource("prom", |d| d["url"] = format!("{x}/edited").into());
        with_x(w, "plan stack -detailed-exitcode --verbose", &x).exits(2).says("(another value)");
        // Without the placeholder the record still knows.
        w.json("prom.json", &prometheus("prom", "Prom"));
        w.plan_with("--verbose").exits(2).says("http://prometheus:9090");
        w.json("prom.json", &datasource);
        with_x(w, "apply stack -auto-approve --on-drift overwrite --verbose", &x).exits(0);
        // Forgotten, and adopted again.
        w.amgctl("forget datasource.prom --directory stack").exits(0);
        w.edit_datasource("prom", |d| d["jsonData"] = json!({ "copy": x }));
        with_x(w, "plan stack -detailed-exitcode --adopt --verbose", &x).exits(2).says("1 to adopt");
        with_x(w, "apply stack -auto-approve --adopt --verbose", &x).exits(0);
        // What is wrong with it is said without it.
        datasource["access"] = "$__env{X}".into();
        w.json("prom.json", &datasource);
        with_x(w, "validate stack", &x).exits(3).says("`access` is `proxy` or `direct`, not `$__env{X}`");
        // Removed, and destroyed.
        w.remove("prom.json");
        w.plan_with("--delete-adopted --verbose").exits(2).says("1 to destroy");
        w.amgctl("plan stack --destroy --delete-adopted --verbose").exits(0).says("to destroy");
        w.apply_with("--delete-adopted --verbose").exits(0);
    });
}

#[test]
fn a_name_from_elsewhere_names_the_data_source_and_is_not_shown() {
    each(|w| {
        let mut datasource = prometheus("prom", "$__env{X}");
        datasource["isDefault"] = true.into();
        w.json("prom.json", &datasource);
        let mut one = dashboard("one", "One");
        one["panels"][0]["datasource"] = "$__env{X}".into();
        w.json("one.json", &one);
        let x = format!("name-{PLANTED}");
        with_x(w, "apply stack -auto-approve --verbose", &x).exits(0);
        assert_eq!(w.live_datasource("prom").unwrap()["name"], x);
        with_x(w, "plan stack -detailed-exitcode --verbose", &x).exits(0);
        w.json("two.json", &prometheus("two", "Two"));
        let mut two = prometheus("two", "Two");
        two["isDefault"] = true.into();
        datasource.as_object_mut().unwrap().remove("isDefault");
        w.json("two.json", &two);
        w.json("prom.json", &datasource);
        with_x(w, "apply stack -auto-approve --verbose", &x).exits(0);
        w.remove("prom.json");
        w.remove("one.json");
        w.plan_with("--verbose").exits(2).says("2 to destroy");
    });
}

fn reading(w: &World, target: &Value) {
    let mut one = dashboard("one", "One");
    one["panels"][0]["datasource"] = target.clone();
    w.json("one.json", &one);
}

#[test]
fn a_data_source_that_the_directory_still_uses_is_not_removed_renamed_or_given_another_uid() {
    each(|w| {
        let by_uid = json!({ "type": "prometheus", "uid": "prom" });
        named(w, &[("prom", "Prom"), ("loki", "Loki")]);
        reading(w, &by_uid);
        w.applied();
        let refused = |words: &str| {
            w.plan().exits(3).says("error[unknown-datasource]").says(words).says("one.json:");
            w.apply().exits(3).writes_nothing();
        };
        // Removed.
        w.remove("prom.json");
        refused("`datasource.prom` is removed by this plan");
        // Another uid under the same name.
        w.json("prom.json", &prometheus("other", "Prom"));
        refused("`datasource.prom` is removed by this plan");
        // Referred to by its name, it may get another uid, and no other name.
        reading(w, &json!("Prom"));
        w.apply().exits(0).says("1 added, 1 changed, 1 destroyed");
        w.is_settled();
        w.json("prom.json", &prometheus("other", "Renamed"));
        refused("`datasource.other` gets the name `Renamed` by this plan");
        // Letter case alone is another name.
        w.json("prom.json", &prometheus("other", "prom"));
        refused("`datasource.other` gets the name `prom` by this plan");
        // Another one takes the name: that explains it.
        w.json("prom.json", &prometheus("other", "Renamed"));
        w.json("loki.json", &prometheus("loki", "Prom"));
        w.apply().exits(0).says("2 changed");
        w.is_settled();
        // Warned of, when that is said; the plan after it says the same.
        w.remove("loki.json");
        w.apply_with("--unknown-references=warn").exits(0).says("warning[unknown-datasource]");
        w.plan_with("--unknown-references=warn").exits(0).says("warning[unknown-datasource]");
    });
}

#[test]
fn what_stays_in_the_workspace_explains_a_reference() {
    each(|w| {
        let by_uid = json!({ "type": "prometheus", "uid": "prom" });
        w.write("amgctl.yaml", "stack: demo\nprotect: [datasource.prom]\n");
        named(w, &[("prom", "Prom")]);
        reading(w, &by_uid);
        w.applied();
        w.remove("prom.json");
        w.apply().exits(0);
        assert!(w.live_datasource("prom").is_some());
        // A target leaves the rest as it is.
        w.plan_with("--unprotect datasource.prom").exits(3).says("error[unknown-datasource]");
        w.plan_with("--unprotect datasource.prom --target dashboard.one").exits(0);
    });
}

#[test]
fn an_input_is_not_answered_by_a_data_source_that_this_change_removes() {
    each(|w| {
        w.json(
            "old.json",
            &json!({ "uid": "old", "name": "Old", "type": "loki", "access": "proxy", "url": "http://l" }),
        );
        let mut one = dashboard("one", "One");
        one["__inputs"] = json!([{ "name": "DS_LOKI", "type": "datasource", "pluginId": "loki" }]);
        one["panels"][0]["datasource"] = json!({ "type": "loki", "uid": "${DS_LOKI}" });
        w.json("one.json", &one);
        w.applied();
        w.is_settled();
        w.remove("old.json");
        w.plan().exits(3).says("DS_LOKI");
        w.apply().exits(3).writes_nothing();
        // Somebody's own of that type answers it, though two are there still.
        w.make_datasource(
            &json!({ "uid": "theirs", "name": "Theirs", "type": "loki", "access": "proxy", "url": "http://l" }),
        );
        w.apply().exits(0).says("1 changed, 1 destroyed");
        assert_eq!(w.live_dashboard("one").unwrap()["panels"][0]["datasource"]["uid"], "theirs");
        w.is_settled();
        // An answer of the settings that names what goes is an error as well.
        w.write("amgctl.yaml", "stack: demo\ninputs:\n  DS_LOKI: mine\n");
        w.json(
            "mine.json",
            &json!({ "uid": "mine", "name": "Mine", "type": "loki", "access": "proxy", "url": "http://l" }),
        );
        w.applied();
        w.remove("mine.json");
        w.plan().exits(3).says("`datasource.mine` is removed by this plan");
    });
}

#[test]
fn a_copy_of_a_library_panel_that_differs_is_told_with_whose_wins() {
    each(|w| {
        let model = json!({ "type": "timeseries", "title": "Lib", "targets": [{ "refId": "A", "expr": "up" }] });
        let body = json!({ "uid": "lib", "name": "Lib", "kind": 1, "folderUid": "", "model": model });
        w.change("POST", "/api/library-elements", &body);
        let mut one = dashboard("one", "One");
        let copy = |one: &mut Value, expression: &str| {
            one["panels"][0]["libraryPanel"] = json!({ "uid": "lib", "name": "Lib" });
            one["panels"][0]["targets"] = json!([{ "refId": "A", "expr": expression }]);
        };
        copy(&mut one, "up");
        w.json("one.json", &one);
        w.apply().exits(0).lacks("library-panel-copy");
        copy(&mut one, "down");
        w.json("one.json", &one);
        w.plan()
            .exits(2)
            .says("warning[library-panel-copy]")
            .says("and Grafana shows the library's")
            .says("it differs in `targets`")
            .says("one.json:");
        w.apply().exits(0).says("and Grafana shows the library's");
        w.plan().exits(0);
    });
}
