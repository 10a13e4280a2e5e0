//! Listens on loopback, speaks HTTP, and applies latency and faults around what [`super::routes`] answers.

use std::convert::Infallible;
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
use super::persist::Store;
use super::request::Request;
use super::routes;
use super::rules::Rules;
use super::state::State;

/// Everything the connections share.
#[derive(Debug)]
pub struct Shared {
    /// How this server behaves.
    pub rules: Rules,
    /// How long every answer waits.
    pub latency: Duration,
    /// What it holds, and where it keeps it.
    kept: Mutex<Kept>,
    /// Requests that only read.
    pub reads: AtomicUsize,
    /// Requests that change something, or try to.
    pub writes: AtomicUsize,
}

#[derive(Debug)]
struct Kept {
    state: State,
    store: Option<Store>,
    closed: bool,
}

impl Shared {
    /// Puts together what the connections share.
    pub fn new(rules: Rules, latency: Duration, state: State, store: Option<Store>) -> Shared {
        let kept = Mutex::new(Kept {
            state,
            store,
            closed: false,
        });
        Shared {
            rules,
            latency,
            kept,
            reads: AtomicUsize::new(0),
            writes: AtomicUsize::new(0),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic in a handler cannot leave half a change behind that matters more than answering on.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request; a change is in the data file before this returns.
    fn answer(&self, request: &Request) -> Answer {
        let mut kept = self.kept();
        if kept.closed {
            return Answer::message(503, "the embedded workspace has stopped");
        }
        let Kept { state, store, .. } = &mut *kept;
        let answer = routes::answer(&self.rules, state, request);
        match store {
            None => state.changed.clear(),
            Some(store) => {
                if let Err(e) = store.save(state) {
                    return Answer::message(
                        500,
                        &format!("the embedded workspace cannot keep this: {e:#}"),
                    );
                }
            }
        }
        answer
    }

    /// Lets go of the data file, after folding it into one if asked to; nothing is answered any more.
    pub fn close(&self, fold: bool) -> Result<()> {
        let mut kept = self.kept();
        kept.closed = true;
        match kept.store.take() {
            Some(mut store) if fold => store.snapshot(&kept.state),
            _ => Ok(()),
        }
    }
}

/// Accepts connections until told to stop, then lets those that are busy finish.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(TokioIo::new(stream), shared.clone(), stop.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn connection(
    io: TokioIo<tokio::net::TcpStream>,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| respond(shared.clone(), request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(io, service);
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

async fn respond(
    shared: Arc<Shared>,
    request: axum::http::Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let mut read = Request::at(
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query().unwrap_or(""),
    );
    let text = |headers: &HeaderMap, name| {
        headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    read.accept = text(&parts.headers, header::ACCEPT).unwrap_or_default();
    read.content_type = text(&parts.headers, header::CONTENT_TYPE).unwrap_or_default();
    read.authorization = text(&parts.headers, header::AUTHORIZATION);
    let counter = if read.is_write() {
        &shared.writes
    } else {
        &shared.reads
    };
    counter.fetch_add(1, Ordering::Relaxed);
    let answer = match to_bytes(Body::new(body), shared.rules.body_limit).await {
        Ok(bytes) => {
            read.body = bytes.to_vec();
            if !shared.latency.is_zero() {
                tokio::time::sleep(shared.latency).await;
            }
            shared.answer(&read)
        }
        Err(_) => Answer::message(413, "Dashboard is too large, max is 16 MB"),
    };
    Ok(response(answer))
}

fn response(answer: Answer) -> Response<Body> {
    let mut response = Response::builder()
        .status(answer.status)
        .header(header::CONTENT_TYPE, answer.content_type)
        .header(header::CACHE_CONTROL, "no-store");
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap_or_default()
}
