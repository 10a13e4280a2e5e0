//! What a text says, with the place of each part.

use std::ops::Range;

use serde_json::{Map, Value};

/// Deepest nesting that is read.
pub(crate) const MAX_DEPTH: usize = 200;
/// The key of YAML whose value is merged into the object it stands in.
pub(crate) const MERGE: &str = "<<";

/// One value.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it stands: of block collections of YAML, from the first entry to the end of the last.
    pub at: Range<usize>,
    pub shape: Shape,
    /// Its anchor, by number; 0 without.
    pub anchor: usize,
    pub is_tagged: bool,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Scalar(Value, Style),
    Alias(usize),
    List(Vec<Item>, Layout),
    Object(Vec<Member>, Layout),
}

/// An item of a list.
#[derive(Debug)]
pub(crate) struct Item {
    /// Where it begins: at its dash, in a block.
    pub start: usize,
    pub node: Node,
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member {
    pub name: String,
    /// Where its key stands, with quotes.
    pub key: Range<usize>,
    pub node: Node,
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// How a collection is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Layout {
    /// Between brackets.
    Flow,
    /// By indentation.
    Block,
}

impl Node {
    /// What stands here, in a form that is compared only with itself: aliases are their anchors, merge keys are keys.
    pub(crate) fn plain(&self) -> Value {
        match &self.shape {
            Shape::Scalar(value, _) => value.clone(),
            Shape::Alias(anchor) => Value::String(format!("*{anchor}")),
            Shape::List(items, _) => items.iter().map(|item| item.node.plain()).collect(),
            Shape::Object(members, _) => {
                let members = members.iter().map(|member| (member.name.clone(), member.node.plain()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    /// The node at a path.
    pub(crate) fn at(&self, mut parts: impl Iterator<Item = String>) -> Option<&Node> {
        let mut node = self;
        parts.try_for_each(|part| {
            node = match &node.shape {
                Shape::List(items, _) => &items.get(part.parse::<usize>().ok()?)?.node,
                Shape::Object(members, _) => &members.iter().find(|member| member.name == part)?.node,
                Shape::Scalar(..) | Shape::Alias(_) => return None,
            };
            Some(())
        })?;
        Some(node)
    }

    /// Calls with each alias below, by its anchor.
    pub(crate) fn aliases(&self, see: &mut impl FnMut(usize)) {
        match &self.shape {
            Shape::Scalar(..) => {}
            Shape::Alias(anchor) => see(*anchor),
            Shape::List(items, _) => items.iter().for_each(|item| item.node.aliases(see)),
            Shape::Object(members, _) => members.iter().for_each(|member| member.node.aliases(see)),
        }
    }
}

/// The blanks that a line begins with.
pub(crate) fn indentation(text: &str, offset: usize) -> &str {
    let line = &text[line_start(text, offset)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Where the line of an offset begins.
pub(crate) fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |at| at + 1)
}

/// Where the line of an offset ends, before its line break.
pub(crate) fn line_end(text: &str, offset: usize) -> usize {
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    if text[offset..end].ends_with('\r') { end - 1 } else { end }
}
