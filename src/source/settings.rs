//! `amgctl.yaml`: what a stack says of itself, each key with its place.
//!
//! Flags and the environment come before it, defaults after it; that order is kept elsewhere.

pub(super) mod keys;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde_json::Value;

use super::cluster::Cluster;
use super::cluster::variables::FluxOptions;
use super::document::{self, Format};
use super::shape::Reading;
use super::text::SourceText;
use super::yaml::member;
use crate::kinds;
use crate::kinds::datasource::lint::NOT_KNOWN;
use crate::model::{Address, Digest, Place, Problem, Severity, Spot, StackName};

/// The name of the file, at the root of the directory only.
pub const FILE: &str = "amgctl.yaml";
/// The name of the JSON Schema that `amgctl init` writes beside it; hidden, so the loader leaves it alone.
pub const SCHEMA_FILE: &str = ".amgctl.schema.json";

/// Settings of an amgctl stack.
#[derive(Clone, PartialEq, Eq, Debug, Default, JsonSchema)]
#[schemars(title = "amgctl.yaml", deny_unknown_fields, default)]
pub struct FileSettings {
    /// The name of the stack: what the workspace's record of owned objects is called.
    #[schemars(with = "Option<String>", regex(pattern = "^[a-z0-9-]{1,32}$"))]
    pub stack: Option<StackName>,
    /// The workspace's URL, where neither a flag nor the environment names one.
    #[schemars(regex(pattern = "^https?://"))]
    pub url: Option<String>,
    /// The Amazon Managed Grafana workspace: its id, its name where that is unique, its ARN or its endpoint.
    pub workspace: Option<String>,
    /// The AWS region of the workspace, where neither a flag nor AWS's own configuration names one.
    pub region: Option<String>,
    /// Where the token comes from; without this one is made for each run and deleted at its end.
    #[schemars(with = "Option<Auth>")]
    pub auth: Auth,
    /// What may be made in the workspace so that tokens can be.
    #[schemars(with = "Option<Identity>")]
    pub identity: Identity,
    /// Where this directory is kept, as `github.com/acme/infra/monitoring`; found out from git when it is not given.
    pub origin: Option<String>,
    /// Whether the workspace keeps a record of what this stack owns (the default), or nothing is ever deleted.
    pub ownership: Option<Ownership>,
    /// What an unattended apply does with objects that somebody else changed: refuse them (the default), overwrite them,
    /// or leave and report them.
    pub on_drift: Option<OnDrift>,
    /// What references are that neither the directory nor the workspace explains: errors (the default) or warnings.
    pub unknown_references: Option<UnknownReferences>,
    /// Where symbolic links may lead: within the directory (the default), or within the git checkout that it is in.
    pub follow_links: Option<FollowLinks>,
    /// Whether dashboards in ConfigMaps without the label `grafana_dashboard` are read, too.
    pub configmaps: Option<bool>,
    /// The file whose Flux Kustomization says which manifests are read and which variables they have, from this
    /// directory; without it those of the directory.
    pub from_flux: Option<PathBuf>,
    /// Variables of manifests, which beat those of Flux Kustomizations.
    #[schemars(extend("additionalProperties" = { "type": ["string", "number", "boolean"] }))]
    pub vars: BTreeMap<String, String>,
    /// Files of variables of manifests, from this directory; later ones beat earlier ones, `vars` beats them all.
    pub var_files: Vec<PathBuf>,
    /// Whether a variable without a value is empty, instead of an error.
    pub lenient_vars: Option<bool>,
    /// Directories that contents are read from instead of URLs, by the beginnings of these; relative to this directory.
    #[schemars(with = "BTreeMap<String, String>")]
    pub url_map: BTreeMap<String, PathBuf>,
    /// The `Grafana` of the directory that it is applied to, where it has several: its name, or its namespace and name.
    pub target_grafana: Option<String>,
    /// Whether every warning of the directory is an error.
    pub strict: Option<bool>,
    /// Answers to the `__inputs` of exported dashboards: the uid or name of a data source, or a value.
    #[schemars(extend("additionalProperties" = { "type": ["string", "number", "boolean"] }))]
    pub inputs: BTreeMap<String, String>,
    /// Addresses that survive their removal from the directory; `dashboard.team-*` stands for all that begin so.
    #[schemars(
        with = "Vec<String>",
        inner(regex(pattern = "^(folder|datasource|dashboard)\\.[A-Za-z0-9_-]*\\*?$"))
    )]
    pub protect: Vec<AddressPattern>,
    /// How many objects one apply may destroy.
    pub max_destroy: Option<u32>,
}

