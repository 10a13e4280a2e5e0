//! Numbers as they are written, and which of them Grafana can keep.
//!
//! Since 12 it keeps every number as a 64-bit float (fact: `numbers-as-floats`): an integer with more digits than one
//! holds is a warning, a number beyond the largest one is an error.

use serde_json::Number;

use crate::model::digest::is_wide_integer;
use crate::model::{Problem, Spot};

/// What a word that should be a number amounts to.
pub(crate) enum Read {
    /// A number that every server keeps.
    Kept(Number),
    /// An integer that loses digits.
    Wide(Number),
    /// More than the largest 64-bit float.
    Infinite,
    /// Not spelled as JSON spells numbers, and what to do about it (may be empty).
    Misspelled(&'static str),
}

/// Reads a number as JSON writes it.
pub(crate) fn read(token: &str) -> Read {
    let Some(integer) = spelling(token) else {
        return Read::Misspelled(match token {
            "-Infinity" | "-NaN" => "Grafana cannot keep it either: write `null`",
            t if t.trim_start_matches('-').starts_with('0') => "leave out the leading zero",
            t if t.ends_with('.') => "write at least one digit after the point",
            _ => "",
        });
    };
    if integer && token != "-0" {
        let whole = token.parse::<i64>().map(Number::from).or_else(|_| token.parse::<u64>().map(Number::from));
        if let Ok(number) = whole {
            return if is_wide_integer(&number) { Read::Wide(number) } else { Read::Kept(number) };
        }
    }
    match token.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) if integer && !holds(&number, token) => Read::Wide(number),
        Some(number) => Read::Kept(number),
        None => Read::Infinite,
    }
}

/// An integer that a 64-bit float cannot hold.
pub(crate) fn wide(token: &str, spot: Spot) -> Problem {
    let becomes = token.parse::<f64>().map(|f| format!("{f:.0}")).unwrap_or_default();
    Problem::warning(
        "wide-number",
        format!("`{token}` has more digits than Grafana 12 can keep; it becomes `{becomes}`"),
    )
    .spot(spot)
    .help("write it as a text, if the panel can read one")
}

/// A number that is infinite as a 64-bit float.
pub(crate) fn beyond(token: &str, spot: Spot) -> Problem {
    Problem::error("number", format!("`{token}` is larger than any number that Grafana can keep"))
        .spot(spot)
        .help("the largest is about 1.8e308")
}

/// Whether a float is exactly the integer that `digits` spell.
pub(crate) fn holds(number: &Number, digits: &str) -> bool {
    number.as_f64().is_some_and(|f| format!("{f:.0}") == digits.trim_start_matches('+'))
}

// Whether a token is spelled as JSON spells an integer (true) or another number (false); none when as neither.
fn spelling(token: &str) -> Option<bool> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let rest = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let right = digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    right.then_some(fraction.is_none() && exponent.is_none())
}
