//! Parameters of Systems Manager: put, label, get by name and by path, describe, delete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answers::{Exception, Outcome};
use super::pages;
use super::serve::Call;
use super::{ACCOUNT, REGION, lock};
use crate::encoding::base64_url;

/// How many names one call takes.
const BATCH: usize = 10;
/// How many versions of a parameter are kept.
const VERSIONS: usize = 100;
/// How many labels one version has at most.
const LABELS: usize = 10;
/// How many names a path has at most.
const LEVELS: usize = 15;
/// The longest value, in bytes, and that of a parameter in the advanced tier.
const LONGEST: (usize, usize) = (4_096, 8_192);

/// A parameter: its values, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Parameter {
    kind: String,
    versions: Vec<(String, i64)>,
    /// How many older versions are gone.
    #[serde(default)]
    gone: usize,
    /// The version that has a label.
    #[serde(default)]
    labels: BTreeMap<String, usize>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    advanced: bool,
}

/// One version of a parameter.
struct Shown<'a> {
    name: &'a str,
    parameter: &'a Parameter,
    number: usize,
    selector: Option<&'a str>,
}

type All = BTreeMap<String, Parameter>;

/// The actions that it answers.
pub(super) const ACTIONS: &[&str] = &[
    "PutParameter",
    "LabelParameterVersion",
    "GetParameter",
    "GetParameters",
    "GetParametersByPath",
    "GetParameterHistory",
    "DescribeParameters",
    "DeleteParameter",
    "DeleteParameters",
];

/// Answers a call.
pub(super) fn call(call: &Call<'_>) -> Outcome {
    let mut kept = lock(&call.cloud.kept);
    let all = &mut kept.data.parameters;
    let outcome = match call.action.as_str() {
        "GetParameter" => {
            let found = find(all, call.text("Name"))?;
            return Ok(json!({ "Parameter": found.body(is_decrypted(call)) }));
        }
        "GetParameters" => return several(call, all),
        "GetParametersByPath" => return by_path(call, all),
        "GetParameterHistory" => return history(call, all),
        "DescribeParameters" => return describe(call, all),
        "PutParameter" => put(call, all),
        "LabelParameterVersion" => label(call, all),
        "DeleteParameter" => match all.remove(call.text("Name")) {
            Some(_) => Ok(json!({})),
            None => Err(missing()),
        },
        "DeleteParameters" => {
            let (gone, invalid): (Vec<String>, Vec<String>) =
                batch(call)?.into_iter().partition(|name| all.remove(name).is_some());
            Ok(json!({ "DeletedParameters": gone, "InvalidParameters": invalid }))
        }
        other => Err(Exception::unknown(&format!("the action `{other}` of Systems Manager"))),
    }?;
    kept.save().map_err(|e| call.service.failed(format!("{e:#}")))?;
    Ok(outcome)
}

fn missing() -> Exception {
    Exception::new(400, "ParameterNotFound", "")
}

fn wrong(message: impl Into<String>) -> Exception {
    Exception::new(400, "ValidationException", message)
}

fn is_decrypted(call: &Call<'_>) -> bool {
    call.flag("WithDecryption")
}

fn batch(call: &Call<'_>) -> Result<Vec<String>, Exception> {
    let names = call.texts("Names");
    match names.len() {
        1..=BATCH => Ok(names),
        _ => Err(wrong("Names must have from 1 to 10 members")),
    }
}

fn several(call: &Call<'_>, all: &All) -> Outcome {
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for name in batch(call)? {
        match find(all, &name) {
            Ok(shown) => found.push(shown.body(is_decrypted(call))),
            Err(_) => invalid.push(name),
        }
    }
    Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
}

