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

/// Why nothing is sent to an address.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum AddressError {
    /// It is no URL; why.
    #[error("`{0}` is no URL: {1}")]
    NoUrl(String, String),
    /// Plain `http`, and not to this machine.
    #[error("`{0}` would send the token unencrypted")]
    Unencrypted(String),
    /// Neither `https` nor `http`.
    #[error("`{0}:` is not a scheme that a Grafana is reached by")]
    Scheme(String),
    /// It holds a user name or a password.
    #[error("the URL holds a user name or password")]
    User,
    /// It has a query or a fragment.
    #[error("`{0}` has a query or fragment")]
    Query(String),
    /// A header cannot be sent; its name.
    #[error("the header `{0}` cannot be sent")]
    Header(String),
    /// No certificates to check a server by; why.
    #[error("the TLS certificates of this machine could not be loaded: {0}")]
    Certificates(String),
}

impl AddressError {
    /// What to do instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            AddressError::NoUrl(..) | AddressError::Scheme(_) => "it looks like https://grafana.example.com",
            AddressError::Unencrypted(_) => "use https://; plain http is accepted for loopback only",
            AddressError::User => "put a service-account token in GRAFANA_TOKEN",
            AddressError::Query(_) => "give the address of the workspace alone",
            AddressError::Header(_) => "correct its name and its value in the `Grafana` of the directory",
            AddressError::Certificates(_) => {
                "install the package ca-certificates, or name a file of certificates in SSL_CERT_FILE"
            }
        }
    }
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

    /// What to try next.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            ApiError::NotReached(_) => "check the URL, the network and the proxy settings of this machine",
            ApiError::Lost(_) => "run it again: what was done is found, and nothing is done twice",
            ApiError::NotGrafana(_) => "give the address that a browser shows on the workspace's home page",
            ApiError::Unauthorised(refused) => &refused.hint,
            ApiError::TooLarge => "see what answers at that address: no page of Grafana's API is that large",
        }
    }
}

/// The causes of an error, the last and most telling one alone where the others only repeat.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
