//! A story as Markdown that GitHub and GitLab show alike: valid at every size, and never longer than it may be.
//!
//! Texts from elsewhere stand in code only: in fences, in code spans and in `<code>`. There nothing is a mention, a link, a
//! comment, a quick action or HTML. The largest differences are left out first, then everything but the counts.

use super::problems::{self, Look};
use super::reports::{Piece, Subject};
use super::story::{Done, Item, ObjectItem, Section, Sign};
use super::style::{Style, clean};
use super::{html, human};
use crate::model::{Severity, counted};

/// The most bytes of a comment on GitHub, which counts characters; what fits there fits everywhere.
pub const GITHUB_COMMENT: usize = 65_536;
/// The most bytes of a step summary on GitHub: 1 MiB with what other commands of the step have written.
pub const GITHUB_SUMMARY: usize = 1_000_000;
/// The most characters of a note on GitLab.
pub const GITLAB_NOTE: usize = 1_000_000;

/// Up to this many lines of differences in all, they are shown unfolded.
const UNFOLDED: usize = 60;
/// The most bytes of one text in a heading line.
const OF_ONE_TEXT: usize = 300;

const PLAIN: Style = Style { colour: false, width: None, verbose: false };

/// The report as a file, of a size that every forge takes as a comment.
#[must_use]
pub fn pieces(subject: &Subject<'_>) -> Vec<Piece> {
    vec![Piece::File(text(subject, GITHUB_COMMENT))]
}

/// How the comments of this report begin.
#[must_use]
pub fn marker(subject: &Subject<'_>) -> String {
    let mut mark = String::new();
    for c in format!("{}/{}", subject.stack, subject.workspace).chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | ':') { c } else { '-' };
        // Two of them would end the comment that it stands in.
        if !(c == '-' && mark.ends_with('-')) {
            mark.push(c);
        }
    }
    format!("<!-- amgctl {} {} -->", subject.verb.text(), mark.trim_end_matches('-'))
}

/// The report in no more than so many bytes.
#[must_use]
pub fn text(subject: &Subject<'_>, limit: usize) -> String {
    Page::of(subject).set(limit)
}

/// The same report in each of several sizes.
#[must_use]
pub fn texts<const N: usize>(subject: &Subject<'_>, limits: [usize; N]) -> [String; N] {
    let page = Page::of(subject);
    limits.map(|limit| page.set(limit))
}

/// A page before it is known what of it fits.
struct Page {
    /// The marker and the heading.
    head: String,
    /// The counts, or why there are none.
    counts: String,
    parts: Vec<Part>,
}

/// A heading and what stands under it.
struct Part {
    heading: String,
    blocks: Vec<Block>,
    /// What is said of it where nothing else fits.
    short: String,
}

/// What is set as a whole, or in fewer words.
struct Block {
    whole: String,
    folded: String,
}

impl Block {
    fn saves(&self) -> usize {
        self.whole.len().saturating_sub(self.folded.len())
    }
}

impl Page {
    fn of(subject: &Subject<'_>) -> Page {
        let story = subject.story();
        let is_open = is_short(&story.sections);
        let mut page = Page { head: head(subject), counts: String::new(), parts: Vec::new() };
        if !subject.failure.is_empty() {
            let lines: Vec<String> = subject.failure.lines().map(|line| clipped(&clean(line))).collect();
            let whole = fence("text", &lines);
            page.parts.push(Part {
                heading: String::new(),
                blocks: vec![Block { whole, folded: String::new() }],
                short: String::new(),
            });
        }
        page.parts.extend(problem_part(subject));
        if !subject.remarks.is_empty() {
            let remarks = Section::Remarks { sort: "warning", texts: subject.remarks.to_vec() };
            page.parts.extend(part(&remarks, subject, is_open));
        }
        for section in &story.sections {
            match section {
                Section::Counts(text) => page.counts = format!("**{}**\n", words(text)),
                Section::Ending { words: ending, is_good: _, counts } => {
                    page.counts = format!("**{} {}**\n", words(ending), words(counts));
                }
                section => page.parts.extend(part(section, subject, is_open)),
            }
        }
        if page.counts.is_empty() {
            page.counts = format!("**{}**\n", subject.ending());
        }
        page
    }

