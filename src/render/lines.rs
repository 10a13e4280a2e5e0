//! How two texts differ line by line, for files that are no documents of ours (pure).
//!
//! What nobody knows the meaning of may hold a secret: values behind keys that speak of one are not shown, and of a text
//! that holds a document of secrets only how many lines differ.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_lite::Regex;
use similar::{ChangeTag, TextDiff};

use super::style::{Style, Tone, clean};

/// So many lines around a change are shown.
const AROUND: usize = 3;
/// Texts of more lines are not compared: it takes the product of both where everything differs.
const LONGEST: usize = 20_000;
/// Stands for a value that may be a secret.
const HIDDEN: &str = "(not shown)";

/// What keys of secrets have in them.
const WORDS: &str =
    "password|passwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|credential|authorization";

/// A key that speaks of a secret, and its value.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let value = r#""(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',}\]][^,}\]\r\n]*"#;
    Regex::new(&format!(r#"(?i)(["'\\]*[\w.-]*(?:{WORDS})[\w.-]*["'\\]*\s*[:=]\s*)({value})"#))
        .expect("the pattern is fixed")
});

/// What a text of secrets has in it: theirs are lines without a key that says so.
static OF_SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    let kind = r#"\bkind["'\\]*\s*:\s*["'\\]*secret\b"#;
    let block = format!(r#"(?:{WORDS})[\w.-]*["']?\s*:\s*[|>]"#);
    Regex::new(&format!(r"(?i)securejsondata|basicauthpassword|private key-----|glsa_|{kind}|{block}"))
        .expect("the pattern is fixed")
});

/// How two texts of one file differ, as a unified diff; none is a file that is not there, and what is not UTF-8 is only
/// said to differ.
#[must_use]
pub fn difference(path: &str, before: Option<&[u8]>, after: Option<&[u8]>, style: &Style) -> String {
    let name = |side: &str, there: bool| if there { format!("{side}/{}", clean(path)) } else { "/dev/null".into() };
    let (old, new) = (name("a", before.is_some()), name("b", after.is_some()));
    let mut lines = Vec::new();
    let texts = (text(before), text(after));
    let (Some(before), Some(after)) = texts else {
        return format!("Binary files {old} and {new} differ");
    };
    let counts = format!("{} lines before, {} lines after", before.lines().count(), after.lines().count());
    let unshown = if [before, after].iter().any(|text| OF_SECRETS.is_match(text)) {
        Some("its lines are not shown, because it may hold secrets")
    } else if [before, after].iter().any(|text| text.lines().count() > LONGEST) {
        Some("it is too long to be compared line by line")
    } else {
        None
    };
    lines.push(style.paint(Tone::Strong, &format!("--- {old}")));
    lines.push(style.paint(Tone::Strong, &format!("+++ {new}")));
    if let Some(why) = unshown {
        lines.push(format!("{why}: {counts}"));
        return lines.join("\n");
    }
    let diff = TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().context_radius(AROUND).iter_hunks() {
        lines.push(style.paint(Tone::Outside, hunk.header().to_string().trim_end()));
        for change in hunk.iter_changes() {
            let (sign, tone) = match change.tag() {
                ChangeTag::Delete => ('-', Tone::Remove),
                ChangeTag::Insert => ('+', Tone::Add),
                ChangeTag::Equal => (' ', Tone::Plain),
            };
            lines.push(style.paint(tone, &format!("{sign}{}", shown(change.value()))));
        }
    }
    lines.join("\n")
}

fn text(bytes: Option<&[u8]>) -> Option<&str> {
    let text = std::str::from_utf8(bytes.unwrap_or_default()).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// A line without its end, without secrets, and without what moves the cursor.
fn shown(line: &str) -> String {
    let line = SECRET.replace_all(line.trim_end_matches(['\r', '\n']), format!("${{1}}{HIDDEN}"));
    let parts: Vec<Cow<'_, str>> = line.split('\t').map(clean).collect();
    parts.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> String {
        difference("x.yaml", Some(before.as_bytes()), Some(after.as_bytes()), &Style::default())
    }

    #[test]
    fn lines_differ_as_in_a_unified_diff() {
        let expected = "--- a/x.yaml\n+++ b/x.yaml\n@@ -1,2 +1,2 @@\n one\n-two\n+2\tthree";
        assert_eq!(told("one\ntwo\n", "one\n2\tthree\n"), expected);
        let gone = difference("x", Some(b"a\n"), None, &Style::default());
        assert_eq!(gone, "--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a");
        assert_eq!(difference("x", Some(&[0xff]), Some(b""), &Style::default()), "Binary files a/x and b/x differ");
    }

    #[test]
    fn no_secret_is_shown() {
        for line in [
            "password: planted",
            "  db_password = planted words",
            r#"{"a": 1, "apiKey": "planted", "b": 2}"#,
            r#"{"a": 1, "apiKey": "plan\"ted", "b": 2}"#,
            "- GRAFANA_TOKEN='planted'",
            r#"text: "{\"accessKey\": \"planted\"}""#,
            "secureJsonData:\n  x: planted",
            "apiVersion: v1\nkind: Secret\nstringData:\n  x: planted",
            "{\"kind\": \"Secret\", \"data\": {\"x\": \"planted\"}}",
            "-----BEGIN RSA PRIVATE KEY-----\nplanted",
            "token: |\n  planted",
        ] {
            for text in [told(line, ""), told("other", line), told(line, &format!("{line}\nmore"))] {
                assert!(!text.contains("planted") && !text.contains("ted\""), "{line}\n{text}");
            }
        }
        assert!(told("kind: SecretStore\nname: a", "kind: SecretStore\nname: b").contains("+name: b"));
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert!(!told("a\u{1b}[31m", "b").contains('\u{1b}'));
    }
}
