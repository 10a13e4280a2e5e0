//! Dashboards: saved by the resource API since 12.4, with the resource version they were seen at; by the classic call
//! before, with the version.
//!
//! By the resource API because it compares and stores in one step: of two classic saves of one version both are
//! accepted in 25 of 40 tries (fact: `save-not-atomic`). At `v0alpha1` because it stores what it gets (`v1beta1`
//! refuses 119 of 300 real ones). How two differ stands in [`diff`], what is told of one in [`facts`].

pub mod diff;
pub mod facts;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::datasource::Datasource;
use super::facts::in_two_steps;
use super::folder::Folder;
use super::library_panel::LibraryPanel;
use super::{
    Among, Clash, Facts, Hold, How, Kind, Listing, Live, METADATA, Normal, Objection, Rival, RivalPlace, Said,
    UidSpace, Unique, Verdict, When, Wire, Write, judge_common, judge_saved, number_text, on_unified_storage, text,
};
use crate::model::digest::Numbers;
use crate::model::request::encode;
use crate::model::server::{Refresh, Resources, TitleRule};
use crate::model::{
    Delta, Found, Guard, Headline, Identity, Key, KindName, LiveBody, Marks, Method, Picture, Problem, Request,
    Response, Saved, Server, Target,
};

/// The kind `dashboard`.
pub struct Dashboard;

/// What gives a dashboard in the classic form, however it is stored. The export menu of Grafana 13.0 does not: its
/// "Classic" still writes v2.
pub const CLASSIC_FORM: &str = "GET /api/dashboards/uid/UID";

/// The leaf that a server may rewrite as it stores it: what is shorter than its minimum becomes the minimum.
pub const REFRESH: &str = "/refresh";

static FACTS: Facts = Facts {
    singular: "dashboard",
    plural: "dashboards",
    holds: None,
    in_folder: true,
    uids: UidSpace::Tree,
    named: false,
    uses: &[Datasource::NAME, LibraryPanel::NAME],
    shared: false,
    deleted_alone: false,
    secrets: None,
    small: false,
    refreshes: true,
    right: "dashboards:read",
    unlisted: "they could not be listed",
};

