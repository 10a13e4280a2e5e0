//! What a run is to do, settled once before any command runs: flag, then environment, then `amgctl.yaml`, then default.

pub mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thiserror::Error;

use crate::cli::{self, AwsArgs, ManagedArgs, ReadingArgs, RulesArgs, UnknownReferences, WorkspaceArgs};
use crate::duration;
use crate::kinds;
use crate::model::{Address, Severity, StackName};
use crate::plan::{Adopt, OnDrift, Rules};
use crate::source::secrets::Given;
use crate::source::settings as file;
use crate::source::{self, Environment, FileSettings, Stream, Survey, TargetAddress};

/// What a run sees of the machine it runs on; made by `main`, so that the library reads none of it itself.
#[derive(Clone)]
pub struct Machine {
    /// The environment's variables.
    pub variable: Environment,
    /// Those of them that cannot be used.
    pub faults: variables::Faults,
    /// The working directory: where `.amgctl/` is.
    pub working_directory: PathBuf,
    /// What is piped in.
    pub standard_input: StandardInput,
}

/// What is piped into a run: read when it is first asked for, and once.
#[derive(Clone)]
pub struct StandardInput {
    read: Arc<dyn Fn() -> Result<Vec<u8>, String> + Send + Sync>,
    bytes: Arc<OnceLock<Stream>>,
}

impl StandardInput {
    /// Standard input as this function reads it; what it says went wrong is shown.
    pub fn new(read: impl Fn() -> Result<Vec<u8>, String> + Send + Sync + 'static) -> StandardInput {
        StandardInput { read: Arc::new(read), bytes: Arc::default() }
    }

    /// All of it, or why it cannot be read.
    pub fn bytes(&self) -> Stream {
        self.bytes.get_or_init(|| (self.read)().map(Arc::from)).clone()
    }
}

impl Machine {
    /// A variable of the environment that is set to something.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// The same for one that a run depends on; the error says why it cannot be used.
    pub fn named(&self, name: &str) -> Result<Option<String>, UsageError> {
        match self.faults.of(name) {
            Some(fault) => Err(fault.into()),
            None => Ok(self.variable(name)),
        }
    }

    /// The file that the embedded workspace is kept in.
    #[must_use]
    pub fn sandbox_file(&self) -> PathBuf {
        self.working_directory.join(".amgctl").join("sandbox.json")
    }

    /// A machine without a variable, working in a directory: for tests.
    #[must_use]
    pub fn bare(working_directory: PathBuf) -> Machine {
        Machine {
            variable: Arc::new(|_| None),
            faults: variables::Faults::default(),
            working_directory,
            standard_input: StandardInput::new(|| Ok(Vec::new())),
        }
    }
}

/// Something that was typed, or stands in a variable or in `amgctl.yaml`, and makes no sense.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{message}")]
pub struct UsageError {
    /// What.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl UsageError {
    /// Something that makes no sense.
    #[must_use]
    pub fn new(message: impl Into<String>) -> UsageError {
        UsageError { message: message.into(), hint: None }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> UsageError {
        UsageError { hint: Some(hint.into()), ..self }
    }
}

impl From<duration::Wrong> for UsageError {
    fn from(wrong: duration::Wrong) -> UsageError {
        UsageError { message: wrong.message, hint: wrong.hint.map(str::to_owned) }
    }
}

impl From<String> for UsageError {
    fn from(message: String) -> UsageError {
        UsageError::new(message)
    }
}

/// Which workspace a run is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Choice {
    /// A Grafana at a URL.
    Url(String),
    /// The embedded workspace, spoken to directly; its version as it was typed, empty for the default.
    Sandbox(String),
    /// A workspace of Amazon Managed Grafana.
    Managed(Managed),
}

/// Which workspace of Amazon Managed Grafana.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Managed {
    /// Its id, name, ARN or endpoint; none for the region's only active one.
    pub named: Option<String>,
    /// The embedded AWS instead of the real one; the version as it was typed, empty for the default.
    pub sandbox: Option<String>,
    /// How long a workspace that is being made or changed is waited for.
    pub wait: Option<Duration>,
}

