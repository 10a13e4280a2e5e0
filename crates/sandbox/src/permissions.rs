//! Who may do what with a folder or a dashboard: reading and replacing the list.

use serde_json::{Value, json};

use super::access::{ADMINISTER, EDIT, VIEW};
use super::answer::Answer;
use super::bind;
use super::call::Call;
use super::json::Json;
use super::slug::slug;
use super::state::{Grant, Grantee, Key, now};

/// What a list of permissions belongs to.
#[derive(Clone, Copy)]
pub(crate) enum Owner<'a> {
    /// A folder's uid.
    Folder(&'a str),
    /// A dashboard's uid.
    Dashboard(&'a str),
}

impl Call<'_> {
    /// GET of a list.
    pub(crate) fn get_permissions(&self, owner: Owner<'_>) -> Answer {
        if let Err(answer) = self.check_administer(owner, "read") {
            return answer;
        }
        // What a folder above grants is not in the list, though it holds.
        let grants = match owner {
            Owner::Folder(uid) => self.state.folders.get(uid).map(|f| &f.about.grants),
            Owner::Dashboard(uid) => self.state.dashboards.get(uid).map(|d| &d.about.grants),
        };
        let lines = grants.into_iter().flatten();
        let lines = lines.map(|grant| self.line(grant, owner)).collect();
        Answer::json(200, Value::Array(lines))
    }

    fn check_administer(&self, owner: Owner<'_>, verb: &str) -> Result<(), Answer> {
        let (kind, level, there) = match owner {
            Owner::Folder(uid) => {
                ("folders", self.state.folder_level(&self.who, uid), self.state.folders.contains_key(uid))
            }
            Owner::Dashboard(uid) => {
                let dashboard = self.state.dashboards.get(uid);
                (
                    "dashboards",
                    dashboard.map_or(0, |d| self.state.dashboard_level(&self.who, d)),
                    dashboard.is_some(),
                )
            }
        };
        let action = format!("{kind}.permissions:{verb}");
        match (there, owner) {
            (true, _) if level >= ADMINISTER => Ok(()),
            (true, _) => Err(Answer::denied(&action)),
            (false, Owner::Folder(_)) => Err(self.folder_absent(&action)),
            (false, Owner::Dashboard(_)) => Err(self.dashboard_absent(&action)),
        }
    }

    fn line(&self, grant: &Grant, owner: Owner<'_>) -> Value {
        let name = match grant.level {
            VIEW => "View",
            EDIT => "Edit",
            _ => "Admin",
        };
        let mut body = json!({
            "created": grant.since, "updated": grant.since, "userId": 0, "userLogin": "", "userEmail": "",
            "userAvatarUrl": "", "teamId": 0, "teamEmail": "", "teamAvatarUrl": "", "team": "",
            "permission": grant.level, "permissionName": name, "inherited": false,
        });
        if self.rules.permissions.uids {
            body["userUid"] = "".into();
            body["teamUid"] = "".into();
        }
        match &grant.to {
            Grantee::Role(role) => {
                body["role"] = role.as_str().into();
                if self.rules.permissions.pictures {
                    body["userAvatarUrl"] = format!("/avatar/{role}").into();
                }
            }
            Grantee::Team(id) => body["teamId"] = (*id).into(),
            Grantee::Account(id) => {
                body["userId"] = (*id).into();
                if let Some(account) = self.state.accounts.get(id) {
                    let email = if account.service { account.login.clone() } else { "admin@localhost".to_owned() };
                    body["userLogin"] = account.login.as_str().into();
                    body["userEmail"] = email.into();
                    body["userAvatarUrl"] = format!("/avatar/{}", account.uid).into();
                    if self.rules.permissions.uids {
                        body["userUid"] = account.uid.as_str().into();
                    }
                }
            }
        }
        let title = match owner {
            Owner::Folder(uid) => {
                let folder = self.state.folders.get(uid);
                body["folderId"] = folder.map_or(0, |f| f.about.id).into();
                body["uid"] = uid.into();
                body["isFolder"] = true.into();
                self.put_parent(&mut body, folder.map_or("", |f| f.parent.as_str()));
                body["url"] = folder.map_or(String::new(), |f| self.folder_url(f)).into();
                folder.map_or("", |f| f.title.as_str())
            }
            Owner::Dashboard(uid) => {
                let dashboard = self.state.dashboards.get(uid);
                body["dashboardId"] = dashboard.map_or(0, |d| d.about.id).into();
                body["uid"] = uid.into();
                body["isFolder"] = false.into();
                self.put_parent(&mut body, dashboard.map_or("", |d| d.folder.as_str()));
                body["url"] = dashboard.map_or(String::new(), |d| self.dashboard_url(uid, &d.title)).into();
                dashboard.map_or("", |d| d.title.as_str())
            }
        };
        body["title"] = title.into();
        let slugless = !self.rules.permissions.folder_slugs && matches!(owner, Owner::Folder(_));
        body["slug"] = if slugless { String::new() } else { slug(title, self.rules.slugs) }.into();
        body
    }

    fn put_parent(&self, body: &mut Value, parent: &str) {
        if self.rules.permissions.uids && !parent.is_empty() {
            body["folderUid"] = parent.into();
        }
    }

    /// POST of a list: it replaces what was there.
    pub(crate) fn set_permissions(&mut self, owner: Owner<'_>) -> Answer {
        if let Err(answer) = self.check_administer(owner, "write") {
            return answer;
        }
        let body = match self.body(bind::PERMISSIONS) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let items = body.get("items").map_or(&[][..], Json::items);
        let both = |item: &Json| {
            let named = item.integer("userId").or(item.integer("teamId")).is_some_and(|id| id > 0);
            named && item.get("role").is_some_and(|role| *role != Json::Null)
        };
        if items.iter().any(both) {
            let told = "team and user permissions cannot have an associated role";
            return self.rules.error(400, told);
        }
        let since = now();
        let grants: Vec<_> = items.iter().filter_map(|item| grant(item, &since)).collect();
        let (about, key) = match owner {
            Owner::Folder(uid) => {
                (self.state.folders.get_mut(uid).map(|f| &mut f.about), Key::Folder(uid.to_owned()))
            }
            Owner::Dashboard(uid) => {
                (self.state.dashboards.get_mut(uid).map(|d| &mut d.about), Key::Dashboard(uid.to_owned()))
            }
        };
        if let Some(about) = about {
            about.grants = grants;
        }
        self.state.touch(key);
        match owner {
            Owner::Folder(_) if self.rules.permissions.folders_named => {
                Answer::message(200, "Folder permissions updated")
            }
            Owner::Folder(_) | Owner::Dashboard(_) => Answer::message(200, "Dashboard permissions updated"),
        }
    }
}

/// A line of the list; a level that there is not grants nothing, and nobody minds.
fn grant(item: &Json, since: &str) -> Option<Grant> {
    let level = item.integer("permission").filter(|level| matches!(*level, VIEW | EDIT | ADMINISTER))?;
    let to = match (item.text("role"), item.integer("userId"), item.integer("teamId")) {
        (_, Some(id), _) if id > 0 => Grantee::Account(id),
        (_, _, Some(id)) if id > 0 => Grantee::Team(id),
        (role @ ("Viewer" | "Editor"), ..) => Grantee::Role(role.to_owned()),
        _ => return None,
    };
    Some(Grant { to, level, since: since.to_owned() })
}
