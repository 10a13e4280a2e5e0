//! Sends what AWS would do twice if it were asked twice: accounts, tokens, keys.
//!
//! The SDK's own repeats are off for them. Only a call that was surely not done is sent again; whatever else goes wrong
//! is told, and whoever sent it looks before asking again.

use std::time::Duration;

use aws_sdk_grafana::error::{ProvideErrorMetadata, SdkError};
use backon::{BackoffBuilder, ExponentialBuilder};

use super::heard::asked_wait;

/// How often a call is sent in all.
const TRIES: usize = 4;

/// Sends until it is not refused for coming too soon, waiting as long as AWS asks to.
pub(super) async fn once<T, E, F>(send: impl Fn() -> F) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let mut waits = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(TRIES - 1)
        .with_jitter()
        .build();
    loop {
        let answer = send().await;
        let Err(SdkError::ServiceError(refused)) = &answer else { return answer };
        let too_soon =
            refused.raw().status().as_u16() == 429 || refused.err().code() == Some("ThrottlingException");
        match waits.next() {
            Some(wait) if too_soon => tokio::time::sleep(asked_wait(refused.raw()).unwrap_or(wait)).await,
            _ => return answer,
        }
    }
}
