//! A live object as the text of a file (pure).

use serde_json::Value;

/// JSON as Grafana exports it: two spaces, keys in the order that they came in, a newline at the end.
#[must_use]
pub fn json(document: &Value) -> String {
    // A value of JSON can always be written as text.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// The same as YAML, `comments` below it. What YAML would not give back as it was is written as JSON, which is YAML, too.
#[must_use]
pub fn yaml(document: &Value, comments: &[String]) -> String {
    let written = serde_yaml::to_string(document).ok();
    let is_same = |text: &String| serde_yaml::from_str::<Value>(text).is_ok_and(|read| read == *document);
    let mut text = written.filter(is_same).unwrap_or_else(|| json(document));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    for comment in comments {
        text.push_str("# ");
        text.push_str(comment);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_yaml_takes_for_something_else_is_quoted() {
        let document =
            json!({ "a": "yes", "b": "1.0", "c": "", "d": "x: y\n# z", "e": ["~", null, true, 1.5], "f": "0x1" });
        let text = yaml(&document, &["password: $__env{X}".to_owned()]);
        assert_eq!(serde_yaml::from_str::<Value>(&text).unwrap(), document);
        assert!(text.ends_with("# password: $__env{X}\n"));
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "\\PC{0,20}|[\\t\\n :#'\"-]{0,8}") {
            let document = json!({ "name": text, "list": [text] });
            prop_assert_eq!(serde_yaml::from_str::<Value>(&yaml(&document, &[])).unwrap(), document.clone());
            prop_assert_eq!(serde_json::from_str::<Value>(&json(&document)).unwrap(), document);
        }
    }
}