/// Where the token comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Access {
    /// The AWS region, if one was named outside AWS's own configuration.
    pub region: Option<String>,
    /// The profile of AWS's own configuration.
    pub profile: Option<String>,
    /// The secret that holds a stored token; without one a token is made for the run.
    pub secret: Option<String>,
    /// Whether that secret was typed, for this run alone.
    pub secret_is_typed: bool,
    /// The key of the token in the secret's JSON.
    pub key: Option<String>,
    /// How long the token of a run lives.
    pub token_ttl: Duration,
    /// Whether a run may make the stack's service account.
    pub create_account: Creation,
}

/// Whether a run may make the stack's service account, which is a billed user of the workspace.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Creation {
    /// Only `bootstrap-identity` makes it.
    #[default]
    Never,
    /// `amgctl.yaml` lets `apply` make it; this run does not write.
    ByApply,
    /// This run makes it, and says so.
    Now,
}

impl Access {
    /// The same for a run that writes.
    #[must_use]
    pub fn writing(self) -> Access {
        let create_account = match self.create_account {
            Creation::Never => Creation::Never,
            Creation::ByApply | Creation::Now => Creation::Now,
        };
        Access { create_account, ..self }
    }
}

/// Which revisions of dashboards of grafana.com are meant where manifests leave that open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Revisions {
    /// Those that `amgctl.lock` pins; the newest where none is pinned, with a warning.
    #[default]
    Pinned,
    /// Those that it pins; where none is pinned, nobody looked at what would be written.
    PinnedOnly,
    /// The newest, which it pins from now on.
    Newest,
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
    /// Where its token comes from.
    pub access: Access,
    /// The `Grafana` of the directory, if it has one.
    pub target: Option<TargetAddress>,
    /// Whether nothing else names the workspace.
    pub target_is_workspace: bool,
    /// What a first look at the directory found; whoever reads the directory takes it, so that it is looked through once.
    pub survey: Option<Survey>,
    /// The stack.
    pub stack: StackName,
    /// Whether somebody named the stack, or it is only the directory's name.
    pub stack_is_named: bool,
    /// Whether ownership is recorded.
    pub records: bool,
    /// What a run that asks nobody does about drift.
    pub on_drift: OnDrift,
    /// What a reference that leads nowhere is: an error stops the run.
    pub unknown_references: Severity,
    /// What the plan may decide.
    pub rules: Rules,
    /// Which revisions of dashboards of grafana.com are meant where manifests leave that open.
    pub revisions: Revisions,
    /// Whether a stack of another origin is taken over.
    pub take_over: bool,
    /// The stack whose record becomes this stack's.
    pub take_over_stack: Option<StackName>,
    /// Values for keys of Secrets that manifests refer to.
    pub given: Vec<Given>,
}

