//! Where the token of a client comes from: one that was given, or one that can be made anew while a run goes on.

use std::future::Future;
use std::pin::Pin;

use crate::model::Secret;

/// Something that will have happened later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A token as it is sent: which one in a row it is, and its text.
#[derive(Clone, Debug)]
pub struct Token {
    /// Counts the tokens of a run: another number is another token.
    pub number: u64,
    /// The token itself.
    pub secret: Secret,
}

/// A source of tokens.
pub trait Bearer: Send + Sync {
    /// The token to send with; one that is about to run out is renewed first, where it can be.
    fn token(&self) -> Later<'_, Token>;

    /// Told that the token of this number is refused for good: whether there is another one to go on with.
    fn refused(&self, number: u64) -> Later<'_, bool>;

    /// What to do where there is no other.
    fn hint(&self) -> String;
}

/// What a text is that was given for a token and cannot be one, and what to give instead; none where it may be one.
///
/// Found before it is sent: a server answers all of these with one 401, which says nothing of why. No byte of the text
/// is in the answer.
#[must_use]
pub fn fault(text: &str) -> Option<(&'static str, &'static str)> {
    const QUOTES: [char; 8] = ['"', '\'', '`', '“', '”', '‘', '’', '«'];
    const ACCOUNT: &str = "give a token of a service account instead (Administration, Service accounts)";
    let text = text.trim();
    let small = text.to_ascii_lowercase();
    let begins = |word: &str| small.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', ':', '\t']));
    Some(if text.is_empty() {
        ("nothing but white space", "give the token itself")
    } else if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
        (
            "a token in quotes",
            "remove the quotes: a shell takes them off, a file of variables and the settings of a CI do not",
        )
    } else if begins("authorization") {
        ("a whole header", "give the token alone: what stands after `Bearer`")
    } else if begins("bearer") {
        ("a token after the word `Bearer`", "give the token alone: `Bearer` is added")
    } else if begins("basic") {
        ("a user and a password (`Basic`)", ACCOUNT)
    } else if text.starts_with(['{', '[']) && !text.starts_with("{{") {
        ("JSON", "give the token in it alone, as `jq -r .key` prints it")
    } else if text.starts_with(['$', '%', '<', '{']) {
        (
            "a placeholder that nobody has filled in",
            "check how the variable is set: the token itself has to stand there",
        )
    } else if text.contains("://") {
        ("a URL", "give the token; the URL belongs in --url or AMGCTL_URL")
    } else if small.starts_with("glc_") {
        ("a token of Grafana Cloud itself, which opens no workspace", ACCOUNT)
    } else if text.contains(char::is_whitespace) {
        ("more than one word", "give the token alone, on one line")
    } else if text.contains(':') {
        ("a user and a password (`user:password`)", ACCOUNT)
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        ("a character that no token has", "copy the token again: it is one word of plain letters, digits and signs")
    } else {
        return None;
    })
}

/// A token that somebody made and put somewhere: it stays what it is.
pub struct Given {
    /// The token.
    pub secret: Secret,
    /// What to do where it is refused.
    pub hint: String,
}

impl Bearer for Given {
    fn token(&self) -> Later<'_, Token> {
        Box::pin(std::future::ready(Token { number: 0, secret: self.secret.clone() }))
    }

    fn refused(&self, _: u64) -> Later<'_, bool> {
        Box::pin(std::future::ready(false))
    }

    fn hint(&self) -> String {
        self.hint.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::fault;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_token_is_named_for_what_it_is() {
        for (text, told) in [
            ("\"glsa_abc\"", "a token in quotes"),
            ("'glsa_abc'", "a token in quotes"),
            ("glsa_abc\"", "a token in quotes"),
            ("“glsa_abc”", "a token in quotes"),
            ("Bearer glsa_abc", "a token after the word `Bearer`"),
            ("bearer: glsa_abc", "a token after the word `Bearer`"),
            ("Authorization: Bearer glsa_abc", "a whole header"),
            ("Basic YWRtaW46YWRtaW4=", "a user and a password (`Basic`)"),
            ("admin:hunter2", "a user and a password (`user:password`)"),
            ("https://grafana.example.com", "a URL"),
            (r#"{"key":"glsa_abc"}"#, "JSON"),
            ("${GRAFANA_TOKEN}", "a placeholder that nobody has filled in"),
            ("$GRAFANA_TOKEN", "a placeholder that nobody has filled in"),
            ("{{ secrets.TOKEN }}", "a placeholder that nobody has filled in"),
            ("<token>", "a placeholder that nobody has filled in"),
            ("glsa_abc glsa_def", "more than one word"),
            ("glsa_abc\nglsa_def", "more than one word"),
            ("glc_abc", "a token of Grafana Cloud itself, which opens no workspace"),
            ("  ", "nothing but white space"),
            ("glsa_äbc", "a character that no token has"),
            ("glsa_\u{7}abc", "a character that no token has"),
        ] {
            assert_eq!(fault(text).map(|(what, _)| what), Some(told), "{text:?}");
        }
    }

    #[test]
    fn what_may_be_a_token_is_left_to_the_server() {
        for text in [
            "glsa_HOruNAb7SOiCdshU9algkrq7F1h4eyJl_12345678",
            " glsa_abc\n",
            // An API key of before 12: JSON in base64.
            "eyJrIjoiT0tTcG1pUlY2RnVKZTFVaDFsNFZXdE9ZWmNrMkZYbk4iLCJuIjoiYSIsImlkIjoxfQ==",
            "bearerless",
            "basic_1",
        ] {
            assert_eq!(fault(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_let_through_can_stand_in_a_header(text in ".{0,40}") {
            if fault(&text).is_none() {
                prop_assert!(text.trim().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(!text.trim().is_empty());
            }
        }
    }
}
