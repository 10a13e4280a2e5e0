//! When a stored API key is due, what the next one is called, and which keys may go (pure).
//!
//! AWS has no call that lists keys, so a key is named after the version of the secret that holds it, and a version after
//! the one that was current before: what a run that was cut off may have made has a name that the next run knows. A name
//! is taken by whoever makes the key first. Nobody else deletes a key of that name to make its own: the other run may be
//! alive. It takes the next name of the chain instead, and what it passed by is written down in the secret before it
//! promotes, to be deleted when its overlap is over.

use std::iter::successors;

use super::tokens::Due;
use super::{Looked, PENDING, View, labelled};
use crate::aws::{Role, SecretInfo};
use crate::identity::version::{Access, Format, Version};
use crate::model::Digest;

/// The tag that says when an API key ends, where the version's id does not.
pub const EXPIRES: &str = "amgctl:expires";
/// The tag that names the versions whose API keys are still to be deleted, with a space between them.
pub const WAITING: &str = "amgctl:previous";

/// How many names there are after one version.
const LONGEST_CHAIN: usize = 16;
/// How many versions the tag names at most: a tag has 256 characters, a version 32.
const MOST_WAITING: usize = 7;

/// The keys that were superseded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Waiting {
    /// What names those that may be deleted now.
    pub old: Vec<String>,
    /// What names those that are still to be deleted later on.
    pub later: Vec<String>,
}

/// What names the key of a version.
#[must_use]
pub fn part(version: &str) -> String {
    Version::read(version).map_or_else(|| version.to_owned(), |version| version.key())
}

impl View<'_> {
    fn ours(&self) -> Option<&str> {
        self.current().filter(|id| id.starts_with(self.mark))
    }

    /// When the key that readers get ends, in seconds since 1970.
    #[must_use]
    pub fn key_ends(&self) -> Option<i64> {
        let current = self.ours()?;
        match Version::read(current) {
            Some(version) => Some(version.ends),
            // The tag was set before the version was promoted: it tells of it unless the version is one to be deleted.
            None => self.info().filter(|info| !waiting(info).contains(&current)).and_then(|i| moment(i, EXPIRES)),
        }
    }

    /// Why the key is to be renewed, if it is; one with this many seconds left is. Whether it still works is another
    /// question.
    #[must_use]
    pub fn key_due(&self, renew_before: i64) -> Option<Due> {
        let Some(current) = self.current() else { return Some(Due::First) };
        if !current.starts_with(self.mark) {
            return Some(Due::NotOurs);
        }
        if let Some(version) = Version::read(current) {
            if !version.opens(self.workspace) {
                return Some(Due::Elsewhere);
            }
            if version.access == Access::Token {
                return Some(Due::Access(Access::Token));
            }
        }
        match self.key_ends().map(|end| end - self.at.secret) {
            None => Some(Due::Unfinished),
            Some(left) if left <= 0 => Some(Due::RanOut(-left)),
            Some(left) if left <= renew_before => Some(Due::Soon(left)),
            Some(_) => None,
        }
    }

    /// The names after the current version, in the order in which they are tried.
    fn chain(&self) -> Vec<Version> {
        let current = self.current().unwrap_or_default();
        let after = |last: &str| {
            let seed = format!("{}/{current}/{last}", self.workspace);
            let digest = Digest::of_bytes(seed.as_bytes());
            Version::new(self.mark, (Access::Key, Role::Viewer, Format::Json), self.workspace, 0, digest.as_str())
        };
        successors(Some(after("")), |last| Some(after(&last.random))).take(LONGEST_CHAIN).collect()
    }

    /// How many names of the chain earlier runs are known to have used.
    fn used(&self) -> usize {
        let labels = self.info().map(|info| &info.stages);
        let has = |name: &Version| labels.is_some_and(|labels| labels.keys().any(|id| part(id) == name.key()));
        self.chain().iter().rposition(has).map_or(0, |last| last + 1)
    }

    /// The versions that the next key may be stored as, in the order in which they are tried.
    #[must_use]
    pub fn next_keys(&self, role: Role, format: Format, ends: i64) -> Vec<Version> {
        let chain = self.chain().into_iter().skip(self.used());
        let name = |mut name: Version| {
            (name.role, name.format, name.ends) = (role, format, ends);
            name
        };
        chain.map(name).collect()
    }

    /// What names the keys that runs before this one may have made of which readers have none now.
    #[must_use]
    pub fn left_keys(&self) -> Vec<String> {
        let mut left: Vec<String> = self.chain().iter().take(self.used()).map(Version::key).collect();
        let pending = self.info().and_then(|info| labelled(&info.stages, PENDING));
        let pending = pending.filter(|id| id.starts_with(self.mark) && Some(*id) != self.current()).map(part);
        left.extend(pending.filter(|pending| !left.contains(pending)));
        left
    }

    /// What names the key that readers get.
    #[must_use]
    pub fn current_key(&self) -> Option<String> {
        self.ours().map(part)
    }

    /// The keys that were superseded; each stays for so many seconds.
    ///
    /// One whose name comes after the current version may still be promoted by the run that made it, and waits for the
    /// next renewal. One of another workspace is that workspace's.
    #[must_use]
    pub fn waiting_keys(&self, overlap: i64) -> Waiting {
        let Looked::There(info) = self.secret else { return Waiting::default() };
        let current = self.current_key();
        let settled = info.changed.is_some_and(|changed| changed.saturating_add(overlap) <= self.at.secret);
        let chain: Vec<String> = self.chain().iter().map(Version::key).collect();
        let place = chain.first().map(|name| name[self.mark.len()..][..10].to_owned()).unwrap_or_default();
        let here = |name: &str| name.len() != 25 || name[self.mark.len()..].starts_with(&place);
        let named = waiting(info).into_iter().filter(|name| name.starts_with(self.mark) && name.is_ascii());
        let named = named.filter(|name| Some(*name) != current.as_deref()).map(str::to_owned);
        let (old, later) = named.partition(|name| settled && here(name) && !chain.contains(name));
        Waiting { old, later }
    }
}

/// The versions whose API keys are still to be deleted.
#[must_use]
pub fn waiting(info: &SecretInfo) -> Vec<&str> {
    info.tags.get(WAITING).map(|text| text.split(' ').collect()).unwrap_or_default()
}

/// The tag that names keys; no more of them than a tag has room for.
#[must_use]
pub fn tag(names: &[String]) -> (String, String) {
    let mut all: Vec<&str> = Vec::new();
    for name in names {
        if !all.contains(&name.as_str()) {
            all.push(name);
        }
    }
    let rest = all.len().saturating_sub(MOST_WAITING);
    let text = if all.is_empty() { "none".to_owned() } else { all[rest..].join(" ") };
    (WAITING.to_owned(), text)
}

/// A moment that a tag says, in seconds since 1970.
#[must_use]
pub fn moment(info: &SecretInfo, tag: &str) -> Option<i64> {
    info.tags.get(tag)?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}