impl Settings {
    /// Settles everything.
    pub fn settle(
        directory: PathBuf,
        file: FileSettings,
        workspace: &WorkspaceArgs,
        rules: &RulesArgs,
    ) -> Result<Settings, UsageError> {
        let (file, workspace) = (plain_file(file)?, plain(workspace)?);
        let (stored, given) = typed_secrets(&workspace.secret)?;
        let managed = &workspace.managed;
        let named = match &managed.stack {
            Some(name) => Some(StackName::parse(name).map_err(|why| format!("--stack {name}: {why}"))?),
            None => file.stack.clone(),
        };
        let fallback = || {
            let full = directory.canonicalize().unwrap_or_else(|_| directory.clone());
            StackName::from_directory(&full.file_name().unwrap_or_default().to_string_lossy())
        };
        let (choice, access) = (choice(&file, &workspace, stored.as_ref())?, access(&file, &workspace, stored)?);
        let removal = &rules.removal;
        let typed = rules.unknown_references.map(|w| w == UnknownReferences::Error);
        let must_exist = typed.unwrap_or(file.unknown_references != Some(file::UnknownReferences::Warn));
        Ok(Settings {
            workspace: choice,
            target: None,
            target_is_workspace: false,
            survey: None,
            access,
            stack_is_named: named.is_some(),
            stack: named.unwrap_or_else(fallback),
            records: file.ownership != Some(file::Ownership::None),
            on_drift: on_drift(removal.on_drift, file.on_drift),
            unknown_references: if must_exist { Severity::Error } else { Severity::Warning },
            rules: Rules {
                adopt: adopt(&rules.adopt)?,
                take_from: rules.take_from.iter().cloned().collect(),
                targets: addresses("--target", &removal.target)?,
                replace: addresses("--replace", &rules.replace)?,
                unprotect: addresses("--unprotect", &removal.unprotect)?,
                delete_adopted: removal.delete_adopted,
                send_secrets: rules.send_secrets,
                max_destroy: rules.max_destroy.or(file.max_destroy.map(|n| n as usize)),
                allow_empty: rules.allow_empty,
                on_drift: OnDrift::Overwrite,
                release: BTreeSet::new(),
                left_alone: BTreeMap::new(),
                create_only: BTreeSet::new(),
                pictures: false,
            },
            revisions: Revisions::default(),
            take_over: removal.take_over,
            take_over_stack: match &removal.take_over_stack {
                Some(old) => Some(StackName::parse(old).map_err(|why| format!("--take-over-stack {old}: {why}"))?),
                None => None,
            },
            given,
            directory,
            file,
        })
    }
}

impl Settings {
    /// Whether this is a workspace in earnest, where a stack must have been named.
    pub fn must_be_named(&self) -> Result<(), UsageError> {
        if self.stack_is_named || matches!(self.workspace, Choice::Sandbox(_)) {
            return Ok(());
        }
        if source::is_stream(&self.directory) {
            return Err(UsageError::new("what is piped in names no stack").hint("give --stack NAME"));
        }
        Err(UsageError::new("the stack has no name").hint(format!(
            "`amgctl init {}` writes one into amgctl.yaml; or give --stack {}",
            self.directory.display(),
            self.stack
        )))
    }
}

/// What was typed, and what the environment names where nothing was typed.
pub fn with_environment(typed: &WorkspaceArgs, machine: &Machine) -> Result<WorkspaceArgs, UsageError> {
    let named = |name: &str| machine.named(name).map_err(|e| e.hint("set it anew, or unset it"));
    let mut workspace = typed.clone();
    let managed = &mut workspace.managed;
    if managed.stack.is_none() {
        managed.stack = named("AMGCTL_STACK")?;
    }
    if workspace.url.is_none() && managed.workspace.is_none() && managed.sandbox.is_none() {
        workspace.url = named("AMGCTL_URL")?;
        managed.workspace = named("AMGCTL_WORKSPACE")?;
        if workspace.url.is_some() && managed.workspace.is_some() {
            return Err(
                UsageError::new("AMGCTL_URL and AMGCTL_WORKSPACE both name a workspace").hint("unset one of them")
            );
        }
    }
    Ok(workspace)
}

/// What a directory says of itself, with what was typed before it.
pub fn over_file(typed: ReadingArgs, file: FileSettings) -> Result<FileSettings, UsageError> {
    let ReadingArgs { configmaps, url_map, from_flux, var, var_file, lenient_vars, origin, target_grafana, strict } =
        typed;
    let mut file = file;
    for typed in var {
        // The value may be a secret: the message has the name at most.
        let (name, value) = source::parse_variable(&typed)
            .map_err(|why| UsageError::new(format!("--var: {why}")).hint("write --var NAME=VALUE"))?;
        file.vars.insert(name, value);
    }
    file.var_files.extend(var_file);
    // What is typed is relative to where it is typed.
    file.url_map.extend(url_map.into_iter().map(|(prefix, to)| (prefix, std::path::absolute(&to).unwrap_or(to))));
    Ok(FileSettings {
        configmaps: configmaps.or(file.configmaps),
        from_flux: from_flux.or(file.from_flux),
        lenient_vars: lenient_vars.or(file.lenient_vars),
        origin: origin.or(file.origin),
        target_grafana: target_grafana.or(file.target_grafana),
        strict: strict.or(file.strict),
        ..file
    })
}

