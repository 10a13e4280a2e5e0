//! Getting into a workspace of Amazon Managed Grafana: a token is made for each run, used, and deleted.

use amgctl::aws::Role;
use amgctl::sandbox::Version;
use serde_json::json;

use crate::support::{Managed, PLANTED, World, block_on, dashboard, prometheus};

const LATEST: Version = Version::V12_4;

fn with_a_dashboard(managed: &Managed) {
    managed.world.json("one.json", &dashboard("one", "One"));
}

/// Calls of AWS, as `DescribeWorkspace 1, …`.
fn shown(calls: &std::collections::BTreeMap<String, usize>) -> String {
    calls.iter().map(|(action, n)| format!("{action} {n}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn on_every_server_a_run_leaves_nothing_but_its_work() {
    for version in Version::all() {
        let m = Managed::new(version);
        with_a_dashboard(&m);
        m.aws("plan stack -detailed-exitcode").exits(2).says("1 to add");
        m.aws("apply stack -auto-approve").exits(0).says("1 added");
        m.aws("plan stack -detailed-exitcode").exits(0).says("No changes.");
        m.aws("destroy stack -auto-approve").exits(0).says("1 destroyed");
        assert!(m.world.everything().is_empty());
        assert_eq!(m.tokens(), [""; 0]);
        assert_eq!(m.accounts(), ["amgctl-demo"]);
    }
}

#[test]
fn a_plan_takes_four_calls_of_aws_and_one_more_by_name() {
    let m = Managed::new(LATEST);
    with_a_dashboard(&m);
    let four = "CreateWorkspaceServiceAccountToken 1, DeleteWorkspaceServiceAccountToken 1, DescribeWorkspace 1, \
                ListWorkspaceServiceAccounts 1";
    assert_eq!(
        shown(&m.calls(|| {
            m.aws("plan stack");
        })),
        four
    );
    let named = m.calls(|| {
        m.aws("plan stack --workspace grafana-12-4").exits(0);
    });
    assert_eq!(shown(&named), format!("{four}, ListWorkspaces 1"));
    let applied = m.calls(|| {
        m.aws("apply stack -auto-approve").exits(0);
    });
    let sweeping = four.replace(
        "ListWorkspaceServiceAccounts",
        "ListWorkspaceServiceAccountTokens 1, ListWorkspaceServiceAccounts",
    );
    assert_eq!(shown(&applied), sweeping);
}

#[test]
fn a_workspace_is_named_by_id_name_arn_or_endpoint() {
    let m = Managed::new(LATEST);
    with_a_dashboard(&m);
    let endpoint = m.cloud().workspaces[0].endpoint.clone();
    let arn = format!("arn:aws:grafana:us-east-1:123456789012:/workspaces/{}", m.id());
    for name in [m.id(), "grafana-12-4", &arn, &endpoint, &format!("http://{endpoint}/")] {
        let typed = format!("plan stack --workspace {name}");
        let mut command = m.command(&typed);
        command.env_remove("AMGCTL_WORKSPACE");
        m.run(&typed, command).exits(0).says("grafana-12-4 (g-0000000124, us-east-1) (Grafana 12.4.0)");
    }
    m.world.write("amgctl.yaml", "stack: demo\nworkspace: grafana-12-4\nregion: us-east-1\n");
    let mut command = m.command("plan stack");
    command.env_remove("AMGCTL_WORKSPACE").env_remove("AWS_REGION");
    m.run("plan stack", command).exits(0).says("1 to add");
}

#[test]
fn a_workspace_that_is_not_found_is_told_with_those_that_are_there() {
    let m = Managed::new(LATEST);
    let unnamed = |arguments: &str| {
        let mut command = m.command(arguments);
        command.env_remove("AMGCTL_WORKSPACE");
        m.run(arguments, command)
    };
    let ran = unnamed("plan stack");
    ran.exits(64).says("6 workspaces of region us-east-1 have the status ACTIVE");
    ran.says("g-0000000094 grafana-9-4 Grafana 9.4 ACTIVE").says("--workspace ID");
    let ran = unnamed("plan stack --workspace prod");
    ran.exits(1).says("no workspace of region us-east-1 has the name `prod`").says("g-0000000124");
    unnamed("workspace show").exits(64).says("`amgctl workspace show ID`").lacks("--workspace");
    let odd = unnamed("plan stack --workspace a\u{1b}[31mb\u{202e}");
    odd.exits(64).says("--workspace holds a character that nobody sees").lacks("\u{1b}").lacks("\u{202e}");
    unnamed("plan stack --workspace g-ffffffffff").exits(1).says("no workspace of this id").says("workspace list");
    assert_eq!(m.tokens(), [""; 0]);
}

#[test]
fn workspaces_are_listed_and_shown() {
    let m = Managed::new(LATEST);
    m.aws("workspace list").exits(0).says("g-0000000094 grafana-9-4 9.4 ACTIVE 127.0.0.1:");
    let all: serde_json::Value = serde_json::from_str(&m.aws("workspace list --json").out).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 6);
    assert_eq!(all[0]["grafanaVersion"], "12.4");
    m.aws("workspace show grafana-9-4").exits(0).says("Grafana 9.4; can be upgraded to 10.4").says("network open");
    let shown: serde_json::Value = serde_json::from_str(&m.aws("workspace show --json").out).unwrap();
    assert_eq!((&shown["id"], &shown["upgrades"]), (&json!(m.id()), &json!(["13.2"])));
    let restricted = Managed::faulty(LATEST, &["nac"]);
    restricted.aws("workspace show").exits(0).says("restricted to prefix lists pl-0123456789abcdef0");
}

#[test]
fn the_service_account_is_made_only_where_that_is_allowed() {
    let m = Managed::faulty(LATEST, &[]);
    with_a_dashboard(&m);
    let ran = m.aws("plan stack");
    ran.exits(6).says("the workspace has no service account `amgctl-demo`").says("a billed user");
    ran.says(&format!("amgctl bootstrap-identity stack --stack demo --workspace {} --no-secret", m.id()));
    ran.says("identity: { create: true }");
    assert_eq!(m.accounts(), [""; 0]);
    m.world.write("amgctl.yaml", "stack: demo\nidentity:\n  create: true\n  token_ttl: 5m\n");
    for reads in ["plan stack", "plan stack --destroy", "unlock demo --directory stack"] {
        let calls = m.calls(|| {
            let ran = m.aws(reads);
            ran.exits(6).says("has no service account `amgctl-demo`, and a run that only reads makes none");
            ran.says("`amgctl apply` would make it").says("ADMIN, a billed user of the workspace g-0000000124");
            ran.says("amgctl bootstrap-identity stack --stack demo --workspace g-0000000124 --no-secret")
                .says("--secret NAME");
        });
        assert_eq!(shown(&calls), "DescribeWorkspace 1, ListWorkspaceServiceAccounts 1", "{reads}");
    }
    assert_eq!(m.accounts(), [""; 0]);
    let ran = m.aws("apply stack -auto-approve");
    ran.exits(0).says("note: the service account `amgctl-demo` is made (ADMIN; a billed user of the workspace)");
    ran.says("1 added");
    assert_eq!(m.accounts(), ["amgctl-demo"]);
    assert_eq!(m.tokens(), [""; 0]);
    m.aws("plan stack -detailed-exitcode").exits(0).lacks("is made");
}

/// The job of a pull request, as README has it: its role may read one secret, and nothing else of AWS.
#[test]
fn on_every_server_a_viewer_plans_on_pull_requests_and_says_that_it_is_provisional() {
    for version in Version::all() {
        let m = Managed::new(version);
        with_a_dashboard(&m);
        let mut datasource = prometheus("amp", "amp");
        datasource["secureJsonData"] = json!({ "httpHeaderValue1": "$__secretsmanager{amp}" });
        m.store("amp", PLANTED);
        m.world.json("amp.json", &datasource);
        m.aws("bootstrap-identity stack --role viewer --secret amgctl/demo/viewer -auto-approve").exits(0);
        m.aws("apply stack -auto-approve").exits(0).says("2 added");
        m.world.json("one.json", &dashboard("one", "Changed"));
        m.world.json("two.json", &dashboard("two", "Two"));
        let typed =
            format!("plan stack --url http://{} --secret amgctl/demo/viewer", m.cloud().workspaces[0].endpoint);
        let calls = m.calls(|| {
            let ran = m.aws(&typed);
            println!("{version}\n{ran}");
            ran.exits(0).says("provisional").says("dashboard.two").says("Changed");
        });
        assert_eq!(shown(&calls), "GetSecretValue 1", "on {version}");
        let ran = m.aws(&typed.replace("plan stack", "apply stack -auto-approve"));
        ran.exits(6).says("nothing was written");
    }
}

#[test]
fn a_life_that_no_token_has_is_told_with_its_place() {
    let m = Managed::faulty(LATEST, &[]);
    for life in ["1y", "60d", "5", "soon"] {
        m.world.write("amgctl.yaml", &format!("stack: demo\nidentity:\n  token_ttl: {life}\n"));
        m.aws("plan stack").exits(3).says("amgctl.yaml:3:14").says("`identity.token_ttl`");
    }
    assert_eq!(m.all_calls(), 0);
}

#[test]
fn an_account_that_is_no_admin_is_not_used() {
    let m = Managed::faulty(LATEST, &[]);
    block_on(m.client().create_account(m.id(), "amgctl-demo", Role::Viewer)).unwrap();
    m.aws("plan stack").exits(6).says("the service account `amgctl-demo` has the role VIEWER, not ADMIN");
}

#[test]
fn the_token_is_deleted_however_the_run_ends() {
    let m = Managed::new(LATEST);
    with_a_dashboard(&m);
    m.aws("apply stack -auto-approve").exits(0);
    // Refused by a guard, by drift, by a fault of the directory that shows only beside the workspace.
    m.world.edit("one", |d| d["title"] = "Edited".into());
    m.world.json("one.json", &dashboard("one", "Changed"));
    m.aws("apply stack -auto-approve").exits(4);
    m.world.remove("one.json");
    m.aws("apply stack -auto-approve").exits(8);
    let mut broken = dashboard("two", "Two");
    broken["panels"][0]["datasource"] = json!({ "type": "prometheus", "uid": "nowhere" });
    m.world.json("two.json", &broken);
    m.aws("plan stack").exits(3).says("nowhere");
    assert_eq!(m.tokens(), [""; 0]);
}

#[test]
fn the_token_is_deleted_after_a_signal() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let m = Managed::faulty(LATEST, &["slow:/api/datasources=600s"]);
        m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
        with_a_dashboard(&m);
        for command in ["plan stack", "apply stack -auto-approve"] {
            let mut child = m.begin(command);
            child.until(|| !m.tokens().is_empty());
            child.signal(signal);
            let ran = child.ends();
            ran.exits(code);
            m.keeps_quiet(&ran);
            assert_eq!(m.tokens(), [""; 0], "after {signal} in {command}");
        }
    }
}

