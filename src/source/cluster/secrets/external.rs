//! ExternalSecret: which keys a Secret gets, from which values of a store, and how.
//!
//! Each key is read by itself: what is not supported is a fault of the keys that need it, and of no others.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;

use super::Keys;
use super::fields::{At, Fault, SECRET};
use super::store::{Service, Store};
use super::template::{self, Template};
use super::value::{self, Conversion, Decoding};
use super::wanted::{Chosen, Fetched, Version, Wanted, What};
use crate::model::{Secret, Spot};
use crate::source::cluster::Resource;

/// An ExternalSecret.
#[derive(Clone, Debug)]
pub(super) struct External {
    /// The Secret that it makes.
    pub target: String,
    /// Keys one by one.
    pub keys: Vec<(String, Result<Entry, Fault>)>,
    /// Keys by the dozen; the ones that stand later win, and the keys one by one over all of them.
    pub bulks: Vec<Result<Bulk, Fault>>,
    /// What is made of them.
    pub template: Result<Option<Template>, Fault>,
    /// Where it stands.
    pub spot: Spot,
}

/// A store as an ExternalSecret names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct StoreName {
    /// `SecretStore` or `ClusterSecretStore`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// The value of one key.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its store.
    pub store: StoreName,
    /// Where it is in the store.
    pub remote: Remote,
    /// Where the entry stands.
    pub spot: Spot,
}

/// Several keys at once.
#[derive(Clone, Debug)]
pub(super) struct Bulk {
    /// Their store.
    pub store: StoreName,
    /// Where they are in it.
    pub source: Source,
    /// How their names are changed.
    rewrites: Vec<Rewrite>,
    /// Where the entry stands.
    pub spot: Spot,
}

/// Where several keys come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The members of one value.
    Extract(Remote),
    /// The values whose names are found.
    Find(Find),
}

/// A value in a store.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    key: String,
    property: String,
    version: String,
    of_tags: bool,
    decoding: Decoding,
    conversion: Conversion,
}

/// How values are found.
#[derive(Clone, Debug)]
pub(super) struct Find {
    path: Option<String>,
    name: Option<Regex>,
    tags: Vec<(String, String)>,
    decoding: Decoding,
    conversion: Conversion,
}

/// A change of names.
#[derive(Clone, Debug)]
struct Rewrite {
    source: Regex,
    target: String,
}

/// One thing that an ExternalSecret fetches.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    /// The value of a key.
    Key(&'a str, &'a Entry),
    /// Several keys at once.
    Bulk(&'a Bulk),
}

/// How to do without.
const INSTEAD: &str = "give the value to the run instead: `--secret NAMESPACE/NAME.KEY=env:VARIABLE`";

/// Reads an ExternalSecret of this name.
pub(super) fn read(resource: &Resource, name: &str) -> Result<External, Fault> {
    let spec = At::new(resource, "/spec");
    spec.only(&["secretStoreRef", "target", "refreshPolicy", "refreshInterval", "data", "dataFrom"])?;
    let target = spec.get("target");
    target.only(&["name", "creationPolicy", "deletionPolicy", "template", "immutable", "manifest"])?;
    let keys = spec.items("data")?;
    let keys =
        keys.iter().map(|at| Ok((at.needed("secretKey")?, entry(&spec, at)))).collect::<Result<_, Fault>>()?;
    Ok(External {
        target: target.text("name")?.unwrap_or_else(|| name.to_owned()),
        keys,
        bulks: spec.items("dataFrom")?.iter().map(|at| bulk(&spec, at)).collect(),
        template: template::read(&target.get("template")),
        spot: At::new(resource, "/metadata/name").spot(),
    })
}

fn entry(spec: &At<'_>, at: &At<'_>) -> Result<Entry, Fault> {
    at.only(&["secretKey", "remoteRef", "sourceRef"])?;
    let remote = at.get("remoteRef");
    Ok(Entry { store: store_of(spec, at)?, remote: remote_of(&remote)?, spot: remote.get("key").spot() })
}

