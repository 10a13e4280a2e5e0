//! One binary: the program run as a user runs it, and what is kept true of its repository.

mod apply;
mod completions;
mod decisions;
mod diff_laws;
mod replay;
mod support;
mod tidy;
mod upgrade;