#[test]
fn the_token_of_a_killed_run_is_swept_when_it_ran_out_and_not_before() {
    let m = Managed::faulty(LATEST, &["slow:/api/access-control@1=600s"]);
    m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    with_a_dashboard(&m);
    let mut child = m.begin("plan stack");
    child.until(|| m.world.sandbox.running().requests().reads > 0);
    child.signal("KILL");
    child.ends().exits(137);
    assert_eq!(m.tokens().len(), 1);
    m.aws("apply stack -auto-approve").exits(0);
    assert_eq!(m.tokens().len(), 1, "it may be a run beside this one");
    m.pass(15 * 60);
    m.aws("apply stack -auto-approve").exits(0);
    assert_eq!(m.tokens(), [""; 0]);
}

#[test]
fn a_full_workspace_is_swept_of_what_ran_out_or_told_in_one_message() {
    let m = Managed::new(LATEST);
    with_a_dashboard(&m);
    let client = m.client();
    let accounts = block_on(client.accounts(m.id())).unwrap();
    let make = |name: String, seconds: u32| {
        block_on(client.create_token(m.id(), &accounts[0].id, &name, seconds)).unwrap();
    };
    for n in 0..99 {
        make(format!("somebody's {n}"), 86_400);
    }
    m.aws("plan stack").exits(0).says("1 to add");
    make("amgctl/demo/20261124T091500Z-00000000".into(), 900);
    let ran = m.aws("plan stack");
    ran.exits(6).says(
        "as many service-account tokens as AWS allows, expired ones counted; 100 of them are of `amgctl-demo`",
    );
    assert_eq!(m.tokens().len(), 100);
    m.pass(900);
    m.aws("plan stack").exits(0);
    assert_eq!(m.tokens().len(), 99, "what ran out was swept, and nobody else's");
}

