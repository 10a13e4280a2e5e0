//! What a plan has to say: where it will happen, what others did, what becomes of each object, the counts.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::{Item, ObjectItem, Part, Section, Sign, Story, folder, minute};
use crate::kinds;
use crate::model::{Delta, Headline, RecordState, counted};
use crate::plan::{Action, Change, Counts, Drift, DriftKind, Goal, Moved, Plan};
use crate::report::Act;

/// Above so many new objects nothing is said of what each consists of; above so many alike, they are told together.
const MANY: usize = 50;

/// The whole plan. With `everything`, what each of many new objects consists of is told too.
#[must_use]
pub fn of(plan: &Plan, everything: bool) -> Story<'_> {
    let mut sections = vec![head(plan)];
    if let RecordState::Unknown(why) = &plan.record {
        let text = format!("{why}; so every action below is provisional, and this plan cannot be applied");
        sections.push(Section::Remarks { sort: "provisional", texts: vec![text.trim().to_owned()] });
    }
    let heading = match plan.goal {
        Goal::Apply => "amgctl will perform the following actions:",
        Goal::Destroy => "amgctl will destroy what this stack made:",
    };
    for (heading, items) in [
        ("Changed outside amgctl since the last apply:", outside(plan)),
        (heading, actions(plan, everything)),
        ("Refused, nothing is written for these:", plan.changes().filter_map(refused).collect()),
    ] {
        if !items.is_empty() {
            sections.push(Section::Objects { heading, items });
        }
    }
    for (sort, texts) in [("note", &plan.notices), ("not known", &plan.unknown)] {
        if !texts.is_empty() {
            sections.push(Section::Remarks { sort, texts: texts.clone() });
        }
    }
    sections.extend(unmanaged(plan).map(Section::Sentence));
    sections.push(Section::Counts(counts(plan)));
    Story { sections }
}

/// Where the plan is for.
pub(in crate::render) fn head(plan: &Plan) -> Section<'static> {
    let version = if plan.version.is_empty() { String::new() } else { format!(" (Grafana {})", plan.version) };
    Section::Head(vec![("workspace", format!("{}{version}", plan.workspace)), ("stack", plan.stack.to_string())])
}

// What others did since the last apply: told first, because the reader must decide about it.
fn outside(plan: &Plan) -> Vec<Item<'_>> {
    fn told<'p>(change: &'p Change, drift: &'p Drift) -> Item<'p> {
        let mut parts = vec![Part::Sentence(format!("{}; {}", drifted(drift), answer(&change.action)))];
        parts.extend(drift.delta.as_ref().map(Part::Differences));
        Item::One(Box::new(ObjectItem { parts, ..named(change, Sign::Outside) }))
    }
    plan.changes().filter_map(|change| Some(told(change, change.drift.as_ref()?))).collect()
}

/// What somebody else did to an object.
#[must_use]
pub fn drifted(drift: &Drift) -> String {
    let by = &drift.saved.by;
    let at = if drift.saved.at.is_empty() { String::new() } else { format!(", {}", minute(&drift.saved.at)) };
    match &drift.what {
        DriftKind::Changed if by.is_empty() => format!("saved as version {}{at}", drift.version),
        DriftKind::Changed => format!("{by} saved version {}{at}", drift.version),
        DriftKind::Deleted if by.is_empty() => format!("deleted{at}"),
        DriftKind::Deleted => format!("deleted by {by}{at}"),
        DriftKind::Moved(to) => {
            let who = if by.is_empty() { "moved".to_owned() } else { format!("{by} moved it") };
            format!("{who} to {}{at}", folder(to.as_ref()))
        }
    }
}

// What this plan does about it: the reader must decide.
fn answer(action: &Action) -> &'static str {
    match action {
        Action::Create { .. } => "created again below",
        Action::Update { .. } | Action::Replace { .. } | Action::Adopt { .. } => "overwritten below",
        Action::Delete { .. } => "deleted below",
        Action::Release { .. } => "released below",
        Action::Forget { .. } => "forgotten below",
        Action::Keep { .. } | Action::LeaveAlone | Action::Renew => "left as it is",
        Action::Refuse(_) => "refused below",
    }
}

