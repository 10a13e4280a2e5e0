//! `amgctl.yaml`: what a stack says of itself, each key with its place.
//!
//! Flags and the environment come before it, defaults after it; that order is kept elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::datasource::unknown_key;
use super::document::{self, Document, Format};
use super::shape::Reading;
use super::text::SourceText;
use super::yaml::member;
use crate::kinds;
use crate::model::{Address, Place, Problem, Spot, StackName};
use crate::settings::token_life;

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
    /// What an unattended apply does with objects that somebody else changed: refuse them (the default) or overwrite.
    pub on_drift: Option<OnDrift>,
    /// What references are that neither the directory nor the workspace explains: errors (the default) or warnings.
    pub unknown_references: Option<UnknownReferences>,
    /// Where symbolic links may lead: within the directory (the default), or within the git checkout that it is in.
    pub follow_links: Option<FollowLinks>,
    /// Whether dashboards in ConfigMaps without the label `grafana_dashboard` are read, too.
    pub configmaps: Option<bool>,
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
            return Err(format!("`{text}` is no address: write it as `dashboard.UID` or `dashboard.BEGINNING*`"));
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
            return Err(format!("`{text}` is no address"));
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
    let mut settings = FileSettings::default();
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
        return (settings, problems);
    }
    let source = match std::fs::read(&path) {
        Ok(bytes) => SourceText::new(FILE.into(), bytes),
        Err(error) => {
            problems.push(Problem::error("unreadable", error.to_string()).at(Place::file(FILE)));
            return (settings, problems);
        }
    };
    let source = match source {
        Ok(source) => source,
        Err(problem) => return (settings, vec![*problem]),
    };
    let (documents, faults) = document::read(&source, Format::Yaml);
    problems.extend(faults);
    if let Some(second) = documents.get(1) {
        problems.push(
            Problem::error("settings", "the settings are one document")
                .spot(second.spot("", "this is another one")),
        );
    }
    if let Some(document) = documents.first() {
        settings.take(document, &mut problems);
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
    pub(super) fn reading(&self) -> Reading {
        Reading { configmaps: self.configmaps.unwrap_or_default() }
    }

    fn take(&mut self, document: &Document<'_>, problems: &mut Vec<Problem>) {
        const KEYS: [&str; 15] = [
            "stack",
            "url",
            "workspace",
            "region",
            "auth",
            "identity",
            "origin",
            "ownership",
            "on_drift",
            "unknown_references",
            "follow_links",
            "configmaps",
            "inputs",
            "protect",
            "max_destroy",
        ];
        let Some(map) = document.value.as_object() else {
            problems.push(Problem::error("settings", "the settings must be an object").spot(document.spot("", "")));
            return;
        };
        for (key, value) in map {
            let pointer = member("", key);
            let mut wrong = |message: String| {
                problems.push(Problem::error("settings", message).spot(document.spot(&pointer, "")))
            };
            match (key.as_str(), value) {
                (_, Value::Null) if KEYS.contains(&key.as_str()) => {}
                ("stack", Value::String(text)) => match StackName::parse(text) {
                    Ok(name) => self.stack = Some(name),
                    Err(message) => wrong(message),
                },
                ("url", Value::String(text)) if text.starts_with("https://") || text.starts_with("http://") => {
                    self.url = Some(text.trim_end_matches('/').to_owned());
                }
                ("url", _) => {
                    wrong("`url` must begin with `https://` (or `http://`, for this machine only)".into())
                }
                ("workspace", Value::String(text)) if !text.trim().is_empty() => {
                    self.workspace = Some(text.trim().to_owned());
                }
                ("region", Value::String(text)) if !text.trim().is_empty() => {
                    self.region = Some(text.trim().to_owned());
                }
                ("auth", Value::Object(auth)) => self.take_auth(document, auth, problems),
                ("auth", _) => wrong("`auth` must be an object: `secret: NAME`".into()),
                ("identity", Value::Object(identity)) => self.take_identity(document, identity, problems),
                ("identity", _) => wrong("`identity` must be an object: `create: true`".into()),
                ("origin", Value::String(text)) if !text.trim().is_empty() => {
                    self.origin = Some(text.trim().to_owned())
                }
                ("ownership", Value::String(text)) if text == "registry" => {
                    self.ownership = Some(Ownership::Registry)
                }
                ("ownership", Value::String(text)) if text == "none" => self.ownership = Some(Ownership::None),
                ("ownership", _) => wrong("`ownership` is `registry` or `none`".into()),
                ("on_drift", Value::String(text)) if text == "refuse" => self.on_drift = Some(OnDrift::Refuse),
                ("on_drift", Value::String(text)) if text == "overwrite" => {
                    self.on_drift = Some(OnDrift::Overwrite)
                }
                ("on_drift", _) => wrong("`on_drift` is `refuse` or `overwrite`".into()),
                ("unknown_references", Value::String(text)) if text == "error" => {
                    self.unknown_references = Some(UnknownReferences::Error);
                }
                ("unknown_references", Value::String(text)) if text == "warn" => {
                    self.unknown_references = Some(UnknownReferences::Warn);
                }
                ("unknown_references", _) => wrong("`unknown_references` is `error` or `warn`".into()),
                ("follow_links", Value::String(text)) if text == "directory" => {
                    self.follow_links = Some(FollowLinks::Directory);
                }
                ("follow_links", Value::String(text)) if text == "repository" => {
                    self.follow_links = Some(FollowLinks::Repository);
                }
                ("follow_links", _) => wrong("`follow_links` is `directory` or `repository`".into()),
                ("configmaps", Value::Bool(read)) => self.configmaps = Some(*read),
                ("configmaps", _) => wrong("`configmaps` is `true` or `false`".into()),
                ("stack" | "origin" | "workspace" | "region", _) => {
                    wrong(format!("`{key}` must be a text that is not empty"))
                }
                ("inputs", Value::Object(inputs)) => self.take_inputs(document, inputs, problems),
                ("inputs", _) => wrong("`inputs` must be an object: `NAME: UID`".into()),
                ("protect", Value::Array(patterns)) => self.take_patterns(document, patterns, problems),
                ("protect", _) => wrong("`protect` must be a list of addresses".into()),
                ("max_destroy", value) => match value.as_u64().and_then(|n| u32::try_from(n).ok()) {
                    Some(number) => self.max_destroy = Some(number),
                    None => wrong("`max_destroy` must be a whole number, 0 or more".into()),
                },
                _ => problems.push(unknown_key(FILE, key, KEYS.into_iter()).spot(document.key_spot(&pointer, ""))),
            }
        }
        if self.url.is_some() && self.workspace.is_some() {
            problems.push(
                Problem::error("settings", "`url` and `workspace` both name a workspace")
                    .spot(document.key_spot("/workspace", ""))
                    .help("keep one of them: `workspace` for Amazon Managed Grafana, `url` for any other Grafana"),
            );
        }
    }

    fn take_auth(&mut self, document: &Document<'_>, auth: &Map<String, Value>, problems: &mut Vec<Problem>) {
        for (key, value) in auth {
            let pointer = member("/auth", key);
            match (key.as_str(), value) {
                ("secret" | "key", Value::Null) => {}
                ("secret", Value::String(text)) if !text.trim().is_empty() => {
                    self.auth.secret = Some(text.trim().to_owned());
                }
                ("key", Value::String(text)) if !text.trim().is_empty() => {
                    self.auth.key = Some(text.trim().to_owned());
                }
                ("secret" | "key", _) => problems.push(
                    Problem::error("settings", format!("`auth.{key}` must be a text that is not empty"))
                        .spot(document.spot(&pointer, "")),
                ),
                _ => {
                    let unknown = unknown_key("`auth`", key, ["secret", "key"].into_iter());
                    problems.push(unknown.spot(document.key_spot(&pointer, "")));
                }
            }
        }
        if self.auth.key.is_some() && self.auth.secret.is_none() {
            problems.push(
                Problem::error("settings", "`auth.key` names a key of a secret, and no `auth.secret` is named")
                    .spot(document.spot("/auth", "")),
            );
        }
    }

    fn take_identity(
        &mut self,
        document: &Document<'_>,
        identity: &Map<String, Value>,
        problems: &mut Vec<Problem>,
    ) {
        for (key, value) in identity {
            let pointer = member("/identity", key);
            let mut wrong = |message: &str| {
                problems.push(Problem::error("settings", message).spot(document.spot(&pointer, "")));
            };
            match (key.as_str(), value) {
                ("create" | "token_ttl", Value::Null) => {}
                ("create", Value::Bool(create)) => self.identity.create = Some(*create),
                ("create", _) => wrong("`identity.create` is `true` or `false`"),
                ("token_ttl", Value::String(text)) if !text.trim().is_empty() => {
                    match token_life("`identity.token_ttl`", text.trim()) {
                        Ok(_) => self.identity.token_ttl = Some(text.trim().to_owned()),
                        Err(error) => wrong(&error.message),
                    }
                }
                ("token_ttl", _) => wrong("`identity.token_ttl` is a length of time, as `15m`"),
                _ => {
                    let unknown = unknown_key("`identity`", key, ["create", "token_ttl"].into_iter());
                    problems.push(unknown.spot(document.key_spot(&pointer, "")));
                }
            }
        }
    }

    fn take_inputs(&mut self, document: &Document<'_>, inputs: &Map<String, Value>, problems: &mut Vec<Problem>) {
        for (name, value) in inputs {
            let answer = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(value) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    problems.push(
                        Problem::error(
                            "settings",
                            format!("the input `{name}` must be a text: a data source's uid, or a value"),
                        )
                        .spot(document.spot(&member("/inputs", name), "")),
                    );
                    continue;
                }
            };
            self.inputs.insert(name.clone(), answer);
        }
    }

    fn take_patterns(&mut self, document: &Document<'_>, patterns: &[Value], problems: &mut Vec<Problem>) {
        for (i, pattern) in patterns.iter().enumerate() {
            match AddressPattern::parse(pattern.as_str().unwrap_or_default()) {
                Ok(pattern) => self.protect.push(pattern),
                Err(message) => problems
                    .push(Problem::error("settings", message).spot(document.spot(&format!("/protect/{i}"), ""))),
            }
        }
    }

    /// Whether the settings protect an address.
    #[must_use]
    pub fn protects(&self, address: &Address) -> bool {
        self.protect.iter().any(|pattern| pattern.matches(address))
    }
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
