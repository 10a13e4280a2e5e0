//! What can be typed: types only, whose doc comments are the help. What it means is settled in [`crate::settings`].

pub mod diff;
pub mod doctor;
pub mod drift;
pub mod import;
pub mod list;
pub mod pull;
pub mod report;
pub mod review;
pub mod terraform;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use diff::DiffArgs;
pub use doctor::DoctorArgs;
pub use drift::DriftArgs;
pub use list::ListArgs;
pub use pull::PullArgs;
pub use report::{ReportArg, ReportArgs};
pub use review::{OutputArgs, SaveArgs, SavedArgs, SchemaArgs, SchemaOf, ShowArgs, ShowFormat};

/// Keep a Grafana workspace equal to a directory in git
#[derive(Parser, Debug)]
#[command(name = "amgctl", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Long flags may be written with one dash or two.\n\nExit status: 0 done or no changes, \
    1 error, 2 changes (with --detailed-exitcode), 3 faults in the directory, 4 refused objects, conflict or drift, \
    5 partly applied, 6 auth or permission, 7 lock held, 8 refused by a guard, 9 the plan cannot know everything (with \
    --detailed-exitcode), 64 usage, 130/143 interrupted")]
pub struct Cli {
    /// Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Never use colour
    #[arg(long, global = true)]
    pub no_color: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write an amgctl.yaml and the schema that editors complete it by
    Init(InitArgs),
    /// Check a directory without a workspace
    Validate(ValidateArgs),
    /// Show what apply would change; sends nothing but reads
    Plan(PlanArgs),
    /// Make the workspace equal to the directory
    Apply(ApplyArgs),
    /// Remove everything of the stack from the workspace
    Destroy(DestroyArgs),
    /// Show a saved plan
    Show(ShowArgs),
    /// Show what was changed outside since the last apply, by whom and when; sends nothing but reads
    Drift(DriftArgs),
    /// Write what the workspace has as files, and take it into the stack
    Import(import::ImportArgs),
    /// List what the stack owns: where it is declared, its version, who saved it last
    List(ListArgs),
    /// Say whether this will work: credentials, workspace, rights, plugins, limits, record; and what to do where not
    Doctor(DoctorArgs),
    /// Bring what was changed in the workspace back into the files
    Pull(PullArgs),
    /// Show how two files, two directories, or a file and a live object differ
    Diff(DiffArgs),
    /// Apply the directory again and again, and repair or report what was changed outside
    Reconcile(ReconcileArgs),
    /// End another run's lease on the stack early
    Unlock(UnlockArgs),
    /// Forget an object: leave it in the workspace and out of the record
    Forget(ForgetArgs),
    /// Make, renew and store the stack's access to an Amazon Managed Grafana workspace
    BootstrapIdentity(BootstrapArgs),
    /// The same with an API key, for workspaces before Grafana 12
    BootstrapApiKey(ApiKeyArgs),
    /// Look after the stack's access: status, rotation, what may be deleted, IAM policies
    Identity(IdentityArgs),
    /// See the workspaces of Amazon Managed Grafana: list, show
    Workspace(WorkspaceCommandArgs),
    /// Serve the embedded workspace until interrupted
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of amgctl.yaml, or of saved plans
    Schema(SchemaArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
}

/// The directory.
#[derive(Args, Debug, Clone)]
pub struct DirectoryArgs {
    /// The directory of data sources, folders and dashboards, or - for documents that are piped in
    #[arg(value_name = "DIR", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    pub directory: PathBuf,
}

/// How the directory is read.
#[derive(Args, Debug, Clone, Default)]
pub struct ReadingArgs {
    /// Read also dashboards in ConfigMaps without the label grafana_dashboard
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help_heading = "Directory")]
    pub configmaps: Option<bool>,
    /// Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Directory")]
    pub from_flux: Option<PathBuf>,
    /// Give a variable of manifests its value, before all others; can be given several times
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Directory")]
    pub var: Vec<String>,
    /// Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Directory")]
    pub var_file: Vec<PathBuf>,
    /// Take a variable without a value as empty, as Flux did before 2.9
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help_heading = "Directory")]
    pub lenient_vars: Option<bool>,
    /// Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says
    #[arg(long, value_name = "ORIGIN", help_heading = "Directory")]
    pub origin: Option<String>,
    /// Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times
    #[arg(long, value_name = "PREFIX=DIR", value_parser = url_mapping, help_heading = "Directory")]
    pub url_map: Vec<(String, PathBuf)>,
    /// Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME
    #[arg(long, value_name = "NAME", help_heading = "Directory")]
    pub target_grafana: Option<String>,
    /// Make every warning an error
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help_heading = "Directory")]
    pub strict: Option<bool>,
}

