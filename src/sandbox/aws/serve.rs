//! Listens, makes out which service and action a request is for, checks its signature, and applies what goes wrong.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Response, header};
use hyper::body::Incoming;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::answers::{Exception, Outcome, Protocol, answer};
use super::keys::Key;
use super::signature::{Signed, check};
use super::{ACCOUNT, Cloud, REGION, grafana, lock, parameters, secrets, sts};
use crate::sandbox::answer::Answer;
use crate::sandbox::faults::What;
use crate::sandbox::request::Request;
use crate::sandbox::server::{Cut, Logged, listen, response};

/// The largest body that is read.
const LARGEST: usize = 1024 * 1024;

/// A call, made out and signed.
pub struct Call<'a> {
    /// Everything.
    pub cloud: &'a Cloud,
    /// The action's name.
    pub action: String,
    /// Who asks.
    pub key: Key,
    /// Path, query and method.
    pub request: &'a Request,
    /// The body as JSON; a form's members as texts.
    pub body: Value,
}

impl Call<'_> {
    /// A member of the body as a text; empty where it is none.
    pub fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A member of the body as a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.body.get(name)?.as_i64().or_else(|| self.text(name).parse().ok())
    }

    /// A member of the body as a list of texts.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let items = self.body.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    }
}

/// Serves AWS until told to stop.
pub async fn serve(listener: TcpListener, cloud: Arc<Cloud>, stop: watch::Receiver<bool>) {
    listen(listener, stop, || true, move |request| respond(cloud.clone(), request)).await;
}

async fn respond(cloud: Arc<Cloud>, request: axum::http::Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or("").to_owned());
    let read = Request::at(parts.method.as_str(), &path, &query);
    let target = parts.headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let Ok(bytes) = to_bytes(Body::new(body), LARGEST).await else {
        let refusal = Exception::new(413, "RequestEntityTooLarge", "the request is too large");
        return Ok(response(answer(Protocol::Rest, "", Err(refusal))));
    };
    let form = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let form = form.starts_with("application/x-www-form-urlencoded");
    let made_out = make_out(&read, &target, form, &bytes);
    let mut named = read.clone();
    named.path = format!("aws:{}", made_out.action);
    *lock(&cloud.calls).entry(made_out.action.clone()).or_default() += 1;
    let strikes = cloud.faults.strike(&named);
    let slow = |done: bool| {
        let slow = strikes.iter().filter(move |(what, _)| *what == What::Slow { done });
        slow.filter_map(|(_, time)| *time).fold(Duration::ZERO, Duration::saturating_add)
    };
    if !slow(false).is_zero() {
        tokio::time::sleep(slow(false)).await;
    }
    let signed =
        Signed { method: parts.method.as_str(), path: &path, query: &query, headers: &parts.headers, body: &bytes };
    let sent = answered(&cloud, &made_out, &read, &signed, &strikes);
    if !slow(true).is_zero() {
        tokio::time::sleep(slow(true)).await;
    }
    if let Some(log) = &cloud.log {
        let status = sent.as_ref().map(|a| a.status);
        lock(log).push(Logged { method: read.method.clone(), path: named.path, status });
    }
    let date = jiff::Timestamp::from_second(cloud.clock.now()).unwrap_or_default();
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut sent = sent.ok_or(Cut)?;
    sent.headers.push(("date", date));
    Ok(response(sent))
}

/// What a request is for.
struct MadeOut {
    protocol: Protocol,
    service: &'static str,
    action: String,
    body: Result<Value, Exception>,
}

fn make_out(request: &Request, target: &str, form: bool, body: &[u8]) -> MadeOut {
    let json = || {
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(body)
            .map_err(|_| Exception::new(400, "SerializationException", "the body is no JSON"))
    };
    if let Some((service, action)) = target.split_once('.') {
        let service = if service == "secretsmanager" { "secretsmanager" } else { "ssm" };
        return MadeOut { protocol: Protocol::Json, service, action: action.to_owned(), body: json() };
    }
    if form {
        let pairs = Request::at("POST", "/", &String::from_utf8_lossy(body)).query;
        let members: serde_json::Map<String, Value> =
            pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
        let action = members.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
        return MadeOut { protocol: Protocol::Query, service: "sts", action, body: Ok(Value::Object(members)) };
    }
    let action = grafana::action(request).to_owned();
    MadeOut { protocol: Protocol::Rest, service: "grafana", action, body: json() }
}

