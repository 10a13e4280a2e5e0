//! One Secret, put together of the directory, of what was fetched and of what was given; with what is wrong.

use std::collections::BTreeMap;

use super::fields::Fault;
use super::wanted::Unfetched;
use super::{Answers, Asked, NOT_FETCHED, Quest, What, plain};
use crate::model::{Problem, Secret, Spot, counted};

/// How many places one problem names.
const PLACES: usize = 10;

/// A Secret while it is put together.
pub(super) struct Assembly<'a> {
    quest: &'a Quest,
    asked: &'a Asked,
    answers: &'a Answers,
    values: BTreeMap<String, Secret>,
    problems: Vec<Problem>,
    /// Whether everything that is asked for could be looked at.
    is_whole: bool,
}

/// What was not fetched, by why.
#[derive(Default)]
pub(super) struct Failures<'a>(BTreeMap<&'a Unfetched, Vec<(&'a What, Vec<Spot>)>>);

impl<'a> Assembly<'a> {
    /// Nothing yet.
    pub(super) fn new(quest: &'a Quest, asked: &'a Asked, answers: &'a Answers) -> Assembly<'a> {
        Assembly { quest, asked, answers, values: BTreeMap::new(), problems: Vec::new(), is_whole: true }
    }

    /// Puts it together.
    pub(super) fn finish(mut self, failures: &mut Failures<'a>) -> (BTreeMap<String, Secret>, Vec<Problem>) {
        self.add_plain();
        self.add_externals(failures);
        self.add_given(failures);
        if self.is_whole {
            self.report_missing();
        }
        (self.values, self.problems)
    }

    fn report(&mut self, fault: &Fault) {
        self.is_whole = false;
        self.problems.push(referred(fault.problem(), &self.asked.spots(None)));
    }

    fn add_plain(&mut self) {
        let Some(resource) = &self.asked.plain else { return };
        let (values, faults) = plain::values(resource, &self.asked.open());
        self.values.extend(values);
        for fault in &faults {
            self.report(fault);
        }
    }

    fn add_externals(&mut self, failures: &mut Failures<'a>) {
        let open = self.asked.open();
        for external in &self.asked.externals {
            let external = match external {
                Ok(external) => external,
                Err(fault) => {
                    self.report(fault);
                    continue;
                }
            };
            for fault in external.faults(&open) {
                self.report(fault);
            }
            let mut fetched = BTreeMap::new();
            for step in external.steps(&open) {
                let store = self.quest.store(&self.asked.namespace, step.store(), step.spot());
                let wanted = store.and_then(|store| step.wanted(store).map_err(|why| step.fault(why)));
                let wanted = match wanted {
                    Ok(wanted) => wanted,
                    Err(fault) => {
                        self.report(&fault);
                        continue;
                    }
                };
                match self.answers.get_key_value(&wanted) {
                    Some((wanted, Ok(found))) => match step.values(found) {
                        Ok(values) => fetched.extend(values),
                        Err(why) => self.report(&step.fault(format!("{}: {why}", wanted.what))),
                    },
                    Some((wanted, Err(why))) => {
                        self.is_whole = false;
                        let spots = std::iter::once(step.spot().clone()).chain(self.asked.spots(None)).collect();
                        failures.0.entry(why).or_default().push((&wanted.what, spots));
                    }
                    None => self.is_whole = false,
                }
            }
            if let Ok(template) = &external.template {
                self.values.extend(match template {
                    Some(template) => template.fill(&fetched),
                    None => fetched,
                });
            }
        }
    }

    fn add_given(&mut self, failures: &mut Failures<'a>) {
        for given in &self.asked.given {
            let Some(key) = given.key_of(&self.asked.namespace, &self.asked.name) else { continue };
            let answer = given.wanted().and_then(|wanted| self.answers.get_key_value(&wanted));
            let fetched = match answer {
                Some((_, Ok(fetched))) => Some(fetched),
                Some((wanted, Err(why))) => {
                    self.is_whole = false;
                    failures.0.entry(why).or_default().push((&wanted.what, self.asked.spots(Some(key))));
                    continue;
                }
                None if given.wanted().is_some() => {
                    self.is_whole = false;
                    continue;
                }
                None => None,
            };
            match given.value(&self.quest.environment, fetched) {
                Ok(value) => drop(self.values.insert(key.to_owned(), value)),
                Err(why) => {
                    self.is_whole = false;
                    let problem = Problem::error("secret", format!("`--secret {}`: {why}", given.typed()));
                    self.problems.push(referred(problem, &self.asked.spots(Some(key))));
                }
            }
        }
    }

    /// Says which keys that are referred to are missing, or hold nothing: an empty value would erase a password.
    fn report_missing(&mut self) {
        let Asked { namespace, name, .. } = self.asked;
        let exists = self.asked.plain.is_some() || !self.asked.externals.is_empty() || !self.asked.given.is_empty();
        let mut keys: Vec<Option<&str>> =
            self.asked.references.iter().filter(|r| !r.is_optional).map(|r| r.key.as_deref()).collect();
        keys.sort();
        keys.dedup();
        if !exists {
            if !keys.is_empty() {
                let message = format!("the Secret `{namespace}/{name}` is not in the directory");
                let key = keys.iter().flatten().next().unwrap_or(&"KEY");
                let help = format!(
                    "add it, or an ExternalSecret that makes it; or give the value to the run: \
                     `--secret {namespace}/{name}.{key}=env:VARIABLE`"
                );
                self.problems.push(referred(Problem::error("secret", message), &self.asked.spots(None)).help(help));
            }
            return;
        }
        for key in keys.into_iter().flatten() {
            let (message, help) = match self.values.get(key) {
                Some(value) if !value.expose().trim().is_empty() => continue,
                Some(_) => (
                    format!("the key `{key}` of the Secret `{namespace}/{name}` is empty"),
                    "write the value into it, or remove what refers to it",
                ),
                None => (
                    format!("the Secret `{namespace}/{name}` has no key `{key}`"),
                    "correct one of the two, or give the value to the run with `--secret`",
                ),
            };
            let mut problem = referred(Problem::error("secret", message), &self.asked.spots(Some(key)));
            for (spot, keys) in self.asked.places() {
                let names: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                let label = match names.is_empty() {
                    true => "this is the Secret".to_owned(),
                    false => format!("it has {}", names.join(", ")),
                };
                problem = problem.spot(Spot { label, ..spot });
            }
            self.problems.push(problem.help(help));
        }
    }
}

impl Failures<'_> {
    /// One problem for each thing that was not fetched; one for all where the reason is the same.
    pub(super) fn problems(self) -> Vec<Problem> {
        let one = |(why, failed): (&Unfetched, Vec<(&What, Vec<Spot>)>)| {
            let mut names: Vec<&What> = failed.iter().map(|(what, _)| *what).collect();
            names.sort();
            names.dedup();
            let message = match &*names {
                [only] => format!("{only}: {}", why.message),
                several => format!("{} could not be read: {}", counted(several.len(), "value"), why.message),
            };
            let several = names.len() > 1;
            let spot = |(what, spots): (&What, Vec<Spot>)| {
                let label = if several { what.to_string() } else { String::new() };
                let first = spots.first().cloned().map(|spot| Spot { label, ..spot });
                first.into_iter().chain(spots.into_iter().skip(1)).collect::<Vec<_>>()
            };
            let mut spots: Vec<Spot> = Vec::new();
            for next in failed.into_iter().flat_map(spot) {
                if !spots.iter().any(|spot| spot.place == next.place) {
                    spots.push(next);
                }
            }
            let problem = referred(Problem::error(NOT_FETCHED, message), &spots);
            match &why.hint {
                Some(hint) => problem.help(hint.clone()),
                None => problem,
            }
        };
        self.0.into_iter().map(one).collect()
    }
}

/// A problem with the places that it is about.
fn referred(problem: Problem, spots: &[Spot]) -> Problem {
    let problem = spots.iter().take(PLACES).cloned().fold(problem, Problem::spot);
    match spots.len().saturating_sub(PLACES) {
        0 => problem,
        more => problem.note(format!("and at {}", counted(more, "more place"))),
    }
}
