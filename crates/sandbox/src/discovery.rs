//! What a client asks first: health, settings, the organisation, what it may do, which resources there are.

use serde_json::{Value, json};

use super::access::Role;
use super::answer::Answer;
use super::call::Call;
use super::rules::{Nesting, Rules};

/// The group of dashboards.
pub(crate) const DASHBOARDS: &str = "dashboard.grafana.app";
/// The group of folders.
pub(crate) const FOLDERS: &str = "folder.grafana.app";

/// GET `/api/health`, which anybody may.
pub(crate) fn health(rules: &Rules) -> Answer {
    Answer::json(200, json!({ "commit": "amgctl", "database": "ok", "version": rules.grafana }))
}

/// Anything in an `/apis` that has neither dashboards nor folders.
pub(crate) fn bare_apis(path: &[&str]) -> Answer {
    const PATHS: [&str; 27] = [
        "/apis",
        "/apis/featuretoggle.grafana.app",
        "/apis/featuretoggle.grafana.app/v0alpha1",
        "/apis/playlist.grafana.app",
        "/apis/playlist.grafana.app/v0alpha1",
        "/healthz",
        "/healthz/log",
        "/healthz/ping",
        "/healthz/poststarthook/max-in-flight-filter",
        "/healthz/poststarthook/storage-object-count-tracker-hook",
        "/livez",
        "/livez/log",
        "/livez/ping",
        "/livez/poststarthook/max-in-flight-filter",
        "/livez/poststarthook/storage-object-count-tracker-hook",
        "/metrics",
        "/metrics/slis",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/",
        "/readyz",
        "/readyz/log",
        "/readyz/ping",
        "/readyz/poststarthook/max-in-flight-filter",
        "/readyz/poststarthook/storage-object-count-tracker-hook",
        "/readyz/shutdown",
        "/version",
    ];
    match path {
        [] | ["featuretoggle.grafana.app" | "playlist.grafana.app", ..] => {
            Answer::unknown("feature toggles and playlists as resources")
        }
        _ => Answer::resource(404, json!({ "paths": PATHS })),
    }
}

