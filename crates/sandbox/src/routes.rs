//! Which function answers which method and path, and who need not sign in.

use super::answer::Answer;
use super::auth::sign_in;
use super::call::Call;
use super::datasources::By;
use super::discovery::{self, DASHBOARDS, FOLDERS};
use super::permissions::Owner;
use super::request::Request;
use super::rules::Rules;
use super::state::State;

/// Parts of Grafana's API that exist and that the embedded workspace does not have.
const NOT_HERE: &[&str] = &[
    "access-control",
    "admin",
    "alertmanager",
    "alerts",
    "annotations",
    "correlations",
    "dashboards",
    "datasources",
    "ds",
    "live",
    "org",
    "orgs",
    "playlists",
    "plugin-proxy",
    "plugins",
    "prometheus",
    "public",
    "query-history",
    "ruler",
    "short-urls",
    "snapshot",
    "snapshots",
    "teams",
    "user",
    "users",
    "v1",
];

/// Answers a request.
pub(crate) fn answer(rules: &Rules, state: &mut State, request: &Request) -> Answer {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    if let ["api", "health"] = segments[..]
        && request.method == "GET"
    {
        return discovery::health(rules);
    }
    let (first, api) = (segments.first().copied(), segments.first().is_some_and(|s| *s == "api" || *s == "apis"));
    let who = match sign_in(rules, state, request.authorization.as_deref()) {
        Ok(who) => who,
        Err(refusal) if api => return refusal,
        Err(_) => return to_sign_in(rules, request),
    };
    let mut call = Call { rules, state, who, request };
    match first {
        Some("api") => api_route(&mut call, &request.method, &segments[1..]),
        Some("apis") if rules.resource_api => resource_route(&mut call, &request.method, &segments[1..]),
        Some("apis") if rules.bare_apis => discovery::bare_apis(&segments[1..]),
        Some("apis") => Answer::no_such_path(),
        _ => Answer::unknown("the pages of the user interface"),
    }
}

/// The body is larger than this server takes.
pub(crate) fn too_large(rules: &Rules, request: &Request) -> Answer {
    if request.segments.first().is_some_and(|s| s == "apis") {
        let told = format!("Request entity too large: limit is {}", rules.body_limit);
        return Answer::failure(413, "RequestEntityTooLarge", &told, None);
    }
    let told = format!("Dashboard is too large, max is {} MB", rules.body_limit >> 20);
    Answer::message(413, &told)
}

fn to_sign_in(rules: &Rules, request: &Request) -> Answer {
    let page = if request.path.is_empty() { "/" } else { request.path.as_str() };
    let location = match rules.resource_api {
        true => format!("/login?redirectTo={}", page.replace('/', "%2F")),
        false => "/login".to_owned(),
    };
    Answer {
        status: 302,
        content_type: "text/html; charset=utf-8",
        body: format!("<a href=\"{location}\">Found</a>.\n\n"),
        headers: vec![("location", location)],
    }
}

fn api_route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Answer {
    match (method, path) {
        ("GET", ["org"]) => call.organisation(),
        ("GET", ["frontend", "settings"]) => call.frontend_settings(),
        ("GET", ["access-control", "user", "permissions"]) => call.own_permissions(),
        ("GET", ["search"]) => call.search(),
        ("GET", ["search", "sorting"]) => call.sort_options(),
        (_, ["folders", rest @ ..]) => folder_route(call, method, rest),
        (_, ["dashboards", rest @ ..]) => dashboard_route(call, method, rest),
        (_, ["datasources", rest @ ..]) => datasource_route(call, method, rest),
        (_, ["serviceaccounts", rest @ ..]) => account_route(call, method, rest),
        (_, ["auth", "keys", rest @ ..]) if call.rules.accounts.api_keys => match (method, rest) {
            ("GET", []) => call.list_keys(),
            ("POST", []) => call.create_key(),
            ("DELETE", [id]) => call.delete_key(id),
            _ => Answer::no_such_path(),
        },
        (_, ["library-elements", rest @ ..]) => match (method, rest) {
            ("GET", []) => call.list_elements(),
            ("POST", []) => call.create_element(),
            ("GET", ["name", name]) => call.get_elements_by_name(name),
            ("GET", [uid]) => call.get_element(uid),
            ("PATCH", [uid]) => call.update_element(uid),
            ("DELETE", [uid]) => call.delete_element(uid),
            ("GET", [uid, "connections"]) => call.element_connections(uid),
            _ => Answer::no_such_path(),
        },
        (_, [first, ..]) if NOT_HERE.contains(first) => Answer::unknown(&call.request.path),
        _ => Answer::no_such_path(),
    }
}

fn folder_route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Answer {
    match (method, path) {
        ("GET", []) => call.list_folders(),
        ("POST", []) => call.create_folder(),
        ("GET", ["id", id]) => call.get_folder_by_id(id),
        ("GET", [uid]) => call.get_folder(uid),
        ("PUT", [uid]) => call.update_folder(uid),
        ("DELETE", [uid]) => call.delete_folder(uid),
        ("POST", [uid, "move"]) => call.move_folder(uid),
        ("GET", [uid, "counts"]) => call.count_folder(uid),
        ("GET", [uid, "permissions"]) => call.get_permissions(Owner::Folder(uid)),
        ("POST", [uid, "permissions"]) => call.set_permissions(Owner::Folder(uid)),
        _ => Answer::no_such_path(),
    }
}

