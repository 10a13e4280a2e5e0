//! POST `/api/dashboards/db` where it is no more than a way into the resource API (fact: `save-through-resources`):
//! nothing is trimmed or raised, a conflict is another one, and what is managed elsewhere is refused.

use super::answer::Answer;
use super::call::{Call, uid_fault};
use super::discovery::DASHBOARDS;
use super::json::Json;
use super::resources::{EDITS_ALLOWED, MANAGER};
use super::save::Wanted;
use super::state::Dashboard;
use super::store::tags;

impl Call<'_> {
    /// Saves a dashboard as a resource at `v0alpha1`.
    pub(super) fn save_as_resource(&mut self, body: &Json, dashboard: &Json) -> Result<Answer, Answer> {
        if body.flag("isFolder") {
            return Err(Answer::message(400, "Use folders endpoint for saving folders."));
        }
        let spec = plain(dashboard)?;
        let id = spec.integer("id").unwrap_or(0);
        let version = version(&spec)?;
        let mut uid = spec.text("uid").to_owned();
        if uid.is_empty() && id != 0 {
            let known = self.state.dashboards.values().find(|d| d.about.id == id);
            uid = known.map(|d| d.uid.clone()).ok_or_else(|| Answer::message(404, "Dashboard not found"))?;
        }
        if uid.is_empty() {
            uid = format!("a{}", super::random::short_uid());
        }
        // `folderId` is not looked at: who sends nothing else saves at the root.
        let folder = body.text("folderUid").to_owned();
        let existing = self.state.dashboards.get(&uid).cloned();
        if existing.is_none() && self.state.dashboards.values().any(|d| id != 0 && d.about.id == id) {
            return Err(Answer::message(409, &format!("deprecatedInternalID={id} is already in use")));
        }
        let overwrite = body.flag("overwrite");
        if existing.as_ref().is_some_and(|d| d.about.version != version) && !overwrite {
            return Err(Answer::message(409, "Dashboard already exists. Use overwrite flag to update."));
        }
        if existing.as_ref().is_some_and(is_managed) {
            return Err(Answer::message(400, "Cannot save provisioned dashboard"));
        }
        if !folder.is_empty() && !self.state.folders.contains_key(&folder) {
            return Err(Answer::message(400, "folder not found"));
        }
        let title = spec.text("title").to_owned();
        let message = body.text("message").to_owned();
        let wanted = Wanted { id, uid, title, folder, version, overwrite, message, is_folder: false, spec };
        self.check_rights(&wanted, existing.as_ref())?;
        let spec = self.as_kept(&wanted)?;
        Ok(self.store(Wanted { spec, ..wanted }, existing))
    }

    /// The object to store, after what the resource API checks of it.
    fn as_kept(&self, wanted: &Wanted) -> Result<Json, Answer> {
        let no = |told: &str| Err(Answer::message(400, told));
        if let Some(fault) = uid_fault(&wanted.uid) {
            return no(fault.told());
        }
        if wanted.title.trim().is_empty() {
            return no("Dashboard title cannot be empty");
        }
        if wanted.title.chars().count() > 5000 {
            return no("Dashboard title cannot contain more than 5 000 characters");
        }
        if tags(&wanted.spec).iter().any(|tag| tag.chars().count() > 50) {
            return no("dashboard tag too long, max 50 characters");
        }
        if wanted.message.chars().count() > 500 {
            return no("message too long, max 500 characters");
        }
        let refresh = wanted.spec.text("refresh");
        if !matches!(refresh, "" | "auto") && super::duration::seconds(refresh).is_none_or(|s| s < 5.0) {
            return no("Dashboard refresh interval is too low");
        }
        let mut spec = wanted.spec.clone();
        if let Json::Object(members) = &mut spec {
            members.remove("id");
        }
        let spec = if self.rules.drops_marks { spec.without_marks() } else { spec };
        spec.with_floats().map_err(|literal| {
            let told = format!("json: cannot unmarshal number {literal} into Go value of type float64");
            Answer::message(500, &format!("Dashboard API error: {told}"))
        })
    }
}

/// The object without what may be wrapped around it.
fn plain(dashboard: &Json) -> Result<Json, Answer> {
    let no = |told: &str| Err(Answer::message(400, told));
    let (group, version) = dashboard.text("apiVersion").split_once('/').unwrap_or_default();
    let wrapped =
        dashboard.get("apiVersion").is_some() || dashboard.get("kind").is_some() && dashboard.get("spec").is_some();
    if wrapped {
        return match (group, version) {
            _ if dashboard.get("id").is_some() => no("a resource has no id beside its metadata"),
            (DASHBOARDS, "v0alpha1") => {
                let mut spec = dashboard.get("spec").cloned().unwrap_or(Json::object([]));
                if let Json::Object(members) = &mut spec {
                    let metadata = dashboard.get("metadata").cloned().unwrap_or(Json::Null);
                    members.insert("uid".to_owned(), metadata.text("name").into());
                    members.insert("version".to_owned(), metadata.integer("generation").unwrap_or(0).into());
                    members.remove("id");
                }
                titled(spec)
            }
            (DASHBOARDS, _) => Err(Answer::unknown(&format!("how the older API stores dashboards at {version}"))),
            _ => no("the resource is of no group that is known here"),
        };
    }
    if dashboard.get("elements").is_some() && dashboard.get("layout").is_some() {
        return no("dashboard appears to be in v2 format. Please use the /apis/dashboard.grafana.app/v2 API");
    }
    titled(dashboard.clone())
}

fn titled(spec: Json) -> Result<Json, Answer> {
    match spec.text("title") {
        "" => Err(Answer::message(400, "Dashboard spec is missing required title property")),
        _ => Ok(spec),
    }
}

/// The version that a dashboard says it was read at; 0 when it says none.
fn version(spec: &Json) -> Result<i64, Answer> {
    match spec.get("version") {
        None | Some(Json::Null) => Ok(0),
        Some(Json::Number(_)) => {
            spec.integer("version").ok_or_else(|| Answer::message(400, "spec.version is not an integer"))
        }
        Some(_) => Err(Answer::message(400, "spec.version has unsupported type")),
    }
}

fn is_managed(dashboard: &Dashboard) -> bool {
    let annotations = &dashboard.about.annotations;
    let edits = annotations.get(EDITS_ALLOWED).is_some_and(|v| v == "true");
    annotations.get(MANAGER).is_some_and(|v| !v.is_empty()) && !edits
}
