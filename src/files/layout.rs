//! Where the objects of a workspace stand as files: folders as directories, names from titles (pure).

use std::collections::{BTreeMap, BTreeSet};

use amgctl_core::uids;

use super::names::{Named, Spelling, assign};
use crate::model::FolderPath;

/// What stands at the root of a directory or means something there, whatever the titles are: settings, the directory of
/// the data sources, and the names that stand for the root.
const AT_THE_ROOT: [&str; 7] =
    ["amgctl.yaml", "amgctl.yml", "amgctl.json", "amgctl.lock", "datasources", "dashboards", "General"];

/// What means something in every directory.
const EVERYWHERE: [&str; 3] = ["_folder.yaml", "kustomization.yaml", "node_modules"];

/// A folder of a workspace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folder {
    /// Its uid.
    pub uid: String,
    /// Its title.
    pub title: String,
    /// The uid of the folder that it is in; none at the root.
    pub parent: Option<String>,
}

/// The directory of a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directory {
    /// Its path, with `/` between its parts.
    pub path: String,
    /// Whether the folder's title is the directory's name.
    pub has_title: bool,
    /// Whether the folder's uid is the one that its titles make.
    pub has_uid: bool,
}

/// The directories of folders, by uid. A folder whose way to the root cannot be followed has none.
#[must_use]
pub fn directories(folders: &[Folder]) -> BTreeMap<String, Directory> {
    let mut children: BTreeMap<Option<&str>, Vec<&Folder>> = BTreeMap::new();
    for folder in folders {
        children.entry(folder.parent.as_deref()).or_default().push(folder);
    }
    let mut all = BTreeMap::new();
    let mut next: Vec<(Option<&str>, String, Vec<String>)> = vec![(None, String::new(), Vec::new())];
    // Each folder is below one other, so whoever is reached from the root is reached once.
    while let Some((above, path, titles)) = next.pop() {
        let here = children.remove(&above).unwrap_or_default();
        let named: Vec<Named<'_>> = here
            .iter()
            .map(|folder| Named {
                title: &folder.title,
                uid: &folder.uid,
                spelling: Spelling::AsWritten,
                ending: "",
                otherwise: "folder",
            })
            .collect();
        for (folder, name) in here.iter().zip(assign(&named, &taken(above.is_none()))) {
            let titles: Vec<String> = titles.iter().cloned().chain([folder.title.trim().to_owned()]).collect();
            let made = FolderPath::new(titles.clone()).map(|path| uids::folder_uid(&path));
            let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            let directory = Directory {
                path: path.clone(),
                has_title: uids::composed(folder.title.trim()) == name,
                has_uid: made.is_some_and(|made| made.as_str() == folder.uid),
            };
            all.insert(folder.uid.clone(), directory);
            next.push((Some(&folder.uid), path, titles));
        }
    }
    all
}

fn taken(is_root: bool) -> Vec<&'static str> {
    let root: &[&str] = if is_root { &AT_THE_ROOT } else { &[] };
    root.iter().chain(&EVERYWHERE).copied().collect()
}

/// An object that becomes a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// Its uid.
    pub uid: String,
    /// Its title or name.
    pub title: String,
    /// The directory that it stands in; empty for the root.
    pub directory: String,
    /// The end of its name, as `.json`.
    pub ending: &'static str,
    /// The name where nothing is left of the title: its kind.
    pub otherwise: &'static str,
}

/// The paths of files, in the order in which the objects were given. `directories` stand beside them.
#[must_use]
pub fn paths(objects: &[Object], directories: &BTreeMap<String, Directory>) -> Vec<String> {
    let mut beside: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for directory in directories.values() {
        let (above, name) = directory.path.rsplit_once('/').unwrap_or(("", &directory.path));
        beside.entry(above).or_default().insert(name);
    }
    let mut together: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, object) in objects.iter().enumerate() {
        together.entry(&object.directory).or_default().push(i);
    }
    let mut paths = vec![String::new(); objects.len()];
    for (directory, members) in together {
        let named: Vec<Named<'_>> = members
            .iter()
            .map(|&i| {
                let Object { uid, title, ending, otherwise, .. } = &objects[i];
                Named { title, uid, spelling: Spelling::Slug, ending, otherwise }
            })
            .collect();
        let mut taken = taken(directory.is_empty());
        taken.extend(beside.get(directory).into_iter().flatten());
        for (&i, name) in members.iter().zip(assign(&named, &taken)) {
            paths[i] = if directory.is_empty() { name } else { format!("{directory}/{name}") };
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(uid: &str, title: &str, parent: Option<&str>) -> Folder {
        Folder { uid: uid.into(), title: title.into(), parent: parent.map(str::to_owned) }
    }

    #[test]
    fn folders_are_directories_and_say_what_does_not_follow_from_them() {
        let made = uids::folder_uid(&FolderPath::new(vec!["Infra".into()]).unwrap());
        let all = directories(&[
            folder("a", "Infra", None),
            folder(made.as_str(), "Infra", Some("b")),
            folder("b", "CON", None),
            folder("c", "infra", None),
            folder("g", "General", None),
            folder("x", "Lost", Some("nowhere")),
            folder("r", "Round", Some("s")),
            folder("s", "Round", Some("r")),
        ]);
        let of = |uid: &str| all.get(uid).map(|one| (one.path.as_str(), one.has_title, one.has_uid));
        assert_eq!(of("a"), Some(("Infra-a", false, false)));
        assert_eq!(of("b"), Some(("_CON", false, false)));
        assert_eq!(of("c"), Some(("infra-c", false, false)));
        assert_eq!(of("g"), Some(("General-g", false, false)));
        assert_eq!(of(made.as_str()), Some(("_CON/Infra", true, false)), "its titles are CON and Infra");
        assert_eq!((of("x"), of("r"), of("s")), (None, None, None));
        let alone = directories(&[folder(made.as_str(), "Infra", None)]);
        assert_eq!(alone[made.as_str()], Directory { path: "Infra".into(), has_title: true, has_uid: true });
    }

    #[test]
    fn files_stand_beside_directories_under_names_of_their_own() {
        let all = directories(&[folder("a", "cpu.json", None)]);
        let object = |uid: &str, title: &str, directory: &str| Object {
            uid: uid.into(),
            title: title.into(),
            directory: directory.into(),
            ending: ".json",
            otherwise: "dashboard",
        };
        let objects = [
            object("c", "CPU", ""),
            object("d", "CPU", "cpu.json"),
            object("e", "cpu!", "cpu.json"),
            object("f", "amgctl", ""),
        ];
        assert_eq!(
            paths(&objects, &all),
            ["cpu-c.json", "cpu.json/cpu-d.json", "cpu.json/cpu-e.json", "amgctl-f.json"]
        );
    }
}
