//! What the workspace holds: folders, dashboards with their history, data sources, accounts, tokens.
//!
//! Every change goes through [`State`], which notes what changed, so that [`super::persist`] writes that and no more.
//! What may be changed by whom, and what is answered, is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::json::Json;

/// Revisions kept of one dashboard.
const REVISIONS: usize = 20;

/// The compact text of an object, shared by a dashboard and its history.
#[derive(Clone, Debug, PartialEq)]
pub struct Text(pub Arc<str>);

impl Default for Text {
    fn default() -> Text {
        Text("{}".into())
    }
}

impl Text {
    /// The text of a value.
    pub fn of(value: &Json) -> Text {
        Text(value.to_text().into())
    }

    /// The value again.
    pub fn json(&self) -> Json {
        Json::parse(self.0.as_bytes()).unwrap_or(Json::Null)
    }
}

impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &serde_json::value::RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(Text(raw.get().into()))
    }
}

/// What every object of the workspace has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// The number it has in the database.
    pub id: i64,
    /// When it was created, RFC 3339.
    pub created: String,
    /// When it was last changed, RFC 3339.
    pub updated: String,
    /// The account that created it.
    pub created_by: i64,
    /// The account that changed it last.
    pub updated_by: i64,
    /// Its version, which the resource API calls generation.
    pub version: i64,
    /// Changes with every write of it.
    pub resource_version: i64,
    /// The resource API's own uid of it: another one after each creation.
    pub object_uid: String,
    /// It was changed after it had been created.
    pub changed: bool,
    /// Its labels in the resource API.
    pub labels: BTreeMap<String, String>,
    /// Its annotations in the resource API, but for those the server sets.
    pub annotations: BTreeMap<String, String>,
    /// Who may do what with it.
    pub grants: Vec<Grant>,
}

/// One line of a list of permissions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// To whom.
    pub to: Grantee,
    /// 1 view, 2 edit, 4 administer.
    pub level: i64,
    /// Since when, RFC 3339.
    pub since: String,
}

/// Whom a permission is given to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Grantee {
    /// Everyone of at least this role.
    Role(String),
    /// One account.
    Account(i64),
    /// One team.
    Team(i64),
}

/// A folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Folder {
    /// Common fields.
    pub about: About,
    /// Its uid.
    pub uid: String,
    /// Its title.
    pub title: String,
    /// Its title as it was sent, with the space around it.
    pub sent_title: String,
    /// What the resource API says of it.
    pub description: String,
    /// The uid of the folder it is in; empty at the root.
    pub parent: String,
}

/// A dashboard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dashboard {
    /// Common fields.
    pub about: About,
    /// Its uid.
    pub uid: String,
    /// Its title.
    pub title: String,
    /// The uid of the folder it is in; empty at the root.
    pub folder: String,
    /// Its tags, as they are in the object.
    pub tags: Vec<String>,
    /// The version of the resource API it was stored at.
    pub stored_at: String,
    /// The object without `id`, `uid` and `version`; stored in its last revision.
    #[serde(skip)]
    pub spec: Text,
    /// Its history, oldest first; the last one is what it is now.
    #[serde(skip)]
    pub revisions: Vec<Revision>,
}

/// One entry of a dashboard's history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Revision {
    /// The number it has in the database.
    pub id: i64,
    /// The version of the dashboard.
    pub version: i64,
    /// The version before it, 0 for the first.
    pub parent: i64,
    /// The version it was restored from, or 0.
    pub restored_from: i64,
    /// When, RFC 3339.
    pub created: String,
    /// By which account.
    pub created_by: i64,
    /// The message of the save.
    pub message: String,
    /// The folder it was in.
    pub folder: String,
    /// The object.
    pub spec: Text,
}

