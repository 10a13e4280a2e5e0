//! Data sources: every field is replaced by a save, secrets are told apart by fingerprints, names are unique.
//!
//! What the server does its own way with them is in `docs/facts.md`, *Data sources*.

pub mod diff;
pub mod facts;
pub mod lint;
mod logins;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::facts::in_two_steps;
use super::{
    Among, Clash, Facts, Hold, How, Kind, Listing, Live, Normal, Objection, Said, UidSpace, Unique, Verdict, Wire,
    Write, judge_common, judge_saved, number_text, text,
};
use crate::model::digest::Numbers;
use crate::model::request::encode;
use crate::model::{
    Delta, Digest, Found, Guard, Headline, Identity, Key, KindName, Listed, LiveBody, Marks, Method, Request,
    Response, Saved, Secret, Server,
};

/// The kind `datasource`.
pub struct Datasource;

/// Fields whose value is a text; absent is the same as empty.
const TEXTS: [&str; 7] = ["name", "type", "access", "url", "user", "database", "basicAuthUser"];
/// Fields that are true or false; absent is the same as false.
const FLAGS: [&str; 3] = ["basicAuth", "withCredentials", "isDefault"];

/// The digest of a normal form, were it the default one or not: the first data source of a 12.x is made that unasked
/// (fact: `first-is-default`), and loses it without a new version to one that is saved as it (fact: `default-moves`).
fn digest_with(normal: &Value, is_default: bool) -> Digest {
    let mut other = normal.clone();
    other["isDefault"] = Value::Bool(is_default);
    Datasource.normal(other).digest().recorded()
}

static FACTS: Facts = Facts {
    singular: "data source",
    plural: "data sources",
    holds: None,
    in_folder: false,
    uids: UidSpace::Own,
    named: true,
    uses: &[],
    shared: false,
    deleted_alone: false,
    secrets: Some("secureJsonData"),
    small: true,
    refreshes: false,
    right: "datasources:read",
    unlisted: "this token may not list data sources",
};

impl Kind for Datasource {
    fn name(&self) -> KindName {
        Datasource::NAME
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn plugins(&self, body: &Value) -> BTreeSet<String> {
        let plugin = text(body, "/type");
        Some(plugin_id(&plugin).to_owned()).filter(|plugin| !plugin.is_empty()).into_iter().collect()
    }

    fn headline(&self, body: &Value) -> Headline {
        facts::headline(body)
    }

    fn document(&self, key: &Key, body: &Value) -> Value {
        let mut document = Map::from_iter([("uid".to_owned(), Value::String(key.text().to_owned()))]);
        let Value::Object(normal) = self.normal(body.clone()).value else { return Value::Object(document) };
        // What is absent is the same as empty and false.
        let says_something = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            Value::Object(map) => !map.is_empty(),
            Value::Bool(true) | Value::Number(_) | Value::Array(_) => true,
        };
        document.extend(normal.into_iter().filter(|(_, value)| says_something(value)));
        Value::Object(document)
    }

    fn normal(&self, body: Value) -> Normal {
        let mut map = Map::new();
        for key in TEXTS {
            let value = text(&body, &format!("/{key}"));
            let value = match key {
                "type" => plugin_id(&value).to_owned(),
                "access" => access(&value).to_owned(),
                _ => value,
            };
            map.insert(key.into(), Value::String(value));
        }
        for key in FLAGS {
            map.insert(key.into(), Value::Bool(body.get(key).and_then(Value::as_bool).unwrap_or(false)));
        }
        let mut options = match body.get("jsonData") {
            Some(Value::Object(options)) => options.clone(),
            _ => Map::new(),
        };
        // Left by AMG's rewrite of SigV4 Prometheus data sources at the upgrade to 12; nobody declares it.
        options.shift_remove("prometheus-type-migration");
        map.insert("jsonData".into(), Value::Object(options));
        Normal { value: Value::Object(map), soft: Vec::new() }
    }

    fn as_stored(&self, _pointer: &str, value: Value, _server: &Server) -> Value {
        value
    }

