//! Data sources as the directory writes them: Grafana's provisioning entries, or bare ones.
//!
//! Every key is known or an error; what only a server or its provisioning uses is read and left out.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use super::body::Body;
use super::document::Document;
use super::envelope::{self, UidAt};
use super::inputs::no_variables;
use super::shape::keys::{self, Level};
use super::shape::{Declaration, Form, Site, as_warning};
use super::uids::datasource_uid;
use super::values::{Dollars, Resolved, Unresolved, Values};
use super::yaml::member;
use super::{Draft, FileRef, Files, declare};
use crate::kinds::Kind as _;
use crate::kinds::datasource::{Datasource, facts, lint};
use crate::model::secret::conceal;
use crate::model::{
    Address, Declared, DeclaredSecret, Kept, KindName, Parent, Problem, Secret, UidFrom, has_error,
};

/// Keys whose value is a text.
const TEXTS: [&str; 8] = ["uid", "name", "type", "access", "url", "user", "database", "basicAuthUser"];
/// Keys whose value is true or false.
const FLAGS: [&str; 3] = ["basicAuth", "withCredentials", "isDefault"];
/// Longest name and URL (fact: `datasource-limits`).
const MAX_NAME: usize = 190;
const MAX_URL: usize = 255;

/// A data source as it is to be sent, and as it is to be shown.
pub(crate) struct Options {
    /// With all values resolved.
    pub value: Value,
    /// As written where a value came from elsewhere.
    pub shown: Value,
    /// The values from elsewhere, each with how it is written.
    pub pieces: Vec<(Secret, String)>,
}

impl Options {
    /// A problem without the values from elsewhere in its words.
    pub(crate) fn concealed(&self, problem: Problem) -> Problem {
        let hidden: Vec<(&str, &str)> =
            self.pieces.iter().map(|(value, written)| (value.expose(), written.as_str())).collect();
        let conceal = |text: String| conceal(&text, &hidden);
        Problem {
            message: conceal(problem.message),
            notes: problem.notes.into_iter().map(conceal).collect(),
            help: problem.help.map(conceal),
            ..problem
        }
    }
}

/// A data source, by what stands around its body.
pub(crate) struct DatasourceForm {
    /// What it is, with its article.
    pub name: &'static str,
    /// Its keys; the last level is that of its body.
    pub levels: &'static [Level],
    /// Where its body stands, as a JSON pointer of the object.
    pub body: &'static str,
    /// Where its uid stands.
    pub uid: UidAt,
    /// How a `$` in its texts is read.
    pub dollars: Dollars,
}

impl fmt::Debug for DatasourceForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Form for DatasourceForm {
    fn kind(&self) -> KindName {
        Datasource::NAME
    }

