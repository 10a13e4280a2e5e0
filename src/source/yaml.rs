//! YAML as GitOps repositories write it, read so that nothing changes on the way.
//!
//! `yes`, `no`, `on` and `014` stay texts, `1e3` is the number 1000, keys such as `1:` and `true:` are texts spelled as
//! they stand, merge keys are merged. Refused are duplicate keys, unknown tags, `.inf` and `.nan`, and alias or depth
//! bombs. The parser is called here and nowhere else, because its defaults are other ones.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_yaml::{Location, Spanned, UserMessageFormatter};

use super::faults::Faults;
use super::json::{MAX_DEPTH, duplicate_key, template};
use super::numbers::{beyond, holds, wide};
use super::spans::{Located, escaped, parts};
use super::text::SourceText;
use crate::model::Problem;
use crate::model::digest::is_wide_integer;

/// A value with the places of all its parts.
#[derive(Debug)]
pub(crate) struct Node {
    shape: Shape,
    /// Where it stands; where its alias stands, if it is one.
    at: Range<usize>,
    /// Where the value of an alias stands.
    defined: Option<Box<Range<usize>>>,
}

#[derive(Debug)]
enum Shape {
    Leaf,
    List(Vec<Node>),
    Object(Vec<(String, Range<usize>, Node)>),
}

/// The stack that the parser may use: it needs up to 20 kB for each level of depth.
const STACK: usize = 32 * 1024 * 1024;

/// How a text is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Tags that mean nothing to us are faults.
    Strict,
    /// Tags are overlooked.
    Patient,
}

/// Reads every document of a text with tags, directives and tabs overlooked; none when that is not enough.
pub(crate) fn parse_patiently(source: &SourceText) -> Option<Vec<Value>> {
    let text: Vec<String> = source
        .text
        .lines()
        .map(|line| match line.strip_prefix('%') {
            Some(directive) => format!("#{directive}"),
            None => line.replace('\t', " "),
        })
        .collect();
    let plain = SourceText::new(source.file.clone(), text.join("\n").into_bytes()).ok()?;
    let (documents, _) = on_a_large_stack(|| read(&plain, Manner::Patient))?;
    (!documents.is_empty()).then(|| documents.into_iter().map(|(value, _)| value).collect())
}

// Callers may run on small stacks; how deep a document is, its author decides.
fn on_a_large_stack<T: Send>(read: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read);
        reader.ok().and_then(|reader| reader.join().ok())
    })
}

/// Reads every document of a text, empty ones left out; without documents nothing could be read.
pub(crate) fn parse(source: &SourceText) -> (Vec<(Value, Node)>, Vec<Problem>) {
    on_a_large_stack(|| read(source, Manner::Strict)).unwrap_or_else(|| {
        let problem = Problem::error("yaml", "this file cannot be read: no memory is left for it");
        (Vec::new(), vec![problem.at(crate::model::Place::file(source.file.clone()))])
    })
}

fn read(source: &SourceText, manner: Manner) -> (Vec<(Value, Node)>, Vec<Problem>) {
    let options = serde_yaml::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: manner == Manner::Strict,
        with_snippet: false,
        duplicate_keys: serde_yaml::options::DuplicateKeyPolicy::PassThrough,
        // What `kustomize build` prints of a cluster has thousands of documents.
        budget: serde_yaml::budget! {
            max_nodes: 5_000_000, max_events: 20_000_000, max_depth: 128, max_documents: 20_000,
        },
        // A dashboard whose panels share their settings has a few thousand; each takes memory before any is looked at.
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: 200_000 },
    };
    let read: Result<Vec<Spanned<Raw>>, _> = serde_yaml::from_multiple_with_options(source.text.as_str(), options);
    let mut faults = Faults::default();
    let documents = match read {
        Ok(documents) => documents,
        Err(error) => return (Vec::new(), vec![syntax(source, &error)]),
    };
    let mut builder = Builder { source, faults: &mut faults };
    let documents = documents
        .into_iter()
        .map(|document| builder.build(document, 0))
        .filter(|(value, _)| !value.is_null())
        .collect();
    (documents, faults.finish(&source.file))
}

/// Where the value of a JSON pointer stands; of a path that ends early, where it ends.
pub(crate) fn locate(node: &Node, pointer: &str) -> Located {
    let mut key = None;
    let mut node = node;
    for part in parts(pointer) {
        let next = match &node.shape {
            Shape::Object(members) => {
                members.iter().find(|(name, _, _)| *name == part).map(|(_, at, value)| (Some(at.clone()), value))
            }
            Shape::List(items) => part.parse().ok().and_then(|i: usize| items.get(i)).map(|item| (None, item)),
            Shape::Leaf => None,
        };
        match next {
            Some((k, v)) => (key, node) = (k, v),
            None => break,
        }
    }
    Located { key, value: node.at.clone(), defined: node.defined.as_deref().cloned() }
}

struct Builder<'a> {
    source: &'a SourceText,
    faults: &'a mut Faults,
}