fn bulk(spec: &At<'_>, at: &At<'_>) -> Result<Bulk, Fault> {
    at.only(&["extract", "find", "rewrite", "sourceRef"])?;
    let (extract, find) = (at.get("extract"), at.get("find"));
    let store = store_of(spec, at)?;
    let (source, spot) = if extract.is_set() {
        (Source::Extract(remote_of(&extract)?), extract.get("key").spot())
    } else if find.is_set() {
        (Source::Find(find_of(&find)?), find.spot())
    } else {
        return Err(at.fault("this entry has neither `extract` nor `find`", "add one of them, or remove the entry"));
    };
    let rewrites = at.items("rewrite")?.iter().map(rewrite).collect::<Result<_, Fault>>()?;
    Ok(Bulk { store, source, rewrites, spot })
}

fn store_of(spec: &At<'_>, at: &At<'_>) -> Result<StoreName, Fault> {
    let source = at.get("sourceRef");
    source.only(&["storeRef", "generatorRef"])?;
    let generator = source.get("generatorRef");
    if generator.is_set() {
        return Err(generator.fault("this value comes from a generator, and none runs here", INSTEAD));
    }
    let own = source.get("storeRef");
    let named = if own.is_set() { own } else { spec.get("secretStoreRef") };
    if !named.is_set() {
        return Err(at.fault(
            "no store is named here, nor by `secretStoreRef`",
            "add `secretStoreRef: {name: …}` to `spec`",
        ));
    }
    named.only(&["name", "kind"])?;
    let kind = named.text("kind")?.unwrap_or_else(|| "SecretStore".into());
    if !matches!(&*kind, "SecretStore" | "ClusterSecretStore") {
        let message = format!("`kind: {kind}` is no kind of store");
        return Err(named.get("kind").fault(message, "write `SecretStore` or `ClusterSecretStore`"));
    }
    Ok(StoreName { kind, name: named.needed("name")? })
}

fn remote_of(at: &At<'_>) -> Result<Remote, Fault> {
    at.only(&[
        "key",
        "property",
        "version",
        "metadataPolicy",
        "decodingStrategy",
        "conversionStrategy",
        "nullBytePolicy",
    ])?;
    Ok(Remote {
        key: at.needed("key")?,
        property: at.text("property")?.unwrap_or_default(),
        version: at.text("version")?.unwrap_or_default(),
        of_tags: at.word("metadataPolicy", &[("None", false), ("Fetch", true)])?,
        decoding: decoding(at)?,
        conversion: conversion(at)?,
    })
}

fn decoding(at: &At<'_>) -> Result<Decoding, Fault> {
    let known = [
        ("None", Decoding::None),
        ("Base64", Decoding::Base64),
        ("Base64URL", Decoding::Base64Url),
        ("Auto", Decoding::Auto),
    ];
    at.word("decodingStrategy", &known)
}

fn conversion(at: &At<'_>) -> Result<Conversion, Fault> {
    let known = [("Default", Conversion::Default), ("Unicode", Conversion::Unicode), ("None", Conversion::None)];
    at.word("conversionStrategy", &known)
}

fn find_of(at: &At<'_>) -> Result<Find, Fault> {
    at.only(&["path", "name", "tags", "decodingStrategy", "conversionStrategy", "nullBytePolicy"])?;
    let name = at.get("name");
    let name = if name.is_set() { Some(regex(&name, "regexp")?) } else { None };
    let tags = at.get("tags");
    let tags: Vec<(String, String)> = tags
        .keys()
        .into_iter()
        .map(|key| Ok((key.to_owned(), tags.text(key)?.unwrap_or_default())))
        .collect::<Result<_, Fault>>()?;
    if name.is_none() && tags.is_empty() {
        return Err(at.fault("`find` finds nothing without `name` or `tags`", "add `name: {regexp: …}`"));
    }
    Ok(Find { path: at.text("path")?, name, tags, decoding: decoding(at)?, conversion: conversion(at)? })
}

fn rewrite(at: &At<'_>) -> Result<Rewrite, Fault> {
    let regexp = at.get("regexp");
    if !regexp.is_set() {
        let other = at.keys().first().map_or_else(|| "nothing".to_owned(), |key| format!("`{key}`"));
        return Err(at.fault(format!("names are rewritten by `regexp` only, and this says {other}"), INSTEAD));
    }
    Ok(Rewrite { source: regex(&regexp, "source")?, target: regexp.text("target")?.unwrap_or_default() })
}

