//! Listens, makes out which service and action a request is for, checks its signature, and applies what goes wrong.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Response, header};
use hyper::body::Incoming;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::answers::{Exception, Outcome, answer};
use super::keys::Key;
use super::service::Service;
use super::signature::{Signed, check};
use super::{Cloud, grafana, lock, parameters, secrets, sts};
use crate::answer::Answer;
use crate::faults::What;
use crate::request::Request;
use crate::server::{Cut, Logged, listen, response};

/// The largest body that is read.
const LARGEST: usize = 1024 * 1024;

/// A call, made out and signed.
pub(super) struct Call<'a> {
    /// Everything.
    pub cloud: &'a Cloud,
    /// Which service is called.
    pub service: Service,
    /// The action's name.
    pub action: String,
    /// Who asks; nobody where a call needs no signature.
    pub key: Option<Key>,
    /// Path, query and method.
    pub request: &'a Request,
    /// The body as JSON; a form's members as texts.
    pub body: Value,
}

impl Call<'_> {
    /// A member of the body as a text; empty where it is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A member of the body as a whole number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.body.get(name)?.as_i64().or_else(|| self.text(name).parse().ok())
    }

    /// A member of the body as yes or no; no where it is none.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.body.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A member of the body as a list of texts.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let items = self.body.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    }

    /// The refusal of this call by IAM.
    pub(super) fn denied(&self) -> Exception {
        let id = self.request.segments.get(1).map(String::as_str);
        let mut named = ["SecretId", "Name", "RoleArn", "Path"].iter().map(|name| self.text(name));
        let named = named.find(|text| !text.is_empty()).unwrap_or_default();
        self.service.denied(self.key.as_ref(), &self.action, &self.service.resource(id, named))
    }
}

/// Serves AWS until told to stop.
pub(super) async fn serve(listener: TcpListener, cloud: Arc<Cloud>, stop: watch::Receiver<bool>) {
    listen(listener, stop, || true, move |request| respond(cloud.clone(), request)).await;
}

async fn respond(cloud: Arc<Cloud>, request: axum::http::Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or("").to_owned());
    let read = Request::at(parts.method.as_str(), &path, &query);
    let target = parts.headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let form = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let form = form.starts_with("application/x-www-form-urlencoded");
    let Ok(bytes) = to_bytes(Body::new(body), LARGEST).await else {
        let refusal = Exception::new(413, "RequestEntityTooLarge", "the request is too large");
        return Ok(response(answer(make_out(&read, &target, form, b"").service, "", Err(refusal))));
    };
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
    let skews = strikes.iter().filter(|(what, _)| *what == What::Skew);
    let ahead = skews.filter_map(|(_, time)| *time).fold(Duration::ZERO, Duration::saturating_add);
    let signed = Signed {
        method: parts.method.as_str(),
        path: &path,
        query: &query,
        headers: &parts.headers,
        body: &bytes,
        now: cloud.clock.now().saturating_add(i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX)),
        // A client that heard the time here goes by it, one that did not by the machine's.
        machine: ahead.is_zero().then(|| jiff::Timestamp::now().as_second()),
    };
    let sent = answered(&cloud, &made_out, &read, &signed, &strikes);
    if !slow(true).is_zero() {
        tokio::time::sleep(slow(true)).await;
    }
    if let Some(log) = &cloud.log {
        let status = sent.as_ref().map(|a| a.status);
        lock(log).push(Logged { method: read.method.clone(), path: named.path, status });
    }
    let date = jiff::Timestamp::from_second(signed.now).unwrap_or_default();
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut sent = sent.ok_or(Cut)?;
    sent.headers.push(("date", date));
    Ok(response(sent))
}

/// What a request is for.
struct MadeOut {
    service: Service,
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
        let action = action.to_owned();
        return match Service::of_target(service) {
            Some(service) => MadeOut { service, action, body: json() },
            // Whichever answers, it says that it does not know this.
            None => MadeOut { service: Service::Secrets, action, body: Err(unknown_target(target)) },
        };
    }
    if form {
        let pairs = Request::at("POST", "/", &String::from_utf8_lossy(body)).query;
        let members: serde_json::Map<String, Value> =
            pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
        let action = members.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
        return MadeOut { service: Service::Sts, action, body: Ok(Value::Object(members)) };
    }
    MadeOut { service: Service::Grafana, action: grafana::action(request).to_owned(), body: json() }
}

fn unknown_target(target: &str) -> Exception {
    Exception::new(400, "UnknownOperationException", format!("the embedded AWS has no service of `{target}`"))
}

/// The answer after everything that is to go wrong; nothing where the connection is to be cut.
fn answered(
    cloud: &Cloud,
    made_out: &MadeOut,
    request: &Request,
    signed: &Signed<'_>,
    strikes: &[(What, Option<Duration>)],
) -> Option<Answer> {
    let MadeOut { service, action, .. } = made_out;
    let refuse = |exception: Exception| Some(answer(*service, action, Err(exception)));
    let mut done = None;
    for (what, time) in strikes {
        match what {
            What::Cut { done: false } => return None,
            What::Status { code, done: false } => return refuse(struck(*service, *code, *time)),
            What::Throttle => return refuse(service.throttled(*time)),
            What::Cut { done: true } | What::Status { done: true, .. } => done = Some((*what, *time)),
            // The service itself refuses so, once it knows who asks.
            What::Denied | What::Quota | What::Expired | What::Skew | What::Updating => {}
            What::Slow { .. } | What::Refuse | What::Busy | What::RacySaves | What::Nac | What::Revoke => {}
        }
    }
    let outcome = carried_out(cloud, made_out, request, signed, strikes);
    match done {
        Some((What::Status { code, .. }, time)) if outcome.is_ok() => refuse(struck(*service, code, time)),
        Some((What::Cut { .. }, _)) => None,
        _ => Some(answer(*service, action, outcome)),
    }
}

fn carried_out(
    cloud: &Cloud,
    made_out: &MadeOut,
    request: &Request,
    signed: &Signed<'_>,
    strikes: &[(What, Option<Duration>)],
) -> Outcome {
    let MadeOut { service, action, body } = made_out;
    if strikes.contains(&(What::Skew, None)) {
        return Err(service.unsigned("Signature expired: the request was signed more than 5 minutes ago"));
    }
    let strikes = |fault: What| strikes.iter().any(|(what, _)| *what == fault);
    if strikes(What::Expired) {
        return Err(service.expired());
    }
    // A caller without a key gets one so.
    let unsigned = *service == Service::Sts && action == "AssumeRoleWithWebIdentity";
    let key = if unsigned { None } else { Some(check(cloud, *service, signed)?) };
    let call = Call { cloud, service: *service, action: action.clone(), key, request, body: body.clone()? };
    if strikes(What::Denied) {
        return Err(call.denied());
    }
    if strikes(What::Quota) {
        return Err(service.used_up(request.segments.get(1).map(String::as_str).unwrap_or_default()));
    }
    match service {
        Service::Grafana => grafana::call(&call, strikes(What::Updating)),
        Service::Secrets => secrets::call(&call),
        Service::Parameters => parameters::call(&call),
        Service::Sts => sts::call(&call),
    }
}

/// What a fault answers in AWS's place.
fn struck(service: Service, code: u16, time: Option<Duration>) -> Exception {
    match code {
        429 => service.throttled(time),
        500 => service.failed("Internal server error"),
        502 => Exception::new(502, "BadGateway", "Bad gateway"),
        503 => Exception::new(503, "ServiceUnavailable", "Service unavailable"),
        _ => Exception::new(504, "GatewayTimeout", "Gateway timeout"),
    }
}
