//! Texts in a line: quoted where they must be, clipped, and compared by words so that a long one shows only its change.

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

/// Up to this many characters a text is shown whole.
const WHOLE: usize = 40;
/// The most characters one side of a change takes.
const SIDE: usize = 96;
/// How much of what did not change stands around what did.
const CONTEXT: usize = 12;
/// How much of the beginning stands before the first change, so that a query can be recognised.
const HEAD: usize = 24;
/// The most characters of one piece that changed.
const PIECE: usize = 40;
/// The most pieces that are shown.
const PIECES: usize = 3;
/// Middles of more pieces than this are taken as replaced whole: comparing them would take too long.
const COMPARED: usize = 400;
/// The most characters of a word; longer ones are taken apart.
const WORD: usize = 64;

/// A text cut to `limit` characters, with `…` in place of what was cut.
#[must_use]
pub fn clip(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => {
            let end = text.char_indices().nth(limit.saturating_sub(1)).map_or(0, |(i, _)| i);
            format!("{}…", text[..end].trim_end())
        }
    }
}

/// A text in double quotes, as in JSON.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(&text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// A text on one line: what would move the cursor or the direction of writing is written out.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

/// A text as a reader wants it: bare, unless it could be taken for something else.
#[must_use]
pub fn shown(text: &str, limit: usize) -> String {
    if is_misleading(text) { quoted(&clip(text, limit)) } else { escaped(&clip(text, limit)) }
}

// Empty, padded, or readable as a number, a list, nothing: `1` is not `"1"`.
fn is_misleading(text: &str) -> bool {
    text.is_empty()
        || text.trim() != text
        || text.contains(['→', '\n', '\u{a0}'])
        || text.starts_with("(absent)")
        || (text.starts_with(['{', '[', '"', 't', 'f', 'n', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            && text.len() <= 4096
            && serde_json::from_str::<serde_json::Value>(text).is_ok())
}

/// Two different texts, each cut down to what differs and a little around it.
#[must_use]
pub fn change(before: &str, after: &str) -> (String, String) {
    let (from, to) = if fits(before) && fits(after) {
        if is_misleading(before) || is_misleading(after) {
            (quoted(before), quoted(after))
        } else {
            (escaped(before), escaped(after))
        }
    } else if before.is_empty() || after.is_empty() {
        (shown(before, SIDE), shown(after, SIDE))
    } else {
        pieces(before, after)
    };
    if from == to {
        let place = before.chars().zip(after.chars()).take_while(|(b, a)| b == a).count() + 1;
        return (from, format!("{to} (differs from character {place} on)"));
    }
    (from, to)
}

fn fits(text: &str) -> bool {
    text.char_indices().nth(WHOLE).is_none()
}

fn pieces(before: &str, after: &str) -> (String, String) {
    let (old, new) = (words(before), words(after));
    let ops = operations(&old, &new);
    let (mut from, mut to) = (Side::default(), Side::default());
    let changes = ops.iter().filter(|op| op.tag() != DiffTag::Equal).count();
    let mut told = 0;
    for (i, op) in ops.iter().enumerate() {
        match op.tag() {
            DiffTag::Equal => {
                let text = old[op.old_range()].concat();
                let (first, last) = (i == 0, i + 1 == ops.len() || told == PIECES);
                from.equal(&text, first, last, HEAD);
                to.equal(&text, first, last, 0);
            }
            DiffTag::Delete | DiffTag::Insert | DiffTag::Replace if told < PIECES => {
                told += 1;
                let (b, a) = (old[op.old_range()].concat(), new[op.new_range()].concat());
                from.changed(&b);
                to.changed(&a);
            }
            DiffTag::Delete | DiffTag::Insert | DiffTag::Replace => {}
        }
        if told == PIECES && i + 1 < ops.len() && op.tag() == DiffTag::Equal && changes > PIECES {
            break;
        }
    }
    let more = match changes.saturating_sub(PIECES) {
        0 => String::new(),
        1 => " (and 1 more change)".to_owned(),
        n => format!(" (and {n} more changes)"),
    };
    (from.text, format!("{}{more}", to.text))
}

// What both begin and end with is taken off first: most edits are small, and what is left is bounded.
fn operations(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let head = old.iter().zip(new).take_while(|(o, n)| o == n).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(o, n)| o == n).count();
    let (old_middle, new_middle) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut ops = Vec::new();
    if head > 0 {
        ops.push(DiffOp::Equal { old_index: 0, new_index: 0, len: head });
    }
    if old_middle.len() > COMPARED || new_middle.len() > COMPARED {
        ops.push(DiffOp::Replace {
            old_index: head,
            old_len: old_middle.len(),
            new_index: head,
            new_len: new_middle.len(),
        });
    } else {
        let middle = capture_diff_slices(Algorithm::Myers, old_middle, new_middle);
        ops.extend(middle.into_iter().map(|op| shifted(op, head)));
    }
    if tail > 0 {
        ops.push(DiffOp::Equal { old_index: old.len() - tail, new_index: new.len() - tail, len: tail });
    }
    joined(ops, old)
}

fn shifted(op: DiffOp, by: usize) -> DiffOp {
    let (old, new) = (op.old_range(), op.new_range());
    match op.tag() {
        DiffTag::Equal => DiffOp::Equal { old_index: old.start + by, new_index: new.start + by, len: old.len() },
        DiffTag::Delete | DiffTag::Insert | DiffTag::Replace => DiffOp::Replace {
            old_index: old.start + by,
            old_len: old.len(),
            new_index: new.start + by,
            new_len: new.len(),
        },
    }
}

// Two changes with only a blank or a comma between them read as one.
fn joined(ops: Vec<DiffOp>, old: &[&str]) -> Vec<DiffOp> {
    let mut out: Vec<DiffOp> = Vec::new();
    let last = ops.len().saturating_sub(1);
    for (i, op) in ops.into_iter().enumerate() {
        let small = op.tag() == DiffTag::Equal
            && i > 0
            && i < last
            && old[op.old_range()].iter().map(|word| word.len()).sum::<usize>() <= 3;
        match out.last_mut() {
            Some(before) if before.tag() != DiffTag::Equal && (small || op.tag() != DiffTag::Equal) => {
                let (o, n) = (before.old_range(), before.new_range());
                *before = DiffOp::Replace {
                    old_index: o.start,
                    old_len: o.len() + op.old_range().len(),
                    new_index: n.start,
                    new_len: n.len() + op.new_range().len(),
                };
            }
            _ => out.push(op),
        }
    }
    out
}

#[derive(Default)]
struct Side {
    text: String,
}

impl Side {
    fn equal(&mut self, text: &str, first: bool, last: bool, head: usize) {
        let (keep_front, keep_back) = match (first, last) {
            (true, false) => (head, CONTEXT),
            (false, true) => (CONTEXT, 0),
            _ => (CONTEXT, CONTEXT),
        };
        let words = words(text);
        let front = taken(words.iter(), keep_front);
        let back = taken(words[front..].iter().rev(), keep_back);
        if front + back == words.len() {
            self.text.push_str(&escaped(text));
            return;
        }
        let back = words[words.len() - back..].concat();
        // The beginning may end in the middle of a word: it is there to be recognised.
        let front = match (first, head) {
            (false, _) | (_, 0) => words[..front].concat(),
            (true, _) => text.chars().take(keep_front.min(text.chars().count() - back.chars().count())).collect(),
        };
        let whole = front.ends_with(|c: char| !(c.is_alphanumeric() || c == '_'));
        self.text.push_str(escaped(&front).trim_end());
        self.text.push_str(if whole && !front.trim().is_empty() { " …" } else { "…" });
        if !back.is_empty() && !back.starts_with(' ') {
            self.text.push(' ');
        }
        self.text.push_str(&escaped(&back));
    }

    fn changed(&mut self, text: &str) {
        if !text.is_empty() && text.trim().is_empty() {
            self.text.push_str(&quoted(text));
        } else {
            self.text.push_str(&escaped(&clip(text, PIECE)));
        }
    }
}

// How many words fit into so many characters.
fn taken<'w>(words: impl Iterator<Item = &'w &'w str>, limit: usize) -> usize {
    let mut left = limit;
    words
        .take_while(|word| {
            let len = word.chars().count();
            let fits = len <= left;
            left = left.saturating_sub(len);
            fits
        })
        .count()
}

