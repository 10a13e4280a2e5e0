//! What one change takes: the request, and the questions that its answer raises.
//!
//! A refusal in the middle of a run is a question (facts: `untrue-412`, `untrue-500`, `untrue-401-403`): the object is
//! read. What it then amounts to is decided by [`super::seen`]; here are the requests around that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::pace::Pace;
use super::seen::{self, After, Answer, Before};
use crate::grafana::{Client, Refused};
use crate::kinds::{self, Hold, Kind, Live, Said, Verdict, Wire, Write};
use crate::live;
use crate::model::{Address, Digest, Fingerprint, Identity, Key, Observed, Response, Secret, Server};
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
    /// The digest of its normal form, as the server is to store it.
    pub digest: Digest,
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

/// What came of a change, with what is to be recorded of it.
#[derive(Debug)]
pub enum Answered {
    /// It was done, and read back as intended.
    Done(Confirmed),
    /// It was done, and what stands is not simply that: the server stored something else, or somebody else wrote too.
    /// What is to be recorded is what we wrote, so that all else is drift.
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

impl Answered {
    /// What came of it, where that is not simply that it was done.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            Answered::Done(_) | Answered::Unauthorised { .. } => None,
            Answered::Differs(_, outcome) | Answered::Halfway(outcome) | Answered::Ended(outcome) => Some(outcome),
        }
    }
}

/// What is known of an object after a write.
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
    /// What the write's own answer said, where that was enough: a list after the stage confirms it.
    pub said: Option<Said>,
}

/// Why a change cannot go on: what it ends as.
pub(super) type Ending = Box<Answered>;

/// One change on its way.
pub(super) struct One<'a> {
    pub(super) tools: &'a Tools,
    pub(super) change: &'a Change,
    pub(super) kind: &'static dyn Kind,
    pub(super) pace: &'a Pace,
    /// What the list before the stage says of the object, where one was read.
    pub(super) listed: Option<Live>,
    /// Whether something of that may have been done, for all that the server said.
    pub(super) perhaps_done: AtomicBool,
}

/// Who removed an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Removed {
    ByUs,
    /// It was not there any more when its turn came.
    BySomebody,
}

/// A write that was sent, and what came back.
pub(super) struct Attempt {
    pub(super) verdict: Verdict,
    pub(super) said: Option<Said>,
    pub(super) raises: Option<i64>,
    /// Whether the same write had been sent before, and may have been done then.
    pub(super) perhaps: bool,
}

impl Attempt {
    pub(super) fn answer(&self) -> Answer {
        match self.verdict {
            Verdict::Done => Answer::Done,
            Verdict::Exists => Answer::Exists,
            Verdict::Unknown => Answer::Unknown,
            Verdict::ChangedByOther
            | Verdict::Gone
            | Verdict::Forbidden
            | Verdict::Unauthorised
            | Verdict::Busy
            | Verdict::Refused(_) => Answer::Denied,
        }
    }
}

