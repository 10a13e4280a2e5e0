//! Titles that some servers do not tell apart: up to 9.5 by their slugs, up to 11.2 by themselves (fact:
//! `titles-clash`).

use std::collections::BTreeMap;

use super::Declarations;
use crate::kinds::dashboard::Dashboard;
use crate::model::server::TitleRule;
use crate::model::slug::slug;
use crate::model::{Declared, DeclaredFolder, Parent, Problem, Severity, Spot};

/// Finds titles that a server with this rule refuses: two in one folder, or a dashboard with a folder's title.
#[must_use]
pub fn title_clashes(declarations: &Declarations, rule: TitleRule) -> Vec<Problem> {
    let mut problems = within_folders(declarations, rule);
    problems.extend(with_folders(declarations, rule));
    problems
}

/// What is worth a warning beside it before any server is known: dashboards with the title of a folder.
#[must_use]
pub fn folder_title_clashes(declarations: &Declarations) -> Vec<Problem> {
    with_folders(declarations, TitleRule::Exact)
        .into_iter()
        .map(|problem| Problem { severity: Severity::Warning, ..problem })
        .collect()
}

/// What is worth a warning before any server is known: equal titles in one folder.
pub(crate) fn offline(declarations: &Declarations) -> Vec<Problem> {
    within_folders(declarations, TitleRule::Exact)
        .into_iter()
        .map(|problem| Problem { severity: Severity::Warning, ..problem.note("Grafana up to 11.2 refuses that") })
        .collect()
}

fn within_folders(declarations: &Declarations, rule: TitleRule) -> Vec<Problem> {
    let mut groups: BTreeMap<(String, String), Vec<&Declared>> = BTreeMap::new();
    for declared in dashboards(declarations) {
        if let Some(key) = key(&declared.headline.title, rule) {
            groups.entry((place_in_tree(declarations, &declared.parent), key)).or_default().push(declared);
        }
    }
    let mut problems = Vec::new();
    for mut several in groups.into_values().filter(|several| several.len() > 1) {
        several.sort_by(|a, b| a.place.cmp(&b.place));
        let title = &several[0].headline.title;
        let message = match several.iter().find(|other| other.headline.title != *title) {
            Some(other) => format!(
                "the titles `{title}` and `{}` are the same to {}, and stand in one folder",
                other.headline.title,
                server(rule)
            ),
            None => format!("{} dashboards in one folder have the title `{title}`", several.len()),
        };
        let mut problem = Problem::error("duplicate-title", message);
        for (i, declared) in several.iter().enumerate() {
            let mut spot = declarations.locate(declared, "/title");
            spot.label = if i == 0 { "first here".into() } else { "and again here".into() };
            problem = problem.spot(spot);
        }
        problems.push(problem.help("give one of them another title, or another folder"));
    }
    problems
}

// Up to 10.3 folders match whatever folder the dashboard is in, since then in its own folder; without nested folders two
// folders of one title match, too.
fn with_folders(declarations: &Declarations, rule: TitleRule) -> Vec<Problem> {
    let place = |parent: &Parent| match rule {
        TitleRule::ExactInFolder => place_in_tree(declarations, parent),
        TitleRule::Free | TitleRule::Exact | TitleRule::Slug => String::new(),
    };
    let mut folders: BTreeMap<(String, String), &DeclaredFolder> = BTreeMap::new();
    let mut problems = Vec::new();
    for folder in &declarations.folders {
        let Some(key) = key(&folder.title, rule).map(|key| (place(&folder.parent), key)) else { continue };
        match folders.get(&key) {
            None => {
                folders.insert(key, folder);
            }
            Some(first) if rule == TitleRule::Slug => problems.push(
                Problem::error(
                    "duplicate-title",
                    format!("two folders have the title `{}` to {}", folder.title, server(rule)),
                )
                .spot(Spot { label: "first here".into(), ..Spot::bare(first.place.clone()) })
                .spot(Spot { label: "and again here".into(), ..Spot::bare(folder.place.clone()) })
                .help("give one of them another title"),
            ),
            Some(_) => {}
        }
    }
    for declared in dashboards(declarations) {
        let title = &declared.headline.title;
        let key = key(title, rule).map(|key| (place(&declared.parent), key));
        if let Some(folder) = key.and_then(|key| folders.get(&key)) {
            problems.push(
                Problem::error(
                    "duplicate-title",
                    format!("{} refuses a dashboard with the title of a folder, `{title}`", server(rule)),
                )
                .spot(declarations.locate(declared, "/title"))
                .spot(Spot { label: "the folder".into(), ..Spot::bare(folder.place.clone()) })
                .help("give one of them another title"),
            );
        }
    }
    problems
}

// The servers that compare titles so: no one of them is known here.
fn server(rule: TitleRule) -> &'static str {
    match rule {
        TitleRule::Slug => "Grafana up to 9.5",
        TitleRule::Exact => "Grafana up to 10.3",
        TitleRule::ExactInFolder | TitleRule::Free => "Grafana up to 11.2",
    }
}

fn dashboards(declarations: &Declarations) -> impl Iterator<Item = &Declared> {
    declarations.objects.iter().filter(|declared| declared.address.kind == Dashboard::NAME)
}

// A folder that is named by its path and one that is named by its uid may be the same.
fn place_in_tree(declarations: &Declarations, parent: &Parent) -> String {
    match parent {
        Parent::None | Parent::Root => String::new(),
        Parent::Uid(uid) => format!("uid {uid}"),
        Parent::Path(path) => {
            let folder = declarations.folders.iter().find(|folder| folder.path.as_ref() == Some(path));
            match folder.and_then(|folder| folder.uid.as_ref()) {
                Some(uid) => format!("uid {uid}"),
                None => format!("path {}", path.titles().join("\0")),
            }
        }
    }
}

fn key(title: &str, rule: TitleRule) -> Option<String> {
    match rule {
        TitleRule::Free => None,
        TitleRule::Exact | TitleRule::ExactInFolder => Some(title.to_owned()),
        TitleRule::Slug => Some(slug(title)),
    }
}
