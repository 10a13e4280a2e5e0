//! How a line of text comes to be: its colour, its width, what may not stand in it. Knows nothing of plans.
//!
//! Colour only repeats what the signs and words say. Whether there is colour, and how wide a line may be, is decided by
//! the caller; nothing here asks the environment.

use std::borrow::Cow;

use console::{measure_text_width, truncate_str};

use crate::kinds::values::words;

/// The right edge is no further right than this: what stands there belongs to what stands left.
const EDGE: usize = 120;

/// How a text for people is to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Style {
    /// Whether there is colour.
    pub colour: bool,
    /// How many columns a line may take; none for pipes, where nothing is wrapped or cut.
    pub width: Option<usize>,
    /// Whether JSON pointers and whole values are told too, and nothing is left out.
    pub verbose: bool,
}

/// What a colour stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// What is new: green.
    Add,
    /// What changes: yellow.
    Change,
    /// What goes, and what cannot be done: red.
    Remove,
    /// What somebody else did: cyan.
    Outside,
    /// What did not change, and where things come from: dim.
    Dim,
    /// What a reader looks for first: bold.
    Strong,
    /// Everything else.
    Plain,
}

impl Style {
    /// A text in the colour of its meaning.
    #[must_use]
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let style = console::Style::new().force_styling(self.colour);
        let style = match tone {
            Tone::Add => style.green(),
            Tone::Change => style.yellow(),
            Tone::Remove => style.red(),
            Tone::Outside => style.cyan(),
            Tone::Dim => style.dim(),
            Tone::Strong => style.bold(),
            Tone::Plain => return text.to_owned(),
        };
        if self.colour && !text.is_empty() { style.apply_to(text).to_string() } else { text.to_owned() }
    }

    /// A line cut to the width, trailing blanks taken off.
    #[must_use]
    pub fn fit(&self, line: &str) -> String {
        let line = line.trim_end();
        match self.width {
            Some(width) => truncate_str(line, width.max(20), "…").into_owned(),
            None => line.to_owned(),
        }
    }

    /// Whether a text fits into a line.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        self.width.is_none_or(|width| measure_text_width(text) <= width.max(20))
    }

    /// A text in lines: the first after `first`, the others after as many blanks as `rest` says.
    ///
    /// A word that is longer than a line is left whole: what is cut can be neither copied nor searched for.
    #[must_use]
    pub fn wrapped(&self, first: &str, rest: usize, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = first.to_owned();
        let mut fresh = true;
        for word in text.split(' ') {
            let longer = if fresh { format!("{line}{word}") } else { format!("{line} {word}") };
            if self.fits(&longer) || fresh {
                line = longer;
            } else {
                lines.push(line.trim_end().to_owned());
                line = format!("{}{word}", " ".repeat(rest));
            }
            fresh = false;
        }
        lines.push(line.trim_end().to_owned());
        lines
    }

    /// A line with a part at its right edge; two blanks apart where it does not fit or there is no edge.
    #[must_use]
    pub fn spread(&self, left: &str, right: &str) -> Vec<String> {
        if right.is_empty() {
            return self.broken(left);
        }
        let (l, r) = (measure_text_width(left), measure_text_width(right));
        let painted = self.paint(Tone::Dim, right);
        match self.width.map(|width| width.min(EDGE.max(l + 2 + r))) {
            None => vec![format!("{left}  {painted}")],
            Some(width) if l + 2 + r <= width => vec![format!("{left}{}{painted}", " ".repeat(width - l - r))],
            Some(_) => {
                let mut lines = self.broken(left);
                lines.push(self.fit(&format!("      {painted}")));
                lines
            }
        }
    }

    /// A line broken between its parts, which stand two blanks apart, where it does not fit; a part is cut only when it
    /// does not fit by itself.
    fn broken(&self, line: &str) -> Vec<String> {
        let Some(width) = self.width.filter(|_| !self.fits(line)) else { return vec![self.fit(line)] };
        let mut lines: Vec<String> = Vec::new();
        let indent = line.len() - line.trim_start_matches(' ').len();
        let mut at = " ".repeat(indent);
        for (n, part) in line.trim_start_matches(' ').split("  ").enumerate() {
            let gap = if n == 0 { "" } else { "  " };
            if n > 0 && measure_text_width(&at) + 2 + measure_text_width(part) > width {
                lines.push(self.fit(&at));
                at = format!("      {}", part.trim_start());
            } else {
                at = format!("{at}{gap}{part}");
            }
        }
        lines.push(self.fit(&at));
        lines
    }
}

/// A text from elsewhere as it may stand in a line: one line, nothing that moves the cursor.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(words::escaped(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_for_two() {
        let style = Style { width: Some(20), ..Style::default() };
        let line = style.fit(&"監".repeat(30));
        assert!(measure_text_width(&line) <= 20, "{line}");
        for line in style.wrapped("  note: ", 8, &"漢字 ".repeat(20)) {
            assert!(measure_text_width(&line) <= 20, "{line}");
        }
    }

    #[test]
    fn a_word_that_is_longer_than_a_line_is_left_whole() {
        let style = Style { width: Some(20), ..Style::default() };
        let arn = "arn:aws:iam::111122223333:role/ci";
        assert_eq!(
            style.wrapped("hint: ", 6, &format!("ask {arn} first")),
            ["hint: ask", &format!("      {arn}"), "      first"]
        );
    }

    #[test]
    fn the_right_part_stands_at_the_edge_or_below() {
        let style = Style { width: Some(24), ..Style::default() };
        assert_eq!(style.spread("  + a", "f.json"), ["  + a             f.json"]);
        assert_eq!(style.spread("  + a quite long one", "f.json").len(), 2);
        assert_eq!(Style::default().spread("  + a", "f.json"), ["  + a  f.json"]);
    }
}
