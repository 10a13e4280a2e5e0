//! Whose a stored token is and what a run keeps: a secret is of one stack and one workspace, role and format stay, what
//! was ever current stays for the overlap, a promotion that arrives late gives nobody a dead token.

use amgctl::aws::Role;
use amgctl::identity::names::stored_token;
use amgctl::identity::version::mark;
use amgctl::model::{Secret, StackName};
use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{Managed, block_on, dashboard};

const LATEST: Version = Version::V12_4;
const BOOTSTRAP: &str = "bootstrap-identity stack --secret amgctl/demo -auto-approve";
const ROTATE: &str = "identity rotate stack --secret amgctl/demo -auto-approve";
const PRUNE: &str = "identity prune stack --secret amgctl/demo -auto-approve";
/// Another workspace of the embedded AWS.
const OTHER: &str = "g-0000000101";

fn fresh() -> Managed {
    Managed::faulty(LATEST, &[])
}

/// Claims that readers of the secret get a token that works, and gives its name.
#[track_caller]
fn works(m: &Managed) -> String {
    let stored = m.stored_json("amgctl/demo");
    assert!(m.opens(stored["token"].as_str().unwrap()), "what readers get does not open the workspace");
    stored["tokenName"].as_str().unwrap().to_owned()
}

#[test]
fn a_secret_belongs_to_one_workspace() {
    let m = fresh();
    m.aws(BOOTSTRAP).exits(0);
    let first = works(&m);
    let before = m.described("amgctl/demo");
    assert_eq!(before.tags["amgctl:workspace"], m.id());
    for command in [BOOTSTRAP, ROTATE, "bootstrap-api-key stack --secret amgctl/demo -auto-approve"] {
        let calls = m.calls(|| {
            let ran = m.aws(&format!("{command} --workspace {OTHER}"));
            ran.exits(8).says(&format!("belongs to workspace {}, not to {OTHER}", m.id())).says("--adopt");
            ran.says(&format!("--workspace {}", m.id()));
        });
        assert!(calls.keys().all(|a| a.starts_with("Describe") || a.starts_with("List")), "{command}: {calls:?}");
    }
    m.aws(&format!("{PRUNE} --workspace {OTHER}")).exits(0).says("No changes.");
    assert_eq!(m.described("amgctl/demo"), before);
    assert_eq!(works(&m), first);
}

#[test]
fn a_stored_token_of_another_workspace_is_sent_nowhere() {
    for format in ["json", "plain"] {
        let m = fresh();
        m.aws(&format!("{BOOTSTRAP} --workspace {OTHER} --secret-format {format}")).exits(0);
        m.world.json("one.json", &dashboard("one", "One"));
        m.world.write("amgctl.yaml", "stack: demo\nauth:\n  secret: amgctl/demo\n");
        for command in ["plan stack", "apply stack -auto-approve", "destroy stack -auto-approve"] {
            let ran = m.aws(command);
            ran.exits(6).says(&format!("holds a token for workspace {OTHER}, not for {}", m.id()));
            ran.says("it was sent nowhere").says(&format!("--workspace {OTHER}"));
            assert!(ran.asked.is_empty(), "{:?}", ran.asked);
        }
        let ran = m.aws("identity status stack --secret amgctl/demo");
        ran.exits(0).says(&format!("holds a token for workspace {OTHER}"));
        assert!(ran.asked.is_empty(), "{:?}", ran.asked);
        m.aws(&format!("plan stack --workspace {OTHER}")).exits(0);
    }
}

#[test]
fn a_value_by_hand_that_names_another_workspace_is_guarded_as_well() {
    let m = fresh();
    m.aws(BOOTSTRAP).exits(0);
    let theirs = Secret::new(json!({ "token": "glsa_x", "workspaceId": OTHER }).to_string());
    let arn = m.described("amgctl/demo").arn;
    block_on(m.client().put_secret(&arn, &theirs, &["AWSCURRENT"], &"7".repeat(32))).unwrap();
    m.aws(BOOTSTRAP).exits(8).says(&format!("belongs to workspace {OTHER}"));
}

