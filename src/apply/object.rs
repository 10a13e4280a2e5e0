//! What one change takes: the request, and the questions that its answer raises.
//!
//! A refusal in the middle of a run is a question (`contracts/README.md` 21 to 23): the object is read; done as
//! intended means done, as planned means the request is sent again, anything else is somebody else's change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::pace::Pace;
use crate::grafana::{ApiError, Client, Refused};
use crate::kinds::{self, Kind, Live, Verdict, Wire, Write};
use crate::live;
use crate::model::digest::hex;
use crate::model::{
    Address, Digest, Fingerprint, Found, Identity, KindName, NormalDigest, Response, Secret, Server,
};
use crate::plan::{Action, Change, Intent, Precondition, SecretChange};
use crate::registry::record::FOLDER;
use crate::report::{Conflict, Outcome};

/// How often one request is sent when the server's refusals turn out not to be true.
const TRIES: u32 = 9;

/// Reads the body of a declared object again; errors in words.
pub type Bodies = Arc<dyn Fn(&Address) -> Result<Written, String> + Send + Sync>;

/// What every change of a run uses.
pub struct Tools {
    /// Sends.
    pub client: Client,
    /// The server's rules.
    pub server: Server,
    /// Reads the body of a declared object again.
    pub bodies: Bodies,
    /// The run.
    pub run: String,
    /// The key of the fingerprints; empty when nothing is recorded.
    pub salt: String,
}

/// A body as it is to be sent.
pub struct Written {
    /// The JSON text, without secrets.
    pub text: String,
    /// The secret values, by key.
    pub secrets: Vec<(String, Secret)>,
}

impl Tools {
    /// The moment by the server's clock, as RFC 3339; empty before the first answer.
    #[must_use]
    pub fn now(&self) -> String {
        let seconds = self.client.server_time().and_then(|s| jiff::Timestamp::from_second(s).ok());
        seconds.map(|t| t.to_string()).unwrap_or_default()
    }
}

/// The keyed fingerprint of one secret value of one object.
#[must_use]
pub fn fingerprint(salt: &str, address: &Address, key: &str, value: &Secret) -> Fingerprint {
    // HMAC takes a key of any length, so this never fails; an empty text is no fingerprint of anything.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt.as_bytes()) else { return Fingerprint(String::new()) };
    for part in [address.to_string().as_str(), key, value.expose()] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    Fingerprint(hex(&mac.finalize().into_bytes()))
}

/// What came of a change, with what is to be recorded of it.
#[derive(Debug)]
pub enum Answered {
    /// It was done, and read back as intended.
    Done(Confirmed),
    /// It was done, and the server stored something else.
    Differs(Confirmed, Outcome),
    /// A replacement was deleted and not made again.
    Halfway(Outcome),
    /// It was not done.
    Ended(Outcome),
    /// The token is not accepted any more.
    Unauthorised {
        /// What the server said, and what to do.
        refused: Refused,
        /// Something was written of which nobody knows whether it was done.
        wrote: bool,
    },
}

/// What was read back after a write.
#[derive(Clone, Debug, Default)]
pub struct Confirmed {
    /// The incarnation and version that the server has now.
    pub identity: Option<Identity>,
    /// The digest of what the server stored, where it differs from what was sent.
    pub digest: Option<Digest>,
    /// The fingerprints of the secrets that it holds now.
    pub fingerprints: BTreeMap<String, Fingerprint>,
    /// It was there already and is used as it is: a folder that another run made in the same moment.
    pub borrowed: bool,
    /// What a reader should know.
    pub note: Option<String>,
}

/// Why a change cannot go on: what it ends as.
type Ending = Box<Answered>;

struct One<'a> {
    tools: &'a Tools,
    change: &'a Change,
    kind: &'static dyn Kind,
    pace: &'a Pace,
    /// Whether something of that may have been done, for all that the server said.
    perhaps_done: AtomicBool,
}

/// Carries out one change that takes requests.
pub async fn carry_out(tools: &Tools, change: &Change, pace: &Pace) -> Answered {
    let one = One {
        tools,
        change,
        kind: kinds::by_name(change.address.kind),
        pace,
        perhaps_done: AtomicBool::new(false),
    };
    let ended = match &change.action {
        Action::Create { .. } => one.create().await,
        Action::Update { .. } | Action::Adopt { .. } => one.update().await,
        Action::Replace { .. } => one.replace().await,
        Action::Delete { .. } => one.delete().await,
        Action::Release
        | Action::Forget { .. }
        | Action::Keep { .. }
        | Action::LeaveAlone
        | Action::Renew
        | Action::Refuse(_) => Ok(Confirmed::default()),
    };
    match ended {
        Ok(confirmed) => Answered::Done(confirmed),
        Err(ending) => *ending,
    }
}

