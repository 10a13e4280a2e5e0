//! A story as one page that stands by itself: it loads nothing, can be read without script, and draws what changes.
//!
//! Every text from elsewhere goes through `escape`; the page's policy lets nothing run but the script that stands in it,
//! by its digest. What is drawn of a dashboard stands in `drawing`.

mod drawing;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::problems::{self, Look};
use super::reports::{Piece, Subject};
use super::story::{Done, Item, ObjectItem, Part, Section, Sign};
use super::style::{Style, clean};
use super::{delta, markdown};
use crate::model::picture::Picture;
use crate::model::{Address, counted};
use crate::report::Act;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const PLAIN: Style = Style { colour: false, width: None, verbose: false };

/// Up to this many objects are unfolded from the start.
const UNFOLDED: usize = 25;

/// The report as a page.
#[must_use]
pub fn pieces(subject: &Subject<'_>) -> Vec<Piece> {
    vec![Piece::File(page(subject))]
}

/// The page.
#[must_use]
pub fn page(subject: &Subject<'_>) -> String {
    let story = subject.story();
    let pictures: HashMap<&Address, &Picture> = subject
        .plan
        .into_iter()
        .flat_map(|plan| plan.changes())
        .filter_map(|change| Some((&change.address, change.picture.as_ref()?)))
        .collect();
    let page = Page { subject, pictures, is_open: objects(&story.sections) <= UNFOLDED };
    let title = match subject.stack {
        "" => format!("amgctl {}", subject.verb.text()),
        stack => format!("amgctl {}: {stack}", subject.verb.text()),
    };
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        print(STYLE),
        print(SCRIPT)
    );
    let mut out = String::with_capacity(64 << 10);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#changes\">Skip to the changes</a>\n\
         <header><div class=\"wide\">\n<h1>{title}</h1>\n",
        title = escape(&title)
    );
    page.head(&story.sections, &mut out);
    out.push_str("</div></header>\n<div class=\"wide\">\n");
    if objects(&story.sections) > 1 {
        filter(&story.sections, &mut out);
    }
    out.push_str("<main id=\"changes\" tabindex=\"-1\">\n");
    page.failure(&mut out);
    for (n, section) in story.sections.iter().enumerate() {
        page.section(n, section, &mut out);
    }
    let _ = write!(
        out,
        "</main>\n</div>\n<footer><div class=\"wide\">Made by amgctl {}. The page is complete: it loads nothing from \
         anywhere.</div></footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    );
    out
}

struct Page<'a> {
    subject: &'a Subject<'a>,
    pictures: HashMap<&'a Address, &'a Picture>,
    is_open: bool,
}

/// How a policy names a text that may run or style.
fn print(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text)))
}

/// How many objects are told one by one.
fn objects(sections: &[Section<'_>]) -> usize {
    let one = |section: &Section<'_>| match section {
        Section::Objects { items, .. } => items.len(),
        Section::Outcomes(all) => all.len(),
        Section::Head(_)
        | Section::Remarks { .. }
        | Section::Sentence(_)
        | Section::Counts(_)
        | Section::Ending { .. } => 0,
    };
    sections.iter().map(one).sum()
}

