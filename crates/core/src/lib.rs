//! The pure middle of amgctl: what objects are, how kinds compare and write them, what a plan is.
//!
//! No network, no file, no clock, no chance: the manifest names no crate that has them, and the same input gives the
//! same bytes. Reading files, asking workspaces and printing stand in the package `amgctl`.
//!
//! | module | is |
//! |---|---|
//! | [`model`] | the words as types: address, place, problem, secret; declared, found, recorded; delta; the server's rules |
//! | [`kinds`] | one file per kind: everything Grafana-specific about it; describes requests, sends none |
//! | [`plan`] | declared × live × recorded → plan; guards; order |
//! | [`uids`] | uids for what names none |
//! | [`render`] | differences as lines, and how lines look |

#![allow(unreachable_pub, reason = "what a private file says `pub` of is an interface to its folder")]

pub mod kinds;
pub mod model;
pub mod plan;
pub mod render;
pub mod uids;
