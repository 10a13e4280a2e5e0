//! Folders as resources: `/apis/folder.grafana.app`.

use serde_json::json;

use super::access::{EDIT, VIEW};
use super::answer::Answer;
use super::call::{Call, uid_fault};
use super::discovery::FOLDERS;
use super::folder_changes::{DEEPEST, NOT_EMPTY, is_general};
use super::json::Json;
use super::pages::Listed;
use super::resources::{Kind, Sent, bad_request, forbidden};
use super::rules::{Saving, Storage};
use super::state::Folder;

/// The kind.
pub(crate) const FOLDER: Kind = Kind { group: FOLDERS, plural: "folders", kind: "Folder" };

impl Call<'_> {
    fn folder_resource(&self, version: &str, folder: &Folder) -> serde_json::Value {
        json!({
            "kind": "Folder", "apiVersion": format!("{FOLDERS}/{version}"),
            "metadata": self.metadata(FOLDER, &folder.uid, &folder.parent, &folder.about),
            "spec": { "title": folder.title, "description": folder.description },
        })
    }

    /// A folder in a list, of which the old table tells less.
    fn listed_folder(&self, version: &str, folder: &Folder) -> serde_json::Value {
        let mut body = self.folder_resource(version, folder);
        if self.rules.storage == Storage::Adapter
            && let Some(metadata) = body["metadata"].as_object_mut()
        {
            metadata.remove("generation");
            if let Some(annotations) = metadata["annotations"].as_object_mut() {
                annotations.remove("grafana.app/createdBy");
                annotations.remove("grafana.app/updatedBy");
            }
        }
        body
    }

    /// GET of all.
    pub(crate) fn list_folder_resources(&self, version: &str) -> Answer {
        let listed: Vec<_> = self
            .state
            .folders
            .values()
            .filter(|f| self.state.folder_level(&self.who, &f.uid) >= VIEW)
            .map(|f| Listed {
                name: f.uid.clone(),
                place: f.uid.clone(),
                body: self.listed_folder(version, f).into(),
                length: 0,
            })
            .collect();
        self.page(FOLDER, version, listed)
    }

    /// GET of one.
    pub(crate) fn get_folder_resource(&self, version: &str, name: &str) -> Answer {
        match self.state.folders.get(name) {
            None => FOLDER.missing(name),
            Some(folder) if self.state.folder_level(&self.who, &folder.uid) >= VIEW => {
                Answer::resource(200, self.folder_resource(version, folder))
            }
            Some(_) => forbidden(),
        }
    }

    /// POST.
    pub(crate) fn create_folder_resource(&mut self, version: &str) -> Answer {
        match self.sent(FOLDER, version).and_then(|sent| self.add_folder_resource(version, sent)) {
            Ok(answer) | Err(answer) => answer,
        }
    }

    fn add_folder_resource(&mut self, version: &str, mut sent: Sent) -> Result<Answer, Answer> {
        if !self.state.may_create_in(&self.who, &sent.folder) {
            return Err(forbidden());
        }
        FOLDER.check_name(&sent.name)?;
        if self.state.folders.contains_key(&sent.name) {
            return Err(FOLDER.exists(&sent.name));
        }
        self.check_folder_resource(&sent)?;
        if self.rules.saving == Saving::AsResource {
            trim_title(&mut sent.spec);
        }
        let name = sent.name;
        let mut about = self.state.about(self.who.account);
        about.labels = sent.labels;
        about.annotations = sent.annotations;
        about.grants = self.first_grants(sent.folder.is_empty());
        let mut folder = Folder {
            about,
            uid: name,
            title: sent.spec.text("title").to_owned(),
            description: sent.spec.text("description").to_owned(),
            parent: sent.folder,
            counts_moved: false,
        };
        self.forget(&mut folder.about);
        if self.rules.storage == Storage::Adapter {
            folder.description.clear();
        }
        let body = self.folder_resource(version, &folder);
        if self.request.parameter("dryRun") != "All" {
            self.state.put_folder(folder);
        }
        Ok(Answer::resource(201, body))
    }

    fn check_folder_resource(&self, sent: &Sent) -> Result<(), Answer> {
        if sent.spec.text("title").trim().is_empty() {
            return Err(bad_request("folder title cannot be empty"));
        }
        if self.rules.saving == Saving::AsResource && is_general(sent.spec.text("title")) {
            return Err(bad_request("A folder with that name already exists"));
        }
        if matches!(sent.name.as_str(), "general" | "sharedwithme") {
            return Err(bad_request("invalid uid for folder provided"));
        }
        if let Some(fault) = uid_fault(&sent.name) {
            return Err(bad_request(fault.told()));
        }
        if sent.folder == sent.name && !sent.name.is_empty() {
            return Err(bad_request("folder cannot be parent of itself"));
        }
        if self.state.folders.contains_key(&sent.folder) && self.state.parents(&sent.folder).len() >= DEEPEST {
            let told = format!("folder max depth exceeded, max depth is {DEEPEST}");
            return Err(match self.rules.depth_is_told {
                true => bad_request(&told),
                false => Answer::failure(500, "", &told, None),
            });
        }
        Ok(())
    }

    /// PUT.
    pub(crate) fn put_folder_resource(&mut self, version: &str, name: &str) -> Answer {
        match self.sent(FOLDER, version).and_then(|sent| self.change_folder_resource(version, name, sent)) {
            Ok(answer) | Err(answer) => answer,
        }
    }

    /// PATCH.
    pub(crate) fn patch_folder_resource(&mut self, version: &str, name: &str) -> Answer {
        let Some(folder) = self.state.folders.get(name) else { return FOLDER.missing(name) };
        let object = self.folder_resource(version, folder).into();
        match self
            .patched(FOLDER, version, object)
            .and_then(|sent| self.change_folder_resource(version, name, sent))
        {
            Ok(answer) | Err(answer) => answer,
        }
    }

    fn change_folder_resource(&mut self, version: &str, name: &str, mut sent: Sent) -> Result<Answer, Answer> {
        sent.is_called(name)?;
        let Some(mut folder) = self.state.folders.get(name).cloned() else {
            return self.add_folder_resource(version, sent);
        };
        if self.state.folder_level(&self.who, name) < EDIT {
            return Err(forbidden());
        }
        if !sent.resource_version.is_empty() && sent.resource_version != self.resource_version(&folder.about) {
            return Err(FOLDER.modified(name));
        }
        if sent.folder == name || self.state.parents(&sent.folder).iter().any(|f| f.uid == name) {
            let told = "cannot move folder under its own descendant, this would create a circular reference";
            return Err(Answer::failure(500, "", told, None));
        }
        if self.rules.saving == Saving::AsResource {
            trim_title(&mut sent.spec);
        }
        let (title, description) = (sent.spec.text("title"), sent.spec.text("description"));
        if title.trim().is_empty() {
            return Err(bad_request("folder title cannot be empty"));
        }
        let spec_same = folder.title == title && folder.description == description && folder.parent == sent.folder;
        if !spec_same || folder.about.labels != sent.labels || folder.about.annotations != sent.annotations {
            if !spec_same {
                self.raise_folder(&mut folder);
            }
            folder.about.resource_version = self.state.next_resource_version();
            title.clone_into(&mut folder.title);
            description.clone_into(&mut folder.description);
            folder.parent = sent.folder;
            folder.about.labels = sent.labels;
            folder.about.annotations = sent.annotations;
            self.state.put_folder(folder.clone());
        }
        Ok(Answer::resource(200, self.folder_resource(version, &folder)))
    }

    /// DELETE.
    pub(crate) fn delete_folder_resource(&mut self, version: &str, name: &str) -> Answer {
        let Some(folder) = self.state.folders.get(name) else {
            return FOLDER.missing(name);
        };
        if self.state.folder_level(&self.who, name) < EDIT {
            return forbidden();
        }
        if let Err(answer) = self.check_preconditions(FOLDER, name, &folder.about) {
            return answer;
        }
        let full = folder.counts_moved
            || self.state.dashboards.values().any(|d| d.folder == name)
            || self.state.folders.values().any(|f| f.parent == name)
            || self.state.library.values().any(|e| e.folder == name);
        if self.rules.storage == Storage::Adapter {
            let body = self.folder_resource(version, folder);
            self.state.remove_folder(name);
            return Answer::resource(200, body);
        }
        if full {
            return Answer::failure(400, "BadRequest", NOT_EMPTY, Some(json!({ "uid": "folder.not-empty" })));
        }
        let uid = self.object_uid(FOLDER, name, &folder.about);
        self.state.remove_folder(name);
        FOLDER.removed(name, &uid)
    }
}

fn trim_title(spec: &mut Json) {
    if let Json::Object(members) = spec
        && let Some(Json::String(title)) = members.get_mut("title")
    {
        *title = title.trim().to_owned();
    }
}
