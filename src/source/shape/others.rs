//! Documents that are known and not read: later formats, envelopes of other tools, what Grafana keeps besides dashboards
//! and data sources. Each is named for what it is, with the way out that exists.

use serde_json::{Map, Value};

use crate::kinds::dashboard::CLASSIC_FORM;

use super::{Reading, Refusal, Seen, Shape, dashboard, datasource, group, library, recognise, text, unsupported};

const IGNORE: &str = "name the file in `.amgctlignore`";

/// A dashboard in the v2 format, alone or as a resource.
pub(super) struct V2;

impl Shape for V2 {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        if group(map).0 == "dashboard.grafana.app"
            && group(map).1.starts_with("v2")
            && matches!(text(map, "kind"), "Dashboard" | "DashboardWithAccessInfo")
        {
            return Some(Seen::Refused(v2("/apiVersion")));
        }
        (!map.contains_key("apiVersion") && is_v2(map)).then(|| Seen::Refused(v2("/elements")))
    }
}

/// Whether an object is a dashboard's `spec` in the v2 format.
pub(super) fn is_v2(map: &Map<String, Value>) -> bool {
    map.get("elements").is_some_and(Value::is_object) && map.get("layout").is_some_and(Value::is_object)
}

/// The refusal of a v2 dashboard.
pub(super) fn v2(pointer: &str) -> Refusal {
    let help = format!(
        "`{CLASSIC_FORM}` of the workspace gives the classic form: save its answer instead, or name the file in \
         `.amgctlignore`"
    );
    unsupported("this is a dashboard in the v2 format, which this version does not read yet", help, pointer)
}

/// A document of ours that SOPS encrypted: its values are there, and say nothing.
pub(super) struct Sops;

impl Shape for Sops {
    fn recognise(&self, value: &Value, reading: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        let sops = map.get("sops")?.as_object()?;
        if !["mac", "lastmodified", "version"].iter().any(|key| sops.contains_key(*key)) {
            return None;
        }
        let mut plain = map.clone();
        plain.remove("sops");
        Some(match recognise(&Value::Object(plain), reading) {
            Seen::Foreign(reason) => Seen::Foreign(reason),
            Seen::Held(_) | Seen::Refused(_) | Seen::Reported(_) => Seen::Refused(unsupported(
                "this is encrypted with SOPS, which is not undone here",
                "decrypt it first (`sops decrypt FILE`), or name the file in `.amgctlignore`",
                "/sops",
            )),
        })
    }
}

/// A `PushSecret` beside manifests of the operator: it would carry a token out of the cluster.
pub(super) struct PushSecret;

impl Shape for PushSecret {
    fn recognise(&self, value: &Value, reading: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        let (group, _) = group(map);
        // Elsewhere it is none of our business.
        let is_beside = reading.cluster.is_used;
        (is_beside && group.ends_with("external-secrets.io") && text(map, "kind").ends_with("PushSecret")).then(
            || {
                Seen::Reported(unsupported(
                    "this is a `PushSecret`, which writes Secrets of a cluster to a store: nothing is pushed here",
                    "a token for the workspace is kept in Secrets Manager by `amgctl bootstrap-identity` and \
                 `amgctl identity rotate`; if this is not for amgctl, name the file in `.amgctlignore`",
                    "/kind",
                ))
            },
        )
    }
}

/// Dashboards of Perses, which have the same `kind` and nothing else in common.
pub(super) struct Perses;

impl Shape for Perses {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        let kind = text(map, "kind");
        let spec = map.get("spec").and_then(Value::as_object)?;
        let layouts = spec.get("layouts").is_some_and(Value::is_array);
        let panels = spec.get("panels").is_some_and(Value::is_object);
        let operator = group(map).0.starts_with("perses.dev");
        if operator || (kind == "Dashboard" && !map.contains_key("apiVersion") && (layouts || panels)) {
            return Some(Seen::Refused(unsupported(
                format!("this is a `{kind}` of Perses, which Grafana does not read"),
                "amgctl does not convert it: build the dashboard in Grafana and export that, or name the file in \
                 `.amgctlignore`",
                "/kind",
            )));
        }
        None
    }
}

/// A resource inside another object, or `kind` and `spec` without an `apiVersion`.
pub(super) struct Envelope;

impl Shape for Envelope {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        if map.contains_key("apiVersion") {
            return None;
        }
        if let Some(inner) = map.get("resource").and_then(Value::as_object)
            && text(inner, "apiVersion").contains(".grafana.app/")
        {
            return Some(Seen::Refused(if text(inner, "apiVersion").starts_with("dashboard.grafana.app/v2") {
                v2("/resource/apiVersion")
            } else {
                unsupported(
                    "this is an object of another tool, with the resource inside `resource`, which is not read",
                    "keep only what stands in `resource`",
                    "/resource",
                )
            }));
        }
        (text(map, "kind") == "Dashboard" && map.get("spec").is_some_and(Value::is_object)).then(|| {
            Seen::Refused(unsupported(
                "this is an envelope (`kind` and `spec`) without an `apiVersion`, which is not read",
                "keep only what stands in `spec`: the dashboard itself, with its `uid`; or add \
                 `apiVersion: dashboard.grafana.app/v1beta1`",
                "/kind",
            ))
        })
    }
}

