//! Which folder of the workspace each folder of the directory stands for.
//!
//! A directory without a uid is bound by its path of titles: to the folder it was bound to before, else to the one
//! live folder of that path (borrowed: used as it is, never renamed, never deleted), else to a new one whose uid
//! follows from the path alone. What is then done with the folder is decided in [`super::decide`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::kinds;
use crate::model::server::TitleRule;
use crate::model::slug::slug;
use crate::model::{
    Address, DeclaredFolder, FolderPath, Ledger, Listed, Parent, Place, Problem, RecordState, Server,
};
use crate::uids::folder_uid;

/// A folder of the directory and the folder of the workspace that it stands for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// Its path in the directory; none for a folder declared by a document with a uid.
    pub path: Option<FolderPath>,
    /// The uid it is bound to.
    pub uid: String,
    /// How it came to be bound.
    pub how: Bound,
    /// The title that the directory declares.
    pub title: String,
    /// The uid of the folder above; none at the root.
    pub parent: Option<String>,
    /// Where the directory declares it.
    pub place: Place,
    /// Whether it survives its removal from the directory.
    pub protect: bool,
    /// Why it cannot be, if it cannot.
    pub refused: Option<Refusal>,
    /// What a reader should know.
    pub note: Option<String>,
}

/// How a folder came to be bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Bound {
    /// The directory names its uid: title and place are managed.
    Named,
    /// It is ours by the record, or is made by this plan: title and place are managed.
    Ours,
    /// It is somebody's: used as it is.
    Borrowed,
}

/// All bindings, parents first, and how to find the one of a path.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    /// In the order of the declarations.
    pub all: Vec<Binding>,
    by_path: BTreeMap<FolderPath, usize>,
}

impl Bindings {
    /// The binding of a path.
    #[must_use]
    pub fn of(&self, path: &FolderPath) -> Option<&Binding> {
        self.by_path.get(path).map(|i| &self.all[*i])
    }

    /// The binding of a uid.
    #[must_use]
    pub fn of_uid(&self, uid: &str) -> Option<&Binding> {
        self.all.iter().find(|b| b.uid == uid)
    }

    /// The uid of the folder that a parent stands for; none for the root.
    ///
    /// Errors are paths that the directory does not declare, which a loader never makes.
    #[must_use]
    pub fn uid_of(&self, parent: &Parent) -> Option<String> {
        match parent {
            Parent::None | Parent::Root => None,
            Parent::Uid(uid) => Some(uid.as_str().to_owned()),
            Parent::Path(path) => self.of(path).map(|b| b.uid.clone()),
        }
    }
}

