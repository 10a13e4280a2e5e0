//! The table: whose a secret is, what a run keeps and what it may change, when a token is due, which tokens may go (pure).
//!
//! A [`View`] is what a run has read before it decides; everything that is decided follows from it and from what was
//! asked. [`tokens`] is about service-account tokens, [`keys`] about API keys, which nobody can list. `tests/laws.rs` and
//! `tests/key_laws.rs` hold the table to its promises over random orders of events:
//! - no working token of ours is deleted before its overlap ends, and none of another stack, secret or workspace ever;
//! - the last working token is never deleted without being asked;
//! - rights never grow without being asked, and a secret never changes its workspace without being asked;
//! - a promotion that arrives late never gives readers a token that was deleted;
//! - the next run mends everything else.

pub mod keys;
#[cfg(test)]
mod tests;
pub mod tokens;

use std::collections::BTreeMap;

use super::version::{Format, Version};
use crate::aws::{Account, Role, SecretInfo, TokenInfo};
use crate::model::StackName;

/// The label of the version of a secret that readers get.
pub const CURRENT: &str = "AWSCURRENT";
/// The label of the version that readers got before.
pub const PREVIOUS: &str = "AWSPREVIOUS";
/// The label of a version that is stored and not yet promoted.
pub const PENDING: &str = "AWSPENDING";

/// The tag that says which stack a secret is of.
pub const STACK: &str = "amgctl:stack";
/// The tag that says which workspace a secret is of.
pub const WORKSPACE: &str = "amgctl:workspace";
/// The tag that says how its value looks.
pub const FORMAT: &str = "amgctl:format";

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

/// The labels after a version became the current one.
#[must_use]
pub fn promoted(labels: &Labels, version: &str) -> Labels {
    let before = current(labels).map(str::to_owned);
    let mut labels = labels.clone();
    for of in labels.values_mut() {
        of.retain(|label| label != CURRENT && (label != PREVIOUS || before.is_none()));
    }
    labels.entry(version.to_owned()).or_default().push(CURRENT.to_owned());
    if let Some(before) = before.filter(|before| before != version) {
        labels.entry(before).or_default().push(PREVIOUS.to_owned());
    }
    labels
}

/// Whether a secret was looked for, and what was found.
#[derive(Clone, Copy, Debug)]
pub enum Looked<'a> {
    /// No secret is named.
    No,
    /// There is none of that name.
    Absent,
    /// It is there.
    There(&'a SecretInfo),
}

/// A service account with its tokens.
pub type Holder = (Account, Vec<TokenInfo>);

/// What the value of the current version says, where the version's id does not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Says {
    /// How it looks.
    pub format: Option<Format>,
    /// The workspace's id.
    pub workspace: Option<String>,
    /// The number of the service account.
    pub account: Option<String>,
    /// Whether it was tried and opens this workspace.
    pub opens: bool,
}

/// The clocks of AWS, in seconds since 1970: what is compared was said by the same one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clocks {
    /// When the tokens were listed, by the workspace's.
    pub tokens: i64,
    /// When the secret was described, by Secrets Manager's.
    pub secret: i64,
}

/// What a run has read before it decides. The tokens are read before the secret: one that another run makes and promotes
/// in between is then not known, and not deleted.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The stack.
    pub stack: &'a StackName,
    /// The workspace's id.
    pub workspace: &'a str,
    /// How versions of this secret begin that are ours ([`super::version::mark`]).
    pub mark: &'a str,
    /// The stack's service accounts in this workspace.
    pub holders: &'a [Holder],
    /// The secret.
    pub secret: Looked<'a>,
    /// What the value of its current version says.
    pub says: Option<&'a Says>,
    /// When it was read.
    pub at: Clocks,
}

/// What is asked for by flags.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Asked {
    /// What the token may do.
    pub role: Option<Role>,
    /// How the value looks.
    pub format: Option<Format>,
    /// Whether a secret that is not ours is taken over.
    pub adopt: bool,
}

