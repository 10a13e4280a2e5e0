//! The one module that talks to a workspace: sends requests, retries what may be retried, counts.
//!
//! It knows HTTP, not Grafana's objects: what to ask stands in [`crate::kinds`] and [`crate::registry`], which server
//! this is in [`probe`]. Retrying, pacing and counting are layers of [`Client::send`], in this one place.

pub mod access;
pub mod bearer;
pub mod capacity;
pub mod certificate;
pub mod errors;
pub mod probe;
pub mod who;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use tokio::sync::{RwLock, Semaphore};

use bearer::{Bearer, Token};
pub use errors::{AddressError, ApiError, Refused};

use crate::backoff;
use crate::model::{Method, Request, Response, Secret, hide};

/// How many reads are in flight at once; servers gain up to about this many (fact: `writers-gain`).
pub const IN_FLIGHT: usize = 16;
/// The largest answer that is taken: a page of a list is 2 MiB of objects, or one object that may be 16 MiB and more.
const LARGEST_ANSWER: usize = 256 << 20;
/// How long an answer may take before it counts as lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How often a request is sent in all.
const ATTEMPTS: usize = 5;

/// A connection to one workspace. Cheap to clone; clones share the pool, the pace and the counters.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    bearer: Arc<dyn Bearer>,
    /// What is sent with every request, besides what is sent anyway.
    headers: HeaderMap,
    /// The values of those headers, which nothing shows.
    hidden: Arc<[Secret]>,
    shared: Arc<Shared>,
}

/// How a workspace is spoken to, where its owner says more than its URL. By default it is not.
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// What is sent with every request: names and values.
    pub headers: Vec<(String, Secret)>,
    /// How long an answer may take before it counts as lost.
    pub timeout: Option<Duration>,
}

struct Shared {
    /// How many more reads may be in flight.
    reads: Semaphore,
    requests: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
    /// Seconds since 1970 by the server's clock, as last heard; 0 before the first answer.
    date: AtomicU64,
    /// Whether the token was ever accepted.
    accepted: AtomicBool,
    /// Set once the token is refused for good. Held for writing while that is being found out, so that
    /// nothing else is sent meanwhile.
    refused: RwLock<Option<Refused>>,
}

/// What a client has sent and received.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Requests sent, repeats included.
    pub requests: u64,
    /// Repeats among them.
    pub retries: u64,
    /// Bytes of answers received, after decompression.
    pub bytes: u64,
}