/// What was typed, without what shells leave around it.
fn plain(typed: &WorkspaceArgs) -> Result<WorkspaceArgs, String> {
    let mut plain = typed.clone();
    let managed = &mut plain.managed;
    for (flag, text) in [
        ("--url", &mut plain.url),
        ("--workspace", &mut managed.workspace),
        ("--stack", &mut managed.stack),
        ("--region", &mut managed.aws.region),
        ("--profile", &mut managed.aws.profile),
    ] {
        named(flag, text)?;
    }
    Ok(plain)
}

/// What was typed after `--secret`: the secret of a stored token, and values for keys of Secrets.
pub fn typed_secrets(typed: &[String]) -> Result<(Option<String>, Vec<Given>), UsageError> {
    let (given, mut stored): (Vec<&String>, Vec<&String>) = typed.iter().partition(|text| Given::is_meant(text));
    let given =
        given.into_iter().map(|text| Given::parse(text).map_err(|why| UsageError::new(format!("--secret: {why}"))));
    let mut secret = stored.pop().cloned();
    named("--secret", &mut secret)?;
    if let (Some(one), Some(other)) = (stored.first(), &secret) {
        return Err(UsageError::new(format!("--secret names two stored tokens, `{one}` and `{other}`"))
            .hint("keep one of them; values for manifests are written NAMESPACE/NAME.KEY=env:VARIABLE"));
    }
    Ok((secret, given.collect::<Result<_, _>>()?))
}

/// What `amgctl.yaml` names.
fn plain_file(mut file: FileSettings) -> Result<FileSettings, String> {
    for (key, text) in [
        ("`url` in amgctl.yaml", &mut file.url),
        ("`workspace` in amgctl.yaml", &mut file.workspace),
        ("`region` in amgctl.yaml", &mut file.region),
        ("`auth.secret` in amgctl.yaml", &mut file.auth.secret),
    ] {
        named(key, text)?;
    }
    Ok(file)
}

fn named(written: &str, text: &mut Option<String>) -> Result<(), String> {
    if let Some(text) = text {
        *text = variables::name(written, text)?;
    }
    Ok(())
}

/// AWS as it was typed, without what shells leave around it.
pub fn aws_access(typed: &AwsArgs) -> Result<Access, UsageError> {
    let (mut region, mut profile) = (typed.region.clone(), typed.profile.clone());
    named("--region", &mut region)?;
    named("--profile", &mut profile)?;
    Ok(Access { region, profile, ..Access::default() })
}

/// A typed URL or workspace comes before what `amgctl.yaml` says; with `--sandbox` only what was typed counts.
fn choice(file: &FileSettings, workspace: &WorkspaceArgs, stored: Option<&String>) -> Result<Choice, UsageError> {
    let typed = &workspace.managed;
    if let (Some(version), None) = (&typed.sandbox, &typed.workspace) {
        if stored.is_some() {
            return Err(UsageError::new("--secret has no use with --sandbox alone")
                .hint("name its workspace too, as --workspace grafana-12-4"));
        }
        return Ok(Choice::Sandbox(version.clone()));
    }
    if typed.workspace.is_none()
        && let Some(url) = workspace.url.as_ref().or(file.url.as_ref())
    {
        return Ok(Choice::Url(url.clone()));
    }
    managed(file, typed).map(Choice::Managed)
}

/// The workspace of Amazon Managed Grafana, where nothing but one is possible.
pub fn managed(file: &FileSettings, typed: &ManagedArgs) -> Result<Managed, UsageError> {
    if typed.workspace.as_deref().is_some_and(|name| name.trim().is_empty()) {
        return Err(UsageError::new("--workspace names nothing")
            .hint("without the flag the region's only active one is meant"));
    }
    let named = typed.workspace.clone().or_else(|| typed.sandbox.is_none().then(|| file.workspace.clone())?);
    Ok(Managed {
        named,
        sandbox: typed.sandbox.clone(),
        wait: typed.wait.as_deref().map(|text| named_duration("--wait", text)).transpose()?,
    })
}

