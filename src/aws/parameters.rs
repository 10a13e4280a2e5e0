//! Parameter Store: values by name, decrypted.

use std::collections::{BTreeMap, BTreeSet};

use super::errors::Call;
use super::{Aws, AwsError};
use crate::model::Secret;

/// How many values one call gives at most.
const BATCH: usize = 10;

impl Aws {
    /// The values of parameters, each under the name it was asked by. Ten are asked for at once; one at a time where
    /// one of them is denied, because that denies all ten.
    pub async fn parameters(
        &self,
        names: &[String],
    ) -> Result<BTreeMap<String, Result<Secret, AwsError>>, AwsError> {
        let names: Vec<&String> = BTreeSet::from_iter(names).into_iter().collect();
        let mut found = BTreeMap::new();
        for batch in names.chunks(BATCH) {
            match self.some(batch).await {
                Ok(values) => found.extend(values),
                Err(error) if error.is_of_one() && batch.len() > 1 => {
                    for name in batch {
                        match self.some(&[*name]).await {
                            Ok(values) => found.extend(values),
                            Err(error) if error.is_of_one() => {
                                found.insert((*name).clone(), Err(error));
                            }
                            Err(error) => return Err(error),
                        }
                    }
                }
                Err(error) if error.is_of_one() => {
                    found.extend(batch.iter().map(|name| ((*name).clone(), Err(error.clone()))));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn some(&self, names: &[&String]) -> Result<BTreeMap<String, Result<Secret, AwsError>>, AwsError> {
        let mut call = self.call("ssm:GetParameters", "the parameters");
        if let [name] = names {
            call = self.of_parameter(name);
        }
        let asked = names.iter().map(|name| (*name).clone()).collect();
        let answer = self.parameters.get_parameters().set_names(Some(asked)).with_decryption(true).send().await;
        let answer = answer.map_err(|error| AwsError::of(&error, &call))?;
        let mut found = BTreeMap::new();
        for of in answer.parameters.unwrap_or_default() {
            let (arn, name) = (of.arn.unwrap_or_default(), of.name.unwrap_or_default());
            let selector = of.selector.unwrap_or_default();
            let is_it =
                |asked: &&&String| **asked == &name || **asked == &arn || ***asked == format!("{name}{selector}");
            if let (Some(asked), Some(value)) = (names.iter().find(is_it), of.value) {
                found.insert((*asked).clone(), Ok(Secret::new(value)));
            }
        }
        for name in names {
            let missing = || Err(AwsError::NotFound { what: format!("parameter `{name}`") });
            found.entry((*name).clone()).or_insert_with(missing);
        }
        Ok(found)
    }

    fn of_parameter(&self, name: &str) -> Call<'_> {
        let arn = match name.starts_with("arn:") {
            true => name.to_owned(),
            false => format!(
                "arn:{}:ssm:{}:{}:parameter/{}",
                self.partition(),
                self.region(),
                self.account_or_any(),
                name.trim_start_matches('/')
            ),
        };
        self.call("ssm:GetParameters", format!("parameter `{name}`")).resource(arn)
    }
}
