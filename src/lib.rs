//! Keeps an Amazon Managed Grafana workspace equal to a directory in git.
//!
//! # The way of the data
//! ```text
//! directory ──source──▶ Declared ─┐
//! workspace ──live────▶ Found ────┼─plan (pure)─▶ Plan ──render──▶ text, …
//! registry  ──record──▶ Recorded ─┘                └──apply──▶ events ──render──▶ progress, summary
//! ```
//! One direction, no way back. [`commands`](crate) put the pieces together and hold no rules of their own.
//!
//! # The map
//! | module | is |
//! |---|---|
//! | [`model`] | the words as types: address, place, problem, secret; declared, found, recorded; delta; the server's rules |
//! | [`source`] | directory → documents → [`model::Declared`]; the only reader of the user's files |
//! | [`kinds`] | one file per kind: everything Grafana-specific about it; describes requests, sends none (pure) |
//! | [`plan`] | declared × live × recorded → plan; guards; order (pure) |
//! | [`sandbox`] | the embedded workspace, reached over HTTP only |
//!
//! # Rules that never bend
//! 1. A plan is a value: after it exists nobody decides anything. Plan mode sends GET only.
//! 2. The pure modules do no I/O, and know no clock and no randomness: same input, same bytes.
//! 3. Only `terminal` prints, only `main` exits, only `grafana` talks to a workspace.
//! 4. Secrets live in [`model::Secret`], which can be neither printed nor serialised.

pub mod apply;
pub mod cli;
pub mod commands;
pub mod grafana;
pub mod kinds;
pub mod live;
pub mod model;
pub mod plan;
pub mod registry;
pub mod render;
pub mod sandbox;
pub mod settings;
pub mod source;
pub mod terminal;
