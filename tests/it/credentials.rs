//! Where credentials and the region come from, and how soon it is told that there are none. What AWS says to credentials
//! that there are is claimed elsewhere.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use amgctl::sandbox::Version;

use super::support::{Ran, World};

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

#[test]
fn a_session_that_ended_is_told_with_how_to_begin_another() {
    let world = world();
    config(
        &world,
        "[profile prod]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = ci\nregion = eu-west-1\n\
         [sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n",
    );
    let ran = run(&world, "workspace list --profile prod");
    ran.exits(6).says("the AWS credentials ran out").says("`aws sso login --profile prod`");
}

#[test]
fn a_program_that_hands_out_credentials_may_fail_in_its_own_words() {
    let world = world();
    config(&world, "[profile p]\ncredential_process = sh -c 'echo sealed >&2; exit 3'\nregion = eu-west-1\n");
    run(&world, "workspace list --profile p").exits(6).says("there are no AWS credentials").says("sealed");
}

#[test]
fn a_region_without_managed_grafana_is_told_with_those_that_have_it() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
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
