//! A secret of Secrets Manager: its versions, and the labels that say which of them readers get.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answers::Exception;

/// The label of what readers get.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The label of what readers got before.
const PREVIOUS: &str = "AWSPREVIOUS";
/// How many labels one version has at most.
const LABELS: usize = 20;
/// How many versions without a label are kept once they are a day old, and how many there may be before that.
const UNLABELLED: usize = 100;
const DAY: i64 = 86_400;

/// A secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    /// Its ARN, with the six characters that AWS adds.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The key that it is encrypted with, if it is not AWS's own.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// When it was last changed.
    pub changed: i64,
    /// When it was marked for deletion, and when it goes.
    pub deleted: Option<(i64, i64)>,
    /// Its versions by their ids.
    pub versions: BTreeMap<String, Version>,
}

/// One value of a secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    /// The value.
    pub value: Content,
    /// Its labels.
    pub stages: Vec<String>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
}

/// A text, or bytes in base 64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content {
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(String),
}

impl Version {
    /// Whether it has a label.
    pub(super) fn has(&self, stage: &str) -> bool {
        self.stages.iter().any(|s| s == stage)
    }
}

impl Stored {
    /// The id of the version that has a label.
    pub(super) fn labelled(&self, stage: &str) -> Option<&str> {
        self.versions.iter().find(|(_, version)| version.has(stage)).map(|(id, _)| id.as_str())
    }

    /// Adds a version with its labels, and lets go of old ones that nobody can ask for by a label.
    ///
    /// Fails when there are too many that are younger than a day; nothing is changed then.
    pub(super) fn add(&mut self, id: String, value: Content, stages: &[String], now: i64) -> Result<(), Exception> {
        let unlabelled = |version: &Version| version.stages.is_empty();
        let mut old: Vec<(i64, String)> = self
            .versions
            .iter()
            .filter(|(_, version)| unlabelled(version))
            .map(|(id, version)| (version.created, id.clone()))
            .collect();
        old.sort();
        let above = old.len().saturating_sub(UNLABELLED - 1);
        if old.iter().take(above).any(|(created, _)| created + DAY > now) {
            let told = "You have too many versions of the secret; those younger than 24 hours are not removed.";
            return Err(Exception::new(400, "LimitExceededException", told));
        }
        for (_, id) in old.into_iter().take(above) {
            self.versions.remove(&id);
        }
        self.versions.insert(id.clone(), Version { value, stages: Vec::new(), created: now });
        for stage in stages {
            self.label(stage, Some(&id))?;
        }
        self.changed = now;
        Ok(())
    }

    /// Gives a label to a version, or to none, which takes it from the one that has it; what was current becomes the
    /// previous one.
    pub(super) fn label(&mut self, stage: &str, to: Option<&str>) -> Result<(), Exception> {
        let from = self.labelled(stage).map(str::to_owned);
        if from.as_deref() == to {
            return Ok(());
        }
        let full = to.and_then(|to| self.versions.get(to)).is_some_and(|version| version.stages.len() >= LABELS);
        if full {
            let told = "A version of a secret can have at most 20 staging labels.";
            return Err(Exception::new(400, "LimitExceededException", told));
        }
        for version in self.versions.values_mut() {
            version.stages.retain(|s| s != stage);
        }
        if let Some(version) = to.and_then(|to| self.versions.get_mut(to)) {
            version.stages.push(stage.to_owned());
        }
        match from {
            Some(from) if stage == CURRENT => self.label(PREVIOUS, Some(&from)),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Stored {
        let (name, none) = ("a".to_owned(), String::new());
        let (tags, versions) = (BTreeMap::new(), BTreeMap::new());
        let arn = none.clone();
        Stored {
            arn,
            name,
            description: none,
            kms_key: None,
            tags,
            created: 0,
            changed: 0,
            deleted: None,
            versions,
        }
    }

    fn add(secret: &mut Stored, id: &str, stages: &[&str], now: i64) -> Result<(), Exception> {
        let stages: Vec<String> = stages.iter().map(|s| (*s).to_owned()).collect();
        secret.add(id.to_owned(), Content::Text(id.to_owned()), &stages, now)
    }

    fn labels(secret: &Stored) -> String {
        let of = |(id, v): (&String, &Version)| format!("{id}: {}", v.stages.join(" "));
        secret.versions.iter().map(of).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_label_of_what_is_current_drags_that_of_what_was() {
        let mut secret = secret();
        add(&mut secret, "1", &[CURRENT], 0).unwrap();
        add(&mut secret, "2", &["AWSPENDING"], 0).unwrap();
        assert_eq!(labels(&secret), "1: AWSCURRENT\n2: AWSPENDING");
        secret.label(CURRENT, Some("2")).unwrap();
        assert_eq!(labels(&secret), "1: AWSPREVIOUS\n2: AWSPENDING AWSCURRENT");
        secret.label(CURRENT, Some("1")).unwrap();
        assert_eq!(labels(&secret), "1: AWSCURRENT\n2: AWSPENDING AWSPREVIOUS");
        secret.label("AWSPENDING", None).unwrap();
        assert_eq!(labels(&secret), "1: AWSCURRENT\n2: AWSPREVIOUS");
        add(&mut secret, "3", &[CURRENT], 0).unwrap();
        assert_eq!(labels(&secret), "1: AWSPREVIOUS\n2: \n3: AWSCURRENT");
    }

    #[test]
    fn a_version_has_twenty_labels_at_most() {
        let mut secret = secret();
        let stages: Vec<String> = (0..20).map(|n| format!("s{n}")).collect();
        add(&mut secret, "1", &stages.iter().map(String::as_str).collect::<Vec<_>>(), 0).unwrap();
        assert_eq!(secret.label("one-more", Some("1")).unwrap_err().code, "LimitExceededException");
    }

    #[test]
    fn versions_without_labels_go_when_they_are_old_and_are_too_many_before() {
        let mut secret = secret();
        let id = |n: i64| format!("{n:03}");
        // The last two have labels; a hundred have none.
        for n in 0..102 {
            add(&mut secret, &id(n), &[CURRENT], n).unwrap();
        }
        assert_eq!(secret.versions.len(), 102);
        let refused = add(&mut secret, "200", &[CURRENT], DAY - 1).unwrap_err();
        assert_eq!((refused.code, secret.versions.len()), ("LimitExceededException", 102));
        add(&mut secret, "200", &[CURRENT], DAY).unwrap();
        assert_eq!(secret.versions.len(), 102);
        assert_eq!(secret.versions.keys().next().unwrap(), "001");
    }
}
