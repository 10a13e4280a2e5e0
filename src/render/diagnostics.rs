//! Problems and failures as Terraform tells them to machines: one object each, with file and range. Pure.

use serde::Serialize;

use super::json;
use super::style::clean;
use crate::model::{Problem, Severity, Spot};

/// The version of the document of `validate --json`, as Terraform has it.
const VALIDATE_FORMAT: &str = "1.0";

/// One thing that is wrong.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What is wrong.
    pub summary: String,
    /// Facts, and what to do.
    pub detail: String,
    /// The object that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// The line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<Snippet>,
}

/// A part of a file.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub struct Range {
    /// The file, as it is found from where the command was typed.
    pub filename: String,
    /// Where it begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
}

/// A position in a file.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// 0: bytes are not counted.
    pub byte: u32,
}

/// A line of a file.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub struct Snippet {
    /// `null`: nothing is said of what is around it.
    pub context: Option<String>,
    /// The line, clipped where it is long.
    pub code: String,
    /// Its number.
    pub start_line: u32,
    /// Where it is wrong, in bytes of `code`.
    pub highlight_start_offset: usize,
    /// Where that ends.
    pub highlight_end_offset: usize,
    /// Empty: there are no expressions.
    pub values: [(); 0],
}

/// `validate --json`.
#[derive(Serialize, Debug)]
struct Validated<'a> {
    format_version: &'static str,
    valid: bool,
    error_count: usize,
    warning_count: usize,
    diagnostics: &'a [Diagnostic],
}

/// The document of `validate --json`, without a line's end.
#[must_use]
pub fn validated(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|one| one.severity == severity).count();
    json::text(&Validated {
        format_version: VALIDATE_FORMAT,
        valid: count("error") == 0,
        error_count: count("error"),
        warning_count: count("warning"),
        diagnostics,
    })
}

impl Diagnostic {
    /// An error that stands in no file.
    #[must_use]
    pub fn error(summary: &str, notes: &[String], hint: Option<&str>) -> Diagnostic {
        Diagnostic {
            severity: "error",
            summary: clean(summary).into_owned(),
            detail: detail(notes, hint),
            address: None,
            range: None,
            snippet: None,
        }
    }

    /// A warning that stands in no file.
    #[must_use]
    pub fn warning(summary: &str) -> Diagnostic {
        Diagnostic { severity: "warning", ..Diagnostic::error(summary, &[], None) }
    }

    /// Says which object it is about.
    #[must_use]
    pub fn about(self, address: impl ToString) -> Diagnostic {
        Diagnostic { address: Some(address.to_string()), ..self }
    }

    /// A problem of a directory, by the directory's path as it was typed.
    #[must_use]
    pub fn of(problem: &Problem, directory: &str) -> Diagnostic {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let summary = format!("{} [{}]", problem.message, problem.code);
        let first = problem.spots.first();
        let elsewhere = problem.spots.iter().skip(1).map(|spot| match spot.label.as_str() {
            "" => format!("see {}", path(directory, &spot.place.to_string())),
            label => format!("{label}: {}", path(directory, &spot.place.to_string())),
        });
        let notes: Vec<String> = problem.notes.iter().cloned().chain(elsewhere).collect();
        Diagnostic {
            severity,
            range: first.map(|spot| range(spot, directory)),
            snippet: first.and_then(snippet),
            ..Diagnostic::error(&summary, &notes, problem.help.as_deref())
        }
    }
}

fn detail(notes: &[String], hint: Option<&str>) -> String {
    let lines = notes.iter().map(String::as_str).chain(hint);
    lines.map(|line| clean(line).into_owned()).collect::<Vec<_>>().join("\n")
}

/// A file as it is found from where the command was typed.
#[must_use]
pub fn path(directory: &str, file: &str) -> String {
    match directory.trim_end_matches('/') {
        "" if directory.starts_with('/') => format!("/{file}"),
        // What is piped in is called as it is.
        "" | "." | "-" => file.to_owned(),
        directory => format!("{}/{file}", directory.strip_prefix("./").unwrap_or(directory)),
    }
}

fn range(spot: &Spot, directory: &str) -> Range {
    let (line, column) = (spot.place.line.max(1), spot.place.column.max(1));
    let width = u32::try_from(spot.width).unwrap_or(1).max(1);
    Range {
        filename: path(directory, &spot.place.file),
        start: Position { line, column, byte: 0 },
        end: Position { line, column: column.saturating_add(width), byte: 0 },
    }
}

fn snippet(spot: &Spot) -> Option<Snippet> {
    let code = spot.line_text.clone()?;
    let before = usize::try_from(spot.place.column.saturating_sub(1)).unwrap_or(0).saturating_sub(spot.clipped);
    let at = |characters: usize| code.char_indices().nth(characters).map_or(code.len(), |(at, _)| at);
    let (start, end) = (at(before), at(before.saturating_add(spot.width)));
    Some(Snippet {
        context: None,
        start_line: spot.place.line.max(1),
        highlight_start_offset: start,
        highlight_end_offset: end.max(start),
        code,
        values: [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;

    #[test]
    fn a_problem_names_its_file_from_where_the_command_was_typed() {
        let problem =
            |file: &str| Problem::error("uid", "a uid may not be empty").at(Place::at(file, 4, 8)).help("give one");
        let of = |directory: &str| Diagnostic::of(&problem("a/b.yaml"), directory).range.unwrap().filename;
        assert_eq!(of("."), "a/b.yaml");
        assert_eq!(of("-"), "a/b.yaml");
        assert_eq!(of("./grafana/"), "grafana/a/b.yaml");
        assert_eq!(of("/srv/grafana"), "/srv/grafana/a/b.yaml");
        assert_eq!(of("/"), "/a/b.yaml");
    }

    #[test]
    fn a_problem_has_range_and_line() {
        let spot = Spot {
            place: Place::at("a.yaml", 4, 6),
            line_text: Some("üid: \"\"".into()),
            width: 2,
            clipped: 0,
            label: String::new(),
        };
        let told = Diagnostic::of(&Problem::warning("uid", "a uid may not be empty").spot(spot), ".");
        assert_eq!((told.severity, told.summary.as_str()), ("warning", "a uid may not be empty [uid]"));
        let (range, snippet) = (told.range.unwrap(), told.snippet.unwrap());
        assert_eq!((range.start.line, range.start.column, range.end.column), (4, 6, 8));
        assert_eq!(&snippet.code[snippet.highlight_start_offset..snippet.highlight_end_offset], "\"\"");
        // A line that is clipped, or shorter than the place says, is no panic.
        let spot = Spot {
            place: Place::at("a.yaml", 1, 900),
            line_text: Some("é".into()),
            width: 9,
            clipped: 3,
            label: String::new(),
        };
        assert!(Diagnostic::of(&Problem::error("x", "y").spot(spot), ".").snippet.is_some());
    }

    #[test]
    fn a_file_as_a_whole_begins_at_its_first_line() {
        let told = Diagnostic::of(&Problem::error("x", "y").at(Place::file("a.yaml")), ".");
        assert_eq!(told.range.unwrap().start, Position { line: 1, column: 1, byte: 0 });
    }
}
