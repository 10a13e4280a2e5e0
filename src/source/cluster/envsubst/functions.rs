//! What the operators make of a value. Lengths and offsets count bytes, as Flux's do.

use super::Why;

/// How many steps one pattern may cost.
const MAX_STEPS: usize = 64 * 1024 * 1024;

/// Applies an operator to a value; what comes of it may have `room` bytes.
pub(super) fn apply(operator: &str, value: &str, arguments: &[String], room: usize) -> Result<String, Why> {
    let text = match (operator, arguments) {
        ("#", []) => value.len().to_string(),
        (",", _) => first(value, lower),
        (",,", _) => value.chars().map(lower).collect(),
        ("^", _) => first(value, upper),
        ("^^", _) => value.chars().map(upper).collect(),
        (":", _) => substring(value, arguments)?.to_owned(),
        ("#", [pattern, ..]) => value[shortest(pattern, value)?..].to_owned(),
        ("##", [pattern, ..]) => value[longest(pattern, value)?..].to_owned(),
        ("%", [pattern, ..]) => trim_end(value, pattern, shortest)?,
        ("%%", [pattern, ..]) => trim_end(value, pattern, longest)?,
        ("/#", [pattern, by]) => match value.strip_prefix(pattern.as_str()) {
            Some(rest) => format!("{by}{rest}"),
            None => value.to_owned(),
        },
        ("/%", [pattern, by]) => match value.strip_suffix(pattern.as_str()) {
            Some(rest) => format!("{rest}{by}"),
            None => value.to_owned(),
        },
        ("/#" | "/%", _) => value.to_owned(),
        ("/", [pattern, ..]) => value.replacen(pattern.as_str(), by(arguments), 1),
        ("//", [pattern, ..]) => {
            let count = value.matches(pattern.as_str()).count();
            let grown = count.saturating_mul(by(arguments).len()).saturating_add(value.len());
            if grown > room {
                return Err(Why::TooLarge);
            }
            value.replace(pattern.as_str(), by(arguments))
        }
        // Every default is one: `:?` is no error and `:+` gives nothing to a value that is set.
        _ if value.is_empty() => arguments.concat(),
        _ => value.to_owned(),
    };
    if text.len() > room { Err(Why::TooLarge) } else { Ok(text) }
}

fn by(arguments: &[String]) -> &str {
    arguments.get(1).map_or("", String::as_str)
}

fn first(value: &str, change: fn(char) -> char) -> String {
    let mut rest = value.chars();
    rest.next().map(change).into_iter().chain(rest).collect()
}

// One character for one, as Go has it: `ß` has no capital.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

// The part of a value that an offset, and perhaps a length, names; all of it where one of them is no number.
fn substring<'a>(value: &'a str, arguments: &[String]) -> Result<&'a str, Why> {
    let size = i128::try_from(value.len()).unwrap_or(i128::MAX);
    let mut numbers = arguments.iter().map(|argument| argument.parse::<i64>().map(i128::from));
    let Some(Ok(offset)) = numbers.next() else { return Ok(value) };
    let start = if offset < 0 { (size + offset).max(0) } else { offset };
    let end = match numbers.next() {
        None => size,
        Some(Err(_)) => return Ok(value),
        Some(Ok(length)) if length < 0 => size + length,
        Some(Ok(length)) => (start + length).min(size),
    };
    if start >= size || end <= start {
        return Ok("");
    }
    let (start, end) = (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0));
    value.get(start..end).ok_or(Why::CutCharacter)
}

// Patterns of a suffix are read from behind, brackets too: so are Flux's.
fn trim_end(value: &str, pattern: &str, prefix: fn(&str, &str) -> Result<usize, Why>) -> Result<String, Why> {
    let backwards = |text: &str| text.chars().rev().collect::<String>();
    let reversed = backwards(value);
    let length = prefix(&backwards(pattern), &reversed)?;
    Ok(backwards(&reversed[length..]))
}

// The length of the shortest prefix, but the empty one, that a pattern matches; 0 where it matches none.
fn shortest(pattern: &str, value: &str) -> Result<usize, Why> {
    Ok(prefixes(pattern, value, Prefix::Shortest)?.unwrap_or(0))
}

fn longest(pattern: &str, value: &str) -> Result<usize, Why> {
    Ok(prefixes(pattern, value, Prefix::Longest)?.unwrap_or(0))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Shortest,
    Longest,
}

/// A part of a pattern.
enum Term {
    /// `*`: anything, a `/` too.
    Anything,
    /// `?`: one character.
    Any,
    /// `[a-z]`: one character of some, or of all others.
    Class(bool, Vec<(char, char)>),
    Char(char),
}

// All states that the pattern may be in are followed side by side: no pattern takes longer than its length a character.
fn prefixes(pattern: &str, value: &str, wanted: Prefix) -> Result<Option<usize>, Why> {
    let Some(terms) = terms(pattern) else { return Ok(None) };
    if terms.len().saturating_mul(value.len()) > MAX_STEPS {
        return Err(Why::TooLarge);
    }
    let mut found = None;
    let mut states = vec![false; terms.len() + 1];
    states[0] = true;
    skip_anything(&terms, &mut states);
    for (at, c) in value.char_indices() {
        let mut next = vec![false; terms.len() + 1];
        for (i, term) in terms.iter().enumerate().filter(|(i, _)| states[*i]) {
            match term {
                Term::Anything => next[i] = true,
                Term::Any => next[i + 1] = true,
                Term::Class(not, ranges) => {
                    let within = ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
                    next[i + 1] |= within != *not;
                }
                Term::Char(wanted) => next[i + 1] |= *wanted == c,
            }
        }
        skip_anything(&terms, &mut next);
        states = next;
        if states[terms.len()] {
            found = Some(at + c.len_utf8());
            if wanted == Prefix::Shortest {
                break;
            }
        }
        if !states.contains(&true) {
            break;
        }
    }
    Ok(found)
}

fn skip_anything(terms: &[Term], states: &mut [bool]) {
    for (i, term) in terms.iter().enumerate() {
        if states[i] && matches!(term, Term::Anything) {
            states[i + 1] = true;
        }
    }
}

// The parts of a pattern; none for one that is malformed, which matches nothing.
fn terms(pattern: &str) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        terms.push(match c {
            '*' => Term::Anything,
            '?' => Term::Any,
            '\\' => Term::Char(rest.next()?),
            '[' => {
                let not = rest.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while ranges.is_empty() || rest.peek() != Some(&']') {
                    let low = class_character(&mut rest)?;
                    let high = match rest.next_if_eq(&'-') {
                        Some(_) => class_character(&mut rest)?,
                        None => low,
                    };
                    ranges.push((low, high));
                }
                rest.next();
                Term::Class(not, ranges)
            }
            c => Term::Char(c),
        });
    }
    Some(terms)
}

fn class_character(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match rest.next()? {
        '\\' => rest.next(),
        '-' | ']' => None,
        c => Some(c),
    }
}