fn regex(at: &At<'_>, key: &str) -> Result<Regex, Fault> {
    let written = at.needed(key)?;
    Regex::new(&written).map_err(|error| {
        let message = format!("`{written}` is not a regular expression that is read here: {error}");
        at.get(key).fault(message, "classes such as `\\p{L}` are not supported; write letters out, as `[A-Za-z]`")
    })
}

impl StoreName {
    /// Where it stands: a SecretStore in the namespace of who names it, a ClusterSecretStore in none.
    pub(super) fn within(&self, namespace: &str) -> (String, StoreName) {
        let namespace = if self.kind == "SecretStore" { namespace } else { "" };
        (namespace.to_owned(), self.clone())
    }
}

impl External {
    /// The fetched keys that these keys of the Secret are made of.
    fn needed(&self, asked: &Keys) -> Keys {
        match (&self.template, asked) {
            (Ok(Some(template)), Keys::These(keys)) => {
                Keys::These(keys.iter().flat_map(|key| template.needs(key)).collect())
            }
            (Ok(Some(_)), Keys::AllBut(_)) => Keys::AllBut(BTreeSet::new()),
            (Ok(None), asked) => asked.clone(),
            (Err(_), _) => Keys::These(BTreeSet::new()),
        }
    }

    /// Whether what gives several keys at once is needed: not where each key that is asked for has an entry of its own.
    fn needs_bulks(&self, needed: &Keys) -> bool {
        match needed {
            Keys::AllBut(_) => true,
            Keys::These(keys) => keys.iter().any(|key| !self.keys.iter().any(|(own, _)| own == key)),
        }
    }

    /// What is fetched for these keys of the Secret, in the order in which later values win.
    pub(super) fn steps(&self, asked: &Keys) -> Vec<Step<'_>> {
        let needed = self.needed(asked);
        let bulks = self.bulks.iter().flatten().filter(|_| self.needs_bulks(&needed)).map(Step::Bulk);
        let keys = self.keys.iter().filter(|(key, _)| needed.holds(key));
        bulks.chain(keys.filter_map(|(key, entry)| Some(Step::Key(key, entry.as_ref().ok()?)))).collect()
    }

    /// What is wrong with what these keys of the Secret need.
    pub(super) fn faults(&self, asked: &Keys) -> Vec<&Fault> {
        let needed = self.needed(asked);
        let template = self.template.as_ref().err();
        let bulks = self.bulks.iter().filter(|_| self.needs_bulks(&needed)).filter_map(|bulk| bulk.as_ref().err());
        let keys = self.keys.iter().filter(|(key, _)| needed.holds(key));
        template.into_iter().chain(bulks).chain(keys.filter_map(|(_, entry)| entry.as_ref().err())).collect()
    }

    /// The stores that it names.
    pub(super) fn stores(&self) -> impl Iterator<Item = &StoreName> {
        let bulks = self.bulks.iter().flatten().map(|bulk| &bulk.store);
        bulks.chain(self.keys.iter().filter_map(|(_, entry)| entry.as_ref().ok()).map(|entry| &entry.store))
    }

    /// The keys that the Secret has by it, as far as its manifest says.
    pub(super) fn names(&self) -> Vec<String> {
        let own = self.keys.iter().map(|(key, _)| key.clone());
        match &self.template {
            Ok(Some(template)) => template.names(own),
            Ok(None) | Err(_) => own.collect(),
        }
    }
}

impl<'a> Step<'a> {
    /// Its store.
    pub(super) fn store(self) -> &'a StoreName {
        match self {
            Step::Key(_, entry) => &entry.store,
            Step::Bulk(bulk) => &bulk.store,
        }
    }

    /// Where it stands.
    pub(super) fn spot(self) -> &'a Spot {
        match self {
            Step::Key(_, entry) => &entry.spot,
            Step::Bulk(bulk) => &bulk.spot,
        }
    }

    /// What is wrong with it.
    pub(super) fn fault(self, message: impl Into<String>) -> Fault {
        Fault { spot: Box::new(self.spot().clone()), message: message.into(), help: INSTEAD.into(), code: SECRET }
    }

    /// What is fetched for it.
    pub(super) fn wanted(self, store: &Store) -> Result<Wanted, String> {
        match self {
            Step::Key(_, entry) => entry.remote.wanted(store),
            Step::Bulk(Bulk { source: Source::Extract(remote), .. }) => remote.wanted(store),
            Step::Bulk(Bulk { source: Source::Find(find), .. }) => find.wanted(store),
        }
    }

    /// The keys and values that it gives, of what was fetched.
    pub(super) fn values(self, fetched: &Fetched) -> Result<BTreeMap<String, Secret>, String> {
        match self {
            Step::Key(key, entry) => Ok(BTreeMap::from([(key.to_owned(), entry.remote.value(fetched)?)])),
            Step::Bulk(bulk) => bulk.values(fetched),
        }
    }
}

