//! Dashboards as the directory writes them: exported from the UI or the API, or as resources.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::Document;
use super::inputs;
use super::shape::{Form, Part};
use super::uids::dashboard_uid;
use super::yaml::member;
use super::{Draft, FileRef, checked_uid, declare};
use crate::kinds::Kind as _;
use crate::kinds::dashboard::{Dashboard, facts};
use crate::kinds::folder::Folder;
use crate::model::{
    Address, Declared, Headline, Parent, Place, Problem, Reference, Severity, Target, Uid, UidFrom,
};

/// Longest title: the column of classic servers (fact: `title-length`).
pub(crate) const MAX_TITLE: usize = 189;
/// Longest tag: the column of classic servers.
const MAX_TAG: usize = 50;
/// Where a resource names its folder.
pub(crate) const FOLDER: &str = "/metadata/annotations/grafana.app~1folder";

/// Reads a dashboard of a document into facts. Takes the dashboard out of the document's value.
pub(crate) fn read(document: &mut Document<'_>, part: &Part, file: &FileRef<'_>) -> (Option<Draft>, Vec<Problem>) {
    let base = &part.body();
    let value = document.value.to_mut().pointer_mut(base).map(Value::take).unwrap_or_default();
    let document = &*document;
    if !value.is_object() {
        let problem = Problem::error("dashboard", "a dashboard must be an object").spot(document.spot(base, ""));
        return (None, vec![problem]);
    }
    let mut problems = Vec::new();
    let uid = match part.form {
        Form::DashboardResource => resource_uid(document, &part.base, &mut problems),
        _ => uid(document, &value, base, &mut problems),
    };
    let parent = match part.form {
        Form::DashboardResource | Form::Wrapped => named_parent(document, part, &mut problems),
        _ => None,
    };
    shape(document, &value, base, &mut problems);
    if let (Form::DashboardResource, Some(Value::String(inner))) = (part.form, value.get("uid"))
        && !inner.is_empty()
        && uid.as_ref().is_some_and(|(uid, _)| uid.as_str() != inner)
    {
        problems.push(
            Problem::warning(
                "not-kept",
                format!("`uid` of the `spec` is not used: `{inner}` is not `metadata.name`"),
            )
            .spot(document.key_spot(&member(base, "uid"), ""))
            .help("remove it; `metadata.name` is the uid of a resource"),
        );
    }
    problems.extend(helm(document, &value, base));
    inputs::check_dangling(document, &value, base, file, &mut problems);
    let own = if part.form == Form::Wrapped { answers(document, part, &mut problems) } else { BTreeMap::new() };
    let inputs = inputs::of(&value, &file.options.settings.inputs, &own);
    let Some((uid, uid_from)) = uid else { return (None, problems) };
    if problems.iter().any(|p| p.severity == Severity::Error) {
        return (None, problems);
    }
    let whole = document.is_whole_file() && base.is_empty();
    let place = if whole { Place::file(file.path.clone()) } else { document.place(base) };
    let title = value.get("title").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let mut declared = Declared {
        address: Address::new(Dashboard::NAME, uid),
        place,
        digest: crate::model::NormalDigest::of(&Value::Null, Vec::new()),
        parent: parent.clone().unwrap_or(Parent::Root),
        name: title.clone(),
        headline: Headline { title, facts: Vec::new() },
        references: Vec::new(),
        mentions: Vec::new(),
        secrets: Vec::new(),
        body: file.body(document, &part.base),
        uid_from,
        protect: false,
    };
    if inputs.is_empty() {
        finish(&mut declared, value);
    }
    (Some(Draft { in_directory: parent.is_none(), inputs, ..declare(declared) }), problems)
}

/// Fills what depends on the body, once its inputs are resolved.
pub(crate) fn finish(declared: &mut Declared, value: Value) {
    declared.headline = facts::headline(&value);
    declared.name.clone_from(&declared.headline.title);
    declared.references = facts::references(&value);
    if let Parent::Uid(uid) = &declared.parent {
        declared.references.push(Reference { to: Target::new(Folder::NAME, uid.as_str()), pointer: FOLDER.into() });
    }
    declared.digest = Dashboard.normal(value).digest();
}

/// The dashboard's value at a base, with its inputs replaced.
pub(crate) fn value_at(document: &Document<'_>, base: &str, replacements: &[(String, String)]) -> Value {
    let mut value = document.value.pointer(base).cloned().unwrap_or_default();
    inputs::replace(&mut value, replacements);
    value
}

fn uid(document: &Document<'_>, value: &Value, base: &str, problems: &mut Vec<Problem>) -> Option<(Uid, UidFrom)> {
    let pointer = member(base, "uid");
    match value.get("uid") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.is_empty() => {}
        Some(Value::String(text)) => {
            return match checked_uid(text) {
                Ok(uid) => Some((uid, UidFrom::Document)),
                Err(problem) => {
                    problems.push(problem.spot(document.spot(&pointer, "")));
                    None
                }
            };
        }
        Some(_) => {
            problems.push(
                Problem::error("uid", "a uid must be a text")
                    .spot(document.spot(&pointer, ""))
                    .help("put it in quotes"),
            );
            return None;
        }
    }
    Some((dashboard_uid(&document.path(), document.index), UidFrom::Path))
}

fn resource_uid(document: &Document<'_>, base: &str, problems: &mut Vec<Problem>) -> Option<(Uid, UidFrom)> {
    let at = format!("{base}/metadata/name");
    let Some(name) = document.value.pointer(&at).and_then(Value::as_str) else {
        problems.push(
            Problem::error("resource", "a resource needs a `metadata.name`, which is its uid")
                .spot(document.spot(&format!("{base}/metadata"), ""))
                .help("write `name` as a text below `metadata`"),
        );
        return None;
    };
    match checked_uid(name) {
        Ok(uid) => Some((uid, UidFrom::Document)),
        Err(problem) => {
            problems.push(problem.spot(document.spot(&at, "")));
            None
        }
    }
}

