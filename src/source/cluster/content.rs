//! What the text of a dashboard or a library panel is, and from which source it comes.
//!
//! A manifest of the operator names exactly one source. Three of them stand in the directory and are read here: a text,
//! a text that is packed, a ConfigMap. The others have to be asked for elsewhere ([`Wanted`]): what answers them is
//! given when the directory is read ([`Contents`]), and nothing here asks for it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::model::{Digest, FetchedContent, Problem, Spot};
use crate::source::document::Document;
use crate::source::loading;
use crate::source::text::SourceText;

/// The most bytes that the text of one dashboard has, unpacked: as many as a file may have.
pub const LARGEST_CONTENT: usize = 16 << 20;

/// A key of a Secret or a ConfigMap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct KeyRef {
    /// The namespace.
    pub namespace: String,
    /// The name of the Secret or the ConfigMap.
    pub name: String,
    /// The key in it.
    pub key: String,
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of `{}/{}`", self.key, self.namespace, self.name)
    }
}

/// A content that does not stand in the directory. Two that are equal are asked for once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Wanted {
    /// What a URL gives.
    Url {
        /// `https://…` or `http://…`, as it is written.
        url: String,
        /// The user and the password that are sent along.
        login: Option<Login>,
    },
    /// A dashboard of grafana.com.
    GrafanaCom {
        /// Its number.
        id: u64,
        /// Its revision; none where the manifest leaves it open.
        revision: Option<u64>,
    },
    /// What a program of Jsonnet evaluates to.
    Jsonnet {
        /// The program.
        program: String,
        /// Its external variables, by name.
        variables: BTreeMap<String, Variable>,
        /// The directory of the manifest, relative to the root: where its imports are looked for.
        directory: String,
    },
}

/// A user name and a password, each in a Secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Login {
    /// The user name.
    pub username: KeyRef,
    /// The password.
    pub password: KeyRef,
}

/// The value of an external variable.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Variable {
    /// It stands in the manifest.
    Text(String),
    /// It stands in a ConfigMap.
    ConfigMap(KeyRef),
    /// It stands in a Secret.
    Secret(KeyRef),
}

impl Variable {
    fn secret(&self) -> Option<&KeyRef> {
        match self {
            Variable::Secret(key) => Some(key),
            Variable::Text(_) | Variable::ConfigMap(_) => None,
        }
    }
}

impl Wanted {
    /// The secrets that it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<&KeyRef> {
        match self {
            Wanted::Url { login, .. } => {
                login.iter().flat_map(|login| [&login.username, &login.password]).collect()
            }
            Wanted::GrafanaCom { .. } => Vec::new(),
            Wanted::Jsonnet { variables, .. } => variables.values().filter_map(Variable::secret).collect(),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Url { url, .. } => write!(f, "`{}`", shown_url(url)),
            Wanted::GrafanaCom { id, revision: Some(revision) } => {
                write!(f, "dashboard {id} of grafana.com, revision {revision}")
            }
            Wanted::GrafanaCom { id, revision: None } => write!(f, "dashboard {id} of grafana.com"),
            Wanted::Jsonnet { .. } => f.write_str("the program in `jsonnet`"),
        }
    }
}

/// A URL as it may be shown: what lets in whoever knows it, user and password, query and fragment, is left out.
#[must_use]
pub fn shown_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let colon = if scheme.is_empty() { "" } else { "://" };
    let start = login_end(rest).map_or(0, |at| at + 1);
    let hidden = if start > 0 { "…@" } else { "" };
    let (path, mark) = match rest[start..].find(['?', '#']) {
        Some(end) => (&rest[start..start + end], "?…"),
        None => (&rest[start..], ""),
    };
    format!("{scheme}{colon}{hidden}{path}{mark}")
}

/// Where the user and the password end in what follows the `://` of a URL: at their `@`. Those that are not written as they
/// have to be may hold a slash or a question mark.
pub(crate) fn login_end(rest: &str) -> Option<usize> {
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let is_cut_off = authority.contains(':') && !authority.contains('@') && !has_port(authority);
    if is_cut_off { rest.rfind('@') } else { authority.rfind('@') }
}

