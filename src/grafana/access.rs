//! What the token may do, as the workspace itself says: known before anything is written.

use std::collections::BTreeMap;

use serde_json::Value;

/// The permissions of the token: scopes by action (`GET /api/access-control/user/permissions`).
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// None when the workspace does not say.
    actions: Option<BTreeMap<String, Vec<String>>>,
}

impl Access {
    /// Reads the answer's JSON.
    #[must_use]
    pub fn of(json: &Value) -> Access {
        let scopes = |value: &Value| {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let actions = json.as_object().map(|map| map.iter().map(|(k, v)| (k.clone(), scopes(v))).collect());
        Access { actions }
    }

    /// Whether the workspace says what the token may do; where it does not, a read of the thing itself must prove it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.actions.is_some()
    }

    /// Whether any action of a sort (`dashboards` of `dashboards:read`) is allowed on anything: where none is, this server
    /// may not know them.
    #[must_use]
    pub fn knows(&self, sort: &str) -> bool {
        let is_of = |action: &String| action.split_once(':').is_some_and(|(of, _)| of == sort);
        self.actions.as_ref().is_some_and(|actions| actions.keys().any(is_of))
    }

    /// Whether an action is provably allowed on everything, or on the folder of this uid.
    #[must_use]
    pub fn in_folder(&self, action: &str, folder: &str) -> bool {
        let exact = format!("folders:uid:{folder}");
        self.has(action, &["*", "folders:*", "folders:uid:*", "dashboards:*", exact.as_str()])
    }

    /// Whether an action is allowed on every object of its sort, for all that is known.
    #[must_use]
    pub fn everywhere(&self, action: &str) -> bool {
        self.has(
            action,
            &["", "*", "folders:*", "folders:uid:*", "dashboards:*", "datasources:*", "datasources:uid:*"],
        )
    }

    fn has(&self, action: &str, scopes: &[&str]) -> bool {
        self.actions
            .as_ref()
            .and_then(|actions| actions.get(action))
            .is_some_and(|has| has.iter().any(|scope| scopes.contains(&scope.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_viewer_may_read_nothing_of_the_registry() {
        let admin = Access::of(&json!({ "dashboards:read": ["folders:*"], "datasources:create": [""] }));
        assert!(admin.in_folder("dashboards:read", "amgctl"));
        assert!(admin.everywhere("datasources:create"));
        let viewer = Access::of(&json!({ "datasources:query": ["datasources:*"] }));
        assert!(!viewer.in_folder("dashboards:read", "amgctl"));
        let other = Access::of(&json!({ "dashboards:read": ["folders:uid:team"] }));
        assert!(!other.in_folder("dashboards:read", "amgctl"));
    }
}
