//! Markdown of every size is valid, says nothing but what was meant, and fits.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use super::samples::{HARM, hostile, plan, run, subject};
use crate::model::{Place, Problem};
use crate::render::markdown::{GITHUB_COMMENT, marker, text};
use crate::render::reports::{Subject, Verb};

/// Claims that a text is what it looks like: nothing in it is a link (but to the workspace), an image, HTML that is not
/// ours, or a word that a forge makes something of.
fn check(text: &str) {
    let mut depth = 0_i32;
    let mut in_code = false;
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
            Event::Html(html) | Event::InlineHtml(html) => {
                for tag in html.split('<').skip(1) {
                    let name = tag.split(['>', ' ']).next().unwrap();
                    match name {
                        "details" => depth += 1,
                        "/details" => depth -= 1,
                        "summary" | "/summary" | "code" | "/code" => {}
                        "!--" => assert!(tag.starts_with("!-- amgctl ") && tag.matches("--").count() == 2, "{tag}"),
                        _ => panic!("<{tag} in\n{text}"),
                    }
                    assert!(depth >= 0);
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("https://g-12ab."), "a link to {dest_url} in\n{text}");
            }
            Event::Start(tag) => assert!(
                matches!(
                    tag,
                    Tag::Paragraph
                        | Tag::Heading { .. }
                        | Tag::HtmlBlock
                        | Tag::List(None)
                        | Tag::Item
                        | Tag::Strong
                ),
                "{tag:?} in\n{text}"
            ),
            Event::Text(words) if !in_code => {
                let is_meant = !words.contains(['@', '\u{1b}', '\u{202e}', '\r'])
                    && !words.contains("://")
                    && !words.contains("www.");
                assert!(is_meant, "`{words}` in\n{text}");
            }
            Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {
                panic!("{event:?} in\n{text}")
            }
            _ => {}
        }
    }
    assert_eq!(depth, 0, "details that do not end in\n{text}");
    assert!(!in_code);
}

fn hostile_problems() -> Vec<Problem> {
    HARM.iter().map(|harm| Problem::error("x", *harm).at(Place::file(*harm)).help(*harm).note(*harm)).collect()
}

#[test]
fn no_text_breaks_out() {
    let (plan, problems) = (hostile(60), hostile_problems());
    let remarks: Vec<String> = HARM.iter().map(|harm| (*harm).to_owned()).collect();
    let failure = HARM.join("\n");
    let subject = Subject {
        problems: &problems,
        remarks: &remarks,
        failure: &failure,
        stack: HARM[0],
        workspace: HARM[6],
        ..subject(Verb::Plan, Some(&plan), None)
    };
    let text = text(&subject, 1_000_000);
    check(&text);
    assert!(text.starts_with("<!-- amgctl plan "), "{text}");
    // A quick action of GitLab is a line of its own outside of code.
    assert!(!text.lines().any(|line| line.starts_with('/')), "{text}");
}

#[test]
fn every_comment_has_one_marker_that_nothing_can_end() {
    let plan = plan();
    for workspace in HARM.iter().chain(&["--><script>", "----", "https://x.example.com:3000/sub"]) {
        let marker = marker(&Subject { workspace, ..subject(Verb::Plan, Some(&plan), None) });
        assert!(marker.starts_with("<!-- amgctl plan ") && marker.ends_with(" -->"), "{marker}");
        assert_eq!(marker.matches("--").count(), 2, "{marker}");
    }
}

#[test]
fn the_largest_differences_are_left_out_first_and_then_all_but_the_counts() {
    let plan = plan();
    let subject = subject(Verb::Plan, Some(&plan), None);
    let whole = text(&subject, GITHUB_COMMENT);
    assert!(!whole.contains("left out"), "{whole}");
    let folded = text(&subject, whole.len() - 10);
    assert!(folded.contains("dashboard.checkout") && folded.contains("lines left out"), "{folded}");
    assert!(folded.contains("The largest difference does not fit here"), "{folded}");
    assert!(folded.contains("http://loki:3100"), "smaller ones stay\n{folded}");
    let counts = text(&subject, 600);
    assert!(counts.contains("Plan: 2 to add, 2 to change") && !counts.contains("dashboard.checkout"), "{counts}");
    assert!(text(&subject, 3).is_empty());
}

#[test]
fn a_plan_of_many_is_no_longer_than_a_comment() {
    let plan = hostile(3000);
    let text = text(&subject(Verb::Plan, Some(&plan), None), GITHUB_COMMENT);
    assert!(text.len() <= GITHUB_COMMENT);
    check(&text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_size_is_valid_and_fits(limit in 0_usize..40_000, count in 0_usize..60) {
        let plan = hostile(count);
        let problems = hostile_problems();
        let subject = Subject { problems: &problems, ..subject(Verb::Plan, Some(&plan), None) };
        let text = text(&subject, limit);
        prop_assert!(text.len() <= limit, "{} > {limit}", text.len());
        prop_assert!(limit < 100 || text.contains("Plan: "));
        check(&text);
    }

    #[test]
    fn every_text_is_shown_and_means_nothing(harm in "\\PC{0,40}") {
        let mut plan = plan();
        for change in plan.stages.iter_mut().flatten() {
            change.title.clone_from(&harm);
            change.notes = vec![harm.clone()];
        }
        plan.notices = vec![harm.clone(), format!("`{harm}` and {harm}")];
        let run = run();
        for run in [None, Some(&run)] {
            check(&text(&subject(Verb::Plan, Some(&plan), run), GITHUB_COMMENT));
        }
    }
}