    fn diff(&self, before: &Value, after: &Value, numbers: Numbers) -> Delta {
        diff::diff(before, after, numbers)
    }

    fn read(&self, key: &Key, _server: &Server) -> Request {
        Request::get(path(key.text()))
    }

    fn found(&self, answer: &Response, _server: &Server) -> Result<Option<Live>, String> {
        let Some(json) = super::present(answer)? else { return Ok(None) };
        live(json).map(Some).ok_or_else(|| "the answer is not a data source".into())
    }

    fn create(&self, wire: &Wire, _server: &Server) -> Request {
        Request::write(Method::Post, "/api/datasources", body(wire, None)).hiding(secrets(wire))
    }

    fn update(&self, wire: &Wire, seen: &Live, _server: &Server) -> Vec<Request> {
        let body = body(wire, Some(seen.found.identity.version));
        vec![Request::write(Method::Put, path(wire.key.text()), body).hiding(secrets(wire))]
    }

    fn delete(&self, key: &Key, _seen: &Identity, _server: &Server) -> Request {
        Request::delete(path(key.text()))
    }

    fn judge(&self, write: Write, key: &Key, answer: &Response) -> Verdict {
        match (write, answer.status) {
            (Write::Create | Write::Update, 200..=299) => {
                judge_saved(&text(&answer.json(), "/datasource/uid"), key.text())
            }
            (Write::Create, 409) => Verdict::Exists,
            (Write::Update, 409) if answer.message().contains("same name") => Verdict::Refused(answer.message()),
            (Write::Update, 409) => Verdict::ChangedByOther,
            _ => judge_common(write, answer),
        }
    }

    fn hold(&self, _write: Write, _seen: &Identity, _server: &Server) -> Hold {
        Hold::Loose
    }

    fn said(&self, answer: &Response, _server: &Server) -> Said {
        let stored = answer.json().get_mut("datasource").map(Value::take).and_then(live);
        stored.map(|live| live.said(self)).unwrap_or_default()
    }

    // An earlier stage of the same run may have made another one the default: that takes it from this one silently,
    // which is no reason to keep what is to be deleted.
    fn contents(&self, normal: &Normal, write: Write) -> Vec<Digest> {
        let before = self.before_giving_way(&normal.value).filter(|_| write == Write::Delete);
        [normal.digest().recorded()].into_iter().chain(before).collect()
    }

    // The first data source of an organisation is made the default one, whatever was asked.
    fn nearly(&self, normal: &Normal, intended: &Digest) -> bool {
        digest_with(&normal.value, false) == *intended
    }

    fn page(&self, key: &Key) -> Option<String> {
        Some(format!("/datasources/edit/{}", encode(key.text())))
    }

    fn listing(&self, _server: &Server) -> Listing {
        Listing::Whole {
            path: "/api/datasources",
            entry: |entry| Listed {
                uid: text(entry, "/uid"),
                title: text(entry, "/name"),
                parent: None,
                plugin: text(entry, "/type"),
                is_default: entry.get("isDefault") == Some(&Value::Bool(true)),
            },
        }
    }

    fn unique(&self, _server: &Server) -> Option<Unique> {
        Some(Unique { among: Among::Workspace, key: str::to_owned })
    }

    fn clash(&self, clash: &Clash<'_>) -> Objection {
        let other = clash.other;
        match clash.how {
            How::Twice => Objection::new(
                "name-twice",
                format!("`datasource.{other}` takes that name too, and a name stands once in a workspace"),
                "give one of them another name",
            ),
            How::Taken | How::Rival(_) => Objection::new(
                "name-taken",
                format!("the workspace has a data source of that name under the uid `{other}`"),
                format!("write `uid: {other}` to use that one, or choose another name"),
            ),
            How::Ring => Objection::new(
                "name-swap",
                format!("it takes the name of `datasource.{other}`, which waits for its name in turn"),
                in_two_steps("name"),
            ),
        }
    }

