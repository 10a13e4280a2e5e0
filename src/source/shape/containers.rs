//! Documents that hold others: lists as `kubectl get` writes them, and ConfigMaps with dashboards.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::keys::{self, Level};
use super::{Form, Held, Reading, Seen, Shape, Text, group, mentions_ours, recognise, text, unsupported};
use crate::source::spans::escaped;

/// `kind: List`, or `DashboardList` and `FolderList` as Grafana's API answers them.
pub(super) struct List;

impl Shape for List {
    fn levels(&self) -> &'static [Level] {
        &keys::LIST
    }

    fn recognise(&self, value: &Value, reading: Reading) -> Option<Seen> {
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
        &keys::CONFIG_MAP
    }

    fn recognise(&self, value: &Value, reading: Reading) -> Option<Seen> {
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
}

// Whether a value is a dashboard, by itself or as the API has it.
fn is_dashboard(value: &Value) -> bool {
    let Seen::Held(held) = recognise(value, Reading::default()) else { return false };
    held.iter().any(|held| matches!(held, Held::Object(part) if matches!(part.form, Form::Classic | Form::Wrapped)))
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}
