//! Where credentials and the region come from, in which order, what is told of those that are not there, and how soon. What
//! AWS says to credentials that there are is claimed elsewhere.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use amgctl::sandbox::Version;

use super::support::{Child, Managed, Ran, World};

/// How long it may take to say that there are no credentials.
const SOON: Duration = Duration::from_secs(2);

/// The program with nothing of AWS but a home.
fn command(world: &World, arguments: &str) -> Command {
    let mut command = world.command(arguments);
    command.env_remove("AMGCTL_URL").env_remove("GRAFANA_TOKEN").env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn world() -> World {
    World::new(Version::default())
}

/// Writes the file that profiles stand in.
fn config(world: &World, text: &str) {
    let folder = world.home().join(".aws");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config"), text).unwrap();
}

fn run(world: &World, arguments: &str) -> Ran {
    world.run(arguments, command(world, arguments))
}

#[test]
fn outside_ec2_nobody_is_waited_for() {
    // Takes connections and never answers, as some networks do in place of an instance's own address.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let world = world();
    for (arguments, words) in [
        ("workspace list --region eu-west-1", "there are no AWS credentials"),
        ("workspace list", "no AWS region is named"),
    ] {
        let mut command = command(&world, arguments);
        command.env_remove("AWS_EC2_METADATA_DISABLED").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &address);
        let begun = Instant::now();
        world.run(arguments, command).exits(6).says(words);
        assert!(begun.elapsed() < SOON, "`{arguments}` took {:?}", begun.elapsed());
    }
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    run(&world(), "workspace list --region eu-west-1 --profile prdo")
        .exits(6)
        .says("the profile `prdo` is not there");
}

/// A world with AWS, and files with a profile whose keys are right and one whose keys are wrong.
fn managed() -> Managed {
    let m = Managed::faulty(Version::default(), &[]);
    let cloud = m.cloud();
    let text = format!(
        "[profile right]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
         [profile wrong]\naws_access_key_id = AKIAWRONG\naws_secret_access_key = wrong\n\
         [profile nothing]\nregion = us-east-1\n",
        cloud.access_key_id, cloud.secret_access_key
    );
    std::fs::write(m.world.home().join("config"), text).unwrap();
    m
}

/// Lists workspaces with the keys of the environment right or wrong.
fn list(m: &Managed, right: bool, profile: &str, variable: Option<&str>) -> Ran {
    let typed = format!("workspace list {profile}");
    let mut command = m.command(&typed);
    command.env("AWS_CONFIG_FILE", m.world.home().join("config"));
    if !right {
        command.env("AWS_ACCESS_KEY_ID", "AKIAWRONG").env("AWS_SECRET_ACCESS_KEY", "wrong");
    }
    if let Some(name) = variable {
        command.env("AWS_PROFILE", name);
    }
    m.run(&typed, command)
}

#[test]
fn a_profile_that_was_typed_comes_before_keys_in_the_environment() {
    let m = managed();
    list(&m, false, "--profile right", None).exits(0).says("ACTIVE");
    list(&m, true, "--profile wrong", None).exits(6).says("AWS does not accept the credentials");
    list(&m, true, "--profile nothing", None).exits(6).says("the profile `nothing` names none");
    // What the environment names comes after its keys, as with AWS's own command line.
    list(&m, true, "", Some("wrong")).exits(0).says("ACTIVE");
    list(&m, false, "", Some("right")).exits(6);
    list(&m, true, "--profile right", Some("wrong")).exits(0);
}

#[test]
fn a_profile_that_is_not_there_is_an_error_whatever_else_is_there() {
    let m = managed();
    for ran in [list(&m, true, "--profile nope", None), list(&m, true, "", Some("nope"))] {
        ran.exits(6).says("the profile `nope` is not there; there are `nothing`, `right`, `wrong` in");
    }
    assert_eq!(m.all_calls(), 0, "nobody is asked with other credentials");
}

#[test]
fn half_a_key_in_the_environment_is_an_error() {
    let m = managed();
    for (empty, words) in [
        ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY"),
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID"),
    ] {
        for value in ["", "\n"] {
            let mut command = m.command("workspace list");
            command
                .env("AWS_CONFIG_FILE", m.world.home().join("config"))
                .env("AWS_PROFILE", "right")
                .env(empty, value);
            m.run("workspace list", command).exits(6).says(words);
        }
    }
    assert_eq!(m.all_calls(), 0);
}

#[test]
fn what_a_profile_names_and_is_not_there_is_named() {
    let m = managed();
    let config = m.world.home().join("config");
    for (text, words) in [
        ("[profile p]\nrole_arn = x\nsource_profile = gone\n", "`source_profile = gone`, which is not there"),
        ("[profile p]\nrole_arn = x\nweb_identity_token_file = nowhere\n", "names `nowhere`, which cannot be read"),
        ("[profile p]\nthis is no file of profiles\n", "on line 2"),
        ("[profile p\n", "on line 1"),
        (
            "[profile p]\nregion = a b\naws_access_key_id = a\naws_secret_access_key = b\n",
            "`a b` is not an AWS region",
        ),
    ] {
        std::fs::write(&config, text).unwrap();
        let typed = "workspace list --profile p";
        let mut command = m.command(typed);
        command.env("AWS_CONFIG_FILE", &config).env_remove("AWS_REGION");
        m.run(typed, command).exits(6).says(words).lacks("aws sso login");
    }
    std::fs::write(&config, b"[profile p]\nregion = \xff\n").unwrap();
    list(&m, true, "--profile p", None).exits(6).says("`").says("is not UTF-8");
    assert_eq!(m.all_calls(), 0);
}

