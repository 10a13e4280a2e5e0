//! Documents that hold others: lists as `kubectl get` writes them, and ConfigMaps with dashboards.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::keys::Fate::{LeftOut, Reported, Used};
use super::keys::{Level, Rest};
use super::{Held, Reading, Seen, Shape, Text, group, mentions_ours, recognise, text, unsupported};
use crate::kinds::dashboard::Dashboard;
use crate::source::spans::escaped;

/// A list of objects as `kubectl get` or Grafana's API writes it.
static LIST_KEYS: [Level; 2] = [
    Level {
        at: "",
        name: "a list",
        keys: &[("apiVersion", Used), ("kind", Used), ("items", Used), ("metadata", Used)],
        rest: Rest::Warned,
    },
    Level {
        at: "/metadata",
        name: "a list",
        keys: &[
            ("resourceVersion", LeftOut),
            ("selfLink", LeftOut),
            ("remainingItemCount", LeftOut),
            (
                "continue",
                Reported("says that this is the first page of a longer list: the rest is not in this file"),
            ),
        ],
        rest: Rest::Warned,
    },
];

/// A ConfigMap with dashboards or data sources.
static CONFIG_MAP_KEYS: [Level; 2] = [
    Level {
        at: "",
        name: "a ConfigMap",
        keys: &[
            ("apiVersion", Used),
            ("kind", Used),
            ("metadata", Used),
            ("data", Used),
            ("immutable", LeftOut),
            ("binaryData", Reported("is not read: put the texts into `data`")),
        ],
        rest: Rest::Warned,
    },
    Level {
        at: "/metadata/annotations",
        name: "a ConfigMap",
        keys: &[
            ("grafana_folder", Reported("is not used: a dashboard's folder is its file's directory")),
            ("k8s-sidecar-target-directory", Reported("is not used: a dashboard's folder is its file's directory")),
        ],
        rest: Rest::LeftOut,
    },
];

/// `kind: List`, or `DashboardList` and `FolderList` as Grafana's API answers them.
pub(super) struct List;

impl Shape for List {
    fn levels(&self) -> &'static [Level] {
        &LIST_KEYS
    }

    fn recognise(&self, value: &Value, reading: &Reading) -> Option<Seen> {
        let map = value.as_object()?;
        let (group, kind) = (group(map).0, text(map, "kind"));
        let items = map.get("items")?.as_array()?;
        let plain = matches!(kind, "List" | "ConfigMapList") && text(map, "apiVersion") == "v1";
        if !(plain || matches!(kind, "DashboardList" | "FolderList") && group.ends_with(".grafana.app")) {
            return None;
        }
        let one = kind.strip_suffix("List").unwrap_or_default();
        let (mut held, mut reported) = (Vec::new(), None);
        for (i, item) in items.iter().enumerate() {
            let base = format!("/items/{i}");
            match recognise(&named(item, text(map, "apiVersion"), one), reading) {
                Seen::Held(inner) => held.extend(inner.into_iter().map(|inner| inner.below(&base))),
                Seen::Refused(mut refusal) => {
                    refusal.pointer = format!("{base}{}", refusal.pointer);
                    return Some(Seen::Refused(refusal));
                }
                Seen::Reported(mut refusal) => {
                    refusal.pointer = format!("{base}{}", refusal.pointer);
                    reported.get_or_insert(refusal);
                }
                Seen::Foreign(_) => {}
            }
        }
        Some(match (held.is_empty(), reported) {
            (false, _) => Seen::Held(held),
            (true, Some(refusal)) => Seen::Reported(refusal),
            (true, None) if items.is_empty() => Seen::Foreign("is a list without items".into()),
            (true, None) => Seen::Foreign(format!("is a list of {} objects that are not for Grafana", items.len())),
        })
    }

    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        vec![serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": [super::resource::sample_folder()] })]
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

/// A ConfigMap that Grafana's sidecar would read: labelled `grafana_dashboard` or `grafana_datasource`. Without a label
/// only dashboards are read of it, and only where the settings say so.
pub(super) struct ConfigMap;

impl Shape for ConfigMap {
    fn levels(&self) -> &'static [Level] {
        &CONFIG_MAP_KEYS
    }

    fn recognise(&self, value: &Value, reading: &Reading) -> Option<Seen> {
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
        let texts = |is_ours: &dyn Fn(&str) -> bool| {
            let text = |key: &String| Text { pointer: format!("/data/{}", escaped(key)), name: key.clone() };
            let ours = data.iter().filter(|(_, value)| value.as_str().is_some_and(is_ours));
            Seen::Held(ours.map(|(key, _)| Held::Text(text(key))).collect())
        };
        if labelled {
            return Some(texts(&|_| true));
        }
        if reading.cluster.holds_content(value) {
            return Some(Seen::Held(Vec::new()));
        }
        let holds = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| is_dashboard(&value));
        if reading.configmaps {
            // A dashboard with a comma too many is still one: left out, it would be taken for a removal.
            let broken = |text: &str| {
                serde_json::from_str::<Value>(text).is_err() && looks_like_json(text) && mentions_ours(text)
            };
            let is_ours = |text: &str| holds(text) || broken(text);
            let any = data.values().filter_map(Value::as_str).any(is_ours);
            return any.then(|| texts(&is_ours));
        }
        let (key, _) = data.iter().find(|(_, value)| value.as_str().is_some_and(holds))?;
        Some(Seen::Refused(unsupported(
            format!(
                "this ConfigMap holds a dashboard (`{key}`) and has no label `grafana_dashboard`, so it is not read"
            ),
            "add the label `grafana_dashboard: \"1\"` to have it read, or read all such ConfigMaps with `--configmaps` \
             (`configmaps: true` in amgctl.yaml); if it is not for amgctl, name the file in `.amgctlignore`",
            format!("/data/{}", escaped(key)),
        )))
    }

    #[cfg(test)]
    fn samples(&self) -> Vec<Value> {
        let metadata = serde_json::json!({ "labels": { "grafana_dashboard": "1" }, "annotations": {} });
        let data = serde_json::json!({ "a.json": super::dashboard::sample().to_string() });
        vec![serde_json::json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data })]
    }
}

// Whether a value is a dashboard, by itself or as the API has it.
fn is_dashboard(value: &Value) -> bool {
    let Seen::Held(held) = recognise(value, &Reading::default()) else { return false };
    held.iter().any(|held| matches!(held, Held::Object(part) if part.form.kind() == Dashboard::NAME))
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}
