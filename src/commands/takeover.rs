//! `--take-over-stack`: another stack's record is read, and becomes this one's.

use super::connect::{self, Connection};
use super::{Exit, Failure, lease, record};
use crate::model::RecordState;
use crate::registry::handover::{Handover, Obstacle, hand_over};
use crate::registry::{LoadError, Loaded, Record, Store};
use crate::settings::Settings;

/// Reads the record of the stack that is taken over, where one is, and makes it this stack's. Gives where the old one is:
/// it is removed once the new one is saved.
pub async fn read(
    settings: &Settings,
    connection: &Connection,
    own: &mut RecordState<Box<Record>>,
) -> Result<Option<Store>, Failure> {
    let Some(old) = &settings.take_over_stack else { return Ok(None) };
    let mut store = Store::new(connection.client.clone(), &connection.server, old.clone());
    let theirs = match store.load(&connection.access).await {
        Ok(Loaded::There(theirs)) => Some(*theirs),
        Ok(Loaded::Absent) => None,
        Ok(Loaded::Damaged(why)) => return Err(record::damaged(old, &why)),
        Err(LoadError::Forbidden(words)) => {
            return Err(
                Failure::new(Exit::Auth, words).hint("use a token of a service account with the role Admin")
            );
        }
        Err(LoadError::Api(error)) => return Err(connect::api(&error)),
    };
    let lease = theirs.as_ref().and_then(|theirs| theirs.lease.as_ref());
    if let Some(lease) = lease.filter(|held| lease::is_held(held, &store)) {
        return Err(lease::locked(settings, old, lease));
    }
    match hand_over(own, theirs, &settings.stack) {
        Ok(Handover::Take(taken)) => {
            *own = RecordState::There(taken);
            Ok(Some(store))
        }
        Ok(Handover::Finish) => Ok(Some(store)),
        Ok(Handover::Nothing) => Ok(None),
        Err(Obstacle::NoSuchRecord) => {
            Err(Failure::new(Exit::Error, format!("the workspace has no record of a stack `{old}`"))
                .hint("--take-over-stack names the stack as it was called in its last apply, on this workspace"))
        }
        Err(Obstacle::OwnRecord) => Err(Failure::new(
            Exit::Guard,
            format!("stack `{}` has a record of its own, so it cannot take over that of `{old}`", settings.stack),
        )
        .hint("destroy one of them, or `amgctl forget` its objects first")),
    }
}
