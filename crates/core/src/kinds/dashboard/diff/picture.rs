//! The layouts of two dashboards beside each other: where panels stand, which are new, gone, changed or moved, and which
//! queries differ.
//!
//! Panels are matched as the delta matches them ([`super::panels`]), so that picture and words agree.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::panels::Panels;
use super::{field, panel, rewrite, words};
use crate::model::digest::{Numbers, same_value};
use crate::model::picture::{Grid, Picture, QUERIES, Query, TEXT, TILES, Tile, TileChange, TileRole};

/// The longest title that is kept, in characters.
const TITLE: usize = 120;
/// The longest query that is kept, in characters.
const QUERY: usize = 4000;
/// The members of a query that hold what a person wrote, the first that is there.
const TEXTS: [&str; 7] = ["expr", "expression", "rawSql", "query", "queryText", "target", "rawQuery"];

/// Both layouts; none where neither side has a panel. A side that is not there is none.
#[must_use]
pub fn picture(before: Option<&Value>, after: Option<&Value>, numbers: Numbers) -> Option<Picture> {
    let nothing = Map::new();
    let old = before.and_then(Value::as_object).unwrap_or(&nothing);
    let new = after.and_then(Value::as_object).unwrap_or(&nothing);
    let rewritten = match (before, after) {
        (Some(_), Some(_)) => rewrite::explained(old, new, numbers),
        _ => None,
    };
    let (old, new) = match &rewritten {
        Some(rewrite) => match rewrite.side {
            rewrite::Side::After => (&rewrite.map, new),
            rewrite::Side::Before => (old, &rewrite.map),
        },
        None => (old, new),
    };
    let panels = Panels::new(old, new, numbers);
    let mut picture = Picture { before: tiles(panels.old()), after: tiles(panels.new_side()), left_out: 0 };
    for tile in &mut picture.before {
        tile.change = TileChange::Removed;
    }
    for tile in &mut picture.after {
        tile.change = TileChange::Added;
    }
    for (i, j) in panels.pairs() {
        let (b, a) = (panels.old()[i].value, panels.new_side()[j].value);
        let is_moved = picture.before[i].grid != picture.after[j].grid
            || matches!(picture.before[i].role, TileRole::Hidden(_))
                != matches!(picture.after[j].role, TileRole::Hidden(_));
        let change = match (panel::is_same(b, a, numbers), is_moved) {
            (false, _) => TileChange::Changed,
            (true, true) => TileChange::Moved,
            (true, false) => TileChange::Same,
        };
        (picture.before[i].change, picture.after[j].change) = (change, change);
        if change == TileChange::Changed {
            picture.after[j].queries = queries(Some(b), Some(a), numbers);
        }
    }
    for (tile, node) in picture.before.iter_mut().zip(panels.old()) {
        if tile.change == TileChange::Removed && after.is_some() {
            tile.queries = queries(Some(node.value), None, numbers);
        }
    }
    for (tile, node) in picture.after.iter_mut().zip(panels.new_side()) {
        // Of a new dashboard all of them are new, which says nothing.
        if tile.change == TileChange::Added && before.is_some() {
            tile.queries = queries(None, Some(node.value), numbers);
        }
    }
    (!picture.before.is_empty() || !picture.after.is_empty()).then(|| bounded(picture))
}

/// No more than can be looked at, so that a saved plan does not grow with what nobody sees.
fn bounded(mut picture: Picture) -> Picture {
    let (mut queries, mut text) = (0, 0);
    let Picture { before, after, left_out } = &mut picture;
    for tile in after.iter_mut().chain(before.iter_mut()) {
        let all = tile.queries.len();
        tile.queries.retain(|query| {
            let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
            let longer = text + length(&query.before) + length(&query.after);
            let is_kept = queries < QUERIES && longer <= TEXT;
            if is_kept {
                (queries, text) = (queries + 1, longer);
            }
            is_kept
        });
        *left_out += all - tile.queries.len();
    }
    for side in [before, after] {
        if side.len() > TILES {
            side.retain(|tile| !tile.queries.is_empty());
            for tile in side {
                (tile.grid, tile.role) = (None, TileRole::Panel);
            }
        }
    }
    picture
}