#[test]
fn a_secret_is_moved_only_where_that_is_asked_and_the_token_before_stays_for_the_overlap() {
    let m = fresh();
    m.aws(BOOTSTRAP).exits(0);
    let first = m.stored_json("amgctl/demo")["token"].as_str().unwrap().to_owned();
    let ran = m.aws(&format!("{BOOTSTRAP} --workspace {OTHER} --adopt"));
    ran.exits(0).says(&format!("~ workspace amgctl/demo {} -> {OTHER}", m.id())).lacks("deleted");
    assert_eq!(m.stored_json("amgctl/demo")["workspaceId"], OTHER);
    assert_eq!(m.described("amgctl/demo").tags["amgctl:workspace"], OTHER);
    assert!(m.opens(&first), "who has it already may use it");
    m.aws(BOOTSTRAP).exits(8).says(&format!("belongs to workspace {OTHER}"));
    m.aws(PRUNE).exits(0).says("No changes.");
    m.pass(3_600);
    m.aws(&format!("{PRUNE} --workspace {OTHER}")).exits(0).says("No changes.");
    assert!(m.opens(&first), "another workspace's token is none of its business");
    m.aws(PRUNE).exits(0).says("the secret is another workspace's now");
    assert!(!m.opens(&first));
    m.aws(&format!("plan stack --workspace {OTHER}")).exits(0);
}

#[test]
fn a_move_that_was_cut_off_is_where_its_token_is() {
    let m = Managed::faulty(LATEST, &["slow-after:UpdateSecretVersionStage@1=600s"]);
    m.aws(BOOTSTRAP).exits(0);
    let mut child = m.begin(&format!("{BOOTSTRAP} --workspace {OTHER} --adopt"));
    child.until(|| m.stored_json("amgctl/demo")["workspaceId"] == OTHER);
    child.signal("KILL");
    child.ends();
    assert_eq!(m.described("amgctl/demo").tags["amgctl:workspace"], m.id(), "the tag was not yet set");
    m.aws(BOOTSTRAP).exits(8).says(&format!("belongs to workspace {OTHER}"));
    m.aws(&format!("{BOOTSTRAP} --workspace {OTHER}")).exits(0).says("tags amgctl:workspace").lacks("token lives");
    assert_eq!(m.described("amgctl/demo").tags["amgctl:workspace"], OTHER);
}

#[test]
fn rotating_and_running_again_keep_role_and_format() {
    let m = fresh();
    m.aws(&format!("{BOOTSTRAP} --role viewer --secret-format plain")).exits(0);
    let viewer = |m: &Managed| {
        let token = m.stored("amgctl/demo").unwrap();
        assert!(m.opens(&token), "it is the bare token, and works");
        assert_eq!(m.world.send_as(Some(&token), "POST", "/api/folders", Some(&json!({ "title": "x" }))).0, 403);
        assert_eq!(m.accounts(), ["amgctl-demo-viewer"]);
    };
    viewer(&m);
    m.aws(ROTATE).exits(0).lacks("service account");
    viewer(&m);
    m.aws(BOOTSTRAP).exits(0).says("No changes.");
    m.delete_token(&m.tokens()[1]);
    m.aws(BOOTSTRAP).exits(0).says("the stored one was deleted");
    viewer(&m);
    m.pass(31 * 86_400);
    m.aws(BOOTSTRAP).exits(0).says("the stored one expired");
    viewer(&m);
    let wider = format!("{BOOTSTRAP} --role admin");
    let ran = m.aws(&format!("{wider} --dry-run"));
    ran.exits(0).says("~ role amgctl/demo VIEWER -> ADMIN: more rights than before; asked for by --role");
    ran.says("+ service account amgctl-demo ADMIN; a billed user").lacks("~ format");
    viewer(&m);
    m.aws(&wider).exits(0);
    let mut accounts = m.accounts();
    accounts.sort();
    assert_eq!(accounts, ["amgctl-demo", "amgctl-demo-viewer"]);
    m.aws(BOOTSTRAP).exits(0).says("No changes.");
}

#[test]
fn an_api_key_keeps_role_and_format_as_well() {
    let m = Managed::faulty(Version::V9_4, &[]);
    let key = "bootstrap-api-key stack --secret amgctl/demo -auto-approve";
    m.aws(&format!("{key} --role viewer --secret-format plain --ttl 8d")).exits(0);
    m.aws(&format!("{key} --renew-before 10d --overlap 0s")).exits(0).says("the stored one has 8 days left");
    let all = m.world.read("/api/auth/keys").unwrap();
    assert_eq!((all.as_array().unwrap().len(), &all[0]["role"]), (1, &json!("Viewer")));
    assert!(m.opens(&m.stored("amgctl/demo").unwrap()));
    let ran = m.aws(&format!("{key} --role editor"));
    ran.exits(0).says("~ role amgctl/demo VIEWER -> EDITOR: more rights than before");
    // Grafana 12 has tokens instead: they are what the key was.
    m.aws(BOOTSTRAP).exits(0).says("the secret holds an API key").says("amgctl-demo-editor");
    assert!(m.opens(&m.stored("amgctl/demo").unwrap()));
}

