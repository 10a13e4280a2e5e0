//! Brings the checkout that a directory is in up to date: `git pull --ff-only`, and what it leaves where it fails.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::commands::{Exit, Failure, shown};
use crate::settings::Machine;

/// How long git may take.
const WITHIN: Duration = Duration::from_secs(120);
/// How many of the last lines of what git says are told, and how many bytes of them.
const LINES: usize = 4;
const BYTES: usize = 1000;

/// Why a directory is not up to date.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotPulled {
    /// What git says, without what may be a password.
    pub words: String,
    /// Whether the files are no longer what they were before, so that they are no state that anybody meant.
    pub is_halfway: bool,
}

/// Makes sure that a directory is in a checkout that can be pulled.
pub async fn is_possible(directory: &Path, machine: &Machine) -> Result<(), Failure> {
    let failed = |why: String| {
        Failure::new(Exit::Usage, format!("--pull: `{}` cannot be pulled: {why}", shown(directory)))
            .hint("clone the repository first, and name a directory in it")
    };
    git(directory, &["rev-parse", "--verify", "HEAD"], machine).await.map(drop).map_err(failed)
}

/// Pulls. What failed on the way to the repository leaves the files as they were.
pub async fn pull(directory: &Path, machine: &Machine) -> Result<(), NotPulled> {
    const STATUS: [&str; 3] = ["status", "--porcelain", "--untracked-files=no"];
    let before = git(directory, &STATUS, machine).await;
    let Err(words) = git(directory, &["pull", "--ff-only", "--quiet"], machine).await else { return Ok(()) };
    let after = git(directory, &STATUS, machine).await;
    Err(NotPulled { words, is_halfway: before != after })
}

/// The commit that a directory is at; empty where nobody knows.
pub async fn revision(directory: &Path, machine: &Machine) -> String {
    git(directory, &["rev-parse", "HEAD"], machine).await.unwrap_or_default()
}

/// What git prints, or why it failed.
async fn git(directory: &Path, arguments: &[&str], machine: &Machine) -> Result<String, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    // There is nobody to ask for a password.
    command.env("GIT_TERMINAL_PROMPT", "0");
    if machine.variable("GIT_SSH_COMMAND").is_none() {
        command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
    }
    let output = match tokio::time::timeout(WITHIN, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("git cannot be run: {error}")),
        Err(_) => return Err(format!("git did not end within {} seconds", WITHIN.as_secs())),
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let words = last_words(&String::from_utf8_lossy(&output.stderr));
    Err(if words.is_empty() { format!("git ended with {}", output.status) } else { words })
}

/// The last lines that are no hints of git's, without users and passwords of URLs.
fn last_words(text: &str) -> String {
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("hint:")).collect();
    let mut words = without_users(&lines[lines.len().saturating_sub(LINES)..].join("; "));
    if words.len() > BYTES {
        words.truncate(words.floor_char_boundary(BYTES));
        words.push('…');
    }
    words
}

/// `https://user:password@host/` as `https://host/`.
fn without_users(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c == '/' || c.is_whitespace() || c == '\'').unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);
        clean.push_str("://");
        clean.push_str(authority.rsplit('@').next().unwrap_or_default());
        clean.push_str(rest);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_told_in_short_and_without_passwords() {
        let said = "From https://x:planted@git.example/a/b\nhint: try\n\nfatal: unable to access \
                    'https://planted@git.example/a/b/': Could not resolve host\n";
        let words = last_words(said);
        assert_eq!(
            words,
            "From https://git.example/a/b; fatal: unable to access 'https://git.example/a/b/': Could not resolve host"
        );
        assert_eq!(last_words("a\nb\nc\nd\ne\n"), "b; c; d; e");
        assert_eq!(last_words(""), "");
        let long = last_words(&"ü".repeat(5000));
        assert!(long.len() <= BYTES + 3 && long.ends_with('…'));
        assert_eq!(without_users("://@://a@b@c"), "://://c");
    }
}