/// Whose a secret is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// There is none.
    Absent,
    /// This stack's, for this workspace.
    Ours,
    /// It is going to be deleted.
    InDeletion,
    /// Another stack's.
    OtherStack(String),
    /// This stack's, for another workspace.
    OtherWorkspace(String),
    /// This stack's, of an earlier release, and nothing says surely for which workspace; what its description says.
    UnknownWorkspace(Option<String>),
    /// Somebody's, and no stack's.
    Foreign,
}

/// What is known of what readers get.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// The workspace that it opens.
    pub workspace: Option<String>,
    /// What it may do.
    pub role: Option<Role>,
    /// How it looks.
    pub format: Option<Format>,
}

/// What a run makes of the secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// What the token may do.
    pub role: Role,
    /// How the value looks.
    pub format: Format,
    /// What is different from before, each of it asked for.
    pub changes: Vec<Difference>,
}

/// What is different from before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// What the token may do.
    Role(Option<Role>, Role),
    /// How the value looks.
    Format(Option<Format>, Format),
    /// It was not made by amgctl.
    TakenOver,
    /// It was another stack's.
    FromStack(String),
    /// It was for another workspace, where that is known.
    FromWorkspace(Option<String>),
}

/// Why nothing is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is not ours, or not for this workspace.
    NotOurs(Standing),
    /// An ARN names a secret that is not there.
    NoSuchArn,
    /// What the present token may do is not known, and nobody said what the next one may.
    UnknownRole,
}

