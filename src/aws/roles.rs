//! The same AWS in another region, and with the keys of roles that are taken on one after the other.
//!
//! A role is asked for by a call like any other, so that its refusal names the action and the role, and is sent again
//! where that helps. The keys live for an hour at most and in memory only.

use std::time::SystemTime;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::types::Tag;

use super::{Aws, AwsError, Call};
use crate::model::Secret;

/// The name of the session, as CloudTrail shows it.
const SESSION: &str = "amgctl";

/// A role to take on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TakenRole {
    /// Its ARN.
    pub arn: String,
    /// What its owner wants to be told.
    pub external_id: Option<String>,
    /// Tags of the session.
    pub tags: Vec<(String, String)>,
    /// The keys of those that further roles inherit.
    pub transitive_tags: Vec<String>,
}

impl Aws {
    /// This AWS in a region, in roles; the clones share counters and clock. The embedded AWS has one region only, and stands
    /// for all.
    pub async fn acting_as(&self, region: Option<&str>, roles: &[TakenRole]) -> Result<Aws, AwsError> {
        let mut aws = self.clone();
        for role in roles {
            let keys = aws.take_on(role).await?;
            let keys = SharedCredentialsProvider::new(keys);
            aws = aws.with(aws.config.to_builder().credentials_provider(keys).build());
        }
        match region.filter(|region| !self.is_embedded && *region != self.region) {
            Some(region) => Ok(aws.with(aws.config.to_builder().region(Region::new(region.to_owned())).build())),
            None => Ok(aws),
        }
    }

    async fn take_on(&self, role: &TakenRole) -> Result<Credentials, AwsError> {
        let call = Call::new("sts:AssumeRole", &role.arn);
        let tag = |(key, value): &(String, String)| Tag::builder().key(key).value(value).build();
        let tags = role.tags.iter().map(tag).collect::<Result<Vec<_>, _>>();
        let tags = tags.map_err(|_| AwsError::Invalid(format!("{}: a session tag has no key", call.action)))?;
        let answer = self
            .send(&call, || {
                let request = self.sts.assume_role().role_arn(&role.arn).role_session_name(SESSION);
                request
                    .set_external_id(role.external_id.clone())
                    .set_tags(Some(tags.clone()).filter(|tags| !tags.is_empty()))
                    .set_transitive_tag_keys(Some(role.transitive_tags.clone()).filter(|keys| !keys.is_empty()))
                    .send()
            })
            .await?;
        let Some(keys) = answer.credentials else {
            return Err(AwsError::Lost(format!("{}: it gives no keys", call.action)));
        };
        let (secret, token) = (keys.secret_access_key, keys.session_token);
        self.heard.hide([Secret::new(secret.clone()), Secret::new(token.clone())]);
        let ends = SystemTime::try_from(keys.expiration).ok();
        Ok(Credentials::new(keys.access_key_id, secret, Some(token), ends, "amgctl"))
    }
}
