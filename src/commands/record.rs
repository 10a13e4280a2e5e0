//! The stack's record as a command reads it: there, provably absent, or not to be read.

use super::connect::{self, Connection};
use super::{Exit, Failure};
use crate::model::{RecordState, StackName};
use crate::registry::{LoadError, Loaded, Record, Store};
use crate::settings::Settings;

/// Reads the stack's record.
pub async fn read(
    settings: &Settings,
    connection: &Connection,
    store: &mut Store,
) -> Result<RecordState<Box<Record>>, Failure> {
    if !settings.records {
        return Ok(RecordState::Off);
    }
    match store.load(&connection.access).await {
        Ok(Loaded::There(record)) => Ok(RecordState::There(record)),
        Ok(Loaded::Absent) => Ok(RecordState::Absent),
        Ok(Loaded::Damaged(why)) => Err(damaged(&settings.stack, &why)),
        Err(LoadError::Forbidden(words)) => {
            Ok(RecordState::Unknown(format!("what this stack owns is not known ({words})")))
        }
        Err(LoadError::Api(error)) => Err(connect::api(&error)),
    }
}

/// A record that is needed cannot be read: nothing is guessed.
pub fn damaged(stack: &StackName, why: &str) -> Failure {
    Failure::new(Exit::Error, format!("the record of stack `{stack}` is damaged: {why}")).hint(format!(
        "restore an older version of the dashboard `amgctl: {stack}` in the folder `amgctl` from its history in the \
         browser"
    ))
}

/// 32 random bytes, as hexadecimal digits.
pub fn random() -> Result<String, Failure> {
    crate::random::hex()
        .map_err(|e| Failure::new(Exit::Error, format!("this machine provides no random numbers: {e}")))
}
