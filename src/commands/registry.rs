//! `amgctl unlock` and `amgctl forget`: what a person does to the record by hand.

use std::path::Path;

use super::connect::{self, connect};
use super::{Exit, Failure, Session, apply, gather};
use crate::cli::{ForgetArgs, RulesArgs, UnlockArgs, WorkspaceArgs};
use crate::registry::record::parse_address;
use crate::registry::{LoadError, Loaded, Record, SaveError, Store};
use crate::settings::Settings;

/// Ends another run's lease.
pub async fn unlock(args: UnlockArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let mut workspace = args.workspace;
    workspace.managed.stack = args.name.or(workspace.managed.stack);
    let (settings, mut store, mut record) = open(&args.directory, &workspace, session).await?;
    let stack = &settings.stack;
    let Some(lease) = record.lease.take() else {
        session.terminal.print(&format!("Nobody holds a lease on stack `{stack}`."));
        return Ok(Exit::Done);
    };
    save(&mut store, &mut record).await?;
    session.terminal.print(&format!("The lease of {} on stack `{stack}` is ended.", lease.holder));
    Ok(Exit::Done)
}

/// Forgets one object.
pub async fn forget(args: ForgetArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let address = parse_address(&args.address).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{}` is no address", args.address))
            .hint("an address looks like dashboard.node-exporter")
    })?;
    let (settings, mut store, mut record) = open(&args.directory, &args.workspace, session).await?;
    if let Some(lease) = record.lease.as_ref().filter(|lease| store.holds(lease)) {
        return Err(apply::locked(&settings.stack, lease));
    }
    if record.objects.remove(&address).is_none() {
        return Err(Failure::new(Exit::Error, format!("stack `{}` has no `{address}`", settings.stack)));
    }
    save(&mut store, &mut record).await?;
    session.terminal.print(&format!(
        "Forgot `{address}`: it stays in the workspace and is no longer of stack `{}`.",
        settings.stack
    ));
    Ok(Exit::Done)
}

async fn open(
    directory: &Path,
    workspace: &WorkspaceArgs,
    session: &Session<'_>,
) -> Result<(Settings, Store, Record), Failure> {
    let (settings, _) = gather::settle(directory, workspace, &RulesArgs::default(), session.machine)?;
    let connection = connect(&settings, false, session).await?;
    let mut store = Store::new(connection.client.clone(), settings.stack.clone());
    match store.load(&connection.access).await {
        Ok(Loaded::There(record)) => Ok((settings, store, *record)),
        Ok(Loaded::Absent) => {
            Err(Failure::new(Exit::Error, format!("the workspace has no record of stack `{}`", settings.stack)))
        }
        Ok(Loaded::Damaged(why)) => Err(gather::damaged(&settings, &why)),
        Err(LoadError::Forbidden(words)) => {
            Err(Failure::new(Exit::Auth, words).hint("use a token of a service account with the role Admin"))
        }
        Err(LoadError::Api(error)) => Err(connect::api(&error)),
    }
}

async fn save(store: &mut Store, record: &mut Record) -> Result<(), Failure> {
    let run = apply::random()?[..16].to_owned();
    store.save(record, &run).await.map_err(|error| match error {
        SaveError::Lost => Failure::new(Exit::Locked, error.to_string()).hint("look again"),
        SaveError::Forbidden(_) => {
            Failure::new(Exit::Auth, error.to_string()).hint("use a token of a service account with the role Admin")
        }
        SaveError::Api(_) | SaveError::Refused(_) => Failure::new(Exit::Error, error.to_string()),
    })
}
