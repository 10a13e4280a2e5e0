//! `amgctl unlock` and `amgctl forget`: what a person does to the record by hand.

use std::path::Path;

use super::connect::{self, connect};
use super::{Exit, Failure, Session, directory, lease, record, typed};
use crate::cli::{ForgetArgs, ReadingArgs, RulesArgs, UnlockArgs, WorkspaceArgs};
use crate::kinds;
use crate::model::{Address, StackName};
use crate::registry::lease::Purpose;
use crate::registry::store::GRACE;
use crate::registry::{LoadError, Loaded, Record, RunNote, SaveError, Store};
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
    // That run goes on until it looks at the record: those that come next have to know of it.
    let what = "its lease was ended by hand".to_owned();
    record.note(RunNote {
        run: lease.run.clone(),
        at: lease.since.clone(),
        by: lease.holder.clone(),
        what,
        plan: String::new(),
    });
    let may_write = lease::is_held(&lease, &store);
    record.ended = Some(lease.clone());
    save(&mut store, &mut record, stack).await?;
    session.terminal.print(&format!("The lease of {} on stack `{stack}` is ended.", lease.holder));
    if may_write {
        session.terminal.say(&format!(
            "note: if that run is still alive, it notices within {} seconds and stops; the next apply waits for that",
            GRACE.as_secs()
        ));
    }
    Ok(Exit::Done)
}

/// Forgets one object.
pub async fn forget(args: ForgetArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let address = kinds::address(&args.address).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{}` is not an address", args.address))
            .hint("an address looks like dashboard.node-exporter")
    })?;
    let (settings, mut store, mut record) = open(&args.directory, &args.workspace, session).await?;
    if let Some(held) = record.lease.as_ref().filter(|held| lease::is_held(held, &store)) {
        return Err(lease::locked(&settings, &settings.stack, held));
    }
    if record.objects.remove(&address).is_none() {
        return Err(Failure::new(Exit::Error, format!("stack `{}` has no `{address}`", settings.stack)).hint(
            match nearest(&address, record.objects.keys()) {
                Some(near) => format!("it has `{near}`"),
                None => format!(
                    "`{}` shows the addresses; only what is recorded can be forgotten",
                    typed::line("plan", &settings, typed::About::default())
                ),
            },
        ));
    }
    save(&mut store, &mut record, &settings.stack).await?;
    session.terminal.print(&format!(
        "Forgot `{address}`: it stays in the workspace and no longer belongs to stack `{}`.",
        settings.stack
    ));
    Ok(Exit::Done)
}

/// The recorded address that was most likely meant, if one is near enough to say so.
fn nearest<'a>(wanted: &Address, recorded: impl Iterator<Item = &'a Address>) -> Option<&'a Address> {
    let near = |address: &&Address| strsim::jaro_winkler(wanted.id(), address.id());
    let best = recorded.filter(|address| address.kind == wanted.kind).max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(&best) > 0.9).then_some(best)
}

async fn open(
    at: &Path,
    workspace: &WorkspaceArgs,
    session: &Session<'_>,
) -> Result<(Settings, Store, Record), Failure> {
    let (settings, problems) =
        directory::settle(at, ReadingArgs::default(), workspace, &RulesArgs::default(), session.machine)?;
    // A stack whose name cannot be read would be another one: that of the directory's name.
    directory::tell(&problems, 1, directory::Sent::Nothing, session.terminal)?;
    let connection = connect(&settings, false, session).await?;
    let mut store = Store::new(connection.client.clone(), &connection.server, settings.stack.clone());
    match store.load(&connection.access).await {
        Ok(Loaded::There(record)) => Ok((settings, store, *record)),
        Ok(Loaded::Absent) => {
            Err(Failure::new(Exit::Error, format!("the workspace has no record of stack `{}`", settings.stack))
                .hint("check the stack's name and the workspace; before its first apply a stack has no record"))
        }
        Ok(Loaded::Damaged(why)) => Err(record::damaged(&settings.stack, &why)),
        Err(LoadError::Forbidden(words)) => {
            Err(Failure::new(Exit::Auth, words).hint("use a token of a service account with the role Admin"))
        }
        Err(LoadError::Api(error)) => Err(connect::api(&error)),
    }
}

async fn save(store: &mut Store, record: &mut Record, stack: &StackName) -> Result<(), Failure> {
    let run = record::random()?[..16].to_owned();
    store.save(record, &run, Purpose::End).await.map_err(|error| match error {
        SaveError::Lost => Failure::new(Exit::Locked, "another run saved the record at the same moment")
            .hint("run the command again: it reads what the record says now"),
        SaveError::Damaged(why) => record::damaged(stack, &why),
        SaveError::Forbidden(_) => {
            Failure::new(Exit::Auth, error.to_string()).hint("use a token of a service account with the role Admin")
        }
        SaveError::Api(api) => connect::api(&api),
        SaveError::Refused(_) => Failure::new(Exit::Error, error.to_string())
            .hint("try again; if it stays so, look at the folder `amgctl` in the browser"),
    })
}
