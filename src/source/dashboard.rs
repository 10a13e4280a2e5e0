//! Dashboards as the directory writes them: exported from the UI or the API, or as resources.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::body::{Body, changed};
use super::document::Document;
use super::envelope::{self, FOLDER, FolderAt, UidAt};
use super::inputs::{self, replace_in_json};
use super::library_panel::{LibraryForm, is_library_panel};
use super::shape::keys::Level;
use super::shape::{Declaration, Form, Part, Site};
use super::uids::dashboard_uid;
use super::yaml::member;
use super::{Draft, FileRef, Files, checked_uid, declare, spans};
use crate::kinds::Kind as _;
use crate::kinds::dashboard::{Dashboard, facts};
use crate::kinds::folder::Folder;
use crate::model::{
    Address, Declared, Headline, KindName, Parent, Place, Problem, Reference, Target, Uid, UidFrom, has_error,
};

/// Longest title: the column of classic servers (fact: `title-length`).
pub(crate) const MAX_TITLE: usize = 189;
/// Longest tag: the column of classic servers.
const MAX_TAG: usize = 50;

/// A dashboard, by what stands around its body.
pub(crate) struct DashboardForm {
    /// What it is, with its article.
    pub name: &'static str,
    /// Its keys.
    pub levels: &'static [Level],
    /// Where its body stands, as a JSON pointer of the object.
    pub body: &'static str,
    /// Where its uid stands.
    pub uid: UidAt,
    /// Where its folder is named, if anywhere.
    pub folder: Option<FolderAt>,
    /// How the library panels are written that an export of it carries.
    pub elements: &'static LibraryForm,
    /// Where its inputs are answered, if anywhere.
    pub answers: Option<&'static str>,
}

impl fmt::Debug for DashboardForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Form for DashboardForm {
    fn kind(&self) -> KindName {
        Dashboard::NAME
    }

    fn levels(&self) -> &'static [Level] {
        self.levels
    }

    fn read(&self, site: Site<'_, '_>, file: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>) {
        let mut problems = Vec::new();
        let own = match self.answers {
            Some(at) => answers(site.document, &format!("{}{at}", site.part.base), &mut problems),
            None => BTreeMap::new(),
        };
        let (declaration, found) = self.read_answered(site, file, own);
        problems.extend(found);
        (declaration, problems)
    }
    fn pointer(&self, base: &str, inside: &str) -> String {
        match (inside, self.folder) {
            ("/uid", _) => self.uid.pointer(base, self.body),
            (FOLDER, Some(folder)) => format!("{base}{}", folder.pointer),
            (FOLDER, None) => base.to_owned(),
            _ => format!("{base}{}{inside}", self.body),
        }
    }

    fn carried(&self, base: &str, value: &Value) -> Vec<Part> {
        let below = format!("{base}{}/__elements", self.body);
        let elements = value.pointer(&below).and_then(Value::as_object).into_iter().flatten();
        let panels = elements.filter(|(_, element)| is_library_panel(element));
        panels.map(|(key, _)| Part { form: self.elements, base: member(&below, key) }).collect()
    }

    fn body(&self, site: &Site<'_, '_>, declared: &Declared, _: &Files) -> Result<Body, Box<Problem>> {
        let base = format!("{}{}", site.part.base, self.body);
        let answers = &declared.body.answers;
        let mut read = site.document.value.pointer(&base).cloned().unwrap_or_default();
        inputs::replace(&mut read, answers);
        let Value::Object(mut members) = read else { return Err(Box::new(changed(declared))) };
        let title = members.get("title").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        for key in ["id", "version", "iteration", "uid", "title"] {
            members.shift_remove(key);
        }
        let mut value = Map::new();
        value.insert("uid".into(), Value::String(declared.address.id().to_owned()));
        value.insert("title".into(), Value::String(title));
        value.extend(members);
        let value = Value::Object(value);
        let text = match site.document.json_text(&base) {
            Some((text, at)) => as_written(text, &at, &value, answers),
            None => value.to_string(),
        };
        Ok(Body { text, shown: value.clone(), pieces: Vec::new(), value })
    }
}

impl DashboardForm {
    /// Reads a dashboard whose inputs are answered so, beside what the settings say. Takes it out of the document's value.
    pub(crate) fn read_answered(
        &self,
        site: Site<'_, '_>,
        file: &FileRef<'_>,
        own: BTreeMap<String, String>,
    ) -> (Option<Declaration>, Vec<Problem>) {
        let Site { document, part } = site;
        let base = &format!("{}{}", part.base, self.body);
        let value = document.value.to_mut().pointer_mut(base).map(Value::take).unwrap_or_default();
        let document = &*document;
        if !value.is_object() {
            let problem =
                Problem::error("dashboard", "a dashboard must be an object").spot(document.spot(base, ""));
            return (None, vec![problem]);
        }
        let mut problems = Vec::new();
        let uid = match self.uid {
            UidAt::MetadataName => envelope::named_uid(document, &part.base, &mut problems),
            UidAt::Body => uid(document, &value, base, &mut problems),
        };
        let parent =
            self.folder.and_then(|folder| envelope::named_parent(document, &part.base, folder, &mut problems));
        shape(document, &value, base, &mut problems);
        if let (UidAt::MetadataName, Some((uid, _))) = (self.uid, &uid) {
            problems.extend(envelope::other_uid(document, base, &value, uid));
        }
        problems.extend(helm(document, &value, base));
        inputs::check_dangling(document, &value, base, file, &mut problems);
        let inputs = inputs::of(&value, &file.options.settings.inputs, &own);
        let Some((uid, uid_from)) = uid else { return (None, problems) };
        if has_error(&problems) {
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
            carried: false,
            fetched: None,
        };
        if inputs.is_empty() {
            finish(&mut declared, value);
        }
        let draft = Draft { in_directory: parent.is_none(), inputs, ..declare(declared) };
        (Some(Declaration::Object(Box::new(draft))), problems)
    }
}

// A dashboard's text with its top level taken apart: everything below goes out byte for byte, but for placeholders.
fn as_written(text: &str, at: &std::ops::Range<usize>, value: &Value, replacements: &[(String, String)]) -> String {
    let mut out = String::with_capacity(at.len() + 64);
    out.push_str(&format!("{{\"uid\":{},\"title\":{}", value["uid"], value["title"]));
    for member in spans::members(text, at) {
        if matches!(member.name.as_str(), "id" | "version" | "iteration" | "uid" | "title") {
            continue;
        }
        let written = &text[member.value.clone()];
        out.push(',');
        out.push_str(&text[member.key.clone()]);
        out.push(':');
        if member.name == "__inputs" {
            out.push_str(written);
        } else {
            out.push_str(&replace_in_json(written, replacements));
        }
    }
    out.push('}');
    out
}

/// Puts a dashboard into a folder; one that is finished already refers to it from then on.
pub(crate) fn set_parent(declared: &mut Declared, parent: Parent, is_finished: bool) {
    if let (Parent::Uid(uid), true) = (&parent, is_finished) {
        declared.references.push(Reference { to: Target::new(Folder::NAME, uid.as_str()), pointer: FOLDER.into() });
    }
    declared.parent = parent;
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

// The answers that the body of an import gives to the inputs of its dashboard, by name.
pub(crate) fn answers(
    document: &Document<'_>,
    base: &str,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::new();
    let given = document.value.pointer(base).unwrap_or(&Value::Null);
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
            .spot(document.spot(base, ""))
            .help("answer inputs below `inputs:` in amgctl.yaml"),
        );
    }
    answers
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
