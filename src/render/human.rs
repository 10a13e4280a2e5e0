//! How a plan reads in a terminal: where it will happen, what others did, one block for each change, the counts.
//!
//! Text out of a [`Plan`] and nothing else. How entries read stands in [`super::delta`], how a run reads in
//! [`super::summary`], problems of the directory in a file of their own.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::style::{Style, Tone, clean};
use super::summary::tone;
use super::{delta, outside};
use crate::kinds::datasource::Datasource;
use crate::model::{FolderPath, Headline, RecordState, counted};
use crate::plan::{Action, Change, Counts, Goal, Moved, Plan};
use crate::report::Act;

/// Above so many new objects each takes one line; above so many alike, their names share lines.
const MANY: usize = 50;

/// The whole plan.
#[must_use]
pub fn plan(plan: &Plan, style: &Style) -> String {
    let mut lines = header(plan, style);
    lines.extend(outside::lines(plan, style));
    lines.extend(actions(plan, style));
    lines.extend(refused(plan, style));
    for notice in &plan.notices {
        lines.extend(style.wrapped("note: ", 6, &clean(notice)));
    }
    if !plan.notices.is_empty() {
        lines.push(String::new());
    }
    for unknown in &plan.unknown {
        lines.extend(style.wrapped("not known: ", 11, &clean(unknown)));
    }
    if !plan.unknown.is_empty() {
        lines.push(String::new());
    }
    if let Some(line) = unmanaged(plan) {
        lines.extend(style.wrapped("", 2, &line));
        lines.push(String::new());
    }
    lines.push(summary_line(plan));
    let mut text = String::new();
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Where it will happen, and under which doubts.
fn header(plan: &Plan, style: &Style) -> Vec<String> {
    let version =
        if plan.version.is_empty() { String::new() } else { format!(" (Grafana {})", clean(&plan.version)) };
    let mut lines = vec![
        style.fit(&format!("workspace  {}{version}", clean(&plan.workspace))),
        style.fit(&format!("stack      {}", plan.stack)),
    ];
    if let RecordState::Unknown(why) = &plan.record {
        let text = format!("{}; so every action below is provisional, and this plan cannot be applied", clean(why));
        lines.push(String::new());
        lines.extend(style.wrapped("provisional: ", 13, text.trim()));
    }
    lines.push(String::new());
    lines
}

fn actions(plan: &Plan, style: &Style) -> Vec<String> {
    let mut counts: HashMap<Alike, usize> = HashMap::new();
    let mut creates = 0;
    for change in plan.changes() {
        if let Some(alike) = alike(change) {
            *counts.entry(alike).or_default() += 1;
        }
        creates += usize::from(matches!(change.action, Action::Create { .. }));
    }
    let provisional = plan.record.is_unknown();
    let view = View { style, terse: creates > MANY && !style.verbose, provisional, goal: plan.goal };
    let mut told: BTreeMap<Alike, Vec<String>> = BTreeMap::new();
    let mut lines = Vec::new();
    for change in plan.changes() {
        match alike(change) {
            Some(alike) if counts.get(&alike).is_some_and(|count| *count > MANY) => {
                told.entry(alike).or_default().push(change.address.id().to_owned());
            }
            _ => lines.extend(view.block(change)),
        }
    }
    for (alike, names) in told {
        let sign = style.paint(alike.tone(), alike.sign);
        lines.push(style.fit(&format!("  {sign} {} {}   {}", names.len(), alike.plural, alike.text)));
        for some in names.chunks(if style.width.is_some() { names.len() } else { 10 }) {
            lines.extend(style.wrapped("      ", 6, &some.join(", ")));
        }
    }
    let renewed = plan.changes().filter(|change| matches!(change.action, Action::Renew)).count();
    if renewed > 0 {
        let text = if renewed == 1 { "1 object is".into() } else { format!("{renewed} objects are") };
        lines.extend(style.wrapped("  · ", 4, &format!("{text} as declared already; only the record is renewed")));
    }
    if lines.is_empty() {
        return lines;
    }
    let heading = match plan.goal {
        Goal::Apply => "amgctl will perform the following actions:",
        Goal::Destroy => "amgctl will destroy what this stack made:",
    };
    let mut out = vec![style.paint(Tone::Strong, heading), String::new()];
    out.extend(lines);
    out.push(String::new());
    out
}

// Changes that are told by the same words, but for their names.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Alike {
    sign: &'static str,
    plural: &'static str,
    text: String,
}

