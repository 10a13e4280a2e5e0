//! How differences are set as lines, and how lines look on a terminal or in a file.
//!
//! What is shown of a plan or of a run is decided outside this crate.

pub mod delta;
pub mod style;
