//! Deciding what becomes of a stored token: whether it is due, and which tokens may go (pure).
//!
//! The order of doing is always the same: make, verify, store, promote, and delete the one before last of all.

use std::collections::BTreeMap;

use super::names::{Purpose, purpose};
use crate::aws::TokenInfo;
use crate::model::{Digest, StackName};

/// The label of the version of a secret that readers get.
pub const CURRENT: &str = "AWSCURRENT";
/// The label of a version that is stored and not yet promoted.
pub const PENDING: &str = "AWSPENDING";
/// How long a token of somebody's unfinished run is left alone: longer than a run that stores one takes.
const UNFINISHED: i64 = 15 * 60;

/// The labels of a secret's versions, as AWS describes them.
pub type Labels = BTreeMap<String, Vec<String>>;

/// The version that readers get.
#[must_use]
pub fn current(labels: &Labels) -> Option<&str> {
    labelled(labels, CURRENT)
}

/// The version that has a label.
#[must_use]
pub fn labelled<'a>(labels: &'a Labels, label: &str) -> Option<&'a str> {
    labels.iter().find(|(_, of)| of.iter().any(|l| l == label)).map(|(version, _)| version.as_str())
}

/// How the versions of a secret begin that we make: two secrets of one stack do not take each other's tokens away.
#[must_use]
pub fn mark(region: &str, secret: &str) -> String {
    let digest = Digest::of_bytes(format!("{region}/{secret}").as_bytes());
    digest.as_str().chars().take(8).collect()
}

/// A new version of a secret: also what makes storing it twice the same as storing it once.
#[must_use]
pub fn version(mark: &str, random: &str) -> String {
    format!("{mark}{}", random.get(..24).unwrap_or(random))
}

/// Why a token is to be made and stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Due {
    /// There is no secret, or nothing in it yet.
    First,
    /// What the secret holds is no token of this stack's account.
    NotOurs,
    /// The token is gone.
    Gone,
    /// The token ran out; seconds since.
    RanOut(i64),
    /// The token has less left than was asked for; seconds.
    Soon(i64),
    /// The secret is to look otherwise.
    Format,
    /// Somebody said so.
    Asked,
}

/// What is known of a stored token.
#[derive(Clone, Copy, Debug)]
pub struct Holding<'a, 't> {
    /// The stack.
    pub stack: &'a StackName,
    /// The tokens of its account.
    pub tokens: &'t [TokenInfo],
    /// How versions begin that hold a token of ours ([`mark`]).
    pub mark: &'a str,
    /// The labels of the secret's versions; none when no secret was looked for.
    pub labels: Option<&'a Labels>,
    /// AWS's clock, in seconds since 1970.
    pub now: i64,
}

impl<'t> Holding<'_, 't> {
    /// The token that readers of the secret get, if it is one of ours and still there.
    #[must_use]
    pub fn stored(&self) -> Option<&'t TokenInfo> {
        let current = self.labels.and_then(current)?;
        self.tokens.iter().find(|t| self.version(t).is_some_and(|(version, _)| version == current))
    }

    /// The version of this secret that a token was made for, and the process that made it.
    fn version(&self, token: &TokenInfo) -> Option<(String, String)> {
        match purpose(self.stack, &token.name)? {
            Purpose::Stored { version, process } if version.starts_with(self.mark) => Some((version, process)),
            Purpose::Stored { .. } | Purpose::Run => None,
        }
    }

    /// Why the token is to be renewed, if it is; one with this many seconds left is.
    #[must_use]
    pub fn due(&self, renew_before: i64) -> Option<Due> {
        let Some(current) = self.labels.and_then(current) else { return Some(Due::First) };
        match self.stored() {
            Some(token) if token.expires <= self.now => Some(Due::RanOut(self.now - token.expires)),
            Some(token) if token.expires - self.now <= renew_before => Some(Due::Soon(token.expires - self.now)),
            Some(_) => None,
            None if current.starts_with(self.mark) => Some(Due::Gone),
            None => Some(Due::NotOurs),
        }
    }

    /// The tokens of this stack that may go, and why; a superseded one stays for so many seconds.
    ///
    /// Says whether the process of a name is surely gone. Tokens of other stacks and other secrets, of runs that may be
    /// under way, and the one that readers get are never among them.
    #[must_use]
    pub fn surplus(&self, overlap: i64, is_gone: impl Fn(&str) -> bool) -> Vec<Surplus<'t>> {
        let stored = self.stored();
        let why = |token: &'t TokenInfo| {
            let ours = purpose(self.stack, &token.name)?;
            let is_stored = stored.is_some_and(|s| s.id == token.id);
            if is_stored {
                return None;
            }
            if token.expires <= self.now {
                return Some(Why::RanOut);
            }
            let Purpose::Stored { process, .. } = ours else { return None };
            self.version(token)?;
            let before = stored.filter(|stored| made(token) < made(stored));
            match before {
                Some(stored) => (stored.created + overlap <= self.now).then_some(Why::Superseded),
                None => {
                    let old = token.created + UNFINISHED <= self.now;
                    // Where no secret was looked for, nothing is known of what it is used for.
                    (self.labels.is_some() && (old || is_gone(&process))).then_some(Why::Unfinished)
                }
            }
        };
        self.tokens.iter().filter_map(|token| Some(Surplus { token, why: why(token)? })).collect()
    }
}

/// When a token was made, against others of the same second: numbers grow.
fn made(token: &TokenInfo) -> (i64, usize, &str) {
    (token.created, token.id.len(), &token.id)
}

/// A token that may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Surplus<'a> {
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
    /// It was made for a secret that never got it.
    Unfinished,
}

