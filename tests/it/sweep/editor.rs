//! Somebody who edits objects while a run is under way, and what of an edit is there afterwards.

use serde_json::{Value, json};

use crate::support::{dashboard, send};

/// The folder that somebody else has, into which things are moved.
pub const FOREIGN: &str = "foreign-folder";
/// What somebody writes into an object.
const MARK: &str = "edited by hand";

/// What somebody does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Saves it with the version that it has, as the browser does.
    Save,
    /// Saves it whatever version it has, as `overwrite: true` does.
    Overwrite,
    /// Puts it without a version, as most clients of the API do.
    Plain,
    /// Gives it another title or name.
    Rename,
    /// Moves it to another folder.
    Move,
    /// Deletes it.
    Delete,
    /// Deletes it, if it is there, and makes another one of that uid.
    Recreate,
    /// Puts a dashboard into it.
    Fill,
}

impl Edit {
    /// All of them.
    pub const ALL: [Edit; 8] = [
        Edit::Save,
        Edit::Overwrite,
        Edit::Plain,
        Edit::Rename,
        Edit::Move,
        Edit::Delete,
        Edit::Recreate,
        Edit::Fill,
    ];
}

/// The kinds that are edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Dashboard,
    Folder,
    Datasource,
}

/// What an edit left, to be looked for afterwards.
#[derive(Clone, Debug)]
pub enum Left {
    /// The object holds this.
    Text(String),
    /// The object is in that folder.
    In(String),
    /// The object is not there.
    Nothing,
    /// There is a dashboard in it, of this uid.
    Inside(String),
}

/// Somebody with the workspace open in the browser.
pub struct Person<'a> {
    /// The workspace.
    pub url: &'a str,
    /// Whether it serves dashboards as resources.
    pub resources: bool,
    /// Whether folders can hold folders.
    pub nested: bool,
}