fn by_path(call: &Call<'_>, all: &All) -> Outcome {
    let path = call.text("Path");
    if !path.starts_with('/') {
        return Err(wrong("The parameter path must begin with a forward slash."));
    }
    let path = format!("{}/", path.trim_end_matches('/'));
    let deep = call.flag("Recursive");
    let filters = filters(call, &["Type"])?;
    let below = |name: &str| name.strip_prefix(&path).is_some_and(|rest| deep || !rest.contains('/'));
    let meant = all
        .iter()
        .filter(|(name, parameter)| below(name) && filters.iter().all(|filter| filter.means(name, parameter)));
    let found = meant.map(|(name, parameter)| parameter.latest(name).body(is_decrypted(call))).collect();
    page(call, "Parameters", found, BATCH)
}

fn history(call: &Call<'_>, all: &All) -> Outcome {
    let Shown { name, parameter, .. } = find(all, call.text("Name"))?;
    let versions = parameter.gone + 1..=parameter.newest();
    let shown = versions.map(|number| {
        let labels = parameter.labels.iter().filter(|(_, n)| **n == number).map(|(label, _)| label.clone());
        let labels: Vec<String> = labels.collect();
        let mut body = Shown { name, parameter, number, selector: None }.body(is_decrypted(call));
        body["Labels"] = labels.into();
        body
    });
    page(call, "Parameters", shown.collect(), 50)
}

fn describe(call: &Call<'_>, all: &All) -> Outcome {
    let filters = filters(call, &["Name", "Type", "Path"])?;
    let meant = all.iter().filter(|(name, parameter)| filters.iter().all(|filter| filter.means(name, parameter)));
    let shown = meant.map(|(name, parameter)| {
        let mut body = parameter.latest(name).body(true);
        if let Value::Object(members) = &mut body {
            members.remove("Value");
        }
        body["Tier"] = parameter.tier().into();
        body["Description"] = parameter.description.as_str().into();
        body
    });
    page(call, "Parameters", shown.collect(), 50)
}

fn page(call: &Call<'_>, list: &str, items: Vec<Value>, largest: usize) -> Outcome {
    let size = match call.number("MaxResults") {
        None => largest,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=largest).contains(size))
            .ok_or_else(|| wrong(format!("MaxResults must be from 1 to {largest}")))?,
    };
    let (items, next) = pages::page(items, size, call.text("NextToken"))
        .ok_or_else(|| Exception::new(400, "InvalidNextToken", "The specified token isn't valid."))?;
    let mut body = json!({ list: items });
    if let Some(next) = next {
        body["NextToken"] = next.into();
    }
    Ok(body)
}

/// What parameters are chosen by.
struct Filter<'a> {
    key: &'a str,
    option: &'a str,
    values: Vec<&'a str>,
}

/// The filters of a call, whose keys may be these.
fn filters<'a>(call: &'a Call<'_>, keys: &[&str]) -> Result<Vec<Filter<'a>>, Exception> {
    let given = call.body.get("ParameterFilters").and_then(Value::as_array);
    let read = |filter: &'a Value| {
        let text = |name: &str| filter.get(name).and_then(Value::as_str).unwrap_or_default();
        let values = filter.get("Values").and_then(Value::as_array).into_iter().flatten();
        let filter =
            Filter { key: text("Key"), option: text("Option"), values: values.filter_map(Value::as_str).collect() };
        if !keys.contains(&filter.key) {
            return Err(Exception::new(
                400,
                "InvalidFilterKey",
                format!("There is no filter `{}` here", filter.key),
            ));
        }
        let options: &[&str] = match filter.key {
            "Name" => &["", "Equals", "BeginsWith", "Contains"],
            "Path" => &["", "OneLevel", "Recursive"],
            _ => &["", "Equals"],
        };
        if !options.contains(&filter.option) {
            let told = format!("The filter `{}` has no option `{}`", filter.key, filter.option);
            return Err(Exception::new(400, "InvalidFilterOption", told));
        }
        Ok(filter)
    };
    given.into_iter().flatten().map(read).collect()
}