    fn set(&self, limit: usize) -> String {
        if let Some(text) = self.folded(limit) {
            return text;
        }
        let short =
            self.parts.iter().filter(|part| !part.short.is_empty()).map(|part| format!("- {}\n", part.short));
        let left_out = "\nThe rest does not fit here; the log of the run has all of it.\n";
        let all = format!("{}{}\n{}{left_out}", self.head, self.counts, short.collect::<String>());
        let heading = format!("{}{}{left_out}", self.head, self.counts);
        [all, heading, self.counts.clone()].into_iter().find(|text| text.len() <= limit).unwrap_or_default()
    }

    /// All of it, with as many of the largest blocks in fewer words as must be; none where that is not enough.
    fn folded(&self, limit: usize) -> Option<String> {
        let blocks = || self.parts.iter().flat_map(|part| &part.blocks);
        let note = |count: usize| match count {
            0 => String::new(),
            1 => "\nThe largest difference does not fit here; the log of the run has it.\n".to_owned(),
            n => format!("\nThe {n} largest differences do not fit here; the log of the run has them.\n"),
        };
        // A blank line before each part and each block.
        let frame = self.head.len() + self.counts.len() + note(usize::MAX).len();
        let parts: usize = self.parts.iter().map(|part| part.heading.len() + 2).sum();
        let mut length = frame + parts + blocks().map(|block| block.whole.len() + 1).sum::<usize>();
        let mut order: Vec<(usize, usize)> = blocks().map(Block::saves).enumerate().collect();
        order.sort_by_key(|(at, saved)| (std::cmp::Reverse(*saved), *at));
        let mut is_folded = vec![false; order.len()];
        let mut count = 0;
        for (at, saved) in order {
            if length <= limit || saved == 0 {
                break;
            }
            (is_folded[at], length, count) = (true, length - saved, count + 1);
        }
        if length > limit {
            return None;
        }
        let mut text = format!("{}{}", self.head, self.counts);
        let mut at = 0;
        for part in &self.parts {
            if !part.heading.is_empty() {
                text.push('\n');
                text.push_str(&part.heading);
            }
            for block in &part.blocks {
                let block = if is_folded[at] { &block.folded } else { &block.whole };
                at += 1;
                if !block.is_empty() {
                    // Lines of a list belong together.
                    if !(block.starts_with("- ") && text.ends_with('\n') && is_list(&text)) {
                        text.push('\n');
                    }
                    text.push_str(block);
                }
            }
        }
        text.push_str(&note(count));
        Some(text)
    }
}

/// Whether the last line of a text is one of a list.
fn is_list(text: &str) -> bool {
    text.trim_end_matches('\n').rsplit('\n').next().is_some_and(|line| line.starts_with("- "))
}

fn head(subject: &Subject<'_>) -> String {
    let of =
        if subject.stack.is_empty() { String::new() } else { format!(": stack {}", code(&clipped(subject.stack))) };
    format!("{}\n### amgctl {}{of}\n\n", marker(subject), subject.verb.text())
}

