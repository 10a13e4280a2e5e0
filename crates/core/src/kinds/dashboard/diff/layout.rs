//! Where panels stand: shifts that many share in one line, the rest panel by panel.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{At, compare};
use crate::model::digest::{Numbers, same_value};
use crate::model::{Entry, Mark, counted};

/// Up to this many panels of a dashboard are told one by one; more are counted.
const NAMED: usize = 3;
/// The most shifts that have a line of their own.
const SHIFTS: usize = 3;

/// What became of the places of panels.
#[derive(Default)]
pub struct Layout {
    moved: Vec<MovedPanel>,
}

struct MovedPanel {
    panel: usize,
    from: Grid,
    to: Grid,
    pointer: String,
    whole: (Value, Value),
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Grid {
    x: i64,
    y: i64,
    w: i64,
    h: i64,
}

impl Layout {
    /// Takes in how two places differ; what is no usual place is told by path, as part of the panel.
    pub fn compare(
        &mut self,
        at: &At,
        before: Option<&Value>,
        after: Option<&Value>,
        panel: usize,
        numbers: Numbers,
        out: &mut Vec<Entry>,
    ) {
        let here = at.key("gridPos");
        if let (Some(Value::Object(b)), Some(Value::Object(a))) = (before, after)
            && let (Some(from), Some(to)) = (grid(b), grid(a))
        {
            if from != to {
                let whole = (Value::Object(b.clone()), Value::Object(a.clone()));
                self.moved.push(MovedPanel { panel, from, to, pointer: here.pointer(Mark::Change), whole });
            }
            for key in super::keys(b, a).filter(|key| !matches!(key.as_str(), "x" | "y" | "w" | "h")) {
                compare(&here.key(key), b.get(key), a.get(key), numbers, out);
            }
            return;
        }
        if !matches!((before, after), (Some(b), Some(a)) if same_value(b, a, numbers)) {
            compare(&here, before, after, numbers, out);
        }
    }

    /// Says it all: shifts by the same distance together, few others within their panels, many others as a count.
    pub fn tell(
        self,
        inside: &mut BTreeMap<usize, Vec<Entry>>,
        out: &mut Vec<Entry>,
        label: impl Fn(usize) -> (String, String),
    ) {
        let mut shifts: BTreeMap<i64, usize> = BTreeMap::new();
        for place in &self.moved {
            if let Some(dy) = place.shift() {
                *shifts.entry(dy).or_default() += 1;
            }
        }
        let mut shared: Vec<(i64, usize)> = shifts.into_iter().filter(|(_, count)| *count > 1).collect();
        shared.sort_by_key(|(dy, count)| (std::cmp::Reverse(*count), *dy));
        shared.truncate(SHIFTS);
        for (dy, count) in &shared {
            let way = if *dy > 0 { "down" } else { "up" };
            let text = format!("{} moved {way} by {}", counted(*count, "panel"), dy.unsigned_abs());
            out.push(Entry::new(Mark::Change, "layout", "/panels").values(None, Some(text)));
        }
        let single: Vec<MovedPanel> = self
            .moved
            .into_iter()
            .filter(|place| !place.shift().is_some_and(|dy| shared.iter().any(|(shift, _)| *shift == dy)))
            .collect();
        if single.len() > NAMED {
            let text = format!("{} rearranged", counted(single.len(), "panel"));
            out.push(Entry::new(Mark::Change, "layout", "/panels").values(None, Some(text)));
            return;
        }
        for place in single {
            let (panel, entries) = (place.panel, place.entries());
            match inside.get_mut(&panel) {
                Some(others) => others.extend(entries),
                None => {
                    let (label, _) = label(panel);
                    out.extend(entries.into_iter().map(|mut entry| {
                        entry.label = format!("{label} {}", entry.label);
                        entry
                    }));
                }
            }
        }
    }
}

impl MovedPanel {
    // How far down it went, where nothing else happened to it.
    fn shift(&self) -> Option<i64> {
        (Grid { y: self.to.y, ..self.from } == self.to).then(|| self.to.y.saturating_sub(self.from.y))
    }

    fn entries(self) -> Vec<Entry> {
        let (from, to) = (self.from, self.to);
        let mut out = Vec::new();
        let mut push = |label: &str, a: String, b: String| {
            out.push(
                Entry::new(Mark::Change, label, self.pointer.clone())
                    .values(Some(a), Some(b))
                    .whole(Some(&self.whole.0), Some(&self.whole.1)),
            );
        };
        match (from.x == to.x, from.y == to.y) {
            (true, true) => {}
            (true, false) => push("position", format!("y {}", from.y), to.y.to_string()),
            (false, true) => push("position", format!("x {}", from.x), to.x.to_string()),
            (false, false) => {
                push("position", format!("x {}, y {}", from.x, from.y), format!("x {}, y {}", to.x, to.y))
            }
        }
        if (from.w, from.h) != (to.w, to.h) {
            push("size", format!("{} × {}", from.w, from.h), format!("{} × {}", to.w, to.h));
        }
        out
    }
}

// All four as whole numbers; what is anything else is told by path.
fn grid(map: &Map<String, Value>) -> Option<Grid> {
    let number = |key: &str| map.get(key).and_then(Value::as_i64).filter(|n| n.unsigned_abs() < 1 << 53);
    Some(Grid { x: number("x")?, y: number("y")?, w: number("w")?, h: number("h")? })
}
