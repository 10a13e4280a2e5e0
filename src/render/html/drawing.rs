//! The layout of a dashboard as SVG, before and after, and its queries side by side with their differing words.

use std::fmt::Write as _;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::{escape, shown};
use crate::model::counted;
use crate::model::picture::{Grid, Picture, QUERIES, Query, TILES, Tile, TileChange, TileRole};
use crate::render::style::clean;

/// How wide a column and how high a line of the grid is drawn.
const COLUMN: i64 = 25;
const LINE: i64 = 16;
/// How many columns a dashboard has.
const COLUMNS: i64 = 24;
/// The most lines that one tile is drawn high, and that are left empty between two.
const HIGHEST: i64 = 40;
const GAP: i64 = 2;
/// The most words of a query that are compared one by one: it takes the square of them.
const COMPARED: usize = 400;

/// Everything that is drawn of a change; empty where there is nothing to see.
pub fn drawn(picture: &Picture, out: &mut String) {
    // A saved plan can hold more than was ever put into one.
    let is_drawn = |side: &[Tile]| side.len() <= TILES && side.iter().any(|tile| tile.grid.is_some());
    if is_drawn(&picture.before) || is_drawn(&picture.after) {
        out.push_str("<figure><figcaption>Layout: + added, − removed (dashed), ~ changed, → moved (dotted). ");
        out.push_str("Point at a panel for its name and type.</figcaption><div class=\"sides\">");
        for (name, side) in [("Before", &picture.before), ("After", &picture.after)] {
            let _ = write!(out, "<div class=\"side\"><h4>{name}</h4>");
            if is_drawn(side) {
                plot(name, side, out);
            } else {
                let why = if side.is_empty() {
                    "nothing to draw"
                } else {
                    "not drawn: too many panels, or none has a place"
                };
                let _ = write!(out, "<p class=\"quiet\">{why}</p>");
            }
            out.push_str("</div>");
        }
        out.push_str("</div></figure>");
    }
    queries(picture, out);
}

/// A tile where it is drawn.
struct Placed<'t> {
    tile: &'t Tile,
    at: Grid,
}

/// Where the tiles of a side are drawn: on the grid, and without the large holes that odd documents have.
fn placed(side: &[Tile]) -> Vec<Placed<'_>> {
    let visible = side.iter().filter(|tile| !matches!(tile.role, TileRole::Hidden(_)));
    let mut placed: Vec<Placed<'_>> = visible
        .filter_map(|tile| {
            let grid = tile.grid?;
            let x = grid.x.clamp(0, COLUMNS - 1);
            let (w, h) = (grid.w.clamp(1, COLUMNS - x), grid.h.clamp(1, HIGHEST));
            Some(Placed { tile, at: Grid { x, y: grid.y.max(0), w, h } })
        })
        .collect();
    placed.sort_by_key(|placed| (placed.at.y, placed.at.x));
    let (mut bottom, mut shift) = (0, 0);
    for one in &mut placed {
        let hole = one.at.y - shift - bottom;
        if hole > GAP {
            shift += hole - GAP;
        }
        one.at.y -= shift;
        bottom = bottom.max(one.at.y + one.at.h);
    }
    placed
}

fn plot(name: &str, side: &[Tile], out: &mut String) {
    let placed = placed(side);
    let height = placed.iter().map(|p| p.at.y + p.at.h).max().unwrap_or(1) * LINE + 4;
    let panels = side.iter().filter(|tile| is_panel(tile)).count();
    let label = format!("{name}: {}", counted(panels, "panel"));
    let _ = write!(
        out,
        "<div class=\"plot\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\"><svg viewBox=\"0 0 {} {height}\" \
         role=\"img\" aria-label=\"{label}\">",
        COLUMNS * COLUMN + 4
    );
    for one in &placed {
        tile(one, side, out);
    }
    out.push_str("</svg></div>");
}

fn is_panel(tile: &Tile) -> bool {
    matches!(tile.role, TileRole::Panel | TileRole::Hidden(_))
}

