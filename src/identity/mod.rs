//! Access to a workspace of Amazon Managed Grafana: which one it is, which service account and which tokens a stack has
//! there, when a token is made, renewed, stored and deleted.
//!
//! What is decided is pure and stands in a file of its own; what is done is sent through [`crate::aws`].

pub mod find;
pub mod github;
pub mod mint;
pub mod names;
pub mod policy;
pub mod rules;
pub mod store;
pub mod stored;
pub mod version;
