//! The requests for one object: sent at their turn, read back, asked a second way where an absence has to be believed.
//!
//! What cannot be understood is never taken for a refusal; what an answer amounts to stands in [`super::verdict`].

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::object::{Answered, Ending, One, ended, failed, in_words, unknown};
use crate::backoff;
use crate::grafana::{ApiError, Refused};
use crate::kinds::{Live, Said, Verdict, Write};
use crate::live::{self, LiveError};
use crate::model::{Request, Response};
use crate::report::Outcome;

impl One<'_> {
    /// Sends a write and says what the answer means, and what it says of the object.
    pub(super) async fn send(
        &self,
        write: Write,
        request: &Request,
        words: &mut String,
    ) -> Result<(Verdict, Option<Said>), Ending> {
        let Some(answer) = self.exchange(request, words).await? else {
            self.perhaps_done.store(true, Ordering::Relaxed);
            return Ok((Verdict::Unknown, None));
        };
        let verdict = self.kind.judge(write, self.key(), &answer);
        if matches!(verdict, Verdict::Done | Verdict::Unknown) {
            self.perhaps_done.store(true, Ordering::Relaxed);
        }
        if verdict != Verdict::Done {
            *words = in_words(&answer);
        }
        let said = (verdict == Verdict::Done).then(|| self.kind.said(&answer, self.server()));
        Ok((verdict, said))
    }

    /// Sends a write at its turn; none where what came back cannot be understood: a lost answer, a login page, a
    /// redirect, a proxy's refusal. What nobody can mend ends the change.
    pub(super) async fn exchange(&self, request: &Request, words: &mut String) -> Result<Option<Response>, Ending> {
        let Some(pass) = self.pace.enter().await else {
            return Err(match self.perhaps_done.load(Ordering::Relaxed) {
                true => unknown("the run was stopped before it was settled"),
                false => ended(Outcome::NotStarted),
            });
        };
        let answer = self.tools.client.send(request).await;
        drop(pass);
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(ApiError::Lost(why)) => {
                *words = format!("its answer was lost ({why})");
                Ok(None)
            }
            Err(error @ (ApiError::NotGrafana(_) | ApiError::TooLarge)) => {
                *words = error.to_string();
                Ok(None)
            }
            Err(ApiError::Unauthorised(refused)) => Err(self.unauthorised(refused)),
            Err(error @ ApiError::NotReached(_)) => Err(self.not_done(&error.to_string())),
        }
    }

    /// Reads the object as it is now. What can be asked again was asked again by [`Client::send`]; only a 401 that it
    /// found not to be true is left, and is asked again here.
    pub(super) async fn read_again(&self) -> Result<Option<Live>, Ending> {
        let request = self.kind.read(self.key(), self.server());
        let mut words = String::new();
        for attempt in 0..4 {
            self.rest(attempt).await;
            match self.tools.client.send(&request).await {
                Ok(answer) if answer.status == 401 => words = in_words(&answer),
                Ok(answer) => match self.kind.found(&answer, self.server()) {
                    Ok(live) => return Ok(live),
                    Err(found) => return Err(self.unreadable(&found)),
                },
                Err(ApiError::Unauthorised(refused)) => return Err(self.unauthorised(refused)),
                Err(error) => return Err(self.unreadable(&error.to_string())),
            }
        }
        Err(self.unreadable(&words))
    }

    /// The same where the object has to be there: that it is not is believed when a list says so too.
    pub(super) async fn look_for(&self) -> Result<Option<Live>, Ending> {
        for attempt in 0..3 {
            self.rest(attempt).await;
            if let Some(live) = self.read_again().await? {
                return Ok(Some(live));
            }
            if !self.is_listed().await? {
                return Ok(None);
            }
        }
        Err(self.unreadable("a list has it, and it cannot be found by its uid"))
    }

    pub(super) async fn is_listed(&self) -> Result<bool, Ending> {
        match live::is_listed(&self.tools.client, self.server(), &self.change.address).await {
            Ok(listed) => Ok(listed),
            Err(LiveError::Api(ApiError::Unauthorised(refused))) => Err(self.unauthorised(refused)),
            Err(error) => Err(self.unreadable(&error.to_string())),
        }
    }

    /// It could not be read: unknown where something may have been done, else nothing was.
    pub(super) fn unreadable(&self, words: &str) -> Ending {
        self.not_done(&format!("it could not be read: {words}"))
    }

    /// It was not done, for all that is known: unknown where something sent for it was never understood.
    pub(super) fn not_done(&self, words: &str) -> Ending {
        if self.perhaps_done.load(Ordering::Relaxed) { unknown(words) } else { failed(words) }
    }

    pub(super) fn unauthorised(&self, refused: Refused) -> Ending {
        Box::new(Answered::Unauthorised { refused, wrote: self.perhaps_done.load(Ordering::Relaxed) })
    }

    pub(super) fn eased(&self, attempt: u32) {
        if attempt == 0 {
            self.pace.ease();
        }
    }

    pub(super) async fn rest(&self, attempt: u32) {
        const FIRST: Duration = Duration::from_millis(60);
        const LONGEST: Duration = Duration::from_millis(640);
        backoff::rest(attempt, FIRST, LONGEST).await;
    }
}
