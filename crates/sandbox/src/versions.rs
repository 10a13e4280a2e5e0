//! The history of a dashboard: listing versions, reading one, restoring one.

use serde_json::json;

use super::access::EDIT;
use super::answer::Answer;
use super::bind;
use super::call::Call;
use super::dashboards::with_identity;
use super::json::Json;
use super::rules::{Saves, Versions};
use super::state::{Dashboard, Revision, now};

impl Call<'_> {
    /// The dashboard whose history is asked for.
    fn versioned(&self, uid: &str) -> Result<&Dashboard, Answer> {
        if self.rules.classic && self.who.is_admin() && !self.state.dashboards.contains_key(uid) {
            return Err(self.rules.error(400, "failed to get dashboard by UID"));
        }
        self.dashboard(uid, EDIT, "dashboards:write")
    }

    /// GET `/api/dashboards/uid/UID/versions`.
    pub(crate) fn list_versions(&self, uid: &str) -> Answer {
        let dashboard = match self.versioned(uid) {
            Ok(dashboard) => dashboard,
            Err(answer) => return answer,
        };
        let number = |name, otherwise| match self.request.number(name) {
            Some(n) if n > 0 => usize::try_from(n).unwrap_or(usize::MAX),
            _ => otherwise,
        };
        let start = number("start", 0);
        let limit = number("limit", 1000);
        let listed: Vec<_> = dashboard
            .revisions
            .iter()
            .rev()
            .skip(start)
            .take(limit)
            .map(|revision| self.version_body(dashboard, revision, listed_message(revision), true))
            .collect();
        match self.rules.versions {
            Versions::ArrayByNumber | Versions::Array => Answer::json(200, Json::Array(listed)),
            Versions::Object => {
                Answer::json(200, Json::object([("continueToken", "".into()), ("versions", Json::Array(listed))]))
            }
        }
    }

    /// GET `/api/dashboards/uid/UID/versions/VERSION`.
    pub(crate) fn get_version(&self, uid: &str, version: &str) -> Answer {
        let dashboard = match self.versioned(uid) {
            Ok(dashboard) => dashboard,
            Err(answer) => return answer,
        };
        let wanted = version.parse().unwrap_or(0);
        match dashboard.revisions.iter().rev().find(|r| r.version == wanted) {
            Some(revision) => {
                Answer::json(200, self.version_body(dashboard, revision, revision.message.clone(), false))
            }
            None => self.rules.error(
                500,
                &format!("Dashboard version {wanted} not found for dashboardId {}", dashboard.about.id),
            ),
        }
    }

    fn version_body(&self, dashboard: &Dashboard, revision: &Revision, message: String, in_list: bool) -> Json {
        let by_number = in_list && self.rules.versions == Versions::ArrayByNumber;
        let mut body = json!({
            "id": revision.id, "dashboardId": dashboard.about.id, "parentVersion": revision.parent,
            "restoredFrom": revision.restored_from, "version": revision.version, "created": revision.created,
            "message": message,
        });
        let uid = dashboard.uid.as_str();
        if by_number {
            body["dashboardUid"] = uid.into();
            body["createdBy"] = revision.created_by.into();
        } else {
            body["uid"] = uid.into();
            body["createdBy"] = self.state.login(revision.created_by).into();
        }
        let id = self.rules.classic.then_some(dashboard.about.id);
        let data = with_identity(&revision.spec.0, id, uid, revision.version);
        match Json::from(body) {
            Json::Object(mut members) => {
                members.insert("data".to_owned(), data);
                Json::Object(members)
            }
            other => other,
        }
    }

    /// POST `/api/dashboards/uid/UID/restore`.
    pub(crate) fn restore_version(&mut self, uid: &str) -> Answer {
        let mut dashboard = match self.versioned(uid) {
            Ok(dashboard) => dashboard.clone(),
            Err(answer) => return answer,
        };
        let body = match self.body(bind::RESTORE) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let wanted = body.integer("version").unwrap_or(0);
        let Some(revision) = dashboard.revisions.iter().rev().find(|r| r.version == wanted) else {
            return match self.rules.classic {
                true => self.rules.error(404, "Dashboard version not found"),
                false => Answer::message(500, "Failed to restore dashboard version"),
            };
        };
        let unchanged = dashboard.spec == revision.spec;
        dashboard.spec = revision.spec.clone();
        let spec = dashboard.spec.json();
        spec.text("title").clone_into(&mut dashboard.title);
        dashboard.tags = super::store::tags(&spec);
        if !(unchanged && self.rules.saves == Saves::RaiseOnChange) {
            dashboard.about.version += 1;
        }
        dashboard.about.updated = now();
        dashboard.about.updated_by = self.who.account;
        dashboard.about.changed = true;
        dashboard.about.resource_version = self.state.next_resource_version();
        let answer = self.saved(&dashboard);
        self.state.put_dashboard(dashboard, &format!("Restored from version {wanted}"), wanted);
        answer
    }
}

fn listed_message(revision: &Revision) -> String {
    match (revision.restored_from, revision.parent) {
        (_, 0) => "Initial save".to_owned(),
        (from, _) if from > 0 => format!("Restored from version {from}"),
        _ => revision.message.clone(),
    }
}