/// The class, the sign and the word of what becomes of a tile.
fn change(change: TileChange) -> (&'static str, &'static str, &'static str) {
    match change {
        TileChange::Same => ("t-same", "", "unchanged"),
        TileChange::Added => ("t-add", "+", "added"),
        TileChange::Removed => ("t-remove", "−", "removed"),
        TileChange::Changed => ("t-change", "~", "changed"),
        TileChange::Moved => ("t-move", "→", "moved"),
    }
}

fn tile(one: &Placed<'_>, side: &[Tile], out: &mut String) {
    let Placed { tile, at } = one;
    let (x, y) = (at.x * COLUMN + 2, at.y * LINE + 2);
    let (w, h) = (at.w * COLUMN - 4, at.h * LINE - 4);
    let is_row = matches!(tile.role, TileRole::Row | TileRole::CollapsedRow);
    // A row that hides what changes in it says so.
    let own = (tile.role == TileRole::CollapsedRow)
        .then(|| side.iter().position(|other| std::ptr::eq(other, *tile)))
        .flatten();
    let hidden: Vec<&Tile> =
        side.iter().filter(|other| matches!(other.role, TileRole::Hidden(row) if Some(row) == own)).collect();
    let inside = hidden.iter().find(|tile| tile.change != TileChange::Same).map(|_| TileChange::Changed);
    let state = if tile.change == TileChange::Same { inside.unwrap_or(TileChange::Same) } else { tile.change };
    let (class, sign, word) = change(state);
    let row = if is_row { " row" } else { "" };
    let title = match (tile.title.as_str(), is_row) {
        ("", true) => "row",
        ("", false) => "no title",
        (title, _) => title,
    };
    let _ = write!(out, "<g class=\"{class}{row}\"><title>{}", shown(title));
    if !is_row {
        let _ = write!(out, " ({})", shown(if tile.kind.is_empty() { "no type" } else { &tile.kind }));
    }
    let _ = write!(out, ": {word}");
    if !tile.repeat.is_empty() {
        let _ = write!(out, "; repeated for {}", shown(&tile.repeat));
    }
    for hidden in &hidden {
        let (_, _, word) = change(hidden.change);
        let _ =
            write!(out, "\n  {}: {word}", shown(if hidden.title.is_empty() { "no title" } else { &hidden.title }));
    }
    out.push_str("</title>");
    if !tile.repeat.is_empty() && w > 16 && h > 16 {
        let _ = write!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
            x + 5,
            y + 5,
            w - 5,
            h - 5
        );
        let _ = write!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"3\"/>", w - 5, h - 5);
    } else {
        let _ = write!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{}\" rx=\"3\"/>", h.max(10));
    }
    // What is written in a tile ends at its edge: an inner `svg` shows nothing outside of itself.
    let (mut left, line) = (6, if is_row { (h.max(10) + 8) / 2 } else { 15 });
    let _ = write!(out, "<svg x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\">", w.max(1), h.max(10));
    if !sign.is_empty() {
        let _ = write!(out, "<text class=\"mark\" x=\"{left}\" y=\"{line}\">{sign}</text>");
        left += 14;
    }
    let name = match tile.role {
        TileRole::Row => format!("▾ {title}"),
        TileRole::CollapsedRow => format!("▸ {title} ({})", counted(hidden.len(), "panel")),
        TileRole::Panel | TileRole::Hidden(_) => title.to_owned(),
    };
    let name = if tile.repeat.is_empty() { name } else { format!("{name} ⟳ ${}", tile.repeat) };
    if h >= 16 || is_row {
        let _ = write!(out, "<text x=\"{left}\" y=\"{line}\">{}</text>", shown(&cut(&name, w - left - 4, 6)));
    }
    if h >= 34 && !is_row {
        let kind = cut(&tile.kind, w - 10, 5);
        let _ = write!(out, "<text class=\"kind\" x=\"6\" y=\"30\">{}</text>", shown(&kind));
    }
    out.push_str("</svg>");
    out.push_str("</g>");
}

/// A text that fits into so many units of the drawing; wide characters take twice as much.
fn cut(text: &str, room: i64, each: i64) -> String {
    let mut used = 0;
    let mut out = String::new();
    for c in text.chars() {
        used += if u32::from(c) > 0x2e7f { 2 * each } else { each };
        if used > room {
            while used > room && !out.is_empty() {
                out.pop();
                used -= each;
            }
            out.push('…');
            break;
        }
        out.push(c);
    }
    if out == "…" { String::new() } else { out }
}

