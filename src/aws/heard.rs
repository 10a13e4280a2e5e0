//! What every call tells in passing: that it was sent, AWS's clock, and how long to wait before the next.
//!
//! Sits between the SDK and the wire in all four clients ([`super::Aws`]); changes nothing that is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_grafana::config::http::HttpResponse;
use aws_sdk_grafana::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_grafana::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_grafana::error::BoxError;

/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The counters; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    /// Seconds since 1970 by AWS's clock; 0 before the first answer.
    date: AtomicI64,
}

impl Heard {
    /// Calls sent, repeats included.
    pub(super) fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// AWS's clock in the newest answer: seconds since 1970.
    pub(super) fn time(&self) -> Option<i64> {
        Some(self.0.date.load(Ordering::Relaxed)).filter(|date| *date > 0)
    }
}

impl Intercept for Heard {
    fn name(&self) -> &'static str {
        "calls and clock"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date").and_then(seconds_of_http_date) {
            self.0.date.fetch_max(date, Ordering::Relaxed);
        }
        // The SDK waits as long as `x-amz-retry-after` says, in milliseconds. Managed Grafana says it in HTTP's own
        // header, in seconds, which the SDK does not read.
        if let Some(wait) = asked_wait(context.response())
            && context.response().headers().get("x-amz-retry-after").is_none()
        {
            context.response_mut().headers_mut().insert("x-amz-retry-after", wait.as_millis().to_string());
        }
        Ok(())
    }
}

/// How long a server asks to wait before the next try, in HTTP's `Retry-After`.
pub(super) fn asked_wait(answer: &HttpResponse) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

fn seconds_of_http_date(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp().as_second())
}
