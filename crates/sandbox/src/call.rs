//! One call: the request, who sent it, the rules and the state it meets; and what several kinds of object share.

use super::access::{ADMINISTER, EDIT, VIEW, Who};
use super::request::Request;
use super::rules::Rules;
use super::state::{Grant, Grantee, State, now};

/// A request on its way to an answer.
pub(crate) struct Call<'a> {
    /// How this server behaves.
    pub rules: &'a Rules,
    /// What it holds.
    pub state: &'a mut State,
    /// Who asks.
    pub who: Who,
    /// What is asked.
    pub request: &'a Request,
}

impl Call<'_> {
    /// The permissions of something new.
    pub(crate) fn first_grants(&self, at_root: bool) -> Vec<Grant> {
        let since = now();
        let grant = |to, level| Grant { to, level, since: since.clone() };
        let mut grants = Vec::new();
        if self.who.account > 0 && (self.rules.creator_is_admin || !self.who.service) {
            grants.push(grant(Grantee::Account(self.who.account), ADMINISTER));
        }
        if at_root {
            grants.push(grant(Grantee::Role("Editor".to_owned()), EDIT));
            grants.push(grant(Grantee::Role("Viewer".to_owned()), VIEW));
        }
        grants
    }
}

/// What is wrong with a uid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum UidFault {
    /// It has letters that it may not have.
    Letters,
    /// It has more than 40 of them.
    Long,
}

impl UidFault {
    /// What the servers say of it.
    pub(crate) fn told(self) -> &'static str {
        match self {
            UidFault::Letters => "uid contains illegal characters",
            UidFault::Long => "uid too long, max 40 characters",
        }
    }
}

/// What is wrong with a uid, if something is; the empty one is right, because the server then makes one.
pub(crate) fn uid_fault(uid: &str) -> Option<UidFault> {
    if uid.bytes().any(|b| !b.is_ascii_alphanumeric() && b != b'-' && b != b'_') {
        return Some(UidFault::Letters);
    }
    (uid.len() > 40).then_some(UidFault::Long)
}