fn tiles(nodes: &[super::panels::Node<'_>]) -> Vec<Tile> {
    let is_collapsed =
        |value: &Value| value.get("collapsed").or_else(|| value.get("collapse")) == Some(&Value::Bool(true));
    let role = |node: &super::panels::Node<'_>| match node.inside() {
        Some(row) if is_collapsed(nodes[row].value) => TileRole::Hidden(row),
        _ if !node.is_row() => TileRole::Panel,
        _ if is_collapsed(node.value) => TileRole::CollapsedRow,
        _ => TileRole::Row,
    };
    let tile = |node: &super::panels::Node<'_>| Tile {
        title: words::clip(field(node.value, "title"), TITLE),
        kind: words::clip(field(node.value, "type"), TITLE),
        grid: node.value.get("gridPos").and_then(grid),
        role: role(node),
        repeat: words::clip(field(node.value, "repeat"), TITLE),
        change: TileChange::Same,
        queries: Vec::new(),
    };
    nodes.iter().map(tile).collect()
}

fn grid(value: &Value) -> Option<Grid> {
    // Servers and people write whole numbers as floats, too.
    let number = |key: &str| {
        let number = value.get(key)?.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it saturates, and what is drawn has bounds of its own"
        )]
        (number.is_finite() && number.abs() < 1e9).then_some(number as i64)
    };
    Some(Grid { x: number("x")?, y: number("y")?, w: number("w")?, h: number("h")? })
}

/// The queries that differ, in the order of the later side; those that go stand last.
fn queries(before: Option<&Value>, after: Option<&Value>, numbers: Numbers) -> Vec<Query> {
    let of = |panel: Option<&Value>| -> Vec<(String, Value)> {
        let targets = panel.and_then(|panel| panel.get("targets")).and_then(Value::as_array);
        let name = |at: usize, target: &Value| match field(target, "refId") {
            "" => format!("#{}", at + 1),
            name => words::clip(name, 40),
        };
        targets.into_iter().flatten().enumerate().map(|(at, target)| (name(at, target), target.clone())).collect()
    };
    let (old, new) = (of(before), of(after));
    let by_name: BTreeMap<&str, &Value> = old.iter().map(|(name, target)| (name.as_str(), target)).collect();
    let mut out = Vec::new();
    for (name, target) in &new {
        let was = by_name.get(name.as_str());
        if was.is_some_and(|was| same_value(was, target, numbers)) {
            continue;
        }
        let (was, is) = match was.map(|was| (text(was), text(target))) {
            // What differs is no part of the text: all of it is told.
            Some((b, a)) if b == a => (was.map(|was| whole(was)), whole(target)),
            Some((b, a)) => (Some(b), a),
            None => (None, text(target)),
        };
        out.push(Query { name: name.clone(), before: was, after: Some(is) });
    }
    let stays = |name: &str| new.iter().any(|(other, _)| other == name);
    for (name, target) in old.iter().filter(|(name, _)| !stays(name)) {
        out.push(Query { name: name.clone(), before: Some(text(target)), after: None });
    }
    out
}

/// What a person wrote; the whole query where that is not known.
fn text(target: &Value) -> String {
    let written = TEXTS.iter().map(|key| field(target, key)).find(|text| !text.is_empty());
    written.map_or_else(|| whole(target), |text| words::clip(text, QUERY))
}

