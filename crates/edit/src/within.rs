//! A text that stands inside another one: edited inside, and put back as it was written.

use std::ops::Range;

use serde_json::Value;

use super::patch::{self, Splice, spliced};
use super::render::Manner;
use super::tree::{Node, Shape, Style, line_end};
use super::{Edited, Format, Held, Inside, Numbers, Site, Unfit, parts};

/// Edits a value of a text that is a value of another one.
pub(crate) fn patch(
    outer: &str,
    format: Format,
    site: &Site<'_>,
    inside: &Inside<'_>,
    declared: &Value,
    wanted: &Value,
    numbers: Numbers,
) -> Result<Edited, Unfit> {
    let documents = patch::read(outer, format).ok_or(Unfit::Unread)?;
    let root = documents.get(site.document).ok_or(Unfit::NotThere)?;
    let node = root.at(parts(inside.pointer)).ok_or(Unfit::NotThere)?;
    let Shape::Scalar(Value::String(text), style) = &node.shape else { return Err(Unfit::NotThere) };
    let patch = patch::patch(text, inside.format, inside.document, site.pointer, declared, wanted, numbers)?;
    let map = Map::of(outer, node, text, *style);
    let held: Vec<Held> = patch
        .held
        .into_iter()
        .map(|held| {
            let at = map.as_ref().map_or_else(|| node.at.clone(), |map| map.outer(&held.at));
            Held { at, ..held }
        })
        .collect();
    if patch.splices.is_empty() {
        return Ok(Edited { text: outer.to_owned(), held });
    }
    let wanted = Value::String(spliced(text, &patch.splices));
    let manner = Manner::of(outer, format, root);
    if let Some(map) = &map {
        let splices: Vec<Splice> = patch.splices.iter().map(|splice| map.splice(splice, &manner, *style)).collect();
        let edited = spliced(outer, &splices);
        if says(&edited, format, site.document, inside.pointer, &wanted, &documents) {
            return Ok(Edited { text: edited, held });
        }
    }
    // How it is written is none that parts are replaced in: all of it is written again in the same style.
    let whole =
        patch::patch(outer, format, site.document, inside.pointer, &Value::String(text.clone()), &wanted, numbers)?;
    if !whole.held.is_empty() {
        return Err(Unfit::Layout);
    }
    let edited = whole.into_edited(outer).text;
    let is_said = says(&edited, format, site.document, inside.pointer, &wanted, &documents);
    if is_said { Ok(Edited { text: edited, held }) } else { Err(Unfit::Layout) }
}

/// Whether a text says what it said, and `wanted` at a place.
fn says(text: &str, format: Format, document: usize, pointer: &str, wanted: &Value, before: &[Node]) -> bool {
    let Some(after) = patch::read(text, format) else { return false };
    after.len() == before.len()
        && before.iter().zip(&after).enumerate().all(|(i, (before, after))| {
            let mut before = before.plain();
            if i == document {
                match before.pointer_mut(pointer) {
                    Some(value) => *value = wanted.clone(),
                    None => return false,
                }
            }
            before == after.plain()
        })
}

/// Where each character of a text stands in the text that it is written in.
struct Map {
    /// The inner offset of each character, and the outer one; the end last.
    places: Vec<(usize, usize)>,
    /// The indentation of the lines, in block scalars.
    indent: String,
}

impl Map {
    fn of(outer: &str, node: &Node, text: &str, style: Style) -> Option<Map> {
        match style {
            Style::Literal => Map::literal(outer, node, text),
            Style::Double => Map::quoted(outer, node, text),
            Style::Plain | Style::Single | Style::Folded => Map::aligned(outer, node, text, style),
        }
    }

