//! What a directory needs of AWS, for the policy of a job: it is read, and nobody is asked anything.

use std::path::Path;

use super::connect::is_managed;
use super::{Exit, Failure, Session, directory};
use crate::identity::policy::About;
use crate::model::Kept;
use crate::source::secrets::{Wanted, What};
use crate::source::{self, LoadOptions};

/// Adds what a directory needs: what its data sources name, and the stores of its manifests.
pub fn add(about: &mut About, at: &Path, session: &Session<'_>) -> Result<(), Failure> {
    let (file, _) = directory::settings(at)?;
    let options = directory::options(at, file, &[], session.machine);
    let survey = source::survey(at, &options);
    let key = survey.target.as_ref().and_then(|target| {
        let is_entered = target.url.as_deref().is_none_or(is_managed);
        target.key.as_ref().filter(|_| !is_entered)
    });
    for Wanted { access, what } in
        survey.secrets.wanted().into_iter().chain(key.iter().flat_map(|key| key.quest.wanted()))
    {
        for role in &access.roles {
            about.manifests.roles.push(one_thing(&role.arn)?.to_owned());
        }
        // What is read in a role, the role has to be allowed.
        if !access.roles.is_empty() {
            continue;
        }
        let region = access.region.as_deref();
        let there =
            |service: &str, name: &str| Ok::<_, Failure>(about.in_region(service, region, one_thing(name)?));
        match what {
            What::Secret { id, .. } => {
                let secret = there("secretsmanager", &id)?;
                about.secrets.push(secret);
            }
            What::Tags { id } => {
                let secret = there("secretsmanager", &id)?;
                about.manifests.described.push(secret);
            }
            What::Parameter { name } => {
                let parameter = there("ssm", without_version(&name))?;
                about.parameters.push(parameter);
            }
            What::Secrets(_) => about.manifests.find_secrets = true,
            What::Parameters { path } => {
                let path = there("ssm", &path)?;
                about.manifests.below.push(path);
            }
        }
    }
    let read = source::load(at, &LoadOptions { survey: Some(survey), ..options });
    for kept in read.objects.iter().flat_map(|declared| &declared.secrets).filter_map(|secret| secret.kept.as_ref())
    {
        match kept {
            Kept::Secret { id, .. } => about.secrets.push(one_thing(id)?.to_owned()),
            Kept::Parameter(name) => about.parameters.push(one_thing(without_version(name))?.to_owned()),
        }
    }
    let manifests = &mut about.manifests;
    for names in [&mut about.secrets, &mut about.parameters, &mut manifests.described, &mut manifests.roles] {
        names.sort();
        names.dedup();
    }
    Ok(())
}

/// A parameter's name without its version or label, which IAM does not know.
fn without_version(name: &str) -> &str {
    if name.starts_with("arn:") { name } else { name.split(':').next().unwrap_or(name) }
}

/// A name that IAM does not take for many: a directory must not widen a policy.
fn one_thing(name: &str) -> Result<&str, Failure> {
    match name.contains(['*', '?', '$']) {
        true => Err(Failure::new(Exit::Usage, format!("`{name}` in the directory is not the name of one thing"))
            .hint("correct it: nothing of AWS has such a name")),
        false => Ok(name),
    }
}
