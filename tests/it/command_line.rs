//! What can be typed, what is printed where, and every exit status that no other test meets.

use std::process::Command;

use amgctl::sandbox::Version;

use crate::support::{Does, Proxy, Ran, World, dashboard, every, keeps_secrets, on, prometheus};

fn latest(claim: impl Fn(&World)) {
    on(Version::V12_4, |w| {
        w.json("one.json", &dashboard("one", "One"));
        claim(w);
    });
}

#[test]
fn exit_statuses_are_as_documented() {
    latest(|w| {
        w.amgctl("plan stack").exits(0);
        w.amgctl("plan stack/one.json").exits(1);
        w.amgctl("plan nowhere").exits(64);
        w.amgctl("plan stack -detailed-exitcode").exits(2);
        w.apply().exits(0);
        w.amgctl("plan stack -detailed-exitcode").exits(0);
        let mut command = w.command("plan stack -detailed-exitcode");
        command.env("GRAFANA_TOKEN", &w.sandbox.running().tokens.viewer);
        w.run("plan stack -detailed-exitcode (viewer)", command).exits(9);
        w.write("two.json", "{");
        w.amgctl("validate stack").exits(3);
        w.plan().exits(3);
        w.apply().exits(3).writes_nothing();
        w.remove("two.json");
        w.edit("one", |d| d["title"] = "Theirs".into());
        w.apply().exits(4);
        w.json("two.json", &dashboard("two", "Two"));
        w.apply().exits(5);
        w.remove("one.json");
        w.remove("two.json");
        w.apply().exits(8);
    });
}

#[test]
fn objects_that_are_kept_or_left_alone_are_nothing_to_do() {
    latest(|w| {
        w.json("two.json", &dashboard("two", "Two"));
        w.write("amgctl.yaml", "stack: demo\nprotect: [dashboard.two]\n");
        w.applied();
        w.remove("two.json");
        w.plan().exits(0).says("1 to keep").says("No changes.");
        w.apply().exits(0);
        w.amgctl("plan stack -destroy -detailed-exitcode").exits(2);
        w.save(&dashboard("theirs", "Theirs"), "");
        w.json("theirs.json", &dashboard("theirs", "Theirs"));
        w.plan().exits(0).says("already there and equal, but not ours").says("No changes.");
    });
}

#[test]
fn a_plan_with_refused_objects_ends_as_the_apply_of_it_would() {
    latest(|w| {
        w.save(&dashboard("theirs", "Theirs"), "");
        w.json("theirs.json", &dashboard("theirs", "Ours"));
        for arguments in ["plan stack", "plan stack -detailed-exitcode"] {
            w.amgctl(arguments).exits(4).says("1 refused").says("error: 1 object is refused").writes_nothing();
        }
        w.apply().exits(5);
        w.apply().exits(4).writes_nothing();
        w.plan_with("--adopt").exits(2).lacks("refused");
    });
}

#[test]
fn faults_of_the_directory_end_every_command_with_the_same_status() {
    latest(|w| {
        w.applied();
        w.write("amgctl.yaml", "stack: Not_A_Name\n");
        for arguments in [
            "validate stack",
            "plan stack",
            "apply stack -auto-approve",
            "destroy stack -auto-approve",
            "unlock --directory stack",
            "forget dashboard.one --directory stack",
        ] {
            w.amgctl(arguments).exits(3).says("amgctl.yaml:1:8").writes_nothing().lacks("has no name");
        }
    });
}

#[test]
fn what_terraform_has_is_understood_or_named_for_what_it_is() {
    latest(|w| {
        for (arguments, told) in [
            ("apply stack -out=p", "Terraform's `-out` belongs to `plan`"),
            ("destroy stack -out p", "Terraform's `-out` belongs to `plan`"),
            ("init -json stack", "Terraform's `-json` is not needed here"),
            ("plan stack -parallelism=4", "Terraform's `-parallelism` is not needed here"),
            ("plan stack -lock-timeout=10m", "Terraform's `-lock-timeout` is not needed here"),
            ("plan stack -auto-approve", "Terraform's `-auto-approve` is not needed here"),
            ("apply stack -auto-approve -lock=false", "Terraform's `-lock` is not needed here"),
            ("apply stack -auto-approve -refresh=false", "Terraform's `-refresh` is not needed here"),
            ("apply stack -auto-approve -destroy", "`amgctl destroy DIR` removes everything of the stack"),
            ("-chdir=stack plan", "name the directory behind the command"),
            ("plan stack --ttl 1h", "it belongs to `bootstrap-api-key`, `bootstrap-identity`"),
        ] {
            w.amgctl(arguments).exits(64).says(told).lacks("unexpected argument").writes_nothing();
        }
        w.amgctl("plan -input=false stack -detailed-exitcode").exits(2);
        w.write("saved.plan", "{}");
        w.amgctl("apply stack/saved.plan -auto-approve").exits(4).says("is no saved plan").writes_nothing();
        w.amgctl("plan stack/saved.plan").exits(1).says("is no directory").says("only `apply` and `show`");
    });
}

