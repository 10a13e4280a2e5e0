//! Contents of dashboards that do not stand in the directory: asked for over HTTPS, read from mapped directories,
//! evaluated by Jsonnet.
//!
//! What is wanted comes from the directory ([`crate::source::content`]) and what came of it goes back there: nothing here
//! knows what a dashboard is. The parts: which addresses may be asked (`address`), how one URL is (`http`), copies between
//! runs (`cache`), directories that answer for URLs (`mapped`).

mod address;
mod cache;
mod grafana_com;
mod http;
mod jsonnet;
mod mapped;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use reqwest::Url;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use cache::{Cache, Copied};
use http::{Answer, Body, Http, Sent};
pub use mapped::UrlMap;

use crate::model::{Digest, Secret};
use crate::source::content::{
    Content, ContentFailure, ContentRequest, ContentRequests, Contents, KeyRef, Login, Variable, Wanted, shown_url,
    text_of,
};
use crate::source::lock::{Lock, Pin};

/// How many contents are asked for at once.
const AT_ONCE: usize = 8;
/// How long one content is waited for, all attempts and redirects together; a program of Jsonnet as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long all of them are waited for together.
const PATIENCE_OF_ALL: Duration = Duration::from_secs(600);
/// The most bytes that all of them have together.
const LARGEST_OF_ALL: usize = 512 << 20;

/// Where contents may be taken from.
pub struct Sources<'a> {
    /// The root of the directory.
    pub root: &'a Path,
    /// URLs that directories answer for.
    pub map: UrlMap,
    /// Whether others are asked.
    pub reach: Reach,
    /// Where copies are kept, if anywhere.
    pub cache: Option<PathBuf>,
    /// The `PATH` that `jsonnet` is found in.
    pub path: Option<OsString>,
    /// Which revisions of dashboards of grafana.com are meant where manifests leave that open.
    pub lock: &'a Lock,
    /// Whether newer ones are meant.
    pub pins: Pins,
    /// The value of a key of a ConfigMap of the directory.
    pub config_map: &'a (dyn Fn(&KeyRef) -> Option<String> + Sync),
    /// The value of a key of a Secret.
    pub secret: &'a (dyn Fn(&KeyRef) -> Option<Secret> + Sync),
}

/// How far contents are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Wherever they are.
    Network,
    /// On this machine only: contents elsewhere are not asked for.
    Machine,
}

/// Which revision of a dashboard of grafana.com is meant where its manifest leaves that open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pins {
    /// The pinned one; the newest where none is.
    Kept,
    /// The newest.
    Renewed,
}

/// What came of all.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// The contents.
    pub contents: Contents,
    /// The revisions that were taken of dashboards of grafana.com whose manifests leave it open.
    pub pins: Lock,
}

/// Gets everything that is wanted, each content once, side by side.
pub async fn fetch(requests: &ContentRequests, sources: &Sources<'_>) -> Fetched {
    fetch_within(Bounds { patience: PATIENCE, bytes_of_all: LARGEST_OF_ALL }, requests, sources).await
}

/// How long and how much is taken.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// How long one content is waited for.
    patience: Duration,
    /// The most bytes that all of them have together.
    bytes_of_all: usize,
}

async fn fetch_within(bounds: Bounds, requests: &ContentRequests, sources: &Sources<'_>) -> Fetched {
    let Bounds { patience, bytes_of_all } = bounds;
    let fetcher = Fetcher {
        sources,
        patience,
        bytes_of_all,
        http: Http::new(patience),
        cache: Cache { directory: sources.cache.clone() },
        turns: Semaphore::new(AT_ONCE),
        end: Instant::now() + PATIENCE_OF_ALL,
        taken: AtomicUsize::new(0),
    };
    let answers = requests.iter().map(async |(wanted, request)| (wanted, fetcher.get(wanted, request).await));
    let (mut contents, mut pins) = (Vec::new(), Lock::default());
    for (wanted, answer) in join_all(answers).await {
        let Some(answer) = answer else { continue };
        if let (Wanted::GrafanaCom { id, revision: None }, Ok((content, Some(revision)))) = (wanted, &answer) {
            pins.0.insert(*id, Pin { revision: *revision, sha256: content.digest.as_str().to_owned() });
        }
        contents.push((wanted.clone(), answer.map(|(content, _)| content)));
    }
    Fetched { contents: contents.into_iter().collect(), pins }
}

/// Whether a URL is fetched without TLS, and from another machine than this one.
#[must_use]
pub fn is_unencrypted(url: &str, map: &UrlMap) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    url.scheme() == "http" && !is_here(&url) && !map.maps(&url)
}

