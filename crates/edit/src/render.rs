//! Values as texts, in the manner of what stands around them.

use serde_json::Value;

use super::tree::{Node, Shape, Style, indentation};
use super::yaml::resolve;
use super::{Format, tree};

/// How a text writes what all of it writes alike.
pub(crate) struct Manner {
    pub format: Format,
    /// The line break: that of the first line.
    pub line: &'static str,
    /// One step of indentation.
    pub unit: String,
    /// What stands between a key and its value in brackets.
    pub colon: String,
    /// What stands between items on one line.
    pub comma: String,
    /// How far a dash of YAML stands behind the key above it.
    pub dash: usize,
    /// Whether the text has lines at all.
    is_lined: bool,
    /// Whether `<`, `>` and `&` are written as escapes, as Go does.
    escapes_html: bool,
    /// Whether what is not ASCII is written as escapes.
    escapes_unicode: bool,
}

impl Manner {
    pub(crate) fn of(text: &str, format: Format, root: &Node) -> Manner {
        let line = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        let mut found = Found::default();
        found.look(text, root, None);
        let is_lined = text.trim_end().contains('\n');
        let colon = found
            .colon
            .unwrap_or_else(|| if is_lined || format == Format::Yaml { ": ".into() } else { ":".into() });
        let comma = found.comma.unwrap_or_else(|| if colon.ends_with(' ') { ", ".into() } else { ",".into() });
        Manner {
            format,
            line,
            unit: found.unit.unwrap_or_else(|| "  ".into()),
            colon,
            comma,
            dash: found.dash.unwrap_or(2),
            is_lined,
            escapes_html: ["\\u003c", "\\u003e", "\\u0026"].iter().any(|escape| text.contains(escape)),
            escapes_unicode: text.is_ascii() && has_unicode_escape(text),
        }
    }

    /// A value between brackets: over lines that are indented so, or on one line.
    pub(crate) fn flow(&self, value: &Value, indent: Option<&str>) -> String {
        let mut out = String::new();
        self.write_flow(value, indent, &mut out);
        out
    }