/// Stores a token as an earlier release did: the version says nothing, and no tag names the workspace.
fn legacy(m: &Managed, workspace: &str, role: Role, plain: bool) -> (String, String) {
    let client = m.client();
    let stack = StackName::parse("demo").unwrap();
    let version = format!("{}{}", mark("us-east-1", "amgctl/demo"), "5".repeat(24));
    let account = block_on(client.create_account(workspace, &amgctl::identity::names::account(&stack, role), role));
    let account = account.unwrap();
    let name = stored_token(&stack, client.now(), &version, "");
    let token = block_on(client.create_token(workspace, &account.id, &name, 20 * 86_400)).unwrap();
    let value = match plain {
        true => token.key.expose().to_owned(),
        false => json!({
            "token": token.key.expose(), "stack": "demo", "tokenId": token.id, "tokenName": name,
            "accountId": account.id, "workspaceId": workspace, "region": "us-east-1",
        })
        .to_string(),
    };
    let format = if plain { "plain" } else { "json" };
    let tags = [("amgctl:stack".to_owned(), "demo".to_owned()), ("amgctl:format".into(), format.to_owned())];
    // The words of the day when the secret was made; what an earlier release put there since may be of another.
    let told = format!("amgctl: token of stack demo for workspace {}", m.id());
    let value = Secret::new(value);
    block_on(client.create_secret("amgctl/demo", &value, None, &tags, &told, &version)).unwrap();
    (name, token.key.expose().to_owned())
}

#[test]
fn what_an_earlier_release_stored_is_told_apart_by_its_token_and_its_value() {
    for plain in [false, true] {
        let m = fresh();
        let (name, _) = legacy(&m, m.id(), Role::Viewer, plain);
        let ran = m.aws(BOOTSTRAP);
        ran.exits(0).says("~ secret amgctl/demo tags amgctl:workspace").lacks("token lives");
        assert_eq!(m.described("amgctl/demo").tags["amgctl:workspace"], m.id());
        m.aws(ROTATE).exits(0).lacks("service account");
        assert_eq!(m.accounts(), ["amgctl-demo-viewer"]);
        assert_eq!(m.tokens()[0], name, "it stays for the overlap");
        assert_eq!(serde_json::from_str::<Value>(&m.stored("amgctl/demo").unwrap()).is_err(), plain);
        m.pass(3_600);
        m.aws(BOOTSTRAP).exits(0).says(&format!("- token {name} superseded"));
    }
    let m = fresh();
    let (_, token) = legacy(&m, OTHER, Role::Admin, false);
    m.aws(BOOTSTRAP).exits(8).says(&format!("belongs to workspace {OTHER}"));
    m.aws(ROTATE).exits(8);
    assert!(m.stored("amgctl/demo").unwrap().contains(&token));
    m.aws(&format!("{BOOTSTRAP} --workspace {OTHER}")).exits(0).says("tags amgctl:workspace");
}

#[test]
fn what_nothing_is_known_of_is_taken_only_where_that_is_asked() {
    let m = fresh();
    legacy(&m, OTHER, Role::Admin, true);
    let ran = m.aws(BOOTSTRAP);
    ran.exits(8).says("does not say which workspace its token is for").says("--adopt");
    m.aws(&format!("{BOOTSTRAP} --adopt")).exits(8).says("nothing says what it may do").says("--role ROLE");
    m.aws(&format!("{BOOTSTRAP} --workspace {OTHER}")).exits(0).says("tags amgctl:workspace");
}

#[test]
fn a_change_of_format_that_was_cut_off_is_done_by_the_next_run_that_asks_for_it() {
    for fault in ["slow:UpdateSecretVersionStage@1=600s", "denied:UpdateSecretVersionStage@1"] {
        let m = Managed::faulty(LATEST, &[fault]);
        m.aws(BOOTSTRAP).exits(0);
        let plain = format!("{BOOTSTRAP} --secret-format plain");
        let mut child = m.begin(&plain);
        child.until(|| m.world.sandbox.running().aws_calls().contains_key("UpdateSecretVersionStage"));
        child.signal("KILL");
        child.ends();
        works(&m);
        m.aws(BOOTSTRAP).exits(0).says("No changes.");
        m.aws(&plain).exits(0).says("json -> plain");
        assert!(m.opens(&m.stored("amgctl/demo").unwrap()));
        m.aws(&plain).exits(0).says("No changes.");
    }
}

