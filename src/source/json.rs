//! Strict JSON: what Grafana would read in another way than it is written is refused, with its place.
//!
//! Duplicate keys, lone surrogates, numbers beyond a 64-bit float and depth beyond [`MAX_DEPTH`] are faults; integers
//! that a float cannot hold are warnings. Finding places in a text that was read stands in [`super::spans`].

use std::ops::Range;

use serde_json::{Map, Value};

use super::faults::Faults;
use super::numbers::{self, Read};
use super::text::SourceText;
use crate::model::{Problem, Spot};

/// The most objects and lists within each other.
pub(crate) const MAX_DEPTH: usize = 100;

/// Reads one JSON text. Its faults are all that could be found; without a value nothing more could be read.
pub(crate) fn parse(source: &SourceText) -> (Option<Value>, Vec<Problem>) {
    let mut reader = Reader::new(source, Manner::Strict);
    let value = reader.document();
    let mut faults = reader.faults.finish(&source.file);
    match value {
        Ok(value) => (Some(value), faults),
        Err(fatal) => {
            faults.push(*fatal);
            (None, faults)
        }
    }
}

/// Reads a JSON text with comments, commas too many, or several values one after the other.
pub(crate) fn parse_patiently(source: &SourceText) -> Option<Vec<Value>> {
    let mut reader = Reader::new(source, Manner::Patient);
    let mut values = Vec::new();
    reader.blanks().ok()?;
    while reader.at < reader.bytes.len() {
        values.push(reader.value().ok()?);
        reader.blanks().ok()?;
    }
    (!values.is_empty()).then_some(values)
}

/// How a text is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As JSON, and nothing else.
    Strict,
    /// With comments and trailing commas.
    Patient,
}

type Fatal = Box<Problem>;

struct Reader<'a> {
    source: &'a SourceText,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    faults: Faults,
    manner: Manner,
}

impl<'a> Reader<'a> {
    fn new(source: &'a SourceText, manner: Manner) -> Reader<'a> {
        Reader { source, bytes: source.text.as_bytes(), at: 0, depth: 0, faults: Faults::default(), manner }
    }
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Value, Fatal> {
        self.blanks()?;
        if self.at == self.bytes.len() {
            return Err(Box::new(Problem::error("json", "this file is empty").at(self.source.whole())));
        }
        let value = self.value()?;
        self.blanks()?;
        if self.at < self.bytes.len() {
            return Err(self
                .fatal("expected nothing after the end of the document", self.here("this is too much"))
                .with_help("one JSON file holds one document; YAML can hold several, with `---` between them"));
        }
        Ok(value)
    }

    fn value(&mut self) -> Result<Value, Fatal> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err(self.fatal("expected a value, but the file ends here", self.here("the file ends here"))),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Fatal>) -> Result<Value, Fatal> {
        if self.depth == MAX_DEPTH {
            return Err(self.fatal(
                &format!("objects and lists are nested more than {MAX_DEPTH} deep"),
                self.here("one too many"),
            ));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, Fatal> {
        let open = self.at;
        self.at += 1;
        let mut map = Map::new();
        let mut places: Vec<Range<usize>> = Vec::new();
        loop {
            self.blanks()?;
            match self.peek() {
                Some(b'}') => break,
                Some(b'"') => {}
                None => return Err(self.unclosed(open, '{')),
                Some(_) => return Err(self.no_key()),
            }
            let start = self.at;
            let key = self.string()?;
            let end = self.at;
            self.blanks()?;
            if self.peek() != Some(b':') {
                return Err(self.fatal("expected `:` after this key", self.source.spot(start..end, "")));
            }
            self.at += 1;
            self.blanks()?;
            let value = self.value()?;
            if map.contains_key(&key) {
                let first = map.keys().position(|known| *known == key).and_then(|i| places.get(i).cloned());
                self.faults.error(|| {
                    duplicate_key(
                        &key,
                        self.source.spot(first.unwrap_or(start..end), "first here"),
                        self.source.spot(start..end, "and again here"),
                    )
                });
            } else {
                map.insert(key, value);
                places.push(start..end);
            }
            if !self.comma(open, b'}')? {
                break;
            }
        }
        self.at += 1;
        Ok(Value::Object(map))
    }

    fn array(&mut self) -> Result<Value, Fatal> {
        let open = self.at;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blanks()?;
            match self.peek() {
                Some(b']') => break,
                None => return Err(self.unclosed(open, '[')),
                Some(_) => items.push(self.value()?),
            }
            if !self.comma(open, b']')? {
                break;
            }
        }
        self.at += 1;
        Ok(Value::Array(items))
    }

    // After a value: whether a comma follows (and is consumed); false at the end of the object or list.
    fn comma(&mut self, open: usize, close: u8) -> Result<bool, Fatal> {
        let end = self.at;
        self.blanks()?;
        match self.peek() {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.blanks()?;
                match self.peek() {
                    Some(b) if b == close && self.manner == Manner::Patient => Ok(false),
                    Some(b) if b == close => Err(self
                        .fatal(
                            &format!("trailing comma before `{}`", char::from(close)),
                            self.source.spot(comma..comma + 1, "this comma"),
                        )
                        .with_help("remove the comma")),
                    _ => Ok(true),
                }
            }
            Some(b) if b == close => Ok(false),
            None => Err(self.unclosed(open, if close == b'}' { '{' } else { '[' })),
            Some(next) => {
                let problem = self.fatal(
                    &format!("expected `,` or `{}` after this value", char::from(close)),
                    self.source.spot(end..end + 1, "here"),
                );
                Err(if next == b'"' {
                    let token_end = super::spans::skip_string(self.bytes, self.at);
                    let token = self.source.text.get(self.at..token_end).unwrap_or("\"");
                    let token: String = token.chars().take(40).collect();
                    problem.with_help(format!(
                        "a comma is missing before {token} on line {}",
                        self.source.place(self.at).line
                    ))
                } else {
                    problem
                })
            }
        }
    }