/// Where the token comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Auth {
    /// A secret in Secrets Manager that holds the token: its name or ARN.
    pub secret: Option<String>,
    /// The key of the token in the secret's JSON, where it is not `token`.
    pub key: Option<String>,
}

/// What may be made in the workspace so that tokens can be.
#[derive(Clone, PartialEq, Eq, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Identity {
    /// Whether a run may make the stack's service account where it is missing; each is a billed user.
    pub create: Option<bool>,
    /// How long the token of a run lives, as `15m`; longer runs renew it.
    pub token_ttl: Option<String>,
}

/// Whether ownership is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ownership {
    /// In the workspace's registry.
    Registry,
    /// Not at all: there are creates and updates only.
    None,
}

/// What an unattended apply does with drift.
#[derive(Clone, Copy, PartialEq, Eq, Debug, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDrift {
    /// Nothing is written for what somebody else changed.
    Refuse,
    /// The directory wins.
    Overwrite,
    /// They stay as they are and are reported; the run is a success all the same.
    Report,
}

/// Where symbolic links may lead.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FollowLinks {
    /// Within the directory.
    #[default]
    Directory,
    /// Within the git checkout that the directory is in.
    Repository,
}

/// What unknown references are once the workspace was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownReferences {
    /// Errors.
    Error,
    /// Warnings.
    Warn,
}

/// An address, or the beginning of several: `dashboard.cpu`, `dashboard.team-*`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressPattern {
    text: String,
    prefix: Option<String>,
}

impl AddressPattern {
    /// Reads a pattern, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<AddressPattern, String> {
        let Some((kind, uid)) = text.split_once('.') else {
            return Err(format!(
                "`{text}` is not an address: write it as `dashboard.UID` or `dashboard.BEGINNING*`"
            ));
        };
        if kinds::named(kind).is_none() {
            let names: Vec<String> = kinds::KINDS.iter().map(|k| format!("`{}`", k.name())).collect();
            return Err(format!("there is no kind `{kind}`: there are {}", names.join(", ")));
        }
        let prefix = text.strip_suffix('*');
        let checked = uid.strip_suffix('*').unwrap_or(uid);
        let is_address =
            kinds::address(prefix.unwrap_or(text)).is_some() || (checked.is_empty() && prefix.is_some());
        if !is_address {
            crate::model::Uid::parse(checked)?;
            return Err(format!("`{text}` is not an address"));
        }
        Ok(AddressPattern { text: text.to_owned(), prefix: prefix.map(str::to_owned) })
    }

    /// Whether an address is meant.
    #[must_use]
    pub fn matches(&self, address: &Address) -> bool {
        let text = address.to_string();
        match &self.prefix {
            Some(prefix) => text.starts_with(prefix),
            None => text == self.text,
        }
    }
}

/// Reads `amgctl.yaml` of a directory. Without the file everything is as if it were empty.
#[must_use]
pub fn read_settings(root: &Path) -> (FileSettings, Vec<Problem>) {
    let mut problems = Vec::new();
    let path = root.join(FILE);
    if !path.exists() {
        for wrong in ["amgctl.yml", "amgctl.json"] {
            if root.join(wrong).exists() {
                problems.push(
                    Problem::error("settings", format!("the settings are read from `{FILE}`, not from `{wrong}`"))
                        .at(Place::file(wrong))
                        .help(format!("rename it to `{FILE}`")),
                );
            }
        }
        return (FileSettings::default(), problems);
    }
    let source = match std::fs::read(&path) {
        Ok(bytes) => SourceText::new(FILE.into(), bytes),
        Err(error) => {
            problems.push(Problem::error("unreadable", error.to_string()).at(Place::file(FILE)));
            return (FileSettings::default(), problems);
        }
    };
    let source = match source {
        Ok(source) => source,
        Err(problem) => return (FileSettings::default(), vec![*problem]),
    };
    let (documents, faults) = document::read(&source, Format::Yaml);
    problems.extend(faults);
    if let Some(second) = documents.get(1) {
        problems.push(
            Problem::error("settings", "the settings are one document")
                .spot(second.spot("", "this is another one")),
        );
    }
    let Some(document) = documents.first() else { return (FileSettings::default(), problems) };
    let (mut settings, wrong) = keys::read(document);
    problems.extend(wrong);
    for file in settings.from_flux.iter_mut().chain(&mut settings.var_files) {
        *file = root.join(&*file);
    }
    (settings, problems)
}

