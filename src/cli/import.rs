//! What can be typed of `amgctl import`.

use clap::{Args, ValueEnum};

use super::WorkspaceArgs;

/// `amgctl import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// What to import, as dashboard.UID; and the directory that the files go to, which is made where it is not there
    /// (the current one otherwise)
    #[arg(value_name = "ADDRESS | DIR")]
    pub what: Vec<String>,
    /// Import everything that this stack can manage
    #[arg(long, conflicts_with = "folder")]
    pub all: bool,
    /// Import a folder, by its uid or title, and everything below it (may be repeated)
    #[arg(long, value_name = "FOLDER")]
    pub folder: Vec<String>,
    /// How dashboards and library panels are written; data sources are YAML always, for their comments
    #[arg(long, value_enum, default_value_t = FileFormat::Json)]
    pub format: FileFormat,
    /// Write secrets of data sources as placeholders of this kind, instead of as comments
    #[arg(long, value_enum, value_name = "KIND")]
    pub secrets: Option<Placeholders>,
    /// Only write files: the next apply with --adopt takes the objects into the stack
    #[arg(long)]
    pub no_adopt: bool,
    /// Overwrite files that are there with other contents
    #[arg(long)]
    pub force: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// How objects are written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileFormat {
    /// JSON, as Grafana exports it
    Json,
    /// YAML
    Yaml,
}

/// Where the values of secrets are to come from.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placeholders {
    /// Environment variables
    Env,
    /// AWS Secrets Manager
    Sm,
    /// Parameters of AWS Systems Manager
    Ssm,
}
