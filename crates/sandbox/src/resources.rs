//! Objects of the resource API (`/apis`): what dashboards and folders have in common there.
//!
//! What is peculiar to each is in [`super::resource_dashboards`] and [`super::resource_folders`].

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::call::Call;
use super::discovery::FOLDERS;
use super::encoding::base64_url;
use super::json::Json;
use super::patches;
use super::rules::Storage;
use super::state::About;

/// What is common to the objects of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// The group.
    pub group: &'static str,
    /// The resource, in the plural.
    pub plural: &'static str,
    /// The kind.
    pub kind: &'static str,
}

/// Annotations that the server sets itself.
const OWN_ANNOTATIONS: [&str; 3] =
    ["grafana.app/createdBy", "grafana.app/updatedBy", "grafana.app/updatedTimestamp"];
/// The label that holds the number in the database.
const NUMBER: &str = "grafana.app/deprecatedInternalID";
/// The annotations that hold what manages an object: its kind, and which one.
pub(crate) const MANAGER: &str = "grafana.app/managedBy";
const MANAGER_ID: &str = "grafana.app/managerId";
/// The annotation that says that others than the manager may change it.
pub(crate) const EDITS_ALLOWED: &str = "grafana.app/managerAllowsEdits";
/// The annotation that holds the folder.
pub(crate) const FOLDER: &str = "grafana.app/folder";

/// Metadata as it was sent.
pub(crate) struct Sent {
    /// The object's name.
    pub name: String,
    /// The resource version that it is to have.
    pub resource_version: String,
    /// The folder it is in.
    pub folder: String,
    /// Its labels, but for the server's own.
    pub labels: BTreeMap<String, String>,
    /// Its annotations, but for the server's own.
    pub annotations: BTreeMap<String, String>,
    /// The object itself.
    pub spec: Json,
}

impl Sent {
    /// Gives it the name that the URL has; refuses when it says another itself.
    pub(super) fn is_called(&mut self, name: &str) -> Result<(), Answer> {
        if !self.name.is_empty() && self.name != name {
            return Err(bad_request(&format!(
                "the name of the object ({}) does not match the name on the URL ({name})",
                self.name
            )));
        }
        name.clone_into(&mut self.name);
        Ok(())
    }
}

impl Kind {
    /// There is no such object.
    pub(crate) fn missing(&self, name: &str) -> Answer {
        let told = format!("{}.{} \"{name}\" not found", self.plural, self.group);
        Answer::failure(404, "NotFound", &told, Some(self.details(name)))
    }

    /// There is one already.
    pub(crate) fn exists(&self, name: &str) -> Answer {
        let told = format!("{}.{} \"{name}\" already exists", self.plural, self.group);
        Answer::failure(409, "AlreadyExists", &told, Some(self.details(name)))
    }

    /// It was changed since it was read.
    pub(crate) fn modified(&self, name: &str) -> Answer {
        let told = format!(
            "Operation cannot be fulfilled on {}.{} \"{name}\": the object has been modified; please apply your changes to the latest version and try again",
            self.plural, self.group
        );
        Answer::failure(409, "Conflict", &told, Some(self.details(name)))
    }

    /// It is gone.
    pub(crate) fn removed(&self, name: &str, uid: &str) -> Answer {
        let mut details = self.details(name);
        details["uid"] = uid.into();
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
        });
        Answer::resource(200, body)
    }

    /// Checks that something new has a name that can stand in a path.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Answer> {
        let (reason, told) = match name.chars().find(|c| matches!(c, '/' | '%')) {
            Some(bad) => ("FieldValueInvalid", format!("Invalid value: \"{name}\": may not contain '{bad}'")),
            None if name.is_empty() => {
                ("FieldValueRequired", "Required value: name or generateName is required".to_owned())
            }
            None => return Ok(()),
        };
        let whole = format!("{}.{} \"{name}\" is invalid: metadata.name: {told}", self.kind, self.group);
        let causes = json!([{ "reason": reason, "message": told, "field": "metadata.name" }]);
        let mut details = json!({ "group": self.group, "kind": self.kind, "causes": causes });
        if !name.is_empty() {
            details["name"] = name.into();
        }
        Err(Answer::failure(422, "Invalid", &whole, Some(details)))
    }

    fn details(&self, name: &str) -> Value {
        json!({ "name": name, "group": self.group, "kind": self.plural })
    }
}

