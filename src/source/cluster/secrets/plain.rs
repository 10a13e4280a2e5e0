//! `v1` Secrets of the directory: `data` in base 64, and `stringData` over it.

use std::collections::BTreeMap;

use super::Keys;
use super::fields::{At, Fault};
use super::value::from_base64;
use crate::model::{Secret, Spot};
use crate::source::cluster::Resource;

/// The values of the keys of a Secret that are asked for; of those that cannot be read, what is wrong.
pub(super) fn values(resource: &Resource, asked: &Keys) -> (BTreeMap<String, Secret>, Vec<Fault>) {
    let (mut values, mut faults) = (BTreeMap::new(), Vec::new());
    let whole = At::new(resource, "");
    let sops = whole.get("sops");
    if sops.value().is_object() {
        faults.push(encrypted(sops.hidden_spot()));
        return (values, faults);
    }
    for (member, read) in
        [("data", decoded as fn(&str) -> Result<String, &'static str>), ("stringData", as_written)]
    {
        let all = whole.get(member);
        for key in all.keys().into_iter().filter(|key| asked.holds(key)) {
            let at = all.get(key);
            let text = at.value().as_str().ok_or("is no text: write it in quotes");
            match text.and_then(read) {
                Ok(text) => drop(values.insert(key.to_owned(), Secret::new(text))),
                Err(why) => faults.push(Fault {
                    spot: Box::new(at.hidden_spot()),
                    message: format!("`{member}.{key}` of this Secret {why}"),
                    help: "write base 64 into `data`, or the text itself into `stringData`".into(),
                }),
            }
        }
    }
    (values, faults)
}

/// The names of all keys of a Secret.
pub(super) fn keys(resource: &Resource) -> Vec<String> {
    let whole = At::new(resource, "");
    let mut keys: Vec<String> =
        ["data", "stringData"].iter().flat_map(|member| whole.get(member).keys()).map(str::to_owned).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn decoded(text: &str) -> Result<String, &'static str> {
    let bytes = from_base64(text).ok_or("is no base 64")?;
    String::from_utf8(bytes).map_err(|_| "is no text once it is decoded")
}

fn as_written(text: &str) -> Result<String, &'static str> {
    Ok(text.to_owned())
}

fn encrypted(spot: Spot) -> Fault {
    Fault {
        spot: Box::new(spot),
        message: "this Secret is encrypted with SOPS, which is not undone here".into(),
        help: "decrypt it first (`sops decrypt FILE`), or give its values to the run: \
               `--secret NAMESPACE/NAME.KEY=env:VARIABLE`"
            .into(),
    }
}
