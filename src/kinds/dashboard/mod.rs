//! Dashboards: saved through the classic call on every version, with the version they were seen at.
//!
//! Classic, because it sets default permissions and stores what it gets (`v1beta1` refuses 119 of 300 real ones).
//! How two differ stands in [`diff`], what is told of one in [`facts`].

pub mod diff;
pub mod facts;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Kind, Live, Normal, Verdict, Wire, Write, judge_common, number_text, text};
use crate::model::digest::Numbers;
use crate::model::request::encode;
use crate::model::{
    Delta, Found, Guard, Identity, KindName, LiveBody, Method, Problem, Request, Response, Saved, Server,
};

/// The kind `dashboard`.
pub struct Dashboard;

/// What gives a dashboard in the classic form, however it is stored. The export menu of Grafana 13.0 does not: its
/// "Classic" still writes v2.
pub const CLASSIC_FORM: &str = "GET /api/dashboards/uid/UID";

/// The leaf that a server may rewrite as it stores it: what is shorter than its minimum becomes the minimum.
pub const REFRESH: &str = "/refresh";

impl Kind for Dashboard {
    fn name(&self) -> KindName {
        KindName::DASHBOARD
    }

    fn about(&self) -> &'static str {
        "a dashboard: its JSON and the folder it is in"
    }

    fn plural(&self) -> &'static str {
        "dashboards"
    }

    fn normal(&self, body: Value) -> Normal {
        let mut value = body;
        let mut soft = Vec::new();
        if let Value::Object(map) = &mut value {
            // By path, never by name anywhere else: panels, overrides and transformations have ids of their own.
            for key in ["id", "uid", "version", "iteration"] {
                map.shift_remove(key);
            }
            if let Some(Value::String(title)) = map.get_mut("title") {
                *title = title.trim().to_owned();
            }
            if let Some(refresh) = map.shift_remove("refresh") {
                soft.push((REFRESH.to_owned(), refresh));
            }
        }
        strip_bom(&mut value);
        Normal { value, soft }
    }

    fn as_stored(&self, pointer: &str, value: Value, server: &Server) -> Value {
        let Value::String(refresh) = &value else {
            return value;
        };
        if pointer != REFRESH || refresh.is_empty() || (refresh == "auto" && server.keeps_auto_refresh) {
            return value;
        }
        match duration_millis(refresh) {
            Some(millis) if millis >= server.minimum_refresh.millis => value,
            _ => Value::String(server.minimum_refresh.text.clone()),
        }
    }

    fn refused(&self, pointer: &str, value: &Value, server: &Server) -> Option<Problem> {
        // What is shortest is assumed until it was read: nothing is refused by a guess.
        let is_known = server.refuses_short_refresh && server.minimum_refresh_is_read;
        if !is_known || self.as_stored(pointer, value.clone(), server) == *value {
            return None;
        }
        let shortest = &server.minimum_refresh.text;
        let problem = Problem::error(
            "refresh",
            format!("its `refresh` is {value}, and this workspace refuses what is shorter than {shortest}"),
        );
        Some(problem.help(format!("write \"{shortest}\" or longer, or leave it out")))
    }

    fn diff(&self, before: &Value, after: &Value, numbers: Numbers) -> Delta {
        diff::diff(before, after, numbers)
    }

    fn read(&self, uid: &str, server: &Server) -> Request {
        match &server.resources {
            Some(_) => Request::get(resource_path(uid, server)),
            None => Request::get(format!("/api/dashboards/uid/{}", encode(uid))),
        }
    }

    fn found(&self, answer: &Response, server: &Server) -> Result<Option<Live>, String> {
        let Some(mut json) = super::present(answer)? else { return Ok(None) };
        if server.resources.is_some() {
            if json.get("spec").is_none() {
                return Err("the answer is no dashboard".into());
            }
            return Ok(Some(resource(json)));
        }
        if json.pointer("/meta/isFolder") == Some(&Value::Bool(true)) {
            return Err(format!("this uid belongs to the folder `{}`", text(&json, "/dashboard/title")));
        }
        let Some(body) = json.get_mut("dashboard").map(Value::take) else {
            return Err("the answer is no dashboard".into());
        };
        Ok(Some(classic(&json, body)))
    }

    fn create(&self, wire: &Wire, _server: &Server) -> Request {
        save(wire, None)
    }

    fn update(&self, wire: &Wire, seen: &Found, _server: &Server) -> Vec<Request> {
        vec![save(wire, Some(seen.identity.version))]
    }

    fn delete(&self, uid: &str, seen: &Identity, server: &Server) -> Request {
        match &server.resources {
            Some(_) => {
                let body = json!({
                    "kind": "DeleteOptions",
                    "apiVersion": "v1",
                    "preconditions": { "resourceVersion": seen.resource },
                });
                Request::write(Method::Delete, resource_path(uid, server), body.to_string())
            }
            None => Request::delete(format!("/api/dashboards/uid/{}", encode(uid))),
        }
    }

    fn judge(&self, write: Write, uid: &str, answer: &Response) -> Verdict {
        let status = || text(&answer.json(), "/status");
        match (write, answer.status) {
            (Write::Create | Write::Update, 200..=299) => {
                // On servers up to 11.2 a save can take over another dashboard, and answers with that one's uid.
                let said = text(&answer.json(), "/uid");
                if said == uid {
                    Verdict::Done
                } else {
                    Verdict::Refused(format!("the server saved `{said}` instead"))
                }
            }
            (_, 412) if status() == "name-exists" || status() == "plugin-dashboard" => {
                Verdict::Refused(answer.message())
            }
            (Write::Create, 409 | 412) => Verdict::Exists,
            (_, 409 | 412) => Verdict::ChangedByOther,
            _ => judge_common(write, answer),
        }
    }
}

