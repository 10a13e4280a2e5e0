//! `__inputs` of exported dashboards: the questions that Grafana's import dialog asks, answered from the settings, from
//! the stack's data sources, or from the workspace's.
//!
//! Only inputs that something refers to by `${NAME}` count, and only those placeholders change. Where a dashboard has
//! a variable of the same name, the placeholder is the variable's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::document::Document;
use super::faults::Faults;
use super::values::{Resolved, Values};
use super::{FileRef, KnownDatasource, nearest, spans};
use crate::kinds::dashboard::facts;
use crate::kinds::datasource::plugin_id;
use crate::model::Problem;

/// One input that something refers to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Its name, as in `${NAME}`.
    pub name: String,
    /// What it asks for.
    pub asks: Asks,
    /// Where it stands, as a JSON pointer into the dashboard.
    pub pointer: String,
}

/// What an input asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asks {
    /// A value that is known already: from the settings, its own constant, or the expression data source.
    Answered(String),
    /// A data source of a plugin type.
    Datasource(String),
    /// A value that nothing gives.
    Value,
}

/// The inputs of a dashboard that something refers to, in their order, and placeholders that the settings or the body of
/// an import answer; the settings come first, because they know the workspace.
pub(crate) fn of(
    dashboard: &Value,
    settings: &BTreeMap<String, String>,
    own: &BTreeMap<String, String>,
) -> Vec<Input> {
    let declared = dashboard.get("__inputs").and_then(Value::as_array);
    if declared.is_none_or(Vec::is_empty) && settings.is_empty() && own.is_empty() {
        return Vec::new();
    }
    let mut table = own.clone();
    table.extend(settings.iter().map(|(name, answer)| (name.clone(), answer.clone())));
    let table = &table;
    // What answers a name by itself means its placeholders, whatever else has that name.
    let variables: BTreeSet<&str> =
        facts::variables(dashboard).into_iter().filter(|name| !own.contains_key(*name)).collect();
    let mut names: Vec<Input> = Vec::new();
    for (i, input) in declared.into_iter().flatten().enumerate() {
        let Some(name) = input.get("name").and_then(Value::as_str) else { continue };
        if variables.contains(name) {
            continue;
        }
        let asks = match (table.get(name), input.get("type").and_then(Value::as_str)) {
            (Some(answer), _) => Asks::Answered(answer.clone()),
            (None, Some("expression")) => Asks::Answered("__expr__".into()),
            (None, Some("datasource")) => match input.get("pluginId").and_then(Value::as_str).unwrap_or_default() {
                "__expr__" => Asks::Answered("__expr__".into()),
                plugin => Asks::Datasource(plugin.to_owned()),
            },
            (None, _) => match input.get("value") {
                Some(Value::String(value)) => Asks::Answered(value.clone()),
                Some(Value::Number(value)) => Asks::Answered(value.to_string()),
                Some(Value::Bool(value)) => Asks::Answered(value.to_string()),
                _ => Asks::Value,
            },
        };
        names.push(Input { name: name.to_owned(), asks, pointer: format!("/__inputs/{i}") });
    }
    for (name, answer) in table {
        if !names.iter().any(|input| input.name == *name) && !variables.contains(name.as_str()) {
            let asks = Asks::Answered(answer.clone());
            names.push(Input { name: name.clone(), asks, pointer: String::new() });
        }
    }
    let mut used = BTreeSet::new();
    let placeholders: Vec<String> = names.iter().map(|input| format!("${{{}}}", input.name)).collect();
    each_text(dashboard, &mut |text| {
        if text.contains("${") {
            used.extend(placeholders.iter().enumerate().filter(|(_, p)| text.contains(p.as_str())).map(|(i, _)| i));
        }
    });
    names.into_iter().enumerate().filter(|(i, _)| used.contains(i)).map(|(_, input)| input).collect()
}

