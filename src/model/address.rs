//! What an object is called: kinds, uids, addresses, the paths of folders, the names of stacks.
//!
//! Every type here is checked when it is made; nobody checks again. What a kind *does* stands in [`crate::kinds`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a kind of object, as it stands before the dot of an address: `dashboard`, `datasource`, `folder`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct KindName(pub &'static str);

impl KindName {
    /// A folder: title and parent.
    pub const FOLDER: KindName = KindName("folder");
    /// A data source.
    pub const DATASOURCE: KindName = KindName("datasource");
    /// A dashboard.
    pub const DASHBOARD: KindName = KindName("dashboard");

    /// The name as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
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

/// What an object is called everywhere: in files, plans, flags and messages. Shown as `dashboard.node-exporter`.
///
/// Ordered by kind name, then uid.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Address {
    /// The kind of object.
    pub kind: KindName,
    /// Its uid in the workspace.
    pub uid: Uid,
}

impl Address {
    /// Puts kind and uid together.
    #[must_use]
    pub fn new(kind: KindName, uid: Uid) -> Address {
        Address { kind, uid }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.uid)
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where a folder is: the titles from the root down, `Infra / Linux`. Never empty; titles are trimmed and not empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
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

impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" / "))
    }
}

/// The name of a stack: 1 to 32 of `a-z`, `0-9` and `-`, so that `amgctl-<stack>` is a uid.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
#[serde(transparent)]
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
    use super::*;

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