/// A data source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Datasource {
    /// The number it has in the database.
    pub id: i64,
    /// Its uid.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// `proxy` or `direct`.
    pub access: String,
    /// Where it is.
    pub url: String,
    /// User, for some types.
    pub user: String,
    /// Database, for some types.
    pub database: String,
    /// Basic authentication is on.
    pub basic_auth: bool,
    /// Its user.
    pub basic_auth_user: String,
    /// Cookies are sent along.
    pub with_credentials: bool,
    /// It is the default one.
    pub default: bool,
    /// Settings that anybody may see.
    pub settings: Text,
    /// Settings that come back as flags only.
    pub secrets: BTreeMap<String, String>,
    /// Its version.
    pub version: i64,
}

/// A user or a service account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The number it has in the database.
    pub id: i64,
    /// Its uid.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Its login.
    pub login: String,
    /// `Admin`, `Editor`, `Viewer` or `None`.
    pub role: String,
    /// It may not sign in.
    pub disabled: bool,
    /// It is a service account.
    pub service: bool,
    /// When it was created, RFC 3339.
    pub created: String,
    /// When it was last changed, RFC 3339.
    pub updated: String,
}

/// A token of a service account, or an API key of old.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    /// The number it has in the database.
    pub id: i64,
    /// Its account; none for an API key.
    pub account: Option<i64>,
    /// Its name.
    pub name: String,
    /// What is sent.
    pub key: String,
    /// The role of an API key.
    pub role: String,
    /// When it was created, in seconds.
    pub created: i64,
    /// When it ends, in seconds.
    pub expires: Option<i64>,
}

/// A shared panel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LibraryElement {
    /// The number it has in the database.
    pub id: i64,
    /// Its uid.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// 1 for a panel, 2 for a variable.
    pub kind: i64,
    /// The uid of the folder it is in.
    pub folder: String,
    /// The panel.
    pub model: Text,
    /// Its version.
    pub version: i64,
    /// When it was created, RFC 3339.
    pub created: String,
    /// When it was last changed, RFC 3339.
    pub updated: String,
    /// The account that created it.
    pub created_by: i64,
    /// The account that changed it last.
    pub updated_by: i64,
}

/// Names one stored thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// The counters.
    Counters,
    /// A folder by uid.
    Folder(String),
    /// A dashboard by uid, without its history.
    Dashboard(String),
    /// One entry of a dashboard's history.
    Revision(String, i64),
    /// A data source by number.
    Datasource(i64),
    /// An account by number.
    Account(i64),
    /// A token by number.
    Token(i64),
    /// A shared panel by uid.
    LibraryElement(String),
}

/// Numbers that are never given twice.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Counters {
    /// The last number given to a folder, dashboard or revision.
    pub object: i64,
    /// The last number given to a data source.
    pub datasource: i64,
    /// The last number given to an account.
    pub account: i64,
    /// The last number given to a token.
    pub token: i64,
    /// The last resource version.
    pub resource_version: i64,
}

/// Everything the workspace holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Numbers that are never given twice.
    pub counters: Counters,
    /// Folders by uid.
    pub folders: BTreeMap<String, Folder>,
    /// Dashboards by uid.
    pub dashboards: BTreeMap<String, Dashboard>,
    /// Data sources by number.
    pub datasources: BTreeMap<i64, Datasource>,
    /// Accounts by number.
    pub accounts: BTreeMap<i64, Account>,
    /// Tokens by number.
    pub tokens: BTreeMap<i64, Token>,
    /// Shared panels by uid.
    pub library: BTreeMap<String, LibraryElement>,
    /// What changed since it was last written.
    pub changed: BTreeSet<Key>,
}

impl State {
    /// Notes that a thing was changed, made or removed.
    pub fn touch(&mut self, key: Key) {
        self.changed.insert(key);
        self.changed.insert(Key::Counters);
    }

    /// The next number for a folder, dashboard or revision.
    pub fn next_object(&mut self) -> i64 {
        self.counters.object += 1;
        self.counters.object
    }

