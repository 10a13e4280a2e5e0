//! What can be typed of `amgctl list`.

use clap::Args;

use super::{DirectoryArgs, ReadingArgs, WorkspaceArgs};

/// `amgctl list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// How it is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// List what other stacks own and what no stack manages too
    #[arg(long)]
    pub all: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