#[test]
fn the_file_of_a_jobs_token_is_named() {
    let m = managed();
    let file = m.world.home().join("token");
    let run = || {
        let mut command = m.without_credentials("workspace list --region us-east-1");
        command
            .env("AWS_ENDPOINT_URL", &m.cloud().url)
            .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci")
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", &file);
        m.run("workspace list --region us-east-1", command)
    };
    let ran = run();
    ran.exits(6).says("AWS_WEB_IDENTITY_TOKEN_FILE names").says("which cannot be read").says("in the same job");
    for (text, words) in
        [("", "which is empty"), ("\n", "which is empty"), ("two words", "which holds no OIDC token")]
    {
        std::fs::write(&file, text).unwrap();
        run().exits(6).says(words);
    }
    std::fs::write(&file, "a.b.c\n").unwrap();
    run().exits(0);
    // The default profile of the machine is not what the job was given.
    std::fs::write(
        m.world.home().join("no-config"),
        "[default]\naws_access_key_id = AKIAWRONG\naws_secret_access_key = wrong\n",
    )
    .unwrap();
    run().exits(0);
    std::fs::remove_file(m.world.home().join("no-config")).unwrap();
    // {"exp":1764299000}
    std::fs::write(&file, "a.eyJleHAiOjE3NjQyOTkwMDB9.c").unwrap();
    let ran = run();
    ran.exits(6).says("AWS does not take the job's OIDC token: Token expired").says("right before the run");
    ran.lacks("sso").lacks("eyJleHAi");
    let mut command = m.without_credentials("workspace list --region us-east-1");
    command.env("AWS_WEB_IDENTITY_TOKEN_FILE", &file);
    let ran = m.run("workspace list --region us-east-1", command);
    ran.exits(6).says("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
}

#[test]
fn what_hangs_is_named_after_five_seconds() {
    let m = managed();
    // Takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = m.command("workspace list");
    command.env("AWS_ENDPOINT_URL", format!("http://{}", silent.local_addr().unwrap()));
    let mut endpoint = Child::start("amgctl workspace list".into(), command);
    let config = m.world.home().join("config");
    std::fs::write(&config, "[profile p]\ncredential_process = exec sleep 1000\nregion = us-east-1\n").unwrap();
    let mut command = m.command("workspace list --profile p");
    command.env("AWS_CONFIG_FILE", &config);
    let mut process = Child::start("amgctl workspace list --profile p".into(), command);
    let mut command = m.world.command("plan stack");
    command.env("AMGCTL_URL", format!("http://{}", silent.local_addr().unwrap()));
    let mut workspace = Child::start("amgctl plan stack".into(), command);
    workspace.wait_for("waiting for the workspace http://127.0.0.1:");
    endpoint.wait_for("waiting for AWS in region us-east-1: grafana:ListWorkspaces");
    process.wait_for("waiting for the `credential_process` of the profile `p`; given up after 60 s");
    for child in [endpoint, process, workspace] {
        child.signal("INT");
        child.ends().exits(130);
    }
}

#[test]
fn a_session_that_ended_is_told_with_how_to_begin_another() {
    let world = world();
    config(
        &world,
        "[profile prod]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = ci\nregion = eu-west-1\n\
         [sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n",
    );
    let ran = run(&world, "workspace list --profile prod");
    ran.exits(6).says("the AWS credentials expired").says("`aws sso login --profile prod`");
}

#[test]
fn a_program_that_hands_out_credentials_may_fail_in_its_own_words() {
    let world = world();
    config(&world, "[profile p]\ncredential_process = sh -c 'echo sealed >&2; exit 3'\nregion = eu-west-1\n");
    run(&world, "workspace list --profile p").exits(6).says("there are no AWS credentials").says("sealed");
}

#[test]
fn a_region_without_managed_grafana_is_told_with_those_that_have_it() {
    // A port that nobody listens at, and no test is given.
    let gone = "127.0.0.1:9";
    let world = world();
    let arguments = "workspace list --region eu-north-1";
    let mut command = command(&world, arguments);
    command
        .env("AWS_ENDPOINT_URL", format!("http://{gone}"))
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example");
    let ran = world.run(arguments, command);
    ran.exits(6).says("there is no Amazon Managed Grafana in region `eu-north-1`").says("eu-central-1");
}

#[test]
fn the_sandbox_reads_nothing_of_the_machine() {
    let world = world();
    config(&world, "[default\nthis is no file of profiles");
    let arguments = "workspace list --sandbox";
    let mut command = command(&world, arguments);
    command
        .env("AWS_PROFILE", "nobody")
        .env("AWS_REGION", "cn-north-1")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_USE_FIPS_ENDPOINT", "true")
        .env("AWS_USE_DUALSTACK_ENDPOINT", "true");
    world.run(arguments, command).exits(0).says("ACTIVE");
}
