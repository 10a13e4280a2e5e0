//! How the chosen `Grafana` is reached: its URL, the key that opens it, and what goes with every request to it.
//!
//! Headers may hold secrets. They live in [`Secret`], and no problem shows a line that one of them stands on
//! ([`Cluster::hide_headers`]).

use std::time::Duration;

use serde_json::Value;

use super::secrets::{self, Quest};
use super::select::Target;
use super::{Cluster, OPERATOR, Resource};
use crate::model::{Problem, Secret, Spot};
use crate::source::Environment;
use crate::source::document::Document;
use crate::source::shape::as_warning;
use crate::source::yaml::member;

/// The longest time limit of a request, in seconds.
const LONGEST: u64 = 3600;
/// How many headers are sent at most. Finding the place of one costs a look through its file.
const MOST_HEADERS: usize = 64;
/// How many characters a header has at least that is looked for in lines.
const SHORTEST: usize = 4;
/// Headers that belong to the connection, or to what is sent over it.
const OWN: [&str; 10] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Where and how a target is reached.
#[derive(Clone, Debug)]
pub struct TargetAddress {
    /// The name of the `Grafana`.
    pub name: String,
    /// Its URL; none of one that runs in a cluster.
    pub url: Option<String>,
    /// What opens it, where it names a key.
    pub key: Option<TargetKey>,
    /// What is sent with every request to it: names and values.
    pub headers: Vec<(String, Secret)>,
    /// How long a request to it may take, where that is said.
    pub timeout: Option<Duration>,
}

/// The key of a Secret that holds the token of a target.
#[derive(Clone, Debug)]
pub struct TargetKey {
    /// The Secret's namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The key in it.
    pub key: String,
    /// Whether its value was given to this run.
    pub is_given: bool,
    /// What gives it its value.
    pub quest: Quest,
}

impl TargetKey {
    /// Whether its value is there, or given to the run, so that no store has to be asked for it.
    #[must_use]
    pub fn is_at_hand(&self) -> bool {
        self.is_given || self.value(&secrets::Answers::new()).is_ok()
    }

    /// Its value, of the directory, of what was given and of what was fetched; or what is wrong.
    pub fn value(&self, answers: &secrets::Answers) -> Result<Secret, Vec<Problem>> {
        let (mut secrets, problems) = self.quest.resolve(answers);
        let found = secrets.get_mut(&(self.namespace.clone(), self.name.clone()));
        found.and_then(|keys| keys.remove(&self.key)).filter(|_| problems.is_empty()).ok_or(problems)
    }
}

impl std::fmt::Display for TargetKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the key `{}` of the Secret `{}` in `{}`", self.key, self.name, self.namespace)
    }
}

impl Cluster {
    /// Where and how the chosen target is reached.
    pub(crate) fn target_address(
        &self,
        given: &[secrets::Given],
        environment: &Environment,
    ) -> Option<TargetAddress> {
        let (name, target) = self.chosen()?;
        let url = target.at("/spec/external/url").and_then(Value::as_str).filter(|url| url.starts_with("http"));
        let key = self.target_key().map(|reference| {
            let key = reference.key.clone().unwrap_or_default();
            let of_key = |given: &&secrets::Given| given.is_for(&reference.namespace, &reference.name, &key);
            let given: Vec<secrets::Given> = given.iter().filter(of_key).cloned().collect();
            TargetKey {
                namespace: reference.namespace.clone(),
                name: reference.name.clone(),
                is_given: !given.is_empty(),
                quest: Quest::new(self, vec![reference], &given, environment),
                key,
            }
        });
        let client = target.at("/spec/client");
        Some(TargetAddress {
            name: name.name.clone(),
            url: url.map(str::to_owned),
            key,
            headers: client.map(headers).unwrap_or_default(),
            timeout: client.and_then(|client| timeout(client).ok()).flatten(),
        })
    }

