//! One test's world: a home, a directory that is planned, a workspace; and the program run in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use amgctl::sandbox::{Logged, Options, Running, Tokens, Version, start};
use serde_json::Value;

use super::run::{Child, Ran};
use super::{PLANTED, block_on, fact};

/// Makes a claim about every version of Grafana that the embedded workspace answers as.
pub fn every(claim: impl Fn(&World)) {
    for version in Version::all() {
        on(version, &claim);
    }
}

/// Makes a claim about one version.
pub fn on(version: Version, claim: impl Fn(&World)) {
    claim(&World::new(version));
    fact("claim", &[&version.name()]);
}

/// A workspace that is served in this process, so that what it was asked can be looked at.
pub struct Sandbox(Option<Running>);

impl Sandbox {
    /// Serves one, empty, with faults as `--fault` has them.
    pub fn with(version: Version, faults: &[&str], latency: Duration) -> Sandbox {
        Sandbox::served(version, faults, latency, false)
    }

    /// The same with AWS beside it.
    pub fn with_aws(version: Version, faults: &[&str], latency: Duration) -> Sandbox {
        Sandbox::served(version, faults, latency, true)
    }

    fn served(version: Version, faults: &[&str], latency: Duration, aws: bool) -> Sandbox {
        let tokens = Tokens {
            admin: format!("glsa_{PLANTED}_admin"),
            editor: format!("glsa_{PLANTED}_editor"),
            viewer: format!("glsa_{PLANTED}_viewer"),
        };
        let faults = faults.iter().map(|f| f.parse().unwrap()).collect();
        let options =
            Options { version, faults, latency, log: true, tokens: Some(tokens), aws, ..Options::default() };
        Sandbox(Some(block_on(start(options)).unwrap()))
    }

    /// Where it is, and its tokens.
    pub fn running(&self) -> &Running {
        self.0.as_ref().unwrap()
    }

    /// What it was asked until now.
    pub fn log(&self) -> Vec<Logged> {
        self.running().log()
    }
}

/// One test's world.
pub struct World {
    /// The version of Grafana.
    pub version: Version,
    /// The workspace.
    pub sandbox: Sandbox,
    home: tempfile::TempDir,
}

impl World {
    /// A world with an empty workspace, and a directory `stack` that is the stack `demo`.
    pub fn new(version: Version) -> World {
        World::faulty(version, &[])
    }

    /// One where something goes wrong, as `--fault` has it.
    pub fn faulty(version: Version, faults: &[&str]) -> World {
        World::with(version, Sandbox::with(version, faults, Duration::ZERO))
    }

    /// One with this workspace.
    pub fn with(version: Version, sandbox: Sandbox) -> World {
        let home = tempfile::tempdir().unwrap();
        let world = World { version, sandbox, home };
        world.write("amgctl.yaml", "stack: demo\n");
        world
    }

    /// Whether a dashboard may not have the title of a folder, wherever that is.
    pub fn minds_titles_of_all_folders(&self) -> bool {
        matches!(self.version, Version::V9_4 | Version::V10_1)
    }

    /// Whether a title stands once in a folder, and never beside a folder of that title.
    pub fn has_unique_titles(&self) -> bool {
        matches!(self.version, Version::V9_4 | Version::V10_1 | Version::V10_4)
    }

    /// Whether titles are told apart by their slugs only.
    pub fn compares_slugs(&self) -> bool {
        self.version == Version::V9_4
    }

    /// Whether folders can hold folders.
    pub fn has_sub_folders(&self) -> bool {
        !matches!(self.version, Version::V9_4 | Version::V10_1)
    }

    /// The home, which is the working directory too.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The directory that is planned.
    pub fn directory(&self) -> PathBuf {
        self.home().join("stack")
    }

    /// Writes a file of the directory; one that ends with `/` is a directory.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.directory().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes a JSON file of the directory.
    pub fn json(&self, path: &str, value: &Value) {
        self.write(path, &serde_json::to_string_pretty(value).unwrap());
    }

    /// Removes a file or directory of the directory.
    pub fn remove(&self, path: &str) {
        let path = self.directory().join(path);
        if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    }

    /// Moves a file or directory of the directory.
    pub fn rename(&self, from: &str, to: &str) {
        let to = self.directory().join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(self.directory().join(from), to).unwrap();
    }

