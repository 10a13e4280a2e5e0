//! `amgctl doctor` as people and machines read it (pure): a line for each check, and what to do about it.

use serde::Serialize;

use super::json;
use super::style::{Style, Tone, clean};
use crate::report::doctor::{Finding, State, is_well};

/// All findings, and how many there are of each sort.
#[must_use]
pub fn text(findings: &[Finding], style: &Style) -> String {
    let states = findings.iter().map(|finding| finding.state.name().len()).max().unwrap_or(0);
    let names = findings.iter().map(|finding| finding.check.name().len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for Finding { check, state, words, hint } in findings {
        let word = style.paint(tone(*state), &format!("{:states$}", state.name()));
        let first = format!("{word}  {:names$}  ", check.name());
        let rest = states + names + 4;
        lines.extend(style.wrapped(&first, rest, &clean(words)));
        if let Some(hint) = hint {
            lines.extend(style.wrapped(&format!("{:rest$}hint: ", ""), rest + 6, &clean(hint)));
        }
    }
    let count = |state: State| findings.iter().filter(|finding| finding.state == state).count();
    let counts: Vec<String> = [State::Good, State::Warning, State::Failed, State::Unseen]
        .into_iter()
        .filter(|state| count(*state) > 0)
        .map(|state| format!("{} {}", count(state), state.name()))
        .collect();
    let ending = if is_well(findings) { "Nothing stands in the way" } else { "This will not work yet" };
    format!("{}\n\n{ending}: {}.", lines.join("\n"), counts.join(", "))
}

fn tone(state: State) -> Tone {
    match state {
        State::Good => Tone::Add,
        State::Warning => Tone::Change,
        State::Failed => Tone::Remove,
        State::Unseen => Tone::Dim,
    }
}

#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    checks: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    check: &'static str,
    state: &'static str,
    words: &'a str,
    hint: Option<&'a str>,
}

/// The same for machines.
#[must_use]
pub fn document(findings: &[Finding]) -> String {
    let one = |finding: &'_ Finding| -> (&'static str, &'static str) {
        let state = match finding.state {
            State::Good => "ok",
            State::Warning => "warning",
            State::Failed => "failed",
            State::Unseen => "not-looked-at",
        };
        (finding.check.name(), state)
    };
    let checks = findings.iter().map(|finding| {
        let (check, state) = one(finding);
        One { check, state, words: &finding.words, hint: finding.hint.as_deref() }
    });
    json::text(&Document { ok: is_well(findings), checks: checks.collect() })
}
