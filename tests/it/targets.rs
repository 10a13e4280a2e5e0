//! A `Grafana` of the directory is how its workspace is reached: with its key, its headers, within its time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use amgctl::sandbox::Version;

use crate::support::{Does, Managed, PLANTED, Proxy, Ran, World, on};

/// A `Grafana` at a URL, with these further lines below `spec`, and a dashboard for it.
fn write(w: &World, url: &str, more: &str) {
    w.write(
        "grafana.yaml",
        &format!(
            "apiVersion: grafana.integreatly.org/v1beta1\nkind: Grafana\nmetadata: {{name: amg, namespace: mon}}\nspec:\n  \
             external: {{url: '{url}', apiKey: {{name: keys, key: token}}}}\n{more}"
        ),
    );
    w.write(
        "cpu.yaml",
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata: {name: cpu, namespace: mon}\nspec:\n  \
         instanceSelector: {}\n  folder: General\n  json: '{\"uid\": \"cpu\", \"title\": \"CPU\", \"panels\": []}'\n",
    );
}

/// Runs where nothing but the directory names the workspace.
fn run(w: &World, arguments: &str, variables: &[(&str, &str)]) -> Ran {
    let mut command = w.command(arguments);
    command.env_remove("AMGCTL_URL").env("RUST_LOG", "trace").env("AMGCTL_LOG", "trace");
    command.envs(variables.iter().copied());
    w.run(arguments, command)
}

/// A proxy that notes the value of a header of each request; an empty one where there is none.
fn noting(w: &World, header: &'static str) -> (Proxy, Arc<Mutex<BTreeMap<String, usize>>>) {
    let noted: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let inner = Arc::clone(&noted);
    let proxy = Proxy::before(&w.sandbox.running().url, move |seen| {
        let value = seen.headers.get(header).map(|value| value.to_str().unwrap().to_owned());
        *inner.lock().unwrap().entry(value.unwrap_or_default()).or_default() += 1;
        Does::Pass
    });
    (proxy, noted)
}

#[test]
fn the_headers_of_a_target_go_with_every_request_and_are_shown_nowhere() {
    on(Version::V12_4, |w| {
        let (proxy, noted) = noting(w, "x-access");
        let more =
            format!("  client:\n    headers:\n      X-Access: {PLANTED}\n      Authorization: Basic {PLANTED}\n");
        write(w, &proxy.url, &more);
        let applied = run(w, "apply stack -auto-approve --verbose", &[]);
        applied.exits(0).says("1 added").says("the header `Authorization` is not sent");
        run(w, "plan stack -detailed-exitcode", &[]).exits(0).says("No changes.");
        run(w, "destroy stack -auto-approve", &[]).exits(0).says("1 destroyed");
        let noted = noted.lock().unwrap();
        assert_eq!(noted.keys().collect::<Vec<_>>(), [PLANTED], "every request has the header, once");
        assert!(noted[PLANTED] > 10);
    });
}

#[test]
fn headers_go_to_the_targets_own_server_and_to_this_machine_only() {
    on(Version::V12_4, |w| {
        let (proxy, noted) = noting(w, "x-access");
        write(w, "https://grafana.example.com", &format!("  client: {{headers: {{X-Access: {PLANTED}}}}}\n"));
        run(w, &format!("plan stack --url {}", proxy.url), &[]).exits(0);
        assert!(noted.lock().unwrap().contains_key(PLANTED), "a tunnel leads there");
        let ran = run(w, "plan stack --url https://127.0.0.1.invalid", &[]);
        ran.exits(1).says("are for https://grafana.example.com, and are not sent to https://127.0.0.1.invalid");
    });
}

#[test]
fn a_request_that_takes_longer_than_the_target_allows_counts_as_lost() {
    on(Version::V12_4, |w| {
        let first = std::sync::atomic::AtomicBool::new(true);
        // Held longer than the time limit, which nobody else ends.
        let proxy = Proxy::before(&w.sandbox.running().url, move |_| {
            match first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                true => Does::HoldBefore,
                false => Does::Pass,
            }
        });
        write(w, &proxy.url, "  client: {timeout: 1}\n");
        let begun = std::time::Instant::now();
        run(w, "apply stack -auto-approve", &[]).exits(0).says("1 added");
        assert!((1..30).contains(&begun.elapsed().as_secs()), "the limit is a second, not a minute");
        proxy.release();
    });
}

