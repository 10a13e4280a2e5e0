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

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