fn dashboard_route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Answer {
    let by_id = |call: &Call<'_>, id: &str| {
        call.state.dashboards.values().find(|d| d.about.id.to_string() == id).map(|d| d.uid.clone())
    };
    match (method, path) {
        ("POST", ["db"]) => call.save_dashboard(),
        ("GET", ["tags"]) => call.dashboard_tags(),
        ("GET", ["uid", uid]) => call.get_dashboard(uid),
        ("DELETE", ["uid", uid]) => call.delete_dashboard(uid),
        ("GET", ["uid", uid, "versions"]) => call.list_versions(uid),
        ("GET", ["uid", uid, "versions", version]) => call.get_version(uid, version),
        ("POST", ["uid", uid, "restore"]) => call.restore_version(uid),
        ("GET", ["uid", uid, "permissions"]) => call.get_permissions(Owner::Dashboard(uid)),
        ("POST", ["uid", uid, "permissions"]) => call.set_permissions(Owner::Dashboard(uid)),
        (_, ["id", id, rest @ ..]) if !call.rules.resource_api => {
            let Some(uid) = by_id(call, id) else {
                return call.dashboard_absent("dashboards:read");
            };
            match (method, rest) {
                ("GET", ["versions"]) => call.list_versions(&uid),
                ("GET", ["versions", version]) => call.get_version(&uid, version),
                ("POST", ["restore"]) => call.restore_version(&uid),
                ("GET", ["permissions"]) => call.get_permissions(Owner::Dashboard(&uid)),
                ("POST", ["permissions"]) => call.set_permissions(Owner::Dashboard(&uid)),
                _ => Answer::no_such_path(),
            }
        }
        ("GET", ["home"]) | ("POST", ["import" | "calculate-diff" | "validate" | "trim"]) => {
            Answer::unknown(&call.request.path)
        }
        _ => Answer::no_such_path(),
    }
}

fn datasource_route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Answer {
    match (method, path) {
        ("GET", []) => call.list_datasources(),
        ("POST", []) => call.create_datasource(),
        ("GET", ["uid", uid]) => call.get_datasource(By::Uid(uid)),
        ("PUT", ["uid", uid]) => call.update_datasource(By::Uid(uid)),
        ("DELETE", ["uid", uid]) => call.delete_datasource(By::Uid(uid)),
        ("GET", ["uid", uid, "health"]) => call.datasource_health(uid),
        ("GET", ["name", name]) => call.get_datasource(By::Name(name)),
        ("DELETE", ["name", name]) => call.delete_datasource(By::Name(name)),
        ("GET", ["id", name]) => call.get_datasource_id(name),
        (_, ["uid", _, _, ..] | ["proxy", ..] | ["correlations"]) => Answer::unknown(&call.request.path),
        (_, [_]) if !call.rules.datasources.by_number => Answer::no_such_path(),
        ("GET", [id]) => call.get_datasource(By::Id(id)),
        ("PUT", [id]) => call.update_datasource(By::Id(id)),
        ("DELETE", [id]) => call.delete_datasource(By::Id(id)),
        _ => Answer::no_such_path(),
    }
}

fn account_route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Answer {
    match (method, path) {
        ("GET", ["search"]) => call.search_accounts(),
        ("POST", []) => call.create_account(),
        ("GET", [id]) => call.get_account(id),
        ("PATCH", [id]) => call.update_account(id),
        ("DELETE", [id]) => call.delete_account(id),
        ("GET", [id, "tokens"]) => call.list_tokens(id),
        ("POST", [id, "tokens"]) => call.create_token(id),
        ("DELETE", [id, "tokens", token]) => call.delete_token(id, token),
        _ => Answer::no_such_path(),
    }
}

fn resource_route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Answer {
    match path {
        [] => call.resource_groups(),
        [group] => call.resource_group(group),
        [group, version] => call.resource_list(group, version),
        [_, _, "namespaces", namespace, ..] if *namespace != "default" => {
            let told = "API key does not belong to the requested organization";
            call.rules.unauthorized("api-key.organization-mismatch", told)
        }
        [DASHBOARDS, version, "namespaces", _, "dashboards", name @ ..]
            if call.rules.dashboard_versions.contains(version) =>
        {
            match (method, name) {
                ("GET", []) => call.list_dashboard_resources(version),
                ("POST", []) => call.create_dashboard_resource(version),
                ("GET", [name]) => call.get_dashboard_resource(version, name),
                ("PUT", [name]) => call.put_dashboard_resource(version, name),
                ("PATCH", [name]) => call.patch_dashboard_resource(version, name),
                ("DELETE", [name]) => call.delete_dashboard_resource(name),
                _ => Answer::unknown(&call.request.path),
            }
        }
        [FOLDERS, version, "namespaces", _, "folders", name @ ..]
            if call.rules.folder_versions.contains(version) =>
        {
            match (method, name) {
                ("GET", []) => call.list_folder_resources(version),
                ("POST", []) => call.create_folder_resource(version),
                ("GET", [name]) => call.get_folder_resource(version, name),
                ("PUT", [name]) => call.put_folder_resource(version, name),
                ("PATCH", [name]) => call.patch_folder_resource(version, name),
                ("DELETE", [name]) => call.delete_folder_resource(version, name),
                _ => Answer::unknown(&call.request.path),
            }
        }
        [DASHBOARDS | FOLDERS, ..] => Answer::unknown(&call.request.path),
        _ => Answer::text(404, "404 page not found\n"),
    }
}
