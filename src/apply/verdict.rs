//! From what a write came to, by [`super::seen`], to what is told and recorded of it.

use std::collections::BTreeMap;

use super::object::{Answered, Attempt, Confirmed, Ending, One, ended, gone, unknown};
use super::seen::{self, After, Before};
use crate::kinds::{self, Content, Hold, Listing, Live, Verdict, Write};
use crate::live;
use crate::model::{Fingerprint, Identity, NormalDigest, Observed, Saved};
use crate::plan::{Precondition, SecretChange};
use crate::report::{Conflict, Outcome};

impl One<'_> {
    /// What a write came to by its own answer, where the server compares and stores in one step, or where a list after
    /// the stage will confirm it.
    pub(super) fn settled_by_answer(
        &self,
        write: Write,
        sent: &Attempt,
        prints: &BTreeMap<String, Fingerprint>,
    ) -> Result<Option<Confirmed>, Ending> {
        let Some(said) = sent.said.as_ref().filter(|_| sent.verdict == Verdict::Done) else { return Ok(None) };
        let intent = self.intent()?;
        let as_intended =
            said.content.as_ref().is_some_and(|c| c.digest == intent.digest && c.parent == intent.parent);
        let swapped = self.kind.hold(write, &said.identity, self.server()) == Hold::Swap;
        // What is new has no earlier version that a careless server could have let us overwrite.
        let is_new =
            write == Write::Create && matches!(self.kind.listing(self.server()), Listing::Resources { .. });
        let enough = as_intended && !sent.perhaps && intent.secrets.is_empty() && (swapped || is_new);
        Ok(enough.then(|| Confirmed {
            identity: Some(said.identity.clone()),
            fingerprints: prints.clone(),
            said: Some(said.clone()),
            ..Confirmed::default()
        }))
    }

    /// Looks at the object after a write, at its history where that can say more, and says what the write came to.
    pub(super) async fn after(
        &self,
        planned: Option<&Observed>,
        sent: &Attempt,
    ) -> Result<(After, Option<Live>), Ending> {
        let due = planned.is_some() || sent.verdict == Verdict::Done;
        let now = if due { self.look_for().await? } else { self.read_again().await? };
        let intended = match &now {
            Some(live) => self.is_as_intended(live)?,
            None => false,
        };
        let seen = now.as_ref().map(|live| self.seen(live));
        let message = self.message();
        let intent = self.intent()?;
        let wrote = Content { digest: intent.digest.clone(), parent: intent.parent.clone() };
        let write = seen::SentWrite {
            wrote: &wrote,
            answer: sent.answer(),
            said: sent.said.as_ref(),
            raises: sent.raises,
            perhaps: sent.perhaps,
            message: &message,
        };
        let mut after = seen::after(planned, write, seen.as_ref(), intended, None);
        if after.asks_history()
            && let Some(request) = self.kind.history(self.key(), 20)
            && let Ok(answer) = self.tools.client.send(&request).await
            && let Some(past) = kinds::past(&answer)
        {
            after = seen::after(planned, write, seen.as_ref(), intended, Some(&past));
        }
        Ok((after, now))
    }

    /// Ends a change by what its write came to.
    pub(super) async fn conclude(
        &self,
        after: After,
        live: Option<Live>,
        sent: &Attempt,
        prints: BTreeMap<String, Fingerprint>,
    ) -> Result<Confirmed, Ending> {
        let Some(live) = live else {
            return Err(match after {
                After::Gone => gone(),
                _ => unknown("the server says that it was saved, but it is not there"),
            });
        };
        // What is recorded is what we wrote, never what somebody made of it: their edit is drift from then on.
        let ours = || {
            let said = sent.said.as_ref().map(|said| said.identity.clone()).unwrap_or_default();
            let identity = Identity { created: live.found.identity.created.clone(), ..said };
            Confirmed { identity: Some(identity), fingerprints: prints.clone(), ..Confirmed::default() }
        };
        let overwrote = |version, by: String| {
            let outcome = Outcome::Conflict(Conflict::Overwrote { version, by });
            Err(Box::new(Answered::Differs(self.confirmed(&live, prints.clone()), outcome)))
        };
        match after {
            After::Done => Ok(self.confirmed(&live, prints)),
            After::Overwrote { version, by } => overwrote(Some(version), by),
            After::MadeAgain => {
                let outcome = Outcome::Conflict(Conflict::MadeAgain);
                Err(Box::new(Answered::Differs(self.confirmed(&live, prints), outcome)))
            }
            After::OverwroteAnother => {
                Err(ended(Outcome::Conflict(Conflict::Overwrote { version: None, by: String::new() })))
            }
            After::Since => {
                let Saved { by, at } = self.saved(&live).await;
                Err(Box::new(Answered::Differs(ours(), Outcome::Conflict(Conflict::Since { by, at }))))
            }
            After::MovedSince => {
                let by = self.saved(&live).await.by;
                Err(Box::new(Answered::Differs(ours(), Outcome::Conflict(Conflict::MovedSince { by }))))
            }
            After::StoredOtherwise => Err(self.differs(&live, prints)),
            After::Changed => Err(self.conflict(Before::Changed, &live).await),
            After::Theirs => Err(self.conflict(Before::Replaced, &live).await),
            After::NotDone | After::Gone | After::Vanished => Err(self.not_done("it was not done")),
        }
    }

    /// Whether it is as intended but for what an update sets right.
    pub(super) fn is_nearly(&self, live: &Live) -> Result<bool, Ending> {
        Ok(self.kind.nearly(&self.kind.normal(live.body.clone()), &self.intent()?.digest))
    }

    pub(super) fn is_as_intended(&self, live: &Live) -> Result<bool, Ending> {
        let intent = self.intent()?;
        let digest = self.kind.normal(live.body.clone()).digest();
        let secrets = intent.secrets.iter().all(|(key, what)| match what {
            SecretChange::Set | SecretChange::Change | SecretChange::Renew => live.found.secure_keys.contains(key),
            SecretChange::Remove => !live.found.secure_keys.contains(key),
        });
        Ok(digest.recorded() == intent.digest && live.found.parent == intent.parent && secrets)
    }

    pub(super) fn seen(&self, live: &Live) -> Observed {
        let digest = Some(self.kind.normal(live.body.clone()).digest().recorded());
        Observed { identity: live.found.identity.clone(), parent: live.found.parent.clone(), digest }
    }

    pub(super) fn confirmed(&self, live: &Live, fingerprints: BTreeMap<String, Fingerprint>) -> Confirmed {
        Confirmed { identity: Some(live.found.identity.clone()), fingerprints, ..Confirmed::default() }
    }

    pub(super) fn differs(&self, live: &Live, prints: BTreeMap<String, Fingerprint>) -> Ending {
        let digest = self.kind.normal(live.body.clone()).digest();
        let confirmed = Confirmed { digest: Some(NormalDigest::recorded(&digest)), ..self.confirmed(live, prints) };
        let message = "the server stored something other than what was sent; `amgctl plan` shows what".to_owned();
        Box::new(Answered::Differs(confirmed, Outcome::Failed { message }))
    }

    /// Who saved it last, as far as the server says.
    pub(super) async fn saved(&self, live: &Live) -> Saved {
        let saver = live::saver(&self.tools.client, self.server(), &self.change.address).await;
        saver.unwrap_or_else(|| live.found.saved.clone())
    }

    pub(super) async fn conflict(&self, before: Before, live: &Live) -> Ending {
        let Saved { by, at } = self.saved(live).await;
        ended(Outcome::Conflict(match (before, &self.change.only_if) {
            (Before::Moved, _) => Conflict::Moved { by },
            (Before::Replaced, _) | (_, Precondition::Absent | Precondition::Nothing) => Conflict::Made { by },
            (Before::AsPlanned | Before::AsIntended | Before::Changed, Precondition::Is(planned)) => {
                Conflict::Saved { by, at, version: live.found.identity.version, planned: planned.identity.version }
            }
        }))
    }
}
