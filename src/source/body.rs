//! Bodies read again, for the changes that are shown or written; and the places of their parts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::inputs::replace_in_json;
use super::shape::{self, Form, Part, Site};
use super::values::{Dollars, Values};
use super::{Declarations, Files, dashboard, datasource, spans};
use crate::kinds::Kind as _;
use crate::kinds::dashboard::Dashboard;
use crate::kinds::datasource::Datasource;
use crate::model::{Declared, Kept, Problem, Secret, Spot};

/// The body of a declared object.
pub struct Body {
    /// The JSON text to send: uid and trimmed title set, without `id`, `version` and `iteration`, without secrets.
    pub text: String,
    /// The same, parsed.
    pub value: Value,
    /// As it may be shown: texts that came in part from `$__…{}` as they are written.
    pub shown: Value,
    /// The values from elsewhere in it, each with how it is written.
    pub pieces: Vec<(Secret, String)>,
}

impl Declarations {
    /// Reads the body of an object again; a file that changed since it was loaded is an error.
    pub fn body(&self, declared: &Declared) -> Result<Body, Box<Problem>> {
        let mut body = Err(Box::new(changed(declared)));
        self.files.site(declared, &mut |site| {
            body = if declared.address.kind == Dashboard::NAME {
                dashboard_body(declared, site)
            } else {
                self.files.datasource_body(declared, site)
            };
        })?;
        body
    }

    /// Reads the secret values to send with an object, by key, or what is wrong with one of them. `fetched` holds those
    /// that are kept in AWS.
    pub(super) fn secrets_of(
        &self,
        declared: &Declared,
        fetched: &BTreeMap<Kept, Secret>,
    ) -> Result<Vec<(String, Secret)>, Box<Problem>> {
        if declared.address.kind == Dashboard::NAME {
            return Ok(Vec::new());
        }
        let mut secrets = Err(Box::new(changed(declared)));
        self.files.site(declared, &mut |Site { document, part, .. }| {
            secrets =
                datasource::secrets(document, &part.base, &self.files.values(part), fetched).map_err(Box::new);
        })?;
        secrets
    }

    /// Where a part of an object's body stands, by its JSON pointer; the object itself when the part is not there.
    #[must_use]
    pub fn locate(&self, declared: &Declared, pointer: &str) -> Spot {
        let mut spot = Spot::bare(declared.place.clone());
        let _ = self.files.site(declared, &mut |site| spot = site.document.spot(&site.part.pointer(pointer), ""));
        spot
    }

    /// A data source's settings without its secrets; none when the file changed meanwhile.
    pub(crate) fn datasource_read(&self, declared: &Declared) -> Option<datasource::Read> {
        let mut read = None;
        let looked = self.files.site(declared, &mut |Site { document, part, .. }| {
            read = datasource::body(document, &part.base, &self.files.values(part)).ok();
        });
        looked.ok().and(read)
    }
}

impl Files {
    /// Looks at the place where an object stands in its file.
    fn site(&self, declared: &Declared, look: &mut dyn FnMut(Site<'_, '_>)) -> Result<(), Box<Problem>> {
        let file = self.opened.open(&self.root, declared, self.reading)?;
        let Some(mut document) = file.document(declared.body.document) else {
            return Err(Box::new(changed(declared)));
        };
        shape::one_object(&mut document, &declared.body, self.reading, look);
        Ok(())
    }

    fn datasource_body(&self, declared: &Declared, site: Site<'_, '_>) -> Result<Body, Box<Problem>> {
        let Site { document, part, .. } = site;
        let values = self.values(part);
        let read = datasource::body(document, &part.base, &values).map_err(Box::new)?;
        let with_uid = |value: Value| {
            let mut value = Datasource.normal(value).whole();
            if let Value::Object(map) = &mut value {
                map.insert("uid".into(), Value::String(declared.address.id().to_owned()));
            }
            value
        };
        let value = with_uid(read.value);
        let shown = with_uid(read.shown);
        Ok(Body { text: value.to_string(), value, shown, pieces: read.pieces })
    }

    fn values(&self, part: &Part) -> Values<'_> {
        let dollars = if part.form == Form::Provisioned { Dollars::Provisioning } else { Dollars::Plain };
        Values { environment: &self.environment, root: &self.root, dollars }
    }
}

fn dashboard_body(declared: &Declared, site: Site<'_, '_>) -> Result<Body, Box<Problem>> {
    let Site { document, part, .. } = site;
    if !matches!(part.form, Form::Classic | Form::Wrapped | Form::DashboardResource) {
        return Err(Box::new(changed(declared)));
    }
    let base = part.body();
    let answers = &declared.body.answers;
    let read = dashboard::value_at(document, &base, answers);
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
    let text = match document.json_text(&base) {
        Some((text, at)) => as_written(text, &at, &value, answers),
        None => value.to_string(),
    };
    Ok(Body { text, shown: value.clone(), pieces: Vec::new(), value })
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

pub(super) fn changed(declared: &Declared) -> Problem {
    Problem::error("file-changed", "this file changed while amgctl was running")
        .at(declared.place.clone())
        .help("run the command again")
}
