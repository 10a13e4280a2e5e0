//! Draws what a program printed on a terminal as an SVG: `cargo run --example svg -- 'TITLE' < output > picture.svg`.
//!
//! Knows the few escapes that `amgctl` uses: bold, dim and the eight colours. Every character has its own place in a
//! grid, so the picture is the same with any monospaced font.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

const COLUMN: f64 = 8.4;
const LINE: f64 = 19.0;
const MARGIN: f64 = 18.0;
const BAR: f64 = 34.0;
const BACKGROUND: &str = "#1b1f27";
const PLAIN: &str = "#d7dae0";
const DIM: &str = "#868d9b";

#[derive(Clone, PartialEq, Default)]
struct Look {
    colour: Option<&'static str>,
    bold: bool,
    dim: bool,
}

fn main() -> std::io::Result<()> {
    let title = std::env::args().nth(1).unwrap_or_default();
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let lines: Vec<Vec<(Look, String)>> = runs(text.trim_end());
    std::io::stdout().write_all(svg(&title, &lines).as_bytes())
}

/// Every line as runs of one look.
fn runs(text: &str) -> Vec<Vec<(Look, String)>> {
    let mut look = Look::default();
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut runs: Vec<(Look, String)> = Vec::new();
        let mut rest = line.trim_end_matches('\r');
        while let Some(c) = rest.chars().next() {
            if let Some((codes, after)) = rest.strip_prefix("\x1b[").and_then(|after| after.split_once('m')) {
                codes.split(';').for_each(|code| turn(&mut look, code));
                rest = after;
                continue;
            }
            match runs.last_mut() {
                Some((last, run)) if *last == look => run.push(c),
                _ => runs.push((look.clone(), c.to_string())),
            }
            rest = &rest[c.len_utf8()..];
        }
        lines.push(runs);
    }
    lines
}

fn turn(look: &mut Look, code: &str) {
    match code {
        "" | "0" => *look = Look::default(),
        "1" => look.bold = true,
        "2" => look.dim = true,
        "31" => look.colour = Some("#f2777a"),
        "32" => look.colour = Some("#8fc97c"),
        "33" => look.colour = Some("#e6c068"),
        "36" => look.colour = Some("#62c5d3"),
        "39" => look.colour = None,
        other => eprintln!("svg: the escape `{other}` is not drawn"),
    }
}

fn svg(title: &str, lines: &[Vec<(Look, String)>]) -> String {
    let length = |line: &Vec<(Look, String)>| line.iter().map(|(_, run)| run.chars().count()).sum::<usize>();
    let columns = lines.iter().map(length).max().unwrap_or(0).max(60);
    let width = 2.0 * MARGIN + COLUMN * columns as f64;
    let height = BAR + MARGIN + LINE * lines.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n\
         <title>{0}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\" \
         fill=\"{PLAIN}\" xml:space=\"preserve\">\n\
         <text x=\"{MARGIN}\" y=\"23\" fill=\"{DIM}\">{0}</text>\n",
        escaped(title)
    );
    for (i, line) in lines.iter().enumerate() {
        let y = BAR + LINE * (i as f64 + 0.8);
        let mut column = 0;
        for (look, run) in line {
            let length = run.chars().count();
            if !run.trim().is_empty() {
                let x = MARGIN + COLUMN * column as f64;
                let _ = writeln!(
                    svg,
                    "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{:.1}\"{}>{}</text>",
                    COLUMN * length as f64,
                    attributes(look),
                    escaped(run)
                );
            }
            column += length;
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn attributes(look: &Look) -> String {
    let mut attributes = String::new();
    if let Some(colour) = look.colour.or(look.dim.then_some(DIM)) {
        let _ = write!(attributes, " fill=\"{colour}\"");
    }
    if look.bold {
        attributes.push_str(" font-weight=\"bold\"");
    }
    attributes
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