    /// The program, in this world and in no other: no variable of the real environment but PATH.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_amgctl"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home())
            .env("NO_PROXY", "*")
            .env("AMGCTL_URL", &self.sandbox.running().url)
            .env("GRAFANA_TOKEN", &self.sandbox.running().tokens.admin)
            .current_dir(self.home())
            .args(arguments.split_whitespace());
        if let Some(certificate) = one_certificate() {
            command.env("SSL_CERT_FILE", certificate);
        }
        command
    }

    /// Runs `amgctl` with these arguments to its end.
    pub fn amgctl(&self, arguments: &str) -> Ran {
        self.run(arguments, self.command(arguments))
    }

    /// Runs `amgctl` with a text that is piped in.
    pub fn piped(&self, arguments: &str, text: &str) -> Ran {
        let file = self.home().join("piped");
        std::fs::write(&file, text).unwrap();
        self.run_with(arguments, self.command(arguments), std::fs::File::open(file).unwrap().into())
    }

    /// Runs a command that was made by [`World::command`] to its end.
    pub fn run(&self, typed: &str, command: Command) -> Ran {
        self.run_with(typed, command, std::process::Stdio::null())
    }

    fn run_with(&self, typed: &str, mut command: Command, input: std::process::Stdio) -> Ran {
        let before = self.sandbox.log().len();
        let output = command.stdin(input).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran = Ran {
            typed: format!("amgctl {typed}"),
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
            asked: self.sandbox.log().split_off(before),
        };
        keeps_secrets(&ran);
        ran
    }

    /// Starts `amgctl`.
    pub fn begin(&self, arguments: &str) -> Child {
        Child::start(format!("amgctl {arguments}"), self.command(arguments))
    }

    /// Starts `amgctl` with a proxy before the workspace.
    pub fn begin_at(&self, proxy: &super::Proxy, arguments: &str) -> Child {
        let mut command = self.command(arguments);
        command.env("AMGCTL_URL", &proxy.url);
        Child::start(format!("amgctl {arguments}"), command)
    }

    /// `amgctl plan stack -detailed-exitcode`: exits with 0 when there is nothing to do, with 2 when there is.
    pub fn plan(&self) -> Ran {
        self.plan_with("")
    }

    /// The same with more arguments. A plan never writes.
    #[track_caller]
    pub fn plan_with(&self, more: &str) -> Ran {
        let ran = self.amgctl(&format!("plan stack -detailed-exitcode {more}"));
        ran.writes_nothing();
        ran
    }

    /// `amgctl apply stack -auto-approve`.
    pub fn apply(&self) -> Ran {
        self.apply_with("")
    }

    /// The same with more arguments.
    pub fn apply_with(&self, more: &str) -> Ran {
        self.amgctl(&format!("apply stack -auto-approve {more}"))
    }

    /// `amgctl destroy stack -auto-approve`.
    pub fn destroy(&self) -> Ran {
        self.amgctl("destroy stack -auto-approve")
    }

    /// Applies what the test begins with.
    #[track_caller]
    pub fn applied(&self) -> Ran {
        let ran = self.apply();
        ran.exits(0);
        ran
    }

    /// Claims that a plan is empty.
    #[track_caller]
    pub fn is_settled(&self) {
        self.plan().exits(0).says("No changes.");
    }
}

/// A file with one of this machine's certificates: reading all of them is half of what a short run takes.
fn one_certificate() -> Option<&'static Path> {
    static FILE: std::sync::OnceLock<Option<PathBuf>> = std::sync::OnceLock::new();
    let make = || {
        let all = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").ok()?;
        let end = "-----END CERTIFICATE-----\n";
        let first = &all[all.find("-----BEGIN")?..all.find(end)? + end.len()];
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-certificate.pem");
        std::fs::write(&path, first).ok()?;
        Some(path)
    };
    FILE.get_or_init(make).as_deref()
}

/// No command may ever print a secret.
#[track_caller]
pub fn keeps_secrets(ran: &Ran) {
    assert!(!ran.out.contains(PLANTED) && !ran.err.contains(PLANTED), "a secret was printed\n{ran}");
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("(on Grafana {})", self.version);
            fact("broken", &[&self.version.name()]);
        }
        let running = self.sandbox.0.take();
        block_on(async { drop(running) });
    }
}
