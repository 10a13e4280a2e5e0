//! What a secret that holds a token looks like, written and read (pure).
//!
//! Written is either an object that says what the token is, or the bare token as the operator's guide stores it. Read is
//! what people have: both of these, and an object with a key of their own (fact: `secret-shapes`).

use serde_json::{Map, Value, json};

use super::rules::Says;
use super::version::{Format, Version};
use crate::grafana::bearer::fault;
use crate::model::Secret;

/// The key of the token in the objects that are written.
pub const KEY: &str = "token";
/// Keys that others store a token under.
const KEYS: [&str; 5] = [KEY, "grafana-api-token", "apiKey", "api_key", "key"];

/// A token with what is known of it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The token.
    pub token: Secret,
    /// What is known of it besides.
    pub about: About,
}

/// What is known of a token besides the token itself; nothing of it is secret.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct About {
    /// The stack that it is for.
    pub stack: String,
    /// Its number; empty for an API key.
    pub token_id: String,
    /// Its name; that of an API key is its only handle.
    pub name: String,
    /// The number of its service account; empty for an API key.
    pub account_id: String,
    /// The workspace's id.
    pub workspace_id: String,
    /// The workspace's host, without a scheme.
    pub endpoint: String,
    /// The workspace's region.
    pub region: String,
    /// When it ends, in seconds since 1970.
    pub expires: Option<i64>,
    /// What the version says that holds it; it is no part of the value.
    pub version: Option<Version>,
}

impl About {
    /// Adds what the id of its version says, which a bare token does not.
    pub fn at(&mut self, version: &str) {
        self.version = Version::read(version);
        let Some(version) = &self.version else { return };
        self.expires = self.expires.or(Some(version.ends));
        if self.workspace_id.is_empty() {
            self.workspace_id = version.workspace();
        }
    }

    /// The workspace that it is for, where that is surely another one.
    #[must_use]
    pub fn elsewhere(&self, workspace: &str) -> Option<String> {
        let by_version = self.version.as_ref().filter(|version| !version.opens(workspace)).map(Version::workspace);
        let by_value = Some(&self.workspace_id).filter(|id| self.version.is_none() && !id.is_empty());
        by_version.or_else(|| by_value.filter(|id| *id != workspace).cloned())
    }
}

/// The object that says what a token is.
#[must_use]
pub fn object(token: &Secret, about: &About) -> Secret {
    let mut object = Map::new();
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            object.insert(key.to_owned(), value.into());
        }
    };
    put(KEY, token.expose());
    put("stack", &about.stack);
    put("tokenId", &about.token_id);
    put("tokenName", &about.name);
    put("accountId", &about.account_id);
    put("workspaceId", &about.workspace_id);
    put("endpoint", &about.endpoint);
    put("region", &about.region);
    if let Some(moment) = about.expires.and_then(|s| jiff::Timestamp::from_second(s).ok()) {
        put("expiresAt", &moment.to_string());
    }
    Secret::new(json!(object).to_string())
}

/// What a value says of itself besides the token.
#[must_use]
pub fn says(value: &Secret) -> Says {
    let object = matches!(serde_json::from_str(value.expose().trim()), Ok(Value::Object(_)));
    let about = read(value, None).map(|stored| stored.about).unwrap_or_default();
    let known = |text: String| Some(text).filter(|text| !text.is_empty());
    Says {
        format: Some(if object { Format::Json } else { Format::Plain }),
        workspace: known(about.workspace_id),
        account: known(about.account_id),
        opens: false,
    }
}

/// Reads what a secret holds: the key that was named, else one of those that tokens are stored under, else all of it.
///
/// Errors are words without a byte of the value.
pub fn read(value: &Secret, key: Option<&str>) -> Result<Stored, String> {
    let text = value.expose().trim();
    let object = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => object,
        _ if key.is_some() => return Err("it is not a JSON object, although a key of it is named".into()),
        _ if text.is_empty() => return Err("it is empty".into()),
        _ => return Ok(Stored { token: token(text)?, about: About::default() }),
    };
    let found = match key {
        Some(key) => object.get(key).ok_or_else(|| format!("its JSON has no key `{key}`"))?,
        None => KEYS
            .iter()
            .find_map(|key| object.get(*key))
            .or_else(|| Some(object.values().next()?).filter(|_| object.len() == 1))
            .ok_or_else(|| format!("its JSON has no key `{KEY}`"))?,
    };
    let found = found.as_str().map(str::trim).filter(|t| !t.is_empty()).ok_or("its token is no text")?;
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let expires: Option<jiff::Timestamp> = text("expiresAt").parse().ok();
    Ok(Stored {
        token: token(found)?,
        about: About {
            stack: text("stack"),
            token_id: text("tokenId"),
            name: text("tokenName"),
            account_id: text("accountId"),
            workspace_id: text("workspaceId"),
            endpoint: text("endpoint"),
            region: text("region"),
            expires: expires.map(jiff::Timestamp::as_second),
            version: None,
        },
    })
}

