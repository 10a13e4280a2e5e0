//! Which workspace is meant: by id, ARN, endpoint or name, or the only active one of the region.

use std::time::{Duration, Instant};

use crate::aws::{Aws, AwsError, Summary, Workspace};
use crate::grafana::is_loopback;

/// A workspace as somebody names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Named {
    /// By its id; with the region that an ARN or an endpoint says.
    Id(String, Option<String>),
    /// By the address of an embedded one.
    Loopback(String),
    /// By its name.
    Name(String),
    /// Not at all.
    Any,
}

impl Named {
    /// Reads what somebody typed: `g-0123456789`, an ARN, an endpoint with or without `https://`, a name.
    #[must_use]
    pub fn read(text: Option<&str>) -> Named {
        let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else { return Named::Any };
        if is_id(text) {
            return Named::Id(text.to_owned(), None);
        }
        if let Some(arn) = text.strip_prefix("arn:") {
            // arn:PARTITION:grafana:REGION:ACCOUNT:/workspaces/ID
            let parts: Vec<&str> = arn.splitn(5, ':').collect();
            if let [_, "grafana", region, _, path] = parts[..]
                && let Some(id) = path.strip_prefix("/workspaces/").filter(|id| is_id(id))
            {
                return Named::Id(id.to_owned(), Some(region.to_owned()));
            }
        }
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let host = host.split('/').next().unwrap_or(host);
        // ID.grafana-workspace.REGION.amazonaws.com
        let mut labels = host.split('.');
        if let (Some(id), Some("grafana-workspace"), Some(region)) = (labels.next(), labels.next(), labels.next())
            && is_id(id)
        {
            return Named::Id(id.to_owned(), Some(region.to_owned()));
        }
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        if is_loopback(name) {
            return Named::Loopback(host.to_owned());
        }
        Named::Name(text.to_owned())
    }

    /// The region that the name itself says.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Named::Id(_, region) => region.as_deref(),
            Named::Loopback(_) | Named::Name(_) | Named::Any => None,
        }
    }
}

/// Whether a text is the id of a workspace.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.strip_prefix("g-").is_some_and(|rest| rest.len() == 10 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Why no workspace was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// AWS did not answer as it should.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// None has that name, or there is none at all.
    #[error("{0}")]
    None(String, Vec<Summary>),
    /// Several could be meant.
    #[error("{0}")]
    Several(String, Vec<Summary>),
    /// It is there, and cannot be spoken to now.
    #[error("workspace `{name}` is {status}{}", .reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default())]
    NotActive {
        /// Its id.
        id: String,
        /// Its name, or its id where it has none.
        name: String,
        /// Its status, as AWS spells it.
        status: String,
        /// Why, where AWS says so.
        reason: Option<String>,
        /// Whether it is on its way to being active.
        passing: bool,
    },
}

/// Finds the workspace and makes sure that it can be spoken to: one call where an id is known, else two.
///
/// One that is being made or changed is waited for as long as `wait` says.
pub async fn find(aws: &Aws, named: &Named, wait: Option<Duration>) -> Result<Workspace, FindError> {
    let id = by_name(aws, named).await?;
    let begun = Instant::now();
    let mut pause = Duration::from_millis(500);
    loop {
        let workspace = aws.workspace(&id).await?;
        if workspace.status == "ACTIVE" {
            return Ok(workspace);
        }
        let passing = is_passing(&workspace.status);
        let rest = wait.unwrap_or_default().saturating_sub(begun.elapsed());
        if passing && !rest.is_zero() {
            // Five calls a second are all that an account has for this.
            tokio::time::sleep(pause.min(rest)).await;
            pause = (2 * pause).min(Duration::from_secs(10));
            continue;
        }
        return Err(FindError::NotActive {
            name: if workspace.name.is_empty() { workspace.id.clone() } else { workspace.name },
            id: workspace.id,
            status: workspace.status,
            reason: workspace.degraded_reason,
            passing,
        });
    }
}

