//! Lists of the resource API: selecting, cutting into pages, leaving everything but metadata out.

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::json::Json;
use super::resources::{Kind, bad_request};
use super::slug::base64_url;

/// A page ends when its objects are larger than this, in bytes.
const LARGEST: usize = 2 * 1024 * 1024;
/// What an object weighs beside its text.
const METADATA: usize = 1000;
/// Objects of a page, unless asked for otherwise.
const USUAL: usize = 500;

impl Call<'_> {
    /// One page of a list, of objects with their name and the length of their text.
    pub fn page(&self, kind: Kind, version: &str, mut listed: Vec<(String, Json, usize)>) -> Answer {
        if let Some(name) = self.request.parameter("fieldSelector").strip_prefix("metadata.name=")
            && !self.request.parameter("labelSelector").contains("get-history")
        {
            listed.retain(|(n, ..)| n == name);
        }
        listed.sort_by(|a, b| a.0.cmp(&b.0));
        let token = self.request.parameter("continue");
        if !token.is_empty() {
            let Some(after) = after(token) else {
                return bad_request("continue key is not valid");
            };
            let after = decode(&after);
            listed.retain(|(name, ..)| *name > after);
        }
        let limit = match self.request.number("limit") {
            Some(n) if n > 0 => usize::try_from(n).unwrap_or(USUAL),
            _ => USUAL,
        };
        let total = listed.len();
        let mut weight = 0;
        let mut taken = Vec::new();
        let mut last = String::new();
        for (name, body, length) in listed {
            if taken.len() >= limit || weight > LARGEST {
                break;
            }
            weight += length + METADATA;
            last = name;
            taken.push(body);
        }
        let mut metadata = json!({ "resourceVersion": self.state.counters.resource_version.to_string() });
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

fn after(token: &str) -> Option<String> {
    let name = token.strip_prefix("v1.")?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn decode(name: &str) -> String {
    super::auth::base64(name).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
}