/// Makes ring the crypto library of TLS for everything in this process that has none yet.
///
/// rustls comes without one, and a client that finds none cannot be made. Calling it again changes nothing.
pub fn provide_crypto() {
    // Refused where it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Client {
    /// Makes a client for a workspace's URL; nothing is sent yet.
    ///
    /// Plain `http` is spoken to loopback only; certificates are always checked; redirects are not followed, because
    /// a workspace's API has none and a login page does. Loopback is never reached through a proxy.
    pub fn new(url: &str, bearer: Arc<dyn Bearer>) -> Result<Client, AddressError> {
        Client::with(url, bearer, &ClientOptions::default())
    }

    /// The same, for a workspace whose owner says how it is spoken to.
    pub fn with(url: &str, bearer: Arc<dyn Bearer>, options: &ClientOptions) -> Result<Client, AddressError> {
        let base = base_of(url)?;
        let headers = options.headers.iter().map(|(name, value)| header(name, value));
        let headers = headers.collect::<Result<HeaderMap, AddressError>>()?;
        provide_crypto();
        let builder = reqwest::Client::builder();
        // A proxy could not reach this machine, and would get the token unencrypted.
        let builder = if is_this_machine(&base) { builder.no_proxy() } else { builder };
        let http = builder
            .user_agent(concat!("amgctl/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(10))
            .timeout(options.timeout.unwrap_or(ANSWER_WITHIN))
            .pool_max_idle_per_host(2 * IN_FLIGHT)
            .build()
            .map_err(|e| AddressError::Certificates(errors::chain(&e)))?;
        let shared = Shared {
            reads: Semaphore::new(IN_FLIGHT),
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            date: AtomicU64::new(0),
            accepted: AtomicBool::new(false),
            refused: RwLock::new(None),
        };
        let hidden = options.headers.iter().map(|(_, value)| value.clone()).collect();
        Ok(Client { http, base, bearer, headers, hidden, shared: Arc::new(shared) })
    }

    /// The workspace's URL, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.base
    }

    /// What was sent and received so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic {
            requests: self.shared.requests.load(Ordering::Relaxed),
            retries: self.shared.retries.load(Ordering::Relaxed),
            bytes: self.shared.bytes.load(Ordering::Relaxed),
        }
    }

    /// Sends a request and gives its answer, whatever the status.
    ///
    /// Reads are repeated after a lost answer, 429, 500 (a locked database answers so) and 502 to 504; writes only when
    /// they were surely not done: the connection was refused, or the answer was 429. Waits are as long as `Retry-After`
    /// says, else random and longer each time. A write whose answer was lost is [`ApiError::Lost`]: whoever sent it
    /// looks before repeating it. A token that is refused for good is replaced where its source has another one, and the
    /// request sent again; where it has none, nothing is sent any more.
    pub async fn send(&self, request: &Request) -> Result<Response, ApiError> {
        let mut waits = backoff::waits(Duration::from_millis(100), Duration::from_secs(5)).take(ATTEMPTS - 1);
        loop {
            if let Some(refused) = &*self.shared.refused.read().await {
                return Err(ApiError::Unauthorised(refused.clone()));
            }
            let token = self.bearer.token().await;
            let answer = self.once(request, &token).await;
            if let Ok((response, _)) = &answer
                && response.status == 401
            {
                match self.is_it_true(response, &token).await? {
                    Refusal::Untrue => return answer.map(|(response, _)| response),
                    Refusal::Replaced => continue,
                }
            }
            let (again, asked) = match &answer {
                Ok((response, asked)) => (is_busy(request.method, response.status), *asked),
                Err(ApiError::NotReached(_)) => (true, None),
                Err(ApiError::Lost(_)) => (request.method.is_read(), None),
                Err(ApiError::NotGrafana(_) | ApiError::TooLarge | ApiError::Unauthorised(_)) => (false, None),
            };
            match waits.next() {
                Some(wait) if again => {
                    self.shared.retries.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(asked.unwrap_or(wait)).await;
                }
                _ => return answer.map(|(response, _)| response),
            }
        }
    }

    /// Some servers answer 401 although the token is good (fact: `untrue-401-403`): where it had worked before, one
    /// cheap read settles that, and nothing else is sent until it has.
    async fn is_it_true(&self, answer: &Response, sent: &Token) -> Result<Refusal, ApiError> {
        let mut refused = self.shared.refused.write().await;
        if let Some(refused) = &*refused {
            return Err(ApiError::Unauthorised(refused.clone()));
        }
        let now = self.bearer.token().await;
        if now.number != sent.number {
            // Another request found out before.
            return Ok(Refusal::Replaced);
        }
        if self.shared.accepted.load(Ordering::Relaxed) {
            let read = Request::get("/api/access-control/user/permissions");
            if !self.once(&read, &now).await.is_ok_and(|(again, _)| again.status == 401) {
                return Ok(Refusal::Untrue);
            }
        }
        if self.bearer.refused(sent.number).await {
            self.shared.accepted.store(false, Ordering::Relaxed);
            return Ok(Refusal::Replaced);
        }
        let words = answer.message();
        let ran_out = words.to_lowercase().contains("expired");
        let hint = format!("{}{}", if ran_out { "it ran out: " } else { "" }, self.bearer.hint());
        let told = Refused { words, hint };
        *refused = Some(told.clone());
        Err(ApiError::Unauthorised(told))
    }

    async fn once(&self, request: &Request, token: &Token) -> Result<(Response, Option<Duration>), ApiError> {
        // Writes have a pace of their own (`crate::apply::pace`), so that reading back does not hold them up.
        let _place = match request.method.is_read() {
            true => Some(self.shared.reads.acquire().await.map_err(|e| ApiError::NotReached(e.to_string()))?),
            false => None,
        };
        self.shared.requests.fetch_add(1, Ordering::Relaxed);
        let url = format!("{}{}", self.base, request.path);
        let mut building = match request.method {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url),
            Method::Put => self.http.put(url),
            Method::Patch => self.http.patch(url),
            Method::Delete => self.http.delete(url),
        };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.secret.expose()))
            .map_err(|_| ApiError::NotReached("the token contains characters that no token has".into()))?;
        bearer.set_sensitive(true);
        building = building
            .headers(self.headers.clone())
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, request.accept.unwrap_or("application/json"));
        if let Some(body) = &request.body {
            building = building.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let answer = building.send().await.map_err(|e| ApiError::of(&e))?;
        let hidden: Vec<&Secret> = request.secrets.iter().chain(&*self.hidden).chain([&token.secret]).collect();
        let (response, asked) = self.accept(answer, &hidden).await?;
        Ok((response.hiding(&hidden), asked))
    }

    async fn accept(
        &self,
        mut answer: reqwest::Response,
        hidden: &[&Secret],
    ) -> Result<(Response, Option<Duration>), ApiError> {
        let status = answer.status().as_u16();
        let header =
            |name| answer.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok()).map(str::to_owned);
        let date = header(DATE).and_then(|text| seconds_of_http_date(&text));
        let asked =
            header(RETRY_AFTER).and_then(|text| text.parse().ok()).map(|s: u64| Duration::from_secs(s.min(60)));
        let kind = header(CONTENT_TYPE).unwrap_or_default();
        let location = header(LOCATION);
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| ApiError::of_body(&e))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(ApiError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        self.shared.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        if (300..400).contains(&status) {
            let to = location.map_or_else(|| "nowhere".into(), |to| hide(&to, hidden));
            return Err(ApiError::NotGrafana(format!("it answers {status} and redirects to `{to}`")));
        }
        let html = kind.starts_with("text/html");
        if html
            || (status == 200
                && !body.is_empty()
                && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err())
        {
            if status >= 500 || status == 429 {
                // A proxy's own page: the status is what counts.
                return Ok((Response { status, body: Vec::new() }, asked));
            }
            if !html {
                return Err(ApiError::Lost("its answer ends in the middle, or is not JSON".into()));
            }
            return Err(ApiError::NotGrafana(format!("it answers {status} with a web page instead of JSON")));
        }
        if let Some(date) = date.and_then(|d| u64::try_from(d).ok()) {
            self.shared.date.fetch_max(date, Ordering::Relaxed);
        }
        if (200..300).contains(&status) {
            self.shared.accepted.store(true, Ordering::Relaxed);
        }
        Ok((Response { status, body }, asked))
    }

    /// The server's clock as last heard: seconds since 1970; none before the first answer.
    #[must_use]
    pub fn server_time(&self) -> Option<i64> {
        let date = self.shared.date.load(Ordering::Relaxed);
        i64::try_from(date).ok().filter(|d| *d > 0)
    }
}