fn whole(target: &Value) -> String {
    words::clip(&serde_json::to_string_pretty(target).unwrap_or_default(), QUERY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn panel(id: usize, y: usize, expr: &str) -> Value {
        json!({ "id": id, "type": "timeseries", "title": format!("P{id}"), "gridPos": { "x": 0, "y": y, "w": 12, "h": 8 },
            "targets": [{ "refId": "A", "expr": expr }] })
    }

    /// The tiles after the change, as `title change`, and those that are gone.
    fn check(before: &Value, after: &Value, expected: &str) {
        let picture = picture(Some(before), Some(after), Numbers::Float).unwrap();
        let gone = picture.before.iter().filter(|tile| tile.change == TileChange::Removed);
        let told: Vec<String> =
            picture.after.iter().chain(gone).map(|t| format!("{} {:?} {:?}", t.title, t.change, t.role)).collect();
        assert_eq!(told.join("\n"), expected);
    }

    #[test]
    fn tiles_say_what_became_of_each_panel() {
        let before =
            json!({ "panels": [panel(1, 0, "a"), panel(2, 8, "b"), panel(3, 16, "c"), panel(4, 24, "d")] });
        let mut after = before.clone();
        after["panels"][0]["targets"][0]["expr"] = json!("a + 1");
        after["panels"][1]["gridPos"]["y"] = json!(9);
        after["panels"][3] = json!({ "id": 9, "type": "text", "title": "P9", "options": { "content": "hello" },
            "gridPos": { "x": 12, "y": 40, "w": 6, "h": 3 } });
        check(&before, &after, "P1 Changed Panel\nP2 Moved Panel\nP3 Same Panel\nP9 Added Panel\nP4 Removed Panel");
    }

    #[test]
    fn panels_of_collapsed_rows_are_hidden_in_them() {
        let row = |collapsed: bool| {
            json!({ "panels": [{ "id": 5, "type": "row", "title": "R", "collapsed": collapsed,
                "gridPos": { "x": 0, "y": 0, "w": 24, "h": 1 }, "panels": [panel(1, 1, "a")] }] })
        };
        check(&row(true), &row(false), "R Changed Row\nP1 Moved Panel");
        check(&row(true), &row(true), "R Same CollapsedRow\nP1 Same Hidden(0)");
    }

    #[test]
    fn queries_that_differ_stand_side_by_side() {
        let (before, mut after) =
            (json!({ "panels": [panel(1, 0, "a")] }), json!({ "panels": [panel(1, 0, "b")] }));
        let told = |after: &Value| {
            let picture = picture(Some(&before), Some(after), Numbers::Float).unwrap();
            picture.after[0].queries.clone()
        };
        let query = |before: &str, after: &str| {
            vec![Query { name: "A".into(), before: Some(before.into()), after: Some(after.into()) }]
        };
        assert_eq!(told(&after), query("a", "b"));
        after["panels"][0]["targets"][0] = json!({ "refId": "A", "expr": "a", "instant": true });
        assert!(told(&after)[0].after.as_ref().unwrap().contains("\"instant\": true"), "{:?}", told(&after));
    }

    #[test]
    fn a_picture_is_no_larger_than_can_be_looked_at() {
        let board = |count: usize, length: usize, word: &str| {
            let panel = |n: usize| {
                let expr = format!("{n} {}", word.repeat(length));
                json!({ "id": n + 1, "type": "stat", "title": format!("{n}"), "targets": [{ "refId": "A", "expr": expr }],
                    "gridPos": { "x": 0, "y": n, "w": 1, "h": 1 } })
            };
            json!({ "title": "T", "panels": (0..count).map(panel).collect::<Vec<_>>() })
        };
        for (panels, length, kept) in [(60, 1, 60), (90, 1, 60), (20, 3_900, 8), (1_000, 1, 60)] {
            let picture =
                picture(Some(&board(panels, length, "a")), Some(&board(panels, length, "b")), Numbers::Float);
            let picture = picture.unwrap();
            let queries: usize = picture.after.iter().map(|tile| tile.queries.len()).sum();
            assert_eq!((queries, queries + picture.left_out), (kept, panels), "{panels} of {length}");
            assert!(picture.before.len() <= TILES && picture.after.len() <= TILES);
            let text = serde_json::to_string(&picture).unwrap().len();
            assert!(text < 2 * TEXT + 2 * TILES * 300, "{text}");
        }
    }

    #[test]
    fn odd_documents_have_no_picture_or_one_without_places() {
        for odd in [json!(null), json!({}), json!({ "panels": "x" }), json!([1])] {
            assert_eq!(picture(Some(&odd), Some(&odd), Numbers::Float), None, "{odd}");
        }
        let odd = json!({ "panels": [null, 1, { "gridPos": { "x": "a" } }, { "gridPos": { "x": 1e300, "y": 0, "w": 1, "h": 1 } }] });
        let picture = picture(None, Some(&odd), Numbers::Float).unwrap();
        assert!(picture.after.iter().all(|tile| tile.grid.is_none() && tile.change == TileChange::Added));
    }
}