// Whether what follows the last colon of a host is a port.
fn has_port(host: &str) -> bool {
    host.ends_with(']') || host.rsplit(':').next().is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

/// Everything that must be asked for, each content once.
#[derive(Clone, Debug, Default)]
pub struct ContentRequests(BTreeMap<Wanted, ContentRequest>);

/// Who asks for a content.
#[derive(Clone, Debug, Default)]
pub struct ContentRequest {
    /// Where it is named, in the order of the files.
    pub spots: Vec<Spot>,
    /// How long a kept copy may be used unasked: the shortest that is named; none where none is.
    pub fresh_for: Option<Duration>,
}

impl ContentRequests {
    /// Adds one.
    pub fn add(&mut self, fetched: &Fetched, spot: Spot) {
        let request = self.0.entry(fetched.wanted.clone()).or_default();
        request.spots.push(spot);
        request.fresh_for = match (request.fresh_for, fetched.fresh_for) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Wanted, &ContentRequest)> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What was asked for, and what came of it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Contents(Arc<BTreeMap<Wanted, Result<Content, ContentFailure>>>);

/// A content that was had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// The text.
    pub text: String,
    /// SHA-256 of the bytes as they came.
    pub digest: Digest,
    /// Where it came from in the end, for people.
    pub from: String,
}

/// Why a content could not be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContentFailure {
    /// What is wrong, as the rest of a sentence that begins with what was wanted.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl ContentFailure {
    /// A failure, and what to do.
    #[must_use]
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> ContentFailure {
        ContentFailure { message: message.into(), help: help.into() }
    }
}

impl FromIterator<(Wanted, Result<Content, ContentFailure>)> for Contents {
    fn from_iter<T: IntoIterator<Item = (Wanted, Result<Content, ContentFailure>)>>(answers: T) -> Contents {
        Contents(Arc::new(answers.into_iter().collect()))
    }
}

impl Contents {
    /// What came of one; none where it was not asked for.
    #[must_use]
    pub fn get(&self, wanted: &Wanted) -> Option<&Result<Content, ContentFailure>> {
        self.0.get(wanted)
    }
}

/// Where the content of one manifest comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Source {
    /// The JSON pointer of what names it.
    pub pointer: String,
    /// What is named there.
    pub kind: SourceKind,
}

/// What a source is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum SourceKind {
    /// The text itself.
    Text,
    /// The text, packed by gzip and written in base64.
    Packed,
    /// A key of a ConfigMap of the directory.
    ConfigMap(KeyRef),
    /// What must be asked for.
    Fetched(Fetched),
}

/// A content that must be asked for, with how it is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// What.
    pub wanted: Wanted,
    /// How long a kept copy may be used unasked.
    pub fresh_for: Option<Duration>,
}

/// The text of a content.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    /// It is there. What was fetched has a fact for the plan: the digest of its bytes, and where they came from.
    Text(SourceText, Option<FetchedContent>),
    /// Nobody asked for it in this run.
    NotAskedFor,
}

/// The fields of a manifest that name a content, in the order of the operator's documentation.
const FIELDS: [&str; 8] = ["json", "gzipJson", "url", "grafanaCom", "jsonnet", "jsonnetLib", "configMapRef", "oci"];

/// Finds the one source that a manifest names below `spec`, a JSON pointer of the document.
pub(crate) fn source(document: &Document<'_>, spec: &str, namespace: &str) -> Result<Source, Vec<Problem>> {
    let fields = Fields { document, spec, namespace };
    let named: Vec<&str> = FIELDS.into_iter().filter(|field| fields.is_set(field)).collect();
    match named[..] {
        [field] => fields.source(field),
        [] => Err(vec![
            Problem::error("content", "this manifest names no content")
                .spot(document.key_spot(spec, ""))
                .help("name one: `json`, `gzipJson`, `url`, `grafanaCom`, `jsonnet` or `configMapRef`"),
        ]),
        [first, ..] => {
            let all: Vec<String> = named.iter().map(|field| format!("`{field}`")).collect();
            let mut problem = Problem::error("content", format!("this manifest names {} contents", named.len()))
                .spot(document.key_spot(&format!("{spec}/{first}"), ""))
                .help(format!("keep one of {}", all.join(", ")));
            for other in &named[1..] {
                problem = problem.spot(document.key_spot(&format!("{spec}/{other}"), "and this one"));
            }
            Err(vec![problem])
        }
    }
}

impl Source {
    /// What must be asked for; none where the directory has it.
    pub(crate) fn fetched(&self) -> Option<&Fetched> {
        match &self.kind {
            SourceKind::Fetched(fetched) => Some(fetched),
            SourceKind::Text | SourceKind::Packed | SourceKind::ConfigMap(_) => None,
        }
    }

