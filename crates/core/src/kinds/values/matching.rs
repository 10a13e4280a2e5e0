//! Which item of one list is which item of another: by key, by equality, by likeness, by place, in this order.
//!
//! Knows nothing of what the items are; the work is bounded, whatever the lists hold.

use std::collections::HashMap;

use serde_json::Value;

use super::likeness;
use crate::model::digest::Numbers;

/// Above so many pairs of candidates likeness is not asked: places decide.
const CANDIDATES: usize = 4096;
/// So many leaves of an item are looked at.
const FEATURES: usize = 256;

/// What may name an item.
pub type Key<'r> = &'r dyn Fn(&Value) -> Option<String>;

/// So many of what is left between two neighbours are asked for each item.
const NEAR: usize = 64;

/// How items are told apart.
pub struct Rules<'r> {
    /// What names an item; believed where it is unique on both sides.
    pub key: Key<'r>,
    /// What else tells items, best first: a panel's type and title, then its title.
    pub weak: &'r [Key<'r>],
    /// Whether two items of one key are yet two things: one was removed, and another took its number.
    pub veto: &'r dyn Fn(&Value, &Value) -> bool,
    /// Whether two items that only stand at the same place may be taken for one.
    pub by_place: &'r dyn Fn(&Value, &Value) -> bool,
}

/// Which item is which.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// Places in the earlier and the later list, in the order of the later one.
    pub pairs: Vec<(usize, usize)>,
    /// Places in the earlier list of what is not in the later one.
    pub removed: Vec<usize>,
    /// Places in the later list of what is not in the earlier one.
    pub added: Vec<usize>,
}

/// Finds out which item is which.
#[must_use]
pub fn matched(before: &[&Value], after: &[&Value], numbers: Numbers, rules: &Rules<'_>) -> Matched {
    let mut state = Unmatched { before, after, old: vec![None; before.len()], new: vec![None; after.len()] };
    state.by_key(rules.key, true, rules.veto);
    if state.is_open() {
        state.by_equality(numbers);
    }
    for weak in rules.weak {
        state.by_key(*weak, false, &|_, _| false);
    }
    if state.is_open() {
        state.by_likeness(numbers);
        state.by_place(rules.by_place);
    }
    let open =
        |side: &[Option<usize>]| side.iter().enumerate().filter(|(_, m)| m.is_none()).map(|(i, _)| i).collect();
    Matched {
        pairs: state.new.iter().enumerate().filter_map(|(j, i)| i.map(|i| (i, j))).collect(),
        removed: open(&state.old),
        added: open(&state.new),
    }
}

struct Unmatched<'v> {
    before: &'v [&'v Value],
    after: &'v [&'v Value],
    old: Vec<Option<usize>>,
    new: Vec<Option<usize>>,
}

