//! Folders: a title and a parent. Moved by the move call, never deleted and made again.
//!
//! Which folder a directory stands for is decided in [`crate::plan`]; whether one is empty is asked by the apply.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::dashboard::Dashboard;
use super::facts::in_two_steps;
use super::{
    Among, Clash, Facts, Hold, How, Kind, Listing, Live, Normal, Objection, Rival, RivalPlace, Said, UidSpace,
    Unique, Verdict, When, Wire, Write, judge_common, judge_saved, number_text, on_unified_storage, text,
};
use crate::model::digest::Numbers;
use crate::model::request::encode;
use crate::model::server::{Resources, TitleRule};
use crate::model::{
    Delta, Entry, Found, Headline, Identity, Key, KindName, LiveBody, Mark, Marks, Method, Request, Response,
    Saved, Server,
};

/// The kind `folder`.
pub struct Folder;

/// The most folders below each other that a server takes: the child of the root is the first.
///
/// `MaxNestedFolderDepth` is 4 below it (fact: `folder-depth`); servers do not agree on refusing more.
pub const MAX_DEPTH: usize = 5;

static FACTS: Facts = Facts {
    singular: "folder",
    plural: "folders",
    holds: Some(MAX_DEPTH),
    in_folder: true,
    uids: UidSpace::Tree,
    named: false,
    uses: &[],
    shared: true,
    deleted_alone: true,
    secrets: None,
    small: true,
    refreshes: false,
    right: "folders:read",
    unlisted: "they could not be listed",
};

