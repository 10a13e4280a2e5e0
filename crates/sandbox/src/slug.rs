//! Turns titles into the slugs of addresses; which of three ways, [`Slugs`] says.
//!
//! Some letters have a spelling (`pkg/infra/slugify` of Grafana: one table for all versions); what becomes of the rest
//! differs by server.

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
            short(title).unwrap_or_else(|| hex(&sha1(title.as_bytes())).get(..7).unwrap_or_default().to_owned())
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
                None => c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| out.push_str(&hex(&[b]))),
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A name-based UUID (version 5) below the namespace of object identifiers.
fn name_uuid(name: &str) -> String {
    const OBJECT_IDENTIFIERS: [u8; 16] =
        [0x6b, 0xa7, 0xb8, 0x12, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];
    let mut input = OBJECT_IDENTIFIERS.to_vec();
    input.extend_from_slice(name.as_bytes());
    let mut digest = sha1(&input);
    digest[6] = digest[6] & 0x0f | 0x50;
    digest[8] = digest[8] & 0x3f | 0x80;
    let text = hex(&digest[..16]);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// Base 64 in the alphabet of addresses, without padding.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |sum, b| sum << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(group >> (18 - 6 * i) & 63) as usize]));
        }
    }
    out
}

/// SHA-1, for names only: nothing here is secured by it.
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded.chunks_exact(64) {
        let mut words = [0u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = bytes.iter().fold(0, |sum, b| sum << 8 | u32::from(*b));
        }
        for i in 16..80 {
            words[i] = (words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (i, word) in words.iter().enumerate() {
            let (mixed, constant) = match i / 20 {
                0 => (b & c | !b & d, 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next =
                a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut digest = [0; 20];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
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
