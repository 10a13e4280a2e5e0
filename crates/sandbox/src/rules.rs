//! Everything in which servers differ, each difference under one name: the only place that knows versions apart.
//!
//! What a rule makes of a request is the business of the module that answers it.

use super::slug::Slugs;
use super::version::Version;

/// How one server behaves where servers differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The version as the server gives it.
    pub grafana: &'static str,
    /// How slugs are made.
    pub slugs: Slugs,
    /// Which titles may not stand side by side.
    pub titles: Titles,
    /// What becomes of numbers in dashboards.
    pub numbers: Numbers,
    /// What a save that changes nothing does to the version.
    pub saves: Saves,
    /// How folders stand in each other.
    pub nesting: Nesting,
    /// What is in a folder can be counted.
    pub folder_counts: bool,
    /// The older API goes to the database itself; otherwise it is a facade before the resource API.
    pub classic: bool,
    /// What dashboards and folders are kept in.
    pub storage: Storage,
    /// The folder uid `general` is taken for a folder of that name.
    pub general_is_a_folder: bool,
    /// What a search by title finds comes without tags.
    pub query_hits_lack_tags: bool,
    /// Of equal titles a search gives the newer first.
    pub newer_first: bool,
    /// How a dashboard is saved by the older API.
    pub saving: Saving,
    /// A byte order mark inside a string is dropped when a dashboard is stored.
    pub drops_marks: bool,
    /// A new folder may have the title `General`.
    pub new_general: bool,
    /// A new folder that is too deep is refused with the reason; otherwise it is an error of the server.
    pub depth_is_told: bool,
    /// What is in a folder is counted under the names of resources, in the plural.
    pub plural_counts: bool,
    /// The manager of a resource cannot be exchanged for another one.
    pub managers_are_kept: bool,
    /// Versions at which dashboards are served as resources, the preferred one first.
    pub dashboard_versions: &'static [&'static str],
    /// The same of folders.
    pub folder_versions: &'static [&'static str],
    /// Dashboards and folders share one space of uids and numeric ids.
    pub one_table: bool,
    /// Dashboards and folders are served as resources, in `/apis`.
    pub resource_api: bool,
    /// `/apis` is served without dashboards and folders: what is not in it is answered with what is.
    pub bare_apis: bool,
    /// The folder `general` can be read, under that title.
    pub general_folder: Option<&'static str>,
    /// A save checks its folder first, in words of its own, and takes `isFolder` for a folder.
    pub older_saves: bool,
    /// The answer to a save says in which folder the dashboard is.
    pub saves_tell_folder: bool,
    /// A dashboard's meta data say whether it is public.
    pub public_in_meta: bool,
    /// What removing a dashboard does with a folder's uid.
    pub folder_as_dashboard: FolderAsDashboard,
    /// The answer to the removal of a folder says so.
    pub folder_removal_told: bool,
    /// How a search finds folders, and what is in them.
    pub search: Search,
    /// Errors that have a cause carry a `traceID`.
    pub trace_ids: bool,
    /// Refusals carry a `messageId` and a `statusCode`.
    pub message_ids: bool,
    /// A missing object is told to a weak token as 404; otherwise it is 403.
    pub missing_is_told: bool,
    /// The organisation that folders name.
    pub folder_org: Option<i64>,
    /// A service account that creates something may administer it.
    pub creator_is_admin: bool,
    /// Titles, tags and messages have limits.
    pub text_limits: bool,
    /// `refresh` may be `auto` or empty.
    pub refresh_auto: bool,
    /// What a reference to a library panel that does not exist does.
    pub missing_library_panel: MissingLibraryPanel,
    /// How the versions of a dashboard are listed.
    pub versions: Versions,
    /// How data sources are kept.
    pub datasources: Datasources,
    /// How service accounts and keys are told about.
    pub accounts: Accounts,
    /// How lists of permissions are told.
    pub permissions: Permissions,
    /// How shared panels are kept.
    pub library: Library,
    /// What writers that meet in the database do to each other.
    pub locking: Locking,
    /// The largest body of a request, in bytes.
    pub body_limit: usize,
}