    fn string(&mut self) -> Result<String, Fatal> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20) {
                self.at += 1;
            }
            text.push_str(self.source.text.get(start..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => self.escape(&mut text)?,
                Some(b'\n' | b'\r') | None => {
                    return Err(self.fatal(
                        "this text is never closed with a `\"`",
                        self.source.spot(open..self.at, "it begins here"),
                    ));
                }
                Some(control) => {
                    return Err(self
                        .fatal(
                            &format!("a text may not hold the control character U+{control:04X} as it is"),
                            self.here("here"),
                        )
                        .with_help(format!("write it as `\\u{control:04x}`")));
                }
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Fatal> {
        let start = self.at;
        let simple = match self.bytes.get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(text),
            _ => {
                return Err(self
                    .fatal("this is not an escape that JSON knows", self.source.spot(start..start + 2, "here"))
                    .with_help("a backslash itself is written `\\\\`"));
            }
        };
        text.push(simple);
        self.at += 2;
        Ok(())
    }

    fn unicode(&mut self, text: &mut String) -> Result<(), Fatal> {
        let start = self.at;
        let Some(unit) = self.hex(start) else {
            return Err(self.fatal(
                "expected four hexadecimal digits after `\\u`",
                self.source.spot(start..start + 2, "here"),
            ));
        };
        self.at = start + 6;
        let code = match unit {
            0xd800..=0xdbff => match self.hex(start + 6) {
                Some(low @ 0xdc00..=0xdfff) => {
                    self.at = start + 12;
                    0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                }
                _ => return self.surrogate(start, text),
            },
            0xdc00..=0xdfff => return self.surrogate(start, text),
            unit => unit,
        };
        text.extend(char::from_u32(code));
        Ok(())
    }

    // Grafana would store U+FFFD for it: refused, so that what is compared is what is there.
    fn surrogate(&mut self, start: usize, text: &mut String) -> Result<(), Fatal> {
        self.faults.error(|| {
            Problem::error("lone-surrogate", "half of a surrogate pair stands alone, which is no character")
                .spot(self.source.spot(start..start + 6, "half of a pair"))
                .help("write the whole pair, or the character itself")
        });
        text.push('\u{fffd}');
        Ok(())
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let text = self.source.text.get(at..at + 6)?;
        let digits = text.strip_prefix("\\u")?;
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    }

    fn number(&mut self) -> Result<Value, Fatal> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
            self.at += 1;
        }
        let token = self.source.text.get(start..self.at).unwrap_or_default();
        let spot = || self.source.spot(start..start + token.len(), "");
        match numbers::read(token) {
            Read::Kept(number) => Ok(Value::Number(number)),
            Read::Wide(number) => {
                self.faults.warning(|| numbers::wide(token, spot()));
                Ok(Value::Number(number))
            }
            Read::Infinite => {
                self.faults.error(|| numbers::beyond(token, spot()));
                Ok(Value::Null)
            }
            Read::Misspelled(help) => {
                let problem = self.fatal(&format!("`{token}` is not a number as JSON writes them"), spot());
                Err(if help.is_empty() { problem } else { problem.with_help(help) })
            }
        }
    }

    fn word(&mut self) -> Result<Value, Fatal> {
        let start = self.at;
        let rest = &self.source.text[start..];
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let word = &rest[..length];
        let value = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err(self.no_value(word)),
        };
        self.at += length;
        Ok(value)
    }

    fn no_value(&self, word: &str) -> Fatal {
        let first = self.source.text[self.at..].chars().next().unwrap_or(' ');
        let width = word.len().max(first.len_utf8());
        let spot = self.source.spot(self.at..self.at + width, "");
        match word {
            "NaN" | "Infinity" => self
                .fatal(&format!("`{word}` is not a value that JSON knows"), spot)
                .with_help("Grafana cannot keep it either: write `null`"),
            "True" | "False" | "None" | "TRUE" | "FALSE" | "NULL" | "Null" => self
                .fatal(&format!("`{word}` is not a value that JSON knows"), spot)
                .with_help("JSON writes `true`, `false` and `null` in small letters"),
            "" if first == '\'' => {
                self.fatal("expected a value", spot).with_help("JSON writes texts in double quotes")
            }
            "" if first == '{' || first == '%' => self.fatal("expected a value", spot),
            "" => self.fatal(&format!("expected a value, found `{}`", printable(first)), spot),
            _ => self
                .fatal(&format!("expected a value, found `{word}`"), spot)
                .with_help("texts stand in double quotes"),
        }
    }

    fn no_key(&self) -> Fatal {
        let rest = &self.source.text[self.at..];
        let first = rest.chars().next().unwrap_or(' ');
        let problem = self.fatal(
            &format!("expected a key in double quotes, found `{}`", printable(first)),
            self.source.spot(self.at..self.at + first.len_utf8(), ""),
        );
        match first {
            '{' => template(problem),
            _ => problem,
        }
    }

    // Whether a comment was skipped.
    fn comment(&mut self) -> bool {
        let rest = &self.source.text[self.at..];
        let length = if rest.starts_with("//") || rest.starts_with('#') {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            return false;
        };
        self.at += length;
        true
    }

    fn blanks(&mut self) -> Result<(), Fatal> {
        while self.manner == Manner::Patient {
            while self.peek().is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
            if !self.comment() {
                return Ok(());
            }
        }
        while self.peek().is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"//") || rest.starts_with(b"/*") || rest.starts_with(b"#") {
            return Err(self
                .fatal("JSON has no comments", self.here("here"))
                .with_help("remove it, or write this file as YAML"));
        }
        Ok(())
    }

    fn unclosed(&self, open: usize, brace: char) -> Fatal {
        Box::new(
            Problem::error("json", format!("the file ends before this `{brace}` is closed"))
                .spot(self.source.spot(open..open + 1, "it is opened here"))
                .help("the file may have been cut short"),
        )
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn here(&self, label: &str) -> Spot {
        self.source.spot(self.at..self.at + 1, label)
    }

    fn fatal(&self, message: &str, spot: Spot) -> Fatal {
        let problem = Problem::error("json", message).spot(spot);
        let text = &self.source.text;
        Box::new(if text.contains("{{") || text.contains("{%") { *template(Box::new(problem)) } else { problem })
    }
}

trait WithHelp {
    fn with_help(self, help: impl Into<String>) -> Self;
}

impl WithHelp for Fatal {
    fn with_help(self, help: impl Into<String>) -> Fatal {
        Box::new(self.help(help))
    }
}

/// What to say of a file that may be a template, which no reader can read.
pub(crate) fn template(problem: Fatal) -> Fatal {
    problem.with_help(
        "if this is a template, render it first, as `helm template DIR` does; if it is not for amgctl, name it in a file \
         `.amgctlignore`",
    )
}

/// Two keys of one name in one object.
pub(crate) fn duplicate_key(key: &str, first: Spot, again: Spot) -> Problem {
    Problem::error("duplicate-key", format!("the key `{key}` stands twice in one object"))
        .spot(first)
        .spot(again)
        .help("keep one of them: Grafana would keep the last one without a word")
}

// A character as a message shows it.
fn printable(c: char) -> String {
    if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
}