impl One<'_> {
    fn uid(&self) -> &str {
        self.change.address.uid.as_str()
    }

    fn intent(&self) -> Result<&Intent, Ending> {
        self.change.intent.as_ref().ok_or_else(|| failed("the plan holds nothing to write for it"))
    }

    /// What is to be sent, and the fingerprints of all its declared secrets.
    fn wire(&self) -> Result<(Wire, BTreeMap<String, Fingerprint>), Ending> {
        let intent = self.intent()?;
        let written = match self.change.address.kind {
            KindName::FOLDER => {
                Written { text: json!({ "title": self.change.title }).to_string(), secrets: Vec::new() }
            }
            _ => (self.tools.bodies)(&self.change.address).map_err(|words| failed(&words))?,
        };
        let prints = written
            .secrets
            .iter()
            .map(|(key, value)| (key.clone(), fingerprint(&self.tools.salt, &self.change.address, key, value)))
            .collect();
        let mut secrets = Vec::new();
        for (key, what) in &intent.secrets {
            match what {
                SecretChange::Set | SecretChange::Change | SecretChange::Renew => {
                    let value = written.secrets.iter().find(|(k, _)| k == key);
                    secrets.extend(value.map(|(k, v)| (k.clone(), v.clone())));
                }
                SecretChange::Remove => secrets.push((key.clone(), Secret::new(String::new()))),
            }
        }
        let wire = Wire {
            uid: self.uid().to_owned(),
            text: written.text,
            parent: intent.parent.clone(),
            secrets,
            message: format!("amgctl run {}", self.tools.run),
        };
        Ok((wire, prints))
    }

    async fn create(&self) -> Result<Confirmed, Ending> {
        let (wire, prints) = self.wire()?;
        let mut words = String::new();
        for attempt in 0..TRIES {
            self.rest(attempt).await;
            let verdict =
                self.send(Write::Create, &self.kind.create(&wire, &self.tools.server), &mut words).await?;
            if let Verdict::Refused(words) = verdict {
                return Err(failed(&words));
            }
            if verdict == Verdict::Busy {
                continue;
            }
            match (self.look().await?, &verdict) {
                (Some(live), _) if self.is_as_intended(&live)? => {
                    self.eased(attempt);
                    return Ok(self.confirmed(&live, prints));
                }
                (Some(live), Verdict::Done) if self.is_overtaken(&live, 0) => {
                    return Err(self.conflict(&live).await);
                }
                (Some(live), Verdict::Done) => return self.make_equal(&wire, live, prints).await,
                (Some(live), Verdict::Unknown) if self.is_first(&live)? => {
                    return self.make_equal(&wire, live, prints).await;
                }
                (Some(live), Verdict::Exists) if self.change.address.kind == KindName::FOLDER => {
                    let note = Some("it was made by somebody else in the same moment; it is used as it is".into());
                    return Ok(Confirmed { borrowed: true, note, ..self.confirmed(&live, prints) });
                }
                (Some(live), _) => return Err(self.conflict(&live).await),
                (None, Verdict::Done) => {
                    return Err(failed("the server says that it is done, but it is not there"));
                }
                // There is nothing of that uid: what exists is its name or title.
                (None, Verdict::Exists | Verdict::Gone) if attempt >= 2 => return Err(failed(&words)),
                (None, Verdict::Forbidden) if attempt >= 2 => return Err(failed(&words)),
                (None, _) => self.pace.strain(),
            }
        }
        Err(failed(&words))
    }

    /// Some servers store a first write otherwise than asked (the first data source becomes the default one since 10.4):
    /// one update is sent, again where it was not done, then what is stored is what counts.
    async fn make_equal(
        &self,
        wire: &Wire,
        mut live: Live,
        prints: BTreeMap<String, Fingerprint>,
    ) -> Result<Confirmed, Ending> {
        let mut words = String::new();
        for attempt in 0..3 {
            self.rest(attempt).await;
            let mut verdict = Verdict::Done;
            for request in self.kind.update(wire, &live.found, &self.tools.server) {
                verdict = self.send(Write::Update, &request, &mut words).await?;
                if verdict != Verdict::Done {
                    break;
                }
            }
            let Some(now) = self.look().await? else {
                return Err(failed("it was written, and then it was not there"));
            };
            if self.is_as_intended(&now)? {
                return Ok(self.confirmed(&now, prints));
            }
            let untouched = same_version(&now.found.identity, &live.found.identity);
            live = now;
            if verdict == Verdict::Done || !untouched {
                break;
            }
        }
        Err(self.differs(&live, prints))
    }

    async fn update(&self) -> Result<Confirmed, Ending> {
        let (wire, prints) = self.wire()?;
        let planned = self.planned()?;
        let mut words = String::new();
        // Data sources and folders are read just before: their version alone does not tell what was planned against.
        let mut seen = match self.change.address.kind {
            KindName::DASHBOARD if self.change.action.writes() => self.seen(&planned),
            _ => match self.look().await? {
                Some(live) if !same_version(&live.found.identity, &planned) => {
                    return self.done_or_conflict(&live, &planned, prints).await;
                }
                Some(live) => live.found,
                None => return Err(gone()),
            },
        };
        if !self.change.action.writes() && wire.secrets.is_empty() {
            return Ok(Confirmed { identity: Some(seen.identity), fingerprints: prints, ..Confirmed::default() });
        }
        let mut wrote = false;
        for attempt in 0..TRIES {
            self.rest(attempt).await;
            let mut verdict = Verdict::Done;
            for request in self.kind.update(&wire, &seen, &self.tools.server) {
                verdict = self.send(Write::Update, &request, &mut words).await?;
                if verdict != Verdict::Done {
                    break;
                }
                wrote = true;
            }
            if let Verdict::Refused(words) = &verdict {
                return Err(failed(words));
            }
            if verdict == Verdict::Busy {
                continue;
            }
            let Some(live) = self.look().await? else { return Err(gone()) };
            if self.is_as_intended(&live)? && self.version_follows(&live, &planned) {
                self.eased(attempt);
                return Ok(self.confirmed(&live, prints));
            }
            if verdict == Verdict::Done {
                if self.is_overtaken(&live, planned.version) {
                    return Err(self.conflict(&live).await);
                }
                return Err(self.differs(&live, prints));
            }
            let untouched = same_version(&live.found.identity, &planned);
            // A folder takes two requests, a title and a move: the first of them done is no change of somebody else's.
            let halfway = wrote && self.change.address.kind == KindName::FOLDER;
            if !(untouched || halfway) {
                return Err(self.conflict(&live).await);
            }
            if verdict == Verdict::Forbidden && attempt >= 2 {
                return Err(failed(&words));
            }
            // What the server said is not true: as planned, and not as intended. Again, with fewer in flight.
            seen = live.found;
            self.pace.strain();
        }
        Err(failed(&words))
    }

    async fn replace(&self) -> Result<Confirmed, Ending> {
        self.delete().await?;
        self.create().await.map_err(|ending| match *ending {
            Answered::Ended(outcome) => Box::new(Answered::Halfway(outcome)),
            other => Box::new(other),
        })
    }

    async fn delete(&self) -> Result<Confirmed, Ending> {
        let planned = self.planned()?;
        let mut words = String::new();
        for attempt in 0..TRIES {
            self.rest(attempt).await;
            let Some(live) = self.look().await? else { return Ok(Confirmed::default()) };
            if !same_version(&live.found.identity, &planned) {
                return Err(self.conflict(&live).await);
            }
            if self.change.address.kind == KindName::FOLDER {
                let inside = live::inside_folder(&self.tools.client, &self.tools.server, self.uid()).await;
                match inside {
                    Ok(None) => {}
                    Ok(Some(what)) => return Err(skipped(&format!("it holds {what}"))),
                    Err(error) => return Err(skipped(&format!("what it holds could not be read: {error}"))),
                }
            }
            let request = self.kind.delete(self.uid(), &live.found.identity, &self.tools.server);
            match self.send(Write::Delete, &request, &mut words).await? {
                Verdict::Refused(words) => return Err(failed(&words)),
                Verdict::Done => {
                    self.eased(attempt);
                    if self.look().await?.is_none() {
                        return Ok(Confirmed::default());
                    }
                }
                Verdict::Forbidden if attempt >= 3 => return Err(failed(&words)),
                _ => self.pace.strain(),
            }
        }
        Err(failed(&words))
    }

    /// Sends a write and says what the answer means; what nobody can mend ends the change.
    async fn send(
        &self,
        write: Write,
        request: &crate::model::Request,
        words: &mut String,
    ) -> Result<Verdict, Ending> {
        let Some(pass) = self.pace.enter().await else {
            return Err(match self.perhaps_done.load(Ordering::Relaxed) {
                true => unknown("the run was stopped before it was settled"),
                false => ended(Outcome::NotStarted),
            });
        };
        let answer = self.tools.client.send(request).await;
        drop(pass);
        match answer {
            Ok(answer) => {
                let verdict = self.kind.judge(write, self.uid(), &answer);
                if matches!(verdict, Verdict::Done | Verdict::Unknown) {
                    self.perhaps_done.store(true, Ordering::Relaxed);
                }
                if verdict != Verdict::Done {
                    *words = in_words(&answer);
                }
                Ok(verdict)
            }
            Err(ApiError::Lost(why)) => {
                self.perhaps_done.store(true, Ordering::Relaxed);
                *words = format!("its answer was lost ({why})");
                Ok(Verdict::Unknown)
            }
            Err(ApiError::Unauthorised(refused)) => Err(self.unauthorised(refused)),
            Err(error @ (ApiError::NotReached(_) | ApiError::NotGrafana(_) | ApiError::TooLarge)) => {
                Err(failed(&error.to_string()))
            }
        }
    }

    /// Reads the object as it is now. What can be asked again was asked again by [`Client::send`]; only a 401 that it
    /// found not to be true is left, and is asked again here.
    async fn look(&self) -> Result<Option<Live>, Ending> {
        let request = self.kind.read(self.uid(), &self.tools.server);
        let mut words = String::new();
        for attempt in 0..4 {
            self.rest(attempt).await;
            match self.tools.client.send(&request).await {
                Ok(answer) if answer.status == 401 => words = in_words(&answer),
                Ok(answer) => match self.kind.found(&answer, &self.tools.server) {
                    Ok(live) => return Ok(live),
                    Err(found) => return Err(unknown(&format!("it could not be read: {found}"))),
                },
                Err(ApiError::Unauthorised(refused)) => return Err(self.unauthorised(refused)),
                Err(error) => return Err(unknown(&format!("it could not be read: {error}"))),
            }
        }
        Err(unknown(&format!("it could not be read: {words}")))
    }

    fn unauthorised(&self, refused: Refused) -> Ending {
        Box::new(Answered::Unauthorised { refused, wrote: self.perhaps_done.load(Ordering::Relaxed) })
    }

    /// Whether it is as intended but for being the default data source, which a 12.x makes of the first one.
    fn is_first(&self, live: &Live) -> Result<bool, Ending> {
        let value = self.kind.normal(live.body.clone()).whole();
        let digest = kinds::datasource::digest_if_not_asked_to_be_default(&value);
        Ok(self.change.address.kind == KindName::DATASOURCE && digest == self.intent()?.digest)
    }

    fn is_as_intended(&self, live: &Live) -> Result<bool, Ending> {
        let intent = self.intent()?;
        let digest = self.kind.normal(live.body.clone()).digest();
        let secrets = intent.secrets.iter().all(|(key, what)| match what {
            SecretChange::Set | SecretChange::Change | SecretChange::Renew => live.found.secure_keys.contains(key),
            SecretChange::Remove => !live.found.secure_keys.contains(key),
        });
        Ok(digest.recorded() == intent.digest && live.found.parent == intent.parent && secrets)
    }

    /// A data source read back at another version than the one after the planned one was written by somebody else
    /// too; for the others the server's own check is enough.
    fn version_follows(&self, live: &Live, planned: &Identity) -> bool {
        self.change.address.kind != KindName::DATASOURCE
            || live.found.identity.version == planned.version + 1
            || live.found.identity.version == planned.version
    }

    /// Whether somebody else saved it between our write and the read after it: it is more than one version on. A
    /// folder's one update may be two.
    fn is_overtaken(&self, live: &Live, planned: i64) -> bool {
        self.change.address.kind != KindName::FOLDER && live.found.identity.version > planned + 1
    }

    async fn done_or_conflict(
        &self,
        live: &Live,
        planned: &Identity,
        prints: BTreeMap<String, Fingerprint>,
    ) -> Result<Confirmed, Ending> {
        let same_one = !planned.another_incarnation(&live.found.identity);
        if same_one && self.intent()?.secrets.is_empty() && self.is_as_intended(live)? {
            return Ok(self.confirmed(live, prints));
        }
        Err(self.conflict(live).await)
    }

    fn planned(&self) -> Result<Identity, Ending> {
        match &self.change.only_if {
            Precondition::Is(identity) => Ok(identity.clone()),
            Precondition::Absent | Precondition::Nothing => Err(failed("the plan holds no version for it")),
        }
    }

    fn seen(&self, planned: &Identity) -> Found {
        Found {
            identity: planned.clone(),
            body: crate::model::LiveBody::Unread,
            parent: None,
            headline: crate::model::Headline::default(),
            saved: crate::model::Saved::default(),
            guard: None,
            secure_keys: std::collections::BTreeSet::new(),
        }
    }

    fn confirmed(&self, live: &Live, fingerprints: BTreeMap<String, Fingerprint>) -> Confirmed {
        Confirmed { identity: Some(live.found.identity.clone()), fingerprints, ..Confirmed::default() }
    }

    fn differs(&self, live: &Live, prints: BTreeMap<String, Fingerprint>) -> Ending {
        let digest = self.kind.normal(live.body.clone()).digest();
        let confirmed = Confirmed { digest: Some(NormalDigest::recorded(&digest)), ..self.confirmed(live, prints) };
        let message = "the server stored something else than was sent; `amgctl plan` shows what".to_owned();
        Box::new(Answered::Differs(confirmed, Outcome::Failed { message }))
    }

    async fn conflict(&self, live: &Live) -> Ending {
        let saver = live::saver(&self.tools.client, &self.tools.server, &self.change.address).await;
        let saved = saver.as_ref().unwrap_or(&live.found.saved);
        let by = saved.by.clone();
        ended(Outcome::Conflict(match &self.change.only_if {
            Precondition::Is(planned) if !planned.another_incarnation(&live.found.identity) => Conflict::Saved {
                by,
                at: saved.at.clone(),
                version: live.found.identity.version,
                planned: planned.version,
            },
            Precondition::Is(_) | Precondition::Absent | Precondition::Nothing => Conflict::Made { by },
        }))
    }

    fn eased(&self, attempt: u32) {
        if attempt == 0 {
            self.pace.ease();
        }
    }

    async fn rest(&self, attempt: u32) {
        if attempt > 0 {
            // Spread by the uid, so that writers that met do not meet again.
            let spread = u64::from(self.uid().bytes().fold(7_u8, |sum, b| sum.wrapping_mul(31).wrapping_add(b)));
            tokio::time::sleep(Duration::from_millis((20 << attempt.min(6)) + spread)).await;
        }
    }
}

