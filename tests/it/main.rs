//! One binary: the program run as a user runs it, against the embedded workspace, one claim a test; and what is kept
//! true of its repository.

#![allow(unreachable_pub, clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

mod access;
mod action;
mod apply;
mod bootstrap;
mod command_line;
mod completions;
mod contents;
mod corpus;
mod credentials;
mod datasources;
mod decisions;
mod diff;
mod diff_laws;
mod doctor;
mod documents;
mod drift;
mod endings;
mod events;
mod external_secrets;
mod faults;
mod flux;
mod folders;
mod guards;
mod guide;
mod hostile;
mod incarnations;
mod interleaved;
mod kept;
mod library_panels;
mod list;
mod man;
mod manifests;
mod odd_bytes;
mod operator;
mod policy;
mod readme;
mod reconcile;
mod registry;
mod replay;
mod reports;
mod saved;
mod secret;
mod shapes;
mod starts;
mod support;
mod suspended;
mod sweep;
mod targets;
mod tidy;
mod tls;
mod traffic;
mod upgrade;
mod used;