    fn levels(&self) -> &'static [Level] {
        self.levels
    }

    fn read(&self, site: Site<'_, '_>, file: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>) {
        let Site { document, part } = site;
        let (document, base) = (&*document, &format!("{}{}", part.base, self.body));
        let values = Values {
            environment: &file.options.environment,
            root: file.root,
            dollars: self.dollars,
            cluster: &file.reading.cluster,
        };
        let mut problems = Vec::new();
        let Some(entry) = document.value.pointer(base).and_then(Value::as_object) else {
            let spot = document.spot(base, "");
            return (None, vec![Problem::error("datasource", "a data source must be an object").spot(spot)]);
        };
        let reader = Reader { document, base, values: &values };
        reader.keys(entry, self.levels, &mut problems);
        let read = reader.body(entry, &mut problems);
        let secrets = reader.secrets(entry, &mut problems);
        let name = crate::kinds::text(&read.value, "/name");
        let uid = match self.uid {
            UidAt::Body => reader.uid(&read.value, &name, &mut problems),
            UidAt::MetadataName => {
                let uid = envelope::named_uid(document, &part.base, &mut problems);
                let other = uid.as_ref().and_then(|(uid, _)| envelope::other_uid(document, base, &read.value, uid));
                problems.extend(other);
                uid
            }
        };
        problems = problems.into_iter().map(|problem| read.concealed(problem)).collect();
        let Some((uid, uid_from)) = uid else { return (None, problems) };
        let keys = entry.get("secureJsonData").and_then(Value::as_object);
        let keys = keys.into_iter().flatten().map(|(key, _)| key.as_str());
        let findings = lint::lint(&read.value).into_iter().chain(lint::secret_keys(&read.value, keys));
        problems.extend(findings.map(|finding| {
            let pointer = format!("{base}{}", finding.pointer);
            let spot = match finding.problem.code {
                _ if finding.pointer.starts_with("/secureJsonData") => document.key_spot(&pointer, ""),
                "secret-in-the-open" => document.key_spot(&pointer, ""),
                _ => document.spot(&pointer, ""),
            };
            let problem = read.concealed(finding.problem).spot(spot);
            // The operator sends such options as they are, and so do manifests that many have copied.
            let passes = self.dollars == Dollars::Manifest && problem.code == "aws-datasource";
            if passes { as_warning(problem) } else { problem }
        }));
        if has_error(&problems) {
            return (None, problems);
        }
        let place = document.place(base);
        let mentions = facts::mentions(&read.value);
        let declared = Declared {
            address: Address::new(Datasource::NAME, uid),
            place,
            digest: Datasource.normal(read.value.clone()).digest(),
            parent: Parent::None,
            headline: facts::headline(&read.shown),
            name: name.trim().to_owned(),
            references: Vec::new(),
            mentions,
            secrets,
            body: file.body(document, &part.base),
            uid_from,
            protect: false,
            carried: false,
            fetched: None,
        };
        let draft = Draft {
            kind: crate::kinds::text(&read.value, "/type"),
            is_default: read.value["isDefault"] == json!(true),
            ..declare(declared)
        };
        (Some(Declaration::Object(Box::new(draft))), problems)
    }

    fn pointer(&self, base: &str, inside: &str) -> String {
        match inside {
            "/uid" => self.uid.pointer(base, self.body),
            _ => format!("{base}{}{inside}", self.body),
        }
    }

    fn body(&self, site: &Site<'_, '_>, declared: &Declared, files: &Files) -> Result<Body, Box<Problem>> {
        let read = options(site.document, &self.base(site), &files.values(self.dollars)).map_err(Box::new)?;
        Ok(body(read, &declared.address))
    }

    fn secrets(
        &self,
        site: &Site<'_, '_>,
        files: &Files,
        fetched: &BTreeMap<Kept, Secret>,
    ) -> Result<Vec<(String, Secret)>, Box<Problem>> {
        secrets(site.document, &self.base(site), &files.values(self.dollars), fetched).map_err(Box::new)
    }

    fn options(&self, site: &Site<'_, '_>, files: &Files) -> Option<Options> {
        options(site.document, &self.base(site), &files.values(self.dollars)).ok()
    }
}

impl DatasourceForm {
    // Where the body stands, as a pointer of the document.
    fn base(&self, site: &Site<'_, '_>) -> String {
        format!("{}{}", site.part.base, self.body)
    }
}

/// The body of a data source of this uid.
pub(super) fn body(read: Options, address: &Address) -> Body {
    let with_uid = |value: Value| {
        let mut value = Datasource.normal(value).whole();
        if let Value::Object(map) = &mut value {
            map.insert("uid".into(), Value::String(address.id().to_owned()));
        }
        value
    };
    let value = with_uid(read.value);
    let shown = with_uid(read.shown);
    Body { text: value.to_string(), value, shown, pieces: read.pieces }
}

/// The data source at a pointer, for sending and for showing.
pub(super) fn options(document: &Document<'_>, base: &str, values: &Values<'_>) -> Result<Options, Problem> {
    let reader = Reader { document, base, values };
    let entry = document.value.pointer(base).and_then(Value::as_object);
    let Some(entry) = entry else { return Err(Problem::error("datasource", "a data source must be an object")) };
    let mut problems = Vec::new();
    let read = reader.body(entry, &mut problems);
    match problems.into_iter().next() {
        Some(problem) => Err(read.concealed(problem)),
        None => Ok(read),
    }
}

/// The secret values of the data source at a pointer, for sending; those kept in AWS from what was fetched.
pub(super) fn secrets(
    document: &Document<'_>,
    base: &str,
    values: &Values<'_>,
    fetched: &BTreeMap<Kept, Secret>,
) -> Result<Vec<(String, Secret)>, Problem> {
    let pointer = member(base, "secureJsonData");
    let mut secrets = Vec::new();
    for (key, value) in document.value.pointer(&pointer).and_then(Value::as_object).into_iter().flatten() {
        // An empty text means "not set here": what was ours is removed, what people set is left (see `Reader::secrets`).
        let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { continue };
        let spot = || document.key_spot(&member(&pointer, key), "");
        let value = match values.resolve(text) {
            Ok(Resolved::AsWritten) => text.to_owned(),
            Ok(Resolved::Text(text)) => text,
            Ok(Resolved::Kept(kept)) => match fetched.get(&kept) {
                Some(value) => {
                    secrets.push((key.clone(), value.clone()));
                    continue;
                }
                None => return Err(not_fetched(key, &kept).spot(spot())),
            },
            Err(error) => return Err(unresolved(&error).spot(spot())),
        };
        secrets.push((key.clone(), Secret::new(value)));
    }
    Ok(secrets)
}

