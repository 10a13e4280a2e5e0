//! References that nothing explains: data sources, folders and library panels that are neither here nor there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declarations, KnownDatasource, folder_uid, nearest};
use crate::kinds::dashboard::facts::variables_in;
use crate::kinds::datasource::Datasource;
use crate::kinds::folder::Folder;
use crate::kinds::library_panel::LibraryPanel;
use crate::model::{Declared, Listed, Parent, Place, Problem, Severity, Spot, Target};

/// How many further places of one unknown target are named.
const NAMED: usize = 20;

/// Finds what the directory refers to and neither it nor, where it was asked, the workspace has.
///
/// One problem for each target, at the first place that refers to it. `None` means: the workspace was not asked.
#[must_use]
pub fn check_references(
    declarations: &Declarations,
    known: Option<&[KnownDatasource]>,
    live_folders: Option<&[Listed]>,
    live_library_panels: Option<&BTreeSet<String>>,
    severity: Severity,
) -> Vec<Problem> {
    let mut places: BTreeMap<&Target, Vec<(&Declared, &str)>> = BTreeMap::new();
    for declared in &declarations.objects {
        for reference in declared.references.iter().chain(&declared.mentions) {
            places.entry(&reference.to).or_default().push((declared, &reference.pointer));
        }
    }
    let names = Names::new(declarations, known, live_folders, live_library_panels);
    let mut problems = Vec::new();
    for (target, mut referring) in places {
        if names.has(target) {
            continue;
        }
        referring.sort_by(|a, b| a.0.place.cmp(&b.0.place));
        let Some((declared, pointer)) = referring.first().copied() else { continue };
        // What was fetched is not this directory's to change; whoever applied it before was not asked either.
        let is_elsewhere = referring.iter().all(|(declared, _)| declared.fetched.is_some());
        let severity = if is_elsewhere { Severity::Warning } else { severity };
        let mut problem = names.problem(target, severity);
        if let Some((written, value)) = from_elsewhere(declarations, declared, pointer, target) {
            // What came from elsewhere is not shown, wherever it turns up.
            problem.message = problem.message.replace(&value, &written);
            problem.help = Some(format!("`{written}` must give the uid of a data source that is there"));
        }
        let problem = problem.spot(declarations.locate(declared, pointer));
        problems.push(further(problem, &referring[1..]));
    }
    for folder in &declarations.folders {
        if let Parent::Uid(uid) = &folder.parent {
            let target = Target::new(Folder::NAME, uid.as_str());
            if !names.has(&target) {
                problems.push(names.problem(&target, severity).spot(Spot::bare(folder.place.clone())));
            }
        }
    }
    problems.sort_by(|a, b| {
        let place = |problem: &Problem| problem.spots.first().map(|spot| spot.place.clone());
        place(a).cmp(&place(b))
    });
    problems
}

// What a data source's file says where a reference came in part from the environment or a file, and what it came to.
fn from_elsewhere(
    declarations: &Declarations,
    declared: &Declared,
    pointer: &str,
    target: &Target,
) -> Option<(String, String)> {
    if (declared.address.kind, target.kind) != (Datasource::NAME, Datasource::NAME) {
        return None;
    }
    let value = &target.name;
    let body = declarations.body(declared).ok()?;
    let written = body.shown.pointer(pointer)?.as_str()?;
    (written != value).then(|| (written.to_owned(), value.clone()))
}

/// Finds what the directory refers to and the plan takes away: `leaving` says of each target what becomes of it.
#[must_use]
pub fn check_leaving(
    declarations: &Declarations,
    leaving: &BTreeMap<Target, String>,
    severity: Severity,
) -> Vec<Problem> {
    let mut places: BTreeMap<&Target, Vec<(&Declared, &str)>> = BTreeMap::new();
    if leaving.is_empty() {
        return Vec::new();
    }
    for declared in &declarations.objects {
        for reference in declared.references.iter().filter(|r| leaving.contains_key(&r.to)) {
            places.entry(&reference.to).or_default().push((declared, &reference.pointer));
        }
    }
    let mut problems = Vec::new();
    for (target, mut referring) in places {
        referring.sort_by(|a, b| a.0.place.cmp(&b.0.place));
        let Some((declared, pointer)) = referring.first().copied() else { continue };
        let name = &target.name;
        let (code, what) = match target.kind {
            Datasource::NAME => {
                let written = from_elsewhere(declarations, declared, pointer, target);
                let name = written.map_or_else(|| name.clone(), |(written, _)| written);
                ("unknown-datasource", format!("the data source `{name}`"))
            }
            Folder::NAME => ("unknown-folder", format!("the folder `{name}`")),
            _ => ("unknown-library-panel", format!("the library panel `{name}`")),
        };
        let words = leaving.get(target).map(String::as_str).unwrap_or_default();
        let message = format!("nothing will have {what} after this change, and the directory still refers to it");
        let problem = Problem { severity, ..Problem::error(code, message) }
            .spot(declarations.locate(declared, pointer))
            .note(words)
            .help("keep it in the directory, or change what refers to it as well");
        problems.push(further(problem, &referring[1..]));
    }
    problems.sort_by(|a, b| a.spots.first().map(|s| &s.place).cmp(&b.spots.first().map(|s| &s.place)));
    problems
}

