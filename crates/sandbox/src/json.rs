//! JSON as Grafana's servers read it: number literals kept as they were spelled, the last of two equal keys wins,
//! lone surrogates become U+FFFD, keys come out in alphabetical order.
//!
//! It exists because a general parser turns numbers into numbers, and two of the servers do not. Writing, and the
//! servers that do make numbers 64-bit floats, are in [`super::json_text`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Nesting beyond this is refused; no dashboard comes near, and the stack stays bounded on hostile input.
const DEEPEST: usize = 400;

/// A JSON value whose numbers are still text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was spelled.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object; its keys are in order, as Go writes maps.
    Object(BTreeMap<String, Json>),
    /// Text that is already JSON in the server's own spelling and is written as it is.
    Raw(Arc<str>),
}

/// Text is not JSON.
#[derive(Debug, PartialEq)]
pub(crate) struct NotJson;

impl Json {
    /// Reads one JSON value; only white space may follow it.
    pub(crate) fn parse(text: &[u8]) -> Result<Json, NotJson> {
        let text = String::from_utf8_lossy(text);
        let mut reader = Reader { text: &text, bytes: text.as_bytes(), at: 0 };
        reader.space();
        let value = reader.value(0)?;
        reader.space();
        if reader.at == reader.bytes.len() { Ok(value) } else { Err(NotJson) }
    }

    /// An object of the given members.
    pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    /// The member of that name, if this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.get(key),
            _ => None,
        }
    }

    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The string at `key`, or the empty one.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Json::as_str).unwrap_or("")
    }

    /// The boolean at `key`, or false.
    pub(crate) fn flag(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Json::Bool(true)))
    }

    /// The whole number at `key`, if it is one.
    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Json::Number(literal)) => literal.parse().ok().or_else(|| {
                let float: f64 = literal.parse().ok()?;
                #[allow(clippy::cast_possible_truncation)]
                (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
            }),
            _ => None,
        }
    }

    /// The members of an object.
    pub(crate) fn members(&self) -> Option<&BTreeMap<String, Json>> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items of an array; nothing for anything else.
    pub(crate) fn items(&self) -> &[Json] {
        match self {
            Json::Array(items) => items,
            _ => &[],
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::String(text)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Json {
        Json::Number(number.to_string())
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Json {
        Json::Bool(flag)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Json {
        match value {
            serde_json::Value::Null => Json::Null,
            serde_json::Value::Bool(flag) => Json::Bool(flag),
            serde_json::Value::Number(number) => Json::Number(number.to_string()),
            serde_json::Value::String(text) => Json::String(text),
            serde_json::Value::Array(items) => Json::Array(items.into_iter().map(Json::from).collect()),
            serde_json::Value::Object(members) => {
                Json::Object(members.into_iter().map(|(k, v)| (k, Json::from(v))).collect())
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, NotJson> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(NotJson)
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, NotJson> {
        if depth > DEEPEST {
            return Err(NotJson);
        }
        match self.bytes.get(self.at) {
            Some(b'{') => self.members(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::String(self.string()?.into_owned())),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(NotJson),
        }
    }

    fn members(&mut self, depth: usize) -> Result<Json, NotJson> {
        let mut members = BTreeMap::new();
        self.at += 1;
        self.space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let key = self.string()?.into_owned();
            self.space();
            if !self.take(b':') {
                return Err(NotJson);
            }
            self.space();
            let value = self.value(depth + 1)?;
            members.insert(key, value);
            self.space();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(NotJson);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, NotJson> {
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(NotJson);
            }
        }
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(NotJson) }
    }

    fn number(&mut self) -> Result<Json, NotJson> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Json::Number(self.text[start..self.at].to_owned()))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, NotJson> {
        if !self.take(b'"') {
            return Err(NotJson);
        }
        let start = self.at;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
                }
                Some(b'\\') => break,
                Some(0..=0x1f) | None => return Err(NotJson),
                Some(_) => self.at += 1,
            }
        }
        let mut out = self.text[start..self.at].to_owned();
        loop {
            let plain = self.at;
            while !matches!(self.bytes.get(self.at), Some(b'"' | b'\\' | 0..=0x1f) | None) {
                self.at += 1;
            }
            out.push_str(&self.text[plain..self.at]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(NotJson),
            }
        }
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        let letter = self.bytes.get(self.at + 1).copied().ok_or(NotJson)?;
        self.at += 2;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                if !(0xd800..0xe000).contains(&first) {
                    return char::from_u32(first).ok_or(NotJson);
                }
                if first >= 0xdc00 || !self.bytes[self.at..].starts_with(b"\\u") {
                    return Ok(char::REPLACEMENT_CHARACTER);
                }
                let before = self.at;
                self.at += 2;
                let second = self.hex()?;
                if (0xdc00..0xe000).contains(&second) {
                    return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(NotJson);
                }
                self.at = before;
                char::REPLACEMENT_CHARACTER
            }
            _ => return Err(NotJson),
        })
    }

    fn hex(&mut self) -> Result<u32, NotJson> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(NotJson)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NotJson);
        }
        let code = std::str::from_utf8(digits).ok().and_then(|d| u32::from_str_radix(d, 16).ok());
        self.at += 4;
        code.ok_or(NotJson)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_literals_are_kept() {
        for literal in ["1.0", "1e3", "1E400", "-0.0", "123456789012345678901234567890"] {
            assert_eq!(Json::parse(literal.as_bytes()), Ok(Json::Number(literal.to_owned())));
        }
        for bad in ["01", "1.", ".5", "+1", "1e", "-", "NaN"] {
            assert_eq!(Json::parse(bad.as_bytes()), Err(NotJson), "{bad}");
        }
    }

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        assert_eq!(Json::parse(br#""\ud83d\ude00""#), Ok(Json::from("\u{1f600}")));
        assert_eq!(Json::parse(br#""\ud83dx""#), Ok(Json::from("\u{fffd}x")));
        assert_eq!(Json::parse(br#""\ude00\u0041""#), Ok(Json::from("\u{fffd}A")));
        assert_eq!(Json::parse(br#""\ud83d\u0041""#), Ok(Json::from("\u{fffd}A")));
    }

    #[test]
    fn last_of_two_equal_keys_wins() {
        assert_eq!(Json::parse(br#"{"k":1,"k":2}"#).map(|j| j.integer("k")), Ok(Some(2)));
    }

    #[test]
    fn hostile_text_is_refused_without_a_panic() {
        assert_eq!(Json::parse("[".repeat(100_000).as_bytes()), Err(NotJson));
        for bad in ["", "{", "{\"a\"", "{\"a\":", "\"\\u12", "\"\\", "[1,]", "{,}", "1 2", "\"\n\""] {
            assert_eq!(Json::parse(bad.as_bytes()), Err(NotJson), "{bad}");
        }
    }
}