#[test]
fn what_was_ever_current_stays_for_the_overlap() {
    // After a change of role: the token before is another account's.
    let m = fresh();
    m.aws(&format!("{BOOTSTRAP} --role viewer")).exits(0);
    let first = works(&m);
    m.aws(&format!("{BOOTSTRAP} --role admin")).exits(0);
    for command in [PRUNE, BOOTSTRAP] {
        m.aws(command).exits(0).says("No changes.");
        assert!(m.tokens().contains(&first), "after {command}");
    }
    m.pass(3_600);
    m.aws(PRUNE).exits(0).says(&format!("- token {first} superseded"));
    assert_eq!(m.tokens(), [works(&m)]);
}

#[test]
fn the_last_token_that_works_is_not_deleted() {
    let m = fresh();
    m.aws(BOOTSTRAP).exits(0);
    let first = works(&m);
    m.aws(ROTATE).exits(0);
    m.delete_token(&works(&m));
    m.pass(7_200);
    let ran = m.aws(PRUNE);
    ran.exits(0).says("No changes.").says("readers of the secret `amgctl/demo` get a token that does not work");
    ran.says("amgctl bootstrap-identity stack --stack demo");
    assert_eq!(m.tokens(), std::slice::from_ref(&first));
    m.aws(BOOTSTRAP).exits(0).says("the stored one was deleted");
    assert!(m.tokens().contains(&first), "who reads it had it until now");
    works(&m);
    m.pass(3_600);
    m.aws(BOOTSTRAP).exits(0).says("superseded");
    assert_eq!(m.tokens(), [works(&m)]);
}

#[test]
fn a_token_that_was_current_stays_where_somebody_moves_the_label_back() {
    let m = fresh();
    m.aws(BOOTSTRAP).exits(0);
    let (first, version) = (works(&m), m.labelled("amgctl/demo", "AWSCURRENT").unwrap());
    m.aws(ROTATE).exits(0);
    let second = works(&m);
    m.pass(20 * 60);
    m.move_label("amgctl/demo", "AWSCURRENT", &version);
    assert_eq!(works(&m), first);
    for command in [PRUNE, BOOTSTRAP, "identity prune stack --secret amgctl/demo -auto-approve --overlap 0s"] {
        m.aws(command).exits(0).says("No changes.");
        assert_eq!(m.tokens(), [first.clone(), second.clone()], "after {command}");
    }
    m.pass(3_600);
    m.aws(PRUNE).exits(0).says("No changes.");
    m.aws(ROTATE).exits(0);
    m.pass(3_600);
    m.aws(PRUNE).exits(0).says("Plan: 0 to add, 0 to change, 2 to delete.");
    assert_eq!(m.tokens(), [works(&m)]);
}

#[test]
fn a_promotion_that_arrives_late_gives_readers_no_dead_token() {
    for next in [BOOTSTRAP, PRUNE, ROTATE, "identity rotate stack --secret amgctl/demo --overlap 0s -auto-approve"]
    {
        for signal in ["KILL", "TERM"] {
            let m = Managed::faulty(LATEST, &["slow:UpdateSecretVersionStage@1=600s"]);
            m.aws(BOOTSTRAP).exits(0);
            let (first, from) = (works(&m), m.labelled("amgctl/demo", "AWSCURRENT").unwrap());
            let mut child = m.begin(ROTATE);
            child.until(|| m.world.sandbox.running().aws_calls().contains_key("UpdateSecretVersionStage"));
            let late = m.labelled("amgctl/demo", "AWSPENDING").unwrap();
            child.signal(signal);
            child.ends();
            m.aws(next).exits(0);
            let between = works(&m);
            let arrives = block_on(m.client().move_stage("amgctl/demo", "AWSCURRENT", &late, Some(&from)));
            assert_eq!(arrives.is_ok(), between == first, "after {signal}, in {next}");
            works(&m);
            m.aws(&format!("{BOOTSTRAP} --overlap 0s")).exits(0);
            works(&m);
        }
    }
}

#[test]
fn a_first_bootstrap_that_arrives_late_makes_no_secret_with_a_dead_token() {
    let m = Managed::faulty(LATEST, &["slow:CreateSecret@1=600s"]);
    let mut child = m.begin(BOOTSTRAP);
    child.until(|| m.world.sandbox.running().aws_calls().contains_key("CreateSecret"));
    child.signal("KILL");
    child.ends();
    m.aws(PRUNE).exits(0).says("No changes.");
    assert_eq!(m.tokens().len(), 1, "the secret may still be made with it");
    m.aws(BOOTSTRAP).exits(0).says("left by a run that did not finish");
    assert_eq!(m.tokens(), [works(&m)]);
}
