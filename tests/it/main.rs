//! The program run as a user runs it, against the embedded workspace; one claim a test.

mod apply;
mod decisions;
mod diff_laws;
mod folders;
mod guards;
mod replay;
mod support;
