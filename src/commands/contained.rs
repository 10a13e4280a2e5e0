//! Plans that hold the bodies themselves (`plan --self-contained`): applied without their directory.
//!
//! Nothing is planned anew, because there is nothing to plan from: what the workspace and the record have by now is put in
//! the places where the plan says what it was made against, and [`crate::saved::review`] compares. Such a file is trusted
//! for what it writes, so its digest must be given; it still touches only what is the stack's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::connect::{self, connect};
use super::gather::{Gathered, Held, Task, hold};
use super::{Exit, Failure, Session, kept};
use crate::apply::{Bodies, Written};
use crate::kinds;
use crate::live::{self, Questions};
use crate::model::{Address, Fingerprint, Kept, NormalDigest, Observed, RecordState, Secret, Stamp};
use crate::plan::guards::MOVED;
use crate::plan::veil::Veil;
use crate::plan::{Action, Change, Plan, Precondition, Refusal, Workspace};
use crate::saved::review::{OTHER_SECRET, Seen};
use crate::saved::{SavedBody, SavedPlan, SavedSpelling};
use crate::source::Bound;
use crate::source::contained::{Contained, Opened, Spelling};

/// The bodies of what a plan writes, as a plan may hold them; errors name the first that it may not.
pub fn bodies(plan: &Plan, bound: &Bound) -> Result<BTreeMap<Address, SavedBody>, Failure> {
    let mut bodies = BTreeMap::new();
    for change in plan.changes().filter(|change| change.action.writes()) {
        let Some(declared) = change.intent.as_ref().and_then(|_| bound.object(&change.address)) else { continue };
        let held = bound.contained(declared).map_err(|why| {
            Failure::new(Exit::Error, format!("`{}` cannot be in a self-contained plan: {why}", change.address))
                .hint("keep its values in the environment, in Secrets Manager or in parameters, or save the plan without \
                       --self-contained")
        })?;
        let spelling = held.spelling.map(|spelling| match spelling {
            Spelling::Plain => SavedSpelling::Plain,
            Spelling::Provisioning => SavedSpelling::Provisioning,
        });
        bodies.insert(change.address.clone(), SavedBody { text: held.text, spelling });
    }
    Ok(bodies)
}

fn contained(body: &SavedBody) -> Contained {
    let spelling = body.spelling.map(|spelling| match spelling {
        SavedSpelling::Plain => Spelling::Plain,
        SavedSpelling::Provisioning => Spelling::Provisioning,
    });
    Contained { text: body.text.clone(), spelling }
}