/// The spot of a key of `amgctl.yaml`, for a fault that is found later; of the file where the key cannot be found.
pub(crate) fn spot(root: &Path, keys: &[&str]) -> Spot {
    let source = std::fs::read(root.join(FILE)).ok().and_then(|bytes| SourceText::new(FILE.into(), bytes).ok());
    let spot = source.as_ref().and_then(|source| {
        let (documents, _) = document::read(source, Format::Yaml);
        let pointer = keys.iter().fold(String::new(), |base, key| member(&base, key));
        documents.first().map(|document| document.spot(&pointer, ""))
    });
    spot.unwrap_or_else(|| Spot::bare(Place::file(FILE)))
}

impl FileSettings {
    /// What of the directory is read.
    pub(super) fn reading(&self, cluster: Cluster) -> Reading {
        Reading { configmaps: self.configmaps.unwrap_or_default(), cluster: Arc::new(cluster) }
    }

    /// What they say of Flux: which Kustomization is followed, and variables.
    pub(super) fn flux(&self) -> FluxOptions {
        FluxOptions {
            from: self.from_flux.clone(),
            files: self.var_files.clone(),
            variables: self.vars.clone().into_iter().collect(),
            lenient: self.lenient_vars.unwrap_or_default(),
        }
    }

    /// Whether every warning is an error.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.strict == Some(true)
    }

    /// The same problems, all of them errors where the settings are strict; but what is only not known stays a hint.
    #[must_use]
    pub fn judge(&self, problems: Vec<Problem>) -> Vec<Problem> {
        if !self.is_strict() {
            return problems;
        }
        let judged = |problem: Problem| match problem.code == NOT_KNOWN {
            true => problem,
            false => Problem { severity: Severity::Error, ..problem },
        };
        problems.into_iter().map(judged).collect()
    }

    /// Whether the settings protect an address.
    #[must_use]
    pub fn protects(&self, address: &Address) -> bool {
        self.protect.iter().any(|pattern| pattern.matches(address))
    }
}

/// The digest of the settings' bytes, where there are any.
pub(super) fn digest(root: &Path) -> Option<Digest> {
    std::fs::read(root.join(FILE)).ok().map(|bytes| Digest::of_bytes(&bytes))
}

/// The JSON Schema of `amgctl.yaml`, for editors.
#[must_use]
pub fn settings_schema() -> String {
    let schema = schemars::schema_for!(FileSettings);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// The `amgctl.yaml` that `amgctl init` writes; the schema it names goes beside it ([`SCHEMA_FILE`]).
#[must_use]
pub fn init_text(stack: &StackName, url: Option<&str>, workspace: Option<&str>) -> String {
    let quoted = |text: &str| Value::String(text.to_owned());
    let workspace = match (url, workspace) {
        (Some(url), _) => format!("url: {}\n", quoted(url)),
        (None, Some(workspace)) => format!("workspace: {}\n", quoted(workspace)),
        (None, None) => "# workspace: g-0123456789\n# url: https://grafana.example.com\n".into(),
    };
    format!(
        "# yaml-language-server: $schema={SCHEMA_FILE}\n\
         # What this directory is to amgctl. Every key is optional but the stack's name.\n\
         \n\
         # The stack: everything that is applied from here belongs to it.\n\
         stack: {stack}\n\
         \n\
         # The workspace, where no flag names one.\n\
         {workspace}\
         \n\
         # Answers to the inputs of exported dashboards, by name: the uid of a data source, or a value.\n\
         # inputs:\n\
         #   DS_PROMETHEUS: amp-prod\n\
         \n\
         # What survives its removal from this directory.\n\
         # protect: [dashboard.checkout, folder.team-*]\n"
    )
}