/// Binds every folder of the directory. Problems are paths of which the workspace has several folders.
#[must_use]
pub fn bind(
    folders: &[DeclaredFolder],
    live: Option<&[Listed]>,
    record: &RecordState<Ledger<'_>>,
    server: &Server,
) -> (Bindings, Vec<Problem>) {
    let mut bindings = Bindings::default();
    let mut problems = Vec::new();
    let live = live.unwrap_or_default();
    let respelled = respelled(folders, live, record, server.titles);
    for folder in folders {
        let parent_uid = bindings.uid_of(&folder.parent);
        let above = match &folder.parent {
            Parent::Path(path) => bindings.of(path).and_then(|b| b.refused.clone()),
            Parent::None | Parent::Root | Parent::Uid(_) => None,
        };
        let (uid, how, note) = match choose(folder, parent_uid.as_deref(), live, record, &respelled) {
            Ok(chosen) => chosen,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let mut binding = Binding {
            path: folder.path.clone(),
            uid,
            how,
            title: folder.title.clone(),
            parent: parent_uid,
            place: folder.place.clone(),
            protect: folder.protect,
            refused: None,
            note,
        };
        binding.refused = above.or_else(|| refuse(&binding, folders, live, &bindings, server));
        if let Some(path) = &folder.path {
            bindings.by_path.insert(path.clone(), bindings.all.len());
        }
        bindings.all.push(binding);
    }
    (bindings, problems)
}

type Chosen = (String, Bound, Option<String>);

fn choose(
    folder: &DeclaredFolder,
    parent: Option<&str>,
    live: &[Listed],
    record: &RecordState<Ledger<'_>>,
    respelled: &BTreeMap<&FolderPath, &String>,
) -> Result<Chosen, Problem> {
    if let Some(uid) = &folder.uid {
        return Ok((uid.as_str().to_owned(), Bound::Named, None));
    }
    let Some(path) = &folder.path else {
        return Err(Problem::error("folder-without-uid", "a folder outside the directory tree needs a uid")
            .at(folder.place.clone()));
    };
    let is_ours = |uid: &str| is_ours(uid, record);
    let exists = |uid: &str| live.iter().any(|f| f.uid == uid);
    if let Some(ledger) = record.there()
        && let Some(uid) = ledger.bindings.get(path)
        && exists(uid)
    {
        let how = if is_ours(uid) { Bound::Ours } else { Bound::Borrowed };
        return Ok((uid.clone(), how, None));
    }
    let there: Vec<&Listed> = live
        .iter()
        .filter(|f| folder.has_title(f.title.trim()) && f.parent.as_deref() == parent && f.uid != "amgctl")
        .collect();
    match there.as_slice() {
        [one] => {
            let how = if is_ours(&one.uid) { Bound::Ours } else { Bound::Borrowed };
            return Ok((one.uid.clone(), how, None));
        }
        [] => {}
        several => {
            let uids: Vec<String> = several.iter().map(|f| format!("`{}`", f.uid)).collect();
            return Err(Problem::error(
                "ambiguous-folder",
                format!("the workspace has {} folders `{path}`", several.len()),
            )
            .at(folder.place.clone())
            .note(format!("their uids are {}", uids.join(", ")))
            .help("name the one that is meant: `uid: …` in a `_folder.yaml` in that directory"));
        }
    }
    if let Some(uid) = respelled.get(path) {
        let note = "only the spelling of its directory changed: the folder keeps its uid".to_owned();
        return Ok(((*uid).clone(), Bound::Ours, Some(note)));
    }
    let uid = folder_uid(path).as_str().to_owned();
    if let Some(there) = live.iter().find(|f| f.uid == uid)
        && !is_ours(&uid)
    {
        let note = format!("`{}` is the folder once made for this path; it is used as it is", there.title);
        return Ok((uid, Bound::Borrowed, Some(note)));
    }
    Ok((uid, Bound::Ours, None))
}

fn is_ours(uid: &str, record: &RecordState<Ledger<'_>>) -> bool {
    Address::live(kinds::CONTAINER, uid).is_some_and(|address| record.recorded(&address).is_some())
}

/// Directories of which only the spelling changed (letter case, or what this server leaves out of a slug), with the uid
/// of the folder that is theirs: it is renamed where it is. As a new folder it would have to wait for the old one to go,
/// which waits for what is in it to come over.
fn respelled<'a>(
    folders: &'a [DeclaredFolder],
    live: &[Listed],
    record: &RecordState<Ledger<'a>>,
    titles: TitleRule,
) -> BTreeMap<&'a FolderPath, &'a String> {
    let Some(Ledger { bindings, .. }) = record.there() else { return BTreeMap::new() };
    let spelled = |path: &FolderPath| -> Vec<String> {
        let one = |title: &String| if titles == TitleRule::Slug { slug(title) } else { title.to_lowercase() };
        path.titles().iter().map(one).collect()
    };
    let declared: Vec<&FolderPath> = folders.iter().filter_map(|f| f.path.as_ref()).collect();
    let mut candidates: BTreeMap<Vec<String>, (Vec<&FolderPath>, Vec<&String>)> = BTreeMap::new();
    for folder in folders.iter().filter(|f| f.uid.is_none()) {
        if let Some(path) = folder.path.as_ref().filter(|path| !bindings.contains_key(path)) {
            candidates.entry(spelled(path)).or_default().0.push(path);
        }
    }
    for (path, uid) in bindings.iter().filter(|(path, _)| !declared.contains(path)) {
        if live.iter().any(|f| f.uid == *uid) && is_ours(uid, record) {
            candidates.entry(spelled(path)).or_default().1.push(uid);
        }
    }
    let one_each = candidates.into_values().filter_map(|(new, old)| match (new.as_slice(), old.as_slice()) {
        ([path], [uid]) => Some((*path, *uid)),
        _ => None,
    });
    one_each.collect()
}

