//! Dashboards whose content stands elsewhere: behind a URL, on grafana.com, in a program of Jsonnet.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use amgctl::sandbox::Version;
use serde_json::json;

use crate::support::{World, dashboard};

/// A server of contents: what it answers to every request for a path, and how often it was asked.
struct Contents {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Contents {
    fn start() -> Contents {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, answer) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<Vec<u8>>>::default());
        let (seen, said) = (asked.clone(), answer.clone());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = [0; 4096];
                let length = stream.read(&mut head).unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                seen.lock().unwrap().push(head.split(' ').nth(1).unwrap_or_default().to_owned());
                let _ = stream.write_all(&said.lock().unwrap());
            }
        });
        Contents { url, asked, answer }
    }

    fn answers(&self, head: &str, body: &str) {
        let length = body.len();
        let text = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        *self.answer.lock().unwrap() = text.into_bytes();
    }

    fn serves(&self, title: &str) {
        self.answers("200 OK", &dashboard("far", title).to_string());
    }

    fn asked(&self) -> usize {
        std::mem::take(&mut *self.asked.lock().unwrap()).len()
    }
}

fn manifest(spec: &str) -> String {
    format!(
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata: {{name: far}}\nspec:\n  \
         instanceSelector: {{}}\n  folderUID: ops\n{spec}"
    )
}

fn world(spec: &str) -> World {
    let world = World::new(Version::V12_4);
    world.make_folder("ops", "Ops", "");
    world.write("far.yaml", &manifest(spec));
    world
}

#[test]
fn a_content_is_fetched_once_a_run_and_told_by_its_digest() {
    let contents = Contents::start();
    contents.serves("One");
    let world = world(&format!("  url: {}/far.json\n", contents.url));
    world
        .plan()
        .exits(2)
        .says("+ dashboard.far")
        .says(&format!("its content is sha256 {}", sha(&dashboard("far", "One").to_string())))
        .says(&format!("from {}/far.json", contents.url));
    assert_eq!(contents.asked(), 1);
    // Machines get all of it.
    let whole = amgctl::model::Digest::of_bytes(dashboard("far", "One").to_string().as_bytes());
    let planned = world.amgctl("plan stack --json");
    planned.exits(0).says(&format!("\"content\":{{\"sha256\":\"{}\"", whole.as_str()));
    contents.asked();
    world.apply().exits(0).says("1 added");
    assert_eq!(contents.asked(), 1);
    assert_eq!(world.live_dashboard("far").unwrap()["title"], "One");
    world.plan().exits(0).says("No changes.");
    contents.serves("Two");
    world.plan().exits(2).says("One → Two").says(&sha(&dashboard("far", "Two").to_string()));
    // What cannot be had is a fault, never a removal.
    contents.answers("404 Not Found", "");
    world
        .plan()
        .exits(3)
        .says(&format!("error[content]: `{}/far.json` answers 404", contents.url))
        .says("far.yaml:7:3")
        .lacks("destroy");
    // What is removed needs no content.
    contents.asked();
    world.destroy().exits(0).says("1 destroyed");
    assert_eq!(contents.asked(), 0);
}

fn sha(text: &str) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(text.as_bytes()))[..12].to_owned()
}

#[test]
fn hostile_servers_are_one_error_each() {
    let contents = Contents::start();
    let world = world(&format!("  url: {}/far.json\n", contents.url));
    for (head, body, told) in [
        (
            "302 Found\r\nlocation: http://169.254.169.254/latest/",
            "",
            "is redirected to 169.254.169.254, an address",
        ),
        ("302 Found\r\nlocation: file:///etc/passwd", "", "is redirected to another scheme, `file:`"),
        ("302 Found\r\nlocation: /far.json", "", "was redirected 10 times, and once more"),
        ("200 OK", "<html>log in</html>", "is a web page"),
        ("200 OK", "{\"title\": ", "error[json]"),
        ("200 OK", "[]", "a dashboard must be an object"),
    ] {
        contents.answers(head, body);
        let ran = world.plan();
        ran.exits(3).says(told).says("far.yaml:7:3").says("1 error in ");
    }
    for (spec, told) in [
        ("  url: file:///etc/passwd\n", "a content is fetched by `https://` or `http://` only"),
        ("  url: http://169.254.169.254/latest/\n", "was not asked for: `169.254.169.254` is 169.254.169.254"),
        ("  gzipJson: '%%%'\n", "`gzipJson` is not base64"),
        ("  gzipJson: AAAA\n", "`gzipJson` is not packed by gzip"),
        ("  json: '{}'\n  url: https://x/\n", "this manifest names 2 contents"),
        ("  folder: x\n", "this manifest names no content"),
    ] {
        world.write("far.yaml", &manifest(spec));
        world.plan().exits(3).says(told).says("far.yaml:");
    }
}

