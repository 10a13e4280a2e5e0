//! What can be typed about plans in files, and about what is written beside a plan or a run for others to read.

use std::path::PathBuf;

use super::ReportArgs;
use clap::{Args, ValueEnum};

/// What a plan or a run gives to others than the person at the terminal.
#[derive(Args, Debug, Clone, Default)]
pub struct OutputArgs {
    /// Print events as lines of JSON in the words of Terraform's stream, and nothing else on stdout
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// Whether a plan is kept in a file.
#[derive(Args, Debug, Clone, Default)]
pub struct SaveArgs {
    /// Save the plan in a file, which `apply FILE` carries out and `show FILE` shows
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Saved plans")]
    pub out: Option<PathBuf>,
    /// Put into that file what is written too, so that it can be applied without the directory; no secret is in it
    #[arg(long, requires = "out", conflicts_with = "destroy", help_heading = "Saved plans")]
    pub self_contained: bool,
}

/// What an apply does with a saved plan.
#[derive(Args, Debug, Clone, Default)]
pub struct SavedArgs {
    /// The directory that a saved plan was made from, where it is elsewhere by now
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, help_heading = "Saved plans")]
    pub directory: Option<PathBuf>,
    /// Write nothing of a saved plan where something of it cannot be written any more
    #[arg(long, help_heading = "Saved plans")]
    pub all_or_nothing: bool,
    /// The digest of the saved plan, as `plan --out` printed it; another file is refused
    #[arg(long, value_name = "SHA256", help_heading = "Saved plans")]
    pub digest: Option<String>,
    /// Plan anew, and go on without asking where that is what this saved plan shows
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Saved plans")]
    pub reviewed: Option<PathBuf>,
}

/// `amgctl schema`.
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value_t = SchemaOf::Settings)]
    pub of: SchemaOf,
}

/// The formats that are published as a JSON Schema.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaOf {
    /// amgctl.yaml
    Settings,
    /// Saved plans
    Plan,
}

/// `amgctl show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The saved plan
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,
    /// How it is shown
    #[command(flatten)]
    pub format: ShowFormat,
    /// The reports
    #[command(flatten)]
    pub reports: ReportArgs,
}

/// How a saved plan is shown: as at a terminal where nothing else is said.
#[derive(Args, Debug, Clone, Default)]
#[group(multiple = false)]
pub struct ShowFormat {
    /// Print JSON in the format of Terraform's plans
    #[arg(long)]
    pub json: bool,
    /// Print Markdown, as for a comment
    #[arg(long)]
    pub markdown: bool,
    /// Print a page for browsers
    #[arg(long)]
    pub html: bool,
}
