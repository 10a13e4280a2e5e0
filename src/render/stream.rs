//! What happens, one line of JSON each, in the words of Terraform's machine-readable interface, so that what reads its
//! stream reads ours. Pure: the moment of a line is given.
//!
//! What that interface has no place for stands under `amgctl` in the same object.

use serde_json::{Map, Value, json};

use super::diagnostics::Diagnostic;
use super::story;
use super::style::clean;
use super::terraform::{PROVIDER, name};
use crate::model::Address;
use crate::plan::{Action, Change, DriftKind, Goal, Plan};
use crate::report::{Act, Finished, Outcome, Report};

/// The version of Terraform's interface that this follows.
const UI: &str = "1.2";

/// One line, without its moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    level: &'static str,
    message: String,
    kind: &'static str,
    fields: Map<String, Value>,
}

impl Line {
    fn new(kind: &'static str, message: impl AsRef<str>) -> Line {
        let message = clean(message.as_ref()).into_owned();
        Line { level: "info", message, kind, fields: Map::new() }
    }

    fn with(mut self, key: &str, value: Value) -> Line {
        self.fields.insert(key.to_owned(), value);
        self
    }

    /// The line's text, without its end. The moment is RFC 3339.
    #[must_use]
    pub fn text(&self, moment: &str) -> String {
        let mut object = Map::new();
        object.insert("@level".into(), self.level.into());
        object.insert("@message".into(), self.message.clone().into());
        object.insert("@module".into(), "terraform.ui".into());
        object.insert("@timestamp".into(), moment.into());
        object.insert("type".into(), self.kind.into());
        object.extend(self.fields.clone());
        Value::Object(object).to_string()
    }
}

/// The first line: which program this is.
#[must_use]
pub fn version(version: &str) -> Line {
    // Readers look for the key `terraform`, whose value they show.
    Line::new("version", format!("amgctl {version}"))
        .with("terraform", version.into())
        .with("ui", UI.into())
        .with("amgctl", version.into())
}

/// Something that is wrong.
#[must_use]
pub fn diagnostic(diagnostic: &Diagnostic) -> Line {
    let (level, word) = if diagnostic.severity == "error" { ("error", "Error") } else { ("warn", "Warning") };
    let line = Line::new("diagnostic", format!("{word}: {}", diagnostic.summary));
    let value = serde_json::to_value(diagnostic).unwrap_or_default();
    Line { level, ..line }.with("diagnostic", value)
}

/// What a plan holds: what others did, what is to be done, and the counts.
#[must_use]
pub fn plan(plan: &Plan) -> Vec<Line> {
    let mut lines: Vec<Line> = plan.changes().filter_map(drift).collect();
    lines.extend(plan.changes().filter_map(planned));
    for change in plan.changes() {
        if let Action::Refuse(refusal) = &change.action {
            let hint = Some(refusal.hint.as_str()).filter(|hint| !hint.is_empty());
            let summary = format!("{} [{}]", refusal.reason, refusal.code);
            lines.push(self::diagnostic(&Diagnostic::error(&summary, &change.notes, hint).about(&change.address)));
        }
    }
    let unknown = plan.unknown.iter().map(|words| format!("not known: {words}"));
    lines.extend(plan.notices.iter().cloned().chain(unknown).map(|w| self::diagnostic(&Diagnostic::warning(&w))));
    let counts = plan.counts();
    let operation = match plan.goal {
        Goal::Apply => "plan",
        Goal::Destroy => "destroy",
    };
    let summary = json!({
        "add": counts.add, "change": counts.change, "import": counts.adopt, "remove": counts.destroy,
        "operation": operation,
    });
    let more = json!({
        "adopt": counts.adopt, "forget": counts.forget, "keep": counts.keep, "refuse": counts.refuse,
        "outside": counts.outside, "provisional": plan.record.is_unknown(),
    });
    lines
        .push(Line::new("change_summary", story::plan::counts(plan)).with("changes", summary).with("amgctl", more));
    lines
}

/// What somebody else did to an object.
fn drift(change: &Change) -> Option<Line> {
    let drift = change.drift.as_ref()?;
    let (action, word) = match drift.what {
        DriftKind::Deleted => ("delete", "delete"),
        DriftKind::Changed => ("update", "update"),
        DriftKind::Moved(_) => ("move", "move"),
    };
    let amgctl = json!({ "by": drift.saved.by, "at": drift.saved.at, "version": drift.version });
    let what = json!({ "resource": resource(change), "action": action });
    let message = format!("{}: Drift detected ({word})", change.address);
    Some(Line::new("resource_drift", message).with("change", what).with("amgctl", amgctl))
}

/// What is to be done with an object; none where nothing is.
fn planned(change: &Change) -> Option<Line> {
    let (action, words) = match &change.action {
        Action::Create { .. } => ("create", "Plan to create"),
        Action::Update { delta, moved: Some(_) } if delta.is_empty() => ("move", "Plan to move"),
        Action::Update { .. } => ("update", "Plan to update"),
        Action::Replace { .. } => ("replace", "Plan to replace"),
        Action::Adopt { .. } => ("import", "Plan to import"),
        Action::Delete { .. } => ("delete", "Plan to delete"),
        Action::Release { .. } | Action::Forget { .. } => ("forget", "Plan to forget"),
        Action::Keep { .. } | Action::LeaveAlone | Action::Renew | Action::Refuse(_) => return None,
    };
    let mut what = json!({ "resource": resource(change), "action": action });
    match &change.action {
        Action::Replace { .. } => what["reason"] = "cannot_update".into(),
        Action::Delete { .. } => what["reason"] = "delete_because_no_resource_config".into(),
        _ => {}
    }
    let amgctl = json!({
        "title": change.title,
        "folder": change.folder.as_ref().map(ToString::to_string),
        "file": change.place.as_ref().map(|place| &*place.file),
        "line": change.place.as_ref().map(|place| place.line),
        "digest": change.intent.as_ref().map(|intent| intent.digest.as_str()),
        "content": change.content,
        "notes": change.notes,
    });
    let message = format!("{}: {words}", change.address);
    Some(Line::new("planned_change", message).with("change", what).with("amgctl", amgctl))
}