/// The answer after everything that is to go wrong; nothing where the connection is to be cut.
fn answered(
    cloud: &Cloud,
    made_out: &MadeOut,
    request: &Request,
    signed: &Signed<'_>,
    strikes: &[(What, Option<Duration>)],
) -> Option<Answer> {
    let MadeOut { protocol, service, action, .. } = made_out;
    let refuse = |exception: Exception| Some(answer(*protocol, action, Err(exception)));
    let (mut done, mut updating) = (None, false);
    for (what, time) in strikes {
        match what {
            What::Cut { done: false } => return None,
            What::Status { code, done: false } => return refuse(struck(*code, *time)),
            What::Denied => {
                let principal = lock(&cloud.kept).data.key.arn.clone();
                let resource = resource(service, request);
                return refuse(Exception::denied(&principal, &format!("{service}:{action}"), &resource));
            }
            What::Quota => return refuse(Exception::quota("workspace", "", "the quota of this is used up")),
            What::Expired => {
                let told = "The security token included in the request is expired";
                return refuse(Exception::new(403, "ExpiredTokenException", told));
            }
            What::Skew => {
                let told = "Signature expired: the request was signed more than 5 minutes ago";
                return refuse(Exception::new(403, "InvalidSignatureException", told));
            }
            What::Updating => updating = true,
            What::Cut { done: true } | What::Status { done: true, .. } => done = Some((*what, *time)),
            What::Slow { .. } | What::Refuse | What::Busy | What::Nac | What::Revoke => {}
        }
    }
    let outcome = carried_out(cloud, made_out, request, signed, updating);
    match done {
        Some((What::Status { code, .. }, time)) if outcome.is_ok() => refuse(struck(code, time)),
        Some((What::Cut { .. }, _)) => None,
        _ => Some(answer(*protocol, action, outcome)),
    }
}

fn carried_out(
    cloud: &Cloud,
    made_out: &MadeOut,
    request: &Request,
    signed: &Signed<'_>,
    updating: bool,
) -> Outcome {
    // Some calls of STS are how a caller gets a key at all.
    let unsigned = made_out.action == "AssumeRoleWithWebIdentity";
    let key = match unsigned {
        true => lock(&cloud.kept).data.key.clone(),
        false => check(cloud, made_out.protocol, made_out.service, signed)?,
    };
    let body = made_out.body.clone()?;
    let call = Call { cloud, action: made_out.action.clone(), key, request, body };
    match made_out.service {
        "grafana" => grafana::call(&call, updating),
        "secretsmanager" => secrets::call(&call),
        "ssm" => parameters::call(&call),
        _ => sts::call(&call),
    }
}

/// What a fault answers in AWS's place.
fn struck(code: u16, time: Option<Duration>) -> Exception {
    let mut exception = match code {
        429 => Exception::new(429, "ThrottlingException", "Rate exceeded"),
        500 => Exception::new(500, "InternalServerException", "Internal server error"),
        502 => Exception::new(502, "BadGateway", "Bad gateway"),
        503 => Exception::new(503, "ServiceUnavailable", "Service unavailable"),
        _ => Exception::new(504, "GatewayTimeout", "Gateway timeout"),
    };
    if code == 429 {
        exception.retry_after = time.map(|t| t.as_secs() + u64::from(t.subsec_nanos() > 0));
    }
    exception
}

fn resource(service: &str, request: &Request) -> String {
    match (service, request.segments.get(1)) {
        ("grafana", Some(id)) => format!("arn:aws:grafana:{REGION}:{ACCOUNT}:/workspaces/{id}"),
        ("grafana", None) => format!("arn:aws:grafana:{REGION}:{ACCOUNT}:/workspaces/*"),
        _ => "*".into(),
    }
}