#[test]
fn what_is_wrong_with_a_client_is_said_without_its_headers() {
    on(Version::V12_4, |w| {
        let url = &w.sandbox.running().url;
        for (client, says) in [
            (format!("{{timeout: soon, headers: {{X-A: {PLANTED}}}}}"), "`timeout` is a number of seconds"),
            (format!("{{timout: 3, headers: {{X-A: {PLANTED}}}}}"), "did you mean `timeout`"),
            (format!("{{headers: {{'X A': {PLANTED}}}}}"), "this is not the name of a header"),
            (format!("{{headers: {{X-A: \"{PLANTED}\\r\\nX-B: c\"}}}}"), "one line, without control characters"),
            (format!("{{headers: {{X-A: ['{PLANTED}']}}}}"), "must be a text"),
            (format!("{{headers: ['{PLANTED}']}}"), "`headers` is an object"),
            (format!("{{headers: {{X-A: {PLANTED}}}, tls: {{x: 1}}}}"), "certificates are those of the machine"),
        ] {
            write(w, url, &format!("  client: {client}\n"));
            w.amgctl("validate stack --strict --verbose").exits(3).says(says).says("grafana.yaml:6");
        }
        let many: Vec<String> = (0..5000).map(|n| format!("X-{n}: {PLANTED}")).collect();
        write(w, url, &format!("  client: {{headers: {{{}}}}}\n", many.join(", ")));
        w.amgctl("validate stack").exits(3).says("5000 headers are more than 64");
        write(w, url, "  client: [1]\n");
        w.amgctl("validate stack").exits(3).says("`client` is an object").lacks("the directory holds no file");
        write(w, url, &format!("  client: {{headers: {{X-A: {PLANTED}}}}}\n"));
        let target = std::fs::read_to_string(w.directory().join("grafana.yaml")).unwrap();
        w.write("other.yaml", &target.replace("name: amg", "name: other"));
        w.amgctl("validate stack").exits(3).says("the directory is for 2 targets");
    });
}

#[test]
fn the_key_of_a_target_is_given_to_the_run() {
    on(Version::V12_4, |w| {
        let running = w.sandbox.running();
        write(w, &running.url, "");
        let given = "--secret mon/keys.token=env:KEY";
        let ran = run(
            w,
            &format!("plan stack {given}"),
            &[("KEY", &running.tokens.admin), ("GRAFANA_TOKEN", "glsa_wrong")],
        );
        ran.exits(0).says("1 to add").lacks("nothing in the directory refers to");
        let ran = run(w, &format!("plan stack {given}"), &[]);
        ran.exits(6)
            .says("there is no token for the `Grafana` `amg`")
            .says("the environment variable `KEY` is not set");
        w.amgctl(&format!("validate stack {given}")).exits(0).lacks("nothing in the directory refers to");
    });
}

/// An ExternalSecret that makes the key of the target.
const EXTERNAL: &str = "\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: aws}
spec: {provider: {aws: {region: us-east-1, service: SecretsManager}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: keys, namespace: mon}
spec:
  secretStoreRef: {name: aws, kind: ClusterSecretStore}
  data: [{secretKey: token, remoteRef: {key: grafana/key}}]
";

#[test]
fn the_key_of_a_target_is_fetched_where_an_external_secret_makes_it() {
    let m = Managed::new(Version::V12_4);
    let running = m.world.sandbox.running();
    write(&m.world, &running.url, "");
    m.world.write("external.yaml", EXTERNAL);
    let run = |arguments: &str| {
        let mut command = m.command(arguments);
        command.env_remove("AMGCTL_WORKSPACE");
        m.run(arguments, command)
    };
    let refused = run("plan stack");
    refused.exits(3).says("there is no token for the `Grafana` `amg`").says("secret `grafana/key`");
    m.store("grafana/key", &running.tokens.admin);
    let calls = m.calls(|| {
        run("apply stack -auto-approve --verbose").exits(0).says("1 added");
    });
    assert_eq!((calls["GetSecretValue"], calls.get("CreateWorkspaceServiceAccountToken")), (1, None));
    run("plan stack -detailed-exitcode").exits(0).says("No changes.");
    let policy = format!("identity policy --workspace {} --directory stack", m.id());
    m.world.amgctl(&policy).exits(0).says("secret:grafana/key-??????");
    // Whoever names the workspace comes in otherwise, and nothing is fetched.
    let calls = m.calls(|| {
        m.aws("plan stack -detailed-exitcode").exits(0);
    });
    assert_eq!(calls.get("GetSecretValue"), None);
}