    fn literal(outer: &str, node: &Node, text: &str) -> Option<Map> {
        let mut at = line_end(outer, node.at.start);
        let lines = outer.get(at..)?;
        let first = lines.lines().find(|line| !line.trim().is_empty())?;
        // A header that tells its indentation has lines that begin with more.
        let header = outer.get(node.at.start..at)?;
        if header.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let indent = first[..first.len() - first.trim_start_matches(' ').len()].to_owned();
        let mut places = Vec::new();
        let mut inner = 0;
        for line in text.split('\n') {
            at += outer.get(at..)?.find('\n').map_or(outer.len() - at, |n| n + 1);
            let start = if outer.get(at..)?.starts_with(&indent) { at + indent.len() } else { at };
            let end = line_end(outer, start.min(outer.len()));
            if !line.is_empty() && outer.get(start..start + line.len()) != Some(line) {
                return None;
            }
            for (i, _) in line.char_indices() {
                places.push((inner + i, start + i));
            }
            inner += line.len();
            places.push((inner, if line.is_empty() { end.max(start) } else { start + line.len() }));
            inner += 1;
            at = start;
        }
        Some(Map { places, indent })
    }

    fn quoted(outer: &str, node: &Node, text: &str) -> Option<Map> {
        let mut places = Vec::new();
        let mut at = node.at.start + 1;
        let mut inner = 0;
        while inner < text.len() {
            let c = text.get(inner..)?.chars().next()?;
            let found = outer.get(at..)?.chars().next()?;
            places.push((inner, at));
            at += match found {
                '\\' => match outer.as_bytes().get(at + 1)? {
                    b'u' if c.len_utf16() == 2 => 12,
                    b'u' => 6,
                    b'x' => 4,
                    b'U' => 10,
                    b'\n' | b'\r' => return None,
                    _ => 2,
                },
                '\n' | '\r' => return None,
                other if other == c => c.len_utf8(),
                _ => return None,
            };
            inner += c.len_utf8();
        }
        places.push((inner, at));
        Some(Map { places, indent: String::new() })
    }

    /// For styles whose lines are folded: each character is looked for behind the one before.
    fn aligned(outer: &str, node: &Node, text: &str, style: Style) -> Option<Map> {
        let mut at = match style {
            Style::Single => node.at.start + 1,
            Style::Folded => line_end(outer, node.at.start),
            Style::Plain | Style::Double | Style::Literal => node.at.start,
        };
        let mut places = Vec::new();
        for (inner, c) in text.char_indices() {
            loop {
                let found = outer.get(at..node.at.end)?.chars().next();
                match found {
                    Some(found) if found == c => break,
                    // A line break stands for a blank.
                    Some('\n') if c == ' ' => break,
                    Some(' ' | '\t' | '\n' | '\r') => at += 1,
                    None if matches!(c, '\n') => break,
                    _ => return None,
                }
            }
            places.push((inner, at));
            let rest = outer.get(at..node.at.end)?;
            at += match (style, c) {
                (Style::Single, '\'') if rest.starts_with("''") => 2,
                _ => rest.chars().next().map_or(0, char::len_utf8),
            };
        }
        places.push((text.len(), at));
        Some(Map { places, indent: String::new() })
    }

    fn place(&self, inner: usize) -> usize {
        let at = self.places.partition_point(|(known, _)| *known < inner);
        self.places.get(at).or(self.places.last()).map_or(0, |(_, outer)| *outer)
    }

    fn outer(&self, inner: &Range<usize>) -> Range<usize> {
        let start = self.place(inner.start);
        start..self.place(inner.end).max(start)
    }

    /// The same replacement in the outer text.
    fn splice(&self, inner: &Splice, manner: &Manner, style: Style) -> Splice {
        let text = match style {
            Style::Double => {
                let quoted = manner.quoted(&inner.text);
                quoted[1..quoted.len() - 1].to_owned()
            }
            Style::Single => inner.text.replace('\'', "''"),
            Style::Literal => {
                let mut lines = inner.text.split('\n');
                let mut text = lines.next().unwrap_or_default().to_owned();
                for line in lines {
                    text.push_str(manner.line);
                    if !line.is_empty() {
                        text.push_str(&self.indent);
                        text.push_str(line);
                    }
                }
                text
            }
            Style::Plain | Style::Folded => inner.text.clone(),
        };
        Splice { at: self.outer(&inner.at), text }
    }
}