fn queries(picture: &Picture, out: &mut String) {
    let tiles = || picture.after.iter().chain(picture.before.iter().filter(|t| t.change == TileChange::Removed));
    let all = tiles().map(|tile| tile.queries.len()).sum::<usize>().saturating_add(picture.left_out);
    if all == 0 {
        return;
    }
    out.push_str("<h3>Queries</h3>");
    let mut shown_of_all = 0;
    let each = tiles().flat_map(|tile| tile.queries.iter().map(move |query| (tile, query)));
    for (tile, query) in each.take(QUERIES) {
        shown_of_all += 1;
        let title = if tile.title.is_empty() { "no title" } else { &tile.title };
        let (_, sign, word) = change(tile.change);
        let _ = write!(
            out,
            "<h4><span role=\"img\" aria-label=\"{word}\">{sign}</span> {}, query {}</h4><div class=\"queries\">",
            shown(title),
            shown(&query.name)
        );
        pair(query, out);
        out.push_str("</div>");
    }
    if all > shown_of_all {
        let rest = all - shown_of_all;
        let _ = write!(out, "<p class=\"quiet\">{rest} of {all} queries that differ are not shown.</p>");
    }
}

/// A text of several lines without what cannot be seen.
fn visible(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| clean(&line.replace('\t', "    ")).into_owned()).collect();
    lines.join("\n")
}

/// A text in words and what stands between them, one character each.
fn words(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, after) = rest.split_at(end);
        out.push(word);
        rest = after;
    }
    out
}

/// Both texts with the words that differ marked; of long ones that share little, all between their ends is.
fn differing(before: &str, after: &str, left: &mut String, right: &mut String) {
    let (old, new) = (words(before), words(after));
    let first = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[first..], &new[first..]);
    let last = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) = (&old_rest[..old_rest.len() - last], &new_rest[..new_rest.len() - last]);
    let put = |out: &mut String, tag: &str, words: &[&str]| {
        let text = words.concat();
        match (tag, text.is_empty()) {
            (_, true) => {}
            ("", false) => out.push_str(&escape(&text)),
            (tag, false) => {
                let _ = write!(out, "<{tag}>{}</{tag}>", escape(&text));
            }
        }
    };
    let both = |left: &mut String, right: &mut String, words: &[&str]| {
        put(left, "", words);
        put(right, "", words);
    };
    both(left, right, &old[..first]);
    if old_middle.len().max(new_middle.len()) > COMPARED {
        put(left, "del", old_middle);
        put(right, "ins", new_middle);
    } else {
        for op in capture_diff_slices(Algorithm::Myers, old_middle, new_middle) {
            let (_, of_old, of_new) = op.as_tag_tuple();
            if op.tag() == DiffTag::Equal {
                both(left, right, &old_middle[of_old]);
            } else {
                put(left, "del", &old_middle[of_old]);
                put(right, "ins", &new_middle[of_new]);
            }
        }
    }
    both(left, right, &old_rest[old_rest.len() - last..]);
}

/// Both texts of a query, with the words that differ marked; one that is new or goes stands alone.
fn pair(query: &Query, out: &mut String) {
    let (before, after) = (query.before.as_deref().map(visible), query.after.as_deref().map(visible));
    let (mut left, mut right) = (String::new(), String::new());
    match (before.as_deref(), after.as_deref()) {
        (Some(before), Some(after)) => differing(before, after, &mut left, &mut right),
        (before, after) => {
            left = before.map(|text| format!("<del>{}</del>", escape(text))).unwrap_or_default();
            right = after.map(|text| format!("<ins>{}</ins>", escape(text))).unwrap_or_default();
        }
    }
    for (name, text) in [("before", left), ("after", right)] {
        let text = if text.is_empty() { "<span class=\"quiet\">(none)</span>".to_owned() } else { text };
        let _ = write!(out, "<div><span class=\"quiet\">{name}</span><pre>{text}</pre></div>");
    }
}
