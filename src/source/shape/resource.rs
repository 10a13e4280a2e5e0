//! Grafana's resources: `metadata` and `spec`, as Git Sync, `gcx` and `kubectl` write them.

use serde_json::Value;

use super::keys::{self, Level};
use super::{Form, Reading, Seen, Shape, group, only, text, unsupported};

/// A dashboard as a resource, in the versions that hold the classic form.
pub(super) struct DashboardResource;

impl Shape for DashboardResource {
    fn levels(&self) -> &'static [Level] {
        &keys::DASHBOARD_RESOURCE
    }

    fn recognise(&self, value: &Value, _: Reading) -> Option<Seen> {
        let map = value.as_object()?;
        // `DashboardWithAccessInfo` is what `GET …/dto` answers: the same, and who may do what.
        (group(map).0 == "dashboard.grafana.app"
            && matches!(text(map, "kind"), "Dashboard" | "DashboardWithAccessInfo"))
        .then(|| only(Form::DashboardResource))
    }
}

/// A folder as a resource; and every other kind of the two groups, which is refused.
pub(super) struct FolderResource;

impl Shape for FolderResource {
    fn levels(&self) -> &'static [Level] {
        &keys::FOLDER_RESOURCE
    }

    fn recognise(&self, value: &Value, _: Reading) -> Option<Seen> {
        let map = value.as_object()?;
        let kind = text(map, "kind");
        match group(map).0 {
            "folder.grafana.app" if kind == "Folder" => Some(only(Form::FolderResource)),
            "dashboard.grafana.app" if kind == "LibraryPanel" => Some(Seen::Refused(unsupported(
                "this is a library panel, which this version does not keep yet",
                "make it in the workspace, or put its model into the dashboards that use it",
                "/kind",
            ))),
            group @ ("dashboard.grafana.app" | "folder.grafana.app") => Some(Seen::Refused(unsupported(
                format!("a `{kind}` of `{group}` is not read"),
                "dashboards have `kind: Dashboard`, folders have `kind: Folder`, one a document",
                "/kind",
            ))),
            group if group.ends_with(".grafana.app") || group.ends_with(".ext.grafana.com") => {
                Some(Seen::Reported(unsupported(
                    format!("a `{kind}` of `{group}` is not kept by this version"),
                    "keep it with another tool, and name the file in `.amgctlignore`",
                    "/kind",
                )))
            }
            _ => None,
        }
    }
}