fn is_here(url: &Url) -> bool {
    address::literal(url).is_some_and(|ip| ip.is_loopback()) || url.host_str() == Some("localhost")
}

/// How long a copy is good without asking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fresh {
    /// It is asked each time whether it still is.
    Never,
    /// No copy is looked at.
    NoCopy,
    /// So long.
    For(Duration),
    /// It never changes.
    Forever,
}

impl Fresh {
    fn of(named: Option<Duration>) -> Fresh {
        match named {
            None => Fresh::Never,
            Some(Duration::ZERO) => Fresh::NoCopy,
            Some(time) => Fresh::For(time),
        }
    }

    // Whether a copy that was true then is good now, both in seconds since 1970.
    fn covers(self, then: u64, now: u64) -> bool {
        match self {
            Fresh::Never | Fresh::NoCopy => false,
            Fresh::For(time) => now.checked_sub(then).is_some_and(|age| age < time.as_secs()),
            Fresh::Forever => true,
        }
    }
}

struct Fetcher<'a> {
    sources: &'a Sources<'a>,
    patience: Duration,
    bytes_of_all: usize,
    http: Http,
    cache: Cache,
    turns: Semaphore,
    /// When nothing is waited for any more.
    end: Instant,
    /// How many bytes were taken so far.
    taken: AtomicUsize,
}

type Got<T> = Option<Result<T, ContentFailure>>;