impl Builder<'_> {
    fn build(&mut self, raw: Spanned<Raw>, depth: usize) -> (Value, Node) {
        let at = self.range(&raw.referenced);
        let defined = (raw.defined != raw.referenced).then(|| Box::new(self.range(&raw.defined)));
        if depth > MAX_DEPTH {
            self.faults.error(|| {
                Problem::error("yaml", format!("objects and lists are nested more than {MAX_DEPTH} deep"))
                    .spot(self.source.spot(at.clone(), "one too many"))
            });
            return (Value::Null, Node { shape: Shape::Leaf, at, defined });
        }
        let (value, shape) = match raw.value {
            Raw::Null => (Value::Null, Shape::Leaf),
            Raw::Bool(value) => (Value::Bool(value), Shape::Leaf),
            Raw::Text(text) => (Value::String(text), Shape::Leaf),
            Raw::Integer(number) => {
                if is_wide_integer(&number) {
                    self.faults.warning(|| wide(&number.to_string(), self.source.spot(at.clone(), "")));
                }
                (Value::Number(number), Shape::Leaf)
            }
            Raw::Float(float) => (self.float(float, &at), Shape::Leaf),
            Raw::List(items) => {
                let (values, nodes) = items.into_iter().map(|item| self.build(item, depth + 1)).unzip();
                (Value::Array(values), Shape::List(nodes))
            }
            Raw::Object(members) => self.object(members, depth),
        };
        (value, Node { shape, at, defined })
    }

    fn object(&mut self, members: Vec<(Spanned<String>, Spanned<Raw>)>, depth: usize) -> (Value, Shape) {
        let mut map = Map::new();
        let mut nodes: Vec<(String, Range<usize>, Node)> = Vec::new();
        for (name, raw) in members {
            let at = self.range(&name.referenced);
            if map.contains_key(&name.value) {
                let first = nodes.iter().find(|(known, _, _)| *known == name.value).map(|(_, at, _)| at.clone());
                self.faults.error(|| {
                    duplicate_key(
                        &name.value,
                        self.source.spot(first.unwrap_or_else(|| at.clone()), "first here"),
                        self.source.spot(at, "and again here"),
                    )
                });
                continue;
            }
            let (value, node) = self.build(raw, depth + 1);
            map.insert(name.value.clone(), value);
            nodes.push((name.value, at, node));
        }
        (Value::Object(map), Shape::Object(nodes))
    }

    fn float(&mut self, float: f64, at: &Range<usize>) -> Value {
        let written = self.source.text.get(at.clone()).unwrap_or_default().to_owned();
        let spot = || self.source.spot(at.clone(), "");
        let Some(number) = Number::from_f64(float) else {
            self.faults.error(|| beyond(&written, spot()));
            return Value::Null;
        };
        let digits = written.strip_prefix(['-', '+']).unwrap_or(&written);
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && !holds(&number, &written) {
            self.faults.warning(|| wide(&written, spot()));
        }
        Value::Number(number)
    }

    // Where a location points, in bytes; the parser leaves bytes out for some, then line and column say it.
    fn range(&self, location: &Location) -> Range<usize> {
        range(self.source, location)
    }
}

fn range(source: &SourceText, location: &Location) -> Range<usize> {
    let span = location.span();
    let start = match span.byte_offset() {
        Some(start) => usize::try_from(start).unwrap_or(0),
        None => source
            .offset(usize::try_from(location.line()).unwrap_or(1), usize::try_from(location.column()).unwrap_or(1)),
    };
    let length = span.byte_len().and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1);
    start..(start + length).min(source.text.len().max(start))
}

fn syntax(source: &SourceText, error: &serde_yaml::Error) -> Problem {
    let at = error.location().map(|location| range(source, &location));
    let text = error.render_with_formatter(&UserMessageFormatter);
    // The place stands below the message: it need not be said twice.
    let message = text.split(" at line ").next().unwrap_or(&text).trim().to_owned();
    let message = plainly(&message);
    let number = message.contains("is not a finite number");
    let problem = Problem::error(if number { "number" } else { "yaml" }, message);
    let problem = match at {
        Some(at) => problem.spot(source.spot(at, "here")),
        None => problem.at(crate::model::Place::file(source.file.clone())),
    };
    if source.text.contains("{{") || source.text.contains("{%") {
        *template(Box::new(problem))
    } else if number {
        problem.help("Grafana cannot keep it: write `null`, or the text in quotes")
    } else if problem.message.contains("found a tab") {
        problem.help("YAML is indented with blanks, not with tabs")
    } else {
        problem
    }
}

// The parser's words where a reader who does not know it would wonder.
fn plainly(message: &str) -> String {
    let message = match message {
        "expected string scalar" | "null is not allowed here" => "a key of an object must be a text",
        "reference to unknown value" => "no anchor has this name",
        "Recursive reference not allowed here" => "an alias may not stand inside its own anchor",
        "recursion limit exceeded" => return format!("objects and lists are nested more than {MAX_DEPTH} deep"),
        _ if ["RecordedAnchorEvents", "alias", "replayed"].iter().any(|word| message.contains(word)) => {
            "this document grows too large when its aliases are followed"
        }
        _ if message.starts_with("YAML document too large") => "this document is too large or too deep",
        _ => message,
    };
    message.to_owned()
}

/// What the parser delivers, before places and duplicates are looked at.
enum Raw {
    Null,
    Bool(bool),
    Integer(Number),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Object(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = access.next_key()? {
            members.push((key, access.next_value()?));
        }
        Ok(Raw::Object(members))
    }
}

/// The JSON pointer of a member.
pub(crate) fn member(base: &str, key: &str) -> String {
    format!("{base}/{}", escaped(key))
}
