//! YAML with the place of each part, by the events of the parser that reads the directory.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, StructureStyle};
use serde_json::{Number, Value};

use super::tree::{Item, Layout, MAX_DEPTH, Member, Node, Shape, Style, line_end};

/// Reads all documents of a text, empty ones left out; none where it cannot be read.
pub(crate) fn parse(text: &str) -> Option<Vec<Node>> {
    let mut reader = Reader { text, parser: Parser::new_from_str(text) };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Some(documents),
            (Event::DocumentStart(..), _) => {
                let first = reader.next()?;
                // A document without content is none.
                if matches!(first.0, Event::DocumentEnd) {
                    continue;
                }
                let node = reader.node(first, 0, 0)?;
                if !matches!(node.shape, Shape::Scalar(Value::Null, _)) {
                    documents.push(node);
                }
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    /// The next event that is about values: comments are passed over.
    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        loop {
            let found = self.parser.next_event()?.ok()?;
            if matches!(
                found.0,
                Event::StreamEnd
                    | Event::DocumentStart(..)
                    | Event::DocumentEnd
                    | Event::Scalar(..)
                    | Event::Alias(_)
                    | Event::SequenceStart(..)
                    | Event::SequenceEnd
                    | Event::MappingStart(..)
                    | Event::MappingEnd
            ) {
                return Some(found);
            }
        }
    }

    /// Reads a node. `from` is where something that follows its key or its dash may begin.
    fn node(&mut self, (event, span): (Event<'a>, Span), from: usize, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let at = span.byte_range()?;
        Some(match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let value = match style {
                    Style::Plain => resolve(&text),
                    Style::Single | Style::Double | Style::Literal | Style::Folded => {
                        Value::String(text.into_owned())
                    }
                };
                let at = match style {
                    // Nothing is written: it stands behind its key.
                    Style::Plain if at.is_empty() => from..from,
                    Style::Plain | Style::Single | Style::Double => at,
                    Style::Literal | Style::Folded => self.block_scalar(from, &at)?,
                };
                Node { at, shape: Shape::Scalar(value, style), anchor, is_tagged: tag.is_some() }
            }
            Event::Alias(anchor) => Node { at, shape: Shape::Alias(anchor), anchor: 0, is_tagged: false },
            Event::SequenceStart(style, anchor, tag) => {
                let layout = layout(style);
                // The event of a list at the indentation of its key begins behind its first dash.
                let begin = if from == 0 { at.start } else { from };
                let (items, end) = self.items(layout, begin, depth)?;
                let end = block_end(layout, items.last().map(|item| item.node.at.end), at.start, end);
                let start = block_start(layout, items.first().map(|item| item.start), at.start);
                Node { at: start..end, shape: Shape::List(items, layout), anchor, is_tagged: tag.is_some() }
            }
            Event::MappingStart(style, anchor, tag) => {
                let layout = layout(style);
                let (members, end) = self.members(depth)?;
                let last = members.last().map(|member| member.node.at.end.max(member.key.end));
                let end = block_end(layout, last, at.start, end);
                let start = block_start(layout, members.first().map(|member| member.key.start), at.start);
                Node { at: start..end, shape: Shape::Object(members, layout), anchor, is_tagged: tag.is_some() }
            }
            _ => return None,
        })
    }

    fn items(&mut self, layout: Layout, start: usize, depth: usize) -> Option<(Vec<Item>, usize)> {
        let mut items: Vec<Item> = Vec::new();
        let mut from = start;
        loop {
            let found = self.next()?;
            if matches!(found.0, Event::SequenceEnd) {
                return Some((items, found.1.byte_range()?.end));
            }
            let begin = match layout {
                Layout::Flow => found.1.byte_range()?.start,
                Layout::Block => self.dash(from)?,
            };
            let node = self.node(found, begin + usize::from(layout == Layout::Block), depth + 1)?;
            from = match layout {
                Layout::Flow => node.at.end,
                Layout::Block => line_end(self.text, node.at.end.max(begin + 1)),
            };
            items.push(Item { start: begin, node });
        }
    }

    /// The next dash: comments and blank lines may stand before it.
    fn dash(&self, mut from: usize) -> Option<usize> {
        loop {
            let rest = self.text.get(from..)?;
            from += rest.len() - rest.trim_start().len();
            match self.text.as_bytes().get(from)? {
                b'-' => return Some(from),
                b'#' => from = line_end(self.text, from),
                // An anchor or a tag of the list.
                b'&' | b'!' => from += self.text[from..].find(char::is_whitespace)?,
                _ => return None,
            }
        }
    }

    fn members(&mut self, depth: usize) -> Option<(Vec<Member>, usize)> {
        let mut members = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let (name, key) = match event {
                Event::MappingEnd => return Some((members, span.byte_range()?.end)),
                Event::Scalar(name, ..) => (name.into_owned(), span.byte_range()?),
                // Keys are texts, or the file is not read at all.
                _ => return None,
            };
            let found = self.next()?;
            let colon = self.text.get(key.end..)?.find(':').map_or(key.end, |at| key.end + at + 1);
            let node = self.node(found, colon, depth + 1)?;
            members.push(Member { name, key, node });
        }
    }

    /// Where a block scalar stands: from its header to the end of its last line that is not blank.
    fn block_scalar(&self, from: usize, at: &Range<usize>) -> Option<Range<usize>> {
        let start = match self.text.as_bytes().get(at.start) {
            Some(b'|' | b'>') => at.start,
            _ => from + self.text.get(from..)?.find(['|', '>'])?,
        };
        let end = self.text.get(..at.end)?.trim_end().len();
        Some(start..end.max(line_end(self.text, start)))
    }
}

fn layout(style: StructureStyle) -> Layout {
    match style {
        StructureStyle::Block => Layout::Block,
        StructureStyle::Flow => Layout::Flow,
    }
}

fn block_start(layout: Layout, first: Option<usize>, start: usize) -> usize {
    match layout {
        Layout::Flow => start,
        Layout::Block => first.unwrap_or(start),
    }
}

fn block_end(layout: Layout, last: Option<usize>, start: usize, end: usize) -> usize {
    match layout {
        Layout::Flow => end,
        Layout::Block => last.unwrap_or(start),
    }
}

/// What a plain scalar stands for: the core schema, as the directory is read.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.bytes().all(|b| b.is_ascii_digit());
    // `014` is a text, in every dialect that agrees with another.
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.bytes().any(|b| b.is_ascii_digit())
        && unsigned.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        && !(unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.as_bytes()[1].is_ascii_digit());
    if !is_number {
        let hex = unsigned.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok());
        let octal = unsigned.strip_prefix("0o").and_then(|octal| u64::from_str_radix(octal, 8).ok());
        return hex.or(octal).filter(|_| unsigned.len() == text.len()).map(Number::from);
    }
    if digits {
        let positive = text.strip_prefix('+').unwrap_or(text);
        let whole = positive.parse::<i64>().map(Number::from).ok();
        if let Some(whole) = whole.or_else(|| positive.parse::<u64>().map(Number::from).ok()) {
            return Some(whole);
        }
    }
    Number::from_f64(text.parse().ok()?)
}