// The answers that the body of an import gives to the inputs of its dashboard, by name.
fn answers(document: &Document<'_>, part: &Part, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let base = format!("{}/inputs", part.base);
    let mut answers = BTreeMap::new();
    let given = document.value.pointer(&base).unwrap_or(&Value::Null);
    for (i, input) in given.as_array().into_iter().flatten().enumerate() {
        let word = |key: &str| input.get(key).and_then(Value::as_str);
        match (word("name"), word("value")) {
            (Some(name), Some(value)) => drop(answers.insert(name.to_owned(), value.to_owned())),
            _ => problems.push(
                Problem::warning(
                    "not-kept",
                    "this answer to an input is not used: it needs a `name` and a `value`",
                )
                .spot(document.spot(&format!("{base}/{i}"), ""))
                .help("answer it below `inputs:` in amgctl.yaml"),
            ),
        }
    }
    if !(given.is_array() || given.is_null()) {
        problems.push(
            Problem::warning(
                "not-kept",
                "`inputs` is not used: it must be a list of objects with `name` and `value`",
            )
            .spot(document.spot(&base, ""))
            .help("answer inputs below `inputs:` in amgctl.yaml"),
        );
    }
    answers
}

/// The folder that a resource names by its annotation, or the body of a save by `folderUid`; none where neither does.
/// Empty and `general` are the root.
pub(crate) fn named_parent(document: &Document<'_>, part: &Part, problems: &mut Vec<Problem>) -> Option<Parent> {
    let at = part.pointer(FOLDER);
    let value = document.value.pointer(&at)?;
    match value {
        Value::String(text) if text.is_empty() || text == "general" => Some(Parent::Root),
        Value::String(text) => match Uid::parse(text) {
            Ok(uid) => Some(Parent::Uid(uid)),
            Err(message) => {
                let what = if part.form == Form::Wrapped { "`folderUid`" } else { "the annotation" };
                problems.push(
                    Problem::error("uid", message)
                        .spot(document.spot(&at, ""))
                        .help(format!("{what} holds the uid of a folder, not its title")),
                );
                None
            }
        },
        Value::Null if part.form == Form::Wrapped => None,
        _ => {
            problems.push(Problem::error("uid", "a uid must be a text").spot(document.spot(&at, "")));
            None
        }
    }
}

// A dashboard out of a chart's `templates/` that was not rendered: its legends are escaped for Helm.
fn helm(document: &Document<'_>, value: &Value, base: &str) -> Option<Problem> {
    const ESCAPES: [&str; 4] = ["{{`", "{{ `", "{{\"{{\"}}", "{{ \"{{\" }}"];
    let (pointer, escape) = find_text(value, base, &ESCAPES)?;
    Some(
        Problem::warning(
            "helm-escape",
            format!("this text has an escape of Helm, `{escape}`, which Grafana shows as it stands"),
        )
        .spot(document.spot(&pointer, ""))
        .help("render the chart (`helm template`) and keep the dashboard that comes out of it"),
    )
}

// The first text that holds one of the words, by its pointer.
fn find_text<'a>(value: &Value, base: &str, words: &[&'a str]) -> Option<(String, &'a str)> {
    match value {
        Value::String(text) => words.iter().find(|word| text.contains(**word)).map(|word| (base.to_owned(), *word)),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(i, item)| find_text(item, &format!("{base}/{i}"), words))
        }
        Value::Object(map) => map.iter().find_map(|(key, item)| find_text(item, &member(base, key), words)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn shape(document: &Document<'_>, value: &Value, base: &str, problems: &mut Vec<Problem>) {
    let at = |key: &str| document.spot(&member(base, key), "");
    match value.get("title") {
        Some(Value::String(title)) if !title.trim().is_empty() => {
            let length = title.trim().chars().count();
            if length > MAX_TITLE {
                problems.push(
                    Problem::error(
                        "title",
                        format!("this title has {length} characters, more than the {MAX_TITLE} that Grafana takes"),
                    )
                    .spot(at("title"))
                    .help("make it shorter"),
                );
            }
        }
        Some(Value::String(_)) => problems.push(
            Problem::error("title", "a dashboard's title may not be empty")
                .spot(at("title"))
                .help("write the title that people see"),
        ),
        Some(Value::Null) | None => {
            let spot = document.spot(base, "");
            problems.push(
                Problem::error("title", "this dashboard has no `title`")
                    .spot(spot)
                    .help("add one: Grafana refuses a dashboard without it"),
            );
        }
        Some(_) => problems
            .push(Problem::error("title", "a title must be a text").spot(at("title")).help("put it in quotes")),
    }
    for key in ["panels", "rows"] {
        if value.get(key).is_some_and(|panels| !(panels.is_array() || panels.is_null())) {
            problems.push(Problem::error("dashboard", format!("`{key}` must be a list")).spot(at(key)));
        }
    }
    for (i, tag) in value.get("tags").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let length = tag.as_str().map_or(0, |tag| tag.chars().count());
        if length > MAX_TAG {
            problems.push(
                Problem::warning(
                    "tag",
                    format!("this tag has {length} characters; servers on MySQL or Postgres take {MAX_TAG}"),
                )
                .spot(document.spot(&format!("{base}/tags/{i}"), ""))
                .help("make it shorter"),
            );
        }
    }
}