#[test]
fn a_token_that_is_revoked_in_the_middle_is_made_again_once() {
    let m = Managed::faulty(LATEST, &["revoke:write@5"]);
    m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    for n in 0..8 {
        m.world.json(&format!("{n}.json"), &dashboard(&format!("d{n}"), &format!("D{n}")));
    }
    let calls = m.calls(|| {
        m.aws("apply stack -auto-approve").exits(0).says("8 added");
    });
    assert_eq!(calls["CreateWorkspaceServiceAccountToken"], 2);
    assert_eq!(m.tokens(), [""; 0]);

    let m = Managed::faulty(LATEST, &["revoke:write@5+"]);
    m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    for n in 0..8 {
        m.world.json(&format!("{n}.json"), &dashboard(&format!("d{n}"), &format!("D{n}")));
    }
    let calls = m.calls(|| {
        m.aws("apply stack -auto-approve").exits(6).says("Grafana refused the token in the middle of the run");
    });
    assert_eq!(calls["CreateWorkspaceServiceAccountToken"], 2, "and never more");
    assert_eq!(m.tokens(), [""; 0]);
}

#[test]
fn a_token_that_cannot_be_made_again_is_told_with_why() {
    let m = Managed::faulty(LATEST, &["revoke:write@2", "denied:CreateWorkspaceServiceAccountToken@2"]);
    m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    for n in 0..4 {
        m.world.json(&format!("{n}.json"), &dashboard(&format!("d{n}"), &format!("D{n}")));
    }
    let ran = m.aws("apply stack -auto-approve");
    ran.exits(6).says("another could not be made: AWS does not allow `grafana:CreateWorkspaceServiceAccountToken`");
    ran.says(r#""Action":"grafana:CreateWorkspaceServiceAccountToken""#);
}

#[test]
fn a_token_that_there_was_no_time_to_delete_is_told() {
    let m = Managed::faulty(LATEST, &["slow:DeleteWorkspaceServiceAccountToken=600s"]);
    m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    let before = m.all_calls();
    let mut child = m.begin("plan stack");
    child.until(|| m.all_calls() >= before + 4);
    child.signal("INT");
    let ran = child.ends();
    ran.says(&format!("the token `{}` may not have been deleted", m.tokens()[0]));
    ran.says("ends by itself within 15 minutes").says("amgctl identity status");
}

#[test]
fn a_lost_answer_leaves_no_token_behind() {
    for fault in ["cut-after", "500-after", "cut-before", "502"] {
        let m = Managed::faulty(LATEST, &[&format!("{fault}:CreateWorkspaceServiceAccountToken@1")]);
        m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
        with_a_dashboard(&m);
        let calls = m.calls(|| {
            m.aws("plan stack").exits(0).says("1 to add");
        });
        assert_eq!(calls["CreateWorkspaceServiceAccountToken"], 2, "{fault}");
        assert_eq!(m.tokens(), [""; 0], "{fault}");
    }
}

#[test]
fn throttling_is_waited_out_and_a_quota_is_not() {
    let m = Managed::faulty(LATEST, &["429:CreateWorkspaceServiceAccountToken@1-2", "429:DescribeWorkspace@1=0s"]);
    m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    m.world.json("one.json", &dashboard("one", "One"));
    m.aws("plan stack").exits(0);
    let m = Managed::faulty(LATEST, &["quota:CreateWorkspaceServiceAccount"]);
    let calls = m.calls(|| {
        m.aws("bootstrap-identity stack --no-secret -auto-approve")
            .exits(6)
            .says("a quota of AWS is used up")
            .says("delete those that are no longer needed");
    });
    assert_eq!(calls["CreateWorkspaceServiceAccount"], 1);
}

#[test]
fn three_refusals_are_told_apart() {
    let m = Managed::faulty(LATEST, &["denied:CreateWorkspaceServiceAccountToken"]);
    m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    let ran = m.aws("plan stack");
    ran.exits(6).says("AWS does not allow `grafana:CreateWorkspaceServiceAccountToken`");
    ran.says("arn:aws:grafana:us-east-1:123456789012:/workspaces/g-0000000124");
    ran.says(r#""Action":"grafana:CreateWorkspaceServiceAccountToken""#);

    let m = Managed::faulty(LATEST, &["nac"]);
    m.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    let ran = m.aws("plan stack");
    ran.exits(6).says("the workspace's network access control refused this machine");
    ran.says("pl-0123456789abcdef0").says("vpce-0123456789abcdef0");
    let client = m.client();
    let account = block_on(client.accounts(m.id())).unwrap().remove(0);
    assert_eq!(block_on(client.tokens(m.id(), &account.id)).unwrap(), []);
}

#[test]
fn a_workspace_in_change_is_waited_for_where_that_is_asked() {
    let m = Managed::faulty(LATEST, &["updating:DescribeWorkspace@1-2"]);
    let ran = m.aws("bootstrap-identity stack --no-secret -auto-approve");
    ran.exits(1).says("workspace `grafana-12-4` is UPDATING").says("--wait");
    m.aws("bootstrap-identity stack --no-secret -auto-approve --wait").exits(0).says("amgctl-demo made");
    let m = Managed::faulty(LATEST, &["updating:DescribeWorkspace"]);
    let calls = m.calls(|| {
        let ran = m.aws("bootstrap-identity stack --no-secret -auto-approve --wait=1s");
        ran.exits(1).says("workspace `grafana-12-4` is UPDATING").says("or longer, with --wait=DURATION");
    });
    // At once, after half a second, and when the time is over.
    assert_eq!(shown(&calls), "DescribeWorkspace 3");
}

#[test]
fn credentials_that_do_not_do_are_one_message() {
    let m = Managed::new(LATEST);
    let ran = m.run("plan stack", m.without_credentials("plan stack"));
    ran.exits(6).says("no AWS region is named").says("--url for any Grafana").says("--sandbox");
    let mut command = m.without_credentials("plan stack");
    command.env("AWS_REGION", "us-east-1");
    m.run("plan stack", command).exits(6).says("there are no AWS credentials").says("AWS_PROFILE");
    let mut command = m.command("plan stack");
    command.env("AWS_SECRET_ACCESS_KEY", "wrong");
    m.run("plan stack", command).exits(6).says("AWS does not accept the credentials");
    let mut command = m.command("plan stack");
    command.env("AWS_REGION", "eu-west-1");
    m.run("plan stack", command).exits(6).says("AWS does not accept the credentials").says("valid region");
    let mut command = m.command("plan stack");
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    m.run("plan stack", command).exits(6).says("AWS could not be reached in region `us-east-1`");

    let expired = Managed::faulty(LATEST, &["expired:aws"]);
    expired.aws("plan stack --profile prod").exits(6);
    expired.aws("plan stack").exits(6).says("the AWS credentials expired").says("aws sso login");
    let skewed = Managed::faulty(LATEST, &["skew:aws"]);
    skewed.aws("plan stack").exits(6).says("the clock of this machine differs from AWS's");
    // Who hears what time it is at AWS can sign by that.
    let ahead = Managed::faulty(LATEST, &["skew:aws=10m"]);
    ahead.aws("bootstrap-identity stack --no-secret -auto-approve").exits(0);
    ahead.aws("plan stack").exits(0);
}

#[test]
fn credentials_come_from_a_profile_a_process_and_a_role() {
    let m = Managed::new(LATEST);
    with_a_dashboard(&m);
    let cloud = m.cloud();
    let home = m.world.home();
    let config = format!(
        "[profile keys]\nregion = us-east-1\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n\
         [profile process]\nregion = us-east-1\ncredential_process = cat {home}/process.json\n\
         [profile role]\nregion = us-east-1\nsource_profile = keys\nrole_arn = arn:aws:iam::123456789012:role/ci\n",
        id = cloud.access_key_id,
        secret = cloud.secret_access_key,
        home = home.display(),
    );
    std::fs::write(home.join("config"), config).unwrap();
    let process = json!({
        "Version": 1, "AccessKeyId": cloud.access_key_id, "SecretAccessKey": cloud.secret_access_key,
    });
    std::fs::write(home.join("process.json"), process.to_string()).unwrap();
    std::fs::write(home.join("web-token"), "a.b.c").unwrap();
    for profile in ["keys", "process", "role"] {
        let typed = format!("plan stack --profile {profile}");
        let mut command = m.without_credentials(&typed);
        command
            .env("AWS_CONFIG_FILE", home.join("config"))
            .env("AWS_ENDPOINT_URL", &cloud.url)
            .env("AMGCTL_WORKSPACE", m.id());
        m.run(&typed, command).exits(0).says("1 to add");
    }
    let mut command = m.without_credentials("plan stack --region us-east-1");
    command
        .env("AWS_ENDPOINT_URL", &cloud.url)
        .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci")
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", home.join("web-token"))
        .env("AMGCTL_WORKSPACE", m.id());
    m.run("plan stack --region us-east-1", command).exits(0).says("1 to add");
}

#[test]
fn the_sandbox_is_entered_through_its_aws_where_a_workspace_is_named() {
    let w = World::new(LATEST);
    w.json("one.json", &dashboard("one", "One"));
    let run = |arguments: &str| {
        let mut command = w.command(arguments);
        command.env_remove("AMGCTL_URL").env_remove("GRAFANA_TOKEN");
        w.run(arguments, command)
    };
    run("bootstrap-identity stack --sandbox --no-secret -auto-approve").exits(0).says("amgctl-demo made");
    run("apply stack --sandbox --workspace grafana-12-4 -auto-approve").exits(0).says("1 added");
    run("plan stack --sandbox -detailed-exitcode").exits(0).says("No changes.");
    run("workspace list --sandbox").exits(0).says("grafana-12-4");
}