/// Reads the workspace beside a plan that holds its bodies.
pub async fn gather(
    saved: &SavedPlan,
    bodies: &BTreeMap<Address, SavedBody>,
    task: Task,
    session: &Session<'_>,
) -> Result<Gathered, Failure> {
    let Task { settings, patience, connection, .. } = task;
    let bodies: BTreeMap<Address, Contained> =
        bodies.iter().map(|(address, body)| (address.clone(), contained(body))).collect();
    let wanted: BTreeSet<Kept> = bodies.values().flat_map(Contained::kept).collect();
    let waiting = session.terminal.waiting("reading the workspace");
    let connection = match connection {
        Some(connection) => connection,
        None => connect(&settings, !wanted.is_empty(), session).await?,
    };
    let (mut held, mut custody) = hold(&settings, &connection, patience, &waiting, session).await?;
    let declared: BTreeMap<Address, NormalDigest> = saved
        .plan
        .changes()
        .filter_map(|change| {
            let digest = change.intent.as_ref()?.digest.clone();
            Some((change.address.clone(), NormalDigest { float: digest, exact: None, soft: Vec::new() }))
        })
        .collect();
    let folders = saved.plan.bindings.iter().map(|binding| (binding.uid.clone(), binding.title.clone())).collect();
    let nobody = BTreeMap::new();
    let record = held.record.there();
    let questions = Questions {
        stack: &settings.stack,
        taken_over: settings.take_over_stack.as_ref(),
        declared: &declared,
        folders: &folders,
        recorded: held.objects(),
        made: record.map_or(&nobody, |record| &record.made),
        runs: &record.map(|record| record.known_runs()).unwrap_or_default(),
        access: &connection.access,
    };
    let live = live::read(&connection.client, &connection.server, &questions).await.map_err(connect::live)?;
    held.let_go(&live, &mut custody);
    drop(waiting);
    let fetched = kept::fetch_all(&wanted, &settings, session).await?;
    let opened = open(&bodies, &fetched, session);
    let mut plan = by_now(saved, &live, &held);
    plan.workspace.clone_from(&connection.name);
    plan.version.clone_from(&connection.server.version);
    plan.custody = custody;
    let server = connection.server.clone();
    let mut ready = BTreeMap::new();
    let mut veils = BTreeMap::new();
    for change in plan.stages.iter_mut().flatten().filter(|change| change.action.writes()) {
        let Some(intent) = &change.intent else { continue };
        let kind = kinds::by_name(change.address.kind);
        if kind.titled(&change.title).is_some() {
            continue;
        }
        match opened.get(&change.address) {
            None => refuse(change, "the plan holds no body of it"),
            Some(Err(why)) => refuse(change, why),
            Some(Ok((body, secrets))) => {
                let digest = kinds::stored(kind, &kind.normal(body.value.clone()).digest(), &server).recorded();
                let print = |(key, value): &(String, Secret)| {
                    (key.clone(), Fingerprint::of(&held.salt, &change.address, key, value))
                };
                let prints: BTreeMap<String, Fingerprint> = secrets.iter().map(print).collect();
                let (salt, of) = (held.salt.clone(), change.address.clone());
                let veil = Veil::new(
                    held.objects().get(&change.address),
                    Box::new(move |text| Fingerprint::of(&salt, &of, "$__", &Secret::new(text.to_owned()))),
                );
                veils.insert(change.address.clone(), veil.over(&body.value, &body.shown, body.pieces.clone()));
                if digest != intent.digest {
                    refuse(change, "its body is not the one that was planned");
                } else if !intent.fingerprints.is_empty() && intent.fingerprints != prints {
                    refuse(change, OTHER_SECRET);
                } else {
                    ready.insert(change.address.clone(), (body.text.clone(), digest, secrets.clone()));
                }
            }
        }
    }
    let seen = live.found.iter().map(|(address, found)| (address.clone(), Seen::of(found))).collect();
    let bodies: Bodies = Arc::new(move |address| {
        let (text, digest, secrets) = ready.get(address).ok_or("the plan holds no body of it")?;
        Ok(Written { text: text.clone(), digest: digest.clone(), secrets: secrets.clone() })
    });
    let (objects, digest, asked) =
        (saved.directory.objects, saved.directory.digest.clone(), saved.asked.rules.clone());
    let outside = None;
    Ok(Gathered {
        settings,
        bound: None,
        bodies,
        connection,
        held,
        plan,
        objects,
        digest,
        asked,
        seen,
        veils,
        outside,
    })
}

fn open(
    bodies: &BTreeMap<Address, Contained>,
    fetched: &BTreeMap<Kept, Secret>,
    session: &Session<'_>,
) -> BTreeMap<Address, Result<Opened, String>> {
    let open = |(address, body): (&Address, &Contained)| {
        let opened = body.open(address, &session.machine.variable, fetched).map_err(|problem| problem.message);
        (address.clone(), opened)
    };
    bodies.iter().map(open).collect()
}

/// A saved plan as it would be made now: against what is there now. What is not the stack's is refused.
fn by_now(saved: &SavedPlan, live: &Workspace, held: &Held) -> Plan {
    let mut plan = saved.plan.clone();
    plan.record = held.record.map(|record| Stamp { serial: record.serial, run: record.run.clone() });
    let is_off = matches!(held.record, RecordState::Off);
    for change in plan.stages.iter_mut().flatten() {
        let (address, recorded) = (&change.address, held.objects().get(&change.address));
        if change.only_if != Precondition::Nothing {
            change.only_if = match live.found.get(address) {
                Some(found) => Precondition::Is(Observed::of(found, recorded.and_then(|r| r.digest.as_ref()))),
                None => Precondition::Absent,
            };
        }
        let takes = matches!(change.action, Action::Adopt { .. } | Action::Delete { .. });
        let must_be_ours = !is_off
            && matches!(change.action, Action::Update { .. } | Action::Replace { .. } | Action::Delete { .. });
        if address.key.is_reserved() {
            refuse(change, "it is amgctl's own");
        } else if let Some(stack) = live.others.get(address) {
            let words = format!("stack `{stack}` has recorded it as its own");
            refuse(change, &words);
        } else if let Some(why) = live.unreadable.get(address) {
            let words = format!("it could not be read: {why}");
            refuse(change, &words);
        } else if must_be_ours && recorded.is_none() {
            refuse(change, "the record of the stack does not have it");
        } else if takes && !live.damaged_others.is_empty() {
            refuse(change, "the record of another stack cannot be read: nothing is adopted or deleted meanwhile");
        }
    }
    plan
}

fn refuse(change: &mut Change, reason: &str) {
    if matches!(change.action, Action::Refuse(_) | Action::Keep { .. } | Action::LeaveAlone) {
        return;
    }
    change.intent = None;
    let hint = "plan again, and have that reviewed".to_owned();
    change.action = Action::Refuse(Refusal { code: MOVED.into(), reason: reason.to_owned(), hint });
}
