//! When a stored token is due, and which tokens may go (pure).
//!
//! The order of doing is always the same: list the tokens, describe the secret, make, verify, store, promote, and delete
//! last. A promotion names the version that was current when its run looked. Three things follow, and the table rests on
//! them:
//! - **What was ever current is not known.** Secrets Manager keeps no history of labels, and people move them. So a
//!   token that is not current counts as superseded, whatever its labels say, and stays for the overlap.
//! - **When it was superseded is not known either**, but no label moved after the secret was last changed: the overlap
//!   counts from there.
//! - **A promotion may still be on its way**, of a run that was killed, or sleeps. It names the version that was current
//!   before its token was made. It fails for good where the token that is current now was made after: so only tokens
//!   older than the current one may go. One that is newer waits for the next rotation.

use super::{Asked, Difference, Looked, Standing, View, rights};
use crate::aws::{Account, TokenInfo};
use crate::identity::names::{Purpose, purpose};
use crate::identity::version::{Access, Version};
use crate::model::StackName;

/// How long a run that stores a token may take.
const UNFINISHED: i64 = 15 * 60;

/// Why a token is to be made and stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Due {
    /// There is no secret, or nothing in it yet.
    First,
    /// What the secret holds was not made by amgctl.
    NotOurs,
    /// The secret holds what opens another workspace.
    Elsewhere,
    /// The secret holds an API key, or a token where a key is wanted.
    Access(Access),
    /// The token is gone.
    Gone,
    /// Its service account is disabled.
    Disabled,
    /// The token ran out; seconds since.
    RanOut(i64),
    /// The token has less left than was asked for; seconds.
    Soon(i64),
    /// It is to be another one: what it may do, or how it looks.
    Change,
    /// A run that was cut off left it in doubt.
    Unfinished,
    /// Somebody said so.
    Asked,
}

/// Which token a run wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// One that has more than so many seconds left.
    Lasting(i64),
    /// A new one, whatever the present one has left.
    New,
}

/// A token that may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Surplus<'a> {
    /// Its service account.
    pub account: &'a Account,
    /// The token.
    pub token: &'a TokenInfo,
    /// Why.
    pub why: Why,
}

/// Why a token may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// It ran out; AWS counts it until it is deleted.
    RanOut,
    /// Its successor has been in the secret for long enough.
    Superseded,
    /// The secret has been another workspace's for long enough.
    MovedAway,
    /// It was made for a secret that was never made.
    Unfinished,
}

