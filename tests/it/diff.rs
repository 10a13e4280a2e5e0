//! `amgctl diff`: files, directories, a file and the live object, and what git gives.

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{PLANTED, Ran, World, dashboard, on, prometheus};

/// A data source with a secret, in YAML, with a placeholder in its options.
fn loki(url: &str, secret: &str) -> String {
    format!(
        "apiVersion: 1\ndatasources:\n  - name: Loki\n    uid: loki\n    type: loki\n    url: {url}\n    \
         secureJsonData:\n      basicAuthPassword: {secret}\n"
    )
}

fn titled(title: &str) -> Value {
    let mut dashboard = dashboard("cpu", "CPU");
    dashboard["panels"][0]["title"] = json!(title);
    dashboard
}

fn world(claim: impl Fn(&World)) {
    on(Version::V12_4, claim);
}

/// What git would run for a file of the stack; an empty side is `/dev/null`.
fn git(w: &World, path: &str, old: &str, new: &str) -> Ran {
    let side = |file: &str| match file {
        "" => "/dev/null . .".to_owned(),
        file => format!("{file} 0123abc 100644"),
    };
    let ran = w.amgctl(&format!("diff --git {path} {} {}", side(old), side(new)));
    ran.exits(0);
    assert!(ran.asked.is_empty(), "nothing is asked\n{ran}");
    ran
}

#[test]
fn two_files_are_compared_by_what_they_say() {
    world(|w| {
        w.json("a.json", &titled("load"));
        w.json("b.json", &titled("load average"));
        let ran = w.amgctl("diff stack/a.json stack/b.json");
        ran.exits(0)
            .says("~ dashboard.cpu")
            .says("~ title load → load average")
            .says("1 object differs: 1 changed.");
        w.amgctl("diff stack/a.json stack/b.json --detailed-exitcode").exits(2);
        let mut same = titled("load");
        same["id"] = json!(7);
        same["version"] = json!(3);
        w.json("b.json", &same);
        w.amgctl("diff stack/a.json stack/b.json -detailed-exitcode").exits(0).says("No differences (1 object).");
        // Without a uid the only dashboard of a file is the other file's only one.
        let mut other = titled("new");
        other.as_object_mut().unwrap().remove("uid");
        w.json("b.json", &other);
        w.amgctl("diff stack/a.json stack/b.json").exits(0).says("~ title load → new").lacks("only in");
        other["uid"] = json!("mem");
        w.json("b.json", &other);
        w.amgctl("diff stack/a.json stack/b.json").exits(0).says("~ uid cpu → mem");
    });
}

#[test]
fn two_directories_are_compared_by_address() {
    world(|w| {
        for side in ["old", "new"] {
            w.json(&format!("{side}/Infra/cpu.json"), &dashboard("cpu", "CPU"));
            w.write(&format!("{side}/loki.yaml"), &loki("http://loki", &format!("{PLANTED}-1")));
        }
        w.amgctl("diff stack/old stack/new -detailed-exitcode").exits(0).says("No differences (3 objects).");
        w.json("old/gone.json", &dashboard("gone", "Gone"));
        w.json("new/more.json", &prometheus("more", "More"));
        w.write("new/loki.yaml", &loki("http://other", &format!("{PLANTED}-2")));
        w.rename("new/Infra/cpu.json", "new/cpu.json");
        let ran = w.amgctl("diff stack/old stack/new -detailed-exitcode");
        ran.exits(2)
            .says("+ datasource.more \"More\"")
            .says("- dashboard.gone \"Gone\"")
            .says("~ url http://loki → http://other")
            .says("~ secureJsonData.basicAuthPassword (sensitive value changed)")
            .says("→ dashboard.cpu \"CPU\" Infra → Dashboards (the root)");
        assert!(ran.asked.is_empty());
    });
}

#[test]
fn values_from_elsewhere_are_compared_as_they_are_written() {
    world(|w| {
        w.write("a.yaml", &loki("$__env{LOKI}", "$__env{SECRET}"));
        w.write("b.yaml", &loki("$__env{LOKI}", "$__secretsmanager{loki}"));
        let ran = w.amgctl("diff stack/a.yaml stack/b.yaml");
        ran.exits(0).says("~ secureJsonData.basicAuthPassword (sensitive value changed)").lacks("url");
        w.write("b.yaml", &loki("$__env{OTHER}", "$__env{SECRET}"));
        let ran = w.amgctl("diff stack/a.yaml stack/b.yaml");
        ran.exits(0).says("~ url $__env{LOKI} → $__env{OTHER}").lacks("basicAuthPassword");
    });
}

