//! One binary: the program run as a user runs it, and what is kept true of its repository.

mod completions;
mod diff_laws;
mod readme;
mod replay;
mod tidy;
