//! Listens on loopback, speaks HTTP, and applies latency and faults around what [`super::routes`] answers.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::busy::{self, Suffering};
use super::faults::{Faults, What};
use super::persist::Store;
use super::racing;
use super::request::Request;
use super::routes;
use super::rules::Rules;
use super::state::State;

/// Everything the connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// How this server behaves.
    pub rules: Rules,
    /// How long every answer waits.
    pub latency: Duration,
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked and answered, if that is to be remembered.
    pub log: Option<Mutex<Vec<Logged>>>,
    /// What it holds, and where it keeps it.
    kept: Mutex<Kept>,
    /// Requests that only read.
    pub reads: AtomicUsize,
    /// Requests that change something, or try to.
    pub writes: AtomicUsize,
    /// Requests that change something and are not answered yet.
    writing: AtomicUsize,
}

/// One request and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The status; nothing when the connection was cut.
    pub status: Option<u16>,
}

/// A body is read this far, in bytes, so that whoever sends too much hears of it before the connection ends.
const READ_LIMIT: usize = 128 * 1024 * 1024;

/// How long a write takes in a busy database.
const WRITE_TIME: Duration = Duration::from_millis(4);

/// The connection is closed without an answer.
#[derive(Debug)]
pub(super) struct Cut;

impl std::error::Error for Cut {}

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

#[derive(Debug)]
struct Kept {
    state: State,
    store: Option<Store>,
    closed: bool,
}

impl Shared {
    /// Puts together what the connections share.
    pub(crate) fn new(
        rules: Rules,
        latency: Duration,
        faults: Faults,
        log: bool,
        state: State,
        store: Option<Store>,
    ) -> Shared {
        Shared {
            rules,
            latency,
            faults,
            log: log.then(Mutex::default),
            kept: Mutex::new(Kept { state, store, closed: false }),
            reads: AtomicUsize::new(0),
            writes: AtomicUsize::new(0),
            writing: AtomicUsize::new(0),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic in a handler cannot leave half a change behind that matters more than answering on.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A save that may overlook another one, as it begins.
    fn begin_save(&self, request: &Request, n: usize) -> Option<racing::Racing> {
        racing::begin(&self.faults, &self.rules, &self.kept().state, request, n as u64)
    }

    /// The request as it is done: a save that overlooks another one is not what was sent.
    fn settled(&self, racing: &racing::Racing, request: &Request) -> Option<Request> {
        racing.settled(&self.rules, &self.kept().state, request)
    }

    /// Answers a request; a change is in the data file before this returns.
    fn answer(&self, request: &Request, n: usize) -> Answer {
        let mut kept = self.kept();
        if kept.closed {
            return Answer::message(503, "the embedded workspace has stopped");
        }
        let Kept { state, store, .. } = &mut *kept;
        let writers = self.writing.load(Ordering::Relaxed);
        let suffering = busy::suffer(&self.faults, &self.rules, state, request, writers, n as u64);
        let answer = match suffering {
            Some(Suffering::Refused(answer)) => return answer,
            Some(Suffering::Done(answer)) => {
                let done = routes::answer(&self.rules, state, request);
                if done.status < 300 { answer } else { done }
            }
            None => routes::answer(&self.rules, state, request),
        };
        match store {
            None => state.changed.clear(),
            Some(store) => {
                if let Err(e) = store.save(state) {
                    return Answer::message(500, &format!("the embedded workspace cannot keep this: {e:#}"));
                }
            }
        }
        answer
    }

    /// Looks at what is held, or changes it; a change is in the data file before this returns.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&Rules, &mut State) -> T) -> Result<T> {
        let mut kept = self.kept();
        anyhow::ensure!(!kept.closed, "the embedded workspace has stopped");
        let Kept { state, store, .. } = &mut *kept;
        let outcome = act(&self.rules, state);
        match store {
            None => state.changed.clear(),
            Some(store) => store.save(state)?,
        }
        Ok(outcome)
    }

    /// Lets go of the data file, after folding it into one if asked to; nothing is answered any more.
    pub(crate) fn close(&self, fold: bool) -> Result<()> {
        let mut kept = self.kept();
        kept.closed = true;
        match kept.store.take() {
            Some(mut store) if fold => store.snapshot(&kept.state),
            _ => Ok(()),
        }
    }
}

/// Serves a workspace until told to stop.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: watch::Receiver<bool>) {
    let accepts = || !shared.faults.refuses();
    let answering = shared.clone();
    listen(listener, stop, accepts, move |request| respond(answering.clone(), request)).await;
}

