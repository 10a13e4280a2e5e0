//! What people type who come from Terraform: long flags with one dash, and flags that mean nothing here.
//!
//! A flag whose meaning is the same is an argument of the command. Every other one that Terraform has is named for what
//! it is, so that nobody has to guess from "unexpected argument" whether it is unknown, needless or not there yet.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;

/// A flag of Terraform's that no command, or not this one, takes.
struct Flag {
    name: &'static str,
    /// What to say of it, after its name.
    words: &'static str,
    /// What to do instead.
    hint: &'static str,
}

const LEAVE: &str = "leave it out";

const FLAGS: [Flag; 26] = [
    flag("out", "belongs to `plan`", "`amgctl plan DIR --out FILE` saves a plan, `amgctl apply FILE` applies it"),
    flag(
        "json",
        "is not needed here: this command prints no events",
        "`plan`, `apply`, `destroy`, `show` and `validate` have it",
    ),
    flag("refresh-only", "comes later", "`amgctl plan --detailed-exitcode` shows what was changed outside"),
    flag("exclude", "comes later", "-target plans only what it names, and `.amgctlignore` hides files"),
    flag("generate-config-out", "comes later", "export dashboards from Grafana as JSON"),
    flag("lock", "is not needed here: a plan takes no lock, and nothing is written without", LEAVE),
    flag("lock-timeout", "is not needed here: only what writes takes a lock", LEAVE),
    flag("parallelism", "is not needed here: it bounds writes, and this sends none", LEAVE),
    flag("auto-approve", "is not needed here: nothing is asked", LEAVE),
    flag("input", "is not needed here: nothing is asked", LEAVE),
    flag("refresh", "is not needed here: the workspace is always read", LEAVE),
    flag("compact-warnings", "is not needed here: a warning takes a few lines", LEAVE),
    flag("state", "is not needed here: there is no state file, the record is kept in the workspace", LEAVE),
    flag("state-out", "is not needed here: there is no state file, the record is kept in the workspace", LEAVE),
    flag("backup", "is not needed here: there is no state file, the record is kept in the workspace", LEAVE),
    flag("backend", "is not needed here: there is no state file, the record is kept in the workspace", LEAVE),
    flag(
        "backend-config",
        "is not needed here: there is no state file, the record is kept in the workspace",
        LEAVE,
    ),
    flag("migrate-state", "is not needed here: there is no state file, the record is kept in the workspace", LEAVE),
    flag("reconfigure", "is not needed here: there is no state file, the record is kept in the workspace", LEAVE),
    flag("upgrade", "is not needed here: there are no providers to fetch", LEAVE),
    flag("lockfile", "is not needed here: there are no providers to fetch", LEAVE),
    flag("plugin-dir", "is not needed here: there are no providers to fetch", LEAVE),
    flag("chdir", "is not needed here", "name the directory behind the command: `amgctl plan DIR`"),
    flag("detailed-exitcode", "belongs to `plan`", "the exit status of every other command says how it ended"),
    flag("destroy", "belongs to `plan`", "`amgctl destroy DIR` removes everything of the stack"),
    flag("force", "is not needed here", "-auto-approve asks nothing"),
];

const fn flag(name: &'static str, words: &'static str, hint: &'static str) -> Flag {
    Flag { name, words, hint }
}

/// Lets long flags be written with one dash, as Terraform has them: `-auto-approve`, `-target=dashboard.cpu`.
///
/// Only names that some command or Terraform has are taken so; everything else is left to the parser.
#[must_use]
pub fn with_two_dashes(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut names: BTreeSet<String> = commands_by_flag().into_keys().collect();
    names.extend(FLAGS.iter().map(|flag| flag.name).chain(["help", "version"]).map(str::to_owned));
    let mut ended = false;
    arguments
        .map(|argument| {
            ended |= argument == "--";
            match argument.to_str().and_then(|text| text.strip_prefix('-')) {
                Some(rest) if !ended && !rest.starts_with('-') && rest.len() > 1 => {
                    let name = rest.split('=').next().unwrap_or(rest);
                    if names.contains(name) { format!("--{rest}").into() } else { argument }
                }
                _ => argument,
            }
        })
        .collect()
}

