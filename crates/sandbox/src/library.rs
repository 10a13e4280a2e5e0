//! Panels shared between dashboards, as `/api/library-elements` has them.

use serde_json::json;

use super::access::{EDIT, Role, VIEW};
use super::answer::Answer;
use super::bind;
use super::call::{Call, uid_fault};
use super::json::Json;
use super::state::{Key, LibraryElement, Text, now};

impl Call<'_> {
    fn element_absent(&self) -> Answer {
        self.rules.error(404, "library element could not be found")
    }

    /// The element, if it is there and may be used to that degree.
    fn element(&self, uid: &str, level: i64) -> Result<&LibraryElement, Answer> {
        let element = self.state.library.get(uid).ok_or_else(|| self.element_absent())?;
        let allowed = match element.folder.as_str() {
            "" => self.who.role >= if level >= EDIT { Role::Editor } else { Role::Viewer },
            folder => self.state.folder_level(&self.who, folder) >= level,
        };
        if allowed { Ok(element) } else { Err(self.element_absent()) }
    }

    fn element_body(&self, element: &LibraryElement) -> Json {
        let folder = self.state.folders.get(&element.folder);
        let model = element.model.json();
        let who = |account: i64| {
            let name = self.state.login(account);
            json!({ "id": account, "name": name, "avatarUrl": format!("/avatar/{account}") })
        };
        let mut body = Json::from(json!({
            "id": element.id, "orgId": 1, "folderId": folder.map_or(0, |f| f.about.id), "folderUid": element.folder,
            "uid": element.uid, "name": element.name, "kind": element.kind, "type": model.text("type"),
            "description": model.text("description"), "version": element.version,
            "meta": {
                "folderName": folder.map_or("General", |f| f.title.as_str()), "folderUid": element.folder,
                "connectedDashboards": self.users(&element.uid).len(), "created": element.created,
                "updated": element.updated, "createdBy": who(element.created_by), "updatedBy": who(element.updated_by),
            },
        }));
        if let Json::Object(members) = &mut body {
            members.insert("model".to_owned(), Json::Raw(element.model.0.clone()));
        }
        body
    }

    fn told(&self, element: &LibraryElement) -> Answer {
        Answer::json(200, Json::object([("result", self.element_body(element))]))
    }

    /// The uids of the dashboards that use an element.
    fn users(&self, uid: &str) -> Vec<&str> {
        let dashboards = self.state.dashboards.values();
        // The text is looked at first, because nearly no dashboard uses one.
        let named = dashboards.filter(|d| d.spec.0.contains("\"libraryPanel\""));
        named.filter(|d| uses(&d.spec.json(), uid)).map(|d| d.uid.as_str()).collect()
    }

    /// A folder has an element that is used, where that keeps both from being deleted.
    pub(crate) fn keeps_used_elements(&self, folder: &str) -> bool {
        let inside = |e: &&LibraryElement| {
            e.folder == folder || self.state.parents(&e.folder).iter().any(|f| f.uid == folder)
        };
        self.rules.library.in_use_kept
            && self.state.library.values().filter(inside).any(|e| !self.users(&e.uid).is_empty())
    }

    /// GET `/api/library-elements`.
    pub(crate) fn list_elements(&self) -> Answer {
        let request = self.request;
        let text = request.parameter("searchString").to_lowercase();
        let kind = request.number("kind").unwrap_or(0);
        let folders: Vec<&str> =
            request.parameter("folderFilterUIDs").split(',').filter(|f| !f.is_empty()).collect();
        let mut found: Vec<_> = self
            .state
            .library
            .values()
            .filter(|e| self.element(&e.uid, VIEW).is_ok())
            .filter(|e| kind == 0 || e.kind == kind)
            .filter(|e| e.name.to_lowercase().contains(&text))
            .filter(|e| {
                let general = e.folder.is_empty() && folders.contains(&"general");
                folders.is_empty() || general || folders.contains(&e.folder.as_str())
            })
            .collect();
        found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        if request.parameter("sortDirection") == "alpha-desc" {
            found.reverse();
        }
        let per_page = request.number("perPage").filter(|n| *n > 0).unwrap_or(100);
        let page = request.number("page").filter(|n| *n > 0).unwrap_or(1);
        let size = usize::try_from(per_page).unwrap_or(usize::MAX);
        let skip = usize::try_from((page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX);
        let listed: Vec<_> = found.iter().skip(skip).take(size).map(|e| self.element_body(e)).collect();
        let result = Json::object([
            ("totalCount", i64::try_from(found.len()).unwrap_or(i64::MAX).into()),
            ("elements", Json::Array(listed)),
            ("page", page.into()),
            ("perPage", per_page.into()),
        ]);
        Answer::json(200, Json::object([("result", result)]))
    }

    /// GET `/api/library-elements/UID`.
    pub(crate) fn get_element(&self, uid: &str) -> Answer {
        match self.element(uid, VIEW) {
            Ok(element) => self.told(element),
            Err(answer) => answer,
        }
    }

    /// GET `/api/library-elements/name/NAME`.
    pub(crate) fn get_elements_by_name(&self, name: &str) -> Answer {
        let elements = self.state.library.values().filter(|e| e.name == name);
        let found: Vec<_> = elements.filter(|e| self.element(&e.uid, VIEW).is_ok()).collect();
        if found.is_empty() {
            return self.element_absent();
        }
        let bodies = found.into_iter().map(|e| self.element_body(e)).collect();
        Answer::json(200, Json::object([("result", Json::Array(bodies))]))
    }

    /// GET `/api/library-elements/UID/connections`.
    pub(crate) fn element_connections(&self, uid: &str) -> Answer {
        let element = match self.element(uid, VIEW) {
            Ok(element) => element,
            Err(answer) => return answer,
        };
        let lines: Vec<_> = self
            .users(uid)
            .into_iter()
            .filter_map(|user| self.state.dashboards.get(user))
            .map(|d| {
                json!({
                    "id": d.about.id, "kind": 1, "elementId": element.id, "connectionId": d.about.id,
                    "connectionUid": d.uid, "created": d.about.updated,
                    "createdBy": {
                        "id": d.about.updated_by, "name": self.state.login(d.about.updated_by),
                        "avatarUrl": format!("/avatar/{}", d.about.updated_by),
                    },
                })
            })
            .collect();
        Answer::json(200, json!({ "result": lines }))
    }

    /// POST `/api/library-elements`.
    pub(crate) fn create_element(&mut self) -> Answer {
        match self.try_create_element() {
            Ok(answer) | Err(answer) => answer,
        }
    }

    fn try_create_element(&mut self) -> Result<Answer, Answer> {
        let body = self.body(bind::ELEMENT)?;
        let (uid, name) = (body.text("uid"), body.text("name"));
        let kind = body.integer("kind").unwrap_or(0);
        let folder = body.text("folderUid");
        if !folder.is_empty() && !self.state.folders.contains_key(folder) {
            return Err(self.rules.error(400, "failed to get folder"));
        }
        if !self.state.may_create_in(&self.who, folder) {
            return Err(Answer::denied("library.panels:create"));
        }
        if !matches!(kind, 1 | 2) {
            return Err(self.rules.error(400, "the element kind is not supported"));
        }
        if let Some(fault) = uid_fault(uid) {
            return Err(self.rules.error(400, fault.told()));
        }
        if self.state.library.contains_key(uid) || self.name_taken(name, folder, uid) {
            let told = "library element with that name or UID already exists";
            return Err(self.rules.error(400, told));
        }
        let uid = match uid {
            "" => super::random::short_uid(),
            uid => uid.to_owned(),
        };
        let element = LibraryElement {
            id: self.state.next_object(),
            uid,
            name: name.to_owned(),
            kind,
            folder: folder.to_owned(),
            model: model(body),
            version: 1,
            created: now(),
            updated: now(),
            created_by: self.who.account,
            updated_by: self.who.account,
        };
        Ok(self.put_element(element))
    }

    fn name_taken(&self, name: &str, folder: &str, own: &str) -> bool {
        let same = |e: &LibraryElement| e.name == name && e.folder == folder && e.uid != own;
        self.rules.library.names_unique && self.state.library.values().any(same)
    }

    fn put_element(&mut self, element: LibraryElement) -> Answer {
        let answer = self.told(&element);
        self.state.touch(Key::LibraryElement(element.uid.clone()));
        self.state.library.insert(element.uid.clone(), element);
        answer
    }

    /// PATCH `/api/library-elements/UID`.
    pub(crate) fn update_element(&mut self, uid: &str) -> Answer {
        match self.try_update_element(uid) {
            Ok(answer) | Err(answer) => answer,
        }
    }

    fn try_update_element(&mut self, uid: &str) -> Result<Answer, Answer> {
        let body = self.body(bind::ELEMENT)?;
        let version = body.integer("version").unwrap_or(0);
        if version == 0 || !matches!(body.integer("kind"), Some(1 | 2)) {
            return Err(self.rules.bad_request_data());
        }
        let mut element = self.element(uid, EDIT)?.clone();
        if element.version != version {
            let told = "the library element has been changed by someone else";
            return Err(self.rules.error(412, told));
        }
        if let Some(Json::String(folder)) = body.get("folderUid") {
            if !folder.is_empty() && !self.state.folders.contains_key(folder) {
                return Err(self.rules.error(400, "failed to get folder"));
            }
            element.folder.clone_from(folder);
        }
        if !body.text("name").is_empty() {
            body.text("name").clone_into(&mut element.name);
        }
        if self.name_taken(&element.name, &element.folder, uid) {
            let told = "library element with that name or UID already exists";
            return Err(self.rules.error(400, told));
        }
        if matches!(body.get("model"), Some(Json::Object(_))) {
            element.model = model(body);
        }
        element.version += 1;
        element.updated = now();
        element.updated_by = self.who.account;
        Ok(self.put_element(element))
    }

    /// DELETE `/api/library-elements/UID`.
    pub(crate) fn delete_element(&mut self, uid: &str) -> Answer {
        let id = match self.element(uid, EDIT) {
            Ok(element) => element.id,
            Err(answer) => return answer,
        };
        if self.rules.library.in_use_kept && !self.users(uid).is_empty() {
            return self.rules.error(403, "the library element has connections");
        }
        self.state.library.remove(uid);
        self.state.touch(Key::LibraryElement(uid.to_owned()));
        Answer::json(200, json!({ "id": id, "message": "Library element deleted" }))
    }
}

/// The panel, which always has a description.
fn model(body: &Json) -> Text {
    let mut model = body.get("model").cloned().unwrap_or(Json::object([]));
    if let Json::Object(members) = &mut model {
        members.entry("description".to_owned()).or_insert_with(|| "".into());
    }
    Text::of(&model)
}

/// Some panel of a dashboard is that element.
fn uses(spec: &Json, uid: &str) -> bool {
    spec.get("panels")
        .map_or(&[][..], Json::items)
        .iter()
        .any(|panel| panel.get("libraryPanel").is_some_and(|l| l.text("uid") == uid) || uses(panel, uid))
}