fn access(file: &FileSettings, workspace: &WorkspaceArgs, stored: Option<String>) -> Result<Access, UsageError> {
    let (flag, written) = match (&workspace.token_ttl, &file.identity.token_ttl) {
        (Some(text), _) => ("--token-ttl", text.as_str()),
        (None, Some(text)) => ("`identity.token_ttl` in amgctl.yaml", text.as_str()),
        (None, None) => ("--token-ttl", "15m"),
    };
    let aws = &workspace.managed.aws;
    let region = aws.region.clone().or_else(|| file.region.clone());
    Ok(Access {
        region,
        profile: aws.profile.clone(),
        secret_is_typed: stored.is_some(),
        secret: stored.or_else(|| file.auth.secret.clone()),
        key: file.auth.key.clone(),
        token_ttl: token_life(flag, written)?,
        create_account: if file.identity.create == Some(true) { Creation::ByApply } else { Creation::Never },
    })
}

/// How long a token is to live, as it was typed after a flag.
pub fn token_life(flag: &str, text: &str) -> Result<Duration, UsageError> {
    Ok(duration::token_life(flag, text)?)
}

/// A length of time in whole seconds, as AWS counts.
#[must_use]
pub fn seconds(length: Duration) -> i64 {
    i64::try_from(length.as_secs()).unwrap_or(i64::MAX)
}

/// A length of time, as it was typed after a flag.
pub fn named_duration(flag: &str, text: &str) -> Result<Duration, UsageError> {
    Ok(duration::named(flag, text)?)
}

/// What was typed comes before what `amgctl.yaml` says.
fn on_drift(typed: Option<cli::OnDrift>, file: Option<file::OnDrift>) -> OnDrift {
    typed.map(OnDrift::from).or(file.map(OnDrift::from)).unwrap_or(OnDrift::Refuse)
}

impl From<cli::OnDrift> for OnDrift {
    fn from(typed: cli::OnDrift) -> OnDrift {
        match typed {
            cli::OnDrift::Refuse => OnDrift::Refuse,
            cli::OnDrift::Overwrite => OnDrift::Overwrite,
            cli::OnDrift::Report => OnDrift::Report,
        }
    }
}

impl From<file::OnDrift> for OnDrift {
    fn from(written: file::OnDrift) -> OnDrift {
        match written {
            file::OnDrift::Refuse => OnDrift::Refuse,
            file::OnDrift::Overwrite => OnDrift::Overwrite,
            file::OnDrift::Report => OnDrift::Report,
        }
    }
}

fn adopt(given: &[String]) -> Result<Adopt, UsageError> {
    if given.is_empty() {
        return Ok(Adopt::Nothing);
    }
    if given.iter().any(String::is_empty) {
        return Ok(Adopt::Everything);
    }
    Ok(Adopt::These(addresses("--adopt", given)?))
}

