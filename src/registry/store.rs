//! Reads and saves a stack's record: what a save means for the lease is decided in [`super::lease`], done here.
//!
//! From 12.4 on the record is kept through `/apis` at `v0alpha1`, where storage of its own compares and stores in one
//! step; elsewhere by the older API and the dashboard's version. One task owns a [`Store`] and saves it seldom, because
//! the server keeps 20 versions of a dashboard. Where the answer of a save proves nothing, the record is read back: on an
//! upgraded 12.4 the answered version is not the stored one (fact: `version-not-told`). Leases count by the server's
//! clock.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thiserror::Error;

use super::lease::{Attempt, Purpose, Stamp, Step, is_rival};
use super::moment::Moment;
use super::record::{FOLDER, Lease, Record};
use crate::backoff;
use crate::grafana::access::Access;
use crate::grafana::{ApiError, Client};
use crate::kinds::on_unified_storage;
use crate::kinds::resource_identity;
use crate::model::request::encode;
use crate::model::server::Resources;
use crate::model::{Identity, Method, Request, Response, Server, StackName};

/// How long a lease holds after the record's last save.
pub const LEASE: Duration = Duration::from_secs(300);
/// How often a run that writes reads whether the record is still its own.
pub const CHECK: Duration = Duration::from_secs(5);
/// How long after the last such look it may begin to write.
pub const HOLD: Duration = Duration::from_secs(10);
/// How long after its lease was ended by hand a run may not have noticed: nobody else writes before.
pub const GRACE: Duration = Duration::from_secs(15);
/// How often something is tried whose outcome is in doubt.
const TRIES: usize = 5;
/// The shortest and the longest time after which a save is read once more: twice what it took, within these.
const WINDOW: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(5));

/// What reading the record gave.
#[derive(Clone, Debug)]
pub enum Loaded {
    /// It is there.
    There(Box<Record>),
    /// There is provably none.
    Absent,
    /// It is there and cannot be read; why.
    Damaged(String),
}

/// Why it cannot be told whether there is a record.
#[derive(Debug, Error)]
pub enum LoadError {
    /// No usable answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The token may not read it; the server's words.
    #[error("{0}")]
    Forbidden(String),
}

/// Why the record could not be saved.
#[derive(Debug, Error)]
pub enum SaveError {
    /// No usable answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Somebody else saved it since: the lease is lost.
    #[error("another run has taken over the record")]
    Lost,
    /// Somebody made it unreadable since; how.
    #[error("the record is damaged: {0}")]
    Damaged(String),
    /// The token may not do that; the server's words.
    #[error("{0}")]
    Forbidden(String),
    /// The server will not take it; its words.
    #[error("the workspace refused the record: {0}")]
    Refused(String),
}

/// The record of one stack, and where it was when it was read.
pub struct Store {
    client: Client,
    stack: StackName,
    /// How it is reached through `/apis`, where it is.
    resources: Option<Resources>,
    /// What was read last, whosever it is.
    seen: LastRead,
    /// What the next save is made from: what was loaded, or saved by this run since.
    base: LastRead,
    /// When the record was last saved by us.
    saved: Option<Moment>,
    /// When it was last seen to be ours.
    held: Option<Moment>,
    /// When it was last looked at, or saved.
    looked: Option<Moment>,
    /// What met us on the way, for people.
    notes: Vec<String>,
}

/// The record's dashboard as it was read.
#[derive(Clone, Default)]
struct LastRead {
    stamp: Stamp,
    /// Its `resourceVersion`, where it was read through `/apis`.
    resource: String,
    /// When it was saved, by the server's clock.
    updated: String,
}

enum Verification {
    Is,
    Unclear(String),
}

impl Store {
    /// A store that has read nothing yet.
    #[must_use]
    pub fn new(client: Client, server: &Server, stack: StackName) -> Store {
        let resources = server.written_as_resources().cloned();
        let (seen, base) = (LastRead::default(), LastRead::default());
        Store { client, stack, resources, seen, base, saved: None, held: None, looked: None, notes: Vec::new() }
    }

    /// Reads the record. `access` is what the token may do: only when it may read the folder does a 404 prove that
    /// there is no record (some servers answer a weak token so).
    pub async fn load(&mut self, access: &Access) -> Result<Loaded, LoadError> {
        let answer = self.client.send(&self.read()).await?;
        let unreadable = || LoadError::Forbidden("this token may not read the folder `amgctl`".into());
        match answer.status {
            200 => {
                let loaded = self.accept(&answer.json());
                self.base = self.seen.clone();
                Ok(loaded)
            }
            404 if access.in_folder("dashboards:read", FOLDER)
                || (!access.is_known() && self.sees_folder().await?) =>
            {
                (self.seen, self.base) = (LastRead::default(), LastRead::default());
                Ok(Loaded::Absent)
            }
            404 => Err(unreadable()),
            403 if self.resources.is_some() => Err(unreadable()),
            403 => Err(LoadError::Forbidden(answer.message())),
            status => Err(ApiError::Lost(format!("the record answers {status}: {}", answer.message())).into()),
        }
    }

