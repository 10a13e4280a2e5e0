//! The text of one file, and the places in it: byte offsets to lines and columns, lines to show below a message.
//!
//! Secrets are never shown, whatever is wrong there: [`SourceText::spot`] leaves out what [`hidden`] finds.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::embedded::{Edit, Written};
use super::hidden;
use crate::model::{Place, Problem, Spot};

/// Lines longer than this are clipped around the place they are shown for (a minified dashboard is one line).
const LONG: usize = 160;
/// How much of a clipped line is kept before the place.
const BEFORE: usize = 50;

/// A text with its places: a file's, without its byte order mark, or one that stands in another one.
///
/// Cheap to clone: the clones are of one text.
#[derive(Clone, Debug)]
pub(crate) struct SourceText {
    /// The file, relative to the directory, with `/` between its parts.
    pub file: Arc<str>,
    /// The text.
    pub text: Arc<String>,
    /// The text that it stands in, if it is not a file's.
    within: Option<Arc<Within>>,
    /// Where each line begins. A file of many objects is asked for many places: it is looked through once.
    lines: Arc<OnceLock<Vec<usize>>>,
    /// What may not be shown.
    secrets: Arc<OnceLock<Vec<Range<usize>>>>,
}

/// Where a text stands in another one.
#[derive(Debug)]
enum Within {
    /// Each of its parts at a place of its own.
    Parts(SourceText, Written),
    /// It is all of the file, with parts of it replaced.
    Edited(SourceText, Written),
    /// How it is written is not known: all of it at its key.
    Key(Spot),
}

impl SourceText {
    /// Takes the bytes of a file; they must be UTF-8, with or without a byte order mark.
    pub(crate) fn new(file: Arc<str>, bytes: Vec<u8>) -> Result<SourceText, Box<Problem>> {
        let mut text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return Err(Box::new(not_utf8(file, &error))),
        };
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Ok(SourceText::of(file, text, None))
    }

    fn of(file: Arc<str>, text: String, within: Option<Within>) -> SourceText {
        let within = within.map(Arc::new);
        SourceText { file, text: Arc::new(text), within, lines: Arc::default(), secrets: Arc::default() }
    }

    /// A text that stands in this one, written so, below a key: what is wrong in it is shown where it stands in the file.
    pub(crate) fn inner(&self, text: &str, written: Option<Written>, key: Spot) -> SourceText {
        let within = match written {
            Some(written) => Within::Parts(self.clone(), written),
            None => Within::Key(key),
        };
        SourceText::of(self.file.clone(), text.to_owned(), Some(within))
    }

    /// This text with parts of it replaced; what is wrong in it is shown where it stands here, as it is written here.
    pub(crate) fn edited(&self, edits: &[Edit]) -> SourceText {
        let (text, written) = Written::edited(&self.text, edits);
        SourceText::of(self.file.clone(), text, Some(Within::Edited(self.clone(), written)))
    }

    /// The place of the text: its file, or where it begins in another text.
    pub(crate) fn whole(&self) -> Place {
        match self.within.as_deref() {
            Some(Within::Parts(..) | Within::Key(_)) => self.place(0),
            Some(Within::Edited(outer, _)) => outer.whole(),
            None => Place::file(self.file.clone()),
        }
    }

    /// The place of a byte offset.
    pub(crate) fn place(&self, offset: usize) -> Place {
        match self.within.as_deref() {
            Some(Within::Parts(outer, written) | Within::Edited(outer, written)) => {
                return outer.place(written.outer(offset));
            }
            Some(Within::Key(key)) => return key.place.clone(),
            None => {}
        }
        let (line, start) = self.line_of(offset);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        Place::at(self.file.clone(), small(line), small(column + 1))
    }

    /// The byte offset of a line and a column, both from 1, the column in characters.
    pub(crate) fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.lines().get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        rest.char_indices().nth(column.saturating_sub(1)).map_or(self.text.len(), |(i, _)| start + i)
    }

    /// What to show for a range of bytes: its place, its line, and what to say below it.
    pub(crate) fn spot(&self, range: Range<usize>, label: impl Into<String>) -> Spot {
        self.spot_without(range, label.into(), &[])
    }

    // The same without what a text in this one does not show either.
    fn spot_without(&self, range: Range<usize>, label: String, hidden: &[Range<usize>]) -> Spot {
        match self.within.as_deref() {
            Some(Within::Parts(outer, written) | Within::Edited(outer, written)) => {
                let at = |range: &Range<usize>| written.outer(range.start)..written.outer(range.end);
                let hidden: Vec<Range<usize>> = self.secrets().iter().chain(hidden).map(at).collect();
                return outer.spot_without(at(&range), label, &hidden);
            }
            Some(Within::Key(key)) => return Spot { label, ..key.clone() },
            None => {}
        }
        let start = floor(&self.text, range.start.min(self.text.len()));
        let place = self.place(start);
        let (_, line_start) = self.line_of(start);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        let line = self.text[line_start..line_end].trim_end_matches('\r');
        let end = floor(&self.text, range.end.clamp(start, line_start + line.len().max(start - line_start)));
        let width = self.text[start..end].chars().count().max(1);
        let column = self.text[line_start..start].chars().count();
        let line = self.without_secrets(line_start, line, hidden);
        let length = line.chars().count();
        let (clipped, line_text) = if length > LONG {
            let clipped = column.saturating_sub(BEFORE).min(length.saturating_sub(LONG));
            (clipped, line.chars().skip(clipped).take(LONG).collect())
        } else {
            (0, line)
        };
        let left = line_text.chars().count().saturating_sub(column - clipped.min(column));
        Spot { place, line_text: Some(line_text), width: width.min(left.max(1)), clipped, label }
    }

    // The number of the line that holds an offset, from 1, and where it begins.
    fn line_of(&self, offset: usize) -> (usize, usize) {
        let lines = self.lines();
        let number = lines.partition_point(|start| *start <= offset.min(self.text.len())).max(1);
        (number, lines.get(number - 1).copied().unwrap_or(0))
    }

    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
            std::iter::once(0).chain(breaks).collect()
        })
    }

    // A line as it may be shown: nothing of it from its first secret on.
    fn without_secrets(&self, start: usize, line: &str, hidden: &[Range<usize>]) -> String {
        const HIDDEN: &str = "(not shown)";
        let end = start + line.len();
        let zones = self.secrets().iter().chain(hidden).filter(|zone| zone.start < end && zone.end > start);
        match zones.map(|zone| zone.start).min() {
            None => line.to_owned(),
            Some(first) if first > start => format!("{} {HIDDEN}", &line[..floor(line, first - start)]),
            Some(_) => match line.find(':') {
                Some(colon) => format!("{} {HIDDEN}", &line[..=colon]),
                None if line.trim().len() <= 2 => line.to_owned(),
                None => HIDDEN.to_owned(),
            },
        }
    }

    fn secrets(&self) -> &[Range<usize>] {
        self.secrets.get_or_init(|| hidden::zones(&self.text))
    }
}

