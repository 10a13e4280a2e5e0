//! Parameters of Systems Manager: reading them.

use std::collections::BTreeMap;

use super::{Aws, AwsError, Call};
use crate::model::Secret;

/// How many parameters one call reads at most.
const BATCH: usize = 10;

impl Aws {
    /// The values of parameters, decrypted; by the name that was given.
    ///
    /// Where one of them is not allowed AWS refuses all that were asked for with it; they are then read one by one.
    pub async fn parameters(
        &self,
        names: &[String],
    ) -> Result<BTreeMap<String, Result<Secret, AwsError>>, AwsError> {
        let mut values = BTreeMap::new();
        for batch in names.chunks(BATCH) {
            match self.some(batch).await {
                Ok(found) => values.extend(found),
                Err(error) if !error.is_of_one() => return Err(error),
                Err(error) => match batch {
                    [name] => drop(values.insert(name.clone(), Err(error))),
                    several => {
                        for name in several {
                            match self.some(std::slice::from_ref(name)).await {
                                Ok(found) => values.extend(found),
                                Err(error) if error.is_of_one() => drop(values.insert(name.clone(), Err(error))),
                                Err(error) => return Err(error),
                            }
                        }
                    }
                },
            }
        }
        Ok(values)
    }

    async fn some(&self, names: &[String]) -> Result<BTreeMap<String, Result<Secret, AwsError>>, AwsError> {
        let resource = match names {
            [name] if name.starts_with("arn:") => name.clone(),
            [name] => self.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/'))),
            _ => self.arn("ssm", "parameter/*"),
        };
        let call = Call { action: "ssm:GetParameters", resource, repeatable: true };
        let answer = self
            .send(&call, || {
                self.parameters.get_parameters().set_names(Some(names.to_vec())).with_decryption(true).send()
            })
            .await?;
        let mut values = BTreeMap::new();
        for found in answer.parameters() {
            // A name may have been given with a version or a label: `/path:3`.
            let selector = found.selector().unwrap_or_default();
            let name = format!("{}{selector}", found.name().unwrap_or_default());
            let meant = |n: &&String| **n == name || Some(n.as_str()) == found.arn();
            let value = found.value().unwrap_or_default();
            for name in names.iter().filter(meant) {
                values.insert(name.clone(), Ok(Secret::new(value.to_owned())));
            }
        }
        for name in names {
            let missing = || format!("there is no parameter `{name}` in region {}", self.region);
            values.entry(name.clone()).or_insert_with(|| Err(AwsError::NotFound(missing())));
        }
        Ok(values)
    }
}