/// The answers of the settings, with `$__env{}` and `$__file{}` resolved; what cannot be has no answer, and a fault.
///
/// An answer ends up in a dashboard, which everybody may read who sees it: secrets kept in AWS are refused.
pub(crate) fn resolved(
    table: &BTreeMap<String, String>,
    values: &Values<'_>,
) -> (BTreeMap<String, String>, Vec<(String, Problem)>) {
    let mut answers = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, text) in table {
        let problem = if let Some(problem) = no_variables(text) {
            problem
        } else {
            match values.resolve(text) {
                Ok(Resolved::AsWritten) => {
                    answers.insert(name.clone(), text.clone());
                    continue;
                }
                Ok(Resolved::Text(text)) => {
                    answers.insert(name.clone(), text);
                    continue;
                }
                Ok(Resolved::Kept(_)) => {
                    Problem::error("secret-in-the-open", "a secret kept in AWS may not stand in a dashboard").help(
                        "everybody who sees the dashboard can read it: write the uid of a data source, or a value",
                    )
                }
                Err(error) => Problem::error("unresolved-value", error.message).help(error.help),
            }
        };
        problems.push((name.clone(), problem));
    }
    (answers, problems)
}

/// What to say of `${var.NAME}`, which means nothing yet; none where a text has none.
pub(crate) fn no_variables(text: &str) -> Option<Problem> {
    let at = text.find("${var.")?;
    let name = text[at..].split_inclusive('}').next().unwrap_or_default();
    Some(
        Problem::error(
            "not-supported",
            format!("`{name}` is a variable of amgctl, which this version does not have yet"),
        )
        .help("write the value itself, or `$__env{NAME}`"),
    )
}

/// What cannot be answered: no data source of that type, or several.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unanswered {
    /// The input.
    pub input: Input,
    /// The data sources it could be, as `uid (name)`; empty when there is none of that type.
    pub candidates: Vec<String>,
}

/// Answers inputs with data sources; an answer of the settings may be a uid or a name.
pub(crate) fn answer(
    inputs: &[Input],
    known: &[KnownDatasource],
) -> Result<Vec<(String, String)>, Vec<Unanswered>> {
    let mut answers = Vec::new();
    let mut open = Vec::new();
    for input in inputs {
        match &input.asks {
            Asks::Answered(answer) => answers.push((input.name.clone(), uid_of(answer, known))),
            Asks::Value => open.push(Unanswered { input: input.clone(), candidates: Vec::new() }),
            Asks::Datasource(kind) => {
                let of = |kinds: &dyn Fn(&str) -> bool| -> Vec<&KnownDatasource> {
                    known.iter().filter(|d| kinds(plugin_id(&d.kind))).collect()
                };
                let wanted = plugin_id(kind);
                let mut matching = of(&|kind| kind == wanted);
                if matching.is_empty() {
                    matching = of(&|kind| speaks_prometheus(kind) && speaks_prometheus(wanted));
                }
                match matching.as_slice() {
                    [only] => answers.push((input.name.clone(), only.uid.clone())),
                    several => open.push(Unanswered {
                        input: input.clone(),
                        candidates: several.iter().map(|d| format!("`{}` ({})", d.uid, d.name)).collect(),
                    }),
                }
            }
        }
    }
    if open.is_empty() { Ok(answers) } else { Err(open) }
}

/// What to say of an input without an answer.
pub(crate) fn problem(unanswered: &Unanswered) -> Problem {
    let Input { name, asks, .. } = &unanswered.input;
    let add = format!("add `{name}: UID` below `inputs:` in amgctl.yaml");
    match asks {
        Asks::Datasource(kind) if unanswered.candidates.is_empty() => Problem::error(
            "unresolved-input",
            format!("the input `{name}` asks for a data source of type `{kind}`, and there is none"),
        )
        .help(format!("{add}, or declare such a data source")),
        Asks::Datasource(kind) => Problem::error(
            "ambiguous-input",
            format!(
                "the input `{name}` asks for a data source of type `{kind}`, and there are {}",
                unanswered.candidates.len()
            ),
        )
        .note(format!("it could be {}", unanswered.candidates.join(", ")))
        .help(format!("say which: {add}")),
        Asks::Value | Asks::Answered(_) => {
            Problem::error("unresolved-input", format!("the input `{name}` asks for a value"))
                .help(format!("add `{name}: VALUE` below `inputs:` in amgctl.yaml"))
        }
    }
}

