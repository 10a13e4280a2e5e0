//! Where a stack is applied from: the repository and the path in it, so that two places with one stack name are told
//! apart.
//!
//! Asked in this order: `origin:` in `amgctl.yaml`, git, the variables of the CI. Where none of them knows, nothing is
//! known and nothing is compared: a path of the machine would be another one with each build.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::Session;
use crate::settings::{Machine, Settings};
use crate::source;

/// What git says of a directory: asked when it is first needed, and once.
///
/// The commit is not in it: in a loop somebody pulls between two rounds.
pub struct Checkout {
    directory: PathBuf,
    /// Whether git has anything to say: `.git` stands in the directory or above it, or a variable names it. Where it has
    /// not, no process is started to hear so.
    is_there: bool,
    prefix: OnceLock<Option<String>>,
    remote: OnceLock<Option<String>>,
}

impl Checkout {
    /// The one that a directory is in, if it is in any.
    #[must_use]
    pub fn of(directory: PathBuf, machine: &Machine) -> Checkout {
        let has_git = |path: &Path| path.join(".git").exists();
        let is_there = machine.variable("GIT_DIR").is_some() || directory.ancestors().any(has_git);
        Checkout { directory, is_there, prefix: OnceLock::new(), remote: OnceLock::new() }
    }

    /// The directory that it was asked for.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What git answers, without blanks around it; none where it has nothing to say.
    fn git(&self, arguments: &[&str]) -> Option<String> {
        let text = String::from_utf8(self.bytes(arguments)?).ok()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// The commits of the branch that changed a file of the directory, the newest first, at most `limit`.
    pub fn commits_of(&self, file: &str, limit: usize) -> Vec<String> {
        let limit = format!("--max-count={limit}");
        let answer = self.git(&["log", "--format=%H", &limit, "--", file]);
        answer.unwrap_or_default().lines().map(ToOwned::to_owned).collect()
    }

    /// A file of the directory as a commit has it.
    pub fn file_at(&self, commit: &str, file: &str) -> Option<Vec<u8>> {
        self.bytes(&["show", &format!("{commit}:./{file}")])
    }

    fn bytes(&self, arguments: &[&str]) -> Option<Vec<u8>> {
        if !self.is_there {
            return None;
        }
        // In a container of a CI the checkout belongs to another user, which git refuses to look at unless told.
        let mut command = Command::new("git");
        command.args(["-c", "safe.directory=*", "-C"]).arg(&self.directory).args(arguments);
        let output = command.output().ok()?;
        output.status.success().then_some(output.stdout)
    }

    /// Where the directory is in the working tree: empty, or a path that ends with `/`. None where it is in none.
    fn prefix(&self) -> Option<&str> {
        let asked = || {
            let answer = self.git(&["rev-parse", "--is-inside-work-tree", "--show-prefix"])?;
            let (inside, prefix) = answer.split_once('\n').unwrap_or((&answer, ""));
            (inside == "true").then(|| prefix.trim().to_owned())
        };
        self.prefix.get_or_init(asked).as_deref()
    }

    /// The remote called `origin`, else the only one.
    fn remote(&self) -> Option<&str> {
        let asked = || {
            let names = self.git(&["remote"])?;
            let names: Vec<&str> = names.lines().map(str::trim).collect();
            let name = match names.as_slice() {
                names if names.contains(&"origin") => "origin",
                [only] => only,
                _ => return None,
            };
            normal(&self.git(&["remote", "get-url", name])?)
        };
        self.remote.get_or_init(asked).as_deref()
    }
}

/// The origin of a directory: what `amgctl.yaml` says, else `host/owner/repository (path/)`; empty where nobody knows.
#[must_use]
pub fn of(settings: &Settings, session: &Session<'_>) -> String {
    if let Some(origin) = &settings.file.origin {
        // Whoever pastes a clone URL pastes its token with it.
        return normal(origin).unwrap_or_else(|| origin.clone());
    }
    let Some(checkout) = session.checkout(&settings.directory) else { return String::new() };
    if let Some(remote) = checkout.remote() {
        return with_path(remote, checkout.prefix().unwrap_or_default());
    }
    of_ci(|name| session.machine.variable(name), checkout.directory()).unwrap_or_default()
}

/// The commit that a directory is at: what the CI says, else git; empty where nobody knows.
#[must_use]
pub fn commit(directory: &Path, session: &Session<'_>) -> String {
    let machine = session.machine;
    let of_ci =
        CIS.iter().filter(|ci| machine.variable(ci.mark).is_some()).find_map(|ci| machine.variable(ci.commit));
    let is_one = |text: &String| (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let of_git = || session.checkout(directory)?.git(&["rev-parse", "HEAD"]);
    of_ci.filter(is_one).or_else(|| of_git().filter(is_one)).unwrap_or_default()
}

/// Where a directory is in its repository, as git or the CI says: empty, or a path that ends with `/`.
#[must_use]
pub fn path_in_repository(directory: &Path, session: &Session<'_>) -> String {
    if source::is_stream(directory) {
        return String::new();
    }
    let Some(checkout) = session.checkout(directory) else { return String::new() };
    if let Some(prefix) = checkout.prefix() {
        return prefix.to_owned();
    }
    let machine = session.machine;
    let full = checkout.directory();
    let root = CIS.iter().filter(|ci| machine.variable(ci.mark).is_some());
    root.filter_map(|ci| Path::new(&machine.variable(ci.root)?).canonicalize().ok())
        .find_map(|root| full.strip_prefix(root).ok().and_then(|path| Some(format!("{}/", path.to_str()?))))
        .filter(|path| path != "/")
        .unwrap_or_default()
}

/// Whether two origins are one place; none where one of them is not known.
#[must_use]
pub fn same(one: &str, other: &str) -> Option<bool> {
    if !is_known(one) || !is_known(other) {
        return None;
    }
    let (one, other) = (normal(one).unwrap_or_else(|| one.into()), normal(other).unwrap_or_else(|| other.into()));
    let ((one, path), (other, other_path)) = (parts(&one), parts(&other));
    // Hosts, owners and the repositories of every large host are found whatever their case; paths are not.
    Some(match (path, other_path) {
        (Some(path), Some(other_path)) => one.eq_ignore_ascii_case(other) && path == other_path,
        (path, other_path) => joined(one, path).eq_ignore_ascii_case(&joined(other, other_path)),
    })
}

/// Whether a recorded origin says anything: versions before this one recorded `machine:/path` where there was no git.
#[must_use]
pub fn is_known(origin: &str) -> bool {
    let of_a_machine = origin.split_once(":/").is_some_and(|(name, rest)| {
        !rest.starts_with('/') && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    });
    !origin.is_empty() && !of_a_machine
}

/// `host/owner/repository (path/)` as its two parts.
fn parts(origin: &str) -> (&str, Option<&str>) {
    match origin.strip_suffix("/)").and_then(|rest| rest.split_once(" (")) {
        Some((remote, path)) => (remote, Some(path)),
        None => (origin, None),
    }
}

fn joined(remote: &str, path: Option<&str>) -> String {
    path.map_or_else(|| remote.to_owned(), |path| format!("{remote}/{path}"))
}

fn with_path(remote: &str, path: &str) -> String {
    let path = path.trim_matches('/');
    if path.is_empty() { remote.to_owned() } else { format!("{remote} ({path}/)") }
}

/// What a CI says of the repository that it runs for.
struct Ci {
    /// The variable that only this CI sets.
    mark: &'static str,
    /// The repository's URL; `{NAME}` stands for a variable. The first whose variables are all set counts.
    urls: &'static [&'static str],
    /// The variable with the directory that the repository is in.
    root: &'static str,
    /// The variable with the commit that it runs for.
    commit: &'static str,
}

/// The CIs whose variables are known.
const CIS: [Ci; 9] = [
    Ci {
        mark: "GITHUB_ACTIONS",
        urls: &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}"],
        root: "GITHUB_WORKSPACE",
        commit: "GITHUB_SHA",
    },
    Ci {
        mark: "GITLAB_CI",
        urls: &["{CI_PROJECT_URL}", "{CI_REPOSITORY_URL}"],
        root: "CI_PROJECT_DIR",
        commit: "CI_COMMIT_SHA",
    },
    Ci {
        mark: "BITBUCKET_BUILD_NUMBER",
        urls: &["{BITBUCKET_GIT_HTTP_ORIGIN}", "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}"],
        root: "BITBUCKET_CLONE_DIR",
        commit: "BITBUCKET_COMMIT",
    },
    // Empty where CodePipeline hands over a zip; with a source in S3 it is the object, which is no repository.
    Ci {
        mark: "CODEBUILD_BUILD_ID",
        urls: &["{CODEBUILD_SOURCE_REPO_URL}"],
        root: "CODEBUILD_SRC_DIR",
        commit: "CODEBUILD_RESOLVED_SOURCE_VERSION",
    },
    Ci {
        mark: "TF_BUILD",
        urls: &["{BUILD_REPOSITORY_URI}"],
        root: "BUILD_SOURCESDIRECTORY",
        commit: "BUILD_SOURCEVERSION",
    },
    Ci {
        mark: "CIRCLECI",
        urls: &["{CIRCLE_REPOSITORY_URL}"],
        root: "CIRCLE_WORKING_DIRECTORY",
        commit: "CIRCLE_SHA1",
    },
    Ci {
        mark: "BUILDKITE",
        urls: &["{BUILDKITE_REPO}"],
        root: "BUILDKITE_BUILD_CHECKOUT_PATH",
        commit: "BUILDKITE_COMMIT",
    },
    Ci { mark: "DRONE", urls: &["{DRONE_REMOTE_URL}"], root: "DRONE_WORKSPACE", commit: "DRONE_COMMIT_SHA" },
    Ci { mark: "JENKINS_URL", urls: &["{GIT_URL}", "{GIT_URL_1}"], root: "WORKSPACE", commit: "GIT_COMMIT" },
];

