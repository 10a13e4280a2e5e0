//! Names that may stand once in a place, taken and given up within one plan: who may go on, who waits for whom, and who
//! is refused. Knows no kinds and no servers; [`super::clashes`] says what a label is.
//!
//! A server checks one request at a time, so a name that is taken must have been given up before. Where the objects of
//! a ring wait for each other nobody can begin, and all of them are refused.

use std::collections::{BTreeMap, BTreeSet};

/// Where a name stands once, and the name: the folder and the title, as the server compares them.
pub(super) type Label = (String, String);

/// What one object is called before the plan and after it; none where it is not there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Labels {
    /// Before.
    pub before: Option<Label>,
    /// After; what is not changed has the same one.
    pub after: Option<Label>,
}

impl Labels {
    fn takes(&self) -> Option<&Label> {
        self.after.as_ref().filter(|_| self.after != self.before)
    }
}

/// What follows for an object that takes a label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It goes after these, which give the label up.
    Waits(BTreeSet<String>),
    /// Another one takes the same label.
    Twice(String),
    /// Another one has the label and keeps it.
    Taken(String),
    /// It waits for one that waits for it in turn; whose label it takes.
    Ring(String),
}

/// What follows for each object that takes a label which others have or take, by its uid.
pub(super) fn verdicts(mut labels: BTreeMap<String, Labels>) -> BTreeMap<String, Verdict> {
    let mut verdicts: BTreeMap<String, Verdict> = BTreeMap::new();
    // What is refused keeps the label it has, which may be in the way of others: repeated until nothing is refused any
    // more. Each round refuses at least one.
    loop {
        let waits = match conflicts(&labels) {
            found if found.is_empty() => waits(&labels),
            found => {
                refuse(found, &mut labels, &mut verdicts);
                continue;
            }
        };
        let rings = rings(&waits);
        if rings.is_empty() {
            verdicts.extend(waits.into_iter().map(|(uid, on)| (uid, Verdict::Waits(on))));
            return verdicts;
        }
        refuse(rings, &mut labels, &mut verdicts);
    }
}

fn refuse(
    found: BTreeMap<String, Verdict>,
    labels: &mut BTreeMap<String, Labels>,
    verdicts: &mut BTreeMap<String, Verdict>,
) {
    for (uid, verdict) in found {
        if let Some(labels) = labels.get_mut(&uid) {
            labels.after.clone_from(&labels.before);
        }
        verdicts.insert(uid, verdict);
    }
}

// Those that take a label which another one has afterwards too.
fn conflicts(labels: &BTreeMap<String, Labels>) -> BTreeMap<String, Verdict> {
    let mut afterwards: BTreeMap<&Label, Vec<&String>> = BTreeMap::new();
    for (uid, one) in labels {
        if let Some(label) = &one.after {
            afterwards.entry(label).or_default().push(uid);
        }
    }
    let mut found = BTreeMap::new();
    for (uid, one) in labels {
        let Some(label) = one.takes() else { continue };
        let others: Vec<&String> = afterwards[label].iter().copied().filter(|other| *other != uid).collect();
        let stays = others.iter().find(|other| labels[**other].takes().is_none());
        let verdict = match (stays, others.first()) {
            (Some(other), _) => Verdict::Taken((*other).clone()),
            (None, Some(other)) => Verdict::Twice((*other).clone()),
            (None, None) => continue,
        };
        found.insert(uid.clone(), verdict);
    }
    found
}

// Those that take a label which others have now and give up.
fn waits(labels: &BTreeMap<String, Labels>) -> BTreeMap<String, BTreeSet<String>> {
    let mut now: BTreeMap<&Label, BTreeSet<&String>> = BTreeMap::new();
    for (uid, one) in labels {
        if let Some(label) = &one.before {
            now.entry(label).or_default().insert(uid);
        }
    }
    let mut waits = BTreeMap::new();
    for (uid, one) in labels {
        let on = one.takes().and_then(|label| now.get(label));
        let on: BTreeSet<String> =
            on.into_iter().flatten().filter(|other| **other != uid).map(|other| (*other).clone()).collect();
        if !on.is_empty() {
            waits.insert(uid.clone(), on);
        }
    }
    waits
}

