//! The records of the workspace, as they stand in the data file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::json::Json;

/// The compact text of an object, shared by a dashboard and its history.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text(pub Arc<str>);

impl Default for Text {
    fn default() -> Text {
        Text("{}".into())
    }
}

impl Text {
    /// The text of a value.
    pub(crate) fn of(value: &Json) -> Text {
        Text(value.to_text().into())
    }

    /// The value again.
    pub(crate) fn json(&self) -> Json {
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
pub(crate) struct About {
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
pub(crate) struct Grant {
    /// To whom.
    pub to: Grantee,
    /// 1 view, 2 edit, 4 administer.
    pub level: i64,
    /// Since when, RFC 3339.
    pub since: String,
}

/// Whom a permission is given to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Grantee {
    /// Everyone of at least this role.
    Role(String),
    /// One account.
    Account(i64),
    /// One team.
    Team(i64),
}

/// A folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Folder {
    /// Common fields.
    pub about: About,
    /// Its uid.
    pub uid: String,
    /// Its title.
    pub title: String,
    /// What the resource API says of it.
    pub description: String,
    /// The uid of the folder it is in; empty at the root.
    pub parent: String,
    /// It held dashboards when its database was moved to unified storage: the old table still counts them.
    #[serde(default)]
    pub counts_moved: bool,
}

/// A dashboard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dashboard {
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
pub(crate) struct Revision {
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
pub(crate) struct Datasource {
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
pub(crate) struct Account {
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
pub(crate) struct Token {
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
pub(crate) struct LibraryElement {
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
