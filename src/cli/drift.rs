//! What can be typed of `amgctl drift`.

use clap::Args;

use super::{DirectoryArgs, ReadingArgs, WorkspaceArgs};

/// `amgctl drift`.
#[derive(Args, Debug)]
pub struct DriftArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// How it is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// List what no stack manages too, each with the command that takes it into the directory
    #[arg(long)]
    pub unmanaged: bool,
    /// Exit with 2 when something was changed outside, and with 9 when the token may not read all that this depends on
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