fn rings(waits: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, Verdict> {
    let in_ring = |start: &String| {
        let mut seen: BTreeSet<&String> = BTreeSet::new();
        let mut open: Vec<&String> = waits[start].iter().collect();
        while let Some(uid) = open.pop() {
            if uid == start {
                return true;
            }
            if seen.insert(uid) {
                open.extend(waits.get(uid).into_iter().flatten());
            }
        }
        false
    };
    waits
        .iter()
        .filter(|(uid, _)| in_ring(uid))
        .filter_map(|(uid, on)| Some((uid.clone(), Verdict::Ring(on.first()?.clone()))))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label(name: &str) -> Option<Label> {
        (name != "-").then(|| (String::new(), name.to_owned()))
    }

    /// Objects as `a:One>Two b:->One`, and what follows.
    fn check(objects: &str, expected: &[(&str, Verdict)]) {
        let labels = objects.split(' ').map(|object| {
            let (uid, way) = object.split_once(':').unwrap();
            let (before, after) = way.split_once('>').unwrap_or((way, way));
            (uid.to_owned(), Labels { before: label(before), after: label(after) })
        });
        let expected = expected.iter().map(|(uid, verdict)| ((*uid).to_owned(), verdict.clone())).collect();
        assert_eq!(verdicts(labels.collect()), expected, "{objects}");
    }

    fn waits(on: &str) -> Verdict {
        Verdict::Waits(BTreeSet::from([on.to_owned()]))
    }

    #[test]
    fn a_label_that_is_given_up_is_waited_for() {
        check("a:One>Two b:->One", &[("b", waits("a"))]);
        check("a:One>- b:Two>One", &[("b", waits("a"))]);
        check("a:One>Two b:Two>Three c:->One", &[("a", waits("b")), ("c", waits("a"))]);
    }

    #[test]
    fn a_label_that_stays_is_taken_and_one_that_two_take_is_refused_to_both() {
        check("a:One b:->One", &[("b", Verdict::Taken("a".into()))]);
        check("a:->One b:->One", &[("a", Verdict::Twice("b".into())), ("b", Verdict::Twice("a".into()))]);
    }

    #[test]
    fn rings_of_two_and_three_are_refused_whole() {
        let ring = |on: &str| Verdict::Ring(on.into());
        check("a:One>Two b:Two>One", &[("a", ring("b")), ("b", ring("a"))]);
        check("a:1>2 b:2>3 c:3>1", &[("a", ring("b")), ("b", ring("c")), ("c", ring("a"))]);
    }

    #[test]
    fn who_waits_for_one_that_is_refused_is_refused_too() {
        let ring = |on: &str| Verdict::Ring(on.into());
        let twice = |other: &str| Verdict::Twice(other.into());
        check(
            "a:One>Two b:Two>One c:->One",
            &[("a", Verdict::Taken("b".into())), ("b", twice("c")), ("c", twice("b"))],
        );
        check(
            "a:One>Two b:Two>One c:Three>One2 d:->Three",
            &[("a", ring("b")), ("b", ring("a")), ("d", waits("c"))],
        );
    }

    #[test]
    fn duplicates_that_are_there_already_are_left_alone() {
        check("a:One b:One c:Two", &[]);
        check("a:One>Two b:One c:->One", &[("c", Verdict::Taken("b".into()))]);
    }

    proptest! {
        /// Carried out in the order of the waits, no label is ever held by two, and everybody who is not refused ends
        /// as wanted.
        #[test]
        fn what_is_not_refused_can_be_carried_out_one_after_another(
            ways in proptest::collection::vec((0_u8..6, 0_u8..6), 1..8),
        ) {
            let name = |n: u8| (n > 0).then(|| (String::new(), n.to_string()));
            let mut taken = BTreeSet::new();
            let labels: BTreeMap<String, Labels> = ways
                .iter()
                .enumerate()
                .map(|(i, (before, after))| {
                    let before = name(*before).filter(|label| taken.insert(label.clone()));
                    (i.to_string(), Labels { before, after: name(*after) })
                })
                .collect();
            let verdicts = verdicts(labels.clone());
            let mut now: BTreeMap<String, Option<Label>> =
                labels.iter().map(|(uid, one)| (uid.clone(), one.before.clone())).collect();
            let refused = |uid: &String| matches!(verdicts.get(uid), Some(Verdict::Twice(_) | Verdict::Taken(_) | Verdict::Ring(_)));
            let mut open: BTreeSet<String> = labels.keys().filter(|uid| !refused(uid)).cloned().collect();
            while !open.is_empty() {
                let free = |uid: &&String| match verdicts.get(*uid) {
                    Some(Verdict::Waits(on)) => on.iter().all(|other| !open.contains(other)),
                    _ => true,
                };
                let next = open.iter().find(free).cloned();
                prop_assert!(next.is_some(), "nobody can go on: {labels:?} {verdicts:?}");
                let uid = next.unwrap();
                open.remove(&uid);
                let after = labels[&uid].after.clone();
                let others = now.iter().filter(|(other, label)| **other != uid && after.is_some() && **label == after);
                prop_assert_eq!(others.count(), 0, "{} takes a label that is held: {:?}", uid, labels);
                now.insert(uid, after);
            }
        }
    }
}
