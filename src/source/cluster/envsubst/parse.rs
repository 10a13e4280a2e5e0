//! The grammar of one expression, as far as Flux's scanner takes it and no further.

/// What an argument is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Node {
    Text(String),
    Call(Box<Call>),
}

/// One expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Call {
    /// The variable.
    pub name: String,
    /// The operator; empty for the value itself.
    pub operator: String,
    pub arguments: Vec<Node>,
}

impl Call {
    /// Whether the operator is one that gives a value where there is none.
    pub(super) fn gives_default(&self) -> bool {
        matches!(self.operator.as_str(), "=" | ":=" | ":-" | ":?" | ":+")
    }
}

impl Call {
    /// Calls `look` with the name of each variable in it.
    pub(super) fn each_name(&self, look: &mut dyn FnMut(&str)) {
        look(&self.name);
        for argument in &self.arguments {
            match argument {
                Node::Call(inner) => inner.each_name(look),
                Node::Text(_) => {}
            }
        }
    }
}

/// How deep expressions may stand in one another.
const MAX_DEPTH: usize = 64;

/// What is wrong, and up to where the text was read.
type Unreadable = (&'static str, usize);

const NAME: &str = "a variable's name is of letters, digits and `_`";
const BRACE: &str = "missing closing brace";
const OPERATOR: &str = "bad substitution";
const ARGUMENT: &str = "what follows the operator cannot be read";

/// Reads the expression whose name begins at `at`, right behind `${`; gives it and its end.
pub(super) fn call(text: &str, at: usize) -> Result<(Call, usize), Unreadable> {
    let mut reader = Reader { text, at };
    let call = reader.call(0).map_err(|reason| (reason, reader.at))?;
    Ok((call, reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// What ends an argument, and whether `\` and `$` escape in it.
#[derive(Clone, Copy)]
struct Argument {
    ends: fn(char) -> bool,
    escapes: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    // Takes as many characters as a condition lets pass, at most so many.
    fn take(&mut self, most: usize, accepts: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.chars().take(most).take_while(|c| accepts(*c)).map(char::len_utf8).sum();
        self.at += length;
        &rest[..length]
    }

    fn name(&mut self) -> Option<String> {
        let name = self.take(usize::MAX, |c| c.is_alphanumeric() || c == '_');
        (!name.is_empty()).then(|| name.to_owned())
    }

    fn close(&mut self) -> Result<(), &'static str> {
        let closed = !self.take(1, |c| c == '}').is_empty();
        if closed { Ok(()) } else { Err(OPERATOR) }
    }

    fn call(&mut self, depth: usize) -> Result<Call, &'static str> {
        if depth > MAX_DEPTH {
            return Err("expressions stand too deep in one another");
        }
        if !self.take(1, |c| c == '#').is_empty() {
            let name = self.name().ok_or(OPERATOR)?;
            self.close()?;
            return Ok(Call { name, operator: "#".into(), arguments: Vec::new() });
        }
        let name = self.name().ok_or(NAME)?;
        let (operator, arguments) = match self.peek() {
            Some('}') => {
                self.close()?;
                ("", Vec::new())
            }
            Some(':') => match self.rest().chars().nth(1) {
                Some('=' | '-' | '?' | '+') => (self.take(2, |_| true), self.default(depth)?),
                _ => (self.take(1, |_| true), self.substring(depth)?),
            },
            Some('=') => (self.take(1, |_| true), self.default(depth)?),
            Some(',' | '^') => {
                let operator = self.take(2, |c| matches!(c, ',' | '^'));
                self.close()?;
                (operator, Vec::new())
            }
            Some('/') => {
                let length = if matches!(self.rest().chars().nth(1), Some('/' | '#' | '%')) { 2 } else { 1 };
                (self.take(length, |_| true), self.replace(depth)?)
            }
            Some('#') => (self.take(2, |c| c == '#'), self.remove(depth)?),
            Some('%') => (self.take(2, |c| c == '%'), self.remove(depth)?),
            Some(_) | None => return Err(BRACE),
        };
        Ok(Call { name, operator: operator.to_owned(), arguments })
    }

    // Texts and expressions up to the closing brace.
    fn default(&mut self, depth: usize) -> Result<Vec<Node>, &'static str> {
        let mut arguments = Vec::new();
        while self.peek() != Some('}') {
            arguments.push(self.argument(TO_BRACE, depth)?);
        }
        self.close()?;
        Ok(arguments)
    }

    fn substring(&mut self, depth: usize) -> Result<Vec<Node>, &'static str> {
        let offset = self.argument(TO_COLON, depth)?;
        if self.peek() == Some('}') {
            self.close()?;
            return Ok(vec![offset]);
        }
        if self.take(usize::MAX, |c| c == ':').is_empty() {
            return Err(OPERATOR);
        }
        let length = self.argument(TO_BRACE, depth)?;
        self.close()?;
        Ok(vec![offset, length])
    }

    fn remove(&mut self, depth: usize) -> Result<Vec<Node>, &'static str> {
        let pattern = self.argument(TO_BRACE, depth)?;
        self.close()?;
        Ok(vec![pattern])
    }

    fn replace(&mut self, depth: usize) -> Result<Vec<Node>, &'static str> {
        let pattern = match self.peek() {
            Some('/') => Node::Text(String::new()),
            Some(_) | None => self.argument(TO_SLASH, depth)?,
        };
        if self.take(usize::MAX, |c| c == '/').is_empty() {
            return Err(OPERATOR);
        }
        let mut arguments = vec![pattern];
        if self.peek() != Some('}') {
            arguments.push(self.argument(Argument { escapes: true, ..TO_BRACE }, depth)?);
        }
        self.close()?;
        Ok(arguments)
    }

    // One text, or one expression: a text ends where an expression begins.
    fn argument(&mut self, kind: Argument, depth: usize) -> Result<Node, &'static str> {
        if let Some(inside) = self.rest().strip_prefix("${") {
            self.at = self.text.len() - inside.len();
            return Ok(Node::Call(Box::new(self.call(depth + 1)?)));
        }
        let start = self.at;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if self.rest().starts_with("${") {
                break;
            }
            let escaped = ["$$", "\\/", "\\\\"].into_iter().find(|pair| self.rest().starts_with(pair));
            match escaped.filter(|_| kind.escapes) {
                Some(pair) => {
                    text.push_str(&pair[1..]);
                    self.at += pair.len();
                }
                None if (kind.ends)(c) => break,
                None => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        if self.at == start { Err(ARGUMENT) } else { Ok(Node::Text(text)) }
    }
}

const TO_BRACE: Argument = Argument { ends: |c| c == '}', escapes: false };
const TO_COLON: Argument = Argument { ends: |c| matches!(c, ':' | '}'), escapes: false };
const TO_SLASH: Argument = Argument { ends: |c| c == '/', escapes: true };