/// The tokens of this stack that ran out by AWS's clock. A run that is under way has none that did.
#[must_use]
pub fn ran_out<'a>(stack: &StackName, tokens: &'a [TokenInfo], now: i64) -> Vec<&'a TokenInfo> {
    tokens.iter().filter(|t| purpose(stack, &t.name).is_some() && t.expires <= now).collect()
}

#[cfg(test)]
mod tests {
    use super::super::names::{run_token, stored_token};
    use super::*;

    const NOW: i64 = 1_795_511_700;
    const HOUR: i64 = 3600;

    fn shop() -> StackName {
        StackName::parse("shop").unwrap()
    }

    fn token(id: &str, name: String, created: i64, expires: i64) -> TokenInfo {
        TokenInfo { id: id.into(), name, created, expires, last_used: None }
    }

    fn stored(id: &str, secret: &str, created: i64, expires: i64) -> TokenInfo {
        let version = version(&mark("eu-west-1", secret), &format!("{id}{}", "0".repeat(24)));
        token(id, stored_token(&shop(), created, &version, "me.1.1"), created, expires)
    }

    fn labels(of: &[(&TokenInfo, &str)]) -> Labels {
        of.iter()
            .map(|(token, label)| match purpose(&shop(), &token.name) {
                Some(Purpose::Stored { version, .. }) => (version, vec![(*label).to_owned()]),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn surplus(tokens: &[TokenInfo], labels: Option<&Labels>, gone: bool) -> Vec<(String, Why)> {
        let mark = mark("eu-west-1", "s");
        let holding = Holding { stack: &shop(), tokens, mark: &mark, labels, now: NOW };
        holding.surplus(HOUR, |_| gone).into_iter().map(|s| (s.token.id.clone(), s.why)).collect()
    }

    fn due(tokens: &[TokenInfo], labels: Option<&Labels>) -> Option<Due> {
        let mark = mark("eu-west-1", "s");
        Holding { stack: &shop(), tokens, mark: &mark, labels, now: NOW }.due(7 * 24 * HOUR)
    }

    #[test]
    fn a_token_is_due_when_it_has_less_left_than_asked_for() {
        let fresh = stored("1", "s", NOW - HOUR, NOW + 29 * 24 * HOUR);
        let of = labels(&[(&fresh, CURRENT)]);
        assert_eq!(due(std::slice::from_ref(&fresh), Some(&of)), None);
        assert_eq!(due(&[], None), Some(Due::First));
        assert_eq!(due(&[], Some(&Labels::new())), Some(Due::First));
        assert_eq!(due(&[], Some(&of)), Some(Due::Gone));
        let soon = TokenInfo { expires: NOW + HOUR, ..fresh.clone() };
        assert_eq!(due(&[soon], Some(&of)), Some(Due::Soon(HOUR)));
        let over = TokenInfo { expires: NOW, ..fresh.clone() };
        assert_eq!(due(&[over], Some(&of)), Some(Due::RanOut(0)));
        let theirs = Labels::from([("9f8e".into(), vec![CURRENT.into()])]);
        assert_eq!(due(&[fresh], Some(&theirs)), Some(Due::NotOurs));
    }

    #[test]
    fn what_is_in_use_stays() {
        let current = stored("2", "s", NOW - HOUR / 2, NOW + 29 * 24 * HOUR);
        let previous = stored("1", "s", NOW - 20 * HOUR, NOW + 9 * HOUR);
        let run = token("3", run_token(&shop(), NOW, "abcdefgh"), NOW, NOW + 900);
        let of = labels(&[(&current, CURRENT), (&previous, "AWSPREVIOUS")]);
        assert_eq!(surplus(&[current.clone(), previous.clone(), run], Some(&of), true), []);
        let settled = TokenInfo { created: NOW - HOUR, ..current };
        assert_eq!(surplus(&[settled, previous], Some(&of), true), [("1".into(), Why::Superseded)]);
    }

    #[test]
    fn what_an_ended_run_left_goes_and_what_a_live_one_made_stays() {
        let current = stored("1", "s", NOW - HOUR, NOW + 29 * 24 * HOUR);
        let newer = stored("2", "s", NOW - 10, NOW + 30 * 24 * HOUR);
        let of = labels(&[(&current, CURRENT)]);
        let both = [current.clone(), newer.clone()];
        assert_eq!(surplus(&both, Some(&of), false), []);
        assert_eq!(surplus(&both, Some(&of), true), [("2".into(), Why::Unfinished)]);
        let old = TokenInfo { created: NOW - UNFINISHED, ..newer.clone() };
        assert_eq!(surplus(&[current, old], Some(&of), false), [("2".into(), Why::Unfinished)]);
        assert_eq!(
            surplus(std::slice::from_ref(&newer), None, true),
            [],
            "without a secret nothing is known of its use"
        );
        let gone = [("2".into(), Why::Unfinished)];
        assert_eq!(surplus(&[newer], Some(&Labels::new()), true), gone, "where the secret is gone, it has none");
    }

    #[test]
    fn what_ran_out_goes_and_nobody_elses() {
        let theirs = token("1", "somebody's".into(), NOW - HOUR, NOW - 1);
        let other = stored("2", "another secret", NOW - 40 * 24 * HOUR, NOW + HOUR);
        let over = token("3", run_token(&shop(), NOW - HOUR, "abcdefgh"), NOW - HOUR, NOW);
        let all = [theirs, other, over];
        assert_eq!(surplus(&all, Some(&Labels::new()), true), [("3".into(), Why::RanOut)]);
        let found: Vec<_> = ran_out(&shop(), &all, NOW).into_iter().map(|t| t.id.as_str()).collect();
        assert_eq!(found, ["3"]);
        assert!(ran_out(&shop(), &all, NOW - 1).is_empty());
    }
}
