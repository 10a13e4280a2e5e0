//! Texts that are written inside another text: where each part of one stands in the other.
//!
//! A document may be a value of another one: JSON in a ConfigMap, in a scalar of YAML of any style or in a text of JSON.
//! What is written there is decoded here a second time, beside what the reader made of it, and each piece is noted that
//! stands elsewhere than right behind the one before. Where the two differ nothing is known, and no place is better than
//! a wrong one.

use std::ops::Range;

/// Where each part of a text stands in the text that it is written in.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Written {
    /// In order, the first at 0: what follows stands as close as it does here, up to the next one.
    pieces: Vec<Piece>,
    /// The end of the text, and where it stands.
    end: Piece,
}

/// A piece of a text, by its first byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Piece {
    inner: usize,
    outer: usize,
    /// Whether all of it stands at its first byte: it is written there in other words.
    stays: bool,
}

/// A part of a text, and what stands there instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Edit {
    /// The part, in bytes.
    pub at: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

impl Written {
    /// Finds out how the text of a JSON value is written, which stands at `at` with its quotes.
    pub(crate) fn in_json(outer: &str, at: &Range<usize>, text: &str) -> Option<Written> {
        let mut reader = Reader::new(outer, at.start, text);
        reader.double_quoted(Lines::Forbidden)?;
        reader.finish()
    }

    /// Finds out how the text of a YAML scalar is written, whose content begins at `at`: behind the header and the
    /// indentation of a block scalar.
    pub(crate) fn in_yaml(outer: &str, at: &Range<usize>, text: &str) -> Option<Written> {
        // What a block scalar holds may begin with a quote, so a style is what gives the text back.
        let styles: [fn(&mut Reader<'_>) -> Option<()>; 5] = [
            |reader| reader.double_quoted(Lines::Folded),
            |reader| reader.single_quoted(),
            |reader| reader.plain(),
            |reader| reader.block(Style::Literal),
            |reader| reader.block(Style::Folded),
        ];
        styles.into_iter().find_map(|read| {
            let mut reader = Reader::new(outer, at.start, text);
            read(&mut reader)?;
            reader.finish()
        })
    }

    /// A text with parts of it replaced, and where each part of the new one stands in it. The edits are in order and
    /// apart from one another.
    pub(crate) fn edited(outer: &str, edits: &[Edit]) -> (String, Written) {
        let mut text = String::with_capacity(outer.len());
        let mut pieces = vec![Piece { inner: 0, outer: 0, stays: false }];
        let mut at = 0;
        for edit in edits {
            text.push_str(outer.get(at..edit.at.start).unwrap_or_default());
            pieces.push(Piece { inner: text.len(), outer: edit.at.start, stays: true });
            text.push_str(&edit.text);
            pieces.push(Piece { inner: text.len(), outer: edit.at.end, stays: false });
            at = edit.at.end;
        }
        text.push_str(outer.get(at..).unwrap_or_default());
        let end = Piece { inner: text.len(), outer: outer.len(), stays: true };
        (text, Written { pieces, end })
    }

    /// Where a byte of the text stands.
    pub(crate) fn outer(&self, inner: usize) -> usize {
        if inner >= self.end.inner {
            return self.end.outer;
        }
        let next = self.pieces.partition_point(|piece| piece.inner <= inner);
        let piece = next.checked_sub(1).and_then(|i| self.pieces.get(i)).copied();
        piece.map_or(
            self.end.outer,
            |piece| if piece.stays { piece.outer } else { piece.outer + (inner - piece.inner) },
        )
    }
}

/// What line breaks are in a quoted text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// None stands in it.
    Forbidden,
    /// They are folded.
    Folded,
}

/// The two styles of block scalars.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `|`: line breaks are kept.
    Literal,
    /// `>`: line breaks are folded.
    Folded,
}

/// Decodes a scalar, as long as what comes out is the text that was read.
struct Reader<'a> {
    outer: &'a str,
    at: usize,
    text: &'a str,
    done: usize,
    pieces: Vec<Piece>,
}