impl Page<'_> {
    fn head(&self, sections: &[Section<'_>], out: &mut String) {
        let counts = sections.iter().find_map(|section| match section {
            Section::Counts(text) => Some(text.clone()),
            Section::Ending { words, counts, .. } => Some(format!("{words} {counts}")),
            Section::Head(_)
            | Section::Remarks { .. }
            | Section::Objects { .. }
            | Section::Sentence(_)
            | Section::Outcomes(_) => None,
        });
        let counts = counts.unwrap_or_else(|| self.subject.ending());
        let _ = writeln!(out, "<p class=\"counts\">{}</p>", shown(&counts));
        for section in sections {
            if let Section::Head(rows) = section {
                out.push_str("<dl class=\"facts\">");
                for (what, name) in rows {
                    let _ = write!(out, "<div><dt>{what}</dt><dd>{}</dd></div>", shown(name));
                }
                out.push_str("</dl>\n");
            }
        }
    }

    fn failure(&self, out: &mut String) {
        let subject = self.subject;
        if !subject.failure.is_empty() {
            let _ = write!(out, "<section class=\"failure\" aria-label=\"Failure\"><h2>It failed</h2><pre>");
            for line in subject.failure.lines() {
                let _ = writeln!(out, "{}", shown(line));
            }
            out.push_str("</pre></section>\n");
        }
        if !subject.problems.is_empty() {
            let count = counted(subject.problems.len(), "problem");
            let _ = write!(out, "<section aria-labelledby=\"problems\"><h2 id=\"problems\">{count}</h2><pre>");
            for line in problems::problems(subject.problems, Look::plain()).trim_end().lines() {
                let _ = writeln!(out, "{}", shown(line));
            }
            out.push_str("</pre></section>\n");
        }
        for remark in subject.remarks {
            let _ = writeln!(out, "<p class=\"hint\">warning: {}</p>", shown(remark));
        }
    }

    fn section(&self, n: usize, section: &Section<'_>, out: &mut String) {
        match section {
            Section::Head(_) | Section::Counts(_) | Section::Ending { .. } => {}
            Section::Remarks { sort, texts } => {
                for text in texts {
                    let _ = writeln!(out, "<p class=\"hint\">{sort}: {}</p>", shown(text));
                }
            }
            Section::Sentence(text) => {
                let _ = writeln!(out, "<p class=\"quiet\">{}</p>", shown(text));
            }
            Section::Objects { heading, items } => {
                let _ = writeln!(
                    out,
                    "<section class=\"group\" aria-labelledby=\"s{n}\"><h2 id=\"s{n}\">{heading}</h2>"
                );
                for item in items {
                    self.item(item, out);
                }
                out.push_str("</section>\n");
            }
            Section::Outcomes(all) => {
                let _ = write!(
                    out,
                    "<section class=\"group\" aria-labelledby=\"s{n}\"><h2 id=\"s{n}\">What became of each \
                     change</h2><ul class=\"done\">"
                );
                for done in all {
                    self.done(done, out);
                }
                out.push_str("</ul></section>\n");
            }
        }
    }

    fn item(&self, item: &Item<'_>, out: &mut String) {
        match item {
            Item::One(told) => self.object(told, out),
            Item::Many { sign, kind, text, names } => {
                let Mark { class, word } = look(*sign);
                let _ = write!(
                    out,
                    "<article class=\"object {class}\" data-sort=\"{class}\"><details><summary>{} <span \
                     class=\"address\">{} {kind}</span> {}</summary><div class=\"body\"><ul class=\"names\">",
                    badge(*sign, class, word),
                    names.len(),
                    shown(text)
                );
                for name in names {
                    let _ = write!(out, "<li>{}</li>", shown(name));
                }
                out.push_str("</ul></div></details></article>\n");
            }
            Item::Sentence(text) => {
                let _ = writeln!(out, "<p>{}</p>", shown(text));
            }
        }
    }

    fn object(&self, told: &ObjectItem<'_>, out: &mut String) {
        let Mark { class, word } = look(told.sign);
        let _ = write!(out, "<article class=\"object {class}\" data-sort=\"{class}\">");
        let mut head = badge(told.sign, class, word);
        let _ = write!(head, " <span class=\"address\">{}</span>", shown(&told.address.to_string()));
        if !told.title.is_empty() {
            let _ = write!(head, " “{}”", shown(&told.title));
        }
        if let Some(folder) = &told.folder {
            let _ = write!(head, " <span class=\"quiet\">in {}</span>", shown(folder));
        }
        if !told.word.is_empty() {
            let _ = write!(head, " {}", told.word);
        }
        if let Some(way) = &told.way {
            let _ = write!(head, " {}", shown(way));
        }
        if told.is_provisional {
            head.push_str(" (provisional)");
        }
        if !told.place.is_empty() {
            let _ = write!(head, " <span class=\"quiet\">{}</span>", shown(&told.place));
        }
        // What somebody else did is told once more where it is overwritten: the picture stands there.
        let picture = self.pictures.get(&told.address).filter(|_| told.sign != Sign::Outside);
        let mut body = String::new();
        for part in &told.parts {
            self::part(part, &mut body);
        }
        if let Some(picture) = picture {
            drawing::drawn(picture, &mut body);
        }
        if body.is_empty() {
            let _ = writeln!(out, "<div class=\"line\">{head}</div></article>");
            return;
        }
        let open = if self.is_open || matches!(told.sign, Sign::Refused | Sign::Outside) { " open" } else { "" };
        let _ = writeln!(
            out,
            "<details{open}><summary>{head}</summary><div class=\"body\">{body}</div></details></article>"
        );
    }

    fn done(&self, done: &Done, out: &mut String) {
        let Mark { class, word } = look(done.sign);
        let sort = if done.is_done { "done" } else { "open" };
        let _ = write!(
            out,
            "<li data-sort=\"{sort}\">{} <span class=\"address\">{}</span>",
            badge(done.sign, class, word),
            shown(&done.address.to_string())
        );
        if !done.title.is_empty() {
            let _ = write!(out, " “{}”", shown(&done.title));
        }
        let _ = write!(out, " {}", shown(&done.outcome));
        if let Some(note) = &done.note {
            let _ = write!(out, " <span class=\"quiet\">{}</span>", shown(note));
        }
        if let Some(url) = markdown::link(done, self.subject) {
            let url = escape(&url);
            let _ = write!(out, " <a href=\"{url}\">open in Grafana</a>");
        }
        out.push_str("</li>\n");
    }
}

