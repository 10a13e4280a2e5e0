//! Lengths of time as people type them, and the bounds that some of them have.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How long a token may live: from what a short run needs to what AWS allows (fact: `token-limits`).
pub const TOKEN_LIFE: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(30 * 24 * 60 * 60);

/// A text that is not a duration, or one that is out of bounds.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Wrong {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<&'static str>,
}

impl Wrong {
    fn new(message: String) -> Wrong {
        Wrong { message, hint: None }
    }
}

/// A length of time as people type it: `30s`, `10m`, `1h 30m`.
///
/// A day is 24 hours; months and years have no length of their own and are refused.
pub fn parse(text: &str) -> Result<Duration, Wrong> {
    let wrong = |_: jiff::Error| Wrong {
        message: format!("`{text}` is not a duration"),
        hint: Some("it looks like 30s, 10m or 7d"),
    };
    let span: jiff::Span = text.parse().map_err(wrong)?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(wrong)?;
    length.try_into().map_err(|_| Wrong::new(format!("`{text}` is negative")))
}

/// The same, of which an error names the flag or the key of a setting.
pub fn named(name: &str, text: &str) -> Result<Duration, Wrong> {
    parse(text).map_err(|wrong| Wrong { message: format!("{name}: {}", wrong.message), ..wrong })
}

/// How long a token is to live: within [`TOKEN_LIFE`].
pub fn token_life(name: &str, text: &str) -> Result<Duration, Wrong> {
    let life = named(name, text)?;
    if TOKEN_LIFE.contains(&life) {
        return Ok(life);
    }
    Err(Wrong::new(format!("{name} {text}: a token lives from 1m to 30d, and AWS gives none a longer life")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        assert_eq!(parse("10m").unwrap().as_secs(), 600);
        assert_eq!(parse("20ms").unwrap().as_millis(), 20);
        assert_eq!(parse("7d").unwrap().as_secs(), 7 * 86_400);
        assert_eq!(parse("1w 1d").unwrap().as_secs(), 8 * 86_400);
        assert!(parse("1mo").is_err());
        assert!(parse("soon").is_err());
    }
}
