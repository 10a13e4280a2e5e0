//! What of a workspace is imported.

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::{Exit, Failure};
use crate::files::layout::Folder;
use crate::kinds;
use crate::model::{Address, KindName, Listed};

/// What is imported.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Chosen {
    /// By address, the folders that hold them among them.
    pub objects: BTreeSet<Address>,
}

/// What is not imported, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    /// Its address, or what it is.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Chosen {
    /// Leaves out what there is a reason for.
    pub fn keep(&mut self, why: impl Fn(&Address) -> Option<String>, skipped: &mut Vec<Skipped>) {
        self.objects.retain(|address| match why(address) {
            Some(why) => {
                skipped.push(Skipped { what: address.to_string(), why });
                false
            }
            None => true,
        });
    }
}

/// Chooses: everything, what is below folders, single objects; and the folders that those are in.
pub fn choose(
    all: bool,
    named_folders: &[String],
    addresses: &[Address],
    folders: &BTreeMap<String, Folder>,
    listed: &[(KindName, Listed)],
    skipped: &mut Vec<Skipped>,
) -> Result<Chosen, Failure> {
    let below = below(named_folders, folders)?;
    let mut chosen = Chosen::default();
    for (kind, one) in listed {
        let Some(address) = Address::live(*kind, &one.uid) else {
            if all {
                let what = format!("{} `{}`", kinds::by_name(*kind).facts().singular, one.uid.escape_debug());
                skipped.push(Skipped { what, why: "its uid is one that amgctl does not take".into() });
            }
            continue;
        };
        if address.key.is_reserved() {
            continue;
        }
        let parent = one.parent.as_deref();
        let is_below = parent.is_some_and(|parent| below.contains(parent));
        if !(all || is_below || addresses.contains(&address)) {
            continue;
        }
        match parent {
            Some(parent) if !folders.contains_key(parent) => skipped.push(Skipped {
                what: address.to_string(),
                why: format!("its folder `{parent}` could not be read"),
            }),
            Some(_) | None => drop(chosen.objects.insert(address)),
        }
    }
    for uid in folders.keys().filter(|uid| all || below.contains(uid.as_str())) {
        chosen.objects.extend(Address::live(kinds::CONTAINER, uid));
    }
    for address in addresses {
        let is_folder = address.kind == kinds::CONTAINER && folders.contains_key(address.key.text());
        if is_folder {
            chosen.objects.insert(address.clone());
        } else if !chosen.objects.contains(address) && !skipped.iter().any(|one| one.what == address.to_string()) {
            return Err(Failure::new(Exit::Error, format!("the workspace has no `{address}`"))
                .hint("check the uid and the workspace; `amgctl list --all` shows what there is"));
        }
    }
    let parents: BTreeMap<&str, &str> =
        listed.iter().filter_map(|(_, one)| Some((one.uid.as_str(), one.parent.as_deref()?))).collect();
    let holders: Vec<String> = chosen
        .objects
        .iter()
        .filter_map(|address| match address.kind == kinds::CONTAINER {
            true => folders.get(address.key.text())?.parent.clone(),
            false => parents.get(address.key.text()).map(|&parent| parent.to_owned()),
        })
        .collect();
    for holder in holders {
        let mut at = Some(holder);
        while let Some(folder) = at.and_then(|uid| folders.get(&uid)) {
            let Some(address) = Address::live(kinds::CONTAINER, &folder.uid) else { break };
            if !chosen.objects.insert(address) {
                break;
            }
            at = folder.parent.clone();
        }
    }
    Ok(chosen)
}

/// The uids of these folders, named by uid or title, and of those below them.
fn below<'a>(named: &[String], folders: &'a BTreeMap<String, Folder>) -> Result<BTreeSet<&'a str>, Failure> {
    let mut below = BTreeSet::new();
    for name in named {
        let by_title = folders.values().filter(|folder| folder.title == *name);
        let found: Vec<&Folder> = match folders.get(name) {
            Some(folder) => vec![folder],
            None => by_title.collect(),
        };
        match found[..] {
            [folder] => drop(below.insert(folder.uid.as_str())),
            [] => {
                return Err(Failure::new(Exit::Error, format!("the workspace has no folder `{name}`"))
                    .hint("name it by its title or uid; `amgctl list --all` shows what there is"));
            }
            _ => {
                let uids: Vec<String> = found.iter().map(|folder| format!("`{}`", folder.uid)).collect();
                return Err(Failure::new(
                    Exit::Error,
                    format!("the workspace has {} folders `{name}`", found.len()),
                )
                .hint(format!("name the one that is meant by its uid: {}", uids.join(", "))));
            }
        }
    }
    // As often as folders nest; each round adds what is directly below.
    for _ in 0..folders.len() {
        let more: Vec<&str> = folders
            .values()
            .filter(|folder| folder.parent.as_deref().is_some_and(|parent| below.contains(parent)))
            .map(|folder| folder.uid.as_str())
            .filter(|uid| !below.contains(uid))
            .collect();
        if more.is_empty() {
            break;
        }
        below.extend(more);
    }
    Ok(below)
}
