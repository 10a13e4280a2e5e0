//! Takes secrets out of somebody else's words, in every spelling that a server, a proxy or a library repeats them in.
//!
//! Hiding comes before cutting and before escaping: a secret that was cut in the middle is not found any more.

use std::collections::HashSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use super::Secret;
use super::request::encode;

/// Shorter texts are left alone: they stand in ordinary words as well, and taking them out of these tells where.
const SHORTEST: usize = 4;
/// So many characters in a row of a longer secret are hidden too: others cut what they repeat.
const PIECE: usize = 12;
/// No more of somebody else's words is looked at: nobody shows as much.
const LONGEST: usize = 64 * 1024;

/// Words without these secrets: `…` stands in their place.
///
/// A secret is found as it is, escaped as in JSON (also twice), percent-encoded, as in HTML and XML, in base 64 at any
/// offset, and in hexadecimal digits. Of a secret that is one word, as tokens and keys are, pieces are found too.
#[must_use]
pub fn hide(words: &str, secrets: &[&Secret]) -> String {
    let text: Vec<char> = words.chars().take(LONGEST).collect();
    let mut hidden = vec![false; text.len()];
    for secret in secrets {
        let secret = secret.expose();
        // What is stored may end in a newline that nobody repeats.
        for secret in HashSet::from([secret, secret.trim()]) {
            if secret.chars().count() < SHORTEST {
                continue;
            }
            for spelling in spellings(secret) {
                mark(&text, &spelling, spelling.len(), &mut hidden);
                if is_one_word(secret) && spelling.len() > PIECE {
                    mark(&text, &spelling, PIECE, &mut hidden);
                }
            }
        }
    }
    let mut out = String::with_capacity(words.len());
    for (at, c) in text.iter().enumerate() {
        match hidden[at] {
            false => out.push(*c),
            true if at == 0 || !hidden[at - 1] => out.push('…'),
            true => {}
        }
    }
    out
}

/// Whether no part of a secret is an ordinary word by itself, as the keys of an object are.
fn is_one_word(secret: &str) -> bool {
    !secret.contains(char::is_whitespace) && !secret.starts_with(['{', '['])
}

/// Marks every place where so many characters in a row of a spelling stand.
fn mark(text: &[char], spelling: &[char], width: usize, hidden: &mut [bool]) {
    if width == 0 || width > text.len() {
        return;
    }
    let pieces: HashSet<&[char]> = spelling.windows(width).collect();
    for (at, piece) in text.windows(width).enumerate() {
        if pieces.contains(piece) {
            hidden[at..at + width].fill(true);
        }
    }
}

/// The ways in which a secret is written.
fn spellings(secret: &str) -> HashSet<Vec<char>> {
    let json = in_json(secret);
    let percent = encode(secret);
    // As forms have it.
    let form = percent.replace("%20", "+");
    let mut all: HashSet<String> = HashSet::from([
        secret.to_owned(),
        in_json(&json),
        json.replace('/', "\\/"),
        // Go's encoder.
        json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
        in_ascii(&json),
        json,
        percent.to_lowercase_escapes(),
        form.to_lowercase_escapes(),
        percent,
        form,
        in_html(secret, "&#39;", "&quot;"),
        in_html(secret, "&#39;", "&#34;"),
        in_html(secret, "&apos;", "&quot;"),
        in_html(secret, "'", "\""),
    ]);
    all.insert(hex::encode(secret));
    all.insert(hex::encode_upper(secret));
    for before in 0..3 {
        let encoded = base64_within(secret.as_bytes(), before);
        all.insert(encoded.replace('+', "-").replace('/', "_"));
        all.insert(encoded);
    }
    all.into_iter().filter(|text| text.chars().count() >= SHORTEST).map(|text| text.chars().collect()).collect()
}

/// The inside of a JSON text.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The same for encoders that write nothing but ASCII.
fn in_ascii(json: &str) -> String {
    let mut out = String::new();
    for c in json.chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
        }
    }
    out
}

trait LowercaseEscapes {
    fn to_lowercase_escapes(&self) -> String;
}

impl LowercaseEscapes for String {
    /// `%2F` as `%2f`.
    fn to_lowercase_escapes(&self) -> String {
        let mut parts = self.split('%');
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // Two digits stand there, both of them ASCII.
            let (digits, rest) = part.split_at(2.min(part.len()));
            out.push('%');
            out.push_str(&digits.to_lowercase());
            out.push_str(rest);
        }
        out
    }
}