struct Reader<'a> {
    document: &'a Document<'a>,
    base: &'a str,
    values: &'a Values<'a>,
}

impl Reader<'_> {
    fn keys(&self, entry: &Map<String, Value>, levels: &[Level], problems: &mut Vec<Problem>) {
        for (key, value) in entry {
            let pointer = member(self.base, key);
            match key.as_str() {
                "orgId" => problems.extend(self.organisation(value, &pointer)),
                "secureJsonFields" => self.fields(entry, value, &pointer, problems),
                "correlations" => problems.push(
                    Problem::error("not-supported", "`correlations` are not kept by this version yet")
                        .spot(self.document.key_spot(&pointer, ""))
                        .help("remove them here, and set them in the workspace"),
                ),
                // Grafana's own sample has both keys, empty.
                "password" | "basicAuthPassword" if value.is_null() || value == "" => {}
                "password" | "basicAuthPassword" => problems.push(
                    Problem::error(
                        "secret-in-the-open",
                        format!("`{key}` does not belong here: Grafana would keep it readable"),
                    )
                    .spot(self.document.key_spot(&pointer, ""))
                    .help(format!("put it below `secureJsonData`, as `{key}: $__env{{NAME}}`")),
                ),
                "jsonData" | "secureJsonData" => {
                    if !(value.is_object() || value.is_null()) {
                        problems.push(self.wrong_type(&pointer, key, "an object"));
                    }
                }
                _ if levels.last().is_some_and(|level| keys::fate(level, key).is_some()) => {}
                _ => problems.push(
                    unknown_key(
                        "a data source",
                        key,
                        TEXTS.iter().chain(&FLAGS).chain(&["jsonData", "secureJsonData"]).copied(),
                    )
                    .spot(self.document.key_spot(&pointer, "")),
                ),
            }
        }
    }

    fn body(&self, entry: &Map<String, Value>, problems: &mut Vec<Problem>) -> Options {
        let mut shown = Map::new();
        for key in TEXTS {
            match entry.get(key) {
                None | Some(Value::Null) => {}
                Some(value @ Value::String(_)) => {
                    shown.insert(key.into(), value.clone());
                }
                Some(_) => problems.push(self.wrong_type(&member(self.base, key), key, "a text")),
            }
        }
        for key in FLAGS {
            match entry.get(key) {
                None | Some(Value::Null) => {}
                Some(value) => match self.flag(value) {
                    Ok(Some(flag)) => drop(shown.insert(key.into(), Value::Bool(flag))),
                    Ok(None) => problems.push(self.wrong_type(&member(self.base, key), key, "`true` or `false`")),
                    Err(problem) => problems.push(problem.spot(self.document.spot(&member(self.base, key), ""))),
                },
            }
        }
        if let Some(options @ Value::Object(_)) = entry.get("jsonData") {
            shown.insert("jsonData".into(), options.clone());
        }
        let shown = Value::Object(shown);
        let mut value = shown.clone();
        let mut pieces = Vec::new();
        each_text(&shown, &mut |text| pieces.extend(self.values.pieces(text)));
        self.resolve(&mut value, self.base.to_owned(), problems);
        for (key, limit) in [("name", MAX_NAME), ("type", usize::MAX), ("url", MAX_URL)] {
            let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
            let pointer = member(self.base, key);
            if text.trim().is_empty()
                && key != "url"
                && !entry.get(key).is_some_and(|v| !v.is_string() && !v.is_null())
            {
                problems.push(
                    Problem::error("datasource", format!("a data source needs a `{key}`"))
                        .spot(self.document.spot(if entry.contains_key(key) { &pointer } else { self.base }, ""))
                        .help(if key == "type" {
                            "write the id of its plugin, as `type: cloudwatch`"
                        } else {
                            "write the name that people see"
                        }),
                );
            } else if text.chars().count() > limit {
                problems.push(
                    Problem::error(
                        "datasource",
                        format!(
                            "this `{key}` has {} characters, more than the {limit} that Grafana takes",
                            text.chars().count()
                        ),
                    )
                    .spot(self.document.spot(&pointer, ""))
                    .help("make it shorter"),
                );
            }
        }
        if let Some(access) = value.get("access").and_then(Value::as_str)
            && !["", "proxy", "server", "direct", "client"].contains(&access)
        {
            problems.push(
                Problem::error("datasource", format!("`access` is `proxy` or `direct`, not `{access}`"))
                    .spot(self.document.spot(&member(self.base, "access"), ""))
                    .help("write `access: proxy`, or leave it out"),
            );
        }
        Options { value, shown, pieces }
    }

    // A flag as Grafana's provisioning reads it: a text, put together from the environment and read as Go reads it.
    // Elsewhere only a text that comes from elsewhere may stand for one. None when it is no flag.
    fn flag(&self, value: &Value) -> Result<Option<bool>, Problem> {
        let provisioning = self.values.dollars == Dollars::Provisioning;
        let text = match value {
            Value::Bool(flag) => return Ok(Some(*flag)),
            Value::String(text) if provisioning || text.contains("$__") => text.clone(),
            Value::Number(number) if provisioning => number.to_string(),
            _ => return Ok(None),
        };
        Ok(match self.text(&text)?.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
            _ => None,
        })
    }

    // A text with what comes from elsewhere put in.
    fn text(&self, text: &str) -> Result<String, Problem> {
        match self.values.resolve(text) {
            Ok(Resolved::AsWritten) => Ok(text.to_owned()),
            Ok(Resolved::Text(text)) => Ok(text),
            Ok(Resolved::Kept(_)) => Err(Problem::error(
                "secret-in-the-open",
                "a secret kept in AWS may stand below `secureJsonData` only",
            )
            .help("everything else of a data source can be read by whoever sees it")),
            Err(error) => Err(unresolved(&error)),
        }
    }

    // A workspace has one organisation, so `orgId` may name the first one or none.
    fn organisation(&self, value: &Value, pointer: &str) -> Option<Problem> {
        let number = match value {
            Value::Null => return None,
            Value::String(text) => match self.text(text) {
                Ok(text) => text.trim().parse().ok(),
                Err(problem) => return Some(problem.spot(self.document.spot(pointer, ""))),
            },
            value => value.as_i64(),
        };
        match number {
            Some(..=1) => None,
            Some(_) => Some(
                Problem::error("datasource", "a workspace has one organisation, and `orgId` names another one")
                    .spot(self.document.spot(pointer, ""))
                    .help("remove `orgId`"),
            ),
            None => Some(self.wrong_type(pointer, "orgId", "a number")),
        }
    }

    // `secureJsonFields` is how the API says which secrets are set. Those are not in the file, which is easily overlooked.
    fn fields(&self, entry: &Map<String, Value>, value: &Value, base: &str, problems: &mut Vec<Problem>) {
        let given = |key: &str| entry.get("secureJsonData").and_then(|secrets| secrets.get(key)).is_some();
        for (key, set) in value.as_object().into_iter().flatten() {
            let spot = || self.document.key_spot(&member(base, key), "");
            match set {
                Value::Bool(true) if !given(key) => problems.push(
                    Problem::warning(
                        "secret-not-here",
                        format!("`{key}` was set where this was exported, and its value is not in this file"),
                    )
                    .spot(spot())
                    .help(format!("add `{key}: $__env{{NAME}}` below `secureJsonData`, or remove it here")),
                ),
                Value::Bool(_) | Value::Null => {}
                _ => problems.push(
                    Problem::error(
                        "secret-in-the-open",
                        format!(
                            "`secureJsonFields` says which secrets are set and holds none, so `{key}` would be lost"
                        ),
                    )
                    .spot(spot())
                    .help(format!("put it below `secureJsonData`, as `{key}: $__env{{NAME}}`")),
                ),
            }
        }
        if !(value.is_object() || value.is_null()) {
            problems.push(self.wrong_type(base, "secureJsonFields", "an object"));
        }
    }

    fn resolve(&self, value: &mut Value, pointer: String, problems: &mut Vec<Problem>) {
        if let Value::String(text) = value
            && let Some(problem) = no_variables(text)
        {
            problems.push(problem.spot(self.document.spot(&pointer, "")));
            return;
        }
        match value {
            Value::String(text) => match self.values.resolve(text) {
                Ok(Resolved::AsWritten) => {}
                Ok(Resolved::Text(resolved)) => *text = resolved,
                Ok(Resolved::Kept(_)) => problems.push(
                    Problem::error(
                        "secret-in-the-open",
                        "a secret kept in AWS may stand below `secureJsonData` only",
                    )
                    .spot(self.document.spot(&pointer, ""))
                    .help("everything else of a data source can be read by whoever sees it"),
                ),
                Err(error) => problems.push(unresolved(&error).spot(self.document.spot(&pointer, ""))),
            },
            Value::Array(items) => {
                for (i, item) in items.iter_mut().enumerate() {
                    self.resolve(item, format!("{pointer}/{i}"), problems);
                }
            }
            Value::Object(map) => {
                for (key, item) in map.iter_mut() {
                    self.resolve(item, member(&pointer, key), problems);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn secrets(&self, entry: &Map<String, Value>, problems: &mut Vec<Problem>) -> Vec<DeclaredSecret> {
        let base = member(self.base, "secureJsonData");
        let mut secrets = Vec::new();
        for (key, value) in entry.get("secureJsonData").and_then(Value::as_object).into_iter().flatten() {
            let pointer = member(&base, key);
            let spot = self.document.key_spot(&pointer, "");
            match value {
                // Grafana's own samples write `password: ""` for one that is not set. A server that is sent an empty
                // text erases what it has (fact: `secrets-kept`), so it is as if the key were not there.
                Value::String(text) if text.is_empty() => {}
                Value::String(text) if no_variables(text).is_some() => {
                    problems.extend(no_variables(text).map(|problem| problem.spot(spot)));
                }
                Value::String(text) => match self.values.resolve(text) {
                    Ok(resolved) => {
                        let is_one_piece =
                            || self.values.pieces(text).iter().map(|(_, written)| written).eq([text]);
                        let written = match &resolved {
                            Resolved::AsWritten => None,
                            Resolved::Text(_) => is_one_piece().then(|| text.clone()),
                            Resolved::Kept(_) => Some(text.clone()),
                        };
                        let kept = if let Resolved::Kept(kept) = resolved { Some(kept) } else { None };
                        secrets.push(DeclaredSecret { key: key.clone(), place: spot.place, kept, written });
                    }
                    Err(error) => problems.push(unresolved(&error).spot(spot)),
                },
                Value::Null => {}
                _ => problems.push(
                    Problem::error("datasource", format!("the secret `{key}` must be a text"))
                        .spot(spot)
                        .help("put it in quotes"),
                ),
            }
        }
        secrets
    }

    fn uid(&self, value: &Value, name: &str, problems: &mut Vec<Problem>) -> Option<(crate::model::Uid, UidFrom)> {
        let pointer = member(self.base, "uid");
        match value.get("uid").and_then(Value::as_str) {
            None | Some("") if name.is_empty() => None,
            None | Some("") => Some((datasource_uid(name), UidFrom::Name)),
            Some(text) => match super::checked_uid(text) {
                Ok(uid) => Some((uid, UidFrom::Document)),
                Err(problem) => {
                    problems.push(problem.spot(self.document.spot(&pointer, "")));
                    None
                }
            },
        }
    }

    fn wrong_type(&self, pointer: &str, key: &str, wanted: &str) -> Problem {
        Problem::error("datasource", format!("`{key}` must be {wanted}")).spot(self.document.spot(pointer, ""))
    }
}

fn each_text(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, look)),
        Value::Object(map) => map.values().for_each(|item| each_text(item, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A key that nobody knows, with the nearest one that somebody does.
pub(crate) fn unknown_key<'a>(of: &str, key: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let known: Vec<&str> = known.collect();
    let problem = Problem::error("unknown-key", format!("{of} has no key `{key}`"));
    match super::nearest(key, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!(
            "its keys are {}",
            known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
        )),
    }
}

fn unresolved(error: &Unresolved) -> Problem {
    Problem::error("unresolved-value", error.message.clone()).help(error.help.clone())
}

fn not_fetched(key: &str, kept: &Kept) -> Problem {
    Problem::error("secret-not-fetched", format!("`{key}` is kept as {kept}, which was not fetched"))
        .help("plan without a target, or with this data source as one")
}
