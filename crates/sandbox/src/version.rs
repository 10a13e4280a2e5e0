//! Which Grafana the embedded workspace answers as.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A version of Grafana that can be answered as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// Grafana 9.4: folders one level deep, titles unique by slug.
    V9_4,
    /// Grafana 10.1 as released: folders one level deep, titles unique as they are.
    V10_1,
    /// Grafana 10.4 with folders in folders, as Amazon runs it.
    V10_4,
    /// Grafana 12.4 on a new database: unified storage.
    #[default]
    V12_4,
    /// Grafana 12.4 on a database that came from an older version: the older storage behind the same API.
    V12_4Upgraded,
    /// Grafana 13.2: a 12.4 in unified storage with the differences that were read of it; it was never recorded.
    V13,
}

/// Every version, with the word that names it.
const NAMES: &[(&str, Version)] = &[
    ("9.4", Version::V9_4),
    ("10.1", Version::V10_1),
    ("10.4", Version::V10_4),
    ("12.4", Version::V12_4),
    ("12.4-upgraded", Version::V12_4Upgraded),
    ("13", Version::V13),
];

impl Version {
    /// Every version, oldest first.
    pub fn all() -> impl Iterator<Item = Version> {
        NAMES.iter().map(|(_, version)| *version)
    }

    /// The version that made a data file; none when there is no file, or when it names none that is served.
    pub fn that_made(path: &Path) -> anyhow::Result<Option<Version>> {
        super::persist::made_by(path)
    }

    /// The place of its release among the others': two ways to keep the data of one release have one place.
    pub(super) fn release(self) -> u8 {
        match self {
            Version::V9_4 => 0,
            Version::V10_1 => 1,
            Version::V10_4 => 2,
            Version::V12_4 | Version::V12_4Upgraded => 3,
            Version::V13 => 4,
        }
    }

    /// The word that names it on the command line and in data files.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, version)| *version == self).map_or("", |(name, _)| name)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Version, UnknownVersion> {
        let wanted = text.trim().trim_start_matches('v');
        NAMES
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, v)| *v)
            .ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

/// A version that the embedded workspace cannot answer as.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownVersion(String);

impl std::error::Error for UnknownVersion {}

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = NAMES.iter().map(|(name, _)| format!("`{name}`")).collect();
        write!(f, "the embedded workspace has no version `{}`; it has {}", self.0, names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_read_from_its_name() {
        for version in Version::all() {
            assert_eq!(version.name().parse(), Ok(version));
        }
    }

    #[test]
    fn unknown_version_is_told_with_the_known_ones() {
        let told = "8.5".parse::<Version>().unwrap_err().to_string();
        assert_eq!(
            told,
            "the embedded workspace has no version `8.5`; it has `9.4`, `10.1`, `10.4`, `12.4`, `12.4-upgraded`, `13`"
        );
    }
}