impl Filter<'_> {
    fn means(&self, name: &str, parameter: &Parameter) -> bool {
        self.values.iter().any(|value| match (self.key, self.option) {
            ("Name", "BeginsWith") => name.starts_with(value),
            ("Name", "Contains") => name.contains(value),
            ("Name", _) => name == *value,
            ("Path", option) => {
                let below = name.strip_prefix(&format!("{}/", value.trim_end_matches('/')));
                below.is_some_and(|rest| option == "Recursive" || !rest.contains('/'))
            }
            _ => parameter.kind == *value,
        })
    }
}

/// Says what is wrong with the name of a new parameter.
fn check_name(name: &str) -> Result<(), Exception> {
    let letters = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if name.is_empty() || name.len() > 1_011 || !name.chars().all(letters) {
        return Err(wrong(
            "Parameter name: can't be empty, and may have letters, digits and the symbols _.-/ only.",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(wrong("Parameter name must be a fully qualified name."));
    }
    let lower = name.trim_start_matches('/').to_lowercase();
    if lower.starts_with("aws") || lower.starts_with("ssm") {
        return Err(wrong("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."));
    }
    if name.trim_start_matches('/').split('/').count() > LEVELS {
        let told = "A hierarchy of parameters can have at most 15 levels";
        return Err(Exception::new(400, "HierarchyLevelLimitExceededException", told));
    }
    Ok(())
}

fn put(call: &Call<'_>, all: &mut All) -> Outcome {
    let (name, value, kind) = (call.text("Name"), call.text("Value"), call.text("Type"));
    check_name(name)?;
    let known = all.get(name);
    let advanced = match call.text("Tier") {
        "" => known.is_some_and(|p| p.advanced),
        "Standard" if known.is_some_and(|p| p.advanced) => {
            return Err(wrong("An advanced parameter can't be made a standard one."));
        }
        "Standard" => false,
        "Advanced" => true,
        "Intelligent-Tiering" => value.len() > LONGEST.0 || known.is_some_and(|p| p.advanced),
        _ => return Err(wrong("Tier must be one of Standard, Advanced, Intelligent-Tiering")),
    };
    let longest = if advanced { LONGEST.1 } else { LONGEST.0 };
    if value.is_empty() || value.len() > longest {
        return Err(wrong(format!("A value must have from 1 to {longest} characters in this tier.")));
    }
    if !matches!(kind, "" | "String" | "StringList" | "SecureString") {
        return Err(wrong("Type must be one of String, StringList, SecureString"));
    }
    if known.is_some() && !call.flag("Overwrite") {
        return Err(Exception::new(
            400,
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ));
    }
    if known.is_none() && kind.is_empty() {
        return Err(wrong("A parameter type is required when you create a parameter."));
    }
    let parameter = all.entry(name.to_owned()).or_insert_with(|| Parameter {
        kind: String::new(),
        versions: Vec::new(),
        gone: 0,
        labels: BTreeMap::new(),
        description: String::new(),
        advanced,
    });
    parameter.add(name, value, call.cloud.clock.now())?;
    parameter.advanced = advanced;
    if !kind.is_empty() {
        kind.clone_into(&mut parameter.kind);
    }
    if let Some(description) = call.body.get("Description").and_then(Value::as_str) {
        description.clone_into(&mut parameter.description);
    }
    Ok(json!({ "Version": parameter.newest(), "Tier": parameter.tier() }))
}

fn label(call: &Call<'_>, all: &mut All) -> Outcome {
    let name = find(all, call.text("Name"))?.name.to_owned();
    let parameter = all.get_mut(&name).ok_or_else(missing)?;
    let number = match call.number("ParameterVersion") {
        None => parameter.newest(),
        Some(number) => usize::try_from(number)
            .ok()
            .filter(|number| parameter.has(*number))
            .ok_or_else(|| no_version(&name, &number.to_string()))?,
    };
    let letters = |label: &String| label.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let valid = |label: &String| {
        (1..=100).contains(&label.len())
            && letters(label)
            && !label.starts_with(|c: char| c.is_ascii_digit())
            && !["aws", "ssm"].iter().any(|taken| label.to_lowercase().starts_with(taken))
    };
    let (given, invalid): (Vec<String>, Vec<String>) = call.texts("Labels").into_iter().partition(valid);
    let mut labels = parameter.labels.clone();
    labels.extend(given.into_iter().map(|label| (label, number)));
    if labels.values().filter(|n| **n == number).count() > LABELS {
        let told = "A version of a parameter can have at most 10 labels.";
        return Err(Exception::new(400, "ParameterVersionLabelLimitExceeded", told));
    }
    parameter.labels = labels;
    Ok(json!({ "InvalidLabels": invalid, "ParameterVersion": number }))
}

fn no_version(name: &str, selector: &str) -> Exception {
    let told =
        format!("Systems Manager could not find version {selector} of {name}. Verify the version and try again.");
    Exception::new(400, "ParameterVersionNotFound", told)
}

/// A parameter by its name, its ARN, or one of these with a version or a label: `/path:3`, `/path:current`.
fn find<'a>(all: &'a All, asked: &'a str) -> Result<Shown<'a>, Exception> {
    let name = asked.strip_prefix(&prefix()).unwrap_or(asked);
    let (name, selector) = match name.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (name, None),
    };
    // An ARN has one slash where a name without any begins.
    let bare = || all.get_key_value(name.strip_prefix('/').filter(|_| asked.starts_with("arn:"))?);
    let (name, parameter) = all.get_key_value(name).or_else(bare).ok_or_else(missing)?;
    let number = match selector {
        None => parameter.newest(),
        Some(selector) => {
            let number = selector.parse().ok().or_else(|| parameter.labels.get(selector).copied());
            number.filter(|number| parameter.has(*number)).ok_or_else(|| no_version(name, selector))?
        }
    };
    Ok(Shown { name, parameter, number, selector })
}

fn prefix() -> String {
    format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter")
}

impl Parameter {
    fn newest(&self) -> usize {
        self.gone + self.versions.len()
    }

    fn has(&self, number: usize) -> bool {
        number > self.gone && number <= self.newest()
    }

    fn latest<'a>(&'a self, name: &'a str) -> Shown<'a> {
        Shown { name, parameter: self, number: self.newest(), selector: None }
    }

    fn tier(&self) -> &'static str {
        if self.advanced { "Advanced" } else { "Standard" }
    }

    /// Adds a version; the oldest of a hundred goes, unless it has a label.
    fn add(&mut self, name: &str, value: &str, now: i64) -> Result<(), Exception> {
        if self.versions.len() >= VERSIONS {
            let oldest = self.gone + 1;
            if self.labels.values().any(|number| *number == oldest) {
                let told = format!(
                    "You attempted to create a new version of {name}. Version {oldest}, the oldest version, can't be \
                     deleted because it has a label associated with it."
                );
                return Err(Exception::new(400, "ParameterMaxVersionLimitExceeded", told));
            }
            self.versions.remove(0);
            self.gone += 1;
        }
        self.versions.push((value.to_owned(), now));
        Ok(())
    }
}

impl Shown<'_> {
    fn body(&self, decrypted: bool) -> Value {
        let Shown { name, parameter, number, selector } = self;
        let (value, at) = match parameter.versions.get(number - parameter.gone - 1) {
            Some((value, at)) => (value.as_str(), *at),
            None => ("", 0),
        };
        let value = if parameter.kind == "SecureString" && !decrypted {
            // What the real one gives is encrypted; whoever reads this sees that it is not the value.
            base64_url(format!("encrypted {} bytes", value.len()).as_bytes())
        } else {
            value.to_owned()
        };
        let mut body = json!({
            "Name": name, "Type": parameter.kind, "Value": value, "Version": number, "LastModifiedDate": at,
            "ARN": format!("{}/{}", prefix(), name.trim_start_matches('/')), "DataType": "text",
        });
        if let Some(selector) = selector {
            body["Selector"] = format!(":{selector}").into();
        }
        body
    }
}