impl Unmatched<'_> {
    fn is_open(&self) -> bool {
        self.old.contains(&None) && self.new.contains(&None)
    }

    fn pair(&mut self, i: usize, j: usize) {
        self.old[i] = Some(j);
        self.new[j] = Some(i);
    }

    fn open_old(&self) -> Vec<usize> {
        (0..self.old.len()).filter(|i| self.old[*i].is_none()).collect()
    }

    fn open_new(&self) -> Vec<usize> {
        (0..self.new.len()).filter(|j| self.new[*j].is_none()).collect()
    }

    // Of one key: one on each side, or (where the key is only a hint) as many on one side as on the other.
    fn by_key(
        &mut self,
        key: &dyn Fn(&Value) -> Option<String>,
        unique: bool,
        veto: &dyn Fn(&Value, &Value) -> bool,
    ) {
        let mut groups: HashMap<String, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for i in self.open_old() {
            if let Some(key) = key(self.before[i]) {
                groups.entry(key).or_default().0.push(i);
            }
        }
        for j in self.open_new() {
            if let Some(key) = key(self.after[j]) {
                groups.entry(key).or_default().1.push(j);
            }
        }
        for (old, new) in groups.into_values() {
            if old.len() == new.len() && (!unique || old.len() == 1) {
                for (i, j) in old.into_iter().zip(new) {
                    if !veto(self.before[i], self.after[j]) {
                        self.pair(i, j);
                    }
                }
            }
        }
    }

    // From both ends first, so that among many equal ones each is itself; then wherever one is left.
    fn by_equality(&mut self, numbers: Numbers) {
        let old: Vec<_> = self.open_old().into_iter().map(|i| (i, likeness(self.before[i], numbers))).collect();
        let new: Vec<_> = self.open_new().into_iter().map(|j| (j, likeness(self.after[j], numbers))).collect();
        let head = old.iter().zip(&new).take_while(|(o, n)| o.1 == n.1).count();
        let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(o, n)| o.1 == n.1).count();
        let ends = old[..head].iter().zip(&new[..head]);
        for (o, n) in ends.chain(old[old.len() - tail..].iter().zip(&new[new.len() - tail..])) {
            self.pair(o.0, n.0);
        }
        let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
        for (i, like) in old[head..old.len() - tail].iter().rev() {
            places.entry(*like).or_default().push(*i);
        }
        for (j, like) in &new[head..new.len() - tail] {
            if let Some(i) = places.get_mut(like).and_then(Vec::pop) {
                self.pair(i, *j);
            }
        }
    }

    fn by_likeness(&mut self, numbers: Numbers) {
        let (old, new) = (self.open_old(), self.open_new());
        if old.len() * new.len() > CANDIDATES {
            return;
        }
        let features = |value: &Value| {
            let mut out = Vec::new();
            leaves(value, 0, numbers, &mut out);
            out.sort_unstable();
            out
        };
        let before: Vec<_> = old.iter().map(|i| features(self.before[*i])).collect();
        let after: Vec<_> = new.iter().map(|j| features(self.after[*j])).collect();
        let mut scores: Vec<(usize, usize, usize)> = Vec::new();
        for (x, b) in before.iter().enumerate() {
            for (y, a) in after.iter().enumerate() {
                let score = 200 * common(b, a) / (b.len() + a.len()).max(1);
                if score >= 50 {
                    scores.push((score, x, y));
                }
            }
        }
        scores.sort_by(|a, b| b.0.cmp(&a.0).then((a.1.abs_diff(a.2), a.1).cmp(&(b.1.abs_diff(b.2), b.1))));
        for (_, x, y) in scores {
            if self.old[old[x]].is_none() && self.new[new[y]].is_none() {
                self.pair(old[x], new[y]);
            }
        }
    }

    // What is left between the same neighbours is paired in order.
    fn by_place(&mut self, may: &dyn Fn(&Value, &Value) -> bool) {
        let pairs: Vec<(usize, usize)> =
            self.new.iter().enumerate().filter_map(|(j, i)| i.map(|i| (i, j))).collect();
        let kept = in_order(&pairs);
        let rank =
            |place: usize, side: fn(&(usize, usize)) -> usize| kept.partition_point(|pair| side(pair) < place);
        let mut gaps: HashMap<usize, Vec<usize>> = HashMap::new();
        for i in self.open_old().into_iter().rev() {
            gaps.entry(rank(i, |pair| pair.0)).or_default().push(i);
        }
        for j in self.open_new() {
            if let Some(gap) = gaps.get_mut(&rank(j, |pair| pair.1)) {
                let first = gap.len().saturating_sub(NEAR);
                let found = gap[first..].iter().rposition(|i| may(self.before[*i], self.after[j]));
                if let Some(at) = found {
                    let i = gap.remove(first + at);
                    self.pair(i, j);
                }
            }
        }
    }
}

/// The pairs that keep their order, as many as possible: places in both lists rise.
#[must_use]
pub fn in_order(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // Patience sorting: `tails[n]` is the pair that ends the best rising sequence of n + 1.
    let mut tails: Vec<usize> = Vec::new();
    let mut previous = vec![usize::MAX; pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        let n = tails.partition_point(|tail| pairs[*tail].0 < pair.0);
        previous[at] = if n > 0 { tails[n - 1] } else { usize::MAX };
        if n == tails.len() {
            tails.push(at);
        } else {
            tails[n] = at;
        }
    }
    let mut out = Vec::new();
    let mut at = tails.last().copied().unwrap_or(usize::MAX);
    while let Some(pair) = pairs.get(at) {
        out.push(*pair);
        at = previous[at];
    }
    out.reverse();
    out
}

/// The pairs whose place among all pairs is another one, as (pair, place before, place after), counted from 1; only
/// those that must move to make one order of the other. Empty exactly when the order is the same.
#[must_use]
pub fn moved(pairs: &[(usize, usize)]) -> Vec<((usize, usize), usize, usize)> {
    let mut by_old = pairs.to_vec();
    by_old.sort_unstable();
    let kept = in_order(pairs);
    pairs
        .iter()
        .enumerate()
        .filter(|(_, pair)| kept.binary_search(pair).is_err())
        .map(|(at, pair)| (*pair, by_old.binary_search(pair).map_or(0, |place| place + 1), at + 1))
        .filter(|(_, from, to)| from != to)
        .collect()
}

fn leaves(value: &Value, path: u64, numbers: Numbers, out: &mut Vec<u64>) {
    if out.len() >= FEATURES {
        return;
    }
    let step = |key: &str| path.wrapping_mul(0x100_0000_01b3) ^ likeness(&Value::from(key), numbers);
    match value {
        Value::Object(map) => map.iter().for_each(|(key, item)| leaves(item, step(key), numbers, out)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, step("[]"), numbers, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push(path.rotate_left(17) ^ likeness(value, numbers));
        }
    }
}

fn common(a: &[u64], b: &[u64]) -> usize {
    let (mut i, mut j, mut n) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, n) = (i + 1, j + 1, n + 1),
        }
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_must_move_is_moved() {
        assert_eq!(moved(&[(0, 0), (1, 1), (2, 2)]), vec![]);
        assert_eq!(moved(&[(2, 0), (0, 1), (1, 2)]), vec![((2, 0), 3, 1)]);
        assert_eq!(moved(&[(5, 0), (1, 1)]).len(), 1);
    }
}
