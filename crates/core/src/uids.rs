//! Uids for what names none: derived from the path, the name or the titles, by rules that never change.
//!
//! The rules stand in `docs/uids.md`; the tests below hold them for ever, because every one of these uids is in
//! somebody's workspace.

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::model::{FolderPath, Uid};

/// How much of a name stands readable before the digest.
const READABLE: usize = 23;

/// The uid of a dashboard without one: from its path relative to the stack's directory, without extension.
///
/// `document` counts the documents of the file from 0; the first one's uid does not name it.
#[must_use]
pub fn dashboard_uid(path: &str, document: usize) -> Uid {
    let path: String = stem(path).nfc().collect();
    let seed = if document == 0 { path.clone() } else { format!("{path}#{document}") };
    made(path.rsplit('/').next().unwrap_or(&path), &seed, "dashboard")
}

/// The uid of a data source without one: from its name, as Grafana's own provisioning makes it.
///
/// So a dashboard that was made against a provisioned Grafana finds the same data source here.
#[must_use]
pub fn datasource_uid(name: &str) -> Uid {
    let digest = hex::encode(Sha256::digest(name.as_bytes())).to_ascii_uppercase();
    checked(&format!("P{}", &digest[..16]))
}

/// The uid of a folder that stands for a directory: from the titles of its path, never from the stack.
#[must_use]
pub fn folder_uid(path: &FolderPath) -> Uid {
    let titles: Vec<String> = path.titles().iter().map(|title| title.nfc().collect()).collect();
    made(titles.last().map_or("", String::as_str), &titles.join("\0"), "folder")
}

/// The uid of an object of a cluster without one: a UUID of version 5 from its namespace, its kind and its name.
#[must_use]
pub fn manifest_uid(namespace: &str, kind: &str, name: &str) -> Uid {
    use sha1::{Digest as _, Sha1};

    /// The namespace of URLs (RFC 9562).
    const URLS: [u8; 16] =
        [0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];
    let url = format!("https://grafana.integreatly.org/{namespace}/{kind}/{name}");
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha1::new().chain_update(URLS).chain_update(url).finalize()[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    checked(&[&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

/// A text in Unicode's composed form, so that a name is the same on every machine.
#[must_use]
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}

// The path without the extension of its last part.
fn stem(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') => stem,
        _ => path,
    }
}

fn made(name: &str, seed: &str, kind: &str) -> Uid {
    let mut readable = String::new();
    for c in name.chars() {
        if readable.len() == READABLE {
            break;
        }
        if c.is_ascii_alphanumeric() {
            readable.push(c.to_ascii_lowercase());
        } else if !readable.is_empty() && !readable.ends_with('-') {
            readable.push('-');
        }
    }
    let readable = readable.trim_end_matches('-');
    // What begins with `amgctl` is kept for amgctl itself.
    let readable = if readable.is_empty() || readable.starts_with("amgctl") { kind } else { readable };
    let digest = hex::encode(Sha256::digest(format!("{kind}\0{seed}").as_bytes()));
    checked(&format!("{readable}-{}", &digest[..16]))
}

fn checked(text: &str) -> Uid {
    Uid::parse(text).expect("letters, digits and `-` only, and at most 23 + 1 + 16 of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(titles: &[&str]) -> String {
        folder_uid(&FolderPath::new(titles.iter().map(|t| (*t).to_owned()).collect()).unwrap()).to_string()
    }

    // These uids are in workspaces: a change here is a change there. Never edit an expectation.
    #[test]
    fn derived_uids_never_change() {
        for (path, document, uid) in [
            ("dashboards/Infra/Linux/node.json", 0, "node-02e450edf3ef281f"),
            ("dashboards/Infra/Linux/node.yaml", 0, "node-02e450edf3ef281f"),
            ("node.json", 0, "node-5f8558078c932f68"),
            ("many.yaml", 1, "many-936ab857d3c63cb2"),
            ("shop/Überblick – p99 (v2).final.json", 0, "berblick-p99-v2-final-9840030e74744b54"),
            ("shop/日本.json", 0, "dashboard-2566aba0223786ad"),
            ("amgctl-overview.json", 0, "dashboard-ee6b9db7d2215b74"),
            ("a-very-long-name-for-a-dashboard-file-of-a-team.json", 0, "a-very-long-name-for-a-f0395dd6e7356aba"),
        ] {
            assert_eq!(dashboard_uid(path, document).as_str(), uid, "{path}#{document}");
        }
        assert_eq!(datasource_uid("Prometheus").as_str(), "PBFA97CFB590B2093");
        assert_eq!(datasource_uid("AMP prod (eu)").as_str(), "PF423EBF5CC7CCB76");
        let manifest = manifest_uid("monitoring", "GrafanaDashboard", "cpu");
        assert_eq!(manifest.as_str(), "6b77c779-6fd2-505a-9f07-d6929342b20a");
        assert_eq!(folder(&["Infra"]), "infra-5b581abe1f4937ed");
        assert_eq!(folder(&["Infra", "Linux"]), "linux-7fcaeae515925b3e");
        assert_eq!(folder(&["Infra / Linux"]), "infra-linux-2a311e7d10a51a3e");
    }

    #[test]
    fn composed_and_decomposed_names_are_one_name() {
        assert_eq!(dashboard_uid("Z\u{fc}rich.json", 0), dashboard_uid("Zu\u{308}rich.json", 0));
        assert_eq!(folder(&["Z\u{fc}rich"]), folder(&["Zu\u{308}rich"]));
    }
}
