//! Every key of every shape, and what becomes of it: used, sent as it is written, left out because it is the server's
//! own, or reported. What stands in no table is reported, too, with the nearest name that does; but the body of a
//! dashboard is sent whole.
//!
//! Each shape's file has its tables; a test walks them all and holds every line.

use serde_json::{Map, Value};

use crate::model::Problem;
use crate::source::datasource::unknown_key;
use crate::source::document::Document;
use crate::source::yaml::member;
use crate::source::{hidden, nearest};

use super::as_warning;

/// What becomes of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It decides something, or is checked, or sent.
    Used,
    /// It is sent as it is written.
    Sent,
    /// It is the server's own, or another tool's book-keeping: left out, as `docs/format.md` says.
    LeftOut,
    /// It is reported, with these words behind its name, unless it is empty.
    Reported(&'static str),
}

use Fate::{LeftOut, Reported, Sent, Used};

/// What becomes of the keys of one object of a shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    /// Where the object stands, as a JSON pointer.
    pub at: &'static str,
    /// What it is, with its article: `a resource`.
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [(&'static str, Fate)],
    /// What becomes of a key that is not listed.
    pub rest: Rest,
}

/// What becomes of a key that no table lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    /// It is sent as it is written.
    Sent,
    /// It is left out, and a warning names the nearest key that is known.
    Warned,
    /// It is left out, and a warning says so: names are free here.
    NotKept,
    /// It is another tool's own, and left out.
    LeftOut,
    /// It is an error: something may be missing that somebody meant.
    Refused,
}

/// Warns of the keys of a shape that are reported, and of those that nobody knows, with the nearest one that is known.
///
/// Levels whose unknown keys are errors are left to their readers, which check the values, too.
pub(crate) fn report(document: &Document<'_>, base: &str, levels: &[Level]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for level in levels.iter().filter(|level| level.rest != Rest::Refused) {
        let base = format!("{base}{}", level.at);
        if let Some(Value::Object(object)) = document.value.pointer(&base) {
            problems.extend(report_level(document, &base, level, object));
        }
    }
    problems
}

fn report_level(document: &Document<'_>, base: &str, level: &Level, object: &Map<String, Value>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let known = || level.keys.iter().filter(|(_, fate)| matches!(fate, Used | Sent)).map(|(key, _)| *key);
    for (key, value) in object {
        let spot = || document.key_spot(&member(base, key), "");
        match (fate(level, key), level.rest) {
            (Some(Used | Sent | LeftOut), _) | (None, Rest::Sent | Rest::LeftOut | Rest::Refused) => {}
            (None, Rest::NotKept) => problems.push(
                Problem::warning("not-kept", format!("{} `{key}` is not kept", level.name))
                    .spot(spot())
                    .help("remove it, or leave it for other tools"),
            ),
            (Some(Reported(_)), _) if is_empty(value) => {}
            (Some(Reported(why)), _) => problems.push(
                Problem::warning("not-kept", format!("`{key}` {why}"))
                    .spot(spot())
                    .help("remove it, or leave it for other tools"),
            ),
            // Without them an object is made that cannot sign in anywhere, and its secrets stand where none are looked for.
            (None, Rest::Warned) if is_meant_for_secrets(key, known) => {
                problems.push(unknown_key(level.name, key, known()).spot(spot()));
            }
            (None, Rest::Warned) => {
                problems
                    .push(as_warning(unknown_key(level.name, key, known())).note("it is left out").spot(spot()));
            }
        }
    }
    problems
}

// Whether a key that nobody knows was meant for one of those that give an object its secrets.
fn is_meant_for_secrets<'a, I: Iterator<Item = &'a str>>(key: &str, known: impl Fn() -> I) -> bool {
    let near = nearest(key, known());
    near == Some("valuesFrom")
        || known().any(|known| known == "secureJsonData")
            && (near == Some("secureJsonData") || hidden::is_like_secure_json_data(key))
}

/// What becomes of a key; none when the level does not list it.
pub(crate) fn fate(level: &Level, key: &str) -> Option<Fate> {
    level.keys.iter().find(|(known, _)| *known == key).map(|(_, fate)| *fate)
}

/// Whether a value says nothing.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) => false,
    }
}