    /// The text; places in it are places in the directory. `config_map` gives a key of a ConfigMap, or says why it is
    /// not there, without the place that names it.
    pub(crate) fn text(
        &self,
        document: &Document<'_>,
        contents: &Contents,
        config_map: impl FnOnce(&KeyRef) -> Result<SourceText, Box<Problem>>,
    ) -> Result<Given, Box<Problem>> {
        let spot = || document.key_spot(&self.pointer, "");
        let text = document.value.pointer(&self.pointer).and_then(Value::as_str).unwrap_or_default();
        match &self.kind {
            SourceKind::Text => match document.text_at(&self.pointer) {
                Some(text) => Ok(Given::Text(text, None)),
                None => Err(Box::new(Problem::error("content", "this content is not text").spot(spot()))),
            },
            SourceKind::Packed => match unpacked(text) {
                Ok(text) => Ok(Given::Text(document.source.inner(&text, None, spot()), None)),
                Err(why) => Err(Box::new(
                    Problem::error("content", why)
                        .spot(spot())
                        .help("write what `gzip -c dashboard.json | base64` prints"),
                )),
            },
            SourceKind::ConfigMap(key) => match config_map(key) {
                Ok(text) => Ok(Given::Text(text, None)),
                Err(mut problem) => {
                    problem.spots.insert(0, document.spot(&self.pointer, ""));
                    Err(problem)
                }
            },
            SourceKind::Fetched(Fetched { wanted, .. }) => match contents.get(wanted) {
                Some(Ok(content)) => {
                    let fetched = FetchedContent { sha256: content.digest.clone(), from: content.from.clone() };
                    Ok(Given::Text(document.source.inner(&content.text, None, spot()), Some(fetched)))
                }
                Some(Err(failure)) => Err(Box::new(
                    Problem::error("content", format!("{wanted} {}", failure.message))
                        .spot(spot())
                        .help(failure.help.clone()),
                )),
                None => Ok(Given::NotAskedFor),
            },
        }
    }
}

/// Unpacks a text, never to more than [`LARGEST_CONTENT`].
fn unpacked(text: &str) -> Result<String, String> {
    // As the operator's own decoder has it, ends of lines do not count.
    let written: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let packed = STANDARD.decode(written).map_err(|why| format!("`gzipJson` is not base64: {why}"))?;
    let mut bytes = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(&packed[..]).take(LARGEST_CONTENT as u64 + 1);
    reader.read_to_end(&mut bytes).map_err(|why| format!("`gzipJson` is not packed by gzip: {why}"))?;
    if bytes.len() > LARGEST_CONTENT {
        return Err("`gzipJson` unpacks to more than 16 MiB".into());
    }
    text_of(bytes).ok_or_else(|| "`gzipJson` unpacks to what is not UTF-8".into())
}

/// The text that bytes are, without a byte order mark.
#[must_use]
pub fn text_of(bytes: Vec<u8>) -> Option<String> {
    let mut text = String::from_utf8(bytes).ok()?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Some(text)
}

/// What stands below `spec`.
struct Fields<'a, 'd> {
    document: &'a Document<'d>,
    spec: &'a str,
    namespace: &'a str,
}

impl Fields<'_, '_> {
    fn at(&self, path: &str) -> Option<&Value> {
        self.document.value.pointer(&format!("{}/{path}", self.spec)).filter(|value| !value.is_null())
    }

    // The operator takes an empty text for one that is not there.
    fn is_set(&self, field: &str) -> bool {
        self.at(field).is_some_and(|value| value.as_str().is_none_or(|text| !text.is_empty()))
    }

    fn error(&self, path: &str, message: impl Into<String>) -> Problem {
        Problem::error("content", message).spot(self.document.spot(&format!("{}/{path}", self.spec), ""))
    }

    fn source(&self, field: &str) -> Result<Source, Vec<Problem>> {
        let kind = match field {
            "json" => self.text(field).map(|_| SourceKind::Text).map_err(|problem| vec![problem]),
            "gzipJson" => self.text(field).map(|_| SourceKind::Packed).map_err(|problem| vec![problem]),
            "configMapRef" => self.key_ref(field).map(SourceKind::ConfigMap).map_err(|problem| vec![problem]),
            "url" => self.url().and_then(|wanted| self.fetched(wanted)),
            "grafanaCom" => self.grafana_com().map_err(|problem| vec![problem]).and_then(|w| self.fetched(w)),
            "jsonnet" => self.jsonnet().and_then(|wanted| self.fetched(wanted)),
            "jsonnetLib" => {
                Err(vec![self.refused(field, "a project of Jsonnet in a manifest is not evaluated").help(
                    "evaluate it (`jsonnet -J vendor main.jsonnet`) and keep the dashboard that comes out of it",
                )])
            }
            _ => Err(vec![
                self.refused(field, "contents of OCI artifacts are not read yet")
                    .help("keep the dashboard in the directory, or name it by `url`"),
            ]),
        };
        Ok(Source { pointer: format!("{}/{field}", self.spec), kind: kind? })
    }

    fn refused(&self, field: &str, message: &str) -> Problem {
        let spot = self.document.key_spot(&format!("{}/{field}", self.spec), "");
        Problem::error("not-supported", message).spot(spot)
    }

    fn fetched(&self, wanted: Wanted) -> Result<SourceKind, Vec<Problem>> {
        let fresh_for = match self.at("contentCacheDuration") {
            None => None,
            Some(value) => match value.as_str().and_then(go_duration) {
                Some(duration) => Some(duration),
                None => {
                    return Err(vec![
                        self.error("contentCacheDuration", "this is not a duration").help("it looks like `24h`"),
                    ]);
                }
            },
        };
        Ok(SourceKind::Fetched(Fetched { wanted, fresh_for }))
    }

