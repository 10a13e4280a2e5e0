//! What is declared and what is wanted, along the tree of a text: each difference is the replacement of a few bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Map, Value};

use super::matching::{pairs, staying};
use super::render::{After, Manner};
use super::tree::{Item, Layout, MERGE, Member, Node, Shape, Style, indentation, line_end, line_start};
use super::{Edited, Format, Held, Numbers, Unfit, Why, below, json, parts, same, yaml};

/// A part of a text, and what stands there instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Splice {
    pub at: Range<usize>,
    pub text: String,
}

/// What is to be replaced in a text.
pub(crate) struct Patch {
    /// In order, apart from each other.
    pub splices: Vec<Splice>,
    pub held: Vec<Held>,
}

impl Patch {
    pub(crate) fn into_edited(self, text: &str) -> Edited {
        Edited { text: spliced(text, &self.splices), held: self.held }
    }
}

/// All documents of a text.
pub(crate) fn read(text: &str, format: Format) -> Option<Vec<Node>> {
    match format {
        Format::Json => json::parse(text).map(|node| vec![node]),
        Format::Yaml => yaml::parse(text),
    }
}

/// Makes the patch of a value, and makes sure that the patched text says what is wanted.
pub(crate) fn patch(
    text: &str,
    format: Format,
    document: usize,
    pointer: &str,
    declared: &Value,
    wanted: &Value,
    numbers: Numbers,
) -> Result<Patch, Unfit> {
    let documents = read(text, format).ok_or(Unfit::Unread)?;
    let root = documents.get(document).ok_or(Unfit::NotThere)?;
    let node = root.at(parts(pointer)).ok_or(Unfit::NotThere)?;
    let mut aliased = BTreeSet::new();
    root.aliases(&mut |anchor| {
        aliased.insert(anchor);
    });
    let manner = Manner::of(text, format, root);
    let mut patcher = Patcher { text, format, numbers, aliased, manner, splices: Vec::new(), held: Vec::new() };
    let outside = patcher.outside(root, pointer);
    let expected = match outside {
        Some(why) => {
            patcher.hold(node, String::new(), why);
            node.plain()
        }
        None => {
            let around = patcher.around(root, pointer);
            patcher.value(node, declared, wanted, &around, String::new())
        }
    };
    let mut splices = patcher.splices;
    splices.sort_by_key(|splice| (splice.at.start, splice.at.end));
    let held = patcher.held;
    let edited = spliced(text, &splices);
    let again = read(&edited, format).ok_or(Unfit::Layout)?;
    let is_kept = again.len() == documents.len()
        && documents.iter().zip(&again).enumerate().all(|(i, (before, after))| {
            let before = if i == document { put(before.plain(), pointer, &expected) } else { Some(before.plain()) };
            before.is_some_and(|before| same(&before, &after.plain(), Numbers::Exact))
        });
    if is_kept { Ok(Patch { splices, held }) } else { Err(Unfit::Layout) }
}

/// A value with another one in the place of a pointer.
fn put(mut whole: Value, pointer: &str, value: &Value) -> Option<Value> {
    *whole.pointer_mut(pointer)? = value.clone();
    Some(whole)
}

pub(crate) fn spliced(text: &str, splices: &[Splice]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for splice in splices {
        out.push_str(text.get(at..splice.at.start).unwrap_or_default());
        out.push_str(&splice.text);
        at = splice.at.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// What stands around a value.
#[derive(Clone)]
struct Around {
    /// Behind its key's colon, or its dash.
    after: usize,
    /// Which of them.
    follows: After,
    /// The indentation of its entry.
    indent: String,
    /// Whether it is between brackets.
    in_flow: bool,
    /// Whether the entries around it stand on lines of their own.
    is_lined: bool,
}

/// An entry of a collection as it is to stand there.
enum Slot<'v> {
    /// Where it stands, by its number.
    Old(usize),
    /// From another place of the same collection.
    Moved(String),
    /// A new one.
    New(Option<&'v str>, &'v Value),
}

struct Patcher<'a> {
    text: &'a str,
    format: Format,
    numbers: Numbers,
    aliased: BTreeSet<usize>,
    manner: Manner,
    splices: Vec<Splice>,
    held: Vec<Held>,
}

