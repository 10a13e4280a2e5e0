//! What has to be fetched from AWS, each once a run however often it is referred to, and what came of it.

use std::collections::BTreeMap;

use regex_lite::Regex;

use crate::model::Secret;

/// One thing to fetch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Wanted {
    /// In which region, with which roles.
    pub access: Access,
    /// What.
    pub what: What,
}

/// Where something is read, and as whom.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Access {
    /// The region; that of the run, where none is named.
    pub region: Option<String>,
    /// The roles that are taken on, one after the other.
    pub roles: Vec<Role>,
}

/// A role that is taken on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its owner wants to be told.
    pub external_id: Option<String>,
    /// Tags of the session.
    pub tags: Vec<(String, String)>,
    /// The keys of those that further roles inherit.
    pub passed_on: Vec<String>,
}

/// What is fetched.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum What {
    /// A version of a secret in Secrets Manager.
    Secret {
        /// Its name or ARN.
        id: String,
        /// Which version.
        version: Version,
    },
    /// The tags of a secret, as a JSON object.
    Tags {
        /// Its name or ARN.
        id: String,
    },
    /// A parameter of Systems Manager, decrypted; `NAME:VERSION` for one of its versions.
    Parameter {
        /// Its name.
        name: String,
    },
    /// The current values of all secrets that are chosen so, by name.
    Secrets(Chosen),
    /// The values of all parameters below a path, by name.
    Parameters {
        /// The path.
        path: String,
    },
}

/// Which version of a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Version {
    /// The one with this label.
    Stage(String),
    /// The one of this id.
    Id(String),
}

/// How secrets are chosen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Chosen {
    /// How their names begin.
    pub path: Option<String>,
    /// What is found in their names, as a regular expression.
    pub name: Option<String>,
    /// Their tags.
    pub tags: Vec<(String, String)>,
}

impl Default for Version {
    fn default() -> Version {
        Version::Stage("AWSCURRENT".into())
    }
}

impl Version {
    /// Reads `version`: nothing is what is current, `uuid/ID` an id, everything else a label.
    #[must_use]
    pub fn read(text: &str) -> Version {
        match (text, text.strip_prefix("uuid/")) {
            ("", _) => Version::default(),
            (_, Some(id)) => Version::Id(id.to_owned()),
            (stage, None) => Version::Stage(stage.to_owned()),
        }
    }
}

impl Chosen {
    /// Whether a name is meant, as far as [`Chosen::name`] says.
    #[must_use]
    pub fn means(&self, name: &str) -> bool {
        self.name.as_ref().is_none_or(|regex| Regex::new(regex).is_ok_and(|regex| regex.is_match(name)))
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            What::Secret { id, version: Version::Stage(stage) } if stage == "AWSCURRENT" => {
                write!(f, "secret `{id}`")
            }
            What::Secret { id, version: Version::Stage(stage) } => write!(f, "secret `{id}`, version `{stage}`"),
            What::Secret { id, version: Version::Id(version) } => {
                write!(f, "secret `{id}`, version `uuid/{version}`")
            }
            What::Tags { id } => write!(f, "tags of secret `{id}`"),
            What::Parameter { name } => write!(f, "parameter `{name}`"),
            What::Secrets(Chosen { path: Some(path), .. }) => write!(f, "secrets whose names begin with `{path}`"),
            What::Secrets(Chosen { path: None, .. }) => f.write_str("secrets that are found by name or tags"),
            What::Parameters { path } => write!(f, "parameters below `{path}`"),
        }
    }
}

/// What was fetched.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// One value.
    One(Secret),
    /// Several, by the names that AWS has for them.
    Several(BTreeMap<String, Secret>),
}

/// Why something was not fetched; never with a value in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unfetched {
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What came of everything that was wanted.
pub type Answers = BTreeMap<Wanted, Result<Fetched, Unfetched>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_label_unless_it_says_that_it_is_an_id() {
        for (text, version) in [
            ("", Version::Stage("AWSCURRENT".into())),
            ("AWSPREVIOUS", Version::Stage("AWSPREVIOUS".into())),
            ("v1", Version::Stage("v1".into())),
            ("uuid/0f0e", Version::Id("0f0e".into())),
            ("UUID/0f0e", Version::Stage("UUID/0f0e".into())),
        ] {
            assert_eq!(Version::read(text), version, "{text}");
        }
    }
}
