//! The secrets that data sources refer to and AWS keeps: fetched once a run, and only for what is planned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use super::{Exit, Failure, Session, managed};
use crate::aws::{Aws, AwsError};
use crate::model::{Declared, Kept, Problem, Secret, Spot};
use crate::plan::compare::scope;
use crate::settings::Settings;
use crate::source::Declarations;

/// How many places one refusal of all is shown at.
const PLACES: usize = 10;

/// Why there are no values.
pub enum Failed {
    /// Some cannot be had; each problem says where it stands. With the status that they stand for.
    Here(Vec<Problem>, Exit),
    /// AWS cannot be asked at all.
    Everywhere(Failure),
}

/// Whether anything of the directory is kept in AWS.
#[must_use]
pub fn any(declarations: &Declarations) -> bool {
    declarations.objects.iter().any(|declared| declared.secrets.iter().any(|secret| secret.kept.is_some()))
}

/// Fetches what the planned data sources refer to.
pub async fn fetch(
    declarations: &Declarations,
    settings: &Settings,
    session: &Session<'_>,
) -> Result<BTreeMap<Kept, Secret>, Failed> {
    let scope = scope(&declarations.objects, &settings.rules.targets);
    let wanted: BTreeSet<&Kept> = declarations
        .objects
        .iter()
        .filter(|declared| scope.contains(&declared.address))
        .flat_map(|declared| &declared.secrets)
        .filter_map(|secret| secret.kept.as_ref())
        .collect();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let aws = managed::aws(settings, session).await.map_err(Failed::Everywhere)?;
    let (mut values, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for (kept, value) in ask(&aws, &wanted).await {
        match value {
            Ok(value) => drop(values.insert(kept.clone(), value)),
            Err(why) => drop(refused.insert(kept, why)),
        }
    }
    let Some(exit) = status(refused.values()) else { return Ok(values) };
    let planned: Vec<_> =
        declarations.objects.iter().filter(|declared| scope.contains(&declared.address)).collect();
    Err(Failed::Here(problems(declarations, &planned, &refused), exit))
}

/// Fetches what a plan refers to that holds its bodies itself.
pub async fn fetch_all(
    wanted: &BTreeSet<Kept>,
    settings: &Settings,
    session: &Session<'_>,
) -> Result<BTreeMap<Kept, Secret>, Failure> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let aws = managed::aws(settings, session).await?;
    let mut values = BTreeMap::new();
    for (kept, value) in ask(&aws, &wanted.iter().collect()).await {
        let value = value.map_err(|why| {
            let failure = Failure::new(why.exit, format!("{kept}: {}", why.message));
            why.hint.into_iter().fold(failure, Failure::hint)
        })?;
        values.insert(kept.clone(), value);
    }
    Ok(values)
}

/// The status of several refusals, in the order of the table in `docs/reference.md`: what the directory names and is not there, what
/// may not be read, everything else.
pub fn status<'a>(refused: impl Iterator<Item = &'a Why>) -> Option<Exit> {
    const ORDER: [Exit; 3] = [Exit::Faults, Exit::Auth, Exit::Error];
    refused.map(|why| why.exit).min_by_key(|exit| ORDER.iter().position(|e| e == exit))
}

