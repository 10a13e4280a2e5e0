//! Library panels as the directory has them: files of their own, and the `__elements` of exported dashboards.
//!
//! An export "for sharing" carries the library panels that it shows. Each becomes an object of its own, in the folder of
//! the first export that holds it; several exports that hold an equal one declare it once ([`merge`]). One that the
//! workspace has already, and that is not ours, is used as it is: an export carries a copy, and is not where it is kept.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::body::Body;
use super::dashboard::DashboardForm;
use super::document::Document;
use super::envelope::{self, FOLDER};
use super::shape::keys::Level;
use super::shape::{Declaration, Form, Part, Site};
use super::{Declarations, Draft, FileRef, Files, checked_uid, dashboard, declare, inputs};
use crate::kinds::Kind as _;
use crate::kinds::dashboard::facts::{references, variables_in};
use crate::kinds::folder::Folder;
use crate::kinds::library_panel::{ELEMENT, LibraryPanel};
use crate::model::{
    Address, Declared, Headline, KindName, NormalDigest, Parent, Place, Problem, Reference, Severity, Spot, Target,
    UidFrom,
};

/// The longest name: the column of the server.
const MAX_NAME: usize = 150;

/// A library panel, by what stands around it.
pub(crate) struct LibraryForm {
    /// What it is, with its article.
    pub name: &'static str,
    /// Its keys.
    pub levels: &'static [Level],
    /// The dashboards that carry it in their exports; none where it stands by itself.
    pub owner: Option<&'static DashboardForm>,
}

impl fmt::Debug for LibraryForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Form for LibraryForm {
    fn kind(&self) -> KindName {
        LibraryPanel::NAME
    }

    fn levels(&self) -> &'static [Level] {
        self.levels
    }

    fn read(&self, site: Site<'_, '_>, file: &FileRef<'_>) -> (Option<Declaration>, Vec<Problem>) {
        let (document, part) = (&*site.document, site.part);
        let mut problems = Vec::new();
        let value = document.value.pointer(&part.base).unwrap_or(&Value::Null);
        let at = |key: &str| document.spot(&format!("{}/{key}", part.base), "");
        // An export has them by their uids.
        let key = self.owner.and_then(|_| part.base.rsplit('/').next());
        let uid = value.get("uid").and_then(Value::as_str).filter(|uid| !uid.is_empty()).or(key);
        let uid = match uid.map(checked_uid) {
            Some(Ok(uid)) => Some(uid),
            Some(Err(problem)) => {
                let help = "choose another one; dashboards that show it hold its uid";
                problems.push(Problem { help: Some(help.into()), ..problem }.spot(at("uid")));
                None
            }
            None => {
                problems.push(
                    Problem::error("uid", "a library panel needs a `uid`")
                        .spot(document.spot(&part.base, ""))
                        .help("write it as a text: dashboards show the panel by its uid"),
                );
                None
            }
        };
        let name = value.get("name").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        if name.is_empty() || name.chars().count() > MAX_NAME {
            problems.push(
                Problem::error("name", format!("a library panel needs a `name` of 1 to {MAX_NAME} characters"))
                    .spot(at("name"))
                    .help("write the name that people see in the library"),
            );
        }
        let owner = self.owner.map(|owner| (owner, owner_base(&part.base, owner)));
        let parent = owner.and_then(|(owner, base)| {
            owner.folder.and_then(|folder| envelope::named_parent(document, base, folder, &mut problems))
        });
        let inputs = owner.map(|(owner, base)| inputs_of(document, part, owner, base, file)).unwrap_or_default();
        let Some(uid) = uid.filter(|_| problems.iter().all(|p| p.severity != Severity::Error)) else {
            return (None, problems);
        };
        let whole = document.is_whole_file() && part.base.is_empty();
        let mut declared = Declared {
            address: Address::new(LibraryPanel::NAME, uid),
            place: if whole { Place::file(file.path.clone()) } else { document.place(&part.base) },
            digest: NormalDigest::of(&Value::Null, Vec::new()),
            parent: parent.clone().unwrap_or(Parent::Root),
            name: name.clone(),
            headline: Headline { title: name, facts: Vec::new() },
            references: Vec::new(),
            mentions: Vec::new(),
            secrets: Vec::new(),
            body: file.body(document, &part.base),
            uid_from: UidFrom::Document,
            protect: false,
            carried: self.owner.is_some(),
            fetched: None,
        };
        if inputs.is_empty() {
            let body = body(document, part, &declared);
            finish(&mut declared, body);
        }
        let draft = Draft { in_directory: parent.is_none(), inputs, ..declare(declared) };
        (Some(Declaration::Object(Box::new(draft))), problems)
    }

    fn pointer(&self, base: &str, inside: &str) -> String {
        match (self.owner, inside) {
            // Inputs and folder of what an export carries are the export's.
            (Some(owner), _) if inside.starts_with("/__inputs") || inside == FOLDER => {
                owner.pointer(owner_base(base, owner), inside)
            }
            (None, FOLDER) => base.to_owned(),
            _ => format!("{base}{inside}"),
        }
    }

    fn body(&self, site: &Site<'_, '_>, declared: &Declared, _: &Files) -> Result<Body, Box<Problem>> {
        let value = body(site.document, site.part, declared);
        Ok(Body { text: value.to_string(), shown: value.clone(), pieces: Vec::new(), value })
    }
}

