//! Reading and removing dashboards by `/api/dashboards`; saving them is in [`super::save`], their history in
//! [`super::versions`].

use serde_json::json;

use super::access::{ADMINISTER, EDIT, VIEW};
use super::answer::Answer;
use super::call::Call;
use super::json::Json;
use super::rules::FolderAsDashboard;
use super::slug::slug;
use super::state::{About, Dashboard, Folder};

impl Call<'_> {
    /// The address of a dashboard's page.
    pub(crate) fn dashboard_url(&self, uid: &str, title: &str) -> String {
        format!("/d/{uid}/{}", slug(title, self.rules.slugs))
    }

    /// The dashboard, if it is there and may be used to that degree; the answer otherwise.
    pub(crate) fn dashboard(&self, uid: &str, level: i64, action: &str) -> Result<&Dashboard, Answer> {
        match self.state.dashboards.get(uid) {
            Some(dashboard) if self.state.dashboard_level(&self.who, dashboard) >= level => Ok(dashboard),
            Some(_) => Err(Answer::denied(action)),
            None => Err(self.dashboard_absent(action)),
        }
    }

    /// A dashboard that is not there, told to whoever asks.
    pub(crate) fn dashboard_absent(&self, action: &str) -> Answer {
        match self.who.is_admin() {
            true => self.rules.error(404, "Dashboard not found"),
            false => self.rules.missing_to_the_weak("Dashboard not found", action),
        }
    }

    /// GET `/api/dashboards/uid/UID`.
    pub(crate) fn get_dashboard(&self, uid: &str) -> Answer {
        if let Some(folder) = self.state.folders.get(uid).filter(|_| self.rules.classic) {
            return self.folder_as_dashboard(folder);
        }
        let dashboard = match self.dashboard(uid, VIEW, "dashboards:read") {
            Ok(dashboard) => dashboard,
            Err(answer) => return answer,
        };
        let level = self.state.dashboard_level(&self.who, dashboard);
        let mut meta = self.meta(&dashboard.about, &dashboard.title, level);
        meta["url"] = self.dashboard_url(uid, &dashboard.title).into();
        meta["isFolder"] = false.into();
        if self.rules.resource_api {
            meta["apiVersion"] = dashboard.stored_at.as_str().into();
        }
        if dashboard.folder == "general" && self.rules.general_is_a_folder {
            meta["folderUid"] = "general".into();
            meta["folderTitle"] = "Dashboards".into();
            meta["folderUrl"] = "/dashboards/f/general/dashboards".into();
        } else if !dashboard.folder.is_empty() {
            let Some(folder) = self.state.folders.get(&dashboard.folder) else {
                return self.rules.error(404, "Folder not found");
            };
            meta["folderId"] = folder.about.id.into();
            meta["folderUid"] = folder.uid.as_str().into();
            meta["folderTitle"] = folder.title.as_str().into();
            meta["folderUrl"] = self.folder_url(folder).into();
        }
        let body = Json::object([
            ("meta", meta.into()),
            ("dashboard", with_identity(&dashboard.spec.0, Some(dashboard.about.id), uid, dashboard.about.version)),
        ]);
        Answer::json(200, body)
    }

    fn folder_as_dashboard(&self, folder: &Folder) -> Answer {
        let level = self.state.folder_level(&self.who, &folder.uid);
        if level < VIEW {
            return Answer::denied("dashboards:read");
        }
        let mut meta = self.meta(&folder.about, &folder.title, level);
        meta["url"] = self.folder_url(folder).into();
        meta["isFolder"] = true.into();
        let body = json!({
            "meta": meta,
            "dashboard": {
                "id": folder.about.id, "schemaVersion": 17, "title": folder.title, "uid": folder.uid,
                "version": folder.about.version,
            },
        });
        Answer::json(200, body)
    }

    fn meta(&self, about: &About, title: &str, level: i64) -> serde_json::Value {
        let edit = level >= EDIT;
        let annotations = json!({ "canAdd": edit, "canEdit": edit, "canDelete": edit });
        let mut meta = json!({
            "type": "db", "canSave": edit, "canEdit": edit, "canAdmin": level >= ADMINISTER, "canStar": true,
            "canDelete": edit, "slug": slug(title, self.rules.slugs), "expires": "0001-01-01T00:00:00Z",
            "created": about.created, "updated": about.updated, "createdBy": self.state.login(about.created_by),
            "updatedBy": self.state.login(about.updated_by), "version": about.version, "hasAcl": false,
            "folderId": 0, "folderUid": "", "folderTitle": "General", "folderUrl": "", "provisioned": false,
            "provisionedExternalId": "",
            "annotationsPermissions": { "dashboard": annotations, "organization": annotations },
        });
        if self.rules.public_in_meta {
            meta["publicDashboardAccessToken"] = "".into();
            meta["publicDashboardUid"] = "".into();
            meta["publicDashboardEnabled"] = false.into();
        }
        meta
    }

    /// DELETE `/api/dashboards/uid/UID`; on the oldest servers a folder's uid removes the folder with all it holds.
    pub(crate) fn delete_dashboard(&mut self, uid: &str) -> Answer {
        if self.rules.folder_as_dashboard != FolderAsDashboard::Missing
            && let Some(folder) = self.state.folders.get(uid)
        {
            if self.state.folder_level(&self.who, uid) < EDIT {
                return Answer::denied("dashboards:delete");
            }
            if self.rules.folder_as_dashboard == FolderAsDashboard::Refused {
                return Answer::message(400, "Use folders endpoint for deleting folders.");
            }
            let (id, title) = (folder.about.id, folder.title.clone());
            self.state.remove_folder(uid);
            return self.deleted(uid, id, &title);
        }
        let (id, title) = match self.dashboard(uid, EDIT, "dashboards:delete") {
            Ok(dashboard) => (dashboard.about.id, dashboard.title.clone()),
            Err(answer) => return answer,
        };
        self.state.remove_dashboard(uid);
        self.deleted(uid, id, &title)
    }

    fn deleted(&self, uid: &str, id: i64, title: &str) -> Answer {
        let mut body = json!({ "title": title, "message": format!("Dashboard {title} deleted") });
        match self.rules.classic {
            true => body["id"] = id.into(),
            false => body["uid"] = uid.into(),
        }
        Answer::json(200, body)
    }

    /// GET `/api/dashboards/tags`.
    pub(crate) fn dashboard_tags(&self) -> Answer {
        let mut counts = std::collections::BTreeMap::<&str, i64>::new();
        for dashboard in self.state.dashboards.values() {
            if self.state.dashboard_level(&self.who, dashboard) >= VIEW {
                dashboard.tags.iter().for_each(|tag| *counts.entry(tag).or_default() += 1);
            }
        }
        let tags: Vec<_> = counts.iter().map(|(term, count)| json!({ "term": term, "count": count })).collect();
        Answer::json(200, serde_json::Value::Array(tags))
    }
}

/// The object with the three fields that the server fills in when it is read.
pub(crate) fn with_identity(spec: &str, id: Option<i64>, uid: &str, version: i64) -> Json {
    let number = id.map_or(String::new(), |id| format!("\"id\":{id},"));
    let identity = format!("{number}\"uid\":{},\"version\":{version}", Json::from(uid).to_text());
    // Nearly no object has an `id` of its own, which would be a second one.
    let members = spec.strip_prefix('{').filter(|_| id.is_none() || !spec.contains("\"id\":null"));
    match members {
        Some("}") => Json::Raw(format!("{{{identity}}}").into()),
        Some(rest) => Json::Raw(format!("{{{identity},{rest}").into()),
        None => {
            let mut members = match Json::parse(spec.as_bytes()) {
                Ok(Json::Object(members)) => members,
                _ => std::collections::BTreeMap::new(),
            };
            members.extend(id.map(|id| ("id".to_owned(), id.into())));
            members.insert("uid".to_owned(), uid.into());
            members.insert("version".to_owned(), version.into());
            Json::Object(members)
        }
    }
}