/// A prefix of URLs and the directory that answers for it.
fn url_mapping(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((prefix, directory)) if !prefix.trim().is_empty() && !directory.is_empty() => {
            Ok((prefix.trim().to_owned(), directory.into()))
        }
        Some(_) | None => Err("it is written PREFIX=DIR".into()),
    }
}

/// Which workspace, which stack.
#[derive(Args, Debug, Clone, Default)]
pub struct WorkspaceArgs {
    /// The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN
    // Not read by the parser: a variable must not contradict a `--sandbox` that was typed.
    #[arg(long, value_name = "URL", conflicts_with_all = ["workspace", "sandbox"], help_heading = "Workspace")]
    pub url: Option<String>,
    /// The workspace of Amazon Managed Grafana
    #[command(flatten)]
    pub managed: ManagedArgs,
    /// The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As
    /// NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has
    /// (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME
    #[arg(long, value_name = "NAME", help_heading = "Workspace")]
    pub secret: Vec<String>,
    /// How long the token that is made for this run lives, as 15m; a longer run renews it
    #[arg(long, value_name = "DURATION", help_heading = "Workspace")]
    pub token_ttl: Option<String>,
}

/// Which workspace of Amazon Managed Grafana, which stack.
#[derive(Args, Debug, Clone, Default)]
pub struct ManagedArgs {
    /// The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without
    /// any, the region's only active one
    #[arg(long, value_name = "WORKSPACE", help_heading = "Workspace")]
    pub workspace: Option<String>,
    /// Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana
    #[arg(long, value_name = "VERSION", num_args = 0..=1, require_equals = true, default_missing_value = "",
        help_heading = "Workspace")]
    pub sandbox: Option<String>,
    /// The stack's name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml
    #[arg(long, value_name = "NAME", help_heading = "Workspace")]
    pub stack: Option<String>,
    /// AWS
    #[command(flatten)]
    pub aws: AwsArgs,
    /// Wait for a workspace that is being made or changed, 20m at most or as long as is said
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "20m",
        help_heading = "Workspace")]
    pub wait: Option<String>,
}

/// Which AWS credentials, which region.
#[derive(Args, Debug, Clone, Default)]
pub struct AwsArgs {
    /// The AWS region, instead of the one of AWS's own configuration
    #[arg(long, value_name = "REGION", help_heading = "Workspace")]
    pub region: Option<String>,
    /// The profile of AWS's own configuration
    #[arg(long, value_name = "PROFILE", help_heading = "Workspace")]
    pub profile: Option<String>,
}

/// What a plan may decide.
#[derive(Args, Debug, Clone, PartialEq, Eq, Default)]
pub struct RulesArgs {
    /// What a plan that removes may decide too
    #[command(flatten)]
    pub removal: RemovalArgs,
    /// Take existing, unowned objects into the stack: all that the directory declares, or the addresses given
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, default_missing_value = "",
        action = clap::ArgAction::Append, help_heading = "Decisions")]
    pub adopt: Vec<String>,
    /// Adopt also what this other tool manages, as kubectl:gcx, and take its mark away (may be repeated)
    #[arg(long, value_name = "KIND:ID", requires = "adopt", help_heading = "Decisions")]
    pub take_from: Vec<String>,
    /// Delete this data source and make it anew where it cannot be changed in place (may be repeated)
    #[arg(long, value_name = "ADDRESS", help_heading = "Decisions")]
    pub replace: Vec<String>,
    /// Send secrets although nobody knows whether they changed (with ownership: none)
    #[arg(long, help_heading = "Decisions")]
    pub send_secrets: bool,
    /// Allow this many objects to be destroyed
    #[arg(long, value_name = "N", help_heading = "Decisions")]
    pub max_destroy: Option<usize>,
    /// Let an empty directory take the whole stack down
    #[arg(long, help_heading = "Decisions")]
    pub allow_empty: bool,
    /// What to make of references to what neither the directory nor the workspace has
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Decisions")]
    pub unknown_references: Option<UnknownReferences>,
}