/// A text as words: letters and digits together, blanks together, everything else alone.
fn words(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut out = Vec::new();
    let (mut start, mut length, mut before) = (0, 0, None);
    for (i, c) in text.char_indices() {
        let now = class(c);
        if before.is_some_and(|b| b != now || now == 2) || length == WORD {
            out.push(&text[start..i]);
            (start, length) = (i, 0);
        }
        (length, before) = (length + 1, Some(now));
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, expected: &str) {
        let (from, to) = change(before, after);
        assert_eq!(format!("{from} → {to}"), expected);
    }

    #[test]
    fn short_texts_are_shown_whole() {
        check("eu-west-1", "eu-central-1", "eu-west-1 → eu-central-1");
        check("1", "one", "\"1\" → \"one\"");
        check("a", "a ", "\"a\" → \"a \"");
    }

    #[test]
    fn a_long_query_shows_its_change() {
        check(
            "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{job=\"shop\"}[1m])))",
            "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{job=\"shop\"}[5m])))",
            "histogram_quantile(0.99, … job=\"shop\"}[1m]))) → … job=\"shop\"}[5m])))",
        );
    }

    #[test]
    fn a_change_of_blanks_alone_can_be_seen() {
        let long = "select a from b where c = d and e = f group by g";
        let (from, to) = change(long, &long.replace("group by", "group  by"));
        assert_ne!(from, to);
        assert!(to.contains("\"  \""), "{to}");
    }

    #[test]
    fn a_change_deep_in_an_endless_word_can_be_seen() {
        let long = "a".repeat(100_000);
        let (from, to) = change(&long, &format!("{}b", &long[..99_999]));
        assert_ne!(from, to);
        assert!(from.chars().count() < 200 && to.chars().count() < 200);
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(escaped("a\u{1b}[31mb\nc\u{202e}"), "a\\u{1b}[31mb\\nc\\u{202e}");
    }
}