/// Faults for `${DS_…}` in references to data sources that neither an input, a variable nor the settings explain.
pub(crate) fn check_dangling(
    document: &Document<'_>,
    dashboard: &Value,
    base: &str,
    file: &FileRef,
    problems: &mut Vec<Problem>,
) {
    let table = &file.options.settings.inputs;
    let variables = facts::variables(dashboard);
    let inputs: Vec<&str> = dashboard
        .get("__inputs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|input| input.get("name").and_then(Value::as_str))
        .collect();
    let mut told = BTreeSet::new();
    let mut faults = Faults::default();
    for (name, pointer) in facts::placeholders(dashboard) {
        let explained =
            variables.contains(&name.as_str()) || inputs.contains(&name.as_str()) || table.contains_key(&name);
        if explained || !name.starts_with("DS_") || !told.insert(name.clone()) {
            continue;
        }
        faults.error(|| {
            let known = variables.iter().chain(&inputs).copied();
            let problem = Problem::error(
                "unresolved-input",
                format!("`${{{name}}}` is neither an input nor a variable of this dashboard"),
            )
            .spot(document.spot(&format!("{base}{pointer}"), ""));
            match nearest(&name, known) {
                Some(near) => problem.help(format!(
                    "did you mean `${{{near}}}`? Or add `{name}: UID` below `inputs:` in amgctl.yaml"
                )),
                None => problem.help(format!(
                    "add `{name}: UID` below `inputs:` in amgctl.yaml, or write the data source's uid here"
                )),
            }
        });
    }
    problems.extend(faults.finish(&document.source.file));
}

/// Replaces the placeholders in every text of a value, `__inputs` itself left as it is.
pub(crate) fn replace(value: &mut Value, replacements: &[(String, String)]) {
    if replacements.is_empty() {
        return;
    }
    match value {
        Value::String(text) => {
            if let Some(replaced) = replaced(text, replacements) {
                *text = replaced;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, replacements)),
        Value::Object(map) => {
            map.iter_mut().filter(|(key, _)| *key != "__inputs").for_each(|(_, item)| replace(item, replacements));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces the placeholders in a part of a JSON text and leaves everything else as it is written.
pub(crate) fn replace_in_json(text: &str, replacements: &[(String, String)]) -> String {
    if replacements.is_empty() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in spans::texts(text, &(0..text.len())) {
        let Some(written) = text.get(range.clone()) else { continue };
        let Ok(read) = serde_json::from_str::<String>(written) else { continue };
        let Some(wanted) = replaced(&read, replacements) else { continue };
        out.push_str(&text[done..range.start]);
        out.push_str(&respelled(written, &wanted, replacements));
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}

// The literal with its placeholders replaced where they stand; written anew when they are spelled with escapes.
fn respelled(written: &str, wanted: &str, replacements: &[(String, String)]) -> String {
    let quoted = |text: &str| Value::String(text.to_owned()).to_string();
    let inside = |text: &str| {
        let quoted = quoted(text);
        quoted[1..quoted.len() - 1].to_owned()
    };
    let escaped: Vec<(String, String)> =
        replacements.iter().map(|(name, answer)| (inside(name), inside(answer))).collect();
    let respelled = replaced(written, &escaped).unwrap_or_default();
    if serde_json::from_str::<String>(&respelled).is_ok_and(|text| text == wanted) {
        respelled
    } else {
        quoted(wanted)
    }
}

// All placeholders in one pass, so that an answer is never read as a placeholder; none when there is none.
fn replaced(text: &str, replacements: &[(String, String)]) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find("${") {
        let tail = &rest[at + 2..];
        let hit = replacements
            .iter()
            .find(|(name, _)| tail.strip_prefix(name.as_str()).is_some_and(|after| after.starts_with('}')));
        match hit {
            Some((name, answer)) => {
                found = true;
                out.push_str(&rest[..at]);
                out.push_str(answer);
                rest = &tail[name.len() + 1..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

fn each_text(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, look)),
        Value::Object(map) => {
            map.iter().filter(|(key, _)| *key != "__inputs").for_each(|(_, item)| each_text(item, look));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn uid_of(answer: &str, known: &[KnownDatasource]) -> String {
    if known.iter().any(|d| d.uid == answer) {
        return answer.to_owned();
    }
    known.iter().find(|d| d.name == answer).map_or_else(|| answer.to_owned(), |d| d.uid.clone())
}

// AMG 12 keeps what was a `prometheus` data source with SigV4 as one of the other type.
fn speaks_prometheus(kind: &str) -> bool {
    kind == "prometheus" || kind == "grafana-amazonprometheus-datasource"
}
