//! Flux's substitution of variables, as it is really implemented: one text to its pieces.
//!
//! `${NAME}` and the operators of a shell, with the surprises of `fluxcd/pkg/envsubst`: every default is one for unset
//! and for empty, `$$` is `$` everywhere, a name of letters and digits is all that may stand before an operator. What
//! stands in quotes or in a comment is not known here ([`super::substitution`]); the functions of the operators are in
//! [`functions`].

mod functions;
mod parse;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use parse::{Call, Node};

/// How much text may come of one text: what a file may have.
const MAX_TEXT: usize = 16 * 1024 * 1024;

/// What becomes of a variable without a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Unset {
    /// It is a fault, unless a default stands beside it; Flux has it so since 2.9.
    #[default]
    Fault,
    /// It is empty.
    Empty,
}

/// Variables and their values.
#[derive(Clone, Default)]
pub(crate) struct Variables {
    values: BTreeMap<String, Given>,
    /// What further ones come from and is not there, as it is shown.
    pub missing: Vec<String>,
    /// What becomes of one that has no value.
    pub unset: Unset,
}

/// A value, without line breaks.
#[derive(Clone)]
struct Given {
    text: String,
    from: Option<SecretKey>,
}

/// The Secret that a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SecretKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The key that has the value as a variable does: without line breaks.
    pub key: String,
}

// Values may be secrets: only their names are shown.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Variables {
    /// None yet, and what becomes of one without a value.
    pub(crate) fn new(unset: Unset) -> Variables {
        Variables { unset, ..Variables::default() }
    }

    /// Gives a variable its value, without the line breaks in it; false when the name is none that may be used.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> bool {
        self.give(name, value, None)
    }

    /// The same for a value of a Secret.
    pub(crate) fn set_secret(&mut self, name: &str, value: &str, namespace: &str, secret: &str) -> bool {
        // Where the Secret itself has line breaks, the variable is another value than its key.
        let key = if value.contains('\n') { format!("{name}:line") } else { name.to_owned() };
        self.give(name, value, Some(SecretKey { namespace: namespace.to_owned(), name: secret.to_owned(), key }))
    }

    fn give(&mut self, name: &str, value: &str, from: Option<SecretKey>) -> bool {
        let usable = is_name(name);
        if usable {
            self.values.insert(name.to_owned(), Given { text: value.replace('\n', ""), from });
        }
        usable
    }

    /// The values that come from Secrets.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&SecretKey, &str)> {
        self.values.values().filter_map(|given| Some((given.from.as_ref()?, given.text.as_str())))
    }

    // The Secret that a variable comes from.
    fn from(&self, name: &str) -> Option<&SecretKey> {
        self.values.get(name)?.from.as_ref()
    }

    /// Whether there is not a single one.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The names, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    fn value(&self, name: &str) -> Option<&str> {
        match (self.values.get(name), self.unset) {
            (Some(given), _) => Some(&given.text),
            (None, Unset::Empty) => Some(""),
            (None, Unset::Fault) => None,
        }
    }
}

/// Whether a variable may have this name: a letter or `_`, then letters, digits and `_`.
pub(crate) fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte == b'_' || byte.is_ascii_alphabetic());
    first && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// Whether a text has anything that substitution changes.
pub(crate) fn concerns(text: &str) -> bool {
    text.contains("${") || text.contains("$$")
}

/// What one expression becomes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Replacement {
    /// Where the expression stands in the text: from its first `$` to its `}`, or both of `$$`.
    pub at: Range<usize>,
    /// What stands there instead.
    pub text: String,
    /// The variables that come from Secrets and are in it.
    pub secrets: Vec<String>,
    /// The Secret whose value it is, and nothing else.
    pub is_secret: Option<SecretKey>,
}

/// An expression that becomes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    /// Where it stands, as far as it was read.
    pub at: Range<usize>,
    /// What is wrong with it.
    pub why: Why,
}

/// Why an expression becomes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// The variable has no value.
    Unset(String),
    /// Flux cannot read it, in these words.
    Unreadable(&'static str),
    /// A character of the value is cut in two: Flux counts bytes.
    CutCharacter,
    /// The text would grow too large.
    TooLarge,
}

/// Replaces every expression of a text: what each becomes, in order, and those that become nothing.
pub(crate) fn expand(text: &str, variables: &Variables) -> (Vec<Replacement>, Vec<Fault>) {
    let (mut replacements, mut faults) = (Vec::new(), Vec::new());
    let mut at = 0;
    let mut room = MAX_TEXT.saturating_sub(text.len());
    while let Some(dollar) = text[at..].find('$').map(|found| at + found) {
        match text.as_bytes().get(dollar + 1) {
            // The second one is a character like any other: `$$${v}` is a dollar and an expression.
            Some(b'$') => {
                let dollars = dollar..dollar + 2;
                replacements.push(Replacement {
                    at: dollars,
                    text: "$".into(),
                    secrets: Vec::new(),
                    is_secret: None,
                });
                at = dollar + 2;
            }
            Some(b'{') => {
                let (call, end) = match parse::call(text, dollar + 2) {
                    Ok(read) => read,
                    Err((reason, reached)) => {
                        let end = end_of_unreadable(text, dollar, reached);
                        faults.push(Fault { at: dollar..end, why: Why::Unreadable(reason) });
                        at = dollar + 2;
                        continue;
                    }
                };
                match evaluate(&call, variables, room) {
                    Ok(value) => {
                        room -= value.len().min(room);
                        let mut secrets = Vec::new();
                        call.each_name(&mut |name| {
                            if variables.from(name).is_some() {
                                secrets.push(name.to_owned());
                            }
                        });
                        let is_secret = variables.from(&call.name).filter(|_| call.operator.is_empty()).cloned();
                        replacements.push(Replacement { at: dollar..end, text: value, secrets, is_secret });
                    }
                    Err(why) => faults.push(Fault { at: dollar..end, why }),
                }
                at = end;
            }
            _ => at = dollar + 1,
        }
    }
    (replacements, faults)
}

// As much as somebody wrote as one expression: to the brace that closes it, on its line.
fn end_of_unreadable(text: &str, start: usize, reached: usize) -> usize {
    let line = text[start..].find('\n').map_or(text.len(), |end| start + end);
    match text[start..line].find('}') {
        Some(brace) => start + brace + 1,
        None => reached.clamp(start + 2, line.max(start + 2)),
    }
}

fn evaluate(call: &Call, variables: &Variables, room: usize) -> Result<String, Why> {
    // Arguments come first, whether the value needs them or not: so does Flux.
    let mut arguments = Vec::new();
    let mut size: usize = 0;
    for node in &call.arguments {
        let argument = match node {
            Node::Text(text) => text.clone(),
            Node::Call(inner) => evaluate(inner, variables, room)?,
        };
        size += argument.len();
        if size > room {
            return Err(Why::TooLarge);
        }
        arguments.push(argument);
    }
    let value = match variables.value(&call.name) {
        Some(value) => value,
        None if call.gives_default() => "",
        None => return Err(Why::Unset(call.name.clone())),
    };
    functions::apply(&call.operator, value, &arguments, room)
}

#[cfg(test)]
mod tests;
