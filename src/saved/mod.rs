//! Plans in files: what `plan --out` writes, what `apply FILE` and `show FILE` read. Pure.
//!
//! The format is the types: [`SavedPlan`] and what it is made of in [`crate::plan`] and [`crate::model`], published as
//! `schemas/plan-1.json`. It holds no secret: values in differences are concealed when the plan is made, and secrets are
//! keyed fingerprints whose key stands in the record; where there is no record, they are [`Seals`]. What a saved plan still
//! allows once things have moved is decided in [`review`].

pub mod review;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::{Address, Digest, Fingerprint, RecordState, Recorded, Secret, StackName};
use crate::plan::{Plan, Rules};

/// The version of the format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;

/// What is written before a digest: how it was taken.
const SHA256: &str = "sha256:";

/// A plan as a file holds it, with all that it was made from and for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "A saved plan of amgctl")]
pub struct SavedPlan {
    /// The version of this format.
    #[serde(rename = "amgctlPlan")]
    pub format: u32,
    /// The version of amgctl that made it.
    pub tool: String,
    /// The commit that the directory was at, for people: merges change it, so nothing compares it. Empty where nobody
    /// knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit: String,
    /// The workspace that it is for, as it is compared: its URL, or that it is the embedded one.
    pub workspace: String,
    /// Where the directory is kept, as records name it; empty where nobody knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// The directory that it was made from.
    pub directory: SavedDirectory,
    /// What was asked for and allowed when it was made.
    pub asked: Asked,
    /// What the record said of each object that the plan changes: the digest of its entry. Those without an entry are
    /// left out.
    pub recorded: BTreeMap<Address, Digest>,
    /// What tells another value of a secret, where no record keeps the key of fingerprints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seals: Option<Seals>,
    /// The plan.
    pub plan: Plan,
    /// What is written, where the plan is to be applied without its directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bodies: Option<BTreeMap<Address, SavedBody>>,
}

/// What tells whether secrets have the values that they had when the plan was made, without a record.
///
/// One keyed digest for all the secrets of an object together, under a key of this file alone: whoever reads the file can
/// try guesses of them all at once, and can do nothing with the key anywhere else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seals {
    /// The key, as hexadecimal digits: random, of this file alone.
    pub key: String,
    /// The keyed digest of each object that is written and has secrets.
    pub of: BTreeMap<Address, Fingerprint>,
}

/// A body as a plan holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedBody {
    /// Its JSON text; values from elsewhere as they are written, never as they are.
    pub text: String,
    /// How such values are written in it; none where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<SavedSpelling>,
}

/// How values from elsewhere are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SavedSpelling {
    /// `$__env{NAME}` and its like.
    Plain,
    /// These, and `$NAME`, `${NAME}` and `$$` as in Grafana's provisioning files.
    Provisioning,
}

/// The directory of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedDirectory {
    /// Its path as it was typed.
    pub path: String,
    /// The digest of its files.
    pub digest: Digest,
    /// How many objects it declares.
    pub objects: usize,
}

/// What was asked for and allowed when a plan was made: an apply of it allows the same and nothing else.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// What the plan might decide.
    pub rules: Rules,
    /// Whether a stack of another origin is taken over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub take_over: bool,
    /// The stack whose record becomes this stack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_over_stack: Option<StackName>,
    /// Whether references to what is nowhere pass with a warning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lets_references_pass: bool,
}

/// Why a file is no plan that can be used; in words that follow the file's name.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Unreadable {
    /// It ends too soon.
    #[error("is cut off: it ends in line {line}, before the plan does")]
    Cut {
        /// The last line.
        line: usize,
    },
    /// Another version of amgctl wrote it.
    #[error("is a saved plan in format {0}, and this amgctl reads format {FORMAT}")]
    OtherFormat(String),
    /// It is something else.
    #[error("is no saved plan")]
    SomethingElse,
    /// It is one, and somebody changed it.
    #[error("is not a complete saved plan: {0}")]
    Damaged(String),
}

impl SavedPlan {
    /// The file's text: JSON, indented, with a line's end.
    #[must_use]
    pub fn text(&self) -> String {
        // Made of texts, numbers and lists, which JSON can always say.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a file's text.
    pub fn read(text: &str) -> Result<SavedPlan, Unreadable> {
        /// As much of any version as there is to know which it is.
        #[derive(Deserialize)]
        struct Head {
            #[serde(rename = "amgctlPlan")]
            format: Option<serde_json::Value>,
        }
        let head: Head = serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof if !text.trim().is_empty() => Unreadable::Cut { line: error.line() },
            _ => Unreadable::SomethingElse,
        })?;
        match head.format {
            None => return Err(Unreadable::SomethingElse),
            Some(format) if format == FORMAT => {}
            Some(other) => return Err(Unreadable::OtherFormat(other.to_string().chars().take(20).collect())),
        }
        serde_json::from_str(text).map_err(|error| Unreadable::Damaged(error.to_string()))
    }
}

/// The digest of a file as it is shown and given: `sha256:` and 64 digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    format!("{SHA256}{}", Digest::of_bytes(bytes).as_str())
}

/// Reads a digest as it was typed; errors in words.
pub fn parse_digest(text: &str) -> Result<String, String> {
    let digits = text.trim().strip_prefix(SHA256).ok_or("it is written sha256: and 64 hexadecimal digits")?;
    match digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(format!("{SHA256}{}", digits.to_ascii_lowercase())),
        false => Err("it is written sha256: and 64 hexadecimal digits".into()),
    }
}

/// What a record says of the objects that a plan is about, as digests of their entries.
#[must_use]
pub fn recorded(plan: &Plan, objects: &BTreeMap<Address, Recorded>) -> BTreeMap<Address, Digest> {
    let entry = |address: &Address| Some((address.clone(), entry(objects.get(address)?)));
    plan.changes().filter_map(|change| entry(&change.address)).collect()
}

/// The digest of what a record says of one object.
#[must_use]
pub fn entry(recorded: &Recorded) -> Digest {
    Digest::of_value(&serde_json::to_value(recorded).unwrap_or_default())
}

/// The keyed digest of all the secrets of one object; none where it has none.
#[must_use]
pub fn seal(key: &str, address: &Address, secrets: &[(String, Secret)]) -> Option<Fingerprint> {
    let values: BTreeMap<&str, &str> =
        secrets.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    // Texts by texts, which JSON can always say, and each in one way.
    let all = Secret::new(serde_json::to_string(&values).unwrap_or_default());
    (!values.is_empty()).then(|| Fingerprint::of(key, address, "saved", &all))
}

/// Takes out of a plan what nobody can compare: fingerprints under a key that is not kept, because the stack has no record
/// yet or it could not be read.
pub fn without_lost_fingerprints(plan: &mut Plan) {
    if matches!(plan.record, RecordState::There(_)) {
        return;
    }
    for intent in plan.stages.iter_mut().flatten().filter_map(|change| change.intent.as_mut()) {
        intent.fingerprints.clear();
        intent.elsewhere.clear();
    }
}

/// The JSON Schema of the format, as `schemas/plan-1.json` has it.
#[must_use]
pub fn schema() -> String {
    let schema = schemars::schema_for!(SavedPlan);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