/// Carries out one change that takes requests. `listed` is what the list before the stage says of its object.
pub async fn carry_out(tools: &Tools, change: &Change, pace: &Pace, listed: Option<Live>) -> Answered {
    let one = One::new(tools, change, pace, listed);
    let ended = match &change.action {
        Action::Create { .. } => one.create().await,
        Action::Update { .. } | Action::Adopt { .. } => one.update().await,
        Action::Replace { .. } => one.replace().await,
        Action::Delete { .. } => one.delete().await,
        Action::Release { .. }
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

/// Reads an object whose write was settled by its answer, because the list after the stage shows something else.
pub async fn read_again(tools: &Tools, change: &Change, pace: &Pace, confirmed: &Confirmed) -> Answered {
    let one = One::new(tools, change, pace, None);
    one.perhaps_done.store(true, Ordering::Relaxed);
    let sent = Attempt { verdict: Verdict::Done, said: confirmed.said.clone(), raises: Some(1), perhaps: true };
    // What stood before our write needs no more comparing: what the answer said is what this begins at.
    let mut planned = Observed::default();
    if let Some(said) = &confirmed.said {
        planned.identity = Identity { version: said.identity.version - 1, ..said.identity.clone() };
    }
    let came = match one.after(Some(&planned), &sent).await {
        Ok((After::Vanished, _)) => Err(Box::new(Answered::Differs(
            Confirmed { said: None, ..confirmed.clone() },
            Outcome::Conflict(Conflict::Deleted),
        ))),
        Ok((after, live)) => one.conclude(after, live, &sent, confirmed.fingerprints.clone()).await,
        Err(ending) => Err(ending),
    };
    match came {
        Ok(confirmed) => Answered::Done(confirmed),
        Err(ending) => *ending,
    }
}

/// Whether a body that was read again is the one that was planned. Its file was compared by its digest; values that come
/// from other files are only in the body. The values of secrets are compared where the record tells them apart.
fn is_planned(intent: &Intent, digest: &Digest, prints: &BTreeMap<String, Fingerprint>) -> bool {
    intent.digest == *digest && (intent.fingerprints.is_empty() || intent.fingerprints == *prints)
}

impl<'a> One<'a> {
    fn new(tools: &'a Tools, change: &'a Change, pace: &'a Pace, listed: Option<Live>) -> One<'a> {
        let kind = kinds::by_name(change.address.kind);
        One { tools, change, kind, pace, listed, perhaps_done: AtomicBool::new(false) }
    }
}

impl One<'_> {
    pub(super) fn key(&self) -> &Key {
        &self.change.address.key
    }

    pub(super) fn server(&self) -> &Server {
        &self.tools.server
    }

    pub(super) fn intent(&self) -> Result<&Intent, Ending> {
        self.change.intent.as_ref().ok_or_else(|| failed("the plan holds nothing to write for it"))
    }

    /// What is to be sent, and the fingerprints of all its declared secrets.
    fn wire(&self) -> Result<(Wire, BTreeMap<String, Fingerprint>), Ending> {
        let intent = self.intent()?;
        let written = match self.kind.titled(&self.change.title) {
            Some(body) => Written {
                text: body.to_string(),
                digest: self.kind.normal(body).digest().recorded(),
                secrets: Vec::new(),
            },
            None => (self.tools.bodies)(&self.change.address).map_err(|words| failed(&words))?,
        };
        let prints = written
            .secrets
            .iter()
            .map(|(key, value)| (key.clone(), Fingerprint::of(&self.tools.salt, &self.change.address, key, value)))
            .collect();
        if !is_planned(intent, &written.digest, &prints) {
            return Err(failed("what the directory says of it changed while amgctl was running"));
        }
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
            key: self.key().clone(),
            text: written.text,
            parent: intent.parent.clone(),
            secrets,
            message: self.message(),
        };
        Ok((wire, prints))
    }

    /// What the workspace's history says of our saves.
    pub(super) fn message(&self) -> String {
        format!("amgctl run {}", self.tools.run)
    }

    async fn create(&self) -> Result<Confirmed, Ending> {
        let (wire, prints) = self.wire()?;
        let mut words = String::new();
        for attempt in 0..TRIES {
            self.rest(attempt).await;
            let sent = self.send_create(&wire, &mut words).await?;
            if sent.verdict == Verdict::Busy {
                continue;
            }
            if let Some(confirmed) = self.settled_by_answer(Write::Create, &sent, &prints)? {
                self.eased(attempt);
                return Ok(confirmed);
            }
            let (after, live) = self.after(None, &sent).await?;
            match (after, live) {
                (After::NotDone, _) => match &sent.verdict {
                    Verdict::Refused(words) => return Err(self.not_done(words)),
                    // There is nothing of that uid: what exists is its name or title.
                    Verdict::Exists | Verdict::Gone | Verdict::Forbidden if attempt >= 2 => {
                        return Err(self.not_done(&words));
                    }
                    _ => self.pace.strain(),
                },
                (After::Theirs, Some(live)) if self.is_nearly(&live)? && sent.answer() == Answer::Unknown => {
                    return self.make_equal(&wire, live, prints).await;
                }
                (After::StoredOtherwise, Some(live)) if self.is_nearly(&live)? => {
                    return self.make_equal(&wire, live, prints).await;
                }
                (After::Theirs, Some(live)) if self.kind.facts().shared => {
                    let note =
                        Some("it was created by somebody else at the same moment; it is used as it is".into());
                    return Ok(Confirmed { borrowed: true, note, ..self.confirmed(&live, prints) });
                }
                (After::Done, live) => {
                    self.eased(attempt);
                    return self.conclude(After::Done, live, &sent, prints).await;
                }
                (after, live) => return self.conclude(after, live, &sent, prints).await,
            }
        }
        Err(self.not_done(&words))
    }

    async fn send_create(&self, wire: &Wire, words: &mut String) -> Result<Attempt, Ending> {
        let perhaps = self.perhaps_done.load(Ordering::Relaxed);
        let (verdict, said) = self.send(Write::Create, &self.kind.create(wire, self.server()), words).await?;
        Ok(Attempt { verdict, said, raises: Some(1), perhaps })
    }

    /// Some servers store a first write otherwise than asked (the first data source becomes the default one since 10.4): an
    /// update sets it right, under the same comparisons as any other.
    async fn make_equal(
        &self,
        wire: &Wire,
        live: Live,
        prints: BTreeMap<String, Fingerprint>,
    ) -> Result<Confirmed, Ending> {
        let planned = self.seen(&live);
        self.update_from(wire, &planned, live, prints).await.map_err(|ending| match *ending {
            // It was made by us, whatever became of the update.
            Answered::Ended(outcome @ (Outcome::Failed { .. } | Outcome::Conflict(_))) => {
                let confirmed = Confirmed { identity: Some(planned.identity.clone()), ..Confirmed::default() };
                Box::new(Answered::Differs(confirmed, outcome))
            }
            other => Box::new(other),
        })
    }

    async fn update(&self) -> Result<Confirmed, Ending> {
        let (wire, prints) = self.wire()?;
        let planned = self.planned()?;
        let listed = self.as_listed(&planned, Write::Update);
        let live = match self.stands(&planned, Write::Update, listed).await? {
            None => return Err(gone()),
            Some((Before::AsPlanned, live)) => live,
            Some((Before::AsIntended, live)) if self.intent()?.secrets.is_empty() => {
                return Ok(self.confirmed(&live, prints));
            }
            Some((before, live)) => return Err(self.conflict(before, &live).await),
        };
        if !self.change.action.writes() && wire.secrets.is_empty() {
            let identity = Some(live.found.identity);
            return Ok(Confirmed { identity, fingerprints: prints, ..Confirmed::default() });
        }
        self.update_from(&wire, &planned, live, prints).await
    }

    async fn update_from(
        &self,
        wire: &Wire,
        planned: &Observed,
        mut live: Live,
        prints: BTreeMap<String, Fingerprint>,
    ) -> Result<Confirmed, Ending> {
        let mut words = String::new();
        let mut planned = planned.clone();
        for attempt in 0..TRIES {
            self.rest(attempt).await;
            let sent = self.send_update(wire, &mut planned, &mut live, &mut words).await?;
            if sent.verdict == Verdict::Busy {
                continue;
            }
            if let Some(confirmed) = self.settled_by_answer(Write::Update, &sent, &prints)? {
                self.eased(attempt);
                return Ok(confirmed);
            }
            match self.after(Some(&planned), &sent).await? {
                (After::NotDone, now) => {
                    if let Verdict::Refused(words) = &sent.verdict {
                        return Err(self.not_done(words));
                    }
                    if sent.verdict == Verdict::Forbidden && attempt >= 2 {
                        return Err(self.not_done(&words));
                    }
                    // What the server said is not true: as planned, and not as intended. Again, with fewer in flight.
                    live = now.unwrap_or(live);
                    self.pace.strain();
                }
                (After::Done, now) => {
                    self.eased(attempt);
                    return self.conclude(After::Done, now, &sent, prints).await;
                }
                (after, now) => return self.conclude(after, now, &sent, prints).await,
            }
        }
        Err(self.not_done(&words))
    }

    /// Sends an update: one request, or for a folder two. Between two the object is looked at again: its folder has no
    /// version, and the first one done is what the second is planned against.
    async fn send_update(
        &self,
        wire: &Wire,
        planned: &mut Observed,
        live: &mut Live,
        words: &mut String,
    ) -> Result<Attempt, Ending> {
        let perhaps = self.perhaps_done.load(Ordering::Relaxed);
        let raises = self.kind.raises(wire, live);
        let mut sent = Attempt { verdict: Verdict::Done, said: None, raises, perhaps };
        let requests = self.kind.update(wire, live, self.server());
        let last = requests.len().saturating_sub(1);
        for (number, request) in requests.iter().enumerate() {
            (sent.verdict, sent.said) = self.send(Write::Update, request, words).await?;
            if sent.verdict != Verdict::Done || number == last {
                break;
            }
            let Some(now) = self.look_for().await? else { return Err(gone()) };
            let seen = self.seen(&now);
            if planned.identity.another_incarnation(&seen.identity) {
                return Err(self.conflict(Before::Replaced, &now).await);
            }
            if seen.parent != planned.parent {
                return Err(self.conflict(Before::Moved, &now).await);
            }
            (*planned, *live) = (seen, now);
        }
        Ok(sent)
    }

    async fn replace(&self) -> Result<Confirmed, Ending> {
        if self.remove().await? == Removed::BySomebody {
            // Making it anew would undo what somebody did meanwhile.
            return Err(gone());
        }
        self.create().await.map_err(|ending| match *ending {
            Answered::Ended(outcome) => Box::new(Answered::Halfway(outcome)),
            other => Box::new(other),
        })
    }

    async fn delete(&self) -> Result<Confirmed, Ending> {
        self.remove().await.map(|_| Confirmed::default())
    }

    async fn remove(&self) -> Result<Removed, Ending> {
        let planned = self.planned()?;
        let mut words = String::new();
        for attempt in 0..TRIES {
            self.rest(attempt).await;
            let listed = if attempt == 0 { self.as_listed(&planned, Write::Delete) } else { None };
            let Some((before, live)) = self.stands_empty(&planned, listed).await? else {
                return Ok(match self.perhaps_done.load(Ordering::Relaxed) {
                    true => Removed::ByUs,
                    false => Removed::BySomebody,
                });
            };
            if before != Before::AsPlanned {
                return Err(self.conflict(before, &live).await);
            }
            let request = self.kind.delete(self.key(), &live.found.identity, self.server());
            let Some(answer) = self.exchange(&request, &mut words).await? else {
                self.perhaps_done.store(true, Ordering::Relaxed);
                self.pace.strain();
                continue;
            };
            match self.kind.judge(Write::Delete, self.key(), &answer) {
                Verdict::Refused(words) => return Err(failed(&words)),
                Verdict::Done => {
                    self.eased(attempt);
                    let swaps = self.kind.hold(Write::Delete, &live.found.identity, self.server()) == Hold::Swap;
                    self.perhaps_done.store(true, Ordering::Relaxed);
                    if (swaps && self.kind.says_gone(&answer)) || self.read_again().await?.is_none() {
                        return Ok(Removed::ByUs);
                    }
                }
                verdict => {
                    words = in_words(&answer);
                    if verdict == Verdict::Forbidden && attempt >= 3 {
                        return Err(failed(&words));
                    }
                    self.pace.strain();
                }
            }
        }
        Err(self.not_done(&words))
    }

    /// The same before a delete, for which a folder must be empty. What it holds and what it is are asked at the same
    /// time, last of all: what comes between that and the delete, no server that lacks preconditions tells of.
    async fn stands_empty(
        &self,
        planned: &Observed,
        listed: Option<Live>,
    ) -> Result<Option<(Before, Live)>, Ending> {
        if self.kind.users(self.key()).is_some() {
            return self.stands_unused(planned, listed).await;
        }
        if self.kind.facts().holds.is_none() {
            return self.stands(planned, Write::Delete, listed).await;
        }
        let client = &self.tools.client;
        let empty = |inside: Result<Option<String>, live::LiveError>| match inside {
            Ok(None) => Ok(()),
            Ok(Some(what)) => Err(skipped(&format!("it holds {what}"))),
            Err(error) => Err(skipped(&format!("what it holds could not be read: {error}"))),
        };
        empty(live::listed_inside(client, self.server(), self.key().text()).await)?;
        let (inside, stands) = tokio::join!(
            live::counted_inside(client, self.key().text()),
            self.stands(planned, Write::Delete, listed)
        );
        match stands? {
            Some((Before::AsPlanned, live)) => empty(inside).map(|()| Some((Before::AsPlanned, live))),
            other => Ok(other),
        }
    }

    /// The same for what nothing may use when it is deleted: asked at the same time, last of all, because some servers
    /// delete it all the same (fact: `library-delete-used`).
    async fn stands_unused(
        &self,
        planned: &Observed,
        listed: Option<Live>,
    ) -> Result<Option<(Before, Live)>, Ending> {
        let users = live::users_of(&self.tools.client, &self.change.address);
        let (users, stands) = tokio::join!(users, self.stands(planned, Write::Delete, listed));
        let live = match stands? {
            Some((Before::AsPlanned, live)) => live,
            other => return Ok(other),
        };
        match users {
            Ok(None) => Ok(Some((Before::AsPlanned, live))),
            Ok(Some(Ok(users))) => match users.first() {
                None => Ok(Some((Before::AsPlanned, live))),
                Some(user) => Err(skipped(&format!("`{user}` uses it"))),
            },
            Ok(Some(Err(why))) => Err(skipped(&format!("who uses it could not be told: {why}"))),
            Err(error) => Err(skipped(&format!("who uses it could not be told: {error}"))),
        }
    }

    /// What the object is before a write, and how that compares with what was planned; none when it is not there.
    async fn stands(
        &self,
        planned: &Observed,
        write: Write,
        listed: Option<Live>,
    ) -> Result<Option<(Before, Live)>, Ending> {
        if let Some(live) = listed {
            return Ok(Some((Before::AsPlanned, live)));
        }
        let Some(live) = self.look_for().await? else { return Ok(None) };
        let contents = self.kind.contents(&self.kind.normal(live.body.clone()), write);
        let intended = write != Write::Delete && self.is_as_intended(&live)?;
        Ok(Some((seen::before(planned, &self.seen(&live), &contents, intended), live)))
    }

    /// What the list before the stage says, where that proves that nothing moved and the server will check it again in
    /// the step in which it stores: the resource version then stands for the content.
    fn as_listed(&self, planned: &Observed, write: Write) -> Option<Live> {
        let listed = self.listed.as_ref()?;
        let identity = &listed.found.identity;
        let same = self.kind.hold(write, identity, self.server()) == Hold::Swap
            && identity.resource == planned.identity.resource
            && !planned.identity.another_incarnation(identity)
            && listed.found.parent == planned.parent;
        same.then(|| listed.clone())
    }

    fn planned(&self) -> Result<Observed, Ending> {
        match &self.change.only_if {
            Precondition::Is(seen) => Ok(seen.clone()),
            Precondition::Absent | Precondition::Nothing => Err(failed("the plan holds no version for it")),
        }
    }
}

pub(super) fn in_words(answer: &Response) -> String {
    format!("{} ({})", answer.message(), answer.status)
}

pub(super) fn ended(outcome: Outcome) -> Ending {
    Box::new(Answered::Ended(outcome))
}

pub(super) fn gone() -> Ending {
    ended(Outcome::Conflict(Conflict::Deleted))
}

pub(super) fn failed(words: &str) -> Ending {
    ended(Outcome::Failed { message: words.to_owned() })
}

pub(super) fn skipped(because: &str) -> Ending {
    ended(Outcome::Skipped { because: because.to_owned() })
}

pub(super) fn unknown(words: &str) -> Ending {
    ended(Outcome::Unknown { message: words.to_owned() })
}

/// Removes the folder of the registry when nothing is in it any more: it is shared by all stacks, and staying is no
/// failure.
pub async fn remove_registry_folder(tools: &Tools) {
    let kind = kinds::by_name(kinds::CONTAINER);
    let Some(Address { key, .. }) = Address::live(kind.name(), FOLDER) else { return };
    if let Ok(None) = live::inside_folder(&tools.client, &tools.server, FOLDER).await
        && let Ok(answer) = tools.client.send(&kind.read(&key, &tools.server)).await
        && let Ok(Some(live)) = kind.found(&answer, &tools.server)
    {
        let _ = tools.client.send(&kind.delete(&key, &live.found.identity, &tools.server)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Owned;

    #[test]
    fn only_a_body_and_secrets_that_were_planned_are_sent() {
        let digest = |text: &str| Digest::of_bytes(text.as_bytes());
        let prints = |all: &[(&str, &str)]| -> BTreeMap<String, Fingerprint> {
            all.iter().map(|(key, print)| ((*key).to_owned(), Fingerprint((*print).to_owned()))).collect()
        };
        let intent = |secrets: &[(&str, &str)]| Intent {
            digest: digest("planned"),
            parent: None,
            secrets: Vec::new(),
            fingerprints: prints(secrets),
            elsewhere: BTreeMap::new(),
            source: String::new(),
            content: None,
            body: None,
            protect: false,
            how: Owned::Created,
        };
        for (planned, body, secrets, expected) in [
            (&[][..], "planned", &[][..], true),
            (&[], "another", &[], false),
            (&[("password", "1")], "planned", &[("password", "1")], true),
            (&[("password", "1")], "planned", &[("password", "2")], false),
            (&[("password", "1")], "planned", &[], false),
            (&[("password", "1")], "planned", &[("password", "1"), ("token", "1")], false),
            // Nothing tells secrets apart where nothing is recorded.
            (&[], "planned", &[("password", "2")], true),
        ] {
            let is = is_planned(&intent(planned), &digest(body), &prints(secrets));
            assert_eq!(is, expected, "{planned:?}, {body}, {secrets:?}");
        }
    }
}