fn resource(change: &Change) -> Value {
    resource_of(&change.address, &name(change))
}

fn resource_of(address: &Address, name: &str) -> Value {
    json!({
        "addr": address.to_string(),
        "module": "",
        "resource": address.to_string(),
        "implied_provider": PROVIDER,
        "resource_type": address.kind.as_str(),
        "resource_name": name,
        "resource_key": null,
    })
}

/// What is done to an object, in Terraform's word, and how it is said before, afterwards and where it fails.
fn doing(act: Act) -> (&'static str, [&'static str; 3]) {
    match act {
        Act::Add => ("create", ["Creating", "Creation complete", "Creation errored"]),
        Act::Change => ("update", ["Modifying", "Modifications complete", "Modifications errored"]),
        Act::Replace => ("replace", ["Replacing", "Replacement complete", "Replacement errored"]),
        Act::Adopt => ("import", ["Importing", "Import complete", "Import errored"]),
        Act::Destroy => ("delete", ["Destroying", "Destruction complete", "Destruction errored"]),
        Act::Forget | Act::Keep => ("forget", ["Removing", "Removal complete", "Removal errored"]),
    }
}

/// A change is begun; none for one that nothing is counted of.
#[must_use]
pub fn started(change: &Change) -> Option<Line> {
    let (action, [begins, ..]) = doing(Act::of(&change.action)?);
    let hook = json!({ "resource": resource(change), "action": action });
    Some(Line::new("apply_start", format!("{}: {begins}...", change.address)).with("hook", hook))
}

/// A change has ended: done, or not with what is wrong.
#[must_use]
pub fn finished(finished: &Finished, link: Option<&str>) -> Vec<Line> {
    let address = &finished.address;
    let told = story::run::finished(finished);
    let wrong = || {
        let words = format!("{address}: {}", told.outcome);
        self::diagnostic(&Diagnostic::error(&words, finished.note.as_slice(), None).about(address))
    };
    let Some(act) = finished.act else {
        return if finished.outcome == Outcome::Done { Vec::new() } else { vec![wrong()] };
    };
    let (action, [_, done, failed]) = doing(act);
    let seconds = finished.took.as_secs();
    let hook = json!({
        "resource": resource_of(address, address.id()),
        "action": action,
        "id_key": "uid",
        "id_value": address.id(),
        "elapsed_seconds": seconds,
    });
    let amgctl = json!({
        "title": finished.title,
        "outcome": outcome(&finished.outcome),
        "seconds": seconds_of(finished),
        "url": link,
    });
    match &finished.outcome {
        Outcome::Done => {
            let message = format!("{address}: {done} after {seconds}s [uid={}]", address.id());
            vec![Line::new("apply_complete", message).with("hook", hook).with("amgctl", amgctl)]
        }
        Outcome::Refused { .. } | Outcome::Skipped { .. } | Outcome::NotStarted => vec![wrong()],
        Outcome::Conflict(_) | Outcome::Failed { .. } | Outcome::Unknown { .. } => {
            let message = format!("{address}: {failed} after {seconds}s");
            vec![Line::new("apply_errored", message).with("hook", hook).with("amgctl", amgctl), wrong()]
        }
    }
}

/// How long a change took, in seconds to the millisecond.
#[must_use]
pub fn seconds_of(finished: &Finished) -> f64 {
    // Milliseconds of a run are far below what a float holds exactly.
    f64::from(u32::try_from(finished.took.as_millis()).unwrap_or(u32::MAX)) / 1000.0
}

/// What came of a change, in one stable word.
#[must_use]
pub fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Conflict(_) => "conflict",
        Outcome::Refused { .. } => "refused",
        Outcome::Failed { .. } => "failed",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Unknown { .. } => "unknown",
        Outcome::NotStarted => "not-started",
    }
}

/// How a run ended.
#[must_use]
pub fn summary(report: &Report) -> Line {
    let tally = report.tally();
    let operation = match report.goal {
        Goal::Apply => "apply",
        Goal::Destroy => "destroy",
    };
    let changes = json!({
        "add": tally.added, "change": tally.changed, "import": tally.adopted, "remove": tally.destroyed,
        "operation": operation,
    });
    let amgctl = json!({
        "adopted": tally.adopted, "forgotten": tally.forgotten, "kept": tally.kept, "failed": tally.failed,
        "conflicts": tally.conflicts, "skipped": tally.skipped, "unknown": tally.unknown,
        "not_started": tally.not_started, "complete": report.is_complete(),
    });
    Line::new("change_summary", story::run::ending(report)).with("changes", changes).with("amgctl", amgctl)
}

/// Nothing was to be done, or nobody approved it.
#[must_use]
pub fn nothing_done(goal: Goal) -> Line {
    summary(&Report::new(goal))
}
