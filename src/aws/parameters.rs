//! Parameters of Systems Manager: reading them.

use std::collections::BTreeMap;

use super::{Aws, AwsError, Call};
use crate::model::Secret;

/// How many parameters one call reads at most.
const BATCH: usize = 10;

impl Aws {
    /// The values of parameters, decrypted; by the name that was given.
    pub async fn parameters(
        &self,
        names: &[String],
    ) -> Result<BTreeMap<String, Result<Secret, AwsError>>, AwsError> {
        let mut values = BTreeMap::new();
        for batch in names.chunks(BATCH) {
            let resource = batch.first().map(|name| {
                let path = name.trim_start_matches('/');
                format!("arn:aws:ssm:{}:*:parameter/{path}", self.region)
            });
            let call = Call {
                action: "ssm:GetParameters",
                resource: resource.unwrap_or_else(|| "*".into()),
                repeatable: true,
            };
            let answer = self
                .send(&call, || {
                    self.parameters.get_parameters().set_names(Some(batch.to_vec())).with_decryption(true).send()
                })
                .await?;
            for found in answer.parameters() {
                // A name may have been given with a version or a label: `/path:3`.
                let selector = found.selector().unwrap_or_default();
                let name = format!("{}{selector}", found.name().unwrap_or_default());
                let meant = |n: &&String| **n == name || Some(n.as_str()) == found.arn();
                let value = found.value().unwrap_or_default();
                for name in batch.iter().filter(meant) {
                    values.insert(name.clone(), Ok(Secret::new(value.to_owned())));
                }
            }
            for name in batch {
                let missing = || format!("there is no parameter `{name}` in region {}", self.region);
                values.entry(name.clone()).or_insert_with(|| Err(AwsError::NotFound(missing())));
            }
        }
        Ok(values)
    }
}