#[test]
fn what_is_no_token_is_named_and_never_sent() {
    latest(|w| {
        let token = w.sandbox.running().tokens.admin.clone();
        for (text, told) in [
            (format!("\"{token}\""), "GRAFANA_TOKEN holds a token in quotes"),
            (format!("'{token}'"), "GRAFANA_TOKEN holds a token in quotes"),
            (format!("Bearer {token}"), "GRAFANA_TOKEN holds a token after the word `Bearer`"),
            (format!("admin:{token}"), "GRAFANA_TOKEN holds a user and a password (`user:password`)"),
            ("$GRAFANA_TOKEN".to_owned(), "GRAFANA_TOKEN holds a placeholder"),
        ] {
            let mut command = w.command("plan stack");
            command.env("GRAFANA_TOKEN", text);
            let ran = w.run("plan stack", command);
            ran.exits(6).says(told).says("hint:");
            assert!(ran.asked.is_empty(), "{ran}");
        }
        let mut command = w.command("plan stack");
        command.env("GRAFANA_TOKEN", format!("{token}\n")).env("AMGCTL_STACK", "");
        w.run("plan stack", command).exits(0).says("stack      demo");
    });
}

#[test]
fn a_run_names_objects_by_their_titles_and_says_where_they_are() {
    latest(|w| {
        let ran = w.applied();
        ran.says("+ \"One\" dashboard.one").says(&w.sandbox.running().url);
        let last = ran.out.lines().last().unwrap_or_default();
        assert_eq!(last, w.sandbox.running().url, "{ran}");
        // The embedded workspace ends with the run: nobody can open it.
        let ran = w.amgctl("apply stack --sandbox -auto-approve");
        ran.exits(0).says("Apply complete!").lacks("http://");
    });
}

#[test]
fn a_directory_general_is_the_root_and_a_folder_where_that_is_said_and_allowed() {
    every(|w| {
        w.json("dashboards/General/one.json", &dashboard("one", "One"));
        w.applied();
        assert_eq!(w.folder_of("one"), "");
        w.is_settled();
        w.write("dashboards/General/_folder.yaml", "title: General\n");
        if matches!(w.version, Version::V12_4) {
            w.apply().exits(0).says("1 added, 1 changed");
            assert_ne!(w.folder_of("one"), "");
            w.is_settled();
        } else {
            w.amgctl("plan stack");
        }
    });
    on(Version::V9_4, |w| {
        w.json("General/one.json", &dashboard("one", "One"));
        w.write("General/_folder.yaml", "title: General\n");
        w.plan().exits(4).says("this Grafana keeps the folder title `General` for the root");
        w.apply().exits(4).writes_nothing();
    });
}

#[test]
fn the_core_plugin_signs_everywhere_but_on_amazon_managed_grafana() {
    latest(|w| {
        let mut signed = prometheus("amp", "AMP");
        signed["jsonData"] =
            serde_json::json!({ "sigV4Auth": true, "sigV4AuthType": "default", "sigV4Region": "eu-west-1" });
        w.json("amp.json", &signed);
        w.plan().exits(2).says("warning[aws-datasource]").says("deprecated in the plugin `prometheus`");
        w.apply().exits(0);
        w.is_settled();
    });
}

