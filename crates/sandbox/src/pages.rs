//! Lists of the resource API: selecting, cutting into pages, leaving everything but metadata out.

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::encoding::{base64_url, from_base64};
use super::json::Json;
use super::resources::{Kind, bad_request};
use super::rules::Storage;

/// A page ends when its objects are larger than this, in bytes.
const LARGEST: usize = 2 * 1024 * 1024;
/// What an object weighs beside its text.
const METADATA: usize = 1000;
/// Objects of a page, unless asked for otherwise.
const USUAL: usize = 500;

/// An object of a list.
pub(crate) struct Listed {
    /// Its name.
    pub name: String,
    /// Its place: lists are in the order of these.
    pub place: String,
    /// The object.
    pub body: Json,
    /// The length of its text, in bytes.
    pub length: usize,
}

impl Call<'_> {
    /// One page of a list.
    pub(crate) fn page(&self, kind: Kind, version: &str, mut listed: Vec<Listed>) -> Answer {
        let selector = self.request.parameter("fieldSelector");
        if let Some(name) = selector.strip_prefix("metadata.name=") {
            listed.retain(|item| item.name == name);
        }
        let labels = self.request.parameter("labelSelector");
        listed.retain(|item| selected(&item.body, labels));
        listed.sort_by(|a, b| a.place.cmp(&b.place));
        let token = self.request.parameter("continue");
        if !token.is_empty() {
            let Some(after) = after(token) else {
                return bad_request("continue key is not valid");
            };
            listed.retain(|item| item.place > after);
        }
        let limit = match self.request.number("limit") {
            Some(n) if n > 0 => usize::try_from(n).unwrap_or(USUAL),
            _ => USUAL,
        };
        let total = listed.len();
        let mut weight = 0;
        let mut taken = Vec::new();
        let mut last = String::new();
        for item in listed {
            if taken.len() >= limit || weight > LARGEST {
                break;
            }
            weight += item.length + METADATA;
            last = item.place;
            taken.push(item.body);
        }
        let mut metadata = json!({});
        if !(self.rules.storage == Storage::Adapter && kind.plural == "folders") {
            metadata["resourceVersion"] = self.state.counters.resource_version.to_string().into();
        }
        if taken.len() < total {
            metadata["continue"] = format!("v1.{}", base64_url(last.as_bytes())).into();
        }
        let only_metadata = self.request.accept.contains("as=PartialObjectMetadataList");
        let body = if only_metadata {
            let items: Vec<_> = taken
                .into_iter()
                .map(|item| {
                    Json::object([
                        ("kind", "PartialObjectMetadata".into()),
                        ("apiVersion", "meta.k8s.io/v1".into()),
                        ("metadata", item.get("metadata").cloned().unwrap_or(Json::Null)),
                    ])
                })
                .collect();
            Json::object([
                ("kind", "PartialObjectMetadataList".into()),
                ("apiVersion", "meta.k8s.io/v1".into()),
                ("metadata", metadata.into()),
                ("items", if items.is_empty() { Json::Null } else { Json::Array(items) }),
            ])
        } else {
            Json::object([
                ("kind", format!("{}List", kind.kind).into()),
                ("apiVersion", format!("{}/{version}", kind.group).into()),
                ("metadata", metadata.into()),
                ("items", Json::Array(taken)),
            ])
        };
        Answer::resource(200, body)
    }
}

/// The object has the labels that a selector asks for; the words that ask for other lists are none.
fn selected(object: &Json, selector: &str) -> bool {
    let labels = object.get("metadata").and_then(|m| m.get("labels"));
    let label = |key: &str| labels.and_then(|l| l.get(key.trim())).and_then(Json::as_str);
    selector.split(',').filter(|term| !term.trim().is_empty() && !term.contains("grafana.app/get-")).all(|term| {
        match (term.split_once("!="), term.split_once('=')) {
            (Some((key, value)), _) => label(key) != Some(value.trim()),
            (None, Some((key, value))) => label(key) == Some(value.trim_start_matches('=').trim()),
            (None, None) => match term.trim().strip_prefix('!') {
                Some(key) => label(key).is_none(),
                None => label(term).is_some(),
            },
        }
    })
}

/// The place that a token stands for.
fn after(token: &str) -> Option<String> {
    let place = token.strip_prefix("v1.").filter(|p| !p.is_empty())?;
    String::from_utf8(from_base64(place)?).ok()
}
