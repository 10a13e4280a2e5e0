//! Whether the token is still accepted: a 401 in the middle of a run is a question, and a true one is asked once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Mutex;

use super::ApiError;
use crate::model::Response;

/// What is known of the token, shared by all requests of a client.
#[derive(Default)]
pub(super) struct Trust {
    accepted: AtomicBool,
    in_doubt: AtomicUsize,
    checking: Mutex<()>,
    refused: OnceLock<ApiError>,
}

impl Trust {
    /// The token was accepted.
    pub(super) fn accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Waits while the token is in doubt; an error once it is refused.
    pub(super) async fn settled(&self) -> Result<(), ApiError> {
        if self.in_doubt.load(Ordering::SeqCst) > 0 {
            drop(self.checking.lock().await);
        }
        self.refused.get().map_or(Ok(()), |refused| Err(refused.clone()))
    }

    /// Settles a 401: refused for good if the token never worked, or if `is_refused` confirms it; else the answer
    /// stands for this one request.
    pub(super) async fn doubt(
        &self,
        answer: Response,
        is_refused: impl Future<Output = bool>,
    ) -> Result<Response, ApiError> {
        self.in_doubt.fetch_add(1, Ordering::SeqCst);
        let checking = self.checking.lock().await;
        let known = self.refused.get().is_some() || !self.accepted.load(Ordering::Relaxed);
        let refused = known || is_refused.await;
        if refused {
            let _ = self.refused.set(ApiError::Unauthorised(answer.message()));
        }
        self.in_doubt.fetch_sub(1, Ordering::SeqCst);
        drop(checking);
        self.refused.get().map_or(Ok(answer), |refused| Err(refused.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal() -> Response {
        Response { status: 401, body: Vec::new(), date: None }
    }

    #[tokio::test]
    async fn a_token_that_never_worked_is_refused_without_a_question() {
        let trust = Trust::default();
        assert!(trust.doubt(refusal(), std::future::pending()).await.is_err());
        assert!(trust.settled().await.is_err());
    }

    #[tokio::test]
    async fn a_refusal_that_is_not_confirmed_stands_for_one_request() {
        let trust = Trust::default();
        trust.accepted();
        assert_eq!(trust.doubt(refusal(), async { false }).await.unwrap().status, 401);
        assert!(trust.settled().await.is_ok());
        assert!(trust.doubt(refusal(), async { true }).await.is_err());
        assert!(trust.settled().await.is_err());
    }
}
