//! The secrets that data sources refer to and AWS keeps: fetched once a run, and only for what is planned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Failure, Session, managed};
use crate::aws::{Aws, AwsError};
use crate::model::{Address, Declared, Kept, KindName, Problem, Secret, Target};
use crate::settings::Settings;
use crate::source::Declarations;

/// Why there are no values.
pub enum Failed {
    /// Some cannot be had; each problem says where it stands.
    Here(Vec<Problem>),
    /// AWS cannot be asked at all.
    Everywhere(Failure),
}

/// Whether anything of the directory is kept in AWS.
#[must_use]
pub fn any(declarations: &Declarations) -> bool {
    declarations.objects.iter().any(|declared| declared.secrets.iter().any(|secret| secret.kept.is_some()))
}

/// What is planned: everything, or the targets and the data sources that they need.
#[must_use]
pub fn scope<'a>(declarations: &'a Declarations, targets: &BTreeSet<Address>) -> BTreeSet<&'a Address> {
    let all = declarations.objects.iter();
    if targets.is_empty() {
        return all.map(|declared| &declared.address).collect();
    }
    let needed: BTreeSet<&str> = declarations
        .objects
        .iter()
        .filter(|declared| targets.contains(&declared.address))
        .flat_map(|declared| &declared.references)
        .filter_map(|reference| match &reference.to {
            Target::Datasource(name) => Some(name.as_str()),
            Target::Folder(_) | Target::LibraryPanel(_) => None,
        })
        .collect();
    all.map(|declared| &declared.address)
        .filter(|a| targets.contains(a) || a.kind == KindName::DATASOURCE && needed.contains(a.uid.as_str()))
        .collect()
}

/// Fetches what the planned data sources refer to.
pub async fn fetch(
    declarations: &Declarations,
    settings: &Settings,
    session: &Session<'_>,
) -> Result<BTreeMap<Kept, Secret>, Failed> {
    let scope = scope(declarations, &settings.rules.targets);
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
    for (kept, value) in ask(&aws, &wanted).await.map_err(|e| Failed::Everywhere(managed::failure(&e)))? {
        match value {
            Ok(value) => drop(values.insert(kept.clone(), value)),
            Err(why) => drop(refused.insert(kept, why)),
        }
    }
    let planned = declarations.objects.iter().filter(|declared| scope.contains(&declared.address));
    let problems: Vec<Problem> = planned.flat_map(|d| problems(declarations, d, &refused)).collect();
    if problems.is_empty() { Ok(values) } else { Err(Failed::Here(problems)) }
}

fn problems(declarations: &Declarations, declared: &Declared, refused: &BTreeMap<&Kept, Why>) -> Vec<Problem> {
    declared
        .secrets
        .iter()
        .filter_map(|secret| {
            let kept = secret.kept.as_ref()?;
            let why = refused.get(kept)?;
            let spot = declarations.locate(declared, &format!("/secureJsonData/{}", escaped(&secret.key)));
            let problem = Problem::error("secret-not-fetched", format!("{kept}: {}", why.message)).spot(spot);
            Some(match &why.hint {
                Some(hint) => problem.help(hint.clone()),
                None => problem,
            })
        })
        .collect()
}

/// A key as a part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

struct Why {
    message: String,
    hint: Option<String>,
}

impl From<&AwsError> for Why {
    fn from(error: &AwsError) -> Why {
        Why { message: error.to_string(), hint: error.hint() }
    }
}

type Answers<'a> = Vec<(&'a Kept, Result<Secret, Why>)>;

/// Asks for everything: current versions and parameters in batches, other versions one by one.
async fn ask<'a>(aws: &Aws, wanted: &BTreeSet<&'a Kept>) -> Result<Answers<'a>, AwsError> {
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
    let (current, parameters) = tokio::try_join!(
        async { if ids.is_empty() { Ok(BTreeMap::new()) } else { aws.secret_values(&ids).await } },
        async { if names.is_empty() { Ok(BTreeMap::new()) } else { aws.parameters(&names).await } },
    )?;
    let missing = || Why { message: "it does not exist".into(), hint: None };
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
                Ok(None) => Err(Why { message: format!("it has no version labelled `{stage}`"), hint: None }),
                Err(error) => Err((&error).into()),
            },
        };
        answers.push((*kept, answer));
    }
    Ok(answers)
}

/// The key of a secret's JSON, or all of it. What is wrong is told without a byte of the value.
fn part(value: &Secret, key: &str) -> Result<Secret, Why> {
    let why = |message: String| Why { message, hint: None };
    if key.is_empty() {
        return Ok(value.clone());
    }
    let Ok(Value::Object(object)) = serde_json::from_str(value.expose()) else {
        return Err(why("its value is no JSON object".into()));
    };
    match object.get(key) {
        Some(Value::String(text)) => Ok(Secret::new(text.clone())),
        Some(Value::Number(number)) => Ok(Secret::new(number.to_string())),
        Some(Value::Bool(flag)) => Ok(Secret::new(flag.to_string())),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => Err(why("its value is no text".into())),
        None => {
            let keys: Vec<String> = object.keys().map(|k| format!("`{k}`")).collect();
            let hint = format!("the secret's JSON has the keys {}", keys.join(", "));
            Err(Why { message: "there is no such key".into(), hint: Some(hint) })
        }
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
        assert_eq!(of(r#"{"a":"x","n":1}"#, "n"), Ok("1".into()));
        for text in [r#"{"other":"planted"}"#, "planted", r#"{"a":["planted"]}"#] {
            assert!(!of(text, "a").unwrap_err().contains("planted"));
        }
    }

    #[test]
    fn keys_are_parts_of_pointers() {
        assert_eq!(escaped("a/b~c"), "a~1b~0c");
    }
}