/// What a plan may decide that removes objects: all that a destroy has to decide.
#[derive(Args, Debug, Clone, PartialEq, Eq, Default)]
pub struct RemovalArgs {
    /// Plan only this object and what it needs (may be repeated)
    #[arg(long, value_name = "ADDRESS", help_heading = "Decisions")]
    pub target: Vec<String>,
    /// Lift the protection of this object (may be repeated)
    #[arg(long, value_name = "ADDRESS", help_heading = "Decisions")]
    pub unprotect: Vec<String>,
    /// Delete adopted objects that left the directory, instead of releasing them
    #[arg(long, help_heading = "Decisions")]
    pub delete_adopted: bool,
    /// Take over a stack that was applied from another place
    #[arg(long, help_heading = "Decisions")]
    pub take_over: bool,
    /// Take over the record of a stack that has another name now
    #[arg(long, value_name = "OLD", help_heading = "Decisions")]
    pub take_over_stack: Option<String>,
    /// What to do about changes made outside when nobody is asked; a plan shows what refuse and report would leave alone
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Decisions")]
    pub on_drift: Option<OnDrift>,
}

/// What an unattended apply does about changes made outside.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDrift {
    /// Leave the object as it is and say so
    Refuse,
    /// Overwrite what was changed outside
    Overwrite,
    /// Leave the object as it is and report it; the run is a success all the same
    Report,
}

/// What is made of references that lead nowhere.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownReferences {
    /// Write nothing
    Error,
    /// Say so and go on
    Warn,
}

/// How a run is held together.
#[derive(Args, Debug, Clone)]
pub struct RunArgs {
    /// Do not ask
    #[arg(long, visible_alias = "yes", help_heading = "Run")]
    pub auto_approve: bool,
    /// Whether to ask for what is missing; with false nothing is asked and the run refuses instead
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, help_heading = "Run")]
    pub input: bool,
    /// How long to wait for another run's lease, as 30s or 10m
    #[arg(long, value_name = "DURATION", default_value = "0s", help_heading = "Run")]
    pub lock_timeout: String,
    /// The most writes in flight at once; fewer while the server is strained
    #[arg(long, value_name = "N", default_value_t = crate::apply::pace::WRITES, help_heading = "Run")]
    pub parallelism: usize,
    /// Add lines of JSON to a file: who wrote what, when, from which commit, with digests before and after
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Run")]
    pub log: Option<PathBuf>,
    /// The reports
    #[command(flatten)]
    pub reports: ReportArgs,
}

/// `amgctl init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// The stack's name; the directory's name otherwise
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// The URL of a Grafana
    #[arg(long, value_name = "URL", conflicts_with = "workspace")]
    pub url: Option<String>,
    /// The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint
    #[arg(long, value_name = "WORKSPACE")]
    pub workspace: Option<String>,
}

/// `amgctl validate`.
#[derive(Args, Debug)]
pub struct ValidateArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// How it is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources
    /// are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME, and what AWS keeps is not looked at here
    #[arg(long, value_name = "NAMESPACE/NAME.KEY=SOURCE", help_heading = "Directory")]
    pub secret: Vec<String>,
    /// Print what was found as JSON, in the format of `terraform validate -json`
    #[arg(long)]
    pub json: bool,
    /// The reports
    #[command(flatten)]
    pub reports: ReportArgs,
}

/// `amgctl plan`.
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// How it is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// The decisions
    #[command(flatten)]
    pub rules: RulesArgs,
    /// Exit with 2 when there are changes, and with 9 when the token may not read all that a plan depends on
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Whether to ask for what is missing; a plan asks nothing either way
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub input: bool,
    /// Take the newest revisions of dashboards of grafana.com, and pin them in amgctl.lock
    #[arg(long, conflicts_with = "destroy")]
    pub upgrade: bool,
    /// Plan to destroy the stack
    #[arg(long, conflicts_with_all = ["adopt", "take_from", "replace", "send_secrets", "max_destroy", "allow_empty",
        "unknown_references"])]
    pub destroy: bool,
    /// The saved plan
    #[command(flatten)]
    pub save: SaveArgs,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
    /// The reports
    #[command(flatten)]
    pub reports: ReportArgs,
}

/// `amgctl destroy`.
#[derive(Args, Debug)]
pub struct DestroyArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// How it is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// The decisions
    #[command(flatten)]
    pub rules: RemovalArgs,
    /// The run
    #[command(flatten)]
    pub run: RunArgs,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `amgctl apply`.