impl Fetcher<'_> {
    // A content, with its revision if it is one of grafana.com; none where it is out of reach.
    async fn get(&self, wanted: &Wanted, request: &ContentRequest) -> Got<(Content, Option<u64>)> {
        let _turn = self.turns.acquire().await;
        let too_much = || of_all(size(self.bytes_of_all));
        // What comes after that is not even asked for.
        if self.taken.load(Ordering::Relaxed) > self.bytes_of_all {
            return Some(Err(too_much()));
        }
        let Ok(got) = tokio::time::timeout_at(self.end, self.take(wanted, request)).await else {
            return Some(Err(of_all(format!("{} minutes", PATIENCE_OF_ALL.as_secs() / 60))));
        };
        let bytes = got.as_ref().map_or(0, |got| got.as_ref().map_or(0, |(content, _)| content.text.len()));
        if self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes > self.bytes_of_all {
            return Some(Err(too_much()));
        }
        got
    }

    async fn take(&self, wanted: &Wanted, request: &ContentRequest) -> Got<(Content, Option<u64>)> {
        match wanted {
            Wanted::Url { url, login } => {
                let bytes = self.url(url, login.as_ref(), Fresh::of(request.fresh_for)).await?;
                Some(bytes.and_then(|bytes| Ok((content(bytes, shown_url(url))?, None))))
            }
            Wanted::GrafanaCom { id, revision } => self.grafana_com(*id, *revision).await,
            Wanted::Jsonnet { program, variables, directory } => {
                let answer = self.jsonnet(program, variables, directory).await?;
                Some(answer.and_then(|bytes| Ok((content(bytes, "`jsonnet`".into())?, None))))
            }
        }
    }

    async fn url(&self, written: &str, login: Option<&Login>, fresh: Fresh) -> Got<Vec<u8>> {
        let url = match Url::parse(written) {
            Ok(url) => url,
            Err(why) => return Some(Err(ContentFailure::new(format!("is no URL: {why}"), "correct it"))),
        };
        if let Some(mapped) = self.sources.map.read(&url) {
            return Some(mapped.map(|(bytes, _)| bytes));
        }
        if self.sources.reach == Reach::Machine {
            return None;
        }
        let login = match login.map(|login| self.login(&url, login)).transpose() {
            Ok(login) => login,
            Err(failure) => return Some(Err(failure)),
        };
        Some(self.ask(&url, login.as_ref(), fresh).await)
    }

    fn login(&self, url: &Url, login: &Login) -> Result<(Secret, Secret), ContentFailure> {
        if url.scheme() != "https" && !is_here(url) {
            return Err(ContentFailure::new(
                "was not asked for: its password would be sent unencrypted",
                "name it by `https://`",
            ));
        }
        Ok((self.secret(&login.username)?, self.secret(&login.password)?))
    }

    fn secret(&self, key: &KeyRef) -> Result<Secret, ContentFailure> {
        (self.sources.secret)(key).ok_or_else(|| {
            ContentFailure::new(
                format!("needs {key}, a Secret that is not known"),
                format!(
                    "keep it in the directory, or give `--secret {}/{}.{}=…`",
                    key.namespace, key.name, key.key
                ),
            )
        })
    }

    // What a server has, or the copy of it that is still true.
    async fn ask(
        &self,
        url: &Url,
        login: Option<&(Secret, Secret)>,
        fresh: Fresh,
    ) -> Result<Vec<u8>, ContentFailure> {
        // What is not for everybody is not left lying about.
        let is_kept = login.is_none() && fresh != Fresh::NoCopy;
        let copy = if is_kept { self.cache.read(url.as_str()) } else { None };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let copy = match copy {
            Some(copy) if fresh.covers(copy.at, now) => return Ok(copy.bytes),
            copy => copy.filter(|copy| !copy.validators.is_empty()),
        };
        let sent = Sent { login, validators: copy.as_ref().map(|copy| &copy.validators) };
        let copy = match (self.http.get(url, sent).await?, copy) {
            (Answer::NotModified, Some(copy)) => Copied { at: now, ..copy },
            // No server says so that was not asked.
            (Answer::NotModified, None) => return Err(ContentFailure::new("gave no content", "try again")),
            (Answer::Body(Body { bytes, validators, may_be_kept }), _) => {
                if !(may_be_kept && is_kept) || (validators.is_empty() && fresh == Fresh::Never) {
                    return Ok(bytes);
                }
                Copied { bytes, validators, at: now }
            }
        };
        self.cache.write(url.as_str(), &copy);
        Ok(copy.bytes)
    }

    async fn grafana_com(&self, id: u64, named: Option<u64>) -> Got<(Content, Option<u64>)> {
        let pin = match (named, self.sources.pins) {
            (None, Pins::Kept) => self.sources.lock.0.get(&id),
            (None, Pins::Renewed) | (Some(_), _) => None,
        };
        let revision = match named.or(pin.map(|pin| pin.revision)) {
            Some(revision) => revision,
            None => match self.url(&grafana_com::revisions(id), None, Fresh::NoCopy).await? {
                Ok(list) => match grafana_com::newest(&list) {
                    Ok(newest) => newest,
                    Err(failure) => return Some(Err(failure)),
                },
                Err(failure) => return Some(Err(failure)),
            },
        };
        let bytes = self.url(&grafana_com::download(id, revision), None, Fresh::Forever).await?;
        let content = bytes.and_then(|bytes| content(bytes, format!("grafana.com, revision {revision}")));
        Some(content.and_then(|content| match pin {
            Some(pin) if pin.sha256 != content.digest.as_str() => Err(ContentFailure::new(
                format!("is another one than amgctl.lock pins: revision {revision} is no longer the same text"),
                "look at what changed there; `amgctl plan --upgrade` pins it anew",
            )),
            Some(_) | None => Ok((content, Some(revision))),
        }))
    }

    async fn jsonnet(&self, text: &str, variables: &BTreeMap<String, Variable>, directory: &str) -> Got<Vec<u8>> {
        let needs_secret = variables.values().any(|variable| matches!(variable, Variable::Secret(_)));
        if needs_secret && self.sources.reach == Reach::Machine {
            return None;
        }
        let mut values = BTreeMap::new();
        for (name, variable) in variables {
            let value = match variable {
                Variable::Text(text) => Ok(jsonnet::Value::Plain(text.clone())),
                Variable::Secret(key) => self.secret(key).map(jsonnet::Value::Secret),
                Variable::ConfigMap(key) => {
                    (self.sources.config_map)(key).map(jsonnet::Value::Plain).ok_or_else(|| {
                        let help = "keep the ConfigMap in the directory";
                        ContentFailure::new(
                            format!("needs {key}, a ConfigMap that the directory does not have"),
                            help,
                        )
                    })
                }
            };
            match value {
                Ok(value) => drop(values.insert(name.as_str(), value)),
                Err(failure) => return Some(Err(failure)),
            }
        }
        let root = self.sources.root;
        let program = jsonnet::Program { text, variables: values, directory: root.join(directory), root };
        Some(jsonnet::evaluate(&program, self.sources.path.as_deref(), self.patience).await)
    }
}

fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{bytes} bytes") }
}

fn of_all(most: String) -> ContentFailure {
    ContentFailure::new(
        format!("is one too many: all contents of a run have {most} at most"),
        "apply a part of the directory as a stack of its own",
    )
}

fn content(bytes: Vec<u8>, from: String) -> Result<Content, ContentFailure> {
    let digest = Digest::of_bytes(&bytes);
    let help = "name where the dashboard's JSON is, not a page that shows it";
    let Some(text) = text_of(bytes) else { return Err(ContentFailure::new("is not UTF-8 text", help)) };
    if text.trim_start().starts_with('<') {
        return Err(ContentFailure::new("is a web page", help));
    }
    Ok(Content { text, digest, from })
}
