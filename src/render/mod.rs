//! Texts for people and machines out of plans, problems and events: one file per output.

pub mod problems;