/// Panels only: a library element of kind 2 is a variable, which Grafana dropped.
pub(crate) fn is_library_panel(value: &Value) -> bool {
    let is_panel = value.get("kind").is_some_and(|kind| *kind == 1 || *kind == "panel");
    is_panel && value.get("model").is_some_and(Value::is_object)
}

/// Where the dashboard stands that carries what stands there.
fn owner_base<'b>(base: &'b str, owner: &DashboardForm) -> &'b str {
    let body = base.split("/__elements/").next().unwrap_or_default();
    body.strip_suffix(owner.body).unwrap_or(body)
}

/// Fills what depends on the body, once its inputs are answered.
pub(crate) fn finish(declared: &mut Declared, body: Value) {
    declared.headline = LibraryPanel.headline(&body);
    declared.name.clone_from(&declared.headline.title);
    // Its variables are those of the dashboards that show it.
    let model = json!({ "panels": [body.get("model")] });
    let found = references(&model).into_iter().filter(|reference| variables_in(&reference.to.name).is_empty());
    declared.references = found
        .map(|Reference { to, pointer }| Reference { to, pointer: pointer.replacen("/panels/0", "/model", 1) })
        .collect();
    if let Parent::Uid(uid) = &declared.parent {
        let to = Target::new(Folder::NAME, uid.as_str());
        declared.references.push(Reference { to, pointer: FOLDER.into() });
    }
    declared.digest = LibraryPanel.normal(body).digest();
}

/// What is sent: uid, name, kind and model, with the inputs of the export answered.
pub(crate) fn body(document: &Document<'_>, part: &Part, declared: &Declared) -> Value {
    let mut value = document.value.pointer(&part.base).cloned().unwrap_or_default();
    inputs::replace(&mut value, &declared.body.answers);
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default().trim();
    json!({ "uid": declared.address.id(), "name": name, "kind": ELEMENT, "model": value.get("model") })
}

/// Declares each library panel once that several exports hold. Problems are models of one uid that differ.
///
/// Objects come sorted by address and place, so the first is that of the first export.
pub(crate) fn merge(declarations: &mut Declarations) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut kept: Vec<Declared> = Vec::with_capacity(declarations.objects.len());
    for declared in std::mem::take(&mut declarations.objects) {
        let first = kept.last().filter(|first| first.address == declared.address);
        let Some(first) = first.filter(|first| first.carried || declared.carried) else {
            kept.push(declared);
            continue;
        };
        if first.digest == declared.digest {
            // What stands in a file of its own is kept there.
            if first.carried && !declared.carried {
                kept.pop();
                kept.push(declared);
            }
            continue;
        }
        problems.push(differing(declarations.locate(first, ""), declarations.locate(&declared, ""), first));
    }
    declarations.objects = kept;
    problems
}

fn differing(first: Spot, second: Spot, declared: &Declared) -> Problem {
    let message = format!("the library panel `{}` is not the same in two files", declared.address.id());
    Problem::error("library-panel-differs", message)
        .spot(Spot { label: "so here".into(), ..first })
        .spot(Spot { label: "and otherwise here".into(), ..second })
        .help("export both dashboards anew, or keep the panel in a file of its own and take it out of `__elements`")
}

// The inputs of the export that the panel refers to; a variable of the dashboard is no input.
fn inputs_of(
    document: &Document<'_>,
    part: &Part,
    owner: &DashboardForm,
    base: &str,
    file: &FileRef<'_>,
) -> Vec<inputs::Input> {
    let export = document.value.pointer(&format!("{base}{}", owner.body)).unwrap_or(&Value::Null);
    let of_panel = json!({
        "__inputs": export.get("__inputs"),
        "templating": export.get("templating"),
        "panels": [document.value.pointer(&format!("{}/model", part.base))],
    });
    let own = match owner.answers {
        Some(at) => dashboard::answers(document, &format!("{base}{at}"), &mut Vec::new()),
        None => BTreeMap::new(),
    };
    inputs::of(&of_panel, &file.options.settings.inputs, &own)
}
