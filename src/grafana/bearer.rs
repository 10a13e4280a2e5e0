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