/// The id of the workspace that is meant, whatever its status.
pub async fn by_name(aws: &Aws, named: &Named) -> Result<String, FindError> {
    match named {
        Named::Id(id, _) => Ok(id.clone()),
        Named::Loopback(_) | Named::Name(_) | Named::Any => choose(named, aws.region(), aws.workspaces().await?),
    }
}

/// Whether a status passes by itself (fact: `workspace-states`).
fn is_passing(status: &str) -> bool {
    matches!(status, "CREATING" | "UPDATING" | "UPGRADING" | "VERSION_UPDATING")
}

/// The id of the one that is meant.
fn choose(named: &Named, region: &str, all: Vec<Summary>) -> Result<String, FindError> {
    let there = all.len();
    let (mut meant, what): (Vec<Summary>, String) = match named {
        Named::Name(name) => {
            (all.iter().filter(|w| w.name == *name).cloned().collect(), format!("the name `{name}`"))
        }
        Named::Loopback(host) => {
            (all.iter().filter(|w| w.endpoint == *host).cloned().collect(), format!("the address `{host}`"))
        }
        Named::Id(..) | Named::Any => {
            (all.iter().filter(|w| w.status == "ACTIVE").cloned().collect(), "the status ACTIVE".into())
        }
    };
    match meant.len() {
        1 => Ok(meant.remove(0).id),
        0 if there == 0 => Err(FindError::None(format!("region {region} has no workspace"), all)),
        0 => Err(FindError::None(format!("no workspace of region {region} has {what}"), all)),
        n => Err(FindError::Several(format!("{n} workspaces of region {region} have {what}"), meant)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(region: Option<&str>) -> Named {
        Named::Id("g-0123456789".into(), region.map(str::to_owned))
    }

    #[test]
    fn a_workspace_is_named_in_many_ways() {
        let read = |text: &str| Named::read(Some(text));
        assert_eq!(read("g-0123456789"), id(None));
        assert_eq!(read("arn:aws:grafana:eu-west-1:111122223333:/workspaces/g-0123456789"), id(Some("eu-west-1")));
        for prefix in ["", "https://"] {
            for suffix in ["", "/", "/d/abc"] {
                let host = "g-0123456789.grafana-workspace.us-east-2.amazonaws.com";
                assert_eq!(read(&format!("{prefix}{host}{suffix}")), id(Some("us-east-2")));
            }
        }
        assert_eq!(read("http://127.0.0.1:3000/"), Named::Loopback("127.0.0.1:3000".into()));
        assert_eq!(read("observability"), Named::Name("observability".into()));
        assert_eq!(read("g-012345678z"), Named::Name("g-012345678z".into()), "no id: a name may look so");
        assert_eq!(Named::read(None), Named::Any);
        assert_eq!(Named::read(Some(" ")), Named::Any);
    }

    fn summary(id: &str, name: &str, status: &str) -> Summary {
        Summary {
            id: id.into(),
            name: name.into(),
            endpoint: format!("{id}.grafana-workspace.eu-west-1.amazonaws.com"),
            status: status.into(),
            grafana_version: "12.4".into(),
        }
    }

    #[test]
    fn the_only_one_is_taken_and_several_are_listed() {
        let all = [summary("a", "prod", "ACTIVE"), summary("b", "dev", "UPDATING"), summary("c", "prod", "FAILED")];
        let chosen = |named: &Named, n: usize| match choose(named, "eu-west-1", all[..n].to_vec()) {
            Ok(id) => id,
            Err(error) => error.to_string(),
        };
        let name = |text: &str| Named::Name(text.into());
        assert_eq!(chosen(&Named::Any, 3), "a");
        assert_eq!(chosen(&name("dev"), 3), "b");
        assert_eq!(chosen(&name("prod"), 2), "a");
        assert_eq!(chosen(&name("prod"), 3), "2 workspaces of region eu-west-1 have the name `prod`");
        assert_eq!(chosen(&name("test"), 3), "no workspace of region eu-west-1 has the name `test`");
        assert_eq!(chosen(&Named::Any, 0), "region eu-west-1 has no workspace");
    }
}