impl Remote {
    /// What is fetched for it.
    fn wanted(&self, store: &Store) -> Result<Wanted, String> {
        let key = format!("{}{}", store.prefix, self.key);
        let what = match (store.service, self.of_tags) {
            (Service::SecretsManager, false) => What::Secret { id: key, version: Version::read(&self.version) },
            (Service::SecretsManager, true) => What::Tags { id: key },
            (Service::ParameterStore, false) if self.version.is_empty() => What::Parameter { name: key },
            (Service::ParameterStore, false) => What::Parameter { name: format!("{key}:{}", self.version) },
            (Service::ParameterStore, true) => {
                return Err("`metadataPolicy: Fetch` is read of Secrets Manager only, not of parameters".into());
            }
        };
        Ok(Wanted { access: store.access.clone(), what })
    }

    /// The value of one key, of what was fetched.
    fn value(&self, fetched: &Fetched) -> Result<Secret, String> {
        let Fetched::One(found) = fetched else { return Err("it is several values, not one".into()) };
        self.decoding.decode(value::property(found, &self.property)?)
    }
}

impl Find {
    fn wanted(&self, store: &Store) -> Result<Wanted, String> {
        let what = match store.service {
            Service::SecretsManager => {
                let name = self.name.as_ref().map(|name| name.as_str().to_owned());
                What::Secrets(Chosen { path: self.path.clone(), name, tags: self.tags.clone() })
            }
            // The name decides alone where both are given, as in the cluster.
            Service::ParameterStore if self.name.is_some() => {
                What::Parameters { path: self.path.clone().unwrap_or_else(|| "/".into()) }
            }
            Service::ParameterStore => return Err("parameters are found by `name` only, not by `tags`".into()),
        };
        Ok(Wanted { access: store.access.clone(), what })
    }
}

impl Bulk {
    fn values(&self, fetched: &Fetched) -> Result<BTreeMap<String, Secret>, String> {
        let (found, decoding, conversion) = match (&self.source, fetched) {
            (Source::Extract(remote), Fetched::One(found)) => {
                let object = value::property(found, &remote.property)?;
                (value::members(&object)?, remote.decoding, remote.conversion)
            }
            (Source::Find(find), Fetched::Several(all)) => {
                let is_meant = |name: &str| find.name.as_ref().is_none_or(|regex| regex.is_match(name));
                let found = all.iter().filter(|(name, _)| is_meant(name));
                let found = found.map(|(name, value)| (name.clone(), value.clone())).collect();
                (found, find.decoding, find.conversion)
            }
            (Source::Extract(_), Fetched::Several(_)) | (Source::Find(_), Fetched::One(_)) => {
                return Err("something else was fetched than was asked for".into());
            }
        };
        let named = match &*self.rewrites {
            [] => conversion.convert(found)?,
            rewrites => rewrites.iter().try_fold(found, Bulk::rewritten)?,
        };
        let checked = value::checked_keys(named)?;
        checked.into_iter().map(|(key, value)| Ok((key, decoding.decode(value)?))).collect()
    }

    fn rewritten(values: BTreeMap<String, Secret>, rewrite: &Rewrite) -> Result<BTreeMap<String, Secret>, String> {
        let mut renamed = BTreeMap::new();
        for (key, value) in values {
            let name = rewrite.source.replace_all(&key, rewrite.target.as_str()).into_owned();
            if renamed.insert(name.clone(), value).is_some() {
                return Err(format!("two of its keys are rewritten to `{name}`"));
            }
        }
        Ok(renamed)
    }
}
