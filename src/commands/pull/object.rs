//! What the file of an object is to say: three versions made one (pure).

use amgctl_edit::{Clash, Merged};
use serde_json::Value;

use crate::kinds::Kind;
use crate::model::Server;
use crate::model::digest::Numbers;
use crate::render::style::clean;

/// The versions of an object, as normal forms.
pub struct Versions<'a> {
    /// What was applied last, where it was found.
    pub base: Option<&'a Value>,
    /// What the directory says.
    pub ours: &'a Value,
    /// What the workspace has.
    pub theirs: &'a Value,
}

/// What the directory is to say.
pub struct Pulled {
    /// The normal form.
    pub wanted: Value,
    /// What both sides changed, each to something else: as the directory has it.
    pub clashes: Vec<Clash>,
    /// Whether the server's own front end migrated it.
    pub migrated: bool,
}

/// How numbers are told apart.
pub fn numbers(numbers: Numbers) -> amgctl_edit::Numbers {
    match numbers {
        Numbers::Float => amgctl_edit::Numbers::Float,
        Numbers::Exact => amgctl_edit::Numbers::Exact,
    }
}

/// Brings what others changed into what the directory says; none where what was applied last is not known. `folds` leaves
/// out what the server's own front end migrated.
pub fn merge(kind: &dyn Kind, versions: &Versions<'_>, folds: bool, server: &Server) -> Option<Pulled> {
    let base = versions.base?;
    let exact = numbers(server.numbers);
    let mut theirs = versions.theirs.clone();
    let migrated = kind.saved_by_editor(base, &theirs, server.numbers);
    if let (Some(form), true) = (&migrated, folds) {
        // What differs from the migrated form is the person's; the rest is as it was before.
        theirs = amgctl_edit::merge(form, &theirs, base, exact).value;
    }
    as_written(kind, versions.ours, &mut theirs, server);
    let Merged { value: wanted, clashes } = amgctl_edit::merge(base, versions.ours, &theirs, exact);
    Some(Pulled { wanted, clashes, migrated: migrated.is_some() })
}

/// Leaves that the server rewrites as it stores them stay as they are written, where they come to the same.
fn as_written(kind: &dyn Kind, ours: &Value, theirs: &mut Value, server: &Server) {
    for (pointer, written) in kind.normal(ours.clone()).soft {
        let stored = kind.as_stored(&pointer, written.clone(), server);
        if let Some(live) = theirs.pointer_mut(&pointer)
            && *live == stored
        {
            *live = written;
        }
    }
}

/// A clash in one line.
pub fn told(clash: &Clash) -> String {
    let value = |value: &Option<Value>| match value {
        None => "(none)".to_owned(),
        Some(value) => short(value),
    };
    format!(
        "conflict: {}: applied last {}, in the file {}, in the workspace {}: the file stays as it is",
        clean(&clash.label),
        value(&clash.base),
        value(&clash.ours),
        value(&clash.theirs)
    )
}

/// A value as one short text.
fn short(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    let text = clean(&text);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::by_name;
    use crate::kinds::dashboard::Dashboard;
    use serde_json::json;

    fn pull(base: Option<Value>, ours: &Value, theirs: &Value) -> Option<(Value, Vec<String>)> {
        let versions = Versions { base: base.as_ref(), ours, theirs };
        let pulled = merge(by_name(Dashboard::NAME), &versions, true, &Server::latest())?;
        Some((pulled.wanted, pulled.clashes.iter().map(told).collect()))
    }

    #[test]
    fn without_a_base_nothing_is_merged() {
        assert!(pull(None, &json!({"title": "a"}), &json!({"title": "b"})).is_none());
    }

    #[test]
    fn what_only_the_workspace_changed_is_taken_and_what_both_changed_is_told() {
        let base = json!({"title": "a", "tags": ["x"], "timezone": "utc"});
        let ours = json!({"title": "ours", "tags": ["x"], "timezone": "utc"});
        let theirs = json!({"title": "theirs", "tags": ["x"], "timezone": "browser"});
        let (wanted, told) = pull(Some(base), &ours, &theirs).expect("merged");
        assert_eq!(wanted, json!({"title": "ours", "tags": ["x"], "timezone": "browser"}));
        assert_eq!(
            told,
            [
                "conflict: title: applied last \"a\", in the file \"ours\", in the workspace \"theirs\": the file stays as it is"
            ]
        );
    }
}
