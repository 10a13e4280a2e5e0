//! What an object is called: kinds, uids, addresses, the paths of folders, the names of stacks.
//!
//! Every type here is checked when it is made; nobody checks again. What a kind *does* stands in [`crate::kinds`]; which
//! kinds there are, its table says: [`Address::parse`] is given that, so that this module knows none of them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a kind of object, as it stands before the dot of an address: `dashboard`, `datasource`, `folder`.
///
/// Only the table in [`crate::kinds`] makes one, so a name always stands for a kind: there is no other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct KindName {
    name: &'static str,
    rank: u8,
    keys: KeyForm,
}

impl KindName {
    /// The name of the kind at a place of the table. For the table only: `tests/it/tidy.rs` keeps that.
    pub(crate) const fn in_table(name: &'static str, rank: u8, keys: KeyForm) -> KindName {
        KindName { name, rank, keys }
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.name
    }

    /// Its place in the table, from 0: what is referred to comes first.
    #[must_use]
    pub fn rank(self) -> usize {
        usize::from(self.rank)
    }

    /// What tells the objects of this kind apart.
    #[must_use]
    pub fn keys(self) -> KeyForm {
        self.keys
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A Grafana uid: 1 to 40 letters, digits, `-` or `_`.
///
/// Holding one means it was checked; nobody checks again. The rule is Grafana's own for dashboards and folders
/// (`IsValidShortUID`), and 12.x holds data sources to it too.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
#[serde(transparent)]
pub struct Uid(String);

impl Uid {
    /// The most bytes a uid may have.
    pub const MAX: usize = 40;

    /// Checks `text` and takes it as a uid, or says in a few words what is wrong with it.
    pub fn parse(text: &str) -> Result<Uid, String> {
        if text.is_empty() {
            return Err("a uid may not be empty".into());
        }
        if let Some(bad) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-' || *c == '_')) {
            return Err(format!(
                "a uid may not hold `{}`: letters, digits, `-` and `_` only",
                bad.escape_default()
            ));
        }
        if text.len() > Self::MAX {
            return Err(format!("a uid has at most {} characters, this one has {}", Self::MAX, text.len()));
        }
        Ok(Uid(text.to_owned()))
    }

    /// The uid as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether amgctl keeps this uid for itself: `amgctl` and everything that begins with `amgctl-`.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0 == "amgctl" || self.0.starts_with("amgctl-")
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Uid::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// What tells the objects of a kind apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum KeyForm {
    /// A uid: dashboards, data sources, folders.
    Uid,
    /// A name of free text: contact points, mute timings.
    Name,
    /// Nothing: a workspace has one (the tree of notification policies).
    Only,
    /// The uid of a folder and a name of free text in it: groups of alert rules.
    InFolder,
}

/// What tells an object apart from the others of its kind, in the form that the kind has ([`KindName::keys`]).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Key {
    /// Its uid.
    Uid(Uid),
    /// Its name: not empty.
    Name(String),
    /// There is only one.
    Only,
    /// The folder it is in, and its name there: not empty.
    InFolder(Uid, String),
}

impl Key {
    /// The uid or name; empty where there is only one object of the kind.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Key::Uid(uid) => uid.as_str(),
            Key::Name(name) | Key::InFolder(_, name) => name,
            Key::Only => "",
        }
    }

    /// The uid, where that is what tells it apart.
    #[must_use]
    pub fn uid(&self) -> Option<&Uid> {
        match self {
            Key::Uid(uid) => Some(uid),
            Key::Name(_) | Key::Only | Key::InFolder(..) => None,
        }
    }

    /// Whether amgctl keeps this uid for itself ([`Uid::is_reserved`]).
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.uid().is_some_and(Uid::is_reserved)
    }

    /// Reads what stands behind the kind's dot; none when it is no key of that form.
    fn parse(form: KeyForm, text: &str) -> Option<Key> {
        match form {
            KeyForm::Uid => Uid::parse(text).ok().map(Key::Uid),
            KeyForm::Name => unquoted(text).map(Key::Name),
            // Written without a dot: see [`Address::parse`].
            KeyForm::Only => None,
            KeyForm::InFolder => {
                let (folder, name) = text.split_once('/')?;
                Some(Key::InFolder(Uid::parse(folder).ok()?, unquoted(name)?))
            }
        }
    }
}

