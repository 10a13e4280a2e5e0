//! Problems as rustc shows its errors: what, where, the line itself, what to do; then a closing line that counts them.
//!
//! A problem carries its lines, so nothing is read here. Colour repeats what the words say.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use annotate_snippets::{Annotation, AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use crate::model::{Problem, Severity, Spot, counted};

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

/// The most problems of one file that are told: what is broken everywhere is seen by then.
const OF_ONE_FILE: usize = 50;

/// All problems in the order they are given, with a blank line after each; of a file with very many, the first ones and
/// how many more there are.
#[must_use]
pub fn problems(problems: &[Problem], look: Look) -> String {
    let renderer = if look.styled { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(look.width);
    let mut out = String::new();
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let problems = &folded(problems);
    for problem in problems {
        let file = problem.spots.first().map_or("", |spot| &*spot.place.file);
        let count = told.entry(file).or_default();
        *count += 1;
        if *count > OF_ONE_FILE && !file.is_empty() {
            continue;
        }
        let text = block(problem, &renderer);
        // A clipped line is moved to its column by blanks, which leave trails behind them.
        text.lines().for_each(|line| {
            out.push_str(line.trim_end());
            out.push('\n');
        });
        out.push('\n');
    }
    for (file, count) in told.into_iter().filter(|(file, count)| *count > OF_ONE_FILE && !file.is_empty()) {
        let _ = write!(out, "{}: {} more like these\n\n", shown(file), count - OF_ONE_FILE);
    }
    out
}

/// From how many on equal problems are told once.
const EQUAL: usize = 3;
/// The most places of one problem that are listed.
const PLACES: usize = 100;

/// Equal problems of several files as one, at the first place, with the list of the others.
///
/// One open input in sixty exports is one thing to do, not sixty.
fn folded(problems: &[Problem]) -> Vec<Problem> {
    type Key<'a> = (&'a str, Severity, &'a str, &'a [String], Option<&'a str>);
    let key = |p: &Problem| -> bool { p.spots.len() == 1 && p.spots.iter().all(|s| !s.place.file.is_empty()) };
    let mut equal: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (i, p) in problems.iter().enumerate().filter(|(_, p)| key(p)) {
        equal.entry((p.code, p.severity, &p.message, &p.notes, p.help.as_deref())).or_default().push(i);
    }
    let file = |i: &usize| problems[*i].spots.first().map(|spot| &spot.place.file);
    equal.retain(|_, at| at.len() >= EQUAL && at.iter().any(|i| file(i) != file(&at[0])));
    let first: BTreeMap<usize, &[usize]> = equal.values().map(|at| (at[0], &at[1..])).collect();
    let others: std::collections::BTreeSet<usize> = first.values().flat_map(|rest| rest.iter().copied()).collect();
    let mut folded = Vec::new();
    for (i, problem) in problems.iter().enumerate().filter(|(i, _)| !others.contains(i)) {
        let mut problem = problem.clone();
        if let Some(rest) = first.get(&i) {
            let places = rest.iter().filter_map(|i| problems[*i].spots.first());
            problem.spots.extend(places.take(PLACES).map(|spot| Spot::bare(spot.place.clone())));
            let more = rest.len().saturating_sub(PLACES);
            let more = if more > 0 { format!("; {more} are not listed") } else { String::new() };
            problem.notes.insert(0, format!("the same in {} places{more}", rest.len() + 1));
        }
        folded.push(problem);
    }
    folded
}

/// The last line: `2 errors, 1 warning in 61 files. Nothing was sent.`
///
/// `kept` says what did not happen; it is told where an error stops the command.
#[must_use]
pub fn closing(problems: &[Problem], files: usize, kept: &str) -> String {
    let problems = &folded(problems);
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
        let _ = write!(line, " {kept}");
    }
    line
}

fn block(problem: &Problem, renderer: &Renderer) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = clipped(&problem.message);
    let notes: Vec<String> = problem.notes.iter().map(|note| clipped(note)).collect();
    let help = problem.help.as_deref().map(clipped);
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

/// The most characters of one message that are told: a name or a number may be as long as its file.
const OF_ONE_MESSAGE: usize = 600;

