//! `bootstrap-identity`, `bootstrap-api-key`, `identity`: a stored token is made, verified, promoted, renewed.

use amgctl::model::Secret;
use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{Managed, block_on, dashboard};

const LATEST: Version = Version::V12_4;
const BOOTSTRAP: &str = "bootstrap-identity stack --secret amgctl/demo -auto-approve";
const DAY: u64 = 86_400;

fn fresh(version: Version) -> Managed {
    Managed::faulty(version, &[])
}

/// Claims that readers of the secret get a token that works, that says what it is, and gives it.
#[track_caller]
fn works(m: &Managed) -> String {
    let stored = m.stored_json("amgctl/demo");
    let token = stored["token"].as_str().unwrap();
    assert!(m.opens(token), "what readers get does not open the workspace");
    stored["tokenName"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn one_command_makes_account_token_and_secret_and_a_second_changes_nothing() {
    for version in Version::all() {
        let m = fresh(version);
        let ran = m.aws(BOOTSTRAP);
        ran.exits(0).says("+ service account amgctl-demo").says("+ secret amgctl/demo made").says("3 to add");
        let name = works(&m);
        assert_eq!((m.accounts(), m.tokens()), (vec!["amgctl-demo".to_owned()], vec![name]));
        let stored = m.stored_json("amgctl/demo");
        assert_eq!(stored["workspaceId"], m.id());
        assert_eq!((&stored["region"], &stored["stack"]), (&json!("us-east-1"), &json!("demo")));
        assert_eq!(stored["endpoint"], m.cloud().workspaces[0].endpoint.as_str());
        for key in ["tokenId", "accountId", "expiresAt"] {
            assert!(stored[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
        }
        let calls = m.calls(|| {
            m.aws(BOOTSTRAP)
                .exits(0)
                .says("No changes. The token in the secret `amgctl/demo` is good for 30 days.");
        });
        assert!(
            calls.keys().all(|action| action.starts_with("Describe") || action.starts_with("List")),
            "{calls:?}"
        );
    }
}

#[test]
fn what_would_be_done_is_shown_and_not_done() {
    let m = fresh(LATEST);
    let ran = m.aws("bootstrap-identity stack --secret amgctl/demo --dry-run");
    ran.exits(0).says("+ service account amgctl-demo ADMIN; a billed user of the workspace");
    ran.says("+ token lives 30 days; the secret has none yet").says("+ secret amgctl/demo json, AWS's own key");
    assert_eq!((m.accounts().len(), m.stored("amgctl/demo")), (0, None));
    m.aws("bootstrap-identity stack --secret amgctl/demo").exits(64).says("there is nobody to ask");
    let told = m.aws("bootstrap-identity stack --secret amgctl/demo --json --dry-run").out;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["changes"].as_array().unwrap().len(), 3);
    assert_eq!((&told["dryRun"], &told["token"]), (&json!(true), &Value::Null));
    assert_eq!((&told["changes"][1]["kind"], &told["changes"][1]["name"]), (&json!("token"), &Value::Null));
}

#[test]
fn a_flag_that_would_have_no_effect_is_refused() {
    let m = fresh(LATEST);
    for flag in
        ["--ttl 3d", "--renew-before 1d", "--overlap 1h", "--tag a=b", "--kms-key k", "--adopt", "--secret s"]
    {
        let ran = m.aws(&format!("bootstrap-identity stack --no-secret -auto-approve {flag}"));
        ran.exits(64).says("cannot be used with").says("--no-secret");
    }
    m.aws("identity policy --github acme/infra --mode plan").exits(64).says("cannot be used with");
    assert_eq!(m.accounts(), [""; 0]);
}

#[test]
fn a_tag_that_aws_would_refuse_is_refused_before_a_token_is_made() {
    let m = fresh(LATEST);
    let long = "k".repeat(129);
    for (tags, told) in [
        ("--tag a", "KEY=VALUE"),
        ("--tag =b", "KEY=VALUE"),
        ("--tag amgctl:stack=other", "amgctl's own"),
        ("--tag aws:a=b", "AWS's own"),
        ("--tag a=b --tag a=c", "another tag of this key"),
        (&*format!("--tag {long}=b"), "128 characters"),
    ] {
        m.aws(&format!("{BOOTSTRAP} {tags}")).exits(64).says(told);
    }
    assert_eq!(m.all_calls(), 0);
}

#[test]
fn the_outcome_as_json_says_everything_but_the_token() {
    let m = fresh(LATEST);
    let told: Value = serde_json::from_str(&m.aws(&format!("{BOOTSTRAP} --json")).out).unwrap();
    let name = works(&m);
    assert_eq!(told["token"]["name"], name.as_str());
    assert_eq!((&told["workspace"]["id"], &told["account"]["name"]), (&json!(m.id()), &json!("amgctl-demo")));
    assert_eq!(told["secret"], json!({ "name": "amgctl/demo", "format": "json" }));
}

#[test]
fn a_token_that_is_due_is_renewed_and_the_one_before_goes_after_the_overlap() {
    let m = fresh(LATEST);
    m.aws(BOOTSTRAP).exits(0);
    let first = works(&m);
    m.pass(22 * DAY - 3_600);
    m.aws(BOOTSTRAP).exits(0).says("No changes.").says("good for 8 days");
    m.pass(2 * DAY);
    m.aws(BOOTSTRAP)
        .exits(0)
        .says("the stored one has 6 days left")
        .says("~ secret amgctl/demo json, a new version");
    let second = works(&m);
    assert_ne!(first, second);
    assert_eq!(m.tokens(), [first.clone(), second.clone()], "readers may still have the one before");
    m.aws(BOOTSTRAP).exits(0).says("No changes.");
    m.pass(3_600);
    m.aws(BOOTSTRAP).exits(0).says(&format!("- token {first} superseded"));
    assert_eq!(m.tokens(), [second]);
    works(&m);
    m.pass(31 * DAY);
    m.aws(&format!("{BOOTSTRAP} --overlap 0s")).exits(0).says("the stored one expired");
    assert_eq!(m.tokens(), [works(&m)]);
}

#[test]
fn rotating_renews_whatever_is_left() {
    let m = fresh(LATEST);
    m.aws(BOOTSTRAP).exits(0);
    let first = works(&m);
    m.aws("identity rotate stack --secret amgctl/demo --overlap 0s -auto-approve").exits(0).says("asked for");
    let second = works(&m);
    assert_ne!(first, second);
    assert_eq!(m.tokens(), [second]);
    m.aws("identity rotate stack --secret amgctl/demo --ttl 3d -auto-approve").exits(0).says("lives 3 days");
    m.aws("identity rotate stack --renew-before 1d -auto-approve")
        .exits(64)
        .says("`--renew-before` is not a flag of this command");
    m.aws("identity rotate stack --no-secret -auto-approve")
        .exits(64)
        .says("`--no-secret` is not a flag of this command");
}

#[test]
fn a_token_that_somebody_deleted_is_made_anew() {
    let m = fresh(LATEST);
    m.aws(BOOTSTRAP).exits(0);
    let stored = m.stored_json("amgctl/demo");
    let text = |key: &str| stored[key].as_str().unwrap().to_owned();
    block_on(m.client().delete_token(m.id(), &text("accountId"), &text("tokenId"))).unwrap();
    m.aws(BOOTSTRAP).exits(0).says("the stored one was deleted");
    works(&m);
}

#[test]
fn the_bare_token_is_stored_where_that_is_asked() {
    let m = fresh(LATEST);
    m.aws(&format!("{BOOTSTRAP} --secret-format plain")).exits(0).says("plain");
    assert!(m.opens(&m.stored("amgctl/demo").unwrap()));
    m.aws(&format!("{BOOTSTRAP} --secret-format plain")).exits(0).says("No changes.");
    m.aws(BOOTSTRAP).exits(0).says("No changes.");
    let ran = m.aws(&format!("{BOOTSTRAP} --secret-format json"));
    ran.exits(0).says("~ format amgctl/demo plain -> json; asked for by --secret-format").says("~ secret");
    works(&m);
}

#[test]
fn key_and_tags_reach_a_new_secret_and_tags_one_that_is_there() {
    let m = fresh(LATEST);
    let info = |m: &Managed| block_on(m.client().describe_secret("amgctl/demo")).unwrap().unwrap();
    m.aws(&format!("{BOOTSTRAP} --kms-key alias/observability --tag team=ops")).exits(0);
    let made = info(&m);
    assert_eq!(made.kms_key.as_deref(), Some("alias/observability"));
    assert_eq!(made.tags["team"], "ops");
    assert_eq!((&*made.tags["amgctl:stack"], &*made.tags["amgctl:format"]), ("demo", "json"));
    m.aws("identity rotate stack --secret amgctl/demo -auto-approve --tag team=platform").exits(0);
    assert_eq!(info(&m).tags["team"], "platform");
    assert_eq!(&*info(&m).tags["amgctl:workspace"], m.id());
    let ran = m.aws(&format!("{BOOTSTRAP} --tag team=ops --kms-key alias/other"));
    ran.exits(0).says("~ secret amgctl/demo tags team").lacks("token lives");
    ran.says("stays encrypted with alias/observability: --kms-key counts for a new one");
    assert_eq!(info(&m).tags["team"], "ops");
    m.aws(&format!("{BOOTSTRAP} --tag team=ops")).exits(0).says("No changes.");
}

#[test]
fn two_rotations_at_once_leave_one_token_that_works() {
    let rotate = "identity rotate stack --secret amgctl/demo --overlap 0s -auto-approve";
    let m = fresh(LATEST);
    m.aws(BOOTSTRAP).exits(0);
    let runs = [m.begin(rotate), m.begin(rotate)];
    let ended = runs.map(|run| run.ends());
    assert!(ended.iter().any(|ran| ran.code == 0), "{}\n{}", ended[0], ended[1]);
    for ran in ended.iter().filter(|ran| ran.code != 0) {
        ran.says("another run may have written the secret meanwhile").says("run the command again");
    }
    works(&m);
    m.aws(rotate).exits(0);
    assert_eq!(m.tokens(), [works(&m)]);
}

#[test]
fn two_bootstraps_at_once_leave_one_token_that_works() {
    let m = fresh(LATEST);
    let runs = [m.begin(BOOTSTRAP), m.begin(BOOTSTRAP)];
    let ended = runs.map(|run| run.ends());
    assert!(ended.iter().any(|ran| ran.code == 0), "{}\n{}", ended[0], ended[1]);
    works(&m);
    // One that listed the tokens before the other made its own has renewed it, which is then superseded.
    m.pass(3_600);
    m.aws(BOOTSTRAP).exits(0);
    assert_eq!((m.accounts().len(), m.tokens()), (1, vec![works(&m)]), "{}\n{}", ended[0], ended[1]);
}

#[test]
fn two_renewals_of_a_key_at_once_leave_one_key_that_works() {
    let m = fresh(Version::V9_4);
    m.aws(&format!("{KEY} --ttl 8d")).exits(0);
    let renew = format!("{KEY} --renew-before 10d --overlap 0s");
    let runs = [m.begin(&renew), m.begin(&renew)];
    let ended = runs.map(|run| run.ends());
    works(&m);
    let again = m.aws(&renew);
    assert_eq!(again.code, 0, "{}\n{}\n{again}", ended[0], ended[1]);
    works(&m);
    assert_eq!(m.world.read("/api/auth/keys").unwrap().as_array().unwrap().len(), 1);
}

#[test]
fn a_token_that_was_verified_long_ago_is_verified_again_before_it_is_promoted() {
    let m = Managed::faulty(LATEST, &["429:PutSecretValue@1=5s"]);
    m.aws(BOOTSTRAP).exits(0);
    let first = works(&m);
    let mut child = m.begin("identity rotate stack --secret amgctl/demo -auto-approve");
    child.until(|| m.world.sandbox.running().aws_calls().contains_key("PutSecretValue"));
    m.pass(120);
    let client = m.client();
    let account = block_on(client.accounts(m.id())).unwrap().remove(0);
    let tokens = block_on(client.tokens(m.id(), &account.id)).unwrap();
    let newer = tokens.iter().find(|token| token.name != first).unwrap();
    block_on(client.delete_token(m.id(), &account.id, &newer.id)).unwrap();
    child.ends().exits(6);
    assert_eq!(works(&m), first);
}

#[test]
fn a_bootstrap_that_is_interrupted_before_readers_have_its_token_leaves_none() {
    let m = Managed::faulty(LATEST, &["slow-after:PutSecretValue=600s"]);
    m.aws(BOOTSTRAP).exits(0);
    let first = works(&m);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let before = m.all_calls();
        let mut child = m.begin("identity rotate stack --secret amgctl/demo -auto-approve");
        child.until(|| m.all_calls() > before && m.pending("amgctl/demo"));
        child.signal(signal);
        let ran = child.ends();
        ran.exits(code).says("Interrupted. not done: token made; secret `amgctl/demo` changed");
        ran.says("to go on: `amgctl identity rotate stack --stack demo --workspace").lacks("unknown:");
        assert_eq!(m.tokens(), [works(&m)]);
        assert_eq!(works(&m), first);
        m.unpend("amgctl/demo");
    }
}

#[test]
fn a_rotation_that_is_interrupted_while_it_promotes_says_what_is_unknown() {
    for (fault, promoted) in [("slow", false), ("slow-after", true)] {
        let m = Managed::faulty(LATEST, &[&format!("{fault}:UpdateSecretVersionStage=600s")]);
        m.aws(BOOTSTRAP).exits(0);
        let first = works(&m);
        let mut child = m.begin("identity rotate stack --secret amgctl/demo -auto-approve");
        child.until(|| m.world.sandbox.running().aws_calls().contains_key("UpdateSecretVersionStage"));
        if promoted {
            child.until(|| m.stored_json("amgctl/demo")["tokenName"] != first.as_str());
        }
        child.signal("TERM");
        let ran = child.ends();
        ran.exits(143)
            .says("Interrupted. unknown: readers of the secret may have the new token `amgctl/demo/secret/");
        assert_eq!(m.tokens().len(), 2, "whichever it is, readers get one that works");
        assert_eq!(works(&m) != first, promoted);
    }
}

#[test]
fn a_prune_that_is_interrupted_says_what_it_did() {
    let m = Managed::faulty(LATEST, &["slow:DeleteWorkspaceServiceAccountToken=600s"]);
    m.aws(BOOTSTRAP).exits(0);
    let first = works(&m);
    m.aws("identity rotate stack --secret amgctl/demo -auto-approve").exits(0);
    m.pass(3_600);
    let mut child = m.begin("identity prune stack --secret amgctl/demo -auto-approve");
    child.until(|| m.world.sandbox.running().aws_calls().contains_key("DeleteWorkspaceServiceAccountToken"));
    child.signal("INT");
    let ran = child.ends();
    ran.exits(130).says(&format!("Interrupted. unknown: token `{first}` deleted"));
    ran.says("to go on: `amgctl identity prune stack --stack demo");
}

#[test]
fn a_run_that_fails_on_its_way_says_what_it_did() {
    let m = Managed::faulty(LATEST, &["denied:CreateSecret"]);
    let ran = m.aws(BOOTSTRAP);
    ran.exits(6)
        .says("done: service account `amgctl-demo` made")
        .says("not done: token made; secret `amgctl/demo` made");
    assert_eq!(m.tokens(), [""; 0]);
}

#[test]
fn other_roles_have_accounts_of_their_own() {
    let m = fresh(LATEST);
    m.aws(BOOTSTRAP).exits(0);
    m.aws("bootstrap-identity stack --role viewer --secret amgctl/viewer -auto-approve").exits(0).says("VIEWER");
    assert_eq!(m.accounts(), ["amgctl-demo", "amgctl-demo-viewer"]);
    let token = m.stored_json("amgctl/viewer")["token"].as_str().unwrap().to_owned();
    assert_eq!(m.world.send_as(Some(&token), "POST", "/api/folders", Some(&json!({ "title": "x" }))).0, 403);
    works(&m);
}

#[test]
fn two_secrets_of_one_stack_do_not_take_each_others_tokens() {
    let m = fresh(LATEST);
    m.aws(BOOTSTRAP).exits(0);
    m.aws("bootstrap-identity stack --secret amgctl/other -auto-approve").exits(0);
    m.pass(7_200);
    m.aws(BOOTSTRAP).exits(0).says("No changes.");
    m.aws("bootstrap-identity stack --secret amgctl/other -auto-approve").exits(0).says("No changes.");
    assert_eq!(m.tokens().len(), 2);
}

#[test]
fn a_secret_that_is_not_ours_is_left_alone() {
    let m = fresh(LATEST);
    m.store("amgctl/demo", "theirs");
    let ran = m.aws(BOOTSTRAP);
    ran.exits(8).says("the secret `amgctl/demo` was not made by amgctl").says("--adopt");
    assert_eq!((m.stored("amgctl/demo").unwrap().as_str(), m.tokens().len()), ("theirs", 0));
    m.aws(&format!("{BOOTSTRAP} --adopt")).exits(0).says("taken over").says("the secret holds something else");
    works(&m);
    m.aws(BOOTSTRAP).exits(0).says("No changes.");
    m.world.write("amgctl.yaml", "stack: another\n");
    m.aws(BOOTSTRAP).exits(8).says("belongs to stack `demo`");
}

#[test]
fn a_secret_that_cannot_be_written_is_refused_before_anything_is_made() {
    let m = fresh(LATEST);
    m.aws("bootstrap-identity stack --secret token-AbCdEf -auto-approve").exits(64).says("six characters");
    m.aws("bootstrap-identity stack -auto-approve").exits(64).says("--secret NAME");
    m.aws(&format!("{BOOTSTRAP} --ttl 31d")).exits(64).says("30d");
    m.aws(&format!("{BOOTSTRAP} --ttl 7d --renew-before 7d")).exits(64).says("every run would renew it");
    m.aws(&format!("{BOOTSTRAP} --tag amgctl:stack=x")).exits(64).says("amgctl's own");
    let m = fresh(LATEST);
    m.store("amgctl/demo", "theirs");
    m.mark_for_deletion("amgctl/demo");
    m.aws(BOOTSTRAP).exits(8).says("is going to be deleted").says("restore-secret");
    assert_eq!((m.accounts().len(), m.tokens().len()), (0, 0));
}

#[test]
fn runs_use_the_stored_token_and_are_told_when_it_ends() {
    let m = fresh(LATEST);
    m.aws(BOOTSTRAP).exits(0);
    m.world.json("one.json", &dashboard("one", "One"));
    m.world.write("amgctl.yaml", "stack: demo\nauth:\n  secret: amgctl/demo\n");
    let calls = m.calls(|| {
        m.aws("apply stack -auto-approve").exits(0).lacks("warning");
    });
    assert_eq!(calls.keys().map(String::as_str).collect::<Vec<_>>(), ["DescribeWorkspace", "GetSecretValue"]);
    m.pass(24 * DAY - 3_600);
    let ran = m.aws("plan stack");
    ran.exits(0).says("the token in the secret `amgctl/demo` ends in 6 days").says(
        "amgctl identity rotate stack --stack demo --workspace g-0000000124 --secret amgctl/demo --role admin",
    );
    m.pass(7 * DAY);
    m.aws("plan stack").exits(6).says("the token in the secret `amgctl/demo` expired at").says("identity rotate");
    m.world.write("amgctl.yaml", "stack: demo\nauth:\n  secret: amgctl/none\n");
    m.aws("plan stack").exits(6).says("there is no secret `amgctl/none` in region us-east-1");
}

#[test]
fn what_others_store_is_used_too() {
    let m = Managed::new(LATEST);
    let admin = m.world.sandbox.running().tokens.admin.clone();
    m.store("plain", &admin);
    m.store("operator!".trim_end_matches('!'), &json!({ "grafana-api-token": admin }).to_string());
    m.store("two-keys", &json!({ "user": "x", "mine": admin }).to_string());
    for (secret, key) in [("plain", ""), ("operator", ""), ("two-keys", "\n  key: mine")] {
        m.world.write("amgctl.yaml", &format!("stack: demo\nauth:\n  secret: {secret}{key}\n"));
        m.aws("plan stack").exits(0);
    }
    m.world.write("amgctl.yaml", "stack: demo\nauth:\n  secret: two-keys\n");
    m.aws("plan stack").exits(6).says("its JSON has no key `token`").says("auth.key");
    // The same with a Grafana by its URL, whose token AWS keeps.
    m.world.write("amgctl.yaml", "stack: demo\nauth:\n  secret: plain\n");
    let mut command = m.command("plan stack");
    command.env_remove("AMGCTL_WORKSPACE").env("AMGCTL_URL", &m.world.sandbox.running().url);
    m.run("plan stack", command).exits(0);
}

#[test]
fn status_says_who_what_and_how_long() {
    let m = fresh(LATEST);
    m.aws("identity status stack").exits(0).says("The stack has no service account here").says("user/sandbox");
    m.aws(BOOTSTRAP).exits(0);
    let status = "identity status stack --secret amgctl/demo";
    let ran = m.aws(status);
    ran.exits(0)
        .says("service account amgctl-demo (ADMIN), 1 token")
        .says("stored ends in 30 days amgctl/demo/secret/");
    ran.says("The secret `amgctl/demo` holds a token that works and ends in 30 days.");
    m.aws(&format!("{status} --fail-under 7d")).exits(0);
    m.pass(24 * DAY - 3_600);
    m.aws(&format!("{status} --fail-under 7d")).exits(2).says("ends in 6 days");
    let told: Value = serde_json::from_str(&m.aws(&format!("{status} --json")).out).unwrap();
    assert_eq!(
        (&told["secret"]["works"], &told["accounts"][0]["tokens"][0]["stored"]),
        (&json!(true), &json!(true))
    );
    m.pass(7 * DAY);
    m.aws(&format!("{status} --fail-under 1m")).exits(2).says("does not work");
    m.aws("identity status stack --secret amgctl/none --fail-under 1m").exits(2).says("does not exist");
}

#[test]
fn pruning_takes_what_ran_out_and_what_was_superseded() {
    let m = fresh(LATEST);
    m.aws(BOOTSTRAP).exits(0);
    let prune = "identity prune stack --secret amgctl/demo -auto-approve";
    m.aws(prune).exits(0).says("No changes.");
    m.aws("identity rotate stack --secret amgctl/demo -auto-approve").exits(0);
    m.aws(prune).exits(0).says("No changes.");
    m.pass(3_600);
    m.aws("identity prune stack --secret amgctl/demo --dry-run").exits(0).says("superseded");
    assert_eq!(m.tokens().len(), 2);
    m.aws(prune).exits(0).says("deleted");
    assert_eq!(m.tokens(), [works(&m)]);
}

#[test]
fn policies_are_printed_without_asking_anybody() {
    let m = fresh(LATEST);
    let arn = "arn:aws:grafana:eu-west-1:111122223333:/workspaces/g-0123456789";
    let printed = |arguments: &str| {
        let ran = m.run(arguments, m.without_credentials(arguments));
        ran.exits(0);
        (serde_json::from_str::<Value>(&ran.out).unwrap(), ran.err)
    };
    let (policy, note) = printed(&format!("identity policy --mode apply --workspace {arn}"));
    assert_eq!(policy["Statement"][1]["Resource"], arn);
    assert!(note.contains("is an admin of this workspace's Grafana"), "{note}");
    let (trust, _) = printed("identity policy --account 111122223333 --github acme/infra:main");
    assert!(trust.to_string().contains("repo:acme/infra:ref:refs/heads/main"));
    for mode in ["plan", "bootstrap", "reader"] {
        printed(&format!("identity policy --mode {mode} --workspace {arn} --secret amgctl/prod"));
    }
    for odd in [
        "--workspace observability",
        "--workspace arn:aws:grafana:eu-west-1:111122223333:/workspaces/observability",
        "--region eu_west",
        "--account 1",
        "--secret a*",
        "--parameter *",
        "--kms-key *",
    ] {
        let typed = format!("identity policy {odd}");
        m.run(&typed, m.without_credentials(&typed)).exits(64).lacks("Statement");
    }
    let endpoint = "g-0123456789.grafana-workspace.us-east-2.amazonaws.com";
    let (policy, _) = printed(&format!("identity policy --account 111122223333 --workspace {endpoint}"));
    let arn = "arn:aws:grafana:us-east-2:111122223333:/workspaces/g-0123456789";
    assert_eq!(policy["Statement"][1]["Resource"], arn);
    let ran = m.run("identity policy --github acme", m.without_credentials("identity policy --github acme"));
    ran.exits(64).says("OWNER/REPOSITORY");
}

const KEY: &str = "bootstrap-api-key stack --secret amgctl/demo -auto-approve";

#[test]
fn an_old_workspace_gets_an_api_key_that_is_renewed() {
    let m = fresh(Version::V9_4);
    m.aws(KEY)
        .exits(0)
        .says("+ API key lives 30 days")
        .says("+ API key amgctl-demo-")
        .says("+ secret amgctl/demo made");
    let name = |m: &Managed| m.stored_json("amgctl/demo")["tokenName"].as_str().unwrap().to_owned();
    let keys = |m: &Managed| -> Vec<String> {
        let all = m.world.read("/api/auth/keys").unwrap();
        all.as_array().unwrap().iter().map(|k| k["name"].as_str().unwrap().to_owned()).collect()
    };
    works(&m);
    let first = name(&m);
    assert_eq!(keys(&m), [first.as_str()]);
    let told: Value = serde_json::from_str(&m.aws(&format!("{KEY} --json")).out).unwrap();
    assert_eq!(told["key"]["expiresAt"], m.stored_json("amgctl/demo")["expiresAt"]);
    m.aws(KEY).exits(0).says("No changes. The key in the secret `amgctl/demo` is good for 30 days.");
    m.pass(24 * DAY - 3_600);
    m.aws(KEY).exits(0).says("the stored one has 6 days left");
    works(&m);
    assert_eq!(keys(&m), [first.clone(), name(&m)]);
    m.pass(3_600);
    m.aws(KEY).exits(0).says(&format!("- API key {first} superseded"));
    assert_eq!(keys(&m), [name(&m)]);
    m.aws(KEY).exits(0).says("No changes.");
    m.world.json("one.json", &dashboard("one", "One"));
    m.world.write("amgctl.yaml", "stack: demo\nauth:\n  secret: amgctl/demo\n");
    m.aws("apply stack -auto-approve").exits(0).says("1 added");
}

#[test]
fn two_first_keys_at_once_do_not_both_fail() {
    for _ in 0..3 {
        let m = fresh(Version::V9_4);
        let ended = [m.begin(KEY), m.begin(KEY)].map(|run| run.ends());
        assert!(ended.iter().any(|ran| ran.code == 0), "{}\n{}", ended[0], ended[1]);
        works(&m);
        assert_eq!(m.aws(KEY).code, 0, "{}\n{}", ended[0], ended[1]);
        works(&m);
        m.pass(3_600);
        m.aws(KEY).exits(0);
        assert_eq!(
            m.world.read("/api/auth/keys").unwrap().as_array().unwrap().len(),
            1,
            "{}\n{}",
            ended[0],
            ended[1]
        );
    }
}

#[test]
fn a_key_that_another_run_made_is_not_deleted_to_make_ones_own() {
    let m = Managed::faulty(Version::V9_4, &["slow:CreateSecret@1=600s"]);
    let mut first = m.begin(KEY);
    first.until(|| m.world.sandbox.running().aws_calls().contains_key("CreateSecret"));
    let name = m.world.read("/api/auth/keys").unwrap()[0]["name"].as_str().unwrap().to_owned();
    let deleted = m.calls(|| {
        m.aws(&format!("{KEY} --dry-run")).exits(0);
    });
    assert!(!deleted.contains_key("DeleteWorkspaceApiKey"));
    m.aws(KEY).exits(0);
    works(&m);
    assert_ne!(m.stored_json("amgctl/demo")["tokenName"], name.as_str(), "it took another name");
    first.signal("KILL");
    first.ends();
}

#[test]
fn a_new_workspace_has_no_api_keys_and_is_told_what_it_has() {
    for version in [Version::V12_4, Version::V12_4Upgraded, Version::V13] {
        let m = fresh(version);
        let calls = m.calls(|| {
            let ran = m.aws(KEY);
            ran.exits(8).says("which has no API keys any more").says(&format!(
                "bootstrap-identity stack --stack demo --workspace {} --secret amgctl/demo --adopt",
                m.id()
            ));
        });
        assert_eq!(calls.keys().map(String::as_str).collect::<Vec<_>>(), ["DescribeWorkspace"]);
    }
}

#[test]
fn a_stored_key_becomes_a_token_in_the_same_secret() {
    let m = fresh(Version::V10_1);
    m.aws(KEY).exits(0);
    works(&m);
    m.aws(BOOTSTRAP).exits(0);
    assert!(works(&m).starts_with("amgctl/demo/secret/"));
}

/// What strikes a call of AWS; the last two kill the program while it waits for the answer.
const FAULTS: [&str; 8] = [
    "cut-before:aws@N",
    "cut-after:aws@N",
    "500:aws@N",
    "500-after:aws@N",
    "denied:aws@N",
    "429:aws@N-M=0s",
    "slow:aws@N=600s",
    "slow-after:aws@N=600s",
];

/// A fault at one call; throttling goes on as long as the program tries.
fn at(fault: &str, n: usize) -> String {
    fault.replace("@N", &format!("@{n}")).replace("-M", &format!("-{}", n + 3))
}

/// Runs a command with a fault at a call of AWS that comes after so many others.
fn struck(version: Version, prepared: &[&str], command: &str, fault: &str, n: usize) -> (Managed, i32) {
    // The calls of what prepares the stage are not struck.
    let before = prepared_calls(version, prepared);
    let m = Managed::faulty(version, &[&at(fault, before + n)]);
    for line in prepared {
        m.aws(line).exits(0);
    }
    let code = if fault.starts_with("slow") {
        let mut child = m.begin(command);
        child.until(|| m.all_calls() >= before + n);
        child.signal("KILL");
        child.ends().code
    } else {
        m.aws(command).code
    };
    (m, code)
}

fn prepared_calls(version: Version, prepared: &[&str]) -> usize {
    let m = fresh(version);
    for line in prepared {
        m.aws(line).exits(0);
    }
    m.all_calls()
}

/// Strikes a command at every call of AWS, and claims that running it again mends what was left.
fn is_mended(version: Version, prepared: &[&str], command: &str, holds: impl Fn(&Managed, &str)) {
    let m = fresh(version);
    for line in prepared {
        m.aws(line).exits(0);
    }
    let calls = m
        .calls(|| {
            m.aws(command).exits(0);
        })
        .values()
        .sum::<usize>();
    for fault in FAULTS {
        for n in 1..=calls {
            let (m, code) = struck(version, prepared, command, fault, n);
            let what = format!("{fault} with N = {n}, which exited with {code}");
            if let Some(stored) = m.stored("amgctl/demo") {
                let token = serde_json::from_str::<Value>(&stored).unwrap()["token"].as_str().unwrap().to_owned();
                assert!(m.opens(&token), "after {what}, readers get what does not work");
            }
            let again = m.aws(command);
            assert_eq!(again.code, 0, "after {what}:\n{again}");
            holds(&m, &what);
        }
    }
}

#[test]
fn a_bootstrap_that_was_struck_at_any_call_is_mended_by_the_next_one() {
    is_mended(LATEST, &[], BOOTSTRAP, |m, what| {
        let name = works(m);
        assert_eq!(m.tokens(), [name], "after {what}");
        assert_eq!(m.accounts(), ["amgctl-demo"], "after {what}");
    });
}

#[test]
fn a_rotation_that_was_struck_at_any_call_is_mended_by_the_next_one() {
    let rotate = "identity rotate stack --secret amgctl/demo --overlap 0s -auto-approve";
    is_mended(LATEST, &[BOOTSTRAP], rotate, |m, what| {
        let name = works(m);
        assert_eq!(m.tokens(), [name], "after {what}");
    });
}

#[test]
fn a_key_that_was_struck_at_any_call_is_mended_by_the_next_one() {
    is_mended(Version::V9_4, &[], KEY, |m, what| {
        works(m);
        assert_eq!(m.world.read("/api/auth/keys").unwrap().as_array().unwrap().len(), 1, "after {what}");
    });
}

#[test]
fn a_renewal_of_a_key_that_was_struck_at_any_call_is_mended_by_the_next_one() {
    let first = format!("{KEY} --ttl 8d");
    let renew = format!("{KEY} --renew-before 10d --overlap 0s");
    is_mended(Version::V9_4, &[&first], &renew, |m, what| {
        works(m);
        assert_eq!(m.world.read("/api/auth/keys").unwrap().as_array().unwrap().len(), 1, "after {what}");
        let status: Value =
            serde_json::from_str(&m.aws("identity status stack --secret amgctl/demo --json").out).unwrap();
        assert!(status["secret"]["secondsLeft"].as_i64().unwrap() > 29 * 86_400, "after {what}: {status}");
    });
}

#[test]
fn an_apply_that_was_struck_at_any_call_outlives_no_token_by_more_than_its_life() {
    let prepare = "bootstrap-identity stack --no-secret -auto-approve";
    let apply = "apply stack -auto-approve";
    let calls = {
        let m = fresh(LATEST);
        m.world.json("one.json", &dashboard("one", "One"));
        m.aws(prepare).exits(0);
        m.calls(|| {
            m.aws(apply).exits(0);
        })
        .values()
        .sum::<usize>()
    };
    let before = prepared_calls(LATEST, &[prepare]);
    for fault in FAULTS {
        for n in 1..=calls {
            let m = Managed::faulty(LATEST, &[&at(fault, before + n)]);
            m.world.json("one.json", &dashboard("one", "One"));
            m.aws(prepare).exits(0);
            if fault.starts_with("slow") {
                let mut child = m.begin(apply);
                child.until(|| m.all_calls() >= before + n);
                child.signal("KILL");
                child.ends().exits(137);
            } else {
                m.aws(apply);
            }
            m.pass(15 * 60);
            m.aws(apply).exits(0);
            assert_eq!((m.tokens().len(), m.accounts().len()), (0, 1), "after {fault} with N = {n}");
        }
    }
}

#[test]
fn the_value_of_a_version_is_never_replaced() {
    let m = fresh(LATEST);
    m.aws(BOOTSTRAP).exits(0);
    let client = m.client();
    let stored = m.stored_json("amgctl/demo");
    let info = block_on(client.describe_secret("amgctl/demo")).unwrap().unwrap();
    let version = info.stages.keys().next().unwrap();
    assert!(
        stored["tokenName"].as_str().unwrap().contains(version.as_str()),
        "the token is named after the version"
    );
    let other = block_on(client.put_secret(&info.arn, &Secret::new("x".into()), &["AWSPENDING"], version));
    assert!(other.is_err());
}
