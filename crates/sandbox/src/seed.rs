//! Fills the workspace with somebody else's dashboards, from a directory of JSON files whose sub-directories are
//! folders by title.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::access::{Role, Who};
use super::call::Call;
use super::json::Json;
use super::request::Request;
use super::rules::Rules;
use super::state::State;

/// The user the seeded objects belong to.
const SOMEBODY: Who = Who { account: 1, role: Role::Admin, service: false };

/// Loads a directory; what has a uid that is there already is left as it is.
pub(crate) fn load(rules: &Rules, state: &mut State, directory: &Path) -> Result<()> {
    load_into(rules, state, directory, "", "")
}

fn load_into(rules: &Rules, state: &mut State, directory: &Path, folder: &str, titles: &str) -> Result<()> {
    let entries = std::fs::read_dir(directory).with_context(|| format!("cannot read `{}`", directory.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            let flat = rules.nesting == super::rules::Nesting::Flat;
            let title = if flat && !titles.is_empty() { format!("{titles} / {name}") } else { name };
            let parent = if flat { "" } else { folder };
            let below = make_folder(rules, state, &title, parent)
                .with_context(|| format!("cannot seed from `{}`", path.display()))?;
            load_into(rules, state, &path, &below, &title)?;
        } else if path.extension().is_some_and(|e| e == "json") {
            make_dashboard(rules, state, &path, folder)
                .with_context(|| format!("cannot seed from `{}`", path.display()))?;
        }
    }
    Ok(())
}

fn make_folder(rules: &Rules, state: &mut State, title: &str, parent: &str) -> Result<String> {
    let known = state.folders.values().find(|f| f.title == title && f.parent == parent);
    if let Some(folder) = known {
        return Ok(folder.uid.clone());
    }
    let body = Json::object([("title", title.into()), ("parentUid", parent.into())]);
    let made = send(rules, state, "/api/folders", &body, |call| call.create_folder())?;
    Ok(made.text("uid").to_owned())
}

fn make_dashboard(rules: &Rules, state: &mut State, path: &Path, folder: &str) -> Result<()> {
    let text = std::fs::read(path)?;
    let Ok(document) = Json::parse(&text) else { bail!("it is not JSON") };
    let mut dashboard = document.get("dashboard").cloned().unwrap_or(document);
    if dashboard.text("title").is_empty() {
        return Ok(());
    }
    if let Json::Object(members) = &mut dashboard {
        members.remove("id");
    }
    if state.dashboards.contains_key(dashboard.text("uid")) {
        return Ok(());
    }
    let body = Json::object([("dashboard", dashboard), ("folderUid", folder.into()), ("overwrite", false.into())]);
    send(rules, state, "/api/dashboards/db", &body, |call| call.save_dashboard()).map(drop)
}

fn send(
    rules: &Rules,
    state: &mut State,
    path: &str,
    body: &Json,
    with: fn(&mut Call<'_>) -> super::answer::Answer,
) -> Result<Json> {
    let mut request = Request::at("POST", path, "").with_body(body.to_text().as_bytes());
    request.content_type = "application/json".to_owned();
    let answer = with(&mut Call { rules, state, who: SOMEBODY, request: &request });
    let told = Json::parse(answer.body.as_bytes()).unwrap_or(Json::Null);
    if answer.status != 200 {
        bail!("the workspace refuses it: {}", told.text("message"));
    }
    Ok(told)
}