    fn write_flow(&self, value: &Value, indent: Option<&str>, out: &mut String) {
        let inner = indent.map(|indent| format!("{indent}{}", self.unit));
        let separate = |out: &mut String, is_first: bool| match &inner {
            Some(inner) => {
                out.push_str(if is_first { "" } else { "," });
                out.push_str(self.line);
                out.push_str(inner);
            }
            None => out.push_str(if is_first { "" } else { &self.comma }),
        };
        let close = |out: &mut String, bracket: char| {
            if let Some(indent) = indent {
                out.push_str(self.line);
                out.push_str(indent);
            }
            out.push(bracket);
        };
        match value {
            Value::Array(items) if !items.is_empty() => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    separate(out, i == 0);
                    self.write_flow(item, inner.as_deref(), out);
                }
                close(out, ']');
            }
            Value::Object(members) if !members.is_empty() => {
                out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    separate(out, i == 0);
                    out.push_str(&self.quoted(key));
                    out.push_str(&self.colon);
                    self.write_flow(value, inner.as_deref(), out);
                }
                close(out, '}');
            }
            Value::Array(_) => out.push_str("[]"),
            Value::Object(_) => out.push_str("{}"),
            Value::String(text) => out.push_str(&self.quoted(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        }
    }

    /// Whether collections are written over several lines.
    pub(crate) fn is_lined(&self) -> bool {
        self.is_lined
    }

    /// A text in double quotes.
    pub(crate) fn quoted(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 2);
        for c in Value::String(text.to_owned()).to_string().chars() {
            let is_html = self.escapes_html && matches!(c, '<' | '>' | '&');
            let is_wide = self.escapes_unicode && !c.is_ascii();
            // YAML reads some characters as line breaks, and does not print others.
            let is_odd = self.format == Format::Yaml
                && (matches!(
                    c,
                    '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ));
            if is_html || is_wide || is_odd || (self.escapes_html && matches!(c, '\u{2028}' | '\u{2029}')) {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                out.push(c);
            }
        }
        out
    }

    /// A scalar of YAML in the style of another one. `indent` is that of the lines of a block scalar.
    pub(crate) fn scalar(&self, value: &Value, style: Style, in_flow: bool, indent: &str) -> String {
        let Value::String(text) = value else { return value.to_string() };
        match style {
            Style::Plain if is_plain(text, in_flow) => text.clone(),
            Style::Plain | Style::Single if is_single(text) => format!("'{}'", text.replace('\'', "''")),
            Style::Literal | Style::Folded if !in_flow && is_literal(text) => {
                let (header, body) = literal(text);
                let lines = body.split('\n').map(|line| {
                    if line.is_empty() { self.line.to_owned() } else { format!("{}{indent}{line}", self.line) }
                });
                format!("{header}{}", lines.collect::<String>())
            }
            Style::Plain if text.contains('\n') && !in_flow && is_literal(text) => {
                self.scalar(value, Style::Literal, in_flow, indent)
            }
            Style::Plain | Style::Single | Style::Double | Style::Literal | Style::Folded => self.quoted(text),
        }
    }

    /// A key of YAML.
    pub(crate) fn key(&self, key: &str, is_quoted: bool, in_flow: bool) -> String {
        // No reader takes a single letter that is a key for a boolean, and every panel's place has a `y`.
        let is_plain = !is_quoted && (is_plain(key, in_flow) || matches!(key, "y" | "n"));
        if is_plain { key.to_owned() } else { self.quoted(key) }
    }

    /// A value of YAML behind a key or a dash: on the same line with a blank before it, or below. `indent` is that of the
    /// entry it belongs to.
    pub(crate) fn block(&self, value: &Value, indent: &str, after: After) -> String {
        match value {
            Value::Object(members) if !members.is_empty() => {
                let (inner, first) = match after {
                    After::Key => {
                        let inner = format!("{indent}{}", self.unit_of_yaml());
                        (inner.clone(), format!("{}{inner}", self.line))
                    }
                    After::Dash => (format!("{indent}  "), " ".to_owned()),
                };
                let members = members.iter().map(|(key, value)| self.member(key, value, &inner, false));
                format!("{first}{}", members.collect::<Vec<_>>().join(&format!("{}{inner}", self.line)))
            }
            Value::Array(items) if !items.is_empty() => {
                let (inner, first) = match after {
                    After::Key => {
                        let inner = format!("{indent}{}", " ".repeat(self.dash));
                        (inner.clone(), format!("{}{inner}", self.line))
                    }
                    After::Dash => (format!("{indent}  "), " ".to_owned()),
                };
                let items = items.iter().map(|item| format!("-{}", self.block(item, &inner, After::Dash)));
                format!("{first}{}", items.collect::<Vec<_>>().join(&format!("{}{inner}", self.line)))
            }
            Value::Array(_) => " []".into(),
            Value::Object(_) => " {}".into(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let inner = format!("{indent}{}", self.unit_of_yaml());
                format!(" {}", self.scalar(value, Style::Plain, false, &inner))
            }
        }
    }

    /// A member of a block of YAML, without the indentation of its first line.
    pub(crate) fn member(&self, key: &str, value: &Value, indent: &str, is_quoted: bool) -> String {
        format!("{}:{}", self.key(key, is_quoted, false), self.block(value, indent, After::Key))
    }

    fn unit_of_yaml(&self) -> &str {
        if self.unit.contains('\t') { "  " } else { &self.unit }
    }
}

/// What a value of a block stands behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Key,
    Dash,
}

/// What is found of a text's manner.
#[derive(Default)]
struct Found {
    unit: Option<String>,
    colon: Option<String>,
    comma: Option<String>,
    dash: Option<usize>,
}

