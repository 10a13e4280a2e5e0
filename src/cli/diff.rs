//! What can be typed of `amgctl diff`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::WorkspaceArgs;

/// `amgctl diff`.
#[derive(Args, Debug)]
#[command(override_usage = "amgctl diff [OPTIONS] <A> <B>\n       amgctl diff --git <PATH> <OLD-FILE> <OLD-HEX> \
    <OLD-MODE> <NEW-FILE> <NEW-HEX> <NEW-MODE>")]
pub struct DiffArgs {
    /// Two files, two directories, or a file and the address of an object of the workspace, as dashboard.cpu; what exists
    /// as a path is a path
    #[arg(value_name = "WHAT", required = true, num_args = 1.., value_hint = clap::ValueHint::AnyPath)]
    pub what: Vec<OsString>,
    /// Take the arguments that git gives to its external diff, and end with 0 whatever differs
    #[arg(long, conflicts_with_all = ["detailed_exitcode", "directory"])]
    pub git: bool,
    /// Exit with 2 when there are differences
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// The directory whose amgctl.yaml names the workspace
    #[arg(long, value_name = "DIR", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    pub directory: PathBuf,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}
