//! What happens in a loop, one line of JSON each, with the names of the fields that Flux's events have. Pure.
//!
//! Reasons are short stable words; whoever reads the lines by machine goes by them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::story;
use crate::kinds;
use crate::model::Address;
use crate::plan::guards::DRIFT;
use crate::plan::{Action, Change, Drift, DriftKind};
use crate::report::{Act, Conflict, Finished, Outcome};

/// What is said to have reported an event.
const CONTROLLER: &str = "amgctl";
/// The version that the things which events are about are of.
const API: &str = "amgctl/v1";

/// How much an event matters, in Flux's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventSeverity {
    /// Nobody has to do anything.
    Info,
    /// Somebody has to.
    Error,
}

/// Why an event is reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The loop begins.
    Started,
    /// The directory could not be brought up to date; the last state is used.
    PullFailed,
    /// Something that a reader should know.
    Note,
    /// A round ended well.
    Succeeded,
    /// A round did not, or a change.
    Failed,
    /// Another run is at work on the stack.
    Waiting,
    /// A signal came while something is written: that is waited for.
    Stopping,
    /// The loop ends.
    Stopped,
    /// An object was made.
    Created,
    /// It was changed or moved.
    Updated,
    /// It was deleted and made anew.
    Replaced,
    /// It was taken into the stack.
    Adopted,
    /// It was deleted.
    Deleted,
    /// It was left in the workspace and out of the record.
    Forgotten,
    /// What somebody else did to it was undone.
    Overwritten,
    /// Somebody else changed it, and it was left so.
    Drift,
    /// It is not done, and no round will: somebody has to decide.
    Refused,
    /// Somebody changed it while the round went on.
    Conflict,
    /// It was not tried.
    Skipped,
    /// It may have been done or not.
    Unknown,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoopEvent {
    /// What it is about; none for the stack as a whole.
    pub about: Option<Address>,
    /// How much it matters.
    pub severity: EventSeverity,
    /// Why it is reported.
    pub reason: Reason,
    /// What happened, in words.
    pub message: String,
    /// What machines may want to know besides.
    pub metadata: BTreeMap<&'static str, String>,
}

/// Who says it, and when.
#[derive(Clone, Copy, Debug)]
pub struct Teller<'a> {
    /// The stack.
    pub stack: &'a str,
    /// The process.
    pub instance: &'a str,
    /// The commit of the directory; empty where nobody knows.
    pub revision: &'a str,
    /// When, as RFC 3339.
    pub timestamp: &'a str,
}

impl LoopEvent {
    /// An event about the stack.
    #[must_use]
    pub fn of_stack(severity: EventSeverity, reason: Reason, message: impl Into<String>) -> LoopEvent {
        LoopEvent { about: None, severity, reason, message: message.into(), metadata: BTreeMap::new() }
    }

    /// Adds something for machines; nothing where it is empty.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> LoopEvent {
        let value = value.into();
        if !value.is_empty() {
            self.metadata.insert(key, value);
        }
        self
    }

    /// The line, without its end.
    #[must_use]
    pub fn line(&self, teller: &Teller<'_>) -> String {
        let object = match &self.about {
            None => Object { kind: "Stack", namespace: None, name: teller.stack, api_version: API },
            Some(address) => Object {
                kind: address.kind.as_str(),
                namespace: Some(teller.stack),
                name: address.id(),
                api_version: API,
            },
        };
        let mut metadata: BTreeMap<&str, &str> = self.metadata.iter().map(|(k, v)| (*k, v.as_str())).collect();
        if !teller.revision.is_empty() {
            metadata.insert("revision", teller.revision);
        }
        let line = Line {
            involved_object: object,
            severity: self.severity,
            timestamp: teller.timestamp,
            message: &self.message,
            reason: self.reason,
            metadata,
            reporting_controller: CONTROLLER,
            reporting_instance: teller.instance,
        };
        // Lines are made of texts, which JSON can always say.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    involved_object: Object<'a>,
    severity: EventSeverity,
    timestamp: &'a str,
    message: &'a str,
    reason: Reason,
    metadata: BTreeMap<&'a str, &'a str>,
    reporting_controller: &'a str,
    reporting_instance: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    api_version: &'a str,
}

