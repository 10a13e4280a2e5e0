//! What can be typed of `amgctl pull`.

use std::path::PathBuf;

use clap::Args;

use super::{ReadingArgs, WorkspaceArgs};

/// `amgctl pull`.
#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct PullArgs {
    /// The addresses of objects, as dashboard.cpu; everything of the stack where none is named
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// The directory
    #[arg(long, value_name = "DIR", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    pub directory: PathBuf,
    /// Print the patch, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write files for dashboards that others made in folders of the stack
    #[arg(long)]
    pub new: bool,
    /// Remove the files of objects that others deleted
    #[arg(long)]
    pub deleted: bool,
    /// Take over what Grafana's editor migrated as it saved a dashboard, not only what the person changed
    #[arg(long)]
    pub accept_migration: bool,
    /// How it is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}