impl Person<'_> {
    /// Edits an object; none where that cannot be done to it, or it is not there.
    pub fn edit(&self, edit: Edit, kind: Kind, uid: &str) -> Option<Left> {
        let there = self.read(kind, uid);
        if there.is_none() && edit != Edit::Recreate {
            return None;
        }
        match kind {
            Kind::Dashboard => self.edit_dashboard(edit, uid, there),
            Kind::Folder => self.edit_folder(edit, uid, there),
            Kind::Datasource => self.edit_datasource(edit, uid, there),
        }
    }

    /// Whether what an edit left is still there.
    pub fn finds(&self, left: &Left, kind: Kind, uid: &str) -> bool {
        let live = self.read(kind, uid);
        match left {
            Left::Text(text) => live.is_some_and(|live| live.to_string().contains(text.as_str())),
            Left::In(folder) => live.is_some_and(|live| {
                let at = if kind == Kind::Folder { &live["parentUid"] } else { &live["meta"]["folderUid"] };
                at == folder.as_str()
            }),
            Left::Nothing => live.is_none(),
            Left::Inside(uid) => self.read(Kind::Dashboard, uid).is_some(),
        }
    }

    fn edit_dashboard(&self, edit: Edit, uid: &str, there: Option<Value>) -> Option<Left> {
        let folder = there.as_ref().map_or(json!(""), |t| t["meta"]["folderUid"].clone());
        let mut board = there.clone().map_or(Value::Null, |mut t| t["dashboard"].take());
        if let Some(members) = board.as_object_mut() {
            members.remove("id");
        }
        let save = |dashboard: Value, folder: Value, overwrite: bool| {
            let body = json!({ "dashboard": dashboard, "folderUid": folder, "overwrite": overwrite });
            self.must("POST", "/api/dashboards/db", Some(&body));
        };
        match edit {
            Edit::Save | Edit::Overwrite => {
                board["description"] = MARK.into();
                save(board, folder, edit == Edit::Overwrite);
                Some(Left::Text(MARK.into()))
            }
            Edit::Plain if self.resources => {
                let path = format!("/apis/dashboard.grafana.app/v0alpha1/namespaces/default/dashboards/{uid}");
                let mut object = self.must("GET", &path, None);
                object["spec"]["description"] = MARK.into();
                object["metadata"].as_object_mut().unwrap().remove("resourceVersion");
                self.must("PUT", &path, Some(&object));
                Some(Left::Text(MARK.into()))
            }
            Edit::Rename => {
                let title = format!("{} {MARK}", board["title"].as_str().unwrap());
                board["title"] = title.as_str().into();
                save(board, folder, false);
                Some(Left::Text(title))
            }
            Edit::Move => {
                save(board, FOREIGN.into(), false);
                Some(Left::In(FOREIGN.into()))
            }
            Edit::Delete => {
                self.must("DELETE", &format!("/api/dashboards/uid/{uid}"), None);
                Some(Left::Nothing)
            }
            Edit::Recreate => {
                if there.is_some() {
                    self.must("DELETE", &format!("/api/dashboards/uid/{uid}"), None);
                }
                let mut anew = dashboard(uid, &format!("Anew {uid}"));
                anew["description"] = MARK.into();
                save(anew, FOREIGN.into(), false);
                Some(Left::Text(MARK.into()))
            }
            Edit::Plain | Edit::Fill => None,
        }
    }

    fn edit_folder(&self, edit: Edit, uid: &str, there: Option<Value>) -> Option<Left> {
        let path = format!("/api/folders/{uid}");
        let title = format!("{uid} {MARK}");
        match edit {
            Edit::Save | Edit::Overwrite => {
                let version = &there.as_ref()?["version"];
                let body = match edit {
                    Edit::Save => json!({ "title": title, "version": version }),
                    _ => json!({ "title": title, "overwrite": true }),
                };
                self.must("PUT", &path, Some(&body));
                Some(Left::Text(title))
            }
            Edit::Move if self.nested => {
                self.must("POST", &format!("{path}/move"), Some(&json!({ "parentUid": FOREIGN })));
                Some(Left::In(FOREIGN.into()))
            }
            Edit::Delete => {
                self.must("DELETE", &path, None);
                Some(Left::Nothing)
            }
            Edit::Recreate => {
                if there.is_some() {
                    self.must("DELETE", &path, None);
                }
                self.must("POST", "/api/folders", Some(&json!({ "uid": uid, "title": title })));
                Some(Left::Text(title))
            }
            Edit::Fill => {
                let inside = format!("foreign-in-{uid}");
                let board = dashboard(&inside, &format!("Foreign in {uid}"));
                let body = json!({ "dashboard": board, "folderUid": uid, "overwrite": false });
                self.must("POST", "/api/dashboards/db", Some(&body));
                Some(Left::Inside(inside))
            }
            Edit::Plain | Edit::Rename | Edit::Move => None,
        }
    }

    fn edit_datasource(&self, edit: Edit, uid: &str, there: Option<Value>) -> Option<Left> {
        let path = format!("/api/datasources/uid/{uid}");
        let mut body = there.clone().unwrap_or_default();
        match edit {
            Edit::Save | Edit::Plain => {
                body["jsonData"]["byHand"] = MARK.into();
                if edit == Edit::Plain {
                    body.as_object_mut().unwrap().remove("version");
                }
                self.must("PUT", &path, Some(&body));
                Some(Left::Text(MARK.into()))
            }
            Edit::Rename => {
                let name = format!("{uid} {MARK}");
                body["name"] = name.as_str().into();
                self.must("PUT", &path, Some(&body));
                Some(Left::Text(name))
            }
            Edit::Delete => {
                self.must("DELETE", &path, None);
                Some(Left::Nothing)
            }
            Edit::Recreate => {
                if there.is_some() {
                    self.must("DELETE", &path, None);
                }
                let anew = json!({
                    "uid": uid, "name": uid, "type": "graphite", "access": "proxy", "url": "http://anew",
                    "jsonData": { "byHand": MARK },
                });
                self.must("POST", "/api/datasources", Some(&anew));
                Some(Left::Text(MARK.into()))
            }
            Edit::Overwrite | Edit::Move | Edit::Fill => None,
        }
    }

    /// An object as the older API gives it; none when it is not there.
    fn read(&self, kind: Kind, uid: &str) -> Option<Value> {
        let path = match kind {
            Kind::Dashboard => format!("/api/dashboards/uid/{uid}"),
            Kind::Folder => format!("/api/folders/{uid}"),
            Kind::Datasource => format!("/api/datasources/uid/{uid}"),
        };
        match self.send("GET", &path, None) {
            (200, json) => Some(json),
            (404, _) => None,
            (status, json) => panic!("GET {path} answers {status} {json}"),
        }
    }

    /// Sends what must be allowed.
    pub fn must(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, json) = self.send(method, path, body);
        assert!(status < 300, "{method} {path} answers {status} {json}");
        json
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        send(self.url, None, method, path, body)
    }
}
