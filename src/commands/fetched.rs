//! What the manifests of a directory need from AWS before it can be read: fetched once a run, each thing once.

use std::collections::{BTreeMap, BTreeSet};

use super::kept::Why;
use super::{Exit, Failure, Session, contents, directory, kept, managed};
use crate::aws::{Aws, AwsError, TakenRole, is_region};
use crate::model::Secret;
use crate::settings::Settings;
use crate::source::secrets::{Access, Answers, Fetched, Quest, Role, Unfetched, Version, Wanted, What};
use crate::source::{self, Directory, LoadOptions, TargetKey};

/// Reads the directory, with what its manifests need from AWS and then the contents that they name; with the status that what was not fetched stands for.
///
/// What is wrong with it, and what was not fetched, is in [`Directory::problems`].
pub async fn load(settings: &mut Settings, session: &Session<'_>) -> Result<(Directory, Option<Exit>), Failure> {
    let survey = settings.survey.take();
    let options = directory::options(&settings.directory, settings.file.clone(), &settings.given, session.machine);
    let survey = survey.unwrap_or_else(|| source::survey(&settings.directory, &options));
    let wanted = survey.secrets.wanted_for(&settings.rules.targets);
    let (answers, refused) = answers(&survey.secrets, &wanted, settings, session).await?;
    let options = LoadOptions { survey: Some(survey), answers, ..options };
    let asking = contents::Asking::Everywhere(settings.revisions);
    Ok((contents::load(&settings.directory, options, asking, session.machine).await?, refused))
}

/// The token of a `Grafana` of the directory, wherever it is kept.
pub async fn token(key: &TargetKey, settings: &Settings, session: &Session<'_>) -> Result<Secret, Failure> {
    let (answers, refused) = answers(&key.quest, &key.quest.wanted(), settings, session).await?;
    key.value(&answers).map_err(|problems| {
        let exit = refused.unwrap_or(Exit::Auth);
        let failure = Failure::new(exit, format!("{key} is not there"));
        let mut hints: Vec<String> = Vec::new();
        let failure = problems.into_iter().fold(failure, |failure, problem| {
            let at = problem.spots.first().map(|spot| format!(", at {}", spot.place)).unwrap_or_default();
            hints.extend(problem.help);
            failure.note(format!("{}{at}", problem.message))
        });
        hints.push("or put a service-account token with the role Admin in GRAFANA_TOKEN".into());
        failure.hint(hints.join("; "))
    })
}

/// What answers what a quest wants, and the status that the first refusal stands for.
async fn answers(
    quest: &Quest,
    wanted: &BTreeSet<Wanted>,
    settings: &Settings,
    session: &Session<'_>,
) -> Result<(Answers, Option<Exit>), Failure> {
    if !wanted.is_empty() {
        for note in quest.notes() {
            session.terminal.say(&format!("note: {note}"));
        }
    }
    fetch(wanted, settings, session).await
}

/// Everything that is wanted, or why each was not fetched; with the status that the first of those stands for.
async fn fetch(
    wanted: &BTreeSet<Wanted>,
    settings: &Settings,
    session: &Session<'_>,
) -> Result<(Answers, Option<Exit>), Failure> {
    let mut answers = Answers::new();
    if wanted.is_empty() {
        return Ok((answers, None));
    }
    let aws = managed::aws(settings, session).await?;
    let mut by_access: BTreeMap<&Access, Vec<&What>> = BTreeMap::new();
    for one in wanted {
        by_access.entry(&one.access).or_default().push(&one.what);
    }
    let mut refused = Vec::new();
    for (access, whats) in by_access {
        let found = match act_as(&aws, access).await {
            Ok(aws) => ask(&aws, &whats).await,
            Err(why) => whats.into_iter().map(|what| (what, Err(why.clone()))).collect(),
        };
        for (what, answer) in found {
            refused.extend(answer.as_ref().err().cloned());
            let answer = answer.map_err(|why| Unfetched { message: why.message, hint: why.hint });
            answers.insert(Wanted { access: access.clone(), what: what.clone() }, answer);
        }
    }
    Ok((answers, kept::status(refused.iter())))
}

/// AWS as an access says.
async fn act_as(aws: &Aws, access: &Access) -> Result<Aws, Why> {
    let region = access.region.as_deref();
    if let Some(odd) = region.filter(|region| !is_region(region)) {
        return Err(Why::fault(format!("`{odd}` is not an AWS region")));
    }
    let role = |role: &Role| TakenRole {
        arn: role.arn.clone(),
        external_id: role.external_id.clone(),
        tags: role.tags.clone(),
        transitive_tags: role.passed_on.clone(),
    };
    let roles: Vec<TakenRole> = access.roles.iter().map(role).collect();
    aws.acting_as(region, &roles).await.map_err(|error| Why::from(&error))
}

type Found<'a> = Vec<(&'a What, Result<Fetched, Why>)>;

/// Asks for everything of one access: current versions and parameters in batches, the rest one by one.
async fn ask<'a>(aws: &Aws, whats: &[&'a What]) -> Found<'a> {
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    for what in whats {
        match what {
            What::Secret { id, version } if *version == Version::default() => ids.push(id.clone()),
            What::Parameter { name } => names.push(name.clone()),
            What::Secret { .. } | What::Tags { .. } | What::Secrets(_) | What::Parameters { .. } => {}
        }
    }
    let current = aws.secret_values(&ids).await;
    let parameters = aws.parameters(&names).await;
    let one = |answer: Option<Result<Secret, AwsError>>| match answer {
        Some(Ok(value)) => Ok(Fetched::One(value)),
        Some(Err(error)) => Err(Why::from(&error)),
        None => Err(Why::fault("it does not exist")),
    };
    let several = |found: Result<BTreeMap<String, Secret>, AwsError>| {
        found.map(Fetched::Several).map_err(|error| Why::from(&error))
    };
    let mut found = Found::new();
    for what in whats {
        let answer = match what {
            What::Secret { id, version } if *version == Version::default() => {
                one(current.get(id).cloned().map(|answer| answer.map(|found| found.value)))
            }
            What::Secret { id, version } => old(aws, id, version).await,
            What::Tags { id } => tags(aws, id).await,
            What::Parameter { name } => one(parameters.get(name).cloned()),
            What::Secrets(chosen) => {
                let is_meant = |name: &str| chosen.means(name);
                several(aws.find_secrets(chosen.path.as_deref(), &chosen.tags, is_meant).await)
            }
            What::Parameters { path } => several(aws.parameters_below(path).await),
        };
        found.push((*what, answer));
    }
    found
}

/// A version that is not the current one.
async fn old(aws: &Aws, id: &str, version: &Version) -> Result<Fetched, Why> {
    let (stage, number) = match version {
        Version::Stage(stage) => (Some(stage.as_str()), None),
        Version::Id(id) => (None, Some(id.as_str())),
    };
    match aws.secret_value(id, stage, number).await {
        Ok(Some(found)) => Ok(Fetched::One(found.value)),
        Ok(None) => Err(Why::fault("it has no such version, or does not exist")),
        Err(error) => Err((&error).into()),
    }
}

/// The tags of a secret as a JSON object.
async fn tags(aws: &Aws, id: &str) -> Result<Fetched, Why> {
    match aws.describe_secret(id).await {
        Ok(Some(about)) => {
            let tags = about.tags.into_iter().map(|(key, value)| (key, value.into()));
            Ok(Fetched::One(Secret::new(serde_json::Value::Object(tags.collect()).to_string())))
        }
        Ok(None) => Err(Why::fault("it does not exist")),
        Err(error) => Err((&error).into()),
    }
}