/// What came of a change; none where nothing is to be said of it.
#[must_use]
pub fn finished(change: &Change, finished: &Finished) -> Option<LoopEvent> {
    let event = |severity, reason, message: String| Some(about(change, severity, reason, message));
    let words = || story::run::finished(finished).outcome;
    match &finished.outcome {
        Outcome::Done => done(change, finished.act?),
        Outcome::Refused { .. } | Outcome::Conflict(Conflict::Saved { .. }) if is_drift(change) => refused(change),
        Outcome::Refused { .. } => event(EventSeverity::Error, Reason::Refused, words()),
        Outcome::Conflict(_) => event(EventSeverity::Error, Reason::Conflict, words()),
        Outcome::Failed { .. } => event(EventSeverity::Error, Reason::Failed, words()),
        Outcome::Skipped { .. } | Outcome::NotStarted => event(EventSeverity::Error, Reason::Skipped, words()),
        Outcome::Unknown { .. } => event(EventSeverity::Error, Reason::Unknown, words()),
    }
}

fn done(change: &Change, act: Act) -> Option<LoopEvent> {
    if let Some(drift) = change.drift.as_ref().filter(|_| change.action.writes()) {
        let undone = match (act, &drift.what) {
            // Its history goes with it.
            (Act::Destroy, _) => "deleted with that edit".to_owned(),
            (_, DriftKind::Deleted) => "it was made again".to_owned(),
            (_, DriftKind::Changed) if has_history(change) => {
                format!("overwritten; version {} is in its history", drift.version)
            }
            (_, DriftKind::Changed) => "overwritten".to_owned(),
            (_, DriftKind::Moved(_)) => "moved back".to_owned(),
        };
        let reason = if act == Act::Destroy { Reason::Deleted } else { Reason::Overwritten };
        let message = format!("{}: {undone}", story::plan::drifted(drift));
        return Some(drifted(change, drift, EventSeverity::Info, reason, message));
    }
    let (reason, word) = match act {
        Act::Add => (Reason::Created, "created"),
        Act::Change => (Reason::Updated, "updated"),
        Act::Replace => (Reason::Replaced, "deleted and created again"),
        Act::Adopt => (Reason::Adopted, "adopted"),
        Act::Destroy => (Reason::Deleted, "deleted"),
        Act::Forget => (Reason::Forgotten, "left in the workspace and out of the record"),
        Act::Keep => return None,
    };
    Some(about(change, EventSeverity::Info, reason, word.to_owned()))
}

/// What is left of a plan because somebody else changed it: drift that is only reported.
#[must_use]
pub fn left(change: &Change) -> Option<LoopEvent> {
    let drift = change.drift.as_ref().filter(|_| matches!(change.action, Action::Keep { .. }))?;
    let message = format!("{}: left as it is", story::plan::drifted(drift));
    Some(drifted(change, drift, EventSeverity::Info, Reason::Drift, message))
}

/// What a plan refuses.
#[must_use]
pub fn refused(change: &Change) -> Option<LoopEvent> {
    let Action::Refuse(refusal) = &change.action else { return None };
    let message = format!("{}; {}", refusal.reason, refusal.hint);
    match change.drift.as_ref().filter(|_| is_drift(change)) {
        Some(drift) => {
            let message = format!("{}: {message}", story::plan::drifted(drift));
            Some(drifted(change, drift, EventSeverity::Error, Reason::Drift, message))
        }
        None => Some(about(change, EventSeverity::Error, Reason::Refused, message).with("code", &*refusal.code)),
    }
}

/// Whether a change is refused because somebody else changed the object.
#[must_use]
pub fn is_drift(change: &Change) -> bool {
    change.drift.is_some() && matches!(&change.action, Action::Refuse(refusal) if refusal.code == DRIFT)
}

fn drifted(change: &Change, drift: &Drift, severity: EventSeverity, reason: Reason, message: String) -> LoopEvent {
    let version = if drift.what == DriftKind::Deleted { String::new() } else { drift.version.to_string() };
    about(change, severity, reason, message)
        .with("version", version)
        .with("appliedVersion", drift.recorded.to_string())
        .with("savedBy", &*drift.saved.by)
        .with("savedAt", &*drift.saved.at)
}

fn about(change: &Change, severity: EventSeverity, reason: Reason, message: String) -> LoopEvent {
    let place = change.place.as_ref().map(ToString::to_string).unwrap_or_default();
    LoopEvent { about: Some(change.address.clone()), ..LoopEvent::of_stack(severity, reason, message) }
        .with("title", &*change.title)
        .with("source", place)
}

