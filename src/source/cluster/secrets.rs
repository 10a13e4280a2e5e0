//! The Secrets that manifests of a directory refer to: from which files, stores and flags their values come.
//!
//! Only what something refers to is looked at, key by key. A [`Quest`] says what has to be fetched ([`Quest::wanted`]),
//! and puts the answers together to [`Secrets`]. Nothing is fetched here, and no message holds a value.
//!
//! One file a subject: `reference` (who refers to a Secret), `plain` (`v1` Secrets), `external` (ExternalSecret), `store`
//! (its stores), `template` (`target.template`), `value` and `path` (what becomes of a value), `given` (values for this
//! run), `wanted` (what is fetched), `assembly` (one Secret, put together).

mod assembly;
mod external;
mod fields;
mod given;
mod path;
mod plain;
mod reference;
mod store;
mod template;
#[cfg(test)]
mod tests;
mod value;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use assembly::{Assembly, Failures};
use external::{External, StoreName};
use fields::{At, Fault};
use store::Store;

pub use given::{Given, GivenSource};
pub(super) use plain::texts;
pub(crate) use reference::{Reference, references};
pub use wanted::{Access, Answers, Chosen, Fetched, Role, Unfetched, Version, Wanted, What};

use super::{Cluster, Resource, Secrets};
use crate::kinds::datasource::Datasource;
use crate::model::{Address, Problem, Spot};
use crate::source::{Environment, nearest};

/// The code of a problem that says of something that it was not fetched.
pub const NOT_FETCHED: &str = "secret-not-fetched";
/// The group of External Secrets.
const EXTERNAL: &str = "external-secrets.io";

/// The Secrets that are referred to, with everything that gives them values.
#[derive(Clone)]
pub struct Quest {
    secrets: Vec<Asked>,
    stores: BTreeMap<(String, StoreName), Result<Store, Fault>>,
    /// What is given and nothing refers to, with what may have been meant.
    idle: Vec<(String, Option<String>)>,
    environment: Environment,
}

/// A Secret that something refers to.
#[derive(Clone)]
struct Asked {
    namespace: String,
    name: String,
    references: Vec<Reference>,
    plain: Option<Resource>,
    externals: Vec<Result<External, Fault>>,
    given: Vec<Given>,
}

/// Keys of a Secret.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Keys {
    /// All that it has, without these.
    AllBut(BTreeSet<String>),
    /// These.
    These(BTreeSet<String>),
}

impl Keys {
    fn holds(&self, key: &str) -> bool {
        match self {
            Keys::AllBut(others) => !others.contains(key),
            Keys::These(keys) => keys.contains(key),
        }
    }
}

impl fmt::Debug for Quest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.secrets.iter().map(|asked| format!("{}/{}", asked.namespace, asked.name));
        f.debug_tuple("Quest").field(&names.collect::<Vec<_>>()).finish()
    }
}

impl Asked {
    /// The keys that are referred to and not given.
    fn open(&self) -> Keys {
        let given = self.given.iter().filter_map(|given| given.key_of(&self.namespace, &self.name));
        let given: BTreeSet<String> = given.map(str::to_owned).collect();
        match self.references.iter().map(|reference| reference.key.clone()).collect::<Option<BTreeSet<String>>>() {
            Some(keys) => Keys::These(&keys - &given),
            None => Keys::AllBut(given),
        }
    }

    /// Where it is referred to, or one of its keys.
    fn spots(&self, key: Option<&str>) -> Vec<Spot> {
        let is_meant = |reference: &&Reference| match (key, &reference.key) {
            (Some(key), Some(of)) => key == of,
            (None, _) | (Some(_), None) => true,
        };
        self.references.iter().filter(is_meant).map(|reference| reference.spot.clone()).collect()
    }

    /// Where it stands itself, with the keys that are known there.
    fn places(&self) -> Vec<(Spot, Vec<String>)> {
        let plain = self
            .plain
            .iter()
            .map(|resource| (At::new(resource, "/metadata/name").hidden_spot(), plain::keys(resource)));
        let externals = self.externals.iter().flatten();
        plain.chain(externals.map(|external| (external.spot.clone(), external.names()))).collect()
    }
}

impl Quest {
    /// Finds what gives values to the Secrets that are referred to.
    pub(crate) fn new(
        cluster: &Cluster,
        references: Vec<Reference>,
        given: &[Given],
        environment: &Environment,
    ) -> Quest {
        let mut by_name: BTreeMap<(String, String), Vec<Reference>> = BTreeMap::new();
        for reference in references {
            by_name.entry((reference.namespace.clone(), reference.name.clone())).or_default().push(reference);
        }
        let mut externals = if by_name.is_empty() { BTreeMap::new() } else { externals(cluster) };
        let secrets: Vec<Asked> = by_name
            .into_iter()
            .map(|((namespace, name), references)| Asked {
                plain: cluster.resource("", "Secret", &namespace, &name).cloned(),
                externals: externals.remove(&(namespace.clone(), name.clone())).unwrap_or_default(),
                given: given.iter().filter(|given| given.key_of(&namespace, &name).is_some()).cloned().collect(),
                references,
                namespace,
                name,
            })
            .collect();
        let is_idle = |given: &&Given| !secrets.iter().any(|asked| asked.given.contains(given));
        Quest {
            idle: given
                .iter()
                .filter(is_idle)
                .map(|given| (given.typed().to_owned(), near(given, &secrets)))
                .collect(),
            stores: stores(cluster, &secrets),
            secrets,
            environment: environment.clone(),
        }
    }

    /// The same, where somebody else uses what is given for this key: nothing is said of that.
    pub(crate) fn without_use_of(mut self, key: Option<&Reference>) -> Quest {
        let is_for = |typed: &str, of: &Reference| {
            of.key.as_ref().is_some_and(|key| typed == format!("{}/{}.{key}", of.namespace, of.name))
        };
        self.idle.retain(|(typed, _)| !key.is_some_and(|of| is_for(typed, of)));
        self
    }