impl Alike {
    fn tone(&self) -> Tone {
        match self.sign {
            "-" => Tone::Remove,
            "→" => Tone::Change,
            _ => Tone::Dim,
        }
    }
}

fn alike(change: &Change) -> Option<Alike> {
    if change.drift.is_some() || !change.notes.is_empty() {
        return None;
    }
    let text = match &change.action {
        Action::Delete { .. } => "deleted".to_owned(),
        Action::Update { delta, moved: Some(moved) } if delta.is_empty() => way(moved),
        Action::Release => RELEASED.to_owned(),
        Action::LeaveAlone => LEFT.to_owned(),
        Action::Forget { because } => format!("forgotten: {}", clean(because)),
        Action::Keep { because } => format!("kept: {}", clean(because)),
        Action::Create { .. }
        | Action::Update { .. }
        | Action::Replace { .. }
        | Action::Adopt { .. }
        | Action::Renew
        | Action::Refuse(_) => return None,
    };
    let plural = crate::kinds::by_name(change.address.kind).plural();
    Some(Alike { sign: sign(&change.action).0, plural, text })
}

const RELEASED: &str = "released: adopted once, so it is forgotten and left in the workspace";
const LEFT_TO_ITS_OWNER: &str = "already there and equal, but not ours: left alone";
const LEFT: &str = "already there and equal, but not ours: left alone (--adopt takes it)";

fn sign(action: &Action) -> (&'static str, Tone) {
    match action {
        Action::Update { delta, moved: Some(_) } if delta.is_empty() => ("→", Tone::Change),
        Action::Refuse(_) => ("!", Tone::Remove),
        _ => Act::of(action).map_or(("·", Tone::Dim), |act| (act.sign(), tone(act))),
    }
}

struct View<'s> {
    style: &'s Style,
    terse: bool,
    provisional: bool,
    goal: Goal,
}

impl View<'_> {
    fn block(&self, change: &Change) -> Vec<String> {
        let style = self.style;
        let mut lines = Vec::new();
        match &change.action {
            Action::Renew | Action::Refuse(_) => return lines,
            Action::Create { headline } => {
                lines.extend(self.head(change, "", &place(change)));
                if !self.terse {
                    lines.extend(facts(headline, change.folder.is_none() && is_listed(change), style));
                }
            }
            Action::Update { delta, moved } => {
                self.changed(change, delta, moved.as_ref(), "", &mut lines);
            }
            Action::Adopt { delta, moved } => {
                let word = if delta.is_empty() && moved.is_none() { "adopted as it is" } else { "adopted" };
                self.changed(change, delta, moved.as_ref(), word, &mut lines);
            }
            Action::Replace { delta, because } => {
                lines.extend(self.head(change, "", &place(change)));
                lines.extend(style.wrapped("      ", 8, &format!("must be replaced: {}", clean(because))));
                lines.extend(delta::lines(delta, 6, style));
            }
            Action::Delete { headline } => {
                let right = match self.goal {
                    Goal::Apply => "removed from the directory",
                    Goal::Destroy => "",
                };
                lines.extend(self.head(change, "", right));
                if !headline.facts.is_empty() && self.goal == Goal::Apply {
                    lines.extend(joined(headline, style));
                }
            }
            Action::Release => lines.extend(self.said(change, RELEASED)),
            Action::LeaveAlone if change.notes.is_empty() => lines.extend(self.said(change, LEFT)),
            Action::LeaveAlone => lines.extend(self.said(change, LEFT_TO_ITS_OWNER)),
            Action::Forget { because } => {
                lines.extend(self.said(change, &format!("forgotten: {}", clean(because))))
            }
            Action::Keep { because } => lines.extend(self.said(change, &format!("kept: {}", clean(because)))),
        }
        for note in &change.notes {
            lines.extend(style.wrapped("      ", 6, &clean(note)));
        }
        lines
    }

    fn head(&self, change: &Change, word: &str, right: &str) -> Vec<String> {
        let (sign, tone) = sign(&change.action);
        let (sign, address) =
            (self.style.paint(tone, sign), self.style.paint(Tone::Strong, &change.address.to_string()));
        let inside = change.folder.as_ref().map(|path| format!("  in {}", folder(Some(path)))).unwrap_or_default();
        let word = if word.is_empty() { String::new() } else { format!("  {word}") };
        let doubt = if self.provisional { "  (provisional)" } else { "" };
        self.style.spread(&format!("  {sign} {address}{}{inside}{word}{doubt}", titled(change)), right)
    }

    fn changed(
        &self,
        change: &Change,
        delta: &crate::model::Delta,
        moved: Option<&Moved>,
        word: &str,
        lines: &mut Vec<String>,
    ) {
        let style = self.style;
        match moved {
            Some(moved) if delta.is_empty() => {
                let (sign, tone) = sign(&change.action);
                let sign = style.paint(tone, sign);
                let address = style.paint(Tone::Strong, &change.address.to_string());
                let word = if word.is_empty() { String::new() } else { format!("  {word}") };
                let doubt = if self.provisional { "  (provisional)" } else { "" };
                let left = format!("  {sign} {address}{}{word}   {}{doubt}", titled(change), way(moved));
                lines.extend(style.spread(&left, &place(change)));
            }
            Some(moved) => {
                lines.extend(self.head(change, word, &place(change)));
                let sign = style.paint(Tone::Change, "→");
                lines.push(style.fit(&format!("      {sign} folder   {}", way(moved))));
            }
            None => lines.extend(self.head(change, word, &place(change))),
        }
        lines.extend(delta::lines(delta, 6, style));
    }

    fn said(&self, change: &Change, text: &str) -> Vec<String> {
        let mut lines = self.head(change, "", "");
        lines.extend(self.style.wrapped("      ", 6, text));
        lines
    }
}

