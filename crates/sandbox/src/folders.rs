//! Reading folders, as `/api/folders` has them; changing them is in [`super::folder_changes`].
//!
//! As resources they are in [`super::resource_folders`]; their permissions in [`super::permissions`].

use serde_json::{Value, json};

use super::access::{ADMINISTER, EDIT, Role, VIEW};
use super::answer::Answer;
use super::call::Call;
use super::rules::Nesting;
use super::slug::slug;
use super::state::Folder;

/// The uid under which a client sees folders below those it may not see.
const SHARED_WITH_ME: &str = "sharedwithme";

impl Call<'_> {
    /// The address of a folder's page.
    pub(crate) fn folder_url(&self, folder: &Folder) -> String {
        format!("/dashboards/f/{}/{}", folder.uid, slug(&folder.title, self.rules.slugs))
    }

    /// Folders can be in folders.
    pub(crate) fn nested(&self) -> bool {
        self.rules.nesting != Nesting::Flat
    }

    fn folder_fields(&self, folder: &Folder, level: i64) -> Value {
        let about = &folder.about;
        let mut body = json!({
            "id": about.id, "uid": folder.uid, "title": folder.title, "url": self.folder_url(folder),
            "hasAcl": false, "canSave": level >= EDIT, "canEdit": level >= EDIT, "canAdmin": level >= ADMINISTER,
            "canDelete": level >= EDIT, "createdBy": self.state.login(about.created_by), "created": about.created,
            "updatedBy": self.state.login(about.updated_by), "updated": about.updated, "version": about.version,
        });
        if let Some(organisation) = self.rules.folder_org {
            body["orgId"] = organisation.into();
        }
        if self.nested() && !folder.parent.is_empty() {
            body["parentUid"] = folder.parent.as_str().into();
        }
        body
    }

    /// A folder as it is answered, to somebody who may do that much with it.
    pub(crate) fn folder_body(&self, folder: &Folder, level: i64) -> Value {
        let mut body = self.folder_fields(folder, level);
        let parents: Vec<_> = self
            .state
            .parents(&folder.uid)
            .into_iter()
            .map(|f| {
                let mut parent = self.folder_fields(f, self.state.folder_level(&self.who, &f.uid));
                if self.rules.nesting == Nesting::Beside {
                    without_version(&mut parent);
                }
                parent
            })
            .collect();
        if self.nested() && !parents.is_empty() {
            body["parents"] = parents.into();
        }
        body
    }

    /// GET `/api/folders`.
    pub(crate) fn list_folders(&self) -> Answer {
        let parent = self.request.parameter("parentUid");
        let shared = self.nested() && !self.who.is_admin();
        if parent == SHARED_WITH_ME && shared {
            return Answer::json(200, json!([]));
        }
        if self.nested() && !parent.is_empty() {
            if !self.state.folders.contains_key(parent) {
                return self.children_of_nothing();
            }
            if self.state.folder_level(&self.who, parent) < VIEW {
                return self.rules.error(403, "Access denied");
            }
        }
        let least = match self.request.parameter("permission") {
            "Edit" => EDIT,
            _ => VIEW,
        };
        let mut found: Vec<_> = self
            .state
            .folders
            .values()
            .filter(|f| !self.nested() || f.parent == parent)
            .filter(|f| self.state.folder_level(&self.who, &f.uid) >= least)
            .map(|f| (f.title.as_str(), f))
            .collect();
        let plain = self.rules.nesting == Nesting::Beside;
        found.sort_by_key(|(title, f)| {
            let first = if plain { title.to_string() } else { title.to_lowercase() };
            (first, title.to_string(), f.about.id)
        });
        let number = |name, otherwise| {
            let n = self.request.number(name).filter(|n| *n > 0);
            n.and_then(|n| usize::try_from(n).ok()).unwrap_or(otherwise)
        };
        let (limit, page) = (number("limit", 1000), number("page", 1));
        let mut items: Vec<_> = found
            .into_iter()
            .skip(limit.saturating_mul(page - 1))
            .take(limit)
            .map(|(title, f)| {
                let mut item = json!({ "id": f.about.id, "uid": f.uid, "title": title });
                if self.nested() && !f.parent.is_empty() {
                    item["parentUid"] = f.parent.as_str().into();
                }
                item
            })
            .collect();
        if shared && parent.is_empty() && page == 1 {
            let item = json!({ "id": -1, "uid": SHARED_WITH_ME, "title": "Shared with me" });
            items.insert(0, item);
        }
        Answer::json(200, Value::Array(items))
    }

    fn children_of_nothing(&self) -> Answer {
        match self.rules.nesting {
            Nesting::Beside => self
                .rules
                .error(404, "[guardian.dashboardNotFound] failed to get dashboard by UID: Dashboard not found"),
            Nesting::Flat | Nesting::Trusting | Nesting::Checked => folder_missing(),
        }
    }

    /// GET `/api/folders/UID`.
    pub(crate) fn get_folder(&self, uid: &str) -> Answer {
        match (uid, self.rules.general_folder) {
            ("general", Some(title)) => return self.pseudo_folder("general", title),
            (SHARED_WITH_ME, _) if self.nested() => {
                return self.pseudo_folder(SHARED_WITH_ME, "Shared with me");
            }
            _ => {}
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

    fn pseudo_folder(&self, uid: &str, title: &str) -> Answer {
        let may = self.who.role >= Role::Editor;
        let never = "0001-01-01T00:00:00Z";
        let mut body = json!({
            "id": 0, "uid": uid, "title": title,
            "url": format!("/dashboards/f/{uid}/{}", slug(title, self.rules.slugs)),
            "hasAcl": false, "canSave": may, "canEdit": may, "canAdmin": self.who.is_admin(), "canDelete": may,
            "createdBy": "Anonymous", "created": never, "updatedBy": "Anonymous", "updated": never, "version": 0,
        });
        if let Some(organisation) = self.rules.folder_org {
            body["orgId"] = organisation.into();
        }
        Answer::json(200, body)
    }

    /// GET `/api/folders/id/ID`.
    pub(crate) fn get_folder_by_id(&self, id: &str) -> Answer {
        let Ok(id) = id.parse::<i64>() else {
            return self.rules.error(400, "id is invalid");
        };
        match self.state.folders.values().find(|f| f.about.id == id) {
            Some(folder) => self.get_folder(&folder.uid),
            None => self.folder_absent("folders:read"),
        }
    }

    /// A folder that is not there, told to whoever asks.
    pub(crate) fn folder_absent(&self, action: &str) -> Answer {
        if self.who.is_admin() {
            folder_missing()
        } else {
            self.rules.missing_to_the_weak("folder not found", action)
        }
    }

    /// GET `/api/folders/UID/counts`.
    pub(crate) fn count_folder(&self, uid: &str) -> Answer {
        if !self.rules.folder_counts {
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
        let dashboards = self.state.dashboards.values();
        let elements = self.state.library.values();
        let dashboards = dashboards.filter(|d| inside(&d.folder)).count();
        let elements = elements.filter(|e| inside(&e.folder)).count();
        let folders = below.len();
        Answer::json(
            200,
            match (self.rules.plural_counts, self.nested()) {
                (true, _) => json!({
                    "alertrules": 0, "dashboards": dashboards, "folders": folders, "library_elements": elements,
                }),
                (false, true) => json!({
                    "alertrule": 0, "dashboard": dashboards, "folder": folders, "librarypanel": elements,
                }),
                (false, false) => json!({ "alertrule": 0, "dashboard": dashboards, "librarypanel": elements }),
            },
        )
    }
}

/// A folder beside dashboards has no version but where the two are read together.
pub(crate) fn without_version(body: &mut Value) {
    if let Value::Object(members) = body {
        members.remove("version");
    }
}

/// There is no such folder.
pub(crate) fn folder_missing() -> Answer {
    Answer::json(404, json!({ "message": "folder not found", "status": "not-found" }))
}