fn actions(plan: &Plan, everything: bool) -> Vec<Item<'_>> {
    let mut times: HashMap<Alike, usize> = HashMap::new();
    for alike in plan.changes().filter_map(alike) {
        *times.entry(alike).or_default() += 1;
    }
    let creates = plan.changes().filter(|change| matches!(change.action, Action::Create { .. })).count();
    let is_provisional = plan.record.is_unknown();
    let view = View { is_terse: creates > MANY && !everything, is_provisional, goal: plan.goal };
    let mut together: BTreeMap<Alike, (Sign, Vec<String>)> = BTreeMap::new();
    let mut items = Vec::new();
    for change in plan.changes() {
        match alike(change).filter(|alike| times.get(alike).is_some_and(|times| *times > MANY)) {
            Some(alike) => {
                let (_, names) = together.entry(alike).or_insert((sign(&change.action), Vec::new()));
                names.push(change.address.id().to_owned());
            }
            None => items.extend(view.object_item(change).map(|item| Item::One(Box::new(item)))),
        }
    }
    let many = |(alike, (sign, names)): (Alike, _)| Item::Many { sign, kind: alike.kind, text: alike.text, names };
    items.extend(together.into_iter().map(many));
    let renewed = plan.changes().filter(|change| matches!(change.action, Action::Renew)).count();
    if renewed > 0 {
        let verb = if renewed == 1 { "is" } else { "are" };
        let text = format!("{} {verb} as declared already; only the record is renewed", counted(renewed, "object"));
        items.push(Item::Sentence(text));
    }
    items
}

// Changes that are told by the same words, but for their names.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Alike {
    sign: &'static str,
    kind: &'static str,
    text: String,
}

fn alike(change: &Change) -> Option<Alike> {
    if change.drift.is_some() || !change.notes.is_empty() {
        return None;
    }
    let text = match &change.action {
        Action::Delete { .. } => "deleted".to_owned(),
        Action::Update { delta, moved: Some(moved) } if delta.is_empty() => way(moved),
        Action::Release { because } => format!("released: {because}"),
        Action::LeaveAlone => LEFT.to_owned(),
        Action::Forget { because } => format!("forgotten: {because}"),
        Action::Keep { because } => format!("kept: {because}"),
        Action::Create { .. }
        | Action::Update { .. }
        | Action::Replace { .. }
        | Action::Adopt { .. }
        | Action::Renew
        | Action::Refuse(_) => return None,
    };
    let kind = kinds::by_name(change.address.kind).facts().plural;
    Some(Alike { sign: sign(&change.action).text(), kind, text })
}

const LEFT_TO_ITS_OWNER: &str = "already there and equal, but not ours: left alone";
const LEFT: &str = "already there and equal, but not ours: left alone (--adopt takes it)";

fn sign(action: &Action) -> Sign {
    match action {
        Action::Update { delta, moved: Some(_) } if delta.is_empty() => Sign::Moved,
        Action::Refuse(_) => Sign::Refused,
        _ => Act::of(action).map_or(Sign::Nothing, Sign::Act),
    }
}

struct View {
    is_terse: bool,
    is_provisional: bool,
    goal: Goal,
}

impl View {
    /// What is said of one change; none for what is told elsewhere.
    fn object_item<'p>(&self, change: &'p Change) -> Option<ObjectItem<'p>> {
        let mut told = ObjectItem {
            folder: change.folder.as_ref().map(|path| folder(Some(path))),
            is_provisional: self.is_provisional,
            ..named(change, sign(&change.action))
        };
        let said = |text: String| (String::new(), vec![Part::Sentence(text)]);
        let (place, mut parts) = match &change.action {
            Action::Renew | Action::Refuse(_) => return None,
            Action::Create { headline } => {
                let is_listed = change.folder.is_none() && has_settings(change);
                let facts = if self.is_terse { None } else { facts(headline, is_listed) };
                (place(change), facts.into_iter().collect())
            }
            Action::Update { delta, moved } => (place(change), changed(&mut told, delta, moved.as_ref())),
            Action::Adopt { delta, moved } => {
                told.word = if delta.is_empty() && moved.is_none() { "adopted as it is" } else { "adopted" };
                (place(change), changed(&mut told, delta, moved.as_ref()))
            }
            Action::Replace { delta, because } => (
                place(change),
                vec![Part::Because(format!("must be replaced: {because}")), Part::Differences(delta)],
            ),
            Action::Delete { headline } => match self.goal {
                Goal::Apply => ("removed from the directory".to_owned(), contents(headline).into_iter().collect()),
                Goal::Destroy => (String::new(), Vec::new()),
            },
            Action::Release { because } => said(format!("released: {because}")),
            Action::LeaveAlone if change.notes.is_empty() => said(LEFT.to_owned()),
            Action::LeaveAlone => said(LEFT_TO_ITS_OWNER.to_owned()),
            Action::Forget { because } => said(format!("forgotten: {because}")),
            Action::Keep { because } => said(format!("kept: {because}")),
        };
        parts.extend(change.notes.iter().cloned().map(Part::Sentence));
        Some(ObjectItem { place, parts, ..told })
    }
}