fn refuse(
    binding: &Binding,
    folders: &[DeclaredFolder],
    live: &[Listed],
    bindings: &Bindings,
    server: &Server,
) -> Option<Refusal> {
    if binding.how == Bound::Borrowed {
        return None;
    }
    let parent = binding.parent.as_deref();
    if parent.is_some() && !server.nested_folders {
        let flat = binding.path.as_ref().map_or_else(|| binding.title.clone(), |p| p.titles().join(" - "));
        return Some(Refusal {
            code: "no-subfolders".into(),
            reason: format!("Grafana {} has no folders within folders", server.version),
            hint: format!("move what is in it to a directory at the top, as `{flat}`"),
        });
    }
    let depth = 1 + depth_of(parent, live, bindings);
    if let Some(most) = kinds::by_name(kinds::CONTAINER).facts().holds.filter(|most| depth > *most) {
        return Some(Refusal {
            code: "too-deep".into(),
            reason: format!("it would be {depth} folders deep, and Grafana takes {most}"),
            hint: "move its directory up".into(),
        });
    }
    // Grafana 12 makes such a folder, and refuses the title on every later change (fact: `folder-titles`).
    let general = match live.iter().find(|f| f.uid == binding.uid) {
        Some(there) => binding.how == Bound::Borrowed || there.title == binding.title,
        None => server.makes_general,
    };
    if binding.title.eq_ignore_ascii_case("general") && !general {
        return Some(Refusal {
            code: "reserved-title".into(),
            reason: "this Grafana keeps the folder title `General` for the root".into(),
            hint: "give the folder another `title:` in its `_folder.yaml`; without that file, a directory `General` at \
                   the top stands for the root"
                .into(),
        });
    }
    if parent.is_none() && binding.title == "amgctl" && binding.how != Bound::Named {
        return Some(Refusal {
            code: "reserved-title".into(),
            reason: "the folder `amgctl` holds the registry".into(),
            hint: "give the directory another name".into(),
        });
    }
    // Where titles are free, only making a second folder of one title is a mistake; one that is there is meant. Where
    // they are not, [`super::clashes`] knows who gives his title up.
    let is_there = live.iter().any(|f| f.uid == binding.uid);
    if server.titles != TitleRule::Free || binding.how != Bound::Named || is_there {
        return None;
    }
    let keeps_its_title = |uid: &str| {
        !folders.iter().any(|d| d.uid.as_ref().is_some_and(|u| u.as_str() == uid) && d.title != binding.title)
    };
    let clash = live.iter().find(|f| {
        f.uid != binding.uid
            && f.title.trim() == binding.title
            && f.parent.as_deref() == parent
            && keeps_its_title(&f.uid)
    });
    clash.map(|f| Refusal {
        code: "folder-title-taken".into(),
        reason: format!("the folder `{}` (uid `{}`) has that title there already", f.title, f.uid),
        hint: match binding.path {
            Some(_) => {
                format!("write `uid: {}` in its `_folder.yaml` to use that one, or choose another title", f.uid)
            }
            None => format!("give it the uid `{}` to use that one, or choose another title", f.uid),
        },
    })
}

