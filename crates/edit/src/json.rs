//! JSON with the place of each part.

use serde_json::Value;

use super::tree::{Item, Layout, MAX_DEPTH, Member, Node, Shape, Style};

/// Reads a text; none where it is no JSON.
pub(crate) fn parse(text: &str) -> Option<Node> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.blanks();
    (reader.at == text.len()).then_some(node)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.byte() == Some(byte)).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        self.blanks();
        let start = self.at;
        let shape = match self.byte()? {
            _ if depth > MAX_DEPTH => return None,
            b'{' => Shape::Object(self.members(depth)?, Layout::Flow),
            b'[' => Shape::List(self.items(depth)?, Layout::Flow),
            b'"' => Shape::Scalar(Value::String(self.string()?), Style::Double),
            _ => {
                while self.byte().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
                    self.at += 1;
                }
                Shape::Scalar(serde_json::from_str(&self.text[start..self.at]).ok()?, Style::Plain)
            }
        };
        Some(Node { at: start..self.at, shape, anchor: 0, is_tagged: false })
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.eat(b'"')?;
        loop {
            match self.byte()? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    fn members(&mut self, depth: usize) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        self.eat(b'{')?;
        self.blanks();
        if self.eat(b'}').is_some() {
            return Some(members);
        }
        loop {
            self.blanks();
            let start = self.at;
            let name = self.string()?;
            let key = start..self.at;
            self.blanks();
            self.eat(b':')?;
            members.push(Member { name, key, node: self.value(depth + 1)? });
            self.blanks();
            if self.eat(b'}').is_some() {
                return Some(members);
            }
            self.eat(b',')?;
        }
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Item>> {
        let mut items = Vec::new();
        self.eat(b'[')?;
        self.blanks();
        if self.eat(b']').is_some() {
            return Some(items);
        }
        loop {
            let node = self.value(depth + 1)?;
            items.push(Item { start: node.at.start, node });
            self.blanks();
            if self.eat(b']').is_some() {
                return Some(items);
            }
            self.eat(b',')?;
        }
    }
}