/// A provisioning file of Grafana for something else than data sources.
pub(super) struct GrafanaFile;

impl Shape for GrafanaFile {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        const ALERTING: [&str; 10] = [
            "groups",
            "contactPoints",
            "policies",
            "templates",
            "muteTimes",
            "deleteRules",
            "deleteContactPoints",
            "resetPolicies",
            "deleteTemplates",
            "deleteMuteTimes",
        ];
        let map = value.as_object()?;
        match map.get("apiVersion")? {
            Value::String(version) if version != "1" => return None,
            _ => {}
        }
        let found =
            |keys: &[&str]| map.keys().find(|key| keys.contains(&key.as_str())).map(|key| format!("/{key}"));
        let (message, help, pointer) = if let Some(pointer) = found(&ALERTING) {
            ("this file provisions alerting, which is not kept yet", IGNORE, pointer)
        } else if let Some(pointer) = found(&["providers"]) {
            (
                "this file tells a Grafana where to find dashboards, which amgctl does not need",
                "a dashboard's folder is its directory; name this file in `.amgctlignore`",
                pointer,
            )
        } else if let Some(pointer) = found(&["apps"]) {
            ("this file provisions plugins, which are not kept", IGNORE, pointer)
        } else {
            return Some(match map.keys().find(|key| strsim::damerau_levenshtein(key, "datasources") <= 3) {
                Some(key) => Seen::Refused(Refusal {
                    code: "provisioning",
                    message: format!("a provisioning file has no key `{key}`"),
                    help: "did you mean `datasources`?".into(),
                    pointer: String::new(),
                }),
                None => Seen::Foreign("is a provisioning file without data sources".into()),
            });
        };
        Some(Seen::Reported(Refusal {
            code: "not-kept",
            message: message.into(),
            help: help.into(),
            pointer: pointer.clone(),
        }))
    }
}

/// What an object is that Grafana's API gives and that is neither a dashboard nor a data source, or what it is at all;
/// none where nothing comes to mind.
pub(super) fn named(map: &Map<String, Value>) -> Option<Named> {
    let has = |key: &str| map.contains_key(key);
    let all = |keys: &[&str]| keys.iter().all(|key| has(key));
    if has("$schema") && text(map, "$schema").contains("json-schema.org")
        || (text(map, "type") == "object" && (has("properties") || has("required") || has("additionalProperties")))
        || all(&["$defs", "properties"])
    {
        return Some(Named::Foreign("is a JSON Schema"));
    }
    let rule = all(&["condition", "data"])
        || all(&["ruleGroup", "title"])
        || has("noDataState")
        || has("execErrState")
        || has("no_data_state");
    if rule {
        return Some(Named::Alerting("an alert rule"));
    }
    if all(&["interval", "rules"]) && (has("title") || has("name")) {
        return Some(Named::Alerting("a group of alert rules"));
    }
    if all(&["receiver", "routes"]) || all(&["receiver", "group_by"]) {
        return Some(Named::Alerting("a notification policy"));
    }
    if all(&["name", "time_intervals"]) {
        return Some(Named::Alerting("a mute timing"));
    }
    if all(&["name", "receivers"]) || (all(&["type", "settings"]) && (has("uid") || has("name"))) {
        return Some(Named::Alerting("a contact point"));
    }
    if all(&["name", "template"]) && map.len() <= 4 {
        return Some(Named::Alerting("a notification template"));
    }
    if has("model") && (has("kind") || has("name")) || has("Entity") {
        return Some(Named::Library);
    }
    if text(map, "type") == "dash-folder"
        || text(map, "url").starts_with("/dashboards/f/")
        || (has("title") && (has("parentUid") || has("hasAcl")) && !has("panels"))
    {
        return Some(Named::Folder);
    }
    if text(map, "type") == "dash-db" && has("uri") {
        return Some(Named::Found);
    }
    None
}