#[derive(Args, Debug)]
pub struct ApplyArgs {
    /// The directory of data sources, folders and dashboards, - for documents that are piped in, or the file of a saved plan
    #[arg(value_name = "DIR", default_value = ".", value_hint = clap::ValueHint::AnyPath)]
    pub path: PathBuf,
    /// How it is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// The decisions
    #[command(flatten)]
    pub rules: RulesArgs,
    /// The run
    #[command(flatten)]
    pub run: RunArgs,
    /// The saved plan
    #[command(flatten)]
    pub saved: SavedArgs,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `amgctl reconcile`.
#[derive(Args, Debug)]
pub struct ReconcileArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// How it is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// The decisions
    #[command(flatten)]
    pub rules: RulesArgs,
    /// The loop
    #[command(flatten)]
    pub rounds: LoopArgs,
}

/// How a loop goes on.
#[derive(Args, Debug, Clone)]
pub struct LoopArgs {
    /// How long to wait after a round, as 10m; a tenth more or less by chance
    #[arg(long, value_name = "DURATION", default_value = "10m", help_heading = "Loop")]
    pub interval: String,
    /// How long to wait after a round that failed; twice as long each time, up to the interval
    #[arg(long, value_name = "DURATION", default_value = "1m", help_heading = "Loop")]
    pub retry_interval: String,
    /// Run `git pull --ff-only` in the directory before each round; where that fails the last state is used
    #[arg(long, help_heading = "Loop")]
    pub pull: bool,
    /// Where /healthz, /readyz and /metrics are answered, as 0.0.0.0:9484; 127.0.0.1:9484 otherwise
    #[arg(long, value_name = "ADDRESS", help_heading = "Loop")]
    pub listen: Option<String>,
    /// Run one round and exit with its status
    #[arg(long, help_heading = "Loop")]
    pub once: bool,
    /// Run so many rounds and exit with the status of the last
    #[arg(long, value_name = "N", hide = true, conflicts_with = "once")]
    pub rounds: Option<u64>,
    /// The most writes in flight at once; fewer while the server is strained
    #[arg(long, value_name = "N", default_value_t = crate::apply::pace::WRITES, help_heading = "Loop")]
    pub parallelism: usize,
}

/// `amgctl unlock`.
#[derive(Args, Debug)]
pub struct UnlockArgs {
    /// The stack, instead of the one that the directory names
    #[arg(value_name = "STACK")]
    pub name: Option<String>,
    /// The directory
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// `amgctl forget`.
#[derive(Args, Debug)]
pub struct ForgetArgs {
    /// The object, as dashboard.cpu
    #[arg(value_name = "ADDRESS")]
    pub address: String,
    /// The directory
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    /// The workspace
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// `amgctl bootstrap-identity`.
#[derive(Args, Debug)]
pub struct BootstrapArgs {
    /// The stored token
    #[command(flatten)]
    pub stored: StoredArgs,
    /// When it is renewed
    #[command(flatten)]
    pub renewal: RenewalArgs,
    /// Store nothing: prepare the service account only, so that runs can make their own tokens
    #[arg(long, conflicts_with_all = ["secret", "secret_format", "kms_key", "tag", "adopt", "ttl", "renew_before",
        "overlap"], help_heading = "Secret")]
    pub no_secret: bool,
}

/// `amgctl bootstrap-api-key`.
#[derive(Args, Debug)]
pub struct ApiKeyArgs {
    /// The stored key
    #[command(flatten)]
    pub stored: StoredArgs,
    /// When it is renewed
    #[command(flatten)]
    pub renewal: RenewalArgs,
}

/// When a stored token is renewed.
#[derive(Args, Debug)]
pub struct RenewalArgs {
    /// Renew a token that has less than this left
    #[arg(long, value_name = "DURATION", default_value = "7d", help_heading = "Token")]
    pub renew_before: String,
}

/// `amgctl identity rotate`, and what the commands have in common that renew a token where it is due.
#[derive(Args, Debug)]
pub struct StoredArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// The workspace
    #[command(flatten)]
    pub managed: ManagedArgs,
    /// What is made
    #[command(flatten)]
    pub token: TokenArgs,
    /// The secret
    #[command(flatten)]
    pub secret: SecretArgs,
    /// The approval
    #[command(flatten)]
    pub approval: ApprovalArgs,
}