/// A text that can be a token; a page, a key in PEM, a list cannot.
fn token(text: &str) -> Result<Secret, String> {
    if let Some((what, instead)) = fault(text) {
        return Err(format!("it is {what}; {instead}"));
    }
    if text.starts_with(['[', '<', '"']) || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("its text cannot be a token".into());
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str, key: Option<&str>) -> Result<String, String> {
        read(&Secret::new(text.into()), key).map(|stored| stored.token.expose().to_owned())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let about = About {
            stack: "shop".into(),
            token_id: "7".into(),
            name: "amgctl/shop/secret/x".into(),
            account_id: "3".into(),
            workspace_id: "g-0123456789".into(),
            endpoint: "g-0123456789.grafana-workspace.eu-west-1.amazonaws.com".into(),
            region: "eu-west-1".into(),
            expires: Some(1_795_511_700),
            version: None,
        };
        let written = object(&Secret::new("glsa_x".into()), &about);
        let read = read(&written, None).unwrap();
        assert_eq!(read.token.expose(), "glsa_x");
        assert_eq!(read.about, about);
        assert!(written.expose().contains("\"expiresAt\":\"2026-11-24T09:15:00Z\""), "{}", written.expose());
    }

    #[test]
    fn a_token_for_another_workspace_is_told_by_its_version_and_by_its_value() {
        let made = (crate::identity::version::Access::Token, crate::aws::Role::Admin, Format::Plain);
        let version = Version::new("0123abcd", made, "g-0123456789", 1_795_511_700, "9f8e7d6").id();
        let mut bare = About::default();
        bare.at(&version);
        assert_eq!((&*bare.workspace_id, bare.expires), ("g-0123456789", Some(1_795_511_700)));
        assert_eq!(bare.elsewhere("g-0123456789"), None);
        assert_eq!(bare.elsewhere("g-fedcba9876"), Some("g-0123456789".into()));
        let by_hand = About { workspace_id: "g-0123456789".into(), ..About::default() };
        assert_eq!(by_hand.elsewhere("g-0123456789"), None);
        assert_eq!(by_hand.elsewhere("g-fedcba9876"), Some("g-0123456789".into()));
        assert_eq!(About::default().elsewhere("g-fedcba9876"), None, "nothing is known");
    }

    #[test]
    fn what_people_store_is_read() {
        assert_eq!(token(" glsa_x\n", None), Ok("glsa_x".into()));
        assert_eq!(token(r#"{"grafana-api-token":"glsa_x"}"#, None), Ok("glsa_x".into()));
        assert_eq!(token(r#"{"anything":"glsa_x"}"#, None), Ok("glsa_x".into()));
        assert_eq!(token(r#"{"a":"1","b":"glsa_x"}"#, Some("b")), Ok("glsa_x".into()));
        // An API key before Grafana 12 is base 64 of an object, which is no object itself.
        assert_eq!(token("eyJrIjoiWCJ9", None), Ok("eyJrIjoiWCJ9".into()));
    }

    #[test]
    fn what_cannot_be_read_is_told_without_the_value() {
        for (text, key) in [
            (r#"{"a":"planted","b":"planted"}"#, None),
            (r#"{"a":"planted"}"#, Some("b")),
            ("planted", Some("b")),
            (r#"{"token":{"planted":1}}"#, None),
            (r#"{"token":"plan\nted planted"}"#, None),
            (r#"["planted"]"#, None),
            ("<html>planted</html>", None),
            ("two planted", None),
            ("planted\u{1b}[31m", None),
            ("", None),
        ] {
            let words = token(text, key).unwrap_err();
            assert!(!words.contains("planted"), "{words}");
        }
    }
}