/// Accepts connections until told to stop, then lets those that are busy finish.
pub(super) async fn listen<F, R>(
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
    accepts: impl Fn() -> bool,
    respond: F,
) where
    F: Fn(axum::http::Request<Incoming>) -> R + Clone + Send + 'static,
    R: Future<Output = Result<Response<Body>, Cut>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted
                    && accepts()
                {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(TokioIo::new(stream), respond.clone(), stop.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn connection<F, R>(io: TokioIo<tokio::net::TcpStream>, respond: F, mut stop: watch::Receiver<bool>)
where
    F: Fn(axum::http::Request<Incoming>) -> R,
    R: Future<Output = Result<Response<Body>, Cut>>,
{
    let serving = http1::Builder::new().timer(TokioTimer::new()).serve_connection(io, service_fn(respond));
    let mut serving = std::pin::pin!(serving);
    let mut stopping = false;
    loop {
        tokio::select! {
            // An error here is a connection that ended, which is nothing to tell.
            _ = serving.as_mut() => return,
            _ = stop.changed(), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn respond(shared: Arc<Shared>, request: axum::http::Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let mut read = Request::at(parts.method.as_str(), parts.uri.path(), parts.uri.query().unwrap_or(""));
    let text = |headers: &HeaderMap, name| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    read.accept = text(&parts.headers, header::ACCEPT).unwrap_or_default();
    read.content_type = text(&parts.headers, header::CONTENT_TYPE).unwrap_or_default();
    read.authorization = text(&parts.headers, header::AUTHORIZATION);
    let answer = match to_bytes(Body::new(body), READ_LIMIT).await {
        Ok(bytes) if bytes.len() <= shared.rules.body_limit => {
            read = read.with_body(&bytes);
            answer_with_faults(&shared, &read).await
        }
        Ok(_) | Err(_) => Some(routes::too_large(&shared.rules, &read)),
    };
    if let Some(log) = &shared.log {
        let status = answer.as_ref().map(|a| a.status);
        let (method, path) = (read.method, read.path);
        log.lock().unwrap_or_else(PoisonError::into_inner).push(Logged { method, path, status });
    }
    answer.map(response).ok_or(Cut)
}

/// The answer after everything that is to go wrong; nothing where the connection is to be cut.
async fn answer_with_faults(shared: &Shared, request: &Request) -> Option<Answer> {
    let write = request.is_write();
    let counter = if write { &shared.writes } else { &shared.reads };
    let n = counter.fetch_add(1, Ordering::Relaxed) + 1;
    let strikes = shared.faults.strike(request);
    let slow = |done: bool| {
        let slow = strikes.iter().filter(move |(what, _)| *what == What::Slow { done });
        slow.filter_map(|(_, time)| *time).fold(Duration::ZERO, Duration::saturating_add)
    };
    let mut wait = shared.latency.saturating_add(slow(false));
    if write && shared.faults.busy_as_measured() {
        wait = wait.saturating_add(WRITE_TIME);
    }
    let _writing = write.then(|| Counted::new(&shared.writing));
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    for (what, time) in &strikes {
        match what {
            What::Cut { done: false } => return None,
            What::Status { code, done: false } => return Some(struck(*code, *time)),
            What::Nac => return Some(Answer::text(403, "Forbidden")),
            What::Revoke => {
                if let Err(error) = shared.with(|_, state| state.revoke()) {
                    return Some(Answer::message(500, &format!("{error:#}")));
                }
            }
            What::Cut { done: true }
            | What::Status { done: true, .. }
            | What::Slow { .. }
            | What::Refuse
            | What::Busy
            | What::RacySaves
            | What::Throttle
            | What::Denied
            | What::Quota
            | What::Expired
            | What::Skew
            | What::Updating => {}
        }
    }
    let racing = shared.begin_save(request, n);
    if racing.is_some() {
        tokio::time::sleep(racing::HELD).await;
    }
    let overlooks = racing.and_then(|racing| shared.settled(&racing, request));
    let answer = shared.answer(overlooks.as_ref().unwrap_or(request), n);
    if !slow(true).is_zero() {
        tokio::time::sleep(slow(true)).await;
    }
    for (what, time) in &strikes {
        match what {
            What::Cut { .. } => return None,
            What::Status { code, .. } => return Some(struck(*code, *time)),
            What::Slow { .. } | What::Refuse | What::Busy | What::RacySaves | What::Nac | What::Revoke => {}
            What::Throttle | What::Denied | What::Quota | What::Expired | What::Skew | What::Updating => {}
        }
    }
    Some(answer)
}

/// Counts up while it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Counted<'a> {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a fault answers in the server's place.
fn struck(code: u16, time: Option<Duration>) -> Answer {
    let told = match code {
        429 => "Too many requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Gateway Timeout",
    };
    let mut answer = match code {
        429 | 500 => Answer::message(code, told),
        _ => Answer::text(code, told),
    };
    if code == 429 {
        let seconds = time.map_or(1, |t| t.as_secs() + u64::from(t.subsec_nanos() > 0));
        answer.headers.push(("retry-after", seconds.to_string()));
    }
    answer
}

/// An answer as it is sent.
pub(super) fn response(answer: Answer) -> Response<Body> {
    let mut response = Response::builder()
        .status(answer.status)
        .header(header::CONTENT_TYPE, answer.content_type)
        .header(header::CACHE_CONTROL, "no-store");
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap_or_default()
}
