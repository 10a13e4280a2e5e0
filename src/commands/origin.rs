//! Where a stack is applied from: the git remote and the path in it, so that two places with one stack name are told
//! apart.

use std::path::Path;
use std::process::Command;

use crate::settings::{Machine, Settings};

/// The origin of a directory: what `amgctl.yaml` says, else `host/owner/repository` and the path in it, else this
/// machine and the directory's full path.
#[must_use]
pub fn of(settings: &Settings, machine: &Machine) -> String {
    if let Some(origin) = &settings.file.origin {
        return origin.clone();
    }
    let git = |arguments: &[&str]| git(&settings.directory, arguments);
    if let Some(remote) = git(&["remote", "get-url", "origin"]).as_deref().and_then(normal) {
        let path = git(&["rev-parse", "--show-prefix"]).unwrap_or_default();
        let path = path.trim_matches('/');
        return if path.is_empty() { remote } else { format!("{remote} ({path}/)") };
    }
    match settings.directory.canonicalize() {
        Ok(path) => format!("{}:{}", machine.name, path.display()),
        Err(_) => String::new(),
    }
}

fn git(directory: &Path, arguments: &[&str]) -> Option<String> {
    // In a container of a CI the checkout belongs to another user, which git refuses to look at unless told.
    let output =
        Command::new("git").args(["-c", "safe.directory=*", "-C"]).arg(directory).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// A remote as `host/owner/repository`: without scheme, user, password, port and `.git`, which differ between clones
/// (the remotes of CI hold tokens). None for remotes that are files.
fn normal(remote: &str) -> Option<String> {
    let rest = match remote.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.to_owned(),
        // scp-like: `git@host:owner/repository`.
        None if remote.starts_with(['/', '.']) => return None,
        None => remote.replacen(':', "/", 1),
    };
    let rest = match rest.split_once('/') {
        Some((authority, path)) => {
            let host = authority.rsplit('@').next().unwrap_or(authority);
            let host = host.split(':').next().unwrap_or(host);
            format!("{}/{}", host.to_lowercase(), path.trim_matches('/'))
        }
        None => return None,
    };
    Some(rest.trim_end_matches(".git").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_one_repository_have_one_origin() {
        for remote in [
            "git@github.com:acme/shop.git",
            "https://github.com/acme/shop",
            "https://x-access-token:secret@GitHub.com:443/acme/shop.git",
            "ssh://git@github.com:22/acme/shop.git",
        ] {
            assert_eq!(normal(remote).as_deref(), Some("github.com/acme/shop"));
        }
        assert_eq!(normal("/srv/git/shop.git"), None);
        assert_eq!(normal("file:///srv/git/shop.git"), None);
    }
}