fn further(problem: Problem, referring: &[(&Declared, &str)]) -> Problem {
    if referring.is_empty() {
        return problem;
    }
    let files: BTreeSet<&str> = referring.iter().map(|(declared, _)| &*declared.place.file).collect();
    let shown: Vec<String> = files.iter().take(NAMED).map(|file| format!("`{file}`")).collect();
    let more = files.len() - shown.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    problem.note(format!("it is also named in {}{more}", shown.join(", ")))
}

/// Every name that explains a reference.
struct Names<'a> {
    datasources: BTreeMap<&'a str, Option<&'a Place>>,
    /// The names of the directory's data sources as the server has them and is to have them: some are not to be shown.
    names: BTreeSet<&'a str>,
    folders: BTreeSet<String>,
    /// The directory's own library panels.
    own_panels: BTreeSet<&'a str>,
    library_panels: Option<&'a BTreeSet<String>>,
    asked_datasources: bool,
    asked_folders: bool,
}

impl<'a> Names<'a> {
    fn new(
        declarations: &'a Declarations,
        known: Option<&'a [KnownDatasource]>,
        live_folders: Option<&'a [Listed]>,
        library_panels: Option<&'a BTreeSet<String>>,
    ) -> Names<'a> {
        let mut datasources: BTreeMap<&str, Option<&Place>> = BTreeMap::new();
        for live in known.unwrap_or_default() {
            datasources.insert(&live.uid, None);
            if !declarations.datasources.iter().any(|own| own.uid == live.uid) {
                datasources.insert(&live.name, None);
            }
        }
        for own in &declarations.datasources {
            let place = declarations.objects.iter().find(|d| d.address.id() == own.uid).map(|d| &d.place);
            datasources.insert(&own.uid, place);
            datasources.insert(&own.name, place);
        }
        let named = declarations.objects.iter().filter(|d| d.address.kind == Datasource::NAME);
        let mut names: BTreeSet<&str> = named.map(|d| d.name.as_str()).collect();
        let is_own = |uid: &str| declarations.datasources.iter().any(|own| own.uid == uid);
        names.extend(known.unwrap_or_default().iter().filter(|d| is_own(&d.uid)).map(|d| d.name.as_str()));
        let mut folders: BTreeSet<String> =
            live_folders.unwrap_or_default().iter().map(|folder| folder.uid.clone()).collect();
        for folder in &declarations.folders {
            folders.extend(folder.uid.as_ref().map(ToString::to_string));
            folders.extend(folder.path.as_ref().map(|path| folder_uid(path).to_string()));
        }
        Names {
            datasources,
            names,
            folders,
            own_panels: declarations
                .declared()
                .filter(|d| d.address.kind == LibraryPanel::NAME)
                .map(|d| d.address.id())
                .collect(),
            library_panels,
            asked_datasources: known.is_some(),
            asked_folders: live_folders.is_some(),
        }
    }

    fn has(&self, target: &Target) -> bool {
        let name = target.name.as_str();
        match target.kind {
            Datasource::NAME => self.datasources.contains_key(name) || self.names.contains(name),
            Folder::NAME => self.folders.contains(name),
            _ => self.own_panels.contains(name) || self.library_panels.is_some_and(|known| known.contains(name)),
        }
    }

    fn problem(&self, target: &Target, severity: Severity) -> Problem {
        let asked = |asked: bool| if asked { "nothing here or in the workspace" } else { "nothing here" };
        let Target { kind, name } = target;
        let (code, message, near) = match *kind {
            Datasource::NAME if !variables_in(name).is_empty() => {
                let problem = Problem::error(
                    "unknown-datasource",
                    format!("`{name}` names a data source by a variable that this dashboard does not have"),
                );
                let answer = match name.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
                    Some(name) => {
                        format!("; a placeholder is answered by `{name}: UID` below `inputs:` in amgctl.yaml")
                    }
                    None => String::new(),
                };
                let help = format!("add the variable, or write the data source's uid here{answer}");
                return Problem { severity, ..problem }.help(help);
            }
            Datasource::NAME => {
                let near = nearest(name, self.datasources.keys().copied());
                let near = near.map(|near| match self.datasources.get(near).copied().flatten() {
                    Some(place) => format!("`{near}` ({place})"),
                    None => format!("`{near}`"),
                });
                let message = format!("{} has the data source `{name}`", asked(self.asked_datasources));
                ("unknown-datasource", message, near)
            }
            Folder::NAME => {
                let near = nearest(name, self.folders.iter().map(String::as_str));
                let message = format!("{} has a folder with the uid `{name}`", asked(self.asked_folders));
                ("unknown-folder", message, near.map(|near| format!("`{near}`")))
            }
            _ => {
                let known = self.library_panels.into_iter().flatten().map(String::as_str);
                let near = nearest(name, known).map(|near| format!("`{near}`"));
                let message = format!("{} has the library panel `{name}`", asked(self.library_panels.is_some()));
                ("unknown-library-panel", message, near)
            }
        };
        let problem = Problem { severity, ..Problem::error(code, message) };
        match (near, *kind) {
            (Some(near), _) => problem.help(format!("did you mean {near}?")),
            (None, Datasource::NAME) => problem.help("declare it, or name one that is there"),
            (None, Folder::NAME) => problem.help("name a folder that is there, or leave the annotation out"),
            (None, _) => problem.help(
                "keep it in a file of its own, export the dashboard for sharing, or unlink the panel before the export",
            ),
        }
    }
}
