//! The members of a manifest, each with where it stands; what is wrong with one is said there.

use serde_json::Value;

use crate::model::{Place, Problem, Spot};
use crate::source::cluster::Resource;
use crate::source::nearest;
use crate::source::yaml::member;

/// The code of what is wrong with a value.
pub(super) const SECRET: &str = "secret";

/// What is wrong with a member of a manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// Where, with its line.
    pub spot: Box<Spot>,
    /// What.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The code of the error.
    pub code: &'static str,
}

impl Fault {
    /// The error.
    pub(super) fn problem(&self) -> Problem {
        Problem::error(self.code, self.message.clone()).spot((*self.spot).clone()).help(self.help.clone())
    }
}

/// A value of a manifest, and where it stands.
#[derive(Clone)]
pub(super) struct At<'a> {
    resource: &'a Resource,
    value: &'a Value,
    pointer: String,
}

impl<'a> At<'a> {
    /// The value at a pointer of an object; null where nothing is.
    pub(super) fn new(resource: &'a Resource, pointer: &str) -> At<'a> {
        At { resource, value: resource.at(pointer).unwrap_or(&Value::Null), pointer: pointer.to_owned() }
    }

    /// Its value.
    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    /// A member; null where there is none.
    pub(super) fn get(&self, key: &str) -> At<'a> {
        At {
            value: self.value.get(key).unwrap_or(&Value::Null),
            pointer: member(&self.pointer, key),
            ..self.clone()
        }
    }

    /// Whether it says something.
    pub(super) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// The names of its members.
    pub(super) fn keys(&self) -> Vec<&'a str> {
        self.value.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default()
    }

    /// A fault where a member is none of these: it may have said which value is taken, or who reads it.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Fault> {
        let Some(key) = self.keys().into_iter().find(|key| !known.contains(key)) else { return Ok(()) };
        let here = self.pointer.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
        let help = match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
                format!("its keys are {}", known.join(", "))
            }
        };
        let fault = self.get(key).fault(format!("`{here}` has no key `{key}`"), help);
        Err(Fault { code: "unknown-key", ..fault })
    }

    /// A member that is a text, if it is there and not empty. A template in it is a fault: nothing renders it here.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Fault> {
        let at = self.get(key);
        match at.value {
            Value::Null => Ok(None),
            Value::String(text) if text.contains("{{") => Err(at.fault(
                format!("`{key}` holds a template, which is not rendered here"),
                "render the manifests first: `helm template DIR | amgctl plan -`",
            )),
            Value::String(text) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            _ => Err(at.fault(format!("`{key}` must be a text"), "write it in quotes")),
        }
    }

    /// The same for one that must be there.
    pub(super) fn needed(&self, key: &str) -> Result<String, Fault> {
        let missing = || self.fault(format!("`{key}` is missing here"), format!("add `{key}`"));
        self.text(key)?.ok_or_else(missing)
    }

    /// One of some words; the first where nothing is said.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<T, Fault> {
        let written = self.text(key)?;
        let Some(written) = written else { return Ok(words[0].1) };
        words.iter().find(|(word, _)| *word == written).map(|(_, meant)| *meant).ok_or_else(|| {
            let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.get(key)
                .fault(format!("`{key}: {written}` is not known"), format!("there are {}", known.join(", ")))
        })
    }

    /// The items of a member that is a list.
    pub(super) fn items(&self, key: &str) -> Result<Vec<At<'a>>, Fault> {
        let at = self.get(key);
        match at.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) => {
                let item = |(i, value)| At { value, pointer: format!("{}/{i}", at.pointer), ..at.clone() };
                Ok(items.iter().enumerate().map(item).collect())
            }
            _ => Err(at.fault(format!("`{key}` must be a list"), "begin each of its items with `-`")),
        }
    }

    /// What is wrong here.
    pub(super) fn fault(&self, message: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault { spot: Box::new(self.spot()), message: message.into(), help: help.into(), code: SECRET }
    }

    /// Where it stands: its key, with its line.
    pub(super) fn spot(&self) -> Spot {
        self.resource.spot(&self.pointer).unwrap_or_else(|| Spot::bare(Place::file("")))
    }

    /// The same without the line, which may hold a secret.
    pub(super) fn hidden_spot(&self) -> Spot {
        self.spot().without_line()
    }
}