    /// The key that opens the chosen target, as a reference to a Secret.
    pub(super) fn target_key(&self) -> Option<secrets::Reference> {
        let (name, target) = self.chosen()?;
        let word = |key: &str| {
            let word = target.at(&format!("/spec/external/apiKey/{key}")).and_then(Value::as_str);
            word.filter(|word| !word.is_empty()).map(str::to_owned)
        };
        Some(secrets::Reference {
            namespace: name.namespace.clone(),
            name: word("name")?,
            key: Some(word("key")?),
            is_optional: false,
            spot: target.spot("/spec/external/apiKey")?,
            of: None,
        })
    }

    fn chosen(&self) -> Option<(&super::ObjectName, &Resource)> {
        let Target::Chosen(name) = &self.target else { return None };
        self.all(OPERATOR, "Grafana").find(|(found, _)| *found == name)
    }

    /// Takes the text out of every line that is shown and that a header of a `Grafana` stands on.
    pub(crate) fn hide_headers(&self, problems: &mut [Problem]) {
        if problems.is_empty() {
            return;
        }
        let (mut lines, mut values, mut files) = (Vec::new(), Vec::new(), Vec::new());
        for target in &self.grafanas {
            let Some(headers) = target.at("/spec/client/headers") else { continue };
            let spot = target.spot("/spec/client/headers");
            if headers.as_object().is_some_and(|headers| headers.len() > MOST_HEADERS) {
                files.extend(spot.map(|spot| spot.place.file));
                continue;
            }
            lines.extend(spot);
            for (key, value) in headers.as_object().into_iter().flatten() {
                lines.extend(target.spot(&member("/spec/client/headers", key)));
                let words = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                values.extend(words.lines().map(|line| line.trim().to_owned()));
            }
        }
        values.retain(|value| value.chars().count() >= SHORTEST);
        let is_shown = |spot: &Spot| {
            let is_there = |line: &Spot| line.place.file == spot.place.file && line.place.line == spot.place.line;
            let text = spot.line_text.as_deref().unwrap_or_default();
            files.contains(&spot.place.file)
                || lines.iter().any(is_there)
                || values.iter().any(|value| text.contains(value.as_str()))
        };
        for spot in problems.iter_mut().flat_map(|problem| &mut problem.spots).filter(|spot| is_shown(spot)) {
            *spot = spot.clone().without_line();
        }
    }
}

// The headers of a client that can be sent: what is wrong with the others, [`check`] says.
fn headers(client: &Value) -> Vec<(String, Secret)> {
    let all = client.get("headers").and_then(Value::as_object).filter(|all| all.len() <= MOST_HEADERS);
    let all = all.into_iter().flatten();
    let sent = all.filter(|(name, value)| header_fault(name, value).is_none() && why_own(name).is_none());
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
    sent.map(|(name, value)| (name.clone(), Secret::new(text(value)))).collect()
}

// What is wrong with a header; never with a part of its value.
fn header_fault(name: &str, value: &Value) -> Option<&'static str> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let Some(text) = value.as_str() else { return Some("the value of a header must be a text: put it in quotes") };
    if name.is_empty() || !name.bytes().all(is_token) {
        return Some("this is not the name of a header");
    }
    let is_odd = |c: char| c.is_control() && c != '\t';
    text.trim().contains(is_odd).then_some("the value of a header is one line, without control characters")
}

// Why a header is not sent; none where it is.
fn why_own(name: &str) -> Option<&'static str> {
    let small = name.to_ascii_lowercase();
    match small.as_str() {
        "authorization" => {
            Some("is not sent: a workspace is entered with a token (`external.apiKey`, GRAFANA_TOKEN)")
        }
        small if OWN.contains(&small) => Some("is not sent: it belongs to the connection"),
        _ => None,
    }
}

// The time limit of a client; none where it says none, as 0 does.
fn timeout(client: &Value) -> Result<Option<Duration>, &'static str> {
    match client.get("timeout") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(0) => Ok(None),
            Some(seconds @ 1..=LONGEST) => Ok(Some(Duration::from_secs(seconds))),
            Some(_) | None => Err("`timeout` is a number of seconds, from 0 to 3600"),
        },
    }
}

