//! How two data sources differ: field by field, options by their path.
//!
//! Secrets are in neither form; logins that stand in URLs and connection strings are not shown (`logins`).

use serde_json::Value;

use super::logins;
use crate::kinds::values::{At, compare};
use crate::model::Delta;
use crate::model::digest::Numbers;

/// How two normal forms differ; empty exactly when they are equal.
#[must_use]
pub fn diff(before: &Value, after: &Value, numbers: Numbers) -> Delta {
    let mut entries = Vec::new();
    let (before, after) = logins::beside(before, after);
    compare(&At::root(), Some(&before), Some(&after), numbers, &mut entries);
    Delta { entries, ..Delta::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn options_are_named_by_their_path() {
        let before =
            json!({ "name": "a", "url": "http://a", "isDefault": false, "jsonData": { "maxLines": 1000 } });
        let after = json!({ "name": "a", "url": "http://b", "isDefault": true, "jsonData": { "maxLines": "1000", "x": {} } });
        let lines: Vec<String> = diff(&before, &after, Numbers::Float)
            .entries
            .iter()
            .map(|e| format!("{} {} {:?} {:?}", e.mark.sign(), e.label, e.from, e.to))
            .collect();
        assert_eq!(
            lines,
            [
                "~ url Some(\"http://a\") Some(\"http://b\")",
                "~ isDefault Some(\"false\") Some(\"true\")",
                "~ jsonData.maxLines Some(\"1000\") Some(\"\\\"1000\\\"\")",
                "+ jsonData.x Some(\"(absent)\") Some(\"{}\")",
            ]
        );
    }
}
