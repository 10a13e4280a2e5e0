//! What https is worth: a server whose certificate nobody vouches for is sent nothing, neither by the client of Grafana
//! nor by that of AWS; one that an authority of this machine vouches for is.
//!
//! `fixtures/tls` holds an authority, which signed a certificate for localhost and whose key is gone, and the server's
//! key, which opens nothing else.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use amgctl::sandbox::Version;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{Managed, World};

/// A server that speaks TLS and knows nothing.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Server {
        amgctl::grafana::provide_crypto();
        let chain = vec![CertificateDer::from_pem_slice(include_bytes!("../../fixtures/tls/server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../fixtures/tls/server.key")).unwrap();
        let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let (config, requests) = (Arc::new(config), Arc::<AtomicUsize>::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let counted = requests.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (config, counted) = (config.clone(), counted.clone());
                std::thread::spawn(move || {
                    let connection = rustls::ServerConnection::new(config).unwrap();
                    let mut stream = rustls::StreamOwned::new(connection, socket);
                    // A client that does not like the certificate hangs up before it sends anything.
                    if stream.read(&mut [0; 65536]).is_ok_and(|length| length > 0) {
                        counted.fetch_add(1, Ordering::SeqCst);
                        let _ = stream
                            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        Server { url, requests }
    }

    /// How many requests came; the program fails in any case.
    fn asked_by(&self, mut command: Command) -> usize {
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        self.requests.swap(0, Ordering::SeqCst)
    }
}

fn authority() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls/ca.pem")
}

#[test]
fn a_workspace_is_asked_over_tls_only_where_its_certificate_is_vouched_for() {
    let world = World::new(Version::default());
    let server = Server::start();
    let command = || {
        let mut command = world.command("plan stack");
        command.env("AMGCTL_URL", &server.url);
        command
    };
    assert_eq!(server.asked_by(command()), 0);
    let mut trusting = command();
    trusting.env("SSL_CERT_FILE", authority());
    assert!(server.asked_by(trusting) > 0);
}

#[test]
fn aws_is_asked_over_tls_only_where_its_certificate_is_vouched_for() {
    let managed = Managed::faulty(Version::default(), &[]);
    let server = Server::start();
    let command = || {
        let mut command = managed.command("plan stack");
        command.env("AWS_ENDPOINT_URL", &server.url);
        command
    };
    assert_eq!(server.asked_by(command()), 0);
    let mut trusting = command();
    trusting.env("SSL_CERT_FILE", authority());
    assert!(server.asked_by(trusting) > 0);
}

#[test]
fn a_content_is_fetched_over_tls_only_where_its_certificate_is_vouched_for() {
    let world = World::new(Version::default());
    let server = Server::start();
    world.write(
        "far.yaml",
        &format!(
            "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata: {{name: far}}\nspec:\n  \
             instanceSelector: {{}}\n  url: {}/far.json\n",
            server.url
        ),
    );
    assert_eq!(server.asked_by(world.command("plan stack")), 0);
    let ran = world.amgctl("plan stack");
    ran.exits(3).says("was not asked for: TLS failed, invalid peer certificate").says("far.yaml:6:3");
    let mut trusting = world.command("plan stack");
    trusting.env("SSL_CERT_FILE", authority());
    assert!(server.asked_by(trusting) > 0);
}

#[test]
fn this_machine_is_never_spoken_to_through_a_proxy() {
    let w = World::new(Version::default());
    w.json("cpu.json", &serde_json::json!({"uid": "cpu", "title": "CPU", "panels": [], "schemaVersion": 39}));
    let behind_a_proxy = |arguments: &str| {
        let mut command = w.command(arguments);
        // Nothing listens there.
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(name, "http://127.0.0.1:1");
        }
        command.env_remove("NO_PROXY");
        w.run(arguments, command)
    };
    behind_a_proxy("plan stack").exits(0).says("1 to add");
    behind_a_proxy("apply stack --sandbox --auto-approve").exits(0).says("1 added");
    behind_a_proxy("workspace show grafana-12-4 --sandbox").exits(0).says("grafana-12-4");
}