#[test]
fn a_file_is_compared_with_the_live_object() {
    for version in [Version::V9_4, Version::V12_4] {
        on(version, |w| {
            w.json("cpu.json", &titled("load"));
            w.write("loki.yaml", &loki("$__env{LOKI}", PLANTED));
            let with_variable = |arguments: &str| {
                let mut command = w.command(arguments);
                command.env("LOKI", format!("http://{PLANTED}"));
                w.run(arguments, command)
            };
            with_variable("apply stack -auto-approve").exits(0);
            let same = w.amgctl("diff stack/cpu.json dashboard.cpu --directory stack -detailed-exitcode");
            same.exits(0).says("No differences (1 object).").writes_nothing();
            with_variable("diff stack/loki.yaml datasource.loki --directory stack -detailed-exitcode").exits(0);
            w.edit("cpu", |dashboard| dashboard["panels"][0]["title"] = json!("by hand"));
            let ran = w.amgctl("diff stack/cpu.json dashboard.cpu --directory stack -detailed-exitcode");
            ran.exits(2).says("~ title load → by hand").writes_nothing();
            let ran = w.amgctl("diff dashboard.cpu stack/cpu.json --directory stack");
            ran.exits(0).says("~ title by hand → load");
            w.amgctl("diff stack/cpu.json dashboard.none --directory stack")
                .exits(1)
                .says("has no `dashboard.none`");
            w.edit_datasource("loki", |found| found["url"] = json!("http://by-hand"));
            let ran = with_variable("diff stack/loki.yaml datasource.loki --directory stack -detailed-exitcode");
            ran.exits(2).says("url").says("secret values cannot be read back");
        });
    }
}

#[test]
fn a_path_that_exists_is_no_address() {
    world(|w| {
        w.json("cpu.json", &titled("load"));
        std::fs::write(w.home().join("dashboard.cpu"), "no document").unwrap();
        w.amgctl("diff stack/cpu.json dashboard.cpu").exits(1).says("holds no document of amgctl");
        w.amgctl("diff stack/cpu.json nothing").exits(64).says("neither a path that exists nor an address");
        w.amgctl("diff stack/cpu.json stack").exits(64).says("a file and a directory");
        w.amgctl("diff stack dashboard.x").exits(64).says("compared with a file");
        w.amgctl("diff stack/cpu.json").exits(64).says("two things are compared");
        w.write("bad.json", "{\"panels\": [");
        w.amgctl("diff stack/cpu.json stack/bad.json").exits(3);
    });
}

#[test]
fn git_is_told_by_objects_and_else_by_lines() {
    world(|w| {
        w.json("a.json", &titled("load"));
        w.json("b.json", &titled("load average"));
        let ran = git(w, "cpu.json", "stack/a.json", "stack/b.json");
        ran.says("diff cpu.json").says("~ dashboard.cpu").says("~ title load → load average");
        git(w, "cpu.json", "", "stack/b.json").says("+ dashboard.cpu");
        git(w, "cpu.json", "stack/a.json", "").says("- dashboard.cpu");
        w.write("b.json", &titled("load").to_string());
        git(w, "cpu.json", "stack/a.json", "stack/b.json").says("it is only written in another way");

        w.write("old.yaml", "a: 1\nb: 2\n");
        w.write("new.yaml", "a: 1\nb: 3\n");
        git(w, "values.yaml", "stack/old.yaml", "stack/new.yaml").says("--- a/values.yaml").says("-b: 2 +b: 3");
        w.write("new.yaml", "a: [1\nb: 3\n");
        git(w, "values.yaml", "stack/old.yaml", "stack/new.yaml").says("+a: [1");
        git(w, "values.yaml", "stack/none.yaml", "stack/new.yaml").says("cannot be read");
        std::fs::write(w.directory().join("binary.json"), [0, 255, 1]).unwrap();
        git(w, "x.json", "stack/binary.json", "stack/a.json").says("Binary files");
        w.amgctl("diff --git cpu.json").exits(0).says("Unmerged path cpu.json");
        let renamed = "diff --git x.json stack/a.json 01 100644 stack/b.json 02 100644 y.json similarity";
        w.amgctl(renamed).exits(0).says("x.json → y.json");
        w.amgctl("diff --git one two").exits(64);
    });
}

#[test]
fn no_secret_of_a_file_is_shown_to_git() {
    world(|w| {
        let secret =
            |n: u8| format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  t: {PLANTED}{n}\n");
        for (name, old, new) in [
            ("loki.yaml", loki("http://a", &format!("{PLANTED}1")), loki("http://b", &format!("{PLANTED}2"))),
            ("loki.yaml", loki("http://a", &format!("{PLANTED}1")), loki("[http://b", &format!("{PLANTED}2"))),
            ("secret.yaml", secret(1), secret(2)),
            ("x.yaml", format!("token: {PLANTED}\n"), format!("b: 1\ntoken: {PLANTED}\n")),
            (
                "x.json",
                format!("{{\"a\": {{\"apiKey\": \"{PLANTED}\"}}}}"),
                format!("{{\"password\": \"{PLANTED}\"}}"),
            ),
        ] {
            w.write("old.yaml", &old);
            w.write("new.yaml", &new);
            // The world looks at all that is printed.
            git(w, name, "stack/old.yaml", "stack/new.yaml");
            git(w, name, "", "stack/new.yaml");
            git(w, name, "stack/old.yaml", "");
        }
    });
}
