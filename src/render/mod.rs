//! Texts for people and machines out of plans, problems and events: one file per output.

pub mod access;
pub mod audit;
pub mod diagnostics;
pub mod duration;
pub mod events;
pub mod human;
pub mod json;
pub mod metrics;
pub mod problems;
pub mod story;
pub mod stream;
pub mod summary;
pub mod table;
pub mod terraform;

pub use amgctl_core::render::{delta, style};