    fn store(&self, namespace: &str, name: &StoreName, spot: &Spot) -> Result<&Store, Fault> {
        match self.stores.get(&name.within(namespace)) {
            Some(store) => store.as_ref().map_err(Clone::clone),
            None => Err(Fault {
                code: fields::SECRET,
                spot: Box::new(spot.clone()),
                message: format!("there is no {} `{}` for this in the directory", name.kind, name.name),
                help: "add it; or give the value to the run: `--secret NAMESPACE/NAME.KEY=env:VARIABLE`".into(),
            }),
        }
    }

    /// What has to be fetched: each thing once, however often it is referred to.
    #[must_use]
    pub fn wanted(&self) -> BTreeSet<Wanted> {
        self.wanted_for(&BTreeSet::new())
    }

    /// What of it has to be fetched for these objects alone; for everything where there are none.
    ///
    /// What else needs a Secret than data sources, and what they are called that are known by their names, shows only once
    /// the directory is read: then nothing is left out.
    #[must_use]
    pub fn wanted_for(&self, targets: &BTreeSet<Address>) -> BTreeSet<Wanted> {
        let are_datasources = !targets.is_empty() && targets.iter().all(|target| target.kind == Datasource::NAME);
        let is_needed = |of: Option<&Address>| of.is_none_or(|of| !are_datasources || targets.contains(of));
        let mut wanted = BTreeSet::new();
        for asked in
            self.secrets.iter().filter(|asked| asked.references.iter().any(|one| is_needed(one.of.as_ref())))
        {
            let open = asked.open();
            wanted.extend(asked.given.iter().filter_map(Given::wanted));
            for step in asked.externals.iter().flatten().flat_map(|external| external.steps(&open)) {
                let store = self.store(&asked.namespace, step.store(), step.spot());
                wanted.extend(store.ok().and_then(|store| step.wanted(store).ok()));
            }
        }
        wanted
    }

    /// What is to be known of a fetch, in sentences: that who asks is not who a store names.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let names_account = |store: &Result<Store, Fault>| store.as_ref().is_ok_and(|store| store.names_account);
        let stores = self.stores.iter().filter(|(_, store)| names_account(store));
        stores
            .map(|((_, name), _)| {
                format!(
                    "the service account of the {} `{}` (`auth.jwt`) is not used: the AWS identity of this run reads",
                    name.kind, name.name
                )
            })
            .collect()
    }

    /// Puts the Secrets together, of the directory, of what was given and of what was fetched; with what is wrong.
    ///
    /// Without an answer for something that is wanted, the keys that need it are left out, and nothing is said of it: a run
    /// without a network has none.
    #[must_use]
    pub fn resolve(&self, answers: &Answers) -> (Secrets, Vec<Problem>) {
        let mut secrets = Secrets::new();
        let mut failures = Failures::default();
        let mut problems: Vec<Problem> =
            self.idle.iter().map(|(typed, near)| idle(typed, near.as_deref())).collect();
        for asked in &self.secrets {
            let (values, wrong) = Assembly::new(self, asked, answers).finish(&mut failures);
            secrets.insert((asked.namespace.clone(), asked.name.clone()), values);
            problems.extend(wrong);
        }
        problems.extend(failures.problems());
        (secrets, problems)
    }
}

/// The ExternalSecrets of a directory, by the Secret that each makes.
fn externals(cluster: &Cluster) -> BTreeMap<(String, String), Vec<Result<External, Fault>>> {
    let mut externals: BTreeMap<(String, String), Vec<Result<External, Fault>>> = BTreeMap::new();
    for (object, resource) in cluster.all(EXTERNAL, "ExternalSecret") {
        let read = external::read(resource, &object.name);
        let target = read.as_ref().map_or(&object.name, |external| &external.target);
        externals.entry((object.namespace.clone(), target.clone())).or_default().push(read);
    }
    externals
}

/// The stores that the ExternalSecrets of these Secrets name.
fn stores(cluster: &Cluster, secrets: &[Asked]) -> BTreeMap<(String, StoreName), Result<Store, Fault>> {
    let mut stores = BTreeMap::new();
    for asked in secrets {
        for name in asked.externals.iter().flatten().flat_map(External::stores) {
            let key = name.within(&asked.namespace);
            // A ClusterSecretStore stands in no namespace, whatever its manifest says.
            let is_it = |namespace: &str| key.0.is_empty() || key.0 == namespace;
            let mut all = cluster.all(EXTERNAL, &name.kind);
            if let Some((_, resource)) =
                all.find(|(object, _)| object.name == name.name && is_it(&object.namespace))
            {
                stores.entry(key).or_insert_with(|| store::read(resource));
            }
        }
    }
    stores
}

fn idle(typed: &str, near: Option<&str>) -> Problem {
    let problem =
        Problem::warning("secret", format!("nothing in the directory refers to what `--secret {typed}` gives"));
    problem.help(near.map_or_else(
        || "correct the name, or leave the flag out".to_owned(),
        |near| format!("did you mean `--secret {near}=…`?"),
    ))
}

// The key that something refers to and that somebody may have meant.
fn near(given: &Given, secrets: &[Asked]) -> Option<String> {
    let keys = secrets.iter().flat_map(|asked| {
        let named = asked.references.iter().filter_map(|reference| reference.key.as_ref());
        named.map(|key| format!("{}/{}.{key}", asked.namespace, asked.name))
    });
    let keys: BTreeSet<String> = keys.collect();
    nearest(given.typed(), keys.iter().map(String::as_str)).map(str::to_owned)
}
