//! What a process that runs for long says of itself over HTTP: to the probes of a platform, to Prometheus.
//!
//! Knows neither paths nor what is said there: whoever listens gives an answer for each path. Answers hold no secret, so
//! nobody is asked who they are; requests are small, few at a time, and short.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// How many callers are answered at once; the others wait.
const CALLERS: usize = 16;
/// How long a caller may take, from connecting to having the answer.
const WITHIN: Duration = Duration::from_secs(10);
/// The most bytes of a request's head.
const HEAD: usize = 16 * 1024;

/// What is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The status: 200, 503.
    pub status: u16,
    /// The content type.
    pub content: &'static str,
    /// The body.
    pub body: String,
}

/// Gives an answer for a path; none where there is nothing.
pub type Answers = Arc<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

/// Answers as long as it lives.
pub struct Probes {
    /// Where.
    pub address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Probes {
    /// Listens at an address, as `127.0.0.1:9484`. Fails where that cannot be had.
    pub async fn listen(address: &str, answers: Answers) -> io::Result<Probes> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Probes { address, serving: tokio::spawn(serve(listener, answers)) })
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, answers: Answers) {
    let callers = Arc::new(Semaphore::new(CALLERS));
    loop {
        let Ok(caller) = Arc::clone(&callers).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let answers = Arc::clone(&answers);
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(WITHIN, answer(stream, answers)).await;
                    drop(caller);
                });
            }
            // A machine that has no file left to open may have one in a moment.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Answers one request of a caller, who is then hung up on.
async fn answer(stream: TcpStream, answers: Answers) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answers = Arc::clone(&answers);
        async move { Ok::<_, Infallible>(respond(request.method(), request.uri().path(), &answers)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(WITHIN)
        .max_buf_size(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever hangs up is nobody's trouble.
    let _ = connection.await;
}

fn respond(method: &Method, path: &str, answers: &Answers) -> Response<String> {
    const TEXT: &str = "text/plain; charset=utf-8";
    let text = |status, body: &str| Answer { status, content: TEXT, body: body.to_owned() };
    let answer = match *method {
        Method::GET | Method::HEAD => answers(path).unwrap_or_else(|| text(404, "not found\n")),
        _ => text(405, "only GET\n"),
    };
    let mut response = Response::new(answer.body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn probes() -> Probes {
        let answers: Answers = Arc::new(|path| {
            let body = "well\n".to_owned();
            (path == "/healthz").then_some(Answer { status: 200, content: "text/plain", body })
        });
        Probes::listen("127.0.0.1:0", answers).await.unwrap()
    }

    /// What comes back for these bytes, until the other end hangs up.
    async fn sent(probes: &Probes, bytes: &[u8]) -> String {
        let stream = TcpStream::connect(probes.address).await.unwrap();
        let mut rest = bytes;
        while !rest.is_empty() {
            stream.writable().await.unwrap();
            match stream.try_write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        let (mut got, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            stream.readable().await.unwrap();
            match stream.try_read(&mut piece) {
                Ok(0) => break,
                Ok(length) => got.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        String::from_utf8_lossy(&got).into_owned()
    }

    #[tokio::test]
    async fn a_path_is_answered_and_the_caller_hung_up_on() {
        let probes = probes().await;
        let answer = sent(&probes, b"GET /healthz?x=1 HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nwell\n"), "{answer}");
        let answer = sent(&probes, b"HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
    }

    #[tokio::test]
    async fn whatever_else_is_sent_is_answered_with_an_error() {
        let probes = probes().await;
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
        for (bytes, status) in [
            (&b"GET /secret HTTP/1.1\r\nhost: x\r\n\r\n"[..], "404"),
            (b"POST /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", "405"),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", "400"),
        ] {
            let answer = sent(&probes, bytes).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "wanted {status}: {answer}");
        }
        // Whoever goes on sending may be hung up on before the answer is read.
        let answer = sent(&probes, long.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }

    #[tokio::test]
    async fn callers_who_say_nothing_keep_nobody_off_for_long() {
        let probes = probes().await;
        let mut silent = Vec::new();
        for _ in 0..CALLERS - 1 {
            silent.push(TcpStream::connect(probes.address).await.unwrap());
        }
        let answer = sent(&probes, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
