//! Real dashboards: applied, then planned as empty, on every Grafana.
//!
//! Those of `fixtures/corpus` always; a whole collection too when AMGCTL_CORPUS names its directory, and on two Grafanas
//! when it is `shared/corpus/dashboards` beside the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use amgctl::sandbox::Version;
use serde_json::{Value, json};

use crate::support::{World, fact};

/// Files whose dashboards can stand side by side, under names that say where they came from.
type Group = BTreeMap<String, PathBuf>;

fn files_under(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_under(&path, found);
        } else if path.extension().is_some_and(|e| e == "json" || e == "yaml" || e == "yml") {
            found.push(path);
        }
    }
}

/// What must be unique in a group: uid and title, as the strictest server compares them.
fn names(path: &Path) -> [String; 2] {
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_default();
    let dashboard = [&document["dashboard"], &document["spec"], &document];
    let first = |key: &str| {
        let found = dashboard.iter().find_map(|d| d[key].as_str());
        found.unwrap_or_default().to_lowercase().replace(|c: char| !c.is_alphanumeric(), "")
    };
    let uid = if document["metadata"]["name"].is_string() {
        document["metadata"]["name"].to_string()
    } else {
        format!("\"{}\"", dashboard.iter().find_map(|d| d["uid"].as_str()).unwrap_or_default().to_lowercase())
    };
    // One without a uid gets it from its file's name, which is unique.
    [if uid == "\"\"" { path.display().to_string() } else { uid }, format!("title {}", first("title"))]
}

fn groups(directory: &Path) -> Vec<Group> {
    let mut files = Vec::new();
    files_under(directory, &mut files);
    let mut groups: Vec<(Group, BTreeSet<String>)> = Vec::new();
    for (n, path) in files.into_iter().enumerate() {
        let names = names(&path);
        let place = groups.iter().position(|(_, taken)| !names.iter().any(|name| taken.contains(name)));
        let place = place.unwrap_or_else(|| {
            groups.push(Default::default());
            groups.len() - 1
        });
        groups[place].1.extend(names);
        let name = format!("{n:03}-{}", path.file_name().unwrap().to_str().unwrap().replace(['%', '+', ' '], "_"));
        groups[place].0.insert(name, path);
    }
    groups.into_iter().map(|(group, _)| group).collect()
}

/// Writes a group as the stack's directory, with a data source for every plugin that an input asks for.
fn write(w: &World, group: &Group) {
    let mut constants = serde_json::Map::new();
    let mut plugins = BTreeSet::new();
    for (name, path) in group {
        let text = std::fs::read_to_string(path).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap_or_default();
        for input in document["__inputs"].as_array().into_iter().flatten() {
            match input["pluginId"].as_str() {
                Some(plugin) if input["type"] == "datasource" => drop(plugins.insert(plugin.to_owned())),
                _ if input["value"].as_str().is_none_or(str::is_empty) => {
                    constants.insert(input["name"].as_str().unwrap().to_owned(), "1".into());
                }
                _ => {}
            }
        }
        w.write(name, &text);
    }
    for plugin in plugins.iter().filter(|p| !matches!(p.as_str(), "__expr__" | "datasource")) {
        let mut datasource =
            json!({ "uid": plugin, "name": plugin, "type": plugin, "access": "proxy", "url": "http://x" });
        if plugin == "cloudwatch" {
            datasource["jsonData"] = json!({ "authType": "default", "defaultRegion": "eu-west-1" });
        }
        w.json(&format!("datasource-{plugin}.json"), &datasource);
    }
    let settings = json!({ "stack": "demo", "unknown_references": "warn", "inputs": constants });
    w.json("amgctl.yaml", &settings);
}

/// Takes out what is refused, as long as each is told with its reason; says how many there were.
fn without_refused(w: &World, group: &mut Group) -> usize {
    let before = group.len();
    loop {
        // Inputs are settled beside the workspace, so a plan tells more than a validation.
        let ran = w.amgctl("plan stack");
        if ran.code == 0 {
            return before - group.len();
        }
        // A plan that is made may still refuse an object, as one that names a folder that is nowhere.
        assert!(ran.code == 3 || ran.code == 4, "{ran}");
        let told: Vec<String> = group
            .keys()
            .filter(|name| {
                ran.err.split("\n\n").any(|problem| problem.contains(name.as_str()) && problem.contains("error["))
                    || ran.out.lines().any(|line| line.starts_with("  ! ") && line.contains(name.as_str()))
            })
            .cloned()
            .collect();
        assert!(!told.is_empty(), "no file is named\n{ran}");
        for name in told {
            group.remove(&name);
            w.remove(&name);
        }
    }
}

/// Claims that what loads of a collection is planned as empty once it was applied; how many files that is, and how many
/// are refused.
fn settles(directory: &Path, versions: impl Iterator<Item = Version>) -> (usize, usize) {
    let (mut loaded, mut refused) = (0, 0);
    for version in versions {
        let (mut here, mut not) = (0, 0);
        for mut group in groups(directory) {
            let world = World::new(version);
            if world.version == Version::V12_4Upgraded {
                // Saves nothing that shows a library panel it does not have (fact: `missing-library-panel`).
                group.retain(|_, path| !std::fs::read_to_string(path).unwrap().contains("\"libraryPanel\""));
            }
            write(&world, &group);
            not += without_refused(&world, &mut group);
            here += group.len();
            let ran = world.apply();
            assert!(ran.code == 0, "{ran}");
            let plan = world.plan();
            assert!(plan.code == 0 && plan.out.contains("No changes."), "{plan}");
            world.apply().exits(0).writes_nothing();
        }
        let collection = directory.file_name().unwrap_or_default().to_string_lossy();
        fact("corpus", &[&version.name(), &collection, &here, &not]);
        (loaded, refused) = (here, not);
    }
    (loaded, refused)
}

#[test]
fn every_dashboard_of_the_fixtures_is_planned_as_empty_once_it_was_applied() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
    let (loaded, refused) = settles(&directory, Version::all());
    // Refused are those in the v2 format, and one without a title.
    assert!(loaded >= 29 && refused <= 5, "{loaded} loaded, {refused} refused");
}

#[test]
fn every_dashboard_of_the_whole_collection_is_planned_as_empty_once_it_was_applied() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/dashboards");
    let directory = std::env::var_os("AMGCTL_CORPUS").map_or(beside, PathBuf::from);
    if !directory.is_dir() {
        return;
    }
    let all = std::env::var_os("AMGCTL_CORPUS").is_some();
    let versions = Version::all().filter(|v| all || matches!(v, Version::V9_4 | Version::V12_4));
    let (loaded, refused) = settles(&directory, versions);
    println!("{loaded} loaded, {refused} refused");
    assert!(loaded > 4 * refused, "{loaded} loaded, {refused} refused");
}
