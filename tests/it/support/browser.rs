//! Somebody in the browser, who is no service account: reads and changes the workspace beside the program.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::send;
use super::world::World;

impl World {
    /// Sends a request as the user `admin`.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.send_as(None, method, path, body)
    }

    /// Sends a request with a token, or as the user.
    pub fn send_as(&self, token: Option<&str>, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        send(&self.sandbox.running().url, token, method, path, body)
    }

    /// Reads something; none when it is not there.
    #[track_caller]
    pub fn read(&self, path: &str) -> Option<Value> {
        match self.send("GET", path, None) {
            (200, json) => Some(json),
            (404, _) => None,
            (status, json) => panic!("GET {path} answers {status} {json}"),
        }
    }

    /// Changes something, which must be allowed.
    #[track_caller]
    pub fn change(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, json) = self.send(method, path, Some(body));
        assert!(status < 300, "{method} {path} answers {status} {json}");
        json
    }

    /// A dashboard as it is stored; none when it is not there.
    #[track_caller]
    pub fn live_dashboard(&self, uid: &str) -> Option<Value> {
        self.read(&format!("/api/dashboards/uid/{uid}")).map(|mut json| json["dashboard"].take())
    }

    /// What the server says about a dashboard.
    #[track_caller]
    pub fn about(&self, uid: &str) -> Value {
        self.read(&format!("/api/dashboards/uid/{uid}")).unwrap()["meta"].take()
    }

    /// The uid of the folder that a dashboard is in; empty at the root.
    #[track_caller]
    pub fn folder_of(&self, uid: &str) -> String {
        self.about(uid)["folderUid"].as_str().unwrap_or_default().to_owned()
    }

    /// A folder.
    #[track_caller]
    pub fn live_folder(&self, uid: &str) -> Option<Value> {
        self.read(&format!("/api/folders/{uid}"))
    }

    /// The uid of the one folder of this title, wherever it is.
    #[track_caller]
    pub fn folder_titled(&self, title: &str) -> Option<String> {
        let hits = self.read("/api/search?type=dash-folder&limit=5000").unwrap();
        let mut found = hits.as_array().unwrap().iter().filter(|hit| hit["title"] == title);
        let uid = found.next()?["uid"].as_str().unwrap().to_owned();
        assert!(found.next().is_none(), "there are several folders `{title}`");
        Some(uid)
    }

    /// A data source.
    #[track_caller]
    pub fn live_datasource(&self, uid: &str) -> Option<Value> {
        self.read(&format!("/api/datasources/uid/{uid}"))
    }

    /// Saves a dashboard, overwriting whatever is there; an empty folder is the root.
    #[track_caller]
    pub fn save(&self, dashboard: &Value, folder: &str) {
        let body = json!({ "dashboard": dashboard, "folderUid": folder, "overwrite": true });
        self.change("POST", "/api/dashboards/db", &body);
    }

    /// Opens a dashboard, changes it, saves it where it is.
    #[track_caller]
    pub fn edit(&self, uid: &str, change: impl FnOnce(&mut Value)) {
        let mut dashboard = self.live_dashboard(uid).unwrap();
        change(&mut dashboard);
        let body = json!({ "dashboard": dashboard, "folderUid": self.folder_of(uid), "overwrite": false });
        self.change("POST", "/api/dashboards/db", &body);
    }

    /// Makes a folder, at the root or below another.
    #[track_caller]
    pub fn make_folder(&self, uid: &str, title: &str, parent: &str) {
        let mut body = json!({ "uid": uid, "title": title });
        if !parent.is_empty() {
            body["parentUid"] = parent.into();
        }
        self.change("POST", "/api/folders", &body);
    }

    /// Gives a folder another title.
    #[track_caller]
    pub fn retitle_folder(&self, uid: &str, title: &str) {
        let body = json!({ "title": title, "overwrite": true });
        self.change("PUT", &format!("/api/folders/{uid}"), &body);
    }

    /// Makes a data source.
    #[track_caller]
    pub fn make_datasource(&self, datasource: &Value) {
        self.change("POST", "/api/datasources", datasource);
    }

    /// Opens a data source, changes it, saves it.
    #[track_caller]
    pub fn edit_datasource(&self, uid: &str, change: impl FnOnce(&mut Value)) {
        let mut datasource = self.live_datasource(uid).unwrap();
        change(&mut datasource);
        self.change("PUT", &format!("/api/datasources/uid/{uid}"), &datasource);
    }

    /// Deletes something by its path in the API.
    #[track_caller]
    pub fn delete(&self, path: &str) {
        let (status, json) = self.send("DELETE", path, None);
        assert!(status == 200, "DELETE {path} answers {status} {json}");
    }

    /// Everything in the workspace but the registry, by address, as it is stored.
    #[track_caller]
    pub fn everything(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for sort in ["dash-db", "dash-folder"] {
            let hits = self.read(&format!("/api/search?type={sort}&limit=5000")).unwrap();
            for hit in hits.as_array().unwrap() {
                let uid = hit["uid"].as_str().unwrap();
                if uid == "amgctl" || uid.starts_with("amgctl-") {
                    continue;
                }
                if sort == "dash-db" {
                    let json = self.read(&format!("/api/dashboards/uid/{uid}")).unwrap();
                    all.insert(format!("dashboard.{uid}"), json);
                } else {
                    all.insert(format!("folder.{uid}"), self.live_folder(uid).unwrap());
                }
            }
        }
        for listed in self.read("/api/datasources").unwrap().as_array().unwrap() {
            let uid = listed["uid"].as_str().unwrap();
            all.insert(format!("datasource.{uid}"), self.live_datasource(uid).unwrap());
        }
        all
    }
}
