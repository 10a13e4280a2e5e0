//! Which panel of one dashboard is which panel of another, and what became of each: changed, new, gone, moved.
//!
//! Rows are opened: panels are matched over the whole dashboard, wherever they stand. What differs inside a pair
//! stands in [`super::panel`].

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use super::matching::{Matched, Rules, matched, moved};
use super::{At, datasource_text, field, layout, leaf, name, panel, short, words};
use crate::model::digest::{Numbers, same_value};
use crate::model::{Entry, Mark, counted};

/// Up to this many panels that only moved are named; more are counted.
const NAMED_MOVES: usize = 3;

/// One panel, or row, and where it stands.
pub struct Node<'v> {
    /// The panel.
    pub value: &'v Value,
    /// Its JSON pointer.
    pub pointer: String,
    home: Home,
    row: Option<usize>,
    row_like: bool,
    /// How many panels are in it; they follow it.
    holds: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Home {
    Top(&'static str),
    In(usize),
}

impl Node<'_> {
    /// Whether it is a row.
    pub fn is_row(&self) -> bool {
        self.row_like
    }

    /// The row whose list it stands in, by its place among the nodes.
    pub fn inside(&self) -> Option<usize> {
        match self.home {
            Home::In(row) => Some(row),
            Home::Top(_) => None,
        }
    }
}

/// The panels of two dashboards, matched.
pub struct Panels<'v> {
    old: Vec<Node<'v>>,
    new: Vec<Node<'v>>,
    matched: Matched,
    numbers: Numbers,
    twice: HashSet<String>,
}

/// What is said of panels.
pub struct PanelChanges {
    /// What changed, came and went.
    pub changes: Vec<Entry>,
    /// What only moved.
    pub moves: Vec<Entry>,
}

impl<'v> Panels<'v> {
    /// The panels of the earlier one, in the order of the document.
    pub fn old(&self) -> &[Node<'v>] {
        &self.old
    }

    /// Those of the later one.
    pub fn new_side(&self) -> &[Node<'v>] {
        &self.new
    }