impl<'a> Reader<'a> {
    fn new(outer: &'a str, at: usize, text: &'a str) -> Reader<'a> {
        Reader { outer, at, text, done: 0, pieces: Vec::new() }
    }

    fn rest(&self) -> &'a str {
        self.outer.get(self.at..).unwrap_or_default()
    }

    // Notes what a piece of the outer text at an offset comes to.
    fn push(&mut self, piece: &str, outer: usize) -> Option<()> {
        self.text.get(self.done..)?.strip_prefix(piece)?;
        let follows = self.pieces.last().is_some_and(|last| last.outer + (self.done - last.inner) == outer);
        if !follows {
            self.pieces.push(Piece { inner: self.done, outer, stays: false });
        }
        self.done += piece.len();
        Some(())
    }

    fn push_char(&mut self, c: char, outer: usize) -> Option<()> {
        self.push(c.encode_utf8(&mut [0; 4]), outer)
    }

    fn finish(self) -> Option<Written> {
        (self.done == self.text.len()).then_some(Written {
            pieces: self.pieces,
            end: Piece { inner: self.done, outer: self.at, stays: true },
        })
    }

    fn double_quoted(&mut self, lines: Lines) -> Option<()> {
        self.rest().strip_prefix('"')?;
        self.at += 1;
        loop {
            if lines == Lines::Folded && self.fold()? {
                continue;
            }
            let c = self.rest().chars().next()?;
            match c {
                '"' => return Some(()),
                '\\' => self.escape(lines)?,
                '\n' | '\r' => return None,
                _ => {
                    self.push_char(c, self.at)?;
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self, lines: Lines) -> Option<()> {
        let start = self.at;
        let kind = self.rest().chars().nth(1)?;
        self.at += 1 + kind.len_utf8();
        let simple = match kind {
            '\n' | '\r' if lines == Lines::Folded => {
                self.at = start + 1 + line_break(&self.outer[start + 1..])?;
                self.at += blanks(self.rest());
                return Some(());
            }
            'u' => return self.unicode(start, 4),
            'x' if lines == Lines::Folded => return self.unicode(start, 2),
            'U' if lines == Lines::Folded => return self.unicode(start, 8),
            '"' | '\\' | '/' | ' ' | '\t' => kind,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '0' => '\0',
            'a' => '\u{7}',
            'v' => '\u{b}',
            'e' => '\u{1b}',
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            _ => return None,
        };
        self.push_char(simple, start)
    }

    // A character by its number, or two halves of one.
    fn unicode(&mut self, start: usize, digits: usize) -> Option<()> {
        let code = self.hexadecimal(digits)?;
        if let Some(c) = char::from_u32(code) {
            return self.push_char(c, start);
        }
        self.rest().strip_prefix("\\u")?;
        self.at += 2;
        let low = self.hexadecimal(4)?;
        // Any number may stand there: only halves make a character.
        let half = |code: u32, first: u32| code.checked_sub(first).filter(|half| *half < 0x400);
        let (high, low) = (half(code, 0xd800)?, half(low, 0xdc00)?);
        self.push_char(char::from_u32(0x1_0000 + (high << 10) + low)?, start)
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        let code = u32::from_str_radix(self.rest().get(..digits)?, 16).ok()?;
        self.at += digits;
        Some(code)
    }

    fn single_quoted(&mut self) -> Option<()> {
        self.rest().strip_prefix('\'')?;
        self.at += 1;
        loop {
            if self.fold()? {
                continue;
            }
            let c = self.rest().chars().next()?;
            if c == '\'' {
                if !self.rest().starts_with("''") {
                    return Some(());
                }
                self.push_char(c, self.at)?;
                self.at += 2;
                continue;
            }
            self.push_char(c, self.at)?;
            self.at += c.len_utf8();
        }
    }

    fn plain(&mut self) -> Option<()> {
        while self.done < self.text.len() {
            if self.fold()? {
                continue;
            }
            let c = self.rest().chars().next()?;
            self.push_char(c, self.at)?;
            self.at += c.len_utf8();
        }
        Some(())
    }

    // Line breaks, with the blanks around them, as they are folded outside of block scalars: one is a blank, each further
    // one is a line break. Whether there was one.
    fn fold(&mut self) -> Option<bool> {
        let mut at = self.at + blanks(self.rest());
        let Some(length) = line_break(&self.outer[at..]) else { return Some(false) };
        let first = at;
        at += length;
        let mut further = Vec::new();
        loop {
            let next = at + blanks(&self.outer[at..]);
            let Some(length) = line_break(&self.outer[next..]) else {
                at = next;
                break;
            };
            further.push(next);
            at = next + length;
        }
        if further.is_empty() {
            self.push(" ", first)?;
        }
        for at in further {
            self.push("\n", at)?;
        }
        self.at = at;
        Some(true)
    }

    // The lines of a block scalar, from the first byte of its content on.
    fn block(&mut self, style: Style) -> Option<()> {
        let begin = self.outer[..self.at].rfind('\n').map_or(0, |i| i + 1);
        let indent = self.at - begin;
        // Blank lines above the first line that is none belong to the content.
        let mut line = begin;
        while let Some(above) = line.checked_sub(1) {
            let start = self.outer[..above].rfind('\n').map_or(0, |i| i + 1);
            if !self.outer[start..above].trim().is_empty() {
                break;
            }
            line = start;
        }
        let mut breaks: Vec<usize> = Vec::new();
        let mut before: Option<bool> = None;
        while self.done < self.text.len() && line < self.outer.len() {
            let end = self.outer[line..].find('\n').map_or(self.outer.len(), |i| line + i);
            let written = self.outer[line..end].trim_end_matches('\r');
            let ending = line + written.len();
            let lead = written.len() - written.trim_start_matches(' ').len();
            if lead == written.len() && lead <= indent {
                breaks.push(ending);
            } else if lead < indent {
                break;
            } else {
                let content = &written[indent..];
                let further = content.starts_with([' ', '\t']);
                let folds = style == Style::Folded && before == Some(false) && !further;
                match breaks.split_first() {
                    Some((first, [])) if folds => self.push(" ", *first)?,
                    Some((_, rest)) if folds => rest.iter().try_for_each(|at| self.push("\n", *at))?,
                    _ => breaks.iter().try_for_each(|at| self.push("\n", *at))?,
                }
                self.push(content, line + indent)?;
                breaks = vec![ending];
                before = Some(further);
            }
            self.at = ending;
            line = end + 1;
        }
        for at in breaks {
            if self.done < self.text.len() {
                self.push("\n", at)?;
                self.at = at;
            }
        }
        // The last line may have no end of its own, and a text that is kept with its end has one.
        if self.text.get(self.done..) == Some("\n") {
            self.push("\n", self.outer.len())?;
        }
        Some(())
    }
}

// How many bytes of blanks a text begins with.
fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

// The length of the line break that a text begins with.
fn line_break(text: &str) -> Option<usize> {
    if text.starts_with("\r\n") { Some(2) } else { text.starts_with('\n').then_some(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each character of a text as it stands in the outer one, an escape by its first character.
    fn check(outer: &str, begin: &str, text: &str) {
        let at = outer.find(begin).unwrap();
        let written = Written::in_yaml(outer, &(at..at), text);
        let written = written.unwrap_or_else(|| panic!("{text:?} is not found in {outer:?}"));
        for (i, c) in text.char_indices() {
            let outer = outer[written.outer(i)..].chars().next().unwrap_or('\n');
            let folded = c == ' ' && outer == '\n';
            assert!(
                c == outer || outer == '\\' || folded || c.is_whitespace() && outer == '\r',
                "{c:?} is {outer:?}"
            );
        }
    }

    #[test]
    fn numbers_that_are_no_characters_are_found_nowhere() {
        for outer in [
            r#""\UFFFFFFFF\uDC00""#,
            r#""\UFFFFD7FF\uDC00""#,
            r#""\ud800\uffff""#,
            r#""\udfff\udc00""#,
            r#""\ud800""#,
        ] {
            assert_eq!(Written::in_yaml(outer, &(0..0), "x"), None, "{outer}");
            assert_eq!(Written::in_json(outer, &(0..0), "x"), None, "{outer}");
        }
    }

    #[test]
    fn each_style_of_a_scalar_gives_its_text_back() {
        check("a: \"x\\\"y\\u00e9 \\ud83d\\ude00z\\x41\"", "\"x", "x\"y\u{e9} \u{1f600}zA");
        check("a: 'it''s {}'\n", "'it", "it's {}");
        check("a: plain\n  more\n\n  end\n", "plain", "plain more\nend");
        check("a: \"quo\n  ted\\\n   joined\n\n  x\"\n", "\"quo", "quo tedjoined\nx");
        check("a: |-\n  {\"x\": 1}\n\n   two\n", "{", "{\"x\": 1}\n\n two");
        check("a: |\n  end", "end", "end");
        check("a: |+\n\n  \"end\"\n\n", "\"end", "\n\"end\"\n\n");
        check("a: |2\r\n   deep\r\n  back\r\nb: 1\r\n", " deep\r", " deep\nback\n");
        check("a: >\n  fold\n  ed\n\n  para\n   more\n  less\n", "fold", "fold ed\npara\n more\nless\n");
    }

    #[test]
    fn a_text_that_is_not_there_has_no_places() {
        assert_eq!(Written::in_yaml("a: [x, y]", &(3..9), "another"), None);
        assert_eq!(Written::in_yaml("a: \"x\\q\"", &(3..8), "xq"), None);
        assert_eq!(Written::in_json("{\"a\": \"x\ny\"}", &(6..11), "x\ny"), None);
        assert_eq!(Written::in_json("", &(7..9), "x"), None);
    }
}