    /// A resource version larger than every one before: microseconds, as unified storage has them.
    pub fn next_resource_version(&mut self) -> i64 {
        let now = jiff::Timestamp::now().as_microsecond();
        self.counters.resource_version = now.max(self.counters.resource_version + 1);
        self.counters.resource_version
    }

    /// The common fields of something new.
    pub fn about(&mut self, by: i64) -> About {
        let now = now();
        About {
            id: self.next_object(),
            created: now.clone(),
            updated: now,
            created_by: by,
            updated_by: by,
            version: 1,
            resource_version: self.next_resource_version(),
            object_uid: super::random::uuid(),
            changed: false,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            grants: Vec::new(),
        }
    }

    /// Stores a folder.
    pub fn put_folder(&mut self, folder: Folder) {
        self.touch(Key::Folder(folder.uid.clone()));
        self.folders.insert(folder.uid.clone(), folder);
    }

    /// Stores a dashboard whose current form is not yet in its history, and adds it there.
    pub fn put_dashboard(&mut self, mut dashboard: Dashboard, message: &str, restored_from: i64) {
        let id = self.next_object();
        let parent = if dashboard.about.version > 1 { dashboard.about.version - 1 } else { 0 };
        dashboard.revisions.push(Revision {
            id,
            version: dashboard.about.version,
            parent,
            restored_from,
            created: now(),
            created_by: dashboard.about.updated_by,
            message: message.to_owned(),
            folder: dashboard.folder.clone(),
            spec: dashboard.spec.clone(),
        });
        self.touch(Key::Revision(dashboard.uid.clone(), id));
        while dashboard.revisions.len() > REVISIONS {
            let oldest = dashboard.revisions.remove(0);
            self.touch(Key::Revision(dashboard.uid.clone(), oldest.id));
        }
        self.touch(Key::Dashboard(dashboard.uid.clone()));
        self.dashboards.insert(dashboard.uid.clone(), dashboard);
    }

    /// Removes a dashboard with its history.
    pub fn remove_dashboard(&mut self, uid: &str) -> Option<Dashboard> {
        let dashboard = self.dashboards.remove(uid)?;
        for revision in &dashboard.revisions {
            self.touch(Key::Revision(uid.to_owned(), revision.id));
        }
        self.touch(Key::Dashboard(uid.to_owned()));
        Some(dashboard)
    }

    /// Removes a folder with all it holds, folders below it included.
    pub fn remove_folder(&mut self, uid: &str) -> Option<Folder> {
        let folder = self.folders.remove(uid)?;
        self.touch(Key::Folder(uid.to_owned()));
        let inside: Vec<_> = self.dashboards.values().filter(|d| d.folder == uid).map(|d| d.uid.clone()).collect();
        inside.iter().for_each(|uid| drop(self.remove_dashboard(uid)));
        let elements: Vec<_> = self.library.values().filter(|e| e.folder == uid).map(|e| e.uid.clone()).collect();
        for uid in elements {
            self.library.remove(&uid);
            self.touch(Key::LibraryElement(uid));
        }
        let below: Vec<_> = self.folders.values().filter(|f| f.parent == uid).map(|f| f.uid.clone()).collect();
        below.iter().for_each(|uid| drop(self.remove_folder(uid)));
        Some(folder)
    }

    /// The folders above one, the root's child first; stops where a parent is missing.
    pub fn parents(&self, uid: &str) -> Vec<&Folder> {
        let mut above = Vec::new();
        let mut at = self.folders.get(uid).map_or("", |f| f.parent.as_str());
        while let Some(folder) = self.folders.get(at) {
            if above.len() > self.folders.len() {
                break;
            }
            above.push(folder);
            at = folder.parent.as_str();
        }
        above.reverse();
        above
    }
}

/// Now, as RFC 3339 in whole seconds.
pub fn now() -> String {
    timestamp(jiff::Timestamp::now().as_second())
}

/// Seconds since 1970 as RFC 3339.
pub fn timestamp(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}
