//! Who refers to a Secret: `valuesFrom` of data sources, `urlAuthorization` and variables of dashboards. What Flux takes
//! variables from is known where its Kustomizations are read ([`crate::source::cluster::build`]).

use serde_json::Value;

use super::fields::At;
use crate::kinds::datasource::Datasource;
use crate::model::{Address, Spot};
use crate::source::cluster::{OPERATOR, ObjectName, Resource};

/// A reference to a Secret, or to one of its keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reference {
    /// The Secret's namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The key; none for all that there are.
    pub key: Option<String>,
    /// Whether it may be missing.
    pub is_optional: bool,
    /// Where it stands.
    pub spot: Spot,
    /// The data source that needs it and nothing else does, where its manifest writes its uid.
    pub of: Option<Address>,
}

/// The references of an object; none of one that is suspended.
///
/// The key of a `Grafana` is not among them: a run comes in with an access of its own, unless it says otherwise.
pub(crate) fn references(name: &ObjectName, resource: &Resource) -> Vec<Reference> {
    let spec = At::new(resource, "/spec");
    if spec.get("suspend").value() == &Value::Bool(true) {
        return Vec::new();
    }
    match (&*name.group, &*name.kind) {
        (OPERATOR, "GrafanaDatasource") => {
            let word = |pointer: &str| resource.at(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
            let uid = ["/spec/uid", "/spec/datasource/uid", "/metadata/uid"].into_iter().find_map(word);
            let address = uid.and_then(|uid| Address::live(Datasource::NAME, uid));
            let of = |item: At<'_>| {
                let reference = selected(name, &item.get("valueFrom").get("secretKeyRef"))?;
                Some(Reference { of: address.clone(), ..reference })
            };
            items(&spec, "valuesFrom").into_iter().filter_map(of).collect()
        }
        (OPERATOR, "GrafanaDashboard" | "GrafanaLibraryPanel") => {
            let basic = spec.get("urlAuthorization").get("basicAuth");
            let mut all: Vec<Reference> =
                ["username", "password"].iter().filter_map(|part| selected(name, &basic.get(part))).collect();
            let variable = |item: At<'_>| selected(name, &item.get("valueFrom").get("secretKeyRef"));
            all.extend(items(&spec, "envs").into_iter().filter_map(variable));
            let several = |item: At<'_>| selected(name, &item.get("secretKeyRef"));
            all.extend(items(&spec, "envFrom").into_iter().filter_map(several));
            all
        }
        _ => Vec::new(),
    }
}

// What is no list has no items; whoever reads the object says what is wrong with it.
fn items<'a>(at: &At<'a>, key: &str) -> Vec<At<'a>> {
    at.items(key).unwrap_or_default()
}

fn selected(of: &ObjectName, at: &At<'_>) -> Option<Reference> {
    let key = at.get("key").value().as_str().filter(|key| !key.is_empty())?;
    Some(Reference { key: Some(key.to_owned()), ..whole(of, at)? })
}

fn whole(of: &ObjectName, at: &At<'_>) -> Option<Reference> {
    let name = at.get("name").value().as_str().filter(|name| !name.is_empty())?;
    Some(Reference {
        namespace: of.namespace.clone(),
        name: name.to_owned(),
        key: None,
        is_optional: at.get("optional").value() == &Value::Bool(true),
        spot: at.get("name").spot(),
        of: None,
    })
}
