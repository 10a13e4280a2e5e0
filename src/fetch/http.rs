//! One content over HTTP: asked again where that may help, followed where it moved, and never more of it than fits.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{
    ACCEPT, CACHE_CONTROL, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
    RETRY_AFTER,
};
use reqwest::{Client, Response, Url};

use super::address::{Checked, Names, Refused, Zone, literal};
use crate::backoff;
use crate::grafana::errors::chain;
use crate::grafana::provide_crypto;
use crate::model::Secret;
use crate::source::content::{ContentFailure, LARGEST_CONTENT, shown_url};

/// How many redirects are followed.
const REDIRECTS: usize = 10;
/// How often a content is asked for in all.
const ATTEMPTS: usize = 4;

/// What tells whether a kept copy is still what a server has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Validators {
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub modified: Option<String>,
}

impl Validators {
    /// Whether there is neither.
    pub(super) fn is_empty(&self) -> bool {
        self.etag.is_none() && self.modified.is_none()
    }
}

/// What a server gave.
#[derive(Debug)]
pub(super) enum Answer {
    /// The content.
    Body(Body),
    /// That the kept copy is what it has.
    NotModified,
}

/// A content as it came.
#[derive(Debug)]
pub(super) struct Body {
    /// Its bytes, unpacked.
    pub bytes: Vec<u8>,
    /// What tells whether it has changed.
    pub validators: Validators,
    /// Whether a copy may be kept.
    pub may_be_kept: bool,
}

/// What is sent along.
#[derive(Clone, Copy, Default)]
pub(super) struct Sent<'a> {
    /// A user name and a password: to the host of the URL and to no other.
    pub login: Option<&'a (Secret, Secret)>,
    /// Those of the kept copy.
    pub validators: Option<&'a Validators>,
}

/// A client once it was made, or why it cannot be.
type Made = OnceLock<Result<Client, ContentFailure>>;

/// Asks for contents.
pub(super) struct Http {
    /// For the first request, and for those that it is redirected to from each of the zones. Each is made when it is
    /// needed: to read the certificates of a machine takes longer than most requests.
    clients: [(Option<Zone>, Made); 4],
    names: Arc<Names>,
    patience: Duration,
}

/// How an attempt ended without a content.
enum Miss {
    /// Another one may end otherwise; after this time, where the server said so.
    Again(ContentFailure, Option<Duration>),
    /// Every other one ends like this.
    Final(ContentFailure),
}

impl Http {
    /// Gives a content up after a time.
    pub(super) fn new(patience: Duration) -> Http {
        let zones = [None, Some(Zone::Public), Some(Zone::Private), Some(Zone::Loopback)];
        Http { clients: zones.map(|zone| (zone, OnceLock::new())), names: Arc::default(), patience }
    }

    // The client for a request of a fetch that began at `first`.
    fn client(&self, first: Option<Zone>) -> Result<&Client, ContentFailure> {
        let [(_, any), ..] = &self.clients;
        let client = self.clients.iter().find(|(zone, _)| *zone == first).map_or(any, |(_, client)| client);
        client.get_or_init(|| self.make(first)).as_ref().map_err(Clone::clone)
    }

    fn make(&self, first: Option<Zone>) -> Result<Client, ContentFailure> {
        provide_crypto();
        let client = Client::builder()
            .user_agent(concat!("amgctl/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(Duration::from_secs(10))
            .dns_resolver(Arc::new(Checked { first, names: self.names.clone() }))
            .build();
        client.map_err(|why| {
            let words = format!("the TLS certificates of this machine could not be loaded: {}", chain(&why));
            ContentFailure::new(
                format!("cannot be asked for: {words}"),
                "install the package ca-certificates, or name a file of certificates in SSL_CERT_FILE",
            )
        })
    }

    /// Asks for what a URL has.
    pub(super) async fn get(&self, url: &Url, sent: Sent<'_>) -> Result<Answer, ContentFailure> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ContentFailure::new(
                "holds a user name or a password",
                "keep them in a Secret, and name it in `urlAuthorization`",
            ));
        }
        let mut last = None;
        let asked = tokio::time::timeout(self.patience, self.attempts(url, sent, &mut last)).await;
        asked.unwrap_or_else(|_| {
            let late = format!("did not come within {} s", self.patience.as_secs());
            Err(last.unwrap_or_else(|| ContentFailure::new(late, "look at the URL: a dashboard is soon there")))
        })
    }

    async fn attempts(
        &self,
        url: &Url,
        sent: Sent<'_>,
        last: &mut Option<ContentFailure>,
    ) -> Result<Answer, ContentFailure> {
        let mut waits = backoff::waits(Duration::from_millis(200), Duration::from_secs(5)).take(ATTEMPTS - 1);
        loop {
            match self.follow(url, sent).await {
                Ok(answer) => return Ok(answer),
                Err(Miss::Final(failure)) => return Err(failure),
                Err(Miss::Again(failure, asked)) => {
                    let Some(wait) = waits.next() else { return Err(failure) };
                    *last = Some(failure);
                    tokio::time::sleep(asked.unwrap_or(wait)).await;
                }
            }
        }
    }

    // One attempt, through all its redirects.
    async fn follow(&self, url: &Url, sent: Sent<'_>) -> Result<Answer, Miss> {
        let (mut at, mut first) = (url.clone(), None);
        for _ in 0..=REDIRECTS {
            let answer = self.ask(&at, first, url, sent).await?;
            let status = answer.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return take(answer, sent, &at, url).await;
            }
            let from = first.unwrap_or_else(|| self.names.zone(&at));
            let Some(location) = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()) else {
                return Err(Miss::Final(other(format!("answers {status} and says not where it moved"))));
            };
            at = moved(&at, location, url, from).map_err(Miss::Final)?;
            first = Some(from);
        }
        Err(Miss::Final(other(format!("was redirected {REDIRECTS} times, and once more"))))
    }

    async fn ask(&self, at: &Url, first: Option<Zone>, url: &Url, sent: Sent<'_>) -> Result<Response, Miss> {
        if let Some(ip) = literal(at).filter(|ip| !Zone::of(*ip).is_allowed(first)) {
            let refused = Refused { host: at.host_str().unwrap_or_default().to_owned(), ip };
            return Err(Miss::Final(not_asked(&refused)));
        }
        self.names.ask(at);
        let client = self.client(first).map_err(Miss::Final)?;
        let mut request = client.get(at.clone()).header(ACCEPT, "application/json, */*;q=0.5");
        if at.origin() == url.origin()
            && let Some((username, password)) = sent.login
        {
            request = request.basic_auth(username.expose(), Some(password.expose()));
        }
        let validators = sent.validators.into_iter();
        for (name, value) in validators.flat_map(|v| [(IF_NONE_MATCH, &v.etag), (IF_MODIFIED_SINCE, &v.modified)]) {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request.send().await.map_err(|why| failed(&why.without_url()))
    }
}

