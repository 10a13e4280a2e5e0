//! Turns titles into the slugs of addresses; which of three ways, [`Slugs`] says.
//!
//! Some letters have a spelling (`pkg/infra/slugify` of Grafana: one table for all versions); what becomes of the rest
//! differs by server.

use sha1::{Digest as _, Sha1};
use uuid::{Builder, Uuid};

use super::encoding::base64_url;

/// How a server makes slugs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slugs {
    /// Each run of anything else is one hyphen, no limit of length (9.4).
    Hyphens,
    /// Bytes of everything else in hexadecimal; beyond 50 bytes a name-based UUID (10.1).
    HexOrUuid,
    /// The same; beyond 50 bytes the first seven digits of the title's SHA-1 (12.4).
    HexOrHash,
}

/// The slug of a title.
pub(crate) fn slug(title: &str, how: Slugs) -> String {
    let title = title.trim();
    match how {
        Slugs::Hyphens => {
            let slug = hyphens(title);
            if slug.is_empty() { base64_url(title.as_bytes()) } else { slug }
        }
        Slugs::HexOrUuid => short(title).unwrap_or_else(|| name_uuid(title)),
        Slugs::HexOrHash => {
            short(title).unwrap_or_else(|| hex::encode(Sha1::digest(title)).get(..7).unwrap_or_default().to_owned())
        }
    }
}

fn short(title: &str) -> Option<String> {
    let slug = hexadecimal(title);
    (slug.len() <= 50 && !slug.is_empty()).then_some(slug)
}

fn hyphens(title: &str) -> String {
    let mut out = String::new();
    let mut in_a_run = false;
    for c in title.chars().map(lower) {
        match plain(c) {
            Some(letters) => out.push_str(letters),
            None if c.is_ascii_alphanumeric() => out.push(c),
            None if in_a_run => continue,
            None => out.push('-'),
        }
        in_a_run = plain(c).is_none() && !c.is_ascii_alphanumeric();
    }
    out.trim_matches('-').to_owned()
}

// One letter for one letter.
fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn hexadecimal(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars().map(lower) {
        match c {
            'a'..='z' | '0'..='9' | '_' | '-' => out.push(c),
            ' ' => out.push('-'),
            ',' | '"' | '\'' | '\n' | '\r' | '\0' | '?' | '.' | '(' | ')' | '!' => {}
            _ => match plain(c) {
                Some(letters) => out.push_str(letters),
                None => c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| out.push_str(&hex::encode([b]))),
            },
        }
    }
    out
}

/// How a letter or sign is spelled in the Latin alphabet, if it has such a form.
fn plain(c: char) -> Option<&'static str> {
    SPELLINGS.iter().find(|(letters, _)| letters.contains(c)).map(|(_, spelling)| *spelling)
}

/// Each letter of the first text is written as the second.
const SPELLINGS: &[(&str, &str)] = &[
    ("&", "and"),
    ("@", "at"),
    ("©çćĉċčцצ", "c"),
    ("®ŕŗřрר", "r"),
    ("™", "tm"),
    ("àáâäåāăąǎǻаאảãạắằẳẵặấầẩẫậ", "a"),
    ("æǽ", "ae"),
    ("б", "b"),
    ("ב", "b"),
    ("ץ", "C"),
    ("ч", "ch"),
    ("ďđдד", "d"),
    ("èéêëēĕėęěəеєעẻẽẹếềểễệ", "e"),
    ("ƒф", "f"),
    ("ĝğġģгґג", "g"),
    ("ĥħхהח", "h"),
    ("ìíîïĩīĭįıǐиіїיỉị", "i"),
    ("ĳ", "ij"),
    ("ĵй", "j"),
    ("я", "ja"),
    ("э", "je"),
    ("ё", "jo"),
    ("ю", "ju"),
    ("ķĸкךכ", "k"),
    ("ĺļľŀłлל", "l"),
    ("мםמ", "m"),
    ("ńņňŉŋнןנ", "n"),
    ("òóôõöøōŏőơǒǿоỏọốồổỗộớờởỡợ", "o"),
    ("œ", "oe"),
    ("þпףפ", "p"),
    ("ק", "q"),
    ("śŝşšсס", "s"),
    ("щ", "sch"),
    ("ш", "sh"),
    ("ß", "ss"),
    ("ţťŧтטת", "t"),
    ("ùúûũūŭůűųưǔǖǘǚǜуủụứừửữự", "u"),
    ("ü", "ue"),
    ("вו", "v"),
    ("ŵש", "w"),
    ("ýÿŷыỳỷỹỵ", "y"),
    ("źżžſзז", "z"),
    ("ж", "zh"),
    ("ъь", "-"),
];

/// A name-based UUID (version 5) below the namespace of object identifiers.
fn name_uuid(name: &str) -> String {
    let digest = Sha1::new().chain_update(Uuid::NAMESPACE_OID).chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_sha1_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_those_the_recordings_hold() {
        let long = "t".repeat(200);
        assert_eq!(slug("amgctl: demo", Slugs::Hyphens), "amgctl-demo");
        assert_eq!(slug("amgctl: demo", Slugs::HexOrHash), "amgctl3a-demo");
        for how in [Slugs::Hyphens, Slugs::HexOrUuid, Slugs::HexOrHash] {
            assert_eq!(slug("One!", how), "one");
            assert_eq!(slug("Alpha three", how), "alpha-three");
        }
        assert_eq!(slug(&long, Slugs::Hyphens), long);
        assert_eq!(slug(&long, Slugs::HexOrUuid), "8f82a5c4-9dcb-5c45-9209-75c170dba684");
        assert_eq!(slug(&long, Slugs::HexOrHash), "14c7c30");
        assert_eq!(slug("", Slugs::HexOrHash), "da39a3e");
    }

    #[test]
    fn letters_lose_their_marks() {
        assert_eq!(slug("Cr\u{e8}me br\u{fb}l\u{e9}e", Slugs::HexOrHash), "creme-brulee");
        assert_eq!(slug("***", Slugs::Hyphens), "Kioq");
        assert_eq!(
            slug("\u{dc}bersicht / \u{dc}berblick: 100% <ok>", Slugs::Hyphens),
            "uebersicht-ueberblick-100-ok"
        );
        assert_eq!(slug("A/B & C", Slugs::HexOrHash), "a2fb-and-c");
    }
}