#[test]
fn what_is_typed_wrong_is_a_usage_error_and_asks_nothing() {
    latest(|w| {
        for (arguments, told) in [
            ("", "Usage"),
            ("frobnicate", "frobnicate"),
            ("plan stack --frobnicate", "--frobnicate"),
            ("plan stack -target=one", "an address looks like dashboard.node-exporter"),
            ("plan stack --adopt=one.two.three", "an address looks like"),
            ("plan stack --max-destroy many", "many"),
            ("plan stack --stack Not_A_Name", "Not_A_Name"),
            ("plan stack --sandbox --url http://127.0.0.1:1", "cannot be used with"),
            ("apply stack -auto-approve --lock-timeout soon", "30s, 10m or 7d"),
            ("apply stack -auto-approve --on-drift maybe", "maybe"),
            ("destroy stack -auto-approve --adopt", "--adopt"),
            ("destroy stack -auto-approve --max-destroy 3", "--max-destroy"),
            ("plan stack --destroy --allow-empty", "cannot be used with"),
            ("plan stack --destroy --unknown-references warn", "cannot be used with"),
            ("sandbox --fault frob", "`frob` is no fault"),
            ("sandbox --grafana 8.5", "has no version `8.5`"),
            ("plan stack --sandbox=8.5", "has no version `8.5`"),
            ("forget nothing", "an address looks like"),
            ("completions tcsh", "tcsh"),
        ] {
            let ran = w.amgctl(arguments);
            ran.exits(64).says(told);
            assert!(ran.out.is_empty(), "usage errors go to stderr\n{ran}");
            assert!(ran.asked.is_empty());
        }
    });
}

#[test]
fn a_workspace_must_be_named_and_its_address_must_be_safe() {
    latest(|w| {
        let at = |url: &str| {
            let mut command = w.command("plan stack");
            command.env("AMGCTL_URL", url);
            w.run(&format!("plan stack (AMGCTL_URL={url})"), command)
        };
        let mut command = w.command("plan stack");
        command.env_remove("AMGCTL_URL").env("AWS_EC2_METADATA_DISABLED", "true");
        w.run("plan stack", command).exits(6).says("--url").says("--sandbox").says("--workspace");
        let mut command = w.command("plan stack");
        command.env("AMGCTL_WORKSPACE", "g-0123456789");
        w.run("plan stack", command).exits(64).says("AMGCTL_URL and AMGCTL_WORKSPACE both name a workspace");
        at("http://grafana.example.com").exits(64).says("unencrypted");
        at("https://somebody:planted-elsewhere@grafana.example.com").exits(64).lacks("planted-elsewhere");
        at("ftp://grafana.example.com").exits(64);
        at("grafana").exits(64).says("https://grafana.example.com");
    });
}

#[test]
fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    latest(|w| {
        w.write("amgctl.yaml", "stack: demo\nurl: http://127.0.0.1:1\n");
        w.amgctl("plan stack").exits(0);
        let typed = format!("plan stack --url {}", w.sandbox.running().url);
        let mut command = w.command(&typed);
        command.env("AMGCTL_URL", "http://127.0.0.1:1");
        w.run(&typed, command).exits(0);
        let mut command = w.command("plan stack --sandbox");
        command.env("AMGCTL_URL", "http://127.0.0.1:1");
        w.run("plan stack --sandbox", command).exits(0).says("the embedded workspace");
        let mut command = w.command("plan stack");
        command.env_remove("AMGCTL_URL");
        w.run("plan stack", command).exits(1);
        w.amgctl("apply stack -auto-approve --stack shop").exits(0);
        assert!(w.live_dashboard("amgctl-shop").is_some() && w.live_dashboard("amgctl-demo").is_none());
    });
}

#[test]
fn help_and_version_are_asked_for_and_no_error() {
    latest(|w| {
        w.amgctl("--version").exits(0).says("amgctl 0.");
        w.amgctl("-version").exits(0).says("amgctl 0.");
        w.amgctl("--help")
            .exits(0)
            .says("Exit status")
            .says("9 the plan cannot know everything")
            .says("130/143 interrupted");
        for command in
            ["init", "validate", "plan", "apply", "destroy", "unlock", "forget", "sandbox", "completions"]
        {
            w.amgctl(&format!("{command} --help")).exits(0).says("Usage");
        }
    });
}

#[test]
fn flags_have_one_dash_or_two_and_come_in_any_order() {
    latest(|w| {
        w.amgctl("plan -detailed-exitcode stack").exits(2);
        w.amgctl("plan --detailed-exitcode -no-color stack").exits(2);
        w.amgctl("apply -yes -parallelism=2 -lock-timeout=0s stack").exits(0);
        w.amgctl("plan -target dashboard.one -detailed-exitcode stack").exits(0);
    });
}

#[test]
fn without_a_terminal_and_without_approval_nothing_is_written() {
    latest(|w| {
        for arguments in ["apply stack", "apply stack -input=false", "destroy stack"] {
            let ran = w.amgctl(arguments);
            ran.says("-auto-approve").writes_nothing();
            assert_ne!(ran.code, 0, "{ran}");
        }
        assert!(w.everything().is_empty());
    });
}