/// The resource API's uid that follows from a name, where storage has none of its own.
pub(crate) fn uid_of_name(group: &str, kind: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{group}|{kind}|default|{name}"));
    let text: String = base64_url(&digest).replace(['-', '_'], "X");
    format!("{text:X<44}")
}

/// The body is not what it should be.
pub(crate) fn bad_request(message: &str) -> Answer {
    Answer::failure(400, "BadRequest", message, None)
}

/// The token may not do this.
pub(crate) fn forbidden() -> Answer {
    Answer::failure(403, "", "", None)
}

impl Call<'_> {
    /// The resource version of an object; the old table has none of its own and gives the version.
    pub(crate) fn resource_version(&self, about: &About) -> String {
        match self.rules.storage {
            Storage::Adapter => about.version.to_string(),
            Storage::Table | Storage::Unified => about.resource_version.to_string(),
        }
    }

    /// The metadata of an object as it is kept.
    pub(crate) fn metadata(&self, kind: Kind, name: &str, folder: &str, about: &About) -> Value {
        match self.rules.storage {
            Storage::Table | Storage::Unified => self.full_metadata(kind, name, folder, about),
            Storage::Adapter => {
                let bare =
                    About { changed: true, labels: BTreeMap::new(), annotations: BTreeMap::new(), ..about.clone() };
                let mut body = self.full_metadata(kind, name, folder, &bare);
                if let Value::Object(members) = &mut body {
                    members.remove("managedFields");
                }
                body
            }
        }
    }

    /// The resource API's uid of an object; the old table has none and makes it from the name, so that it is the
    /// same for everything that ever had that name.
    pub(crate) fn object_uid(&self, kind: Kind, name: &str, about: &About) -> String {
        match self.rules.storage {
            Storage::Table | Storage::Unified => about.object_uid.clone(),
            Storage::Adapter => uid_of_name(kind.group, kind.kind, name),
        }
    }

    /// Loses what the old table has no place for.
    pub(crate) fn forget(&self, about: &mut About) {
        if self.rules.storage == Storage::Adapter {
            about.labels.clear();
            about.annotations.clear();
        }
    }

    /// The metadata of an object as it was sent.
    pub(crate) fn full_metadata(&self, kind: Kind, name: &str, folder: &str, about: &About) -> Value {
        let mut annotations = about.annotations.clone();
        let mut annotate = |key: &str, value: String| annotations.insert(format!("grafana.app/{key}"), value);
        annotate("createdBy", self.identity(about.created_by));
        if about.changed {
            annotate("updatedBy", self.identity(about.updated_by));
            annotate("updatedTimestamp", about.updated.clone());
        }
        if !folder.is_empty() {
            annotations.insert(FOLDER.to_owned(), folder.to_owned());
        }
        let mut labels = about.labels.clone();
        labels.insert(NUMBER.to_owned(), about.id.to_string());
        json!({
            "name": name, "namespace": "default", "uid": self.object_uid(kind, name, about),
            "resourceVersion": self.resource_version(about), "generation": about.version,
            "creationTimestamp": about.created, "labels": labels, "annotations": annotations,
            "managedFields": [{
                "manager": "amgctl", "operation": "Update", "apiVersion": "dashboard.grafana.app/v0alpha1",
                "time": about.updated, "fieldsType": "FieldsV1", "fieldsV1": { "f:spec": {} },
            }],
        })
    }

    /// Checks what a DELETE demands of the object before it goes.
    pub(crate) fn check_preconditions(&self, kind: Kind, name: &str, about: &About) -> Result<(), Answer> {
        let body = self.request.any_json().unwrap_or(&Json::Null);
        // The adapter minds them for dashboards (fact: `delete-preconditions`); for folders nobody tried.
        if self.rules.storage == Storage::Adapter && kind.group == FOLDERS {
            return Ok(());
        }
        let Some(demanded) = body.get("preconditions") else {
            return Ok(());
        };
        let actual = self.resource_version(about);
        let object_uid = self.object_uid(kind, name, about);
        for (field, has) in [("uid", object_uid.as_str()), ("resourceVersion", actual.as_str())] {
            let wanted = demanded.text(field);
            if demanded.get(field).is_some_and(|v| *v != Json::Null) && wanted != has {
                let what = if field == "uid" { "UID" } else { "ResourceVersion" };
                let told = format!(
                    "Operation cannot be fulfilled on {}.{} \"{name}\": Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {has}",
                    kind.kind, kind.group
                );
                let details = json!({ "name": name, "group": kind.group, "kind": kind.kind });
                return Err(Answer::failure(409, "Conflict", &told, Some(details)));
            }
        }
        Ok(())
    }

    /// Checks that a change does not exchange what manages the object for something else.
    pub(crate) fn check_manager(&self, about: &About, sent: &Sent) -> Result<(), Answer> {
        let of =
            |annotations: &BTreeMap<String, String>, key: &str| annotations.get(key).cloned().unwrap_or_default();
        let (had, has) = (of(&about.annotations, MANAGER), of(&sent.annotations, MANAGER));
        if !self.rules.managers_are_kept || had.is_empty() || has.is_empty() {
            return Ok(());
        }
        let told = |what: &str| {
            let told = format!("Cannot change resource manager {what}; remove the existing manager first");
            Err(Answer::failure(403, "Forbidden", &told, None))
        };
        if had != has {
            return told("kind");
        }
        match of(&about.annotations, MANAGER_ID) == of(&sent.annotations, MANAGER_ID) || has == "terraform" {
            true => Ok(()),
            false => told("identity"),
        }
    }

    fn identity(&self, account: i64) -> String {
        match self.state.accounts.get(&account) {
            Some(account) if account.service => format!("service-account:{}", account.uid),
            Some(account) => format!("user:{}", account.uid),
            None => "anonymous:0".to_owned(),
        }
    }

    /// Reads the object in the body after it was merged into one that is there.
    pub(crate) fn patched(&self, kind: Kind, version: &str, mut object: Json) -> Result<Sent, Answer> {
        let kinds = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";
        let Some(patch) = self.request.any_json() else {
            return Err(bad_request("the patch is not valid JSON"));
        };
        match self.request.content_type.split(';').next().unwrap_or_default().trim() {
            "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
                patches::merge(&mut object, patch);
            }
            "application/json-patch+json" => {
                patches::apply(&mut object, patch).map_err(|e| Answer::failure(422, "Invalid", &e.0, None))?
            }
            _ => {
                let told = format!(
                    "the body of the request was in an unknown format - accepted media types include: {kinds}"
                );
                return Err(Answer::failure(415, "UnsupportedMediaType", &told, None));
            }
        }
        sent_in(kind, version, &object)
    }

    /// Reads the object in the body.
    pub(crate) fn sent(&self, kind: Kind, version: &str) -> Result<Sent, Answer> {
        let body = self.request.any_json().filter(|b| b.members().is_some_and(|m| !m.is_empty()));
        let Some(body) = body else {
            return Err(bad_request("the object provided is not valid JSON"));
        };
        sent_in(kind, version, body)
    }
}