impl Kind for Dashboard {
    fn name(&self) -> KindName {
        Dashboard::NAME
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn headline(&self, body: &Value) -> Headline {
        facts::headline(body)
    }

    fn document(&self, key: &Key, body: &Value) -> Value {
        let mut document = body.clone();
        if let Value::Object(map) = &mut document {
            for key in ["id", "version", "iteration"] {
                map.shift_remove(key);
            }
            // As a resource its uid stands beside it.
            map.insert("uid".into(), Value::String(key.text().to_owned()));
        }
        document
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
        match Refresh::millis_of(refresh) {
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

    fn saved_by_editor(&self, before: &Value, after: &Value, numbers: Numbers) -> Option<Value> {
        diff::saved_by_editor(before, after, numbers)
    }

    fn picture(&self, before: Option<&Value>, after: Option<&Value>, numbers: Numbers) -> Option<Picture> {
        diff::picture(before, after, numbers)
    }

    fn read(&self, key: &Key, server: &Server) -> Request {
        match &server.resources {
            Some(_) => Request::get(resource_path(key.text(), server)),
            None => Request::get(format!("/api/dashboards/uid/{}", encode(key.text()))),
        }
    }

    fn found(&self, answer: &Response, server: &Server) -> Result<Option<Live>, String> {
        let Some(mut json) = super::present(answer)? else { return Ok(None) };
        if server.resources.is_some() {
            if json.get("spec").is_none() {
                return Err("the answer is not a dashboard".into());
            }
            return Ok(Some(resource(json)));
        }
        if json.pointer("/meta/isFolder") == Some(&Value::Bool(true)) {
            return Err(format!("this uid belongs to the folder `{}`", text(&json, "/dashboard/title")));
        }
        let Some(body) = json.get_mut("dashboard").map(Value::take) else {
            return Err("the answer is not a dashboard".into());
        };
        Ok(Some(classic(&json, body)))
    }

    fn create(&self, wire: &Wire, server: &Server) -> Request {
        match server.written_as_resources() {
            Some(resources) => self.put(wire, None, server, resources),
            None => save(wire, None),
        }
    }

    fn update(&self, wire: &Wire, seen: &Live, server: &Server) -> Vec<Request> {
        vec![match server.written_as_resources() {
            Some(resources) => self.put(wire, Some(seen), server, resources),
            None => save(wire, Some(seen.found.identity.version)),
        }]
    }

    fn delete(&self, key: &Key, seen: &Identity, server: &Server) -> Request {
        match &server.resources {
            Some(_) => {
                let body = json!({
                    "kind": "DeleteOptions",
                    "apiVersion": "v1",
                    "preconditions": { "resourceVersion": seen.resource },
                });
                Request::write(Method::Delete, resource_path(key.text(), server), body.to_string())
            }
            None => Request::delete(format!("/api/dashboards/uid/{}", encode(key.text()))),
        }
    }

    fn judge(&self, write: Write, key: &Key, answer: &Response) -> Verdict {
        let json = answer.json();
        let status = text(&json, "/status");
        match (write, answer.status) {
            // On servers up to 11.2 a save can take over another dashboard, and answers with that one's uid.
            (Write::Create | Write::Update, 200..=299) if json.get("metadata").is_some() => {
                judge_saved(&text(&json, "/metadata/name"), key.text())
            }
            (Write::Create | Write::Update, 200..=299) => judge_saved(&text(&json, "/uid"), key.text()),
            (_, 412) if status == "name-exists" || status == "plugin-dashboard" => {
                Verdict::Refused(answer.message())
            }
            (Write::Create, 409 | 412) => Verdict::Exists,
            (_, 409 | 412) => Verdict::ChangedByOther,
            _ => judge_common(write, answer),
        }
    }

    fn hold(&self, write: Write, seen: &Identity, server: &Server) -> Hold {
        let swaps = match write {
            Write::Create | Write::Update => server.written_as_resources().is_some(),
            Write::Delete => server.resources.is_some(),
        };
        if swaps && on_unified_storage(seen) { Hold::Swap } else { Hold::Loose }
    }

    fn said(&self, answer: &Response, _server: &Server) -> Said {
        let json = answer.json();
        if json.get("spec").is_some() {
            return resource(json).said(self);
        }
        let version = json.get("version").and_then(Value::as_i64).unwrap_or(0);
        Said {
            identity: Identity { version, number: number_text(&json, "/id"), ..Identity::default() },
            content: None,
        }
    }

    fn says_gone(&self, answer: &Response) -> bool {
        text(&answer.json(), "/status") == "Success"
    }

    fn listing(&self, server: &Server) -> Listing {
        let Some(Resources { namespace, dashboards, .. }) = &server.resources else {
            return Listing::Search("dash-db");
        };
        let path = format!("/apis/dashboard.grafana.app/{dashboards}/namespaces/{namespace}/dashboards");
        Listing::Resources { path, accept: Some(METADATA), item: resource }
    }

    fn page(&self, key: &Key) -> Option<String> {
        Some(format!("/d/{}", encode(key.text())))
    }

    fn history(&self, key: &Key, limit: usize) -> Option<Request> {
        Some(Request::get(format!("/api/dashboards/uid/{}/versions?limit={limit}", encode(key.text()))))
    }

    fn past_version(&self, key: &Key, version: i64) -> Option<Request> {
        Some(Request::get(format!("/api/dashboards/uid/{}/versions/{version}", encode(key.text()))))
    }

    fn savers(&self, key: &Key) -> Option<Request> {
        Some(Request::get(format!("/api/dashboards/uid/{}", key.text())))
    }

    fn uses(&self, body: &Value) -> BTreeSet<Target> {
        facts::uses(body)
    }

    fn plugins(&self, body: &Value) -> BTreeSet<String> {
        facts::plugins(body)
    }

    // One in a folder, up to 11.2 (fact: `titles-clash`).
    fn unique(&self, server: &Server) -> Option<Unique> {
        (server.titles != TitleRule::Free).then(|| Unique { among: Among::Folder, key: server.titles.key() })
    }

    // A dashboard may not have the title of a folder, wherever that folder is; since 10.4 of a folder in its place.
    fn rivals(&self, server: &Server) -> Vec<Rival> {
        let place = match server.titles {
            TitleRule::Free => return Vec::new(),
            TitleRule::ExactInFolder => RivalPlace::SameFolder,
            TitleRule::Slug | TitleRule::Exact => RivalPlace::Anywhere,
        };
        vec![Rival { kind: Folder::NAME, place, when: When::Afterwards }]
    }

    fn clash(&self, clash: &Clash<'_>) -> Objection {
        let Clash { other, own, theirs, server: Server { version, .. }, .. } = clash;
        // What two dashboards share that this server does not tell apart: the whole title, or only what its slug keeps.
        let shared = |equal: &str| match theirs.trim() {
            theirs if theirs.is_empty() || theirs == own.trim() => format!("that title{equal}"),
            theirs => format!("the title `{theirs}`, which it takes for the same as `{}`", own.trim()),
        };
        match clash.how {
            How::Twice => Objection::new(
                "title-twice",
                format!(
                    "`dashboard.{other}` in the same folder has {}, and Grafana {version} allows it once",
                    shared(" too")
                ),
                "give one of them another title",
            ),
            How::Taken => Objection::new(
                "title-taken",
                format!("the dashboard `{other}` in that folder has {}", shared(" already")),
                format!("write `\"uid\": \"{other}\"` to use that one, or choose another title"),
            ),
            How::Ring => Objection::new(
                "title-swap",
                format!(
                    "it and `dashboard.{other}` swap titles, which Grafana {version} does not allow in one step"
                ),
                in_two_steps("title"),
            ),
            How::Rival(_) => Objection::new(
                "title-of-folder",
                format!("the folder `{theirs}` has that title, and Grafana {version} allows it once"),
                "give the dashboard another title",
            ),
        }
    }
}

impl Dashboard {
    // Labels and annotations that others put there are sent again: a PUT without them removes them, the label with the
    // numeric id included. Without the folder's annotation it would move to the root, and one that is made at the root
    // without `grant-permissions` is hidden from viewers and editors (fact: `root-needs-grants`).
    fn put(&self, wire: &Wire, seen: Option<&Live>, server: &Server, resources: &Resources) -> Request {
        let Marks { labels, mut annotations } = seen.map(|live| live.marks.clone()).unwrap_or_default();
        // What another tool manages is refused by the plan, or taken over from it: then its marks go.
        if seen.is_some_and(|live| live.found.guard.as_ref().is_some_and(|guard| guard.manager().is_some())) {
            let marks_it = |key: &str| ["manage", "source"].iter().any(|word| key.starts_with(word));
            annotations.retain(|key, _| !key.strip_prefix("grafana.app/").is_some_and(marks_it));
        }
        let mut annotate =
            |key: &str, value: &str| annotations.insert(format!("grafana.app/{key}"), value.to_owned());
        annotate("message", &wire.message);
        match &wire.parent {
            Some(folder) => drop(annotate("folder", folder)),
            None if seen.is_none() => drop(annotate("grant-permissions", "default")),
            None => {}
        }
        let mut metadata = json!({ "name": wire.key.text(), "annotations": annotations });
        if !labels.is_empty() {
            metadata["labels"] = json!(labels);
        }
        if let Some(live) = seen {
            metadata["resourceVersion"] = json!(live.found.identity.resource);
        }
        let version = &resources.dashboards;
        let spec = self.with_stored_refresh(&wire.text, server);
        let body = format!(
            "{{\"kind\":\"Dashboard\",\"apiVersion\":\"dashboard.grafana.app/{version}\",\"metadata\":{metadata},\
             \"spec\":{spec}}}"
        );
        match seen {
            Some(_) => Request::write(Method::Put, resource_path(wire.key.text(), server), body),
            None => {
                let path = resource_path("", server);
                Request::write(Method::Post, path.trim_end_matches('/'), body)
            }
        }
    }

    // What the classic save rewrites, a `refresh` that is too short, the resource API refuses (fact:
    // `refresh-minimum`).
    fn with_stored_refresh(&self, text: &str, server: &Server) -> String {
        let rewritten = || {
            let mut body: Value = serde_json::from_str(text).ok()?;
            let refresh = body.get("refresh").filter(|_| !server.refuses_short_refresh)?.clone();
            let stored = self.as_stored(REFRESH, refresh.clone(), server);
            (stored != refresh).then(|| {
                body["refresh"] = stored;
                body.to_string()
            })
        };
        rewritten().unwrap_or_else(|| text.to_owned())
    }
}

/// A dashboard as `/apis` gives it, alone or in a list.
#[must_use]
pub fn resource(mut object: Value) -> Live {
    let marks = super::resource_marks(&object);
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
        marks,
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
        marks: Marks::default(),
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
// there: without it a save moves the dashboard to the root (fact: `folder-left-out`), and the root is "", never
// `general` (fact: `general-is-no-folder`).
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Uid;

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
            key: key("u"),
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

    fn key(text: &str) -> Key {
        Key::Uid(Uid::parse(text).unwrap())
    }

    fn wire(text: &str, parent: Option<&str>) -> Wire {
        let parent = parent.map(str::to_owned);
        Wire { key: key("u"), text: text.into(), parent, secrets: Vec::new(), message: "m".into() }
    }

    #[test]
    fn a_put_keeps_what_others_put_on_the_dashboard_and_its_number() {
        let seen = resource(json!({
            "metadata": {
                "name": "u", "resourceVersion": "1764300000000001", "generation": 3,
                "labels": { "grafana.app/deprecatedInternalID": "77", "team": "a" },
                "annotations": {
                    "grafana.app/folder": "from", "grafana.app/message": "theirs", "grafana.app/updatedBy": "user:x",
                    "grafana.app/managedBy": "terraform", "grafana.app/managerAllowsEdits": "true",
                    "example.com/owner": "me",
                },
            },
            "spec": { "title": "U" },
        }));
        let requests = Dashboard.update(&wire("{\"uid\":\"u\",\"x\":1.0}", Some("to")), &seen, &Server::latest());
        let [put] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!(put.method, Method::Put);
        let body = put.body.clone().unwrap();
        assert!(body.ends_with("\"spec\":{\"uid\":\"u\",\"x\":1.0}}"), "byte for byte: {body}");
        let metadata = serde_json::from_str::<Value>(&body).unwrap()["metadata"].take();
        assert_eq!(
            metadata,
            json!({
                "name": "u", "resourceVersion": "1764300000000001",
                "labels": { "grafana.app/deprecatedInternalID": "77", "team": "a" },
                "annotations": {
                    "grafana.app/folder": "to", "grafana.app/message": "m", "grafana.app/managedBy": "terraform",
                    "grafana.app/managerAllowsEdits": "true", "example.com/owner": "me",
                },
            })
        );
    }

    #[test]
    fn what_is_taken_over_from_another_tool_loses_its_marks() {
        let seen = resource(json!({
            "metadata": {
                "name": "u", "resourceVersion": "1764300000000001",
                "annotations": {
                    "grafana.app/managedBy": "kubectl", "grafana.app/managerId": "gcx",
                    "grafana.app/sourcePath": "u.json", "example.com/owner": "me",
                },
            },
            "spec": { "title": "U" },
        }));
        let [put] = &Dashboard.update(&wire("{}", None), &seen, &Server::latest())[..] else { panic!() };
        let sent: Value = serde_json::from_str(put.body.as_deref().unwrap()).unwrap();
        let kept = json!({ "example.com/owner": "me", "grafana.app/message": "m" });
        assert_eq!(sent["metadata"]["annotations"], kept);
    }

    #[test]
    fn a_dashboard_that_is_made_at_the_root_asks_for_the_default_permissions() {
        let sent = |parent| {
            let request = Dashboard.create(&wire("{\"refresh\":\"1s\"}", parent), &Server::latest());
            assert_eq!((request.method, request.path.rsplit('/').next()), (Method::Post, Some("dashboards")));
            serde_json::from_str::<Value>(&request.body.unwrap()).unwrap()
        };
        let granted = json!({ "grafana.app/message": "m", "grafana.app/grant-permissions": "default" });
        assert_eq!(sent(None)["metadata"], json!({ "name": "u", "annotations": granted }));
        assert_eq!(sent(None)["spec"]["refresh"], "5s", "as it would be stored: the resource API refuses less");
        let inside = json!({ "grafana.app/message": "m", "grafana.app/folder": "f" });
        assert_eq!(sent(Some("f"))["metadata"]["annotations"], inside);
    }

    #[test]
    fn servers_before_12_4_are_written_by_the_classic_save() {
        let server = Server { version: "12.3.1".into(), ..Server::latest() };
        assert_eq!(Dashboard.create(&wire("{}", None), &server).path, "/api/dashboards/db");
    }

    #[test]
    fn an_answer_for_another_uid_is_no_success_and_one_for_none_is_none_at_all() {
        let judge = |status, body: &str| {
            Dashboard.judge(Write::Create, &key("mine"), &Response { status, body: body.as_bytes().to_vec() })
        };
        assert!(matches!(judge(200, r#"{"uid":"other"}"#), Verdict::Refused(_)));
        assert_eq!(judge(200, r#"{"uid":"mine"}"#), Verdict::Done);
        assert_eq!(judge(201, r#"{"metadata":{"name":"mine"},"spec":{}}"#), Verdict::Done);
        for (status, body) in [(200, ""), (200, "{}"), (400, ""), (404, ""), (422, "[]")] {
            assert_eq!(judge(status, body), Verdict::Unknown, "{status} {body}");
        }
        assert!(matches!(judge(400, r#"{"message":"no"}"#), Verdict::Refused(_)));
    }
}
