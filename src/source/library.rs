//! Copies of library panels: a dashboard may hold the model of one, as exports do, and Grafana shows the library's.
//!
//! Servers store the copy as it is sent, so a change of it is planned and done, and nobody ever sees it. That is worth a
//! warning where the two differ.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Declarations;
use crate::kinds::dashboard::facts;
use crate::kinds::library_panel::LibraryPanel;
use crate::kinds::values::is_hollow;
use crate::model::digest::{Numbers, same_value};
use crate::model::{Problem, Target};

/// What of a panel comes from the library: its place, its id and its title are the dashboard's own.
const OF_THE_LIBRARY: [&str; 6] = ["type", "datasource", "targets", "transformations", "options", "fieldConfig"];

/// Finds copies of library panels that differ from the library's models (null where one could not be read), as [`crate::live::referred`] has them.
#[must_use]
pub fn check_library_panels(declarations: &Declarations, there: &BTreeMap<Target, Value>) -> Vec<Problem> {
    let model = |uid: &str| there.get(&Target::new(LibraryPanel::NAME, uid))?.get("model");
    let mut problems = Vec::new();
    for declared in &declarations.objects {
        let asks = |target: &Target| {
            target.kind == LibraryPanel::NAME && model(&target.name).is_some_and(Value::is_object)
        };
        if !declared.references.iter().any(|r| asks(&r.to)) {
            continue;
        }
        let Ok(body) = declarations.body(declared) else { continue };
        for (uid, pointer, panel) in facts::library_panels(&body.value) {
            let fields: Vec<String> = model(&uid).map(|model| differing(&panel, model)).unwrap_or_default();
            if fields.is_empty() {
                continue;
            }
            let message = format!(
                "this copy of the library panel `{uid}` differs from the library's, and Grafana shows the library's"
            );
            problems.push(
                Problem::warning("library-panel-copy", message)
                    .spot(declarations.locate(declared, &pointer))
                    .note(format!("it differs in {}", fields.join(", ")))
                    .help("change the library panel in the workspace, or leave all but `libraryPanel` and `gridPos` out here"),
            );
        }
    }
    problems
}

// What the copy says otherwise than the library; what it does not say, it leaves to the library.
fn differing(panel: &Value, model: &Value) -> Vec<String> {
    OF_THE_LIBRARY
        .into_iter()
        .filter(|field| {
            let Some(copied) = panel.get(field).filter(|value| !is_hollow(value)) else { return false };
            !model.get(field).is_some_and(|own| same_value(copied, own, Numbers::Float))
        })
        .map(|field| format!("`{field}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_copy_says_otherwise_differs() {
        let model =
            json!({ "type": "text", "title": "Lib", "options": { "content": "x" }, "targets": [{ "expr": "up" }] });
        let of = |panel: Value| differing(&panel, &model);
        assert!(
            of(json!({ "id": 1, "title": "other", "gridPos": { "x": 1 }, "libraryPanel": { "uid": "l" } }))
                .is_empty()
        );
        assert!(of(json!({ "type": "text", "targets": [{ "expr": "up" }], "options": {} })).is_empty());
        assert_eq!(of(json!({ "type": "text", "targets": [{ "expr": "down" }] })), ["`targets`"]);
        assert_eq!(of(json!({ "fieldConfig": { "defaults": {} } })), ["`fieldConfig`"]);
    }
}
