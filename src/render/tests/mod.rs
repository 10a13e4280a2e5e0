//! Reports of the same plan, run and problems in every format, beside files that were read by eye.
//!
//! `UPDATE_GOLDEN=1 cargo test --lib render::` writes them anew.

mod markdown;
mod samples;
mod schemas;

use std::path::Path;

use super::reports::{FORMATS, Piece, Subject, Verb};
use samples::{hostile, plan, problems, run, subject};

/// Compares a text with a golden file.
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{name} differs from what was read by eye; the text is\n{text}");
}

/// Every piece of a report, one after the other.
fn whole(pieces: &[Piece]) -> String {
    let one = |piece: &Piece| match piece {
        Piece::File(text) => text.clone(),
        Piece::Artefact { name, text } => format!("==> {name}\n{text}"),
        Piece::Appended { variable, text } => format!("==> ${variable}\n{text}"),
        Piece::Log(text) => format!("==> log\n{text}"),
        Piece::Comment { marker, text, .. } => format!("==> comment {marker}\n{text}"),
    };
    pieces.iter().map(one).collect()
}

#[test]
fn each_format_of_a_plan_reads_as_its_golden_file() {
    let (plan, problems) = (plan(), problems());
    let subject = Subject { problems: &problems, exit: 4, ..subject(Verb::Plan, Some(&plan), None) };
    for format in FORMATS {
        check(&format!("plan.{}", format.name), &whole(&(format.pieces)(&subject)));
    }
}

#[test]
fn each_format_of_a_run_reads_as_its_golden_file() {
    let (plan, run) = (plan(), run());
    let subject = Subject { exit: 5, ..subject(Verb::Apply, Some(&plan), Some(&run)) };
    for format in FORMATS {
        check(&format!("apply.{}", format.name), &whole(&(format.pieces)(&subject)));
    }
}

#[test]
fn each_format_of_a_directory_with_faults_reads_as_its_golden_file() {
    let problems = problems();
    let failure = "the token is refused (401)\nhint: renew it";
    let subject = Subject { problems: &problems, failure, exit: 3, ..subject(Verb::Plan, None, None) };
    for format in FORMATS {
        check(&format!("faults.{}", format.name), &whole(&(format.pieces)(&subject)));
    }
}

#[test]
fn each_format_of_a_validation_reads_as_its_golden_file() {
    let problems = problems();
    let wrong =
        Subject { problems: &problems, exit: 3, workspace: "", base: None, ..subject(Verb::Validate, None, None) };
    let right = Subject { problems: &[], exit: 0, ..wrong };
    for format in FORMATS {
        let [wrong, right] = [wrong, right].map(|subject| whole(&(format.pieces)(&subject)));
        check(&format!("validate.{}", format.name), &format!("{wrong}\n==> without faults\n{right}"));
    }
}

/// How bright a colour `#rrggbb` is to the eye, from 0 to 1 (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn every_text_of_the_page_can_be_read_on_what_is_behind_it() {
    let style = include_str!("../html/page.css");
    let dark = style.find("prefers-color-scheme: dark").unwrap();
    for theme in [&style[..dark], &style[dark..]] {
        let colour = |name: &str| {
            let (_, rest) = theme.split_once(&format!("--{name}: ")).unwrap();
            luminance(&rest[..7])
        };
        let signs = ["add", "remove", "change", "move", "outside"];
        let on_theirs = signs.map(|sign| (sign.to_owned(), format!("{sign}-back")));
        let both = |text: &str| [(text.to_owned(), "back".to_owned()), (text.to_owned(), "raised".to_owned())];
        let texts = ["text", "quiet", "link"].into_iter().chain(signs).flat_map(both);
        let on_tiles = signs[..4]
            .iter()
            .flat_map(|sign| ["text", "quiet"].map(|text| (text.to_owned(), format!("{sign}-back"))));
        for (text, back) in texts.chain(on_theirs).chain(on_tiles) {
            let (one, other) = (colour(&text), colour(&back));
            let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            assert!(contrast >= 4.5, "{text} on {back}: {contrast:.2}");
        }
    }
}

#[test]
fn no_text_is_more_than_text_in_a_page() {
    let plan = hostile(60);
    let text = whole(&super::html::pieces(&subject(Verb::Plan, Some(&plan), None)));
    assert_eq!((text.matches("<script").count(), text.matches("<style").count()), (1, 1));
    for harm in ["<img", "<!--", "javascript:alert(1)\"", "\u{1b}", "\u{202e}", "\u{0}"] {
        assert!(!text.contains(harm), "{harm}");
    }
    assert!(!text.contains(" style=") && !text.contains(" onclick="), "the policy lets none of them be");
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
}

#[test]
fn the_same_report_is_the_same_bytes() {
    let plan = hostile(40);
    let subject = subject(Verb::Plan, Some(&plan), None);
    for format in FORMATS {
        assert_eq!(whole(&(format.pieces)(&subject)), whole(&(format.pieces)(&subject)), "{}", format.name);
    }
}