    // An empty `url` or `basicAuthUser` is ignored by a save (fact: `not-cleared-by-put`).
    fn cannot_become(&self, live: &Value, wanted: &Value) -> Option<String> {
        ["url", "basicAuthUser"]
            .into_iter()
            .find(|key| text(wanted, &format!("/{key}")).is_empty() && !text(live, &format!("/{key}")).is_empty())
            .map(|key| format!("Grafana cannot clear `{key}` of a data source"))
    }

    fn goes_last(&self, normal: &Value) -> bool {
        normal.get("isDefault") == Some(&Value::Bool(true))
    }

    // Another data source that becomes the default one takes that from this one silently, without a new version (fact:
    // `default-moves`).
    fn before_giving_way(&self, normal: &Value) -> Option<Digest> {
        Some(digest_with(normal, true))
    }
}

/// A data source as the server gives it; none when it is none.
fn live(json: Value) -> Option<Live> {
    json.get("type").and_then(Value::as_str)?;
    let set = json.get("secureJsonFields").and_then(Value::as_object).into_iter().flatten();
    let secure_keys: BTreeSet<String> =
        set.filter(|(_, set)| **set == Value::Bool(true)).map(|(key, _)| key.clone()).collect();
    Some(Live {
        found: Found {
            identity: Identity {
                version: json.get("version").and_then(Value::as_i64).unwrap_or(0),
                number: number_text(&json, "/id"),
                ..Identity::default()
            },
            body: LiveBody::Unread,
            parent: None,
            headline: facts::headline(&json),
            saved: Saved::default(),
            guard: (json.get("readOnly") == Some(&Value::Bool(true))).then_some(Guard::Provisioned),
            secure_keys,
        },
        body: json,
        marks: Marks::default(),
    })
}

/// The plugin that a type stands for: 12.x rewrites old names as it reads them (fact: `type-aliases`).
#[must_use]
pub fn plugin_id(kind: &str) -> &str {
    match kind {
        "postgres" => "grafana-postgresql-datasource",
        "testdata" => "grafana-testdata-datasource",
        "phlare" => "grafana-pyroscope-datasource",
        other => other,
    }
}

// `server` and `client` are what the front end once called them; absent is what every AWS sample means by it.
fn access(access: &str) -> &str {
    match access {
        "" | "server" => "proxy",
        "client" => "direct",
        other => other,
    }
}

fn path(uid: &str) -> String {
    format!("/api/datasources/uid/{}", encode(uid))
}

fn secrets(wire: &Wire) -> impl Iterator<Item = Secret> + '_ {
    wire.secrets.iter().map(|(_, secret)| secret.clone())
}

// The uid in the body equals the path's: another one is a rename on 9.4, a 400 since 12.4.4, a 500 before.
fn body(wire: &Wire, version: Option<i64>) -> String {
    let mut body: Value = serde_json::from_str(&wire.text).unwrap_or_default();
    body["uid"] = json!(wire.key.text());
    if let Some(version) = version {
        body["version"] = json!(version);
    }
    if !wire.secrets.is_empty() {
        let secrets: Map<String, Value> =
            wire.secrets.iter().map(|(key, secret)| (key.clone(), json!(secret.expose()))).collect();
        body["secureJsonData"] = Value::Object(secrets);
    }
    body.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_equal_their_defaults_and_aliases_equal_their_plugins() {
        let declared = Datasource.normal(json!({ "name": "a", "type": "postgres", "access": "server" }));
        let live = Datasource.normal(json!({
            "id": 3, "uid": "x", "orgId": 1, "name": "a", "type": "grafana-postgresql-datasource", "access": "proxy",
            "url": "", "user": "", "database": "", "basicAuth": false, "basicAuthUser": "", "withCredentials": false,
            "isDefault": false, "jsonData": { "prometheus-type-migration": true }, "secureJsonFields": {},
            "version": 4, "readOnly": false,
        }));
        assert_eq!(declared, live);
        assert_eq!(Datasource.normal(live.clone().whole()), live);
    }
}
