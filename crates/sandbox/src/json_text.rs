//! Writes [`Json`] as Go does: `<`, `>`, `&` and the two line separators escaped, floats in Go's spelling.

use super::json::Json;

impl Json {
    /// The compact text.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        write(self, &mut out);
        out
    }

    /// Every string without byte order marks.
    pub(crate) fn without_marks(self) -> Json {
        let clean = |text: String| text.replace('\u{feff}', "");
        match self {
            Json::String(text) => Json::String(clean(text)),
            Json::Array(items) => Json::Array(items.into_iter().map(Json::without_marks).collect()),
            Json::Object(members) => {
                Json::Object(members.into_iter().map(|(k, v)| (k, v.without_marks())).collect())
            }
            other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Raw(_)) => other,
        }
    }

    /// Every number as the 64-bit float it is, in Go's spelling; the literal of the first that is none.
    pub(crate) fn with_floats(self) -> Result<Json, String> {
        Ok(match self {
            Json::Number(literal) => Json::Number(float(&literal).ok_or(literal)?),
            Json::Array(items) => Json::Array(items.into_iter().map(Json::with_floats).collect::<Result<_, _>>()?),
            Json::Object(members) => Json::Object(
                members.into_iter().map(|(k, v)| Ok((k, v.with_floats()?))).collect::<Result<_, String>>()?,
            ),
            other @ (Json::Null | Json::Bool(_) | Json::String(_) | Json::Raw(_)) => other,
        })
    }
}

fn write(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(literal) => out.push_str(literal),
        Json::String(text) => string(text, out),
        Json::Raw(text) => out.push_str(text),
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (i, (key, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            b'<' => "\\u003c",
            b'>' => "\\u003e",
            b'&' => "\\u0026",
            0xe2 if text[at..].starts_with('\u{2028}') => "\\u2028",
            0xe2 if text[at..].starts_with('\u{2029}') => "\\u2029",
            0..=0x1f => {
                out.push_str(&text[from..at]);
                out.push_str("\\u00");
                out.push(if byte >= 0x10 { '1' } else { '0' });
                out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
                from = at + 1;
                continue;
            }
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escaped);
        from = at + if byte == 0xe2 { 3 } else { 1 };
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// A literal as Go writes the 64-bit float it stands for; nothing when it is beyond one.
fn float(literal: &str) -> Option<String> {
    if literal.len() < 16 && literal.bytes().all(|b| b.is_ascii_digit()) {
        return Some(literal.to_owned());
    }
    let number: f64 = literal.parse().ok()?;
    if !number.is_finite() {
        return None;
    }
    if number == 0.0 {
        return Some("0".to_owned());
    }
    if (1e-6..1e21).contains(&number.abs()) {
        return Some(number.to_string());
    }
    let short = format!("{number:e}");
    Some(match short.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => short,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_spelled_as_go_spells_them() {
        for (literal, spelled) in [
            ("1.0", "1"),
            ("1e3", "1000"),
            ("1e21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("9007199254740993", "9007199254740992"),
            ("-0.0", "0"),
            ("0.1", "0.1"),
            ("1E300", "1e+300"),
            ("123456789012345678901234567890", "1.2345678901234568e+29"),
            ("0.0000001", "1e-7"),
            ("0.000001", "0.000001"),
            ("-1.5e-10", "-1.5e-10"),
        ] {
            assert_eq!(float(literal).as_deref(), Some(spelled), "{literal}");
        }
        assert_eq!(float("1E400"), None);
    }

    #[test]
    fn text_is_escaped_as_go_escapes_it() {
        let odd = Json::from("<b>&\u{2028}\u{2029}\"\\ \u{e9} \u{1} \u{1f}\n\u{2030}");
        assert_eq!(
            odd.to_text(),
            "\"\\u003cb\\u003e\\u0026\\u2028\\u2029\\\"\\\\ \u{e9} \\u0001 \\u001f\\n\u{2030}\""
        );
        assert_eq!(Json::parse(odd.to_text().as_bytes()), Ok(odd));
    }
}