fn refused(plan: &Plan, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    for change in plan.changes() {
        if let Action::Refuse(refusal) = &change.action {
            let (sign, address) =
                (style.paint(Tone::Remove, "!"), style.paint(Tone::Strong, &change.address.to_string()));
            lines.extend(style.spread(&format!("  {sign} {address}{}", titled(change)), &place(change)));
            let reason = format!("{} [{}]", clean(&refusal.reason), refusal.code);
            lines.extend(style.wrapped("      ", 6, &reason));
            if !refusal.hint.is_empty() {
                lines.extend(style.wrapped("      hint: ", 12, &clean(&refusal.hint)));
            }
            for note in &change.notes {
                lines.extend(style.wrapped("      ", 6, &clean(note)));
            }
        }
    }
    if lines.is_empty() {
        return lines;
    }
    let mut out = vec![style.paint(Tone::Strong, "Refused, nothing is written for these:"), String::new()];
    out.extend(lines);
    out.push(String::new());
    out
}

pub(super) fn titled(change: &Change) -> String {
    if change.title.is_empty() { String::new() } else { format!("  \"{}\"", clean(&change.title)) }
}

fn place(change: &Change) -> String {
    change.place.as_ref().map(|place| clean(&place.to_string()).into_owned()).unwrap_or_default()
}

pub(super) fn folder(path: Option<&FolderPath>) -> String {
    path.map_or_else(|| "Dashboards (the root)".to_owned(), |path| clean(&path.to_string()).into_owned())
}

fn way(moved: &Moved) -> String {
    format!("{} → {}", folder(moved.from.as_ref()), folder(moved.to.as_ref()))
}

// Objects of kinds that are in no folder are told as a list of settings, the others in a sentence.
fn is_listed(change: &Change) -> bool {
    change.address.kind == Datasource::NAME
}

fn facts(headline: &Headline, listed: bool, style: &Style) -> Vec<String> {
    if !listed {
        return joined(headline, style);
    }
    let column = headline.facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    headline
        .facts
        .iter()
        .map(|(name, value)| style.fit(&format!("      {name:column$}   {}", clean(value))))
        .take(3)
        .collect()
}

// `12 panels; data sources amp-prod, loki; variables region`: two lines at most.
fn joined(headline: &Headline, style: &Style) -> Vec<String> {
    let texts: Vec<String> = headline
        .facts
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| match value.as_str() {
            "1" => format!("1 {}", name.strip_suffix('s').unwrap_or(name)),
            number if number.bytes().all(|b| b.is_ascii_digit()) => format!("{number} {name}"),
            text => format!("{name} {}", clean(text)),
        })
        .collect();
    if texts.is_empty() {
        return Vec::new();
    }
    let mut lines = style.wrapped("      ", 6, &texts.join("; "));
    if lines.len() > 2 {
        lines.truncate(2);
        if let Some(last) = lines.last_mut() {
            *last = style.fit(&format!("{last} …"));
        }
    }
    lines
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
pub fn summary_line(plan: &Plan) -> String {
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
    let compared = format!("{}, {}, {seconds:.1} s", counted(objects, "object"), counted(requests, "request"));
    if plan.unknown.is_empty() {
        format!("No changes. The workspace matches the directory ({compared}).")
    } else {
        format!("Nothing to do that this token can see ({compared}); what is not known stands above.")
    }
}

#[cfg(test)]
mod tests;