    /// Which of the earlier ones is which of the later ones.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.matched.pairs.iter().copied()
    }

    /// Matches the panels of two dashboards.
    pub fn new(before: &'v Map<String, Value>, after: &'v Map<String, Value>, numbers: Numbers) -> Panels<'v> {
        let (old, new) = (nodes(before), nodes(after));
        let values = |nodes: &[Node<'v>]| nodes.iter().map(|node| node.value).collect::<Vec<_>>();
        let matched = matched(&values(&old), &values(&new), numbers, &RULES);
        let mut twice = HashSet::new();
        for nodes in [&old, &new] {
            let mut seen = HashSet::new();
            twice.extend(
                nodes.iter().map(|n| field(n.value, "title")).filter(|t| !seen.insert(*t)).map(str::to_owned),
            );
        }
        Panels { old, new, matched, numbers, twice }
    }

    /// All that differs; empty exactly when the panels are the same.
    pub fn changes(&self) -> PanelChanges {
        let mut told = PanelChanges { changes: Vec::new(), moves: Vec::new() };
        let mut layout = layout::Layout::default();
        let mut inside: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
        for &(i, j) in &self.matched.pairs {
            let (old, new) = (&self.old[i], &self.new[j]);
            let at = At::places("", old.pointer.clone(), new.pointer.clone());
            let mut entries = Vec::new();
            match (old.value, new.value) {
                (Value::Object(b), Value::Object(a)) => {
                    panel::compare(&at, b, a, self.numbers, &mut entries);
                    layout.compare(&at, b.get("gridPos"), a.get("gridPos"), j, self.numbers, &mut entries);
                }
                (b, a) if same_value(b, a, self.numbers) => {}
                (b, a) => entries.push(leaf(&at.named("content"), Some(b), Some(a))),
            }
            if !entries.is_empty() {
                inside.insert(j, entries);
            }
        }
        self.homes(&mut layout, &mut told.moves);
        layout.tell(&mut inside, &mut told.moves, |j| self.label(&self.new, j));
        self.additions(&mut told.changes);
        for (j, entries) in inside {
            let entry = Entry::new(Mark::Change, self.label(&self.new, j), self.new[j].pointer.clone());
            told.changes.push(entry.with(entries));
        }
        self.removals(&mut told.changes);
        told
    }

    /// How many panels are on both sides, and how many the side with fewer has; rows not counted.
    pub fn sizes(&self) -> (usize, usize) {
        let count = |side: &[Node<'v>]| side.iter().filter(|node| !node.row_like).count();
        let pairs = self.matched.pairs.iter().filter(|(_, j)| !self.new[*j].row_like).count();
        (pairs, count(&self.old).min(count(&self.new)))
    }

    /// `38 panels`: how many are the same, wherever they stand.
    pub fn unchanged(&self) -> String {
        let same = |&&(i, j): &&(usize, usize)| {
            !self.new[j].row_like && panel::is_same(self.old[i].value, self.new[j].value, self.numbers)
        };
        match self.matched.pairs.iter().filter(same).count() {
            0 => String::new(),
            count => counted(count, "panel"),
        }
    }

    // `panel "CPU" #3`, with its row where the title alone does not tell which.
    fn label(&self, side: &[Node<'v>], at: usize) -> String {
        let node = &side[at];
        let title = field(node.value, "title");
        let row = node.row.map(|row| field(side[row].value, "title")).filter(|row| !row.is_empty());
        let label = self.label_alone(side, at);
        match row {
            Some(row) if self.twice.contains(title) && !title.is_empty() => format!("{label} in row {}", name(row)),
            _ => label,
        }
    }

    fn label_alone(&self, side: &[Node<'v>], at: usize) -> String {
        let node = &side[at];
        let title = field(node.value, "title");
        let id = match node.value.get("id") {
            Some(Value::Number(id)) => format!(" #{id}"),
            _ => String::new(),
        };
        match (node.row_like, title.is_empty()) {
            (true, true) => format!("row{id}"),
            (true, false) => format!("row {}{id}", name(title)),
            (false, false) => format!("panel {}{id}", name(title)),
            (false, true) => {
                let kind = field(node.value, "type");
                let kind = if kind.is_empty() { "no type" } else { kind };
                format!("panel{id} ({}, no title)", words::escaped(&words::clip(kind, 40)))
            }
        }
    }

    fn additions(&self, out: &mut Vec<Entry>) {
        let added: HashSet<usize> = self.matched.added.iter().copied().collect();
        for &j in &self.matched.added {
            let node = &self.new[j];
            if matches!(node.home, Home::In(row) if added.contains(&row)) {
                continue;
            }
            let text = [self.told_by(&self.new, j, &added), self.place(j)].join(" ");
            let label = self.label_alone(&self.new, j);
            let entry = Entry::new(Mark::Add, label, node.pointer.clone());
            out.push(entry.values(None, Some(text.trim().to_owned())).whole(None, Some(node.value)));
        }
    }

    fn removals(&self, out: &mut Vec<Entry>) {
        let removed: HashSet<usize> = self.matched.removed.iter().copied().collect();
        for &i in &self.matched.removed {
            let node = &self.old[i];
            if matches!(node.home, Home::In(row) if removed.contains(&row)) {
                continue;
            }
            let entry = Entry::new(Mark::Remove, self.label(&self.old, i), node.pointer.clone());
            let text = Some(self.told_by(&self.old, i, &removed)).filter(|text| !text.is_empty());
            out.push(entry.values(text, None).whole(Some(node.value), None));
        }
    }

    // What a panel that came or went is told by: `(stat, amp-prod)`; a row by how many came or went with it.
    fn told_by(&self, side: &[Node<'v>], at: usize, with: &HashSet<usize>) -> String {
        let node = &side[at];
        if node.row_like {
            let count = (at + 1..=at + node.holds).filter(|other| with.contains(other)).count();
            return if count > 0 { format!("with {}", counted(count, "panel")) } else { String::new() };
        }
        if !node.value.is_object() {
            return short(node.value);
        }
        let kind = Some(field(node.value, "type"))
            .filter(|kind| !kind.is_empty() && !field(node.value, "title").is_empty());
        let source = node.value.get("datasource").map(|source| match source.get("uid").and_then(Value::as_str) {
            Some(uid) => words::shown(uid, 40),
            None => datasource_text(source).unwrap_or_default(),
        });
        let parts: Vec<String> =
            [kind.map(|k| words::shown(k, 40)), source.filter(|s| !s.is_empty())].into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
    }

    // Where a new panel stands: in its row, or after which one.
    fn place(&self, j: usize) -> String {
        let node = &self.new[j];
        match node.row {
            Some(row) if !field(self.new[row].value, "title").is_empty() => {
                format!("in row {}", name(field(self.new[row].value, "title")))
            }
            _ if j == 0 => "at the top".to_owned(),
            _ => match field(self.new[j - 1].value, "title") {
                "" => String::new(),
                title => format!("after {}", name(title)),
            },
        }
    }

    // Who stands in another row, or in another order within the same one. Where on the grid that is, is told with it.
    fn homes(&self, layout: &mut layout::Layout, out: &mut Vec<Entry>) {
        let rows: HashMap<usize, usize> = self.matched.pairs.iter().copied().collect();
        let same_home = |old: Home, new: Home| match (old, new) {
            (Home::Top(a), Home::Top(b)) => a == b,
            (Home::In(i), Home::In(j)) => rows.get(&i) == Some(&j),
            (Home::Top(_), Home::In(_)) | (Home::In(_), Home::Top(_)) => false,
        };
        let mut stayed: BTreeMap<Home, Vec<(usize, usize)>> = BTreeMap::new();
        let mut left: BTreeMap<(Home, Home), Vec<usize>> = BTreeMap::new();
        for &(i, j) in &self.matched.pairs {
            let (from, to) = (self.old[i].home, self.new[j].home);
            if same_home(from, to) {
                stayed.entry(to).or_default().push((i, j));
            } else {
                left.entry((from, to)).or_default().push(j);
            }
        }
        for ((from, to), panels) in left {
            let (from, to) = (self.home_text(&self.old, from), self.home_text(&self.new, to));
            if panels.len() > NAMED_MOVES {
                let pointer = self.new[panels[0]].pointer.clone();
                let label = counted(panels.len(), "panel");
                out.push(Entry::new(Mark::Move, label, pointer).values(Some(from), Some(to)));
            } else {
                out.extend(panels.into_iter().map(|j| {
                    let entry = Entry::new(Mark::Move, self.label(&self.new, j), self.new[j].pointer.clone());
                    match layout.take(j) {
                        Some(step) => entry
                            .values(Some(format!("{from}, {}", step.from)), Some(format!("{to}, {}", step.to)))
                            .whole(Some(&step.whole.0), Some(&step.whole.1)),
                        None => entry.values(Some(from.clone()), Some(to.clone())),
                    }
                }));
            }
        }
        for (home, pairs) in stayed {
            let moves = who_moved(&pairs, layout);
            if moves.len() > NAMED_MOVES {
                let text = format!("{} of {} in another order", moves.len(), pairs.len());
                let pointer = self.new[pairs[0].1].pointer.clone();
                let label = match home {
                    Home::Top("rows") => "rows".to_owned(),
                    Home::Top(_) => "panels".to_owned(),
                    Home::In(_) => format!("panels in {}", self.home_text(&self.new, home)),
                };
                out.push(Entry::new(Mark::Move, label, pointer).values(None, Some(text)));
            } else {
                out.extend(moves.into_iter().map(|((_, j), from, to)| {
                    let entry = Entry::new(Mark::Move, self.label(&self.new, j), self.new[j].pointer.clone());
                    // Grafana keeps the list in the order of the grid: the place there says both.
                    match layout.take(j) {
                        Some(step) => entry
                            .values(Some(step.from), Some(step.to))
                            .whole(Some(&step.whole.0), Some(&step.whole.1)),
                        None => {
                            entry.values(Some(format!("place {from}")), Some(format!("place {to} in the list")))
                        }
                    }
                }));
            }
        }
    }

    fn home_text(&self, side: &[Node<'v>], home: Home) -> String {
        match home {
            Home::Top("rows") => "the list of rows".to_owned(),
            Home::Top(_) => "the top level".to_owned(),
            Home::In(at) => self.label(side, at),
        }
    }
}

/// Who moved in a list, each with its places as [`moved`] has them. Of two that changed places either could have: those that
/// moved on the grid too are believed, where that explains the list.
fn who_moved(pairs: &[(usize, usize)], layout: &layout::Layout) -> Vec<((usize, usize), usize, usize)> {
    let moves = moved(pairs);
    let (stepped, rest): (Vec<_>, Vec<_>) = pairs.iter().copied().partition(|(_, j)| layout.has(*j));
    if !moves.is_empty() && stepped.len() <= moves.len() && moved(&rest).is_empty() {
        return stepped.into_iter().map(|pair| (pair, 0, 0)).collect();
    }
    moves
}

/// Says that a list of panels is no list, or is none on one side; what is in the lists is said of each panel.
pub fn shape(at: &At, before: Option<&Value>, after: Option<&Value>, out: &mut Vec<Entry>) {
    let told_by_panels = |value: Option<&Value>| value.is_none_or(|v| v.as_array().is_some_and(|v| !v.is_empty()));
    match (before, after) {
        (Some(Value::Array(_)), Some(Value::Array(_))) => {}
        (b, a) if told_by_panels(b) && told_by_panels(a) => {}
        (b, a) => out.push(leaf(at, b, a)),
    }
}

/// Which panel is which: by id, then by type and title, by title, by likeness, by place.
pub const RULES: Rules<'static> = Rules {
    key: &|panel| panel.get("id").and_then(|id| id.as_f64().is_some().then(|| id.to_string())),
    weak: &[
        &|panel| match (field(panel, "type"), field(panel, "title")) {
            (_, "") => None,
            (kind, title) => Some(format!("{kind}\n{title}")),
        },
        &|panel| Some(field(panel, "title")).filter(|title| !title.is_empty()).map(str::to_owned),
    ],
    // Another title, another type and other queries: a new panel that took the number of an old one.
    veto: &|b, a| {
        let differ = |key: &str| b.get(key) != a.get(key);
        differ("title") && differ("type") && differ("targets") && differ("datasource")
    },
    by_place: &|b, a| b.is_object() == a.is_object() && field(b, "type") == field(a, "type"),
};

/// Which query, variable, annotation or override is which: by its name.
pub const SAME_KEY: Rules<'static> = Rules {
    key: &|item| {
        ["refId", "name", "id"]
            .into_iter()
            .find_map(|key| item.get(key)?.as_str().map(|text| format!("{key} {text}")))
    },
    weak: &[],
    veto: &|_, _| false,
    by_place: &|_, _| true,
};

fn nodes(dashboard: &Map<String, Value>) -> Vec<Node<'_>> {
    let mut out = Vec::new();
    for key in ["panels", "rows"] {
        if let Some(Value::Array(items)) = dashboard.get(key) {
            collect(items, &format!("/{key}"), Home::Top(key), &mut out);
        }
    }
    out
}

fn collect<'v>(items: &'v [Value], pointer: &str, home: Home, out: &mut Vec<Node<'v>>) {
    let mut open_row = None;
    for (index, value) in items.iter().enumerate() {
        let at = out.len();
        let nested = value.get("panels").and_then(Value::as_array);
        let row_like = home == Home::Top("rows") || field(value, "type") == "row";
        let row = match home {
            Home::In(row) => Some(row),
            Home::Top(_) if row_like => None,
            Home::Top(_) => open_row,
        };
        let pointer = format!("{pointer}/{index}");
        out.push(Node { value, pointer: pointer.clone(), home, row, row_like, holds: 0 });
        if row_like {
            open_row = Some(at);
        }
        if let Some(nested) = nested {
            collect(nested, &format!("{pointer}/panels"), Home::In(at), out);
            out[at].holds = out.len() - at - 1;
        }
    }
}
