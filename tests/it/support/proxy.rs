//! A server between the program and its workspace: counts requests, holds one, answers in the workspace's place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};

use super::{block_on, client, runtime};

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Does {
    /// It goes on to the workspace.
    Pass,
    /// It is held until [`Proxy::release`], then goes on.
    HoldBefore,
    /// It goes on, and its answer is held until [`Proxy::release`].
    HoldAfter,
    /// It goes on, and the answer's clock is this many seconds late.
    Later(i64),
    /// It is held until [`Proxy::release`], then answered so: status, content type, body.
    HoldAnswer(u16, &'static str, &'static str),
    /// It is answered so: status, content type, body, and `location` where one is given.
    Answer(u16, &'static str, String, Option<&'static str>),
    /// It goes on to the workspace, and is answered so all the same.
    DoneBut(u16, &'static str, &'static str, Option<&'static str>),
}

type Rule = Box<dyn Fn(&Seen<'_>) -> Does + Send + Sync>;

/// A request, as a rule sees it.
pub struct Seen<'a> {
    /// Counts those that are no reads from 1; the number of the last one for reads.
    pub write: usize,
    /// The method.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The body, as text.
    pub body: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
}

impl Seen<'_> {
    /// Whether it saves a dashboard (the record is one too), by whichever API this server is written by.
    pub fn saves_a_dashboard(&self) -> bool {
        saves_a_dashboard(self.method, self.path)
    }

    /// Whether it saves a dashboard that is no record.
    pub fn saves_an_object(&self) -> bool {
        self.saves_a_dashboard() && !self.path.contains("/amgctl-") && !self.body.contains("\"amgctl-demo\"")
    }

    /// Whether it is no read.
    pub fn is_write(&self) -> bool {
        self.method != "GET"
    }
}

/// Whether a request saves a dashboard, by whichever API this server is written by.
pub fn saves_a_dashboard(method: &str, path: &str) -> bool {
    (method == "POST" && path == "/api/dashboards/db")
        || (matches!(method, "POST" | "PUT") && path.starts_with("/apis/dashboard.grafana.app/"))
}

/// A server between the program and its workspace.
pub struct Proxy {
    /// Where it is.
    pub url: String,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

struct Shared {
    upstream: String,
    client: reqwest::Client,
    rule: Rule,
    writes: AtomicUsize,
    held: tokio::sync::Semaphore,
    released: tokio::sync::Semaphore,
}

impl Proxy {
    /// Stands before a workspace.
    pub fn before(upstream: &str, rule: impl Fn(&Seen<'_>) -> Does + Send + Sync + 'static) -> Proxy {
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            client: client(),
            rule: Box::new(rule),
            writes: AtomicUsize::new(0),
            held: tokio::sync::Semaphore::new(0),
            released: tokio::sync::Semaphore::new(0),
        });
        let listener = block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = shared.clone();
        let router =
            axum::Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                let shared = state.clone();
                async move { shared.answer(&method, &uri, &headers, body).await }
            });
        let serving = runtime().spawn(async move { axum::serve(listener, router).await.unwrap() });
        Proxy { url, shared, serving }
    }

    /// Waits until a request is held.
    pub fn holds(&self) {
        block_on(async {
            tokio::time::timeout(Duration::from_secs(30), self.shared.held.acquire())
                .await
                .expect("no request came to be held")
                .unwrap()
                .forget();
        });
    }

    /// Whether a request is held before a program ends: true when it is, false when it ended without.
    pub fn holds_or(&self, child: &mut std::process::Child) -> bool {
        loop {
            let held = block_on(async {
                tokio::time::timeout(Duration::from_millis(10), self.shared.held.acquire()).await.ok().map(|p| {
                    p.unwrap().forget();
                })
            });
            if held.is_some() {
                return true;
            }
            if child.try_wait().unwrap().is_some() {
                return false;
            }
        }
    }

    /// Lets what is held, and will be, go on.
    pub fn release(&self) {
        self.shared.released.add_permits(1_000_000);
    }

    /// How many requests came that are no reads.
    pub fn writes(&self) -> usize {
        self.shared.writes.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    async fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response<Body> {
        let is_write = usize::from(method != Method::GET);
        let write = self.writes.fetch_add(is_write, Ordering::SeqCst) + is_write;
        let text = String::from_utf8_lossy(&body);
        let does = (self.rule)(&Seen { write, method: method.as_str(), path: uri.path(), body: &text, headers });
        if let Does::HoldAnswer(status, kind, body) = does {
            self.hold().await;
            return Response::builder().status(status).header("content-type", kind).body(Body::from(body)).unwrap();
        }
        if let Does::Answer(status, kind, body, location) = does {
            let mut answer = Response::builder().status(status).header("content-type", kind);
            if let Some(location) = location {
                answer = answer.header("location", location);
            }
            return answer.body(Body::from(body)).unwrap();
        }
        if let Does::DoneBut(status, kind, text, location) = does {
            self.forward(method, uri, headers, body).await;
            let mut answer = Response::builder().status(status).header("content-type", kind);
            if let Some(location) = location {
                answer = answer.header("location", location);
            }
            return answer.body(Body::from(text)).unwrap();
        }
        if matches!(does, Does::HoldBefore) {
            self.hold().await;
        }
        let mut answer = self.forward(method, uri, headers, body).await;
        if let Does::Later(seconds) = does {
            let now = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
            let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            answer.headers_mut().insert("date", date.parse().unwrap());
        }
        if matches!(does, Does::HoldAfter) {
            self.hold().await;
        }
        answer
    }

    async fn hold(&self) {
        self.held.add_permits(1);
        self.released.acquire().await.unwrap().forget();
    }

    async fn forward(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response<Body> {
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.upstream)).body(body);
        for name in ["authorization", "accept", "content-type"] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await.unwrap();
        let mut built = Response::builder().status(answer.status());
        for name in ["content-type", "date", "retry-after", "location"] {
            if let Some(value) = answer.headers().get(name) {
                built = built.header(name, value);
            }
        }
        built.body(Body::from(answer.bytes().await.unwrap())).unwrap()
    }
}