/// The token that is stored.
#[derive(Args, Debug, Clone)]
pub struct TokenArgs {
    /// What the token may do; what the stored one may do otherwise, and admin for a new secret
    #[arg(long, value_name = "ROLE", value_enum, help_heading = "Token")]
    pub role: Option<RoleArg>,
    /// How long the token lives, 30d at most
    #[arg(long, value_name = "DURATION", default_value = "30d", help_heading = "Token")]
    pub ttl: String,
    /// How long the previous token stays once its successor is in the secret
    #[arg(long, value_name = "DURATION", default_value = "1h", help_heading = "Token")]
    pub overlap: String,
}

/// Where the token is stored.
#[derive(Args, Debug, Clone)]
pub struct SecretArgs {
    /// The secret in Secrets Manager, by name or ARN; `auth.secret` of amgctl.yaml otherwise
    #[arg(long, value_name = "NAME", help_heading = "Secret")]
    pub secret: Option<String>,
    /// What the secret holds: JSON that says what the token is, or the bare token; what it holds now otherwise, and JSON
    /// for a new secret
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Secret")]
    pub secret_format: Option<SecretFormat>,
    /// The KMS key of a new secret, by id, alias or ARN
    #[arg(long, value_name = "KEY", help_heading = "Secret")]
    pub kms_key: Option<String>,
    /// A tag that the secret gets (may be repeated)
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Secret")]
    pub tag: Vec<String>,
    /// Take over a secret that somebody else made, or that is another stack's or for another workspace
    #[arg(long, help_heading = "Secret")]
    pub adopt: bool,
}

/// Whether it is asked for, and how it is told.
#[derive(Args, Debug, Clone)]
pub struct ApprovalArgs {
    /// Show what would be done, and do nothing
    #[arg(long, help_heading = "Run")]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, visible_alias = "yes", help_heading = "Run")]
    pub auto_approve: bool,
    /// Whether to ask for what is missing; with false nothing is asked and the run refuses instead
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, help_heading = "Run")]
    pub input: bool,
    /// Print the outcome as JSON; the token is never in it
    #[arg(long, help_heading = "Run")]
    pub json: bool,
}

/// What a service account may do.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleArg {
    /// Everything; data sources need it
    Admin,
    /// Dashboards and folders
    Editor,
    /// Read
    Viewer,
}

/// What a secret holds.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretFormat {
    /// An object with token, ids, endpoint, region and expiry
    Json,
    /// The token and nothing else
    Plain,
}

/// `amgctl identity`.
#[derive(Args, Debug)]
pub struct IdentityArgs {
    /// What to do
    #[command(subcommand)]
    pub command: IdentityCommand,
}

/// The verbs of `amgctl identity`.
#[derive(Subcommand, Debug)]
pub enum IdentityCommand {
    /// Show who this is in AWS, which service accounts and tokens there are, and how long they last
    Status(StatusArgs),
    /// Renew the stored token now, whatever it has left
    Rotate(StoredArgs),
    /// Delete the stack's tokens that ran out or were superseded
    Prune(PruneArgs),
    /// Print the IAM policy that a job needs, and the trust policy for GitHub Actions
    Policy(PolicyArgs),
}

/// `amgctl identity status`.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// The workspace
    #[command(flatten)]
    pub managed: ManagedArgs,
    /// The secret that holds the stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise
    #[arg(long, value_name = "NAME")]
    pub secret: Option<String>,
    /// Exit with 2 when the stored token has less than this left, or there is none
    #[arg(long, value_name = "DURATION")]
    pub fail_under: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `amgctl identity prune`.
#[derive(Args, Debug)]
pub struct PruneArgs {
    /// The directory
    #[command(flatten)]
    pub directory: DirectoryArgs,
    /// The workspace
    #[command(flatten)]
    pub managed: ManagedArgs,
    /// The secret that holds the stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise
    #[arg(long, value_name = "NAME")]
    pub secret: Option<String>,
    /// How long a superseded token stays
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    pub overlap: String,
    /// The approval
    #[command(flatten)]
    pub approval: ApprovalArgs,
}