/// What dashboards and folders are kept in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Storage {
    /// A table of their own.
    Table,
    /// Unified storage: everything about a resource is kept.
    Unified,
    /// The old table behind the resource API: labels, annotations, descriptions and folders' preconditions are lost.
    Adapter,
}

/// Which titles may not stand side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Titles {
    /// Two of one slug may not.
    UniqueBySlug,
    /// Two equal ones may not.
    Unique,
    /// Two equal ones in one folder may not.
    UniqueInFolder,
    /// Any may.
    Free,
}

/// What becomes of numbers in dashboards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Numbers {
    /// Each literal is kept as it was spelled.
    Literal,
    /// They become 64-bit floats; what is none is refused.
    Float,
}

/// What a save that changes nothing does to the version.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Saves {
    /// Every save raises it.
    AlwaysRaise,
    /// Only a change raises it.
    RaiseOnChange,
    /// Every save raises it, but the answer to one of a dashboard that changes nothing tells the version before.
    RaiseUntold,
}

/// How folders stand in each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Nesting {
    /// One level; a parent asked for is ignored, in silence.
    Flat,
    /// Kept in a table beside the dashboards' one: five levels, looked after; a ring fails without a reason.
    Beside,
    /// Five levels, but a parent is not looked for and a move is not held to them.
    Trusting,
    /// Five levels, looked after.
    Checked,
}

/// What removing a dashboard does with a folder's uid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FolderAsDashboard {
    /// It removes the folder with all it holds.
    Removes,
    /// It is refused.
    Refused,
    /// There is no such dashboard.
    Missing,
}

/// How a search finds folders, and what is in them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    /// It can be narrowed to folders by their uids.
    pub by_folder: bool,
    /// A folder that is found says which folder it is in.
    pub folder_parents: bool,
    /// The address of the folder that a dashboard is in ends with its title as it is, and a folder that is found gives
    /// no address of the folder that it is in.
    pub plain_folder_urls: bool,
}

/// What a reference to a library panel that does not exist does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum MissingLibraryPanel {
    /// The dashboard is saved, and the answer is an error all the same.
    SavedButRefused,
    /// The dashboard is not saved.
    Refused,
    /// Nothing.
    Ignored,
}

/// How the versions of a dashboard are listed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Versions {
    /// A bare array that names users by number.
    ArrayByNumber,
    /// A bare array.
    Array,
    /// An object with a token for the next page.
    Object,
}

/// How a dashboard is saved by the older API.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Saving {
    /// It is looked after by the older API itself ([`super::save`]).
    Classic,
    /// It is handed on as a resource ([`super::save_as_resource`]).
    AsResource,
}

/// What another uid in the body of an update of a data source does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BodyUid {
    /// It becomes the uid.
    Renames,
    /// It is an error of the server.
    Fails,
    /// It is refused.
    Refused,
}

/// How data sources are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Datasources {
    /// The first one of an organisation becomes the default one, whatever was asked.
    pub first_is_default: bool,
    /// Uids are held to the rule of dashboards' uids.
    pub uids_checked: bool,
    /// A missing name is made from the type.
    pub name_from_type: bool,
    /// What another uid in the body of an update does.
    pub body_uid: BodyUid,
    /// They are reached by their numbers too.
    pub by_number: bool,
    /// A name already taken is told as a conflict; otherwise as an error of the server.
    pub rename_conflict_told: bool,
    /// Short names of types are replaced by the plugins' ids.
    pub types_are_plugin_ids: bool,
    /// Objects have an `apiVersion`.
    pub api_version: bool,
    /// The health of a data source can be asked for by uid.
    pub health: bool,
}

/// How service accounts and keys are told about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accounts {
    /// Accounts have uids.
    pub uids: bool,
    /// Logins name the organisation.
    pub org_in_login: bool,
    /// A missing account is told as one; otherwise it is an error of the server.
    pub missing_told: bool,
    /// API keys exist beside service accounts.
    pub api_keys: bool,
}

