//! What External Secrets makes of a value: a part of it by `property`, its members by `extract`, decoded, with key names
//! that a Secret may have.
//!
//! The rules are those of its AWS provider; the tables below are its behaviour case by case. No message holds a byte of a
//! value.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::path::{self, Miss};
use crate::model::Secret;

/// How a value is decoded once it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Decoding {
    /// Not at all.
    #[default]
    None,
    /// From base 64; an error where it is none.
    Base64,
    /// From base 64 as URLs have it; an error where it is none.
    Base64Url,
    /// From either where it is one, else left as it is.
    Auto,
}

/// What becomes of letters that no key of a Secret may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Conversion {
    /// They become `_`.
    #[default]
    Default,
    /// They become `_U`, their number in hexadecimal digits, and `_`.
    Unicode,
    /// They stay, and are then an error.
    None,
}

/// The longest key of a Secret, in bytes.
const LONGEST_KEY: usize = 253;

/// The part of a value that `property` names; all of it where it is empty.
pub(super) fn property(value: &Secret, property: &str) -> Result<Secret, String> {
    if property.is_empty() {
        return Ok(value.clone());
    }
    match path::find(value.expose(), property) {
        Ok(json) => text(&json).map(Secret::new),
        Err(Miss::Absent) => Err(format!("its JSON has no property `{property}`")),
        Err(Miss::NotJson) => Err(format!("its value is not JSON, so there is no property `{property}`")),
        Err(Miss::Unsupported(what)) => Err(format!("`property: {property}` has {what}, which is not supported")),
    }
}

/// The members of a value that is a JSON object: texts without their quotes, everything else as it is written.
pub(super) fn members(value: &Secret) -> Result<BTreeMap<String, Secret>, String> {
    let members =
        path::members(value.expose()).ok_or("its value is not a JSON object, so no keys can be taken from it")?;
    let member = |(key, json): (String, &serde_json::value::RawValue)| {
        let json = json.get();
        let value = match json.as_bytes().first() {
            Some(b'"') => text(json)?,
            _ if json == "null" => String::new(),
            _ => json.to_owned(),
        };
        Ok((key, Secret::new(value)))
    };
    members.into_iter().map(member).collect()
}

/// A piece of JSON as a text. Whole numbers keep their digits; others are written without an exponent and without zeros
/// that say nothing, as gjson writes them.
fn text(json: &str) -> Result<String, String> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).map_err(|_| "its value is no text".to_owned()),
        Some(b'n') => Ok(String::new()),
        Some(b'-' | b'0'..=b'9') if !json.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) => {
            let number = json.parse::<f64>().ok().filter(|number| number.is_finite());
            Ok(number.map_or_else(|| json.to_owned(), |number| number.to_string()))
        }
        _ => Ok(json.to_owned()),
    }
}

impl Decoding {
    /// Decodes a value.
    pub(super) fn decode(self, value: Secret) -> Result<Secret, String> {
        let decoded = |engine: &GeneralPurpose| engine.decode(without_breaks(value.expose())).ok();
        let bytes = match self {
            Decoding::None => return Ok(value),
            Decoding::Base64 => decoded(&STANDARD).ok_or("its value is not base64 (`decodingStrategy: Base64`)")?,
            Decoding::Base64Url => {
                decoded(&URL).ok_or("its value is not base64 of URLs (`decodingStrategy: Base64URL`)")?
            }
            Decoding::Auto => match decoded(&STANDARD).or_else(|| decoded(&URL)) {
                Some(bytes) => bytes,
                None => return Ok(value),
            },
        };
        String::from_utf8(bytes).map(Secret::new).map_err(|_| "its decoded value is no text".to_owned())
    }
}

/// Base 64 as Go reads it: with its padding; breaks of lines do not count.
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);

fn without_breaks(text: &str) -> String {
    text.replace(['\r', '\n'], "")
}

/// The bytes of a base 64 text, as the `data` of a Secret has them.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(without_breaks(text)).ok()
}

impl Conversion {
    /// The names of keys as a Secret may have them; two that become the same are an error.
    pub(super) fn convert(self, values: BTreeMap<String, Secret>) -> Result<BTreeMap<String, Secret>, String> {
        let mut converted = BTreeMap::new();
        for (key, value) in values {
            let name: String = key.chars().map(|letter| self.letter(letter)).collect();
            if converted.insert(name.clone(), value).is_some() {
                return Err(format!("two of its keys become `{name}`"));
            }
        }
        Ok(converted)
    }

    fn letter(self, letter: char) -> String {
        match self {
            _ if is_allowed(letter) => letter.to_string(),
            Conversion::Default => "_".to_owned(),
            Conversion::Unicode => format!("_U{:04x}_", u32::from(letter)),
            Conversion::None => letter.to_string(),
        }
    }
}

fn is_allowed(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '.' | '_')
}

