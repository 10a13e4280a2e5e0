//! Which item of one list is which of another: by what names them, else by what is equal.

use std::collections::BTreeMap;

use serde_json::Value;

/// What names an item, the first that each item of both lists has and no two of a list share: a panel's `id`, a query's
/// `refId`, a variable's `name`, an override's `matcher`.
const NAMES: [&str; 8] = ["id", "uid", "refId", "name", "key", "matcher", "title", "value"];

/// The pairs of items that are one, by their places in both lists, in the order of the second.
#[must_use]
pub fn pairs(a: &[Value], b: &[Value]) -> Vec<(usize, usize)> {
    match naming(&[a, b]) {
        Some(name) => {
            let known = by_name(a, name);
            let found = b.iter().enumerate().filter_map(|(j, item)| Some((*known.get(&named(item, name)?)?, j)));
            with_renamed(a, b, found.collect())
        }
        None => in_order(a, b),
    }
}

/// Adds those that have another name by now: of what is left on both sides, what is alike in half of it.
fn with_renamed(a: &[Value], b: &[Value], mut pairs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    const MOST: usize = 100;
    let mut old: Vec<usize> = (0..a.len()).filter(|i| pairs.iter().all(|(known, _)| known != i)).collect();
    let new: Vec<usize> = (0..b.len()).filter(|j| pairs.iter().all(|(_, known)| known != j)).collect();
    if old.len() > MOST || new.len() > MOST {
        return pairs;
    }
    for j in new {
        let best = old.iter().enumerate().max_by_key(|(at, i)| (alike(&a[**i], &b[j]), std::cmp::Reverse(*at)));
        if let Some((at, i)) = best.map(|(at, i)| (at, *i))
            && alike(&a[i], &b[j]) * 2 >= a[i].as_object().map_or(1, serde_json::Map::len).max(1)
        {
            old.remove(at);
            pairs.push((i, j));
        }
    }
    pairs.sort_by_key(|(_, j)| *j);
    pairs
}

/// How many members of two objects are equal.
fn alike(a: &Value, b: &Value) -> usize {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return 0 };
    a.iter().filter(|(key, value)| b.get(*key) == Some(*value)).count()
}

/// What names the items of all these lists; none where nothing does. Empty lists have no say.
#[must_use]
pub fn naming(lists: &[&[Value]]) -> Option<&'static str> {
    let is_one = |name: &&'static str| {
        lists.iter().all(|list| {
            let names = by_name(list, name);
            names.len() == list.len()
        })
    };
    lists.iter().any(|list| !list.is_empty()).then(|| NAMES.into_iter().find(|name| is_one(name))).flatten()
}

/// What an item is named by.
#[must_use]
pub fn named(item: &Value, name: &str) -> Option<String> {
    match item.get(name)? {
        Value::Null => None,
        Value::Number(number) => number.as_f64().map(|number| number.to_string()),
        value => Some(value.to_string()),
    }
}

/// The places of items by what names them.
#[must_use]
pub fn by_name(list: &[Value], name: &str) -> BTreeMap<String, usize> {
    list.iter().enumerate().filter_map(|(i, item)| Some((named(item, name)?, i))).collect()
}

/// Equal items in their order; between them, what stands at the same place.
fn in_order(a: &[Value], b: &[Value]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut from, mut to) = (0, 0);
    let mut fill = |upto_a: usize, upto_b: usize, from: &mut usize, to: &mut usize| {
        // As many on both sides: each was changed where it stands. Else the first ones are taken to have stayed.
        while *from < upto_a && *to < upto_b {
            pairs.push((*from, *to));
            (*from, *to) = (*from + 1, *to + 1);
        }
        (*from, *to) = (upto_a, upto_b);
    };
    for (i, j) in longest_common(a, b) {
        fill(i, j, &mut from, &mut to);
        fill(i + 1, j + 1, &mut from, &mut to);
    }
    fill(a.len(), b.len(), &mut from, &mut to);
    pairs
}

/// A longest common subsequence, of what is left between equal beginnings and ends. Of lists too long for that, none.
fn longest_common(a: &[Value], b: &[Value]) -> Vec<(usize, usize)> {
    const LONGEST: usize = 1_000;
    let begin = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let most = a.len().min(b.len()) - begin;
    let end = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (x, y) = (&a[begin..a.len() - end], &b[begin..b.len() - end]);
    let mut pairs: Vec<(usize, usize)> = (0..begin).map(|i| (i, i)).collect();
    if x.len() <= LONGEST && y.len() <= LONGEST {
        let width = y.len() + 1;
        let mut lengths = vec![0u32; (x.len() + 1) * width];
        for i in (0..x.len()).rev() {
            for j in (0..y.len()).rev() {
                lengths[i * width + j] = if x[i] == y[j] {
                    lengths[(i + 1) * width + j + 1] + 1
                } else {
                    lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < x.len() && j < y.len() {
            if x[i] == y[j] {
                pairs.push((begin + i, begin + j));
                (i, j) = (i + 1, j + 1);
            } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
    }
    pairs.extend((0..end).rev().map(|k| (a.len() - 1 - k, b.len() - 1 - k)));
    pairs
}

/// Which of a list of places stay when all are to stand in this order, as few as can be moved: a longest increasing run.
pub(crate) fn staying(places: &[usize]) -> Vec<bool> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; places.len()];
    for (i, place) in places.iter().enumerate() {
        let at = ends.partition_point(|end| places[*end] < *place);
        before[i] = at.checked_sub(1).map(|at| ends[at]);
        if at == ends.len() { ends.push(i) } else { ends[at] = i }
    }
    let mut stays = vec![false; places.len()];
    let mut next = ends.last().copied();
    while let Some(i) = next {
        stays[i] = true;
        next = before[i];
    }
    stays
}