/// Whether all that is said of objects is short enough to be shown unfolded; no more is set than is needed to know.
fn is_short(sections: &[Section<'_>]) -> bool {
    let items = sections.iter().filter_map(|section| match section {
        Section::Objects { items, .. } => Some(items),
        Section::Head(_)
        | Section::Remarks { .. }
        | Section::Sentence(_)
        | Section::Counts(_)
        | Section::Outcomes(_)
        | Section::Ending { .. } => None,
    });
    let mut lines = 0;
    items.flatten().all(|item| {
        lines += human::block(item, &PLAIN).len();
        lines <= UNFOLDED
    })
}

fn part(section: &Section<'_>, subject: &Subject<'_>, is_open: bool) -> Option<Part> {
    let plain = |blocks: Vec<Block>| Part { heading: String::new(), blocks, short: String::new() };
    let line = |text: String| Block { folded: String::new(), whole: text };
    Some(match section {
        Section::Head(rows) => {
            let rows = rows.iter().filter(|(what, _)| *what != "stack");
            let rows: Vec<String> = rows.map(|(what, name)| format!("{what} {}", code(&clipped(name)))).collect();
            plain(vec![line(format!("{}\n", rows.join(", ")))])
        }
        Section::Remarks { sort, texts } => Part {
            heading: String::new(),
            blocks: texts.iter().map(|text| line(format!("- {sort}: {}\n", words(text)))).collect(),
            short: format!("{sort}: {}", counted(texts.len(), "remark")),
        },
        Section::Objects { heading, items } => Part {
            heading: format!("#### {}\n", heading.trim_end_matches(':')),
            blocks: items.iter().map(|item| block(item, is_open)).collect(),
            short: format!("{} {}", heading, counted(items.iter().map(objects).sum(), "object")),
        },
        Section::Sentence(text) => plain(vec![line(format!("{}\n", words(text)))]),
        Section::Outcomes(all) => outcomes(all, subject),
        Section::Counts(_) | Section::Ending { .. } => return None,
    })
}

fn objects(item: &Item<'_>) -> usize {
    match item {
        Item::One(_) => 1,
        Item::Many { names, .. } => names.len(),
        Item::Sentence(_) => 0,
    }
}

fn block(item: &Item<'_>, is_open: bool) -> Block {
    match item {
        Item::One(told) => object(told, is_open),
        Item::Many { sign, kind, text, names } => {
            let head = format!("{} {} {kind}   {text}", sign.text(), names.len());
            let lines: Vec<String> = names.chunks(8).map(|some| clean(&some.join(", ")).into_owned()).collect();
            folding(&head, "text", &lines, is_open)
        }
        Item::Sentence(text) => {
            let line = format!("- {}\n", words(text));
            Block { whole: line.clone(), folded: line }
        }
    }
}

fn object(told: &ObjectItem<'_>, is_open: bool) -> Block {
    let head = human::head(told, &PLAIN).join(" ");
    let lines: Vec<String> = told
        .parts
        .iter()
        .flat_map(|part| human::part(part, &PLAIN))
        .map(|line| line.strip_prefix("      ").unwrap_or(&line).to_owned())
        .collect();
    folding(head.trim(), "diff", &lines, is_open || matches!(told.sign, Sign::Refused | Sign::Outside))
}

/// A line with lines below it that a click unfolds.
fn folding(head: &str, language: &str, lines: &[String], is_open: bool) -> Block {
    let head = clipped(head);
    if lines.is_empty() {
        let line = format!("- {}\n", code(&head));
        return Block { whole: line.clone(), folded: line };
    }
    let open = if is_open { " open" } else { "" };
    let body = fence(language, lines);
    let whole = format!("<details{open}>\n<summary>{}</summary>\n\n{body}\n</details>\n", html_code(&head));
    let folded = format!("- {} ({} left out)\n", code(&head), counted(lines.len(), "line"));
    Block { whole, folded }
}

/// What became of objects: what was not done first, what was done where a click unfolds it.
fn outcomes(all: &[Done], subject: &Subject<'_>) -> Part {
    let line = |done: &Done| {
        let title = if done.title.is_empty() { String::new() } else { format!("  \"{}\"", done.title) };
        let name = code(&clipped(&format!("{} {}{title}", done.sign.text(), done.address)));
        let note = done.note.as_ref().map(|note| format!(" ({})", words(&clipped(note)))).unwrap_or_default();
        let link = link(done, subject).map(|url| format!(" [open]({url})")).unwrap_or_default();
        format!("- {name} {}{note}{link}\n", words(&clipped(&done.outcome)))
    };
    let (done, open): (Vec<&Done>, Vec<&Done>) = all.iter().partition(|done| done.is_done);
    let mut blocks: Vec<Block> =
        open.iter().map(|done| Block { whole: line(done), folded: String::new() }).collect();
    if !done.is_empty() {
        let is_open = if done.len() <= UNFOLDED { " open" } else { "" };
        let lines: String = done.iter().map(|done| line(done)).collect();
        let whole = format!("<details{is_open}>\n<summary>{} done</summary>\n\n{lines}\n</details>\n", done.len());
        blocks.push(Block { whole, folded: format!("- {} done\n", done.len()) });
    }
    let short = format!("{} of {} not done", open.len(), counted(all.len(), "change"));
    Part { heading: String::new(), blocks, short }
}

/// Where a browser sees the object, as it may stand in a link.
pub(super) fn link(done: &Done, subject: &Subject<'_>) -> Option<String> {
    let url = format!("{}{}", subject.base?, done.page.as_ref()?);
    let is_plain = url.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/%?=&".contains(&b));
    is_plain.then_some(url)
}

fn problem_part(subject: &Subject<'_>) -> Option<Part> {
    let all = subject.problems;
    if all.is_empty() {
        return None;
    }
    let text = problems::problems(all, Look::plain());
    let lines: Vec<String> = text.trim_end().lines().map(|line| clean(line).into_owned()).collect();
    let count = |severity| all.iter().filter(|problem| problem.severity == severity).count();
    let told = [(count(Severity::Error), "error"), (count(Severity::Warning), "warning")];
    let told: Vec<String> = told.iter().filter(|(n, _)| *n > 0).map(|(n, word)| counted(*n, word)).collect();
    let told = told.join(", ");
    let is_open = all.len() <= 10;
    Some(Part { heading: String::new(), blocks: vec![folding(&told, "text", &lines, is_open)], short: told })
}

/// A text from elsewhere, cut where it is longer than a heading line may be.
fn clipped(text: &str) -> String {
    if text.len() <= OF_ONE_TEXT {
        return text.to_owned();
    }
    let end = (0..=OF_ONE_TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// Lines in a fence that none of them can close.
fn fence(language: &str, lines: &[String]) -> String {
    let longest = lines.iter().map(|line| backticks(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut text = format!("{fence}{language}\n");
    for line in lines {
        // GitLab looks for quick actions with a pattern of its own, which knows no fences of more than three backticks.
        if line.starts_with('/') {
            text.push(' ');
        }
        text.push_str(&clean(line));
        text.push('\n');
    }
    text + &fence + "\n"
}

/// A code span that its text cannot end. Empty for an empty text.
fn code(text: &str) -> String {
    let text = clean(text);
    if text.is_empty() {
        return String::new();
    }
    let quotes = "`".repeat(backticks(&text) + 1);
    let is_padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if is_padded && !text.trim().is_empty() { " " } else { "" };
    format!("{quotes}{pad}{text}{pad}{quotes}")
}

/// The longest run of backticks.
fn backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// The same in HTML, where Markdown reads nothing.
fn html_code(text: &str) -> String {
    format!("<code>{}</code>", html::escape(&clean(text)))
}

/// A sentence: what stands between backticks as code, the rest as words of which none means anything but itself.
///
/// Whose backticks they are does not matter: each piece is safe by itself.
fn words(sentence: &str) -> String {
    let text = clean(sentence);
    let pieces: Vec<&str> = text.split('`').collect();
    // Without its partner the last one is a character like any other.
    let paired = if pieces.len() % 2 == 1 { pieces.len() } else { pieces.len() - 1 };
    let mut out = String::new();
    for (n, piece) in pieces[..paired].iter().enumerate() {
        if n % 2 == 1 { out.push_str(&code(piece)) } else { plain(piece, &mut out) }
    }
    if paired < pieces.len() {
        out.push_str("\\`");
        plain(pieces[paired], &mut out);
    }
    out
}

/// Words outside of code: those that a forge would take for a mention, a reference or an address stand in code.
fn plain(text: &str, out: &mut String) {
    for (n, word) in text.split(' ').enumerate() {
        if n > 0 {
            out.push(' ');
        }
        if is_reference(word) {
            // The comma after it belongs to the sentence.
            let inside = word.trim_end_matches([',', ';']);
            out.push_str(&code(inside));
            out.push_str(&word[inside.len()..]);
            continue;
        }
        for c in word.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                c if "\\`*_[]|~$^".contains(c) => out.extend(['\\', c]),
                c => out.push(c),
            }
        }
    }
}

fn is_reference(word: &str) -> bool {
    let followed = word.char_indices().any(|(at, c)| {
        "#!~%$&^".contains(c) && word[at + c.len_utf8()..].starts_with(|c: char| c.is_alphanumeric() || c == '"')
    });
    let emoji = word.as_bytes().windows(2).any(|pair| pair[0] == b':' && pair[1].is_ascii_alphabetic());
    let is_hash = word.len() >= 7 && word.chars().all(|c| c.is_ascii_hexdigit());
    followed
        || emoji
        || is_hash
        || word.contains(['@', '['])
        || word.contains("//")
        || word.contains("www.")
        || word.starts_with('/')
        || (word.contains('-') && word.starts_with("GH"))
}
