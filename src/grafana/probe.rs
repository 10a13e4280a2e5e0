//! Which server this is: probed, not guessed. Reads only.
//!
//! What `/apis` holds is asked of `/apis` (401 ≠ 404 ≠ 200). AMG serves no `/api/health`; the settings of the front end
//! say version, toggles and the shortest refresh, in one answer of hundreds of kilobytes.

use serde_json::{Value, json};

use super::access::Access;
use super::{ApiError, Client};
use crate::model::digest::Numbers;
use crate::model::server::{Refresh, Resources, TitleRule};
use crate::model::{Request, Response, Server};

/// Why a workspace could not be made out.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No usable answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The token may not even ask, or something before the workspace turned it away; the words.
    #[error("the workspace refused this token: {0}")]
    Forbidden(String),
    /// Something before the workspace turned the caller away (403 without an answer of Grafana's); the words.
    #[error("something before the workspace refused this machine: {0}")]
    TurnedAway(String),
    /// Something else is at that address.
    #[error("this does not look like the address of a Grafana: {0}")]
    NotGrafana(String),
}

/// Finds out which rules the server keeps and what the token may do: two reads, then one or two more.
pub async fn probe(client: &Client) -> Result<(Server, Access), ProbeError> {
    // First and alone: a refused token costs one request.
    let permissions = ask(client, "/api/access-control/user/permissions").await?;
    if permissions.status == 403 && permissions.json().is_null() {
        return Err(ProbeError::TurnedAway(format!("403 {}", permissions.message())));
    }
    let access = if permissions.status == 200 { Access::of(&permissions.json()) } else { Access::default() };
    let dashboards = ask(client, "/apis/dashboard.grafana.app").await;
    let dashboards = versions(&dashboards?);
    let mut folders = Vec::new();
    if !dashboards.is_empty() {
        let (groups, health) = tokio::join!(ask(client, "/apis/folder.grafana.app"), ask(client, "/api/health"));
        folders = versions(&groups?);
        let health = health?.json();
        let version = health.get("version").and_then(Value::as_str).unwrap_or_default();
        if !version.is_empty() && resources(&dashboards, &folders, &Value::Null).is_some() {
            // The settings of the front end are large; what they say besides is assumed until it matters.
            let settings = json!({ "buildInfo": { "version": version } });
            return Ok((server(&settings, &dashboards, &folders), access));
        }
    }
    let settings = settings(client).await?;
    Ok((Server { minimum_refresh_is_read: true, ..server(&settings, &dashboards, &folders) }, access))
}

/// Reads the shortest refresh that the server allows, where it was only assumed so far.
pub async fn minimum_refresh(client: &Client, server: &mut Server) -> Result<(), ProbeError> {
    server.minimum_refresh = refresh(&settings(client).await?);
    server.minimum_refresh_is_read = true;
    Ok(())
}

async fn settings(client: &Client) -> Result<Value, ProbeError> {
    let answer = ask(client, "/api/frontend/settings").await?;
    match answer.status {
        200 => Ok(answer.json()),
        403 => Err(ProbeError::Forbidden(answer.message())),
        status => Err(ProbeError::NotGrafana(format!("`/api/frontend/settings` answers {status}"))),
    }
}

async fn ask(client: &Client, path: &str) -> Result<Response, ApiError> {
    client.send(&Request::get(path)).await
}

fn versions(answer: &Response) -> Vec<String> {
    let json = answer.json();
    let versions = json.get("versions").and_then(Value::as_array).into_iter().flatten();
    versions.filter_map(|v| v.get("version")?.as_str().map(str::to_owned)).collect()
}

/// The rules that follow from the probes' answers.
fn server(settings: &Value, dashboards: &[String], folders: &[String]) -> Server {
    let version = settings.pointer("/buildInfo/version").and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |part: usize| version.split('.').nth(part).and_then(|n| n.parse::<u32>().ok());
    let (major, minor) = (number(0).unwrap_or(0), number(1).unwrap_or(0));
    let resources = resources(dashboards, folders, settings);
    let toggle = settings.pointer("/featureToggles/nestedFolders") == Some(&Value::Bool(true));
    Server {
        // On 9.x the toggle exists and does nothing outside development (fact: `nested-folders-toggle`).
        nested_folders: resources.is_some() || (toggle && major >= 10) || major >= 12,
        managed: false,
        makes_general: resources.is_some() && major == 12,
        titles: match (major, minor) {
            (0, _) if resources.is_some() => TitleRule::Free,
            (0..=9, _) => TitleRule::Slug,
            (10, 0..=3) => TitleRule::Exact,
            (10, _) | (11, 0..=2) => TitleRule::ExactInFolder,
            _ => TitleRule::Free,
        },
        numbers: if resources.is_some() { Numbers::Float } else { Numbers::Exact },
        keeps_auto_refresh: resources.is_some() || (major, minor) >= (10, 4),
        refuses_short_refresh: major >= 13,
        minimum_refresh: refresh(settings),
        minimum_refresh_is_read: false,
        resources,
        version,
    }
}

fn refresh(settings: &Value) -> Refresh {
    let text = settings.get("minRefreshInterval").and_then(Value::as_str).unwrap_or("5s").to_owned();
    Refresh { millis: Refresh::millis_of(&text).unwrap_or(5000), text }
}

/// How objects are reached through `/apis`, if they are: the lossless version, by name, because the preferred one
/// migrates what it reads (fact: `v1beta1-migrates`).
fn resources(dashboards: &[String], folders: &[String], settings: &Value) -> Option<Resources> {
    let folders = ["v1", "v1beta1"].iter().find(|v| folders.iter().any(|f| f == *v))?;
    dashboards.iter().any(|v| v == "v0alpha1").then(|| Resources {
        namespace: settings.get("namespace").and_then(Value::as_str).unwrap_or("default").to_owned(),
        dashboards: "v0alpha1".into(),
        folders: (*folders).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: &str, toggle: bool, dashboards: &[&str]) -> Server {
        let settings = json!({
            "buildInfo": { "version": version }, "featureToggles": { "nestedFolders": toggle }, "minRefreshInterval": "5s",
        });
        let dashboards: Vec<String> = dashboards.iter().map(|v| (*v).to_owned()).collect();
        let folders = if dashboards.is_empty() { vec![] } else { vec!["v1beta1".to_owned()] };
        server(&settings, &dashboards, &folders)
    }

    #[test]
    fn rules_follow_from_what_was_probed() {
        assert_eq!(of("12.4.0", false, &["v1beta1", "v0alpha1"]), Server::latest());
        let old = of("9.4.7", true, &[]);
        assert!(!old.nested_folders);
        assert_eq!((old.titles, old.numbers), (TitleRule::Slug, Numbers::Exact));
        assert!(!of("10.1.2", false, &[]).nested_folders);
        assert!(of("10.1.2", true, &[]).nested_folders);
        assert_eq!(of("10.1.2", true, &[]).titles, TitleRule::Exact);
        assert!(!of("10.1.2", true, &[]).keeps_auto_refresh);
        let recorded = of("10.4.3", true, &[]);
        assert_eq!((recorded.titles, recorded.keeps_auto_refresh), (TitleRule::ExactInFolder, true));
        assert_eq!(recorded.numbers, Numbers::Exact);
        assert_eq!(of("11.2.9", true, &[]).titles, TitleRule::ExactInFolder);
        assert_eq!(of("11.3.0", true, &[]).titles, TitleRule::Free);
    }
}