/// `amgctl identity policy`.
#[derive(Args, Debug)]
pub struct PolicyArgs {
    /// The job that the policy is for
    #[arg(long, value_name = "MODE", value_enum, default_value_t = PolicyMode::Apply)]
    pub mode: PolicyMode,
    /// The workspace's id, ARN or endpoint
    #[arg(long, value_name = "WORKSPACE")]
    pub workspace: Option<String>,
    /// The region
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// The number of the AWS account
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,
    /// The secret that holds the token, or that data sources refer to (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub secret: Vec<String>,
    /// The parameter that data sources refer to (may be repeated)
    #[arg(long, value_name = "PATH")]
    pub parameter: Vec<String>,
    /// Add what this directory refers to: secrets and parameters of its data sources, and of the stores of its manifests
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    /// The KMS key of the secrets and parameters, by id, alias or ARN
    #[arg(long, value_name = "KEY")]
    pub kms_key: Option<String>,
    /// Print the roles of this repository's GitHub Actions instead: one that applies on the branch, and one that plans
    /// on pull requests and only reads a stored token
    #[arg(
        long,
        value_name = "OWNER/REPOSITORY[:BRANCH]",
        conflicts_with = "mode",
        help_heading = "GitHub Actions"
    )]
    pub github: Option<String>,
    /// The environment that the job names which applies, instead of a branch
    #[arg(long, value_name = "NAME", requires = "github", conflicts_with = "any", help_heading = "GitHub Actions")]
    pub environment: Option<String>,
    /// The numbers of owner and repository, where they stand in the subjects of its tokens
    #[arg(long, value_name = "OWNER-ID/REPOSITORY-ID", requires = "github", help_heading = "GitHub Actions")]
    pub github_ids: Option<String>,
    /// The secret of the VIEWER's token that pull requests plan with
    #[arg(long, value_name = "NAME", requires = "github", conflicts_with = "any", help_heading = "GitHub Actions")]
    pub viewer_secret: Option<String>,
    /// Let every branch, tag and pull request apply
    #[arg(long, requires = "github", help_heading = "GitHub Actions")]
    pub any: bool,
}

/// The jobs that a policy is printed for.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyMode {
    /// `amgctl plan`, with a token made for the run
    Plan,
    /// `amgctl apply` and `destroy`, with a token made for the run
    Apply,
    /// `amgctl bootstrap-identity` and `identity rotate`
    Bootstrap,
    /// Any run with the stored token
    Reader,
    /// `amgctl plan --url URL --secret NAME`: reads that secret and nothing else
    Viewer,
}

/// `amgctl workspace`.
#[derive(Args, Debug)]
pub struct WorkspaceCommandArgs {
    /// What to do
    #[command(subcommand)]
    pub command: WorkspaceCommand,
}

/// The verbs of `amgctl workspace`.
#[derive(Subcommand, Debug)]
pub enum WorkspaceCommand {
    /// List the workspaces of a region
    List(WorkspaceListArgs),
    /// Show what AWS says of one workspace
    Show(WorkspaceShowArgs),
}

/// `amgctl workspace list`.
#[derive(Args, Debug)]
pub struct WorkspaceListArgs {
    /// AWS
    #[command(flatten)]
    pub aws: AwsArgs,
    /// Ask the AWS of the embedded workspace; optionally as another version of Grafana
    #[arg(long, value_name = "VERSION", num_args = 0..=1, require_equals = true, default_missing_value = "",
        help_heading = "Workspace")]
    pub sandbox: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `amgctl workspace show`.
#[derive(Args, Debug)]
pub struct WorkspaceShowArgs {
    /// The workspace by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region's only
    /// active one
    #[arg(value_name = "WORKSPACE")]
    pub workspace: Option<String>,
    /// AWS
    #[command(flatten)]
    pub aws: AwsArgs,
    /// Ask the AWS of the embedded workspace; optionally as another version of Grafana
    #[arg(long, value_name = "VERSION", num_args = 0..=1, require_equals = true, default_missing_value = "",
        help_heading = "Workspace")]
    pub sandbox: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `amgctl sandbox`.
#[derive(Args, Debug)]
pub struct SandboxArgs {
    /// The port on loopback; any that is free otherwise
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// The version of Grafana to answer as
    #[arg(long, value_name = "VERSION")]
    pub grafana: Option<String>,
    /// Keep nothing on disk
    #[arg(long)]
    pub ephemeral: bool,
    /// Let every answer wait this long, as 20ms
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub latency: String,
    /// Let something go wrong, as 502@3 or busy (may be repeated)
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<String>,
    /// Begin with the dashboards of a directory; its sub-directories are folders
    #[arg(long, value_name = "DIR")]
    pub seed_dir: Option<PathBuf>,
}

/// `amgctl completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}