#[test]
fn what_was_asked_for_goes_to_stdout_and_the_rest_to_stderr() {
    latest(|w| {
        let plan = w.amgctl("plan stack");
        assert!(plan.out.contains("Plan: 1 to add") && plan.err.is_empty(), "{plan}");
        let verbose = w.amgctl("plan stack --verbose");
        assert!(verbose.err.contains("requests") && !verbose.out.contains(" retries"), "{verbose}");
        w.write("bad.json", "{");
        let faults = w.plan();
        assert!(faults.out.is_empty() && faults.err.contains("bad.json"), "{faults}");
    });
}

fn has_colour(ran: &Ran) -> bool {
    ran.out.contains('\u{1b}') || ran.err.contains('\u{1b}')
}

#[test]
fn a_pipe_has_no_colour_unless_it_is_forced() {
    latest(|w| {
        w.write("warned.yaml", "a: 1\n");
        let with = |arguments: &str, variables: &[(&str, &str)]| {
            let mut command = w.command(arguments);
            command.envs(variables.iter().copied());
            w.run(arguments, command)
        };
        assert!(!has_colour(&with("plan stack", &[])));
        assert!(!has_colour(&with("plan stack", &[("CLICOLOR_FORCE", "0")])));
        assert!(has_colour(&with("plan stack", &[("CLICOLOR_FORCE", "1")])));
        assert!(!has_colour(&with("plan stack -no-color", &[("CLICOLOR_FORCE", "1")])));
        assert!(!has_colour(&with("plan stack --no-color", &[("CLICOLOR_FORCE", "1")])));
        assert!(!has_colour(&with("plan stack", &[("NO_COLOR", "1")])));
        assert!(!has_colour(&with("apply stack -auto-approve", &[])));
        assert!(!has_colour(&with("frobnicate", &[])));
    });
}