/// Reads an object.
pub(crate) fn sent_in(kind: Kind, version: &str, body: &Json) -> Result<Sent, Answer> {
    let expected = format!("{}/{version}", kind.group);
    let given = body.text("apiVersion");
    if !given.is_empty() && given != expected {
        return Err(bad_request(&format!(
            "the API version in the data ({given}) does not match the expected API version ({expected})"
        )));
    }
    let metadata = body.get("metadata").cloned().unwrap_or(Json::Null);
    let texts = |key: &str| -> BTreeMap<String, String> {
        let members = metadata.get(key).and_then(Json::members);
        members.into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
    };
    let namespace = metadata.text("namespace");
    if !matches!(namespace, "" | "default") {
        return Err(bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let mut annotations = texts("annotations");
    OWN_ANNOTATIONS.iter().for_each(|own| drop(annotations.remove(*own)));
    let folder = annotations.remove(FOLDER).unwrap_or_default();
    let mut labels = texts("labels");
    labels.remove(NUMBER);
    let mut name = metadata.text("name").to_owned();
    if name.is_empty() && !metadata.text("generateName").is_empty() {
        name = format!("{}{}", metadata.text("generateName"), super::random::short_uid());
    }
    let spec = body.get("spec").cloned().unwrap_or(Json::object([]));
    let resource_version = metadata.text("resourceVersion").to_owned();
    Ok(Sent { name, resource_version, folder, labels, annotations, spec })
}
