//! What of a saved dashboard is stored, and what is answered; what is looked at before is in [`super::save`].

use serde_json::json;

use super::access::Role;
use super::answer::Answer;
use super::call::Call;
use super::json::Json;
use super::rules::{Saves, Storage};
use super::save::{Wanted, version_mismatch};
use super::slug::slug;
use super::state::{Dashboard, Folder, Text, now};

impl Call<'_> {
    /// Stores a dashboard that may be stored.
    pub(super) fn store(&mut self, mut wanted: Wanted, existing: Option<Dashboard>) -> Answer {
        if let Json::Object(members) = &mut wanted.spec {
            members.insert("title".to_owned(), wanted.title.as_str().into());
        }
        let tags = tags(&wanted.spec);
        let spec = Text::of(&stored(wanted.spec, self.rules.resource_api));
        let mut unchanged = false;
        let mut dashboard = match existing {
            None => {
                let mut about = self.state.about(self.who.account);
                about.grants = self.first_grants(wanted.folder.is_empty());
                let uid = match wanted.uid.as_str() {
                    "" if self.rules.resource_api => super::random::uuid(),
                    "" => super::random::short_uid(),
                    uid => uid.to_owned(),
                };
                Dashboard {
                    about,
                    uid,
                    title: wanted.title,
                    folder: wanted.folder,
                    tags,
                    stored_at: "v0alpha1".to_owned(),
                    spec,
                    revisions: Vec::new(),
                }
            }
            Some(mut known) => {
                let same = known.spec == spec && known.folder == wanted.folder;
                unchanged = same && self.rules.saves != Saves::AlwaysRaise;
                if unchanged && self.rules.saves == Saves::RaiseOnChange {
                    if is_message(&known, &wanted.message) && known.about.labels.is_empty() {
                        return self.saved(&known);
                    }
                } else {
                    known.about.version += 1;
                    known.about.updated = now();
                    known.about.updated_by = self.who.account;
                    known.about.changed = true;
                }
                known.about.resource_version = self.state.next_resource_version();
                known.title = wanted.title;
                known.folder = wanted.folder;
                known.tags = tags;
                known.stored_at = "v0alpha1".to_owned();
                known.spec = spec;
                known
            }
        };
        // The older way of saving keeps nothing of the metadata that the resource API had.
        dashboard.about.labels.clear();
        dashboard.about.annotations.clear();
        if self.rules.storage == Storage::Unified && !wanted.message.is_empty() {
            dashboard.about.annotations.insert("grafana.app/message".to_owned(), wanted.message.clone());
        }
        let mut told = dashboard.clone();
        if unchanged && self.rules.saves == Saves::RaiseUntold {
            told.about.version -= 1;
        }
        self.state.put_dashboard(dashboard, &wanted.message, 0);
        self.saved(&told)
    }

    /// The answer to a save.
    pub(crate) fn saved(&self, dashboard: &Dashboard) -> Answer {
        let mut body = json!({
            "id": dashboard.about.id, "slug": slug(&dashboard.title, self.rules.slugs), "status": "success",
            "uid": dashboard.uid, "url": self.dashboard_url(&dashboard.uid, &dashboard.title),
            "version": dashboard.about.version,
        });
        if self.rules.saves_tell_folder {
            body["folderUid"] = dashboard.folder.as_str().into();
        }
        Answer::json(200, body)
    }

    /// A dashboard with `isFolder`, which the oldest servers take for a folder.
    pub(super) fn save_as_folder(&mut self, wanted: &Wanted) -> Result<Answer, Answer> {
        if self.who.role < Role::Editor {
            return Err(self.rules.error(403, "Access denied to save dashboard"));
        }
        if self.state.dashboards.contains_key(&wanted.uid) {
            return Err(Answer::message(400, "Dashboard cannot be changed to a folder"));
        }
        let known = self.state.folders.get(&wanted.uid).cloned();
        if known.as_ref().is_some_and(|f| f.about.version != wanted.version) && !wanted.overwrite {
            return Err(version_mismatch());
        }
        if let Some((id, _, is_folder)) = self.same_title(&wanted.title, "")
            && known.as_ref().is_none_or(|f| f.about.id != id)
        {
            let (code, status, message) = match is_folder {
                true => (412, "name-exists", "A dashboard with the same name in the folder already exists"),
                false => (400, "name-match", "Folder name cannot be the same as one of its dashboards"),
            };
            return Err(Answer::json(code, json!({ "message": message, "status": status })));
        }
        let folder = match known {
            Some(mut folder) => {
                self.raise_folder(&mut folder);
                folder.title.clone_from(&wanted.title);
                folder
            }
            None => {
                let mut about = self.state.about(self.who.account);
                about.grants = self.first_grants(true);
                let uid = match wanted.uid.as_str() {
                    "" => super::random::short_uid(),
                    uid => uid.to_owned(),
                };
                let (title, none) = (wanted.title.clone(), String::new());
                Folder { about, uid, title, description: none.clone(), parent: none, counts_moved: false }
            }
        };
        let body = json!({
            "id": folder.about.id, "slug": slug(&folder.title, self.rules.slugs), "status": "success",
            "uid": folder.uid, "url": self.folder_url(&folder), "version": folder.about.version,
        });
        self.state.put_folder(folder);
        Ok(Answer::json(200, body))
    }
}

fn is_message(known: &Dashboard, message: &str) -> bool {
    let kept = known.about.annotations.get("grafana.app/message").map_or("", String::as_str);
    kept == message && known.about.annotations.len() == usize::from(!message.is_empty())
}

/// The tags of an object, as they are in it.
pub(crate) fn tags(spec: &Json) -> Vec<String> {
    spec.get("tags").map_or(&[][..], Json::items).iter().filter_map(|t| t.as_str().map(str::to_owned)).collect()
}

/// The object as it is stored: its identity is the server's. A resource keeps an `id` that is no number.
pub(crate) fn stored(mut spec: Json, as_resource: bool) -> Json {
    if let Json::Object(members) = &mut spec {
        members.remove("uid");
        members.remove("version");
        if !as_resource || matches!(members.get("id"), Some(Json::Number(_))) {
            members.remove("id");
        }
    }
    spec
}
