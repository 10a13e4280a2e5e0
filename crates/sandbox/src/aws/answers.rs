//! What goes back, in the three protocols: outcomes, and exceptions with the codes and members that AWS documents
//! (fact: `aws-errors`).

use serde_json::{Map, Value, json};

use super::service::{Protocol, Service};
use crate::answer::Answer;
use crate::random;

/// An exception.
#[derive(Clone, Debug)]
pub(super) struct Exception {
    /// The status.
    pub status: u16,
    /// Its name, as `ValidationException`.
    pub code: &'static str,
    /// Its words.
    pub message: String,
    /// Its further members.
    pub members: Box<Map<String, Value>>,
    /// How long to wait, in seconds.
    pub retry_after: Option<u64>,
}

/// What comes of a call.
pub(super) type Outcome = Result<Value, Exception>;

impl From<anyhow::Error> for Exception {
    fn from(error: anyhow::Error) -> Exception {
        Exception::new(500, "InternalServerException", format!("{error:#}"))
    }
}

impl Exception {
    /// An exception without further members.
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Exception {
        Exception { status, code, message: message.into(), members: Box::default(), retry_after: None }
    }

    fn with(mut self, members: Value) -> Exception {
        if let Value::Object(members) = members {
            self.members.extend(members);
        }
        self
    }

    /// The call makes no sense.
    pub(super) fn validation(message: impl Into<String>) -> Exception {
        Exception::new(400, "ValidationException", message).with(json!({ "reason": "OTHER", "fieldList": [] }))
    }

    /// A member of the call makes no sense.
    pub(super) fn field(name: &str, message: &str) -> Exception {
        let members =
            json!({ "reason": "FIELD_VALIDATION_FAILED", "fieldList": [{ "name": name, "message": message }] });
        Exception::new(400, "ValidationException", format!("{name}: {message}")).with(members)
    }

    /// It is not there.
    pub(super) fn missing(kind: &str, id: &str) -> Exception {
        let told = format!("{kind} {id} does not exist");
        Exception::new(404, "ResourceNotFoundException", told)
            .with(json!({ "resourceId": id, "resourceType": kind }))
    }

    /// It is there already.
    pub(super) fn conflict(kind: &str, id: &str, message: impl Into<String>) -> Exception {
        Exception::new(409, "ConflictException", message).with(json!({ "resourceId": id, "resourceType": kind }))
    }

    /// A quota is used up.
    pub(super) fn quota(kind: &str, id: &str, message: impl Into<String>) -> Exception {
        let members =
            json!({ "resourceId": id, "resourceType": kind, "serviceCode": "grafana", "quotaCode": "L-SANDBOX" });
        Exception::new(402, "ServiceQuotaExceededException", message).with(members)
    }

    /// There were too many calls.
    pub(super) fn throttled() -> Exception {
        let members = json!({ "serviceCode": "grafana", "quotaCode": "L-SANDBOX" });
        Exception::new(429, "ThrottlingException", "Rate exceeded").with(members)
    }

    /// The embedded AWS does not know this.
    pub(super) fn unknown(what: &str) -> Exception {
        Exception::new(501, "NotImplemented", format!("the embedded AWS does not know {what}"))
    }
}

/// An outcome as it is sent.
pub(super) fn answer(service: Service, action: &str, outcome: Outcome) -> Answer {
    let id = random::uuid();
    let mut answer = match (service.protocol(), outcome) {
        (Protocol::Rest, Ok(body)) => json_answer(200, "application/json", &body),
        (Protocol::Json, Ok(body)) => json_answer(200, "application/x-amz-json-1.1", &body),
        (Protocol::Query, Ok(body)) => xml(
            200,
            &format!(
                "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{}</{action}Result>\
             <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>",
                elements(&body)
            ),
        ),
        (protocol, Err(exception)) => refused(protocol, &exception, &id),
    };
    answer.headers.push(("x-amzn-requestid", id));
    answer
}

fn refused(protocol: Protocol, exception: &Exception, id: &str) -> Answer {
    let mut answer = match protocol {
        Protocol::Rest => {
            let mut body = (*exception.members).clone();
            body.insert("message".into(), exception.message.as_str().into());
            let mut answer = json_answer(exception.status, "application/json", &Value::Object(body));
            answer.headers.push(("x-amzn-errortype", exception.code.to_owned()));
            answer
        }
        Protocol::Json => {
            let mut body = Map::from_iter([("__type".to_owned(), exception.code.into())]);
            body.insert("Message".into(), exception.message.as_str().into());
            body.insert("message".into(), exception.message.as_str().into());
            // JSON 1.1 has one status for whatever the caller did wrong.
            let status = if exception.status < 500 { 400 } else { exception.status };
            json_answer(status, "application/x-amz-json-1.1", &Value::Object(body))
        }
        Protocol::Query => {
            let kind = if exception.status < 500 { "Sender" } else { "Receiver" };
            xml(
                exception.status,
                &format!(
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>{kind}</Type>\
                 <Code>{}</Code><Message>{}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>",
                    exception.code,
                    escaped(&exception.message)
                ),
            )
        }
    };
    if let Some(seconds) = exception.retry_after {
        answer.headers.push(("retry-after", seconds.to_string()));
    }
    answer
}

fn json_answer(status: u16, content_type: &'static str, body: &Value) -> Answer {
    Answer { status, content_type, headers: Vec::new(), body: body.to_string() }
}

fn xml(status: u16, body: &str) -> Answer {
    Answer { status, content_type: "text/xml", headers: Vec::new(), body: body.to_owned() }
}

/// An object as XML elements, in its order.
fn elements(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| format!("<{name}>{}</{name}>", elements(value))).collect()
        }
        Value::String(text) => escaped(text),
        other => escaped(&other.to_string()),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