fn in_html(text: &str, quote: &str, double: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', quote).replace('"', double)
}

/// Base 64 of bytes that so many others stand before, without the characters that those others or what follows decide.
fn base64_within(bytes: &[u8], before: usize) -> String {
    let padded: Vec<u8> = std::iter::repeat_n(0, before).chain(bytes.iter().copied()).collect();
    let first = (before * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    BASE64_STANDARD_NO_PAD.encode(&padded).get(first..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hidden(words: &str, secret: &str) -> String {
        hide(words, &[&Secret::new(secret.into())])
    }

    #[test]
    fn a_secret_is_hidden_in_every_spelling() {
        let secret = "p/w+\"ü<&'5\\x";
        for (spelling, how) in [
            (secret, "as it is"),
            (r#"p/w+\"ü<&'5\\x"#, "JSON"),
            (r#"p\/w+\"ü<&'5\\x"#, "JSON of PHP"),
            (r#"p/w+\"ü\u003c\u0026'5\\x"#, "JSON of Go"),
            (r#"p/w+\"\u00fc<&'5\\x"#, "JSON of Python"),
            (r#"p/w+\\\"ü<&'5\\\\x"#, "JSON in JSON"),
            ("p%2Fw%2B%22%C3%BC%3C%26%275%5Cx", "percent"),
            ("p%2fw%2b%22%c3%bc%3c%26%275%5cx", "percent, small"),
            ("p/w+&quot;ü&lt;&amp;&#39;5\\x", "HTML"),
            ("cC93KyLDvDwmJzVceA", "base 64"),
            ("cC93KyLDvDwmJzVceA==", "base 64, padded"),
            ("702f772b22c3bc3c2627355c78", "hexadecimal"),
        ] {
            let told = hidden(&format!("Value '{spelling}' is not valid"), secret);
            let rest = told.replace("==", "").replace('A', "");
            assert_eq!(rest, "Value '…' is not valid", "{how}");
        }
    }

    #[test]
    fn a_token_is_hidden_in_base_64_at_any_offset() {
        let token = "glsa_0123456789abcdefghij";
        for user in ["", "a", "ab", "abc", "amgctl:"] {
            let encoded = base64_within(format!("{user}{token}").as_bytes(), 0);
            let told = hidden(&format!("Basic {encoded}"), token);
            assert!(told.contains('…') && told.len() < "Basic ".len() + 20, "{told}");
        }
    }

    #[test]
    fn a_piece_of_a_token_is_hidden_and_words_beside_it_are_not() {
        let token = "glsa_0123456789abcdefghij";
        assert_eq!(hidden("got glsa_0123456789abc", token), "got …");
        assert_eq!(hidden("got …56789abcdefghij, too long", token), "got ……, too long");
        let object = r#"{"token":"glsa_0123456789abcdefghij","workspaceId":"g-0123456789"}"#;
        assert_eq!(hidden("no workspaceId in g-0123456789", object), "no workspaceId in g-0123456789");
        assert_eq!(hidden(&format!("Value '{object}' at 'secretString'"), object), "Value '…' at 'secretString'");
    }

    #[test]
    fn a_letter_is_no_secret() {
        assert_eq!(hidden("a plain answer", "a"), "a plain answer");
        assert_eq!(hidden("a plain answer", ""), "a plain answer");
    }

    proptest! {
        #[test]
        fn no_secret_survives(before in "\\PC{0,20}", secret in "[!-~ü]{4,40}", after in "\\PC{0,20}") {
            for spelling in spellings(&secret) {
                let spelling: String = spelling.into_iter().collect();
                let told = hidden(&format!("{before}{spelling}{after}"), &secret);
                // The words around it may hold a short one by chance; then it is hidden there too.
                prop_assert!(!told.contains(&spelling), "{told}");
                prop_assert!(!told.contains(&secret), "{told}");
            }
        }

        #[test]
        fn words_without_the_secret_stay_as_they_are(words in "[a-m ]{0,80}", secret in "[N-Z]{4,20}") {
            let secret = format!("{secret}!");
            // By chance a spelling may be made of small letters: hexadecimal digits are.
            let by_chance = spellings(&secret).iter().any(|s| s.iter().all(|c| c.is_lowercase() || *c == ' '));
            if !by_chance {
                prop_assert_eq!(hidden(&words, &secret), words);
            }
        }
    }
}