/// A dashboard as `/apis` gives it, alone or in a list.
#[must_use]
pub fn resource(mut object: Value) -> Live {
    let body = object.get_mut("spec").map(Value::take).unwrap_or_default();
    let stored = text(&object, "/status/conversion/storedVersion");
    let guard = super::resource_guard(&object).or_else(|| stored.starts_with("v2").then_some(Guard::SavedAsV2));
    Live {
        found: Found {
            identity: super::resource_identity(&object),
            body: LiveBody::Unread,
            parent: super::resource_parent(&object),
            headline: facts::headline(&body),
            saved: super::resource_saved(&object),
            guard,
            secure_keys: BTreeSet::new(),
        },
        body,
    }
}

fn classic(json: &Value, body: Value) -> Live {
    let parent = text(json, "/meta/folderUid");
    let provisioned = json.pointer("/meta/provisioned") == Some(&Value::Bool(true));
    let v2 = text(json, "/meta/apiVersion").starts_with("v2");
    let guard = if provisioned { Some(Guard::Provisioned) } else { v2.then_some(Guard::SavedAsV2) };
    Live {
        found: Found {
            identity: Identity {
                created: text(json, "/meta/created"),
                updated: text(json, "/meta/updated"),
                version: body.get("version").and_then(Value::as_i64).unwrap_or(0),
                number: number_text(&body, "/id"),
                ..Identity::default()
            },
            body: LiveBody::Unread,
            parent: (!parent.is_empty()).then_some(parent),
            headline: facts::headline(&body),
            saved: Saved { by: text(json, "/meta/updatedBy"), at: text(json, "/meta/updated") },
            guard,
            secure_keys: BTreeSet::new(),
        },
        body,
    }
}

fn resource_path(uid: &str, server: &Server) -> String {
    let (version, namespace) = server
        .resources
        .as_ref()
        .map_or(("v0alpha1", "default"), |r| (r.dashboards.as_str(), r.namespace.as_str()));
    format!("/apis/dashboard.grafana.app/{version}/namespaces/{namespace}/dashboards/{}", encode(uid))
}

