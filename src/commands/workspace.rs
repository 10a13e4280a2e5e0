//! `amgctl workspace list` and `show`: the workspaces of Amazon Managed Grafana, as AWS describes them.

use super::{Exit, Failure, Session, managed};
use crate::aws::{Aws, Workspace};
use crate::cli::{WorkspaceCommand, WorkspaceListArgs, WorkspaceShowArgs};
use crate::identity::find::{FindError, Named, by_name};
use crate::render::json;
use crate::render::table::table;
use crate::settings;

/// `amgctl workspace`.
pub async fn run(command: WorkspaceCommand, session: &Session<'_>) -> Result<Exit, Failure> {
    match command {
        WorkspaceCommand::List(args) => list(args, session).await,
        WorkspaceCommand::Show(args) => show(args, session).await,
    }
}

async fn list(args: WorkspaceListArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let access = settings::aws_access(&args.aws)?;
    let aws = managed::open(args.sandbox.as_deref(), None, &access, session).await?;
    let all = aws.workspaces().await.map_err(|e| managed::failure(&e))?;
    if args.json {
        let listed = all.iter().map(|w| json::ListedWorkspace {
            id: &w.id,
            name: &w.name,
            status: &w.status,
            grafana_version: &w.grafana_version,
            endpoint: &w.endpoint,
        });
        session.terminal.print(&json::text(&listed.collect::<Vec<_>>()));
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        session.terminal.print(&format!("Region {} has no workspace.", aws.region()));
        return Ok(Exit::Done);
    }
    let rows: Vec<[&str; 5]> =
        all.iter().map(|w| [&*w.id, &*w.name, &*w.grafana_version, &*w.status, &*w.endpoint]).collect();
    session.terminal.print(&table(["ID", "NAME", "GRAFANA", "STATUS", "ENDPOINT"], &rows));
    Ok(Exit::Done)
}

async fn show(args: WorkspaceShowArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let access = settings::aws_access(&args.aws)?;
    let named = match args.workspace {
        Some(text) => Some(settings::variables::name("WORKSPACE", &text).map_err(settings::UsageError::new)?),
        None if args.sandbox.is_some() => None,
        None => session.machine.named("AMGCTL_WORKSPACE")?,
    };
    let read = Named::read(named.as_deref());
    let region = read.region().map(str::to_owned);
    let aws = managed::open(args.sandbox.as_deref(), region, &access, session).await?;
    let read = match (&read, session.embedded_workspace()) {
        (Named::Any, Some(own)) => Named::Id(own, None),
        _ => read,
    };
    // One that is not active is shown as well, which is why it is not entered.
    let id = by_name(&aws, &read).await.map_err(|error| {
        let unchosen = matches!(error, FindError::None(..) | FindError::Several(..));
        let failure = managed::not_found(error, aws.region());
        match unchosen {
            true => failure.hint("name one: `amgctl workspace show ID`, or another region with --region"),
            false => failure,
        }
    })?;
    let workspace = aws.workspace(&id).await;
    let workspace = workspace.map_err(|e| managed::not_found(e.into(), aws.region()))?;
    let upgrades = aws.upgrades(&workspace.id).await.map_err(|e| managed::failure(&e))?;
    let told = if args.json { as_json } else { as_text };
    let text = told(&aws, &workspace, &upgrades);
    session.terminal.print(&text);
    Ok(Exit::Done)
}

fn as_json(aws: &Aws, w: &Workspace, upgrades: &[String]) -> String {
    json::text(&json::ShownWorkspace {
        id: &w.id,
        name: &w.name,
        region: aws.region(),
        status: &w.status,
        degraded_reason: w.degraded_reason.as_deref(),
        grafana_version: &w.grafana_version,
        upgrades,
        endpoint: &w.endpoint,
        authentication: &w.authentication,
        permission_type: &w.permission_type,
        network_access: w.network_access.as_ref().map(|access| json::NetworkAccess {
            prefix_lists: &access.prefix_lists,
            vpc_endpoints: &access.vpc_endpoints,
        }),
        data_sources: &w.data_sources,
    })
}

fn as_text(aws: &Aws, w: &Workspace, upgrades: &[String]) -> String {
    let or_none = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let access = match &w.network_access {
        None => "open".to_owned(),
        Some(access) => format!(
            "restricted to prefix lists {} and VPC endpoints {}",
            or_none(&access.prefix_lists),
            or_none(&access.vpc_endpoints)
        ),
    };
    let mut version = w.grafana_version.clone();
    if !upgrades.is_empty() {
        version.push_str(&format!("; can be upgraded to {}", upgrades.join(", ")));
    }
    let mut rows = vec![
        ["id", w.id.as_str()],
        ["name", w.name.as_str()],
        ["region", aws.region()],
        ["status", w.status.as_str()],
    ];
    let reason = w.degraded_reason.clone().unwrap_or_default();
    if !reason.is_empty() {
        rows.push(["reason", &reason]);
    }
    let (sign_in, sources) = (or_none(&w.authentication), or_none(&w.data_sources));
    rows.extend([
        ["Grafana", version.as_str()],
        ["endpoint", w.endpoint.as_str()],
        ["sign-in", sign_in.as_str()],
        ["permissions", w.permission_type.as_str()],
        ["network", access.as_str()],
        ["AWS data", sources.as_str()],
    ]);
    rows.retain(|[_, value]| !value.is_empty());
    crate::render::table::rows(&rows)
}
