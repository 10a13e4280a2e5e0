//! When a stored API key is due, what the next one is called, and which keys may go (pure).
//!
//! AWS has no call that lists keys, so a key is named after the version of the secret that holds it, and a version after
//! the one that was current before: what a run that was cut off may have made has a name that the next run knows. A name
//! is taken by whoever makes the key first. Nobody else deletes a key of that name to make its own: the other run may be
//! alive. It takes the next name of the chain instead, and what it passed by is written down in the secret before it
//! promotes, to be deleted when its overlap is over.

use std::iter::successors;

use super::tokens::{Due, is_another};
use super::{Asked, Looked, PENDING, Standing, View, labelled};
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

impl Waiting {
    /// What may go and what waits once a new key is the current one: it supersedes these. All may go at once where there is
    /// no overlap, because nobody can promote them any more, and where there was no secret, because no reader ever had one.
    ///
    /// Its own name may be among them: an earlier run found it taken and wrote it down, and it has become free since.
    #[must_use]
    pub fn renewed(mut self, by: &str, superseded: Vec<String>, at_once: bool) -> Waiting {
        self.old.retain(|name| name != by);
        self.later = superseded;
        self.later.retain(|name| name != by && !self.old.contains(name));
        if at_once {
            self.old.append(&mut self.later);
        }
        self
    }
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

    /// Why a key is to be made and stored, if it is: it runs out, or another one is asked for.
    #[must_use]
    pub fn key_renewal(&self, renew_before: i64, asked: &Asked) -> Option<Due> {
        self.key_due(renew_before).or_else(|| is_another(self, asked).then_some(Due::Change))
    }

    /// Whether it has to be tried whether the key that readers get still opens the workspace, because nothing else says that
    /// it is to be renewed. Whose it is comes first: a key of another workspace is not sent to this one.
    #[must_use]
    pub fn asks_whether_the_key_works(&self, due: Option<&Due>) -> bool {
        due.is_none() && self.standing() == Standing::Ours
    }

    /// What names the keys that go, as far as that is known beforehand.
    #[must_use]
    pub fn keys_to_go(&self, due: Option<&Due>, overlap: i64) -> Vec<String> {
        let Waiting { old: mut gone, later } = self.waiting_keys(overlap);
        if due.is_some() && overlap == 0 {
            gone.extend(later.into_iter().chain(self.left_keys()).chain(self.current_key()));
        }
        gone
    }

    /// What names the keys that are still to be deleted, without those that were: by the tag as it is now, to which a run
    /// beside this one may have added, also the key that readers get, which it is about to supersede.
    #[must_use]
    pub fn still_waiting(&self, deleted: &[String]) -> Vec<String> {
        let named = self.info().map(waiting).unwrap_or_default().into_iter();
        let named = named.filter(|name| name.starts_with(self.mark) && name.is_ascii()).map(str::to_owned);
        named.filter(|name| !deleted.contains(name)).collect()
    }

    /// What names the keys that a new one supersedes, with those whose names were taken already. It is written down before
    /// the new one is promoted: what is not written down is known to nobody afterwards.
    #[must_use]
    pub fn superseded_keys(&self, overlap: i64, taken: &[String]) -> Vec<String> {
        let Waiting { mut old, later } = self.waiting_keys(overlap);
        old.extend(
            later.into_iter().chain(self.left_keys()).chain(taken.iter().cloned()).chain(self.current_key()),
        );
        old
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