#[test]
fn a_config_map_of_16_mib_is_one_error() {
    let world = world("  configMapRef: {name: big, key: a.json}\n");
    let text = "x".repeat(16 << 20);
    world.write(
        "big.yaml",
        &format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata:\n  a.json: {text}\n"),
    );
    world.plan().exits(3).says("big.yaml").says("16 MiB").lacks("xxxx");
}

#[test]
fn a_directory_answers_for_a_url() {
    let world = world("  url: https://dashboards.example/team/far.json\n");
    world.amgctl("validate stack").exits(0).says(
        "1 content elsewhere was not looked at: a plan fetches them, and --url-map reads them from a directory",
    );
    let mirror = world.home().join("mirror/team");
    std::fs::create_dir_all(&mirror).unwrap();
    std::fs::write(mirror.join("far.json"), dashboard("far", "Mapped").to_string()).unwrap();
    let mapped = "--url-map https://dashboards.example=mirror";
    world.amgctl(&format!("validate stack {mapped}")).exits(0).says("1 object in").lacks("not looked at");
    world.plan_with(mapped).exits(2).says("from https://dashboards.example/team/far.json");
    world.write("amgctl.yaml", "stack: demo\nurl_map:\n  https://dashboards.example: ../mirror\n");
    world.apply().exits(0).says("1 added");
    world.plan().exits(0).says("No changes.");
    world.write("amgctl.yaml", "stack: demo\nurl_map:\n  https://dashboards.example: nowhere\n");
    world.plan().exits(64).says("url_map: ").says("is no directory");
    world.amgctl("plan stack --url-map nothing").exits(64).says("it is written PREFIX=DIR");
}

#[test]
fn an_open_revision_is_pinned_by_an_upgrade_alone() {
    let world = world("  grafanaCom: {id: 7}\n");
    world.write("amgctl.yaml", "stack: demo\nurl_map:\n  https://grafana.com/: ../com\n");
    let com = world.home().join("com/api/dashboards/7");
    let publish = |revision: u64| {
        let folder = com.join(format!("revisions/{revision}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("download"), dashboard("far", &format!("R{revision}")).to_string()).unwrap();
        let all: Vec<_> = (1..=revision).map(|revision| json!({ "revision": revision })).collect();
        std::fs::write(com.join("revisions.json"), json!({ "items": all }).to_string()).unwrap();
    };
    publish(1);
    let words = "dashboard 7 of grafana.com is pinned to no revision: 1 is the newest today";
    let help = "write `revision: 1`, or run `amgctl plan --upgrade` and commit amgctl.lock";
    world.plan().exits(2).says(&format!("warning[unpinned]: {words}")).says(help).says("far.yaml:7:3");
    world.apply().exits(3).says(&format!("error[unpinned]: {words}")).writes_nothing();
    assert!(!world.directory().join("amgctl.lock").exists());
    world.plan_with("--upgrade").exits(2).lacks("unpinned");
    let lock = std::fs::read_to_string(world.directory().join("amgctl.lock")).unwrap();
    assert!(lock.contains("\n  \"7\":\n    revision: 1\n    sha256: "), "{lock}");
    world.apply().exits(0).says("1 added");
    publish(2);
    world.plan().exits(0).says("No changes.");
    world.plan_with("--upgrade").exits(2).says("R1 → R2");
    world.apply().exits(0).says("1 changed");
    world.plan_with("--upgrade").exits(0);
    // Another text under the same number is refused, and so is a lock that nobody can read.
    std::fs::write(com.join("revisions/2/download"), dashboard("far", "Moved").to_string()).unwrap();
    world.plan().exits(3).says("is another one than amgctl.lock pins: revision 2 is no longer the same text");
    world.write("amgctl.lock", "version: 9\n");
    world.plan().exits(3).says("error[lock]").says("amgctl.lock:1:10");
    world.write("far.yaml", &manifest("  grafanaCom: {id: 7, revision: 1}\n"));
    world.remove("amgctl.lock");
    world.plan().exits(2).says("R2 → R1").lacks("unpinned");
}

#[cfg(unix)]
#[test]
fn a_program_of_jsonnet_is_evaluated_by_what_is_installed() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world(
        "  jsonnet: '{ uid: \"far\", title: std.extVar(\"TITLE\") }'\n  envs: [{name: TITLE, value: Made}]\n",
    );
    let run = |path: &std::path::Path| {
        let mut command = world.command("plan stack");
        command.env("PATH", path);
        world.run("plan stack", command)
    };
    let bin = world.home().join("bin");
    run(&bin).exits(3).says("cannot be evaluated: there is no `jsonnet` on this machine").says("far.yaml:7:3");
    std::fs::create_dir_all(&bin).unwrap();
    let program = bin.join("jsonnet");
    let made = dashboard("far", "Made").to_string();
    let script =
        format!("#!/bin/sh\n[ \"$*\" = '--ext-str TITLE=Made -' ] || exit 1\nread -r line\necho '{made}'\n");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    run(&bin).exits(0).says("+ dashboard.far").says("from `jsonnet`");
}