/// The origin by the variables of a CI, for a directory below the one that it put the repository in.
fn of_ci(variable: impl Fn(&str) -> Option<String>, directory: &Path) -> Option<String> {
    CIS.iter().filter(|ci| variable(ci.mark).is_some()).find_map(|ci| {
        let remote = ci.urls.iter().find_map(|url| normal(&filled(url, &variable)?))?;
        let root = Path::new(&variable(ci.root)?).canonicalize().ok()?;
        let path = directory.strip_prefix(root).ok()?;
        let path: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
        Some(with_path(&remote, &path?.join("/")))
    })
}

/// A text with `{NAME}` replaced by variables; none where one of them is not set.
fn filled(text: &str, variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let Some((before, rest)) = text.split_once('{') else { return Some(text.to_owned()) };
    let (name, after) = rest.split_once('}')?;
    Some(format!("{before}{}{}", variable(name)?, filled(after, variable)?))
}

/// A remote as `host/owner/repository`: without scheme, user, password, port and `.git`, which differ between clones
/// (the remotes of CI hold tokens). None for what is not an address of a repository: files, objects in S3.
fn normal(remote: &str) -> Option<String> {
    let remote = remote.trim();
    let (authority, path) = match remote.split_once("://") {
        // `codecommit::REGION://PROFILE@REPOSITORY`, as git-remote-codecommit has it.
        Some((scheme, rest)) if scheme.starts_with("codecommit::") => {
            let region = scheme.trim_start_matches("codecommit::");
            let repository = rest.rsplit('@').next()?;
            (format!("git-codecommit.{region}.amazonaws.com"), format!("v1/repos/{repository}"))
        }
        Some(("http" | "https" | "ssh" | "git" | "git+ssh" | "ssh+git" | "git+https", rest)) => {
            let (authority, path) = rest.split_once('/')?;
            (authority.to_owned(), path.to_owned())
        }
        Some(_) => return None,
        // `git@host:owner/repository`; without a colon before the first slash it is a path, with one letter a drive's.
        None => {
            let before_slash = &remote[..remote.find('/').unwrap_or(remote.len())];
            let address = &remote[before_slash.rfind('@').map_or(0, |at| at + 1)..];
            let (authority, path) = address.split_once(':').filter(|(authority, _)| !authority.contains('/'))?;
            if authority.len() < 2 {
                return None;
            }
            (authority.to_owned(), path.to_owned())
        }
    };
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.split_once(']') {
        Some((v6, _)) => format!("{v6}]"),
        None => host.split(':').next().unwrap_or_default().to_owned(),
    };
    let host = host.to_lowercase();
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    if host.is_empty() || path.is_empty() {
        return None;
    }
    Some(match host.as_str() {
        // The same hosts where only port 443 is open.
        "ssh.github.com" => format!("github.com/{path}"),
        "altssh.gitlab.com" => format!("gitlab.com/{path}"),
        "altssh.bitbucket.org" => format!("bitbucket.org/{path}"),
        "ssh.dev.azure.com" => match path.trim_start_matches("v3/").rsplit_once('/') {
            Some((project, repository)) => format!("dev.azure.com/{project}/_git/{repository}"),
            None => format!("{host}/{path}"),
        },
        _ => format!("{host}/{path}"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn clones_of_one_repository_have_one_origin() {
        for remote in [
            "git@github.com:acme/shop.git",
            "https://github.com/acme/shop",
            "https://github.com/acme/shop.git/",
            "https://x-access-token:secret@GitHub.com:443/acme/shop.git",
            "ssh://git@github.com:22/acme/shop.git",
            "ssh://git@ssh.github.com:443/acme/shop.git",
            "git+ssh://git@github.com/acme/shop",
        ] {
            assert_eq!(normal(remote).as_deref(), Some("github.com/acme/shop"), "{remote}");
        }
        for remote in [
            "codecommit::eu-west-1://deploy@shop",
            "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop",
            "ssh://APKAEXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop",
        ] {
            assert_eq!(
                normal(remote).as_deref(),
                Some("git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop"),
                "{remote}"
            );
        }
        for remote in
            ["git@ssh.dev.azure.com:v3/acme/infra/shop", "https://acme@dev.azure.com/acme/infra/_git/shop"]
        {
            assert_eq!(normal(remote).as_deref(), Some("dev.azure.com/acme/infra/_git/shop"), "{remote}");
        }
        assert_eq!(normal("https://[2001:db8::1]:8443/acme/shop").as_deref(), Some("[2001:db8::1]/acme/shop"));
    }

    #[test]
    fn what_is_no_repository_is_no_origin() {
        for text in [
            "/srv/git/shop.git",
            "../shop",
            "acme/shop",
            "file:///srv/git/shop.git",
            r"C:\git\shop",
            "s3://artifacts/pipeline/Source/a1b2c3.zip",
            "artifacts/pipeline/Source/a1b2c3.zip",
            "https://github.com",
            "https://github.com/",
            "codecommit://shop",
            "",
            "://",
            ":",
            "@:/",
        ] {
            assert_eq!(normal(text), None, "{text}");
        }
    }

    #[test]
    fn no_part_of_an_origin_is_a_user_or_a_password() {
        for remote in [
            "https://oauth2:planted@gitlab.com/acme/shop.git",
            "https://planted@gitlab.com/acme/shop.git",
            "user:planted@gitlab.com:acme/shop",
            "ssh://git:planted@gitlab.com/acme/shop",
        ] {
            assert!(!normal(remote).unwrap_or_default().contains("planted@"), "{remote}");
        }
    }

    #[test]
    fn hosts_and_owners_have_no_case_and_paths_have() {
        let same = |one: &str, other: &str| super::same(one, other);
        assert_eq!(same("github.com/acme/shop (a/)", "github.com/Acme/Shop (a/)"), Some(true));
        assert_eq!(same("github.com/acme/shop (a/)", "github.com/acme/shop (A/)"), Some(false));
        assert_eq!(same("github.com/acme/shop (a/)", "github.com/acme/shop"), Some(false));
        assert_eq!(same("github.com/acme/shop (a/b/)", "github.com/acme/shop/a/b"), Some(true));
        assert_eq!(same("github.com/acme/shop", "github.com/acme/billing"), Some(false));
    }

    #[test]
    fn nothing_is_compared_with_what_is_not_known() {
        for unknown in ["", "ip-10-0-0-1:/codebuild/output/src123/src", ":/tmp/stack"] {
            assert_eq!(same(unknown, "github.com/acme/shop"), None, "{unknown}");
            assert_eq!(same("github.com/acme/shop", unknown), None, "{unknown}");
        }
        assert!(is_known("https://github.com/acme/shop") && is_known("here"));
    }

    fn ci(variables: &[(&str, &str)], directory: &Path) -> Option<String> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        of_ci(|name| variables.get(name).map(|v| (*v).to_owned()), directory)
    }

    #[test]
    fn every_ci_says_where_it_runs() {
        let home = tempfile::tempdir().unwrap();
        let stack = home.path().join("src/stack");
        std::fs::create_dir_all(&stack).unwrap();
        let (stack, root) = (stack.canonicalize().unwrap(), home.path().join("src"));
        let root = root.to_str().unwrap();
        for (variables, expected) in [
            (
                vec![
                    ("GITHUB_ACTIONS", "true"),
                    ("GITHUB_SERVER_URL", "https://github.com"),
                    ("GITHUB_REPOSITORY", "acme/shop"),
                    ("GITHUB_WORKSPACE", root),
                ],
                Some("github.com/acme/shop (stack/)"),
            ),
            (
                vec![
                    ("GITLAB_CI", "true"),
                    ("CI_PROJECT_URL", "https://gitlab.example.com/acme/infra/shop"),
                    ("CI_PROJECT_DIR", root),
                ],
                Some("gitlab.example.com/acme/infra/shop (stack/)"),
            ),
            (
                vec![
                    ("BITBUCKET_BUILD_NUMBER", "7"),
                    ("BITBUCKET_REPO_FULL_NAME", "acme/shop"),
                    ("BITBUCKET_CLONE_DIR", root),
                ],
                Some("bitbucket.org/acme/shop (stack/)"),
            ),
            (
                vec![
                    ("CODEBUILD_BUILD_ID", "shop:1"),
                    ("CODEBUILD_SOURCE_REPO_URL", "https://github.com/acme/shop.git"),
                    ("CODEBUILD_SRC_DIR", root),
                ],
                Some("github.com/acme/shop (stack/)"),
            ),
            (
                vec![
                    ("JENKINS_URL", "https://ci.example.com"),
                    ("GIT_URL", "git@github.com:acme/shop.git"),
                    ("WORKSPACE", root),
                ],
                Some("github.com/acme/shop (stack/)"),
            ),
            // CodePipeline: a zip, and nobody says where from.
            (vec![("CODEBUILD_BUILD_ID", "shop:1"), ("CODEBUILD_SRC_DIR", root)], None),
            (
                vec![
                    ("CODEBUILD_BUILD_ID", "shop:1"),
                    ("CODEBUILD_SOURCE_REPO_URL", "s3://bucket/shop/Source/x.zip"),
                    ("CODEBUILD_SRC_DIR", root),
                ],
                None,
            ),
            // The directory is not where the CI put the repository.
            (
                vec![
                    ("GITLAB_CI", "true"),
                    ("CI_PROJECT_URL", "https://gitlab.com/acme/shop"),
                    ("CI_PROJECT_DIR", "/nowhere"),
                ],
                None,
            ),
            // A variable that a person set says nothing without the CI's own.
            (vec![("GIT_URL", "git@github.com:acme/shop.git"), ("WORKSPACE", root)], None),
        ] {
            assert_eq!(ci(&variables, &stack).as_deref(), expected, "{variables:?}");
        }
    }
}