// The dashboard's text goes out byte for byte; only the version is put before its first member. `folderUid` is always
// there: without it a save moves the dashboard to the root (point 9), and the root is "", never `general` (point 7).
fn save(wire: &Wire, version: Option<i64>) -> Request {
    let members = wire.text.trim_start().strip_prefix('{').unwrap_or("}");
    let version = version.map(|v| format!("\"version\":{v},")).unwrap_or_default();
    let folder = json!(wire.parent.as_deref().unwrap_or_default());
    let message = json!(wire.message);
    Request::write(
        Method::Post,
        "/api/dashboards/db",
        format!(
            "{{\"dashboard\":{{{version}{members},\"folderUid\":{folder},\"overwrite\":false,\"message\":{message}}}"
        ),
    )
}

// Grafana 13 drops U+FEFF from every string it stores; without it on both sides nothing differs for ever.
fn strip_bom(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\u{feff}') => *text = text.replace('\u{feff}', ""),
        Value::Array(items) => items.iter_mut().for_each(strip_bom),
        Value::Object(map) => map.values_mut().for_each(strip_bom),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A duration as Grafana reads it (`30s`, `1m30s`, `1d`) in milliseconds; none when it is none.
#[must_use]
pub fn duration_millis(text: &str) -> Option<u64> {
    const UNITS: [(&str, f64); 11] = [
        ("ns", 1e-6),
        ("us", 1e-3),
        ("µs", 1e-3),
        ("ms", 1.0),
        ("s", 1e3),
        ("m", 6e4),
        ("h", 3.6e6),
        ("d", 8.64e7),
        ("w", 6.048e8),
        ("M", 2.592e9),
        ("y", 3.1536e10),
    ];
    let mut rest = text;
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, tail) = rest.split_at(end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total += number.parse::<f64>().ok()? * millis;
        rest = tail;
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and saturating is right"
    )]
    Some(total as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_own_fields_at_the_top_are_dropped() {
        let normal = Dashboard.normal(json!({
            "id": 1, "uid": "a", "version": 3, "iteration": 9, "title": " T ", "refresh": "5s",
            "panels": [{ "id": 4, "version": 2, "iteration": 1 }],
        }));
        assert_eq!(normal.value, json!({ "title": "T", "panels": [{ "id": 4, "version": 2, "iteration": 1 }] }));
        assert_eq!(normal.soft, vec![("/refresh".to_owned(), json!("5s"))]);
        assert_eq!(Dashboard.normal(normal.clone().whole()), normal);
    }

    #[test]
    fn refresh_is_compared_as_the_server_stores_it() {
        let new = Server::latest();
        let old = Server { keeps_auto_refresh: false, ..Server::latest() };
        let stored = |refresh: Value, server: &Server| Dashboard.as_stored(REFRESH, refresh, server);
        for (refresh, on_old, on_new) in [
            (json!("1s"), json!("5s"), json!("5s")),
            (json!("auto"), json!("5s"), json!("auto")),
            (json!("nonsense"), json!("5s"), json!("5s")),
            (json!("1m30s"), json!("1m30s"), json!("1m30s")),
            (json!("1d"), json!("1d"), json!("1d")),
            (json!(""), json!(""), json!("")),
            (json!(false), json!(false), json!(false)),
        ] {
            assert_eq!(stored(refresh.clone(), &old), on_old, "{refresh} on an old server");
            assert_eq!(stored(refresh.clone(), &new), on_new, "{refresh} on a new server");
        }
    }

    #[test]
    fn a_save_keeps_the_text_and_names_folder_and_version() {
        let wire = Wire {
            uid: "u".into(),
            text: "{\"uid\":\"u\",\"x\":1.0}".into(),
            parent: None,
            secrets: Vec::new(),
            message: "m".into(),
        };
        let body = save(&wire, Some(7)).body.unwrap();
        assert_eq!(
            body,
            "{\"dashboard\":{\"version\":7,\"uid\":\"u\",\"x\":1.0},\"folderUid\":\"\",\"overwrite\":false,\"message\":\"m\"}"
        );
    }

    #[test]
    fn an_answer_for_another_uid_is_no_success() {
        let answer = Response { status: 200, body: br#"{"uid":"other"}"#.to_vec() };
        assert!(matches!(Dashboard.judge(Write::Create, "mine", &answer), Verdict::Refused(_)));
    }
}
