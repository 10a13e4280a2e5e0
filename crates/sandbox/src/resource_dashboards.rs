//! Dashboards as resources: `/apis/dashboard.grafana.app`.

use serde_json::{Value, json};

use super::access::{EDIT, VIEW};
use super::answer::Answer;
use super::call::{Call, uid_fault};
use super::conversion;
use super::discovery::DASHBOARDS;
use super::json::Json;
use super::pages::Listed;
use super::resources::{Kind, Sent, bad_request, forbidden};
use super::rules::{Saves, Storage};
use super::state::{Dashboard, Revision, Text, now};
use super::store::{stored, tags};

/// The kind.
pub(crate) const DASHBOARD: Kind = Kind { group: DASHBOARDS, plural: "dashboards", kind: "Dashboard" };

impl Call<'_> {
    /// A dashboard at a version; an answer where that is not known.
    fn dashboard_resource(&self, dashboard: &Dashboard, version: &str) -> Result<Json, Answer> {
        let metadata = self.metadata(DASHBOARD, &dashboard.uid, &dashboard.folder, &dashboard.about);
        dashboard_with(dashboard, version, metadata)
    }

    /// The place of a dashboard in lists: by name, or in the old table the newest first.
    fn place(&self, dashboard: &Dashboard) -> String {
        match self.rules.storage {
            Storage::Adapter => newest_first(dashboard.about.id),
            Storage::Table | Storage::Unified => dashboard.uid.clone(),
        }
    }

    /// GET of all.
    pub(crate) fn list_dashboard_resources(&self, version: &str) -> Answer {
        let selector = self.request.parameter("labelSelector");
        if selector.contains("grafana.app/get-history") {
            return self.dashboard_history(version);
        }
        let found: Vec<_> = match selector.contains("grafana.app/get-trash") {
            true => Vec::new(),
            false => self
                .state
                .dashboards
                .values()
                .filter(|d| self.state.dashboard_level(&self.who, d) >= VIEW)
                .collect(),
        };
        let mut listed = Vec::with_capacity(found.len());
        for dashboard in found {
            match self.dashboard_resource(dashboard, version) {
                Ok(body) => listed.push(Listed {
                    name: dashboard.uid.clone(),
                    place: self.place(dashboard),
                    body,
                    length: dashboard.spec.0.len(),
                }),
                Err(answer) => return answer,
            }
        }
        self.page(DASHBOARD, version, listed)
    }

    fn dashboard_history(&self, version: &str) -> Answer {
        let name = self.request.parameter("fieldSelector").trim_start_matches("metadata.name=");
        let Some(dashboard) = self.state.dashboards.get(name) else {
            return self.page(DASHBOARD, version, Vec::new());
        };
        let of = |revision: &Revision| {
            let mut then = dashboard.clone();
            then.spec = revision.spec.clone();
            then.folder.clone_from(&revision.folder);
            then.about.version = revision.version;
            then.about.updated.clone_from(&revision.created);
            then.about.updated_by = revision.created_by;
            then
        };
        let listed: Result<Vec<_>, Answer> = dashboard
            .revisions
            .iter()
            .rev()
            .map(|revision| {
                let body = self.dashboard_resource(&of(revision), version)?;
                Ok(Listed {
                    name: name.to_owned(),
                    place: newest_first(revision.id),
                    body,
                    length: revision.spec.0.len(),
                })
            })
            .collect();
        match listed {
            Ok(listed) => self.page(DASHBOARD, version, listed),
            Err(answer) => answer,
        }
    }

    /// GET of one.
    pub(crate) fn get_dashboard_resource(&self, version: &str, name: &str) -> Answer {
        match self.state.dashboards.get(name) {
            None => DASHBOARD.missing(name),
            Some(dashboard) if self.state.dashboard_level(&self.who, dashboard) >= VIEW => {
                match self.dashboard_resource(dashboard, version) {
                    Ok(body) => Answer::resource(200, body),
                    Err(answer) => answer,
                }
            }
            Some(_) => forbidden(),
        }
    }

    /// POST.
    pub(crate) fn create_dashboard_resource(&mut self, version: &str) -> Answer {
        match self.sent(DASHBOARD, version).and_then(|sent| self.add_dashboard_resource(version, sent)) {
            Ok(answer) | Err(answer) => answer,
        }
    }

    fn dry_run(&self) -> bool {
        self.request.parameter("dryRun") == "All"
    }

    fn add_dashboard_resource(&mut self, version: &str, mut sent: Sent) -> Result<Answer, Answer> {
        if !self.state.may_create_in(&self.who, &sent.folder) {
            return Err(forbidden());
        }
        if !sent.resource_version.is_empty() {
            let told = "resourceVersion should not be set on objects to be created";
            return Err(Answer::failure(500, "", told, None));
        }
        DASHBOARD.check_name(&sent.name)?;
        let spec = self.checked_spec(version, &sent)?;
        if self.state.dashboards.contains_key(&sent.name) {
            return Err(DASHBOARD.exists(&sent.name));
        }
        let dry = self.dry_run();
        let mut about = self.state.about(self.who.account);
        let default_grants = sent.annotations.remove("grafana.app/grant-permissions").is_some();
        about.labels = sent.labels;
        about.annotations = sent.annotations;
        if default_grants {
            about.grants = self.first_grants(sent.folder.is_empty());
        }
        let uid = sent.name;
        let message = about.annotations.get("grafana.app/message").cloned().unwrap_or_default();
        let mut dashboard = Dashboard {
            about,
            uid,
            title: spec.text("title").trim().to_owned(),
            folder: sent.folder,
            tags: tags(&spec),
            stored_at: version.to_owned(),
            spec: Text::of(&spec),
            revisions: Vec::new(),
        };
        let metadata = self.full_metadata(DASHBOARD, &dashboard.uid, &dashboard.folder, &dashboard.about);
        let mut body = dashboard_with(&dashboard, version, metadata)?;
        self.forget(&mut dashboard.about);
        if dry {
            strip_unstored(&mut body);
        } else {
            self.state.put_dashboard(dashboard, &message, 0);
        }
        Ok(Answer::resource(201, body))
    }

    /// The object to store, after what the server checks of it.
    fn checked_spec(&self, version: &str, sent: &Sent) -> Result<Json, Answer> {
        let title = sent.spec.text("title").trim();
        if title.is_empty() {
            return Err(bad_request("Dashboard title cannot be empty"));
        }
        if title.chars().count() > 5000 {
            return Err(bad_request("Dashboard title cannot contain more than 5 000 characters"));
        }
        if let Some(fault) = uid_fault(&sent.name) {
            return Err(bad_request(fault.told()));
        }
        if sent.annotations.get("grafana.app/message").is_some_and(|m| m.chars().count() > 500) {
            return Err(bad_request("message too long, max 500 characters"));
        }
        let refresh = sent.spec.text("refresh");
        if !matches!(refresh, "" | "auto") && super::duration::seconds(refresh).is_none_or(|s| s < 5.0) {
            return Err(bad_request("Dashboard refresh interval is too low"));
        }
        if !sent.folder.is_empty() && !self.state.folders.contains_key(&sent.folder) && !self.dry_run() {
            return Err(super::resource_folders::FOLDER.missing(&sent.folder));
        }
        let sent_spec = match self.rules.drops_marks {
            true => sent.spec.clone().without_marks(),
            false => sent.spec.clone(),
        };
        let spec = stored(sent_spec, true).with_floats().map_err(|literal| {
            bad_request(&format!("json: cannot unmarshal number {literal} into Go value of type float64"))
        })?;
        match version {
            "v0alpha1" => Ok(spec),
            _ => conversion::migrated(&spec)
                .filter(|_| matches!(version, "v1beta1" | "v1"))
                .ok_or_else(|| Answer::unknown(&format!("how dashboards with panels are stored at {version}"))),
        }
    }

    /// PUT.
    pub(crate) fn put_dashboard_resource(&mut self, version: &str, name: &str) -> Answer {
        match self.sent(DASHBOARD, version).and_then(|sent| self.change_dashboard_resource(version, name, sent)) {
            Ok(answer) | Err(answer) => answer,
        }
    }

    /// PATCH.
    pub(crate) fn patch_dashboard_resource(&mut self, version: &str, name: &str) -> Answer {
        let Some(dashboard) = self.state.dashboards.get(name) else { return DASHBOARD.missing(name) };
        let object = match self.dashboard_resource(dashboard, version) {
            Ok(resource) => Json::parse(resource.to_text().as_bytes()).unwrap_or(Json::Null),
            Err(answer) => return answer,
        };
        match self
            .patched(DASHBOARD, version, object)
            .and_then(|sent| self.change_dashboard_resource(version, name, sent))
        {
            Ok(answer) | Err(answer) => answer,
        }
    }

    fn change_dashboard_resource(&mut self, version: &str, name: &str, mut sent: Sent) -> Result<Answer, Answer> {
        sent.is_called(name)?;
        let Some(mut dashboard) = self.state.dashboards.get(name).cloned() else {
            if !sent.resource_version.is_empty() {
                return Err(DASHBOARD.missing(name));
            }
            return self.add_dashboard_resource(version, sent);
        };
        if self.state.dashboard_level(&self.who, &dashboard) < EDIT
            || dashboard.folder != sent.folder && !self.state.may_create_in(&self.who, &sent.folder)
        {
            return Err(forbidden());
        }
        if !sent.resource_version.is_empty() && sent.resource_version != self.resource_version(&dashboard.about) {
            return Err(DASHBOARD.modified(name));
        }
        self.check_manager(&dashboard.about, &sent)?;
        let spec = Text::of(&self.checked_spec(version, &sent)?);
        let spec_same = dashboard.spec == spec && dashboard.folder == sent.folder;
        let metadata_same = self.rules.storage == Storage::Adapter
            || dashboard.about.labels == sent.labels && dashboard.about.annotations == sent.annotations;
        if spec_same && metadata_same && dashboard.stored_at == version {
            let mut body = self.dashboard_resource(&dashboard, version)?;
            if self.rules.saves == Saves::RaiseUntold {
                dashboard.about.version += 1;
                dashboard.about.updated = now();
                self.state.put_dashboard(dashboard, "", 0);
            } else if sent.resource_version.is_empty() {
                // Nothing is written, and the answer is what was sent.
                drop_metadata(&mut body, "resourceVersion");
            }
            return Ok(Answer::resource(200, body));
        }
        if !spec_same {
            dashboard.about.version += 1;
            dashboard.about.updated = now();
            dashboard.about.updated_by = self.who.account;
            dashboard.about.changed = true;
        }
        dashboard.about.resource_version = self.state.next_resource_version();
        dashboard.about.labels = sent.labels;
        dashboard.about.annotations = sent.annotations;
        let message = dashboard.about.annotations.get("grafana.app/message").cloned().unwrap_or_default();
        self.forget(&mut dashboard.about);
        sent.spec.text("title").trim().clone_into(&mut dashboard.title);
        dashboard.tags = tags(&sent.spec);
        dashboard.folder = sent.folder;
        version.clone_into(&mut dashboard.stored_at);
        dashboard.spec = spec;
        let body = self.dashboard_resource(&dashboard, version)?;
        if !self.dry_run() {
            self.state.put_dashboard(dashboard, &message, 0);
        }
        Ok(Answer::resource(200, body))
    }

    /// DELETE.
    pub(crate) fn delete_dashboard_resource(&mut self, name: &str) -> Answer {
        let Some(dashboard) = self.state.dashboards.get(name) else {
            return DASHBOARD.missing(name);
        };
        if self.state.dashboard_level(&self.who, dashboard) < EDIT {
            return forbidden();
        }
        if let Err(answer) = self.check_preconditions(DASHBOARD, name, &dashboard.about) {
            return answer;
        }
        let uid = self.object_uid(DASHBOARD, name, &dashboard.about);
        if !self.dry_run() {
            self.state.remove_dashboard(name);
        }
        DASHBOARD.removed(name, &uid)
    }
}