impl Found {
    fn look(&mut self, text: &str, node: &Node, above: Option<usize>) {
        let is_done = self.unit.is_some() && self.colon.is_some() && self.comma.is_some() && self.dash.is_some();
        if is_done {
            return;
        }
        match &node.shape {
            Shape::Object(members, layout) => {
                if let Some(first) = members.first() {
                    self.step(text, node, first.key.start, above, *layout);
                    if *layout == tree::Layout::Flow {
                        self.colon.get_or_insert_with(|| text[first.key.end..first.node.at.start].to_owned());
                    }
                }
                if let ([one, two, ..], tree::Layout::Flow) = (&members[..], *layout) {
                    self.between(&text[one.node.at.end..two.key.start]);
                }
                for member in members {
                    self.look(text, &member.node, Some(member.key.start));
                }
            }
            Shape::List(items, layout) => {
                if let Some(first) = items.first() {
                    match (layout, above) {
                        (tree::Layout::Block, Some(key)) => {
                            let column = |at: usize| at - tree::line_start(text, at);
                            let (dash, key) = (column(first.start), column(key));
                            self.dash.get_or_insert(dash.saturating_sub(key));
                        }
                        (tree::Layout::Block, None) => {}
                        (tree::Layout::Flow, _) => self.step(text, node, first.start, above, *layout),
                    }
                }
                if let ([one, two, ..], tree::Layout::Flow) = (&items[..], *layout) {
                    self.between(&text[one.node.at.end..two.start]);
                }
                items.iter().for_each(|item| self.look(text, &item.node, None));
            }
            Shape::Scalar(..) | Shape::Alias(_) => {}
        }
    }

    fn step(&mut self, text: &str, node: &Node, first: usize, above: Option<usize>, layout: tree::Layout) {
        if self.unit.is_some() {
            return;
        }
        let outer = match (layout, above) {
            (tree::Layout::Flow, _) => indentation(text, node.at.start),
            (tree::Layout::Block, Some(key)) => indentation(text, key),
            (tree::Layout::Block, None) => return,
        };
        let inner = indentation(text, first);
        let is_first = tree::line_start(text, first) + inner.len() == first;
        if let Some(step) = inner.strip_prefix(outer).filter(|step| !step.is_empty() && is_first) {
            self.unit = Some(step.to_owned());
        }
    }

    fn between(&mut self, between: &str) {
        if !between.contains('\n') && between.starts_with(',') {
            self.comma.get_or_insert_with(|| between.to_owned());
        }
    }
}

fn has_unicode_escape(text: &str) -> bool {
    text.match_indices("\\u").any(|(at, _)| {
        let code = text.get(at + 2..at + 6).and_then(|code| u32::from_str_radix(code, 16).ok());
        code.is_some_and(|code| code > 0x7f)
    })
}

/// Whether a text may stand without quotes, for every reader of YAML.
fn is_plain(text: &str, in_flow: bool) -> bool {
    const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"];
    let begins_well = text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '/' | '$' | '('));
    let breaks_flow = in_flow && text.contains([',', '[', ']', '{', '}', ':', '"']);
    begins_well
        && !breaks_flow
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{85}'))
        && !WORDS.contains(&text.to_lowercase().as_str())
        && resolve(text).is_string()
}

/// Whether a text may stand in single quotes on one line.
fn is_single(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{85}'))
}

/// Whether a text may stand in a literal block scalar.
fn is_literal(text: &str) -> bool {
    let is_odd = |c: char| {
        (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{85}')
    };
    // What begins with blanks needs its indentation told, and is none that people write.
    !text.trim().is_empty() && !text.starts_with([' ', '\n', '\t']) && !text.chars().any(is_odd)
}

/// The header of a literal block scalar, and its lines.
fn literal(text: &str) -> (&'static str, &str) {
    match text.strip_suffix('\n') {
        None => ("|-", text),
        Some(body) if body.ends_with('\n') => ("|+", body),
        Some(body) => ("|", body),
    }
}