impl<'a> View<'a> {
    /// The secret, where it is there.
    #[must_use]
    pub fn info(&self) -> Option<&'a SecretInfo> {
        match self.secret {
            Looked::There(info) => Some(info),
            Looked::No | Looked::Absent => None,
        }
    }

    /// The version that readers get.
    #[must_use]
    pub fn current(&self) -> Option<&'a str> {
        current(&self.info()?.stages)
    }

    /// What a version's id says, where it is one of this secret's and says something.
    fn version(&self, id: &str) -> Option<Version> {
        Version::read(id).filter(|version| version.mark == self.mark)
    }

    /// Whether the value of the current version has to be read: its id says nothing.
    #[must_use]
    pub fn needs_value(&self) -> bool {
        self.current().is_some_and(|id| self.version(id).is_none())
    }

    /// What is known of what readers get. What stands in the version's id is true of it; then comes what the workspace
    /// says of its token, what its value says, and last what a tag says, which may be of another version.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let Some(info) = self.info() else { return Facts::default() };
        let tag = |key: &str| info.tags.get(key).filter(|text| !text.is_empty());
        let Some(id) = self.current() else {
            let before = labelled(&info.stages, PREVIOUS).and_then(|id| self.version(id));
            let (role, format) = (before.as_ref().map(|v| v.role), before.as_ref().map(|v| v.format));
            return Facts { workspace: tag(WORKSPACE).cloned(), role, format };
        };
        if let Some(version) = self.version(id) {
            let workspace = if version.opens(self.workspace) { self.workspace.into() } else { version.workspace() };
            return Facts { workspace: Some(workspace), role: Some(version.role), format: Some(version.format) };
        }
        let listed = self.stored().map(|(account, _)| account.role);
        let by_value = || {
            let number = self.says?.account.as_ref()?;
            self.holders.iter().find(|(account, _)| account.id == *number).map(|(account, _)| account.role)
        };
        // Somebody put a value of their own into a secret of ours: what it was before says what it is to be.
        let before = match info.tags.get(STACK).is_some_and(|of| of == self.stack.as_str()) {
            true if !id.starts_with(self.mark) => {
                labelled(&info.stages, PREVIOUS).and_then(|before| self.version(before))
            }
            true | false => None,
        };
        let opened = listed.is_some() || self.says.is_some_and(|says| says.opens);
        let workspace = match opened {
            true => Some(self.workspace.to_owned()),
            false => self.says.and_then(|says| says.workspace.clone()).or_else(|| tag(WORKSPACE).cloned()),
        };
        let before_role = before.as_ref().map(|version| version.role);
        let before_format = before.as_ref().map(|version| version.format);
        Facts {
            workspace,
            role: listed.or_else(by_value).or(before_role),
            format: before_format
                .or_else(|| self.says?.format)
                .or_else(|| tag(FORMAT).and_then(|name| Format::of(name))),
        }
    }

    /// Whose the secret is.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let Some(info) = self.info() else { return Standing::Absent };
        if info.deleted.is_some() {
            return Standing::InDeletion;
        }
        match info.tags.get(STACK) {
            Some(of) if of == self.stack.as_str() => {}
            Some(of) => return Standing::OtherStack(of.clone()),
            None => return Standing::Foreign,
        }
        match self.facts().workspace {
            Some(of) if of == self.workspace => Standing::Ours,
            Some(of) => Standing::OtherWorkspace(of),
            None if self.current().is_none() => Standing::Ours,
            None => Standing::UnknownWorkspace(described(info)),
        }
    }

    /// What is made of the secret, or why nothing is. What exists decides; what is different was asked for.
    pub fn settle(&self, asked: &Asked, due: bool) -> Result<Settled, Refusal> {
        let standing = self.standing();
        let mut changes = Vec::new();
        match &standing {
            Standing::Absent | Standing::Ours => {}
            Standing::InDeletion => return Err(Refusal::NotOurs(standing)),
            _ if !asked.adopt => return Err(Refusal::NotOurs(standing)),
            Standing::Foreign => changes.push(Difference::TakenOver),
            Standing::OtherStack(of) => {
                changes.push(Difference::FromStack(of.clone()));
                let moved = self.facts().workspace.filter(|of| of != self.workspace);
                changes.extend(moved.map(|of| Difference::FromWorkspace(Some(of))));
            }
            Standing::OtherWorkspace(of) => changes.push(Difference::FromWorkspace(Some(of.clone()))),
            Standing::UnknownWorkspace(_) => changes.push(Difference::FromWorkspace(None)),
        }
        let facts = self.facts();
        let stored = self.current().is_some();
        let role = match (asked.role, facts.role) {
            (Some(role), before) => {
                if stored && before != Some(role) && standing != Standing::Foreign {
                    changes.push(Difference::Role(before, role));
                }
                role
            }
            (None, Some(role)) => role,
            // A secret that is new to amgctl gets the role that `--role` has where it is not typed.
            (None, None) if !stored || standing == Standing::Foreign || !due => Role::Admin,
            (None, None) => return Err(Refusal::UnknownRole),
        };
        let before = facts.format.filter(|_| standing != Standing::Foreign);
        let format = asked.format.or(before).unwrap_or(Format::Json);
        if let Some(before) = before
            && before != format
        {
            changes.push(Difference::Format(Some(before), format));
        }
        Ok(Settled { role, format, changes })
    }

    /// The tags that a secret of this stack has.
    #[must_use]
    pub fn tags(&self, format: Format) -> Vec<(String, String)> {
        vec![
            (STACK.to_owned(), self.stack.to_string()),
            (WORKSPACE.to_owned(), self.workspace.to_owned()),
            (FORMAT.to_owned(), format.name().to_owned()),
        ]
    }

    /// Those of these tags that the secret does not have.
    #[must_use]
    pub fn missing(&self, tags: Vec<(String, String)>) -> Vec<(String, String)> {
        let Some(info) = self.info() else { return Vec::new() };
        tags.into_iter().filter(|(key, value)| info.tags.get(key) != Some(value)).collect()
    }
}

/// How much a role allows.
#[must_use]
pub fn rights(role: Role) -> u8 {
    match role {
        Role::Viewer => 0,
        Role::Editor => 1,
        Role::Admin => 2,
    }
}

/// What a secret is for, in the words that it is made with.
#[must_use]
pub fn description(stack: &StackName, workspace: &str) -> String {
    format!("amgctl: token of stack {stack} for workspace {workspace}")
}

/// The workspace that a description names. It is that of the day when the secret was made: earlier releases let
/// another one take it without a word, so it is told and not believed.
fn described(info: &SecretInfo) -> Option<String> {
    let (_, workspace) = info.description.strip_prefix("amgctl: ")?.split_once(" for workspace ")?;
    Some(workspace.to_owned())
}
