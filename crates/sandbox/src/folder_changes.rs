//! Making, renaming, moving and removing folders by `/api/folders`.

use serde_json::json;

use super::access::{ADMINISTER, EDIT, Role};
use super::answer::Answer;
use super::bind;
use super::call::{Call, UidFault, uid_fault};
use super::folders::{folder_missing, without_version};
use super::json::Json;
use super::rules::{Nesting, Saves, Titles};
use super::slug::slug;
use super::state::{Folder, Key, now};

/// Folders that may stand above a folder.
pub(crate) const DEEPEST: usize = 4;
const CHANGED: &str = "the folder has been changed by someone else";
/// What the servers say of a folder that holds something.
pub(crate) const NOT_EMPTY: &str = "Folder cannot be deleted: folder is not empty";
const SAME_TITLE: &str = "a folder or dashboard in the general folder with the same name already exists";
const SAME_TITLE_HERE: &str = "a folder with the same name already exists in the current location";
const TOO_DEEP: (&str, &str) = ("folder.maximum-depth-reached", "Maximum nested folder depth reached");

impl Call<'_> {
    /// POST `/api/folders`.
    pub(crate) fn create_folder(&mut self) -> Answer {
        if self.who.role < Role::Editor && !self.state.may_write_somewhere(&self.who) {
            return Answer::denied("folders:create");
        }
        let body = match self.body(bind::FOLDER) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        match self.make_folder(body) {
            Ok(uid) => {
                // The permissions that come with the folder are not yet known to whoever asks.
                let level = if self.who.is_admin() { ADMINISTER } else { 0 };
                let folder = self.state.folders.get(&uid);
                folder.map_or_else(folder_missing, |folder| Answer::json(200, self.folder_body(folder, level)))
            }
            Err(answer) => answer,
        }
    }

    fn make_folder(&mut self, body: &Json) -> Result<String, Answer> {
        let (uid, title) = (body.text("uid").trim(), body.text("title").trim());
        let parent = if self.nested() { body.text("parentUid") } else { "" };
        if title.is_empty() {
            return Err(Answer::message(400, "folder title cannot be empty"));
        }
        if uid == "general" {
            return Err(match self.rules.classic {
                true => self.rules.error(500, "Folder API error"),
                false => {
                    let told = "Folder API error: invalid uid for folder provided";
                    Answer::message(500, told)
                }
            });
        }
        if !self.rules.new_general && is_general(title) {
            return Err(self.rules.error(400, "A folder with that name already exists"));
        }
        self.check_folder_uid(uid)?;
        if self.rules.one_table && self.state.dashboards.contains_key(uid) {
            return Err(self.rules.error(400, "Dashboard cannot be changed to a folder"));
        }
        if self.state.folders.contains_key(uid) {
            return Err(self.folder_changed_on_create());
        }
        self.check_folder_title(title, parent, None)?;
        if !parent.is_empty() {
            self.check_parent(parent)?;
        }
        let uid = match uid {
            "" => super::random::short_uid(),
            uid => uid.to_owned(),
        };
        let mut about = self.state.about(self.who.account);
        about.grants = self.first_grants(parent.is_empty());
        self.state.put_folder(Folder {
            about,
            uid: uid.clone(),
            title: title.to_owned(),
            description: body.text("description").to_owned(),
            parent: parent.to_owned(),
            counts_moved: false,
        });
        Ok(uid)
    }

    fn check_parent(&self, parent: &str) -> Result<(), Answer> {
        if !self.state.folders.contains_key(parent) {
            return match self.rules.nesting {
                Nesting::Flat | Nesting::Trusting if self.who.is_admin() => Ok(()),
                Nesting::Beside => Err(folder_missing()),
                Nesting::Flat | Nesting::Trusting | Nesting::Checked => {
                    Err(Answer::message(404, "folder not found"))
                }
            };
        }
        if !self.state.may_create_in(&self.who, parent) {
            let told = "not enough permissions to create a folder in the selected location";
            return Err(Answer::message(403, told));
        }
        let above = self.state.parents(parent).len();
        match self.rules.nesting {
            Nesting::Trusting if above >= DEEPEST && self.rules.depth_is_told => {
                Err(self.rules.refusal(400, TOO_DEEP.0, TOO_DEEP.1))
            }
            Nesting::Beside if above >= DEEPEST => Err(self.rules.refusal(400, TOO_DEEP.0, TOO_DEEP.1)),
            Nesting::Trusting if above >= DEEPEST => {
                Err(Answer::message(500, "Folder API error: folder max depth exceeded, max depth is 4"))
            }
            Nesting::Checked if above >= DEEPEST => {
                Err(Answer::message(400, "[folder.maximum-depth-reached] failed to validate parent folder"))
            }
            Nesting::Flat | Nesting::Beside | Nesting::Trusting | Nesting::Checked => Ok(()),
        }
    }

    fn check_folder_uid(&self, uid: &str) -> Result<(), Answer> {
        let Some(fault) = uid_fault(uid) else {
            return Ok(());
        };
        let bad = uid.chars().find(|c| matches!(c, '/' | '%'));
        match (fault, bad) {
            (UidFault::Letters, Some(bad)) if !self.rules.one_table => {
                let told = format!(
                    "Folder.folder.grafana.app \"{uid}\" is invalid: metadata.name: Invalid value: \"{uid}\": may not contain '{bad}'"
                );
                Err(Answer::message(422, &told))
            }
            (fault, _) => Err(self.rules.error(400, fault.told())),
        }
    }

    /// Where titles are unique they are compared with those of folders anywhere and of dashboards at the root, or with
    /// what is in the folder where it is to be; the first one found counts.
    fn check_folder_title(&self, title: &str, parent: &str, own: Option<i64>) -> Result<(), Answer> {
        match self.same_title(title, parent) {
            Some((id, ..)) if Some(id) == own => Ok(()),
            Some((_, _, true)) if self.rules.titles == Titles::UniqueInFolder => {
                Err(Answer::message(409, SAME_TITLE_HERE))
            }
            Some((_, _, true)) => Err(Answer::message(409, SAME_TITLE)),
            Some((_, _, false)) => {
                let told = "Folder name cannot be the same as one of its dashboards";
                Err(self.rules.error(400, told))
            }
            None => Ok(()),
        }
    }

    /// The oldest folder, or dashboard in that folder, that has the title as the server compares them: id, uid,
    /// whether a folder.
    pub(crate) fn same_title(&self, title: &str, folder: &str) -> Option<(i64, String, bool)> {
        let compared = |title: &str| match self.rules.titles {
            Titles::UniqueBySlug => slug(title, self.rules.slugs),
            Titles::Unique | Titles::UniqueInFolder | Titles::Free => title.to_owned(),
        };
        if self.rules.titles == Titles::Free {
            return None;
        }
        let wanted = compared(title);
        let folders = self.state.folders.values();
        let dashboards = self.state.dashboards.values();
        let here = |f: &&Folder| self.rules.titles != Titles::UniqueInFolder || f.parent == folder;
        folders
            .filter(here)
            .map(|f| (f.about.id, &f.uid, &f.title, true))
            .chain(dashboards.filter(|d| d.folder == folder).map(|d| (d.about.id, &d.uid, &d.title, false)))
            .filter(|(_, _, title, _)| compared(title) == wanted)
            .min_by_key(|(id, ..)| *id)
            .map(|(id, uid, _, is_folder)| (id, uid.clone(), is_folder))
    }

    fn folder_changed_on_create(&self) -> Answer {
        match self.rules.classic {
            true => Answer::json(412, json!({ "message": CHANGED, "status": "version-mismatch" })),
            false => Answer::message(412, CHANGED),
        }
    }

    /// PUT `/api/folders/UID`.
    pub(crate) fn update_folder(&mut self, uid: &str) -> Answer {
        let Some(known) = self.state.folders.get(uid).cloned() else {
            return self.folder_absent("folders:write");
        };
        if self.state.folder_level(&self.who, uid) < EDIT {
            return Answer::denied("folders:write");
        }
        let body = match self.body(bind::FOLDER) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        match self.change_folder(known, body) {
            Ok(uid) => {
                let level = self.state.folder_level(&self.who, &uid);
                let folder = self.state.folders.get(&uid);
                folder.map_or_else(folder_missing, |folder| Answer::json(200, self.folder_body(folder, level)))
            }
            Err(answer) => answer,
        }
    }

    fn change_folder(&mut self, known: Folder, body: &Json) -> Result<String, Answer> {
        let title = body.text("title").trim().to_owned();
        let overwrite = body.flag("overwrite");
        if title.is_empty() && self.rules.classic {
            return Err(Answer::message(400, "folder title cannot be empty"));
        }
        if title.is_empty() && body.get("title").is_some_and(|t| *t != Json::Null) {
            return Err(Answer::message(400, "Dashboard title cannot be empty"));
        }
        if is_general(&title) {
            return Err(self.rules.error(400, "A folder with that name already exists"));
        }
        if !overwrite && body.integer("version").unwrap_or(0) != known.about.version {
            return Err(match self.rules.classic {
                true => Answer::json(412, json!({ "message": CHANGED, "status": "version-mismatch" })),
                false => Answer::message(412, "The dashboard has been changed by someone else"),
            });
        }
        let mut folder = known.clone();
        if self.rules.classic {
            let new_uid = body.text("uid").trim();
            if !new_uid.is_empty() && new_uid != folder.uid {
                self.check_folder_uid(new_uid)?;
                if self.state.folders.contains_key(new_uid) || self.state.dashboards.contains_key(new_uid) {
                    let told = "A dashboard with the same uid already exists";
                    return Err(self.rules.error(400, told));
                }
                new_uid.clone_into(&mut folder.uid);
            }
            match self.same_title(&title, &folder.parent) {
                Some((id, uid, true)) if id != known.about.id && overwrite => {
                    // The server takes the other folder for this one and overwrites that.
                    folder = self.state.folders.get(&uid).cloned().unwrap_or(folder);
                }
                _ => self.check_folder_title(&title, &known.parent, Some(known.about.id))?,
            }
        }
        if !title.is_empty() {
            folder.title = title;
        }
        if let Some(description) = body.get("description").and_then(Json::as_str) {
            folder.description = description.to_owned();
        }
        let renamed = folder.about.id == known.about.id && folder.uid != known.uid;
        let same = folder.title == known.title && folder.description == known.description;
        if same && !renamed && self.rules.saves == Saves::RaiseOnChange {
            return Ok(folder.uid);
        }
        if renamed {
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
    pub(crate) fn raise_folder(&mut self, folder: &mut Folder) {
        folder.about.version += 1;
        folder.about.updated = now();
        folder.about.updated_by = self.who.account;
        folder.about.changed = true;
        folder.about.resource_version = self.state.next_resource_version();
    }

    /// POST `/api/folders/UID/move`.
    pub(crate) fn move_folder(&mut self, uid: &str) -> Answer {
        if !self.nested() {
            let told = "To use this service, you need to activate nested folder feature.";
            return Answer::message(404, told);
        }
        let Some(mut folder) = self.state.folders.get(uid).cloned() else {
            return match self.rules.nesting {
                Nesting::Beside if self.who.is_admin() => self.rules.error(500, "move folder failed"),
                Nesting::Flat | Nesting::Beside | Nesting::Trusting | Nesting::Checked => {
                    self.folder_absent("folders:write")
                }
            };
        };
        if self.state.folder_level(&self.who, uid) < EDIT {
            return Answer::denied("folders:write");
        }
        let body = match self.body(bind::FOLDER) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let parent = body.text("parentUid").to_owned();
        if let Err(answer) = self.check_move(uid, &parent) {
            return answer;
        }
        if folder.parent != parent {
            folder.parent = parent;
            self.raise_folder(&mut folder);
            if self.rules.nesting == Nesting::Checked {
                // Both ways of keeping a folder are written, and each raises it.
                folder.about.version += 1;
            }
            self.state.put_folder(folder.clone());
        }
        let mut body = self.folder_body(&folder, self.state.folder_level(&self.who, uid));
        if self.rules.nesting == Nesting::Beside {
            without_version(&mut body);
        }
        Answer::json(200, body)
    }

    fn check_move(&self, uid: &str, parent: &str) -> Result<(), Answer> {
        if parent.is_empty() {
            return match self.who.role >= Role::Editor {
                true => Ok(()),
                false => Err(self.forbidden_move()),
            };
        }
        let failed = || self.rules.error(500, "move folder failed");
        if !self.state.folders.contains_key(parent) {
            return Err(match self.rules.nesting {
                Nesting::Beside => self.rules.refusal(404, "folder.notFound", "Not found"),
                Nesting::Flat | Nesting::Trusting | Nesting::Checked => folder_missing(),
            });
        }
        if !self.state.may_create_in(&self.who, parent) {
            return Err(self.forbidden_move());
        }
        let above = self.state.parents(parent);
        if parent == uid || above.iter().any(|f| f.uid == uid) {
            return Err(match self.rules.nesting {
                Nesting::Checked => Answer::message(400, "Circular reference detected"),
                Nesting::Beside => failed(),
                Nesting::Flat | Nesting::Trusting => Answer::message(
                    500,
                    "cannot move folder under its own descendant, this would create a circular reference",
                ),
            });
        }
        let height = self.height(uid);
        match self.rules.nesting {
            Nesting::Checked if above.len() + height + 1 > DEEPEST => {
                Err(Answer::message(400, "Maximum nested folder depth reached"))
            }
            Nesting::Beside if above.len() + height + 1 > DEEPEST => {
                Err(self.rules.refusal(400, TOO_DEEP.0, TOO_DEEP.1))
            }
            Nesting::Flat | Nesting::Beside | Nesting::Trusting | Nesting::Checked => Ok(()),
        }
    }

    fn forbidden_move(&self) -> Answer {
        let told = "Access denied to the destination folder";
        self.rules.refusal(403, "folders.forbiddenMove", told)
    }

    /// Levels of folders below one.
    fn height(&self, uid: &str) -> usize {
        let below = |f: &&Folder| self.state.parents(&f.uid).iter().any(|p| p.uid == uid);
        let depth = self.state.parents(uid).len();
        let folders = self.state.folders.values().filter(below);
        folders.map(|f| self.state.parents(&f.uid).len().saturating_sub(depth)).max().unwrap_or(0)
    }

    /// DELETE `/api/folders/UID`.
    pub(crate) fn delete_folder(&mut self, uid: &str) -> Answer {
        if !self.state.folders.contains_key(uid) {
            return match self.rules.nesting {
                _ if self.rules.classic || !self.who.is_admin() => self.folder_absent("folders:delete"),
                Nesting::Checked => Answer::message(404, "folder not found"),
                Nesting::Flat | Nesting::Beside | Nesting::Trusting => {
                    let told = format!("folders.folder.grafana.app \"{uid}\" not found");
                    Answer::message(404, &told)
                }
            };
        }
        if self.state.folder_level(&self.who, uid) < EDIT {
            return Answer::denied("folders:delete");
        }
        if self.keeps_used_elements(uid) {
            let told = "Folder could not be deleted because it contains library elements in use";
            return self.rules.error(403, told);
        }
        if self.state.folders.get(uid).is_some_and(|f| f.counts_moved) {
            return self.rules.refusal(400, "folder.not-empty", NOT_EMPTY);
        }
        self.state.remove_folder(uid);
        match self.rules.folder_removal_told {
            true => Answer::message(200, "Folder deleted"),
            false => Answer { body: String::new(), ..Answer::json(200, "") },
        }
    }
}

/// The title of what is no folder, which none may have.
pub(crate) fn is_general(title: &str) -> bool {
    title.trim().eq_ignore_ascii_case("general")
}
