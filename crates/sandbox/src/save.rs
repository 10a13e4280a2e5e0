//! POST `/api/dashboards/db`: what is looked at, in which order, and what of it is stored.

use serde_json::json;

use super::access::{EDIT, VIEW};
use super::answer::Answer;
use super::bind;
use super::call::{Call, uid_fault};
use super::json::Json;
use super::rules::{MissingLibraryPanel, Numbers, Saving, Titles};
use super::state::Dashboard;
use super::store::tags;

/// The shortest time between two refreshes.
const SHORTEST_REFRESH: &str = "5s";

/// A dashboard as it is to be saved.
pub(super) struct Wanted {
    pub(super) id: i64,
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) folder: String,
    pub(super) version: i64,
    pub(super) overwrite: bool,
    pub(super) message: String,
    pub(super) is_folder: bool,
    pub(super) spec: Json,
}

impl Call<'_> {
    /// POST `/api/dashboards/db`.
    pub(crate) fn save_dashboard(&mut self) -> Answer {
        if !self.state.may_write_somewhere(&self.who) {
            return Answer::denied("any of dashboards:create, dashboards:write");
        }
        let body = match self.body(bind::SAVE) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        self.try_save(body).unwrap_or_else(|answer| answer)
    }

    fn try_save(&mut self, body: &Json) -> Result<Answer, Answer> {
        let Some(dashboard) = body.get("dashboard").filter(|d| **d != Json::Null) else {
            return Err(self.rules.bad_request_data());
        };
        if self.rules.saving == Saving::AsResource {
            return self.save_as_resource(body, dashboard);
        }
        let mut wanted = self.wanted(body, dashboard)?;
        if self.rules.classic {
            self.check_folder(&mut wanted)?;
        }
        self.check_texts(&wanted)?;
        self.settle_refresh(&mut wanted.spec);
        if wanted.is_folder {
            return self.save_as_folder(&wanted);
        }
        let existing = self.existing(&mut wanted)?;
        if !self.rules.classic {
            self.check_folder(&mut wanted)?;
        }
        let (mut existing, wanted_uid) = match existing {
            Some(uid) => (self.state.dashboards.get(&uid).cloned(), wanted.uid.clone()),
            None => (None, wanted.uid.clone()),
        };
        if self.rules.titles != Titles::Free {
            self.settle_title(&mut wanted, &mut existing)?;
        }
        self.check_rights(&wanted, existing.as_ref())?;
        let missing_panel = self.lacks_library_panel(&wanted.spec);
        if missing_panel && self.rules.missing_library_panel == MissingLibraryPanel::Refused {
            return Err(Answer::message(500, "library element could not be found"));
        }
        if existing.is_some() && wanted_uid == wanted.uid {
            self.rename_if_asked(&mut existing, &wanted.uid);
        }
        let saved = self.store(wanted, existing);
        if missing_panel && self.rules.missing_library_panel == MissingLibraryPanel::SavedButRefused {
            return Err(self.rules.error(500, "Error while connecting library panels"));
        }
        Ok(saved)
    }

    fn wanted(&self, body: &Json, dashboard: &Json) -> Result<Wanted, Answer> {
        let mut spec = dashboard.clone();
        let mut uid = dashboard.text("uid").to_owned();
        let mut version = 0;
        let id = dashboard.integer("id").unwrap_or(0);
        let resource = self.rules.resource_api && !dashboard.text("apiVersion").is_empty();
        if resource {
            let metadata = dashboard.get("metadata").cloned().unwrap_or(Json::Null);
            metadata.text("name").clone_into(&mut uid);
            version = metadata.integer("generation").unwrap_or(0);
            spec = dashboard.get("spec").cloned().unwrap_or(Json::object([]));
        } else if matches!(dashboard.get("id"), Some(Json::Number(_)))
            || dashboard.get("uid").and_then(Json::as_str).is_some()
        {
            version = dashboard.integer("version").unwrap_or(0);
        }
        let is_folder = body.flag("isFolder");
        if is_folder && !self.rules.older_saves {
            return Err(Answer::message(400, "Use folders endpoint for saving folders."));
        }
        if self.rules.numbers == Numbers::Float {
            spec = spec.with_floats().map_err(|literal| {
                let told = format!("json: cannot unmarshal number {literal} into Go value of type float64");
                Answer::message(500, &format!("Dashboard API error: {told}"))
            })?;
        }
        let mut folder = body.text("folderUid").to_owned();
        if let (true, Some(id)) = (folder.is_empty(), body.integer("folderId").filter(|id| *id > 0)) {
            match self.state.folders.values().find(|f| f.about.id == id) {
                Some(known) => folder.clone_from(&known.uid),
                None => return Err(self.folder_not_found()),
            }
        }
        Ok(Wanted {
            id,
            uid: uid.trim().to_owned(),
            title: spec.text("title").trim().to_owned(),
            folder,
            version,
            overwrite: body.flag("overwrite"),
            message: body.text("message").to_owned(),
            is_folder,
            spec,
        })
    }

    fn folder_not_found(&self) -> Answer {
        match self.rules.older_saves {
            true => self.rules.error(400, "Folder not found"),
            false => Answer::message(400, "folder not found"),
        }
    }

    fn check_folder(&self, wanted: &mut Wanted) -> Result<(), Answer> {
        if wanted.folder.is_empty() {
            return Ok(());
        }
        if wanted.folder == "general" && self.rules.general_is_a_folder {
            return Ok(());
        }
        if wanted.folder == "general" && !self.rules.classic {
            return Err(Answer::message(404, "folders.folder.grafana.app \"general\" not found"));
        }
        if !self.state.folders.contains_key(&wanted.folder) {
            return Err(self.folder_not_found());
        }
        if self.rules.older_saves && self.state.folder_level(&self.who, &wanted.folder) < VIEW {
            return Err(self.rules.error(500, "Error while checking folder ID"));
        }
        Ok(())
    }

    fn check_texts(&self, wanted: &Wanted) -> Result<(), Answer> {
        let named =
            |status: &str, message: &str| Answer::json(400, json!({ "message": message, "status": status }));
        if wanted.title.is_empty() {
            return Err(named("empty-name", "Dashboard title cannot be empty"));
        }
        if self.rules.text_limits {
            if wanted.title.chars().count() > 5000 {
                return Err(named("title-too-long", "Dashboard title cannot contain more than 5 000 characters"));
            }
            if tags(&wanted.spec).iter().any(|tag| tag.chars().count() > 50) {
                return Err(Answer::message(400, "dashboard tag too long, max 50 characters"));
            }
            if wanted.message.chars().count() > 500 {
                return Err(Answer::message(400, "message too long, max 500 characters"));
            }
        }
        if wanted.is_folder && wanted.title.eq_ignore_ascii_case("general") {
            return Err(Answer::message(400, "A folder with that name already exists"));
        }
        uid_fault(&wanted.uid).map_or(Ok(()), |fault| Err(Answer::message(400, fault.told())))
    }

    fn settle_refresh(&self, spec: &mut Json) {
        let Json::Object(members) = spec else { return };
        let Some(Json::String(refresh)) = members.get("refresh") else {
            return;
        };
        if refresh.is_empty() || self.rules.refresh_auto && refresh == "auto" {
            return;
        }
        if super::duration::seconds(refresh).is_none_or(|seconds| seconds < 5.0) {
            members.insert("refresh".to_owned(), SHORTEST_REFRESH.into());
        }
    }

    /// The uid of the dashboard that this one is to replace, after what the server checks of it.
    fn existing(&self, wanted: &mut Wanted) -> Result<Option<String>, Answer> {
        let mut by_id = None;
        if wanted.id != 0 {
            let known = self.state.dashboards.values().find(|d| d.about.id == wanted.id);
            by_id = known.map(|d| d.uid.clone());
            let folder = self.state.folders.values().any(|f| f.about.id == wanted.id) && self.rules.one_table;
            if by_id.is_none() && folder {
                return Err(Answer::message(400, "Dashboard cannot be changed to a folder"));
            }
            let Some(uid) = &by_id else {
                return Err(Answer::json(404, json!({ "message": "Dashboard not found", "status": "not-found" })));
            };
            if wanted.uid.is_empty() {
                wanted.uid.clone_from(uid);
            }
        }
        if self.rules.one_table && self.state.folders.contains_key(&wanted.uid) {
            if !self.rules.classic {
                let told = format!("dashboards.dashboard.grafana.app \"{}\" already exists", wanted.uid);
                return Err(Answer::message(409, &told));
            }
            return Err(Answer::message(400, "Dashboard cannot be changed to a folder"));
        }
        let by_uid = self.state.dashboards.get(&wanted.uid).map(|d| d.uid.clone());
        let found = match (by_id, by_uid) {
            (Some(by_id), Some(by_uid)) if by_id != by_uid => {
                return Err(Answer::message(400, "A dashboard with the same uid already exists"));
            }
            (Some(_), None) if !self.rules.one_table => {
                return Err(Answer::message(400, "A dashboard with the same uid already exists"));
            }
            (by_id, by_uid) => by_uid.or(by_id),
        };
        let known = found.as_ref().and_then(|uid| self.state.dashboards.get(uid));
        if known.is_some_and(|d| d.about.version != wanted.version) && !wanted.overwrite {
            return Err(version_mismatch());
        }
        Ok(found)
    }

    /// Titles are unique: the first of the same slug is in the way, or is what gets overwritten.
    fn settle_title(&self, wanted: &mut Wanted, existing: &mut Option<Dashboard>) -> Result<(), Answer> {
        let Some((id, uid, is_folder)) = self.same_title(&wanted.title, &wanted.folder) else {
            return Ok(());
        };
        if existing.as_ref().is_some_and(|d| d.about.id == id) {
            return Ok(());
        }
        let named =
            |code, status: &str, message: &str| Answer::json(code, json!({ "message": message, "status": status }));
        if is_folder {
            return Err(named(400, "name-match", "Dashboard name cannot be the same as folder"));
        }
        if !wanted.overwrite {
            let told = "A dashboard with the same name in the folder already exists";
            return Err(named(412, "name-exists", told));
        }
        *existing = self.state.dashboards.get(&uid).cloned();
        wanted.uid = uid;
        Ok(())
    }

    pub(super) fn check_rights(&self, wanted: &Wanted, existing: Option<&Dashboard>) -> Result<(), Answer> {
        let moved = existing.is_none_or(|d| d.folder != wanted.folder);
        let may = existing.is_none_or(|d| self.state.dashboard_level(&self.who, d) >= EDIT)
            && (!moved || self.state.may_create_in(&self.who, &wanted.folder));
        match (may, self.rules.classic) {
            (true, _) => Ok(()),
            (false, true) => Err(self.rules.error(403, "Access denied to save dashboard")),
            (false, false) => Err(Answer::json(403, json!({}))),
        }
    }

    /// On the servers with one table the numeric id may find the object, and the uid then changes.
    fn rename_if_asked(&mut self, existing: &mut Option<Dashboard>, uid: &str) {
        let Some(known) = existing.as_ref().filter(|d| !uid.is_empty() && d.uid != uid) else {
            return;
        };
        let old = known.uid.clone();
        if let Some(mut dashboard) = self.state.remove_dashboard(&old) {
            uid.clone_into(&mut dashboard.uid);
            for revision in &dashboard.revisions {
                self.state.touch(super::state::Key::Revision(uid.to_owned(), revision.id));
            }
            self.state.dashboards.insert(uid.to_owned(), dashboard.clone());
            *existing = Some(dashboard);
        }
    }

    fn lacks_library_panel(&self, spec: &Json) -> bool {
        spec.get("panels").map_or(&[][..], Json::items).iter().any(|panel| {
            let uid = panel.get("libraryPanel").map_or("", |reference| reference.text("uid"));
            !uid.is_empty() && !self.state.library.contains_key(uid) || self.lacks_library_panel(panel)
        })
    }
}

/// It was changed since it was read.
pub(super) fn version_mismatch() -> Answer {
    let told = "The dashboard has been changed by someone else";
    Answer::json(412, json!({ "message": told, "status": "version-mismatch" }))
}
