//! What a run is to do, settled once before any command runs: flag, then environment, then `amgctl.yaml`, then default.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::{OnDrift, RulesArgs, UnknownReferences, WorkspaceArgs};
use crate::model::{Address, StackName};
use crate::plan::{Adopt, Rules};
use crate::registry::record::parse_address;
use crate::source::settings as file;
use crate::source::{Environment, FileSettings};

/// What a run sees of the machine it runs on; made by `main`, so that the library reads none of it itself.
#[derive(Clone)]
pub struct Machine {
    /// The environment's variables.
    pub variable: Environment,
    /// The working directory: where `.amgctl/` is.
    pub working_directory: PathBuf,
    /// The machine's name; empty when it has none.
    pub name: String,
}

impl Machine {
    /// A variable of the environment that is set to something.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// The file that the embedded workspace is kept in.
    #[must_use]
    pub fn sandbox_file(&self) -> PathBuf {
        self.working_directory.join(".amgctl").join("sandbox.json")
    }

    /// A machine without a name or a variable, working in a directory: for tests.
    #[must_use]
    pub fn bare(working_directory: PathBuf) -> Machine {
        Machine { variable: Arc::new(|_| None), working_directory, name: String::new() }
    }
}

/// Which workspace a run is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Choice {
    /// A Grafana at a URL.
    Url(String),
    /// The embedded workspace; its version as it was typed, empty for the default.
    Sandbox(String),
}

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory.
    pub directory: PathBuf,
    /// What its `amgctl.yaml` says.
    pub file: FileSettings,
    /// The workspace.
    pub workspace: Choice,
    /// The stack.
    pub stack: StackName,
    /// Whether somebody named the stack, or it is only the directory's name.
    pub stack_is_named: bool,
    /// Whether ownership is recorded.
    pub records: bool,
    /// What an unattended apply does about drift.
    pub overwrite_drift: bool,
    /// Whether references that lead nowhere stop the run.
    pub references_must_exist: bool,
    /// What the plan may decide.
    pub rules: Rules,
    /// Whether a stack of another origin is taken over.
    pub take_over: bool,
    /// The stack whose record becomes this stack's.
    pub take_over_stack: Option<StackName>,
}

impl Settings {
    /// Settles everything. Errors are usage errors, in words.
    pub fn settle(
        directory: PathBuf,
        file: FileSettings,
        workspace: &WorkspaceArgs,
        rules: &RulesArgs,
    ) -> Result<Settings, String> {
        let named = match &workspace.stack {
            Some(name) => Some(StackName::parse(name).map_err(|why| format!("--stack {name}: {why}"))?),
            None => file.stack.clone(),
        };
        let fallback = || {
            let full = directory.canonicalize().unwrap_or_else(|_| directory.clone());
            StackName::from_directory(&full.file_name().unwrap_or_default().to_string_lossy())
        };
        let choice = match (&workspace.sandbox, &workspace.url, &file.url) {
            (Some(version), _, _) => Choice::Sandbox(version.clone()),
            (None, Some(url), _) | (None, None, Some(url)) => Choice::Url(url.clone()),
            (None, None, None) => {
                return Err(
                    "no workspace is named\n  hint: give --url URL (its token in GRAFANA_TOKEN), or --sandbox \
                            to try it on the embedded workspace, or write `url:` in amgctl.yaml"
                        .into(),
                );
            }
        };
        let on_drift = rules.on_drift.map(|w| w == OnDrift::Overwrite);
        let unknown = rules.unknown_references.map(|w| w == UnknownReferences::Error);
        Ok(Settings {
            workspace: choice,
            stack_is_named: named.is_some(),
            stack: named.unwrap_or_else(fallback),
            records: file.ownership != Some(file::Ownership::None),
            overwrite_drift: on_drift.unwrap_or(file.on_drift == Some(file::OnDrift::Overwrite)),
            references_must_exist: unknown
                .unwrap_or(file.unknown_references != Some(file::UnknownReferences::Warn)),
            rules: Rules {
                adopt: adopt(&rules.adopt)?,
                targets: addresses("--target", &rules.target)?,
                replace: addresses("--replace", &rules.replace)?,
                unprotect: addresses("--unprotect", &rules.unprotect)?,
                delete_adopted: rules.delete_adopted,
                send_secrets: rules.send_secrets,
                max_destroy: rules.max_destroy.or(file.max_destroy.map(|n| n as usize)),
                allow_empty: rules.allow_empty,
            },
            take_over: rules.take_over,
            take_over_stack: match &rules.take_over_stack {
                Some(old) => Some(StackName::parse(old).map_err(|why| format!("--take-over-stack {old}: {why}"))?),
                None => None,
            },
            directory,
            file,
        })
    }
}

fn adopt(given: &[String]) -> Result<Adopt, String> {
    if given.is_empty() {
        return Ok(Adopt::Nothing);
    }
    if given.iter().any(String::is_empty) {
        return Ok(Adopt::Everything);
    }
    Ok(Adopt::These(addresses("--adopt", given)?))
}

fn addresses(flag: &str, given: &[String]) -> Result<BTreeSet<Address>, String> {
    given
        .iter()
        .map(|text| {
            parse_address(text).ok_or_else(|| {
                format!("{flag} {text}: this is no address\n  hint: an address looks like dashboard.node-exporter")
            })
        })
        .collect()
}

/// A length of time as people type it: `30s`, `10m`, `1h 30m`.
pub fn duration(text: &str) -> Result<std::time::Duration, String> {
    let parsed: jiff::SignedDuration =
        text.parse().map_err(|_| format!("`{text}` is no length of time\n  hint: it looks like 30s or 10m"))?;
    parsed.try_into().map_err(|_| format!("`{text}` is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(workspace: &WorkspaceArgs, file: FileSettings) -> Result<Settings, String> {
        Settings::settle("/tmp/My Stack".into(), file, workspace, &RulesArgs::default())
    }

    #[test]
    fn flags_win_over_the_file() {
        let file = FileSettings { url: Some("https://file".into()), ..FileSettings::default() };
        let flag = WorkspaceArgs { url: Some("https://flag".into()), ..WorkspaceArgs::default() };
        assert_eq!(settle(&flag, file.clone()).unwrap().workspace, Choice::Url("https://flag".into()));
        assert_eq!(settle(&WorkspaceArgs::default(), file).unwrap().workspace, Choice::Url("https://file".into()));
        assert!(settle(&WorkspaceArgs::default(), FileSettings::default()).is_err());
    }

    #[test]
    fn an_unnamed_stack_has_the_directorys_name() {
        let sandbox = WorkspaceArgs { sandbox: Some(String::new()), ..WorkspaceArgs::default() };
        let settings = settle(&sandbox, FileSettings::default()).unwrap();
        assert_eq!(settings.stack.as_str(), "my-stack");
        assert!(!settings.stack_is_named);
    }

    #[test]
    fn lengths_of_time_are_read() {
        assert_eq!(duration("10m").unwrap().as_secs(), 600);
        assert_eq!(duration("20ms").unwrap().as_millis(), 20);
        assert!(duration("soon").is_err());
    }
}
