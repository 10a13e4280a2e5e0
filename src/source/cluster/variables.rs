//! Variables that are typed: `--var NAME=VALUE`, and the files of `--var-file`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::envsubst::is_name;
use crate::model::{Place, Problem, Spot};
use crate::source::document::{self, Format};
use crate::source::text::SourceText;
use crate::source::walk::MAX_BYTES;

/// What is typed of Flux: which Kustomization is followed, and variables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct FluxOptions {
    /// The file whose Flux Kustomizations are followed, instead of those in the directory.
    pub from: Option<PathBuf>,
    /// Files of variables; they beat those of Kustomizations, and later ones beat earlier ones.
    pub files: Vec<PathBuf>,
    /// Variables; they beat all others, and later ones beat earlier ones.
    pub variables: Vec<(String, String)>,
    /// Whether a variable without a value is empty, as it was before Flux 2.9.
    pub lenient: bool,
}

impl FluxOptions {
    /// Whether nothing is typed.
    pub(crate) fn is_empty(&self) -> bool {
        *self == FluxOptions::default()
    }

    /// All variables that are typed, those that beat others last; and what is wrong with the files.
    pub(super) fn typed(&self) -> (Vec<(String, String)>, Vec<Problem>) {
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        for file in &self.files {
            match read(file).and_then(|source| variables_of(&source)) {
                Ok(found) => all.extend(found.into_iter().map(|given| (given.name, given.value))),
                Err(problem) => problems.push(*problem),
            }
        }
        all.extend(self.variables.iter().cloned());
        (all, problems)
    }

    /// The names of the variables in the files, each with where it stands: without its line, which may hold a secret.
    pub(super) fn names_in_files(&self) -> Vec<(String, Spot)> {
        let found = self.files.iter().filter_map(|file| variables_of(&read(file).ok()?).ok()).flatten();
        found.map(|given| (given.name, Spot::bare(given.place))).collect()
    }
}

/// A variable of a file.
struct Given {
    name: String,
    value: String,
    place: Place,
}

/// Reads a file that was named, wherever it is.
pub(super) fn read(file: &Path) -> Result<SourceText, Box<Problem>> {
    let name = file.display().to_string();
    let fault = |message: String| Box::new(Problem::error("unreadable", message).at(Place::file(name.as_str())));
    let metadata = std::fs::metadata(file).map_err(|error| fault(format!("this file cannot be read: {error}")))?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(fault("this is no file of at most 16 MiB".into()));
    }
    let bytes = std::fs::read(file).map_err(|error| fault(format!("this file cannot be read: {error}")))?;
    SourceText::new(name.into(), bytes)
}

/// The variables of a file: of YAML and JSON the members of an object or the `data` of a ConfigMap, of any other the
/// lines `NAME=VALUE`.
fn variables_of(source: &SourceText) -> Result<Vec<Given>, Box<Problem>> {
    match Format::of(&source.file) {
        Some(format) => members(source, format),
        None => lines(source),
    }
}

fn members(source: &SourceText, format: Format) -> Result<Vec<Given>, Box<Problem>> {
    let (documents, faults) = document::read(source, format);
    if let Some(fault) = faults.into_iter().next() {
        return Err(Box::new(fault));
    }
    let mut all = Vec::new();
    for document in &documents {
        let base = if document.value.get("kind").is_some_and(|kind| kind == "ConfigMap") { "/data" } else { "" };
        let spot = |pointer: &str| document.spot(pointer, "");
        let Some(Value::Object(members)) = document.value.pointer(base) else {
            let problem =
                Problem::error("variable", "a file of variables holds an object: each name with its value");
            return Err(Box::new(problem.spot(spot(base))));
        };
        for (name, value) in members {
            let pointer = crate::source::yaml::member(base, name);
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Null => String::new(),
                Value::Array(_) | Value::Object(_) => {
                    let problem = Problem::error("variable", format!("the value of `{name}` is no text"));
                    return Err(Box::new(problem.spot(spot(&pointer))));
                }
            };
            let spot = document.key_spot(&pointer, "");
            check(name).map_err(|problem| Box::new(problem.spot(spot.clone())))?;
            all.push(Given { name: name.clone(), value: text, place: spot.place });
        }
    }
    Ok(all)
}

fn lines(source: &SourceText) -> Result<Vec<Given>, Box<Problem>> {
    let mut all = Vec::new();
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let range = at..at + line.trim_end().len();
        at += line.len();
        let written = line.trim();
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        let written = written.strip_prefix("export ").unwrap_or(written).trim_start();
        // The line is not shown: it may hold a secret.
        let place = || source.place(range.start);
        let Some((name, value)) = written.split_once('=') else {
            let problem = Problem::error("variable", "a line of a file of variables is `NAME=VALUE`");
            return Err(Box::new(problem.at(place())));
        };
        check(name.trim_end()).map_err(|problem| Box::new(problem.at(place())))?;
        let value = value.trim();
        let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        all.push(Given {
            name: name.trim_end().to_owned(),
            value: quoted.unwrap_or(value).to_owned(),
            place: place(),
        });
    }
    Ok(all)
}

/// Says what is wrong with a variable's name.
pub(crate) fn check(name: &str) -> Result<(), Problem> {
    if is_name(name) {
        return Ok(());
    }
    Err(Problem::error("variable", format!("`{name}` is no name of a variable"))
        .help("a name is of letters, digits and `_`, and does not begin with a digit"))
}

/// What stands for the value of a variable where a command line is shown: the value may be a secret.
pub const NOT_SHOWN: &str = "…";

/// Reads `NAME=VALUE`, as it is typed.
///
/// # Errors
/// In words: there is no `=`, the name is none, or the value is [`NOT_SHOWN`].
pub fn parse_variable(typed: &str) -> Result<(String, String), String> {
    let (name, value) = typed.split_once('=').ok_or("write NAME=VALUE")?;
    check(name).map_err(|problem| format!("{}: {}", problem.message, problem.help.unwrap_or_default()))?;
    if value == NOT_SHOWN {
        return Err(format!("`{name}={NOT_SHOWN}` stands for what was typed before: write the value"));
    }
    Ok((name.to_owned(), value.to_owned()))
}