fn clipped(text: &str) -> String {
    match text.char_indices().nth(OF_ONE_MESSAGE) {
        Some((end, _)) => shown(&text[..end]) + " …",
        None => shown(text),
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

    fn check(problem: Problem, expected: &str) {
        let shown = problems(&[problem], Look::plain());
        assert_eq!(shown.trim_end(), expected.trim_matches('\n'), "\n{shown}");
    }

    #[test]
    fn a_long_line_is_shown_around_its_place_and_with_its_column() {
        let mut long = spot("min.json", 1, 5001, &format!("{}X{}", "a".repeat(50), "b".repeat(109)), 1, "here");
        long.clipped = 4950;
        let shown = problems(&[Problem::warning("x", "odd").spot(long)], Look { styled: false, width: 60 });
        assert!(shown.contains(" --> min.json:1:5001\n"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= 64), "{shown}");
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[3].find('X'), lines[4].find('^'), "{shown}");
    }

    #[test]
    fn a_file_as_a_whole_has_no_line() {
        let problem = Problem::error("empty", "this file is empty").at(Place::file("a/b.json")).note("n").help("h");
        check(problem, "error[empty]: this file is empty\n--> a/b.json\n = note: n\n = help: h");
        check(Problem::warning("nowhere", "w"), "warning[nowhere]: w");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let problem = Problem::error("x", "a\u{1b}[2Jb").spot(spot("f\u{7}", 1, 1, "\u{1b}[31mred", 1, ""));
        assert!(!problems(&[problem], Look::plain()).contains('\u{1b}'));
    }

    #[test]
    fn a_message_with_a_number_of_a_million_digits_is_clipped() {
        let shown = problems(&[Problem::error("x", "9".repeat(1_000_000)).help("h")], Look::plain());
        assert!(shown.len() < 700 && shown.contains("999 …") && shown.contains("help: h"), "{} bytes", shown.len());
    }

    #[test]
    fn colour_only_repeats_what_the_words_say() {
        let problem = Problem::error("x", "m").spot(spot("f", 1, 1, "line", 4, "here")).help("h");
        let styled = problems(std::slice::from_ref(&problem), Look { styled: true, width: 80 });
        assert!(styled.contains('\u{1b}'));
        assert_eq!(console::strip_ansi_codes(&styled), problems(&[problem], Look { styled: false, width: 80 }));
    }

    #[test]
    fn of_a_file_with_very_many_problems_the_first_are_told_and_the_rest_counted() {
        let one = |file: &str, n: usize| Problem::error("x", format!("m {n}")).at(Place::file(file));
        let of = |file: &str, count: usize| (0..count).map(|n| one(file, n)).collect::<Vec<_>>();
        let all = [of("a.json", 50), of("b.json", 53), vec![one("c.json", 99)]].concat();
        let shown = problems(&all, Look::plain());
        assert_eq!(shown.matches("error[x]").count(), 101);
        assert!(shown.ends_with("--> c.json\n\nb.json: 3 more like these\n\n"), "{shown}");
    }

    #[test]
    fn equal_problems_of_many_files_are_told_once_with_their_places() {
        let one = |file: &str| Problem::error("x", "m").spot(spot(file, 1, 2, "line", 1, "")).help("h");
        let mut all: Vec<Problem> = ["a.json", "b.json", "c/d.json"].map(one).to_vec();
        check_all(
            &all,
            "error[x]: m\n --> a.json:1:2\n  |\n1 | line\n  |  ^\n ::: b.json:1:2\n ::: c/d.json:1:2\n  = note: the same in 3 places\n  = help: h",
        );
        assert_eq!(closing(&all, 3, "k"), "1 error in 3 files. k");
        all.pop();
        assert_eq!(problems(&all, Look::plain()).matches("error[x]").count(), 2, "two are told as they are");
        let other = Problem::error("x", "m").spot(spot("z.json", 1, 2, "line", 1, "")).help("another");
        all.push(other);
        assert_eq!(problems(&all, Look::plain()).matches("error[x]").count(), 3);
        let many: Vec<Problem> = (0..300).map(|n| one(&format!("{n}.json"))).collect();
        let shown = problems(&many, Look::plain());
        assert!(shown.contains("the same in 300 places; 199 are not listed"), "{shown}");
        assert_eq!(shown.matches("error[x]").count(), 1);
        let here = vec![one("a.json"); 5];
        assert_eq!(problems(&here, Look::plain()).matches("error[x]").count(), 5, "one file's stay apart");
    }

    fn check_all(all: &[Problem], expected: &str) {
        let shown = problems(all, Look::plain());
        assert_eq!(shown.trim_end(), expected, "\n{shown}");
    }

    #[test]
    fn the_closing_line_counts() {
        let (error, warning) = (Problem::error("x", ""), Problem::warning("x", ""));
        assert_eq!(
            closing(&[error.clone(), error, warning.clone()], 61, "Nothing was sent."),
            "2 errors, 1 warning in 61 files. Nothing was sent."
        );
        assert_eq!(closing(&[warning], 1, "Nothing was sent."), "1 warning in 1 file.");
        assert_eq!(closing(&[], 3, "Nothing was sent."), "no problems in 3 files.");
    }
}