fn not_utf8(file: Arc<str>, error: &std::string::FromUtf8Error) -> Problem {
    let bytes = error.as_bytes();
    let at = error.utf8_error().valid_up_to();
    let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
    let start = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let column = String::from_utf8_lossy(&bytes[start..at]).chars().count() + 1;
    let problem =
        Problem::error("encoding", "this file is not UTF-8").at(Place::at(file, small(line), small(column)));
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        problem.help("it is UTF-16: save it as UTF-8 (in PowerShell: `Out-File -Encoding utf8`)")
    } else {
        problem.help("save it as UTF-8")
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> SourceText {
        SourceText::new("f.yaml".into(), text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn columns_count_characters_and_lines_end_with_either_ending() {
        let text = source("a\r\né: x\r\n");
        assert_eq!(text.place(text.text.find('x').unwrap()).to_string(), "f.yaml:2:4");
        assert_eq!(text.offset(2, 4), text.text.find('x').unwrap());
        assert_eq!(text.spot(3..4, "").line_text.unwrap(), "é: x");
    }

    #[test]
    fn a_long_line_is_clipped_around_its_place() {
        let text = source(&format!("{}X{}", "a".repeat(1000), "b".repeat(1000)));
        let spot = text.spot(1000..1001, "");
        assert_eq!((spot.clipped, spot.place.column, spot.width), (950, 1001, 1));
        assert_eq!(spot.line_text.unwrap().chars().nth(50), Some('X'));
    }

    #[test]
    fn what_is_in_secure_json_data_is_not_shown() {
        let yaml = source("- name: a\n  secureJsonData:\n    key: hunter2\n  url: b\n");
        let shown = |text: &SourceText, word: &str| {
            let at = text.text.find(word).unwrap();
            text.spot(at..at + word.len(), "").line_text.unwrap()
        };
        assert_eq!(shown(&yaml, "hunter2"), "    key: (not shown)");
        assert_eq!(shown(&yaml, "url"), "  url: b");
        let json = source("{\"secureJsonData\":{\"a\":\"hunter2\"},\"url\":\"\"}");
        assert_eq!(shown(&json, "hunter2"), "{\"secureJsonData\":{ (not shown)");
    }

    #[test]
    fn what_is_in_a_secret_is_not_shown() {
        let shown = |text: &str, word: &str| {
            let text = source(text);
            let at = text.text.find(word).unwrap();
            text.spot(at..at + word.len(), "").line_text.unwrap()
        };
        let secret =
            "kind: Secret\nmetadata: {name: data}\ndata:\n  a: hunter2\nstringData:\n  b: hunter3\ntype: x\n";
        assert_eq!(shown(secret, "hunter2"), "  a: (not shown)");
        assert_eq!(shown(secret, "hunter3"), "  b: (not shown)");
        assert_eq!(shown(secret, "type"), "type: x");
        assert_eq!(shown(secret, "metadata"), "metadata: {name: data}");
        let json = r#"{"kind": "Secret", "data": {"a": "hunter2"}}"#;
        assert_eq!(shown(json, "hunter2"), r#"{"kind": "Secret", "data": { (not shown)"#);
        let other = "kind: ConfigMap\ndata:\n  a: seen\n---\nkind: SecretStore\n";
        assert_eq!(shown(other, "seen"), "  a: seen");
    }

    #[test]
    fn bytes_that_are_no_text_are_placed() {
        let problem = SourceText::new("f.json".into(), b"{\n \"a\": \"\xff\"".to_vec()).unwrap_err();
        assert_eq!(problem.spots[0].place.to_string(), "f.json:2:8");
    }
}
