//! The lines of `--log`, one object of JSON each: who wrote what, when, and from where. Pure: the moment is given.

use serde::Serialize;

use super::stream::{outcome, seconds_of};
use super::{json, story, terraform};
use crate::model::Digest;
use crate::plan::{Change, Goal, Precondition};
use crate::report::{Act, Finished, Report};

/// Who writes.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Who {
    /// Somebody with credentials of AWS.
    Aws {
        /// The AWS account.
        account: String,
        /// The ARN.
        arn: String,
    },
    /// Whoever has a token of Grafana's.
    Grafana {
        /// The login of the token's account; empty where the server does not say.
        login: String,
    },
    /// Whoever runs the embedded workspace.
    Embedded,
}

/// A run that is about to write.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub struct Begun {
    /// What it is for.
    pub goal: Goal,
    /// The workspace as people know it.
    pub workspace: String,
    /// Its URL; none for the embedded one.
    pub url: Option<String>,
    /// The stack.
    pub stack: String,
    /// Who writes.
    pub who: Who,
    /// Who holds the lease, in words: the job of a CI, a user and a machine.
    pub holder: String,
    /// Where the directory is kept; empty where nobody knows.
    pub origin: String,
    /// The commit that it is at; empty where nobody knows.
    pub commit: String,
    /// The digest of the saved plan; empty where there is none.
    pub plan: String,
    /// The version of amgctl.
    pub tool: String,
}

#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    time: &'a str,
    event: &'static str,
    run: &'a str,
    #[serde(flatten)]
    about: T,
}

#[derive(Serialize)]
struct Written<'a> {
    address: String,
    title: &'a str,
    action: &'static str,
    outcome: &'static str,
    words: String,
    note: Option<&'a str>,
    before: Option<&'a str>,
    after: Option<&'a str>,
    version: Option<i64>,
    seconds: f64,
}

#[derive(Serialize)]
struct Ended {
    complete: bool,
    words: String,
}

fn line(moment: &str, event: &'static str, run: &str, about: impl Serialize) -> String {
    json::line(&Line { time: moment, event, run, about })
}

/// A run begins to write.
#[must_use]
pub fn begun(begun: &Begun, run: &str, moment: &str) -> String {
    line(moment, "start", run, begun)
}

/// A change has ended. Digests are those of the content: what it was planned against, and what was to be written.
#[must_use]
pub fn finished(change: Option<&Change>, finished: &Finished, run: &str, moment: &str) -> String {
    let planned = change.and_then(|change| match &change.only_if {
        Precondition::Is(observed) => Some(observed),
        Precondition::Absent | Precondition::Nothing => None,
    });
    let is_gone = matches!(finished.act, Some(Act::Destroy));
    let after = change.and_then(|change| change.intent.as_ref()).filter(|_| !is_gone);
    let about = Written {
        address: finished.address.to_string(),
        title: &finished.title,
        action: change.and_then(|change| terraform::actions(&change.action).last().copied()).unwrap_or("no-op"),
        outcome: outcome(&finished.outcome),
        words: story::run::finished(finished).outcome,
        note: finished.note.as_deref(),
        before: planned.and_then(|planned| planned.digest.as_ref()).map(Digest::as_str),
        after: after.map(|intent| intent.digest.as_str()),
        version: planned.map(|planned| planned.identity.version),
        seconds: seconds_of(finished),
    };
    line(moment, "change", run, about)
}

/// A run has ended.
#[must_use]
pub fn ended(report: &Report, run: &str, moment: &str) -> String {
    line(moment, "end", run, Ended { complete: report.is_complete(), words: story::run::ending(report) })
}