    fn text(&self, path: &str) -> Result<&str, Problem> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match self.at(path) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            Some(Value::String(_)) | None => Err(self.error(path, format!("`{name}` is missing"))),
            Some(_) => Err(self.error(path, format!("`{name}` must be a text"))),
        }
    }

    fn key_ref(&self, path: &str) -> Result<KeyRef, Problem> {
        if !self.at(path).is_some_and(Value::is_object) {
            return Err(self.error(path, "this must be an object with `name` and `key`"));
        }
        let text = |key: &str| self.text(&format!("{path}/{key}")).map(str::to_owned);
        Ok(KeyRef { namespace: self.namespace.to_owned(), name: text("name")?, key: text("key")? })
    }

    fn url(&self) -> Result<Wanted, Vec<Problem>> {
        let url = self.text("url").map_err(|problem| vec![problem])?.trim();
        let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if !matches!(scheme.as_deref(), Some("https" | "http")) {
            return Err(vec![
                self.error("url", "a content is fetched by `https://` or `http://` only")
                    .help("keep the dashboard in the directory, or name where it is served"),
            ]);
        }
        let login = match self.at("urlAuthorization") {
            None => None,
            Some(_) => {
                let part = |name: &str| self.key_ref(&format!("urlAuthorization/basicAuth/{name}"));
                let username = part("username").map_err(|problem| vec![problem])?;
                Some(Login { username, password: part("password").map_err(|problem| vec![problem])? })
            }
        };
        Ok(Wanted::Url { url: url.to_owned(), login })
    }

    fn grafana_com(&self) -> Result<Wanted, Problem> {
        let number = |path: &str| match self.at(path) {
            None => Ok(None),
            Some(value) => match value.as_u64().filter(|number| *number > 0) {
                Some(number) => Ok(Some(number)),
                None => Err(self.error(path, "this must be a whole number, 1 or more")),
            },
        };
        let revision = number("grafanaCom/revision")?;
        match number("grafanaCom/id")? {
            Some(id) => Ok(Wanted::GrafanaCom { id, revision }),
            None => Err(self.error("grafanaCom", "the number of the dashboard is missing: `id`")),
        }
    }

    fn jsonnet(&self) -> Result<Wanted, Vec<Problem>> {
        let program = self.text("jsonnet").map_err(|problem| vec![problem])?.to_owned();
        let (mut variables, mut problems) = (BTreeMap::new(), Vec::new());
        for i in 0..self.length("envFrom") {
            match self.referred(&format!("envFrom/{i}")) {
                Ok((key, variable)) => drop(variables.insert(key, variable)),
                Err(problem) => problems.push(problem),
            }
        }
        // A variable by its name comes before one that a whole reference gives.
        for i in 0..self.length("envs") {
            let at = format!("envs/{i}");
            let variable = match self.at(&format!("{at}/value")) {
                Some(Value::String(text)) => Ok(Variable::Text(text.clone())),
                Some(_) => Err(self.error(&format!("{at}/value"), "`value` must be a text")),
                None => self.referred(&format!("{at}/valueFrom")).map(|(_, variable)| variable),
            };
            let named = self.text(&format!("{at}/name"));
            match (named, variable) {
                (Ok(name), Ok(variable)) => drop(variables.insert(name.to_owned(), variable)),
                (name, variable) => problems.extend(name.err().into_iter().chain(variable.err())),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let directory = loading::directory(&self.document.source.file).to_owned();
        Ok(Wanted::Jsonnet { program, variables, directory })
    }

    fn length(&self, path: &str) -> usize {
        self.at(path).and_then(Value::as_array).map_or(0, Vec::len)
    }

    fn referred(&self, path: &str) -> Result<(String, Variable), Problem> {
        let secret = format!("{path}/secretKeyRef");
        let map = format!("{path}/configMapKeyRef");
        let key = match (self.at(&secret), self.at(&map)) {
            (Some(_), None) => self.key_ref(&secret).map(|key| (key.key.clone(), Variable::Secret(key)))?,
            (None, Some(_)) => self.key_ref(&map).map(|key| (key.key.clone(), Variable::ConfigMap(key)))?,
            (Some(_), Some(_)) | (None, None) => {
                return Err(self.error(path, "this names one value: `secretKeyRef` or `configMapKeyRef`"));
            }
        };
        Ok(key)
    }
}

/// A length of time as Go writes it: `1h30m`, `24h`, `1.5s`, `0`.
pub(crate) fn go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut all = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        rest = &rest[end..];
        all = all.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
    }
    (!text.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests;