impl Patcher<'_> {
    fn splice(&mut self, at: Range<usize>, text: String) {
        self.splices.push(Splice { at, text });
    }

    fn hold(&mut self, node: &Node, pointer: String, why: Why) {
        let written = self.text.get(node.at.clone()).unwrap_or_default();
        let written = written.lines().next().unwrap_or_default().chars().take(120).collect();
        self.held.push(Held { pointer, why, at: node.at.clone(), written });
    }

    /// Whether something above a value keeps it from being edited.
    fn outside(&self, root: &Node, pointer: &str) -> Option<Why> {
        let mut path: Vec<String> = parts(pointer).collect();
        path.pop();
        (0..=path.len()).find_map(|n| {
            let node = root.at(path.iter().take(n).cloned())?;
            self.tied(node)
        })
    }

    fn tied(&self, node: &Node) -> Option<Why> {
        if node.is_tagged {
            return Some(Why::Tag);
        }
        self.aliased.contains(&node.anchor).then_some(Why::Anchor)
    }

    /// What stands around the value at a pointer.
    fn around(&self, root: &Node, pointer: &str) -> Around {
        let is_json = self.format == Format::Json;
        let mut around = Around {
            after: root.at.start,
            follows: After::Key,
            indent: String::new(),
            in_flow: is_json,
            is_lined: self.manner.is_lined(),
        };
        let mut node = root;
        for part in parts(pointer) {
            let next = match &node.shape {
                Shape::Object(members, layout) => members
                    .iter()
                    .find(|member| member.name == part)
                    .map(|member| (self.around_member(member, *layout, node), &member.node)),
                Shape::List(items, layout) => part
                    .parse::<usize>()
                    .ok()
                    .and_then(|i| items.get(i))
                    .map(|item| (self.around_item(item, *layout, node), &item.node)),
                Shape::Scalar(..) | Shape::Alias(_) => None,
            };
            match next {
                Some((found, below)) => (around, node) = (found, below),
                None => break,
            }
        }
        around
    }

    fn around_member(&self, member: &Member, layout: Layout, of: &Node) -> Around {
        Around {
            after: self.colon(member),
            follows: After::Key,
            indent: self.indent(member.key.start, layout),
            in_flow: layout == Layout::Flow,
            is_lined: self.is_lined(of, layout),
        }
    }

    fn around_item(&self, item: &Item, layout: Layout, of: &Node) -> Around {
        Around {
            after: item.start + usize::from(layout == Layout::Block),
            follows: After::Dash,
            indent: self.indent(item.start, layout),
            in_flow: layout == Layout::Flow,
            is_lined: self.is_lined(of, layout),
        }
    }

    fn is_lined(&self, node: &Node, layout: Layout) -> bool {
        layout == Layout::Block || self.text[node.at.clone()].contains('\n')
    }

    /// Behind a key's colon.
    fn colon(&self, member: &Member) -> usize {
        self.text[member.key.end..].find(':').map_or(member.key.end, |at| member.key.end + at + 1)
    }

    /// The indentation of an entry: that of its line, between brackets; the blanks that its column takes, in a block.
    fn indent(&self, start: usize, layout: Layout) -> String {
        match layout {
            Layout::Flow => indentation(self.text, start).to_owned(),
            Layout::Block => {
                let before = &self.text[line_start(self.text, start)..start];
                if before.trim().is_empty() { before.to_owned() } else { " ".repeat(before.chars().count()) }
            }
        }
    }

    /// Edits a value; gives what will stand there.
    fn value(&mut self, node: &Node, declared: &Value, wanted: &Value, around: &Around, pointer: String) -> Value {
        if same(declared, wanted, self.numbers) {
            return node.plain();
        }
        if let Some(why) = self.tied(node) {
            self.hold(node, pointer, why);
            return node.plain();
        }
        match (&node.shape, declared, wanted) {
            (Shape::Alias(_), ..) => {
                self.hold(node, pointer, Why::Alias);
                node.plain()
            }
            (Shape::Object(members, layout), Value::Object(declared), Value::Object(wanted)) => {
                self.object(node, (members, *layout), declared, wanted, around, &pointer)
            }
            (Shape::List(items, layout), Value::Array(declared), Value::Array(wanted))
                if items.len() == declared.len() =>
            {
                self.list(node, (items, *layout), declared, wanted, around, &pointer)
            }
            (Shape::Object(members, _), Value::Object(_), _) if members.iter().all(|m| m.name != MERGE) => {
                self.replace(node, wanted, around);
                wanted.clone()
            }
            (Shape::List(items, _), Value::Array(declared), _) if items.len() == declared.len() => {
                self.replace(node, wanted, around);
                wanted.clone()
            }
            (Shape::Scalar(written, _), ..) if self.is_written(written, declared) => {
                self.replace(node, wanted, around);
                wanted.clone()
            }
            (Shape::Object(..), Value::Object(_), _) => {
                self.hold(node, pointer, Why::MergeKey);
                node.plain()
            }
            _ => {
                self.hold(node, pointer, Why::Elsewhere);
                node.plain()
            }
        }
    }

    /// Whether a scalar is what is declared: blanks around texts and byte order marks are dropped on the way.
    fn is_written(&self, written: &Value, declared: &Value) -> bool {
        let bare = |text: &str| text.replace('\u{feff}', "").trim().to_owned();
        match (written, declared) {
            (Value::String(written), Value::String(declared)) => bare(written) == bare(declared),
            _ => same(written, declared, Numbers::Float),
        }
    }

    fn object(
        &mut self,
        node: &Node,
        (members, layout): (&[Member], Layout),
        declared: &Map<String, Value>,
        wanted: &Map<String, Value>,
        around: &Around,
        pointer: &str,
    ) -> Value {
        let mut expected = Map::new();
        let mut slots: Vec<(Option<&str>, Slot<'_>)> = Vec::new();
        for (i, member) in members.iter().enumerate() {
            let at = below(pointer, &member.name);
            let value = match (declared.get(&member.name), wanted.get(&member.name)) {
                (Some(_), None) => continue,
                (Some(declared), Some(wanted)) => {
                    let around = self.around_member(member, layout, node);
                    self.value(&member.node, declared, wanted, &around, at)
                }
                (None, Some(wanted)) => {
                    let around = self.around_member(member, layout, node);
                    self.value(&member.node, &member.node.plain(), wanted, &around, at)
                }
                // What the server does not keep, and what is only written here.
                (None, None) => member.node.plain(),
            };
            expected.insert(member.name.clone(), value);
            slots.push((Some(&member.name), Slot::Old(i)));
        }
        // What is declared and not written here came from elsewhere: by a merge key, by what reads the file.
        let why = if members.iter().any(|member| member.name == MERGE) { Why::MergeKey } else { Why::Elsewhere };
        let is_written = |key: &String| members.iter().any(|member| member.name == *key);
        for (key, declared) in declared.iter().filter(|(key, _)| !is_written(key)) {
            if !wanted.get(key).is_some_and(|wanted| same(declared, wanted, self.numbers)) {
                self.hold(node, below(pointer, key), why);
            }
        }
        let mut before: Option<&str> = None;
        for (key, value) in wanted {
            if !is_written(key) && !declared.contains_key(key) {
                let after = before.and_then(|before| slots.iter().position(|(name, _)| *name == Some(before)));
                let at = match after {
                    Some(after) => after + 1,
                    // What the text has first may not be what the server has first.
                    None => usize::from(!slots.is_empty()),
                };
                slots.insert(at, (Some(key), Slot::New(Some(key), value)));
                expected.insert(key.clone(), value.clone());
            }
            if slots.iter().any(|(name, _)| *name == Some(key)) {
                before = Some(key);
            }
        }
        let expected = Value::Object(expected);
        let entries: Vec<Range<usize>> = members
            .iter()
            .map(|member| self.entry(member.key.start, self.colon(member), &member.node, layout))
            .collect();
        let slots = slots.into_iter().map(|(_, slot)| slot).collect();
        self.collection(node, layout, &entries, slots, &expected, around);
        expected
    }

    fn list(
        &mut self,
        node: &Node,
        (items, layout): (&[Item], Layout),
        declared: &[Value],
        wanted: &[Value],
        around: &Around,
        pointer: &str,
    ) -> Value {
        let found = pairs(declared, wanted);
        let stays = staying(&found.iter().map(|(i, _)| *i).collect::<Vec<_>>());
        let old: BTreeMap<usize, (usize, bool)> =
            found.into_iter().zip(stays).map(|((i, j), stays)| (j, (i, stays))).collect();
        let entries: Vec<Range<usize>> = items
            .iter()
            .map(|item| {
                self.entry(item.start, item.start + usize::from(layout == Layout::Block), &item.node, layout)
            })
            .collect();
        let mut expected = Vec::new();
        let mut slots = Vec::new();
        for (j, value) in wanted.iter().enumerate() {
            let Some(&(i, stays)) = old.get(&j) else {
                expected.push(value.clone());
                slots.push(Slot::New(None, value));
                continue;
            };
            let item = &items[i];
            let mark = self.splices.len();
            let below = self.around_item(item, layout, node);
            expected.push(self.value(&item.node, &declared[i], value, &below, format!("{pointer}/{i}")));
            if stays {
                slots.push(Slot::Old(i));
                continue;
            }
            let from = entries[i].start;
            let mut own = self.splices.split_off(mark);
            own.sort_by_key(|splice| (splice.at.start, splice.at.end));
            for splice in &mut own {
                splice.at = splice.at.start - from..splice.at.end - from;
            }
            slots.push(Slot::Moved(spliced(&self.text[entries[i].clone()], &own)));
        }
        let expected = Value::Array(expected);
        self.collection(node, layout, &entries, slots, &expected, around);
        expected
    }

    /// Where an entry stands: in a block, to the end of its last line, with the comment there.
    fn entry(&self, start: usize, after: usize, node: &Node, layout: Layout) -> Range<usize> {
        match layout {
            Layout::Flow => start..node.at.end.max(after.min(node.at.end)),
            Layout::Block => start..line_end(self.text, node.at.end.max(after)),
        }
    }

    /// Puts the entries of a collection as they are to stand there.
    fn collection(
        &mut self,
        node: &Node,
        layout: Layout,
        entries: &[Range<usize>],
        slots: Vec<Slot<'_>>,
        whole: &Value,
        around: &Around,
    ) {
        let old: Vec<usize> = slots
            .iter()
            .filter_map(|slot| match slot {
                Slot::Old(i) => Some(*i),
                Slot::Moved(_) | Slot::New(..) => None,
            })
            .collect();
        if old.len() == slots.len() && old.len() == entries.len() {
            return;
        }
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return self.replace(node, whole, around);
        };
        if old.is_empty() && (layout == Layout::Flow || slots.is_empty()) {
            return self.replace(node, whole, around);
        }
        let spacing = self.spacing(node, layout, entries);
        let texts = |patcher: &Self, slots: &[Slot<'_>]| -> Vec<String> {
            let texts = slots.iter().filter_map(|slot| match slot {
                Slot::Old(_) => None,
                Slot::Moved(text) => Some(text.clone()),
                Slot::New(key, value) => Some(patcher.fresh(*key, value, layout, node, &spacing)),
            });
            texts.collect()
        };
        if old.is_empty() {
            let text = texts(self, &slots).join(&spacing.between);
            return self.splice(first.start..last.end, text);
        }
        let mut groups: Vec<(Option<usize>, Vec<Slot<'_>>)> = vec![(None, Vec::new())];
        for slot in slots {
            match slot {
                Slot::Old(i) => groups.push((Some(i), Vec::new())),
                Slot::Moved(_) | Slot::New(..) => {
                    if let Some((_, group)) = groups.last_mut() {
                        group.push(slot);
                    }
                }
            }
        }
        for (n, (before, group)) in groups.iter().enumerate() {
            let next = groups.get(n + 1).and_then(|(next, _)| *next);
            let new = texts(self, group);
            let (at, text) = match (before, next) {
                (None, None) => continue,
                (None, Some(next)) => {
                    let start = entries[0].start;
                    let end = match (next, layout) {
                        (0, _) => start,
                        (_, Layout::Flow) => entries[next].start,
                        // What is said above the first one that stays is about that.
                        (_, Layout::Block) => {
                            let from = entries[next - 1].end;
                            let rest = &self.text[from..];
                            from + rest.len() - rest.trim_start().len()
                        }
                    };
                    let text = new.iter().map(|text| format!("{text}{}", spacing.between)).collect::<String>();
                    (start..end, text)
                }
                (Some(before), next) => {
                    let start = entries[*before].end;
                    let upto = next.unwrap_or(entries.len());
                    let end = if upto > before + 1 { entries[upto - 1].end } else { start };
                    let text = new.iter().map(|text| format!("{}{text}", spacing.between)).collect::<String>();
                    (start..end, text)
                }
            };
            if !(at.is_empty() && text.is_empty()) {
                self.splice(at, text);
            }
        }
    }

    /// What stands between the entries of a collection.
    fn spacing(&self, node: &Node, layout: Layout, entries: &[Range<usize>]) -> Spacing {
        let first = &entries[0];
        match layout {
            Layout::Block => {
                let indent = self.indent(first.start, layout);
                Spacing { between: format!("{}{indent}", self.manner.line), indent: Some(indent) }
            }
            Layout::Flow => {
                let spreads = self.text[node.at.clone()].contains('\n');
                let indent = spreads.then(|| indentation(self.text, first.end).to_owned());
                let between = match entries.get(1) {
                    Some(second) => {
                        let between = &self.text[first.end..second.start];
                        // A comment between the two is not between others.
                        if between.contains('#') { format!(",{}", blanks_of(between)) } else { between.to_owned() }
                    }
                    None => {
                        let start = line_start(self.text, first.start);
                        let begins = self.text[start..first.start].trim().is_empty() && start > node.at.start;
                        match &indent {
                            Some(indent) if begins => format!(",{}{indent}", self.manner.line),
                            _ => self.manner.comma.clone(),
                        }
                    }
                };
                Spacing { between, indent }
            }
        }
    }

    /// The text of a new entry.
    fn fresh(&self, key: Option<&str>, value: &Value, layout: Layout, node: &Node, spacing: &Spacing) -> String {
        let manner = &self.manner;
        let is_quoted = match &node.shape {
            Shape::Object(members, _) => {
                members.iter().all(|member| self.text[member.key.clone()].starts_with(['"', '\'']))
            }
            _ => false,
        };
        match (layout, key) {
            (Layout::Block, Some(key)) => {
                manner.member(key, value, spacing.indent.as_deref().unwrap_or_default(), is_quoted)
            }
            (Layout::Block, None) => {
                format!("-{}", manner.block(value, spacing.indent.as_deref().unwrap_or_default(), After::Dash))
            }
            (Layout::Flow, key) => {
                let value = manner.flow(value, spacing.indent.as_deref());
                match key {
                    Some(key) if self.format == Format::Yaml => {
                        format!("{}{}{value}", manner.key(key, is_quoted, true), manner.colon)
                    }
                    Some(key) => format!("{}{}{value}", manner.quoted(key), manner.colon),
                    None => value,
                }
            }
        }
    }

    /// Puts a value in the place of another one.
    fn replace(&mut self, node: &Node, value: &Value, around: &Around) {
        let is_scalar = !(value.is_object() || value.is_array());
        if around.in_flow {
            let spreads = match &node.shape {
                Shape::List(items, _) if !items.is_empty() => self.text[node.at.clone()].contains('\n'),
                Shape::Object(members, _) if !members.is_empty() => self.text[node.at.clone()].contains('\n'),
                _ => around.is_lined && self.manner.is_lined(),
            };
            let text = match &node.shape {
                Shape::Scalar(_, style) if is_scalar && self.format == Format::Yaml => {
                    self.manner.scalar(value, *style, true, "")
                }
                _ => {
                    let indent = indentation(self.text, node.at.start);
                    self.manner.flow(value, spreads.then_some(indent))
                }
            };
            let is_behind_colon = node.at.is_empty() && self.format == Format::Yaml;
            let text = if is_behind_colon { format!(" {text}") } else { text };
            return self.splice(node.at.clone(), text);
        }
        match &node.shape {
            Shape::Scalar(_, style) if is_scalar && !node.at.is_empty() => {
                let indent = match style {
                    Style::Literal | Style::Folded => {
                        let lines = &self.text[line_end(self.text, node.at.start)..node.at.end];
                        let first = lines.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                        first[..first.len() - first.trim_start_matches(' ').len()].to_owned()
                    }
                    Style::Plain | Style::Single | Style::Double => {
                        format!("{}{}", around.indent, self.manner.unit)
                    }
                };
                let text = self.manner.scalar(value, *style, false, &indent);
                self.splice(node.at.clone(), text);
            }
            _ => {
                let text = self.manner.block(value, &around.indent, around.follows);
                let gap = &self.text[around.after..node.at.start.max(around.after)];
                let end = node.at.end.max(around.after);
                if gap.contains('#') {
                    // A comment behind the key stays there.
                    self.splice(around.after..around.after, text);
                    self.splice(around.after + gap.trim_end().len()..end, String::new());
                } else {
                    self.splice(around.after..end, text);
                }
            }
        }
    }
}

struct Spacing {
    between: String,
    indent: Option<String>,
}

/// The blanks that a text ends with, its last line break included.
fn blanks_of(between: &str) -> &str {
    let blanks = &between[between.trim_end().len()..];
    blanks.rfind('\n').map_or(blanks, |at| &blanks[at..])
}