impl Call<'_> {
    /// GET `/api/frontend/settings`.
    pub(crate) fn frontend_settings(&self) -> Answer {
        let version = self.rules.grafana;
        let mut toggles = serde_json::Map::new();
        if self.rules.nesting == Nesting::Beside {
            toggles.insert("nestedFolders".to_owned(), true.into());
        }
        if self.rules.resource_api {
            toggles.insert("kubernetesDashboards".to_owned(), true.into());
        }
        let default = self.state.datasources.values().find(|d| d.default).map_or("", |d| d.name.as_str());
        let mut body = json!({
            "buildInfo": {
                "version": version, "commit": "amgctl", "edition": "Open Source", "env": "production",
                "hideVersion": false, "latestVersion": "", "hasUpdate": false,
            },
            "featureToggles": toggles, "minRefreshInterval": "5s", "unifiedAlertingEnabled": true,
            "datasources": self.frontend_datasources(), "defaultDatasource": default, "appSubUrl": "",
        });
        if self.rules.resource_api || self.rules.bare_apis {
            body["namespace"] = "default".into();
        }
        if self.rules.resource_api {
            body["buildInfo"]["versionString"] = format!("Grafana v{version} (amgctl)").into();
        }
        Answer::json(200, body)
    }

    /// GET `/api/org`.
    pub(crate) fn organisation(&self) -> Answer {
        let address =
            json!({ "address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": "" });
        Answer::json(200, json!({ "id": 1, "name": "Main Org.", "address": address }))
    }

    /// GET `/api/access-control/user/permissions`.
    pub(crate) fn own_permissions(&self) -> Answer {
        let mut all = serde_json::Map::new();
        let mut allow = |action: &str, scopes: &[&str]| drop(all.insert(action.to_owned(), json!(scopes)));
        if self.who.role >= Role::Viewer {
            allow("datasources:query", &["datasources:*", "datasources:uid:grafana"]);
            allow("datasources:read", &["datasources:uid:grafana"]);
            allow("datasources.id:read", &["datasources:*"]);
            allow("folders:read", &["folders:uid:general"]);
            allow("orgs:read", &[""]);
        }
        if self.who.role >= Role::Editor {
            allow("dashboards:create", &["folders:uid:general"]);
            allow("folders:create", if self.rules.resource_api { &["folders:uid:general"] } else { &[""] });
        }
        if self.who.is_admin() {
            allow("dashboards:create", &["folders:uid:general", "folders:*", "folders:*"]);
            let everywhere: &[&str] =
                if self.rules.resource_api { &["folders:uid:general", "folders:*"] } else { &["", ""] };
            allow("folders:create", everywhere);
            for verb in ["read", "write", "delete"] {
                allow(&format!("dashboards:{verb}"), &["dashboards:*", "folders:*"]);
                allow(&format!("folders:{verb}"), &["folders:*"]);
                allow(&format!("datasources:{verb}"), &["datasources:*"]);
                allow(&format!("serviceaccounts:{verb}"), &["serviceaccounts:*"]);
            }
            for verb in ["read", "write"] {
                allow(&format!("dashboards.permissions:{verb}"), &["dashboards:*", "folders:*"]);
                allow(&format!("folders.permissions:{verb}"), &["folders:*"]);
            }
            allow("datasources:create", &[""]);
            allow("datasources:query", &["datasources:*", "datasources:uid:grafana"]);
            allow("serviceaccounts:create", &[""]);
        } else {
            for folder in self.state.folders.values() {
                let scope = format!("folders:uid:{}", folder.uid);
                self.allow_by_level(&mut all, self.state.folder_level(&self.who, &folder.uid), &scope, true);
            }
            for dashboard in self.state.dashboards.values().filter(|d| d.folder.is_empty()) {
                let scope = format!("dashboards:uid:{}", dashboard.uid);
                self.allow_by_level(&mut all, self.state.dashboard_level(&self.who, dashboard), &scope, false);
            }
        }
        Answer::json(200, Value::Object(all))
    }

    fn allow_by_level(&self, all: &mut serde_json::Map<String, Value>, level: i64, scope: &str, folder: bool) {
        let mut add = |action: &str| {
            let scopes = all.entry(action.to_owned()).or_insert_with(|| json!([]));
            if let Value::Array(scopes) = scopes {
                scopes.push(scope.into());
            }
        };
        for (least, verbs) in [(1, &["read"][..]), (2, &["write", "delete"]), (4, &["permissions"])] {
            for verb in verbs.iter().filter(|_| level >= least) {
                let kinds: &[&str] = if folder { &["dashboards", "folders"] } else { &["dashboards"] };
                for kind in kinds {
                    match *verb {
                        "permissions" => {
                            add(&format!("{kind}.permissions:read"));
                            add(&format!("{kind}.permissions:write"));
                        }
                        verb => add(&format!("{kind}:{verb}")),
                    }
                }
            }
        }
        if folder && level >= 2 {
            add("dashboards:create");
        }
    }

    /// GET `/apis`: every group.
    pub(crate) fn resource_groups(&self) -> Answer {
        let (dashboards, folders) = (self.rules.dashboard_versions, self.rules.folder_versions);
        let groups = [group(DASHBOARDS, dashboards), group(FOLDERS, folders)].map(|mut g| {
            if let Value::Object(members) = &mut g {
                members.remove("kind");
                members.remove("apiVersion");
            }
            g
        });
        Answer::resource(200, json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }))
    }

    /// GET `/apis/GROUP`.
    pub(crate) fn resource_group(&self, name: &str) -> Answer {
        match name {
            DASHBOARDS => Answer::resource(200, group(DASHBOARDS, self.rules.dashboard_versions)),
            FOLDERS => Answer::resource(200, group(FOLDERS, self.rules.folder_versions)),
            _ => Answer::text(404, "404 page not found\n"),
        }
    }

    /// GET `/apis/GROUP/VERSION`.
    pub(crate) fn resource_list(&self, name: &str, version: &str) -> Answer {
        let verbs = ["create", "delete", "get", "list", "patch", "update"];
        let resources = match name {
            DASHBOARDS if self.rules.dashboard_versions.contains(&version) => json!([
                {
                    "name": "dashboards", "singularName": "dashboard", "namespaced": true, "kind": "Dashboard",
                    "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update"],
                },
                {
                    "name": "dashboards/dto", "singularName": "", "namespaced": true,
                    "kind": "DashboardWithAccessInfo", "verbs": ["get"],
                },
            ]),
            FOLDERS if self.rules.folder_versions.contains(&version) => json!([
                { "name": "folders", "singularName": "folder", "namespaced": true, "kind": "Folder", "verbs": verbs },
                {
                    "name": "folders/counts", "singularName": "", "namespaced": true, "kind": "DescendantCounts",
                    "verbs": ["get"],
                },
            ]),
            _ => return Answer::text(404, "404 page not found\n"),
        };
        let body = json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{name}/{version}"),
            "resources": resources,
        });
        Answer::resource(200, body)
    }
}

fn group(name: &str, versions: &[&str]) -> Value {
    let version = |v: &str| json!({ "groupVersion": format!("{name}/{v}"), "version": v });
    let all: Vec<_> = versions.iter().map(|v| version(v)).collect();
    json!({
        "kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": all,
        "preferredVersion": version(versions.first().copied().unwrap_or_default()),
    })
}