fn part(part: &Part<'_>, out: &mut String) {
    match part {
        Part::Settings(settings) => {
            out.push_str("<dl class=\"facts\">");
            for (name, value) in settings {
                let _ = write!(out, "<div><dt>{}</dt><dd>{}</dd></div>", shown(name), shown(value));
            }
            out.push_str("</dl>");
        }
        Part::Contents(text) | Part::Sentence(text) | Part::Because(text) => {
            let _ = write!(out, "<p>{}</p>", shown(text));
        }
        Part::Hint(text) => {
            let _ = write!(out, "<p class=\"hint\">hint: {}</p>", shown(text));
        }
        Part::Move(way) => {
            let _ = write!(out, "<p>{} folder {}</p>", badge(Sign::Moved, "move", "moved"), shown(way));
        }
        Part::Differences(delta) => {
            let lines = delta::lines(delta, 0, &PLAIN);
            if lines.is_empty() {
                return;
            }
            out.push_str("<pre>");
            for line in lines {
                let class = match line.trim_start().chars().next() {
                    Some('+') => "add",
                    Some('-') => "remove",
                    Some('~') => "change",
                    Some('→') => "move",
                    _ => "same",
                };
                let _ = writeln!(out, "<span class=\"{class}\">{}</span>", shown(&line));
            }
            out.push_str("</pre>");
        }
    }
}

/// How a sign looks and is called.
struct Mark {
    class: &'static str,
    word: &'static str,
}

fn look(sign: Sign) -> Mark {
    let (class, word) = match sign {
        Sign::Act(Act::Add) => ("add", "added"),
        Sign::Act(Act::Change) => ("change", "changed"),
        Sign::Act(Act::Adopt) => ("change", "adopted"),
        Sign::Act(Act::Replace) => ("remove", "replaced"),
        Sign::Act(Act::Destroy) => ("remove", "destroyed"),
        Sign::Act(Act::Forget) => ("kept", "forgotten"),
        Sign::Act(Act::Keep) => ("kept", "kept"),
        Sign::Moved => ("move", "moved"),
        Sign::Outside => ("outside", "changed outside"),
        Sign::Refused => ("refused", "refused"),
        Sign::Nothing => ("kept", "left as it is"),
    };
    Mark { class, word }
}

/// A sign with its word for those who do not see it.
fn badge(sign: Sign, class: &str, word: &str) -> String {
    format!(
        "<span class=\"sign {class}\" role=\"img\" aria-label=\"{word}\" title=\"{word}\">{}</span>",
        escape(sign.text())
    )
}

/// The form that searches and filters; it is shown where scripts run.
fn filter(sections: &[Section<'_>], out: &mut String) {
    const SORTS: [(&str, &str); 9] = [
        ("add", "+ added"),
        ("change", "~ changed"),
        ("move", "→ moved"),
        ("remove", "- destroyed"),
        ("outside", "≈ outside"),
        ("refused", "! refused"),
        ("kept", "· kept"),
        ("done", "done"),
        ("open", "not done"),
    ];
    let mut there = std::collections::BTreeSet::new();
    for section in sections {
        match section {
            Section::Objects { items, .. } => {
                for item in items {
                    match item {
                        Item::One(told) => drop(there.insert(look(told.sign).class)),
                        Item::Many { sign, .. } => drop(there.insert(look(*sign).class)),
                        Item::Sentence(_) => {}
                    }
                }
            }
            Section::Outcomes(all) => {
                there.extend(all.iter().map(|done| if done.is_done { "done" } else { "open" }));
            }
            Section::Head(_)
            | Section::Remarks { .. }
            | Section::Sentence(_)
            | Section::Counts(_)
            | Section::Ending { .. } => {}
        }
    }
    out.push_str(
        "<form class=\"filter\" role=\"search\" aria-label=\"Changes\"><label>Search <input type=\"search\" \
         autocomplete=\"off\" spellcheck=\"false\"></label><fieldset><legend>Show</legend>",
    );
    for (sort, words) in SORTS.iter().filter(|(sort, _)| there.contains(sort)) {
        let _ = write!(out, "<label><input type=\"checkbox\" value=\"{sort}\" checked> {words}</label>");
    }
    out.push_str("</fieldset>");
    if sections.iter().any(|section| matches!(section, Section::Objects { .. })) {
        for (fold, words) in [("open", "Unfold all"), ("shut", "Fold all")] {
            let _ = write!(out, "<button type=\"button\" data-fold=\"{fold}\">{words}</button>");
        }
    }
    out.push_str("<p class=\"status\" role=\"status\"></p></form>\n");
}

/// A text from elsewhere as it may stand in the page: one line, visible, and nothing but text.
fn shown(text: &str) -> String {
    escape(&clean(text)).into_owned()
}

/// A text as it may stand in HTML, between tags and in attributes.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    let is_harmful = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'' | '\0');
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}