/// How shared panels are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Library {
    /// Two of one name may not be in one folder.
    pub names_unique: bool,
    /// What a dashboard uses cannot be deleted.
    pub in_use_kept: bool,
}

/// What writers that meet in the database do to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Locking {
    /// Updates are refused as if changed by another; deletions of folders as if not permitted.
    Denied,
    /// The same, but deletions of folders as if not signed in.
    Unauthorized,
    /// Creates fail, some of them done.
    Creates,
}

/// How lists of permissions are told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permissions {
    /// Lines give the uids of users and teams.
    pub uids: bool,
    /// Lines of roles have a picture too.
    pub pictures: bool,
    /// Lines of folders give the slug.
    pub folder_slugs: bool,
    /// A folder's list is told as a folder's when it was replaced.
    pub folders_named: bool,
}

const MIB: usize = 1024 * 1024;

impl Rules {
    /// The rules of a version.
    pub(crate) fn of(version: Version) -> Rules {
        match version {
            Version::V9_4 => Rules::v9_4(),
            Version::V10_1 => Rules::v10_1(),
            Version::V10_4 => Rules::v10_4(),
            Version::V12_4 => Rules::v12_4(),
            Version::V12_4Upgraded => Rules::v12_4_upgraded(),
            Version::V13 => Rules::v13(),
        }
    }

    fn v9_4() -> Rules {
        Rules {
            grafana: "9.4.7",
            slugs: Slugs::Hyphens,
            titles: Titles::UniqueBySlug,
            numbers: Numbers::Literal,
            saves: Saves::AlwaysRaise,
            nesting: Nesting::Flat,
            folder_counts: false,
            classic: true,
            storage: Storage::Table,
            general_is_a_folder: false,
            newer_first: false,
            query_hits_lack_tags: false,
            saving: Saving::Classic,
            drops_marks: false,
            new_general: false,
            depth_is_told: false,
            plural_counts: false,
            managers_are_kept: false,
            dashboard_versions: &[],
            folder_versions: &[],
            one_table: true,
            resource_api: false,
            bare_apis: false,
            general_folder: None,
            older_saves: true,
            saves_tell_folder: false,
            public_in_meta: true,
            folder_as_dashboard: FolderAsDashboard::Removes,
            folder_removal_told: false,
            search: Search { by_folder: false, folder_parents: false, plain_folder_urls: false },
            trace_ids: true,
            message_ids: false,
            missing_is_told: false,
            folder_org: None,
            creator_is_admin: false,
            text_limits: false,
            refresh_auto: false,
            missing_library_panel: MissingLibraryPanel::SavedButRefused,
            versions: Versions::ArrayByNumber,
            datasources: Datasources {
                first_is_default: false,
                uids_checked: false,
                name_from_type: false,
                body_uid: BodyUid::Renames,
                by_number: true,
                rename_conflict_told: false,
                types_are_plugin_ids: false,
                api_version: false,
                health: false,
            },
            accounts: Accounts { uids: false, org_in_login: false, missing_told: false, api_keys: true },
            permissions: Permissions { uids: false, pictures: false, folder_slugs: true, folders_named: false },
            library: Library { names_unique: true, in_use_kept: true },
            locking: Locking::Denied,
            body_limit: 64 * MIB,
        }
    }

    fn v10_1() -> Rules {
        let older = Rules::v9_4();
        Rules {
            grafana: "10.1.2",
            slugs: Slugs::HexOrUuid,
            titles: Titles::Unique,
            folder_counts: true,
            message_ids: true,
            versions: Versions::Array,
            datasources: Datasources { rename_conflict_told: true, health: true, ..older.datasources },
            permissions: Permissions { folder_slugs: false, folders_named: true, ..older.permissions },
            locking: Locking::Unauthorized,
            ..older
        }
    }

