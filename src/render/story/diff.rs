//! What a comparison of two files, two directories, or a file and a live object has to say.

use super::{Item, ObjectItem, Part, Section, Sign, Story};
use crate::model::{Address, Delta, counted};
use crate::report::Act;

/// What two sides come to beside each other.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Comparison {
    /// What the two sides are, each with its name.
    pub sides: Vec<(&'static str, String)>,
    /// The objects that differ, by address.
    pub differing: Vec<Compared>,
    /// How many objects are the same on both sides.
    pub same: usize,
    /// What a reader should know besides, one sentence each.
    pub notes: Vec<String>,
}

/// One object that differs.
#[derive(Clone, PartialEq, Debug)]
pub struct Compared {
    /// What it is.
    pub address: Address,
    /// Its title; empty where it has none.
    pub title: String,
    /// Where it stands.
    pub place: String,
    /// How it differs.
    pub difference: Difference,
}

/// How an object differs.
#[derive(Clone, PartialEq, Debug)]
pub enum Difference {
    /// Only the second side has it.
    Added,
    /// Only the first side has it.
    Removed,
    /// Both have it.
    Changed {
        /// What differs; empty when only its folder does.
        delta: Delta,
        /// The folders that it is in, where they are two.
        moved: Option<(String, String)>,
    },
}

/// Everything that differs.
#[must_use]
pub fn of(comparison: &Comparison) -> Story<'_> {
    let Comparison { sides, differing, same, notes } = comparison;
    let mut sections = vec![Section::Head(sides.clone())];
    if !differing.is_empty() {
        let items = differing.iter().map(|one| Item::One(Box::new(item(one)))).collect();
        sections.push(Section::Objects { heading: "What differs:", items });
    }
    if !notes.is_empty() {
        sections.push(Section::Remarks { sort: "note", texts: notes.clone() });
    }
    sections.push(Section::Sentence(counts(differing, *same)));
    Story { sections }
}

fn item(compared: &Compared) -> ObjectItem<'_> {
    let Compared { address, title, place, difference } = compared;
    let mut item = ObjectItem {
        sign: Sign::Act(Act::Change),
        address: address.clone(),
        title: title.clone(),
        folder: None,
        word: "",
        way: None,
        is_provisional: false,
        place: place.clone(),
        parts: Vec::new(),
    };
    match difference {
        Difference::Added => item.sign = Sign::Act(Act::Add),
        Difference::Removed => item.sign = Sign::Act(Act::Destroy),
        Difference::Changed { delta, moved: Some((from, to)) } if delta.is_empty() => {
            item.sign = Sign::Moved;
            item.way = Some(format!("{from} → {to}"));
        }
        Difference::Changed { delta, moved } => {
            item.parts.extend(moved.as_ref().map(|(from, to)| Part::Move(format!("{from} → {to}"))));
            item.parts.push(Part::Differences(delta));
        }
    }
    item
}

// `2 objects differ: 1 only in the first, 1 changed; 12 are the same.`
fn counts(differing: &[Compared], same: usize) -> String {
    if differing.is_empty() {
        return format!("No differences ({}).", counted(same, "object"));
    }
    let count = |is: fn(&Difference) -> bool| differing.iter().filter(|one| is(&one.difference)).count();
    let sorts = [
        (count(|d| matches!(d, Difference::Removed)), "only in the first"),
        (count(|d| matches!(d, Difference::Added)), "only in the second"),
        (count(|d| matches!(d, Difference::Changed { .. })), "changed"),
    ];
    let sorts: Vec<String> =
        sorts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let verb = if differing.len() == 1 { "differs" } else { "differ" };
    let rest = match same {
        0 => String::new(),
        1 => "; 1 is the same".to_owned(),
        n => format!("; {n} are the same"),
    };
    format!("{} {verb}: {}{rest}.", counted(differing.len(), "object"), sorts.join(", "))
}
