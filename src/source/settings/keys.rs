//! The keys of `amgctl.yaml`: one table, each key with what it takes.
//!
//! The schema and the documentation have the same keys; tests compare them with the table.

use serde_json::{Map, Value};

use super::super::cluster::variables::check as check_variable;
use super::super::datasource::unknown_key;
use super::super::document::Document;
use super::super::yaml::member;
use super::{AddressPattern, FILE, FileSettings, FollowLinks, OnDrift, Ownership, UnknownReferences};
use crate::duration::token_life;
use crate::model::{Problem, StackName};

/// A key, and what it takes.
pub(in crate::source) struct Key {
    /// Its name.
    pub name: &'static str,
    takes: Takes,
}

/// What a key takes.
enum Takes {
    /// A text that is not empty.
    Text(fn(&mut FileSettings) -> &mut Option<String>),
    /// One of some words, with what each sets.
    Word(&'static [SettingsWord]),
    /// `true` or `false`.
    Flag(fn(&mut FileSettings) -> &mut Option<bool>),
    /// An object with keys of its own, and an example of it.
    Object(&'static [Key], &'static str),
    /// What only this key takes.
    Own(fn(&mut FileSettings, &Value) -> Result<(), Vec<Fault>>),
}

/// A word, and what it sets.
type SettingsWord = (&'static str, fn(&mut FileSettings));

/// What is wrong with a value.
struct Fault {
    /// Where, as a JSON pointer from the value.
    pointer: String,
    message: String,
}

/// Every key at the top.
pub(in crate::source) static KEYS: &[Key] = &[
    Key { name: "stack", takes: Takes::Own(read_stack) },
    Key { name: "url", takes: Takes::Own(read_url) },
    Key { name: "workspace", takes: Takes::Text(|settings| &mut settings.workspace) },
    Key { name: "region", takes: Takes::Text(|settings| &mut settings.region) },
    Key { name: "auth", takes: Takes::Object(AUTH, "secret: NAME") },
    Key { name: "identity", takes: Takes::Object(IDENTITY, "create: true") },
    Key { name: "origin", takes: Takes::Text(|settings| &mut settings.origin) },
    Key {
        name: "ownership",
        takes: Takes::Word(&[
            ("registry", |settings| settings.ownership = Some(Ownership::Registry)),
            ("none", |settings| settings.ownership = Some(Ownership::None)),
        ]),
    },
    Key {
        name: "on_drift",
        takes: Takes::Word(&[
            ("refuse", |settings| settings.on_drift = Some(OnDrift::Refuse)),
            ("overwrite", |settings| settings.on_drift = Some(OnDrift::Overwrite)),
            ("report", |settings| settings.on_drift = Some(OnDrift::Report)),
        ]),
    },
    Key {
        name: "unknown_references",
        takes: Takes::Word(&[
            ("error", |settings| settings.unknown_references = Some(UnknownReferences::Error)),
            ("warn", |settings| settings.unknown_references = Some(UnknownReferences::Warn)),
        ]),
    },
    Key {
        name: "follow_links",
        takes: Takes::Word(&[
            ("directory", |settings| settings.follow_links = Some(FollowLinks::Directory)),
            ("repository", |settings| settings.follow_links = Some(FollowLinks::Repository)),
        ]),
    },
    Key { name: "configmaps", takes: Takes::Flag(|settings| &mut settings.configmaps) },
    Key { name: "from_flux", takes: Takes::Own(read_from_flux) },
    Key { name: "vars", takes: Takes::Own(read_vars) },
    Key { name: "var_files", takes: Takes::Own(read_var_files) },
    Key { name: "lenient_vars", takes: Takes::Flag(|settings| &mut settings.lenient_vars) },
    Key { name: "url_map", takes: Takes::Own(read_url_map) },
    Key { name: "target_grafana", takes: Takes::Text(|settings| &mut settings.target_grafana) },
    Key { name: "strict", takes: Takes::Flag(|settings| &mut settings.strict) },
    Key { name: "inputs", takes: Takes::Own(read_inputs) },
    Key { name: "protect", takes: Takes::Own(read_protect) },
    Key { name: "max_destroy", takes: Takes::Own(read_max_destroy) },
];

static AUTH: &[Key] = &[
    Key { name: "secret", takes: Takes::Text(|settings| &mut settings.auth.secret) },
    Key { name: "key", takes: Takes::Text(|settings| &mut settings.auth.key) },
];

static IDENTITY: &[Key] = &[
    Key { name: "create", takes: Takes::Flag(|settings| &mut settings.identity.create) },
    Key { name: "token_ttl", takes: Takes::Own(read_token_ttl) },
];

/// Reads the settings of a document, and says what is wrong with them.
pub(super) fn read(document: &Document<'_>) -> (FileSettings, Vec<Problem>) {
    let mut reader = Reader { document, settings: FileSettings::default(), problems: Vec::new() };
    match document.value.as_object() {
        Some(map) => {
            reader.read_object(FILE, "", KEYS, map);
            reader.compare_keys();
        }
        None => reader.report("", "the settings must be an object".into()),
    }
    (reader.settings, reader.problems)
}

struct Reader<'a> {
    document: &'a Document<'a>,
    settings: FileSettings,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    // Reads an object; `name` is what messages call it.
    fn read_object(&mut self, name: &str, base: &str, keys: &'static [Key], map: &Map<String, Value>) {
        for (written, value) in map {
            let pointer = member(base, written);
            match keys.iter().find(|key| key.name == written) {
                Some(_) if value.is_null() => {}
                Some(key) => self.read_value(key, &pointer, value),
                None => {
                    let unknown = unknown_key(name, written, keys.iter().map(|key| key.name));
                    self.problems.push(unknown.spot(self.document.key_spot(&pointer, "")));
                }
            }
        }
    }

    fn read_value(&mut self, key: &Key, pointer: &str, value: &Value) {
        let name = pointer[1..].replace('/', ".");
        match (&key.takes, value) {
            (Takes::Text(field), Value::String(text)) if !text.trim().is_empty() => {
                *field(&mut self.settings) = Some(text.trim().to_owned());
            }
            (Takes::Text(_), _) => self.report(pointer, format!("`{name}` must be a text that is not empty")),
            (Takes::Word(words), value) => match words.iter().find(|(word, _)| value == word) {
                Some((_, set)) => set(&mut self.settings),
                None => {
                    let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
                    self.report(pointer, format!("`{name}` is {}", words.join(" or ")));
                }
            },
            (Takes::Flag(field), Value::Bool(flag)) => *field(&mut self.settings) = Some(*flag),
            (Takes::Flag(_), _) => self.report(pointer, format!("`{name}` is `true` or `false`")),
            (Takes::Object(keys, _), Value::Object(map)) => {
                self.read_object(&format!("`{name}`"), pointer, keys, map);
            }
            (Takes::Object(_, example), _) => {
                self.report(pointer, format!("`{name}` must be an object: `{example}`"));
            }
            (Takes::Own(read), value) => {
                for fault in read(&mut self.settings, value).err().into_iter().flatten() {
                    self.report(&format!("{pointer}{}", fault.pointer), fault.message);
                }
            }
        }
    }

    // What is wrong between keys.
    fn compare_keys(&mut self) {
        let settings = &self.settings;
        if settings.auth.key.is_some() && settings.auth.secret.is_none() {
            self.report("/auth", "`auth.key` names a key of a secret, and no `auth.secret` is named".into());
        }
        if self.settings.url.is_some() && self.settings.workspace.is_some() {
            self.problems.push(
                Problem::error("settings", "`url` and `workspace` both name a workspace")
                    .spot(self.document.key_spot("/workspace", ""))
                    .help("keep one of them: `workspace` for Amazon Managed Grafana, `url` for any other Grafana"),
            );
        }
    }

    fn report(&mut self, pointer: &str, message: String) {
        self.problems.push(Problem::error("settings", message).spot(self.document.spot(pointer, "")));
    }
}

fn fault(message: impl Into<String>) -> Vec<Fault> {
    vec![Fault { pointer: String::new(), message: message.into() }]
}

fn read_stack(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let text = value.as_str().ok_or_else(|| fault("`stack` must be a text that is not empty"))?;
    settings.stack = Some(StackName::parse(text).map_err(fault)?);
    Ok(())
}

fn read_url(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let url = value.as_str().filter(|text| text.starts_with("https://") || text.starts_with("http://"));
    let url = url.ok_or_else(|| fault("`url` must begin with `https://` (or `http://`, for this machine only)"))?;
    settings.url = Some(url.trim_end_matches('/').to_owned());
    Ok(())
}

fn read_token_ttl(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| fault("`identity.token_ttl` is a length of time, as `15m`"))?;
    token_life("`identity.token_ttl`", text).map_err(|error| fault(error.message))?;
    settings.identity.token_ttl = Some(text.to_owned());
    Ok(())
}