impl From<Uid> for Key {
    fn from(uid: Uid) -> Key {
        Key::Uid(uid)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Uid(uid) => write!(f, "{uid}"),
            Key::Name(name) => f.write_str(&quoted(name)),
            Key::Only => Ok(()),
            Key::InFolder(folder, name) => write!(f, "{folder}/{}", quoted(name)),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// A name as an address has it: as it is where a uid could be written so, else as a JSON string.
fn quoted(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

/// A name read from an address; none when it is empty, or neither plain nor a JSON string.
fn unquoted(text: &str) -> Option<String> {
    if is_plain(text) {
        return Some(text.to_owned());
    }
    serde_json::from_str::<String>(text).ok().filter(|name| text.starts_with('"') && !name.is_empty())
}

/// What an object is called everywhere: in files, plans, flags and messages. Shown as `dashboard.node-exporter`.
///
/// The whole syntax: `KIND.UID`, `KIND.NAME`, `KIND` where there is only one, `KIND.FOLDER/NAME`. A name that is not only
/// ASCII letters, digits, `-` and `_` is written as a JSON string: `KIND."On call"`. Ordered by kind name, then key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Address {
    /// The kind of object.
    pub kind: KindName,
    /// What tells it apart from the others of its kind.
    pub key: Key,
}

impl Address {
    /// Puts kind and key together.
    #[must_use]
    pub fn new(kind: KindName, key: impl Into<Key>) -> Address {
        Address { kind, key: key.into() }
    }

    /// Reads an address; none when it is none. `named` gives the kind of a name ([`crate::kinds::named`]).
    ///
    /// `parse(a.to_string()) = a` for every address.
    #[must_use]
    pub fn parse(text: &str, named: impl Fn(&str) -> Option<KindName>) -> Option<Address> {
        let (kind, key) = text.split_once('.').map_or((text, None), |(kind, key)| (kind, Some(key)));
        let kind = named(kind)?;
        let key = match (kind.keys(), key) {
            (KeyForm::Only, None) => Key::Only,
            (form, Some(key)) => Key::parse(form, key)?,
            (KeyForm::Uid | KeyForm::Name | KeyForm::InFolder, None) => return None,
        };
        Some(Address { kind, key })
    }

    /// The address of an object as a server names it; none where that uid or name is none that an address may have.
    ///
    /// For kinds whose key needs more than one text there is none.
    #[must_use]
    pub fn live(kind: KindName, text: &str) -> Option<Address> {
        let key = match kind.keys() {
            KeyForm::Uid => Key::Uid(Uid::parse(text).ok()?),
            KeyForm::Name => (!text.is_empty()).then(|| Key::Name(text.to_owned()))?,
            KeyForm::Only => Key::Only,
            KeyForm::InFolder => return None,
        };
        Some(Address { kind, key })
    }

    /// The uid or name ([`Key::text`]).
    #[must_use]
    pub fn id(&self) -> &str {
        self.key.text()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Key::Only => write!(f, "{}", self.kind),
            key => write!(f, "{}.{key}", self.kind),
        }
    }
}

impl TryFrom<String> for StackName {
    type Error = String;

    fn try_from(text: String) -> Result<StackName, String> {
        StackName::parse(&text)
    }
}

impl From<StackName> for String {
    fn from(name: StackName) -> String {
        name.0
    }
}

impl JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A kind and what tells the object apart from others of that kind, as `dashboard.cpu`."
        })
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where a folder is: the titles from the root down, `Infra / Linux`. Never empty; titles are trimmed and not empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct FolderPath(Vec<String>);

impl FolderPath {
    /// Makes a path of titles; none when there is no title or one of them is blank.
    #[must_use]
    pub fn new(titles: Vec<String>) -> Option<FolderPath> {
        let titles: Vec<String> = titles.into_iter().map(|t| t.trim().to_owned()).collect();
        (!titles.is_empty() && titles.iter().all(|t| !t.is_empty())).then_some(FolderPath(titles))
    }

    /// The titles from the root down.
    #[must_use]
    pub fn titles(&self) -> &[String] {
        &self.0
    }

    /// The folder's own title.
    #[must_use]
    pub fn title(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The path of the folder above; none at the root.
    #[must_use]
    pub fn parent(&self) -> Option<FolderPath> {
        FolderPath::new(self.0[..self.0.len() - 1].to_vec())
    }

    /// How many folders deep this is; 1 is directly below the root.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.len()
    }
}

impl TryFrom<Vec<String>> for FolderPath {
    type Error = String;

    fn try_from(titles: Vec<String>) -> Result<FolderPath, String> {
        FolderPath::new(titles).ok_or_else(|| "a folder's path has titles, and none of them is blank".to_owned())
    }
}

impl From<FolderPath> for Vec<String> {
    fn from(path: FolderPath) -> Vec<String> {
        path.0
    }
}

impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" / "))
    }
}

