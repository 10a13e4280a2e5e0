//! Names nobody can guess: tokens, uids.

use super::encoding::base64_url;

/// `N` random bytes.
fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without a source of randomness a fixed name is still a name; nothing outside loopback is guarded by it.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// A random UUID (version 4).
pub(crate) fn uuid() -> String {
    uuid::Builder::from_random_bytes(bytes()).into_uuid().to_string()
}

/// A short uid, as the servers make for what has none.
pub(crate) fn short_uid() -> String {
    bytes::<14>().iter().map(|b| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[usize::from(b % 36)])).collect()
}

/// A token in the form of Grafana's service-account tokens.
pub(crate) fn token() -> String {
    let secret: String = base64_url(&bytes::<36>()).chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    let check = hex::encode(bytes::<4>());
    format!("glsa_{secret:A<32}_{check}")
}
