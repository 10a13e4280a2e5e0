//! What names and regions of AWS look like.

/// Whether a text can be the name of a region: `eu-west-1`.
#[must_use]
pub fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