/// A change with what is said of any.
fn named(change: &Change, sign: Sign) -> ObjectItem<'_> {
    ObjectItem {
        sign,
        address: change.address.clone(),
        title: change.title.clone(),
        folder: None,
        word: "",
        way: None,
        is_provisional: false,
        place: String::new(),
        parts: Vec::new(),
    }
}

fn changed<'p>(told: &mut ObjectItem<'p>, delta: &'p Delta, moved: Option<&Moved>) -> Vec<Part<'p>> {
    let mut parts = Vec::new();
    match moved {
        Some(moved) if delta.is_empty() => {
            told.way = Some(way(moved));
            told.folder = None;
        }
        Some(moved) => parts.push(Part::Move(way(moved))),
        None => {}
    }
    parts.push(Part::Differences(delta));
    parts
}

fn refused(change: &Change) -> Option<Item<'_>> {
    let Action::Refuse(refusal) = &change.action else { return None };
    let mut parts = vec![Part::Sentence(format!("{} [{}]", refusal.reason, refusal.code))];
    if !refusal.hint.is_empty() {
        parts.push(Part::Hint(refusal.hint.clone()));
    }
    parts.extend(change.notes.iter().cloned().map(Part::Sentence));
    Some(Item::One(Box::new(ObjectItem { place: place(change), parts, ..named(change, Sign::Refused) })))
}

fn place(change: &Change) -> String {
    change.place.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn way(moved: &Moved) -> String {
    format!("{} → {}", folder(moved.from.as_ref()), folder(moved.to.as_ref()))
}

// Objects of kinds that are in no folder are told as a list of settings, the others in a sentence.
fn has_settings(change: &Change) -> bool {
    !kinds::by_name(change.address.kind).facts().in_folder
}

fn facts(headline: &Headline, is_listed: bool) -> Option<Part<'static>> {
    if !is_listed {
        return contents(headline);
    }
    Some(Part::Settings(headline.facts.clone()))
}

// `12 panels; data sources amp-prod, loki; variables region`.
fn contents(headline: &Headline) -> Option<Part<'static>> {
    let texts: Vec<String> = headline
        .facts
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| match value.as_str() {
            "1" => format!("1 {}", name.strip_suffix('s').unwrap_or(name)),
            number if number.bytes().all(|b| b.is_ascii_digit()) => format!("{number} {name}"),
            text => format!("{name} {text}"),
        })
        .collect();
    (!texts.is_empty()).then(|| Part::Contents(texts.join("; ")))
}

fn unmanaged(plan: &Plan) -> Option<String> {
    let parts: Vec<String> = plan
        .unmanaged
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(plural, count)| {
            let word = if *count == 1 { plural.strip_suffix('s').unwrap_or(plural) } else { plural };
            format!("{count} {word}")
        })
        .collect();
    (!parts.is_empty()).then(|| format!("Not ours, left alone: {}.", parts.join(", ")))
}

/// The counts, in Terraform's words: `Plan: 2 to add, 3 to change, 1 to destroy. 1 changed outside.`
#[must_use]
pub fn counts(plan: &Plan) -> String {
    let counts = plan.counts();
    let Counts { add, change, destroy, adopt, forget, keep, refuse, outside } = counts;
    // The first sentence is Terraform's, to the letter: people and scripts look for it.
    let mut more = String::new();
    for (count, word) in [(adopt, "to adopt"), (forget, "to forget"), (keep, "to keep"), (refuse, "refused")] {
        if count > 0 {
            let _ = write!(more, "{} {count} {word}", if more.is_empty() { "" } else { "," });
        }
    }
    if !more.is_empty() {
        more.push('.');
    }
    let outside = if outside > 0 { format!(" {outside} changed outside.") } else { String::new() };
    let doubt = if plan.record.is_unknown() { "Plan (provisional)" } else { "Plan" };
    format!("{doubt}: {add} to add, {change} to change, {destroy} to destroy.{more}{outside}")
}

/// What is said when nothing is to be done: how many objects were compared, in how many requests and seconds.
///
/// A plan that cannot know everything does not claim that nothing differs.
#[must_use]
pub fn no_changes(plan: &Plan, objects: usize, requests: usize, seconds: f64) -> String {
    let took = format!("{}, {seconds:.1} s", counted(requests, "request"));
    let compared = format!("{}, {took}", counted(objects, "object"));
    match (plan.unknown.is_empty(), plan.goal) {
        (false, _) => {
            format!("Nothing to do that this token can see ({compared}); what is not known stands above.")
        }
        (true, Goal::Destroy) => format!("No changes. No objects need to be destroyed ({took})."),
        (true, Goal::Apply) => format!("No changes. The workspace matches the directory ({compared})."),
    }
}
