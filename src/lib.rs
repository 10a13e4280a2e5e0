//! Keeps an Amazon Managed Grafana workspace equal to a directory in git.
//!
//! # The way of the data
//! ```text
//! directory ──source──▶ Directory ─▶ Bound ─┐
//! workspace ──live──────────────────▶ Found ─┼─plan (pure)─▶ Plan ──story──▶ Story ──render──▶ text, …
//! registry  ──record─────────────▶ Recorded ─┘                └──apply──▶ events ──render──▶ progress, summary
//! ```
//! One direction, no way back. A directory is read once and never changes; for each workspace it becomes another
//! [`source::Bound`]. [`commands`] puts the pieces together and holds no rules of its own.
//!
//! # The map
//! | module | is |
//! |---|---|
//! | [`cli`] | what can be typed: types only, whose doc comments are the help |
//! | [`settings`] | flag → environment → `amgctl.yaml` → default, settled once, before any command runs |
//! | [`commands`] | one verb a file: gather → decide → show → act; the exit statuses |
//! | [`model`] | the words as types: address, place, problem, secret; declared, found, recorded; delta; the server's rules |
//! | [`source`] | directory → documents → [`source::Directory`] → [`source::Bound`]; the only reader of the user's files |
//! | [`kinds`] | one file per kind: everything Grafana-specific about it; describes requests, sends none (pure) |
//! | [`live`] | workspace → [`plan::Workspace`], with as few reads as this server allows |
//! | [`registry`] | what a stack owns, kept in the workspace itself; who applies just now (the lease) |
//! | [`plan`] | declared × live × recorded → plan; guards; order (pure) |
//! | [`apply`] | plan × client → events: sends what was planned, asks after every refusal, stops when told to |
//! | [`grafana`] | the HTTP client: requests, retries, what this server is and what the token may do |
//! | [`aws`] | the control plane of Amazon Managed Grafana, Secrets Manager, parameters: calls and errors |
//! | [`forge`] | the comment of a plan or a run at a pull request: GitHub, GitLab |
//! | [`fetch`] | contents of dashboards that stand elsewhere: over HTTPS, from mapped directories, by Jsonnet |
//! | [`files`] | names of files from titles; sets of files that are written whole or not at all |
//! | [`identity`] | which workspace, which service account, when a token is made, renewed, stored, deleted |
//! | [`backoff`] | how long is waited before something is tried again |
//! | [`duration`] | lengths of time as people type them |
//! | [`random`] | random numbers |
//! | [`probes`] | what a process that runs for long answers over HTTP: health, metrics |
//! | [`report`] | what came of a run, in the words that [`apply`] and [`render`] share |
//! | [`saved`] | plans in files: the format, and what a saved plan still allows once things have moved (pure) |
//! | [`render`] | a plan, problems, a run's end as people read them (pure) |
//! | [`terminal`] | the only writer to stdout and stderr, the only reader of stdin |
//! | [`sandbox`] | the embedded workspace, a crate of its own (`crates/sandbox`), reached over HTTP only |
//!
//! [`model`], [`kinds`] and [`plan`] are `crates/core`, whose manifest names no crate that does input or output;
//! [`sandbox`] is `crates/sandbox`, which knows nothing of the rest. `crates/edit` edits values in texts of JSON and YAML
//! and leaves the rest of the text as it is; it knows neither Grafana nor files, and [`commands`] uses it.
//!
//! # Where new things go
//! - A kind of object: one file in [`kinds`], one line in its table, its fixtures.
//! - A shape of document: one file in [`source`], one line in the table of its shapes.
//! - A report (`--report`): one file in [`render`] and one line in the table of [`render::reports`]. One for people sets the
//!   same [`render::story::Story`] as the others; one for machines reads the plan. Documents that commands print as JSON
//!   are types in [`render::json`].
//! - A way of getting a token: a [`grafana::bearer::Bearer`], and a line where [`commands`] connects.
//! - Several workspaces at once: [`commands`] makes one [`source::Bound`] of the same directory and one plan for each;
//!   nothing below knows that there are others.
//!
//! # The words
//! | word | is |
//! |---|---|
//! | stack | what is applied from one directory, by its name; it owns what it made or adopted |
//! | record | what a stack owns and what it last applied, kept in the workspace itself; [`registry`] reads and saves it |
//! | registry | where the records of a workspace are: dashboards in the folder `amgctl` |
//! | lease | the right of one run to write for a stack, for a while; it stands in the record |
//! | drift | what somebody else changed since the last apply |
//! | adopt | to take an object into the stack that was there before |
//! | release | to leave an object in the workspace and out of the record |
//! | protect | to keep an object although it left the directory |
//! | borrow | to use a folder of the workspace as it is: it is never renamed and never deleted |
//! | kind | what an object is: folder, data source, dashboard, library panel; one entry of the table in [`kinds`] |
//! | key | what names an object among those of its kind: a uid, for most kinds |
//! | address | a kind and a key, as `dashboard.cpu` |
//! | object | what an address names, in the directory or in the workspace |
//! | document | one JSON or YAML value of a file, or of a text in another document |
//! | shape | what a document is and which objects it holds; one file in [`source`] |
//! | form | how one object of a shape is written: where its body, its uid and its folder stand |
//! | body | what is sent of an object |
//! | normal form | a body without what servers add, leave out or write in another way; equal ones are equal objects |
//! | digest | SHA-256 of a normal form, or of a file's bytes; a keyed one, of a secret, is a fingerprint |
//! | incarnation | one life of an object: what is deleted and made again has the same address and is another one |
//! | identity | the service account and the tokens that a stack comes in with |
//! | veil | what may not be shown of an object: values that came from elsewhere |
//!
//! # Rules that never bend
//! 1. A plan is a value: after it exists nobody decides anything. Plan mode sends GET only.
//! 2. The pure modules do no I/O, and know no clock and no randomness: same input, same bytes.
//! 3. Only [`terminal`] prints, only `main` exits and reads the environment, only [`grafana`] talks to a workspace,
//!    only [`aws`] to AWS and only [`forge`] to forges.
//! 4. Secrets live in [`model::Secret`], which can be neither printed nor serialised.
//!
//! `tests/it/tidy.rs` keeps these rules by reading the source.

#![allow(unreachable_pub, reason = "everything of the library is an interface to its tests and its program")]

pub mod apply;
pub mod aws;
pub mod backoff;
pub mod cli;
pub mod commands;
pub mod duration;
pub mod fetch;
pub mod files;
pub mod forge;
pub mod grafana;
pub mod identity;
pub mod live;
pub mod probes;
pub mod random;
pub mod registry;
pub mod render;
pub mod report;
pub mod saved;
pub mod settings;
pub mod source;
pub mod terminal;

#[doc(inline)]
pub use amgctl_core::{kinds, model, plan};
#[doc(inline)]
pub use amgctl_sandbox as sandbox;
