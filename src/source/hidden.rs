//! What of a text may not be shown when a message shows its lines: values that are secrets, or may be.
//!
//! The text may be broken, so it is looked at as it is written: a key is a word before a colon. A key that is spelled
//! nearly as one that holds secrets is taken for it, because the message about its spelling is what shows its line.

use std::collections::BTreeMap;
use std::ops::Range;

use super::cluster::content::login_end;
use crate::kinds::datasource::lint::{is_like_secret_key, is_secret_key};

/// Keys whose objects hold secrets. Some write the secrets themselves below the key by which the API says which are set.
const OBJECTS: [&str; 3] = ["secureJsonData", "secureJsonFields", "stringData"];

/// How many characters of a URL are looked at.
const LONGEST_URL: usize = 2048;

/// The ranges of a text that hold secrets, in the order of their beginnings. They may overlap.
pub(super) fn zones(text: &str) -> Vec<Range<usize>> {
    let has_secret = has_secret(text);
    let is_fetched = text.contains("GrafanaDashboard") || text.contains("GrafanaLibraryPanel");
    let mut zones: Vec<Range<usize>> = logins(text).collect();
    for key in OBJECTS {
        let mut end = 0;
        for (at, key) in text.match_indices(key) {
            // What is hidden already is not looked through again: a line may be all of a large file.
            if at >= end {
                let zone = object(text, at, at + key.len());
                end = zone.end;
                zones.push(zone);
            }
        }
    }
    let (mut known, mut end) = (BTreeMap::new(), 0);
    for key in keys(text) {
        if key.at < end {
            continue;
        }
        let zone = match *known.entry(key.word).or_insert_with(|| Meaning::of(key.word)) {
            Meaning::Object => Some(object(text, key.at, key.at + key.word.len())),
            Meaning::Secret => Some(key.colon + 1..below(text, key.at, key.colon + 1)),
            // In a text with a Secret `data` holds values; that of a ConfigMap beside it is not shown either.
            Meaning::Data if has_secret => Some(object(text, key.at, key.at + key.word.len())),
            Meaning::Url if is_fetched => query(text, key.colon + 1),
            Meaning::Data | Meaning::Url | Meaning::Nothing => None,
        };
        if let Some(zone) = zone {
            end = zone.end;
            zones.push(zone);
        }
    }
    zones.sort_by_key(|zone| zone.start);
    zones
}

/// What a key says of its value.
#[derive(Clone, Copy)]
enum Meaning {
    Nothing,
    /// All that stands in it is secret.
    Object,
    /// It is a secret.
    Secret,
    /// It is what a Secret holds, or a ConfigMap.
    Data,
    /// It is a URL, whose query may let in whoever knows it.
    Url,
}

impl Meaning {
    fn of(word: &str) -> Meaning {
        match word {
            "data" => Meaning::Data,
            "url" => Meaning::Url,
            _ if is_secret_key(word) || is_like_secret_key(word) => Meaning::Secret,
            _ if is_like_secure_json_data(word) => Meaning::Object,
            _ => Meaning::Nothing,
        }
    }
}

/// Whether a key may have been meant for `secureJsonData`.
pub(super) fn is_like_secure_json_data(word: &str) -> bool {
    let plain = word.replace(['_', '-'], "").to_lowercase();
    plain != "jsondata"
        && plain.len().abs_diff(14) <= 4
        && strsim::damerau_levenshtein(&plain, "securejsondata") <= 4
}

/// A word before a colon.
struct Key<'a> {
    word: &'a str,
    at: usize,
    colon: usize,
}

fn keys(text: &str) -> impl Iterator<Item = Key<'_>> {
    text.match_indices(':').filter_map(|(colon, _)| {
        let before = text[..colon].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\'));
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_'));
        let at = start.map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let word = &before[at..];
        // Longer ones are no keys that anybody has a list of.
        (!word.is_empty() && word.len() <= 64).then_some(Key { word, at, colon })
    })
}

// Whether a Secret of a cluster stands in it.
fn has_secret(text: &str) -> bool {
    text.match_indices("Secret").any(|(at, word)| {
        let before = text[..at].trim_end_matches(['"', '\'', ' ']);
        let ends = text[at + word.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric());
        ends && before.strip_suffix(':').is_some_and(|key| key.trim_end_matches(['"', '\'', ' ']).ends_with("kind"))
    })
}

// What stands in the object of a key: between its braces, or on the lines indented below it.
fn object(text: &str, at: usize, after: usize) -> Range<usize> {
    let value = text[after..].trim_start_matches(['"', '\'', '\\', ' ', '\t', '\r', '\n', ':']);
    if value.starts_with('{') {
        let open = text.len() - value.len();
        // Quotes of YAML may hold braces, so what is indented below it is hidden in any case.
        return open + 1..super::spans::closing(text, open).max(below(text, at, after));
    }
    after..below(text, at, after)
}

// The end of what stands behind a key and on the lines that are indented deeper than it.
fn below(text: &str, at: usize, after: usize) -> usize {
    let indent = at - text[..at].rfind('\n').map_or(0, |end| end + 1);
    // A key in quotes stands where its quote does.
    let indent = indent - usize::from(text[..at].ends_with(['"', '\'']));
    let mut end = after;
    for line in text[after..].split_inclusive('\n') {
        let depth = line.len() - line.trim_start_matches([' ', '\t']).len();
        if end > after && !line.trim().is_empty() && depth <= indent {
            break;
        }
        end += line.len();
    }
    end
}