impl<'a> View<'a> {
    fn tokens(&self) -> impl Iterator<Item = (&'a Account, &'a TokenInfo)> + use<'a> {
        self.holders.iter().flat_map(|(account, tokens)| tokens.iter().map(move |token| (account, token)))
    }

    /// The token that readers of the secret get, if it is one of ours and still there.
    #[must_use]
    pub fn stored(&self) -> Option<(&'a Account, &'a TokenInfo)> {
        let current = self.current()?;
        self.tokens().find(|(_, token)| self.version_of(token).is_some_and(|(version, _)| version == current))
    }

    /// The version of this secret that a token was made for, and the process that made it.
    fn version_of(&self, token: &TokenInfo) -> Option<(String, String)> {
        match purpose(self.stack, &token.name)? {
            Purpose::Stored { version, process } if version.starts_with(self.mark) => Some((version, process)),
            Purpose::Stored { .. } | Purpose::Run => None,
        }
    }

    fn works(&self, account: &Account, token: &TokenInfo) -> bool {
        !account.disabled && token.expires > self.at.tokens
    }

    /// Whether readers of the secret get a token that works.
    #[must_use]
    pub fn reader_is_served(&self) -> bool {
        self.stored().is_some_and(|(account, token)| self.works(account, token))
    }

    /// Whether what was decided to go may still go, seen just before: readers get the version that was looked at or
    /// promoted, and it works. Meanwhile somebody may have moved the label back, or deleted the new token.
    #[must_use]
    pub fn still_holds(&self, expected: Option<&str>) -> bool {
        self.current() == expected && (self.reader_is_served() || self.is_elsewhere())
    }

    /// Whether readers get a token of another workspace.
    fn is_elsewhere(&self) -> bool {
        let current = self.current().and_then(Version::read);
        current.is_some_and(|of| of.mark == self.mark && !of.opens(self.workspace))
    }

    /// The working tokens of this secret that readers do not get.
    #[must_use]
    pub fn kept(&self) -> usize {
        let stored = self.stored().map(|(_, token)| &token.id);
        let of_this =
            self.tokens().filter(|(_, token)| self.version_of(token).is_some() && stored != Some(&token.id));
        of_this.filter(|(account, token)| self.works(account, token)).count()
    }

    /// Why the token is to be renewed, if it is; one with this many seconds left is.
    #[must_use]
    pub fn due(&self, renew_before: i64) -> Option<Due> {
        let Some(current) = self.current() else { return Some(Due::First) };
        if matches!(self.standing(), Standing::OtherStack(_)) {
            return Some(Due::NotOurs);
        }
        let version = Version::read(current).filter(|version| version.mark == self.mark);
        match (self.stored(), version) {
            (Some((_, token)), _) if token.expires <= self.at.tokens => {
                Some(Due::RanOut(self.at.tokens - token.expires))
            }
            (Some((account, _)), _) if account.disabled => Some(Due::Disabled),
            (Some((_, token)), _) if token.expires - self.at.tokens <= renew_before => {
                Some(Due::Soon(token.expires - self.at.tokens))
            }
            (Some(_), _) => None,
            (None, Some(version)) if !version.opens(self.workspace) => Some(Due::Elsewhere),
            (None, Some(version)) if version.access == Access::Key => Some(Due::Access(Access::Key)),
            (None, Some(_)) => Some(Due::Gone),
            (None, None) if current.starts_with(self.mark) => Some(Due::Gone),
            (None, None) => Some(Due::NotOurs),
        }
    }

    /// Why a token is to be made and stored, if it is: it runs out, or another one is asked for.
    #[must_use]
    pub fn renewal(&self, wanted: Wanted, asked: &Asked) -> Option<Due> {
        let (renew_before, new) = match wanted {
            Wanted::Lasting(seconds) => (seconds, None),
            Wanted::New => (0, Some(Due::Asked)),
        };
        self.due(renew_before).or_else(|| is_another(self, asked).then_some(Due::Change)).or(new)
    }

    /// The tokens that a run deletes in the end, each once: where one is due, those that its successor supersedes as well.
    /// `is_gone` says whether a process surely ended.
    #[must_use]
    pub fn tokens_to_go(
        &self,
        due: Option<&Due>,
        overlap: i64,
        is_gone: impl Fn(&str) -> bool,
    ) -> Vec<Surplus<'a>> {
        let mut surplus = self.surplus(overlap);
        if due.is_some() {
            for more in self.superseded_at_once(overlap).into_iter().chain(self.unfinished(is_gone)) {
                if surplus.iter().all(|known| known.token.id != more.token.id) {
                    surplus.push(more);
                }
            }
        }
        surplus
    }

    /// The tokens of this stack that may go, and why; a superseded one stays for so many seconds.
    ///
    /// Tokens of other stacks, secrets and workspaces are never among them, nor the one that readers get, nor one that a
    /// run under way may still promote. Where readers get none that works, every one that does stays.
    #[must_use]
    pub fn surplus(&self, overlap: i64) -> Vec<Surplus<'a>> {
        let stored = self.stored();
        let held = self.tokens().filter(|(_, token)| stored.is_none_or(|(_, stored)| stored.id != token.id));
        held.filter_map(|(account, token)| Some(Surplus { account, token, why: self.why(token, overlap)? }))
            .collect()
    }

    fn why(&self, token: &TokenInfo, overlap: i64) -> Option<Why> {
        let purpose = purpose(self.stack, &token.name)?;
        if token.expires <= self.at.tokens {
            return Some(Why::RanOut);
        }
        let (Purpose::Stored { .. }, Some((version, _))) = (purpose, self.version_of(token)) else { return None };
        let info = self.info().filter(|info| info.deleted.is_none())?;
        let since = info.changed.map_or(i64::MIN, |changed| changed.saturating_add(overlap));
        let settled = since <= self.at.secret;
        if let Some((account, stored)) = self.stored() {
            let fenced = made(token) < made(stored);
            let old = stored.created.saturating_add(overlap) <= self.at.tokens;
            return (self.works(account, stored) && fenced && settled && old).then_some(Why::Superseded);
        }
        // The secret was given to another workspace, which is asked for. A run of this workspace that wants it back
        // looked after that, and is told by the label of its version, or by the age of its token.
        let pending = info.stages.get(&version).is_some_and(|labels| labels.iter().any(|l| l == super::PENDING));
        let old = token.created.saturating_add(overlap.max(UNFINISHED)) <= self.at.tokens;
        (self.is_elsewhere() && settled && old && !pending && info.changed.is_some()).then_some(Why::MovedAway)
    }

    /// The tokens that go once the successor is the current one: all of this secret where there is no overlap, and what
    /// readers had where that ran out.
    #[must_use]
    pub fn superseded_at_once(&self, overlap: i64) -> Vec<Surplus<'a>> {
        let of_this = self.tokens().filter(|(_, token)| self.version_of(token).is_some());
        let why = |token: &TokenInfo| match token.expires <= self.at.tokens {
            true => Some(Why::RanOut),
            false => (overlap == 0).then_some(Why::Superseded),
        };
        of_this.filter_map(|(account, token)| Some(Surplus { account, token, why: why(token)? })).collect()
    }

    /// The tokens that runs made for a secret that none of them came to make. They may go once this run has made it:
    /// whoever still wants to make it fails then.
    ///
    /// That there never was such a secret cannot be proved: somebody may have deleted it. So they are young, and their
    /// process surely ended; one that is older is superseded, and stays for the overlap.
    #[must_use]
    pub fn unfinished(&self, is_gone: impl Fn(&str) -> bool) -> Vec<Surplus<'a>> {
        if !matches!(self.secret, Looked::Absent) {
            return Vec::new();
        }
        let left = |token: &TokenInfo| {
            let young = token.created.saturating_add(UNFINISHED) > self.at.tokens;
            let works = token.expires > self.at.tokens;
            works && young && self.version_of(token).is_some_and(|(_, process)| is_gone(&process))
        };
        let left = self.tokens().filter(|(_, token)| left(token));
        left.map(|(account, token)| Surplus { account, token, why: Why::Unfinished }).collect()
    }
}

/// Whether what is asked is another token than the one that is there.
#[must_use]
pub fn is_another(view: &View<'_>, asked: &Asked) -> bool {
    let facts = view.facts();
    let role = asked.role.is_some_and(|role| facts.role != Some(role));
    let format = asked.format.is_some_and(|format| facts.format != Some(format));
    view.current().is_some() && (role || format)
}

/// Whether a change gives readers more than they had.
#[must_use]
pub fn widens(change: &Difference) -> bool {
    match change {
        Difference::Role(before, after) => before.is_none_or(|before| rights(*after) > rights(before)),
        Difference::Format(..)
        | Difference::TakenOver
        | Difference::FromStack(_)
        | Difference::FromWorkspace(_) => false,
    }
}

/// When a token was made, against others of the same second: numbers grow.
fn made(token: &TokenInfo) -> (i64, usize, &str) {
    (token.created, token.id.len(), &token.id)
}

/// The tokens of this stack that ran out by AWS's clock. A run that is under way has none that did.
#[must_use]
pub fn ran_out<'a>(stack: &StackName, tokens: &'a [TokenInfo], now: i64) -> Vec<&'a TokenInfo> {
    tokens.iter().filter(|t| purpose(stack, &t.name).is_some() && t.expires <= now).collect()
}