    /// With the toggle `nestedFolders`.
    fn v10_4() -> Rules {
        let older = Rules::v10_1();
        Rules {
            grafana: "10.4.3",
            titles: Titles::UniqueInFolder,
            nesting: Nesting::Beside,
            newer_first: true,
            bare_apis: true,
            general_folder: Some("Root"),
            older_saves: false,
            saves_tell_folder: true,
            public_in_meta: false,
            folder_as_dashboard: FolderAsDashboard::Refused,
            folder_removal_told: true,
            search: Search { by_folder: true, folder_parents: true, plain_folder_urls: true },
            folder_org: Some(0),
            refresh_auto: true,
            datasources: Datasources {
                first_is_default: true,
                name_from_type: true,
                types_are_plugin_ids: true,
                ..older.datasources
            },
            accounts: Accounts { org_in_login: true, ..older.accounts },
            permissions: Permissions { pictures: true, ..older.permissions },
            ..older
        }
    }

    fn v12_4_upgraded() -> Rules {
        Rules {
            storage: Storage::Adapter,
            saves: Saves::RaiseUntold,
            nesting: Nesting::Checked,
            new_general: false,
            one_table: true,
            general_is_a_folder: true,
            missing_library_panel: MissingLibraryPanel::Refused,
            newer_first: false,
            query_hits_lack_tags: true,
            library: Library { names_unique: false, in_use_kept: true },
            ..Rules::v12_4()
        }
    }

    /// As it was read of (fact: `save-through-resources`); all else is a 12.4's.
    fn v13() -> Rules {
        let older = Rules::v12_4();
        Rules {
            grafana: "13.2.1",
            saving: Saving::AsResource,
            drops_marks: true,
            new_general: false,
            depth_is_told: true,
            plural_counts: true,
            managers_are_kept: true,
            dashboard_versions: &["v2", "v2beta1", "v2alpha1", "v0alpha1", "v1", "v1beta1"],
            folder_versions: &["v1", "v1beta1"],
            datasources: Datasources { body_uid: BodyUid::Refused, by_number: false, ..older.datasources },
            ..older
        }
    }

    fn v12_4() -> Rules {
        Rules {
            grafana: "12.4.0",
            slugs: Slugs::HexOrHash,
            titles: Titles::Free,
            numbers: Numbers::Float,
            saves: Saves::RaiseOnChange,
            nesting: Nesting::Trusting,
            folder_counts: true,
            classic: false,
            storage: Storage::Unified,
            general_is_a_folder: false,
            newer_first: true,
            query_hits_lack_tags: false,
            saving: Saving::Classic,
            drops_marks: false,
            new_general: true,
            depth_is_told: false,
            plural_counts: false,
            managers_are_kept: false,
            dashboard_versions: &["v1beta1", "v0alpha1", "v2beta1", "v2alpha1"],
            folder_versions: &["v1beta1"],
            one_table: false,
            resource_api: true,
            bare_apis: false,
            general_folder: Some("Dashboards"),
            older_saves: false,
            saves_tell_folder: true,
            public_in_meta: false,
            folder_as_dashboard: FolderAsDashboard::Missing,
            folder_removal_told: true,
            search: Search { by_folder: true, folder_parents: true, plain_folder_urls: false },
            trace_ids: false,
            message_ids: true,
            missing_is_told: true,
            folder_org: Some(1),
            creator_is_admin: true,
            text_limits: true,
            refresh_auto: true,
            missing_library_panel: MissingLibraryPanel::Ignored,
            versions: Versions::Object,
            datasources: Datasources {
                first_is_default: true,
                uids_checked: true,
                name_from_type: true,
                body_uid: BodyUid::Fails,
                by_number: true,
                rename_conflict_told: true,
                types_are_plugin_ids: true,
                api_version: true,
                health: true,
            },
            accounts: Accounts { uids: true, org_in_login: true, missing_told: true, api_keys: false },
            permissions: Permissions { uids: true, pictures: false, folder_slugs: false, folders_named: true },
            library: Library { names_unique: false, in_use_kept: false },
            locking: Locking::Creates,
            body_limit: 16 * MIB,
        }
    }
}
