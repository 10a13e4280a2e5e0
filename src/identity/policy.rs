//! The IAM documents: what a run needs from AWS and nothing beyond it, and who may take the role in CI.
//!
//! Pure: values in, JSON out. What is done with the permissions stands in [`crate::identity`].

use serde_json::{Value, json};

/// The smallest statement that allows one action on one resource.
#[must_use]
pub fn statement_for(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}