/// Leaves keys without a name out, and says what is wrong with the names of the others.
pub(super) fn checked_keys(mut values: BTreeMap<String, Secret>) -> Result<BTreeMap<String, Secret>, String> {
    values.remove("");
    for key in values.keys() {
        if key.len() > LONGEST_KEY {
            return Err(format!("one of its keys has {} bytes, and a Secret takes {LONGEST_KEY}", key.len()));
        }
        if let Some(letter) = key.chars().find(|letter| !is_allowed(*letter)) {
            return Err(format!(
                "its key `{key}` has the letter `{}`, which no Secret takes",
                letter.escape_default()
            ));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(value: &str, of: &str) -> Result<String, String> {
        property(&Secret::new(value.into()), of).map(|part| part.expose().to_owned())
    }

    fn all(value: &str) -> Result<String, String> {
        members(&Secret::new(value.into())).map(shown)
    }

    fn shown(values: BTreeMap<String, Secret>) -> String {
        let each = values.iter().map(|(key, value)| format!("{key}={}", value.expose()));
        each.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn without_a_property_the_value_is_whole() {
        assert_eq!(part("plain", ""), Ok("plain".into()));
        assert_eq!(part(r#"{"a":1}"#, ""), Ok(r#"{"a":1}"#.into()));
    }

    #[test]
    fn a_property_is_a_literal_key_first_and_then_a_path() {
        let value = r#"{"a.b":"literal","a":{"b":"nested","c":"deep"},"friends":[{"first":"A"},{"first":"B"}]}"#;
        for (of, expected) in [("a.b", "literal"), ("a.c", "deep"), ("friends.1.first", "B"), ("friends.#", "2")] {
            assert_eq!(part(value, of), Ok(expected.into()), "{of}");
        }
    }

    #[test]
    fn a_property_of_any_type_is_a_text_as_gjson_writes_it() {
        for (json, expected) in [
            (r#""x\nü\u00e9""#, "x\nüé"),
            ("true", "true"),
            ("null", ""),
            ("12345678901234567890123", "12345678901234567890123"),
            ("-7", "-7"),
            ("1.10", "1.1"),
            ("1e3", "1000"),
            ("1e400", "1e400"),
            (r#"{"b": [1, 2]}"#, r#"{"b": [1, 2]}"#),
            ("[1, 2 ]", "[1, 2 ]"),
        ] {
            assert_eq!(part(&format!(r#"{{"a":{json}}}"#), "a"), Ok(expected.into()), "{json}");
        }
    }

    #[test]
    fn a_missing_property_is_named_and_no_value_is() {
        for (value, of, message) in [
            (r#"{"token":"planted"}"#, "password", "its JSON has no property `password`"),
            ("planted", "a", "its value is not JSON, so there is no property `a`"),
            (r#"{"a":"planted"}"#, "a|@keys", "`property: a|@keys` has a pipe (`|`), which is not supported"),
        ] {
            assert_eq!(part(value, of), Err(message.into()));
        }
    }

    #[test]
    fn extract_takes_texts_without_quotes_and_the_rest_as_it_is_written() {
        let value = r#"{"user":"admin","port": 5432.0,"tls":{"on": true},"list":[ 1],"none":null,"user":"last"}"#;
        assert_eq!(all(value), Ok(r#"list=[ 1] none= port=5432.0 tls={"on": true} user=last"#.into()));
        for value in ["planted", r#"["planted"]"#, "null", "3", r#"{"a":"planted""#] {
            let message = all(value).unwrap_err();
            assert_eq!(message, "its value is not a JSON object, so no keys can be taken from it");
        }
    }

    #[test]
    fn values_are_decoded_by_each_strategy() {
        let of = |decoding: Decoding, text: &str| {
            decoding.decode(Secret::new(text.into())).map(|value| value.expose().to_owned())
        };
        for (decoding, text, expected) in [
            (Decoding::None, "aGk=", Ok("aGk=")),
            (Decoding::Base64, "aGk=", Ok("hi")),
            (Decoding::Base64, "aG\r\nk=\n", Ok("hi")),
            (Decoding::Base64, "aGk", Err("its value is not base64 (`decodingStrategy: Base64`)")),
            (Decoding::Base64, "Pj4_", Err("its value is not base64 (`decodingStrategy: Base64`)")),
            (Decoding::Base64Url, "Pj4_", Ok(">>?")),
            (Decoding::Base64Url, "Pj4/", Err("its value is not base64 of URLs (`decodingStrategy: Base64URL`)")),
            (Decoding::Base64, "/w==", Err("its decoded value is no text")),
            (Decoding::Auto, "aGk=", Ok("hi")),
            (Decoding::Auto, "Pj4_", Ok(">>?")),
            (Decoding::Auto, "not base64!", Ok("not base64!")),
            (Decoding::Auto, "", Ok("")),
        ] {
            assert_eq!(of(decoding, text).as_deref().map_err(String::as_str), expected, "{decoding:?} {text}");
        }
    }

    #[test]
    fn names_of_keys_are_made_to_fit_a_secret() {
        let of = |conversion: Conversion, keys: &[&str]| {
            let values = keys.iter().map(|key| ((*key).to_owned(), Secret::new("v".into()))).collect();
            conversion.convert(values).and_then(checked_keys).map(shown)
        };
        assert_eq!(of(Conversion::Default, &["a b", "é-c.d_e"]), Ok("a_b=v é-c.d_e=v".into()));
        assert_eq!(of(Conversion::Unicode, &["a/b"]), Ok("a_U002f_b=v".into()));
        assert_eq!(of(Conversion::Default, &["a b", "a/b"]), Err("two of its keys become `a_b`".into()));
        assert_eq!(
            of(Conversion::None, &["a/b"]),
            Err("its key `a/b` has the letter `/`, which no Secret takes".into())
        );
        assert_eq!(of(Conversion::Default, &[""]), Ok(String::new()));
        let long = "k".repeat(254);
        assert_eq!(
            of(Conversion::Default, &[&long]),
            Err("one of its keys has 254 bytes, and a Secret takes 253".into())
        );
    }
}
