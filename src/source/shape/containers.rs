//! Documents that hold others: lists as `kubectl get` writes them, and ConfigMaps with dashboards.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::keys::{self, Level};
use super::{Form, Part, Seen, Shape, Text, group, recognise, text, unsupported};
use crate::source::spans::escaped;

/// `kind: List`, or `DashboardList` and `FolderList` as Grafana's API answers them.
pub(super) struct List;

impl Shape for List {
    fn levels(&self) -> &'static [Level] {
        &keys::LIST
    }

    fn recognise(&self, value: &Value) -> Option<Seen> {
        let map = value.as_object()?;
        let (group, kind) = (group(map).0, text(map, "kind"));
        let items = map.get("items")?.as_array()?;
        let plain = matches!(kind, "List" | "ConfigMapList") && text(map, "apiVersion") == "v1";
        if !(plain || matches!(kind, "DashboardList" | "FolderList") && group.ends_with(".grafana.app")) {
            return None;
        }
        let one = kind.strip_suffix("List").unwrap_or_default();
        let (mut parts, mut texts, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
        for (i, item) in items.iter().enumerate() {
            let base = format!("/items/{i}");
            match recognise(&named(item, text(map, "apiVersion"), one)) {
                Seen::Objects(inner) => {
                    parts.extend(inner.into_iter().map(|p| Part { base: format!("{base}{}", p.base), ..p }));
                }
                Seen::Texts(inner) => {
                    texts.extend(inner.into_iter().map(|t| Text { pointer: format!("{base}{}", t.pointer), ..t }));
                }
                Seen::Refused(mut refusal) => {
                    refusal.pointer = format!("{base}{}", refusal.pointer);
                    return Some(Seen::Refused(refusal));
                }
                Seen::Reported(mut refusal) => {
                    refusal.pointer = format!("{base}{}", refusal.pointer);
                    foreign.push(refusal);
                }
                Seen::Foreign(_) => {}
            }
        }
        Some(match (parts.is_empty(), texts.is_empty()) {
            (false, true) => Seen::Objects(parts),
            (true, false) => Seen::Texts(texts),
            (false, false) => Seen::Refused(unsupported(
                "this list holds ConfigMaps beside other objects",
                "put the ConfigMaps into a file of their own",
                "/items",
            )),
            (true, true) => match foreign.into_iter().next() {
                Some(refusal) => Seen::Reported(refusal),
                None if items.is_empty() => Seen::Foreign("is a list without items".into()),
                None => Seen::Foreign(format!("is a list of {} objects that are not for Grafana", items.len())),
            },
        })
    }
}

// An item as it would stand alone: the API leaves `apiVersion` and `kind` out of the items of its lists.
fn named<'a>(item: &'a Value, version: &str, kind: &str) -> Cow<'a, Value> {
    if kind.is_empty() || item.get("kind").is_some() || !item.is_object() {
        return Cow::Borrowed(item);
    }
    let mut item = item.clone();
    item["kind"] = Value::String(kind.to_owned());
    if item.get("apiVersion").is_none() {
        item["apiVersion"] = Value::String(version.to_owned());
    }
    Cow::Owned(item)
}

/// A ConfigMap that Grafana's sidecar would read: labelled `grafana_dashboard` or `grafana_datasource`.
pub(super) struct ConfigMap;

impl Shape for ConfigMap {
    fn levels(&self) -> &'static [Level] {
        &keys::CONFIG_MAP
    }

    fn recognise(&self, value: &Value) -> Option<Seen> {
        let map = value.as_object()?;
        let kind = text(map, "kind");
        if text(map, "apiVersion") != "v1" || !matches!(kind, "ConfigMap" | "Secret") {
            return None;
        }
        let nothing = Map::new();
        let labels =
            map.get("metadata").and_then(|m| m.get("labels")).and_then(Value::as_object).unwrap_or(&nothing);
        let labelled = ["grafana_dashboard", "grafana_datasource"].iter().any(|label| labels.contains_key(*label));
        if kind == "Secret" {
            return labelled.then(|| {
                Seen::Refused(unsupported(
                    "this is a Secret with data sources for Grafana's sidecar, which is not read",
                    "write the data sources as a provisioning file, with `$__env{NAME}` or `$__secretsmanager{…}` below \
                     `secureJsonData`",
                    "/kind",
                ))
            });
        }
        let data = map.get("data").and_then(Value::as_object).unwrap_or(&nothing);
        let texts = || {
            let text = |key: &String| Text { pointer: format!("/data/{}", escaped(key)), name: key.clone() };
            data.iter().filter(|(_, value)| value.is_string()).map(|(key, _)| text(key)).collect::<Vec<_>>()
        };
        if labelled {
            return Some(Seen::Texts(texts()));
        }
        let holds = |value: &Value| {
            let value = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
            value.is_some_and(|value| {
                matches!(recognise(&value), Seen::Objects(parts) if parts.iter().any(|p| matches!(p.form, Form::Classic | Form::Wrapped)))
            })
        };
        let (key, _) = data.iter().find(|(_, value)| holds(value))?;
        Some(Seen::Refused(unsupported(
            format!(
                "this ConfigMap holds a dashboard (`{key}`) and has no label `grafana_dashboard`, so it is not read"
            ),
            "add the label `grafana_dashboard: \"1\"` to have it read, or name the file in `.amgctlignore`",
            format!("/data/{}", escaped(key)),
        )))
    }
}