/// What is wrong with a flag that the parser does not know there, and what to do; none where the parser says it best.
#[must_use]
pub fn explain(error: &clap::Error) -> Option<(String, String)> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let name = argument.strip_prefix("--")?.split(['=', ' ']).next()?;
    if let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) {
        return Some((format!("Terraform's `-{name}` {}", flag.words), flag.hint.to_owned()));
    }
    let commands = commands_by_flag().remove(name)?;
    let commands: Vec<String> = commands.iter().map(|command| format!("`{command}`")).collect();
    Some((format!("`--{name}` is not a flag of this command"), format!("it belongs to {}", commands.join(", "))))
}

/// Every long flag, with the commands that have it.
fn commands_by_flag() -> BTreeMap<String, Vec<String>> {
    let mut flags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let cli = Cli::command();
    let mut commands = vec![(String::new(), &cli)];
    while let Some((path, command)) = commands.pop() {
        for name in command.get_arguments().flat_map(|a| a.get_long_and_visible_aliases().unwrap_or_default()) {
            flags.entry(name.to_owned()).or_default().push(path.clone());
        }
        for below in command.get_subcommands() {
            commands.push((format!("{path} {}", below.get_name()).trim_start().to_owned(), below));
        }
    }
    flags.values_mut().for_each(|commands| commands.sort());
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn one_dash_is_as_good_as_two() {
        let given = ["amgctl", "apply", "-auto-approve", "-target=dashboard.a", "-v", "-input=false", "--", "-url"];
        let taken = with_two_dashes(given.iter().map(Into::into));
        let wanted =
            ["amgctl", "apply", "--auto-approve", "--target=dashboard.a", "-v", "--input=false", "--", "-url"];
        assert_eq!(taken, wanted.map(OsString::from));
    }

    fn typed(text: &str) -> Result<Cli, clap::Error> {
        let words = std::iter::once("amgctl").chain(text.split_whitespace());
        Cli::try_parse_from(with_two_dashes(words.map(Into::into)))
    }

    #[test]
    fn every_flag_of_terraform_is_understood_or_named() {
        for command in ["plan", "apply", "destroy", "validate", "init"] {
            for flag in &FLAGS {
                for text in [format!("{command} -{}", flag.name), format!("{command} dir --{}=false", flag.name)] {
                    let Err(error) = typed(&text) else { continue };
                    // A flag that the command has may want a value, or none.
                    let other = error.kind() != ErrorKind::UnknownArgument;
                    let told = explain(&error).map(|(words, _)| words);
                    let named =
                        told.is_some_and(|words| words.starts_with(&format!("Terraform's `-{}` ", flag.name)));
                    assert!(other || named, "{text}: {error}");
                }
            }
        }
    }

    #[test]
    fn a_flag_of_another_command_is_named_with_the_commands_that_have_it() {
        let told = |text: &str| explain(&typed(text).unwrap_err());
        let (words, hint) = told("destroy --max-destroy 3").unwrap();
        assert_eq!(words, "`--max-destroy` is not a flag of this command");
        assert_eq!(hint, "it belongs to `apply`, `plan`, `reconcile`");
        assert_eq!(told("plan --frobnicate"), None);
        assert_eq!(told("plan -o"), None);
    }

    #[test]
    fn flags_that_mean_the_same_are_taken() {
        for text in [
            "plan -input=false",
            "plan -detailed-exitcode -no-color -destroy",
            "apply -auto-approve -input=false -lock-timeout=10m -parallelism=2 -target=dashboard.a",
            "destroy -auto-approve -input=false -lock-timeout=10m -parallelism=2 -target=dashboard.a",
        ] {
            assert!(typed(text).is_ok(), "{text}");
        }
    }
}