/// Runs in a terminal, as `script` makes one, and answers what is asked; none where there is no such `script`.
fn in_a_terminal(w: &World, arguments: &str, variables: &[(&str, &str)], answers: &str) -> Option<Ran> {
    let tried = Command::new("script").arg("--version").output().ok()?;
    if !String::from_utf8_lossy(&tried.stdout).contains("util-linux") {
        return None;
    }
    let inner = w.command(arguments);
    let mut command = Command::new("script");
    command.env_clear().envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))));
    command.env("TERM", "xterm").envs(variables.iter().copied()).current_dir(w.home());
    let line = format!("'{}' {arguments}", env!("CARGO_BIN_EXE_amgctl"));
    command.args(["-q", "-e", "-E", "never", "-c", &line, "/dev/null"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let before = w.sandbox.log().len();
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let ran = Ran {
        typed: format!("amgctl {arguments}   (in a terminal)"),
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::new(),
        asked: w.sandbox.log().split_off(before),
    };
    keeps_secrets(&ran);
    Some(ran)
}

#[test]
fn a_person_at_a_terminal_is_asked_and_only_yes_will_do() {
    latest(|w| {
        let Some(refused) = in_a_terminal(w, "apply stack", &[("NO_COLOR", "1")], "y\n") else { return };
        refused.says("Do you want to perform these actions?").says("Apply cancelled.").writes_nothing();
        assert_ne!(refused.code, 0);
        assert!(w.everything().is_empty());
        let agreed = in_a_terminal(w, "apply stack", &[("NO_COLOR", "1")], "yes\n").unwrap();
        agreed.exits(0).says("Apply complete! Resources: 1 added, 0 changed, 0 destroyed.");
        w.is_settled();
    });
}

#[test]
fn a_person_at_a_terminal_approves_drift() {
    latest(|w| {
        w.applied();
        w.edit("one", |d| d["panels"][0]["title"] = "theirs".into());
        let Some(ran) = in_a_terminal(w, "apply stack", &[("NO_COLOR", "1")], "yes\n") else { return };
        ran.exits(0).says("Changed outside amgctl").says("1 changed");
        assert_eq!(w.live_dashboard("one").unwrap()["panels"][0]["title"], "load");
        w.is_settled();
    });
}

#[test]
fn destroy_asks_for_the_name_of_the_stack() {
    latest(|w| {
        w.applied();
        let Some(refused) = in_a_terminal(w, "destroy stack", &[("NO_COLOR", "1")], "yes\n") else { return };
        refused.says("Destroy cancelled.").writes_nothing();
        assert!(w.live_dashboard("one").is_some());
        in_a_terminal(w, "destroy stack", &[("NO_COLOR", "1")], "demo\n").unwrap().exits(0).says("1 destroyed");
        assert!(w.everything().is_empty());
    });
}

#[test]
fn a_terminal_has_colour_unless_that_is_not_wanted() {
    latest(|w| {
        let Some(plain) = in_a_terminal(w, "plan stack", &[("NO_COLOR", "1")], "") else { return };
        assert!(!plain.out.contains("\u{1b}[3") && !plain.out.contains("\u{1b}[1m"), "{plain:?}");
        let coloured = in_a_terminal(w, "plan stack", &[], "").unwrap();
        assert!(coloured.out.contains("\u{1b}[3"), "{coloured:?}");
        let plain = in_a_terminal(w, "plan stack -no-color", &[], "").unwrap();
        assert!(!plain.out.contains("\u{1b}[3"), "{plain:?}");
    });
}

#[test]
fn init_writes_a_stack_that_can_be_applied_and_overwrites_nothing() {
    latest(|w| {
        w.remove("amgctl.yaml");
        w.amgctl("init stack --stack shop").exits(0).says("shop");
        w.apply().exits(0).says("1 added");
        assert!(w.live_dashboard("amgctl-shop").is_some());
        let before = std::fs::read(w.directory().join("amgctl.yaml")).unwrap();
        w.amgctl("init stack --stack other").exits(1).says("is there already");
        assert_eq!(std::fs::read(w.directory().join("amgctl.yaml")).unwrap(), before);
    });
}

#[test]
fn a_host_that_cannot_be_reached_is_one_message() {
    latest(|w| {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = w.command("plan stack");
        command.env("AMGCTL_URL", format!("http://127.0.0.1:{port}"));
        let ran = w.run("plan stack", command);
        ran.exits(1).says("could not be reached").says("check the URL");
        assert_eq!(ran.err.matches("error:").count(), 1, "{ran}");
    });
}

#[test]
fn what_is_no_grafana_is_told_as_such() {
    let page = "<!doctype html><title>Sign in</title>";
    for (status, kind, body, location, told) in [
        (200, "text/html", page, None, "does not look like the address of a Grafana"),
        (302, "text/html", "", Some("https://sso.example.com/login"), "https://sso.example.com/login"),
        (404, "text/html", page, None, "does not look like the address of a Grafana"),
        (
            404,
            "application/json",
            r#"{"message":"no such page"}"#,
            None,
            "does not look like the address of a Grafana",
        ),
        (200, "application/json", r#"{"dashboards:read": ["#, None, "ends in the middle"),
        (200, "text/plain", "hello", None, ""),
        (403, "application/json", "", None, ""),
        (503, "text/html", page, None, ""),
    ] {
        latest(|w| {
            let answer = move |_: &crate::support::Seen<'_>| Does::Answer(status, kind, body.to_owned(), location);
            let proxy = Proxy::before(&w.sandbox.running().url, answer);
            for arguments in ["plan stack", "apply stack -auto-approve"] {
                let mut command = w.command(arguments);
                command.env("AMGCTL_URL", &proxy.url);
                let ran = w.run(arguments, command);
                assert!(matches!(ran.code, 1 | 6), "{status} {kind}: {ran}");
                ran.says(told);
                assert_eq!(ran.err.matches("error").count(), 1, "{status} {kind}: one message\n{ran}");
            }
            assert_eq!(proxy.writes(), 0);
        });
    }
}

#[test]
fn an_answer_that_ends_in_the_middle_of_a_list_plans_nothing() {
    latest(|w| {
        w.json("two.json", &dashboard("two", "Two"));
        w.applied();
        for path in ["/api/datasources", "/apis/folder.grafana.app/v1beta1/namespaces/default/folders"] {
            let proxy = Proxy::before(&w.sandbox.running().url, move |seen| {
                if seen.path == path {
                    Does::Answer(200, "application/json", r#"{"items":[{"metadata":"#.into(), None)
                } else {
                    Does::Pass
                }
            });
            let mut command = w.command("plan stack -detailed-exitcode");
            command.env("AMGCTL_URL", &proxy.url);
            let ran = w.run("plan stack", command);
            ran.exits(1).lacks("Plan:");
        }
    });
}
