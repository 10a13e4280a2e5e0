//! What the workspace holds: folders, dashboards with their history, data sources, accounts, tokens.
//!
//! Every change goes through [`State`], which notes what changed, so that [`super::persist`] writes that and no more.
//! What may be changed by whom, and what is answered, is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::clock::Clock;
pub(crate) use super::records::*;

/// Revisions kept of one dashboard.
const REVISIONS: usize = 20;

/// Names one stored thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Key {
    /// The counters.
    Counters,
    /// A folder by uid.
    Folder(String),
    /// A dashboard by uid, without its history.
    Dashboard(String),
    /// One entry of a dashboard's history.
    Revision(String, i64),
    /// A data source by number.
    Datasource(i64),
    /// An account by number.
    Account(i64),
    /// A token by number.
    Token(i64),
    /// A shared panel by uid.
    LibraryElement(String),
}

/// Numbers that are never given twice.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counters {
    /// The last number given to a folder, dashboard or revision.
    pub object: i64,
    /// The last number given to a data source.
    pub datasource: i64,
    /// The last number given to an account.
    pub account: i64,
    /// The last number given to a token.
    pub token: i64,
    /// The last resource version.
    pub resource_version: i64,
}

/// Everything the workspace holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Numbers that are never given twice.
    pub counters: Counters,
    /// Folders by uid.
    pub folders: BTreeMap<String, Folder>,
    /// Dashboards by uid.
    pub dashboards: BTreeMap<String, Dashboard>,
    /// Data sources by number.
    pub datasources: BTreeMap<i64, Datasource>,
    /// Accounts by number.
    pub accounts: BTreeMap<i64, Account>,
    /// Tokens by number.
    pub tokens: BTreeMap<i64, Token>,
    /// Shared panels by uid.
    pub library: BTreeMap<String, LibraryElement>,
    /// What changed since it was last written.
    pub changed: BTreeSet<Key>,
    /// What time it is.
    pub clock: Clock,
}

impl State {
    /// Notes that a thing was changed, made or removed.
    pub(crate) fn touch(&mut self, key: Key) {
        self.changed.insert(key);
        self.changed.insert(Key::Counters);
    }

    /// The next number for a folder, dashboard or revision.
    pub(crate) fn next_object(&mut self) -> i64 {
        self.counters.object += 1;
        self.counters.object
    }

    /// A resource version larger than every one before: microseconds, as unified storage has them.
    pub(crate) fn next_resource_version(&mut self) -> i64 {
        let now = jiff::Timestamp::now().as_microsecond();
        self.counters.resource_version = now.max(self.counters.resource_version + 1);
        self.counters.resource_version
    }

    /// The common fields of something new.
    pub(crate) fn about(&mut self, by: i64) -> About {
        let now = now();
        About {
            id: self.next_object(),
            created: now.clone(),
            updated: now,
            created_by: by,
            updated_by: by,
            version: 1,
            resource_version: self.next_resource_version(),
            object_uid: super::random::uuid(),
            changed: false,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            grants: Vec::new(),
        }
    }

    /// Stores a folder.
    pub(crate) fn put_folder(&mut self, folder: Folder) {
        self.touch(Key::Folder(folder.uid.clone()));
        self.folders.insert(folder.uid.clone(), folder);
    }

    /// Stores a dashboard whose current form is not yet in its history, and adds it there.
    pub(crate) fn put_dashboard(&mut self, mut dashboard: Dashboard, message: &str, restored_from: i64) {
        let id = self.next_object();
        let parent = if dashboard.about.version > 1 { dashboard.about.version - 1 } else { 0 };
        dashboard.revisions.push(Revision {
            id,
            version: dashboard.about.version,
            parent,
            restored_from,
            created: now(),
            created_by: dashboard.about.updated_by,
            message: message.to_owned(),
            folder: dashboard.folder.clone(),
            spec: dashboard.spec.clone(),
        });
        self.touch(Key::Revision(dashboard.uid.clone(), id));
        while dashboard.revisions.len() > REVISIONS {
            let oldest = dashboard.revisions.remove(0);
            self.touch(Key::Revision(dashboard.uid.clone(), oldest.id));
        }
        self.touch(Key::Dashboard(dashboard.uid.clone()));
        self.dashboards.insert(dashboard.uid.clone(), dashboard);
    }

    /// Removes a dashboard with its history.
    pub(crate) fn remove_dashboard(&mut self, uid: &str) -> Option<Dashboard> {
        let dashboard = self.dashboards.remove(uid)?;
        for revision in &dashboard.revisions {
            self.touch(Key::Revision(uid.to_owned(), revision.id));
        }
        self.touch(Key::Dashboard(uid.to_owned()));
        Some(dashboard)
    }

    /// Removes a folder with all it holds, folders below it included.
    pub(crate) fn remove_folder(&mut self, uid: &str) -> Option<Folder> {
        let folder = self.folders.remove(uid)?;
        self.touch(Key::Folder(uid.to_owned()));
        let inside: Vec<_> = self.dashboards.values().filter(|d| d.folder == uid).map(|d| d.uid.clone()).collect();
        inside.iter().for_each(|uid| drop(self.remove_dashboard(uid)));
        let elements: Vec<_> = self.library.values().filter(|e| e.folder == uid).map(|e| e.uid.clone()).collect();
        for uid in elements {
            self.library.remove(&uid);
            self.touch(Key::LibraryElement(uid));
        }
        let below: Vec<_> = self.folders.values().filter(|f| f.parent == uid).map(|f| f.uid.clone()).collect();
        below.iter().for_each(|uid| drop(self.remove_folder(uid)));
        Some(folder)
    }

    /// The folders above one, the root's child first; stops where a parent is missing.
    pub(crate) fn parents(&self, uid: &str) -> Vec<&Folder> {
        let mut above = Vec::new();
        let mut at = self.folders.get(uid).map_or("", |f| f.parent.as_str());
        while let Some(folder) = self.folders.get(at) {
            if above.len() > self.folders.len() {
                break;
            }
            above.push(folder);
            at = folder.parent.as_str();
        }
        above.reverse();
        above
    }
}

/// Now, as RFC 3339 in whole seconds.
pub(crate) fn now() -> String {
    timestamp(jiff::Timestamp::now().as_second())
}

/// Seconds since 1970 as RFC 3339.
pub(crate) fn timestamp(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}
