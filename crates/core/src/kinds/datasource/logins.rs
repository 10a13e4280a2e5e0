//! Texts of data sources as they may be shown: without the logins that people write into URLs and connection strings.

use serde_json::{Map, Value};

/// What stands for what is not shown.
const HIDDEN: &str = "…";

/// What the name of a parameter holds whose value lets somebody in.
const SECRET_NAMES: [&str; 9] =
    ["password", "passwd", "pwd", "token", "secret", "apikey", "api_key", "api-key", "signature"];

/// A text without logins: user and password of a URL, and the values of parameters that are named like secrets, in queries
/// (`?token=…`) and in connection strings (`Password=…;`).
#[must_use]
pub fn shown(text: &str) -> String {
    without_parameters(&without_user(text))
}

/// Two values beside each other, without logins. What differs differs still: a text that differs in its login only says so.
#[must_use]
pub fn beside(before: &Value, after: &Value) -> (Value, Value) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let (mut left, mut right) = (Map::new(), Map::new());
            for (key, value) in before {
                left.insert(key.clone(), beside(value, after.get(key).unwrap_or(&Value::Null)).0);
            }
            for (key, value) in after {
                right.insert(key.clone(), beside(before.get(key).unwrap_or(&Value::Null), value).1);
            }
            (Value::Object(left), Value::Object(right))
        }
        (Value::Array(before), Value::Array(after)) => {
            let at = |list: &[Value], i: usize| list.get(i).cloned().unwrap_or_default();
            let left = (0..before.len()).map(|i| beside(&before[i], &at(after, i)).0);
            let right = (0..after.len()).map(|i| beside(&at(before, i), &after[i]).1);
            (Value::Array(left.collect()), Value::Array(right.collect()))
        }
        (Value::String(one), Value::String(other)) if one != other => {
            let (left, right) = (shown(one), shown(other));
            let right = if left == right { format!("{right} (with another login)") } else { right };
            (Value::String(left), Value::String(right))
        }
        (before, after) => (alone(before), alone(after)),
    }
}

fn alone(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(shown(text)),
        Value::Array(list) => Value::Array(list.iter().map(alone).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), alone(value))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

// Every `scheme://user:password@` of a text.
fn without_user(text: &str) -> String {
    let Some((before, rest)) = text.split_once("://") else { return text.to_owned() };
    let ends = |c: char| c.is_whitespace() || "/?#\"'".contains(c);
    let authority = rest.find(ends).unwrap_or(rest.len());
    let host = rest[..authority].rfind('@').map_or(0, |at| at + 1);
    let (host, behind) = (&rest[host..authority], without_user(&rest[authority..]));
    format!("{before}://{host}{behind}")
}

fn without_parameters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(equals) = rest.find('=') {
        let (before, behind) = (&rest[..equals], &rest[equals + 1..]);
        out.push_str(before);
        out.push('=');
        let is_name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        let name = before.trim_end().rsplit(|c| !is_name(c)).next().unwrap_or_default().to_lowercase();
        rest = behind;
        if name == "sig" || SECRET_NAMES.iter().any(|secret| name.contains(secret)) {
            let end = behind.find(|c: char| c.is_whitespace() || "&;#\"'".contains(c)).unwrap_or(behind.len());
            if end > 0 {
                out.push_str(HIDDEN);
            }
            rest = &behind[end..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn logins_are_not_shown() {
        for (text, expected) in [
            ("http://loki:3100", "http://loki:3100"),
            ("https://u:p@host/p?token=T&x=1", "https://host/p?token=…&x=1"),
            ("https://host?api_key=T", "https://host?api_key=…"),
            ("https://u@a/ https://v:w@b", "https://a/ https://b"),
            ("Server=x;Password=P;User Id=u", "Server=x;Password=…;User Id=u"),
            ("https://host/p@q", "https://host/p@q"),
            ("a=b&=c==", "a=b&=c=="),
            ("sig=x", "sig=…"),
            ("design=x", "design=x"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn another_login_is_a_difference() {
        let (before, after) =
            (json!({ "url": "https://u:p@h" }), json!({ "url": "https://u:q@h", "new": "token=t" }));
        let shown =
            (json!({ "url": "https://h" }), json!({ "url": "https://h (with another login)", "new": "token=…" }));
        assert_eq!(beside(&before, &after), shown);
    }

    proptest! {
        #[test]
        fn what_differs_differs_still_and_what_is_equal_is_equal(
            one in "[a=:@/?&;]{0,8}(://|token=)?[a@/:]{0,6}",
            other in "[a=:@/?&;]{0,8}(://|token=)?[a@/:]{0,6}",
        ) {
            let (a, b) = (json!([one]), json!([other]));
            let (left, right) = beside(&a, &b);
            prop_assert_eq!(left == right, a == b);
        }
    }
}