// User names and passwords in URLs, wherever they stand; one that is not written as it has to be may hold a slash.
fn logins(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split("://").enumerate().filter_map(move |(i, part)| {
        let at = start;
        start += part.len() + "://".len();
        // What stands before the first mark is in no URL.
        login_end(word(part)).filter(|_| i > 0).map(|end| at..at + end)
    })
}

// What of a URL follows its path.
fn query(text: &str, after: usize) -> Option<Range<usize>> {
    let value = text[after..].trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\'));
    let start = text.len() - value.len();
    if !value.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http")) {
        return None;
    }
    let url = word(value);
    let at = url.find(['?', '#'])?;
    Some(start + at..start + url.len())
}

// What stands before the next blank or quote, as far as a URL is long.
fn word(text: &str) -> &str {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
    let mut all = text.char_indices().enumerate();
    let end = all.find(|(count, (_, c))| *count == LONGEST_URL || ends(*c));
    &text[..end.map_or(text.len(), |(_, (at, _))| at)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::text::SourceText;

    const PLANTED: &str = "planted-3f9c";

    // Every line of a text, as it is shown for every place in it.
    fn shown(text: &str) -> String {
        let source = SourceText::new("f.yaml".into(), text.as_bytes().to_vec()).unwrap();
        let places = text.char_indices().map(|(at, _)| source.spot(at..at + 1, "").line_text.unwrap());
        places.collect::<Vec<_>>().join("\n")
    }

    fn hides(text: &str) {
        assert!(!shown(text).contains(PLANTED), "{text}\n{}", shown(text));
    }

    #[test]
    fn a_line_ends_at_its_first_secret() {
        let p = PLANTED;
        hides(&format!("jsonData: {{ apiToken: {p}, password: x }}"));
        hides(&format!("jsonData: {{ password: {p}, apiToken: x, password: {p} }}"));
        hides(&format!("{{\"basicAuthPassword\": \"{p}\", \"jsonData\": {{\"password\": \"x\"}}}}"));
        hides(&format!("{{\"password\": \"{p}\", \"secureJsonData\": {{\"password\": \"x\"}}}}"));
        hides(&format!("mypassword: x, password: {p}"));
        assert!(shown("jsonData: { passwordless: seen }").contains("seen"));
    }

    #[test]
    fn a_secret_on_the_lines_below_its_key_is_one() {
        hides(&format!("privateKey: |\n  {PLANTED}\n  {PLANTED}\n"));
        hides(&format!("- password:\n    {PLANTED}\n"));
        hides(&format!("secureJsonData: {{a: 'x}}',\n  b: {PLANTED}}}\n"));
        assert!(shown("- password: x\n  url: seen\n").contains("seen"));
        assert!(shown("{\n  \"password\": \"x\",\n  \"url\": \"seen\"\n}").contains("seen"));
    }

    #[test]
    fn a_key_that_is_nearly_one_for_secrets_is_taken_for_it() {
        for key in ["secureJsonDta", "SecureJsonData", "secure_json_data", "secureJson", "securJsonDate"] {
            hides(&format!("  {key}: {{ x: {PLANTED} }}"));
            hides(&format!("  {key}:\n    x: {PLANTED}\n"));
        }
        for key in ["basicAuthPasword", "Password", "api_key", "httpHeaderValue12", "sigV4SessionToken"] {
            hides(&format!("  {key}: {PLANTED}"));
        }
        assert!(shown("jsonData: { x: seen }").contains("seen"));
    }

    #[test]
    fn what_a_url_lets_in_with_is_hidden() {
        hides(&format!("url: https://u:{PLANTED}@127.0.0.1:1/x.json"));
        hides(&format!("url: https://{PLANTED}@host/x"));
        hides(&format!("url: https://u:{PLANTED}/{PLANTED}@host/x"));
        hides(&format!("kind: GrafanaDashboard\nspec: {{ url: \"https://h/x?token={PLANTED}#{PLANTED}\", x: 1 }}"));
        assert!(shown("kind: GrafanaDashboard\nurl: https://h/seen?x").contains("seen"));
        assert!(shown("links: [{url: 'https://h/?seen'}]").contains("seen"));
        assert!(shown("mail: https://h/me@seen").contains("seen"));
    }

    proptest! {
        #[test]
        fn no_secret_of_a_line_of_several_is_shown(
            entries in prop::collection::vec((0_usize..9, 0_usize..3), 1..8),
            is_json in any::<bool>(),
            is_nested in any::<bool>(),
        ) {
            const KEYS: [&str; 9] = ["password", "apiToken", "basicAuthPassword", "secretKey", "httpHeaderValue3",
                "secureJsonData", "secureJsonDta", "title", "x"];
            let quoted = |text: &str| if is_json { format!("\"{text}\"") } else { text.to_owned() };
            let entries: Vec<String> = entries.into_iter().map(|(key, shape)| {
                let key = KEYS[key];
                let value = quoted(if matches!(key, "title" | "x") { "free" } else { PLANTED });
                match (key, shape) {
                    ("secureJsonData" | "secureJsonDta", _) | (_, 2) => {
                        let inner = if key.starts_with("secure") { "any" } else { key };
                        format!("{}: {{{}: {value}}}", quoted(key), quoted(inner))
                    }
                    _ => format!("{}: {value}", quoted(key)),
                }
            }).collect();
            let mut text = format!("{{{}}}", entries.join(", "));
            if is_nested {
                text = format!("{{{}: {text}}}", quoted("jsonData"));
            }
            prop_assert!(!shown(&text).contains(PLANTED), "{text}");
        }
    }
}
