//! Parameters of Systems Manager: reading them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::action::Action;
use super::pages::Pages;
use super::{Aws, AwsError, Call};
use crate::model::Secret;

/// Reading several parameters.
pub(super) const GET_PARAMETERS: Action =
    Action { service: "SSM", host: "ssm", target: "AmazonSSM.GetParameters", name: "GetParameters" };

/// Reading all parameters below a path.
pub(super) const GET_PARAMETERS_BY_PATH: Action =
    Action { service: "SSM", host: "ssm", target: "AmazonSSM.GetParametersByPath", name: "GetParametersByPath" };

/// How many parameters one call reads at most.
const BATCH: usize = 10;

impl Aws {
    /// The values of parameters, decrypted; by the name that was given. Each that cannot be read has the reason in its
    /// place, also where a whole batch could not.
    ///
    /// Where one of them is not allowed AWS refuses all that were asked for with it; they are then read one by one.
    pub async fn parameters(&self, names: &[String]) -> BTreeMap<String, Result<Secret, AwsError>> {
        let mut values = BTreeMap::new();
        let mut regions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in names {
            regions.entry(self.region_of(name)).or_default().push(name.clone());
        }
        for batch in regions.values().flat_map(|names| names.chunks(BATCH)) {
            match self.some(batch).await {
                Ok(found) => values.extend(found),
                Err(error) if batch.len() == 1 || !error.is_of_one() => {
                    values.extend(batch.iter().map(|name| (name.clone(), Err(error.clone()))));
                }
                Err(_) => {
                    let mut all: Option<AwsError> = None;
                    for name in batch {
                        let answer = match &all {
                            Some(error) => Err(error.clone()),
                            None => self.some(std::slice::from_ref(name)).await,
                        };
                        match answer {
                            Ok(found) => values.extend(found),
                            Err(error) => {
                                all = Some(error.clone()).filter(|error| !error.is_of_one());
                                values.insert(name.clone(), Err(error));
                            }
                        }
                    }
                }
            }
        }
        values
    }

    /// The values of all parameters below a path, at any depth, decrypted; by their names.
    pub async fn parameters_below(&self, path: &str) -> Result<BTreeMap<String, Secret>, AwsError> {
        let resource = self.arn("ssm", &format!("parameter{}", path.trim_end_matches('/')));
        let call = Call::new("ssm:GetParametersByPath", resource);
        let (mut values, mut pages) = (BTreeMap::new(), Pages::of(&call));
        loop {
            let mut input = json!({ "Path": path, "Recursive": true, "WithDecryption": true });
            if let Some(next) = &pages.next {
                input["NextToken"] = json!(next);
            }
            let page = self.send(&call, || self.parameters_below.send(&self.region, input.clone())).await?.0;
            for found in page["Parameters"].as_array().into_iter().flatten() {
                let text = |key: &str| found.get(key).and_then(Value::as_str).unwrap_or_default();
                values.insert(text("Name").to_owned(), Secret::new(text("Value").to_owned()));
            }
            if !pages.turn(page["NextToken"].as_str().map(str::to_owned))? {
                return Ok(values);
            }
        }
    }

    /// Parameters of one region.
    async fn some(&self, names: &[String]) -> Result<BTreeMap<String, Result<Secret, AwsError>>, AwsError> {
        let resource = match names {
            [name] if name.starts_with("arn:") => name.clone(),
            [name] => self.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/'))),
            _ => self.arn("ssm", "parameter/*"),
        };
        let region = self.region_of(names.first().map(String::as_str).unwrap_or_default());
        let call = Call::new("ssm:GetParameters", resource);
        let input = json!({ "Names": names, "WithDecryption": true });
        let answer = self.send(&call, || self.parameters.send(region, input.clone())).await?.0;
        let mut values = BTreeMap::new();
        for found in answer["Parameters"].as_array().into_iter().flatten() {
            let text = |key: &str| found.get(key).and_then(Value::as_str);
            // A name may have been given with a version or a label: `/path:3`.
            let selector = text("Selector").unwrap_or_default();
            let name = format!("{}{selector}", text("Name").unwrap_or_default());
            let arn = format!("{}{selector}", text("ARN").unwrap_or_default());
            let meant = |n: &&String| **n == name || **n == arn || Some(n.as_str()) == text("ARN");
            let value = text("Value").unwrap_or_default();
            for name in names.iter().filter(meant) {
                values.insert(name.clone(), Ok(Secret::new(value.to_owned())));
            }
        }
        for name in names {
            let missing = || format!("there is no parameter `{name}` in region {region}");
            values.entry(name.clone()).or_insert_with(|| Err(AwsError::NotFound(missing())));
        }
        Ok(values)
    }
}
