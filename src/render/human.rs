//! How a story is set in a terminal: one block for each object, aligned, wrapped, in colour.
//!
//! What is said stands in [`super::story`], how entries of a difference read in [`super::delta`].

use std::borrow::Cow;

use super::delta;
use super::story::{self, Item, ObjectItem, Part, Section, Sign, Story};
use super::style::{Style, Tone, clean};
use super::summary;
use crate::plan::Plan;
use crate::report::Act;

/// The most settings of a new object that are told.
const SETTINGS: usize = 3;

/// The whole plan.
#[must_use]
pub fn plan(plan: &Plan, style: &Style) -> String {
    set(&story::plan::of(plan, style.verbose), 0, style)
}

/// A story, its sections a blank line apart. `column` is the width of the names before outcomes.
#[must_use]
pub fn set(story: &Story<'_>, column: usize, style: &Style) -> String {
    let mut text = String::new();
    for (n, section) in story.sections.iter().enumerate() {
        if n > 0 {
            text.push('\n');
        }
        for line in lines(section, column, style) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

fn lines(section: &Section<'_>, column: usize, style: &Style) -> Vec<String> {
    match section {
        Section::Head(rows) => {
            let wide = rows.iter().map(|(what, _)| what.len()).max().unwrap_or(0);
            rows.iter().map(|(what, name)| style.fit(&format!("{what:wide$}  {}", clean(name)))).collect()
        }
        Section::Remarks { sort, texts } => {
            let told = |text: &String| style.wrapped(&format!("{sort}: "), sort.len() + 2, &clean(text));
            texts.iter().flat_map(told).collect()
        }
        Section::Objects { heading, items } => {
            let mut lines = vec![style.paint(Tone::Strong, heading), String::new()];
            lines.extend(items.iter().flat_map(|item| block(item, style)));
            lines
        }
        Section::Sentence(text) => style.wrapped("", 2, &clean(text)),
        Section::Counts(text) => vec![text.clone()],
        Section::Outcomes(done) => done.iter().map(|done| summary::line(done, column, style)).collect(),
        Section::Ending { words, is_good, counts } => {
            let tone = if *is_good { Tone::Add } else { Tone::Remove };
            style.wrapped(&format!("{} ", style.paint(tone, words)), 2, counts)
        }
    }
}

pub(super) fn block(item: &Item<'_>, style: &Style) -> Vec<String> {
    match item {
        Item::One(told) => {
            let mut lines = head(told, style);
            lines.extend(told.parts.iter().flat_map(|part| self::part(part, style)));
            lines
        }
        Item::Many { sign, kind, text, names } => {
            let sign = self::sign(*sign, style);
            let mut lines = vec![style.fit(&format!("  {sign} {} {kind}   {}", names.len(), clean(text)))];
            for some in names.chunks(if style.width.is_some() { names.len() } else { 10 }) {
                lines.extend(style.wrapped("      ", 6, &some.join(", ")));
            }
            lines
        }
        Item::Sentence(text) => style.wrapped("  · ", 4, &clean(text)),
    }
}

/// The line that names an object, and says where it stands at the right edge.
pub(super) fn head(told: &ObjectItem<'_>, style: &Style) -> Vec<String> {
    let sign = self::sign(told.sign, style);
    let title = if told.title.is_empty() { String::new() } else { format!("  \"{}\"", clean(&told.title)) };
    if told.sign == Sign::Outside {
        return vec![style.fit(&format!("  {sign} {}{title}", told.address))];
    }
    let address = style.paint(Tone::Strong, &told.address.to_string());
    let inside = told.folder.as_ref().map(|folder| format!("  in {}", clean(folder))).unwrap_or_default();
    let word = if told.word.is_empty() { String::new() } else { format!("  {}", told.word) };
    let way = told.way.as_ref().map(|way| format!("   {}", clean(way))).unwrap_or_default();
    let doubt = if told.is_provisional { "  (provisional)" } else { "" };
    style.spread(&format!("  {sign} {address}{title}{inside}{word}{way}{doubt}"), &clean(&told.place))
}

pub(super) fn part(part: &Part<'_>, style: &Style) -> Vec<String> {
    match part {
        Part::Settings(settings) => {
            let column = settings.iter().map(|(name, _)| clean(name).len()).max().unwrap_or(0);
            let line = |(name, value): &(Cow<'static, str>, String)| {
                style.fit(&format!("      {:column$}   {}", clean(name), clean(value)))
            };
            settings.iter().take(SETTINGS).map(line).collect()
        }
        Part::Contents(text) => cut(style.wrapped("      ", 6, &clean(text)), style),
        Part::Sentence(text) => style.wrapped("      ", 6, &clean(text)),
        Part::Because(text) => style.wrapped("      ", 8, &clean(text)),
        Part::Hint(text) => style.wrapped("      hint: ", 12, &clean(text)),
        Part::Move(way) => {
            let sign = self::sign(Sign::Moved, style);
            vec![style.fit(&format!("      {sign} folder   {}", clean(way)))]
        }
        Part::Differences(delta) => delta::lines(delta, 6, style),
    }
}

/// Two lines at most.
fn cut(mut lines: Vec<String>, style: &Style) -> Vec<String> {
    if lines.len() > 2 {
        lines.truncate(2);
        if let Some(last) = lines.last_mut() {
            *last = style.fit(&format!("{last} …"));
        }
    }
    lines
}

/// A sign in the colour of its meaning.
pub(super) fn sign(sign: Sign, style: &Style) -> String {
    let tone = match sign {
        Sign::Act(Act::Add) => Tone::Add,
        Sign::Act(Act::Change | Act::Adopt) | Sign::Moved => Tone::Change,
        Sign::Act(Act::Replace | Act::Destroy) | Sign::Refused => Tone::Remove,
        Sign::Act(Act::Forget | Act::Keep) | Sign::Nothing => Tone::Dim,
        Sign::Outside => Tone::Outside,
    };
    style.paint(tone, sign.text())
}

#[cfg(test)]
mod tests;
