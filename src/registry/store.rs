//! Reads and saves a stack's record: compare-and-swap by the dashboard's version, the lease by the server's clock.
//!
//! One task owns a [`Store`] and saves it seldom, because the server keeps 20 versions of a dashboard. After each save
//! the record is read back: on an upgraded 12.4 the answered version is not the stored one (`contracts/README.md` 3).

use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;

use super::moment::Moment;
use super::record::{FOLDER, Lease, Record};
use crate::grafana::access::Access;
use crate::grafana::{ApiError, Client};
use crate::model::request::encode;
use crate::model::{Method, Request, Response, StackName};

/// How long a lease holds after the record's last save.
pub const LEASE: Duration = Duration::from_secs(300);
/// How often a save whose outcome is in doubt is tried.
const TRIES: usize = 5;

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
    /// The token may not do that; the server's words.
    #[error("{0}")]
    Forbidden(String),
    /// The server will not take it; its words.
    #[error("the workspace does not take the record: {0}")]
    Refused(String),
}

/// The record of one stack, and the version it was read at.
pub struct Store {
    client: Client,
    stack: StackName,
    version: Option<i64>,
    updated: String,
    /// When the record was last saved by us.
    saved: Option<Moment>,
}

impl Store {
    /// A store that has read nothing yet.
    #[must_use]
    pub fn new(client: Client, stack: StackName) -> Store {
        Store { client, stack, version: None, updated: String::new(), saved: None }
    }

    /// Reads the record. `access` is what the token may do: only when it may read the folder does a 404 prove that
    /// there is no record (some servers answer a weak token so).
    pub async fn load(&mut self, access: &Access) -> Result<Loaded, LoadError> {
        let answer = self.client.send(&self.read()).await?;
        match answer.status {
            200 => Ok(self.take(&answer)),
            404 if access.in_folder("dashboards:read", FOLDER)
                || (!access.is_known() && self.sees_folder().await?) =>
            {
                self.version = None;
                Ok(Loaded::Absent)
            }
            404 => Err(LoadError::Forbidden("this token may not read the folder `amgctl`".into())),
            403 => Err(LoadError::Forbidden(answer.message())),
            status => Err(ApiError::Lost(format!("the record answers {status}: {}", answer.message())).into()),
        }
    }

    async fn sees_folder(&self) -> Result<bool, ApiError> {
        Ok(self.client.send(&Request::get(format!("/api/folders/{FOLDER}"))).await?.status == 200)
    }

    fn read(&self) -> Request {
        Request::get(format!("/api/dashboards/uid/{}", encode(&Record::uid(&self.stack))))
    }

    fn take(&mut self, answer: &Response) -> Loaded {
        let json = answer.json();
        self.version = json.pointer("/dashboard/version").and_then(Value::as_i64);
        self.updated = json.pointer("/meta/updated").and_then(Value::as_str).unwrap_or_default().to_owned();
        if json.pointer("/meta/isFolder") == Some(&Value::Bool(true)) {
            return Loaded::Damaged("a folder has its uid".into());
        }
        match Record::of_dashboard(json.get("dashboard").unwrap_or(&Value::Null)) {
            Ok(record) if record.stack == self.stack => Loaded::There(Box::new(record)),
            Ok(record) => Loaded::Damaged(format!("it is the record of stack `{}`", record.stack)),
            Err(why) => Loaded::Damaged(why),
        }
    }

    /// Whether a lease still holds: the record was saved less than its length ago, by the server's clock alone.
    #[must_use]
    pub fn holds(&self, lease: &Lease) -> bool {
        let updated = self.updated.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second);
        match (updated, self.client.server_time()) {
            (Ok(updated), Some(now)) => now - updated < lease.seconds,
            _ => true,
        }
    }

    /// When we saved it last; none before the first save.
    #[must_use]
    pub fn saved(&self) -> Option<Moment> {
        self.saved
    }

    /// Saves the record as the next serial of `run`, and reads it back.
    ///
    /// A refusal is a question: the record is read; our last save still there means it is sent again, this save there
    /// means it was done, anything else that somebody took over.
    pub async fn save(&mut self, record: &mut Record, run: &str) -> Result<(), SaveError> {
        let before = (record.serial, record.run.clone());
        record.serial += 1;
        record.run = run.to_owned();
        let mut last = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
            }
            let answer = self.client.send(&self.write(record)).await;
            match &answer {
                Ok(answer) if (answer.status == 400 || answer.status == 413) => {
                    return Err(SaveError::Refused(answer.message()));
                }
                Ok(answer) => last = answer.message(),
                Err(ApiError::Lost(why) | ApiError::NotReached(why)) => last.clone_from(why),
                Err(error) => return Err(error.clone().into()),
            }
            match self.stored().await? {
                Stored::Is(serial, by) if serial == record.serial && by == record.run => {
                    self.saved = Some(Moment::now());
                    return Ok(());
                }
                Stored::Is(serial, by) if (serial, by.as_str()) == (before.0, before.1.as_str()) => {}
                Stored::Absent if before.0 == 0 => {}
                Stored::Is(..) | Stored::Absent => return Err(SaveError::Lost),
                Stored::Unclear(why) => last = why,
            }
        }
        Err(SaveError::Refused(last))
    }

    fn write(&self, record: &Record) -> Request {
        let mut dashboard = record.to_dashboard();
        if let Some(version) = self.version {
            dashboard["version"] = json!(version);
        }
        let body = json!({
            "dashboard": dashboard,
            "folderUid": FOLDER,
            "overwrite": false,
            "message": format!("amgctl run {}", record.run),
        });
        Request::write(Method::Post, "/api/dashboards/db", body.to_string())
    }

    async fn stored(&mut self) -> Result<Stored, SaveError> {
        let answer = self.client.send(&self.read()).await?;
        Ok(match answer.status {
            200 => match self.take(&answer) {
                Loaded::There(record) => Stored::Is(record.serial, record.run),
                Loaded::Absent => Stored::Absent,
                Loaded::Damaged(why) => return Err(SaveError::Refused(why)),
            },
            404 => Stored::Absent,
            _ => Stored::Unclear(answer.message()),
        })
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
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
            }
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

    /// Removes the record: the last step of a destroy.
    pub async fn remove(&mut self, record: &Record) -> Result<(), SaveError> {
        let path = format!("/api/dashboards/uid/{}", encode(&Record::uid(&self.stack)));
        let mut last = String::new();
        for attempt in 0..=TRIES {
            if attempt > 1 {
                tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
            }
            match self.stored().await? {
                Stored::Absent => return Ok(()),
                Stored::Is(serial, run) if serial == record.serial && run == record.run => {}
                Stored::Is(..) => return Err(SaveError::Lost),
                Stored::Unclear(why) => {
                    last = why;
                    continue;
                }
            }
            if attempt < TRIES {
                let answer = self.client.send(&Request::delete(path.as_str())).await;
                last = answer.map_or_else(|e| e.to_string(), |a| a.message());
            }
        }
        Err(SaveError::Refused(last))
    }
}

fn refused(answer: &Response) -> SaveError {
    match answer.status {
        403 => SaveError::Forbidden(answer.message()),
        _ => SaveError::Refused(answer.message()),
    }
}

enum Stored {
    Is(u64, String),
    Absent,
    Unclear(String),
}