/// What an object is.
pub(super) enum Named {
    Foreign(&'static str),
    Alerting(&'static str),
    Library,
    Folder,
    Found,
}

/// An object as Grafana's API gives it, of a kind that is not kept: an alert rule, a library panel, a folder.
pub(super) struct GrafanaObject;

impl Shape for GrafanaObject {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let (map, pointer) = match value {
            Value::Object(map) => (map, ""),
            Value::Array(items) => (items.first()?.as_object()?, "/0"),
            _ => return None,
        };
        if map.contains_key("apiVersion") || datasource::is_datasource(map) {
            return None;
        }
        let list = !pointer.is_empty();
        let this = |one: &str| {
            if list { format!("this is a list that begins with {one}") } else { format!("this is {one}") }
        };
        let report = |message: String, help: &str| {
            Some(Seen::Reported(Refusal { code: "not-kept", message, help: help.into(), pointer: pointer.into() }))
        };
        match named(map)? {
            Named::Foreign(reason) => Some(Seen::Foreign(reason.into())),
            // Lists of such objects are many things; only what is alone is surely Grafana's.
            Named::Alerting(what) => report(format!("{}: alerting is not kept yet", this(what)), IGNORE),
            Named::Library => {
                report(format!("{} in a form that is not read", this("a library panel")), library::FORM)
            }
            Named::Folder => report(
                format!("{} as Grafana's API gives it, which is not read", this("a folder")),
                "a directory is a folder: put `title:` and `uid:` into a file `_folder.yaml` in it, and name this file in \
                 `.amgctlignore`",
            ),
            Named::Found => report(
                format!("{} of a search: the dashboard itself is not in it", this("the answer")),
                &format!("save the answer of `{CLASSIC_FORM}` instead"),
            ),
        }
    }
}

/// Several dashboards in one object or list, as mixins render them.
pub(super) struct Collection;

impl Shape for Collection {
    fn recognise(&self, value: &Value, reading: &Reading) -> Option<Seen> {
        let (message, help, pointer) = match value {
            Value::Array(items) => {
                let at = items.iter().position(|item| is_one(item, reading))?;
                let count = items.iter().filter(|item| is_one(item, reading)).count();
                (
                    format!("this is a list of {count} dashboards, which is not read"),
                    "write each into a file of its own, or as a YAML document of its own, with `---` between them",
                    format!("/{at}"),
                )
            }
            Value::Object(map) => {
                let (base, map) = match map.get("grafanaDashboards").and_then(Value::as_object) {
                    Some(inner) => ("/grafanaDashboards", inner),
                    None => ("", map),
                };
                let (key, _) = map.iter().find(|(_, item)| is_one(item, reading))?;
                let count = map.values().filter(|item| is_one(item, reading)).count();
                (
                    format!(
                        "this is an object with {count} dashboards by name, as a mixin renders them, which is not read"
                    ),
                    "render each into a file of its own: `jsonnet -J vendor -m DIRECTORY -e \
                     '(import \"mixin.libsonnet\").grafanaDashboards'`",
                    format!("{base}/{}", crate::source::spans::escaped(key)),
                )
            }
            _ => return None,
        };
        Some(Seen::Refused(unsupported(message, help, pointer)))
    }
}

// A member that would be a dashboard if it stood alone.
fn is_one(value: &Value, reading: &Reading) -> bool {
    let Some(map) = value.as_object() else { return false };
    let resource = group(map).0.ends_with(".grafana.app");
    resource && matches!(recognise(value, reading), Seen::Held(_) | Seen::Refused(_))
        || dashboard::is_dashboard(map) && map.contains_key("title")
        || map.get("dashboard").and_then(Value::as_object).is_some_and(dashboard::is_dashboard)
}

/// What is near a dashboard or a data source, and is none: left out, but never without a word.
pub(super) struct Near;

impl Shape for Near {
    fn recognise(&self, value: &Value, _: &Reading) -> Option<Seen> {
        let map = match value {
            Value::Object(map) => map,
            Value::Array(items) => items.first()?.as_object()?,
            _ => return None,
        };
        let pointer = if value.is_array() { "/0" } else { "" };
        if map.contains_key("apiVersion") {
            return None;
        }
        if datasource::looks_like_one(map) {
            let kind = text(map, "type");
            return Some(Seen::Reported(Refusal {
                code: "not-ours",
                message: format!(
                    "this looks like a data source, but `{kind}` is no type that Grafana has: it is left out"
                ),
                help: "if it is one, say more of it, as `access: proxy`; else name the file in `.amgctlignore`"
                    .into(),
                pointer: format!("{pointer}/type"),
            }));
        }
        if value.is_object() && dashboard::is_near(map) {
            let odd = map.keys().find(|key| !dashboard::KEYS.contains(&key.as_str()));
            let why = match odd {
                Some(key) => format!("a dashboard has no `{key}`"),
                None => "it has no `panels`".to_owned(),
            };
            let near = odd.and_then(|key| crate::source::nearest(key, dashboard::KEYS.into_iter()));
            let help = match near {
                Some(near) => format!("did you mean `{near}`? A file that is not for amgctl is named in `.amgctlignore`"),
                None => "if it is one, add `\"panels\": []` and `\"schemaVersion\"`; else name the file in `.amgctlignore`".into(),
            };
            return Some(Seen::Reported(Refusal {
                code: "not-ours",
                message: format!("this looks like a dashboard, but {why}: it is left out"),
                help,
                pointer: odd.map(|key| format!("/{}", crate::source::spans::escaped(key))).unwrap_or_default(),
            }));
        }
        None
    }
}