fn newest_first(id: i64) -> String {
    format!("{:019}", i64::MAX - id)
}

fn dashboard_with(dashboard: &Dashboard, version: &str, metadata: Value) -> Result<Json, Answer> {
    let (spec, status) = if version == dashboard.stored_at || version == "v0alpha1" {
        (Json::Raw(dashboard.spec.0.clone()), json!({}))
    } else {
        let converted = conversion::convert(&dashboard.spec.json(), version)
            .ok_or_else(|| Answer::unknown(&format!("how dashboards with panels are converted to {version}")))?;
        let conversion = json!({ "failed": false, "storedVersion": dashboard.stored_at });
        (converted, json!({ "conversion": conversion }))
    };
    Ok(Json::object([
        ("kind", "Dashboard".into()),
        ("apiVersion", format!("{DASHBOARDS}/{version}").into()),
        ("metadata", metadata.into()),
        ("spec", spec),
        ("status", status.into()),
    ]))
}

/// What an object that is not stored has none of.
fn strip_unstored(body: &mut Json) {
    for field in ["resourceVersion", "labels", "annotations"] {
        drop_metadata(body, field);
    }
}

fn drop_metadata(body: &mut Json, field: &str) {
    if let Json::Object(members) = body
        && let Some(Json::Object(metadata)) = members.get_mut("metadata")
    {
        metadata.remove(field);
    }
}
