//! `amgctl identity policy`: what is printed for whom, and that a role trusts no more than was named.

use serde_json::Value;

use crate::support::{Ran, World};

const WORKSPACE: &str = "arn:aws:grafana:eu-west-1:111122223333:/workspaces/g-0123456789";

fn run(arguments: &str) -> Ran {
    let world = World::new(amgctl::sandbox::Version::default());
    let ran = world.amgctl(&format!("identity policy --workspace {WORKSPACE} {arguments}"));
    assert!(ran.asked.is_empty(), "nobody is asked");
    ran
}

fn printed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.exits(0).out).unwrap()
}

/// The subject that a role trusts, and how it is compared.
fn subject(roles: &Value, role: &str) -> (String, &'static str) {
    let statement = &roles[role]["trust"]["Statement"][0];
    assert_eq!(
        statement["Principal"]["Federated"],
        "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
    );
    let key = "token.actions.githubusercontent.com:sub";
    let found = ["StringEquals", "StringLike"].into_iter().find_map(|how| {
        let subject = statement["Condition"][how][key].as_str()?;
        Some((subject.to_owned(), how))
    });
    found.unwrap_or_else(|| panic!("{role} trusts nobody in {roles:#}"))
}

#[test]
fn github_gets_two_roles_and_the_one_of_pull_requests_reads_one_token() {
    let ran = run("--github acme/infra:main --viewer-secret amgctl/shop/viewer --secret amp --parameter /amg/db");
    let roles = printed(&ran);
    assert_eq!(subject(&roles, "apply"), ("repo:acme/infra:ref:refs/heads/main".into(), "StringEquals"));
    assert_eq!(subject(&roles, "plan"), ("repo:acme/infra:pull_request".into(), "StringEquals"));
    let plan = roles["plan"]["policy"]["Statement"].as_array().unwrap();
    assert_eq!(plan.len(), 1);
    assert_eq!(plan[0]["Action"], serde_json::json!(["secretsmanager:GetSecretValue"]));
    assert_eq!(
        plan[0]["Resource"],
        serde_json::json!(["arn:aws:secretsmanager:eu-west-1:111122223333:secret:amgctl/shop/viewer-??????"])
    );
    let apply = roles["apply"]["policy"].to_string();
    for allowed in ["grafana:CreateWorkspaceServiceAccountToken", "secret:amp-??????", "ssm:GetParameters"] {
        assert!(apply.contains(allowed), "{allowed} in {apply}");
    }
    ran.says("those of forks get no token")
        .says("amgctl bootstrap-identity --role viewer --secret amgctl/shop/viewer");
    ran.says("since 15 July 2026").says("--github-ids OWNER-ID/REPOSITORY-ID").says("gh api repos/acme/infra");
}

#[test]
fn a_job_with_an_environment_has_that_as_its_subject() {
    let ran = run("--github acme/infra:main --environment production");
    let roles = printed(&ran);
    assert_eq!(subject(&roles, "apply").0, "repo:acme/infra:environment:production");
    assert_eq!(subject(&roles, "plan").0, "repo:acme/infra:pull_request");
    ran.says("on pull requests too: restrict its deployment branches to `main`");
}

#[test]
fn subjects_hold_the_numbers_of_a_repository_that_has_them() {
    for arguments in ["--github acme/infra:main --github-ids 12/34", "--github acme@12/infra@34:main"] {
        let roles = printed(&run(arguments));
        assert_eq!(subject(&roles, "apply").0, "repo:acme@12/infra@34:ref:refs/heads/main");
        assert_eq!(subject(&roles, "plan").0, "repo:acme@12/infra@34:pull_request");
    }
}

#[test]
fn nobody_is_trusted_who_was_not_named() {
    let ran = run("--github acme/infra");
    ran.exits(64).says("names no branch, and every one would be trusted").says("acme/infra:main").says("--any");
    assert_eq!(ran.out, "");
    let any = run("--github acme/infra --any");
    let roles = printed(&any);
    assert_eq!(subject(&roles, "apply"), ("repo:acme/infra:*".into(), "StringLike"));
    assert!(roles.get("plan").is_none());
    any.says("warning: every branch, tag and pull request of the repository may assume this role");
    for odd in [
        "--github acme/*:main",
        "--github acme/infra:*",
        "--github acme/infra:ma?n",
        "--github acme",
        "--github acme/infra:main --any",
        "--github acme/infra --environment *",
        "--github acme/infra:main --github-ids 1/x",
        "--github acme/infra --any --environment prod",
        "--github acme/infra --mode plan",
        "--environment prod",
    ] {
        let ran = run(odd);
        ran.exits(64);
        assert_eq!(ran.out, "", "{odd}");
    }
}

#[test]
fn a_viewer_reads_one_secret_wherever_its_job_runs() {
    let policy = printed(&run("--mode viewer --secret amgctl/shop/viewer"));
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0]["Action"], serde_json::json!(["secretsmanager:GetSecretValue"]));
}
