//! Writing into the user's directory: names that every file system takes, and sets of files that are written whole or
//! not at all.
//!
//! Nothing here knows what the files say. [`names`] makes the names and [`layout`] the paths (pure), [`Writing`] writes:
//! beside, synchronised, renamed; never through a link out of the directory, and never over a file that is not the one that
//! was expected.

pub mod layout;
pub mod names;
mod within;
mod writing;

#[cfg(test)]
mod tests;

pub use within::Within;
pub use writing::{Expected, Fault, Outcome, Refusal, Why, Writing, Written};
