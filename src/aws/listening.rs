//! Listening to what is sent and answered: counts calls and hears AWS's clock.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_grafana::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_grafana::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_grafana::error::BoxError;

use crate::model::Secret;

/// What was heard so far.
#[derive(Debug, Default)]
pub struct Heard {
    calls: AtomicU64,
    /// Seconds since 1970; 0 before the first answer.
    time: AtomicI64,
    /// What must not be shown, should AWS repeat it: what calls are signed with.
    hidden: Mutex<Vec<Secret>>,
}

impl Heard {
    /// How many calls were sent.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// AWS's clock.
    pub fn time(&self) -> Option<i64> {
        Some(self.time.load(Ordering::Relaxed)).filter(|time| *time > 0)
    }

    /// Keeps what must not be shown.
    pub fn hide(&self, secrets: impl IntoIterator<Item = Secret>) {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).extend(secrets);
    }

    /// What must not be shown.
    pub fn hidden(&self) -> Vec<Secret> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Listens for one client.
#[derive(Debug)]
pub struct Listening(pub Arc<Heard>);

impl Intercept for Listening {
    fn name(&self) -> &'static str {
        "Listening"
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

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(moment) = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()) {
            self.0.time.fetch_max(moment.timestamp().as_second(), Ordering::Relaxed);
        }
        Ok(())
    }
}
