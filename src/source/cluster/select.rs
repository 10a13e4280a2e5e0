//! Which objects are for which `Grafana`: label selectors, namespaces, the target of a run.
//!
//! Evaluated as the operator does. A `Grafana` is a target; a directory without one is applied whole, to the workspace that
//! the run names. One with several is applied to the one that `--target-grafana` names.

use serde_json::Value;

use super::{Cluster, OPERATOR, ObjectName, Resource};
use crate::model::Problem;

/// The kind of the targets.
const GRAFANA: &str = "Grafana";

/// The `Grafana` that a directory is applied to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Target {
    /// The directory has none: every object is for the workspace of the run.
    #[default]
    Whatever,
    /// This one.
    Chosen(ObjectName),
    /// It could not be chosen, and a problem says so.
    Unknown,
}

/// What of an object is applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Applies {
    /// It is applied.
    Here,
    /// It is for this target, and is left as it is for now.
    Suspended,
    /// It is for another target, with the reason as the rest of a sentence.
    Elsewhere(String),
    /// It is for no target of the directory, with the reason as the rest of a sentence.
    Nowhere(String),
}

impl Cluster {
    /// Chooses the target; the problems are why there is none.
    pub(super) fn choose_target(&self, wanted: Option<&str>) -> (Target, Vec<Problem>) {
        let all: Vec<(&ObjectName, &Resource)> = self.all(OPERATOR, GRAFANA).collect();
        let full = |name: &ObjectName| format!("{}/{}", name.namespace, name.name);
        let names = |of: &[(&ObjectName, &Resource)]| {
            let twice = |name: &ObjectName| of.iter().filter(|(other, _)| other.name == name.name).count() > 1;
            let called = |name: &ObjectName| if twice(name) { full(name) } else { name.name.clone() };
            of.iter().map(|(name, _)| format!("`{}`", called(name))).collect::<Vec<_>>().join(", ")
        };
        let spots = |problem: Problem, of: &[(&ObjectName, &Resource)]| {
            of.iter().filter_map(|(_, target)| target.spot("/metadata/name")).fold(problem, Problem::spot)
        };
        let meant: Vec<(&ObjectName, &Resource)> = match wanted {
            Some(wanted) => {
                all.iter().filter(|(name, _)| name.name == wanted || full(name) == wanted).copied().collect()
            }
            None => all.clone(),
        };
        match (meant.as_slice(), wanted) {
            ([], None) => (Target::Whatever, Vec::new()),
            ([], Some(wanted)) => {
                let known = if all.is_empty() { "none".to_owned() } else { names(&all) };
                let message = format!("there is no `Grafana` `{wanted}` in the directory");
                let problem = Problem::error("target", message).help(format!("it has {known}"));
                (Target::Unknown, vec![spots(problem, &all)])
            }
            ([(name, target)], _) => {
                let problems = if wanted.is_none() { in_cluster(name, target) } else { None };
                (Target::Chosen((*name).clone()), problems.into_iter().collect())
            }
            (several, _) => {
                let message = format!("the directory is for {} targets: {}", several.len(), names(several));
                let problem = Problem::error("several-targets", message)
                    .help("choose one with `--target-grafana NAME` (`target_grafana:` in amgctl.yaml)");
                (Target::Unknown, vec![spots(problem, several)])
            }
        }
    }

    /// Whether the chosen target is suspended.
    pub(super) fn is_target_suspended(&self) -> bool {
        let Target::Chosen(target) = &self.target else { return false };
        let chosen = self.resource(OPERATOR, GRAFANA, &target.namespace, &target.name);
        chosen.is_some_and(|chosen| is_suspended(chosen.value()))
    }

    /// What of a manifest's object is applied.
    pub(crate) fn applies(&self, manifest: &Value) -> Applies {
        let Target::Chosen(target) = &self.target else {
            return if is_suspended(manifest) { Applies::Suspended } else { Applies::Here };
        };
        let why_not = |name: &ObjectName, grafana: &Resource| why_not(manifest, name, grafana.value());
        let Some(chosen) = self.resource(OPERATOR, GRAFANA, &target.namespace, &target.name) else {
            return Applies::Here;
        };
        let Some(why) = why_not(target, chosen) else {
            let is_suspended = is_suspended(manifest) || is_suspended(chosen.value());
            return if is_suspended { Applies::Suspended } else { Applies::Here };
        };
        match self.all(OPERATOR, GRAFANA).find(|(name, grafana)| why_not(name, grafana).is_none()) {
            Some((other, _)) => {
                Applies::Elsewhere(format!("is for the `Grafana` `{}`, not for `{}`", other.name, target.name))
            }
            None => Applies::Nowhere(why),
        }
    }
}

// What to say of an instance that runs in a cluster.
fn in_cluster(name: &ObjectName, target: &Resource) -> Option<Problem> {
    if target.at("/spec/external").is_some_and(Value::is_object) {
        return None;
    }
    let message = format!("the `Grafana` `{}` runs in a cluster: it has no `external`", name.name);
    let problem = Problem::error("in-cluster", message).help(format!(
        "bind it to a workspace with `--target-grafana {} --workspace WORKSPACE`, or remove it from the directory",
        name.name
    ));
    Some(match target.spot("/metadata/name") {
        Some(spot) => problem.spot(spot),
        None => problem,
    })
}

fn is_suspended(manifest: &Value) -> bool {
    manifest.pointer("/spec/suspend") == Some(&Value::Bool(true))
}

