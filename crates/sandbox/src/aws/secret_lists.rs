//! The actions of Secrets Manager that read several secrets: by a list, by filters, page by page.

use serde_json::{Value, json};

use super::answers::{Exception, Outcome};
use super::pages;
use super::secret::{CURRENT, Stored};
use super::secrets::{All, described, find, marked, missing, parameter, value};
use super::serve::Call;

/// How many secrets one call reads.
const BATCH: usize = 20;

/// Reads up to 20 secrets; what cannot be read is told beside those that can.
pub(super) fn batch(call: &Call<'_>, all: &All) -> Outcome {
    let ids = call.texts("SecretIdList");
    let filtered = call.body.get("Filters").and_then(Value::as_array).is_some_and(|f| !f.is_empty());
    let (ids, next) = match (ids.is_empty(), filtered) {
        (false, false) if ids.len() <= BATCH => (ids, None),
        (false, false) => return Err(parameter("SecretIdList must have at most 20 members.")),
        (true, true) => {
            let filters = filters(call)?;
            let meant = |s: &&Stored| s.deleted.is_none() && filters.iter().all(|filter| filter.means(s));
            page(call, all.values().filter(meant).map(|s| s.name.clone()).collect(), BATCH)?
        }
        (true, false) | (false, true) => {
            return Err(parameter("You must include either Filters or SecretIdList, and not both."));
        }
    };
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        let found = find(all, &id).and_then(|secret| {
            let current = secret.labelled(CURRENT).and_then(|id| secret.versions.get_key_value(id));
            match current {
                _ if secret.deleted.is_some() => Err(marked()),
                Some((version, held)) => Ok(value(secret, version, held)),
                None => Err(missing()),
            }
        });
        match found {
            Ok(value) => values.push(value),
            Err(e) => errors.push(json!({ "SecretId": id, "ErrorCode": e.code, "Message": e.message })),
        }
    }
    Ok(turned(json!({ "SecretValues": values, "Errors": errors }), next))
}

/// A page of a list, and where the next one begins.
fn page<T>(call: &Call<'_>, items: Vec<T>, largest: usize) -> Result<pages::Page<T>, Exception> {
    let size = match call.number("MaxResults") {
        None => largest,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=largest).contains(size))
            .ok_or_else(|| parameter(format!("MaxResults must be from 1 to {largest}.")))?,
    };
    pages::page(items, size, call.text("NextToken"))
        .ok_or_else(|| Exception::new(400, "InvalidNextTokenException", "Invalid NextToken."))
}

fn turned(mut body: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        body["NextToken"] = next.into();
    }
    body
}

/// What secrets are chosen by: one of these beginnings, or none of those with a `!`.
struct Filter<'a> {
    key: &'a str,
    values: Vec<&'a str>,
}

fn filters<'a>(call: &'a Call<'_>) -> Result<Vec<Filter<'a>>, Exception> {
    let given: Vec<&Value> = call.body.get("Filters").and_then(Value::as_array).into_iter().flatten().collect();
    if given.len() > 10 {
        return Err(parameter("Filters must have at most 10 members."));
    }
    let read = |filter: &'a Value| {
        let key = filter.get("Key").and_then(Value::as_str).unwrap_or_default();
        let values = filter.get("Values").and_then(Value::as_array).into_iter().flatten();
        let values: Vec<&str> = values.filter_map(Value::as_str).collect();
        match key {
            "name" | "description" | "tag-key" | "tag-value" | "primary-region" | "owning-service" | "all"
                if !values.is_empty() =>
            {
                Ok(Filter { key, values })
            }
            _ => Err(parameter(format!("There is no filter `{key}`, or it has no values."))),
        }
    };
    given.into_iter().map(read).collect()
}

impl Filter<'_> {
    fn means(&self, secret: &Stored) -> bool {
        // Names and tags are compared as they are written, whatever is free text is not.
        let exactly = |held: &str, wanted: &str| held.starts_with(wanted);
        let loosely = |held: &str, wanted: &str| held.to_lowercase().starts_with(&wanted.to_lowercase());
        let any = |wanted: &str| match self.key {
            "name" => exactly(&secret.name, wanted),
            "description" => loosely(&secret.description, wanted),
            "tag-key" => secret.tags.keys().any(|key| exactly(key, wanted)),
            "tag-value" => secret.tags.values().any(|value| exactly(value, wanted)),
            "all" => {
                let tags = secret.tags.iter().flat_map(|(key, value)| [key, value]);
                [&secret.name, &secret.description].into_iter().chain(tags).any(|held| loosely(held, wanted))
            }
            // Nothing here is a replica, or another service's.
            _ => false,
        };
        self.values.iter().any(|value| match value.strip_prefix('!') {
            Some(unwanted) => !any(unwanted),
            None => any(value),
        })
    }
}

/// Lists secrets without their values.
pub(super) fn list(call: &Call<'_>, all: &All) -> Outcome {
    let planned = call.flag("IncludePlannedDeletion");
    let filters = filters(call)?;
    let meant = |s: &&Stored| (planned || s.deleted.is_none()) && filters.iter().all(|filter| filter.means(s));
    let shown = all.values().filter(meant).map(|s| described(s, "SecretVersionsToStages")).collect();
    let (shown, next) = page(call, shown, 100)?;
    Ok(turned(json!({ "SecretList": shown }), next))
}

/// Lists the versions of one secret that have a label, or all.
pub(super) fn list_versions(call: &Call<'_>, all: &All) -> Outcome {
    let secret = find(all, call.text("SecretId"))?;
    let every = call.flag("IncludeDeprecated");
    let versions: Vec<Value> = secret
        .versions
        .iter()
        .filter(|(_, v)| every || !v.stages.is_empty())
        .map(|(id, v)| json!({ "VersionId": id, "VersionStages": v.stages, "CreatedDate": v.created }))
        .collect();
    let (versions, next) = page(call, versions, 100)?;
    Ok(turned(json!({ "ARN": secret.arn, "Name": secret.name, "Versions": versions }), next))
}
