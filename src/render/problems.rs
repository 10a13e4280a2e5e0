//! Problems as rustc shows its errors: what, where, the line itself, what to do; then a closing line that counts them.
//!
//! A problem carries its lines, so nothing is read here. Colour repeats what the words say.

use std::fmt::Write as _;

use annotate_snippets::{Annotation, AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use crate::model::{Problem, Severity, Spot};

/// How a text is to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// With ANSI colours.
    pub styled: bool,
    /// How many columns there are.
    pub width: usize,
}

impl Look {
    /// Without colours, for pipes and tests.
    #[must_use]
    pub fn plain() -> Look {
        Look { styled: false, width: 140 }
    }
}

/// All problems in the order they are given, with a blank line after each.
#[must_use]
pub fn problems(problems: &[Problem], look: Look) -> String {
    let renderer = if look.styled { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(look.width);
    let mut out = String::new();
    for problem in problems {
        let text = one(problem, &renderer);
        // A clipped line is moved to its column by blanks, which leave trails behind them.
        text.lines().for_each(|line| {
            out.push_str(line.trim_end());
            out.push('\n');
        });
        out.push('\n');
    }
    out
}

/// The last line: `2 errors, 1 warning in 61 files. Nothing was sent.`
#[must_use]
pub fn closing(problems: &[Problem], files: usize) -> String {
    let of = |severity: Severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let mut counts = Vec::new();
    for (number, word) in [(of(Severity::Error), "error"), (of(Severity::Warning), "warning")] {
        if number > 0 {
            counts.push(counted(number, word));
        }
    }
    let mut line = if counts.is_empty() { "no problems".to_owned() } else { counts.join(", ") };
    let _ = write!(line, " in {}.", counted(files, "file"));
    if of(Severity::Error) > 0 {
        line.push_str(" Nothing was sent.");
    }
    line
}

fn counted(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

fn one(problem: &Problem, renderer: &Renderer) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = shown(&problem.message);
    let notes: Vec<String> = problem.notes.iter().map(|note| shown(note)).collect();
    let help = problem.help.as_deref().map(shown);
    let lines: Vec<Line> = problem.spots.iter().map(Line::of).collect();
    let mut group = level.primary_title(&message).id(problem.code).elements(Vec::<Element<'_>>::new());
    for (i, line) in lines.iter().enumerate() {
        let kind = if i == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        group = match &line.text {
            None => group.element(line.origin()),
            Some(text) => group.element(line.snippet(text, kind)),
        };
    }
    for note in &notes {
        group = group.element(Level::NOTE.message(note));
    }
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}

/// A spot as the renderer wants it: the clipped line at its column, and the bytes to underline.
struct Line {
    path: String,
    number: usize,
    column: usize,
    text: Option<String>,
    span: std::ops::Range<usize>,
    label: String,
}

impl Line {
    fn of(spot: &Spot) -> Line {
        let place = &spot.place;
        let (number, column) = (place.line as usize, place.column as usize);
        let mut line =
            Line { path: shown(&place.file), number, column, text: None, span: 0..0, label: shown(&spot.label) };
        let Some(text) = &spot.line_text else { return line };
        // Blanks stand for what was clipped from the front, so that the column that is named stays right.
        let text = " ".repeat(spot.clipped) + &shown(text);
        let at = |column: usize| text.char_indices().nth(column).map_or(text.len(), |(i, _)| i);
        let start = at(column.saturating_sub(1));
        line.span = start..at((column.saturating_sub(1) + spot.width.max(1)).max(1)).max(start);
        line.text = Some(text);
        line
    }

    fn origin(&self) -> Origin<'_> {
        let origin = Origin::path(self.path.as_str());
        match (self.number, self.column) {
            (0, _) => origin,
            (line, 0) => origin.line(line),
            (line, column) => origin.line(line).char_column(column),
        }
    }

    fn snippet<'a>(&'a self, text: &'a str, kind: AnnotationKind) -> Snippet<'a, Annotation<'a>> {
        let mut annotation = kind.span(self.span.clone());
        if !self.label.is_empty() {
            annotation = annotation.label(self.label.as_str());
        }
        Snippet::source(text).line_start(self.number.max(1)).path(self.path.as_str()).annotation(annotation)
    }
}

// Control characters in names and texts of files must not reach a terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;

    fn spot(file: &str, line: u32, column: u32, text: &str, width: usize, label: &str) -> Spot {
        Spot {
            place: Place::at(file, line, column),
            line_text: Some(text.into()),
            width,
            clipped: 0,
            label: label.into(),
        }
    }

    #[test]
    fn two_places_stand_below_each_other() {
        let problem = Problem::error("duplicate-uid", "uid `cpu-usage` is declared twice")
            .spot(spot("dashboards/cpu.yaml", 4, 8, "  uid: cpu-usage", 9, "first here"))
            .spot(spot("dashboards/old/cpu-copy.json", 3, 10, "  \"uid\": \"cpu-usage\",", 11, "and again here"))
            .help("give one of them another uid, or remove it from the directory");
        let shown = problems(&[problem], Look::plain());
        println!("{shown}");
        let mut long = spot(
            "min.json",
            1,
            5001,
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaXbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            1,
            "here",
        );
        long.clipped = 4950;
        println!(
            "{}",
            problems(
                &[
                    Problem::warning("x", "long line").spot(long).note("a note").note("another"),
                    Problem::error("x", "file only").at(Place::file("a/b.json")).help("h"),
                    Problem::error("y", "nowhere"),
                    Problem::error("eof", "eof").spot(spot("a.json", 3, 2, "}", 1, "here"))
                ],
                Look::plain()
            )
        );
        panic!();
    }
}