// Why an object is not for a `Grafana`; none where it is.
fn why_not(manifest: &Value, name: &ObjectName, grafana: &Value) -> Option<String> {
    let labels = grafana.pointer("/metadata/labels").unwrap_or(&Value::Null);
    let selector = manifest.pointer("/spec/instanceSelector").unwrap_or(&Value::Null);
    if !selects(selector, labels) {
        return Some(format!("selects no `Grafana` of the directory: `{}` has other labels", name.name));
    }
    let namespace = ObjectName::of(manifest).map(|name| name.namespace).unwrap_or_default();
    let crosses = manifest.pointer("/spec/allowCrossNamespaceImport") == Some(&Value::Bool(true));
    (namespace != name.namespace && !crosses).then(|| {
        format!(
            "is in the namespace `{namespace}` and the `Grafana` `{}` in `{}`: it has no `allowCrossNamespaceImport: true`",
            name.name, name.namespace
        )
    })
}

/// Whether a label selector selects what has these labels. One that says nothing selects everything.
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    let label = |key: &str| labels.get(key).and_then(Value::as_str);
    let wanted = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let mut equal = wanted.map(|(key, value)| label(key).is_some() && label(key) == value.as_str());
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    let mut hold = expressions.map(|expression| {
        let key = expression.get("key").and_then(Value::as_str).unwrap_or_default();
        let values: Vec<&str> = expression
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        match (expression.get("operator").and_then(Value::as_str), label(key)) {
            (Some("In"), there) => there.is_some_and(|value| values.contains(&value)),
            // What has no such label is not in the list.
            (Some("NotIn"), there) => there.is_none_or(|value| !values.contains(&value)),
            (Some("Exists"), there) => there.is_some(),
            (Some("DoesNotExist"), there) => there.is_none(),
            _ => false,
        }
    });
    equal.all(|holds| holds) && hold.all(|holds| holds)
}

/// What is wrong with a selector, each fault with the pointer from the selector.
pub(crate) fn selector_faults(selector: &Value) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    let mut fault = |pointer: String, message: &str| faults.push((pointer, message.to_owned()));
    let Some(selector) = selector.as_object() else {
        fault(String::new(), "`instanceSelector` must be an object: `matchLabels`, or `{}` for every instance");
        return faults;
    };
    match selector.get("matchLabels") {
        None | Some(Value::Null) => {}
        Some(Value::Object(labels)) => {
            for (key, _) in labels.iter().filter(|(_, value)| !value.is_string()) {
                fault(super::member("/matchLabels", key), "the value of a label must be a text: put it in quotes");
            }
        }
        Some(_) => fault("/matchLabels".into(), "`matchLabels` must be an object"),
    }
    match selector.get("matchExpressions") {
        None | Some(Value::Null) => {}
        Some(Value::Array(expressions)) => {
            for (i, expression) in expressions.iter().enumerate() {
                let at = |key: &str| format!("/matchExpressions/{i}{key}");
                let values = expression.get("values").and_then(Value::as_array);
                let has_values = values.is_some_and(|values| !values.is_empty());
                if expression.get("key").and_then(Value::as_str).is_none_or(str::is_empty) {
                    fault(at(""), "an expression needs a `key`");
                }
                match expression.get("operator").and_then(Value::as_str) {
                    Some("In" | "NotIn") if !has_values => fault(at(""), "`In` and `NotIn` need `values`"),
                    Some("Exists" | "DoesNotExist") if has_values => {
                        fault(at("/values"), "`Exists` and `DoesNotExist` have no `values`");
                    }
                    Some("In" | "NotIn" | "Exists" | "DoesNotExist") => {}
                    _ => fault(at("/operator"), "`operator` is `In`, `NotIn`, `Exists` or `DoesNotExist`"),
                }
            }
        }
        Some(_) => fault("/matchExpressions".into(), "`matchExpressions` must be a list"),
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_select_as_kubernetes_does() {
        let labels = json!({ "dashboards": "grafana", "team": "sre" });
        for (selector, expected) in [
            (json!({}), true),
            (Value::Null, true),
            (json!({ "matchLabels": {} }), true),
            (json!({ "matchLabels": { "dashboards": "grafana" } }), true),
            (json!({ "matchLabels": { "dashboards": "grafana", "team": "x" } }), false),
            (json!({ "matchLabels": { "none": "" } }), false),
            (json!({ "matchExpressions": [{ "key": "team", "operator": "In", "values": ["a", "sre"] }] }), true),
            (json!({ "matchExpressions": [{ "key": "team", "operator": "NotIn", "values": ["sre"] }] }), false),
            (json!({ "matchExpressions": [{ "key": "none", "operator": "NotIn", "values": ["sre"] }] }), true),
            (json!({ "matchExpressions": [{ "key": "team", "operator": "Exists" }] }), true),
            (json!({ "matchExpressions": [{ "key": "team", "operator": "DoesNotExist" }] }), false),
            (json!({ "matchExpressions": [{ "key": "team", "operator": "in", "values": ["sre"] }] }), false),
            (
                json!({ "matchLabels": { "team": "sre" }, "matchExpressions": [{ "key": "x", "operator": "Exists" }] }),
                false,
            ),
        ] {
            assert_eq!(selects(&selector, &labels), expected, "{selector}");
        }
    }

    #[test]
    fn faults_of_selectors_have_their_places() {
        let selector = json!({
            "matchLabels": { "a": 1 },
            "matchExpressions": [{ "key": "k", "operator": "In" }, { "operator": "Like", "key": "k" }],
        });
        let places: Vec<String> = selector_faults(&selector).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(places, ["/matchLabels/a", "/matchExpressions/0", "/matchExpressions/1/operator"]);
        assert!(selector_faults(&json!({})).is_empty());
        assert_eq!(selector_faults(&Value::Null).len(), 1);
    }
}
