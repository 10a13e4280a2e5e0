//! The slug of a title, as Grafana 9.4 makes it and compares titles by it (fact: `slug-of-a-title`).
//!
//! Lower case; `a` to `z` and digits stay; some letters and signs have a spelling; each run of anything else is one
//! hyphen, and hyphens at the ends go. The spellings are those of `pkg/infra/slugify` at that version: not all letters
//! have one, so `ä` is `a`, `ü` is `ue`, and a letter that is not listed is a hyphen like any other sign.

/// What stands for the letters that a slug cannot hold: each letter of the first text is written as the second.
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

/// The slug of a title. A title without anything to spell stands for itself: the server takes its base64 there, which is
/// as good as the title for telling two apart.
#[must_use]
pub fn slug(title: &str) -> String {
    let title = title.trim();
    let mut slug = String::new();
    let mut in_a_run = false;
    for c in title.chars().map(lower) {
        if let Some((_, spelling)) = SPELLINGS.iter().find(|(letters, _)| letters.contains(c)) {
            slug.push_str(spelling);
            in_a_run = false;
        } else if c.is_ascii_alphanumeric() {
            slug.push(c);
            in_a_run = false;
        } else if !in_a_run {
            slug.push('-');
            in_a_run = true;
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { format!("={title}") } else { slug.to_owned() }
}

// One letter for one letter, as the server's `strings.ToLower` does it.
fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn titles_that_9_4_takes_for_one_have_one_slug() {
        for title in ["One", "ONE", "One!", " one "] {
            assert_eq!(slug(title), "one");
        }
        for (title, is) in [
            ("\u{dc}bersicht / \u{dc}berblick: 100% <ok>", "uebersicht-ueberblick-100-ok"),
            ("\u{c4}rger \u{d6}l Stra\u{df}e", "arger-ol-strasse"),
            ("A-B", "a-b"),
            ("A B", "a-b"),
            ("A_B", "a-b"),
            ("A  --  B", "a-b"),
            ("CPU & memory", "cpu-and-memory"),
            ("it's", "it-s"),
            ("\u{416}\u{443}\u{440}\u{43d}\u{430}\u{43b}", "zhurnal"),
        ] {
            assert_eq!(slug(title), is, "{title}");
        }
        assert_ne!(slug("!"), slug("?"));
    }

    /// Every title and the slug that the recorded 9.4 made of it: in `slug`, in `meta.slug`, at the end of `url`.
    #[test]
    fn slugs_are_those_that_the_recordings_hold() {
        let mut pairs = BTreeSet::new();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/contracts/9.4");
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|e| e == "json") {
                pairs_in(&serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap(), &mut pairs);
            }
        }
        assert!(pairs.len() > 30, "{} pairs", pairs.len());
        for (title, is) in pairs {
            assert_eq!(slug(&title), is, "{title}");
        }
    }

    fn pairs_in(value: &Value, pairs: &mut BTreeSet<(String, String)>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| pairs_in(item, pairs)),
            Value::Object(map) => {
                let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
                let last = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
                let stored = ["/d/", "/dashboards/f/"];
                let url = text("/url").filter(|url| stored.iter().any(|start| url.starts_with(start)));
                if let (Some(title), Some(url)) = (text("/title"), url) {
                    pairs.insert((title.to_owned(), last(url)));
                }
                if let (Some(title), Some(made)) = (text("/dashboard/title"), text("/meta/slug")) {
                    pairs.insert((title.to_owned(), made.to_owned()));
                }
                map.values().for_each(|item| pairs_in(item, pairs));
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn a_slug_of_anything_holds_plain_letters_digits_and_single_purpose_hyphens(title in ".{0,40}") {
            let made = slug(&title);
            prop_assert!(made.starts_with('=') || made.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
            prop_assert!(!made.ends_with('-') || made.starts_with('='));
            prop_assert_eq!(slug(&format!(" {title} ")), slug(&title));
        }

        #[test]
        fn letter_case_and_signs_between_words_do_not_count(words in "[a-z]{1,6}( [a-z]{1,6}){0,3}") {
            prop_assert_eq!(slug(&words.to_uppercase()), slug(&words));
            prop_assert_eq!(slug(&words.replace(' ', " / ")), slug(&words));
        }
    }
}