/// One problem for each value that cannot be had; one for all where AWS refuses all for the same reason.
fn problems(declarations: &Declarations, planned: &[&Declared], refused: &BTreeMap<&Kept, Why>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut together: BTreeMap<&Why, Vec<(&Kept, Spot)>> = BTreeMap::new();
    for (declared, secret) in planned.iter().flat_map(|declared| declared.secrets.iter().map(|s| (*declared, s))) {
        let Some((kept, why)) = secret.kept.as_ref().and_then(|kept| refused.get_key_value(kept)) else { continue };
        let spot = declarations.locate(declared, &format!("/secureJsonData/{}", escaped(&secret.key)));
        if why.of_all {
            together.entry(why).or_default().push((kept, spot));
        } else {
            let problem = Problem::error("secret-not-fetched", format!("{kept}: {}", why.message)).spot(spot);
            problems.push(why.helped(problem));
        }
    }
    for (why, places) in together {
        let names: BTreeSet<&Kept> = places.iter().map(|(kept, _)| *kept).collect();
        let message = match names.len() {
            1 => format!("{}: {}", places[0].0, why.message),
            n => format!("{n} secrets could not be read: {}", why.message),
        };
        let mut problem = Problem::error("secret-not-fetched", message);
        let more = places.len().saturating_sub(PLACES);
        for (kept, mut spot) in places.into_iter().take(PLACES) {
            spot.label = kept.to_string();
            problem = problem.spot(spot);
        }
        if more > 0 {
            problem = problem.note(format!("and at {more} more places"));
        }
        problems.push(why.helped(problem));
    }
    problems
}

/// A key as a part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Why a value cannot be had.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// What happened; never with a value in it.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Whether nothing else could be had either.
    of_all: bool,
    /// The status that it stands for.
    exit: Exit,
}

impl Why {
    /// What the directory names is not there, or is not what it has to be.
    pub fn fault(message: impl Into<String>) -> Why {
        Why { message: message.into(), hint: None, of_all: false, exit: Exit::Faults }
    }

    fn helped(&self, problem: Problem) -> Problem {
        match &self.hint {
            Some(hint) => problem.help(hint.clone()),
            None => problem,
        }
    }
}

impl From<&AwsError> for Why {
    fn from(error: &AwsError) -> Why {
        let exit = match error {
            AwsError::NotFound(_) | AwsError::Invalid(_) | AwsError::InDeletion { .. } | AwsError::Bytes(_) => {
                Exit::Faults
            }
            other => managed::status(other),
        };
        let hint = match error {
            AwsError::NotFound(_) => {
                Some("correct the name; what is in another region or account is named by its ARN".into())
            }
            other => other.hint(),
        };
        Why { message: error.to_string(), hint, of_all: !error.is_of_one(), exit }
    }
}

type Answers<'a> = Vec<(&'a Kept, Result<Secret, Why>)>;

/// Asks for everything: current versions and parameters in batches, other versions one by one.
async fn ask<'a>(aws: &Aws, wanted: &BTreeSet<&'a Kept>) -> Answers<'a> {
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for kept in wanted {
        match kept {
            Kept::Secret { id, stage, .. } if stage.is_empty() => drop(ids.insert(id.clone())),
            Kept::Secret { .. } => {}
            Kept::Parameter(name) => drop(names.insert(name.clone())),
        }
    }
    let ids: Vec<String> = ids.into_iter().collect();
    let names: Vec<String> = names.into_iter().collect();
    let (current, parameters) = tokio::join!(aws.secret_values(&ids), aws.parameters(&names));
    let missing = || Why::fault("it does not exist");
    let mut answers = Vec::new();
    for kept in wanted {
        let answer = match kept {
            Kept::Parameter(name) => match parameters.get(name) {
                Some(Ok(value)) => Ok(value.clone()),
                Some(Err(error)) => Err(error.into()),
                None => Err(missing()),
            },
            Kept::Secret { id, key, stage } if stage.is_empty() => match current.get(id) {
                Some(Ok(secret)) => part(&secret.value, key),
                Some(Err(error)) => Err(error.into()),
                None => Err(missing()),
            },
            Kept::Secret { id, key, stage } => match aws.secret_value(id, Some(stage), None).await {
                Ok(Some(secret)) => part(&secret.value, key),
                Ok(None) => Err(Why::fault(format!("it has no version labelled `{stage}`"))),
                Err(error) => Err((&error).into()),
            },
        };
        answers.push((*kept, answer.and_then(not_empty)));
    }
    answers
}

/// An empty value is never sent: it would erase what the workspace has.
fn not_empty(value: Secret) -> Result<Secret, Why> {
    if !value.expose().trim().is_empty() {
        return Ok(value);
    }
    let hint = "write the value into it, or remove this key from the directory";
    Err(Why { hint: Some(hint.into()), ..Why::fault("its value is empty") })
}

