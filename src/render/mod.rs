//! Texts for people and machines out of plans, problems and events: one file per output.

pub mod access;
pub mod duration;
pub mod events;
pub mod human;
pub mod json;
pub mod metrics;
pub mod problems;
pub mod story;
pub mod summary;
pub mod table;

pub use amgctl_core::render::{delta, style};
