//! Library panels by themselves, as the API takes and gives them.
//!
//! Those that exported dashboards carry are found by the dashboards' forms ([`carried_by`]).

use serde_json::Value;

use super::keys::Fate::{self, LeftOut, Used};
use super::keys::{Level, Rest};
use super::{Reading, Seen, Shape, object, only};
use crate::source::dashboard::DashboardForm;
use crate::source::library_panel::{LibraryForm, is_library_panel};

/// What to do with a library panel that is written otherwise.
pub(super) const FORM: &str = "write it as Grafana's API gives it, one a file: `kind: 1` with `name`, `uid` and `model`; or name the file in \
     `.amgctlignore`";

/// The keys of a library panel. Its folder is its directory's.
const KEYS: &[(&str, Fate)] = &[
    ("uid", Used),
    ("name", Used),
    ("kind", Used),
    ("model", Used),
    ("type", LeftOut),
    ("description", LeftOut),
    ("id", LeftOut),
    ("orgId", LeftOut),
    ("folderId", LeftOut),
    ("folderUid", LeftOut),
    ("version", LeftOut),
    ("meta", LeftOut),
    ("schemaVersion", LeftOut),
];

static LEVELS: [Level; 1] = [Level { at: "", name: "a library panel", keys: KEYS, rest: Rest::Warned }];

pub(super) static LIBRARY: LibraryForm = LibraryForm { name: "a library panel", levels: &LEVELS, owner: None };

/// How the library panels are written that such a dashboard carries.
pub(super) const fn carried_by(owner: &'static DashboardForm) -> LibraryForm {
    LibraryForm { name: "a library panel of an export", levels: &LEVELS, owner: Some(owner) }
}

/// A library panel by itself: `{"kind": 1, "name": …, "uid": …, "model": …}`, or that as the `result` of an answer.
pub(super) struct Library;

impl Shape for Library {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        if is_library_panel(value) {
            return Some(only(&LIBRARY));
        }
        is_library_panel(value.get("result")?).then(|| Seen::Held(vec![object(&LIBRARY, "/result".into())]))
    }

    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        let panel = || serde_json::json!({ "uid": "l", "name": "L", "kind": 1, "model": { "type": "text" } });
        vec![panel(), serde_json::json!({ "result": panel() })]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Held, recognise};
    use super::*;

    fn bases(value: &Value) -> Vec<(String, String)> {
        let Seen::Held(held) = recognise(value, &Reading::default()) else { panic!("{value}") };
        let parts = held.into_iter().map(|held| match held {
            Held::Object(part) => (part.form.kind().to_string(), part.base),
            Held::Text(text) => panic!("{text:?}"),
        });
        parts.collect()
    }

    #[test]
    fn library_panels_are_found_by_themselves_and_in_exports() {
        let at = |base: &str| ("library_panel".to_owned(), base.to_owned());
        let dashboard = |base: &str| ("dashboard".to_owned(), base.to_owned());
        let panel = json!({ "uid": "l", "name": "L", "kind": 1, "model": {} });
        assert_eq!(bases(&panel), [at("")]);
        assert_eq!(bases(&json!({ "result": panel })), [at("/result")]);
        assert_eq!(bases(&json!({ "name": "L", "kind": "panel", "model": {} })), [at("")]);
        let elements = json!({ "a/b": panel, "v": { "kind": 2, "model": {} } });
        let export = json!({ "title": "x", "panels": [], "__elements": elements });
        assert_eq!(bases(&export), [at("/__elements/a~1b"), dashboard("")]);
        assert_eq!(bases(&json!({ "dashboard": export }))[0], at("/dashboard/__elements/a~1b"));
        assert_eq!(bases(&json!({ "title": "x", "panels": [], "__elements": [] })).len(), 1);
    }
}
