//! Dashboards of grafana.com: where a revision is, and which one is the newest.

use serde_json::Value;

use crate::source::content::ContentFailure;

/// Where grafana.com gives a revision of a dashboard.
pub(super) fn download(id: u64, revision: u64) -> String {
    format!("https://grafana.com/api/dashboards/{id}/revisions/{revision}/download")
}

/// Where it lists them.
pub(super) fn revisions(id: u64) -> String {
    format!("https://grafana.com/api/dashboards/{id}/revisions")
}

/// The newest revision of a list.
pub(super) fn newest(list: &[u8]) -> Result<u64, ContentFailure> {
    let list: Value = serde_json::from_slice(list).unwrap_or_default();
    let items = list.get("items").and_then(Value::as_array);
    let newest = items.into_iter().flatten().filter_map(|item| item.get("revision")?.as_u64()).max();
    newest.filter(|number| *number > 0).ok_or_else(|| {
        ContentFailure::new("has no revision, or not as grafana.com lists them", "look at its page on grafana.com")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_revision_has_the_largest_number() {
        assert_eq!(newest(br#"{"items":[{"revision":9},{"revision":37},{"revision":10},{}]}"#), Ok(37));
        for list in ["", "[]", "{}", r#"{"items":[]}"#, r#"{"items":[{"revision":"3"},{"revision":0}]}"#] {
            assert!(newest(list.as_bytes()).is_err(), "{list}");
        }
    }
}