/// What is wrong with the client of a `Grafana`.
pub(crate) fn check(document: &Document<'_>) -> Vec<Problem> {
    const AT: &str = "/spec/client";
    let mut problems = Vec::new();
    if let Some(key) = document.value.pointer("/spec/external/apiKey").filter(|key| !key.is_null())
        && ["name", "key"].iter().any(|part| key.get(part).and_then(Value::as_str).is_none_or(str::is_empty))
    {
        let problem = Problem::error("manifest", "an `apiKey` is the `name` of a Secret and a `key` in it");
        let spot = document.key_spot("/spec/external/apiKey", "").without_line();
        problems.push(problem.spot(spot).help("write `apiKey: {name: SECRET, key: KEY}`"));
    }
    let Some(client) = document.value.pointer(AT).filter(|client| !client.is_null()) else { return problems };
    if !client.is_object() {
        let problem = Problem::error("manifest", "`client` is an object");
        problems.push(problem.spot(document.key_spot(AT, "").without_line()).help("write `client: {timeout: 30}`"));
        return problems;
    }
    let spot = |pointer: &str| document.key_spot(&format!("{AT}{pointer}"), "").without_line();
    if let Err(why) = timeout(client) {
        problems.push(Problem::error("manifest", why).spot(spot("/timeout")).help("write `timeout: 30`"));
    }
    match client.get("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(headers)) if headers.len() > MOST_HEADERS => {
            let problem =
                Problem::error("manifest", format!("{} headers are more than {MOST_HEADERS}", headers.len()));
            problems.push(problem.spot(spot("/headers")).help("keep those that the way to this Grafana needs"));
        }
        Some(Value::Object(headers)) => {
            for (name, value) in headers {
                let spot = || spot(&member("/headers", name));
                if let Some(why) = header_fault(name, value) {
                    problems.push(Problem::error("manifest", why).spot(spot()).help("correct it"));
                } else if let Some(why) = why_own(name) {
                    let problem = Problem::error("not-kept", format!("the header `{name}` {why}")).spot(spot());
                    problems.push(as_warning(problem).help("remove it"));
                }
            }
        }
        Some(_) => {
            let problem = Problem::error("manifest", "`headers` is an object of names and values");
            problems.push(problem.spot(spot("/headers")).help("write `headers: {X-Name: value}`"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_header_has_a_name_and_a_text_of_one_line() {
        for (name, value, is_good) in [
            ("X-Token", json!("a b\tc"), true),
            ("X-Token", json!(" Schlüssel \n"), true),
            ("x!", json!(""), true),
            ("X Token", json!("a"), false),
            ("X-Töken", json!("a"), false),
            ("X:", json!("a"), false),
            ("", json!("a"), false),
            ("X", json!(1), false),
            ("X", json!(null), false),
            ("X", json!("a\r\nY: b"), false),
            ("X", json!("a\u{0}"), false),
        ] {
            assert_eq!(header_fault(name, &value).is_none(), is_good, "{name}: {value}");
        }
    }

    #[test]
    fn what_amgctl_sends_itself_is_not_taken_from_a_manifest() {
        let client =
            json!({ "headers": { "AUTHORIZATION": "Bearer x", "Host": "a", "X-Team": " sre ", "X-Bad": 1 } });
        let sent: Vec<(String, String)> =
            headers(&client).into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect();
        assert_eq!(sent, [("X-Team".to_owned(), "sre".to_owned())]);
    }

    #[test]
    fn a_time_limit_is_a_number_of_seconds() {
        let of = |value: Value| timeout(&json!({ "timeout": value }));
        assert_eq!(of(json!(5)), Ok(Some(Duration::from_secs(5))));
        assert_eq!((of(json!(0)), of(json!(null))), (Ok(None), Ok(None)));
        for odd in [json!(-1), json!(1.5), json!("10"), json!(u64::MAX), json!(3601), json!([]), json!({})] {
            assert!(of(odd.clone()).is_err(), "{odd}");
        }
    }
}
