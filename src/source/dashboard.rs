//! Dashboards as the directory writes them: exported from the UI or the API, or as resources.

use serde_json::Value;

use super::document::Document;
use super::inputs;
use super::uids::dashboard_uid;
use super::yaml::member;
use super::{Draft, FileRef, checked_uid, declare};
use crate::kinds::Kind as _;
use crate::kinds::dashboard::{Dashboard, facts};
use crate::model::{
    Address, Declared, Headline, KindName, Parent, Place, Problem, Reference, Severity, Target, Uid, UidFrom,
};

/// Longest title: the column of classic servers (`grafana-api.md` 1.3).
pub(crate) const MAX_TITLE: usize = 189;
/// Longest tag: the column of classic servers.
const MAX_TAG: usize = 50;
/// Where a resource names its folder.
pub(crate) const FOLDER: &str = "/metadata/annotations/grafana.app~1folder";

/// Where in a document a dashboard stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// The dashboard itself, or inside `dashboard`.
    Classic(&'static str),
    /// `metadata` and `spec`.
    Resource,
}

impl Form {
    /// The JSON pointer of the dashboard itself.
    pub(crate) fn base(self) -> &'static str {
        match self {
            Form::Classic(base) => base,
            Form::Resource => "/spec",
        }
    }
}

/// Reads the dashboard of a document into facts. Takes the dashboard out of the document's value.
pub(crate) fn read(document: &mut Document<'_>, form: Form, file: &FileRef) -> (Option<Draft>, Vec<Problem>) {
    let base = form.base();
    let value = document.value.to_mut().pointer_mut(base).map(Value::take).unwrap_or_default();
    let document = &*document;
    if !value.is_object() {
        let problem = Problem::error("dashboard", "a dashboard must be an object").spot(document.spot(base, ""));
        return (None, vec![problem]);
    }
    let mut problems = Vec::new();
    let uid = match form {
        Form::Classic(_) => uid(document, &value, base, file, &mut problems),
        Form::Resource => resource_uid(document, &mut problems),
    };
    let parent = match form {
        Form::Classic(_) => None,
        Form::Resource => resource_parent(document, &mut problems),
    };
    shape(document, &value, base, &mut problems);
    inputs::check_dangling(document, &value, base, file, &mut problems);
    let inputs = inputs::of(&value, &file.options.settings.inputs);
    let Some((uid, uid_from)) = uid else { return (None, problems) };
    if problems.iter().any(|p| p.severity == Severity::Error) {
        return (None, problems);
    }
    let place =
        if document.index == 0 && base.is_empty() { Place::file(file.path.clone()) } else { document.place(base) };
    let title = value.get("title").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let mut declared = Declared {
        address: Address::new(KindName::DASHBOARD, uid),
        place,
        digest: crate::model::NormalDigest::of(&Value::Null, Vec::new()),
        parent: parent.clone().unwrap_or(Parent::Root),
        name: title.clone(),
        headline: Headline { title, facts: Vec::new() },
        references: Vec::new(),
        secrets: Vec::new(),
        body: file.body(document.index, 0),
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
        declared.references.push(Reference { to: Target::Folder(uid.clone()), pointer: FOLDER.into() });
    }
    declared.digest = Dashboard.normal(value).digest();
}

/// The dashboard's value at a base, with its inputs replaced.
pub(crate) fn value_at(document: &Document<'_>, base: &str, replacements: &[(String, String)]) -> Value {
    let mut value = document.value.pointer(base).cloned().unwrap_or_default();
    inputs::replace(&mut value, replacements);
    value
}

fn uid(
    document: &Document<'_>,
    value: &Value,
    base: &str,
    file: &FileRef,
    problems: &mut Vec<Problem>,
) -> Option<(Uid, UidFrom)> {
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
    Some((dashboard_uid(&file.path, document.index), UidFrom::Path))
}

fn resource_uid(document: &Document<'_>, problems: &mut Vec<Problem>) -> Option<(Uid, UidFrom)> {
    let Some(name) = document.value.pointer("/metadata/name").and_then(Value::as_str) else {
        problems.push(
            Problem::error("resource", "a resource needs a `metadata.name`, which is its uid")
                .spot(document.spot("/metadata", ""))
                .help("write `name` as a text below `metadata`"),
        );
        return None;
    };
    match checked_uid(name) {
        Ok(uid) => Some((uid, UidFrom::Document)),
        Err(problem) => {
            problems.push(problem.spot(document.spot("/metadata/name", "")));
            None
        }
    }
}

/// The folder that a resource names by its annotation; none without one. Empty and `general` are the root.
pub(crate) fn resource_parent(document: &Document<'_>, problems: &mut Vec<Problem>) -> Option<Parent> {
    let text = document.value.pointer(FOLDER)?;
    match text.as_str() {
        Some("" | "general") => Some(Parent::Root),
        Some(text) => match Uid::parse(text) {
            Ok(uid) => Some(Parent::Uid(uid)),
            Err(message) => {
                problems.push(
                    Problem::error("uid", message)
                        .spot(document.spot(FOLDER, ""))
                        .help("the annotation holds the uid of a folder, not its title"),
                );
                None
            }
        },
        None => {
            problems.push(Problem::error("uid", "a uid must be a text").spot(document.spot(FOLDER, "")));
            None
        }
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