/// How many folders deep a folder is; servers do not agree on refusing too many (fact: `folder-depth`).
fn depth_of(uid: Option<&str>, live: &[Listed], bindings: &Bindings) -> usize {
    let mut depth = 0;
    let mut at = uid.map(str::to_owned);
    // Bounded: a server may hold a ring of folders.
    while let Some(uid) = at.filter(|_| depth < 32) {
        depth += 1;
        at = match (bindings.of_uid(&uid).filter(|b| b.how != Bound::Borrowed), live.iter().find(|f| f.uid == uid))
        {
            (Some(binding), _) => binding.parent.clone(),
            (None, Some(folder)) => folder.parent.clone(),
            (None, None) => None,
        };
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FolderPath {
        FolderPath::new(text.split('/').map(str::to_owned).collect()).unwrap()
    }

    fn directory(text: &str) -> DeclaredFolder {
        let path = path(text);
        DeclaredFolder {
            uid: None,
            title: path.title().to_owned(),
            parent: path.parent().map_or(Parent::Root, Parent::Path),
            path: Some(path),
            place: Place::file(text),
            protect: false,
            by_title: false,
        }
    }

    fn live(uid: &str, title: &str, parent: Option<&str>) -> Listed {
        Listed { uid: uid.into(), title: title.into(), parent: parent.map(str::to_owned), ..Listed::default() }
    }

    #[test]
    fn one_live_folder_of_the_path_is_borrowed() {
        let folders = [directory("Infra"), directory("Infra/Linux")];
        let there = [live("a", "Infra", None), live("b", "Linux", Some("a")), live("c", "Linux", None)];
        let (bound, problems) = bind(&folders, Some(&there), &RecordState::Absent, &Server::latest());
        assert!(problems.is_empty());
        assert_eq!(bound.all[1].uid, "b");
        assert_eq!(bound.all[1].how, Bound::Borrowed);
    }

    #[test]
    fn a_folder_that_a_manifest_names_is_found_whatever_its_case() {
        let there = [live("a", "INFRA", None)];
        let uid = |folder: DeclaredFolder| {
            bind(&[folder], Some(&there), &RecordState::Absent, &Server::latest()).0.all[0].uid.clone()
        };
        assert_eq!(uid(DeclaredFolder { by_title: true, ..directory("Infra") }), "a");
        assert_ne!(uid(directory("Infra")), "a");
    }

    #[test]
    fn two_live_folders_of_the_path_are_an_error_with_their_uids() {
        let there = [live("a", "Infra", None), live("b", "Infra", None)];
        let (_, problems) = bind(&[directory("Infra")], Some(&there), &RecordState::Absent, &Server::latest());
        assert!(problems[0].notes[0].contains("`a`, `b`"));
    }

    #[test]
    fn a_remembered_folder_stays_bound_whatever_its_title() {
        let objects = BTreeMap::new();
        let bindings = BTreeMap::from([(path("Infra"), "a".to_owned())]);
        let known = RecordState::There(Ledger { serial: 1, run: "r", objects: &objects, bindings: &bindings });
        let there = [live("a", "Renamed", None), live("b", "Infra", None)];
        let (bound, _) = bind(&[directory("Infra")], Some(&there), &known, &Server::latest());
        assert_eq!((bound.all[0].uid.as_str(), bound.all[0].how), ("a", Bound::Borrowed));
    }

    #[test]
    fn a_directory_that_only_changed_its_spelling_keeps_its_folder_and_all_below_it() {
        use crate::model::{Digest, Identity, Owned, Recorded};
        let of_ours = |uid: &str| {
            let recorded = Recorded {
                digest: Some(Digest::of_bytes(b"")),
                revision: 1,
                identity: Some(Identity::default()),
                parent: None,
                title: String::new(),
                secrets: BTreeMap::new(),
                elsewhere: BTreeMap::new(),
                source: String::new(),
                content: None,
                protect: false,
                how: Owned::Created,
                pending: None,
            };
            (Address::live(kinds::CONTAINER, uid).unwrap(), recorded)
        };
        let objects = BTreeMap::from([of_ours("a"), of_ours("b")]);
        let bindings = BTreeMap::from([(path("Infra"), "a".to_owned()), (path("Infra/Linux"), "b".to_owned())]);
        let known = RecordState::There(Ledger { serial: 1, run: "r", objects: &objects, bindings: &bindings });
        let there = [live("a", "Infra", None), live("b", "Linux", Some("a"))];
        let uids = |folders: &[DeclaredFolder], server: &Server| -> Vec<String> {
            bind(folders, Some(&there), &known, server).0.all.into_iter().map(|b| b.uid).collect()
        };
        assert_eq!(uids(&[directory("infra"), directory("infra/Linux")], &Server::latest()), ["a", "b"]);
        let slugs = Server { titles: TitleRule::Slug, ..Server::latest() };
        assert_eq!(uids(&[directory("infra!")], &slugs), ["a"]);
        assert_ne!(uids(&[directory("infra!")], &Server::latest()), ["a"]);
        // The old directory is still there, or two could be the new one: nothing is guessed.
        assert_ne!(uids(&[directory("Infra"), directory("infra")], &Server::latest())[1], "a");
        assert!(!uids(&[directory("infra"), directory("INFRA")], &Server::latest()).contains(&"a".to_owned()));
    }

    #[test]
    fn sub_folders_are_refused_where_the_server_has_none() {
        let server = Server { nested_folders: false, version: "9.4.7".into(), ..Server::latest() };
        let folders = [directory("Infra"), directory("Infra/Linux")];
        let (bound, _) = bind(&folders, Some(&[]), &RecordState::Absent, &server);
        assert!(bound.all[0].refused.is_none());
        assert!(bound.all[1].refused.as_ref().unwrap().hint.contains("Infra - Linux"));
    }

    #[test]
    fn the_uid_of_a_new_folder_follows_from_the_path_alone() {
        let (a, _) = bind(&[directory("Infra")], Some(&[]), &RecordState::Absent, &Server::latest());
        let (b, _) = bind(&[directory("Infra")], None, &RecordState::Off, &Server::latest());
        assert_eq!(a.all[0].uid, b.all[0].uid);
        assert_eq!(a.all[0].how, Bound::Ours);
    }
}