    async fn sees_folder(&self) -> Result<bool, ApiError> {
        Ok(self.client.send(&Request::get(format!("/api/folders/{FOLDER}"))).await?.status == 200)
    }

    fn uid(&self) -> String {
        encode(&Record::uid(&self.stack))
    }

    /// The path of the record's dashboard.
    fn path(&self) -> String {
        match &self.resources {
            Some(resources) => format!("{}/{}", collection(resources), self.uid()),
            None => format!("/api/dashboards/uid/{}", self.uid()),
        }
    }

    fn read(&self) -> Request {
        Request::get(self.path())
    }

    /// Takes what an answer says that is stored.
    fn accept(&mut self, json: &Value) -> Loaded {
        let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (body, identity) = match &self.resources {
            Some(_) => (json.get("spec"), resource_identity(json)),
            None => {
                let version = json.pointer("/dashboard/version").and_then(Value::as_i64).unwrap_or(0);
                let identity = Identity { version, updated: text("/meta/updated"), ..Identity::default() };
                (json.get("dashboard"), identity)
            }
        };
        let version = identity.version;
        let stamp = Stamp { version, ..Stamp::default() };
        self.seen = LastRead { stamp, resource: identity.resource, updated: identity.updated };
        if json.pointer("/meta/isFolder") == Some(&Value::Bool(true)) {
            return Loaded::Damaged("a folder has its uid".into());
        }
        match Record::of_dashboard(body.unwrap_or(&Value::Null)) {
            Ok(record) if record.stack == self.stack => {
                self.seen.stamp = stamp_of(version, &record);
                Loaded::There(Box::new(record))
            }
            Ok(record) => Loaded::Damaged(format!("it is the record of stack `{}`", record.stack)),
            Err(why) => Loaded::Damaged(why),
        }
    }

    /// Whether a lease still holds: the record was saved less than its length ago, by the server's clock alone.
    #[must_use]
    pub fn holds(&self, lease: &Lease) -> bool {
        self.is_younger(Duration::from_secs(u64::try_from(lease.seconds).unwrap_or(0)))
    }

