//! Bytes as text and back, as lenient as the servers are.

use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// What a percent sign and two digits stand for in an address: everything but the unreserved characters of RFC 3986.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Base 64 in the alphabet of addresses, without padding.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Undoes base 64 of either alphabet, padded or not; nothing when the text is none.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));
    LENIENT.decode(text.trim_end_matches('=').replace('-', "+").replace('_', "/")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_undone() {
        assert_eq!(from_base64("YWRtaW46YWRtaW4=").as_deref(), Some("admin:admin".as_bytes()));
        assert_eq!(from_base64("_-8"), from_base64("/+8="));
        assert_eq!(from_base64("a b"), None);
    }
}
