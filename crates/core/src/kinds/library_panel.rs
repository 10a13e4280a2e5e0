//! Library panels: one panel that several dashboards show. Saved by `PATCH` with the version it was seen at (fact:
//! `library-patch-compares`).
//!
//! What a server stores is the model as it is sent, but for `type` and `description`, which it fills in from what it
//! stored before where they are left out (fact: `library-fills-in`). Moves between folders are refused where the server says that it moved a panel
//! and did not, or did half (fact: `library-moves-broken`). Which dashboards show one is asked before it is deleted: on
//! unified storage the server deletes one that is used, and says 200 (fact: `library-delete-used`).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::dashboard::{Dashboard, diff};
use super::datasource::Datasource;
use super::facts::in_two_steps;
use super::values::{At, compare};
use super::{
    Among, Clash, Facts, Hold, How, Kind, Listing, Live, Normal, Objection, Said, UidSpace, Unique, Verdict, Wire,
    Write, judge_common, judge_saved, number_text, text,
};
use crate::model::digest::Numbers;
use crate::model::request::encode;
use crate::model::{
    Address, Delta, Found, Headline, Identity, Key, KindName, LiveBody, Marks, Method, Request, Response, Saved,
    Server,
};

/// The kind `library_panel`.
pub struct LibraryPanel;

/// The number by which the API calls panels among its library elements.
pub const ELEMENT: i64 = 1;

static FACTS: Facts = Facts {
    singular: "library panel",
    plural: "library panels",
    holds: None,
    in_folder: true,
    uids: UidSpace::Own,
    named: false,
    uses: &[Datasource::NAME],
    shared: false,
    deleted_alone: false,
    secrets: None,
    small: true,
    refreshes: false,
    right: "library.panels:read",
    unlisted: "they could not be listed",
};

