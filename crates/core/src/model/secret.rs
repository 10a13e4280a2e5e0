//! The one type that holds a secret: a token, a password, a value of `secureJsonData`.
//!
//! It has no `Display`, no `Serialize` and no `PartialEq`; its `Debug` says nothing. A test in `tests/it/tidy.rs` keeps it so.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A text that must never be shown, logged or stored by us.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a text in.
    #[must_use]
    pub fn new(text: String) -> Secret {
        Secret(SecretString::from(text))
    }

    /// The text itself: only for the body of a request, an `Authorization` header, or a keyed fingerprint.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A text without values that must not be shown: each is replaced by how it is written. One of fewer than six characters
/// may be a part of any word, so it is replaced only where it stands in quotes.
#[must_use]
pub fn conceal(text: &str, hidden: &[(&str, &str)]) -> String {
    const SHORT: usize = 6;
    let mut hidden: Vec<_> = hidden.iter().filter(|(value, _)| !value.is_empty()).collect();
    // The longest first: a shorter one may be a part of it.
    hidden.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    let mut text = text.to_owned();
    for (value, written) in hidden {
        if value.chars().count() >= SHORT {
            text = text.replace(value, written);
            continue;
        }
        for quote in ['"', '`', '\''] {
            text = text.replace(&format!("{quote}{value}{quote}"), &format!("{quote}{written}{quote}"));
        }
    }
    text
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