    /// Whether the record was saved less than so long ago, by the server's clock alone; also where that is not known.
    #[must_use]
    pub fn is_younger(&self, length: Duration) -> bool {
        let updated = self.seen.updated.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second);
        match (updated, self.client.server_time()) {
            (Ok(updated), Some(now)) => {
                u64::try_from(now - updated).is_ok_and(|age| age < length.as_secs()) || now < updated
            }
            _ => true,
        }
    }

    /// When we saved it last; none before the first save.
    #[must_use]
    pub fn saved(&self) -> Option<Moment> {
        self.saved
    }

    /// When it was last seen to be ours; none before the first save.
    #[must_use]
    pub fn held(&self) -> Option<Moment> {
        self.held
    }

    /// When it was last looked at or saved, whatever came of it; none before the first save.
    #[must_use]
    pub fn looked(&self) -> Option<Moment> {
        self.looked
    }

    /// What a reader should know of the saves so far.
    pub fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// The record that the one that was loaded overwrote although both were made from the same, if there is one.
    pub async fn rival(&self) -> Option<Record> {
        let stamp = &self.base.stamp;
        let (before, record) = self.stored_as(stamp.version - 1).await?;
        is_rival(stamp, &before).then_some(record)
    }

    /// Saves the record as the next serial of `run`, for a purpose.
    ///
    /// A refusal is a question, and on most servers so is an acceptance: what is stored is read, and
    /// [`Attempt`] says what it means.
    pub async fn save(&mut self, record: &mut Record, run: &str, purpose: Purpose) -> Result<(), SaveError> {
        self.seen = self.base.clone();
        record.serial = self.base.stamp.serial + 1;
        run.clone_into(&mut record.run);
        let mut attempt = Attempt::new(self.base.stamp.clone(), run, purpose);
        let mut history: Vec<(Stamp, Record)> = Vec::new();
        let mut refusal = SaveError::Lost;
        let (mut window, mut sends, mut unclear) = (WINDOW.0, 0_u32, 0);
        let mut sent_at = Moment::now();
        let mut step = attempt.begin();
        loop {
            step = match step {
                Step::Save => {
                    rest(sends).await;
                    sends += 1;
                    sent_at = Moment::now();
                    let begun = Instant::now();
                    let stored = self.send(record, &mut refusal).await?;
                    window = window.max(begun.elapsed() * 2).min(WINDOW.1);
                    if stored { attempt.answered(self.seen.stamp.clone()) } else { Step::Read }
                }
                Step::Read => match self.verify().await? {
                    Verification::Is => attempt.read(self.seen.stamp.clone()),
                    Verification::Unclear(_) if unclear < TRIES => {
                        unclear += 1;
                        rest(1).await;
                        Step::Read
                    }
                    Verification::Unclear(words) => return Err(SaveError::Refused(words)),
                },
                Step::Wait(times) => {
                    tokio::time::sleep(window * times).await;
                    Step::Read
                }
                Step::Ask { from, to } => {
                    // The server keeps 20 versions: what is further back is not to be had.
                    for version in from.max(to - 20)..=to {
                        history.extend(self.stored_as(version).await);
                    }
                    let stamps: Vec<Stamp> = history.iter().map(|(stamp, _)| stamp.clone()).collect();
                    attempt.asked(&stamps)
                }
                Step::PutBack(version) => match history.iter().find(|(stamp, _)| stamp.version == version) {
                    Some((_, theirs)) => {
                        let theirs = theirs.clone();
                        self.send(&theirs, &mut refusal).await?;
                        Step::Read
                    }
                    None => Step::Lost,
                },
                Step::Held => {
                    self.base = self.seen.clone();
                    (self.saved, self.held, self.looked) = (Some(sent_at), Some(sent_at), Some(sent_at));
                    if attempt.was_overwritten() {
                        self.notes.push(
                            "another run saved the record at the same moment; this run came first, and the other \
                             has given way"
                                .into(),
                        );
                    }
                    return Ok(());
                }
                Step::Lost => return Err(SaveError::Lost),
                Step::Refused => return Err(refusal),
            }
        }
    }

    /// Sends a record over what was seen last. Whether the answer proves that it is what is stored now: only where the
    /// server compares and stores in one step.
    async fn send(&mut self, record: &Record, refusal: &mut SaveError) -> Result<bool, SaveError> {
        let answer = match self.client.send(&self.write(record)).await {
            Ok(answer) => answer,
            // An answer that is none of Grafana's says nothing of what was done: it is looked for.
            Err(ApiError::Lost(why) | ApiError::NotReached(why) | ApiError::NotGrafana(why)) => {
                *refusal = SaveError::Refused(why);
                return Ok(false);
            }
            Err(error @ (ApiError::TooLarge | ApiError::Unauthorised(_))) => return Err(error.into()),
        };
        match answer.status {
            400 | 413 | 422 => return Err(SaveError::Refused(answer.message())),
            403 => *refusal = SaveError::Forbidden(answer.message()),
            _ => *refusal = SaveError::Refused(answer.message()),
        }
        let json = if answer.is_success() { answer.json() } else { Value::Null };
        if self.resources.is_none() || !on_unified_storage(&resource_identity(&json)) {
            return Ok(false);
        }
        let before = self.seen.clone();
        let told = matches!(self.accept(&json), Loaded::There(_));
        if !told {
            self.seen = before;
        }
        Ok(told)
    }

    fn write(&self, record: &Record) -> Request {
        let mut dashboard = record.to_dashboard();
        let message = format!("{RUN}{}", record.run);
        let version = self.seen.stamp.version;
        let Some(resources) = &self.resources else {
            if version > 0 {
                dashboard["version"] = json!(version);
            }
            let body =
                json!({ "dashboard": dashboard, "folderUid": FOLDER, "overwrite": false, "message": message });
            return Request::write(Method::Post, "/api/dashboards/db", body.to_string());
        };
        if let Value::Object(members) = &mut dashboard {
            members.remove("uid");
        }
        let mut body = json!({
            "apiVersion": format!("dashboard.grafana.app/{}", resources.dashboards),
            "kind": "Dashboard",
            "metadata": {
                "name": Record::uid(&self.stack),
                "annotations": { "grafana.app/folder": FOLDER, "grafana.app/message": message },
            },
            "spec": dashboard,
        });
        if version == 0 {
            return Request::write(Method::Post, collection(resources), body.to_string());
        }
        body["metadata"]["resourceVersion"] = json!(self.seen.resource);
        Request::write(Method::Put, self.path(), body.to_string())
    }

    /// Reads what is stored now.
    async fn verify(&mut self) -> Result<Verification, SaveError> {
        let answer = self.client.send(&self.read()).await?;
        Ok(match answer.status {
            200 => match self.accept(&answer.json()) {
                Loaded::There(_) => Verification::Is,
                Loaded::Absent => Verification::Unclear("it is there and is not".into()),
                Loaded::Damaged(why) => return Err(SaveError::Damaged(why)),
            },
            404 => {
                self.seen = LastRead::default();
                Verification::Is
            }
            _ => Verification::Unclear(answer.message()),
        })
    }

    /// What the dashboard's history has as a version; none where it has nothing that can be read.
    async fn stored_as(&self, version: i64) -> Option<(Stamp, Record)> {
        if version < 1 {
            return None;
        }
        let path = format!("/api/dashboards/uid/{}/versions/{version}", self.uid());
        let answer = self.client.send(&Request::get(path)).await.ok().filter(|a| a.status == 200)?;
        let record = Record::of_dashboard(answer.json().get("data")?).ok()?;
        (record.stack == self.stack).then(|| (stamp_of(version, &record), record))
    }

    /// Looks whether the record is still this run's: an error when another one has taken it, or ended the lease.
    pub async fn check(&mut self) -> Result<(), SaveError> {
        let looked_at = Moment::now();
        self.looked = Some(looked_at);
        let Verification::Is = self.verify().await? else { return Ok(()) };
        let (ours, now) = (&self.base.stamp, &self.seen.stamp);
        if now.serial == ours.serial && now.run == ours.run {
            self.held = Some(looked_at);
        } else if now.serial > ours.serial {
            return Err(SaveError::Lost);
        }
        // Anything else came too late and is being put right; meanwhile no write begins for long.
        Ok(())
    }

    /// Makes sure that the folder `amgctl` is there and grants nobody anything; makes or repairs it.
    pub async fn secure_folder(&self) -> Result<(), SaveError> {
        let path = format!("/api/folders/{FOLDER}");
        let mut made = Ok(());
        for attempt in 0..3 {
            let answer = self.client.send(&Request::get(path.as_str())).await?;
            match answer.status {
                200 => {
                    made = Ok(());
                    break;
                }
                404 => {}
                _ => return Err(refused(&answer)),
            }
            rest(attempt).await;
            let body = json!({ "uid": FOLDER, "title": FOLDER }).to_string();
            // Another run may make it in the same moment; what is there then is what counts.
            made = match self.client.send(&Request::write(Method::Post, "/api/folders", body)).await {
                Ok(answer) if answer.is_success() => Ok(()),
                Ok(answer) => Err(refused(&answer)),
                Err(error) => Err(error.into()),
            };
            if made.is_ok() {
                break;
            }
        }
        made?;
        let permissions = format!("{path}/permissions");
        for _ in 0..3 {
            let answer = self.client.send(&Request::get(permissions.as_str())).await?;
            if answer.status != 200 {
                return Err(refused(&answer));
            }
            if answer.json().as_array().is_some_and(Vec::is_empty) {
                return Ok(());
            }
            let _ = self.client.send(&Request::write(Method::Post, permissions.as_str(), r#"{"items":[]}"#)).await;
        }
        Err(SaveError::Refused("the folder `amgctl` grants permissions that cannot be taken away".into()))
    }

    /// Removes the record as it was loaded or saved last: the last step of a destroy.
    pub async fn remove(&mut self) -> Result<(), SaveError> {
        let mut last = String::new();
        for attempt in 0..=TRIES {
            rest(u32::try_from(attempt.saturating_sub(1)).unwrap_or(0)).await;
            match self.verify().await? {
                Verification::Is if self.seen.stamp == Stamp::default() => return Ok(()),
                Verification::Is => {
                    let (ours, now) = (&self.base.stamp, &self.seen.stamp);
                    if (now.serial, &now.run) != (ours.serial, &ours.run) {
                        return Err(SaveError::Lost);
                    }
                }
                Verification::Unclear(why) => {
                    last = why;
                    continue;
                }
            }
            if attempt < TRIES {
                let answer = self.client.send(&self.removal()).await;
                last = answer.map_or_else(|e| e.to_string(), |a| a.message());
            }
        }
        Err(SaveError::Refused(last))
    }

    fn removal(&self) -> Request {
        if self.resources.is_none() {
            return Request::delete(self.path());
        }
        let body = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": { "resourceVersion": self.seen.resource },
        });
        Request::write(Method::Delete, self.path(), body.to_string())
    }
}

/// How the message of a save begins in the workspace's history: the run's id follows.
pub const RUN: &str = "amgctl run ";

fn collection(resources: &Resources) -> String {
    let Resources { namespace, dashboards, folders: _ } = resources;
    format!("/apis/dashboard.grafana.app/{dashboards}/namespaces/{namespace}/dashboards")
}

fn stamp_of(version: i64, record: &Record) -> Stamp {
    Stamp { version, serial: record.serial, run: record.run.clone() }
}

/// Waits before something is tried again: not before the first time, and longer each time.
async fn rest(times: u32) {
    const FIRST: Duration = Duration::from_millis(75);
    const LONGEST: Duration = Duration::from_millis(1600);
    backoff::rest(times, FIRST, LONGEST).await;
}

fn refused(answer: &Response) -> SaveError {
    match answer.status {
        403 => SaveError::Forbidden(answer.message()),
        _ => SaveError::Refused(answer.message()),
    }
}