fn read_url_map(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let map = value.as_object().ok_or_else(|| fault("`url_map` must be an object: `URL: DIRECTORY`"))?;
    let mut faults = Vec::new();
    for (prefix, directory) in map {
        match directory.as_str().filter(|text| !text.trim().is_empty()) {
            Some(directory) => drop(settings.url_map.insert(prefix.clone(), directory.into())),
            None => faults.push(Fault {
                pointer: member("", prefix),
                message: "this must be the path of a directory".into(),
            }),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn read_inputs(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let inputs = value.as_object().ok_or_else(|| fault("`inputs` must be an object: `NAME: UID`"))?;
    let mut faults = Vec::new();
    for (name, value) in inputs {
        match scalar(value) {
            Some(answer) => drop(settings.inputs.insert(name.clone(), answer)),
            None => {
                let message = format!("the input `{name}` must be a text: a data source's uid, or a value");
                faults.push(Fault { pointer: member("", name), message });
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

// A text, or a number or flag as it is written.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn read_vars(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let vars = value.as_object().ok_or_else(|| fault("`vars` must be an object: `NAME: VALUE`"))?;
    let mut faults = Vec::new();
    for (name, value) in vars {
        let usable = check_variable(name).map_err(|problem| problem.message);
        match usable.and_then(|()| scalar(value).ok_or_else(|| format!("the value of `{name}` must be a text"))) {
            Ok(text) => drop(settings.vars.insert(name.clone(), text)),
            Err(message) => faults.push(Fault { pointer: member("", name), message }),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn read_from_flux(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let file = value.as_str().filter(|text| !text.trim().is_empty());
    settings.from_flux = Some(file.ok_or_else(|| fault("`from_flux` must be the path of a file"))?.into());
    Ok(())
}

fn read_var_files(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let files = value.as_array().ok_or_else(|| fault("`var_files` must be a list of paths"))?;
    let mut faults = Vec::new();
    for (i, file) in files.iter().enumerate() {
        match file.as_str().filter(|text| !text.trim().is_empty()) {
            Some(file) => settings.var_files.push(file.into()),
            None => {
                faults.push(Fault { pointer: format!("/{i}"), message: "this must be the path of a file".into() })
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn read_protect(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let patterns = value.as_array().ok_or_else(|| fault("`protect` must be a list of addresses"))?;
    let mut faults = Vec::new();
    for (i, pattern) in patterns.iter().enumerate() {
        match AddressPattern::parse(pattern.as_str().unwrap_or_default()) {
            Ok(pattern) => settings.protect.push(pattern),
            Err(message) => faults.push(Fault { pointer: format!("/{i}"), message }),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn read_max_destroy(settings: &mut FileSettings, value: &Value) -> Result<(), Vec<Fault>> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    settings.max_destroy = Some(number.ok_or_else(|| fault("`max_destroy` must be a whole number, 0 or more"))?);
    Ok(())
}