impl Kind for Folder {
    fn name(&self) -> KindName {
        Folder::NAME
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn headline(&self, body: &Value) -> Headline {
        Headline { title: text(body, "/title"), facts: Vec::new() }
    }

    fn titled(&self, title: &str) -> Option<Value> {
        Some(json!({ "title": title }))
    }

    fn document(&self, key: &Key, body: &Value) -> Value {
        json!({ "title": text(body, "/title").trim(), "uid": key.text() })
    }

    fn normal(&self, body: Value) -> Normal {
        let mut map = Map::new();
        map.insert("title".into(), Value::String(text(&body, "/title").trim().to_owned()));
        Normal { value: Value::Object(map), soft: Vec::new() }
    }

    fn as_stored(&self, _pointer: &str, value: Value, _server: &Server) -> Value {
        value
    }

    fn diff(&self, before: &Value, after: &Value, _numbers: Numbers) -> Delta {
        let (from, to) = (text(before, "/title"), text(after, "/title"));
        let entries = if from == to {
            Vec::new()
        } else {
            vec![Entry::new(Mark::Change, "title", "/title").values(Some(from), Some(to))]
        };
        Delta { entries, ..Delta::default() }
    }

    fn read(&self, key: &Key, server: &Server) -> Request {
        match &server.resources {
            Some(r) => Request::get(format!(
                "/apis/folder.grafana.app/{}/namespaces/{}/folders/{}",
                r.folders,
                r.namespace,
                encode(key.text())
            )),
            None => Request::get(format!("/api/folders/{}", encode(key.text()))),
        }
    }

    fn found(&self, answer: &Response, server: &Server) -> Result<Option<Live>, String> {
        let Some(json) = super::present(answer)? else { return Ok(None) };
        let live = match &server.resources {
            Some(_) => (!text(&json, "/metadata/name").is_empty()).then(|| resource(&json)),
            None => classic(&json),
        };
        live.map(Some).ok_or_else(|| "the answer is not a folder".into())
    }

    fn create(&self, wire: &Wire, _server: &Server) -> Request {
        let mut body: Value = serde_json::from_str(&wire.text).unwrap_or_default();
        body["uid"] = json!(wire.key.text());
        if let Some(parent) = &wire.parent {
            body["parentUid"] = json!(parent);
        }
        Request::write(Method::Post, "/api/folders", body.to_string())
    }

    fn update(&self, wire: &Wire, seen: &Live, _server: &Server) -> Vec<Request> {
        let body: Value = serde_json::from_str(&wire.text).unwrap_or_default();
        let path = format!("/api/folders/{}", encode(wire.key.text()));
        let mut requests = Vec::new();
        if is_renamed(wire, seen) {
            let body = json!({ "title": text(&body, "/title"), "version": seen.found.identity.version });
            requests.push(Request::write(Method::Put, path.clone(), body.to_string()));
        }
        if wire.parent != seen.found.parent {
            let body = json!({ "parentUid": wire.parent.as_deref().unwrap_or_default() });
            requests.push(Request::write(Method::Post, format!("{path}/move"), body.to_string()));
        }
        requests
    }

    fn delete(&self, key: &Key, seen: &Identity, server: &Server) -> Request {
        // On unified storage this route refuses a folder that is not empty; on legacy storage behind the same API it
        // deletes all it holds (fact: `full-folder-deleted`), as the older route does.
        match &server.resources {
            Some(_) if on_unified_storage(seen) => {
                let mut request = self.read(key, server);
                request.method = Method::Delete;
                let preconditions = json!({ "resourceVersion": seen.resource });
                let options =
                    json!({ "kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions });
                request.body = Some(options.to_string());
                request
            }
            _ => Request::delete(format!("/api/folders/{}", encode(key.text()))),
        }
    }

    fn judge(&self, write: Write, key: &Key, answer: &Response) -> Verdict {
        match (write, answer.status) {
            (Write::Create | Write::Update, 200..=299) => judge_saved(&text(&answer.json(), "/uid"), key.text()),
            (Write::Create, 409 | 412) => Verdict::Exists,
            (Write::Update, 409 | 412) | (Write::Delete, 409) => Verdict::ChangedByOther,
            (Write::Delete, 400) if answer.message().contains("not empty") => Verdict::Refused(format!(
                "Grafana says that it is not empty, and listed nothing in it just before. If nothing was put into it \
                 meanwhile, this workspace was moved from an older Grafana and still counts what the folder held then; \
                 docs/servers.md says what its owner can do. `amgctl forget folder.{key}` lets go of it, and it stays"
            )),
            _ => judge_common(write, answer),
        }
    }

    // Written by the older API everywhere: how the resource API renames and moves folders was not recorded.
    fn hold(&self, _write: Write, _seen: &Identity, _server: &Server) -> Hold {
        Hold::Loose
    }

    fn said(&self, answer: &Response, _server: &Server) -> Said {
        classic(&answer.json()).map(|live| live.said(self)).unwrap_or_default()
    }

    // A move raises the version by none, one or two, by server (fact: `move-and-version`).
    fn raises(&self, wire: &Wire, seen: &Live) -> Option<i64> {
        (wire.parent == seen.found.parent).then(|| i64::from(is_renamed(wire, seen)))
    }

    fn page(&self, key: &Key) -> Option<String> {
        Some(format!("/dashboards/f/{}", encode(key.text())))
    }

    fn listing(&self, server: &Server) -> Listing {
        let Some(Resources { namespace, folders, .. }) = &server.resources else {
            return Listing::Search("dash-folder");
        };
        let path = format!("/apis/folder.grafana.app/{folders}/namespaces/{namespace}/folders");
        Listing::Resources { path, accept: None, item: |object| resource(&object) }
    }

    fn savers(&self, key: &Key) -> Option<Request> {
        Some(Request::get(format!("/api/folders/{}", key.text())))
    }

    // One in the organisation, since 10.4 one among its siblings (fact: `folder-titles`).
    fn unique(&self, server: &Server) -> Option<Unique> {
        let among = match server.titles {
            TitleRule::Free => return None,
            TitleRule::ExactInFolder => Among::Folder,
            TitleRule::Slug | TitleRule::Exact => Among::Workspace,
        };
        Some(Unique { among, key: server.titles.key() })
    }

    // A folder that takes the title of a dashboard at the root, or where it is to be, is refused, wherever that
    // dashboard will be afterwards.
    fn rivals(&self, server: &Server) -> Vec<Rival> {
        let place = match server.titles {
            TitleRule::Free => return Vec::new(),
            TitleRule::ExactInFolder => RivalPlace::SameFolder,
            TitleRule::Slug | TitleRule::Exact => RivalPlace::Root,
        };
        vec![Rival { kind: Dashboard::NAME, place, when: When::Now }]
    }

    fn clash(&self, clash: &Clash<'_>) -> Objection {
        let Clash { other, theirs, declared, server: Server { version, .. }, .. } = clash;
        match clash.how {
            How::Twice => Objection::new(
                "title-twice",
                format!("the folder `{theirs}` has the same title for Grafana {version}, which allows it once"),
                "give one of them another title",
            ),
            How::Taken => Objection::new(
                "folder-title-taken",
                if clash.beside {
                    format!("the folder `{theirs}` (uid `{other}`) has that title there already")
                } else {
                    format!(
                        "the folder `{theirs}` (uid `{other}`) has that title, and Grafana {version} allows it once"
                    )
                },
                format!("write `uid: {other}` in its `_folder.yaml` to use that one, or choose another title"),
            ),
            How::Ring => Objection::new(
                "title-swap",
                format!("it and `folder.{other}` swap titles, which Grafana {version} does not allow in one step"),
                in_two_steps("title"),
            ),
            How::Rival(place) => Objection::new(
                "title-of-dashboard",
                format!(
                    "the dashboard `{other}`{} has that title, and Grafana {version} allows it once",
                    if place == RivalPlace::Root { " at the root" } else { " in that folder" },
                ),
                match declared {
                    Some(ours) => format!("give `{ours}` another title, apply, and apply again"),
                    None => "give the directory another name, or a `title:` in its `_folder.yaml`".into(),
                },
            ),
        }
    }
}

fn is_renamed(wire: &Wire, seen: &Live) -> bool {
    let body: Value = serde_json::from_str(&wire.text).unwrap_or_default();
    text(&body, "/title") != seen.found.headline.title
}

/// A folder as the older API gives it; none when it is none.
fn classic(json: &Value) -> Option<Live> {
    json.get("uid").and_then(Value::as_str)?;
    let parent = text(json, "/parentUid");
    Some(Live {
        found: Found {
            identity: Identity {
                created: text(json, "/created"),
                updated: text(json, "/updated"),
                version: json.get("version").and_then(Value::as_i64).unwrap_or(0),
                number: number_text(json, "/id"),
                ..Identity::default()
            },
            body: LiveBody::Unread,
            parent: (!parent.is_empty()).then_some(parent),
            headline: Headline { title: text(json, "/title"), facts: Vec::new() },
            saved: Saved { by: text(json, "/updatedBy"), at: text(json, "/updated") },
            guard: None,
            secure_keys: BTreeSet::new(),
        },
        body: json!({ "title": text(json, "/title") }),
        marks: Marks::default(),
    })
}

/// A folder as `/apis` gives it, alone or in a list.
#[must_use]
pub fn resource(object: &Value) -> Live {
    let title = text(object, "/spec/title");
    Live {
        found: Found {
            identity: super::resource_identity(object),
            body: LiveBody::Unread,
            parent: super::resource_parent(object),
            headline: Headline { title: title.clone(), facts: Vec::new() },
            saved: super::resource_saved(object),
            guard: super::resource_guard(object),
            secure_keys: BTreeSet::new(),
        },
        body: json!({ "title": title }),
        marks: super::resource_marks(object),
    }
}
