//! What AWS's own files say of a profile, looked at before the SDK does: it goes on to other places, and to whoever's
//! credentials are there, where a profile or what it names is missing.

use std::path::{Path, PathBuf};

use aws_runtime::env_config::error::EnvConfigFileLoadError;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};

use super::AwsError;
use crate::render::style::clean;

/// What the environment says of credentials.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variables {
    /// `AWS_PROFILE`.
    pub profile: Option<String>,
    /// Whether `AWS_ACCESS_KEY_ID` is set.
    pub key_id: bool,
    /// Whether `AWS_SECRET_ACCESS_KEY` is set.
    pub key_secret: bool,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`.
    pub token_file: Option<String>,
    /// Whether `AWS_ROLE_ARN` is set.
    pub role: bool,
    /// AWS's own files: those that variables name, else those in the home.
    pub files: Vec<PathBuf>,
}

/// Where the credentials of a profile come from in the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// The profile names no source: other places are looked at.
    Nowhere,
    /// A key in the file, a container's or an instance's.
    Keys,
    /// A program.
    Process {
        /// The profile that names it.
        profile: String,
        /// Whether roles are assumed with what it gives.
        roles: bool,
    },
    /// A session that somebody signed in to.
    Session,
    /// The OIDC token in a file.
    Token(PathBuf),
}

/// Looks at a profile, or at the default one where none is named, and at what it names.
pub(super) async fn find_profile(named: Option<&str>, variables: &Variables) -> Result<Source, AwsError> {
    for file in &variables.files {
        // The SDK takes a file that is no text for an empty one.
        if std::fs::read(file).is_ok_and(|bytes| std::str::from_utf8(&bytes).is_err()) {
            return Err(broken(&format!("`{}` is not UTF-8", file.display())));
        }
    }
    let files = EnvConfigFiles::default();
    let source = source::load(&Env::real(), &Fs::real(), &files).await.map_err(|e| of_files(&e))?;
    let set = EnvConfigSections::parse(source).map_err(|e| of_files(&e.into()))?;
    match named {
        None if set.get_profile("default").is_none() => Ok(Source::Nowhere),
        None => walk(&set, "default"),
        Some(name) if set.get_profile(name).is_none() => Err(missing(name, &set, variables)),
        Some(name) => walk(&set, name),
    }
}

fn missing(name: &str, set: &EnvConfigSections, variables: &Variables) -> AwsError {
    let mut names: Vec<&str> = set.profiles().collect();
    names.sort_unstable();
    let listed = names.iter().take(10).map(|name| format!("`{}`", clean(name))).collect::<Vec<_>>().join(", ");
    let files: Vec<String> = variables.files.iter().map(|file| format!("`{}`", file.display())).collect();
    let there = if listed.is_empty() { "no profile is".to_owned() } else { format!("there are {listed}") };
    AwsError::Configuration {
        words: format!("the profile `{name}` is not there; {there} in {}", files.join(" and ")),
        hint: "name another with --profile or AWS_PROFILE, or make it with `aws configure`".into(),
    }
}

/// A file that cannot be read or parsed, by its path and line.
fn of_files(error: &EnvConfigFileLoadError) -> AwsError {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let cause = cause.split_whitespace().collect::<Vec<_>>().join(" ");
    match error {
        EnvConfigFileLoadError::ParseError { .. } => broken(&cause),
        _ => broken(&format!("{error}: {cause}")),
    }
}

fn broken(words: &str) -> AwsError {
    AwsError::Configuration {
        words: clean(words).into_owned(),
        hint: "correct that file, or name another in AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE".into(),
    }
}

/// Follows a profile to where its credentials come from.
fn walk(set: &EnvConfigSections, first: &str) -> Result<Source, AwsError> {
    let wrong = |words: String| AwsError::Configuration {
        words: clean(&words).into_owned(),
        hint: "correct the profile in AWS's own files; `aws configure list-profiles` shows what there is".into(),
    };
    let mut seen: Vec<&str> = Vec::new();
    let mut name = first;
    loop {
        let Some(profile) = set.get_profile(name) else {
            let from = seen.last().copied().unwrap_or(first);
            return Err(wrong(format!("the profile `{from}` has `source_profile = {name}`, which is not there")));
        };
        if seen.contains(&name) {
            return Err(wrong(format!("the profiles {} take their credentials from each other", seen.join(", "))));
        }
        seen.push(name);
        for key in ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"] {
            if let Some(fault) = profile.get(key).and_then(odd) {
                return Err(wrong(format!("`{key}` of the profile `{name}` holds {fault}, which no key contains")));
            }
        }
        let keys = profile.get("aws_access_key_id").is_some();
        if let Some(file) = profile.get("web_identity_token_file") {
            token(Path::new(file), &format!("`web_identity_token_file` of the profile `{name}`"))?;
            return Ok(Source::Token(file.into()));
        }
        let source = profile.get("source_profile");
        match (profile.get("role_arn"), source) {
            // A role that takes the keys beside it.
            (Some(_), Some(other)) if other == name => return Ok(Source::Keys),
            // The keys of a profile that others take theirs from come before a role of its own.
            (Some(_), Some(other)) if seen.len() == 1 || !keys => {
                name = other;
                continue;
            }
            (Some(_), None) if profile.get("credential_source").is_none() => {
                return Err(wrong(format!(
                    "the profile `{name}` has a `role_arn`, and neither `source_profile` nor `credential_source`"
                )));
            }
            _ => {}
        }
        let session = ["sso_session", "sso_start_url", "sso_account_id", "login_session"];
        return Ok(if profile.get("credential_source").is_some() {
            Source::Keys
        } else if session.iter().any(|key| profile.get(key).is_some()) {
            Source::Session
        } else if profile.get("credential_process").is_some() && !(keys && seen.len() > 1) {
            Source::Process { profile: name.to_owned(), roles: seen.len() > 1 }
        } else if keys {
            Source::Keys
        } else if seen.len() > 1 {
            return Err(wrong(format!(
                "the profile `{}` has `source_profile = {name}`, which names no credentials",
                seen[seen.len() - 2]
            )));
        } else {
            Source::Nowhere
        });
    }
}

/// Makes sure that the file of an OIDC token can be read and holds something.
pub(super) fn token(file: &Path, named_by: &str) -> Result<(), AwsError> {
    let why = match std::fs::read(file) {
        Ok(bytes) if bytes.trim_ascii().is_empty() => "is empty".to_owned(),
        Ok(bytes) if !bytes.trim_ascii().iter().all(u8::is_ascii_graphic) => "holds no OIDC token".to_owned(),
        Ok(_) => return Ok(()),
        Err(error) => format!("cannot be read: {error}"),
    };
    Err(AwsError::Configuration {
        words: clean(&format!("{named_by} names `{}`, which {why}", file.display())).into_owned(),
        hint: "write the job's OIDC token to that file before amgctl runs, in the same job".into(),
    })
}

/// A character that no key has, as a message names it.
pub(super) fn odd(text: &str) -> Option<String> {
    let (at, c) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_graphic())?;
    Some(format!("the character U+{:04X} at {}", u32::from(c), at + 1))
}

#[cfg(test)]
mod tests {
    use aws_runtime::env_config::file::EnvConfigFileKind;

    use super::*;

    async fn of(config: &str, name: &str) -> Result<Source, String> {
        let files = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, config).build();
        let source = source::load(&Env::from_slice(&[]), &Fs::from_slice(&[]), &files).await.unwrap();
        walk(&EnvConfigSections::parse(source).unwrap(), name).map_err(|error| error.to_string())
    }

    const KEYS: &str = "aws_access_key_id = a\naws_secret_access_key = b\n";

    #[tokio::test]
    async fn a_profile_is_followed_to_where_its_credentials_come_from() {
        let keys = format!("[profile k]\n{KEYS}[profile r]\nrole_arn = x\nsource_profile = k\n");
        assert_eq!(of(&keys, "k").await, Ok(Source::Keys));
        assert_eq!(of(&keys, "r").await, Ok(Source::Keys));
        assert_eq!(of("[profile n]\nregion = x\n", "n").await, Ok(Source::Nowhere));
        assert_eq!(of("[profile s]\nsso_session = c\n", "s").await, Ok(Source::Session));
        let process = "[profile p]\ncredential_process = x\n[profile r]\nrole_arn = x\nsource_profile = p\n";
        let of_p = |roles| Ok(Source::Process { profile: "p".into(), roles });
        assert_eq!(of(process, "p").await, of_p(false));
        assert_eq!(of(process, "r").await, of_p(true));
        assert_eq!(of("[profile c]\nrole_arn = x\ncredential_source = Environment\n", "c").await, Ok(Source::Keys));
        assert_eq!(
            of(&format!("[profile r]\nrole_arn = x\nsource_profile = r\n{KEYS}"), "r").await,
            Ok(Source::Keys)
        );
    }

    #[tokio::test]
    async fn what_a_profile_names_and_is_not_there_is_told() {
        for (config, told) in [
            ("[profile r]\nrole_arn = x\nsource_profile = gone\n", "`source_profile = gone`, which is not there"),
            ("[profile r]\nrole_arn = x\n", "neither `source_profile` nor `credential_source`"),
            (
                "[profile r]\nrole_arn = x\nsource_profile = n\n[profile n]\nregion = x\n",
                "`source_profile = n`, which names no credentials",
            ),
            (
                "[profile r]\nrole_arn = x\nsource_profile = s\n[profile s]\nrole_arn = x\nsource_profile = r\n",
                "r, s take their credentials from each other",
            ),
            (
                "[profile r]\nrole_arn = x\nweb_identity_token_file = /nowhere/token\n",
                "names `/nowhere/token`, which cannot be read",
            ),
            (
                "[profile r]\naws_access_key_id = a\u{1}b\naws_secret_access_key = b\n",
                "`aws_access_key_id` of the profile `r` holds the character U+0001 at 2",
            ),
        ] {
            let error = of(config, "r").await.unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