impl Kind for LibraryPanel {
    fn name(&self) -> KindName {
        LibraryPanel::NAME
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn plugins(&self, body: &Value) -> BTreeSet<String> {
        Some(text(body, "/model/type")).filter(|plugin| !plugin.is_empty()).into_iter().collect()
    }

    fn headline(&self, body: &Value) -> Headline {
        let shows = text(body, "/model/type");
        let facts = if shows.is_empty() { Vec::new() } else { vec![("type".into(), shows)] };
        Headline { title: text(body, "/name").trim().to_owned(), facts }
    }

    // Absent is the same as empty for what the server fills in: it is sent empty, or it would come back as it was.
    fn document(&self, key: &Key, body: &Value) -> Value {
        json!({ "kind": 1, "uid": key.text(), "name": text(body, "/name"), "model": body.get("model") })
    }

    fn normal(&self, body: Value) -> Normal {
        let mut model = match body.get("model") {
            Some(Value::Object(model)) => model.clone(),
            _ => Map::new(),
        };
        model.shift_remove("libraryPanel");
        for filled_in in ["type", "description"] {
            if model.get(filled_in).is_some_and(|value| value == "" || value.is_null()) {
                model.shift_remove(filled_in);
            }
        }
        let value = json!({ "name": text(&body, "/name").trim(), "model": model });
        Normal { value, soft: Vec::new() }
    }

    fn as_stored(&self, _pointer: &str, value: Value, _server: &Server) -> Value {
        value
    }

    fn diff(&self, before: &Value, after: &Value, numbers: Numbers) -> Delta {
        let mut entries = Vec::new();
        let name = At::root().key("name");
        compare(&name, before.get("name"), after.get("name"), numbers, &mut entries);
        if let (Some(Value::Object(before)), Some(Value::Object(after))) = (before.get("model"), after.get("model"))
        {
            diff::panel(&At::places("", "/model", "/model"), before, after, numbers, &mut entries);
        }
        Delta { entries, ..Delta::default() }
    }

    fn read(&self, key: &Key, _server: &Server) -> Request {
        Request::get(path(key))
    }

    fn found(&self, answer: &Response, _server: &Server) -> Result<Option<Live>, String> {
        let Some(mut json) = super::present(answer)? else { return Ok(None) };
        let element = json.get_mut("result").map(Value::take).unwrap_or_default();
        live(element).map(Some).ok_or_else(|| "the answer is not a library panel".into())
    }

    fn create(&self, wire: &Wire, _server: &Server) -> Request {
        let mut body = body(wire);
        body["uid"] = json!(wire.key.text());
        Request::write(Method::Post, "/api/library-elements", body.to_string())
    }

    fn update(&self, wire: &Wire, seen: &Live, _server: &Server) -> Vec<Request> {
        let mut body = body(wire);
        body["version"] = json!(seen.found.identity.version);
        vec![Request::write(Method::Patch, path(&wire.key), body.to_string())]
    }

    fn delete(&self, key: &Key, _seen: &Identity, _server: &Server) -> Request {
        Request::delete(path(key))
    }

    fn judge(&self, write: Write, key: &Key, answer: &Response) -> Verdict {
        match (write, answer.status) {
            (Write::Create | Write::Update, 200..=299) => {
                judge_saved(&text(&answer.json(), "/result/uid"), key.text())
            }
            (Write::Create, 400) if answer.message().contains("already exists") => Verdict::Exists,
            (Write::Create, 409) => Verdict::Exists,
            (Write::Update, 409 | 412) => Verdict::ChangedByOther,
            (Write::Delete, 403) if answer.message().contains("has connections") => {
                Verdict::Refused(answer.message())
            }
            _ => judge_common(write, answer),
        }
    }

    fn hold(&self, _write: Write, _seen: &Identity, _server: &Server) -> Hold {
        Hold::Loose
    }

    fn said(&self, answer: &Response, _server: &Server) -> Said {
        let stored = answer.json().get_mut("result").map(Value::take).and_then(live);
        stored.map(|live| live.said(self)).unwrap_or_default()
    }

    fn listing(&self, _server: &Server) -> Listing {
        Listing::Pages { path: "/api/library-elements?kind=1", items: "/result/elements", item: live_listed }
    }

    // Once in a folder up to 10.4; not recorded between that and 12.4, which takes any number (fact: `library-names`).
    fn unique(&self, server: &Server) -> Option<Unique> {
        server.resources.is_none().then_some(Unique { among: Among::Folder, key: |name| name.trim().to_owned() })
    }

    fn clash(&self, clash: &Clash<'_>) -> Objection {
        let Clash { other, server: Server { version, .. }, .. } = clash;
        match clash.how {
            How::Twice => Objection::new(
                "name-twice",
                format!(
                    "`library_panel.{other}` in the same folder takes that name too, and Grafana {version} allows it once"
                ),
                "give one of them another name",
            ),
            How::Taken | How::Rival(_) => Objection::new(
                "name-taken",
                format!("the library panel `{other}` in that folder has that name already"),
                "give it another name, or the uid of that one",
            ),
            How::Ring => Objection::new(
                "name-swap",
                format!(
                    "it and `library_panel.{other}` swap names, which Grafana {version} does not allow in one step"
                ),
                in_two_steps("name"),
            ),
        }
    }

    // From 11 on nothing is recorded to move; to the root no server moves one.
    fn cannot_move(&self, to: Option<&str>, server: &Server) -> Option<Objection> {
        let moves = to.is_some() && server.major().is_some_and(|major| major < 11);
        (!moves).then(|| {
            let where_to = if to.is_some() { "" } else { " to the root" };
            Objection::new(
                "library-panel-move",
                format!("Grafana {} says that it moves a library panel{where_to}, and does not", server.version),
                "put its file back, or give it another uid: that makes a new one where it is to be",
            )
        })
    }

    fn users(&self, key: &Key) -> Option<Request> {
        Some(Request::get(format!("{}/connections/", path(key))))
    }

    fn used_by(&self, answer: &Response) -> Result<Vec<Address>, String> {
        let Some(json) = super::present(answer)? else { return Ok(Vec::new()) };
        let Some(Value::Array(connections)) = json.get("result") else {
            return Err("the answer names no connections".into());
        };
        let address = |one: &Value| {
            let uid = text(one, "/connectionUid");
            Address::live(Dashboard::NAME, &uid).ok_or_else(|| format!("it is used by the dashboard `{uid}`"))
        };
        connections.iter().map(address).collect()
    }
}

/// A library panel as the server gives it, alone or in a list; none when it is none.
fn live(mut element: Value) -> Option<Live> {
    element.get("uid").and_then(Value::as_str)?;
    let folder = text(&element, "/folderUid");
    let folder = if folder.is_empty() { text(&element, "/meta/folderUid") } else { folder };
    let body = json!({ "name": text(&element, "/name"), "model": element.get_mut("model").map(Value::take) });
    Some(Live {
        found: Found {
            identity: Identity {
                created: text(&element, "/meta/created"),
                updated: text(&element, "/meta/updated"),
                version: element.get("version").and_then(Value::as_i64).unwrap_or(0),
                number: number_text(&element, "/id"),
                ..Identity::default()
            },
            body: LiveBody::Unread,
            parent: (!folder.is_empty() && folder != "general").then_some(folder),
            headline: LibraryPanel.headline(&body),
            saved: Saved { by: text(&element, "/meta/updatedBy/name"), at: text(&element, "/meta/updated") },
            guard: None,
            secure_keys: BTreeSet::new(),
        },
        body,
        marks: Marks::default(),
    })
}

fn live_listed(element: Value) -> Option<(String, Live)> {
    let uid = text(&element, "/uid");
    live(element).map(|live| (uid, live))
}

fn path(key: &Key) -> String {
    format!("/api/library-elements/{}", encode(key.text()))
}

// `folderUid` is always there: without it a save says that the panel is at the root now.
fn body(wire: &Wire) -> Value {
    let sent: Value = serde_json::from_str(&wire.text).unwrap_or_default();
    let mut model = sent.get("model").cloned().unwrap_or_else(|| json!({}));
    if let Value::Object(model) = &mut model {
        model.entry("description").or_insert_with(|| "".into());
    }
    json!({
        "folderUid": wire.parent.as_deref().unwrap_or_default(),
        "name": text(&sent, "/name"),
        "kind": ELEMENT,
        "model": model,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Uid;

    fn key(text: &str) -> Key {
        Key::Uid(Uid::parse(text).unwrap())
    }

    fn wire(text: &Value, parent: Option<&str>) -> Wire {
        let parent = parent.map(str::to_owned);
        Wire { key: key("lib"), text: text.to_string(), parent, secrets: Vec::new(), message: "m".into() }
    }

    fn stored(model: Value) -> Live {
        live(json!({
            "id": 7, "uid": "lib", "name": "CPU", "kind": 1, "folderUid": "f", "version": 3, "type": "text",
            "description": "", "model": model, "meta": { "folderUid": "f", "created": "c", "updated": "u",
            "updatedBy": { "id": 1, "name": "ana" } },
        }))
        .unwrap()
    }

    #[test]
    fn what_the_server_fills_in_is_no_difference() {
        let declared = LibraryPanel.normal(json!({ "name": " CPU ", "kind": 1, "model": { "title": "x" } }));
        let live = stored(json!({ "title": "x", "type": "", "description": "", "libraryPanel": { "uid": "lib" } }));
        assert_eq!(LibraryPanel.normal(live.body), declared);
        assert_eq!(LibraryPanel.normal(declared.clone().whole()), declared);
    }

    #[test]
    fn a_save_carries_version_folder_and_an_empty_description() {
        let body = json!({ "name": "CPU", "model": { "type": "text" } });
        let [patch] = &LibraryPanel.update(&wire(&body, Some("f")), &stored(json!({})), &Server::latest())[..]
        else {
            panic!()
        };
        assert_eq!((patch.method, patch.path.as_str()), (Method::Patch, "/api/library-elements/lib"));
        let sent: Value = serde_json::from_str(patch.body.as_deref().unwrap()).unwrap();
        let model = json!({ "type": "text", "description": "" });
        assert_eq!(sent, json!({ "version": 3, "folderUid": "f", "name": "CPU", "kind": 1, "model": model }));
        let create = LibraryPanel.create(&wire(&body, None), &Server::latest());
        let sent: Value = serde_json::from_str(create.body.as_deref().unwrap()).unwrap();
        assert_eq!((sent["uid"].as_str(), sent["folderUid"].as_str()), (Some("lib"), Some("")));
    }

    #[test]
    fn a_move_is_refused_where_the_server_breaks_it() {
        let at = |version: &str| Server { version: version.into(), ..Server::latest() };
        for (version, to, refused) in [
            ("9.4.7", Some("f"), false),
            ("10.4.3", Some("f"), false),
            ("10.4.3", None, true),
            ("11.6.0", Some("f"), true),
            ("12.4.0", Some("f"), true),
            ("", Some("f"), true),
        ] {
            assert_eq!(LibraryPanel.cannot_move(to, &at(version)).is_some(), refused, "{version} {to:?}");
        }
    }

    #[test]
    fn answers_are_understood_as_they_were_recorded() {
        let judge = |write, status, body: &str| {
            LibraryPanel.judge(write, &key("lib"), &Response { status, body: body.as_bytes().to_vec() })
        };
        let exists = r#"{"message":"library element with that name or UID already exists"}"#;
        assert_eq!(judge(Write::Create, 400, exists), Verdict::Exists);
        assert!(matches!(judge(Write::Create, 400, r#"{"message":"failed to get folder"}"#), Verdict::Refused(_)));
        assert_eq!(judge(Write::Update, 412, r#"{"message":"changed"}"#), Verdict::ChangedByOther);
        assert_eq!(judge(Write::Update, 200, r#"{"result":{"uid":"lib"}}"#), Verdict::Done);
        let used = r#"{"message":"the library element has connections"}"#;
        assert!(matches!(judge(Write::Delete, 403, used), Verdict::Refused(_)));
        assert_eq!(judge(Write::Delete, 403, r#"{"message":"no"}"#), Verdict::Forbidden);
        let connections = r#"{"result":[{"kind":1,"connectionUid":"d"}]}"#;
        let users = LibraryPanel.used_by(&Response { status: 200, body: connections.into() });
        assert_eq!(users, Ok(vec![Address::live(Dashboard::NAME, "d").unwrap()]));
        assert!(LibraryPanel.used_by(&Response { status: 200, body: b"{}".to_vec() }).is_err());
    }
}
