//! The slug of a title, as Grafana 9.4 compares titles by it (`grafana-api.md` 1.5).
//!
//! Lower case, letters without their marks, everything else a hyphen, `&` and `@` as words. Two titles that the server
//! tells apart and this does not are refused too early, never overwritten.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The slug of a title; empty titles and titles of signs alone give the title itself, lower-cased.
#[must_use]
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.trim().to_lowercase().nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            c if c.is_alphanumeric() || c == '_' => slug.push(c),
            '"' | '\'' | '\u{2019}' => {}
            '&' => slug.push_str("and"),
            '@' => slug.push_str("at"),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let slug = slug.trim_matches(['-', '_']);
    if slug.is_empty() { title.trim().to_lowercase() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_that_9_4_takes_for_one_have_one_slug() {
        for title in ["One", "ONE", "One!", " one "] {
            assert_eq!(slug(title), "one");
        }
        assert_eq!(slug("Ünïcode & co"), "unicode-and-co");
        assert_ne!(slug("!"), slug("?"));
    }
}
