//! Variables that are given and that nothing uses: a slip in a name would look like success.
//!
//! A file is looked through for what its text names (`${NAME`, whatever follows), in comments and escapes too: a variable
//! counts as used rather than not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::build::Build;
use super::envsubst::is_name;
use super::variables::FluxOptions;
use crate::model::{Problem, Spot};
use crate::source::settings;

/// How many names of one file are listed.
const LISTED: usize = 8;

/// The names in each file of a directory.
pub(super) type Names = BTreeMap<Arc<str>, BTreeSet<String>>;

/// The variables that a text names.
pub(super) fn names_in(text: &str) -> BTreeSet<String> {
    let name = |rest: &str| {
        // `${#NAME}` is how long its value is.
        let rest = rest.trim_start_matches('#');
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    text.split("${").skip(1).map(name).filter(|name| is_name(name)).collect()
}

/// What to say of given variables that nothing in what is read uses: of a file of them once.
pub(super) fn report(root: &Path, flux: &FluxOptions, build: &Build, names: &Names) -> Vec<Problem> {
    let read = names.iter().filter(|(file, _)| build.takes_variables(file));
    let used: BTreeSet<&str> = read.flat_map(|(_, names)| names).map(String::as_str).collect();
    let mut of_files: BTreeMap<Arc<str>, Vec<(String, Spot)>> = BTreeMap::new();
    for (name, spot) in flux.names_in_files().into_iter().filter(|(name, _)| !used.contains(name.as_str())) {
        of_files.entry(spot.place.file.clone()).or_default().push((name, spot));
    }
    let (mut problems, mut given) = (Vec::new(), None);
    for (name, _) in flux.variables.iter().filter(|(name, _)| !used.contains(name.as_str())) {
        let is_given = given.get_or_insert_with(|| settings::read_settings(root).0).vars.contains_key(name);
        if is_given {
            // The value beside it may be a secret.
            let spot = settings::spot(root, &["vars", name]).without_line();
            of_files.entry(spot.place.file.clone()).or_default().push((name.clone(), spot));
        } else {
            let problem = Problem::warning("variable", format!("nothing that is read uses `--var {name}=…`"));
            problems.push(helped(problem, std::slice::from_ref(name), &used));
        }
    }
    problems.extend(of_files.into_values().map(|unused| of_file(&unused, &used)));
    problems
}

// What to say of the variables of one file.
fn of_file(unused: &[(String, Spot)], used: &BTreeSet<&str>) -> Problem {
    let names: Vec<String> = unused.iter().map(|(name, _)| name.clone()).collect();
    let mut listed = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = names.len().checked_sub(LISTED) {
        listed.push_str(&format!(" and {more} more"));
    }
    let plural = if names.len() == 1 { "" } else { "s" };
    let problem = Problem::warning("variable", format!("nothing that is read uses the variable{plural} {listed}"));
    let first = unused.iter().take(1).map(|(_, spot)| spot.clone());
    helped(first.fold(problem, Problem::spot), &names, used)
}

fn helped(problem: Problem, names: &[String], used: &BTreeSet<&str>) -> Problem {
    let near = |name: &String| {
        let near = used.iter().min_by_key(|other| strsim::damerau_levenshtein(name, other))?;
        (strsim::damerau_levenshtein(name, near) <= 2).then(|| format!("did you mean `{near}`?"))
    };
    let plain = || "correct the name, or leave it out".to_owned();
    problem.help(names.iter().find_map(near).unwrap_or_else(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_follows_a_dollar_and_a_brace() {
        let text = "a: ${A} $B ${C:=${D}} ${#E} ${ F} ${1}\n# ${G,,}\n$${H} ${I";
        let names: Vec<String> = names_in(text).into_iter().collect();
        assert_eq!(names, ["A", "C", "D", "E", "G", "H", "I"]);
    }
}