/// The name of a stack: 1 to 32 of `a-z`, `0-9` and `-`, so that `amgctl-<stack>` is a uid.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct StackName(String);

impl StackName {
    /// Checks `text` and takes it as a stack's name, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<StackName, String> {
        if text.is_empty() || text.len() > 32 {
            return Err("a stack's name has 1 to 32 characters".into());
        }
        match text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')) {
            Some(bad) => {
                Err(format!("a stack's name may not hold `{}`: a-z, 0-9 and `-` only", bad.escape_default()))
            }
            None => Ok(StackName(text.to_owned())),
        }
    }

    /// Makes a name of any text, for the sandbox and for plans without a named stack: lower-cased, the rest to `-`.
    #[must_use]
    pub fn from_directory(name: &str) -> StackName {
        let mut text: String = name
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
            .take(32)
            .collect();
        text = text.trim_matches('-').to_owned();
        if text.is_empty() { StackName("stack".into()) } else { StackName(text) }
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A kind of each form of key: the table has not all of them.
    const KINDS: [KindName; 4] = [
        KindName::in_table("uids", 0, KeyForm::Uid),
        KindName::in_table("names", 1, KeyForm::Name),
        KindName::in_table("one", 2, KeyForm::Only),
        KindName::in_table("groups", 3, KeyForm::InFolder),
    ];

    fn parse(text: &str) -> Option<Address> {
        Address::parse(text, |name| KINDS.into_iter().find(|kind| kind.as_str() == name))
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let folder = || Uid::parse("infra").unwrap();
        for (address, text) in [
            (Address::new(KINDS[0], folder()), "uids.infra"),
            (Address::new(KINDS[1], Key::Name("pager".into())), "names.pager"),
            (Address::new(KINDS[1], Key::Name("On call".into())), "names.\"On call\""),
            (Address::new(KINDS[1], Key::Name("a \"b\"/\\".into())), "names.\"a \\\"b\\\"/\\\\\""),
            (Address::new(KINDS[2], Key::Only), "one"),
            (Address::new(KINDS[3], Key::InFolder(folder(), "CPU.1".into())), "groups.infra/\"CPU.1\""),
        ] {
            assert_eq!(address.to_string(), text);
            assert_eq!(parse(text), Some(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "",
            ".",
            "uids",
            "uids.",
            "uids.a b",
            "uids.\"a\"",
            "names",
            "names.",
            "names.\"\"",
            "names.a b",
            "names.\"a",
            "names.\"a\"b",
            "names. \"a\"",
            "one.",
            "one.a",
            "groups.a",
            "groups./a",
            "groups.a/",
            "groups.a/b/c",
            "none.a",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    fn addresses() -> impl Strategy<Value = Address> {
        let uid = || "[A-Za-z0-9_-]{1,40}".prop_map(|text| Uid::parse(&text).unwrap());
        let name = || prop_oneof!["[a-z_-]{1,5}", "(?s).{1,12}", "[\"./\\\\ \n]{1,6}"];
        prop_oneof![
            uid().prop_map(|uid| Address::new(KINDS[0], uid)),
            name().prop_map(|name| Address::new(KINDS[1], Key::Name(name))),
            Just(Address::new(KINDS[2], Key::Only)),
            (uid(), name()).prop_map(|(folder, name)| Address::new(KINDS[3], Key::InFolder(folder, name))),
        ]
    }

    proptest! {
        #[test]
        fn an_address_is_read_as_it_was_written(address in addresses()) {
            prop_assert_eq!(parse(&address.to_string()), Some(address));
        }

        #[test]
        fn no_two_addresses_are_written_alike(a in addresses(), b in addresses()) {
            prop_assert_eq!(a == b, a.to_string() == b.to_string());
        }

        #[test]
        fn any_text_is_an_address_or_none(text in "(?s)(uids|names|one|groups)?.{0,20}") {
            if let Some(address) = parse(&text) {
                prop_assert_eq!(parse(&address.to_string()), Some(address));
            }
        }
    }

    #[test]
    fn uid_takes_forty_characters_and_no_more() {
        assert!(Uid::parse(&"a".repeat(40)).is_ok());
        assert!(Uid::parse(&"a".repeat(41)).is_err());
        assert!(Uid::parse("").is_err());
        assert!(Uid::parse("a b").is_err());
        assert!(Uid::parse("Az_9-").is_ok());
    }

    #[test]
    fn directory_names_become_stack_names() {
        assert_eq!(StackName::from_directory("My Team_Dashboards").as_str(), "my-team-dashboards");
        assert_eq!(StackName::from_directory("…").as_str(), "stack");
    }
}
