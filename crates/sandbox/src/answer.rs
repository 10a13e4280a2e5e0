//! What goes back: status, headers, body; and the shapes in which the servers refuse.

use serde_json::{Value, json};

use super::json::Json;
use super::random;
use super::rules::Rules;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status.
    pub status: u16,
    /// The body's type.
    pub content_type: &'static str,
    /// Headers beside it.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

const JSON: &str = "application/json; charset=UTF-8";

impl Answer {
    /// JSON.
    pub(crate) fn json(status: u16, body: impl Into<Json>) -> Answer {
        Answer { status, content_type: JSON, headers: Vec::new(), body: body.into().to_text() }
    }

    /// JSON, as the resource API writes it.
    pub(crate) fn resource(status: u16, body: impl Into<Json>) -> Answer {
        Answer { content_type: "application/json", ..Answer::json(status, body) }
    }

    /// A message and nothing else.
    pub(crate) fn message(status: u16, message: &str) -> Answer {
        Answer::json(status, json!({ "message": message }))
    }

    /// Plain text.
    pub(crate) fn text(status: u16, body: &str) -> Answer {
        Answer { status, content_type: "text/plain; charset=utf-8", headers: Vec::new(), body: body.to_owned() }
    }

    /// There is no such address.
    pub(crate) fn no_such_path() -> Answer {
        Answer::message(404, "Not found")
    }

    /// The embedded workspace does not know what the servers do here.
    pub(crate) fn unknown(what: &str) -> Answer {
        Answer::message(501, &format!("the embedded workspace does not know {what}"))
    }

    /// The token may not do this.
    pub(crate) fn denied(action: &str) -> Answer {
        let id = random::short_uid();
        Answer::json(
            403,
            json!({
                "accessErrorId": format!("ACE{}", &id[..10]),
                "message": format!("You'll need additional permissions to perform this action. Permissions needed: {action}"),
                "title": "Access denied",
            }),
        )
    }

    /// A refusal of the resource API.
    pub(crate) fn failure(code: u16, reason: &str, message: &str, details: Option<Value>) -> Answer {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        });
        if !message.is_empty() {
            status["message"] = message.into();
        }
        if !reason.is_empty() {
            status["reason"] = reason.into();
        }
        if let Some(details) = details {
            status["details"] = details;
        }
        Answer::resource(code, status)
    }
}

impl Rules {
    /// A refusal that has a cause, which some servers trace.
    pub(crate) fn error(&self, status: u16, message: &str) -> Answer {
        if self.trace_ids {
            Answer::json(status, json!({ "message": message, "traceID": "" }))
        } else {
            Answer::message(status, message)
        }
    }

    /// The body is not what it should be.
    pub(crate) fn bad_request_data(&self) -> Answer {
        self.error(400, "bad request data")
    }

    /// A refusal that newer servers name by an id.
    pub(crate) fn refusal(&self, status: u16, id: &str, message: &str) -> Answer {
        if !self.message_ids {
            return Answer::message(status, message);
        }
        let mut body = json!({ "statusCode": status, "messageId": id, "message": message });
        if self.trace_ids {
            body["traceID"] = "".into();
        }
        Answer::json(status, body)
    }

    /// Nobody is signed in, for the given reason.
    pub(crate) fn unauthorized(&self, id: &str, message: &str) -> Answer {
        if self.message_ids {
            let body = json!({
                "extra": null, "message": message, "messageId": id, "statusCode": 401, "traceID": "",
            });
            return Answer::json(401, body);
        }
        match id {
            "api-key.invalid" => self.error(401, "invalid API key"),
            _ => Answer::message(401, message),
        }
    }

    /// A weak token asked for something that is not there.
    pub(crate) fn missing_to_the_weak(&self, what: &str, action: &str) -> Answer {
        if self.missing_is_told {
            Answer::json(404, json!({ "message": what, "title": "Not found" }))
        } else {
            Answer::denied(action)
        }
    }
}