/// The key of a secret's JSON, or all of it. A number is taken as it is written: `1.10` is a version, and 23 digits are
/// a number of an account somewhere. What is wrong is told without a byte of the value.
fn part(value: &Secret, key: &str) -> Result<Secret, Why> {
    if key.is_empty() {
        return Ok(value.clone());
    }
    let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(value.expose()) else {
        return Err(Why::fault("its value is not a JSON object"));
    };
    let Some(raw) = object.get(key) else {
        let keys: Vec<String> = object.keys().map(|k| format!("`{k}`")).collect();
        let hint = format!("the secret's JSON has the keys {}", keys.join(", "));
        return Err(Why { hint: Some(hint), ..Why::fault("there is no such key") });
    };
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => match serde_json::from_str(text) {
            Ok(text) => Ok(Secret::new(text)),
            Err(_) => Err(Why::fault("its value is no text")),
        },
        Some(b'0'..=b'9' | b'-' | b't' | b'f') => Ok(Secret::new(text.to_owned())),
        _ => Err(Why::fault("its value is no text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, key: &str) -> Result<String, String> {
        part(&Secret::new(text.into()), key).map(|s| s.expose().to_owned()).map_err(|why| why.message)
    }

    #[test]
    fn a_part_of_a_secret_is_its_key_or_all_of_it() {
        assert_eq!(of("plain", ""), Ok("plain".into()));
        assert_eq!(of(r#"{"a":"x","n":1}"#, "a"), Ok("x".into()));
        assert_eq!(of(r#"{"a":"x\nü","t":true}"#, "a"), Ok("x\nü".into()));
        assert_eq!(of(r#"{"a":"x","t": true }"#, "t"), Ok("true".into()));
        for text in [r#"{"other":"planted"}"#, "planted", r#"{"a":["planted"]}"#] {
            assert!(!of(text, "a").unwrap_err().contains("planted"));
        }
    }

    #[test]
    fn a_number_keeps_its_spelling() {
        for number in ["1", "1.10", "12345678901234567890123", "1e400", "-0", "1E+2", "0.10000000000000000000001"] {
            assert_eq!(of(&format!(r#"{{ "n" : {number} }}"#), "n"), Ok(number.into()));
        }
    }

    #[test]
    fn the_status_is_the_first_that_applies() {
        let why = |exit| Why { exit, ..Why::fault("x") };
        let of = |all: &[Exit]| status(all.iter().map(|exit| why(*exit)).collect::<Vec<_>>().iter());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[Exit::Error, Exit::Auth]), Some(Exit::Auth));
        assert_eq!(of(&[Exit::Auth, Exit::Faults, Exit::Error]), Some(Exit::Faults));
        let denied = AwsError::Denied {
            action: "secretsmanager:GetSecretValue".into(),
            resource: "x".into(),
            principal: None,
            reason: None,
        };
        for (error, exit) in [
            (denied, Exit::Auth),
            (AwsError::NotFound("x".into()), Exit::Faults),
            (AwsError::Key { action: "kms:Decrypt", of: "x".into(), words: "x".into() }, Exit::Auth),
            (AwsError::Throttled("x".into()), Exit::Error),
        ] {
            assert_eq!(Why::from(&error).exit, exit, "{error}");
        }
    }

    #[test]
    fn an_empty_value_is_refused_whether_it_is_a_part_or_all() {
        for (text, key) in [("", ""), (" \n", ""), (r#"{"a":""}"#, "a"), (r#"{"a":"  "}"#, "a")] {
            let why = part(&Secret::new(text.into()), key).and_then(not_empty).err().unwrap();
            assert_eq!(why.message, "its value is empty");
        }
        assert!(part(&Secret::new("x".into()), "").and_then(not_empty).is_ok());
    }

    #[test]
    fn keys_are_parts_of_pointers() {
        assert_eq!(escaped("a/b~c"), "a~1b~0c");
    }
}