/// Whether it is still the version that was planned against. A renewed `updated` alone is no other version.
fn same_version(live: &Identity, planned: &Identity) -> bool {
    live.version == planned.version && !planned.another_incarnation(live)
}

fn in_words(answer: &Response) -> String {
    format!("{} ({})", answer.message(), answer.status)
}

fn ended(outcome: Outcome) -> Ending {
    Box::new(Answered::Ended(outcome))
}

fn gone() -> Ending {
    ended(Outcome::Conflict(Conflict::Deleted))
}

fn failed(words: &str) -> Ending {
    ended(Outcome::Failed { message: words.to_owned() })
}

fn skipped(because: &str) -> Ending {
    ended(Outcome::Skipped { because: because.to_owned() })
}

fn unknown(words: &str) -> Ending {
    ended(Outcome::Unknown { message: words.to_owned() })
}

/// Removes the folder of the registry when nothing is in it any more: it is shared by all stacks, and staying is no
/// failure.
pub async fn remove_registry_folder(tools: &Tools) {
    let kind = kinds::by_name(KindName::FOLDER);
    if let Ok(None) = live::inside_folder(&tools.client, &tools.server, FOLDER).await
        && let Ok(answer) = tools.client.send(&kind.read(FOLDER, &tools.server)).await
        && let Ok(Some(live)) = kind.found(&answer, &tools.server)
    {
        let _ = tools.client.send(&kind.delete(FOLDER, &live.found.identity, &tools.server)).await;
    }
}
