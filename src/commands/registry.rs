//! `amgctl unlock` and `amgctl forget`: what a person does to the record by hand.

use std::path::Path;

use super::connect::{self, Connection, connect};
use super::{Exit, Failure, apply, gather};
use crate::cli::{ForgetArgs, RulesArgs, UnlockArgs, WorkspaceArgs};
use crate::registry::record::parse_address;
use crate::registry::{LoadError, Loaded, Record, SaveError, Store};
use crate::settings::{Machine, Settings};
use crate::terminal::Terminal;

/// Ends another run's lease.
pub async fn unlock(args: UnlockArgs, machine: &Machine, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut workspace = args.workspace;
    workspace.stack = args.name.or(workspace.stack);
    let (settings, connection, mut store, mut record) = open(&args.directory, &workspace, machine).await?;
    let stack = &settings.stack;
    let Some(lease) = record.lease.take() else {
        terminal.print(&format!("Nobody holds a lease on stack `{stack}`."));
        return close(connection).await;
    };
    save(&mut store, &mut record).await?;
    terminal.print(&format!("The lease of {} on stack `{stack}` is ended.", lease.holder));
    close(connection).await
}

/// Forgets one object.
pub async fn forget(args: ForgetArgs, machine: &Machine, terminal: &Terminal) -> Result<Exit, Failure> {
    let address = parse_address(&args.address).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{}` is no address", args.address))
            .hint("an address looks like dashboard.node-exporter")
    })?;
    let (settings, connection, mut store, mut record) = open(&args.directory, &args.workspace, machine).await?;
    if let Some(lease) = record.lease.as_ref().filter(|lease| store.holds(lease)) {
        return Err(apply::locked(&settings.stack, lease));
    }
    if record.objects.remove(&address).is_none() {
        return Err(Failure::new(Exit::Error, format!("stack `{}` has no `{address}`", settings.stack)));
    }
    save(&mut store, &mut record).await?;
    terminal.print(&format!(
        "Forgot `{address}`: it stays in the workspace and is no longer of stack `{}`.",
        settings.stack
    ));
    close(connection).await
}

async fn open(
    directory: &Path,
    workspace: &WorkspaceArgs,
    machine: &Machine,
) -> Result<(Settings, Connection, Store, Record), Failure> {
    let (settings, _) = gather::settle(directory, workspace, &RulesArgs::default(), machine)?;
    let connection = connect(&settings.workspace, machine).await?;
    let mut store = Store::new(connection.client.clone(), settings.stack.clone());
    match store.load(&connection.access).await {
        Ok(Loaded::There(record)) => Ok((settings, connection, store, *record)),
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

async fn close(connection: Connection) -> Result<Exit, Failure> {
    if let Some(sandbox) = connection.sandbox {
        sandbox.shutdown().await?;
    }
    Ok(Exit::Done)
}
