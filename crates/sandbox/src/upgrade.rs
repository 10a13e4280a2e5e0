//! Upgrades in place: what becomes of the data when a newer Grafana opens what an older one kept.
//!
//! As measured on a 10.1.2 database under 12.4.0 (fact: `upgrade-keeps`): versions, times, numbers, folders,
//! tokens and data sources are kept, numbers in dashboards read as floats, and the resource API's uids follow from the
//! names. What the newer server makes of the rest is its [`super::rules`], as with data of its own.

use std::collections::BTreeSet;

use super::discovery::{DASHBOARDS, FOLDERS};
use super::resources::uid_of_name;
use super::rules::{Numbers, Rules, Storage};
use super::state::{State, Text};
use super::version::Version;

/// A 12.4 moves a database of at most this many dashboards and as many folders to unified storage.
const SMALL: usize = 10;

/// Turns the data of one version into that of a newer one; the reason where no server does that.
pub(crate) fn upgrade(state: &mut State, from: Version, to: Version) -> Result<(), String> {
    let (before, after) = (Rules::of(from), Rules::of(to));
    if to.release() < from.release() {
        return Err("a Grafana does not open the database of a newer one".to_owned());
    }
    if before.storage != Storage::Unified && after.storage == Storage::Unified {
        let small = state.dashboards.len() <= SMALL && state.folders.len() <= SMALL;
        // A 13 moves a database of any size (fact: `upgrade-keeps`).
        if to != Version::V13 && (to.release() == from.release() || !small) {
            return Err(format!(
                "it keeps a database of more than {SMALL} dashboards or folders in the older storage: that is \
                 `{}`",
                Version::V12_4Upgraded
            ));
        }
        keep_as_resources(state);
        if to == Version::V12_4 {
            count_what_was_moved(state);
        }
    }
    if before.storage == Storage::Unified && after.storage != Storage::Unified {
        return Err("what was moved to unified storage does not go back".to_owned());
    }
    if before.numbers == Numbers::Literal && after.numbers == Numbers::Float {
        read_numbers(state)?;
    }
    if after.accounts.org_in_login && !before.accounts.org_in_login {
        for account in state.accounts.values_mut().filter(|a| a.service) {
            if let Some(rest) = account.login.strip_prefix("sa-") {
                account.login = format!("sa-1-{rest}");
            }
        }
    }
    Ok(())
}

/// Moves dashboards and folders to unified storage: their uids there follow from their names.
fn keep_as_resources(state: &mut State) {
    let dashboards = state.dashboards.values_mut().map(|d| (DASHBOARDS, "Dashboard", &d.uid, &mut d.about));
    let folders = state.folders.values_mut().map(|f| (FOLDERS, "Folder", &f.uid, &mut f.about));
    for (group, kind, name, about) in dashboards.chain(folders) {
        about.object_uid = uid_of_name(group, kind, name);
        // The older storage says who changed an object last also where nobody did.
        about.changed = true;
        about.labels.clear();
        about.annotations.clear();
    }
}

/// A folder that held dashboards when a 12.4 moved them never counts as empty again. (What a 13 does was not read.)
fn count_what_was_moved(state: &mut State) {
    let full: BTreeSet<String> = state.dashboards.values().map(|d| d.folder.clone()).collect();
    for folder in state.folders.values_mut() {
        folder.counts_moved = full.contains(&folder.uid);
    }
}

/// Reads every number of every dashboard as a 64-bit float.
fn read_numbers(state: &mut State) -> Result<(), String> {
    for dashboard in state.dashboards.values_mut() {
        for revision in &mut dashboard.revisions {
            let floats = revision.spec.json().with_floats().map_err(|literal| {
                format!(
                    "what it makes of the number {literal} in dashboard `{}` is not known: remove that first",
                    dashboard.uid
                )
            })?;
            revision.spec = Text::of(&floats);
        }
        dashboard.spec = dashboard.revisions.last().map(|r| r.spec.clone()).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_newer_release_opens_a_database_and_a_large_one_stays_in_the_older_storage() {
        let told = |from, to| upgrade(&mut State::default(), from, to).err().unwrap_or_default();
        assert!(told(Version::V12_4, Version::V9_4).contains("newer one"));
        assert!(told(Version::V12_4Upgraded, Version::V12_4).contains("`12.4-upgraded`"));
        assert!(told(Version::V12_4, Version::V12_4Upgraded).contains("does not go back"));
        for to in [Version::V10_1, Version::V10_4, Version::V12_4Upgraded, Version::V12_4, Version::V13] {
            assert_eq!(told(Version::V9_4, to), "");
        }
        assert_eq!(told(Version::V12_4Upgraded, Version::V13), "");
    }
}
