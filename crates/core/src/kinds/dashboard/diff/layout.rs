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
/// What a shift is counted in, for places between the lines of the grid.
const THOUSANDTHS: f64 = 1000.0;
/// Places from here on are none.
const LARGEST: f64 = 1e12;

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

/// A place as Grafana reads it: what is absent is 0. Shifts are told apart to the thousandth.
#[derive(Clone, Copy, PartialEq)]
struct Grid {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

/// A panel that is elsewhere now: from where to where, and the two places as they stand in the documents.
pub struct Step {
    /// Where it was, in words.
    pub from: String,
    /// Where it is.
    pub to: String,
    /// The two places.
    pub whole: (Value, Value),
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
            // What differs and means the same place, as 0 and what is absent, has its path.
            let is_told = from != to;
            if is_told {
                let whole = (Value::Object(b.clone()), Value::Object(a.clone()));
                self.moved.push(MovedPanel { panel, from, to, pointer: here.pointer(Mark::Change), whole });
            }
            for key in super::keys(b, a).filter(|key| !(is_told && matches!(key.as_str(), "x" | "y" | "w" | "h"))) {
                compare(&here.key(key), b.get(key), a.get(key), numbers, out);
            }
            return;
        }
        if !matches!((before, after), (Some(b), Some(a)) if same_value(b, a, numbers)) {
            compare(&here, before, after, numbers, out);
        }
    }

    /// Whether a panel is elsewhere now.
    pub fn has(&self, panel: usize) -> bool {
        self.moved.iter().any(|place| place.panel == panel)
    }

    /// Takes the step of a panel out, for an entry that tells more of its move.
    pub fn take(&mut self, panel: usize) -> Option<Step> {
        let at = self.moved.iter().position(|place| place.panel == panel)?;
        Some(self.moved.remove(at).step())
    }

    /// Says the rest: shifts by the same distance together, few others within their panels, many others as a count.
    pub fn tell(
        self,
        inside: &mut BTreeMap<usize, Vec<Entry>>,
        out: &mut Vec<Entry>,
        named: impl Fn(usize) -> String,
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
            let by = dy.unsigned_abs() as f64 / THOUSANDTHS;
            let text = format!("{} moved {way} by {by}", counted(*count, "panel"));
            out.push(Entry::new(Mark::Move, "layout", "/panels").values(None, Some(text)));
        }
        let single: Vec<MovedPanel> = self
            .moved
            .into_iter()
            .filter(|place| !place.shift().is_some_and(|dy| shared.iter().any(|(shift, _)| *shift == dy)))
            .collect();
        if single.len() > NAMED {
            let text = format!("{} rearranged", counted(single.len(), "panel"));
            out.push(Entry::new(Mark::Move, "layout", "/panels").values(None, Some(text)));
            return;
        }
        for place in single {
            let (panel, mark, label, pointer) = (place.panel, place.mark(), place.label(), place.pointer.clone());
            let Step { from, to, whole } = place.step();
            let entry =
                Entry::new(mark, label, pointer).values(Some(from), Some(to)).whole(Some(&whole.0), Some(&whole.1));
            match inside.get_mut(&panel) {
                Some(others) => others.push(entry),
                None => {
                    let label = format!("{} {}", named(panel), entry.label);
                    out.push(Entry { label, ..entry });
                }
            }
        }
    }
}

impl MovedPanel {
    // How far down it went, in thousandths, where nothing else happened to it.
    fn shift(&self) -> Option<i64> {
        let is_shift = Grid { y: self.to.y, ..self.from } == self.to;
        is_shift.then(|| ((self.to.y - self.from.y) * THOUSANDTHS).round() as i64).filter(|dy| *dy != 0)
    }

    fn is_moved(&self) -> bool {
        (self.from.x, self.from.y) != (self.to.x, self.to.y)
    }

    fn is_resized(&self) -> bool {
        (self.from.w, self.from.h) != (self.to.w, self.to.h)
    }

    fn mark(&self) -> Mark {
        if self.is_moved() { Mark::Move } else { Mark::Change }
    }

    fn label(&self) -> &'static str {
        match (self.is_moved(), self.is_resized()) {
            (true, true) => "position and size",
            (true, false) => "position",
            (false, _) => "size",
        }
    }

    fn step(self) -> Step {
        let (from, to) = (self.from, self.to);
        let place = |grid: Grid| match (from.x == to.x, from.y == to.y) {
            (true, true) => None,
            (true, false) => Some(format!("y {}", grid.y)),
            (false, true) => Some(format!("x {}", grid.x)),
            (false, false) => Some(format!("x {}, y {}", grid.x, grid.y)),
        };
        let size = |grid: Grid| self.is_resized().then(|| format!("{} × {}", grid.w, grid.h));
        let text = |grid| [place(grid), size(grid)].into_iter().flatten().collect::<Vec<_>>().join(", ");
        Step { from: text(from), to: text(to), whole: self.whole }
    }
}

// Numbers that Grafana could mean; what is anything else is told by path.
fn grid(map: &Map<String, Value>) -> Option<Grid> {
    let number = |key: &str| match map.get(key) {
        None => Some(0.0),
        Some(value) => value.as_f64().filter(|n| n.abs() < LARGEST),
    };
    let grid = Grid { x: number("x")?, y: number("y")?, w: number("w")?, h: number("h")? };
    map.contains_key("w").then_some(grid).filter(|_| map.contains_key("h"))
}
