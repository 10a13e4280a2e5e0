//! A command that ran, or runs, and what is claimed of it.

use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use amgctl::sandbox::Logged;

/// A command that ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What was typed.
    pub typed: String,
    /// The exit status.
    pub code: i32,
    /// What came on stdout.
    pub out: String,
    /// What came on stderr.
    pub err: String,
    /// What the workspace was asked meanwhile.
    pub asked: Vec<Logged>,
}

impl Ran {
    /// Claims the exit status.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Ran {
        assert!(self.code == code, "wanted exit {code}\n{self}");
        self
    }

    /// Claims that a text stands on stdout or stderr, wherever lines were broken.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Ran {
        let squeeze = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = format!("{} {}", squeeze(&self.out), squeeze(&self.err));
        assert!(told.contains(&squeeze(text)), "wanted `{text}`\n{self}");
        self
    }

    /// Claims that a text stands nowhere.
    #[track_caller]
    pub fn lacks(&self, text: &str) -> &Ran {
        assert!(!self.out.contains(text) && !self.err.contains(text), "did not want `{text}`\n{self}");
        self
    }

    /// What was asked that is no read.
    pub fn writes(&self) -> Vec<&Logged> {
        self.asked.iter().filter(|r| r.method != "GET").collect()
    }

    /// Claims that the workspace was only read.
    #[track_caller]
    pub fn writes_nothing(&self) -> &Ran {
        assert!(self.writes().is_empty(), "wanted no writes, got {:?}\n{self}", self.writes());
        self
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "$ {}   [exit {}]\n{}--- stderr\n{}", self.typed, self.code, self.out, self.err)
    }
}

/// A command that runs; killed when it is dropped.
pub struct Child {
    pub(super) typed: String,
    pub(super) child: std::process::Child,
    pub(super) lines: Receiver<String>,
    pub(super) err: std::thread::JoinHandle<String>,
    pub(super) seen: String,
}

impl Child {
    /// Starts a command.
    pub fn start(typed: String, mut command: Command) -> Child {
        use std::process::Stdio;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, lines) = channel();
        let told = sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let err = std::thread::spawn(move || {
            let mut all = String::new();
            let mut reader = BufReader::new(&mut err);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
                let _ = told.send(format!("stderr: {}", line.trim_end()));
                all.push_str(&line);
                line.clear();
            }
            let _ = reader.read_to_string(&mut all);
            all
        });
        Child { typed, child, lines, err, seen: String::new() }
    }

    /// Waits for a line on stdout or stderr that holds a text.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(Duration::from_secs(30)) {
                Ok(line) => {
                    if !line.starts_with("stderr: ") {
                        self.seen.push_str(&line);
                        self.seen.push('\n');
                    }
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(_) => panic!("`{}` never said `{text}`:\n{}", self.typed, self.seen),
            }
        }
    }

    /// Waits until a proxy holds a request of it: false when it ends without.
    pub fn is_held_by(&mut self, proxy: &super::Proxy) -> bool {
        proxy.holds_or(&mut self.child)
    }

    /// Waits until something holds; the program must not end before.
    #[track_caller]
    pub fn until(&mut self, holds: impl Fn() -> bool) {
        while !holds() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() || holds(), "`{}` ended before that", self.typed);
            std::thread::yield_now();
        }
    }

    /// Sends a signal: `INT`, `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for its end; nothing is known of what the workspace was asked.
    pub fn ends(mut self) -> Ran {
        use std::os::unix::process::ExitStatusExt;
        let status = self.child.wait().unwrap();
        while let Ok(line) = self.lines.recv() {
            if !line.starts_with("stderr: ") {
                self.seen.push_str(&line);
                self.seen.push('\n');
            }
        }
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        let err = std::mem::replace(&mut self.err, std::thread::spawn(String::new)).join().unwrap();
        Ran { typed: self.typed.clone(), code, out: std::mem::take(&mut self.seen), err, asked: Vec::new() }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