/// What a 401 turned out to be.
enum Refusal {
    /// The token is good, and the answer was not true.
    Untrue,
    /// The token is bad, and there is another one.
    Replaced,
}

fn is_busy(method: Method, status: u16) -> bool {
    status == 429 || (method.is_read() && matches!(status, 500 | 502..=504))
}

fn seconds_of_http_date(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp().as_second())
}

fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), AddressError> {
    let odd = || AddressError::Header(name.to_owned());
    let mut text = HeaderValue::from_bytes(value.expose().as_bytes()).map_err(|_| odd())?;
    text.set_sensitive(true);
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| odd())?, text))
}

/// Whether two URLs are of one server: scheme, host and port.
#[must_use]
pub fn is_same_server(one: &str, other: &str) -> bool {
    let origin = |url: &str| reqwest::Url::parse(url).ok().map(|url| url.origin());
    origin(one).is_some() && origin(one) == origin(other)
}

/// Whether a URL is of this machine.
#[must_use]
pub fn is_this_machine(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| is_loopback(host.trim_start_matches('[').trim_end_matches(']')))
}

/// Whether a host, without brackets, is this machine: the only one that plain `http` is spoken to.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn base_of(url: &str) -> Result<String, AddressError> {
    let parsed = reqwest::Url::parse(url).map_err(|e| AddressError::NoUrl(url.to_owned(), e.to_string()))?;
    let bare = |host: &str| is_loopback(host.trim_start_matches('[').trim_end_matches(']'));
    let loopback = parsed.host_str().is_some_and(bare);
    match parsed.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err(AddressError::Unencrypted(url.to_owned())),
        other => return Err(AddressError::Scheme(other.to_owned())),
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(AddressError::User);
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(AddressError::Query(url.to_owned()));
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(base_of("http://127.0.0.1:3000/").is_ok());
        assert!(base_of("http://[::1]:3000").is_ok());
        assert!(base_of("http://localhost:3000").is_ok());
        assert!(base_of("http://grafana.example.com").is_err());
        assert!(base_of("https://grafana.example.com/sub/").unwrap().ends_with("/sub"));
        assert!(base_of("https://u:p@grafana.example.com").is_err());
        assert!(base_of("ftp://grafana.example.com").is_err());
    }

    #[test]
    fn the_date_header_is_read() {
        assert_eq!(seconds_of_http_date("Thu, 01 Jan 1970 00:01:00 GMT"), Some(60));
    }

    /// Answers one request with a status, and a message that repeats what was sent.
    async fn repeating(status: u16, how: fn(&str) -> String) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut sent = vec![0; 4096];
                let n = stream.read(&mut sent).await.unwrap();
                let sent = String::from_utf8_lossy(&sent[..n]).into_owned();
                let body = serde_json::json!({ "message": how(&sent) }).to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nlocation: /{token}\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n",
                    body.len(),
                    token = sent.split("Bearer ").nth(1).unwrap_or_default().split('\r').next().unwrap_or_default(),
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        url
    }

    #[tokio::test]
    async fn what_is_sent_is_not_told_where_the_answer_repeats_it() {
        let token = Secret::new("glsa_0123456789abcdefghij".into());
        let secret = Secret::new("p\"w/0123456789".into());
        for status in [302, 400, 401, 403, 412, 422] {
            for how in [|sent: &str| sent.to_owned(), |sent: &str| sent[sent.len() - 30..].to_owned()] {
                let given = bearer::Given { secret: token.clone(), hint: String::new() };
                let client = Client::new(&repeating(status, how).await, Arc::new(given)).unwrap();
                let body = serde_json::json!({ "secureJsonData": { "password": secret.expose() } }).to_string();
                let request = Request::write(Method::Post, "/api/datasources", body).hiding([secret.clone()]);
                let told = match client.send(&request).await {
                    Ok(answer) => format!("{} {}", String::from_utf8_lossy(&answer.body), answer.message()),
                    Err(error) => format!("{error} {error:?} {}", error.hint()),
                };
                assert!(!told.contains("glsa_") && !told.contains("012345"), "{status}: {told}");
            }
        }
    }
}
