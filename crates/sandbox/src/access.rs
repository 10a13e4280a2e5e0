//! Who is asking, and what they may do: roles, and the permissions of folders and dashboards.

use super::state::{Account, Dashboard, Grant, Grantee, State};

/// The role of an account, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Nothing but what is granted.
    None,
    /// May read.
    Viewer,
    /// May write dashboards and folders.
    Editor,
    /// May do everything.
    Admin,
}

impl Role {
    /// The role of that name; what is unknown is none.
    pub(crate) fn of(name: &str) -> Role {
        match name {
            "Admin" => Role::Admin,
            "Editor" => Role::Editor,
            "Viewer" => Role::Viewer,
            _ => Role::None,
        }
    }
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// The account; 0 for an API key.
    pub account: i64,
    /// Its role.
    pub role: Role,
    /// It is a service account or a key, not a person.
    pub service: bool,
}

/// View.
pub(crate) const VIEW: i64 = 1;
/// Change and remove.
pub(crate) const EDIT: i64 = 2;
/// Change permissions.
pub(crate) const ADMINISTER: i64 = 4;

impl Who {
    /// May do everything.
    pub(crate) fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    fn level_by(&self, grants: &[Grant]) -> i64 {
        grants
            .iter()
            .filter(|grant| match &grant.to {
                Grantee::Role(role) => Role::of(role) <= self.role && self.role != Role::None,
                Grantee::Account(id) => *id == self.account,
                Grantee::Team(_) => false,
            })
            .map(|grant| grant.level)
            .max()
            .unwrap_or(0)
    }
}

impl State {
    /// What one may do with a folder: its own permissions and those of the folders above it.
    pub(crate) fn folder_level(&self, who: &Who, uid: &str) -> i64 {
        if who.is_admin() {
            return ADMINISTER;
        }
        let own = self.folders.get(uid).map_or(0, |f| who.level_by(&f.about.grants));
        self.parents(uid).iter().map(|f| who.level_by(&f.about.grants)).max().unwrap_or(0).max(own)
    }

    /// What one may do with a dashboard: its own permissions and those of the folders it is in.
    pub(crate) fn dashboard_level(&self, who: &Who, dashboard: &Dashboard) -> i64 {
        if who.is_admin() {
            return ADMINISTER;
        }
        who.level_by(&dashboard.about.grants).max(self.folder_level(who, &dashboard.folder))
    }

    /// One may make something in that folder; the empty uid is the root.
    pub(crate) fn may_create_in(&self, who: &Who, folder: &str) -> bool {
        match folder {
            "" => who.role >= Role::Editor,
            uid => self.folder_level(who, uid) >= EDIT,
        }
    }

    /// One may write some dashboard somewhere, which is what the door asks.
    pub(crate) fn may_write_somewhere(&self, who: &Who) -> bool {
        who.role >= Role::Editor
            || self.folders.values().any(|f| who.level_by(&f.about.grants) >= EDIT)
            || self.dashboards.values().any(|d| who.level_by(&d.about.grants) >= EDIT)
    }

    /// The name an account is told by.
    pub(crate) fn login(&self, account: i64) -> &str {
        self.accounts.get(&account).map_or("Anonymous", |a: &Account| a.login.as_str())
    }
}
