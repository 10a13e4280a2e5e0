//! Until when a server's certificate is valid: one request without a token, for `amgctl doctor`.

use std::time::Duration;

use reqwest::tls::TlsInfo;

use super::errors::ApiError;
use super::{is_this_machine, provide_crypto};

/// When the certificate of the server of a URL ends, in seconds since 1970; none where the URL has none (plain `http`), or
/// nothing is told of it.
pub async fn ends(url: &str) -> Result<Option<i64>, ApiError> {
    if !url.starts_with("https://") {
        return Ok(None);
    }
    provide_crypto();
    let builder = reqwest::Client::builder();
    let builder = if is_this_machine(url) { builder.no_proxy() } else { builder };
    let client = builder
        .tls_info(true)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(20))
        .build()
        .map_err(|e| ApiError::of(&e))?;
    let answer = client.get(url).send().await.map_err(|e| ApiError::of(&e))?;
    let told = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    Ok(told.and_then(end))
}

/// The end of a certificate's validity (RFC 5280, 4.1), in seconds since 1970; none where it cannot be read.
fn end(certificate: &[u8]) -> Option<i64> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (SEQUENCE, certificate, _) = element(certificate)? else { return None };
    let (SEQUENCE, mut rest, _) = element(certificate)? else { return None };
    if let (VERSION, _, after) = element(rest)? {
        rest = after;
    }
    // The number, the algorithm and the issuer stand before the validity.
    for _ in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (SEQUENCE, validity, _) = element(rest)? else { return None };
    let (_, _, after) = element(validity)?;
    let (tag, text, _) = element(after)?;
    moment(tag, std::str::from_utf8(text).ok()?)
}

/// The first element of DER: its tag, what is in it, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (inside, after) = rest.split_at_checked(length)?;
    Some((tag, inside, after))
}

/// A time of DER: `YYMMDDHHMMSSZ` (its first half before 2050), or with four digits of the year.
fn moment(tag: u8, text: &str) -> Option<i64> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let digits = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let whole = match (tag, digits.len()) {
        (UTC_TIME, 12) if digits < "5" => format!("20{digits}"),
        (UTC_TIME, 12) => format!("19{digits}"),
        (GENERALIZED_TIME, 14) => digits.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| whole.get(from..to);
    let (date, hour, minute, second) = (part(0, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let text = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element of DER with its parts inside.
    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let inside = parts.concat();
        let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, &inside].concat()
    }

    #[test]
    fn the_end_of_a_certificate_is_read_and_nothing_else_is_one() {
        let time = |tag: u8, text: &str| der(tag, &[text.as_bytes()]);
        let certificate = |end: &[u8]| {
            let validity = der(0x30, &[&time(0x17, "250101000000Z"), end]);
            let (version, other) = (der(0xa0, &[&[2, 1, 2]]), der(0x30, &[]));
            der(0x30, &[&der(0x30, &[&version, &[2, 1, 7], &other, &other, &validity, &other]), &other])
        };
        assert_eq!(end(&certificate(&time(0x17, "700101000100Z"))), Some(60));
        assert_eq!(end(&certificate(&time(0x18, "20500101000000Z"))), Some(2_524_608_000));
        assert_eq!(end(&certificate(&time(0x17, "491231235959Z"))), Some(2_524_607_999));
        let whole = certificate(&time(0x17, "300101000000Z"));
        for cut in 0..whole.len() - 3 {
            let _ = end(&whole[..cut]);
        }
        assert_eq!(end(&whole[..40]), None);
        assert_eq!(end(&certificate(&time(0x17, "tomorrow"))), None);
    }
}
