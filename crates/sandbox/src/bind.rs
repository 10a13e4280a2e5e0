//! Bodies whose fields have types: one of another type makes the whole body bad, as Go's decoder has it.

use super::answer::Answer;
use super::call::Call;
use super::json::Json;

/// What a field of a body has to be; `null` stands for no field.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    /// A string.
    Text,
    /// `true` or `false`.
    Flag,
    /// A number without fraction or exponent.
    Whole,
    /// An array.
    List,
    /// An object of strings.
    Texts,
}

/// The fields of a folder that is made, changed or moved.
pub(crate) const FOLDER: &[(&str, Of)] = &[
    ("uid", Of::Text),
    ("title", Of::Text),
    ("description", Of::Text),
    ("parentUid", Of::Text),
    ("version", Of::Whole),
    ("overwrite", Of::Flag),
];

/// The fields around a dashboard that is saved.
pub(crate) const SAVE: &[(&str, Of)] = &[
    ("folderUid", Of::Text),
    ("folderId", Of::Whole),
    ("message", Of::Text),
    ("overwrite", Of::Flag),
    ("isFolder", Of::Flag),
];

/// The fields of a data source.
pub(crate) const DATASOURCE: &[(&str, Of)] = &[
    ("name", Of::Text),
    ("type", Of::Text),
    ("access", Of::Text),
    ("url", Of::Text),
    ("user", Of::Text),
    ("database", Of::Text),
    ("uid", Of::Text),
    ("basicAuth", Of::Flag),
    ("basicAuthUser", Of::Text),
    ("withCredentials", Of::Flag),
    ("isDefault", Of::Flag),
    ("version", Of::Whole),
    ("secureJsonData", Of::Texts),
];

/// The fields of an account, a token or a key.
pub(crate) const ACCOUNT: &[(&str, Of)] =
    &[("name", Of::Text), ("role", Of::Text), ("isDisabled", Of::Flag), ("secondsToLive", Of::Whole)];

/// The field of a list of permissions.
pub(crate) const PERMISSIONS: &[(&str, Of)] = &[("items", Of::List)];

/// The fields of a shared panel.
pub(crate) const ELEMENT: &[(&str, Of)] =
    &[("uid", Of::Text), ("name", Of::Text), ("folderUid", Of::Text), ("kind", Of::Whole), ("version", Of::Whole)];

/// The field of a version that is restored.
pub(crate) const RESTORE: &[(&str, Of)] = &[("version", Of::Whole)];

impl<'a> Call<'a> {
    /// The body, if it is JSON, said to be, and its fields are of their types.
    pub(crate) fn body(&self, fields: &[(&str, Of)]) -> Result<&'a Json, Answer> {
        let request = self.request;
        request.json().filter(|body| fits(body, fields)).ok_or_else(|| self.rules.bad_request_data())
    }
}

fn fits(body: &Json, fields: &[(&str, Of)]) -> bool {
    match body {
        Json::Null => true,
        Json::Object(members) => {
            fields.iter().all(|(key, of)| members.get(*key).is_none_or(|value| is(value, *of)))
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Raw(_) => false,
    }
}

fn is(value: &Json, of: Of) -> bool {
    match (value, of) {
        (Json::Null, _) | (Json::String(_), Of::Text) | (Json::Bool(_), Of::Flag) | (Json::Array(_), Of::List) => {
            true
        }
        (Json::Number(literal), Of::Whole) => literal.parse::<i64>().is_ok(),
        (Json::Object(members), Of::Texts) => members.values().all(|v| is(v, Of::Text)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_another_type_spoils_the_body() {
        let read = |text: &str| Json::parse(text.as_bytes()).unwrap();
        for good in ["null", "{}", r#"{"title":"a","version":3,"other":[]}"#, r#"{"title":null}"#] {
            assert!(fits(&read(good), FOLDER), "{good}");
        }
        for bad in ["[]", "\"a\"", r#"{"title":3}"#, r#"{"version":"3"}"#, r#"{"version":1.0}"#] {
            assert!(!fits(&read(bad), FOLDER), "{bad}");
        }
    }
}