fn addresses(flag: &str, given: &[String]) -> Result<BTreeSet<Address>, UsageError> {
    given
        .iter()
        .map(|text| {
            kinds::address(text).ok_or_else(|| {
                UsageError::new(format!("{flag} {text}: this is not an address"))
                    .hint("an address looks like dashboard.node-exporter")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(workspace: &WorkspaceArgs, file: FileSettings) -> Result<Settings, UsageError> {
        Settings::settle("/tmp/My Stack".into(), file, workspace, &RulesArgs::default())
    }

    fn typed(workspace: Option<&str>, sandbox: Option<&str>) -> WorkspaceArgs {
        let text = |t: Option<&str>| t.map(str::to_owned);
        let managed = ManagedArgs { workspace: text(workspace), sandbox: text(sandbox), ..ManagedArgs::default() };
        WorkspaceArgs { managed, ..WorkspaceArgs::default() }
    }

    fn named(choice: &Choice) -> Option<&str> {
        let Choice::Managed(managed) = choice else { panic!("{choice:?}") };
        managed.named.as_deref()
    }

    #[test]
    fn flags_win_over_the_file() {
        let file = FileSettings { url: Some("https://file".into()), ..FileSettings::default() };
        let flag = WorkspaceArgs { url: Some("https://flag".into()), ..WorkspaceArgs::default() };
        assert_eq!(settle(&flag, file.clone()).unwrap().workspace, Choice::Url("https://flag".into()));
        assert_eq!(
            settle(&WorkspaceArgs::default(), file.clone()).unwrap().workspace,
            Choice::Url("https://file".into())
        );
        assert_eq!(named(&settle(&typed(Some("prod"), None), file).unwrap().workspace), Some("prod"));
        let file = FileSettings { workspace: Some("filed".into()), ..FileSettings::default() };
        assert_eq!(named(&settle(&WorkspaceArgs::default(), file.clone()).unwrap().workspace), Some("filed"));
        assert_eq!(settle(&flag, file).unwrap().workspace, Choice::Url("https://flag".into()));
    }

    #[test]
    fn an_empty_name_is_not_the_same_as_none() {
        for empty in ["", " "] {
            let told = settle(&typed(Some(empty), None), FileSettings::default()).unwrap_err();
            assert!(told.message.starts_with("--workspace names nothing"), "{told}");
        }
    }

    #[test]
    fn where_nothing_is_named_it_is_the_regions_only_workspace() {
        let settings = settle(&WorkspaceArgs::default(), FileSettings::default()).unwrap();
        assert_eq!(settings.workspace, Choice::Managed(Managed::default()));
        assert_eq!(settings.access.token_ttl.as_secs(), 900);
    }

    #[test]
    fn the_embedded_aws_is_used_where_a_workspace_in_it_is_named() {
        let file = FileSettings { workspace: Some("real".into()), ..FileSettings::default() };
        let direct = settle(&typed(None, Some("9.4")), file.clone()).unwrap();
        assert_eq!(direct.workspace, Choice::Sandbox("9.4".into()));
        let Choice::Managed(managed) = settle(&typed(Some("sandbox"), Some("")), file).unwrap().workspace else {
            panic!()
        };
        assert_eq!((managed.named.as_deref(), managed.sandbox.as_deref()), (Some("sandbox"), Some("")));
    }

    #[test]
    fn a_secret_is_that_of_a_token_or_gives_a_value() {
        let of = |typed: &[&str]| {
            let secret = typed.iter().map(|text| (*text).to_owned()).collect();
            let workspace = WorkspaceArgs { secret, ..WorkspaceArgs::default() };
            settle(&workspace, FileSettings::default())
                .map(|settings| (settings.access.secret, settings.given.len()))
                .map_err(|error| error.message)
        };
        assert_eq!(
            of(&["amgctl/prod", "mon/creds.a=env:A", "mon/creds.b=sm:x#y"]),
            Ok((Some("amgctl/prod".into()), 2))
        );
        assert_eq!(of(&["mon/creds.a=env:A"]), Ok((None, 1)));
        assert!(of(&["one", "two"]).unwrap_err().contains("two stored tokens, `one` and `two`"));
        assert!(!of(&["mon/creds.a=hunter2"]).unwrap_err().contains("hunter2"));
    }

    #[test]
    fn a_token_lives_as_long_as_aws_allows() {
        let ttl = |text: &str| {
            let workspace = WorkspaceArgs { token_ttl: Some(text.into()), ..WorkspaceArgs::default() };
            settle(&workspace, FileSettings::default()).map(|s| s.access.token_ttl.as_secs())
        };
        assert_eq!(ttl("1m"), Ok(60));
        assert_eq!(ttl("30d"), Ok(2_592_000));
        assert!(ttl("31d").unwrap_err().message.contains("--token-ttl 31d"));
        assert!(ttl("59s").is_err());
        assert!(ttl("soon").unwrap_err().message.contains("--token-ttl: `soon` is not a duration"));
    }

    #[test]
    fn an_unnamed_stack_has_the_directorys_name() {
        let settings = settle(&typed(None, Some("")), FileSettings::default()).unwrap();
        assert_eq!(settings.stack.as_str(), "my-stack");
        assert!(!settings.stack_is_named);
    }
}
