//! What can be typed of `amgctl doctor`.

use clap::Args;

use super::{DirectoryArgs, ReadingArgs, WorkspaceArgs};

/// `amgctl doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// How it is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
