//! Texts for people and machines out of plans, problems and events: one file per output.

pub mod access;
pub mod audit;
pub mod diagnostics;
pub mod doctor;
pub mod document;
pub mod drift;
pub mod duration;
pub mod events;
pub mod findings;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod human;
pub mod json;
pub mod junit;
pub mod lines;
pub mod list;
pub mod markdown;
pub mod metrics;
pub mod problems;
pub mod reports;
pub mod sarif;
pub mod story;
pub mod stream;
pub mod summary;
pub mod table;
pub mod terraform;
#[cfg(test)]
mod tests;

pub use amgctl_core::render::{delta, style};