/// Whether the workspace keeps what an object was before.
fn has_history(change: &Change) -> bool {
    kinds::by_name(change.address.kind).history(&change.address.key, 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::dashboard::Dashboard;
    use crate::kinds::folder::Folder;
    use crate::model::{Delta, KindName, Saved};
    use crate::plan::{Precondition, Refusal};
    use std::time::Duration;

    const TELLER: Teller<'_> =
        Teller { stack: "shop", instance: "amgctl-0", revision: "4f2a9c1", timestamp: "2026-11-28T10:00:00Z" };

    fn change(kind: KindName, action: Action, what: Option<DriftKind>) -> Change {
        let saved = Saved { by: "ana".into(), at: "2026-11-28T09:00:00Z".into() };
        let drift = what.map(|what| Drift { what, saved, version: 7, recorded: 5, delta: None });
        let address = Address::live(kind, "cpu").unwrap();
        Change { drift, ..Change::new(address, "CPU", action, Precondition::Nothing) }
    }

    fn update() -> Action {
        Action::Update { delta: Delta::default(), moved: None }
    }

    fn of(change: &Change, outcome: Outcome) -> Finished {
        let (address, title) = (change.address.clone(), change.title.clone());
        Finished { address, title, act: Act::of(&change.action), outcome, took: Duration::ZERO, note: None }
    }

    fn told(kind: KindName, action: Action, what: Option<DriftKind>) -> String {
        let change = change(kind, action, what);
        let event = finished(&change, &of(&change, Outcome::Done)).unwrap();
        format!("{:?}: {}", event.reason, event.message)
    }

    #[test]
    fn a_line_has_the_fields_of_fluxs_events() {
        let change = change(Dashboard::NAME, update(), Some(DriftKind::Changed));
        let line = finished(&change, &of(&change, Outcome::Done)).unwrap().line(&TELLER);
        assert_eq!(
            line,
            "{\"involvedObject\":{\"kind\":\"dashboard\",\"namespace\":\"shop\",\"name\":\"cpu\",\
             \"apiVersion\":\"amgctl/v1\"},\"severity\":\"info\",\"timestamp\":\"2026-11-28T10:00:00Z\",\
             \"message\":\"ana saved version 7, 2026-11-28 09:00 UTC: overwritten; version 7 is in its history\",\
             \"reason\":\"overwritten\",\"metadata\":{\"appliedVersion\":\"5\",\"revision\":\"4f2a9c1\",\
             \"savedAt\":\"2026-11-28T09:00:00Z\",\"savedBy\":\"ana\",\"title\":\"CPU\",\"version\":\"7\"},\
             \"reportingController\":\"amgctl\",\"reportingInstance\":\"amgctl-0\"}"
        );
        let line = LoopEvent::of_stack(EventSeverity::Error, Reason::PullFailed, "a\nb\u{1b}").line(&TELLER);
        assert!(!line.contains(['\n', '\u{1b}']), "{line}");
        assert!(
            line.contains("\"kind\":\"Stack\",\"name\":\"shop\"") && line.contains("\"reason\":\"pull-failed\"")
        );
    }

    #[test]
    fn what_was_overwritten_is_named_with_its_version_where_there_is_a_history() {
        let folder = told(Folder::NAME, update(), Some(DriftKind::Changed));
        assert_eq!(folder, "Overwritten: ana saved version 7, 2026-11-28 09:00 UTC: overwritten");
        let create = Action::Create { headline: crate::model::Headline::default() };
        let deleted = told(Dashboard::NAME, create.clone(), Some(DriftKind::Deleted));
        assert_eq!(deleted, "Overwritten: deleted by ana, 2026-11-28 09:00 UTC: it was made again");
        let moved = told(Dashboard::NAME, update(), Some(DriftKind::Moved(None)));
        assert!(moved.ends_with(": moved back"), "{moved}");
        assert_eq!(told(Dashboard::NAME, create, None), "Created: created");
        let delete = Action::Delete { headline: crate::model::Headline::default() };
        let deleted = told(Dashboard::NAME, delete, Some(DriftKind::Changed));
        assert_eq!(deleted, "Deleted: ana saved version 7, 2026-11-28 09:00 UTC: deleted with that edit");
    }

    #[test]
    fn drift_that_is_left_is_an_error_only_where_the_round_fails_by_it() {
        let kept = change(Dashboard::NAME, Action::Keep { because: "x".into() }, Some(DriftKind::Changed));
        let event = left(&kept).unwrap();
        assert_eq!((event.reason, event.severity), (Reason::Drift, EventSeverity::Info));
        let refuse = |code: &'static str| {
            Action::Refuse(Refusal { code: code.into(), reason: "it was changed".into(), hint: "look".into() })
        };
        let drift = change(Dashboard::NAME, refuse(DRIFT), Some(DriftKind::Changed));
        let event = refused(&drift).unwrap();
        assert_eq!((event.reason, event.severity), (Reason::Drift, EventSeverity::Error));
        let other = change(Dashboard::NAME, refuse("not-ours"), None);
        let event = refused(&other).unwrap();
        assert_eq!((event.reason, event.metadata["code"].as_str()), (Reason::Refused, "not-ours"));
        let protected = change(Dashboard::NAME, Action::Keep { because: "protected".into() }, None);
        assert_eq!(left(&protected), None, "what is kept for another reason is no drift");
    }
}
