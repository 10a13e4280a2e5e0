//! What a server does its own way: one field per rule, each with where the fact comes from.
//!
//! A value made by probing (`grafana`), read by the kinds and by the plan. Nothing else in the program asks
//! for a version. What they are is in `docs/facts.md`.

use super::digest::Numbers;
use super::slug::slug;

/// The rules of one server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// The version as the server says it, for people: `12.4.0`; empty when it hides it.
    pub version: String,
    /// Whether dashboards and folders are read through `/apis` (probed), and in which namespace.
    pub resources: Option<Resources>,
    /// Whether folders can hold folders: the toggle on 10.x, always since 11 (probed).
    pub nested_folders: bool,
    /// Whether this is Amazon Managed Grafana, by the way it is reached: it differs in plugins, not in its API.
    pub managed: bool,
    /// Whether a new folder may have the title `General` (fact: `folder-titles`).
    pub makes_general: bool,
    /// How titles may clash (facts: `titles-clash`, `folder-titles`).
    pub titles: TitleRule,
    /// How numbers are kept (fact: `numbers-as-floats`).
    pub numbers: Numbers,
    /// The shortest `refresh` of a dashboard: what is shorter comes back as this (fact: `refresh-minimum`), or is
    /// refused.
    pub minimum_refresh: Refresh,
    /// Whether the shortest refresh was read, or is assumed: it stands in a large answer that most runs do not need.
    pub minimum_refresh_is_read: bool,
    /// Whether `refresh: "auto"` stays as it is (10.4, 12.x) or becomes the shortest one (9.4, 10.1; fact:
    /// `refresh-minimum`).
    pub keeps_auto_refresh: bool,
    /// Whether a shorter `refresh` is refused instead (since 13: read, not recorded).
    pub refuses_short_refresh: bool,
}

/// How dashboards and folders are reached through `/apis`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resources {
    /// `default` for the first organisation.
    pub namespace: String,
    /// The version of the dashboards' group that is lossless: `v0alpha1`.
    pub dashboards: String,
    /// The version of the folders' group: `v1`, else `v1beta1`.
    pub folders: String,
}

/// The shortest `refresh`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refresh {
    /// As the server writes it, `5s`.
    pub text: String,
    /// In milliseconds.
    pub millis: u64,
}

impl Refresh {
    /// A duration as Grafana reads it (`30s`, `1m30s`, `1d`) in milliseconds; none when it is none.
    #[must_use]
    pub fn millis_of(text: &str) -> Option<u64> {
        const UNITS: [(&str, f64); 11] = [
            ("ns", 1e-6),
            ("us", 1e-3),
            ("µs", 1e-3),
            ("ms", 1.0),
            ("s", 1e3),
            ("m", 6e4),
            ("h", 3.6e6),
            ("d", 8.64e7),
            ("w", 6.048e8),
            ("M", 2.592e9),
            ("y", 3.1536e10),
        ];
        let mut rest = text;
        let mut total = 0.0;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
            let (number, tail) = rest.split_at(end);
            let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_end);
            let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
            total += number.parse::<f64>().ok()? * millis;
            rest = tail;
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and saturating is right"
        )]
        Some(total as u64)
    }
}

/// How a server tells titles apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TitleRule {
    /// Up to 9.5: two titles with one slug clash, within a folder and with every folder of the organisation.
    Slug,
    /// 10.0 to 10.3: two equal titles clash, as above.
    Exact,
    /// 10.4 to 11.2: two equal titles clash within a folder only, whether a dashboard's or a folder's.
    ExactInFolder,
    /// Later: any number of equal titles.
    Free,
}

impl TitleRule {
    /// What of a title this rule compares.
    #[must_use]
    pub fn key(self) -> fn(&str) -> String {
        match self {
            TitleRule::Slug => slug,
            TitleRule::Exact | TitleRule::ExactInFolder | TitleRule::Free => |title| title.trim().to_owned(),
        }
    }
}

impl Server {
    /// The rules of a 12.4 on a new database: what is assumed offline where a rule must be assumed.
    #[must_use]
    pub fn latest() -> Server {
        Server {
            version: "12.4.0".into(),
            resources: Some(Resources {
                namespace: "default".into(),
                dashboards: "v0alpha1".into(),
                folders: "v1beta1".into(),
            }),
            nested_folders: true,
            managed: false,
            makes_general: true,
            titles: TitleRule::Free,
            numbers: Numbers::Float,
            minimum_refresh: Refresh { text: "5s".into(), millis: 5000 },
            minimum_refresh_is_read: false,
            keeps_auto_refresh: true,
            refuses_short_refresh: false,
        }
    }

    /// How dashboards are written through `/apis`, where that was recorded to be faithful and to compare before it
    /// stores: from 12.4 on (facts: `put-compares`, `resource-writes-faithful`, `delete-preconditions`). 12.0 to 12.3
    /// serve the same API and were not recorded.
    #[must_use]
    pub fn written_as_resources(&self) -> Option<&Resources> {
        let number = |part: usize| self.version.split('.').nth(part)?.parse::<u32>().ok();
        let since = (number(0).unwrap_or(0), number(1).unwrap_or(0)) >= (12, 4);
        self.resources.as_ref().filter(|r| since && r.dashboards == "v0alpha1")
    }

    /// The major version, where the server says one; for messages and for what cannot be probed.
    #[must_use]
    pub fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashboards_are_written_as_resources_where_that_was_recorded() {
        let of = |version: &str| Server { version: version.into(), ..Server::latest() };
        for version in ["12.4.0", "12.4.1+security-01", "12.5.0", "13.2.1"] {
            assert!(of(version).written_as_resources().is_some(), "{version}");
        }
        for version in ["12.3.9", "12.0.0", "11.6.1", "", "nonsense"] {
            assert!(of(version).written_as_resources().is_none(), "{version}");
        }
        let classic = Server { resources: None, ..Server::latest() };
        assert!(classic.written_as_resources().is_none());
    }
}