/// Where a redirect leads.
fn moved(at: &Url, location: &str, url: &Url, first: Zone) -> Result<Url, ContentFailure> {
    let to = at.join(location).map_err(|_| other("is redirected to what is not a URL"))?;
    if to.scheme() != url.scheme() {
        return Err(other(format!("is redirected to another scheme, `{}:`", to.scheme())));
    }
    if let Some(ip) = literal(&to).filter(|ip| !Zone::of(*ip).is_allowed(Some(first))) {
        return Err(other(format!(
            "is redirected to {ip}, an address of this machine or of the network around it"
        )));
    }
    Ok(to)
}

/// Takes an answer that is none of being elsewhere.
async fn take(mut answer: Response, sent: Sent<'_>, at: &Url, url: &Url) -> Result<Answer, Miss> {
    let status = answer.status().as_u16();
    match status {
        200 => {}
        304 if sent.validators.is_some() => return Ok(Answer::NotModified),
        429 | 500 | 502..=504 => {
            let after = text(answer.headers(), &RETRY_AFTER).and_then(|text| text.parse().ok());
            let after = after.map(|seconds: u64| Duration::from_secs(seconds.min(60)));
            return Err(Miss::Again(other(format!("answers {status}")), after));
        }
        401 | 403 => {
            let help = "a URL that asks for a password names it in `urlAuthorization`";
            return Err(Miss::Final(ContentFailure::new(
                format!("answers {status}: it is not for everybody"),
                help,
            )));
        }
        _ => {
            let there =
                if at == url { String::new() } else { format!(", redirected to `{}`", shown_url(at.as_str())) };
            return Err(Miss::Final(other(format!("answers {status}{there}"))));
        }
    }
    let too_large = || Miss::Final(other("has more than 16 MiB"));
    if answer.content_length().is_some_and(|length| length > LARGEST_CONTENT as u64) {
        return Err(too_large());
    }
    let validators =
        Validators { etag: text(answer.headers(), &ETAG), modified: text(answer.headers(), &LAST_MODIFIED) };
    let no_store = text(answer.headers(), &CACHE_CONTROL).is_some_and(|text| text.contains("no-store"));
    let mut bytes = Vec::new();
    loop {
        let chunk = answer.chunk().await;
        let chunk =
            chunk.map_err(|why| Miss::Again(other(format!("broke off ({})", chain(&why.without_url()))), None))?;
        let Some(chunk) = chunk else { break };
        if bytes.len() + chunk.len() > LARGEST_CONTENT {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Answer::Body(Body { bytes, validators, may_be_kept: !no_store && sent.login.is_none() }))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn other(message: impl Into<String>) -> ContentFailure {
    ContentFailure::new(message, "correct the URL: it has to give the dashboard's JSON, as a browser shows it")
}

fn not_asked(refused: &Refused) -> ContentFailure {
    ContentFailure::new(
        format!("was not asked for: {refused}"),
        "name where the internet has it, or keep it in a directory (`--url-map PREFIX=DIR`)",
    )
}

/// Why there is no answer.
fn failed(why: &reqwest::Error) -> Miss {
    if let Some(refused) = cause::<Refused>(why) {
        return Miss::Final(not_asked(refused));
    }
    if let Some(tls) = cause::<rustls::Error>(why) {
        return Miss::Final(ContentFailure::new(
            format!("was not asked for: TLS failed, {tls}"),
            "a server whose certificate this machine does not trust is never asked; name an authority of your own in \
             SSL_CERT_FILE",
        ));
    }
    let words = if why.is_timeout() { "no connection within 10 s".into() } else { chain(why) };
    Miss::Again(
        ContentFailure::new(
            format!("could not be reached: {words}"),
            "check the URL, the network and the proxy settings of this machine",
        ),
        None,
    )
}

// The first of the causes that is of a kind. Errors of I/O do not give what they hold as their source.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let held = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        at = match held {
            Some(held) => Some(held as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}
