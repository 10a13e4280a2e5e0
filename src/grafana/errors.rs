//! What can go wrong with one request, told apart by what is known of its effect.

use thiserror::Error;

/// A request without a usable answer.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ApiError {
    /// It never reached the server: nothing was done.
    #[error("the workspace could not be reached: {0}")]
    NotReached(String),
    /// It may have reached the server; its answer did not come back. A write may have been done.
    #[error("the workspace's answer was lost: {0}")]
    Lost(String),
    /// What answered is not a Grafana's API: a login page, a proxy, another site.
    #[error("this does not look like the address of a Grafana: {0}")]
    NotGrafana(String),
    /// The token is not accepted (any more).
    #[error("Grafana refused the token (401, {})", .0.words)]
    Unauthorised(Refused),
    /// The answer is larger than any that a Grafana gives.
    #[error("the workspace's answer is too large")]
    TooLarge,
}

/// A token that was refused for good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The server's words.
    pub words: String,
    /// What to do, which depends on where the token came from.
    pub hint: String,
}

impl ApiError {
    /// Tells a failed send by whether the connection was made at all.
    pub(super) fn of(error: &reqwest::Error) -> ApiError {
        if error.is_connect() || error.is_builder() {
            ApiError::NotReached(chain(error))
        } else if error.is_timeout() {
            ApiError::Lost("none came within 60 s".into())
        } else {
            ApiError::Lost(chain(error))
        }
    }

    /// A body that ended in the middle.
    pub(super) fn of_body(error: &reqwest::Error) -> ApiError {
        ApiError::Lost(format!("it ended in the middle ({})", chain(error)))
    }

    /// What to try next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            ApiError::NotReached(_) => Some("check the URL, the network and the proxy settings of this machine"),
            ApiError::NotGrafana(_) => Some("give the address that a browser shows on the workspace's home page"),
            ApiError::Unauthorised(refused) => Some(&refused.hint),
            ApiError::Lost(_) | ApiError::TooLarge => None,
        }
    }
}

/// The causes of an error, the last and most telling one alone where the others only repeat.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
