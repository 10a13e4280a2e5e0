//! Folders, as `/api/folders` has them.
//!
//! As resources they are in [`super::resource_folders`]; their permissions in [`super::permissions`].

use serde_json::json;

use super::access::{ADMINISTER, EDIT, Role, VIEW};
use super::answer::Answer;
use super::call::{Call, UidFault, uid_fault};
use super::json::Json;
use super::rules::{Nesting, Titles};
use super::slug::slug;
use super::state::{Folder, Key, now};

/// Levels of folders below the root.
pub const DEEPEST: usize = 4;
const CHANGED: &str = "the folder has been changed by someone else";
const SAME_TITLE: &str = "a folder or dashboard in the general folder with the same name already exists";

impl Call<'_> {
    /// The address of a folder's page.
    pub fn folder_url(&self, folder: &Folder) -> String {
        format!("/dashboards/f/{}/{}", folder.uid, slug(&folder.title, self.rules.slugs))
    }

    fn folder_fields(&self, folder: &Folder, level: i64) -> serde_json::Value {
        let about = &folder.about;
        let mut body = json!({
            "id": about.id, "uid": folder.uid, "title": folder.title, "url": self.folder_url(folder),
            "hasAcl": false, "canSave": level >= EDIT, "canEdit": level >= EDIT, "canAdmin": level >= ADMINISTER,
            "canDelete": level >= EDIT, "createdBy": self.state.login(about.created_by), "created": about.created,
            "updatedBy": self.state.login(about.updated_by), "updated": about.updated, "version": about.version,
        });
        if self.rules.org_in_objects {
            body["orgId"] = 1.into();
        }
        if self.nested() && !folder.parent.is_empty() {
            body["parentUid"] = folder.parent.as_str().into();
        }
        body
    }

    fn folder_body(&self, folder: &Folder, level: i64) -> serde_json::Value {
        let mut body = self.folder_fields(folder, level);
        let parents: Vec<_> = self
            .state
            .parents(&folder.uid)
            .into_iter()
            .map(|f| self.folder_fields(f, self.state.folder_level(&self.who, &f.uid)))
            .collect();
        if self.nested() && !parents.is_empty() {
            body["parents"] = parents.into();
        }
        body
    }

    /// Folders can be in folders.
    pub fn nested(&self) -> bool {
        self.rules.nesting != Nesting::Flat
    }

    /// GET `/api/folders`.
    pub fn list_folders(&self) -> Answer {
        let parent = self.request.parameter("parentUid");
        if self.nested() && !parent.is_empty() && !self.state.folders.contains_key(parent) {
            return folder_missing();
        }
        let mut found: Vec<_> = self
            .state
            .folders
            .values()
            .filter(|f| !self.nested() || f.parent == parent)
            .filter(|f| self.state.folder_level(&self.who, &f.uid) >= VIEW)
            .collect();
        found.sort_by_key(|f| (f.title.to_lowercase(), f.title.clone(), f.about.id));
        let limit =
            usize::try_from(self.request.number("limit").filter(|n| *n > 0).unwrap_or(1000)).unwrap_or(1000);
        let page = usize::try_from(self.request.number("page").filter(|n| *n > 0).unwrap_or(1)).unwrap_or(1);
        let items: Vec<_> = found
            .into_iter()
            .skip(limit.saturating_mul(page - 1))
            .take(limit)
            .map(|f| {
                let mut item = json!({ "id": f.about.id, "uid": f.uid, "title": f.title });
                if self.nested() && !f.parent.is_empty() {
                    item["parentUid"] = f.parent.as_str().into();
                }
                item
            })
            .collect();
        Answer::json(200, serde_json::Value::Array(items))
    }

    /// GET `/api/folders/UID`.
    pub fn get_folder(&self, uid: &str) -> Answer {
        if uid == "general" && self.rules.resource_api {
            return self.general_folder();
        }
        let Some(folder) = self.state.folders.get(uid) else {
            return self.folder_absent("folders:read");
        };
        let level = self.state.folder_level(&self.who, uid);
        if level < VIEW {
            return Answer::denied("folders:read");
        }
        Answer::json(200, self.folder_body(folder, level))
    }

    fn general_folder(&self) -> Answer {
        let may = self.who.role >= Role::Editor;
        let body = json!({
            "id": 0, "uid": "general", "orgId": 1, "title": "Dashboards", "url": "/dashboards/f/general/dashboards",
            "hasAcl": false, "canSave": may, "canEdit": may, "canAdmin": self.who.is_admin(), "canDelete": may,
            "createdBy": "Anonymous", "created": "0001-01-01T00:00:00Z", "updatedBy": "Anonymous",
            "updated": "0001-01-01T00:00:00Z", "version": 0,
        });
        Answer::json(200, body)
    }

    /// GET `/api/folders/id/ID`.
    pub fn get_folder_by_id(&self, id: &str) -> Answer {
        let Ok(id) = id.parse::<i64>() else {
            return self.rules.error(400, "id is invalid");
        };
        match self.state.folders.values().find(|f| f.about.id == id) {
            Some(folder) => self.get_folder(&folder.uid),
            None => self.folder_absent("folders:read"),
        }
    }

    /// A folder that is not there, told to whoever asks.
    pub fn folder_absent(&self, action: &str) -> Answer {
        if self.who.is_admin() {
            folder_missing()
        } else {
            self.rules.missing_to_the_weak("folder not found", action)
        }
    }

    /// POST `/api/folders`.
    pub fn create_folder(&mut self) -> Answer {
        if self.who.role < Role::Editor && !self.state.may_write_somewhere(&self.who) {
            return Answer::denied("folders:create");
        }
        let Some(body) = self.request.json() else {
            return self.rules.bad_request_data();
        };
        let parent = if self.nested() { body.text("parentUid").to_owned() } else { String::new() };
        let title = body.text("title").trim().to_owned();
        match self.make_folder(body.text("uid").trim(), &title, body.text("description"), &parent) {
            Ok(uid) => {
                let level = if self.who.is_admin() { ADMINISTER } else { 0 };
                self.state
                    .folders
                    .get(&uid)
                    .map_or_else(folder_missing, |folder| Answer::json(200, self.folder_body(folder, level)))
            }
            Err(answer) => answer,
        }
    }

    fn make_folder(&mut self, uid: &str, title: &str, description: &str, parent: &str) -> Result<String, Answer> {
        if title.is_empty() {
            return Err(Answer::message(400, "folder title cannot be empty"));
        }
        if uid == "general" {
            return Err(match self.rules.one_table {
                true => self.rules.error(500, "Folder API error"),
                false => Answer::message(500, "Folder API error: invalid uid for folder provided"),
            });
        }
        if self.rules.one_table && title.eq_ignore_ascii_case("general") {
            return Err(self.rules.error(400, "A folder with that name already exists"));
        }
        self.check_folder_uid(uid)?;
        if self.rules.one_table && self.state.dashboards.contains_key(uid) {
            return Err(self.rules.error(400, "Dashboard cannot be changed to a folder"));
        }
        if self.state.folders.contains_key(uid) {
            return Err(self.folder_changed_on_create());
        }
        if self.rules.titles == Titles::UniqueBySlug {
            self.check_folder_title(title, None)?;
        }
        if !parent.is_empty() {
            if !self.state.may_create_in(&self.who, parent) {
                return Err(Answer::denied("folders:create"));
            }
            if self.state.folders.contains_key(parent) && self.state.parents(parent).len() >= DEEPEST {
                return Err(Answer::message(500, "Folder API error: folder max depth exceeded, max depth is 4"));
            }
        }
        let uid = if uid.is_empty() { super::random::short_uid() } else { uid.to_owned() };
        let mut about = self.state.about(self.who.account);
        about.grants = self.first_grants(parent.is_empty());
        self.state.put_folder(Folder {
            about,
            uid: uid.clone(),
            title: title.to_owned(),
            description: description.to_owned(),
            parent: parent.to_owned(),
        });
        Ok(uid)
    }

    fn check_folder_uid(&self, uid: &str) -> Result<(), Answer> {
        match uid_fault(uid) {
            None => Ok(()),
            Some(UidFault::Long) => Err(self.rules.error(400, UidFault::Long.told())),
            Some(UidFault::Letters) if self.rules.one_table => Err(self.rules.error(400, UidFault::Letters.told())),
            Some(UidFault::Letters) => match uid.chars().find(|c| matches!(c, '/' | '%')) {
                Some(bad) => Err(Answer::message(
                    422,
                    &format!(
                        "Folder.folder.grafana.app \"{uid}\" is invalid: metadata.name: Invalid value: \"{uid}\": may not contain '{bad}'"
                    ),
                )),
                None => Err(Answer::message(400, UidFault::Letters.told())),
            },
        }
    }

    /// The servers that hold titles unique compare slugs with folders anywhere and dashboards at the root; the first
    /// one found counts.
    fn check_folder_title(&self, title: &str, own: Option<i64>) -> Result<(), Answer> {
        match self.same_slug(title, "") {
            Some((id, _, _)) if Some(id) == own => Ok(()),
            Some((_, _, true)) => Err(Answer::message(409, SAME_TITLE)),
            Some((_, _, false)) => {
                Err(self.rules.error(400, "Folder name cannot be the same as one of its dashboards"))
            }
            None => Ok(()),
        }
    }

    /// The oldest folder, or dashboard in that folder, whose slug is that of the title: id, uid, whether a folder.
    pub fn same_slug(&self, title: &str, folder: &str) -> Option<(i64, String, bool)> {
        let wanted = slug(title, self.rules.slugs);
        let folders = self.state.folders.values().map(|f| (f.about.id, &f.uid, &f.title, true));
        let dashboards = self.state.dashboards.values().filter(|d| d.folder == folder);
        folders
            .chain(dashboards.map(|d| (d.about.id, &d.uid, &d.title, false)))
            .filter(|(_, _, title, _)| slug(title, self.rules.slugs) == wanted)
            .min_by_key(|(id, ..)| *id)
            .map(|(id, uid, _, is_folder)| (id, uid.clone(), is_folder))
    }

    fn folder_changed_on_create(&self) -> Answer {
        match self.rules.one_table {
            true => Answer::json(412, json!({ "message": CHANGED, "status": "version-mismatch" })),
            false => Answer::message(412, CHANGED),
        }
    }

    /// PUT `/api/folders/UID`.
    pub fn update_folder(&mut self, uid: &str) -> Answer {
        let Some(known) = self.state.folders.get(uid).cloned() else {
            return self.folder_absent("folders:write");
        };
        if self.state.folder_level(&self.who, uid) < EDIT {
            return Answer::denied("folders:write");
        }
        let Some(body) = self.request.json() else {
            return self.rules.bad_request_data();
        };
        match self.change_folder(known, body) {
            Ok(uid) => self.state.folders.get(&uid).map_or_else(folder_missing, |folder| {
                Answer::json(200, self.folder_body(folder, self.state.folder_level(&self.who, &uid)))
            }),
            Err(answer) => answer,
        }
    }

    fn change_folder(&mut self, known: Folder, body: &Json) -> Result<String, Answer> {
        let title = body.text("title").trim().to_owned();
        let overwrite = body.flag("overwrite");
        if title.is_empty() && self.rules.one_table {
            return Err(Answer::message(400, "folder title cannot be empty"));
        }
        if title.eq_ignore_ascii_case("general") {
            return Err(self.rules.error(400, "A folder with that name already exists"));
        }
        if !overwrite && body.integer("version").unwrap_or(0) != known.about.version {
            return Err(match self.rules.one_table {
                true => Answer::json(412, json!({ "message": CHANGED, "status": "version-mismatch" })),
                false => Answer::message(412, "The dashboard has been changed by someone else"),
            });
        }
        let mut folder = known.clone();
        if self.rules.one_table {
            let new_uid = body.text("uid").trim();
            if !new_uid.is_empty() && new_uid != folder.uid {
                self.check_folder_uid(new_uid)?;
                if self.state.folders.contains_key(new_uid) || self.state.dashboards.contains_key(new_uid) {
                    return Err(self.rules.error(400, "A dashboard with the same uid already exists"));
                }
                new_uid.clone_into(&mut folder.uid);
            }
            match self.same_slug(&title, "") {
                Some((id, uid, true)) if id != known.about.id && overwrite => {
                    // The server takes the other folder for this one and overwrites that.
                    folder = self.state.folders.get(&uid).cloned().unwrap_or(folder);
                }
                _ => self.check_folder_title(&title, Some(known.about.id))?,
            }
        }
        if !title.is_empty() {
            folder.title = title;
        }
        if let Some(description) = body.get("description").and_then(Json::as_str) {
            folder.description = description.to_owned();
        }
        let moved_uid = folder.about.id == known.about.id && folder.uid != known.uid;
        let same = folder.title == known.title && folder.description == known.description;
        if same && !moved_uid && self.rules.saves == super::rules::Saves::RaiseOnChange {
            return Ok(folder.uid);
        }
        if moved_uid {
            self.rename_folder_uid(&known.uid, &folder.uid);
        }
        self.raise_folder(&mut folder);
        let uid = folder.uid.clone();
        self.state.put_folder(folder);
        Ok(uid)
    }

    fn rename_folder_uid(&mut self, from: &str, to: &str) {
        self.state.folders.remove(from);
        self.state.touch(Key::Folder(from.to_owned()));
        let inside: Vec<_> =
            self.state.dashboards.values().filter(|d| d.folder == from).map(|d| d.uid.clone()).collect();
        for uid in inside {
            if let Some(dashboard) = self.state.dashboards.get_mut(&uid) {
                to.clone_into(&mut dashboard.folder);
            }
            self.state.touch(Key::Dashboard(uid));
        }
    }

    /// Marks a folder as changed by whoever asks.
    pub fn raise_folder(&mut self, folder: &mut Folder) {
        folder.about.version += 1;
        folder.about.updated = now();
        folder.about.updated_by = self.who.account;
        folder.about.changed = true;
        folder.about.resource_version = self.state.next_resource_version();
    }

    /// POST `/api/folders/UID/move`.
    pub fn move_folder(&mut self, uid: &str) -> Answer {
        if !self.nested() {
            return Answer::message(404, "To use this service, you need to activate nested folder feature.");
        }
        let Some(mut folder) = self.state.folders.get(uid).cloned() else {
            return self.folder_absent("folders:write");
        };
        if self.state.folder_level(&self.who, uid) < EDIT {
            return Answer::denied("folders:write");
        }
        let Some(body) = self.request.json() else {
            return self.rules.bad_request_data();
        };
        let parent = body.text("parentUid").to_owned();
        if !parent.is_empty() {
            if !self.state.folders.contains_key(&parent) {
                return folder_missing();
            }
            if !self.state.may_create_in(&self.who, &parent) {
                return self.rules.refusal(403, "folders.forbiddenMove", "Access denied to the destination folder");
            }
            if parent == uid || self.state.parents(&parent).iter().any(|f| f.uid == uid) {
                return Answer::message(
                    500,
                    "cannot move folder under its own descendant, this would create a circular reference",
                );
            }
        }
        if folder.parent != parent {
            folder.parent = parent;
            self.raise_folder(&mut folder);
            self.state.put_folder(folder);
        }
        self.get_folder(uid)
    }

    /// GET `/api/folders/UID/counts`.
    pub fn count_folder(&self, uid: &str) -> Answer {
        if !self.nested() {
            return Answer::no_such_path();
        }
        if !self.state.folders.contains_key(uid) {
            return self.folder_absent("folders:read");
        }
        if self.state.folder_level(&self.who, uid) < VIEW {
            return Answer::denied("folders:read");
        }
        let below: Vec<_> = self
            .state
            .folders
            .values()
            .filter(|f| self.state.parents(&f.uid).iter().any(|p| p.uid == uid))
            .map(|f| f.uid.as_str())
            .collect();
        let inside = |folder: &str| folder == uid || below.contains(&folder);
        let body = json!({
            "alertrule": 0,
            "dashboard": self.state.dashboards.values().filter(|d| inside(&d.folder)).count(),
            "folder": below.len(),
            "librarypanel": self.state.library.values().filter(|e| inside(&e.folder)).count(),
        });
        Answer::json(200, body)
    }

    /// DELETE `/api/folders/UID`.
    pub fn delete_folder(&mut self, uid: &str) -> Answer {
        if !self.state.folders.contains_key(uid) {
            if !self.who.is_admin() || self.rules.one_table {
                return self.folder_absent("folders:delete");
            }
            return Answer::message(404, &format!("folders.folder.grafana.app \"{uid}\" not found"));
        }
        if self.state.folder_level(&self.who, uid) < EDIT {
            return Answer::denied("folders:delete");
        }
        self.state.remove_folder(uid);
        match self.rules.one_table {
            true => Answer { body: String::new(), ..Answer::json(200, "") },
            false => Answer::message(200, "Folder deleted"),
        }
    }
}

/// There is no such folder.
pub fn folder_missing() -> Answer {
    Answer::json(404, json!({ "message": "folder not found", "status": "not-found" }))
}
